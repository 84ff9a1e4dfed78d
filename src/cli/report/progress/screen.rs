//! The terminal as indicatif writes to it, and one that never holds lh up.

use std::fs::File;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indicatif::TermLike;

/// The width of a terminal that does not tell it.
const COLUMNS: u16 = 80;

/// A terminal. Each frame is one write; where the terminal takes nothing at
/// the moment (Ctrl-S, a slow line), the frame is left out and the logging
/// goes on.
#[derive(Clone, Debug)]
pub struct Screen(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    /// Its descriptor does not block.
    terminal: File,
    /// What is to be written at the next flush.
    frame: Vec<u8>,
    /// The rest of a frame that went out in part: the next comes behind it, or
    /// an escape sequence would be cut in two. Never more than one frame.
    rest: Vec<u8>,
}

impl Screen {
    /// Writes to a descriptor that does not block.
    pub fn new(terminal: File) -> Screen {
        Screen(Arc::new(Mutex::new(Inner {
            terminal,
            frame: Vec::new(),
            rest: Vec::new(),
        })))
    }

    /// How many characters fit into a line now; the user may change it.
    pub fn columns(&self) -> u16 {
        terminal_size::terminal_size_of(&self.inner().terminal)
            .map_or(COLUMNS, |(width, _)| width.0)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, text: &str) -> io::Result<()> {
        self.inner().frame.extend_from_slice(text.as_bytes());
        Ok(())
    }

    /// A control sequence of ECMA-48 with a number, nothing for 0.
    fn control(&self, number: usize, letter: char) -> io::Result<()> {
        match number {
            0 => Ok(()),
            number => self.add(&format!("\x1b[{number}{letter}")),
        }
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        self.columns()
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.control(n, 'A')
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.control(n, 'B')
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.control(n, 'C')
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.control(n, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.add(text)?;
        self.add("\n")
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        // indicatif fills lines up with spaces. The line was cleared before,
        // and a full one would become two when the window gets narrower.
        match text.bytes().all(|byte| byte == b' ') {
            true => Ok(()),
            false => self.add(text),
        }
    }

    fn clear_line(&self) -> io::Result<()> {
        self.add("\r\x1b[2K")
    }

    fn flush(&self) -> io::Result<()> {
        self.inner().flush();
        Ok(())
    }
}

impl Inner {
    fn flush(&mut self) {
        let rest = std::mem::take(&mut self.rest);
        self.rest = self.write(rest);
        let frame = std::mem::take(&mut self.frame);
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

    fn draw(screen: &Screen, text: &str) {
        screen.clear_line().unwrap();
        screen.write_str(text).unwrap();
        screen.write_str("     ").unwrap();
        screen.flush().unwrap();
    }

    #[test]
    fn a_frame_is_one_write_without_filling() {
        let (screen, mut seen) = pair();
        draw(&screen, "12 records");
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
                draw(&screen, &format!("<{round} {number} {long}>"));
                let inner = screen.inner();
                assert!(inner.frame.is_empty() && inner.rest.len() <= 5100);
            }
            all += &some_of(&mut seen, 7000);
        }
        all += &some_of(&mut seen, 1 << 30);
        draw(&screen, "<last>");
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
        draw(&screen, "12 records");
        draw(&screen, "13 records");
        assert!(screen.inner().rest.is_empty());
    }
}
