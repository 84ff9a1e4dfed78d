//! Bytes with known record ends: what a source hands out and a handler takes.
//!
//! A batch of raw lines is a slice of the read buffer, and its record ends are
//! the newlines that are in it: nothing is listed or copied. A batch that was
//! rendered, transcoded or cut up carries a list of ends. Handlers ask both
//! the same three questions, so that there is one write path for both.

use memchr::{memchr, memchr_iter, memrchr};

/// Where the records of a batch end.
#[derive(Clone, Copy, Debug)]
enum Ends<'a> {
    /// Behind each `\n`; what follows the last one is a record too.
    Newline,
    /// At these offsets, which rise; the last is the length of the bytes.
    List(&'a [usize]),
}

/// A run of whole records, each with whatever terminates it.
#[derive(Clone, Copy, Debug)]
pub struct Frames<'a> {
    bytes: &'a [u8],
    ends: Ends<'a>,
}

impl<'a> Frames<'a> {
    /// Records that end behind each newline, and at the end of the bytes.
    pub fn lines(bytes: &'a [u8]) -> Frames<'a> {
        Frames {
            bytes,
            ends: Ends::Newline,
        }
    }

    /// Records that end at the given offsets. They must rise strictly, and the
    /// last must be the length of `bytes`.
    pub fn listed(bytes: &'a [u8], ends: &'a [usize]) -> Frames<'a> {
        debug_assert_eq!(ends.last().copied().unwrap_or(0), bytes.len());
        debug_assert!(ends.windows(2).all(|pair| pair[0] < pair[1]));
        Frames {
            bytes,
            ends: Ends::List(ends),
        }
    }

    /// All the bytes, terminators included.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is no record at all.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The furthest record end that is at most `room` bytes behind `from`,
    /// which is itself a record end; `from` if not one record fits.
    ///
    /// Costs a backward search over at most one record, or a binary search.
    pub fn cut(&self, from: usize, room: u64) -> usize {
        let rest = self.bytes.len() - from;
        let room = match usize::try_from(room) {
            Ok(room) if room < rest => room,
            _ => return self.bytes.len(),
        };
        match self.ends {
            Ends::Newline => {
                memrchr(b'\n', &self.bytes[from..from + room]).map_or(from, |at| from + at + 1)
            }
            Ends::List(ends) => {
                let fit = ends.partition_point(|&end| end <= from + room);
                ends[..fit].last().copied().unwrap_or(0).max(from)
            }
        }
    }

    /// The end of the record that begins at `from`.
    pub fn next(&self, from: usize) -> usize {
        match self.ends {
            Ends::Newline => {
                memchr(b'\n', &self.bytes[from..]).map_or(self.bytes.len(), |at| from + at + 1)
            }
            Ends::List(ends) => {
                let past = ends.partition_point(|&end| end <= from);
                ends.get(past).copied().unwrap_or(self.bytes.len())
            }
        }
    }

    /// How many records begin in `from..to`, both of them record ends.
    pub fn count(&self, from: usize, to: usize) -> u64 {
        let count = match self.ends {
            Ends::Newline => {
                let part = &self.bytes[from..to];
                let open_end = part.last().is_some_and(|&byte| byte != b'\n');
                memchr_iter(b'\n', part).count() + usize::from(open_end)
            }
            Ends::List(ends) => {
                let before = |at| ends.partition_point(|&end| end <= at);
                before(to) - before(from)
            }
        };
        count as u64
    }

    /// The records one by one, each with its terminator.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let frames = *self;
        let mut from = 0;
        std::iter::from_fn(move || {
            let start = from;
            from = frames.next(start);
            (start < frames.bytes.len()).then(|| &frames.bytes[start..from])
        })
    }
}

/// Rendered records that are kept until their handler has taken them.
#[derive(Debug, Default)]
pub struct OwnedFrames {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl OwnedFrames {
    /// Forgets the records and keeps the room that they took.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Where the next record is appended; [`finish`](Self::finish) ends it.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Ends the record that was appended to the buffer. One without a byte is
    /// no record.
    pub fn finish(&mut self) {
        if self.bytes.len() > self.end() {
            self.ends.push(self.bytes.len());
        }
    }

    /// Takes back what was appended since the last record end.
    pub fn abandon(&mut self) {
        self.bytes.truncate(self.end());
    }

    /// Where the last finished record ends.
    pub fn end(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    /// The finished records.
    pub fn frames(&self) -> Frames<'_> {
        Frames::listed(&self.bytes[..self.end()], &self.ends)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ends_of(bytes: &[u8]) -> Vec<usize> {
        let mut ends: Vec<usize> = memchr_iter(b'\n', bytes).map(|at| at + 1).collect();
        if ends.last().copied().unwrap_or(0) < bytes.len() {
            ends.push(bytes.len());
        }
        ends
    }

    #[test]
    fn a_record_fits_or_it_does_not() {
        let frames = Frames::lines(b"ab\ncd\nef");
        assert_eq!(frames.cut(0, 2), 0);
        assert_eq!(frames.cut(0, 3), 3);
        assert_eq!(frames.cut(0, 5), 3);
        assert_eq!(frames.cut(3, 4), 6);
        assert_eq!(frames.cut(6, 1), 6);
        assert_eq!(frames.cut(6, 2), 8);
        assert_eq!(frames.next(3), 6);
        assert_eq!(frames.next(6), 8);
        assert_eq!(frames.count(0, 8), 3);
        assert_eq!(frames.count(3, 6), 1);
        assert_eq!(
            frames.iter().collect::<Vec<_>>(),
            [&b"ab\n"[..], b"cd\n", b"ef"]
        );
    }

    #[test]
    fn an_abandoned_record_leaves_no_byte() {
        let mut owned = OwnedFrames::default();
        owned.buffer().extend_from_slice(b"one");
        owned.finish();
        owned.buffer().extend_from_slice(b"tw");
        owned.abandon();
        owned.finish();
        assert_eq!(owned.frames().bytes(), b"one");
        assert_eq!(owned.frames().count(0, 3), 1);
    }

    proptest! {
        /// Lines and a list of the same ends answer alike.
        #[test]
        fn both_kinds_agree(text in "[a\n]{0,60}", room in 0u64..70) {
            let bytes = text.as_bytes();
            let ends = ends_of(bytes);
            let (lines, listed) = (Frames::lines(bytes), Frames::listed(bytes, &ends));
            prop_assert_eq!(lines.iter().count(), ends.len());
            for from in std::iter::once(0).chain(ends.iter().copied()) {
                prop_assert_eq!(lines.cut(from, room), listed.cut(from, room));
                if from < bytes.len() {
                    prop_assert_eq!(lines.next(from), listed.next(from));
                }
                prop_assert_eq!(lines.count(0, from), listed.count(0, from));
            }
        }
    }
}
