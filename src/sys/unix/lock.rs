//! Locks that keep writers of one file apart.

use std::fs::File;
use std::io;
use std::process::Command;

#[cfg(target_os = "linux")]
use nix::errno::Errno;

/// Locks a whole file against every other open of it, and waits for that.
///
/// On Linux this is an open file description lock (fcntl(2)), which only
/// those who may write the file can take, so that a reader of a log can't
/// stop its writers; elsewhere flock(2).
pub fn lock(file: &File) -> io::Result<()> {
    set_lock(file, Some(true)).map(|_| ())
}

/// The same without waiting: `false` if another open holds the lock.
pub fn try_lock(file: &File) -> io::Result<bool> {
    set_lock(file, Some(false))
}

/// Gives the lock up.
pub fn unlock(file: &File) -> io::Result<()> {
    set_lock(file, None).map(|_| ())
}

/// A command for the system's shell that has the lock on `file` while it runs, as
/// this process has: where that is killed, others go on waiting for the command.
///
/// The lock belongs to the open file, and a second shell, which does nothing but
/// wait for the first, has that as its standard input. So no descriptor is ever
/// without its close-on-exec flag in this process, where another thread may start
/// something just then; and neither the command has one, nor what it leaves running.
///
/// # Errors
/// Those of dup(2).
pub fn shell_with_lock(command: &str, file: &File) -> io::Result<Command> {
    let file = file.try_clone()?;
    // Without `exit` the shell would become the command, and not wait for it.
    let mut shell = super::shell("/bin/sh -c \"$1\" </dev/null; exit \"$?\"");
    shell.arg("/bin/sh").arg(command).stdin(file);
    Ok(shell)
}

#[cfg(target_os = "linux")]
fn set_lock(file: &File, wait: Option<bool>) -> io::Result<bool> {
    use nix::fcntl::{FcntlArg, fcntl};
    use nix::libc;
    let kind = if wait.is_some() {
        libc::F_WRLCK
    } else {
        libc::F_UNLCK
    };
    let whole = libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    loop {
        let argument = match wait {
            Some(true) => FcntlArg::F_OFD_SETLKW(&whole),
            _ => FcntlArg::F_OFD_SETLK(&whole),
        };
        match fcntl(file, argument) {
            Ok(_) => return Ok(true),
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN | Errno::EACCES) if wait == Some(false) => return Ok(false),
            Err(errno) => return Err(errno.into()),
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn set_lock(file: &File, wait: Option<bool>) -> io::Result<bool> {
    match wait {
        Some(true) => file.lock().map(|()| true),
        Some(false) => match file.try_lock() {
            Ok(()) => Ok(true),
            Err(std::fs::TryLockError::WouldBlock) => Ok(false),
            Err(std::fs::TryLockError::Error(error)) => Err(error),
        },
        None => file.unlock().map(|()| true),
    }
}
