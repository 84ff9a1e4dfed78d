//! Datadog's log intake: `POST /api/v2/logs`, an array of objects.
//!
//! After "Logs, Send logs" of the API reference (docs.datadoghq.com/api/latest/logs)
//! and "Log attributes and aliasing": `message`, `status`, `service`,
//! `hostname`, `ddsource`, `timestamp`, `logger.name` and `error.stack` are
//! reserved or standard; everything else is an attribute.

use super::{exception, level_name, logger, member, text, write_extra};
use crate::record::Record;
use crate::text::time::{TimeStyle, TimeText};
use crate::wire::host::Host;
use crate::wire::{Encode, Refused, json};

/// Writes an object for each record.
#[derive(Debug)]
pub struct DatadogEncoder {
    host: Host,
    time: TimeText,
}

impl DatadogEncoder {
    /// For records of this host.
    pub fn new(host: impl Into<Host>) -> DatadogEncoder {
        DatadogEncoder {
            host: host.into(),
            time: TimeText::new(TimeStyle::Rfc3339Micros, true),
        }
    }
}

impl Encode for DatadogEncoder {
    fn encode(
        &mut self,
        record: &Record<'_>,
        out: &mut Vec<u8>,
        end: &mut dyn FnMut(&mut Vec<u8>),
    ) -> Result<(), Refused> {
        out.extend_from_slice(b"{\"message\":");
        json::write_string(&record.message, out);
        let start = out.len();
        member("status", &level_name(record), out);
        // Escapes are of small letters anyway.
        out[start..].make_ascii_lowercase();
        out.extend_from_slice(b",\"timestamp\":\"");
        self.time.write(record.created, out);
        out.push(b'"');
        let lacks = |name| text(record, name).is_none();
        if lacks("hostname") {
            member("hostname", self.host.of(record), out);
        }
        if lacks("service") {
            member("service", logger(record).unwrap_or("lh"), out);
        }
        if lacks("ddsource") {
            member("ddsource", "lh", out);
        }
        member("logger.name", &record.name, out);
        if let Some(trace) = exception(record) {
            member("error.stack", trace, out);
        }
        let mut taken = vec![
            "message",
            "status",
            "timestamp",
            "logger.name",
            "error.stack",
        ];
        let usual = ["hostname", "service", "ddsource"];
        taken.extend(usual.iter().filter(|name| lacks(name)));
        write_extra(record, &taken, out);
        out.push(b'}');
        end(out);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::line;
    use super::*;

    #[test]
    fn a_log() {
        assert_eq!(
            line(&mut DatadogEncoder::new("here".to_owned())),
            r#"{"message":"a \"b\"\nc�","status":"error","timestamp":"2023-11-14T22:13:20.123456+00:00","hostname":"h1","service":"app.db","ddsource":"lh","logger.name":"app.db","error.stack":"Traceback\n","n":1.50,"host":"h1","message_":"other","o":{"k":[1,"x",null]},"none":null}"#
        );
    }
}
