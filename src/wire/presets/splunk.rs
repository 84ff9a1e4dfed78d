//! Splunk's HTTP Event Collector: `POST /services/collector/event`.
//!
//! After "Format events for HTTP Event Collector" (docs.splunk.com, Getting
//! Data In): events stand one behind the other, each an object with `time`,
//! `host`, `source`, `sourcetype` and `event`. The event is an object, for an
//! empty string would be refused, and its sourcetype `_json` makes its members
//! fields.

use super::{exception, level_name, member, write_extra};
use crate::record::Record;
use crate::text::digits::write_number;
use crate::wire::host::Host;
use crate::wire::{Encode, Refused, json};

/// Writes an event for each record.
#[derive(Debug)]
pub struct SplunkEncoder {
    host: Host,
}

impl SplunkEncoder {
    /// For records of this host.
    pub fn new(host: impl Into<Host>) -> SplunkEncoder {
        SplunkEncoder { host: host.into() }
    }
}

impl Encode for SplunkEncoder {
    fn encode(
        &mut self,
        record: &Record<'_>,
        out: &mut Vec<u8>,
        end: &mut dyn FnMut(&mut Vec<u8>),
    ) -> Result<(), Refused> {
        let created = record.created;
        out.extend_from_slice(b"{\"time\":");
        write_number(created.secs().max(0).unsigned_abs(), 1, out);
        out.push(b'.');
        write_number((created.subsec_nanos() / 1000).into(), 6, out);
        member("host", self.host.of(record), out);
        member("source", &record.name, out);
        out.extend_from_slice(b",\"sourcetype\":\"_json\",\"event\":{\"message\":");
        json::write_string(&record.message, out);
        member("level", &level_name(record), out);
        member("logger", &record.name, out);
        if let Some(trace) = exception(record) {
            member("exc_text", trace, out);
        }
        write_extra(record, &["message", "level", "logger", "exc_text"], out);
        out.extend_from_slice(b"}}");
        end(out);
        Ok(())
    }
}

/// Reads whether an answer 400 is about the request, and not about an event of
/// it, and what is to be done then: by the codes of "Troubleshoot HTTP Event
/// Collector" (docs.splunk.com). None of the events has an index of its own, so
/// that a wrong one is the token's.
pub fn read_hint(answer: &[u8]) -> Option<&'static str> {
    let answer: serde_json::Value = serde_json::from_slice(answer).ok()?;
    match answer["code"].as_u64()? {
        7 => Some("may this token write to its index?"),
        10 | 11 => Some(
            "its token wants a channel, a GUID of your own: \
             --header 'X-Splunk-Request-Channel: GUID'",
        ),
        14 => Some("the URL asks for acknowledgements, which its token has not"),
        16 => Some("the token goes into --bearer-file, and not into the URL"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::line;
    use super::*;

    #[test]
    fn what_is_about_the_request() {
        let hint = |code| read_hint(format!(r#"{{"text": "x", "code": {code}}}"#).as_bytes());
        for code in [10, 11] {
            assert!(hint(code).is_some_and(|hint| hint.contains("Channel: ")));
        }
        for code in [7, 14, 16] {
            assert!(hint(code).is_some(), "{code}");
        }
        // Invalid data, and events that are missing, empty or have bad fields.
        for code in [5, 6, 12, 13, 15] {
            assert_eq!(hint(code), None, "{code}");
        }
        assert_eq!(read_hint(b"<html>"), None);
    }

    #[test]
    fn an_event() {
        assert_eq!(
            line(&mut SplunkEncoder::new("here".to_owned())),
            r#"{"time":1700000000.123456,"host":"h1","source":"app.db","sourcetype":"_json","event":{"message":"a \"b\"\nc�","level":"ERROR","logger":"app.db","exc_text":"Traceback\n","n":1.50,"host":"h1","message_":"other","o":{"k":[1,"x",null]},"none":null}}"#
        );
    }
}
