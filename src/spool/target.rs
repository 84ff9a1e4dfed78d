//! The file `target`: the command line whose records are in the spool.
//!
//! The form of the records, the directory that it was run in and its words,
//! each with a NUL behind it, which none of them can hold.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::SpoolError;
use super::open::{hold, plain_path};
use crate::sys::{self, Private};

const NAME: &str = "target";
const TEMPORARY: &str = "target.tmp";

/// The most that is read of it, in bytes: more than a command line can have.
const MOST: usize = 8 << 20;

/// Whose records are in a spool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// The words of the command line that delivers them.
    pub words: Vec<OsString>,
    /// The directory in which they hold.
    pub directory: PathBuf,
    /// What the records are, as bytes: those of one form can't be delivered as
    /// those of another. One line of text.
    pub form: String,
}

/// Whose records are in a spool; `None` where nothing is noted.
///
/// # Errors
/// When it can't be trusted, or can't be read.
pub fn target(directory: &Path) -> Result<Option<Target>, SpoolError> {
    let directory = plain_path(directory);
    let place = hold(&directory)?;
    let found = find(&place);
    found.map_err(SpoolError::failed(directory, "cannot be read"))
}

pub(super) fn find(spool: &Path) -> io::Result<Option<Target>> {
    let Some(bytes) = read(spool)? else {
        return Ok(None);
    };
    // Torn, or somebody else's.
    let Some(bytes) = bytes.strip_suffix(b"\0") else {
        return Ok(None);
    };
    let mut parts = bytes.split(|&byte| byte == 0);
    let form = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
    let mut words = parts.map(sys::path_from);
    let Some(directory) = words.next() else {
        return Ok(None);
    };
    Ok(Some(Target {
        words: words.map(PathBuf::into_os_string).collect(),
        directory,
        form,
    }))
}

fn read(directory: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match sys::open_private(&directory.join(NAME), Private::Read) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    let size = usize::try_from(sys::fstat(&file)?.size).unwrap_or(MOST);
    let mut bytes = vec![0; size.min(MOST)];
    let read = sys::read_at(&file, &mut bytes, 0)?;
    bytes.truncate(read);
    Ok(Some(bytes))
}

pub(super) fn write(spool: &Path, target: &Target, durable: bool) -> io::Result<()> {
    let mut bytes = target.form.replace('\0', "").into_bytes();
    bytes.push(0);
    let directory = std::iter::once(target.directory.as_os_str());
    for word in directory.chain(target.words.iter().map(OsString::as_os_str)) {
        bytes.extend_from_slice(sys::name_bytes(word));
        bytes.push(0);
    }
    if read(spool).is_ok_and(|now| now.as_ref() == Some(&bytes)) {
        return Ok(());
    }
    let temporary = spool.join(TEMPORARY);
    let _ = std::fs::remove_file(&temporary);
    let file = sys::open_private(&temporary, Private::Make)?;
    sys::write_at(&file, &bytes, 0, &mut 0)?;
    if durable {
        file.sync_data()?;
    }
    std::fs::rename(&temporary, spool.join(NAME))?;
    match durable {
        true => sys::sync_directory(spool),
        false => Ok(()),
    }
}
