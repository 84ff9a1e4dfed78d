//! Points in time, handed to whoever needs one: no handler reads a clock.

use std::io::Write as _;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::decimal::Decimal;

const NANOS: i64 = 1_000_000_000;

/// Nanoseconds since the epoch, negative before it: 1677 to 2262.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// From seconds with a fraction, as Python's `time.time()` has them; `None`
    /// if that is no number or out of range.
    ///
    /// It is the decimal that `repr` shows of the number, to the nanosecond: a
    /// product with 1e9 would be off by up to 128 ns, and print another
    /// microsecond than the sender meant.
    pub fn from_secs_f64(secs: f64) -> Option<Timestamp> {
        // "-1.2345678901234567e-308" is as long as it gets.
        let mut text = [0; 32];
        let mut rest = &mut text[..];
        write!(rest, "{secs:e}").ok()?;
        let left = rest.len();
        let used = text.len() - left;
        Decimal::read(&text[..used])?.scaled(9).map(Timestamp)
    }

    /// From whole seconds since the epoch and nanoseconds on top of them;
    /// `None` if out of range.
    pub fn from_parts(secs: i64, nanos: u32) -> Option<Timestamp> {
        let total = i128::from(secs) * i128::from(NANOS) + i128::from(nanos);
        i64::try_from(total).ok().map(Timestamp)
    }

    /// Whole seconds since the epoch, rounded down.
    pub fn secs(self) -> i64 {
        self.0.div_euclid(NANOS)
    }

    /// Nanoseconds since that second began, 0 to 999,999,999.
    pub fn subsec_nanos(self) -> u32 {
        self.0.rem_euclid(NANOS) as u32
    }

    /// Seconds with a fraction, as `LogRecord.created`.
    pub fn as_secs_f64(self) -> f64 {
        // Apart, so that the quotient is rounded once only.
        self.secs() as f64 + f64::from(self.subsec_nanos()) / NANOS as f64
    }
}

/// One moment on both clocks: the wall's, which may jump, for calendars and
/// records; the monotonic one for waiting.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// The system's time.
    pub wall: Timestamp,
    /// The monotonic clock.
    pub mono: Instant,
}

impl Now {
    /// Reads both clocks.
    pub fn read() -> Now {
        let wall = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |n| -n),
        };
        Now {
            wall: Timestamp(wall),
            mono: Instant::now(),
        }
    }

    /// How long it is from now until a moment; nothing if that is past.
    pub fn until(&self, moment: Instant) -> Duration {
        moment.saturating_duration_since(self.mono)
    }
}
