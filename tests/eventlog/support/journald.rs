//! systemd-journald, started by hand in a mount namespace of the test's own.

use std::ops::RangeInclusive;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::until;
use crate::trials::{Lh, Namespace, Report, able};

const PROGRAMS: [&str; 2] = [
    "/lib/systemd/systemd-journald",
    "/usr/lib/systemd/systemd-journald",
];

/// It keeps everything, in memory.
const CONFIGURATION: &str = "[Journal]
Storage=volatile
ReadKMsg=no
Audit=no
RateLimitIntervalSec=0
RateLimitBurst=0
ForwardToSyslog=no
ForwardToWall=no
";

fn program() -> Option<PathBuf> {
    PROGRAMS
        .map(PathBuf::from)
        .into_iter()
        .find(|p| p.is_file())
}

/// Whether journald can be started here.
pub fn able_journald() -> bool {
    if program().is_none() {
        let text = "skipped: systemd-journald is not installed";
        println!("{text}");
        let required = std::env::var("LH_REQUIRE_PEERS").is_ok_and(|value| value == "1");
        assert!(!required, "{text}, and LH_REQUIRE_PEERS=1");
        return false;
    }
    able(&["root", "unshare", "nsenter", "journalctl"])
}

/// The daemon, which may be down.
pub struct Journald {
    namespace: Namespace,
    process: Option<Child>,
}

impl Journald {
    /// Mounts of its own, and the daemon in them.
    pub fn start(folder: &Path) -> Journald {
        let mut journald = Journald::down(folder);
        journald.begin();
        journald
    }

    /// The mounts alone: there is a place for the socket, and no socket.
    pub fn down(folder: &Path) -> Journald {
        std::fs::write(folder.join("journald.conf"), CONFIGURATION).expect("a file");
        let script = "mount -t tmpfs tmpfs /run
            mkdir -p /run/systemd/journal
            touch /run/systemd/journal/flushed
            for other in /etc /run /usr/lib; do
                test ! -d $other/systemd/journald.conf.d ||
                    mount -t tmpfs tmpfs $other/systemd/journald.conf.d
            done
            mkdir -p /etc/systemd
            test -e /etc/systemd/journald.conf || mount -t tmpfs tmpfs /etc/systemd
            touch /etc/systemd/journald.conf
            mount --bind journald.conf /etc/systemd/journald.conf";
        Journald {
            namespace: Namespace::new(folder, script),
            process: None,
        }
    }

    /// A program to be run where the journal is.
    fn command(&self, words: &[&str]) -> Command {
        let enter = self.namespace.enter();
        let mut command = Command::new(&enter[0]);
        command.args(&enter[1..]).args(words).env("TZ", "UTC");
        command
    }

    /// Starts it, again if it must be, and waits until it listens.
    pub fn begin(&mut self) {
        let program = program().expect("journald");
        let mut command = self.command(&[&program.display().to_string()]);
        let child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.expect("journald starts");
        let socket = format!("/proc/{}/root/run/systemd/journal/socket", child.id());
        self.process = Some(child);
        let probe = UnixDatagram::unbound().expect("a socket");
        until(
            "journald listens",
            || probe.connect(&socket).is_ok(),
            || format!("{:?}", probe.connect(&socket)),
        );
    }

    /// Kills it, and waits until it is gone.
    pub fn kill(&mut self) {
        self.end(Signal::SIGKILL);
    }

    /// Ends it in order, and waits until it is gone.
    pub fn stop(&mut self) {
        self.end(Signal::SIGTERM);
    }

    fn end(&mut self, signal: Signal) {
        self.signal(signal);
        if let Some(mut process) = self.process.take() {
            process.wait().expect("wait");
        }
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let process = self.process.as_ref().expect("a journald that runs");
        kill(Pid::from_raw(process.id() as i32), signal).expect("a signal");
    }

    /// `lh` with arguments, where the journal is.
    pub fn lh(&self, args: &str) -> Lh {
        Lh::new(args).under(self.namespace.enter())
    }

    /// Runs a shell script where the journal is, and gives what it says.
    pub fn sh(&self, script: &str) -> Result<String, String> {
        let output = self.command(&["sh", "-euc", script]).output();
        let output = output.expect("nsenter");
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    /// The entries that came by the native protocol and match, as journalctl
    /// shows them.
    pub fn entries(&self, matches: &[&str]) -> Vec<Entry> {
        let mut words = vec!["journalctl", "--all", "-o", "json", "_TRANSPORT=journal"];
        words.extend(matches);
        let output = self.command(&words).output().expect("journalctl");
        let lines = output.stdout.split(|byte| *byte == b'\n');
        lines
            .filter(|line| !line.is_empty())
            .map(|line| Entry(serde_json::from_slice(line).expect("JSON")))
            .collect()
    }

    /// The same, once there are so many.
    #[track_caller]
    pub fn wait(&self, matches: &[&str], count: usize) -> Vec<Entry> {
        let mut entries = Vec::new();
        until(
            &format!("there are {count} of {matches:?}"),
            || {
                entries = self.entries(matches);
                entries.len() >= count
            },
            || self.entries(matches).len().to_string(),
        );
        assert_eq!(entries.len(), count, "{matches:?}");
        entries
    }

    /// What became of numbered records.
    pub fn report(&self, expected: RangeInclusive<u64>) -> Report {
        let mut lines = Vec::new();
        for entry in self.entries(&["SYSLOG_IDENTIFIER=records"]) {
            lines.extend_from_slice(&entry.bytes("MESSAGE"));
            lines.push(b'\n');
        }
        Report::of_bytes(&lines, expected)
    }

    /// Waits until every record has come, and gives the report.
    #[track_caller]
    pub fn arrived(&self, last: u64) -> Report {
        let mut report = Report::default();
        until(
            "all have come",
            || {
                report = self.report(1..=last);
                report.lost.is_empty()
            },
            || self.report(1..=last).to_string(),
        );
        report
    }
}

impl Drop for Journald {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// An entry of `journalctl -o json`.
#[derive(Debug)]
pub struct Entry(Value);

impl Entry {
    /// A field that is there once, as bytes; nothing where it is not there.
    #[track_caller]
    pub fn bytes(&self, name: &str) -> Vec<u8> {
        match &self.0[name] {
            Value::Null => Vec::new(),
            Value::String(text) => text.clone().into_bytes(),
            // What is no text.
            Value::Array(bytes) if bytes.iter().all(Value::is_number) => bytes
                .iter()
                .map(|byte| u8::try_from(byte.as_u64().expect("a byte")).expect("a byte"))
                .collect(),
            other => panic!("{name}: {other}"),
        }
    }

    /// The same as text.
    #[track_caller]
    pub fn text(&self, name: &str) -> String {
        String::from_utf8(self.bytes(name)).expect("UTF-8")
    }

    /// Whether there is such a field.
    pub fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some()
    }

    /// A field that is there several times.
    pub fn several(&self, name: &str) -> Vec<&str> {
        let values = self.0[name].as_array().into_iter().flatten();
        values.filter_map(Value::as_str).collect()
    }

    /// The names of the fields that a client has given.
    pub fn names(&self) -> Vec<&str> {
        let names = self.0.as_object().into_iter().flatten();
        let mut names: Vec<&str> = names
            .map(|(name, _)| name.as_str())
            .filter(|name| !name.starts_with('_'))
            .collect();
        names.sort_unstable();
        names
    }
}
