//! `-- COMMAND`: its two outputs, its status, and the signals that are meant
//! for it.
//!
//! Not tested here: those that a terminal sends (`terminal.rs`), and the order of what
//! both outputs hold when lh comes to read them, which no reader of two pipes can know.

use std::time::Duration;

use nix::sys::signal::{SigSet, SigmaskHow, Signal};

use crate::support::{Folder, LH, peer, read_with_pauses, until};

/// A script of the shell as the command.
const SH: [&str; 3] = ["--", "sh", "-c"];

#[test]
fn the_status_is_the_commands_own() {
    let folder = Folder::new();
    for (script, code) in [
        ("exit 0", 0),
        ("exit 3", 3),
        ("exit 255", 255),
        ("kill -TERM $$", 128 + 15),
        ("kill -KILL $$", 128 + 9),
        ("kill -SEGV $$", 128 + 11),
    ] {
        for handler in ["null", "file a"] {
            let lh = folder.lh(handler).args(SH).arg(script);
            let ran = lh.run().code(code);
            assert_eq!(ran.stderr, "", "{script}");
        }
    }
}

/// And no word of it in the log: nobody has written that.
#[test]
fn a_command_that_can_not_be_run_is_told() {
    let folder = Folder::new();
    folder.write("plain", "no program");
    folder.mkdir("folder");
    for (program, code, reason) in [
        ("./nonesuch", 127, "No such file or directory"),
        ("nonesuch", 127, "No such file or directory"),
        ("./plain", 126, "Permission denied"),
        ("./folder", 126, "Permission denied"),
    ] {
        let lh = folder.lh("file -f {levelname}:{stream}:{message} a");
        let text = format!("cannot run {program}: {reason}");
        lh.args(["--", program, "x"])
            .run()
            .code(code)
            .said(&format!("lh: {text}\n"));
        assert_eq!(folder.text("a"), "");
    }
}

#[test]
fn a_command_is_not_run_when_a_handler_can_not_be_opened() {
    let folder = Folder::new();
    let lh = folder.lh("file a + file missing/b -- touch c");
    lh.run().code(1).said("missing/b");
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn two_outputs_are_two_streams() {
    let folder = Folder::new();
    let script = "echo out; echo 'ERROR: out'; echo err >&2; echo 'WARNING: err' >&2; echo $$ >pid";
    for (options, want) in [
        (
            "",
            [
                "INFO out",
                "INFO ERROR: out",
                "ERROR err",
                "ERROR WARNING: err",
            ],
        ),
        (
            "--stdout-level debug --stderr-level notice",
            [
                "DEBUG out",
                "DEBUG ERROR: out",
                "NOTICE err",
                "NOTICE WARNING: err",
            ],
        ),
        (
            "--level warning",
            [
                "WARNING out",
                "WARNING ERROR: out",
                "WARNING err",
                "WARNING WARNING: err",
            ],
        ),
        (
            "--detect-level",
            [
                "INFO out",
                "ERROR ERROR: out",
                "ERROR err",
                "WARNING WARNING: err",
            ],
        ),
    ] {
        let lh = folder.lh(options);
        let format = "{stream} {levelname} {message}";
        let ran = lh
            .args(["stream", "-f", format])
            .args(SH)
            .arg(script)
            .run()
            .ok();
        let out = ran.out();
        let of = |name: &str| -> Vec<String> {
            let name = format!("{name} ");
            let lines = out.lines().filter_map(|line| line.strip_prefix(&name));
            lines.map(str::to_owned).collect()
        };
        assert_eq!(of("stdout"), &want[..2], "{options}");
        assert_eq!(of("stderr"), &want[2..], "{options}");
    }
    let lh = folder.lh("stream -f json --include ^out$");
    let ran = lh.args(SH).arg(script).run().ok();
    let pid = folder.text("pid");
    let tail = format!("\"stream\":\"stdout\",\"pid\":{}}}\n", pid.trim());
    assert!(ran.out().ends_with(&tail), "{} {pid}", ran.out());
}

#[test]
fn what_is_written_one_after_the_other_stays_so() {
    let folder = Folder::new();
    let script = "for n in 1 2 3 4 5 6 7 8 9; do \
                  echo out $n; until grep -qx \"out $n\" a; do :; done; \
                  echo err $n >&2; until grep -qx \"err $n\" a; do :; done; done";
    folder.lh("file a").args(SH).arg(script).run().ok();
    let want: String = (1..=9).map(|n| format!("out {n}\nerr {n}\n")).collect();
    assert_eq!(folder.text("a"), want);
}

#[test]
fn nothing_of_either_output_is_lost() {
    let folder = Folder::new();
    let script = "(seq 200000 >&2) & seq 200001 400000; printf last; wait; printf last >&2";
    let lh = folder.lh("file --include 0 a + file b");
    lh.args(SH).arg(script).run().ok();
    let text = folder.text("b");
    let mut numbers: Vec<u32> = text.lines().filter_map(|line| line.parse().ok()).collect();
    let (err, out): (Vec<u32>, Vec<u32>) = numbers.iter().partition(|n| **n <= 200_000);
    assert!(err.is_sorted() && out.is_sorted(), "the order of a stream");
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(1..=400_000));
    assert_eq!(text.lines().filter(|line| *line == "last").count(), 2);
}

#[test]
fn each_output_is_passed_through_to_its_own() {
    let folder = Folder::new();
    let script = "echo out; printf 'no end'; printf 'err\\000\\377\\n' >&2";
    let ran = folder.lh("--tee file a").args(SH).arg(script).run();
    let ran = ran.code(0);
    assert_eq!(ran.out(), "out\nno end");
    assert_eq!(ran.stderr, "err\0\u{fffd}\n");
    // A copy that can't be made costs no record, and no other copy.
    let full = folder.sh("\"$LH\" --tee file b -- sh -c 'echo out; echo err >&2' >/dev/full");
    let ran = full.run().code(0);
    assert!(
        ran.stderr.contains("stdout: No space left"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("err\n"), "{}", ran.stderr);
    assert_eq!(folder.text("b").lines().count(), 2);
}

#[test]
fn arguments_and_input_reach_the_command_untouched() {
    let folder = Folder::new();
    let lh = folder.lh("stream -- printf %s\\n + -- a*b --tee");
    assert_eq!(lh.run().ok().out(), "+\n--\na*b\n--tee\n");
    let lh = folder.lh("stream -- cat");
    assert_eq!(lh.with("from stdin\n").ok().out(), "from stdin\n");
    // Rust's own start-up ignores SIGPIPE; a command must not.
    let lh = folder.lh("stream").args(SH).arg("yes | head -n 1");
    assert_eq!(lh.run().ok().out(), "y\n");
}

#[test]
fn objects_from_a_command_are_read_as_such() {
    let folder = Folder::new();
    let script = "echo '{\"msg\":\"m\",\"level\":\"warn\",\"k\":1}'; echo '{\"msg\":\"e\"}' >&2";
    let lh = folder
        .lh("-i json stream -f")
        .arg("{levelname} {message} {k} {stream}");
    let ran = lh.args(SH).arg(script).run().ok();
    let mut lines: Vec<String> = ran.out().lines().map(str::to_owned).collect();
    lines.sort();
    assert_eq!(lines, ["ERROR e  stderr", "WARNING m 1 stdout"]);
}

#[test]
fn signals_are_passed_on() {
    for (signal, name) in [
        (Signal::SIGTERM, "TERM"),
        (Signal::SIGINT, "INT"),
        (Signal::SIGHUP, "HUP"),
        (Signal::SIGQUIT, "QUIT"),
        (Signal::SIGUSR1, "USR1"),
        (Signal::SIGUSR2, "USR2"),
    ] {
        let folder = Folder::new();
        let script = format!(
            "trap 'echo got {name}; exit 5' {name}; echo ready; while :; do sleep 0.01; done"
        );
        let mut lh = folder.lh("file a").args(SH).arg(&script).start();
        lh.wait_end("a", "ready\n").signal_now(signal);
        lh.wait_exit().code(5);
        assert_eq!(folder.text("a"), format!("ready\ngot {name}\n"));
    }
}

#[test]
fn a_command_that_goes_on_is_read_on() {
    let folder = Folder::new();
    let script = "trap 'echo $((n = n + 1))' TERM INT; echo ready; \
                  until [ \"$n\" = 4 ]; do sleep 0.01; done; echo end; exit 6";
    let mut lh = folder.lh("file a").args(SH).arg(script).start();
    lh.wait_end("a", "ready\n");
    for (count, signal) in [
        Signal::SIGTERM,
        Signal::SIGINT,
        Signal::SIGINT,
        Signal::SIGTERM,
    ]
    .into_iter()
    .enumerate()
    {
        lh.signal_now(signal);
        until("it was told", || {
            folder.text("a").contains(&format!("{}\n", count + 1))
        });
    }
    lh.wait_exit().code(6);
    assert_eq!(folder.text("a"), "ready\n1\n2\n3\n4\nend\n");
}

#[test]
fn an_alarm_is_for_lh_alone_and_a_hangup_for_both() {
    let folder = Folder::new();
    let script = "trap 'echo hup' HUP; echo ready; until [ -e go ]; do sleep 0.01; done; echo end";
    let mut lh = folder
        .lh("rotate --max-bytes 1M --backups 3 a")
        .args(SH)
        .arg(script)
        .start();
    lh.wait_end("a", "ready\n").signal_now(Signal::SIGALRM);
    until("it has rolled over", || folder.has("a.1"));
    lh.signal_now(Signal::SIGHUP);
    until("it was passed on", || folder.text("a").contains("hup\n"));
    folder.rename("a", "moved");
    lh.signal_now(Signal::SIGHUP);
    until("it was opened anew", || folder.has("a"));
    folder.write("go", "");
    lh.wait_exit().code(0);
    assert_eq!(folder.text("a.1"), "ready\n");
    assert!(
        folder.text("a").ends_with("end\n"),
        "{:?}",
        folder.text("a")
    );
}

#[test]
fn nohup_holds_for_the_command_too() {
    let folder = Folder::new();
    let lh = folder.sh("trap '' HUP INT; exec \"$LH\" stream -- \
                        sh -c 'kill -HUP $$; kill -INT $$; kill -HUP $PPID; echo alive'");
    assert_eq!(lh.run().ok().out(), "alive\n");
}

#[test]
fn an_output_that_is_held_open_is_not_waited_for_for_ever() {
    let folder = Folder::new();
    // What holds it notices the end of lh, because nobody reads any more.
    let script = "echo one; (trap '' PIPE; while echo more 2>/dev/null; do sleep 0.01; done; \
                  echo over >ended) & exit 3";
    let lh = folder.lh("--grace 300ms file a").args(SH).arg(script);
    let ran = lh.run().code(3);
    assert!(ran.stderr.contains("--grace"), "{}", ran.stderr);
    assert!(folder.text("a").starts_with("one\nmore\n"));
    until("what held it has ended", || folder.has("ended"));
}

#[test]
fn one_that_never_stops_writing_is_not_read_for_ever() {
    let folder = Folder::new();
    let lh = folder.lh("--grace 100ms null").args(SH).arg("yes & exit 3");
    lh.run().code(3).said_times("--grace", 1);
}

/// Nobody holds the outputs open: there is only somebody who reads slowly.
#[test]
fn a_pause_longer_than_the_time_of_grace_costs_nothing() {
    let numbers: String = (1..=100_000).map(|n| format!("{n}\n")).collect();
    for chain in ["stream", "queue stream", "--tee null"] {
        let folder = Folder::new();
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let lh = folder.lh(chain).args(["--grace", "20ms"]);
        let lh = lh.args(["--", "seq", "100000"]).stdout(writer).start();
        let text = read_with_pauses(reader, Duration::from_millis(150));
        lh.wait_exit().ok();
        assert!(text == numbers, "{chain}: {} bytes", text.len());
    }
}

#[test]
fn what_a_queue_has_taken_when_the_grace_is_over_is_delivered_without_hurry() {
    let folder = Folder::new();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    // It ends with the folder, too.
    let script = r#"(while [ ! -e go ] && [ -d "$PWD" ]; do sleep 0.01; done) & seq 20000"#;
    let lh = folder.lh("--grace 20ms queue --capacity 100000 stream");
    let mut lh = lh.args(SH).arg(script).stdout(writer).start();
    lh.wait_said("--grace");
    // An end in a hurry takes two seconds.
    std::thread::sleep(Duration::from_millis(2500));
    let text = read_with_pauses(reader, Duration::ZERO);
    folder.write("go", "");
    let ran = lh.wait_exit().code(0).said_times("lh: ", 1);
    let numbers: String = (1..=20_000).map(|n| format!("{n}\n")).collect();
    assert!(text == numbers, "{} bytes; {}", text.len(), ran.stderr);
}

#[test]
fn the_time_for_which_a_handler_is_waited_for_does_not_count_as_grace() {
    let folder = Folder::new();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let script = "(sleep 0.2; seq 30000; until [ -e go ]; do sleep 0.01; done; echo late) &";
    let lh = folder.lh("--tee --grace 2s file a").args(SH).arg(script);
    let lh = lh.stdout(writer).start();
    until("lh waits for the reader", || folder.size("a") > 64 << 10);
    std::thread::sleep(Duration::from_millis(2200));
    let text = std::thread::scope(|scope| {
        let reading = scope.spawn(|| read_with_pauses(reader, Duration::ZERO));
        until("all is there", || folder.text("a").ends_with("\n30000\n"));
        folder.write("go", "");
        reading.join().expect("no panic")
    });
    lh.wait_exit().ok();
    assert!(text.ends_with("\n30000\nlate\n") && text == folder.text("a"));
}

#[test]
fn the_last_line_of_an_output_that_has_ended_does_not_wait_for_the_other() {
    for (options, last) in [
        ("", "part"),
        ("--join indent --join-timeout 10m", "part\n  more"),
    ] {
        let folder = Folder::new();
        let script = format!("printf '{last}'; exec >&-; until [ -e go ]; do sleep 0.01; done");
        let script = format!("{script}; echo err >&2");
        let mut lh = folder
            .lh(options)
            .args(["file", "a"])
            .args(SH)
            .arg(&script)
            .start();
        lh.wait_end("a", &format!("{last}\n"));
        folder.write("go", "");
        lh.wait_exit().ok();
        assert_eq!(folder.text("a"), format!("{last}\nerr\n"));
    }
}

/// A line that may go on holds up what comes behind it on the other output.
#[test]
fn joined_records_come_in_the_order_in_which_they_began() {
    let folder = Folder::new();
    // The copy tells when a line was read.
    let read = "read_is() { until grep -q \"$1\" t; do sleep 0.01; done; }";
    let script = "echo start; read_is start; echo error >&2; read_is error; echo one; \
        echo two; read_is two; echo \" more\" >&2; read_is more; echo three; \
        read_is three; echo last >&2; read_is last; exec 2>&-; echo end";
    folder.write("script", format!("{read}; {script}"));
    let lh = "exec \"$LH\" --tee --join indent --join-timeout 10m file a -- sh script >t 2>&1";
    folder.sh(lh).run().ok();
    assert_eq!(
        folder.text("a"),
        "start\nerror\n more\none\ntwo\nthree\nlast\nend\n"
    );
}

#[test]
fn what_comes_within_the_time_of_grace_is_taken() {
    let folder = Folder::new();
    let script = "(until [ -e go ]; do sleep 0.01; done; echo late) & echo early; exit 0";
    let mut lh = folder.lh("file a").args(SH).arg(script).start();
    lh.wait_end("a", "early\n");
    folder.write("go", "");
    lh.wait_exit().ok();
    assert_eq!(folder.text("a"), "early\nlate\n");
}

#[test]
fn a_command_that_closes_its_outputs_is_waited_for() {
    let folder = Folder::new();
    let script = "echo one; exec >&- 2>&-; until [ -e go ]; do sleep 0.01; done; exit 4";
    let mut lh = folder.lh("file a").args(SH).arg(script).start();
    lh.wait_end("a", "one\n");
    folder.write("go", "");
    lh.wait_exit().code(4);
}

#[test]
fn a_terminal_for_each_output() {
    if !peer("python3") {
        return;
    }
    let folder = Folder::new();
    // Nothing is flushed: only a terminal makes Python write line by line.
    folder.write(
        "lines.py",
        "import os, sys\n\
         print('out', os.isatty(1), os.get_terminal_size(1).columns)\n\
         while not os.path.exists('go'): pass\n\
         print('err', os.isatty(2), file=sys.stderr)\n\
         sys.exit(9)\n",
    );
    let mut lh = folder
        .lh_args(["--pty", "file", "-f", "{levelname} {message}", "a"])
        .args(["--", "python3", "lines.py"])
        .start();
    lh.wait_end("a", "INFO out True 80\n");
    folder.write("go", "");
    lh.wait_exit().code(9);
    assert_eq!(folder.text("a"), "INFO out True 80\nERROR err True\n");
}

#[test]
fn a_terminal_changes_no_byte_and_loses_none() {
    let folder = Folder::new();
    let script = "printf 'a\\r\\nb\\tc\\004\\003\\n'; seq 100000";
    folder.lh("--pty file a").args(SH).arg(script).run().ok();
    let numbers: String = (1..=100_000).map(|n| format!("{n}\n")).collect();
    assert_eq!(folder.text("a"), format!("a\r\nb\tc\u{4}\u{3}\n{numbers}"));
}

#[test]
fn a_line_without_an_end_takes_no_more_memory() {
    let folder = Folder::new();
    let lh = folder.sh(
        "ulimit -v 100000; exec \"$LH\" --max-record 64K null + file -f '{oversize}' a \
         -- head -c 300000000 /dev/zero",
    );
    let ran = lh.run().code(0);
    assert!(
        ran.stderr.contains("longer than 65536 bytes"),
        "{}",
        ran.stderr
    );
    let pieces = folder.text("a");
    assert_eq!(pieces.lines().count(), 300_000_000_usize.div_ceil(64 << 10));
    assert!(pieces.lines().all(|line| line == "split"));
}

#[test]
fn when_nothing_can_be_delivered_the_command_is_asked_to_end() {
    let folder = Folder::new();
    let script = "trap 'exit 0' TERM; echo one; while :; do sleep 0.01; done";
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .expect("/dev/full");
    let lh = folder.lh("stream --on-error exit").args(SH).arg(script);
    lh.stdout(full).run().code(1).said("No space left");
    // Nothing but lh's failure has ended it.
    let script = "echo one; while :; do sleep 0.01; done";
    let lh = folder.lh("file --on-error exit /dev/full").args(SH);
    lh.arg(script).run().code(1).said("No space left");
    // Its own status is the more telling one.
    let script = "trap 'exit 8' TERM; echo one; while :; do sleep 0.01; done";
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .expect("/dev/full");
    let lh = folder.lh("stream --on-error exit").args(SH).arg(script);
    lh.stdout(full).run().code(8).said("No space left");
    // It may be deaf.
    let script = "trap '' TERM; echo one; for n in $(seq 300); do sleep 0.01; done";
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .expect("/dev/full");
    let lh = folder
        .lh("--grace 100ms stream --on-error exit")
        .args(SH)
        .arg(script);
    lh.stdout(full).run().code(1).said("goes on");
}

#[test]
fn options_for_a_command_need_one() {
    let folder = Folder::new();
    for options in [
        "--pty",
        "--grace 1s",
        "--stdout-level info",
        "--stderr-level info",
    ] {
        let lh = folder.lh(options).args(["file", "a"]);
        lh.run().code(2).said("for a command");
    }
    folder
        .lh("file a --")
        .run()
        .code(2)
        .said("no command behind --");
    folder
        .lh("-m x file a -- ls")
        .run()
        .code(2)
        .said("--message");
    folder.lh("-- ls").run().code(2);
    folder.lh("man -- ls").run().code(2).said("only handlers");
    assert_eq!(folder.names(), [""; 0]);
}

/// Whoever starts lh may have signals blocked for its own sake, as a program does
/// that takes them from signalfd(2): what it starts has them blocked, too.
fn with_blocked<T>(start: impl FnOnce() -> T) -> T {
    let mut set = SigSet::empty();
    for signal in [Signal::SIGCHLD, Signal::SIGTERM, Signal::SIGUSR1] {
        set.add(signal);
    }
    let own = set.thread_swap_mask(SigmaskHow::SIG_BLOCK).expect("masked");
    let started = start();
    own.thread_set_mask().expect("as before");
    started
}

#[test]
fn blocked_signals_are_caught_all_the_same() {
    let folder = Folder::new();
    let script = "echo hi; exit 3";
    let lh = folder.lh("file a").args(SH).arg(script);
    let ran = with_blocked(|| lh.start()).wait_exit();
    ran.code(3);
    assert_eq!(folder.text("a"), "hi\n");

    let lh = folder.lh("file b");
    let mut lh = with_blocked(|| lh.start());
    lh.send_to("one\n", "b").signal(Signal::SIGTERM);
    lh.wait_exit().code(0);
}

#[test]
fn a_command_has_the_signals_blocked_that_lh_had() {
    let folder = Folder::new();
    let blocked = |program: &str, arguments: &[&str]| {
        let program = folder.program(program).args(arguments);
        with_blocked(|| program.start()).wait_exit().out()
    };
    let command = ["SigBlk", "/proc/self/status"];
    let bare = blocked("grep", &command);
    let under = blocked(LH, &[&["stream", "--", "grep"], &command[..]].concat());
    assert!(bare.contains("SigBlk"), "{bare}");
    assert_eq!(under, bare);
}
