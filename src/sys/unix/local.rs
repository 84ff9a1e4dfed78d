//! Unix sockets, by the names that all systems have here.

pub use std::os::unix::net::{UnixDatagram, UnixListener};

/// The same for [`Poller`](super::poller::Poller).
pub mod watched {
    pub use mio::net::{UnixDatagram, UnixListener, UnixStream};
}

use std::os::unix::net::SocketAddr;

/// Whether there are Unix sockets.
#[cfg(feature = "cli")]
pub const HAS_UNIX_SOCKETS: bool = true;

/// The path of an address, where it has one.
pub fn path_name(address: &SocketAddr) -> Option<String> {
    let path = address.as_pathname()?;
    Some(path.display().to_string())
}
