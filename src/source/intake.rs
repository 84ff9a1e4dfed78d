//! One stream of bytes on its way to records: cut into lines, cleaned, joined,
//! and decoded.
//!
//! Each step is left out where it is not asked for. Without any of them the
//! lines are handed on as they stand in the read buffer, and are decoded only
//! where a handler wants to see records.

use std::time::{Duration, Instant};

use crate::batch::Frames;
use crate::clean::{AnsiStripper, Dedup, Mask, Masker};
use crate::diag::Diag;
use crate::figures::InputFigures;
use crate::join::{Join, Joined, Joiner};
use crate::now::Now;
use crate::record::{Defaults, Record};
use crate::source::backlog::Backlog;
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
    /// Take escape sequences out (`--strip-ansi`).
    pub strip_ansi: bool,
    /// Which lines continue a record, and how long it is held back for them
    /// (`--join`, `--join-timeout`).
    pub join: Option<(Join, Duration)>,
    /// What is replaced (`--mask`).
    pub masks: Vec<Mask>,
    /// Sum repeats up, after so long at the latest (`--dedup`).
    pub dedup: Option<Duration>,
    /// Which of the streams that are read at once it is.
    pub stream: u8,
}

/// A stream's way to records.
#[derive(Debug)]
pub struct Intake {
    lines: LineBuffer,
    stripper: Option<AnsiStripper>,
    joiner: Option<Joiner>,
    /// What the joiner has handed out and has to wait.
    backlog: Backlog,
    last: LastSteps,
    stream: u8,
    bytes: u64,
    records: u64,
}

/// What is done with the bytes of one record.
#[derive(Debug)]
struct LastSteps {
    masker: Option<Masker>,
    decoder: Decoder,
    dedup: Option<Dedup>,
}

/// Who takes records: the bytes of each, and what they say.
pub type Sink<'a> = dyn FnMut(&[u8], &Record<'_>) + 'a;

impl LastSteps {
    fn take(&mut self, unit: Unit<'_>, now: Now, each: &mut Sink<'_>) {
        let bytes = match &mut self.masker {
            Some(masker) => masker.mask(unit.bytes),
            None => unit.bytes,
        };
        let dedup = &mut self.dedup;
        self.decoder
            .decode_one(Unit { bytes, ..unit }, |frame, record| match dedup {
                Some(dedup) => dedup.feed(frame, record, unit.piece, now, each),
                None => each(frame, record),
            });
    }
}

impl<'a> From<Joined<'a>> for Unit<'a> {
    fn from(joined: Joined<'a>) -> Unit<'a> {
        Unit {
            bytes: joined.bytes,
            unmasked: joined.bytes,
            received: joined.received,
            piece: joined.piece,
            continues: joined.continues,
            trace: joined.trace,
        }
    }
}

impl Intake {
    /// For a stream of that name.
    pub fn new(options: IntakeOptions, name: &'static str, diag: Diag) -> Intake {
        let (limit, oversize) = (options.max_record, options.oversize);
        let json = options.format != InputFormat::Lines;
        let masked = !options.masks.is_empty();
        Intake {
            lines: LineBuffer::new(limit, oversize),
            stripper: options.strip_ansi.then(|| AnsiStripper::new(json)),
            joiner: options
                .join
                .map(|(join, timeout)| Joiner::new(join, limit, oversize, timeout)),
            backlog: Backlog::new(limit),
            last: LastSteps {
                masker: masked.then(|| Masker::new(options.masks, json)),
                decoder: Decoder::new(options.format, options.defaults, name, diag)
                    .for_stream(options.stream),
                dedup: options.dedup.map(Dedup::new),
            },
            stream: options.stream,
            bytes: 0,
            records: 0,
        }
    }

    /// Whether records are the lines as they came.
    pub fn is_plain(&self) -> bool {
        self.stripper.is_none()
            && self.joiner.is_none()
            && self.last.masker.is_none()
            && self.last.dedup.is_none()
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
        self.lines.frames().of_stream(self.stream)
    }

    /// Whether every line has to be looked at, even where no handler asks.
    pub fn wants_lines(&self) -> bool {
        self.last.decoder.wants_lines()
    }

    /// Calls `each` with every line that was found and its record, for an
    /// intake that is [plain](Self::is_plain).
    pub fn decode(&mut self, now: Now, each: impl FnMut(&[u8], &Record<'_>)) {
        let frames = self.lines.frames();
        self.last.decoder.decode(frames.iter(), now.wall, each);
    }

    /// When the first line was read of what is held back, because it may go on or
    /// because something else may.
    pub fn oldest(&self) -> Option<Instant> {
        let waiting = self.backlog.oldest();
        waiting.or_else(|| self.joiner.as_ref().and_then(Joiner::oldest))
    }

    /// How many records wait for others.
    pub fn waiting(&self) -> usize {
        self.backlog.len()
    }

    /// Takes the lines that were found, and calls `each` with every record
    /// that is complete. One that began after `before` waits until it is
    /// [released](Self::release).
    pub fn records(&mut self, before: Option<Instant>, now: Now, each: &mut Sink<'_>) {
        let Intake {
            lines,
            stripper,
            joiner,
            backlog,
            last,
            ..
        } = self;
        let frames = lines.frames();
        let frames = match stripper {
            Some(stripper) => stripper.strip(frames),
            None => frames,
        };
        match joiner {
            Some(joiner) => {
                let mut take = |joined: Joined<'_>| last.take(joined.into(), now, each);
                joiner.feed(&frames, now, |joined| {
                    backlog.pass(joined, before, &mut take)
                });
            }
            None => {
                for frame in frames.iter() {
                    let unit = last.decoder.unit(frame, now.wall);
                    last.take(unit, now, each);
                }
            }
        }
    }

    /// Calls `each` with a record of its own, whose message is all of `text`.
    pub fn one(&mut self, text: &[u8], now: Now, each: &mut Sink<'_>) {
        let ends = [text.len()];
        let frames = Frames::listed(text, &ends);
        let frames = match &mut self.stripper {
            Some(stripper) => stripper.strip(frames),
            None => frames,
        };
        let unit = Unit {
            bytes: frames.bytes(),
            unmasked: frames.bytes(),
            received: now.wall,
            piece: false,
            continues: false,
            trace: false,
        };
        self.last.take(unit, now, each);
    }

    /// When [`tick`](Self::tick) has to be called at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        let join = self.joiner.as_ref().and_then(Joiner::deadline);
        let dedup = self.last.dedup.as_ref().and_then(Dedup::deadline);
        join.into_iter().chain(dedup).min()
    }

    /// Calls `each` with the records whose time has come. Those that are held for
    /// the next line are not given up unless it was `quiet` until now: a line
    /// that is there and was not read has come in time.
    pub fn tick(&mut self, quiet: bool, before: Option<Instant>, now: Now, each: &mut Sink<'_>) {
        let (backlog, last) = (&mut self.backlog, &mut self.last);
        if let Some(joiner) = self.joiner.as_mut().filter(|_| quiet) {
            let mut take = |joined: Joined<'_>| last.take(joined.into(), now, each);
            joiner.tick(now, |joined| backlog.pass(joined, before, &mut take));
        }
        if let Some(dedup) = &mut last.dedup {
            dedup.tick(now, each);
        }
    }

    /// Nothing more of the stream comes: what may have gone on is complete.
    pub fn complete(&mut self, before: Option<Instant>, now: Now, each: &mut Sink<'_>) {
        let (backlog, last) = (&mut self.backlog, &mut self.last);
        if let Some(joiner) = &mut self.joiner {
            let mut take = |joined: Joined<'_>| last.take(joined.into(), now, each);
            joiner.finish(|joined| backlog.pass(joined, before, &mut take));
        }
    }

    /// Calls `each` with what has waited and began no later than `before`.
    pub fn release(&mut self, before: Option<Instant>, now: Now, each: &mut Sink<'_>) {
        let last = &mut self.last;
        let mut take = |joined: Joined<'_>| last.take(joined.into(), now, each);
        self.backlog.release(before, &mut take);
    }

    /// Calls `each` with what was held back, at the end of the input.
    pub fn finish(&mut self, now: Now, each: &mut Sink<'_>) {
        self.complete(None, now, each);
        self.release(None, now, each);
        if let Some(dedup) = &mut self.last.dedup {
            dedup.finish(now, each);
        }
    }

    /// Forgets the lines that were found.
    pub fn consume(&mut self) {
        self.lines.consume();
    }

    /// Counts records that were made of this stream.
    pub fn count(&mut self, records: u64) {
        self.records += records;
    }

    /// Counts the lines that were found as records. Costs a pass over them.
    pub fn count_frames(&mut self) {
        let frames = self.lines.frames();
        self.records += frames.count(0, frames.len());
    }

    /// What was read so far.
    pub fn figures(&self) -> InputFigures {
        let lines = self.lines.oversized();
        let joined = self.joiner.as_ref();
        let records = joined.map(Joiner::oversized).unwrap_or_default();
        InputFigures {
            // What it says itself was not read.
            records: self.last.dedup.as_ref().map_or(self.records, Dedup::taken),
            bytes: self.bytes,
            malformed: self.last.decoder.malformed(),
            split: lines.split + records.split,
            truncated: lines.truncated + records.truncated,
            dropped: lines.dropped + records.dropped,
            joined: joined.map_or(0, Joiner::joined),
            masked: self.last.masker.as_ref().map_or(0, Masker::masked),
            repeats: self.last.dedup.as_ref().map_or(0, Dedup::repeats),
            ..InputFigures::default()
        }
    }
}
