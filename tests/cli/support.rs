//! A folder of its own for every test, and the program run in it.
//!
//! The environment is empty but for PATH, LC_ALL=C and TZ=UTC. Nothing waits a
//! fixed time: what has to come about is looked for until it is there, or a
//! deadline is over and the test fails.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// What is waited for comes at once or within this; it is long because the
/// machine may be busy.
pub const DEADLINE: Duration = Duration::from_secs(15);

/// The program under test.
pub const LH: &str = env!("CARGO_BIN_EXE_lh");

/// Whether a program that a test compares with, or needs, is there. If not,
/// the test is left out; with LH_REQUIRE_PEERS=1 it fails.
pub fn peer(name: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths).any(|folder| {
        std::fs::metadata(folder.join(name))
            .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    });
    found || missing(name)
}

/// The library that fakes the time of a program, if it is installed.
pub fn faketime() -> Option<PathBuf> {
    let folders = [
        "/usr/lib/x86_64-linux-gnu/faketime",
        "/usr/lib/aarch64-linux-gnu/faketime",
        "/usr/lib/faketime",
        "/usr/lib64/faketime",
        "/usr/local/lib/faketime",
    ];
    let mut paths = folders
        .iter()
        .map(|folder| Path::new(folder).join("libfaketime.so.1"));
    let found = paths.find(|path| path.exists());
    if found.is_none() {
        missing("libfaketime");
    }
    found
}

fn missing(name: &str) -> bool {
    println!("skipped: {name} is not installed");
    let required = std::env::var("LH_REQUIRE_PEERS").is_ok_and(|value| value == "1");
    assert!(!required, "LH_REQUIRE_PEERS=1, and {name} is not installed");
    false
}

/// Looks again and again until it is true; fails the test when it takes too
/// long.
#[track_caller]
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < DEADLINE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Closes the reading end of a pipe. A child that another test is just starting
/// may hold a copy until its exec, so it is over when the pipe says so.
pub fn close_reader(reader: impl Sized, writer: &impl AsFd) {
    drop(reader);
    until("nobody has the pipe open for reading", || {
        let mut pipe = [PollFd::new(writer.as_fd(), PollFlags::empty())];
        poll(&mut pipe, PollTimeout::ZERO).expect("poll");
        let seen = pipe[0].revents();
        seen.is_some_and(|events| events.contains(PollFlags::POLLERR))
    });
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

/// A test's own folder, deleted at its end.
pub struct Folder {
    work: tempfile::TempDir,
    /// What the tests need and the program must not see in its folder.
    aside: tempfile::TempDir,
}

impl Folder {
    pub fn new() -> Folder {
        let new = || tempfile::tempdir().expect("a temporary folder");
        Folder {
            work: new(),
            aside: new(),
        }
    }

    /// The path of a file in it.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.work.path().join(name)
    }

    #[track_caller]
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).expect(name);
    }

    #[track_caller]
    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    #[track_caller]
    pub fn text(&self, name: &str) -> String {
        String::from_utf8_lossy(&self.read(name)).into_owned()
    }

    pub fn has(&self, name: &str) -> bool {
        std::fs::symlink_metadata(self.path(name)).is_ok()
    }

    pub fn size(&self, name: &str) -> u64 {
        std::fs::metadata(self.path(name)).map_or(0, |meta| meta.len())
    }

    #[track_caller]
    pub fn mode(&self, name: &str) -> u32 {
        std::fs::metadata(self.path(name)).expect(name).mode() & 0o7777
    }

    #[track_caller]
    pub fn chmod(&self, name: &str, mode: u32) {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(self.path(name), mode).expect(name);
    }

    #[track_caller]
    pub fn mkdir(&self, name: &str) {
        std::fs::create_dir_all(self.path(name)).expect(name);
    }

    #[track_caller]
    pub fn mkfifo(&self, name: &str) {
        let mode = nix::sys::stat::Mode::from_bits_truncate(0o600);
        nix::unistd::mkfifo(&self.path(name), mode).expect(name);
    }

    #[track_caller]
    pub fn rename(&self, from: &str, to: &str) {
        std::fs::rename(self.path(from), self.path(to)).expect(from);
    }

    #[track_caller]
    pub fn symlink(&self, target: &str, link: &str) {
        std::os::unix::fs::symlink(target, self.path(link)).expect(link);
    }

    /// Sets a file's time of last writing to so many seconds ago.
    #[track_caller]
    pub fn age(&self, name: &str, seconds: u64) {
        let file = File::options().append(true).open(self.path(name));
        let then = std::time::SystemTime::now() - Duration::from_secs(seconds);
        file.and_then(|file| file.set_modified(then)).expect(name);
    }

    /// The names in it, sorted.
    pub fn names(&self) -> Vec<String> {
        self.names_in("")
    }

    #[track_caller]
    pub fn names_in(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(folder)).expect(folder);
        let name = |entry: std::io::Result<std::fs::DirEntry>| {
            let entry = entry.expect("an entry of the folder");
            entry.file_name().to_string_lossy().into_owned()
        };
        let mut names: Vec<String> = entries.map(name).collect();
        names.sort();
        names
    }

    /// Names and contents, to be compared.
    pub fn everything(&self) -> Vec<(String, Vec<u8>)> {
        let files = self.names().into_iter();
        let files = files.filter(|name| self.path(name).is_file());
        files
            .map(|name| {
                let bytes = self.read(&name);
                (name, bytes)
            })
            .collect()
    }

    /// The records of a numbered chain in the order in which they came: from
    /// the oldest backup to the current file.
    pub fn chain(&self, base: &str) -> Vec<u8> {
        let numbers = self.names().into_iter();
        let numbers = numbers.filter_map(|name| {
            let rest = name.strip_prefix(base)?.strip_prefix('.')?;
            rest.parse::<u32>().ok()
        });
        let mut numbers: Vec<u32> = numbers.collect();
        numbers.sort_unstable();
        let mut all = Vec::new();
        for number in numbers.into_iter().rev() {
            all.extend(self.read(&format!("{base}.{number}")));
        }
        all.extend(self.read(base));
        all
    }

    /// `lh` with these arguments, separated by white space.
    pub fn lh(&self, arguments: &str) -> Lh<'_> {
        self.lh_args(arguments.split_whitespace())
    }

    /// `lh` with these arguments as they are.
    pub fn lh_args(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Lh<'_> {
        self.program(LH).args(arguments)
    }

    /// Another program, in the same surroundings.
    pub fn program(&self, program: impl AsRef<OsStr>) -> Lh<'_> {
        let mut command = with_signals(program.as_ref());
        command.current_dir(self.work.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("LC_ALL", "C").env("TZ", "UTC");
        command.env("HOME", self.aside.path());
        // Where coverage is measured, each process writes what it covered.
        if let Some(file) = std::env::var_os("LLVM_PROFILE_FILE") {
            command.env("LLVM_PROFILE_FILE", file);
        }
        Lh {
            folder: self,
            command,
            own_stdout: false,
        }
    }

    /// A script of the shell; `$LH` is the program.
    pub fn sh(&self, script: &str) -> Lh<'_> {
        self.program("sh").arg("-c").arg(script).env("LH", LH)
    }

    fn aside(&self, name: &str) -> File {
        let mut options = File::options();
        options.read(true).append(true).create(true);
        let file = options.open(self.aside.path().join(name));
        file.expect("a file aside")
    }
}

/// A program that is about to be run.
pub struct Lh<'f> {
    folder: &'f Folder,
    command: Command,
    own_stdout: bool,
}

impl<'f> Lh<'f> {
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(arguments);
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn stdout(mut self, file: impl Into<Stdio>) -> Self {
        self.command.stdout(file);
        self.own_stdout = true;
        self
    }

    /// Runs it with this on its standard input.
    #[track_caller]
    pub fn with(mut self, stdin: impl AsRef<[u8]>) -> Ran {
        self.command.stdin(Stdio::piped());
        self.finish(stdin.as_ref())
    }

    /// Runs it with a file for standard input.
    #[track_caller]
    pub fn with_file(mut self, stdin: File) -> Ran {
        self.command.stdin(stdin);
        self.finish(b"")
    }

    /// Runs it with nothing on its standard input.
    #[track_caller]
    pub fn run(self) -> Ran {
        self.with("")
    }

    #[track_caller]
    fn finish(mut self, stdin: &[u8]) -> Ran {
        if !self.own_stdout {
            self.command.stdout(Stdio::piped());
        }
        self.command.stderr(Stdio::piped());
        let mut child = self.command.spawn().expect("the program runs");
        // With it goes this process's end of what was given for its stdout.
        drop(self.command);
        let pipe = child.stdin.take();
        let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
        std::thread::scope(|scope| {
            // It may end before it has read all.
            scope.spawn(move || pipe.map(|mut pipe| pipe.write_all(stdin)));
            let stdout = scope.spawn(move || all_of(out.as_mut()));
            let stderr = scope.spawn(move || all_of(err.as_mut()));
            let status = ended_in_time(&mut child);
            let read = |thread: std::thread::ScopedJoinHandle<'_, Vec<u8>>| thread.join();
            let (stdout, stderr) = (read(stdout).expect("stdout"), read(stderr).expect("stderr"));
            let stderr = String::from_utf8_lossy(&stderr).into_owned();
            let status = status.unwrap_or_else(|| panic!("it does not end: {stderr}"));
            Ran {
                status,
                stdout,
                stderr,
            }
        })
    }

    /// Starts it with a pipe that stays open.
    #[track_caller]
    pub fn start(mut self) -> Running<'f> {
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let stderr = format!("stderr-{number}");
        let stdout = format!("stdout-{number}");
        self.command.stdin(Stdio::piped());
        if !self.own_stdout {
            self.command.stdout(self.folder.aside(&stdout));
        }
        self.command.stderr(self.folder.aside(&stderr));
        let mut child = self.command.spawn().expect("the program runs");
        Running {
            folder: self.folder,
            stdin: child.stdin.take(),
            child,
            stdout,
            stderr,
        }
    }
}

static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

/// A program that has ended.
pub struct Ran {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Ran {
    /// It ended well and had nothing to say.
    #[track_caller]
    pub fn ok(self) -> Ran {
        assert_eq!(self.stderr, "", "it ended with {}", self.status);
        self.code(0)
    }

    #[track_caller]
    pub fn code(self, code: i32) -> Ran {
        assert_eq!(self.status.code(), Some(code), "{}", self.stderr);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }

    /// It said this on its standard error.
    #[track_caller]
    pub fn said(self, text: &str) -> Ran {
        assert!(
            self.stderr.contains(text),
            "{text:?} is not in {:?}",
            self.stderr
        );
        self
    }

    /// So many lines on standard error hold this text.
    #[track_caller]
    pub fn said_times(self, text: &str, times: usize) -> Ran {
        let lines = self.stderr.lines().filter(|line| line.contains(text));
        assert_eq!(lines.count(), times, "{text:?} in {}", self.stderr);
        self
    }

    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

/// A program that runs, with its standard input held open.
pub struct Running<'f> {
    folder: &'f Folder,
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: String,
    stderr: String,
}

impl Running<'_> {
    /// Puts bytes into its standard input.
    #[track_caller]
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        let pipe = self.stdin.as_mut().expect("an open pipe");
        pipe.write_all(bytes.as_ref()).expect("it reads");
        self
    }

    /// Ends its input.
    pub fn close(&mut self) -> &mut Self {
        self.stdin = None;
        self
    }

    /// Its number in the system.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How many bytes the pipe to it holds.
    pub fn pipe_size(&self) -> usize {
        let pipe = self.stdin.as_ref().expect("an open pipe");
        let size = nix::fcntl::fcntl(pipe, nix::fcntl::FcntlArg::F_GETPIPE_SZ);
        usize::try_from(size.expect("its size")).expect("a size")
    }

    /// Puts a record into the pipe and waits until it is at a file's end.
    #[track_caller]
    pub fn send_to(&mut self, line: &str, file: &str) -> &mut Self {
        self.send(line);
        self.wait_end(file, line)
    }

    /// Waits until a file ends with this.
    #[track_caller]
    pub fn wait_end(&mut self, file: &str, end: &str) -> &mut Self {
        let path = self.folder.path(file);
        self.wait(&format!("{file} ends with {end:?}"), || {
            std::fs::read(&path).is_ok_and(|bytes| bytes.ends_with(end.as_bytes()))
        })
    }

    /// Waits until it has said something.
    #[track_caller]
    pub fn wait_said(&mut self, text: &str) -> &mut Self {
        let path = self.folder.aside.path().join(&self.stderr);
        self.wait(&format!("it says {text:?}"), || {
            std::fs::read_to_string(&path).is_ok_and(|said| said.contains(text))
        })
    }

    #[track_caller]
    fn wait(&mut self, what: &str, mut holds: impl FnMut() -> bool) -> &mut Self {
        let begun = Instant::now();
        while !holds() {
            let ended = self.child.try_wait().expect("its status");
            let said = self.stderr();
            assert!(
                ended.is_none() || holds(),
                "it ended before {what}: {ended:?} {said}"
            );
            assert!(
                begun.elapsed() < DEADLINE,
                "waited in vain until {what}: {said}"
            );
            std::thread::sleep(Duration::from_millis(2));
        }
        self
    }

    /// Waits until it catches signals and waits for something.
    #[track_caller]
    pub fn wait_ready(&mut self) -> &mut Self {
        let status = format!("/proc/{}/status", self.child.id());
        if !Path::new(&status).exists() {
            return self;
        }
        self.wait("it catches signals", || {
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            let caught = text.lines().find_map(|line| line.strip_prefix("SigCgt:"));
            let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
            let term = 1 << (Signal::SIGTERM as u64 - 1);
            caught.is_some_and(|mask| mask & term != 0) && text.contains("State:\tS")
        })
    }

    #[track_caller]
    pub fn signal(&mut self, signal: Signal) -> &mut Self {
        self.wait_ready();
        self.signal_now(signal)
    }

    /// Sends a signal whatever it does at the moment.
    #[track_caller]
    pub fn signal_now(&mut self, signal: Signal) -> &mut Self {
        let id = i32::try_from(self.id()).expect("a process id");
        kill(Pid::from_raw(id), signal).expect("it is there");
        self
    }

    /// Stops it (SIGSTOP), so that what is sent now stays in the pipe.
    #[track_caller]
    pub fn freeze(&mut self) -> &mut Self {
        self.wait_ready();
        self.signal_now(Signal::SIGSTOP);
        let status = format!("/proc/{}/status", self.child.id());
        self.wait("it is stopped", || {
            std::fs::read_to_string(&status).is_ok_and(|text| text.contains("State:\tT"))
        })
    }

    #[track_caller]
    pub fn thaw(&mut self) -> &mut Self {
        self.signal_now(Signal::SIGCONT)
    }

    pub fn stderr(&self) -> String {
        let path = self.folder.aside.path().join(&self.stderr);
        std::fs::read_to_string(path).unwrap_or_default()
    }

    /// Closes the pipe, and waits until the program ends.
    #[track_caller]
    pub fn end(mut self) -> Ran {
        self.stdin = None;
        self.wait_exit()
    }

    /// Waits until the program ends while the pipe stays open.
    #[track_caller]
    pub fn wait_exit(mut self) -> Ran {
        let status = ended_in_time(&mut self.child);
        let status = status.unwrap_or_else(|| panic!("it does not end: {}", self.stderr()));
        Ran {
            status,
            stdout: std::fs::read(self.folder.aside.path().join(&self.stdout)).unwrap_or_default(),
            stderr: self.stderr(),
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until it ends; kills it when it takes too long.
fn ended_in_time(child: &mut Child) -> Option<ExitStatus> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("its status") {
            return Some(status);
        }
        if begun.elapsed() > DEADLINE {
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Reads to the end, and pauses so long before each read of what a pipe holds.
pub fn read_with_pauses(mut pipe: impl Read, pause: Duration) -> String {
    let mut bytes = Vec::new();
    let mut room = vec![0; 64 << 10];
    loop {
        std::thread::sleep(pause);
        match pipe.read(&mut room).expect("its output") {
            0 => return String::from_utf8_lossy(&bytes).into_owned(),
            count => bytes.extend_from_slice(&room[..count]),
        }
    }
}

fn all_of(pipe: Option<&mut impl Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.read_to_end(&mut bytes).expect("its output");
    }
    bytes
}
