//! What is encoded has the forms of util-linux `logger`, byte for byte:
//! `logger` writes to a socket of the test's own, its message is read, and what
//! was read is encoded again.
//!
//! Not tested here: what `logger` does not do (the escapes of control
//! characters, splitting).
#![cfg(unix)]

use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

use lh::now::{Now, Timestamp};
use lh::record::{Defaults, Record, Value};
use lh::wire::Encode as _;
use lh::wire::syslog::{self, Priority, Rfc, Severity, SyslogEncoder, SyslogOptions};

/// Whether it is there, and is the one of util-linux.
fn logger_installed() -> bool {
    let version = Command::new("logger").arg("--version").output();
    let found =
        version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("util-linux"));
    if !found {
        println!("skipped: logger is not installed");
        let required = std::env::var("LH_REQUIRE_PEERS").is_ok_and(|value| value == "1");
        assert!(!required, "logger is not installed, and LH_REQUIRE_PEERS=1");
    }
    found
}

struct Case {
    options: &'static [&'static str],
    same: fn(&mut SyslogOptions),
    message: &'static str,
}

#[rustfmt::skip]
const CASES: &[Case] = &[
    Case { options: &[], same: |_| {}, message: "hello world" },
    Case {
        options: &["-p", "local3.err"],
        same: |options| set_priority(options, "local3.err"),
        message: "a: b [c] \u{e9}",
    },
    Case {
        options: &["--id=77", "-p", "daemon.emerg"],
        same: |options| {
            options.proc_id = Some("77".to_owned());
            set_priority(options, "daemon.emerg");
        },
        message: " leading and trailing ",
    },
    Case {
        options: &["--rfc3164"],
        same: |options| options.hostname = Some(String::new()),
        message: "hello",
    },
    Case {
        options: &["--rfc3164", "--id=77", "-p", "cron.debug"],
        same: |options| {
            options.hostname = Some(String::new());
            options.proc_id = Some("77".to_owned());
            set_priority(options, "cron.debug");
        },
        message: "hello",
    },
    Case {
        options: &["--rfc5424=notq"],
        same: |options| {
            options.rfc = Rfc::Rfc5424;
            options.hostname = Some(String::new());
        },
        message: "\ttab and \u{e9}",
    },
    Case {
        options: &["--rfc5424=notq,nohost", "--id=77", "--msgid", "MID", "-p", "local7.warning"],
        same: |options| {
            options.rfc = Rfc::Rfc5424;
            options.proc_id = Some("77".to_owned());
            options.msg_id = Some("MID".to_owned());
            set_priority(options, "local7.warning");
        },
        message: "x",
    },
    Case {
        options: &[
            "--rfc5424=notq,nohost", "--sd-id", "zoo@123", "--sd-param", "tiger=\"hungry\"",
            "--sd-param", "bear=\"a\\\"b\\\\c\\]\"",
        ],
        same: |options| {
            options.rfc = Rfc::Rfc5424;
            options.sd_id = "zoo@123".to_owned();
            let params = [("tiger", "hungry"), ("bear", "a\"b\\c]")];
            options.sd_params = params
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec();
        },
        message: "[not=\"data\"]",
    },
    // Without a parameter, no element.
    Case {
        options: &["--rfc5424=notq,nohost", "--sd-id", "zoo@123"],
        same: |options| {
            options.rfc = Rfc::Rfc5424;
            options.sd_id = "zoo@123".to_owned();
        },
        message: "x",
    },
];

fn set_priority(options: &mut SyslogOptions, text: &str) {
    let Priority { facility, severity } = text.parse().expect("a priority");
    options.facility = facility;
    options.severity = severity;
}

fn text(record: &Record<'_>, key: &str) -> String {
    match record.get(key) {
        Some(Value::Text(text)) => text.to_string(),
        other => panic!("{key}: {other:?}"),
    }
}

#[test]
fn the_forms_of_logger() {
    if !logger_installed() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("log");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    socket
        .set_read_timeout(Some(Duration::from_secs(20)))
        .expect("a time-out");
    let mut buffer = vec![0; 65536];
    for case in CASES {
        let status = Command::new("logger")
            .arg("--socket")
            .arg(&path)
            .args(["--socket-errors=on", "-t", "my.app"])
            .args(case.options)
            .args(["--", case.message])
            .status()
            .expect("logger");
        assert!(status.success(), "{:?}", case.options);
        let length = socket.recv(&mut buffer).expect("a message");
        let sent = &buffer[..length];

        let defaults = Defaults::default();
        let mut record = Record::new(&defaults, Timestamp(0));
        let now = Now::read().wall;
        syslog::decode(sent, &defaults, now, &mut record).expect("a priority");
        assert_eq!(record.name, "my.app");
        assert_eq!(record.message, case.message.as_bytes());
        assert!(now.0.abs_diff(record.created.0) < 60_000_000_000);

        let mut options = SyslogOptions {
            rfc: Rfc::Rfc3164,
            severity: Some(Severity::Notice),
            ident: Some("my.app".to_owned()),
            ..SyslogOptions::default()
        };
        (case.same)(&mut options);
        if options.hostname.is_some() {
            options.hostname = Some(text(&record, "host"));
        }
        // What was found out of it is an option of the encoder's.
        record.extra.clear();
        let mut out = Vec::new();
        let mut ends = Vec::new();
        let done =
            SyslogEncoder::new(options).encode(&record, &mut out, &mut |out| ends.push(out.len()));
        assert_eq!(done, Ok(()));
        assert_eq!(
            String::from_utf8_lossy(&out),
            String::from_utf8_lossy(sent),
            "{:?}",
            case.options
        );
        assert_eq!(ends, [out.len()]);
    }
}
