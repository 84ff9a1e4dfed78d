//! Trial 27: the network swallows what is sent, in a namespace of its own.
//!
//! Not tested here: packets that come late or twice.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::away::{QUICK, became};
use crate::support::{Receiver, free_port};
use crate::trials::{Lh, able, folder, records, records::told, wait_for};

/// A network of its own, with nothing but loopback; it goes with this.
struct Network(Child);

impl Network {
    fn new() -> Network {
        let script = "ip link set lo up; echo ready; exec cat >/dev/null";
        let mut holder = Command::new("unshare")
            .args(["-n", "sh", "-euc", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare");
        let mut line = String::new();
        let stdout = holder.stdout.take().expect("a pipe");
        let _ = BufReader::new(stdout).read_line(&mut line);
        let network = Network(holder);
        assert_eq!(line, "ready\n");
        network
    }

    /// What has to stand in front of a command to run it in there.
    fn enter(&self) -> [String; 3] {
        let namespace = format!("--net=/proc/{}/ns/net", self.0.id());
        ["nsenter".into(), namespace, "--".into()]
    }

    /// Takes the interface up or down.
    fn set(&self, state: &str) {
        let [program, arguments @ ..] = self.enter();
        let mut command = Command::new(program);
        command
            .args(arguments)
            .args(["ip", "link", "set", "lo", state]);
        assert!(command.status().expect("nsenter").success());
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn what_the_network_swallows_is_sent_again() {
    if !able(&["root", "unshare", "nsenter", "ip", "python3"]) {
        return;
    }
    for (handler, options, kind) in [
        ("socket", "--wire lines", "lines"),
        ("socket", "--wire lh", "lh"),
        ("syslog --address", "--transport tcp", "lines"),
    ] {
        let (folder, network) = (folder(), Network::new());
        let prefix = network.enter();
        let receiver = Receiver::start_under(folder.path(), &format!("tcp {kind}"), &prefix);
        let given = format!(
            "{handler} {} {options} {QUICK} --timeout 500ms",
            receiver.address()
        );
        let mut running = Lh::new(&given).under(&prefix).spawn();
        running.write(&records(1..=100));
        receiver.wait(100);
        network.set("down");
        let begun = Instant::now();
        running.write(&records(101..=200));
        running.expect_stderr("127.0.0.1");
        assert!(
            begun.elapsed() < Duration::from_secs(4),
            "{:?}",
            begun.elapsed()
        );
        network.set("up");
        let outcome = running.end_within(Duration::from_secs(15)).expect(0);
        wait_for(Duration::from_secs(5), || {
            became(&receiver.received(), 200).lost.is_empty()
        });
        let mut report = became(&receiver.received(), 200);
        if kind != "lh" {
            report.doubled.clear();
            report.disordered.clear();
        }
        report.assert_perfect(&format!("{options}: {}", outcome.stderr));
    }
}

/// Nobody answers when it connects, or on the way: it ends in time.
#[test]
fn what_never_gets_through_is_counted() {
    if !able(&["root", "unshare", "nsenter", "ip"]) {
        return;
    }
    let network = Network::new();
    network.set("down");
    for given in [
        "socket 127.0.0.1:PORT",
        "syslog --address 127.0.0.1:PORT --transport tcp",
    ] {
        let given = given.replace("PORT", &free_port().to_string());
        let given = format!("{given} {QUICK} --timeout 300ms --drain-timeout 500ms");
        let begun = Instant::now();
        let mut running = Lh::new(&given).under(network.enter()).spawn();
        running.pour(records(1..=100));
        let outcome = running.end_within(Duration::from_secs(5)).expect(1);
        assert_eq!(
            told(&outcome.stderr, "records were not delivered"),
            100,
            "{}",
            outcome.stderr
        );
        assert!(
            begun.elapsed() < Duration::from_secs(3),
            "{:?}",
            begun.elapsed()
        );
    }
}
