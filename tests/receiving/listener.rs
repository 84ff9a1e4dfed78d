//! An `lh listen` that runs, and what it has written.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpStream};
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::{Folder, Lh, Ran, Running, until};

/// One that runs, with the addresses that the system has given it.
pub struct Listener<'f> {
    pub running: Running<'f>,
    folder: &'f Folder,
    addresses: HashMap<String, Vec<String>>,
}

/// Starts one; records are objects in `out` unless a chain is given.
pub fn listen<'f>(folder: &'f Folder, options: &str, chain: &str) -> Listener<'f> {
    let chain = if chain.is_empty() {
        "file -f json out"
    } else {
        chain
    };
    listen_with(folder.lh(&format!("{options} {chain}")), folder, options)
}

/// Starts one whose command stands, of which these are the options.
pub fn listen_with<'f>(lh: Lh<'f>, folder: &'f Folder, options: &str) -> Listener<'f> {
    let mut running = lh.start();
    running.wait_said("listening at");
    // All of them are bound before the first is told.
    let ports = options
        .split(' ')
        .filter(|word| ["--tcp", "--udp", "--http", "--unix", "--unixgram"].contains(word));
    let count = ports.count();
    until("all ports are told", || {
        running.stderr().matches("listening at").count() >= count
    });
    let mut addresses: HashMap<_, Vec<String>> = HashMap::new();
    for line in running.stderr().lines() {
        if let Some(rest) = line.split_once("listening at ").map(|(_, rest)| rest)
            && let Some((kind, address)) = rest.split_once(' ')
        {
            let list = addresses.entry(kind.to_owned()).or_default();
            list.push(address.to_owned());
        }
    }
    Listener {
        running,
        folder,
        addresses,
    }
}

impl<'f> Listener<'f> {
    /// One that was started in another way.
    pub fn of(running: Running<'f>, folder: &'f Folder) -> Listener<'f> {
        Listener {
            running,
            folder,
            addresses: HashMap::new(),
        }
    }

    pub fn address(&self, kind: &str) -> String {
        self.addresses[kind][0].clone()
    }

    pub fn port(&self, kind: &str) -> u16 {
        let address: SocketAddr = self.address(kind).parse().expect("an address");
        address.port()
    }

    pub fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address("tcp")).expect("a connection")
    }

    /// The most memory that it has had, in KiB.
    pub fn peak(&self) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.running.id()));
        let text = text.expect("it runs");
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let number = line.and_then(|line| line.trim().split(' ').next()?.parse().ok());
        number.expect("a number")
    }

    /// Its processor time so far, in hundredths of a second.
    pub fn busy(&self) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.running.id()));
        let text = text.expect("it runs");
        let behind = text.rsplit(')').next().unwrap_or_default();
        let numbers = behind.split_ascii_whitespace().skip(11).take(2);
        numbers
            .filter_map(|number| number.parse::<u64>().ok())
            .sum()
    }

    /// Waits for so many records.
    #[track_caller]
    pub fn records(&mut self, count: usize) -> Vec<Value> {
        let folder = self.folder;
        let lines = || match folder.has("out") {
            true => folder.text("out").matches('\n').count(),
            false => 0,
        };
        until(&format!("{count} records"), || lines() >= count);
        let text = folder.text("out");
        assert_eq!(text.lines().count(), count, "{text}");
        text.lines()
            .map(|line| serde_json::from_str(line).expect("an object"))
            .collect()
    }

    /// Asks it to end. What it says of its ports is left out.
    pub fn end(mut self) -> Ran {
        self.running.signal(Signal::SIGTERM);
        self.end_of()
    }

    /// Waits for the end that was asked for.
    pub fn end_of(self) -> Ran {
        let mut ran = self.running.wait_exit();
        let said = ran.stderr.split_inclusive('\n');
        ran.stderr = said
            .filter(|line| !line.contains("listening at "))
            .collect();
        ran
    }
}

/// Runs a script of Python with arguments.
#[track_caller]
pub fn python(script: &str, arguments: &[&str]) {
    let ran = Command::new("python3")
        .arg("-c")
        .arg(script)
        .args(arguments)
        .output()
        .expect("python3 runs");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{said}");
}

/// The text of a member, empty if there is none.
pub fn text<'v>(record: &'v Value, key: &str) -> &'v str {
    record.get(key).and_then(Value::as_str).unwrap_or_default()
}
