//! lh's own words, on stderr. One that is closed or full, or that nobody reads,
//! changes nothing else.

use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, StdoutLock, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Context;

use super::screen::Screen;
use crate::diag::Diag;
use crate::sys;

/// How often a message tries to get out, a tenth of a second each time. Who reads
/// slowly gets it; records do not wait for who does not read at all.
const TRIES: u32 = 10;

static VOICE: Mutex<Option<Voice>> = Mutex::new(None);

/// The foot of the terminal that stderr is: one for the process, as stderr is.
pub static FOOT: Foot = Foot::new();

/// Where a live line stands, while there is one, below whatever else is said.
#[derive(Debug)]
pub struct Foot(Mutex<Option<Live>>);

#[derive(Debug)]
struct Live {
    screen: Screen,
    text: String,
}

impl Foot {
    /// Without a line.
    pub const fn new() -> Foot {
        Foot(Mutex::new(None))
    }

    /// Keeps a line there from now on; with `None`, takes it away.
    pub fn keep(&self, screen: Option<Screen>) {
        let text = String::new();
        let live = screen.map(|screen| Live { screen, text });
        if let Some(before) = std::mem::replace(&mut *self.live(), live) {
            before.screen.draw("");
        }
    }

    /// Gives the line another text. Left out while another thread says
    /// something: it may have to wait for a terminal that is stopped, and
    /// whoever draws must not.
    pub fn redraw(&self, text: String) {
        if let Ok(mut live) = self.0.try_lock()
            && let Some(live) = live.as_mut()
        {
            live.screen.draw(&text);
            live.text = text;
        }
    }

    /// Lets `write` write whole lines where the line stands, and draws that
    /// anew behind them.
    fn above(&self, write: impl FnOnce()) {
        match &*self.live() {
            Some(live) => {
                live.screen.draw("");
                write();
                live.screen.draw(&live.text);
            }
            None => write(),
        }
    }

    fn live(&self) -> MutexGuard<'_, Option<Live>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes one line, begun with the program's name.
pub fn say(text: fmt::Arguments<'_>) {
    tell(format!("lh: {text}\n").as_bytes());
}

/// Writes whole lines as they are.
pub fn tell(lines: &[u8]) {
    FOOT.above(|| {
        let mut voice = VOICE.lock().unwrap_or_else(PoisonError::into_inner);
        if voice.is_none() {
            *voice = sys::stderr().ok().map(Voice::new);
        }
        match voice.as_mut() {
            Some(voice) => voice.write(lines),
            // No descriptor is left, which may be what is to be said.
            None => drop(std::io::stderr().write_all(lines)),
        }
    });
}

/// Stderr, by a descriptor that does not block where that is to be had.
#[derive(Debug)]
struct Voice {
    file: File,
    /// It took nothing the last time: what is said now does not wait again.
    stalled: bool,
    /// A line is out in part.
    torn: bool,
}

impl Voice {
    fn new(file: File) -> Voice {
        Voice {
            file,
            stalled: false,
            torn: false,
        }
    }

    /// One write, so that lines of several processes do not mix; more only where
    /// it takes them in parts.
    fn write(&mut self, lines: &[u8]) {
        let mut text = Vec::new();
        if self.torn {
            text.push(b'\n');
        }
        text.extend_from_slice(lines);
        let mut at = 0;
        let tries = if self.stalled { 1 } else { TRIES };
        for _ in 0..tries {
            let written = sys::write_some(&mut self.file, &text, &mut at, text.len());
            self.stalled = written.is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
            if !self.stalled {
                break;
            }
        }
        self.torn = (self.torn || at > 0) && at < text.len();
    }
}

/// What is told of a standard output that can't be written.
pub const NOT_PRINTED: &str = "cannot write to standard output";

/// Standard output, for what was asked to be printed there.
///
/// # Errors
/// It was closed: Rust's start-up opens /dev/null in its place, and whatever is
/// written goes there without a word.
pub fn stdout() -> anyhow::Result<StdoutLock<'static>> {
    sys::stdout().context(NOT_PRINTED)?;
    Ok(std::io::stdout().lock())
}

/// What came of writing there. Whoever reads it may have seen enough.
///
/// # Errors
/// All others.
pub fn printed(result: std::io::Result<()>) -> anyhow::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.context(NOT_PRINTED),
    }
}

/// Prints there what was asked for.
///
/// # Errors
/// It can't be written.
pub fn print(text: &[u8]) -> anyhow::Result<()> {
    let mut stdout = stdout()?;
    printed(stdout.write_all(text).and_then(|()| stdout.flush()))
}

/// Notices of the library, on stderr; of warnings, none if `quiet`.
pub fn diag(quiet: bool) -> Diag {
    let diag = Diag::new(|_, text| say(text));
    match quiet {
        true => diag.without_warnings(),
        false => diag,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{PipeReader, Read};
    use std::os::fd::OwnedFd;

    use indicatif::{InMemoryTerm, TermLike};

    /// A terminal that shows what was written to it.
    struct Shown {
        ours: File,
        theirs: PipeReader,
        terminal: InMemoryTerm,
    }

    impl Shown {
        fn contents(&mut self) -> String {
            // So much is there at once.
            let mut bytes = [0; 4096];
            let count = self.theirs.read(&mut bytes).expect("a pipe");
            let text = std::str::from_utf8(&bytes[..count]).expect("ASCII");
            self.terminal.write_str(text).expect("an emulator");
            self.terminal.contents()
        }
    }

    fn shown(text: &str) -> (Foot, Shown) {
        let (theirs, ours) = std::io::pipe().expect("a pipe");
        let ours = File::from(OwnedFd::from(ours));
        let foot = Foot::new();
        foot.keep(Some(Screen::new(ours.try_clone().expect("a pipe"))));
        foot.redraw(text.to_owned());
        let terminal = InMemoryTerm::new(10, 40);
        (
            foot,
            Shown {
                ours,
                theirs,
                terminal,
            },
        )
    }

    #[test]
    fn what_is_said_stands_above_the_live_line() {
        let (foot, mut terminal) = shown("00:00:01  12 records");
        for text in ["lh: one\r\n", "lh: two\r\n"] {
            foot.above(|| terminal.ours.write_all(text.as_bytes()).expect("written"));
        }
        let screen = "lh: one\nlh: two\n00:00:01  12 records";
        assert_eq!(terminal.contents(), screen);
        foot.redraw("00:00:02  7 records".to_owned());
        let screen = "lh: one\nlh: two\n00:00:02  7 records";
        assert_eq!(terminal.contents(), screen);
        foot.keep(None);
        foot.redraw("nothing more".to_owned());
        assert_eq!(terminal.contents(), "lh: one\nlh: two");
    }

    /// What is being said may wait for a terminal that is stopped. The one who
    /// draws is the pipeline, and does not wait with it.
    #[test]
    fn who_draws_does_not_wait_for_who_speaks() {
        let (foot, mut terminal) = shown("before");
        let (drawn, drawing) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            foot.above(|| {
                scope.spawn(|| {
                    foot.redraw("meanwhile".to_owned());
                    let _ = drawn.send(());
                });
                let waited = drawing.recv_timeout(std::time::Duration::from_secs(15));
                assert!(waited.is_ok(), "it waits");
            });
        });
        assert_eq!(terminal.contents(), "before");
        foot.redraw("after".to_owned());
        assert_eq!(terminal.contents(), "after");
    }
}
