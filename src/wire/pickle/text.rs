//! Text that is not quite text: bytes that are no UTF-8, halves of surrogate
//! pairs, and the escapes of protocol 0.

use std::borrow::Cow;
use std::io::Write as _;

/// Appends bytes as UTF-8. What is none becomes `\xff`, and half of a surrogate
/// pair `\ud800`, as with Python's `backslashreplace`: it can be read, and no
/// reader stumbles over it. The halves that `surrogateescape` makes of bytes
/// become `\xff` again, and two that belong together their character.
pub(super) fn write_readable(bytes: &[u8], out: &mut Vec<u8>) {
    let mut rest = bytes;
    loop {
        let (valid, behind) = match std::str::from_utf8(rest) {
            Ok(_) => (rest.len(), None),
            Err(error) => (error.valid_up_to(), rest.get(error.valid_up_to())),
        };
        out.extend_from_slice(&rest[..valid]);
        let Some(&byte) = behind else { return };
        rest = &rest[valid..];
        match surrogate(rest) {
            Some(high) => {
                rest = &rest[3..];
                if write_surrogate(high, surrogate(rest), out) {
                    rest = &rest[3..];
                }
            }
            None => {
                // Writing to a vector cannot fail.
                let _ = write!(out, "\\x{byte:02x}");
                rest = &rest[1..];
            }
        }
    }
}

/// The half of a pair that stands at the start, in the three bytes that UTF-8
/// would have for it.
fn surrogate(bytes: &[u8]) -> Option<u16> {
    match *bytes {
        [0xed, second @ 0xa0..=0xbf, third @ 0x80..=0xbf, ..] => {
            Some(0xd000 | u16::from(second & 0x3f) << 6 | u16::from(third & 0x3f))
        }
        _ => None,
    }
}

/// Appends half of a pair, or the whole if the other half is behind it: then
/// `true`.
pub(super) fn write_surrogate(half: u16, behind: Option<u16>, out: &mut Vec<u8>) -> bool {
    if let Some(Ok(whole)) = char::decode_utf16([half].into_iter().chain(behind)).next() {
        out.extend_from_slice(whole.encode_utf8(&mut [0; 4]).as_bytes());
        return true;
    }
    // Writing to a vector cannot fail.
    let _ = match half {
        0xdc80..=0xdcff => write!(out, "\\x{:02x}", half & 0xff),
        _ => write!(out, "\\u{half:04x}"),
    };
    false
}

/// Bytes as text, without a copy if they are UTF-8.
pub(super) fn readable(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            let mut out = Vec::with_capacity(bytes.len() + 16);
            write_readable(bytes, &mut out);
            Cow::Owned(into_string(out))
        }
    }
}

/// A vector that holds text.
pub(super) fn into_string(text: Vec<u8>) -> String {
    String::from_utf8(text)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// A string of Python 2 in its quotes and with its escapes, as protocol 0 has
/// it; `None` if it is none.
pub(super) fn unquoted(line: &[u8]) -> Option<Cow<'_, str>> {
    let quote = line.first().filter(|byte| matches!(byte, b'\'' | b'"'))?;
    let inner = line.get(1..)?.strip_suffix(&[*quote])?;
    if memchr::memchr(b'\\', inner).is_none() {
        return Some(readable(inner));
    }
    let mut out = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match bytes.next()? {
            b'n' => out.push(b'\n'),
            b't' => out.push(b'\t'),
            b'r' => out.push(b'\r'),
            b'x' => {
                let digits = [bytes.next()?, bytes.next()?];
                let text = std::str::from_utf8(&digits).ok()?;
                out.push(u8::from_str_radix(text, 16).ok()?);
            }
            other => out.push(other),
        }
    }
    Some(Cow::Owned(readable(&out).into_owned()))
}

/// Latin-1 with `\uXXXX` and `\UXXXXXXXX`, as protocol 0 writes text: Python's
/// codec `raw-unicode-escape`.
pub(super) fn raw_unicode(line: &[u8]) -> Cow<'_, str> {
    if line.is_ascii()
        && memchr::memchr(b'\\', line).is_none()
        && let Ok(text) = std::str::from_utf8(line)
    {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some((&byte, behind)) = rest.split_first() {
        if byte != b'\\' {
            push_char(u32::from(byte), &mut out);
            rest = behind;
        } else if let Some((code, behind)) = escape(rest) {
            rest = behind;
            match u16::try_from(code) {
                Ok(half @ 0xd800..=0xdfff) => {
                    let other = escape(rest);
                    let low = other.and_then(|(code, _)| u16::try_from(code).ok());
                    if write_surrogate(half, low, &mut out) {
                        rest = other.map_or(rest, |(_, behind)| behind);
                    }
                }
                _ => push_char(code, &mut out),
            }
        } else {
            // A backslash stands for itself, and so does what is behind it.
            let pair = behind.first().is_some_and(|&next| next == b'\\');
            out.extend_from_slice(if pair { b"\\\\" } else { b"\\" });
            rest = &behind[usize::from(pair)..];
        }
    }
    Cow::Owned(into_string(out))
}

/// The number of the escape at the start, and what is behind it.
pub(super) fn escape(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let width = match bytes.get(..2)? {
        b"\\u" => 4,
        b"\\U" => 8,
        _ => return None,
    };
    let (digits, behind) = bytes.get(2..)?.split_at_checked(width)?;
    let digits = digits.iter().try_fold(0u32, |sum, &digit| {
        Some(sum << 4 | char::from(digit).to_digit(16)?)
    })?;
    Some((digits, behind))
}

pub(super) fn push_char(code: u32, out: &mut Vec<u8>) {
    let char = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_can_be_read() {
        let cases: [(&[u8], &str); 9] = [
            (b"", ""),
            ("gr\u{fc}n".as_bytes(), "gr\u{fc}n"),
            (b"gr\xfcn", "gr\\xfcn"),
            (b"\xff", "\\xff"),
            (b"\xed\xa0\x80x", "\\ud800x"),
            // As surrogateescape has the byte 0xff.
            (b"a\xed\xb3\xbf", "a\\xff"),
            (b"\xed\xa0\xbd\xed\xb8\x80", "\u{1f600}"),
            (b"\xed\xb8\x80\xed\xa0\xbd", "\\ude00\\ud83d"),
            (b"\xe2\x82", "\\xe2\\x82"),
        ];
        for (bytes, want) in cases {
            assert_eq!(readable(bytes), want, "{bytes:?}");
        }
        assert!(matches!(readable(b"plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn text_of_protocol_0() {
        let cases: [(&[u8], &str); 10] = [
            (b"plain", "plain"),
            (b"gr\xfcn", "gr\u{fc}n"),
            (b"\\u20ac\\U0001f600", "\u{20ac}\u{1f600}"),
            (b"\\ud83d\\ude00", "\u{1f600}"),
            (b"\\ud83dx", "\\ud83dx"),
            (b"a\\u000ab\\u005cn", "a\nb\\n"),
            (b"\\\\u0041", "\\\\u0041"),
            (b"\\n\\", "\\n\\"),
            (b"\\u12", "\\u12"),
            (b"\\Uffffffff", "\u{fffd}"),
        ];
        for (line, want) in cases {
            assert_eq!(raw_unicode(line), want, "{line:?}");
        }
    }

    #[test]
    fn strings_of_python_2() {
        let cases: [(&[u8], Option<&str>); 7] = [
            (b"'a\"b'", Some("a\"b")),
            (b"\"it's\"", Some("it's")),
            (b"'a\\n\\t\\\\\\'\\xe2\\x82\\xac'", Some("a\n\t\\'\u{20ac}")),
            (b"'\\xff'", Some("\\xff")),
            (b"'open", None),
            (b"bare", None),
            (b"'\\x4'", None),
        ];
        for (line, want) in cases {
            assert_eq!(unquoted(line).as_deref(), want, "{line:?}");
        }
    }
}
