//! Batches to stages: delivery, waiting, signals, and the tally at the end.

mod drain;
mod run;
#[cfg(feature = "net")]
mod serve;
mod signals;

use std::time::{Duration, Instant};

use drain::Drain;

use crate::batch::Frames;
use crate::diag::{Diag, plain};
use crate::event::Events;
use crate::figures::{InputFigures, Observer, Report};
use crate::handler::Stage;
use crate::handler::delivery::PAUSES;
use crate::handler::stage::End;
use crate::now::Now;
use crate::source::Command;
use crate::sys::{self, Waitable};

/// After SIGTERM, how long what is still in the pipe is read, and delivered by
/// a handler that says nothing else.
const DRAIN: Duration = Duration::from_secs(2);

/// How many streams are read at once, at most: the outputs of a command.
const STREAMS: usize = 2;

/// The stages of a chain, and what moves records into them.
pub struct Pipeline {
    stages: Vec<Stage>,
    events: Box<dyn Events>,
    diag: Diag,
    /// Stages that have not taken the batch yet.
    pending: Vec<bool>,
    stop: Stop,
    /// Since when the handlers are closed.
    closing: Option<Instant>,
    drain: Drain,
    interrupted: bool,
    /// The input ends when its writer does: then a first SIGINT waits for
    /// that, because the writer got one as well.
    writer_ends: bool,
    command: Option<UnderCommand>,
    /// How much is read yet of each stream once the time to end is over: what is in a
    /// pipe then is nowhere else.
    overdue: [usize; STREAMS],
    /// Since when, after SIGTERM, records are given up that a handler does not take.
    late: Option<Instant>,
    /// The status for a command that could not be run.
    not_started: Option<u8>,
    reporting: Option<Reporting>,
    /// How often it was asked to open files anew.
    reopened: u64,
}

/// What a pipeline knows of the command that it reads from.
struct UnderCommand {
    command: Command,
    /// How long its outputs are read on after it has ended (`--grace`), if
    /// something else holds them open.
    grace: Duration,
    /// Until when, once it has ended and what it wrote itself was read.
    until: Option<Instant>,
    /// That time is over.
    over: bool,
    /// When it had ended.
    ended: Option<Instant>,
    /// A handler is waited for since then.
    blocked: Option<Instant>,
    /// How much may still be unread of what was in its outputs when it had ended,
    /// and again when the time of grace was over.
    unread: [usize; STREAMS],
    /// A signal that was passed on has asked it to end.
    asked_to_end: bool,
}

/// Who is told the figures, and what they are made of.
struct Reporting {
    observer: Box<dyn Observer>,
    since: Instant,
    /// Of each stream.
    input: Vec<InputFigures>,
}

/// Whether, and how soon, the run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    No,
    /// When the input has nothing more at the moment, or soon after: it was
    /// asked for at that time.
    Drain(Instant),
    /// Nothing more is read, since a handler has ended it at that time; the others
    /// may bring to its end what they have.
    Soon(Instant),
    Now,
}

impl Stop {
    /// How long a stage was waited for in vain.
    fn waited(self, stage: &Stage) -> String {
        let (patience, why) = match self {
            Stop::No => (stage.patience(false), "(--drain-timeout)"),
            Stop::Drain(_) => (stage.patience(true).or(Some(DRAIN)), "after SIGTERM"),
            Stop::Soon(_) | Stop::Now => return "; it had not taken them at the end".to_owned(),
        };
        match patience {
            Some(most) => format!(
                "; it had not taken them within {} s {why}",
                most.as_secs_f64()
            ),
            None => String::new(),
        }
    }
}

/// What waiting came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    /// There is input, or its end, of these streams.
    Input([bool; STREAMS]),
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
    /// Not delivered, and safe in a spool.
    pub spooled: u64,
    /// Something went wrong that no count tells.
    pub failed: bool,
    /// The command's status as a shell gives it, where there was one that has
    /// ended, or could not be run. Not where lh alone has failed, and the command
    /// ended as it was asked to.
    pub command: Option<u8>,
}

impl Pipeline {
    /// A pipeline that has opened nothing yet.
    pub fn new(stages: Vec<Stage>, events: Box<dyn Events>, diag: Diag) -> Pipeline {
        Pipeline {
            pending: vec![false; stages.len()],
            stages,
            events,
            diag,
            stop: Stop::No,
            closing: None,
            drain: Drain::default(),
            interrupted: false,
            writer_ends: false,
            command: None,
            overdue: [0; STREAMS],
            late: None,
            not_started: None,
            reporting: None,
            reopened: 0,
        }
    }

    /// Passes signals on to this command, and ends when it and its outputs
    /// have. Something else that holds its outputs open when it has ended is
    /// waited for as long as `grace`.
    pub fn set_command(&mut self, command: Command, grace: Duration) {
        self.command = Some(UnderCommand {
            command,
            grace,
            until: None,
            over: false,
            ended: None,
            blocked: None,
            unread: [0; STREAMS],
            asked_to_end: false,
        });
    }

    /// There is no command, because it could not be run: what it would have
    /// ended with.
    pub fn command_not_started(&mut self, exit_code: u8) {
        self.not_started = Some(exit_code);
    }

    /// Tells somebody the figures of the run, which begins now.
    pub fn set_observer(&mut self, observer: Box<dyn Observer>) {
        self.stages.iter_mut().for_each(Stage::count_all);
        self.reporting = Some(Reporting {
            observer,
            since: Instant::now(),
            input: Vec::new(),
        });
    }

    /// Opens every handler, after all of them have been looked at, and last those
    /// that empty a file: a mistake in one of a chain leaves the files of the others
    /// untouched.
    ///
    /// # Errors
    /// The target that can't be opened, and why.
    pub fn open(&mut self) -> Result<(), String> {
        self.stages.iter().try_for_each(Stage::check)?;
        let now = Now::read();
        let stages = self.stages.iter_mut();
        let (last, first): (Vec<_>, Vec<_>) = stages.partition(|s| s.look().empties());
        let mut stages = first.into_iter().chain(last);
        stages.try_for_each(|stage| stage.open(now))
    }

    /// Waits for input, an event, or the earliest deadline, `due` included.
    fn wait(&mut self, input: [Option<Waitable<'_>>; STREAMS], due: Option<Instant>) -> Wait {
        let now = Now::read();
        self.note_blocked(false, now);
        let over = self.grace_is_over(now);
        let limit = match self.stop {
            Stop::Soon(_) | Stop::Now => return Wait::Stop,
            Stop::Drain(_) if self.is_overdue(now) && self.overdue == [0; STREAMS] => {
                return Wait::Stop;
            }
            // What was in the pipe is counted by then, and a writer that goes on would
            // hold up the end.
            Stop::Drain(_) if self.late.is_some_and(|since| since + DRAIN <= now.mono) => {
                return Wait::Stop;
            }
            Stop::Drain(_) => Some(Duration::ZERO),
            Stop::No if over || self.may_have_left() => Some(Duration::ZERO),
            Stop::No => {
                let command = self.command.as_ref();
                let deadlines = self.stages.iter().filter_map(|stage| stage.deadline(now));
                let deadlines = deadlines
                    .chain(due)
                    .chain(command.and_then(|command| command.until));
                deadlines.min().map(|due| now.until(due))
            }
        };
        let draining = self.stop != Stop::No;
        let mut ready = self.wait_for(input, limit);
        if self.is_overdue(now) {
            let left = self.overdue.iter().map(|left| *left > 0);
            ready
                .iter_mut()
                .zip(left)
                .for_each(|(ready, left)| *ready &= left);
        }
        if self.note_empty(ready) {
            return Wait::Stop;
        }
        // A queue's thread may have come to its end meanwhile.
        self.stop_if_ended();
        match ready.contains(&true) {
            true => Wait::Input(ready),
            false if draining => Wait::Stop,
            false => Wait::Nothing,
        }
    }

    /// Whether the time is over in which what is in the pipe is waited for.
    fn is_overdue(&self, now: Now) -> bool {
        matches!(self.stop, Stop::Drain(since) if since + DRAIN <= now.mono)
    }

    /// Waits, and does what events and the clock ask for. Tells which streams
    /// have input.
    fn wait_for(
        &mut self,
        input: [Option<Waitable<'_>>; STREAMS],
        limit: Option<Duration>,
    ) -> [bool; STREAMS] {
        let limit = match &self.reporting {
            None => limit,
            Some(reporting) => {
                let due = reporting.observer.deadline();
                let until = due.map(|due| due.saturating_duration_since(Instant::now()));
                until.into_iter().chain(limit).min()
            }
        };
        let events = self.events.waitable();
        let [one, other] = input.map(|input| input.unwrap_or(events));
        let [event, one, other] = match sys::wait_readable([events, one, other], limit) {
            Ok(ready) => ready,
            Err(error) => {
                self.diag
                    .error(format_args!("cannot wait for input: {}", plain(&error)));
                self.stop = Stop::Now;
                return [false; STREAMS];
            }
        };
        let ready = [one && input[0].is_some(), other && input[1].is_some()];
        if event {
            self.take_events();
        }
        let now = Now::read();
        if input.iter().all(Option::is_none) {
            self.note_blocked(true, now);
        }
        for stage in &mut self.stages {
            stage.tick(now);
        }
        self.report_if_due(now);
        ready
    }

    /// Whether nothing more is to be waited for at a stage.
    fn is_over(&mut self, index: usize, now: Now) -> bool {
        let stage = &self.stages[index];
        let asked = match self.stop {
            Stop::Now => return true,
            Stop::Drain(since) => since + stage.patience(true).unwrap_or(DRAIN) <= now.mono,
            Stop::Soon(since) => {
                let patience = stage.patience(true).unwrap_or(DRAIN);
                since + patience.min(DRAIN) <= now.mono
            }
            Stop::No => false,
        };
        if asked {
            self.late.get_or_insert(now.mono);
        }
        self.drain.is_over(index, stage, self.closing, now) || asked
    }

    /// Looks whether the input can bring more than is there.
    fn look_at_input(&mut self, now: Now) {
        let under = self.command.as_ref();
        // Where a handler takes nothing, its outputs are not read to their end.
        let until = under.and_then(|under| Some(under.ended? + under.grace));
        let given_up = until.is_some_and(|until| until <= now.mono);
        let command = under.map(|under| &under.command);
        self.drain.look(command, given_up, now);
    }

    /// Decides which stages get the batch that comes. The others are not waited for
    /// any more, and lose it.
    fn choose(&mut self, frames: &Frames<'_>) {
        let now = Now::read();
        if self.drain.has_vain() {
            self.look_at_input(now);
        }
        for (index, stage) in self.stages.iter_mut().enumerate() {
            let vain = self.drain.is_vain(index, stage, now);
            self.pending[index] = !vain;
            if vain {
                stage.give_up(frames, now);
            }
        }
    }

    /// Does what events and the clock ask for, for somebody who waits for
    /// something that is no handler; tells whether that may go on, which ends
    /// as soon as the run is to end.
    fn may_wait(&mut self) -> bool {
        self.wait_for([None; STREAMS], Some(Duration::ZERO));
        self.stop == Stop::No
    }

    /// Hands a batch to every stage, and waits until each has taken it or
    /// given it up.
    fn deliver(&mut self, frames: &Frames<'_>) {
        self.deliver_meanwhile(frames, &mut |_, _| {});
    }

    /// The same, with something to do while a handler is waited for.
    fn deliver_meanwhile(&mut self, frames: &Frames<'_>, meanwhile: &mut dyn FnMut(&[Stage], Now)) {
        self.choose(frames);
        self.until_done(
            |stage, now, _| stage.deliver(frames, now),
            |stage, now| {
                stage.give_up(frames, now);
            },
            meanwhile,
        );
        self.stop_if_ended();
    }

    /// Ends the run where nothing more can be delivered, or an error is to end
    /// it.
    fn stop_if_ended(&mut self) {
        let mut ends = self.stages.iter().map(Stage::ended);
        if ends.clone().all(|end| end.is_some()) {
            self.stop = Stop::Now;
        } else if ends.any(|end| end == Some(End::Exit))
            && matches!(self.stop, Stop::No | Stop::Drain(_))
        {
            self.stop = Stop::Soon(Instant::now());
        }
    }

    /// Tries every pending stage again and again until none is left, or the
    /// run is to end; each attempt is told whether that is to be soon.
    fn until_done(
        &mut self,
        mut attempt: impl FnMut(&mut Stage, Now, bool) -> bool,
        mut give_up: impl FnMut(&mut Stage, Now),
        meanwhile: &mut dyn FnMut(&[Stage], Now),
    ) {
        let mut pause = PAUSES.0;
        let mut now = Now::read();
        loop {
            let mut blocked = false;
            let hurry = self.stop != Stop::No;
            for (stage, pending) in self.stages.iter_mut().zip(&mut self.pending) {
                if *pending {
                    *pending = !attempt(stage, now, hurry);
                    blocked |= *pending;
                }
            }
            if !blocked {
                return;
            }
            let mut blocked = false;
            self.look_at_input(now);
            for index in 0..self.stages.len() {
                if !self.pending[index] {
                    continue;
                }
                if self.is_over(index, now) {
                    self.pending[index] = false;
                    give_up(&mut self.stages[index], now);
                }
                blocked |= self.pending[index];
            }
            if !blocked {
                return;
            }
            self.wait_for([None; STREAMS], Some(pause));
            pause = (pause * 2).min(PAUSES.1);
            now = Now::read();
            meanwhile(&self.stages, now);
        }
    }

    /// Closes every handler as [`finish`](Self::finish) does, but waits for each as
    /// long as it gets on, and for `least` at least where it does not.
    pub fn finish_in_its_time(mut self, least: Duration) -> Tally {
        self.drain.set_least(least);
        self.finish()
    }

    /// Closes every handler, once, with something to do while one is waited for.
    fn close(&mut self, meanwhile: &mut dyn FnMut(&[Stage], Now)) {
        if self.closing.is_some() {
            return;
        }
        self.pending.fill(true);
        self.closing = Some(Instant::now());
        self.until_done(
            |stage, now, hurry| stage.close(now, hurry),
            |stage, now| stage.doubt(now),
            meanwhile,
        );
    }

    /// Closes every handler, if that is still to be done, and says what became of the
    /// records.
    pub fn finish(mut self) -> Tally {
        // It runs on only where lh itself can't.
        let asked = self.command_runs();
        let command = self.end_command().or(self.not_started);
        let under = self.command.as_ref().filter(|_| asked);
        let failed = under.is_some_and(|under| under.command.ended_as_asked());
        if let Some(code) = command {
            let now = Now::read();
            let handlers = self.stages.iter_mut().map(Stage::handler);
            handlers.for_each(|handler| handler.command_ended(code != 0, now));
        }
        self.close(&mut |_, _| {});
        let mut tally = Tally {
            command: command.filter(|_| !failed),
            failed,
            ..Tally::default()
        };
        for stage in &mut self.stages {
            let figures = stage.figures();
            let lost = figures.dropped;
            tally.lost += lost;
            tally.spooled += figures.spooled;
            tally.failed |= stage.ended().is_some();
            if lost > 0 {
                let target = stage.handler().target();
                // Not counted for everybody.
                let others = match figures.delivered {
                    0 => String::new(),
                    delivered => format!("; {delivered} were"),
                };
                let why = match figures.last_error {
                    Some(error) => {
                        (!self.diag.warns()).then(|| format!("; the last reason: {error}"))
                    }
                    // Of slowness alone, nothing was told.
                    None if stage.has_given_up() => Some(self.stop.waited(stage)),
                    None => None,
                };
                self.diag.error(format_args!(
                    "{target}: {lost} records were not delivered{others}{}",
                    why.unwrap_or_default()
                ));
            }
        }
        let report = self.report();
        if let Some(reporting) = &mut self.reporting {
            reporting.observer.finish(&report);
        }
        tally
    }

    /// The figures at this moment.
    fn report(&self) -> Report {
        let mut input = InputFigures::default();
        let since = match &self.reporting {
            Some(reporting) => {
                reporting.input.iter().for_each(|more| input.add(more));
                reporting.since
            }
            None => Instant::now(),
        };
        Report {
            elapsed: since.elapsed(),
            input,
            handlers: self.stages.iter().map(Stage::figures).collect(),
        }
    }

    fn report_if_due(&mut self, now: Now) {
        let due = self.reporting.as_ref().and_then(|r| r.observer.deadline());
        if due.is_some_and(|due| due <= now.mono) {
            let report = self.report();
            if let Some(reporting) = &mut self.reporting {
                reporting.observer.tick(&report, now);
            }
        }
    }
}
