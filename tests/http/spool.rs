//! What an earlier run has left in its spool.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::port::free_address;
use crate::server::{Answer, Server, lines, status};
use crate::support::{Folder, until};

/// Leaves records in the spool `sp` for a server that is not there yet; gives its
/// address.
fn left(folder: &Folder, count: usize, options: &str) -> String {
    let address = free_address().to_string();
    let words = format!("http --body json --spool sp {options} http://{address}/x?token=s3cret");
    let ran = folder.lh(&words).with(lines(0..count));
    ran.code(0)
        .said(&format!("{count} records stay in the spool sp"));
    address
}

/// However long it takes, and however little time the run had that left them.
#[test]
fn retry_goes_on_as_long_as_it_gets_on() {
    let folder = Folder::new();
    let address = left(&folder, 60, "--drain-timeout 100ms --retry-start 10ms");
    let slow = Server::at(&address, |_, _| {
        std::thread::sleep(Duration::from_millis(20));
        status(200)
    });
    folder.lh("spool retry sp").run().ok();
    assert_eq!(slow.seen().len(), 60);
}

#[test]
fn a_signal_ends_a_retry() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let folder = Folder::new();
        let address = left(&folder, 3, "--drain-timeout 100ms --retry-start 10ms");
        let silent = Server::at(&address, |_, _| Answer::Stall);
        let mut lh = folder.lh("spool retry sp").start();
        until("it has sent something", || !silent.seen().is_empty());
        let begun = Instant::now();
        lh.signal_now(signal);
        lh.wait_exit().code(1).said("3 records stay in the spool");
        assert!(begun.elapsed() < Duration::from_secs(5), "{signal}");
    }
}

/// Leaves a record of a handler that runs in a directory which is gone then.
fn left_from_elsewhere(folder: &Folder, handler: &str) {
    folder.mkdir("gone");
    let script = format!("cd gone && exec \"$LH\" {handler}");
    let ran = folder.sh(&script).with("one\n").code(0);
    ran.said("1 records stay in the spool ../sp");
    std::fs::remove_dir(folder.path("gone")).expect("it is empty");
}

#[test]
fn retry_needs_the_directory_only_where_names_hold_in_it() {
    let folder = Folder::new();
    let address = free_address().to_string();
    let http = format!("http --body json --drain-timeout 100ms --spool ../sp http://{address}");
    left_from_elsewhere(&folder, &http);
    let server = Server::at(&address, |_, _| status(200));
    let ran = folder.lh("spool retry sp").run().code(0);
    ran.said("No such file or directory; they are sent from here");
    assert_eq!(server.seen().len(), 1);

    // A relative name would be another file here.
    folder.symlink("/dev/full", "full");
    let file = "queue --drain-timeout 100ms --spool ../sp file ../full";
    left_from_elsewhere(&folder, file);
    let ran = folder.lh("spool retry sp").run().code(1);
    ran.said("run it where ../full is to be");
}

#[test]
fn ls_shows_no_secrets() {
    let folder = Folder::new();
    let options = "--drain-timeout 100ms --insecure-auth --header X-Api-Key:s3cr3t";
    let address = left(&folder, 1, options);
    let ran = folder.lh("spool ls sp").run().ok();
    let said = ran.out();
    let want = format!("--header 'X-Api-Key: ***' 'http://{address}/x?***'\n");
    assert!(said.ends_with(&want) && !said.contains("s3cr"), "{said}");
}
