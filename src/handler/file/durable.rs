//! Making records durable, and what to do when that fails.
//!
//! After a failed fsync the kernel has thrown the dirty pages away, marks them
//! clean, and lets the next fsync succeed. So a failed sync is never tried
//! again on the same pages: what was written since the last good one is kept
//! here, and is written anew to a fresh file.
//!
//! Nor is the last good sync taken at its word then. Storage that is about to
//! fail may have reported a write as done that was not: so what was synced
//! shortly before is kept as well, and read back.

use std::fs::File;
use std::io::{self, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::acquire::remove_for_all;
use super::log_file::LogFile;
use crate::batch::Frames;
use crate::diag::plain;
use crate::fsync::Fsync;
use crate::handler::EmitError;
use crate::now::Now;
use crate::roll::mark::Mark;
use crate::sys;

/// The most that is written between two syncs, in bytes, because it is all
/// kept in memory until the sync that covers it has succeeded.
const UNSYNCED: usize = 1 << 20;

/// How much of what was synced is kept to be read back after a failure: a
/// little more than a disk is handed in one request.
const SYNCED: usize = 2 << 20;

/// In how many files that were rolled over it is looked for.
const LEFT_FILES: usize = 2;

/// The least that is looked at as one, when it is read back.
const PIECE: usize = 64 << 10;

/// Whole records that were written at one place of one file.
#[derive(Debug)]
struct Piece {
    /// The file, once it is not the open one any more.
    left: Option<Arc<File>>,
    /// Where in the file it begins.
    start: u64,
    len: usize,
}

/// What is written and not yet known to be durable, and what was before it.
#[derive(Debug)]
pub(super) struct Durable {
    mode: Fsync,
    /// The bytes of all pieces, one behind the other.
    tail: Vec<u8>,
    pieces: Vec<Piece>,
    /// So many bytes of the tail, and so many pieces, were synced.
    synced: (usize, usize),
    /// When the first of the others was written.
    since: Option<Instant>,
    /// How many records those are, or more, where the clock says when they are
    /// synced.
    records: u64,
    /// A sync failed: the tail has to be written to a fresh file.
    failed: bool,
    /// Read back, some of what was synced is not there: the bytes and pieces
    /// before those that have to be written anew.
    good: Option<(usize, usize)>,
    /// The file whose sync failed, under the name that it was given.
    doubtful: Option<(File, PathBuf)>,
}

impl Durable {
    pub(super) fn new(mode: Fsync) -> Durable {
        Durable {
            mode,
            tail: Vec::new(),
            pieces: Vec::new(),
            synced: (0, 0),
            since: None,
            records: 0,
            failed: false,
            good: None,
            doubtful: None,
        }
    }

    /// Whether anything is ever synced.
    pub(super) fn wanted(&self) -> bool {
        self.mode != Fsync::Never
    }

    /// How many bytes are not known to be durable.
    fn unsynced(&self) -> usize {
        self.tail.len() - self.synced.0
    }

    /// Keeps what was just written at `start`.
    pub(super) fn note(&mut self, bytes: &[u8], start: u64, now: Now) {
        if !self.wanted() || bytes.is_empty() {
            return;
        }
        if self.unsynced() == 0 {
            self.since = Some(now.mono);
        }
        if let Fsync::After(_) = self.mode {
            self.records = match bytes.last() {
                Some(b'\n') => self.records + Frames::lines(bytes).count(0, bytes.len()),
                // Something else ends records, and this is not worth a count.
                _ => u64::MAX / 2,
            };
        }
        self.tail.extend_from_slice(bytes);
        let growing = self.pieces.len() > self.synced.1;
        match self.pieces.last_mut() {
            Some(last)
                if growing
                    && last.left.is_none()
                    && last.len < PIECE
                    && last.start + last.len as u64 == start =>
            {
                last.len += bytes.len();
            }
            _ => self.pieces.push(Piece {
                left: None,
                start,
                len: bytes.len(),
            }),
        }
    }

    /// A sync succeeded: all is durable, as far as can be known.
    fn settled(&mut self) {
        self.synced = (self.tail.len(), self.pieces.len());
        self.since = None;
        self.records = 0;
        self.failed = false;
        let mut spare = 0;
        let mut count = 0;
        for piece in &self.pieces {
            if self.tail.len() - spare - piece.len < SYNCED {
                break;
            }
            spare += piece.len;
            count += 1;
        }
        // Seldom, because it moves all that stays.
        if spare > SYNCED {
            self.tail.drain(..spare);
            self.pieces.drain(..count);
            self.synced = (self.tail.len(), self.pieces.len());
        }
    }

    /// Forgets what is kept, since it all stands in a fresh file.
    fn begin_anew(&mut self) {
        self.tail.clear();
        self.pieces.clear();
        self.good = None;
        self.settled();
    }

    /// Syncs a file that another process renamed, or that was rolled over,
    /// before it is closed. If it fails, the tail goes into the next file.
    pub(super) fn sync_left(&mut self, file: &File) {
        if self.pieces.is_empty() {
            return;
        }
        if self.unsynced() > 0 && !self.failed {
            match file.sync_data() {
                Ok(()) => self.settled(),
                Err(_) => self.failed = true,
            }
        }
        if let Ok(copy) = file.try_clone() {
            let left = Arc::new(copy);
            for piece in self.pieces.iter_mut().filter(|piece| piece.left.is_none()) {
                piece.left = Some(Arc::clone(&left));
            }
        }
        self.forget_old_files();
    }

    /// Small files must not pile up as open descriptors.
    fn forget_old_files(&mut self) {
        let mut files = 0;
        let mut last = None;
        let mut drop = self.synced.1;
        while drop > 0 {
            let file = self.pieces[drop - 1].left.as_ref().map(Arc::as_ptr);
            if file != last {
                files += 1;
                last = file;
            }
            if files > LEFT_FILES {
                break;
            }
            drop -= 1;
        }
        let bytes: usize = self.pieces.drain(..drop).map(|piece| piece.len).sum();
        self.tail.drain(..bytes);
        self.synced = (self.synced.0 - bytes, self.synced.1 - drop);
    }

    /// Reads back what was synced, and finds where that begins which has to be
    /// written anew: the first piece that is not on the disk as it was
    /// written, or else the first that was not synced.
    fn read_back(&mut self, current: Option<&File>) {
        let (mut at, mut count) = (0, 0);
        for piece in &self.pieces[..self.synced.1] {
            let bytes = &self.tail[at..at + piece.len];
            let file = piece.left.as_deref().or(current);
            // What was deleted meanwhile was compressed or given up.
            let gone = file.is_none_or(|file| sys::fstat(file).is_ok_and(|meta| meta.links == 0));
            if !gone && file.is_some_and(|file| !sys::is_on_disk(file, piece.start, bytes)) {
                break;
            }
            at += piece.len;
            count += 1;
        }
        self.good = Some((at, count));
    }

    /// The bytes that have to be written anew.
    fn doubtful_bytes(&self) -> Range<usize> {
        self.good.unwrap_or(self.synced).0..self.tail.len()
    }

    /// Takes out of the old files what stands in the fresh one, so that no
    /// record is there twice; unless others wrote behind it.
    fn cut_old_files(&self, doubtful: Option<&File>) {
        let pieces = &self.pieces[self.good.unwrap_or(self.synced).1..];
        for piece in pieces.iter().rev() {
            if let Some(file) = piece.left.as_deref().or(doubtful)
                && sys::fstat(file).is_ok_and(|meta| meta.size == piece.start + piece.len as u64)
            {
                let _ = file.set_len(piece.start);
            }
        }
    }
}

impl LogFile {
    /// Whether anything is ever made durable here.
    pub fn wants_sync(&self) -> bool {
        self.durable.wanted()
    }

    /// Which bytes are not known to be on the disk, and where they may be.
    pub fn doubtful(&self) -> Option<String> {
        let bytes = self.durable.doubtful_bytes().len();
        (bytes > 0).then(|| match &self.durable.doubtful {
            Some((_, aside)) => format!(
                "the last {bytes} bytes, which may be in {} or in no file,",
                aside.display()
            ),
            None => format!("the last {bytes} bytes"),
        })
    }

    /// How many records were written, at most, that the clock has not let be
    /// synced yet.
    pub fn unsynced_records(&self) -> u64 {
        self.durable.records
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
        let unsynced = self.durable.unsynced();
        if unsynced > 0 && unsynced + more > UNSYNCED {
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
        if self.durable.unsynced() == 0 && !self.durable.failed {
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
                        self.durable.unsynced()
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
        if self.durable.good.is_none() {
            self.durable
                .read_back(self.current.as_ref().map(|current| &current.file));
        }
        if let Some(old) = self.current.take()
            && self.durable.doubtful.is_none()
            && sys::stat(self.place()).is_ok_and(|meta| meta.id == old.id)
        {
            // Others that have it open go on in the fresh one, too.
            Mark::note(Some(Mark::Rolled), &old.file);
            match self.move_aside() {
                Ok(name) => self.durable.doubtful = Some((old.file, name)),
                Err(error) => {
                    Mark::note(None, &old.file);
                    self.current = Some(old);
                    return Err(error);
                }
            }
        }
        // The lock was the old file's.
        self.locked = false;
        self.open()?;
        self.lock();
        // Others may have begun it, or written to it since the last attempt.
        let before = self.open_size()?;
        if let Err(error) = self.write_tail() {
            self.withdraw(before);
            return Err(error);
        }
        let doubtful = self.durable.doubtful.take();
        self.durable
            .cut_old_files(doubtful.as_ref().map(|(file, _)| file));
        if let Some((_, aside)) = doubtful {
            self.diag.warn(format_args!(
                "{}: the last {} bytes are safe in it now; what was before them is in {}",
                self.name(),
                self.durable.doubtful_bytes().len(),
                aside.display()
            ));
        }
        self.durable.begin_anew();
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
            match sys::rename_new(&self.directories.at(path), &self.directories.at(&name)) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                other => return other.map(|()| name),
            }
        }
    }

    fn write_tail(&mut self) -> io::Result<()> {
        let preamble = self.options.preamble;
        let path = self.directories.at(&self.options.path);
        let Some(current) = &mut self.current else {
            return Err(io::ErrorKind::NotFound.into());
        };
        if sys::fstat(&current.file)?.size == 0 {
            current.file.write_all(preamble)?;
        }
        current
            .file
            .write_all(&self.durable.tail[self.durable.doubtful_bytes()])?;
        current.file.sync_all()?;
        sys::sync_directory(sys::directory_of(&path))?;
        current.expected = Some(sys::fstat(&current.file)?.size);
        Ok(())
    }

    /// Takes back what could not be made durable in a fresh file either, and the file
    /// if that had nothing else in it.
    fn withdraw(&mut self, before: u64) {
        if let Some(current) = self.current.take()
            && sys::fstat(&current.file).is_ok_and(|meta| meta.size >= before)
            && current.file.set_len(before).is_ok()
            && before == 0
            && sys::stat(self.place()).is_ok_and(|meta| meta.id == current.id)
        {
            remove_for_all(&current.file, self.place());
        }
        self.locked = false;
    }
}
