//! The last line of a terminal, which changes, and never holds lh up.
//!
//! By hand, though indicatif has it: that needs the C library's mathematics for
//! its estimates, of which 0.3 MiB are mapped at each start, with a line or without.

use std::fs::File;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The width of a terminal that does not tell it.
const COLUMNS: u16 = 80;

/// To the line's beginning, and all of it away (ECMA-48: CR, EL).
const CLEAR: &str = "\r\x1b[2K";

/// A terminal. Each frame is one write; where the terminal takes nothing at
/// the moment (Ctrl-S, a slow line), the frame is left out and the logging
/// goes on.
#[derive(Clone, Debug)]
pub struct Screen(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    /// Its descriptor does not block.
    terminal: File,
    /// The rest of a frame that went out in part: the next comes behind it, or
    /// an escape sequence would be cut in two. Never more than one frame.
    rest: Vec<u8>,
}

impl Screen {
    /// Writes to a descriptor that does not block.
    pub fn new(terminal: File) -> Screen {
        Screen(Arc::new(Mutex::new(Inner {
            terminal,
            rest: Vec::new(),
        })))
    }

    /// How many characters fit into a line now; the user may change it.
    pub fn columns(&self) -> u16 {
        terminal_size::terminal_size_of(&self.inner().terminal)
            .map_or(COLUMNS, |(width, _)| width.0)
    }

    /// Puts a text in the place of the line that the cursor is in.
    pub fn draw(&self, text: &str) {
        let frame = [CLEAR, text].concat();
        self.inner().put(frame.into_bytes());
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn put(&mut self, frame: Vec<u8>) {
        let rest = std::mem::take(&mut self.rest);
        self.rest = self.write(rest);
        if !self.rest.is_empty() {
            return;
        }
        let length = frame.len();
        let left = self.write(frame);
        if left.len() < length {
            self.rest = left;
        }
    }

    /// Writes what goes out at once, and gives the rest back. That is nothing
    /// after an error: a terminal that is gone is no reason to stop.
    fn write(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        let mut at = 0;
        while at < bytes.len() {
            match self.terminal.write(&bytes[at..]) {
                Ok(count) if count > 0 => at += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Ok(_) | Err(_) => at = bytes.len(),
            }
        }
        bytes.drain(..at);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{PipeReader, Read};
    use std::os::fd::OwnedFd;

    use nix::fcntl::{FcntlArg, OFlag, fcntl};

    /// A pipe takes parts of what is longer than a page of it, as a terminal
    /// does.
    fn pair() -> (Screen, PipeReader) {
        let (theirs, ours) = io::pipe().unwrap();
        fcntl(&ours, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
        fcntl(&theirs, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
        (Screen::new(File::from(OwnedFd::from(ours))), theirs)
    }

    fn some_of(pipe: &mut PipeReader, most: u64) -> String {
        let mut bytes = Vec::new();
        match pipe.take(most).read_to_end(&mut bytes) {
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            Ok(_) => assert_eq!(bytes.len() as u64, most, "it stays open"),
        }
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_frame_takes_the_place_of_the_one_before() {
        let (screen, mut seen) = pair();
        screen.draw("12 records");
        assert_eq!(some_of(&mut seen, 1000), "\r\x1b[2K12 records");
        assert_eq!(screen.columns(), COLUMNS, "a pipe has no width");
    }

    /// A terminal that is stopped holds nothing up, and shows whole frames
    /// when it goes on.
    #[test]
    fn a_terminal_that_takes_nothing_is_not_waited_for() {
        let (screen, mut seen) = pair();
        let long = "x".repeat(5000);
        let mut all = String::new();
        for round in 0..20 {
            for number in 0..100 {
                screen.draw(&format!("<{round} {number} {long}>"));
                assert!(screen.inner().rest.len() <= 5100);
            }
            all += &some_of(&mut seen, 7000);
        }
        all += &some_of(&mut seen, 1 << 30);
        screen.draw("<last>");
        all += &some_of(&mut seen, 1 << 30);
        let frames: Vec<&str> = all.split("\r\x1b[2K").skip(1).collect();
        assert!(frames.len() < 100, "all of it was taken: no test");
        assert_eq!(frames.last(), Some(&"<last>"));
        for frame in frames {
            assert!(frame.starts_with('<') && frame.ends_with('>'), "{frame}");
            assert!(!frame[1..].contains('<'), "{frame}");
        }
    }

    #[test]
    fn a_terminal_that_is_gone_is_no_error() {
        let (screen, seen) = pair();
        drop(seen);
        screen.draw("12 records");
        screen.draw("13 records");
        assert!(screen.inner().rest.is_empty());
    }
}
