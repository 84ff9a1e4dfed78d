//! Trial 30: several `lh` on one rotated file, and one of them killed.
//!
//! Not tested here: files on network file systems.

use std::io::Write;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::support::records::PER_WRITER;
use crate::support::{Lh, Random, Report, Running, folder, records, sh, wait_for};

const EACH: u64 = 4000;

fn write_paced(running: &mut Running, writer: u64) {
    running.pour_by(move |stdin| {
        let mut random = Random::new(writer);
        let base = writer * PER_WRITER;
        let mut next = 1;
        while next <= EACH {
            let last = (next + random.below(60)).min(EACH);
            if stdin
                .write_all(&records(base + next..=base + last))
                .is_err()
            {
                return;
            }
            next = last + 1;
            std::thread::sleep(Duration::from_micros(random.below(4000)));
        }
    });
}

fn together(handler: &str, writers: u64, kill: bool, rotations: usize) {
    let folder = folder();
    let mut all: Vec<Running> = (0..writers)
        .map(|writer| {
            let mut running = Lh::new(handler).arg(folder.path().join("app.log")).spawn();
            write_paced(&mut running, writer);
            running
        })
        .collect();
    let killed = kill.then(|| {
        std::thread::sleep(Duration::from_millis(250));
        all.remove(0)
    });
    if let Some(victim) = killed {
        victim.signal(Signal::SIGKILL);
        let outcome = victim.end();
        assert_eq!(outcome.code(), 137, "the victim was done too soon");
    }
    for running in all {
        let outcome = running.end().expect(0);
        let torn = usize::from(kill);
        assert!(outcome.lines() <= torn, "{handler}: {}", outcome.stderr);
    }
    let survivors = u64::from(kill)..writers;
    let expected = survivors.map(|w| w * PER_WRITER + 1..=w * PER_WRITER + EACH);
    let mut report = Report::of_all(folder.path(), expected);
    if kill {
        // The victim's own line may be cut.
        assert!(report.torn.len() <= 1, "{handler}: {report}");
        report.torn.clear();
        // So may a compression of its, which the next start clears away.
        report.foreign.retain(|what| !what.contains(".tmp"));
        report.files.retain(|name, _| !name.ends_with(".tmp"));
    }
    report.assert_perfect(&format!("{handler}, {writers} writers, kill {kill}"));
    if handler.starts_with("rotate") {
        report.assert_chain(handler);
        assert!(
            report.backups() >= rotations,
            "{} rollovers",
            report.backups()
        );
    }
    for name in report.files.keys().filter(|name| !name.contains("gz")) {
        let size = std::fs::metadata(folder.path().join(name)).unwrap().len();
        let limit = if handler.contains("3K") { 3072 } else { 8192 };
        assert!(size < limit, "{handler}: {name} has {size} bytes");
    }
}

#[test]
fn four_on_one_rotated_file() {
    together("rotate --max-bytes 3K --backups 2000", 4, false, 200);
}

#[test]
fn three_on_one_compressed_file() {
    together(
        "rotate --max-bytes 3K --backups 2000 --compress gzip",
        3,
        false,
        200,
    );
}

#[test]
fn two_on_one_timed_file() {
    together("timed --when S --max-bytes 8K", 2, false, 0);
}

#[test]
fn one_of_four_is_killed() {
    together("rotate --max-bytes 3K --backups 2000", 4, true, 150);
}

#[test]
fn one_of_three_is_killed_while_they_compress() {
    together(
        "rotate --max-bytes 3K --backups 2000 --compress gzip",
        3,
        true,
        130,
    );
}

/// A process that was killed between the two steps of a replacement leaves the
/// same records under two names; whoever is still there puts that right.
#[test]
fn what_a_killed_one_left_twice_is_there_once_at_the_end() {
    let folder = folder();
    let mut running = Lh::new("rotate --max-bytes 3K --backups 9 --compress gzip")
        .arg(folder.path().join("app.log"))
        .spawn();
    running.write(&records(1..=150));
    let packed = folder.path().join("app.log.1.gz");
    let there = wait_for(Duration::from_secs(10), || packed.exists());
    assert!(there, "nothing was compressed");
    sh(folder.path(), "gzip -dc app.log.1.gz > app.log.1");
    let outcome = running.end().expect(0);
    assert_eq!(outcome.stderr, "");
    Report::of_all(folder.path(), [1..=150]).assert_perfect("a pair");
}

/// With few backups, those that stay are the newest, whoever made them.
fn newest_of_many(handler: &str) {
    const WRITERS: u64 = 3;
    let folder = folder();
    let all: Vec<Running> = (0..WRITERS)
        .map(|writer| {
            let mut running = Lh::new(handler).arg(folder.path().join("app.log")).spawn();
            write_paced(&mut running, writer);
            running
        })
        .collect();
    for running in all {
        let outcome = running.end().expect(0);
        assert_eq!(outcome.stderr, "", "{handler}");
    }
    let report = Report::of_all(folder.path(), []);
    report.assert_sound(handler);
    for writer in 0..WRITERS {
        let base = writer * PER_WRITER;
        let kept = report.found.range(base + 1..=base + EACH);
        let kept: Vec<u64> = kept.map(|(number, _)| *number).collect();
        // Who was done early may have nothing left.
        let Some(first) = kept.first() else { continue };
        let wanted = *first..=base + EACH;
        assert!(kept.iter().copied().eq(wanted), "{handler}: {report}");
    }
    assert_eq!(report.backups(), 4, "{handler}: {report}");
    let left = crate::support::names(folder.path());
    assert_eq!(left.len(), 5, "{handler}: {left:?}");
}

#[test]
fn the_newest_backups_of_many_stay() {
    newest_of_many("rotate --max-bytes 8K --backups 4");
    newest_of_many("rotate --max-bytes 8K --backups 4 --compress gzip");
}

#[test]
fn the_newest_timed_backups_of_many_stay() {
    newest_of_many("timed --when H --max-bytes 8K --backups 4");
    newest_of_many("timed --when H --max-bytes 8K --backups 4 --compress zstd");
}
