//! Levels and patterns that leave records out, and what becomes of records
//! that can't be written.
//!
//! Not tested here: disks that are full for a while, and `--on-error prune`,
//! which need a file system of their own.

use std::os::unix::fs::OpenOptionsExt;

use nix::sys::signal::Signal;

use crate::support::{Folder, close_reader, until};

#[test]
fn a_handler_has_a_lowest_level() {
    let folder = Folder::new();
    let lines = "DEBUG a\nINFO b\nNOTICE c\nWARNING d\nERROR e\nCRITICAL f\nplain\n";
    for (level, want) in [
        ("debug", lines),
        (
            "info",
            "INFO b\nNOTICE c\nWARNING d\nERROR e\nCRITICAL f\nplain\n",
        ),
        ("25", "NOTICE c\nWARNING d\nERROR e\nCRITICAL f\n"),
        ("warning", "WARNING d\nERROR e\nCRITICAL f\n"),
        ("41", "CRITICAL f\n"),
        ("alert", ""),
    ] {
        let lh = folder.lh("--detect-level stream --min-level").arg(level);
        assert_eq!(lh.with(lines).ok().out(), want, "{level}");
    }
    // What a level leaves out is no loss.
    let ran = folder.lh("stream --min-level error").with(lines).ok();
    assert_eq!(ran.out(), "");
}

#[test]
fn patterns_look_at_the_message() {
    let folder = Folder::new();
    let lines = "GET /a 200\nGET /b 500\nPOST /a 500\n\nx\u{e9} \n";
    for (arguments, want) in [
        (vec!["--include", "GET"], "GET /a 200\nGET /b 500\n"),
        (vec!["--include", "^GET.*500$"], "GET /b 500\n"),
        (
            vec!["--include", "GET", "--include", "POST"],
            "GET /a 200\nGET /b 500\nPOST /a 500\n",
        ),
        (
            vec!["--exclude", "500", "--exclude", "^$"],
            "GET /a 200\nx\u{e9} \n",
        ),
        (vec!["--include", "GET", "--exclude", "/a"], "GET /b 500\n"),
        (vec!["--include", "(?i)get /A"], "GET /a 200\n"),
        (vec!["--include", "^$"], "\n"),
        (vec!["--exclude", ""], ""),
    ] {
        let ran = folder.lh("stream").args(&arguments).with(lines).ok();
        assert_eq!(ran.out(), want, "{arguments:?}");
    }
    let json = "{\"msg\":\"good\",\"k\":\"bad\"}\n{\"msg\":\"bad\",\"k\":\"good\"}\n";
    let ran = folder.lh("-i json stream --include good").with(json).ok();
    assert_eq!(ran.out(), "{\"msg\":\"good\",\"k\":\"bad\"}\n");
    let bytes = b"\xff1\n\xff2\n";
    let ran = folder.lh("stream --include 2$").with(bytes).ok();
    assert_eq!(ran.stdout, b"\xff2\n");
}

#[test]
fn dropped_records_are_counted_and_kept_as_dead_letters() {
    let folder = Folder::new();
    let lh = folder.lh("file /dev/full --on-error drop --dead-letter dead + file a.log");
    let ran = lh.with("one\ntwo \"q\"\n\u{ff}\n").code(1);
    assert_eq!(
        folder.text("a.log").lines().count(),
        3,
        "the others get everything"
    );
    ran.said_times("No space left on device", 1)
        .said("lh: /dev/full: 3 records were not delivered");
    // Without warnings, the error says why.
    let quiet = folder.lh("-q file /dev/full --on-error drop").with("x\n");
    quiet
        .code(1)
        .said("1 records were not delivered; the last reason: cannot write: No space left");
    let dead = folder.text("dead");
    assert_eq!(dead.lines().count(), 3, "{dead}");
    let read = folder.lh("-i json stream -f {handler}|{reason}|{record}");
    let lines = read.with(dead.as_bytes()).code(0).out();
    let reason = "/dev/full|cannot write: No space left on device|";
    for (line, record) in lines.lines().zip(["one", "two \"q\"", "\u{ff}"]) {
        assert_eq!(line, format!("{reason}{record}"));
    }
}

#[test]
fn bytes_of_a_dead_letter_that_are_no_text_can_be_had_back() {
    let folder = Folder::new();
    let lh = folder.lh("-q file /dev/full --on-error drop --dead-letter dead");
    lh.with(b"\xff\0\n").code(1);
    let dead = folder.text("dead");
    assert!(dead.contains(r#""record_base64":"/wA=""#), "{dead}");
}

#[test]
fn exit_ends_at_once_with_status_1() {
    let folder = Folder::new();
    // The pipe stays open.
    let chain = "file /dev/full --on-error exit --dead-letter dead + file a.log";
    let mut lh = folder.lh(chain).start();
    lh.send("one\ntwo\n");
    let ran = lh.wait_exit().code(1);
    ran.said("lh: /dev/full: cannot write: No space left on device");
    assert_eq!(folder.text("a.log"), "one\ntwo\n");
    assert_eq!(folder.text("dead").lines().count(), 2);
    let quiet = folder
        .lh("-q file /dev/full --on-error exit")
        .with("x\n")
        .code(1);
    quiet.said("No space left");
}

#[test]
fn block_waits_and_a_signal_ends_the_wait() {
    let folder = Folder::new();
    let mut lh = folder.lh("file /dev/full").start();
    lh.send("one\ntwo\n").wait_said("No space left on device");
    lh.signal(Signal::SIGINT).signal(Signal::SIGINT);
    let ran = lh.wait_exit().code(1);
    ran.said("2 records were not delivered")
        .said_times("No space", 1);
}

/// A FIFO without a reader is waited for, and nothing is lost meanwhile.
#[test]
fn a_fifo_without_a_reader_is_waited_for() {
    let folder = Folder::new();
    folder.mkfifo("fifo");
    let mut lh = folder.lh("file fifo + file a.log").start();
    lh.send_to("one\n", "a.log").wait_said("fifo");
    let reader = std::fs::File::open(folder.path("fifo")).expect("fifo");
    lh.wait_said("nothing was lost").send("two\n");
    lh.end().code(0);
    let text = std::io::read_to_string(reader).expect("text");
    assert_eq!(text, "one\ntwo\n");
}

#[test]
fn a_fifo_is_never_waited_for_where_records_are_dropped() {
    let folder = Folder::new();
    folder.mkfifo("fifo");
    let ran = folder
        .lh("file fifo --on-error drop")
        .with("one\ntwo\n")
        .code(1);
    ran.said("2 records were not delivered");
}

/// The reader of a FIFO goes away and another comes: whole lines only.
#[test]
fn another_reader_of_a_fifo_gets_what_follows() {
    let folder = Folder::new();
    folder.mkfifo("fifo");
    let open = || {
        let mut options = std::fs::File::options();
        options.read(true).custom_flags(nix::libc::O_NONBLOCK);
        options.open(folder.path("fifo")).expect("fifo")
    };
    let read = |mut file: &std::fs::File, want: &str| {
        let mut text = Vec::new();
        until("the reader has it", || {
            let mut part = [0; 100];
            if let Ok(count) = std::io::Read::read(&mut file, &mut part) {
                text.extend_from_slice(&part[..count]);
            }
            text.len() >= want.len()
        });
        assert_eq!(String::from_utf8_lossy(&text), want);
    };
    let first = open();
    let mut lh = folder.lh("file fifo + file a.log").start();
    lh.send("one\n");
    read(&first, "one\n");
    // lh has it open for writing; this end only asks.
    let mut asks = std::fs::File::options();
    let asks = asks.write(true).open(folder.path("fifo")).expect("fifo");
    close_reader(first, &asks);
    drop(asks);
    lh.send_to("two\n", "a.log").wait_said("fifo");
    let second = open();
    read(&second, "two\n");
    lh.send("three\n");
    read(&second, "three\n");
    lh.end().code(0);
}

#[test]
fn a_closed_stdout_ends_its_handler_and_no_other() {
    let folder = Folder::new();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    close_reader(reader, &writer);
    let mut lh = folder.lh("stream + file a.log").stdout(writer).start();
    lh.send_to("one\n", "a.log").send_to("two\n", "a.log");
    let ran = lh.end().code(1);
    ran.said_times("Broken pipe", 1)
        .said("stdout: 2 records were not delivered");
    // Alone, there is nothing left to do: it ends while the writer goes on.
    let (reader, writer) = std::io::pipe().expect("a pipe");
    close_reader(reader, &writer);
    let mut lh = folder.lh("stream").stdout(writer).start();
    lh.send("one\n");
    lh.wait_exit().code(1).said("Broken pipe");
}

#[test]
fn unencodable_records_are_losses_that_are_kept() {
    let folder = Folder::new();
    let lh = folder.lh("file --encoding ascii a.log --dead-letter dead");
    let ran = lh.with("plain\ncafé\nthé\nlast\n").code(1);
    assert_eq!(folder.text("a.log"), "plain\nlast\n");
    ran.said_times("cannot encode", 1)
        .said("2 records were not delivered");
    assert_eq!(folder.text("dead").lines().count(), 2);
    assert!(folder.text("dead").contains("café"));
}

/// The end of a line of Windows is none of its text.
#[test]
fn patterns_do_not_see_a_carriage_return_at_the_end() {
    let folder = Folder::new();
    let lines = "secret debug\r\nok\r\n";
    for (handler, want) in [
        ("stream --exclude debug$", "ok\r\n"),
        ("stream --include ok$", "ok\r\n"),
        ("stream --include debug\\r?$", "secret debug\r\n"),
    ] {
        assert_eq!(folder.lh(handler).with(lines).ok().out(), want, "{handler}");
    }
}
