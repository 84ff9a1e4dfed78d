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

mod forms;
mod zones;

use self::forms::{Written, compact, day_first, iso, klog, month_first, of_android};
use self::zones::{Offset, zones_of};
use crate::level::Level;
use crate::now::Timestamp;
use crate::text::time::epoch_by_magnitude;
use crate::wire::syslog::stamp::{Reader, Stamps, month};
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

#[cfg(test)]
mod tests;
