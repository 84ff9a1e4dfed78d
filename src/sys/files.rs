//! What is known of files, on all systems.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::{FileId, Owner, stderr, stdout, symlink};

/// What is known of a file.
#[derive(Clone, Copy, Debug)]
pub struct Meta {
    /// Its identity.
    pub id: FileId,
    /// Its size in bytes.
    pub size: u64,
    /// Whether it is a regular file.
    pub regular: bool,
    /// How many names it has.
    pub links: u64,
    /// Permission bits and owner, to give to the file that takes its place.
    pub owner: Owner,
    /// When it was last written, in seconds since the epoch.
    pub modified: i64,
    /// When it was made, where the file system knows, likewise.
    pub born: Option<i64>,
}

impl Meta {
    /// When the file began, as far as can be told: its birth, or when it was
    /// last written if that is earlier, as it is for a copy that kept its time.
    pub fn began(&self) -> i64 {
        self.born
            .map_or(self.modified, |born| born.min(self.modified))
    }
}

/// When a file was made, in seconds since the epoch, where the file system knows.
pub(super) fn born(meta: &Metadata) -> Option<i64> {
    meta.created().ok().map(seconds)
}

/// A time in whole seconds since the epoch.
pub(super) fn seconds(at: SystemTime) -> i64 {
    match at.duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_secs() as i64,
        Err(before) => -(before.duration().as_secs() as i64),
    }
}

/// The directory that a name stands in.
pub fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) => Path::new("."),
        None => path,
    }
}

/// Looks whether [`replace_link`] could make a link, and changes nothing.
pub fn check_link(link: &Path) -> io::Result<()> {
    match std::fs::symlink_metadata(link) {
        Ok(meta) if !meta.is_symlink() => {
            let text = "there is something else than a symbolic link of that name";
            Err(io::Error::new(io::ErrorKind::AlreadyExists, text))
        }
        Ok(_) => Ok(()),
        Err(_) if directory_of(link).is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Replaces or makes a symbolic link in one step.
pub fn replace_link(target: &Path, link: &Path) -> io::Result<()> {
    check_link(link)?;
    if std::fs::read_link(link).is_ok_and(|now| now == target) {
        return Ok(());
    }
    let mut name = link.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = link.with_file_name(name);
    symlink(target, &temporary)?;
    std::fs::rename(&temporary, link).inspect_err(|_| {
        let _ = std::fs::remove_file(&temporary);
    })
}

/// The names under which a process finds its own standard streams.
const STDOUT: &[&str] = &["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];

const STDERR: &[&str] = &["/dev/stderr", "/dev/fd/2", "/proc/self/fd/2"];

/// How a log file is opened.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(windows, allow(dead_code, reason = "it has no owners and no guards"))]
pub struct OpenRules {
    /// Follow links, and take what is no regular file, in any directory.
    pub follow: bool,
    /// Permission bits of a file that is made, whatever the umask is.
    pub perm: Option<u32>,
    /// Permission bits and owner that a file that is made takes over.
    pub inherit: Option<Owner>,
}

/// A file that was opened for appending.
#[derive(Debug)]
pub struct Opened {
    /// The file; its descriptor does not block where it is no regular file.
    pub file: File,
    /// What is known of it.
    pub meta: Meta,
    /// Whether this call made it.
    pub created: bool,
}

/// A copy of an own standard stream, where the path is one of its names: it
/// can't be opened again where it is a socket.
pub(super) fn own_stream(path: &Path) -> io::Result<Option<File>> {
    if named(path, STDOUT) {
        stdout().map(Some)
    } else if named(path, STDERR) {
        stderr().map(Some)
    } else {
        Ok(None)
    }
}

/// Whether a path is one of those names.
pub(super) fn is_own_stream(path: &Path) -> bool {
    named(path, STDOUT) || named(path, STDERR)
}

fn named(path: &Path, names: &[&str]) -> bool {
    names.iter().any(|name| path == Path::new(name))
}

/// How a private file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Private {
    /// To be read; it must be there.
    Read,
    /// To be read and written; it must be there.
    Write,
    /// Likewise; it is made where it is missing.
    WriteOrMake,
    /// Likewise; it must not be there.
    Make,
}
