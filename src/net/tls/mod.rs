//! TLS towards a receiver and as one: versions 1.2 and 1.3, a receiver's
//! certificate always checked, a sender's where a CA for it is given.

#[cfg(feature = "tls")]
mod accepted;
#[cfg(feature = "tls")]
mod anybody;
#[cfg(feature = "tls")]
mod client;
#[cfg(not(feature = "tls"))]
#[path = "none.rs"]
mod client;
#[cfg(feature = "tls")]
mod files;
#[cfg(feature = "tls")]
mod peer_name;
#[cfg(feature = "tls")]
mod places;
#[cfg(feature = "tls")]
mod server;
#[cfg(not(feature = "tls"))]
#[path = "no_server.rs"]
mod server;
#[cfg(all(test, feature = "tls", target_os = "linux"))]
mod server_tests;
#[cfg(feature = "tls")]
mod session;
#[cfg(all(test, feature = "tls", target_os = "linux"))]
mod tests;
#[cfg(feature = "tls")]
mod words;

use std::io;
use std::path::PathBuf;

use crate::diag::plain;

pub(super) use client::Session;
pub use client::TlsClient;
pub use server::{TlsServer, TlsServerSession};

/// Whom to trust, and who we are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsOptions {
    /// A PEM file of the certificates that are trusted, instead of the system's.
    pub ca: Option<PathBuf>,
    /// A PEM file of our own certificate, with those that lead to its root.
    pub cert: Option<PathBuf>,
    /// A PEM file of its key.
    pub key: Option<PathBuf>,
    /// The name that the receiver's certificate must be for, instead of the host.
    pub server_name: Option<String>,
}

/// Who we are as a receiver, and from whom records are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsServerOptions {
    /// A PEM file of our own certificate, with those that lead to its root.
    pub cert: PathBuf,
    /// A PEM file of its key.
    pub key: PathBuf,
    /// A PEM file of the certificates that a sender's must be signed by. Where it
    /// is given, a sender without a certificate is refused.
    pub client_ca: Option<PathBuf>,
}

/// What became of encrypted bytes that were received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TlsFed {
    /// So many of them are taken; the rest has to be given again.
    pub used: usize,
    /// The sender has ended its stream properly (close_notify), and all of it was
    /// read. Where a stream ends without that, its last record may be cut off.
    pub ended: bool,
    /// There are more plain bytes than were asked for.
    pub more: bool,
}

/// TLS can't be set up as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// The feature `tls` was left out.
    #[error("this build of lh has no TLS")]
    LeftOut,
    /// A file that can't be used.
    #[error("{}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A certificate without its key, or a key without its certificate.
    #[error("a certificate and its key belong together: {given} is given, {missing} is not")]
    Half {
        /// What is there.
        given: &'static str,
        /// What is not.
        missing: &'static str,
    },
    /// The system has no certificates that are trusted.
    #[error("no trusted certificates are found on this system ({0}): name a file of them")]
    NoRoots(String),
    /// A name that no certificate can be for.
    #[error("{0:?} is no name of a server: use a host name or an IP address")]
    BadName(String),
    /// An address without a host, whose certificate could be checked.
    #[error("TLS needs HOST:PORT, and {0} is a path")]
    NoHost(String),
}

/// TLS could not be agreed on, or broke off later.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    /// The receiver's certificate is not accepted.
    #[error("its certificate is refused: {0}")]
    Certificate(String),
    /// The receiver refuses: for example it wants a certificate of ours.
    #[error("it refuses: {0}")]
    Refused(String),
    /// What the receiver says is no TLS, or none that can be agreed on.
    #[error("{0}")]
    Protocol(String),
    /// The connection broke, or the time-out passed.
    #[error("{}", plain(.0))]
    Broken(#[from] io::Error),
}

impl HandshakeError {
    /// Whether waiting alone will not help.
    pub fn is_permanent(&self) -> bool {
        !matches!(self, HandshakeError::Broken(_))
    }

    /// Whether the time-out passed.
    pub fn is_timeout(&self) -> bool {
        matches!(self, HandshakeError::Broken(error) if error.kind() == io::ErrorKind::TimedOut)
    }
}

impl From<HandshakeError> for io::Error {
    /// `PermissionDenied` where one side refuses the other, which it may do after
    /// the connection is made; `InvalidData` for what is no TLS.
    fn from(error: HandshakeError) -> io::Error {
        let kind = match error {
            HandshakeError::Broken(error) => return error,
            HandshakeError::Certificate(_) | HandshakeError::Refused(_) => {
                io::ErrorKind::PermissionDenied
            }
            HandshakeError::Protocol(_) => io::ErrorKind::InvalidData,
        };
        io::Error::new(kind, error)
    }
}
