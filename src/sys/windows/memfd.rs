//! Files that are handed to another process over a Unix socket: there are none.

use std::fs::File;
use std::io;

use socket2::Socket;

use super::local::no_unix_sockets;

/// Makes a file in memory with these bytes, and seals it.
///
/// # Errors
/// `Unsupported`, always.
pub fn sealed_file(_bytes: &[u8]) -> io::Result<File> {
    Err(no_unix_sockets())
}

/// Sends an open file in a datagram.
///
/// # Errors
/// `Unsupported`, always.
pub fn send_descriptor(_socket: &Socket, _file: &File) -> io::Result<()> {
    Err(no_unix_sockets())
}
