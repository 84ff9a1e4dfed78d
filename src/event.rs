//! What reaches a running pipeline from outside, beside its input.

use std::os::fd::BorrowedFd;

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
}

/// A source of [`Event`]s that can be waited for.
pub trait Events {
    /// Becomes readable when there are events.
    fn descriptor(&self) -> BorrowedFd<'_>;

    /// The events since the last call. Equal ones may have become one.
    fn take(&mut self) -> Vec<Event>;
}
