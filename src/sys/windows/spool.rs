//! What the disk queue asks of the system. A directory that is made has the
//! access list of the one that it is in.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::windows::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use windows_sys::Win32::Foundation::{ERROR_CRC, ERROR_HANDLE_EOF, ERROR_SECTOR_NOT_FOUND};
use windows_sys::Win32::Storage::FileSystem::FILE_FLAG_OPEN_REPARSE_POINT;

use super::{is, try_lock, unlock};
use crate::sys::Private;

/// Makes a directory.
pub fn make_private_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().create(path)
}

/// Why a directory can't be trusted with files whose names are known
/// beforehand, if so. Its access list is not looked at.
///
/// # Errors
/// When it can't be looked at; `NotFound` where there is none.
pub fn distrusted_directory(path: &Path) -> io::Result<Option<&'static str>> {
    let meta = std::fs::symlink_metadata(path)?;
    Ok(if meta.is_symlink() {
        Some("it is a symbolic link")
    } else if !meta.is_dir() {
        Some("it is no directory")
    } else {
        None
    })
}

/// Opens a regular file of a private directory. Follows no link.
///
/// # Errors
/// Those of CreateFile; `InvalidInput` for what is no regular file.
pub fn open_private(path: &Path, how: Private) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(how != Private::Read)
        .create(how == Private::WriteOrMake)
        .create_new(how == Private::Make)
        .truncate(false)
        .custom_flags(FILE_FLAG_OPEN_REPARSE_POINT)
        .open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => {
            let text = "it is no regular file";
            Err(io::Error::new(io::ErrorKind::InvalidInput, text))
        }
    }
}

/// Reads from a place until the buffer is full or the file ends.
pub fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    let mut done = 0;
    while done < buffer.len() {
        match file.seek_read(&mut buffer[done..], at + done as u64) {
            Ok(0) => break,
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if is(&error, &[ERROR_HANDLE_EOF]) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// Whether an error says that the disk has lost what is to be read.
pub fn is_unreadable(error: &io::Error) -> bool {
    is(error, &[ERROR_CRC, ERROR_SECTOR_NOT_FOUND])
}

/// Writes at a place; `done` is how much of it is written, on an error too.
pub fn write_at(file: &File, bytes: &[u8], at: u64, done: &mut usize) -> io::Result<()> {
    while *done < bytes.len() {
        match file.seek_write(&bytes[*done..], at + *done as u64) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => *done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether somebody holds the lock that [`try_lock`] takes. The question takes
/// it for a moment.
pub fn is_locked(file: &File) -> io::Result<bool> {
    match try_lock(file)? {
        true => unlock(file).map(|()| false),
        false => Ok(true),
    }
}

/// What is another text after each start of the system; empty, for it does not
/// tell.
pub fn boot() -> String {
    String::new()
}
