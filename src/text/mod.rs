//! From a record to the text that a handler delivers: presets and templates.
//!
//! A [`Formatter`] has the role of Python's `logging.Formatter`. It is made
//! once, when every mistake in it is reported, and can fail no more after that.

pub(crate) mod bytes;
pub mod detect;
pub(crate) mod digits;
pub mod encoding;

mod error;
pub mod guard;
mod parse;
mod shown;
mod spec;
pub mod template;
pub mod time;
pub mod wide;

pub use error::TemplateError;
pub use shown::shown;
pub use template::Template;
use time::{Strftime, StrftimeError, TimeStyle, TimeText, Timestamp};

use crate::record::Record;
use crate::wire::{Encode, Refused, json, logfmt};

/// What times look like: `asctime` as the user says, `timestamp` always the same.
#[derive(Debug)]
pub struct Times {
    pub(crate) asctime: TimeText,
    pub(crate) timestamp: TimeText,
}

impl Times {
    /// `asctime` is Python's without a `datefmt`; `timestamp` is RFC 3339 with
    /// microseconds. Both are local time, or UTC if `utc`.
    pub fn new(datefmt: Option<Strftime>, utc: bool) -> Times {
        let style = datefmt.map_or(TimeStyle::Asctime, TimeStyle::Strftime);
        Times {
            asctime: TimeText::new(style, utc),
            timestamp: TimeText::new(TimeStyle::Rfc3339Micros, utc),
        }
    }
}

/// A preset, or a template: `--format`.
///
/// The preset `raw` is none of these, as it is the absence of formatting: the
/// caller looks for it first (see [`Formatter::RAW`]).
#[derive(Debug)]
pub enum Formatter {
    /// `message`, `text`, or what the user wrote.
    Template(Box<Template>),
    /// One JSON object on one line.
    Json(TimeText),
    /// `key=value` pairs on one line.
    Logfmt(TimeText),
}

/// A format that can not be used.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// `raw` where records are rendered.
    #[error("the format raw is not possible here: use message, text, json, logfmt or a template")]
    Raw,
    /// The template is malformed.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The `--datefmt` is malformed.
    #[error("malformed date format: {0}")]
    Datefmt(#[from] StrftimeError),
}

impl Formatter {
    /// The preset that copies a record's own bytes, and so needs no formatter.
    pub const RAW: &'static str = "raw";

    /// Compiles a preset's name or a template. `datefmt` applies to `asctime`
    /// and nothing else.
    ///
    /// # Errors
    ///
    /// If the template or the date format is malformed, or the format is `raw`.
    pub fn parse(format: &str, datefmt: Option<&str>, utc: bool) -> Result<Formatter, FormatError> {
        let times = Times::new(datefmt.map(Strftime::compile).transpose()?, utc);
        let template = match format {
            Self::RAW => return Err(FormatError::Raw),
            "json" => return Ok(Formatter::Json(times.timestamp)),
            "logfmt" => return Ok(Formatter::Logfmt(times.timestamp)),
            "message" => "{message}",
            "text" => "{asctime} {levelname} {name}: {message}",
            template => template,
        };
        let template = Template::parse(template, times)?;
        Ok(Formatter::Template(Box::new(template)))
    }

    /// Whether a `datefmt` has any effect.
    pub fn shows_asctime(&self) -> bool {
        matches!(self, Formatter::Template(template) if template.shows_asctime())
    }

    /// Says when the program started: see [`Template::set_start`].
    pub fn set_start(&mut self, start: Timestamp) {
        if let Formatter::Template(template) = self {
            template.set_start(start);
        }
    }

    /// Whether an exception's text follows the message (the default), which
    /// `syslog` does not want: see [`Template::set_append_exception`].
    pub fn set_append_exception(&mut self, append: bool) {
        if let Formatter::Template(template) = self {
            template.set_append_exception(append);
        }
    }

    /// Appends a record's text to `out`, without a terminator.
    pub fn format(&mut self, record: &Record<'_>, out: &mut Vec<u8>) {
        match self {
            Formatter::Template(template) => template.render(record, out),
            Formatter::Json(time) => json::encode(record, time, out),
            Formatter::Logfmt(time) => logfmt::encode(record, time, out),
        }
    }
}

impl Encode for Formatter {
    fn encode(
        &mut self,
        record: &Record<'_>,
        out: &mut Vec<u8>,
        end: &mut dyn FnMut(&mut Vec<u8>),
    ) -> Result<(), Refused> {
        self.format(record, out);
        end(out);
        Ok(())
    }

    fn uses_attributes(&self) -> bool {
        match self {
            Formatter::Template(template) => template.uses_attributes(),
            Formatter::Json(_) | Formatter::Logfmt(_) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::record::{Defaults, Value};

    #[test]
    fn which_formats_look_at_attributes() {
        for (format, want) in [
            ("text", false),
            ("message", false),
            ("{timestamp} {levelno} {exc_text} {stack_info}", false),
            ("%(asctime)s %(message)s", false),
            ("json", true),
            ("logfmt", true),
            ("{message} {peer}", true),
            ("{module}: {message}", true),
        ] {
            let formatter = Formatter::parse(format, None, true).unwrap();
            assert_eq!(formatter.uses_attributes(), want, "{format}");
        }
    }

    fn formatted(format: &str, datefmt: Option<&str>) -> String {
        let defaults = Defaults::default();
        let mut record = Record::new(&defaults, Timestamp(1_057_682_985_896_123_000));
        record.message = Cow::Borrowed(b"hello");
        record.exc_text = Some("Traceback".into());
        record
            .extra
            .push(("n".into(), Value::Json(Cow::Borrowed("1"))));
        let mut formatter = Formatter::parse(format, datefmt, true).unwrap();
        let mut out = Vec::new();
        formatter.format(&record, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn presets_and_templates() {
        let cases = [
            ("message", "hello\nTraceback"),
            (
                "text",
                "2003-07-08 16:49:45,896 INFO root: hello\nTraceback",
            ),
            (
                "json",
                r#"{"timestamp":"2003-07-08T16:49:45.896123+00:00","levelname":"INFO","name":"root","message":"hello","exc_text":"Traceback","n":1}"#,
            ),
            (
                "logfmt",
                "timestamp=2003-07-08T16:49:45.896123+00:00 level=info logger=root msg=hello exc_text=Traceback n=1",
            ),
            ("{n}", "1\nTraceback"),
            ("%(n)s", "1\nTraceback"),
        ];
        for (format, want) in cases {
            assert_eq!(formatted(format, None), want, "{format}");
        }
    }

    #[test]
    fn the_date_format_is_for_asctime_alone() {
        let datefmt = Some("%H.%M");
        assert_eq!(
            formatted("text", datefmt),
            "16.49 INFO root: hello\nTraceback"
        );
        let shown = formatted("{asctime:>7}|{timestamp}|{exc_text}", datefmt);
        assert_eq!(shown, "  16.49|2003-07-08T16:49:45.896123+00:00|Traceback");
        assert!(formatted("json", datefmt).contains("2003-07-08T16:49:45.896123"));
    }

    #[test]
    fn an_exception_can_be_left_out() {
        let defaults = Defaults::default();
        let mut record = Record::new(&defaults, Timestamp(0));
        record.exc_text = Some("Traceback".into());
        let mut formatter = Formatter::parse("{levelname}", None, true).unwrap();
        formatter.set_append_exception(false);
        let mut out = Vec::new();
        formatter.format(&record, &mut out);
        assert_eq!(out, b"INFO");
    }

    #[test]
    fn mistakes() {
        let error = |format, datefmt| Formatter::parse(format, datefmt, false).unwrap_err();
        assert!(matches!(error("raw", None), FormatError::Raw));
        assert!(matches!(error("jsno", None), FormatError::Template(_)));
        assert!(matches!(error("{", None), FormatError::Template(_)));
        assert!(matches!(error("text", Some("%")), FormatError::Datefmt(_)));
    }
}
