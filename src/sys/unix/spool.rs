//! What the disk queue asks of the system: files that are this user's alone,
//! and reads and writes at a place.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;

use crate::sys::Private;

/// Makes a directory that only this user can enter.
pub fn make_private_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// Why a directory can't be trusted with files whose names are known
/// beforehand, if so: others could have planted them.
///
/// # Errors
/// When it can't be looked at; `NotFound` where there is none.
pub fn distrusted_directory(path: &Path) -> io::Result<Option<&'static str>> {
    let meta = std::fs::symlink_metadata(path)?;
    let owner = meta.uid();
    Ok(if meta.is_symlink() {
        Some("it is a symbolic link")
    } else if !meta.is_dir() {
        Some("it is no directory")
    } else if owner != 0 && owner != nix::unistd::geteuid().as_raw() {
        Some("it belongs to another user")
    } else if meta.mode() & 0o022 != 0 {
        Some("others than its owner can write it")
    } else {
        None
    })
}

/// Opens a regular file of a private directory; one that is made is this
/// user's alone. Follows no link and waits for nobody.
///
/// # Errors
/// Those of open(2); `InvalidInput` for what is no regular file.
pub fn open_private(path: &Path, how: Private) -> io::Result<File> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = OpenOptions::new()
        .read(true)
        .write(how != Private::Read)
        .create(how == Private::WriteOrMake)
        .create_new(how == Private::Make)
        .truncate(false)
        .mode(0o600)
        .custom_flags(flags.bits())
        .open(path)
        .map_err(|error| match error.raw_os_error() {
            Some(code) if code == Errno::ELOOP as i32 || code == Errno::ENXIO as i32 => irregular(),
            _ => error,
        })?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(irregular()),
    }
}

fn irregular() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file")
}

/// Reads from a place until the buffer is full or the file ends.
pub fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    let mut done = 0;
    while done < buffer.len() {
        match file.read_at(&mut buffer[done..], at + done as u64) {
            Ok(0) => break,
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// Whether an error says that the disk has lost what is to be read.
pub fn is_unreadable(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::EIO as i32)
}

/// Writes at a place; `done` is how much of it is written, on an error too.
pub fn write_at(file: &File, bytes: &[u8], at: u64, done: &mut usize) -> io::Result<()> {
    while *done < bytes.len() {
        match file.write_at(&bytes[*done..], at + *done as u64) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => *done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether somebody holds the lock that [`try_lock`](super::try_lock) takes;
/// takes none itself, so that nobody is kept out by the question.
pub fn is_locked(file: &File) -> io::Result<bool> {
    #[cfg(target_os = "linux")]
    {
        use nix::fcntl::{FcntlArg, fcntl};
        use nix::libc;
        let mut whole = libc::flock {
            l_type: libc::F_WRLCK as libc::c_short,
            l_whence: libc::SEEK_SET as libc::c_short,
            l_start: 0,
            l_len: 0,
            l_pid: 0,
        };
        fcntl(file, FcntlArg::F_OFD_GETLK(&mut whole))?;
        Ok(whole.l_type != libc::F_UNLCK as libc::c_short)
    }
    #[cfg(not(target_os = "linux"))]
    match file.try_lock_shared() {
        Ok(()) => file.unlock().map(|()| false),
        Err(std::fs::TryLockError::WouldBlock) => Ok(true),
        Err(std::fs::TryLockError::Error(error)) => Err(error),
    }
}

/// What is another text after each start of the system; empty where it does
/// not tell.
pub fn boot() -> String {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    text.trim().to_owned()
}
