//! `--join`, `--strip-ansi`, `--mask` and `--dedup` in a whole run: what the
//! handlers see, when, and in which order the steps come.
//!
//! Not tested here: which lines belong to a trace (`tests/traces.rs`), which
//! sequences a terminal knows, and how masks are written (beside the code).

use std::time::Duration;

use nix::sys::signal::Signal;

use crate::support::{Folder, read_with_pauses, until};

const TRACE: &str = "Traceback (most recent call last):\n  File \"a.py\", line 1, in <module>\n    \
                     f()\nValueError: no\n";

#[test]
fn a_trace_is_one_record_with_the_level_of_its_head() {
    let folder = Folder::new();
    let input = format!("INFO starting\nERROR it failed\n{TRACE}INFO going on\n{TRACE}INFO end\n");
    let ran = folder
        .lh("--join trace --detect-level stream -f")
        .arg("<{levelname} {message}>")
        .with(&input)
        .ok();
    let trace = TRACE.trim_end();
    assert_eq!(
        ran.out(),
        format!(
            "<INFO INFO starting>\n<ERROR ERROR it failed\n{trace}>\n<INFO INFO going on>\n\
             <ERROR {trace}>\n<INFO INFO end>\n"
        )
    );
    // A word further down says nothing.
    let below = TRACE.replace("f()", "log [DEBUG] f()");
    for (head, level) in [("", "ERROR"), ("\n", "INFO"), ("WARNING: x\n", "WARNING")] {
        let lh = folder.lh("--join trace --detect-level stream -f {levelname}");
        let ran = lh.with(format!("{head}{below}")).ok();
        let out = ran.out();
        assert_eq!(out.lines().next(), Some(level), "{head:?}: {out}");
        assert!(!out.contains("DEBUG"), "{head:?}: {out}");
    }
    // Raw, not a byte is another.
    assert_eq!(
        folder.lh("--join trace stream").with(&input).ok().out(),
        input
    );
}

#[test]
fn filters_see_the_whole_record() {
    let folder = Folder::new();
    let input = "one\n  two\nthree\n  four\nfive";
    let ran = folder
        .lh("--join indent stream --include four")
        .with(input)
        .ok();
    assert_eq!(ran.out(), "three\n  four\n");
    let ran = folder
        .lh("--join indent stream -f {message}|")
        .with(input)
        .ok();
    assert_eq!(ran.out(), "one\n  two|\nthree\n  four|\nfive|\n");
    let lh = folder.lh_args(["--join", "^(and|or) ", "stream", "-f", "{message}|"]);
    let ran = lh.with("this\nand that\nor not\nmore\n").ok();
    assert_eq!(ran.out(), "this\nand that\nor not|\nmore|\n");
}

/// A byte that is no UTF-8 is a character for `.`, as it is for a filter and a mask.
#[test]
fn a_line_in_latin_1_is_joined_as_one_in_utf_8() {
    let folder = Folder::new();
    for line in ["p\u{e4}ss on\n".as_bytes(), b"p\xe4ss on\n"] {
        let lh = folder.lh_args(["--join", "^p.ss ", "stream", "-f", "{message}|"]);
        let ran = lh.with([b"one\n", line, b"two\n"].concat()).ok();
        assert_eq!(ran.out().matches('|').count(), 2, "{}", ran.out());
    }
}

#[test]
fn a_file_is_rolled_over_between_joined_records_only() {
    let folder = Folder::new();
    let record = "head of it\n  one\n  two\n";
    let lh = folder.lh("--join indent rotate --max-bytes 60 --backups 99 a");
    lh.with(record.repeat(20)).ok();
    assert_eq!(folder.chain("a"), record.repeat(20).into_bytes());
    for name in folder.names() {
        assert!(folder.text(&name).starts_with("head"), "{name}");
        assert!(folder.size(&name) < 60, "{name}");
    }
}

#[test]
fn a_record_is_released_by_the_next_the_timeout_or_the_end() {
    let folder = Folder::new();
    let mut lh = folder.lh("--join indent --join-timeout 10m file a").start();
    lh.send("one\n  more\ntwo\n").wait_end("a", "one\n  more\n");
    lh.end().ok();
    assert_eq!(folder.text("a"), "one\n  more\ntwo\n");
    let mut lh = folder
        .lh("--join indent --join-timeout 50ms file b")
        .start();
    lh.send("one\n").wait_end("b", "one\n");
    // Too late to be a part of it.
    lh.send("  more\n").wait_end("b", "  more\n");
    lh.end().ok();
    let mut lh = folder.lh("--join indent --join-timeout 10m file c").start();
    lh.send("one\n  more\n").wait_ready();
    lh.signal(Signal::SIGTERM);
    lh.wait_exit().ok();
    assert_eq!(folder.text("c"), "one\n  more\n");
}

#[test]
fn each_output_of_a_command_is_joined_by_itself() {
    let folder = Folder::new();
    // The one ends before the other, whose record is then the last.
    let script = "echo one; echo err >&2; echo '  more'; exec >&-; \
                  until grep -q more a; do sleep 0.01; done; echo '  and err' >&2";
    let lh = folder
        .lh("--join indent --join-timeout 10m file -f {stream}:{message} a + file now")
        .args(["--", "sh", "-c", script])
        .start();
    lh.wait_exit().ok();
    assert_eq!(
        folder.text("a"),
        "stdout:one\n  more\nstderr:err\n  and err\n"
    );
}

/// What is there to be read has not come too late.
#[test]
fn a_handler_that_is_waited_for_longer_than_the_time_out_parts_no_record() {
    let record = |n| format!("ERROR record {n}\n{}", "  and more of it\n".repeat(50));
    let input: String = (0..4000).map(record).collect();
    for chain in [
        "stream --min-level error",
        "--tee null + file --min-level error a",
    ] {
        let folder = Folder::new();
        folder.write("input", &input);
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let script = "exec \"$LH\" --join indent --join-timeout 10ms --detect-level $CHAIN <input";
        let lh = folder.sh(script).env("CHAIN", chain).stdout(writer).start();
        let text = read_with_pauses(reader, Duration::from_millis(15));
        lh.wait_exit().ok();
        assert!(text == input, "{chain}: {} bytes", text.len());
        if folder.has("a") {
            assert!(
                folder.text("a") == input,
                "{chain}: {} bytes",
                folder.size("a")
            );
        }
    }
}

#[test]
fn a_trace_without_an_end_is_bounded() {
    let folder = Folder::new();
    let lh = folder.sh(
        "{ echo 'Traceback (most recent call last):'; yes '  File \"a.py\", line 1, in f'; } | \
         head -c 200000000 | \
         (ulimit -v 100000; exec \"$LH\" --join trace --max-record 64K --stats \
          file -f '{oversize}' a)",
    );
    let ran = lh.run().code(0);
    assert!(
        ran.stderr.contains("longer than 65536 bytes"),
        "{}",
        ran.stderr
    );
    assert!(folder.text("a").lines().all(|line| line == "split"));
    assert!(folder.text("a").lines().count() >= 200_000_000 / 65_536);
}

#[test]
fn what_is_stripped_and_masked_reaches_no_handler() {
    let folder = Folder::new();
    let input = "\x1b[31mERROR\x1b[0m login password=hunter2 ok\r\n10%\r50%\r100%\nplain\n";
    let lh = folder.lh("--strip-ansi --mask password=\\S+ --detect-level");
    let lh = lh.args(["file", "a", "+", "file", "-f", "{levelname} {message}", "b"]);
    lh.with(input).ok();
    assert_eq!(folder.text("a"), "ERROR login *** ok\r\n100%\nplain\n");
    assert_eq!(
        folder.text("b"),
        "ERROR ERROR login *** ok\r\nINFO 100%\nINFO plain\n"
    );
    // The copy on the terminal is as it came.
    let ran = folder
        .lh("--tee --strip-ansi --mask password=\\S+ null")
        .with(input)
        .ok();
    assert_eq!(ran.out(), input);
}

#[test]
fn a_mask_sees_what_was_stripped_and_joined() {
    let folder = Folder::new();
    let lh = folder.lh_args([
        "--strip-ansi",
        "--join",
        "indent",
        "--mask",
        "(?s)BEGIN.*END=KEY",
    ]);
    let ran = lh
        .arg("stream")
        .with("BE\x1b[1mGIN\n  secret\n  END\nnext\n")
        .ok();
    assert_eq!(ran.out(), "KEY\nnext\n");
}

#[test]
fn objects_are_cleaned_as_objects() {
    let folder = Folder::new();
    let input =
        "{\"msg\":\"\\u001b[31mred\\u001b[0m token=abc\",\"n\":1.50,\"token=x\":[\"token=y\"]}\n";
    for format in ["json", "auto"] {
        let lh = folder.lh_args(["-i", format, "--strip-ansi", "--mask", r"token=\w+=***"]);
        let ran = lh.arg("stream").with(input).ok();
        assert_eq!(
            ran.out(),
            "{\"msg\":\"red ***\",\"n\":1.50,\"***\":[\"***\"]}\n"
        );
    }
}

#[test]
fn a_message_of_the_command_line_is_cleaned_too() {
    let folder = Folder::new();
    let lh = folder.lh_args(["-m", "\x1b[1mmy key=42\n  and more", "--strip-ansi"]);
    let ran = lh
        .args(["--mask", r"key=\d+", "stream", "-f", "<{message}>"])
        .run()
        .ok();
    assert_eq!(ran.out(), "<my ***\n  and more>\n");
}

/// A notice goes where its records would have gone, and nowhere else.
#[test]
fn what_tells_of_repeats_passes_the_filters_of_what_it_stands_for() {
    let folder = Folder::new();
    folder
        .lh("--dedup file --include ^ERROR a + file --exclude ^ERROR b + file --exclude full$ c")
        .with("ERROR: disk full\n".repeat(5) + "ok\n")
        .ok();
    let text = folder.text("a");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert_eq!(lines[0], "ERROR: disk full");
    let sum = lines[2].starts_with("lh: last message repeated 4 times");
    assert!(sum && lines[2].ends_with(": ERROR: disk full"), "{text}");
    assert_eq!(folder.text("b"), "ok\n");
    assert_eq!(folder.text("c"), "ok\n");
}

#[test]
fn repeats_are_announced_at_once_and_summed_up_at_the_end() {
    let folder = Folder::new();
    let mut lh = folder
        .lh("--dedup 10m --detect-level file -f {repeats}|{levelname}|{message} a + file b")
        .start();
    lh.send("ERROR same\n").wait_end("b", "ERROR same\n");
    // Nobody has to wait until it is over.
    lh.send("ERROR same\n")
        .wait_end("b", "not written: ERROR same\n");
    lh.send("ERROR same\nERROR same\nother\n")
        .wait_end("b", "other\n");
    lh.send("other\nother\n");
    lh.end().ok();
    let text = folder.text("a");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 6, "{text}");
    assert_eq!(lines[0], "|ERROR|ERROR same");
    assert!(
        lines[1].starts_with("1|ERROR|lh: last message repeated, "),
        "{text}"
    );
    assert!(
        lines[2].starts_with("3|ERROR|lh: last message repeated 3 times in all since 20"),
        "{text}"
    );
    assert_eq!(lines[3], "|INFO|other");
    assert!(lines[4].starts_with("1|INFO|"), "{text}");
    assert!(
        lines[5].starts_with("2|INFO|lh: last message repeated 2 times"),
        "{text}"
    );
}

#[test]
fn repeats_are_summed_up_while_nothing_comes() {
    let folder = Folder::new();
    let mut lh = folder.lh("--dedup=100ms file a").start();
    lh.send("same\n".repeat(5)).wait_end("a", ": same\n");
    until("the sum is there", || {
        folder.text("a").contains("repeated 4 times")
    });
    // And then it is a new one.
    lh.send("same\n").wait_end("a", "\nsame\n");
    lh.end().ok();
}

/// A filter that lets a record pass lets pass what is said of it.
#[test]
fn filters_see_what_repeats() {
    let folder = Folder::new();
    let lh = folder.lh("--dedup stream --include disk + file --exclude disk a");
    let ran = lh
        .with("disk full\n".repeat(9) + "all well\nall well\n")
        .ok();
    assert_eq!(ran.out().lines().count(), 3, "{}", ran.out());
    assert_eq!(folder.text("a").lines().count(), 2, "{}", folder.text("a"));
}

#[test]
fn repeats_among_objects_are_objects() {
    let folder = Folder::new();
    let line = "{\"msg\":\"same\",\"level\":\"warn\",\"n\":7}\n";
    let ran = folder
        .lh("-i json --dedup stream")
        .with(line.repeat(4))
        .ok();
    let out = ran.out();
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 3, "{out}");
    for line in &lines[1..] {
        assert!(line.starts_with('{') && line.ends_with('}'), "{line}");
        assert!(
            line.contains("\"levelname\":\"WARNING\"") && line.contains("\"n\":7"),
            "{line}"
        );
    }
    assert!(lines[2].contains("\"repeats\":3"), "{out}");
}

#[test]
fn wrong_values_are_told_before_anything_is_opened() {
    let folder = Folder::new();
    for (options, text) in [
        (&["--join", "(", "file", "a"][..], "--join"),
        (&["--join-timeout", "1s", "file", "a"], "--join-timeout"),
        (
            &["--join", "trace", "--join-timeout", "x", "file", "a"],
            "no duration",
        ),
        (&["--mask", "(", "file", "a"], "--mask"),
        (&["--mask", "x*", "file", "a"], "--mask"),
        (
            &["--mask", "((a{1000}){1000}){1000}", "file", "a"],
            "--mask",
        ),
        (&["--dedup=x", "file", "a"], "no duration"),
        (
            &["--join", "indent", "--join", "trace", "file", "a"],
            "--join",
        ),
        (
            &["--metrics-file", "missing/lh.prom", "file", "a"],
            "missing/lh.prom",
        ),
    ] {
        let ran = folder.lh_args(options).run();
        assert!(ran.stderr.contains(text), "{options:?}: {}", ran.stderr);
        assert_eq!(folder.names(), [""; 0], "{options:?}");
    }
}

/// What takes exponential time elsewhere takes linear time here.
#[test]
fn a_slow_pattern_is_not_slow() {
    let folder = Folder::new();
    let line = format!("{}!\n", "a".repeat(100_000));
    let lh = folder.lh_args(["--mask", "(a+)+$", "--join", "^(a|aa)+$", "stream"]);
    assert_eq!(lh.with(&line).ok().out(), line);
}

#[test]
fn stats_say_what_became_of_the_records() {
    let folder = Folder::new();
    let lh = folder.lh("--stats --detect-level --mask x file a + file --min-level error b");
    let ran = lh.with("INFO x\nERROR y\nINFO z\n").code(0);
    for part in [
        "\"records_in\":3",
        "\"bytes_in\":22",
        "\"masked\":1",
        "\"target\":\"a\"",
        "\"delivered\":3",
        "\"delivered\":1",
        "\"filtered\":2",
    ] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    // What was read counts, and not what is said of it.
    let ran = folder
        .lh("--stats --dedup null")
        .with("x\n".repeat(50))
        .code(0);
    for part in ["\"records_in\":50", "\"repeats\":49"] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    // At SIGUSR1 as well, which is harmless without --stats.
    let mut lh = folder.lh("--stats file c").start();
    lh.send_to("one\n", "c").signal(Signal::SIGUSR1);
    lh.wait_said("\"records_in\":1");
    assert_eq!(lh.end().code(0).stderr.lines().count(), 2);
    let mut lh = folder.lh("file d").start();
    lh.send_to("one\n", "d")
        .signal(Signal::SIGUSR1)
        .send_to("two\n", "d");
    lh.end().ok();
}

#[test]
fn metrics_are_in_their_file_at_the_end() {
    let folder = Folder::new();
    let lh = folder.lh("--metrics-file lh.prom rotate --max-bytes 10 --backups 9 a");
    lh.with("one\ntwo\nthree\n").ok();
    let text = folder.text("lh.prom");
    for part in [
        "lh_input_records_total{run=\"lh\"} 3",
        "rollovers_total",
        "target=\"a\"",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(folder.names(), ["a", "a.1", "lh.prom"]);
}
