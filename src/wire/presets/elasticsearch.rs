//! Elasticsearch and OpenSearch: `POST /INDEX/_bulk`.
//!
//! After "Bulk API" (elastic.co/docs/api, Elasticsearch) and "ECS logging" for
//! the names of fields. Each document stands behind an action `create`, which
//! data streams ask for, with an `_id` of its own that stays the same when it
//! is sent again: what is there already is answered by 409, and stands there
//! once.

use std::collections::HashSet;

use super::{exception, level_name, member, write_value};
use crate::record::{Record, Value};
use crate::text::time::{TimeStyle, TimeText};
use crate::wire::{Encode, Refused, fields, json};

/// What a query has to have so that the answer is no longer than needed.
pub const FILTER: &str =
    "filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason";

/// Writes a document for each record, in the names of the Elastic Common Schema.
#[derive(Debug)]
pub struct ElasticsearchEncoder {
    time: TimeText,
}

impl Default for ElasticsearchEncoder {
    fn default() -> Self {
        ElasticsearchEncoder {
            time: TimeText::new(TimeStyle::Rfc3339Micros, true),
        }
    }
}

impl Encode for ElasticsearchEncoder {
    fn encode(
        &mut self,
        record: &Record<'_>,
        out: &mut Vec<u8>,
        end: &mut dyn FnMut(&mut Vec<u8>),
    ) -> Result<(), Refused> {
        out.extend_from_slice(b"{\"@timestamp\":\"");
        self.time.write(record.created, out);
        out.push(b'"');
        member("log.level", &level_name(record).to_ascii_lowercase(), out);
        out.extend_from_slice(b",\"message\":");
        json::write_string(&record.message, out);
        member("log.logger", &record.name, out);
        if let Some(trace) = exception(record) {
            member("error.stack_trace", trace, out);
        }
        write_extra(record, out);
        out.push(b'}');
        end(out);
        Ok(())
    }
}

/// The names that a document has anyway.
const OWN: [&str; 5] = [
    "@timestamp",
    "log.level",
    "message",
    "log.logger",
    "error.stack_trace",
];

/// What Elasticsearch keeps to itself: a document with such a field is refused.
const KEPT: [&str; 17] = [
    "_doc_count",
    "_feature",
    "_field_names",
    "_id",
    "_ignored",
    "_ignored_source",
    "_index",
    "_nested_path",
    "_parent",
    "_primary_term",
    "_routing",
    "_seq_no",
    "_size",
    "_source",
    "_tier",
    "_type",
    "_version",
];

/// The extra attributes, under names with which a document is taken.
fn write_extra(record: &Record<'_>, out: &mut Vec<u8>) {
    // A point in a name is a step into an object, so that nothing else than one
    // may have the name that is before it, be it in this document or another.
    let is_object = |value: &Value<'_>| match value {
        Value::Text(_) => false,
        Value::Json(json) => json.starts_with('{') || fields::is_null(value),
    };
    let moves = matches!(record.get("error"), Some(Value::Text(_)))
        && record.get("error.message").is_none();
    let taken = |name: &str, value: &Value<'_>| match name {
        "log" => !is_object(value),
        "error" => !is_object(value) && !moves,
        name => OWN.contains(&name) || KEPT.contains(&name),
    };
    let mut names = Names::default();
    fields::each_extra(record, taken, |name, underscores, value| {
        out.extend_from_slice(b",\"");
        match name {
            "error" if moves => out.extend_from_slice(b"error.message"),
            name if is_odd(name) => json::write_text(names.even(name, record).as_bytes(), out),
            name => json::write_text(name.as_bytes(), out),
        }
        out.resize(out.len() + underscores, b'_');
        out.extend_from_slice(b"\":");
        write_value(value, out);
    });
}

/// Whether a name has a step without a name, or is a step into what is no object.
fn is_odd(name: &str) -> bool {
    let has_points = name.contains('.');
    name.trim().is_empty()
        || has_points && name.split('.').any(|step| step.trim().is_empty())
        || has_points && within_own(name).is_some()
}

/// How long the name of its own is that a document has and such a name would go into.
fn within_own(name: &str) -> Option<usize> {
    let own = OWN.iter().find(|own| {
        let behind = name.strip_prefix(**own);
        behind.is_some_and(|behind| behind.starts_with('.'))
    });
    own.map(|own| own.len())
}

/// The names that odd ones become, so that none stands twice.
#[derive(Default)]
struct Names(Option<HashSet<String>>);

impl Names {
    fn even(&mut self, name: &str, record: &Record<'_>) -> String {
        let taken = self.0.get_or_insert_with(|| {
            let others = record.extra.iter().map(|(name, _)| name.to_string());
            others.collect()
        });
        let mut even = String::with_capacity(name.len() + 1);
        for (index, step) in name.split('.').enumerate() {
            if index > 0 {
                even.push('.');
            }
            even.push_str(if step.trim().is_empty() { "_" } else { step });
        }
        if let Some(at) = within_own(&even) {
            even.replace_range(at..=at, "_");
        }
        while !taken.insert(even.clone()) {
            even.push('_');
        }
        even
    }
}

/// Appends a document with its action before it, each with a newline.
pub fn write_action(id: &str, document: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"create\":{\"_id\":");
    json::write_string(id.as_bytes(), out);
    out.extend_from_slice(b"}}\n");
    out.extend_from_slice(document);
    out.push(b'\n');
}

/// What became of one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// As of HTTP; 409: it is there already.
    pub status: u16,
    /// Why it was not taken.
    pub error: String,
}

impl Item {
    fn read(item: &serde_json::Value) -> Option<Item> {
        let result = item.as_object()?.values().next()?;
        let status = result["status"]
            .as_u64()
            .and_then(|code| u16::try_from(code).ok());
        let error = &result["error"];
        let reason = [error, &error["type"], &error["reason"]];
        let reason: Vec<&str> = reason.iter().filter_map(|text| text.as_str()).collect();
        Some(Item {
            status: status.unwrap_or(0),
            error: reason.join(": "),
        })
    }
}

/// Reads what became of each document, as far as the answer goes, which may be
/// cut off; `None`: all were taken.
pub fn read_items(answer: &[u8]) -> Option<Vec<Item>> {
    let mut read = Answer::default();
    // Where it is cut off, what came before counts.
    let _ = read.members(&mut Rest(answer));
    (read.errors != Some(false)).then_some(read.items)
}

/// What an answer says, as far as it was read.
#[derive(Debug, Default)]
struct Answer {
    errors: Option<bool>,
    items: Vec<Item>,
}

impl Answer {
    fn members(&mut self, rest: &mut Rest<'_>) -> Option<()> {
        rest.skip(b'{')?;
        loop {
            let name = rest.value()?;
            rest.skip(b':')?;
            match name.as_str()? {
                "errors" => self.errors = rest.value()?.as_bool(),
                "items" => self.items(rest)?,
                _ => drop(rest.value()?),
            }
            rest.skip(b',')?;
        }
    }

    fn items(&mut self, rest: &mut Rest<'_>) -> Option<()> {
        rest.skip(b'[')?;
        while rest.skip(b']').is_none() {
            self.items.push(Item::read(&rest.value()?)?);
            // Behind the last one there is none.
            let _ = rest.skip(b',');
        }
        Some(())
    }
}

/// What is left of a text of JSON that is read in parts, because it may end
/// anywhere.
pub(super) struct Rest<'a>(pub(super) &'a [u8]);

impl Rest<'_> {
    /// Goes on behind a byte, with blanks before it, if it is next.
    pub(super) fn skip(&mut self, byte: u8) -> Option<()> {
        self.0 = self.0.trim_ascii_start().strip_prefix(&[byte])?;
        Some(())
    }

    /// Whether a byte is next, with blanks before it.
    pub(super) fn begins(&self, byte: u8) -> bool {
        self.0.trim_ascii_start().first() == Some(&byte)
    }

    /// Goes on behind a value, if it is there and whole.
    pub(super) fn value(&mut self) -> Option<serde_json::Value> {
        let mut values = serde_json::Deserializer::from_slice(self.0).into_iter();
        let value = values.next()?.ok()?;
        self.0 = self.0.get(values.byte_offset()..).unwrap_or_default();
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::line;
    use super::*;
    use crate::now::Timestamp;
    use crate::record::Defaults;

    #[test]
    fn a_document_and_its_action() {
        let document = line(&mut ElasticsearchEncoder::default());
        assert_eq!(
            document,
            r#"{"@timestamp":"2023-11-14T22:13:20.123456+00:00","log.level":"error","message":"a \"b\"\nc�","log.logger":"app.db","error.stack_trace":"Traceback\n","n":1.50,"host":"h1","message_":"other","o":{"k":[1,"x",null]},"none":null}"#
        );
        let mut out = Vec::new();
        write_action("x-1", b"{}", &mut out);
        assert_eq!(out, b"{\"create\":{\"_id\":\"x-1\"}}\n{}\n");
    }

    #[test]
    fn no_name_makes_a_document_that_is_refused() {
        let defaults = Defaults::default();
        let named = |extra: &[(&'static str, &'static str)]| -> Vec<String> {
            let mut record = Record::new(&defaults, Timestamp(0));
            let value = |json: &&'static str| match json.strip_prefix('"') {
                Some(text) => Value::Text(text.trim_end_matches('"').into()),
                None => Value::Json((*json).into()),
            };
            record.extra = extra
                .iter()
                .map(|(name, json)| ((*name).into(), value(json)))
                .collect();
            let mut out = Vec::new();
            let mut encoder = ElasticsearchEncoder::default();
            encoder.encode(&record, &mut out, &mut |_| {}).unwrap();
            let text = String::from_utf8(out).unwrap();
            let (_, extra) = text.split_once(r#""log.logger":"root""#).unwrap();
            let extra = extra.strip_prefix(',').unwrap_or(extra);
            let document = format!("{{{extra}");
            let object: serde_json::Value = serde_json::from_str(&document).expect(&document);
            object
                .as_object()
                .unwrap()
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect()
        };
        for (extra, want) in [
            (
                &[("_id", "1"), ("_index", "2"), ("_source", "3"), ("_x", "4")][..],
                &["_id_=1", "_index_=2", "_source_=3", "_x=4"][..],
            ),
            (&[("_id", "1"), ("_id_", "2")], &["_id__=1", "_id_=2"]),
            (
                &[("", "1"), (" ", "2"), ("_", "3")],
                &["__=1", "___=2", "_=3"],
            ),
            (
                &[(".", "1"), ("a.", "2"), (".a", "3"), ("a..b", "4")],
                &["_._=1", "a._=2", "_.a=3", "a._.b=4"],
            ),
            (&[("log", r#""text""#)], &[r#"log_="text""#]),
            (&[("log", "7")], &["log_=7"]),
            (&[("log", r#"{"file":1}"#)], &[r#"log={"file":1}"#]),
            // As the schema calls it.
            (&[("error", r#""bad""#)], &[r#"error.message="bad""#]),
            (
                &[("error", r#""bad""#), ("error.message", "1")],
                &[r#"error_="bad""#, "error.message=1"],
            ),
            (&[("error", "7")], &["error_=7"]),
            (&[("error", r#"{"code":1}"#)], &[r#"error={"code":1}"#]),
            (
                &[
                    ("message.id", "1"),
                    ("message_id", "2"),
                    ("messages.id", "3"),
                ],
                &["message_id_=1", "message_id=2", "messages.id=3"],
            ),
            (&[("message.", "1")], &["message__=1"]),
        ] {
            let mut want: Vec<_> = want.iter().map(|text| (*text).to_owned()).collect();
            let mut got = named(extra);
            want.sort();
            got.sort();
            assert_eq!(got, want, "{extra:?}");
        }
    }

    #[test]
    fn an_answer_is_read_as_far_as_it_goes() {
        let answer = br#"{"errors":true,"items":[{"create":{"status":201}}, {"create":{"status":400,"error":{"type":"document_parsing_exception","reason":"\"errors\":false"}}},{"create":{"status":409}},{"crea"#;
        let item = |status, error: &str| Item {
            status,
            error: error.to_owned(),
        };
        let refused = "document_parsing_exception: \"errors\":false";
        assert_eq!(
            read_items(answer),
            Some(vec![item(201, ""), item(400, refused), item(409, "")])
        );
        assert_eq!(read_items(br#"{"errors":false,"items":[]}"#), None);
        assert_eq!(read_items(b""), Some(Vec::new()));
        assert_eq!(read_items(b"<html>"), Some(Vec::new()));
    }

    /// With blanks wherever they may be, in any order, and with any other member.
    #[test]
    fn an_answer_may_be_any_json() {
        for answer in [
            r#"{"took": 3, "errors": false, "items": [{"create": {"status": 201}}]}"#,
            "{\n  \"errors\" : false\n}\n",
            r#"{"items":[{"create":{"status":201}}],"errors":false}"#,
            r#"{"x":{"errors":true,"items":[1]},"\u0065rrors":false,"items":[{"cre"#,
        ] {
            assert_eq!(read_items(answer.as_bytes()), None, "{answer}");
        }
        for answer in [
            r#"{"took": 3, "errors" : true, "items" : [ {"create": {"status": 429 , "error": "full"}} , {"create": {"status": 201}} ] }"#,
            r#"{"items":[{"create":{"error":{"type":"full"},"status":429}},{"create":{"status":201}}],"errors":true}"#,
            r#" {"x":"\"errors\":false","items"
                :
                [{"create":{"status":429,"error":"full"}},{"create":{"status":201}}, {"create" : "#,
        ] {
            let found = read_items(answer.as_bytes()).expect(answer);
            let found: Vec<_> = found
                .iter()
                .map(|item| (item.status, item.error.as_str()))
                .collect();
            assert_eq!(found, [(429, "full"), (201, "")], "{answer}");
        }
    }
}
