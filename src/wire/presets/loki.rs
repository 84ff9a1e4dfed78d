//! Grafana Loki: `POST /loki/api/v1/push`, in JSON.
//!
//! After "Loki HTTP API, Ingest logs" (grafana.com/docs/loki/latest/reference/loki-http-api)
//! and "Label best practices" there: few labels with few values each make the
//! stream, `service_name`, `level` and `host`; everything else of a record is
//! structured metadata.
//!
//! Loki keeps one of several entries that have the same time and line, and
//! ignores the others ("Entry deduplication" there), and all lines that were
//! read at once have one time. So a time is written once: a record whose time
//! has been written gets the next nanosecond that is free, as Loki itself does
//! it where `increment_duplicate_timestamp` is set.

use std::collections::BTreeMap;

use super::{level_name, logger, text, write_as_text, write_message};
use crate::record::{Record, Value};
use crate::text::Formatter;
use crate::text::digits::write_number;
use crate::wire::host::Host;
use crate::wire::{Encode, Refused, fields, json};

/// What stands between a line's stream and its value.
pub const MARK: &[u8] = b"},\"values\":[";

/// Writes `{"stream":{…},"values":[["time","line",{…}]]}` for each record.
#[derive(Debug)]
pub struct LokiEncoder {
    host: Host,
    /// How the line is written; `None` is the message.
    line: Option<Formatter>,
    times: Times,
    scratch: Vec<u8>,
}

/// How many ranges of times are known at most.
const MOST_RANGES: usize = 4096;

/// The times that were written, in nanoseconds: the first of each range of them
/// and the last.
#[derive(Debug, Default)]
struct Times(BTreeMap<i64, i64>);

impl Times {
    /// The first moment from `wanted` on that was not written yet; it is written
    /// now.
    fn take(&mut self, wanted: i64) -> i64 {
        let mut at = wanted;
        let mut range = None;
        while let Some((&first, &last)) = self.0.range(..=at).next_back()
            && last >= at
        {
            // Those that touch become one.
            match range {
                None => range = Some(first),
                Some(_) => drop(self.0.remove(&first)),
            }
            at = last.saturating_add(1);
            if last == i64::MAX {
                break;
            }
        }
        self.0.insert(range.unwrap_or(at), at);
        if self.0.len() > MOST_RANGES {
            self.forget_far_from(at);
        }
        at
    }

    /// Those that come are near to the last one: what is farthest from it is the
    /// least likely to come again.
    fn forget_far_from(&mut self, at: i64) {
        let of = |end: Option<(&i64, &i64)>| end.map_or(0, |(first, _)| first.abs_diff(at));
        match of(self.0.first_key_value()) < of(self.0.last_key_value()) {
            true => self.0.pop_last(),
            false => self.0.pop_first(),
        };
    }
}

impl LokiEncoder {
    /// For records of this host, with lines in a format; `None`: the message.
    pub fn new(host: impl Into<Host>, line: Option<Formatter>) -> LokiEncoder {
        LokiEncoder {
            host: host.into(),
            line,
            times: Times::default(),
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
        let start = out.len();
        super::member("level", &level_name(record), out);
        // Escapes are of small letters anyway.
        out[start..].make_ascii_lowercase();
        super::member("host", self.host.of(record), out);
        out.extend_from_slice(MARK);
        let time = self.times.take(record.created.0.max(0));
        out.extend_from_slice(b"[\"");
        write_number(time.unsigned_abs(), 1, out);
        out.extend_from_slice(b"\",");
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
    /// Loki takes those for one that have the same time and line.
    #[test]
    fn no_two_lines_have_one_time() {
        let mut encoder = LokiEncoder::new("here".to_owned(), None);
        let lines: Vec<_> = (0..3).map(|_| plain_line(&mut encoder)).collect();
        for (line, nanos) in lines.iter().zip(0..) {
            let want = format!(r#"[["{}","hello"]]"#, 1_700_000_000_000_000_000_i64 + nanos);
            assert!(line.contains(&want), "{line}");
        }
    }

    #[test]
    fn a_time_is_written_once_and_is_the_next_that_is_free() {
        let mut times = Times::default();
        for (wanted, want) in [
            (10, 10),
            (10, 11),
            (10, 12),
            // Earlier ones are as they are, and so are those between.
            (5, 5),
            (13, 13),
            (11, 14),
            (16, 16),
            (10, 15),
            (10, 17),
            (5, 6),
            (i64::MAX, i64::MAX),
            (i64::MAX, i64::MAX),
        ] {
            assert_eq!(times.take(wanted), want, "{wanted}");
        }
    }

    /// Whether times rise, fall or mix, those that were written last are known.
    #[test]
    fn what_is_known_of_times_is_bounded() {
        let many = 10 * MOST_RANGES as i64;
        let risen: Vec<_> = (0..many).map(|n| n * 1000).collect();
        let fallen: Vec<_> = risen.iter().rev().copied().collect();
        for all in [risen, fallen] {
            let mut times = Times::default();
            for wanted in all {
                assert_eq!(times.take(wanted), wanted);
                assert_eq!(times.take(wanted), wanted + 1);
                assert!(times.0.len() <= MOST_RANGES);
            }
        }
        let mut times = Times::default();
        for wanted in 0..many {
            times.take(wanted % 3);
        }
        assert_eq!(times.0.into_iter().collect::<Vec<_>>(), [(0, many - 1)]);
    }
}
