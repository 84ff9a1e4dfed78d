//! How stdin is read: bytes that stay as they are, JSON and its aliases,
//! levels, long lines, and the copy on stdout.
//!
//! Not tested here: every spelling of a level and every detected form (tables
//! beside `level.rs` and `text/detect.rs`), memory under long lines.

use std::fs::File;
use std::io::Read;

use nix::sys::signal::Signal;

use crate::support::Folder;

/// Bytes that must come out as they went in, but for a newline at the end.
const RAW: &[&[u8]] = &[
    b"",
    b"\n",
    b"\n\n\n",
    b"a",
    b"a\n",
    b"a\nb",
    b"a\n\nb\n",
    b"a\r\nb\r\n",
    b"a\r\n\r\nb\r",
    b"progress 1%\rprogress 2%\rdone\n",
    b"\r",
    b"\r\n",
    b"a\0b\0\n\0\n",
    b"\0",
    b"\xff\xfe\x80\n\xc3\x28\n\xf0\x9f\n",
    b"\xef\xbb\xbfwith a mark\n",
    b"tab\there\x1b[31mred\x1b[0m\x07\x08\x7f\n",
    "é \u{2028} \u{85} \u{202e}\n".as_bytes(),
    b" leading and trailing \n\t\n",
    b"{\"msg\": 1}\nnot json {\n",
    b"%s %(message)s {message} \\n\n",
];

fn ended(bytes: &[u8]) -> Vec<u8> {
    let mut ended = bytes.to_vec();
    if !bytes.is_empty() && !bytes.ends_with(b"\n") {
        ended.push(b'\n');
    }
    ended
}

#[test]
fn bytes_are_untouched() {
    for input in ["lines", "auto", "json"] {
        for bytes in RAW {
            let folder = Folder::new();
            let chain = format!(
                "-q -i {input} file a.log + rotate --max-bytes 1M --backups 1 b.log \
                 + timed c.log + stream"
            );
            let ran = folder.lh(&chain).with(bytes).ok();
            assert_eq!(ran.stdout, ended(bytes), "stream, {input}");
            for name in ["a.log", "b.log", "c.log"] {
                assert_eq!(folder.read(name), ended(bytes), "{name}, {input}");
            }
        }
    }
}

#[test]
fn a_message_is_its_line_with_every_byte() {
    for bytes in RAW {
        let folder = Folder::new();
        let chain = "stream -f message + file -f %(message)s a.log + file --include ^ b.log \
                     + file --terminator \\n c.log";
        let ran = folder.lh(chain).with(bytes).ok();
        assert_eq!(ran.stdout, ended(bytes));
        for name in ["a.log", "b.log", "c.log"] {
            assert_eq!(folder.read(name), ended(bytes), "{name}");
        }
    }
}

#[test]
fn all_byte_values_survive_in_any_pieces() {
    let folder = Folder::new();
    let all: Vec<u8> = (0..=255).cycle().take(200_003).collect();
    folder.lh("file a.log").with(&all).ok();
    assert_eq!(folder.read("a.log"), ended(&all));
    let mut lh = folder.lh("file b.log").start();
    for piece in all.chunks(7_919) {
        lh.send(piece);
    }
    lh.end().ok();
    assert_eq!(folder.read("b.log"), ended(&all));
}

#[test]
fn a_line_is_written_when_its_end_comes() {
    let folder = Folder::new();
    let mut lh = folder
        .lh("file a.log + rotate --max-bytes 1M --backups 1 b.log")
        .start();
    lh.send_to("first\n", "a.log").wait_end("b.log", "first\n");
    lh.send("sec")
        .send("ond\n")
        .wait_end("a.log", "first\nsecond\n");
    lh.end().ok();
}

#[test]
fn half_a_line_waits_for_its_other_half() {
    let folder = Folder::new();
    let mut lh = folder.lh("file a.log").start();
    lh.send("whole\nhal").wait_end("a.log", "whole\n");
    lh.send("f\nrest").wait_end("a.log", "whole\nhalf\n");
    lh.end().ok();
    assert_eq!(folder.text("a.log"), "whole\nhalf\nrest\n");
}

#[test]
fn nothing_at_all_makes_an_empty_file() {
    let folder = Folder::new();
    folder.lh("file a.log").run().ok();
    assert_eq!(folder.read("a.log"), b"");
}

#[test]
fn stdin_may_be_a_file_or_closed_or_unreadable() {
    let folder = Folder::new();
    folder.write("in", "one\ntwo");
    let stdin = std::fs::File::open(folder.path("in")).expect("in");
    folder.lh("file a.log").with_file(stdin).ok();
    assert_eq!(folder.text("a.log"), "one\ntwo\n");
    folder.sh("\"$LH\" file b.log <&-").run().ok();
    assert_eq!(folder.text("b.log"), "");
    let stdin = std::fs::File::open(folder.path(".")).expect("a directory");
    let ran = folder.lh("file c.log").with_file(stdin).code(1);
    ran.said("lh: stdin: cannot read: Is a directory");
}

/// It would read what it writes, without end.
#[test]
fn a_file_is_not_copied_into_itself() {
    for handler in ["file", "rotate --max-bytes 1M --backups 1", "timed"] {
        let folder = Folder::new();
        folder.write("self", "a\nb\n");
        // The limit is for the case that it does.
        let script = format!("ulimit -f 100; \"$LH\" {handler} --on-error exit self <self");
        folder.sh(&script).run().code(1).said("self");
        assert_eq!(folder.size("self"), 4, "{handler}");
    }
    // What is behind the end of the input is no loop: `lh file a <>a` at its end.
    let folder = Folder::new();
    folder.write("empty", "");
    folder.sh("\"$LH\" file empty <empty").run();
    assert_eq!(folder.text("empty"), "");
}

/// An object and what `{levelname}|{name}|{message}` makes of it.
const OBJECTS: &[(&str, &str)] = &[
    (r#"{"message":"m"}"#, "INFO|root|m"),
    (r#"{"msg":"m"}"#, "INFO|root|m"),
    (r#"{"MESSAGE":"m"}"#, "INFO|root|m"),
    (r#"{"@message":"m"}"#, "INFO|root|m"),
    (
        r#"{"@level":"error","@message":"m","@module":"core"}"#,
        "ERROR|core|m",
    ),
    (r#"{"log":"m"}"#, "INFO|root|m"),
    (r#"{"text":"m"}"#, "INFO|root|m"),
    (r#"{"short_message":"m"}"#, "INFO|root|m"),
    (r#"{"body":"m"}"#, "INFO|root|m"),
    (r#"{"event":"m"}"#, "INFO|root|m"),
    (
        r#"{"event":"e","text":"t","msg":"m2","message":"m1"}"#,
        "INFO|root|m1",
    ),
    (r#"{"levelname":"WARNING","message":"m"}"#, "WARNING|root|m"),
    (r#"{"levelno":40,"message":"m"}"#, "ERROR|root|m"),
    (r#"{"level":"warn","message":"m"}"#, "WARNING|root|m"),
    (r#"{"level":"Fatal","message":"m"}"#, "CRITICAL|root|m"),
    (r#"{"level":40,"message":"m"}"#, "ERROR|root|m"),
    (r#"{"severity":"notice","message":"m"}"#, "NOTICE|root|m"),
    (r#"{"severity_text":"DEBUG","message":"m"}"#, "DEBUG|root|m"),
    (r#"{"PRIORITY":"3","MESSAGE":"m"}"#, "ERROR|root|m"),
    (r#"{"PRIORITY":4,"MESSAGE":"m"}"#, "WARNING|root|m"),
    (r#"{"log.level":"error","message":"m"}"#, "ERROR|root|m"),
    (r#"{"log":{"level":"error"},"message":"m"}"#, "ERROR|root|m"),
    (r#"{"lvl":"crit","msg":"m"}"#, "CRITICAL|root|m"),
    (r#"{"loglevel":"emerg","msg":"m"}"#, "EMERGENCY|root|m"),
    (
        r#"{"level":30,"time":1700000000000,"pid":7,"msg":"pino"}"#,
        "INFO|root|pino",
    ),
    (
        r#"{"v":0,"pid":1,"time":"2024-01-31T10:00:00Z","level":50,"name":"b","msg":"bunyan"}"#,
        "ERROR|b|bunyan",
    ),
    (
        r#"{"version":"1.1","host":"h","short_message":"gelf","level":4}"#,
        "WARNING|root|gelf",
    ),
    (r#"{"name":"n","msg":"m"}"#, "INFO|n|m"),
    (r#"{"logger":"n","msg":"m"}"#, "INFO|n|m"),
    (r#"{"logger_name":"n","msg":"m"}"#, "INFO|n|m"),
    (r#"{"target":"n","msg":"m"}"#, "INFO|n|m"),
    (r#"{"channel":"n","msg":"m"}"#, "INFO|n|m"),
    (
        r#"{"msg":"quote \" slash \\ tab \t \u00e9 \ud83d\ude00"}"#,
        "INFO|root|quote \" slash \\ tab \t é 😀",
    ),
    (r#"  {"msg":"spaces"}  "#, "INFO|root|spaces"),
    ("{\"msg\":\"crlf\"}\r", "INFO|root|crlf"),
];

#[test]
fn json_attributes_are_found_by_their_usual_names() {
    let folder = Folder::new();
    let lines: String = OBJECTS
        .iter()
        .map(|(line, _)| format!("{line}\n"))
        .collect();
    let want: String = OBJECTS
        .iter()
        .map(|(_, want)| format!("{want}\n"))
        .collect();
    for input in ["json", "auto"] {
        let lh = folder
            .lh("stream -f {levelname}|{name}|{message} -i")
            .arg(input);
        assert_eq!(lh.with(&lines).ok().out(), want, "{input}");
    }
}

#[test]
fn json_times_are_read_in_every_usual_form() {
    let folder = Folder::new();
    let same = "2023-11-14T22:13:20.500000+00:00";
    let times = [
        r#""created":1700000000.5"#,
        r#""time":"2023-11-14T22:13:20.5Z""#,
        r#""ts":1700000000500"#,
        r#""timestamp":1700000000500000"#,
        r#""@timestamp":"2023-11-14T23:13:20.500+01:00""#,
        r#""datetime":1700000000500000000"#,
        r#""asctime":"2023-11-14 22:13:20,500""#,
    ];
    for time in times {
        let line = format!("{{\"msg\":\"m\",{time}}}\n");
        let lh = folder.lh("-i json stream --utc -f {timestamp}");
        assert_eq!(lh.with(&line).ok().out(), format!("{same}\n"), "{time}");
    }
}

#[test]
fn exceptions_are_found_by_their_usual_names() {
    let folder = Folder::new();
    for key in [
        "exc_text",
        "exc_info",
        "stack",
        "stack_trace",
        "stack_info",
        "error.stack",
        "exception",
    ] {
        let line = format!("{{\"msg\":\"m\",\"{key}\":\"Trace\\n  at x\"}}\n");
        let ran = folder.lh("-i json stream -f message").with(&line).ok();
        assert_eq!(ran.out(), "m\nTrace\n  at x\n", "{key}");
    }
    let nested = "{\"msg\":\"m\",\"error\":{\"stack\":\"Trace\"}}\n";
    let ran = folder.lh("-i json stream -f message").with(nested).ok();
    assert_eq!(ran.out(), "m\nTrace\n");
}

#[test]
fn what_has_no_place_stays_in_order_with_its_type() {
    let folder = Folder::new();
    let line = concat!(
        r#"{"z":1.50,"msg":"m","a":"text","big":12345678901234567890,"n":null,"t":true,"#,
        r#""list":[1, 2],"map":{"b":1,"a":2},"created":0}"#,
        "\n"
    );
    let ran = folder.lh("-i json stream --utc -f json").with(line).ok();
    let want = concat!(
        r#"{"timestamp":"1970-01-01T00:00:00.000000+00:00","levelname":"INFO","name":"root","#,
        r#""message":"m","z":1.50,"a":"text","big":12345678901234567890,"n":null,"t":true,"#,
        r#""list":[1, 2],"map":{"b":1,"a":2}}"#,
        "\n"
    );
    assert_eq!(ran.out(), want);
    let ran = folder
        .lh("-i json stream -f {z}|{a}|{big}|{t}|{n}|{nope}")
        .with(line)
        .ok();
    assert!(ran.out().starts_with("1.5"), "{}", ran.out());
    assert!(
        ran.out().contains("|text|12345678901234567890|"),
        "{}",
        ran.out()
    );
    assert!(ran.out().ends_with("|\n"), "{}", ran.out());
}

#[test]
fn a_broken_object_is_a_message_and_warned_of_once() {
    let folder = Folder::new();
    let lines = "{\"msg\":\"good\"}\n{\"msg\":\"cut\nplain\n[1]\n\"text\"\n{\"a\":1}x\n\n{\"msg\":\"last\"}\n";
    let messages = "good\n{\"msg\":\"cut\nplain\n[1]\n\"text\"\n{\"a\":1}x\n\nlast\n";
    let ran = folder.lh("-i json stream -f message").with(lines).code(0);
    assert_eq!(ran.out(), messages);
    ran.said_times("no JSON object", 1).said_times("lh:", 1);
    // Nobody asks for fields, and it is counted all the same.
    let ran = folder.lh("-i json file a.log").with(lines).code(0);
    ran.said_times("lh:", 1);
    assert_eq!(folder.text("a.log"), lines);
    let ran = folder.lh("-i auto stream -f message").with(lines).ok();
    assert_eq!(ran.out(), messages);
    folder.lh("-q -i json null").with(lines).ok();
}

#[test]
fn in_lines_an_object_is_a_message_like_any_other() {
    let folder = Folder::new();
    let line = "{\"msg\":\"m\",\"level\":\"error\"}\n";
    let ran = folder.lh("stream -f message").with(line).ok();
    assert_eq!(ran.out(), line);
    let ran = folder.lh("stream --min-level error").with(line).ok();
    assert_eq!(ran.out(), "");
}

#[test]
fn levels_of_records_that_carry_none() {
    let folder = Folder::new();
    for (level, name) in [
        ("trace", "TRACE 5"),
        ("DEBUG", "DEBUG 10"),
        ("Info", "INFO 20"),
        ("notice", "NOTICE 25"),
        ("warn", "WARNING 30"),
        ("warning", "WARNING 30"),
        ("err", "ERROR 40"),
        ("error", "ERROR 40"),
        ("crit", "CRITICAL 50"),
        ("fatal", "CRITICAL 50"),
        ("critical", "CRITICAL 50"),
        ("alert", "ALERT 60"),
        ("emerg", "EMERGENCY 70"),
        ("panic", "EMERGENCY 70"),
        ("35", "Level 35 35"),
        ("40", "ERROR 40"),
    ] {
        let lh = folder.lh_args(["--level", level, "stream", "-f", "{levelname} {levelno}"]);
        assert_eq!(lh.with("x\n").ok().out(), format!("{name}\n"), "{level}");
    }
    let ran = folder.lh("stream -f {levelname}").with("ERROR x\n").ok();
    assert_eq!(
        ran.out(),
        "INFO\n",
        "nothing is detected unless it is asked for"
    );
    let own = "{\"msg\":\"m\",\"level\":\"debug\"}\n{\"msg\":\"m\"}\n";
    let ran = folder
        .lh("-i json --level error stream -f {levelname}")
        .with(own)
        .ok();
    assert_eq!(ran.out(), "DEBUG\nERROR\n");
}

#[test]
fn levels_are_detected_as_they_stand_in_real_logs() {
    let lines = [
        ("<3>disk failed", "ERROR"),
        ("<7>details", "DEBUG"),
        ("<0>gone", "EMERGENCY"),
        ("ERROR it broke", "ERROR"),
        ("2024-01-31 10:00:00,123 WARNING root: hm", "WARNING"),
        ("2024-01-31T10:00:00Z INFO ready", "INFO"),
        ("[error] 31#31: connect() failed", "ERROR"),
        (
            "[Sun Dec 04 04:47:44 2005] [notice] workerEnv.init() ok",
            "NOTICE",
        ),
        (
            "time=2024-01-31 level=warn msg=\"an ERROR in quotes\"",
            "WARNING",
        ),
        ("E/ActivityManager: crash", "ERROR"),
        ("WARN  [QuorumPeer] - connection broken", "WARNING"),
        ("an error occurred", "INFO"),
        ("INFORMATION DESK", "INFO"),
        ("", "INFO"),
    ];
    let folder = Folder::new();
    for (line, level) in lines {
        let lh = folder
            .lh("--detect-level stream -f")
            .arg("{levelname} {message}");
        let want = format!("{level} {line}\n");
        assert_eq!(lh.with(format!("{line}\n")).ok().out(), want);
    }
    let ran = folder.lh("--detect-level --level debug stream -f {levelname}");
    assert_eq!(ran.with("plain\nERROR x\n").ok().out(), "DEBUG\nERROR\n");
}

#[test]
fn a_level_scale_settles_what_numbers_mean() {
    let folder = Folder::new();
    for (scale, line, level) in [
        ("auto", r#"{"msg":"m","level":30}"#, "WARNING"),
        ("python", r#"{"msg":"m","level":30}"#, "WARNING"),
        ("pino", r#"{"msg":"m","level":30}"#, "INFO"),
        ("pino", r#"{"msg":"m","level":60}"#, "CRITICAL"),
        ("syslog", r#"{"msg":"m","level":3}"#, "ERROR"),
        ("syslog", r#"{"msg":"m","level":7}"#, "DEBUG"),
        (
            "python",
            r#"{"v":0,"pid":1,"time":1,"msg":"m","level":30}"#,
            "WARNING",
        ),
    ] {
        let lh = folder
            .lh("-i json stream -f {levelname} --level-scale")
            .arg(scale);
        assert_eq!(
            lh.with(format!("{line}\n")).ok().out(),
            format!("{level}\n"),
            "{scale} {line}"
        );
    }
}

#[test]
fn names_and_fields_are_for_every_record() {
    let folder = Folder::new();
    let lh = folder.lh("--name app --field a=1 --field b=x=y --field c= stream -f");
    let ran = lh
        .arg("{name} {a} {b} [{c}] {message}")
        .with("one\ntwo\n")
        .ok();
    assert_eq!(ran.out(), "app 1 x=y [] one\napp 1 x=y [] two\n");
    let own = "{\"msg\":\"m\",\"name\":\"own\"}\n{\"msg\":\"m\"}\n";
    let ran = folder
        .lh("-i json --name app stream -f {name}")
        .with(own)
        .ok();
    assert_eq!(ran.out(), "own\napp\n");
}

#[test]
fn a_long_line_is_split_and_not_a_byte_is_lost() {
    let folder = Folder::new();
    let input = "abcdefghij\nxy\nabcd\nabcde\n\nklmnopq";
    let ran = folder
        .lh("--max-record 4 stream + file a.log")
        .with(input)
        .code(0);
    assert_eq!(ran.out(), format!("{input}\n"));
    assert_eq!(folder.text("a.log"), format!("{input}\n"));
    ran.said_times("lh: stdin: 3 lines were longer than 4 bytes", 1);
    let ran = folder
        .lh("--max-record 4 stream -f <{message}|{oversize}>")
        .with(input)
        .code(0);
    let want = "<abcd|split>\n<efgh|split>\n<ij|split>\n<xy|>\n<abcd|>\n<abcd|split>\n<e|split>\n\
                <|>\n<klmn|split>\n<opq|split>\n";
    assert_eq!(ran.out(), want);
    folder.lh("-q --max-record 4 null").with(input).ok();
}

#[test]
fn a_long_line_is_cut_off_or_dropped_where_that_is_asked_for() {
    let folder = Folder::new();
    let input = "abcdefghij\nxy\nabcd\nabcde\n\nklmnopq";
    let lh = folder.lh("--max-record 4 --oversize truncate stream");
    let ran = lh
        .with(input)
        .code(0)
        .said("3 lines were longer than 4 bytes");
    assert_eq!(ran.out(), "abcd\nxy\nabcd\nabcd\n\nklmn\n");
    let lh = folder.lh("--max-record 4 --oversize drop stream");
    let ran = lh
        .with(input)
        .code(1)
        .said("3 lines were longer than 4 bytes");
    assert_eq!(ran.out(), "xy\nabcd\n\n");
    // What is lost is told even to those who want no warnings.
    let lh = folder.lh("-q --max-record 4 --oversize drop stream");
    lh.with(input).code(1).said("dropped");
}

#[test]
fn lines_over_the_default_length_come_out_whole() {
    let folder = Folder::new();
    let mut input = vec![b'x'; 3_500_000];
    input.push(b'\n');
    input.extend(vec![b'y'; 1 << 20]);
    input.extend(b"\nlast");
    let ran = folder.lh("file a.log").with(&input).code(0);
    ran.said("1 lines were longer than 1048576 bytes");
    assert!(folder.read("a.log") == ended(&input), "the bytes differ");
    let ran = folder.lh("--oversize drop file b.log").with(&input).code(1);
    ran.said("dropped");
    assert_eq!(folder.size("b.log"), (1 << 20) + 6);
}

#[test]
fn tee_passes_the_input_through_as_it_came() {
    for bytes in RAW {
        let folder = Folder::new();
        let ran = folder.lh("--tee file -f json a.log").with(bytes).ok();
        // No newline is added here: it is a copy of the input.
        assert_eq!(ran.stdout, *bytes);
    }
    let folder = Folder::new();
    let long = "--tee --max-record 4 --oversize drop -q null";
    let ran = folder.lh(long).with("abcdefgh\nxy").code(1);
    assert_eq!(ran.out(), "abcdefgh\nxy");
}

#[test]
fn a_closed_stdout_does_not_stop_the_logging() {
    let folder = Folder::new();
    let lines: String = (0..20_000).map(|n| format!("line {n} of many\n")).collect();
    // A reader that takes a little and goes away, as `head -n 1` does.
    let (mut reader, writer) = std::io::pipe().expect("a pipe");
    let script = "\"$LH\" --tee file a.log 2>err; echo $? >status";
    let run = folder.sh(script).stdout(writer);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut first = [0; 10];
            reader.read_exact(&mut first).expect("its first bytes");
        });
        run.with(&lines).code(0);
    });
    assert_eq!(folder.text("status"), "0\n");
    assert!(folder.text("a.log") == lines, "lines are missing");
    let said = folder.text("err");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(
        said.contains("stdout") && said.contains("Broken pipe"),
        "{said}"
    );
    // Closed from the start.
    let ran = folder.sh("\"$LH\" --tee file b.log >&-").with("x\n");
    ran.code(0);
    assert_eq!(folder.text("b.log"), "x\n");
    // Full.
    let ran = folder
        .sh("\"$LH\" --tee file c.log >/dev/full")
        .with(&lines)
        .code(0);
    ran.said_times("stdout", 1);
    assert!(folder.text("c.log") == lines, "lines are missing");
}

/// Rust's start-up opens /dev/null in its place: what is written there is lost.
#[test]
fn a_stdout_that_was_closed_before_takes_nothing() {
    for (script, status, said) in [
        (
            "printf 'a\\n' | \"$LH\" stream >&-",
            1,
            "stdout: cannot open",
        ),
        ("\"$LH\" -m a stream >&-", 1, "stdout: cannot open"),
        (
            "printf 'a\\n' | \"$LH\" file /dev/stdout >&-",
            1,
            "cannot open",
        ),
        (
            "printf 'a\\n' | \"$LH\" --tee file log >&-",
            0,
            "nothing is copied there",
        ),
        ("printf 'a\\n' | \"$LH\" stream --stderr 2>&-", 1, ""),
        ("printf 'a\\n' | \"$LH\" file log >&- 2>&-", 0, ""),
        ("printf 'a\\n' | \"$LH\" stream >/dev/null", 0, ""),
    ] {
        let folder = Folder::new();
        folder.write("log", "was there\n");
        folder.sh(script).run().code(status).said(said);
    }
}

#[test]
fn a_closed_or_full_stderr_changes_nothing() {
    let folder = Folder::new();
    for (number, stderr) in ["2>&-", "2>/dev/full", "2>/dev/null"].iter().enumerate() {
        let script = format!("\"$LH\" -i json --max-record 9 file a{number} {stderr}");
        folder.sh(&script).with("not json, long\n").code(0);
        assert_eq!(folder.text(&format!("a{number}")), "not json, long\n");
        let script = format!("\"$LH\" file nodir/x {stderr}");
        folder.sh(&script).with("x\n").code(1);
        let script = format!("\"$LH\" file --nonsense x {stderr}");
        folder.sh(&script).with("x\n").code(2);
        let script = format!("\"$LH\" rotate --max-bytes 9 --backups 1 --rotator false r {stderr}");
        folder.sh(&script).with("aaaaaaa\nbbbbbbb\n").code(0);
    }
}

/// The copy waits for a slow reader; a signal ends that as it ends all else.
#[test]
fn a_reader_that_does_not_read_can_not_keep_it_from_ending() {
    let folder = Folder::new();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let mut lh = folder.lh("--tee file a.log").stdout(writer).start();
    lh.send_to("first\n", "a.log");
    // More than the pipe holds that nobody reads.
    let lines = b"0123456789abcde\n".repeat(16_384);
    lh.send(&lines).signal(Signal::SIGTERM);
    let ran = lh.wait_exit().code(0);
    ran.said_times("stdout: its reader is slow, and lh is to end", 1);
    drop(reader);
    assert_eq!(folder.size("a.log"), 6 + lines.len() as u64);
}

/// The one would replace, or stand in the middle of, what the other writes.
#[test]
fn a_file_that_is_written_for_two_reasons_is_refused() {
    let folder = Folder::new();
    folder.mkdir("sub");
    folder.write("there", "");
    folder.symlink("there", "link");
    let log = "it is the log of a handler as well";
    let rolled = "it is the name of a rolled-over file, or of the link, of a handler";
    for (chain, option, text) in [
        ("--metrics-file mm file mm", "--metrics-file", log),
        ("--metrics-file sub/../mm file ./mm", "--metrics-file", log),
        ("--metrics-file link file there", "--metrics-file", log),
        (
            "--metrics-file mm null + queue buffer rotate --max-bytes 1K --backups 1 mm",
            "--metrics-file",
            log,
        ),
        ("file mm --dead-letter mm", "--dead-letter", log),
        ("timed mm + stream --dead-letter mm", "--dead-letter", log),
        (
            "--metrics-file ./mm.1 rotate --max-bytes 1K --backups 1 mm",
            "--metrics-file",
            rolled,
        ),
        (
            "--metrics-file sub/mm-2026.gz buffer timed --namer sub/{stem}-{time:%Y}{ext} mm",
            "--metrics-file",
            rolled,
        ),
        (
            "rotate --link sub/../current mm + null --dead-letter current",
            "--dead-letter",
            rolled,
        ),
        (
            "rotate --max-bytes 1 --backups 3 --link sub/../mm mm",
            "--link",
            log,
        ),
        ("file mm + timed --link mm nn", "--link", log),
        (
            "rotate --max-bytes 1 --backups 3 --link mm.1 mm",
            "--link",
            "it is the name of a rolled-over file of a handler",
        ),
        (
            "timed mm --when D --dead-letter mm.2026-11-28",
            "--dead-letter",
            rolled,
        ),
        (
            "--metrics-file mm stream --dead-letter mm",
            "--metrics-file",
            "it is a file of dead letters as well",
        ),
    ] {
        let ran = folder.lh(chain).with("a\n").code(2);
        ran.said(option).said(text);
        assert_eq!(folder.names(), ["link", "sub", "there"], "{chain}");
    }
    let (roll, other) = (
        "rotate --max-bytes 9 --backups 2",
        "name of a rolled-over file of another",
    );
    folder.symlink("../mm.1", "sub/dangling");
    let two = "two handlers would write it";
    for (chain, file, text) in [
        (format!("{roll} mm + file mm.1"), "mm.1: ", other),
        (format!("file sub/../mm.1.gz + queue {roll} mm"), "", other),
        (format!("{roll} mm + buffer {roll} mm.2"), "mm.2: ", other),
        (
            format!("{roll} --mkdir d/mm + file --mkdir d/mm.1"),
            "",
            other,
        ),
        ("timed mm + timed mm.2026-11-28_10".to_owned(), "mm.", other),
        (
            format!("{roll} mm + rotate --max-bytes 9 --backups 9 mm"),
            "mm: ",
            two,
        ),
        (format!("file link + {roll} there"), "link: ", two),
        (
            format!("file sub/dangling + {roll} mm"),
            "dangling: ",
            other,
        ),
        (format!("timed mm + {roll} sub/../mm"), "", two),
    ] {
        for check in ["", "check "] {
            let chain = format!("{check}{chain}");
            let ran = folder.lh(&chain).with("a\n").code(2);
            ran.said(file).said(text);
            assert_eq!(folder.names(), ["link", "sub", "there"], "{chain}");
        }
    }
    // A handler that never rolls over takes no other names, and nor does one on a device.
    let chain = "rotate --backups 0 n + file n.1 + rotate --backups 0 n";
    folder.lh(chain).with("a\n").ok();
    assert_eq!(folder.text("n"), "a\na\n");
    folder
        .lh(&format!("{roll} /dev/null + {roll} /dev/null"))
        .with("a\n")
        .ok();
    let chain = "--metrics-file m file a --dead-letter d + file a --dead-letter d";
    folder.lh(chain).with("a\n").ok();
    assert_eq!(folder.text("a"), "a\na\n");
}

/// What is written would be read again, without end.
#[test]
fn an_output_that_is_the_input_is_refused() {
    let folder = Folder::new();
    for chain in ["stream", "--tee null", "--tee file a.log"] {
        folder.write("f", "one\n");
        let mut open = File::options();
        let output = open.append(true).open(folder.path("f")).expect("f");
        let input = File::open(folder.path("f")).expect("f");
        let ran = folder.lh(chain).stdout(output).with_file(input);
        ran.code(1).said("is the input as well");
        assert_eq!(folder.text("f"), "one\n", "{chain}");
    }
}

#[test]
fn options_without_effect_are_refused() {
    let folder = Folder::new();
    for (chain, what) in [
        ("-m x --tee null", "--tee"),
        ("-m x --join indent null", "--join"),
        ("-m x --max-record 3 null", "--max-record"),
        ("-m x --oversize drop null", "--oversize"),
        ("--level-scale syslog null", "--level-scale"),
        ("stream -f json --datefmt %Y", "--datefmt"),
        ("stream -f {message} --datefmt %Y", "--datefmt"),
        ("stream --on-error prune", "--on-error prune"),
        ("file --on-error prune a.log", "--on-error prune"),
    ] {
        let ran = folder.lh(chain).with("x\n").code(2);
        ran.said(what);
    }
    assert_eq!(folder.names(), [""; 0]);
}

/// An object that a mask has made something else is filtered as what it was.
#[test]
fn a_mask_does_not_change_the_level() {
    let folder = Folder::new();
    let object = r#"{"time":1700000000,"level":"error","msg":"paid","card":4111111111111111}"#;
    for mask in [r"\b\d{16}\b", r#""card":[^}]*"#, r#"paid","card.*"#] {
        let lh = folder.lh_args(["-i", "json", "--mask", mask, "stream", "--utc"]);
        let lh = lh.args([
            "--min-level",
            "error",
            "-f",
            "{asctime} {levelname} {message}",
        ]);
        let out = lh
            .with(format!("{object}\n"))
            .code(0)
            .said_times("no JSON", 0)
            .out();
        assert!(
            out.starts_with("2023-11-14 22:13:20,000 ERROR "),
            "{mask}: {out}"
        );
        assert!(!out.contains("4111"), "{mask}: {out}");
    }
}

/// As Go's log/slog writes them, and others.
#[test]
fn levels_between_two_names_are_understood() {
    let folder = Folder::new();
    let lines = [
        r#"{"msg":"a","level":"ERROR+4"}"#,
        r#"{"msg":"b","level":"WARN+1"}"#,
        r#"{"msg":"c","level":"INFO-2"}"#,
        r#"{"msg":"d","level":"error "}"#,
    ];
    let chain = "-i json stream --min-level warning -f {levelno}:{levelname}:{message}";
    let ran = folder.lh(chain).with(lines.join("\n")).ok();
    let want = "50:ERROR+4:a\n32:WARN+1:b\n40:ERROR:d\n";
    assert_eq!(ran.out(), want);
}
