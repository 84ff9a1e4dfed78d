//! What a mail is made of: one record on its way to `smtp`, as an object of
//! JSON, so that a spool and a file of dead letters can be read.
//!
//! A subject may hold counts, which only the mail knows. They stand in it as
//! control characters, of which all others are taken out.

use serde_json::{Value, json};

use crate::level::Level;
use crate::now::Timestamp;
use crate::record::Record;
use crate::text::guard::{Escape, guard};
use crate::text::{FormatError, Formatter};
use crate::wire::{Encode, Refused};

/// The longest subject, in characters. What is longer is cut off.
const LONGEST_SUBJECT: usize = 200;

/// What only the mail knows: the names in a template, and what stands for them.
const COUNTS: [(&str, char); 3] = [("count", '\u{1}'), ("more", '\u{2}'), ("kinds", '\u{3}')];

/// How many records there are beside this one, in words; nothing if none.
const AND_MORE: char = '\u{4}';

/// The counts that a subject may show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Records in the mail.
    pub records: u64,
    /// Kinds of them.
    pub kinds: u64,
}

/// A record as it goes into a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailRecord {
    /// Its level.
    pub level: Level,
    /// What the level is called.
    pub level_name: String,
    /// When it was made.
    pub created: Timestamp,
    /// The subject, with [`COUNTS`] in it.
    subject: String,
    /// Its text.
    pub text: String,
}

impl MailRecord {
    /// Reads what [`MailEncoder`] has written. What it has not written, as in a
    /// spool of another handler, is the text of a record of which nothing else
    /// is known.
    pub fn read(frame: &[u8]) -> MailRecord {
        let object: Option<Value> = serde_json::from_slice(frame).ok();
        let text = |key: &str| Some(object.as_ref()?.get(key)?.as_str()?.to_owned());
        let number = |key: &str| object.as_ref()?.get(key)?.as_i64();
        let level = number("levelno").and_then(|number| u32::try_from(number).ok());
        let level = level.map_or(Level::NOTSET, Level);
        MailRecord {
            level,
            level_name: text("levelname").unwrap_or_else(|| level.to_string()),
            created: Timestamp(number("created_ns").unwrap_or_default()),
            subject: text("subject").unwrap_or_default(),
            text: text("text").unwrap_or_else(|| {
                let text = String::from_utf8_lossy(frame);
                text.strip_suffix('\n').unwrap_or(&text).to_owned()
            }),
        }
    }

    /// Appends it as [`read`](Self::read) wants it.
    pub fn write(&self, out: &mut Vec<u8>) {
        let object = json!({
            "levelname": self.level_name,
            "levelno": self.level.0,
            "created_ns": self.created.0,
            "subject": self.subject,
            "text": self.text,
        });
        // Into memory, and of strings and numbers: nothing can fail.
        let _ = serde_json::to_writer(&mut *out, &object);
        out.push(b'\n');
    }

    /// The subject of a mail with so many records.
    pub fn subject(&self, counts: Counts) -> String {
        let more = counts.records.saturating_sub(1);
        let mut subject = String::new();
        for ch in self.subject.chars() {
            match ch {
                '\u{1}' => subject.push_str(&counts.records.to_string()),
                '\u{2}' => subject.push_str(&more.to_string()),
                '\u{3}' => subject.push_str(&counts.kinds.to_string()),
                AND_MORE if more > 0 => subject.push_str(&format!(" (and {more} more)")),
                ch if ch.is_control() => {}
                ch => subject.push(ch),
            }
        }
        subject
    }
}

/// A part of a subject's template.
#[derive(Debug)]
enum Part {
    Text(String),
    Field(Formatter),
    Count(char),
}

/// A template for subjects: that of [`Formatter`], and counts.
#[derive(Debug)]
pub struct SubjectTemplate {
    parts: Vec<Part>,
    /// The first part is the level, which a message may say itself.
    usual: bool,
}

impl SubjectTemplate {
    /// Reads a template. Beside a record's attributes it may have `count`, how
    /// many records the mail has; `more`, one less; and `kinds`, how many kinds
    /// of messages. The other attributes are those of the gravest record.
    ///
    /// # Errors
    /// When it is malformed.
    pub fn parse(text: &str, utc: bool) -> Result<SubjectTemplate, FormatError> {
        let percent = text.contains("%(");
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((at, length, sign)) = next_count(rest, percent) {
            push(&mut parts, &rest[..at], percent, utc)?;
            parts.push(Part::Count(sign));
            rest = &rest[at + length..];
        }
        push(&mut parts, rest, percent, utc)?;
        Ok(SubjectTemplate {
            parts,
            usual: false,
        })
    }

    /// The subject where nobody says another: the level and the message of the
    /// gravest record, and how many there are beside it. A level that the message
    /// begins with is not said twice.
    ///
    /// # Errors
    /// None, as it is well formed.
    pub fn usual(utc: bool) -> Result<SubjectTemplate, FormatError> {
        let mut parts = Vec::new();
        push(&mut parts, "{levelname}: ", false, utc)?;
        push(&mut parts, "{message}", false, utc)?;
        parts.push(Part::Count(AND_MORE));
        Ok(SubjectTemplate { parts, usual: true })
    }

    fn render(&mut self, record: &Record<'_>, room: &mut Vec<u8>) -> String {
        let mut subject = String::new();
        let mut left = LONGEST_SUBJECT;
        let says =
            self.usual && says_level(&String::from_utf8_lossy(&record.message), record.level);
        for part in self.parts.iter_mut().skip(usize::from(says)) {
            match part {
                Part::Text(text) => clean(text, &mut left, &mut subject),
                Part::Count(sign) => subject.push(*sign),
                Part::Field(formatter) => {
                    room.clear();
                    formatter.format(record, room);
                    clean(&String::from_utf8_lossy(room), &mut left, &mut subject);
                }
            }
        }
        subject
    }
}

/// Whether a text begins with its level: `ERROR x`, `[warn] x`.
pub fn says_level(text: &str, level: Level) -> bool {
    let text = text.trim_start_matches(['[', '<', '(', ' ']);
    let end = text.find(|ch: char| !ch.is_ascii_alphabetic());
    let word = &text[..end.unwrap_or(text.len())];
    Level::from_name(word.as_bytes()) == Some(level)
}

/// Where the next count stands, how long its name is there, and its sign.
fn next_count(text: &str, percent: bool) -> Option<(usize, usize, char)> {
    let found = COUNTS.iter().filter_map(|(name, sign)| {
        let forms = match percent {
            true => vec![format!("%({name})s"), format!("%({name})d")],
            false => vec![format!("{{{name}}}")],
        };
        let found = forms.iter().filter_map(|form| {
            let escape = if percent { '%' } else { '{' };
            let mut places = text.match_indices(form.as_str());
            // A doubled one stands for itself.
            let place = places.find(|(at, _)| {
                let before = text[..*at].chars().rev();
                before.take_while(|ch| *ch == escape).count() % 2 == 0
            })?;
            Some((place.0, form.len(), *sign))
        });
        found.min()
    });
    found.min()
}

fn push(parts: &mut Vec<Part>, text: &str, percent: bool, utc: bool) -> Result<(), FormatError> {
    let fields = match percent {
        true => text.contains("%("),
        false => text.contains(['{', '}']),
    };
    if fields {
        let mut formatter = Formatter::parse(text, None, utc)?;
        formatter.set_append_exception(false);
        parts.push(Part::Field(formatter));
    } else if !text.is_empty() {
        let text = match percent {
            true => text.replace("%%", "%"),
            false => text.to_owned(),
        };
        parts.push(Part::Text(text));
    }
    Ok(())
}

/// Appends a text as a header may have it: line ends, tabs and the other
/// controls become one space for each run of them, and what turns the direction
/// of a line is left out.
fn clean(text: &str, left: &mut usize, out: &mut String) {
    let mut gap = false;
    for ch in text.chars() {
        let gaps = ch.is_control() || matches!(ch, '\u{2028}' | '\u{2029}');
        if gaps {
            gap = true;
            continue;
        }
        if matches!(ch, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        {
            continue;
        }
        for ch in gap.then_some(' ').into_iter().chain([ch]) {
            if *left <= 1 {
                if std::mem::take(left) == 1 {
                    out.push('…');
                }
                return;
            }
            *left -= 1;
            out.push(ch);
        }
        gap = false;
    }
}

/// Makes [`MailRecord`]s.
#[derive(Debug)]
pub struct MailEncoder {
    subject: SubjectTemplate,
    text: Formatter,
    escape: Escape,
    room: Vec<u8>,
    scratch: Vec<u8>,
}

impl MailEncoder {
    /// With this subject, and records in this format; `escape` is for what comes
    /// over a network.
    pub fn new(subject: SubjectTemplate, text: Formatter, escape: Escape) -> MailEncoder {
        MailEncoder {
            subject,
            text,
            escape,
            room: Vec::new(),
            scratch: Vec::new(),
        }
    }
}

impl Encode for MailEncoder {
    fn encode(
        &mut self,
        record: &Record<'_>,
        out: &mut Vec<u8>,
        end: &mut dyn FnMut(&mut Vec<u8>),
    ) -> Result<(), Refused> {
        let subject = self.subject.render(record, &mut self.room);
        self.room.clear();
        self.text.format(record, &mut self.room);
        guard(self.escape, 0, &mut self.room, &mut self.scratch);
        let level_name = match &record.level_name {
            Some(name) => name.chars().filter(|ch| !ch.is_control()).collect(),
            None => record.level.to_string(),
        };
        let record = MailRecord {
            level: record.level,
            level_name,
            created: record.created,
            subject,
            text: String::from_utf8_lossy(&self.room).into_owned(),
        };
        record.write(out);
        end(out);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;

    use super::*;
    use crate::record::Defaults;

    fn encoded(template: Option<&str>, message: &[u8]) -> MailRecord {
        let defaults = Defaults::default();
        let mut record = Record::new(&defaults, Timestamp(1_057_682_985_896_123_000));
        record.message = Cow::Borrowed(message);
        record.level = Level::ERROR;
        record.exc_text = Some("Traceback".into());
        let subject = match template {
            Some(template) => SubjectTemplate::parse(template, true),
            None => SubjectTemplate::usual(true),
        };
        let text = Formatter::parse("message", None, true).unwrap();
        let mut encoder = MailEncoder::new(subject.unwrap(), text, Escape::None);
        let mut out = Vec::new();
        let mut ends = 0;
        encoder
            .encode(&record, &mut out, &mut |_| ends += 1)
            .unwrap();
        assert_eq!(ends, 1);
        MailRecord::read(&out)
    }

    const ONE: Counts = Counts {
        records: 1,
        kinds: 1,
    };

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let record = encoded(None, b"disk\xff full\nreally");
        assert_eq!(record.level, Level::ERROR);
        assert_eq!(record.level_name, "ERROR");
        assert_eq!(record.created, Timestamp(1_057_682_985_896_123_000));
        assert_eq!(record.text, "disk\u{fffd} full\nreally\nTraceback");
        assert_eq!(record.subject(ONE), "ERROR: disk\u{fffd} full really");
        let other = MailRecord::read(b"no object\n");
        assert_eq!((other.level, &*other.text), (Level::NOTSET, "no object"));
    }

    #[test]
    fn subjects_have_attributes_and_counts() {
        let counts = Counts {
            records: 10_000,
            kinds: 3,
        };
        for (template, one, many) in [
            ("{levelname}", "ERROR", "ERROR"),
            ("backup", "backup", "backup"),
            ("[{count}] {message}", "[1] m", "[10000] m"),
            ("{kinds}/{more}", "1/0", "3/9999"),
            ("%(count)d of %(levelname)s", "1 of ERROR", "10000 of ERROR"),
            (
                "100%% %(message)s {count}",
                "100% m {count}",
                "100% m {count}",
            ),
            ("{{count}} {message}", "{count} m", "{count} m"),
            (
                "{asctime}",
                "2003-07-08 16:49:45,896",
                "2003-07-08 16:49:45,896",
            ),
        ] {
            let record = encoded(Some(template), b"m");
            assert_eq!(record.subject(ONE), one, "{template}");
            assert_eq!(record.subject(counts), many, "{template}");
        }
        for (message, subject) in [
            ("m", "ERROR: m (and 9999 more)"),
            ("[error] m", "[error] m (and 9999 more)"),
            ("ERROR m", "ERROR m (and 9999 more)"),
            ("INFO m", "ERROR: INFO m (and 9999 more)"),
            ("errors", "ERROR: errors (and 9999 more)"),
        ] {
            assert_eq!(encoded(None, message.as_bytes()).subject(counts), subject);
        }
        for template in ["{", "{message:d}", "}{count}"] {
            assert!(
                SubjectTemplate::parse(template, true).is_err(),
                "{template}"
            );
        }
    }

    proptest! {
        /// Whatever a record says, its subject is one line, of a length that
        /// mail servers take, and its text is what it was.
        #[test]
        fn no_subject_has_two_lines(message in "(?s).{0,300}") {
            let record = encoded(Some("{message}{message}"), message.as_bytes());
            let subject = record.subject(ONE);
            prop_assert!(!subject.chars().any(char::is_control));
            prop_assert!(subject.chars().count() <= LONGEST_SUBJECT);
            let ends = message.ends_with('\n');
            let end = if ends { "Traceback" } else { "\nTraceback" };
            prop_assert_eq!(record.text, format!("{message}{end}"));
        }
    }
}
