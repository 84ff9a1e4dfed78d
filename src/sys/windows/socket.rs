//! Sockets: what socket2 leaves to the system.
//!
//! How much of what was sent the other side has acknowledged is not told here, so
//! what the system has taken counts as sent.

use std::io::{self, IoSlice, Read};
use std::path::Path;
use std::time::Duration;

use socket2::{SockAddr, Socket};
use windows_sys::Win32::Networking::WinSock::{
    POLLERR, POLLHUP, POLLNVAL, POLLRDNORM, POLLWRNORM, WSAEINPROGRESS, WSAEMFILE, WSAEMSGSIZE,
    WSAENOBUFS, WSAEPROTOTYPE, WSAESHUTDOWN, WSAEWOULDBLOCK,
};

use super::calls::{Wanted, poll};
use super::local::no_unix_sockets;
use crate::sys::sockets::{Ready, TcpState};

/// Waits until a socket can be read or written, as asked, until its other side
/// ends its stream or it fails; at most so long.
///
/// # Errors
/// Those of WSAPoll.
pub fn wait_socket(socket: &Socket, read: bool, write: bool, most: Duration) -> io::Result<Ready> {
    let mut wanted = 0;
    if read {
        wanted |= POLLRDNORM;
    }
    if write {
        wanted |= POLLWRNORM;
    }
    let mut one = [Wanted {
        socket,
        wanted,
        came: 0,
    }];
    poll(&mut one, most)?;
    let came = one[0].came;
    let mut ready = Ready {
        readable: came & (POLLRDNORM | POLLHUP) != 0,
        ended: came & POLLHUP != 0,
        hung_up: came & POLLHUP != 0 && !read,
        failed: came & (POLLERR | POLLNVAL) != 0,
    };
    if read && ready.readable && !ready.ended {
        let mut byte = [std::mem::MaybeUninit::uninit()];
        ready.ended = matches!(socket.peek(&mut byte), Ok(0));
    }
    Ok(ready)
}

/// Waits until one of the sockets can be written or has failed, at most so
/// long, and tells which.
///
/// # Errors
/// Those of WSAPoll.
pub fn wait_any(sockets: &[&Socket], most: Duration) -> io::Result<Vec<bool>> {
    let wanted = |socket| Wanted {
        socket,
        wanted: POLLWRNORM,
        came: 0,
    };
    let mut all: Vec<Wanted<'_>> = sockets.iter().copied().map(wanted).collect();
    poll(&mut all, most)?;
    Ok(all.iter().map(|one| one.came != 0).collect())
}

/// Begins to connect a socket that does not block. Whether it is connected
/// already.
///
/// # Errors
/// Those of connect.
pub fn begin_connect(socket: &Socket, address: &SockAddr) -> io::Result<bool> {
    match socket.connect(address) {
        Ok(()) => Ok(true),
        Err(error) if is(&error, WSAEWOULDBLOCK) || is(&error, WSAEINPROGRESS) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The address of a Unix socket.
///
/// # Errors
/// `Unsupported`, always.
pub fn unix_address(_path: &Path) -> io::Result<SockAddr> {
    Err(no_unix_sockets())
}

/// What stands under the path of a Unix socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketFile;

/// The socket under a path.
///
/// # Errors
/// `Unsupported`, always.
pub fn socket_file(_path: &Path) -> io::Result<Option<SocketFile>> {
    Err(no_unix_sockets())
}

/// Whether everybody can read a file: access lists are not looked at.
#[cfg(any(
    feature = "tls",
    all(feature = "cli", any(feature = "smtp", feature = "http"))
))]
pub fn is_world_readable(_path: &Path) -> bool {
    false
}

/// Writes to a socket that does not block.
///
/// # Errors
/// Those of send.
pub fn send(socket: &Socket, bytes: &[u8]) -> io::Result<usize> {
    socket.send(bytes)
}

/// Reads from a socket that does not block.
///
/// # Errors
/// Those of recv.
pub fn receive(socket: &Socket, buffer: &mut [u8]) -> io::Result<usize> {
    (&mut &*socket).read(buffer)
}

/// The bytes that wait in a socket's send queue: not told here.
///
/// # Errors
/// None.
pub fn send_queue(_socket: &Socket) -> io::Result<u64> {
    Ok(0)
}

/// The state of a TCP connection: not told here.
///
/// # Errors
/// None.
pub fn tcp_state(_socket: &Socket) -> io::Result<Option<TcpState>> {
    Ok(None)
}

/// Sends datagrams, each from one slice; how many were sent. Less than all is no
/// error yet: the next call has it, if it stays.
///
/// # Errors
/// Those of send, where not one was sent.
pub fn send_datagrams(socket: &Socket, datagrams: &[[IoSlice<'_>; 1]]) -> io::Result<usize> {
    for (count, datagram) in datagrams.iter().enumerate() {
        match send(socket, &datagram[0]) {
            Ok(_) => {}
            Err(error) if count == 0 => return Err(error),
            Err(_) => return Ok(count),
        }
    }
    Ok(datagrams.len())
}

/// How long a datagram may be that a Unix socket sends.
///
/// # Errors
/// `Unsupported`, always.
pub fn unix_datagram_room(_socket: &Socket) -> io::Result<usize> {
    Err(no_unix_sockets())
}

/// Whether an error is this one of the system's.
fn is(error: &io::Error, code: i32) -> bool {
    error.raw_os_error() == Some(code)
}

/// The error of a datagram that is longer than the socket can send.
pub fn too_long() -> io::Error {
    io::Error::from_raw_os_error(WSAEMSGSIZE)
}

/// Whether a datagram was longer than the socket can send.
pub fn is_too_long(error: &io::Error) -> bool {
    is(error, WSAEMSGSIZE)
}

/// Whether the system has no memory for a datagram just now.
pub fn is_out_of_buffers(error: &io::Error) -> bool {
    is(error, WSAENOBUFS)
}

/// Whether the process has as many sockets open as it may.
pub fn is_out_of_descriptors(error: &io::Error) -> bool {
    is(error, WSAEMFILE)
}

/// Whether there is a Unix socket of another type under the path.
pub fn is_other_type(error: &io::Error) -> bool {
    is(error, WSAEPROTOTYPE)
}

/// Whether the write found nobody to read it any more, which tells less than the
/// error that the socket itself may still hold.
pub fn is_broken_pipe(error: &io::Error) -> bool {
    is(error, WSAESHUTDOWN)
}
