//! Many sockets that are waited for at once.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use mio::{Events, Poll, Registry};

use super::Waitable;

/// Whether a read that gave less than there was room for has taken all there was,
/// so that what comes later is an event of its own.
pub const SHORT_READ_IS_ALL: bool = true;

/// What has happened at a socket.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// What it was registered with.
    pub token: usize,
    /// It has something, or an end.
    pub readable: bool,
    /// It takes something.
    pub writable: bool,
    /// Its other side has ended its stream, or it has failed.
    pub hung_up: bool,
}

/// Sockets that are watched.
#[derive(Debug)]
pub struct Poller {
    poll: Poll,
    events: Events,
}

impl Poller {
    /// # Errors
    /// Those of epoll_create(2) and its like.
    pub fn new() -> io::Result<Poller> {
        Ok(Poller {
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
        })
    }

    /// Where sockets are registered.
    pub fn registry(&self) -> &Registry {
        self.poll.registry()
    }

    /// Readable when something has happened.
    pub fn waitable(&self) -> Waitable<'_> {
        self.poll.registry().as_fd()
    }

    /// Tells what has happened since the last call, or a part of it; never waits.
    ///
    /// # Errors
    /// Those of epoll_wait(2) and its like.
    pub fn take(&mut self, mut each: impl FnMut(Seen)) -> io::Result<()> {
        match self.poll.poll(&mut self.events, Some(Duration::ZERO)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        for event in &self.events {
            let hung_up = event.is_read_closed() || event.is_error();
            each(Seen {
                token: event.token().0,
                readable: event.is_readable() || hung_up,
                writable: event.is_writable(),
                hung_up,
            });
        }
        Ok(())
    }
}
