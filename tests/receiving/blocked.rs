//! A chain that takes nothing for a while: nobody who has sent something in the
//! meantime is worse off for it.
//!
//! Not tested here: the time that a handshake and a message which is no text may
//! take, which stands still by the same clock, and takes too long to try.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::fd::AsFd as _;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;

use crate::listener::{Listener, listen};
use crate::support::{Folder, until};

/// A pipe with a name that nobody reads unless it is asked for.
struct Pipe {
    file: File,
    read: String,
}

impl Pipe {
    fn new(folder: &Folder) -> Pipe {
        folder.mkfifo("pipe");
        let mut both = OpenOptions::new();
        let both = both.read(true).write(true).open(folder.path("pipe"));
        Pipe {
            file: both.expect("a pipe"),
            read: String::new(),
        }
    }

    fn is(&self, events: PollFlags) -> bool {
        let mut pipe = [PollFd::new(self.file.as_fd(), events)];
        poll(&mut pipe, PollTimeout::ZERO).expect("poll") > 0
    }

    /// Reads what there is.
    fn drain(&mut self) -> &str {
        let mut buffer = vec![0; 1 << 16];
        while self.is(PollFlags::POLLIN) {
            let count = self.file.read(&mut buffer).expect("read");
            self.read += &String::from_utf8_lossy(&buffer[..count]);
        }
        &self.read
    }

    /// Reads until so many lines begin so.
    fn wait_for(&mut self, start: &str, count: usize) {
        until(&format!("{count} lines that begin with {start}"), || {
            let text = self.drain();
            text.lines().filter(|line| line.starts_with(start)).count() >= count
                && text.ends_with('\n')
        });
    }

    /// Sends more than it holds, and waits until the chain has noticed.
    fn block(&self, stream: &mut TcpStream) {
        let long = [&vec![b'x'; 300_000][..], b"\n"].concat();
        stream.write_all(&long).expect("sent");
        until("the pipe is full", || !self.is(PollFlags::POLLOUT));
    }
}

fn to_the_pipe<'f>(folder: &'f Folder, options: &str) -> Listener<'f> {
    listen(folder, options, "file -f {message} pipe")
}

#[test]
fn nobody_is_idle_while_nobody_hears() {
    let folder = Folder::new();
    let mut pipe = Pipe::new(&folder);
    let listener = to_the_pipe(&folder, "listen --tcp 127.0.0.1:0 --idle-timeout 2s");
    let mut senders: Vec<TcpStream> = (0..40).map(|_| listener.connect()).collect();
    for stream in &mut senders {
        stream.write_all(b"first\n").expect("sent");
    }
    pipe.wait_for("first", senders.len());
    let (mut quiet, mut blocker) = (listener.connect(), listener.connect());
    quiet.write_all(b"quiet\n").expect("sent");
    pipe.wait_for("quiet", 1);
    pipe.block(&mut blocker);
    // More than is read in a turn, all together.
    let second = format!("second{}\n", "y".repeat(50_000));
    for stream in &mut senders {
        stream.write_all(second.as_bytes()).expect("sent");
    }
    // That time passes is what is tried.
    std::thread::sleep(Duration::from_millis(3500));
    pipe.wait_for("second", senders.len());
    // It was not heard, and so it was not silent.
    quiet.write_all(b"quiet\n").expect("sent");
    pipe.wait_for("quiet", 2);
    listener.end().ok();
}

#[test]
fn nobody_goes_who_was_not_heard() {
    let folder = Folder::new();
    let mut pipe = Pipe::new(&folder);
    let options = "listen --tcp 127.0.0.1:0 --max-connections 3";
    let mut listener = to_the_pipe(&folder, options);
    let mut blocker = listener.connect();
    pipe.block(&mut blocker);
    let mut senders = Vec::new();
    for number in 0..6 {
        let mut stream = listener.connect();
        let line = format!("hello {number}\n");
        stream.write_all(line.as_bytes()).expect("sent");
        senders.push(stream);
    }
    listener.running.wait_said("others have to wait");
    // Longer than one that says nothing keeps its place.
    std::thread::sleep(Duration::from_millis(200));
    pipe.wait_for("hello", 2);
    listener.running.signal(Signal::SIGTERM);
    // They stay, and yet all of them are heard before the end.
    pipe.wait_for("hello", 6);
    let ran = listener.end_of().code(0);
    assert!(!ran.stderr.contains("to make room"), "{}", ran.stderr);
}

/// What is given up at the end is no success.
#[test]
fn what_was_given_up_at_the_end_is_not_acknowledged() {
    let long = "x".repeat(300_000);
    let head = format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n", long.len());
    let object = format!("{{\"message\":\"{long}\"}}");
    let length = u32::try_from(object.len()).expect("a length");
    let frame = [
        &b"\x93lh\x01aaaaaaaaaaaaaaaa\0\0\0\0\0\0\0\x01"[..],
        &length.to_be_bytes(),
        &1u64.to_be_bytes(),
        object.as_bytes(),
    ];
    for (kind, bytes, want) in [
        (
            "http",
            format!("{head}\r\n{long}").into_bytes(),
            &b"HTTP/1.1 500 "[..],
        ),
        // The welcome, and no more.
        ("tcp", frame.concat(), b"\x93lh\x01\0\0\0\0\0\0\0\0"),
    ] {
        let folder = Folder::new();
        let pipe = Pipe::new(&folder);
        let options = format!("listen --{kind} 127.0.0.1:0");
        let mut listener = to_the_pipe(&folder, &options);
        let mut stream = TcpStream::connect(listener.address(kind)).expect("a connection");
        stream.write_all(&bytes).expect("sent");
        until("the pipe is full", || !pipe.is(PollFlags::POLLOUT));
        listener.running.signal(Signal::SIGTERM);
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        let text = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with(want), "{text}");
        assert!(kind == "http" || answer == want, "{text}");
        listener.end_of().code(1);
    }
}
