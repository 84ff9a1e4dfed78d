//! `lh cat` and `lh tail`.

use std::path::PathBuf;

use clap::Args;

/// Print a file with its rolled-over files, in the order in which they were
/// written.
///
/// FILE.2 before FILE.1 before FILE, as rotate names them; by their times, as
/// timed does; and those that are compressed are unpacked. Nothing is changed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lh cat app.log | grep -c ERROR
  lh cat --namer '{stem}-{suffix}{ext}' app.log | less")]
pub struct LogCatArgs {
    /// The file that is written, without the number or the time of the others
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,

    #[command(flatten)]
    pub names: NamesArgs,
}

/// Print the last lines of a file with its rolled-over files, and follow it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lh tail -n 1000 app.log
  lh tail -f app.log")]
pub struct LogTailArgs {
    /// The file that is written, without the number or the time of the others
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// How many lines
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    pub lines: u64,

    /// Go on with what is written from then on, also across rollovers: each
    /// line once. Waits for a file that is not there yet
    #[arg(short, long)]
    pub follow: bool,

    #[command(flatten)]
    pub names: NamesArgs,
}

#[derive(Debug, Args)]
pub struct NamesArgs {
    /// The names of rolled-over files, as it was given to rotate or timed
    #[arg(long, value_name = "TEMPLATE")]
    pub namer: Option<String>,
}
