//! A long stream to a receiver that ends connection after connection.

use std::io::Write;
use std::time::Duration;

use serde_json::Value;

use crate::away::{QUICK, became};
use crate::support::{Certificates, Receiver};
use crate::trials::{Lh, Random, able, folder, records, rounds, wait_for};

/// Sends that many records, a few at a time.
fn storm(options: &str, kind: &str, orders: &[&str], seed: u64) {
    let folder = folder();
    let certificates = Certificates::new(folder.path());
    let path = folder.path().join("socket");
    let (cert, key) = (certificates.cert("good"), certificates.key("good"));
    let tls = format!("--tls {} {}", cert.display(), key.display());
    let arguments = kind.replace("TLS", &tls);
    let arguments = arguments.replace("PATH", &path.display().to_string());
    let mut receiver = Receiver::start(folder.path(), &arguments);
    let ca = certificates.cert("ca");
    let options = options.replace("ADDRESS", &receiver.address());
    let options = options.replace("CA", &ca.display().to_string());
    let count = rounds(10, 100);
    let last = count * 1000;
    let mut running = Lh::new(&format!("{options} {QUICK}")).spawn();
    running.pour_by(move |stdin| {
        let mut random = Random::new(seed);
        let mut next = 1;
        while next <= last {
            let end = (next + random.below(200)).min(last);
            if stdin.write_all(&records(next..=end)).is_err() {
                return;
            }
            next = end + 1;
            std::thread::sleep(Duration::from_micros(random.below(8000)));
        }
    });
    let mut random = Random::new(seed + 1);
    let mut ended = 0;
    for round in 0..count {
        // Something has come on a connection that still stands, and a little
        // more is on its way.
        let mut newest = 0;
        wait_for(Duration::from_secs(10), || {
            newest = receiver.newest_connection();
            newest > ended || running.has_ended()
        });
        ended = newest;
        wait_for(Duration::from_micros(random.below(40_000)), || false);
        receiver.tell(orders[round as usize % orders.len()]);
    }
    let outcome = running.end_within(Duration::from_secs(30)).expect(0);
    let settled = wait_for(Duration::from_secs(10), || {
        became(&receiver.received(), last).lost.is_empty()
    });
    let received = receiver.received();
    let mut report = became(&received, last);
    assert!(settled, "{options}: {report}; {}", outcome.stderr);
    let connections = received.iter().filter_map(|got| got["conn"].as_u64()).max();
    assert!(
        connections > Some(count / 3),
        "{options}: {connections:?} connections"
    );
    println!(
        "{options}: {} of {last} more than once",
        report.doubled.len()
    );
    let failed = received.iter().find(|got| got["error"] != Value::Null);
    if !kind.contains(" lh") {
        report.doubled.clear();
        report.disordered.clear();
    } else {
        assert!(failed.is_none(), "{options}: {failed:?}");
    }
    report.assert_sound(&options);
}

#[test]
fn plain_tcp() {
    if able(&["python3"]) {
        storm(
            "socket ADDRESS --wire lines",
            "tcp lines",
            &["fin", "rst"],
            1,
        );
    }
}

#[test]
fn octet_counted_syslog() {
    if able(&["python3"]) {
        let options = "syslog --address ADDRESS --transport tcp --framing octet";
        storm(options, "tcp octet", &["rst", "fin"], 2);
    }
}

#[test]
fn tls() {
    if able(&["python3"]) {
        let options = "socket ADDRESS --wire lines --tls --ca CA";
        storm(options, "tcp lines TLS", &["fin", "rst"], 3);
    }
}

#[test]
fn a_local_stream() {
    if able(&["python3"]) {
        let options = "socket ADDRESS --wire lines";
        storm(options, "unix lines --path PATH", &["fin"], 4);
    }
}

#[test]
fn the_wire_lh_is_heard_once() {
    if able(&["python3"]) {
        storm("socket ADDRESS --wire lh", "tcp lh", &["fin", "rst"], 5);
    }
}
