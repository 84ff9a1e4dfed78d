//! Grafana Loki: `POST /loki/api/v1/push`, in JSON.
//!
//! After "Loki HTTP API, Ingest logs" (grafana.com/docs/loki/latest/reference/loki-http-api)
//! and "Label best practices" there: few labels with few values each make the
//! stream, `service_name`, `level` and `host`; everything else of a record is
//! structured metadata.

use std::io::Write as _;

use super::{level_name, logger, text, write_as_text, write_message};
use crate::record::{Record, Value};
use crate::text::Formatter;
use crate::wire::{Encode, Refused, fields, json};

/// What stands between a line's stream and its value.
pub const MARK: &[u8] = b"},\"values\":[";

/// Writes `{"stream":{…},"values":[["time","line",{…}]]}` for each record.
#[derive(Debug)]
pub struct LokiEncoder {
    host: String,
    /// How the line is written; `None` is the message.
    line: Option<Formatter>,
    scratch: Vec<u8>,
}

impl LokiEncoder {
    /// For records of this host, with lines in a format; `None`: the message.
    pub fn new(host: String, line: Option<Formatter>) -> LokiEncoder {
        LokiEncoder {
            host,
            line,
            scratch: Vec::new(),
        }
    }
}

impl Encode for LokiEncoder {
    fn encode(
        &mut self,
        record: &Record<'_>,
        out: &mut Vec<u8>,
        end: &mut dyn FnMut(&mut Vec<u8>),
    ) -> Result<(), Refused> {
        let service = text(record, "service_name").or(logger(record));
        out.extend_from_slice(b"{\"stream\":{\"service_name\":");
        json::write_string(service.unwrap_or("lh").as_bytes(), out);
        let level = level_name(record).to_ascii_lowercase();
        super::member("level", &level, out);
        super::member("host", text(record, "host").unwrap_or(&self.host), out);
        out.extend_from_slice(MARK);
        // Writing to a vector cannot fail.
        let _ = write!(out, "[\"{}\",", record.created.0.max(0));
        match &mut self.line {
            None => write_message(record, out),
            Some(format) => {
                self.scratch.clear();
                format.format(record, &mut self.scratch);
                json::write_string(&self.scratch, out);
            }
        }
        let start = out.len();
        fields::each_extra(
            record,
            |_, _| false,
            |name, _, value| {
                let label =
                    ["service_name", "host"].contains(&name) && matches!(value, Value::Text(_));
                if label {
                    return;
                }
                out.extend_from_slice(if out.len() == start { b",{" } else { b"," });
                json::write_string(name.as_bytes(), out);
                out.push(b':');
                // Loki takes no other metadata than strings.
                write_as_text(value, out);
            },
        );
        if out.len() > start {
            out.push(b'}');
        }
        out.extend_from_slice(b"]]}");
        end(out);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{line, plain_line};
    use super::*;

    #[test]
    fn a_line_of_a_stream() {
        let mut encoder = LokiEncoder::new("here".to_owned(), None);
        assert_eq!(
            plain_line(&mut encoder),
            r#"{"stream":{"service_name":"lh","level":"info","host":"here"},"values":[["1700000000000000000","hello"]]}"#
        );
        assert_eq!(
            line(&mut encoder),
            r#"{"stream":{"service_name":"app.db","level":"error","host":"h1"},"values":[["1700000000123456789","a \"b\"\nc�\nTraceback",{"n":"1.50","message":"other","o":"{\"k\":[1,\"x\",null]}","none":"null"}]]}"#
        );
    }
}
