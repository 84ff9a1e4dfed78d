//! What is bounded: the queue in memory, the spool, the time at the end.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::away::QUICK;
use crate::support::{Receiver, free_port};
use crate::trials::{Lh, able, folder, records, records::told};

/// Feeds 5,000 records with nobody at the other end, who comes then. Gives
/// what became of them, and how many `lh` counted as lost.
fn overflow(options: &str, code: i32) -> (crate::trials::Report, u64) {
    let folder = folder();
    let port = free_port();
    let options = options.replace("SPOOL", &folder.path().join("spool").display().to_string());
    let given = format!("socket 127.0.0.1:{port} --wire lines {QUICK} {options}");
    let mut running = Lh::new(&given).spawn();
    running.pour(records(1..=5000));
    running.expect_stderr(&port.to_string());
    let receiver = Receiver::start(folder.path(), &format!("tcp lines --port {port}"));
    let outcome = running.end_within(Duration::from_secs(10)).expect(code);
    let lost = told(&outcome.stderr, "records were not delivered");
    crate::trials::wait_for(Duration::from_secs(5), || {
        receiver.received().len() as u64 + lost >= 5000
    });
    let report = receiver.report(1..=5000);
    report.assert_sound(&outcome.stderr);
    (report, lost)
}

#[test]
fn a_full_queue_makes_the_input_wait() {
    if !able(&["python3"]) {
        return;
    }
    for options in [
        "--capacity 100",
        "--capacity 100 --overflow block",
        "--spool SPOOL --spool-max 64K",
    ] {
        let (report, lost) = overflow(options, 0);
        report.assert_perfect(options);
        assert_eq!(lost, 0);
    }
}

#[test]
fn what_a_full_queue_drops_is_counted_to_the_record() {
    if !able(&["python3"]) {
        return;
    }
    for (options, kept) in [
        ("--capacity 100 --overflow drop-new", 1),
        ("--capacity 100 --overflow drop-old", 5000),
        ("--spool SPOOL --spool-max 64K --overflow drop-new", 1),
        ("--spool SPOOL --spool-max 64K --overflow drop-old", 5000),
    ] {
        let (report, lost) = overflow(options, 1);
        assert!(lost > 0, "{options}: nothing was dropped");
        assert_eq!(report.lost.len() as u64, lost, "{options}: {report}");
        assert!(report.found.contains_key(&kept), "{options}: {report}");
    }
}

#[test]
fn the_end_does_not_wait_longer_than_it_may() {
    if !able(&["python3"]) {
        return;
    }
    let folder = folder();
    // Nobody is there; or one that acknowledges nothing, or speaks another wire.
    let silent = Receiver::start(folder.path(), "tcp raw");
    let path = folder.path().join("socket");
    let held = Receiver::start(
        folder.path(),
        &format!("unix raw --hold --path {}", path.display()),
    );
    let nobody = format!("127.0.0.1:{}", free_port());
    for (address, wire) in [
        (nobody.clone(), "json"),
        (nobody, "lh"),
        (silent.address(), "lh"),
        (held.address(), "json"),
    ] {
        let given = format!("socket {address} --wire {wire} {QUICK} --drain-timeout 500ms");
        let begun = Instant::now();
        let mut running = Lh::new(&given).spawn();
        running.pour(records(1..=300));
        let outcome = running.end_within(Duration::from_secs(5)).expect(1);
        let took = begun.elapsed();
        assert_eq!(
            told(&outcome.stderr, "records were not delivered"),
            300,
            "{given}: {}",
            outcome.stderr
        );
        assert!(took < Duration::from_secs(3), "{given}: {took:?}");
        assert!(took > Duration::from_millis(450), "{given}: {took:?}");
    }
}

#[test]
fn with_a_spool_the_end_is_as_short_and_nothing_is_lost() {
    let folder = folder();
    let given = format!(
        "socket 127.0.0.1:{} {QUICK} --drain-timeout 500ms --spool",
        free_port()
    );
    let begun = Instant::now();
    let mut running = Lh::new(&given).arg(folder.path().join("spool")).spawn();
    running.pour(records(1..=300));
    let outcome = running.end_within(Duration::from_secs(5)).expect(0);
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "{:?}",
        begun.elapsed()
    );
    let stderr = &outcome.stderr;
    assert!(
        stderr.contains("300") && stderr.contains("spool"),
        "{stderr}"
    );
    assert!(!stderr.contains("not delivered"), "{stderr}");
}

#[test]
fn sigterm_ends_what_waits_for_nobody() {
    for spool in [false, true] {
        let folder = folder();
        let given = format!(
            "socket 127.0.0.1:{} {QUICK} --drain-timeout 500ms",
            free_port()
        );
        let mut lh = Lh::new(&given);
        if spool {
            lh = lh.arg("--spool").arg(folder.path().join("spool"));
        }
        let mut running = lh.spawn();
        running.write(&records(1..=100));
        running.expect_stderr("127.0.0.1");
        running.signal(Signal::SIGTERM);
        let begun = Instant::now();
        let ended = crate::trials::wait_for(Duration::from_secs(5), || running.has_ended());
        assert!(ended, "spool {spool}: {}", running.stderr());
        assert!(
            begun.elapsed() < Duration::from_secs(4),
            "{:?}",
            begun.elapsed()
        );
        let outcome = running.end().expect(i32::from(!spool));
        let lost = told(&outcome.stderr, "records were not delivered");
        assert_eq!(lost, if spool { 0 } else { 100 }, "{}", outcome.stderr);
    }
}

/// The figures of the one handler of a run.
pub fn figures(stderr: &str) -> [u64; 4] {
    let line = stderr.lines().find(|line| line.starts_with('{'));
    let object: serde_json::Value = serde_json::from_str(line.expect(stderr)).expect("figures");
    let handler = &object["handlers"][0];
    let figure = |key: &str| {
        handler[key]
            .as_u64()
            .unwrap_or_else(|| panic!("{key}: {object}"))
    };
    ["received", "delivered", "dropped", "spooled"].map(figure)
}

#[test]
fn the_figures_tell_what_became_of_the_records() {
    if !able(&["python3"]) {
        return;
    }
    let folder = folder();
    let receiver = Receiver::start(folder.path(), "tcp json");
    let spool = folder.path().join("spool");
    let spool = spool.display();
    let nobody = format!("127.0.0.1:{} {QUICK} --drain-timeout 200ms", free_port());
    for (options, code, want) in [
        (receiver.address(), 0, [300, 300, 0, 0]),
        (nobody.clone(), 1, [300, 0, 300, 0]),
        (format!("{nobody} --spool {spool}"), 0, [300, 0, 0, 300]),
    ] {
        let mut running = Lh::new(&format!("socket --stats {options}")).spawn();
        running.pour(records(1..=300));
        let outcome = running.end_within(Duration::from_secs(5)).expect(code);
        assert_eq!(figures(&outcome.stderr), want, "{options}");
    }
}

/// Nor does a receiver that is away keep the command or another handler
/// waiting.
#[test]
fn another_handler_of_the_chain_does_not_wait() {
    let folder = folder();
    let file = folder.path().join("app.log");
    let given = format!(
        "file {} + socket 127.0.0.1:{} {QUICK} --drain-timeout 200ms",
        file.display(),
        free_port()
    );
    let mut running = Lh::new(&given).spawn();
    for number in 1..=20 {
        let line = records(number..=number);
        let begun = Instant::now();
        running.write(&line);
        let there = || std::fs::read(&file).is_ok_and(|bytes| bytes.ends_with(&line));
        assert!(crate::trials::wait_for(Duration::from_secs(5), there));
        assert!(
            begun.elapsed() < Duration::from_secs(1),
            "{:?}",
            begun.elapsed()
        );
    }
    running.end_within(Duration::from_secs(5)).expect(1);
    crate::trials::Report::of(folder.path(), 1..=20).assert_perfect("beside a dead peer");
}

#[test]
fn an_error_may_end_it_or_cost_the_record() {
    let given = format!("socket 127.0.0.1:{} --on-error", free_port());
    // It does not wait for the peer, nor at the end.
    for policy in ["exit", "drop"] {
        let begun = Instant::now();
        let mut running = Lh::new(&format!("{given} {policy}")).spawn();
        running.pour(records(1..=300));
        let outcome = running.end_within(Duration::from_secs(5)).expect(1);
        let lost = told(&outcome.stderr, "records were not delivered");
        assert_eq!(lost, 300, "{policy}: {}", outcome.stderr);
        assert!(
            begun.elapsed() < Duration::from_secs(3),
            "{policy}: {:?}",
            begun.elapsed()
        );
    }
}

/// `localhost` may be `::1` first, where nobody listens.
#[test]
fn localhost_is_found_whatever_it_is_first() {
    if !able(&["python3"]) {
        return;
    }
    let folder = folder();
    for (number, (kind, given)) in [
        ("tcp lines", "socket localhost:PORT --wire lines"),
        (
            "tcp lines",
            "syslog --address localhost:PORT --transport tcp",
        ),
    ]
    .iter()
    .enumerate()
    {
        let receiver = Receiver::start(folder.path(), kind);
        let given = given.replace("PORT", receiver.port());
        let begun = Instant::now();
        let outcome = Lh::new(&format!("{given} {QUICK}"))
            .feed(records(1..=100))
            .expect(0);
        assert_eq!(outcome.stderr, "");
        assert!(
            begun.elapsed() < Duration::from_secs(3),
            "{:?}",
            begun.elapsed()
        );
        receiver.wait(100 * (number + 1));
    }
}

#[test]
fn the_status_is_that_of_the_command() {
    if !able(&["python3"]) {
        return;
    }
    let folder = folder();
    let receiver = Receiver::start(folder.path(), "tcp json");
    let script = "echo out; echo err >&2; exit 3";
    let address = receiver.address();
    let lh = Lh::new(&format!("socket {address} -- sh -c")).arg(script);
    lh.feed("").expect(3);
    let received = receiver.wait(2);
    let mut levels: Vec<String> = received
        .iter()
        .map(|got| crate::support::text(&got["record"], "levelname").to_owned())
        .collect();
    levels.sort();
    assert_eq!(levels, ["ERROR", "INFO"]);
    // A receiver that is away is no matter of the command's, but of lh.
    let given = format!(
        "socket 127.0.0.1:{} --drain-timeout 200ms -- true",
        free_port()
    );
    Lh::new(&given).feed("").expect(0);
    let given = format!(
        "socket 127.0.0.1:{} --drain-timeout 200ms -- echo x",
        free_port()
    );
    Lh::new(&given).feed("").expect(1);
}
