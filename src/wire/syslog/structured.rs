//! Structured data (RFC 5424, section 6.3): its elements written and read.

use std::borrow::Cow;

use super::SD_ID;
use super::escape::{write_name, write_value};
use crate::record::{Record, Value};
use crate::wire::{fields, repeats};

/// The element of a record's extra attributes.
#[derive(Debug)]
pub(super) struct Element {
    /// `[`, its name, and the parameters that every record has.
    start: Vec<u8>,
    has_params: bool,
    keep_lf: bool,
}

impl Element {
    pub(super) fn new(id: &str, params: &[(String, String)], keep_lf: bool) -> Element {
        let mut start = vec![b'['];
        write_name(id, &mut start);
        for (name, value) in params {
            write_param(name, value, keep_lf, &mut start);
        }
        Element {
            start,
            has_params: !params.is_empty(),
            keep_lf,
        }
    }

    /// Appends it without what `is_elsewhere`, or `-` where it would be empty, as
    /// `logger` does.
    pub(super) fn write(
        &self,
        record: &Record<'_>,
        is_elsewhere: impl Fn(&str) -> bool,
        out: &mut Vec<u8>,
    ) {
        let start = out.len();
        out.extend_from_slice(&self.start);
        let mut is_empty = !self.has_params;
        fields::each_extra(
            record,
            |_, _| false,
            |name, _, value| {
                if is_elsewhere(name) {
                    return;
                }
                is_empty = false;
                let (Value::Text(value) | Value::Json(value)) = value;
                write_param(name, value, self.keep_lf, out);
            },
        );
        if is_empty {
            out.truncate(start);
            out.push(b'-');
            return;
        }
        out.push(b']');
    }
}

fn write_param(name: &str, value: &str, keep_lf: bool, out: &mut Vec<u8>) {
    out.push(b' ');
    write_name(name, out);
    out.extend_from_slice(b"=\"");
    write_value(value.as_bytes(), keep_lf, out);
    out.push(b'"');
}

type Extra<'a> = Vec<(Cow<'a, str>, Value<'a>)>;

/// Adds the parameters to the extra attributes, where one that comes again (RFC
/// 5424, section 6.3.3) gets a number behind its name, and answers what stands behind
/// them: nothing, or a space and the message. `None`, and nothing added, if
/// the bytes do not begin with structured data.
pub(super) fn read<'a>(bytes: &'a [u8], extra: &mut Extra<'a>) -> Option<&'a [u8]> {
    let before = extra.len();
    let rest = match bytes.strip_prefix(b"-") {
        Some(rest) => Some(rest),
        None => elements(bytes, extra),
    };
    let rest = rest.filter(|rest| rest.first().is_none_or(|&byte| byte == b' '));
    match rest {
        Some(_) => repeats::number(&mut extra[before..]),
        None => extra.truncate(before),
    }
    rest
}

fn elements<'a>(bytes: &'a [u8], extra: &mut Extra<'a>) -> Option<&'a [u8]> {
    let mut rest = element(bytes, extra)?;
    while rest.first() == Some(&b'[') {
        rest = element(rest, extra)?;
    }
    Some(rest)
}

fn element<'a>(bytes: &'a [u8], extra: &mut Extra<'a>) -> Option<&'a [u8]> {
    let (id, mut rest) = name(bytes.strip_prefix(b"[")?)?;
    let before = extra.len();
    loop {
        rest = match rest {
            [b']', rest @ ..] => {
                // That it was there is all it says.
                if extra.len() == before && id != SD_ID {
                    extra.push((id.into(), Value::Text("".into())));
                }
                return Some(rest);
            }
            [b' ', rest @ ..] => {
                let (name, rest) = name(rest)?;
                let (value, rest) = value(rest.strip_prefix(b"=\"")?)?;
                let name = match id {
                    SD_ID => Cow::Borrowed(name),
                    _ => Cow::Owned([id, ".", name].concat()),
                };
                extra.push((name, Value::Text(value)));
                rest
            }
            _ => return None,
        };
    }
}

/// A name, and what follows it. Longer ones than the RFC's 32 characters are
/// taken, too.
fn name(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let is_end = |byte: &u8| !byte.is_ascii_graphic() || matches!(byte, b'=' | b']' | b'"');
    let end = bytes.iter().position(is_end)?;
    let (name, rest) = bytes.split_at(end);
    let name = std::str::from_utf8(name).ok()?;
    (!name.is_empty()).then_some((name, rest))
}

/// A value up to its closing quote, without its escapes, and what is behind
/// it. A backslash before any other character is one itself.
fn value(bytes: &[u8]) -> Option<(Cow<'_, str>, &[u8])> {
    let mut out = Vec::new();
    let (mut rest, mut copied) = (bytes, false);
    loop {
        let at = memchr::memchr2(b'"', b'\\', rest)?;
        let (text, behind) = (&rest[..at], &rest[at + 1..]);
        if rest[at] == b'"' {
            if !copied {
                return Some((String::from_utf8_lossy(text), behind));
            }
            out.extend_from_slice(text);
            return Some((String::from_utf8_lossy(&out).into_owned().into(), behind));
        }
        copied = true;
        out.extend_from_slice(text);
        rest = match behind {
            [byte @ (b'"' | b'\\' | b']'), rest @ ..] => {
                out.push(*byte);
                rest
            }
            _ => {
                out.push(b'\\');
                behind
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Pairs = Vec<(String, String)>;

    fn all(bytes: &[u8]) -> Option<(Pairs, &[u8])> {
        let mut extra = vec![("was".into(), Value::Text("there".into()))];
        let rest = read(bytes, &mut extra);
        assert_eq!(extra[0].0, "was");
        if rest.is_none() {
            assert_eq!(extra.len(), 1);
        }
        let pairs = extra.into_iter().skip(1).map(|(key, value)| {
            let (Value::Text(value) | Value::Json(value)) = value;
            (key.into_owned(), value.into_owned())
        });
        Some((pairs.collect(), rest?))
    }

    #[test]
    fn read_by_the_rfc() {
        type Case = (
            &'static str,
            &'static [(&'static str, &'static str)],
            &'static str,
        );
        let cases: [Case; 10] = [
            ("-", &[], ""),
            ("- m", &[], " m"),
            ("[a b=\"c\"] m", &[("a.b", "c")], " m"),
            (
                "[a b=\"1\" b=\"2\"][c d=\"\"]",
                &[("a.b", "1"), ("a.b.2", "2"), ("c.d", "")],
                "",
            ),
            ("[lh@32473 n=\"1\"]", &[("n", "1")], ""),
            // Also with what had the name before.
            (
                "[lh@32473 was=\"1\" was=\"2\"]",
                &[("was", "1"), ("was.2", "2")],
                "",
            ),
            ("[lh@32473][x@1]", &[("x@1", "")], ""),
            (r#"[a b="\"\\\]\n]["] \"#, &[("a.b", r#""\]\n]["#)], r" \"),
            ("[a b=\"\u{e9} =\"]", &[("a.b", "\u{e9} =")], ""),
            (
                "[ex@32473.1.2 b=\"c\"] [d e=\"f\"]",
                &[("ex@32473.1.2.b", "c")],
                " [d e=\"f\"]",
            ),
        ];
        for (text, pairs, behind) in cases {
            let (got, rest) = all(text.as_bytes()).expect(text);
            let got: Vec<_> = got.iter().map(|(key, value)| (&**key, &**value)).collect();
            assert_eq!((&*got, rest), (pairs, behind.as_bytes()), "{text}");
        }
        let (pairs, _) = all(b"[a b=\"\xff\\\"\"]").unwrap();
        assert_eq!(pairs[0].1, "\u{fffd}\"");
    }

    #[test]
    fn anything_else_is_none() {
        let cases = [
            "",
            " ",
            "m",
            "-m",
            "[",
            "[]",
            "[a",
            "[ a]",
            "[a ]",
            "[a b]",
            "[a b=]",
            "[a b=c]",
            "[a b=\"c]",
            "[a b=\"c\"",
            "[a b=\"c\\\"]",
            "[a b=\"c\"]m",
            "[a b=\"c\"]-",
            "[a b=\"c\"x]",
            "[a b=\"c\"][",
            "[a=b]",
            "[\u{e9} b=\"c\"]",
            "[a  b=\"c\"]",
            "[a\tb=\"c\"]",
        ];
        for text in cases {
            assert_eq!(all(text.as_bytes()), None, "{text}");
        }
    }
}
