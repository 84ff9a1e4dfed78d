//! `queue`: a handler that is slow or dead delays the others of a chain no
//! more than the policy says, and loses no more.
//!
//! Not tested here: the order of events between the two threads (tests beside
//! the code in `src/handler/queue`), and throughput (`benches`).

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::OpenOptionsExt;

use nix::fcntl::OFlag;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{Folder, until};

fn lines(range: std::ops::Range<usize>) -> String {
    range.map(|n| format!("line {n:07}\n")).collect()
}

#[test]
fn everything_is_delivered_in_order() {
    let folder = Folder::new();
    let all = lines(0..100_000);
    for chain in [
        "queue file a.log",
        "queue --capacity 1 file a.log",
        "queue --capacity 100 queue --capacity 3000 file a.log",
        "queue buffer --capacity 333 queue file a.log",
        "queue file -f {message} a.log",
    ] {
        let input = if chain.contains("capacity 1 ") {
            &all[..26_000]
        } else {
            &all
        };
        folder.lh(chain).with(input).ok();
        assert!(folder.text("a.log") == *input, "{chain}");
        folder.rename("a.log", "old");
    }
}

/// What a file can't take is on the disk, and the next one with the spool
/// writes it.
#[test]
fn a_spool_is_for_any_handler() {
    let folder = Folder::new();
    let all = lines(0..20_000);
    folder.lh("queue --spool d file a.log").with(&all).ok();
    assert_eq!(folder.text("a.log"), all);
    let ran = folder
        .lh("queue --spool d --drain-timeout 100ms file /dev/full")
        .with(lines(0..10));
    ran.code(0).said("10 records stay in the spool d");
    folder
        .lh("queue --spool d file b.log")
        .with(lines(10..12))
        .ok();
    assert_eq!(folder.text("b.log"), lines(0..12));
    let ran = folder.lh("spool retry d").run().ok();
    assert_eq!(ran.out(), "");
}

#[test]
fn a_rollover_behind_a_queue_is_as_without_one() {
    let folder = Folder::new();
    let all = lines(0..20_000);
    folder
        .lh("queue rotate --max-bytes 50K --backups 99 a.log")
        .with(&all)
        .ok();
    folder
        .lh("rotate --max-bytes 50K --backups 99 b.log")
        .with(&all)
        .ok();
    assert!(folder.chain("a.log") == all.as_bytes());
    assert_eq!(folder.text("a.log"), folder.text("b.log"));
}

/// Nobody reads the FIFO at all: it can't even be opened.
#[test]
fn a_fifo_that_nobody_reads_delays_nobody() {
    for policy in ["drop-new", "drop-old"] {
        let folder = Folder::new();
        folder.mkfifo("fifo");
        let chain = format!(
            "queue --capacity 100 --overflow {policy} file --dead-letter dead fifo + file all.log"
        );
        let all = lines(0..50_000);
        let mut lh = folder.lh(&chain).start();
        lh.send(&all).wait_end("all.log", "line 0049999\n");
        assert!(folder.text("all.log") == all);
        // Not for ever: what is left is counted.
        lh.signal(Signal::SIGTERM);
        let ran = lh.wait_exit().code(1);
        let ran = ran.said_times("fifo: the queue is full; dropping", 1);
        let ran = ran.said_times("records were dropped", 1);
        ran.said("fifo: 50000 records were not delivered");
        assert!(folder.text("all.log") == all);
        assert_eq!(folder.text("dead").lines().count(), 50_000);
    }
}

#[test]
fn a_full_queue_that_blocks_holds_the_others_up_only_then() {
    let folder = Folder::new();
    let chain = "queue --capacity 1000 file /dev/full + file all.log";
    let mut lh = folder.lh(chain).start();
    for n in 0..10 {
        // One after the other, and none of them late.
        let piece = lines(n * 100..(n + 1) * 100);
        lh.send_to(&piece, "all.log");
    }
    lh.wait_said("/dev/full: cannot write: No space left on device; waiting");
    assert_eq!(folder.text("all.log").lines().count(), 1000);
    lh.signal(Signal::SIGTERM);
    lh.wait_exit()
        .code(1)
        .said("/dev/full: 1000 records were not delivered");
}

/// A reader that stops, and comes to itself again.
#[test]
fn what_waited_is_delivered_when_the_reader_goes_on() {
    let folder = Folder::new();
    folder.mkfifo("fifo");
    let mut reader = File::options()
        .read(true)
        .custom_flags(OFlag::O_NONBLOCK.bits())
        .open(folder.path("fifo"))
        .expect("a reader");
    let all = lines(0..20_000);
    // More than a FIFO and a queue of 1000 hold; all of it fits the default.
    let mut lh = folder
        .lh("queue --capacity 50000 file fifo + file all.log")
        .start();
    lh.send(&all).wait_end("all.log", "line 0019999\n");
    let flags = nix::fcntl::FcntlArg::F_SETFL(OFlag::empty());
    nix::fcntl::fcntl(&reader, flags).expect("it blocks now");
    let mut begun = vec![0; 13_000];
    reader
        .read_exact(&mut begun)
        .expect("what fits into a FIFO");
    assert!(begun == all.as_bytes()[..13_000]);
    let rest = std::thread::spawn(move || {
        let mut rest = Vec::new();
        reader.read_to_end(&mut rest).map(|_| rest)
    });
    lh.end().ok();
    let rest = rest.join().expect("no panic").expect("the rest");
    assert!(rest == all.as_bytes()[13_000..]);
}

#[test]
fn the_newest_are_kept_where_the_oldest_make_room() {
    let folder = Folder::new();
    folder.mkfifo("fifo");
    let chain = "queue --capacity 100 --overflow drop-old file fifo + file all.log";
    let all = lines(0..5_000);
    let mut lh = folder.lh(chain).start();
    lh.send(&all).wait_end("all.log", "line 0004999\n");
    let path = folder.path("fifo");
    let reader = std::thread::spawn(move || {
        let file = File::open(path).expect("the FIFO");
        BufReader::new(file)
            .lines()
            .map_while(Result::ok)
            .collect::<Vec<_>>()
    });
    let ran = lh.end().code(1);
    let got = reader.join().expect("no panic");
    // The last hundred, behind those that were on their way already.
    let all: Vec<&str> = all.lines().collect();
    let (first, last) = got.split_at(got.len() - 100);
    assert!(last == &all[4900..], "{last:?}");
    let begins = |line: &str| first.first().is_some_and(|first| first == line);
    let at = all.iter().position(|line| begins(line)).unwrap_or(0);
    assert!(
        first.len() <= 12 && first == &all[at..at + first.len()],
        "{first:?}"
    );
    ran.said(&format!(
        "fifo: {} records were not delivered",
        5000 - got.len()
    ));
}

#[test]
fn the_policy_for_errors_acts_behind_the_queue() {
    let folder = Folder::new();
    let all = lines(0..3000);
    let chain = "queue file --on-error drop --dead-letter dead /dev/full + file all.log";
    let ran = folder.lh(chain).with(&all).code(1);
    ran.said("/dev/full: 3000 records were not delivered");
    assert_eq!(folder.text("dead").lines().count(), 3000);
    assert!(folder.text("all.log") == all);
    // The run ends although nothing more comes, and its input stays open.
    let mut lh = folder
        .lh("queue file --on-error exit /dev/full + null")
        .start();
    lh.send(&all);
    lh.wait_exit()
        .code(1)
        .said("/dev/full: cannot write: No space left on device")
        .said("were not delivered");
}

#[test]
fn a_second_interrupt_ends_at_once_and_delivers_what_can_be() {
    let folder = Folder::new();
    let all = lines(0..50_000);
    let mut lh = folder.lh("queue --capacity 100000 file a.log").start();
    lh.send(&all);
    lh.wait_ready();
    lh.signal(Signal::SIGINT).signal(Signal::SIGINT);
    lh.wait_exit().code(0);
    assert!(folder.text("a.log") == all);
}

#[test]
fn signals_act_in_their_place() {
    let folder = Folder::new();
    let mut lh = folder.lh("queue rotate --backups 3 a.log").start();
    lh.send_to("1\n2\n", "a.log").signal(Signal::SIGALRM);
    until("it is rolled over", || folder.has("a.log.1"));
    lh.send_to("3\n4\n", "a.log");
    folder.rename("a.log", "moved");
    lh.signal(Signal::SIGHUP);
    until("it is opened anew", || folder.has("a.log"));
    lh.send("5\n");
    lh.end().ok();
    assert_eq!(folder.text("a.log.1"), "1\n2\n");
    assert_eq!(folder.text("moved"), "3\n4\n");
    assert_eq!(folder.text("a.log"), "5\n");
}

/// What is due by the clock is done while nothing comes.
#[test]
fn the_clock_goes_on_behind_the_queue() {
    let folder = Folder::new();
    let mut lh = folder.lh("queue timed --when S --eager a.log").start();
    lh.send_to("1\n", "a.log");
    until("it is rolled over", || folder.names().len() == 2);
    lh.end().ok();
}

/// The thread is in the middle of something that does not end.
#[test]
fn a_handler_that_hangs_does_not_keep_the_program() {
    let folder = Folder::new();
    let script = "echo $$ > pid; exec sleep 60";
    let lh = folder.lh_args(["queue", "rotate", "--max-bytes", "10", "--backups", "1"]);
    let mut lh = lh
        .args(["--rotator", script, "a.log", "+", "file", "all.log"])
        .start();
    lh.send("123456\n").wait_end("a.log", "123456\n");
    lh.send("123457\n").wait_end("pid", "\n");
    lh.send_to("123458\n", "all.log").signal(Signal::SIGTERM);
    let ran = lh.wait_exit().code(1);
    let pid = folder.text("pid").trim().parse().expect("a number");
    kill(Pid::from_raw(pid), Signal::SIGKILL).expect("it still hangs");
    let ran = ran.said("a.log: 1 records are in doubt");
    ran.said("a.log: 1 records were not delivered");
}

#[test]
fn mistakes_are_named() {
    let folder = Folder::new();
    for (arguments, said) in [
        ("queue", "there is no handler behind queue"),
        (
            "queue --overflow drop-new",
            "there is no handler behind queue",
        ),
        ("queue --overflow lose file a.log", "lose"),
        ("queue --capacity 0 file a.log", "0"),
        ("queue --spool-max 1M file a.log", "--spool"),
        ("queue --fsync batch file a.log", "--spool"),
        (
            "queue --spool dir buffer file a.log",
            "queue --spool stands right before its handler",
        ),
        (
            "queue --capacity 5 socket --capacity 6 127.0.0.1:9",
            "--capacity stands behind queue and behind its handler",
        ),
        ("socket --wire lh", "ADDRESS"),
        (
            "socket --wire json -f text 127.0.0.1:9",
            "--format has no effect",
        ),
        (
            "socket --ca x 127.0.0.1:9",
            "--ca has no effect without --tls",
        ),
        ("udp --wire lh 127.0.0.1:9", "lh socket --wire lh"),
        (
            "syslog --transport unix --address 127.0.0.1:9",
            "the path of a socket",
        ),
        (
            "syslog --address x --framing octet",
            "each datagram is a message",
        ),
        ("syslog -p nosuch", "nosuch"),
        ("syslog --address 127.0.0.1:9 --on-error prune", "rotated"),
        (
            "queue --perm 600 file a.log",
            "lh queue [OPTIONS] HANDLER --perm",
        ),
        ("queue completions bash", "there is no handler behind queue"),
    ] {
        folder.lh(arguments).with("x\n").code(2).said(said);
        assert_eq!(folder.names(), [""; 0], "{arguments}");
    }
}
