//! One file: how it is opened, followed, encoded, made durable, and refused.
//!
//! Not tested here: what survives a power cut, a failing fsync, a full disk
//! (they need file systems of their own); many writers (`many.rs`).

use std::io::Read;
use std::os::unix::fs::MetadataExt;

use nix::sys::signal::Signal;

use crate::support::{Folder, peer, until};

#[test]
fn it_appends_unless_told_to_empty_the_file() {
    let folder = Folder::new();
    folder.write("a.log", "old\n");
    folder.lh("file a.log").with("new\n").ok();
    folder.lh("file --mode append a.log").with("newer\n").ok();
    assert_eq!(folder.text("a.log"), "old\nnew\nnewer\n");
    folder.lh("file --mode truncate a.log").with("only\n").ok();
    assert_eq!(folder.text("a.log"), "only\n");
    folder.lh("file --mode truncate a.log").run().ok();
    assert_eq!(folder.text("a.log"), "");
    for handler in ["rotate --max-bytes 1M --backups 1", "timed"] {
        folder.write("b.log", "old\n");
        folder
            .lh(handler)
            .args(["--mode", "truncate", "b.log"])
            .with("x\n")
            .ok();
        assert_eq!(folder.text("b.log"), "x\n", "{handler}");
    }
}

#[test]
fn emptying_happens_once() {
    let folder = Folder::new();
    let mut lh = folder.lh("file --mode truncate --watch a.log").start();
    lh.send_to("one\n", "a.log");
    folder.rename("a.log", "b.log");
    folder.write("a.log", "of another program\n");
    lh.send_to("two\n", "a.log").signal(Signal::SIGHUP);
    lh.send_to("three\n", "a.log");
    lh.end().ok();
    assert_eq!(folder.text("b.log"), "one\n");
    assert_eq!(folder.text("a.log"), "of another program\ntwo\nthree\n");
}

/// As the log is: logrotate moves both away, and sends one signal.
#[test]
fn dead_letters_are_written_to_the_file_of_that_name() {
    let folder = Folder::new();
    for handler in ["file", "queue file"] {
        let words = format!("{handler} --on-error drop --dead-letter dead /dev/full + file a.log");
        let mut lh = folder.lh(&words).start();
        lh.send("one\n").wait_end("dead", "\"one\"}\n");
        folder.rename("dead", "old");
        folder.rename("a.log", "a.old");
        lh.signal(Signal::SIGHUP);
        until("a log of that name", || folder.has("a.log"));
        lh.send("two\n").wait_end("dead", "\"two\"}\n");
        lh.end().code(1);
        let (old, new) = (folder.text("old"), folder.text("dead"));
        assert!(old.contains("one") && !old.contains("two"), "{old}");
        assert!(new.contains("two"), "{new}");
        for name in ["old", "dead", "a.old", "a.log"] {
            std::fs::remove_file(folder.path(name)).expect(name);
        }
    }
}

#[test]
fn delay_opens_at_the_first_record() {
    let folder = Folder::new();
    for handler in ["file", "rotate --max-bytes 1K --backups 1", "timed"] {
        folder.lh(handler).args(["--delay", "a.log"]).run().ok();
        assert!(!folder.has("a.log"), "{handler}");
        folder
            .lh(handler)
            .args(["--delay", "b.log", "--min-level", "error"])
            .with("x\n")
            .ok();
        assert!(!folder.has("b.log"), "{handler}");
    }
    folder.write("c.log", "old\n");
    folder.lh("file --delay --mode truncate c.log").run().ok();
    assert_eq!(folder.text("c.log"), "old\n");
    let mut lh = folder.lh("file --delay c.log + file now.log").start();
    until("the other is open", || folder.has("now.log"));
    lh.send_to("new\n", "c.log");
    lh.end().ok();
    assert_eq!(folder.text("c.log"), "old\nnew\n");
}

#[test]
fn encodings() {
    let folder = Folder::new();
    let cases: &[(&str, &[u8])] = &[
        ("utf-8", "é€\nb\n".as_bytes()),
        ("UTF8", "é€\nb\n".as_bytes()),
        ("utf-8-sig", b"\xef\xbb\xbf\xc3\xa9\xe2\x82\xac\nb\n"),
        ("cp1252", b"\xe9\x80\nb\n"),
        ("iso-8859-15", b"\xe9\xa4\nb\n"),
        ("utf-16-le", b"\xe9\0\xac\x20\n\0b\0\n\0"),
        ("utf-16-be", b"\0\xe9\x20\xac\0\n\0b\0\n"),
        ("utf-16", b"\xff\xfe\xe9\0\xac\x20\n\0b\0\n\0"),
        (
            "utf-32-le",
            b"\xe9\0\0\0\xac\x20\0\0\n\0\0\0b\0\0\0\n\0\0\0",
        ),
    ];
    for (label, want) in cases {
        for handler in ["file", "rotate --max-bytes 1K --backups 1", "timed"] {
            let lh = folder.lh(handler).args(["--encoding", label, "a.log"]);
            lh.with("é€\nb\n").ok();
            assert_eq!(folder.read("a.log"), *want, "{label} {handler}");
            std::fs::remove_file(folder.path("a.log")).expect("a.log");
        }
    }
}

#[test]
fn a_mark_stands_once_at_the_beginning_of_each_file() {
    let folder = Folder::new();
    folder.lh("file --encoding utf-16 a.log").with("a\n").ok();
    folder.lh("file --encoding utf-16 a.log").with("b\n").ok();
    assert_eq!(folder.read("a.log"), b"\xff\xfea\0\n\0b\0\n\0");
    // Eight bytes a record: two of them and the mark are 18.
    let rotate = "rotate --max-bytes 19 --backups 3 --encoding utf-16 r.log";
    folder.lh(rotate).with("abc\ndef\nghi\n").ok();
    assert_eq!(folder.read("r.log"), b"\xff\xfeg\0h\0i\0\n\0");
    assert_eq!(
        folder.read("r.log.1"),
        b"\xff\xfea\0b\0c\0\n\0d\0e\0f\0\n\0"
    );
    assert!(!folder.has("r.log.2"));
}

#[test]
fn what_an_encoding_lacks() {
    let cases = [
        ("replace", "caf?\n?\n"),
        ("ignore", "caf\n\n"),
        ("backslashreplace", "caf\\xe9\n\\u20ac\n"),
    ];
    for (errors, want) in cases {
        let folder = Folder::new();
        let lh = folder
            .lh("file --encoding ascii --encoding-errors")
            .args([errors, "a.log"]);
        lh.with("café\n€\n").ok();
        assert_eq!(folder.text("a.log"), want, "{errors}");
    }
    let folder = Folder::new();
    for strict in ["", "--encoding-errors strict"] {
        let lh = folder.lh(&format!("file --encoding ascii {strict} a.log"));
        let ran = lh.with("a\ncafé\n€\nb\n").code(1);
        ran.said_times("cannot encode", 1)
            .said("2 records were not delivered");
        assert_eq!(folder.text("a.log"), "a\nb\n");
        std::fs::remove_file(folder.path("a.log")).expect("a.log");
    }
    let lh = folder.lh("file --encoding utf-8 --encoding-errors backslashreplace a.log");
    lh.with(b"\xffx\n").ok();
    assert_eq!(folder.text("a.log"), "\\xffx\n");
}

#[test]
fn a_watched_file_is_opened_anew_before_the_next_record() {
    for handler in [
        "file --watch",
        "rotate --max-bytes 1M --backups 9",
        "timed --when D",
    ] {
        let folder = Folder::new();
        let mut lh = folder.lh(handler).arg("a.log").start();
        lh.send_to("one\n", "a.log");
        folder.rename("a.log", "renamed");
        lh.send_to("two\n", "a.log");
        folder.rename("a.log", "again");
        folder.write("a.log", "");
        lh.send_to("three\n", "a.log");
        std::fs::remove_file(folder.path("a.log")).expect("a.log");
        lh.send_to("four\n", "a.log");
        lh.end().ok();
        assert_eq!(folder.text("renamed"), "one\n", "{handler}");
        assert_eq!(folder.text("again"), "two\n", "{handler}");
        assert_eq!(folder.text("a.log"), "four\n", "{handler}");
    }
}

#[test]
fn a_watched_file_survives_copytruncate() {
    for handler in [
        "file --watch",
        "file",
        "rotate --max-bytes 1M --backups 9",
        "timed",
    ] {
        let folder = Folder::new();
        let mut lh = folder.lh(handler).arg("a.log").start();
        for round in 0..20 {
            let line = format!("round {round}\n");
            lh.send_to(&line, "a.log");
            std::fs::copy(folder.path("a.log"), folder.path("copy")).expect("a copy");
            let file = std::fs::File::options()
                .write(true)
                .open(folder.path("a.log"));
            file.and_then(|file| file.set_len(0)).expect("emptied");
            assert_eq!(folder.text("copy"), line, "{handler}");
        }
        lh.send_to("last\n", "a.log");
        lh.end().ok();
        // No hole of NULs, and no line that was thought to be torn.
        assert_eq!(folder.text("a.log"), "last\n", "{handler}");
    }
}

/// As logrotate does it, while lines come in: none is lost.
#[test]
fn renaming_under_load_loses_nothing() {
    let folder = Folder::new();
    let mut lh = folder.lh("file --watch a.log").start();
    for round in 0..100 {
        let lines: String = (0..50)
            .map(|n| format!("{:06}\n", round * 50 + n))
            .collect();
        lh.send(&lines);
        if folder.has("a.log") {
            folder.rename("a.log", &format!("old{round:03}"));
        }
    }
    lh.end().ok();
    let mut all = Vec::new();
    for name in folder.names() {
        all.extend(folder.text(&name).lines().map(str::to_owned));
    }
    all.sort();
    let want: Vec<String> = (0..5000).map(|n| format!("{n:06}")).collect();
    assert!(all == want, "{} lines of 5000", all.len());
}

#[test]
fn without_watch_the_open_file_is_written_on() {
    let folder = Folder::new();
    let mut lh = folder.lh("file a.log").start();
    lh.send_to("one\n", "a.log");
    folder.rename("a.log", "b.log");
    lh.send_to("two\n", "b.log").signal(Signal::SIGHUP);
    until("it is opened anew", || folder.has("a.log"));
    lh.send_to("three\n", "a.log");
    lh.end().ok();
    assert_eq!(folder.text("b.log"), "one\ntwo\n");
    assert_eq!(folder.text("a.log"), "three\n");
}

#[test]
fn permissions_are_as_asked_whatever_the_umask() {
    let folder = Folder::new();
    let run = |umask: &str, arguments: &str, name: &str| {
        let script = format!("umask {umask}; \"$LH\" {arguments} {name}");
        folder.sh(&script).with("x\n").ok();
        folder.mode(name)
    };
    assert_eq!(run("077", "file --perm 644", "a"), 0o644);
    assert_eq!(run("000", "file --perm 600", "b"), 0o600);
    assert_eq!(
        run("077", "rotate --max-bytes 1K --backups 1 --perm 640", "c"),
        0o640
    );
    assert_eq!(run("000", "timed --perm 0640", "d"), 0o640);
    assert_eq!(run("027", "file", "e"), 0o640);
    // A file that is there keeps its own.
    folder.chmod("e", 0o606);
    assert_eq!(run("077", "file --perm 600", "e"), 0o606);
}

#[test]
fn the_mode_is_kept_across_rollovers_and_compression() {
    let folder = Folder::new();
    folder.write("a.log", "");
    folder.chmod("a.log", 0o604);
    let lh = folder.lh("rotate --max-bytes 8 --backups 3 --compress gzip a.log");
    lh.with("aaaaa\nbbbbb\nccccc\n").ok();
    for name in ["a.log", "a.log.1.gz", "a.log.2.gz"] {
        assert_eq!(folder.mode(name), 0o604, "{name}");
    }
}

#[test]
fn mkdir_makes_what_is_missing() {
    let folder = Folder::new();
    for handler in ["file", "rotate --max-bytes 1K --backups 1", "timed"] {
        let path = format!("{}/x/y/a.log", &handler[..4]);
        folder.lh(handler).args(["--mkdir", &path]).with("x\n").ok();
        assert_eq!(folder.text(&path), "x\n");
        folder.lh(handler).args(["--mkdir", &path]).with("y\n").ok();
        assert_eq!(folder.text(&path), "x\ny\n");
        let none = folder.lh(handler).args(["nodir/a"]).with("x\n").code(1);
        none.said("there is no directory nodir; --mkdir makes it");
        let queued = folder.lh("queue").args(handler.split(' ')).arg("nodir/a");
        queued.with("x\n").code(1).said("; --mkdir makes it");
    }
    // Nor does that make what somebody else's link leads to.
    folder.symlink("nodir/a", "link");
    let behind = folder.lh("file --mkdir link").with("x\n").code(1);
    behind
        .said("there is no directory")
        .said_times("--mkdir", 0);
}

/// The system calls that write and sync, in their order.
fn calls(folder: &Folder, arguments: &str, lines: &[&str]) -> Vec<String> {
    let trace = ["-f", "-qq", "-e", "trace=fdatasync,fsync", "-o", "trace"];
    let strace = folder.program("strace").args(trace).arg(crate::support::LH);
    let mut lh = strace.args(arguments.split_whitespace()).start();
    for line in lines {
        lh.send_to(line, "a.log");
        until("it is traced", || folder.has("trace"));
    }
    lh.end().ok();
    let text = folder.text("trace");
    let calls = text.lines().filter(|line| line.contains("sync("));
    calls.map(str::to_owned).collect()
}

#[test]
fn records_are_made_durable_when_that_is_asked_for() {
    if !peer("strace") {
        return;
    }
    for (mode, least, most) in [
        ("never", 0, 0),
        ("batch", 3, 4),
        ("close", 1, 2),
        ("3600", 1, 2),
        ("0", 3, 4),
    ] {
        for handler in ["file", "rotate --max-bytes 1K --backups 1"] {
            let folder = Folder::new();
            let arguments = format!("{handler} --fsync {mode} a.log");
            let calls = calls(&folder, &arguments, &["one\n", "two\n", "three\n"]);
            let count = calls.len();
            assert!((least..=most).contains(&count), "{arguments}: {calls:?}");
        }
    }
}

#[test]
fn a_sync_comes_in_time_without_more_records() {
    if !peer("strace") {
        return;
    }
    let folder = Folder::new();
    let trace = ["-f", "-qq", "-e", "trace=fdatasync,fsync", "-o", "trace"];
    let strace = folder.program("strace").args(trace).arg(crate::support::LH);
    let mut lh = strace.args(["file", "--fsync", "0.05", "a.log"]).start();
    lh.send_to("one\n", "a.log");
    until("it is synced", || folder.text("trace").contains("sync("));
    lh.end().ok();
}

#[test]
fn the_own_streams_have_names() {
    let folder = Folder::new();
    let chain = "file /dev/stdout + file /dev/stderr -f <{message}> + rotate --max-bytes 2 \
                 --backups 1 /dev/fd/1";
    let ran = folder.lh(chain).with("one\n").code(0);
    assert_eq!(
        (ran.out().as_str(), ran.stderr.as_str()),
        ("one\none\n", "<one>\n")
    );
    let script = "\"$LH\" file /dev/stdout | cat; \"$LH\" file /dev/stdout >out";
    let ran = folder.sh(script).with("x\n").ok();
    assert_eq!(ran.out(), "x\n");
    assert_eq!(folder.names(), ["out"]);
}

#[test]
fn what_is_no_regular_file_is_never_rolled_over() {
    let folder = Folder::new();
    folder.mkfifo("fifo");
    let lines: String = (0..100).map(|n| format!("line {n}\n")).collect();
    for handler in [
        "rotate --max-bytes 20 --backups 3 --when S",
        "timed --when S --max-bytes 20",
    ] {
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| std::fs::read_to_string(folder.path("fifo")));
            folder.lh(handler).arg("fifo").with(&lines).code(0);
            assert_eq!(
                reader.join().expect("a thread").expect("fifo"),
                lines,
                "{handler}"
            );
        });
        folder.lh(handler).arg("/dev/null").with(&lines).ok();
        assert_eq!(folder.names(), ["fifo"], "{handler}");
    }
}

/// A name that somebody else may have planted.
fn planted(folder: &Folder) -> Vec<&'static str> {
    folder.mkdir("open");
    folder.chmod("open", 0o1777);
    folder.write("victim", "secret\n");
    folder.symlink("../victim", "open/symlink");
    folder.symlink("../made", "open/dangling");
    std::fs::hard_link(folder.path("victim"), folder.path("open/hardlink")).expect("a link");
    folder.mkfifo("open/fifo");
    vec!["symlink", "dangling", "hardlink", "fifo"]
}

#[test]
fn planted_names_are_refused_in_a_directory_that_others_can_write() {
    for handler in [
        "file",
        "file --delay",
        "rotate --max-bytes 9 --backups 2",
        "timed",
    ] {
        let folder = Folder::new();
        for name in planted(&folder) {
            let path = format!("open/{name}");
            let ran = folder
                .lh(handler)
                .arg(&path)
                .with("forged\nforged\n")
                .code(1);
            ran.said(&format!("lh: {path}: ")).said("--follow");
        }
        assert_eq!(folder.text("victim"), "secret\n", "{handler}");
        assert!(!folder.has("made"), "{handler}");
        assert_eq!(
            folder.names_in("open"),
            ["dangling", "fifo", "hardlink", "symlink"]
        );
    }
}

#[test]
fn planted_names_are_taken_with_follow_and_in_a_directory_of_ones_own() {
    let folder = Folder::new();
    planted(&folder);
    for (count, name) in [(1, "symlink"), (2, "hardlink")] {
        folder
            .lh("file --follow")
            .arg(format!("open/{name}"))
            .with("x\n")
            .ok();
        assert_eq!(
            folder.text("victim"),
            format!("secret\n{}", "x\n".repeat(count))
        );
    }
    folder.lh("file --follow open/dangling").with("x\n").ok();
    assert_eq!(folder.text("made"), "x\n");
    folder.chmod("open", 0o755);
    folder.lh("file open/symlink").with("y\n").ok();
    assert!(folder.text("victim").ends_with("y\n"));
    // A file like any other is taken in an open directory as well.
    folder.chmod("open", 0o1777);
    folder.lh("file open/new.log").with("x\n").ok();
    folder.lh("file open/new.log").with("y\n").ok();
    assert_eq!(folder.text("open/new.log"), "x\ny\n");
}

/// The name is swapped for a link while the program runs.
#[test]
fn a_link_that_is_planted_later_is_refused_too() {
    let folder = Folder::new();
    folder.mkdir("open");
    folder.chmod("open", 0o1777);
    folder.write("victim", "secret\n");
    let mut lh = folder.lh("file --watch open/a.log").start();
    lh.send_to("one\n", "open/a.log");
    folder.rename("open/a.log", "open/b.log");
    folder.symlink("../victim", "open/a.log");
    lh.send_to("two\n", "open/b.log").wait_said("open/a.log");
    std::fs::remove_file(folder.path("open/a.log")).expect("the link");
    lh.send_to("three\n", "open/a.log");
    lh.end().code(0);
    assert_eq!(folder.text("victim"), "secret\n");
}

#[test]
fn an_unfinished_last_line_of_an_earlier_writer_is_ended() {
    for handler in ["file", "rotate --max-bytes 1K --backups 1", "timed"] {
        let folder = Folder::new();
        folder.write("a.log", "whole\ntorn");
        let ran = folder.lh(handler).arg("a.log").with("new\n").code(0);
        ran.said_times("unfinished", 1);
        assert_eq!(folder.text("a.log"), "whole\ntorn\nnew\n", "{handler}");
        // While nothing is written nothing is ended.
        folder.write("b.log", "torn");
        folder.lh(handler).arg("b.log").run().ok();
        assert_eq!(folder.text("b.log"), "torn", "{handler}");
    }
    let folder = Folder::new();
    folder.write("a.log", "torn");
    folder
        .lh("-q file --terminator \\r\\n a.log")
        .with("new\n")
        .ok();
    assert_eq!(folder.text("a.log"), "torn\r\nnew\r\n");
    folder.write("a.log", "ended\0");
    folder.lh("file --terminator \\0 a.log").with("new\n").ok();
    assert_eq!(folder.text("a.log"), "ended\0new\0");
}

#[test]
fn hangup_opens_every_file_anew() {
    let folder = Folder::new();
    let chain = "file a + rotate --max-bytes 1M --backups 1 b + timed --when D c";
    let mut lh = folder.lh(chain).start();
    lh.send("one\n")
        .wait_end("a", "one\n")
        .wait_end("b", "one\n")
        .wait_end("c", "one\n");
    for name in ["a", "b", "c"] {
        folder.rename(name, &format!("{name}.old"));
    }
    lh.signal(Signal::SIGHUP);
    until("they are there", || {
        ["a", "b", "c"].iter().all(|name| folder.has(name))
    });
    lh.send("two\n")
        .wait_end("a", "two\n")
        .wait_end("b", "two\n")
        .wait_end("c", "two\n");
    lh.end().ok();
    for name in ["a", "b", "c"] {
        assert_eq!(folder.text(name), "two\n");
        assert_eq!(folder.text(&format!("{name}.old")), "one\n");
    }
}

/// Before the first record a file that was renamed must not be left behind.
#[test]
fn hangup_before_the_first_record() {
    let folder = Folder::new();
    let mut lh = folder.lh("file a").start();
    until("it is there", || folder.has("a"));
    let first = std::fs::metadata(folder.path("a")).expect("a").ino();
    folder.rename("a", "b");
    lh.signal(Signal::SIGHUP);
    until("it is there again", || folder.has("a"));
    assert_ne!(std::fs::metadata(folder.path("a")).expect("a").ino(), first);
    lh.send("x\n");
    lh.end().ok();
    assert_eq!(folder.text("a"), "x\n");
}

/// Nothing is left beside a log: no lock, no state.
#[test]
fn no_stray_file_is_left() {
    let folder = Folder::new();
    let chain = "file --fsync batch --watch a + rotate --max-bytes 1M --backups 1 b + timed c";
    let mut lh = folder.lh(chain).start();
    lh.send_to("x\n", "c");
    assert_eq!(folder.names(), ["a", "b", "c"]);
    lh.end().ok();
    assert_eq!(folder.names(), ["a", "b", "c"]);
    let mut text = String::new();
    std::fs::File::open(folder.path("a"))
        .expect("a")
        .read_to_string(&mut text)
        .expect("text");
    assert_eq!(text, "x\n");
}
