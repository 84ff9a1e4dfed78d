//! lh's own words, on stderr. One that is closed or full, or that nobody reads,
//! changes nothing else.

use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use indicatif::ProgressBar;

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
pub struct Foot(Mutex<Option<ProgressBar>>);

impl Foot {
    /// Without a line.
    pub const fn new() -> Foot {
        Foot(Mutex::new(None))
    }

    /// Keeps a line there from now on; none, with `None`.
    pub fn keep(&self, live: Option<ProgressBar>) {
        *self.live() = live;
    }

    /// Gives the line another text. Left out while another thread says
    /// something: it may have to wait for a terminal that is stopped, and
    /// whoever draws must not.
    pub fn redraw(&self, text: String) {
        if let Ok(live) = self.0.try_lock()
            && let Some(live) = live.as_ref()
        {
            live.set_message(text);
        }
    }

    /// Lets `write` write whole lines where the line stands, and draws that
    /// anew behind them.
    fn above(&self, write: impl FnOnce()) {
        match &*self.live() {
            Some(live) => live.suspend(write),
            None => write(),
        }
    }

    fn live(&self) -> MutexGuard<'_, Option<ProgressBar>> {
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
        if let Some(voice) = voice.as_mut() {
            voice.write(lines);
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

/// Writes to standard output, for what was asked to be printed there.
pub fn print(text: &str) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
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
    use indicatif::{InMemoryTerm, ProgressDrawTarget, ProgressStyle, TermLike};

    fn shown(text: &str) -> (Foot, InMemoryTerm) {
        let terminal = InMemoryTerm::new(10, 40);
        let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
        let live = ProgressBar::with_draw_target(None, target);
        live.set_style(ProgressStyle::with_template("{msg}").expect("a template"));
        let foot = Foot::new();
        foot.keep(Some(live));
        foot.redraw(text.to_owned());
        (foot, terminal)
    }

    #[test]
    fn what_is_said_stands_above_the_live_line() {
        let (foot, terminal) = shown("00:00:01  12 records");
        for text in ["lh: one", "lh: two"] {
            foot.above(|| terminal.write_line(text).expect("written"));
        }
        let screen = "lh: one\nlh: two\n00:00:01  12 records";
        assert_eq!(terminal.contents(), screen);
        foot.redraw("00:00:02  7 records".to_owned());
        let screen = "lh: one\nlh: two\n00:00:02  7 records";
        assert_eq!(terminal.contents(), screen);
    }

    /// What is being said may wait for a terminal that is stopped. The one who
    /// draws is the pipeline, and does not wait with it.
    #[test]
    fn who_draws_does_not_wait_for_who_speaks() {
        let (foot, terminal) = shown("before");
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
