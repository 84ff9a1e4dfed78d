//! Lines that come in pieces, because they are longer than the longest record.
//!
//! Their pieces have no newline, so that together they are the line. What comes
//! between two of them, from another stream, must not be taken for their rest;
//! and all of them pass a filter, or none.

use std::collections::HashSet;

use crate::batch::Frames;
use crate::record::LinePart;

/// What a stage knows of the lines that are not at their end.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    /// Whose line stands unended behind all that was written.
    open: Option<u32>,
    /// The streams whose last record did not pass the filter, a bit for each.
    left_out: u64,
    /// The same of streams of which there may be any number, for as long as their
    /// line goes on.
    left_out_of_many: HashSet<u32>,
}

impl Pieces {
    /// Whether a record passes, which `judge` says of one that begins something.
    #[inline]
    pub fn pass(&mut self, part: LinePart, judge: impl FnOnce() -> bool) -> bool {
        if part.stream >= LinePart::MANY {
            return self.passes_of_many(part, judge);
        }
        let place = part.stream;
        if part.continues {
            return self.left_out >> place & 1 == 0;
        }
        let passes = judge();
        self.left_out = self.left_out & !(1 << place) | u64::from(!passes) << place;
        passes
    }

    fn passes_of_many(&mut self, part: LinePart, judge: impl FnOnce() -> bool) -> bool {
        let LinePart {
            stream,
            continues,
            more,
        } = part;
        // One that has ended in the middle of a line may leave its verdict behind.
        let passes = match continues {
            true if more => return !self.left_out_of_many.contains(&stream),
            true => return !self.left_out_of_many.remove(&stream),
            false => judge(),
        };
        match more && !passes {
            true => self.left_out_of_many.insert(stream),
            false => more && self.left_out_of_many.remove(&stream),
        };
        passes
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
        open.is_some_and(|stream| stream != u32::from(frames.stream()))
    }

    /// Notes what is written, of which stream.
    pub fn note(&mut self, stream: u32, bytes: &[u8]) {
        if let Some(last) = bytes.last() {
            self.open = (*last != b'\n').then_some(stream);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of as many senders as there may be.
    #[test]
    fn the_verdict_of_a_line_lasts_as_long_as_it_goes_on() {
        let mut pieces = Pieces::default();
        let mut passes = |stream: u32, continues, more, judged: bool| {
            let part = LinePart {
                stream: LinePart::MANY + stream,
                continues,
                more,
            };
            pieces.pass(part, || judged)
        };
        assert!(!passes(1, false, true, false) && passes(65, false, true, true));
        assert!(!passes(1, true, true, true) && passes(65, true, true, false));
        assert!(passes(2, false, false, true) && !passes(3, false, false, false));
        assert!(!passes(1, true, false, true) && passes(65, true, false, false));
        // It ends in the middle of its line, and another one has its number.
        assert!(!passes(4, false, true, false));
        assert!(passes(4, false, true, true) && passes(4, true, false, false));
        assert!(pieces.left_out_of_many.is_empty());
    }
}
