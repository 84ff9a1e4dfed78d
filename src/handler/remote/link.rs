//! The connection of a handler: made in the background, and made anew when it
//! breaks.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::diag::plain;
use crate::net::{Backoff, ConnectError, Connection, Connector, PeerState, Transport};
use crate::now::Now;

/// How long is waited for an attempt before whoever wants the connection is
/// told to come again.
const PATIENCE: Duration = Duration::from_millis(100);

/// A receiver under TLS 1.3 says only behind the handshake, when it is asked to
/// take the connection as it is, that it wants a certificate or another one. An
/// attempt that sends nothing waits for that as long as the handshake took, and
/// no less and no more than these: most say something at once.
const FIRST_WORD: (Duration, Duration) = (Duration::from_millis(300), Duration::from_secs(2));

/// See the [module](self).
pub(super) struct Link {
    connector: Arc<Connector>,
    backoff: Backoff,
    state: State,
    /// This connection is good.
    proved: bool,
}

enum State {
    Down,
    /// A thread of its own tries it, which bounds its time itself.
    Trying(Receiver<io::Result<Connection>>),
    Up(Box<Connection>),
}

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum Missing {
    /// Not yet.
    Waiting,
    /// An attempt has failed.
    Failed(io::Error),
}

impl Link {
    pub(super) fn new(connector: Connector, backoff: Backoff) -> Link {
        Link {
            connector: Arc::new(connector),
            backoff,
            state: State::Down,
            proved: false,
        }
    }

    /// The connection, if it is there now.
    pub(super) fn connection(&mut self) -> Option<&mut Connection> {
        match &mut self.state {
            State::Up(connection) => Some(connection),
            _ => None,
        }
    }

    /// Sees to it that there is a connection; `true` says that it is a new one.
    pub(super) fn establish(&mut self, now: Now) -> Result<bool, Missing> {
        if let State::Up(_) = self.state {
            return Ok(false);
        }
        if let State::Down = self.state {
            if self.backoff.due().is_some_and(|due| due > now.mono) {
                return Err(Missing::Waiting);
            }
            self.state = State::Trying(self.attempt().map_err(Missing::Failed)?);
        }
        let State::Trying(attempt) = &self.state else {
            return Err(Missing::Waiting);
        };
        let made = match attempt.recv_timeout(PATIENCE) {
            Ok(made) => made,
            Err(RecvTimeoutError::Timeout) => return Err(Missing::Waiting),
            // Its thread is gone without an answer.
            Err(RecvTimeoutError::Disconnected) => Err(io::ErrorKind::Interrupted.into()),
        };
        match made {
            Ok(mut connection) => {
                connection.set_patience(PATIENCE);
                self.state = State::Up(Box::new(connection));
                self.proved = false;
                Ok(true)
            }
            Err(error) => {
                self.state = State::Down;
                self.backoff.failed(Instant::now());
                Err(Missing::Failed(error))
            }
        }
    }

    fn attempt(&self) -> io::Result<Receiver<io::Result<Connection>>> {
        let (answer, attempt) = mpsc::sync_channel(1);
        let connector = Arc::clone(&self.connector);
        let thread = std::thread::Builder::new().name("connect".to_owned());
        thread.spawn(move || {
            let made = connector.connect().map_err(in_short);
            // Nobody may wait for it any more.
            let _ = answer.send(made);
        })?;
        Ok(attempt)
    }

    /// Connects, and hangs up.
    pub(super) fn probe(&self) -> Result<String, String> {
        let begun = Instant::now();
        let mut connection = self
            .connector
            .connect()
            .map_err(|error| error.to_string())?;
        if let Transport::Tls(_) = self.connector.transport {
            let most = begun.elapsed().clamp(FIRST_WORD.0, FIRST_WORD.1);
            let waited = connection.wait(true, false, most);
            waited.map_err(|error| plain(&error))?;
            match connection.peer() {
                PeerState::Open { .. } => {}
                PeerState::Closed => {
                    let text = "it closes the connection as soon as TLS is agreed on";
                    return Err(text.to_owned());
                }
                PeerState::Reset(error) => return Err(plain(&error)),
            }
        }
        drop(connection);
        Ok(match self.connector.transport {
            Transport::Tcp | Transport::UnixStream => "it listens".to_owned(),
            Transport::Tls(_) => "it listens, and its certificate is good".to_owned(),
            Transport::UnixDatagram => "it is there".to_owned(),
            // Nobody answers who is not sent anything.
            Transport::Udp => {
                "its address is known; whether somebody listens there is not".to_owned()
            }
        })
    }

    /// The connection is good: where it breaks, the next one may be made at once.
    pub(super) fn note_proof(&mut self) {
        if !std::mem::replace(&mut self.proved, true) {
            self.backoff.succeeded();
        }
    }

    /// The connection is of no use any more. Where it was not known to be good, the
    /// next one is made after a while only.
    pub(super) fn drop_connection(&mut self) {
        self.state = State::Down;
        if !self.proved {
            self.backoff.failed(Instant::now());
        }
    }

    /// Ends the connection in order, so that the next one is made anew and at
    /// once.
    pub(super) fn renew(&mut self) {
        if let State::Up(connection) = &mut self.state {
            let _ = connection.finish();
            self.state = State::Down;
        }
        self.backoff.succeeded();
    }

    /// When it is worth while to look after it again, if there is no
    /// connection.
    pub(super) fn due(&self) -> Option<Instant> {
        match self.state {
            State::Down => self.backoff.due(),
            State::Trying(_) | State::Up(_) => None,
        }
    }

    pub(super) fn target(&self) -> String {
        self.connector.target()
    }
}

/// The error without the address, which every message names.
fn in_short(error: ConnectError) -> io::Error {
    match error {
        ConnectError::Connect { source, .. } => source,
        other => io::Error::other(other),
    }
}

/// What went wrong with a connection that was there.
#[derive(Debug)]
pub(super) enum Broken {
    /// The peer has closed it, and has read all that it had acknowledged.
    Closed,
    /// Something else; it may not have read everything that it acknowledged.
    Reset(io::Error),
}

impl Broken {
    pub(super) fn into_error(self) -> io::Error {
        match self {
            Broken::Closed => {
                let text = "the other end has closed the connection";
                io::Error::new(io::ErrorKind::ConnectionAborted, text)
            }
            Broken::Reset(error) => error,
        }
    }
}

/// An error with more said about it.
pub(super) fn with_hint(error: &io::Error, hint: &str) -> io::Error {
    io::Error::new(error.kind(), format!("{}; {hint}", plain(error)))
}
