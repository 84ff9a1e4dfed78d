//! An object of GELF as a record.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem::{self, Finder};

use super::encode::NOTHING;
use super::{level_of, severity};
use crate::level::Level;
use crate::now::Timestamp;
use crate::record::{Defaults, LevelScale, Record, Value};
use crate::wire::{fields, json};

/// Why bytes are no GELF.
#[derive(Debug, thiserror::Error)]
pub enum NotGelf {
    /// There is no `{` at the start.
    #[error("not an object")]
    NotAnObject,
    /// It begins as an object, and does not end as one.
    #[error("not valid JSON: {0}")]
    Malformed(#[from] serde_json::Error),
    /// It has no message, which GELF demands.
    #[error("an object without a short_message")]
    NoMessage,
}

/// Whether a frame could be GELF: an object, and in it the names `version` and
/// `short_message`. Looks at its bytes twice at most and parses nothing; an
/// object with such names in an object within it is taken for GELF, too.
pub fn looks_like(frame: &[u8]) -> bool {
    // To make one costs as much as to look for it in a whole record.
    static SHORT_MESSAGE: LazyLock<Finder<'static>> =
        LazyLock::new(|| Finder::new("\"short_message\""));
    static VERSION: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"version\""));
    let has = |name: &Finder<'_>| {
        name.find_iter(frame).any(|at| {
            let behind = frame[at + name.needle().len()..].trim_ascii_start();
            behind.first() == Some(&b':')
        })
    };
    json::object_of(frame).is_some() && has(&SHORT_MESSAGE) && has(&VERSION)
}

/// Fills `record` from an object that is not compressed; NULs behind it, which
/// end it on a stream, are left out.
///
/// Taken are `full_message`, or else `short_message` (or `message`, as Graylog
/// does), `timestamp`, `level` (a syslog severity; what is above 7 is a number
/// of Python's, as graypy sends it; `defaults.level_scale` settles it
/// otherwise; or a level's name; where it is absent, the default level), `_level_name`, `_levelno`
/// and `_logger`. All else becomes extra attributes, `_key` as `key` and `host`
/// as it is; `short_message` too, where `full_message` does not hold it. After
/// an error the record is empty or in parts filled, to be reset by the caller.
///
/// # Errors
///
/// If the frame is not one JSON object in UTF-8 with a message.
pub fn decode<'a>(
    frame: &'a [u8],
    defaults: &'a Defaults,
    received: Timestamp,
    record: &mut Record<'a>,
) -> Result<(), NotGelf> {
    let end = frame.iter().rposition(|&byte| byte != 0);
    let frame = &frame[..end.map_or(0, |last| last + 1)];
    let object = json::object_of(frame).ok_or(NotGelf::NotAnObject)?;
    record.reset(defaults, received);
    let base = record.extra.len();
    json::read_object(object, &mut record.extra)?;
    let mut claims = Claims {
        extra: &mut record.extra,
        at: [None; PLACES],
        used: [false; PLACES],
    };
    for index in base..claims.extra.len() {
        // The last of several wins, as in every reader of JSON.
        if let Some(place) = place_of(&claims.extra[index].0) {
            claims.at[place] = Some(index);
        }
    }
    record.message = claims.message().ok_or(NotGelf::NoMessage)?;
    claims.version();
    record.created = claims.time().unwrap_or(received);
    let (level, name) = claims.level(defaults.level_scale);
    record.level = level.unwrap_or(record.level);
    record.level_name = name;
    if let Some(name) = claims.text(LOGGER) {
        record.name = name;
    }
    claims.finish(base);
    Ok(())
}

const VERSION: usize = 0;
const FULL: usize = 1;
const SHORT: usize = 2;
const MESSAGE: usize = 3;
const TIMESTAMP: usize = 4;
const LEVEL: usize = 5;
const LEVEL_NAME: usize = 6;
const LEVELNO: usize = 7;
const LOGGER: usize = 8;
const PLACES: usize = 9;

fn place_of(key: &str) -> Option<usize> {
    Some(match key {
        "version" => VERSION,
        "full_message" => FULL,
        "short_message" => SHORT,
        "message" => MESSAGE,
        "timestamp" => TIMESTAMP,
        "level" => LEVEL,
        "_level_name" => LEVEL_NAME,
        "_levelno" => LEVELNO,
        "_logger" => LOGGER,
        _ => return None,
    })
}

/// Where in the extra attributes the names stand, and which were used.
struct Claims<'r, 'a> {
    extra: &'r mut Vec<(Cow<'a, str>, Value<'a>)>,
    at: [Option<usize>; PLACES],
    used: [bool; PLACES],
}

impl<'a> Claims<'_, 'a> {
    /// The value, if the name is there with one: null counts as absent.
    fn value(&self, place: usize) -> Option<&Value<'a>> {
        let (_, value) = self.extra.get(self.at[place]?)?;
        (!fields::is_null(value)).then_some(value)
    }

    /// Takes the value, which leaves the extra attributes.
    fn take(&mut self, place: usize) -> Option<Cow<'a, str>> {
        self.value(place)?;
        let (_, value) = self.extra.get_mut(self.at[place]?)?;
        self.used[place] = true;
        let null = Value::Json(Cow::Borrowed("null"));
        Some(fields::into_text(std::mem::replace(value, null)))
    }

    /// The same of a string that is not empty only.
    fn text(&mut self, place: usize) -> Option<Cow<'a, str>> {
        match self.value(place)? {
            Value::Text(text) if !text.is_empty() => self.take(place),
            _ => None,
        }
    }

    fn message(&mut self) -> Option<Cow<'a, [u8]>> {
        let is_there = |place: &usize| self.value(*place).is_some();
        let short = [SHORT, MESSAGE].into_iter().find(is_there);
        let full = self.text(FULL);
        // An empty or absent one says nothing, and would stand in the way.
        self.used[FULL] |= !matches!(self.value(FULL), Some(Value::Json(_)));
        let message = match (full, short) {
            (Some(full), Some(short)) => {
                let held = match self.value(short) {
                    Some(Value::Text(text) | Value::Json(text)) => {
                        **text == *NOTHING
                            || memmem::find(full.as_bytes(), text.as_bytes()).is_some()
                    }
                    None => false,
                };
                self.used[short] = held;
                full
            }
            (Some(full), None) => full,
            (None, short) => self.take(short?)?,
        };
        Some(match message {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        })
    }

    /// A version of GELF says nothing of the record.
    fn version(&mut self) {
        self.used[VERSION] = match self.value(VERSION) {
            Some(Value::Text(version) | Value::Json(version)) => {
                matches!(&**version, "1.0" | "1.1")
            }
            None => true,
        };
    }

    fn time(&mut self) -> Option<Timestamp> {
        let time = fields::time_of(self.value(TIMESTAMP)?)?;
        self.used[TIMESTAMP] = true;
        Some(time.at)
    }

    fn number(&self, place: usize) -> Option<u32> {
        match self.value(place)? {
            Value::Text(text) | Value::Json(text) => fields::whole_number(text),
        }
    }

    /// The level, and its name if the level does not have it.
    fn level(&mut self, scale: LevelScale) -> (Option<Level>, Option<Cow<'a, str>>) {
        let given = self.number(LEVEL).and_then(|number| match scale {
            LevelScale::Auto if number > 7 => Some(Level(number)),
            LevelScale::Auto | LevelScale::Syslog => Level::from_syslog(number),
            LevelScale::Python => Some(Level(number)),
            LevelScale::Pino => Some(Level::from_pino(number)),
        });
        // Not by the specification, and what some send all the same.
        let word = match self.value(LEVEL) {
            Some(Value::Text(word)) if given.is_none() => fields::word_level(word),
            _ => None,
        };
        self.used[LEVEL] |= given.or(word).is_some();
        let named = match self.value(LEVEL_NAME) {
            Some(Value::Text(word)) => fields::word_level(word),
            _ => None,
        };
        let exact = self.number(LEVELNO).map(Level);
        let level = match given {
            // What agrees with the severity tells it finer.
            Some(given) if Level::from_syslog(severity(given)) == Some(given) => {
                let number = severity(given);
                let exact = exact.filter(|&level| severity(level) == number);
                self.used[LEVELNO] |= exact.is_some();
                exact.or_else(|| level_of(number, named))
            }
            Some(given) => Some(given),
            None => word.or(named),
        };
        let name = self
            .text(LEVEL_NAME)
            .filter(|_| named.is_none() || named != level);
        (level, name)
    }

    /// Takes what was used out of the extra attributes, also where it stood
    /// twice, and the underscore off the names of the others.
    fn finish(self, base: usize) {
        let (used, mut index) = (self.used, 0);
        self.extra.retain_mut(|(key, _)| {
            index += 1;
            if index <= base {
                return true;
            }
            let keep = place_of(key).is_none_or(|place| !used[place]);
            if keep {
                take_underscore(key);
            }
            keep
        });
    }
}

/// Takes the underscore off a name; both off `__id`, which stands for `_id`.
/// What would then look like the host of the message stays.
fn take_underscore(key: &mut Cow<'_, str>) {
    let length = match &**key {
        "_" | "_host" => 0,
        "__id" => 2,
        key => usize::from(key.starts_with('_')),
    };
    match key {
        Cow::Borrowed(text) => *text = &text[length..],
        Cow::Owned(text) => drop(text.drain(..length)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{GelfEncoder, GelfOptions};
    use super::*;
    use crate::wire::Encode as _;

    const RECEIVED: Timestamp = Timestamp(7);

    fn decoded<'a>(frame: &'a [u8], defaults: &'a Defaults) -> Option<Record<'a>> {
        let mut record = Record::new(defaults, Timestamp(1));
        decode(frame, defaults, RECEIVED, &mut record).ok()?;
        Some(record)
    }

    /// The names of the extra attributes.
    fn left(record: &Record<'_>) -> String {
        let names: Vec<&str> = record.extra.iter().map(|(key, _)| &**key).collect();
        names.join(" ")
    }

    /// The example of the specification.
    #[test]
    fn the_example_is_read() {
        let frame = br#"{
          "version": "1.1",
          "host": "example.org",
          "short_message": "A short message that helps you identify what is going on",
          "full_message": "Backtrace here\n\nmore stuff",
          "timestamp": 1385053862.3072,
          "level": 1,
          "_user_id": 9001,
          "_some_info": "foo",
          "_some_env_var": "bar"
        }"#;
        let defaults = Defaults::default();
        let record = decoded(frame, &defaults).unwrap();
        assert!(looks_like(frame));
        assert_eq!(&*record.message, b"Backtrace here\n\nmore stuff");
        assert_eq!(record.level, Level::ALERT);
        assert_eq!(record.created, Timestamp(1_385_053_862_307_200_000));
        assert_eq!(record.name, "root");
        let text = |text| Value::Text(Cow::Borrowed(text));
        let extra = [
            ("host", text("example.org")),
            (
                "short_message",
                text("A short message that helps you identify what is going on"),
            ),
            ("user_id", Value::Json("9001".into())),
            ("some_info", text("foo")),
            ("some_env_var", text("bar")),
        ];
        assert_eq!(record.extra, extra.map(|(key, value)| (key.into(), value)));
        assert!(matches!(record.extra[2].0, Cow::Borrowed(_)));
    }

    #[test]
    fn messages() {
        let cases = [
            (r#"{"short_message":"s"}"#, "s", ""),
            (r#"{"short_message":"s","full_message":"s\nt"}"#, "s\nt", ""),
            (r#"{"short_message":"s","full_message":""}"#, "s", ""),
            (r#"{"short_message":"s","full_message":null}"#, "s", ""),
            (
                r#"{"short_message":"s","full_message":4}"#,
                "s",
                "full_message",
            ),
            (
                r#"{"short_message":"a","full_message":"b"}"#,
                "b",
                "short_message",
            ),
            (r#"{"short_message":"-","full_message":" "}"#, " ", ""),
            (r#"{"full_message":"f"}"#, "f", ""),
            (
                r#"{"message":"m","short_message":null}"#,
                "m",
                "short_message",
            ),
            (r#"{"message":"m","short_message":"s"}"#, "s", "message"),
            (r#"{"short_message":4}"#, "4", ""),
            (r#"{"short_message":""}"#, "", ""),
            (r#"{"short_message":"a","short_message":"b"}"#, "b", ""),
        ];
        let defaults = Defaults::default();
        for (frame, message, extra) in cases {
            let record = decoded(frame.as_bytes(), &defaults).unwrap();
            assert_eq!(String::from_utf8_lossy(&record.message), message, "{frame}");
            assert_eq!(left(&record), extra, "{frame}");
        }
    }

    #[test]
    fn what_is_no_gelf() {
        let frames = [
            "",
            "\0",
            "hello",
            "[]",
            "{",
            "{}",
            "{\"short_message\":null}",
            "{\"version\":\"1.1\"}",
            "{\"short_message\":\"s\"} x",
            "{\"short_message\":\"s\"",
        ];
        let defaults = Defaults::default();
        for frame in frames {
            assert!(decoded(frame.as_bytes(), &defaults).is_none(), "{frame}");
        }
        let fine: [&[u8]; 3] = [
            b"{\"short_message\":\"s\"}\0",
            b"\xef\xbb\xbf {\"short_message\":\"s\"}\r\n\0\0",
            b"{\"short_message\":\"s\"}\n",
        ];
        for frame in fine {
            assert!(decoded(frame, &defaults).is_some(), "{frame:?}");
        }
    }

    #[test]
    fn levels() {
        let info = Level::INFO;
        let cases = [
            (r#""level":3"#, Level::ERROR, None, ""),
            (r#""level":"4""#, Level::WARNING, None, ""),
            (r#""level":0"#, Level::EMERGENCY, None, ""),
            (r#""level":35"#, Level(35), None, ""),
            (r#""level":"error""#, Level::ERROR, None, ""),
            (r#""level":"Warn""#, Level::WARNING, None, ""),
            (r#""level":"odd""#, info, None, "level"),
            (
                r#""level":"error","_level_name":"bad""#,
                Level::ERROR,
                Some("bad"),
                "",
            ),
            (r#""level":-1"#, info, None, "level"),
            (r#""level":2.5"#, info, None, "level"),
            (r#""level":null"#, info, None, "level"),
            ("", info, None, ""),
            (r#""level":7,"_level_name":"TRACE""#, Level::TRACE, None, ""),
            (r#""level":4,"_level_name":"Level 35""#, Level(35), None, ""),
            (
                r#""level":4,"_level_name":"LOUD","_levelno":35"#,
                Level(35),
                Some("LOUD"),
                "",
            ),
            (
                r#""level":5,"_level_name":"ERROR""#,
                Level(25),
                Some("ERROR"),
                "",
            ),
            (
                r#""level":7,"_level_name":"TRACE","_levelno":10"#,
                Level(10),
                Some("TRACE"),
                "",
            ),
            (r#""level":3,"_level_name":"error""#, Level::ERROR, None, ""),
            // What disagrees with the severity is somebody else's.
            (r#""level":3,"_levelno":10"#, Level::ERROR, None, "levelno"),
            (r#""_level_name":"error""#, Level::ERROR, None, ""),
            (r#""_level_name":"odd""#, info, Some("odd"), ""),
            (
                r#""level":35,"_level_name":"odd""#,
                Level(35),
                Some("odd"),
                "",
            ),
        ];
        let defaults = Defaults::default();
        for (fields, level, name, extra) in cases {
            let comma = if fields.is_empty() { "" } else { "," };
            let frame = format!(r#"{{"short_message":"s"{comma}{fields}}}"#);
            let record = decoded(frame.as_bytes(), &defaults).unwrap();
            assert_eq!(record.level, level, "{fields}");
            assert_eq!(record.level_name.as_deref(), name, "{fields}");
            assert_eq!(left(&record), extra, "{fields}");
        }
    }

    #[test]
    fn the_scale_can_be_settled() {
        for (level_scale, number, level) in [
            (LevelScale::Python, 30, Level::WARNING),
            (LevelScale::Syslog, 30, Level::INFO),
            (LevelScale::Pino, 30, Level::INFO),
            (LevelScale::Python, 3, Level(3)),
        ] {
            let defaults = Defaults {
                level_scale,
                ..Defaults::default()
            };
            let frame = format!(r#"{{"short_message":"s","level":{number}}}"#);
            assert_eq!(decoded(frame.as_bytes(), &defaults).unwrap().level, level);
        }
    }

    #[test]
    fn other_attributes() {
        let defaults = Defaults {
            fields: vec![("_level_name".into(), Value::Text("mine".into()))],
            ..Defaults::default()
        };
        let frame = br#"{"version":"1.0","short_message":"s","timestamp":"2024-01-02T00:00:00Z",
            "_logger":"app","facility":"f","file":"x.py","line":3,"__id":1,"_":2,"_host":3,
            "__x":4,"\u005fo\u0041":5,"plain":6}"#;
        let record = decoded(frame, &defaults).unwrap();
        assert_eq!(
            left(&record),
            "_level_name facility file line id _ _host _x oA plain"
        );
        assert_eq!(record.get("line"), Some(&Value::Json("3".into())));
        assert_eq!(record.name, "app");
        assert_eq!(record.created, Timestamp(1_704_153_600_000_000_000));
        for (field, extra) in [
            (r#""version":"2""#, "_level_name version"),
            (r#""version":1.1"#, "_level_name"),
            (r#""timestamp":"soon""#, "_level_name timestamp"),
            (r#""_logger":7"#, "_level_name logger"),
        ] {
            let frame = format!(r#"{{"short_message":"s",{field}}}"#);
            let record = decoded(frame.as_bytes(), &defaults).unwrap();
            assert_eq!(left(&record), extra);
            assert_eq!(record.created, RECEIVED);
        }
    }

    #[test]
    fn it_is_told_by_its_names() {
        let gelf: [&[u8]; 3] = [
            br#"{"version":"1.1","short_message":"s"}"#,
            b" {\n\"short_message\" :\"s\", \"version\"\n: 1.1}\0",
            br#"{"a":"version","version":"1.1","short_message":"s"}"#,
        ];
        let other: [&[u8]; 7] = [
            b"",
            b"{}",
            b"{\"version\"",
            br#""version":"1.1","short_message":"s""#,
            br#"{"version":"1.1","message":"short_message"}"#,
            br#"{"a":"version","b":"short_message"}"#,
            br#"{"msg":"{\"version\":\"1.1\",\"short_message\":\"s\"}"}"#,
        ];
        for (frames, is) in [(&gelf[..], true), (&other[..], false)] {
            for frame in frames {
                assert_eq!(looks_like(frame), is, "{}", String::from_utf8_lossy(frame));
            }
        }
    }

    proptest! {
        #[test]
        fn encoded_is_decoded(
            message in "\\PC+|[ -~]+|(?s).+",
            name in "[a-z.]{1,8}|(?s).{1,4}",
            level in prop_oneof![
                prop::sample::select(vec![5, 10, 20, 25, 30, 35, 40, 50, 60, 70]),
                any::<u32>(),
            ],
            level_name in prop::option::of("odd|LOUD|TRACE|ERROR|[A-Z]{1,4}"),
            micros in 100_000_000_000_000_i64..4_000_000_000_000_000,
            host in "[a-z]{1,5}",
            extra in prop::collection::btree_map("x[a-z_.-]{0,4}|id|file|line", "(?s).{0,12}", 0..5),
            numbers in prop::collection::btree_map("n[a-z_.-]{0,4}", any::<i64>(), 0..3),
        ) {
            let defaults = Defaults::default();
            let mut record = Record::new(&defaults, Timestamp(micros * 1000));
            record.message = message.as_bytes().into();
            record.name = (&name).into();
            record.level = Level(level);
            let named = level_name.as_deref().and_then(fields::word_level);
            record.level_name = level_name.filter(|_| named != Some(record.level)).map(Cow::Owned);
            record.extra.push(("host".into(), Value::Text(host.into())));
            for (key, value) in &extra {
                record.extra.push((key.into(), Value::Text(value.into())));
            }
            for (key, value) in &numbers {
                record.extra.push((key.into(), Value::Json(value.to_string().into())));
            }
            let options = GelfOptions { host: "other".into() };
            let mut frame = Vec::new();
            GelfEncoder::new(options).encode(&record, &mut frame, &mut |_| {}).unwrap();
            prop_assert!(looks_like(&frame));
            prop_assert!(!frame.iter().any(|byte| byte.is_ascii_control()));
            prop_assert_eq!(decoded(&frame, &defaults).unwrap(), record);
        }

        #[test]
        fn keys_can_not_forge(
            keys in prop::collection::btree_set("(?s).{0,12}|[a-z_?]{1,2}|_?(id|level|source)[_?]?", 0..9),
        ) {
            let defaults = Defaults::default();
            let mut record = Record::new(&defaults, Timestamp(0));
            for key in &keys {
                record.extra.push((key.into(), Value::Json("1".into())));
            }
            let options = GelfOptions { host: "h".into() };
            let mut frame = Vec::new();
            GelfEncoder::new(options).encode(&record, &mut frame, &mut |_| {}).unwrap();
            let mut got = Vec::new();
            json::read_object(&frame, &mut got).unwrap();
            let names: std::collections::BTreeSet<_> = got.iter().map(|(key, _)| &**key).collect();
            prop_assert_eq!(names.len(), 6 + keys.len());
            prop_assert!(!names.contains("_id"));
            for name in &names {
                let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
                prop_assert!(name.bytes().all(valid), "{}", name);
            }
        }

        #[test]
        fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..60), text in "[{}\":,a1_ ]{0,20}") {
            let defaults = Defaults::default();
            let _ = decoded(&bytes, &defaults);
            let frame = format!("{{\"short_message\":\"\",\"version\":{text}");
            let _ = (looks_like(&bytes), looks_like(frame.as_bytes()));
            let _ = decoded(frame.as_bytes(), &defaults);
        }
    }
}
