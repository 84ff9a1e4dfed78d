//! The half of a spool that takes records out.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, PoisonError};

use super::scan::{Found, Scan};
use super::shared::{Damage, Shared, Status};
use crate::batch::OwnedFrames;
use crate::sys::{self, Private};

/// How many segments are gone through side by side, where damage or a failed
/// sync has left the same numbers in several.
const SIDE_BY_SIDE: usize = 8;

/// How many runs are remembered that were acknowledged. Between two of them are
/// records that were damaged, or numbers that were never given.
const REMEMBERED: usize = 64;

/// Records with consecutive numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The number of the first.
    pub first: u64,
    /// How many they are.
    pub count: u64,
}

/// A segment that is being read.
#[derive(Debug)]
struct Source {
    serial: u64,
    scan: Scan,
    limit: u64,
    /// The number of the record that the scan stands before.
    next: Option<u64>,
}

/// Takes records out, in the order of their numbers and each once. For the one
/// thread that delivers them.
#[derive(Debug)]
pub struct Reader {
    shared: Arc<Shared>,
    /// Most often one.
    sources: Vec<Source>,
    /// The last segment that was opened.
    opened: u64,
    /// What was read and not acknowledged, oldest first.
    runs: VecDeque<Run>,
    /// What was acknowledged last, oldest first.
    acknowledged: VecDeque<Run>,
}

impl Reader {
    pub(super) fn new(shared: Arc<Shared>) -> Reader {
        Reader {
            shared,
            sources: Vec::new(),
            opened: 0,
            runs: VecDeque::new(),
            acknowledged: VecDeque::new(),
        }
    }

    /// The figures, for any thread.
    pub fn status(&self) -> Arc<Status> {
        Arc::clone(&self.shared.status)
    }

    /// How many records are not read.
    pub fn unread(&self) -> u64 {
        self.shared.status.unread()
    }

    /// How many records are not acknowledged.
    pub fn waiting(&self) -> u64 {
        self.shared.status.waiting()
    }

    /// Appends the next records to `out`, byte for byte as they were given: at
    /// most so many bytes, unless the first is longer, and not always as many
    /// as there are. `None`: there is none now.
    ///
    /// What is damaged is counted, copied to `bad/` and left out. Costs a
    /// pread(2) for each 256 KiB.
    ///
    /// # Errors
    /// When a segment can't be opened or read; nothing is passed over by that,
    /// and nothing appended.
    pub fn read(&mut self, out: &mut OwnedFrames, max_bytes: usize) -> io::Result<Option<Run>> {
        loop {
            let Some((index, below)) = self.choose()? else {
                return Ok(None);
            };
            let source = &mut self.sources[index];
            let limit = source.limit;
            source.next = None;
            let Some(batch) = source.scan.batch(limit, below, max_bytes) else {
                continue;
            };
            let mut state = self.shared.state();
            let Some(lost) = state.take(source.serial, batch) else {
                // The writer took them back meanwhile.
                continue;
            };
            self.shared.publish(&state);
            drop(state);
            self.shared.lose(lost);
            source.scan.take(batch, |payload| {
                out.buffer().extend_from_slice(payload);
                out.finish();
            });
            let run = Run {
                first: batch.first,
                count: batch.count,
            };
            match self.runs.back_mut() {
                Some(last) if last.first + last.count == run.first => last.count += run.count,
                _ => self.runs.push_back(run),
            }
            return Ok(Some(run));
        }
    }

    /// The source that holds the next record, and the number at which another
    /// has to be asked.
    fn choose(&mut self) -> io::Result<Option<(usize, u64)>> {
        loop {
            self.look()?;
            let numbers = self.sources.iter().map(|source| source.next);
            let mut low = None;
            let mut below = u64::MAX;
            for (index, number) in numbers.enumerate() {
                let Some(number) = number else { continue };
                match low {
                    Some((_, least)) if least <= number => below = below.min(number),
                    _ => {
                        below = low.map_or(below, |(_, least): (usize, u64)| below.min(least));
                        low = Some((index, number));
                    }
                }
            }
            let state = self.shared.state();
            let at = state
                .segments
                .partition_point(|segment| segment.serial <= self.opened);
            let unopened = state.segments.get(at);
            let unopened = unopened.map(|segment| (segment.serial, segment.first));
            drop(state);
            match (low, unopened) {
                (None, Some((serial, _))) => self.open(serial)?,
                (Some((_, number)), Some((serial, first)))
                    if first <= number && self.sources.len() < SIDE_BY_SIDE =>
                {
                    self.open(serial)?;
                }
                (Some((index, _)), Some((_, first))) => {
                    return Ok(Some((index, below.min(first))));
                }
                (Some((index, _)), None) => return Ok(Some((index, below))),
                (None, None) => return Ok(None),
            }
        }
    }

    fn open(&mut self, serial: u64) -> io::Result<()> {
        let name = self
            .shared
            .state()
            .segment(serial)
            .map(|found| found.name.clone());
        let Some(name) = name else {
            return Ok(());
        };
        let opened = sys::open_private(&self.shared.path(name), Private::Read);
        match opened.and_then(|file| Scan::new(file, self.shared.key)) {
            Ok(scan) => self.sources.push(Source {
                serial,
                scan,
                limit: 0,
                next: None,
            }),
            // Somebody has deleted it, or it was forgotten to make room.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.opened = serial;
                self.leave(serial);
                return Ok(());
            }
            Err(error) => return Err(error),
        }
        self.opened = serial;
        Ok(())
    }

    /// Sets each source before its next record, and leaves those that have
    /// none.
    fn look(&mut self) -> io::Result<()> {
        let mut index = 0;
        while let Some(source) = self.sources.get_mut(index) {
            let serial = source.serial;
            let mut state = self.shared.state();
            let position = state.position;
            let segment = state.segment(serial);
            let there = segment.map(|segment| (segment.length, segment.sealed));
            drop(state);
            let Some((limit, sealed)) = there else {
                self.sources.remove(index);
                continue;
            };
            source.limit = limit;
            if source.next.is_some_and(|number| number <= position) {
                source.next = None;
            }
            let mut over = false;
            while source.next.is_none() && !over {
                match source.scan.next(limit, position)? {
                    Found::Record(head) => source.next = Some(head.number),
                    Found::Damage(start, end) => self.shared.set_aside(serial, start, end),
                    Found::End => over = true,
                }
            }
            if source.scan.is_unreadable()
                && let Some(segment) = self.shared.state().segment(serial)
            {
                segment.unreadable = true;
            }
            if over && sealed {
                self.sources.remove(index);
                self.leave(serial);
            } else {
                index += 1;
            }
        }
        Ok(())
    }

    /// All of a segment was gone through: what is left of it was not there.
    fn leave(&mut self, serial: u64) {
        if !self.sources.is_empty() {
            // The others may have it.
            return;
        }
        let mut state = self.shared.state();
        let Some(last) = state.segment(serial).map(|segment| segment.last) else {
            return;
        };
        let lost = state.pass(last);
        if state.outstanding == 0 {
            // Or nothing would ever acknowledge them.
            state.progress.acked = state.progress.acked.max(state.position.min(last));
        }
        let names = match self.shared.owned() {
            true => state.used_up(),
            false => Vec::new(),
        };
        self.shared.publish(&state);
        let progress = state.progress;
        drop(state);
        self.shared.lose(lost);
        if !names.is_empty() {
            // A hint only: without it they are looked for, and not found.
            let _ = self.shared.mark(progress, true);
            self.shared.delete(&names);
        }
    }

    /// The oldest records that were read and not acknowledged, so many of them,
    /// are delivered or given up. They are not read again, and their segments
    /// are deleted once nothing else is in them.
    ///
    /// Costs one small write.
    ///
    /// # Errors
    /// When that could not be noted on the disk. It holds all the same, but not
    /// over a restart: do not call it again for them.
    pub fn acknowledge(&mut self, count: u64) -> io::Result<()> {
        let mut left = count;
        let mut acked = 0;
        while left > 0
            && let Some(run) = self.runs.front_mut()
        {
            let part = run.count.min(left);
            left -= part;
            acked = run.first + part - 1;
            match self.acknowledged.back_mut() {
                Some(last) if last.first + last.count == run.first => last.count += part,
                _ => {
                    if self.acknowledged.len() == REMEMBERED {
                        self.acknowledged.pop_front();
                    }
                    self.acknowledged.push_back(Run {
                        first: run.first,
                        count: part,
                    });
                }
            }
            run.first += part;
            run.count -= part;
            if run.count == 0 {
                self.runs.pop_front();
            }
        }
        if acked == 0 {
            return Ok(());
        }
        let mut state = self.shared.state();
        state.progress.acked = state.progress.acked.max(acked);
        state.outstanding -= count - left;
        if state.outstanding == 0 && state.taken == acked {
            // What lies between them and the next to be read was passed over.
            let passed = state.position;
            state.progress.acked = state.progress.acked.max(passed);
        }
        let names = state.used_up();
        self.shared.publish(&state);
        let progress = state.progress;
        drop(state);
        let marked = self.shared.mark(progress, !names.is_empty());
        self.shared.delete(&names);
        marked
    }

    /// The numbers of the records that were acknowledged last, so many of them; as
    /// far as they are remembered.
    pub fn acknowledged(&self, count: u64) -> Option<Vec<Run>> {
        let mut left = count;
        let mut runs = Vec::new();
        for run in self.acknowledged.iter().rev() {
            let part = run.count.min(left);
            if part > 0 {
                runs.push(Run {
                    first: run.first + run.count - part,
                    count: part,
                });
            }
            left -= part;
        }
        runs.reverse();
        (left == 0).then_some(runs)
    }

    /// Reads again from the first record that is not acknowledged.
    pub fn rewind(&mut self) {
        self.runs.clear();
        self.sources.clear();
        self.opened = 0;
        let mut state = self.shared.state();
        state.rewind();
        self.shared.publish(&state);
    }

    /// The damaged places that were met, where the spool is only looked at: the
    /// first thousand of them.
    pub fn damage(&self) -> Vec<Damage> {
        let damage = self.shared.damage.lock();
        damage.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes durable how far it is, as far as is asked.
    ///
    /// # Errors
    /// When that could not be noted; more is sent again then than need be.
    pub fn close(&mut self) -> io::Result<()> {
        let state = self.shared.state();
        let progress = state.progress;
        drop(state);
        self.shared.mark(progress, true)
    }
}
