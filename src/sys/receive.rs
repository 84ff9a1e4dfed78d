//! Datagrams: as many as there are at once.

use std::io;
use std::net::SocketAddr;

use super::fill::{DatagramSocket, fill};
use super::sockets::Credentials;

/// How many datagrams come with one call, at most.
pub(super) const DATAGRAMS: usize = 64;

/// And with the first, or where few came with the last: a call costs more the
/// more it asks for.
const FEW: usize = 8;

/// No UDP datagram is longer.
const UDP_ROOM: usize = 65_535;

/// Who sent a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// A port of a host. UDP lets everybody claim any.
    Inet(SocketAddr),
    /// A process on this machine.
    Process(Credentials),
    /// The system does not tell.
    Unknown,
}

/// One datagram of a [`Batch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram<'b> {
    /// Its content, or as much of it as there was room for.
    pub bytes: &'b [u8],
    /// How long it was, in bytes.
    pub length: usize,
    /// Who sent it.
    pub sender: Sender,
}

impl Datagram<'_> {
    /// Whether its end is missing.
    pub fn is_truncated(&self) -> bool {
        self.bytes.len() < self.length
    }
}

/// Room for the datagrams of one call, used again and again. Of the memory that
/// it sets aside, the system gives only what datagrams have ever filled.
#[derive(Debug)]
pub struct Batch {
    pub(super) buffer: Vec<u8>,
    /// The bytes of one datagram.
    pub(super) room: usize,
    #[cfg_attr(
        not(target_os = "linux"),
        allow(dead_code, reason = "it is for recvmmsg")
    )]
    pub(super) local: bool,
    /// How many to ask for next.
    pub(super) asks: usize,
    /// Whether there may be more than the last call got.
    full: bool,
    pub(super) received: Vec<Received>,
    pub(super) dropped: Option<u32>,
}

/// What is known of the queue behind the last datagram that was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It is empty if fewer came than were asked for.
    Seen,
    /// Nothing.
    Unknown,
}

/// What is known of the datagram in one place of the buffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Received {
    pub(super) length: usize,
    pub(super) sender: Sender,
}

impl Batch {
    /// For a UDP socket: 64 datagrams of any length that there is, 4 MiB.
    pub fn udp() -> Batch {
        Batch::new(DATAGRAMS, UDP_ROOM, false)
    }

    /// For a Unix datagram socket: 16 datagrams of at most so many bytes, which
    /// may be more than UDP's.
    pub fn unix(longest: usize) -> Batch {
        Batch::new(DATAGRAMS / 4, longest.max(1), true)
    }

    fn new(count: usize, room: usize, local: bool) -> Batch {
        Batch {
            buffer: vec![0; count * room],
            room,
            local,
            asks: FEW.min(count),
            full: false,
            received: Vec::with_capacity(count),
            dropped: None,
        }
    }

    /// The datagrams that came with the last call, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Datagram<'_>> {
        let places = self.buffer.chunks_exact(self.room);
        self.received
            .iter()
            .zip(places)
            .map(|(received, place)| Datagram {
                bytes: &place[..received.length.min(place.len())],
                length: received.length,
                sender: received.sender,
            })
    }

    /// Whether there may be more datagrams. If not, the last call has seen the end
    /// of the queue, and what comes later is an event of its own for epoll(7) and
    /// its like, edge-triggered too.
    pub fn may_be_more(&self) -> bool {
        self.full
    }

    /// Learns from how many came.
    fn adapt(&mut self, end: End) {
        let count = self.received.len();
        let full = count == self.asks;
        self.full = full || end == End::Unknown;
        if full {
            self.asks = (self.asks * 2).min(self.received.capacity());
        } else if count < self.asks / 4 {
            self.asks = (self.asks / 2).max(FEW);
        }
    }

    /// How many datagrams the kernel had dropped when the last one came that was
    /// received here, since the socket was made; starts again at 2^32. `None`
    /// before it tells of any, which it does from the first drop on.
    pub fn dropped(&self) -> Option<u32> {
        self.dropped
    }
}

/// Receives what is there, at most as many datagrams as the batch has room for and
/// at first fewer, and says how many; never waits. The batch then holds these and
/// no others.
/// Allocates three times in all for the kernel's headers, on Linux: they can't be
/// used twice, for it leaves lengths in them.
///
/// # Errors
/// `WouldBlock` where there is none; else those of recvmmsg(2) or recvfrom(2).
pub fn receive_many(socket: &impl DatagramSocket, batch: &mut Batch) -> io::Result<usize> {
    batch.received.clear();
    batch.full = false;
    loop {
        match fill(socket, batch) {
            Ok(end) => {
                batch.adapt(end);
                return Ok(batch.received.len());
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
