//! The time that a line of a log begins with, in the ways of many programs.
//!
//! - `2026-11-23 10:00:00`, with `T`, `_` or a comma between, also with slashes or as
//!   `20261123`; with a fraction of the second, without the seconds;
//! - `Nov 23 10:00:00` with a year or without, also behind a weekday, and
//!   `Nov 23, 2026 10:00:00 AM` of Java;
//! - `23 Nov 2026 10:00:00` with spaces, hyphens or slashes, as of Redis, Tomcat, mails;
//! - `I1123 10:00:00.123456` of klog and glog, `11-23 10:00:00.123` of Android;
//! - seconds since the epoch, with a fraction, or as milli-, micro- or nanoseconds; TAI64N;
//! - in brackets, parentheses or quotes, behind a level, a priority, the colour of a
//!   terminal or a byte order mark; and in the brackets of an access log.
//!
//! A zone may follow, as an offset or by its name. What has none is local, what has no
//! year is of the last one in which it is past.
//!
//! Most lines of a log have one and the same form, and few bytes tell which: nothing is
//! searched for but the brackets of an access log.

use crate::level::Level;
use crate::now::Timestamp;
use crate::text::time::epoch_by_magnitude;
use crate::wire::syslog::stamp::{Fields, Reader, Stamps, month};
use crate::zone::{self, LocalZone, Zone};

/// How far into a line a time is looked for, in bytes.
const HEAD: usize = 320;

/// Reads the times of lines.
#[derive(Debug)]
pub struct LineTimes {
    now: Timestamp,
    zone: &'static dyn Zone,
    stamps: Stamps,
    odd_zone: Option<String>,
}

/// A time as it is written.
struct Written<'a> {
    fields: Fields<'a>,
    offset: Offset<'a>,
}

/// What follows a time.
enum Offset<'a> {
    /// Nothing that is a zone.
    Local,
    /// So many seconds east of UTC.
    East(i64),
    /// A zone's name.
    Named(&'a [u8]),
}

/// A time, in the one way or the other.
enum Found<'a> {
    Instant(Timestamp),
    Written(Written<'a>),
}

impl LineTimes {
    /// For lines that are read at this time.
    pub fn new(now: Timestamp) -> LineTimes {
        LineTimes::in_zone(now, &LocalZone)
    }

    fn in_zone(now: Timestamp, zone: &'static dyn Zone) -> LineTimes {
        LineTimes {
            now,
            zone,
            stamps: Stamps::of_the_past(),
            odd_zone: None,
        }
    }

    /// The first zone whose name is not known, or not which of several it is: its times
    /// were taken for local ones.
    pub fn odd_zone(&self) -> Option<&str> {
        self.odd_zone.as_deref()
    }

    /// The time that a line begins with.
    pub fn read(&mut self, line: &[u8]) -> Option<Timestamp> {
        let line = without_marks(&line[..line.len().min(HEAD)]);
        match at_start(line).or_else(|| of_access(line))? {
            Found::Instant(time) => Some(time),
            Found::Written(written) => self.instant(&written),
        }
    }

    fn instant(&mut self, written: &Written<'_>) -> Option<Timestamp> {
        let fields = &written.fields;
        let name = match written.offset {
            Offset::Local => return self.stamps.resolve(fields, self.now, self.zone),
            Offset::East(secs) => return self.stamps.resolve_east(fields, secs, self.now),
            Offset::Named(name) => name,
        };
        let local = self.stamps.resolve(fields, self.now, self.zone)?;
        let offset = zone::offset(self.zone, local.secs());
        match zones_of(name) {
            known if known.iter().any(|minutes| minutes * 60 == offset) => Some(local),
            [minutes] => self.stamps.resolve_east(fields, minutes * 60, self.now),
            _ => {
                let name = || String::from_utf8_lossy(name).into_owned();
                self.odd_zone.get_or_insert_with(name);
                Some(local)
            }
        }
    }
}

/// The text behind a byte order mark and the sequences for colours.
fn without_marks(line: &[u8]) -> &[u8] {
    let mut line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    while let [0x1b, b'[', rest @ ..] = line {
        let is_code = |byte: &&u8| byte.is_ascii_digit() || **byte == b';';
        match &rest[rest.iter().take_while(is_code).count()..] {
            [b'm', rest @ ..] => line = rest,
            _ => return line,
        }
    }
    line
}

fn at_start(line: &[u8]) -> Option<Found<'_>> {
    match *line.first()? {
        b'0'..=b'9' => behind_digits(line),
        b'[' => at_start_within(&line[1..]).or_else(|| behind_level_in_brackets(&line[1..])),
        b'(' | b'"' => at_start_within(&line[1..]),
        b'<' => behind_priority(&line[1..]),
        b'@' => tai64n(&line[1..]),
        b'*' | b'.' => whole(&line[1..], month_first),
        letter if letter.is_ascii_alphabetic() => behind_letters(line),
        _ => None,
    }
}

/// The same behind what a bracket opens, of which there are not two.
fn at_start_within(line: &[u8]) -> Option<Found<'_>> {
    match *line.first()? {
        b'0'..=b'9' => behind_digits(line),
        letter if letter.is_ascii_alphabetic() => behind_letters(line),
        _ => None,
    }
}

/// What `read` finds at the start, if a zone or the end of a word is behind it.
fn whole<'a>(
    line: &'a [u8],
    read: impl FnOnce(&mut Reader<'a>) -> Option<Written<'a>>,
) -> Option<Found<'a>> {
    let mut reader = Reader(line);
    let written = read(&mut reader)?;
    is_end(reader.0).then_some(Found::Written(written))
}

/// Whether a time may end before this.
fn is_end(rest: &[u8]) -> bool {
    let Some(&byte) = rest.first() else {
        return true;
    };
    byte.is_ascii_whitespace() || byte == 0x1b || b"])[|,;:\"".contains(&byte)
}

/// The same where a host could be instead: `2001:db8::1` begins like a year.
fn is_last(rest: &[u8]) -> bool {
    match rest {
        [b':', rest @ ..] => rest.first().is_none_or(u8::is_ascii_whitespace),
        rest => is_end(rest),
    }
}

fn behind_digits(line: &[u8]) -> Option<Found<'_>> {
    let count = line.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match (count, line.get(count)?) {
        (4, b'-' | b'/') => whole(line, iso),
        (4, b' ') => whole(line, |reader| {
            let year = reader.number(4, 4)?;
            reader.eat(b" ")?;
            let mut written = month_first(reader)?;
            written.fields.year = Some(year);
            Some(written)
        }),
        (6 | 8, _) => whole(line, compact),
        (1 | 2, b'-') if line.get(count + 1)?.is_ascii_digit() => whole(line, of_android),
        (1 | 2, b'-' | b' ' | b'/') => whole(line, day_first),
        // The process and its role, as of Redis.
        (_, b':') => match line[count + 1..] {
            [b'M' | b'S' | b'C' | b'X', b' ', ref rest @ ..] => whole(rest, day_first),
            _ => None,
        },
        (10 | 13 | 16 | 19, _) => epoch(line).map(Found::Instant),
        _ => None,
    }
}

fn behind_letters(line: &[u8]) -> Option<Found<'_>> {
    const DAYS: [&[u8; 3]; 7] = [b"mon", b"tue", b"wed", b"thu", b"fri", b"sat", b"sun"];
    if let [b'I' | b'W' | b'E' | b'F' | b'C', b'0'..=b'9', ..] = line {
        return whole(&line[1..], klog);
    }
    if let [word @ .., b' ', _] | [word @ .., b',', b' '] = line.get(..5)?
        && let Some(name) = word.get(..3).filter(|_| word.len() == 3)
    {
        if month(name).is_some() {
            return whole(line, month_first);
        }
        if DAYS.iter().any(|day| name.eq_ignore_ascii_case(*day)) {
            let rest = line[3..].strip_prefix(b",").unwrap_or(&line[3..]);
            let rest = rest.trim_ascii_start();
            return match rest.first()?.is_ascii_digit() {
                true => whole(rest, day_first),
                false => whole(rest, month_first),
            };
        }
    }
    if line.starts_with(b"type=") {
        return of_audit(line);
    }
    behind_level(line)
}

fn of_numbers<'a>(reader: &mut Reader<'a>) -> Option<Written<'a>> {
    reader.maybe(iso).or_else(|| compact(reader))
}

/// A day and the time behind a level: `INFO 2026-…`, `INFO:2026-…`, `I, [2026-…`.
fn behind_level(line: &[u8]) -> Option<Found<'_>> {
    let is_letter = |byte: &&u8| byte.is_ascii_alphabetic();
    let (word, rest) = line.split_at(line.iter().take(14).take_while(is_letter).count());
    let is_level = match word {
        [letter] => b"TVDIWECF".contains(letter),
        word => Level::from_name(word).is_some(),
    };
    let between = |byte: &&u8| b" :,-|\t([".contains(byte);
    let between = rest.iter().take(8).take_while(between).count();
    match is_level && between > 0 {
        true => whole(&rest[between..], of_numbers),
        false => None,
    }
}

/// The same with the level in brackets: `[INFO] 2026-…`.
fn behind_level_in_brackets(line: &[u8]) -> Option<Found<'_>> {
    let end = line.iter().take(14).position(|&byte| byte == b']')?;
    Level::from_name(line[..end].trim_ascii())?;
    let is_space = |byte: &&u8| b" [".contains(byte);
    let rest = &line[end + 1..];
    whole(
        &rest[rest.iter().take_while(is_space).count()..],
        of_numbers,
    )
}

/// What follows the priority of a message of syslog, and the version.
fn behind_priority(line: &[u8]) -> Option<Found<'_>> {
    let end = line.iter().take(4).position(|&byte| byte == b'>')?;
    let rest = &line[end + 1..];
    let rest = rest.strip_prefix(b"1 ").unwrap_or(rest);
    match rest.first()? {
        b'*' | b'.' => whole(&rest[1..], month_first),
        _ => at_start_within(rest),
    }
}

/// The brackets of an access log, behind the host and the user.
fn of_access(line: &[u8]) -> Option<Found<'_>> {
    let is_date = |text: &[u8]| matches!(text, [b'[', b'0'..=b'9', b'0'..=b'9', b'/', ..]);
    let at = line.windows(4).position(is_date)?;
    whole(&line[at + 1..], day_first)
}

/// The record of a kernel's audit: `type=SYSCALL msg=audit(1795428000.123:42): …`.
fn of_audit(line: &[u8]) -> Option<Found<'_>> {
    const START: &[u8] = b" msg=audit(";
    let at = line.windows(START.len()).position(|text| text == START)?;
    epoch(&line[at + START.len()..]).map(Found::Instant)
}

/// Seconds since the epoch from 2001 on; more digits are finer.
fn epoch(line: &[u8]) -> Option<Timestamp> {
    let mut reader = Reader(line);
    let digits = reader.digits();
    let is_recent = matches!(digits.first(), Some(b'1' | b'2'));
    if !is_recent || ![10, 13, 16, 19].contains(&digits.len()) {
        return None;
    }
    let _ = reader.maybe(|reader| {
        reader.eat(b".")?;
        Some(reader.digits()).filter(|digits| !digits.is_empty())
    });
    let text = &line[..line.len() - reader.0.len()];
    match is_end(reader.0) {
        true => epoch_by_magnitude(std::str::from_utf8(text).ok()?),
        false => None,
    }
}

/// Seconds and nanoseconds in hexadecimal digits, without leap seconds since 1972, as
/// multilog and svlogd count.
fn tai64n(line: &[u8]) -> Option<Found<'_>> {
    let (digits, rest) = line.split_at_checked(24)?;
    let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
    let text = std::str::from_utf8(digits).ok().filter(|_| is_hex)?;
    let secs = u64::from_str_radix(&text[..16], 16).ok()?;
    let secs = i64::try_from(secs.checked_sub((1 << 62) + 10)?).ok()?;
    let nanos = u32::from_str_radix(&text[16..], 16).ok()?;
    let time = Timestamp::from_parts(secs, Some(nanos).filter(|nanos| *nanos < 1_000_000_000)?)?;
    is_end(rest).then_some(Found::Instant(time))
}

/// `2026-11-23 10:00:00`.
fn iso<'a>(reader: &mut Reader<'a>) -> Option<Written<'a>> {
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
fn compact<'a>(reader: &mut Reader<'a>) -> Option<Written<'a>> {
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
fn month_first<'a>(reader: &mut Reader<'a>) -> Option<Written<'a>> {
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
fn day_first<'a>(reader: &mut Reader<'a>) -> Option<Written<'a>> {
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
fn klog<'a>(reader: &mut Reader<'a>) -> Option<Written<'a>> {
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
fn of_android<'a>(reader: &mut Reader<'a>) -> Option<Written<'a>> {
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

/// A zone behind a time, and else what is no part of it.
fn zone<'a>(reader: &mut Reader<'a>) -> Offset<'a> {
    if let Some(secs) = reader.maybe(numeric) {
        return Offset::East(secs);
    }
    let named = reader.maybe(|reader| match reader.0 {
        [b'Z' | b'z', rest @ ..] if is_end(rest) => {
            reader.0 = rest;
            Some(Offset::East(0))
        }
        _ => {
            let name = zone_name(reader)?;
            let is_known = !zones_of(name).is_empty();
            // Any other word could be the message's, were it not for the process that
            // follows, as in PostgreSQL's lines.
            let is_before_id = matches!(reader.0, [b' ', b'[', b'0'..=b'9', ..]);
            match name {
                b"UTC" | b"GMT" | b"UT" | b"Z" => Some(Offset::East(0)),
                name if is_known => Some(Offset::Named(name)),
                [.., b'T'] if is_before_id => Some(Offset::Named(name)),
                _ => None,
            }
        }
    });
    named.unwrap_or(Offset::Local)
}

/// A word behind a space that could be a zone's name.
fn zone_name<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    reader.eat(b" ")?;
    let is_letter = |byte: &&u8| byte.is_ascii_uppercase();
    let count = reader.0.iter().take(6).take_while(is_letter).count();
    let (name, rest) = reader.0.split_at(count);
    reader.0 = rest;
    (count > 0 && is_last(rest) && Level::from_name(name).is_none()).then_some(name)
}

/// `+02:00`, `+0200`, `+02`, also behind a space.
fn numeric(reader: &mut Reader<'_>) -> Option<i64> {
    let is_apart = reader.eat(b" ").is_some();
    let sign = match reader.0.first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    reader.0 = &reader.0[1..];
    let (digits, has_minutes) = match *reader.digits() {
        [h1, h2, m1, m2] => ([h1, h2, m1, m2], true),
        [h1, h2] => match reader.maybe(|reader| {
            reader.eat(b":")?;
            <[u8; 2]>::try_from(reader.digits()).ok()
        }) {
            Some([m1, m2]) => ([h1, h2, m1, m2], true),
            None => ([h1, h2, b'0', b'0'], false),
        },
        _ => return None,
    };
    let [h1, h2, m1, m2] = digits.map(|digit| i64::from(digit - b'0'));
    let (hours, minutes) = (h1 * 10 + h2, m1 * 10 + m2);
    // A number of the message is hardly ever a zone that there is.
    let is_zone = match is_apart {
        true if has_minutes => hours <= 14 && minutes % 15 == 0,
        true => hours <= 14 && reader.0.starts_with(b" ["),
        false => hours < 24,
    };
    (is_zone && minutes < 60 && is_end(reader.0)).then_some(sign * (hours * 60 + minutes) * 60)
}

/// How many minutes east of UTC the zones of that name are: of several, the local one
/// is meant, if it is among them. The first are those of RFC 5322, section 4.3.
fn zones_of(name: &[u8]) -> &'static [i64] {
    match name {
        b"EST" => &[-300],
        b"EDT" => &[-240],
        // Chicago's and Shanghai's.
        b"CST" => &[-360, 480],
        b"CDT" => &[-300],
        b"MST" => &[-420],
        b"MDT" => &[-360],
        b"PST" => &[-480],
        b"PDT" => &[-420],
        b"AKST" => &[-540],
        b"AKDT" => &[-480],
        b"HST" => &[-600],
        b"WET" => &[0],
        b"WEST" | b"BST" | b"CET" => &[60],
        b"CEST" | b"EET" | b"SAST" => &[120],
        b"EEST" | b"MSK" => &[180],
        b"PKT" => &[300],
        // India's, Ireland's and Israel's.
        b"IST" => &[330, 60, 120],
        b"WIB" => &[420],
        b"AWST" | b"HKT" | b"WITA" => &[480],
        b"JST" | b"KST" | b"WIT" => &[540],
        b"ACST" => &[570],
        b"AEST" => &[600],
        b"ACDT" => &[630],
        b"AEDT" => &[660],
        b"NZST" => &[720],
        b"NZDT" => &[780],
        _ => &[],
    }
}

#[cfg(test)]
mod tests;
