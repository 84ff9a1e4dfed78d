//! Unix: Linux first, with the portable call where another system lacks one.

#[cfg(feature = "net")]
pub mod activation;
mod calls;
#[cfg(feature = "net")]
pub mod drops;
#[cfg(feature = "net")]
pub mod fill;
#[cfg(feature = "net")]
pub mod listen;
#[cfg(feature = "net")]
pub mod local;
mod lock;
#[cfg(feature = "net")]
pub mod memfd;
mod open;
#[cfg(feature = "net")]
pub mod poller;
mod process;
#[cfg(feature = "net")]
pub mod service;
#[cfg(feature = "cli")]
pub mod signals;
#[cfg(feature = "net")]
pub mod socket;
mod spool;
mod stdio;
#[cfg(target_os = "linux")]
mod way;

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use super::{Meta, born};

pub use calls::window::set_terminal_size;
pub use lock::{lock, shell_with_lock, try_lock, unlock};
pub use open::{
    behind_link, check_append, check_directory, create_new, open_append, open_existing,
    open_may_succeed_later,
};
#[cfg(feature = "cli")]
pub use process::ignores_signal;
#[cfg(all(feature = "cli", feature = "net"))]
pub use process::raise_descriptor_limit;
pub use process::{
    TERMINATE, exit_code, file_of, is_hangup, signal_child, spawn, terminal, watch_child,
};
pub use spool::{
    boot, distrusted_directory, is_locked, is_unreadable, make_private_directory, open_private,
    read_at, write_at,
};
#[cfg(feature = "cli")]
pub use stdio::wait_unread;
pub use stdio::{Input, Waitable, is_pipe, stderr, stdin, stdout, wait_readable, write_some};
#[cfg(target_os = "linux")]
pub use way::{Held, hold_directory};

#[cfg(all(target_os = "linux", feature = "cli"))]
pub use calls::code::forget_code;

/// The extended attribute that holds a backup's place in the order of
/// rollovers, as decimal text.
const SEQUENCE: &str = "user.lh.seq";

/// The one that a file has that was rolled over.
const ROLLED: &str = "user.lh.rolled";

/// Which file a name stands for, however often it is renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId {
    device: u64,
    inode: u64,
    /// When it was made, where the file system knows: the number of a file that is
    /// deleted is given to the next one.
    born: Option<std::time::SystemTime>,
}

/// Permission bits and owner of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    mode: u32,
    uid: u32,
    gid: u32,
}

impl From<Metadata> for Meta {
    fn from(meta: Metadata) -> Meta {
        Meta {
            id: FileId {
                device: meta.dev(),
                inode: meta.ino(),
                born: meta.created().ok(),
            },
            size: meta.len(),
            regular: meta.file_type().is_file(),
            links: meta.nlink(),
            owner: Owner {
                mode: meta.mode() & 0o7777,
                uid: meta.uid(),
                gid: meta.gid(),
            },
            modified: meta.mtime(),
            written: meta.modified().map_or(0, super::files::nanoseconds),
            born: born(&meta),
        }
    }
}

impl FileId {
    /// Whether both files are in one file system.
    pub fn is_near(self, other: FileId) -> bool {
        self.device == other.device
    }

    /// The number that names the file within its file system.
    pub fn number(self) -> u64 {
        self.inode
    }
}

/// The file behind a name, links followed.
pub fn stat(path: &Path) -> io::Result<Meta> {
    std::fs::metadata(path).map(Meta::from)
}

/// What stands under a name, a link itself included.
pub fn lstat(path: &Path) -> io::Result<Meta> {
    std::fs::symlink_metadata(path).map(Meta::from)
}

/// An open file.
pub fn fstat(file: &File) -> io::Result<Meta> {
    file.metadata().map(Meta::from)
}

/// Whether an error says that the file system, or the user's share, is full.
pub fn is_full(error: &io::Error) -> bool {
    let code = error.raw_os_error();
    [Errno::ENOSPC, Errno::EDQUOT]
        .iter()
        .any(|errno| code == Some(*errno as i32))
}

/// What ends the input at a terminal.
#[cfg(feature = "cli")]
pub const END_KEY: &str = "Ctrl-D";

/// Whether the system's own log is that of Windows.
#[cfg(feature = "cli")]
pub const IS_NT: bool = false;

/// Where the local syslog daemon listens.
#[cfg(feature = "cli")]
pub const SYSLOG_SOCKET: Option<&str> = Some(if cfg!(target_os = "linux") {
    "/dev/log"
} else if cfg!(target_os = "macos") {
    "/var/run/syslog"
} else {
    "/var/run/log"
});

/// Whether a local socket takes a stream, and no datagrams; `None` where nobody is
/// there who takes either.
#[cfg(any(feature = "cli", feature = "net"))]
pub fn is_stream_socket(path: &Path) -> Option<bool> {
    let socket = std::os::unix::net::UnixDatagram::unbound();
    match socket.and_then(|socket| socket.connect(path)) {
        Ok(()) => Some(false),
        Err(error) if error.raw_os_error() == Some(Errno::EPROTOTYPE as i32) => Some(true),
        Err(_) => None,
    }
}

/// The name of this machine, as `hostname` prints it; `localhost` where it has
/// none.
#[cfg(feature = "cli")]
pub fn host_name() -> String {
    let name = nix::unistd::gethostname().ok();
    let name = name.and_then(|name| name.into_string().ok());
    name.filter(|name| !name.is_empty())
        .unwrap_or_else(|| "localhost".to_owned())
}

/// The name of the user that lh runs as, or its number.
#[cfg(feature = "cli")]
pub fn user_name() -> String {
    let id = nix::unistd::geteuid();
    match nix::unistd::User::from_uid(id) {
        Ok(Some(user)) => user.name,
        _ => id.to_string(),
    }
}

/// Renames without replacing: `AlreadyExists` if the new name is taken.
pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
        match renameat2(AT_FDCWD, from, AT_FDCWD, to, RenameFlags::RENAME_NOREPLACE) {
            Ok(()) => return Ok(()),
            // A file system, or a kernel, that has no such call.
            Err(Errno::EINVAL | Errno::ENOSYS) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    match lstat(to) {
        Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => std::fs::rename(from, to),
        Err(error) => Err(error),
    }
}

/// Makes names that were made, changed or removed in a directory durable.
pub fn sync_directory(directory: &Path) -> io::Result<()> {
    match File::open(directory)?.sync_all() {
        // Some file systems can't do that with a directory: FUSE, CIFS.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(()),
        other => other,
    }
}

/// Closes a file and tells what the system says of it, which `drop` does not.
pub fn close(file: File) -> io::Result<()> {
    nix::unistd::close(file).map_err(io::Error::from)
}

/// The last byte of a file of a known size, `None` where it can't be read.
pub fn last_byte(file: &File, size: u64) -> Option<u8> {
    let mut byte = [0];
    match file.read_at(&mut byte, size.checked_sub(1)?) {
        Ok(1) => Some(byte[0]),
        _ => None,
    }
}

/// Whether a file holds these bytes at this place, read from the disk and not
/// from what the kernel remembers of it, as far as the system can be told so.
pub fn is_on_disk(file: &File, start: u64, bytes: &[u8]) -> bool {
    #[cfg(target_os = "linux")]
    {
        use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
        // Whole pages only are forgotten, and a length of 0 is up to the end.
        let page = i64::try_from(start & !0xffff).unwrap_or(0);
        let _ = posix_fadvise(file, page, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED);
    }
    let mut buffer = vec![0; bytes.len()];
    file.read_exact_at(&mut buffer, start).is_ok() && buffer == bytes
}

/// The bytes that an unprivileged user can still write to the file system.
pub fn free_space(path: &Path) -> io::Result<u64> {
    let stat = nix::sys::statvfs::statvfs(path)?;
    // The types of both differ between systems.
    #[allow(clippy::unnecessary_cast)]
    Ok((stat.blocks_available() as u64).saturating_mul(stat.fragment_size() as u64))
}

/// A backup's place in the order of rollovers, where it has one.
pub fn sequence(file: &File) -> Option<u64> {
    use xattr::FileExt;
    parse_sequence(file.get_xattr(SEQUENCE))
}

/// The same of the file under a name.
pub fn sequence_at(path: &Path) -> Option<u64> {
    parse_sequence(xattr::get(path, SEQUENCE))
}

fn parse_sequence(attribute: io::Result<Option<Vec<u8>>>) -> Option<u64> {
    let text = attribute.ok()??;
    std::str::from_utf8(&text).ok()?.parse().ok()
}

/// Notes an open file's place in the order of rollovers; with `None`, that it has
/// none.
///
/// # Errors
/// Those of fsetxattr(2); `Unsupported` where the file system has none.
pub fn set_sequence(file: &File, sequence: Option<u64>) -> io::Result<()> {
    set_attribute(file, SEQUENCE, sequence.map(|number| number.to_string()))
}

/// What is noted with a file that was rolled over.
pub fn rolled(file: &File) -> Option<String> {
    use xattr::FileExt;
    let text = file.get_xattr(ROLLED).ok()??;
    String::from_utf8(text).ok()
}

/// The same of the file under a name.
pub fn rolled_at(path: &Path) -> Option<String> {
    let text = xattr::get(path, ROLLED).ok()??;
    String::from_utf8(text).ok()
}

/// Notes with an open file that it was rolled over, and what is owed to it; with
/// `None`, that it was not.
///
/// # Errors
/// Those of fsetxattr(2); `Unsupported` where the file system has none.
pub fn set_rolled(file: &File, text: Option<&str>) -> io::Result<()> {
    set_attribute(file, ROLLED, text)
}

fn set_attribute(file: &File, name: &str, text: Option<impl AsRef<str>>) -> io::Result<()> {
    use xattr::FileExt;
    match text {
        Some(text) => file.set_xattr(name, text.as_ref().as_bytes()),
        None => file.remove_xattr(name),
    }
}

/// Whether a process of this system is there, as far as can be told.
pub fn is_process(id: u32) -> bool {
    let Ok(id) = i32::try_from(id) else {
        return false;
    };
    let asked = nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), None);
    asked != Err(nix::errno::Errno::ESRCH)
}

/// Makes a symbolic link.
pub fn symlink(target: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

/// The bytes of a file name.
pub fn name_bytes(name: &OsStr) -> &[u8] {
    name.as_bytes()
}

/// A path of those bytes.
pub fn path_from(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(bytes))
}

/// A command that the system's shell runs.
pub fn shell(command: &str) -> std::process::Command {
    let mut shell = std::process::Command::new("/bin/sh");
    shell.arg("-c").arg(command);
    shell
}
