//! Of trials 22 and 24 what is not made by strace: permissions that a user who is
//! not root lacks, from the start or from some moment on.
//!
//! Not tested here: access lists, and security modules.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::support::{Lh, Report, able, folder, names, records, wait_for};

const NOBODY: Option<u32> = Some(65534);

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// A directory with these bits and this owner.
fn directory(folder: &Path, owner: Option<u32>, mode: u32) -> PathBuf {
    let logs = folder.join("logs");
    std::fs::create_dir(&logs).unwrap();
    chmod(&logs, mode);
    chown(&logs, owner, owner).unwrap();
    logs
}

/// Whoever may write the log, and nothing else beside it.
#[test]
fn where_nothing_can_be_renamed_the_log_is_written_on() {
    if !able(&["root", "setpriv"]) {
        return;
    }
    // A directory of root's; a sticky one in which the log is root's.
    for (mode, owner, bits) in [(0o755, NOBODY, 0o644), (0o1777, Some(0), 0o666)] {
        let folder = folder();
        let logs = directory(folder.path(), Some(0), mode);
        let file = logs.join("app.log");
        std::fs::write(&file, "").unwrap();
        chown(&file, owner, owner).unwrap();
        chmod(&file, bits);
        for number in 1..=3 {
            let backup = logs.join(format!("app.log.{number}"));
            std::fs::write(backup, format!("old {number}\n")).unwrap();
        }
        let outcome = Lh::new("rotate --max-bytes 1K --backups 9")
            .arg(&file)
            .by_nobody(folder.path())
            .feed(records(1..=300))
            .expect(0);
        let what = format!("{mode:o}: {}", outcome.stderr);
        assert_eq!(outcome.lines(), 1, "{what}");
        assert!(outcome.stderr.contains("cannot roll over"), "{what}");
        Report::of_bytes(&std::fs::read(&file).unwrap(), 1..=300).assert_perfect(&what);
        for number in 1..=3 {
            let text = std::fs::read_to_string(logs.join(format!("app.log.{number}")));
            assert_eq!(text.unwrap(), format!("old {number}\n"), "{what}");
        }
        assert_eq!(names(&logs).len(), 4, "{what}");
    }
}

/// The same, found before there is a record.
#[test]
fn a_check_tells_that_nothing_can_be_renamed() {
    if !able(&["root", "setpriv"]) {
        return;
    }
    let folder = folder();
    let logs = directory(folder.path(), Some(0), 0o755);
    let file = logs.join("app.log");
    std::fs::write(&file, "").unwrap();
    chown(&file, NOBODY, NOBODY).unwrap();
    let check = |handler: &str, status| {
        let lh = Lh::new(&format!("check {handler}"))
            .arg(&file)
            .read_stdout();
        let outcome = lh.by_nobody(folder.path()).feed("").expect(status);
        String::from_utf8(outcome.stdout).unwrap()
    };
    let out = check("rotate --max-bytes 1K --backups 9", 1);
    assert!(
        out.contains("FAILED: it can be written, and not rolled over: "),
        "{out}"
    );
    assert!(out.ends_with("logs: Permission denied\n"), "{out}");
    check("rotate --max-bytes 1K --backups 9 --rotator true", 0);
    check("file", 0);
    chmod(&logs, 0o777);
    check("rotate --max-bytes 1K --backups 9 --follow", 0);
}

#[test]
fn what_may_not_be_written_is_an_error_at_the_start() {
    if !able(&["root", "setpriv"]) {
        return;
    }
    for handler in [
        "file",
        "rotate --max-bytes 1K --backups 3",
        "timed --when H",
    ] {
        // No entry; no new name; a log that may be read only.
        for (mode, bits) in [(0o700, None), (0o755, None), (0o755, Some(0o644))] {
            let folder = folder();
            let logs = directory(folder.path(), Some(0), mode);
            let file = logs.join("app.log");
            if let Some(bits) = bits {
                std::fs::write(&file, "old\n").unwrap();
                chmod(&file, bits);
            }
            let outcome = Lh::new(handler)
                .arg(&file)
                .by_nobody(folder.path())
                .feed(records(1..=3))
                .expect(1);
            let stderr = &outcome.stderr;
            assert!(stderr.contains("app.log"), "{handler}: {stderr}");
            assert!(stderr.contains("Permission denied"), "{handler}: {stderr}");
            assert_eq!(names(&logs).len(), usize::from(bits.is_some()), "{handler}");
        }
    }
}

/// A log that may be written and not read: its last byte is not known.
#[test]
fn a_log_that_may_not_be_read_is_written() {
    if !able(&["root", "setpriv"]) {
        return;
    }
    for handler in ["file", "rotate --max-bytes 1K --backups 90"] {
        let folder = folder();
        let logs = directory(folder.path(), NOBODY, 0o755);
        let file = logs.join("app.log");
        std::fs::write(&file, "").unwrap();
        chown(&file, NOBODY, NOBODY).unwrap();
        chmod(&file, 0o200);
        let outcome = Lh::new(handler)
            .arg(&file)
            .by_nobody(folder.path())
            .feed(records(1..=100))
            .expect(0);
        let what = format!("{handler}: {}", outcome.stderr);
        Report::of(&logs, 1..=100).assert_perfect(&what);
        for name in names(&logs) {
            let mode = std::fs::metadata(logs.join(&name))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o200, "{what}: {name}");
        }
    }
}

/// Taken away while it runs, and given back.
#[test]
fn a_permission_that_goes_and_comes_costs_nothing() {
    if !able(&["root", "setpriv"]) {
        return;
    }
    for (handler, mode) in [
        ("rotate --max-bytes 1K --backups 90", 0o555),
        ("rotate --max-bytes 1K --backups 90", 0o000),
        ("rotate --max-bytes 1K --backups 90 --compress gzip", 0o555),
        ("timed --when H --max-bytes 1K", 0o555),
        ("file --watch", 0o000),
        ("file", 0o000),
    ] {
        let folder = folder();
        let logs = directory(folder.path(), NOBODY, 0o755);
        let mut running = Lh::new(handler)
            .arg(logs.join("app.log"))
            .by_nobody(folder.path())
            .spawn();
        let there = |last: u64| {
            let all = || Report::of(&logs, 1..=last).lost.is_empty();
            assert!(wait_for(Duration::from_secs(10), all), "{handler}");
        };
        running.write(&records(1..=100));
        there(100);
        chmod(&logs, mode);
        running.write(&records(101..=200));
        there(200);
        running.signal(Signal::SIGHUP);
        running.write(&records(201..=300));
        there(300);
        chmod(&logs, 0o755);
        // A failed rollover is tried again after some time, or at the end.
        running.write(&records(301..=400));
        let outcome = running.end().expect(0);
        let what = format!("{handler}, {mode:o}: {}", outcome.stderr);
        Report::of(&logs, 1..=400).assert_perfect(&what);
        assert!(outcome.lines() <= 3, "{what}");
        assert!(
            outcome.stderr.contains("Permission denied") || handler == "file",
            "{what}"
        );
    }
}
