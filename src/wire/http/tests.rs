use super::*;
use crate::level::Level;
use crate::now::Timestamp;
use crate::record::{Defaults, Value};
use proptest::prelude::*;

/// What becomes of a stream that comes in pieces: the records as text, and what
/// was answered.
fn conversation(input: &[u8], sizes: &[usize]) -> (Vec<String>, String) {
    // However many are handed out at once, they are the same.
    let portions = [1, usize::MAX].map(|portion| talk(input, sizes, portion));
    let [one, all] = portions;
    assert_eq!(one, all);
    all
}

fn talk(input: &[u8], sizes: &[usize], portion: usize) -> (Vec<String>, String) {
    let options = Arc::new(HttpOptions {
        max_head: 1000,
        max_body: 2000,
    });
    let mut http = HttpConversation::new(options);
    let (mut records, mut out, mut buffer) = (Vec::new(), Vec::new(), Vec::new());
    let mut sizes = sizes.iter().copied().cycle();
    let mut rest = input;
    let defaults = Defaults::default();
    while !rest.is_empty() {
        let size = sizes.next().unwrap_or(1).clamp(1, rest.len());
        buffer.extend_from_slice(&rest[..size]);
        rest = &rest[size..];
        loop {
            let fed = http.feed(&buffer, &mut out);
            buffer.drain(..fed.used);
            match fed.what {
                What::More => break,
                What::Close(_) => return (records, String::from_utf8(out).unwrap()),
                What::Request(mut request) => {
                    let read = request.take_records(2000).map(|mut found| {
                        while !found.is_done() {
                            found.hand_out(portion, &defaults, Timestamp(7), &mut |_, record| {
                                let extra: Vec<_> = record
                                    .extra
                                    .iter()
                                    .map(|(key, value)| {
                                        let (Value::Text(text) | Value::Json(text)) = value;
                                        format!(" {key}={text}")
                                    })
                                    .collect();
                                records.push(format!(
                                    "{} {} {}{}",
                                    record.level,
                                    record.name,
                                    String::from_utf8_lossy(&record.message),
                                    extra.concat()
                                ));
                            });
                        }
                    });
                    match read {
                        Ok(()) => http.answer(&request, Outcome::Accepted, &mut out),
                        Err(error) => http.answer_unreadable(&request, &error, &mut out),
                    };
                }
            }
        }
    }
    (records, String::from_utf8(out).unwrap())
}

fn post(media: &str, body: &str) -> String {
    format!(
        "POST /logs HTTP/1.1\r\nHost: x\r\nContent-Type: {media}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

const DONE: &str = "HTTP/1.1 204 No Content\r\n\r\n";

#[test]
fn each_kind_of_body_is_read() {
    for (media, body, want) in [
        (
            "application/json",
            r#"{"message":"a","level":"error"}"#,
            &["ERROR root a"][..],
        ),
        (
            "application/json; charset=utf-8",
            r#"[{"msg":"a"},{"msg":"b","k":1}]"#,
            &["INFO root a", "INFO root b k=1"],
        ),
        (
            "application/json",
            "{\"msg\":\"a\"}\n{\"msg\":\"b\"}\n",
            &["INFO root a", "INFO root b"],
        ),
        (
            "application/x-ndjson",
            "{\"msg\":\"a\"}\nnone\r\n\n",
            &["INFO root a", "INFO root none"],
        ),
        (
            "text/plain",
            "a\n\n{\"msg\":\"b\"}",
            &["INFO root a", "INFO root ", "INFO root b"],
        ),
        ("", "[{\"msg\":\"a\"}]", &["INFO root a"]),
        ("", "", &[]),
        (
            "application/x-www-form-urlencoded",
            "message=a+b%21&level=warning&user=me",
            &["WARNING root a b! user=me"],
        ),
        // What curl -d sends is called a form, whatever it is.
        (
            "application/x-www-form-urlencoded",
            " {\"message\":\"a=b&c\",\"level\":\"error\"}",
            &["ERROR root a=b&c"],
        ),
        (
            "application/x-www-form-urlencoded",
            "[{\"msg\":\"a\"},{\"msg\":\"b\"}]",
            &["INFO root a", "INFO root b"],
        ),
        (
            "application/x-www-form-urlencoded",
            "the disk is full & it stays so\n{\"msg\":\"b\"}",
            &["INFO root the disk is full & it stays so", "INFO root b"],
        ),
        (
            "application/x-www-form-urlencoded",
            "{\"msg\"=x&message=y",
            &["INFO root y {\"msg\"=x"],
        ),
    ] {
        for sizes in [&[9999][..], &[1], &[7, 3]] {
            let (records, answer) = conversation(post(media, body).as_bytes(), sizes);
            assert_eq!(records, want, "{media} {body}");
            assert_eq!(answer, DONE, "{media} {body}");
        }
    }
}

#[test]
fn records_are_handed_out_in_portions() {
    let lines = "a\n\n".repeat(500);
    let values = format!("\u{feff} [{}] {{}}", vec!["[1,\"]\"] "; 999].join(","));
    for (media, body) in [("text/plain", lines), ("application/json", values)] {
        let mut http = HttpConversation::new(Arc::default());
        let fed = http.feed(post(media, &body).as_bytes(), &mut Vec::new());
        let What::Request(mut request) = fed.what else {
            panic!("{fed:?}")
        };
        let mut records = request.take_records(10_000).unwrap();
        let mut counts = Vec::new();
        while !records.is_done() {
            let mut count = 0;
            let defaults = Defaults::default();
            let portion = records.hand_out(1000, &defaults, Timestamp(7), &mut |_, _| count += 1);
            assert_eq!(portion.weight, 128 * count);
            counts.push(count);
        }
        assert_eq!(counts, [8; 125], "{media}");
    }
}

#[test]
fn what_python_sends_is_formatted() {
    let form = "name=app&msg=%25s+took+%25d+%28%25r%29&args=%28%27it%5C%27s%27%2C+3%2C+None%29\
        &levelname=WARNING&levelno=30&pathname=a.py&lineno=7&exc_info=None&exc_text=None\
        &created=1700000000.25&msecs=250.0&taskName=None";
    let want = "WARNING app it's took 3 (None) pathname=a.py lineno=7";
    let request = format!("GET /log?{form} HTTP/1.1\r\nHost: x\r\n\r\n");
    let (records, answer) = conversation(request.as_bytes(), &[50]);
    assert_eq!(
        (&records[..], answer.as_str()),
        (&[want.to_owned()][..], DONE)
    );
    let request = post("application/x-www-form-urlencoded", form);
    assert_eq!(conversation(request.as_bytes(), &[50]).0, [want]);
    // Arguments that are no plain values stay as they are.
    let form = "msg=%25s&args=%28%3Cobject+at+0x7f%3E%2C%29&levelno=10";
    let request = format!("GET /?{form} HTTP/1.1\r\n\r\n");
    let (records, _) = conversation(request.as_bytes(), &[50]);
    assert!(records[0].contains("<object at 0x7f>"), "{records:?}");
}

/// As a message that grows without end, which none is made of.
#[test]
fn what_can_not_be_filled_in_keeps_its_fields() {
    let (msg, arg) = ("%(a)s".repeat(100), "x".repeat(1000));
    let body = format!("name=shop&msg={msg}&args={{'a': '{arg}'}}&levelname=ERROR&levelno=40");
    let request = post("application/x-www-form-urlencoded", &body);
    let (records, answer) = conversation(request.as_bytes(), &[4096]);
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    let [record] = &records[..] else {
        panic!("{records:?}");
    };
    let start = format!("ERROR shop {msg} args={{'a': ");
    assert!(record.starts_with(&start), "{record}");
}

#[test]
fn chunks_and_several_requests_are_followed() {
    let input = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n\
        5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: x\r\n\r\n\
        GET / HTTP/1.1\r\n\r\n\
        POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nbye";
    for sizes in [&[9999][..], &[1], &[5, 2]] {
        let (records, answer) = conversation(input, sizes);
        assert_eq!(records, ["INFO root hello world", "INFO root bye"]);
        let close = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
        assert_eq!(
            answer,
            format!("HTTP/1.1 100 Continue\r\n\r\n{DONE}{DONE}{close}")
        );
    }
}

#[test]
fn packed_bodies_are_bounded() {
    use std::io::Write as _;
    let packed = |text: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(text).unwrap();
        let body = encoder.finish().unwrap();
        let head = format!(
            "POST / HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        [head.as_bytes(), &body].concat()
    };
    assert_eq!(conversation(&packed(b"a\nb\n"), &[100]).0.len(), 2);
    for coding in ["gzip", "deflate"] {
        let head = format!("POST / HTTP/1.1\r\nContent-Encoding: {coding}\r\n");
        for body in ["no gzip", "{\"msg\":\"a\"}", "\r\n", "\x1f"] {
            let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
            let (records, answer) = conversation(request.as_bytes(), &[100]);
            assert!(records.is_empty(), "{records:?}");
            assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        }
        let request = format!("{head}Content-Length: 0\r\n\r\n");
        assert_eq!(conversation(request.as_bytes(), &[100]).1, DONE);
    }
    let (records, answer) = conversation(&packed(&[b'a'; 100_000]), &[100]);
    assert!(records.is_empty());
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[test]
fn what_is_not_taken_is_refused() {
    for (request, status) in [
        ("DELETE / HTTP/1.1\r\n\r\n", 405),
        ("POST / HTTP/1.1\r\nContent-Length: 2147483648\r\n\r\n", 413),
        (
            "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
            413,
        ),
        ("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (
            "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            400,
        ),
        (
            "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
        ),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        ("POST / HTTP/1.1\r\nContent-Encoding: br\r\n\r\n", 415),
        (
            "POST / HTTP/1.0\r\nContent-Type: application/json\r\n\r\n{}",
            411,
        ),
        (
            "PUT / HTTP/1.1\r\nContent-Type: text/plain\r\n\r\nText",
            411,
        ),
        ("POST / HTTP/1.1\r\nContent-Encoding: gzip\r\n\r\n", 411),
        (
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            400,
        ),
        (
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\n",
            413,
        ),
        (
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n",
            400,
        ),
        ("GET / HTTP/2.0\r\n\r\n", 505),
        ("nonsense\r\n\r\n", 400),
        // A handshake of TLS.
        ("\x16\x03\x01\x02\0\x01", 400),
        (
            "POST / HTTP/1.1\r\nContent-Type: image/png\r\nContent-Length: 1\r\n\r\nx",
            415,
        ),
        (
            "POST / HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n{",
            400,
        ),
    ] {
        let (records, answer) = conversation(request.as_bytes(), &[9999]);
        assert!(records.is_empty(), "{request}");
        let want = format!("HTTP/1.1 {status} ");
        assert!(answer.starts_with(&want), "{request}: {answer}");
        // It makes no difference in which pieces it comes.
        for sizes in [&[1][..], &[7], &[2, 30]] {
            let (_, pieces) = conversation(request.as_bytes(), sizes);
            assert_eq!(pieces, answer, "{request} {sizes:?}");
        }
    }
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(2000));
    let (_, answer) = conversation(long.as_bytes(), &[100]);
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

/// A health check, also where the next request stands behind it at once.
#[test]
fn what_has_no_body_needs_no_length() {
    for (request, count) in [
        ("POST / HTTP/1.1\r\n\r\n", 1),
        ("POST / HTTP/1.0\r\n\r\n", 1),
        ("POST / HTTP/1.0\r\n\r\n\r\n", 1),
        ("POST / HTTP/1.1\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n", 2),
        ("PUT / HTTP/1.1\r\n\r\nPOST / HTTP/1.0\r\n\r\n", 2),
    ] {
        let (records, answer) = conversation(request.as_bytes(), &[9999]);
        assert!(records.is_empty(), "{request}");
        let answers = answer.matches("HTTP/1.1 204 ").count();
        assert_eq!(answers, count, "{request}: {answer}");
    }
}

#[test]
fn each_outcome_has_its_status() {
    for (outcome, want) in [
        (Outcome::Queued, "HTTP/1.1 202 Accepted\r\n"),
        (Outcome::Busy(3), "HTTP/1.1 503 Service Unavailable\r\n"),
        (Outcome::Failed, "HTTP/1.1 500 Internal Server Error\r\n"),
    ] {
        let mut http = HttpConversation::new(Arc::default());
        let mut out = Vec::new();
        let fed = http.feed(b"GET / HTTP/1.1\r\n\r\nGET", &mut out);
        let What::Request(request) = fed.what else {
            panic!("{fed:?}")
        };
        assert!(matches!(http.feed(b"GET", &mut out).what, What::More));
        assert!(http.answer(&request, outcome, &mut out));
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with(want), "{text}");
        assert_eq!(
            text.contains("Retry-After: 3\r\n"),
            outcome == Outcome::Busy(3)
        );
    }
    assert_eq!(Level::INFO.to_string(), "INFO");
}

#[test]
fn what_is_broken_off_is_answered() {
    type BreakOff = fn(&mut HttpConversation, &mut Vec<u8>);
    let breaks: [(BreakOff, &str); 2] = [
        (HttpConversation::time_out, "HTTP/1.1 408 Request Timeout"),
        (
            |http, out| http.turn_away(2, out),
            "HTTP/1.1 503 Service Unavailable",
        ),
    ];
    for (break_off, want) in breaks {
        let mut http = HttpConversation::new(Arc::default());
        let mut out = Vec::new();
        let request = b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nbody";
        assert!(matches!(http.feed(request, &mut out).what, What::More));
        assert_eq!(http.held(), 4);
        break_off(&mut http, &mut out);
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with(want), "{text}");
        assert!(text.contains("Connection: close\r\n"), "{text}");
        assert_eq!(http.held(), 0);
        assert_eq!(http.feed(b"more", &mut Vec::new()).used, 4);
    }
}

/// Whoever asked for the head alone takes what stands behind it for the next
/// answer.
#[test]
fn the_answer_to_head_has_no_body() {
    for (request, status) in [
        ("HEAD / HTTP/1.1\r\n\r\n", 503),
        ("HEAD / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
        ("HEAD / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", 413),
        (
            "HEAD / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
            400,
        ),
    ] {
        let mut http = HttpConversation::new(Arc::default());
        let mut out = Vec::new();
        if let What::Request(request) = http.feed(request.as_bytes(), &mut out).what {
            http.answer(&request, Outcome::Busy(1), &mut out);
        }
        let text = String::from_utf8(out).unwrap();
        let want = format!("HTTP/1.1 {status} ");
        assert!(
            text.starts_with(&want) && text.ends_with("\r\n\r\n"),
            "{text}"
        );
        assert!(!text.contains("Content-Length: 0"), "{text}");
    }
}

proptest! {
    #[test]
    fn nothing_panics(
        head in "(POST|GET) /[a-z?=&%0-9]{0,9} HTTP/1.[01]\r\n(Content-Length: [0-9]{1,3}\r\n|Transfer-Encoding: chunked\r\n)?\r\n",
        body: Vec<u8>,
        sizes in prop::collection::vec(1usize..60, 1..5),
    ) {
        conversation(&[head.as_bytes(), &body].concat(), &sizes);
        conversation(&body, &sizes);
    }

    #[test]
    fn a_form_is_never_too_much(text: Vec<u8>) {
        let request = [b"GET /?msg=%25s&levelno=3&args=", &text[..], b" HTTP/1.1\r\n\r\n"].concat();
        conversation(&request, &[99]);
    }
}
