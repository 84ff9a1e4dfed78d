//! What is wrong with peers, said without letting them fill a log with it.

use std::fmt;
use std::time::{Duration, Instant};

use crate::diag::Diag;

/// So many of them are told in so long a time; of the others, how many.
const TOLD: u32 = 10;
const WINDOW: Duration = Duration::from_secs(10);

/// See the [module](self).
pub(super) struct Complaints {
    diag: Diag,
    begun: Option<Instant>,
    told: u32,
    silent: u64,
}

impl Complaints {
    pub(super) fn new(diag: Diag) -> Complaints {
        Complaints {
            diag,
            begun: None,
            told: 0,
            silent: 0,
        }
    }

    /// Says what is wrong with a peer, and what became of it.
    pub(super) fn tell(&mut self, peer: &str, what: fmt::Arguments<'_>, now: Instant) {
        self.tick(now);
        self.begun.get_or_insert(now);
        if self.told < TOLD {
            self.told += 1;
            self.diag.error(format_args!("{peer}: {what}"));
        } else {
            self.silent += 1;
        }
    }

    /// When [`tick`](Self::tick) has to be called at the latest.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.begun.map(|begun| begun + WINDOW)
    }

    pub(super) fn tick(&mut self, now: Instant) {
        if self.deadline().is_some_and(|due| due <= now) {
            self.finish();
        }
    }

    /// Says what was not told.
    pub(super) fn finish(&mut self) {
        let silent = std::mem::take(&mut self.silent);
        (self.begun, self.told) = (None, 0);
        if silent > 0 {
            self.diag.error(format_args!(
                "listen: {silent} more complaints about peers were left out"
            ));
        }
    }
}
