//! OpenTelemetry: OTLP/HTTP with JSON, `POST /v1/logs`.
//!
//! After "OTLP Specification 1" (opentelemetry.io/docs/specs/otlp), "Logs Data
//! Model" for severities and trace context, and the JSON mapping of
//! `opentelemetry/proto/logs/v1/logs.proto`: 64-bit integers are strings, ids
//! are hexadecimal. The resource takes `OTEL_SERVICE_NAME` and
//! `OTEL_RESOURCE_ATTRIBUTES` from the environment, as every SDK does.

use std::borrow::Cow;
use std::io::Write as _;

use super::elasticsearch::Rest;
use super::{exception, level_name};
use crate::level::Level;
use crate::record::{Record, Value};
use crate::text::digits::write_number;
use crate::wire::host::Host;
use crate::wire::tree::{DEPTH, Node, node};
use crate::wire::{Encode, Refused, fields, json};

/// What stands between a record's scope and the record.
pub const MARK: &[u8] = b"},\"logRecords\":[";

/// Names under which a record may have the id of its trace, that of its span,
/// and the flags of its trace.
const TRACE: [&str; 4] = ["trace_id", "traceId", "trace.id", "otelTraceID"];
const SPAN: [&str; 4] = ["span_id", "spanId", "span.id", "otelSpanID"];
const FLAGS: [&str; 2] = ["trace_flags", "traceFlags"];

/// Writes `{"scope":{"name":…},"logRecords":[{…}]}` for each record, the logger
/// being the scope; around that, for a record of another host than the usual one,
/// `{"resource":{"attributes":[…]},"scopeLogs":[…]}`.
#[derive(Debug, Default)]
pub struct OtlpEncoder {
    /// `None`: all records are of one.
    resource: Option<Resource>,
}

impl OtlpEncoder {
    /// For records of these resources.
    pub fn new(resource: Resource) -> OtlpEncoder {
        OtlpEncoder {
            resource: Some(resource),
        }
    }
}

impl Encode for OtlpEncoder {
    fn encode(
        &mut self,
        record: &Record<'_>,
        out: &mut Vec<u8>,
        end: &mut dyn FnMut(&mut Vec<u8>),
    ) -> Result<(), Refused> {
        let resource = self.resource.as_ref();
        let own = resource.and_then(|resource| Some((resource, resource.other_host(record)?)));
        if let Some((resource, host)) = own {
            resource.write(host, out);
        }
        out.extend_from_slice(b"{\"scope\":{\"name\":");
        json::write_string(record.name.as_bytes(), out);
        out.extend_from_slice(MARK);
        out.extend_from_slice(b"{\"timeUnixNano\":\"");
        write_number(record.created.0.max(0).unsigned_abs(), 1, out);
        out.push(b'"');
        let severity = severity(record.level);
        if severity > 0 {
            // Writing to a vector cannot fail.
            let _ = write!(out, ",\"severityNumber\":{severity}");
        }
        super::member("severityText", &level_name(record), out);
        out.extend_from_slice(b",\"body\":{\"stringValue\":");
        json::write_string(&record.message, out);
        out.push(b'}');
        let trace = id(record, &TRACE, 32);
        let span = id(record, &SPAN, 16);
        let flags = FLAGS
            .iter()
            .find_map(|name| Some((*name, flags(record.get(name)?)?)));
        for (member, found) in [("traceId", &trace), ("spanId", &span)] {
            if let Some((_, id)) = found {
                super::member(member, &id.to_ascii_lowercase(), out);
            }
        }
        if let Some((_, flags)) = flags {
            let _ = write!(out, ",\"flags\":{flags}");
        }
        let used = [trace.map(|(name, _)| name), span.map(|(name, _)| name)];
        let used = [used[0], used[1], flags.map(|(name, _)| name)];
        write_attributes(record, &used, out);
        out.extend_from_slice(b"}]}");
        if own.is_some() {
            out.extend_from_slice(RESOURCE_END);
        }
        end(out);
        Ok(())
    }
}

fn write_attributes(record: &Record<'_>, used: &[Option<&str>], out: &mut Vec<u8>) {
    const TRACEBACK: &str = "exception.stacktrace";
    let mut first = true;
    let mut begin = |out: &mut Vec<u8>| {
        let start: &[u8] = match std::mem::take(&mut first) {
            true => b",\"attributes\":[{\"key\":\"",
            false => b",{\"key\":\"",
        };
        out.extend_from_slice(start);
    };
    let trace = exception(record);
    if let Some(trace) = trace {
        begin(out);
        out.extend_from_slice(TRACEBACK.as_bytes());
        out.extend_from_slice(b"\",\"value\":");
        write_any(&Value::Text(Cow::Borrowed(trace)), 0, out);
        out.push(b'}');
    }
    let taken = |name: &str, _: &Value<'_>| trace.is_some() && name == TRACEBACK;
    fields::each_extra(record, taken, |name, underscores, value| {
        if used.contains(&Some(name)) {
            return;
        }
        begin(out);
        json::write_text(name.as_bytes(), out);
        out.resize(out.len() + underscores, b'_');
        out.extend_from_slice(b"\",\"value\":");
        write_any(value, 0, out);
        out.push(b'}');
    });
    if !first {
        out.push(b']');
    }
}

/// An id of so many hexadecimal digits, not all of them 0, and its name.
fn id<'r>(
    record: &'r Record<'_>,
    names: &[&'static str],
    length: usize,
) -> Option<(&'static str, &'r str)> {
    names.iter().find_map(|name| match record.get(name) {
        Some(Value::Text(text)) => {
            let fits = text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit());
            (fits && text.bytes().any(|byte| byte != b'0')).then_some((*name, &**text))
        }
        _ => None,
    })
}

fn flags(value: &Value<'_>) -> Option<u8> {
    match value {
        Value::Text(text) if text.len() == 2 => u8::from_str_radix(text, 16).ok(),
        Value::Text(_) => None,
        Value::Json(number) => number.parse().ok(),
    }
}

/// `SeverityNumber`; 0 where none is known.
fn severity(level: Level) -> u32 {
    match level.0 {
        0 => 0,
        1..10 => 1,
        10..20 => 5,
        20..25 => 9,
        25..30 => 10,
        30..40 => 13,
        40..50 => 17,
        50..60 => 21,
        60..70 => 22,
        70.. => 23,
    }
}

/// An `AnyValue`; null is the one without a value.
fn write_any(value: &Value<'_>, depth: usize, out: &mut Vec<u8>) {
    let text = |text: &str, out: &mut Vec<u8>| {
        out.extend_from_slice(b"{\"stringValue\":");
        json::write_string(text.as_bytes(), out);
        out.push(b'}');
    };
    if let (Value::Json(json), true) = (value, depth == DEPTH) {
        return text(json, out);
    }
    match node(value) {
        Node::Text(string) => text(&string, out),
        Node::Word("null") => out.extend_from_slice(b"{}"),
        Node::Word(word @ ("true" | "false")) => drop(write!(out, "{{\"boolValue\":{word}}}")),
        Node::Word(word) => match (word.parse::<i64>(), word.parse::<f64>()) {
            (Ok(number), _) => drop(write!(out, "{{\"intValue\":\"{number}\"}}")),
            (_, Ok(number)) if number.is_finite() => {
                drop(write!(out, "{{\"doubleValue\":{number:?}}}"));
            }
            _ => text(word, out),
        },
        Node::List(items) => {
            out.extend_from_slice(b"{\"arrayValue\":{\"values\":[");
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_any(item, depth + 1, out);
            }
            out.extend_from_slice(b"]}}");
        }
        Node::Object(members) => {
            out.extend_from_slice(b"{\"kvlistValue\":{\"values\":[");
            for (index, (name, member)) in members.iter().enumerate() {
                out.extend_from_slice(if index > 0 {
                    b",{\"key\":"
                } else {
                    b"{\"key\":"
                });
                json::write_string(name.as_bytes(), out);
                out.extend_from_slice(b",\"value\":");
                write_any(member, depth + 1, out);
                out.push(b'}');
            }
            out.extend_from_slice(b"]}}");
        }
    }
}

/// What stands before the resources of a request.
pub const START: &[u8] = b"{\"resourceLogs\":[";
/// What stands behind the resources.
pub const END: &[u8] = b"]}";
/// What a record begins with that has a resource of its own.
pub const RESOURCE: &[u8] = b"{\"resource\":{\"attributes\":[";
/// What stands between a resource and its scopes.
pub const SCOPES: &[u8] = b"]},\"scopeLogs\":[";
/// What stands behind the scopes of a resource.
pub const RESOURCE_END: &[u8] = b"]}";

/// What records come from: one resource for each host.
#[derive(Debug)]
pub struct Resource {
    host: Host,
    /// What stands before the name of the host, and what behind it.
    around: (Vec<u8>, Vec<u8>),
    /// The environment says what host it is.
    is_given: bool,
}

impl Resource {
    /// For records of this host, or of those that they name. `service` and
    /// `attributes` are those of the environment (`OTEL_SERVICE_NAME`, and
    /// `OTEL_RESOURCE_ATTRIBUTES` as `key=value` pairs, percent-encoded, with commas
    /// between them). A `host.name` among them is that of all records.
    pub fn new(host: impl Into<Host>, service: Option<&str>, attributes: Option<&str>) -> Resource {
        const HOST: &str = "host.name";
        let mut host = host.into();
        let mut all: Vec<(String, String)> =
            vec![("service.name".to_owned(), "unknown_service:lh".to_owned())];
        let mut is_given = false;
        let mut set =
            |name: &str, value: String| match all.iter_mut().find(|(other, _)| other == name) {
                Some(known) => known.1 = value,
                None => all.push((name.to_owned(), value)),
            };
        let pairs = attributes.unwrap_or_default().split(',');
        for (name, value) in pairs.filter_map(|pair| pair.split_once('=')) {
            let (name, value) = (name.trim(), percent_decoded(value.trim()));
            if name == HOST {
                host = value.into();
                is_given = true;
            } else if !name.is_empty() {
                set(name, value);
            }
        }
        if let Some(service) = service.filter(|service| !service.is_empty()) {
            set("service.name", service.to_owned());
        }
        let (mut before, mut behind) = (RESOURCE.to_vec(), Vec::new());
        for (index, (name, value)) in all.iter().enumerate() {
            let out = match index {
                0 => &mut before,
                _ => {
                    behind.push(b',');
                    &mut behind
                }
            };
            write_key(name, out);
            write_any(&Value::Text(Cow::Borrowed(value)), 0, out);
            out.push(b'}');
        }
        before.push(b',');
        write_key(HOST, &mut before);
        behind.insert(0, b'}');
        behind.extend_from_slice(SCOPES);
        Resource {
            host,
            around: (before, behind),
            is_given,
        }
    }

    /// The resource of records that have none of their own, up to its scopes.
    pub fn usual(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(self.host.name(), &mut out);
        out
    }

    fn write(&self, host: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.around.0);
        write_any(&Value::Text(Cow::Borrowed(host)), 0, out);
        out.extend_from_slice(&self.around.1);
    }

    /// The host of a record, if it is not the usual one.
    fn other_host<'r>(&'r self, record: &'r Record<'_>) -> Option<&'r str> {
        if self.is_given {
            return None;
        }
        Some(self.host.of(record)).filter(|host| *host != self.host.name())
    }
}

fn write_key(name: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"key\":");
    json::write_string(name.as_bytes(), out);
    out.extend_from_slice(b",\"value\":");
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let digits = behind
            .get(..2)
            .and_then(|two| std::str::from_utf8(two).ok());
        let byte = digits.and_then(|two| u8::from_str_radix(two, 16).ok());
        match byte.filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// How many records of a request a receiver has refused though it took the others
/// (`partialSuccess`), and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rejected {
    /// How many; 0 where all were taken.
    pub count: u64,
    /// The receiver's words.
    pub reason: String,
}

/// Reads what a receiver says of a request that it took, as far as the answer goes,
/// which may be cut off; `None`: that is no word of whether it took all.
pub fn read_rejected(answer: &[u8]) -> Option<Rejected> {
    if answer.trim_ascii().is_empty() {
        return Some(Rejected::default());
    }
    let (mut count, mut reason) = (None, None);
    let whole = each_member(&mut Rest(answer), &mut |name, rest| match name {
        "partialSuccess" | "partial_success" if rest.begins(b'{') => {
            each_member(rest, &mut |name, rest| {
                match name {
                    "rejectedLogRecords" | "rejected_log_records" => {
                        count = Some(number(&rest.value()?)?);
                    }
                    "errorMessage" | "error_message" => reason = Some(text(rest)?),
                    _ => drop(rest.value()?),
                }
                Some(())
            })
        }
        _ => rest.value().map(drop),
    });
    let count = count.or(whole.map(|()| 0))?;
    let reason = reason.unwrap_or_else(|| "no reason is given".to_owned());
    Some(Rejected { count, reason })
}

/// Goes through an object; `None`: it is none, or ends too early.
fn each_member<'a>(
    rest: &mut Rest<'a>,
    each: &mut dyn FnMut(&str, &mut Rest<'a>) -> Option<()>,
) -> Option<()> {
    rest.skip(b'{')?;
    if rest.skip(b'}').is_some() {
        return Some(());
    }
    loop {
        let name = rest.value()?;
        rest.skip(b':')?;
        each(name.as_str()?, rest)?;
        if rest.skip(b'}').is_some() {
            return Some(());
        }
        rest.skip(b',')?;
    }
}

/// A 64-bit integer, which is a text in this JSON, or what stands for 0.
fn number(value: &serde_json::Value) -> Option<u64> {
    match value {
        serde_json::Value::Null => Some(0),
        serde_json::Value::String(digits) => digits.parse().ok(),
        value => value.as_u64(),
    }
}

/// A text, or the start of one that is cut off.
fn text(rest: &mut Rest<'_>) -> Option<String> {
    if let Some(value) = rest.value() {
        return Some(value.as_str().unwrap_or_default().to_owned());
    }
    let cut = std::mem::take(&mut rest.0).trim_ascii_start();
    let cut = cut.strip_prefix(b"\"")?;
    Some(String::from_utf8_lossy(cut).into_owned())
}

#[cfg(test)]
mod tests {
    use super::super::tests::line;
    use super::*;
    use crate::now::Timestamp;
    use crate::record::Defaults;

    #[test]
    fn a_log_record() {
        assert_eq!(
            line(&mut OtlpEncoder::default()),
            r#"{"scope":{"name":"app.db"},"logRecords":[{"timeUnixNano":"1700000000123456789","severityNumber":17,"severityText":"ERROR","body":{"stringValue":"a \"b\"\nc�"},"attributes":[{"key":"exception.stacktrace","value":{"stringValue":"Traceback\n"}},{"key":"n","value":{"doubleValue":1.5}},{"key":"host","value":{"stringValue":"h1"}},{"key":"message","value":{"stringValue":"other"}},{"key":"o","value":{"kvlistValue":{"values":[{"key":"k","value":{"arrayValue":{"values":[{"intValue":"1"},{"stringValue":"x"},{}]}}}]}}},{"key":"none","value":{}}]}]}"#
        );
    }

    #[test]
    fn ids_that_are_none_stay_attributes() {
        let ids = |trace: &str, span: &str| {
            let defaults = Defaults::default();
            let mut record = Record::new(&defaults, Timestamp(1));
            record.extra = vec![
                ("trace_id".into(), Value::Text(trace.into())),
                ("spanId".into(), Value::Text(span.into())),
                ("trace_flags".into(), Value::Text("01".into())),
            ];
            let mut out = Vec::new();
            let mut encoder = OtlpEncoder::default();
            encoder.encode(&record, &mut out, &mut |_| {}).unwrap();
            String::from_utf8(out).unwrap()
        };
        let good = ids("0AF7651916CD43DD8448EB211C80319C", "b7ad6b7169203331");
        let want = r#""traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","flags":1}]}"#;
        assert!(good.ends_with(want), "{good}");
        let bad = ids(&"0".repeat(32), "x");
        assert!(
            !bad.contains("traceId") && bad.contains("\"key\":\"trace_id\""),
            "{bad}"
        );
    }

    #[test]
    fn the_resource_is_of_the_environment() {
        let text = |service, attributes| {
            let usual = Resource::new("h", service, attributes).usual();
            String::from_utf8([START, &usual].concat()).unwrap()
        };
        assert!(text(None, None).contains("unknown_service:lh"));
        let all = text(
            Some("shop"),
            Some("service.name=x, env=a%2Cb ,bad,=y,host.name=z%"),
        );
        assert_eq!(
            all,
            r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}},{"key":"host.name","value":{"stringValue":"z%"}},{"key":"env","value":{"stringValue":"a,b"}}]},"scopeLogs":["#
        );
    }

    #[test]
    fn each_host_is_a_resource() {
        let relay = || Host::of_peers("relay".to_owned());
        let defaults = Defaults::default();
        let written = |resource, extra: &[(&'static str, &'static str)]| {
            let mut record = Record::new(&defaults, Timestamp(1));
            record.message = b"m"[..].into();
            let extra = extra
                .iter()
                .map(|(k, v)| ((*k).into(), Value::Text((*v).into())));
            record.extra = extra.collect();
            let mut out = Vec::new();
            let mut encoder = OtlpEncoder::new(resource);
            encoder.encode(&record, &mut out, &mut |_| {}).unwrap();
            String::from_utf8(out).unwrap()
        };
        let own = |extra: &[_]| written(Resource::new(relay(), Some("s"), None), extra);
        assert!(own(&[]).starts_with("{\"scope\":"), "{}", own(&[]));
        assert!(own(&[("host", "relay")]).starts_with("{\"scope\":"));
        for (extra, host) in [
            ([("host", "fw1"), ("peer", "192.0.2.7:9")], "fw1"),
            ([("a", "b"), ("peer", "192.0.2.7:9")], "192.0.2.7"),
        ] {
            let text = own(&extra);
            let start = format!(
                r#"{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"s"}}}},{{"key":"host.name","value":{{"stringValue":"{host}"}}}}]}},"scopeLogs":[{{"scope":"#
            );
            assert!(text.starts_with(&start), "{text}");
            serde_json::from_str::<serde_json::Value>(&text).expect(&text);
        }
        let given = Resource::new(relay(), None, Some("host.name=x"));
        let text = written(given, &[("host", "fw1"), ("peer", "192.0.2.7:9")]);
        assert!(text.starts_with("{\"scope\":"), "{text}");
    }

    #[test]
    fn what_a_receiver_refused_in_part() {
        let read = |answer: &str| read_rejected(answer.as_bytes()).map(|found| found.count);
        for all_taken in [
            "",
            "\n",
            "{}",
            r#"{"partialSuccess":{}}"#,
            r#"{"partialSuccess":null}"#,
            r#"{"partialSuccess":{"rejectedLogRecords":"0","errorMessage":"slow"}}"#,
            // It is said by then.
            r#"{"partialSuccess":{"rejectedLogRecords":"0","errorMessage":"sl"#,
        ] {
            assert_eq!(read(all_taken), Some(0), "{all_taken}");
        }
        for some in [
            r#"{"partialSuccess":{"rejectedLogRecords":3,"errorMessage":"no"}}"#,
            r#"{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"no"}}"#,
            r#"{"partial_success":{"rejected_log_records":"3","error_message":"no"}}"#,
            r#"{ "x": [1, {}], "partialSuccess" : { "errorMessage": "no" , "rejectedLogRecords": 3 } }"#,
            r#"{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"no"#,
        ] {
            let want = Rejected {
                count: 3,
                reason: "no".to_owned(),
            };
            assert_eq!(read_rejected(some.as_bytes()), Some(want), "{some}");
        }
        let cut = read_rejected(br#"{"partialSuccess":{"rejectedLogRecords":"3","err"#);
        assert_eq!(
            cut.map(|found| found.reason).as_deref(),
            Some("no reason is given")
        );
        for no_word in [
            "ok",
            "\u{1f}\u{8b}",
            "[]",
            "{",
            r#"{"partialSuccess":{"errorMessage":"n"#,
            r#"{"partialSuccess":{"rejectedLogRecords":"x"}}"#,
            r#"{"partialSuccess":{"rejectedLogRecords":-1}}"#,
        ] {
            assert_eq!(read(no_word), None, "{no_word}");
        }
    }
}
