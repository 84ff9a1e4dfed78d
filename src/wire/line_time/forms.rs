//! The forms that the day and the time of day have.

use super::zones::{Offset, zone, zone_name};
use super::{is_end, is_last};
use crate::wire::syslog::stamp::{Fields, Reader, month};

/// A time as it is written.
pub(super) struct Written<'a> {
    pub(super) fields: Fields<'a>,
    pub(super) offset: Offset<'a>,
}

/// `2026-11-23 10:00:00`.
pub(super) fn iso<'a>(reader: &mut Reader<'a>) -> Option<Written<'a>> {
    let year = reader.number(4, 4)?;
    let mark = match reader.0.first()? {
        b'-' => b"-",
        b'/' => b"/",
        _ => return None,
    };
    reader.eat(mark)?;
    let month = reader.number(2, 2)?;
    reader.eat(mark)?;
    let day = reader.number(2, 2)?;
    let (between, rest) = reader.0.split_first()?;
    if !b"Tt _,".contains(between) {
        return None;
    }
    reader.0 = rest;
    let clock = clock(reader, true)?;
    let offset = match (zone(reader), clock.fraction.len()) {
        // svlogd's, which are of UTC.
        (Offset::Local, 5) if *between == b'_' => Offset::East(0),
        (offset, _) => offset,
    };
    Some(clock.on(Some(year), month, day, offset))
}

/// `20261123 10:00:00`, `20261123T100000`, `261123 10:00:00`.
pub(super) fn compact<'a>(reader: &mut Reader<'a>) -> Option<Written<'a>> {
    let date = reader.digits();
    let (year, date) = match date.len() {
        6 | 8 => date.split_at(date.len() - 4),
        _ => return None,
    };
    let number = |text: &[u8]| Reader(text).number(1, 4);
    let year = number(year)? + if year.len() == 2 { 2000 } else { 0 };
    let (month, day) = (number(&date[..2])?, number(&date[2..])?);
    let clock = match reader.0 {
        [b'T', rest @ ..] if rest.get(2).is_some_and(u8::is_ascii_digit) => {
            reader.0 = rest;
            let [h1, h2, m1, m2, s1, s2] = *reader.digits() else {
                return None;
            };
            let number = |tens, ones| u32::from(tens - b'0') * 10 + u32::from(ones - b'0');
            Clock {
                clock: [number(h1, h2), number(m1, m2), number(s1, s2)],
                fraction: fraction(reader),
            }
        }
        [b'T' | b' ' | b'-' | b'_', rest @ ..] => {
            // MySQL's hours have a space in place of a zero.
            reader.0 = rest.strip_prefix(b" ").unwrap_or(rest);
            clock(reader, false)?
        }
        _ => return None,
    };
    let offset = zone(reader);
    Some(clock.on(Some(year), month, day, offset))
}

/// `Nov 23 10:00:00`, and the year before the time of day or behind it.
pub(super) fn month_first<'a>(reader: &mut Reader<'a>) -> Option<Written<'a>> {
    let month = month(reader.0.get(..3)?)?;
    reader.0 = &reader.0[3..];
    reader.eat(b" ")?;
    let _ = reader.eat(b" ");
    let day = reader.number(1, 2)?;
    let _ = reader.eat(b",");
    reader.eat(b" ")?;
    let mut year = reader.maybe(|reader| {
        let year = reader.number(4, 4)?;
        let _ = reader.eat(b",");
        reader.eat(b" ")?;
        Some(year)
    });
    let clock = clock(reader, false)?;
    let behind = |reader: &mut Reader<'a>| {
        reader.eat(b" ")?;
        let year = reader.number(4, 4)?;
        (is_last(reader.0) && (1970..2100).contains(&year)).then_some(year)
    };
    let mut offset = zone(reader);
    year = year.or_else(|| {
        reader.maybe(|reader| match offset {
            Offset::Local => reader.maybe(behind).or_else(|| {
                // A name that nobody knows is a zone's where date(1) has it.
                let name = reader.maybe(zone_name)?;
                let year = behind(reader)?;
                offset = Offset::Named(name);
                Some(year)
            }),
            _ => behind(reader),
        })
    });
    if let Offset::Local = offset {
        offset = zone(reader);
    }
    Some(clock.on(year, month, day, offset))
}

/// `23 Nov 2026 10:00:00`, `23/Nov/2026:10:00:00`, `23-Nov-2026 10:00:00`.
pub(super) fn day_first<'a>(reader: &mut Reader<'a>) -> Option<Written<'a>> {
    let day = reader.number(1, 2)?;
    let mark = match reader.0.first()? {
        b' ' => b" ",
        b'-' => b"-",
        b'/' => b"/",
        _ => return None,
    };
    reader.eat(mark)?;
    let month = month(reader.0.get(..3)?)?;
    reader.0 = &reader.0[3..];
    let year = reader.maybe(|reader| {
        reader.eat(mark)?;
        let year = reader.number(4, 4)?;
        // Not of the time of day.
        matches!(reader.0.first()?, b' ' | b':').then_some(year)
    });
    reader
        .eat(b" ")
        .or_else(|| reader.eat(b":").filter(|()| mark == b"/"))?;
    let clock = clock(reader, false)?;
    let offset = zone(reader);
    Some(clock.on(year, month, day, offset))
}

/// `1123 10:00:00.123456`, behind a letter; glog has a year as well.
pub(super) fn klog<'a>(reader: &mut Reader<'a>) -> Option<Written<'a>> {
    let date = reader.digits();
    let number = |text: &[u8]| Reader(text).number(1, 4);
    let year = match date.len() {
        4 => None,
        8 => Some(number(&date[..4])?),
        _ => return None,
    };
    let date = &date[date.len() - 4..];
    reader.eat(b" ")?;
    let clock = clock(reader, false)?;
    Some(clock.on(
        year,
        number(&date[..2])?,
        number(&date[2..])?,
        Offset::Local,
    ))
}

/// `11-23 10:00:00.123`.
pub(super) fn of_android<'a>(reader: &mut Reader<'a>) -> Option<Written<'a>> {
    let month = reader.number(2, 2)?;
    reader.eat(b"-")?;
    let day = reader.number(2, 2)?;
    reader.eat(b" ")?;
    let clock = clock(reader, false)?;
    let has_millis = clock.fraction.len() == 3;
    has_millis.then(|| clock.on(None, month, day, Offset::Local))
}

/// A time of day.
struct Clock<'a> {
    clock: [u32; 3],
    fraction: &'a [u8],
}

impl<'a> Clock<'a> {
    fn on(self, year: Option<u32>, month: u32, day: u32, offset: Offset<'a>) -> Written<'a> {
        let fields = Fields {
            year,
            month,
            day,
            clock: self.clock,
            fraction: self.fraction,
        };
        Written { fields, offset }
    }
}

/// `10:00:00.123`, or of twelve hours; `short`: also without seconds.
fn clock<'a>(reader: &mut Reader<'a>, short: bool) -> Option<Clock<'a>> {
    let hour = reader.number(1, 2)?;
    reader.eat(b":")?;
    let minute = reader.number(2, 2)?;
    let second = reader.maybe(|reader| {
        reader.eat(b":")?;
        reader.number(2, 2)
    });
    let fraction = match second {
        Some(_) => fraction(reader),
        None => b"",
    };
    if second.is_none() && !short {
        return None;
    }
    let hour = match reader.maybe(half) {
        Some(behind) if (1..=12).contains(&hour) => hour % 12 + behind,
        _ => hour,
    };
    Some(Clock {
        clock: [hour, minute, second.unwrap_or(0)],
        fraction,
    })
}

/// ` AM` or ` PM`, as the hours that it adds. Java has a narrow space there.
fn half(reader: &mut Reader<'_>) -> Option<u32> {
    let _ = reader
        .eat(b" ")
        .or_else(|| reader.eat("\u{202f}".as_bytes()));
    let hours = match reader.0.get(..2)? {
        [b'A' | b'a', b'M' | b'm'] => 0,
        [b'P' | b'p', b'M' | b'm'] => 12,
        _ => return None,
    };
    reader.0 = &reader.0[2..];
    is_end(reader.0).then_some(hours)
}

fn fraction<'a>(reader: &mut Reader<'a>) -> &'a [u8] {
    let read = reader.maybe(|reader| {
        reader.eat(b".").or_else(|| reader.eat(b","))?;
        Some(reader.digits()).filter(|digits| !digits.is_empty())
    });
    read.unwrap_or_default()
}
