//! What reaches a running pipeline from outside, beside its input.

use crate::sys::Waitable;

/// A request to a running pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Ctrl-C (SIGINT).
    Interrupt,
    /// End soon (SIGTERM).
    Terminate,
    /// Open files anew (SIGHUP).
    Reopen,
    /// Roll over now (SIGALRM).
    RollOver,
    /// Tell the figures (SIGUSR1).
    Report,
    /// A child process has ended (SIGCHLD).
    ChildEnded,
    /// The terminal has another size (SIGWINCH).
    Resized,
    /// Nothing that concerns lh itself.
    ForCommand,
}

/// An event that has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What it asks of lh.
    pub event: Event,
    /// The signal that a command run by lh has to be sent for it. `None` where
    /// the signal is lh's alone, or where the terminal has sent it to the
    /// command as well.
    pub pass_on: Option<i32>,
}

/// A source of [`Notice`]s that can be waited for.
pub trait Events {
    /// Becomes readable when there are events.
    fn waitable(&self) -> Waitable<'_>;

    /// The events since the last call. Equal ones may have become one.
    fn take(&mut self) -> Vec<Notice>;
}
