//! The receiver in Python.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use super::{DEADLINE, Process, free_port, json_lines, text, until};
use crate::trials::{Report, wait_for};

const SCRIPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/network/support/receiver.py"
);

/// See `receiver.py`.
pub struct Receiver {
    process: Process,
    stdin: ChildStdin,
    said: PathBuf,
    out: PathBuf,
    /// A port of 127.0.0.1, or a path.
    place: String,
}

/// Python itself, behind whatever chooses between several.
pub fn python(prefix: &[String]) -> Command {
    static PATH: OnceLock<String> = OnceLock::new();
    let path = PATH.get_or_init(|| {
        let output = Command::new("python3")
            .args(["-c", "import sys; print(sys.executable)"])
            .output()
            .expect("python3");
        String::from_utf8(output.stdout)
            .expect("a path")
            .trim()
            .to_owned()
    });
    let mut words = prefix.iter().chain([path]);
    let mut command = Process::command(words.next().expect("a program"));
    command.args(words).arg("-I");
    command
}

impl Receiver {
    /// A receiver with these arguments, parted by blanks, that appends to a
    /// file of the folder. At a port that is free, unless they name one.
    #[track_caller]
    pub fn start(folder: &Path, arguments: &str) -> Receiver {
        Receiver::start_under(folder, arguments, &[])
    }

    /// The same with a command in front that runs it.
    #[track_caller]
    pub fn start_under(folder: &Path, arguments: &str, prefix: &[String]) -> Receiver {
        if arguments.contains("--port") || arguments.starts_with("unix") {
            let receiver = Receiver::try_start(folder, arguments, prefix);
            return receiver.unwrap_or_else(|said| panic!("{arguments}: {said}"));
        }
        for _ in 0..5 {
            let arguments = format!("{arguments} --port {}", free_port());
            if let Ok(receiver) = Receiver::try_start(folder, &arguments, prefix) {
                return receiver;
            }
        }
        panic!("{arguments}: no port is free");
    }

    fn try_start(folder: &Path, arguments: &str, prefix: &[String]) -> Result<Receiver, String> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let said = folder.join(format!("receiver-{number}.said"));
        let out = folder.join("received");
        let mut child = python(prefix)
            .arg(SCRIPT)
            .args(arguments.split_whitespace())
            .arg("--out")
            .arg(&out)
            .env("TZ", "UTC")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&said).expect("a file"))
            .spawn()
            .expect("python3");
        let stdin = child.stdin.take().expect("a pipe");
        let stdout = child.stdout.take().expect("a pipe");
        let mut place = String::new();
        // Its end closes the pipe: this never waits for nothing.
        let _ = BufReader::new(stdout).read_line(&mut place);
        let place = place.trim().to_owned();
        let process = Process(child);
        match place.is_empty() {
            true => Err(std::fs::read_to_string(&said).unwrap_or_default()),
            false => Ok(Receiver {
                process,
                stdin,
                said,
                out,
                place,
            }),
        }
    }

    /// `127.0.0.1:PORT`, or the path.
    pub fn address(&self) -> String {
        match self.place.starts_with('/') {
            true => self.place.clone(),
            false => format!("127.0.0.1:{}", self.place),
        }
    }

    /// The port alone.
    pub fn port(&self) -> &str {
        &self.place
    }

    /// Gives it an order.
    pub fn tell(&mut self, order: &str) {
        writeln!(self.stdin, "{order}").expect("it listens");
    }

    pub fn freeze(&self) {
        self.process.freeze();
    }

    pub fn thaw(&self) {
        self.process.thaw();
    }

    /// Waits until it ends by itself.
    #[track_caller]
    pub fn wait_end(mut self) {
        let ended = wait_for(DEADLINE, || self.process.has_ended());
        assert!(ended, "the receiver goes on: {:?}", self.received().last());
    }

    /// Everything that has come, in order, errors included.
    pub fn received(&self) -> Vec<Value> {
        json_lines(&self.out)
    }

    /// The number of the connection that the last message came on.
    pub fn newest_connection(&self) -> u64 {
        let bytes = std::fs::read(&self.out).unwrap_or_default();
        let mut lines = bytes.rsplit(|byte| *byte == b'\n').skip(1);
        let last = lines
            .next()
            .and_then(|line| serde_json::from_slice::<Value>(line).ok());
        last.and_then(|got| got["conn"].as_u64()).unwrap_or(0)
    }

    /// Waits until so many messages are there, and looks at them.
    #[track_caller]
    pub fn wait(&self, count: usize) -> Vec<Value> {
        until(
            &format!("{count} messages are there"),
            || super::count_lines(&self.out) >= count,
            || {
                let received = self.received();
                let said = std::fs::read_to_string(&self.said).unwrap_or_default();
                format!(
                    "{} came, last {:?}; {said}",
                    received.len(),
                    received.last()
                )
            },
        );
        self.received()
    }

    /// All bytes that came, one behind the other.
    pub fn bytes(&self) -> Vec<u8> {
        self.received().iter().flat_map(data).collect()
    }

    /// What became of numbered records.
    pub fn report(&self, expected: std::ops::RangeInclusive<u64>) -> Report {
        report(&self.received(), expected)
    }
}

/// The bytes of a message.
pub fn data(got: &Value) -> Vec<u8> {
    text(got, "data").chars().map(|c| c as u32 as u8).collect()
}

/// The message of a record, whatever the wire was.
pub fn message(got: &Value) -> String {
    assert_eq!(got["error"], Value::Null, "{got}");
    let record = &got["record"];
    let keys = ["getMessage()", "message", "short_message", "line"];
    let found = keys.iter().find_map(|key| record[key].as_str());
    found.map_or_else(
        || String::from_utf8_lossy(&data(got)).into_owned(),
        str::to_owned,
    )
}

/// What became of numbered records, from messages of [`Receiver::received`].
pub fn report(received: &[Value], expected: std::ops::RangeInclusive<u64>) -> Report {
    let messages = received.iter().filter(|got| got["closed"] == Value::Null);
    super::report(messages.map(message), expected)
}
