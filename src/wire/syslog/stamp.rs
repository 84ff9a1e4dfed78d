//! The times that stand in messages of the older forms.

use std::cell::Cell;

use crate::now::Timestamp;
use crate::text::time::parse_timestamp;
use crate::zone::{self, DAY, UtcZone, Zone};

/// The instants of the last times without a zone. To find one takes four questions
/// to the system's zone; most messages have the time of the one before, or of one
/// not long before. They hold for one moment of reception, and one zone.
#[derive(Debug, Default)]
pub struct Stamps {
    slots: [Cell<Option<Known>>; SLOTS],
    years: Years,
}

/// Which year a time is in that does not say it.
#[derive(Clone, Copy, Debug, Default)]
enum Years {
    /// The one that brings it nearest to its reception.
    #[default]
    Nearest,
    /// The last one: a file has what was written before it is read.
    Last,
}

/// What a time comes to, if it is one.
type Known = (Key, Option<Timestamp>);

/// A place for each of so many seconds.
const SLOTS: usize = 8;

/// All that an instant depends on, but for a fraction of a second and the zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    received: Timestamp,
    year: Option<u32>,
    month: u32,
    day: u32,
    clock: [u32; 3],
}

impl Stamps {
    /// For what was written at any time before it is read. Clocks differ, so a year
    /// may bring it up to a day behind that.
    pub(crate) fn of_the_past() -> Stamps {
        Stamps {
            years: Years::Last,
            ..Stamps::default()
        }
    }

    /// The instant of a time without a zone.
    pub(crate) fn resolve(
        &self,
        fields: &Fields<'_>,
        received: Timestamp,
        zone: &dyn Zone,
    ) -> Option<Timestamp> {
        if !fields.fraction.is_empty() {
            let whole = Fields {
                fraction: b"",
                ..*fields
            };
            let whole = self.resolve(&whole, received, zone)?;
            return whole.0.checked_add(fields.nanos()).map(Timestamp);
        }
        let key = Key {
            received,
            year: fields.year,
            month: fields.month,
            day: fields.day,
            clock: fields.clock,
        };
        let slot = &self.slots[fields.clock[2] as usize % SLOTS];
        if let Some((_, instant)) = slot.get().filter(|(known, _)| *known == key) {
            return instant;
        }
        let instant = fields.resolve(received, zone, self.years);
        slot.set(Some((key, instant)));
        instant
    }

    /// The instant of a time in a zone so many seconds east of UTC.
    pub(crate) fn resolve_east(
        &self,
        fields: &Fields<'_>,
        secs: i64,
        received: Timestamp,
    ) -> Option<Timestamp> {
        let near = secs.saturating_mul(1_000_000_000);
        let near = Timestamp(received.0.saturating_add(near));
        let there = fields.resolve(near, &UtcZone, self.years)?;
        Timestamp::from_parts(there.secs() - secs, there.subsec_nanos())
    }
}

/// The time at the start, and what is behind it: nothing, or a space first.
///
/// RFC 3339, also with a space between date and time; `Mmm dd hh:mm:ss`, also
/// with a year before it or before or behind the time of day, with a fraction
/// of a second, with a zone, with the `*` or `.` in front by which a device of
/// Cisco's says that its clock is not set, and with a colon behind it.
pub(super) fn read<'a>(
    bytes: &'a [u8],
    received: Timestamp,
    zone: &dyn Zone,
    stamps: &Stamps,
) -> Option<(Timestamp, &'a [u8])> {
    let (time, rest) = match bytes {
        [b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', b'-', ..] => iso(bytes, zone)?,
        [b'*' | b'.', rest @ ..] => traditional(rest, received, zone, stamps)?,
        _ => traditional(bytes, received, zone, stamps)?,
    };
    let rest = rest.strip_prefix(b":").unwrap_or(rest);
    at_end(rest).then_some((time, rest))
}

fn at_end(rest: &[u8]) -> bool {
    rest.first().is_none_or(|&byte| byte == b' ')
}

/// Whether a word ended before this, with a colon or without: `2001:db8::1` begins
/// like a year, and is a host.
fn is_last(rest: &[u8]) -> bool {
    at_end(rest.strip_prefix(b":").unwrap_or(rest))
}

fn iso<'a>(bytes: &'a [u8], zone: &dyn Zone) -> Option<(Timestamp, &'a [u8])> {
    let more = bytes.get(19..)?;
    let of_time = |byte: &u8| byte.is_ascii_digit() || b".,+-:Zz".contains(byte);
    let more = more.iter().take_while(|byte| of_time(byte)).count();
    let (time, _) = bytes.split_at(19 + more);
    let time = time.strip_suffix(b":").unwrap_or(time);
    let created = parse_timestamp(std::str::from_utf8(time).ok()?, zone)?;
    Some((created, &bytes[time.len()..]))
}

/// Takes bytes from the front.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn eat(&mut self, start: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(start)?;
        Some(())
    }

    /// A number of so many digits at the least and the most.
    pub(crate) fn number(&mut self, least: usize, most: usize) -> Option<u32> {
        let digits = self.digits();
        if !(least..=most).contains(&digits.len()) {
            return None;
        }
        let sum = |sum, digit: &u8| sum * 10 + u32::from(digit - b'0');
        Some(digits.iter().fold(0, sum))
    }

    pub(crate) fn digits(&mut self) -> &'a [u8] {
        let is_digit = |byte: &&u8| byte.is_ascii_digit();
        let (digits, rest) = self.0.split_at(self.0.iter().take_while(is_digit).count());
        self.0 = rest;
        digits
    }

    /// What `read` makes of it; nothing is taken if that is `None`.
    pub(crate) fn maybe<T>(
        &mut self,
        read: impl FnOnce(&mut Reader<'a>) -> Option<T>,
    ) -> Option<T> {
        let mut ahead = Reader(self.0);
        let found = read(&mut ahead)?;
        self.0 = ahead.0;
        Some(found)
    }
}

const MONTHS: [&[u8; 3]; 12] = [
    b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec",
];

/// A time of day, and what stands around it.
pub(crate) struct Fields<'a> {
    pub(crate) year: Option<u32>,
    pub(crate) month: u32,
    pub(crate) day: u32,
    pub(crate) clock: [u32; 3],
    pub(crate) fraction: &'a [u8],
}

/// The month of which these are the first letters.
pub(crate) fn month(name: &[u8]) -> Option<u32> {
    let mut months = MONTHS.iter();
    let at = months.position(|month| name.eq_ignore_ascii_case(*month))?;
    Some(1 + at as u32)
}

fn traditional<'a>(
    bytes: &'a [u8],
    received: Timestamp,
    zone: &dyn Zone,
    stamps: &Stamps,
) -> Option<(Timestamp, &'a [u8])> {
    let mut reader = Reader(bytes);
    let mut year = reader.maybe(|reader| {
        let year = reader.number(4, 4)?;
        reader.eat(b" ")?;
        Some(year)
    });
    let month = self::month(reader.0.get(..3)?)?;
    reader.0 = &reader.0[3..];
    reader.eat(b" ")?;
    let _ = reader.eat(b" ");
    let day = reader.number(1, 2)?;
    reader.eat(b" ")?;
    year = year.or_else(|| {
        reader.maybe(|reader| {
            let year = reader.number(4, 4)?;
            reader.eat(b" ")?;
            Some(year)
        })
    });
    let hour = reader.number(1, 2)?;
    reader.eat(b":")?;
    let minute = reader.number(2, 2)?;
    reader.eat(b":")?;
    let second = reader.number(2, 2)?;
    let fraction = reader.maybe(|reader| {
        reader.eat(b".").or_else(|| reader.eat(b","))?;
        Some(reader.digits()).filter(|digits| !digits.is_empty())
    });
    let offset = reader.maybe(offset);
    year = year.or_else(|| reader.maybe(year_behind));
    let offset = offset.or_else(|| reader.maybe(self::offset));
    let fields = Fields {
        year,
        month,
        day,
        clock: [hour, minute, second],
        fraction: fraction.unwrap_or_default(),
    };
    let created = match offset {
        Some(Offset::East(secs)) => stamps.resolve_east(&fields, secs, received)?,
        None | Some(Offset::Unknown) => stamps.resolve(&fields, received, zone)?,
    };
    Some((created, reader.0))
}

/// A year behind the time, which could as well be a host's name: those of
/// computers, then.
fn year_behind(reader: &mut Reader<'_>) -> Option<u32> {
    reader.eat(b" ")?;
    let year = reader.number(4, 4)?;
    (is_last(reader.0) && (1970..2100).contains(&year)).then_some(year)
}

enum Offset {
    /// So many seconds east of UTC.
    East(i64),
    /// A name that many zones have.
    Unknown,
}

/// A zone behind the time.
fn offset(reader: &mut Reader<'_>) -> Option<Offset> {
    let spaced = reader.eat(b" ").is_some();
    let sign = match reader.0.first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return zone_name(reader, spaced),
    };
    reader.0 = &reader.0[1..];
    let (hours, minutes) = match reader.digits() {
        [h1, h2, m1, m2] => ([*h1, *h2], [*m1, *m2]),
        [h1, h2] => {
            reader.eat(b":")?;
            let [m1, m2] = reader.digits() else {
                return None;
            };
            ([*h1, *h2], [*m1, *m2])
        }
        _ => return None,
    };
    let number = |[tens, ones]: [u8; 2]| i64::from(tens - b'0') * 10 + i64::from(ones - b'0');
    let (hours, minutes) = (number(hours), number(minutes));
    (is_last(reader.0) && hours < 24 && minutes < 60)
        .then_some(Offset::East(sign * (hours * 60 + minutes) * 60))
}

fn zone_name(reader: &mut Reader<'_>, spaced: bool) -> Option<Offset> {
    let is_letter = |byte: &&u8| byte.is_ascii_uppercase();
    let (name, rest) = reader
        .0
        .split_at(reader.0.iter().take_while(is_letter).count());
    reader.0 = rest;
    match (name, spaced) {
        (b"Z", false) | (b"UTC" | b"GMT", true) if is_last(rest) => Some(Offset::East(0)),
        // Any other could be a program's name, were it not for what follows.
        (_, true) if (3..=5).contains(&name.len()) && rest.starts_with(b": %") => {
            Some(Offset::Unknown)
        }
        _ => None,
    }
}

impl Fields<'_> {
    /// The instant, where a year that is not given is told by `received`.
    fn resolve(&self, received: Timestamp, zone: &dyn Zone, years: Years) -> Option<Timestamp> {
        let wall = || zone::wall(zone, received.secs());
        let year = match (self.year, years) {
            (Some(year), _) => year,
            (None, Years::Nearest) => self.nearest_year(wall())?,
            (None, Years::Last) => self.last_year(wall())?,
        };
        self.in_year(year, zone)
    }

    /// The year in which the clock on the wall was nearest to a reading.
    fn nearest_year(&self, wall: i64) -> Option<u32> {
        // Off by one at the most, on the days around New Year.
        let about = 1970 + wall.div_euclid(31_556_952);
        let distance = |year: u32| {
            let there = self.in_year(year, &UtcZone)?;
            Some((there.secs().abs_diff(wall), year))
        };
        let years = |around| (about - around..=about + around).map(u32::try_from);
        let nearest = |around| years(around).flatten().filter_map(distance).min();
        // There may be eight years between two of the 29th of February.
        nearest(1).or_else(|| nearest(8)).map(|(_, year)| year)
    }

    /// The last year in which the clock on the wall was not more than a day further.
    fn last_year(&self, wall: i64) -> Option<u32> {
        let about = 1970 + wall.div_euclid(31_556_952);
        // As far back as there may be no 29th of February.
        let mut years = (about - 8..=about + 1).rev().flat_map(u32::try_from);
        years.find(|&year| {
            let there = self.in_year(year, &UtcZone);
            there.is_some_and(|there| there.secs() <= wall.saturating_add(DAY))
        })
    }

    /// The fraction, cut behind nine digits.
    fn nanos(&self) -> i64 {
        let digits = self.fraction.iter().map(|digit| i64::from(digit - b'0'));
        let digits = digits.chain(std::iter::repeat(0)).take(9);
        digits.fold(0, |sum, digit| sum * 10 + digit)
    }

    fn in_year(&self, year: u32, zone: &dyn Zone) -> Option<Timestamp> {
        // RFC 3339 with nine digits of a second.
        let mut text = *b"0000-00-00T00:00:00.000000000";
        let mut put = |at: usize, number: u32| {
            text[at] = b'0' + (number / 10 % 10) as u8;
            text[at + 1] = b'0' + (number % 10) as u8;
        };
        put(0, year / 100);
        put(2, year);
        put(5, self.month);
        put(8, self.day);
        for (at, number) in [11, 14, 17].into_iter().zip(self.clock) {
            put(at, number);
        }
        for (to, digit) in text[20..].iter_mut().zip(self.fraction) {
            *to = *digit;
        }
        parse_timestamp(std::str::from_utf8(&text).ok()?, zone)
    }
}

#[cfg(test)]
mod tests {
    use super::read as read_with;
    use super::*;
    use crate::zone::tests::at;
    use chrono_tz::{America, Europe, Tz};

    static LONDON: Tz = Europe::London;
    static NEW_YORK: Tz = America::New_York;

    fn instant(text: &str) -> Timestamp {
        parse_timestamp(text, &UtcZone).expect(text)
    }

    fn read<'a>(
        bytes: &'a [u8],
        received: Timestamp,
        zone: &dyn Zone,
    ) -> Option<(Timestamp, &'a [u8])> {
        read_with(bytes, received, zone, &Stamps::default())
    }

    /// What is remembered is what would be found.
    #[test]
    fn known_times_are_found_again() {
        let stamps = Stamps::default();
        let texts = [
            "Jul 20 12:00:05",
            "Jul 20 12:00:13",
            "Jul 20 12:00:05.5",
            "Jul 20 13:00:05",
            "Jul 21 12:00:05",
            "Aug 20 12:00:05",
            "2023 Jul 20 12:00:05",
            "Jul 32 12:00:05",
            "Jul 20 12:00:05 UTC",
            "Jan  1 00:00:05",
        ];
        for _ in 0..3 {
            for received in ["2024-07-20T12:00:00Z", "2024-12-31T12:00:00Z"] {
                let received = instant(received);
                for text in texts {
                    let known = read_with(text.as_bytes(), received, &LONDON, &stamps);
                    assert_eq!(known, read(text.as_bytes(), received, &LONDON), "{text}");
                }
            }
        }
    }

    #[test]
    fn the_forms() {
        let received = instant("2024-07-20T12:00:00Z");
        let cases = [
            ("Jul 20 12:00:05 m", "2024-07-20T11:00:05", " m"),
            ("Jul  1 12:00:05", "2024-07-01T11:00:05", ""),
            ("Jul 1 02:00:05 m", "2024-07-01T01:00:05", " m"),
            ("jul 01 2:00:05: m", "2024-07-01T01:00:05", " m"),
            ("*Mar  1 18:48:50.483: %S", "2024-03-01T18:48:50.483", " %S"),
            (
                ".Mar  1 18:48:50,483 UTC: %S",
                "2024-03-01T18:48:50.483",
                " %S",
            ),
            ("Jul 20 12:00:05 BST: %S", "2024-07-20T11:00:05", " %S"),
            ("Jul 20 12:00:05 CRON: m", "2024-07-20T11:00:05", " CRON: m"),
            ("Jul 20 12:00:05Z m", "2024-07-20T12:00:05", " m"),
            ("Jul 20 12:00:05 GMT m", "2024-07-20T12:00:05", " m"),
            ("Jul 20 12:00:05 +0230: m", "2024-07-20T09:30:05", " m"),
            ("Jul 20 12:00:05-02:30 m", "2024-07-20T14:30:05", " m"),
            ("2013 Mar 20 18:28:50 UTC: %V", "2013-03-20T18:28:50", " %V"),
            ("Jul 21 2014 12:00:00: %A", "2014-07-21T11:00:00", " %A"),
            ("Jul 21 12:00:00 2014 h", "2014-07-21T11:00:00", " h"),
            (
                "Jul 21 12:00:00.5 UTC 2014: h",
                "2014-07-21T12:00:00.5",
                " h",
            ),
            ("Jul 21 12:00:00 UTC h", "2024-07-21T12:00:00", " h"),
            ("Jul 21 12:00:00 4711 h", "2024-07-21T11:00:00", " 4711 h"),
            ("Jul 21 12:00:00 2014:", "2014-07-21T11:00:00", ""),
            (
                "Jul 21 12:00:00 2001:db8::1 h",
                "2024-07-21T11:00:00",
                " 2001:db8::1 h",
            ),
            (
                "Jul 21 12:00:00 UTC 2003:: h",
                "2024-07-21T12:00:00",
                " 2003:: h",
            ),
            ("Jul 21 12:00:00 UTC:h", "2024-07-21T11:00:00", " UTC:h"),
            (
                "2014-07-21T12:00:00.123456+02:00 h",
                "2014-07-21T10:00:00.123456",
                " h",
            ),
            ("2014-07-21T12:00:00Z: h", "2014-07-21T12:00:00", " h"),
            ("2014-07-21 12:00:00,123 h", "2014-07-21T11:00:00.123", " h"),
            ("2014-07-21T12:00:00 h", "2014-07-21T11:00:00", " h"),
        ];
        for (text, want, rest) in cases {
            let got = read(text.as_bytes(), received, &LONDON);
            let want = instant(&format!("{want}Z"));
            assert_eq!(got, Some((want, rest.as_bytes())), "{text}");
        }
    }

    #[test]
    fn what_is_none() {
        let cases = [
            "",
            "m",
            "Jul",
            "Jul 20",
            "Jul 20 12:00",
            "Jul 20 12:00:05m",
            "Jul 20 12:00:05.",
            "Jul 20 24:00:00",
            "Jul 20 12:60:00",
            "Jul 32 12:00:00",
            "Jul 0 12:00:00",
            "Jux 20 12:00:00",
            "Jul   1 12:00:00",
            "Jul 20  12:00:00",
            "Feb 30 12:00:00",
            "Feb 29 2023 12:00:00",
            "Jul 20 12:00:05 +02:00m x:",
            "2014-07-21",
            "2014-07-21T12:00:00x",
            "**Jul 20 12:00:05",
            "2014-13-21T12:00:00Z m",
            "2014  Jul 20 12:00:00",
        ];
        for text in cases {
            let got = read(text.as_bytes(), instant("2024-07-20T12:00:00Z"), &LONDON);
            let odd = got.is_some_and(|(_, rest)| rest != b" +02:00m x:");
            assert!(!odd, "{text}: {got:?}");
        }
    }

    #[test]
    fn the_nearest_year() {
        let cases = [
            // Across New Year, in both directions.
            (
                "2024-01-01T00:00:10Z",
                "Dec 31 23:59:59",
                "2023-12-31 23:59:59",
            ),
            (
                "2023-12-31T23:59:50Z",
                "Jan  1 00:00:01",
                "2024-01-01 00:00:01",
            ),
            (
                "2024-07-01T00:00:00Z",
                "Jan  2 00:00:00",
                "2024-01-02 00:00:00",
            ),
            (
                "2024-07-01T00:00:00Z",
                "Dec 29 00:00:00",
                "2024-12-29 00:00:00",
            ),
            (
                "2024-07-05T00:00:00Z",
                "Jan  1 00:00:00",
                "2025-01-01 00:00:00",
            ),
            (
                "2024-06-20T00:00:00Z",
                "Dec 31 00:00:00",
                "2023-12-31 00:00:00",
            ),
            // A day that only leap years have.
            (
                "2024-03-01T00:00:00Z",
                "Feb 29 12:00:00",
                "2024-02-29 12:00:00",
            ),
            (
                "2025-03-02T00:00:00Z",
                "Feb 29 12:00:00",
                "2024-02-29 12:00:00",
            ),
            (
                "2026-11-01T00:00:00Z",
                "Feb 29 12:00:00",
                "2028-02-29 12:00:00",
            ),
            (
                "1970-01-01T00:00:00Z",
                "Dec 31 12:00:00",
                "1969-12-31 12:00:00",
            ),
        ];
        for (received, text, want) in cases {
            let got = read(text.as_bytes(), instant(received), &UtcZone);
            let want = Timestamp(at(want) * 1_000_000_000);
            assert_eq!(got, Some((want, &b""[..])), "{received} {text}");
        }
        // It is New Year by the clock on the wall, not by UTC.
        let received = instant("2024-01-01T03:00:00Z");
        let got = read(b"Dec 31 22:00:00", received, &NEW_YORK);
        assert_eq!(got.map(|got| got.0), Some(received));
        // Two hours before the middle of the year there, two behind it in UTC.
        let received = instant("2024-07-02T02:00:00Z");
        let got = read(b"Jan  1 00:00:00", received, &NEW_YORK);
        assert_eq!(got.map(|got| got.0), Some(instant("2024-01-01T05:00:00Z")));
        for end in [i64::MIN, i64::MAX] {
            read(b"Jul 20 12:00:00", Timestamp(end), &NEW_YORK);
            read(b"Feb 29 12:00:00 +2359", Timestamp(end), &NEW_YORK);
        }
    }
}
