//! Making room in a spool by forgetting what is oldest in it.

use std::fs::File;
use std::io;

use super::scan::{Found, Scan};
use super::shared::Spent;
use super::writer::Writer;
use crate::batch::{Frames, OwnedFrames};
use crate::sys::{self, Private};

/// A part of a segment that is forgotten.
#[derive(Debug)]
struct Gone {
    name: String,
    /// How far it reached.
    length: u64,
    /// How far it reaches now; 0 if nothing of it is left.
    keep: u64,
    /// Where some is, because the reader may delete that at any moment.
    file: Option<File>,
}

impl Writer {
    /// Frees at least so many bytes of the disk, if it can, by forgetting the
    /// oldest records that the reader has not taken yet: whole segments of
    /// them, since nothing else is given back. They are handed to `each` before
    /// they are deleted. Answers how many they are; 0 where all are being
    /// delivered.
    ///
    /// Costs a pass over what is forgotten.
    pub fn drop_oldest(&mut self, bytes: u64, each: &mut dyn FnMut(&Frames<'_>)) -> u64 {
        let (gone, position) = self.withdraw(bytes);
        let mut count = 0;
        let mut seen = position;
        for part in &gone {
            // What can't be read is gone all the same: room is what is asked.
            let _ = self.hand_out(part, &mut seen, &mut count, each);
        }
        let mut spent = Vec::new();
        for part in gone {
            match part.file {
                // What can't be cut is known to be given up all the same.
                Some(file) => drop(file.set_len(part.keep)),
                None if part.keep > 0 => {}
                None => spent.push(Spent {
                    name: part.name,
                    keep: false,
                }),
            }
        }
        self.shared.delete(&spent);
        count
    }

    /// Takes the records out of the reader's sight, and notes on the disk that
    /// they are given up. Also says up to which number it had none of them to
    /// read.
    fn withdraw(&mut self, bytes: u64) -> (Vec<Gone>, u64) {
        let mut gone = Vec::new();
        let mut freed = 0;
        let mut last = 0;
        let mut state = self.shared.state();
        let (position, taken, taken_at) = (state.position, state.taken, state.taken_at);
        let delivering = state.outstanding > 0;
        let active = self.active.as_ref().map(|active| active.serial);
        let mut lost_active = false;
        state.segments.retain_mut(|segment| {
            if freed >= bytes || segment.last <= position || segment.last < segment.first {
                return true;
            }
            let keep = match delivering && segment.first <= taken {
                // Some of it is being delivered.
                true if segment.serial == taken_at.0 => taken_at.1,
                true => return true,
                false => 0,
            };
            freed += segment.length - keep;
            last = last.max(segment.last);
            lost_active |= active == Some(segment.serial);
            let path = self.shared.path(&segment.name);
            let file = (keep > 0).then(|| sys::open_private(&path, Private::Write).ok());
            gone.push(Gone {
                name: segment.name.clone(),
                length: segment.length,
                keep,
                file: file.flatten(),
            });
            segment.length = keep;
            segment.last = taken;
            segment.sealed = true;
            keep > 0
        });
        state.bytes -= freed;
        state.progress.dropped = state.progress.dropped.max(last);
        if delivering && !gone.is_empty() {
            state.progress.cut(taken);
        }
        state.pass(last);
        self.shared.publish(&state);
        let progress = state.progress;
        drop(state);
        if lost_active {
            if let Some(active) = self.active.take().filter(|_| self.shared.durable()) {
                // For those that are being delivered. The others are given up,
                // so that there is nothing to write anew if it fails.
                let _ = active.file.sync_data();
            }
            self.settled();
        }
        if !gone.is_empty() {
            // A hint only: without it they are sent after all.
            let _ = self.shared.mark(progress, true);
        }
        (gone, position)
    }

    fn hand_out(
        &self,
        part: &Gone,
        seen: &mut u64,
        count: &mut u64,
        each: &mut dyn FnMut(&Frames<'_>),
    ) -> io::Result<()> {
        let file = match &part.file {
            Some(file) => file.try_clone()?,
            None => sys::open_private(&self.shared.path(&part.name), Private::Read)?,
        };
        let mut scan = Scan::new(file, self.shared.key)?;
        let mut records = OwnedFrames::default();
        loop {
            match scan.next(part.length, *seen)? {
                Found::Record(_) => {}
                Found::Damage(start, end) => {
                    self.shared.keep_aside(&part.name, start, end);
                    continue;
                }
                Found::End => return Ok(()),
            }
            let Some(batch) = scan.batch(part.length, u64::MAX, usize::MAX) else {
                return Ok(());
            };
            records.clear();
            scan.take(batch, |payload| {
                records.buffer().extend_from_slice(payload);
                records.finish();
            });
            *seen = batch.first + batch.count - 1;
            *count += batch.count;
            each(&records.frames());
        }
    }
}
