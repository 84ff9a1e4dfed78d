//! Records that were taken and are not known to have arrived.

use std::collections::VecDeque;
use std::time::Instant;

use crate::batch::{Frames, OwnedFrames};
use crate::wire::lh::SenderId;

/// A number that the records from one on have.
#[derive(Clone, Copy, Debug)]
struct Run {
    /// How many records were taken before it.
    start: u64,
    sender: SenderId,
    number: u64,
}

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Held {
    frames: OwnedFrames,
    /// How many records it holds, and how many were there before them.
    count: u64,
    gone: u64,
    runs: VecDeque<Run>,
    /// Up to where records were taken when: of those in one step, the first.
    arrivals: VecDeque<(u64, Instant)>,
}

/// Records at the front of those that are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Front {
    pub end: usize,
    pub count: u64,
}

impl Held {
    pub fn new(sender: SenderId) -> Held {
        let run = Run {
            start: 0,
            sender,
            number: 1,
        };
        Held {
            frames: OwnedFrames::default(),
            count: 0,
            gone: 0,
            runs: VecDeque::from([run]),
            arrivals: VecDeque::new(),
        }
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn bytes(&self) -> usize {
        self.frames.end()
    }

    /// The records that come are those of this sender, from this number on.
    pub fn number(&mut self, sender: SenderId, number: u64) {
        let start = self.gone + self.count;
        if self.runs.back().is_some_and(|run| run.start == start) {
            self.runs.pop_back();
        }
        self.runs.push_back(Run {
            start,
            sender,
            number,
        });
    }

    /// Takes records over, from one record end to another.
    pub fn push(&mut self, frames: &Frames<'_>, (from, to): (usize, usize), now: Instant) {
        let mut at = from;
        for (record, _) in frames.iter_from(from) {
            if at >= to {
                break;
            }
            at += record.len();
            self.frames.buffer().extend_from_slice(record);
            self.frames.finish();
            self.count += 1;
        }
        self.arrivals.push_back((self.gone + self.count, now));
    }

    /// Since when the oldest one waits.
    pub fn oldest(&self) -> Option<Instant> {
        self.arrivals.front().map(|(_, since)| *since)
    }

    /// So many records, and bytes, at most, but one at least; none from behind
    /// a gap in the numbers.
    pub fn front(&self, most: u64, room: u64) -> Front {
        let run = self
            .runs
            .get(1)
            .map_or(u64::MAX, |next| next.start - self.gone);
        let most = most.min(run);
        let frames = self.frames.frames();
        match frames.take(0, most, room) {
            (0, _) => Front {
                end: self.frames.next(0),
                count: self.count.min(1),
            },
            (end, count) => Front { end, count },
        }
    }

    /// The first of them, so many.
    pub fn records(&self, front: Front) -> impl Iterator<Item = &[u8]> {
        let frames = self.frames.frames();
        frames
            .iter()
            .take(usize::try_from(front.count).unwrap_or(usize::MAX))
    }

    /// Whose the first record is, and its number.
    pub fn first(&self) -> (SenderId, u64) {
        let run = self.runs.front();
        run.map_or((SenderId::default(), 0), |run| {
            (run.sender, run.number + self.gone - run.start)
        })
    }

    /// Forgets the first ones. Moves those that stay.
    pub fn forget(&mut self, front: Front) {
        self.frames.forget_before(front.end);
        self.count -= front.count;
        self.gone += front.count;
        while self
            .arrivals
            .front()
            .is_some_and(|(end, _)| *end <= self.gone)
        {
            self.arrivals.pop_front();
        }
        while self.runs.get(1).is_some_and(|next| next.start <= self.gone) {
            self.runs.pop_front();
        }
    }

    /// Copies the first ones.
    pub fn copy(&self, front: Front) -> OwnedFrames {
        let mut copy = OwnedFrames::default();
        copy.append(&self.frames.frames(), 0, front.end);
        copy
    }

    /// Hands all of them out, and forgets them.
    pub fn surrender(&mut self, each: &mut dyn FnMut(&Frames<'_>)) {
        if self.count > 0 {
            each(&self.frames.frames());
        }
        self.forget(Front {
            end: self.frames.end(),
            count: self.count,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_has_one_run_of_numbers() {
        let now = Instant::now();
        let mut held = Held::new(SenderId([1; 16]));
        let lines = Frames::lines(b"a\nbb\nccc\n");
        held.push(&lines, (0, 5), now);
        held.number(SenderId([2; 16]), 10);
        held.number(SenderId([2; 16]), 70);
        held.push(&lines, (5, 9), now);
        assert_eq!((held.count(), held.bytes()), (3, 9));
        assert_eq!(held.first(), (SenderId([1; 16]), 1));
        assert_eq!(held.front(9, 99), Front { end: 5, count: 2 });
        assert_eq!(held.front(1, 99), Front { end: 2, count: 1 });
        assert_eq!(held.front(9, 1), Front { end: 2, count: 1 }, "one at least");
        held.forget(held.front(1, 99));
        assert_eq!(held.first(), (SenderId([1; 16]), 2));
        held.forget(held.front(9, 99));
        assert_eq!(held.first(), (SenderId([2; 16]), 70));
        let front = held.front(9, 99);
        assert_eq!(held.records(front).collect::<Vec<_>>(), [b"ccc\n"]);
        assert_eq!(held.copy(front).frames().bytes(), b"ccc\n");
        assert_eq!(held.oldest(), Some(now));
        let mut out = Vec::new();
        held.surrender(&mut |frames| out.extend_from_slice(frames.bytes()));
        assert_eq!(
            (&out[..], held.count(), held.oldest()),
            (&b"ccc\n"[..], 0, None)
        );
        held.push(&lines, (0, 2), now);
        assert_eq!(held.first(), (SenderId([2; 16]), 71));
        assert_eq!(held.front(9, 99), Front { end: 2, count: 1 });
    }
}
