//! The record that is held, and what becomes of it when it grows too long.

use std::time::Instant;

use super::Joined;
use super::text::{Line, Text};
use crate::now::Timestamp;
use crate::wire::framing::{Oversize, OversizeCounts};

/// How long records may be, and how many were longer.
#[derive(Debug)]
pub(super) struct Limits {
    /// In bytes, without the last newline.
    pub record: usize,
    oversize: Oversize,
    pub counts: OversizeCounts,
    /// Lines that became part of the record before.
    pub joined: u64,
}

impl Limits {
    pub fn new(record: usize, oversize: Oversize) -> Limits {
        Limits {
            record,
            oversize,
            counts: OversizeCounts::default(),
            joined: 0,
        }
    }

    fn count(&mut self) {
        match self.oversize {
            Oversize::Split => self.counts.split += 1,
            Oversize::Truncate => self.counts.truncated += 1,
            Oversize::Drop => self.counts.dropped += 1,
        }
    }
}

/// See the [module](self).
#[derive(Debug, Default)]
pub(super) struct Record {
    start: usize,
    end: usize,
    received: Timestamp,
    since: Option<Instant>,
    /// There is one, though all its bytes may be handed out already, or
    /// thrown away.
    begun: bool,
    /// There is a trace in it.
    pub trace: bool,
    /// What is held continues what was handed out.
    continued: bool,
    /// It was too long, and has been counted by whoever found that.
    counted: bool,
    /// The rest of it is thrown away.
    skipping: bool,
}

impl Record {
    pub fn is_begun(&self) -> bool {
        self.begun
    }

    /// Whether no byte of it is held.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Where the bytes begin that are held, if there are any.
    pub fn start(&self) -> Option<usize> {
        (!self.is_empty()).then_some(self.start)
    }

    /// When the first of those was read.
    pub fn since(&self) -> Option<Instant> {
        self.since.filter(|_| !self.is_empty())
    }

    fn start_at(&mut self, line: Line) {
        self.start = line.start;
        (self.received, self.since) = (line.received, Some(line.since));
    }

    /// Its one line, where it is a whole one and no trace. Without a trace, a
    /// record has one line under `--join trace`.
    pub fn single_line(&self) -> Option<(usize, usize)> {
        let whole = !self.is_empty() && !self.trace && !self.continued;
        whole.then_some((self.start, self.end))
    }

    /// Counts offsets from another byte.
    pub fn rebase(&mut self, from: usize) {
        self.start = self.start.saturating_sub(from);
        self.end = self.end.saturating_sub(from);
    }

    /// Begins with a line, after the one before was released.
    pub fn begin(&mut self, line: Line) {
        *self = Record {
            start: line.start,
            end: line.end,
            received: line.received,
            since: Some(line.since),
            begun: true,
            ..Record::default()
        };
    }

    /// Takes one more line, the next one.
    pub fn extend(
        &mut self,
        line: Line,
        limits: &mut Limits,
        text: &mut Text<'_>,
        each: &mut impl FnMut(Joined<'_>),
    ) {
        limits.joined += 1;
        self.append(line, limits, text, each);
    }

    /// Takes what continues the line before, or what is left of it.
    pub fn glue(
        &mut self,
        part: Line,
        limits: &mut Limits,
        text: &mut Text<'_>,
        each: &mut impl FnMut(Joined<'_>),
    ) {
        // Whoever cut the line has counted it.
        self.counted = true;
        if self.begun {
            self.append(part, limits, text, each);
        } else {
            self.begin(part);
            (self.continued, self.counted) = (true, true);
        }
    }

    fn append(
        &mut self,
        line: Line,
        limits: &mut Limits,
        text: &mut Text<'_>,
        each: &mut impl FnMut(Joined<'_>),
    ) {
        if self.skipping {
            return;
        }
        if self.is_empty() {
            self.start_at(line);
        }
        // Without the newline, if it has one: it does not count.
        let length = line.end - self.start;
        let ended = length > limits.record && text.get(line.start, line.end).ends_with(b"\n");
        if length - usize::from(ended) > limits.record && self.start < line.start {
            if !std::mem::replace(&mut self.counted, true) {
                limits.count();
            }
            match limits.oversize {
                Oversize::Split => {
                    self.hand_out(true, text, each);
                    self.continued = true;
                    self.start_at(line);
                }
                Oversize::Truncate => self.hand_out(self.continued, text, each),
                Oversize::Drop => {}
            }
            if limits.oversize != Oversize::Split {
                self.skipping = true;
                (self.start, self.end) = (0, 0);
                return;
            }
        }
        self.end = line.end;
    }

    /// Hands out what is held, and forgets the record.
    pub fn release(&mut self, text: &mut Text<'_>, each: &mut impl FnMut(Joined<'_>)) {
        if !self.is_empty() {
            self.hand_out(self.continued, text, each);
        }
        *self = Record::default();
    }

    fn hand_out(&self, piece: bool, text: &mut Text<'_>, each: &mut impl FnMut(Joined<'_>)) {
        let bytes = text.get(self.start, self.end);
        each(Joined {
            bytes,
            received: self.received,
            since: self.since,
            piece: piece || !bytes.ends_with(b"\n"),
            continues: self.continued,
            trace: self.trace,
        });
    }
}
