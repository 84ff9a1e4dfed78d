//! Opening log files with care: nothing planted, modes as asked.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::{AccessFlags, access};

use super::{fstat, stat};
use crate::sys::{
    Meta, NO_DIRECTORY, OpenRules, Opened, Owner, directory_of, is_own_stream, own_stream,
};

/// As many links as Linux follows in one path.
pub(super) const MOST_LINKS: u32 = 40;

/// Opens a log file for appending and makes it where it is missing.
///
/// In a directory that others can write, a name may have been planted: there
/// a symbolic link, a hard link, a FIFO or a device is refused with
/// `InvalidInput`, unless [`OpenRules::follow`] is set.
pub fn open_append(path: &Path, rules: OpenRules) -> io::Result<Opened> {
    if let Some(file) = own_stream(path)? {
        let mut meta = fstat(&file)?;
        // Whatever it leads to, the name is not this program's to rename.
        meta.regular = false;
        return Ok(Opened {
            file,
            meta,
            created: false,
        });
    }
    let guarded = !rules.follow && others_can_write(directory_of(path))?;
    let mut flags = OFlag::O_NOCTTY | OFlag::O_NONBLOCK;
    if guarded {
        flags |= OFlag::O_NOFOLLOW;
    }
    let open = |create: bool| {
        let mut options = OpenOptions::new();
        options
            .append(true)
            .create(create)
            .custom_flags(flags.bits());
        options.mode(rules.perm.unwrap_or(0o666));
        // To be read as well: the last byte tells whether a line was cut short.
        // What is no regular file must not be: a FIFO would then be its own reader.
        let regular = create || stat(path).is_ok_and(|meta| meta.regular);
        match options.read(regular).open(path) {
            Err(error) if regular && error.kind() == io::ErrorKind::PermissionDenied => {
                options.read(false).open(path)
            }
            other => other,
        }
    };
    let (file, created) = match open(false) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => (open(true)?, true),
        Err(error) if guarded && error.raw_os_error() == Some(Errno::ELOOP as i32) => {
            return Err(refused("a symbolic link"));
        }
        // A FIFO that nobody reads can't even be looked at through an open.
        Err(error) if guarded && error.raw_os_error() == Some(Errno::ENXIO as i32) => {
            return Err(refused("no regular file"));
        }
        other => (other?, false),
    };
    let checked = fstat(&file).and_then(|meta| {
        if guarded {
            refuse_planted(false, &meta)?;
        }
        if created {
            take_over(&file, rules)?;
        }
        Ok(meta)
    });
    let meta = checked.inspect_err(|_| {
        if created {
            // Half a file would be in the way of whoever tries again.
            let _ = std::fs::remove_file(path);
        }
    })?;
    Ok(Opened {
        file,
        meta,
        created,
    })
}

/// The file that a symbolic link leads to, where that is a regular one and
/// [`open_append`] would follow the link: its backups belong beside it.
pub fn behind_link(path: &Path, follow: bool) -> Option<PathBuf> {
    let link = std::fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_symlink());
    let trusted = link && (follow || !others_can_write(directory_of(path)).unwrap_or(true));
    if !trusted || is_own_stream(path) {
        return None;
    }
    match stat(path) {
        Ok(meta) if meta.regular => std::fs::canonicalize(path).ok(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => end_of_links(path),
        _ => None,
    }
}

/// What links lead to that is not there yet; its directory is.
fn end_of_links(path: &Path) -> Option<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(target) = std::fs::read_link(&path) else {
            let directory = std::fs::canonicalize(directory_of(&path)).ok()?;
            return Some(directory.join(path.file_name()?));
        };
        path = directory_of(&path).join(target);
    }
    None
}

/// Looks whether [`open_append`] would find a file or could make one, with
/// the missing directories if `mkdir`, and changes nothing.
pub fn check_append(path: &Path, follow: bool, mkdir: bool) -> io::Result<()> {
    let directory = directory_of(path);
    match std::fs::metadata(path) {
        Ok(meta) if meta.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(meta) => {
            if !follow && others_can_write(directory)? {
                let link = std::fs::symlink_metadata(path).is_ok_and(|meta| meta.is_symlink());
                refuse_planted(link, &meta.into())?;
            }
            match access(path, AccessFlags::W_OK) {
                // Another process rolled it over just now.
                Err(Errno::ENOENT) => {}
                other => return Ok(other?),
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    if let Ok(target) = std::fs::read_link(path) {
        // A link to what is not there yet. One that led in a circle would
        // have been another error above.
        return match !follow && others_can_write(directory)? {
            true => Err(refused("a symbolic link")),
            false => check_append(&directory.join(target), follow, false),
        };
    }
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
    if path.as_os_str().as_bytes().ends_with(b"/") {
        let text = "it is the name of a directory, and of no file";
        return Err(io::Error::new(io::ErrorKind::NotFound, text));
    }
    if !there.is_dir() {
        let text = format!("{NO_DIRECTORY}{}", there.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, text));
    }
    Ok(access(there, AccessFlags::W_OK)?)
}

/// Looks whether names can be made and taken away in a directory. One that is not
/// there yet is nobody's fault.
pub fn check_directory(directory: &Path) -> io::Result<()> {
    match access(directory, AccessFlags::W_OK | AccessFlags::X_OK) {
        Err(Errno::ENOENT) => Ok(()),
        other => Ok(other?),
    }
}

/// Refuses what may have been planted in a directory that others can write.
fn refuse_planted(link: bool, meta: &Meta) -> io::Result<()> {
    if link {
        Err(refused("a symbolic link"))
    } else if !meta.regular {
        Err(refused("no regular file"))
    } else if meta.links > 1 {
        Err(refused("a hard link of another name"))
    } else {
        Ok(())
    }
}

fn refused(what: &str) -> io::Error {
    let text = format!(
        "it is {what} in a directory that others can write, so it may be planted; \
         --follow takes it all the same"
    );
    io::Error::new(io::ErrorKind::InvalidInput, text)
}

/// Gives a new file its permission bits and owner.
///
/// # Errors
/// When it can't have the bits that the user asked for. What it would only take
/// over from another file, some file systems do not have.
fn take_over(file: &File, rules: OpenRules) -> io::Result<()> {
    if let Some(owner) = rules.inherit {
        // Only root may give files away; for others it is theirs already.
        let _ = std::os::unix::fs::fchown(file, Some(owner.uid), Some(owner.gid));
        let _ = file.set_permissions(std::fs::Permissions::from_mode(owner.mode));
    }
    match rules.perm {
        Some(mode) => file.set_permissions(std::fs::Permissions::from_mode(mode)),
        None => Ok(()),
    }
}

/// Opens a file that is there for writing, to lock it; follows no link.
pub fn open_existing(path: &Path) -> io::Result<File> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    OpenOptions::new()
        .append(true)
        .custom_flags(flags.bits())
        .open(path)
}

/// Makes a file that must not be there yet, with another's mode and owner.
pub fn create_new(path: &Path, owner: Owner) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let file = options.open(path)?;
    let rules = OpenRules {
        inherit: Some(owner),
        ..OpenRules::default()
    };
    take_over(&file, rules)?;
    Ok(file)
}

/// Whether a user other than this one and root can make names in a directory.
fn others_can_write(directory: &Path) -> io::Result<bool> {
    Ok(others_can_write_in(&std::fs::metadata(directory)?))
}

/// The same of a directory that is looked at already. Its group counts unless
/// it is the process's own, as with a private group.
pub(super) fn others_can_write_in(directory: &Metadata) -> bool {
    let foreign_group = directory.mode() & 0o020 != 0
        && directory.gid() != nix::unistd::getegid().as_raw()
        && directory.gid() != 0;
    !is_ours(directory.uid()) || foreign_group || directory.mode() & 0o002 != 0
}

/// Whether what belongs to a user is trusted: to this one, or root.
pub(super) fn is_ours(user: u32) -> bool {
    user == 0 || user == nix::unistd::geteuid().as_raw()
}

/// Whether a failed open of a log file can succeed later without anybody
/// changing the command: no space, no descriptors, no reader of a FIFO yet.
pub fn open_may_succeed_later(error: &io::Error) -> bool {
    use Errno::*;
    let passing = [
        ENOSPC, EDQUOT, EMFILE, ENFILE, ENOMEM, EIO, EINTR, EAGAIN, ENXIO, ESTALE,
    ];
    let code = error.raw_os_error();
    passing.iter().any(|errno| code == Some(*errno as i32))
}
