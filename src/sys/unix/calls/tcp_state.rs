//! What the kernel knows of bytes that were sent: two calls that no safe crate
//! has, SIOCOUTQ of ioctl(2) and TCP_INFO of getsockopt(2).
//!
//! Delivery without loss rests on these calls: without them, nothing tells what a
//! receiver has taken before its connection broke.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;

use crate::sys::sockets::TcpState;

/// The bytes that wait in a socket's send queue: for TCP those that the other
/// side has not acknowledged, a FIN included as one; for Unix sockets the memory
/// of what the other side has not read, which is more than its bytes.
///
/// # Errors
/// Those of ioctl(2).
pub fn send_queue(socket: BorrowedFd<'_>) -> io::Result<u64> {
    let mut bytes: libc::c_int = 0;
    // SAFETY: SIOCOUTQ, which has TIOCOUTQ's number, writes one int there, and the
    // descriptor is open as long as it is borrowed.
    let answer = unsafe { libc::ioctl(socket.as_raw_fd(), libc::TIOCOUTQ, &raw mut bytes) };
    Errno::result(answer)?;
    Ok(u64::try_from(bytes).unwrap_or(0))
}

/// The state of a TCP connection.
///
/// # Errors
/// Those of getsockopt(2), for example for a socket that is not TCP's.
pub fn tcp_state(socket: BorrowedFd<'_>) -> io::Result<TcpState> {
    // SAFETY: it is made of integers only, for which zero is a value. An old kernel
    // fills less of it than there is.
    let mut info: libc::tcp_info = unsafe { std::mem::zeroed() };
    let mut length = size_of::<libc::tcp_info>() as libc::socklen_t;
    // SAFETY: the pointers are to values of this function, `length` is the size of
    // the first, and the kernel writes no more than that.
    let answer = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            (&raw mut info).cast(),
            &raw mut length,
        )
    };
    Errno::result(answer)?;
    let millis = |count: u32| Duration::from_millis(count.into());
    Ok(TcpState {
        in_flight: info.tcpi_unacked,
        probes: info.tcpi_probes.into(),
        since_sent: millis(info.tcpi_last_data_sent),
        since_acknowledged: millis(info.tcpi_last_ack_recv),
        round_trip: Duration::from_micros(info.tcpi_rtt.into()),
    })
}
