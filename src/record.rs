//! One log record, borrowed from the bytes that it came in.

use std::borrow::Cow;

use crate::level::Level;
use crate::now::Timestamp;

/// What Python's `LogRecord` holds, as far as a record that crossed a pipe or
/// a socket can have it.
///
/// A record borrows from the input wherever it can; a decoder fills the same
/// value again for each frame of a batch, so that the vector of extra
/// attributes is allocated once a batch and not once a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Record<'a> {
    /// The message. Bytes, because a line of a pipe may hold any.
    pub message: Cow<'a, [u8]>,
    /// The level on Python's scale.
    pub level: Level,
    /// The name that the sender gave the level, where `level` does not have it.
    pub level_name: Option<Cow<'a, str>>,
    /// When the record was made, or else when lh read it.
    pub created: Timestamp,
    /// The logger's name.
    pub name: Cow<'a, str>,
    /// The text of an exception, possibly of many lines.
    pub exc_text: Option<Cow<'a, str>>,
    /// Every other attribute, in the order in which it came.
    pub extra: Vec<(Cow<'a, str>, Value<'a>)>,
    /// Where its bytes stand in what was read.
    pub part: LinePart,
    /// The message of the records that it stands for, where it sums up what is not
    /// handed on: filters go by that.
    pub stands_for: Option<Cow<'a, [u8]>>,
}

/// Where the bytes of a record stand in what was read: a line that is longer
/// than the longest record comes in parts, and lines of another stream may come
/// between them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinePart {
    /// Which of the streams that are read at once they come from.
    pub stream: u32,
    /// They go on with what the record before of the same stream began: one
    /// level and one verdict of a filter hold for all of it.
    pub continues: bool,
    /// The next one of the same stream is known to go on with them. Only streams
    /// from [`LinePart::MANY`] on say so.
    pub more: bool,
}

impl LinePart {
    /// Of the streams from this one on there may be any number.
    pub const MANY: u32 = 64;
}

/// The value of an extra attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// A string.
    Text(Cow<'a, str>),
    /// Any other JSON value, as its JSON text: a number keeps its digits.
    Json(Cow<'a, str>),
}

impl Value<'_> {
    /// The same value without a copy of its text.
    pub fn borrow(&self) -> Value<'_> {
        match self {
            Value::Text(text) => Value::Text(Cow::Borrowed(text)),
            Value::Json(text) => Value::Json(Cow::Borrowed(text)),
        }
    }
}

/// What records get that do not say it themselves.
#[derive(Clone, Debug)]
pub struct Defaults {
    /// The level of a record that carries none (`--level`).
    pub level: Level,
    /// Look for a level in a plain line (`--detect-level`).
    pub detect_level: bool,
    /// How a level's number is read (`--level-scale`).
    pub level_scale: LevelScale,
    /// The logger's name (`--name`); Python's own default is `root`.
    pub name: String,
    /// Extra attributes of every record (`--field`).
    pub fields: Vec<(String, Value<'static>)>,
    /// Extra attributes other than `stack_info` are looked at by somebody. If
    /// not, they need not be made.
    pub attributes: bool,
}

impl Default for Defaults {
    fn default() -> Self {
        Defaults {
            level: Level::INFO,
            detect_level: false,
            level_scale: LevelScale::Auto,
            name: "root".to_owned(),
            fields: Vec::new(),
            attributes: true,
        }
    }
}

/// The scale of a level that is given as a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LevelScale {
    /// By the key and what stands beside it.
    #[default]
    Auto,
    /// 10 debug to 50 critical.
    Python,
    /// 7 debug to 0 emergency.
    Syslog,
    /// 10 trace to 60 fatal, as pino and bunyan have it.
    Pino,
}

impl<'a> Record<'a> {
    /// An empty record with the defaults filled in.
    pub fn new(defaults: &'a Defaults, received: Timestamp) -> Record<'a> {
        Record::reusing(Vec::new(), defaults, received)
    }

    /// The same in the room that the attributes of another one took.
    pub fn reusing(
        extra: Vec<(Cow<'_, str>, Value<'_>)>,
        defaults: &'a Defaults,
        received: Timestamp,
    ) -> Record<'a> {
        let mut record = Record::unset(extra, defaults, received);
        record.reset(defaults, received);
        record
    }

    /// The same for who [resets](Record::reset) it before it is looked at.
    pub(crate) fn unset(
        extra: Vec<(Cow<'_, str>, Value<'_>)>,
        defaults: &'a Defaults,
        received: Timestamp,
    ) -> Record<'a> {
        Record {
            message: Cow::Borrowed(b""),
            level: defaults.level,
            level_name: None,
            created: received,
            name: Cow::Borrowed(&defaults.name),
            exc_text: None,
            extra: emptied(extra),
            part: LinePart::default(),
            stands_for: None,
        }
    }

    /// Makes the record empty again, keeping what it has allocated.
    #[inline]
    pub fn reset(&mut self, defaults: &'a Defaults, received: Timestamp) {
        self.message = Cow::Borrowed(b"");
        self.level = defaults.level;
        self.level_name = None;
        self.created = received;
        self.name = Cow::Borrowed(&defaults.name);
        self.exc_text = None;
        self.part = LinePart::default();
        self.stands_for = None;
        if self.extra.is_empty() && defaults.fields.is_empty() {
            return;
        }
        self.extra.clear();
        let fields = defaults
            .fields
            .iter()
            .map(|(key, value)| (Cow::Borrowed(key.as_str()), value.borrow()));
        self.extra.extend(fields);
    }

    /// The same record, which borrows what this one owns. Allocates the list of
    /// its attributes.
    pub fn view(&self) -> Record<'_> {
        let extra = self.extra.iter();
        Record {
            message: Cow::Borrowed(&self.message),
            level: self.level,
            level_name: self.level_name.as_deref().map(Cow::Borrowed),
            created: self.created,
            name: Cow::Borrowed(&self.name),
            exc_text: self.exc_text.as_deref().map(Cow::Borrowed),
            extra: extra
                .map(|(key, value)| (Cow::Borrowed(&**key), value.borrow()))
                .collect(),
            part: self.part,
            stands_for: self.stands_for.as_deref().map(Cow::Borrowed),
        }
    }

    /// The room of its attributes, for [`reusing`](Record::reusing).
    pub fn into_room(self) -> Vec<(Cow<'static, str>, Value<'static>)> {
        emptied(self.extra)
    }

    /// The extra attribute of that name; the last one, should it stand twice.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        let mut found = self.extra.iter().rev().filter(|(name, _)| name == key);
        found.next().map(|(_, value)| value)
    }
}

/// The same vector for values that borrow from elsewhere. What is collected
/// from a vector without an element takes that vector's room.
fn emptied<'b>(mut extra: Vec<(Cow<'_, str>, Value<'_>)>) -> Vec<(Cow<'b, str>, Value<'b>)> {
    extra.clear();
    extra
        .into_iter()
        .map(|_| (Cow::Borrowed(""), Value::Text(Cow::Borrowed(""))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_for_attributes_is_used_again() {
        let defaults = Defaults::default();
        let mut record = Record::new(&defaults, Timestamp(0));
        record.extra.reserve(17);
        let (place, capacity) = (record.extra.as_ptr() as usize, record.extra.capacity());
        let again = Record::reusing(record.into_room(), &defaults, Timestamp(0));
        assert_eq!(again.extra.as_ptr() as usize, place);
        assert_eq!(again.extra.capacity(), capacity);
    }
}
