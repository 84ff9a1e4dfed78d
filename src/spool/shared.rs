//! What the writer and the reader of a spool both know.

use std::collections::VecDeque;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::cursor::{Cursor, Progress};
use super::format::Key;
use super::scan::Batch;
use super::{SENDER, aside};
use crate::figures::Count;
use crate::fsync::Fsync;
use crate::sys::Place;

/// How many damaged places are listed; the others are only counted.
const MOST_DAMAGE: usize = 1000;

/// A damaged place of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The name of its file.
    pub segment: String,
    /// Where in the file it begins.
    pub start: u64,
    /// Where it ends.
    pub end: u64,
}

/// The figures of a spool, for any thread.
#[derive(Debug, Default)]
pub struct Status {
    waiting: Count,
    unread: Count,
    bytes: Count,
    damaged: Count,
    damaged_bytes: Count,
    lost: Count,
}

impl Status {
    /// Records that are not acknowledged. Where damage was not met yet, as
    /// many as there were before it.
    pub fn waiting(&self) -> u64 {
        self.waiting.get()
    }

    /// Records that are not read, likewise.
    pub fn unread(&self) -> u64 {
        self.unread.get()
    }

    /// Bytes of the segments on the disk.
    pub fn bytes(&self) -> u64 {
        self.bytes.get()
    }

    /// Damaged places that were met.
    pub fn damaged(&self) -> u64 {
        self.damaged.get()
    }

    /// Their bytes.
    pub fn damaged_bytes(&self) -> u64 {
        self.damaged_bytes.get()
    }

    /// Records that were in the spool and that are damaged or missing now.
    pub fn lost(&self) -> u64 {
        self.lost.get()
    }
}

/// One file of records.
#[derive(Debug)]
pub(super) struct Segment {
    /// Tells it from all others, and rises in the order of the list.
    pub(super) serial: u64,
    pub(super) name: String,
    /// The number of its first record.
    pub(super) first: u64,
    /// The number of its last one, as far as is known; `first - 1` if it has
    /// none.
    pub(super) last: u64,
    /// So many bytes of it hold records.
    pub(super) length: u64,
    /// Nothing more is written to it.
    pub(super) sealed: bool,
    /// Damage up to here was counted and copied.
    pub(super) reported: u64,
    /// The numbers of records that are known to be damaged.
    pub(super) missing: Vec<(u64, u64)>,
    /// The disk could not read all of it: it is kept as a whole.
    pub(super) unreadable: bool,
}

/// A segment that nobody needs.
#[derive(Debug)]
pub(super) struct Spent {
    pub(super) name: String,
    /// It is kept in `bad/`.
    pub(super) keep: bool,
}

/// What changes, under the lock.
#[derive(Debug, Default)]
pub(super) struct State {
    /// In the order of their first numbers; where two begin with the same, the
    /// older first.
    pub(super) segments: VecDeque<Segment>,
    pub(super) serials: u64,
    /// Of all segments.
    pub(super) bytes: u64,
    /// No record up to this number is still to be read.
    pub(super) position: u64,
    /// The furthest that this ever was.
    furthest: u64,
    /// The last record that was read, and where it ends in which segment.
    pub(super) taken: u64,
    pub(super) taken_at: (u64, u64),
    /// Records that were read and not acknowledged.
    pub(super) outstanding: u64,
    /// What is noted on the disk.
    pub(super) progress: Progress,
    pub(super) unread: u64,
}

impl State {
    /// Everything up to a number is delivered, and the rest is to be read.
    pub(super) fn begin(&mut self, progress: Progress) {
        self.progress = progress;
        self.furthest = progress.acked;
        self.rewind();
    }

    /// Everything that is not delivered is to be read.
    pub(super) fn rewind(&mut self) {
        self.position = self.progress.acked;
        self.taken = self.progress.acked;
        self.taken_at = (0, 0);
        self.outstanding = 0;
        self.unread = self.above(self.progress.acked);
    }

    pub(super) fn segment(&mut self, serial: u64) -> Option<&mut Segment> {
        let at = self.segments.partition_point(|other| other.serial < serial);
        self.segments
            .get_mut(at)
            .filter(|found| found.serial == serial)
    }

    /// Puts a segment behind all others.
    pub(super) fn push(&mut self, segment: Segment) {
        self.bytes += segment.length;
        self.segments.push_back(segment);
    }

    /// Puts one before all others: the only one with the serial number 0.
    pub(super) fn push_front(&mut self, segment: Segment) {
        self.bytes += segment.length;
        self.segments.push_front(segment);
    }

    pub(super) fn next_serial(&mut self) -> u64 {
        self.serials += 1;
        self.serials
    }

    /// How many records with a number above this one are known to be damaged.
    pub(super) fn missing_above(&self, number: u64) -> u64 {
        let missing = self.segments.iter().flat_map(|segment| &segment.missing);
        let counts =
            missing.map(|&(first, last)| last.saturating_sub(number.max(first.saturating_sub(1))));
        counts.fold(0, u64::saturating_add)
    }

    /// How many records with a number above this one the segments hold.
    pub(super) fn above(&self, number: u64) -> u64 {
        let counts = self.segments.iter().map(|segment| {
            let from = number.max(segment.first.saturating_sub(1));
            let missing = segment.missing.iter();
            let missing = missing.map(|&(first, last)| {
                let last = last.min(segment.last);
                last.saturating_sub(from.max(first.saturating_sub(1)))
            });
            let all = segment.last.saturating_sub(from);
            missing.fold(all, u64::saturating_sub)
        });
        counts.fold(0, u64::saturating_add)
    }

    /// No record up to this number is to be read any more. Answers how many of
    /// them were to be read before. Costs a pass over the list.
    pub(super) fn pass(&mut self, number: u64) -> u64 {
        if number <= self.position {
            return 0;
        }
        let before = self.unread;
        self.position = number;
        self.unread = self.above(number);
        // What is read for a second time was counted at the first.
        let again = number <= self.furthest;
        self.furthest = self.furthest.max(number);
        if again {
            0
        } else {
            before.saturating_sub(self.unread)
        }
    }

    /// The reader has these records of a segment, up to an offset. Answers how
    /// many others it has passed over, or `None` if they are no longer there to
    /// be read.
    pub(super) fn take(&mut self, serial: u64, batch: Batch) -> Option<u64> {
        let last = batch.first + batch.count - 1;
        let segment = self.segment(serial)?;
        if batch.end > segment.length {
            return None;
        }
        let expected = last <= segment.last;
        let passed = if expected && batch.first == self.position + 1 {
            self.position = last;
            self.unread -= batch.count;
            batch.count
        } else {
            self.pass(last)
        };
        self.taken = last;
        self.taken_at = (serial, batch.end);
        self.outstanding += batch.count;
        self.furthest = self.furthest.max(last);
        Some(passed.saturating_sub(batch.count))
    }

    /// Takes out the segments all records of which are acknowledged.
    pub(super) fn used_up(&mut self) -> Vec<Spent> {
        let mut names = Vec::new();
        while let Some(segment) = self.segments.front()
            && segment.sealed
            && segment.last <= self.progress.acked
            && let Some(segment) = self.segments.pop_front()
        {
            self.bytes -= segment.length;
            names.push(Spent {
                name: segment.name,
                keep: segment.unreadable,
            });
        }
        names
    }
}

/// What both halves hold.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) directory: Place<'static>,
    pub(super) sender: [u8; SENDER],
    pub(super) key: Key,
    pub(super) fsync: Fsync,
    pub(super) status: Arc<Status>,
    state: Mutex<State>,
    /// None where a spool is only looked at.
    cursor: Mutex<Option<Cursor>>,
    /// Its lock goes with the last of the two halves.
    pub(super) lock: Option<File>,
    /// The damage that was met, where a spool is only looked at.
    pub(super) damage: Mutex<Vec<Damage>>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(lock) = &self.lock {
            // Closing alone would not do while a program is being started, who
            // has a copy of the descriptor for a moment.
            let _ = crate::sys::unlock(lock);
        }
    }
}

impl Shared {
    pub(super) fn new(
        directory: Place<'static>,
        sender: [u8; SENDER],
        fsync: Fsync,
        state: State,
        cursor: Option<Cursor>,
        lock: Option<File>,
    ) -> Shared {
        let shared = Shared {
            directory,
            sender,
            key: Key::new(sender),
            fsync,
            status: Arc::default(),
            state: Mutex::new(state),
            cursor: Mutex::new(cursor),
            lock,
            damage: Mutex::default(),
        };
        shared.publish(&shared.state());
        shared
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether what is there may be changed.
    pub(super) fn owned(&self) -> bool {
        self.lock.is_some()
    }

    pub(super) fn durable(&self) -> bool {
        self.fsync != Fsync::Never
    }

    pub(super) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.directory.join(name)
    }

    /// Tells the figures to whoever looks at them.
    pub(super) fn publish(&self, state: &State) {
        self.status.unread.set(state.unread);
        self.status
            .waiting
            .set(state.unread.saturating_add(state.outstanding));
        self.status.bytes.set(state.bytes);
    }

    /// Counts records that are no longer there.
    pub(super) fn lose(&self, count: u64) {
        self.status.lost.add(count);
    }

    /// Notes how far it is.
    pub(super) fn mark(&self, progress: Progress, sync: bool) -> std::io::Result<()> {
        let mut cursor = self.cursor.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(cursor) = cursor.as_mut() else {
            return Ok(());
        };
        cursor.set(progress, false)?;
        match sync && self.durable() {
            true => cursor.sync(),
            false => Ok(()),
        }
    }

    /// Deletes segments that nobody needs. One that can't be deleted is taken
    /// for used up again at the next start.
    pub(super) fn delete(&self, spent: &[Spent]) {
        for segment in spent {
            let _ = match segment.keep {
                true => aside::rename(&self.directory, &segment.name),
                false => std::fs::remove_file(self.path(&segment.name)),
            };
        }
        if !spent.is_empty() && self.durable() {
            let _ = crate::sys::sync_directory(&self.directory);
        }
    }

    /// Counts a damaged place of a segment, and copies its bytes to where they
    /// can be looked at; but once only.
    pub(super) fn set_aside(&self, serial: u64, start: u64, end: u64) {
        let name = match self.state().segment(serial) {
            Some(segment) if segment.reported < end => {
                segment.reported = end;
                segment.name.clone()
            }
            _ => return,
        };
        self.keep_aside(&name, start, end);
    }

    /// The same of a segment that is in no list any more.
    pub(super) fn keep_aside(&self, name: &str, start: u64, end: u64) {
        self.count_damage(end - start);
        if self.owned() {
            // What can't be kept is told by its count all the same.
            let _ = aside::copy(&self.directory, name, start, end);
            return;
        }
        let mut damage = self.damage.lock().unwrap_or_else(PoisonError::into_inner);
        if damage.len() < MOST_DAMAGE {
            damage.push(Damage {
                segment: name.to_owned(),
                start,
                end,
            });
        }
    }

    fn count_damage(&self, bytes: u64) {
        self.status.damaged.add(1);
        self.status.damaged_bytes.add(bytes);
    }
}
