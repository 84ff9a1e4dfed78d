//! When a timed rollover is due.
//!
//! The rules are those of CPython 3.13's
//! `TimedRotatingFileHandler.computeRollover`, with one difference: what is
//! said of the clock on the wall (midnight, a weekday, an hour of the day) holds
//! across every change of that clock. Python adds elapsed seconds and mends
//! the result by an hour, which fails where clocks move by half an hour, at
//! midnight, or where more than one change lies between.
//!
//! Times are seconds since the epoch. Nothing here reads a clock.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, FixedOffset};

use crate::zone::{self, DAY};
pub use crate::zone::{LocalZone, UtcZone, Zone};

/// The answer where no rollover comes within the calendar.
pub const NEVER: i64 = i64::MAX;

/// What the calendar here reaches, some 220,000 years both ways: within what
/// chrono can name, so that zones are not asked about anything beyond.
const LIMIT: i64 = 7_000_000_000_000;

/// The unit of `--when`, as Python names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum When {
    /// `S`: seconds, elapsed.
    Second,
    /// `M`: minutes, elapsed.
    Minute,
    /// `H`: hours, elapsed.
    Hour,
    /// `D`: days of 24 hours, elapsed.
    Day,
    /// `W0` to `W6`: the end of a weekday, or a time on it; 0 is Monday.
    Weekday(u8),
    /// `midnight`: the end of each day, or a time of day.
    Midnight,
}

/// A unit that [`When`] does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown rollover unit {given:?}: expected S, M, H, D, W0 to W6 (Monday to Sunday) or midnight"
)]
pub struct WhenError {
    /// What was given.
    pub given: String,
}

impl FromStr for When {
    type Err = WhenError;

    /// `S`, `M`, `H`, `D`, `W0` to `W6` or `midnight`, in any case.
    fn from_str(s: &str) -> Result<When, WhenError> {
        Ok(match s.to_ascii_lowercase().as_bytes() {
            b"s" => When::Second,
            b"m" => When::Minute,
            b"h" => When::Hour,
            b"d" => When::Day,
            b"midnight" => When::Midnight,
            [b'w', day @ b'0'..=b'6'] => When::Weekday(day - b'0'),
            _ => return Err(WhenError { given: s.into() }),
        })
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            When::Second => f.write_str("S"),
            When::Minute => f.write_str("M"),
            When::Hour => f.write_str("H"),
            When::Day => f.write_str("D"),
            When::Weekday(day) => write!(f, "W{day}"),
            When::Midnight => f.write_str("midnight"),
        }
    }
}

/// Settings that make no [`Schedule`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// An interval of nothing.
    #[error("the rollover interval is 0: expected 1 or more")]
    ZeroInterval,
    /// A time of day for a unit that has none.
    #[error("a time of day goes with midnight and W0 to W6 only, not with {when}")]
    TimeOfDayWithout {
        /// The unit given.
        when: When,
    },
    /// A time that no day has.
    #[error("the time of day is {secs} seconds after midnight: expected less than 86400")]
    TimeOfDayRange {
        /// The seconds given.
        secs: u32,
    },
    /// A weekday that no week has.
    #[error("unknown weekday {day}: expected 0 (Monday) to 6 (Sunday)")]
    WeekdayRange {
        /// The day given.
        day: u8,
    },
}

/// When a file's time is over: `--when`, `--interval`, `--at-time`, `--align`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    when: When,
    rule: Rule,
}

/// What the settings of a [`Schedule`] come down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// So many seconds after the last rollover.
    Elapsed(i64),
    /// Wherever the clock on the wall reads a multiple of so many seconds,
    /// which are less than a day.
    Clock(i64),
    /// At readings of the clock on the wall a day or more apart.
    Calendar(Calendar),
}

/// The readings `phase + n * step` for every whole `n`, and how many of these
/// steps a file lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Calendar {
    phase: i64,
    step: i64,
    steps: i64,
}

impl Schedule {
    /// A schedule that rolls over every `interval` units of `when`.
    ///
    /// `at` is the time of day for [`When::Midnight`] and [`When::Weekday`], in
    /// seconds after midnight; without it the day's end counts. `align` puts
    /// the other units on the clock: an hour ends at :00, 15 minutes at :00,
    /// :15, :30 and :45, counted from 1970-01-01 00:00 on the wall. It changes
    /// nothing for the first two, which are on it anyway.
    ///
    /// # Errors
    /// Which of these can't be, and why.
    pub fn new(
        when: When,
        interval: u32,
        at: Option<u32>,
        align: bool,
    ) -> Result<Schedule, ScheduleError> {
        if interval == 0 {
            return Err(ScheduleError::ZeroInterval);
        }
        if let Some(secs) = at.filter(|&secs| i64::from(secs) >= DAY) {
            return Err(ScheduleError::TimeOfDayRange { secs });
        }
        // At most 2^32 weeks: far from the end of an i64.
        let steps = i64::from(interval);
        // Python's rotate_ts: with no time of day, the midnight that ends it.
        let time = at.map_or(DAY, i64::from);
        let rule = match when {
            When::Midnight => Rule::Calendar(Calendar {
                phase: time,
                step: DAY,
                steps,
            }),
            When::Weekday(day @ 0..=6) => Rule::Calendar(Calendar {
                // 1970-01-05 was the first Monday.
                phase: (4 + i64::from(day)) * DAY + time,
                step: 7 * DAY,
                steps,
            }),
            When::Weekday(day) => return Err(ScheduleError::WeekdayRange { day }),
            _ if at.is_some() => return Err(ScheduleError::TimeOfDayWithout { when }),
            When::Second => Rule::every(steps, align),
            When::Minute => Rule::every(60 * steps, align),
            When::Hour => Rule::every(3600 * steps, align),
            When::Day => Rule::every(DAY * steps, align),
        };
        Ok(Schedule { when, rule })
    }

    /// The unit it counts in.
    pub fn when(&self) -> When {
        self.when
    }

    /// The first rollover after `t`, which is when the file began or the
    /// moment of the last rollover. Always later than `t`; [`NEVER`] beyond the
    /// calendar's end.
    pub fn next(&self, zone: &dyn Zone, t: i64) -> i64 {
        let next = match self.rule {
            Rule::Elapsed(secs) => return t.saturating_add(secs),
            _ if t >= LIMIT => return NEVER,
            Rule::Clock(secs) => clock_after(zone, t.max(-LIMIT), secs),
            Rule::Calendar(calendar) => {
                // As Python: to the next boundary, and steps - 1 from there.
                let n = calendar.first_after(zone, t.max(-LIMIT));
                calendar.boundary(zone, n + calendar.steps - 1)
            }
        };
        // A zone that contradicts itself must not make a rollover that is
        // already due again.
        next.max(t.saturating_add(1))
    }

    /// The start of the interval that ends at `rollover`, a time that
    /// [`next`](Self::next) gave: what the suffix of the file's name says.
    ///
    /// Days and weeks are counted on the calendar, so a day of 23 hours has its
    /// own date (Python subtracts seconds). For any other time than a rollover, the
    /// interval that the time is in.
    pub fn start(&self, zone: &dyn Zone, rollover: i64) -> i64 {
        let within = rollover.clamp(-LIMIT, LIMIT);
        match self.rule {
            Rule::Elapsed(secs) => rollover.saturating_sub(secs),
            Rule::Clock(secs) => clock_before(zone, within, secs),
            Rule::Calendar(calendar) => {
                // Of two boundaries at one instant (a day that the zone left
                // out), the earlier: the one before it is really before.
                let n = calendar.first_after(zone, within - 1);
                calendar.boundary(zone, n - calendar.steps)
            }
        }
    }

    /// The strftime text of the suffix of a rotated file's name, as Python's.
    pub fn suffix_format(&self) -> &'static str {
        match self.when {
            When::Second => "%Y-%m-%d_%H-%M-%S",
            When::Minute => "%Y-%m-%d_%H-%M",
            When::Hour => "%Y-%m-%d_%H",
            When::Day | When::Weekday(_) | When::Midnight => "%Y-%m-%d",
        }
    }
}

impl Rule {
    fn every(secs: i64, align: bool) -> Rule {
        if !align {
            Rule::Elapsed(secs)
        } else if secs < DAY {
            Rule::Clock(secs)
        } else {
            // Days are a matter of the calendar: a midnight that is skipped
            // still ends its day, one that comes twice ends it once.
            Rule::Calendar(Calendar {
                phase: 0,
                step: secs,
                steps: 1,
            })
        }
    }
}

impl Calendar {
    /// The instant of boundary `n`; never earlier than that of `n - 1`.
    fn boundary(self, zone: &dyn Zone, n: i64) -> i64 {
        match self.phase.saturating_add(n.saturating_mul(self.step)) {
            reading if reading > LIMIT => NEVER,
            reading => zone::resolve(zone, reading.max(-LIMIT)),
        }
    }

    /// The least boundary that is later than `t`.
    fn first_after(self, zone: &dyn Zone, t: i64) -> i64 {
        // The last reading that must have passed, offsets being less than a
        // day; at most two days of readings are left to try.
        let mut n = (t - DAY - self.phase).div_euclid(self.step) + 1;
        for _ in 0..=2 * DAY / self.step {
            if self.boundary(zone, n) > t {
                break;
            }
            n += 1;
        }
        n
    }
}

/// The first instant after `t` when the wall reads a multiple of `secs`. Where
/// the clocks go back over one, that is two instants.
fn clock_after(zone: &dyn Zone, t: i64, secs: i64) -> i64 {
    let mut from = t + 1;
    for _ in 0..zone::MAX_CHANGES {
        let due = from + (-zone::wall(zone, from)).rem_euclid(secs);
        match zone::change(zone, from, due) {
            // Anew under the new offset.
            Some(changed) => from = changed,
            None => return due,
        }
    }
    from
}

/// The last instant before `t` when the wall reads a multiple of `secs`.
fn clock_before(zone: &dyn Zone, t: i64, secs: i64) -> i64 {
    let mut from = t - 1;
    for _ in 0..zone::MAX_CHANGES {
        let due = from - zone::wall(zone, from).rem_euclid(secs);
        match zone::change(zone, from, due) {
            Some(changed) => from = changed,
            None => return due,
        }
    }
    from
}

/// What the zone's clock on the wall reads at `t`, in chrono's strftime; `%z`
/// and `%Z` give the offset.
///
/// A format that chrono does not know comes back as it stands; see
/// [`Strftime::compile`](crate::text::time::Strftime::compile) for the check. A
/// `t` beyond chrono's calendar is drawn to its end.
pub fn format_local(zone: &dyn Zone, t: i64, strftime: &str) -> String {
    let t = t.clamp(-LIMIT, LIMIT);
    let east = i32::try_from(zone::offset(zone, t)).unwrap_or(0);
    let (Some(utc), Some(offset)) = (DateTime::from_timestamp(t, 0), FixedOffset::east_opt(east))
    else {
        return strftime.to_owned();
    };
    let mut text = String::new();
    match utc
        .with_timezone(&offset)
        .format(strftime)
        .write_to(&mut text)
    {
        Ok(()) => text,
        Err(fmt::Error) => strftime.to_owned(),
    }
}

/// A text that is no time of day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("bad time of day {given:?}: expected HH:MM or HH:MM:SS, from 00:00 to 23:59:59")]
pub struct TimeOfDayError {
    /// What was given.
    pub given: String,
}

/// Reads `HH:MM` or `HH:MM:SS`, as seconds after midnight. The hour may have
/// one digit.
///
/// # Errors
/// When it is no time of day.
pub fn parse_time_of_day(s: &str) -> Result<u32, TimeOfDayError> {
    let number = |part: &str, digits: &[usize], below: u32| -> Option<u32> {
        let plain = digits.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        let value = part.parse().ok().filter(|_| plain)?;
        (value < below).then_some(value)
    };
    let read = || {
        let mut parts = s.split(':');
        let hours = number(parts.next()?, &[1, 2], 24)?;
        let minutes = number(parts.next()?, &[2], 60)?;
        let seconds = parts
            .next()
            .map_or(Some(0), |part| number(part, &[2], 60))?;
        let end = parts.next().is_none();
        end.then_some((hours * 60 + minutes) * 60 + seconds)
    };
    read().ok_or_else(|| TimeOfDayError { given: s.into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zone::tests::at;
    use chrono_tz::{America, Asia, Australia, Europe, Pacific, Tz};
    use proptest::prelude::*;

    const ZONES: [Tz; 7] = [
        Europe::London,
        America::Sao_Paulo,
        Australia::Lord_Howe,
        Pacific::Apia,
        America::Havana,
        Asia::Kolkata,
        Tz::UTC,
    ];

    /// A schedule from a line such as `W0 2 @13:45` or `H 6 align`.
    fn schedule(text: &str) -> Schedule {
        let mut words = text.split(' ');
        let when = words.next().unwrap().parse().unwrap();
        let (mut interval, mut time, mut align) = (1, None, false);
        for word in words {
            match word.strip_prefix('@') {
                Some(at) => time = Some(parse_time_of_day(at).unwrap()),
                None if word == "align" => align = true,
                None => interval = word.parse().unwrap(),
            }
        }
        Schedule::new(when, interval, time, align).unwrap()
    }

    /// Local text of an instant, with its offset.
    fn local(zone: &dyn Zone, t: i64) -> String {
        format_local(zone, t, "%Y-%m-%d %H:%M:%S%:z")
    }

    /// From a UTC time, the next rollovers in local time, one after another.
    #[test]
    fn rollovers_by_table() {
        let cases: &[(&str, Tz, &str, &[&str])] = &[
            // Elapsed: no clock on the wall matters.
            (
                "H 2",
                Europe::London,
                "2024-03-31 00:10:00",
                &["2024-03-31 03:10:00+01:00", "2024-03-31 05:10:00+01:00"],
            ),
            (
                "D",
                Europe::London,
                "2024-03-30 12:00:00",
                &["2024-03-31 13:00:00+01:00"],
            ),
            (
                "S 90",
                Tz::UTC,
                "2024-03-30 12:00:00",
                &["2024-03-30 12:01:30+00:00", "2024-03-30 12:03:00+00:00"],
            ),
            // Midnight, over a day of 23 hours and one of 25.
            (
                "midnight",
                Europe::London,
                "2024-03-30 12:00:00",
                &[
                    "2024-03-31 00:00:00+00:00",
                    "2024-04-01 00:00:00+01:00",
                    "2024-04-02 00:00:00+01:00",
                ],
            ),
            (
                "midnight",
                Europe::London,
                "2024-10-26 22:59:59",
                &[
                    "2024-10-27 00:00:00+01:00",
                    "2024-10-28 00:00:00+00:00",
                    "2024-10-29 00:00:00+00:00",
                ],
            ),
            // 00:00 skipped; 00:00 reached only after 23:xx came twice.
            (
                "midnight",
                America::Sao_Paulo,
                "2018-11-03 12:00:00",
                &["2018-11-04 01:00:00-02:00", "2018-11-05 00:00:00-02:00"],
            ),
            (
                "midnight",
                America::Sao_Paulo,
                "2018-02-17 12:00:00",
                &["2018-02-18 00:00:00-03:00", "2018-02-19 00:00:00-03:00"],
            ),
            // 00:00 twice: the first ends the day.
            (
                "midnight",
                America::Havana,
                "2018-11-03 12:00:00",
                &["2018-11-04 00:00:00-04:00", "2018-11-05 00:00:00-05:00"],
            ),
            // A day left out is no day: not two rollovers at one instant.
            (
                "midnight",
                Pacific::Apia,
                "2011-12-29 12:00:00",
                &[
                    "2011-12-31 00:00:00+14:00",
                    "2012-01-01 00:00:00+14:00",
                    "2012-01-02 00:00:00+14:00",
                ],
            ),
            (
                "W4",
                Pacific::Apia,
                "2011-12-29 12:00:00",
                &["2011-12-31 00:00:00+14:00", "2012-01-07 00:00:00+14:00"],
            ),
            (
                "W4 @12:00",
                Pacific::Apia,
                "2011-12-29 12:00:00",
                &["2011-12-31 00:00:00+14:00", "2012-01-06 12:00:00+14:00"],
            ),
            // Times of day: skipped, repeated, plain, and the moment itself.
            (
                "midnight @01:30",
                Europe::London,
                "2024-03-30 12:00:00",
                &["2024-03-31 02:00:00+01:00", "2024-04-01 01:30:00+01:00"],
            ),
            (
                "midnight @01:30",
                Europe::London,
                "2024-10-26 12:00:00",
                &["2024-10-27 01:30:00+01:00", "2024-10-28 01:30:00+00:00"],
            ),
            (
                "midnight @01:30",
                Europe::London,
                "2024-10-27 00:45:00",
                &["2024-10-28 01:30:00+00:00"],
            ),
            (
                "midnight @13:45",
                Asia::Kolkata,
                "2024-06-01 08:15:00",
                &["2024-06-02 13:45:00+05:30"],
            ),
            (
                "midnight @00:00",
                Tz::UTC,
                "2024-06-01 08:15:00",
                &["2024-06-02 00:00:00+00:00"],
            ),
            // Intervals, on the calendar.
            (
                "midnight 3",
                Europe::London,
                "2024-03-30 12:00:00",
                &["2024-04-02 00:00:00+01:00", "2024-04-05 00:00:00+01:00"],
            ),
            (
                "midnight 2 @09:00",
                Tz::UTC,
                "2024-06-01 08:59:59",
                &["2024-06-02 09:00:00+00:00", "2024-06-04 09:00:00+00:00"],
            ),
            // Weekdays. 2024-06-03 was a Monday: its own end; its own time.
            (
                "W0",
                Tz::UTC,
                "2024-06-03 12:00:00",
                &["2024-06-04 00:00:00+00:00", "2024-06-11 00:00:00+00:00"],
            ),
            (
                "W0",
                Tz::UTC,
                "2024-06-04 00:00:00",
                &["2024-06-11 00:00:00+00:00"],
            ),
            (
                "W0 @13:45",
                Tz::UTC,
                "2024-06-03 12:00:00",
                &["2024-06-03 13:45:00+00:00", "2024-06-10 13:45:00+00:00"],
            ),
            (
                "W0 @13:45",
                Tz::UTC,
                "2024-06-03 13:45:00",
                &["2024-06-10 13:45:00+00:00"],
            ),
            (
                "W6",
                Europe::London,
                "2024-10-23 12:00:00",
                &["2024-10-28 00:00:00+00:00"],
            ),
            (
                "W2 2",
                Tz::UTC,
                "2024-06-03 12:00:00",
                &["2024-06-13 00:00:00+00:00", "2024-06-27 00:00:00+00:00"],
            ),
            // On the clock.
            (
                "M 15 align",
                Asia::Kolkata,
                "2024-06-01 00:01:00",
                &["2024-06-01 05:45:00+05:30", "2024-06-01 06:00:00+05:30"],
            ),
            (
                "H align",
                Asia::Kolkata,
                "2024-06-01 00:01:00",
                &["2024-06-01 06:00:00+05:30"],
            ),
            (
                "H 6 align",
                Europe::London,
                "2024-03-30 20:00:00",
                &[
                    "2024-03-31 00:00:00+00:00",
                    "2024-03-31 06:00:00+01:00",
                    "2024-03-31 12:00:00+01:00",
                ],
            ),
            // Both passes of the hour.
            (
                "H align",
                Europe::London,
                "2024-10-26 23:30:00",
                &[
                    "2024-10-27 01:00:00+01:00",
                    "2024-10-27 01:00:00+00:00",
                    "2024-10-27 02:00:00+00:00",
                ],
            ),
            (
                "H align",
                Europe::London,
                "2024-03-31 00:30:00",
                &["2024-03-31 02:00:00+01:00", "2024-03-31 03:00:00+01:00"],
            ),
            // Half an hour forwards (02:00 to 02:30), and back (02:00 to 01:30).
            (
                "H align",
                Australia::Lord_Howe,
                "2024-10-05 14:35:00",
                &["2024-10-06 03:00:00+11:00", "2024-10-06 04:00:00+11:00"],
            ),
            (
                "M 30 align",
                Australia::Lord_Howe,
                "2024-10-05 14:35:00",
                &[
                    "2024-10-06 01:30:00+10:30",
                    "2024-10-06 02:30:00+11:00",
                    "2024-10-06 03:00:00+11:00",
                ],
            ),
            (
                "H align",
                Australia::Lord_Howe,
                "2024-04-06 14:05:00",
                &["2024-04-07 02:00:00+10:30", "2024-04-07 03:00:00+10:30"],
            ),
            (
                "M 30 align",
                Australia::Lord_Howe,
                "2024-04-06 14:05:00",
                &[
                    "2024-04-07 01:30:00+11:00",
                    "2024-04-07 01:30:00+10:30",
                    "2024-04-07 02:00:00+10:30",
                ],
            ),
            // Whole days: midnight, however the zone treats it.
            (
                "D align",
                America::Sao_Paulo,
                "2018-11-03 12:00:00",
                &["2018-11-04 01:00:00-02:00", "2018-11-05 00:00:00-02:00"],
            ),
            (
                "D align",
                America::Havana,
                "2018-11-03 12:00:00",
                &["2018-11-04 00:00:00-04:00", "2018-11-05 00:00:00-05:00"],
            ),
            (
                "D 2 align",
                Tz::UTC,
                "1970-01-01 00:00:00",
                &["1970-01-03 00:00:00+00:00"],
            ),
            (
                "H 36 align",
                Tz::UTC,
                "1970-01-01 00:00:00",
                &["1970-01-02 12:00:00+00:00", "1970-01-04 00:00:00+00:00"],
            ),
        ];
        for (text, zone, from, expected) in cases {
            let schedule = schedule(text);
            let mut t = at(from);
            for want in *expected {
                t = schedule.next(zone, t);
                assert_eq!(local(zone, t), *want, "{text} in {zone} from {from}");
            }
        }
    }

    /// What the suffix says of the file that a rollover closes.
    #[test]
    fn starts_by_table() {
        let cases: &[(&str, Tz, &str, &str)] = &[
            (
                "S 90",
                Tz::UTC,
                "2024-06-01 12:01:30",
                "2024-06-01_12-00-00",
            ),
            ("M", Tz::UTC, "2024-06-01 12:01:30", "2024-06-01_12-00"),
            ("H", Europe::London, "2024-06-01 12:01:30", "2024-06-01_12"),
            ("D", Tz::UTC, "2024-06-01 12:01:30", "2024-05-31"),
            // 25 and 23 hours: Python's rollover - 86400 would miss midnight.
            (
                "midnight",
                Europe::London,
                "2024-10-28 00:00:00",
                "2024-10-27",
            ),
            (
                "midnight",
                Europe::London,
                "2024-03-31 23:00:00",
                "2024-03-31",
            ),
            (
                "midnight 3",
                Europe::London,
                "2024-04-01 23:00:00",
                "2024-03-30",
            ),
            (
                "midnight",
                America::Sao_Paulo,
                "2018-11-05 02:00:00",
                "2018-11-04",
            ),
            (
                "midnight",
                America::Havana,
                "2018-11-05 05:00:00",
                "2018-11-04",
            ),
            (
                "midnight",
                Pacific::Apia,
                "2011-12-30 10:00:00",
                "2011-12-29",
            ),
            (
                "midnight",
                Pacific::Apia,
                "2011-12-31 10:00:00",
                "2011-12-31",
            ),
            (
                "midnight @13:45",
                Tz::UTC,
                "2024-06-02 13:45:00",
                "2024-06-01",
            ),
            ("W0", Tz::UTC, "2024-06-11 00:00:00", "2024-06-04"),
            ("W2 2", Tz::UTC, "2024-06-27 00:00:00", "2024-06-13"),
            (
                "H align",
                Europe::London,
                "2024-06-01 12:00:00",
                "2024-06-01_12",
            ),
            (
                "H 6 align",
                Europe::London,
                "2024-03-31 05:00:00",
                "2024-03-31_00",
            ),
            (
                "H align",
                Australia::Lord_Howe,
                "2024-10-05 16:00:00",
                "2024-10-06_01",
            ),
            // Ended early, within an interval.
            ("midnight", Tz::UTC, "2024-06-02 15:00:00", "2024-06-02"),
            ("H align", Tz::UTC, "2024-06-02 15:30:00", "2024-06-02_15"),
        ];
        for (text, zone, rollover, expected) in cases {
            let schedule = schedule(text);
            let start = schedule.start(zone, at(rollover));
            let got = format_local(zone, start, schedule.suffix_format());
            assert_eq!(got, *expected, "{text} in {zone} at {rollover}");
        }
    }

    /// Over thirty years, each date that a zone had ends in one rollover, at
    /// the first moment of the next, and gives its name to one file.
    #[test]
    fn one_rollover_per_local_date() {
        let midnight = schedule("midnight");
        for zone in ZONES {
            let date = |t| zone::wall(&zone, t).div_euclid(DAY);
            let (mut t, end) = (at("1995-06-15 12:00:00"), at("2025-06-15 12:00:00"));
            let mut last = date(t);
            while t < end {
                t = midnight.next(&zone, t);
                let skipped = zone == Pacific::Apia && last == at("2011-12-29 00:00:00") / DAY;
                assert_eq!(date(t), last + 1 + i64::from(skipped), "{zone} {t}");
                assert_eq!(date(t - 1), last, "{zone} {t}");
                assert_eq!(date(midnight.start(&zone, t)), last, "{zone} {t}");
                last = date(t);
            }
        }
    }

    /// Every boundary on the clock is one, none is left out, and both ways
    /// agree: against a walk second by second around the changes.
    #[test]
    fn clock_boundaries_agree_with_a_walk() {
        let changes = [
            (Australia::Lord_Howe, "2024-10-05 15:30:00"),
            (Australia::Lord_Howe, "2024-04-06 15:00:00"),
            (Europe::London, "2024-10-27 01:00:00"),
            (Pacific::Apia, "2011-12-30 10:00:00"),
            (America::Havana, "2018-11-04 05:00:00"),
        ];
        for (zone, moment) in changes {
            for text in ["M 7 align", "M 45 align", "H align", "H 5 align"] {
                let schedule = schedule(text);
                let Rule::Clock(secs) = schedule.rule else {
                    panic!("{text}")
                };
                let from = at(moment) - DAY;
                let walked: Vec<i64> = (from + 1..from + 2 * DAY)
                    .filter(|&t| zone::wall(&zone, t) % secs == 0)
                    .collect();
                let mut t = from;
                for want in walked {
                    let next = schedule.next(&zone, t);
                    assert_eq!(next, want, "{text} in {zone} from {t}");
                    if t > from {
                        assert_eq!(schedule.start(&zone, next), t, "{text} in {zone}");
                    }
                    t = next;
                }
            }
        }
    }

    #[test]
    fn settings_are_checked() {
        let new = Schedule::new;
        assert_eq!(
            new(When::Day, 0, None, false),
            Err(ScheduleError::ZeroInterval)
        );
        assert_eq!(
            new(When::Day, 1, Some(0), false),
            Err(ScheduleError::TimeOfDayWithout { when: When::Day })
        );
        assert_eq!(
            new(When::Midnight, 1, Some(86_400), false),
            Err(ScheduleError::TimeOfDayRange { secs: 86_400 })
        );
        assert_eq!(
            new(When::Weekday(7), 1, None, false),
            Err(ScheduleError::WeekdayRange { day: 7 })
        );
    }

    #[test]
    fn units_read_and_write() {
        for text in ["S", "M", "H", "D", "W0", "W6", "midnight"] {
            let when: When = text.parse().unwrap();
            assert_eq!(when.to_string(), text);
            assert_eq!(text.to_lowercase().parse(), Ok(when));
            assert_eq!(text.to_uppercase().parse(), Ok(when));
        }
        for text in ["", "W", "W7", "W00", "X", "MIDNIGHTS", "w\u{e9}"] {
            let error = text.parse::<When>().unwrap_err();
            assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
        }
    }

    #[test]
    fn times_of_day() {
        for (text, secs) in [("00:00", 0), ("7:05", 25_500), ("23:59:59", 86_399)] {
            assert_eq!(parse_time_of_day(text), Ok(secs));
        }
        let bad = [
            "",
            "12",
            "24:00",
            "12:60",
            "12:00:60",
            "12:0",
            "1:2:3",
            "012:00",
            "+1:00",
            "12:00:00:00",
            "12:00:",
            ":00",
            "12:00 ",
            "\u{661}2:00",
        ];
        for text in bad {
            assert!(parse_time_of_day(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_format_unknown_to_chrono_comes_back() {
        assert_eq!(format_local(&UtcZone, 0, "%Y %!"), "%Y %!");
        assert_eq!(format_local(&Asia::Kolkata, 0, "%H:%M %z"), "05:30 +0530");
        format_local(&UtcZone, i64::MIN, "%c %+");
        format_local(&UtcZone, i64::MAX, "%c %+");
    }

    /// Offsets from a hash, or huge, or always between two values.
    #[derive(Debug)]
    struct Hostile(u64);

    impl Zone for Hostile {
        fn offset(&self, utc: i64) -> i32 {
            match self.0 % 4 {
                0 => i32::MIN,
                1 => i32::MAX,
                2 => [86_399, -86_399][(utc & 1) as usize],
                _ => ((utc as u64 ^ self.0).wrapping_mul(0xD134_2543_DE82_EF95) >> 32) as i32,
            }
        }
    }

    fn any_schedule() -> impl Strategy<Value = Schedule> {
        let when = prop_oneof![
            Just(When::Second),
            Just(When::Minute),
            Just(When::Hour),
            Just(When::Day),
            Just(When::Midnight),
            (0u8..7).prop_map(When::Weekday),
        ];
        let interval = prop_oneof![4 => 1u32..100, 1 => any::<u32>().prop_map(|n| n.max(1))];
        let time = proptest::option::of(0u32..86_400);
        (when, interval, time, any::<bool>()).prop_map(|(when, interval, time, align)| {
            let wall = matches!(when, When::Midnight | When::Weekday(_));
            Schedule::new(when, interval, time.filter(|_| wall), align).unwrap()
        })
    }

    /// 1900 to 2100, often near a change of the clocks.
    fn any_time() -> impl Strategy<Value = (Tz, i64)> {
        let zone = proptest::sample::select(ZONES.to_vec());
        (
            zone,
            -2_208_988_800i64..4_102_444_800,
            any::<bool>(),
            -DAY..DAY,
        )
            .prop_map(|(zone, t, near, shift)| {
                match zone::change(&zone, t, t + 366 * DAY) {
                    Some(changed) if near => (zone, changed + shift),
                    _ => (zone, t),
                }
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn next_is_later_and_monotone(
            schedule in any_schedule(),
            (zone, t) in any_time(),
            gap in prop_oneof![0i64..7200, 0i64..30 * DAY],
        ) {
            let next = schedule.next(&zone, t);
            prop_assert!(next > t);
            prop_assert!(schedule.next(&zone, t + gap) >= next);
        }

        #[test]
        fn the_start_is_not_later_than_the_files_own(
            schedule in any_schedule(),
            (zone, t) in any_time(),
        ) {
            let next = schedule.next(&zone, t);
            if next < LIMIT {
                let start = schedule.start(&zone, next);
                prop_assert!(start <= t, "{start} > {t}");
                if let Rule::Elapsed(_) = schedule.rule {
                    prop_assert_eq!(start, t);
                }
                // Between an aligned or daily pair nothing else comes.
                let single = match schedule.rule {
                    Rule::Calendar(calendar) => calendar.steps == 1,
                    _ => true,
                };
                if single {
                    prop_assert_eq!(schedule.next(&zone, start), next);
                }
            }
        }

        #[test]
        fn nothing_panics_or_spins(schedule in any_schedule(), t in any::<i64>(), seed in any::<u64>()) {
            for t in [t, t >> 20, t % (LIMIT + 5 * DAY), i64::MAX, i64::MIN, LIMIT - 1, -LIMIT] {
                for zone in [&Hostile(seed) as &dyn Zone, &LocalZone, &UtcZone, &Pacific::Apia] {
                    let next = schedule.next(zone, t);
                    prop_assert!(next > t || t == i64::MAX);
                    schedule.start(zone, next);
                    schedule.start(zone, t);
                }
            }
        }
    }
}
