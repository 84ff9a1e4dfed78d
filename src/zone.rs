//! The one question asked of a time zone, and the way back from the clock on
//! the wall to an instant. Rollover times and timestamps without an offset
//! both need that way, and the zones that change their clocks make it hard.

use chrono::{DateTime, Local, Offset, TimeZone};

/// Seconds in a day of the calendar.
pub const DAY: i64 = 86_400;

/// How far apart offsets are sampled while looking for a change of the clocks.
/// In the tz database no zone comes back to an offset in less than this (see the
/// test), so no change hides between two samples.
const STRIDE: i64 = DAY;

/// Changes of the clocks followed in one search. Any real zone needs three; the
/// bound is there for one that answers nonsense.
pub const MAX_CHANGES: usize = 16;

/// A time zone.
pub trait Zone: Send + Sync + std::fmt::Debug {
    /// Seconds east of UTC in force at `utc`, which is in seconds since the
    /// epoch and may be any number. More than a day is taken for a day less
    /// one second.
    fn offset(&self, utc: i64) -> i32;
}

/// The zone of this machine: `TZ`, or `/etc/localtime`, as they are when asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalZone;

impl Zone for LocalZone {
    fn offset(&self, utc: i64) -> i32 {
        // Years 1602 to 9999. Windows knows no zone before 1601 and chrono
        // panics there; nobody's log needs the clock changes of the year 10000.
        let utc = utc.clamp(-11_612_937_600, 253_402_214_400);
        DateTime::from_timestamp(utc, 0).map_or(0, |t| {
            Local
                .offset_from_utc_datetime(&t.naive_utc())
                .fix()
                .local_minus_utc()
        })
    }
}

/// UTC.
#[derive(Clone, Copy, Debug, Default)]
pub struct UtcZone;

impl Zone for UtcZone {
    fn offset(&self, _utc: i64) -> i32 {
        0
    }
}

/// The zone's offset at `utc` in seconds, always less than a day.
pub fn offset(zone: &dyn Zone, utc: i64) -> i64 {
    i64::from(zone.offset(utc)).clamp(1 - DAY, DAY - 1)
}

/// What the clock on the wall reads at `utc`, as seconds since 1970-01-01
/// 00:00 on that same clock.
pub fn wall(zone: &dyn Zone, utc: i64) -> i64 {
    utc.saturating_add(offset(zone, utc))
}

/// The first second on the way from `from` to `to`, forwards or backwards, `to`
/// included, where the offset is not that of `from`. `None` if there is none.
pub fn change(zone: &dyn Zone, from: i64, to: i64) -> Option<i64> {
    let here = offset(zone, from);
    let mut near = from;
    while near != to {
        let far = if to > near {
            near.saturating_add(STRIDE).min(to)
        } else {
            near.saturating_sub(STRIDE).max(to)
        };
        if offset(zone, far) != here {
            let (mut same, mut other) = (near, far);
            while same.abs_diff(other) > 1 {
                let middle = same + (other - same) / 2;
                if offset(zone, middle) == here {
                    same = middle;
                } else {
                    other = middle;
                }
            }
            return Some(other);
        }
        near = far;
    }
    None
}

/// The first instant at which the clock on the wall reads `reading` or later
/// (both in seconds, see [`wall`]).
///
/// So a reading that the clocks skip is the instant of the change, one that
/// they repeat is its first pass, and a later reading is never earlier in time.
pub fn resolve(zone: &dyn Zone, reading: i64) -> i64 {
    // A day before, no offset is large enough to have brought it yet.
    let mut at = reading.saturating_sub(DAY);
    for _ in 0..MAX_CHANGES {
        let due = reading.saturating_sub(offset(zone, at));
        if due <= at {
            return at;
        }
        match change(zone, at, due) {
            Some(changed) => at = changed,
            None => return due,
        }
    }
    at
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use chrono_tz::{TZ_VARIANTS, Tz};

    /// Every zone of the tz database, for the tests of the whole crate.
    impl Zone for Tz {
        fn offset(&self, utc: i64) -> i32 {
            let utc = utc.clamp(-8_000_000_000_000, 8_000_000_000_000);
            let utc = DateTime::from_timestamp(utc, 0).unwrap().naive_utc();
            self.offset_from_utc_datetime(&utc).fix().local_minus_utc()
        }
    }

    /// Seconds since the epoch of a UTC time.
    pub(crate) fn at(text: &str) -> i64 {
        let format = "%Y-%m-%d %H:%M:%S";
        let parsed = chrono::NaiveDateTime::parse_from_str(text, format).unwrap();
        parsed.and_utc().timestamp()
    }

    /// `STRIDE` rests on this: between two samples of equal offset nothing
    /// changed. A selection, for time's sake; chrono-tz 0.10.4 was gone through
    /// in full by the hour.
    #[test]
    fn no_zone_comes_back_to_an_offset_within_a_stride() {
        let (from, to) = (at("1880-01-01 00:00:00"), at("2040-01-01 00:00:00"));
        for zone in TZ_VARIANTS.into_iter().step_by(25) {
            let mut changes: Vec<(i64, i64)> = Vec::new();
            let mut at = from;
            while at < to {
                let next = at + 6 * 3600;
                if offset(&zone, at) != offset(&zone, next) {
                    let changed = change(&zone, at, next).unwrap();
                    if let Some((before, old)) = changes.last() {
                        assert!(
                            changed - before > STRIDE || *old != offset(&zone, changed),
                            "{zone}: {before} to {changed}"
                        );
                    }
                    changes.push((changed, offset(&zone, changed - 1)));
                }
                at = next;
            }
        }
    }

    #[test]
    fn readings_resolve() {
        use chrono_tz::{Africa, America, Australia, Europe, Pacific};
        let cases: &[(Tz, &str, &str)] = &[
            // Plain.
            (Tz::UTC, "2026-11-23 12:00:00", "2026-11-23 12:00:00"),
            (
                Tz::Asia__Kolkata,
                "2026-11-23 12:00:00",
                "2026-11-23 06:30:00",
            ),
            (Europe::London, "2024-07-01 12:00:00", "2024-07-01 11:00:00"),
            // Skipped: 01:00 to 02:00, and the whole of a day.
            (Europe::London, "2024-03-31 00:59:59", "2024-03-31 00:59:59"),
            (Europe::London, "2024-03-31 01:00:00", "2024-03-31 01:00:00"),
            (Europe::London, "2024-03-31 01:30:00", "2024-03-31 01:00:00"),
            (Europe::London, "2024-03-31 02:00:01", "2024-03-31 01:00:01"),
            (Pacific::Apia, "2011-12-30 00:00:00", "2011-12-30 10:00:00"),
            (Pacific::Apia, "2011-12-30 12:00:00", "2011-12-30 10:00:00"),
            (Pacific::Apia, "2011-12-31 00:00:00", "2011-12-30 10:00:00"),
            (
                Australia::Lord_Howe,
                "2024-10-06 02:15:00",
                "2024-10-05 15:30:00",
            ),
            (
                America::Sao_Paulo,
                "2018-11-04 00:00:00",
                "2018-11-04 03:00:00",
            ),
            // Repeated: the first pass.
            (Europe::London, "2024-10-27 01:30:00", "2024-10-27 00:30:00"),
            (Europe::London, "2024-10-27 02:00:00", "2024-10-27 02:00:00"),
            (
                America::Havana,
                "2018-11-04 00:00:00",
                "2018-11-04 04:00:00",
            ),
            // Local mean time, with seconds in the offset.
            (
                Africa::Monrovia,
                "1971-01-01 00:00:00",
                "1971-01-01 00:44:30",
            ),
        ];
        for (zone, reading, expected) in cases {
            let got = resolve(zone, at(reading));
            assert_eq!(got, at(expected), "{zone}: {reading}");
        }
    }

    #[test]
    fn changes_are_found_in_both_directions() {
        let zone = chrono_tz::Europe::London;
        let change_of = at("2024-03-31 01:00:00");
        let (before, after) = (change_of - 5 * DAY, change_of + 5 * DAY);
        assert_eq!(change(&zone, before, after), Some(change_of));
        assert_eq!(change(&zone, after, before), Some(change_of - 1));
        assert_eq!(change(&zone, before, change_of), Some(change_of));
        assert_eq!(change(&zone, before, change_of - 1), None);
        assert_eq!(change(&zone, after, change_of), None);
    }

    /// The answer never depends on a zone being sane: it comes back, soon.
    #[test]
    fn a_zone_that_answers_nonsense_is_survived() {
        #[derive(Debug)]
        struct Noise;
        impl Zone for Noise {
            fn offset(&self, utc: i64) -> i32 {
                let mixed = (utc as u64 ^ 0x9E37).wrapping_mul(0xD134_2543_DE82_EF95);
                (mixed >> 32) as i32
            }
        }
        for reading in [i64::MIN, -1, 0, 1_700_000_000, i64::MAX] {
            resolve(&Noise, reading);
        }
    }

    #[test]
    fn the_local_zone_answers_for_any_number() {
        for utc in [i64::MIN, -99_999_999_999, 0, 99_999_999_999_999, i64::MAX] {
            assert!(i64::from(LocalZone.offset(utc)).abs() < DAY);
        }
    }
}
