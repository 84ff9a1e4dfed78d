//! Telling a receiver that is slow from one that is gone.

use std::time::{Duration, Instant};

use crate::sys::sockets::TcpState;

/// Since when bytes have been waiting to be acknowledged.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct InFlight {
    /// The oldest of them was sent then, or the last acknowledgement came then.
    since: Option<Instant>,
}

impl InFlight {
    /// Bytes were sent.
    pub fn sent(&mut self) {
        // The clock is read for the first of them only.
        self.since.get_or_insert_with(Instant::now);
    }

    /// Some were acknowledged, or all.
    pub fn acknowledged(&mut self, all: bool) {
        self.since = (!all).then(Instant::now);
    }

    /// Whether nothing was acknowledged for so long.
    pub fn is_older(&self, most: Duration) -> bool {
        self.since.is_some_and(|since| since.elapsed() > most)
    }
}

/// For less than that two probes may be unanswered by a receiver that is there.
const TWO_PROBES: Duration = Duration::from_secs(2);

/// Whether what was sent is answered by nothing at all, for so long.
///
/// A receiver that does not read closes its window, and still answers: each
/// probe of the window, and each packet that is sent again. So the last packet
/// must be unanswered, and not only be just under way.
pub(super) fn is_silent(state: &TcpState, most: Duration) -> bool {
    if state.since_acknowledged <= most {
        return false;
    }
    let answer = (most / 2)
        .min(Duration::from_secs(1))
        .max(state.round_trip * 2);
    let unanswered = state.since_acknowledged > state.since_sent && state.since_sent >= answer;
    // A second probe goes out only when the first had time to be answered. Linux
    // leaves one unanswered that comes within half a second of another
    // (tcp_invalid_ratelimit), and the next comes within a second of that.
    let two_probes = state.probes >= 2 && state.since_acknowledged >= TWO_PROBES;
    (state.in_flight > 0 && unanswered) || two_probes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_silent() {
        let state = |in_flight, probes, sent, acknowledged| TcpState {
            in_flight,
            probes,
            since_sent: Duration::from_millis(sent),
            since_acknowledged: Duration::from_millis(acknowledged),
            round_trip: Duration::from_millis(20),
        };
        let most = Duration::from_secs(30);
        for (state, silent, why) in [
            (state(1, 0, 12_000, 31_000), true, "sent again, unanswered"),
            (state(1, 0, 12_000, 29_000), false, "not for long enough"),
            (
                state(1, 0, 0, 3_600_000),
                false,
                "sent just now after an idle hour",
            ),
            (
                state(1, 0, 40_000, 39_990),
                false,
                "sent again and answered, window closed",
            ),
            (state(0, 0, 90_000, 90_000), false, "nothing on its way"),
            (state(0, 1, 90_000, 90_000), false, "a probe just now"),
            (state(0, 2, 90_000, 90_000), true, "probes unanswered"),
        ] {
            assert_eq!(is_silent(&state, most), silent, "{why}");
        }
        let limited = state(0, 2, 5_000, 1_210);
        assert!(!is_silent(&limited, Duration::from_secs(1)));
    }
}
