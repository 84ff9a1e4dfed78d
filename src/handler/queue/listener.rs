//! The thread behind a queue: what a pipeline is for its stages, it is for one
//! delivery.

use std::sync::Arc;
use std::time::Duration;

use super::waiting::{Item, Piece, Shared, Stopped};
use crate::handler::End;
use crate::handler::delivery::{Delivery, PAUSES};
use crate::now::Now;

/// Python's `QueueListener`.
pub(super) struct Listener {
    inner: Delivery,
    shared: Arc<Shared>,
}

/// Says that the thread is over, also where a panic ends it.
struct Farewell(Arc<Shared>);

impl Drop for Farewell {
    fn drop(&mut self) {
        let panics = std::thread::panicking();
        self.0.over(panics.then_some(End::Fatal));
    }
}

impl Listener {
    pub(super) fn new(inner: Delivery, shared: Arc<Shared>) -> Listener {
        Listener { inner, shared }
    }

    /// Does what comes until it is closed or stopped.
    pub(super) fn run(mut self) {
        let _farewell = Farewell(Arc::clone(&self.shared));
        loop {
            let due = self.inner.deadline(Now::read());
            match self.shared.next(due) {
                Item::Records(piece) => self.deliver(piece),
                Item::Order(order) => {
                    order.carry_out(self.inner.handler(), Now::read());
                    self.note(None);
                }
                Item::Tick => self.inner.tick(Now::read()),
                Item::Close => return self.close(),
                Item::Stop => return self.stop(),
            }
        }
    }

    /// Delivers a piece, however often it has to be tried; nothing of it is
    /// left afterwards.
    fn deliver(&mut self, piece: Piece) {
        let frames = piece.frames();
        let mut pause = PAUSES.0;
        loop {
            let now = Now::read();
            self.inner.tick(now);
            if self.inner.deliver(&frames, now) {
                break;
            }
            if self.pause(&mut pause).is_err() {
                self.inner.give_up(&frames, Now::read());
                break;
            }
        }
        self.note(Some(piece));
    }

    /// Waits before something is tried again; does what may help.
    fn pause(&mut self, pause: &mut Duration) -> Result<(), Stopped> {
        while let Some(order) = self.shared.pause(*pause)? {
            order.carry_out(self.inner.handler(), Now::read());
        }
        *pause = (*pause * 2).min(PAUSES.1);
        Ok(())
    }

    fn close(&mut self) {
        let mut pause = PAUSES.0;
        while !self.inner.close(Now::read(), self.shared.hurries()) {
            if self.pause(&mut pause).is_err() {
                self.inner.doubt(Now::read());
                break;
            }
        }
        self.note(None);
    }

    /// Ends with what waits undelivered.
    fn stop(&mut self) {
        while let Some(piece) = self.shared.remainder() {
            self.inner.give_up(&piece.frames(), Now::read());
            self.note(Some(piece));
        }
        if !self.inner.close(Now::read(), true) {
            self.inner.doubt(Now::read());
        }
        self.note(None);
    }

    /// Lets the other thread know how far it is.
    fn note(&mut self, piece: Option<Piece>) {
        let rollovers = self.inner.look().rollovers();
        self.inner.ledger().figures.rollovers.set(rollovers);
        self.shared.done(piece, self.inner.ended());
    }
}
