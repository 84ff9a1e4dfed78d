//! `lh queue`.

use clap::{Args, ValueEnum};

use super::wrapped::Wrapped;
use crate::diag::Diag;
use crate::handler::queue::{Overflow, QueueOptions};
use crate::handler::{QueueHandler, Stage};

/// Run the handler that follows on a thread of its own (QueueHandler).
///
/// A handler that is slow, or waits for a full disk, then delays no other
/// handler of the chain before the queue is full, and with --overflow drop-new
/// or drop-old not even then. A handler's name and its options stand behind
/// those of the queue. At most 64 MiB wait; then the queue is full. What waits
/// at the end is delivered.
#[derive(Debug, Args)]
#[command(override_usage = "lh queue [OPTIONS] HANDLER [OPTIONS]")]
#[command(after_help = "\
Examples:
  myapp 2>&1 | lh file app.log + queue file /mnt/slow/app.log
  myapp 2>&1 | lh file app.log + queue --capacity 10000 --overflow drop-old stream")]
pub struct QueueArgs {
    /// How many records wait [default: 10000].
    ///
    /// Those that are just being delivered, an eighth of it at most, do not
    /// count.
    #[arg(long, value_name = "N", help_heading = "Queue")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    capacity: Option<u64>,

    /// What becomes of records when the queue is full [default: block].
    ///
    /// block: lh reads no more until there is room, and nothing is lost.
    /// drop-new: they are dropped. drop-old: the oldest that wait are dropped
    /// in their place. What is dropped is counted, and the exit status is 1.
    #[arg(long, value_enum, value_name = "POLICY", help_heading = "Queue")]
    overflow: Option<OverflowArg>,

    #[command(flatten)]
    pub wrapped: Wrapped,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OverflowArg {
    Block,
    DropNew,
    DropOld,
}

impl QueueArgs {
    fn options(&self) -> QueueOptions {
        let defaults = QueueOptions::default();
        QueueOptions {
            capacity: self.capacity.unwrap_or(defaults.capacity),
            overflow: match self.overflow {
                None | Some(OverflowArg::Block) => Overflow::Block,
                Some(OverflowArg::DropNew) => Overflow::DropNew,
                Some(OverflowArg::DropOld) => Overflow::DropOld,
            },
        }
    }

    pub fn into_stage(self, diag: &Diag) -> Result<Stage, String> {
        let options = self.options();
        let stage = self.wrapped.into_handler("queue")?.into_stage(diag)?;
        Ok(stage.wrap(|inner| Box::new(QueueHandler::new(inner, options))))
    }
}
