//! Trials 20 and 31: who has the spool is killed, or shares it with another.
//!
//! Not tested here: damage to its files and power cuts.

use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::away::QUICK;
use crate::support::{Certificates, Receiver, free_port, until};
use crate::trials::{Lh, Random, able, folder, records, rounds};

/// The bytes of the files in a folder.
fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.metadata().map_or(0, |meta| meta.len()))
        .sum()
}

#[test]
fn a_second_one_is_refused_and_the_first_goes_on() {
    if !able(&["python3"]) {
        return;
    }
    let folder = folder();
    let spool = folder.path().join("spool");
    let receiver = Receiver::start(folder.path(), "tcp lines");
    let given = format!("socket {} --wire lines {QUICK} --spool", receiver.address());
    let mut first = Lh::new(&given).arg(&spool).spawn();
    first.write(&records(1..=100));
    receiver.wait(100);
    let mut second = Lh::new(&given).arg(&spool).spawn();
    second.pour(records(500..=600));
    let outcome = second.end_within(Duration::from_secs(5)).expect(1);
    let stderr = &outcome.stderr;
    assert!(stderr.contains(&spool.display().to_string()), "{stderr}");
    assert!(
        stderr.contains(&first.pid().to_string()),
        "no process: {stderr}"
    );
    first.write(&records(101..=200));
    first.end().expect(0);
    receiver.wait(200);
    receiver.report(1..=200).assert_perfect("two on one spool");
}

#[test]
fn what_a_killed_one_had_taken_is_delivered_by_the_next() {
    if !able(&["python3"]) {
        return;
    }
    for wire in ["lines", "lh"] {
        let folder = folder();
        let spool = folder.path().join("spool");
        let port = free_port();
        let given = format!("socket 127.0.0.1:{port} --wire {wire} {QUICK} --spool");
        for from in [1, 101, 201] {
            let before = size(&spool);
            let mut running = Lh::new(&given).arg(&spool).spawn();
            let batch = records(from..=from + 99);
            running.write(&batch);
            until(
                "it is in the spool",
                || size(&spool) >= before + batch.len() as u64,
                || running.stderr(),
            );
            running.signal(Signal::SIGKILL);
            assert_eq!(running.end().code(), 137);
        }
        let receiver = Receiver::start(folder.path(), &format!("tcp {wire} --port {port}"));
        Lh::new(&given).arg(&spool).feed("").expect(0);
        let received = receiver.wait(300);
        let lines = received.iter().map(|got| {
            let text = crate::support::text(got, "data");
            let object = serde_json::from_str::<serde_json::Value>(text);
            object.map_or(text.to_owned(), |object| {
                crate::support::text(&object, "message").to_owned()
            })
        });
        crate::support::report(lines, 1..=300).assert_perfect(wire);
    }
}

/// Killed anywhere, with a receiver that takes what comes: nothing that is in
/// the spool is lost, and the wire lh is heard once.
#[test]
fn killed_at_random_it_is_heard_once() {
    if !able(&["python3"]) {
        return;
    }
    let folder = folder();
    let spool = folder.path().join("spool");
    let receiver = Receiver::start(folder.path(), "tcp lh");
    let given = format!("socket {} --wire lh {QUICK} --spool", receiver.address());
    let mut random = Random::new(31);
    let count = rounds(8, 200);
    let mut last = 0;
    for _ in 0..count {
        let mut running = Lh::new(&given).arg(&spool).spawn();
        // It is known what was taken only of what arrived.
        running.write(&records(last + 1..=last + 50));
        let pause = Duration::from_micros(random.below(30_000));
        crate::trials::wait_for(pause, || false);
        running.signal(Signal::SIGKILL);
        running.end();
        // A run that finishes what the killed one had taken.
        let outcome = Lh::new(&given).arg(&spool).feed("").expect(0);
        let mut received = receiver.received();
        received.retain(|got| got["closed"].is_null());
        let numbers = received.iter().map(|got| {
            let object: serde_json::Value =
                serde_json::from_str(crate::support::text(got, "data")).expect("an object");
            let line = crate::support::text(&object, "message").to_owned();
            crate::trials::records::parse(line.as_bytes()).unwrap_or_else(|| panic!("torn: {line}"))
        });
        let numbers: Vec<u64> = numbers.collect();
        let highest = numbers.last().copied().unwrap_or(0);
        let wanted: Vec<u64> = (1..=highest).collect();
        assert_eq!(numbers, wanted, "{}", outcome.stderr);
        last = highest;
    }
    assert!(last > 0, "it was always killed too early");
}

#[test]
fn however_often_it_is_synced_it_is_all_there() {
    if !able(&["python3"]) {
        return;
    }
    for fsync in ["never", "batch", "close", "0.05"] {
        let folder = folder();
        let port = free_port();
        let spool = folder.path().join("spool");
        let given = format!("socket 127.0.0.1:{port} --wire lines {QUICK} --fsync {fsync} --spool");
        let short = format!("{given} {} --drain-timeout 200ms", spool.display());
        Lh::new(&short).feed(records(1..=1000)).expect(0);
        let receiver = Receiver::start(folder.path(), &format!("tcp lines --port {port}"));
        Lh::new(&given)
            .arg(&spool)
            .feed(records(1001..=1100))
            .expect(0);
        receiver.wait(1100);
        receiver.report(1..=1100).assert_perfect(fsync);
    }
}

/// As the run would have that left them, with all its options.
#[test]
fn lh_spool_retry_sends_what_was_left() {
    if !able(&["python3"]) {
        return;
    }
    let certificates = folder();
    let certificates = Certificates::new(certificates.path());
    let (cert, key) = (certificates.cert("good"), certificates.key("good"));
    let tls = format!("--tls {} {}", cert.display(), key.display());
    let ca = certificates.cert("ca").display().to_string();
    for (given, kind) in [
        ("socket ADDRESS --wire lines".to_owned(), "lines".to_owned()),
        (
            "socket ADDRESS --wire pickle".to_owned(),
            "pickle".to_owned(),
        ),
        (
            format!("socket ADDRESS --wire lines --tls --ca {ca}"),
            format!("lines {tls}"),
        ),
        (
            "syslog --address ADDRESS --transport tcp --framing octet".to_owned(),
            "octet".to_owned(),
        ),
    ] {
        let folder = folder();
        let spool = folder.path().join("spool");
        let port = free_port();
        let given = given.replace("ADDRESS", &format!("127.0.0.1:{port}"));
        Lh::new(&format!("{given} {QUICK} --drain-timeout 200ms --spool"))
            .arg(&spool)
            .feed(records(1..=200))
            .expect(0);
        let listed = Lh::new("spool ls")
            .arg(&spool)
            .read_stdout()
            .feed("")
            .expect(0);
        let listed = String::from_utf8(listed.stdout).unwrap();
        assert!(listed.contains(" 200 records"), "{given}: {listed}");
        let receiver = Receiver::start(folder.path(), &format!("tcp {kind} --port {port}"));
        Lh::new("spool retry").arg(&spool).feed("").expect(0);
        receiver.wait(200);
        crate::away::became(&receiver.received(), 200).assert_perfect(&given);
        let listed = Lh::new("spool ls")
            .arg(&spool)
            .read_stdout()
            .feed("")
            .expect(0);
        let listed = String::from_utf8(listed.stdout).unwrap();
        assert!(listed.contains(" 0 records"), "{given}: {listed}");
    }
}

/// What waits is in the form that it was to be sent in: to another receiver of
/// the same wire it can go, and nowhere else.
#[test]
fn what_was_left_for_one_wire_does_not_go_over_another() {
    if !able(&["python3"]) {
        return;
    }
    for (before, after, kind) in [
        (
            "socket ADDRESS --wire json",
            "socket ADDRESS --wire pickle",
            "pickle",
        ),
        (
            "socket ADDRESS --wire json",
            "socket ADDRESS --wire gelf",
            "gelf",
        ),
        (
            "syslog --address ADDRESS --transport tcp",
            "syslog --address ADDRESS --transport tcp --framing octet",
            "octet",
        ),
    ] {
        let folder = folder();
        let spool = folder.path().join("spool");
        let nobody = before.replace("ADDRESS", &format!("127.0.0.1:{}", free_port()));
        Lh::new(&format!("{nobody} {QUICK} --drain-timeout 200ms --spool"))
            .arg(&spool)
            .feed(records(1..=100))
            .expect(0);
        let receiver = Receiver::start(folder.path(), &format!("tcp {kind}"));
        let after = after.replace("ADDRESS", &receiver.address());
        let mut running = Lh::new(&format!("{after} {QUICK} --spool"))
            .arg(&spool)
            .spawn();
        running.pour(records(101..=200));
        let outcome = running.end_within(Duration::from_secs(15));
        let report = crate::away::became(&receiver.received(), 200);
        // It is refused, and kept; or it can be sent after all.
        if outcome.code() == 0 {
            report.assert_perfect(&format!("{after}: {}", outcome.stderr));
        } else {
            assert!(
                outcome.stderr.contains("spool"),
                "{after}: {}",
                outcome.stderr
            );
            assert!(receiver.received().is_empty(), "{after}: {report}");
            let listed = Lh::new("spool ls")
                .arg(&spool)
                .read_stdout()
                .feed("")
                .expect(0);
            let listed = String::from_utf8(listed.stdout).unwrap();
            assert!(listed.contains(" 100 records"), "{after}: {listed}");
        }
    }
}

/// What stays is told by the name that the spool has by then.
#[test]
fn one_that_is_moved_or_deleted_is_no_promise() {
    for deleted in [false, true] {
        let folder = folder();
        let (spool, moved) = (folder.path().join("spool"), folder.path().join("moved"));
        let given = format!(
            "socket 127.0.0.1:{} --drain-timeout 100ms --spool",
            free_port()
        );
        let mut running = Lh::new(&given).arg(&spool).spawn();
        running.write(&records(1..=100));
        let all = records(1..=100).len() as u64;
        until(
            "they are in the spool",
            || size(&spool) >= all,
            || running.stderr(),
        );
        match deleted {
            true => std::fs::remove_dir_all(&spool).expect("deleted"),
            false => std::fs::rename(&spool, &moved).expect("moved"),
        }
        let (status, said) = match deleted {
            true => (1, "100 records were not delivered".to_owned()),
            false => (
                0,
                format!("100 records stay in the spool {}", moved.display()),
            ),
        };
        let outcome = running.end().expect(status);
        assert!(outcome.stderr.contains(&said), "{}", outcome.stderr);
    }
}
