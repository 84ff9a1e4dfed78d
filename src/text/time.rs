//! Time to text and text to time, for records.
//!
//! Most records of a busy log share their second with the one before, so a
//! [`TimeText`] keeps the text of that second: what is left for a record is a
//! copy and the digits behind the point. A time zone is asked once a second.

use std::fmt;

use chrono::format::{Item, StrftimeItems};
use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, Timelike};

use crate::decimal::Decimal;
use crate::zone::{self, DAY, LocalZone, UtcZone, Zone};

const NANOS: i64 = 1_000_000_000;

pub use crate::now::Timestamp;

/// A strftime text, checked.
///
/// The specifiers are [chrono's](chrono::format::strftime). Beside those of C
/// they have fractions of a second (`%3f`, `%6f`, `%.6f`; `%f` is nine digits),
/// which Python's `datefmt` has not; `%Z` gives the offset, as `%:z` does.
#[derive(Clone, Debug)]
pub struct Strftime {
    items: Vec<Item<'static>>,
    /// It shows fractions of a second.
    subsec: bool,
}

/// A strftime text that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown specifier {specifier:?} at byte {offset} of the time format {format:?}")]
pub struct StrftimeError {
    /// The text given.
    pub format: String,
    /// Where in it the specifier begins, in bytes.
    pub offset: usize,
    /// The specifier, from its `%`.
    pub specifier: String,
}

impl Strftime {
    /// Checks and compiles a strftime text.
    ///
    /// # Errors
    /// A specifier that is not known, and where it stands.
    pub fn compile(format: &str) -> Result<Strftime, StrftimeError> {
        let error = |offset: usize, specifier: &str| StrftimeError {
            format: format.into(),
            offset,
            specifier: specifier.into(),
        };
        let mut subsec = false;
        let mut from = 0;
        while let Some(found) = format[from..].find('%') {
            let offset = from + found;
            let specifier = first_specifier(&format[offset..]);
            // Tried, not only parsed: chrono has some that it can only read.
            let mut text = String::new();
            let tried = DateTime::UNIX_EPOCH.format(specifier).write_to(&mut text);
            if tried.is_err() {
                return Err(error(offset, specifier));
            }
            subsec |= specifier.ends_with('f') || specifier == "%+";
            from = offset + specifier.len();
        }
        match StrftimeItems::new(format).parse_to_owned() {
            Ok(items) => Ok(Strftime { items, subsec }),
            Err(_) => Err(error(0, format)),
        }
    }
}

/// The specifier that `text` begins with: `%`, a flag, `:`, `.` or digits, and
/// one more character.
fn first_specifier(text: &str) -> &str {
    let plain = |c: char| c == ':' || c == '.' || c.is_ascii_digit();
    let flagged = text[1..].strip_prefix(['-', '_', '0', '#']);
    let rest = flagged.unwrap_or(&text[1..]).trim_start_matches(plain);
    let last = rest.chars().next().map_or(0, char::len_utf8);
    &text[..text.len() - rest.len() + last]
}

/// How a time is written.
#[derive(Clone, Debug)]
pub enum TimeStyle {
    /// RFC 3339, section 5.6, with microseconds and a numeric offset:
    /// `2026-11-23T02:51:12.123456+00:00`.
    Rfc3339Micros,
    /// `logging.Formatter.formatTime` without a `datefmt`:
    /// `2003-07-08 16:49:45,896`.
    Asctime,
    /// The user's own.
    Strftime(Strftime),
}

/// Writes times in one style.
#[derive(Clone, Debug)]
pub struct TimeText {
    style: TimeStyle,
    zone: &'static dyn Zone,
    /// When the second began that the rest is about, in nanoseconds since the
    /// epoch. The first of all seconds began before the earliest timestamp.
    second: i128,
    /// The zone's offset in that second.
    offset: FixedOffset,
    /// RFC 3339, or asctime in the first 23 bytes, with zeros behind the point.
    line: [u8; 32],
    /// What strftime made of the second.
    text: String,
}

impl TimeText {
    /// Writes in UTC, or else in the local zone.
    pub fn new(style: TimeStyle, utc: bool) -> TimeText {
        TimeText::with_zone(style, if utc { &UtcZone } else { &LocalZone })
    }

    /// Writes in the time of a zone.
    pub fn with_zone(style: TimeStyle, zone: &'static dyn Zone) -> TimeText {
        let mut text = TimeText {
            style,
            zone,
            second: 0,
            offset: offset_at(zone, 0),
            line: *b"0000-00-00T00:00:00.000000+00:00",
            text: String::new(),
        };
        text.turn(Timestamp(0));
        text
    }

    /// Appends the text of `t` to `out`.
    pub fn write(&mut self, t: Timestamp, out: &mut Vec<u8>) {
        let since = i128::from(t.0) - self.second;
        let nanos = if (0..i128::from(NANOS)).contains(&since) {
            since as u64
        } else {
            self.turn(t);
            u64::from(t.subsec_nanos())
        };
        match &self.style {
            TimeStyle::Rfc3339Micros => {
                let micros = nanos / 1000;
                put2(&mut self.line, 20, micros / 10_000);
                put2(&mut self.line, 22, micros / 100 % 100);
                put2(&mut self.line, 24, micros % 100);
                out.extend_from_slice(&self.line);
            }
            TimeStyle::Asctime => {
                let millis = nanos / 1_000_000;
                self.line[20] = b'0' + (millis / 100) as u8;
                put2(&mut self.line, 21, millis % 100);
                out.extend_from_slice(&self.line[..23]);
            }
            TimeStyle::Strftime(format) => {
                if format.subsec {
                    strftime(format, t, self.offset, &mut self.text);
                }
                out.extend_from_slice(self.text.as_bytes());
            }
        }
    }

    /// Goes over to the second that `t` is in.
    #[cold]
    fn turn(&mut self, t: Timestamp) {
        self.second = i128::from(t.secs()) * i128::from(NANOS);
        self.offset = offset_at(self.zone, t.secs());
        match &self.style {
            TimeStyle::Rfc3339Micros => {
                // The format has no seconds in an offset, and zones had until
                // 1972. The reading is rounded along, so the instant holds.
                let minutes = self.offset.local_minus_utc() / 60;
                put_date_time(&mut self.line, t.secs() + i64::from(minutes) * 60);
                (self.line[10], self.line[19]) = (b'T', b'.');
                self.line[26] = if minutes < 0 { b'-' } else { b'+' };
                let minutes = u64::from(minutes.unsigned_abs());
                put2(&mut self.line, 27, minutes / 60);
                put2(&mut self.line, 30, minutes % 60);
            }
            TimeStyle::Asctime => {
                let east = i64::from(self.offset.local_minus_utc());
                put_date_time(&mut self.line, t.secs() + east);
                (self.line[10], self.line[19]) = (b' ', b',');
            }
            TimeStyle::Strftime(format) => strftime(format, t, self.offset, &mut self.text),
        }
    }
}

fn offset_at(zone: &dyn Zone, utc: i64) -> FixedOffset {
    // Always less than a day, as chrono wants it.
    let east = i32::try_from(zone::offset(zone, utc)).ok();
    east.and_then(FixedOffset::east_opt)
        .unwrap_or_else(|| chrono::Offset::fix(&chrono::Utc))
}

fn strftime(format: &Strftime, t: Timestamp, offset: FixedOffset, text: &mut String) {
    text.clear();
    if let Some(utc) = DateTime::from_timestamp(t.secs(), t.subsec_nanos()) {
        let local = utc.with_timezone(&offset);
        // Compiled means tried: every item can be written.
        let written = local.format_with_items(format.items.iter()).write_to(text);
        debug_assert_eq!(written, Ok::<(), fmt::Error>(()));
    }
}

/// Two digits of a number below 100, at `line[at]`.
fn put2(line: &mut [u8; 32], at: usize, n: u64) {
    line[at] = b'0' + (n / 10) as u8;
    line[at + 1] = b'0' + (n % 10) as u8;
}

/// Date and time of day of a reading of the clock, at their places in `line`.
fn put_date_time(line: &mut [u8; 32], wall: i64) {
    // A timestamp's year has four digits.
    let Some(wall) = DateTime::from_timestamp(wall, 0) else {
        return;
    };
    let year = u64::from(wall.year().unsigned_abs());
    put2(line, 0, year / 100);
    put2(line, 2, year % 100);
    put2(line, 5, wall.month().into());
    put2(line, 8, wall.day().into());
    put2(line, 11, wall.hour().into());
    put2(line, 14, wall.minute().into());
    put2(line, 17, wall.second().into());
}

/// Reads RFC 3339 in the spellings that logs have, Python's asctime among them.
///
/// `T`, `t` or a space before the time; `.` or `,` before any number of digits
/// of a second, cut at the nanosecond, or none of both; `Z`, `z`, `+02`, `+0200`
/// or `+02:00`, also after a space; no offset means `zone`. A local time that
/// came twice is its first, one that was skipped is the moment of the change.
/// A leap second counts as the next one. White space around it does no harm.
/// `None` for anything else, and beyond 1677 to 2262.
pub fn parse_timestamp(s: &str, zone: &dyn Zone) -> Option<Timestamp> {
    let s = s.trim_ascii().as_bytes();
    let (date_time, rest) = s.split_at_checked(19)?;
    let marks = [4, 7, 10, 13, 16].map(|at| date_time[at]);
    let [b'-', b'-', b'T' | b't' | b' ', b':', b':'] = marks else {
        return None;
    };
    let year = number(&date_time[..4])? as i32;
    let [month, day, hour, minute, second] =
        [5, 8, 11, 14, 17].map(|at| number(&date_time[at..at + 2]));
    let date = NaiveDate::from_ymd_opt(year, month?, day?)?;
    let (hour, minute, second) = (hour?, minute?, second?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // Day 719,163 of the era is 1970-01-01.
    let days = i64::from(date.num_days_from_ce() - 719_163);
    let wall = days * DAY + i64::from((hour * 60 + minute) * 60 + second);

    let (nanos, rest) = match rest {
        [b'.' | b',', rest @ ..] => fraction(rest)?,
        _ => (0, rest),
    };
    let utc = match rest.strip_prefix(b" ").unwrap_or(rest) {
        [] if rest.is_empty() => zone::resolve(zone, wall),
        [b'Z' | b'z'] => wall,
        [b'+', offset @ ..] => wall - offset_secs(offset)?,
        [b'-', offset @ ..] => wall + offset_secs(offset)?,
        _ => return None,
    };
    Timestamp::from_parts(utc, nanos)
}

/// A decimal number of up to nine digits, nothing else.
fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |n, &b| {
        b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0'))
    })
}

/// Digits behind the point as nanoseconds, and what follows them.
fn fraction(s: &[u8]) -> Option<(u32, &[u8])> {
    let end = s.iter().position(|b| !b.is_ascii_digit());
    let (digits, rest) = s.split_at(end.unwrap_or(s.len()));
    let kept = &digits[..digits.len().min(9)];
    let nanos = number(kept)? * 10_u32.pow(9 - kept.len() as u32);
    (!digits.is_empty()).then_some((nanos, rest))
}

/// `hh`, `hhmm` or `hh:mm` in seconds.
fn offset_secs(s: &[u8]) -> Option<i64> {
    let (hours, minutes) = match s {
        [_, _] => (number(s)?, 0),
        [h1, h2, m1, m2] | [h1, h2, b':', m1, m2] => (number(&[*h1, *h2])?, number(&[*m1, *m2])?),
        _ => return None,
    };
    (hours < 24 && minutes < 60).then_some(i64::from(hours * 60 + minutes) * 60)
}

/// Reads an epoch time given as a number of JSON: seconds below 1e11 (the
/// year 5138), else milliseconds below 1e14, microseconds below 1e17,
/// nanoseconds above.
///
/// Works on the text, so that no digit is lost as a float would lose it; what
/// is finer than a nanosecond is cut off. `None` for what is no number, and
/// beyond 1677 to 2262.
pub fn epoch_by_magnitude(text: &str) -> Option<Timestamp> {
    let decimal = Decimal::read(text.as_bytes())?;
    let places = match decimal.places() {
        ..=11 => 9,
        12..=14 => 6,
        15..=17 => 3,
        _ => 0,
    };
    decimal.scaled(places).map(Timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zone::tests::at;
    use chrono_tz::{America, Asia, Europe, Tz};
    use proptest::prelude::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    static LONDON: Tz = Europe::London;
    static HAVANA: Tz = America::Havana;
    static KOLKATA: Tz = Asia::Kolkata;

    fn written(text: &mut TimeText, t: i64) -> String {
        let mut out = b">".to_vec();
        text.write(Timestamp(t), &mut out);
        String::from_utf8(out.split_off(1)).unwrap()
    }

    fn strftime_style(format: &str) -> TimeStyle {
        TimeStyle::Strftime(Strftime::compile(format).unwrap())
    }

    #[test]
    fn styles_by_table() {
        use TimeStyle::{Asctime, Rfc3339Micros};
        let t = 1_795_402_272_123_456_789;
        let custom = || strftime_style("%d/%b/%Y:%H:%M:%S %z");
        let cases: Vec<(TimeStyle, &'static dyn Zone, i64, &str)> = vec![
            (
                Rfc3339Micros,
                &UtcZone,
                t,
                "2026-11-23T02:51:12.123456+00:00",
            ),
            (
                Rfc3339Micros,
                &KOLKATA,
                t,
                "2026-11-23T08:21:12.123456+05:30",
            ),
            (
                Rfc3339Micros,
                &HAVANA,
                t,
                "2026-11-22T21:51:12.123456-05:00",
            ),
            (
                Rfc3339Micros,
                &UtcZone,
                0,
                "1970-01-01T00:00:00.000000+00:00",
            ),
            (
                Rfc3339Micros,
                &UtcZone,
                -1,
                "1969-12-31T23:59:59.999999+00:00",
            ),
            (
                Rfc3339Micros,
                &UtcZone,
                999,
                "1970-01-01T00:00:00.000000+00:00",
            ),
            (
                Rfc3339Micros,
                &UtcZone,
                i64::MIN,
                "1677-09-21T00:12:43.145224+00:00",
            ),
            (
                Rfc3339Micros,
                &UtcZone,
                i64::MAX,
                "2262-04-11T23:47:16.854775+00:00",
            ),
            // Local mean time is 75 seconds behind; the instant must hold.
            (
                Rfc3339Micros,
                &LONDON,
                i64::MIN,
                "1677-09-21T00:11:43.145224-00:01",
            ),
            (Asctime, &UtcZone, t, "2026-11-23 02:51:12,123"),
            (Asctime, &KOLKATA, t, "2026-11-23 08:21:12,123"),
            (Asctime, &UtcZone, -1, "1969-12-31 23:59:59,999"),
            (Asctime, &UtcZone, 5_000_000, "1970-01-01 00:00:00,005"),
            (custom(), &KOLKATA, t, "23/Nov/2026:08:21:12 +0530"),
            (custom(), &UtcZone, -1, "31/Dec/1969:23:59:59 +0000"),
            (strftime_style("%T%.6f"), &UtcZone, t, "02:51:12.123456"),
            (
                strftime_style("%s.%f%%f"),
                &UtcZone,
                t,
                "1795402272.123456789%f",
            ),
            (
                strftime_style("%+"),
                &UtcZone,
                t,
                "2026-11-23T02:51:12.123456789+00:00",
            ),
            (strftime_style(""), &UtcZone, t, ""),
            (strftime_style("ü %Y"), &UtcZone, t, "ü 2026"),
        ];
        for (style, zone, t, expected) in cases {
            let mut text = TimeText::with_zone(style.clone(), zone);
            assert_eq!(written(&mut text, t), expected, "{style:?}");
            // Again from the cache, and after a second in between.
            assert_eq!(written(&mut text, t), expected, "{style:?}");
            written(&mut text, 777_777_777_777);
            assert_eq!(written(&mut text, t), expected, "{style:?}");
        }
    }

    /// The cached second is never used outside itself, nor forwards nor
    /// backwards, and fractions of a second never come from it.
    #[test]
    fn the_cache_ends_with_its_second() {
        let styles = [
            TimeStyle::Rfc3339Micros,
            TimeStyle::Asctime,
            strftime_style("%F %T"),
            strftime_style("%F %T %3f"),
        ];
        let steps = [
            0,
            1,
            999_999,
            999_999_999,
            1_000_000_000,
            -1,
            -1_000_000_001,
        ];
        for style in styles {
            let mut kept = TimeText::with_zone(style.clone(), &LONDON);
            for base in [0, i64::MIN, i64::MAX, 1_711_846_799_999_999_999] {
                for step in steps {
                    let t = base.saturating_add(step);
                    let mut fresh = TimeText::with_zone(style.clone(), &LONDON);
                    assert_eq!(written(&mut kept, t), written(&mut fresh, t), "{t}");
                }
            }
        }
    }

    #[test]
    fn the_zone_is_asked_once_a_second() {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        #[derive(Debug)]
        struct Counting;
        impl Zone for Counting {
            fn offset(&self, _utc: i64) -> i32 {
                ASKED.fetch_add(1, Ordering::Relaxed);
                0
            }
        }
        for style in [TimeStyle::Rfc3339Micros, strftime_style("%T%.3f")] {
            let mut text = TimeText::with_zone(style, &Counting);
            written(&mut text, 5_000_000_000);
            let before = ASKED.load(Ordering::Relaxed);
            for t in 0..1000 {
                written(&mut text, 5_000_000_000 + t * 999_000);
            }
            assert_eq!(ASKED.load(Ordering::Relaxed), before);
        }
    }

    #[test]
    fn a_bad_strftime_shows_the_place() {
        let cases = [
            ("%Y-%Q", 3, "%Q"),
            ("%", 0, "%"),
            ("ü%H:%M%", 7, "%"),
            ("%-%", 0, "%-%"),
            ("%5f", 0, "%5f"),
            ("a %.4f", 2, "%.4f"),
            ("%H%é", 2, "%é"),
            ("%%%!", 2, "%!"),
            ("%:H", 0, "%:H"),
            ("%-", 0, "%-"),
        ];
        for (format, offset, specifier) in cases {
            let error = Strftime::compile(format).unwrap_err();
            assert_eq!(error.offset, offset, "{format}");
            assert_eq!(error.specifier, specifier, "{format}");
            assert_eq!(error.format, format);
        }
        let text = Strftime::compile("%Y-%Q").unwrap_err().to_string();
        let expected = "unknown specifier \"%Q\" at byte 3 of the time format \"%Y-%Q\"";
        assert_eq!(text, expected);
    }

    #[test]
    fn timestamps_parse_by_table() {
        let t = 1_795_402_272_000_000_000;
        let cases = [
            ("2026-11-23T02:51:12Z", t),
            ("2026-11-23t02:51:12z", t),
            ("2026-11-23 02:51:12+00:00", t),
            ("2026-11-23T08:21:12+05:30", t),
            ("2026-11-23T08:21:12+0530", t),
            ("2026-11-22T21:51:12-05", t),
            ("2026-11-22 21:51:12 -0500", t),
            ("2026-11-23T02:51:12-00:00", t),
            ("2026-11-23T02:51:12.5Z", t + 500_000_000),
            ("2026-11-23T02:51:12,5Z", t + 500_000_000),
            ("2026-11-23T02:51:12.123456789Z", t + 123_456_789),
            ("2026-11-23T02:51:12.1234567899999Z", t + 123_456_789),
            ("2026-11-23T02:51:12.000000001 +00:00", t + 1),
            (" 2026-11-23T02:51:12Z\r\n", t),
            ("2026-11-23T02:50:60Z", t - 12_000_000_000),
            // Local, in London.
            ("2003-07-08 16:49:45,896", 1_057_679_385_896_000_000),
            ("2026-11-23T02:51:12", t),
            ("2024-10-27 01:30:00", at("2024-10-27 00:30:00") * NANOS),
            ("2024-03-31 01:30:00", at("2024-03-31 01:00:00") * NANOS),
            ("1969-12-31T23:59:59.25Z", -750_000_000),
            ("1677-09-21T00:12:43.145224192Z", i64::MIN),
            ("2262-04-11T23:47:16.854775807Z", i64::MAX),
        ];
        for (text, expected) in cases {
            let got = parse_timestamp(text, &LONDON);
            assert_eq!(got, Some(Timestamp(expected)), "{text}");
        }
    }

    #[test]
    fn what_is_no_timestamp_is_none() {
        let cases = [
            "",
            "2026-11-23",
            "2026-11-23T02:51",
            "2026-11-23T02:51:12.",
            "2026-11-23T02:51:12.Z",
            "2026-11-23T02:51:12 ,5",
            "2026-11-23T02:51:12  Z",
            "2026-11-23T02:51:12+",
            "2026-11-23T02:51:12+5",
            "2026-11-23T02:51:12+24:00",
            "2026-11-23T02:51:12+05:60",
            "2026-11-23T02:51:12+05:3",
            "2026-11-23T02:51:12+0530x",
            "2026-11-23T02:51:12Zulu",
            "2026-11-23T24:00:00Z",
            "2026-11-23T02:60:00Z",
            "2026-11-23T02:51:61Z",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-1-001T00:00:00Z",
            "+026-11-23T02:51:12Z",
            "2026-11-23_02:51:12Z",
            "2026/11/23T02:51:12Z",
            "1677-09-21T00:12:43.145224191Z",
            "2262-04-11T23:47:16.854775808Z",
            "0000-01-01T00:00:00Z",
            "２０２６-11-23T02:51:12Z",
            "2026-11-23T02:51:1é",
        ];
        for text in cases {
            assert_eq!(parse_timestamp(text, &LONDON), None, "{text:?}");
        }
    }

    #[test]
    fn epochs_by_magnitude() {
        let cases = [
            ("0", 0),
            ("-0.0", 0),
            ("0e999999999999999999999", 0),
            ("1", 1_000_000_000),
            ("-1.5", -1_500_000_000),
            ("1732300000", 1_732_300_000_000_000_000),
            ("1732300000.123456", 1_732_300_000_123_456_000),
            ("1732300000.123456789", 1_732_300_000_123_456_789),
            ("1732300000.1234567899", 1_732_300_000_123_456_789),
            ("1.7323e9", 1_732_300_000_000_000_000),
            ("1.7323E+9", 1_732_300_000_000_000_000),
            ("17323000000000000000e-10", 1_732_300_000_000_000_000),
            ("1732300000123", 1_732_300_000_123_000_000),
            ("1732300000123.456789", 1_732_300_000_123_456_789),
            ("1732300000123456", 1_732_300_000_123_456_000),
            ("1732300000123456789", 1_732_300_000_123_456_789),
            ("-1732300000123", -1_732_300_000_123_000_000),
            ("9007199254740993", 9_007_199_254_740_993_000),
            // The borders between the units.
            ("9223372036", 9_223_372_036_000_000_000),
            ("100000000000", 100_000_000_000_000_000),
            ("100000000000000", 100_000_000_000_000_000),
            ("100000000000000000", 100_000_000_000_000_000),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
            (
                "000000000000000000000000000000000000000000000000001",
                1_000_000_000,
            ),
            ("0.0000000000000000000000000000000000000000000000001", 0),
            ("1e-999999999999999999999", 0),
        ];
        for (text, expected) in cases {
            assert_eq!(
                epoch_by_magnitude(text),
                Some(Timestamp(expected)),
                "{text}"
            );
        }
        let long = format!("1732300000.{}", "1".repeat(1_000_000));
        assert_eq!(
            epoch_by_magnitude(&long),
            Some(Timestamp(1_732_300_000_111_111_111))
        );
        let long = format!("1732300000{}e-1000000", "0".repeat(1_000_000));
        assert_eq!(
            epoch_by_magnitude(&long),
            Some(Timestamp(1_732_300_000_000_000_000))
        );
        let none = [
            "",
            "-",
            "+1",
            ".5",
            "5.",
            "1e",
            "1e+",
            "1e1.5",
            "NaN",
            "inf",
            "Infinity",
            "0x10",
            "1_000",
            " 1",
            "1 ",
            "--1",
            "1e400",
            "1e999999999999999999999",
            "9223372036854775808",
            "-9223372036854775809",
            "9223372037",
            "99999999999",
            "1732300000.5x",
        ];
        for text in none {
            assert_eq!(epoch_by_magnitude(text), None, "{text:?}");
        }
    }

    #[test]
    fn floats_are_what_they_show() {
        let cases = [
            (0.0, Some(0)),
            (-0.5, Some(-500_000_000)),
            (1_732_300_000.123_457, Some(1_732_300_000_123_457_000)),
            (1_732_300_000.000_001, Some(1_732_300_000_000_001_000)),
            (5e-324, Some(0)),
            (-1.234_567_890_123_456_7e-308, Some(0)),
            (9.3e9, None),
            (1e300, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
            (f64::NEG_INFINITY, None),
        ];
        for (secs, expected) in cases {
            assert_eq!(
                Timestamp::from_secs_f64(secs),
                expected.map(Timestamp),
                "{secs}"
            );
        }
        assert_eq!(Timestamp(-1).secs(), -1);
        assert_eq!(Timestamp(-1).subsec_nanos(), 999_999_999);
        assert_eq!(Timestamp(i64::MIN).secs(), -9_223_372_037);
        assert_eq!(
            Timestamp::from_parts(-9_223_372_037, 145_224_192),
            Some(Timestamp(i64::MIN))
        );
        assert_eq!(Timestamp::from_parts(i64::MAX, 0), None);
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(t in any::<i64>(), zone in 0..3) {
            let zone: &'static dyn Zone = [&LONDON as &dyn Zone, &HAVANA, &KOLKATA][zone as usize];
            let text = written(&mut TimeText::with_zone(TimeStyle::Rfc3339Micros, zone), t);
            prop_assert_eq!(text.len(), 32);
            let micros = Timestamp(t).subsec_nanos() / 1000 * 1000;
            let expected = Timestamp::from_parts(Timestamp(t).secs(), micros);
            // The first microsecond of the range is cut: it reads as before it.
            prop_assert_eq!(parse_timestamp(&text, &UtcZone), expected);

            let text = written(&mut TimeText::new(TimeStyle::Asctime, true), t);
            let millis = Timestamp(t).subsec_nanos() / 1_000_000 * 1_000_000;
            let expected = Timestamp::from_parts(Timestamp(t).secs(), millis);
            prop_assert_eq!(parse_timestamp(&text, &UtcZone), expected);
        }

        #[test]
        fn floats_keep_the_microsecond(micros in 0i64..4_000_000_000_000_000) {
            let secs = micros as f64 / 1e6;
            prop_assert_eq!(Timestamp::from_secs_f64(secs), Some(Timestamp(micros * 1000)));
            let back = Timestamp(micros * 1000).as_secs_f64();
            prop_assert_eq!(Timestamp::from_secs_f64(back), Some(Timestamp(micros * 1000)));
        }

        #[test]
        fn integers_keep_every_digit(n in any::<i64>()) {
            let expected = match n.unsigned_abs() {
                ..100_000_000_000 => n.checked_mul(1_000_000_000),
                100_000_000_000..100_000_000_000_000 => n.checked_mul(1_000_000),
                100_000_000_000_000..100_000_000_000_000_000 => n.checked_mul(1000),
                _ => Some(n),
            };
            prop_assert_eq!(epoch_by_magnitude(&n.to_string()), expected.map(Timestamp));
        }

        #[test]
        fn no_text_panics(text in "[-+0-9.,:eETtZz é]{0,40}|.{0,40}") {
            epoch_by_magnitude(&text);
            parse_timestamp(&text, &LONDON);
        }

        /// Our reading of where a specifier ends is chrono's.
        #[test]
        fn strftime_is_judged_as_by_chrono(format in "([%.:_#0-9a-zA-Z+é -]|%[-_0]?[a-zA-Z]){0,8}") {
            let known = !StrftimeItems::new(&format).any(|item| item == Item::Error);
            match Strftime::compile(&format) {
                Ok(compiled) => {
                    prop_assert!(known);
                    let style = TimeStyle::Strftime(compiled);
                    written(&mut TimeText::new(style, true), 1);
                }
                Err(error) => {
                    prop_assert!(format[error.offset..].starts_with(&error.specifier));
                    prop_assert!(!known || format.contains("%#z"), "{error}");
                }
            }
        }
    }
}
