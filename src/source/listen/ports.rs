//! Where others come in: sockets that are bound.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use mio::net::{TcpListener, UdpSocket};
use mio::{Interest, Registry, Token};

use super::connection::Socket;
use crate::net::{Bound, ListenKind, ListenSocket, Sender, SocketName, peer_credentials};
use crate::sys::local::watched::{UnixDatagram, UnixListener};

/// A socket that is watched.
pub(super) struct Port {
    pub(super) name: String,
    pub(super) socket: Arc<PortSocket>,
    /// It has something, as far as is known.
    pub(super) readable: bool,
    /// How many datagrams the system has dropped, as it said last.
    pub(super) dropped: u32,
    /// What is spoken there, and by whom.
    pub(super) kind: ListenKind,
    /// The name of a local socket, which goes with it.
    file: Option<SocketName>,
}

pub(super) enum PortSocket {
    Tcp(TcpListener),
    Unix(UnixListener),
    Udp(UdpSocket),
    UnixDatagram(UnixDatagram),
    /// Nobody is let in any more.
    Closed,
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

/// The same of whoever has sent a datagram.
pub(super) fn sender_name(sender: Sender, port: &str) -> String {
    match sender {
        Sender::Inet(address) => peer_name(address),
        Sender::Process(credentials) => credentials.to_string(),
        Sender::Unknown => port.to_owned(),
    }
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
            ListenSocket::Tcp(socket) => {
                socket.set_nonblocking(true)?;
                let mut socket = TcpListener::from_std(socket);
                registry.register(&mut socket, token, readable)?;
                PortSocket::Tcp(socket)
            }
            ListenSocket::Unix(socket) => {
                socket.set_nonblocking(true)?;
                let mut socket = UnixListener::from_std(socket);
                registry.register(&mut socket, token, readable)?;
                PortSocket::Unix(socket)
            }
            ListenSocket::Udp(socket) => {
                socket.set_nonblocking(true)?;
                let mut socket = UdpSocket::from_std(socket);
                registry.register(&mut socket, token, readable)?;
                PortSocket::Udp(socket)
            }
            ListenSocket::UnixDatagram(socket) => {
                socket.set_nonblocking(true)?;
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
            kind: bound.kind,
            file: bound.file,
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
            PortSocket::Closed => false,
        }
    }

    /// The next stream; `None` if there is none at the moment, or it has gone
    /// again.
    pub(super) fn accept(&mut self) -> io::Result<Option<(Socket, Peer)>> {
        let accepted = match &*self.socket {
            PortSocket::Tcp(socket) => socket
                .accept()
                .map(|(stream, peer)| (Socket::Tcp(stream), Peer::Inet(peer))),
            PortSocket::Unix(socket) => socket.accept().map(|(stream, _)| {
                let peer = match peer_credentials(&stream) {
                    Ok(credentials) => credentials.to_string(),
                    Err(_) => self.name.clone(),
                };
                (Socket::Unix(stream), Peer::Local(peer))
            }),
            PortSocket::Udp(_) | PortSocket::UnixDatagram(_) | PortSocket::Closed => {
                return Ok(None);
            }
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
    pub(super) fn stop(&mut self) {
        if matches!(*self.socket, PortSocket::Tcp(_) | PortSocket::Unix(_)) {
            self.socket = Arc::new(PortSocket::Closed);
            self.file = None;
        }
    }
}
