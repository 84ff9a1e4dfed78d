//! Elasticsearch and OpenSearch: `POST /INDEX/_bulk`.
//!
//! After "Bulk API" (elastic.co/docs/api, Elasticsearch) and "ECS logging" for
//! the names of fields. Each document stands behind an action `create`, which
//! data streams ask for, with an `_id` of its own that stays the same when it
//! is sent again: what is there already is answered by 409, and stands there
//! once.

use super::{exception, level_name, member, write_extra};
use crate::record::Record;
use crate::text::time::{TimeStyle, TimeText};
use crate::wire::{Encode, Refused, json};

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
        let taken = [
            "@timestamp",
            "log.level",
            "message",
            "log.logger",
            "error.stack_trace",
        ];
        write_extra(record, &taken, out);
        out.push(b'}');
        end(out);
        Ok(())
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

/// Reads what became of each document, as far as the answer goes, which may be
/// cut off; `None`: all were taken.
pub fn read_items(answer: &[u8]) -> Option<Vec<Item>> {
    let has = |text: &[u8]| memchr::memmem::find(answer, text);
    // It stands before the items, which may hold anything.
    let items = has(b"\"items\":[").map_or(answer.len(), |at| at + b"\"items\":[".len());
    if has(b"\"errors\":false").is_some_and(|at| at < items) {
        return None;
    }
    let mut rest = &answer[items..];
    let mut found = Vec::new();
    loop {
        rest = rest.trim_ascii_start();
        rest = rest.strip_prefix(b",").unwrap_or(rest);
        let mut values = serde_json::Deserializer::from_slice(rest).into_iter();
        let Some(Ok(serde_json::Value::Object(item))) = values.next() else {
            return Some(found);
        };
        rest = rest.get(values.byte_offset()..).unwrap_or_default();
        let Some(result) = item.values().next() else {
            return Some(found);
        };
        let status = result["status"]
            .as_u64()
            .and_then(|code| u16::try_from(code).ok());
        let error = &result["error"];
        let reason = [&error["type"], &error["reason"]];
        let reason: Vec<&str> = reason.iter().filter_map(|text| text.as_str()).collect();
        found.push(Item {
            status: status.unwrap_or(0),
            error: reason.join(": "),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::line;
    use super::*;

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
}
