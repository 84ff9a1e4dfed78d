//! What well-known receivers of logs take over HTTP: how a record is written
//! for each, after the receiver's own documentation, which each file names.
//!
//! Every encoder writes a record as one line that stands for itself, so that
//! what waits in a spool can be read; [`Assembly`](super::body::Assembly) makes
//! the body of a request of many of them.

pub mod datadog;
pub mod elasticsearch;
pub mod loki;
pub mod otlp;
pub mod slack;
pub mod splunk;

use std::borrow::Cow;

use super::{fields, json};
use crate::record::{Record, Value};

/// The level's name as the record has it.
fn level_name<'r>(record: &'r Record<'_>) -> Cow<'r, str> {
    match (&record.level_name, record.level.name()) {
        (Some(name), _) => Cow::Borrowed(name),
        (None, Some(name)) => Cow::Borrowed(name),
        (None, None) => Cow::Owned(record.level.0.to_string()),
    }
}

/// The message, with the text of an exception behind it on a new line.
fn write_message(record: &Record<'_>, out: &mut Vec<u8>) {
    out.push(b'"');
    json::write_text(&record.message, out);
    if let Some(trace) = exception(record) {
        out.extend_from_slice(b"\\n");
        json::write_text(trace.trim_end_matches('\n').as_bytes(), out);
    }
    out.push(b'"');
}

fn exception<'r>(record: &'r Record<'_>) -> Option<&'r str> {
    record.exc_text.as_deref().filter(|text| !text.is_empty())
}

/// The logger's name, unless it is nobody's: Python's root.
fn logger<'r>(record: &'r Record<'_>) -> Option<&'r str> {
    Some(&*record.name).filter(|name| !name.is_empty() && *name != "root")
}

/// A text among the extra attributes.
fn text<'r>(record: &'r Record<'_>, name: &str) -> Option<&'r str> {
    match record.get(name) {
        Some(Value::Text(text)) if !text.is_empty() => Some(text),
        _ => None,
    }
}

/// `,"name":"text"`.
fn member(name: &str, text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    json::write_string(text.as_bytes(), out);
}

/// The extra attributes as members of the object that is being written, each
/// with a comma before it; those whose names are taken get underscores.
fn write_extra(record: &Record<'_>, taken: &[&str], out: &mut Vec<u8>) {
    let taken = |name: &str, _: &Value<'_>| taken.contains(&name);
    fields::each_extra(record, taken, |name, underscores, value| {
        out.extend_from_slice(b",\"");
        json::write_text(name.as_bytes(), out);
        out.resize(out.len() + underscores, b'_');
        out.extend_from_slice(b"\":");
        write_value(value, out);
    });
}

/// A value as JSON.
fn write_value(value: &Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Text(text) => json::write_string(text.as_bytes(), out),
        Value::Json(text) => out.extend_from_slice(text.as_bytes()),
    }
}

/// A value as a string, whatever it is.
fn write_as_text(value: &Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Text(text) | Value::Json(text) => json::write_string(text.as_bytes(), out),
    }
}

#[cfg(test)]
mod tests {
    use crate::level::Level;
    use crate::now::Timestamp;
    use crate::record::{Defaults, Record, Value};
    use crate::wire::Encode;

    /// One record that has everything, as the line that `encoder` writes.
    pub(super) fn line(encoder: &mut dyn Encode) -> String {
        let defaults = Defaults::default();
        let mut record = Record::new(&defaults, Timestamp(1_700_000_000_123_456_789));
        record.message = b"a \"b\"\nc\xff"[..].into();
        record.level = Level::ERROR;
        record.name = "app.db".into();
        record.exc_text = Some("Traceback\n".into());
        record.extra = vec![
            ("n".into(), Value::Json("1.50".into())),
            ("host".into(), Value::Text("h1".into())),
            ("message".into(), Value::Text("other".into())),
            ("o".into(), Value::Json(r#"{"k":[1,"x",null]}"#.into())),
            ("none".into(), Value::Json("null".into())),
        ];
        let (mut out, mut ends) = (Vec::new(), 0);
        encoder
            .encode(&record, &mut out, &mut |_| ends += 1)
            .unwrap();
        assert_eq!(ends, 1);
        assert!(!out.contains(&b'\n'));
        String::from_utf8(out).unwrap()
    }

    /// The same for a plain line.
    pub(super) fn plain_line(encoder: &mut dyn Encode) -> String {
        let defaults = Defaults::default();
        let mut record = Record::new(&defaults, Timestamp(1_700_000_000_000_000_000));
        record.message = b"hello"[..].into();
        let mut out = Vec::new();
        encoder.encode(&record, &mut out, &mut |_| {}).unwrap();
        String::from_utf8(out).unwrap()
    }
}
