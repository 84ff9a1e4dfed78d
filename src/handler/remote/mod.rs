//! Delivery over a network or a local socket: what `socket`, `udp` and
//! `syslog` share.

mod chunker;
mod datagrams;
mod link;
mod local;
mod numbered;
mod streams;
mod talk;
#[cfg(test)]
mod tests;
mod window;

use std::io;
use std::time::Duration;

pub use local::LocalOptions;

use super::{EmitError, Handler};
use crate::net::{Backoff, Connector, Transport};
use crate::wire::gelf::compress::Method;
use crate::wire::lh::SenderId;

/// How long the end waits for a peer, where nobody says anything else.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a handler that delivers to somebody else is told.
pub struct RemoteOptions {
    /// Its name on the command line.
    pub kind: &'static str,
    /// Where it delivers to, and how.
    pub connector: Connector,
    /// How long it waits between attempts to connect.
    pub backoff: Backoff,
    /// The frames are numbered and acknowledged (the wire `lh`); this is whose
    /// they are, until it is [told](Handler::number) otherwise.
    pub numbered: Option<SenderId>,
    /// Datagrams are GELF, compressed so, and cut into chunks where they do not
    /// fit; those get names from this number on.
    pub chunked: Option<(Method, u64)>,
    /// What may help where nobody listens.
    pub hint: Option<&'static str>,
}

/// A handler that delivers so.
pub fn remote(options: RemoteOptions) -> Box<dyn Handler> {
    match options.connector.transport {
        Transport::Tcp | Transport::Tls(_) | Transport::UnixStream => {
            Box::new(streams::StreamDelivery::new(options))
        }
        Transport::Udp | Transport::UnixDatagram => {
            Box::new(datagrams::DatagramDelivery::new(options))
        }
    }
}

/// A handler that delivers to a local socket, of whichever kind that is.
pub fn local(options: LocalOptions) -> Box<dyn Handler> {
    Box::new(local::LocalDelivery::new(options))
}

/// A handler that delivers each record as a datagram to a receiver that takes
/// files in memory as well: what is longer than so many bytes goes as one.
pub fn datagrams_or_files(options: RemoteOptions, longest: usize) -> Box<dyn Handler> {
    Box::new(datagrams::DatagramDelivery::new(options).with_files(longest))
}

/// Why nothing goes on.
#[derive(Debug)]
enum Halt {
    /// It takes time.
    Waiting,
    Failed {
        doing: &'static str,
        error: io::Error,
    },
}

impl Halt {
    fn failed(doing: &'static str, error: io::Error, hint: Option<&str>) -> Halt {
        let error = match hint {
            Some(hint) => link::with_hint(&error, hint),
            None => error,
        };
        Halt::Failed { doing, error }
    }

    fn at(self, done: usize) -> EmitError {
        match self {
            Halt::Waiting => EmitError::slow(done),
            Halt::Failed { doing, error } => EmitError::retry(done, doing, error),
        }
    }
}
