//! The bytes of a batch, behind those that the batches before have left.

use std::time::Instant;

use crate::now::Timestamp;

/// Where a line is. Offsets count from the first byte that was carried over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub start: usize,
    /// Behind its newline.
    pub end: usize,
    pub received: Timestamp,
    pub since: Instant,
}

impl Line {
    /// Counts from another byte.
    pub fn rebase(&mut self, from: usize) {
        self.start -= from;
        self.end -= from;
    }
}

/// Two pieces of text that are read as one.
#[derive(Debug)]
pub(super) struct Text<'a> {
    /// Begins with what was carried over; may hold a copy of the first bytes
    /// of the batch as well, for a slice that reaches from one into the other.
    carry: Vec<u8>,
    carried: usize,
    batch: &'a [u8],
}

impl<'a> Text<'a> {
    pub fn new(carry: Vec<u8>, batch: &'a [u8]) -> Text<'a> {
        Text {
            carried: carry.len(),
            carry,
            batch,
        }
    }

    /// How many bytes were carried over.
    pub fn carried(&self) -> usize {
        self.carried
    }

    pub fn len(&self) -> usize {
        self.carried + self.batch.len()
    }

    /// The bytes from `start` to `end`. Copied are those of a batch only that
    /// continue what was carried over.
    pub fn get(&mut self, start: usize, end: usize) -> &[u8] {
        if start >= self.carried {
            return &self.batch[start - self.carried..end - self.carried];
        }
        let have = self.carry.len();
        if end > have {
            let more = &self.batch[have - self.carried..end - self.carried];
            self.carry.extend_from_slice(more);
        }
        &self.carry[start..end]
    }

    /// What is carried over to the next batch: everything behind `from`.
    pub fn keep(self, from: usize) -> Vec<u8> {
        let mut carry = self.carry;
        if from >= self.carried {
            carry.clear();
            carry.extend_from_slice(&self.batch[from - self.carried..]);
        } else {
            carry.truncate(self.carried);
            carry.drain(..from);
            carry.extend_from_slice(self.batch);
        }
        carry
    }
}

/// A line without its line end.
pub(super) fn content(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}
