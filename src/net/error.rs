//! Why there is no connection.

use std::io;

use crate::diag::plain;
use crate::sys;

use super::tls::HandshakeError;

/// A connection that could not be made: what was being done, to what, and why
/// it failed.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The name of the host has no address, or the resolver did not say.
    #[error("can't look up {host}: {}", plain(.source))]
    Lookup {
        /// The name.
        host: String,
        /// What the resolver said.
        source: io::Error,
    },
    /// Nobody listens, or nobody answers.
    #[error("can't connect to {target}: {}", plain(.source))]
    Connect {
        /// The address as it was given.
        target: String,
        /// Why not, with the addresses of the host where there are several.
        source: io::Error,
    },
    /// TLS was not agreed on.
    #[error("no TLS with {target}: {source}")]
    Tls {
        /// The address as it was given.
        target: String,
        /// What went wrong.
        source: HandshakeError,
    },
    /// A transport that has no such addresses.
    #[error("{transport} can't reach {target}: it needs {needs}")]
    Mismatch {
        /// The transport's name.
        transport: &'static str,
        /// The address as it was given.
        target: String,
        /// What it needs.
        needs: &'static str,
    },
}

impl ConnectError {
    /// Whether waiting alone will not help: somebody has to change a certificate, a
    /// command or the receiver first. It may be tried again all the same.
    pub fn is_permanent(&self) -> bool {
        match self {
            ConnectError::Lookup { .. } => false,
            ConnectError::Connect { source, .. } => {
                sys::socket::is_other_type(source)
                    || source.kind() == io::ErrorKind::PermissionDenied
            }
            ConnectError::Tls { source, .. } => source.is_permanent(),
            ConnectError::Mismatch { .. } => true,
        }
    }

    /// Whether there is a Unix socket, but a stream where a datagram socket was
    /// wanted, or the other way round.
    pub fn is_other_type(&self) -> bool {
        matches!(self, ConnectError::Connect { source, .. } if sys::socket::is_other_type(source))
    }

    /// Whether the time-out passed.
    pub fn is_timeout(&self) -> bool {
        match self {
            ConnectError::Lookup { source, .. } | ConnectError::Connect { source, .. } => {
                source.kind() == io::ErrorKind::TimedOut
            }
            ConnectError::Tls { source, .. } => source.is_timeout(),
            ConnectError::Mismatch { .. } => false,
        }
    }
}
