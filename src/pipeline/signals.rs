//! What signals do to a run, and to the command that it reads from.

use std::time::{Duration, Instant};

use super::{Pipeline, STREAMS, Stop};
use crate::event::{Event, Notice};
use crate::now::Now;

/// An interrupt and the end of the writer that it ends come no further apart.
const TOGETHER: Duration = Duration::from_millis(500);

/// More than the system holds of an output that was not read yet.
pub(super) const FULL: usize = (2 << 20) + 1;

impl Pipeline {
    pub(super) fn take_events(&mut self) {
        let now = Now::read();
        for notice in self.events.take() {
            match (notice.event, self.command_runs()) {
                (Event::ChildEnded, _) => self.look_at_command(now),
                (Event::Interrupt | Event::Terminate, true) => self.ask_command_to_end(notice),
                (Event::Interrupt, false)
                    if self.waits_for_writer(now) && !matches!(self.stop, Stop::Soon(_)) =>
                {
                    self.interrupted = true;
                }
                (Event::Interrupt, false) => self.stop = Stop::Now,
                (Event::Terminate, false) => {
                    self.stop = match self.stop {
                        Stop::No => Stop::Drain(now.mono),
                        Stop::Drain(_) | Stop::Soon(_) | Stop::Now => Stop::Now,
                    };
                }
                (Event::Reopen, _) => {
                    self.reopened += 1;
                    self.pass_on(notice);
                    self.stages.iter_mut().for_each(|stage| stage.reopen(now));
                }
                (Event::RollOver, _) => {
                    self.stages
                        .iter_mut()
                        .for_each(|s| s.handler().roll_over(now));
                }
                (Event::Report, _) => match self.reporting.is_some() {
                    true => self.report_as_asked(),
                    false => self.pass_on(notice),
                },
                (Event::Resized, _) => {
                    let under = self.command.as_ref();
                    if under.is_some_and(|under| under.command.fit_terminals()) {
                        self.pass_on(notice);
                    }
                }
                (Event::ForCommand, _) => self.pass_on(notice),
            }
        }
    }

    /// Whether an interrupt is the writer's first of all, who ends now, or has only
    /// just ended because of it.
    fn waits_for_writer(&self, now: Now) -> bool {
        let mut complete = self.closing.into_iter().chain(self.drain.complete());
        let ended = complete.any(|complete| complete + TOGETHER <= now.mono);
        self.writer_ends && !self.interrupted && !ended
    }

    fn report_as_asked(&mut self) {
        let report = self.report();
        if let Some(reporting) = &mut self.reporting {
            reporting.observer.asked(&report);
        }
    }

    /// Whether there is a command that has not ended.
    pub(super) fn command_runs(&self) -> bool {
        self.command.as_ref().is_some_and(|c| c.command.runs())
    }

    fn pass_on(&self, notice: Notice) {
        if let (Some(under), Some(signal)) = (&self.command, notice.pass_on) {
            under.command.signal(signal);
        }
    }

    /// The run goes on until the command has ended: what it says last, it says
    /// because of the signal.
    fn ask_command_to_end(&mut self, notice: Notice) {
        self.pass_on(notice);
        if let Some(under) = &mut self.command {
            under.asked_to_end = true;
        }
    }

    /// Looks whether the command has ended.
    pub(super) fn look_at_command(&mut self, now: Now) {
        let Some(under) = &mut self.command else {
            return;
        };
        let ran = under.command.runs();
        under.command.look();
        if ran && !under.command.runs() {
            under.unread = [FULL; STREAMS];
            under.ended = Some(now.mono);
            if under.asked_to_end && self.stop == Stop::No {
                self.stop = Stop::Drain(now.mono);
            }
        }
    }

    /// Whether the command has ended, and it is not known yet that all that it wrote
    /// is read: for more than that, which others may write, nobody waits by then.
    pub(super) fn may_have_left(&self) -> bool {
        let under = self.command.as_ref().filter(|under| under.until.is_none());
        under.is_some_and(|under| !under.command.runs() && under.unread != [0; STREAMS])
    }

    /// Notes that so much of a stream was read.
    pub(super) fn note_read(&mut self, stream: usize, count: usize) {
        if self.stop != Stop::No && self.is_overdue(Now::read()) {
            self.overdue[stream] = self.overdue[stream].saturating_sub(count);
        }
        if let Some(under) = &mut self.command {
            under.unread[stream] = under.unread[stream].saturating_sub(count);
        }
    }

    /// The time for which a handler is waited for is none of the command's: it does
    /// not count as grace. From now on it is waited for, or not any more.
    pub(super) fn note_blocked(&mut self, goes_on: bool, now: Now) {
        let Some(under) = &mut self.command else {
            return;
        };
        let since = std::mem::replace(&mut under.blocked, goes_on.then_some(now.mono));
        if let (Some(since), Some(until), false) = (since, &mut under.until, under.over) {
            *until += now.mono.saturating_duration_since(since);
        }
    }

    /// Whether the time of grace is over: then only what is in the command's outputs
    /// already is read.
    pub(super) fn grace_is_over(&mut self, now: Now) -> bool {
        let Some(under) = &mut self.command else {
            return false;
        };
        if !under.over && under.until.is_some_and(|until| until <= now.mono) {
            under.over = true;
            under.unread = [FULL; STREAMS];
        }
        under.over
    }

    /// Notes which outputs of the command have nothing more at the moment. The time
    /// of grace begins when all that it wrote itself is read. `true`: that is over,
    /// and what there was then is read as well.
    pub(super) fn note_empty(&mut self, ready: [bool; STREAMS]) -> bool {
        let Some(under) = self.command.as_mut().filter(|c| !c.command.runs()) else {
            return false;
        };
        for (unread, ready) in under.unread.iter_mut().zip(ready) {
            *unread = if ready { *unread } else { 0 };
        }
        if self.stop != Stop::No || under.unread != [0; STREAMS] {
            return false;
        }
        if under.over {
            let grace = under.grace.as_secs_f64();
            self.diag.warn(format_args!(
                "the command has ended, but a process that it started holds its output open; \
                 after {grace} s nothing more is read from it (--grace)"
            ));
        } else if under.until.is_none() {
            under.until = Some(Instant::now() + under.grace);
        }
        under.over
    }

    /// Waits for a command that is still there when nothing more can be
    /// delivered: it is asked to end, and left alone if it does not. Gives its
    /// status.
    pub(super) fn end_command(&mut self) -> Option<u8> {
        let under = self.command.as_ref()?;
        if under.command.runs() {
            under.command.terminate();
            let until = Instant::now() + under.grace;
            while self.command_runs() && Instant::now() < until {
                let limit = until.saturating_duration_since(Instant::now());
                self.wait_for([None; STREAMS], Some(limit));
            }
            if self.command_runs() {
                self.diag.warn(format_args!(
                    "the command was asked to end and goes on; its output is not read any more"
                ));
            }
        }
        self.command.as_ref()?.command.exit_code()
    }
}
