//! `lh socket` and `lh udp` to receivers in Python: every wire, what of a
//! record is in it, codes, and datagrams that are too long.

use serde_json::{Value, json};

use crate::support::receiver::{data, message, report};
use crate::support::{Receiver, text};
use crate::trials::{Lh, able, folder, record, records, records::told};

/// What `lh` is told, and what the receiver.
const WIRES: [(&str, &str); 6] = [
    ("--wire json", "json"),
    ("", "json"),
    ("--wire lines", "lines"),
    ("--wire gelf", "gelf"),
    ("--wire pickle", "pickle"),
    ("--wire lh", "lh"),
];

/// The wire lh has JSON in its frames.
fn line(got: &Value) -> String {
    let line = message(got);
    match serde_json::from_str::<Value>(&line) {
        Ok(object) if object.is_object() => text(&object, "message").to_owned(),
        _ => line,
    }
}

#[test]
fn every_wire_arrives_whole_and_in_order() {
    if !able(&["python3"]) {
        return;
    }
    for (wire, kind) in WIRES {
        for transport in ["tcp", "unix"] {
            let folder = folder();
            let path = folder.path().join("socket");
            let receiver = match transport {
                "tcp" => Receiver::start(folder.path(), &format!("tcp {kind}")),
                _ => Receiver::start(
                    folder.path(),
                    &format!("unix {kind} --path {}", path.display()),
                ),
            };
            let given = format!("socket {} {wire}", receiver.address());
            let outcome = Lh::new(&given).feed(records(1..=1000)).expect(0);
            assert_eq!(outcome.stderr, "", "{transport} {wire}");
            let received = receiver.wait(1000);
            let messages = received.iter().map(line);
            crate::support::report(messages, 1..=1000)
                .assert_perfect(&format!("{transport} {wire}"));
            let one = received.iter().all(|got| got["conn"] == 1);
            assert!(one, "{transport} {wire}: more than one connection");
        }
    }
}

#[test]
fn every_wire_goes_into_datagrams() {
    if !able(&["python3"]) {
        return;
    }
    for (wire, kind) in &WIRES[..5] {
        for transport in ["udp", "unixgram"] {
            let folder = folder();
            let path = folder.path().join("socket");
            let receiver = match transport {
                "udp" => Receiver::start(folder.path(), &format!("udp {kind}")),
                _ => Receiver::start(
                    folder.path(),
                    &format!("unixgram {kind} --path {}", path.display()),
                ),
            };
            let given = format!("udp {} {wire}", receiver.address());
            let outcome = Lh::new(&given).feed(records(1..=500)).expect(0);
            assert_eq!(outcome.stderr, "", "{transport} {wire}");
            receiver.wait(500);
            receiver
                .report(1..=500)
                .assert_perfect(&format!("{transport} {wire}"));
        }
    }
}

const RICH: &str = concat!(
    r#"{"message":"gr\u00fc\u00dfe\ntwo","level":"warning","name":"app.x","#,
    r#""time":"2026-01-02T03:04:05.678901Z","user":"u\"1\"","n":7,"f":1.5,"yes":true,"no":null,"o":{"in":[1]}}"#,
    "\n"
);

#[test]
fn python_gets_the_record_that_it_knows() {
    if !able(&["python3"]) {
        return;
    }
    for (transport, handler) in [("tcp", "socket"), ("udp", "udp")] {
        let folder = folder();
        let receiver = Receiver::start(folder.path(), &format!("{transport} pickle"));
        let given = format!("{handler} {} --wire pickle -i json", receiver.address());
        Lh::new(&given).feed(RICH).expect(0);
        let received = receiver.wait(1);
        assert_eq!(received[0]["error"], Value::Null, "{}", received[0]);
        let got = &received[0]["record"];
        let want = [
            ("getMessage()", json!("gr\u{fc}\u{df}e\ntwo")),
            ("name", json!("app.x")),
            ("levelname", json!("WARNING")),
            ("levelno", json!(30)),
            ("args", Value::Null),
            ("exc_info", Value::Null),
            ("user", json!("u\"1\"")),
            ("n", json!(7)),
            ("f", json!(1.5)),
            ("yes", json!(true)),
            ("no", Value::Null),
            ("o", json!({"in": [1]})),
            (
                "format()",
                json!("2026-01-02 03:04:05,678 WARNING app.x: gr\u{fc}\u{df}e\ntwo"),
            ),
        ];
        for (key, want) in want {
            assert_eq!(got[key], want, "{transport} {key}: {got}");
        }
        let created = got["created"].as_f64().unwrap();
        assert!((created - 1_767_323_045.678_901).abs() < 1e-5, "{created}");
        let keys = [
            "msecs",
            "relativeCreated",
            "process",
            "thread",
            "pathname",
            "lineno",
            "funcName",
        ];
        for key in keys {
            assert!(got.get(key).is_some(), "{key}: {got}");
        }
    }
}

#[test]
fn objects_hold_what_the_record_holds() {
    if !able(&["python3"]) {
        return;
    }
    for (wire, kind) in [("json", "json"), ("gelf", "gelf"), ("lh", "lh")] {
        let folder = folder();
        let receiver = Receiver::start(folder.path(), &format!("tcp {kind}"));
        let given = format!("socket {} --wire {wire} -i json", receiver.address());
        Lh::new(&given).feed(RICH).expect(0);
        let received = receiver.wait(1);
        assert_eq!(received[0]["error"], Value::Null, "{}", received[0]);
        let bytes = data(&received[0]);
        let got: Value = serde_json::from_slice(&bytes).expect("an object");
        if wire == "gelf" {
            assert_eq!(got["version"], "1.1", "{got}");
            assert_eq!(
                got["short_message"]
                    .as_str()
                    .map(|text| text.starts_with("gr\u{fc}\u{df}e")),
                Some(true),
                "{got}"
            );
            assert_eq!(got["level"], 4, "{got}");
            assert_eq!(got["_user"], "u\"1\"", "{got}");
            assert_eq!(got["_n"], 7, "{got}");
            assert!(!text(&got, "host").is_empty(), "{got}");
            let stamp = got["timestamp"].as_f64().unwrap();
            assert!((stamp - 1_767_323_045.678_901).abs() < 1e-3, "{stamp}");
            continue;
        }
        assert_eq!(got["message"], "gr\u{fc}\u{df}e\ntwo", "{got}");
        assert_eq!(got["user"], "u\"1\"", "{got}");
        assert_eq!((&got["n"], &got["f"]), (&json!(7), &json!(1.5)), "{got}");
        assert_eq!(got["o"], json!({"in": [1]}), "{got}");
        assert!(got.to_string().contains("WARNING"), "{got}");
        assert!(got.to_string().contains("app.x"), "{got}");
        assert!(
            got.to_string().contains("2026-01-02T03:04:05.678901"),
            "{got}"
        );
    }
}

#[test]
fn syslog_is_a_wire_too() {
    if !able(&["python3"]) {
        return;
    }
    for (handler, kind) in [("socket", "tcp lines"), ("udp", "udp raw")] {
        let folder = folder();
        let receiver = Receiver::start(folder.path(), kind);
        let given = format!("{handler} {} --wire syslog", receiver.address());
        Lh::new(&given).feed(records(1..=100)).expect(0);
        let received = receiver.wait(100);
        let texts = received.iter().map(|got| {
            let text = String::from_utf8(data(got)).unwrap();
            assert!(text.starts_with("<14>1 "), "{text}");
            text.rsplit_once("- ").expect("a header").1.to_owned()
        });
        crate::support::report(texts, 1..=100).assert_perfect(kind);
    }
}

#[test]
fn codes_prove_who_sent() {
    if !able(&["python3"]) {
        return;
    }
    let wires = [
        ("json", "json"),
        ("lines", "lines"),
        ("pickle", "pickle"),
        ("lh", "lh"),
    ];
    for (wire, kind) in wires {
        let folder = folder();
        let key = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            std::fs::set_permissions(&path, private).unwrap();
            path
        };
        let (good, other) = (
            key("good", "0123456789abcdef\n"),
            key("other", "another key of ours\n"),
        );
        let receiver = Receiver::start(
            folder.path(),
            &format!("tcp {kind} --key {}", good.display()),
        );
        let given = format!(
            "socket {} --wire {wire} --hmac-key-file",
            receiver.address()
        );
        Lh::new(&given).arg(&good).feed(records(1..=100)).expect(0);
        let received = receiver.wait(100);
        let failed = received.iter().find(|got| got["error"] != Value::Null);
        assert!(failed.is_none(), "{wire}: {failed:?}");
        if wire != "lh" {
            report(&received, 1..=100).assert_perfect(wire);
        }
        Lh::new(&given).arg(&other).feed(record(1)).expect(0);
        let received = receiver.wait(101);
        assert!(
            text(&received[100], "error").contains("another key"),
            "{wire}: {}",
            received[100]
        );
        let short = key("short", "secret\n");
        let outcome = Lh::new(&given).arg(&short).feed(record(1));
        assert!(
            [1, 2].contains(&outcome.code()),
            "{wire}: {}",
            outcome.stderr
        );
        assert!(!outcome.stderr.contains("secret"), "{}", outcome.stderr);
        assert_eq!(
            receiver.received().len(),
            101,
            "{wire}: sent with a short key"
        );
    }
}

/// Of the lines wire, a datagram is the message and nothing else.
#[test]
fn a_datagram_that_is_too_long_costs_only_itself() {
    if !able(&["python3"]) {
        return;
    }
    let folder = folder();
    let receiver = Receiver::start(folder.path(), "udp lines");
    let line = |length: usize| format!("{}\n", "x".repeat(length));
    let input = [
        record(1),
        line(65_507).into(),
        line(65_508).into(),
        record(2),
    ]
    .concat();
    let dead = folder.path().join("dead");
    let outcome = Lh::new(&format!(
        "udp {} --wire lines --dead-letter",
        receiver.address()
    ))
    .arg(&dead)
    .feed(input)
    .expect(1);
    let received = receiver.wait(3);
    let lengths: Vec<usize> = received.iter().map(|got| data(got).len()).collect();
    assert_eq!(lengths, [record(1).len() - 1, 65_507, record(2).len() - 1]);
    let plain = outcome.stderr.replace(',', "");
    assert!(plain.contains("65508"), "no size: {}", outcome.stderr);
    assert_eq!(
        told(&outcome.stderr, "records were not delivered"),
        1,
        "{}",
        outcome.stderr
    );
    let letter = std::fs::read_to_string(&dead).unwrap();
    assert!(
        letter.replace(',', "").contains("65508"),
        "{}",
        &letter[letter.len().saturating_sub(300)..]
    );
    assert_eq!(letter.lines().count(), 1);
}

#[test]
fn a_local_datagram_that_is_too_long_costs_only_itself() {
    if !able(&["python3"]) {
        return;
    }
    for (kind, given) in [
        ("unixgram lines", "udp PATH --wire lines --max-record 8M"),
        (
            "unixgram raw",
            "syslog --address PATH -t x --max-record 8M --too-long refuse",
        ),
    ] {
        let folder = folder();
        let path = folder.path().join("socket");
        let receiver = Receiver::start(folder.path(), &format!("{kind} --path {}", path.display()));
        let line = |length: usize| format!("{}\n", "x".repeat(length));
        let input = [
            record(1),
            line(100_000).into(),
            line(5_000_000).into(),
            record(2),
        ]
        .concat();
        let given = given.replace("PATH", &path.display().to_string());
        let outcome = Lh::new(&given).feed(input).expect(1);
        let received = receiver.wait(3);
        let long = data(&received[1]).len();
        assert!((100_000..100_100).contains(&long), "{long}");
        let ends = |got: &Value, number: u64| data(got).ends_with(record(number).trim_ascii_end());
        assert!(ends(&received[0], 1) && ends(&received[2], 2), "{given}");
        let plain = outcome.stderr.replace(',', "");
        assert!(plain.contains("50000"), "no size: {}", outcome.stderr);
        assert_eq!(
            told(&outcome.stderr, "records were not delivered"),
            1,
            "{}",
            outcome.stderr
        );
    }
}

#[test]
fn gelf_is_chunked_as_far_as_it_goes() {
    if !able(&["python3"]) {
        return;
    }
    let folder = folder();
    let receiver = Receiver::start(folder.path(), "udp gelf");
    // Nothing that could be compressed away.
    let mut random = crate::trials::Random::new(7);
    let mut noise = |length: usize| -> String {
        (0..length)
            .map(|_| {
                char::from(
                    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"
                        [random.below(64) as usize],
                )
            })
            .collect()
    };
    let (fits, never) = (noise(200_000), noise(3_000_000));
    let input = format!("before\n{fits}\n{never}\nafter\n");
    let given = format!("udp {} --wire gelf --max-record 4M", receiver.address());
    let outcome = Lh::new(&given).feed(input).expect(1);
    let received = receiver.wait(3);
    let messages: Vec<String> = received.iter().map(message).collect();
    assert_eq!(
        (messages[0].as_str(), messages[2].as_str()),
        ("before", "after")
    );
    let whole = messages[1].contains(&fits[..200]) && data(&received[1]).len() > 200_000;
    assert!(whole, "{} bytes", messages[1].len());
    assert_eq!(
        told(&outcome.stderr, "records were not delivered"),
        1,
        "{}",
        outcome.stderr
    );
}
