//! `lh stream`.

use std::io::IsTerminal;

use clap::{Args, ValueEnum};

use super::{CommonArgs, IntoStage};
use crate::diag::Diag;
use crate::handler::stream::Flush;
use crate::handler::{Stage, StreamHandler};

/// Write to standard output or standard error (StreamHandler).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  myapp | lh -i json stream -f text
  myapp | lh --detect-level stream --stderr --min-level error + file all.log
  lh -m 'ready' stream -f '{timestamp} {message}'")]
pub struct StreamArgs {
    /// Write to standard error.
    #[arg(long, help_heading = "Stream")]
    stderr: bool,

    /// A write for each record, or for each batch that was read [default: batch].
    #[arg(long, value_enum, value_name = "WHEN", help_heading = "Stream")]
    flush: Option<FlushArg>,

    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FlushArg {
    Record,
    Batch,
}

impl StreamArgs {
    /// Whether what it writes is seen on a terminal.
    pub fn is_on_terminal(&self) -> bool {
        match self.stderr {
            true => std::io::stderr().is_terminal(),
            false => std::io::stdout().is_terminal(),
        }
    }
}

impl IntoStage for StreamArgs {
    fn common(&mut self) -> &mut CommonArgs {
        &mut self.common
    }

    fn into_stage(self, diag: &Diag) -> Result<Stage, String> {
        let flush = match self.flush {
            Some(FlushArg::Record) => Flush::Record,
            None | Some(FlushArg::Batch) => Flush::Batch,
        };
        let handler = match self.stderr {
            true => StreamHandler::stderr(flush),
            false => StreamHandler::stdout(flush),
        };
        self.common.stage(Box::new(handler), None, diag)
    }
}
