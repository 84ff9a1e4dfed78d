//! Many sockets that are waited for at once, by a thread of their own.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use mio::{Events, Poll, Registry, Token, Waker};

use super::waiting::{Ready, Waitable, locked, ring};

/// A read that gave less than there was room for may have left something behind
/// that is not told again: only one that gave nothing has seen the end.
pub const SHORT_READ_IS_ALL: bool = false;

/// Of the thread itself.
const STOP: Token = Token(usize::MAX);

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

#[derive(Debug, Default)]
struct Found {
    /// By the sockets' tokens, so that there are never more than sockets.
    seen: BTreeMap<usize, Seen>,
    failed: Option<io::Error>,
}

/// Sockets that are watched.
#[derive(Debug)]
pub struct Poller {
    registry: Registry,
    waker: Waker,
    found: Arc<Mutex<Found>>,
}

impl Poller {
    /// # Errors
    /// Those of CreateIoCompletionPort.
    pub fn new() -> io::Result<Poller> {
        let poll = Poll::new()?;
        let registry = poll.registry().try_clone()?;
        let waker = Waker::new(&registry, STOP)?;
        let found = Arc::default();
        let shared = Arc::clone(&found);
        std::thread::spawn(move || watch(poll, &shared));
        Ok(Poller {
            registry,
            waker,
            found,
        })
    }

    /// Where sockets are registered.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Ready when something has happened.
    pub fn waitable(&self) -> Waitable<'_> {
        self
    }

    /// Tells what has happened since the last call; never waits.
    ///
    /// # Errors
    /// Those of GetQueuedCompletionStatusEx.
    pub fn take(&mut self, each: impl FnMut(Seen)) -> io::Result<()> {
        let found = std::mem::take(&mut *locked(&self.found));
        found.seen.into_values().for_each(each);
        found.failed.map_or(Ok(()), Err)
    }
}

impl Ready for Poller {
    fn is_ready(&self) -> bool {
        let found = locked(&self.found);
        !found.seen.is_empty() || found.failed.is_some()
    }
}

impl Drop for Poller {
    fn drop(&mut self) {
        // If that fails, the thread waits on, and does nothing.
        let _ = self.waker.wake();
    }
}

fn watch(mut poll: Poll, shared: &Mutex<Found>) {
    let mut events = Events::with_capacity(1024);
    loop {
        let result = poll.poll(&mut events, None);
        let mut found = locked(shared);
        if let Err(error) = result {
            if error.kind() == io::ErrorKind::Interrupted {
                continue;
            }
            found.failed = Some(error);
            drop(found);
            return ring();
        }
        for event in &events {
            if event.token() == STOP {
                return;
            }
            let token = event.token().0;
            let hung_up = event.is_read_closed() || event.is_error();
            let seen = found.seen.entry(token).or_insert(Seen {
                token,
                readable: false,
                writable: false,
                hung_up: false,
            });
            seen.readable |= event.is_readable() || hung_up;
            seen.writable |= event.is_writable();
            seen.hung_up |= hung_up;
        }
        drop(found);
        ring();
    }
}
