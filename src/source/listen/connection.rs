//! One stream that somebody has opened to lh.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Interest, Registry, Token, event::Source};

use super::framing::Protocol;
use super::requests::Parcel;
use crate::net::TlsServerSession;
use crate::sys::local::watched::UnixStream;
use crate::sys::poller::SHORT_READ_IS_ALL;

/// The most that waits to be sent to a peer: one that does not listen is not
/// heard either.
const OUT: usize = 64 << 10;

/// How much is thrown away, and for how long, of what a peer sends that has been
/// told that it is not heard any more. As much as several of the longest bodies:
/// many read no answer before they have sent all of theirs.
const IGNORED: usize = 64 << 20;
const LINGER: Duration = Duration::from_secs(30);
/// It is not waited for when it says nothing for so long.
const LINGER_SILENT: Duration = Duration::from_secs(5);

/// What a connection is made of.
#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    fn source(&mut self) -> &mut dyn Source {
        match self {
            Socket::Tcp(stream) => stream,
            Socket::Unix(stream) => stream,
        }
    }

    pub(super) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let both = Interest::READABLE | Interest::WRITABLE;
        registry.register(self.source(), token, both)
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(stream) => stream.read(buffer),
            Socket::Unix(stream) => stream.read(buffer),
        }
    }

    fn end_writing(&mut self) -> io::Result<()> {
        match self {
            Socket::Tcp(stream) => stream.shutdown(Shutdown::Write),
            // Nobody is answered there.
            Socket::Unix(_) => Ok(()),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(stream) => stream.write(bytes),
            Socket::Unix(stream) => stream.write(bytes),
        }
    }
}

/// What reading came to.
#[derive(Debug)]
pub(super) enum Came {
    /// Something, and more may be there.
    More,
    /// All that was there at the moment.
    Drained,
    /// The end.
    End,
}

/// The end of a connection (RFC 9112, section 9.6). Closed while something comes
/// that nobody has read, it would be reset, and with that its last answer may be
/// gone before the peer has seen it.
#[derive(Debug)]
pub(super) struct Lingering {
    since: Instant,
    /// So much may still come.
    left: usize,
    /// The peer has been told that nothing more comes.
    told: bool,
}

/// See the [module](self).
pub(super) struct Connection {
    pub(super) socket: Socket,
    pub(super) peer: Arc<str>,
    tls: Option<Box<TlsServerSession>>,
    /// What it speaks, once that is known.
    pub(super) protocol: Option<Protocol>,
    /// What has come of a message that is not complete.
    pub(super) rest: Vec<u8>,
    /// What is to be sent.
    out: Vec<u8>,
    pub(super) since: Instant,
    /// When something came last.
    pub(super) heard: Instant,
    /// When the message began that is not complete.
    pub(super) begun: Option<Instant>,
    /// A message was complete.
    pub(super) useful: bool,
    /// It stands among those that are read next.
    pub(super) queued: bool,
    /// The system has more to read, as far as is known.
    pub(super) readable: bool,
    /// The system has told that the peer has ended its stream, or that it broke:
    /// it is read until that is seen.
    pub(super) hung_up: bool,
    /// The peer has ended its stream, and all of it was read.
    pub(super) ended: bool,
    /// Nothing more is taken; it is closed when everything is sent.
    pub(super) closing: bool,
    /// Answers to it are waited for.
    pub(super) awaiting: u32,
    /// There may be a whole request in what has come, which is taken as soon as
    /// the one before is answered, without anything being read.
    pub(super) again: bool,
    /// A request of which not all was handed on yet; its answer is waited for.
    pub(super) parcel: Option<Box<Parcel>>,
    /// It has its last answer, and what it still sends is thrown away.
    pub(super) lingering: Option<Lingering>,
    /// Tells it from others that had its place.
    pub(super) generation: u64,
}

impl Connection {
    pub(super) fn new(
        socket: Socket,
        peer: Arc<str>,
        tls: Option<TlsServerSession>,
        generation: u64,
        now: Instant,
    ) -> Connection {
        Connection {
            socket,
            peer,
            tls: tls.map(Box::new),
            protocol: None,
            rest: Vec::new(),
            out: Vec::new(),
            since: now,
            heard: now,
            begun: None,
            useful: false,
            queued: false,
            readable: false,
            hung_up: false,
            ended: false,
            closing: false,
            awaiting: 0,
            again: false,
            parcel: None,
            lingering: None,
            generation,
        }
    }

    /// Whether it speaks HTTP.
    pub(super) fn speaks_http(&self) -> bool {
        matches!(self.protocol, Some(Protocol::Http(_)))
    }

    /// How many bytes are held: of messages that are not complete, and of a request
    /// that is.
    pub(super) fn held(&self) -> usize {
        self.incomplete() + self.parcel.as_ref().map_or(0, |parcel| parcel.held())
    }

    /// How many bytes are held of messages that are not complete.
    pub(super) fn incomplete(&self) -> usize {
        let body = match &self.protocol {
            Some(Protocol::Http(http)) => http.held(),
            _ => 0,
        };
        self.rest.len() + body
    }

    /// When the message began that is not complete. What is incomplete of a
    /// request is not all in what is left to be read.
    pub(super) fn message_begun(&self) -> Option<Instant> {
        match &self.protocol {
            Some(Protocol::Http(http)) if self.awaiting > 0 || http.is_idle() => {
                self.begun.filter(|_| self.awaiting == 0)
            }
            Some(Protocol::Http(_)) => Some(self.heard),
            _ => self.begun,
        }
    }

    /// Whether it has said who it is, as far as TLS asks for that.
    pub(super) fn is_shaking_hands(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.is_handshaking())
    }

    /// Whether lines are held back that may be those of one message.
    pub(super) fn is_waiting(&self) -> bool {
        self.protocol.as_ref().is_some_and(Protocol::is_waiting)
    }

    /// Whether it is to be heard: it has something, and somebody takes it.
    pub(super) fn wants_turn(&self) -> bool {
        if self.lingering.is_some() {
            return self.readable && !self.ended;
        }
        let answered = self.awaiting == 0 || !self.speaks_http();
        let more = self.again || (self.readable && !self.ended);
        let heard = more && !self.closing && self.out.len() < OUT && answered;
        heard || self.parcel.is_some()
    }

    /// Whether something that has come is still to be answered.
    pub(super) fn has_to_answer(&self) -> bool {
        self.awaiting > 0 || self.again
    }

    /// Whether it is between two requests of HTTP, with nothing of either here or on
    /// its way.
    pub(super) fn rests(&self) -> bool {
        let between = matches!(&self.protocol, Some(Protocol::Http(http)) if http.is_idle());
        let heard = self.rest.is_empty() && !self.is_unheard() && !self.has_to_answer();
        between && self.useful && heard && self.out.is_empty() && !self.closing
    }

    /// Whether it has sent something that was not read yet, as far as is known.
    pub(super) fn is_unheard(&self) -> bool {
        self.queued || self.wants_turn()
    }

    /// Appends what there is to `work`, about `size` bytes of it at most.
    ///
    /// # Errors
    /// Those of read(2) and of TLS.
    pub(super) fn read(
        &mut self,
        work: &mut Vec<u8>,
        room: &mut ReadRoom,
        size: usize,
    ) -> io::Result<Came> {
        if self.tls.is_some() {
            return self.read_sealed(work, room, size);
        }
        let (count, came) = read(&mut self.socket, room.block(size))?;
        work.extend_from_slice(&room.block[..count]);
        Ok(came)
    }

    fn read_sealed(
        &mut self,
        work: &mut Vec<u8>,
        room: &mut ReadRoom,
        size: usize,
    ) -> io::Result<Came> {
        let Some(tls) = &mut self.tls else {
            return Ok(Came::Drained);
        };
        let (count, came) = read(&mut self.socket, room.block(size))?;
        // What is decrypted is no longer than what was encrypted.
        let cipher = &room.block[..count];
        let fed = tls.feed(cipher, usize::MAX, work, &mut self.out);
        // What TLS says of its failure is sent before the end.
        let fed = fed.inspect_err(|_| {
            let _ = self.socket.write(&self.out);
        })?;
        self.flush()?;
        Ok(if fed.ended { Came::End } else { came })
    }

    /// Takes bytes that are to be sent.
    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.tls {
            Some(tls) => tls.write(bytes, &mut self.out),
            None => {
                self.out.extend_from_slice(bytes);
                Ok(())
            }
        }
    }

    /// Sends as much as the peer takes. `true`: there is nothing left.
    ///
    /// # Errors
    /// Those of write(2).
    pub(super) fn flush(&mut self) -> io::Result<bool> {
        let mut at = 0;
        let result = loop {
            if at == self.out.len() {
                break Ok(true);
            }
            match self.socket.write(&self.out[at..]) {
                Ok(0) => break Ok(false),
                Ok(count) => at += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        self.out.drain(..at);
        if self.out.is_empty() {
            self.out = Vec::new();
            self.end_writing();
        }
        result
    }

    fn end_writing(&mut self) {
        if let Some(lingering) = &mut self.lingering
            && !std::mem::replace(&mut lingering.told, true)
        {
            // One that has gone is told nothing.
            let _ = self.socket.end_writing();
        }
    }

    /// Begins the end: what is to be sent goes out, and what comes is thrown away.
    pub(super) fn linger(&mut self, now: Instant) {
        self.rest = Vec::new();
        self.begun = None;
        self.lingering = Some(Lingering {
            since: now,
            left: IGNORED,
            told: false,
        });
        self.say_end();
    }

    /// Throws away what has come, as it was sent, about `size` bytes of it at most.
    /// Gives how many that were.
    pub(super) fn ignore(&mut self, room: &mut ReadRoom, size: usize, now: Instant) -> usize {
        let came = read(&mut self.socket, room.block(size));
        let count = came.as_ref().map_or(0, |(count, _)| *count);
        if count > 0 {
            self.heard = now;
        }
        self.readable = match came {
            Ok((_, Came::More)) => true,
            Ok((_, Came::Drained)) => self.hung_up && count > 0,
            Ok((_, Came::End)) | Err(_) => false,
        };
        self.ended |= matches!(came, Ok((_, Came::End)) | Err(_));
        if let Some(lingering) = &mut self.lingering {
            lingering.left = lingering.left.saturating_sub(count);
        }
        count
    }

    /// Whether nothing more is waited for at the end.
    pub(super) fn has_lingered(&self, now: Instant) -> bool {
        let since = |at: Instant| now.saturating_duration_since(at);
        self.lingering.as_ref().is_some_and(|lingering| {
            let silent = since(self.heard.max(lingering.since));
            let over = since(lingering.since) > LINGER || silent > LINGER_SILENT;
            self.ended || lingering.left == 0 || over
        })
    }

    /// Says that nothing more comes.
    pub(super) fn say_end(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.close(&mut self.out);
        }
        let _ = self.flush();
    }
}

/// Room that all connections are read into, one after the other. It is cleared when
/// it is made: to clear it for each read would cost more than most reads.
#[derive(Debug, Default)]
pub(super) struct ReadRoom {
    block: Vec<u8>,
}

impl ReadRoom {
    fn block(&mut self, size: usize) -> &mut [u8] {
        if self.block.len() < size {
            // Of what the system clears, no page is taken before it is used.
            self.block = vec![0; size];
        }
        &mut self.block[..size]
    }
}

/// Reads once: how much, and whether there may be more.
fn read(socket: &mut Socket, block: &mut [u8]) -> io::Result<(usize, Came)> {
    loop {
        return match socket.read(block) {
            Ok(0) => Ok((0, Came::End)),
            // What comes after that is told anew.
            Ok(count) if count < block.len() && SHORT_READ_IS_ALL => Ok((count, Came::Drained)),
            Ok(count) => Ok((count, Came::More)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok((0, Came::Drained)),
            Err(error) => Err(error),
        };
    }
}
