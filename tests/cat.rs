//! `lh cat` and `lh tail`: sets that `lh` itself has written, read in true
//! order, and followed while they are rolled over.
//!
//! Not tested here: the order of names by itself, which has a table beside it.

#![cfg(unix)]

#[path = "trials/support/mod.rs"]
#[allow(dead_code, unused_imports)]
mod trials;

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;
use trials::{Lh, Report, folder, names, record, records, wait_for};

/// What `lh` writes to its standard output.
#[track_caller]
fn said(args: &str, file: &Path, code: i32) -> (Vec<u8>, String) {
    let outcome = Lh::new(args).arg(file).read_stdout().spawn().end();
    let outcome = outcome.expect(code);
    (outcome.stdout, outcome.stderr)
}

/// Every record once, in order.
#[track_caller]
fn assert_all(bytes: &[u8], last: u64, what: &str) {
    Report::of_bytes(bytes, 1..=last).assert_perfect(what);
}

#[test]
fn what_was_written_is_read_in_order() {
    let cases = [
        ("rotate --max-bytes 2000 --backups 100", "cat"),
        (
            "rotate --max-bytes 2000 --backups 100 --compress gzip",
            "cat",
        ),
        (
            "rotate --max-bytes 2000 --backups 100 --compress zstd",
            "cat",
        ),
        (
            "rotate --max-bytes 2000 --backups 100 --namer {stem}-{n}{ext}",
            "cat --namer {stem}-{n}{ext}",
        ),
        ("timed --when H --max-bytes 2000 --backups 100", "cat"),
        (
            "timed --when S --max-bytes 2000 --backups 100 --compress gzip",
            "cat",
        ),
        (
            "timed --when D --max-bytes 2000 --backups 100 --namer {stem}.{suffix}{ext}",
            "cat --namer {stem}.{suffix}{ext}",
        ),
    ];
    for (write, read) in cases {
        let folder = folder();
        let file = folder.path().join("app.log");
        Lh::new(write).arg(&file).feed(records(1..=1000)).expect(0);
        let state = || -> Vec<(String, u64, i64)> {
            let names = names(folder.path()).into_iter();
            let names = names.map(|name| {
                let meta = std::fs::metadata(folder.path().join(&name)).expect("a file");
                (name, meta.ino(), meta.mtime_nsec())
            });
            names.collect()
        };
        let before = state();
        assert!(before.len() > 10, "{write}: {before:?}");
        let (bytes, stderr) = said(read, &file, 0);
        assert_all(&bytes, 1000, write);
        assert_eq!(stderr, "");
        assert_eq!(state(), before, "{write}: it has changed something");
        let tail = read.replace("cat", "tail -n 700");
        let (bytes, _) = said(&tail, &file, 0);
        assert_eq!(bytes, records(301..=1000), "{write}");
    }
}

#[test]
fn last_lines() {
    let folder = folder();
    let file = folder.path().join("app.log");
    Lh::new("rotate --max-bytes 500 --backups 9 --compress gzip")
        .arg(&file)
        .feed(records(1..=40))
        .expect(0);
    for (args, first) in [
        ("tail", 31),
        ("tail -n 1", 40),
        ("tail -n 40", 1),
        ("tail -n 1000", 1),
        ("tail --lines 25", 16),
    ] {
        assert_eq!(said(args, &file, 0).0, records(first..=40), "{args}");
    }
    assert_eq!(said("tail -n 0", &file, 0).0, b"");
}

/// A line that nobody has ended is one, and does not run into the next file's.
#[test]
fn lines_that_are_not_ended() {
    let folder = folder();
    let file = folder.path().join("app.log");
    std::fs::write(folder.path().join("app.log.1"), "one\ntwo").unwrap();
    std::fs::write(&file, "three\nfour").unwrap();
    assert_eq!(said("cat", &file, 0).0, b"one\ntwo\nthree\nfour");
    assert_eq!(said("tail -n 3", &file, 0).0, b"two\nthree\nfour");
    let both = Lh::new("cat").arg(&file).arg(&file).read_stdout().spawn();
    let both = both.end().expect(0).stdout;
    assert_eq!(both, b"one\ntwo\nthree\nfour\none\ntwo\nthree\nfour");
}

#[test]
fn what_can_t_be_read_is_told_and_the_rest_goes_on() {
    let folder = folder();
    let file = folder.path().join("app.log");
    for args in ["cat", "tail"] {
        let (_, stderr) = said(args, &file, 1);
        let want = format!(
            "lh: {}: cannot read: No such file or directory\n",
            file.display()
        );
        assert_eq!(stderr, want);
    }
    std::fs::write(folder.path().join("app.log.2.gz"), "no gzip").unwrap();
    std::fs::write(folder.path().join("app.log.1"), "one\n").unwrap();
    let (bytes, stderr) = said("cat", &file, 1);
    assert_eq!(bytes, b"one\n");
    assert!(stderr.contains("app.log.2.gz: cannot read: "), "{stderr}");
    let (_, stderr) = said("cat", folder.path(), 1);
    assert!(stderr.contains("no regular file"), "{stderr}");
    let (_, stderr) = said("cat --namer {nope}", &file, 2);
    assert!(stderr.contains("--namer"), "{stderr}");
    let (_, stderr) = said("cat", Path::new("-x"), 2);
    assert!(stderr.contains("-x"), "{stderr}");
}

#[test]
fn a_reader_that_has_seen_enough_ends_it() {
    let folder = folder();
    let file = folder.path().join("app.log");
    std::fs::write(&file, records(1..=100_000)).unwrap();
    let script = format!(
        "{{ {} cat {}; echo $? >&2; }} | head -1",
        env!("CARGO_BIN_EXE_lh"),
        file.display()
    );
    let output = std::process::Command::new("sh")
        .args(["-c", &script])
        .output()
        .unwrap();
    assert_eq!(output.stdout, record(1));
    assert_eq!(output.stderr, b"0\n");
}

/// Across rollovers, many at once, also where the file that was read is
/// compressed by then.
#[test]
fn a_set_is_followed() {
    for write in [
        "rotate --max-bytes 3000 --backups 5000",
        "rotate --max-bytes 3000 --backups 5000 --compress gzip",
        "timed --when H --max-bytes 3000 --backups 5000 --compress zstd",
    ] {
        let folder = folder();
        let file = folder.path().join("app.log");
        let follow = Lh::new("tail -f -n 3").arg(&file).read_stdout().spawn();
        follow.expect_stderr("waiting for it");
        let mut last = 0;
        for _ in 0..4 {
            let mut writer = Lh::new(write).arg(&file).spawn();
            for _ in 0..5 {
                writer.write(&records(last + 1..=last + 100));
                last += 100;
                wait_for(Duration::from_millis(20), || false);
            }
            writer.end().expect(0);
        }
        let all = records(1..=last);
        let done = wait_for(Duration::from_secs(20), || {
            follow.stdout().len() >= all.len()
        });
        let report = Report::of_bytes(&follow.stdout(), 1..=last);
        assert!(done, "{write}: {report}; {}", follow.stderr());
        report.assert_perfect(write);
        follow.signal(Signal::SIGTERM);
        let outcome = follow.end();
        assert_eq!(outcome.code(), 128 + 15);
        assert_eq!(outcome.lines(), 1, "{}", outcome.stderr);
    }
}

/// It stands still while the file is rolled over several times and compressed.
#[test]
fn what_was_missed_is_caught_up_with() {
    let folder = folder();
    let file = folder.path().join("app.log");
    let write = "rotate --max-bytes 3000 --backups 5000 --compress gzip";
    Lh::new(write).arg(&file).feed(records(1..=10)).expect(0);
    let follow = Lh::new("tail -f -n 2").arg(&file).read_stdout().spawn();
    let reaches = |last: u64| {
        let want = records(9..=last);
        let held = wait_for(Duration::from_secs(20), || {
            follow.stdout().len() >= want.len()
        });
        let report = Report::of_bytes(&follow.stdout(), 9..=last);
        assert!(held, "{report}; {}", follow.stderr());
        assert!(follow.stdout() == want, "{report}");
    };
    reaches(10);
    follow.signal(Signal::SIGSTOP);
    Lh::new(write).arg(&file).feed(records(11..=1000)).expect(0);
    let packed = || {
        names(folder.path())
            .iter()
            .filter(|name| name.ends_with(".gz"))
            .count()
    };
    assert!(packed() > 10);
    follow.signal(Signal::SIGCONT);
    reaches(1000);
    assert_eq!(follow.stderr(), "");
}

#[test]
fn a_file_that_was_emptied_begins_anew() {
    let folder = folder();
    let file = folder.path().join("app.log");
    std::fs::write(&file, "one\ntwo\n").unwrap();
    let follow = Lh::new("tail -f").arg(&file).read_stdout().spawn();
    let reaches = |want: &[u8]| {
        let held = wait_for(Duration::from_secs(20), || follow.stdout() == want);
        let got = follow.stdout();
        assert!(held, "{}", got.escape_ascii());
    };
    reaches(b"one\ntwo\n");
    std::fs::OpenOptions::new()
        .write(true)
        .truncate(true)
        .open(&file)
        .unwrap();
    // It has to be seen before there is as much in it again.
    wait_for(Duration::from_millis(200), || false);
    std::fs::write(&file, "three\n").unwrap();
    reaches(b"one\ntwo\nthree\n");
}

/// Deleted before it was read: that is told.
#[test]
fn what_is_gone_is_told() {
    let folder = folder();
    let file = folder.path().join("app.log");
    std::fs::write(&file, "one\n").unwrap();
    let follow = Lh::new("tail -f").arg(&file).read_stdout().spawn();
    let held = wait_for(Duration::from_secs(20), || follow.stdout() == b"one\n");
    assert!(held);
    follow.signal(Signal::SIGSTOP);
    Lh::new("rotate --max-bytes 200 --backups 2")
        .arg(&file)
        .feed(records(1..=100))
        .expect(0);
    follow.signal(Signal::SIGCONT);
    follow.expect_stderr("lines may be missing");
    let tail = said("cat", &file, 0).0;
    let held = wait_for(Duration::from_secs(20), || follow.stdout().ends_with(&tail));
    assert!(held, "{}", follow.stdout().escape_ascii());
}
