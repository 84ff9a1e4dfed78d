//! Opening log files. Every open lets others read, write, rename and delete the
//! file (FILE_SHARE_READ, WRITE and DELETE, as Rust's standard library does), so
//! that a rollover works while a reader of that kind has it open.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use windows_sys::Win32::Foundation::{
    ERROR_DELETE_PENDING, ERROR_LOCK_VIOLATION, ERROR_NO_SYSTEM_RESOURCES, ERROR_NOT_ENOUGH_MEMORY,
    ERROR_SHARING_VIOLATION, ERROR_TOO_MANY_OPEN_FILES,
};
use windows_sys::Win32::Storage::FileSystem::FILE_FLAG_OPEN_REPARSE_POINT;

use super::{fstat, is, is_full, stat};
use crate::sys::{NO_DIRECTORY, OpenRules, Opened, Owner, directory_of, is_own_stream, own_stream};

/// Opens a log file for appending and makes it where it is missing. Every write
/// goes to the file's end at that moment, whoever else writes.
///
/// # Errors
/// Those of CreateFile; `Unsupported` for permission bits.
pub fn open_append(path: &Path, rules: OpenRules) -> io::Result<Opened> {
    if let Some(file) = own_stream(path)? {
        let mut meta = fstat(&file)?;
        meta.regular = false;
        return Ok(Opened {
            file,
            meta,
            created: false,
        });
    }
    if rules.perm.is_some() {
        let text = "this system has no permission bits (--perm)";
        return Err(io::Error::new(io::ErrorKind::Unsupported, text));
    }
    let open = |create: bool| {
        let mut options = OpenOptions::new();
        // To be read as well: the last byte tells whether a line was cut short.
        options.read(true).append(true).create_new(create);
        match options.open(path) {
            Err(error) if !create && error.kind() == io::ErrorKind::PermissionDenied => {
                options.read(false).open(path)
            }
            other => other,
        }
    };
    let (file, created) = match open(false) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => match open(true) {
            // Another made it just now.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => (open(false)?, false),
            other => (other?, true),
        },
        other => (other?, false),
    };
    let meta = fstat(&file)?;
    Ok(Opened {
        file,
        meta,
        created,
    })
}

/// The file that a symbolic link leads to, where that is a regular one: its
/// backups belong beside it.
pub fn behind_link(path: &Path, _follow: bool) -> Option<PathBuf> {
    let link = std::fs::symlink_metadata(path).is_ok_and(|meta| meta.is_symlink());
    if !link || is_own_stream(path) || !stat(path).is_ok_and(|meta| meta.regular) {
        return None;
    }
    std::fs::canonicalize(path).ok()
}

/// Access lists are not looked at.
pub fn check_directory(_directory: &Path) -> io::Result<()> {
    Ok(())
}

/// Looks whether [`open_append`] would find a file or could make one, with
/// the missing directories if `mkdir`, and changes nothing.
pub fn check_append(path: &Path, _follow: bool, mkdir: bool) -> io::Result<()> {
    match std::fs::metadata(path) {
        Ok(meta) if meta.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(meta) if meta.permissions().readonly() => {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let directory = directory_of(path);
    let mut ancestors = directory
        .ancestors()
        .map(|path| match path.as_os_str().is_empty() {
            true => Path::new("."),
            false => path,
        });
    let there = match mkdir {
        true => ancestors.find(|path| path.exists()).unwrap_or(directory),
        false => directory,
    };
    let ends_in_slash = matches!(
        path.as_os_str().as_encoded_bytes().last(),
        Some(b'/' | b'\\')
    );
    match ends_in_slash || !there.is_dir() {
        true => {
            let text = format!("{NO_DIRECTORY}{}", there.display());
            Err(io::Error::new(io::ErrorKind::NotFound, text))
        }
        false => Ok(()),
    }
}

/// Opens a file that is there for writing, to lock it; follows no link.
pub fn open_existing(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .append(true)
        .custom_flags(FILE_FLAG_OPEN_REPARSE_POINT)
        .open(path)
}

/// Makes a file that must not be there yet.
pub fn create_new(path: &Path, _owner: Owner) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Whether a failed open of a log file can succeed later without anybody
/// changing the command.
pub fn open_may_succeed_later(error: &io::Error) -> bool {
    let passing = [
        ERROR_SHARING_VIOLATION,
        ERROR_LOCK_VIOLATION,
        ERROR_DELETE_PENDING,
        ERROR_TOO_MANY_OPEN_FILES,
        ERROR_NOT_ENOUGH_MEMORY,
        ERROR_NO_SYSTEM_RESOURCES,
    ];
    is_full(error) || is(error, &passing)
}
