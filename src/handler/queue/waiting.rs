//! What waits between the two threads: records in pieces, and orders among
//! them.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::batch::{Frames, OwnedFrames};
use crate::figures::Figures;
use crate::handler::{End, Handler};
use crate::now::Now;
use crate::spool::{Run, Status};

/// The most that waits, in bytes, whatever the number of records; one record
/// may be longer.
const MAX_BYTES: u64 = 64 << 20;

/// The most that is handed over as one, in bytes; one record may be longer.
const PIECE: u64 = 64 << 10;

/// How many buffers of delivered pieces are kept for the next ones, and how
/// large they may be.
const SPARES: (usize, usize) = (4, 2 * PIECE as usize);

/// Something to do that is no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Reopen,
    RollOver,
    Flush,
    CommandEnded { failed: bool },
}

impl Order {
    pub(super) fn carry_out(self, handler: &mut dyn Handler, now: Now) {
        match self {
            Order::Reopen => handler.reopen(now),
            Order::RollOver => handler.roll_over(now),
            Order::Flush => handler.flush(now),
            Order::CommandEnded { failed } => handler.command_ended(failed, now),
        }
    }

    /// Whether it may help a handler that is blocked, and so does not wait for
    /// the records before it then.
    fn is_urgent(self) -> bool {
        matches!(self, Order::Reopen | Order::RollOver)
    }
}

/// Records that were put together.
#[derive(Debug, Default)]
pub(super) struct Piece {
    frames: OwnedFrames,
    /// Those before this record end were dropped.
    start: usize,
    pub(super) count: u64,
}

impl Piece {
    fn len(&self) -> usize {
        self.frames.end() - self.start
    }

    /// What is left of it.
    pub(super) fn frames(&self) -> Frames<'_> {
        debug_assert_eq!(self.start, 0);
        self.frames.frames()
    }

    fn compact(&mut self) {
        if self.start > 0 {
            self.frames.forget_before(std::mem::take(&mut self.start));
        }
    }

    /// Takes the oldest records out, so many of them.
    fn split(&mut self, count: u64) -> Piece {
        let frames = self.frames.frames();
        let (end, count) = frames.take(self.start, count, u64::MAX);
        let mut taken = OwnedFrames::default();
        taken.append(&frames, self.start, end);
        self.start = end;
        self.count -= count;
        Piece {
            frames: taken,
            start: 0,
            count,
        }
    }
}

/// What was taken out of the spool, and is to go back into it.
#[derive(Debug)]
pub(super) struct Returned {
    pub(super) frames: Vec<OwnedFrames>,
    /// The numbers that they had there, if those are known.
    pub(super) numbers: Option<Vec<Run>>,
}

/// What the thread does next.
#[derive(Debug)]
pub(super) enum Item {
    Records(Piece),
    Order(Order),
    /// Records wait in the spool.
    Spooled,
    /// Nothing waits any more, and nothing will come.
    Close,
    /// Nobody waits for it any more.
    Stop,
    /// It is time to look at the clock.
    Tick,
}

#[derive(Debug, Default)]
struct State {
    /// Records and orders.
    items: VecDeque<Item>,
    /// How many records wait, and their bytes.
    count: u64,
    bytes: u64,
    /// How many are being delivered.
    delivering: u64,
    /// How many of those that were delivered are not as safe as was asked.
    unsettled: u64,
    returned: Option<Returned>,
    spares: Vec<OwnedFrames>,
    /// How often the thread got on: only whether it changes is of interest.
    done: u64,
    /// Nothing more will come; whether the end is in a hurry.
    close: Option<bool>,
    stop: bool,
    /// The thread has done its last.
    over: bool,
    ended: Option<End>,
}

/// What both threads see.
#[derive(Debug)]
pub(super) struct Shared {
    capacity: u64,
    figures: Arc<Figures>,
    /// Where records wait, if not here.
    spool: OnceLock<Arc<Status>>,
    state: Mutex<State>,
    /// There is something to do.
    work: Condvar,
    /// Something was done.
    progress: Condvar,
}

impl Shared {
    pub(super) fn new(capacity: u64, figures: Arc<Figures>) -> Shared {
        Shared {
            capacity,
            figures,
            spool: OnceLock::new(),
            state: Mutex::default(),
            work: Condvar::new(),
            progress: Condvar::new(),
        }
    }

    /// Records wait in this spool, and not here.
    pub(super) fn set_spool(&self, status: Arc<Status>) {
        let _ = self.spool.set(status);
    }

    /// There is more in the spool.
    pub(super) fn spooled(&self) {
        // Whoever is just going to sleep holds the lock.
        drop(self.lock());
        self.work.notify_one();
    }

    /// Waits until something was done, so long at most.
    pub(super) fn wait_for_progress(&self, most: Duration) {
        let state = self.lock();
        let done = state.done;
        let waits = |state: &mut State| state.done == done && !state.over;
        let _ = self.progress.wait_timeout_while(state, most, waits);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many records a piece has at most: what is being delivered can't be
    /// dropped any more, and does not count as waiting.
    fn piece(&self) -> u64 {
        (self.capacity / 8).max(1)
    }

    /// Takes over one piece from the record end `at` on, where there is room,
    /// and gives the record end up to which it goes.
    pub(super) fn put(&self, frames: &Frames<'_>, at: usize) -> usize {
        let mut state = self.lock();
        if !self.fits(&state, frames.next(at) - at) {
            return at;
        }
        let most = self.piece().min(self.capacity - state.count);
        let (mut end, mut count) = frames.take(at, most, state.room().min(PIECE));
        if end == at {
            (end, count) = (frames.next(at), 1);
        }
        self.append(&mut state, frames, (at, end), count);
        drop(state);
        self.work.notify_one();
        end
    }

    /// Whether there is room for a record of that length.
    fn fits(&self, state: &State, length: usize) -> bool {
        state.count < self.capacity && length as u64 <= state.room()
    }

    fn append(
        &self,
        state: &mut State,
        frames: &Frames<'_>,
        (from, to): (usize, usize),
        count: u64,
    ) {
        self.figures.waiting.add(count);
        state.count += count;
        state.bytes += (to - from) as u64;
        if let Some(Item::Records(last)) = state.items.back_mut()
            && last.count + count <= self.piece()
            && (last.len() + to - from) as u64 <= PIECE
            && last.frames.append(frames, from, to)
        {
            last.count += count;
            return;
        }
        let mut piece = Piece {
            frames: state.spares.pop().unwrap_or_default(),
            start: 0,
            count,
        };
        // It can be: there is nothing in it.
        piece.frames.append(frames, from, to);
        state.items.push_back(Item::Records(piece));
    }

    /// Takes over one piece, and hands back the oldest ones that are in its way.
    pub(super) fn put_in_place_of_others(
        &self,
        frames: &Frames<'_>,
        at: usize,
        dropped: &mut Vec<Piece>,
    ) -> usize {
        let (mut end, mut count) = frames.take(at, self.piece(), PIECE);
        if end == at {
            (end, count) = (frames.next(at), 1);
        }
        let bytes = (end - at) as u64;
        let mut state = self.lock();
        while state.count + count > self.capacity || bytes > state.room() {
            let surplus = (state.count + count).saturating_sub(self.capacity);
            let Some(piece) = state.drop_oldest(surplus.max(1)) else {
                break;
            };
            self.figures.waiting.sub(piece.count);
            dropped.push(piece);
        }
        self.append(&mut state, frames, (at, end), count);
        drop(state);
        self.work.notify_one();
        end
    }

    /// Whether at most half of it is taken.
    pub(super) fn is_half_empty(&self) -> bool {
        self.lock().count <= self.capacity / 2
    }

    /// Puts an order behind the records. One that is there already, with no
    /// record behind it, is not given twice.
    pub(super) fn order(&self, order: Order) {
        let mut state = self.lock();
        let last = state.items.iter().rev();
        let mut last = last.take_while(|item| matches!(item, Item::Order(_)));
        if !last.any(|item| matches!(item, Item::Order(given) if *given == order)) {
            state.items.push_back(Item::Order(order));
        }
        drop(state);
        self.work.notify_one();
    }

    /// Waits for room for a record of that length, so long at most; tells
    /// whether there is.
    pub(super) fn wait_for_room(&self, length: usize, most: Duration) -> bool {
        let state = self.lock();
        let waits = |state: &mut State| !self.fits(state, length) && !state.over;
        let waited = self.progress.wait_timeout_while(state, most, waits);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        self.fits(&state, length)
    }

    /// Whether, and why, nothing more is delivered.
    pub(super) fn ended(&self) -> Option<End> {
        self.lock().ended
    }

    /// Nothing more will come.
    pub(super) fn close(&self, hurry: bool) {
        self.lock().close = Some(hurry);
        self.work.notify_one();
    }

    /// It does not come back: nothing more is delivered.
    pub(super) fn end(&self) {
        self.lock().ended.get_or_insert(End::Fatal);
    }

    /// For the thread: whether the end is in a hurry.
    pub(super) fn hurries(&self) -> bool {
        self.lock().close == Some(true)
    }

    /// Nobody waits any more.
    pub(super) fn stop(&self) {
        self.lock().stop = true;
        self.work.notify_one();
    }

    /// Waits for the end of the thread: so long at most while nothing is done,
    /// and so long in all. Tells whether it has come.
    pub(super) fn wait_for_end(&self, idle: Duration, most: Duration) -> bool {
        let begun = Instant::now();
        let mut state = self.lock();
        loop {
            let done = state.done;
            let waits = |state: &mut State| state.done == done && !state.over;
            let waited = self.progress.wait_timeout_while(state, idle, waits);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            if state.over || state.done == done || begun.elapsed() > most {
                return state.over;
            }
        }
    }

    /// Takes everything from a thread that does not come back: how many records
    /// have waited, and how many were being delivered.
    pub(super) fn abandon(&self) -> (u64, u64) {
        let mut state = self.lock();
        state.items.clear();
        state.bytes = 0;
        let waiting = std::mem::take(&mut state.count);
        self.figures.waiting.sub(waiting + state.delivering);
        (waiting, std::mem::take(&mut state.delivering))
    }

    /// How many records wait, are being delivered, or are not safe yet behind that.
    pub(super) fn unsettled(&self) -> u64 {
        let state = self.lock();
        state.count + state.delivering + state.unsettled
    }

    /// For the thread: while it waits, how many of those that were delivered are not
    /// as safe as was asked.
    pub(super) fn is_left(&self, unsettled: u64) {
        self.lock().unsettled = unsettled;
    }

    /// For the thread, at its end: these are to go back into the spool.
    pub(super) fn give_back(&self, returned: Returned) {
        self.lock().returned = Some(returned);
    }

    /// What is to go back into the spool.
    pub(super) fn take_returned(&self) -> Option<Returned> {
        self.lock().returned.take()
    }

    /// For the thread: waits for something to do, until the clock has to be
    /// looked at.
    pub(super) fn next(&self, due: Option<Instant>) -> Item {
        let mut state = self.lock();
        loop {
            if let Some(item) = state.take(self.spool.get().is_some_and(|s| s.unread() > 0)) {
                drop(state);
                // There is more room now.
                self.progress.notify_one();
                return item;
            }
            state = match due {
                None => self
                    .work
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(due) => {
                    let left = due.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Item::Tick;
                    }
                    let waited = self.work.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// For the thread: what it took is done, it got on by that or did not, and so
    /// many records in all are not as safe as was asked.
    pub(super) fn done(
        &self,
        piece: Option<Piece>,
        got_on: bool,
        unsettled: u64,
        ended: Option<End>,
    ) {
        let mut state = self.lock();
        state.done += u64::from(got_on || piece.is_some());
        state.unsettled = unsettled;
        state.ended = state.ended.or(ended);
        self.figures
            .waiting
            .sub(std::mem::take(&mut state.delivering));
        if let Some(mut piece) = piece
            && state.spares.len() < SPARES.0
            && piece.frames.room() <= SPARES.1
        {
            piece.frames.clear();
            state.spares.push(piece.frames);
        }
        drop(state);
        self.progress.notify_one();
    }

    /// For the thread: waits so long before something blocked is tried again,
    /// unless an order comes that may help. `Err`: nobody waits for it any more.
    pub(super) fn pause(&self, pause: Duration) -> Result<Option<Order>, Stopped> {
        let until = Instant::now() + pause;
        let mut state = self.lock();
        loop {
            let urgent = |item: &Item| matches!(item, Item::Order(order) if order.is_urgent());
            if state.stop {
                return Err(Stopped);
            }
            if let Some(at) = state.items.iter().position(urgent)
                && let Some(Item::Order(order)) = state.items.remove(at)
            {
                return Ok(Some(order));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            let waited = self.work.wait_timeout(state, left);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// For the thread: the next piece that waits, whatever else does.
    pub(super) fn remainder(&self) -> Option<Piece> {
        let mut state = self.lock();
        loop {
            match state.pop()? {
                Item::Records(piece) => return Some(piece),
                _ => continue,
            }
        }
    }

    /// For the thread: it has done its last.
    pub(super) fn over(&self, ended: Option<End>) {
        let mut state = self.lock();
        state.over = true;
        state.ended = state.ended.or(ended);
        drop(state);
        self.progress.notify_one();
    }
}

/// Nobody waits for the thread any more.
#[derive(Debug)]
pub(super) struct Stopped;

impl State {
    /// How many more bytes may wait. One record may always.
    fn room(&self) -> u64 {
        match self.count {
            0 => u64::MAX,
            _ => MAX_BYTES.saturating_sub(self.bytes),
        }
    }

    /// What the thread does next, if there is something.
    fn take(&mut self, spooled: bool) -> Option<Item> {
        if self.stop {
            return Some(Item::Stop);
        }
        let item = self.pop();
        // Of what has ended, nothing is taken out of the spool any more.
        let spooled = spooled && self.ended.is_none();
        let item = item.or_else(|| spooled.then_some(Item::Spooled));
        item.or_else(|| self.close.map(|_| Item::Close))
    }

    fn pop(&mut self) -> Option<Item> {
        let mut item = self.items.pop_front();
        if let Some(Item::Records(piece)) = &mut item {
            self.count -= piece.count;
            self.bytes -= piece.len() as u64;
            self.delivering = piece.count;
            piece.compact();
        }
        item
    }

    /// Takes the oldest records out, at most so many, all of one piece.
    fn drop_oldest(&mut self, most: u64) -> Option<Piece> {
        let at = self
            .items
            .iter()
            .position(|item| matches!(item, Item::Records(_)))?;
        let Some(Item::Records(first)) = self.items.get_mut(at) else {
            return None;
        };
        let mut piece = match first.count > most {
            true => first.split(most),
            false => match self.items.remove(at)? {
                Item::Records(first) => first,
                _ => return None,
            },
        };
        self.count -= piece.count;
        self.bytes -= piece.len() as u64;
        piece.compact();
        Some(piece)
    }
}
