//! Trial 39: storage that runs out under the file system. One fsync fails, the
//! kernel drops the pages, and the next fsync succeeds.
//!
//! Not tested here: disks that lie about what they have written.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::support::{Lh, Namespace, Report, Running, able, folder, records};

const NEEDS: &[&str] = &["root", "unshare", "mkfs.ext4"];
const COUNT: u64 = 120_000;

/// A disk of 64 MiB in a memory of 12, of which 7 are taken.
const THIN: &str = "mkdir thin D
mount -t tmpfs -o size=12m tmpfs thin
truncate -s 64M thin/image
mkfs.ext4 -q -O ^has_journal thin/image
head -c 7M /dev/zero > thin/ballast
mount -o loop,errors=continue thin/image D";

fn on_thin_storage(handler: &str, freed: bool) {
    let folder = folder();
    let space = Namespace::new(folder.path(), THIN);
    let mut running = Lh::new(handler)
        .arg(folder.path().join("D/app.log"))
        .under(space.enter())
        .spawn();
    running.pour_by(|stdin| {
        for first in (1..=COUNT).step_by(500) {
            let _ = stdin.write_all(&records(first..=first + 499));
            std::thread::sleep(Duration::from_millis(4));
        }
    });
    let seen = crate::support::wait_for(Duration::from_secs(20), || !running.stderr().is_empty());
    assert!(seen, "{handler}: no fsync failed");
    std::thread::sleep(Duration::from_millis(300));
    if freed {
        std::fs::remove_file(space.path("thin/ballast")).unwrap();
    } else {
        running.signal(Signal::SIGTERM);
    }
    let outcome = running.end_within(Duration::from_secs(40));
    let code = outcome.code();
    // What is in memory only goes with the mount.
    let _ = std::fs::remove_file(space.path("thin/ballast"));
    space.sh("sync -f D || true; umount D; mount -o loop,ro thin/image D");
    let mut report = Report::of(&space.path("D"), 1..=COUNT);
    let what = format!("{handler}: status {code}\n{}", outcome.stderr);
    if freed {
        // Pages that were dropped are holes of zeros, or old blocks, in the
        // files that were set aside: those are named on stderr.
        let aside = |what: &String| what.contains("fsync-failed");
        report.foreign.retain(|what| !aside(what));
        report.torn.retain(|what| !aside(what));
        let silent = code == 0 && !report.lost.is_empty();
        assert!(!silent, "{what}: silently lost: {report}");
        assert!(code == 0 || code == 1, "{what}");
        if code == 1 {
            assert!(outcome.stderr.contains("doubt"), "{what}: {report}");
        }
        assert!(
            report.torn.is_empty() && report.foreign.is_empty(),
            "{what}: {report}"
        );
    } else {
        assert_eq!(code, 1, "{what}: {report}");
    }
    println!("{what}{report}");
}

/// One on that file, of which some calls fail.
fn with_faults(handler: &str, log: &Path, faults: &str) -> Running {
    let strace = "strace -f -qq -o /dev/null -e trace=fdatasync,fsync";
    let strace = strace.split(' ').chain(faults.split_whitespace());
    Lh::new(handler).arg(log).under(strace).spawn()
}

/// Runs another one on that file, to its end.
fn another(log: &Path, handler: &str, number: u64) {
    let lh = Lh::new(handler).arg(log);
    lh.feed(records(number..=number)).expect(0);
}

/// All of them are there once, in whatever order the writers had.
#[track_caller]
fn assert_all_once(folder: &Path, last: u64, handler: &str, said: &str) {
    let report = Report::of(folder, 1..=last);
    let others = report.torn.len() + report.foreign.len();
    let once = report.lost.is_empty() && report.doubled.is_empty();
    assert!(once && others == 0, "{handler}: {said}{report}");
}

/// The fresh file can't be made durable either, again and again, and others have begun
/// to use it: what they wrote stays, and what is taken back comes once.
#[test]
fn what_others_wrote_meanwhile_stays_and_nothing_is_doubled() {
    if !able(&["strace"]) {
        return;
    }
    for (handler, first) in [("rotate --max-bytes 1M", 1), ("file", 1), ("file", 400)] {
        let folder = folder();
        let log = folder.path().join("app.log");
        let faults = "-e inject=fdatasync:error=EIO:when=2+ \
            -e inject=fsync:error=EIO:when=2..12";
        let mut running = with_faults(&format!("{handler} --fsync batch"), &log, faults);
        assert!(running.write(&records(1..=1)));
        let written = || std::fs::read(&log).is_ok_and(|text| text == records(1..=1));
        assert!(crate::support::wait_for(Duration::from_secs(20), written));
        assert!(running.write(&records(2..=2)));
        running.expect_stderr("fsync failed");
        let lh = Lh::new(handler).arg(&log);
        lh.feed(records(3..=2 + first)).expect(0);
        another(&log, handler, 3 + first);
        running.expect_stderr("are safe in it now");
        another(&log, handler, 4 + first);
        let outcome = running.end().expect(0);
        assert_all_once(folder.path(), 4 + first, handler, &outcome.stderr);
    }
}

/// The fresh file goes again, and another one waits for it by then.
#[test]
fn who_waits_for_a_file_that_is_taken_back_goes_on_to_the_next() {
    if !able(&["strace"]) {
        return;
    }
    for handler in ["rotate --max-bytes 1M", "file"] {
        let folder = folder();
        let log = folder.path().join("app.log");
        let faults = "-e inject=fdatasync:error=EIO:when=2+ \
            -e inject=fsync:error=EIO:delay_enter=700000:when=3";
        let mut running = with_faults(&format!("{handler} --fsync batch"), &log, faults);
        assert!(running.write(&records(1..=1)));
        let written = || std::fs::read(&log).is_ok_and(|text| text == records(1..=1));
        assert!(crate::support::wait_for(Duration::from_secs(20), written));
        assert!(running.write(&records(2..=2)));
        // Its tail is in the fresh file, and not safe.
        let fresh = || {
            std::fs::read(&log).is_ok_and(|text| text.ends_with(&records(2..=2)))
                && folder.path().join("app.log.fsync-failed.1").exists()
        };
        assert!(crate::support::wait_for(Duration::from_secs(20), fresh));
        another(&log, handler, 3);
        running.expect_stderr("are safe in it now");
        let outcome = running.end().expect(0);
        assert_all_once(folder.path(), 3, handler, &outcome.stderr);
    }
}

/// The name of a new file can't be made safe, and another one has begun to use it.
#[test]
fn a_new_file_that_another_has_written_to_stays() {
    if !able(&["strace"]) {
        return;
    }
    for (handler, mine) in [("rotate --max-bytes 1M", 1), ("file", 1), ("file", 400)] {
        let folder = folder();
        let log = folder.path().join("app.log");
        let faults = "-e inject=fsync:error=EIO:delay_enter=700000:when=1..2";
        let mut running = with_faults(&format!("{handler} --fsync batch --delay"), &log, faults);
        assert!(running.write(&records(1..=mine)));
        assert!(crate::support::wait_for(Duration::from_secs(20), || log.exists()));
        another(&log, handler, mine + 1);
        let outcome = running.end().expect(0);
        assert_all_once(folder.path(), mine + 1, handler, &outcome.stderr);
    }
}

#[test]
fn no_record_is_lost_in_silence_under_file() {
    if able(NEEDS) {
        on_thin_storage("file --fsync 0.1", true);
    }
}

#[test]
fn no_record_is_lost_in_silence_under_rotate() {
    if able(NEEDS) {
        on_thin_storage("rotate --max-bytes 1M --backups 50 --fsync 0.1", true);
    }
}

#[test]
fn no_record_is_lost_in_silence_under_batch_and_close() {
    if able(NEEDS) {
        on_thin_storage("file --fsync batch", true);
        on_thin_storage("rotate --max-bytes 300K --backups 90 --fsync close", true);
    }
}

#[test]
fn what_can_not_be_made_safe_at_the_end_is_a_failure() {
    if able(NEEDS) {
        on_thin_storage("file --fsync 0.1", false);
    }
}
