//! `bad/`: where damaged bytes go, so that somebody can look at them.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::scan::BLOCK;
use crate::sys::{self, Private};

/// The directory's name.
pub(super) const BAD: &str = "bad";

fn directory(spool: &Path) -> io::Result<PathBuf> {
    let bad = spool.join(BAD);
    match sys::make_private_directory(&bad) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(bad),
    }
}

/// What the bytes of a segment from an offset on are called there.
pub(super) fn name(segment: &str, start: u64) -> String {
    format!("{segment}.{start}")
}

/// Copies the bytes between two offsets of a segment to a file whose name says
/// which they are. They are there already after another start.
pub(super) fn copy(spool: &Path, segment: &str, start: u64, end: u64) -> io::Result<()> {
    let from = sys::open_private(&spool.join(segment), Private::Read)?;
    let path = directory(spool)?.join(name(segment, start));
    let to = match sys::open_private(&path, Private::Make) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        other => other?,
    };
    let copied = copy_bytes(&from, &to, start, end);
    copied.inspect_err(|_| {
        // Half of it would be in the way of another attempt.
        let _ = std::fs::remove_file(&path);
    })
}

fn copy_bytes(from: &File, to: &File, start: u64, end: u64) -> io::Result<()> {
    let mut buffer = vec![0; BLOCK];
    let mut at = start;
    while at < end {
        let most = (end - at).min(BLOCK as u64) as usize;
        let read = sys::read_at(from, &mut buffer[..most], at)?;
        if read == 0 {
            break;
        }
        sys::write_at(to, &buffer[..read], at - start, &mut 0)?;
        at += read as u64;
    }
    Ok(())
}

/// Moves a whole file there.
pub(super) fn rename(spool: &Path, name: &str) -> io::Result<()> {
    let bad = directory(spool)?;
    let mut number = 0u32;
    loop {
        let to = match number {
            0 => bad.join(name),
            _ => bad.join(format!("{name}-{number}")),
        };
        match sys::rename_new(&spool.join(name), &to) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            other => return other,
        }
    }
}

/// Whether a file holds nothing but zeros from a place on, as after a power cut
/// that came before its bytes.
pub(super) fn is_blank(file: &File, start: u64) -> io::Result<bool> {
    let mut buffer = vec![0; BLOCK];
    let mut at = start;
    loop {
        let read = match sys::read_at(file, &mut buffer, at) {
            Err(error) if sys::is_unreadable(&error) => return Ok(false),
            other => other?,
        };
        if buffer[..read].iter().any(|&byte| byte != 0) {
            return Ok(false);
        }
        if read == 0 {
            return Ok(true);
        }
        at += read as u64;
    }
}
