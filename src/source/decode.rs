//! Lines to records, by the input format.

use crate::diag::Diag;
use crate::now::Timestamp;
use crate::record::{Defaults, Record, Value};
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

/// Turns the frames of a batch into records.
#[derive(Debug)]
pub struct Decoder {
    format: InputFormat,
    defaults: Defaults,
    diag: Diag,
    /// The frame before was the beginning of the same line.
    continued: bool,
    malformed: u64,
}

impl Decoder {
    /// A decoder with what records get that do not say it themselves.
    pub fn new(format: InputFormat, defaults: Defaults, diag: Diag) -> Decoder {
        Decoder {
            format,
            defaults,
            diag,
            continued: false,
            malformed: 0,
        }
    }

    /// Whether every line has to be looked at, even where no handler asks.
    pub fn wants_lines(&self) -> bool {
        self.format == InputFormat::Json
    }

    /// How many lines were no JSON objects where all should be.
    pub fn malformed(&self) -> u64 {
        self.malformed
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
        let defaults = self.defaults.clone();
        let mut record = Record::new(&defaults, received);
        for frame in frames {
            let line = frame.strip_suffix(b"\n");
            let begun = std::mem::replace(&mut self.continued, line.is_none());
            let line = line.unwrap_or(frame);
            let structured = match self.format {
                InputFormat::Lines => false,
                _ => json::decode(line, &defaults, received, &mut record).is_ok(),
            };
            if !structured {
                set_line(&mut record, line, &defaults, received);
                self.note_malformed();
            }
            if begun || self.continued {
                let piece = Value::Text("split".into());
                record.extra.push(("oversize".into(), piece));
            }
            each(frame, &record);
        }
    }

    fn note_malformed(&mut self) {
        if self.format != InputFormat::Json {
            return;
        }
        self.malformed += 1;
        if self.malformed == 1 {
            self.diag.warn(format_args!(
                "stdin: a line is no JSON object and is taken as a plain message, as any like it"
            ));
        }
    }
}

/// Fills a record from a plain line without its newline.
fn set_line<'a>(
    record: &mut Record<'a>,
    line: &'a [u8],
    defaults: &'a Defaults,
    received: Timestamp,
) {
    record.reset(defaults, received);
    record.message = line.into();
    if defaults.detect_level
        && let Some(level) = detect::level(line)
    {
        record.level = level;
    }
}
