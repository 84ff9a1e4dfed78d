//! Which records a handler takes: by level, and by what the message says.

/// The patterns of a [`Filter`], so that a program has the version that it takes.
pub use regex::bytes::Regex;

use crate::clean::mask::foreign::any_matches;
use crate::level::Level;
use crate::record::Record;

/// The level and the patterns of one handler.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Records below this level are left out.
    pub min_level: Option<Level>,
    /// Where there are any, one of them has to match the message.
    pub include: Vec<Regex>,
    /// None of them may match the message.
    pub exclude: Vec<Regex>,
}

impl Filter {
    /// Whether every record passes, so that none has to be looked at.
    pub fn is_open(&self) -> bool {
        self.min_level.is_none() && self.include.is_empty() && self.exclude.is_empty()
    }

    /// Whether a record passes. One that stands for others goes where they would have
    /// gone.
    pub fn accepts(&self, record: &Record<'_>) -> bool {
        let message = record.stands_for.as_ref().unwrap_or(&record.message);
        let message = without_return(message);
        self.min_level.is_none_or(|level| record.level >= level)
            && (self.include.is_empty() || any_matches(&self.include, message))
            && !any_matches(&self.exclude, message)
    }
}

/// A line of text from Windows without what is left of its end, as masks and
/// joins see it: else `$` would not match there.
fn without_return(message: &[u8]) -> &[u8] {
    message.strip_suffix(b"\r").unwrap_or(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::now::Timestamp;
    use crate::record::Defaults;

    #[test]
    fn level_and_patterns() {
        let patterns = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| Regex::new(text).unwrap())
                .collect::<Vec<_>>()
        };
        let filter = Filter {
            min_level: Some(Level::WARNING),
            include: patterns(&["disk", "(?i)NET"]),
            exclude: patterns(&["^test"]),
        };
        let defaults = Defaults::default();
        let accepts = |level: Level, message: &'static [u8]| {
            let mut record = Record::new(&defaults, Timestamp(0));
            record.level = level;
            record.message = message.into();
            filter.accepts(&record)
        };
        assert!(accepts(Level::WARNING, b"disk full"));
        assert!(accepts(Level::ERROR, b"net \xff down"));
        assert!(!accepts(Level::INFO, b"disk full"));
        assert!(!accepts(Level::ERROR, b"memory"));
        assert!(!accepts(Level::ERROR, b"test disk"));
    }

    /// `.` is a byte of Latin-1 as well, as it is for masks.
    #[test]
    fn what_is_no_utf_8_is_matched_too() {
        let filter = |include: &[&str], exclude: &[&str]| {
            let compiled =
                |texts: &[&str]| texts.iter().map(|text| Regex::new(text).unwrap()).collect();
            Filter {
                min_level: None,
                include: compiled(include),
                exclude: compiled(exclude),
            }
        };
        let defaults = Defaults::default();
        let mut record = Record::new(&defaults, Timestamp(0));
        record.message = b"user=J\xe4rg secret"[..].into();
        assert!(filter(&["user=.*secret"], &[]).accepts(&record));
        assert!(filter(&["^user=\\S+ "], &[]).accepts(&record));
        assert!(filter(&["(?-u)\\xe4"], &[]).accepts(&record));
        assert!(!filter(&[], &["user=.*secret"]).accepts(&record));
        assert!(!filter(&["user=.*other"], &[]).accepts(&record));
    }

    #[test]
    fn the_end_of_a_line_is_none_of_its_text() {
        let filter = Filter {
            include: vec![Regex::new("ok$").unwrap()],
            exclude: vec![Regex::new("debug$").unwrap()],
            ..Filter::default()
        };
        let defaults = Defaults::default();
        let accepts = |message: &'static [u8]| {
            let mut record = Record::new(&defaults, Timestamp(0));
            record.message = message.into();
            filter.accepts(&record)
        };
        assert!(accepts(b"ok\r") && accepts(b"ok"));
        assert!(!accepts(b"debug ok debug\r"));
        assert!(!accepts(b"ok\r\r"), "one alone");
    }
}
