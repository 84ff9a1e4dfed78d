//! Which records need not be delivered again, where somebody else keeps them until
//! then.

use std::collections::VecDeque;

use super::Delivery;
use crate::batch::OwnedFrames;
use crate::now::Now;

/// What is known of the order in which records are settled.
#[derive(Debug, Default)]
pub(super) struct Settling {
    /// Records that the handler has taken.
    pub(super) taken: u64,
    /// Records that were given up between them: how many were taken before,
    /// and how many were given up there.
    pub(super) dropped: VecDeque<(u64, u64)>,
    /// Those given up before all that are not known to have arrived.
    passed: u64,
    /// So many were said to be settled, and are forgotten elsewhere. A peer that is
    /// cut off may not have read the last of them after all.
    told: u64,
    /// Those that were surrendered though they were said to be settled: in order.
    returned: Vec<OwnedFrames>,
}

impl Delivery {
    /// From now on, it is known which records are [settled](Self::settled).
    pub fn track(&mut self) {
        self.settling.get_or_insert_default();
    }

    /// How many records, from the first that came on, need not be delivered
    /// again: they have arrived, or were given up.
    pub fn settled(&mut self) -> u64 {
        let settled = self.settled_now();
        if let Some(settling) = &mut self.settling {
            settling.told = settling.told.max(settled);
        }
        settled
    }

    fn settled_now(&mut self) -> u64 {
        let Some(settling) = &mut self.settling else {
            return 0;
        };
        let proven = settling.taken.saturating_sub(self.handler.unproven());
        while let Some((before, count)) = settling.dropped.front()
            && *before <= proven
        {
            settling.passed += count;
            settling.dropped.pop_front();
        }
        proven + settling.passed
    }

    /// Hands out what was said to be [settled](Self::settled) and was surrendered
    /// all the same: nobody else has it any more. Tells too whether none was given up
    /// between those that are settled, so that these are the last of them.
    pub(in crate::handler) fn take_returned(&mut self) -> (Vec<OwnedFrames>, bool) {
        let Some(settling) = &mut self.settling else {
            return (Vec::new(), false);
        };
        let whole = settling.passed == 0 && settling.dropped.is_empty();
        (std::mem::take(&mut settling.returned), whole)
    }

    /// Gives up what the handler has taken and what is not known to have
    /// arrived. It is lost, unless it is `kept` elsewhere, where what is
    /// [settled](Self::settled) is forgotten. Tells how many records that were.
    pub(super) fn surrender(&mut self, kept: bool, now: Now) -> u64 {
        self.note_refused(now);
        let unproven = self.handler.unproven();
        if unproven == 0 {
            return 0;
        }
        let settled = self.settled_now();
        let reason = self.last_reason("it is not known to have arrived");
        let (ledger, target) = (&self.ledger, self.handler.target());
        match &mut self.settling {
            _ if !kept => self.handler.surrender(&mut |frames| {
                ledger.lose(&target, frames, (0, frames.len()), &reason, now);
            }),
            Some(settling) => {
                let mut gone = settling.told.saturating_sub(settled);
                self.handler.surrender(&mut |frames| {
                    let (end, count) = frames.take(0, gone, u64::MAX);
                    gone -= count;
                    if end > 0 {
                        let mut returned = OwnedFrames::default();
                        // It can be: there is nothing in it.
                        returned.append(frames, 0, end);
                        settling.returned.push(returned);
                    }
                });
                // Nor are they settled now that the handler has forgotten them.
                settling.taken = settling.taken.saturating_sub(unproven);
            }
            None => self.handler.surrender(&mut |_| {}),
        }
        if ledger.figures.counts_all() {
            ledger.figures.delivered.sub(unproven);
        }
        self.note_unproven();
        unproven
    }

    /// Ends with records that are not known to have arrived and that are kept
    /// elsewhere.
    pub fn leave(&mut self, now: Now) {
        self.surrender(true, now);
        // It is not over; it is somebody else's now.
        self.trouble = None;
    }
}
