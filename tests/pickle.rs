//! Pickles as Python reads them.

use std::borrow::Cow;
use std::io::Write;
use std::process::{Command, Stdio};

use lh::now::Timestamp;
use lh::record::{Defaults, Record, Value};
use lh::wire::Encode;
use lh::wire::pickle::PickleEncoder;

const READ: &str = r#"
import json, logging, pickle, sys
data = sys.stdin.buffer.read()
record = logging.makeLogRecord(pickle.loads(data))
names = ["name", "msg", "args", "levelname", "levelno", "pathname", "filename", "module",
         "exc_info", "exc_text", "stack_info", "lineno", "funcName", "created", "msecs",
         "relativeCreated", "thread", "threadName", "processName", "process", "taskName"]
missing = [name for name in names if name not in pickle.loads(data)]
form = logging.Formatter(
    "%(asctime)s %(name)s %(levelname)s %(levelno)d %(pathname)s %(filename)s %(module)s "
    "%(lineno)d %(funcName)s %(created)f %(msecs)d %(relativeCreated)d %(thread)d "
    "%(threadName)s %(process)d %(processName)s %(message)s")
text = form.format(record)
kept = dict((key, value) for key, value in record.__dict__.items() if key not in names)
print(json.dumps({"missing": missing, "text": text, "kept": kept, "line": record.lineno,
                  "level": record.levelno, "message": record.getMessage(),
                  "created": repr(record.created), "function": record.funcName}))
"#;

fn read(python: &str, pickle: &[u8]) -> serde_json::Value {
    let mut child = Command::new(python)
        .args(["-c", READ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 starts");
    child.stdin.take().unwrap().write_all(pickle).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn python_reads_every_attribute() {
    if Command::new("python3").arg("--version").output().is_err() {
        println!("skipped: python3 is not installed");
        let required = std::env::var("LH_REQUIRE_PEERS").is_ok_and(|value| value == "1");
        assert!(
            !required,
            "LH_REQUIRE_PEERS=1, and python3 is not installed"
        );
        return;
    }
    let defaults = Defaults::default();
    let mut record = Record::new(&defaults, Timestamp(1_700_000_000_123_456_000));
    record.message = Cow::Borrowed("100 % grün \u{1f600}\nzweite Zeile".as_bytes());
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
        ("nested", r#"{"a": [1, "x\u00e9", {"b": null}], "c": -2.5}"#),
    ] {
        record.extra.push((key.into(), Value::Json(json.into())));
    }
    let texts = [
        ("funcName", "main"),
        ("user", "eve"),
        ("message", "other"),
        ("process", "x"),
    ];
    for (key, text) in texts {
        record.extra.push((key.into(), Value::Text(text.into())));
    }
    let mut out = Vec::new();
    let mut encoder = PickleEncoder::new(Timestamp(0));
    encoder.encode(&record, &mut out, &mut |_| {}).unwrap();
    let got = read("python3", &out);
    assert_eq!(got["missing"], serde_json::json!([]));
    assert_eq!(got["message"], "100 % grün \u{1f600}\nzweite Zeile");
    assert_eq!(
        (&got["line"], &got["function"]),
        (&42.into(), &"main".into())
    );
    assert_eq!(got["created"], "1700000000.123456");
    let want = r#"{"big": 123456789012345678901234567890, "half": 0.5, "exp": 1000.0, "yes": true,
        "nothing": null, "negative": -7, "wide": 5000000000,
        "nested": {"a": [1, "xé", {"b": null}], "c": -2.5},
        "user": "eve", "message_": "other", "process_": "x"}"#;
    let mut kept = got["kept"].clone();
    for made in ["message", "asctime"] {
        kept.as_object_mut().unwrap().remove(made);
    }
    assert_eq!(
        kept,
        serde_json::from_str::<serde_json::Value>(want).unwrap()
    );
    let text = got["text"].as_str().unwrap();
    assert!(
        text.contains("app.db INFO 20") && text.ends_with("Traceback"),
        "{text}"
    );
}

const WRITE: &str = r#"
import collections, datetime, decimal, logging, logging.handlers, pathlib, pickle, struct, sys, uuid
handler = logging.handlers.SocketHandler("localhost", 0)
out = sys.stdout.buffer
def send(data):
    out.write(struct.pack(">I", len(data)) + data)
def record(level, msg, args, exc_info=None, extra=None):
    return logging.getLogger("app.db").makeRecord(
        "app.db", level, "/srv/app.py", 42, msg, args, exc_info, "main", extra)
# As SocketHandler sends it, with the traceback made text.
try:
    1 / 0
except ZeroDivisionError:
    send(handler.makePickle(record(40, "failed %s", ("x",), sys.exc_info(), {"user": "eve"}))[4:])
for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
    extra = {"when": datetime.datetime(2026, 11, 23, 10, 30), "price": decimal.Decimal("1.50"),
             "path": pathlib.PurePosixPath("/tmp/x"), "id": uuid.UUID(int=7), "raw": b"\xff\x00",
             "seen": {1}, "order": collections.OrderedDict([("b", 1), ("a", [None, True, -7])]),
             "big": 2 ** 70, "half": 0.5, "error": ValueError("bad", 3), "gr\u00fcn": "\u20ac\U0001f600"}
    made = record(30, "%d of %(s", (), None, extra).__dict__
    made["msg"] = "%s took %.1f ms \u20ac"
    made["args"] = ("query", 12.34)
    send(pickle.dumps(made, protocol))
"#;

#[test]
fn what_python_pickles_is_read_at_every_protocol() {
    if Command::new("python3").arg("--version").output().is_err() {
        return;
    }
    let output = Command::new("python3")
        .args(["-c", WRITE])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut rest = &output.stdout[..];
    let defaults = Defaults::default();
    let mut count = 0;
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let (frame, behind) = behind.split_at(u32::from_be_bytes(*length) as usize);
        rest = behind;
        let mut record = Record::new(&defaults, Timestamp(0));
        lh::wire::pickle::decode(frame, &defaults, Timestamp(0), &mut record)
            .unwrap_or_else(|why| panic!("{count}: {why}"));
        let message = String::from_utf8_lossy(&record.message).into_owned();
        assert_eq!(
            (&*record.name, record.get("lineno")),
            ("app.db", Some(&Value::Json("42".into())))
        );
        if count == 0 {
            assert_eq!((message.as_str(), record.level.0), ("failed x", 40));
            let trace = record.exc_text.as_deref().unwrap();
            assert!(
                trace.ends_with("ZeroDivisionError: division by zero"),
                "{trace}"
            );
            assert_eq!(record.get("user"), Some(&Value::Text("eve".into())));
        } else {
            let protocol = count - 1;
            assert_eq!(message, "query took 12.3 ms \u{20ac}", "{protocol}");
            let texts = [
                ("when", "2026-11-23T10:30:00"),
                ("price", "1.50"),
                ("path", "/tmp/x"),
                ("id", "00000000-0000-0000-0000-000000000007"),
                ("error", "ValueError: bad, 3"),
                ("grün", "\u{20ac}\u{1f600}"),
                ("funcName", "main"),
            ];
            for (key, text) in texts {
                assert_eq!(
                    record.get(key),
                    Some(&Value::Text(text.into())),
                    "{protocol} {key}"
                );
            }
            for (key, json) in [
                ("seen", "[1]"),
                ("order", r#"{"b":1,"a":[null,true,-7]}"#),
                ("big", "1180591620717411303424"),
                ("half", "0.5"),
            ] {
                assert_eq!(
                    record.get(key),
                    Some(&Value::Json(json.into())),
                    "{protocol} {key}"
                );
            }
            assert!(record.get("raw").is_some() && record.get("args").is_none());
        }
        // Cut off anywhere, it is an error and nothing else.
        for end in 0..frame.len() {
            let mut record = Record::new(&defaults, Timestamp(0));
            let cut = lh::wire::pickle::decode(&frame[..end], &defaults, Timestamp(0), &mut record);
            assert!(cut.is_err(), "{count} {end}");
        }
        count += 1;
    }
    assert!(count > 5, "{count}");
}
