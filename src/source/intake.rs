//! One stream of bytes on its way to records: cut into lines, and decoded.

use crate::batch::Frames;
use crate::diag::Diag;
use crate::figures::InputFigures;
use crate::now::Now;
use crate::record::{Defaults, Record};
use crate::source::decode::{Decoder, InputFormat, Unit};
use crate::wire::framing::{LineBuffer, Oversize};

/// How a stream is read.
#[derive(Clone, Debug)]
pub struct IntakeOptions {
    /// How lines are read (`--input`).
    pub format: InputFormat,
    /// What records get that do not say it themselves.
    pub defaults: Defaults,
    /// Longest record in bytes, without its newline (`--max-record`).
    pub max_record: usize,
    /// What becomes of a longer one.
    pub oversize: Oversize,
}

/// See the [module](self).
#[derive(Debug)]
pub struct Intake {
    lines: LineBuffer,
    decoder: Decoder,
    bytes: u64,
    records: u64,
}

impl Intake {
    /// For a stream of that name.
    pub fn new(options: IntakeOptions, name: &'static str, diag: Diag) -> Intake {
        Intake {
            lines: LineBuffer::new(options.max_record, options.oversize),
            decoder: Decoder::new(options.format, options.defaults, name, diag),
            bytes: 0,
            records: 0,
        }
    }

    /// Room to read into; never empty.
    pub fn space(&mut self) -> &mut [u8] {
        self.lines.space()
    }

    /// Says how many bytes were read into [`space`](Self::space).
    pub fn fill(&mut self, count: usize) {
        self.bytes += count as u64;
        self.lines.fill(count);
    }

    /// What was read last, as it came, where [`cut`](Self::cut) may change it.
    pub fn original(&self, count: usize) -> Option<Vec<u8>> {
        let rewritten = self.lines.rewrites();
        rewritten.then(|| self.lines.last(count).to_vec())
    }

    /// The bytes that the last `count` filled.
    pub fn last(&self, count: usize) -> &[u8] {
        self.lines.last(count)
    }

    /// Finds the whole lines; at the end of the input, a line without a
    /// newline is ended and counts.
    pub fn cut(&mut self, at_end: bool) {
        self.lines.cut(at_end);
    }

    /// The lines that were found, as they came.
    pub fn frames(&self) -> Frames<'_> {
        self.lines.frames()
    }

    /// Whether every line has to be looked at, even where no handler asks.
    pub fn wants_lines(&self) -> bool {
        self.decoder.wants_lines()
    }

    /// Calls `each` with every line that was found and its record.
    pub fn decode(&mut self, now: Now, each: impl FnMut(&[u8], &Record<'_>)) {
        let frames = self.lines.frames();
        self.decoder.decode(frames.iter(), now.wall, each);
    }

    /// Calls `each` with a record of its own, whose message is all of `text`.
    pub fn one(&mut self, text: &[u8], now: Now, each: impl FnOnce(&[u8], &Record<'_>)) {
        let unit = Unit {
            bytes: text,
            received: now.wall,
            piece: false,
            trace: false,
        };
        self.decoder.decode_one(unit, each);
    }

    /// Forgets the lines that were found.
    pub fn consume(&mut self) {
        self.lines.consume();
    }

    /// Counts the lines that were found as records. Costs a pass over them.
    pub fn count_frames(&mut self) {
        let frames = self.lines.frames();
        self.records += frames.count(0, frames.len());
    }

    /// What was read so far.
    pub fn figures(&self) -> InputFigures {
        let oversized = self.lines.oversized();
        InputFigures {
            records: self.records,
            bytes: self.bytes,
            malformed: self.decoder.malformed(),
            split: oversized.split,
            truncated: oversized.truncated,
            dropped: oversized.dropped,
            ..InputFigures::default()
        }
    }
}
