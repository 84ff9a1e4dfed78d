//! The members of an object as most logs have them: texts without an escape, numbers
//! and words.
//!
//! A general reader takes nearly twice as long for these. It is asked for every value
//! that is anything else, and for the whole object where something is not as it
//! should be, so that it alone says what JSON is.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::value_of;
use crate::record::Value;
use crate::text::bytes::first_control_or;

/// Appends the attributes of an object. `None`: this is no object, or one that
/// somebody else has to read; what was appended is to be taken back.
pub(super) fn read<'a>(object: &'a str, extra: &mut Vec<(Cow<'a, str>, Value<'a>)>) -> Option<()> {
    let mut text = Text { object, at: 0 };
    text.skip(b'{')?;
    if text.peek()? == b'}' {
        text.at += 1;
    } else {
        loop {
            let key = text.string()?;
            text.skip(b':')?;
            extra.push((Cow::Borrowed(key), text.value()?));
            match text.peek()? {
                b',' => text.at += 1,
                b'}' => {
                    text.at += 1;
                    break;
                }
                _ => return None,
            }
        }
    }
    text.peek().is_none().then_some(())
}

struct Text<'a> {
    object: &'a str,
    at: usize,
}

impl<'a> Text<'a> {
    /// The next byte that is no white space.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        loop {
            match *self.object.as_bytes().get(self.at)? {
                byte @ b'!'.. => return Some(byte),
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                control => return Some(control),
            }
        }
    }

    fn skip(&mut self, byte: u8) -> Option<()> {
        let found = self.peek()? == byte;
        self.at += 1;
        found.then_some(())
    }

    /// A string without an escape.
    fn string(&mut self) -> Option<&'a str> {
        self.skip(b'"')?;
        let rest = self.object.get(self.at..)?;
        let end = first_control_or(rest.as_bytes(), [b'"', b'\\'])?;
        if rest.as_bytes()[end] != b'"' {
            return None;
        }
        self.at += end + 1;
        rest.get(..end)
    }

    fn value(&mut self) -> Option<Value<'a>> {
        let first = self.peek()?;
        let start = self.at;
        if first == b'"' {
            if let Some(text) = self.string() {
                return Some(Value::Text(Cow::Borrowed(text)));
            }
            self.at = start;
        } else if let Some(len) = scalar(&self.object.as_bytes()[start..]) {
            self.at += len;
            let text = self.object.get(start..self.at)?;
            return Some(Value::Json(Cow::Borrowed(text)));
        }
        let rest = self.object.get(start..)?;
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<&RawValue>();
        let value = values.next()?.ok()?;
        self.at += values.byte_offset();
        Some(value_of(value.get()))
    }
}

/// The length of a number without an exponent, or of a word, where it is followed
/// by what may stand behind it.
fn scalar(text: &[u8]) -> Option<usize> {
    let digits = |text: &[u8]| text.iter().take_while(|b| b.is_ascii_digit()).count();
    let len = match text {
        [b't', b'r', b'u', b'e', ..] | [b'n', b'u', b'l', b'l', ..] => 4,
        [b'f', b'a', b'l', b's', b'e', ..] => 5,
        [b'0', ..] => 1 + fraction(&text[1..]),
        [b'1'..=b'9', ..] => {
            let whole = digits(text);
            whole + fraction(&text[whole..])
        }
        _ => return None,
    };
    matches!(text.get(len)?, b',' | b'}' | b' ').then_some(len)
}

/// The length of a point and the digits behind it.
fn fraction(text: &[u8]) -> usize {
    match text {
        [b'.', digits @ ..] => match digits.iter().take_while(|b| b.is_ascii_digit()).count() {
            0 => 0,
            places => places + 1,
        },
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::json::read_general;

    /// What both make of a text.
    fn both(text: &str) -> (Option<usize>, bool) {
        let (mut flat, mut general) = (Vec::new(), Vec::new());
        let read = read(text, &mut flat);
        let is_object = read_general(text, &mut general).is_ok();
        if read.is_some() {
            assert!(is_object, "{text}");
            assert_eq!(flat, general, "{text}");
        }
        (read.map(|()| flat.len()), is_object)
    }

    #[test]
    fn what_is_common_is_read_here() {
        for (text, members) in [
            ("{}", 0),
            (" { } \r\n", 0),
            (
                r#"{"a":"b","c":1,"d":true,"e":null,"f":-1.5e3,"g":false}"#,
                6,
            ),
            ("{ \"a\" : 0.5 , \"b\" : [1, {\"c\": 2}] }\n", 2),
            (
                "{\"\u{e4}\":\"\u{2028}\u{7f}\",\"esc\":\"a\\n\\ud83d\\ude00\"}",
                2,
            ),
            ("{\"a\":1,\"a\":10}", 2),
        ] {
            assert_eq!(both(text), (Some(members), true), "{text}");
        }
    }

    #[test]
    fn what_is_no_object_is_read_nowhere() {
        for text in [
            "",
            "{",
            "[]",
            "1",
            "{]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{,}",
            "{\"a\":1}}",
            "{\"a\":01}",
            "{\"a\":1.}",
            "{\"a\":.5}",
            "{\"a\":+1}",
            "{\"a\":-}",
            "{\"a\":truer}",
            "{\"a\":tru}",
            "{\"a\":1 2}",
            "{\"a\":\"\n\"}",
            "{\"a\":\"\\x\"}",
            "{'a':1}",
            "{\"a\":1;\"b\":2}",
            "{\"a\" 1}",
            "{\"a\":\"b}",
            "{\"a\":1}\u{a0}",
            "{\"a\":1e}",
        ] {
            assert_eq!(both(text), (None, false), "{text}");
        }
    }

    proptest! {
        /// Pieces of objects in any order: what is read here, the general reader
        /// reads alike.
        #[test]
        fn both_read_the_same(pieces in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", ":", ",", "\"", "\\", "\"a\"", "\"b\":", "1", "0", "-", ".", "e", "+",
            "true", "null", "false", " ", "\n", "\u{e4}", "\\n", "\\u00e4", "\"c\":1,", "\"d\":\"x\"", "{}",
        ]), 0..16), wrapped: bool) {
            let inner = pieces.concat();
            both(&inner);
            if wrapped {
                both(&format!("{{\"a\":{inner}}}"));
            } else {
                both(&format!("{{{inner}}}"));
            }
        }
    }
}
