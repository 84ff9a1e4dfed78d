//! The disk queue: records that are kept until somebody has taken them.
//!
//! A spool is a directory of this user's alone. Records are appended to
//! segments, which are deleted one by one once all that is in them is
//! acknowledged; each record has a number and checksums, so that whatever a
//! crash, a power cut or a bad disk has left, all that is whole is found, once
//! and in order. Nothing else is relied on: the cursor, which says how far the
//! records are delivered, only saves sending them twice.
//!
//! | name | what it is |
//! | --- | --- |
//! | `00000000000000000001.seg` | records from that number on |
//! | `cursor` | how far they are delivered |
//! | `lock` | locked by the process that has the spool, whose number it holds |
//! | `target` | the command line whose records they are |
//! | `bad/` | damaged bytes, by segment and offset |
//!
//! One thread has the [`Writer`], another the [`Reader`].

mod aside;
mod back;
mod cursor;
mod durable;
mod forget;
mod format;
mod inspect;
mod list;
mod open;
mod owner;
mod reader;
mod recovery;
mod scan;
mod shared;
mod target;
mod writer;

use std::fmt;
use std::io;
use std::path::PathBuf;

pub use inspect::{Inspection, inspect};
pub use open::open;
pub use reader::{Reader, Run};
pub use recovery::Recovery;
pub use shared::{Damage, Status};
pub use target::{Target, target};
pub use writer::{AppendError, Writer};

use crate::diag::plain;
use crate::fsync::Fsync;

/// The length of a spool's identity, in bytes.
const SENDER: usize = 16;

/// The ending of a segment's name.
const ENDING: &str = ".seg";

/// The file of a segment that begins with a number; further ones where there is
/// one of that name.
fn segment_name(first: u64, copy: u32) -> String {
    match copy {
        0 => format!("{first:020}{ENDING}"),
        _ => format!("{first:020}-{copy}{ENDING}"),
    }
}

/// The number and the copy that a segment's name says; `None` if it is none.
fn parse_name(name: &str) -> Option<(u64, u32)> {
    let stem = name.strip_suffix(ENDING)?;
    let (first, copy) = match stem.split_once('-') {
        None => (stem.parse().ok()?, 0),
        Some((first, copy)) => (first.parse().ok()?, copy.parse().ok()?),
    };
    (segment_name(first, copy) == name).then_some((first, copy))
}

/// Where a spool is, and how it is kept.
#[derive(Clone, Debug)]
pub struct SpoolOptions {
    /// The directory; it is made where it is missing, in one that is there.
    pub directory: PathBuf,
    /// The most that its segments may have on the disk, in bytes.
    pub max_bytes: u64,
    /// When records are made durable.
    pub fsync: Fsync,
}

impl SpoolOptions {
    /// The defaults for a directory: 1 GiB.
    pub fn new(directory: impl Into<PathBuf>) -> SpoolOptions {
        SpoolOptions {
            directory: directory.into(),
            max_bytes: 1 << 30,
            fsync: Fsync::Never,
        }
    }
}

/// Why a spool can't be opened. Damage is no reason.
#[derive(Debug)]
pub enum SpoolError {
    /// Another process has it.
    Owned {
        /// Its directory.
        directory: PathBuf,
        /// The number of that process, if it is known.
        pid: Option<u32>,
    },
    /// Others could have planted something in it.
    Refused {
        /// Its directory.
        directory: PathBuf,
        /// Why.
        reason: &'static str,
    },
    /// The system says no.
    Failed {
        /// The directory or file.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What the system says.
        source: io::Error,
    },
}

impl SpoolError {
    fn failed(
        path: impl Into<PathBuf>,
        doing: &'static str,
    ) -> impl FnOnce(io::Error) -> SpoolError {
        let path = path.into();
        move |source| SpoolError::Failed {
            path,
            doing,
            source,
        }
    }
}

impl fmt::Display for SpoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SpoolError::Owned { directory, pid } => {
                write!(f, "the spool {} is in use by ", directory.display())?;
                match pid {
                    Some(pid) => write!(f, "process {pid}")?,
                    None => f.write_str("another process")?,
                }
                f.write_str("; give each lh a spool of its own")
            }
            SpoolError::Refused { directory, reason } => write!(
                f,
                "{}: cannot be a spool: {reason}; it has to be a directory of your own with mode 700",
                directory.display()
            ),
            SpoolError::Failed {
                path,
                doing,
                source,
            } => write!(f, "{}: {doing}: {}", path.display(), plain(source)),
        }
    }
}

impl std::error::Error for SpoolError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            SpoolError::Failed { source, .. } => Some(source),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
