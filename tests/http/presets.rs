//! What well-known receivers ask for, by their own documentation.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::fcntl::{Flock, FlockArg};
use serde_json::Value;

use crate::server::{Answer, Request, Server, status};
use crate::support::Folder;

const RECORDS: &str = r#"{"message":"one","level":"error","name":"app","time":1763877600.25,"trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","user":"ü","n":7,"on":true,"deep":{"a":[1,2]}}
{"message":"two","level":"info","name":"app","time":1763877601.5,"exc_text":"Traceback\n  x"}
"#;

fn sent(
    options: &str,
    answer: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static,
) -> (Vec<Request>, String) {
    let folder = Folder::new();
    let server = Server::new(answer);
    folder.write("token", "t0ken\n");
    folder.chmod("token", 0o600);
    let words = format!("-i json http --insecure-auth {options} {}", server.url(""));
    let ran = folder.lh(&words).with(RECORDS);
    (server.seen(), ran.stderr)
}

fn all_text(value: &Value) -> bool {
    value
        .as_object()
        .is_some_and(|map| map.values().all(Value::is_string))
}

/// grafana.com/docs/loki/latest/reference/loki-http-api, "Ingest logs".
#[test]
fn loki() {
    let (seen, said) = sent("--preset loki", |_, _| status(204));
    assert_eq!(said, "");
    assert_eq!(seen[0].target, "/loki/api/v1/push");
    assert_eq!(seen[0].header("content-type"), Some("application/json"));
    let body = seen[0].json();
    let streams = body["streams"].as_array().expect("streams");
    let mut times = Vec::new();
    for stream in streams {
        // Labels have names of letters, digits and underscores, and texts.
        assert!(all_text(&stream["stream"]), "{stream}");
        let labels = stream["stream"].as_object().expect("labels");
        let is_name = |name: &String| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        assert!(labels.keys().all(is_name), "{stream}");
        for value in stream["values"].as_array().expect("values") {
            let entry = value.as_array().expect("an entry");
            assert!((2..=3).contains(&entry.len()), "{value}");
            // Nanoseconds as a text; structured metadata as texts.
            times.push(entry[0].as_str().expect("a text").to_owned());
            assert!(entry[1].is_string());
            if let Some(metadata) = entry.get(2) {
                assert!(all_text(metadata), "{metadata}");
            }
        }
    }
    times.sort();
    assert_eq!(times, ["1763877600250000000", "1763877601500000000"]);
}

/// Of entries with the same time and line, Loki keeps one and ignores the rest.
#[test]
fn loki_gets_no_two_lines_of_one_time() {
    let folder = Folder::new();
    let server = Server::new(|_, _| status(204));
    let words = format!("http --preset loki {}", server.url(""));
    let ran = folder.lh(&words).with("tick\ntick\nother\ntick\n");
    ran.ok();
    let mut entries = Vec::new();
    for stream in server.seen()[0].json()["streams"]
        .as_array()
        .expect("streams")
    {
        for value in stream["values"].as_array().expect("values") {
            let text = |at: usize| value[at].as_str().expect("a text").to_owned();
            entries.push((text(0).parse::<u64>().expect("a number"), text(1)));
        }
    }
    let lines: Vec<_> = entries.iter().map(|(_, line)| line.as_str()).collect();
    assert_eq!(lines, ["tick", "tick", "other", "tick"]);
    assert!(
        entries.is_sorted_by(|one, next| one.0 < next.0),
        "{entries:?}"
    );
}

/// elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk.
#[test]
fn elasticsearch() {
    let items = |statuses: &[u16]| {
        let item = |status: &u16| {
            let error = match status {
                200..300 => String::new(),
                _ => r#","error":{"type":"document_parsing_exception","reason":"no such field"}"#
                    .to_owned(),
            };
            format!(r#"{{"create":{{"_index":"x","status":{status}{error}}}}}"#)
        };
        let items: Vec<String> = statuses.iter().map(item).collect();
        let text = format!(
            r#"{{"took":1,"errors":true,"items":[{}]}}"#,
            items.join(",")
        );
        Answer::Status(200, "Content-Type: application/json\r\n", text)
    };
    let (seen, said) = sent("--preset elasticsearch", move |_, _| items(&[201, 201]));
    assert_eq!(said, "");
    assert!(
        seen[0].target.starts_with("/logs-generic-default/_bulk"),
        "{}",
        seen[0].target
    );
    assert_eq!(seen[0].header("content-type"), Some("application/x-ndjson"));
    let lines = seen[0].lines();
    assert_eq!(lines.len(), 4);
    assert!(seen[0].body.ends_with(b"\n"));
    for pair in lines.chunks(2) {
        // A data stream takes nothing but create, and has to have a time.
        assert!(pair[0]["create"].is_object(), "{}", pair[0]);
        assert!(pair[1]["@timestamp"].is_string(), "{}", pair[1]);
        assert!(pair[1]["message"].is_string());
    }
    // One is refused for itself, the other is sent again: it alone.
    let (seen, said) = sent(
        "--preset elasticsearch --retry-start 10ms",
        move |request, before| match before {
            0 => items(&[400, 429]),
            _ => items(&vec![201; request.lines().len() / 2]),
        },
    );
    assert!(
        said.contains("no such field") && said.contains("1 records were not delivered"),
        "{said}"
    );
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[1].lines().len(), 2);
    assert_eq!(seen[1].lines()[1]["message"], "two");
}

/// What is true of each document is true of the request: credentials, an index.
#[test]
fn documents_that_are_not_welcome_wait_on_the_disk() {
    let item = |status: u16| {
        format!(r#"{{"create":{{"status":{status},"error":{{"type":"t","reason":"r"}}}}}}"#)
    };
    for wrong in [401, 403, 404] {
        let server = Server::new(move |request, _| {
            let items = vec![item(wrong); request.lines().len() / 2].join(", ");
            let text = format!(r#"{{"took": 1, "errors": true, "items": [{items}]}}"#);
            Answer::Status(200, "", text)
        });
        let folder = Folder::new();
        let words =
            |more: &str, url: &str| format!("-i json http --preset elasticsearch {more} {url}");
        let ran = folder
            .lh(&words("--dead-letter dead", &server.url("")))
            .with(RECORDS);
        ran.code(1)
            .said(&format!("it answers {wrong}: t: r; "))
            .said("2 records were not delivered");
        assert_eq!(folder.text("dead").lines().count(), 2);
        assert_eq!(server.seen().len(), 1, "{wrong}");

        let spool = "--spool spool --retry-start 10ms --drain-timeout 200ms";
        folder
            .lh(&words(spool, &server.url("")))
            .with(RECORDS)
            .code(0);
        let mended = Server::new(|_, _| {
            Answer::Status(
                200,
                "",
                r#"{"took": 1, "errors": false, "items": []}"#.to_owned(),
            )
        });
        folder.lh(&words(spool, &mended.url(""))).run().ok();
        let documents = mended.seen()[0].lines();
        let texts: Vec<_> = documents
            .iter()
            .filter_map(|line| line["message"].as_str())
            .collect();
        assert_eq!(texts, ["one", "two"], "{wrong}");
    }
}

/// A password that was replaced is read before a document is given up.
#[test]
fn documents_that_are_not_welcome_are_sent_with_the_new_password() {
    let folder = Folder::new();
    folder.write("token", "old\n");
    folder.chmod("token", 0o600);
    let file = folder.path("token");
    let server = Server::new(move |request, before| {
        if before == 0 {
            std::fs::write(&file, "new\n").expect("a file");
        }
        let right = request.header("authorization") == Some("Bearer new");
        let status = if right { 201 } else { 403 };
        let items = vec![format!(r#"{{"create":{{"status":{status}}}}}"#); 2].join(",");
        Answer::Status(
            200,
            "",
            format!(r#"{{"errors":{},"items":[{items}]}}"#, !right),
        )
    });
    let words = format!(
        "-i json http --preset elasticsearch --bearer-file token --insecure-auth \
         --retry-start 1h {}",
        server.url("")
    );
    folder.lh(&words).with(RECORDS).ok();
    let seen = server.seen();
    assert_eq!((seen.len(), &seen[0].body), (2, &seen[1].body));
}

/// docs.splunk.com, "Troubleshoot HTTP Event Collector": what is wrong with the
/// request is wrong with no event.
#[test]
fn splunk_may_want_another_request() {
    for (code, about_the_request) in [(10, true), (14, true), (6, false)] {
        let server = Server::new(move |_, _| {
            let text = format!(r#"{{"text":"it does not","code":{code}}}"#);
            Answer::Status(400, "", text)
        });
        let folder = Folder::new();
        folder.write("token", "t0ken\n");
        folder.chmod("token", 0o600);
        let words = format!(
            "-i json http --preset splunk --bearer-file token --insecure-auth --spool spool \
             --retry-start 1h --drain-timeout 1s {}",
            server.url("")
        );
        let ran = folder.lh(&words).with(RECORDS).said("it does not");
        let ran = match about_the_request {
            true => ran.code(0).said("2 records"),
            false => ran.code(1).said("2 records were not delivered"),
        };
        assert_eq!(ran.stderr.contains("X-Splunk-Request-Channel"), code == 10);
        let requests = if about_the_request { 1 } else { 3 };
        assert_eq!(server.seen().len(), requests, "{code}");
    }
}

/// docs.splunk.com, "Format events for HTTP Event Collector".
#[test]
fn splunk() {
    let (seen, said) = sent("--preset splunk --bearer-file token", |_, _| status(200));
    assert_eq!(said, "");
    assert_eq!(seen[0].target, "/services/collector/event");
    assert_eq!(seen[0].header("authorization"), Some("Splunk t0ken"));
    let events = serde_json::Deserializer::from_slice(&seen[0].body).into_iter::<Value>();
    let events: Vec<Value> = events.map(|event| event.expect("JSON")).collect();
    assert_eq!(events.len(), 2);
    let known = [
        "time",
        "host",
        "source",
        "sourcetype",
        "index",
        "event",
        "fields",
    ];
    for event in &events {
        let keys = event.as_object().expect("an object").keys();
        assert!(
            keys.clone().all(|key| known.contains(&key.as_str())),
            "{event}"
        );
        assert!(
            event["event"].is_object() || event["event"].is_string(),
            "{event}"
        );
    }
    let time = &events[0]["time"];
    let seconds = time.as_f64().or_else(|| time.as_str()?.parse().ok());
    assert_eq!(seconds, Some(1_763_877_600.25));
}

/// docs.datadoghq.com/api/latest/logs, "Send logs" v2.
#[test]
fn datadog() {
    let (seen, said) = sent("--preset datadog --bearer-file token", |_, _| status(202));
    assert_eq!(said, "");
    assert_eq!(seen[0].target, "/api/v2/logs");
    assert_eq!(seen[0].header("dd-api-key"), Some("t0ken"));
    let body = seen[0].json();
    let all = body.as_array().expect("an array");
    assert_eq!(all.len(), 2);
    for entry in all {
        assert!(
            entry["message"].is_string() && entry["hostname"].is_string(),
            "{entry}"
        );
        assert!(entry["status"].is_string(), "{entry}");
    }
}

/// api.slack.com/messaging/webhooks, "Posting messages using incoming webhooks".
#[test]
fn slack() {
    let (seen, said) = sent("--preset slack", |_, _| {
        Answer::Status(200, "", "ok".to_owned())
    });
    assert_eq!(said, "");
    assert_eq!(seen.len(), 2);
    let text = seen[0].json()["text"].as_str().expect("a text").to_owned();
    assert_eq!(text, "ERROR app: one");
}

/// A Python that has OpenTelemetry's protocol buffers.
fn python() -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = target.join("python-with-otlp");
    let lock = std::fs::File::create(target.join("python-otlp.lock")).ok()?;
    let _lock = Flock::lock(lock, FlockArg::LockExclusive).ok()?;
    let python = folder.join("bin/python");
    let has = || {
        let asked = Command::new(&python)
            .args([
                "-Ic",
                "import opentelemetry.proto.collector.logs.v1.logs_service_pb2",
            ])
            .stderr(Stdio::null())
            .status();
        asked.is_ok_and(|status| status.success())
    };
    if !has() {
        let made = Command::new("python3")
            .args(["-m", "venv"])
            .arg(&folder)
            .status();
        made.ok().filter(|status| status.success())?;
        let _ = Command::new(&python)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "opentelemetry-proto==1.29.0",
            ])
            .stdout(Stdio::null())
            .status();
    }
    has().then_some(python)
}

/// By the schema itself, which knows every field and its type.
#[test]
fn otlp() {
    let Some(python) = python() else {
        let text = "skipped: opentelemetry-proto is not installed, nor can it be";
        println!("{text}");
        let required = std::env::var("LH_REQUIRE_PEERS").is_ok_and(|value| value == "1");
        assert!(!required, "{text}, and LH_REQUIRE_PEERS=1");
        return;
    };
    let (seen, said) = sent("--preset otlp", |_, _| {
        Answer::Status(200, "", "{}".to_owned())
    });
    assert_eq!(said, "");
    assert_eq!(seen[0].target, "/v1/logs");
    assert_eq!(seen[0].header("content-type"), Some("application/json"));
    // OTLP/JSON has ids in hexadecimal digits, where protobuf's JSON has base64.
    let script = r"
import base64, json, sys
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
body = json.loads(sys.argv[1])
for resource in body['resourceLogs']:
    for scope in resource['scopeLogs']:
        for record in scope['logRecords']:
            for key in ('traceId', 'spanId'):
                if key in record:
                    record[key] = base64.b64encode(bytes.fromhex(record[key])).decode()
request = json_format.ParseDict(body, ExportLogsServiceRequest())
[resource] = request.resource_logs
names = {a.key: a.value.string_value for a in resource.resource.attributes}
assert 'service.name' in names and 'host.name' in names, names
records = [r for scope in resource.scope_logs for r in scope.log_records]
one, two = records
assert one.body.string_value == 'one' and two.body.string_value == 'two'
assert one.severity_number == 17 and one.severity_text == 'ERROR', one
assert two.severity_number == 9, two
assert one.time_unix_nano == 1763877600250000000
assert one.trace_id.hex() == '0af7651916cd43dd8448eb211c80319c'
assert one.span_id.hex() == 'b7ad6b7169203331'
a = {x.key: x.value for x in one.attributes}
assert a['user'].string_value == '\u00fc' and a['n'].int_value == 7 and a['on'].bool_value
assert a['deep'].kvlist_value.values[0].value.array_value.values[1].int_value == 2, a
assert 'trace_id' not in a
b = {x.key: x.value.string_value for x in two.attributes}
assert b['exception.stacktrace'] == 'Traceback\n  x', b
";
    let ran = Command::new(python)
        .args(["-Ic", script, &seen[0].text()])
        .output()
        .expect("python");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{said}\n{}", seen[0].text());
    // What a server says it has not taken is an error.
    let (_, said) = sent("--preset otlp", |_, _| {
        let text = r#"{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"too old"}}"#;
        Answer::Status(200, "", text.to_owned())
    });
    assert!(said.contains("too old"), "{said}");
}

/// It is asked for as it can be read; what can't be, is told.
#[test]
fn an_answer_of_otlp_that_is_hard_to_read() {
    let answered = |options: &'static str, text: &'static str, fill: usize| {
        let (seen, said) = sent(&format!("--preset otlp {options}"), move |_, _| {
            Answer::Status(200, "", text.replace('~', &"x".repeat(fill)))
        });
        let of = |name| seen[0].header(name).unwrap_or_default().to_owned();
        (of("accept"), of("accept-encoding"), said)
    };
    let (accept, encoding, said) = answered(
        "",
        r#"{"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"too old ~"}}"#,
        77_000,
    );
    assert_eq!(
        (accept.as_str(), encoding.as_str()),
        ("application/json", "identity")
    );
    assert!(
        said.contains("too old xx") && said.contains("2 records were not delivered"),
        "{said}"
    );
    let (accept, encoding, said) = answered(
        "--header Accept:text/x --header Accept-Encoding:gzip --batch 1",
        "\u{1f}\u{8b}~",
        1,
    );
    assert_eq!((accept.as_str(), encoding.as_str()), ("text/x", "gzip"));
    assert_eq!(said.matches("can't be understood").count(), 1, "{said}");
    assert!(!said.contains("not delivered"), "{said}");
}

/// The others have arrived, and any of them may be the one that has not.
#[test]
fn otlp_refuses_some_and_does_not_say_which() {
    for (refused, marked) in [(1, true), (2, false), (3, false)] {
        let folder = Folder::new();
        let server = Server::new(move |_, _| {
            let text = format!(
                r#"{{"partialSuccess":{{"rejectedLogRecords":"{refused}","errorMessage":"too old"}}}}"#
            );
            Answer::Status(200, "", text)
        });
        let words = format!(
            "-i json --stats http --preset otlp --dead-letter dead {}",
            server.url("")
        );
        let ran = folder.lh(&words).with(RECORDS).code(1);
        let lost = refused.min(2);
        let ran = ran.said(&format!("{lost} records were not delivered"));
        let stats = ran.stderr.lines().find(|line| line.starts_with('{'));
        let stats: Value = serde_json::from_str(stats.expect("figures")).expect("JSON");
        let of = |name: &str| stats["handlers"][0][name].as_i64();
        assert_eq!(
            (of("delivered"), of("dropped")),
            (Some(2 - lost), Some(lost))
        );
        let letters = folder.text("dead");
        assert_eq!(letters.lines().count(), 2);
        for letter in letters.lines() {
            assert!(letter.contains("too old"), "{letter}");
            assert_eq!(letter.contains("1 of these 2"), marked, "{letter}");
        }
    }
}
