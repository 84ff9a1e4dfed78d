//! What is known of files, on all systems.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::{FileId, Owner, is_process, name_bytes, stderr, stdout, symlink};

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
    /// The same in nanoseconds.
    pub written: i64,
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

/// The same in nanoseconds, as far as they go: to the year 2262.
pub(super) fn nanoseconds(at: SystemTime) -> i64 {
    let nanos = |since: std::time::Duration| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX);
    match at.duration_since(UNIX_EPOCH) {
        Ok(since) => nanos(since),
        Err(before) => -nanos(before.duration()),
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

/// How a name ends that is there for a moment only.
const TEMPORARY: &str = ".tmp";

/// Removes what processes that are gone have left of [`replace_link`] with these
/// arguments. Whatever leads to another file is none of ours.
///
/// # Errors
/// Those of reading the directory and of removing.
pub fn clear_links(target: &Path, link: &Path) -> io::Result<()> {
    let name = name_bytes(link.file_name().unwrap_or_default());
    let mut cleared = Ok(());
    for entry in std::fs::read_dir(directory_of(link))? {
        let entry = entry?;
        let found = entry.file_name();
        let id = name_bytes(&found).strip_prefix(name);
        let id = id.and_then(|rest| rest.strip_prefix(b"."));
        let id = id.and_then(|rest| rest.strip_suffix(TEMPORARY.as_bytes()));
        if id.is_some_and(is_of_the_gone)
            && std::fs::read_link(entry.path()).is_ok_and(|leads| leads == target)
            && let Err(error) = std::fs::remove_file(entry.path())
            // Another process may clear up as well.
            && error.kind() != io::ErrorKind::NotFound
        {
            cleared = Err(error);
        }
    }
    cleared
}

/// Whether this, a part of a temporary name, is the number of a process that is
/// gone, as such names have it. So is one with our own number that was there
/// before us: in a container each lh may have the same.
pub fn is_of_the_gone(part: &[u8]) -> bool {
    let text = std::str::from_utf8(part).unwrap_or_default();
    let id = text.parse::<u32>().ok();
    // No process has ever had a greater one.
    let id = id.filter(|id| id.to_string() == text && i32::try_from(*id).is_ok());
    id.is_some_and(|id| id == std::process::id() || !is_process(id))
}

/// Replaces or makes a symbolic link in one step.
pub fn replace_link(target: &Path, link: &Path) -> io::Result<()> {
    check_link(link)?;
    if std::fs::read_link(link).is_ok_and(|now| now == target) {
        return Ok(());
    }
    let mut name = link.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}{TEMPORARY}", std::process::id()));
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

#[cfg(test)]
mod tests {
    use super::*;

    /// In a container each lh may have the same number: what the one before has
    /// left would be in the way of the next for ever.
    #[test]
    fn a_link_left_under_our_own_number_is_no_obstacle() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("cur");
        let own = format!("cur.{}{TEMPORARY}", std::process::id());
        let (log, other) = (Path::new("app.log"), Path::new("other.log"));
        symlink(log, &folder.path().join(&own)).unwrap();
        assert!(replace_link(log, &link).is_err());
        clear_links(other, &link).unwrap();
        assert!(replace_link(log, &link).is_err(), "it is another's");
        clear_links(log, &link).unwrap();
        replace_link(log, &link).unwrap();
        assert_eq!(std::fs::read_link(&link).unwrap(), log);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn numbers_of_processes_are_taken_as_they_are_written() {
        let own = std::process::id();
        assert!(is_of_the_gone(own.to_string().as_bytes()));
        // The first process is there as long as the system is.
        for other in [
            "".to_owned(),
            "1".to_owned(),
            format!("0{own}"),
            format!("+{own}"),
            format!("{own} "),
            u32::MAX.to_string(),
            u64::MAX.to_string(),
        ] {
            assert!(!is_of_the_gone(other.as_bytes()), "{other:?}");
        }
    }
}
