//! `lh eventlog`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::queueing::QueueingArgs;
use super::remote::{ConnectionArgs, DRAIN};
use super::{CommonArgs, IntoStage, network};
use crate::diag::Diag;
use crate::handler::Stage;
use crate::handler::stage::Rendering;
use crate::sys::{self, IS_NT};
use crate::text::Formatter;
use crate::wire::Encode;
use crate::wire::envelope::{Envelope, Framing};
use crate::wire::journal::{JournalEncoder, JournalOptions, MessageId};
use crate::wire::nt_event::{NtEventEncoder, SourceOptions};
use crate::wire::syslog::{Facility, Priority};

/// Write to the operating system's event log: systemd's journal, or that of Windows (NTEventLogHandler).
///
/// On Windows, each record is an event whose text is its message, with the text
/// of an exception behind it; from WARNING on it is a warning, from ERROR on an
/// error, else information. A text of more than 31,839 characters becomes several
/// events, each marked as a part. The source is noted in the registry, which takes
/// an administrator once. The rest is about Linux.
///
/// Each record is an entry of the journal, and has these fields: MESSAGE, with
/// the text of an exception behind it; PRIORITY, from its level, and LEVELNAME
/// where that does not tell the level; SYSLOG_FACILITY; SYSLOG_IDENTIFIER;
/// LOGGER, unless that is root; SYSLOG_TIMESTAMP, its own time, for the journal
/// stamps an entry when it gets it; EXCEPTION_TEXT; CODE_FILE, CODE_LINE,
/// CODE_FUNC, THREAD_NAME and PROCESS_NAME from what Python and OpenTelemetry
/// call them; MESSAGE_ID where an attribute of that name is one. Every other
/// attribute is a field with its name in upper case: http.status becomes
/// HTTP_STATUS, and one that is taken, as PRIORITY is, gets an underscore behind
/// it. A newline in a value stays in that value.
#[derive(Debug, Args)]
#[command(after_help = "\
An entry counts as delivered when journald has read it; what it may not have read is sent again \
when it was restarted. What comes faster than RateLimitBurst in journald.conf allows, it leaves \
out, and says so in the journal. On a system with neither, lh syslog sends to its syslog daemon.

Examples:
  backup.sh 2>&1 | lh --detect-level eventlog -t backup
  myapp | lh -i json eventlog -t myapp
  lh --field UNIT_OF=payments eventlog -t myapp -- myapp --serve
  lh -m 'backup done' eventlog -t backup -p cron.notice")]
pub struct EventlogArgs {
    /// What records come from [default: the logger's name, or the user's].
    ///
    /// SYSLOG_IDENTIFIER in the journal, for journalctl -t. On Windows the source
    /// of the events, and lh by default.
    #[arg(
        short = 't',
        long,
        value_name = "NAME",
        visible_alias = "ident",
        help_heading = "Event log"
    )]
    app: Option<String>,

    /// The facility, and a level for every record [default: user].
    ///
    /// As in logger: with a level, whatever level a record has.
    #[arg(
        short = 'p',
        long,
        value_name = "FACILITY[.LEVEL]",
        help_heading = "Event log"
    )]
    priority: Option<Priority>,

    /// The facility: kern, user, mail, daemon, auth, cron, local0 to local7, ...
    #[arg(long, value_name = "FACILITY", help_heading = "Event log")]
    #[arg(conflicts_with = "priority")]
    facility: Option<Facility>,

    /// MESSAGE_ID of every record: 32 hexadecimal digits, or a UUID.
    ///
    /// It tells kinds of messages apart, for journalctl MESSAGE_ID=ID and its
    /// catalog (-x).
    #[arg(long, value_name = "ID", help_heading = "Event log")]
    message_id: Option<MessageId>,

    /// The journal's socket [default: /run/systemd/journal/socket].
    #[arg(long, value_name = "PATH", help_heading = "Event log")]
    socket: Option<PathBuf>,

    #[command(flatten)]
    windows: WindowsArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    pub queueing: QueueingArgs,
    #[command(flatten)]
    common: CommonArgs,
}

/// What only the event log of Windows has. Hidden where it can't be acted on.
#[derive(Debug, Args)]
#[command(next_help_heading = "Event log of Windows")]
struct WindowsArgs {
    /// The log [default: Application].
    #[arg(long, value_name = "LOG", ignore_case = true, hide = !IS_NT)]
    log: Option<Log>,

    /// The file with the texts of messages [default: one that shows the record's].
    ///
    /// It is noted in the registry for the viewer (EventMessageFile).
    #[arg(long, value_name = "FILE", hide = !IS_NT)]
    dll: Option<PathBuf>,

    /// The number of the message's text there, from 1 to 65535 [default: 1].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), hide = !IS_NT)]
    event_id: Option<u16>,

    /// The number of the event's category there [default: 0, none].
    #[arg(long, value_name = "N", hide = !IS_NT)]
    category: Option<u16>,
}

/// A log of Windows.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Log {
    Application,
    System,
    Security,
}

impl WindowsArgs {
    /// The option that is given, if one is.
    fn given(&self) -> Option<&'static str> {
        let given = [
            ("--log", self.log.is_some()),
            ("--dll", self.dll.is_some()),
            ("--event-id", self.event_id.is_some()),
            ("--category", self.category.is_some()),
        ];
        first(&given)
    }

    fn source(&self, app: Option<String>) -> SourceOptions {
        let defaults = SourceOptions::default();
        let log = self.log.map(|log| match log {
            Log::Application => "Application",
            Log::System => "System",
            Log::Security => "Security",
        });
        SourceOptions {
            app: app.unwrap_or(defaults.app),
            log: log.map_or(defaults.log, str::to_owned),
            dll: self.dll.clone(),
            event_id: self.event_id.map_or(defaults.event_id, u32::from),
            category: self.category.unwrap_or(defaults.category),
        }
    }
}

fn first(options: &[(&'static str, bool)]) -> Option<&'static str> {
    let mut given = options.iter().filter(|(_, given)| *given);
    given.next().map(|(name, _)| *name)
}

impl EventlogArgs {
    /// The option that is given and that only the journal has, if one is.
    fn given_for_journal(&self) -> Option<&'static str> {
        let given = [
            ("--priority", self.priority.is_some()),
            ("--facility", self.facility.is_some()),
            ("--message-id", self.message_id.is_some()),
            ("--socket", self.socket.is_some()),
        ];
        first(&given)
    }

    fn encoder(&self) -> Result<Box<dyn Encode>, String> {
        if IS_NT {
            let message = match self.message()? {
                Some(message) => message,
                None => Formatter::parse("message", None, false).map_err(|e| e.to_string())?,
            };
            return Ok(Box::new(NtEventEncoder::new(message)));
        }
        let priority = self.priority.unwrap_or(Priority {
            facility: self.facility,
            severity: None,
        });
        let defaults = JournalOptions::default();
        Ok(Box::new(JournalEncoder::new(JournalOptions {
            facility: priority.facility.unwrap_or(defaults.facility),
            severity: priority.severity,
            ident: self.app.clone(),
            default_ident: sys::user_name(),
            message_id: self.message_id,
            message: self.message()?,
            utc: self.common.utc,
        })))
    }

    /// The format of the message; here the text of an exception follows it.
    fn message(&self) -> Result<Option<Formatter>, String> {
        let mut formatter = self.common.message_formatter()?;
        if let Some(formatter) = &mut formatter {
            formatter.set_append_exception(true);
        }
        Ok(formatter)
    }
}

impl IntoStage for EventlogArgs {
    fn common(&mut self) -> &mut CommonArgs {
        &mut self.common
    }

    fn into_stage(self, diag: &Diag) -> Result<Stage, String> {
        let (others, what) = match IS_NT {
            true => (self.given_for_journal(), "the journal of Linux"),
            false => (self.windows.given(), "the event log of Windows"),
        };
        if let Some(option) = others {
            return Err(format!(
                "{option} is for {what}, which this system does not have"
            ));
        }
        let rendering = Rendering {
            encoder: Some(self.encoder()?),
            envelope: Some(Envelope::new(Framing::Bare)),
            ..Rendering::default()
        };
        let source = self.windows.source(self.app);
        let handler = network::event_log(self.socket, source, &self.connection, diag)?;
        let queue = self.queueing.options("events", Some(DRAIN))?;
        self.common.remote_stage(handler, rendering, queue, diag)
    }
}
