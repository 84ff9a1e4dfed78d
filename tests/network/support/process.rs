//! A program that runs beside the test, and not longer.

use std::path::Path;
use std::process::{Child, Command};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::until;

/// A peer's process; killed where it is dropped.
pub struct Process(pub Child);

impl Process {
    /// A command whose process ends with the thread that starts it, even
    /// where the test is killed.
    pub fn command(program: &str) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--", program]);
        command
    }

    pub fn id(&self) -> u32 {
        self.0.id()
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.id() as i32), signal).expect("a process");
    }

    /// Stops it (SIGSTOP), and waits until it stands still.
    pub fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
        let path = format!("/proc/{}/status", self.id());
        let stopped = || {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            text.contains("State:\tT")
        };
        until("it is stopped", stopped, String::new);
    }

    pub fn thaw(&self) {
        self.signal(Signal::SIGCONT);
    }

    /// Kills it (SIGKILL).
    pub fn kill(mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    /// Waits for its end.
    pub fn wait(mut self) {
        let mut ended = || self.0.try_wait().expect("wait").is_some();
        until("it ends", &mut ended, String::new);
    }

    pub fn has_ended(&mut self) -> bool {
        self.0.try_wait().expect("wait").is_some()
    }

    /// Whether it has a socket at this port of 127.0.0.1. `table`: tcp (and it
    /// listens) or udp.
    pub fn has_port(&self, table: &str, port: u16) -> bool {
        let text = std::fs::read_to_string(format!("/proc/net/{table}")).unwrap_or_default();
        let local = format!("0100007F:{port:04X}");
        let inodes = text.lines().filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let bound = fields.get(1) == Some(&local.as_str());
            let waits = table == "udp" || fields.get(3) == Some(&"0A");
            (bound && waits).then(|| format!("socket:[{}]", fields[9]))
        });
        let own = self.sockets();
        inodes.into_iter().any(|inode| own.contains(&inode))
    }

    fn sockets(&self) -> Vec<String> {
        let folder = format!("/proc/{}/fd", self.id());
        let entries = std::fs::read_dir(Path::new(&folder)).into_iter().flatten();
        let links = entries.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
        links
            .map(|link| link.to_string_lossy().into_owned())
            .collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
