//! Making the records of a spool durable, and what to do when that fails.
//!
//! After a failed fsync the kernel has thrown the dirty pages away, marks them
//! clean, and lets the next fsync succeed. So a failed sync is never tried
//! again on the same segment: what was written since the last good one is kept
//! here, and is written anew to a fresh segment.

use std::io;
use std::time::{Duration, Instant};

use super::format::HEADER;
use super::shared::{Segment, Spent};
use super::writer::{Active, Writer};
use crate::fsync::Fsync;
use crate::now::Now;

/// The most that is written between two syncs, in bytes, because it is all
/// kept in memory until the sync that covers it has succeeded. One record may
/// be longer.
pub(super) const UNSYNCED: u64 = 1 << 20;

/// How long it is until what a failed sync left owing is tried again.
const RETRY: Duration = Duration::from_secs(1);

impl Writer {
    /// Makes what was written durable, in a fresh segment if the system could
    /// not in the active one.
    pub(super) fn sync(&mut self, now: Now) -> io::Result<()> {
        self.settle(now)?;
        if self.tail.is_empty() {
            return Ok(());
        }
        let Some(active) = &mut self.active else {
            return Ok(());
        };
        match active.file.sync_data() {
            Ok(()) => {
                active.synced = (active.length, self.last);
                self.settled();
                Ok(())
            }
            Err(_) => {
                // The kernel has thrown the pages away, and the next sync of
                // them would succeed.
                self.owed = Some(now.mono);
                self.settle(now)
            }
        }
    }

    pub(super) fn settled(&mut self) {
        self.tail.clear();
        self.tail.shrink_to(2 * UNSYNCED as usize);
        self.since = None;
        self.owed = None;
    }

    /// Writes anew what a failed sync left owing: the same records under the
    /// same numbers, in a fresh segment. Those that the reader has already, it
    /// leaves out there.
    pub(super) fn settle(&mut self, now: Now) -> io::Result<()> {
        if self.owed.is_none() {
            return Ok(());
        }
        let Some(doubtful) = &self.active else {
            self.settled();
            return Ok(());
        };
        let (synced, before) = doubtful.synced;
        let first = self
            .shared
            .key
            .decode(&self.tail)
            .map_or(self.next, |head| head.number);
        let made = self.create(first, before.min(first - 1), &self.tail);
        let (file, name) = made.inspect_err(|_| self.owed = Some(now.mono + RETRY))?;
        let length = (HEADER + self.tail.len()) as u64;

        let mut state = self.shared.state();
        let serial = state.next_serial();
        state.push(Segment {
            serial,
            name,
            first,
            last: self.last,
            length,
            sealed: false,
            reported: 0,
            missing: Vec::new(),
            unreadable: false,
        });
        let mut spare = 0;
        let mut left = None;
        if let Some(segment) = state.segment(doubtful.serial) {
            spare = segment.length - synced;
            segment.length = synced;
            segment.last = first - 1;
            segment.sealed = true;
            left = Some(segment.name.clone());
        }
        state.bytes -= spare;
        if synced == 0 {
            state
                .segments
                .retain(|segment| segment.serial != doubtful.serial);
        }
        self.shared.publish(&state);
        drop(state);
        // Where it can't be cut, the numbers tell that these are the same.
        let _ = doubtful.file.set_len(synced);
        if let Some(name) = left.filter(|_| synced == 0) {
            self.shared.delete(&[Spent { name, keep: false }]);
        }
        self.active = Some(Active {
            file,
            serial,
            length,
            synced: (length, self.last),
        });
        self.settled();
        Ok(())
    }

    /// As after a sync that fails.
    #[cfg(test)]
    pub(super) fn owe(&mut self, now: Now) {
        self.owed = Some(now.mono);
    }

    /// A sync that succeeds.
    #[cfg(test)]
    pub(super) fn sync_now(&mut self, now: Now) {
        self.sync(now).expect("synced");
    }

    /// When something is to be made durable by the clock.
    pub fn deadline(&self) -> Option<Instant> {
        match self.shared.fsync {
            _ if self.owed.is_some() => self.owed,
            Fsync::After(delay) => self.since.map(|since| since + delay),
            _ => None,
        }
    }

    /// Makes durable what is due.
    ///
    /// # Errors
    /// When that fails, in a fresh segment too; it is tried again at the next
    /// [`deadline`](Self::deadline), and before anything else is appended.
    pub fn tick(&mut self, now: Now) -> io::Result<()> {
        match self.deadline().is_some_and(|due| due <= now.mono) {
            true => self.sync(now),
            false => Ok(()),
        }
    }
}
