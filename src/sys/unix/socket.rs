//! Sockets: what socket2 leaves to the system.

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags};
use nix::sys::socket::MsgFlags;
use socket2::{SockAddr, Socket};

use super::FileId;
use super::stdio::{END, poll};
use crate::sys::Meta;
use crate::sys::sockets::{Ready, TcpState};

#[cfg(target_os = "linux")]
use super::calls::tcp_state;

/// Waits until a socket can be read or written, as asked, until its other side
/// ends its stream or it fails; at most so long.
///
/// # Errors
/// Those of poll(2).
pub fn wait_socket(socket: &Socket, read: bool, write: bool, most: Duration) -> io::Result<Ready> {
    let mut wanted = PollFlags::empty();
    wanted.set(PollFlags::POLLIN, read);
    wanted.set(PollFlags::POLLOUT, write);
    // Asked for by itself: a second entry of the same socket, whose unnamed event
    // it is.
    let end = match read {
        true => END,
        false => PollFlags::empty(),
    };
    let mut fds = [
        PollFd::new(socket.as_fd(), wanted),
        PollFd::new(socket.as_fd(), end),
    ];
    poll(&mut fds, Some(most))?;
    let events = fds[0].revents().unwrap_or(PollFlags::empty());
    let mut ready = Ready {
        readable: events.contains(PollFlags::POLLIN),
        ended: fds[1].revents().is_none(),
        hung_up: events.contains(PollFlags::POLLHUP),
        failed: events.contains(PollFlags::POLLERR),
    };
    // A system without it is asked by looking at what would be read.
    if END.is_empty() && ready.readable {
        ready.ended = matches!(look(socket, MsgFlags::MSG_PEEK, &mut [0]), Ok(0));
    }
    Ok(ready)
}

/// Waits until one of the sockets can be written or has failed, at most so
/// long, and tells which.
///
/// # Errors
/// Those of poll(2).
pub fn wait_any(sockets: &[&Socket], most: Duration) -> io::Result<Vec<bool>> {
    let mut fds: Vec<PollFd<'_>> = sockets
        .iter()
        .map(|socket| PollFd::new(socket.as_fd(), PollFlags::POLLOUT))
        .collect();
    poll(&mut fds, Some(most))?;
    Ok(fds.iter().map(|fd| fd.any().unwrap_or(true)).collect())
}

/// Begins to connect a socket that does not block. Whether it is connected
/// already.
///
/// # Errors
/// Those of connect(2).
pub fn begin_connect(socket: &Socket, address: &SockAddr) -> io::Result<bool> {
    match socket.connect(address) {
        Ok(()) => Ok(true),
        Err(error) => match error.raw_os_error().map(Errno::from_raw) {
            Some(Errno::EINPROGRESS | Errno::EINTR) => Ok(false),
            _ => Err(error),
        },
    }
}

/// The address of a Unix socket; one that begins with `@` is in Linux's
/// abstract namespace.
///
/// # Errors
/// `InvalidInput` where the path is too long for a socket, which is 107 bytes
/// on Linux and less elsewhere.
pub fn unix_address(path: &Path) -> io::Result<SockAddr> {
    let bytes = path.as_os_str().as_bytes();
    let address = match bytes.strip_prefix(b"@") {
        None => SockAddr::unix(path),
        Some(name) if cfg!(any(target_os = "linux", target_os = "android")) => {
            let name = [b"\0", name].concat();
            SockAddr::unix(super::path_from(&name))
        }
        Some(_) => {
            let text = "this system has no abstract Unix sockets";
            return Err(io::Error::new(io::ErrorKind::Unsupported, text));
        }
    };
    address.map_err(|_| {
        let text = "the path is too long for a Unix socket";
        io::Error::new(io::ErrorKind::InvalidInput, text)
    })
}

/// What stands under the path of a Unix socket; `None` for an abstract one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketFile {
    id: FileId,
    /// A number of a file that is gone is soon another's, but not the time when
    /// it was made. (That of its last change is another's too: many daemons
    /// set the permissions of their socket when it is there already.)
    made: (i64, i64),
}

/// The socket under a path.
///
/// # Errors
/// Those of stat(2).
pub fn socket_file(path: &Path) -> io::Result<Option<SocketFile>> {
    if path.as_os_str().as_bytes().starts_with(b"@") {
        return Ok(None);
    }
    let meta = std::fs::metadata(path)?;
    let made = (meta.mtime(), meta.mtime_nsec());
    Ok(Some(SocketFile {
        id: Meta::from(meta).id,
        made,
    }))
}

/// Whether everybody can read a file. Its group may be one that is there for
/// that, so it does not count.
#[cfg(any(
    feature = "tls",
    all(feature = "cli", any(feature = "smtp", feature = "http"))
))]
pub fn is_world_readable(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|meta| meta.mode() & 0o004 != 0)
}

/// Writes to a socket without blocking and without SIGPIPE.
///
/// # Errors
/// Those of send(2).
pub fn send(socket: &Socket, bytes: &[u8]) -> io::Result<usize> {
    Ok(nix::sys::socket::send(socket.as_raw_fd(), bytes, QUIET)?)
}

/// Reads from a socket without blocking.
///
/// # Errors
/// Those of recv(2).
pub fn receive(socket: &Socket, buffer: &mut [u8]) -> io::Result<usize> {
    look(socket, MsgFlags::empty(), buffer)
}

fn look(socket: &Socket, flags: MsgFlags, buffer: &mut [u8]) -> io::Result<usize> {
    let flags = flags | MsgFlags::MSG_DONTWAIT;
    Ok(nix::sys::socket::recv(socket.as_raw_fd(), buffer, flags)?)
}

/// No signal where nobody is left to read; socket2 has set that for the socket
/// where a call can't.
#[cfg(not(target_vendor = "apple"))]
pub(super) const QUIET: MsgFlags = MsgFlags::MSG_DONTWAIT.union(MsgFlags::MSG_NOSIGNAL);
#[cfg(target_vendor = "apple")]
pub(super) const QUIET: MsgFlags = MsgFlags::MSG_DONTWAIT;

/// The bytes that wait in a socket's send queue: for TCP those that the other
/// side has not acknowledged, a FIN included as one; for Unix sockets the memory
/// of what the other side has not read, which is more than its bytes. Always 0
/// where the system does not tell.
///
/// # Errors
/// Those of ioctl(2).
pub fn send_queue(socket: &Socket) -> io::Result<u64> {
    #[cfg(target_os = "linux")]
    return tcp_state::send_queue(socket.as_fd());
    #[cfg(not(target_os = "linux"))]
    {
        let _ = socket;
        Ok(0)
    }
}

/// The state of a TCP connection; `None` where the system does not tell.
///
/// # Errors
/// Those of getsockopt(2), for example for a socket that is not TCP's.
pub fn tcp_state(socket: &Socket) -> io::Result<Option<TcpState>> {
    #[cfg(target_os = "linux")]
    return tcp_state::tcp_state(socket.as_fd()).map(Some);
    #[cfg(not(target_os = "linux"))]
    {
        let _ = socket;
        Ok(None)
    }
}

/// Sends datagrams, each from one slice, at most
/// [`DATAGRAMS`](crate::sys::sockets::DATAGRAMS) of them; how many were sent. Less
/// than all is no error yet: the next call has it, if it stays.
///
/// # Errors
/// Those of sendmmsg(2) or send(2), where not one was sent.
pub fn send_datagrams(socket: &Socket, datagrams: &[[IoSlice<'_>; 1]]) -> io::Result<usize> {
    #[cfg(any(
        target_os = "linux",
        target_os = "android",
        target_os = "freebsd",
        target_os = "netbsd"
    ))]
    {
        use crate::sys::sockets::DATAGRAMS;
        use nix::sys::socket::{ControlMessage, MultiHeaders, sendmmsg};
        use std::cell::RefCell;
        thread_local! {
            // Made once for each thread that sends; it is not `Send` itself.
            static HEADERS: RefCell<MultiHeaders<()>> =
                RefCell::new(MultiHeaders::preallocate(DATAGRAMS, None));
        }
        let nobody: [Option<()>; DATAGRAMS] = [None; DATAGRAMS];
        let nothing: [ControlMessage<'_>; 0] = [];
        let descriptor = socket.as_raw_fd();
        HEADERS.with_borrow_mut(|headers| {
            let sent = sendmmsg(descriptor, headers, datagrams, nobody, nothing, QUIET)?;
            Ok(sent.count())
        })
    }
    #[cfg(not(any(
        target_os = "linux",
        target_os = "android",
        target_os = "freebsd",
        target_os = "netbsd"
    )))]
    {
        for (count, datagram) in datagrams.iter().enumerate() {
            match send(socket, &datagram[0]) {
                Ok(_) => {}
                Err(error) if count == 0 => return Err(error),
                Err(_) => return Ok(count),
            }
        }
        Ok(datagrams.len())
    }
}

/// How long a datagram may be that a Unix socket sends: what is left of its send
/// buffer, which is made as large as the system lets everybody have it.
///
/// # Errors
/// Those of getsockopt(2).
pub fn unix_datagram_room(socket: &Socket) -> io::Result<usize> {
    // As much as is asked for, or what the system has as its limit.
    let _ = socket.set_send_buffer_size(1 << 20);
    let size = socket.send_buffer_size()?;
    // unix_dgram_sendmsg() of Linux takes 32 bytes off.
    Ok(size.saturating_sub(32))
}

/// Whether an error is this one of the system's.
fn is(error: &io::Error, errno: Errno) -> bool {
    error.raw_os_error() == Some(errno as i32)
}

/// The error of a datagram that is longer than the socket can send.
pub fn too_long() -> io::Error {
    Errno::EMSGSIZE.into()
}

/// Whether a datagram was longer than the socket can send.
pub fn is_too_long(error: &io::Error) -> bool {
    is(error, Errno::EMSGSIZE)
}

/// Whether the system has no memory for a datagram just now.
pub fn is_out_of_buffers(error: &io::Error) -> bool {
    is(error, Errno::ENOBUFS)
}

/// Whether the process or the system has as many files open as it may.
pub fn is_out_of_descriptors(error: &io::Error) -> bool {
    is(error, Errno::EMFILE) || is(error, Errno::ENFILE)
}

/// Whether there is a Unix socket of another type under the path.
pub fn is_other_type(error: &io::Error) -> bool {
    is(error, Errno::EPROTOTYPE)
}

/// Whether the write found nobody to read it any more, which tells less than the
/// error that the socket itself may still hold.
pub fn is_broken_pipe(error: &io::Error) -> bool {
    is(error, Errno::EPIPE)
}
