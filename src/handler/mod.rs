//! Handlers: each delivers bytes that are already rendered and framed.
//!
//! Python's `Handler` filters, formats, delivers and copes with errors. Here a
//! [`Handler`] only delivers; the [`Stage`] around it does the other three,
//! once for all of them.

pub mod buffer;
pub mod dead_letter;
pub mod delivery;
#[cfg(feature = "net")]
pub mod eventlog;
#[cfg(test)]
pub(crate) mod fake;
pub mod file;
#[cfg(feature = "http")]
pub mod http;
pub mod null;
mod pieces;
pub mod queue;
#[cfg(feature = "net")]
pub mod remote;
pub mod rotate;
pub mod rotating;
#[cfg(feature = "smtp")]
pub mod smtp;
pub mod stage;
pub mod stream;
pub mod timed;

use std::io;
use std::time::{Duration, Instant};

use crate::batch::Frames;
use crate::diag::plain;
use crate::now::Now;
use crate::wire::lh::SenderId;

pub use buffer::MemoryHandler;
pub use delivery::{Delivery, End};
pub use file::FileHandler;
pub use null::NullHandler;
pub use queue::QueueHandler;
pub use rotate::RotatingFileHandler;
pub use rotating::BaseRotatingHandler;
pub use stage::Stage;
pub use stream::StreamHandler;
pub use timed::TimedRotatingFileHandler;

/// Delivers batches of records to one place.
///
/// A wrapper is a handler, too, with a [`Delivery`] inside: a [`MemoryHandler`]
/// or a [`QueueHandler`]. It answers for the handler that it wraps.
pub trait Handler: Send {
    /// Its name on the command line.
    fn kind(&self) -> &'static str;

    /// What the handler writes to, as a message to the user names it.
    fn target(&self) -> String;

    /// Whether [`open`](Handler::open) empties what is there, which no error behind
    /// it brings back.
    fn empties(&self) -> bool {
        false
    }

    /// Whether it would make a directory that is missing, if it were told to.
    fn lacks_mkdir(&self) -> bool {
        false
    }

    /// Looks whether [`open`](Handler::open) would succeed, and changes nothing.
    ///
    /// # Errors
    /// The reason why it would not.
    fn check(&self) -> io::Result<()> {
        Ok(())
    }

    /// Tries the target as far as that goes without a record: connects, agrees on
    /// TLS, logs in. Says in a few words what it found. To be called in place of
    /// [`open`](Handler::open), after [`check`](Handler::check) has succeeded.
    ///
    /// # Errors
    /// What a record would fail of, in words.
    fn probe(&self) -> Result<String, String> {
        Ok("it can be written".to_owned())
    }

    /// Whether it would write into this open file.
    fn writes_to(&self, file: &std::fs::File) -> bool {
        let _ = file;
        false
    }

    /// Whether it looks at the records' levels, which the frames have then.
    fn wants_levels(&self) -> bool {
        false
    }

    /// Opens what has to be there before the first record, so that a mistake
    /// shows at the start. Does nothing where that is asked to wait (`--delay`).
    ///
    /// # Errors
    /// Whatever keeps the target from being written and will not pass by
    /// itself.
    fn open(&mut self, now: Now) -> io::Result<()>;

    /// Delivers the records of `frames` from the record end `from` on, all of
    /// them or up to the record end that the error names. With `from` at the
    /// end of the frames there is nothing to deliver but what the handler
    /// still owes from before.
    ///
    /// # Errors
    /// [`EmitError`] says how far it came and what can be done about it.
    fn emit(&mut self, frames: &Frames<'_>, from: usize, now: Now) -> Result<(), EmitError>;

    /// When [`tick`](Handler::tick) has to be called at the latest.
    fn deadline(&self, now: Now) -> Option<Instant> {
        let _ = now;
        None
    }

    /// Does what is due by the clock.
    ///
    /// # Errors
    /// As [`emit`](Handler::emit), with nothing delivered.
    fn tick(&mut self, now: Now) -> Result<(), EmitError> {
        let _ = now;
        Ok(())
    }

    /// Opens the target anew under its name (SIGHUP).
    fn reopen(&mut self, now: Now) {
        let _ = now;
    }

    /// Rolls over now, where the handler can (SIGALRM).
    fn roll_over(&mut self, now: Now) {
        let _ = now;
    }

    /// Delivers what it holds back (Python's `flush`), where it holds anything
    /// back. What can't be delivered at once is delivered later.
    fn flush(&mut self, now: Now) {
        let _ = now;
    }

    /// The command whose output this is has ended; called before
    /// [`close`](Handler::close).
    fn command_ended(&mut self, failed: bool, now: Now) {
        let _ = (failed, now);
    }

    /// Whether it is there to tell of a command that failed
    /// (`buffer --flush-on-failure`).
    fn tells_failures(&self) -> bool {
        false
    }

    /// Whether, and why, nothing more is delivered here, where a wrapper knows
    /// that of what it wraps.
    fn ended(&self) -> Option<End> {
        None
    }

    /// Rollovers made so far.
    fn rollovers(&self) -> u64 {
        0
    }

    /// The records that were not delivered are given up: the next ones that
    /// come do not continue them.
    fn abandon(&mut self) {}

    /// Gives up what it had taken before and could not deliver just now: hands those
    /// records out, and forgets them. `false`: what it failed of are the records that
    /// were brought.
    fn drop_failed(&mut self, each: &mut dyn FnMut(&Frames<'_>)) -> bool {
        let _ = each;
        false
    }

    /// How many of the records that it has taken are not known to have arrived:
    /// always the last of them.
    fn unproven(&self) -> u64 {
        0
    }

    /// Whether all that it has taken is delivered, and [`close`](Handler::close) waits
    /// only for a last word of its peer that says so once more.
    fn is_delivered(&self) -> bool {
        false
    }

    /// Whether a trouble that it told of can be said to be over, once something
    /// was taken since: asked then, and whenever something was done by the clock,
    /// until it is. Who is sure only later that it has arrived says so later.
    fn has_recovered(&self, now: Now) -> bool {
        let _ = now;
        true
    }

    /// How many of the records that it has taken are not as safe as was asked:
    /// always the last of them. They have not arrived, are not synced, or wait
    /// in memory.
    fn unsettled(&self) -> u64 {
        self.unproven()
    }

    /// Hands out the records that it has taken and that were refused for good
    /// since it was last asked, and forgets them: they are not
    /// [unproven](Handler::unproven) any more.
    fn refused(&mut self, each: &mut dyn FnMut(Refusal<'_>)) {
        let _ = each;
    }

    /// Gives up what it has taken and what is not known to have arrived: hands
    /// those records out, in order, and forgets them.
    fn surrender(&mut self, each: &mut dyn FnMut(&Frames<'_>)) {
        let _ = each;
    }

    /// The records that come are those of this sender, and the next of them has
    /// this number; each that follows has the next one, until it is called
    /// again.
    fn number(&mut self, sender: SenderId, next: u64) {
        let _ = (sender, next);
    }

    /// What is not known to be safe, in words, if that is more than the
    /// records that were not delivered.
    fn doubtful(&self) -> Option<String> {
        None
    }

    /// Whether it has backups that [`prune`](Handler::prune) can give up.
    fn prunes(&self) -> bool {
        false
    }

    /// Makes room on a full disk by giving up the oldest backup, where there
    /// are backups; tells whether there was one.
    fn prune(&mut self) -> bool {
        false
    }

    /// Finishes: what is delivered is made as safe as was asked, and
    /// background work is waited for, or left to the next start if `hurry`.
    ///
    /// # Errors
    /// Those of writing, for what could not be made safe. A wrapper that still
    /// waits for what it wraps answers that it is [slow](EmitError::is_slowness).
    fn close(&mut self, now: Now, hurry: bool) -> Result<(), EmitError>;

    /// How long at most the end of a run waits until what was taken has
    /// arrived; `hurry` where the run is asked to end before its input does.
    /// `None`: for ever at the end of the input, and two seconds in a hurry.
    fn patience(&self, hurry: bool) -> Option<Duration> {
        let _ = hurry;
        None
    }

    /// Nobody waits any longer for a close that was answered by slowness: what
    /// is still held is lost, and counted.
    fn give_up(&mut self, now: Now) {
        let _ = now;
    }
}

/// Records that were taken, and of which it showed later that they can never be
/// delivered.
#[derive(Clone, Copy, Debug)]
pub struct Refusal<'a> {
    /// The records.
    pub frames: Frames<'a>,
    /// How many of them that is true of, where nobody knows which; `None`: of all.
    pub lost: Option<u64>,
    /// What was being done, in words that come before the reason.
    pub doing: &'static str,
    /// The reason.
    pub reason: &'a str,
}

/// An error that says by itself what was being done.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Described(pub String);

/// What can be done about a failed delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It may succeed later as it is: a full disk, a busy reader.
    Retry,
    /// The record behind `done` can never be delivered; those after it can.
    Drop,
    /// Nothing more can be delivered here.
    Fatal,
}

/// A delivery that came only part of the way.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct EmitError {
    /// The record end up to which everything was delivered: from where the handler was to
    /// begin, to the end of the frames. What is no record end counts as the one before.
    pub done: usize,
    /// What can be done about it.
    pub fault: Fault,
    /// What was being done, in words that come before the reason.
    pub doing: &'static str,
    /// The reason.
    pub source: io::Error,
}

impl EmitError {
    /// A failure that may pass.
    pub fn retry(done: usize, doing: &'static str, source: io::Error) -> EmitError {
        EmitError {
            done,
            fault: Fault::Retry,
            doing,
            source,
        }
    }

    /// The target takes no more at the moment.
    pub fn slow(done: usize) -> EmitError {
        EmitError::retry(done, "cannot write", io::ErrorKind::WouldBlock.into())
    }

    /// What went wrong, in words.
    pub(crate) fn reason(&self) -> String {
        format!("{}: {}", self.doing, plain(&self.source))
    }

    /// Whether the target is only slow to take more: no fault, and nothing to
    /// tell anybody.
    pub fn is_slowness(&self) -> bool {
        self.fault == Fault::Retry && self.source.kind() == io::ErrorKind::WouldBlock
    }
}
