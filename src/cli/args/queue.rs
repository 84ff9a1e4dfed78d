//! `lh queue`.

use clap::Args;

use super::queueing::QueueingArgs;
use super::wrapped::Wrapped;
use crate::diag::Diag;
use crate::handler::{QueueHandler, Stage};

/// Run the handler that follows on a thread of its own (QueueHandler).
///
/// A handler that is slow, or waits for a full disk, then delays no other
/// handler of the chain before the queue is full, and with --overflow drop-new
/// or drop-old not even then. A handler's name and its options stand behind
/// those of the queue. What waits at the end is
/// delivered. A handler that has a queue of its own gets these options for it.
#[derive(Debug, Args)]
#[command(override_usage = "lh queue [OPTIONS] HANDLER [OPTIONS]")]
#[command(after_help = "\
Examples:
  myapp 2>&1 | lh file app.log + queue file /mnt/slow/app.log
  myapp 2>&1 | lh file app.log + queue --capacity 10000 --overflow drop-old \\
      stream")]
pub struct QueueArgs {
    #[command(flatten)]
    pub queueing: QueueingArgs,

    #[command(flatten)]
    pub wrapped: Wrapped,
}

impl QueueArgs {
    pub fn into_stage(self, diag: &Diag) -> Result<Stage, String> {
        let mut inner = self.wrapped.into_handler("queue")?;
        let spools = self.queueing.has_spool();
        if inner.wrapped_mut().is_none()
            && let Some(own) = inner.queueing_mut()
        {
            // It has a queue of its own: these options are for that one.
            own.merge(self.queueing)?;
            return inner.into_stage(diag);
        }
        if spools && inner.inner().is_some() {
            let text = "queue --spool stands right before its handler, or what the buffer holds \
                        would be in no spool: lh buffer [OPTIONS] queue --spool DIR HANDLER";
            return Err(text.to_owned());
        }
        let options = self.queueing.options("text", None)?;
        let mut stage = inner.into_stage(diag)?;
        if spools {
            stage.count_all();
        }
        Ok(stage.wrap(|inner| Box::new(QueueHandler::new(inner, options))))
    }
}
