//! How many mails there may be in an hour.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

const HOUR: Duration = Duration::from_secs(3600);

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Limit {
    /// `None`: any number.
    most: Option<u32>,
    made: VecDeque<Instant>,
}

impl Limit {
    pub fn new(most: Option<u32>) -> Limit {
        Limit {
            most,
            made: VecDeque::new(),
        }
    }

    /// When the next mail may be made; `None` for now.
    ///
    /// The last of an hour's mails is kept for the end of the run, so that what
    /// was held back until then has one, within the limit. Where there is only
    /// one an hour, it is not.
    pub fn wait(&self, now: Instant) -> Option<Instant> {
        let most = usize::try_from(self.most?).unwrap_or(usize::MAX);
        let most = (most - 1).max(1);
        let oldest = self.made.len().checked_sub(most)?;
        let due = *self.made.get(oldest)? + HOUR;
        (due > now).then_some(due)
    }

    /// When a mail may be sent again that may have arrived; `None` for now. The
    /// last of an hour's mails is for that, too.
    pub fn wait_again(&self, now: Instant) -> Option<Instant> {
        let most = usize::try_from(self.most?).unwrap_or(usize::MAX);
        let oldest = self.made.len().checked_sub(most)?;
        let due = *self.made.get(oldest)? + HOUR;
        (due > now).then_some(due)
    }

    /// A mail is made, or may arrive once more.
    pub fn note(&mut self, now: Instant) {
        let Some(most) = self.most else {
            return;
        };
        self.made.push_back(now);
        while self.made.len() > usize::try_from(most).unwrap_or(usize::MAX) {
            self.made.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mails_an_hour() {
        let start = Instant::now();
        let at = |minutes: u64| start + Duration::from_secs(60 * minutes);
        let mut limit = Limit::new(Some(3));
        for minute in [0, 10] {
            assert_eq!(limit.wait(at(minute)), None);
            limit.note(at(minute));
        }
        // The third is for the end.
        assert_eq!(limit.wait(at(11)), Some(at(60)));
        assert_eq!(limit.wait(at(60)), None);
        limit.note(at(60));
        assert_eq!(limit.wait(at(61)), Some(at(70)));

        let mut one = Limit::new(Some(1));
        assert_eq!(one.wait(at(0)), None);
        one.note(at(0));
        assert_eq!(one.wait(at(1)), Some(at(60)));
        assert_eq!(one.wait_again(at(1)), Some(at(60)));

        let mut two = Limit::new(Some(2));
        two.note(at(0));
        assert_eq!(two.wait_again(at(1)), None);
        two.note(at(1));
        assert_eq!(two.wait_again(at(2)), Some(at(60)));
        assert_eq!(two.wait_again(at(60)), None);

        let mut any = Limit::new(None);
        for _ in 0..1000 {
            any.note(at(0));
        }
        assert_eq!((any.wait(at(0)), any.made.len()), (None, 0));
    }

    /// Over any hour, and the end of the run in it.
    #[test]
    fn never_more_than_the_limit() {
        for most in 2..6 {
            let start = Instant::now();
            let mut limit = Limit::new(Some(most));
            let mut made = Vec::new();
            for minute in 0..600 {
                let now = start + Duration::from_secs(60 * minute);
                if limit.wait(now).is_none() {
                    limit.note(now);
                    made.push(minute);
                }
                let within = made.iter().filter(|at| **at + 60 > minute).count();
                assert!(within < most as usize, "{most}: {made:?}");
            }
        }
    }
}
