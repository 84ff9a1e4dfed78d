//! Trial 48: links, FIFOs and devices that somebody planted under the log's
//! name, in a directory that others can write.
//!
//! Not tested here: directories swapped in the path above the log's own.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::support::{Lh, Report, able, folder, records, sh, wait_for};

const HANDLERS: [&str; 3] = [
    "file",
    "rotate --max-bytes 1K --backups 5",
    "timed --when S --max-bytes 1K",
];

/// A sticky directory of nobody's, beside a victim.
fn public(folder: &Path) -> (PathBuf, PathBuf) {
    let (directory, victim) = (folder.join("public"), folder.join("victim"));
    std::fs::create_dir(&directory).unwrap();
    std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o1777)).unwrap();
    std::os::unix::fs::chown(&directory, Some(65534), Some(65534)).unwrap();
    std::fs::write(&victim, "victim\n").unwrap();
    (directory, victim)
}

fn refused(handler: &str, file: &Path, what: &str) {
    let mut running = Lh::new(handler).arg(file).spawn();
    running.pour(records(1..=100));
    let outcome = running.end_within(Duration::from_secs(3));
    assert_eq!(outcome.code(), 1, "{what}: {}", outcome.stderr);
    let stderr = &outcome.stderr;
    assert!(
        stderr.contains("--follow") && stderr.contains("app.log"),
        "{what}: {stderr}"
    );
}

#[test]
fn planted_links_are_refused() {
    if !able(&["root"]) {
        return;
    }
    for handler in HANDLERS {
        let folder = folder();
        let (directory, victim) = public(folder.path());
        let file = directory.join("app.log");
        symlink(&victim, &file).unwrap();
        refused(handler, &file, "a symbolic link");
        let dangling = folder.path().join("dangling");
        std::fs::remove_file(&file).unwrap();
        symlink(&dangling, &file).unwrap();
        refused(handler, &file, "a dangling symbolic link");
        assert!(!dangling.exists());
        std::fs::remove_file(&file).unwrap();
        std::fs::hard_link(&victim, &file).unwrap();
        refused(handler, &file, "a hard link");
        assert_eq!(std::fs::read(&victim).unwrap(), b"victim\n");
        let outcome = Lh::new(handler).arg("--mode").arg("truncate").arg(&file);
        outcome.feed("x\n").expect(1);
        assert_eq!(std::fs::read(&victim).unwrap(), b"victim\n");
    }
}

#[test]
fn planted_fifos_and_devices_are_refused_without_waiting() {
    if !able(&["root"]) {
        return;
    }
    for handler in HANDLERS {
        let folder = folder();
        let (directory, _) = public(folder.path());
        sh(
            &directory,
            "mkfifo app.log; mkdir read dev; mkfifo read/app.log; mknod dev/app.log c 1 3",
        );
        refused(handler, &directory.join("app.log"), "a FIFO");
        for name in ["read", "dev"] {
            let path = directory.join(name);
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o1777)).unwrap();
        }
        // With somebody at the other end as well.
        let mut reader = std::process::Command::new("cat")
            .arg(directory.join("read/app.log"))
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        refused(
            handler,
            &directory.join("read/app.log"),
            "a FIFO with a reader",
        );
        let _ = reader.kill();
        let _ = reader.wait();
        refused(handler, &directory.join("dev/app.log"), "a device");
    }
}

#[test]
fn a_link_that_is_planted_while_it_runs_is_not_followed() {
    if !able(&["root"]) {
        return;
    }
    for (handler, how) in [
        ("file --watch", None),
        ("rotate --max-bytes 1K --backups 500", None),
        ("file", Some(Signal::SIGHUP)),
    ] {
        let folder = folder();
        let (directory, victim) = public(folder.path());
        let file = directory.join("app.log");
        let mut running = Lh::new(handler).arg(&file).spawn();
        running.write(&records(1..=10));
        assert!(wait_for(Duration::from_secs(5), || {
            std::fs::metadata(&file).is_ok_and(|meta| meta.len() > 0)
        }));
        std::fs::rename(&file, directory.join("app.log.moved")).unwrap();
        symlink(&victim, &file).unwrap();
        if let Some(signal) = how {
            running.signal(signal);
            running.expect_stderr("app.log");
        }
        running.write(&records(11..=20));
        running.close_input();
        let outcome = running.end_within(Duration::from_secs(10));
        assert_eq!(std::fs::read(&victim).unwrap(), b"victim\n", "{handler}");
        let report = Report::of(&directory, 1..=20);
        // Written on in the file that was moved, or refused and said.
        if outcome.code() == 0 {
            report.assert_perfect(&format!("{handler}: {}", outcome.stderr));
        }
        assert!(!outcome.stderr.is_empty(), "{handler}: nothing is said");
    }
}

#[test]
fn backups_never_replace_or_follow_what_is_planted() {
    if !able(&["root"]) {
        return;
    }
    let folder = folder();
    let (directory, victim) = public(folder.path());
    for number in 1..=3 {
        symlink(&victim, directory.join(format!("app.log.{number}"))).unwrap();
        symlink(&victim, directory.join(format!("app.log.{number}.gz"))).unwrap();
    }
    let outcome = Lh::new("rotate --max-bytes 1K --backups 3 --compress gzip")
        .arg(directory.join("app.log"))
        .feed(records(1..=200));
    assert_eq!(std::fs::read(&victim).unwrap(), b"victim\n");
    assert_eq!(std::fs::metadata(&victim).unwrap().nlink(), 1);
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr);
    let report = Report::of(&directory, 1..=200);
    report.assert_sound("planted backups");
    assert!(report.found.contains_key(&200), "{report}");
}

#[test]
fn follow_takes_them_and_a_safe_directory_needs_none() {
    if !able(&["root"]) {
        return;
    }
    let folder = folder();
    let (directory, victim) = public(folder.path());
    let file = directory.join("app.log");
    symlink(&victim, &file).unwrap();
    Lh::new("file --follow").arg(&file).feed("more\n").expect(0);
    assert_eq!(std::fs::read(&victim).unwrap(), b"victim\nmore\n");
    // In a directory that only its owner can write, a link is the owner's will.
    let own = folder.path().join("own.log");
    symlink(&victim, &own).unwrap();
    Lh::new("file").arg(&own).feed("again\n").expect(0);
    assert_eq!(std::fs::read(&victim).unwrap(), b"victim\nmore\nagain\n");
    // A regular file in the public directory is as good as any.
    let plain = directory.join("plain.log");
    Lh::new("file").arg(&plain).feed("plain\n").expect(0);
    assert_eq!(std::fs::read(&plain).unwrap(), b"plain\n");
}
