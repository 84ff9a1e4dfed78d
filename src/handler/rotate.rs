//! `rotate`: roll over by size.

use std::path::Path;

use super::rotating::RotatingOptions;
use crate::roll::names::{Namer, NamerError, Suffix};

/// Python's `RotatingFileHandler`: `FILE.1` is the newest backup.
pub struct RotatingFileHandler;

impl RotatingFileHandler {
    /// The names that its backups have unless told otherwise.
    pub const NAMER: &str = "{base}.{n}";

    /// Reads a template for its backups' names.
    ///
    /// # Errors
    /// As [`Namer::parse`].
    pub fn namer(template: &str, file: &Path) -> Result<Namer, NamerError> {
        Namer::parse(template, file, Suffix::Number)
    }

    /// Options for rolling over at a size in bytes; 0 of either never does.
    ///
    /// # Errors
    /// As [`Namer::parse`], for a file name that no backup can be named after.
    pub fn options(
        file: super::file::FileOptions,
        max_bytes: u64,
        backups: usize,
    ) -> Result<RotatingOptions, NamerError> {
        let namer = Self::namer(Self::NAMER, &file.path)?;
        Ok(RotatingOptions {
            max_bytes: (max_bytes > 0).then_some(max_bytes),
            backups,
            numbered: true,
            ..RotatingOptions::new(file, namer)
        })
    }
}
