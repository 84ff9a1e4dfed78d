//! What was taken over and may have to be sent again.
//!
//! Records stand in it in order, at offsets that count from the first byte
//! that was ever taken. Those before `proven` have arrived as far as the
//! system can tell; some of them are kept all the same, because a peer that
//! is cut off may not have read what its kernel had acknowledged.

use std::collections::VecDeque;

use crate::batch::{Frames, OwnedFrames};

/// How many bytes are kept in one buffer; one record may be longer.
const CHUNK: usize = 64 << 10;

/// How many buffers that are not needed any more are kept for the next ones.
const SPARES: usize = 4;

#[derive(Debug)]
struct Chunk {
    frames: OwnedFrames,
    /// The offset of its first byte.
    start: u64,
    /// How many records stand before it.
    before: u64,
    count: u64,
    /// The number of its first record.
    number: u64,
}

impl Chunk {
    fn end(&self) -> u64 {
        self.start + self.frames.end() as u64
    }

    /// A place in it, as an index into its bytes.
    fn index(&self, offset: u64) -> usize {
        // It lies within the chunk, so it fits.
        (offset - self.start) as usize
    }
}

/// A record end in the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Mark {
    offset: u64,
    records: u64,
}

/// See the [module](self).
#[derive(Debug, Default)]
pub(super) struct Window {
    chunks: VecDeque<Chunk>,
    end: Mark,
    proven: Mark,
    spares: Vec<OwnedFrames>,
}

impl Window {
    /// Takes the records between two record ends; the first has this number.
    /// Tells how many they are.
    pub(super) fn push(
        &mut self,
        frames: &Frames<'_>,
        (from, to): (usize, usize),
        number: u64,
    ) -> u64 {
        let count = frames.count(from, to);
        let end = self.end;
        self.end = Mark {
            offset: end.offset + (to - from) as u64,
            records: end.records + count,
        };
        if let Some(last) = self.chunks.back_mut()
            && last.frames.end() + (to - from) <= CHUNK
            && last.number + last.count == number
            && last.frames.append(frames, from, to)
        {
            last.count += count;
            return count;
        }
        let mut chunk = Chunk {
            frames: self.spares.pop().unwrap_or_default(),
            start: end.offset,
            before: end.records,
            count,
            number,
        };
        // It can be: there is nothing in it.
        chunk.frames.append(frames, from, to);
        self.chunks.push_back(chunk);
        count
    }

    /// Where what was taken ends.
    pub(super) fn end(&self) -> u64 {
        self.end.offset
    }

    /// Where what is kept begins.
    pub(super) fn start(&self) -> u64 {
        self.chunks.front().map_or(self.end.offset, |c| c.start)
    }

    /// Up to where it has arrived.
    pub(super) fn proven(&self) -> u64 {
        self.proven.offset
    }

    /// How many records are not known to have arrived.
    pub(super) fn unproven(&self) -> u64 {
        self.end.records - self.proven.records
    }

    /// The number of the last record, if there is one.
    #[cfg(test)]
    pub(super) fn last_number(&self) -> Option<u64> {
        self.chunks.back().map(|last| last.number + last.count - 1)
    }

    fn chunk_at(&self, offset: u64) -> Option<&Chunk> {
        let past = self.chunks.partition_point(|chunk| chunk.end() <= offset);
        self.chunks.get(past).filter(|chunk| chunk.start <= offset)
    }

    /// The bytes from an offset on, as far as they stand in one piece; none at
    /// the end.
    pub(super) fn bytes(&self, offset: u64) -> &[u8] {
        self.chunk_at(offset).map_or(&[], |chunk| {
            &chunk.frames.frames().bytes()[chunk.index(offset)..]
        })
    }

    /// The records from a record end on, as far as they stand in one piece: the
    /// frames, the place in them, and the number of the first.
    pub(super) fn frames(&self, offset: u64) -> Option<(Frames<'_>, usize, u64)> {
        let chunk = self.chunk_at(offset)?;
        let (frames, at) = (chunk.frames.frames(), chunk.index(offset));
        Some((frames, at, chunk.number + frames.count(0, at)))
    }

    /// The last record end that is not behind an offset.
    fn mark(&self, offset: u64) -> Mark {
        match self.chunk_at(offset) {
            None => self.end,
            Some(chunk) => {
                let frames = chunk.frames.frames();
                let end = frames.cut(0, offset - chunk.start);
                Mark {
                    offset: chunk.start + end as u64,
                    records: chunk.before + frames.count(0, end),
                }
            }
        }
    }

    /// Everything before an offset has arrived.
    pub(super) fn prove(&mut self, offset: u64) {
        let offset = offset.clamp(self.proven.offset, self.end.offset);
        let mark = self.mark(offset);
        // A record that has arrived in part has not.
        if mark.records > self.proven.records {
            self.proven = mark;
        }
    }

    /// Every record up to this number has arrived.
    pub(super) fn prove_number(&mut self, number: u64) {
        let past = self.chunks.partition_point(|chunk| chunk.number <= number);
        let Some(chunk) = past.checked_sub(1).and_then(|at| self.chunks.get(at)) else {
            return;
        };
        let count = (number - chunk.number + 1).min(chunk.count);
        let (end, _) = chunk.frames.frames().take(0, count, u64::MAX);
        self.prove(chunk.start + end as u64);
    }

    /// What has arrived is forgotten, but so many bytes of it, or a little
    /// more.
    pub(super) fn keep(&mut self, most: u64) {
        while let Some(first) = self.chunks.front()
            && first.end() <= self.proven.offset
            && self.proven.offset - first.end() >= most
        {
            let Some(mut chunk) = self.chunks.pop_front() else {
                return;
            };
            if self.spares.len() < SPARES && chunk.frames.room() <= 2 * CHUNK {
                chunk.frames.clear();
                self.spares.push(chunk.frames);
            }
        }
    }

    /// Whatever is kept may not have arrived after all.
    pub(super) fn doubt(&mut self) {
        let start = self.chunks.front().map(|chunk| Mark {
            offset: chunk.start,
            records: chunk.before,
        });
        self.proven = start.unwrap_or(self.end);
    }

    /// Hands out what is not known to have arrived, and forgets everything.
    pub(super) fn surrender(&mut self, each: &mut dyn FnMut(&Frames<'_>)) {
        let mut rest = OwnedFrames::default();
        for chunk in &self.chunks {
            if chunk.end() <= self.proven.offset {
                continue;
            }
            let from = chunk.index(self.proven.offset.max(chunk.start));
            let frames = chunk.frames.frames();
            rest.clear();
            rest.append(&frames, from, frames.len());
            each(&rest.frames());
        }
        self.chunks.clear();
        self.proven = self.end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(count: usize) -> String {
        (0..count).map(|n| format!("line {n}\n")).collect()
    }

    #[test]
    fn what_has_arrived_in_part_has_not() {
        let mut window = Window::default();
        let text = lines(3);
        window.push(&Frames::lines(text.as_bytes()), (0, text.len()), 1);
        assert_eq!(
            (window.unproven(), window.bytes(7)),
            (3, &text.as_bytes()[7..])
        );
        window.prove(6);
        assert_eq!((window.proven(), window.unproven()), (0, 3));
        window.prove(15);
        assert_eq!((window.proven(), window.unproven()), (14, 1));
        window.keep(0);
        assert_eq!(window.start(), 0, "its buffer is needed");
        window.prove_number(9);
        window.keep(0);
        assert_eq!((window.start(), window.unproven()), (21, 0));
        assert_eq!(window.bytes(21), b"");
    }

    #[test]
    fn what_is_kept_can_be_doubted() {
        let mut window = Window::default();
        let long = vec![b'x'; CHUNK - 1];
        let frames = [&long[..], b"\n"].concat();
        for number in 1..=4 {
            window.push(&Frames::lines(&frames), (0, frames.len()), number);
        }
        window.prove(window.end());
        window.keep(CHUNK as u64 + 1);
        assert_eq!((window.start(), window.unproven()), (2 * CHUNK as u64, 0));
        window.doubt();
        assert_eq!(window.unproven(), 2);
        let mut given_up = Vec::new();
        window.surrender(&mut |frames| given_up.push(frames.len()));
        assert_eq!(given_up, [CHUNK, CHUNK]);
        assert_eq!((window.unproven(), window.start()), (0, 4 * CHUNK as u64));
    }

    #[test]
    fn numbers_may_have_gaps() {
        let mut window = Window::default();
        let text = lines(2);
        let frames = Frames::lines(text.as_bytes());
        window.push(&frames, (0, text.len()), 5);
        window.push(&frames, (0, text.len()), 100);
        assert_eq!(window.last_number(), Some(101));
        assert_eq!(
            window.frames(7).map(|(_, at, number)| (at, number)),
            Some((7, 6))
        );
        assert_eq!(window.frames(14).map(|(_, _, number)| number), Some(100));
        for (number, unproven) in [(4, 4), (5, 3), (50, 2), (100, 1), (200, 0)] {
            window.prove_number(number);
            assert_eq!(window.unproven(), unproven, "{number}");
        }
    }

    proptest! {
        /// Whatever is proven in whatever steps, the rest is what is left.
        #[test]
        fn the_rest_is_what_is_left(
            batches in prop::collection::vec(prop::collection::vec(1usize..30_000, 1..6), 1..8),
            proofs in prop::collection::vec(0u64..200_000, 0..6),
            keep in 0u64..100_000,
        ) {
            let mut window = Window::default();
            let (mut all, mut ends) = (Vec::new(), vec![0u64]);
            for batch in &batches {
                let mut owned = OwnedFrames::default();
                for length in batch {
                    let byte = (all.len() % 251) as u8;
                    let end = owned.end() + length;
                    owned.buffer().resize(end, byte);
                    owned.finish();
                    all.resize(all.len() + length, byte);
                    ends.push(all.len() as u64);
                }
                let frames = owned.frames();
                let number = window.last_number().map_or(1, |last| last + 1);
                window.push(&frames, (0, frames.len()), number);
            }
            for proof in proofs {
                window.prove(proof);
                window.keep(keep);
                let want = ends.iter().filter(|end| **end > window.proven()).count() as u64;
                prop_assert_eq!(window.unproven(), want);
                prop_assert!(ends.contains(&window.proven()));
                prop_assert!(window.start() <= window.proven());
                prop_assert!(window.proven() - window.start() <= keep + 2 * CHUNK as u64 + 30_000 || window.start() == 0);
                let mut at = window.start();
                while at < window.end() {
                    let bytes = window.bytes(at);
                    prop_assert_eq!(bytes, &all[at as usize..at as usize + bytes.len()]);
                    at += bytes.len() as u64;
                }
            }
            let proven = window.proven();
            let mut rest = Vec::new();
            window.surrender(&mut |frames| rest.extend_from_slice(frames.bytes()));
            prop_assert_eq!(rest, &all[proven as usize..]);
        }
    }
}
