//! JSON: one object, one record.
//!
//! The object is gone through once. Its values stay the JSON text that they
//! are, so a number keeps its digits and a nested object its order; strings
//! are taken out of their quotes, without a copy if they have no escapes.

mod flat;

use std::borrow::Cow;
use std::fmt;
use std::io::Write as _;

use serde::de::{self, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::fields;
use crate::record::{Defaults, Record, Value};
use crate::text::bytes::first_control_or;
use crate::text::time::{TimeText, Timestamp};

/// Why bytes are no record: they go on as a plain message.
#[derive(Debug, thiserror::Error)]
pub enum NotARecord {
    /// There is no `{` at the start.
    #[error("not an object")]
    NotAnObject,
    /// It begins as an object, and does not end as one.
    #[error("not valid JSON: {0}")]
    Malformed(#[from] serde_json::Error),
    /// It has the form, and none of the attributes that make a record.
    #[error("nothing of a record in it")]
    NoAttributes,
}

/// Fills `record` from an object.
///
/// Attributes are found by the names of section 3 of the design; what else
/// there is becomes extra attributes, in order. After an error the record is
/// empty or in parts filled, to be reset by the caller.
///
/// # Errors
///
/// If the frame is not one JSON object in UTF-8.
pub fn decode<'a>(
    frame: &'a [u8],
    defaults: &'a Defaults,
    received: Timestamp,
    record: &mut Record<'a>,
) -> Result<(), NotARecord> {
    let object = object_of(frame).ok_or(NotARecord::NotAnObject)?;
    record.reset(defaults, received);
    let base = record.extra.len();
    read_object(object, &mut record.extra)?;
    fields::claim(record, base, defaults);
    Ok(())
}

/// A frame that begins as an object does, without the byte order mark before
/// it. Plain lines, in `auto`, end here: no error is built for them.
pub(super) fn object_of(frame: &[u8]) -> Option<&[u8]> {
    let frame = frame.strip_prefix(b"\xef\xbb\xbf").unwrap_or(frame);
    (frame.trim_ascii_start().first() == Some(&b'{')).then_some(frame)
}

/// Appends the attributes of an object, in their order, to a vector.
pub(super) fn read_object<'a>(
    object: &'a [u8],
    extra: &mut Vec<(Cow<'a, str>, Value<'a>)>,
) -> Result<(), serde_json::Error> {
    // Looked at as a whole, it need not be looked at string by string, which is
    // a tenth of the time.
    let object = std::str::from_utf8(object).map_err(de::Error::custom)?;
    let base = extra.len();
    if flat::read(object, extra).is_some() {
        return Ok(());
    }
    extra.truncate(base);
    read_general(object, extra)
}

/// Appends the attributes of an object, whatever it looks like.
fn read_general<'a>(
    object: &'a str,
    extra: &mut Vec<(Cow<'a, str>, Value<'a>)>,
) -> Result<(), serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(object);
    reader.deserialize_map(Attributes(extra))?;
    reader.end()
}

/// Appends the attributes of an object to a vector.
struct Attributes<'r, 'a>(&'r mut Vec<(Cow<'a, str>, Value<'a>)>);

impl<'a> Visitor<'a> for Attributes<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some((key, raw)) = map.next_entry::<&'a RawValue, &'a RawValue>()? {
            self.0.push((string_of(key.get()), value_of(raw.get())));
        }
        Ok(())
    }
}

/// The value of valid JSON text.
fn value_of(raw: &str) -> Value<'_> {
    match raw.starts_with('"') {
        true => Value::Text(string_of(raw)),
        false => Value::Json(on_one_line(raw)),
    }
}

/// What a valid string in its quotes says; keys are read here as well, as a
/// parser refuses half of a surrogate pair in them.
fn string_of(raw: &str) -> Cow<'_, str> {
    let inner = raw.strip_prefix('"').unwrap_or(raw);
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    match memchr::memchr(b'\\', inner.as_bytes()) {
        None => Cow::Borrowed(inner),
        Some(first) => Cow::Owned(unescape(inner, first)),
    }
}

/// JSON has line breaks only between its tokens, where a space does as well.
fn on_one_line(json: &str) -> Cow<'_, str> {
    match memchr::memchr2(b'\n', b'\r', json.as_bytes()) {
        None => Cow::Borrowed(json),
        Some(_) => Cow::Owned(json.replace(['\n', '\r'], " ")),
    }
}

/// Takes the escapes out of a string, the first of which stands at `first`.
/// A surrogate that lacks its other half becomes U+FFFD, where a parser would
/// give up the whole object.
fn unescape(text: &str, first: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut next) = (text, Some(first));
    while let Some(at) = next {
        out.push_str(&rest[..at]);
        let letter = rest.as_bytes().get(at + 1).copied();
        // An escape is of ASCII, so what is behind it is a character's start.
        rest = rest.get(at + 2..).unwrap_or_default();
        match letter {
            Some(b'n') => out.push('\n'),
            Some(b't') => out.push('\t'),
            Some(b'r') => out.push('\r'),
            Some(b'b') => out.push('\u{8}'),
            Some(b'f') => out.push('\u{c}'),
            Some(b'u') => {
                let high = unit(rest);
                rest = rest.get(4..).unwrap_or_default();
                let low = match high {
                    Some(0xd800..0xdc00) => rest.strip_prefix("\\u").and_then(unit),
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
                out.push(ch);
            }
            Some(other) => out.push(char::from(other)),
            None => {}
        }
        next = memchr::memchr(b'\\', rest.as_bytes());
    }
    out.push_str(rest);
    out
}

/// The UTF-16 unit of the four digits at the start.
fn unit(text: &str) -> Option<u16> {
    u16::from_str_radix(text.get(..4)?, 16).ok()
}

/// Finds a member of an object, or of an object in it: `a.b.c` is the member
/// of that name, or else `b.c` in `a`, or else `c` in `a.b`.
///
/// `None` too if `object` is the text of no object.
pub fn member<'j>(object: &'j str, path: &str) -> Option<Value<'j>> {
    if let Some(raw) = raw_member(object, path) {
        return Some(value_of(raw));
    }
    let mut dots = path.match_indices('.');
    dots.find_map(|(dot, _)| member(raw_member(object, &path[..dot])?, &path[dot + 1..]))
}

fn raw_member<'j>(object: &'j str, key: &str) -> Option<&'j str> {
    struct Find<'k>(&'k str);
    impl<'j> Visitor<'j> for Find<'_> {
        type Value = Option<&'j RawValue>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'j>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = None;
            while let Some(key) = map.next_key::<&RawValue>()? {
                if string_of(key.get()) == self.0 {
                    found = Some(map.next_value()?);
                } else {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            Ok(found)
        }
    }
    if !object.starts_with('{') {
        return None;
    }
    let mut reader = serde_json::Deserializer::from_str(object);
    reader.deserialize_map(Find(key)).ok()?.map(RawValue::get)
}

/// Joins an array of strings to lines; `None` if it is anything else.
pub(super) fn join_lines(array: &str) -> Option<String> {
    let items: Vec<&RawValue> = serde_json::from_str(array).ok()?;
    let mut lines = String::with_capacity(array.len());
    for item in items {
        let Value::Text(line) = value_of(item.get()) else {
            return None;
        };
        // Python's format_exception ends each of its lines.
        if !lines.is_empty() && !lines.ends_with('\n') {
            lines.push('\n');
        }
        lines.push_str(&line);
    }
    (!lines.is_empty()).then_some(lines)
}

/// Appends the record as one object on one line; `time` writes RFC 3339.
///
/// An extra attribute whose name the record needs itself, or would be read as
/// its time, gets an underscore behind it: nothing stands twice, and
/// [`decode`] gives the same record again.
pub fn encode(record: &Record<'_>, time: &mut TimeText, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"timestamp\":\"");
    time.write(record.created, out);
    out.extend_from_slice(b"\",\"levelname\":");
    let mut with_number = false;
    match (&record.level_name, record.level.name()) {
        (Some(name), _) => {
            write_string(name.as_bytes(), out);
            with_number = fields::word_level(name) != Some(record.level);
        }
        (None, Some(name)) => {
            out.push(b'"');
            out.extend_from_slice(name.as_bytes());
            out.push(b'"');
        }
        // Writing to a vector cannot fail.
        (None, None) => drop(write!(out, "\"{}\"", record.level)),
    }
    if with_number {
        let _ = write!(out, ",\"levelno\":{}", record.level.0);
    }
    out.extend_from_slice(b",\"name\":");
    write_string(record.name.as_bytes(), out);
    out.extend_from_slice(b",\"message\":");
    write_string(&record.message, out);
    let exc_text = record.exc_text.as_deref().filter(|text| !text.is_empty());
    if let Some(text) = exc_text {
        out.extend_from_slice(b",\"exc_text\":");
        write_string(text.as_bytes(), out);
    }
    let taken = |key: &str, value: &Value<'_>| match key {
        "timestamp" | "levelname" | "levelno" | "name" | "message" => true,
        "exc_text" => exc_text.is_some(),
        _ => fields::outranks_timestamp(key, value),
    };
    fields::each_extra(record, taken, |key, underscores, value| {
        out.push(b',');
        write_string(key.as_bytes(), out);
        if underscores > 0 {
            out.pop();
            out.resize(out.len() + underscores, b'_');
            out.push(b'"');
        }
        out.push(b':');
        match value {
            Value::Text(text) => write_string(text.as_bytes(), out),
            Value::Json(json) => out.extend_from_slice(on_one_line(json).as_bytes()),
        }
    });
    out.push(b'}');
}

/// Which bytes may need an escape, beside controls: the first byte of the controls
/// above U+0080 among them.
const SPECIAL: [u8; 4] = [b'"', b'\\', 0x7f, 0xc2];

/// Whether a text is one value of JSON.
pub fn is_value(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Whether a text is a number (RFC 8259, section 6).
pub(crate) fn is_number(text: &[u8]) -> bool {
    let begins = text
        .first()
        .is_some_and(|b| b.is_ascii_digit() || *b == b'-');
    begins && serde_json::from_slice::<serde_json::Number>(text).is_ok()
}

/// Appends a string in quotes. What is not UTF-8 becomes U+FFFD, and no
/// control character is left that a terminal would obey.
pub(crate) fn write_string(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    write_text(text, out);
    out.push(b'"');
}

/// The same without the quotes, for a string of several parts.
pub(super) fn write_text(text: &[u8], out: &mut Vec<u8>) {
    // It takes them character by character, which is slow for what has but one.
    if let Ok(text) = std::str::from_utf8(text) {
        return write_escaped(text.as_bytes(), out);
    }
    for chunk in text.utf8_chunks() {
        write_escaped(chunk.valid().as_bytes(), out);
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
}

fn write_escaped(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = first_control_or(rest, SPECIAL) {
        out.extend_from_slice(&rest[..at]);
        let byte = rest[at];
        let mut len = 1;
        // Writing to a vector cannot fail.
        let _ = match (byte, rest.get(at + 1)) {
            (b'"' | b'\\', _) => out.write_all(&[b'\\', byte]),
            (b'\n', _) => out.write_all(b"\\n"),
            (b'\r', _) => out.write_all(b"\\r"),
            (b'\t', _) => out.write_all(b"\\t"),
            (0xc2, Some(&control @ 0x80..0xa0)) => {
                len = 2;
                write!(out, "\\u{control:04x}")
            }
            (0xc2, _) => out.write_all(&[byte]),
            _ => write!(out, "\\u{byte:04x}"),
        };
        rest = &rest[at + len..];
    }
    out.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::level::Level;
    use crate::text::time::TimeStyle;

    fn decoded<'a>(frame: &'a [u8], defaults: &'a Defaults) -> Option<Record<'a>> {
        let mut record = Record::new(defaults, Timestamp(7));
        decode(frame, defaults, Timestamp(7), &mut record).ok()?;
        Some(record)
    }

    fn encoded(record: &Record<'_>) -> String {
        let mut time = TimeText::new(TimeStyle::Rfc3339Micros, true);
        let mut out = Vec::new();
        encode(record, &mut time, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn extra_attributes_keep_order_and_type() {
        let defaults = Defaults::default();
        let object = br#"{"z":1.50,"a":"t\u00e9\n","msg":"m","n":null,"o":{"k": [1]},"b":true,"\u0061b":1e999}"#;
        let record = decoded(object, &defaults).unwrap();
        let extra = [
            ("z", Value::Json("1.50".into())),
            ("a", Value::Text("t\u{e9}\n".into())),
            ("n", Value::Json("null".into())),
            ("o", Value::Json(r#"{"k": [1]}"#.into())),
            ("b", Value::Json("true".into())),
            ("ab", Value::Json("1e999".into())),
        ];
        assert_eq!(record.extra, extra.map(|(key, value)| (key.into(), value)));
        assert!(matches!(record.message, Cow::Borrowed(_)));
        assert!(matches!(record.extra[0].0, Cow::Borrowed(_)));
    }

    #[test]
    fn what_surrounds_an_object() {
        let defaults = Defaults::default();
        let fine: [&[u8]; 5] = [
            b"{\"msg\":\"m\"}\r",
            b"\xef\xbb\xbf{\"msg\":\"m\"}",
            b" \t{\"msg\":\"m\"} \n ",
            b"{\r\n\"msg\"\n:\n\"m\"\n}",
            b"{\"msg\":\"m\",\"msg\":\"m\"}",
        ];
        for frame in fine {
            let record = decoded(frame, &defaults);
            assert_eq!(&*record.unwrap().message, b"m", "{frame:?}");
        }
        let broken: [&[u8]; 16] = [
            b"",
            b" ",
            b"hello",
            b"[1]",
            b"42",
            b"\"text\"",
            b"null",
            b"{",
            b"{}}",
            b"{} {}",
            b"{\"a\":1,}",
            b"{\"a\" 1}",
            b"{'a':1}",
            b"{\"a\":01}",
            b"{\"a\":\"\n\"}",
            b"{\"a\":\"\xff\"}",
        ];
        for frame in broken {
            assert!(decoded(frame, &defaults).is_none(), "{frame:?}");
        }
    }

    #[test]
    fn hostile_objects() {
        let defaults = Defaults::default();
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(200_000), "]".repeat(200_000));
        assert!(decoded(deep.as_bytes(), &defaults).is_some());
        let deep = format!("{{\"log\":{}", "{\"level\":".repeat(100_000));
        assert!(decoded(deep.as_bytes(), &defaults).is_none());
        let deep = format!(
            "{{\"stack\":{}{}}}",
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        assert!(decoded(deep.as_bytes(), &defaults).is_some());
        let deep = format!("{}1{}", "{\"log\":".repeat(100_000), "}".repeat(100_000));
        assert!(decoded(deep.as_bytes(), &defaults).is_some());

        // Linear, in both directions: quadratic would take minutes.
        let keys: String = (0..100_000)
            .map(|n| format!("\"k{n}\":{n},\"message\":1,"))
            .collect();
        let wide = format!("{{{keys}\"level\":\"warn\"}}");
        let record = decoded(wide.as_bytes(), &defaults).unwrap();
        assert_eq!(record.extra.len(), 100_000);
        assert_eq!(record.level, Level::WARNING);
        assert_eq!(encoded(&record).matches(":").count(), 100_000 + 4 + 3);
    }

    #[test]
    fn strings() {
        let cases = [
            (r"plain", "plain"),
            (r#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{c}\n\r\t"),
            (r"\u00e9\ud83d\ude00x", "\u{e9}\u{1f600}x"),
            (r"\ud83d", "\u{fffd}"),
            (r"\ud83dx\ude00", "\u{fffd}x\u{fffd}"),
            (r"\ud83d\u0041", "\u{fffd}A"),
            (r"\ud83d\ud83d\ude00", "\u{fffd}\u{1f600}"),
            (r"\u0000", "\0"),
        ];
        let defaults = Defaults::default();
        for (inside, text) in cases {
            let object = format!("{{\"message\":\"{inside}\",\"{inside}\":1}}");
            let record = decoded(object.as_bytes(), &defaults).unwrap();
            assert_eq!(String::from_utf8_lossy(&record.message), text, "{inside}");
            assert_eq!(record.extra[0].0, text, "{inside}");
            let found = member(&object, text);
            assert_eq!(found, Some(Value::Json("1".into())), "{inside}");
        }
    }

    #[test]
    fn members() {
        let object = r#"{"a":{"b":{"c":1},"b.c":2},"a.b":{"d":"x\n"},"s":"t","a":{"b":{"c":3}}}"#;
        let cases = [
            ("a.b.c", Some(Value::Json("3".into()))),
            ("a.b.d", Some(Value::Text("x\n".into()))),
            ("s", Some(Value::Text("t".into()))),
            ("s.t", None),
            ("a.x", None),
            ("", None),
            (".", None),
            ("a.", None),
        ];
        for (path, want) in cases {
            assert_eq!(member(object, path), want, "{path}");
        }
        for other in ["", "1", "[1]", "{", "{\"a\":"] {
            assert_eq!(member(other, "a"), None);
        }
    }

    #[test]
    fn one_object_on_one_line() {
        let defaults = Defaults::default();
        let mut record = Record::new(&defaults, Timestamp(1_057_682_985_896_123_000));
        record.message = Cow::Borrowed(b"a\"\\\n\x1b\x7f\xff\xc2\x9b\xc3\xa9\xc2\xa9");
        record.exc_text = Some("T".into());
        let extra = [
            ("n", Value::Json("1.50".into())),
            ("o", Value::Json("{\n \"a\":\r1}".into())),
            ("x", Value::Text("first".into())),
            ("name", Value::Text("theirs".into())),
            ("name_", Value::Text("too".into())),
            ("time", Value::Json("1704153600".into())),
            ("ts", Value::Json("0.5".into())),
            ("x", Value::Text("last".into())),
        ];
        record.extra = extra.map(|(key, value)| (key.into(), value)).to_vec();
        assert_eq!(
            encoded(&record),
            concat!(
                r#"{"timestamp":"2003-07-08T16:49:45.896123+00:00","levelname":"INFO","#,
                r#""name":"root","message":"a\"\\\n\u001b\u007f"#,
                "\u{fffd}",
                r#"\u009b"#,
                "\u{e9}\u{a9}",
                r#"","exc_text":"T","n":1.50,"o":{  "a": 1},"name__":"theirs","#,
                r#""name_":"too","time_":1704153600,"ts":0.5,"x":"last"}"#
            )
        );
    }

    /// Names that mean something, and others.
    fn keys() -> impl Strategy<Value = String> {
        prop_oneof![
            prop::sample::select(vec![
                "message",
                "msg",
                "log",
                "levelname",
                "levelno",
                "level",
                "log.level",
                "PRIORITY",
                "created",
                "time",
                "timestamp",
                "asctime",
                "name",
                "logger",
                "error",
                "v",
                "pid",
                "args",
                "name_",
                "time_",
            ])
            .prop_map(str::to_owned),
            "(?s).{0,5}",
        ]
    }

    fn values() -> impl Strategy<Value = Value<'static>> {
        prop_oneof![
            "(?s).{0,12}".prop_map(|text| Value::Text(text.into())),
            prop::sample::select(vec![
                "1",
                "-2.50",
                "1e999",
                "true",
                "null",
                "{}",
                "[1, \"a\"]",
                "1704153600",
                "{\"level\":\"error\",\"stack\":\"s\"}",
            ])
            .prop_map(|json| Value::Json(json.into())),
        ]
    }

    proptest! {
        /// What was decoded from an object, encoded, is decoded to the same,
        /// but for names that an underscore keeps apart.
        #[test]
        fn encoded_is_decoded(
            message in "(?s).*",
            name in "(?s).{0,8}",
            level in prop::sample::select(vec![5, 10, 20, 25, 30, 35, 40, 50, 60, 70]),
            level_name in prop::option::of("[A-Z]{1,7}|(?s).{1,4}"),
            micros in 0_i64..4_000_000_000_000_000,
            exc in "(?s).{1,20}",
            extra in prop::collection::vec((keys(), values()), 0..8),
        ) {
            let defaults = Defaults::default();
            let mut record = Record::new(&defaults, Timestamp(micros * 1000));
            record.message = message.as_bytes().into();
            record.name = (&name).into();
            record.level = Level(level);
            record.level_name = level_name
                .filter(|name| !name.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
                .filter(|name| Level::from_name(name.as_bytes()).is_none())
                .map(Cow::Owned);
            record.exc_text = Some(exc.into());
            for (key, value) in extra {
                record.extra.push((key.into(), value));
            }
            let line = encoded(&record);
            prop_assert!(!line.contains(|ch: char| ch.is_control()));
            let again = decoded(line.as_bytes(), &defaults).unwrap();
            prop_assert_eq!(&again.message, &record.message);
            prop_assert_eq!(&again.name, &record.name);
            prop_assert_eq!(again.level, record.level);
            prop_assert_eq!(&again.level_name, &record.level_name);
            prop_assert_eq!(again.created, record.created);
            prop_assert_eq!(&again.exc_text, &record.exc_text);
            for (key, value) in &again.extra {
                prop_assert_eq!(again.extra.iter().filter(|(other, _)| other == key).count(), 1);
                let own = key.trim_end_matches('_');
                let was = record.get(key).or(record.get(own));
                prop_assert_eq!(Some(value), was, "{}", key);
            }
            // The second time nothing is to be renamed.
            let line = encoded(&again);
            prop_assert_eq!(decoded(line.as_bytes(), &defaults).unwrap(), again);
        }

        #[test]
        fn valid_for_other_readers(key in "(?s).{0,8}", text in "(?s).{0,20}") {
            let defaults = Defaults::default();
            let mut record = Record::new(&defaults, Timestamp(0));
            record.message = text.as_bytes().into();
            record.extra.push((key.clone().into(), Value::Text((&text).into())));
            let line = encoded(&record);
            let value: serde_json::Value = serde_json::from_str(&line).unwrap();
            prop_assert_eq!(value["message"].as_str(), Some(&*text));
            prop_assert_eq!(value.as_object().unwrap().len(), 5);
        }

        #[test]
        fn any_bytes(frame in prop::collection::vec(any::<u8>(), 0..80)) {
            let defaults = Defaults::default();
            let mut object = b"{\"m\":".to_vec();
            object.extend_from_slice(&frame);
            decoded(&frame, &defaults);
            decoded(&object, &defaults);
        }

        #[test]
        fn any_object(pairs in prop::collection::vec((keys(), values()), 0..12)) {
            let text = |text: &str| serde_json::to_string(text).unwrap();
            let pairs: Vec<_> = pairs
                .iter()
                .map(|(key, value)| match value {
                    Value::Text(value) => format!("{}:{}", text(key), text(value)),
                    Value::Json(value) => format!("{}:{value}", text(key)),
                })
                .collect();
            let object = format!("{{{}}}", pairs.join(","));
            let defaults = Defaults::default();
            prop_assert!(decoded(object.as_bytes(), &defaults).is_some());
        }
    }
}
