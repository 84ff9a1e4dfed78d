//! Unix sockets, which lh does not have on Windows: Windows itself has those for
//! streams, but Rust's standard library has neither. What stands here can't be
//! made, so that nothing else needs to know.

use std::io::{self, Read, Write};
use std::net::SocketAddr;

use mio::{Interest, Registry, Token, event::Source};
use socket2::SockRef;

/// Whether there are Unix sockets.
#[cfg(feature = "cli")]
pub const HAS_UNIX_SOCKETS: bool = false;

/// Of this there is none. (A field that nobody sees, so that code for it is not
/// warned of as unreachable.)
#[derive(Clone, Copy, Debug)]
pub struct Never(Nothing);

#[derive(Clone, Copy, Debug)]
enum Nothing {}

impl Never {
    /// Whatever is wanted of it.
    pub(super) fn absurd<T>(&self) -> T {
        match self.0 {}
    }
}

impl<'s> From<&'s Never> for SockRef<'s> {
    fn from(socket: &'s Never) -> SockRef<'s> {
        socket.absurd()
    }
}

/// A socket for streams.
pub type UnixListener = Never;

/// A socket for datagrams.
pub type UnixDatagram = Never;

/// The same for [`Poller`](super::poller::Poller).
pub mod watched {
    pub use super::{Never as UnixDatagram, Never as UnixListener, Never as UnixStream};
}

/// The error of whoever asks for one.
pub(super) fn no_unix_sockets() -> io::Error {
    let text = "this system has no Unix sockets";
    io::Error::new(io::ErrorKind::Unsupported, text)
}

/// The path of an address.
pub fn path_name(address: &Never) -> Option<String> {
    address.absurd()
}

impl Never {
    pub fn set_nonblocking(&self, _nonblocking: bool) -> io::Result<()> {
        self.absurd()
    }

    pub fn local_addr(&self) -> io::Result<Never> {
        self.absurd()
    }

    pub fn from_std(socket: Never) -> Never {
        socket
    }

    pub fn accept(&self) -> io::Result<(Never, SocketAddr)> {
        self.absurd()
    }
}

impl Read for Never {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        self.absurd()
    }
}

impl Write for Never {
    fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
        self.absurd()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.absurd()
    }
}

impl Source for Never {
    fn register(&mut self, _: &Registry, _: Token, _: Interest) -> io::Result<()> {
        self.absurd()
    }

    fn reregister(&mut self, _: &Registry, _: Token, _: Interest) -> io::Result<()> {
        self.absurd()
    }

    fn deregister(&mut self, _: &Registry) -> io::Result<()> {
        self.absurd()
    }
}
