//! For a build without the feature `tls`.

use std::convert::Infallible;
use std::io;

use super::{HandshakeError, TlsError, TlsFed, TlsServerOptions};

/// There is none: this build has no TLS.
#[derive(Clone, Debug)]
pub struct TlsServer(Infallible);

impl TlsServer {
    /// Fails: this build has no TLS.
    ///
    /// # Errors
    /// Always [`TlsError::LeftOut`].
    pub fn new(_options: TlsServerOptions) -> Result<TlsServer, TlsError> {
        Err(TlsError::LeftOut)
    }

    /// Reads the files again.
    ///
    /// # Errors
    /// None: there is no such server.
    pub fn reload(&mut self) -> Result<(), TlsError> {
        match self.0 {}
    }

    /// What the user should know.
    pub fn warnings(&self) -> &[String] {
        match self.0 {}
    }

    /// Whether clients have to show a certificate.
    pub fn wants_certificates(&self) -> bool {
        match self.0 {}
    }

    /// The session of one connection that was accepted.
    ///
    /// # Errors
    /// None: there is no such server.
    pub fn session(&self) -> Result<TlsServerSession, HandshakeError> {
        match self.0 {}
    }
}

/// There is none: this build has no TLS.
#[derive(Debug)]
pub struct TlsServerSession(Infallible);

impl TlsServerSession {
    /// Takes encrypted bytes.
    ///
    /// # Errors
    /// None: there is no such session.
    pub fn feed(
        &mut self,
        _cipher: &[u8],
        _limit: usize,
        _plain: &mut Vec<u8>,
        _out: &mut Vec<u8>,
    ) -> io::Result<TlsFed> {
        match self.0 {}
    }

    /// Encrypts bytes.
    ///
    /// # Errors
    /// None: there is no such session.
    pub fn write(&mut self, _plain: &[u8], _out: &mut Vec<u8>) -> io::Result<()> {
        match self.0 {}
    }

    /// Takes our leave.
    pub fn close(&mut self, _out: &mut Vec<u8>) {
        match self.0 {}
    }

    /// Whether keys are not agreed on yet.
    pub fn is_handshaking(&self) -> bool {
        match self.0 {}
    }

    /// Whom the client's certificate is for.
    pub fn peer_name(&self) -> Option<String> {
        match self.0 {}
    }
}
