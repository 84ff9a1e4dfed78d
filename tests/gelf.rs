//! GELF against a decoder and an encoder of another make.
//!
//! The known packages of Python for GELF, graypy and pygelf, only write it. So
//! both are written here in Python after Graylog's specification ("GELF Payload
//! Specification", "GELF via UDP"), with Python's own json, zlib and gzip. The
//! decoder refuses what the specification does not allow. Not tested
//! here: a Graylog server, and how messages get over a network.
#![cfg(feature = "net")]

use std::borrow::Cow;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Instant;

use lh::level::Level;
use lh::now::Timestamp;
use lh::record::{Defaults, Record, Value};
use lh::wire::Encode as _;
use lh::wire::gelf::assembly::{Assembly, Limits};
use lh::wire::gelf::compress::{Compressor, Method, inflate};
use lh::wire::gelf::{GelfEncoder, GelfOptions, chunk, decode, looks_like};

/// Reads datagrams, in hexadecimal digits a line, and prints each message that
/// is complete as a line of JSON.
const DECODER: &str = r#"
import gzip, json, re, sys, zlib

waiting = {}

def members(pairs):
    names = [name for name, _ in pairs]
    assert len(set(names)) == len(names), f"names stand twice: {names}"
    return dict(pairs)

def message(payload):
    if payload[:2] == b"\x1f\x8b":
        payload = gzip.decompress(payload)
    elif payload[0] == 0x78 and int.from_bytes(payload[:2], "big") % 31 == 0:
        payload = zlib.decompress(payload)
    assert b"\0" not in payload
    fields = json.loads(payload.decode("utf-8"), object_pairs_hook=members)
    assert fields["version"] == "1.1"
    for name in ("host", "short_message"):
        assert isinstance(fields[name], str) and fields[name].strip(), name
    assert isinstance(fields.get("full_message", ""), str)
    assert type(fields.get("timestamp", 0)) in (int, float)
    assert type(fields["level"]) is int and 0 <= fields["level"] <= 7
    known = {"version", "host", "short_message", "full_message", "timestamp", "level"}
    for name, value in fields.items():
        if name in known:
            continue
        assert re.fullmatch(r"_[A-Za-z0-9_.-]*", name), name
        assert name != "_id"
        assert type(value) in (str, int, float), (name, value)
    print(json.dumps(fields))

for line in sys.stdin:
    datagram = bytes.fromhex(line)
    assert len(datagram) <= int(sys.argv[1])
    if datagram[:2] != b"\x1e\x0f":
        message(datagram)
        continue
    number, count = datagram[10], datagram[11]
    assert number < count <= 128
    parts = waiting.setdefault(datagram[2:10], {})
    assert number not in parts
    parts[number] = datagram[12:]
    if len(parts) == count:
        message(b"".join(parts[number] for number in range(count)))
        del waiting[datagram[2:10]]
assert not waiting
"#;

/// Prints datagrams, in hexadecimal digits a line: messages plain and
/// compressed, one of them in chunks, the last of which comes first.
const ENCODER: &str = r#"
import gzip, json, zlib

def fields(number, **more):
    return json.dumps({"version": "1.1", "host": "py", "short_message": f"message {number}",
        "timestamp": 1385053862.3072 + number, "level": number, "_n": number, **more}).encode()

print(fields(0).hex())
print(zlib.compress(fields(1, _text="é\n")).hex())
print(gzip.compress(fields(2)).hex())
long = zlib.compress(fields(3, full_message="message 3\n" + " ".join(map(str, range(9000)))), 1)
parts = [long[at:at + 1000] for at in range(0, len(long), 1000)]
assert len(parts) > 5
for number, part in reversed(list(enumerate(parts))):
    print((b"\x1e\x0f" + b"abcdefgh" + bytes([number, len(parts)]) + part).hex())
print((fields(4) + b"\0").hex())
"#;

fn has_python() -> bool {
    if Command::new("python3").arg("--version").output().is_ok() {
        return true;
    }
    println!("skipped: python3 is not installed");
    let required = std::env::var("LH_REQUIRE_PEERS").is_ok_and(|value| value == "1");
    assert!(
        !required,
        "LH_REQUIRE_PEERS=1, and python3 is not installed"
    );
    false
}

/// Runs a program of Python, and gives the lines that it printed.
#[track_caller]
fn python(program: &str, arguments: &[&str], stdin: String) -> Vec<String> {
    let mut child = Command::new("python3")
        .args(["-I", "-c", program])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 runs");
    let mut pipe = child.stdin.take().expect("a pipe");
    let writer = std::thread::spawn(move || {
        // A program that has failed reads no further, and its status says so.
        let _ = pipe.write_all(stdin.as_bytes());
    });
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("a thread");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines().map(str::to_owned).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).expect("a digit") as u8;
    let pairs = hex.as_bytes().chunks(2);
    pairs
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
        .collect()
}

/// Records with what is awkward in them, and what the fields of each are.
fn records(defaults: &Defaults) -> Vec<(Record<'_>, serde_json::Value)> {
    let make = |message: &'static [u8], level, extra: &[(&'static str, Value<'static>)]| {
        let mut record = Record::new(defaults, Timestamp(1_385_053_862_307_219_000));
        record.message = Cow::Borrowed(message);
        record.level = level;
        let extra = extra.iter().cloned();
        record.extra = extra.map(|(key, value)| (key.into(), value)).collect();
        record
    };
    let text = |text: &'static str| Value::Text(text.into());
    let json = |json: &'static str| Value::Json(json.into());
    let want = |short: &str, more: serde_json::Value| {
        let mut fields = serde_json::json!({
            "version": "1.1", "host": "web1", "short_message": short,
            "timestamp": 1_385_053_862.307_219, "level": 6, "_logger": "root",
        });
        for (name, value) in more.as_object().expect("an object") {
            fields[name] = value.clone();
        }
        fields
    };
    let mut failed = make(b"it failed", Level::ERROR, &[]);
    failed.exc_text = Some("Traceback:\n  \u{1f600}".into());
    let odd = [
        ("host", text("db2")),
        ("id", json("7")),
        ("_id", json("8")),
        ("a b", json("1.5")),
        ("a_b", text("")),
        ("a\"b\n", json("true")),
        ("level", json("null")),
        ("list", json("[1, {\"a\": \"\\n\"}]")),
        ("source", text("x\u{0}y")),
        ("", json("-12e3")),
    ];
    vec![
        (
            make(b"hello", Level::INFO, &[]),
            want("hello", serde_json::json!({})),
        ),
        (
            make(b"", Level::INFO, &[]),
            want("-", serde_json::json!({})),
        ),
        (
            make(b"\n two \xff\r\nlines\0", Level(35), &[]),
            want(
                " two \u{fffd}",
                serde_json::json!({
                    "full_message": "\n two \u{fffd}\r\nlines\0", "level": 4,
                    "_level_name": "Level 35",
                }),
            ),
        ),
        (
            failed,
            want(
                "it failed",
                serde_json::json!({
                    "full_message": "it failed\nTraceback:\n  \u{1f600}", "level": 3,
                }),
            ),
        ),
        (
            make(b"odd", Level::INFO, &odd),
            want(
                "odd",
                serde_json::json!({
                    "host": "db2", "__id": 7, "__id_": 8, "_a_b": 1.5, "_a_b_2": "",
                    "_a_b_": "true", "_list": "[1, {\"a\": \"\\n\"}]", "_source_": "x\0y",
                    "__": -12000.0,
                }),
            ),
        ),
    ]
}

#[test]
fn a_decoder_of_the_specification_reads_it() {
    if !has_python() {
        return;
    }
    let defaults = Defaults::default();
    let records = records(&defaults);
    let host = "web1".to_owned();
    let mut encoder = GelfEncoder::new(GelfOptions { host: host.into() });
    for (method, limit) in [
        (Method::None, 8192),
        (Method::None, 40),
        (Method::Gzip, 8192),
        (Method::Gzip, 30),
        (Method::Zlib, 8192),
        (Method::Zlib, 30),
    ] {
        let mut compressor = Compressor::new(method);
        let (mut lines, mut datagram) = (String::new(), Vec::new());
        for (id, (record, _)) in (0u64..).zip(&records) {
            let (mut frame, mut payload) = (Vec::new(), Vec::new());
            encoder.encode(record, &mut frame, &mut |_| {}).unwrap();
            compressor
                .compress(&frame, &mut payload)
                .expect("compressed");
            for chunk in chunk::chunks(&payload, limit, id.to_be_bytes()).expect("chunks") {
                chunk.fill(&mut datagram);
                lines += &hex(&datagram);
                lines.push('\n');
            }
        }
        let got = python(DECODER, &[&limit.to_string()], lines);
        assert_eq!(got.len(), records.len());
        for (line, (_, want)) in got.iter().zip(&records) {
            let fields: serde_json::Value = serde_json::from_str(line).expect("JSON");
            assert_eq!(fields, *want, "{method:?} {limit}");
        }
    }
}

#[test]
fn what_others_write_is_read() {
    if !has_python() {
        return;
    }
    let defaults = Defaults::default();
    let mut assembly = Assembly::new(Limits::default());
    let (now, mut count) = (Instant::now(), 0u32);
    for line in python(ENCODER, &[], String::new()) {
        let mut datagram = bytes(&line);
        if chunk::is_chunk(&datagram) {
            let mut payload = Vec::new();
            assembly.add(1, &datagram, now, &mut payload);
            if payload.is_empty() {
                continue;
            }
            datagram = payload;
        }
        let frame = inflate(&datagram, 1 << 20).expect("a message");
        assert!(looks_like(&frame));
        let mut record = Record::new(&defaults, Timestamp(0));
        decode(&frame, &defaults, Timestamp(0), &mut record).expect("GELF");
        assert_eq!(Some(record.level), Level::from_syslog(count));
        let message = String::from_utf8_lossy(&record.message);
        assert!(message.starts_with(&format!("message {count}")));
        assert_eq!(message.len() > 40_000, count == 3);
        assert_eq!(record.get("host"), Some(&Value::Text("py".into())));
        let number = Value::Json(count.to_string().into());
        assert_eq!(record.get("n"), Some(&number));
        let secs = 1_385_053_862 + i64::from(count);
        assert_eq!(
            record.created.0 / 100_000,
            (secs * 1_000_000_000 + 307_200_000) / 100_000
        );
        count += 1;
    }
    assert_eq!(count, 5);
    assert_eq!(assembly.waiting(), 0);
}
