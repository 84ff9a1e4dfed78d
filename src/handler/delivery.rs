//! A handler with what is done about its errors: the half of a stage that
//! takes rendered records.
//!
//! A stage has one around its handler. Where that is a wrapper, such as a
//! buffer or a queue, the wrapper has another one inside: the innermost acts
//! on what the target answers, and those around it only wait.

mod settling;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use settling::Settling;

use super::dead_letter::DeadLetters;
use super::{Described, EmitError, Fault, Handler, Refusal};
use crate::batch::Frames;
use crate::diag::{Diag, plain};
use crate::figures::Figures;
use crate::now::Now;
use crate::sys;

/// While a handler is blocked, how long until it is tried again: doubled each
/// time, from the first of these to the second.
pub(crate) const PAUSES: (Duration, Duration) =
    (Duration::from_millis(10), Duration::from_millis(250));

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

/// Why nothing more is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Its target is gone; others can go on.
    Fatal,
    /// `--on-error exit`: everything ends.
    Exit,
}

/// See the [module](self).
pub struct Delivery {
    handler: Box<dyn Handler>,
    /// What it says of its target: made once, because each batch asks.
    target: String,
    on_error: OnError,
    ledger: Ledger,
    /// The handler is a wrapper, and the delivery in it counts what is delivered.
    wraps: bool,
    /// Up to here the batch is delivered.
    at: usize,
    trouble: Option<Trouble>,
    /// What is due by the clock failed, and is left alone until then.
    resting: Option<Instant>,
    end: Option<End>,
    /// Why closing did not make everything safe.
    unsafe_because: Option<String>,
    settling: Option<Settling>,
    /// That a record can't be delivered was told once.
    told_drop: bool,
}

/// Where it is written down what became of records. A delivery shares it with
/// those inside and around it, and with the wrapper between them.
#[derive(Clone)]
pub struct Ledger {
    /// What became of them, in numbers.
    pub figures: Arc<Figures>,
    /// Where notices go.
    pub diag: Diag,
    dead_letters: Option<Arc<Mutex<DeadLetters>>>,
}

impl Ledger {
    /// Counts the records between two record ends as lost, and keeps them as
    /// dead letters.
    pub fn lose(
        &self,
        target: &str,
        frames: &Frames<'_>,
        (from, to): (usize, usize),
        reason: &str,
        now: Now,
    ) {
        self.figures.dropped.add(frames.count(from, to));
        if let Some(mut letters) = self.letters() {
            letters.keep(frames, (from, to), target, reason, now);
        }
    }

    fn letters(&self) -> Option<MutexGuard<'_, DeadLetters>> {
        let letters = self.dead_letters.as_ref()?;
        Some(letters.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A fault that has begun and not ended.
#[derive(Debug)]
struct Trouble {
    since: Instant,
    lost: u64,
    told: bool,
    /// Since it last failed, something was taken.
    taken: bool,
}

impl Delivery {
    /// Puts a handler behind a policy for its errors.
    pub fn new(
        handler: Box<dyn Handler>,
        on_error: OnError,
        dead_letters: Option<DeadLetters>,
        diag: Diag,
    ) -> Delivery {
        Delivery {
            target: handler.target(),
            handler,
            on_error,
            ledger: Ledger {
                figures: Arc::default(),
                diag,
                dead_letters: dead_letters.map(|letters| Arc::new(Mutex::new(letters))),
            },
            wraps: false,
            at: 0,
            trouble: None,
            resting: None,
            end: None,
            unsafe_because: None,
            settling: None,
            told_drop: false,
        }
    }

    /// Puts a wrapper around it.
    #[must_use]
    pub fn wrap(self, wrapper: impl FnOnce(Delivery) -> Box<dyn Handler>) -> Delivery {
        let ledger = self.ledger.clone();
        let diag = ledger.diag.clone();
        Delivery {
            ledger,
            wraps: true,
            ..Delivery::new(wrapper(self), OnError::Block, None, diag)
        }
    }

    /// Looks whether everything can be opened, and changes nothing.
    ///
    /// # Errors
    /// What can't be opened, and why.
    pub fn check(&self) -> Result<(), String> {
        let handler = &*self.handler;
        let advised = |error| cannot_open(handler, &error) + hint(handler, &error);
        handler.check().map_err(advised)?;
        let letters = self.ledger.letters();
        letters.map_or(Ok(()), |letters| check(letters.handler()))
    }

    /// [Tries](Handler::probe) the handler's target, and sends nothing.
    ///
    /// # Errors
    /// What a record would fail of.
    pub fn probe(&self) -> Result<String, String> {
        self.check()?;
        self.handler.probe()
    }

    /// Opens the handler.
    ///
    /// # Errors
    /// What can't be opened, and why.
    pub fn open(&mut self, now: Now) -> Result<(), String> {
        let opened = self.handler.open(now);
        opened.map_err(|error| cannot_open(&*self.handler, &error))
    }

    /// Looks at the handler.
    pub fn look(&self) -> &dyn Handler {
        &*self.handler
    }

    /// The handler.
    pub fn handler(&mut self) -> &mut dyn Handler {
        &mut *self.handler
    }

    /// Opens what it writes anew under its name, dead letters as well.
    pub fn reopen(&mut self, now: Now) {
        self.handler.reopen(now);
        if let Some(mut letters) = self.ledger.letters() {
            letters.reopen(now);
        }
    }

    /// Where it is written down what becomes of the records.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Whether, and why, nothing more is delivered here.
    pub fn ended(&self) -> Option<End> {
        self.end.or_else(|| self.handler.ended())
    }

    /// Whether an error of its handler ends the run.
    pub fn exits(&self) -> bool {
        self.on_error == OnError::Exit
    }

    /// Delivers a batch. `false`: it is blocked, and has to be called again
    /// with the same batch.
    pub fn deliver(&mut self, frames: &Frames<'_>, now: Now) -> bool {
        let done = self.try_deliver(frames, now);
        self.note_refused(now);
        self.note_unproven();
        if done {
            self.at = 0;
        }
        done
    }

    fn try_deliver(&mut self, frames: &Frames<'_>, now: Now) -> bool {
        loop {
            if self.ended().is_some() {
                // What is kept elsewhere until it is settled is not lost.
                if self.settling.is_none() {
                    self.lose_after_end(frames, now);
                }
                return true;
            }
            let error = match self.handler.emit(frames, self.at, now) {
                Ok(()) => {
                    self.count(frames, self.at, frames.len());
                    // Only what was written tells that writing works.
                    if !frames.is_empty() {
                        self.note_taken();
                    }
                    self.end_trouble_if_over(now);
                    return true;
                }
                Err(error) => error,
            };
            let done = self.whole(frames, error.done);
            self.count(frames, self.at, done);
            self.at = done;
            self.note(&error);
            match (error.fault, self.on_error) {
                (Fault::Fatal, _) => self.end_by(End::Fatal, &error),
                (Fault::Drop, _) => {
                    let next = frames.next(self.at);
                    if !std::mem::replace(&mut self.told_drop, true) {
                        let (target, reason) = (self.handler.target(), plain(&error.source));
                        self.ledger.diag.error(format_args!(
                            "{target}: {}: {reason}; it is left out, as any like it",
                            error.doing
                        ));
                    }
                    self.lose(frames, next, &error.reason(), now);
                    self.at = next;
                }
                (Fault::Retry, _) if error.is_slowness() => return false,
                (Fault::Retry, OnError::Drop) => {
                    if self.drop_failed(&error, now) {
                        continue;
                    }
                    self.handler.abandon();
                    self.lose(frames, frames.len(), &error.reason(), now);
                    return true;
                }
                (Fault::Retry, OnError::Exit) => self.end_by(End::Exit, &error),
                (Fault::Retry, OnError::Prune)
                    if sys::is_full(&error.source) && self.handler.prune() => {}
                (Fault::Retry, OnError::Block | OnError::Prune) => {
                    let what = match self.handler.patience(false) {
                        None => "waiting until that is over; nothing is lost",
                        // The end does not wait for ever.
                        Some(_) => "waiting until that is over; nothing is lost so far",
                    };
                    self.begin_trouble(&error, what, now);
                    return false;
                }
            }
        }
    }

    /// How far a handler came that says so: to the end of a record, and not back.
    fn whole(&self, frames: &Frames<'_>, done: usize) -> usize {
        let done = done.min(frames.len());
        let mut end = self.at;
        while end < done {
            let next = frames.next(end);
            if next > done {
                break;
            }
            end = next;
        }
        end
    }

    /// Counts what the handler has taken, between two record ends.
    fn count(&mut self, frames: &Frames<'_>, from: usize, to: usize) {
        if self.wraps || from == to {
            return;
        }
        self.ledger.figures.bytes.add((to - from) as u64);
        let counts_all = self.ledger.figures.counts_all();
        if counts_all || self.settling.is_some() {
            let count = frames.count(from, to);
            if counts_all {
                self.ledger.figures.delivered.add(count);
            }
            if let Some(settling) = &mut self.settling {
                settling.taken += count;
            }
        }
    }

    /// Gives up what the handler has taken and what was refused since.
    fn note_refused(&mut self, now: Now) {
        if self.wraps {
            return;
        }
        let (ledger, target) = (&self.ledger, &self.target);
        let (told, trouble) = (&mut self.told_drop, &mut self.trouble);
        self.handler.refused(&mut |refusal| {
            let Refusal {
                frames,
                lost,
                doing,
                reason,
            } = refusal;
            if !std::mem::replace(told, true) {
                ledger.diag.error(format_args!(
                    "{target}: {doing}: {reason}; it is left out, as any like it"
                ));
            }
            let count = lost.unwrap_or_else(|| frames.count(0, frames.len()));
            if let Some(trouble) = trouble {
                trouble.lost += count;
            }
            if ledger.figures.counts_all() {
                ledger.figures.delivered.sub(count);
            }
            let reason = format!("{doing}: {reason}");
            ledger.figures.dropped.add(count);
            // Where some of them arrived, any may be one that did not.
            if let Some(mut letters) = ledger.letters() {
                letters.keep(&frames, (0, frames.len()), target, &reason, now);
            }
            ledger.figures.note_error(reason);
        });
    }

    /// Gives up what the handler had taken before this error and what it is about: those
    /// that came since are not to blame. `false`: it is about those that are at hand.
    fn drop_failed(&mut self, error: &EmitError, now: Now) -> bool {
        self.begin_trouble(error, "dropping records until that is over", now);
        let (ledger, target, reason) = (&self.ledger, &self.target, error.reason());
        let mut count = 0;
        let were_taken = self.handler.drop_failed(&mut |frames| {
            count += frames.count(0, frames.len());
            ledger.lose(target, frames, (0, frames.len()), &reason, now);
        });
        if let Some(trouble) = &mut self.trouble {
            trouble.lost += count;
        }
        if ledger.figures.counts_all() {
            ledger.figures.delivered.sub(count);
        }
        were_taken
    }

    /// Lets others know how many records are on their way.
    fn note_unproven(&self) {
        if !self.wraps {
            let unproven = self.handler.unproven();
            self.ledger.figures.unproven.set(unproven);
        }
    }

    /// Why what was waited for in vain is given up: what went wrong last, if anything
    /// did.
    fn last_reason(&self, otherwise: &str) -> String {
        let reason = self.ledger.figures.last_error();
        reason.unwrap_or_else(|| otherwise.to_owned())
    }

    /// Counts a failure.
    fn note(&self, error: &EmitError) {
        if !self.wraps && !error.is_slowness() {
            self.ledger.figures.note_error(error.reason());
        }
    }

    fn begin_trouble(&mut self, error: &EmitError, what: &str, now: Now) {
        let trouble = self.trouble.get_or_insert(Trouble {
            since: now.mono,
            lost: 0,
            told: false,
            taken: false,
        });
        trouble.taken = false;
        if !std::mem::replace(&mut trouble.told, true) {
            let (target, reason) = (self.handler.target(), plain(&error.source));
            self.ledger
                .diag
                .warn(format_args!("{target}: {}: {reason}; {what}", error.doing));
        }
    }

    fn note_taken(&mut self) {
        if let Some(trouble) = &mut self.trouble {
            trouble.taken = true;
        }
    }

    /// A peer that refuses whatever it is sent takes it at first: what is told
    /// then would be told again at each attempt.
    fn end_trouble_if_over(&mut self, now: Now) {
        let taken = self.trouble.as_ref().is_some_and(|trouble| trouble.taken);
        if taken && self.handler.has_recovered(now) {
            self.end_trouble(now);
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
                0 => self.ledger.diag.warn(format_args!(
                    "{target}: written again after {seconds:.1} s; nothing was lost"
                )),
                lost => self.ledger.diag.warn(format_args!(
                    "{target}: written again after {seconds:.1} s; {lost} records were dropped"
                )),
            }
        }
    }

    /// Gives up what is left of a batch, for the reason of the end.
    fn lose_after_end(&self, frames: &Frames<'_>, now: Now) {
        let reason = self.ledger.figures.last_error();
        let reason = reason.as_deref().unwrap_or("nothing more is delivered");
        let left = (self.at, frames.len());
        self.ledger.lose(&self.target, frames, left, reason, now);
    }

    /// Nothing more is delivered here. What the handler holds is given up when it is
    /// closed.
    fn end_by(&mut self, end: End, error: &EmitError) {
        self.ledger.diag.error(format_args!(
            "{}: {}",
            self.handler.target(),
            error.reason()
        ));
        self.end = Some(end);
    }

    /// Counts records up to the record end `to` as lost, and keeps them as
    /// dead letters.
    fn lose(&mut self, frames: &Frames<'_>, to: usize, reason: &str, now: Now) {
        if let Some(trouble) = &mut self.trouble {
            trouble.lost += frames.count(self.at, to);
        }
        if let Some(settling) = &mut self.settling {
            let count = frames.count(self.at, to);
            settling.dropped.push_back((settling.taken, count));
        }
        let target = self.handler.target();
        self.ledger
            .lose(&target, frames, (self.at, to), reason, now);
    }

    /// Ends waiting for a blocked handler: what it did not take is lost.
    pub fn give_up(&mut self, frames: &Frames<'_>, now: Now) {
        let reason = self.last_reason("given up: it took too long");
        self.handler.abandon();
        self.lose(frames, frames.len(), &reason, now);
        self.at = 0;
    }

    /// Does what is due by the clock.
    pub fn tick(&mut self, now: Now) {
        if self.deadline(now).is_none_or(|due| due > now.mono) {
            return;
        }
        let failed_before = self.resting.take().is_some();
        match self.handler.tick(now) {
            Ok(()) => {
                if failed_before {
                    self.note_taken();
                }
                self.end_trouble_if_over(now);
            }
            // It is neither over nor worse.
            Err(error) if error.is_slowness() => {
                self.resting = failed_before.then(|| now.mono + TICK_PAUSE);
            }
            Err(error) if error.fault == Fault::Retry && self.on_error == OnError::Exit => {
                self.note(&error);
                self.end_by(End::Exit, &error);
            }
            Err(error) => {
                self.note(&error);
                let drops = error.fault == Fault::Retry && self.on_error == OnError::Drop;
                if !(drops && self.drop_failed(&error, now)) {
                    self.resting = Some(now.mono + TICK_PAUSE);
                    self.begin_trouble(&error, "trying again", now);
                }
            }
        }
        self.note_refused(now);
        self.note_unproven();
    }

    /// When [`tick`](Self::tick) has to be called at the latest.
    pub fn deadline(&self, now: Now) -> Option<Instant> {
        if self.ended().is_some() {
            return None;
        }
        let due = self.handler.deadline(now)?;
        Some(self.resting.map_or(due, |until| due.max(until)))
    }

    /// Closes the handler. `false`: it could not make its last records safe,
    /// and can be tried again.
    pub fn close(&mut self, now: Now, hurry: bool) -> bool {
        if self.end.is_some() {
            let kept = self.settling.is_some();
            self.surrender(kept, now);
        }
        let closed = self.handler.close(now, hurry);
        self.note_refused(now);
        self.note_unproven();
        let error = match closed {
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
        if error.is_slowness() {
            return false;
        }
        self.note(&error);
        match (error.fault, self.on_error) {
            (Fault::Retry, OnError::Block | OnError::Prune) => {
                self.begin_trouble(&error, "trying again", now);
                self.unsafe_because = Some(error.reason());
                false
            }
            // What is behind it has not been tried.
            (Fault::Retry, OnError::Drop) if self.drop_failed(&error, now) => false,
            // What is kept elsewhere stays there.
            (Fault::Retry, OnError::Exit) if self.settling.is_some() => {
                self.end_by(End::Exit, &error);
                self.surrender(true, now);
                true
            }
            (Fault::Fatal, _) if self.settling.is_some() => {
                self.end_by(End::Fatal, &error);
                self.surrender(true, now);
                true
            }
            // What it holds is lost, and nothing of it in doubt.
            (Fault::Retry, OnError::Exit) if self.handler.unproven() > 0 => {
                self.end_by(End::Exit, &error);
                self.surrender(false, now);
                true
            }
            _ => {
                self.unsafe_because = Some(error.reason());
                self.doubt(now);
                true
            }
        }
    }

    /// Ends with records that are lost, or of which it is not known whether
    /// they are safe: after a [`close`](Self::close) that did not succeed.
    pub fn doubt(&mut self, now: Now) {
        if self.wraps {
            self.handler.give_up(now);
            return;
        }
        if self.surrender(false, now) > 0 || self.handler.is_delivered() {
            return;
        }
        // What is left may be no matter of records, and is told by the handler then.
        self.handler.surrender(&mut |_| {});
        if self.handler.is_delivered() {
            return;
        }
        let target = self.handler.target();
        let what = self.handler.doubtful();
        let what = what.as_deref().unwrap_or("its last records");
        let reason = self.unsafe_because.take();
        let reason = reason.unwrap_or_else(|| self.last_reason("it took too long"));
        self.ledger
            .diag
            .error(format_args!("{target}: {what} are in doubt: {reason}"));
        self.end.get_or_insert(End::Fatal);
    }
}

fn check(handler: &dyn Handler) -> Result<(), String> {
    handler
        .check()
        .map_err(|error| cannot_open(handler, &error))
}

fn cannot_open(handler: &dyn Handler, error: &std::io::Error) -> String {
    let target = handler.target();
    match error.get_ref() {
        Some(described) if described.is::<Described>() => format!("{target}: {described}"),
        _ => format!("{target}: cannot open for append: {}", plain(error)),
    }
}

/// What makes a directory that is missing, where a handler can be told to; dead
/// letters can not.
fn hint(handler: &dyn Handler, error: &std::io::Error) -> &'static str {
    match handler.lacks_mkdir() && plain(error).starts_with(sys::NO_DIRECTORY) {
        true => "; --mkdir makes it",
        false => "",
    }
}
