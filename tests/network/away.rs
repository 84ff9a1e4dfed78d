//! Trials 8, 9, 10 and 26: a receiver that is late, goes away in the middle,
//! comes back, or never reads.

use std::time::Duration;

use serde_json::Value;

use crate::support::receiver::data;
use crate::support::{Certificates, Receiver, Rsyslog, free_port, report, text};
use crate::trials::{Lh, Report, able, folder, records, records::told};

pub const QUICK: &str = "--retry-start 50ms --retry-max 200ms";

/// What `lh` is told before the address and behind it, and what the receiver.
const WIRES: [(&str, &str, &str); 6] = [
    ("socket", "--wire json", "json"),
    ("socket", "--wire lines", "lines"),
    ("socket", "--wire pickle", "pickle"),
    ("socket", "--wire lh", "lh"),
    ("syslog --address", "--transport tcp", "lines"),
    (
        "syslog --address",
        "--transport tcp --framing octet",
        "octet",
    ),
];

/// The numbered record in a message of any of them.
fn content(got: &Value) -> Vec<u8> {
    let bytes = data(got);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let pickled = &got["record"]["getMessage()"];
    if let Some(text) = pickled.as_str() {
        return text.into();
    }
    if let Ok(object) = serde_json::from_str::<Value>(&text)
        && let Some(text) = object["message"].as_str()
    {
        return text.into();
    }
    match text.split_once(" - - - ") {
        Some((header, text)) if header.starts_with('<') => text.into(),
        _ => bytes,
    }
}

/// What became of the records. What was cut by the end of a connection is not
/// taken by any receiver, so it is no message.
pub fn became(received: &[Value], last: u64) -> Report {
    let whole = received
        .iter()
        .filter(|got| got["closed"] == Value::Null && !data(got).ends_with(b"(not ended)"));
    report(whole.map(content), 1..=last)
}

#[track_caller]
fn wait_for_all(receiver: &Receiver, last: u64, what: &str) -> Report {
    crate::trials::wait_for(Duration::from_secs(10), || {
        became(&receiver.received(), last).lost.is_empty()
    });
    let report = became(&receiver.received(), last);
    assert!(report.lost.is_empty(), "{what}: {report}");
    report
}

#[test]
fn a_late_receiver_gets_everything() {
    if !able(&["python3"]) {
        return;
    }
    for (handler, options, kind) in WIRES {
        let folder = folder();
        let port = free_port();
        let mut running = Lh::new(&format!("{handler} 127.0.0.1:{port} {options} {QUICK}")).spawn();
        running.pour(records(1..=300));
        running.expect_stderr(&port.to_string());
        let receiver = Receiver::start(folder.path(), &format!("tcp {kind} --port {port}"));
        let outcome = running.end_within(Duration::from_secs(10)).expect(0);
        let report = wait_for_all(&receiver, 300, options);
        report.assert_perfect(options);
        assert!(outcome.lines() <= 3, "{options}: {}", outcome.stderr);
    }
}

/// Trial 8: it ends in order while nothing is sent, and is there again.
#[test]
fn a_receiver_that_restarts_while_it_is_idle_loses_and_doubles_nothing() {
    if !able(&["python3"]) {
        return;
    }
    for (handler, options, kind) in WIRES {
        let folder = folder();
        let arguments = format!("tcp {kind} --after 100 --then fin-exit");
        let receiver = Receiver::start(folder.path(), &arguments);
        let (address, port) = (receiver.address(), receiver.port().to_owned());
        let mut running = Lh::new(&format!("{handler} {address} {options} {QUICK}")).spawn();
        running.write(&records(1..=100));
        receiver.wait_end();
        let receiver = Receiver::start(folder.path(), &format!("tcp {kind} --port {port}"));
        running.write(&records(101..=200));
        running.close_input();
        let outcome = running.end_within(Duration::from_secs(10)).expect(0);
        let mut report = wait_for_all(&receiver, 200, options);
        if kind == "lh" {
            // It went before it had acknowledged, and has forgotten all.
            report.doubled.clear();
            report.disordered.clear();
        }
        report.assert_perfect(&format!("{options}: {}", outcome.stderr));
    }
}

/// Trial 9: it aborts the connection with unread data.
/// It takes 100 records; those behind them arrive, are not read, and the
/// connection is cut off.
fn cut_off(then: &str, wires: &[usize]) {
    if !able(&["python3"]) {
        return;
    }
    for (handler, options, kind) in wires.iter().map(|wire| WIRES[*wire]) {
        let folder = folder();
        let arguments = format!("tcp {kind} --after 100 --then {then}");
        let mut receiver = Receiver::start(folder.path(), &arguments);
        let (address, port) = (receiver.address(), receiver.port().to_owned());
        let mut running = Lh::new(&format!("{handler} {address} {options} {QUICK}")).spawn();
        running.write(&records(1..=100));
        receiver.wait(100);
        running.write(&records(101..=150));
        if then.ends_with("exit") {
            receiver.wait_end();
            receiver = Receiver::start(folder.path(), &format!("tcp {kind} --port {port}"));
        } else {
            // At the end of its input, what has arrived counts as delivered.
            receiver.wait(150);
        }
        running.write(&records(151..=300));
        let outcome = running.end_within(Duration::from_secs(10)).expect(0);
        let mut report = wait_for_all(&receiver, 300, &format!("{options}: {}", outcome.stderr));
        println!("{then} {options}: {} twice", report.doubled.len());
        // One that has ended has forgotten what it had accepted.
        if kind != "lh" || then.ends_with("exit") {
            report.doubled.clear();
            report.disordered.clear();
        }
        report.assert_sound(options);
    }
}

/// Trial 9: it aborts the connection with unread data.
#[test]
fn a_reset_with_unread_data_loses_nothing() {
    cut_off("rst", &[0, 1, 2, 3, 4, 5]);
}

/// What socketserver does when a handler gives up: it ends its own side, and
/// closes the connection with unread data then.
#[test]
fn a_handler_that_gives_up_with_unread_data_loses_nothing() {
    cut_off("shut", &[2, 3, 5]);
}

/// Its listener is gone for a while, too.
#[test]
fn a_receiver_that_dies_with_unread_data_and_restarts_loses_nothing() {
    cut_off("rst-exit", &[0, 3, 5]);
}

/// What socketserver does when a handler gives up: it ends its own side, and
/// closes the connection with unread data then.
/// As `nc -N -l </dev/null`: it ends its own side, and reads all the same.
#[test]
fn a_receiver_that_only_listens_gets_everything_once() {
    if !able(&["python3"]) {
        return;
    }
    let folder = folder();
    let receiver = Receiver::start(folder.path(), "tcp lines --half");
    let given = format!("socket {} --wire lines {QUICK}", receiver.address());
    let mut running = Lh::new(&given).spawn();
    running.write(&records(1..=100));
    receiver.wait(100);
    running.write(&records(101..=200));
    running.end_within(Duration::from_secs(10)).expect(0);
    receiver.wait(200);
    became(&receiver.received(), 200).assert_perfect("half closed");
}

/// Some say hello and answer, though nobody asks them: unread answers must not
/// turn the end of the connection into a reset.
#[test]
fn a_receiver_that_talks_back_gets_everything() {
    if !able(&["python3"]) {
        return;
    }
    let folder = folder();
    let certificates = Certificates::new(folder.path());
    let (cert, key) = (certificates.cert("good"), certificates.key("good"));
    let tls = format!("--tls {} {}", cert.display(), key.display());
    let ca = format!("--tls --ca {}", certificates.cert("ca").display());
    for (more, options) in [("", ""), (tls.as_str(), ca.as_str())] {
        let folder = crate::trials::folder();
        let receiver = Receiver::start(folder.path(), &format!("tcp lines --talk {more}"));
        let given = format!("socket {} --wire lines {options}", receiver.address());
        Lh::new(&given).feed(records(1..=3000)).expect(0);
        receiver.wait(3000);
        receiver.report(1..=3000).assert_perfect(options);
    }
}

/// The same, with the listener gone for a while.
/// Trial 10: it is away for the whole run; another run finds it.
#[test]
fn what_waits_in_a_spool_is_delivered_by_the_next_run() {
    if !able(&["python3"]) {
        return;
    }
    for (handler, options, kind) in WIRES {
        let folder = folder();
        let port = free_port();
        let spool = folder.path().join("spool");
        let given = format!("{handler} 127.0.0.1:{port} {options} {QUICK}");
        let run = |numbers, code: i32| {
            let mut running = Lh::new(&format!("{given} --drain-timeout 200ms --spool"))
                .arg(&spool)
                .spawn();
            running.pour(records(numbers));
            running.end_within(Duration::from_secs(10)).expect(code)
        };
        let outcome = run(1..=200, 0);
        assert!(
            outcome.stderr.contains("200"),
            "{options}: {}",
            outcome.stderr
        );
        assert!(
            outcome.stderr.contains("spool"),
            "{options}: {}",
            outcome.stderr
        );
        run(201..=300, 0);
        let receiver = Receiver::start(folder.path(), &format!("tcp {kind} --port {port}"));
        let mut running = Lh::new(&format!("{given} --spool")).arg(&spool).spawn();
        running.write(&records(301..=310));
        let outcome = running.end_within(Duration::from_secs(10)).expect(0);
        let report = wait_for_all(&receiver, 310, &format!("{options}: {}", outcome.stderr));
        report.assert_perfect(options);
        // And it is not delivered again.
        Lh::new(&format!("{given} --spool"))
            .arg(&spool)
            .feed("")
            .expect(0);
        wait_for_all(&receiver, 310, options).assert_perfect(options);
    }
}

#[test]
fn without_a_spool_what_was_not_delivered_is_counted() {
    let port = free_port();
    for (handler, options, _) in WIRES {
        let given = format!("{handler} 127.0.0.1:{port} {options} {QUICK} --drain-timeout 200ms");
        let mut running = Lh::new(&given).spawn();
        running.pour(records(1..=300));
        let outcome = running.end_within(Duration::from_secs(5)).expect(1);
        let lost = told(&outcome.stderr, "records were not delivered");
        assert_eq!(lost, 300, "{options}: {}", outcome.stderr);
        assert!(
            outcome.stderr.contains(&port.to_string()),
            "{}",
            outcome.stderr
        );
    }
}

#[test]
fn rsyslogd_restarts_in_the_middle() {
    if !able(&["rsyslogd"]) {
        return;
    }
    for framing in ["", "--framing octet"] {
        let folder = folder();
        let mut rsyslog = Rsyslog::start(folder.path());
        let given = format!(
            "syslog --address {} --transport tcp {framing} {QUICK}",
            rsyslog.tcp()
        );
        let mut running = Lh::new(&given).spawn();
        for (from, kill) in [(1, false), (101, true), (201, false)] {
            running.write(&records(from..=from + 99));
            rsyslog.wait(from as usize + 99);
            match kill {
                true => rsyslog.kill(),
                false => rsyslog.stop(),
            }
            rsyslog.begin();
        }
        running.write(&records(301..=400));
        running.end_within(Duration::from_secs(10)).expect(0);
        rsyslog.wait(400);
        rsyslog.report(1..=400).assert_perfect(framing);
    }
}

/// It is killed with messages in its socket that it had not read.
#[test]
fn rsyslogd_is_killed_with_unread_messages() {
    if !able(&["rsyslogd"]) {
        return;
    }
    let folder = folder();
    let mut rsyslog = Rsyslog::start(folder.path());
    let given = format!("syslog --address {} --transport tcp {QUICK}", rsyslog.tcp());
    let mut running = Lh::new(&given).spawn();
    running.write(&records(1..=100));
    rsyslog.wait(100);
    rsyslog.freeze();
    running.write(&records(101..=300));
    let port = rsyslog.tcp();
    let arrived = crate::trials::wait_for(Duration::from_secs(5), || unread(&port) > 10_000);
    assert!(arrived, "{} bytes wait", unread(&port));
    rsyslog.kill();
    rsyslog.begin();
    // Nothing more has to come for it to be noticed.
    crate::support::until(
        "it was sent again",
        || rsyslog.report(1..=300).lost.is_empty(),
        || rsyslog.report(1..=300).to_string(),
    );
    running.write(&records(301..=400));
    let outcome = running.end_within(Duration::from_secs(10)).expect(0);
    crate::trials::wait_for(Duration::from_secs(5), || {
        rsyslog.report(1..=400).lost.is_empty()
    });
    let mut report = rsyslog.report(1..=400);
    report.doubled.clear();
    report.disordered.clear();
    report.assert_perfect(&outcome.stderr);
}

/// The bytes that wait to be read in the connections of a port.
fn unread(address: &str) -> u64 {
    let port: u16 = address.rsplit(':').next().unwrap().parse().unwrap();
    let local = format!("0100007F:{port:04X}");
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let waiting = table.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let own = fields.get(1) == Some(&local.as_str()) && fields[3] == "01";
        let queue = own.then(|| fields[4].split_once(':'))??.1;
        u64::from_str_radix(queue, 16).ok()
    });
    waiting.sum()
}

/// Trial 26: it takes the connection and never reads; then it does.
#[test]
fn a_receiver_that_does_not_read_delays_and_costs_nothing() {
    if !able(&["python3"]) {
        return;
    }
    let folder = folder();
    let mut receiver = Receiver::start(folder.path(), "tcp lines --hold --rcvbuf 4096");
    let spool = folder.path().join("spool");
    let given = format!("socket {} --wire lines {QUICK} --spool", receiver.address());
    let mut running = Lh::new(&given).arg(&spool).spawn();
    // More than what the system takes in between.
    let padding = "y".repeat(2000);
    let lines = |numbers: std::ops::RangeInclusive<u64>| -> String {
        numbers
            .map(|number| format!("{number} {padding}\n"))
            .collect()
    };
    let begun = std::time::Instant::now();
    running.write(lines(1..=5000).as_bytes());
    let taken = begun.elapsed();
    assert!(
        taken < Duration::from_secs(5),
        "the spool did not take it: {taken:?}"
    );
    receiver.tell("read");
    running.end_within(Duration::from_secs(20)).expect(0);
    let received = receiver.wait(5000);
    for (got, number) in received.iter().zip(1..) {
        let text = text(got, "data");
        assert!(
            text.starts_with(&format!("{number} ")),
            "{number}: {}",
            &text[..20]
        );
        assert_eq!(text.len(), padding.len() + 1 + number.to_string().len());
    }
    assert_eq!(received.len(), 5000);
}
