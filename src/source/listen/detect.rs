//! What a peer speaks, by the first bytes that it sends.

use memchr::memchr;

use super::framing::{Counted, Kind, Lengths, Numbered, Protocol, Text};
use super::{Accepted, Wire};
use crate::wire::lh::MAGIC;

/// A count of octets has at most so many digits: more than any record needs.
pub(super) const DIGITS: usize = 9;

/// The greatest priority: facility 23, severity 7.
const MOST_PRIORITY: u32 = 191;

/// The hexadecimal digits of an authentication code, and the space behind it.
pub(super) const SEAL: usize = 65;

/// What a stream is that begins with these bytes. `None`: they are too few to
/// tell, and more may come.
pub(super) fn stream(bytes: &[u8], accepted: &Accepted, at_end: bool) -> Option<Protocol> {
    let text = |kind| Protocol::Text(Text::new(kind));
    let lines = |kind| Protocol::Text(Text::ended_by(kind, b'\n'));
    let counted = |lengths| Protocol::Counted(Counted::new(lengths));
    Some(match accepted.wire {
        Some(Wire::Lines) => lines(Kind::Plain),
        Some(Wire::Json) => text(Kind::Json),
        Some(Wire::Gelf) => text(Kind::Gelf),
        Some(Wire::Pickle) => counted(Lengths::Bytes),
        Some(Wire::Lh) => Protocol::Numbered(Numbered::default()),
        Some(Wire::Syslog) => match is_counted(bytes, accepted.key.is_some()) {
            Some(true) => counted(Lengths::Digits),
            None if !at_end => return None,
            _ => text(Kind::Syslog),
        },
        None => return guess(bytes, accepted.key.is_some(), at_end),
    })
}

fn guess(bytes: &[u8], sealed: bool, at_end: bool) -> Option<Protocol> {
    let first = *bytes.first()?;
    if first == MAGIC[0] && MAGIC.starts_with(&bytes[..bytes.len().min(4)]) {
        return match bytes.len() >= 4 || at_end {
            true => Some(Protocol::Numbered(Numbered::default())),
            false => None,
        };
    }
    if !at_end && may_be_tls(bytes) {
        return None;
    }
    if is_binary(first) {
        // Four bytes of a length, of which the first is a small number.
        return Some(Protocol::Counted(Counted::new(Lengths::Bytes)));
    }
    match is_counted(bytes, sealed) {
        Some(true) => return Some(Protocol::Counted(Counted::new(Lengths::Digits))),
        None if !at_end => return None,
        _ => {}
    }
    let body = match sealed {
        true if bytes.len() <= SEAL && !at_end && memchr(b'\n', bytes).is_none() => return None,
        true => bytes.get(SEAL..).unwrap_or_default(),
        false => bytes,
    };
    Some(Protocol::Text(match body.first() {
        Some(b'<' | b'{') => Text::new(Kind::Auto),
        _ => Text::ended_by(Kind::Auto, b'\n'),
    }))
}

/// Whether a stream begins as one of TLS does (RFC 8446, section 5.1): a record of a
/// handshake, and in it the greeting of a client. As a length of a pickle, it would be
/// one of 352 MiB.
pub(super) fn is_tls(bytes: &[u8]) -> bool {
    matches!(bytes, [0x16, 3, 0..=4, _, _, 1, ..])
}

/// Whether these are the first bytes of such a stream, and too few to tell.
fn may_be_tls(bytes: &[u8]) -> bool {
    let mut begin = *b"\x16\x03\0\0\0\x01";
    let rest = bytes.len() < begin.len() && is_binary(bytes[0]);
    rest && {
        begin[..bytes.len()].copy_from_slice(bytes);
        is_tls(&begin)
    }
}

/// No text begins with it.
pub(super) fn is_binary(byte: u8) -> bool {
    matches!(byte, 0..=8 | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f)
}

/// Whether a count of octets stands before a syslog message (RFC 6587 section
/// 3.4.1). `None`: it is too early to tell.
fn is_counted(bytes: &[u8], sealed: bool) -> Option<bool> {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit());
    let digits = digits.count();
    if digits > DIGITS || matches!(bytes.first(), None | Some(b'0')) {
        return if bytes.is_empty() { None } else { Some(false) };
    }
    let behind = match bytes.get(digits) {
        None => return None,
        Some(b' ') if digits > 0 => &bytes[digits + 1..],
        Some(_) => return Some(false),
    };
    let behind = if sealed { behind.get(SEAL..)? } else { behind };
    begins_with_priority(behind)
}

/// Whether a priority stands there, all of it (RFC 5424 section 6.2.1): a number
/// and a `<` also begin many a plain line, such as `404 <none>`. `None`: it is
/// too early to tell.
pub(super) fn begins_with_priority(bytes: &[u8]) -> Option<bool> {
    let (first, behind) = bytes.split_first()?;
    if *first != b'<' {
        return Some(false);
    }
    let digits = behind.iter().take_while(|byte| byte.is_ascii_digit());
    let digits = digits.count();
    if digits > 3 {
        return Some(false);
    }
    let end = *behind.get(digits)?;
    let number = behind[..digits].iter();
    let number = number.fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    Some(end == b'>' && digits > 0 && number <= MOST_PRIORITY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(bytes: &[u8]) -> Option<&'static str> {
        kind_of(bytes, None, false)
    }

    fn kind_of(bytes: &[u8], wire: Option<Wire>, at_end: bool) -> Option<&'static str> {
        let accepted = Accepted {
            wire,
            max_record: 100,
            oversize: crate::wire::framing::Oversize::Split,
            key: None,
        };
        Some(match stream(bytes, &accepted, at_end)? {
            Protocol::Text(_) => "text",
            Protocol::Counted(counted) => match counted.lengths() {
                Lengths::Digits => "octets",
                Lengths::Bytes => "pickle",
            },
            Protocol::Numbered(_) => "lh",
            Protocol::Http(_) => "http",
        })
    }

    #[test]
    fn syslog_has_lengths_or_ends() {
        let syslog = |bytes: &[u8], at_end| kind_of(bytes, Some(Wire::Syslog), at_end);
        for at_end in [false, true] {
            assert_eq!(syslog(b"5 <13>a", at_end), Some("octets"));
            assert_eq!(syslog(b"<13>a", at_end), Some("text"));
        }
        assert_eq!(syslog(b"5 <13", false), None);
        assert_eq!(syslog(b"5 <13", true), Some("text"));
        assert_eq!(syslog(b"5", false), None);
        assert_eq!(syslog(b"5", true), Some("text"));
    }

    #[test]
    fn the_first_bytes_tell() {
        for (bytes, want) in [
            (&b""[..], None),
            (b"<", Some("text")),
            (b"<13>x", Some("text")),
            (b"{", Some("text")),
            (b"hello", Some("text")),
            (b"\n", Some("text")),
            (b"\x1b[31mred", Some("text")),
            (b"1", None),
            (b"12 ", None),
            (b"12 <", None),
            (b"12 <1", None),
            (b"12 <191", None),
            (b"12 <191>", Some("octets")),
            (b"12 <7>a", Some("octets")),
            (b"12 <192>", Some("text")),
            (b"12 <0191", Some("text")),
            (b"12 <>", Some("text")),
            (b"12 <b>bold</b> text", Some("text")),
            (b"404 <none> missing", Some("text")),
            (b"12 <13 ", Some("text")),
            (b"12 x", Some("text")),
            (b"2026-11-23", Some("text")),
            (b"1234567890", Some("text")),
            (b"012 <", Some("text")),
            (b"\0", Some("pickle")),
            (b"\x7f\xff\xff\xff", Some("pickle")),
            (b"\x16", None),
            (b"\x16\x03\x01\x02", None),
            (b"\x16\x03\x01\x02\0", None),
            (b"\x16\x02", Some("pickle")),
            (b"\x93", None),
            (b"\x93lh\x01", Some("lh")),
            (b"\x93lx", Some("text")),
            (b"\xc3\xa4", Some("text")),
        ] {
            assert_eq!(kind(bytes), want, "{:?}", String::from_utf8_lossy(bytes));
        }
    }
}
