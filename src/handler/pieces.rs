//! Lines that come in pieces, because they are longer than the longest record.
//!
//! Their pieces have no newline, so that together they are the line. What comes
//! between two of them, from another stream, must not be taken for their rest;
//! and all of them pass a filter, or none.

use crate::batch::Frames;
use crate::record::LinePart;

/// What a stage knows of the lines that are not at their end.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    /// Whose line stands unended behind all that was written.
    open: Option<u8>,
    /// The streams whose last record did not pass the filter, a bit for each.
    left_out: u64,
}

impl Pieces {
    /// Whether a record passes, which `judge` says of one that begins something.
    pub fn pass(&mut self, part: LinePart, judge: impl FnOnce() -> bool) -> bool {
        let bit = 1 << (part.stream & 63);
        if !part.continues {
            match judge() {
                true => self.left_out &= !bit,
                false => self.left_out |= bit,
            }
        }
        self.left_out & bit == 0
    }

    /// Whether a line has to be ended before this record, which is none of its
    /// pieces.
    pub fn are_cut_off_by(&self, part: LinePart) -> bool {
        self.open
            .is_some_and(|stream| stream != part.stream || !part.continues)
    }

    /// The same of a batch in which nothing was left out of a stream.
    pub fn are_cut_off_by_all(&self, frames: &Frames<'_>) -> bool {
        let open = self.open.filter(|_| !frames.is_empty());
        open.is_some_and(|stream| stream != frames.stream())
    }

    /// Notes what is written, of which stream.
    pub fn note(&mut self, stream: u8, bytes: &[u8]) {
        if let Some(last) = bytes.last() {
            self.open = (*last != b'\n').then_some(stream);
        }
    }
}
