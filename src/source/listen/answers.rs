//! Who waits for the chain, and what they are told when it has accepted their
//! records, or given them up.

use std::time::{Duration, Instant};

use super::Listen;
use super::framing::Protocol;
use crate::diag::plain;
use crate::now::Now;
use crate::wire::http::{Outcome, Request};
use crate::wire::lh::{self, SenderId};

/// How long it is let wait for records that are in memory only.
const IN_MEMORY: Duration = Duration::from_secs(1);

/// What somebody waits for until the chain has accepted the records of a turn.
pub(super) struct Awaited {
    pub(super) turn: u64,
    pub(super) place: usize,
    pub(super) generation: u64,
    pub(super) since: Instant,
    pub(super) answer: Answer,
}

pub(super) enum Answer {
    /// The frames of a sender, up to a number.
    Acknowledge(SenderId, u64),
    /// A request, and whether a part of it was given up.
    Http(Box<Request>, bool),
}

impl Listen {
    /// The chain has accepted the records of that turn, and of those before.
    pub fn accepted(&mut self, turn: u64, now: Now) {
        while let Some(awaited) = self.next_awaited(turn) {
            let mut bytes = Vec::new();
            match awaited.answer {
                Answer::Acknowledge(sender, number) => {
                    self.note_accepted(sender, number);
                    lh::encode_ack(number, &mut bytes);
                    self.answer(awaited.place, awaited.generation, &bytes, now);
                }
                Answer::Http(request, lost) => {
                    let whom = (awaited.place, awaited.generation);
                    let outcome = match lost {
                        true => Outcome::Failed,
                        false => Outcome::Accepted,
                    };
                    self.answer_request(whom, &request, outcome, now);
                }
            }
        }
    }

    /// Records of that turn, or of one before that was not accepted, are given
    /// up: nobody is told that they are safe.
    pub fn given_up(&mut self, turn: u64, now: Now) {
        while let Some(awaited) = self.next_awaited(turn) {
            let whom = (awaited.place, awaited.generation);
            match awaited.answer {
                Answer::Acknowledge(..) => self.leave_unacknowledged(whom, now),
                Answer::Http(request, _) => {
                    self.answer_request(whom, &request, Outcome::Failed, now);
                }
            }
        }
    }

    /// The next who waits for that turn or for one before.
    fn next_awaited(&mut self, turn: u64) -> Option<Awaited> {
        let next = self.awaited.front();
        let due = next.is_some_and(|awaited| awaited.turn <= turn);
        due.then(|| self.awaited.pop_front()).flatten()
    }

    fn answer(&mut self, place: usize, generation: u64, bytes: &[u8], now: Now) {
        if let Some(Some(connection)) = self.connections.get_mut(place)
            && connection.generation == generation
        {
            connection.awaiting -= 1;
            if connection.send(bytes).is_ok() {
                self.flush(place, now);
            }
        }
    }

    pub(super) fn answer_request(
        &mut self,
        (place, generation): (usize, u64),
        request: &Request,
        outcome: Outcome,
        now: Now,
    ) {
        if let Some(Some(connection)) = self.connections.get_mut(place)
            && connection.generation == generation
        {
            let mut bytes = Vec::new();
            if let Some(Protocol::Http(http)) = &mut connection.protocol {
                connection.closing |= !http.answer(request, outcome, &mut bytes);
            }
            self.answer(place, generation, &bytes, now);
        }
    }

    /// Those who speak HTTP do not wait for a receiver that may be away for
    /// hours: after a while they are told that their records wait in memory.
    pub fn answer_waiting(&mut self, now: Now) {
        let late = |awaited: &Awaited| {
            matches!(awaited.answer, Answer::Http(..))
                && now.mono.saturating_duration_since(awaited.since) > IN_MEMORY
        };
        let mut answered = Vec::new();
        let mut at = 0;
        while at < self.awaited.len() {
            match late(&self.awaited[at]) {
                true => answered.extend(self.awaited.remove(at)),
                false => at += 1,
            }
        }
        for awaited in answered {
            if let Answer::Http(request, _) = awaited.answer {
                let whom = (awaited.place, awaited.generation);
                self.answer_request(whom, &request, Outcome::Queued, now);
            }
        }
    }

    /// Whether somebody waits for that turn, the last one, to be accepted.
    pub fn awaits(&self, turn: u64) -> bool {
        let last = self.awaited.back();
        last.is_some_and(|awaited| awaited.turn == turn)
    }

    fn note_accepted(&mut self, sender: SenderId, number: u64) {
        if let Err(error) = self.senders.accept(sender, number)
            && !std::mem::replace(&mut self.told_state, true)
        {
            let path = self.state.clone().unwrap_or_default();
            self.diag.error(format_args!(
                "{}: cannot note how far senders are: {}; after a restart, what was on its way \
                 may come twice",
                path.display(),
                plain(&error)
            ));
        }
    }
}
