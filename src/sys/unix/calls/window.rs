//! The size of a terminal, by TIOCSWINSZ of ioctl(2).

use std::io;
use std::os::fd::{AsFd, AsRawFd};

use nix::errno::Errno;
use nix::libc;
use nix::pty::Winsize;

/// Gives a terminal, by the end of either side, so many columns and rows.
///
/// # Errors
/// Those of ioctl(2).
pub fn set_terminal_size(end: &impl AsFd, columns: u16, rows: u16) -> io::Result<()> {
    let size = Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let descriptor = end.as_fd().as_raw_fd();
    // SAFETY: TIOCSWINSZ reads one struct of that kind, and the descriptor is open as
    // long as it is borrowed.
    let answer = unsafe { libc::ioctl(descriptor, libc::TIOCSWINSZ, &raw const size) };
    Errno::result(answer)?;
    Ok(())
}
