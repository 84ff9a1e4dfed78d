//! What `lh syslog` sends, beside what util-linux `logger` sends for the same
//! options: the same bytes, but for the time.

use std::process::Command;

use crate::support::{Receiver, hostname};
use crate::trials::{Lh, able, folder};

/// A message without its time stamp, which has the right form.
fn without_time(message: &[u8]) -> String {
    let message = String::from_utf8(message.to_vec()).expect("text");
    let (priority, rest) = message.split_once('>').expect("a priority");
    if let Some(rest) = rest.strip_prefix("1 ") {
        let (stamp, rest) = rest.split_once(' ').expect("a time");
        let parsed = chrono::DateTime::parse_from_rfc3339(stamp);
        assert!(parsed.is_ok() && stamp.len() == 32, "{stamp}");
        return format!("{priority}>1 TIME {rest}");
    }
    let (stamp, rest) = rest.split_at(15);
    let dated = format!("2026 {stamp}");
    let parsed = chrono::NaiveDateTime::parse_from_str(&dated, "%Y %b %e %H:%M:%S");
    assert!(parsed.is_ok(), "{stamp}: {parsed:?}");
    format!("{priority}>TIME{rest}")
}

/// The bytes that a program makes a receiver get.
fn sent_by(kind: &str, send: impl FnOnce(&Receiver)) -> String {
    let folder = folder();
    let kind = match kind.starts_with("unix") {
        true => format!("{kind} --path {}", folder.path().join("log").display()),
        false => kind.to_owned(),
    };
    let receiver = Receiver::start(folder.path(), &kind);
    send(&receiver);
    let received = receiver.wait(1);
    assert_eq!(received.len(), 1);
    let bytes = receiver.bytes();
    let ends = [b'\n', 0];
    let end = bytes.last().filter(|last| ends.contains(last));
    let digits = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let body = &bytes[if digits > 0 { digits + 1 } else { 0 }..];
    if digits > 0 {
        let count = String::from_utf8_lossy(&bytes[..digits]).into_owned();
        assert_eq!(count, body.len().to_string());
    }
    let body = &body[..body.len() - usize::from(end.is_some())];
    format!("{} {} {end:?}", digits > 0, without_time(body))
}

#[test]
fn the_bytes_are_those_of_logger() {
    if !able(&["python3", "logger"]) {
        return;
    }
    let new = "--msgid MID";
    // The receiver; what logger is told; what lh is told.
    let cases = [
        (
            "udp raw",
            format!("-d --rfc5424=notq {new}"),
            new.to_owned(),
        ),
        ("udp raw", "-d --rfc3164".into(), "--rfc 3164".into()),
        (
            "tcp raw",
            format!("-T --rfc5424=notq {new}"),
            format!("--transport tcp {new}"),
        ),
        (
            "tcp raw",
            "-T --rfc3164".into(),
            "--transport tcp --rfc 3164".into(),
        ),
        (
            "tcp raw",
            format!("-T --rfc5424=notq --octet-count {new}"),
            format!("--transport tcp --framing octet {new}"),
        ),
        (
            "tcp raw",
            "-T --rfc3164 --octet-count".into(),
            "--transport tcp --framing octet --rfc 3164".into(),
        ),
        ("unixgram raw", String::new(), String::new()),
    ];
    let hostname = hostname();
    let short = hostname.split('.').next().unwrap().to_owned();
    let texts = [
        "hello",
        "gr\u{fc}\u{df}e \"x\" [y] \\ %s",
        "  blanks  within  ",
        "a\ttab",
    ];
    for (kind, theirs, ours) in &cases {
        for (pid, text) in [true, false]
            .into_iter()
            .zip(texts)
            .chain([(true, texts[2]), (true, texts[3])])
        {
            let structured = theirs.contains("5424") && pid;
            let logger = sent_by(kind, |receiver| {
                let mut command = Command::new("logger");
                match receiver.address().starts_with('/') {
                    true => command.args(["-u", &receiver.address()]),
                    false => command.args(["-n", "127.0.0.1", "-P", receiver.port()]),
                };
                command.args(theirs.split_whitespace());
                command.args(["-t", "tagged", "-p", "local3.err"]);
                if pid {
                    command.arg("--id=77");
                }
                if structured {
                    command.args(["--sd-id", "x@1", "--sd-param", r#"k="v w""#]);
                }
                let status = command.args(["--", text]).status().unwrap();
                assert!(status.success());
            });
            let lh = sent_by(kind, |receiver| {
                let given = format!(
                    "syslog --address {} {ours} -t tagged -p local3.err",
                    receiver.address()
                );
                let mut lh = Lh::new(&given);
                lh = match theirs.contains("5424") {
                    true => lh.arg("--hostname").arg(&hostname),
                    false if theirs.contains("3164") => lh.arg("--hostname").arg(&short),
                    false => lh,
                };
                if pid {
                    lh = lh.arg("--id=77");
                }
                if structured {
                    lh = lh.arg("--sd-id").arg("x@1").arg("--sd-param").arg("k=v w");
                }
                lh.feed(format!("{text}\n")).expect(0);
            });
            assert_eq!(lh, logger, "{kind} {ours} {text:?}");
        }
    }
}

/// Without `--hostname`, the name is the one that logger finds.
#[test]
fn the_host_is_that_of_logger() {
    if !able(&["python3", "logger"]) {
        return;
    }
    for (theirs, ours) in [("--rfc5424=notq", ""), ("--rfc3164", "--rfc 3164")] {
        let logger = sent_by("udp raw", |receiver| {
            let arguments = ["-n", "127.0.0.1", "-P", receiver.port(), "-d", theirs];
            let rest = ["-t", "x", "-p", "user.info", "hello"];
            let status = Command::new("logger").args(arguments).args(rest).status();
            assert!(status.unwrap().success());
        });
        let lh = sent_by("udp raw", |receiver| {
            let given = format!(
                "syslog -t x --address {} {ours} -m hello",
                receiver.address()
            );
            Lh::new(&given).feed("").expect(0);
        });
        assert_eq!(lh, logger);
    }
}
