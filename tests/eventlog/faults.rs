//! Trial 12 and what belongs to it: journald is down, is started again, is
//! killed, stands still; and a spool in front of it.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::support::{Journald, QUICK, Receiver, able_journald, until};
use crate::trials::{Lh, folder, records, records::told};

#[test]
fn a_journald_that_restarts_gets_the_next_record() {
    if !able_journald() {
        return;
    }
    let folder = folder();
    let mut journald = Journald::start(folder.path());
    let mut running = journald.lh(&format!("eventlog -t records {QUICK}")).spawn();
    for (from, kill) in [(1, false), (101, true), (201, false)] {
        running.write(&records(from..=from + 99));
        journald.arrived(from + 99);
        match kill {
            true => journald.kill(),
            false => journald.stop(),
        }
        journald.begin();
    }
    running.write(&records(301..=400));
    running.end().expect(0);
    // What it read right before it ended may be there twice.
    let mut report = journald.arrived(400);
    report.doubled.clear();
    report.disordered.clear();
    report.assert_perfect("restarts");
}

#[test]
fn what_was_not_read_is_sent_again() {
    if !able_journald() {
        return;
    }
    let folder = folder();
    let mut journald = Journald::start(folder.path());
    let mut running = journald.lh(&format!("eventlog -t records {QUICK}")).spawn();
    running.write(&records(1..=10));
    journald.arrived(10);
    journald.signal(Signal::SIGSTOP);
    running.write(&records(11..=40));
    // Some of them are in its queue by then.
    crate::trials::wait_for(Duration::from_millis(300), || false);
    journald.kill();
    journald.begin();
    let mut report = journald.arrived(40);
    running.end().expect(0);
    report.doubled.clear();
    report.disordered.clear();
    report.assert_perfect("killed with unread entries");
}

#[test]
fn one_that_stands_still_delays_and_costs_nothing() {
    if !able_journald() {
        return;
    }
    let folder = folder();
    let journald = Journald::start(folder.path());
    let mut running = journald.lh(&format!("eventlog -t records {QUICK}")).spawn();
    running.write(&records(1..=10));
    journald.arrived(10);
    journald.signal(Signal::SIGSTOP);
    let begun = Instant::now();
    running.write(&records(11..=500));
    let took = begun.elapsed();
    journald.signal(Signal::SIGCONT);
    assert!(took < Duration::from_secs(2), "the writer waited {took:?}");
    running.end().expect(0);
    journald.arrived(500).assert_perfect("thawed");
}

/// Also for longer than --timeout: that is told, and nothing is sent twice that
/// is in its queue already.
#[test]
fn one_that_stands_still_for_long_gets_nothing_twice() {
    if !able_journald() {
        return;
    }
    let folder = folder();
    let journald = Journald::start(folder.path());
    let given = format!("eventlog -t records {QUICK} --timeout 300ms");
    let mut running = journald.lh(&given).spawn();
    running.write(&records(1..=10));
    journald.arrived(10);
    journald.signal(Signal::SIGSTOP);
    running.write(&records(11..=500));
    running.expect_stderr("the receiver takes nothing more");
    crate::trials::wait_for(Duration::from_millis(700), || false);
    journald.signal(Signal::SIGCONT);
    running.end().expect(0);
    journald.arrived(500).assert_perfect("thawed after long");
}

#[test]
fn one_that_is_down_is_waited_for() {
    if !able_journald() {
        return;
    }
    let folder = folder();
    let mut journald = Journald::down(folder.path());
    let mut running = journald.lh(&format!("eventlog -t records {QUICK}")).spawn();
    running.write(&records(1..=100));
    running.expect_stderr("nothing is lost");
    journald.begin();
    running.end().expect(0);
    journald.arrived(100).assert_perfect("down at the start");
}

#[test]
fn a_spool_keeps_them_until_there_is_one() {
    if !able_journald() {
        return;
    }
    let folder = folder();
    let mut journald = Journald::down(folder.path());
    let spool = folder.path().join("spool");
    let given = format!("eventlog -t records {QUICK} --drain-timeout 100ms --spool");
    journald
        .lh(&given)
        .arg(&spool)
        .feed(records(1..=100))
        .expect(0);
    journald.begin();
    journald.lh("spool retry").arg(&spool).feed("").expect(0);
    journald.arrived(100).assert_perfect("from the spool");
}

/// Trial 20: what is in the spool outlives a kill, the long ones, too.
#[test]
fn a_spool_outlives_a_kill() {
    let folder = folder();
    let mut receiver = Receiver::start(&folder.path().join("socket"));
    let spool = folder.path().join("spool");
    let given = format!("{} {QUICK} --spool {}", receiver.args(), spool.display());
    let long = "x".repeat(300_000);
    let mut running = Lh::new(&given).spawn();
    for round in 0..30 {
        running.write(format!("{round}\n{long}\n").as_bytes());
    }
    // All of it is accepted when the last is on the disk, and nobody reads.
    let size = || -> u64 {
        let files = std::fs::read_dir(&spool).into_iter().flatten().flatten();
        let sizes = files.filter_map(|file| Some(file.metadata().ok()?.len()));
        sizes.sum()
    };
    until(
        "it is spooled",
        || size() > 30 * 300_000,
        || size().to_string(),
    );
    running.signal(Signal::SIGKILL);
    let _ = running.end();
    receiver = receiver.restart();
    let mut running = Lh::new(&given).spawn();
    running.close_input();
    for round in 0..30 {
        assert_eq!(
            receiver.next().field("MESSAGE"),
            round.to_string().as_bytes()
        );
        assert_eq!(receiver.next().field("MESSAGE"), long.as_bytes());
    }
    running.end().expect(0);
    assert!(receiver.is_empty());
}

#[test]
fn one_that_never_reads_is_not_waited_for_for_ever() {
    let folder = folder();
    let mut receiver = Receiver::start(&folder.path().join("socket"));
    let given = format!("{} --drain-timeout 300ms", receiver.args());
    let mut running = Lh::new(&given).spawn();
    running.pour(records(1..=500));
    let outcome = running.end_within(Duration::from_secs(5)).expect(1);
    let lost = told(&outcome.stderr, "records were not delivered");
    assert_eq!(lost, 500, "{}", outcome.stderr);
    assert!(receiver.next().entry().starts_with(b"MESSAGE=rec 00000001"));
}
