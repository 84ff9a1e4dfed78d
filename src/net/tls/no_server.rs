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

    /// What the user should know.
    pub fn warnings(&self) -> &[String] {
        match self.0 {}
    }

    /// Reads the files anew.
    ///
    /// # Errors
    /// There is nothing to be read.
    pub fn reload(&mut self) -> Result<(), TlsError> {
        match self.0 {}
    }

    /// For a connection that has come.
    ///
    /// # Errors
    /// There is none.
    pub fn session(&self) -> Result<TlsServerSession, HandshakeError> {
        match self.0 {}
    }
}

/// There is none: this build has no TLS.
#[derive(Debug)]
pub struct TlsServerSession(Infallible);

impl TlsServerSession {
    /// Takes nothing.
    ///
    /// # Errors
    /// There is none.
    pub fn feed(
        &mut self,
        _: &[u8],
        _: usize,
        _: &mut Vec<u8>,
        _: &mut Vec<u8>,
    ) -> io::Result<TlsFed> {
        match self.0 {}
    }

    /// Encrypts nothing.
    ///
    /// # Errors
    /// There is none.
    pub fn write(&mut self, _: &[u8], _: &mut Vec<u8>) -> io::Result<()> {
        match self.0 {}
    }

    /// Says nothing.
    pub fn close(&mut self, _: &mut Vec<u8>) {
        match self.0 {}
    }

    /// Whether the two sides have not agreed yet.
    pub fn is_handshaking(&self) -> bool {
        match self.0 {}
    }
}
