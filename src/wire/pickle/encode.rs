//! From a record to a pickle that `logging.makeLogRecord` takes.
//!
//! Protocol 2 (PEP 307): what a record holds is read as fast in it as in
//! protocol 4, by Python 3.6 to 3.13 alike, and Python 2.7 reads it, too.
//! Nothing is put into the memo, as nothing in a record is shared.

use std::io::Write as _;

use super::nested;
use super::text::write_readable;
use crate::now::Timestamp;
use crate::record::{Record, Value};
use crate::wire::{Encode, Refused, fields};

/// Encodes records as Python's `SocketHandler.makePickle` does: all attributes
/// of a `LogRecord`, with the message as `msg`, its arguments merged into it.
///
/// What the record itself has under those names as extra attributes is used if
/// it is of the type that Python has there, so that a formatter can do with it
/// what it does with Python's own; or else it gets an underscore behind its
/// name. A message that is not UTF-8 is made readable: the byte 0xff becomes
/// `\xff`, since half of a surrogate pair, as Python would have it, can't be
/// written anywhere by the receiver.
#[derive(Debug)]
pub struct PickleEncoder {
    /// When the program started, for `relativeCreated`.
    start: Timestamp,
    /// The pickled entries of [`OWN`], for a record that brings none of them.
    tail: Vec<u8>,
    /// Where each of them ends there.
    ends: [usize; OWN.len()],
}

/// What a value has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Int,
}

/// Attributes of a `LogRecord` that a record may bring itself.
const OWN: [(&str, Kind); 11] = [
    ("pathname", Kind::Text),
    ("filename", Kind::Text),
    ("module", Kind::Text),
    ("stack_info", Kind::Text),
    ("lineno", Kind::Int),
    ("funcName", Kind::Text),
    ("thread", Kind::Int),
    ("threadName", Kind::Text),
    ("processName", Kind::Text),
    ("process", Kind::Int),
    ("taskName", Kind::Text),
];
const PATHNAME: usize = 0;
const FILENAME: usize = 1;
const MODULE: usize = 2;

/// Names that an extra attribute can't have: those that every pickle has from
/// the record itself, those that a receiver's formatter would go over, and the
/// one that would hide a method that it calls.
const TAKEN: [&str; 13] = [
    "name",
    "msg",
    "args",
    "exc_info",
    "exc_text",
    "levelname",
    "levelno",
    "created",
    "msecs",
    "relativeCreated",
    "message",
    "asctime",
    "getMessage",
];

impl PickleEncoder {
    /// An encoder for records of a program that started then.
    ///
    /// What a record does not say of where it was made is as with
    /// `makeLogRecord`, but for the process, which is this one, and the thread,
    /// which is 0.
    pub fn new(start: Timestamp) -> PickleEncoder {
        let (mut tail, mut ends) = (Vec::new(), [0; OWN.len()]);
        for ((name, kind), end) in OWN.into_iter().zip(&mut ends) {
            text(name, &mut tail);
            match (name, kind) {
                ("process", _) => int(i64::from(std::process::id()), &mut tail),
                (_, Kind::Int) => int(0, &mut tail),
                ("pathname" | "filename" | "module", _) => text("", &mut tail),
                ("threadName", _) => text("MainThread", &mut tail),
                ("processName", _) => text("MainProcess", &mut tail),
                _ => tail.push(b'N'),
            }
            *end = tail.len();
        }
        PickleEncoder { start, tail, ends }
    }

    /// Appends the attributes of [`OWN`], from the extra attributes at these
    /// places.
    fn own(&self, record: &Record<'_>, places: &[Option<usize>; OWN.len()], out: &mut Vec<u8>) {
        if places.iter().all(Option::is_none) {
            out.extend_from_slice(&self.tail);
            return;
        }
        let given = |own: usize| {
            let (_, value) = record.extra.get(places[own]?)?;
            fitting(value, OWN[own].1)
        };
        // As LogRecord makes them of the path.
        let (mut filename, mut module) = (None, None);
        if let Some(Fitting::Text(path)) = given(FILENAME).or_else(|| given(PATHNAME)) {
            let file = path.rsplit(['/', '\\']).next().unwrap_or(path);
            let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
            filename = Some(Fitting::Text(file));
            module = Some(Fitting::Text(if stem.is_empty() { file } else { stem }));
        }
        let mut start = 0;
        for (own, end) in self.ends.into_iter().enumerate() {
            let derived = match own {
                FILENAME => filename.take(),
                MODULE => module.take(),
                _ => None,
            };
            match given(own).or(derived) {
                Some(value) => {
                    text(OWN[own].0, out);
                    match value {
                        Fitting::Text(string) => text(string, out),
                        Fitting::Int(number) => int(number, out),
                    }
                }
                None => out.extend_from_slice(&self.tail[start..end]),
            }
            start = end;
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
        out.extend_from_slice(b"\x80\x02}(X\x04\0\0\0name");
        text(&record.name, out);
        out.extend_from_slice(b"X\x03\0\0\0msg");
        match std::str::from_utf8(&record.message) {
            Ok(message) => text(message, out),
            Err(_) => made_text(out, |out| write_readable(&record.message, out)),
        }
        out.extend_from_slice(b"X\x04\0\0\0argsNX\x08\0\0\0exc_infoNX\x08\0\0\0exc_text");
        match &record.exc_text {
            Some(trace) => text(trace, out),
            None => out.push(b'N'),
        }
        out.extend_from_slice(b"X\x09\0\0\0levelname");
        match record.level_name.as_deref().or(record.level.name()) {
            Some(name) => text(name, out),
            // As logging.getLevelName has it. Writing to a vector cannot fail.
            None => made_text(out, |out| drop(write!(out, "Level {}", record.level.0))),
        }
        out.extend_from_slice(b"X\x07\0\0\0levelno");
        int(i64::from(record.level.0), out);
        let created = record.created.as_secs_f64();
        let millis = f64::from(record.created.subsec_nanos() / 1_000_000);
        // Of whole numbers, so that nothing is lost between two that are near.
        let since = (i128::from(record.created.0) - i128::from(self.start.0)) as f64 / 1e6;
        out.extend_from_slice(b"X\x07\0\0\0created");
        float(created, out);
        out.extend_from_slice(b"X\x05\0\0\0msecs");
        float(millis, out);
        out.extend_from_slice(b"X\x0f\0\0\0relativeCreated");
        float(since, out);
        // The last of several counts, as in a dictionary.
        let mut places = [None; OWN.len()];
        for (place, (key, _)) in record.extra.iter().enumerate() {
            if let Some(own) = own_of(key) {
                places[own] = Some(place);
            }
        }
        self.own(record, &places, out);
        for (place, (key, given)) in record.extra.iter().enumerate() {
            let renamed = match own_of(key) {
                Some(own) if places[own] != Some(place) => continue,
                Some(own) if fitting(given, OWN[own].1).is_some() => continue,
                Some(_) => true,
                None => TAKEN.contains(&&**key),
            };
            match (renamed, given) {
                // Says nothing, and Python has its own there.
                (true, Value::Json(json)) if json == "null" => continue,
                (true, _) => made_text(out, |out| {
                    out.extend_from_slice(key.as_bytes());
                    let count = fields::free_underscores(record, key);
                    out.resize(out.len() + count, b'_');
                }),
                (false, _) => text(key, out),
            }
            match given {
                Value::Text(string) => text(string, out),
                Value::Json(json) => nested::value(json, out),
            }
        }
        out.extend_from_slice(b"u.");
        end(out);
        Ok(())
    }
}

fn own_of(key: &str) -> Option<usize> {
    // Most other keys end here.
    if !matches!(key.len(), 6..=8 | 10 | 11) {
        return None;
    }
    OWN.iter().position(|(name, _)| *name == key)
}

/// A value that is of the type that Python has there.
enum Fitting<'r> {
    Text(&'r str),
    Int(i64),
}

fn fitting<'r>(value: &'r Value<'_>, kind: Kind) -> Option<Fitting<'r>> {
    match (kind, value) {
        (Kind::Text, Value::Text(text)) => Some(Fitting::Text(text)),
        // Formats that have only text have numbers so.
        (Kind::Int, Value::Text(digits) | Value::Json(digits)) => {
            let whole = digits.strip_suffix(".0").unwrap_or(digits);
            whole.parse().ok().map(Fitting::Int)
        }
        _ => None,
    }
}

/// A string.
pub(super) fn text(text: &str, out: &mut Vec<u8>) {
    // A record is far below 4 GiB; what is not is cut off before.
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    out.push(b'X');
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&text.as_bytes()[..length as usize]);
}

/// A string of what `make` appends, which has to be UTF-8.
pub(super) fn made_text(out: &mut Vec<u8>, make: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(b"X\0\0\0\0");
    let start = out.len();
    make(out);
    let length = u32::try_from(out.len() - start).unwrap_or(u32::MAX);
    out[start - 4..start].copy_from_slice(&length.to_le_bytes());
}

/// A whole number in the shortest form that there is for it.
pub(super) fn int(number: i64, out: &mut Vec<u8>) {
    if let Ok(small) = u8::try_from(number) {
        out.extend_from_slice(&[b'K', small]);
    } else if let Ok(small) = u16::try_from(number) {
        out.push(b'M');
        out.extend_from_slice(&small.to_le_bytes());
    } else if let Ok(number) = i32::try_from(number) {
        out.push(b'J');
        out.extend_from_slice(&number.to_le_bytes());
    } else {
        out.extend_from_slice(&[0x8a, 8]);
        out.extend_from_slice(&number.to_le_bytes());
    }
}

pub(super) fn float(number: f64, out: &mut Vec<u8>) {
    out.push(b'G');
    out.extend_from_slice(&number.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::record::Defaults;
    use crate::wire::pickle::decode;

    fn encoded(record: &Record<'_>) -> Vec<u8> {
        let (mut out, mut ends) = (b"before".to_vec(), 0);
        let mut encoder = PickleEncoder::new(Timestamp(1_000_000_000));
        let done = encoder.encode(record, &mut out, &mut |_| ends += 1);
        assert_eq!((done, ends), (Ok(()), 1));
        out.split_off(6)
    }

    #[test]
    fn a_record_is_a_dictionary() {
        let defaults = Defaults::default();
        let mut record = Record::new(&defaults, Timestamp(1_500_000_000));
        record.message = Cow::Borrowed(b"hi");
        record.extra.push(("n".into(), Value::Json("300".into())));
        let out = encoded(&record);
        assert!(out.starts_with(b"\x80\x02}(X\x04\0\0\0nameX\x04\0\0\0root"));
        assert!(out.ends_with(b"X\x01\0\0\0nM\x2c\x01u."));
        let relative = [b"relativeCreatedG".as_slice(), &500f64.to_be_bytes()].concat();
        assert!(out.windows(relative.len()).any(|part| part == relative));
    }

    /// What the record brings under Python's own names.
    #[test]
    fn attributes_have_the_types_that_python_has() {
        let cases = [
            ("lineno", r#""42""#, "lineno=42"),
            ("lineno", "7.0", "lineno=7"),
            ("lineno", "7.5", "lineno=0 lineno_=7.5"),
            (
                "lineno",
                "99999999999999999999",
                "lineno_=99999999999999999999",
            ),
            ("lineno", "null", "lineno=0"),
            ("process", r#""web""#, "process_=\"web\""),
            ("thread", "[1]", "thread=0 thread_=[1]"),
            ("stack_info", "true", "stack_info_=true"),
            ("stack_info", r#""S""#, "stack_info=\"S\""),
            ("funcName", "1", "funcName_=1"),
            ("exc_info", "true", "exc_info_=true"),
            ("exc_info", "null", ""),
            ("message", r#""m""#, "message_=\"m\""),
            ("getMessage", "1", "getMessage_=1"),
            ("asctime", r#""t""#, "asctime_=\"t\""),
            (
                "pathname",
                r#""/srv/app.tar.py""#,
                "filename=\"app.tar.py\" module=\"app.tar\"",
            ),
            (
                "pathname",
                r#""C:\\x\\.profile""#,
                "filename=\".profile\" module=\".profile\"",
            ),
            (
                "filename",
                r#""f.py""#,
                "pathname=\"\" filename=\"f.py\" module=\"f\"",
            ),
        ];
        let defaults = Defaults::default();
        for (key, json, want) in cases {
            let object = format!("{{\"{key}\":{json},\"{key}__\":1}}");
            let mut record = Record::new(&defaults, Timestamp(0));
            crate::wire::json::read_object(object.as_bytes(), &mut record.extra).unwrap();
            let out = encoded(&record);
            let mut got = Record::new(&defaults, Timestamp(0));
            decode(&out, &defaults, Timestamp(0), &mut got).unwrap();
            let shown: Vec<String> = got
                .extra
                .iter()
                .map(|(key, value)| match value {
                    Value::Text(text) => format!("{key}={text:?}"),
                    Value::Json(json) => format!("{key}={json}"),
                })
                .collect();
            for part in want.split(' ').filter(|part| !part.is_empty()) {
                assert!(shown.iter().any(|s| s == part), "{object}: {shown:?}");
            }
            // Each attribute of Python's stands once, with what it has by
            // itself if nothing was taken.
            for (name, _) in OWN {
                let count = out.windows(name.len() + 5).filter(|part| {
                    part[..5] == [b'X', name.len() as u8, 0, 0, 0] && part[5..] == *name.as_bytes()
                });
                assert_eq!(count.count(), 1, "{object} {name}");
            }
        }
    }

    #[test]
    fn the_last_of_several_counts() {
        let defaults = Defaults::default();
        let mut record = Record::new(&defaults, Timestamp(0));
        for number in ["\"x\"", "5", "6"] {
            record
                .extra
                .push(("lineno".into(), Value::Json(number.into())));
        }
        let out = encoded(&record);
        let mut got = Record::new(&defaults, Timestamp(0));
        decode(&out, &defaults, Timestamp(0), &mut got).unwrap();
        assert_eq!(got.get("lineno"), Some(&Value::Json("6".into())));
        assert_eq!(got.get("lineno_"), None);
    }

    #[test]
    fn what_is_not_utf_8_can_be_read() {
        let defaults = Defaults::default();
        let mut record = Record::new(&defaults, Timestamp(0));
        record.message = Cow::Borrowed(b"gr\xfcn \xe2\x82\xac");
        let out = encoded(&record);
        let want = b"msgX\x0b\0\0\0gr\\xfcn \xe2\x82\xacX";
        assert!(out.windows(want.len()).any(|part| part == want));
    }

    #[test]
    fn levels_without_a_name_have_pythons() {
        let defaults = Defaults::default();
        let mut record = Record::new(&defaults, Timestamp(0));
        record.level = crate::level::Level(35);
        let out = encoded(&record);
        let want = b"levelnameX\x08\0\0\0Level 35X\x07\0\0\0levelnoK\x23";
        assert!(out.windows(want.len()).any(|part| part == want));
    }
}
