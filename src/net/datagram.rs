//! Datagrams: one record each, as many as possible with one call.

use std::fs::File;
use std::io::{self, IoSlice};

use socket2::Socket;

use crate::batch::Frames;
use crate::sys::memfd;
use crate::sys::socket;
use crate::sys::sockets::DATAGRAMS;

use super::connect::unix_datagram;
use super::connection::{Connection, Kind};

/// The most that UDP's and IP's lengths leave for a datagram's content.
const UDP_OVER_IPV4: usize = 65_507;
const UDP_OVER_IPV6: usize = 65_527;

/// Whether an error of [`Connection::send`] says that the datagram was too long,
/// and will never be sent.
pub fn is_too_long(error: &io::Error) -> bool {
    socket::is_too_long(error)
}

/// There is no file in memory for a record.
#[derive(Debug, thiserror::Error)]
#[error("cannot make a file in memory: {0}")]
struct NoFile(io::Error);

/// Whether an error of [`Connection::send_as_file`] says that there is no file to
/// be sent, which the connection can't help.
pub fn is_no_file(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<NoFile>())
}

/// The longest datagram that a socket can send; `None` for a stream.
pub(super) fn max_datagram(socket: &Socket, kind: &Kind) -> Option<usize> {
    match kind {
        Kind::Tcp | Kind::UnixStream => None,
        Kind::Udp => Some(match socket.peer_addr() {
            Ok(peer) if peer.is_ipv6() => UDP_OVER_IPV6,
            _ => UDP_OVER_IPV4,
        }),
        Kind::UnixDatagram { .. } => socket::unix_datagram_room(socket).ok(),
    }
}

impl Connection {
    /// Sends one datagram.
    ///
    /// # Errors
    /// Those of [`send_many`](Self::send_many).
    pub fn send(&mut self, datagram: &[u8]) -> io::Result<()> {
        let mut begun = None;
        loop {
            match socket::send(&self.socket, datagram) {
                Ok(_) => {
                    self.sent_datagram(datagram.len());
                    return Ok(());
                }
                Err(error) => self.make_room(error, &mut begun)?,
            }
        }
    }

    /// Sends the records from the record end `from` on, one in each datagram, and
    /// says how many were sent: all, unless there is an error. A byte that records
    /// end with and that receivers do not want can be left out.
    ///
    /// # Errors
    /// For the first record that was not sent: `WouldBlock` and `TimedOut` as for
    /// [`write`](Self::write), one for which [`is_too_long`] holds (also of one that
    /// is [not to be sent](Self::set_longest) so), or
    /// `ConnectionRefused` where nobody listens. UDP learns that from an earlier
    /// datagram, which is then lost; the error is told once.
    pub fn send_many(
        &mut self,
        frames: &Frames<'_>,
        from: usize,
        leave_out: Option<u8>,
    ) -> (usize, io::Result<()>) {
        let content = |record: &'_ [u8]| match (record.last(), leave_out) {
            (Some(last), Some(end)) if *last == end => record.len() - 1,
            _ => record.len(),
        };
        let mut records = frames.iter_from(from).map(|(record, _)| record);
        let mut total = 0;
        let mut batch = [[IoSlice::new(&[])]; DATAGRAMS];
        let mut filled = 0;
        let mut too_long = false;
        let mut begun = None;
        loop {
            while filled < DATAGRAMS
                && !too_long
                && let Some(record) = records.next()
            {
                let length = content(record);
                too_long = length > self.longest;
                if !too_long {
                    batch[filled] = [IoSlice::new(&record[..length])];
                    filled += 1;
                }
            }
            if filled == 0 && too_long {
                return (total, Err(socket::too_long()));
            }
            if filled == 0 {
                return (total, Ok(()));
            }
            match socket::send_datagrams(&self.socket, &batch[..filled]) {
                Ok(sent) => {
                    begun = None;
                    total += sent;
                    let length = batch[..sent].iter().map(|slice| slice[0].len()).sum();
                    self.sent_datagram(length);
                    batch.copy_within(sent..filled, 0);
                    filled -= sent;
                    if filled > 0 && sent > 0 && self.was_refused(&batch[0][0]) {
                        return (total, Err(io::ErrorKind::ConnectionRefused.into()));
                    }
                }
                Err(error) => {
                    if let Err(error) = self.make_room(error, &mut begun) {
                        return (total, Err(error));
                    }
                }
            }
        }
    }

    /// Sends a record as a sealed file in memory, whose descriptor is all that
    /// the datagram has: for receivers that take one so, as journald does. It
    /// counts as one byte.
    ///
    /// # Errors
    /// `WouldBlock` and `TimedOut` as for [`write`](Self::write); one for which
    /// [`is_no_file`] holds, where the fault is not the connection's; else what
    /// became of the connection.
    pub fn send_as_file(&mut self, record: &[u8]) -> io::Result<()> {
        let file = memfd::sealed_file(record);
        let file: File = file.map_err(|error| io::Error::new(error.kind(), NoFile(error)))?;
        let mut begun = None;
        loop {
            match memfd::send_descriptor(&self.socket, &file) {
                Ok(()) => {
                    // None would not tell when it was read.
                    self.sent_datagram(1);
                    return Ok(());
                }
                Err(error) => self.make_room(error, &mut begun)?,
            }
        }
    }

    /// From now on, [`send_many`](Self::send_many) takes a longer record for one
    /// that no datagram can hold.
    pub fn set_longest(&mut self, bytes: usize) {
        self.longest = bytes;
    }

    /// Whether the last datagram that was sent was refused, where a call stopped
    /// before the next one. sendmmsg(2) does not say why it stopped, and a
    /// refusal is told once only: so the next one is sent by itself, and if that
    /// goes well, whatever stopped the call has passed. That one is not counted
    /// as sent.
    fn was_refused(&self, next: &[u8]) -> bool {
        matches!(self.kind, Kind::Udp) && socket::send(&self.socket, next).is_ok()
    }

    /// The longest datagram that can be sent, in bytes; `None` for a stream.
    pub fn max_datagram(&self) -> Option<usize> {
        self.max_datagram
    }

    /// Whether the path of a Unix datagram socket still leads to the receiver that
    /// this connection was made to, and it takes datagrams: a receiver that ended or
    /// was started again is noticed before anything is sent into nothing. Of an
    /// abstract socket only that there is one. Always true for other transports.
    pub fn is_same_peer(&self) -> bool {
        match &self.kind {
            // This looks before it connects, so the answer is not about another one.
            Kind::UnixDatagram { path, seen } => {
                unix_datagram(path).is_ok_and(|(_, found)| found == *seen)
            }
            _ => true,
        }
    }
}
