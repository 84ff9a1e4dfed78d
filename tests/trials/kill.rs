//! Trials 20 and 21: kill -9 at random, at each system call of a rollover, and while
//! a `--rotator` runs.
//!
//! Not tested here: the power going off (`power_cut`), half written records
//! (`short_writes`).

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::support::records::NOTHING;
use crate::support::strace::inject;
use crate::support::{Lh, Random, Report, able, folder, names, records, rounds, wait_for};

/// After a restart nothing that was there is gone, doubled or out of place.
fn assert_recovered(
    folder: &Path,
    before: &Report,
    more: std::ops::RangeInclusive<u64>,
    what: &str,
) {
    let mut report = Report::of(folder, more);
    for number in before.found.keys() {
        assert!(
            report.found.contains_key(number),
            "{what}: lost {number}\n{before}\n{report}"
        );
    }
    // A line that was begun is ended by the next process, and told.
    assert!(report.torn.len() <= 1, "{what}: {report}");
    report.torn.clear();
    report.assert_perfect(what);
    if report.files.contains_key("app.log.1") || report.files.contains_key("app.log.1.gz") {
        report.assert_chain(what);
    }
    let left = names(folder);
    assert!(
        !left.iter().any(|name| name.ends_with(".tmp")),
        "{what}: {left:?}"
    );
    // Nothing is left beside the log.
    assert_eq!(left.len(), report.files.len(), "{what}: {left:?}");
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let handlers = [
        "file",
        "rotate --max-bytes 3K --backups 100000",
        "rotate --max-bytes 20K --backups 100000 --compress gzip",
        "timed --when S --max-bytes 30K",
        "rotate --max-bytes 3K --backups 100000 --fsync batch",
    ];
    // In one folder five kills of each, and then anew.
    let count = 25;
    for (index, handler) in (0..rounds(1, 40)).flat_map(|_| handlers).enumerate() {
        let folder = folder();
        let mut acknowledged = BTreeSet::new();
        let mut random = Random::new(index as u64 + 20);
        let mut next = 1;
        let mut torn = 0;
        for round in 0..count / handlers.len() as u64 {
            let first = next;
            next += 100_000;
            // Each batch goes to the handlers one after the other.
            let mut running = Lh::new(handler)
                .arg(folder.path().join("app.log"))
                .arg("+")
                .arg("stream")
                .read_stdout()
                .spawn();
            running.pour_by(move |stdin| {
                let mut at = first;
                while at < first + 90_000 && stdin.write_all(&records(at..=at + 9)).is_ok() {
                    at += 10;
                    if at % 50 == 1 {
                        std::thread::sleep(Duration::from_micros(200));
                    }
                }
            });
            wait_for(Duration::from_secs(5), || !running.stdout().is_empty());
            std::thread::sleep(Duration::from_micros(500 + random.below(60_000)));
            running.signal(Signal::SIGKILL);
            let outcome = running.end();
            assert_eq!(outcome.code(), 137, "{}", outcome.stderr);
            // What the second handler has, the first had written.
            let copy = Report::of_bytes(&outcome.stdout, NOTHING);
            acknowledged.append(&mut copy.found.keys().copied().collect());
            let report = Report::of(folder.path(), NOTHING);
            torn += report
                .torn
                .iter()
                .filter(|torn| torn.contains(" ends in "))
                .count();
            let lost = acknowledged
                .iter()
                .find(|number| !report.found.contains_key(number));
            assert_eq!(lost, None, "{handler}, round {round}: {report}");
        }
        // One more run puts everything in order.
        Lh::new(handler)
            .arg(folder.path().join("app.log"))
            .feed(records(next..=next + 9))
            .expect(0);
        let report = Report::of(folder.path(), next..=next + 9);
        let what = format!(
            "{handler}: {} acknowledged, {torn} torn tails",
            acknowledged.len()
        );
        let lost = acknowledged
            .iter()
            .find(|number| !report.found.contains_key(number));
        assert_eq!(lost, None, "{what}: {report}");
        assert!(report.torn.len() as u64 <= count, "{what}: {report}");
        let mut report = report;
        report.torn.clear();
        report.assert_perfect(&what);
        if handler.starts_with("rotate") {
            report.assert_chain(&what);
        }
        println!("{what}");
    }
}

#[test]
fn a_rollover_killed_at_any_call_is_finished_by_the_next_start() {
    if !able(&["strace"]) {
        return;
    }
    let mut points = 0;
    // Two rollovers, on top of two backups that are there before.
    let most = rounds(12, 60);
    for (arguments, calls) in [
        (
            "rotate --max-bytes 500 --backups 30 --compress gzip --fsync batch",
            &["renameat2", "unlink", "write", "fsync", "openat", "close"][..],
        ),
        (
            "rotate --max-bytes 500 --backups 30",
            &["renameat2", "openat", "write", "close"],
        ),
        (
            "timed --when H --max-bytes 500 --compress zstd",
            &["renameat2", "fsetxattr", "unlink", "fchmod"],
        ),
        (
            "timed --when H --max-bytes 500 --backups 2",
            &["renameat2", "fsetxattr", "unlink"],
        ),
    ] {
        for call in calls {
            for at in 1..=most {
                // Those of the start, which are many, are no part of it.
                let folder = folder();
                let logs = folder.path().join("logs");
                std::fs::create_dir(&logs).unwrap();
                let file = logs.join("app.log");
                let lh = || Lh::new(arguments).arg(&file);
                lh().feed(records(1..=25)).expect(0);
                let paths: Vec<_> = match *call {
                    "openat" | "write" | "close" => {
                        let temporary = ["app.log.1", "app.log.2", "app.log.1.gz"];
                        let paths = temporary.map(|name| logs.join(name));
                        [file.clone(), logs.clone()]
                            .into_iter()
                            .chain(paths)
                            .collect()
                    }
                    _ => Vec::new(),
                };
                let paths: Vec<&Path> = paths.iter().map(AsRef::as_ref).collect();
                let trace = folder.path().join("trace");
                let kill = format!("{call}:signal=KILL:when={at}");
                let killed = lh()
                    .under(inject(&trace, &paths, &[&kill]))
                    .feed(records(101..=125));
                if killed.code() == 0 {
                    break;
                }
                points += 1;
                let what = format!("{arguments}, killed at {call} {at}");
                assert_eq!(killed.code(), 137, "{what}: {}", killed.stderr);
                let before = Report::of(&logs, 1..=25);
                if arguments.contains("--backups 2") {
                    // The oldest are gone as they should be, never others.
                    let outcome = lh().feed(records(201..=225)).expect(0);
                    let after = Report::of(&logs, 225..=225);
                    let what = format!("{what}: {}", outcome.stderr);
                    after.assert_perfect(&what);
                    assert_eq!(after.backups(), 2, "{what}: {after}");
                    let first = after.found.keys().next().copied().unwrap();
                    let wanted: BTreeSet<u64> = before
                        .found
                        .range(first..)
                        .map(|(number, _)| *number)
                        .chain(first.max(201)..=225)
                        .collect();
                    assert!(
                        wanted.iter().eq(after.found.keys()),
                        "{what}: {before}\n{after}"
                    );
                    continue;
                }
                assert!(before.lost.is_empty(), "{what}: {before}");
                // Without a record, so without a rollover that heals by itself.
                lh().feed("").expect(0);
                let what = format!("{what}, at the next start");
                assert_recovered(&logs, &before, NOTHING, &what);
                let before = Report::of(&logs, 1..=25);
                let outcome = lh().feed(records(201..=225)).expect(0);
                assert_recovered(
                    &logs,
                    &before,
                    201..=225,
                    &format!("{what}: {}", outcome.stderr),
                );
            }
        }
    }
    println!("{points} points");
    assert!(points >= 20, "only {points} points");
}

/// It goes on by itself, and would take away or empty what the next one writes.
#[test]
fn a_rotator_that_outlives_a_killed_process_is_waited_for() {
    for last in [
        ": >\"$LH_SOURCE\"",
        "mv \"$LH_SOURCE\" \"$LH_DEST\"",
        // It is not waited for what that leaves running.
        "mv \"$LH_SOURCE\" \"$LH_DEST\"; while [ -e \"$ASIDE/run\" ]; do sleep 0.01; done 2>/dev/null &",
    ] {
        let (folder, aside) = (folder(), self::folder());
        let at = |name: &str| aside.path().join(name);
        for name in ["hold", "run"] {
            std::fs::write(at(name), "").unwrap();
        }
        let file = folder.path().join("app.log");
        let rotator = format!(
            "cp \"$LH_SOURCE\" \"$LH_DEST\"; readlink /proc/$$/fd/* >\"$ASIDE/open\"; \
             while [ -e \"$ASIDE/hold\" ]; do sleep 0.01; done; {last}"
        );
        let lh = || {
            Lh::new("rotate --max-bytes 500 --backups 9 --rotator")
                .arg(&rotator)
                .arg(&file)
                .env("ASIDE", aside.path())
        };
        let limit = Duration::from_secs(15);
        let mut killed = lh().spawn();
        killed.write(&records(1..=3));
        let written = || std::fs::read(&file).is_ok_and(|bytes| bytes == records(1..=3));
        assert!(wait_for(limit, written), "{last}");
        killed.signal(Signal::SIGALRM);
        let runs = || std::fs::read_to_string(at("open")).is_ok_and(|text| text.ends_with('\n'));
        assert!(wait_for(limit, runs), "{last}");
        killed.signal(Signal::SIGKILL);

        let mut next = lh().spawn();
        next.pour(records(4..=40));
        let waits = || next.stderr().contains("cannot lock: another process");
        assert!(wait_for(limit, waits), "{last}: it does not wait");
        std::fs::remove_file(at("hold")).unwrap();
        next.end().expect(0);
        std::fs::remove_file(at("run")).unwrap();
        killed.end().expect(137);
        let report = Report::of(folder.path(), 1..=40);
        report.assert_perfect(last);
        report.assert_chain(last);
        assert!(report.backups() > 2, "{last}: {report}");
        let open = std::fs::read_to_string(at("open")).unwrap();
        assert!(!open.contains("app.log"), "{last}: {open}");
    }
}
