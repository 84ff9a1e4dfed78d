//! Lines that continue the record before them (`--join`).
//!
//! A [`Joiner`] stands between the cutting of lines and the making of
//! records. Each record is held until the next one begins, its time is over,
//! or the input ends. What the records are depends on the lines alone, not on
//! how they came in batches; only the time-out can part what belongs together.
//!
//! As long as a record stands in the batch, it is handed out as a slice of
//! it. Copied is only what has to outlive the batch: its last record, and
//! behind it a few lines of which it is not yet known where they belong.

mod record;
mod text;
mod trace;

use std::collections::VecDeque;
use std::slice;
use std::time::{Duration, Instant};

use memchr::memmem;
use regex::bytes::Regex;

use crate::batch::Frames;
use crate::clean::mask::foreign::any_matches;
use crate::level::Level;
use crate::now::{Now, Timestamp};
use crate::text::detect;
use crate::wire::framing::{Oversize, OversizeCounts};
use record::{Limits, Record};
use text::{Line, Text};
use trace::{Before, Begin, Step, Trace};

/// Which lines continue the record before.
#[derive(Clone, Debug)]
pub enum Join {
    /// Those that begin with a space or a tab. An empty line does not.
    Indent,
    /// Those of a stack trace: of Python, Java, Go, Rust, Node or .NET. The
    /// traces of two threads that write at once are not told apart.
    Trace,
    /// Those that match, without their line end.
    Matching(Regex),
}

/// A record of one or several lines.
#[derive(Clone, Copy, Debug)]
pub struct Joined<'a> {
    /// Its lines as they came, each with its newline.
    pub bytes: &'a [u8],
    /// When the first of them was read.
    pub received: Timestamp,
    /// The same by the clock that only goes on, which tells the order of streams.
    pub since: Option<Instant>,
    /// It is a part of a longer record, or of a longer line, that was split.
    pub piece: bool,
    /// It goes on with what was handed out before.
    pub continues: bool,
    /// There is a stack trace in it. Only with [`Join::Trace`].
    pub trace: bool,
}

/// Lines that may belong to a trace, of which it is not yet known.
const MOST_HELD: usize = 64;

/// Puts lines together. See the [module](self).
///
/// Its memory is bounded by two records of the greatest length and one batch.
#[derive(Debug)]
pub struct Joiner {
    join: Join,
    limits: Limits,
    timeout: Duration,
    /// What the batches before have left: the record, and the lines held.
    carry: Vec<u8>,
    record: Record,
    /// The trace that is being read, or what may become one.
    trace: Option<Trace>,
    /// The trace is one for sure, and in the record.
    sure: bool,
    /// Lines behind the record that may belong to the trace.
    held: Vec<Line>,
    /// Lines that were held in vain, and are looked at anew.
    again: VecDeque<Line>,
    /// The last frame was no whole line.
    unended: bool,
    /// When the last line came.
    last: Option<Instant>,
}

impl Joiner {
    /// For records of at most `limit` bytes without their last newline
    /// (`--max-record`); `oversize` is what becomes of longer ones, and
    /// `timeout` how long one is held for the next line (`--join-timeout`).
    ///
    /// A single line is never cut: that is up to whoever cuts the lines.
    pub fn new(join: Join, limit: usize, oversize: Oversize, timeout: Duration) -> Joiner {
        Joiner {
            join,
            limits: Limits::new(limit, oversize),
            timeout,
            carry: Vec::new(),
            record: Record::default(),
            trace: None,
            sure: false,
            held: Vec::new(),
            again: VecDeque::new(),
            unended: false,
            last: None,
        }
    }

    /// Takes lines, and calls `each` with every record that is complete.
    ///
    /// A frame without a newline is a part of a line that was too long, and
    /// the next frame continues it.
    pub fn feed(&mut self, frames: &Frames<'_>, now: Now, mut each: impl FnMut(Joined<'_>)) {
        if frames.is_empty() {
            return;
        }
        let mut text = Text::new(std::mem::take(&mut self.carry), frames.bytes());
        let mut at = text.carried();
        for frame in frames.iter() {
            let line = Line {
                start: at,
                end: at + frame.len(),
                received: now.wall,
                since: now.mono,
            };
            at = line.end;
            let ended = frame.last() == Some(&b'\n');
            if std::mem::replace(&mut self.unended, !ended) {
                self.record
                    .glue(line, &mut self.limits, &mut text, &mut each);
                continue;
            }
            let continues = match &self.join {
                Join::Trace => {
                    self.read(line, &mut text, &mut each);
                    continue;
                }
                Join::Indent => matches!(frame[0], b' ' | b'\t'),
                Join::Matching(pattern) => {
                    any_matches(slice::from_ref(pattern), text::content(frame))
                }
            };
            if continues && self.record.is_begun() {
                self.record
                    .extend(line, &mut self.limits, &mut text, &mut each);
            } else {
                self.record.release(&mut text, &mut each);
                self.record.begin(line);
            }
        }
        self.last = Some(now.mono);
        self.keep(text);
    }

    /// When the first line of what is held was read.
    pub fn oldest(&self) -> Option<Instant> {
        let held = self.held.first().map(|line| line.since);
        self.record.since().or(held)
    }

    /// When [`tick`](Self::tick) has to be called at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        let waits = !self.record.is_empty() || !self.held.is_empty();
        self.last
            .filter(|_| waits)
            .and_then(|last| last.checked_add(self.timeout))
    }

    /// Hands out what is held, if no line came for so long. What comes after
    /// that is another record.
    pub fn tick(&mut self, now: Now, each: impl FnMut(Joined<'_>)) {
        if self.deadline().is_some_and(|due| due <= now.mono) {
            self.finish(each);
        }
    }

    /// Hands out everything that is held: the end of the input.
    pub fn finish(&mut self, mut each: impl FnMut(Joined<'_>)) {
        let mut text = Text::new(std::mem::take(&mut self.carry), &[]);
        while self.trace.is_some() {
            self.give_up(&mut text, &mut each);
            self.read_again(&mut text, &mut each);
        }
        self.record.release(&mut text, &mut each);
        self.keep(text);
    }

    /// How many lines became part of the record before.
    pub fn joined(&self) -> u64 {
        self.limits.joined
    }

    /// How many records became too long by joining. A line that was too long
    /// by itself is not among them.
    pub fn oversized(&self) -> OversizeCounts {
        self.limits.counts
    }

    /// Keeps of the batch what is still needed.
    fn keep(&mut self, text: Text<'_>) {
        let from = match self.record.start() {
            Some(start) => start,
            None => self.held.first().map_or(text.len(), |line| line.start),
        };
        self.carry = text.keep(from);
        self.record.rebase(from);
        for line in &mut self.held {
            line.rebase(from);
        }
    }

    /// Looks at a line for traces.
    fn read(&mut self, line: Line, text: &mut Text<'_>, each: &mut impl FnMut(Joined<'_>)) {
        if self.trace.is_some() {
            self.again.push_back(line);
            self.read_again(text, each);
        } else {
            self.read_first(line, text, each);
        }
    }

    fn read_again(&mut self, text: &mut Text<'_>, each: &mut impl FnMut(Joined<'_>)) {
        while let Some(line) = self.again.pop_front() {
            let Some(trace) = &mut self.trace else {
                self.read_first(line, text, each);
                continue;
            };
            let bytes = text.get(line.start, line.end);
            let step = match trace.step(text::content(bytes)) {
                Step::Hold if !may_hold(&self.held, line, bytes, self.limits.record) => Step::End,
                step => step,
            };
            match step {
                Step::Take => {
                    self.confirm(text, each);
                    self.record.extend(line, &mut self.limits, text, each);
                }
                Step::Hold => self.held.push(line),
                Step::End => {
                    self.again.push_front(line);
                    self.give_up(text, each);
                }
            }
        }
    }

    /// Looks at a line that belongs to no trace before it.
    fn read_first(&mut self, line: Line, text: &mut Text<'_>, each: &mut impl FnMut(Joined<'_>)) {
        let bytes = text.get(line.start, line.end);
        match trace::begin(text::content(bytes)) {
            Some(Begin::Maybe(trace)) if may_hold(&self.held, line, bytes, self.limits.record) => {
                self.trace = Some(trace);
                self.sure = false;
                self.held.push(line);
            }
            Some(Begin::Sure(trace, before)) => {
                self.trace = Some(trace);
                self.sure = true;
                if self.continues(before, text) {
                    self.record.extend(line, &mut self.limits, text, each);
                } else {
                    self.record.release(text, each);
                    self.record.begin(line);
                }
                self.record.trace = true;
            }
            _ => {
                self.record.release(text, each);
                self.record.begin(line);
            }
        }
    }

    /// The lines held belong to the trace.
    fn confirm(&mut self, text: &mut Text<'_>, each: &mut impl FnMut(Joined<'_>)) {
        let mut lines = self.held.drain(..);
        if !self.sure {
            self.sure = true;
            if !possible_head(&self.record, text).is_some_and(says_warning)
                && let Some(first) = lines.next()
            {
                self.record.release(text, each);
                self.record.begin(first);
            }
            self.record.trace = true;
        }
        for line in lines {
            self.record.extend(line, &mut self.limits, text, each);
        }
    }

    /// The lines held don't belong to the trace, which is over. If it was none
    /// at all, its first line is a record of its own.
    fn give_up(&mut self, text: &mut Text<'_>, each: &mut impl FnMut(Joined<'_>)) {
        self.trace = None;
        while let Some(line) = self.held.pop() {
            self.again.push_front(line);
        }
        if !self.sure
            && let Some(first) = self.again.pop_front()
        {
            self.record.release(text, each);
            self.record.begin(first);
        }
    }

    /// Whether a trace continues the record before it.
    fn continues(&self, before: Before, text: &mut Text<'_>) -> bool {
        let Some(line) = possible_head(&self.record, text) else {
            return false;
        };
        match before {
            Before::Nothing => false,
            Before::Warning => says_warning(line),
            Before::Anything => !line.is_empty(),
            Before::Panic => memmem::find(line, b"panic").is_some() || says_warning(line),
        }
    }
}

/// The record, if it is a line that a trace may continue. A JSON object is
/// complete in itself, and would be none any more.
fn possible_head<'t>(record: &Record, text: &'t mut Text<'_>) -> Option<&'t [u8]> {
    let (start, end) = record.single_line()?;
    let line = text::content(text.get(start, end));
    (!line.starts_with(b"{")).then_some(line)
}

/// Whether a line of a log says a level of WARNING or more.
fn says_warning(line: &[u8]) -> bool {
    detect::level(line).is_some_and(|level| level >= Level::WARNING)
}

/// Whether one more line may be held. A part of a line is none.
fn may_hold(held: &[Line], line: Line, bytes: &[u8], limit: usize) -> bool {
    let from = held.first().map_or(line.start, |first| first.start);
    bytes.last() == Some(&b'\n') && held.len() < MOST_HELD && line.end - from <= limit
}

#[cfg(test)]
mod tests;
