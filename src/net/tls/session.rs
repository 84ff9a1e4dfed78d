//! One connection's TLS: bytes in, bytes out, and which of them belong together.

use std::io::{self, Read, Write};
use std::time::Instant;

use rustls::{AlertDescription, ClientConnection};
use socket2::Socket;

use super::HandshakeError;
use super::places::Places;
use super::words::certificate_problem;
use crate::sys::socket::{receive, send, wait_socket};

/// The most plain bytes of one TLS record (RFC 8446, 5.1).
const RECORD: usize = 16 << 10;

/// So many encrypted bytes may wait for room before no more are taken.
const WAITING: usize = 4 * RECORD;

#[derive(Debug)]
pub(in crate::net) struct Session {
    tls: ClientConnection,
    /// Encrypted bytes, of which those from `out` on are not yet written.
    waiting: Vec<u8>,
    out: usize,
    /// Encrypted bytes that were ever written.
    pushed: u64,
    plain: u64,
    places: Places,
    /// Plain bytes that were received and not read.
    readable: usize,
    /// The other side took its leave.
    closed: bool,
    /// It ended its stream without that.
    cut_off: bool,
}

/// The socket as rustls reads from it.
struct Wire<'a>(&'a Socket);

impl Read for Wire<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        receive(self.0, buffer)
    }
}

impl Session {
    pub fn new(tls: ClientConnection) -> Session {
        Session {
            tls,
            waiting: Vec::new(),
            out: 0,
            pushed: 0,
            plain: 0,
            places: Places::default(),
            readable: 0,
            closed: false,
            cut_off: false,
        }
    }

    /// Agrees on keys, and checks who the other side is.
    pub fn handshake(&mut self, socket: &Socket, deadline: Instant) -> Result<(), HandshakeError> {
        loop {
            self.collect()?;
            let blocked = is_blocked(self.push(socket))?;
            if !self.tls.is_handshaking() && !blocked {
                return Ok(());
            }
            match self.tls.read_tls(&mut Wire(socket)) {
                Ok(0) => {
                    let text = "it closed the connection instead of agreeing on TLS";
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text).into());
                }
                Ok(_) => {
                    self.process(socket)?;
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let text = "it does not answer the TLS handshake";
                return Err(io::Error::new(io::ErrorKind::TimedOut, text).into());
            }
            wait_socket(socket, true, blocked, left)?;
        }
    }

    /// Takes as many bytes as there is room for, perhaps none, and encrypts them.
    pub fn encrypt(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut taken = 0;
        while taken < bytes.len() && self.waiting.len() - self.out < WAITING {
            let end = bytes.len().min(taken + RECORD);
            let count = self.tls.writer().write(&bytes[taken..end])?;
            self.collect()?;
            self.plain += count as u64;
            taken += count;
            let waiting = self.waiting.len() - self.out;
            self.places.note(self.pushed + waiting as u64, self.plain);
        }
        Ok(taken)
    }

    /// Whether it would be good to know what has arrived.
    pub fn wants_progress(&self) -> bool {
        self.places.are_many()
    }

    /// Forgets what has arrived, by encrypted bytes.
    pub fn forget(&mut self, arrived: u64) {
        self.places.forget(arrived);
    }

    /// How many plain bytes have arrived when so many encrypted ones have.
    pub fn plain(&self, arrived: u64) -> u64 {
        self.places.plain(arrived)
    }

    /// Takes what rustls has to send.
    fn collect(&mut self) -> io::Result<()> {
        while self.tls.wants_write() {
            self.tls.write_tls(&mut self.waiting)?;
        }
        Ok(())
    }

    /// Writes what waits; `WouldBlock` if not all could be.
    pub fn push(&mut self, socket: &Socket) -> io::Result<()> {
        while self.out < self.waiting.len() {
            match send(socket, &self.waiting[self.out..]) {
                Ok(count) => {
                    self.out += count;
                    self.pushed += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    // What is out need not be kept, once it is much.
                    if self.out >= RECORD {
                        self.waiting.drain(..self.out);
                        self.out = 0;
                    }
                    return Err(error);
                }
            }
        }
        self.waiting.clear();
        self.out = 0;
        Ok(())
    }

    /// Encrypted bytes that were written so far.
    pub fn pushed(&self) -> u64 {
        self.pushed
    }

    /// Reads and decrypts what is there, as long as nothing waits to be read.
    pub fn pull(&mut self, socket: &Socket) -> io::Result<()> {
        while self.readable == 0 && !self.closed && !self.cut_off {
            match self.tls.read_tls(&mut Wire(socket)) {
                Ok(0) => self.cut_off = true,
                Ok(_) => self.process(socket)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn process(&mut self, socket: &Socket) -> Result<(), HandshakeError> {
        let processed = self.tls.process_new_packets();
        // An answer, for example of keys, or an alert that says why we leave.
        self.collect()?;
        let pushed = self.push(socket);
        let state = processed.map_err(explain)?;
        self.readable = state.plaintext_bytes_to_read();
        self.closed = state.peer_has_closed();
        is_blocked(pushed)?;
        Ok(())
    }

    pub fn is_readable(&self) -> bool {
        self.readable > 0
    }

    pub fn is_closed(&self) -> bool {
        self.closed
    }

    pub fn is_cut_off(&self) -> bool {
        self.cut_off
    }

    /// Reads decrypted bytes; 0 where the other side took its leave.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.tls.reader().read(buffer)?;
        self.readable = self.readable.saturating_sub(count);
        Ok(count)
    }

    /// Says that nothing more will come.
    pub fn say_goodbye(&mut self) -> io::Result<()> {
        self.tls.send_close_notify();
        self.collect()
    }
}

/// Whether a push left something, if that is all that is wrong.
fn is_blocked(pushed: io::Result<()>) -> io::Result<bool> {
    match pushed {
        Ok(()) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(true),
        Err(error) => Err(error),
    }
}

/// An error of rustls in words for whoever has to mend it.
pub(super) fn explain(error: rustls::Error) -> HandshakeError {
    use rustls::Error as Tls;
    match error {
        Tls::InvalidCertificate(why) => HandshakeError::Certificate(certificate_problem(&why)),
        Tls::NoCertificatesPresented => HandshakeError::Certificate("there is none".to_owned()),
        Tls::AlertReceived(alert) => HandshakeError::Refused(match alert {
            AlertDescription::CertificateRequired => {
                "it wants a certificate of ours, and none is given".to_owned()
            }
            AlertDescription::UnknownCA => {
                "it does not trust whoever signed our certificate".to_owned()
            }
            AlertDescription::ProtocolVersion => "it has neither TLS 1.2 nor 1.3".to_owned(),
            other => format!("alert {other:?}"),
        }),
        Tls::InvalidMessage(_) => HandshakeError::Protocol(
            "what it says is no TLS; perhaps it listens without".to_owned(),
        ),
        Tls::PeerIncompatible(why) => {
            HandshakeError::Protocol(format!("it has no TLS that is accepted here: {why:?}"))
        }
        other => HandshakeError::Protocol(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_in_plain_words() {
        let name = rustls::pki_types::ServerName::try_from("loghost.test").unwrap();
        let wrong = rustls::CertificateError::NotValidForNameContext {
            expected: name,
            presented: vec!["DnsName(\"other.test\")".to_owned()],
        };
        let told = explain(rustls::Error::InvalidCertificate(wrong));
        assert_eq!(
            told.to_string(),
            "its certificate is refused: it is not valid for name \"loghost.test\"; \
             it is only valid for DnsName(\"other.test\")"
        );
        assert!(told.is_permanent());
        let alert = rustls::Error::AlertReceived(AlertDescription::HandshakeFailure);
        assert_eq!(
            explain(alert).to_string(),
            "it refuses: alert HandshakeFailure"
        );
    }
}
