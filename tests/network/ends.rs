//! How a run ends whose receiver takes nothing, so that its input is not even read
//! to the end.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::away::QUICK;
use crate::bounds::figures;
use crate::support::{Receiver, free_port};
use crate::trials::launch::Outcome;
use crate::trials::{Lh, Running, able, folder, records, records::told, wait_for};

/// What `lh` is told before the rest.
fn nobody(drain: &str) -> String {
    format!(
        "socket --stats 127.0.0.1:{} {QUICK} --capacity 100 --drain-timeout {drain}",
        free_port()
    )
}

/// Waits for the end, which is soon, and looks that each record is accounted for.
#[track_caller]
fn ends(running: Running, count: u64, code: i32) -> Outcome {
    let outcome = running.end_within(Duration::from_secs(5)).expect(code);
    let [received, delivered, dropped, spooled] = figures(&outcome.stderr);
    assert_eq!(
        (received, delivered + dropped + spooled),
        (count, count),
        "{}",
        outcome.stderr
    );
    let lost = told(&outcome.stderr, "records were not delivered");
    assert_eq!(lost, dropped, "{}", outcome.stderr);
    outcome
}

#[test]
fn the_end_comes_though_the_writer_is_gone_and_the_queue_is_full() {
    let mut running = Lh::new(&nobody("300ms")).spawn();
    running.pour(records(1..=2000));
    ends(running, 2000, 1);
}

#[test]
fn the_end_comes_though_a_file_is_not_read_to_its_end() {
    let folder = folder();
    let input = folder.path().join("in");
    std::fs::write(&input, records(1..=2000)).unwrap();
    let spool = folder.path().join("spool");
    let given = nobody("300ms").replace("--capacity 100", "--spool-max 16K");
    let script = format!("exec \"$0\" \"$@\" <{}", input.display());
    let lh = Lh::new(&given).arg("--spool").arg(&spool);
    let running = lh.under(["sh", "-c", &script]).spawn();
    let outcome = ends(running, 2000, 1);
    let [.., spooled] = figures(&outcome.stderr);
    assert!(spooled > 0, "{}", outcome.stderr);
}

#[test]
fn the_end_comes_when_the_command_has_ended() {
    for (script, count) in [
        ("seq 2000; seq 500 >&2", 2500),
        // Something else holds its output open.
        ("seq 2000; sleep 3 &", 2000),
    ] {
        let given = nobody("300ms");
        let lh = Lh::new(&format!("--grace 100ms {given} -- sh -c")).arg(script);
        ends(lh.spawn(), count, 1);
    }
}

#[test]
fn a_message_does_not_wait_for_room_for_ever() {
    let folder = folder();
    let spool = folder.path().join("spool");
    let given = nobody("300ms").replace("--capacity 100", "--spool-max 16K");
    let lh = || Lh::new(&format!("-m {} {given}", "x".repeat(20_000)));
    let lh = || lh().arg("--spool").arg(&spool);
    ends(lh().spawn(), 1, 0);
    let outcome = lh().spawn().end_within(Duration::from_secs(5)).expect(1);
    assert_eq!(figures(&outcome.stderr), [1, 0, 1, 1], "{}", outcome.stderr);
}

#[test]
fn a_writer_that_is_there_is_held_up_as_long_as_it_takes() {
    if !able(&["python3"]) {
        return;
    }
    let folder = folder();
    let given = nobody("100ms");
    let port = given.split([':', ' ']).nth(3).unwrap().to_owned();
    let mut running = Lh::new(&format!("{given} --wire lines")).spawn();
    assert!(running.write(&records(1..=2000)));
    let ended = wait_for(Duration::from_secs(1), || running.has_ended());
    assert!(!ended, "{}", running.stderr());
    let receiver = Receiver::start(folder.path(), &format!("tcp lines --port {port}"));
    receiver.wait(2000);
    running.end_within(Duration::from_secs(5)).expect(0);
    receiver.report(1..=2000).assert_perfect("held up");
}

/// One is enough: the writer that it might be meant for is gone.
#[test]
fn an_interrupt_behind_the_end_of_the_writer_ends_the_run() {
    for command in ["", " -- seq 2000"] {
        let mut running = Lh::new(&format!("{}{command}", nobody("60s"))).spawn();
        if command.is_empty() {
            running.pour(records(1..=2000));
        }
        running.expect_stderr("127.0.0.1");
        let children = format!("/proc/{0}/task/{0}/children", running.pid());
        let gone = wait_for(Duration::from_secs(5), || {
            std::fs::read_to_string(&children).is_ok_and(|pids| pids.is_empty())
        });
        assert!(gone, "{}", running.stderr());
        // Longer than a key's interrupt may be apart from the end that it makes.
        let ended = wait_for(Duration::from_secs(1), || running.has_ended());
        assert!(!ended, "{}", running.stderr());
        running.signal(Signal::SIGINT);
        let begun = Instant::now();
        running.end_within(Duration::from_secs(5)).expect(1);
        assert!(begun.elapsed() < Duration::from_secs(4), "{command}");
    }
}
