//! Trial 48: links, FIFOs and devices that somebody planted under the log's
//! name, in a directory that others can write, and directories that are exchanged
//! while lh runs.
//!
//! Not tested here: what --rotator and --on-rotate make of such a path.

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

/// A directory of nobody's in a place where all can write, as /tmp is; and one of
/// root's, with a log of another program, and a backup that is none of ours.
fn exchangeable(folder: &Path) -> (PathBuf, PathBuf) {
    let (place, victim) = (folder.join("place"), folder.join("victim"));
    std::fs::create_dir(&place).unwrap();
    std::fs::set_permissions(&place, std::fs::Permissions::from_mode(0o1777)).unwrap();
    let logs = place.join("logs");
    std::fs::create_dir(&logs).unwrap();
    std::os::unix::fs::chown(&logs, Some(65534), Some(65534)).unwrap();
    std::fs::create_dir(&victim).unwrap();
    for (name, text) in [("app.log", "another's\n"), ("app.log.1", "its backup\n")] {
        std::fs::write(victim.join(name), text).unwrap();
    }
    (logs, victim)
}

fn assert_untouched(victim: &Path, what: &str) {
    assert_eq!(crate::support::names(victim).len(), 2, "{what}");
    for (name, text) in [("app.log", "another's\n"), ("app.log.1", "its backup\n")] {
        let now = std::fs::read_to_string(victim.join(name)).unwrap();
        assert_eq!(now, text, "{what}: {name}");
    }
}

#[test]
fn an_exchanged_directory_is_not_gone_into() {
    if !able(&["root"]) {
        return;
    }
    for handler in [
        "file",
        "file --watch --fsync batch",
        "rotate --max-bytes 1K --backups 90",
        "rotate --max-bytes 1K --backups 2 --compress gzip",
        "timed --when H --max-bytes 1K --backups 2 --link logs/current",
    ] {
        let folder = folder();
        let (logs, victim) = exchangeable(folder.path());
        let link = logs.join("current");
        let handler = handler.replace("logs/current", &link.display().to_string());
        let mut running = Lh::new(&handler).arg(logs.join("app.log")).spawn();
        running.write(&records(1..=100));
        let begun = || Report::of(&logs, 1..=100).found(100);
        assert!(wait_for(Duration::from_secs(10), begun), "{handler}");
        let moved = folder.path().join("place/moved");
        std::fs::rename(&logs, &moved).unwrap();
        symlink(&victim, &logs).unwrap();
        std::os::unix::fs::lchown(&logs, Some(65534), Some(65534)).unwrap();
        running.write(&records(101..=200));
        running.signal(Signal::SIGHUP);
        running.expect_stderr("planted");
        running.write(&records(201..=300));
        running.signal(Signal::SIGALRM);
        running.write(&records(301..=400));
        let outcome = running.end().expect(0);
        let what = format!("{handler}: {}", outcome.stderr);
        assert_untouched(&victim, &what);
        assert_eq!(outcome.lines(), 1, "{what}");
        let report = Report::of(&moved, 1..=400);
        report.assert_sound(&what);
        // Retention has taken its share of the others.
        assert!(
            report.lost.is_empty() || handler.contains("--backups 2"),
            "{what}: {report}"
        );
        assert!(report.found(400), "{what}: {report}");
    }
}

/// What is held on to is of no use to anybody once it is deleted.
#[test]
fn a_directory_that_is_deleted_and_made_anew_is_gone_into() {
    if !able(&["root"]) {
        return;
    }
    for handler in [
        "file --watch",
        "rotate --max-bytes 1K --backups 90",
        "rotate --max-bytes 1K --backups 90 --mkdir",
    ] {
        let folder = folder();
        let (logs, _) = exchangeable(folder.path());
        let mut running = Lh::new(handler).arg(logs.join("app.log")).spawn();
        running.write(&records(1..=100));
        let begun = || Report::of(&logs, 1..=100).found(100);
        assert!(wait_for(Duration::from_secs(10), begun), "{handler}");
        std::fs::remove_dir_all(&logs).unwrap();
        if !handler.contains("--mkdir") {
            std::fs::create_dir(&logs).unwrap();
            std::os::unix::fs::chown(&logs, Some(65534), Some(65534)).unwrap();
        }
        running.write(&records(101..=300));
        let outcome = running.end().expect(0);
        let what = format!("{handler}: {}", outcome.stderr);
        Report::of(&logs, 101..=300).assert_perfect(&what);
    }
}

#[test]
fn a_link_on_the_way_is_followed_unless_others_could_plant_it() {
    if !able(&["root"]) {
        return;
    }
    let (root, nobody, other) = (Some(0), Some(65534), Some(1));
    for (maker, owner, writable, followed) in [
        (nobody, root, true, false),
        (nobody, other, true, false),
        (nobody, nobody, true, true),
        (root, root, true, true),
        (nobody, root, false, true),
    ] {
        for handler in HANDLERS {
            let folder = folder();
            let (place, target) = (folder.path().join("place"), folder.path().join("target"));
            std::fs::create_dir(&place).unwrap();
            std::fs::create_dir(&target).unwrap();
            if writable {
                std::os::unix::fs::chown(&place, nobody, nobody).unwrap();
            }
            std::os::unix::fs::chown(&target, owner, owner).unwrap();
            let link = place.join("logs");
            symlink("../target", &link).unwrap();
            std::os::unix::fs::lchown(&link, maker, maker).unwrap();
            let run = |options: &str| {
                let file = link.join("app.log");
                Lh::new(&format!("{handler} {options}"))
                    .arg(file)
                    .feed(records(1..=9))
            };
            let outcome = run("");
            let what = format!("{handler}, {maker:?}, {owner:?}: {}", outcome.stderr);
            assert_eq!(outcome.code(), i32::from(!followed), "{what}");
            assert_eq!(target.join("app.log").exists(), followed, "{what}");
            assert_eq!(outcome.stderr.contains("--follow"), !followed, "{what}");
            if !followed {
                run("--mkdir").expect(1);
                assert!(!target.join("app.log").exists(), "{what}");
                run("--follow").expect(0);
                Report::of(&target, 1..=9).assert_perfect(&what);
            }
        }
    }
}
