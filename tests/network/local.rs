//! Trials 11 and 12: the local syslog socket is missing, its daemon restarts,
//! or does not read.

use std::time::{Duration, Instant};

use crate::away::QUICK;
use crate::support::{Rsyslog, until};
use crate::trials::{Lh, able, folder, records, records::told};

/// Nothing is lost. What the daemon read right before it ended, before anybody
/// had looked, may be there twice.
#[track_caller]
fn assert_arrived(rsyslog: &Rsyslog, last: u64, what: &str) {
    let mut report = rsyslog.report(1..=last);
    report.doubled.clear();
    report.disordered.clear();
    report.assert_perfect(what);
}

#[test]
fn no_socket_is_told_with_what_to_do() {
    let folder = folder();
    let missing = folder.path().join("nothing");
    let given = format!(
        "syslog --address {} {QUICK} --drain-timeout 300ms",
        missing.display()
    );
    let mut running = Lh::new(&given).spawn();
    running.pour(records(1..=10));
    let outcome = running.end_within(Duration::from_secs(5)).expect(1);
    let stderr = &outcome.stderr;
    assert!(stderr.contains(&missing.display().to_string()), "{stderr}");
    assert!(stderr.contains("--address"), "no hint: {stderr}");
    assert_eq!(told(stderr, "records were not delivered"), 10, "{stderr}");
    assert!(outcome.lines() <= 4, "{stderr}");
}

#[test]
fn with_a_spool_it_is_safe_until_there_is_one() {
    if !able(&["rsyslogd"]) {
        return;
    }
    let folder = folder();
    let mut rsyslog = Rsyslog::start(folder.path());
    rsyslog.stop();
    let spool = folder.path().join("spool");
    let given = format!("syslog --address {} {QUICK}", rsyslog.socket().display());
    Lh::new(&format!("{given} --drain-timeout 200ms --spool"))
        .arg(&spool)
        .feed(records(1..=100))
        .expect(0);
    rsyslog.begin();
    Lh::new(&format!("{given} --spool"))
        .arg(&spool)
        .feed("")
        .expect(0);
    rsyslog.wait(100);
    rsyslog.report(1..=100).assert_perfect("from the spool");
}

#[test]
fn a_daemon_that_restarts_gets_the_next_record() {
    if !able(&["rsyslogd"]) {
        return;
    }
    let folder = folder();
    let mut rsyslog = Rsyslog::start(folder.path());
    let given = format!("syslog --address {} {QUICK}", rsyslog.socket().display());
    let mut running = Lh::new(&given).spawn();
    for (from, kill) in [(1, false), (101, true), (201, false)] {
        running.write(&records(from..=from + 99));
        rsyslog.wait(from as usize + 99);
        match kill {
            true => rsyslog.kill(),
            false => rsyslog.stop(),
        }
        rsyslog.begin();
    }
    running.write(&records(301..=400));
    running.end_within(Duration::from_secs(10)).expect(0);
    rsyslog.wait(400);
    assert_arrived(&rsyslog, 400, "restarts");
}

#[test]
fn a_daemon_that_is_down_for_a_while_is_waited_for() {
    if !able(&["rsyslogd"]) {
        return;
    }
    let folder = folder();
    let mut rsyslog = Rsyslog::start(folder.path());
    let given = format!("syslog --address {} {QUICK}", rsyslog.socket().display());
    let mut running = Lh::new(&given).spawn();
    running.write(&records(1..=50));
    rsyslog.wait(50);
    rsyslog.stop();
    running.write(&records(51..=150));
    running.expect_stderr("nothing is lost");
    rsyslog.begin();
    running.end_within(Duration::from_secs(10)).expect(0);
    rsyslog.wait(150);
    assert_arrived(&rsyslog, 150, "down for a while");
}

/// What it had not read went with it.
#[test]
fn a_daemon_that_is_killed_with_unread_messages_gets_them_again() {
    if !able(&["rsyslogd"]) {
        return;
    }
    let folder = folder();
    let mut rsyslog = Rsyslog::start(folder.path());
    let given = format!("syslog --address {} {QUICK}", rsyslog.socket().display());
    let mut running = Lh::new(&given).spawn();
    running.write(&records(1..=10));
    rsyslog.wait(10);
    rsyslog.freeze();
    running.write(&records(11..=40));
    // Some of them are in its queue by then.
    crate::trials::wait_for(Duration::from_millis(300), || false);
    rsyslog.kill();
    rsyslog.begin();
    until(
        "it was sent again",
        || rsyslog.report(1..=40).lost.is_empty(),
        || format!("{}; {}", rsyslog.report(1..=40), running.stderr()),
    );
    let outcome = running.end_within(Duration::from_secs(10)).expect(0);
    assert_arrived(&rsyslog, 40, &outcome.stderr);
}

/// Its queue takes ten datagrams while it does not read.
#[test]
fn a_daemon_that_stands_still_delays_and_costs_nothing() {
    if !able(&["rsyslogd"]) {
        return;
    }
    let folder = folder();
    let rsyslog = Rsyslog::start(folder.path());
    let given = format!("syslog --address {} {QUICK}", rsyslog.socket().display());
    let mut running = Lh::new(&given).spawn();
    running.write(&records(1..=10));
    rsyslog.wait(10);
    rsyslog.freeze();
    let begun = Instant::now();
    running.write(&records(11..=500));
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    rsyslog.thaw();
    running.end_within(Duration::from_secs(10)).expect(0);
    rsyslog.wait(500);
    rsyslog.report(1..=500).assert_perfect("thawed");
}

#[test]
fn a_daemon_that_never_reads_is_not_waited_for_for_ever() {
    if !able(&["rsyslogd"]) {
        return;
    }
    let folder = folder();
    let rsyslog = Rsyslog::start(folder.path());
    rsyslog.freeze();
    let given = format!(
        "syslog --address {} {QUICK} --drain-timeout 300ms",
        rsyslog.socket().display()
    );
    let mut running = Lh::new(&given).spawn();
    running.pour(records(1..=500));
    let outcome = running.end_within(Duration::from_secs(5)).expect(1);
    let lost = told(&outcome.stderr, "records were not delivered");
    rsyslog.thaw();
    rsyslog.wait(500 - lost as usize);
    let report = rsyslog.report(1..=500);
    report.assert_sound("never read");
    // Those in its queue may have been counted, for nobody had read them.
    assert!(report.found.len() as u64 + lost >= 500, "{lost}: {report}");
    assert!(lost >= 400, "{lost}: {report}");
}
