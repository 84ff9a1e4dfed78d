//! What keeps one message from becoming two: no control character leaves, and
//! no field can end itself.

use crate::text::bytes::first_control_or;

/// Whether a byte is written as `#ooo`: a control character but TAB, and but
/// LF where line feeds are kept.
#[inline]
fn is_control(byte: u8, keep_lf: bool) -> bool {
    ((byte < b' ') & (byte != b'\t') & !(keep_lf & (byte == b'\n'))) | (byte == 0x7f)
}

/// A byte as rsyslog writes those that could do harm: `#`, and three octal
/// digits. RFC 5424, section 8.2, leaves the form to whoever writes it.
fn write_octal(byte: u8, out: &mut Vec<u8>) {
    let digit = |shift: u8| b'0' + (byte >> shift & 7);
    out.extend_from_slice(&[b'#', digit(6), digit(3), digit(0)]);
}

/// Bytes looked at together. What is written without a branch in it becomes
/// vector instructions.
const STRIDE: usize = 32;

/// Appends a message with its control characters as `#ooo`.
pub(super) fn write_text(text: &[u8], keep_lf: bool, out: &mut Vec<u8>) {
    if first_control_or(text, [0x7f]).is_none() {
        return out.extend_from_slice(text);
    }
    let mut copied = 0;
    for (chunk, start) in text.chunks(STRIDE).zip((0..).step_by(STRIDE)) {
        let any = |any, &byte: &u8| any | is_control(byte, keep_lf);
        if !chunk.iter().fold(false, any) {
            continue;
        }
        for (&byte, at) in chunk.iter().zip(start..) {
            if is_control(byte, keep_lf) {
                out.extend_from_slice(&text[copied..at]);
                write_octal(byte, out);
                copied = at + 1;
            }
        }
    }
    out.extend_from_slice(&text[copied..]);
}

/// Appends the value of a parameter (RFC 5424, section 6.3.3): `"`, `\` and
/// `]` behind a backslash, control characters as `#ooo`, and U+FFFD for what
/// is not UTF-8.
pub(super) fn write_value(text: &[u8], keep_lf: bool, out: &mut Vec<u8>) {
    let special = |&byte: &u8| matches!(byte, b'"' | b'\\' | b']') || is_control(byte, keep_lf);
    for chunk in text.utf8_chunks() {
        let mut rest = chunk.valid().as_bytes();
        while let Some(at) = rest.iter().position(special) {
            out.extend_from_slice(&rest[..at]);
            match rest[at] {
                byte @ (b'"' | b'\\' | b']') => out.extend_from_slice(&[b'\\', byte]),
                byte => write_octal(byte, out),
            }
            rest = &rest[at + 1..];
        }
        out.extend_from_slice(rest);
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
}

/// Appends a field of the header, at most `most` bytes of it: what is not
/// printable ASCII, or is among `ends`, becomes `_`. Nothing becomes `-`.
pub(super) fn write_field(text: &str, most: usize, ends: &[u8], out: &mut Vec<u8>) {
    let clean = |byte: u8| match byte {
        b'!'..=b'~' if !ends.contains(&byte) => byte,
        _ => b'_',
    };
    match text.is_empty() {
        true => out.push(b'-'),
        false => out.extend(text.bytes().take(most).map(clean)),
    }
}

/// Appends the name of an element or a parameter (RFC 5424, section 6.3.2).
/// No name becomes `_`: it has to be one.
pub(super) fn write_name(text: &str, out: &mut Vec<u8>) {
    match text.is_empty() {
        true => out.push(b'_'),
        false => write_field(text, 32, b"=]\"", out),
    }
}

/// The greatest place up to `most`, and beyond nothing, where escaped text can
/// be cut: not within a character, nor within an `#ooo`. `most` is at least 4
/// and below the length of the text.
pub(super) fn cut(text: &[u8], most: usize) -> usize {
    let is_start = |at: &usize| text[*at] & 0xc0 != 0x80;
    // Bytes that are no UTF-8 have no characters to keep whole.
    let at = (most - 3..=most).rev().find(is_start).unwrap_or(most);
    let is_octal = |at: &usize| {
        let escape = text.get(*at..*at + 4);
        escape.is_some_and(|escape| {
            escape[0] == b'#' && escape[1..].iter().all(|byte| (b'0'..b'8').contains(byte))
        })
    };
    (at.saturating_sub(3).max(1)..at)
        .find(is_octal)
        .unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(bytes: &[u8], keep_lf: bool) -> Vec<u8> {
        let mut out = Vec::new();
        write_text(bytes, keep_lf, &mut out);
        out
    }

    #[test]
    fn controls_are_octal() {
        assert_eq!(
            text(b"a\tb\nc\x00\x1b\x7f\r", false),
            b"a\tb#012c#000#033#177#015"
        );
        assert_eq!(text(b"a\nb\r\n", true), b"a\nb#015\n");
        let mut value = Vec::new();
        write_value(b"a\"b\\c]d\n\t\xff[\xc3\xa9", false, &mut value);
        assert_eq!(value, "a\\\"b\\\\c\\]d#012\t\u{fffd}[\u{e9}".as_bytes());
    }

    #[test]
    fn fields_and_names() {
        let field = |text: &str, most, ends: &[u8]| {
            let mut out = Vec::new();
            write_field(text, most, ends, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(field("a b\n[c]:\u{e9}", 48, b":["), "a_b__c]___");
        assert_eq!(field("abcdef", 4, b""), "abcd");
        assert_eq!(field("", 4, b""), "-");
        let name = |text: &str| {
            let mut out = Vec::new();
            write_name(text, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(name("a=b]c\"d e\u{7f}"), "a_b_c_d_e_");
        assert_eq!(name(""), "_");
        assert_eq!(name(&"x".repeat(40)), "x".repeat(32));
    }

    #[test]
    fn cuts() {
        let cases: [(&str, usize, usize); 9] = [
            ("abcdefgh", 5, 5),
            ("abcd#012ef", 4, 4),
            ("abcd#012ef", 5, 4),
            ("abcd#012ef", 6, 4),
            ("abcd#012ef", 7, 4),
            ("abcd#012ef", 8, 8),
            ("abcd#098ef", 6, 6),
            ("abc\u{1f600}d", 6, 3),
            ("#012#012#012", 6, 4),
        ];
        for (text, most, want) in cases {
            assert_eq!(cut(text.as_bytes(), most), want, "{text} {most}");
        }
        assert_eq!(cut(&[0x80; 9], 6), 6);
    }

    proptest! {
        #[test]
        fn nothing_else_changes(bytes in prop::collection::vec(any::<u8>(), 0..200), keep_lf: bool) {
            let mut want = Vec::new();
            for &byte in &bytes {
                match is_control(byte, keep_lf) {
                    true => want.extend_from_slice(format!("#{byte:03o}").as_bytes()),
                    false => want.push(byte),
                }
            }
            prop_assert_eq!(text(&bytes, keep_lf), want);
        }
    }
}
