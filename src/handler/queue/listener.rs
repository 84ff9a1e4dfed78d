//! The thread behind a queue: what a pipeline is for its stages, it is for one
//! delivery.

use std::sync::Arc;
use std::time::Duration;

use super::spooled::Spooled;
use super::waiting::{Item, Piece, Returned, Shared, Stopped};
use crate::batch::Frames;
use crate::handler::End;
use crate::handler::delivery::{Delivery, Ledger, PAUSES};
use crate::now::Now;

/// The shortest pause.
const LEAST: Duration = Duration::from_millis(1);

/// Python's `QueueListener`.
pub(super) struct Listener {
    inner: Delivery,
    shared: Arc<Shared>,
    spooled: Option<Spooled>,
    seen: Seen,
}

/// What changes when something was achieved, and not when it was only tried.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    taken: u64,
    dropped: u64,
    unproven: u64,
    unsettled: u64,
    rollovers: u64,
    ended: Option<End>,
}

/// Says that the thread is over, also where a panic ends it.
struct Farewell {
    shared: Arc<Shared>,
    ledger: Ledger,
    target: String,
}

impl Drop for Farewell {
    fn drop(&mut self) {
        let panics = std::thread::panicking();
        if panics {
            let why = "its handler panicked, and delivers nothing more";
            self.ledger.figures.note_error(why.to_owned());
            let target = &self.target;
            self.ledger.diag.error(format_args!("{target}: {why}"));
        }
        self.shared.over(panics.then_some(End::Fatal));
    }
}

impl Listener {
    pub(super) fn new(
        mut inner: Delivery,
        shared: Arc<Shared>,
        spooled: Option<Spooled>,
    ) -> Listener {
        if spooled.is_some() {
            inner.track();
        }
        Listener {
            inner,
            shared,
            spooled,
            seen: Seen::default(),
        }
    }

    /// Does what comes until it is closed or stopped.
    pub(super) fn run(mut self) {
        let _farewell = Farewell {
            shared: Arc::clone(&self.shared),
            ledger: self.inner.ledger().clone(),
            target: self.inner.look().target(),
        };
        loop {
            let due = self.inner.deadline(Now::read());
            match self.shared.next(due) {
                Item::Records(piece) => self.deliver(piece),
                Item::Spooled => {
                    if self.deliver_spooled().is_err() {
                        return self.stop();
                    }
                }
                Item::Order(order) => {
                    order.carry_out(self.inner.handler(), Now::read());
                    self.note(None);
                }
                Item::Tick => {
                    self.inner.tick(Now::read());
                    self.settle();
                    self.note(None);
                }
                Item::Close => return self.close(),
                Item::Stop => return self.stop(),
            }
        }
    }

    /// Delivers a piece, however often it has to be tried; nothing of it is
    /// left afterwards.
    fn deliver(&mut self, piece: Piece) {
        let frames = piece.frames();
        if self.attempt(&frames).is_err() {
            self.inner.give_up(&frames, Now::read());
        }
        self.note(Some(piece));
    }

    fn attempt(&mut self, frames: &Frames<'_>) -> Result<(), Stopped> {
        let mut pause = PAUSES.0;
        loop {
            let now = Now::read();
            self.inner.tick(now);
            if self.inner.deliver(frames, now) {
                return Ok(());
            }
            self.settle();
            self.shared.is_left(self.inner.look().unsettled());
            self.pause(&mut pause)?;
        }
    }

    /// Delivers what comes next in the spool. `Err`: what was not delivered is
    /// still there.
    fn deliver_spooled(&mut self) -> Result<(), Stopped> {
        if self.inner.ended().is_some() {
            self.note(None);
            return Ok(());
        }
        let Some(mut spooled) = self.spooled.take() else {
            return Ok(());
        };
        let result = match spooled.read(&mut self.inner) {
            true => {
                let frames = std::mem::take(&mut spooled.frames);
                self.spooled = Some(spooled);
                let result = self.attempt(&frames.frames());
                if let Some(spooled) = &mut self.spooled {
                    spooled.frames = frames;
                }
                result
            }
            // It can't be read at the moment.
            false => {
                self.spooled = Some(spooled);
                let mut pause = PAUSES.1;
                self.pause(&mut pause)
            }
        };
        self.settle();
        self.note(None);
        result
    }

    /// Takes out of the spool what has arrived.
    fn settle(&mut self) {
        if let Some(spooled) = &mut self.spooled {
            spooled.settle(&mut self.inner);
        }
    }

    /// Waits before something is tried again; does what may help.
    fn pause(&mut self, pause: &mut Duration) -> Result<(), Stopped> {
        let now = Now::read();
        // A handler that knows when to come again is not kept waiting longer.
        let due = self.inner.deadline(now).map(|due| now.until(due));
        let most = due.map_or(*pause, |due| due.clamp(LEAST, *pause));
        while let Some(order) = self.shared.pause(most)? {
            order.carry_out(self.inner.handler(), Now::read());
        }
        *pause = (*pause * 2).min(PAUSES.1);
        Ok(())
    }

    fn close(&mut self) {
        let mut pause = PAUSES.0;
        while !self.inner.close(Now::read(), self.shared.hurries()) {
            self.settle();
            self.note(None);
            if self.pause(&mut pause).is_err() {
                self.end();
                break;
            }
        }
        self.settle();
        self.give_back();
        self.note(None);
    }

    /// Ends with what waits undelivered.
    fn stop(&mut self) {
        while let Some(piece) = self.shared.remainder() {
            self.inner.give_up(&piece.frames(), Now::read());
            self.note(Some(piece));
        }
        self.settle();
        if self.spooled.is_some() {
            self.inner.leave(Now::read());
        }
        if !self.inner.close(Now::read(), true) {
            self.end();
        }
        self.give_back();
        self.note(None);
    }

    /// What is out of the spool and has not arrived after all goes back into it, once
    /// this thread is over.
    fn give_back(&mut self) {
        let (frames, whole) = self.inner.take_returned();
        if frames.is_empty() {
            return;
        }
        let counts = frames
            .iter()
            .map(|frames| frames.frames().count(0, frames.end()));
        let count = counts.sum();
        let spooled = self.spooled.as_ref().filter(|_| whole);
        let numbers = spooled.and_then(|spooled| spooled.acknowledged(count));
        self.shared.give_back(Returned { frames, numbers });
    }

    /// Ends without knowing whether everything has arrived.
    fn end(&mut self) {
        let now = Now::read();
        match self.spooled.is_some() {
            true => {
                self.settle();
                self.inner.leave(now);
            }
            false => self.inner.doubt(now),
        }
    }

    /// Lets the other thread know how far it is.
    fn note(&mut self, piece: Option<Piece>) {
        let handler = self.inner.look();
        let figures = &self.inner.ledger().figures;
        let seen = Seen {
            taken: figures.bytes.get(),
            dropped: figures.dropped.get(),
            unproven: handler.unproven(),
            unsettled: handler.unsettled(),
            rollovers: handler.rollovers(),
            ended: self.inner.ended(),
        };
        figures.rollovers.set(seen.rollovers);
        let got_on = seen != self.seen;
        self.shared.done(piece, got_on, seen.unsettled, seen.ended);
        self.seen = seen;
    }
}
