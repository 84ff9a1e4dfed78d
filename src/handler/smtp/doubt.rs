//! Mails that a server was given whole without a word that it has them: whoever
//! sends such a mail again may send it twice (RFC 1047), and whoever does not may
//! lose it.
//!
//! A server that is slow to answer has the mail, and would get it again and again.
//! So each answer that did not come in time lets the next one have more, up to
//! what RFC 5321 asks for; and the rest between two times grows.

use std::io;
use std::time::Duration;

use super::{Halt, SmtpHandler};
use crate::diag::plain;
use crate::handler::Handler as _;
use crate::now::Now;

/// How much longer than any other answer the one to a whole mail may take, and
/// again after each that did not come in time.
const LONGER: u32 = 4;

/// How long it may take then at the most, unless it is longer already (RFC 5321,
/// section 4.5.3.2.6).
const LONGEST: Duration = Duration::from_secs(600);

/// How long a mail rests after it was sent a second time: twice as long each time
/// after that, up to the other.
const REST: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(3600));

/// How long is waited for the answer to a whole mail.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience(Duration);

impl Patience {
    /// Where any other answer may take so long.
    pub fn new(timeout: Duration) -> Patience {
        Patience(timeout.saturating_mul(LONGER))
    }

    pub fn get(self) -> Duration {
        self.0
    }

    /// An answer did not come in time.
    pub fn grow(&mut self) {
        let more = self.0.saturating_mul(LONGER).min(LONGEST);
        self.0 = self.0.max(more);
    }
}

/// How long a mail rests that was in doubt so often: the first time, not at all.
pub(super) fn rest(doubts: u32) -> Duration {
    let Some(doublings) = doubts.checked_sub(2) else {
        return Duration::ZERO;
    };
    let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
    REST.0.saturating_mul(factor).min(REST.1)
}

impl SmtpHandler {
    /// The server may have taken the mail, and may not.
    pub(super) fn doubt(&mut self, error: io::Error, now: Now) -> Result<(), Halt> {
        let Some(doubts) = self.outbox.front().map(|mail| mail.doubts) else {
            return Ok(());
        };
        if error.kind() == io::ErrorKind::TimedOut {
            self.patience.grow();
        }
        let rest = self.rest(doubts, now);
        // The one that is sent then may arrive beside the one that was.
        self.limit.note(now.mono + rest);
        if doubts == 1 {
            let target = self.target();
            self.diag.warn(format_args!(
                "{target}: a mail was sent whole, and then: {}; it is sent again with the same \
                 Message-ID, and may be sent twice",
                plain(&error)
            ));
        }
        if rest.is_zero() {
            return Ok(());
        }
        self.failed = true;
        self.backoff.failed_for(now.mono, rest);
        Err(Halt::Failed(error))
    }

    /// How long a mail rests that was in doubt so often. The end of the run does
    /// not wait for the limit: see [`is_ready`](Self::is_ready).
    fn rest(&self, doubts: u32, now: Now) -> Duration {
        let due = match self.closing {
            true => None,
            false => self.limit.wait_again(now.mono),
        };
        rest(doubts).max(due.map_or(Duration::ZERO, |due| now.until(due)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_gets_more_time_up_to_ten_minutes() {
        let grown = |timeout| {
            let mut patience = Patience::new(Duration::from_secs(timeout));
            let mut all = vec![patience.get().as_secs()];
            for _ in 0..4 {
                patience.grow();
                all.push(patience.get().as_secs());
            }
            all
        };
        assert_eq!(grown(5), [20, 80, 320, 600, 600]);
        assert_eq!(grown(1000), [4000; 5], "it is longer as it is");
    }

    #[test]
    fn a_mail_rests_longer_each_time() {
        let minutes: Vec<_> = (0..12).map(|doubts| rest(doubts).as_secs() / 60).collect();
        assert_eq!(minutes, [0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
        assert_eq!(rest(u32::MAX), REST.1);
    }
}
