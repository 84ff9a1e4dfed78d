//! Records that come back: they were acknowledged, and had not arrived after all.

use std::io;

use super::format::HEADER;
use super::shared::Segment;
use super::{Run, Writer};
use crate::batch::OwnedFrames;

impl Writer {
    /// Puts records back that were acknowledged last, with the numbers that they had:
    /// they stand before all others again. To be called once, when nothing is read or
    /// acknowledged any more.
    ///
    /// What was acknowledged is forgotten as this is taken back, so there is room for
    /// it, whatever has come since: the spool may become larger by it than it is to be.
    ///
    /// # Errors
    /// When that can't be written; nothing is taken back then.
    pub fn put_back(&mut self, frames: &[OwnedFrames], numbers: &[Run]) -> io::Result<()> {
        let Some(first) = numbers.first().map(|run| run.first) else {
            return Ok(());
        };
        let mut state = self.shared.state();
        // From there on they are on the disk still.
        let there = state.segments.front().map(|segment| segment.first);
        let there = there.unwrap_or(u64::MAX);
        let mut progress = state.progress;
        drop(state);
        let mut numbers = numbers
            .iter()
            .flat_map(|run| run.first..run.first + run.count);
        let (mut records, mut last) = (Vec::new(), first - 1);
        for (record, number) in frames
            .iter()
            .flat_map(|frames| frames.frames().iter())
            .zip(&mut numbers)
            .take_while(|(_, number)| *number < there)
        {
            self.shared.key.encode(number, record, &mut records);
            last = number;
        }
        progress.acked = first - 1;
        if last >= first {
            let (_, name) = self.create(first, first - 1, &records)?;
            let length = (HEADER + records.len()) as u64;
            progress.cut(last);
            state = self.shared.state();
            state.push_front(Segment {
                serial: 0,
                name,
                first,
                last,
                length,
                sealed: true,
                reported: 0,
                missing: Vec::new(),
                unreadable: false,
            });
        } else {
            state = self.shared.state();
        }
        state.begin(progress);
        self.shared.publish(&state);
        drop(state);
        self.shared.mark(progress, true)
    }
}
