//! Making records durable, and what to do when that fails.
//!
//! After a failed fsync the kernel has thrown the dirty pages away, marks them
//! clean, and lets the next fsync succeed. So a failed sync is never tried
//! again on the same pages: what was written since the last good one is kept
//! here, and is written anew to a fresh file.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::log_file::LogFile;
use crate::diag::plain;
use crate::handler::EmitError;
use crate::now::Now;
use crate::sys;

/// The most that is written between two syncs, in bytes, because it is all
/// kept in memory until the sync that covers it has succeeded.
const TAIL_LIMIT: usize = 8 << 20;

/// When written records are made durable by fdatasync(2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fsync {
    /// When the kernel sees fit.
    #[default]
    Never,
    /// After each batch, before more input is read.
    Batch,
    /// When the file is closed or rolled over, and at least every 8 MiB.
    Close,
    /// So long after the first record that is not yet durable, and at least
    /// every 8 MiB.
    After(Duration),
}

/// What is written and not yet known to be durable.
#[derive(Debug)]
pub(super) struct Durable {
    mode: Fsync,
    tail: Vec<u8>,
    /// The file's size when the tail was begun.
    start: u64,
    /// When the tail was begun.
    since: Option<Instant>,
    /// A sync failed: the tail has to be written to a fresh file.
    failed: bool,
    /// The file whose sync failed, under the name that it was given.
    doubtful: Option<(File, PathBuf)>,
}

impl Durable {
    pub(super) fn new(mode: Fsync) -> Durable {
        Durable {
            mode,
            tail: Vec::new(),
            start: 0,
            since: None,
            failed: false,
            doubtful: None,
        }
    }

    /// Whether anything is ever synced.
    pub(super) fn wanted(&self) -> bool {
        self.mode != Fsync::Never
    }

    /// Keeps what was just written at `start`.
    pub(super) fn note(&mut self, bytes: &[u8], start: u64, now: Now) {
        if !self.wanted() || bytes.is_empty() {
            return;
        }
        if self.tail.is_empty() {
            self.start = start;
            self.since = Some(now.mono);
        }
        self.tail.extend_from_slice(bytes);
    }

    fn settled(&mut self) {
        self.tail.clear();
        self.since = None;
        self.failed = false;
    }

    /// Syncs a file that another process renamed, or that was rolled over,
    /// before it is closed. If it fails, the tail goes into the next file.
    pub(super) fn sync_left(&mut self, file: &File) {
        if self.tail.is_empty() || self.failed {
            return;
        }
        match file.sync_data() {
            Ok(()) => self.settled(),
            Err(_) => self.failed = true,
        }
    }
}

impl LogFile {
    /// Whether anything is ever made durable here.
    pub fn wants_sync(&self) -> bool {
        self.durable.wanted()
    }

    /// Whether a failed sync is still to be made good.
    pub fn owes(&self) -> bool {
        self.durable.failed
    }

    /// When the next sync is due.
    pub fn sync_deadline(&self) -> Option<Instant> {
        match self.durable.mode {
            Fsync::After(delay) => self.durable.since.map(|since| since + delay),
            _ => None,
        }
    }

    /// Syncs if the mode asks for it now; `done` goes into the error.
    ///
    /// # Errors
    /// As [`sync`](Self::sync).
    pub fn sync_if_due(&mut self, done: usize, now: Now) -> Result<(), EmitError> {
        match self.durable.mode {
            Fsync::Batch => self.sync(done, now),
            Fsync::After(_) if self.sync_deadline().is_some_and(|due| due <= now.mono) => {
                self.sync(done, now)
            }
            _ => Ok(()),
        }
    }

    /// Syncs when that is due by the clock.
    ///
    /// # Errors
    /// As [`sync`](Self::sync).
    pub fn tick(&mut self, now: Now) -> Result<(), EmitError> {
        if self.sync_deadline().is_none_or(|due| due > now.mono) {
            return Ok(());
        }
        self.acquire(0)?;
        let result = self.sync(0, now);
        self.release();
        result
    }

    /// Syncs first where the next write would overflow what may be kept.
    pub(super) fn make_room_to_sync(
        &mut self,
        more: usize,
        done: usize,
        now: Now,
    ) -> Result<(), EmitError> {
        let full = self.durable.tail.len() + more > TAIL_LIMIT;
        if full && !self.durable.tail.is_empty() {
            self.sync(done, now)?;
        }
        Ok(())
    }

    /// Makes everything that was written durable, in a fresh file if the
    /// system could not in the open one.
    ///
    /// # Errors
    /// When neither could be done; the records stay in memory, and the next
    /// [`acquire`](Self::acquire) or sync tries again.
    pub fn sync(&mut self, done: usize, _now: Now) -> Result<(), EmitError> {
        if self.durable.tail.is_empty() {
            return Ok(());
        }
        if !self.durable.failed
            && let Some(current) = &self.current
        {
            match current.file.sync_data() {
                Ok(()) => {
                    self.durable.settled();
                    return Ok(());
                }
                Err(error) => {
                    self.durable.failed = true;
                    self.diag.warn(format_args!(
                        "{}: fsync failed: {}; writing the last {} bytes anew to a fresh file",
                        self.name(),
                        plain(&error),
                        self.durable.tail.len()
                    ));
                }
            }
        }
        let locked = self.locked;
        let settled = self.settle();
        if !locked {
            self.release();
        }
        settled.map_err(|error| EmitError { done, ..error })
    }

    /// Writes the tail of a failed sync anew.
    pub(super) fn settle(&mut self) -> Result<(), EmitError> {
        if !self.durable.failed {
            return Ok(());
        }
        let salvaged = self.salvage();
        salvaged
            .map_err(|source| EmitError::retry(0, "cannot make the last records durable", source))
    }

    fn salvage(&mut self) -> io::Result<()> {
        if let Some(old) = self.current.take()
            && self.durable.doubtful.is_none()
            && sys::stat(&self.options.path).is_ok_and(|meta| meta.id == old.id)
        {
            match self.move_aside() {
                Ok(name) => self.durable.doubtful = Some((old.file, name)),
                Err(error) => {
                    self.current = Some(old);
                    return Err(error);
                }
            }
        }
        // The lock was the old file's.
        self.locked = false;
        self.open()?;
        self.lock();
        if let Err(error) = self.write_tail() {
            self.withdraw();
            return Err(error);
        }
        if let Some((old, aside)) = self.durable.doubtful.take() {
            // What was written anew is taken out of the old file, so that no
            // record stands twice; unless others wrote behind it.
            let end = self.durable.start + self.durable.tail.len() as u64;
            if sys::fstat(&old).is_ok_and(|meta| meta.size == end) {
                let _ = old.set_len(self.durable.start);
            }
            self.diag.warn(format_args!(
                "{}: the last {} bytes are safe in it now; what was before them is in {}",
                self.name(),
                self.durable.tail.len(),
                aside.display()
            ));
        }
        self.durable.settled();
        Ok(())
    }

    /// Gives the open file another name, that the fresh one can have its own.
    fn move_aside(&self) -> io::Result<PathBuf> {
        let path = &self.options.path;
        let mut number = 1u32;
        loop {
            let mut name = path.clone().into_os_string();
            name.push(format!(".fsync-failed.{number}"));
            let name = PathBuf::from(name);
            match sys::rename_new(path, &name) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                other => return other.map(|()| name),
            }
        }
    }

    fn write_tail(&mut self) -> io::Result<()> {
        let preamble = self.options.preamble;
        let Some(current) = &mut self.current else {
            return Err(io::ErrorKind::NotFound.into());
        };
        if sys::fstat(&current.file)?.size == 0 {
            current.file.write_all(preamble)?;
        }
        current.file.write_all(&self.durable.tail)?;
        current.file.sync_all()?;
        sys::sync_directory(sys::directory_of(&self.options.path))?;
        current.expected = Some(sys::fstat(&current.file)?.size);
        Ok(())
    }

    /// Takes back a fresh file that could not be made durable either, unless
    /// somebody else has begun to use it.
    fn withdraw(&mut self) {
        let most = (self.options.preamble.len() + self.durable.tail.len()) as u64;
        if let Some(current) = self.current.take()
            && sys::fstat(&current.file).is_ok_and(|meta| meta.size <= most)
            && current.file.set_len(0).is_ok()
        {
            let _ = std::fs::remove_file(&self.options.path);
        }
        self.locked = false;
    }
}
