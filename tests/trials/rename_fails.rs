//! Trial 24: rollovers that can't be made. The old files stay as they are, and
//! the current one is written on.
//!
//! Not tested here: a directory that is another file system than its log.

use std::path::Path;
use std::time::Duration;

use crate::support::strace::{inject, injected};
use crate::support::{Lh, Namespace, Report, able, folder, record, records, wait_for};

fn old_backups(folder: &Path) {
    for number in 1..=3 {
        std::fs::write(
            folder.join(format!("app.log.{number}")),
            format!("old {number}\n"),
        )
        .unwrap();
    }
}

fn assert_old_backups(folder: &Path, what: &str) {
    for number in 1..=3 {
        let text = std::fs::read_to_string(folder.join(format!("app.log.{number}")));
        assert_eq!(text.ok(), Some(format!("old {number}\n")), "{what}");
    }
}

fn assert_written_on(folder: &Path, stderr: &str, what: &str) {
    let bytes = std::fs::read(folder.join("app.log")).unwrap();
    Report::of_bytes(&bytes, 1..=300).assert_perfect(what);
    assert_eq!(stderr.lines().count(), 1, "{what}: {stderr}");
    assert!(stderr.contains("cannot roll over"), "{what}: {stderr}");
}

#[test]
fn a_rename_that_always_fails_shifts_nothing() {
    if !able(&["strace"]) {
        return;
    }
    for handler in [
        "rotate --max-bytes 1K --backups 9",
        "timed --when S --max-bytes 1K",
    ] {
        for error in ["EACCES", "EROFS", "EXDEV", "EPERM", "EIO", "ENOSPC"] {
            let folder = folder();
            let logs = folder.path().join("logs");
            std::fs::create_dir(&logs).unwrap();
            old_backups(&logs);
            let fault = format!("renameat2,rename,renameat:error={error}");
            let mut running = Lh::new(handler)
                .arg(logs.join("app.log"))
                .under(inject(&folder.path().join("trace"), &[], &[&fault]))
                .spawn();
            for first in (1..=300).step_by(30) {
                running.write(&records(first..=first + 29));
            }
            let outcome = running.end().expect(0);
            let what = format!("{handler}, {error}");
            assert_written_on(&logs, &outcome.stderr, &what);
            assert_old_backups(&logs, &what);
        }
    }
}

/// Whichever of the renames fails, those before it are taken back.
#[test]
fn a_rename_that_fails_in_the_middle_is_taken_back() {
    if !able(&["strace"]) {
        return;
    }
    for at in 1..=4 {
        let folder = folder();
        let logs = folder.path().join("logs");
        std::fs::create_dir(&logs).unwrap();
        old_backups(&logs);
        let trace = folder.path().join("trace");
        let fault = format!("renameat2:error=EACCES:when={at}");
        let outcome = Lh::new("rotate --max-bytes 9K --backups 9")
            .arg(logs.join("app.log"))
            .under(inject(&trace, &[], &[&fault]))
            .feed(records(1..=300))
            .expect(0);
        assert_eq!(injected(&trace), 1, "rename {at}");
        let what = format!("rename {at}");
        assert_written_on(&logs, &outcome.stderr, &what);
        assert_old_backups(&logs, &what);
    }
}

#[test]
fn a_rollover_that_failed_succeeds_later() {
    if !able(&["strace"]) {
        return;
    }
    let folder = folder();
    let logs = folder.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    let mut running = Lh::new("rotate --max-bytes 1K --backups 90")
        .arg(logs.join("app.log"))
        .under(inject(
            &folder.path().join("trace"),
            &[],
            &["renameat2:error=EACCES:when=1"],
        ))
        .spawn();
    let mut count = 0;
    let rolled = wait_for(Duration::from_secs(8), || {
        count += 1;
        running.write(&record(count));
        std::thread::sleep(Duration::from_millis(15));
        logs.join("app.log.2").exists()
    });
    let outcome = running.end().expect(0);
    assert!(rolled, "{}", outcome.stderr);
    let report = Report::of(&logs, 1..=count);
    report.assert_perfect("later");
    report.assert_chain("later");
    assert_eq!(outcome.lines(), 2, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("rolled over again"),
        "{}",
        outcome.stderr
    );
}

/// The new file is made, and then something about it fails: its mode can't be
/// set (as on vfat), it can't be looked at, its name can't be made safe.
#[test]
fn a_new_file_that_is_made_and_then_fails_mixes_up_no_names() {
    if !able(&["strace"]) {
        return;
    }
    let rotate = "rotate --max-bytes 900 --backups 90";
    let synced = "rotate --max-bytes 900 --backups 90 --fsync batch";
    for (handler, fault) in [
        (rotate, "fchmod:error=EPERM:when=1+"),
        (rotate, "fchmod:error=EPERM:when=2"),
        (rotate, "fchown:error=EPERM:when=1+"),
        (synced, "fsync:error=EIO:when=1+"),
        (synced, "fsync:error=EIO:when=2"),
        (synced, "fsync:error=EIO:when=3"),
    ] {
        let folder = folder();
        let logs = folder.path().join("logs");
        std::fs::create_dir(&logs).unwrap();
        let lh = || Lh::new(handler).arg(logs.join("app.log"));
        lh().feed(records(1..=60)).expect(0);
        let before = Report::of(&logs, 1..=60);
        assert!(before.backups() >= 2, "{before}");
        let trace = folder.path().join("trace");
        let outcome = lh()
            .under(inject(&trace, &[], &[fault]))
            .feed(records(61..=160))
            .expect(0);
        assert!(injected(&trace) > 0, "{handler}, {fault}");
        let report = Report::of(&logs, 1..=160);
        let what = format!("{handler}, {fault}: {}", outcome.stderr);
        report.assert_perfect(&what);
        report.assert_chain(&what);
        assert!(outcome.lines() <= 2, "{what}");
        // The newest record is where it belongs.
        let current = report.files.get("app.log").and_then(|file| file.last());
        assert_eq!(current, Some(&160), "{what}: {report}");
    }
}

#[test]
fn a_directory_in_the_way_of_a_backup_stays_and_costs_nothing() {
    for handler in [
        "rotate --max-bytes 1K --backups 3",
        "rotate --max-bytes 1K --backups 3 --compress gzip",
    ] {
        let folder = folder();
        let there = folder.path().join("app.log.1");
        std::fs::create_dir(&there).unwrap();
        std::fs::write(there.join("inside"), "inside").unwrap();
        let outcome = Lh::new(handler)
            .arg(folder.path().join("app.log"))
            .feed(records(1..=300))
            .expect(0);
        assert_written_on(folder.path(), &outcome.stderr, handler);
        assert_eq!(std::fs::read(there.join("inside")).unwrap(), b"inside");
    }
}

#[test]
fn a_directory_under_the_name_of_the_log_is_an_error_at_the_start() {
    for handler in [
        "file",
        "rotate --max-bytes 1K --backups 3",
        "timed --when H",
    ] {
        let folder = folder();
        std::fs::create_dir(folder.path().join("app.log")).unwrap();
        let outcome = Lh::new(handler)
            .arg(folder.path().join("app.log"))
            .feed(records(1..=3))
            .expect(1);
        assert!(
            outcome.stderr.to_lowercase().contains("is a directory"),
            "{}",
            outcome.stderr
        );
    }
}

/// An append-only directory (chattr +a) lets files be made, and none renamed;
/// an immutable backup (chattr +i) can't be moved.
#[test]
fn an_append_only_directory_and_an_immutable_backup_are_written_on_with() {
    if !able(&["root", "unshare", "mkfs.ext4", "chattr"]) {
        return;
    }
    for (flag, what) in [("a", "."), ("i", "app.log.1"), ("i", "app.log.3")] {
        let folder = folder();
        let space = Namespace::new(
            folder.path(),
            "truncate -s 8M image; mkfs.ext4 -q image; mkdir D; mount -o loop image D; mkdir D/logs",
        );
        let logs = space.path("D/logs");
        old_backups(&logs);
        std::fs::write(logs.join("app.log"), "").unwrap();
        space.sh(&format!("chattr +{flag} D/logs/{what}"));
        let outcome = Lh::new("rotate --max-bytes 1K --backups 9")
            .arg(folder.path().join("D/logs/app.log"))
            .under(space.enter())
            .feed(records(1..=300))
            .expect(0);
        let what = format!("chattr +{flag} {what}");
        assert_written_on(&logs, &outcome.stderr, &what);
        assert_old_backups(&logs, &what);
    }
}
