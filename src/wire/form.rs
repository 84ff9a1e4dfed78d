//! A record as an HTML form: `urllib.parse.urlencode` of the dictionary of
//! Python's `LogRecord`, which is what `HTTPHandler` sends.
//!
//! Every attribute is there, in Python's order, as `str()` shows it. Only
//! written: a form does not say which of its values were numbers.

use std::io::Write as _;

use crate::now::Timestamp;
use crate::record::{Record, Value};
use crate::text::template::{filename, stem};
use crate::wire::{Encode, Refused, fields, repr};

/// Attributes of a `LogRecord` that come from where the record was made, each
/// with what Python shows where nobody says, in two runs between which the
/// record's own stand.
const BEFORE: [(&str, &str); 4] = [
    ("pathname", ""),
    ("filename", ""),
    ("module", ""),
    ("exc_info", "None"),
];
const MIDDLE: [(&str, &str); 3] = [
    ("stack_info", "None"),
    ("lineno", "0"),
    ("funcName", "None"),
];
const BEHIND: [(&str, &str); 5] = [
    ("thread", "0"),
    ("threadName", "MainThread"),
    ("processName", "MainProcess"),
    ("process", ""),
    ("taskName", "None"),
];

/// Attributes that the record itself has.
const OWN: [&str; 9] = [
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

/// Encodes records as Python's `HTTPHandler` does, the message as `msg` with
/// its arguments merged into it.
#[derive(Debug)]
pub struct FormEncoder {
    /// When the program started, for `relativeCreated`.
    start: Timestamp,
    /// This process, for records that do not say another.
    process: String,
    scratch: Vec<u8>,
}

impl FormEncoder {
    /// An encoder for records of a program that started then.
    pub fn new(start: Timestamp) -> FormEncoder {
        FormEncoder {
            start,
            process: std::process::id().to_string(),
            scratch: Vec::new(),
        }
    }

    fn given(&mut self, record: &Record<'_>, attributes: &[(&str, &str)], out: &mut Vec<u8>) {
        for (name, default) in attributes {
            key(name, out);
            match record.get(name) {
                Some(given) => self.value(given, out),
                None if *name == "filename" => {
                    quote_plus(filename(record).unwrap_or(default).as_bytes(), out);
                }
                None if *name == "module" => {
                    let file = match record.get("filename") {
                        Some(Value::Text(file)) => Some(&**file),
                        _ => filename(record),
                    };
                    quote_plus(file.map_or(*default, stem).as_bytes(), out);
                }
                None if *name == "process" => quote_plus(self.process.as_bytes(), out),
                None => quote_plus(default.as_bytes(), out),
            }
        }
    }

    fn value(&mut self, value: &Value<'_>, out: &mut Vec<u8>) {
        self.scratch.clear();
        repr::str(value, &mut self.scratch);
        quote_plus(&self.scratch, out);
    }
}

/// Whether an attribute stands in every form.
fn is_standard(name: &str) -> bool {
    let mut given = BEFORE.iter().chain(&MIDDLE).chain(&BEHIND);
    OWN.contains(&name) || given.any(|(other, _)| *other == name)
}

impl Encode for FormEncoder {
    fn encode(
        &mut self,
        record: &Record<'_>,
        out: &mut Vec<u8>,
        end: &mut dyn FnMut(&mut Vec<u8>),
    ) -> Result<(), Refused> {
        out.extend_from_slice(b"name=");
        quote_plus(record.name.as_bytes(), out);
        key("msg", out);
        quote_plus(String::from_utf8_lossy(&record.message).as_bytes(), out);
        key("args", out);
        quote_plus(b"()", out);
        key("levelname", out);
        match (&record.level_name, record.level.name()) {
            (Some(name), _) => quote_plus(name.as_bytes(), out),
            (None, Some(name)) => quote_plus(name.as_bytes(), out),
            // As logging.getLevelName has it.
            (None, None) => quote_plus(format!("Level {}", record.level.0).as_bytes(), out),
        }
        // Writing to a vector cannot fail.
        let _ = write!(out, "&levelno={}", record.level.0);
        self.given(record, &BEFORE, out);
        key("exc_text", out);
        match &record.exc_text {
            Some(trace) => quote_plus(trace.as_bytes(), out),
            None => out.extend_from_slice(b"None"),
        }
        self.given(record, &MIDDLE, out);
        let created = record.created.as_secs_f64();
        let numbers = [
            ("created", created),
            (
                "msecs",
                f64::from(record.created.subsec_nanos() / 1_000_000),
            ),
            (
                "relativeCreated",
                (created - self.start.as_secs_f64()) * 1e3,
            ),
        ];
        for (name, number) in numbers {
            key(name, out);
            self.scratch.clear();
            repr::float(number, &mut self.scratch);
            quote_plus(&self.scratch, out);
        }
        self.given(record, &BEHIND, out);
        let taken = |name: &str, _: &Value<'_>| {
            // What a formatter would set stands in no dictionary that was sent.
            OWN.contains(&name) || ["message", "asctime"].contains(&name)
        };
        fields::each_extra(record, taken, |name, underscores, value| {
            if underscores == 0 && is_standard(name) {
                return;
            }
            out.push(b'&');
            quote_plus(name.as_bytes(), out);
            out.resize(out.len() + underscores, b'_');
            out.push(b'=');
            self.value(value, out);
        });
        end(out);
        Ok(())
    }
}

fn key(name: &str, out: &mut Vec<u8>) {
    out.push(b'&');
    out.extend_from_slice(name.as_bytes());
    out.push(b'=');
}

/// Python's `urllib.parse.quote_plus`.
pub fn quote_plus(text: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for &byte in text {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => out.push(byte),
            b' ' => out.push(b'+'),
            _ => out.extend_from_slice(&[
                b'%',
                DIGITS[usize::from(byte >> 4)],
                DIGITS[usize::from(byte & 15)],
            ]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::Level;
    use crate::record::Defaults;

    #[test]
    fn a_record_is_a_form() {
        let defaults = Defaults::default();
        let mut record = Record::new(&defaults, Timestamp(1_500_000_000));
        record.message = b"50% \xc3\xa9&=~\xff"[..].into();
        record.level = Level(37);
        record.extra = vec![
            ("lineno".into(), Value::Json("7".into())),
            ("a b".into(), Value::Json("[1.50,null]".into())),
            ("process".into(), Value::Json("1".into())),
            ("msg".into(), Value::Text("x".into())),
        ];
        let mut out = Vec::new();
        let mut encoder = FormEncoder::new(Timestamp(1_000_000_000));
        encoder.encode(&record, &mut out, &mut |_| {}).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "name=root&msg=50%25+%C3%A9%26%3D~%EF%BF%BD&args=%28%29&levelname=Level+37&levelno=37\
             &pathname=&filename=&module=&exc_info=None&exc_text=None&stack_info=None&lineno=7\
             &funcName=None&created=1.5&msecs=500.0&relativeCreated=500.0&thread=0\
             &threadName=MainThread&processName=MainProcess&process=1&taskName=None\
             &a+b=%5B1.5%2C+None%5D&msg_=x"
        );
    }

    /// As LogRecord makes them of the path.
    #[test]
    fn the_file_and_the_module_are_those_of_the_path() {
        let defaults = Defaults::default();
        let mut encoder = FormEncoder::new(Timestamp(0));
        for (extra, want) in [
            (
                &[("pathname", "/srv/app.v2/main.tar.py")][..],
                "&pathname=%2Fsrv%2Fapp.v2%2Fmain.tar.py&filename=main.tar.py&module=main.tar&",
            ),
            (
                &[("filename", "a.py"), ("pathname", "/b.py")],
                "&pathname=%2Fb.py&filename=a.py&module=a&",
            ),
            (
                &[("module", "m"), ("pathname", "/b.py")],
                "&pathname=%2Fb.py&filename=b.py&module=m&",
            ),
        ] {
            let mut record = Record::new(&defaults, Timestamp(0));
            let pair = |&(name, value): &(&'static str, &'static str)| {
                (name.into(), Value::Text(value.into()))
            };
            record.extra = extra.iter().map(pair).collect();
            let mut out = Vec::new();
            encoder.encode(&record, &mut out, &mut |_| {}).unwrap();
            let form = String::from_utf8(out).unwrap();
            assert!(form.contains(want), "{form}");
        }
    }
}
