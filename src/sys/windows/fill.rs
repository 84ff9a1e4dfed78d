//! Datagrams, one by one.

use std::io;
use std::net::SocketAddr;

use super::local::watched::UnixDatagram;
use crate::sys::receive::{Batch, End, Received, Sender};

/// A socket that datagrams come to.
pub trait DatagramSocket {
    /// The next one, if there is one at the moment.
    ///
    /// # Errors
    /// Those of recvfrom.
    fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)>;
}

// Not by the socket itself: mio looks for more only after it has seen the end.
impl DatagramSocket for mio::net::UdpSocket {
    fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.recv_from(buffer)
    }
}

impl DatagramSocket for UnixDatagram {
    fn receive(&self, _buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.absurd()
    }
}

pub(in crate::sys) fn fill(socket: &impl DatagramSocket, batch: &mut Batch) -> io::Result<End> {
    for place in batch.buffer.chunks_exact_mut(batch.room).take(batch.asks) {
        match socket.receive(place) {
            Ok((length, address)) => batch.received.push(Received {
                length,
                sender: Sender::Inet(address),
            }),
            // A datagram that was sent from here was refused, which says nothing of
            // those that come.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
            Err(error) if batch.received.is_empty() => return Err(error),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(End::Seen),
            Err(_) => break,
        }
    }
    Ok(End::Unknown)
}
