//! Cleaning inside JSON text: its strings one by one, all else as it is.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memchr2};

use crate::now::Timestamp;
use crate::record::{Defaults, Record, Value};
use crate::wire::json;

/// Whether an escape in JSON text may stand for what a terminal obeys:
/// `\b`, `\r`, `\u0008`, `\u000d`, `\u001b` and `\u0080` to `\u009f`.
pub(super) fn has_escaped_control(text: &[u8]) -> bool {
    let mut rest = text;
    while let Some(at) = memchr(b'\\', rest) {
        match &rest[at + 1..] {
            [b'b' | b'r', ..] => return true,
            [b'u', b'0', b'0', high, low, ..] => match (high, low) {
                (b'0', b'8' | b'd' | b'D') | (b'1', b'b' | b'B') | (b'8' | b'9', _) => return true,
                _ => {}
            },
            _ => {}
        }
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    false
}

/// Whether a record begins as an object does: what costs little to ask first.
pub(super) fn begins_object(record: &[u8]) -> bool {
    let record = record.strip_prefix(b"\xef\xbb\xbf").unwrap_or(record);
    record.trim_ascii_start().first() == Some(&b'{')
}

/// Goes over the strings of JSON text. Keeps the room that it needs.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    defaults: Defaults,
    room: Vec<(Cow<'static, str>, Value<'static>)>,
    /// A string without its escapes.
    text: Vec<u8>,
    /// What it was changed to.
    edited: Vec<u8>,
    /// The text so far, and where the changed strings are in it.
    out: Vec<u8>,
    changed: Vec<Range<usize>>,
}

impl Tokens {
    /// Whether a record is an object for the decoder of JSON input as well.
    pub(super) fn is_object(&mut self, record: &[u8]) -> bool {
        let room = std::mem::take(&mut self.room);
        let mut read = Record::reusing(room, &self.defaults, Timestamp(0));
        let valid = json::decode(record, &self.defaults, Timestamp(0), &mut read).is_ok();
        self.room = read.into_room();
        valid
    }

    /// Hands each string of an object to `edit`, keys too: where it stands
    /// between its quotes, and its text without escapes; with `numbers`, each
    /// number likewise. If `edit` has changed one, which it says, the object is
    /// appended to `out`, with those written anew: a number as a string, unless
    /// it still is one.
    ///
    /// `false` if nothing was changed, or the record is no object.
    pub(super) fn rewrite(
        &mut self,
        record: &[u8],
        numbers: bool,
        out: &mut Vec<u8>,
        mut edit: impl FnMut(Range<usize>, &[u8], &mut Vec<u8>) -> bool,
    ) -> bool {
        self.changed.clear();
        self.out.clear();
        if !begins_object(record) {
            return false;
        }
        let mut copied = 0;
        let mut from = 0;
        while let Some(token) = next_token(record, from, numbers) {
            from = token.end;
            let string = inner(record, &token);
            let inner = &record[string.clone()];
            let text = match memchr(b'\\', inner) {
                None => inner,
                Some(_) => {
                    self.text.clear();
                    unescape(inner, &mut self.text);
                    &self.text
                }
            };
            self.edited.clear();
            if edit(string.clone(), text, &mut self.edited) {
                self.out.extend_from_slice(&record[copied..token.start]);
                let start = self.out.len();
                if string == token && json::is_number(&self.edited) {
                    self.out.extend_from_slice(&self.edited);
                    self.changed.push(start..self.out.len());
                } else {
                    json::write_string(&self.edited, &mut self.out);
                    self.changed.push(start + 1..self.out.len() - 1);
                }
                copied = from;
            }
        }
        // Only now, as it costs more than all before.
        if self.changed.is_empty() || !self.is_object(record) {
            self.changed.clear();
            return false;
        }
        let before = out.len();
        out.extend_from_slice(&self.out);
        out.extend_from_slice(&record[copied..]);
        debug_assert!(
            self.changed
                .iter()
                .all(|range| before + range.end < out.len())
        );
        true
    }

    /// Where the strings that were changed last stand in the new text,
    /// without their quotes.
    pub(super) fn changed(&self) -> &[Range<usize>] {
        &self.changed
    }
}

/// The next string, in its quotes, or number.
fn next_token(json: &[u8], from: usize, numbers: bool) -> Option<Range<usize>> {
    let rest = json.get(from..)?;
    let quote = memchr(b'"', rest);
    if numbers {
        let before = &rest[..quote.unwrap_or(rest.len())];
        let digit = |byte: &u8| byte.is_ascii_digit() || *byte == b'-';
        if let Some(at) = before.iter().position(digit) {
            let within = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
            let length = before[at..].iter().take_while(|byte| within(byte)).count();
            return Some(from + at..from + at + length);
        }
    }
    let start = from + quote?;
    let mut at = start + 1;
    loop {
        at += memchr2(b'"', b'\\', json.get(at..)?)?;
        if json[at] == b'"' {
            return Some(start..at + 1);
        }
        at += 2;
    }
}

/// What stands between the quotes of a string; a number as it is.
fn inner(json: &[u8], token: &Range<usize>) -> Range<usize> {
    match json[token.start] {
        b'"' => token.start + 1..token.end - 1,
        _ => token.clone(),
    }
}

/// Appends a string without its escapes. A surrogate that lacks its other
/// half becomes U+FFFD, as it does in a record.
fn unescape(string: &[u8], out: &mut Vec<u8>) {
    let mut rest = string;
    while let Some(at) = memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        let letter = rest.get(at + 1).copied();
        rest = rest.get(at + 2..).unwrap_or_default();
        match letter {
            Some(b'n') => out.push(b'\n'),
            Some(b't') => out.push(b'\t'),
            Some(b'r') => out.push(b'\r'),
            Some(b'b') => out.push(0x08),
            Some(b'f') => out.push(0x0c),
            Some(b'u') => {
                let high = unit(rest);
                rest = rest.get(4..).unwrap_or_default();
                let low = match high {
                    Some(0xd800..0xdc00) => rest.strip_prefix(b"\\u").and_then(unit),
                    _ => None,
                };
                let pair = [high, low].into_iter().flatten();
                let ch = match char::decode_utf16(pair).next() {
                    Some(Ok(ch)) => ch,
                    _ => char::REPLACEMENT_CHARACTER,
                };
                if ch > '\u{ffff}' {
                    rest = rest.get(6..).unwrap_or_default();
                }
                out.extend_from_slice(ch.encode_utf8(&mut [0; 4]).as_bytes());
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    out.extend_from_slice(rest);
}

/// The UTF-16 unit of the four digits at the start.
fn unit(text: &[u8]) -> Option<u16> {
    let digits = std::str::from_utf8(text.get(..4)?).ok()?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unescaped(inner: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        unescape(inner, &mut out);
        out
    }

    #[test]
    fn strings_that_are_not_changed_keep_their_bytes() {
        let mut tokens = Tokens::default();
        let mut out = b"before ".to_vec();
        let record = br#" {"k\u00e9" : "a\/b", "x":["\u0078", 1.50 ,"x"]}"#;
        let edit = |_, text: &[u8], new: &mut Vec<u8>| {
            new.extend_from_slice(b"\"\n");
            text == b"x"
        };
        assert!(tokens.rewrite(record, false, &mut out, edit));
        let want = br#"before  {"k\u00e9" : "a\/b", "\"\n":["\"\n", 1.50 ,"\"\n"]}"#;
        assert_eq!(
            out.escape_ascii().to_string(),
            want.escape_ascii().to_string()
        );
        for range in tokens.changed() {
            assert_eq!(&out[7..][range.clone()], br#"\"\n"#);
        }
    }

    #[test]
    fn what_is_no_object_is_not_touched() {
        let mut tokens = Tokens::default();
        let records: [&[u8]; 5] = [b"[\"x\"]", b"x {\"x\":1}", b"{\"x\"}", b"{\"x", b"{\"x\\"];
        for record in records {
            let mut out = Vec::new();
            assert!(!tokens.rewrite(record, true, &mut out, |_, _, _| true));
            assert!(out.is_empty() && tokens.changed().is_empty());
        }
    }

    #[test]
    fn escapes_of_controls() {
        for text in [
            r"\b",
            r"a\\\r",
            r"\u0008",
            r"\u000D",
            r"\u001b[m",
            r"\u001B",
            r"\u009b",
        ] {
            assert!(has_escaped_control(text.as_bytes()), "{text}");
        }
        for text in [
            r"\\b",
            r"C:\\build",
            r"\n\t\f\/",
            r"\u00e9",
            r"\u0000",
            r"\u1b00",
            "\\",
            "",
        ] {
            assert!(!has_escaped_control(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn halves_of_surrogates() {
        assert_eq!(unescaped(br"\ud83d\ude00x"), "\u{1f600}x".as_bytes());
        assert_eq!(unescaped(br"\ud83dx\ude00"), "\u{fffd}x\u{fffd}".as_bytes());
        assert_eq!(unescaped(br"\ud83d\u0041"), "\u{fffd}A".as_bytes());
    }

    proptest! {
        #[test]
        fn what_serde_json_writes_is_read(text in "(?s).{0,40}") {
            let string = serde_json::to_string(&text).unwrap();
            let token = next_token(string.as_bytes(), 0, true).unwrap();
            let range = inner(string.as_bytes(), &token);
            prop_assert_eq!(range.clone(), 1..string.len() - 1);
            prop_assert_eq!(unescaped(&string.as_bytes()[range]), text.as_bytes());
        }

        #[test]
        fn any_bytes(record in prop::collection::vec(any::<u8>(), 0..60)) {
            let mut tokens = Tokens::default();
            let mut out = Vec::new();
            let object = [b"{\"", &record[..]].concat();
            tokens.rewrite(&object, true, &mut out, |_, _, _| true);
            has_escaped_control(&object);
        }
    }
}
