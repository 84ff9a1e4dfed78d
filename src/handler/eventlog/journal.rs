//! Linux: the journal of systemd, by its native protocol.
//!
//! Its socket is a Unix datagram socket, so entries are delivered as all
//! datagrams are, and sent again where journald was restarted before it had
//! read them.

use std::path::PathBuf;

use super::EventLogOptions;
use crate::diag::Diag;
use crate::handler::Handler;
use crate::handler::remote::{RemoteOptions, datagrams_or_files};
use crate::net::{Address, Backoff, Connector, Transport};

/// Where systemd has it (systemd-journald.service(8)).
const SOCKET: &str = "/run/systemd/journal/socket";

/// The longest entry that goes as a datagram, in bytes: what a socket has room
/// for with the buffer that Linux gives to all. What is longer journald maps
/// from a file, in place of being made to copy it.
const LONGEST: usize = 212_992 - 32;

const HINT: &str =
    "is systemd-journald running here? In a container, use lh stream or lh syslog --address";

/// The handler that delivers to the journal; its records are
/// [entries](crate::wire::journal). Nothing is opened yet.
///
/// # Errors
/// None; other systems have no journal.
pub fn event_log(options: EventLogOptions, _diag: &Diag) -> Result<Box<dyn Handler>, String> {
    let socket = options.socket.unwrap_or_else(|| PathBuf::from(SOCKET));
    let address = Address::Path(socket);
    let remote = RemoteOptions {
        kind: "eventlog",
        connector: Connector::new(address, Transport::UnixDatagram, options.timeout),
        backoff: Backoff::seeded(options.backoff),
        numbered: None,
        chunked: None,
        hint: Some(HINT),
    };
    Ok(datagrams_or_files(remote, LONGEST))
}
