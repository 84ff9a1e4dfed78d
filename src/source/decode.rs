//! Lines to records, by the input format.

use std::borrow::Cow;
use std::sync::Arc;

use crate::diag::Diag;
use crate::level::Level;
use crate::now::Timestamp;
use crate::record::{Defaults, LinePart, Record, Value};
use crate::text::detect;
use crate::wire::json;

/// How lines are read (`--input`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InputFormat {
    /// Each line is a message.
    #[default]
    Lines,
    /// Each line is a JSON object; one that is none is a message, and counted.
    Json,
    /// Whatever parses as an object is one.
    Auto,
}

/// The bytes of one record, and what is known of them.
#[derive(Clone, Copy, Debug)]
pub struct Unit<'a> {
    /// As they came, the terminator included, and with what was masked in them.
    pub bytes: &'a [u8],
    /// The same before anything was masked.
    pub unmasked: &'a [u8],
    /// When the first of them was read.
    pub received: Timestamp,
    /// They are a part of a longer record.
    pub piece: bool,
    /// They go on with the unit before.
    pub continues: bool,
    /// There is a stack trace in them.
    pub trace: bool,
}

/// Turns bytes into records.
#[derive(Debug)]
pub struct Decoder {
    format: InputFormat,
    defaults: Arc<Defaults>,
    /// Where the bytes come from, for messages.
    source: &'static str,
    diag: Diag,
    /// The frame before was the beginning of the same line.
    continued: bool,
    /// The level of what a unit may go on with.
    level: Level,
    /// Which of the streams that are read at once this is.
    stream: u8,
    malformed: u64,
    /// Room for attributes, kept from one record for the next.
    room: Vec<(Cow<'static, str>, Value<'static>)>,
}

impl Decoder {
    /// A decoder with what records get that do not say it themselves.
    pub fn new(
        format: InputFormat,
        defaults: Defaults,
        source: &'static str,
        diag: Diag,
    ) -> Decoder {
        Decoder {
            format,
            level: defaults.level,
            defaults: Arc::new(defaults),
            source,
            diag,
            continued: false,
            stream: 0,
            malformed: 0,
            room: Vec::new(),
        }
    }

    /// The same for one of several streams.
    #[must_use]
    pub fn for_stream(self, stream: u8) -> Decoder {
        Decoder { stream, ..self }
    }

    /// Whether every line has to be looked at, even where no handler asks.
    pub fn wants_lines(&self) -> bool {
        self.format == InputFormat::Json
    }

    /// How many lines were no JSON objects where all should be.
    pub fn malformed(&self) -> u64 {
        self.malformed
    }

    /// The frames of a batch as units, where each line is a record.
    pub fn unit<'a>(&mut self, frame: &'a [u8], received: Timestamp) -> Unit<'a> {
        let begun = std::mem::replace(&mut self.continued, !frame.ends_with(b"\n"));
        Unit {
            bytes: frame,
            unmasked: frame,
            received,
            piece: begun || self.continued,
            continues: begun,
            trace: false,
        }
    }

    /// Calls `each` with every frame and its record.
    ///
    /// One record is filled again and again, so a plain line allocates nothing.
    pub fn decode<'a>(
        &mut self,
        frames: impl Iterator<Item = &'a [u8]>,
        received: Timestamp,
        mut each: impl FnMut(&[u8], &Record<'_>),
    ) {
        let defaults = Arc::clone(&self.defaults);
        let room = std::mem::take(&mut self.room);
        let mut record = Record::unset(room, &defaults, received);
        for frame in frames {
            let unit = self.unit(frame, received);
            self.fill(&mut record, unit, &defaults);
            each(frame, &record);
        }
        self.room = record.into_room();
    }

    /// Calls `each` with the record of one unit.
    pub fn decode_one(&mut self, unit: Unit<'_>, each: impl FnOnce(&[u8], &Record<'_>)) {
        let defaults = Arc::clone(&self.defaults);
        let room = std::mem::take(&mut self.room);
        let mut record = Record::unset(room, &defaults, unit.received);
        self.fill(&mut record, unit, &defaults);
        each(unit.bytes, &record);
        self.room = record.into_room();
    }

    #[inline]
    fn fill<'a>(&mut self, record: &mut Record<'a>, unit: Unit<'a>, defaults: &'a Defaults) {
        match unit.continues {
            true => {
                record.reset(defaults, unit.received);
                record.message = without_newline(unit.bytes).into();
                record.level = self.level;
            }
            false => self.fill_first(record, unit, defaults),
        }
        self.level = record.level;
        record.part = LinePart {
            stream: self.stream.into(),
            continues: unit.continues,
            more: false,
        };
        if unit.piece {
            let piece = Value::Text("split".into());
            record.extra.push(("oversize".into(), piece));
        }
    }

    /// Fills in a record that goes on with nothing.
    fn fill_first<'a>(&mut self, record: &mut Record<'a>, unit: Unit<'a>, defaults: &'a Defaults) {
        let line = without_newline(unit.bytes);
        let structured = match self.format {
            InputFormat::Lines => false,
            _ => json::decode(line, defaults, unit.received, record).is_ok(),
        };
        if !structured {
            let known = match self.format {
                InputFormat::Lines => None,
                _ => self.known_before_masking(&unit, defaults),
            };
            record.reset(defaults, unit.received);
            record.message = line.into();
            if let Some((level, created)) = known {
                (record.level, record.created) = (level, created);
            } else if defaults.detect_level || self.is_cut_object(&unit) {
                // Some traces begin with an empty line; what says the level is
                // the first one that says anything.
                let head = match line.first() {
                    Some(b'\n' | b'\r') => line.trim_ascii_start(),
                    _ => line,
                };
                let said = detect::level(head);
                // A trace without a word of its level was nobody's wish.
                let level = said.or_else(|| unit.trace.then_some(Level::ERROR));
                record.level = level.unwrap_or(defaults.level);
            }
            if known.is_none() {
                self.note_malformed();
            }
        }
    }

    /// Whether this is the beginning of an object that is too long to be read:
    /// it has a level all the same.
    fn is_cut_object(&self, unit: &Unit<'_>) -> bool {
        self.format != InputFormat::Lines && unit.piece && unit.bytes.first() == Some(&b'{')
    }

    /// The level and the time of an object that a mask has made something else:
    /// it is to pass the same filters as before.
    fn known_before_masking(
        &self,
        unit: &Unit<'_>,
        defaults: &Defaults,
    ) -> Option<(Level, Timestamp)> {
        let masked = !std::ptr::eq(unit.bytes, unit.unmasked);
        if !masked {
            return None;
        }
        let mut record = Record::new(defaults, unit.received);
        let line = without_newline(unit.unmasked);
        json::decode(line, defaults, unit.received, &mut record).ok()?;
        Some((record.level, record.created))
    }

    fn note_malformed(&mut self) {
        if self.format != InputFormat::Json {
            return;
        }
        self.malformed += 1;
        if self.malformed == 1 {
            self.diag.warn(format_args!(
                "{}: a line is no JSON object and is taken as a plain message, as any like it",
                self.source
            ));
        }
    }
}

fn without_newline(bytes: &[u8]) -> &[u8] {
    bytes.strip_suffix(b"\n").unwrap_or(bytes)
}
