//! A handler with its filter, its format and what it does about errors: what
//! Python's `Handler` object is.

use std::time::{Duration, Instant};

use super::dead_letter::DeadLetters;
use super::{EmitError, Fault, Handler};
use crate::batch::{Frames, OwnedFrames};
use crate::diag::{Diag, plain};
use crate::filter::Filter;
use crate::now::Now;
use crate::record::Record;
use crate::sys;
use crate::text::Formatter;
use crate::text::encoding::{Charset, Errors};

/// How long what is due by the clock rests after it failed.
const TICK_PAUSE: Duration = Duration::from_millis(500);

/// What a failed write does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// Nothing more is read until it succeeds.
    #[default]
    Block,
    /// The record is given up, and counted.
    Drop,
    /// On a full disk, the oldest backups are deleted; else as `Block`.
    Prune,
    /// The run ends.
    Exit,
}

/// How a stage turns a record into bytes.
#[derive(Debug, Default)]
pub struct Rendering {
    /// `None`: the record's own bytes as they came.
    pub formatter: Option<Formatter>,
    /// What ends a record; `None` is a newline, and for the record's own bytes
    /// whatever they came with.
    pub terminator: Option<Vec<u8>>,
    /// Another encoding than that of the bytes.
    pub charset: Option<(Charset, Errors)>,
}

impl Rendering {
    fn is_copy(&self) -> bool {
        self.formatter.is_none() && self.terminator.is_none() && self.charset.is_none()
    }
}

/// What became of the records of one stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StageCounts {
    /// Left out by the filter.
    pub filtered: u64,
    /// Given up, for whatever reason.
    pub lost: u64,
}

/// See the [module](self).
pub struct Stage {
    handler: Box<dyn Handler>,
    filter: Filter,
    rendering: Rendering,
    on_error: OnError,
    dead_letters: Option<DeadLetters>,
    diag: Diag,
    /// Rendered records of the batch that is being delivered.
    out: OwnedFrames,
    scratch: Vec<u8>,
    /// Up to here the batch is delivered.
    at: usize,
    trouble: Option<Trouble>,
    /// What is due by the clock failed, and is left alone until then.
    resting: Option<Instant>,
    counts: StageCounts,
    /// Records are handed over one by one, whether or not it looks at them.
    collects: bool,
    end: Option<End>,
    told_unencodable: bool,
    /// Why closing did not make everything safe.
    unsafe_because: Option<String>,
}

/// A fault that has begun and not ended.
#[derive(Debug)]
struct Trouble {
    since: Instant,
    lost: u64,
    told: bool,
}

/// Why a stage delivers nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Its target is gone; others can go on.
    Fatal,
    /// `--on-error exit`: everything ends.
    Exit,
}

impl Stage {
    /// Puts a handler behind a filter and a rendering.
    pub fn new(
        handler: Box<dyn Handler>,
        filter: Filter,
        rendering: Rendering,
        on_error: OnError,
        dead_letters: Option<DeadLetters>,
        diag: Diag,
    ) -> Stage {
        Stage {
            handler,
            filter,
            rendering,
            on_error,
            dead_letters,
            diag,
            out: OwnedFrames::default(),
            scratch: Vec::new(),
            at: 0,
            trouble: None,
            resting: None,
            counts: StageCounts::default(),
            collects: false,
            end: None,
            told_unencodable: false,
            unsafe_because: None,
        }
    }

    /// Whether the stage looks at records one by one. If not, it takes the
    /// source's frames as they are.
    pub fn wants_records(&self) -> bool {
        self.collects || !(self.filter.is_open() && self.rendering.is_copy())
    }

    /// From now on the stage takes records one by one, because they are not
    /// what stands in the source's frames.
    pub fn collect(&mut self) {
        self.collects = true;
    }

    /// Looks whether everything can be opened, and changes nothing.
    ///
    /// # Errors
    /// What can't be opened, and why.
    pub fn check(&self) -> Result<(), String> {
        let mut handlers: Vec<&dyn Handler> = vec![&*self.handler];
        handlers.extend(self.dead_letters.as_ref().map(DeadLetters::handler));
        for handler in handlers {
            handler.check().map_err(|error| {
                let target = handler.target();
                format!("{target}: cannot open for append: {}", plain(&error))
            })?;
        }
        Ok(())
    }

    /// Opens the handler.
    ///
    /// # Errors
    /// What can't be opened, and why.
    pub fn open(&mut self, now: Now) -> Result<(), String> {
        self.handler.open(now).map_err(|error| {
            let target = self.handler.target();
            format!("{target}: cannot open for append: {}", plain(&error))
        })
    }

    /// The handler behind it.
    pub fn handler(&mut self) -> &mut dyn Handler {
        &mut *self.handler
    }

    /// What became of the records so far.
    pub fn counts(&self) -> StageCounts {
        self.counts
    }

    /// Whether, and why, nothing more is delivered here.
    pub fn ended(&self) -> Option<End> {
        self.end
    }

    /// Takes one record of the batch: filters and renders it.
    pub fn push(&mut self, frame: &[u8], record: &Record<'_>, now: Now) {
        if !self.filter.accepts(record) {
            self.counts.filtered += 1;
            return;
        }
        let out = match self.rendering.charset {
            Some(_) => {
                self.scratch.clear();
                &mut self.scratch
            }
            None => self.out.buffer(),
        };
        match (&mut self.rendering.formatter, &self.rendering.terminator) {
            (None, None) => out.extend_from_slice(frame),
            (None, Some(terminator)) => {
                out.extend_from_slice(frame.strip_suffix(b"\n").unwrap_or(frame));
                out.extend_from_slice(terminator);
            }
            (Some(formatter), terminator) => {
                formatter.format(record, out);
                out.extend_from_slice(terminator.as_deref().unwrap_or(b"\n"));
            }
        }
        if let Some((charset, errors)) = self.rendering.charset
            && let Err(reason) = charset.encode(&self.scratch, errors, self.out.buffer())
        {
            self.out.abandon();
            self.lose_unencodable(&reason, now);
            return;
        }
        self.out.finish();
    }

    fn lose_unencodable(&mut self, reason: &str, now: Now) {
        self.counts.lost += 1;
        let target = self.handler.target();
        if !std::mem::replace(&mut self.told_unencodable, true) {
            self.diag.error(format_args!(
                "{target}: cannot encode a record: {reason}; it is left out, as any like it \
                 (--encoding-errors replace keeps them)"
            ));
        }
        if let Some(letters) = &mut self.dead_letters {
            let reason = format!("cannot encode: {reason}");
            let whole = (0, self.scratch.len());
            letters.keep(
                &Frames::listed(&self.scratch, &[whole.1]),
                whole,
                &target,
                &reason,
                now,
            );
        }
    }

    /// Delivers the batch: the records that were pushed, or `raw` where the
    /// stage looks at none. `false`: it is blocked, and has to be called again
    /// with the same batch.
    pub fn deliver(&mut self, raw: &Frames<'_>, now: Now) -> bool {
        let out = std::mem::take(&mut self.out);
        let frames = if self.wants_records() {
            out.frames()
        } else {
            *raw
        };
        let done = self.deliver_frames(&frames, now);
        self.out = out;
        if done {
            self.at = 0;
            self.out.clear();
        }
        done
    }

    fn deliver_frames(&mut self, frames: &Frames<'_>, now: Now) -> bool {
        loop {
            if self.end.is_some() {
                self.counts.lost += frames.count(self.at, frames.len());
                return true;
            }
            let error = match self.handler.emit(frames, self.at, now) {
                Ok(()) => {
                    // Only what was written tells that writing works.
                    if !frames.is_empty() {
                        self.end_trouble(now);
                    }
                    return true;
                }
                Err(error) => error,
            };
            self.at = error.done;
            match (error.fault, self.on_error) {
                (Fault::Fatal, _) => self.stop(End::Fatal, &error, frames, now),
                (Fault::Drop, _) => {
                    let next = frames.next(self.at);
                    self.lose(frames, next, &error, now);
                    self.at = next;
                }
                (Fault::Retry, _) if error.source.kind() == std::io::ErrorKind::WouldBlock => {
                    // A slow reader is no fault: there is nothing to tell.
                    return false;
                }
                (Fault::Retry, OnError::Drop) => {
                    self.begin_trouble(&error, "dropping records until that is over", now);
                    self.handler.abandon();
                    self.lose(frames, frames.len(), &error, now);
                    self.at = 0;
                    return true;
                }
                (Fault::Retry, OnError::Exit) => self.stop(End::Exit, &error, frames, now),
                (Fault::Retry, OnError::Prune)
                    if sys::is_full(&error.source) && self.handler.prune() => {}
                (Fault::Retry, OnError::Block | OnError::Prune) => {
                    self.begin_trouble(&error, "waiting until that is over; nothing is lost", now);
                    return false;
                }
            }
        }
    }

    fn begin_trouble(&mut self, error: &EmitError, what: &str, now: Now) {
        let trouble = self.trouble.get_or_insert(Trouble {
            since: now.mono,
            lost: 0,
            told: false,
        });
        if !std::mem::replace(&mut trouble.told, true) {
            let (target, reason) = (self.handler.target(), plain(&error.source));
            self.diag
                .warn(format_args!("{target}: {}: {reason}; {what}", error.doing));
        }
    }

    fn end_trouble(&mut self, now: Now) {
        if let Some(trouble) = self.trouble.take() {
            let target = self.handler.target();
            let seconds = now
                .mono
                .saturating_duration_since(trouble.since)
                .as_secs_f64();
            match trouble.lost {
                0 => self.diag.warn(format_args!(
                    "{target}: written again after {seconds:.1} s; nothing was lost"
                )),
                lost => self.diag.warn(format_args!(
                    "{target}: written again after {seconds:.1} s; {lost} records were dropped"
                )),
            }
        }
    }

    fn stop(&mut self, end: End, error: &EmitError, frames: &Frames<'_>, now: Now) {
        let (target, reason) = (self.handler.target(), plain(&error.source));
        self.diag
            .error(format_args!("{target}: {}: {reason}", error.doing));
        self.end = Some(end);
        if let Some(letters) = &mut self.dead_letters {
            letters.keep(frames, (self.at, frames.len()), &target, &reason, now);
        }
    }

    /// Counts records up to the record end `to` as lost, and keeps them as
    /// dead letters.
    fn lose(&mut self, frames: &Frames<'_>, to: usize, error: &EmitError, now: Now) {
        let count = frames.count(self.at, to);
        self.counts.lost += count;
        if let Some(trouble) = &mut self.trouble {
            trouble.lost += count;
        }
        if let Some(letters) = &mut self.dead_letters {
            let target = self.handler.target();
            let reason = format!("{}: {}", error.doing, plain(&error.source));
            letters.keep(frames, (self.at, to), &target, &reason, now);
        }
    }

    /// Ends waiting for a blocked handler: what it did not take is lost.
    pub fn give_up(&mut self, raw: &Frames<'_>, now: Now) {
        let out = std::mem::take(&mut self.out);
        let frames = if self.wants_records() {
            out.frames()
        } else {
            *raw
        };
        let error = EmitError::retry(self.at, "given up", std::io::ErrorKind::TimedOut.into());
        self.handler.abandon();
        self.lose(&frames, frames.len(), &error, now);
        self.at = 0;
        self.out = out;
        self.out.clear();
    }

    /// Does what is due by the clock.
    pub fn tick(&mut self, now: Now) {
        if self.deadline(now).is_none_or(|due| due > now.mono) {
            return;
        }
        let failed_before = self.resting.take().is_some();
        match self.handler.tick(now) {
            Ok(()) if failed_before => self.end_trouble(now),
            Ok(()) => {}
            Err(error) => {
                self.resting = Some(now.mono + TICK_PAUSE);
                self.begin_trouble(&error, "trying again", now);
            }
        }
    }

    /// When [`tick`](Self::tick) has to be called at the latest.
    pub fn deadline(&self, now: Now) -> Option<Instant> {
        if self.end.is_some() {
            return None;
        }
        let due = self.handler.deadline(now)?;
        Some(self.resting.map_or(due, |until| due.max(until)))
    }

    /// Closes the handler. `false`: it could not make its last records safe,
    /// and can be tried again.
    pub fn close(&mut self, now: Now, hurry: bool) -> bool {
        let error = match self.handler.close(now, hurry) {
            Ok(()) => {
                // What was dropped before was not written by closing.
                if self
                    .trouble
                    .as_ref()
                    .is_some_and(|trouble| trouble.lost == 0)
                {
                    self.end_trouble(now);
                }
                return true;
            }
            Err(error) => error,
        };
        match (error.fault, self.on_error) {
            (Fault::Retry, OnError::Block | OnError::Prune) => {
                self.begin_trouble(&error, "trying again", now);
                self.unsafe_because = Some(format!("{}: {}", error.doing, plain(&error.source)));
                false
            }
            _ => {
                self.unsafe_because = Some(format!("{}: {}", error.doing, plain(&error.source)));
                self.doubt();
                true
            }
        }
    }

    /// Ends with records of which it is not known whether they are safe.
    pub fn doubt(&mut self) {
        let target = self.handler.target();
        let what = self.handler.doubtful();
        let what = what.as_deref().unwrap_or("its last records");
        let reason = self.unsafe_because.take().unwrap_or_default();
        self.diag
            .error(format_args!("{target}: {what} are in doubt: {reason}"));
        self.end.get_or_insert(End::Fatal);
    }
}
