//! A connection to a receiver, over whatever transport.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::Shutdown;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use socket2::Socket;

use crate::sys::socket::{self, SocketFile, wait_socket};

use super::stall::{InFlight, is_silent};
use super::tls::{HandshakeError, Session, TlsClient};

/// What a connection is made of.
#[derive(Debug)]
pub(super) enum Kind {
    Tcp,
    Udp,
    UnixStream,
    UnixDatagram {
        path: PathBuf,
        /// What stood under the path when it was connected.
        seen: Option<SocketFile>,
    },
}

impl Kind {
    fn is_stream(&self) -> bool {
        matches!(self, Kind::Tcp | Kind::UnixStream)
    }
}

/// How far the bytes of a connection have come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that [`Connection::write`] and [`Connection::send`] have taken. Under
    /// TLS some of them may still have to be [flushed](Connection::flush).
    pub written: u64,
    /// How many of them have arrived, at least: see [`Connection::progress`].
    pub acknowledged: u64,
}

/// What became of the other side.
#[derive(Debug)]
pub enum PeerState {
    /// It is there, as far as is known.
    Open {
        /// It has sent something.
        readable: bool,
    },
    /// It has ended its stream, and will send nothing more but what can still be
    /// read. If it has closed its socket, it had read all that it acknowledged.
    Closed,
    /// The connection is broken. What it had acknowledged need not have been read.
    Reset(io::Error),
}

/// An error that stays, and is told as often as one asks.
#[derive(Clone, Debug)]
struct Failure {
    code: Option<i32>,
    kind: io::ErrorKind,
    text: String,
}

impl Failure {
    fn of(error: &io::Error) -> Failure {
        Failure {
            code: error.raw_os_error(),
            kind: error.kind(),
            text: error.to_string(),
        }
    }

    fn error(&self) -> io::Error {
        match self.code {
            Some(code) => io::Error::from_raw_os_error(code),
            None => io::Error::new(self.kind, self.text.clone()),
        }
    }
}

/// A connection; dropping it closes it.
///
/// No call waits but [`write`](Self::write), [`send`](Self::send),
/// [`send_many`](Self::send_many), [`finish`](Self::finish) and
/// [`wait`](Self::wait), and those no longer than they may.
#[derive(Debug)]
pub struct Connection {
    pub(super) socket: Socket,
    pub(super) kind: Kind,
    tls: Option<Box<Session>>,
    timeout: Duration,
    patience: Duration,
    /// Bytes that were taken.
    taken: u64,
    /// Bytes that were handed to the system, without TLS.
    sent: u64,
    /// Of those, how many are known to have arrived.
    arrived: Cell<u64>,
    in_flight: Cell<InFlight>,
    /// Since when there has been no room, and how many bytes had arrived then.
    full: Option<(Instant, u64)>,
    failure: RefCell<Option<Failure>>,
    finished: bool,
    pub(super) max_datagram: Option<usize>,
}

impl Connection {
    pub(super) fn new(socket: Socket, kind: Kind, timeout: Duration) -> Connection {
        let max_datagram = super::datagram::max_datagram(&socket, &kind);
        Connection {
            socket,
            kind,
            tls: None,
            timeout,
            patience: Duration::MAX,
            taken: 0,
            sent: 0,
            arrived: Cell::new(0),
            in_flight: Cell::default(),
            full: None,
            failure: RefCell::new(None),
            finished: false,
            max_datagram,
        }
    }

    /// Agrees on TLS before a byte is sent in clear; behind a proxy, before a byte
    /// is sent to the receiver.
    ///
    /// # Errors
    /// What went wrong; see [`HandshakeError`].
    pub fn secure(
        mut self,
        client: &TlsClient,
        deadline: Instant,
    ) -> Result<Connection, HandshakeError> {
        let mut session = client.session()?;
        session.handshake(&self.socket, deadline)?;
        self.tls = Some(Box::new(session));
        Ok(self)
    }

    /// How long one call may wait. At first as long as it takes, up to the time-out.
    pub fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Writes some of the bytes, or all, to a stream, and says how many. Under TLS
    /// they are encrypted, and flushed as far as there is room.
    ///
    /// # Errors
    /// `WouldBlock` when there was no room for as long as it may wait; `TimedOut` when
    /// nothing was taken or acknowledged for the time-out, over all calls; else what
    /// became of the connection.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        if self.finished {
            // No error of the connection's, so it is not kept as one.
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let mut begun = None;
        loop {
            let taken = match &mut self.tls {
                None => socket::send(&self.socket, bytes).inspect(|&count| {
                    self.sent += count as u64;
                }),
                Some(_) => self.encrypt(bytes),
            };
            match taken {
                Ok(count) => {
                    self.took(count);
                    return Ok(count);
                }
                Err(error) => self.make_room(error, &mut begun)?,
            }
        }
    }

    /// Bytes that were handed to the system: under TLS, encrypted ones.
    fn sent(&self) -> u64 {
        self.tls.as_ref().map_or(self.sent, |tls| tls.pushed())
    }

    /// Notes bytes that were taken.
    pub(super) fn took(&mut self, count: usize) {
        self.taken += count as u64;
        self.full = None;
        self.in_flight.get_mut().sent();
    }

    /// Notes a datagram that was sent.
    pub(super) fn sent_datagram(&mut self, length: usize) {
        self.sent += length as u64;
        self.took(length);
    }

    fn encrypt(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let arrived = match &self.tls {
            Some(session) if session.wants_progress() => Some(self.arrived()?),
            _ => None,
        };
        let Some(session) = &mut self.tls else {
            return Ok(0);
        };
        if let Some(arrived) = arrived {
            session.forget(arrived);
        }
        let taken = session.encrypt(bytes)?;
        match session.push(&self.socket) {
            Ok(()) if taken > 0 => Ok(taken),
            // Only old bytes were waiting, and they are gone now.
            Ok(()) => Err(io::ErrorKind::Interrupted.into()),
            // Taken all the same: what is left goes out with the next call.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => match taken {
                0 => Err(error),
                taken => Ok(taken),
            },
            // Why it left may stand in what it sent last.
            Err(error) => session.pull(&self.socket).and(Err(error)),
        }
    }

    /// Writes what TLS has encrypted and not written yet, without waiting. Whether
    /// nothing is left.
    ///
    /// # Errors
    /// What became of the connection.
    pub fn flush(&mut self) -> io::Result<bool> {
        let Some(session) = &mut self.tls else {
            return Ok(true);
        };
        let before = session.pushed();
        let pushed = session.push(&self.socket);
        if session.pushed() > before {
            self.full = None;
        }
        match pushed {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(self.note(error)),
        }
    }

    /// Waits for room where that is what an error says there is none of.
    pub(super) fn make_room(
        &mut self,
        error: io::Error,
        begun: &mut Option<Instant>,
    ) -> io::Result<()> {
        if error.kind() == io::ErrorKind::Interrupted {
            return Ok(());
        }
        let out_of_buffers = socket::is_out_of_buffers(&error);
        if error.kind() != io::ErrorKind::WouldBlock && !out_of_buffers {
            return Err(self.note(error));
        }
        let now = Instant::now();
        let begun = *begun.get_or_insert(now);
        let arrived = self.arrived()?;
        let since = match self.full {
            Some((since, then)) if then == arrived => since,
            _ => {
                self.full = Some((now, arrived));
                now
            }
        };
        let left = self.timeout.saturating_sub(now.duration_since(since));
        if left.is_zero() {
            let text = "the receiver takes nothing more";
            return Err(io::Error::new(io::ErrorKind::TimedOut, text));
        }
        let most = self.patience.saturating_sub(now.duration_since(begun));
        if most.is_zero() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        if out_of_buffers {
            // No event tells when the system has memory again.
            std::thread::sleep(most.min(left).min(Duration::from_millis(5)));
            return Ok(());
        }
        wait_socket(&self.socket, false, true, most.min(left))?;
        Ok(())
    }

    /// Notes an error of a stream, which stays. Where the system says only that
    /// nobody is left to read, the socket may know why.
    fn note(&self, error: io::Error) -> io::Error {
        if !self.kind.is_stream() {
            return error;
        }
        let mut failure = self.failure.borrow_mut();
        let told = match socket::is_broken_pipe(&error) {
            true => self.socket.take_error().ok().flatten(),
            false => None,
        };
        let error = told.unwrap_or(error);
        match &*failure {
            Some(first) if socket::is_broken_pipe(&error) => first.error(),
            _ => {
                *failure = Some(Failure::of(&error));
                error
            }
        }
    }

    /// Bytes taken so far, and how many of them have arrived.
    ///
    /// For TCP and TLS arrived means that the other side's system has acknowledged
    /// them; the program there may not have read them yet, and never will if the
    /// connection is [reset](PeerState::Reset). For a Unix stream it means that the
    /// program has read them; the number is a lower bound then, and exact once it
    /// has read everything. So it is for Unix datagrams, as long as the same
    /// receiver is there. Of UDP nothing is known, and all counts as arrived; so it
    /// is on systems other than Linux.
    ///
    /// The answer stays right, and never falls, when the connection is closed or
    /// reset.
    ///
    /// # Errors
    /// Those of the system's call.
    pub fn progress(&self) -> io::Result<Progress> {
        let arrived = self.arrived()?;
        Ok(Progress {
            written: self.taken,
            acknowledged: match &self.tls {
                None => arrived,
                Some(session) => session.plain(arrived),
            },
        })
    }

    /// How many bytes that were handed to the system have arrived.
    fn arrived(&self) -> io::Result<u64> {
        let known = self.arrived.get();
        let arrived = match &self.kind {
            Kind::Udp => self.sent(),
            Kind::Tcp => {
                let queue = socket::send_queue(&self.socket)?;
                // Our own FIN counts as a byte behind all others.
                let queue = queue.saturating_sub(u64::from(self.finished));
                self.sent().saturating_sub(queue)
            }
            Kind::UnixStream => {
                let queue = socket::send_queue(&self.socket)?;
                // Asked for afterwards: the system notes the reset before it throws
                // away what was not read.
                match self.was_reset() {
                    true => known,
                    false => self.sent().saturating_sub(queue),
                }
            }
            Kind::UnixDatagram { .. } => {
                let queue = socket::send_queue(&self.socket)?;
                let arrived = self.sent().saturating_sub(queue);
                // What a receiver that is gone had not read was thrown away.
                match arrived > known && !self.is_same_peer() {
                    true => known,
                    false => arrived,
                }
            }
        };
        if arrived > known {
            self.arrived.set(arrived);
            let mut in_flight = self.in_flight.get();
            in_flight.acknowledged(arrived == self.sent());
            self.in_flight.set(in_flight);
        }
        Ok(arrived.max(known))
    }

    /// Whether the other side of a Unix stream closed it with bytes unread.
    fn was_reset(&self) -> bool {
        if let Ok(Some(error)) = self.socket.take_error() {
            self.note(error);
        }
        let failure = self.failure.borrow();
        failure
            .as_ref()
            .is_some_and(|failure| failure.kind == io::ErrorKind::ConnectionReset)
    }

    /// Looks for what became of the other side. For datagrams, an error that is
    /// told is forgotten: it says that an earlier one was refused.
    pub fn peer(&mut self) -> PeerState {
        if let Some(failure) = &*self.failure.borrow() {
            // A Unix stream whose other side had read all has no other error.
            let read_all =
                failure.kind == io::ErrorKind::BrokenPipe && matches!(self.kind, Kind::UnixStream);
            return match read_all {
                true => PeerState::Closed,
                false => PeerState::Reset(failure.error()),
            };
        }
        let ready = match wait_socket(&self.socket, true, false, Duration::ZERO) {
            Ok(ready) => ready,
            Err(error) => return PeerState::Reset(error),
        };
        if self.tls.is_some() {
            // Its error is met behind the last it sent, which may say why.
            return self.tls_peer(ready.readable || ready.ended || ready.failed);
        }
        if ready.failed
            && let Ok(Some(error)) = self.socket.take_error()
        {
            return PeerState::Reset(self.note(error));
        }
        match self.kind.is_stream() && (ready.ended || ready.hung_up) {
            true => PeerState::Closed,
            false => PeerState::Open {
                readable: ready.readable,
            },
        }
    }

    fn tls_peer(&mut self, readable: bool) -> PeerState {
        let Some(session) = &mut self.tls else {
            return PeerState::Closed;
        };
        if readable && let Err(error) = session.pull(&self.socket) {
            return PeerState::Reset(self.note(error));
        }
        if session.is_readable() {
            PeerState::Open { readable: true }
        } else if session.is_closed() {
            PeerState::Closed
        } else if session.is_cut_off() {
            // Without a farewell: somebody else may have cut it off.
            match self.has_arrived() {
                true => PeerState::Closed,
                false => PeerState::Reset(self.note(cut_off())),
            }
        } else {
            PeerState::Open { readable: false }
        }
    }

    /// Whether all that was taken has arrived.
    fn has_arrived(&self) -> bool {
        self.progress()
            .is_ok_and(|now| now.acknowledged == now.written)
    }

    /// Reads what the other side has sent, decrypted; 0 at the end of its stream.
    /// Never waits.
    ///
    /// # Errors
    /// `WouldBlock` where there is nothing; else what became of the connection.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.tls {
            None => socket::receive(&self.socket, buffer),
            Some(session) => match session.is_readable() {
                true => session.read(buffer),
                false => session
                    .pull(&self.socket)
                    .and_then(|()| session.read(buffer)),
            },
        };
        match read {
            // Without a farewell, which matters only if something may be lost.
            Err(error) if self.tls.is_some() && error.kind() == io::ErrorKind::UnexpectedEof => {
                match self.has_arrived() {
                    true => Ok(0),
                    false => Err(self.note(cut_off())),
                }
            }
            Err(error) => Err(match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => error,
                _ => self.note(error),
            }),
            read => read,
        }
    }

    /// Waits until there is something to read, or room to write, as asked; until
    /// the other side closes or the connection breaks; at most so long.
    ///
    /// # Errors
    /// Those of poll(2).
    pub fn wait(&self, read: bool, write: bool, most: Duration) -> io::Result<()> {
        let decrypted = self.tls.as_ref().is_some_and(|tls| tls.is_readable());
        if !(read && decrypted) {
            wait_socket(&self.socket, read, write, most)?;
        }
        Ok(())
    }

    /// Whether the network swallows what is sent: there are bytes on their way, and
    /// for so long nothing has answered them. A receiver that answers and does not
    /// read is not meant. Always false but for TCP and TLS on Linux.
    pub fn is_stuck(&self, most: Duration) -> bool {
        let arrived = match &self.kind {
            Kind::Tcp => self.arrived().unwrap_or(self.sent()),
            _ => return false,
        };
        if arrived >= self.sent() || !self.in_flight.get().is_older(most) {
            return false;
        }
        let state = socket::tcp_state(&self.socket);
        matches!(state, Ok(Some(state)) if is_silent(&state, most))
    }

    /// Says that no more will be written; what was written still arrives. Under TLS
    /// what is left is written first, and a farewell.
    ///
    /// # Errors
    /// As [`write`](Self::write); after `WouldBlock` it can be called again.
    pub fn finish(&mut self) -> io::Result<()> {
        if self.finished || !self.kind.is_stream() {
            return Ok(());
        }
        if let Some(session) = &mut self.tls {
            session.say_goodbye()?;
        }
        let mut begun = None;
        while !self.flush()? {
            self.make_room(io::ErrorKind::WouldBlock.into(), &mut begun)?;
        }
        let shut = self.socket.shutdown(Shutdown::Write);
        shut.map_err(|error| self.note(error))?;
        self.finished = true;
        Ok(())
    }
}

/// The error of a stream that TLS did not end.
fn cut_off() -> io::Error {
    let text = "the connection ended without TLS's farewell";
    io::Error::new(io::ErrorKind::UnexpectedEof, text)
}
