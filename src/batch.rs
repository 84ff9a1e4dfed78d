//! Bytes with known record ends: what a source hands out and a handler takes.
//!
//! A batch of raw lines is a slice of the read buffer, and its record ends are
//! the newlines that are in it: nothing is listed or copied. A batch that was
//! rendered, transcoded or cut up carries a list of ends. Handlers ask both
//! the same three questions, so that there is one write path for both.

use memchr::{memchr, memchr_iter, memrchr};

use crate::level::Level;

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
    /// One for each record of a list, or none at all.
    levels: &'a [Level],
    /// Which of the streams that are read at once they come from.
    stream: u8,
}

impl<'a> Frames<'a> {
    /// Records that end behind each newline, and at the end of the bytes.
    pub fn lines(bytes: &'a [u8]) -> Frames<'a> {
        Frames {
            bytes,
            ends: Ends::Newline,
            levels: &[],
            stream: 0,
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
            levels: &[],
            stream: 0,
        }
    }

    /// The same records with their levels, one for each.
    #[must_use]
    pub fn with_levels(self, levels: &'a [Level]) -> Frames<'a> {
        debug_assert!(matches!(self.ends, Ends::List(ends) if ends.len() == levels.len()));
        Frames { levels, ..self }
    }

    /// The same records as those of one of several streams.
    #[must_use]
    pub fn of_stream(self, stream: u8) -> Frames<'a> {
        Frames { stream, ..self }
    }

    /// Which of the streams that are read at once they come from.
    pub fn stream(&self) -> u8 {
        self.stream
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

    /// As many records from the record end `from` on as are at most so many,
    /// and together at most so many bytes: their end, and how many they are.
    ///
    /// Costs a pass over what it takes, for lines.
    pub fn take(&self, from: usize, most: u64, room: u64) -> (usize, u64) {
        let end = self.cut(from, room);
        let count = self.count(from, end);
        if count <= most {
            return (end, count);
        }
        let end = match self.ends {
            // There are more than `most`, so the last of these has a newline.
            Ends::Newline => (0..most).fold(from, |at, _| self.next(at)),
            Ends::List(ends) => {
                let before = ends.partition_point(|&end| end <= from) as u64;
                let last = (before + most).checked_sub(1);
                // An index below the length of a list.
                last.map_or(from, |last| ends[last as usize].max(from))
            }
        };
        (end, most)
    }

    /// The records one by one, each with its terminator.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.iter_from(0).map(|(record, _)| record)
    }

    /// The records from the record end `from` on, each with its terminator and
    /// its level. One of which none is known has [`Level::NOTSET`].
    pub fn iter_from(&self, from: usize) -> impl Iterator<Item = (&'a [u8], Level)> + use<'a> {
        let frames = *self;
        let mut at = from;
        let mut index = match frames.ends {
            Ends::List(ends) => ends.partition_point(|&end| end <= from),
            Ends::Newline => 0,
        };
        std::iter::from_fn(move || {
            let start = at;
            if start >= frames.bytes.len() {
                return None;
            }
            at = match frames.ends {
                Ends::Newline => frames.next(start),
                Ends::List(ends) => ends[index],
            };
            let level = frames.levels.get(index).copied();
            index += 1;
            Some((&frames.bytes[start..at], level.unwrap_or(Level::NOTSET)))
        })
    }
}

/// Records that are kept until their handler has taken them.
#[derive(Debug, Default)]
pub struct OwnedFrames {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// As long as `ends`, or empty.
    levels: Vec<Level>,
    /// The ends are the newlines, and not listed.
    lines: bool,
}

impl OwnedFrames {
    /// Forgets the records and keeps the room that they took.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.levels.clear();
        self.lines = false;
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

    /// Ends it likewise, and notes its level: of all records, or of none.
    pub fn finish_with(&mut self, level: Level) {
        if self.bytes.len() > self.end() {
            self.ends.push(self.bytes.len());
            self.levels.push(level);
        }
    }

    /// Appends records through `fill`, which is given the bytes and what ends a
    /// record in them: see [`finish`](Self::finish), and
    /// [`finish_with`](Self::finish_with) for the level. What is behind the last
    /// end is taken back.
    pub fn fill<T>(
        &mut self,
        level: Option<Level>,
        fill: impl FnOnce(&mut Vec<u8>, &mut dyn FnMut(&mut Vec<u8>)) -> T,
    ) -> T {
        let mut last = self.end();
        let (ends, levels) = (&mut self.ends, &mut self.levels);
        let filled = fill(&mut self.bytes, &mut |bytes| {
            if bytes.len() > last {
                last = bytes.len();
                ends.push(last);
                levels.extend(level);
            }
        });
        self.bytes.truncate(last);
        filled
    }

    /// Takes back what was appended since the last record end.
    pub fn abandon(&mut self) {
        self.bytes.truncate(self.end());
    }

    /// Where the record ends that begins at `from`.
    pub fn next(&self, from: usize) -> usize {
        match self.lines {
            true => Frames::lines(&self.bytes).next(from),
            false => {
                let past = self.ends.partition_point(|&end| end <= from);
                self.ends.get(past).copied().unwrap_or(self.bytes.len())
            }
        }
    }

    /// Forgets the records before the record end `at`. Moves all that stay.
    pub fn forget_before(&mut self, at: usize) {
        self.bytes.drain(..at);
        let gone = self.ends.partition_point(|&end| end <= at);
        self.ends.drain(..gone);
        self.ends.iter_mut().for_each(|end| *end -= at);
        if !self.levels.is_empty() {
            self.levels.drain(..gone);
        }
    }

    /// How many bytes it can take without growing.
    pub fn room(&self) -> usize {
        self.bytes.capacity()
    }

    /// Where the last finished record ends.
    pub fn end(&self) -> usize {
        match self.lines {
            true => self.bytes.len(),
            false => self.ends.last().copied().unwrap_or(0),
        }
    }

    /// Appends records of other frames, between two record ends, in the form
    /// in which they are. `false`: these here have another form.
    pub fn append(&mut self, frames: &Frames<'_>, from: usize, to: usize) -> bool {
        let empty = self.bytes.is_empty();
        match frames.ends {
            Ends::Newline => {
                // What has no newline at its end would grow.
                let fits = self.lines && self.bytes.last() == Some(&b'\n');
                if !(empty || fits) {
                    return false;
                }
                self.lines = true;
            }
            Ends::List(ends) => {
                if !empty && (self.lines || self.levels.is_empty() != frames.levels.is_empty()) {
                    return false;
                }
                let first = ends.partition_point(|&end| end <= from);
                let past = ends.partition_point(|&end| end <= to);
                let base = self.bytes.len();
                let moved = ends[first..past].iter().map(|end| end - from + base);
                self.ends.extend(moved);
                if !frames.levels.is_empty() {
                    self.levels.extend_from_slice(&frames.levels[first..past]);
                }
            }
        }
        self.bytes.extend_from_slice(&frames.bytes[from..to]);
        true
    }

    /// The finished records.
    pub fn frames(&self) -> Frames<'_> {
        match self.lines {
            true => Frames::lines(&self.bytes),
            false => Frames {
                levels: &self.levels,
                ..Frames::listed(&self.bytes[..self.end()], &self.ends)
            },
        }
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

    #[test]
    fn only_records_of_one_form_are_put_together() {
        let mut owned = OwnedFrames::default();
        assert!(owned.append(&Frames::lines(b"a\nb\n"), 2, 4));
        assert!(owned.append(&Frames::lines(b"c"), 0, 1));
        assert!(
            !owned.append(&Frames::lines(b"d\n"), 0, 2),
            "it would be cd"
        );
        assert!(!owned.append(&Frames::listed(b"d\n", &[2]), 0, 2));
        assert_eq!(owned.frames().bytes(), b"b\nc");
        owned.clear();
        let listed = Frames::listed(b"a\nbcd", &[3, 5]);
        assert!(owned.append(&listed, 3, 5));
        let leveled = listed.with_levels(&[Level::INFO, Level::ERROR]);
        assert!(!owned.append(&leveled, 0, 5));
        owned.clear();
        assert!(owned.append(&leveled, 3, 5) && owned.append(&leveled, 0, 3));
        let all: Vec<_> = owned.frames().iter_from(0).collect();
        assert_eq!(all, [(&b"cd"[..], Level::ERROR), (b"a\nb", Level::INFO)]);
        assert_eq!(owned.frames().iter_from(2).count(), 1);
        assert_eq!((owned.next(0), owned.next(2)), (2, 5));
        owned.forget_before(2);
        let all: Vec<_> = owned.frames().iter_from(0).collect();
        assert_eq!(all, [(&b"a\nb"[..], Level::INFO)]);
        assert_eq!(
            Frames::lines(b"x").iter_from(0).last(),
            Some((&b"x"[..], Level::NOTSET))
        );
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
                for most in 0..5 {
                    let (end, count) = lines.take(from, most, room);
                    prop_assert_eq!(listed.take(from, most, room), (end, count));
                    prop_assert_eq!(count, lines.count(from, end));
                    prop_assert!(count <= most && end <= lines.cut(from, room));
                    let more = lines.next(end) <= lines.cut(from, room) && end < bytes.len();
                    prop_assert!(count == most || !more);
                }
            }
        }
    }
}
