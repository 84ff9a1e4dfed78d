//! A handler for tests, which does what it is told.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use super::{EmitError, Fault, Handler};
use crate::batch::Frames;
use crate::now::Now;

/// What it answers to records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// It takes them.
    Willing,
    /// It takes so many, and is slow then until it is asked again.
    Takes(u64),
    /// It is slow.
    Slow,
    /// It fails, which may pass.
    Failing,
    /// It can't take those that begin with a `!`.
    Picky,
    /// It is broken for ever.
    Broken,
    /// It can't be closed.
    Open,
    /// It does not come back.
    Hanging,
}

/// What it has seen.
#[derive(Debug)]
pub struct Seen {
    /// What every call brought that brought something.
    pub emits: Vec<String>,
    /// All other calls, by name.
    pub calls: Vec<String>,
    /// How often records were brought.
    pub tries: usize,
    pub mood: Mood,
}

/// The test's end of a [`Fake`].
#[derive(Clone)]
pub struct Remote(Arc<(Mutex<Seen>, Condvar)>);

pub struct Fake(Remote);

impl Remote {
    pub fn new(mood: Mood) -> (Remote, Box<Fake>) {
        let seen = Seen {
            emits: Vec::new(),
            calls: Vec::new(),
            tries: 0,
            mood,
        };
        let remote = Remote(Arc::new((Mutex::new(seen), Condvar::new())));
        (remote.clone(), Box::new(Fake(remote)))
    }

    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.0.lock().unwrap()
    }

    pub fn set(&self, mood: Mood) {
        self.seen().mood = mood;
        self.0.1.notify_all();
    }

    /// All that was delivered.
    pub fn all(&self) -> String {
        self.seen().emits.concat()
    }

    /// Waits until something holds of what it has seen.
    #[track_caller]
    pub fn until(&self, what: &str, holds: impl Fn(&Seen) -> bool) {
        let limit = Duration::from_secs(20);
        let waited = self
            .0
            .1
            .wait_timeout_while(self.seen(), limit, |seen| !holds(seen));
        let (seen, waited) = waited.unwrap();
        assert!(!waited.timed_out(), "waited in vain until {what}: {seen:?}");
    }

    fn note(&self, call: &str) {
        self.seen().calls.push(call.to_owned());
        self.0.1.notify_all();
    }
}

fn fail(done: usize, fault: Fault, kind: io::ErrorKind) -> Result<(), EmitError> {
    Err(EmitError {
        done,
        fault,
        doing: "cannot write",
        source: kind.into(),
    })
}

impl Handler for Fake {
    fn kind(&self) -> &'static str {
        "fake"
    }

    fn target(&self) -> String {
        "target".to_owned()
    }

    fn open(&mut self, _now: Now) -> io::Result<()> {
        self.0.note("open");
        Ok(())
    }

    fn emit(&mut self, frames: &Frames<'_>, from: usize, _now: Now) -> Result<(), EmitError> {
        let (lock, changed) = &*self.0.0;
        let mut seen = lock.lock().unwrap();
        seen.tries += usize::from(from < frames.len());
        changed.notify_all();
        let hangs = |seen: &mut Seen| seen.mood == Mood::Hanging;
        let mut seen = changed.wait_while(seen, hangs).unwrap();
        let to = match seen.mood {
            Mood::Willing | Mood::Open => frames.len(),
            Mood::Takes(most) => frames.take(from, most, u64::MAX).0,
            Mood::Picky => {
                let records = frames.iter_from(from).map(|(record, _)| record);
                let good = records.take_while(|record| !record.starts_with(b"!"));
                from + good.map(<[u8]>::len).sum::<usize>()
            }
            _ => from,
        };
        if to > from {
            let text = String::from_utf8_lossy(&frames.bytes()[from..to]);
            seen.emits.push(text.into_owned());
        }
        changed.notify_all();
        match seen.mood {
            _ if to == frames.len() => Ok(()),
            Mood::Failing => fail(to, Fault::Retry, io::ErrorKind::StorageFull),
            Mood::Picky => fail(to, Fault::Drop, io::ErrorKind::InvalidData),
            Mood::Broken => fail(to, Fault::Fatal, io::ErrorKind::BrokenPipe),
            _ => Err(EmitError::slow(to)),
        }
    }

    fn reopen(&mut self, _now: Now) {
        self.0.note("reopen");
    }

    fn roll_over(&mut self, _now: Now) {
        self.0.note("roll_over");
    }

    fn flush(&mut self, _now: Now) {
        self.0.note("flush");
    }

    fn command_ended(&mut self, failed: bool, _now: Now) {
        self.0.note(if failed { "failed" } else { "succeeded" });
    }

    fn close(&mut self, _now: Now, _hurry: bool) -> Result<(), EmitError> {
        self.0.note("close");
        match self.0.seen().mood {
            Mood::Open => fail(0, Fault::Retry, io::ErrorKind::StorageFull),
            _ => Ok(()),
        }
    }
}
