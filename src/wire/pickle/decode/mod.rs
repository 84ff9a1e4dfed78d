//! From a pickle to a record. A pickle is data here: nothing is imported,
//! called or built, and what would be becomes a text.

#[cfg(test)]
mod hostile;
mod known;
mod machine;
mod memo;
mod number;
mod objects;
mod percent;
mod show;

use std::borrow::Cow;

use known::Pairs;
use objects::{Item, Text};
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
    /// More values than 262,144, or more text than four times the pickle's
    /// length and 64 KiB.
    #[error("what the pickle holds is too large")]
    TooLarge,
}

/// Fills `record` from the pickled dictionary of a `LogRecord`'s attributes, as
/// `logging.makeLogRecord` takes it: protocols 0 to 5. A `LogRecord` that was
/// pickled itself is taken, too.
///
/// Arguments are filled into the message, as `LogRecord.getMessage` does; if
/// they don't fit, they stand behind it. What says where the record was made
/// (`pathname`, `lineno`, `process` and so on) stays as extra attributes, and so
/// does everything else, in order and with its type; what Python derives or
/// leaves empty does not. Anything else than a dictionary becomes the message,
/// as Python would print it. After an error the record is empty or in parts
/// filled, to be reset by the caller.
///
/// Takes memory and time in proportion to the frame's length, and bounded
/// whatever that is. Lists and dictionaries that lie deeper than 64 in each
/// other are left out: `...` stands for them.
///
/// # Errors
/// If the frame is not one pickle.
pub fn decode<'a>(
    frame: &'a [u8],
    defaults: &'a Defaults,
    received: Timestamp,
    record: &mut Record<'a>,
) -> Result<(), NotAPickle> {
    record.reset(defaults, received);
    machine::run(frame, |objects, result| {
        let room = frame.len().saturating_mul(ROOM.0).saturating_add(ROOM.1);
        let mut writer = Writer::new(objects, room);
        let Some(attributes) = objects.attributes(result) else {
            record.message = into_bytes(writer.text(result)?);
            return Ok(());
        };
        let mut found = Found {
            is_short: !defaults.attributes,
            ..Found::default()
        };
        match attributes {
            Pairs::Flat(items) => {
                for pair in items.chunks_exact(2) {
                    found.take(&pair[0], &pair[1], &mut writer, record)?;
                }
            }
            Pairs::Nested(_) => {
                for (key, item) in attributes.iter(objects) {
                    found.take(&key, &item, &mut writer, record)?;
                }
            }
        }
        found.fill(&mut writer, record)
    })
}

/// The attributes that a record has a place for.
#[derive(Default)]
struct Found<'a> {
    /// Nobody looks at others.
    is_short: bool,
    name: Option<Item<'a>>,
    msg: Option<Item<'a>>,
    args: Option<Item<'a>>,
    levelname: Option<Item<'a>>,
    levelno: Option<Item<'a>>,
    created: Option<Item<'a>>,
    exc_text: Option<Item<'a>>,
    exc_info: Option<Item<'a>>,
    /// What a formatter has made of `msg`, and where it would stand among the
    /// extra attributes.
    message: Option<(Item<'a>, usize)>,
}

impl<'a> Found<'a> {
    /// An attribute: to its place, or to the extra attributes, or nowhere.
    #[inline]
    fn take(
        &mut self,
        key: &Item<'a>,
        item: &Item<'a>,
        writer: &mut Writer<'_, 'a>,
        record: &mut Record<'a>,
    ) -> Result<(), NotAPickle> {
        let name = match key {
            Item::Text(name) => name.as_bytes(),
            key => {
                let name = writer.objects.text(*key).map(Text::as_bytes);
                name.unwrap_or_default()
            }
        };
        let none = matches!(item, Item::None);
        let place = match (name.len(), name) {
            (3, b"msg") => &mut self.msg,
            (4, b"name") => &mut self.name,
            (4, b"args") => &mut self.args,
            (5, b"msecs") | (15, b"relativeCreated") => return Ok(()),
            (7, b"levelno") => &mut self.levelno,
            (7, b"created") => &mut self.created,
            (7, b"message") => {
                self.message = (!none).then_some((*item, record.extra.len()));
                return Ok(());
            }
            (8, b"exc_info") => &mut self.exc_info,
            (8, b"exc_text") => &mut self.exc_text,
            (9, b"levelname") => &mut self.levelname,
            (6, b"module" | b"lineno" | b"thread")
            | (7, b"process")
            | (8, b"pathname" | b"filename" | b"funcName" | b"taskName")
            | (10, b"stack_info" | b"threadName")
            | (11, b"processName")
                if none =>
            {
                return Ok(());
            }
            _ if self.is_short && name != b"stack_info" => return Ok(()),
            _ => {
                let (key, value) = (writer.text(*key)?, writer.value(*item)?);
                record.extra.push((key, value));
                return Ok(());
            }
        };
        *place = (!none).then_some(*item);
        Ok(())
    }

    fn fill(self, writer: &mut Writer<'_, 'a>, record: &mut Record<'a>) -> Result<(), NotAPickle> {
        if let Some(item) = self.name {
            record.name = writer.text(item)?;
        }
        if let Some(item) = self.msg {
            record.message = into_bytes(message(item, self.args, writer)?);
        }
        if let Some((item, place)) = self.message {
            let text = writer.text(item)?;
            if self.msg.is_none() {
                record.message = into_bytes(text);
            } else if *text.as_bytes() != *record.message {
                let entry = (Cow::Borrowed("message"), Value::Text(text));
                record.extra.insert(place.min(record.extra.len()), entry);
            }
        }
        self.level(writer, record)?;
        let created = match self.created {
            Some(Item::Float(seconds)) => timestamp(seconds),
            Some(Item::Int(seconds)) => Timestamp::from_parts(seconds, 0),
            _ => None,
        };
        record.created = created.unwrap_or(record.created);
        if let Some(item) = self.exc_text {
            record.exc_text = Some(writer.text(item)?).filter(|text| !text.is_empty());
        }
        if record.exc_text.is_none() {
            // Class, value and traceback, of which the value says most.
            let item = self.exc_info.map(|item| match *writer.objects.items(item) {
                [_, value, _] => value,
                _ => item,
            });
            record.exc_text = match item {
                None | Some(Item::None | Item::Bool(_) | Item::Int(_)) => None,
                Some(item) if !percent::is_true(item, writer) => None,
                Some(item) => Some(writer.text(item)?).filter(|text| !text.is_empty()),
            };
        }
        Ok(())
    }

    /// The number counts. The name stays if the number does not have it.
    fn level(
        &self,
        writer: &mut Writer<'_, 'a>,
        record: &mut Record<'a>,
    ) -> Result<(), NotAPickle> {
        let number = match self.levelno {
            Some(Item::Int(number)) => u32::try_from(number).ok().map(Level),
            _ => None,
        };
        let name = match self.levelname {
            Some(item) => Some(writer.text(item)?).filter(|name| !name.is_empty()),
            None => None,
        };
        let named = || fields::word_level(name.as_deref()?);
        record.level = number.or_else(named).unwrap_or(record.level);
        let is_derived = |name: &str| match record.level.name() {
            Some(own) => own == name,
            // As logging.getLevelName has it.
            None => fields::word_level(name) == Some(record.level),
        };
        record.level_name = name.filter(|name| !is_derived(name));
        Ok(())
    }
}

/// The text of a message with its arguments.
fn message<'a>(
    item: Item<'a>,
    args: Option<Item<'a>>,
    writer: &mut Writer<'_, 'a>,
) -> Result<Cow<'a, str>, NotAPickle> {
    let text = writer.text(item)?;
    let Some(args) = args.filter(|args| percent::is_true(*args, writer)) else {
        return Ok(text);
    };
    if let Some(filled) = percent::fill(&text, args, writer)? {
        return Ok(Cow::Owned(filled));
    }
    // Nothing of it is lost.
    let mut out = text.into_owned().into_bytes();
    out.push(b' ');
    writer.repr(args, 0, &mut out)?;
    Ok(Cow::Owned(super::text::into_string(out)))
}

fn into_bytes(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

/// The same as [`Timestamp::from_secs_f64`], faster for the years 1987 to 2242.
fn timestamp(seconds: f64) -> Option<Timestamp> {
    // There neighbours are at least 1.2e-7 apart and less than 1e-6, so the
    // shortest decimal that is this number has 6 digits behind the point, or
    // else 7, and the nearest of 7 is always this number.
    const RANGE: std::ops::Range<f64> = 536_870_912.0..8_589_934_592.0;
    if !RANGE.contains(&seconds) {
        return Timestamp::from_secs_f64(seconds);
    }
    let (whole, part) = (seconds.trunc(), seconds.fract());
    let micros = whole * 1e6 + (part * 1e6).round();
    if micros / 1e6 == seconds {
        return Some(Timestamp(micros as i64 * 1000));
    }
    let tenths = part * 1e7;
    match (tenths.fract() - 0.5).abs() < 1e-3 {
        // Halfway between two, as near as can be told here.
        true => Timestamp::from_secs_f64(seconds),
        false => {
            let nanos = tenths.round() as i64 * 100;
            Some(Timestamp(whole as i64 * 1_000_000_000 + nanos))
        }
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
    fn what_nobody_looks_at_is_left_out() {
        let defaults = Defaults {
            attributes: false,
            ..Defaults::default()
        };
        let entries = [
            entry("msg", b"Vm\ns"),
            entry("stack_info", b"VStack\ns"),
            entry("x", b"K\x07"),
        ];
        let inner = entries.each_ref().map(|entry| &entry[3..entry.len() - 2]);
        let frame = [b"\x80\x04}", &inner.concat()[..], b"s."].concat();
        let record = decoded(&frame, &defaults).unwrap();
        assert_eq!(*record.message, *b"m");
        let left: Vec<_> = record.extra.iter().map(|(name, _)| name.as_ref()).collect();
        assert_eq!(left, ["stack_info"]);
    }

    #[test]
    fn what_would_be_called_is_a_text() {
        let defaults = Defaults::default();
        let frame = entry("x", b"cos\nsystem\n(Vtouch /tmp/x\ntR");
        let record = decoded(&frame, &defaults).unwrap();
        let want = Value::Text("os.system('touch /tmp/x')".into());
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
            (b"cpathlib\nPurePosixPath\n(Vtmp\nVx\nVy\ntR", "tmp/x/y"),
            (b"cpathlib\nPureWindowsPath\n(Vc:\\\nVx\ntR", "c:\\x"),
            (b"cpathlib\nPosixPath\n)R", "."),
            (b"cbuiltins\nValueError\nVbad\n\x85R", "ValueError: bad"),
            (b"capp\nThing\n)\x81}Va\nK\x01sb", "app.Thing() {'a': 1}"),
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
    fn what_is_no_exception() {
        let defaults = Defaults::default();
        for (operations, want) in [
            (&b"N"[..], None),
            (b"\x89", None),
            (b"K\0", None),
            (b")", None),
            (b"]", None),
            (b"V\n", None),
            (
                b"cbuiltins\nValueError\nVbad\n\x85R",
                Some("ValueError: bad"),
            ),
        ] {
            let frame = entry("exc_info", operations);
            let record = decoded(&frame, &defaults).unwrap();
            assert_eq!(record.exc_text.as_deref(), want, "{operations:?}");
        }
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
            ("%s", "%s ('a', 7, 1.5)"),
            ("%s %s %s %s", "%s %s %s %s ('a', 7, 1.5)"),
            ("100 % x", "100 % x ('a', 7, 1.5)"),
        ] {
            assert_eq!(message(text, three), want, "{text}");
        }
        assert_eq!(message("%(n)d of %(n)s", b"}X\x01\0\0\0nK\x05s"), "5 of 5");
        assert_eq!(message("100 % x", b"N"), "100 % x");
        assert_eq!(message("100 % x", b")"), "100 % x");
        // A width is not believed.
        let text = "%99999999999d";
        assert_eq!(message(text, b"(K\x01t"), format!("{text} (1,)"));
    }

    #[test]
    fn hostile_pickles_stay_small() {
        let defaults = Defaults::default();
        let deep = entry("x", &[&b"]".repeat(1000)[..], &b"a".repeat(999)].concat());
        let want = format!("{}\"...\"{}", "[".repeat(64), "]".repeat(64));
        let record = decoded(&deep, &defaults).unwrap();
        assert_eq!(record.get("x"), Some(&Value::Json(want.clone().into())));
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
        let record = decoded(&itself, &defaults).unwrap();
        assert_eq!(record.get("x"), Some(&Value::Json(want.into())));
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
        assert_eq!(*decoded(b"N.", &defaults).unwrap().message, *b"None");
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
        fn a_time_is_its_shortest_decimal(secs in 0f64..1e10, nanos in 0u32..1_000_000_000) {
            for secs in [secs, secs.trunc() + f64::from(nanos) / 1e9, (secs * 1e3).trunc() / 1e3] {
                prop_assert_eq!(timestamp(secs), Timestamp::from_secs_f64(secs), "{:?}", secs);
            }
        }

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
