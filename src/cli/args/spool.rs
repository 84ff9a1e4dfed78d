//! `lh spool`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Look into a spool, and mend it.
#[derive(Debug, Args)]
pub struct SpoolArgs {
    #[command(subcommand)]
    pub command: SpoolCommand,
}

#[derive(Debug, Subcommand)]
pub enum SpoolCommand {
    /// Send what is left, as the lh would that left it.
    ///
    /// The exit status is 0 when nothing is left.
    Retry {
        /// The spool
        #[arg(value_name = "DIR")]
        directory: PathBuf,
    },
}
