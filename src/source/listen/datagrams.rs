//! Datagrams: each is a message, or a part of one.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::sync::Arc;

use super::admit::{Origin, Refusal, unpacked};
use super::framing::{Kind, Message};
use super::ports::{PortSocket, sender_name};
use super::streams::unsealed;
use super::{Listen, Wire, detect};
use crate::diag::plain;
use crate::net::{Batch, Datagram, Sender, receive_many};
use crate::now::Now;
use crate::record::{LinePart, Record};
use crate::source::Sink;
use crate::wire::gelf::assembly::Taken;
use crate::wire::gelf::chunk::is_chunk;

/// So often the system is asked for more of one port in a turn.
const ASKED: usize = 16;

/// Why a datagram makes no record.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("a datagram has no valid authentication code")]
    NoCode,
    #[error("a chunk of GELF is too short, or its number and count make no sense")]
    Chunk,
    #[error("a datagram was longer than one can be, and was cut off")]
    Truncated,
    #[error("a datagram of {0} bytes is longer than the {1} that are taken (--max-record)")]
    TooLong(usize, usize),
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// What receiving needs beside the listener.
pub(super) struct Datagrams {
    udp: Batch,
    local: Batch,
    /// The last sender, and its name: the next one is most often the same.
    last: Option<(Sender, String)>,
    /// A message that came in chunks.
    whole: Vec<u8>,
}

impl Datagrams {
    /// Room for udp's, and for local ones of at most so many bytes.
    pub(super) fn new(longest: usize) -> Datagrams {
        Datagrams {
            udp: Batch::udp(),
            local: Batch::unix(longest),
            last: None,
            whole: Vec::new(),
        }
    }
}

impl Listen {
    /// Takes the datagrams that a port has, a bounded number of them.
    pub(super) fn receive(&mut self, place: usize, now: Now, each: &mut Sink<'_>) {
        let Some(mut datagrams) = self.datagrams.take() else {
            return;
        };
        for _ in 0..ASKED {
            let port = &mut self.ports[place];
            if !port.readable {
                break;
            }
            let socket = Arc::clone(&port.socket);
            let name = port.name.clone();
            let Datagrams {
                udp,
                local,
                last,
                whole,
            } = &mut *datagrams;
            let (batch, received) = match &*socket {
                PortSocket::Udp(socket) => {
                    let received = receive_many(socket, udp);
                    (udp, received)
                }
                PortSocket::UnixDatagram(socket) => {
                    let received = receive_many(socket, local);
                    (local, received)
                }
                PortSocket::Tcp(_) | PortSocket::Unix(_) | PortSocket::Closed => break,
            };
            match received {
                Ok(_) => {
                    self.ports[place].readable = batch.may_be_more();
                    for datagram in batch.iter() {
                        self.datagram(datagram, &name, last, whole, now, each);
                    }
                    if let Some(dropped) = batch.dropped() {
                        self.note_dropped(place, dropped);
                    }
                }
                Err(error) => {
                    self.ports[place].readable = false;
                    if error.kind() != io::ErrorKind::WouldBlock {
                        // What a datagram of ours met, or a shortage of memory.
                        let reason = plain(&error);
                        let text = format_args!("cannot receive: {reason}");
                        self.complaints.tell(&name, text, now.mono);
                    }
                }
            }
        }
        self.datagrams = Some(datagrams);
    }

    pub(super) fn note_dropped(&mut self, place: usize, dropped: u32) {
        let port = &mut self.ports[place];
        // It is a count of 32 bits that begins anew.
        let more = dropped.wrapping_sub(port.dropped);
        port.dropped = dropped;
        if more > 0 && self.tally.unread == 0 {
            self.diag.warn(format_args!(
                "{}: datagrams come faster than they are taken; the system has dropped {more} so \
                 far",
                port.name
            ));
        }
        self.tally.unread += u64::from(more);
    }

    fn datagram(
        &mut self,
        datagram: Datagram<'_>,
        port: &str,
        last: &mut Option<(Sender, String)>,
        whole: &mut Vec<u8>,
        now: Now,
        each: &mut Sink<'_>,
    ) {
        self.tally.bytes += datagram.bytes.len() as u64;
        let sender = datagram.sender;
        if last.as_ref().is_none_or(|(known, _)| *known != sender) {
            *last = Some((sender, sender_name(sender, port)));
        }
        let peer = last.as_ref().map_or(port, |(_, name)| name);
        let allowed = match sender {
            Sender::Inet(address) => self.allow.permits(address.ip()),
            Sender::Process(_) | Sender::Unknown => true,
        };
        if !allowed {
            self.tally.refused += 1;
            let text = format_args!("refused: --allow does not permit it");
            return self.complaints.tell(peer, text, now.mono);
        }
        if let Err(fault) = self.take_datagram(datagram, peer, whole, now, each) {
            self.tally.refused += 1;
            self.complaints
                .tell(peer, format_args!("{fault}"), now.mono);
        }
    }

    fn take_datagram(
        &mut self,
        datagram: Datagram<'_>,
        peer: &str,
        whole: &mut Vec<u8>,
        now: Now,
        each: &mut Sink<'_>,
    ) -> Result<(), Fault> {
        if datagram.is_truncated() {
            return Err(Fault::Truncated);
        }
        let bytes = datagram.bytes;
        let gelf = matches!(self.accepted.wire, None | Some(Wire::Gelf));
        if gelf && is_chunk(bytes) {
            if self.accepted.key.is_some() {
                return Err(Fault::NoCode);
            }
            let mut sender = DefaultHasher::new();
            // Who it is, as far as its name tells.
            peer.hash(&mut sender);
            whole.clear();
            let taken = self.assembly.add(sender.finish(), bytes, now.mono, whole);
            return match taken {
                Taken::Complete => self.take_payload(whole, peer, now, each),
                Taken::Malformed => Err(Fault::Chunk),
                Taken::Waiting | Taken::Dropped => Ok(()),
            };
        }
        self.take_payload(bytes, peer, now, each)
    }

    fn take_payload(
        &mut self,
        bytes: &[u8],
        peer: &str,
        now: Now,
        each: &mut Sink<'_>,
    ) -> Result<(), Fault> {
        let most = self.accepted.longest_frame();
        let mut message = self.message_in(bytes);
        if let Some(key) = &self.accepted.key {
            message.bytes = unsealed(key, &message).ok_or(Fault::NoCode)?;
        }
        let unpacked = match message.kind {
            // What only looks as if it was compressed is text.
            Kind::Auto => {
                unpacked(message.bytes, most).or_else(|refusal| match is_text(message.bytes) {
                    true => Ok(message.bytes.into()),
                    false => Err(refusal),
                })?
            }
            Kind::Gelf => unpacked(message.bytes, most)?,
            _ => message.bytes.into(),
        };
        if unpacked.len() > most {
            return Err(Fault::TooLong(unpacked.len(), most));
        }
        message.bytes = match message.kind {
            Kind::Pickle => &unpacked,
            _ => without_end(&unpacked),
        };
        if message.bytes.is_empty() {
            return Ok(());
        }
        let defaults = Arc::clone(&self.admission.defaults);
        let received = std::mem::take(&mut self.admission.received);
        let origin = Origin {
            defaults: &defaults,
            peer,
            received: &received,
            stream: LinePart::MANY,
            now,
        };
        let room = std::mem::take(&mut self.admission.room);
        let mut record = Record::reusing(room, &defaults, now.wall);
        let taken = self.admission.take(message, &origin, &mut record, each);
        self.admission.room = record.into_room();
        self.admission.received = received;
        taken?;
        Ok(())
    }

    /// What a datagram is, by what is asked for or what it begins with.
    fn message_in<'b>(&self, bytes: &'b [u8]) -> Message<'b> {
        let text = |kind| Message::new(bytes, kind);
        match self.accepted.wire {
            Some(Wire::Json) => text(Kind::Json),
            Some(Wire::Lines) => text(Kind::Plain),
            Some(Wire::Syslog) => text(Kind::Syslog),
            Some(Wire::Gelf) => text(Kind::Gelf),
            Some(Wire::Pickle) => Message::new(without_length(bytes), Kind::Pickle),
            // It needs a stream.
            Some(Wire::Lh) => text(Kind::Json),
            None => match bytes.first() {
                Some(0x80) if bytes.get(1).is_some_and(|protocol| *protocol <= 5) => {
                    text(Kind::Pickle)
                }
                Some(&first) if detect::is_binary(first) && without_length(bytes) != bytes => {
                    Message::new(without_length(bytes), Kind::Pickle)
                }
                _ => text(Kind::Auto),
            },
        }
    }
}

/// The pickle behind its length, which Python's `DatagramHandler` sends too.
fn without_length(bytes: &[u8]) -> &[u8] {
    match bytes.split_first_chunk::<4>() {
        Some((head, rest)) if usize::try_from(u32::from_be_bytes(*head)) == Ok(rest.len()) => rest,
        _ => bytes,
    }
}

fn is_text(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok()
}

/// Without what ends a line, or a text of C.
fn without_end(bytes: &[u8]) -> &[u8] {
    let mut bytes = bytes;
    while let [rest @ .., b'\n' | b'\r' | 0] = bytes {
        bytes = rest;
    }
    bytes
}
