//! Presets, templates in both styles, times, and what ends a record.
//!
//! Not tested here: agreement with Python's Formatter (`conformance.rs`), and
//! every format spec (tables beside `text/spec.rs`).

use crate::support::{Folder, Ran, faketime, peer};

const RECORD: &str = concat!(
    r#"{"created":1057682985.896123,"levelname":"WARNING","name":"app.db","msg":"slow query","#,
    r#""lineno":7,"user":"ann","ratio":0.25,"funcName":"run","process":42}"#,
    "\n"
);

#[track_caller]
fn formatted(arguments: &[&str]) -> Ran {
    let folder = Folder::new();
    folder
        .lh("-i json stream --utc")
        .args(arguments)
        .with(RECORD)
        .ok()
}

#[test]
fn every_preset() {
    let cases = [
        ("raw", RECORD.trim_end()),
        ("message", "slow query"),
        ("text", "2003-07-08 16:49:45,896 WARNING app.db: slow query"),
        (
            "json",
            concat!(
                r#"{"timestamp":"2003-07-08T16:49:45.896123+00:00","levelname":"WARNING","#,
                r#""name":"app.db","message":"slow query","lineno":7,"user":"ann","#,
                r#""ratio":0.25,"funcName":"run","process":42}"#
            ),
        ),
        (
            "logfmt",
            "timestamp=2003-07-08T16:49:45.896123+00:00 level=warning logger=app.db \
             msg=\"slow query\" lineno=7 user=ann ratio=0.25 funcName=run process=42",
        ),
    ];
    for (preset, want) in cases {
        assert_eq!(
            formatted(&["-f", preset]).out(),
            format!("{want}\n"),
            "{preset}"
        );
        let long = format!("--format={preset}");
        assert_eq!(formatted(&[&long]).out(), format!("{want}\n"), "{preset}");
    }
    assert_eq!(formatted(&[]).out(), RECORD, "the default is raw");
}

#[test]
fn templates_in_both_styles() {
    let cases = [
        ("{levelname:<8}|", "WARNING |"),
        ("{levelname:>8}|", " WARNING|"),
        ("{levelname:^9}|", " WARNING |"),
        ("{levelname:*^9}|", "*WARNING*|"),
        ("{message:.4}", "slow"),
        ("{levelno:05d}", "00030"),
        ("{levelno:x}", "1e"),
        ("{ratio}", "0.25"),
        ("{user!r}", "'ann'"),
        ("{{{user}}}", "{ann}"),
        ("{nothing}|{nothing:>3}|", "|   |"),
        (
            "{timestamp} {message}",
            "2003-07-08T16:49:45.896123+00:00 slow query",
        ),
        ("{created}", "1057682985.896123"),
        ("{msecs:03.0f}", "896"),
        ("{name} {funcName}:{lineno} {process}", "app.db run:7 42"),
        ("100% {user}", "100% ann"),
        ("%(levelname)-8s|", "WARNING |"),
        ("%(levelname)8s|", " WARNING|"),
        ("%(levelno)05d", "00030"),
        ("%(lineno)d", "7"),
        ("%(message).4s", "slow"),
        (
            "%(asctime)s %(levelname)s",
            "2003-07-08 16:49:45,896 WARNING",
        ),
        ("100%% %(user)s", "100% ann"),
        ("{literal} %(user)s", "{literal} ann"),
        ("%(nothing)s|", "|"),
    ];
    for (template, want) in cases {
        assert_eq!(
            formatted(&["-f", template]).out(),
            format!("{want}\n"),
            "{template}"
        );
    }
}

#[test]
fn the_date_format_is_for_asctime() {
    let cases = [
        ("%H:%M:%S", "16:49:45"),
        ("%Y-%m-%dT%H:%M:%S%z", "2003-07-08T16:49:45+0000"),
        ("%a %d %b %y %%", "Tue 08 Jul 03 %"),
        ("%s", "1057682985"),
        ("-%j-", "-189-"),
    ];
    for (datefmt, want) in cases {
        let ran = formatted(&["-f", "{asctime}|{timestamp:.4}", "--datefmt", datefmt]);
        assert_eq!(ran.out(), format!("{want}|2003\n"), "{datefmt}");
    }
}

/// Python takes its own form for an empty one.
#[test]
fn an_empty_date_format_is_none_and_a_wrong_one_is_named() {
    let ran = formatted(&["-f", "{asctime}", "--datefmt", ""]);
    assert_eq!(ran.out(), "2003-07-08 16:49:45,896\n");
    let folder = Folder::new();
    let wrong = folder
        .lh("stream -f {asctime} --datefmt %H:%Q")
        .run()
        .code(2);
    wrong
        .said("lh: --datefmt: malformed date format")
        .said_times("--format", 0);
}

#[test]
fn times_are_local_unless_utc_is_asked_for() {
    let folder = Folder::new();
    for (zone, local, offset) in [
        ("UTC", "2003-07-08 16:49:45,896", "16:49:45.896123+00:00"),
        (
            "Europe/London",
            "2003-07-08 17:49:45,896",
            "17:49:45.896123+01:00",
        ),
        (
            "America/St_Johns",
            "2003-07-08 14:19:45,896",
            "14:19:45.896123-02:30",
        ),
        (
            "Australia/Lord_Howe",
            "2003-07-09 03:19:45,896",
            "03:19:45.896123+10:30",
        ),
        ("XYZ-3", "2003-07-08 19:49:45,896", "19:49:45.896123+03:00"),
    ] {
        let template = "{asctime}|{timestamp:.35}";
        let lh = folder
            .lh_args(["-i", "json", "stream", "-f", template])
            .env("TZ", zone);
        let out = lh.with(RECORD).ok().out();
        assert!(
            out.starts_with(local) && out.trim_end().ends_with(offset),
            "{zone}: {out}"
        );
        let lh = folder.lh_args(["-i", "json", "stream", "--utc", "-f", template]);
        let out = lh.env("TZ", zone).with(RECORD).ok().out();
        assert_eq!(
            out,
            "2003-07-08 16:49:45,896|2003-07-08T16:49:45.896123+00:00\n"
        );
    }
}

#[test]
fn a_plain_line_has_the_time_at_which_it_was_read() {
    let Some(library) = faketime() else { return };
    let folder = Folder::new();
    let lh = folder.lh("stream -f").arg("{timestamp:.19} {message}");
    let lh = lh
        .env("LD_PRELOAD", library)
        .env("FAKETIME", "@2026-11-23 04:05:06");
    assert_eq!(lh.with("x\n").code(0).out(), "2026-11-23T04:05:06 x\n");
}

#[test]
fn a_terminator_stands_behind_each_record() {
    let folder = Folder::new();
    for (terminator, want) in [
        ("\\n", "one\ntwo\n"),
        ("\\r\\n", "one\r\ntwo\r\n"),
        ("\\0", "one\0two\0"),
        ("", "onetwo"),
        ("\\x1e", "one\x1etwo\x1e"),
        (" -- ", "one -- two -- "),
        ("--", "one--two--"),
        ("\\\\", "one\\two\\"),
    ] {
        for format in ["raw", "message", "{message}"] {
            // A lone -- would begin a command.
            let terminator = format!("--terminator={terminator}");
            let lh = folder.lh_args(["stream", "-f", format, &terminator]);
            assert_eq!(
                lh.with("one\ntwo").ok().out(),
                want,
                "{terminator} {format}"
            );
        }
    }
}

#[test]
fn the_exception_follows_the_message() {
    let folder = Folder::new();
    let line = "{\"msg\":\"m\",\"exc_text\":\"Trace\\n  at x\",\"k\":1}\n";
    for (format, want) in [
        ("message", "m\nTrace\n  at x\n"),
        ("{levelname} {message}", "INFO m\nTrace\n  at x\n"),
        ("%(message)s.", "m.\nTrace\n  at x\n"),
        ("<{message}> {exc_text}", "<m> Trace\n  at x\n"),
    ] {
        let ran = folder
            .lh_args(["-i", "json", "stream", "-f", format])
            .with(line)
            .ok();
        assert_eq!(ran.out(), want, "{format}");
    }
    let ran = folder.lh("-i json stream -f json").with(line).ok();
    assert!(
        ran.out().contains(r#""exc_text":"Trace\n  at x""#),
        "{}",
        ran.out()
    );
    assert_eq!(ran.out().lines().count(), 1);
    let ran = folder.lh("-i json stream -f logfmt").with(line).ok();
    assert_eq!(ran.out().lines().count(), 1, "{}", ran.out());
}

/// What stands in a message must not look like another record where a format
/// is one line a record.
#[test]
fn one_record_is_one_line_of_json_and_logfmt() {
    let folder = Folder::new();
    let line =
        "{\"msg\":\"a\\nb\\r\\u0000 \\\"q\\\" = \\u001b[31m\",\"k 1\":\"x\\ny\",\"=\":\"\"}\n";
    for format in ["json", "logfmt"] {
        let ran = folder.lh("-i json stream -f").arg(format).with(line).ok();
        let out = ran.out();
        assert_eq!(out.lines().count(), 1, "{out}");
        assert!(!out.contains(['\r', '\0', '\x1b']), "{out:?}");
    }
    // Bytes that are no text do not make broken JSON.
    let ran = folder
        .lh("stream -f json")
        .with(b"\xff\xfe \x00 \x1b\n")
        .ok();
    let again = folder
        .lh("-i json stream -f message")
        .with(&ran.stdout)
        .ok();
    assert!(again.out().contains('\u{fffd}'), "{:?}", again.out());
}

#[test]
fn json_written_by_lh_is_read_by_lh() {
    let folder = Folder::new();
    let first = folder.lh("-i json stream --utc -f json").with(RECORD).ok();
    let second = folder
        .lh("-i json stream --utc -f json")
        .with(&first.stdout)
        .ok();
    assert_eq!(first.out(), second.out());
    let text = folder
        .lh("-i json stream --utc -f text")
        .with(&first.stdout)
        .ok();
    assert_eq!(text.out(), formatted(&["-f", "text"]).out());
}

/// A write for each record, or for each batch.
#[test]
fn a_stream_is_flushed_as_asked() {
    if !peer("strace") {
        return;
    }
    for (flush, writes) in [("record", 3), ("batch", 1)] {
        let folder = Folder::new();
        folder.write("in", "one\ntwo\nthree\n");
        let script =
            format!("strace -f -qq -e trace=write -o trace \"$LH\" stream --flush {flush} <in");
        let ran = folder.sh(&script).run().ok();
        assert_eq!(ran.out(), "one\ntwo\nthree\n");
        let trace = folder.text("trace");
        let count = trace.lines().filter(|line| line.contains("write(")).count();
        assert_eq!(count, writes, "{flush}: {trace}");
    }
}
