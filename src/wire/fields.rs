//! Which attribute of an object is the message, the level, the time: the names
//! that loggers give them, shared by every format that has named attributes.
//!
//! Of the names for one thing the first that is there, in the order below,
//! counts. What is used leaves the extra attributes; what is not stays there,
//! so a time that can not be read or an `exc_info` that is `true` is not lost.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use super::json;
use crate::level::Level;
use crate::record::{Defaults, LevelScale, Record, Value};
use crate::text::time::{Timestamp, epoch_by_magnitude, parse_timestamp};
use crate::zone::LocalZone;

/// The names, by what they stand for and by priority.
#[rustfmt::skip]
const NAMES: [&str; 44] = [
    "message", "msg", "MESSAGE", "@message", "log", "text", "short_message", "body", "event",
    "levelname", "levelno", "level", "severity", "severity_text", "PRIORITY", "log.level", "lvl", "loglevel",
    // Of hclog, beside its @message and @timestamp.
    "@level",
    "created", "time", "ts", "timestamp", "@timestamp", "datetime", "asctime",
    // Of `journalctl -o json`, in microseconds.
    "__REALTIME_TIMESTAMP",
    "name", "logger", "logger_name", "target", "channel", "@module",
    "exc_text", "exc_info", "stack", "stack_trace", "stack_info", "error.stack", "exception",
    // Not used up themselves, but they tell how others are to be read.
    "error", "v", "pid", "args",
];
const MESSAGE: Range<usize> = 0..9;
const LEVEL: Range<usize> = 9..19;
const TIME: Range<usize> = 19..27;
const NAME: Range<usize> = 27..33;
const EXCEPTION: Range<usize> = 33..40;
const MSG: usize = 1;
const MESSAGE_KEY: usize = 2;
const LOG: usize = 4;
const SHORT_MESSAGE: usize = 6;
const EVENT: usize = 8;
const LEVELNAME: usize = 9;
const LEVELNO: usize = 10;
const LEVEL_KEY: usize = 11;
const PRIORITY: usize = 14;
const LOG_LEVEL: usize = 15;
const TIME_KEY: usize = 20;
const TIMESTAMP: usize = 22;
const EXC_INFO: usize = 34;
const ERROR_STACK: usize = 38;
const ERROR: usize = 40;
const V: usize = 41;
const PID: usize = 42;
const ARGS: usize = 43;

/// Tells the names above from each other; that it does is checked when this
/// is compiled.
const fn hash(name: &[u8]) -> usize {
    let (first, last) = (name[0], name[name.len() - 1]);
    let sum = (name.len() as u8).wrapping_add(first);
    sum.wrapping_add(last.wrapping_mul(10)) as usize
}

const NONE: u8 = u8::MAX;

/// From a hash to the place in [`NAMES`].
static PLACES: [u8; 256] = {
    let mut places = [NONE; 256];
    let mut place = 0;
    while place < NAMES.len() {
        let hash = hash(NAMES[place].as_bytes());
        assert!(places[hash] == NONE, "two names have one hash");
        places[hash] = place as u8;
        place += 1;
    }
    places
};

fn place_of(key: &str) -> Option<usize> {
    if key.is_empty() {
        return None;
    }
    let place = usize::from(PLACES[hash(key.as_bytes())]);
    (NAMES.get(place) == Some(&key)).then_some(place)
}

/// Whether a key is one of the names for something that a record has.
pub(crate) fn is_name(key: &str) -> bool {
    place_of(key).is_some()
}

/// Where in the extra attributes the names stand, and which were used.
struct Claims<'r, 'a> {
    extra: &'r mut Vec<(Cow<'a, str>, Value<'a>)>,
    /// One more than the index; 0: not there.
    at: [u32; NAMES.len()],
    used: u64,
}

/// Moves the attributes that stand for the message, the level and so on from
/// the extra attributes, of which those before `base` are not looked at, to
/// their places in the record.
pub(crate) fn claim<'a>(record: &mut Record<'a>, base: usize, defaults: &Defaults) {
    let mut claims = Claims {
        extra: &mut record.extra,
        at: [0; NAMES.len()],
        used: 0,
    };
    for index in base..claims.extra.len() {
        // The last of several wins, as in every reader of JSON.
        if let Some(place) = place_of(&claims.extra[index].0)
            && let Ok(count) = u32::try_from(index + 1)
        {
            claims.at[place] = count;
        }
    }
    // First, as it looks at what the others take.
    let (level, level_name) = claims.level(defaults.level_scale);
    record.level = level.unwrap_or(record.level);
    record.level_name = level_name;
    if let Some(message) = claims.message() {
        record.message = message;
    }
    if let Some(created) = claims.time() {
        record.created = created;
    }
    if let Some(name) = claims.name() {
        record.name = name;
    }
    record.exc_text = claims.exception();
    claims.drop_empty();
    claims.remove_used(base);
}

impl<'a> Claims<'_, 'a> {
    fn value(&self, place: usize) -> Option<&Value<'a>> {
        let index = self.at[place].checked_sub(1)?;
        self.extra.get(index as usize).map(|(_, value)| value)
    }

    /// Whether the name is there with a value: null counts as absent.
    fn has(&self, place: usize) -> bool {
        self.value(place).is_some_and(|value| !is_null(value))
    }

    /// Takes the value, which leaves the extra attributes.
    fn take(&mut self, place: usize) -> Option<Value<'a>> {
        let index = self.at[place].checked_sub(1)?;
        let (_, value) = self.extra.get_mut(index as usize)?;
        self.used |= 1 << place;
        Some(std::mem::replace(value, Value::Json(Cow::Borrowed("null"))))
    }

    /// The message. In `log`, Docker keeps the newline that ended the line: it
    /// is no part of it. `journalctl -o json` makes a list of its bytes of a
    /// message that has a control character, of a colour for example.
    fn message(&mut self) -> Option<Cow<'a, [u8]>> {
        // ECS has objects of these names beside its message.
        let is_field_set = |place| {
            matches!(place, LOG | EVENT)
                && matches!(self.value(place), Some(Value::Json(json)) if json.starts_with('{'))
        };
        let mut there = MESSAGE.filter(|&place| self.has(place));
        let first = there.next()?;
        let place = match is_field_set(first) {
            true => there.find(|&place| !is_field_set(place)).unwrap_or(first),
            false => first,
        };
        if place == MSG && self.value(ARGS).is_some_and(is_null) {
            // The dictionary of Python's LogRecord: nothing to be filled in.
            self.used |= 1 << ARGS;
        }
        let mut text = into_text(self.take(place)?);
        if place == MESSAGE_KEY
            && text.starts_with('[')
            && let Ok(bytes) = serde_json::from_str::<Vec<u8>>(&text)
        {
            return Some(Cow::Owned(bytes));
        }
        if place == LOG && text.ends_with('\n') {
            text = without_last_byte(text);
        }
        Some(match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        })
    }

    /// The level, and its name if the level does not have it.
    fn level(&mut self, scale: LevelScale) -> (Option<Level>, Option<Cow<'a, str>>) {
        let mut name = None;
        for place in LEVEL {
            let nested = match place {
                LOG_LEVEL if !self.has(place) => self.member(LOG, "level"),
                _ => None,
            };
            let mut stepped = None;
            let level = match nested.as_ref().or(self.value(place)) {
                Some(Value::Text(word)) => match named_level(word).or_else(|| {
                    stepped = Level::from_stepped_name(word.trim());
                    stepped
                }) {
                    Some(level) => Some(level),
                    None if is_number(word.trim()) => self.number_level(place, word.trim(), scale),
                    None => {
                        if name.is_none() && !word.is_empty() {
                            let value = nested.or_else(|| self.take(place));
                            name = value.map(into_text);
                        }
                        continue;
                    }
                },
                Some(Value::Json(number)) => self.number_level(place, number, scale),
                None => continue,
            };
            let Some(level) = level else { continue };
            let is_nested = nested.is_some();
            let value = nested.or_else(|| self.take(place));
            if stepped.is_some()
                && let Some(Value::Text(word)) = &value
            {
                name = Some(word.clone());
            }
            if is_nested {
                return (Some(level), name);
            }
            if place == LEVELNAME
                && let Some(Value::Json(number)) = self.value(LEVELNO)
                && let Some(given) = self.number_level(LEVELNO, number, scale)
            {
                // Python lets a program name its own levels, also by words
                // that stand for others here: there the number is right.
                let word = value.map(into_text).unwrap_or_default();
                let pythons = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"];
                if given == level {
                    self.used |= 1 << LEVELNO;
                } else if !pythons.contains(&&*word) {
                    self.used |= 1 << LEVELNO;
                    return (Some(given), Some(word));
                }
            }
            return (Some(level), name);
        }
        (None, name)
    }

    fn number_level(&self, place: usize, text: &str, scale: LevelScale) -> Option<Level> {
        let number = whole_number(text)?;
        let scale = match (scale, place) {
            (LevelScale::Auto, PRIORITY) => LevelScale::Syslog,
            (LevelScale::Auto, LEVEL_KEY) if self.has(SHORT_MESSAGE) => LevelScale::Syslog,
            (LevelScale::Auto, LEVEL_KEY)
                if (self.has(V) || self.has(PID)) && self.has(TIME_KEY) =>
            {
                LevelScale::Pino
            }
            (LevelScale::Auto, _) => LevelScale::Python,
            (settled, _) => settled,
        };
        match scale {
            LevelScale::Syslog => Level::from_syslog(number),
            LevelScale::Pino => Some(Level::from_pino(number)),
            LevelScale::Python | LevelScale::Auto => Some(Level(number)),
        }
    }

    fn time(&mut self) -> Option<Timestamp> {
        let mut doubtful = None;
        for place in TIME {
            let Some(time) = self.value(place).and_then(time_of) else {
                continue;
            };
            if time.certain {
                self.used |= 1 << place;
                return Some(time.at);
            }
            doubtful = doubtful.or(Some((place, time.at)));
        }
        let (place, at) = doubtful?;
        self.used |= 1 << place;
        Some(at)
    }

    fn name(&mut self) -> Option<Cow<'a, str>> {
        let is_text = |&place: &usize| matches!(self.value(place), Some(Value::Text(_)));
        let place = NAME.into_iter().find(is_text)?;
        self.take(place).map(into_text)
    }

    fn exception(&mut self) -> Option<Cow<'a, str>> {
        for place in EXCEPTION {
            let nested = match place {
                ERROR_STACK if !self.has(place) => self.member(ERROR, "stack"),
                _ => None,
            };
            let Some(value) = nested.as_ref().or(self.value(place)) else {
                continue;
            };
            let joined = match value {
                Value::Text(text) if text.is_empty() => continue,
                Value::Text(_) => None,
                Value::Json(json) if is_empty(json) => continue,
                Value::Json(json) => match json.as_bytes().first() {
                    // Frames; but Python's exc_info is type, value, traceback.
                    Some(b'[') if place != EXC_INFO => json::join_lines(json),
                    Some(b'[' | b'{') => None,
                    _ => continue,
                },
            };
            let whole = match nested {
                Some(value) => Some(value),
                None => self.take(place),
            };
            return joined.map(Cow::Owned).or(whole.map(into_text));
        }
        None
    }

    fn member(&self, place: usize, key: &str) -> Option<Value<'a>> {
        match self.value(place)? {
            Value::Json(Cow::Borrowed(object)) => json::member(object, key),
            Value::Json(Cow::Owned(object)) => json::member(object, key).map(into_owned),
            Value::Text(_) => None,
        }
        .filter(|value| !is_null(value))
    }

    /// Drops names without a value that lh itself writes: they say nothing,
    /// and would stand beside the real ones.
    fn drop_empty(&mut self) {
        for place in [
            MESSAGE.start,
            LEVELNAME,
            TIMESTAMP,
            NAME.start,
            EXCEPTION.start,
        ] {
            if self.value(place).is_some_and(is_null) {
                self.used |= 1 << place;
            }
        }
    }

    /// Takes what was used out of the extra attributes, also where it stood
    /// twice.
    fn remove_used(&mut self, base: usize) {
        if self.used == 0 {
            return;
        }
        let (used, mut index) = (self.used, 0);
        self.extra.retain(|(key, _)| {
            index += 1;
            index <= base || place_of(key).is_none_or(|place| used & (1 << place) == 0)
        });
    }
}

fn without_last_byte(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[..text.len() - 1]),
        Cow::Owned(mut text) => {
            text.pop();
            Cow::Owned(text)
        }
    }
}

pub(super) fn is_null(value: &Value<'_>) -> bool {
    matches!(value, Value::Json(json) if json == "null")
}

/// `[]` or `{}`, with any space between them.
fn is_empty(json: &str) -> bool {
    json.starts_with(['[', '{']) && json[1..].trim_start().len() == 1
}

pub(super) fn into_text<'a>(value: Value<'a>) -> Cow<'a, str> {
    match value {
        Value::Text(text) | Value::Json(text) => text,
    }
}

fn into_owned(value: Value<'_>) -> Value<'static> {
    match value {
        Value::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
        Value::Json(json) => Value::Json(Cow::Owned(json.into_owned())),
    }
}

/// A level's name in any spelling, `Level N`, or one of slog's between two names.
pub(crate) fn word_level(word: &str) -> Option<Level> {
    named_level(word).or_else(|| Level::from_stepped_name(word.trim()))
}

/// The same without those between two names.
fn named_level(word: &str) -> Option<Level> {
    // Hardly any is padded, and looking for that costs as much as the name.
    Level::from_name(word.as_bytes()).or_else(|| {
        let word = word.trim();
        let digits = || word.strip_prefix("Level ")?.parse().ok().map(Level);
        Level::from_name(word.as_bytes()).or_else(digits)
    })
}

fn is_number(text: &str) -> bool {
    text.bytes().next().is_some_and(|b| b.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

pub(super) fn whole_number(text: &str) -> Option<u32> {
    text.parse().ok().or_else(|| {
        let float: f64 = text.parse().ok()?;
        let fits = float.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&float);
        fits.then_some(float as u32)
    })
}

pub(super) struct Time {
    pub(super) at: Timestamp,
    /// Not a small number, which is rather a duration than a time.
    certain: bool,
}

/// The time that a value stands for, as text or as a number of any size.
pub(super) fn time_of(value: &Value<'_>) -> Option<Time> {
    let number = match value {
        Value::Text(text) => match parse_timestamp(text, &LocalZone) {
            Some(at) => return Some(Time { at, certain: true }),
            None if is_number(text) => text,
            None => return None,
        },
        Value::Json(json) => json,
    };
    /// Epoch seconds 100,000,000, in the year 1973.
    const EARLY: Timestamp = Timestamp(100_000_000 * 1_000_000_000);
    let at = epoch_by_magnitude(number)?;
    Some(Time {
        at,
        certain: at >= EARLY,
    })
}

/// Whether a reader would take this attribute for the record's time before
/// it looks at `timestamp`, which lh writes.
pub(crate) fn outranks_timestamp(key: &str, value: &Value<'_>) -> bool {
    place_of(key).is_some_and(|place| (TIME.start..TIMESTAMP).contains(&place))
        && time_of(value).is_some_and(|time| time.certain)
}

/// How many underscores behind a name make one that no other extra attribute
/// has.
pub(super) fn free_underscores(record: &Record<'_>, key: &str) -> usize {
    let is_free = |count: usize| {
        !record.extra.iter().any(|(other, _)| {
            let behind = other.strip_prefix(key);
            behind.is_some_and(|s| s.len() == count && s.bytes().all(|b| b == b'_'))
        })
    };
    (1..).find(|&count| is_free(count)).unwrap_or(1)
}

/// Goes over the extra attributes in order, each name once: the last of
/// several is the one that counts. `taken` are those whose names lh needs
/// itself, which get as many underscores behind them as make them free.
pub(crate) fn each_extra<'r>(
    record: &'r Record<'_>,
    taken: impl Fn(&str, &Value<'_>) -> bool,
    mut each: impl FnMut(&'r str, usize, &'r Value<'r>),
) {
    let extra = &record.extra;
    // Comparing each with each is fastest for what a record usually has, and
    // quadratic for what a hostile one may have.
    let last: Option<HashMap<&str, usize>> = (extra.len() > 24).then(|| {
        let keys = extra.iter().enumerate();
        keys.map(|(index, (key, _))| (&**key, index)).collect()
    });
    let is_last = |index: usize, key: &str| match &last {
        Some(last) => last.get(key) == Some(&index),
        None => extra[index + 1..].iter().all(|(other, _)| other != key),
    };
    for (index, (key, value)) in extra.iter().enumerate() {
        if !is_last(index, key) {
            continue;
        }
        let underscores = match taken(key, value) {
            true => free_underscores(record, key),
            false => 0,
        };
        each(key, underscores, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::json::decode;

    fn decoded<'a>(object: &'a str, defaults: &'a Defaults) -> Record<'a> {
        let mut record = Record::new(defaults, Timestamp(7));
        decode(object.as_bytes(), defaults, Timestamp(7), &mut record)
            .unwrap_or_else(|e| panic!("{object}: {e}"));
        record
    }

    /// The names of the extra attributes that are left.
    fn left(record: &Record<'_>) -> String {
        let keys: Vec<_> = record.extra.iter().map(|(key, _)| &**key).collect();
        keys.join(" ")
    }

    #[test]
    fn names_are_found_and_nothing_else_is() {
        for (place, name) in NAMES.iter().enumerate() {
            assert_eq!(place_of(name), Some(place), "{name}");
        }
        for other in ["", "x", "Message", "messagf", "levels", "m\u{e9}"] {
            assert_eq!(place_of(other), None, "{other}");
        }
        let picked = [
            MSG,
            MESSAGE_KEY,
            LOG,
            SHORT_MESSAGE,
            EVENT,
            LEVELNAME,
            LEVELNO,
            LEVEL_KEY,
            PRIORITY,
        ];
        let names = "msg MESSAGE log short_message event levelname levelno level PRIORITY";
        assert_eq!(picked.map(|place| NAMES[place]).join(" "), names);
        let picked = [
            LOG_LEVEL,
            TIME_KEY,
            TIMESTAMP,
            EXC_INFO,
            ERROR_STACK,
            ERROR,
            V,
            PID,
            ARGS,
        ];
        let names = "log.level time timestamp exc_info error.stack error v pid args";
        assert_eq!(picked.map(|place| NAMES[place]).join(" "), names);
        let firsts = [&MESSAGE, &LEVEL, &TIME, &NAME, &EXCEPTION].map(|names| NAMES[names.start]);
        assert_eq!(
            firsts,
            ["message", "levelname", "created", "name", "exc_text"]
        );
    }

    #[test]
    fn the_first_name_that_is_there() {
        let defaults = Defaults::default();
        for (range, value) in [(MESSAGE, "\"m\""), (NAME, "\"n\"")] {
            for place in range.clone() {
                // From the last to this one, so that order in the object is
                // not what counts.
                let keys = NAMES[place..range.end].iter().rev();
                let pairs: Vec<_> = keys
                    .map(|key| match *key == NAMES[place] {
                        true => format!("\"{key}\":{value}"),
                        false => format!("\"{key}\":\"other\""),
                    })
                    .collect();
                let object = format!("{{{}}}", pairs.join(","));
                let record = decoded(&object, &defaults);
                let got = match range == MESSAGE {
                    true => String::from_utf8_lossy(&record.message),
                    false => record.name.clone(),
                };
                assert_eq!(got, value.trim_matches('"'), "{object}");
                assert_eq!(record.extra.len(), range.end - place - 1);
            }
        }
    }

    #[test]
    fn messages() {
        let cases = [
            (r#"{"message":"a","msg":"b"}"#, "a", "msg"),
            (r#"{"message":null,"msg":"b","args":null}"#, "b", ""),
            (r#"{"msg":"%s","args":["x"]}"#, "%s", "args"),
            (r#"{"message":42}"#, "42", ""),
            (r#"{"message":{"a":[1, 2]}}"#, r#"{"a":[1, 2]}"#, ""),
            (
                r#"{"log":{"level":"info"},"event":{"id":1},"body":"b"}"#,
                "b",
                "log event",
            ),
            (r#"{"log":{"a":1}}"#, r#"{"a":1}"#, ""),
            (r#"{"message":"a","message":"b"}"#, "b", ""),
            (r#"{"message":"","msg":"b"}"#, "", "msg"),
            (r#"{"log":"a\n","stream":"stderr"}"#, "a", "stream"),
            (r#"{"log":"a\n\n"}"#, "a\n", ""),
            (r#"{"log":"a"}"#, "a", ""),
            (r#"{"message":"a\n"}"#, "a\n", ""),
            (
                r#"{"MESSAGE":[27, 91,49,109,195,164]}"#,
                "\x1b[1m\u{e4}",
                "",
            ),
            (r#"{"MESSAGE":[97,256]}"#, "[97,256]", ""),
            (r#"{"MESSAGE":["a","b"]}"#, r#"["a","b"]"#, ""),
            (r#"{"message":[97]}"#, "[97]", ""),
            (r#"{"a":1}"#, "", "a"),
            ("{}", "", ""),
        ];
        let defaults = Defaults::default();
        for (object, message, extra) in cases {
            let record = decoded(object, &defaults);
            assert_eq!(
                String::from_utf8_lossy(&record.message),
                message,
                "{object}"
            );
            assert_eq!(left(&record), extra, "{object}");
        }
    }

    #[test]
    fn levels() {
        let info = Level::INFO;
        let cases = [
            (
                r#"{"levelname":"ERROR","levelno":40}"#,
                Level::ERROR,
                None,
                "",
            ),
            (
                r#"{"levelname":"ERROR","levelno":10}"#,
                Level::ERROR,
                None,
                "levelno",
            ),
            (
                r#"{"levelname":"VERBOSE","levelno":15}"#,
                Level(15),
                Some("VERBOSE"),
                "",
            ),
            (
                r#"{"levelname":"SUCCESS","levelno":25}"#,
                Level(25),
                Some("SUCCESS"),
                "",
            ),
            (r#"{"levelname":"SUCCESS"}"#, info, Some("SUCCESS"), ""),
            (r#"{"levelname":"Level 35"}"#, Level(35), None, ""),
            (r#"{"level":"ERROR+4"}"#, Level(50), Some("ERROR+4"), ""),
            (r#"{"level":"WARN+1"}"#, Level(32), Some("WARN+1"), ""),
            (r#"{"level":"INFO-2"}"#, Level(15), Some("INFO-2"), ""),
            (r#"{"level":"DEBUG-99"}"#, Level(1), Some("DEBUG-99"), ""),
            (
                r#"{"log":{"level":"ERROR+4"}}"#,
                Level(50),
                Some("ERROR+4"),
                "",
            ),
            (r#"{"level":"error-404"}"#, info, Some("error-404"), ""),
            (r#"{"level":"ERROR+"}"#, info, Some("ERROR+"), ""),
            (r#"{"level":"+4"}"#, info, Some("+4"), ""),
            (r#"{"level":"error "}"#, Level::ERROR, None, ""),
            (r#"{"level":" 40"}"#, Level::ERROR, None, ""),
            (r#"{"levelno":35}"#, Level(35), None, ""),
            (
                r#"{"level":"warn","severity":"x"}"#,
                Level::WARNING,
                None,
                "severity",
            ),
            (r#"{"level":30}"#, Level::WARNING, None, ""),
            (r#"{"level":"30"}"#, Level::WARNING, None, ""),
            (r#"{"level":30.0}"#, Level::WARNING, None, ""),
            (r#"{"level":30.5,"lvl":"err"}"#, Level::ERROR, None, "level"),
            (r#"{"level":-1}"#, info, None, "level"),
            (r#"{"level":1e99}"#, info, None, "level"),
            (r#"{"level":true}"#, info, None, "level"),
            (r#"{"level":""}"#, info, None, "level"),
            (r#"{"level":null,"lvl":"dbg"}"#, Level::DEBUG, None, "level"),
            (r#"{"PRIORITY":"3"}"#, Level::ERROR, None, ""),
            (r#"{"PRIORITY":9}"#, info, None, "PRIORITY"),
            (r#"{"short_message":"x","level":3}"#, Level::ERROR, None, ""),
            (
                r#"{"level":30,"time":1531171074631,"pid":1}"#,
                info,
                None,
                "pid",
            ),
            (
                r#"{"level":50,"time":1531171074631,"v":0}"#,
                Level::ERROR,
                None,
                "v",
            ),
            (r#"{"level":50,"pid":1}"#, Level::CRITICAL, None, "pid"),
            (r#"{"log.level":"error"}"#, Level::ERROR, None, ""),
            (
                r#"{"log":{"level":"error"},"message":""}"#,
                Level::ERROR,
                None,
                "log",
            ),
            (r#"{"log":{"level":"error"}}"#, Level::ERROR, None, ""),
            (
                r#"{"log":{"level":"odd"},"message":""}"#,
                info,
                Some("odd"),
                "log",
            ),
            (
                r#"{"log":{"level":"a\u0062c"},"loglevel":"fatal"}"#,
                Level::CRITICAL,
                Some("abc"),
                "",
            ),
            (r#"{"a":1}"#, info, None, "a"),
        ];
        let defaults = Defaults::default();
        for (object, level, name, extra) in cases {
            let record = decoded(object, &defaults);
            assert_eq!(record.level, level, "{object}");
            assert_eq!(record.level_name.as_deref(), name, "{object}");
            assert_eq!(left(&record), extra, "{object}");
        }
    }

    #[test]
    fn the_scale_can_be_settled() {
        let cases = [
            (LevelScale::Python, r#"{"PRIORITY":30}"#, Level::WARNING),
            (LevelScale::Syslog, r#"{"level":3}"#, Level::ERROR),
            (LevelScale::Pino, r#"{"level":60}"#, Level::CRITICAL),
            (
                LevelScale::Python,
                r#"{"level":60,"v":0,"time":1531171074631}"#,
                Level::ALERT,
            ),
        ];
        for (level_scale, object, level) in cases {
            let defaults = Defaults {
                level_scale,
                ..Defaults::default()
            };
            assert_eq!(decoded(object, &defaults).level, level, "{object}");
        }
    }

    #[test]
    fn times() {
        const DAY: i64 = 1_704_153_600_000_000_000;
        let cases = [
            (r#"{"timestamp":"2024-01-02T00:00:00Z"}"#, DAY, ""),
            (r#"{"@timestamp":"2024-01-02 00:00:00,000+00:00"}"#, DAY, ""),
            (r#"{"ts":1704153600}"#, DAY, ""),
            (r#"{"ts":1704153600.25}"#, DAY + 250_000_000, ""),
            (r#"{"time":1704153600000,"asctime":"x"}"#, DAY, "asctime"),
            (r#"{"time":"1704153600"}"#, DAY, ""),
            (
                r#"{"created":"soon","timestamp":"2024-01-02T00:00:00Z"}"#,
                DAY,
                "created",
            ),
            (
                r#"{"created":1e999,"time":true,"ts":{},"datetime":""}"#,
                7,
                "created time ts datetime",
            ),
            (r#"{"timestamp":null}"#, 7, ""),
            // How long something took, not when.
            (
                r#"{"time":0.25,"timestamp":"2024-01-02T00:00:00Z"}"#,
                DAY,
                "time",
            ),
            (r#"{"created":0}"#, 0, ""),
            (r#"{"__REALTIME_TIMESTAMP":"1704153600000000"}"#, DAY, ""),
        ];
        let defaults = Defaults::default();
        for (object, created, extra) in cases {
            let record = decoded(object, &defaults);
            assert_eq!(record.created, Timestamp(created), "{object}");
            assert_eq!(left(&record), extra, "{object}");
        }
    }

    #[test]
    fn exceptions() {
        let cases = [
            (r#"{"exc_text":"T","exc_info":true}"#, Some("T"), "exc_info"),
            (
                r#"{"exc_text":null,"exc_info":null,"stack_info":"S"}"#,
                Some("S"),
                "exc_info",
            ),
            (r#"{"exc_info":["E", "x"]}"#, Some(r#"["E", "x"]"#), ""),
            (
                r#"{"exc_info":false,"stack":["a","b\n","c"]}"#,
                Some("a\nb\nc"),
                "exc_info",
            ),
            (r#"{"stack":["a",1]}"#, Some(r#"["a",1]"#), ""),
            (
                r#"{"stack":[],"exception":{"class":"X"}}"#,
                Some(r#"{"class":"X"}"#),
                "stack",
            ),
            (r#"{"error.stack":"s"}"#, Some("s"), ""),
            (r#"{"error":{"stack":"s","m":1}}"#, Some("s"), "error"),
            (r#"{"error":{"stack":["s","t"]}}"#, Some("s\nt"), "error"),
            (
                r#"{"error":"no object","exc_text":""}"#,
                None,
                "error exc_text",
            ),
            (r#"{"exc_info":1}"#, None, "exc_info"),
        ];
        let defaults = Defaults::default();
        for (object, exc_text, extra) in cases {
            let record = decoded(object, &defaults);
            assert_eq!(record.exc_text.as_deref(), exc_text, "{object}");
            assert_eq!(left(&record), extra, "{object}");
        }
    }

    #[test]
    fn fields_of_the_command_line_are_not_taken() {
        let defaults = Defaults {
            fields: vec![
                ("msg".into(), Value::Text("mine".into())),
                ("env".into(), Value::Text("p".into())),
            ],
            ..Defaults::default()
        };
        let record = decoded(r#"{"msg":"theirs","env":"q"}"#, &defaults);
        assert_eq!(&*record.message, b"theirs");
        assert_eq!(left(&record), "msg env env");
        assert_eq!(record.get("env"), Some(&Value::Text("q".into())));
    }
}
