//! Pickles as Python has them, both ways, with every Python that is there: the
//! one on the path, and those that pyenv keeps.
//!
//! Not tested here: framing and delivery (tests/network), and Pythons that are
//! not installed.

use std::borrow::Cow;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lh::level::Level;
use lh::now::Timestamp;
use lh::record::{Defaults, Record, Value};
use lh::wire::Encode;
use lh::wire::pickle::{NotAPickle, PickleEncoder, decode};

/// Every Python; none, with a word, if there is none.
fn pythons() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let on_path = Command::new("python3").arg("--version").output();
    if on_path.is_ok_and(|output| output.status.success()) {
        found.push(PathBuf::from("python3"));
    } else {
        println!("skipped: python3 is not installed");
        let required = std::env::var("LH_REQUIRE_PEERS").is_ok_and(|value| value == "1");
        assert!(
            !required,
            "LH_REQUIRE_PEERS=1, and python3 is not installed"
        );
    }
    let root = std::env::var_os("PYENV_ROOT").map(PathBuf::from);
    let root = root.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".pyenv")));
    let versions = root.and_then(|root| std::fs::read_dir(root.join("versions")).ok());
    for version in versions.into_iter().flatten().flatten() {
        let python = version.path().join("bin/python");
        if python.exists() {
            found.push(python);
        }
    }
    found
}

/// Runs a script and gives what it prints.
fn run(python: &PathBuf, script: &str, stdin: &[u8]) -> Vec<u8> {
    let mut child = Command::new(python)
        .args(["-c", script])
        .env("PYTHONIOENCODING", "utf-8")
        .env("TZ", "UTC")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut pipe = child.stdin.take().expect("a pipe");
    let output = std::thread::scope(|scope| {
        scope.spawn(move || pipe.write_all(stdin));
        child.wait_with_output().expect("it ends")
    });
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{python:?}: {said}");
    output.stdout
}

/// What stands in frames, each behind its length.
fn frames(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut frames = Vec::new();
    while let Some((length, behind)) = bytes.split_first_chunk::<4>() {
        let (frame, rest) = behind.split_at(u32::from_be_bytes(*length) as usize);
        frames.push(frame);
        bytes = rest;
    }
    frames
}

fn decoded<'a>(frame: &'a [u8], defaults: &'a Defaults) -> Result<Record<'a>, NotAPickle> {
    let mut record = Record::new(defaults, Timestamp(7));
    decode(frame, defaults, Timestamp(7), &mut record)?;
    Ok(record)
}

fn encoded(record: &Record<'_>, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    let mut encoder = PickleEncoder::new(Timestamp(1_700_000_000_000_000_000));
    encoder.encode(record, out, &mut |_| {}).unwrap();
    let length = u32::try_from(out.len() - start - 4).unwrap();
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
}

/// Reads each frame as a receiver does, and prints a line of JSON for it.
const READ: &str = r#"
import io, json, logging, logging.handlers, pickle, pickletools, struct, sys
data = getattr(sys.stdin, "buffer", sys.stdin).read()
names = ["name", "msg", "args", "levelname", "levelno", "pathname", "filename", "module",
         "exc_info", "exc_text", "stack_info", "lineno", "funcName", "created", "msecs",
         "relativeCreated", "thread", "threadName", "processName", "process", "taskName"]
numbers = {"levelno": "d", "lineno": "d", "process": "d", "thread": "d", "msecs": "03d",
           "created": "f", "relativeCreated": "d"}
every = logging.Formatter(u"%(asctime)s|%(message)s|" + u"|".join(
    u"%%(%s)%s" % (name, numbers.get(name, "s")) for name in names))
handler = logging.handlers.SocketHandler("localhost", 0)
while data:
    length = struct.unpack(">I", data[:4])[0]
    frame, data = data[4:4 + length], data[4 + length:]
    newest = max(op.proto for op, argument, place in pickletools.genops(frame))
    attributes = pickle.loads(frame)
    missing = [name for name in names if name not in attributes]
    record = logging.makeLogRecord(attributes)
    types = dict((key, type(value).__name__) for key, value in attributes.items())
    message = record.getMessage()
    kept = dict((key, value) for key, value in attributes.items() if key not in names)
    line = {"newest": newest, "missing": missing, "message": message, "kept": kept,
            "types": types, "own": dict((name, attributes[name]) for name in names),
            "created": repr(record.created), "text": every.format(record)}
    # Further on its way, as a receiver's own handlers have it.
    handler.makePickle(record)
    print(json.dumps(line))
"#;

fn read_all(python: &PathBuf, pickles: &[u8]) -> Vec<serde_json::Value> {
    let lines = String::from_utf8(run(python, READ, pickles)).unwrap();
    let lines = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

#[test]
fn every_python_reads_every_attribute() {
    let defaults = Defaults::default();
    let mut record = Record::new(&defaults, Timestamp(1_700_000_000_123_456_000));
    record.message = Cow::Borrowed("100 % gr\u{fc}n \u{1f600}\nzweite Zeile".as_bytes());
    record.name = "app.db".into();
    record.exc_text = Some("Traceback".into());
    for (key, json) in [
        ("lineno", "42"),
        ("big", "123456789012345678901234567890"),
        ("half", "0.5"),
        ("exp", "1e3"),
        ("yes", "true"),
        ("nothing", "null"),
        ("negative", "-7"),
        ("wide", "5000000000"),
        ("thread", "140000000000000"),
        ("stack_info", "[1]"),
        ("exc_info", "true"),
        (
            "nested",
            r#"{"a": [1, "x\u00e9\ud83d\ude00", {"b": null, "c": []}], "c": -2.5, "d": {}}"#,
        ),
    ] {
        record.extra.push((key.into(), Value::Json(json.into())));
    }
    let texts = [
        ("funcName", "main"),
        ("pathname", "/srv/app.py"),
        ("user", "eve"),
        ("message", "other"),
        ("getMessage", "no method"),
        ("process", "x"),
    ];
    for (key, text) in texts {
        record.extra.push((key.into(), Value::Text(text.into())));
    }
    let mut pickles = Vec::new();
    encoded(&record, &mut pickles);
    let mut bare = Record::new(&defaults, Timestamp(0));
    bare.level = Level(35);
    bare.message = Cow::Borrowed(b"gr\xfcn %s");
    encoded(&bare, &mut pickles);
    let kept = r#"{"big": 123456789012345678901234567890, "half": 0.5, "exp": 1000.0, "yes": true,
        "nothing": null, "negative": -7, "wide": 5000000000, "stack_info_": [1], "exc_info_": true,
        "nested": {"a": [1, "xé😀", {"b": null, "c": []}], "c": -2.5, "d": {}},
        "user": "eve", "message_": "other", "getMessage_": "no method", "process_": "x"}"#;
    let kept: serde_json::Value = serde_json::from_str(kept).unwrap();
    for python in pythons() {
        let all = read_all(&python, &pickles);
        assert_eq!(all.len(), 2);
        for got in &all {
            assert_eq!(got["missing"], serde_json::json!([]), "{python:?}");
            // Not newer than the protocol that stands at the start.
            assert_eq!(got["newest"], 2, "{python:?}");
            for name in ["levelno", "lineno", "process", "thread"] {
                let kind = got["types"][name].as_str().unwrap();
                assert!(["int", "long"].contains(&kind), "{python:?} {name} {kind}");
            }
            for name in ["created", "msecs", "relativeCreated"] {
                assert_eq!(got["types"][name], "float", "{python:?} {name}");
            }
            for name in ["args", "exc_info"] {
                assert_eq!(got["types"][name], "NoneType", "{python:?} {name}");
            }
        }
        let [got, bare] = &all[..] else { panic!() };
        assert_eq!(got["message"], "100 % grün \u{1f600}\nzweite Zeile");
        assert_eq!(got["created"], "1700000000.123456");
        assert_eq!(got["kept"], kept, "{python:?}");
        assert_eq!(got["types"]["exp"], "float");
        let own: [(&str, serde_json::Value); 7] = [
            ("lineno", 42.into()),
            ("thread", 140_000_000_000_000i64.into()),
            ("funcName", "main".into()),
            ("filename", "app.py".into()),
            ("module", "app".into()),
            ("relativeCreated", 123.456.into()),
            ("process", std::process::id().into()),
        ];
        for (name, want) in own {
            assert_eq!(got["own"][name], want, "{python:?}");
        }
        let text = got["text"].as_str().unwrap();
        assert!(
            text.starts_with("2023-11-14 22:13:20,123|100 % grün") && text.ends_with("\nTraceback"),
            "{python:?}: {text}"
        );
        assert_eq!(bare["message"], "gr\\xfcn %s");
        assert_eq!(bare["own"]["levelname"], "Level 35");
        assert_eq!(bare["kept"], serde_json::json!({}));
    }
}

/// Prints pickles of records that Python made, at every protocol.
const WRITE: &str = r#"# -*- coding: utf-8 -*-
import collections, datetime, decimal, logging, logging.handlers, pickle, struct, sys, uuid
try:
    import pathlib
    path = pathlib.PurePosixPath("/tmp/x")
except ImportError:
    path = u"/tmp/x"
handler = logging.handlers.SocketHandler("localhost", 0)
out = getattr(sys.stdout, "buffer", sys.stdout)
def send(data):
    out.write(struct.pack(">I", len(data)) + data)
def record(level, msg, args, exc_info=None, extra=None):
    return logging.getLogger("app.db").makeRecord(
        "app.db", level, "/srv/app.py", 42, msg, args, exc_info, "main", extra)
# As SocketHandler sends it, with the traceback made text.
try:
    1 // 0
except ZeroDivisionError:
    send(handler.makePickle(record(40, "failed %s", ("x",), sys.exc_info(), {"user": u"eve"}))[4:])
for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
    extra = {"when": datetime.datetime(2026, 11, 23, 10, 30), "price": decimal.Decimal("1.50"),
             "day": datetime.date(2026, 11, 23), "took": datetime.timedelta(1, 5, 10),
             "path": path, "id": uuid.UUID(int=2 ** 127 + 7), "raw": b"\xff\x00",
             "seen": set([1]), "order": collections.OrderedDict([("b", 1), ("a", [None, True, -7])]),
             "tuple": (1, (2,)), "queue": collections.deque([1, 2]),
             "count": collections.defaultdict(list, {"k": [1]}), "big": 2 ** 70, "huge": -2 ** 1000,
             "half": 0.5, "error": ValueError("bad", 3), u"gr\u00fcn": u"\u20ac\U0001f600\n\\u",
             "same": [[1]] * 3, "long": "x" * 70000}
    extra["itself"] = itself = []
    itself.append(itself)
    if protocol == 0 and sys.version_info[0] == 2:
        # Its payload stands in the pickle with the escapes of Python 2.
        extra["when"], extra["day"] = u"2026-11-23T10:30:00", u"2026-11-23"
    made = record(30, "", (), None, extra).__dict__
    made["msg"] = u"%s took %.1f ms \u20ac"
    made["args"] = ("query", 12.34)
    send(pickle.dumps(made, protocol))
"#;

#[test]
fn what_python_pickles_is_read_at_every_protocol() {
    let defaults = Defaults::default();
    for python in pythons() {
        let written = run(&python, WRITE, b"");
        let all = frames(&written);
        assert!(all.len() > 3, "{python:?} {}", all.len());
        for (count, frame) in all.into_iter().enumerate() {
            let context = format!("{python:?}, frame {count}");
            let record = decoded(frame, &defaults).unwrap_or_else(|why| panic!("{context}: {why}"));
            let message = String::from_utf8_lossy(&record.message).into_owned();
            assert_eq!(record.name, "app.db", "{context}");
            let all = [
                ("lineno", Value::Json("42".into())),
                ("pathname", Value::Text("/srv/app.py".into())),
                ("filename", Value::Text("app.py".into())),
                ("module", Value::Text("app".into())),
                ("funcName", Value::Text("main".into())),
                ("threadName", Value::Text("MainThread".into())),
                ("processName", Value::Text("MainProcess".into())),
            ];
            for (key, want) in all {
                assert_eq!(record.get(key), Some(&want), "{context} {key}");
            }
            for key in ["process", "thread"] {
                let Some(Value::Json(number)) = record.get(key) else {
                    panic!("{context} {key}");
                };
                assert!(number.parse::<u64>().unwrap() > 0, "{context} {key}");
            }
            for key in [
                "args",
                "exc_info",
                "msecs",
                "relativeCreated",
                "stack_info",
                "taskName",
            ] {
                assert_eq!(record.get(key), None, "{context} {key}");
            }
            let now = Timestamp::from_secs_f64(1_600_000_000.0);
            assert!(Some(record.created) > now, "{context}");
            if count == 0 {
                assert_eq!((message.as_str(), record.level.0), ("failed x", 40));
                let trace = record.exc_text.as_deref().unwrap();
                assert!(
                    trace.starts_with("Traceback") && trace.contains("\nZeroDivisionError: "),
                    "{context}: {trace}"
                );
                assert_eq!(record.get("user"), Some(&Value::Text("eve".into())));
            } else {
                assert_eq!(message, "query took 12.3 ms \u{20ac}", "{context}");
                plain_data(&record, &context);
            }
            // Cut off anywhere, it is an error and nothing else.
            for end in (0..frame.len()).filter(|end| *end < 3000 || end % 97 == 0) {
                assert!(
                    decoded(&frame[..end], &defaults).is_err(),
                    "{context} {end}"
                );
            }
        }
    }
}

fn plain_data(record: &Record<'_>, context: &str) {
    let texts = [
        ("when", "2026-11-23T10:30:00"),
        ("day", "2026-11-23"),
        ("took", "1 day, 0:00:05.000010"),
        ("price", "1.50"),
        ("path", "/tmp/x"),
        ("id", "80000000-0000-0000-0000-000000000007"),
        ("raw", "\\xff\0"),
        ("error", "ValueError: ('bad', 3)"),
        ("gr\u{fc}n", "\u{20ac}\u{1f600}\n\\u"),
    ];
    for (key, text) in texts {
        let want = Value::Text(text.into());
        assert_eq!(record.get(key), Some(&want), "{context} {key}");
    }
    let long = Value::Text("x".repeat(70000).into());
    assert!(record.get("long") == Some(&long), "{context} long");
    let itself = format!("{}\"...\"{}", "[".repeat(64), "]".repeat(64));
    let jsons = [
        ("seen", "[1]"),
        ("order", r#"{"b":1,"a":[null,true,-7]}"#),
        ("tuple", "[1,[2]]"),
        ("queue", "[1,2]"),
        ("count", r#"{"k":[1]}"#),
        ("big", "1180591620717411303424"),
        ("half", "0.5"),
        ("same", "[[1],[1],[1]]"),
        ("itself", &itself),
    ];
    for (key, json) in jsons {
        let want = Value::Json(json.into());
        assert_eq!(record.get(key), Some(&want), "{context} {key}");
    }
    let Some(Value::Json(huge)) = record.get("huge") else {
        panic!("{context} huge");
    };
    assert!(huge.starts_with("-10715086071862673209484250490600018105614048117055336"));
    assert_eq!(huge.len(), 303);
}

/// Prints pickles of messages with arguments and, behind each, what Python
/// makes of it; nothing, if that is an error.
const MESSAGES: &str = r##"
import itertools, logging, pickle, struct, sys
values = [0, 7, -7, 255, 2 ** 70, -2 ** 70, 1.5, -0.0, 0.1, 1e16, 12345678.9, 1e-5, 3.0, -2.5e300,
          float("inf"), float("nan"), True, None, "", "x", "it's", "gr\u00fcn\n\u20ac\U0001f600\x85",
          b"b'\xff\n", [1, "a"], (1,), {"a": [None, 1.0]}, {1}, frozenset("x"), set()]
fields = ["%" + flags + width + precision + kind
          for flags in ["", "0", "-", "+", " ", "#", "#0", "+0", "-0"]
          for width in ["", "9"] for precision in ["", ".0", ".3"]
          for kind in "sradiuxXoeEfFgGc"]
def send(msg, args):
    record = logging.makeLogRecord({"msg": msg, "args": args})
    try:
        text = record.getMessage().encode()
    except Exception:
        text = b"\0error"
    for data in [pickle.dumps(record.__dict__, 4), text]:
        sys.stdout.buffer.write(struct.pack(">I", len(data)) + data)
for field, value in itertools.product(fields, values):
    send(field, (value,))
for msg in ["plain", "100 %", "%", "%%", "%s", "%d%%", "%s %s", "%*d|", "%-*d|", "%.*f", "%(a)s", "%(b)s",
            "%(a)s %(a)r", "%s %(a)s", "%5%|", "%q", "%ld", "%(a", "%é", "é%s€"]:
    for args in [None, (), (1,), (1, 2), (5, 2), (-5, 2), {"a": 1}, {}, {"b": "x"}, 5, "text", "", 0,
                 (None,), ({"a": 1},), [], ("a", "b")]:
        send(msg, args)
"##;

#[test]
fn messages_are_pythons() {
    let Some(python) = pythons().into_iter().next() else {
        return;
    };
    let written = run(&python, MESSAGES, b"");
    let all = frames(&written);
    let defaults = Defaults::default();
    let (mut same, mut errors) = (0, 0);
    for pair in all.chunks(2) {
        let record = decoded(pair[0], &defaults).unwrap();
        let (got, want) = (&*record.message, pair[1]);
        if want == b"\0error" {
            errors += 1;
            // What Python can't format is there nonetheless: the template.
            assert!(got.starts_with(b"%") || got.len() > 1, "{got:?}");
            continue;
        }
        assert!(
            got == want,
            "{:?} and not {:?}\n{}",
            String::from_utf8_lossy(got),
            String::from_utf8_lossy(want),
            pair[0].escape_ascii()
        );
        same += 1;
    }
    println!("{same} messages, and {errors} that Python has an error for");
    assert!(same > 5000 && errors > 100, "{same} {errors}");
}

/// A dictionary of one attribute.
fn attribute(operations: &[u8]) -> Vec<u8> {
    [b"\x80\x04}X\x01\0\0\0x", operations, b"s."].concat()
}

const EVIL: &str = r#"
import os, pickle, struct, sys
class Evil(object):
    def __reduce__(self):
        return os.system, ("touch " + sys.argv[0],)
sys.argv[0] = sys.stdin.read()
for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
    for value in [{"name": "n", "msg": Evil()}, {"msg": "%s", "args": (Evil(),)}, {"x": [Evil()]}]:
        data = pickle.dumps(value, protocol)
        getattr(sys.stdout, "buffer", sys.stdout).write(struct.pack(">I", len(data)) + data)
"#;

#[test]
fn nothing_is_called() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made");
    let name = path.to_str().unwrap();
    let defaults = Defaults::default();
    for python in pythons() {
        let written = run(&python, EVIL, name.as_bytes());
        let all = frames(&written);
        assert!(all.len() >= 9);
        for frame in all {
            let record = decoded(frame, &defaults).unwrap();
            let message = String::from_utf8_lossy(&record.message);
            let shown = format!("{message} {:?}", record.extra);
            assert!(
                shown.contains(&format!("posix.system('touch {name}')")),
                "{shown}"
            );
        }
    }
    assert!(!path.exists());
}

/// Each takes no more than a moment, and what comes of it stays small.
#[test]
fn hostile_pickles_cost_little() {
    let million = 1_000_000;
    let deep = |open: &[u8], close: &[u8]| {
        attribute(&[open.repeat(100_000), close.repeat(99_999)].concat())
    };
    let laughs = |levels: usize| {
        let mut all = b"]q\x00".to_vec();
        for level in 0..levels {
            // The one before is remembered, and is no part of the result.
            all.extend_from_slice(b"0]q");
            all.push(level as u8 + 1);
            all.push(b'(');
            all.extend([b'h', level as u8].repeat(10));
            all.push(b'e');
        }
        attribute(&all)
    };
    let large = Err(NotAPickle::TooLarge);
    let cut = Err(NotAPickle::CutOff);
    let number = |length: u32, bytes: usize| {
        let length = length.to_le_bytes();
        attribute(&[b"\x8b", &length[..], &vec![0x7f; bytes]].concat())
    };
    let cases = [
        ("deep", deep(b"]", b"a"), Ok(())),
        (
            "deep tuples",
            attribute(&[&b")"[..], &b"\x85".repeat(100_000)].concat()),
            Ok(()),
        ),
        (
            "deep dictionaries",
            attribute(&[&b"}K\0".repeat(80_000)[..], b"N", &b"s".repeat(80_000)].concat()),
            Ok(()),
        ),
        ("a million deep", attribute(&b"]".repeat(million)), large),
        ("a million marks", attribute(&b"(".repeat(million)), large),
        (
            "a million copies",
            attribute(&[b"N".as_slice(), &b"2".repeat(million)].concat()),
            large,
        ),
        (
            "a million memos",
            attribute(&[b"N".as_slice(), &b"r\xff\xff\xff\xff".repeat(million)].concat()),
            Ok(()),
        ),
        ("laughs", laughs(12), large),
        ("more laughs", laughs(200), large),
        ("a number of 2 GiB", number(u32::MAX >> 1, 16), cut),
        ("a number of 4 GiB", number(u32::MAX, 16), cut),
        ("a number of 1 MB", number(million as u32, million), Ok(())),
        (
            "numbers of 1 KB",
            attribute(
                &[
                    &b"("[..],
                    &[&b"\x8b\0\x04\0\0"[..], &[0x7f; 1024]].concat().repeat(900),
                    b"l",
                ]
                .concat(),
            ),
            Ok(()),
        ),
        (
            "a call in a call",
            attribute(
                &[
                    &b"capp\nX\n"[..],
                    &b"\x85capp\nX\n".repeat(20_000),
                    b")",
                    &b"R".repeat(20_000),
                ]
                .concat(),
            ),
            Err(NotAPickle::Kind),
        ),
        (
            "calls in calls",
            attribute(
                &[
                    &b"capp\nX\n".repeat(20_000)[..],
                    b")",
                    &b"R\x85".repeat(19_999),
                    b"R",
                ]
                .concat(),
            ),
            Ok(()),
        ),
    ];
    let defaults = Defaults::default();
    for (name, frame, want) in cases {
        let start = Instant::now();
        let mut record = Record::new(&defaults, Timestamp(0));
        let got = decode(&frame, &defaults, Timestamp(0), &mut record);
        // In a debug build, on a machine that is busy.
        assert!(start.elapsed() < Duration::from_secs(20), "{name}");
        if let Ok(()) = want {
            assert_eq!(got, want, "{name}");
            let text = record.extra.iter().map(|(_, value)| match value {
                Value::Text(text) | Value::Json(text) => text.len(),
            });
            let text: usize = text.sum();
            assert!(text <= 4 * frame.len() + (64 << 10), "{name} {text}");
        } else {
            assert_eq!(got, want, "{name}");
        }
    }
}
