//! TLS: who is believed, and that nothing leaves in clear.
//!
//! Not tested here: which versions and ciphers are spoken.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::receiver::data;
use crate::support::rsyslog::able_tls;
use crate::support::{Certificates, Receiver, Rsyslog};
use crate::trials::launch::Outcome;
use crate::trials::{Lh, able, folder, records, records::told};

/// A receiver in Python that has a certificate.
fn receiver(
    folder: &std::path::Path,
    certificates: &Certificates,
    name: &str,
    more: &str,
) -> Receiver {
    let (cert, key) = (certificates.cert(name), certificates.key(name));
    let tls = format!("--tls {} {}", cert.display(), key.display());
    Receiver::start(folder, &format!("tcp lines {tls} {more}"))
}

/// The records that it has; not what it says of connections.
fn messages(receiver: &Receiver) -> Vec<Value> {
    let mut received = receiver.received();
    received.retain(|got| got["closed"] == Value::Null);
    received
}

const QUICK: &str = "--retry-start 50ms --retry-max 200ms --drain-timeout 1s";

/// Sends 100 records to what must not be believed.
#[track_caller]
fn refused(options: &str, because: &[&str]) -> Outcome {
    let begun = Instant::now();
    let mut running = Lh::new(&format!("{options} {QUICK}")).spawn();
    running.pour(records(1..=100));
    let outcome = running.end_within(Duration::from_secs(10)).expect(1);
    let stderr = outcome.stderr.to_lowercase();
    assert!(
        because.iter().any(|word| stderr.contains(word)),
        "{options}: {stderr}"
    );
    assert_eq!(
        told(&outcome.stderr, "records were not delivered"),
        100,
        "{stderr}"
    );
    assert!(outcome.lines() <= 4, "{options}: {stderr}");
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    outcome
}

#[test]
fn certificates_that_are_no_proof_are_refused() {
    if !able(&["python3"]) {
        return;
    }
    let folder = folder();
    let certificates = Certificates::new(folder.path());
    let ca = certificates.cert("ca");
    let ca = ca.display();
    let cases: [(&str, &[&str]); 3] = [
        ("elsewhere", &["name", "host"]),
        ("stranger", &["trusted"]),
        ("old", &["expired"]),
    ];
    for (name, because) in cases {
        let receiver = receiver(folder.path(), &certificates, name, "");
        let address = receiver.address();
        refused(
            &format!("socket {address} --wire lines --tls --ca {ca}"),
            because,
        );
        if name == "elsewhere" {
            let syslog = format!("syslog --address {address} --transport tls --ca {ca}");
            refused(&syslog, because);
        }
        assert!(
            messages(&receiver).is_empty(),
            "{name}: {:?}",
            messages(&receiver)
        );
    }
    // Nor is an authority believed that the system does not know.
    let receiver = receiver(folder.path(), &certificates, "good", "");
    let address = receiver.address();
    refused(&format!("socket {address} --tls"), &["trusted"]);
    assert!(messages(&receiver).is_empty());
}

#[test]
fn rsyslogd_with_another_name_gets_nothing() {
    if !able_tls() {
        return;
    }
    let folder = folder();
    let certificates = Certificates::new(folder.path());
    let rsyslog = Rsyslog::start_tls(folder.path(), &certificates, "elsewhere");
    let (address, ca) = (rsyslog.tls(), certificates.cert("ca"));
    let options = format!(
        "syslog --address {address} --transport tls --ca {}",
        ca.display()
    );
    refused(&options, &["name", "host"]);
    assert!(rsyslog.received().is_empty());
}

#[test]
fn the_name_that_is_asked_for_can_be_given() {
    if !able(&["python3"]) {
        return;
    }
    let folder = folder();
    let certificates = Certificates::new(folder.path());
    let ca = certificates.cert("ca");
    let receiver = receiver(folder.path(), &certificates, "elsewhere", "");
    let options = format!(
        "socket {} --wire lines --tls --ca {} --server-name elsewhere.example {QUICK}",
        receiver.address(),
        ca.display()
    );
    Lh::new(&options).feed(records(1..=100)).expect(0);
    receiver.wait(100);
    receiver.report(1..=100).assert_perfect("another name");
}

#[test]
fn a_receiver_may_ask_who_sends() {
    if !able(&["python3"]) {
        return;
    }
    let folder = folder();
    let certificates = Certificates::new(folder.path());
    let ca = certificates.cert("ca");
    let ca = ca.display();
    let receiver = receiver(
        folder.path(),
        &certificates,
        "good",
        &format!("--client-ca {ca}"),
    );
    let options = format!("socket {} --wire lines --tls --ca {ca}", receiver.address());
    // Under TLS 1.3 the refusal comes when the first records are on their way.
    let outcome = Lh::new(&format!("{options} {QUICK}"))
        .feed(records(1..=100))
        .expect(1);
    assert!(
        outcome.stderr.to_lowercase().contains("certificate"),
        "{}",
        outcome.stderr
    );
    assert!(messages(&receiver).is_empty());
    Lh::new(&format!("{options} {QUICK} --cert"))
        .arg(certificates.cert("client"))
        .arg("--key")
        .arg(certificates.key("client"))
        .feed(records(1..=100))
        .expect(0);
    crate::support::until(
        "100 messages are there",
        || messages(&receiver).len() >= 100,
        String::new,
    );
    receiver.report(1..=100).assert_perfect("a known sender");
}

#[test]
fn nothing_is_sent_in_clear_to_what_speaks_no_tls() {
    if !able(&["python3"]) {
        return;
    }
    let folder = folder();
    let certificates = Certificates::new(folder.path());
    let ca = certificates.cert("ca");
    let ca = ca.display();
    let receiver = Receiver::start(folder.path(), "tcp raw");
    let address = receiver.address();
    for options in [
        format!("socket {address} --wire lines --tls --ca {ca}"),
        format!("syslog --address {address} --transport tls --ca {ca}"),
    ] {
        let mut running = Lh::new(&format!("{options} --timeout 500ms {QUICK}")).spawn();
        running.pour(records(1..=100));
        let outcome = running.end_within(Duration::from_secs(10)).expect(1);
        assert_eq!(
            told(&outcome.stderr, "records were not delivered"),
            100,
            "{}",
            outcome.stderr
        );
    }
    let received = receiver.received();
    assert!(!received.is_empty(), "it did not even connect");
    for got in &received {
        let bytes = data(got);
        let clear = bytes.windows(4).any(|window| window == b"rec ");
        assert!(!clear, "{got}");
    }
}

#[test]
fn files_that_are_not_there_are_a_mistake_at_the_start() {
    let file = "/nowhere/file.pem";
    for (options, word) in [
        (format!("--ca {file}"), file),
        (format!("--cert {file} --key {file}"), file),
        (format!("--cert {file}"), "key"),
        (format!("--key {file}"), "cert"),
    ] {
        let mut running = Lh::new(&format!("socket 127.0.0.1:9 --tls {options}")).spawn();
        running.pour("x\n");
        let outcome = running.end_within(Duration::from_secs(5));
        let stderr = &outcome.stderr;
        assert!([1, 2].contains(&outcome.code()), "{options}: {stderr}");
        assert!(stderr.contains(word), "{options}: {stderr}");
        assert!(!stderr.contains("127.0.0.1"), "it connected: {stderr}");
    }
}

/// A connection that ends without TLS's farewell may have been cut off: rsyslogd
/// says so in its log.
#[test]
fn rsyslogd_has_nothing_to_say_of_connections() {
    if !able_tls() {
        return;
    }
    let folder = folder();
    let certificates = Certificates::new(folder.path());
    let mut rsyslog = Rsyslog::start_tls(folder.path(), &certificates, "good");
    let (address, ca) = (rsyslog.tls(), certificates.cert("ca"));
    let options = format!("syslog --address {address} --transport tls --ca");
    for _ in 0..3 {
        Lh::new(&options).arg(&ca).feed(records(1..=1000)).expect(0);
    }
    rsyslog.wait(3000);
    rsyslog.stop();
    let said = rsyslog.said();
    assert!(!said.contains("eof") && !said.contains("error"), "{said}");
}

/// What it sends is taken at each attempt, and refused a moment later: that is one
/// trouble, which is over when a receiver keeps it.
#[test]
fn an_outage_of_many_refusals_is_told_once() {
    let folder = folder();
    let certificates = Certificates::new(folder.path());
    let file = |path: std::path::PathBuf| path.display().to_string();
    let (cert, key) = (
        file(certificates.cert("good")),
        file(certificates.key("good")),
    );
    let ca = file(certificates.cert("ca"));
    let port = crate::support::free_port();
    let listen = format!("listen --tcp 127.0.0.1:{port} --tls-cert {cert} --tls-key {key}");
    let strict = Lh::new(&format!("{listen} --client-ca {ca} null")).spawn();
    strict.expect_stderr("listening");
    let mut sender = Lh::new(&format!(
        "socket 127.0.0.1:{port} --tls --ca {ca} --retry-start 50ms --retry-max 100ms"
    ))
    .spawn();
    sender.write(b"one\n");
    let refusals = || strict.stderr().matches("asked for").count();
    let tried = crate::trials::wait_for(Duration::from_secs(10), || refusals() > 8);
    assert!(tried, "{}", strict.stderr());
    assert_eq!(sender.stderr().lines().count(), 1, "{}", sender.stderr());
    strict.signal(nix::sys::signal::Signal::SIGTERM);
    strict.end();
    let out = folder.path().join("out");
    let kind = Lh::new(&format!("{listen} file -f message {}", out.display())).spawn();
    sender.expect_stderr("written again");
    sender.write(b"two\n");
    let outcome = sender.end().expect(0);
    assert_eq!(outcome.lines(), 2, "{}", outcome.stderr);
    assert!(
        outcome.stderr.ends_with("nothing was lost\n"),
        "{}",
        outcome.stderr
    );
    kind.signal(nix::sys::signal::Signal::SIGTERM);
    kind.end().expect(0);
    assert_eq!(std::fs::read_to_string(out).expect("a log"), "one\ntwo\n");
}
