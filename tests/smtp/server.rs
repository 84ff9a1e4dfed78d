//! aiosmtpd, and what it says of the mails that came.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use nix::fcntl::{Flock, FlockArg};
use serde_json::Value;

use crate::support::{Process, until};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/smtp/server.py");

/// What the environment has, and no other version.
const PACKAGE: &str = "aiosmtpd==1.4.6";

/// Whether there is aiosmtpd; says so where it is not.
pub fn able() -> bool {
    let there = python().is_some();
    if !there {
        let text = "skipped: aiosmtpd is not installed, nor can it be";
        println!("{text}");
        let required = std::env::var("LH_REQUIRE_PEERS").is_ok_and(|value| value == "1");
        assert!(!required, "{text}, and LH_REQUIRE_PEERS=1");
    }
    there
}

/// A Python that has aiosmtpd: that of an environment below the target folder,
/// made by whichever test comes first.
fn python() -> Option<&'static Path> {
    static PYTHON: OnceLock<Option<PathBuf>> = OnceLock::new();
    let python = PYTHON.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let folder = target.join("python-with-aiosmtpd");
        let lock = std::fs::File::create(target.join("python.lock")).ok()?;
        // Other test programs may want it, too.
        let _lock = Flock::lock(lock, FlockArg::LockExclusive).ok()?;
        let python = folder.join("bin/python");
        let has = || {
            let asked = Command::new(&python)
                .args(["-Ic", "import aiosmtpd"])
                .stderr(Stdio::null())
                .status();
            asked.is_ok_and(|status| status.success())
        };
        if !has() {
            let made = Command::new("python3")
                .args(["-m", "venv"])
                .arg(&folder)
                .status();
            made.ok().filter(|status| status.success())?;
            let _ = Command::new(&python)
                .args(["-m", "pip", "install", "--quiet", PACKAGE])
                .stdout(Stdio::null())
                .status();
        }
        has().then_some(python)
    });
    python.as_deref()
}

/// See `server.py`.
pub struct Server {
    process: Process,
    out: PathBuf,
    pub port: u16,
}

impl Server {
    /// With these arguments, parted by blanks; `_` in one is a blank.
    pub fn start(folder: &Path, arguments: &str) -> Server {
        Server::start_at(folder, arguments, 0)
    }

    /// At a port.
    pub fn start_at(folder: &Path, arguments: &str, port: u16) -> Server {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let out = folder.join(format!("mails-{number}"));
        let python = python().expect("aiosmtpd");
        let mut child = Process::command(&python.display().to_string())
            .arg("-I")
            .arg(SCRIPT)
            .arg("--out")
            .arg(&out)
            .args(["--port", &port.to_string()])
            .args(
                arguments
                    .split_whitespace()
                    .map(|word| word.replace('_', " ")),
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Handshakes that fail are a part of it.
            .stderr(std::fs::File::create(folder.join("said")).expect("a file"))
            .spawn()
            .expect("python");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a port");
        Server {
            process: Process(child),
            out,
            port: line.trim().parse().expect("a port"),
        }
    }

    /// The options that lead to it.
    pub fn options(&self) -> String {
        format!(
            "--host 127.0.0.1:{} --from cron@x.test --to ops@x.test",
            self.port
        )
    }

    /// All that happened so far.
    pub fn events(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.out).unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |at| &text[..at]);
        let parse = |line: &str| serde_json::from_str(line).expect(line);
        whole.lines().map(parse).collect()
    }

    pub fn events_of(&self, kind: &str) -> Vec<Value> {
        let mut events = self.events();
        events.retain(|event| event["event"] == kind);
        events
    }

    /// The mails that came, also those that it did not accept.
    pub fn mails(&self) -> Vec<Value> {
        self.events_of("mail")
    }

    /// Those that it has accepted.
    pub fn accepted(&self) -> Vec<Value> {
        let mut mails = self.mails();
        mails.retain(|mail| mail["reply"] == "ok");
        mails
    }

    /// Waits until so many have come.
    #[track_caller]
    pub fn wait(&self, count: usize) -> Vec<Value> {
        until(
            &format!("{count} mails are there"),
            || self.mails().len() >= count,
            || format!("{:?}", self.events()),
        );
        self.mails()
    }

    pub fn connections(&self) -> usize {
        self.events_of("connected").len()
    }

    pub fn kill(self) {
        self.process.kill();
    }
}

/// A mail's body, with the line ends that texts have here.
pub fn body(mail: &Value) -> String {
    mail["body"].as_str().expect("a body").replace("\r\n", "\n")
}

/// What the header says.
pub fn header<'m>(mail: &'m Value, name: &str) -> &'m str {
    mail["headers"][name].as_str().unwrap_or_default()
}
