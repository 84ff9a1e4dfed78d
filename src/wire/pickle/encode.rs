//! From a record to a pickle that `logging.makeLogRecord` takes.
//!
//! Protocol 2 (PEP 307): every Python from 2.3 on reads it, and for a
//! dictionary of strings and numbers a later one is neither shorter nor faster
//! to read.

use std::borrow::Cow;

use crate::now::Timestamp;
use crate::record::{Record, Value};
use crate::wire::{Encode, Refused, fields};

/// How deep lists and dictionaries are nested at most; what is deeper goes as
/// its JSON text.
const DEPTH: usize = 64;

/// Encodes records as Python's `SocketHandler.makePickle` does: all attributes
/// of a `LogRecord`, with the message as `msg`, its arguments merged into it.
#[derive(Debug)]
pub struct PickleEncoder {
    /// When the program started, for `relativeCreated`.
    start: Timestamp,
    /// The pickled entries of the attributes that a record may bring itself,
    /// for those that it does not, in the order of [`OWN`].
    defaults: Vec<Vec<u8>>,
}

/// What a value has to be, so that whoever formats the record finds what Python
/// has there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Int,
    Any,
}

/// Attributes of a `LogRecord` that come from where the record was made.
const OWN: [(&str, Kind); 12] = [
    ("pathname", Kind::Text),
    ("filename", Kind::Text),
    ("module", Kind::Text),
    ("stack_info", Kind::Any),
    ("lineno", Kind::Int),
    ("funcName", Kind::Any),
    ("thread", Kind::Int),
    ("threadName", Kind::Any),
    ("processName", Kind::Any),
    ("process", Kind::Int),
    ("taskName", Kind::Any),
    ("exc_info", Kind::Any),
];

/// Attributes that every pickle has from the record itself.
const FIXED: [&str; 9] = [
    "name",
    "msg",
    "args",
    "levelname",
    "levelno",
    "exc_text",
    "created",
    "msecs",
    "relativeCreated",
];

impl PickleEncoder {
    /// An encoder for records of a program that started then.
    pub fn new(start: Timestamp) -> PickleEncoder {
        let defaults = OWN.map(|(name, _)| {
            let mut entry = Vec::new();
            text(name, &mut entry);
            match name {
                "pathname" | "filename" | "module" => text("", &mut entry),
                "lineno" | "thread" => int(0, &mut entry),
                "threadName" => text("MainThread", &mut entry),
                "processName" => text("MainProcess", &mut entry),
                // A receiver may format it as a number.
                "process" => int(i64::from(std::process::id()), &mut entry),
                _ => entry.push(b'N'),
            }
            entry
        });
        PickleEncoder {
            start,
            defaults: defaults.to_vec(),
        }
    }
}

impl Encode for PickleEncoder {
    fn encode(
        &mut self,
        record: &Record<'_>,
        out: &mut Vec<u8>,
        end: &mut dyn FnMut(&mut Vec<u8>),
    ) -> Result<(), Refused> {
        out.extend_from_slice(b"\x80\x02}(");
        text("name", out);
        text(&record.name, out);
        text("msg", out);
        text(&String::from_utf8_lossy(&record.message), out);
        text("args", out);
        out.push(b'N');
        text("levelname", out);
        match (&record.level_name, record.level.name()) {
            (Some(name), _) => text(name, out),
            (None, Some(name)) => text(name, out),
            // As logging.getLevelName has it.
            (None, None) => text(&format!("Level {}", record.level.0), out),
        }
        text("levelno", out);
        int(i64::from(record.level.0), out);
        text("exc_text", out);
        match &record.exc_text {
            Some(trace) => text(trace, out),
            None => out.push(b'N'),
        }
        let created = record.created.as_secs_f64();
        text("created", out);
        float(created, out);
        text("msecs", out);
        float(f64::from(record.created.subsec_nanos() / 1_000_000), out);
        text("relativeCreated", out);
        float((created - self.start.as_secs_f64()) * 1e3, out);
        for ((name, kind), default) in OWN.iter().zip(&self.defaults) {
            match record.get(name) {
                Some(given) if fits(given, *kind) => {
                    text(name, out);
                    value(given, out);
                }
                _ => out.extend_from_slice(default),
            }
        }
        let taken = |key: &str, given: &Value<'_>| {
            let own = OWN.iter().find(|(name, _)| *name == key);
            // The formatter of a receiver sets these, and would go over them.
            let made = ["message", "asctime"].contains(&key);
            FIXED.contains(&key) || made || own.is_some_and(|(_, kind)| !fits(given, *kind))
        };
        fields::each_extra(record, taken, |key, underscores, given| {
            if underscores == 0 && OWN.iter().any(|(name, _)| *name == key) {
                return;
            }
            match underscores {
                0 => text(key, out),
                count => text(&format!("{key}{}", "_".repeat(count)), out),
            }
            value(given, out);
        });
        out.extend_from_slice(b"u.");
        end(out);
        Ok(())
    }
}

fn fits(value: &Value<'_>, kind: Kind) -> bool {
    match (kind, value) {
        (Kind::Any, _) | (Kind::Text, Value::Text(_)) => true,
        (Kind::Int, Value::Json(json)) => json.parse::<i64>().is_ok(),
        _ => false,
    }
}

/// A string.
fn text(text: &str, out: &mut Vec<u8>) {
    // A record is far below 4 GiB; what is not is cut off before.
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    out.push(b'X');
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&text.as_bytes()[..length as usize]);
}

fn int(number: i64, out: &mut Vec<u8>) {
    if let Ok(small) = u8::try_from(number) {
        out.extend_from_slice(&[b'K', small]);
    } else if let Ok(number) = i32::try_from(number) {
        out.push(b'J');
        out.extend_from_slice(&number.to_le_bytes());
    } else {
        out.extend_from_slice(&[0x8a, 8]);
        out.extend_from_slice(&number.to_le_bytes());
    }
}

fn float(number: f64, out: &mut Vec<u8>) {
    out.push(b'G');
    out.extend_from_slice(&number.to_be_bytes());
}

fn value(value: &Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Text(string) => text(string, out),
        Value::Json(json) => number_or_word(json, out).unwrap_or_else(|| nested(json, out)),
    }
}

/// A JSON number, true, false or null; `None` if it is something else.
fn number_or_word(json: &str, out: &mut Vec<u8>) -> Option<()> {
    match json {
        "null" => out.push(b'N'),
        "true" => out.push(0x88),
        "false" => out.push(0x89),
        number if number.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
            if let Ok(number) = number.parse() {
                int(number, out);
            } else if number.bytes().all(|b| b == b'-' || b.is_ascii_digit()) {
                // However many digits it has: as text, which Python reads.
                out.push(b'L');
                out.extend_from_slice(number.as_bytes());
                out.extend_from_slice(b"L\n");
            } else {
                float(number.parse().ok()?, out);
            }
        }
        _ => return None,
    }
    Some(())
}

/// A list or a dictionary; what can't be read as one goes as its text.
fn nested(json: &str, out: &mut Vec<u8>) {
    let start = out.len();
    match serde_json::from_str::<&serde_json::value::RawValue>(json) {
        Ok(raw) if structure(raw.get(), 0, out).is_some() => {}
        _ => {
            out.truncate(start);
            text(json, out);
        }
    }
}

fn structure(json: &str, depth: usize, out: &mut Vec<u8>) -> Option<()> {
    use serde_json::value::RawValue;
    if depth == DEPTH {
        return None;
    }
    match json.as_bytes().first()? {
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(json).ok()?;
            out.extend_from_slice(b"](");
            for item in items {
                structure(item.get(), depth + 1, out)?;
            }
            out.push(b'e');
        }
        b'{' => {
            let items = serde_json::from_str::<Members<'_>>(json).ok()?;
            out.extend_from_slice(b"}(");
            for (key, item) in items.0 {
                text(&key, out);
                structure(item.get(), depth + 1, out)?;
            }
            out.push(b'u');
        }
        b'"' => {
            let string: Cow<'_, str> = serde_json::from_str::<String>(json).ok()?.into();
            text(&string, out);
        }
        _ => number_or_word(json, out)?,
    }
    Some(())
}

/// The members of an object, in order.
struct Members<'a>(Vec<(String, &'a serde_json::value::RawValue)>);

impl<'a> serde::Deserialize<'a> for Members<'a> {
    fn deserialize<D: serde::Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'a> serde::de::Visitor<'a> for Visitor {
            type Value = Members<'a>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'a>>(
                self,
                mut map: A,
            ) -> Result<Members<'a>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Defaults;

    #[test]
    fn a_record_is_a_dictionary() {
        let defaults = Defaults::default();
        let mut record = Record::new(&defaults, Timestamp(1_500_000_000));
        record.message = Cow::Borrowed(b"hi");
        record.extra.push(("n".into(), Value::Json("300".into())));
        let (mut out, mut ends) = (Vec::new(), 0);
        let mut encoder = PickleEncoder::new(Timestamp(1_000_000_000));
        let done = encoder.encode(&record, &mut out, &mut |_| ends += 1);
        assert_eq!((done, ends), (Ok(()), 1));
        assert!(out.starts_with(b"\x80\x02}(X\x04\0\0\0nameX\x04\0\0\0root"));
        assert!(out.ends_with(b"X\x01\0\0\0nJ\x2c\x01\0\0u."));
        let relative = [b"relativeCreatedG".as_slice(), &500f64.to_be_bytes()].concat();
        assert!(out.windows(relative.len()).any(|part| part == relative));
    }
}
