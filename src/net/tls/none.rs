//! For a build without the feature `tls`.

use std::convert::Infallible;
use std::io;
use std::time::Instant;

use socket2::Socket;

use super::{HandshakeError, TlsError, TlsOptions};
use crate::net::Address;

/// There is none: this build has no TLS.
#[derive(Clone, Debug)]
pub struct TlsClient(Infallible);

impl TlsClient {
    /// Fails: this build has no TLS.
    ///
    /// # Errors
    /// Always [`TlsError::LeftOut`].
    pub fn new(_options: TlsOptions, _address: &Address) -> Result<TlsClient, TlsError> {
        Err(TlsError::LeftOut)
    }

    /// The same without the check of a receiver's certificate.
    #[must_use]
    pub fn without_checks(self) -> TlsClient {
        match self.0 {}
    }

    /// What the user should know.
    pub fn warnings(&self) -> &[String] {
        match self.0 {}
    }

    /// The name that a receiver's certificate must be for.
    pub fn server_name(&self) -> String {
        match self.0 {}
    }

    pub(in crate::net) fn session(&self) -> Result<Session, HandshakeError> {
        match self.0 {}
    }
}

#[derive(Debug)]
pub(in crate::net) struct Session(Infallible);

impl Session {
    pub fn handshake(&mut self, _: &Socket, _: Instant) -> Result<(), HandshakeError> {
        match self.0 {}
    }

    pub fn encrypt(&mut self, _: &[u8]) -> io::Result<usize> {
        match self.0 {}
    }

    pub fn push(&mut self, _: &Socket) -> io::Result<()> {
        match self.0 {}
    }

    pub fn pushed(&self) -> u64 {
        match self.0 {}
    }

    pub fn wants_progress(&self) -> bool {
        match self.0 {}
    }

    pub fn forget(&mut self, _: u64) {
        match self.0 {}
    }

    pub fn plain(&self, _: u64) -> u64 {
        match self.0 {}
    }

    pub fn pull(&mut self, _: &Socket) -> io::Result<()> {
        match self.0 {}
    }

    pub fn is_readable(&self) -> bool {
        match self.0 {}
    }

    pub fn is_closed(&self) -> bool {
        match self.0 {}
    }

    pub fn is_cut_off(&self) -> bool {
        match self.0 {}
    }

    pub fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        match self.0 {}
    }

    pub fn say_goodbye(&mut self) -> io::Result<()> {
        match self.0 {}
    }
}
