//! Cutting a stream of bytes into lines, with a bound on their length.

use memchr::{memchr, memrchr};

use crate::batch::Frames;

/// The bytes asked for in one read, as long as lines are short. Half as many cost 8 %
/// of the speed of lines as they are.
pub const READ_SIZE: usize = 512 << 10;

/// What becomes of a line that is longer than the longest record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Oversize {
    /// Records of at most that length, with not a byte lost, and no character of
    /// UTF-8 in two of them.
    #[default]
    Split,
    /// A record of that length; the rest of the line is thrown away.
    Truncate,
    /// No record.
    Drop,
}

/// How many lines were too long, by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OversizeCounts {
    /// Lines cut into several records.
    pub split: u64,
    /// Lines cut off.
    pub truncated: u64,
    /// Lines thrown away.
    pub dropped: u64,
}

/// A buffer that is filled with what comes, and hands out whole lines.
///
/// As long as no line exceeds the limit, a batch is a slice of the buffer, and
/// finding it costs one backward search for a newline. The buffer grows with
/// the longest line, up to the limit.
#[derive(Debug)]
pub struct LineBuffer {
    /// One byte more than is ever filled by reading, to end a last line.
    buffer: Vec<u8>,
    filled: usize,
    /// Up to here it is known that no newline stands before `filled`.
    searched: usize,
    /// Whole records end here.
    ready: usize,
    max_record: usize,
    oversize: Oversize,
    /// The ends of records, where newlines alone do not tell them.
    ends: Vec<usize>,
    listed: bool,
    /// The rest of the line that is being read is thrown away.
    skipping: bool,
    /// The line that is being read was begun by another record.
    continued: bool,
    counts: OversizeCounts,
}

impl LineBuffer {
    /// For lines of at most `max_record` bytes without their newline.
    pub fn new(max_record: usize, oversize: Oversize) -> LineBuffer {
        LineBuffer {
            buffer: vec![0; READ_SIZE + 1],
            filled: 0,
            searched: 0,
            ready: 0,
            max_record: max_record.max(1),
            oversize,
            ends: Vec::new(),
            listed: false,
            skipping: false,
            continued: false,
            counts: OversizeCounts::default(),
        }
    }

    /// Room to read into; never empty.
    pub fn space(&mut self) -> &mut [u8] {
        let room = self.buffer.len() - 1;
        if self.filled == room {
            // A line fills it all: grow, up to one line of the greatest length
            // and its newline. `fits` has cut what was longer than that.
            let limit = self.max_record.saturating_add(1).max(READ_SIZE);
            let larger = room.saturating_mul(2).min(limit).max(room + 1);
            self.buffer.resize(larger + 1, 0);
        }
        let room = self.buffer.len() - 1;
        &mut self.buffer[self.filled..room]
    }

    /// Says how many bytes were read into [`space`](Self::space).
    pub fn fill(&mut self, count: usize) {
        self.filled += count;
    }

    /// Whether [`cut`](Self::cut) may throw away some of what was read.
    pub fn rewrites(&self) -> bool {
        self.oversize != Oversize::Split
    }

    /// The bytes that the last `count` filled.
    pub fn last(&self, count: usize) -> &[u8] {
        &self.buffer[self.filled - count..self.filled]
    }

    /// Finds the whole records; at the end of the input, a line without a
    /// newline is ended and counts. [`frames`](Self::frames) has them then.
    pub fn cut(&mut self, at_end: bool) {
        self.listed = false;
        // No line in the buffer can be longer than what the buffer holds.
        if self.skipping || self.filled > self.max_record {
            self.cut_slowly();
        } else if let Some(at) = memrchr(b'\n', &self.buffer[self.searched..self.filled]) {
            self.ready = self.searched + at + 1;
            self.continued = false;
        }
        self.searched = self.filled;
        if at_end && self.filled > self.ready {
            self.buffer[self.filled] = b'\n';
            self.filled += 1;
            self.ready = self.filled;
            if self.listed {
                self.ends.push(self.ready);
            }
            self.continued = false;
        }
    }

    /// Cuts line by line, and rewrites the buffer where bytes are thrown away.
    fn cut_slowly(&mut self) {
        let max = self.max_record;
        self.listed = true;
        self.ends.clear();
        let (mut read, mut write) = (0, 0);
        loop {
            let rest = &self.buffer[read..self.filled];
            // Behind these it makes no difference, and each piece of a long line
            // would look over all that is left of it.
            let seen = match self.skipping {
                true => rest,
                false => &rest[..rest.len().min(max.saturating_add(1))],
            };
            let newline = memchr(b'\n', seen);
            let line = newline.unwrap_or(rest.len());
            if self.skipping {
                read += line;
                if newline.is_none() {
                    break;
                }
                read += 1;
                self.skipping = false;
                continue;
            }
            if line <= max {
                let Some(at) = newline else {
                    break;
                };
                self.keep(&mut read, &mut write, at + 1);
                self.continued = false;
                continue;
            }
            match self.oversize {
                Oversize::Split => {
                    self.counts.split += u64::from(!self.continued);
                    let end = end_within(&self.buffer[read..], max);
                    self.keep(&mut read, &mut write, end);
                    self.continued = true;
                }
                Oversize::Truncate => {
                    self.counts.truncated += 1;
                    // What is longer than the limit has room for its newline.
                    let end = end_within(&self.buffer[read..], max);
                    self.buffer[read + end] = b'\n';
                    self.keep(&mut read, &mut write, end + 1);
                    self.skipping = true;
                }
                Oversize::Drop => {
                    self.counts.dropped += 1;
                    self.skipping = true;
                }
            }
        }
        self.ready = write;
        self.buffer.copy_within(read..self.filled, write);
        self.filled = write + (self.filled - read);
    }

    /// Moves a record to where the records before it end.
    fn keep(&mut self, read: &mut usize, write: &mut usize, length: usize) {
        if *read != *write {
            self.buffer.copy_within(*read..*read + length, *write);
        }
        *read += length;
        *write += length;
        self.ends.push(*write);
    }

    /// The whole records that [`cut`](Self::cut) found.
    pub fn frames(&self) -> Frames<'_> {
        let bytes = &self.buffer[..self.ready];
        match self.listed {
            true => Frames::listed(bytes, &self.ends),
            false => Frames::lines(bytes),
        }
    }

    /// Forgets the records that were handed out.
    pub fn consume(&mut self) {
        self.buffer.copy_within(self.ready..self.filled, 0);
        self.filled -= self.ready;
        self.searched = self.filled;
        self.ready = 0;
        self.listed = false;
        self.ends.clear();
    }

    /// How many lines were too long so far.
    pub fn oversized(&self) -> OversizeCounts {
        self.counts
    }
}

/// Where a line that is longer than `most` bytes, of which there is one more, is
/// cut: there, or before the character of UTF-8 that would be cut in two.
///
/// No byte behind that one is looked at: it may not have been read yet, and where
/// a line is cut must not depend on that.
pub fn end_within(line: &[u8], most: usize) -> usize {
    let is_within = |at: usize| line.get(at).is_some_and(|byte| byte & 0xc0 == 0x80);
    let mut nearest = (most.saturating_sub(3)..=most).rev();
    let begin = nearest.find(|at| !is_within(*at)).unwrap_or(0);
    let Some(begun) = line.get(begin..=most).filter(|_| begin > 0) else {
        return most;
    };
    let is_one = match std::str::from_utf8(begun) {
        Ok(_) => true,
        Err(error) => error.valid_up_to() == 0 && error.error_len().is_none(),
    };
    match is_one {
        true => begin,
        false => most,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Feeds `input` in pieces and gives all records.
    fn records(buffer: &mut LineBuffer, input: &[u8], pieces: &[usize]) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        let mut rest = input;
        let mut sizes = pieces.iter().copied().cycle();
        while !rest.is_empty() {
            let space = buffer.space();
            let count = sizes
                .next()
                .unwrap_or(7)
                .clamp(1, rest.len())
                .min(space.len());
            space[..count].copy_from_slice(&rest[..count]);
            rest = &rest[count..];
            buffer.fill(count);
            buffer.cut(rest.is_empty());
            all.extend(buffer.frames().iter().map(<[u8]>::to_vec));
            buffer.consume();
        }
        all
    }

    fn cut(max: usize, oversize: Oversize, input: &str, piece: usize) -> Vec<String> {
        let mut buffer = LineBuffer::new(max, oversize);
        let all = records(&mut buffer, input.as_bytes(), &[piece]);
        all.into_iter()
            .map(|record| String::from_utf8(record).unwrap())
            .collect()
    }

    #[test]
    fn long_lines_are_split_cut_or_dropped() {
        for piece in [1, 2, 3, 5, 100] {
            let input = "abc\nabcdefgh\n\nabcd\nabcde";
            let split = cut(4, Oversize::Split, input, piece);
            assert_eq!(
                split,
                ["abc\n", "abcd", "efgh\n", "\n", "abcd\n", "abcd", "e\n"]
            );
            let truncated = cut(4, Oversize::Truncate, input, piece);
            assert_eq!(truncated, ["abc\n", "abcd\n", "\n", "abcd\n", "abcd\n"]);
            let dropped = cut(4, Oversize::Drop, input, piece);
            assert_eq!(dropped, ["abc\n", "\n", "abcd\n"]);
        }
    }

    /// Where each piece looked for the end of the line, this took minutes.
    #[test]
    fn a_line_of_many_pieces_is_looked_over_once() {
        let started = std::time::Instant::now();
        let mut buffer = LineBuffer::new(1, Oversize::Split);
        let space = buffer.space();
        space.fill(b'x');
        let count = space.len();
        buffer.fill(count);
        buffer.cut(true);
        assert_eq!(buffer.frames().iter().count(), count);
        assert!(started.elapsed() < std::time::Duration::from_secs(20));
    }

    #[test]
    fn no_character_is_cut_in_two() {
        type Case<'a> = (usize, &'a [u8], &'a [&'a [u8]]);
        let cases: [Case<'_>; 8] = [
            (
                4,
                "aaaébb".as_bytes(),
                &["aaa".as_bytes(), "ébb\n".as_bytes()],
            ),
            (5, "aaaébb".as_bytes(), &["aaaé".as_bytes(), b"bb\n"]),
            (4, "a€€".as_bytes(), &["a€".as_bytes(), "€\n".as_bytes()]),
            (5, "a€€".as_bytes(), &["a€".as_bytes(), "€\n".as_bytes()]),
            (
                6,
                "a😀😀".as_bytes(),
                &["a😀".as_bytes(), "😀\n".as_bytes()],
            ),
            // None fits.
            (2, "€a".as_bytes(), &[b"\xe2\x82", b"\xaca\n"]),
            // Not UTF-8: bytes of which none begins a character, and a character
            // that is none.
            (
                4,
                b"a\x80\x80\x80\x80\x80b",
                &[b"a\x80\x80\x80", b"\x80\x80b\n"],
            ),
            (3, b"aa\xc0\x80b", &[b"aa\xc0", b"\x80b\n"]),
        ];
        for piece in 1..9 {
            for (max, line, split) in cases {
                let mut buffer = LineBuffer::new(max, Oversize::Split);
                assert_eq!(records(&mut buffer, line, &[piece]), split, "{line:?}");
                let mut buffer = LineBuffer::new(max, Oversize::Truncate);
                let ended = [line, b"\nx\n"].concat();
                let first = [split[0], b"\n"].concat();
                let kept = records(&mut buffer, &ended, &[piece]);
                assert_eq!(kept, [&first[..], b"x\n"], "{line:?}");
            }
        }
    }

    #[test]
    fn each_long_line_is_counted_once() {
        let mut buffer = LineBuffer::new(3, Oversize::Split);
        records(&mut buffer, b"aaaaaaaaaaaaaa\nb\ncccc\n", &[2]);
        assert_eq!(buffer.oversized().split, 2);
        let mut buffer = LineBuffer::new(3, Oversize::Drop);
        records(&mut buffer, b"aaaaaaaaaaaaaa\nb\ncccc\n", &[2]);
        assert_eq!(buffer.oversized().dropped, 2);
    }

    #[test]
    fn memory_is_bounded_by_the_longest_record() {
        let mut buffer = LineBuffer::new(1 << 20, Oversize::Split);
        let line = vec![b'a'; 8 << 20];
        let all = records(&mut buffer, &line, &[300_000]);
        assert!(
            buffer.buffer.len() <= (1 << 20) + 2,
            "{}",
            buffer.buffer.len()
        );
        assert!(all.iter().all(|record| record.len() <= (1 << 20) + 1));
        assert_eq!(all.concat().len(), line.len() + 1);
    }

    proptest! {
        /// However the input comes in pieces, nothing is lost or added but the
        /// newline that ends the last line.
        #[test]
        fn split_loses_nothing(
            lines in proptest::collection::vec("[a-cé€😀\r]{0,12}", 0..20),
            last in "[a-cé€😀]{0,12}",
            max in 1usize..15,
            pieces in proptest::collection::vec(1usize..9, 1..5),
        ) {
            let mut input = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
            input.push_str(&last);
            let mut buffer = LineBuffer::new(max, Oversize::Split);
            let all = records(&mut buffer, input.as_bytes(), &pieces);
            let mut expected = input.into_bytes();
            if expected.last().is_some_and(|&byte| byte != b'\n') {
                expected.push(b'\n');
            }
            prop_assert_eq!(all.concat(), expected);
            for record in &all {
                let content = record.strip_suffix(b"\n").unwrap_or(record);
                prop_assert!(content.len() <= max);
                prop_assert!(!content.contains(&b'\n'));
                prop_assert!(max < 4 || std::str::from_utf8(content).is_ok());
            }
        }

        /// Cutting off and dropping do to each line what they say, whatever
        /// the pieces are.
        #[test]
        fn truncate_and_drop(
            lines in proptest::collection::vec("[a-c]{0,12}", 0..20),
            max in 1usize..15,
            pieces in proptest::collection::vec(1usize..9, 1..5),
        ) {
            let input = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
            let mut buffer = LineBuffer::new(max, Oversize::Truncate);
            let all = records(&mut buffer, input.as_bytes(), &pieces).concat();
            let expected = lines.iter().map(|line| format!("{}\n", &line[..line.len().min(max)]));
            prop_assert_eq!(String::from_utf8(all).unwrap(), expected.collect::<String>());
            let mut buffer = LineBuffer::new(max, Oversize::Drop);
            let all = records(&mut buffer, input.as_bytes(), &pieces).concat();
            let kept = lines.iter().filter(|line| line.len() <= max);
            let expected = kept.map(|line| format!("{line}\n")).collect::<String>();
            prop_assert_eq!(String::from_utf8(all).unwrap(), expected);
        }
    }
}
