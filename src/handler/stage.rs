//! A handler with its filter, its format and what it does about errors: what
//! Python's `Handler` object is.

use std::time::Instant;

use super::Handler;
use super::dead_letter::DeadLetters;
use super::delivery::Delivery;
use crate::batch::{Frames, OwnedFrames};
use crate::diag::Diag;
use crate::filter::Filter;
use crate::now::Now;
use crate::record::Record;
use crate::text::Formatter;
use crate::text::encoding::{Charset, Errors};

pub use super::delivery::{End, OnError};

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

/// See the [module](self).
pub struct Stage {
    filter: Filter,
    rendering: Rendering,
    diag: Diag,
    /// Rendered records of the batch that is being delivered.
    out: OwnedFrames,
    scratch: Vec<u8>,
    /// Records are handed over one by one, whether or not it looks at them.
    collects: bool,
    told_unencodable: bool,
    delivery: Delivery,
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
            filter,
            rendering,
            diag: diag.clone(),
            out: OwnedFrames::default(),
            scratch: Vec::new(),
            collects: false,
            told_unencodable: false,
            delivery: Delivery::new(handler, on_error, dead_letters, diag),
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
        self.delivery.check()
    }

    /// Opens the handler.
    ///
    /// # Errors
    /// What can't be opened, and why.
    pub fn open(&mut self, now: Now) -> Result<(), String> {
        self.delivery.open(now)
    }

    /// The handler behind it.
    pub fn handler(&mut self) -> &mut dyn Handler {
        self.delivery.handler()
    }

    /// How many records were given up, for whatever reason.
    pub fn lost(&self) -> u64 {
        self.delivery.figures().dropped.get()
    }

    /// Whether, and why, nothing more is delivered here.
    pub fn ended(&self) -> Option<End> {
        self.delivery.ended()
    }

    /// Takes one record of the batch: filters and renders it.
    pub fn push(&mut self, frame: &[u8], record: &Record<'_>, now: Now) {
        if !self.filter.accepts(record) {
            self.delivery.figures().filtered.add(1);
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
            self.reject_unencodable(&reason, now);
            return;
        }
        self.out.finish();
    }

    fn reject_unencodable(&mut self, reason: &str, now: Now) {
        if !std::mem::replace(&mut self.told_unencodable, true) {
            let target = self.delivery.handler().target();
            self.diag.error(format_args!(
                "{target}: cannot encode a record: {reason}; it is left out, as any like it \
                 (--encoding-errors replace keeps them)"
            ));
        }
        let ends = [self.scratch.len()];
        let frames = Frames::listed(&self.scratch, &ends);
        self.delivery
            .reject(&frames, &format!("cannot encode: {reason}"), now);
    }

    /// Delivers the batch: the records that were pushed, or `raw` where the
    /// stage looks at none. `false`: it is blocked, and has to be called again
    /// with the same batch.
    pub fn deliver(&mut self, raw: &Frames<'_>, now: Now) -> bool {
        let done = match self.wants_records() {
            true => self.delivery.deliver(&self.out.frames(), now),
            false => self.delivery.deliver(raw, now),
        };
        if done {
            self.out.clear();
        }
        done
    }

    /// Ends waiting for a blocked handler: what it did not take is lost.
    pub fn give_up(&mut self, raw: &Frames<'_>, now: Now) {
        match self.wants_records() {
            true => self.delivery.give_up(&self.out.frames(), now),
            false => self.delivery.give_up(raw, now),
        }
        self.out.clear();
    }

    /// Does what is due by the clock.
    pub fn tick(&mut self, now: Now) {
        self.delivery.tick(now);
    }

    /// When [`tick`](Self::tick) has to be called at the latest.
    pub fn deadline(&self, now: Now) -> Option<Instant> {
        self.delivery.deadline(now)
    }

    /// Closes the handler. `false`: it could not make its last records safe,
    /// and can be tried again.
    pub fn close(&mut self, now: Now, hurry: bool) -> bool {
        self.delivery.close(now, hurry)
    }

    /// Ends with records of which it is not known whether they are safe.
    pub fn doubt(&mut self) {
        self.delivery.doubt();
    }
}
