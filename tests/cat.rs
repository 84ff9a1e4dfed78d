//! `lh cat` and `lh tail`: sets that `lh` itself has written, read in true
//! order, and followed while they are rolled over.
//!
//! Not tested here: the order of names by itself, which has a table beside it.

#![cfg(unix)]

#[path = "trials/support/mod.rs"]
#[allow(dead_code, unused_imports)]
mod trials;

use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;
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
        (
            "timed --when D --max-bytes 2000 --backups 100 --namer {stem}-{suffix}-{n}{ext}",
            "cat --namer {stem}-{suffix}-{n}{ext}",
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
        ("tail -n +1", 1),
        ("tail -n +0", 1),
        ("tail -n +2", 2),
        ("tail --lines=+36", 36),
        ("tail -n +40", 40),
        ("tail -n +2 --grep .", 2),
    ] {
        assert_eq!(said(args, &file, 0).0, records(first..=40), "{args}");
    }
    for args in ["tail -n 0", "tail -n +41", "tail -n +41 --grep ."] {
        assert_eq!(said(args, &file, 0).0, b"", "{args}");
    }
    for args in ["tail -n ++1", "tail --lines=+", "tail -n x", "tail -n 1+"] {
        let (_, stderr) = said(args, &file, 2);
        assert!(stderr.contains("from the tenth on"), "{args}: {stderr}");
    }
    // What nobody has ended counts, too.
    std::fs::write(folder.path().join("b.log.1"), "one\ntwo").unwrap();
    let file = folder.path().join("b.log");
    std::fs::write(&file, "three\nfour").unwrap();
    assert_eq!(said("tail -n +2", &file, 0).0, b"two\nthree\nfour");
    assert_eq!(said("tail -n +3", &file, 0).0, b"three\nfour");
}

/// A set may have more files than a process may open.
#[test]
fn more_files_than_can_be_open() {
    let folder = folder();
    let file = folder.path().join("app.log");
    for number in 1..=300 {
        let path = folder.path().join(format!("app.log.{number}"));
        std::fs::write(path, record(301 - number)).unwrap();
    }
    std::fs::write(&file, record(301)).unwrap();
    for (args, first) in [("cat", 1), ("tail -n 1", 301), ("tail -n 290", 12)] {
        let limit = ["sh", "-c", "ulimit -n 32; exec \"$@\"", "sh"];
        let outcome = Lh::new(args).arg(&file).under(limit).read_stdout().spawn();
        let outcome = outcome.end().expect(0);
        assert_eq!(outcome.stdout, records(first..=301), "{args}");
        assert_eq!(outcome.stderr, "");
    }
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

/// No backup is left out without a word.
#[test]
fn numbers_that_are_missing_and_names_that_are_there_twice() {
    let folder = folder();
    let file = folder.path().join("app.log");
    let name = |name: &str| folder.path().join(name);
    for (path, number) in [("app.log.40", 1), ("app.log.4", 2), ("app.log.3", 3)] {
        std::fs::write(name(path), record(number)).unwrap();
    }
    std::fs::write(&file, record(4)).unwrap();
    for args in ["cat", "tail"] {
        assert_eq!(
            said(args, &file, 0),
            (records(1..=4), String::new()),
            "{args}"
        );
    }
    std::fs::write(name("app.log.20231101"), "another's\n").unwrap();
    let told = format!("lh: {}: left out, ", name("app.log.20231101").display());
    for args in ["cat", "tail"] {
        let (bytes, stderr) = said(args, &file, 0);
        assert_eq!(bytes, records(1..=4), "{args}");
        assert!(
            stderr.starts_with(&told) && stderr.lines().count() == 1,
            "{stderr}"
        );
    }
    std::fs::remove_file(name("app.log.20231101")).unwrap();

    // What was packed before is older.
    let gzip = |args: &[&str]| {
        let mut gzip = std::process::Command::new("gzip");
        let gzip = gzip.args(args).arg(name("app.log.40")).status();
        assert!(gzip.unwrap().success());
    };
    gzip(&["-k"]);
    assert_eq!(said("cat", &file, 0), (records(1..=4), String::new()));
    let packed = std::fs::read(name("app.log.40.gz")).unwrap();
    std::fs::write(name("app.log.40.gz"), &packed[..packed.len() - 9]).unwrap();
    assert_eq!(said("cat", &file, 0), (records(1..=4), String::new()));
    std::fs::write(name("app.log.40"), "before\n").unwrap();
    gzip(&["-f"]);
    std::fs::write(name("app.log.40"), record(1)).unwrap();
    let (packed, plain) = (name("app.log.40.gz"), name("app.log.40"));
    let at = |path: &Path, secs| {
        let time = std::time::UNIX_EPOCH + Duration::from_secs(secs);
        let file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
        file.set_modified(time).unwrap();
    };
    at(&plain, 2_000);
    at(&packed, 1_000);
    let before = [b"before\n", &records(1..=4)[..]].concat();
    for args in ["cat", "tail"] {
        let (bytes, stderr) = said(args, &file, 0);
        assert_eq!(bytes, before, "{args}");
        let told = format!("lh: {}, {}: different", packed.display(), plain.display());
        assert!(
            stderr.starts_with(&told) && stderr.lines().count() == 1,
            "{stderr}"
        );
    }
    at(&packed, 3_000);
    let (bytes, _) = said("cat", &file, 0);
    assert!(bytes.starts_with(&[&record(1)[..], b"before\n"].concat()));
}

/// What has the look of a member and is not read is named, once for each reason.
#[test]
fn members_that_are_not_read_are_told() {
    let folder = folder();
    let file = folder.path().join("app.log");
    let names = [
        "app.log.1",
        "app.log.0",
        "app.log.2.xz",
        "app.log.3.bz2",
        "app.log.01",
        "app.log.202610",
        "app.log.202611",
        "app.log.bak",
        // Written last, or at the same time.
        "app.log-20261121",
    ];
    for name in names {
        std::fs::write(folder.path().join(name), format!("{name}\n")).unwrap();
    }
    std::fs::write(&file, "now\n").unwrap();
    let name = |name: &str| folder.path().join(name).display().to_string();
    let told = [
        (name("app.log.01"), "is not known", ""),
        (name("app.log.2.xz"), "gzip and zstd", " (1 more like it)"),
        (name("app.log.202610"), "far from", " (1 more like it)"),
    ];
    for args in ["cat", "tail"] {
        let (bytes, stderr) = said(args, &file, 0);
        let want = "app.log.1\napp.log.0\napp.log-20261121\nnow\n";
        assert_eq!(String::from_utf8_lossy(&bytes), want, "{args}");
        assert_eq!(stderr.lines().count(), told.len(), "{stderr}");
        for (name, why, more) in &told {
            let start = format!("lh: {name}: left out, because ");
            let mut lines = stderr.lines();
            let line = lines.find(|line| line.starts_with(&start));
            let fits = line.is_some_and(|line| line.contains(why) && line.ends_with(more));
            assert!(fits, "{stderr}");
        }
    }
}

/// Where something else ends a record, not a byte is added.
#[test]
fn records_that_no_newline_ends() {
    for options in [
        "--encoding utf-16-le",
        "--encoding utf-16-be",
        "--terminator \\0",
    ] {
        let folder = folder();
        let file = folder.path().join("app.log");
        let write = format!("rotate --max-bytes 500 --backups 99 {options}");
        Lh::new(&write).arg(&file).feed(records(1..=40)).expect(0);
        let mut whole = Vec::new();
        for number in (1..99).rev() {
            let path = folder.path().join(format!("app.log.{number}"));
            whole.extend(std::fs::read(path).unwrap_or_default());
        }
        whole.extend(std::fs::read(&file).unwrap());
        assert!(whole.contains(&0) && folder.path().join("app.log.3").exists());
        for args in ["cat", "tail -n 1000"] {
            assert!(said(args, &file, 0).0 == whole, "{args}, {options}");
        }
    }
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

/// The rest of a set is read around a backup that is damaged, or nobody's to read.
#[test]
fn one_bad_backup_does_not_take_the_others_with_it() {
    // What lies before the lines that are asked for is not looked at.
    for (args, first, code) in [("tail -n 50", 1, 1), ("tail -n 35", 16, 0), ("cat", 1, 1)] {
        let folder = folder();
        let file = folder.path().join("app.log");
        for number in 1..=4 {
            let text = records(40 - 10 * number + 1..=50 - 10 * number);
            std::fs::write(folder.path().join(format!("app.log.{number}")), text).unwrap();
        }
        std::fs::write(&file, records(41..=50)).unwrap();
        let bad = folder.path().join("app.log.4");
        let packed = std::process::Command::new("gzip").arg(&bad).status();
        assert!(packed.unwrap().success());
        let bad = bad.with_extension("4.gz");
        let whole = std::fs::read(&bad).unwrap();
        // Its text ends, and the sum behind it is missing.
        std::fs::write(&bad, &whole[..whole.len() - 4]).unwrap();
        let (bytes, stderr) = said(args, &file, code);
        let told = format!("lh: {}: cannot read: ", bad.display());
        assert_eq!(stderr.starts_with(&told), code == 1, "{args}: {stderr}");
        assert_eq!(stderr.lines().count() as i32, code, "{args}: {stderr}");
        assert_eq!(bytes, records(first..=50), "{args}");
    }
}

#[test]
fn what_one_may_not_read_is_left_out_and_told() {
    let folder = folder();
    let file = folder.path().join("app.log");
    for (name, number) in [("app.log.2", 1), ("app.log.1", 2), ("app.log", 3)] {
        std::fs::write(folder.path().join(name), record(number)).unwrap();
    }
    let closed = folder.path().join("app.log.1");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o000);
    std::fs::set_permissions(&closed, mode).unwrap();
    let told = format!("lh: {}: cannot read: ", closed.display());
    let want = [record(1), record(3)].concat();
    for args in ["cat", "tail"] {
        let lh = Lh::new(args).arg(&file).by_nobody(folder.path());
        let outcome = lh.read_stdout().spawn().end().expect(1);
        assert_eq!(outcome.stdout, want, "{args}");
        assert!(outcome.stderr.starts_with(&told), "{}", outcome.stderr);
        assert_eq!(outcome.lines(), 1, "{}", outcome.stderr);
    }
    // It is followed all the same, also where the next one is as closed for a while.
    let lh = Lh::new("tail -f").arg(&file).by_nobody(folder.path());
    let follow = lh.read_stdout().spawn();
    let reaches = |want: &[u8]| {
        let held = wait_for(Duration::from_secs(20), || follow.stdout() == want);
        assert!(held, "{}", follow.stdout().escape_ascii());
    };
    reaches(&want);
    follow.expect_stderr(&told);
    for number in [2, 1] {
        let name = |number| folder.path().join(format!("app.log.{number}"));
        std::fs::rename(name(number), name(number + 1)).unwrap();
    }
    let new = folder.path().join("new");
    std::fs::write(&new, record(4)).unwrap();
    let mode = |bits| std::os::unix::fs::PermissionsExt::from_mode(bits);
    std::fs::set_permissions(&new, mode(0o000)).unwrap();
    std::fs::rename(&file, folder.path().join("app.log.1")).unwrap();
    std::fs::rename(&new, &file).unwrap();
    follow.expect_stderr(&format!("lh: {}: cannot read: ", file.display()));
    wait_for(Duration::from_millis(300), || false);
    std::fs::set_permissions(&file, mode(0o644)).unwrap();
    reaches(&[want.clone(), record(4)].concat());
    let outcome = {
        follow.signal(Signal::SIGTERM);
        follow.end()
    };
    assert_eq!(outcome.lines(), 2, "{}", outcome.stderr);
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

/// Also where nothing more is written, so that no write could tell it.
#[test]
fn a_reader_that_has_seen_enough_ends_what_follows() {
    let folder = folder();
    let file = folder.path().join("app.log");
    std::fs::write(&file, records(1..=3)).unwrap();
    let (pipe, into_pipe) = std::io::pipe().unwrap();
    let (socket, into_socket) = UnixStream::pair().unwrap();
    let ends: [(OwnedFd, OwnedFd); 2] = [
        (pipe.into(), into_pipe.into()),
        (socket.into(), into_socket.into()),
    ];
    for (ours, theirs) in ends {
        let mut tail = std::process::Command::new(env!("CARGO_BIN_EXE_lh"));
        tail.args(["tail", "-f", "-n", "1"]).arg(&file);
        tail.stdout(theirs).stderr(Stdio::piped());
        let mut tail = tail.spawn().unwrap();
        let mut ours = std::fs::File::from(ours);
        let mut line = record(3);
        ours.read_exact(&mut line).unwrap();
        assert_eq!(line, record(3));
        drop(ours);
        let ended = || tail.try_wait().is_ok_and(|status| status.is_some());
        let in_time = wait_for(Duration::from_secs(15), ended);
        let _ = tail.kill();
        let outcome = tail.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&outcome.stderr);
        assert!(in_time, "it goes on; {stderr}");
        assert!(outcome.status.success() && stderr.is_empty(), "{stderr}");
    }
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
    // Whether there is less in it then, as much, or more.
    std::fs::write(&file, "three\n").unwrap();
    reaches(b"one\ntwo\nthree\n");
    std::fs::write(&file, "seven\n").unwrap();
    reaches(b"one\ntwo\nthree\nseven\n");
    std::fs::write(&file, "eight\nnine\n").unwrap();
    reaches(b"one\ntwo\nthree\nseven\neight\nnine\n");
    assert_eq!(follow.stderr(), "");
}

/// By a command that copies it and empties it: what was not read yet is in the copies,
/// plain or compressed by then.
#[test]
fn a_file_that_is_copied_and_emptied_is_followed() {
    for more in ["", "--compress gzip "] {
        let folder = folder();
        let file = folder.path().join("app.log");
        let write = format!("rotate --max-bytes 3000 --backups 5000 {more}--rotator");
        let write = |from: u64, to: u64| {
            let copy = r#"cp "$LH_SOURCE" "$LH_DEST" && : > "$LH_SOURCE""#;
            let lh = Lh::new(&write).arg(copy).arg(&file);
            lh.feed(records(from..=to)).expect(0);
        };
        write(1, 30);
        let follow = Lh::new("tail -f -n +1").arg(&file).read_stdout().spawn();
        let reaches = |last: u64| {
            let all = records(1..=last);
            let done = wait_for(Duration::from_secs(20), || {
                follow.stdout().len() >= all.len()
            });
            let report = Report::of_bytes(&follow.stdout(), 1..=last);
            assert!(done, "{more}: {report}; {}", follow.stderr());
            report.assert_perfect(more);
        };
        reaches(30);
        // While it goes, and while it stands still.
        write(31, 400);
        reaches(400);
        follow.signal(Signal::SIGSTOP);
        write(401, 700);
        follow.signal(Signal::SIGCONT);
        reaches(700);
        assert_eq!(follow.stderr(), "", "{more}");
    }
}

/// A handler that rolls over by other intervals gives other names; nothing comes twice.
#[test]
fn a_set_is_followed_over_a_change_of_names() {
    let folder = folder();
    let file = folder.path().join("app.log");
    let write = |when: &str, from: u64, to: u64| {
        let options = format!("timed --when {when} --max-bytes 200");
        let lh = Lh::new(&options).arg(&file);
        lh.feed(records(from..=to)).expect(0);
    };
    write("S", 1, 40);
    let follow = Lh::new("tail -f -n +1").arg(&file).read_stdout().spawn();
    for (when, from, to) in [("H", 41, 80), ("D", 81, 120), ("S", 121, 160)] {
        write(when, from, to);
        let all = records(1..=to);
        wait_for(Duration::from_secs(20), || {
            follow.stdout().len() >= all.len()
        });
        let report = Report::of_bytes(&follow.stdout(), 1..=to);
        report.assert_perfect(when);
    }
    assert_eq!(follow.stderr(), "");
}

/// As by logrotate, which renames the file and makes another one before the program
/// hears of it.
#[test]
fn what_comes_late_in_a_renamed_file_is_followed() {
    let folder = folder();
    let file = folder.path().join("app.log");
    let append = |path: &Path| {
        let mut options = std::fs::OpenOptions::new();
        options.create(true).append(true).open(path).unwrap()
    };
    let write = |mut file: &std::fs::File, number: u64| {
        std::io::Write::write_all(&mut file, &record(number)).unwrap();
    };
    let mut old = append(&file);
    write(&old, 1);
    let follow = Lh::new("tail -f").arg(&file).read_stdout().spawn();
    let reaches = |numbers: &[u64]| {
        let want: Vec<u8> = numbers.iter().flat_map(|number| record(*number)).collect();
        let held = wait_for(Duration::from_secs(20), || follow.stdout() == want);
        assert!(held, "{}", follow.stdout().escape_ascii());
    };
    reaches(&[1]);
    for round in 0..3u64 {
        let number = 10 * round;
        for at in (1..=round).rev() {
            let name = |at| folder.path().join(format!("app.log.{at}"));
            std::fs::rename(name(at), name(at + 1)).unwrap();
        }
        std::fs::rename(&file, folder.path().join("app.log.1")).unwrap();
        let new = append(&file);
        // Time to notice the new one, in which nothing stands.
        wait_for(Duration::from_millis(200), || false);
        write(&old, number + 2);
        wait_for(Duration::from_millis(200), || false);
        write(&old, number + 3);
        write(&new, number + 4);
        let mut all: Vec<u64> = vec![1];
        all.extend((0..=round).flat_map(|round| (2..=4).map(move |at| 10 * round + at)));
        reaches(&all[..]);
        old = new;
    }
    // Of several programs, one is slower than the others.
    let slow = append(&folder.path().join("app.log.1"));
    write(&slow, 99);
    reaches(&[1, 2, 3, 4, 12, 13, 14, 22, 23, 24, 99]);
    write(&old, 100);
    reaches(&[1, 2, 3, 4, 12, 13, 14, 22, 23, 24, 99, 100]);
    // Also where it is nobody's any more.
    std::fs::remove_file(folder.path().join("app.log.1")).unwrap();
    wait_for(Duration::from_millis(200), || false);
    write(&slow, 101);
    reaches(&[1, 2, 3, 4, 12, 13, 14, 22, 23, 24, 99, 100, 101]);
    assert_eq!(follow.stderr(), "");
}

/// It stands still meanwhile; which of them was read is told by when it was written.
#[test]
fn compressed_files_of_one_text_are_told_apart() {
    let folder = folder();
    let file = folder.path().join("app.log");
    let name = |number: usize| folder.path().join(format!("app.log.{number}"));
    let roll = |count: usize, secs: u64| {
        for number in (1..=count).rev() {
            let ending = |number| name(number).with_extension(format!("{number}.gz"));
            let _ = std::fs::rename(ending(number), ending(number + 1));
        }
        let time = std::time::UNIX_EPOCH + Duration::from_secs(secs);
        let own = std::fs::File::options().append(true).open(&file).unwrap();
        own.set_modified(time).unwrap();
        std::fs::rename(&file, name(1)).unwrap();
        let packed = std::process::Command::new("gzip").arg(name(1)).status();
        assert!(packed.unwrap().success());
        std::fs::write(&file, "alive\n").unwrap();
    };
    std::fs::write(&file, "alive\n").unwrap();
    roll(0, 1_700_000_000);
    roll(1, 1_700_000_010);
    let follow = Lh::new("tail -f -n +1").arg(&file).read_stdout().spawn();
    let reaches = |count: usize| {
        let want = "alive\n".repeat(count).into_bytes();
        let held = wait_for(Duration::from_secs(20), || follow.stdout() == want);
        assert!(held, "{count}: {}", follow.stdout().escape_ascii());
    };
    reaches(3);
    follow.signal(Signal::SIGSTOP);
    for count in 2..7 {
        roll(count, 1_700_000_010 + 10 * count as u64);
    }
    follow.signal(Signal::SIGCONT);
    reaches(8);
    assert_eq!(follow.stderr(), "");
}

#[test]
fn a_link_that_leads_elsewhere_is_followed() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let (link, new) = (path("cur"), path("new"));
    let turn = |to: &str| {
        std::os::unix::fs::symlink(path(to), &new).unwrap();
        std::fs::rename(&new, &link).unwrap();
    };
    let append = |name: &str, number: u64| {
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.create(true).append(true).open(path(name)).unwrap();
        std::io::Write::write_all(&mut file, &record(number)).unwrap();
    };
    let follow = Lh::new("tail -f").arg(&link).read_stdout().spawn();
    follow.expect_stderr("waiting for it");
    let reaches = |last: u64| {
        let want = records(1..=last);
        let held = wait_for(Duration::from_secs(20), || follow.stdout() == want);
        assert!(held, "{}", follow.stdout().escape_ascii());
    };
    // It is there after what it leads to was rolled over.
    std::fs::write(path("app.1.2"), "long before\n").unwrap();
    let old = std::fs::File::options().append(true).open(path("app.1.2"));
    old.unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    append("app.1.1", 1);
    append("app.1", 2);
    turn("app.1");
    reaches(2);
    append("app.1", 3);
    append("app.2", 4);
    turn("app.2");
    reaches(4);
    // Back again: that was read.
    append("app.1", 5);
    turn("app.1");
    reaches(5);
    // To something that is not there yet.
    turn("app.3");
    append("app.1", 6);
    reaches(6);
    append("app.3", 7);
    reaches(7);
    // And to a file of its own.
    append("app.3", 8);
    std::fs::write(&new, record(9)).unwrap();
    std::fs::rename(&new, &link).unwrap();
    reaches(9);
    assert_eq!(follow.stderr().lines().count(), 1, "{}", follow.stderr());
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

/// Each time another file stands there, and the one before is nowhere.
#[test]
fn many_that_are_gone_are_told_once_and_at_the_end() {
    let folder = folder();
    let file = folder.path().join("app.log");
    std::fs::write(&file, record(1)).unwrap();
    let mut lh = std::process::Command::new(env!("CARGO_BIN_EXE_lh"))
        .args(["tail", "-f"])
        .arg(&file)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = lh.stdout.take().unwrap();
    let mut expect = |number| {
        let mut got = vec![0; record(number).len()];
        std::io::Read::read_exact(&mut stdout, &mut got).unwrap();
        assert_eq!(got, record(number));
    };
    let replace = |number| {
        let new = folder.path().join("new");
        std::fs::write(&new, record(number)).unwrap();
        std::fs::rename(&new, &file).unwrap();
    };
    expect(1);
    for number in 2..=6 {
        replace(number);
        expect(number);
    }
    drop(stdout);
    let ended = lh.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0));
    let stderr = String::from_utf8(ended.stderr).unwrap();
    let lines: Vec<&str> = stderr.lines().collect();
    assert!(
        lines.len() == 2 && lines[1].contains(", 5 times by now"),
        "{stderr}"
    );
}

/// A line a second from midnight on, of which each tenth is an error with a trace.
fn timed_lines(count: u32) -> String {
    let line = |n: u32| {
        let clock = format!("{:02}:{:02}:{:02}", n / 3600, n / 60 % 60, n % 60);
        match n % 10 {
            0 => format!("2026-11-23 {clock},000 ERROR n={n}\nTraceback:\n  at {n}\n"),
            _ => format!("2026-11-23 {clock},000 INFO n={n}\n"),
        }
    };
    (0..count).map(line).collect()
}

#[test]
fn records_are_picked_by_time_level_and_text() {
    for options in ["", " --compress gzip", " --namer {stem}-{n}{ext}"] {
        let folder = folder();
        let file = folder.path().join("app.log");
        let write = format!("rotate --max-bytes 4000 --backups 100{options}");
        let text = timed_lines(2000);
        let outcome = Lh::new(&write).arg(&file).feed(text.as_bytes());
        outcome.expect(0);
        let namer = options
            .strip_prefix(" --namer")
            .map(|name| format!(" --namer{name}"));
        let namer = namer.unwrap_or_default();
        let run = |command: &str, more: &str| {
            let (out, stderr) = said(&format!("{command}{namer} {more}"), &file, 0);
            assert_eq!(stderr, "");
            String::from_utf8(out).unwrap()
        };
        let between =
            |from: &str, to: &str| &text[text.find(from).unwrap()..text.find(to).unwrap()];
        assert_eq!(run("cat", "--grep ."), text);
        assert_eq!(
            run(
                "cat",
                "--since 2026-11-23T00:10:00 --until 2026-11-23T00:20:00"
            ),
            between("2026-11-23 00:10:00", "2026-11-23 00:20:00")
        );
        let errors = run("cat", "--min-level error --until 2026-11-23T00:01:00");
        assert_eq!(errors.lines().count(), 18, "{errors}");
        assert!(errors.contains("00:00:50,000 ERROR n=50\nTraceback:\n  at 50\n"));
        let found = run("cat", "--grep at.1990$ --grep n=3$");
        assert!(found.contains("INFO n=3\n") && found.contains("ERROR n=1990\nTraceback:"));
        assert_eq!(found.lines().count(), 4, "{found}");
        let last = run("tail", "-n 2 --min-level error");
        assert_eq!(last.lines().count(), 6, "{last}");
        assert!(
            last.contains("n=1980\n") && last.ends_with("  at 1990\n"),
            "{last}"
        );
    }
    let folder = folder();
    let (_, stderr) = said("cat --since yesterday", &folder.path().join("x"), 2);
    assert!(
        stderr.contains("--since: \"yesterday\" is no time: write "),
        "{stderr}"
    );
}

#[test]
fn picked_records_are_followed_over_rollovers() {
    let folder = folder();
    let file = folder.path().join("app.log");
    let mut writer = Lh::new("rotate --max-bytes 2000 --backups 100")
        .arg(&file)
        .spawn();
    let until = |holds: &mut dyn FnMut() -> bool| wait_for(Duration::from_secs(20), holds);
    writer.write(timed_lines(5).as_bytes());
    assert!(until(&mut || file.exists()));
    let tail = Lh::new("tail -n 1 -f --min-level error")
        .arg(&file)
        .read_stdout()
        .spawn();
    let read = || String::from_utf8(tail.stdout()).unwrap();
    assert!(until(&mut || read().contains("n=0\n")), "{}", read());
    let all = timed_lines(400);
    for part in all.as_bytes()[timed_lines(5).len()..].chunks(700) {
        writer.write(part);
    }
    assert!(until(&mut || read().ends_with("  at 390\n")), "{}", read());
    let found = read();
    assert_eq!(found.matches("ERROR").count(), 40, "{found}");
    assert_eq!(found.lines().count(), 120, "{found}");
    assert!(folder.path().join("app.log.5").exists());
    tail.signal(Signal::SIGTERM);
    tail.end();
    writer.end().expect(0);
}

/// Of several sets, each is picked from by itself.
#[test]
fn sets_do_not_run_into_one_another() {
    let folder = folder();
    let (one, other) = (folder.path().join("one"), folder.path().join("other"));
    let timed = "2026-11-23 10:00:00 INFO start\n2026-11-23 10:00:01 ERROR bad thing";
    std::fs::write(&one, timed).expect("written");
    std::fs::write(&other, "plain one\nplain two\nplain three\n").expect("written");
    for (pick, want) in [
        ("bad", "2026-11-23 10:00:01 ERROR bad thing\n"),
        ("two", "plain two\n"),
        (
            "bad|two",
            "2026-11-23 10:00:01 ERROR bad thing\nplain two\n",
        ),
    ] {
        let lh = Lh::new("cat --grep").arg(pick).arg(&one).arg(&other);
        let outcome = lh.read_stdout().spawn().end().expect(0);
        assert_eq!(String::from_utf8_lossy(&outcome.stdout), want);
    }
}

/// What is read would be written behind it, for ever.
#[test]
fn the_output_is_not_read() {
    let folder = folder();
    let (log, old) = (folder.path().join("log"), folder.path().join("log.1"));
    std::fs::write(&log, "new\n").expect("written");
    std::fs::write(&old, "old\n").expect("written");
    let script = "\"$0\" cat log >>log 2>said; echo $? >>said";
    let ended = std::process::Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_lh")])
        .current_dir(folder.path())
        .status();
    assert!(ended.expect("a shell").success());
    assert_eq!(std::fs::read_to_string(&log).expect("it"), "new\nold\n");
    let said = std::fs::read_to_string(folder.path().join("said")).expect("it");
    assert!(
        said.contains("it is the output") && said.ends_with("\n1\n"),
        "{said}"
    );
}

/// What has no time that is known can't be picked by one, which is told once for a set.
#[test]
fn what_can_t_be_picked_by_time_is_told() {
    let folder = folder();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    };
    let none = write("none", "one\nten o'clock: two\n");
    let some = write("some", "one\n2026-11-23 10:00:00 two\n");
    let empty = write("empty", "");
    let told = format!("lh: {}: no line begins with a time that lh", none.display());
    for (args, want) in [
        ("cat --since 2026-11-23", ""),
        ("cat --until 2026-11-23", "one\nten o'clock: two\n"),
        ("tail --until 2026-11-23", "one\nten o'clock: two\n"),
    ] {
        let (out, stderr) = said(args, &none, 0);
        assert_eq!(String::from_utf8_lossy(&out), want, "{args}");
        assert!(
            stderr.starts_with(&told) && stderr.lines().count() == 1,
            "{stderr}"
        );
        for file in [&some, &empty] {
            assert_eq!(said(args, file, 0).1, "", "{args}");
        }
    }
    assert_eq!(said("cat --grep one --min-level info", &none, 0).1, "");
    // Of several, the one that it is true of.
    for files in [[&some, &none], [&none, &some]] {
        let lh = Lh::new("cat --since 2026-11-23")
            .arg(files[0])
            .arg(files[1]);
        let outcome = lh.read_stdout().spawn().end().expect(0);
        assert!(outcome.stderr.starts_with(&told), "{}", outcome.stderr);
        assert_eq!(outcome.lines(), 1, "{}", outcome.stderr);
    }
    let follow = Lh::new("tail -f --since 2026-11-23").arg(&none).spawn();
    follow.expect_stderr(&told);
    follow.signal(Signal::SIGTERM);
    follow.end();
}

#[test]
fn a_zone_that_is_not_known_is_told() {
    let folder = folder();
    let file = folder.path().join("pg.log");
    let line = |zone: &str| format!("2026-11-23 10:00:00.123 {zone} [12] LOG:  x\n");
    std::fs::write(&file, line("UTC") + &line("XYZT") + &line("XYZT")).expect("written");
    let run = |args: &str| {
        let lh = Lh::new(args).arg(&file).env("TZ", "America/New_York");
        let outcome = lh.read_stdout().spawn().end().expect(0);
        (
            String::from_utf8(outcome.stdout).expect("text"),
            outcome.stderr,
        )
    };
    let (out, stderr) = run("cat --until 2026-11-23T10:01:00Z");
    assert_eq!(out, line("UTC"));
    let told = format!("lh: {}: which time zone XYZT is meant", file.display());
    assert!(
        stderr.starts_with(&told) && stderr.lines().count() == 1,
        "{stderr}"
    );
    assert_eq!(run("cat --grep x").1, "");
}

/// As `--encoding utf-16` writes it, each file with a mark.
#[test]
fn wide_characters_are_picked_and_counted() {
    for encoding in ["utf-16", "utf-32", "utf-16-be", "utf-32-le"] {
        let folder = folder();
        let file = folder.path().join("app.log");
        let write = format!("rotate --max-bytes 2000 --backups 99 --encoding {encoding}");
        let line = |number: u32| {
            let level = ["INFO", "ERROR"][usize::from(number.is_multiple_of(10))];
            format!("2026-11-23 10:00:{number:02} {level} Ċ n={number} ä\n")
        };
        let lines = |from, to| (from..=to).map(line).collect::<String>();
        let text = lines(0, 59);
        Lh::new(&write).arg(&file).feed(text.clone()).expect(0);
        assert!(folder.path().join("app.log.1").exists());
        let run = |args: &str| {
            let (out, stderr) = said(args, &file, 0);
            assert_eq!(stderr, "", "{args}");
            String::from_utf8(out).expect("UTF-8")
        };
        for command in ["cat", "tail -n 100"] {
            let picked = run(&format!("{command} --min-level error"));
            assert_eq!(picked.lines().count(), 6, "{encoding}: {picked}");
            let picked = run(&format!("{command} --since 2026-11-23T10:00:50"));
            assert_eq!(picked, lines(50, 59), "{encoding}");
            assert_eq!(run(&format!("{command} --grep n=33")), line(33));
        }
        assert_eq!(run("tail -n 1 --grep ERROR"), line(50));
        if encoding.matches('-').count() > 1 {
            // Nothing says so there.
            continue;
        }
        assert_eq!(run("tail -n 2"), lines(58, 59), "{encoding}");
        assert_eq!(run("tail -n 40"), lines(20, 59), "{encoding}");
        assert_eq!(run("tail -n +51"), lines(50, 59), "{encoding}");
        let follow = Lh::new("tail -f -n 1").arg(&file).read_stdout().spawn();
        let reaches = |want: &str| {
            let held = wait_for(Duration::from_secs(20), || {
                follow.stdout() == want.as_bytes()
            });
            assert!(held, "{}", follow.stdout().escape_ascii());
        };
        reaches(&line(59));
        Lh::new(&write).arg(&file).feed(lines(60, 99)).expect(0);
        reaches(&lines(59, 99));
        follow.signal(Signal::SIGTERM);
        follow.end();
    }
}

/// `app.log*` names those that are printed with the first.
#[test]
fn a_backup_that_is_named_itself_is_printed_once() {
    let folder = folder();
    let names = ["app.log", "app.log.1", "app.log.2"];
    for (name, number) in names.iter().zip([3, 2, 1]) {
        std::fs::write(folder.path().join(name), record(number)).unwrap();
    }
    std::fs::write(folder.path().join("app.log.old"), record(4)).unwrap();
    let run = |args: &str, names: &[&str]| {
        let paths = names.iter().map(|name| folder.path().join(name));
        let lh = paths.fold(Lh::new(args), |lh, path| lh.arg(path));
        let outcome = lh.read_stdout().spawn().end().expect(0);
        assert_eq!(outcome.stderr, "");
        outcome.stdout
    };
    for args in ["cat", "cat --grep ."] {
        let all = ["app.log", "app.log.1", "app.log.2", "app.log.old"];
        assert_eq!(run(args, &all), records(1..=4), "{args}");
        let all = ["app.log.2", "app.log.1", "app.log"];
        assert_eq!(run(args, &all), records(1..=3), "{args}");
        // Alone, they are what they are.
        let two = [record(2), record(1)].concat();
        assert_eq!(run(args, &["app.log.1", "app.log.2"]), two, "{args}");
        assert_eq!(run(args, &["app.log.1"]), record(2), "{args}");
    }
    // By these names, each is a rolled-over file of the other.
    for (name, number) in [("web.1", 2), ("web.2", 1)] {
        std::fs::write(folder.path().join(name), record(number)).unwrap();
    }
    let read = run("cat --namer {stem}.{n}", &["web.1", "web.2"]);
    Report::of_bytes(&read, 1..=2).assert_sound("each of the other");
    assert_eq!(read.len(), records(1..=2).len());
}

/// The second of a day is no older file of the first.
#[test]
fn a_backup_by_itself_is_no_set() {
    let folder = folder();
    let file = folder.path().join("app.log");
    let mut lh = Lh::new("timed --when midnight").arg(&file).spawn();
    for number in 1..=3 {
        assert!(lh.write(&record(number)));
        let held = wait_for(Duration::from_secs(20), || {
            std::fs::read(&file).is_ok_and(|text| text == record(number))
        });
        assert!(held, "{}", lh.stderr());
        lh.signal(Signal::SIGALRM);
        let held = wait_for(Duration::from_secs(20), || {
            std::fs::read(&file).map_or(true, |text| text.is_empty())
        });
        assert!(held, "{}", lh.stderr());
    }
    lh.close_input();
    lh.end().expect(0);
    let all = names(folder.path());
    let first = all.iter().find(|name| all.contains(&format!("{name}.1")));
    // But for a midnight that comes between, they have one day.
    let Some(first) = first.filter(|name| *name != "app.log") else {
        assert!(all.len() >= 3, "{all:?}");
        return;
    };
    assert_eq!(said("cat", &folder.path().join(first), 0).0, record(1));
    assert_eq!(said("cat", &file, 0).0, records(1..=3));
}

/// Who searches further than that would have to hold all of it.
#[test]
fn a_record_that_is_searched_in_part_is_told() {
    let folder = folder();
    let file = folder.path().join("app.log");
    let text = format!("{}needle\nneedle\n", "hay\n ".repeat(500_000));
    std::fs::write(&file, text).expect("written");
    let (out, stderr) = said("cat --grep needle", &file, 0);
    assert_eq!(out, b"needle\n");
    let told = format!("lh: {}: a record is longer than 1 MiB", file.display());
    assert!(
        stderr.starts_with(&told) && stderr.lines().count() == 1,
        "{stderr}"
    );
    assert_eq!(said("cat --grep hay --min-level info", &file, 0).1, "");
}

/// Text in UTF-16, with its mark.
fn wide(text: &str) -> Vec<u8> {
    let units = text.encode_utf16();
    let bytes = units.flat_map(u16::to_le_bytes);
    [0xff, 0xfe].into_iter().chain(bytes).collect()
}

/// Each file of a set is read as it is encoded, whichever is read first, and also where
/// one goes on that was read before.
#[test]
fn files_of_a_set_may_be_encoded_in_different_ways() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let file = path("app.log");
    std::fs::write(path("app.log.3"), wide("first ä\nsecond")).unwrap();
    std::fs::write(path("app.log.2"), "third ä\nfourth").unwrap();
    std::fs::write(path("app.log.1"), wide("fifth ä\n")).unwrap();
    std::fs::write(&file, "sixth ä\n").unwrap();
    let all = "first ä\nsecond\nthird ä\nfourth\nfifth ä\nsixth ä\n";
    for command in ["cat", "tail -n 99", "tail -n +1"] {
        let (out, stderr) = said(&format!("{command} --grep ."), &file, 0);
        assert_eq!(String::from_utf8_lossy(&out), all, "{command}");
        assert_eq!(stderr, "", "{command}");
    }
    let follow = Lh::new("tail -f -n 1 --grep .").arg(&file);
    let follow = follow.read_stdout().spawn();
    let reaches = |want: &str| {
        let held = wait_for(Duration::from_secs(20), || {
            follow.stdout() == want.as_bytes()
        });
        assert!(held, "{}", follow.stdout().escape_ascii());
    };
    reaches("sixth ä\n");
    std::fs::rename(&file, path("app.log.0")).unwrap();
    std::fs::write(&file, wide("seventh ä\n")).unwrap();
    reaches("sixth ä\nseventh ä\n");
    // Late in the one before, and then again in this one.
    let append = |file: &Path, bytes: &[u8]| {
        let mut file = std::fs::File::options().append(true).open(file).unwrap();
        std::io::Write::write_all(&mut file, bytes).unwrap();
    };
    append(&path("app.log.0"), "late ä\n".as_bytes());
    reaches("sixth ä\nseventh ä\nlate ä\n");
    append(&file, &wide("eighth ä\n")[2..]);
    reaches("sixth ä\nseventh ä\nlate ä\neighth ä\n");
}

/// What comes in pieces is one record all the same.
#[test]
fn a_long_record_is_kept_whole() {
    let folder = folder();
    let file = folder.path().join("app.log");
    let long = format!("long {}\n", "x".repeat(3 << 20));
    std::fs::write(&file, format!("one\n{long}two\n")).unwrap();
    let (out, _) = said("tail -n 2 --since 2020-01-01 --grep .", &file, 0);
    assert_eq!(out, b"", "none has a time");
    for (count, want) in [(1, "two\n".to_owned()), (2, format!("{long}two\n"))] {
        let (out, _) = said(&format!("tail -n {count} --grep ."), &file, 0);
        assert!(out == want.as_bytes(), "{count}: {} bytes", out.len());
    }
}

/// Copied and emptied twice between two looks, of which the first finds it empty.
#[test]
fn what_came_into_an_empty_file_and_went_is_followed() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let file = path("app.log");
    std::fs::write(path("app.log.1"), "one\n").unwrap();
    std::fs::write(&file, "").unwrap();
    let follow = Lh::new("tail -f").arg(&file).read_stdout().spawn();
    let reaches = |want: &str| {
        let held = wait_for(Duration::from_secs(20), || {
            follow.stdout() == want.as_bytes()
        });
        assert!(held, "{}", follow.stdout().escape_ascii());
    };
    reaches("one\n");
    follow.signal(Signal::SIGSTOP);
    std::fs::write(&file, "two\n").unwrap();
    std::fs::rename(path("app.log.1"), path("app.log.2")).unwrap();
    std::fs::copy(&file, path("app.log.1")).unwrap();
    std::fs::write(&file, "three\n").unwrap();
    follow.signal(Signal::SIGCONT);
    reaches("one\ntwo\nthree\n");
    // As long as there is no new copy, its first text is just that.
    std::fs::write(&file, "").unwrap();
    std::fs::write(&file, "four\n").unwrap();
    reaches("one\ntwo\nthree\nfour\n");
    assert_eq!(follow.stderr(), "");
}

/// A copy may be written over the one before.
#[test]
fn a_copy_over_a_copy_is_followed() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let file = path("app.log");
    std::fs::write(path("app.log.1"), "one\n").unwrap();
    let backup = std::fs::File::options()
        .append(true)
        .open(path("app.log.1"));
    let then = std::time::SystemTime::now() - Duration::from_secs(60);
    backup.unwrap().set_modified(then).unwrap();
    std::fs::write(&file, "").unwrap();
    let follow = Lh::new("tail -f").arg(&file).read_stdout().spawn();
    let reaches = |want: &str| {
        let held = wait_for(Duration::from_secs(20), || {
            follow.stdout() == want.as_bytes()
        });
        assert!(held, "{}", follow.stdout().escape_ascii());
    };
    reaches("one\n");
    follow.signal(Signal::SIGSTOP);
    std::fs::write(&file, "two, longer\n").unwrap();
    std::fs::copy(&file, path("app.log.1")).unwrap();
    std::fs::write(&file, "three\n").unwrap();
    follow.signal(Signal::SIGCONT);
    reaches("one\ntwo, longer\nthree\n");
}

/// What was there before is no copy of what came since, whatever becomes of it: it goes
/// on, it is compressed, it is put there.
#[test]
fn what_is_no_copy_of_an_empty_file_is_not_read() {
    for case in ["late", "packed", "restored"] {
        let folder = folder();
        let path = |name: &str| folder.path().join(name);
        let (file, backup) = (path("app.log"), path("app.log.1"));
        let age = |path: &Path, days: u64| {
            let file = std::fs::File::options().append(true).open(path).unwrap();
            let then = std::time::SystemTime::now() - Duration::from_secs(days * 86_400);
            file.set_modified(then).unwrap();
        };
        if case != "restored" {
            std::fs::write(&backup, "old\n").unwrap();
            age(&backup, 1);
        }
        std::fs::write(&file, "").unwrap();
        let follow = Lh::new("tail -n 0 -f").arg(&file).read_stdout().spawn();
        let opened = || {
            let fds = std::fs::read_dir(format!("/proc/{}/fd", follow.pid()));
            let links = fds.into_iter().flatten().flatten();
            links
                .filter_map(|fd| std::fs::read_link(fd.path()).ok())
                .any(|link| link == file)
        };
        // It is opened for a moment before it is opened to stay.
        let mut times = 0;
        let stays = || {
            times = if opened() { times + 1 } else { 0 };
            times == 3
        };
        assert!(wait_for(Duration::from_secs(20), stays));
        follow.signal(Signal::SIGSTOP);
        match case {
            "late" => {
                let mut old = std::fs::File::options().append(true).open(&backup).unwrap();
                std::io::Write::write_all(&mut old, b"late\n").unwrap();
            }
            "packed" => {
                let packed = std::process::Command::new("gzip")
                    .arg("-n")
                    .arg(&backup)
                    .status();
                assert!(packed.unwrap().success());
                let packed = path("app.log.1.gz");
                let file = std::fs::File::options().append(true).open(&packed).unwrap();
                file.set_modified(std::time::SystemTime::now()).unwrap();
            }
            _ => {
                std::fs::write(&backup, "old\n").unwrap();
                age(&backup, 2);
            }
        }
        std::fs::write(&file, "new\n").unwrap();
        follow.signal(Signal::SIGCONT);
        let held = wait_for(Duration::from_secs(20), || {
            follow.stdout().ends_with(b"new\n")
        });
        assert!(held, "{case}: {}", follow.stdout().escape_ascii());
        assert_eq!(
            follow.stdout().escape_ascii().to_string(),
            "new\\n",
            "{case}"
        );
    }
}

/// A link to a directory that is turned, as of releases, and a directory that stands
/// under the name for a moment.
#[test]
fn directories_may_change_under_what_is_followed() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    for (release, text) in [("1", "one\n"), ("2", "two\n")] {
        std::fs::create_dir(path(release)).unwrap();
        std::fs::write(path(release).join("app.log"), text).unwrap();
    }
    let turn = |to: &str| {
        std::os::unix::fs::symlink(path(to), path("new")).unwrap();
        std::fs::rename(path("new"), path("current")).unwrap();
    };
    turn("1");
    let file = path("current").join("app.log");
    let follow = Lh::new("tail -f").arg(&file).read_stdout().spawn();
    let reaches = |want: &str| {
        let held = wait_for(Duration::from_secs(20), || {
            follow.stdout() == want.as_bytes()
        });
        let stderr = follow.stderr();
        assert!(held, "{} {stderr}", follow.stdout().escape_ascii());
    };
    reaches("one\n");
    turn("2");
    reaches("one\ntwo\n");
    assert_eq!(follow.stderr(), "");
    std::fs::rename(&file, path("2").join("app.log.1")).unwrap();
    std::fs::create_dir(&file).unwrap();
    follow.expect_stderr("it is no regular file");
    std::fs::remove_dir(&file).unwrap();
    std::fs::write(&file, "three\n").unwrap();
    reaches("one\ntwo\nthree\n");
    assert_eq!(follow.stderr().lines().count(), 1, "{}", follow.stderr());
}

/// A file that is too short to tell how it is encoded.
#[test]
fn the_first_bytes_are_shown_at_once() {
    let folder = folder();
    let file = folder.path().join("app.log");
    std::fs::write(&file, "a\n").unwrap();
    let follow = Lh::new("tail -f --grep .").arg(&file).read_stdout().spawn();
    let held = wait_for(Duration::from_secs(20), || follow.stdout() == b"a\n");
    assert!(held, "{}", follow.stdout().escape_ascii());
}
