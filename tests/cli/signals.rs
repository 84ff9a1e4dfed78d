//! Signals, the ends that they make, and the exit status.
//!
//! Not tested here: signals under `-- COMMAND` (`command.rs`);
//! HUP and ALRM, which stand with the files (`file.rs`, `rotate.rs`).

use nix::sys::signal::Signal;

use crate::support::{Folder, until};

#[test]
fn an_interrupt_waits_for_the_writer_of_a_pipe() {
    for handler in ["file", "rotate --max-bytes 1M --backups 1", "timed"] {
        let folder = Folder::new();
        let mut lh = folder.lh(handler).arg("a").start();
        lh.send_to("one\n", "a").signal(Signal::SIGINT);
        // What the writer says as it ends is still taken.
        lh.send_to("two\n", "a").send("last words");
        lh.end().ok();
        assert_eq!(folder.text("a"), "one\ntwo\nlast words\n", "{handler}");
    }
}

#[test]
fn a_second_interrupt_stops_at_once_with_everything_written() {
    let folder = Folder::new();
    let mut lh = folder.lh("file a").start();
    lh.send_to("one\n", "a").signal(Signal::SIGINT);
    lh.send_to("two\n", "a").send("un").signal(Signal::SIGINT);
    // The pipe is still open.
    lh.wait_exit().code(0);
    let text = folder.text("a");
    assert!(text == "one\ntwo\nun\n" || text == "one\ntwo\n", "{text:?}");
}

#[test]
fn a_named_pipe_is_a_pipe_like_any_other() {
    let folder = Folder::new();
    folder.mkfifo("fifo");
    // Both ends are open here, so it never ends by itself.
    let mut options = std::fs::File::options();
    let fifo = options
        .read(true)
        .write(true)
        .open(folder.path("fifo"))
        .expect("fifo");
    let lh = folder.sh("exec \"$LH\" file a <fifo");
    let mut lh = lh.start();
    std::io::Write::write_all(&mut &fifo, b"one\n").expect("fifo");
    lh.wait_end("a", "one\n").signal(Signal::SIGINT);
    std::io::Write::write_all(&mut &fifo, b"two\n").expect("fifo");
    lh.wait_end("a", "two\n").signal(Signal::SIGINT);
    lh.wait_exit().ok();
}

#[test]
fn terminate_takes_what_is_in_the_pipe_and_ends() {
    for handler in ["file", "rotate --max-bytes 10K --backups 999", "timed"] {
        let folder = Folder::new();
        let mut lh = folder.lh(handler).arg("a").start();
        lh.send_to("first\n", "a").freeze();
        // As much as the pipe takes, which is more than one read.
        let size = lh.pipe_size() * 3 / 4;
        let lines: String = (0..size / 100).map(|n| format!("{n:099}\n")).collect();
        lh.send(&lines).send("unfinished");
        lh.signal_now(Signal::SIGTERM).thaw();
        // The pipe is still open.
        lh.wait_exit().ok();
        let all = String::from_utf8(folder.chain("a")).expect("text");
        assert!(
            all == format!("first\n{lines}unfinished\n"),
            "{handler}: {} bytes",
            all.len()
        );
    }
}

/// What is in the pipe is nowhere else: where it can't be written, it is counted, and
/// nobody else misses it.
#[test]
fn terminate_counts_what_a_full_disk_did_not_take() {
    for options in ["", "--detect-level"] {
        let folder = Folder::new();
        let mut lh = folder
            .lh(options)
            .args(["file", "/dev/full", "+", "file", "a"])
            .start();
        lh.send("first\n").wait_said("waiting until that is over");
        let size = lh.pipe_size() * 3 / 4;
        let count = size / 100;
        let lines: String = (0..count).map(|n| format!("{n:099}\n")).collect();
        lh.send(&lines).send("unfinished").signal(Signal::SIGTERM);
        let ran = lh.wait_exit().code(1);
        let told = format!("/dev/full: {} records were not delivered", count + 2);
        ran.said(&told).said_times("written again", 0);
        let all = folder.text("a");
        assert!(
            all == format!("first\n{lines}unfinished\n"),
            "{}",
            all.len()
        );
    }
}

/// Each of its lines is waited for a little, in which the next one comes.
#[test]
fn terminate_ends_although_a_slow_writer_goes_on_before_a_full_queue() {
    let folder = Folder::new();
    let script = "(while echo line; do echo >>lines; sleep 0.01; done) 2>/dev/null | \
                  \"$LH\" queue --capacity 10 file /dev/full & \
                  echo $! >pid; wait $!; echo $? >status";
    let mut shell = folder.sh(script).start();
    shell.wait_said("waiting until that is over");
    until("the queue is full", || folder.size("lines") > 60);
    let pid = folder.text("pid").trim().parse().expect("a number");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), Signal::SIGTERM).expect("it runs");
    let begun = std::time::Instant::now();
    until("it ends", || folder.has("status"));
    assert!(begun.elapsed().as_secs() < 15, "{:?}", begun.elapsed());
    shell.wait_exit().said("records were not delivered");
}

#[test]
fn terminate_ends_although_the_writer_goes_on() {
    let folder = Folder::new();
    let script = "(while echo line; do :; done) 2>/dev/null | \"$LH\" file a & \
                  echo $! >pid; wait $!; echo $? >status";
    let shell = folder.sh(script).start();
    until("it writes", || {
        folder.size("a") > 0 && folder.size("pid") > 0
    });
    let pid = folder.text("pid").trim().parse().expect("a process id");
    let pid = nix::unistd::Pid::from_raw(pid);
    let begun = std::time::Instant::now();
    nix::sys::signal::kill(pid, Signal::SIGTERM).expect("it is there");
    until("it has ended", || {
        folder.has("status") && folder.size("status") > 0
    });
    assert!(begun.elapsed().as_secs() < 6, "{:?}", begun.elapsed());
    assert_eq!(folder.text("status"), "0\n");
    assert!(folder.text("a").ends_with("line\n"));
    shell.end();
}

#[test]
fn terminate_on_an_idle_pipe_ends_at_once() {
    let folder = Folder::new();
    let mut lh = folder.lh("file a").start();
    lh.signal(Signal::SIGTERM);
    lh.wait_exit().ok();
}

#[test]
fn an_unfinished_line_is_kept_and_ended() {
    let folder = Folder::new();
    let mut lh = folder.lh("file a").start();
    lh.send("whole\nhalf a line")
        .wait_end("a", "whole\n")
        .signal(Signal::SIGTERM);
    lh.wait_exit().ok();
    assert_eq!(folder.text("a"), "whole\nhalf a line\n");
}

#[test]
fn terminate_finishes_the_compression_or_leaves_it_whole() {
    let folder = Folder::new();
    let lh = folder.lh("rotate --max-bytes 100000 --backups 9 --compress gzip a");
    let mut lh = lh.start();
    let lines = "a line of some length, again and again\n".repeat(10_000);
    lh.send(&lines).signal(Signal::SIGTERM);
    lh.wait_exit().ok();
    assert!(
        folder.names().iter().all(|name| !name.ends_with(".tmp")),
        "{:?}",
        folder.names()
    );
    // The next start makes good what was left.
    folder
        .lh("rotate --max-bytes 100000 --backups 9 --compress gzip a")
        .run()
        .ok();
    let names = folder.names();
    assert_eq!(names, ["a", "a.1.gz", "a.2.gz", "a.3.gz"], "{names:?}");
}

#[test]
fn the_size_limit_of_a_process_is_an_error_and_no_end() {
    let folder = Folder::new();
    // In blocks of 512 bytes.
    let script = "ulimit -f 1; \"$LH\" file --on-error drop a; echo $? >&2";
    let ran = folder.sh(script).with("0123456789abcde\n".repeat(100));
    ran.said("File too large").said("\n1\n");
    let text = folder.text("a");
    assert!(
        text.len() <= 1024 && text.ends_with("e\n"),
        "{}",
        text.len()
    );
}

#[test]
fn a_closed_pipe_on_stdout_is_no_end_by_a_signal() {
    let folder = Folder::new();
    let script = "(\"$LH\" stream; echo $? >status) | true; cat status";
    let ran = folder.sh(script).with("x\n".repeat(100_000));
    assert!(
        ["0\n", "1\n"].contains(&ran.out().as_str()),
        "{}",
        ran.out()
    );
}

#[test]
fn the_status_tells_what_became_of_the_records() {
    let folder = Folder::new();
    folder.lh("file a").with("x\n").ok();
    folder.lh("file a --min-level error").with("x\n").ok();
    folder
        .lh("file /dev/full --on-error drop")
        .with("x\n")
        .code(1);
    folder.lh("file nodir/a").with("x\n").code(1);
    folder.lh("file --nonsense a").with("x\n").code(2);
    folder.lh("--help").run().ok();
    assert_eq!(folder.text("a"), "x\n");
}
