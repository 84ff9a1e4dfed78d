//! Batches to stages: delivery, waiting, signals, and the tally at the end.

mod lines;

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use crate::batch::Frames;
use crate::diag::{Diag, plain};
use crate::event::{Event, Events};
use crate::handler::Stage;
use crate::handler::stage::End;
use crate::now::Now;
use crate::source::Decoder;
use crate::sys;

/// While a handler is blocked, how long until it is tried again: doubled each
/// time, from the first of these to the second.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(250));

/// After SIGTERM, how long what is still in the pipe is read and delivered.
const DRAIN: Duration = Duration::from_secs(2);

/// The stages of a chain, and what moves records into them.
pub struct Pipeline {
    stages: Vec<Stage>,
    decoder: Decoder,
    events: Box<dyn Events>,
    diag: Diag,
    /// Stages that have not taken the batch yet.
    pending: Vec<bool>,
    stop: Stop,
    interrupted: bool,
    /// The input ends when its writer does: then a first SIGINT waits for
    /// that, because the writer got one as well.
    writer_ends: bool,
}

/// Whether, and how soon, the run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    No,
    /// When the input has nothing more at the moment, at that time at the
    /// latest.
    Drain(Instant),
    Now,
}

/// What waiting came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    /// There is input, or its end.
    Input,
    /// Something else happened; wait again.
    Nothing,
    /// The run ends.
    Stop,
}

/// What became of the records, over all stages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Given up by one of the handlers.
    pub lost: u64,
    /// Something went wrong that no count tells.
    pub failed: bool,
}

impl Pipeline {
    /// A pipeline that has opened nothing yet.
    pub fn new(
        stages: Vec<Stage>,
        decoder: Decoder,
        events: Box<dyn Events>,
        diag: Diag,
    ) -> Pipeline {
        Pipeline {
            pending: vec![false; stages.len()],
            stages,
            decoder,
            events,
            diag,
            stop: Stop::No,
            interrupted: false,
            writer_ends: false,
        }
    }

    /// Opens every handler, after all of them have been looked at: a mistake
    /// in the last of a chain leaves the files of the others untouched.
    ///
    /// # Errors
    /// The target that can't be opened, and why.
    pub fn open(&mut self) -> Result<(), String> {
        self.stages.iter().try_for_each(Stage::check)?;
        let now = Now::read();
        self.stages.iter_mut().try_for_each(|stage| stage.open(now))
    }

    /// Waits for input, an event, or the earliest deadline of any stage.
    fn wait(&mut self, input: Option<BorrowedFd<'_>>) -> Wait {
        let now = Now::read();
        let limit = match self.stop {
            Stop::Now => return Wait::Stop,
            Stop::Drain(until) if until <= now.mono => return Wait::Stop,
            Stop::Drain(_) => Some(Duration::ZERO),
            Stop::No => {
                let deadlines = self.stages.iter().filter_map(|stage| stage.deadline(now));
                deadlines.min().map(|due| now.until(due))
            }
        };
        let draining = self.stop != Stop::No;
        match self.wait_for(input, limit) {
            true => Wait::Input,
            false if draining => Wait::Stop,
            false => Wait::Nothing,
        }
    }

    /// Waits, and does what events and the clock ask for. Tells whether there
    /// is input.
    fn wait_for(&mut self, input: Option<BorrowedFd<'_>>, limit: Option<Duration>) -> bool {
        let events = self.events.descriptor();
        let waited = sys::wait_readable([events, input.unwrap_or(events)], limit);
        let [event, ready] = match waited {
            Ok(ready) => ready,
            Err(error) => {
                self.diag
                    .error(format_args!("cannot wait for input: {}", plain(&error)));
                self.stop = Stop::Now;
                return false;
            }
        };
        if event {
            self.take_events();
        }
        let now = Now::read();
        for stage in &mut self.stages {
            stage.tick(now);
        }
        ready && input.is_some()
    }

    fn take_events(&mut self) {
        let now = Now::read();
        for event in self.events.take() {
            match event {
                Event::Interrupt if self.writer_ends && !self.interrupted => {
                    self.interrupted = true;
                }
                Event::Interrupt => self.stop = Stop::Now,
                Event::Terminate => {
                    self.stop = match self.stop {
                        Stop::No => Stop::Drain(now.mono + DRAIN),
                        Stop::Drain(_) | Stop::Now => Stop::Now,
                    };
                }
                Event::Reopen => self.stages.iter_mut().for_each(|s| s.handler().reopen(now)),
                Event::RollOver => {
                    self.stages
                        .iter_mut()
                        .for_each(|s| s.handler().roll_over(now));
                }
            }
        }
    }

    /// Whether nothing more is to be waited for.
    fn is_over(&self, now: Now) -> bool {
        match self.stop {
            Stop::No => false,
            Stop::Drain(until) => until <= now.mono,
            Stop::Now => true,
        }
    }

    /// Does what events and the clock ask for, for somebody who waits for
    /// something that is no handler; tells whether that may go on, which ends
    /// as soon as the run is to end.
    fn may_wait(&mut self) -> bool {
        self.wait_for(None, Some(Duration::ZERO));
        self.stop == Stop::No
    }

    /// Hands a batch to every stage, and waits until each has taken it or
    /// given it up.
    pub fn deliver(&mut self, frames: &Frames<'_>, now: Now) {
        if frames.is_empty() {
            return;
        }
        let structured = self.stages.iter().any(Stage::wants_records);
        if structured || self.decoder.wants_lines() {
            let stages = &mut self.stages;
            self.decoder
                .decode(frames.iter(), now.wall, |frame, record| {
                    for stage in stages.iter_mut().filter(|stage| stage.wants_records()) {
                        stage.push(frame, record, now);
                    }
                });
        }
        self.pending.fill(true);
        self.until_done(
            |stage, now| stage.deliver(frames, now),
            |stage, now| {
                stage.give_up(frames, now);
            },
        );
        if self
            .stages
            .iter()
            .any(|stage| stage.ended() == Some(End::Exit))
            || self.stages.iter().all(|stage| stage.ended().is_some())
        {
            self.stop = Stop::Now;
        }
    }

    /// Tries every pending stage again and again until none is left, or the
    /// run is to end.
    fn until_done(
        &mut self,
        mut attempt: impl FnMut(&mut Stage, Now) -> bool,
        mut give_up: impl FnMut(&mut Stage, Now),
    ) {
        let mut pause = PAUSES.0;
        let mut now = Now::read();
        loop {
            let mut blocked = false;
            for (stage, pending) in self.stages.iter_mut().zip(&mut self.pending) {
                if *pending {
                    *pending = !attempt(stage, now);
                    blocked |= *pending;
                }
            }
            if !blocked {
                return;
            }
            if self.is_over(now) {
                for (stage, pending) in self.stages.iter_mut().zip(&mut self.pending) {
                    if std::mem::take(pending) {
                        give_up(stage, now);
                    }
                }
                return;
            }
            self.wait_for(None, Some(pause));
            pause = (pause * 2).min(PAUSES.1);
            now = Now::read();
        }
    }

    /// Closes every handler, and says what became of the records.
    pub fn finish(mut self) -> Tally {
        self.pending.fill(true);
        let hurry = self.stop != Stop::No;
        self.until_done(
            |stage, now| stage.close(now, hurry),
            |stage, _| stage.doubt(),
        );
        let mut tally = Tally::default();
        for stage in &mut self.stages {
            let lost = stage.counts().lost;
            tally.lost += lost;
            tally.failed |= stage.ended().is_some();
            if lost > 0 {
                let target = stage.handler().target();
                self.diag
                    .error(format_args!("{target}: {lost} records were not delivered"));
            }
        }
        tally
    }
}
