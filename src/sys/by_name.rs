//! Systems where no path leads into a directory that is open: there, all
//! directories go by their names.

use std::io;
use std::path::{Path, PathBuf};

/// There is none.
#[derive(Debug)]
pub enum Held {}

impl Held {
    /// Holds on to nothing.
    ///
    /// # Errors
    /// None.
    pub fn open(_directory: &Path) -> io::Result<Option<Held>> {
        Ok(None)
    }

    /// A path that leads into it.
    pub fn through(&self) -> PathBuf {
        match *self {}
    }

    /// The name that it has now.
    pub fn name(&self) -> Option<PathBuf> {
        match *self {}
    }

    /// Whether it was deleted.
    pub fn is_gone(&self) -> bool {
        match *self {}
    }

    /// Whether a path leads to it.
    pub fn is_at(&self, _directory: &Path) -> bool {
        match *self {}
    }
}

/// Holds on to nothing.
///
/// # Errors
/// None.
pub fn hold_directory(_directory: &Path) -> io::Result<Option<Held>> {
    Ok(None)
}
