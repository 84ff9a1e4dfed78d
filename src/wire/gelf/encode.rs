//! A record as an object of GELF.

use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::io::Write as _;

use super::{level_of, severity};
use crate::now::Timestamp;
use crate::record::{Record, Value};
use crate::text::digits::write_number;
use crate::wire::host::Host;
use crate::wire::{Encode, Refused, fields, json};

/// What stands for a text that may not be empty.
pub(super) const NOTHING: &str = "-";

/// What a sender says of itself.
#[derive(Clone, Debug)]
pub struct GelfOptions {
    /// The name of the host, for records without an attribute `host`. Graylog
    /// takes no empty one: a dash stands for that.
    pub host: Host,
}

/// Writes GELF 1.1: one object a record, neither framed nor compressed.
///
/// The message goes as `short_message`, its first line that is not blank (`-`
/// where there is none), and where that is not all of it, as `full_message`,
/// with the text of an exception behind it. `level` is a syslog severity;
/// `_level_name` and `_levelno` stand beside it where it does not tell the
/// level. The extra attribute `host` is the host.
///
/// Every other attribute gets an underscore before its name, `id` two: `_id` is
/// not allowed. Of a name only ASCII letters, digits, `_`, `.` and `-` are
/// kept; one that is taken, by a field of GELF or by what Graylog keeps to
/// itself, gets an underscore behind it, and one that has come to be like
/// another a number. Numbers stay numbers. GELF has nothing but numbers and
/// strings, and Graylog leaves out booleans: all other JSON goes as its text,
/// `null` not at all, as a field of numbers would not take its text.
#[derive(Debug)]
pub struct GelfEncoder {
    /// The host's name as a JSON string.
    host: Vec<u8>,
    /// For records of others.
    peers: Host,
    /// Hashes of the names of a record, where names had to be changed. Two
    /// names of one hash only get different names without need.
    seen: HashSet<u64>,
    hasher: RandomState,
}

impl GelfEncoder {
    /// An encoder for records of one sender.
    pub fn new(options: GelfOptions) -> GelfEncoder {
        let mut host = Vec::new();
        let name = match options.host.name() {
            name if is_blank(name.as_bytes()) => NOTHING,
            name => name,
        };
        json::write_string(name.as_bytes(), &mut host);
        GelfEncoder {
            host,
            peers: options.host,
            seen: HashSet::new(),
            hasher: RandomState::new(),
        }
    }

    fn write_extra(&mut self, record: &Record<'_>, host_is_written: bool, out: &mut Vec<u8>) {
        if record.extra.is_empty() {
            return;
        }
        // Names that need no change are different, as they were.
        let unchanged = record.extra.iter().all(|(key, _)| is_name(key));
        let (seen, hasher) = (&mut self.seen, &self.hasher);
        let mut number = 1u64;
        let taken = |key: &str, _: &Value<'_>| is_taken(key.as_bytes());
        fields::each_extra(record, taken, |key, underscores, value| {
            if (host_is_written && key == "host") || fields::is_null(value) {
                return;
            }
            out.extend_from_slice(b",\"_");
            let start = out.len();
            write_name(key, underscores, out);
            if !unchanged {
                let end = out.len();
                let own = key == "id";
                while (is_taken(&out[start..]) && !own)
                    || !seen.insert(hasher.hash_one(&out[start..]))
                {
                    // One count for all names: as many as there are, each is
                    // changed once or twice.
                    number += 1;
                    out.truncate(end);
                    let _ = write!(out, "_{number}");
                }
            }
            out.extend_from_slice(b"\":");
            write_value(value, out);
        });
        if !unchanged {
            seen.clear();
            // Clearing takes as long as the room is large.
            seen.shrink_to(256);
        }
    }
}

impl Encode for GelfEncoder {
    fn encode(
        &mut self,
        record: &Record<'_>,
        out: &mut Vec<u8>,
        end: &mut dyn FnMut(&mut Vec<u8>),
    ) -> Result<(), Refused> {
        out.extend_from_slice(b"{\"version\":\"1.1\",\"host\":");
        let host = match record.get("host") {
            Some(Value::Text(host)) if !is_blank(host.as_bytes()) => Some(host),
            _ => None,
        };
        match host.map(|host| &**host).or_else(|| self.peers.peer(record)) {
            Some(host) => json::write_string(host.as_bytes(), out),
            None => out.extend_from_slice(&self.host),
        }
        write_message(record, out);
        write_time(record.created, out);
        write_level(record, out);
        if !record.name.is_empty() {
            out.extend_from_slice(b",\"_logger\":");
            json::write_string(record.name.as_bytes(), out);
        }
        self.write_extra(record, host.is_some(), out);
        out.push(b'}');
        end(out);
        Ok(())
    }
}

fn write_message(record: &Record<'_>, out: &mut Vec<u8>) {
    let message = &*record.message;
    let exception = record.exc_text.as_deref().unwrap_or_default();
    // What Python's formatException takes off, too.
    let exception = exception.strip_suffix('\n').unwrap_or(exception).as_bytes();
    let short = first_line(message)
        .or_else(|| first_line(exception))
        .unwrap_or(NOTHING.as_bytes());
    out.extend_from_slice(b",\"short_message\":");
    json::write_string(short, out);
    if exception.is_empty() && (message.is_empty() || message == short) {
        return;
    }
    out.extend_from_slice(b",\"full_message\":\"");
    json::write_text(message, out);
    if !exception.is_empty() {
        if !message.is_empty() && !message.ends_with(b"\n") {
            out.extend_from_slice(b"\\n");
        }
        json::write_text(exception, out);
    }
    out.push(b'"');
}

/// The first line that is not blank, without its end.
fn first_line(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text;
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
        if !is_blank(line) {
            return Some(line);
        }
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    None
}

/// Whether Java would call it so: nothing but white space and controls.
fn is_blank(text: &[u8]) -> bool {
    if text.first().is_some_and(u8::is_ascii_graphic) {
        return false;
    }
    text.utf8_chunks().all(|chunk| {
        let mut chars = chunk.valid().chars();
        chunk.invalid().is_empty() && chars.all(|ch| ch.is_whitespace() || ch.is_control())
    })
}

/// Seconds with six places.
fn write_time(created: Timestamp, out: &mut Vec<u8>) {
    let micros = created.0.div_euclid(1000);
    out.extend_from_slice(b",\"timestamp\":");
    if micros < 0 {
        out.push(b'-');
    }
    write_number(micros.unsigned_abs() / 1_000_000, 1, out);
    out.push(b'.');
    write_number(micros.unsigned_abs() % 1_000_000, 6, out);
}

fn write_level(record: &Record<'_>, out: &mut Vec<u8>) {
    let (level, number) = (record.level, severity(record.level));
    let plain = level_of(number, None) == Some(level);
    out.extend_from_slice(b",\"level\":");
    write_number(number.into(), 1, out);
    let name = match &record.level_name {
        Some(name) if plain && level.name() == Some(name) => return,
        Some(name) => Cow::Borrowed(&**name),
        None if plain => return,
        None => Cow::Owned(level.to_string()),
    };
    out.extend_from_slice(b",\"_level_name\":");
    json::write_string(name.as_bytes(), out);
    if level_of(number, fields::word_level(&name)) != Some(level) {
        // Writing to a vector cannot fail.
        let _ = write!(out, ",\"_levelno\":{}", level.0);
    }
}

/// Whether Graylog would leave out a field of that name (with an underscore
/// before it), or the record needs it itself.
fn is_taken(name: &[u8]) -> bool {
    match name {
        b"logger" | b"level_name" | b"levelno" => true,
        b"message" | b"short_message" | b"full_message" | b"source" | b"host" | b"timestamp"
        | b"level" => true,
        // Of the document that Graylog makes of it.
        b"_id" | b"_ttl" | b"_source" | b"_all" | b"_index" | b"_type" | b"_score" => true,
        _ => false,
    }
}

/// Whether a key is a name as it is; the specification: `^[\w\.\-]*$`, where
/// Java's `\w` is ASCII.
fn is_name(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(is_name_byte)
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')
}

fn write_name(key: &str, underscores: usize, out: &mut Vec<u8>) {
    if key == "id" || key.is_empty() {
        out.push(b'_');
    }
    match is_name(key) {
        true => out.extend_from_slice(key.as_bytes()),
        false => out.extend(key.chars().map(|ch| match u8::try_from(ch) {
            Ok(byte) if is_name_byte(byte) => byte,
            _ => b'_',
        })),
    }
    out.resize(out.len() + underscores, b'_');
}

fn write_value(value: &Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Text(text) => json::write_string(text.as_bytes(), out),
        Value::Json(json) if json.starts_with(|ch: char| ch == '-' || ch.is_ascii_digit()) => {
            out.extend_from_slice(json.as_bytes());
        }
        Value::Json(json) => json::write_string(json.as_bytes(), out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::Level;
    use crate::record::Defaults;

    fn encoder() -> GelfEncoder {
        GelfEncoder::new(GelfOptions {
            host: "web1".into(),
        })
    }

    fn encoded(encoder: &mut GelfEncoder, record: &Record<'_>) -> String {
        let (mut out, mut ends) = (Vec::new(), 0);
        encoder
            .encode(record, &mut out, &mut |_| ends += 1)
            .unwrap();
        assert_eq!(ends, 1);
        String::from_utf8(out).unwrap()
    }

    fn with<'a>(defaults: &'a Defaults, extra: &[(&'a str, Value<'a>)]) -> Record<'a> {
        let mut record = Record::new(defaults, Timestamp(0));
        record.message = Cow::Borrowed(b"m");
        let extra = extra.iter().cloned();
        record.extra = extra.map(|(key, value)| (key.into(), value)).collect();
        record
    }

    /// The names behind `_logger`.
    fn names(extra: &[(&str, Value<'_>)]) -> String {
        let defaults = Defaults::default();
        let text = encoded(&mut encoder(), &with(&defaults, extra));
        let mut fields = Vec::new();
        json::read_object(text.as_bytes(), &mut fields).unwrap();
        let names: Vec<&str> = fields.iter().map(|(key, _)| &**key).collect();
        let fixed = ["version", "host", "short_message", "timestamp", "level"];
        assert_eq!(names[..6], [&fixed[..], &["_logger"]].concat());
        names[6..].join(" ")
    }

    #[test]
    fn one_object() {
        let defaults = Defaults::default();
        let mut record = Record::new(&defaults, Timestamp(1_385_053_862_307_219_999));
        record.message = Cow::Borrowed(b"A \"short\"\tmessage\xff\r\nand more\x00");
        record.exc_text = Some("Traceback:\n  x\n".into());
        record.level = Level::ERROR;
        record.name = "app".into();
        let extra = [
            ("user", Value::Text("me\n".into())),
            ("n", Value::Json("-1.50".into())),
            ("ok", Value::Json("true".into())),
            ("gone", Value::Json("null".into())),
            ("list", Value::Json("[1, \"a\"]".into())),
        ];
        record.extra = extra.map(|(key, value)| (key.into(), value)).to_vec();
        assert_eq!(
            encoded(&mut encoder(), &record),
            r#"{"version":"1.1","host":"web1","short_message":"A \"short\"\tmessageRR","full_message":"A \"short\"\tmessageRR\r\nand more\u0000\nTraceback:\n  x","timestamp":1385053862.307219,"level":3,"_logger":"app","_user":"me\n","_n":-1.50,"_ok":"true","_list":"[1, \"a\"]"}"#
                .replace("RR", "\u{fffd}")
        );
    }

    #[test]
    fn a_short_message_is_never_blank() {
        type Case<'a> = (&'a [u8], Option<&'a str>, &'a str, Option<&'a str>);
        let cases: [Case<'_>; 13] = [
            (b"a", None, "a", None),
            (b"a\n", None, "a", Some(r"a\n")),
            (b"a\r\nb", None, "a", Some(r"a\r\nb")),
            (b"\n \r\n\t b\nc", None, r"\t b", Some(r"\n \r\n\t b\nc")),
            (b"", None, "-", None),
            (b"-", None, "-", None),
            (b" ", None, "-", Some(" ")),
            (b"\0\x0b\n", None, "-", Some(r"\u0000\u000b\n")),
            (
                "\u{2003}\u{85}".as_bytes(),
                None,
                "-",
                Some("\u{2003}\\u0085"),
            ),
            (b"a", Some("T\n"), "a", Some(r"a\nT")),
            (b"a\n", Some("T"), "a", Some(r"a\nT")),
            (b"", Some("T:\nx"), "T:", Some(r"T:\nx")),
            (b"a", Some(""), "a", None),
        ];
        let defaults = Defaults::default();
        for (message, exception, short, full) in cases {
            let mut record = with(&defaults, &[]);
            record.message = Cow::Borrowed(message);
            record.exc_text = exception.map(Cow::Borrowed);
            let text = encoded(&mut encoder(), &record);
            let full = full.map_or(String::new(), |full| format!(r#","full_message":"{full}""#));
            let want = format!(r#""short_message":"{short}"{full},"timestamp""#);
            assert!(text.contains(&want), "{message:?}: {text}");
        }
    }

    #[test]
    fn the_host_is_the_records_own() {
        let cases = [
            (Value::Text("db2".into()), "db2", ""),
            (Value::Text(" ".into()), "web1", "_host_"),
            (Value::Json("7".into()), "web1", "_host_"),
            (Value::Json("null".into()), "web1", ""),
        ];
        for (value, host, name) in cases {
            let extra = [("host", value)];
            let defaults = Defaults::default();
            let text = encoded(&mut encoder(), &with(&defaults, &extra));
            assert!(text.starts_with(&format!(r#"{{"version":"1.1","host":"{host}","#)));
            assert_eq!(names(&extra), name);
        }
        let host = "\t".to_owned();
        let text = encoded(
            &mut GelfEncoder::new(GelfOptions { host: host.into() }),
            &with(&Defaults::default(), &[]),
        );
        assert!(text.contains(r#""host":"-""#));
    }

    #[test]
    fn no_two_names_are_alike() {
        let text = |keys: &[&'static str]| {
            let extra: Vec<_> = keys
                .iter()
                .map(|&key| (key, Value::Json("1".into())))
                .collect();
            names(&extra)
        };
        assert_eq!(text(&["a.b-c_9", "_x", "id"]), "_a.b-c_9 __x __id");
        assert_eq!(text(&["id", "_id", "_id_"]), "__id __id__ __id_");
        assert_eq!(
            text(&["level", "level_", "source"]),
            "_level__ _level_ _source_"
        );
        assert_eq!(
            text(&["logger", "_source", "x", "x"]),
            "_logger_ __source_ _x"
        );
        assert_eq!(text(&["a b", "a_b", "a\"b", ""]), "_a_b _a_b_2 _a_b_3 __");
        assert_eq!(
            text(&["\u{e9}", "_", "\u{1f600}", "__"]),
            "__ ___2 ___3 ___"
        );
        assert_eq!(
            text(&["?id", "id", "short message", "level?", "level"]),
            "__id_2 __id _short_message_3 _level_ _level__4"
        );
    }

    #[test]
    fn many_odd_names_take_no_more_than_they_are() {
        let keys: Vec<String> = (0x4e00..0x9e00u32)
            .filter_map(char::from_u32)
            .map(String::from)
            .collect();
        let extra: Vec<_> = keys
            .iter()
            .map(|key| (&**key, Value::Json("1".into())))
            .collect();
        let defaults = Defaults::default();
        let mut encoder = encoder();
        let text = encoded(&mut encoder, &with(&defaults, &extra));
        assert!(text.len() < keys.len() * 14);
        assert!(encoder.seen.capacity() < 1000);
    }

    #[test]
    fn levels_are_severities() {
        let cases = [
            (
                Level::NOTSET,
                None,
                r#""level":7,"_level_name":"Level 0","_logger""#,
            ),
            (
                Level::TRACE,
                None,
                r#""level":7,"_level_name":"TRACE","_logger""#,
            ),
            (Level::DEBUG, None, r#""level":7,"_logger""#),
            (Level::INFO, None, r#""level":6,"_logger""#),
            (Level::NOTICE, None, r#""level":5,"_logger""#),
            (Level::WARNING, None, r#""level":4,"_logger""#),
            (Level::ERROR, None, r#""level":3,"_logger""#),
            (Level::CRITICAL, None, r#""level":2,"_logger""#),
            (Level::ALERT, None, r#""level":1,"_logger""#),
            (Level::EMERGENCY, None, r#""level":0,"_logger""#),
            (
                Level(u32::MAX),
                None,
                r#""level":0,"_level_name":"Level 4294967295","_logger""#,
            ),
            (
                Level(35),
                None,
                r#""level":4,"_level_name":"Level 35","_logger""#,
            ),
            (
                Level(35),
                Some("LOUD"),
                r#""level":4,"_level_name":"LOUD","_levelno":35,"_logger""#,
            ),
            (
                Level(25),
                Some("SUCCESS"),
                r#""level":5,"_level_name":"SUCCESS","_logger""#,
            ),
            (
                Level(25),
                Some("ERROR"),
                r#""level":5,"_level_name":"ERROR","_logger""#,
            ),
            (
                Level(10),
                Some("TRACE"),
                r#""level":7,"_level_name":"TRACE","_levelno":10,"_logger""#,
            ),
            (Level(40), Some("ERROR"), r#""level":3,"_logger""#),
        ];
        let defaults = Defaults::default();
        for (level, name, want) in cases {
            let mut record = with(&defaults, &[]);
            record.level = level;
            record.level_name = name.map(Cow::Borrowed);
            let text = encoded(&mut encoder(), &record);
            assert!(text.contains(want), "{level:?}: {text}");
        }
    }

    #[test]
    fn times() {
        let cases = [
            (0, "0.000000"),
            (1_999, "0.000001"),
            (-1, "-0.000001"),
            (-1_500_000_000, "-1.500000"),
            (i64::MAX, "9223372036.854775"),
            (i64::MIN, "-9223372036.854776"),
        ];
        let defaults = Defaults::default();
        for (nanos, want) in cases {
            let mut record = with(&defaults, &[]);
            record.created = Timestamp(nanos);
            let text = encoded(&mut encoder(), &record);
            assert!(text.contains(&format!(r#""timestamp":{want},"#)), "{text}");
        }
    }

    /// The room of a first record does for those that are like it.
    #[test]
    fn no_room_is_taken_again() {
        let defaults = Defaults::default();
        let record = with(
            &defaults,
            &[
                ("a b", Value::Json("1".into())),
                ("id", Value::Json("2".into())),
            ],
        );
        let (mut encoder, mut out) = (encoder(), Vec::new());
        encoder.encode(&record, &mut out, &mut |_| {}).unwrap();
        let (first, room, seen) = (out.clone(), out.capacity(), encoder.seen.capacity());
        for _ in 0..100 {
            out.clear();
            encoder.encode(&record, &mut out, &mut |_| {}).unwrap();
            assert_eq!(out, first);
        }
        assert_eq!((out.capacity(), encoder.seen.capacity()), (room, seen));
    }
}
