//! Options of the input, which hold for the whole chain.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::clean::Mask;
use crate::cli::report::Asked;
use crate::join::Join;
use crate::level::Level;
use crate::record::{Defaults, LevelScale, Value};
use crate::source::{InputFormat, IntakeOptions};
use crate::units;
use crate::wire::framing::Oversize;

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Input")]
pub struct InputArgs {
    /// How stdin is read.
    ///
    /// lines: each line is a message, its bytes untouched. json: each line is
    /// an object; one that is none is taken as a plain message, and counted.
    /// auto: a line that parses as an object is one.
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    input: Option<Input>,

    /// One record with this text, in place of stdin.
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true)]
    pub message: Option<OsString>,

    /// Level of records that carry none [default: INFO; ERROR for the stderr of
    /// a command].
    ///
    /// trace, debug, info, notice, warning, error, critical, alert, emergency,
    /// their usual other spellings, or a number on Python's scale.
    #[arg(long, value_name = "LEVEL")]
    level: Option<Level>,

    /// Find the level in a plain line: a leading <N>, or its first level word.
    #[arg(long)]
    detect_level: bool,

    /// How a level that is a number is read [default: auto].
    #[arg(long, value_enum, value_name = "SCALE")]
    level_scale: Option<Scale>,

    /// Logger name of every record that has none [default: root].
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// An attribute for every record; several allowed.
    #[arg(long = "field", value_name = "KEY=VALUE", value_parser = units::field)]
    fields: Vec<(String, String)>,

    /// Longest record, without its newline [default: 1M].
    #[arg(long, value_name = "SIZE", value_parser = units::record_size)]
    max_record: Option<usize>,

    /// What becomes of a longer line [default: split].
    ///
    /// split: several records, nothing lost. truncate: its beginning. drop:
    /// nothing, and the exit status is 1.
    #[arg(long, value_enum, value_name = "POLICY")]
    oversize: Option<Policy>,

    /// Make lines that continue the one before a part of its record.
    ///
    /// indent: lines that begin with a space or a tab. trace: stack traces of
    /// Python, Java, Go, Rust, Node and .NET; a log line right before one that
    /// says a level of warning or higher is its head. Else a REGEX: lines that
    /// match it. A record is held back until the next one begins, at the end of
    /// the input, or after --join-timeout; and with it, up to --max-record bytes
    /// of what comes behind it on the command's other output.
    #[arg(long, value_name = "indent|trace|REGEX", value_parser = parse_join, help_heading = "Clean-up")]
    join: Option<Join>,

    /// How long a record is held back for lines that continue it [default: 1s].
    #[arg(long, value_name = "DURATION", value_parser = units::duration, help_heading = "Clean-up")]
    join_timeout: Option<Duration>,

    /// Take colours and other escape sequences out, and what was overwritten.
    ///
    /// A line is what a terminal would show of it: after a carriage return, as
    /// progress bars send it, what follows replaces what was there.
    #[arg(long, help_heading = "Clean-up")]
    strip_ansi: bool,

    /// Replace what matches, before any handler sees it [default TEXT: ***].
    ///
    /// TEXT begins behind the = that only plain text follows: password=\S+ is
    /// all regex, password=\S+=*** is the same with its TEXT, and in
    /// (token=)\S+=$1*** the group stays. An = that is part of the regex can
    /// always be written \x3d. What can be read in two ways is refused. A mask
    /// sees a whole record, with --join all its lines; of a JSON object, each
    /// string and number by itself and then the line. A secret that --max-record
    /// cuts in two is not found. Several are done in their order.
    #[arg(long = "mask", value_name = "REGEX[=TEXT]", value_parser = parse_mask, allow_hyphen_values = true, help_heading = "Clean-up")]
    masks: Vec<Mask>,

    /// Sum up records that repeat the one before.
    ///
    /// The first repeat is announced at once, by a record of lh's own; the
    /// others are counted, and one record says how many there were when
    /// another one comes, at the end, or after DURATION (30s if it is not
    /// given).
    #[arg(
        long,
        value_name = "DURATION",
        value_parser = units::duration,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "30s",
        help_heading = "Clean-up"
    )]
    dedup: Option<Duration>,

    /// A live line on stderr: records, bytes, rate, rollovers, queues, errors.
    ///
    /// Nothing where stderr is no terminal. Where the records go to that as well
    /// (stream, --tee), or it can't move its cursor, only a line at the end.
    #[arg(long, help_heading = "Reports")]
    progress: bool,

    /// What was read and what became of it: one JSON object on stderr at the
    /// end, and at SIGUSR1.
    ///
    /// Keys: elapsed_seconds, records_in, bytes_in, malformed, oversize {split,
    /// truncated, dropped}, joined, masked, repeats, connections, refused,
    /// duplicates, unread (these four of listen), and handlers, a list in the
    /// order of the chain: handler, target, received, filtered, delivered, bytes,
    /// dropped, forgotten, waiting, spooled, rollovers, errors, last_error (null
    /// where there is none). None is ever left out.
    #[arg(long, help_heading = "Reports")]
    stats: bool,

    /// The same figures in Prometheus text format, in a file that is replaced
    /// every 15 s and at the end.
    #[arg(long, value_name = "PATH", help_heading = "Reports")]
    metrics_file: Option<PathBuf>,

    /// Pass the input through to stdout as it came.
    ///
    /// With a command, each of its outputs goes to lh's own.
    #[arg(long)]
    pub tee: bool,

    /// Level of what the command writes to stdout [default: INFO].
    #[arg(long, value_name = "LEVEL", help_heading = "Command")]
    stdout_level: Option<Level>,

    /// Level of what the command writes to stderr [default: ERROR].
    #[arg(long, value_name = "LEVEL", help_heading = "Command")]
    stderr_level: Option<Level>,

    /// Give the command a terminal for each output, so that it writes line by
    /// line.
    ///
    /// Most programs collect their output in blocks where it is no terminal.
    /// The terminal is as large as the one that lh writes to, and stays so where
    /// that is made larger or smaller; else 80 by 24.
    #[arg(long, help_heading = "Command")]
    pub pty: bool,

    /// How long to read on when the command has ended and something that it
    /// started holds its output open [default: 5s].
    #[arg(long, value_name = "DURATION", value_parser = units::duration, help_heading = "Command")]
    grace: Option<Duration>,

    /// No warnings; errors stay.
    #[arg(short, long)]
    pub quiet: bool,
}

/// Where the records of a run come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Standard input, or a message on the command line.
    Stdin,
    /// The command behind `--`.
    Command,
    /// Peers (`listen`).
    Network,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Input {
    Lines,
    Json,
    Auto,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scale {
    /// By the key and what stands beside it
    Auto,
    /// 10 debug to 50 critical
    Python,
    /// 7 debug to 0 emergency
    Syslog,
    /// 10 trace to 60 fatal, as bunyan too
    #[value(alias = "bunyan")]
    Pino,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Policy {
    Split,
    Truncate,
    Drop,
}

impl InputArgs {
    /// Joins the options that stand in two pieces of the command line.
    ///
    /// # Errors
    /// When both give the same option with a single value.
    pub fn merge(self, other: InputArgs) -> Result<InputArgs, String> {
        fn one<T>(name: &str, a: Option<T>, b: Option<T>) -> Result<Option<T>, String> {
            match (a, b) {
                (Some(_), Some(_)) => Err(format!("{name} is given twice")),
                (a, b) => Ok(a.or(b)),
            }
        }
        let mut fields = self.fields;
        fields.extend(other.fields);
        let mut masks = self.masks;
        masks.extend(other.masks);
        Ok(InputArgs {
            input: one("--input", self.input, other.input)?,
            message: one("--message", self.message, other.message)?,
            level: one("--level", self.level, other.level)?,
            detect_level: self.detect_level | other.detect_level,
            level_scale: one("--level-scale", self.level_scale, other.level_scale)?,
            name: one("--name", self.name, other.name)?,
            fields,
            max_record: one("--max-record", self.max_record, other.max_record)?,
            oversize: one("--oversize", self.oversize, other.oversize)?,
            join: one("--join", self.join, other.join)?,
            join_timeout: one("--join-timeout", self.join_timeout, other.join_timeout)?,
            strip_ansi: self.strip_ansi | other.strip_ansi,
            masks,
            dedup: one("--dedup", self.dedup, other.dedup)?,
            progress: self.progress | other.progress,
            stats: self.stats | other.stats,
            metrics_file: one("--metrics-file", self.metrics_file, other.metrics_file)?,
            tee: self.tee | other.tee,
            stdout_level: one("--stdout-level", self.stdout_level, other.stdout_level)?,
            stderr_level: one("--stderr-level", self.stderr_level, other.stderr_level)?,
            pty: self.pty | other.pty,
            grace: one("--grace", self.grace, other.grace)?,
            quiet: self.quiet | other.quiet,
        })
    }

    /// Looks whether the options fit to each other and to the source.
    ///
    /// # Errors
    /// The option that has no place here, and what it needs.
    pub fn check(&self, source: Source) -> Result<(), String> {
        if source == Source::Network
            && let Some(text) = self.not_for_listen()
        {
            return Err(text);
        }
        let for_streams = [
            ("--join", self.join.is_some()),
            ("--max-record", self.max_record.is_some()),
            ("--oversize", self.oversize.is_some()),
            ("--tee", self.tee),
        ];
        let given = for_streams.iter().find(|(_, given)| *given);
        if let (Some((name, _)), Some(_)) = (given, &self.message) {
            return Err(format!(
                "{name} has no effect with --message, which is one record"
            ));
        }
        if self.join_timeout.is_some() && self.join.is_none() {
            return Err("--join-timeout has no effect without --join".to_owned());
        }
        // What peers send may say a level as a number whatever --input says.
        let lines = source != Source::Network && matches!(self.input, None | Some(Input::Lines));
        if self.level_scale.is_some() && lines {
            return Err("--level-scale has no effect without --input json or auto".to_owned());
        }
        if source == Source::Command {
            return match self.message {
                Some(_) => Err("--message is a record, and so needs no command".to_owned()),
                None => Ok(()),
            };
        }
        let for_command = [
            ("--stdout-level", self.stdout_level.is_some()),
            ("--stderr-level", self.stderr_level.is_some()),
            ("--pty", self.pty),
            ("--grace", self.grace.is_some()),
        ];
        match for_command.iter().find(|(_, given)| *given) {
            Some((name, _)) => Err(format!(
                "{name} is for a command: lh [OPTIONS] HANDLER [OPTIONS] -- COMMAND"
            )),
            None => Ok(()),
        }
    }

    /// What is given that has no place where records come over a network, and
    /// why.
    fn not_for_listen(&self) -> Option<String> {
        let own = "peers show it; for one that does not, --wire tells";
        let lines = "lines of several senders can't be joined; lh can do it where they are made";
        let given = [
            ("--input", self.input.is_some(), own),
            (
                "--message",
                self.message.is_some(),
                "nothing else is read then",
            ),
            ("--join", self.join.is_some(), lines),
            (
                "--tee",
                self.tee,
                "lh listen ... stream + HANDLER shows what comes",
            ),
        ];
        let found = given.into_iter().find(|(_, given, _)| *given);
        found.map(|(name, _, why)| format!("{name} has no effect with listen: {why}"))
    }

    /// Who is told the figures of the run.
    pub fn reports(&self) -> Asked {
        Asked {
            progress: self.progress,
            stats: self.stats,
            metrics_file: self.metrics_file.clone(),
            ..Asked::default()
        }
    }

    /// Whether what is passed through is seen on a terminal: with a command, its
    /// two outputs go to both of lh's.
    pub fn tees_to_terminal(&self, with_command: bool) -> bool {
        let stderr = with_command && std::io::stderr().is_terminal();
        self.tee && (stderr || std::io::stdout().is_terminal())
    }

    /// How standard input is read.
    pub fn intake(&self) -> IntakeOptions {
        IntakeOptions {
            format: self.format(),
            defaults: self.defaults(),
            max_record: self.max_record(),
            oversize: self.oversize(),
            strip_ansi: self.strip_ansi,
            join: self.join.clone().map(|join| {
                let timeout = self.join_timeout.unwrap_or(Duration::from_secs(1));
                (join, timeout)
            }),
            masks: self.masks.clone(),
            dedup: self.dedup,
            stream: 0,
        }
    }

    /// How the outputs of a command are read.
    pub fn command_intakes(&self, pid: Option<u32>) -> [IntakeOptions; 2] {
        let outputs = [
            ("stdout", self.stdout_level.or(self.level)),
            (
                "stderr",
                self.stderr_level.or(self.level).or(Some(Level::ERROR)),
            ),
        ];
        let mut streams = 0..;
        outputs.map(|(name, level)| {
            let mut intake = self.intake();
            intake.stream = streams.next().unwrap_or_default();
            let defaults = &mut intake.defaults;
            defaults.level = level.unwrap_or(defaults.level);
            let name = Value::Text(name.into());
            defaults.fields.push(("stream".to_owned(), name));
            if let Some(pid) = pid {
                let pid = Value::Json(pid.to_string().into());
                defaults.fields.push(("pid".to_owned(), pid));
            }
            intake
        })
    }

    /// How long a command's outputs are read on after its end.
    pub fn grace(&self) -> Duration {
        self.grace.unwrap_or(Duration::from_secs(5))
    }

    /// What records get that do not say it themselves.
    fn defaults(&self) -> Defaults {
        let defaults = Defaults::default();
        let fields = self.fields.iter().map(|(key, value)| {
            let value = Value::Text(value.clone().into());
            (key.clone(), value)
        });
        Defaults {
            level: self.level.unwrap_or(defaults.level),
            detect_level: self.detect_level,
            level_scale: match self.level_scale {
                None | Some(Scale::Auto) => LevelScale::Auto,
                Some(Scale::Python) => LevelScale::Python,
                Some(Scale::Syslog) => LevelScale::Syslog,
                Some(Scale::Pino) => LevelScale::Pino,
            },
            name: self.name.clone().unwrap_or_else(|| defaults.name.clone()),
            fields: fields.collect(),
            ..defaults
        }
    }

    /// How lines are read.
    fn format(&self) -> InputFormat {
        match self.input {
            None | Some(Input::Lines) => InputFormat::Lines,
            Some(Input::Json) => InputFormat::Json,
            Some(Input::Auto) => InputFormat::Auto,
        }
    }

    /// The longest record in bytes.
    pub fn max_record(&self) -> usize {
        self.max_record.unwrap_or(1 << 20)
    }

    /// What becomes of a longer line.
    pub fn oversize(&self) -> Oversize {
        match self.oversize {
            None | Some(Policy::Split) => Oversize::Split,
            Some(Policy::Truncate) => Oversize::Truncate,
            Some(Policy::Drop) => Oversize::Drop,
        }
    }
}

fn parse_join(text: &str) -> Result<Join, String> {
    Ok(match text {
        "indent" => Join::Indent,
        "trace" => Join::Trace,
        regex => Join::Matching(super::pattern(regex)?),
    })
}

fn parse_mask(text: &str) -> Result<Mask, String> {
    Mask::parse(text).map_err(|error| error.to_string())
}
