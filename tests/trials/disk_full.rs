//! Trials 5, 6 and 25: a disk that is full and freed while `lh` runs, one that
//! stays full, and one that is full just at a rollover or its compression;
//! and of trial 43, a file system without inodes.
//!
//! Not tested here: quotas (`inject` has their error), and full disks under
//! the network handlers' spool.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::support::records::told;
use crate::support::{Lh, Namespace, Report, Running, able, folder, names, records, wait_for};

const NEEDS: &[&str] = &["root", "unshare"];
const COUNT: u64 = 5000;

fn full_disk(folder: &std::path::Path) -> Namespace {
    Namespace::new(
        folder,
        "mkdir D; mount -t tmpfs -o size=600k tmpfs D; head -c 400k /dev/zero > D/ballast",
    )
}

fn freed_while_it_runs(arguments: &str, most_lines: usize) {
    // Others leave no room for so many.
    let count = 8000;
    let folder = folder();
    let space = full_disk(folder.path());
    let mut running = Lh::new(arguments)
        .arg(folder.path().join("D/app.log"))
        .under(space.enter())
        .spawn();
    running.pour(records(1..=count));
    running.expect_stderr("No space left on device");
    // It waits, reads no further, and goes on as soon as there is room; others take
    // what compressing gives back.
    let ballast = space.path("D/ballast");
    let mut others = std::fs::File::options()
        .append(true)
        .open(&ballast)
        .unwrap();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(600) {
        while others.write_all(&[0; 4096]).is_ok() {}
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(others);
    let before = Report::of(&space.path("D"), 1..=count);
    assert!(before.lost.len() > 500, "{arguments}: {before}");
    before.assert_sound(arguments);
    assert!(!running.has_ended(), "{arguments}: did not wait");
    let ticks = running.processor_ticks();
    let freed = Instant::now();
    std::fs::remove_file(ballast).unwrap();
    let found = |report: &Report| report.found.len();
    let resumed = wait_for(Duration::from_secs(1), || {
        found(&Report::of(&space.path("D"), 1..=count)) > found(&before)
    });
    assert!(
        resumed,
        "{arguments}: not resumed after {:?}",
        freed.elapsed()
    );
    let outcome = running.end().expect(0);
    let report = Report::of(&space.path("D"), 1..=count);
    report.assert_perfect(arguments);
    assert!(
        outcome.lines() <= most_lines,
        "{arguments}: {}",
        outcome.stderr
    );
    assert!(ticks < 60, "{arguments}: {ticks} ticks of processor time");
    let left = names(&space.path("D"));
    assert!(!left.iter().any(|name| name.ends_with(".tmp")), "{left:?}");
}

#[test]
fn a_full_disk_is_waited_out_by_rotate() {
    if able(NEEDS) {
        freed_while_it_runs("rotate --max-bytes 100K --backups 20", 2);
        freed_while_it_runs("rotate --max-bytes 8K --backups 2000", 2);
    }
}

#[test]
fn a_full_disk_is_waited_out_by_file_and_timed() {
    if able(NEEDS) {
        freed_while_it_runs("file", 2);
        freed_while_it_runs("timed --when S --max-bytes 20K", 2);
        freed_while_it_runs("file --fsync batch", 2);
        freed_while_it_runs("file --on-error block -f {message}", 2);
    }
}

/// A backup that can't be compressed on the full disk is a third thing to say,
/// once.
#[test]
fn a_full_disk_is_waited_out_while_backups_are_compressed() {
    if able(NEEDS) {
        freed_while_it_runs("rotate --max-bytes 100K --backups 20 --compress gzip", 3);
        freed_while_it_runs("rotate --max-bytes 60K --backups 20 --compress zstd", 3);
    }
}

#[test]
fn what_was_too_full_to_compress_is_compressed_at_the_next_start() {
    if !able(NEEDS) {
        return;
    }
    let folder = folder();
    let space = full_disk(folder.path());
    let lh = || {
        Lh::new("rotate --max-bytes 60K --backups 20 --compress gzip")
            .arg(folder.path().join("D/app.log"))
            .under(space.enter())
    };
    let mut running = lh().spawn();
    running.pour(records(1..=COUNT));
    running.expect_stderr("waiting until that is over");
    std::fs::remove_file(space.path("D/ballast")).unwrap();
    running.end().expect(0);
    lh().feed(records(COUNT + 1..=COUNT + 1)).expect(0);
    let report = Report::of(&space.path("D"), 1..=COUNT + 1);
    report.assert_perfect("after the second run");
    report.assert_chain("after the second run");
    let packed = report
        .files
        .keys()
        .filter(|name| name.ends_with(".gz"))
        .count();
    assert_eq!(packed, report.backups(), "{report}");
}

#[test]
fn dropped_records_are_counted_exactly_and_the_writer_is_never_held_up() {
    if !able(NEEDS) {
        return;
    }
    for arguments in [
        "rotate --max-bytes 50K --backups 20 --on-error drop",
        "file --on-error drop",
    ] {
        let folder = folder();
        let space = full_disk(folder.path());
        let mut running = Lh::new(arguments)
            .arg(folder.path().join("D/app.log"))
            .under(space.enter())
            .spawn();
        let longest = Arc::new(AtomicU64::new(0));
        let stall = Arc::clone(&longest);
        running.pour_by(move |stdin| {
            for first in (1..=20_000).step_by(100) {
                let begin = Instant::now();
                let _ = stdin.write_all(&records(first..=first + 99));
                let took = begin.elapsed().as_millis() as u64;
                // The first writes go to a program that has yet to start.
                if first > 1000 {
                    stall.fetch_max(took, Ordering::Relaxed);
                }
            }
        });
        let outcome = running.end().expect(1);
        let report = Report::of(&space.path("D"), 1..=20_000);
        report.assert_sound(arguments);
        let told = told(&outcome.stderr, "records were not delivered");
        assert_eq!(
            told,
            report.lost.len() as u64,
            "{report}\n{}",
            outcome.stderr
        );
        assert!(told > 10_000, "{report}");
        let longest = longest.load(Ordering::Relaxed);
        assert!(
            longest <= 100,
            "{arguments}: the writer stood for {longest} ms"
        );
    }
}

#[test]
fn dropping_ends_when_there_is_room_again() {
    if !able(NEEDS) {
        return;
    }
    let folder = folder();
    let space = full_disk(folder.path());
    let mut running = Lh::new("file --on-error drop")
        .arg(folder.path().join("D/app.log"))
        .under(space.enter())
        .spawn();
    running.write(&records(1..=COUNT));
    running.expect_stderr("No space left on device");
    std::fs::remove_file(space.path("D/ballast")).unwrap();
    running.write(&records(COUNT + 1..=COUNT + 100));
    let outcome = running.end().expect(1);
    let report = Report::of(&space.path("D"), 1..=COUNT + 100);
    report.assert_sound("drop, then room");
    assert!(report.lost.iter().all(|lost| *lost <= COUNT), "{report}");
    let told = told(&outcome.stderr, "records were not delivered");
    assert_eq!(told, report.lost.len() as u64, "{}", outcome.stderr);
}

/// Nothing is written again on a disk that stays full, so nothing may say so.
#[test]
fn a_disk_that_stays_full_is_not_called_written_again() {
    let lh = Lh::new("file --on-error drop /dev/full");
    let stderr = lh.feed(records(1..=100)).expect(1).stderr;
    assert_eq!(told(&stderr, "records were not delivered"), 100);
    assert!(!stderr.contains("written again"), "{stderr}");
}

#[test]
fn prune_deletes_the_oldest_backups_and_no_more() {
    if !able(NEEDS) {
        return;
    }
    let folder = folder();
    let space = full_disk(folder.path());
    std::fs::write(space.path("D/app.log.bak"), "foreign").unwrap();
    let arguments = "rotate --max-bytes 20K --backups 20 --on-error prune";
    let outcome = Lh::new(arguments)
        .arg(folder.path().join("D/app.log"))
        .under(space.enter())
        .feed(records(1..=COUNT))
        .expect(0);
    assert!(
        outcome.stderr.contains("the disk is full: deleted"),
        "{}",
        outcome.stderr
    );
    assert_eq!(
        std::fs::read(space.path("D/app.log.bak")).unwrap(),
        b"foreign"
    );
    std::fs::remove_file(space.path("D/app.log.bak")).unwrap();
    let report = Report::of(&space.path("D"), 1..=COUNT);
    report.assert_sound(arguments);
    report.assert_chain(arguments);
    // What is gone is what came first, and the disk is nearly full of the rest.
    let newest: Vec<u64> = (report.lost.len() as u64 + 1..=COUNT).collect();
    assert!(report.found.keys().eq(newest.iter()), "{report}");
    let kept: usize = newest
        .iter()
        .map(|n| crate::support::record(*n).len())
        .sum();
    assert!(kept > 140_000, "only {kept} bytes are left: {report}");
}

#[test]
fn exit_ends_at_once_and_counts_what_it_had_read() {
    if !able(NEEDS) {
        return;
    }
    let folder = folder();
    let space = full_disk(folder.path());
    let mut running = Lh::new("file --on-error exit")
        .arg(folder.path().join("D/app.log"))
        .under(space.enter())
        .spawn();
    // The writer does not close: it is the disk that ends the run.
    running.pour_by(|stdin| {
        let _ = stdin.write_all(&records(1..=COUNT));
        std::thread::sleep(Duration::from_millis(1500));
    });
    let ended = wait_for(Duration::from_millis(1200), || running.has_ended());
    assert!(ended, "goes on after the error");
    let outcome = running.end().expect(1);
    let report = Report::of(&space.path("D"), 1..=COUNT);
    report.assert_sound("exit");
    assert!(outcome.stderr.contains("No space left on device"));
    let told = told(&outcome.stderr, "records were not delivered");
    assert!(
        told >= 1 && told <= report.lost.len() as u64,
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_device_that_is_always_full_blocks_until_a_signal_and_is_a_failure_then() {
    for arguments in [
        "file /dev/full",
        "rotate --max-bytes 1K --backups 3 /dev/full",
    ] {
        let mut running = Lh::new(arguments).spawn();
        running.write(&records(1..=100));
        running.expect_stderr("No space left on device");
        let ticks = running.processor_ticks();
        std::thread::sleep(Duration::from_millis(500));
        let spent = running.processor_ticks() - ticks;
        assert!(spent < 10, "{spent} ticks in half a second of waiting");
        running.signal(Signal::SIGTERM);
        let outcome = running.end_within(Duration::from_secs(3)).expect(1);
        assert_eq!(
            told(&outcome.stderr, "records were not delivered"),
            100,
            "{}",
            outcome.stderr
        );
    }
}

#[test]
fn without_inodes_the_current_file_is_written_on() {
    if !able(NEEDS) {
        return;
    }
    for arguments in [
        "rotate --max-bytes 4K --backups 50",
        "rotate --max-bytes 4K --backups 50 --compress gzip",
        "timed --when S --max-bytes 4K",
    ] {
        let folder = folder();
        // The root of it is an inode as well: five files.
        let space = Namespace::new(
            folder.path(),
            "mkdir D; mount -t tmpfs -o size=2m,nr_inodes=6 tmpfs D",
        );
        let outcome = Lh::new(arguments)
            .arg(folder.path().join("D/app.log"))
            .under(space.enter())
            .feed(records(1..=2000))
            .expect(0);
        let report = Report::of(&space.path("D"), 1..=2000);
        report.assert_perfect(arguments);
        if arguments.starts_with("rotate") {
            report.assert_chain(arguments);
        }
        assert!(report.backups() >= 3, "{report}");
        assert!(outcome.lines() <= 3, "{}", outcome.stderr);
    }
}

#[test]
fn a_disk_full_at_every_point_of_a_rollover_costs_nothing() {
    if !able(NEEDS) {
        return;
    }
    for arguments in [
        "rotate --max-bytes 8K --backups 50 --compress gzip",
        "rotate --max-bytes 8K --backups 50",
    ] {
        for left in (8..=40).step_by(8) {
            let folder = folder();
            let space = Namespace::new(
                folder.path(),
                &format!(
                    "mkdir D; mount -t tmpfs -o size=128k tmpfs D; \
                     head -c $((128 - {left}))k /dev/zero > D/ballast"
                ),
            );
            let mut running = Lh::new(arguments)
                .arg(folder.path().join("D/app.log"))
                .under(space.enter())
                .spawn();
            // 48 KiB.
            running.pour_by(|stdin| {
                for first in (1..=900).step_by(30) {
                    let _ = stdin.write_all(&records(first..=first + 29));
                    std::thread::sleep(Duration::from_millis(1));
                }
            });
            let full = |running: &Running| running.stderr().contains("No space left");
            wait_for(Duration::from_secs(10), || {
                full(&running) || running.has_ended()
            });
            if !arguments.contains("--compress") {
                // Else the temporary file may be half written just now.
                let before = Report::of(&space.path("D"), 1..=900);
                before.assert_sound(arguments);
            }
            std::fs::remove_file(space.path("D/ballast")).unwrap();
            running.end().expect(0);
            let report = Report::of(&space.path("D"), 1..=900);
            report.assert_perfect(&format!("{arguments}, {left} KiB left"));
            report.assert_chain(arguments);
            let left = names(&space.path("D"));
            assert!(!left.iter().any(|name| name.ends_with(".tmp")), "{left:?}");
        }
    }
}
