//! What the command line holds: one file for each handler's options, whose
//! doc comments are the help text.

mod buffer;
mod cat;
mod check;
mod common;
mod eventlog;
mod file;
mod hints;
#[cfg_attr(not(feature = "http"), allow(dead_code))]
mod http;
#[cfg(feature = "http")]
mod http_sender;
#[cfg(not(feature = "http"))]
#[path = "no_http.rs"]
mod http_sender;
mod input;
#[cfg_attr(not(feature = "net"), allow(dead_code))]
pub mod listen;
#[cfg(feature = "net")]
mod network;
#[cfg(not(feature = "net"))]
#[path = "no_network.rs"]
mod network;
mod null;
mod queue;
mod queueing;
// A build without it knows the options, and can't act on them.
#[cfg_attr(not(feature = "net"), allow(dead_code))]
mod remote;
mod rolling;
mod rotate;
#[cfg_attr(not(feature = "smtp"), allow(dead_code))]
mod smtp;
#[cfg(feature = "smtp")]
mod smtp_sender;
#[cfg(not(feature = "smtp"))]
#[path = "no_smtp.rs"]
mod smtp_sender;
mod socket;
mod spool;
mod stream;
mod syslog;
mod timed;
mod tools;
mod udp;
mod wrapped;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};
use regex::bytes::Regex;

use crate::diag::Diag;
use crate::handler::{BaseRotatingHandler, Stage};
use crate::text::guard::Escape;

pub use cat::{LogCatArgs, LogTailArgs};
pub use check::CheckChainArgs;
pub use common::CommonArgs;
pub use hints::WRAPPERS;
pub use input::{InputArgs, Source};
pub use listen::ListenArgs;
use queueing::QueueingArgs;
pub use spool::{CatArgs, CheckArgs, DropArgs, LsArgs, SpoolArgs, SpoolCommand};
pub use tools::{CompletionsArgs, ManArgs};
use wrapped::Wrapped;
pub use wrapped::parse;

/// A pattern for messages.
fn pattern(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| error.to_string())
}

/// Takes log records from a pipe, a command or the network and puts them through
/// handlers: to files that are rotated by size or by the clock, to a syslog
/// daemon, another collector or the journal, as mails, to an HTTP server, to the
/// terminal, or nowhere.
///
/// Records are the lines of standard input, or of what COMMAND writes, or JSON
/// objects, one a line, or what programs send to lh listen. No record is lost, torn or doubled: on a
/// full disk lh waits, a rollover falls between two records, and several lh may write to one file.
#[derive(Debug, Parser)]
#[command(
    name = "lh",
    bin_name = "lh",
    version,
    override_usage = "lh [INPUT OPTIONS] HANDLER [OPTIONS] [+ HANDLER [OPTIONS]]... [-- COMMAND [ARG]...]\n       lh [INPUT OPTIONS] listen [LISTEN OPTIONS] [HANDLER [OPTIONS] [+ HANDLER [OPTIONS]]...]",
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    max_term_width = 100,
    after_help = ROOT_HELP
)]
pub struct Piece {
    #[command(flatten)]
    pub input: InputArgs,
    #[command(subcommand)]
    pub command: Command,
}

const ROOT_HELP: &str = "\
Every record goes to every handler of a chain, which a lone + joins. Input options may stand \
before or after any handler's name; the options of a handler stand behind it. The wrappers \
buffer and queue stand before the name of the one handler that each is for. \
`lh HANDLER --help` is complete by itself.

COMMAND is run with lh's own stdin. Its stdout and stderr are two streams with a level each, which are read as they come; records have the attributes {stream} and {pid}.

Exit status:
  0  every record was delivered, or is safe in a spool
  1  some were not; stderr says how many and why
  2  the command line is wrong; nothing was opened
  With COMMAND, its own: 128 and the number of the signal that ended it, 127
  where there is no such program, 126 where it can't be run; 1 where it ended
  well, or of the SIGTERM that lh sent it, and some records were not delivered.

Signals:
  SIGINT   with a pipe on stdin, read on until its writer ends; a second one
           stops at once
  SIGTERM  deliver what is in the pipe already, and end; a second one ends at
           once
  SIGHUP   open files and connections anew
  SIGALRM  roll over now
  SIGUSR1  print the figures, with --stats
  With COMMAND, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1 and SIGUSR2 are
  passed on to it (SIGUSR1 only where no figures are asked for), and lh ends
  after it.

Examples:
  myapp 2>&1 | lh rotate --max-bytes 10M --backups 5 app.log
  myapp 2>&1 | lh timed --when midnight --backups 14 --compress zstd app.log
  myapp 2>&1 | lh --detect-level file all.log + file --min-level error \\
      errors.log
  lh rotate --max-bytes 10M --backups 5 app.log -- myapp --serve
  backup.sh 2>&1 | lh --detect-level syslog -t backup
  myapp 2>&1 | lh socket --wire lh --spool /var/spool/myapp loghost:9020
  lh listen --tcp 127.0.0.1:9020 rotate --max-bytes 50M --backups 9 all.log
  lh -m 'backup done' file --format text backup.log";

/// What stands first in a piece of the command line.
#[derive(Debug, Subcommand)]
pub enum Command {
    #[command(flatten)]
    Handler(Box<HandlerCommand>),
    Listen(Box<ListenArgs>),
    Check(CheckChainArgs),
    Spool(SpoolArgs),
    Cat(LogCatArgs),
    Tail(LogTailArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

/// What is asked of a handler in place of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// The next rollovers, so many of them.
    Plan(usize),
    /// What retention would delete.
    DryRun,
}

/// The files that a handler writes.
#[derive(Default)]
pub struct Files {
    /// Its log.
    pub log: Option<PathBuf>,
    /// What knows the names of the files that are rolled over.
    pub rotating: Option<BaseRotatingHandler>,
    /// What it gives up on (`--dead-letter`).
    pub dead_letters: Option<PathBuf>,
}

/// Turns the arguments of a handler into a stage, which opens nothing yet.
trait IntoStage {
    fn common(&mut self) -> &mut CommonArgs;
    fn into_stage(self, diag: &Diag) -> Result<Stage, String>;
}

/// The handlers. Each has a file of its own, and a line here and below.
///
/// What is said of one here is for the list of all. Its options are looked at
/// only when it is the one that is meant: that saves memory and time.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum HandlerCommand {
    /// Write to standard output or standard error (StreamHandler).
    Stream(stream::StreamArgs),
    /// Accept everything and write nothing (NullHandler).
    Null(null::NullArgs),
    /// Append to one file (FileHandler, WatchedFileHandler).
    File(file::FileArgs),
    /// Append to a file that is rolled over by size (RotatingFileHandler).
    Rotate(rotate::RotateArgs),
    /// Append to a file that is rolled over by the clock (TimedRotatingFileHandler).
    Timed(timed::TimedArgs),
    /// Send to a syslog daemon, on this machine or another (SysLogHandler).
    Syslog(syslog::SyslogArgs),
    /// Send over a stream: tcp, tls or a unix socket (SocketHandler).
    Socket(socket::SocketArgs),
    /// Send each record as a datagram: udp or a unix datagram socket (DatagramHandler).
    Udp(udp::UdpArgs),
    /// Send as mails, a record in each or many (SMTPHandler).
    Smtp(smtp::SmtpArgs),
    /// Write to the operating system's event log: systemd's journal, or that of Windows (NTEventLogHandler).
    Eventlog(eventlog::EventlogArgs),
    /// Send in the bodies of HTTP requests, one record or many in each (HTTPHandler).
    Http(http::HttpArgs),
    /// Hold records back for the handler that follows (MemoryHandler).
    Buffer(buffer::BufferArgs),
    /// Run the handler that follows on a thread of its own (QueueHandler).
    Queue(queue::QueueArgs),
}

impl HandlerCommand {
    /// The handler with its filter, format and error policy.
    ///
    /// # Errors
    /// An argument that clap could not see to be wrong.
    pub fn into_stage(self, diag: &Diag) -> Result<Stage, String> {
        match self {
            HandlerCommand::Stream(args) => args.into_stage(diag),
            HandlerCommand::Null(args) => args.into_stage(diag),
            HandlerCommand::File(args) => args.into_stage(diag),
            HandlerCommand::Rotate(args) => args.into_stage(diag),
            HandlerCommand::Timed(args) => args.into_stage(diag),
            HandlerCommand::Syslog(args) => args.into_stage(diag),
            HandlerCommand::Socket(args) => args.into_stage(diag),
            HandlerCommand::Udp(args) => args.into_stage(diag),
            HandlerCommand::Smtp(args) => args.into_stage(diag),
            HandlerCommand::Eventlog(args) => args.into_stage(diag),
            HandlerCommand::Http(args) => args.into_stage(diag),
            HandlerCommand::Buffer(args) => args.into_stage(diag),
            HandlerCommand::Queue(args) => args.into_stage(diag),
        }
    }

    /// The options that every handler has; of a wrapper, those of what it wraps.
    fn common_mut(&mut self) -> Option<&mut CommonArgs> {
        Some(match self {
            HandlerCommand::Stream(args) => args.common(),
            HandlerCommand::Null(args) => args.common(),
            HandlerCommand::File(args) => args.common(),
            HandlerCommand::Rotate(args) => args.common(),
            HandlerCommand::Timed(args) => args.common(),
            HandlerCommand::Syslog(args) => args.common(),
            HandlerCommand::Socket(args) => args.common(),
            HandlerCommand::Udp(args) => args.common(),
            HandlerCommand::Smtp(args) => args.common(),
            HandlerCommand::Eventlog(args) => args.common(),
            HandlerCommand::Http(args) => args.common(),
            HandlerCommand::Buffer(_) | HandlerCommand::Queue(_) => {
                let (_, wrapped) = self.wrapped_mut()?;
                return wrapped.handler_mut()?.common_mut();
            }
        })
    }

    /// The input options that stand behind its name.
    pub fn take_input(&mut self) -> InputArgs {
        let common = self.common_mut();
        common.map_or_else(InputArgs::default, |common| {
            std::mem::take(&mut common.input)
        })
    }

    /// Says that its records come over a network, and what becomes of control
    /// characters in them.
    pub fn set_listening(&mut self, escape: Escape) {
        if let Some(common) = self.common_mut() {
            common.listening = Some(escape);
        }
    }

    /// The options of the queue that it has, or is.
    fn queueing_mut(&mut self) -> Option<&mut QueueingArgs> {
        match self {
            HandlerCommand::Syslog(args) => Some(&mut args.queueing),
            HandlerCommand::Socket(args) => Some(&mut args.queueing),
            HandlerCommand::Udp(args) => Some(&mut args.queueing),
            HandlerCommand::Smtp(args) => Some(&mut args.queueing),
            HandlerCommand::Eventlog(args) => Some(&mut args.queueing),
            HandlerCommand::Http(args) => Some(&mut args.queueing),
            HandlerCommand::Queue(args) => Some(&mut args.queueing),
            _ => None,
        }
    }

    /// Notes the words that it was parsed from, in it and in what it wraps.
    pub fn set_words(&mut self, words: &[OsString]) {
        if let Some(queueing) = self.queueing_mut() {
            queueing.set_words(words);
        }
        if let Some((_, wrapped)) = self.wrapped_mut()
            && let Some(inner) = wrapped.handler_mut()
        {
            inner.set_words(words);
        }
    }

    /// Puts another directory in the place of the spool, which may have been
    /// moved.
    pub fn set_spool(&mut self, directory: &Path) {
        if let Some(queueing) = self.queueing_mut() {
            queueing.set_spool(directory);
        }
        if let Some((_, wrapped)) = self.wrapped_mut()
            && let Some(inner) = wrapped.handler_mut()
        {
            inner.set_spool(directory);
        }
    }

    /// The name of a wrapper, and what it wraps.
    fn wrapped_mut(&mut self) -> Option<(&'static str, &mut Wrapped)> {
        match self {
            HandlerCommand::Buffer(args) => Some(("buffer", &mut args.wrapped)),
            HandlerCommand::Queue(args) => Some(("queue", &mut args.wrapped)),
            _ => None,
        }
    }

    /// The handler that a wrapper wraps.
    fn inner(&self) -> Option<&HandlerCommand> {
        match self {
            HandlerCommand::Buffer(args) => args.wrapped.handler(),
            HandlerCommand::Queue(args) => args.wrapped.handler(),
            _ => None,
        }
    }

    /// The option that is of use only where there is a command, if it is given.
    pub fn needs_command(&self) -> Option<&'static str> {
        match self {
            HandlerCommand::Buffer(args) if args.needs_command() => Some("--flush-on-failure"),
            other => other.inner().and_then(HandlerCommand::needs_command),
        }
    }

    /// Whether what it writes is seen on a terminal.
    pub fn is_on_terminal(&self) -> bool {
        match self {
            HandlerCommand::Stream(args) => args.is_on_terminal(),
            other => other.inner().is_some_and(HandlerCommand::is_on_terminal),
        }
    }

    /// The log that it writes, where it is a file, and its dead letters.
    pub fn files(&mut self) -> Files {
        if let Some((_, wrapped)) = self.wrapped_mut() {
            let inner = wrapped.handler_mut();
            return inner.map_or_else(Files::default, HandlerCommand::files);
        }
        Files {
            log: match self {
                HandlerCommand::File(args) => Some(args.path().to_owned()),
                HandlerCommand::Rotate(args) => Some(args.path().to_owned()),
                HandlerCommand::Timed(args) => Some(args.path().to_owned()),
                _ => None,
            },
            // What is wrong with its options is told where they are looked at.
            rotating: match self {
                HandlerCommand::Rotate(args) => args.handler(&Diag::silent()).ok(),
                HandlerCommand::Timed(args) => args.handler(&Diag::silent()).ok(),
                _ => None,
            },
            dead_letters: self
                .common_mut()
                .and_then(|common| common.dead_letter.clone()),
        }
    }

    /// What is asked of it in place of a run.
    pub fn question(&self) -> Option<Question> {
        match self {
            HandlerCommand::Rotate(args) => args.question(),
            HandlerCommand::Timed(args) => args.question(),
            other => other.inner().and_then(HandlerCommand::question),
        }
    }

    /// The handler alone, to be asked.
    ///
    /// # Errors
    /// As [`into_stage`](Self::into_stage).
    pub fn rotating(&self, diag: &Diag) -> Result<Option<BaseRotatingHandler>, String> {
        match self {
            HandlerCommand::Rotate(args) => args.handler(diag).map(Some),
            HandlerCommand::Timed(args) => args.handler(diag).map(Some),
            other => other.inner().map_or(Ok(None), |inner| inner.rotating(diag)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Piece::command().debug_assert();
    }

    /// The list of all has the words of each handler's own help.
    #[test]
    fn every_handler_is_described_once() {
        let listed = Piece::command();
        let mut built = Piece::command();
        built.build();
        for command in listed.get_subcommands() {
            let name = command.get_name();
            let own = built.find_subcommand(name).and_then(|own| own.get_about());
            let listed = command.get_about().map(ToString::to_string);
            assert_eq!(listed, own.map(ToString::to_string), "{name}");
        }
    }

    /// An example that a terminal breaks is two commands when it is pasted.
    #[test]
    fn what_stays_as_it_is_fits_into_a_terminal() {
        let mut root = Piece::command();
        root.build();
        let mut all = vec![root];
        while let Some(command) = all.pop() {
            let help = command.get_after_help().map(ToString::to_string);
            for line in help.unwrap_or_default().replace("\u{1b}[m", "").lines() {
                let fits = line.len() < 80 || !line.starts_with("  ");
                assert!(fits, "{}: {line}", command.get_name());
            }
            all.extend(command.get_subcommands().cloned());
        }
    }

    /// Whoever adds an option says what it is for.
    #[test]
    fn every_option_has_help_and_a_heading() {
        let mut root = Piece::command();
        root.build();
        for command in root.get_subcommands() {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for argument in command.get_arguments() {
                let name = format!("{} {}", command.get_name(), argument.get_id());
                assert!(argument.get_help().is_some(), "{name} has no help");
                let tool =
                    ["cat", "completions", "man", "spool", "tail"].contains(&command.get_name());
                let plain = argument.is_positional() || argument.get_id() == "help" || tool;
                assert!(
                    plain || argument.get_help_heading().is_some(),
                    "{name} has no heading"
                );
            }
        }
    }
}
