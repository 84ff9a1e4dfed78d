//! logfmt: `key=value` pairs on one line.
//!
//! There is no standard. What is written here is read by every reader that is
//! known (go-logfmt, Loki, Vector): quotes around what would end a value, the
//! escapes of JSON in them, and no key that could be taken for more than one.

use std::borrow::Cow;
use std::io::Write as _;

use super::fields;
use super::json::NotARecord;
use crate::record::{Defaults, Record, Value};
use crate::text::bytes::first_control_or;
use crate::text::time::{TimeText, Timestamp};

/// Appends the record as pairs on one line; `time` writes RFC 3339.
///
/// An extra attribute whose name the record needs itself gets an underscore
/// behind it.
pub fn encode(record: &Record<'_>, time: &mut TimeText, out: &mut Vec<u8>) {
    out.extend_from_slice(b"timestamp=");
    time.write(record.created, out);
    out.extend_from_slice(b" level=");
    let mut with_number = false;
    match (&record.level_name, record.level.name()) {
        (Some(name), _) => {
            write_value(name.as_bytes(), out);
            with_number = fields::word_level(name) != Some(record.level);
        }
        (None, Some(name)) => {
            let start = out.len();
            out.extend_from_slice(name.as_bytes());
            out[start..].make_ascii_lowercase();
        }
        // Writing to a vector cannot fail.
        (None, None) => drop(write!(out, "{}", record.level.0)),
    }
    if with_number {
        let _ = write!(out, " levelno={}", record.level.0);
    }
    out.extend_from_slice(b" logger=");
    write_value(record.name.as_bytes(), out);
    out.extend_from_slice(b" msg=");
    write_value(&record.message, out);
    let exc_text = record.exc_text.as_deref().filter(|text| !text.is_empty());
    if let Some(text) = exc_text {
        out.extend_from_slice(b" exc_text=");
        write_value(text.as_bytes(), out);
    }
    let taken = |key: &str, value: &Value<'_>| match key {
        // What a reader would prefer to ours, too.
        "timestamp" | "level" | "levelname" | "levelno" | "logger" | "name" | "msg" | "message" => {
            true
        }
        "exc_text" => exc_text.is_some(),
        _ => fields::outranks_timestamp(key, value),
    };
    fields::each_extra(record, taken, |key, underscores, value| {
        out.push(b' ');
        write_key(key, out);
        out.resize(out.len() + underscores, b'_');
        out.push(b'=');
        match value {
            Value::Text(text) => write_value(text.as_bytes(), out),
            Value::Json(json) => write_value(json.as_bytes(), out),
        }
    });
}

/// A key can not end itself and begin another pair.
fn write_key(key: &str, out: &mut Vec<u8>) {
    if key.is_empty() {
        out.push(b'_');
    }
    if key.bytes().all(is_bare) {
        return out.extend_from_slice(key.as_bytes());
    }
    for ch in key.chars() {
        let cleaned = match ch {
            '=' | '"' => '_',
            ch if ch.is_whitespace() || ch.is_control() => '_',
            ch => ch,
        };
        out.extend_from_slice(cleaned.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

/// Whether a value must be quoted: it is empty, or holds what ends one.
fn needs_quotes(text: &[u8]) -> bool {
    if text.iter().copied().all(is_bare) {
        return text.is_empty();
    }
    let ends = |ch: char| matches!(ch, '=' | '"' | '\\') || ch.is_whitespace() || ch.is_control();
    match std::str::from_utf8(text) {
        Ok(text) => text.contains(ends),
        Err(_) => true,
    }
}

/// Whether a byte needs no look at the character that it is of.
fn is_bare(byte: u8) -> bool {
    (b'!'..0x7f).contains(&byte) && !matches!(byte, b'=' | b'"' | b'\\')
}

fn write_value(text: &[u8], out: &mut Vec<u8>) {
    if !needs_quotes(text) {
        out.extend_from_slice(text);
        return;
    }
    out.push(b'"');
    if text.is_ascii() && first_control_or(text, [b'"', b'\\', 0x7f]).is_none() {
        out.extend_from_slice(text);
        return out.push(b'"');
    }
    for chunk in text.utf8_chunks() {
        let mut rest = chunk.valid();
        let special = |ch: char| matches!(ch, '"' | '\\') || ch.is_control();
        while let Some(at) = rest.find(special) {
            out.extend_from_slice(&rest.as_bytes()[..at]);
            let Some(ch) = rest[at..].chars().next() else {
                break;
            };
            // Writing to a vector cannot fail.
            let _ = match ch {
                '"' => write!(out, "\\\""),
                '\\' => write!(out, "\\\\"),
                '\n' => write!(out, "\\n"),
                '\t' => write!(out, "\\t"),
                ch => write!(out, "\\u{:04x}", u32::from(ch)),
            };
            rest = &rest[at + ch.len_utf8()..];
        }
        out.extend_from_slice(rest.as_bytes());
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
    out.push(b'"');
}

/// Fills `record` from a line of pairs.
///
/// The names are those of JSON objects. A bare number, `true`, `false` or
/// `null` keeps that type. After an error the record is empty or in parts
/// filled, to be reset by the caller.
///
/// # Errors
///
/// If anything in the line is not a pair, or no pair is a message, a level or
/// a time: so that prose in which an `a=b` stands is not taken apart.
pub fn decode<'a>(
    frame: &'a [u8],
    defaults: &'a Defaults,
    received: Timestamp,
    record: &mut Record<'a>,
) -> Result<(), NotARecord> {
    // The cheapest sign that a line is none, before it is looked at as a whole.
    let frame = frame.trim_ascii();
    let first = memchr::memchr2(b'=', b' ', frame);
    if first.is_none_or(|at| frame[at] != b'=') {
        return Err(NotARecord::NotAnObject);
    }
    let text = std::str::from_utf8(frame).map_err(|_| NotARecord::NotAnObject)?;
    record.reset(defaults, received);
    let base = record.extra.len();
    let mut rest = text;
    while !rest.is_empty() {
        let (key, value, behind) = pair(rest).ok_or(NotARecord::NotAnObject)?;
        record.extra.push((Cow::Borrowed(key), value));
        rest = behind;
    }
    let pairs = record.extra.len();
    fields::claim(record, base, defaults);
    if record.extra.len() == pairs {
        return Err(NotARecord::NoAttributes);
    }
    Ok(())
}

/// The first pair, and what is behind it and the space after it.
fn pair(text: &str) -> Option<(&str, Value<'_>, &str)> {
    let (key, rest) = text.split_once('=')?;
    if key.is_empty() || key.contains(|ch: char| ch == '"' || ch.is_whitespace()) {
        return None;
    }
    let (value, rest) = match rest.strip_prefix('"') {
        Some(quoted) => {
            let (text, rest) = unquote(quoted)?;
            (Value::Text(text), rest)
        }
        None => {
            let end = rest.find(|ch: char| ch == '"' || ch == '=' || ch.is_whitespace());
            let (value, rest) = rest.split_at(end.unwrap_or(rest.len()));
            let value = Cow::Borrowed(value);
            // A name's value is read by whoever takes it: `logger=1` is a name.
            let value = match !fields::is_name(key) && is_json_scalar(&value) {
                true => Value::Json(value),
                false => Value::Text(value),
            };
            (value, rest)
        }
    };
    let behind = rest.trim_ascii_start();
    // A pair ends at a space or at the end of the line.
    (rest.is_empty() || behind.len() < rest.len()).then_some((key, value, behind))
}

/// Numbers in the grammar of JSON, which has no leading zeros: `007` is a text.
fn is_json_scalar(text: &str) -> bool {
    match text.as_bytes() {
        b"true" | b"false" | b"null" => true,
        [b'-' | b'0'..=b'9', ..] => {
            serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok()
        }
        _ => false,
    }
}

/// The string up to its closing quote, and what is behind it.
fn unquote(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let end = memchr::memchr2(b'"', b'\\', text.as_bytes())?;
    if text.as_bytes()[end] == b'"' {
        return Some((Cow::Borrowed(&text[..end]), &text[end + 1..]));
    }
    let (mut out, mut rest) = (String::new(), text);
    loop {
        let at = memchr::memchr2(b'"', b'\\', rest.as_bytes())?;
        out.push_str(&rest[..at]);
        if rest.as_bytes()[at] == b'"' {
            return Some((Cow::Owned(out), &rest[at + 1..]));
        }
        let letter = rest[at + 1..].chars().next()?;
        rest = &rest[at + 1 + letter.len_utf8()..];
        out.push(match letter {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            '"' | '\\' | '/' => letter,
            'u' => {
                let digits = rest.get(..4)?;
                rest = &rest[4..];
                let unit = u32::from_str_radix(digits, 16).ok()?;
                char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => return None,
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::level::Level;
    use crate::text::time::TimeStyle;

    fn encoded(record: &Record<'_>) -> String {
        let mut time = TimeText::new(TimeStyle::Rfc3339Micros, true);
        let mut out = Vec::new();
        encode(record, &mut time, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn pairs(line: &str) -> Vec<(String, Value<'_>)> {
        let mut all = Vec::new();
        let mut rest = line;
        while let Some((key, value, behind)) = pair(rest) {
            all.push((key.to_owned(), value));
            rest = behind;
        }
        assert_eq!(rest, "");
        all
    }

    #[test]
    fn one_line_of_pairs() {
        let defaults = Defaults::default();
        let mut record = Record::new(&defaults, Timestamp(1_057_682_985_896_123_000));
        record.message = Cow::Borrowed(b"two words\n\x1b\xff\"\\");
        record.exc_text = Some("Traceback:\n  x".into());
        let extra = [
            ("user", Value::Text("me".into())),
            ("empty", Value::Text("".into())),
            ("id", Value::Json("42".into())),
            ("http", Value::Json(r#"{"a":1}"#.into())),
            ("a b=\"c\"\n", Value::Text("x=y".into())),
            ("", Value::Text("\u{e9}".into())),
            ("level", Value::Text("mine".into())),
            ("id", Value::Json("43".into())),
        ];
        record.extra = extra.map(|(key, value)| (key.into(), value)).to_vec();
        assert_eq!(
            encoded(&record),
            "timestamp=2003-07-08T16:49:45.896123+00:00 level=info logger=root \
             msg=\"two words\\n\\u001b\u{fffd}\\\"\\\\\" exc_text=\"Traceback:\\n  x\" \
             user=me empty=\"\" http=\"{\\\"a\\\":1}\" a_b__c__=\"x=y\" _=\u{e9} level_=mine id=43"
        );
    }

    #[test]
    fn levels() {
        let defaults = Defaults::default();
        let cases = [
            (Level::CRITICAL, None, "level=critical logger"),
            (Level(35), None, "level=35 logger"),
            (Level(35), Some("LOUD"), "level=LOUD levelno=35 logger"),
            (Level::WARNING, Some("warn"), "level=warn logger"),
        ];
        for (level, name, want) in cases {
            let mut record = Record::new(&defaults, Timestamp(0));
            record.level = level;
            record.level_name = name.map(Cow::Borrowed);
            let line = encoded(&record);
            assert!(line.contains(want), "{line}");
            let mut again = Record::new(&defaults, Timestamp(0));
            decode(line.as_bytes(), &defaults, Timestamp(1), &mut again).unwrap();
            assert_eq!(again.level, level, "{line}");
        }
    }

    #[test]
    fn reads_what_others_write() {
        let defaults = Defaults::default();
        let line = b"time=2024-01-02T03:04:05Z level=warn msg=\"a \\\"b\\\"\" n=1.50 \
                     ok=true zip=007 path=/a/b \xc3\xa9=x empty= logger=app\r\n";
        let mut record = Record::new(&defaults, Timestamp(0));
        decode(line, &defaults, Timestamp(1), &mut record).unwrap();
        assert_eq!(&*record.message, b"a \"b\"");
        assert_eq!(record.level, Level::WARNING);
        assert_eq!(record.name, "app");
        assert_eq!(record.created, Timestamp(1_704_164_645_000_000_000));
        let extra = [
            ("n", Value::Json("1.50".into())),
            ("ok", Value::Json("true".into())),
            ("zip", Value::Text("007".into())),
            ("path", Value::Text("/a/b".into())),
            ("\u{e9}", Value::Text("x".into())),
            ("empty", Value::Text("".into())),
        ];
        assert_eq!(record.extra, extra.map(|(key, value)| (key.into(), value)));
    }

    #[test]
    fn prose_is_not_taken_apart() {
        let lines: [&[u8]; 16] = [
            b"",
            b"hello",
            b"x = 3",
            b"a=b",
            b"rhost=1.2.3.4 user=root",
            b"level=warn and more",
            b"now level=warn",
            b"msg=\"open",
            b"msg=\"x\"y=1",
            b"msg=a\"b",
            b"msg=a=b",
            b"=x msg=y",
            b"msg=\"\\x\"",
            b"msg=\"\\u12\"",
            b"msg=\"\\",
            b"msg=\xff",
        ];
        let defaults = Defaults::default();
        for line in lines {
            let mut record = Record::new(&defaults, Timestamp(0));
            let result = decode(line, &defaults, Timestamp(0), &mut record);
            assert!(result.is_err(), "{}", String::from_utf8_lossy(line));
        }
    }

    proptest! {
        #[test]
        fn encoded_is_decoded(
            message in "\\PC*|[ -~]*|(?s).*",
            name in "[a-z.]{1,8}|[0-9]|(?s).{0,4}",
            level in prop::sample::select(vec![5, 10, 20, 25, 30, 35, 40, 50, 60, 70]),
            micros in 0_i64..4_000_000_000_000_000,
            exc in prop::option::of("[0-9]|(?s).{1,20}"),
            extra in prop::collection::btree_map("x[a-z_.]{0,4}", "(?s).{0,12}", 0..5),
        ) {
            let defaults = Defaults::default();
            let mut record = Record::new(&defaults, Timestamp(micros * 1000));
            record.message = message.as_bytes().into();
            record.name = (&name).into();
            record.level = Level(level);
            record.exc_text = exc.map(Cow::Owned);
            for (key, value) in &extra {
                record.extra.push((key.into(), Value::Text(value.into())));
            }
            let line = encoded(&record);
            prop_assert!(!line.contains(|ch: char| ch.is_control()));
            let mut again = Record::new(&defaults, Timestamp(0));
            decode(line.as_bytes(), &defaults, Timestamp(1), &mut again).unwrap();
            for (_, value) in &mut again.extra {
                // Text that is a number in JSON comes back as one.
                if let Value::Json(json) = value {
                    *value = Value::Text(std::mem::take(json));
                }
            }
            prop_assert_eq!(again, record);
        }

        #[test]
        fn keys_can_not_forge(key in "(?s).{0,12}", value in "(?s).{0,12}") {
            let defaults = Defaults::default();
            let mut record = Record::new(&defaults, Timestamp(0));
            record.extra.push((key.into(), Value::Text(value.into())));
            prop_assert_eq!(pairs(&encoded(&record)).len(), 5);
        }

        #[test]
        fn any_bytes(line in prop::collection::vec(any::<u8>(), 0..60)) {
            let defaults = Defaults::default();
            let mut record = Record::new(&defaults, Timestamp(0));
            let _ = decode(&line, &defaults, Timestamp(0), &mut record);
        }

        #[test]
        fn any_pairs(line in "([a-z]{1,3}=[\"\\\\a-z0-9=]{0,6} ){0,6}") {
            let defaults = Defaults::default();
            let mut record = Record::new(&defaults, Timestamp(0));
            let _ = decode(line.as_bytes(), &defaults, Timestamp(0), &mut record);
        }
    }
}
