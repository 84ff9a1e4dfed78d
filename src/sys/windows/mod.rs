//! Windows.
//!
//! What it has no word for is said so where it is asked for: permission bits,
//! Unix sockets, pseudo-terminals. Owners and access lists are not looked at, so
//! a name in a directory that others can write is taken as it is.

#[cfg(feature = "net")]
pub mod activation;
mod calls;
#[cfg(feature = "net")]
pub mod drops;
#[cfg(feature = "net")]
pub mod event_log;
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
mod waiting;

use std::ffi::OsStr;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::windows::fs::{FileExt, OpenOptionsExt};
use std::os::windows::process::CommandExt;
use std::path::{Path, PathBuf};

use windows_sys::Win32::Foundation::{
    ERROR_DISK_FULL, ERROR_DISK_QUOTA_EXCEEDED, ERROR_HANDLE_DISK_FULL,
};
use windows_sys::Win32::Storage::FileSystem::{
    FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OPEN_REPARSE_POINT,
};

use super::{Meta, born};

pub use lock::{lock, try_lock, unlock};
pub use open::{
    behind_link, check_append, check_directory, create_new, open_append, open_existing,
    open_may_succeed_later,
};
#[cfg(all(feature = "cli", feature = "net"))]
pub use process::raise_descriptor_limit;
pub use process::{
    TERMINATE, exit_code, file_of, is_hangup, set_terminal_size, signal_child, spawn, terminal,
    watch_child,
};
pub use spool::{
    boot, distrusted_directory, is_locked, is_unreadable, make_private_directory, open_private,
    read_at, write_at,
};
#[cfg(feature = "cli")]
pub use stdio::wait_unread;
pub use stdio::{Input, is_pipe, stderr, stdin, stdout, write_some};
pub use waiting::{Waitable, wait_readable};

/// Which file a name stands for, however often it is renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId {
    volume: u32,
    index: u64,
}

/// Nothing of a file's owner is carried over: a file that is made has the access
/// list of its directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner;

impl FileId {
    /// Whether both files are in one file system.
    pub fn is_near(self, other: FileId) -> bool {
        self.volume == other.volume
    }

    /// The number that names the file within its file system.
    pub fn number(self) -> u64 {
        self.index
    }
}

/// The file behind a name, links followed.
pub fn stat(path: &Path) -> io::Result<Meta> {
    look(path, 0)
}

/// What stands under a name, a link itself included.
pub fn lstat(path: &Path) -> io::Result<Meta> {
    look(path, FILE_FLAG_OPEN_REPARSE_POINT)
}

/// Opened for nothing but to be asked, which a file allows that is open anywhere.
fn look(path: &Path, flags: u32) -> io::Result<Meta> {
    let mut options = OpenOptions::new();
    options
        .access_mode(0)
        .custom_flags(FILE_FLAG_BACKUP_SEMANTICS | flags);
    fstat(&options.open(path)?)
}

/// An open file.
pub fn fstat(file: &File) -> io::Result<Meta> {
    if !calls::is_disk(file) {
        return Ok(Meta {
            id: FileId {
                volume: 0,
                index: 0,
            },
            size: 0,
            regular: false,
            links: 1,
            owner: Owner,
            modified: 0,
            written: 0,
            born: None,
        });
    }
    let known = calls::file_information(file)?;
    let meta: Metadata = file.metadata()?;
    Ok(Meta {
        id: FileId {
            volume: known.volume,
            index: known.index,
        },
        size: meta.len(),
        regular: meta.is_file(),
        links: known.links.into(),
        owner: Owner,
        modified: meta.modified().map_or(0, super::files::seconds),
        written: meta.modified().map_or(0, super::files::nanoseconds),
        born: born(&meta),
    })
}

/// Whether an error is one of these.
fn is(error: &io::Error, codes: &[u32]) -> bool {
    let code = error
        .raw_os_error()
        .and_then(|code| u32::try_from(code).ok());
    code.is_some_and(|code| codes.contains(&code))
}

/// Whether an error says that the file system, or the user's share, is full.
pub fn is_full(error: &io::Error) -> bool {
    let full = [
        ERROR_DISK_FULL,
        ERROR_HANDLE_DISK_FULL,
        ERROR_DISK_QUOTA_EXCEEDED,
    ];
    is(error, &full)
}

/// What ends the input at a terminal.
#[cfg(feature = "cli")]
pub const END_KEY: &str = "Ctrl-Z";

/// Whether the system's own log is that of Windows.
#[cfg(feature = "cli")]
pub const IS_NT: bool = true;

/// There is no local syslog daemon.
#[cfg(feature = "cli")]
pub const SYSLOG_SOCKET: Option<&str> = None;

/// There is none that takes datagrams, and nothing is sent to others.
#[cfg(any(feature = "cli", feature = "net"))]
pub fn is_stream_socket(_path: &Path) -> Option<bool> {
    None
}

/// The name of this machine; `localhost` where it has none.
#[cfg(feature = "cli")]
pub fn host_name() -> String {
    of_environment("COMPUTERNAME").unwrap_or_else(|| "localhost".to_owned())
}

/// The name of the user that lh runs as.
#[cfg(feature = "cli")]
pub fn user_name() -> String {
    of_environment("USERNAME").unwrap_or_else(|| "unknown".to_owned())
}

#[cfg(feature = "cli")]
fn of_environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|name| !name.is_empty())
}

/// Renames without replacing: `AlreadyExists` if the new name is taken. A file
/// that somebody has open without letting it be renamed (FILE_SHARE_DELETE) can
/// be again when he closes it; most look only for a moment, so it is tried for
/// a little while.
pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    calls::patiently(|| calls::move_file(from, to))
}

/// What the system makes durable by itself.
pub fn sync_directory(_directory: &Path) -> io::Result<()> {
    Ok(())
}

/// Closes a file. What can go wrong with its content was told when it was
/// written.
pub fn close(file: File) -> io::Result<()> {
    drop(file);
    Ok(())
}

/// The last byte of a file of a known size, `None` where it can't be read.
pub fn last_byte(file: &File, size: u64) -> Option<u8> {
    let mut byte = [0];
    match file.seek_read(&mut byte, size.checked_sub(1)?) {
        Ok(1) => Some(byte[0]),
        _ => None,
    }
}

/// Whether a file holds these bytes at this place, as far as the system tells.
pub fn is_on_disk(file: &File, start: u64, bytes: &[u8]) -> bool {
    let mut buffer = vec![0; bytes.len()];
    read_at(file, &mut buffer, start).is_ok_and(|read| read == bytes.len()) && buffer == bytes
}

/// The bytes that this user can still write to the file system.
pub fn free_space(path: &Path) -> io::Result<u64> {
    calls::free_space(path)
}

/// A backup's place in the order of rollovers: not noted here, so it is known by
/// the names and, within a run, from memory.
pub fn sequence(_file: &File) -> Option<u64> {
    None
}

/// The same of the file under a name.
pub fn sequence_at(_path: &Path) -> Option<u64> {
    None
}

/// Notes an open file's place in the order of rollovers.
///
/// # Errors
/// `Unsupported`, always.
pub fn set_sequence(_file: &File, _sequence: Option<u64>) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// What is noted with a file that was rolled over: nothing here.
pub fn rolled(_file: &File) -> Option<String> {
    None
}

/// The same of the file under a name.
pub fn rolled_at(_path: &Path) -> Option<String> {
    None
}

/// Notes with an open file that it was rolled over.
///
/// # Errors
/// `Unsupported`, always.
pub fn set_rolled(_file: &File, _text: Option<&str>) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Whether a process is there, as far as can be told: nothing is, here, and what
/// may be another's is left to it.
pub fn is_process(_id: u32) -> bool {
    true
}

/// Makes a symbolic link, which not everybody may on Windows.
pub fn symlink(target: &Path, link: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_file(target, link)
}

/// The bytes of a file name: UTF-8, and more where it is no Unicode.
pub fn name_bytes(name: &OsStr) -> &[u8] {
    name.as_encoded_bytes()
}

/// A path of those bytes; what is no Unicode in them is lost.
pub fn path_from(bytes: &[u8]) -> PathBuf {
    String::from_utf8_lossy(bytes).into_owned().into()
}

/// A command that the system's shell runs.
pub fn shell(command: &str) -> std::process::Command {
    let mut shell = std::process::Command::new("cmd");
    // As it stands: cmd has rules of its own for quotes.
    shell.arg("/C").raw_arg(command);
    shell
}

/// The same, without an input. A lock belongs to the process that took it here, so the
/// command has none where this process is killed.
pub fn shell_with_lock(command: &str, _file: &File) -> io::Result<std::process::Command> {
    let mut shell = shell(command);
    shell.stdin(std::process::Stdio::null());
    Ok(shell)
}
