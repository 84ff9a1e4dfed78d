//! Signals as events that a loop can wait for.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use signal_hook::consts::{SIGALRM, SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;

use crate::event::{Event, Events};

/// The signals that lh understands.
pub struct Signals {
    delivery: SignalDelivery<UnixStream, SignalOnly>,
}

impl Signals {
    /// Catches the signals from now on.
    ///
    /// SIGXFSZ is caught and ignored, so that a file at its size limit is an
    /// error of write(2) and not the end of the process; SIGPIPE is ignored by
    /// Rust's start-up code already.
    ///
    /// # Errors
    /// Those of socketpair(2) and sigaction(2).
    pub fn catch() -> io::Result<Signals> {
        let (read, write) = UnixStream::pair()?;
        let signals = [SIGINT, SIGTERM, SIGHUP, SIGALRM, SIGXFSZ];
        let delivery = SignalDelivery::with_pipe(read, write, SignalOnly, signals)?;
        Ok(Signals { delivery })
    }
}

impl Events for Signals {
    fn descriptor(&self) -> BorrowedFd<'_> {
        self.delivery.get_read().as_fd()
    }

    fn take(&mut self) -> Vec<Event> {
        let pending = self.delivery.pending();
        let events = pending.filter_map(|signal| match signal {
            SIGINT => Some(Event::Interrupt),
            SIGTERM => Some(Event::Terminate),
            SIGHUP => Some(Event::Reopen),
            SIGALRM => Some(Event::RollOver),
            _ => None,
        });
        events.collect()
    }
}
