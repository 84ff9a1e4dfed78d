//! What is noted with a file when it is rolled over.
//!
//! In an extended attribute, which stays with the file under all its names. Where the
//! file system has none, nothing is noted, and what depends on it is not done.

use std::fmt;
use std::fs::File;
use std::path::Path;
use std::str::FromStr;

use crate::sys;

/// See the [module](self).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It is a backup, and nothing more is to be done for it.
    Rolled,
    /// It is one, and this process is to run the user's command for it.
    Owed {
        /// The process's number.
        by: u32,
        /// Which of that one's backups it is.
        number: u64,
    },
    /// It is none: it was emptied at that moment, in seconds since the epoch, and is
    /// written on. Its birth tells no more when it began.
    Emptied(i64),
}

impl Mark {
    /// What is noted with an open file.
    pub fn of(file: &File) -> Option<Mark> {
        sys::rolled(file)?.parse().ok()
    }

    /// The same of the file under a name.
    pub fn at(path: &Path) -> Option<Mark> {
        sys::rolled_at(path)?.parse().ok()
    }

    /// Notes it with an open file, or takes what is noted away.
    pub fn note(mark: Option<Mark>, file: &File) {
        let text = mark.map(|mark| mark.to_string());
        // Not every file system can.
        let _ = sys::set_rolled(file, text.as_deref());
    }

    /// Whether the file is a backup.
    pub fn is_backup(self) -> bool {
        !matches!(self, Mark::Emptied(_))
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mark::Rolled => f.write_str("done"),
            Mark::Owed { by, number } => write!(f, "hook {by} {number}"),
            Mark::Emptied(at) => write!(f, "began {at}"),
        }
    }
}

/// It is none that this version knows.
#[derive(Debug, PartialEq, Eq)]
pub struct UnknownMark;

impl FromStr for Mark {
    type Err = UnknownMark;

    fn from_str(text: &str) -> Result<Mark, UnknownMark> {
        let (kind, rest) = text.split_once(' ').unwrap_or((text, ""));
        match kind {
            "done" => Ok(Mark::Rolled),
            "hook" => {
                let (by, number) = rest.split_once(' ').ok_or(UnknownMark)?;
                match (by.parse(), number.parse()) {
                    (Ok(by), Ok(number)) => Ok(Mark::Owed { by, number }),
                    _ => Err(UnknownMark),
                }
            }
            "began" => rest.parse().map(Mark::Emptied).map_err(|_| UnknownMark),
            _ => Err(UnknownMark),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_back_as_it_was_noted() {
        let owed = Mark::Owed { by: 17, number: 3 };
        for mark in [Mark::Rolled, owed, Mark::Emptied(-3)] {
            assert_eq!(mark.to_string().parse(), Ok(mark));
        }
        for text in ["", "hook", "hook 1", "hook x 1", "began ", "later 5"] {
            assert_eq!(text.parse::<Mark>(), Err(UnknownMark), "{text}");
        }
    }
}
