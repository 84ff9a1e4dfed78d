//! Which plain bytes have arrived when so many encrypted ones have.

use std::cell::Cell;
use std::collections::VecDeque;

/// Places that are closer together than this, in encrypted bytes, become one.
const CLOSE: u64 = 16 << 10;

/// So many may be remembered before those that have arrived are forgotten.
const MANY: usize = 1024;

/// How far a plain stream was when its encrypted stream was so far.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    encrypted: u64,
    plain: u64,
}

/// The ends of the records of an encrypted stream.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// In rising order; the last is the end of all.
    known: VecDeque<Place>,
    /// The last one that was forgotten.
    forgotten: Place,
    /// The most plain bytes that were said to have arrived.
    told: Cell<u64>,
}

impl Places {
    /// Remembers how far both streams are. Of places that are close together only
    /// the last is kept: what has arrived is then known a little later.
    pub fn note(&mut self, encrypted: u64, plain: u64) {
        let place = Place { encrypted, plain };
        let before = self.known.len().checked_sub(2);
        let before = before.map_or(self.forgotten, |at| self.known[at]);
        match self.known.back_mut() {
            Some(last) if encrypted - before.encrypted <= CLOSE => *last = place,
            _ => self.known.push_back(place),
        }
    }

    /// Whether it is time to [`forget`](Self::forget).
    pub fn are_many(&self) -> bool {
        self.known.len() >= MANY
    }

    /// Forgets the places that have arrived, by encrypted bytes.
    pub fn forget(&mut self, arrived: u64) {
        let gone = self.reached(arrived);
        if let Some(last) = self.known.drain(..gone).next_back() {
            self.forgotten = last;
        }
    }

    /// How many plain bytes have arrived, at least, when so many encrypted ones
    /// have. Never falls.
    pub fn plain(&self, arrived: u64) -> u64 {
        let last = self.reached(arrived).checked_sub(1);
        let plain = last.map_or(self.forgotten, |at| self.known[at]).plain;
        // A place that had arrived may have become one with a later one since.
        self.told.set(self.told.get().max(plain));
        self.told.get()
    }

    fn reached(&self, arrived: u64) -> usize {
        self.known
            .partition_point(|place| place.encrypted <= arrived)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Compared with a list of all places: never too much, never less than
        /// before, little is late, and nothing once all has arrived.
        #[test]
        fn what_has_arrived(
            steps in proptest::collection::vec((1u64..20_000, 0u64..30_000, any::<bool>()), 1..300),
        ) {
            let mut places = Places::default();
            let (mut all, mut encrypted, mut plain) = (vec![(0, 0)], 0, 0);
            let (mut arrived, mut last) = (0, 0);
            for (length, more, forget) in steps {
                plain += length;
                encrypted += length + 22;
                places.note(encrypted, plain);
                all.push((encrypted, plain));
                arrived = (arrived + more).min(encrypted);
                if forget {
                    places.forget(arrived);
                }
                let told = places.plain(arrived);
                let truth = |at| all.iter().rfind(|place| place.0 <= at).map_or(0, |place| place.1);
                prop_assert!(told <= truth(arrived) && told >= last);
                prop_assert!(told >= truth(arrived.saturating_sub(2 * CLOSE)));
                last = told;
            }
            prop_assert_eq!(places.plain(encrypted), plain);
        }
    }

    #[test]
    fn few_are_kept() {
        let mut places = Places::default();
        for n in 1..=100_000 {
            places.note(n * 50, n * 28);
        }
        assert!(places.known.len() < 5_000_000 / CLOSE as usize * 2 + 2);
        assert!(!places.are_many());
        for n in 1..=2000 {
            places.note(5_000_000 + n * 2 * CLOSE, 2_800_000 + n);
        }
        assert!(places.are_many());
        places.forget(u64::MAX);
        assert!(!places.are_many());
        assert_eq!(places.plain(u64::MAX), 2_802_000);
    }
}
