//! Sockets that others connect or send to: what socket2 leaves to the system.

use std::io;
use std::path::Path;

use socket2::{SockRef, Type};
use windows_sys::Win32::Networking::WinSock::{WSAEADDRNOTAVAIL, WSAEAFNOSUPPORT};

use super::local::{Never, no_unix_sockets};
use crate::sys::sockets::{Credentials, PathProblem};

/// Who connected to a Unix stream socket: nobody can.
///
/// # Errors
/// None.
pub fn peer_credentials(socket: &Never) -> io::Result<Credentials> {
    socket.absurd()
}

/// Gives a socket a receive buffer of so many bytes; what it has now.
///
/// # Errors
/// Those of setsockopt and getsockopt.
pub fn enlarge_receive_buffer<'s>(
    socket: impl Into<SockRef<'s>>,
    bytes: usize,
) -> io::Result<usize> {
    let socket = socket.into();
    socket.set_recv_buffer_size(bytes)?;
    socket.recv_buffer_size()
}

/// The system does not tell how many datagrams were dropped.
pub fn tell_of_datagrams<S>(_socket: &S, _local: bool) {}

/// Whether an error says that an address is of a family, or of a machine, that
/// is not here.
pub fn is_no_address(error: &io::Error) -> bool {
    let code = error.raw_os_error();
    code == Some(WSAEAFNOSUPPORT) || code == Some(WSAEADDRNOTAVAIL)
}

/// The name of a Unix socket: there is none.
#[derive(Debug)]
pub struct SocketName(Never);

impl SocketName {
    /// Whether the name still stands for the socket that was bound to it.
    pub fn is_ours(&self) -> bool {
        self.0.absurd()
    }
}

/// Binds a Unix socket to a path.
///
/// # Errors
/// That there are no such sockets, always.
pub fn bind_unix(
    _path: &Path,
    _kind: Type,
    _mode: u32,
    _backlog: i32,
) -> Result<(Never, Option<SocketName>), PathProblem> {
    Err(no_unix_sockets().into())
}
