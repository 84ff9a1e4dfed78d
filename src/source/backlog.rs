//! Records that are complete and have to wait: one of another stream, which began
//! before them, is not.
//!
//! Without it, a line of one output that waits for its continuation (`--join`) would
//! come out behind everything that the other output says in the meantime.

use std::collections::VecDeque;
use std::time::Instant;

use crate::join::Joined;
use crate::now::Timestamp;

/// So many records may wait: what is noted of each takes 40 bytes, which is more than
/// there is in a short one.
const MOST: usize = 1 << 18;

/// So much room is kept where nothing waits, in bytes.
const KEPT: usize = 1 << 20;

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Backlog {
    bytes: Vec<u8>,
    /// Where the first record that waits begins in the bytes.
    start: usize,
    records: VecDeque<Waiting>,
    /// So many bytes may wait, and [`MOST`] records. Beyond that the order is given up, as neither may the
    /// memory be without bound, nor one output stand still because of the other.
    limit: usize,
}

/// One record, without its bytes.
#[derive(Debug)]
struct Waiting {
    length: usize,
    since: Option<Instant>,
    received: Timestamp,
    piece: bool,
    continues: bool,
    trace: bool,
}

impl Backlog {
    pub(super) fn new(limit: usize) -> Backlog {
        Backlog {
            bytes: Vec::new(),
            start: 0,
            records: VecDeque::new(),
            limit,
        }
    }

    /// When the first line of what waits was read.
    pub(super) fn oldest(&self) -> Option<Instant> {
        self.records.front().and_then(|record| record.since)
    }

    /// How many records wait.
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// Hands a record on, unless it has to wait: for others of this stream, or for one
    /// of another stream whose first line was read at the time of `before`.
    pub(super) fn pass(
        &mut self,
        joined: Joined<'_>,
        before: Option<Instant>,
        each: &mut dyn FnMut(Joined<'_>),
    ) {
        if self.records.is_empty() && !is_behind(joined.since, before) {
            return each(joined);
        }
        self.bytes.extend_from_slice(joined.bytes);
        self.records.push_back(Waiting {
            length: joined.bytes.len(),
            since: joined.since,
            received: joined.received,
            piece: joined.piece,
            continues: joined.continues,
            trace: joined.trace,
        });
        let is_long = self.bytes.len() - self.start > self.limit;
        let is_full = is_long || self.records.len() > MOST;
        self.release(before.filter(|_| !is_full), each);
    }

    /// Hands on what need not wait any more.
    pub(super) fn release(&mut self, before: Option<Instant>, each: &mut dyn FnMut(Joined<'_>)) {
        while let Some(next) = self.records.front()
            && !is_behind(next.since, before)
            && let Some(record) = self.records.pop_front()
        {
            let end = self.start + record.length;
            each(Joined {
                bytes: &self.bytes[self.start..end],
                received: record.received,
                since: record.since,
                piece: record.piece,
                continues: record.continues,
                trace: record.trace,
            });
            self.start = end;
        }
        if self.records.is_empty() {
            self.bytes.clear();
            self.bytes.shrink_to(KEPT);
            self.records.shrink_to(KEPT / size_of::<Waiting>());
            self.start = 0;
        } else if self.start > self.limit {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
    }
}

fn is_behind(since: Option<Instant>, before: Option<Instant>) -> bool {
    since > before && before.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn joined(bytes: &[u8], since: Instant) -> Joined<'_> {
        Joined {
            bytes,
            received: Timestamp(0),
            since: Some(since),
            piece: false,
            continues: false,
            trace: false,
        }
    }

    #[test]
    fn what_is_behind_waits_and_what_is_too_much_does_not() {
        let start = Instant::now();
        let at = |second: u64| start + Duration::from_secs(second);
        let mut backlog = Backlog::new(6);
        let mut out = Vec::new();
        let mut each =
            |record: Joined<'_>| out.push(String::from_utf8_lossy(record.bytes).into_owned());
        backlog.pass(joined(b"a\n", at(1)), Some(at(2)), &mut each);
        backlog.pass(joined(b"b\n", at(3)), Some(at(2)), &mut each);
        backlog.pass(joined(b"c\n", at(5)), Some(at(4)), &mut each);
        assert_eq!(backlog.oldest(), Some(at(5)));
        backlog.pass(joined(b"d\n", at(6)), Some(at(4)), &mut each);
        backlog.release(Some(at(5)), &mut each);
        assert_eq!(backlog.oldest(), Some(at(6)));
        backlog.release(None, &mut each);
        assert_eq!(backlog.oldest(), None);
        for (second, text) in (7..).zip([b"e\n", b"f\n", b"g\n", b"h\n"]) {
            backlog.pass(joined(text, at(second)), Some(at(6)), &mut each);
        }
        assert_eq!(out.concat(), "a\nb\nc\nd\ne\nf\ng\nh\n");
        // However little there is in each.
        let (mut backlog, mut passed) = (Backlog::new(1 << 30), 0);
        for _ in 0..MOST + 2 {
            backlog.pass(joined(b"\n", at(7)), Some(at(6)), &mut |_| passed += 1);
        }
        assert_eq!((passed, backlog.len()), (MOST + 1, 1));
    }
}
