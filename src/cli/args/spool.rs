//! `lh spool`.

use std::path::PathBuf;

use crate::units;
use clap::{ArgGroup, Args, Subcommand};

/// Look into a spool, the records that a handler keeps on the disk until they
/// are delivered, and mend it.
///
/// Whatever has happened to a spool, lh opens it and sends what is whole; no
/// spool has to be mended before. What is damaged is moved to its folder bad.
#[derive(Debug, Args)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = "\
Exit status:
  0  it was done, and nothing is damaged
  1  something is damaged, or could not be done
  2  the command line is wrong

Examples:
  lh spool ls /var/spool/lh
  lh spool cat /var/spool/lh | less
  lh spool check /var/spool/lh
  lh spool retry /var/spool/lh
  lh spool drop --oldest 1000 /var/spool/lh"
)]
pub struct SpoolArgs {
    #[command(subcommand)]
    pub command: SpoolCommand,
}

/// What is done with a spool. Where nothing stands here, the arguments say it, and
/// more in their long help.
#[derive(Debug, Subcommand)]
pub enum SpoolCommand {
    Ls(LsArgs),
    /// Print the records that wait, as they are, one after the other.
    Cat(CatArgs),
    /// Read all of it and say what is damaged; change nothing.
    Check(CheckArgs),
    Retry(RetryArgs),
    /// Forget records that wait, all of them or the oldest.
    Drop(DropArgs),
}

/// Send the records that wait, as the lh would that left them.
///
/// That goes on as long as records get through. It ends when none did for the
/// --drain-timeout of that lh, and for 10 seconds at least, or at a signal. The exit
/// status is 0 when none is left.
#[derive(Debug, Args)]
pub struct RetryArgs {
    /// The spool's directory
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
}

/// Say in one line what it holds, and who has it: a quick look.
///
/// It goes through the newest file of records only: of the others, damage is told
/// that was met before, and records are counted as if there was no more. lh spool
/// check reads all of them.
#[derive(Debug, Args)]
pub struct LsArgs {
    /// The spool's directory
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
}

#[derive(Debug, Args)]
pub struct CatArgs {
    /// The spool's directory
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// Print those too that are delivered and not deleted yet
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The spool's directory
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("which").required(true).args(["oldest", "all"])))]
pub struct DropArgs {
    /// The spool's directory
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// Forget so many, those that came first
    #[arg(long, value_name = "N", value_parser = units::count::<u64>)]
    pub oldest: Option<u64>,
    /// Forget them all
    #[arg(long)]
    pub all: bool,
}
