//! The session of a connection that was accepted: bytes in, bytes out.

use std::io::{self, BufRead, Write};

use rustls::{AlertDescription, PeerIncompatible, ServerConnection};

use super::peer_name::peer_name;
use super::words::certificate_problem;
use super::{HandshakeError, TlsFed};

/// The first byte of every TLS connection: a record of the handshake (RFC 8446,
/// 5.1).
const HANDSHAKE: u8 = 0x16;

/// So much is shown of what is no TLS.
const SHOWN: usize = 24;

/// TLS of one connection that was accepted. Does no I/O of its own.
#[derive(Debug)]
pub struct TlsServerSession {
    tls: ServerConnection,
    /// Whether a byte was ever taken.
    begun: bool,
    /// The client has taken its leave.
    ended: bool,
    /// Why nothing more is read; told once what came before it is read.
    failed: Option<rustls::Error>,
}

impl TlsServerSession {
    pub(super) fn new(tls: ServerConnection) -> TlsServerSession {
        TlsServerSession {
            tls,
            begun: false,
            ended: false,
            failed: None,
        }
    }

    /// Takes encrypted bytes, appends at most `limit` plain ones to `plain`, and
    /// what is to be sent to `out`. Where [`TlsFed::more`] is set, there are more
    /// plain bytes than that: they come with the next call, which then is owed
    /// even if nothing new was received.
    ///
    /// Holds at most one TLS record (16 KiB) besides, and 64 KiB of handshake.
    ///
    /// # Errors
    /// `PermissionDenied` where one side refuses the other, `InvalidData` for
    /// what is no TLS, with a text for whoever has to mend it; also behind the
    /// handshake. The connection is of no use then, but `plain` may have got what
    /// came before, and what is in `out`, which tells the client why, should still
    /// be sent.
    pub fn feed(
        &mut self,
        cipher: &[u8],
        limit: usize,
        plain: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> io::Result<TlsFed> {
        let most = plain.len().saturating_add(limit);
        let mut rest = cipher;
        let more = loop {
            if self.take(most, plain)? {
                break true;
            }
            if let Some(error) = &self.failed {
                return Err(explain(error.clone()).into());
            }
            if rest.is_empty() || self.ended {
                break false;
            }
            if !self.begun && rest[0] != HANDSHAKE {
                return Err(no_tls(rest).into());
            }
            self.begun = true;
            self.tls.read_tls(&mut rest)?;
            let processed = self.tls.process_new_packets();
            self.collect(out)?;
            match processed {
                Ok(state) => self.ended = state.peer_has_closed(),
                Err(error) => self.failed = Some(error),
            }
        };
        // What comes behind the farewell is nobody's.
        let left = if self.ended { 0 } else { rest.len() };
        Ok(TlsFed {
            used: cipher.len() - left,
            ended: self.ended && !more,
            more,
        })
    }

    /// Moves plain bytes until there are so many; whether there are more.
    fn take(&mut self, most: usize, plain: &mut Vec<u8>) -> io::Result<bool> {
        let mut reader = self.tls.reader();
        loop {
            let chunk = match reader.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            };
            if chunk.is_empty() {
                return Ok(false);
            }
            let count = chunk.len().min(most - plain.len());
            if count == 0 {
                return Ok(true);
            }
            plain.extend_from_slice(&chunk[..count]);
            reader.consume(count);
        }
    }

    /// Encrypts bytes, and appends what is to be sent to `out`. What is written
    /// while the handshake lasts is sent when it is done.
    ///
    /// # Errors
    /// `WriteZero` where TLS takes no more: 64 KiB wait for the handshake.
    pub fn write(&mut self, plain: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        let mut rest = plain;
        while !rest.is_empty() {
            let count = self.tls.writer().write(rest)?;
            if count == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            rest = &rest[count..];
            self.collect(out)?;
        }
        Ok(())
    }

    /// Takes our leave: nothing more will be written.
    pub fn close(&mut self, out: &mut Vec<u8>) {
        self.tls.send_close_notify();
        // A vector takes everything.
        let _ = self.collect(out);
    }

    /// Whether keys are not agreed on yet.
    pub fn is_handshaking(&self) -> bool {
        self.tls.is_handshaking()
    }

    /// Whom the client's certificate is for, once the handshake is done: its first
    /// DNS name, else its first URI, else the common name of its subject. Other
    /// characters than letters, digits, blanks and a few signs are escaped.
    pub fn peer_name(&self) -> Option<String> {
        peer_name(self.tls.peer_certificates()?.first()?)
    }

    fn collect(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        while self.tls.wants_write() {
            self.tls.write_tls(out)?;
        }
        Ok(())
    }
}

fn no_tls(begin: &[u8]) -> HandshakeError {
    let shown = begin[..begin.len().min(SHOWN)].escape_ascii();
    HandshakeError::Protocol(format!(
        "it speaks no TLS, and this address takes nothing else: it began with \"{shown}\""
    ))
}

/// An error of rustls in words for whoever has to mend it.
fn explain(error: rustls::Error) -> HandshakeError {
    use rustls::Error as Tls;
    match error {
        Tls::InvalidCertificate(why) => HandshakeError::Certificate(certificate_problem(&why)),
        Tls::NoCertificatesPresented => {
            HandshakeError::Certificate("it shows none, and one is asked for".to_owned())
        }
        Tls::AlertReceived(alert) => HandshakeError::Refused(match alert {
            AlertDescription::UnknownCA => {
                "it does not trust whoever signed our certificate".to_owned()
            }
            AlertDescription::CertificateExpired => {
                "it says that our certificate has expired".to_owned()
            }
            AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnsupportedCertificate => {
                format!("it does not accept our certificate (alert {alert:?})")
            }
            AlertDescription::ProtocolVersion => "it has neither TLS 1.2 nor 1.3".to_owned(),
            other => format!("alert {other:?}"),
        }),
        Tls::InvalidMessage(_) => {
            HandshakeError::Protocol("what it says is no well-formed TLS".to_owned())
        }
        // The extension is what older versions lack; it is looked for first.
        Tls::PeerIncompatible(
            PeerIncompatible::Tls12NotOffered
            | PeerIncompatible::Tls12NotOfferedOrEnabled
            | PeerIncompatible::SignatureAlgorithmsExtensionRequired,
        ) => HandshakeError::Protocol("it has neither TLS 1.2 nor 1.3".to_owned()),
        Tls::PeerIncompatible(why) => {
            HandshakeError::Protocol(format!("it has no TLS that is accepted here: {why:?}"))
        }
        Tls::DecryptError => HandshakeError::Protocol(
            "what it sent was changed on its way, or is not encrypted".to_owned(),
        ),
        other => HandshakeError::Protocol(other.to_string()),
    }
}
