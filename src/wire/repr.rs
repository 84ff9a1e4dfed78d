//! Values as Python's `str()` shows them.

use std::io::Write as _;

use super::tree::{DEPTH, Node, node};
use crate::record::Value;

/// Appends a value as `str()` shows it.
pub(super) fn str(value: &Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Text(text) => out.extend_from_slice(text.as_bytes()),
        Value::Json(json) => {
            let start = out.len();
            if shown(value, 0, out).is_none() {
                out.truncate(start);
                out.extend_from_slice(json.as_bytes());
            }
        }
    }
}

/// What `repr()` shows of it; `None` if it is nested too deeply.
fn shown(value: &Value<'_>, depth: usize, out: &mut Vec<u8>) -> Option<()> {
    if depth > DEPTH {
        return None;
    }
    match node(value) {
        Node::Word("null") => out.extend_from_slice(b"None"),
        Node::Word("true") => out.extend_from_slice(b"True"),
        Node::Word("false") => out.extend_from_slice(b"False"),
        Node::Word(word) => number(word, out),
        Node::Text(text) => quoted(&text, out),
        Node::List(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.extend_from_slice(b", ");
                }
                shown(item, depth + 1, out)?;
            }
            out.push(b']');
        }
        Node::Object(members) => {
            out.push(b'{');
            for (index, (name, member)) in members.iter().enumerate() {
                if index > 0 {
                    out.extend_from_slice(b", ");
                }
                quoted(name, out);
                out.extend_from_slice(b": ");
                shown(member, depth + 1, out)?;
            }
            out.push(b'}');
        }
    }
    Some(())
}

fn number(json: &str, out: &mut Vec<u8>) {
    let is_whole = json.bytes().all(|b| b == b'-' || b.is_ascii_digit());
    match json.parse::<f64>() {
        Ok(_) if json == "-0" => out.push(b'0'),
        Ok(value) if !is_whole => float(value, out),
        _ => out.extend_from_slice(json.as_bytes()),
    }
}

/// A string's `repr()`; of what is not ASCII, all but controls counts as
/// printable.
fn quoted(text: &str, out: &mut Vec<u8>) {
    let quote = match text.contains('\'') && !text.contains('"') {
        true => '"',
        false => '\'',
    };
    // Writing to a vector cannot fail.
    let _ = write!(out, "{quote}");
    for ch in text.chars() {
        let _ = match ch {
            '\n' => write!(out, "\\n"),
            '\r' => write!(out, "\\r"),
            '\t' => write!(out, "\\t"),
            '\\' => write!(out, "\\\\"),
            _ if ch == quote => write!(out, "\\{ch}"),
            _ if ch.is_control() => write!(out, "\\x{:02x}", u32::from(ch)),
            _ => write!(out, "{ch}"),
        };
    }
    let _ = write!(out, "{quote}");
}

/// A float's `repr()`: the shortest that reads as the same number, with an
/// exponent below 1e-4 and from 1e16 on.
pub(super) fn float(number: f64, out: &mut Vec<u8>) {
    let size = number.abs();
    // Writing to a vector cannot fail.
    let _ = match number {
        _ if number.is_nan() => write!(out, "nan"),
        _ if number.is_infinite() => write!(out, "{}", if number > 0.0 { "inf" } else { "-inf" }),
        _ if size != 0.0 && !(1e-4..1e16).contains(&size) => {
            let text = format!("{number:e}");
            let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let (sign, exponent) = match exponent.strip_prefix('-') {
                Some(exponent) => ('-', exponent),
                None => ('+', exponent),
            };
            write!(out, "{digits}e{sign}{exponent:0>2}")
        }
        _ => write!(out, "{number:?}"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_python_shows() {
        let cases = [
            ("1.50", "1.5"),
            ("1e5", "100000.0"),
            ("1e16", "1e+16"),
            ("1.5e-7", "1.5e-07"),
            (
                "123456789012345678901234567890",
                "123456789012345678901234567890",
            ),
            ("-0.0", "-0.0"),
            ("1e999", "inf"),
            ("null", "None"),
            ("true", "True"),
            (
                r#"{"a":["x'y","q\"'",false],"b":{}}"#,
                r#"{'a': ["x'y", 'q"\'', False], 'b': {}}"#,
            ),
            (r#"["a\nb\u0001\\"]"#, r"['a\nb\x01\\']"),
        ];
        for (json, want) in cases {
            let mut out = Vec::new();
            str(&Value::Json(json.into()), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), want, "{json}");
        }
    }
}
