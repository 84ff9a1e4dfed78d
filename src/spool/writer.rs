//! The half of a spool that puts records in.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::durable::UNSYNCED;
use super::format::{HEAD, HEADER, Header, MAX_PAYLOAD, VERSION};
use super::shared::{Segment, Shared, Status};
use super::{SENDER, Target, owner, target};
use crate::batch::Frames;
use crate::fsync::Fsync;
use crate::now::Now;
use crate::sys::{self, Private, Whereabouts};

/// The most that is written at once, likewise.
const WRITE: u64 = 1 << 20;

/// The size of a segment is this part of the spool's, and this at most.
const PARTS: u64 = 16;
const SEGMENT: u64 = 8 << 20;

/// Not all records are in the spool.
#[derive(Debug)]
pub struct AppendError {
    /// The record end up to which they are. It may be the last: then they all
    /// are, and could not be made durable yet.
    pub done: usize,
    /// The spool has reached the size that it may have.
    pub full: bool,
    /// What the system says.
    pub source: io::Error,
}

/// The segment that is written.
#[derive(Debug)]
pub(super) struct Active {
    pub(super) file: File,
    pub(super) serial: u64,
    pub(super) length: u64,
    /// So much of it is durable, and the number of the last record in that.
    pub(super) synced: (u64, u64),
}

/// Puts records in. For the one thread that has them.
#[derive(Debug)]
pub struct Writer {
    pub(super) shared: Arc<Shared>,
    max_bytes: u64,
    /// None before the first record, and after all were forgotten.
    pub(super) active: Option<Active>,
    /// The number of the next record, and of the last one before it.
    pub(super) next: u64,
    pub(super) last: u64,
    /// Records as they are to be written.
    buffer: Vec<u8>,
    /// What was written to the active segment and is not known to be durable.
    pub(super) tail: Vec<u8>,
    /// When the first of it was written.
    pub(super) since: Option<Instant>,
    /// A sync failed: the tail has to be written anew, next at this moment.
    pub(super) owed: Option<Instant>,
}

impl Writer {
    pub(super) fn new(
        shared: Arc<Shared>,
        max_bytes: u64,
        active: Option<Active>,
        next: u64,
        last: u64,
    ) -> Writer {
        Writer {
            shared,
            max_bytes,
            active,
            next,
            last,
            buffer: Vec::new(),
            tail: Vec::new(),
            since: None,
            owed: None,
        }
    }

    /// The identity of the spool: random, made with it, and the same as long
    /// as it is there.
    pub fn sender(&self) -> [u8; SENDER] {
        self.shared.sender
    }

    /// The number of the next record. The first has 1, and no number is given
    /// twice: where it is not sure up to which they were, after a crash, many
    /// are left out.
    pub fn next_number(&self) -> u64 {
        self.next
    }

    /// How many records were appended that are to be made durable by the clock
    /// and are not yet.
    pub fn unsynced(&self) -> u64 {
        match (self.shared.fsync, &self.active) {
            (Fsync::After(_), Some(active)) if !self.tail.is_empty() => {
                self.last.saturating_sub(active.synced.1)
            }
            _ => 0,
        }
    }

    /// The figures, for any thread.
    pub fn status(&self) -> Arc<Status> {
        Arc::clone(&self.shared.status)
    }

    fn segment_size(&self) -> u64 {
        (self.max_bytes / PARTS).min(SEGMENT)
    }

    /// Appends the records from the record end `from` on, as many as there is
    /// room for. Where nothing waits, there is room for one of any length.
    ///
    /// Costs a copy and a checksum of the bytes and one write(2) for each
    /// segment or MiB of them, and under [`Fsync::Batch`] one fdatasync(2).
    ///
    /// # Errors
    /// When there is no room, or the system can't write or sync. Nothing torn
    /// is left, and another call goes on at `done`.
    pub fn append(
        &mut self,
        frames: &Frames<'_>,
        from: usize,
        now: Now,
    ) -> Result<(), AppendError> {
        let error = |done, source| AppendError {
            done,
            full: false,
            source,
        };
        self.settle(now).map_err(|source| error(from, source))?;
        let mut at = from;
        while at < frames.len() {
            at = self.append_some(frames, at, now)?;
        }
        if self.shared.fsync == Fsync::Batch {
            self.sync(now).map_err(|source| error(at, source))?;
        }
        self.tick(now).map_err(|source| error(at, source))
    }

    /// Appends what goes into one segment with one write.
    fn append_some(
        &mut self,
        frames: &Frames<'_>,
        from: usize,
        now: Now,
    ) -> Result<usize, AppendError> {
        let error = |done, source| AppendError {
            done,
            full: false,
            source,
        };
        let first = frames.next(from) - from;
        if first > MAX_PAYLOAD || self.next == u64::MAX {
            let text = match self.next {
                u64::MAX => "the numbers of its records are used up".to_owned(),
                _ => format!("a record has {first} bytes, and {MAX_PAYLOAD} are the most"),
            };
            return Err(error(
                from,
                io::Error::new(io::ErrorKind::InvalidInput, text),
            ));
        }
        let first = (HEAD + first) as u64;
        let size = self.segment_size();
        if let Some(active) = &self.active
            && active.length > HEADER as u64
            && active.length + first > size
        {
            self.leave(now).map_err(|source| error(from, source))?;
        }
        let room = self
            .room(first, now)
            .map_err(|source| error(from, source))?;
        let Some(room) = room else {
            let text = format!("it has the {} bytes that it may have", self.max_bytes);
            return Err(AppendError {
                full: true,
                ..error(from, io::Error::new(io::ErrorKind::QuotaExceeded, text))
            });
        };
        if self.active.is_none() {
            self.begin().map_err(|source| error(from, source))?;
        }
        let length = self.active.as_ref().map_or(0, |active| active.length);
        let most = room.min(size.saturating_sub(length)).min(WRITE).max(first);
        let (end, count) = self.encode(frames, from, most);
        let more = self.buffer.len() as u64;
        if !self.tail.is_empty() && self.tail.len() as u64 + more > UNSYNCED {
            self.sync(now).map_err(|source| error(from, source))?;
        }
        let written = self.write(count, now);
        match written {
            Ok(()) => Ok(end),
            Err((0, source)) => Err(error(from, source)),
            Err((count, source)) => {
                let (done, _) = frames.take(from, count, u64::MAX);
                Err(error(done, source))
            }
        }
    }

    /// Whether nothing waits.
    fn idle(&self) -> bool {
        let state = self.shared.state();
        state.unread == 0 && state.outstanding == 0
    }

    /// How much more the segments may hold, which is enough for `first`; `None`
    /// if it is not.
    fn room(&mut self, first: u64, now: Now) -> io::Result<Option<u64>> {
        loop {
            let idle = self.idle();
            let used = self.shared.state().bytes;
            let header = match self.active {
                Some(_) => 0,
                None => HEADER as u64,
            };
            let room = self.max_bytes.saturating_sub(used + header);
            if room >= first {
                return Ok(Some(room));
            }
            if !idle {
                return Ok(None);
            }
            // Nothing in it is of use any more.
            match &self.active {
                Some(active) if active.length > HEADER as u64 => self.leave(now)?,
                _ => return Ok(Some(first)),
            }
        }
    }

    /// Puts as many records as fit into the buffer, at least one.
    fn encode(&mut self, frames: &Frames<'_>, from: usize, most: u64) -> (usize, u64) {
        self.buffer.clear();
        self.buffer.shrink_to(2 * WRITE as usize);
        let mut count = 0;
        let mut end = from;
        for (record, _) in frames.iter_from(from) {
            let length = (HEAD + record.len()) as u64;
            let all = self.buffer.len() as u64 + length;
            let fits = all <= most && record.len() <= MAX_PAYLOAD && self.next + count < u64::MAX;
            if count > 0 && !fits {
                break;
            }
            self.shared
                .key
                .encode(self.next + count, record, &mut self.buffer);
            count += 1;
            end += record.len();
        }
        (end, count)
    }

    /// Writes the buffer, which holds so many records. On an error, so many of
    /// them as are whole are there, and no part of another.
    fn write(&mut self, count: u64, now: Now) -> Result<(), (u64, io::Error)> {
        let Some(active) = &mut self.active else {
            return Err((0, io::ErrorKind::NotFound.into()));
        };
        let mut done = 0;
        let written = sys::write_at(&active.file, &self.buffer, active.length, &mut done);
        let (count, whole) = match &written {
            Ok(()) => (count, done),
            Err(_) => {
                let (mut whole, mut count) = (0, 0);
                while let Some(head) = self.shared.key.decode(&self.buffer[whole..])
                    && whole + head.record() <= done
                {
                    whole += head.record();
                    count += 1;
                }
                // The next write would go over it anyway.
                let _ = active.file.set_len(active.length + whole as u64);
                (count, whole)
            }
        };
        if count > 0 {
            active.length += whole as u64;
            if self.shared.durable() {
                if self.tail.is_empty() {
                    self.since = Some(now.mono);
                }
                self.tail.extend_from_slice(&self.buffer[..whole]);
            }
            self.last = self.next + count - 1;
            self.next += count;
            let mut state = self.shared.state();
            if let Some(segment) = state.segment(active.serial) {
                segment.length = active.length;
                segment.last = self.last;
            }
            state.bytes += whole as u64;
            state.unread += count;
            self.shared.publish(&state);
        }
        written.map_err(|source| (count, source))
    }

    /// Begins a new segment.
    fn begin(&mut self) -> io::Result<()> {
        let (file, name) = self.create(self.next, self.last, &[])?;
        let mut state = self.shared.state();
        let serial = state.next_serial();
        state.push(Segment {
            serial,
            name,
            first: self.next,
            last: self.next - 1,
            length: HEADER as u64,
            sealed: false,
            reported: 0,
            missing: Vec::new(),
            unreadable: false,
        });
        self.shared.publish(&state);
        self.active = Some(Active {
            file,
            serial,
            length: HEADER as u64,
            synced: (0, self.last),
        });
        Ok(())
    }

    /// Makes the file of a segment, with records in it.
    pub(super) fn create(
        &self,
        first: u64,
        after: u64,
        records: &[u8],
    ) -> io::Result<(File, String)> {
        let mut copy = 0;
        let (file, name) = loop {
            let name = super::segment_name(first, copy);
            match sys::open_private(&self.shared.path(&name), Private::Make) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => copy += 1,
                other => break (other?, name),
            }
        };
        let header = Header {
            version: VERSION,
            sender: self.shared.sender,
            first,
            after,
        };
        let write = || {
            sys::write_at(&file, &header.encode(), 0, &mut 0)?;
            sys::write_at(&file, records, HEADER as u64, &mut 0)?;
            if !records.is_empty() {
                file.sync_data()?;
            }
            match self.shared.durable() {
                true => sys::sync_directory(&self.shared.directory),
                false => Ok(()),
            }
        };
        match write() {
            Ok(()) => Ok((file, name)),
            Err(error) => {
                let _ = std::fs::remove_file(self.shared.path(&name));
                Err(error)
            }
        }
    }

    /// Writes no more to the active segment, once it is durable.
    pub(super) fn leave(&mut self, now: Now) -> io::Result<()> {
        self.sync(now)?;
        let Some(active) = self.active.take() else {
            return Ok(());
        };
        let mut state = self.shared.state();
        if let Some(segment) = state.segment(active.serial) {
            segment.sealed = true;
        }
        let names = state.used_up();
        self.shared.publish(&state);
        let progress = state.progress;
        drop(state);
        if !names.is_empty() {
            // A hint only, as ever.
            let _ = self.shared.mark(progress, true);
            self.shared.delete(&names);
        }
        Ok(())
    }

    /// Where the spool is that was opened by this name.
    pub fn whereabouts(&self, directory: &Path) -> Whereabouts {
        self.shared.directory.whereabouts(directory)
    }

    /// Whose records these are, as far as that is noted.
    ///
    /// # Errors
    /// Those of reading a file.
    pub fn target(&self) -> io::Result<Option<Target>> {
        target::find(&self.shared.directory)
    }

    /// Notes the command line whose records these are, for whoever sends them
    /// later, and the directory that it is to be run in. Writes nothing where
    /// that is noted already.
    ///
    /// # Errors
    /// Those of writing a file.
    pub fn set_target(&mut self, target: &Target) -> io::Result<()> {
        target::write(&self.shared.directory, target, self.shared.durable())
    }

    /// Makes everything durable, as far as is asked, ends the last segment, which
    /// is deleted if nothing waits, and notes that the spool was left in order.
    ///
    /// # Errors
    /// When that fails; what could not be made durable may be lost by a power
    /// cut.
    pub fn close(&mut self, now: Now) -> io::Result<()> {
        // Of one that may grow, what is damaged at its end is waited for.
        self.leave(now)?;
        match &self.shared.lock {
            Some(lock) => owner::leave(lock, self.last, self.next),
            None => Ok(()),
        }
    }
}
