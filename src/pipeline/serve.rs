//! The main loop where records come over a network.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::{DRAIN, Pipeline, Stop, Wait};
use crate::batch::Frames;
use crate::handler::Stage;
use crate::now::Now;
use crate::source::Sink;
use crate::source::listen::Listen;

/// How soon somebody looks whether what a handler has taken is safe, where
/// senders wait for that.
const LOOK: Duration = Duration::from_millis(5);

/// Records of a turn that a handler has taken and that are not safe yet: up to
/// which of each stage's they go.
struct Unsettled {
    turn: u64,
    taken: Vec<u64>,
}

impl Pipeline {
    /// Delivers what peers send until the run is to end.
    pub fn serve(&mut self, listen: &mut Listen) {
        self.stages.iter_mut().for_each(Stage::collect);
        if !self.stages.iter().any(Stage::uses_attributes) {
            listen.leave_out_attributes();
        }
        let mut unsettled = VecDeque::new();
        let (mut stopping, mut reopened) = (None, self.reopened);
        loop {
            let now = Now::read();
            let look = (!unsettled.is_empty()).then(|| now.mono + LOOK);
            let due = listen.deadline(now).into_iter().chain(look).min();
            let wait = self.wait([Some(listen.waitable()), None], due);
            let now = Now::read();
            if self.reopened != std::mem::replace(&mut reopened, self.reopened) {
                listen.reload();
            }
            if let (Stop::Drain(_), None) = (self.stop, stopping) {
                stopping = Some(now.mono);
                listen.stop(now);
            }
            match wait {
                // What is known to be there is read to its end.
                Wait::Stop if self.may_read_on(stopping, listen, now) => {}
                Wait::Stop => break,
                Wait::Nothing | Wait::Input(_) => {}
            }
            self.take_turn(listen, &mut unsettled, Listen::turn);
            self.settle(listen, &mut unsettled);
            self.note_listen(listen);
        }
        self.take_turn(listen, &mut unsettled, Listen::finish);
        self.wait_for_settling(listen, &mut unsettled);
        listen.close();
        self.note_listen(listen);
    }

    fn may_read_on(&self, stopping: Option<Instant>, listen: &Listen, now: Now) -> bool {
        let since = stopping.map(|at| now.mono.saturating_duration_since(at));
        self.stop != Stop::Now && since.is_some_and(|since| since < DRAIN) && listen.has_more(now)
    }

    /// Delivers what `take` hands out of the listener.
    fn take_turn(
        &mut self,
        listen: &mut Listen,
        unsettled: &mut VecDeque<Unsettled>,
        take: impl FnOnce(&mut Listen, Now, &mut Sink<'_>) -> u64,
    ) {
        let now = Now::read();
        let stages = &mut self.stages;
        let mut count = 0u64;
        let turn = take(listen, now, &mut |frame, record| {
            count += 1;
            for stage in stages.iter_mut() {
                stage.push(frame, record, now);
            }
        });
        if count > 0 {
            listen.pause(Now::read());
            self.deliver_meanwhile(&Frames::lines(b""), &mut |now| listen.wait_meanwhile(now));
            listen.go_on(Now::read());
        }
        if listen.awaits() {
            let taken = self.stages.iter().map(|stage| stage.accepted().0);
            unsettled.push_back(Unsettled {
                turn,
                taken: taken.collect(),
            });
        }
    }

    /// Lets those know who wait for it, as far as records are safe.
    fn settle(&mut self, listen: &mut Listen, unsettled: &mut VecDeque<Unsettled>) {
        // What a stage has given up because it can't go on is not accepted.
        if unsettled.is_empty() || self.stages.iter().any(|stage| stage.ended().is_some()) {
            return;
        }
        let accepted: Vec<u64> = self.stages.iter().map(|stage| stage.accepted().1).collect();
        let mut last = None;
        while let Some(first) = unsettled.front() {
            let mut pairs = first.taken.iter().zip(&accepted);
            if !pairs.all(|(taken, accepted)| accepted >= taken) {
                break;
            }
            last = Some(first.turn);
            unsettled.pop_front();
        }
        let now = Now::read();
        if let Some(turn) = last {
            listen.accepted(turn, now);
        }
        listen.answer_waiting(now);
    }

    /// At the end: as long as a run that is asked to end may take.
    fn wait_for_settling(&mut self, listen: &mut Listen, unsettled: &mut VecDeque<Unsettled>) {
        let until = Instant::now() + DRAIN;
        self.settle(listen, unsettled);
        while !unsettled.is_empty() && Instant::now() < until && self.stop != Stop::Now {
            self.wait_for([None; super::STREAMS], Some(LOOK));
            self.settle(listen, unsettled);
        }
    }

    fn note_listen(&mut self, listen: &Listen) {
        if let Some(reporting) = &mut self.reporting {
            reporting.input.clear();
            reporting.input.push(listen.figures());
        }
    }
}
