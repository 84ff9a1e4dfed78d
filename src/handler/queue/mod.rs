//! `queue`: the handler behind it runs on a thread of its own.
//!
//! Python's `QueueHandler` and `QueueListener` in one: the half that takes
//! records stands here, the thread in `listener`, and what is between them in
//! `waiting`.

mod disk;
mod listener;
mod spooled;
#[cfg(test)]
mod tests;
mod waiting;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub use disk::SpoolIn;
use listener::Listener;
use spooled::Spooled;
use waiting::{Order, Shared};

use super::delivery::{Delivery, Ledger};
use super::{Described, EmitError, End, Fault, Handler};
use crate::batch::Frames;
use crate::diag::plain;
use crate::now::Now;
use crate::spool::{Reader, Writer};
use crate::sys;
use crate::wire::lh::SenderId;

/// How long is waited for the thread while nothing moves, and at most where
/// something does, before whoever hands records over is told that it is slow.
const PATIENCE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_millis(500));

/// While the thread is at work, how soon somebody looks whether it has ended.
const LOOK: Duration = Duration::from_millis(100);

/// How long at most for the end of the thread, if that is in a hurry and gets on.
const HURRY: Duration = Duration::from_secs(2);

/// The same once it was told to stop: while nothing moves, and in all.
const LAST_PATIENCE: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(20));

/// How long nothing has to be dropped before dropping is said to be over. Under a
/// steady overload there is room again many times a second, each time for little.
const CALM: Duration = Duration::from_secs(5);

/// What becomes of records for which the queue has no room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overflow {
    /// They are waited with.
    #[default]
    Block,
    /// They are dropped.
    DropNew,
    /// The oldest that wait are dropped in their place.
    DropOld,
}

/// What a queue is told.
#[derive(Clone, Debug)]
pub struct QueueOptions {
    /// How many records wait at most. Those that are being delivered, an
    /// eighth of that at most, do not count. Without a spool, they have 64 MiB at most.
    pub capacity: u64,
    /// What becomes of those for which there is no room.
    pub overflow: Overflow,
    /// How long the end waits until everything is delivered; `None` is as long
    /// as it takes, or what the handler behind it says.
    pub drain: Option<Duration>,
    /// Records wait on the disk.
    pub spool: Option<SpoolIn>,
}

impl Default for QueueOptions {
    fn default() -> Self {
        QueueOptions {
            capacity: 10_000,
            overflow: Overflow::Block,
            drain: None,
            spool: None,
        }
    }
}

/// Python's `QueueHandler` with its `QueueListener`: put around the handler of a
/// stage by [`Stage::wrap`](super::Stage::wrap). Each has a thread of its own, where
/// Python's listener has one for all of its handlers.
///
/// The thread starts when the handler is opened, or else at the first record.
pub struct QueueHandler {
    kind: &'static str,
    target: String,
    wants_levels: bool,
    tells_failures: bool,
    /// An error of the handler behind it ends the run, also where that shows only
    /// after records were taken.
    exits: bool,
    overflow: Overflow,
    drain: Option<Duration>,
    ledger: Ledger,
    shared: Arc<Shared>,
    /// What the thread gets when it starts.
    inner: Option<Delivery>,
    thread: Option<JoinHandle<()>>,
    shedding: Option<Shedding>,
    spool: Option<SpoolIn>,
    writer: Option<Writer>,
    /// The other half of it, until the thread starts.
    reader: Option<Reader>,
}

/// Records are dropped, because the queue is full.
struct Shedding {
    since: Instant,
    /// When the last of them was dropped.
    last: Instant,
    dropped: u64,
    /// There is room since then.
    eased: bool,
}

impl QueueHandler {
    /// A queue in front of a handler.
    pub fn new(inner: Delivery, options: QueueOptions) -> QueueHandler {
        let handler = inner.look();
        QueueHandler {
            kind: handler.kind(),
            target: handler.target(),
            wants_levels: handler.wants_levels(),
            tells_failures: handler.tells_failures(),
            exits: inner.exits(),
            overflow: options.overflow,
            drain: options.drain.or_else(|| handler.patience(false)),
            ledger: inner.ledger().clone(),
            shared: Arc::new(Shared::new(
                options.capacity.max(1),
                Arc::clone(&inner.ledger().figures),
            )),
            inner: Some(inner),
            thread: None,
            shedding: None,
            spool: options.spool,
            writer: None,
            reader: None,
        }
    }

    fn start(&mut self, now: Now) -> io::Result<()> {
        self.open_spool(now)?;
        if let Some(inner) = self.inner.take() {
            let spooled = match (&self.writer, self.reader.take(), &self.spool) {
                (Some(writer), Some(reader), Some(spool)) => {
                    let sender = SenderId(writer.sender());
                    Some(Spooled::new(reader, sender, spool.directory.clone()))
                }
                _ => None,
            };
            let listener = Listener::new(inner, Arc::clone(&self.shared), spooled);
            let thread = std::thread::Builder::new().name("queue".to_owned());
            let thread = thread.spawn(move || listener.run()).map_err(|error| {
                let text = format!("cannot start its thread: {}", plain(&error));
                io::Error::new(error.kind(), Described(text))
            })?;
            self.thread = Some(thread);
        }
        match self.thread {
            Some(_) => Ok(()),
            None => Err(io::Error::other(Described("it was closed".to_owned()))),
        }
    }

    /// Hands records over and waits for room, as long as it comes about.
    fn put(&self, frames: &Frames<'_>, mut at: usize) -> Result<(), EmitError> {
        let begun = Instant::now();
        while at < frames.len() {
            let put = self.shared.put(frames, at);
            if put == at {
                let length = frames.next(at) - at;
                if begun.elapsed() > PATIENCE.1 || !self.shared.wait_for_room(length, PATIENCE.0) {
                    return Err(EmitError::slow(at));
                }
            }
            at = put;
        }
        Ok(())
    }

    /// Hands over what there is room for, and drops the rest.
    fn put_or_drop(&mut self, frames: &Frames<'_>, mut at: usize, now: Now) {
        while at < frames.len() {
            let put = self.shared.put(frames, at);
            if put == at {
                break;
            }
            at = put;
        }
        self.shed(&[(*frames, at)], now);
    }

    /// Hands all records over, and drops the oldest that are in their way.
    fn put_and_drop(&mut self, frames: &Frames<'_>, mut at: usize, now: Now) {
        let mut dropped = Vec::new();
        while at < frames.len() {
            at = self.shared.put_in_place_of_others(frames, at, &mut dropped);
        }
        let dropped: Vec<_> = dropped.iter().map(|piece| (piece.frames(), 0)).collect();
        self.shed(&dropped, now);
    }

    /// Drops what is left of these frames behind the record ends.
    fn shed(&mut self, dropped: &[(Frames<'_>, usize)], now: Now) {
        let mut count = 0;
        for (frames, from) in dropped {
            if *from < frames.len() {
                count += frames.count(*from, frames.len());
                let range = (*from, frames.len());
                let reason = "the queue is full";
                self.ledger.lose(&self.target, frames, range, reason, now);
            }
        }
        self.note_shed(count, now);
    }

    /// Says when dropping begins and when it is over.
    fn note_shed(&mut self, count: u64, now: Now) {
        match (&mut self.shedding, count) {
            (None, 0) => {}
            (None, _) => {
                self.shedding = Some(Shedding {
                    since: now.mono,
                    last: now.mono,
                    dropped: count,
                    eased: false,
                });
                let which = match self.overflow {
                    Overflow::DropOld => "the oldest",
                    Overflow::DropNew | Overflow::Block => "new",
                };
                self.ledger.diag.warn(format_args!(
                    "{}: the queue is full; dropping {which} records until that is over",
                    self.target
                ));
            }
            (Some(_), 0) => {}
            (Some(shedding), _) => {
                shedding.dropped += count;
                shedding.last = now.mono;
                shedding.eased = false;
            }
        }
        if count == 0 {
            self.end_shedding_if_calm(now);
        }
    }

    fn has_room(&self) -> bool {
        match (&self.writer, &self.spool) {
            (Some(writer), Some(spool)) => writer.status().bytes() <= spool.max_bytes / 2,
            _ => self.shared.is_half_empty(),
        }
    }

    fn end_shedding_if_calm(&mut self, now: Now) {
        let has_room = self.has_room();
        if let Some(shedding) = &mut self.shedding {
            shedding.eased |= has_room;
            if shedding.eased && shedding.last + CALM <= now.mono {
                self.end_shedding();
            }
        }
    }

    /// When dropping can be said to be over. Where there is no room by then, the
    /// thread is at work, and it is looked after that anyhow.
    fn calm(&self, now: Now) -> Option<Instant> {
        let shedding = self.shedding.as_ref()?;
        let calm = shedding.last + CALM;
        (calm > now.mono || shedding.eased || self.has_room()).then_some(calm)
    }

    fn end_shedding(&mut self) {
        if let Some(shedding) = self.shedding.take() {
            let took = shedding.last.saturating_duration_since(shedding.since);
            self.ledger.diag.warn(format_args!(
                "{}: {} records were dropped within {:.1} s, because the queue was full",
                self.target,
                shedding.dropped,
                took.as_secs_f64()
            ));
        }
    }

    /// Hands over something to do behind the records that wait; before the
    /// thread has started, does it at once.
    fn order(&mut self, order: Order, now: Now) {
        match &mut self.inner {
            Some(inner) => order.carry_out(inner.handler(), now),
            None => self.shared.order(order),
        }
    }

    /// Waits for the thread where that is sure to end at once.
    fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
            // Nothing, unless it ended by a panic.
            let (waiting, delivering) = self.shared.abandon();
            self.ledger.figures.dropped.add(waiting + delivering);
        }
    }
}

/// What is known of a spool from outside.
fn probe_spool(directory: &Path) -> Result<String, String> {
    let name = directory.display();
    if !directory.exists() {
        let parent = directory
            .parent()
            .filter(|path| !path.as_os_str().is_empty());
        let parent = parent.unwrap_or_else(|| Path::new("."));
        return sys::check_append(&parent.join("spool"), true, true)
            .map(|()| format!("the spool {name} would be made"))
            .map_err(|error| format!("{name}: the spool cannot be made: {}", plain(&error)));
    }
    let found = crate::spool::inspect(directory).map_err(|error| error.to_string())?;
    let waiting = found.waiting;
    match found.owner {
        Some(Some(pid)) => Err(format!("{name}: the spool is that of process {pid}")),
        Some(None) => Err(format!("{name}: another process has the spool")),
        None => Ok(format!("{waiting} records wait in the spool {name}")),
    }
}

impl Handler for QueueHandler {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn target(&self) -> String {
        self.target.clone()
    }

    fn empties(&self) -> bool {
        let inner = self.inner.as_ref();
        inner.is_some_and(|inner| inner.look().empties())
    }

    fn lacks_mkdir(&self) -> bool {
        let inner = self.inner.as_ref();
        inner.is_some_and(|inner| inner.look().lacks_mkdir())
    }

    fn check(&self) -> io::Result<()> {
        let inner = self.inner.as_ref();
        inner.map_or(Ok(()), |inner| inner.look().check())
    }

    fn probe(&self) -> Result<String, String> {
        let found = self
            .inner
            .as_ref()
            .map_or(Ok(String::new()), Delivery::probe);
        let Some(spool) = &self.spool else {
            return found;
        };
        let spooled = probe_spool(&spool.directory)?;
        match found {
            Ok(found) => Ok(format!("{found}; {spooled}")),
            Err(reason) => Err(format!("{reason}; {spooled}")),
        }
    }

    /// Known only before the thread starts, which is when it is asked.
    fn writes_to(&self, file: &std::fs::File) -> bool {
        let inner = self.inner.as_ref();
        inner.is_some_and(|inner| inner.look().writes_to(file))
    }

    fn wants_levels(&self) -> bool {
        self.wants_levels
    }

    fn open(&mut self, now: Now) -> io::Result<()> {
        self.open_spool(now)?;
        // A file that is to be emptied is not, where there is no spool.
        if let Some(inner) = &mut self.inner {
            inner.handler().open(now)?;
        }
        self.start(now)
    }

    fn emit(&mut self, frames: &Frames<'_>, from: usize, now: Now) -> Result<(), EmitError> {
        self.start(now).map_err(|source| EmitError {
            done: from,
            fault: Fault::Fatal,
            doing: "cannot start",
            source,
        })?;
        if self.writer.is_some() {
            return self.put_on_disk(frames, from, now);
        }
        match self.overflow {
            Overflow::Block => self.put(frames, from)?,
            Overflow::DropNew => self.put_or_drop(frames, from, now),
            Overflow::DropOld => self.put_and_drop(frames, from, now),
        }
        Ok(())
    }

    /// While the thread is at work, it may come to an end that concerns all.
    fn deadline(&self, now: Now) -> Option<Instant> {
        let figures = &self.ledger.figures;
        let waiting = figures.waiting.get() + figures.spooled.get();
        let on_the_way = self.exits && figures.unproven.get() > 0;
        let works = self.thread.is_some() && (waiting > 0 || on_the_way);
        let due = self.writer.as_ref().and_then(Writer::deadline);
        let due = due.into_iter().chain(self.calm(now));
        due.chain(works.then(|| now.mono + LOOK)).min()
    }

    fn tick(&mut self, now: Now) -> Result<(), EmitError> {
        self.end_shedding_if_calm(now);
        let Some(writer) = &mut self.writer else {
            return Ok(());
        };
        let synced = writer.tick(now);
        synced.map_err(|error| EmitError::retry(0, "cannot sync the spool", error))
    }

    fn patience(&self, hurry: bool) -> Option<Duration> {
        match hurry && self.spool.is_some() {
            // What is left is safe.
            true => Some(self.drain.map_or(HURRY, |drain| drain.min(HURRY))),
            false => self.drain,
        }
    }

    /// What is in the spool is safe, once it is synced as that was asked.
    fn unsettled(&self) -> u64 {
        match (&self.writer, &self.inner) {
            (Some(writer), _) => writer.unsynced(),
            (None, Some(inner)) => inner.look().unsettled(),
            (None, None) => self.shared.unsettled(),
        }
    }

    fn reopen(&mut self, now: Now) {
        self.order(Order::Reopen, now);
    }

    fn roll_over(&mut self, now: Now) {
        self.order(Order::RollOver, now);
    }

    fn flush(&mut self, now: Now) {
        self.order(Order::Flush, now);
    }

    fn command_ended(&mut self, failed: bool, now: Now) {
        self.order(Order::CommandEnded { failed }, now);
    }

    fn tells_failures(&self) -> bool {
        self.tells_failures
    }

    fn ended(&self) -> Option<End> {
        match &self.inner {
            Some(inner) => inner.ended(),
            None => self.shared.ended(),
        }
    }

    /// The thread keeps it up to date.
    fn rollovers(&self) -> u64 {
        self.ledger.figures.rollovers.get()
    }

    fn close(&mut self, now: Now, hurry: bool) -> Result<(), EmitError> {
        if let Some(inner) = &mut self.inner {
            let closed = inner.close(now, hurry);
            return closed.then_some(()).ok_or(EmitError::slow(0));
        }
        if let Some(writer) = &mut self.writer {
            let synced = writer.close(now);
            synced.map_err(|error| EmitError::retry(0, "cannot sync the spool", error))?;
        }
        if self.thread.is_some() {
            // Whoever is in a hurry looks for signals in between.
            let (idle, most) = match hurry {
                true => (PATIENCE.0, HURRY),
                false => (PATIENCE.1, PATIENCE.1),
            };
            self.shared.close(hurry);
            if !self.shared.wait_for_end(idle, most) {
                return Err(EmitError::slow(0));
            }
        }
        self.join();
        self.end_shedding();
        self.put_back(now)?;
        self.note_rest();
        Ok(())
    }

    fn give_up(&mut self, now: Now) {
        if let Some(inner) = &mut self.inner {
            return inner.doubt(now);
        }
        if self.thread.is_none() {
            return;
        }
        self.shared.stop();
        if self.shared.wait_for_end(LAST_PATIENCE.0, LAST_PATIENCE.1) {
            self.join();
        } else {
            // It does not come back from the system. It is left alone, and
            // ends with the process.
            self.thread = None;
            self.shared.end();
            let (waiting, delivering) = self.shared.abandon();
            self.ledger.figures.dropped.add(waiting);
            if delivering > 0 {
                self.ledger.diag.error(format_args!(
                    "{}: {delivering} records are in doubt: a write of them does not return",
                    self.target
                ));
            }
        }
        self.end_shedding();
        if let Err(error) = self.put_back(now) {
            self.ledger.figures.note_error(error.reason());
        }
        self.note_rest();
    }
}

impl Drop for QueueHandler {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.give_up(Now::read());
        }
    }
}
