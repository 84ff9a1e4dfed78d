//! Options that every handler has.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use regex::bytes::Regex;

use super::InputArgs;
use crate::diag::Diag;
use crate::filter::Filter;
use crate::handler::dead_letter::DeadLetters;
use crate::handler::queue::{QueueHandler, QueueOptions};
use crate::handler::stage::{OnError, Rendering};
use crate::handler::{Handler, Stage};
use crate::level::Level;
use crate::now::Now;
use crate::text::encoding::{Charset, Errors};
use crate::text::guard::Escape;
use crate::text::time::Strftime;
use crate::text::{FormatError, Formatter};
use crate::units;
use crate::wire::Encode;
use crate::wire::envelope::{Envelope, Framing};
use crate::wire::host::Host;

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Records and their format")]
pub struct CommonArgs {
    /// Leave out records below this level.
    #[arg(long, value_name = "LEVEL")]
    pub min_level: Option<Level>,

    /// Only messages that match; of several, one has to.
    #[arg(long, value_name = "REGEX", value_parser = super::pattern)]
    include: Vec<Regex>,

    /// No messages that match.
    #[arg(long, value_name = "REGEX", value_parser = super::pattern)]
    exclude: Vec<Regex>,

    /// raw, message, text, json, logfmt, or a template [default: raw, behind
    /// listen text; of syslog, eventlog and smtp: message].
    ///
    /// raw: the bytes as they came. message: the message alone. text:
    /// "{asctime} {levelname} {name}: {message}". A template is in brace style,
    /// "{asctime} {levelname:<8} {message}", or in percent style,
    /// "%(asctime)s %(levelname)-8s %(message)s", with the attribute names of
    /// Python's LogRecord, any attribute of the record, and {timestamp} (RFC
    /// 3339 with microseconds). An attribute that a record lacks is empty. Where
    /// a wire or a body has a form of its own, there is nothing to choose.
    #[arg(
        short,
        long,
        value_name = "PRESET|TEMPLATE",
        allow_hyphen_values = true
    )]
    format: Option<String>,

    /// How {asctime} is written [default: 2003-07-08 16:49:45,896].
    ///
    /// %Z is the offset from UTC (-05:00), where C and Python have the name of
    /// the zone (EST). %f has nine digits, nanoseconds; %6f has the six of
    /// Python's datetime.
    #[arg(long, value_name = "STRFTIME", allow_hyphen_values = true)]
    datefmt: Option<String>,

    /// Times in UTC: in the format, and in the calendar of rollovers.
    #[arg(long)]
    pub utc: bool,

    /// What ends a record in a file or stream, with \n \r \t \0 \\ \xNN
    /// [default: a newline].
    #[arg(long, value_name = "STRING", value_parser = Terminator::parse, allow_hyphen_values = true)]
    terminator: Option<Terminator>,

    /// What a failed write does [default: block].
    ///
    /// block: lh stops reading and tries again, and nothing is lost. drop: the
    /// record is given up and counted. prune: on a full disk, the oldest backups
    /// are deleted first (rotate and timed). exit: lh ends with status 1.
    #[arg(long, value_enum, value_name = "POLICY", help_heading = "Errors")]
    on_error: Option<Policy>,

    /// Keep what is given up in this file, as JSON lines with the reason.
    #[arg(long, value_name = "FILE", help_heading = "Errors")]
    pub dead_letter: Option<PathBuf>,

    /// Options of the input may stand behind a handler's name, too.
    #[command(flatten)]
    pub input: InputArgs,

    /// Records come over a network; what becomes of control characters in them.
    #[arg(skip)]
    pub listening: Option<Escape>,
}

/// Bytes; a type of its own, because clap takes a `Vec` for several values.
#[derive(Clone, Debug)]
struct Terminator(Vec<u8>);

impl Terminator {
    fn parse(text: &str) -> Result<Terminator, String> {
        units::escaped(text).map(Terminator)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Policy {
    Block,
    Drop,
    Prune,
    Exit,
}

const NO_PRUNING: &str = "--on-error prune is for files that are rotated";

impl CommonArgs {
    /// What ends a record.
    pub fn terminator(&self) -> Vec<u8> {
        self.terminator
            .as_ref()
            .map_or_else(|| b"\n".to_vec(), |end| end.0.clone())
    }

    /// The format that was asked for; `None` is `raw`.
    ///
    /// # Errors
    /// A template or time format that is wrong, with the place.
    pub fn formatter(&self) -> Result<Option<Formatter>, String> {
        let default = self.listening.map(|_| "text");
        match self.format.as_deref().or(default) {
            None | Some(Formatter::RAW) => {
                if self.datefmt.is_some() {
                    let text =
                        "--datefmt has no effect on the raw format; add -f text or a template";
                    return Err(text.to_owned());
                }
                Ok(None)
            }
            Some(format) => {
                let formatter = Formatter::parse(format, self.datefmt()?, self.utc);
                let mut formatter = formatter.map_err(|error| format!("--format: {error}"))?;
                if self.datefmt.is_some() && !formatter.shows_asctime() {
                    let text = "--datefmt has no effect: nothing in the format is {asctime}";
                    return Err(text.to_owned());
                }
                formatter.set_start(Now::read().wall);
                Ok(Some(formatter))
            }
        }
    }

    /// What `{asctime}` is to look like; as with Python, an empty text says nothing.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn datefmt(&self) -> Result<Option<&str>, String> {
        let given = self.datefmt.as_deref().filter(|text| !text.is_empty());
        let checked = given.map(Strftime::compile).transpose();
        checked.map_err(|error| format!("--datefmt: {}", FormatError::from(error)))?;
        Ok(given)
    }

    /// What becomes of control characters where records are written as text.
    pub fn escape(&self) -> Escape {
        match self.format.as_deref() {
            // They have escapes of their own.
            Some("json" | "logfmt") => Escape::None,
            _ => self.listening.unwrap_or_default(),
        }
    }

    /// The host of records that name none, of which this one is the machine's own.
    pub fn host(&self, name: String) -> Host {
        match self.listening {
            None => Host::from(name),
            Some(_) => Host::of_peers(name),
        }
    }

    /// The format of the message within another format, without the text of an
    /// exception unless it is asked for; `None` is the message alone.
    ///
    /// # Errors
    /// As [`formatter`](Self::formatter).
    pub fn message_formatter(&self) -> Result<Option<Formatter>, String> {
        if self.format.is_none() && self.datefmt.is_some() {
            return Err("--datefmt has no effect without --format".to_owned());
        }
        if self.format.as_deref() == Some(Formatter::RAW) {
            let text = "--format: raw is not possible here: use message, text, json, logfmt or a \
                        template";
            return Err(text.to_owned());
        }
        if self.format.is_none() {
            return Ok(None);
        }
        let mut formatter = self.formatter()?;
        if let Some(formatter) = &mut formatter {
            formatter.set_append_exception(false);
        }
        Ok(formatter)
    }

    /// For a handler that carries whole records.
    ///
    /// # Errors
    /// When a format was asked for.
    pub fn refuse_format(&self, why: &str) -> Result<(), String> {
        self.refuse_template(why)?;
        match self.datefmt {
            None => Ok(()),
            Some(_) => Err(format!("--datefmt has no effect here: {why}")),
        }
    }

    /// For a handler that has its template from another option.
    ///
    /// # Errors
    /// When there is one in `--format`, too.
    pub fn refuse_template(&self, why: &str) -> Result<(), String> {
        match self.format {
            None => Ok(()),
            Some(_) => Err(format!("--format has no effect here: {why}")),
        }
    }

    /// Puts a handler behind the filter and the format that were asked for.
    ///
    /// # Errors
    /// A template or time format that is wrong, with the place.
    pub fn stage(
        self,
        handler: Box<dyn Handler>,
        charset: Option<(Charset, Errors)>,
        diag: &Diag,
    ) -> Result<Stage, String> {
        if self.on_error == Some(Policy::Prune) && !handler.prunes() {
            return Err(NO_PRUNING.to_owned());
        }
        let encoder = self.formatter()?;
        // What came over a network has no newline that it would keep.
        let given = self.terminator.is_some() || self.listening.is_some();
        let terminator = given.then(|| Framing::Terminator(self.terminator()));
        let rendering = Rendering {
            encoder: encoder.map(|formatter| Box::new(formatter) as Box<dyn Encode>),
            envelope: terminator.map(Envelope::new),
            charset,
            escape: self.escape(),
            ..Rendering::default()
        };
        Ok(self.filtered(handler, rendering, diag))
    }

    /// Puts a handler that delivers to somebody else behind the filter and a
    /// queue.
    ///
    /// # Errors
    /// Options that are for files.
    pub fn remote_stage(
        self,
        handler: Box<dyn Handler>,
        rendering: Rendering,
        queue: QueueOptions,
        diag: &Diag,
    ) -> Result<Stage, String> {
        if self.terminator.is_some() {
            let text = "--terminator has no effect here: the wire says what ends a record";
            return Err(text.to_owned());
        }
        if self.on_error == Some(Policy::Prune) {
            return Err(NO_PRUNING.to_owned());
        }
        let mut stage = self.filtered(handler, rendering, diag);
        // They are counted on their way anyway.
        stage.count_all();
        Ok(stage.wrap(|inner| Box::new(QueueHandler::new(inner, queue))))
    }

    fn filtered(self, handler: Box<dyn Handler>, rendering: Rendering, diag: &Diag) -> Stage {
        let filter = Filter {
            min_level: self.min_level,
            include: self.include,
            exclude: self.exclude,
        };
        let on_error = match self.on_error {
            None | Some(Policy::Block) => OnError::Block,
            Some(Policy::Drop) => OnError::Drop,
            Some(Policy::Prune) => OnError::Prune,
            Some(Policy::Exit) => OnError::Exit,
        };
        let letters = self
            .dead_letter
            .map(|path| DeadLetters::new(path, diag.clone()));
        Stage::new(handler, filter, rendering, on_error, letters, diag.clone())
    }
}
