//! When a connection that failed is tried again.

use std::time::{Duration, Instant};

/// The three numbers of Python's `SocketHandler`: `retryStart`, `retryFactor`
/// and `retryMax`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BackoffOptions {
    /// The wait after the first failure.
    pub start: Duration,
    /// What each further wait is multiplied by; less than 1 is taken as 1.
    pub factor: f64,
    /// The longest wait.
    pub max: Duration,
}

impl Default for BackoffOptions {
    fn default() -> BackoffOptions {
        BackoffOptions {
            start: Duration::from_secs(1),
            factor: 2.0,
            max: Duration::from_secs(30),
        }
    }
}

/// The waits between attempts, each longer than the one before, until one
/// succeeds. Each is up to a tenth shorter than its number says, so that many
/// senders do not come back to a receiver at the same moment.
#[derive(Clone, Debug)]
pub struct Backoff {
    options: BackoffOptions,
    /// The last wait, without what was taken off it.
    wait: Option<Duration>,
    due: Option<Instant>,
    state: u64,
}

impl Backoff {
    /// The first attempt is due at once. The seed decides what is taken off.
    pub fn new(options: BackoffOptions, seed: u64) -> Backoff {
        Backoff {
            options,
            wait: None,
            due: None,
            state: seed,
        }
    }

    /// The same, with a seed from the system.
    pub fn seeded(options: BackoffOptions) -> Backoff {
        // A system without random numbers leaves the waits the same for all.
        Backoff::new(options, getrandom::u64().unwrap_or(0))
    }

    /// An attempt failed.
    pub fn failed(&mut self, now: Instant) {
        let wait = match self.wait {
            None => self.options.start,
            Some(wait) => {
                // No number is taken as 1, as less than 1 is.
                let factor = self.options.factor.max(1.0);
                Duration::try_from_secs_f64(wait.as_secs_f64() * factor).unwrap_or(self.options.max)
            }
        };
        let wait = wait.min(self.options.max);
        self.wait = Some(wait);
        let off = wait.mul_f64(self.fraction() / 10.0);
        self.due = Some(now + wait.saturating_sub(off));
    }

    /// An attempt failed, and the other side asks to be left alone so long at
    /// least.
    pub fn failed_for(&mut self, now: Instant, least: Duration) {
        self.failed(now);
        self.due = self.due.max(Some(now + least));
    }

    /// An attempt succeeded: the next failure is a first one.
    pub fn succeeded(&mut self) {
        self.wait = None;
        self.due = None;
    }

    /// When the next attempt is due; `None` for at once.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// The next of numbers spread evenly over 0 to 1 (splitmix64).
    fn fraction(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        (mixed >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn waits_grow_to_the_longest_and_begin_anew() {
        let start = Instant::now();
        let mut backoff = Backoff::new(BackoffOptions::default(), 7);
        assert_eq!(backoff.due(), None);
        for wait in [1, 2, 4, 8, 16, 30, 30] {
            backoff.failed(start);
            let due = backoff.due().unwrap().duration_since(start);
            let wait = Duration::from_secs(wait);
            assert!(
                due <= wait && due >= wait.mul_f64(0.9),
                "{due:?} of {wait:?}"
            );
        }
        backoff.succeeded();
        assert_eq!(backoff.due(), None);
        backoff.failed(start);
        assert!(backoff.due().unwrap() <= start + Duration::from_secs(1));
    }

    #[test]
    fn senders_do_not_come_back_together() {
        let start = Instant::now();
        let due = |seed| {
            let mut backoff = Backoff::new(BackoffOptions::default(), seed);
            backoff.failed(start);
            backoff.due()
        };
        let different: std::collections::HashSet<_> = (0..100).map(due).collect();
        assert!(different.len() > 95);
    }

    proptest! {
        /// Whatever the numbers are, no wait is longer than the longest.
        #[test]
        fn no_wait_is_too_long(
            start in 0u64..100_000,
            factor in proptest::num::f64::ANY,
            max in 0u64..1_000_000_000,
            seed in any::<u64>(),
        ) {
            let options = BackoffOptions {
                start: Duration::from_millis(start),
                factor,
                max: Duration::from_millis(max),
            };
            let mut backoff = Backoff::new(options, seed);
            let now = Instant::now();
            for _ in 0..40 {
                backoff.failed(now);
                prop_assert!(backoff.due().unwrap() <= now + options.max);
            }
        }
    }
}
