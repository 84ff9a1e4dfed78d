//! Events of Windows' event log: a type and a text, as `NTEventLogHandler` of
//! Python's logging reports them.
//!
//! On its way to the log (a queue, a spool), an event is one byte for its type
//! and the text in UTF-8.

use std::path::PathBuf;

use super::{Encode, Refused};
use crate::level::Level;
use crate::record::Record;
use crate::text::Formatter;

/// The longest text of an event in UTF-16 units (ReportEventW).
pub const LONGEST: usize = 31_839;

/// What a part of a text has in front, at most: `[part 99999 of 99999] `.
const MARK: usize = 24;

/// The type of an event, by its number in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventType {
    /// EVENTLOG_ERROR_TYPE.
    Error = 1,
    /// EVENTLOG_WARNING_TYPE.
    Warning = 2,
    /// EVENTLOG_INFORMATION_TYPE.
    Information = 4,
}

impl EventType {
    /// As Python's `typemap` for the levels that it has, and the same on either
    /// side for those in between.
    pub fn of(level: Level) -> EventType {
        match level {
            level if level >= Level::ERROR => EventType::Error,
            level if level >= Level::WARNING => EventType::Warning,
            _ => EventType::Information,
        }
    }
}

/// The source that events of Windows have, and what all of them say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceOptions {
    /// Its name (`appname` of Python's handler).
    pub app: String,
    /// The log: Application, System or Security (`logtype`).
    pub log: String,
    /// The file that has the texts of events (`dllname`); `None` is one that shows
    /// an event's own text.
    pub dll: Option<PathBuf>,
    /// The number of the text there.
    pub event_id: u32,
    /// The number of the category there; 0 is none.
    pub category: u16,
}

impl Default for SourceOptions {
    fn default() -> SourceOptions {
        SourceOptions {
            app: "lh".to_owned(),
            log: "Application".to_owned(),
            dll: None,
            event_id: 1,
            category: 0,
        }
    }
}

/// Makes an event of a record, or several where its text is longer than one holds:
/// each then begins with `[part N of M] `.
#[derive(Debug)]
pub struct NtEventEncoder {
    message: Formatter,
    text: Vec<u8>,
}

impl NtEventEncoder {
    /// The formatter makes the text.
    pub fn new(message: Formatter) -> NtEventEncoder {
        NtEventEncoder {
            message,
            text: Vec::new(),
        }
    }
}

impl Encode for NtEventEncoder {
    fn encode(
        &mut self,
        record: &Record<'_>,
        out: &mut Vec<u8>,
        end: &mut dyn FnMut(&mut Vec<u8>),
    ) -> Result<(), Refused> {
        self.text.clear();
        self.message.format(record, &mut self.text);
        let text = String::from_utf8_lossy(&self.text);
        // A zero would end the text.
        let text = text.replace('\0', "\\x00");
        let kind = EventType::of(record.level) as u8;
        let parts = parts(&text);
        for (at, part) in parts.iter().enumerate() {
            out.push(kind);
            if parts.len() > 1 {
                let mark = format!("[part {} of {}] ", at + 1, parts.len());
                out.extend_from_slice(mark.as_bytes());
            }
            out.extend_from_slice(part.as_bytes());
            end(out);
        }
        Ok(())
    }
}

/// The text in pieces of which each has room in an event; no character is cut.
fn parts(text: &str) -> Vec<&str> {
    // Never more units than bytes.
    if text.len() <= LONGEST || text.encode_utf16().count() <= LONGEST {
        return vec![text];
    }
    let mut parts = Vec::new();
    let (mut start, mut units) = (0, 0);
    for (at, ch) in text.char_indices() {
        if units + ch.len_utf16() > LONGEST - MARK {
            parts.push(&text[start..at]);
            (start, units) = (at, 0);
        }
        units += ch.len_utf16();
    }
    parts.push(&text[start..]);
    parts
}

/// The type's number and the text of an event; `None` for what is none.
pub fn decode(event: &[u8]) -> Option<(u16, &str)> {
    let (kind, text) = event.split_first()?;
    let text = std::str::from_utf8(text).ok()?;
    matches!(kind, 1 | 2 | 4).then_some(((*kind).into(), text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::now::Now;
    use crate::record::Defaults;
    use proptest::prelude::*;

    fn events(level: Level, message: &str) -> Vec<(u16, String)> {
        let message_only = Formatter::parse("message", None, false).unwrap();
        let mut encoder = NtEventEncoder::new(message_only);
        let defaults = Defaults::default();
        let mut record = Record::new(&defaults, Now::read().wall);
        record.level = level;
        record.message = message.as_bytes().into();
        let (mut out, mut ends) = (Vec::new(), vec![0]);
        encoder
            .encode(&record, &mut out, &mut |out| ends.push(out.len()))
            .unwrap();
        let event = |ends: &[usize]| {
            let (kind, text) = decode(&out[ends[0]..ends[1]]).unwrap();
            (kind, text.to_owned())
        };
        ends.windows(2).map(event).collect()
    }

    #[test]
    fn types_are_pythons() {
        for (level, kind) in [
            (Level::TRACE, 4),
            (Level::DEBUG, 4),
            (Level::INFO, 4),
            (Level::NOTICE, 4),
            (Level::WARNING, 2),
            (Level(35), 2),
            (Level::ERROR, 1),
            (Level::CRITICAL, 1),
            (Level::EMERGENCY, 1),
        ] {
            assert_eq!(events(level, "x"), [(kind, "x".to_owned())]);
        }
    }

    #[test]
    fn a_zero_does_not_end_a_text() {
        let want = [(4, "a\\x00b".to_owned())];
        assert_eq!(events(Level::INFO, "a\0b"), want);
    }

    #[test]
    fn what_is_too_long_comes_in_parts_with_a_mark() {
        let whole = "x".repeat(LONGEST);
        assert_eq!(events(Level::INFO, &whole).len(), 1);
        let two = events(Level::ERROR, &"x".repeat(LONGEST + 1));
        assert_eq!(two.len(), 2);
        assert!(two[0].1.starts_with("[part 1 of 2] xxx"));
        assert!(two[1].1.starts_with("[part 2 of 2] x"));
        assert!(two.iter().all(|(kind, _)| *kind == 1));
    }

    #[test]
    fn what_is_none_is_not_taken_for_one() {
        for event in [&b""[..], b"3x", b"\x03x", b"\x01\xff"] {
            assert_eq!(decode(event), None);
        }
    }

    proptest! {
        #[test]
        fn parts_are_the_text(text in "[a-zé€😀\n]{0,60}", times in 1usize..2000) {
            let text = text.repeat(times);
            let parts = parts(&text);
            prop_assert_eq!(parts.concat(), text.as_str());
            let many = parts.len() > 1;
            for part in parts {
                let units = part.encode_utf16().count();
                let most = if many { LONGEST - MARK } else { LONGEST };
                prop_assert!(units <= most);
            }
        }
    }
}
