//! Several programs on one file: nothing lost, torn or doubled, no file over
//! its limit, and each writer's own order kept.
//!
//! Not tested here: writers that are killed, and what the lock costs (`benches`).

use std::fmt::Write;
use std::io::BufRead;
use std::sync::Mutex;

use nix::sys::signal::Signal;

use crate::support::{Folder, peer, until};

const WRITERS: usize = 8;
const LINES: usize = 40_000;

/// Only one of these tests at a time: each keeps the machine busy.
static ALONE: Mutex<()> = Mutex::new(());

fn lines_of(writer: usize) -> String {
    let mut text = String::new();
    for n in 0..LINES {
        // Of several lengths, so that files end at several places.
        let tail = &"abcdefghijklmnopqrstuvwxyz"[..n % 27];
        writeln!(text, "{writer} {n:06} {tail} .").expect("memory");
    }
    text
}

/// Every writer writes all its lines at once.
fn write_all(folder: &Folder, arguments: &str) {
    let _alone = ALONE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            scope.spawn(move || {
                let mut lh = folder.lh(arguments).start();
                // In pieces, so that all of them are at it together.
                for piece in lines_of(writer).as_bytes().chunks(50_003) {
                    lh.send(piece);
                }
                lh.end().ok();
            });
        }
    });
}

/// All lines of all writers, each in its own order, whole and once.
#[track_caller]
fn check(all: &str) {
    let mut next = [0; WRITERS];
    for line in all.split_inclusive('\n') {
        let mut words = line.splitn(3, ' ');
        let writer: usize = words.next().and_then(|w| w.parse().ok()).unwrap_or(WRITERS);
        let n: usize = words.next().and_then(|w| w.parse().ok()).unwrap_or(LINES);
        assert!(writer < WRITERS, "torn: {line:?}");
        assert_eq!(
            n, next[writer],
            "writer {writer}: lost, doubled or out of order"
        );
        let tail = words.next().and_then(|rest| rest.strip_suffix(" .\n"));
        assert_eq!(tail.map(str::len), Some(n % 27), "torn: {line:?}");
        next[writer] += 1;
    }
    assert_eq!(next, [LINES; WRITERS], "lines are missing");
}

#[test]
fn one_file() {
    for handler in ["file", "file --watch"] {
        let folder = Folder::new();
        write_all(&folder, &format!("{handler} a.log"));
        check(&folder.text("a.log"));
        assert_eq!(folder.names(), ["a.log"]);
    }
}

#[test]
fn one_rotated_file() {
    let folder = Folder::new();
    write_all(&folder, "rotate --max-bytes 256K --backups 999 a.log");
    let all = String::from_utf8(folder.chain("a.log")).expect("text");
    check(&all);
    let names = folder.names();
    assert!(names.len() >= all.len() / (256 << 10), "{}", names.len());
    for name in &names {
        assert!(
            folder.size(name) < 256 << 10,
            "{name}: {}",
            folder.size(name)
        );
    }
    // Not one file too many: each is full but the last.
    assert!(
        names.len() <= all.len() / ((256 << 10) - 100) + 1,
        "{}",
        names.len()
    );
}

#[test]
fn one_rotated_file_that_is_compressed() {
    if !peer("gzip") {
        return;
    }
    let folder = Folder::new();
    write_all(
        &folder,
        "rotate --max-bytes 1M --backups 999 --compress gzip:1 a.log",
    );
    // What one left another's next start makes good.
    folder
        .lh("rotate --max-bytes 1M --backups 999 --compress gzip:1 a.log")
        .run()
        .ok();
    let names = folder.names();
    let packed = names.iter().filter(|name| name.ends_with(".gz"));
    assert_eq!(packed.count(), names.len() - 1, "{names:?}");
    folder.sh("gzip -d *.gz").run().ok();
    let all = String::from_utf8(folder.chain("a.log")).expect("text");
    check(&all);
    for name in folder.names() {
        assert!(folder.size(&name) < 1 << 20, "{name}");
    }
}

#[test]
fn one_file_by_the_clock() {
    let folder = Folder::new();
    write_all(&folder, "timed --when S --max-bytes 2M a.log");
    // By name, which is by time and then by counter.
    let mut names = folder.names();
    names.retain(|name| name != "a.log");
    names.sort_by_key(|name| {
        let rest = name.strip_prefix("a.log.").expect("a backup");
        let (time, counter) = rest.split_once('.').unwrap_or((rest, "0"));
        (time.to_owned(), counter.parse::<u32>().expect("a counter"))
    });
    assert!(!names.is_empty());
    let mut all: String = names.iter().map(|name| folder.text(name)).collect();
    all.push_str(&folder.text("a.log"));
    check(&all);
    for name in folder.names() {
        assert!(folder.size(&name) < 2 << 20, "{name}");
    }
}

#[test]
fn two_retentions_keep_to_the_number() {
    let folder = Folder::new();
    write_all(&folder, "rotate --max-bytes 64K --backups 3 a.log");
    assert_eq!(folder.names(), ["a.log", "a.log.1", "a.log.2", "a.log.3"]);
    let all = String::from_utf8(folder.chain("a.log")).expect("text");
    // Of each writer, what is left is in order and without a gap.
    let mut last = [None; WRITERS];
    for line in all.lines() {
        let mut words = line.split(' ');
        let writer: usize = words.next().and_then(|w| w.parse().ok()).expect("a writer");
        let n: usize = words.next().and_then(|w| w.parse().ok()).expect("a number");
        assert!(
            last[writer].is_none_or(|last| n == last + 1),
            "{line} after {:?}",
            last[writer]
        );
        last[writer] = Some(n);
    }
}

/// What SIGTERM waits for is said: a rollover of another process, whose rotator
/// takes its time.
#[test]
fn whoever_waits_for_the_lock_of_another_says_so() {
    let folder = Folder::new();
    let slow = "touch begun; while [ ! -e go ]; do sleep 0.01; done; mv $LH_SOURCE $LH_DEST";
    let mut holder = folder
        .lh("rotate --max-bytes 6 --backups 9 app.log --rotator")
        .arg(slow)
        .start();
    holder
        .send("one\n")
        .wait_end("app.log", "one\n")
        .send("two\n");
    until("the rotator has begun", || folder.has("begun"));
    let mut waiter = folder
        .lh("rotate --max-bytes 6 --backups 9 app.log")
        .start();
    waiter
        .send("three\n")
        .wait_said("app.log: cannot lock: another process has it locked");
    waiter.signal_now(Signal::SIGTERM);
    folder.write("go", "");
    waiter.wait_exit().code(0).said("app.log: locked after ");
    holder.end().ok();
    let mut lines: Vec<_> = folder
        .chain("app.log")
        .lines()
        .map(Result::unwrap)
        .collect();
    lines.sort();
    assert_eq!(lines, ["one", "three", "two"]);
}
