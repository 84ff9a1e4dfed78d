//! What follows a time: an offset from UTC, or the name of a zone.

use super::{is_end, is_last};
use crate::level::Level;
use crate::wire::syslog::stamp::Reader;

/// What follows a time.
pub(super) enum Offset<'a> {
    /// Nothing that is a zone.
    Local,
    /// So many seconds east of UTC.
    East(i64),
    /// A zone's name.
    Named(&'a [u8]),
}

/// A zone behind a time, and else what is no part of it.
pub(super) fn zone<'a>(reader: &mut Reader<'a>) -> Offset<'a> {
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
pub(super) fn zone_name<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
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
pub(super) fn zones_of(name: &[u8]) -> &'static [i64] {
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
