//! Trial 43: limits of file size and descriptors, file systems that are
//! read-only or taken away.
//!
//! Not tested here: quotas of a real file system (`inject` has their error).

use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::support::records::told;
use crate::support::strace::inject;
use crate::support::{Lh, Namespace, Report, able, folder, names, records, wait_for};

#[test]
fn a_file_at_its_size_limit_is_an_error_and_not_the_end() {
    if !able(&["prlimit"]) {
        return;
    }
    for (handler, lost) in [
        ("file --on-error drop", true),
        ("file --on-error exit", true),
        ("rotate --max-bytes 900 --backups 90", false),
        ("rotate --max-bytes 900 --backups 90 --compress gzip", false),
        ("timed --when S --max-bytes 900", false),
    ] {
        let folder = folder();
        let outcome = Lh::new(handler)
            .arg(folder.path().join("app.log"))
            .under(["prlimit", "--fsize=1001"])
            .feed(records(1..=200))
            .expect(i32::from(lost));
        let report = Report::of(folder.path(), 1..=200);
        report.assert_sound(handler);
        assert_eq!(report.lost.is_empty(), !lost, "{handler}: {report}");
        let told = told(&outcome.stderr, "records were not delivered");
        assert_eq!(told, report.lost.len() as u64, "{}", outcome.stderr);
    }
    let folder = folder();
    let mut running = Lh::new("file")
        .arg(folder.path().join("app.log"))
        .under(["prlimit", "--fsize=1001"])
        .spawn();
    running.write(&records(1..=200));
    running.expect_stderr("File too large");
    running.signal(Signal::SIGTERM);
    let outcome = running.end_within(Duration::from_secs(3)).expect(1);
    let report = Report::of(folder.path(), 1..=200);
    report.assert_sound("blocked at the limit");
    let told = told(&outcome.stderr, "records were not delivered");
    assert_eq!(told, report.lost.len() as u64, "{}", outcome.stderr);
}

/// Nothing is opened where a receiver gets a thread.
#[test]
fn a_thread_that_cannot_be_started_is_called_that() {
    if !able(&["strace"]) {
        return;
    }
    let folder = folder();
    let outcome = Lh::new("file")
        .arg(folder.path().join("a"))
        .arg("+")
        .arg("socket")
        .arg("127.0.0.1:1")
        .under(inject(
            &folder.path().join("trace"),
            &[],
            &["clone3,clone:error=EAGAIN"],
        ))
        .feed("one\n");
    assert_ne!(outcome.code(), 0);
    let reason = "lh: 127.0.0.1:1: cannot start its thread: Resource temporarily unavailable";
    assert!(outcome.stderr.contains(reason), "{}", outcome.stderr);
}

#[test]
fn few_descriptors_are_enough_or_an_error() {
    if !able(&["prlimit"]) {
        return;
    }
    let mut enough = 0;
    for limit in 4..=16 {
        for handler in [
            "rotate --max-bytes 900 --backups 90",
            "rotate --max-bytes 900 --backups 90 --compress gzip",
            "file --watch --fsync batch",
        ] {
            let folder = folder();
            let mut running = Lh::new(handler)
                .arg(folder.path().join("app.log"))
                .under(["prlimit".to_owned(), format!("--nofile={limit}")])
                .spawn();
            running.pour(records(1..=200));
            let what = format!("{handler}, {limit} descriptors");
            let waits = !wait_for(Duration::from_millis(700), || running.has_ended());
            if waits {
                let said = running.stderr();
                assert!(said.contains("Too many open files"), "{what}: {said}");
                running.signal(Signal::SIGTERM);
                std::thread::sleep(Duration::from_millis(20));
                running.signal(Signal::SIGTERM);
            }
            let outcome = running.end_within(Duration::from_secs(4));
            // Not even the loader has enough of them below that.
            if outcome.stderr.contains("error while loading") {
                continue;
            }
            let code = outcome.code();
            assert!(code == 0 || code == 1, "{what}: {code}: {}", outcome.stderr);
            let report = Report::of(folder.path(), 1..=200);
            let what = format!("{what}: {}", outcome.stderr);
            report.assert_sound(&what);
            assert!(code == 1 || report.lost.is_empty(), "{what}: {report}");
            assert!(
                code == 0 || outcome.stderr.contains("Too many open files"),
                "{what}"
            );
            enough += u32::from(code == 0);
        }
    }
    assert!(enough >= 20, "only {enough} of 39 had enough");
}

#[test]
fn a_read_only_file_system_is_an_error_at_the_start() {
    if !able(&["root", "unshare"]) {
        return;
    }
    for handler in [
        "file",
        "rotate --max-bytes 1K --backups 3",
        "timed --when H",
    ] {
        let folder = folder();
        let space = Namespace::new(
            folder.path(),
            "mkdir D; mount -t tmpfs tmpfs D; mount -o remount,ro D",
        );
        let outcome = Lh::new(handler)
            .arg(folder.path().join("D/app.log"))
            .under(space.enter())
            .feed(records(1..=3))
            .expect(1);
        assert!(
            outcome.stderr.contains("Read-only file system"),
            "{}",
            outcome.stderr
        );
    }
}

/// `umount -l` takes the name away; the open file stays.
#[test]
fn a_file_system_that_is_taken_away_costs_nothing() {
    if !able(&["root", "unshare"]) {
        return;
    }
    for handler in ["file", "file --watch", "rotate --max-bytes 4K --backups 90"] {
        let folder = folder();
        let space = Namespace::new(folder.path(), "mkdir D; mount -t tmpfs tmpfs D");
        let taken = std::fs::File::open(space.path("D")).unwrap();
        let file = space.path("D/app.log");
        let mut running = Lh::new(handler)
            .arg(folder.path().join("D/app.log"))
            .under(space.enter())
            .spawn();
        running.write(&records(1..=300));
        assert!(wait_for(Duration::from_secs(5), || {
            std::fs::metadata(&file).is_ok_and(|meta| meta.len() > 0)
        }));
        wait_for(Duration::from_secs(1), || {
            Report::of(&space.path("D"), 1..=300).lost.is_empty()
        });
        space.sh("umount -l D");
        running.write(&records(301..=600));
        let outcome = running.end();
        let what = format!("{handler}: {}", outcome.stderr);
        assert_eq!(outcome.code(), 0, "{what}");
        let taken = PathBuf::from(format!("/proc/self/fd/{}", taken.as_raw_fd()));
        let all = folder.path().join("all");
        std::fs::create_dir(&all).unwrap();
        for (prefix, from) in [
            ("app.log.taken-", taken),
            ("app.log.under-", space.path("D")),
        ] {
            for name in names(&from) {
                std::fs::copy(from.join(&name), all.join(format!("{prefix}{name}"))).unwrap();
            }
        }
        Report::of(&all, 1..=600).assert_perfect(&what);
    }
}
