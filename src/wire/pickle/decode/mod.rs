//! From a pickle to a record. A pickle is data here: nothing is imported,
//! called or built, and what would be becomes a text.

mod machine;
mod percent;
mod show;

use std::borrow::Cow;

use machine::{Id, Object, Objects};
use show::Writer;

use crate::level::Level;
use crate::now::Timestamp;
use crate::record::{Defaults, Record, Value};
use crate::wire::fields;

/// How many bytes of text a pickle may become: so many times its length, and so
/// many more. Without a bound, what is shared in it could be written without end.
const ROOM: (usize, usize) = (4, 64 << 10);

/// Why bytes are no pickled record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAPickle {
    /// It ends in the middle.
    #[error("the pickle is cut off")]
    CutOff,
    /// There is more than one.
    #[error("{0} bytes stand behind the pickle")]
    Behind(usize),
    /// A protocol that is not known here.
    #[error("pickle protocol {0} is not known, only 0 to 5")]
    Protocol(u64),
    /// An operation that is unknown, or needs more than the pickle itself.
    #[error("operation 0x{0:02x} of the pickle is unknown, or can't be done without its sender")]
    Operation(u8),
    /// Something is taken from an empty stack.
    #[error("the pickle takes what is not there")]
    Stack,
    /// Something is recalled that was not remembered.
    #[error("the pickle refers to what it has not")]
    Memo,
    /// A number that is none.
    #[error("a number in the pickle is none")]
    Number,
    /// Something is filled that can't be, or named by what is no name.
    #[error("the pickle fills or names what can't be")]
    Kind,
    /// Lists or dictionaries in each other.
    #[error("what the pickle holds is nested too deeply")]
    Deep,
    /// More objects, or more text, than a record may have.
    #[error("what the pickle holds is too large")]
    TooLarge,
    /// Its result is something else.
    #[error("the pickle holds no dictionary of attributes")]
    NotADictionary,
}

/// Fills `record` from the pickled dictionary of a `LogRecord`'s attributes, as
/// `logging.makeLogRecord` takes it: protocols 0 to 5.
///
/// Arguments are filled into the message. What says where the record was made
/// (`pathname`, `lineno`, `process` and so on) stays as extra attributes, and so
/// does everything else, in order and with its type; what Python derives or
/// leaves empty does not. After an error the record is empty or in parts
/// filled, to be reset by the caller.
///
/// Takes memory and time in proportion to the frame's length.
///
/// # Errors
/// If the frame is not one pickle of a dictionary.
pub fn decode<'a>(
    frame: &'a [u8],
    defaults: &'a Defaults,
    received: Timestamp,
    record: &mut Record<'a>,
) -> Result<(), NotAPickle> {
    record.reset(defaults, received);
    let (objects, result) = machine::run(frame)?;
    let Object::Dict(items) = objects.get(result) else {
        return Err(NotAPickle::NotADictionary);
    };
    let room = frame.len().saturating_mul(ROOM.0).saturating_add(ROOM.1);
    let mut writer = Writer::new(&objects, room);
    let mut found = Found::default();
    for &(key, value) in items {
        let Some(name) = objects.text(key) else {
            return Err(NotAPickle::NotADictionary);
        };
        let none = matches!(objects.get(value), Object::None);
        match name {
            "name" => found.name = Some(value),
            "msg" => found.msg = Some(value),
            "args" => found.args = Some(value),
            "levelname" => found.levelname = Some(value),
            "levelno" => found.levelno = Some(value),
            "created" => found.created = Some(value),
            "exc_text" => found.exc_text = Some(value).filter(|_| !none),
            "exc_info" => found.exc_info = Some(value).filter(|_| !none),
            "msecs" | "relativeCreated" => {}
            "pathname" | "filename" | "module" | "lineno" | "funcName" | "stack_info"
            | "thread" | "threadName" | "process" | "processName" | "taskName"
                if none => {}
            // The merged text, where there is no message to merge.
            "message" => found.message = Some(value),
            _ => {
                let key = writer.text(key)?;
                let value = extra(value, &objects, &mut writer)?;
                record.extra.push((key, value));
            }
        }
    }
    found.fill(&objects, &mut writer, record)
}

/// An attribute that the record has no place for.
fn extra<'a>(
    id: Id,
    objects: &Objects<'a>,
    writer: &mut Writer<'_, 'a>,
) -> Result<Value<'a>, NotAPickle> {
    Ok(match objects.get(id) {
        _ if objects.is_collection(id) => Value::Json(Cow::Owned(writer.json(id)?)),
        Object::Text(_) | Object::Bytes(_) | Object::Made { .. } | Object::Global(..) => {
            Value::Text(writer.text(id)?)
        }
        Object::None => Value::Json(Cow::Borrowed("null")),
        Object::Bool(true) => Value::Json(Cow::Borrowed("true")),
        Object::Bool(false) => Value::Json(Cow::Borrowed("false")),
        _ => Value::Json(Cow::Owned(writer.json(id)?)),
    })
}

/// The attributes that a record has a place for.
#[derive(Default)]
struct Found {
    name: Option<Id>,
    msg: Option<Id>,
    message: Option<Id>,
    args: Option<Id>,
    levelname: Option<Id>,
    levelno: Option<Id>,
    created: Option<Id>,
    exc_text: Option<Id>,
    exc_info: Option<Id>,
}

impl Found {
    fn fill<'a>(
        &self,
        objects: &Objects<'a>,
        writer: &mut Writer<'_, 'a>,
        record: &mut Record<'a>,
    ) -> Result<(), NotAPickle> {
        if let Some(id) = self.name {
            record.name = writer.text(id)?;
        }
        if let Some(id) = self.msg.or(self.message) {
            let message = writer.text(id)?;
            let args = self.args.filter(|args| match objects.get(*args) {
                Object::List(items) => !items.is_empty(),
                Object::Dict(items) => !items.is_empty(),
                _ => false,
            });
            let message = match args {
                None => message,
                Some(args) => match percent::fill(&message, args, objects, writer)? {
                    Some(filled) => Cow::Owned(filled),
                    // Nothing of it is lost.
                    None => Cow::Owned(format!("{message} {}", writer.json(args)?)),
                },
            };
            record.message = match message {
                Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
                Cow::Owned(text) => Cow::Owned(text.into_bytes()),
            };
        }
        let number = match self.levelno.map(|id| objects.get(id)) {
            Some(Object::Int(number)) => u32::try_from(*number).ok(),
            _ => None,
        };
        let name = match self.levelname {
            Some(id) => Some(writer.text(id)?).filter(|name| !name.is_empty()),
            None => None,
        };
        let named = name.as_deref().and_then(fields::word_level);
        if let Some(level) = number.map(Level).or(named) {
            record.level = level;
        }
        // Python's own name for a number that has none.
        let derived = |name: &str| {
            record.level.name() == Some(name) || name == format!("Level {}", record.level.0)
        };
        record.level_name = name.filter(|name| !derived(name));
        let created = match self.created.map(|id| objects.get(id)) {
            Some(Object::Float(seconds)) => Timestamp::from_secs_f64(*seconds),
            Some(Object::Int(seconds)) => Timestamp::from_parts(*seconds, 0),
            _ => None,
        };
        record.created = created.unwrap_or(record.created);
        if let Some(id) = self.exc_text.or(self.exc_info) {
            record.exc_text = Some(writer.text(id)?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Encode;
    use crate::wire::pickle::PickleEncoder;
    use proptest::prelude::*;

    fn decoded<'a>(frame: &'a [u8], defaults: &'a Defaults) -> Result<Record<'a>, NotAPickle> {
        let mut record = Record::new(defaults, Timestamp(7));
        decode(frame, defaults, Timestamp(7), &mut record)?;
        Ok(record)
    }

    /// A dictionary whose one entry is made by these operations.
    fn entry(key: &str, operations: &[u8]) -> Vec<u8> {
        let length = u32::try_from(key.len()).unwrap().to_le_bytes();
        [
            b"\x80\x04}X",
            &length[..],
            key.as_bytes(),
            operations,
            b"s.",
        ]
        .concat()
    }

    #[test]
    fn what_would_be_called_is_a_text() {
        let defaults = Defaults::default();
        let frame = entry("x", b"cos\nsystem\n(Vtouch /tmp/x\ntR");
        let record = decoded(&frame, &defaults).unwrap();
        let want = Value::Text("os.system(\"touch /tmp/x\")".into());
        assert_eq!(record.get("x"), Some(&want));
    }

    #[test]
    fn well_known_objects_are_readable() {
        let defaults = Defaults::default();
        for (operations, want) in [
            (
                &b"cdatetime\ndatetime\nC\x0a\x07\xea\x0b\x17\x0a\x1e\x00\x00\x01\x00\x85R"[..],
                "2026-11-23T10:30:00.000256",
            ),
            (b"cdatetime\ndate\nC\x04\x07\xea\x0b\x17\x85R", "2026-11-23"),
            (b"cdecimal\nDecimal\nV1.50\n\x85R", "1.50"),
            (b"cpathlib\nPosixPath\n(V/\nVtmp\nVx\ntR", "/tmp/x"),
            (b"cbuiltins\nValueError\nVbad\n\x85R", "ValueError: bad"),
            (b"capp\nThing\n)\x81}Va\nK\x01sb", "app.Thing() {\"a\":1}"),
            (b"C\x02\xffa", "\\xffa"),
        ] {
            let frame = entry("x", operations);
            let record = decoded(&frame, &defaults).unwrap();
            assert_eq!(record.get("x"), Some(&Value::Text(want.into())));
        }
        let frame = entry("x", b"cbuiltins\nset\n](K\x01K\x02e\x85R");
        let record = decoded(&frame, &defaults).unwrap();
        assert_eq!(record.get("x"), Some(&Value::Json("[1,2]".into())));
    }

    #[test]
    fn arguments_are_filled_in() {
        let defaults = Defaults::default();
        let message = |text: &str, args: &[u8]| {
            let length = u32::try_from(text.len()).unwrap().to_le_bytes();
            let frame = [
                b"\x80\x02}(X\x03\0\0\0msgX",
                &length[..],
                text.as_bytes(),
                b"X\x04\0\0\0args",
                args,
                b"u.",
            ]
            .concat();
            let record = decoded(&frame, &defaults).unwrap();
            String::from_utf8(record.message.to_vec()).unwrap()
        };
        let three = b"(X\x01\0\0\0aK\x07G\x3f\xf8\0\0\0\0\0\0t";
        for (text, want) in [
            ("%s %d %f", "a 7 1.500000"),
            ("%r|%05d|%.1f", "'a'|00007|1.5"),
            ("%-3s|%x|%g", "a  |7|1.5"),
            ("%5s|%+d|%e%%", "    a|+7|1.500000e+00%"),
            // One too many, or too few: nothing is lost.
            ("%s", "%s [\"a\",7,1.5]"),
            ("%s %s %s %s", "%s %s %s %s [\"a\",7,1.5]"),
            ("100 % x", "100 % x [\"a\",7,1.5]"),
        ] {
            assert_eq!(message(text, three), want, "{text}");
        }
        assert_eq!(message("%(n)d of %(n)s", b"}X\x01\0\0\0nK\x05s"), "5 of 5");
        assert_eq!(message("100 % x", b"N"), "100 % x");
        assert_eq!(message("100 % x", b")"), "100 % x");
        // A width is not believed.
        assert_eq!(message("%99999999999d", b"(K\x01t").len(), 1024);
    }

    #[test]
    fn hostile_pickles_stay_small() {
        let defaults = Defaults::default();
        let deep = entry("x", &[&b"]".repeat(1000)[..], &b"a".repeat(999)].concat());
        assert_eq!(decoded(&deep, &defaults), Err(NotAPickle::Deep));
        // Each list holds the one before twice.
        let mut laughs = b"(]q\x00".to_vec();
        for number in 0..60u8 {
            laughs.extend_from_slice(&[b'(', b'h', number, b'h', number, b'l', b'q', number + 1]);
        }
        laughs.push(b'l');
        let laughs = entry("x", &laughs);
        assert_eq!(decoded(&laughs, &defaults), Err(NotAPickle::TooLarge));
        // A long key, again and again.
        let mut keys = [b"\x80\x02}(V", &b"\\u00e9".repeat(1000)[..], b"\nq\x00N"].concat();
        keys.extend(b"h\x00N".repeat(10_000));
        keys.extend_from_slice(b"u.");
        assert_eq!(decoded(&keys, &defaults), Err(NotAPickle::TooLarge));
        // In itself.
        let itself = entry("x", b"]q\x00h\x00a");
        assert_eq!(decoded(&itself, &defaults), Err(NotAPickle::Deep));
        let lengths: [&[u8]; 4] = [
            b"\x8b\xff\xff\xff\x7f",
            b"X\xff\xff\xff\xff",
            b"\x8e\xff\xff\xff\xff\xff\xff\xff\xff",
            b"T\0\0\0\x80",
        ];
        for length in lengths {
            assert_eq!(
                decoded(&entry("x", length), &defaults),
                Err(NotAPickle::CutOff)
            );
        }
        assert_eq!(
            decoded(b"\x82\x01.", &defaults),
            Err(NotAPickle::Operation(0x82))
        );
        assert_eq!(
            decoded(b"\x80\x06N.", &defaults),
            Err(NotAPickle::Protocol(6))
        );
        assert_eq!(decoded(b"N.", &defaults), Err(NotAPickle::NotADictionary));
        assert_eq!(decoded(b"}.}.", &defaults), Err(NotAPickle::Behind(2)));
    }

    fn value() -> impl Strategy<Value = Value<'static>> {
        prop_oneof![
            "\\PC{0,12}".prop_map(|text| Value::Text(text.into())),
            any::<i64>().prop_map(|number| Value::Json(number.to_string().into())),
            any::<i128>().prop_map(|number| Value::Json(number.to_string().into())),
            prop_oneof![
                Just("true"),
                Just("null"),
                Just("[1,{\"a\":[]},\"x\"]"),
                Just("0.5")
            ]
            .prop_map(|json| Value::Json(json.into())),
        ]
    }

    proptest! {
        #[test]
        fn what_is_sent_arrives(
            message in "\\PC{0,40}",
            name in "[a-z.]{1,9}",
            level in 0u32..80,
            created in any::<i32>(),
            exc_text in prop::option::of("\\PC{1,20}"),
            extra in prop::collection::btree_map("[A-Z][a-z]{0,6}", value(), 0..6),
        ) {
            let defaults = Defaults::default();
            let mut record = Record::new(&defaults, Timestamp(i64::from(created) * 1_000_000_000));
            record.message = Cow::Borrowed(message.as_bytes());
            record.name = Cow::Borrowed(&name);
            record.level = Level(level);
            record.exc_text = exc_text.map(Cow::Owned);
            record.extra = extra.into_iter().map(|(key, value)| (key.into(), value)).collect();
            let mut out = Vec::new();
            PickleEncoder::new(Timestamp(0)).encode(&record, &mut out, &mut |_| {}).unwrap();
            let mut got = decoded(&out, &defaults).unwrap();
            // What Python has for every record.
            let own = ["pathname", "filename", "module", "lineno", "thread", "threadName",
                       "processName", "process"];
            got.extra.retain(|(key, _)| !own.contains(&&**key));
            prop_assert_eq!(got, record);
        }

        #[test]
        fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decoded(&bytes, &Defaults::default());
        }

        /// Operations in an order that makes little sense.
        #[test]
        fn no_operation_panics(codes in prop::collection::vec(
            prop::sample::select(&b"().012NIJKLMPQRSTUVX]}aebdeghijlopqrstu\x80\x81\x85\x86\x87\x88\x8a\x8c\x8f\x90\x91\x92\x93\x94\n\x01\x00'"[..]),
            0..80,
        )) {
            let _ = decoded(&codes, &Defaults::default());
        }
    }
}
