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

/// What is known of the records for which somebody waits to hear that they are
/// safe.
struct Settling {
    turns: VecDeque<Unsettled>,
    stages: Vec<Known>,
}

/// Records of a turn that handlers have taken and that are not safe yet: up to
/// which of each stage's they go. `None`: it had given up before, and is left
/// out.
struct Unsettled {
    turn: u64,
    taken: Vec<Option<u64>>,
}

/// What is known of a stage.
#[derive(Clone, Copy, Default)]
struct Known {
    /// So many of its records are safe.
    safe: u64,
    /// It has given up what came behind them, and whatever will come.
    over: bool,
}

impl Settling {
    fn new(stages: &[Stage]) -> Settling {
        Settling {
            turns: VecDeque::new(),
            stages: vec![Known::default(); stages.len()],
        }
    }

    /// Looks how far the stages are.
    fn look(&mut self, stages: &[Stage]) {
        for (known, stage) in self.stages.iter_mut().zip(stages) {
            if known.over {
                continue;
            }
            let (_, safe) = stage.accepted();
            // What is asked last holds for both: a queue goes on meanwhile.
            match stage.has_given_up() {
                true => known.over = true,
                false => known.safe = safe,
            }
        }
    }

    /// Somebody waits for a turn, of which the stages that were not over before
    /// have `taken` everything up to there. Where none of it was for any of them,
    /// it is settled with the one before: else each turn of a busy listener would
    /// be kept as long as one receiver is away.
    fn push(&mut self, turn: u64, taken: Vec<Option<u64>>) {
        match self.turns.back_mut() {
            Some(last) if last.taken == taken => last.turn = turn,
            _ => self.turns.push_back(Unsettled { turn, taken }),
        }
    }

    /// The next turn that is settled, and whether its records are safe.
    fn pop(&mut self) -> Option<(u64, bool)> {
        let Unsettled { turn, taken } = self.turns.front()?;
        let mut stages = taken.iter().zip(&self.stages);
        let unsafe_yet = |(taken, known): (&Option<u64>, &Known)| match taken {
            Some(taken) if *taken > known.safe => Some(known.over),
            _ => None,
        };
        let lost = stages.clone().any(|stage| unsafe_yet(stage) == Some(true));
        // Nobody had them.
        let lost = lost || taken.iter().all(Option::is_none);
        if !lost && stages.any(|stage| unsafe_yet(stage).is_some()) {
            return None;
        }
        let settled = (*turn, !lost);
        self.turns.pop_front();
        Some(settled)
    }
}

/// Lets those know who wait for it, as far as records are safe or given up.
fn settle(stages: &[Stage], listen: &mut Listen, settling: &mut Settling) {
    if settling.turns.is_empty() {
        return;
    }
    settling.look(stages);
    let now = Now::read();
    while let Some((turn, safe)) = settling.pop() {
        match safe {
            true => listen.accepted(turn, now),
            false => listen.given_up(turn, now),
        }
    }
    listen.answer_waiting(now);
}

impl Pipeline {
    /// Delivers what peers send until the run is to end.
    pub fn serve(&mut self, listen: &mut Listen) {
        self.stages.iter_mut().for_each(Stage::collect);
        if !self.stages.iter().any(Stage::uses_attributes) {
            listen.leave_out_attributes();
        }
        let mut settling = Settling::new(&self.stages);
        let (mut stopping, mut reopened) = (None, self.reopened);
        loop {
            let now = Now::read();
            let look = (!settling.turns.is_empty()).then(|| now.mono + LOOK);
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
            self.take_turn(listen, &mut settling, Listen::turn);
            settle(&self.stages, listen, &mut settling);
            self.note_listen(listen);
        }
        self.take_turn(listen, &mut settling, Listen::finish);
        settle(&self.stages, listen, &mut settling);
        // What is made safe only by that is told as well, or it would come again.
        self.close(&mut |stages, _| settle(stages, listen, &mut settling));
        settle(&self.stages, listen, &mut settling);
        listen.close();
        self.note_listen(listen);
    }

    fn may_read_on(&self, stopping: Option<Instant>, listen: &Listen, now: Now) -> bool {
        let since = stopping.map(|at| now.mono.saturating_duration_since(at));
        !matches!(self.stop, Stop::Soon(_) | Stop::Now)
            && since.is_some_and(|since| since < DRAIN)
            && listen.has_more(now)
    }

    /// Delivers what `take` hands out of the listener.
    fn take_turn(
        &mut self,
        listen: &mut Listen,
        settling: &mut Settling,
        take: impl FnOnce(&mut Listen, Now, &mut Sink<'_>) -> u64,
    ) {
        let now = Now::read();
        settling.look(&self.stages);
        let over: Vec<bool> = settling.stages.iter().map(|stage| stage.over).collect();
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
            self.deliver_meanwhile(&Frames::lines(b""), &mut |_, now| {
                listen.wait_meanwhile(now)
            });
            listen.go_on(Now::read());
            settling.look(&self.stages);
            let mut ended = settling.stages.iter().zip(&over);
            if ended.any(|(known, over)| known.over && !over) {
                listen.lose_parts();
            }
        }
        if listen.awaits(turn) {
            let stages = self.stages.iter().zip(over);
            let taken = stages.map(|(stage, over)| (!over).then(|| stage.accepted().0));
            settling.push(turn, taken.collect());
        }
    }

    fn note_listen(&mut self, listen: &Listen) {
        if let Some(reporting) = &mut self.reporting {
            reporting.input.clear();
            reporting.input.push(listen.figures());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settling(known: &[(u64, bool)]) -> Settling {
        let stages = known.iter().map(|&(safe, over)| Known { safe, over });
        Settling {
            turns: VecDeque::new(),
            stages: stages.collect(),
        }
    }

    #[test]
    fn a_turn_is_settled_by_those_who_had_its_records() {
        for (known, taken, want) in [
            (
                &[(5, false), (5, false)][..],
                &[Some(5), Some(5)][..],
                Some(true),
            ),
            (&[(5, false), (4, false)], &[Some(5), Some(5)], None),
            // It had given up before.
            (&[(3, true), (5, false)], &[None, Some(5)], Some(true)),
            (&[(3, true), (4, false)], &[None, Some(5)], None),
            // It has given these up, or not.
            (&[(3, true), (4, false)], &[Some(5), Some(5)], Some(false)),
            (&[(5, true), (5, false)], &[Some(5), Some(5)], Some(true)),
            (&[(5, true), (5, true)], &[None, None], Some(false)),
        ] {
            let mut settling = settling(known);
            settling.push(7, taken.to_vec());
            let popped = settling.pop();
            assert_eq!(popped, want.map(|safe| (7, safe)), "{taken:?}");
            assert_eq!(settling.turns.is_empty(), want.is_some());
        }
    }

    /// As long as one receiver is away.
    #[test]
    fn turns_of_which_nobody_had_records_are_not_kept() {
        let mut settling = settling(&[(0, false)]);
        for turn in 1..=1000 {
            settling.push(turn, vec![Some(1)]);
        }
        assert_eq!(settling.turns.len(), 1);
        settling.push(1001, vec![Some(2)]);
        assert_eq!(settling.turns.len(), 2);
        settling.stages[0].safe = 1;
        assert_eq!((settling.pop(), settling.pop()), (Some((1000, true)), None));
    }
}
