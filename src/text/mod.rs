//! From a record to the text that a handler delivers: presets and templates.
//!
//! A [`Formatter`] has the role of Python's `logging.Formatter`. It is made
//! once, when every mistake in it is reported, and can fail no more after that.

pub mod detect;
pub mod encoding;
mod parse;
mod spec;
pub mod template;
pub mod time;

pub use template::{Template, TemplateError};
use time::{Strftime, StrftimeError, TimeStyle, TimeText, Timestamp};

use crate::record::Record;
use crate::wire::{json, logfmt};

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
