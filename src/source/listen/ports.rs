//! Where others come in: sockets that are bound.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use mio::net::{TcpListener, UdpSocket, UnixDatagram, UnixListener};
use mio::{Interest, Registry, Token};

use super::connection::Socket;
use crate::sys;

/// A socket to listen at, and its name for messages.
#[derive(Debug)]
pub struct Bound {
    /// As the user wrote it, with the port that the system has chosen.
    pub name: String,
    /// The socket, which does not block.
    pub socket: BoundSocket,
    /// HTTP is spoken there.
    pub http: bool,
}

/// See [`Bound`].
#[derive(Debug)]
pub enum BoundSocket {
    /// Streams of tcp.
    Tcp(std::net::TcpListener),
    /// Datagrams of udp.
    Udp(std::net::UdpSocket),
    /// Local streams.
    Unix(std::os::unix::net::UnixListener),
    /// Local datagrams.
    UnixDatagram(std::os::unix::net::UnixDatagram),
}

/// A socket that is watched.
pub(super) struct Port {
    pub(super) name: String,
    pub(super) socket: Arc<PortSocket>,
    /// It has something, as far as is known.
    pub(super) readable: bool,
    /// How many datagrams the system has dropped, as it said last.
    pub(super) dropped: u32,
    /// HTTP is spoken there.
    pub(super) http: bool,
}

pub(super) enum PortSocket {
    Tcp(TcpListener),
    Unix(UnixListener),
    Udp(UdpSocket),
    UnixDatagram(UnixDatagram),
}

/// Who has come in.
pub(super) enum Peer {
    Inet(SocketAddr),
    Local(String),
}

/// What messages and records call an address. An IPv4 address stays one where a
/// socket for both has taken it.
pub(super) fn peer_name(address: SocketAddr) -> String {
    SocketAddr::new(address.ip().to_canonical(), address.port()).to_string()
}

impl Peer {
    /// What messages and records call it.
    pub(super) fn name(&self) -> String {
        match self {
            Peer::Inet(address) => peer_name(*address),
            Peer::Local(name) => name.clone(),
        }
    }

    pub(super) fn address(&self) -> Option<IpAddr> {
        match self {
            Peer::Inet(address) => Some(address.ip().to_canonical()),
            Peer::Local(_) => None,
        }
    }
}

impl Port {
    pub(super) fn register(bound: Bound, registry: &Registry, place: usize) -> io::Result<Port> {
        let token = Token(place);
        let readable = Interest::READABLE;
        let socket = match bound.socket {
            BoundSocket::Tcp(socket) => {
                socket.set_nonblocking(true)?;
                let mut socket = TcpListener::from_std(socket);
                registry.register(&mut socket, token, readable)?;
                PortSocket::Tcp(socket)
            }
            BoundSocket::Unix(socket) => {
                socket.set_nonblocking(true)?;
                let mut socket = UnixListener::from_std(socket);
                registry.register(&mut socket, token, readable)?;
                PortSocket::Unix(socket)
            }
            BoundSocket::Udp(socket) => {
                socket.set_nonblocking(true)?;
                sys::count_drops(&socket);
                let mut socket = UdpSocket::from_std(socket);
                registry.register(&mut socket, token, readable)?;
                PortSocket::Udp(socket)
            }
            BoundSocket::UnixDatagram(socket) => {
                socket.set_nonblocking(true)?;
                sys::count_drops(&socket);
                let mut socket = UnixDatagram::from_std(socket);
                registry.register(&mut socket, token, readable)?;
                PortSocket::UnixDatagram(socket)
            }
        };
        Ok(Port {
            name: bound.name,
            socket: Arc::new(socket),
            // What came before anybody watched.
            readable: true,
            dropped: 0,
            http: bound.http,
        })
    }

    /// Whether it lets in streams, and has one, as far as is known.
    pub(super) fn accepts(&self) -> bool {
        self.readable && matches!(*self.socket, PortSocket::Tcp(_) | PortSocket::Unix(_))
    }

    pub(super) fn takes_datagrams(&self) -> bool {
        matches!(
            *self.socket,
            PortSocket::Udp(_) | PortSocket::UnixDatagram(_)
        )
    }

    pub(super) fn is_inet(&self) -> bool {
        matches!(*self.socket, PortSocket::Tcp(_) | PortSocket::Udp(_))
    }

    pub(super) fn has_more(&self, may_accept: bool) -> bool {
        match *self.socket {
            PortSocket::Tcp(_) | PortSocket::Unix(_) => self.readable && may_accept,
            PortSocket::Udp(_) | PortSocket::UnixDatagram(_) => self.readable,
        }
    }

    /// The next stream; `None` if there is none at the moment, or it has gone
    /// again.
    pub(super) fn accept(&mut self) -> io::Result<Option<(Socket, Peer)>> {
        let accepted = match &*self.socket {
            PortSocket::Tcp(socket) => socket
                .accept()
                .map(|(stream, peer)| (Socket::Tcp(stream), Peer::Inet(peer))),
            PortSocket::Unix(socket) => socket
                .accept()
                .map(|(stream, _)| (Socket::Unix(stream), Peer::Local(self.name.clone()))),
            PortSocket::Udp(_) | PortSocket::UnixDatagram(_) => return Ok(None),
        };
        match accepted {
            Ok(accepted) => Ok(Some(accepted)),
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock => {
                    self.readable = false;
                    Ok(None)
                }
                io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted => Ok(None),
                _ => Err(error),
            },
        }
    }

    /// Lets nobody in any more; datagrams that have come are still there.
    /// Whether nothing is left to be read.
    pub(super) fn stop(&mut self) -> bool {
        matches!(*self.socket, PortSocket::Tcp(_) | PortSocket::Unix(_))
    }
}
