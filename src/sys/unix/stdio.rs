//! The standard streams, and waiting for descriptors.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::OFlag;
#[cfg(target_os = "linux")]
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout};

use super::fstat;

/// The process's standard output, without a buffer of its own. Where it is a
/// pipe or a terminal, it does not block, so that a reader that does not read
/// can't keep signals from being seen.
///
/// # Errors
/// Those of dup(2), where it was closed when the process began as well.
pub fn stdout() -> io::Result<File> {
    was_open(1)?;
    io::stdout()
        .as_fd()
        .try_clone_to_owned()
        .map(|copy| unblocked(copy.into(), "/dev/fd/1"))
}

/// The process's standard error, likewise.
///
/// # Errors
/// The same.
pub fn stderr() -> io::Result<File> {
    was_open(2)?;
    io::stderr()
        .as_fd()
        .try_clone_to_owned()
        .map(|copy| unblocked(copy.into(), "/dev/fd/2"))
}

/// Nothing was lost by writing to /dev/null that was meant to go there.
fn was_open(stream: u8) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    if super::calls::startup::was_closed(stream) {
        return Err(Errno::EBADF.into());
    }
    let _ = stream;
    Ok(())
}

/// Another open of what a descriptor leads to: O_NONBLOCK on the descriptor
/// itself would hold for everybody who shares it.
fn unblocked(file: File, name: &str) -> File {
    let kind = file.metadata().map(|meta| meta.file_type());
    if !kind.is_ok_and(|kind| kind.is_fifo() || kind.is_char_device()) {
        return file;
    }
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let again = OpenOptions::new()
        .write(true)
        .custom_flags(flags.bits())
        .open(name);
    match again {
        Ok(again) if same_file(&again, &file) => again,
        _ => file,
    }
}

fn same_file(one: &File, other: &File) -> bool {
    matches!((fstat(one), fstat(other)), (Ok(one), Ok(other)) if one.id == other.id)
}

/// The process's standard input, likewise.
pub fn stdin() -> io::Result<File> {
    io::stdin().as_fd().try_clone_to_owned().map(File::from)
}

/// Writes `bytes[*at..end]` and moves `at` on over what is out. Waits a moment
/// where a descriptor that does not block is full, then says `WouldBlock`, so
/// that signals are seen meanwhile.
pub fn write_some(file: &mut File, bytes: &[u8], at: &mut usize, end: usize) -> io::Result<()> {
    use std::io::Write;
    while *at < end {
        match file.write(&bytes[*at..end]) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => *at += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if !wait_writable(&*file, Duration::from_millis(100))? {
                    return Err(error);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Waits until a descriptor that does not block can be written.
fn wait_writable(file: impl AsFd, limit: Duration) -> io::Result<bool> {
    let mut fds = [PollFd::new(file.as_fd(), PollFlags::POLLOUT)];
    Ok(poll(&mut fds, Some(limit))? > 0)
}

/// Waits until nobody has the other end of a pipe or a socket any more, who could
/// read what is written to it, at most so long; `true`: it is so.
#[cfg(feature = "cli")]
pub fn wait_unread(pipe: &File, limit: Duration) -> bool {
    // The events that tell it are told without being asked for.
    let mut fds = [PollFd::new(pipe.as_fd(), PollFlags::empty())];
    if poll(&mut fds, Some(limit)).is_err() {
        std::thread::sleep(limit);
        return false;
    }
    let gone = PollFlags::POLLERR | PollFlags::POLLHUP;
    fds[0]
        .revents()
        .is_some_and(|events| events.intersects(gone))
}

/// What can be waited for.
pub type Waitable<'a> = BorrowedFd<'a>;

/// An open file that is read in the order of its bytes.
#[derive(Debug)]
pub struct Input(File);

impl Input {
    /// A pipe is made as large as it may be.
    pub fn new(file: File) -> Input {
        enlarge_pipe(file.as_fd());
        Input(file)
    }

    /// Readable when a read would not wait.
    pub fn waitable(&self) -> Waitable<'_> {
        self.0.as_fd()
    }

    /// The file itself.
    pub fn file(&self) -> &File {
        &self.0
    }

    /// Reads once.
    ///
    /// # Errors
    /// Those of read(2).
    pub fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        std::io::Read::read(&mut &self.0, buffer)
    }

    /// Whether all that can be read is there already: it is a file on a disk, or
    /// nobody is left who could write more.
    pub fn is_complete(&self) -> bool {
        let kind = self.0.metadata().map(|meta| meta.file_type());
        if kind.is_ok_and(|kind| kind.is_file()) {
            return true;
        }
        let mut fds = [PollFlags::empty(), END].map(|flags| PollFd::new(self.0.as_fd(), flags));
        if poll(&mut fds, Some(Duration::ZERO)).is_err() {
            return false;
        }
        let hung_up = |events: PollFlags| events.intersects(PollFlags::POLLHUP);
        fds[0].revents().is_some_and(hung_up) || fds[1].revents().is_none()
    }
}

/// Says that the other side of a socket has ended its stream. nix has no name for
/// POLLRDHUP, and tells no events at all where there is one that it can't name: an
/// entry with this has none then.
#[cfg(target_os = "linux")]
pub(super) const END: PollFlags = PollFlags::from_bits_retain(libc::POLLRDHUP);

/// A system without it.
#[cfg(not(target_os = "linux"))]
pub(super) const END: PollFlags = PollFlags::empty();

/// Waits for input on any of the descriptors, at most so long; tells which
/// have some, an end or an error.
pub fn wait_readable<const N: usize>(
    files: [Waitable<'_>; N],
    limit: Option<Duration>,
) -> io::Result<[bool; N]> {
    let mut fds = files.map(|fd| PollFd::new(fd, PollFlags::POLLIN));
    poll(&mut fds, limit)?;
    Ok(fds.map(|fd| fd.revents().is_some_and(|events| !events.is_empty())))
}

pub(super) fn poll(fds: &mut [PollFd<'_>], limit: Option<Duration>) -> io::Result<i32> {
    let timeout = match limit {
        None => PollTimeout::NONE,
        // Rounded up: waking early would only mean to wait again.
        Some(limit) => i32::try_from(limit.as_nanos().div_ceil(1_000_000))
            .ok()
            .and_then(|millis| PollTimeout::try_from(millis).ok())
            .unwrap_or(PollTimeout::MAX),
    };
    match nix::poll::poll(fds, timeout) {
        Ok(count) => Ok(count),
        Err(Errno::EINTR) => Ok(0),
        Err(errno) => Err(errno.into()),
    }
}

/// Makes a pipe as large as an unprivileged user may, so that its writer and
/// its reader wait less often for each other. Anything else is left alone.
fn enlarge_pipe(descriptor: BorrowedFd<'_>) {
    #[cfg(target_os = "linux")]
    {
        use nix::fcntl::{FcntlArg, fcntl};
        let _ = fcntl(descriptor, FcntlArg::F_SETPIPE_SZ(1 << 20));
    }
    #[cfg(not(target_os = "linux"))]
    let _ = descriptor;
}

/// Whether a file is a pipe or a socket: something that a writer ends.
pub fn is_pipe(file: &File) -> bool {
    let kind = file.metadata().map(|meta| meta.file_type());
    kind.is_ok_and(|kind| kind.is_fifo() || kind.is_socket())
}
