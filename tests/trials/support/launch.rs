//! Starting `lh`, feeding it, and seeing how it ends.

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// The longest that any run may take.
const LIMIT: Duration = Duration::from_secs(60);

/// A run of `lh` that is put together.
pub struct Lh {
    program: OsString,
    prefix: Vec<OsString>,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    stdout: bool,
}

impl Lh {
    /// The program with arguments that are parted by blanks.
    pub fn new(args: &str) -> Lh {
        Lh {
            program: env!("CARGO_BIN_EXE_lh").into(),
            prefix: Vec::new(),
            args: args.split_whitespace().map(OsString::from).collect(),
            env: Vec::new(),
            stdout: false,
        }
    }

    /// One more argument, as it is.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Lh {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// A program in front that runs it; the last one stands first.
    pub fn under<S: AsRef<OsStr>>(mut self, prefix: impl IntoIterator<Item = S>) -> Lh {
        let prefix = prefix.into_iter().map(|word| word.as_ref().to_owned());
        self.prefix.splice(0..0, prefix);
        self
    }

    /// As nobody, who may go into `folder`: the program may lie where nobody may.
    pub fn by_nobody(mut self, folder: &Path) -> Lh {
        let copy = folder.join("lh");
        if !copy.exists() {
            std::fs::copy(env!("CARGO_BIN_EXE_lh"), &copy).unwrap();
            std::fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
        }
        self.program = copy.into();
        self.under([
            "setpriv",
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
        ])
    }

    /// A variable of its environment.
    pub fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Lh {
        self.env.push((key.into(), value.as_ref().to_owned()));
        self
    }

    /// Reads its standard output, in place of throwing it away.
    pub fn read_stdout(mut self) -> Lh {
        self.stdout = true;
        self
    }

    fn command(&self) -> Command {
        let mut words = self.prefix.clone();
        words.push(self.program.clone());
        words.extend(self.args.iter().cloned());
        let mut command = with_signals(&words[0]);
        command
            .args(&words[1..])
            .env("TZ", "UTC")
            .env("LC_ALL", "C");
        command.envs(self.env.iter().map(|(key, value)| (key, value)));
        command
    }

    /// Starts it with pipes.
    pub fn spawn(self) -> Running {
        let mut command = self.command();
        command.stdin(Stdio::piped()).stderr(Stdio::piped());
        command.stdout(match self.stdout {
            true => Stdio::piped(),
            false => Stdio::null(),
        });
        let mut child = command.spawn().expect("lh starts");
        let stdin = child.stdin.take();
        let stderr = child.stderr.take().map(Collected::new);
        let stdout = child.stdout.take().map(Collected::new);
        Running {
            child,
            stdin,
            stderr,
            stdout,
            feeder: None,
        }
    }

    /// Runs it to its end with that input.
    pub fn feed(self, input: impl Into<Vec<u8>>) -> Outcome {
        let mut running = self.spawn();
        running.pour(input);
        running.end()
    }
}

/// A program that has the signals which are ignored here, as under nohup or in
/// a shell's background: it would ignore them, too.
fn with_signals(program: &OsStr) -> Command {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    let signals = [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT];
    let ours = signals
        .iter()
        .fold(0, |mask, signal| mask | 1 << (*signal as u64 - 1));
    if ignored.unwrap_or(0) & ours == 0 {
        return Command::new(program);
    }
    let mut command = Command::new("env");
    command.arg("--default-signal=HUP,INT,QUIT").arg(program);
    command
}

/// The output of a process, as it comes.
struct Collected {
    bytes: Arc<Mutex<Vec<u8>>>,
    thread: JoinHandle<()>,
}

impl Collected {
    fn new(mut from: impl Read + Send + 'static) -> Collected {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&bytes);
        let thread = std::thread::spawn(move || {
            let mut buffer = [0; 16 << 10];
            while let Ok(count @ 1..) = from.read(&mut buffer) {
                into.lock().unwrap().extend_from_slice(&buffer[..count]);
            }
        });
        Collected { bytes, thread }
    }

    fn so_far(&self) -> Vec<u8> {
        self.bytes.lock().unwrap().clone()
    }

    fn all(self) -> Vec<u8> {
        let Collected { bytes, thread } = self;
        thread.join().unwrap();
        std::mem::take(&mut bytes.lock().unwrap())
    }
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    pub status: ExitStatus,
    pub stderr: String,
    pub stdout: Vec<u8>,
}

impl Outcome {
    /// The exit status; a signal is 128 and its number.
    pub fn code(&self) -> i32 {
        let signal = self.status.signal().map(|signal| 128 + signal);
        signal.or(self.status.code()).unwrap_or(-1)
    }

    /// The lines on stderr.
    pub fn lines(&self) -> usize {
        self.stderr.lines().count()
    }

    /// The run ended with this status, or the test does, with its stderr.
    pub fn expect(self, code: i32) -> Outcome {
        assert_eq!(self.code(), code, "stderr: {}", self.stderr);
        self
    }
}

/// A run that goes on. Killed where it is dropped.
pub struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    stderr: Option<Collected>,
    stdout: Option<Collected>,
    feeder: Option<JoinHandle<()>>,
}

impl Running {
    /// The process that was started: `lh`, or what runs it.
    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id() as i32)
    }

    /// The process of `lh` below what runs it.
    pub fn inner(&self) -> Pid {
        let path = format!("/proc/{0}/task/{0}/children", self.pid());
        let mut found = None;
        super::wait_for(LIMIT, || {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            // strace has others for a moment, to try out what it can do.
            found = text
                .split_whitespace()
                .find(|pid| {
                    let name = std::fs::read_to_string(format!("/proc/{pid}/comm"));
                    name.is_ok_and(|name| name == "lh\n")
                })
                .and_then(|pid| pid.parse().ok());
            found.is_some()
        });
        Pid::from_raw(found.expect("a child process"))
    }

    /// Writes to its standard input, as far as it can be written.
    pub fn write(&mut self, bytes: &[u8]) -> bool {
        let stdin = self.stdin.as_mut().expect("an open input");
        stdin.write_all(bytes).is_ok()
    }

    /// Writes in the background, and closes its standard input then.
    pub fn pour(&mut self, input: impl Into<Vec<u8>>) {
        let input = input.into();
        self.pour_by(move |stdin| {
            let _ = stdin.write_all(&input);
        });
    }

    /// Lets something else write in the background.
    pub fn pour_by(&mut self, write: impl FnOnce(&mut ChildStdin) + Send + 'static) {
        let mut stdin = self.stdin.take().expect("an open input");
        self.feeder = Some(std::thread::spawn(move || write(&mut stdin)));
    }

    /// Ends its input.
    pub fn close_input(&mut self) {
        self.stdin = None;
    }

    pub fn signal(&self, signal: Signal) {
        let _ = kill(self.pid(), signal);
    }

    /// What it wrote to stderr so far.
    pub fn stderr(&self) -> String {
        let bytes = self.stderr.as_ref().map(Collected::so_far);
        String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
    }

    /// What it wrote to stdout so far.
    pub fn stdout(&self) -> Vec<u8> {
        let bytes = self.stdout.as_ref().map(Collected::so_far);
        bytes.unwrap_or_default()
    }

    /// Waits for words on stderr.
    pub fn expect_stderr(&self, words: &str) {
        let seen = super::wait_for(Duration::from_secs(10), || self.stderr().contains(words));
        assert!(seen, "never said {words:?}: {}", self.stderr());
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("wait").is_some()
    }

    /// Waits for the end, after the input that is being written.
    pub fn end(self) -> Outcome {
        self.end_within(LIMIT)
    }

    /// The same with a limit of its own, past which the test fails.
    pub fn end_within(mut self, limit: Duration) -> Outcome {
        self.stdin = None;
        let ended = super::wait_for(limit, || self.has_ended());
        assert!(ended, "still runs after {limit:?}: {}", self.stderr());
        let status = self.child.wait().expect("wait");
        if let Some(feeder) = self.feeder.take() {
            feeder.join().unwrap();
        }
        let all = |from: Option<Collected>| from.map(Collected::all).unwrap_or_default();
        let stderr = all(self.stderr.take());
        Outcome {
            status,
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
            stdout: all(self.stdout.take()),
        }
    }

    /// The most memory that it had at once, in KiB.
    pub fn peak_memory(&self) -> u64 {
        let path = format!("/proc/{}/status", self.pid());
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let digits = line.and_then(|line| line.trim().split(' ').next());
        digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
    }

    /// The processor time that it had so far, in clock ticks of 10 ms.
    pub fn processor_ticks(&self) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
        let fields = text.rsplit(')').next().unwrap().split_whitespace();
        let times = fields.skip(11).take(2);
        times.map(|ticks| ticks.parse::<u64>().unwrap()).sum()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            // What runs it may leave it alone at its own end.
            let children = format!("/proc/{0}/task/{0}/children", self.pid());
            let children = std::fs::read_to_string(children).unwrap_or_default();
            for pid in children
                .split_whitespace()
                .filter_map(|pid| pid.parse().ok())
            {
                let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
            }
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
