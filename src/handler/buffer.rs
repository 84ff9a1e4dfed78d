//! `buffer`: records are held back, and come to the handler behind it in one
//! go.

use std::io;
use std::time::{Duration, Instant};

use super::delivery::Delivery;
use super::{EmitError, End, Handler};
use crate::batch::{Frames, OwnedFrames};
use crate::level::Level;
use crate::now::Now;

/// The most that is held, in bytes, whatever the number of records; one record
/// may be longer.
const MAX_BYTES: usize = 64 << 20;

/// After how long a flush that was blocked is tried again, where nobody else
/// does.
const RETRY: Duration = Duration::from_millis(100);

/// What a buffer is told.
#[derive(Clone, Debug)]
pub struct BufferOptions {
    /// How many records it holds; with the last of them, or with 64 MiB, it is full.
    pub capacity: usize,
    /// A record of this level or above is delivered at once, with all that are
    /// held.
    pub flush_level: Option<Level>,
    /// At the end, what is held is delivered, and not forgotten.
    pub flush_on_close: bool,
    /// When it is full, the oldest record is forgotten, and nothing delivered.
    pub ring: bool,
    /// What is held is delivered when the command has failed, and forgotten
    /// when it has not. Until then it is a ring.
    pub flush_on_failure: bool,
}

impl Default for BufferOptions {
    fn default() -> Self {
        BufferOptions {
            capacity: 1000,
            flush_level: Some(Level::ERROR),
            flush_on_close: true,
            ring: false,
            flush_on_failure: false,
        }
    }
}

/// Python's `MemoryHandler`. Its target is the handler of the stage that it is
/// [wrapped](super::Stage::wrap) around.
pub struct MemoryHandler {
    inner: Delivery,
    options: BufferOptions,
    held: Held,
    /// What the handler behind it looks at as well.
    keeps_levels: bool,
    /// What is held has to be delivered before anything more is taken.
    due: bool,
    /// When that is tried again, where it was blocked.
    again: Option<Instant>,
    /// Whether the command has failed, once it has ended.
    failed: Option<bool>,
}

/// The records that are held.
#[derive(Default)]
struct Held {
    frames: OwnedFrames,
    /// Those before this record end are forgotten.
    start: usize,
    count: usize,
    /// What the figures say of them.
    told: u64,
    /// Forgotten, and not yet in the figures.
    forgotten: u64,
}

impl Held {
    fn bytes(&self) -> usize {
        self.frames.end() - self.start
    }

    fn push(&mut self, record: &[u8], level: Option<Level>) {
        self.frames.buffer().extend_from_slice(record);
        match level {
            Some(level) => self.frames.finish_with(level),
            None => self.frames.finish(),
        }
        self.count += 1;
    }

    fn forget_oldest(&mut self) {
        self.start = self.frames.next(self.start);
        self.count -= 1;
        self.forgotten += 1;
        // Seldom, because it moves all that stays.
        if self.start > self.bytes() {
            self.compact();
        }
    }

    fn forget_all(&mut self) {
        self.forgotten += self.count as u64;
        self.clear();
    }

    fn compact(&mut self) {
        self.frames.forget_before(std::mem::take(&mut self.start));
    }

    fn clear(&mut self) {
        self.frames.clear();
        (self.start, self.count) = (0, 0);
    }
}

impl MemoryHandler {
    /// A buffer in front of a handler.
    pub fn new(inner: Delivery, options: BufferOptions) -> MemoryHandler {
        MemoryHandler {
            keeps_levels: inner.look().wants_levels(),
            inner,
            options,
            held: Held::default(),
            due: false,
            again: None,
            failed: None,
        }
    }

    /// Whether it forgets the oldest record when it is full.
    fn forgets(&self) -> bool {
        self.options.ring || self.options.flush_on_failure
    }

    /// Python's `shouldFlush`, for the record that was just taken.
    fn should_flush(&self, level: Level) -> bool {
        let full = self.held.count >= self.options.capacity || self.held.bytes() >= MAX_BYTES;
        full && !self.forgets() || self.options.flush_level.is_some_and(|least| level >= least)
    }

    fn is_over_full(&self) -> bool {
        let Held { count, .. } = self.held;
        count > self.options.capacity || count > 1 && self.held.bytes() > MAX_BYTES
    }

    /// Delivers what is held. `false`: it is blocked, and holds all of it.
    fn deliver(&mut self, now: Now) -> bool {
        if self.held.count > 0 {
            self.due = true;
            self.held.compact();
            if !self.inner.deliver(&self.held.frames.frames(), now) {
                self.again = Some(now.mono + RETRY);
                return false;
            }
            self.held.clear();
        }
        self.due = false;
        self.again = None;
        true
    }

    /// Whether what is held at the end is delivered.
    fn flushes_at_close(&self) -> bool {
        match self.failed {
            Some(failed) if self.options.flush_on_failure => failed,
            _ => self.options.flush_on_close,
        }
    }

    /// Puts what has changed into the figures.
    fn tell(&mut self) {
        let figures = &self.inner.ledger().figures;
        let count = self.held.count as u64;
        let told = std::mem::replace(&mut self.held.told, count);
        figures.waiting.add(count.saturating_sub(told));
        figures.waiting.sub(told.saturating_sub(count));
        let forgotten = std::mem::take(&mut self.held.forgotten);
        figures.forgotten.add(forgotten);
    }

    fn take(&mut self, frames: &Frames<'_>, from: usize, now: Now) -> Result<(), EmitError> {
        if self.due && !self.deliver(now) {
            return Err(EmitError::slow(from));
        }
        let mut at = from;
        for (record, level) in frames.iter_from(from) {
            at += record.len();
            self.held.push(record, self.keeps_levels.then_some(level));
            if self.should_flush(level) && !self.deliver(now) {
                return Err(EmitError::slow(at));
            }
            // A long record may take the place of many.
            while self.is_over_full() {
                self.held.forget_oldest();
            }
        }
        Ok(())
    }

    fn finish(&mut self, now: Now, hurry: bool) -> Result<(), EmitError> {
        if self.due || self.flushes_at_close() {
            if !self.deliver(now) {
                return Err(EmitError::slow(0));
            }
        } else {
            self.held.forget_all();
        }
        match self.inner.close(now, hurry) {
            true => Ok(()),
            false => Err(EmitError::slow(0)),
        }
    }
}

impl Handler for MemoryHandler {
    fn kind(&self) -> &'static str {
        self.inner.look().kind()
    }

    fn target(&self) -> String {
        self.inner.look().target()
    }

    fn empties(&self) -> bool {
        self.inner.look().empties()
    }

    fn lacks_mkdir(&self) -> bool {
        self.inner.look().lacks_mkdir()
    }

    fn check(&self) -> io::Result<()> {
        self.inner.look().check()
    }

    fn probe(&self) -> Result<String, String> {
        self.inner.probe()
    }

    fn writes_to(&self, file: &std::fs::File) -> bool {
        self.inner.look().writes_to(file)
    }

    fn wants_levels(&self) -> bool {
        self.keeps_levels || self.options.flush_level.is_some()
    }

    fn open(&mut self, now: Now) -> io::Result<()> {
        self.inner.handler().open(now)
    }

    fn emit(&mut self, frames: &Frames<'_>, from: usize, now: Now) -> Result<(), EmitError> {
        let taken = self.take(frames, from, now);
        self.tell();
        taken
    }

    fn deadline(&self, now: Now) -> Option<Instant> {
        let inner = self.inner.deadline(now);
        inner.into_iter().chain(self.again).min()
    }

    fn tick(&mut self, now: Now) -> Result<(), EmitError> {
        if self.again.is_some_and(|again| again <= now.mono) {
            self.flush(now);
        }
        self.inner.tick(now);
        Ok(())
    }

    fn reopen(&mut self, now: Now) {
        self.inner.handler().reopen(now);
    }

    fn roll_over(&mut self, now: Now) {
        self.inner.handler().roll_over(now);
    }

    fn flush(&mut self, now: Now) {
        if self.deliver(now) {
            self.inner.handler().flush(now);
        }
        self.tell();
    }

    fn command_ended(&mut self, failed: bool, now: Now) {
        self.failed = Some(failed);
        if failed && self.options.flush_on_failure {
            // What is blocked here is tried again by closing.
            self.deliver(now);
            self.tell();
        }
        self.inner.handler().command_ended(failed, now);
    }

    fn tells_failures(&self) -> bool {
        self.options.flush_on_failure || self.inner.look().tells_failures()
    }

    fn ended(&self) -> Option<End> {
        self.inner.ended()
    }

    /// What it holds back, it has been asked to hold back.
    fn unsettled(&self) -> u64 {
        self.inner.look().unsettled()
    }

    fn rollovers(&self) -> u64 {
        self.inner.look().rollovers()
    }

    fn patience(&self, hurry: bool) -> Option<Duration> {
        self.inner.look().patience(hurry)
    }

    fn close(&mut self, now: Now, hurry: bool) -> Result<(), EmitError> {
        let finished = self.finish(now, hurry);
        self.tell();
        finished
    }

    fn give_up(&mut self, now: Now) {
        if self.held.count > 0 {
            self.held.compact();
            self.inner.give_up(&self.held.frames.frames(), now);
            self.held.clear();
            self.tell();
        }
        if !self.inner.close(now, true) {
            self.inner.doubt(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Diag;
    use crate::handler::fake::{Mood, Remote};
    use crate::handler::stage::OnError;
    use proptest::prelude::*;

    /// A buffer around a fake, with a delivery around both as in a stage.
    fn buffer(options: BufferOptions, mood: Mood, on_error: OnError) -> (Remote, Delivery) {
        let (remote, fake) = Remote::new(mood);
        let inner = Delivery::new(fake, on_error, None, Diag::silent());
        let outer = inner.wrap(|inner| Box::new(MemoryHandler::new(inner, options)));
        outer.ledger().figures.count_all();
        (remote, outer)
    }

    fn options(capacity: usize) -> BufferOptions {
        BufferOptions {
            capacity,
            ..BufferOptions::default()
        }
    }

    /// Delivers one record for each level, named by the numbers from `first`.
    fn send(outer: &mut Delivery, first: usize, levels: &[Level]) -> bool {
        let mut frames = OwnedFrames::default();
        for (n, level) in levels.iter().enumerate() {
            frames
                .buffer()
                .extend_from_slice(format!("{} ", first + n).as_bytes());
            frames.finish_with(*level);
        }
        outer.deliver(&frames.frames(), Now::read())
    }

    const INFO: Level = Level::INFO;
    const ERROR: Level = Level::ERROR;

    #[test]
    fn a_full_buffer_and_an_error_deliver_all_that_is_held() {
        let (remote, mut outer) = buffer(options(3), Mood::Willing, OnError::Block);
        assert!(send(&mut outer, 0, &[INFO; 2]));
        assert_eq!(remote.all(), "");
        assert_eq!(outer.ledger().figures.waiting.get(), 2);
        assert!(send(&mut outer, 2, &[INFO, INFO, ERROR, INFO]));
        assert_eq!(remote.seen().emits, ["0 1 2 ", "3 4 "]);
        let figures = &outer.ledger().figures;
        assert_eq!((figures.waiting.get(), figures.delivered.get()), (1, 5));
        assert_eq!(figures.bytes.get(), 10);
        assert!(outer.close(Now::read(), false));
        assert_eq!(remote.seen().emits, ["0 1 2 ", "3 4 ", "5 "]);
        assert_eq!(remote.seen().calls, ["close"]);
    }

    #[test]
    fn a_ring_keeps_the_last_and_delivers_them_with_an_error() {
        let ring = BufferOptions {
            ring: true,
            flush_on_close: false,
            ..options(3)
        };
        let (remote, mut outer) = buffer(ring, Mood::Willing, OnError::Block);
        assert!(send(&mut outer, 0, &[INFO; 9]));
        assert_eq!(outer.ledger().figures.waiting.get(), 3);
        assert!(send(&mut outer, 9, &[ERROR, INFO, INFO]));
        assert_eq!(remote.seen().emits, ["6 7 8 9 "]);
        assert!(outer.close(Now::read(), false));
        assert_eq!(remote.seen().emits, ["6 7 8 9 "]);
        let figures = &outer.ledger().figures;
        assert_eq!((figures.forgotten.get(), figures.waiting.get()), (8, 0));
        assert_eq!((figures.dropped.get(), outer.ended()), (0, None));
    }

    #[test]
    fn a_flush_from_outside_delivers_what_is_held() {
        let (remote, mut outer) = buffer(options(9), Mood::Slow, OnError::Block);
        assert!(send(&mut outer, 0, &[INFO; 2]));
        let now = Now::read();
        outer.handler().flush(now);
        assert_eq!(remote.all(), "");
        // Nobody else tries again while no record comes.
        let due = outer.deadline(now).expect("a time to try again");
        remote.set(Mood::Willing);
        outer.tick(Now { mono: due, ..now });
        assert_eq!(remote.all(), "0 1 ");
        assert_eq!(remote.seen().calls, ["flush"]);
        assert_eq!(outer.deadline(now), None);
    }

    #[test]
    fn the_end_of_the_command_decides() {
        for (failed, flush_level, out) in [
            (Some(true), None, "2 3 4 "),
            (Some(false), None, ""),
            // Who was killed can't tell: better too much than too little.
            (None, None, "2 3 4 "),
            (Some(false), Some(ERROR), "0 "),
            (Some(true), Some(ERROR), "0 2 3 4 "),
        ] {
            let options = BufferOptions {
                flush_on_failure: true,
                flush_level,
                ..options(3)
            };
            let (remote, mut outer) = buffer(options, Mood::Willing, OnError::Block);
            assert!(send(&mut outer, 0, &[ERROR, INFO, INFO, INFO, INFO]));
            if let Some(failed) = failed {
                outer.handler().command_ended(failed, Now::read());
            }
            assert!(outer.close(Now::read(), false));
            assert_eq!(remote.all(), out, "{failed:?} {flush_level:?}");
            assert_eq!(outer.ledger().figures.dropped.get(), 0);
        }
    }

    #[test]
    fn other_calls_pass_through() {
        let (remote, mut outer) = buffer(options(3), Mood::Willing, OnError::Block);
        outer.open(Now::read()).unwrap();
        outer.handler().reopen(Now::read());
        outer.handler().roll_over(Now::read());
        outer.handler().command_ended(true, Now::read());
        assert_eq!(
            remote.seen().calls,
            ["open", "reopen", "roll_over", "failed"]
        );
        assert_eq!(
            (outer.look().kind(), &*outer.look().target()),
            ("fake", "target")
        );
    }

    #[test]
    fn the_policy_acts_inside() {
        // Dropped there, and not waited with here.
        let (_, mut outer) = buffer(options(2), Mood::Failing, OnError::Drop);
        assert!(send(&mut outer, 0, &[INFO; 5]) && outer.close(Now::read(), false));
        let figures = &outer.ledger().figures;
        assert_eq!((figures.dropped.get(), figures.waiting.get()), (5, 0));
        assert!(figures.errors.get() > 0 && figures.last_error().is_some());
        // One bad record costs no other.
        let (remote, mut outer) = buffer(options(2), Mood::Picky, OnError::Block);
        let frames = Frames::listed(b"a !b c ", &[2, 5, 7]);
        assert!(outer.deliver(&frames, Now::read()) && outer.close(Now::read(), false));
        assert_eq!(remote.all(), "a c ");
        assert_eq!(outer.ledger().figures.dropped.get(), 1);
        for (mood, on_error, end) in [
            (Mood::Failing, OnError::Exit, End::Exit),
            (Mood::Broken, OnError::Block, End::Fatal),
        ] {
            let (_, mut outer) = buffer(options(2), mood, on_error);
            assert!(send(&mut outer, 0, &[INFO; 2]));
            assert_eq!(outer.ended(), Some(end));
            assert!(send(&mut outer, 2, &[INFO; 2]));
            assert_eq!(outer.ledger().figures.dropped.get(), 4);
        }
    }

    #[test]
    fn what_is_given_up_is_counted_once() {
        let (remote, mut outer) = buffer(options(2), Mood::Takes(1), OnError::Block);
        remote.set(Mood::Slow);
        assert!(!send(&mut outer, 0, &[INFO; 5]));
        remote.set(Mood::Takes(1));
        let mut frames = OwnedFrames::default();
        frames.append(&Frames::listed(b"0 1 2 3 4 ", &[2, 4, 6, 8, 10]), 0, 10);
        assert!(!outer.deliver(&frames.frames(), Now::read()));
        remote.set(Mood::Slow);
        outer.give_up(&frames.frames(), Now::read());
        let figures = std::sync::Arc::clone(&outer.ledger().figures);
        assert_eq!((figures.dropped.get(), figures.waiting.get()), (3, 2));
        assert!(!outer.close(Now::read(), true));
        outer.doubt(Now::read());
        assert_eq!(remote.all(), "0 ");
        assert_eq!((figures.dropped.get(), figures.waiting.get()), (4, 0));
        assert_eq!(figures.delivered.get(), 1);
        assert_eq!(remote.seen().calls, ["close"]);
    }

    #[test]
    fn what_can_not_be_made_safe_is_in_doubt() {
        let (remote, mut outer) = buffer(options(2), Mood::Open, OnError::Block);
        assert!(send(&mut outer, 0, &[INFO; 3]));
        assert!(!outer.close(Now::read(), false));
        assert_eq!((remote.all(), outer.ended()), ("0 1 2 ".to_owned(), None));
        outer.doubt(Now::read());
        assert_eq!(outer.ended(), Some(End::Fatal));
        assert_eq!(outer.ledger().figures.dropped.get(), 0);
    }

    #[test]
    fn memory_is_bounded_in_bytes() {
        let long = vec![b'x'; MAX_BYTES / 4 + 1];
        let ends = [long.len()];
        let frames = Frames::listed(&long, &ends);
        for ring in [false, true] {
            let options = BufferOptions {
                ring,
                ..options(1000)
            };
            let (remote, mut outer) = buffer(options, Mood::Willing, OnError::Block);
            for _ in 0..4 {
                assert!(outer.deliver(&frames, Now::read()));
            }
            let figures = &outer.ledger().figures;
            let found = (figures.waiting.get(), figures.forgotten.get());
            assert_eq!(found, if ring { (3, 1) } else { (0, 0) });
            assert_eq!(remote.seen().emits.len(), usize::from(!ring));
        }
    }

    /// What a buffer does, in the simplest words.
    fn model(options: &BufferOptions, levels: &[Level]) -> (Vec<String>, u64) {
        let (mut out, mut held, mut forgotten) = (Vec::new(), Vec::new(), 0);
        for (n, level) in levels.iter().enumerate() {
            held.push(format!("{n} "));
            let full = held.len() >= options.capacity && !options.ring;
            if full || options.flush_level.is_some_and(|least| *level >= least) {
                out.push(std::mem::take(&mut held).concat());
            } else if held.len() > options.capacity {
                held.remove(0);
                forgotten += 1;
            }
        }
        match options.flush_on_close {
            true if !held.is_empty() => out.push(held.concat()),
            true => {}
            false => forgotten += held.len() as u64,
        }
        (out, forgotten)
    }

    proptest! {
        /// However the records are cut into batches, and wherever the handler
        /// behind it is slow, each comes out once, in its place, or is
        /// forgotten because that was asked for.
        #[test]
        fn what_comes_out_is_what_came_in(
            levels in proptest::collection::vec(0u32..6, 0..60),
            cuts in proptest::collection::vec(0usize..12, 1..20),
            takes in proptest::collection::vec(0u64..6, 1..10),
            capacity in 1usize..9,
            flush_level in proptest::option::of(3u32..7),
            ring: bool,
            flush_on_close: bool,
            slow: bool,
        ) {
            let levels: Vec<Level> = levels.into_iter().map(|level| Level(level * 10)).collect();
            let options = BufferOptions {
                capacity,
                flush_level: flush_level.map(|level| Level(level * 10)),
                flush_on_close,
                ring,
                flush_on_failure: false,
            };
            let (expected, forgotten) = model(&options, &levels);
            let (remote, mut outer) = buffer(options, Mood::Willing, OnError::Block);
            let mut moods = takes.iter().cycle().map(|&most| match most {
                0 => Mood::Slow,
                5 => Mood::Willing,
                most => Mood::Takes(most),
            });
            let mut patiently = |attempt: &mut dyn FnMut() -> bool| {
                for _ in 0..10_000 {
                    if slow {
                        remote.set(moods.next().unwrap());
                    }
                    if attempt() {
                        return true;
                    }
                    // It may be that it never is but slow.
                    remote.set(Mood::Takes(1));
                    if attempt() {
                        return true;
                    }
                }
                false
            };
            let (mut at, mut cuts) = (0, cuts.iter().cycle());
            while at < levels.len() {
                let end = (at + 1 + cuts.next().unwrap()).min(levels.len());
                let batch = &levels[at..end];
                prop_assert!(patiently(&mut || send(&mut outer, at, batch)));
                at = end;
            }
            prop_assert!(patiently(&mut || outer.close(Now::read(), false)));
            prop_assert_eq!(remote.all(), expected.concat());
            if !slow {
                prop_assert_eq!(&remote.seen().emits, &expected);
            }
            let figures = &outer.ledger().figures;
            prop_assert_eq!(figures.forgotten.get(), forgotten);
            prop_assert_eq!((figures.waiting.get(), figures.dropped.get()), (0, 0));
            prop_assert_eq!(figures.delivered.get() + forgotten, levels.len() as u64);
        }
    }
}
