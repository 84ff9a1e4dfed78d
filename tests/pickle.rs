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
