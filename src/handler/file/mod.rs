//! `file`: one file, appended to; and the engine below all file handlers.

mod acquire;
mod durable;
mod lock_wait;
mod log_file;

use std::io;
use std::time::Instant;

pub use crate::fsync::Fsync;
pub(in crate::handler) use lock_wait::LockWait;
pub use log_file::{FileOptions, LogFile};

use super::{EmitError, Handler};
use crate::batch::Frames;
use crate::diag::Diag;
use crate::now::Now;

/// Python's `FileHandler`, and with [`FileOptions::watch`] its
/// `WatchedFileHandler`.
#[derive(Debug)]
pub struct FileHandler {
    file: LogFile,
}

impl FileHandler {
    /// A handler for one file, which is not opened yet.
    pub fn new(options: FileOptions, diag: Diag) -> FileHandler {
        FileHandler {
            file: LogFile::new(options, diag),
        }
    }
}

impl Handler for FileHandler {
    fn kind(&self) -> &'static str {
        "file"
    }

    fn target(&self) -> String {
        self.file.name()
    }

    fn empties(&self) -> bool {
        self.file.empties_at_start()
    }

    fn lacks_mkdir(&self) -> bool {
        !self.file.makes_directories()
    }

    fn check(&self) -> io::Result<()> {
        self.file.check()
    }

    fn writes_to(&self, file: &std::fs::File) -> bool {
        self.file.is_same(file)
    }

    fn unsettled(&self) -> u64 {
        self.file.unsynced_records()
    }

    fn open(&mut self, _now: Now) -> io::Result<()> {
        self.file.open_at_start()
    }

    fn emit(&mut self, frames: &Frames<'_>, from: usize, now: Now) -> Result<(), EmitError> {
        if from == frames.len() && !self.file.owes() {
            return Ok(());
        }
        self.file.acquire(from)?;
        let written = self.file.append(frames, from, frames.len(), now);
        let synced = written.and_then(|()| self.file.sync_if_due(frames.len(), now));
        self.file.release();
        synced
    }

    fn deadline(&self, _now: Now) -> Option<Instant> {
        self.file.sync_deadline()
    }

    fn tick(&mut self, now: Now) -> Result<(), EmitError> {
        self.file.tick(now)
    }

    fn reopen(&mut self, now: Now) {
        self.file.reopen(now);
    }

    fn abandon(&mut self) {
        self.file.abandon();
    }

    fn doubtful(&self) -> Option<String> {
        self.file.doubtful()
    }

    fn close(&mut self, now: Now, _hurry: bool) -> Result<(), EmitError> {
        self.file.close(now)
    }
}
