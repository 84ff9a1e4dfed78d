//! JSON values as Python's own: numbers, words, text, lists, dictionaries.
//!
//! The text is gone through once, and nothing is held in memory.

use super::encode::{float, int, made_text, text};
use super::text::{escape, push_char, write_surrogate};

/// How deep lists and dictionaries are nested at most; what is deeper goes as
/// its JSON text.
const DEPTH: usize = 64;

/// The longest whole number that Python 3.11 and later make of digits, and
/// digits of; a longer one goes as text.
const DIGITS: usize = 4300;

/// Appends a value; as its text, if it is none.
pub(super) fn value(json: &str, out: &mut Vec<u8>) {
    let start = out.len();
    let rest = read(json.as_bytes(), 0, out);
    if rest.is_none_or(|rest| !rest.trim_ascii_start().is_empty()) {
        out.truncate(start);
        text(json, out);
    }
}

/// Reads the value at the start, and gives what is behind it.
fn read<'j>(json: &'j [u8], depth: usize, out: &mut Vec<u8>) -> Option<&'j [u8]> {
    let json = json.trim_ascii_start();
    let (first, rest) = json.split_first()?;
    match first {
        b'[' | b'{' if depth == DEPTH => None,
        b'[' => {
            out.push(b']');
            list(rest, b']', b'e', out, |item, out| {
                read(item, depth + 1, out)
            })
        }
        b'{' => {
            out.push(b'}');
            list(rest, b'}', b'u', out, |member, out| {
                let rest = string(member.trim_ascii_start().strip_prefix(b"\"")?, out)?;
                let rest = rest.trim_ascii_start().strip_prefix(b":")?;
                read(rest, depth + 1, out)
            })
        }
        b'"' => string(rest, out),
        _ => {
            let ends = |b: &u8| matches!(b, b',' | b']' | b'}') || b.is_ascii_whitespace();
            let end = json.iter().position(ends).unwrap_or(json.len());
            let (word, rest) = json.split_at(end);
            number_or_word(std::str::from_utf8(word).ok()?, out)?;
            Some(rest)
        }
    }
}

/// Reads what stands between commas up to the end of a list, and fills it.
fn list<'j>(
    json: &'j [u8],
    close: u8,
    fill: u8,
    out: &mut Vec<u8>,
    mut item: impl FnMut(&'j [u8], &mut Vec<u8>) -> Option<&'j [u8]>,
) -> Option<&'j [u8]> {
    if let Some(rest) = json.trim_ascii_start().strip_prefix(&[close]) {
        return Some(rest);
    }
    out.push(b'(');
    let mut rest = json;
    loop {
        let (&next, behind) = item(rest, out)?.trim_ascii_start().split_first()?;
        rest = behind;
        match next {
            b',' => {}
            next if next == close => {
                out.push(fill);
                return Some(rest);
            }
            _ => return None,
        }
    }
}

/// A number, true, false or null.
fn number_or_word(json: &str, out: &mut Vec<u8>) -> Option<()> {
    match json {
        "null" => out.push(b'N'),
        "true" => out.push(0x88),
        "false" => out.push(0x89),
        number if number.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
            if let Ok(number) = number.parse() {
                int(number, out);
            } else if !whole(number) {
                float(number.parse().ok()?, out);
            } else if number.len() > DIGITS {
                text(number, out);
            } else {
                // As text, which Python reads.
                out.push(b'L');
                out.extend_from_slice(number.as_bytes());
                out.extend_from_slice(b"L\n");
            }
        }
        _ => return None,
    }
    Some(())
}

fn whole(number: &str) -> bool {
    let digits = number.strip_prefix('-').unwrap_or(number);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Reads a string behind its first quote. Half of a surrogate pair becomes
/// what can be read, as bytes do that are no text.
fn string<'j>(json: &'j [u8], out: &mut Vec<u8>) -> Option<&'j [u8]> {
    let first = memchr::memchr2(b'"', b'\\', json)?;
    if json[first] == b'"' {
        text(std::str::from_utf8(&json[..first]).ok()?, out);
        return Some(&json[first + 1..]);
    }
    let mut rest = json;
    let mut whole = false;
    made_text(out, |out| {
        while let Some(at) = memchr::memchr2(b'"', b'\\', rest) {
            out.extend_from_slice(&rest[..at]);
            let escaped = &rest[at..];
            rest = &rest[at + 1..];
            if escaped[0] == b'"' {
                whole = true;
                return;
            }
            if let Some((code, behind)) = escape(escaped) {
                rest = behind;
                match u16::try_from(code) {
                    Ok(half @ 0xd800..=0xdfff) => {
                        let other = escape(rest);
                        let low = other.and_then(|(code, _)| u16::try_from(code).ok());
                        if write_surrogate(half, low, out) {
                            rest = other.map_or(rest, |(_, behind)| behind);
                        }
                    }
                    _ => push_char(code, out),
                }
                continue;
            }
            let Some((letter, behind)) = rest.split_first() else {
                return;
            };
            out.push(match letter {
                b'n' => b'\n',
                b't' => b'\t',
                b'r' => b'\r',
                b'b' => 8,
                b'f' => 12,
                b'"' | b'\\' | b'/' => *letter,
                _ => return,
            });
            rest = behind;
        }
    });
    whole.then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pickled(json: &str) -> Vec<u8> {
        let mut out = Vec::new();
        value(json, &mut out);
        out
    }

    #[test]
    fn values() {
        let long = "1".repeat(DIGITS);
        let cases: [(&str, &[u8]); 18] = [
            ("null", b"N"),
            ("true", b"\x88"),
            ("0", b"K\0"),
            ("-0", b"K\0"),
            ("300", b"M\x2c\x01"),
            ("-7", b"J\xf9\xff\xff\xff"),
            ("5000000000", b"\x8a\x08\0\xf2\x05\x2a\x01\0\0\0"),
            ("123456789012345678901", b"L123456789012345678901L\n"),
            ("0.5", b"G\x3f\xe0\0\0\0\0\0\0"),
            ("1e999", b"G\x7f\xf0\0\0\0\0\0\0"),
            ("[]", b"]"),
            (" { } ", b"}"),
            (r#"[1, "a",[null]]"#, b"](K\x01X\x01\0\0\0a](Nee"),
            (
                r#"{"a" : {"b":1} }"#,
                b"}(X\x01\0\0\0a}(X\x01\0\0\0bK\x01uu",
            ),
            (r#"["\n\u00e9\"\/"]"#, b"](X\x05\0\0\0\n\xc3\xa9\"/e"),
            (r#"["\ud83d\ude00"]"#, b"](X\x04\0\0\0\xf0\x9f\x98\x80e"),
            (r#"["\ud83dx"]"#, b"](X\x07\0\0\0\\ud83dxe"),
            (&long, &[b"L", long.as_bytes(), b"L\n"].concat()),
        ];
        for (json, want) in cases {
            assert_eq!(pickled(json), want, "{json}");
        }
    }

    #[test]
    fn what_is_no_value_goes_as_text() {
        let deep = format!("{}{}", "[".repeat(DEPTH + 1), "]".repeat(DEPTH + 1));
        let long = "1".repeat(DIGITS + 1);
        let all = [
            "", "[", "[1", "[1,", "[1,]", "[1 2]", "{", "{1:2}", "{\"a\"}", "{\"a\":1", "\"",
            "\"\\", "\"\\x\"", "nul", "-", "1-", "[1]]", "1 2", &deep, &long,
        ];
        for json in all {
            let mut want = Vec::new();
            text(json, &mut want);
            assert_eq!(pickled(json), want, "{json}");
        }
        assert_eq!(pickled(&deep[1..deep.len() - 1])[0], b']');
    }
}
