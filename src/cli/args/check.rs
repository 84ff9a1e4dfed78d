//! `lh check`.

use std::ffi::OsString;

use clap::{Args, Subcommand};

/// Try whether a chain can deliver, and send nothing.
///
/// Each handler's target is tried as far as that goes without a record: files,
/// whether they can be written and rolled over; everything else is connected to,
/// with TLS, and smtp and http log in. A line for each says what was found. The
/// status is 0 if all is well, and 1 if something is not.
#[derive(Debug, Args)]
#[command(
    override_usage = "lh check HANDLER [OPTIONS] [+ HANDLER [OPTIONS]]...",
    after_help = "\
Examples:
  lh check rotate --max-bytes 10M --backups 5 app.log \\
      + syslog --address loghost:514 --transport tcp
  lh check smtp --host mail --user cron --password-file pw --from cron@x.org \\
      --to ops@x.org"
)]
pub struct CheckChainArgs {
    #[command(subcommand)]
    rest: Option<Rest>,
}

#[derive(Debug, Subcommand)]
enum Rest {
    #[command(external_subcommand)]
    Words(Vec<OsString>),
}

impl CheckChainArgs {
    /// The words of the first handler, if there is one.
    pub fn take_rest(self) -> Option<Vec<OsString>> {
        let Rest::Words(words) = self.rest?;
        Some(words)
    }
}
