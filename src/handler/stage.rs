//! A handler with its filter, its format and what it does about errors: what
//! Python's `Handler` object is.

use std::fmt;
use std::time::{Duration, Instant};

use super::Handler;
use super::NullHandler;
use super::dead_letter::DeadLetters;
use super::delivery::Delivery;
use super::pieces::Pieces;
use crate::batch::{Frames, OwnedFrames};
use crate::diag::Diag;
use crate::figures::HandlerFigures;
use crate::filter::Filter;
use crate::now::Now;
use crate::record::Record;
use crate::text::encoding::{Charset, Errors};
use crate::text::guard::{Escape, guard};
use crate::wire::envelope::Envelope;
use crate::wire::{Encode, Refused};

pub use super::delivery::{End, OnError};

/// How a stage turns a record into bytes.
#[derive(Debug, Default)]
pub struct Rendering {
    /// `None`: the record's own bytes as they came.
    pub encoder: Option<Box<dyn Encode>>,
    /// What stands around a message; `None` is a newline behind it, and for the
    /// record's own bytes whatever they came with.
    pub envelope: Option<Envelope>,
    /// Another encoding than that of the bytes.
    pub charset: Option<(Charset, Errors)>,
    /// What becomes of control characters in a text that others have sent.
    pub escape: Escape,
    /// Room for that.
    pub scratch: Vec<u8>,
}

impl Rendering {
    fn is_copy(&self) -> bool {
        self.keeps_ends() && self.charset.is_none()
    }

    /// Whether a record ends as it came: a piece of a line with no newline.
    fn keeps_ends(&self) -> bool {
        self.encoder.is_none() && self.envelope.is_none() && self.escape == Escape::None
    }

    /// Appends the messages of a record to `out`, and calls `end` behind each.
    #[inline]
    fn render(
        &mut self,
        frame: &[u8],
        record: &Record<'_>,
        out: &mut Vec<u8>,
        end: &mut dyn FnMut(&mut Vec<u8>),
    ) -> Result<(), Refused> {
        let envelope = self.envelope.as_ref();
        let (escape, scratch) = (self.escape, &mut self.scratch);
        let mut start = out.len();
        if let Some(envelope) = envelope {
            envelope.begin(out);
        }
        let mut text = out.len();
        match &mut self.encoder {
            // The newline that it came with is its end.
            None if envelope.is_none() && escape == Escape::None => {
                out.extend_from_slice(frame);
                end(out);
            }
            None => {
                out.extend_from_slice(frame.strip_suffix(b"\n").unwrap_or(frame));
                guard(escape, text, out, scratch);
                match envelope {
                    Some(envelope) => envelope.end(out, start),
                    None => out.push(b'\n'),
                }
                end(out);
            }
            Some(encoder) => {
                return encoder.encode(record, out, &mut |out| {
                    guard(escape, text, out, scratch);
                    match envelope {
                        Some(envelope) => envelope.end(out, start),
                        None => out.push(b'\n'),
                    }
                    end(out);
                    start = out.len();
                    if let Some(envelope) = envelope {
                        envelope.begin(out);
                    }
                    text = out.len();
                });
            }
        }
        Ok(())
    }
}

/// How long a stage that is dropped without having been closed may take to deliver what it
/// has, and how long it waits between two attempts.
const DROPPED: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(10);

/// See the [module](self).
///
/// One that is dropped while it is open delivers what it has, within two seconds, and tells
/// its `diag` what it could not: [`finish`](Self::finish) waits longer, and tells the caller.
pub struct Stage {
    filter: Filter,
    rendering: Rendering,
    pieces: Pieces,
    diag: Diag,
    /// Rendered records of the batch that is being delivered.
    out: OwnedFrames,
    scratch: Vec<u8>,
    /// Records are handed over one by one, whether or not it looks at them.
    collects: bool,
    told_unencodable: bool,
    /// The handler looks at levels.
    levels: bool,
    /// Records of this batch that came and that were left out, not yet in the
    /// figures.
    came: u64,
    filtered: u64,
    /// The batch has been tried before.
    begun: bool,
    /// Records that the handler has taken, where they are counted.
    taken: u64,
    /// Records were given up because nobody waited for the handler any more.
    gave_up: bool,
    /// It was opened, and neither closed nor given up.
    is_open: bool,
    delivery: Delivery,
}

impl Stage {
    /// Puts a handler behind a filter and a rendering.
    ///
    /// What it gives up is counted, told to `diag`, and kept in `dead_letters` if
    /// there are some.
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
            pieces: Pieces::default(),
            diag: diag.clone(),
            out: OwnedFrames::default(),
            scratch: Vec::new(),
            collects: false,
            told_unencodable: false,
            levels: handler.wants_levels(),
            came: 0,
            filtered: 0,
            begun: false,
            taken: 0,
            gave_up: false,
            is_open: false,
            delivery: Delivery::new(handler, on_error, dead_letters, diag),
        }
    }

    /// Puts a wrapper around the handler: a [`MemoryHandler`](super::MemoryHandler) or a
    /// [`QueueHandler`](super::QueueHandler), made of the delivery that it gets.
    #[must_use]
    pub fn wrap(mut self, wrapper: impl FnOnce(Delivery) -> Box<dyn Handler>) -> Stage {
        let none = Delivery::new(
            Box::new(NullHandler),
            OnError::Block,
            None,
            self.diag.clone(),
        );
        self.delivery = std::mem::replace(&mut self.delivery, none).wrap(wrapper);
        self.levels = self.delivery.look().wants_levels();
        self
    }

    /// Whether the stage looks at records one by one. If not, it takes the
    /// source's frames as they are.
    pub fn wants_records(&self) -> bool {
        self.collects || self.levels || !(self.filter.is_open() && self.rendering.is_copy())
    }

    /// Whether extra attributes other than `stack_info` make a difference.
    pub fn uses_attributes(&self) -> bool {
        let encoder = self.rendering.encoder.as_ref();
        encoder.is_some_and(|encoder| encoder.uses_attributes())
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

    /// [Tries](Handler::probe) the handler's target, and sends nothing.
    ///
    /// # Errors
    /// What a record would fail of.
    pub fn probe(&self) -> Result<String, String> {
        self.delivery.probe()
    }

    /// Opens the handler.
    ///
    /// # Errors
    /// What can't be opened, and why.
    pub fn open(&mut self, now: Now) -> Result<(), String> {
        self.delivery.open(now)?;
        self.is_open = true;
        Ok(())
    }

    /// Looks at the handler.
    pub fn look(&self) -> &dyn Handler {
        self.delivery.look()
    }

    /// The handler behind it.
    pub fn handler(&mut self) -> &mut dyn Handler {
        self.delivery.handler()
    }

    /// Opens what is written anew under its name (SIGHUP).
    pub fn reopen(&mut self, now: Now) {
        self.delivery.reopen(now);
    }

    /// From now on, counts every record that comes and that is delivered, also
    /// where nobody looks at them one by one: that costs two passes over the
    /// bytes.
    pub fn count_all(&mut self) {
        self.delivery.ledger().figures.count_all();
    }

    /// What became of the records so far. `received` and `delivered` stay 0 unless
    /// [`count_all`](Self::count_all) was called.
    pub fn figures(&self) -> HandlerFigures {
        let (handler, figures) = (self.delivery.look(), &self.delivery.ledger().figures);
        figures.rollovers.set(handler.rollovers());
        HandlerFigures::read(handler.kind(), handler.target(), figures)
    }

    /// Whether, and why, nothing more is delivered here.
    pub fn ended(&self) -> Option<End> {
        self.delivery.ended()
    }

    /// Takes one record of the batch: filters and renders it. `frame` is the record's
    /// own bytes, which are what is delivered where there is no encoder. Nothing goes
    /// out before [`deliver`](Self::deliver).
    pub fn push(&mut self, frame: &[u8], record: &Record<'_>, now: Now) {
        self.came += 1;
        let filter = &self.filter;
        if !self.pieces.pass(record.part, || filter.accepts(record)) {
            self.filtered += 1;
            return;
        }
        if self.render(frame, record, now) && self.rendering.keeps_ends() {
            self.pieces.note(record.part.stream, frame);
        }
    }

    /// Puts a record that has passed into the batch. `false`: it can't be
    /// delivered in the form that was asked for, and is left out.
    fn render(&mut self, frame: &[u8], record: &Record<'_>, now: Now) -> bool {
        // Never where a record has an end of its own.
        let cuts_off = self.pieces.are_cut_off_by(record.part);
        let level = self.levels.then_some(record.level);
        let rendering = &mut self.rendering;
        let Some((charset, errors)) = rendering.charset else {
            let filled = self.out.fill(level, |out, each| {
                if cuts_off {
                    out.push(b'\n');
                }
                rendering.render(frame, record, out, each)
            });
            if let Err(Refused(reason)) = filled {
                self.reject(frame, &reason, "", now);
                return false;
            }
            return true;
        };
        self.scratch.clear();
        if cuts_off {
            self.scratch.push(b'\n');
        }
        let rendered = rendering.render(frame, record, &mut self.scratch, &mut |_| {});
        if let Err(Refused(reason)) = rendered {
            self.reject(frame, &reason, "", now);
            return false;
        }
        if let Err(reason) = charset.encode(&self.scratch, errors, self.out.buffer()) {
            self.out.abandon();
            let text = std::mem::take(&mut self.scratch);
            self.reject(
                &text,
                &reason,
                " (--encoding-errors replace keeps them)",
                now,
            );
            self.scratch = text;
            return false;
        }
        match level {
            Some(level) => self.out.finish_with(level),
            None => self.out.finish(),
        }
        true
    }

    /// Leaves a record out that can't be delivered in the form that was asked
    /// for.
    fn reject(&mut self, text: &[u8], reason: &str, hint: &str, now: Now) {
        let target = self.delivery.look().target();
        if !std::mem::replace(&mut self.told_unencodable, true) {
            self.diag.error(format_args!(
                "{target}: cannot encode a record: {reason}; it is left out, as any like it{hint}"
            ));
        }
        let ends = [text.len()];
        let frames = match text.is_empty() {
            true => Frames::listed(b"", &[]),
            false => Frames::listed(text, &ends),
        };
        let reason = format!("cannot encode: {reason}");
        let ledger = self.delivery.ledger();
        ledger.lose(&target, &frames, (0, text.len()), &reason, now);
    }

    /// Delivers the batch: the records that were pushed, or `raw` where the
    /// stage looks at none. `false`: it is blocked, and has to be called again
    /// with the same batch. Behind a queue that is full it waits for room, up to half a
    /// second.
    pub fn deliver(&mut self, raw: &Frames<'_>, now: Now) -> bool {
        if !std::mem::replace(&mut self.begun, true) {
            self.count(raw);
            if !self.wants_records() {
                self.end_line_before(raw);
            }
        }
        let done = match self.has_own() {
            true => self.delivery.deliver(&self.out.frames(), now),
            false => self.delivery.deliver(raw, now),
        };
        if done {
            let frames = self.out.frames();
            self.taken += frames.count(0, frames.len());
            self.out.clear();
            self.begun = false;
        }
        done
    }

    /// Copies a batch of raw lines if a line of another stream has to be ended
    /// before it.
    fn end_line_before(&mut self, raw: &Frames<'_>) {
        if self.pieces.are_cut_off_by_all(raw) {
            self.out.buffer().push(b'\n');
            for frame in raw.iter() {
                self.out.buffer().extend_from_slice(frame);
                self.out.finish();
            }
        }
        self.pieces.note(raw.stream().into(), raw.bytes());
    }

    /// Whether the batch is what stands here, and not the source's frames.
    fn has_own(&self) -> bool {
        self.wants_records() || self.out.end() > 0
    }

    /// How many of the records that were [pushed](Self::push) the handler has
    /// taken, and how many of those are as safe as was asked: they are the first
    /// of them.
    pub fn accepted(&self) -> (u64, u64) {
        let unsettled = self.delivery.look().unsettled();
        (self.taken, self.taken.saturating_sub(unsettled))
    }

    /// Whether records were given up, those that came last at least: because it
    /// has [ended](Self::ended), or because nobody waited for it any more.
    pub fn has_given_up(&self) -> bool {
        self.gave_up || self.ended().is_some()
    }

    /// Puts the batch that comes into the figures.
    fn count(&mut self, raw: &Frames<'_>) {
        let figures = &self.delivery.ledger().figures;
        if figures.counts_all() {
            figures.received.add(match self.wants_records() {
                true => self.came,
                false => raw.count(0, raw.len()),
            });
        }
        figures.filtered.add(self.filtered);
        (self.came, self.filtered) = (0, 0);
    }

    /// Ends waiting for a blocked handler, or does not even begin to: what it did
    /// not take is lost.
    pub fn give_up(&mut self, raw: &Frames<'_>, now: Now) {
        if !self.begun {
            self.count(raw);
        }
        match self.has_own() {
            true => self.delivery.give_up(&self.out.frames(), now),
            false => self.delivery.give_up(raw, now),
        }
        let frames = self.out.frames();
        self.taken += frames.count(0, frames.len());
        self.gave_up = true;
        self.out.clear();
        self.begun = false;
    }

    /// Does what is due by the clock.
    pub fn tick(&mut self, now: Now) {
        self.delivery.tick(now);
    }

    /// When [`tick`](Self::tick) has to be called at the latest.
    pub fn deadline(&self, now: Now) -> Option<Instant> {
        self.delivery.deadline(now)
    }

    /// See [`Handler::patience`].
    pub fn patience(&self, hurry: bool) -> Option<Duration> {
        self.delivery.look().patience(hurry)
    }

    /// Changes whenever records get on: when the handler takes some, or when
    /// some come into its spool or leave it.
    pub fn progress(&self) -> (u64, u64) {
        let figures = &self.delivery.ledger().figures;
        (figures.bytes.get(), figures.spooled.get())
    }

    /// Delivers what was [pushed](Self::push) and what a wrapper holds, and closes the
    /// handler. `false`: that could not be done, or not be made safe, and can be tried
    /// again, for as long as one likes: [`doubt`](Self::doubt) ends it.
    pub fn close(&mut self, now: Now, hurry: bool) -> bool {
        if self.out.end() > 0 && !self.deliver(&Frames::lines(b""), now) {
            return false;
        }
        let is_closed = self.delivery.close(now, hurry);
        self.is_open &= !is_closed;
        is_closed
    }

    /// Ends with records that are lost, or of which it is not known whether
    /// they are safe.
    pub fn doubt(&mut self, now: Now) {
        let dropped = |stage: &Stage| stage.delivery.ledger().figures.dropped.get();
        let before = dropped(self);
        if self.out.end() > 0 {
            self.give_up(&Frames::lines(b""), now);
        }
        self.delivery.doubt(now);
        self.gave_up |= dropped(self) > before;
        self.is_open = false;
    }

    /// Ends it as Python's `logging.shutdown` ends a handler: [closes](Self::close) it, for
    /// so long at most, and gives up what is not delivered by then. How many records were
    /// not delivered in all is told to the `diag`, and is `dropped` in what comes back.
    pub fn finish(&mut self, patience: Duration) -> HandlerFigures {
        self.end_within(patience, false);
        self.figures()
    }

    fn end_within(&mut self, patience: Duration, hurry: bool) {
        let begun = Instant::now();
        while !self.close(Now::read(), hurry) {
            if begun.elapsed() >= patience {
                self.doubt(Now::read());
                break;
            }
            std::thread::sleep(PAUSE);
        }
        let figures = self.figures();
        if figures.dropped > 0 {
            let why = figures.last_error.map(|why| format!(": {why}"));
            self.diag.error(format_args!(
                "{}: {} records were not delivered{}",
                figures.target,
                figures.dropped,
                why.unwrap_or_default()
            ));
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // What a panic has left half delivered is not tried again.
        if self.is_open && !(self.begun && std::thread::panicking()) {
            self.end_within(DROPPED, true);
        }
    }
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Stage");
        let debug = debug.field("target", &self.delivery.look().target());
        debug
            .field("is_open", &self.is_open)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handler::buffer::{BufferOptions, MemoryHandler};
    use crate::handler::fake::{Mood, Remote};
    use crate::handler::queue::{QueueHandler, QueueOptions};
    use crate::level::Level;
    use crate::record::{Defaults, LinePart};
    use regex::bytes::Regex;

    fn stage(filter: Filter, mood: Mood) -> (Remote, Stage) {
        let (remote, fake) = Remote::new(mood);
        let rendering = Rendering::default();
        let diag = Diag::silent();
        let stage = Stage::new(fake, filter, rendering, OnError::Block, None, diag);
        (remote, stage)
    }

    fn push(stage: &mut Stage, frames: &Frames<'_>, level: Level) {
        let (defaults, now) = (Defaults::default(), Now::read());
        for frame in frames.iter() {
            let mut record = Record::new(&defaults, now.wall);
            record.level = level;
            stage.push(frame, &record, now);
        }
    }

    /// However often a batch has to be tried.
    #[test]
    fn every_record_is_counted_once() {
        let (now, lines) = (Now::read(), Frames::lines(b"a\nb\nc\n"));
        let (remote, mut raw) = stage(Filter::default(), Mood::Takes(1));
        raw.count_all();
        assert!(!raw.wants_records() && !raw.deliver(&lines, now));
        remote.set(Mood::Failing);
        assert!(!raw.deliver(&lines, now));
        remote.set(Mood::Willing);
        assert!(raw.deliver(&lines, now) && raw.deliver(&lines, now));
        let figures = raw.figures();
        assert_eq!((figures.handler, &*figures.target), ("fake", "target"));
        assert_eq!(
            (figures.received, figures.delivered, figures.bytes),
            (6, 6, 12)
        );
        assert_eq!((figures.errors, figures.dropped), (1, 0));
        let reason = figures.last_error.unwrap();
        assert!(reason.starts_with("cannot write: "), "{reason}");

        let filter = Filter {
            min_level: Some(Level::ERROR),
            ..Filter::default()
        };
        let (_, mut picky) = stage(filter, Mood::Willing);
        picky.count_all();
        for level in [Level::INFO, Level::ERROR] {
            push(&mut picky, &lines, level);
            assert!(picky.deliver(&lines, now));
        }
        let figures = picky.figures();
        assert_eq!(
            (figures.received, figures.filtered, figures.delivered),
            (6, 3, 3)
        );
    }

    /// What costs a pass over the bytes is counted for those who ask.
    #[test]
    fn nobody_pays_for_what_nobody_asked() {
        let (_, mut raw) = stage(Filter::default(), Mood::Willing);
        assert!(raw.deliver(&Frames::lines(b"a\n"), Now::read()));
        let figures = raw.figures();
        assert_eq!(
            (figures.received, figures.delivered, figures.bytes),
            (0, 0, 2)
        );
    }

    /// Whoever pushes and closes, or only drops it, has not to deliver first.
    #[test]
    fn what_was_pushed_is_delivered_at_the_end() {
        let lines = Frames::lines(b"a\nb\n");
        for wraps in [false, true] {
            let opened = |mood| {
                let (remote, mut stage) = stage(Filter::default(), mood);
                if wraps {
                    stage = stage.wrap(|delivery| {
                        Box::new(QueueHandler::new(delivery, QueueOptions::default()))
                    });
                }
                stage.open(Now::read()).unwrap();
                push(&mut stage, &lines, Level::INFO);
                (remote, stage)
            };
            let (remote, mut closed) = opened(Mood::Willing);
            while !closed.close(Now::read(), false) {}
            assert_eq!(remote.all(), "a\nb\n");
            let (remote, dropped) = opened(Mood::Willing);
            drop(dropped);
            assert_eq!(remote.all(), "a\nb\n");
            let (_, mut blocked) = opened(Mood::Failing);
            assert!(wraps || !blocked.close(Now::read(), false));
            let figures = blocked.finish(Duration::from_millis(20));
            assert_eq!((figures.dropped, blocked.has_given_up()), (2, true));
        }
    }

    #[test]
    fn a_queue_that_was_closed_takes_nothing_more() {
        let (remote, queued) = stage(Filter::default(), Mood::Willing);
        let options = QueueOptions::default();
        let mut queued = queued.wrap(|delivery| Box::new(QueueHandler::new(delivery, options)));
        queued.open(Now::read()).unwrap();
        while !queued.close(Now::read(), false) {}
        assert!(queued.deliver(&Frames::lines(b"late\n"), Now::read()));
        assert_eq!(
            (queued.ended(), queued.figures().dropped),
            (Some(End::Fatal), 1)
        );
        assert_eq!(remote.all(), "");
    }

    fn part(stream: u8, continues: bool) -> LinePart {
        LinePart {
            stream: stream.into(),
            continues,
            more: false,
        }
    }

    /// A filter that looks at each, or none at all.
    fn written(filter: Filter, records: &[(&str, LinePart)]) -> String {
        let (defaults, now) = (Defaults::default(), Now::read());
        let (remote, mut stage) = stage(filter, Mood::Willing);
        for (text, part) in records {
            let ends = [text.len()];
            let frames = Frames::listed(text.as_bytes(), &ends).of_stream(part.stream as u8);
            if stage.wants_records() {
                let mut record = Record::new(&defaults, now.wall);
                record.message = text.trim_end().as_bytes().into();
                record.part = *part;
                stage.push(text.as_bytes(), &record, now);
            }
            assert!(stage.deliver(&frames, now));
        }
        remote.all()
    }

    /// No line goes on in the middle of another one, and none is ended that can
    /// go on.
    #[test]
    fn the_pieces_of_a_line_stand_together_or_apart() {
        let cases: [(&[(&str, LinePart)], &str); 4] = [
            (&[("aa", part(0, false)), ("aa\n", part(0, true))], "aaaa\n"),
            (
                &[
                    ("aa", part(0, false)),
                    ("b\n", part(1, false)),
                    ("a\n", part(0, true)),
                ],
                "aa\nb\na\n",
            ),
            (
                &[
                    ("aa", part(0, false)),
                    ("bb", part(1, false)),
                    ("aa", part(0, true)),
                    ("b\n", part(1, true)),
                ],
                "aa\nbb\naa\nb\n",
            ),
            (
                &[
                    ("aa", part(1, false)),
                    ("a\n", part(1, true)),
                    ("b\n", part(0, false)),
                ],
                "aaa\nb\n",
            ),
        ];
        for (records, text) in cases {
            assert_eq!(written(Filter::default(), records), text);
            let looks = Filter {
                min_level: Some(Level::DEBUG),
                ..Filter::default()
            };
            assert_eq!(written(looks, records), text, "one by one");
        }
    }

    #[test]
    fn a_line_passes_with_all_its_pieces_or_with_none() {
        let only = |pattern: &str| Filter {
            include: vec![Regex::new(pattern).unwrap()],
            ..Filter::default()
        };
        let records = [
            ("keep aa", part(0, false)),
            ("drop b\n", part(1, false)),
            ("drop aa", part(0, true)),
            ("drop c", part(1, false)),
            ("keep c\n", part(1, true)),
            ("aa\n", part(0, true)),
            ("keep d\n", part(0, false)),
        ];
        let text = written(only("keep"), &records);
        assert_eq!(text, "keep aadrop aaaa\nkeep d\n");
        // The end of the line can't be delivered: what comes is none.
        let records = [("keep aa", part(0, false)), ("keep\n", part(0, false))];
        assert_eq!(written(only("keep"), &records), "keep aa\nkeep\n");
    }

    #[test]
    fn a_wrapped_handler_has_one_set_of_figures() {
        let (now, lines) = (Now::read(), Frames::lines(b"a\nb\nc\n"));
        let (_, stage) = stage(Filter::default(), Mood::Willing);
        let options = BufferOptions {
            capacity: 2,
            ..BufferOptions::default()
        };
        let stage = stage.wrap(|inner| Box::new(MemoryHandler::new(inner, options)));
        let queue = QueueOptions::default();
        let mut stage = stage.wrap(|inner| Box::new(QueueHandler::new(inner, queue)));
        stage.count_all();
        assert!(stage.wants_records());
        push(&mut stage, &lines, Level::INFO);
        assert!(stage.deliver(&lines, now));
        while !stage.close(now, false) {}
        let figures = stage.figures();
        assert_eq!((figures.handler, &*figures.target), ("fake", "target"));
        assert_eq!(
            (figures.received, figures.delivered, figures.bytes),
            (3, 3, 6)
        );
        assert_eq!(
            (figures.waiting, figures.dropped, stage.ended()),
            (0, 0, None)
        );
    }
}
