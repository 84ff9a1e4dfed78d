//! `lh eventlog`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::queueing::QueueingArgs;
use super::remote::{ConnectionArgs, DRAIN};
use super::{CommonArgs, IntoStage, network};
use crate::diag::Diag;
use crate::handler::Stage;
use crate::handler::stage::Rendering;
use crate::sys;
use crate::text::Formatter;
use crate::wire::envelope::{Envelope, Framing};
use crate::wire::journal::{JournalEncoder, JournalOptions, MessageId};
use crate::wire::syslog::{Facility, Priority};

/// Write to the operating system's event log: on Linux, systemd's journal (NTEventLogHandler).
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
    /// SYSLOG_IDENTIFIER in the journal, for journalctl -t.
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
    /// The log: Application, System or Security.
    #[arg(long, value_name = "LOG", hide = true)]
    log: Option<OsString>,

    /// The file with the texts of messages.
    #[arg(long, value_name = "FILE", hide = true)]
    dll: Option<OsString>,

    /// The number of the message's text.
    #[arg(long, value_name = "N", hide = true)]
    event_id: Option<OsString>,

    /// The number of the event's category.
    #[arg(long, value_name = "N", hide = true)]
    category: Option<OsString>,
}

impl WindowsArgs {
    /// The option that is given, if one is.
    fn given(&self) -> Option<&'static str> {
        [
            ("--log", self.log.is_some()),
            ("--dll", self.dll.is_some()),
            ("--event-id", self.event_id.is_some()),
            ("--category", self.category.is_some()),
        ]
        .into_iter()
        .find_map(|(name, given)| given.then_some(name))
    }
}

impl EventlogArgs {
    fn encoder(&self) -> Result<JournalEncoder, String> {
        let priority = self.priority.unwrap_or(Priority {
            facility: self.facility,
            severity: None,
        });
        let defaults = JournalOptions::default();
        Ok(JournalEncoder::new(JournalOptions {
            facility: priority.facility.unwrap_or(defaults.facility),
            severity: priority.severity,
            ident: self.app.clone(),
            default_ident: sys::user_name(),
            message_id: self.message_id,
            message: self.message()?,
            utc: self.common.utc,
        }))
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
        if let Some(option) = self.windows.given() {
            return Err(format!(
                "{option} is for the event log of Windows, which this system does not have"
            ));
        }
        let encoder = self.encoder()?;
        let rendering = Rendering {
            encoder: Some(Box::new(encoder)),
            envelope: Some(Envelope::new(Framing::Bare)),
            ..Rendering::default()
        };
        let handler = network::event_log(self.socket, &self.connection)?;
        let queue = self.queueing.options("journal entries", Some(DRAIN))?;
        self.common.remote_stage(handler, rendering, queue, diag)
    }
}
