//! `lh smtp`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::queueing::QueueingArgs;
use super::remote::{RetryArgs, TlsArgs};
use super::{CommonArgs, IntoStage, smtp_sender};
use crate::diag::Diag;
use crate::handler::Stage;
use crate::units;

/// Send as mails, a record in each or many (SMTPHandler).
///
/// A record counts as delivered when the server has accepted its mail for one
/// recipient at least. What it may accept later (4xx), or when it is there again,
/// is sent again, later each time; a mail that it refuses for good (5xx) is given
/// up. Where the connection breaks after the whole mail was sent, or no answer
/// comes then, it is sent again with the same Message-ID, and a warning says so: it
/// may come twice. If that happens again, it rests for a minute, and twice as long
/// each time, up to an hour.
/// The connection is kept from mail to mail.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  backup.sh 2>&1 | lh --detect-level buffer --ring --capacity 200 \\
      --flush-level error smtp --digest 1m --host mail --from cron@x \\
      --to ops@x
  myapp 2>&1 | lh --detect-level file app.log + smtp --min-level error \\
      --first-now --digest 10m --max-per-hour 12 --host mail --from app@x \\
      --to ops@x
  lh smtp --host smtp.example:587 --user app --password-file pw \\
      --from app@example --to ops@example --digest 5m -- myapp
  lh -m 'backup done' smtp --subject '{message}' --host mail --from cron@x \\
      --to ops@x

A digest has the records in order, with what came before an error as its context; of many, the \
first and the last, and before them how many there were of each kind: messages are of one kind \
where they differ in numbers, identifiers and quoted names only.")]
pub struct SmtpArgs {
    /// The mail server.
    ///
    /// The port is 25 unless it is given, 587 where a user is given, and 465 with
    /// --tls implicit.
    #[arg(long, value_name = "HOST[:PORT]", help_heading = "Mail server")]
    pub(super) host: String,

    /// When TLS begins [default: starttls where a user is given, else none].
    ///
    /// starttls: before anything else is said; a server that does not offer it
    /// gets nothing. implicit: with the connection. The certificate is always
    /// checked.
    #[arg(long, value_enum, value_name = "WHEN", help_heading = "Mail server")]
    pub(super) tls: Option<TlsArg>,

    /// The user's name, for a server that wants a log-in.
    ///
    /// The password stands in a file, or in LH_SMTP_PASSWORD in the environment.
    #[arg(long, value_name = "NAME", help_heading = "Mail server")]
    pub(super) user: Option<String>,

    /// A file that holds the password.
    ///
    /// It is read again whenever lh logs in.
    #[arg(
        long,
        value_name = "FILE",
        requires = "user",
        help_heading = "Mail server"
    )]
    pub(super) password_file: Option<PathBuf>,

    /// Log in without TLS, too, where everybody on the way can read the password.
    #[arg(long, requires = "user", help_heading = "Mail server")]
    pub(super) insecure_auth: bool,

    /// How long each phase of a session may take [default: 5s].
    ///
    /// To connect, to agree on TLS, to answer each command, and to take what is
    /// sent, counted from when it last took something. The answer to a whole mail
    /// may take four times as long, because a mail that is sent again may come
    /// twice, and four times as long again after each that did not come in time, up
    /// to 10 minutes.
    #[arg(long, value_name = "DURATION", value_parser = timeout, help_heading = "Mail server")]
    pub(super) timeout: Option<Duration>,

    /// Whom mails are from: NAME@HOST, or "Full Name <NAME@HOST>".
    #[arg(long, value_name = "ADDRESS", help_heading = "Mails")]
    pub(super) from: String,

    /// Who gets them; several may be given.
    #[arg(long, value_name = "ADDRESS", required = true, help_heading = "Mails")]
    pub(super) to: Vec<String>,

    /// Who gets a copy; several may be given.
    #[arg(long, value_name = "ADDRESS", help_heading = "Mails")]
    pub(super) cc: Vec<String>,

    /// The subject: a template as of --format, with counts.
    ///
    /// Attributes are those of the gravest record of a mail. {count}: how many
    /// records the mail has. {more}: one less. {kinds}: how many kinds of them.
    /// Without it, "{levelname}: {message}", and how many more there are. It is
    /// one line of 200 characters at most.
    #[arg(long, value_name = "TEMPLATE", help_heading = "Mails")]
    #[arg(allow_hyphen_values = true)]
    pub(super) subject: Option<String>,

    /// Many records in one mail: a count, a duration, or both (100,5m).
    ///
    /// A mail is sent when so many records have come, or when the first of them
    /// has waited so long, and at the end. Without it each record has its own.
    #[arg(long, value_name = "COUNT|DURATION", value_delimiter = ',')]
    #[arg(value_parser = digest, help_heading = "Mails")]
    pub(super) digest: Vec<DigestArg>,

    /// The first error at once, and the rest as digests.
    ///
    /// A record of ERROR or above, or of --min-level, does not wait for the
    /// digest where none was mailed for as long as a digest waits (5m, unless
    /// --digest says). What came before it is in its mail, too.
    #[arg(long, help_heading = "Mails")]
    pub(super) first_now: bool,

    /// No more mails than this in an hour.
    ///
    /// What comes beyond them goes into the next one, and nothing is dropped. The
    /// last one of an hour is kept for the end of the run; where there is only
    /// one, the end may send a second. A mail that is sent again, and may have
    /// come, counts as another.
    #[arg(long, value_name = "N", help_heading = "Mails")]
    #[arg(value_parser = units::at_least_one::<u32>)]
    pub(super) max_per_hour: Option<u32>,

    /// Attach the records of a mail, up to 4 MiB, as records.log.
    #[arg(long, help_heading = "Mails")]
    pub(super) attach: bool,

    #[command(flatten)]
    pub(super) tls_args: TlsArgs,
    #[command(flatten)]
    pub(super) retry: RetryArgs,
    #[command(flatten)]
    pub queueing: QueueingArgs,
    #[command(flatten)]
    pub(super) common: CommonArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum TlsArg {
    None,
    Starttls,
    Implicit,
}

/// One bound of a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DigestArg {
    Count(u64),
    Wait(Duration),
}

fn digest(text: &str) -> Result<DigestArg, String> {
    let error = || format!("{text:?} is no digest: write 100 (records) or 5m");
    let arg = match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => DigestArg::Count(text.parse().map_err(|_| error())?),
        false => DigestArg::Wait(units::duration(text).map_err(|_| error())?),
    };
    match arg {
        DigestArg::Count(0) | DigestArg::Wait(Duration::ZERO) => Err(error()),
        arg => Ok(arg),
    }
}

fn timeout(text: &str) -> Result<Duration, String> {
    match units::duration(text)? {
        Duration::ZERO => Err("it has to be longer than nothing".to_owned()),
        duration => Ok(duration),
    }
}

impl IntoStage for SmtpArgs {
    fn common(&mut self) -> &mut CommonArgs {
        &mut self.common
    }

    fn into_stage(self, diag: &Diag) -> Result<Stage, String> {
        smtp_sender::stage(self, diag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_of_a_digest() {
        let minute = Duration::from_secs(60);
        for (text, want) in [
            ("100", DigestArg::Count(100)),
            ("1m", DigestArg::Wait(minute)),
            ("60s", DigestArg::Wait(minute)),
            ("500ms", DigestArg::Wait(minute / 120)),
        ] {
            assert_eq!(digest(text), Ok(want), "{text}");
        }
        for text in ["", "0", "0s", "x", "-1", "1x"] {
            assert!(digest(text).is_err(), "{text}");
        }
    }
}
