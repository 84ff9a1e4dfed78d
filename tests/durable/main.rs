//! The wire lh between two of us: what is acknowledged is safe, and comes once.
//!
//! A program of its own, which no other runs beside: how often a kill meets a moment
//! is a matter of what else the machine does.

#[path = "../receiving/listener.rs"]
#[allow(dead_code, reason = "it serves other tests as well")]
mod listener;
#[path = "../cli/support.rs"]
#[allow(dead_code, reason = "it serves other tests as well")]
mod support;

use nix::sys::signal::Signal;

use listener::{Listener, listen};
use support::{Folder, until};

fn lines(numbers: std::ops::Range<usize>) -> String {
    numbers.map(|number| format!("line {number}\n")).collect()
}

fn text(folder: &Folder, file: &str) -> String {
    match folder.has(file) {
        true => folder.text(file),
        false => String::new(),
    }
}

fn numbers_in(text: &str) -> Vec<usize> {
    let number = |line: &str| {
        line.strip_prefix("line ")
            .and_then(|rest| rest.parse().ok())
    };
    let numbers = text
        .lines()
        .map(|line| number(line).unwrap_or_else(|| panic!("{line:?}")));
    numbers.collect()
}

/// The numbers in a file, as they stand there.
fn numbers(folder: &Folder, file: &str) -> Vec<usize> {
    numbers_in(&text(folder, file))
}

/// The same of a file that is being written: who reads may see a part of a write.
fn numbers_so_far(folder: &Folder, file: &str) -> Vec<usize> {
    let text = text(folder, file);
    numbers_in(&text[..text.rfind('\n').map_or(0, |end| end + 1)])
}

/// A port that others will hardly be given meanwhile.
fn port() -> String {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    socket.local_addr().expect("an address").to_string()
}

const CHAIN: &str = "file -f {message} out";

/// Here it is safe, and so acknowledged, only after a sync.
const SYNCED: &str = "file -f {message} --fsync batch out";

fn start<'f>(folder: &'f Folder, address: &str, state: bool) -> Listener<'f> {
    start_with(folder, address, state, CHAIN)
}

fn start_with<'f>(folder: &'f Folder, address: &str, state: bool, chain: &str) -> Listener<'f> {
    let state = if state { " --state state" } else { "" };
    listen(
        folder,
        &format!("listen --tcp {address} --wire lh{state}"),
        chain,
    )
}

/// Kills a receiver in the midst of its work, again and again. Gives how many
/// records came twice.
#[track_caller]
fn doubled_by_kills(chain: &str) -> usize {
    let (folder, address) = (Folder::new(), port());
    let mut listener = start_with(&folder, &address, true, chain);
    let sender = format!("-q socket --wire lh --spool spool --retry-start 1ms {address}");
    let mut sender = folder.lh(&sender).start();
    let (rounds, each) = (12, 3_000);
    for round in 0..rounds {
        // In the midst of it.
        sender.send(lines(round * each..(round + 1) * each));
        let before = round * each + each / 3;
        until("some are there", || {
            folder.has("out") && folder.text("out").lines().count() > before
        });
        listener.running.signal_now(Signal::SIGKILL);
        drop(listener);
        listener = start_with(&folder, &address, true, chain);
    }
    sender.end().ok();
    listener.end().ok();
    let mut got = numbers(&folder, "out");
    let count = got.len();
    got.sort_unstable();
    got.dedup();
    let doubled = count - got.len();
    println!("{rounds} kills: {doubled} of {count} records came twice");
    assert_eq!(got, (0..rounds * each).collect::<Vec<_>>());
    doubled
}

/// What was written a moment ago and not yet noted may come twice: a batch,
/// if the moment is met.
#[test]
fn a_receiver_that_is_killed_again_and_again_has_all_once() {
    assert!(doubled_by_kills(CHAIN) <= 3_000);
}

/// What was written and not yet synced comes again.
#[test]
fn a_receiver_that_syncs_and_is_killed_again_and_again_loses_nothing() {
    assert!(doubled_by_kills(SYNCED) <= 36_000);
}

/// One that is asked to end has said how far it came, whoever keeps it.
#[test]
fn a_receiver_that_is_started_anew_again_and_again_has_all_once() {
    for state in [true, false] {
        let (folder, address) = (Folder::new(), port());
        let mut listener = start(&folder, &address, state);
        let sender = format!("-q socket --wire lh --retry-start 1ms {address}");
        let mut sender = folder.lh(&sender).start();
        let (rounds, each) = (8, 3_000);
        for round in 0..rounds {
            sender.send(lines(round * each..(round + 1) * each));
            until("some are there", || {
                numbers_so_far(&folder, "out").len() > round * each
            });
            listener.end().ok();
            listener = start(&folder, &address, state);
        }
        sender.end().ok();
        listener.end().ok();
        assert_eq!(
            numbers(&folder, "out"),
            (0..rounds * each).collect::<Vec<_>>()
        );
    }
}

#[test]
fn a_sender_that_is_killed_again_and_again_is_heard_once() {
    let (folder, address) = (Folder::new(), port());
    let listener = start(&folder, &address, false);
    let arguments = format!("-q socket --wire lh --spool spool --retry-start 1ms {address}");
    let (rounds, each) = (12, 2_000);
    for round in 0..rounds {
        let mut sender = folder.lh(&arguments).start();
        sender.send(lines(round * each..(round + 1) * each));
        // What it has read is in its spool, or has arrived.
        let last = format!("line {}\"", (round + 1) * each - 1);
        until("it has read all", || {
            numbers_so_far(&folder, "out").last() == Some(&((round + 1) * each - 1))
                || segments(&folder)
                    .windows(last.len())
                    .any(|part| part == last.as_bytes())
        });
        sender.signal_now(Signal::SIGKILL);
    }
    folder.lh(&arguments).run().ok();
    listener.end().code(0);
    assert_eq!(
        numbers(&folder, "out"),
        (0..rounds * each).collect::<Vec<_>>()
    );
}

fn segments(folder: &Folder) -> Vec<u8> {
    if !folder.has("spool") {
        return Vec::new();
    }
    let names = folder.names_in("spool").into_iter();
    names
        .filter_map(|name| std::fs::read(folder.path(format!("spool/{name}"))).ok())
        .flatten()
        .collect()
}

/// A chain that holds records in memory has not accepted them.
#[test]
fn what_waits_in_memory_is_not_acknowledged() {
    let (folder, nobody) = (Folder::new(), port());
    let chain = format!("socket --retry-start 1h --drain-timeout 100ms {nobody}");
    let listener = listen(&folder, "listen --tcp 127.0.0.1:0 --wire lh", &chain);
    let address = listener.address("tcp");
    let ran = folder
        .lh(&format!(
            "socket --wire lh --drain-timeout 1s --dead-letter dead {address}"
        ))
        .with(lines(0..10));
    ran.code(1).said("10 records were not delivered");
    assert_eq!(folder.text("dead").lines().count(), 10);
    listener.end().code(1).said("10 records were not delivered");
}

#[test]
fn what_is_in_a_spool_is_acknowledged() {
    let (folder, nobody) = (Folder::new(), port());
    let chain = format!("socket --spool spool --retry-start 1h --drain-timeout 100ms {nobody}");
    let listener = listen(&folder, "listen --tcp 127.0.0.1:0 --wire lh", &chain);
    let address = listener.address("tcp");
    folder
        .lh(&format!("socket --wire lh {address}"))
        .with(lines(0..10))
        .ok();
    listener.end().code(0).said("10 records");
    let left = folder.lh("spool cat spool").run();
    assert_eq!(left.out().matches("line ").count(), 10, "{}", left.out());
}

/// Two chains: the slower one decides.
#[test]
fn all_of_the_chain_have_to_accept() {
    let (folder, nobody) = (Folder::new(), port());
    let chain = format!("{CHAIN} + socket --retry-start 1h --drain-timeout 100ms {nobody}");
    let listener = listen(&folder, "listen --tcp 127.0.0.1:0 --wire lh", &chain);
    let address = listener.address("tcp");
    let ran = folder
        .lh(&format!("socket --wire lh --drain-timeout 1s {address}"))
        .with(lines(0..10));
    ran.code(1).said("10 records were not delivered");
    assert_eq!(numbers(&folder, "out").len(), 10);
    listener.end().code(1);
}
