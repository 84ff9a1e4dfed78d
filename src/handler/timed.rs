//! `timed`: roll over by the clock.

use std::path::Path;

use super::file::FileOptions;
use super::rotating::RotatingOptions;
use crate::roll::names::{Namer, NamerError, Suffix};
use crate::roll::when::Schedule;

/// Python's `TimedRotatingFileHandler`: backups are named by the start of the
/// interval that they cover.
pub struct TimedRotatingFileHandler;

impl TimedRotatingFileHandler {
    /// The names that its backups have unless told otherwise.
    pub const NAMER: &str = "{base}.{suffix}";

    /// Reads a template for its backups' names.
    ///
    /// # Errors
    /// As [`Namer::parse`].
    pub fn namer(template: &str, file: &Path, schedule: &Schedule) -> Result<Namer, NamerError> {
        Namer::parse(template, file, Suffix::Time(schedule.suffix_format()))
    }

    /// Options for rolling over on a schedule; 0 backups keep all of them.
    ///
    /// # Errors
    /// As [`Namer::parse`], for a file name that no backup can be named after.
    pub fn options(
        file: FileOptions,
        schedule: Schedule,
        backups: usize,
    ) -> Result<RotatingOptions, NamerError> {
        let namer = Self::namer(Self::NAMER, &file.path, &schedule)?;
        Ok(RotatingOptions {
            kind: "timed",
            schedule: Some(schedule),
            backups,
            ..RotatingOptions::new(file, namer)
        })
    }
}
