//! `lh buffer`.

use clap::Args;

use super::wrapped::Wrapped;
use crate::diag::Diag;
use crate::handler::buffer::BufferOptions;
use crate::handler::{MemoryHandler, Stage};
use crate::level::Level;
use crate::units;

/// Hold records back for the handler that follows (MemoryHandler).
///
/// They are delivered in one go: when --capacity records are held, with a
/// record of --flush-level or above, and at the end. A handler's name and its
/// options stand behind those of the buffer. Filters and the format are the
/// handler's, so that what it leaves out is not held either. At most 64 MiB are
/// held; then the buffer is full.
#[derive(Debug, Args)]
#[command(override_usage = "lh buffer [OPTIONS] HANDLER [OPTIONS]")]
#[command(after_help = "\
Examples:
  myapp 2>&1 | lh --detect-level file all.log + buffer --capacity 200 \\
      --ring file incident.log
  lh buffer --flush-on-failure --capacity 10000 file failed.log -- backup.sh
  myapp 2>&1 | lh --detect-level buffer --no-flush-on-close --ring queue \\
      file errors.log")]
pub struct BufferArgs {
    /// How many records are held [default: 1000].
    #[arg(long, value_name = "N", help_heading = "Buffer")]
    #[arg(value_parser = units::at_least_one::<u64>)]
    capacity: Option<u64>,

    /// Deliver at once with a record of this level or above [default: ERROR].
    #[arg(long, value_name = "LEVEL", help_heading = "Buffer")]
    flush_level: Option<Level>,

    /// At the end, forget what is held.
    #[arg(long, help_heading = "Buffer")]
    no_flush_on_close: bool,

    /// When the buffer is full, forget the oldest record, and deliver nothing.
    ///
    /// A flight recorder: a record of --flush-level is delivered with the
    /// records before it, as many as the buffer holds. At the end, what is held
    /// is delivered too, unless --no-flush-on-close is given.
    #[arg(long, help_heading = "Buffer")]
    ring: bool,

    /// Deliver when the command behind -- has failed, and forget everything
    /// when it has not.
    ///
    /// A full buffer forgets its oldest record, as with --ring, and no record
    /// is delivered earlier for its level, unless --flush-level is given. Of a
    /// command that has failed without a word, one record tells what it ended with.
    #[arg(long, help_heading = "Buffer")]
    flush_on_failure: bool,

    #[command(flatten)]
    pub wrapped: Wrapped,
}

impl BufferArgs {
    /// Whether it is of use only where there is a command.
    pub fn needs_command(&self) -> bool {
        self.flush_on_failure
    }

    fn options(&self) -> BufferOptions {
        let defaults = BufferOptions::default();
        BufferOptions {
            // More than memory has is not reached.
            capacity: self.capacity.map_or(defaults.capacity, |capacity| {
                usize::try_from(capacity).unwrap_or(usize::MAX)
            }),
            flush_level: match self.flush_on_failure {
                true => self.flush_level,
                false => self.flush_level.or(defaults.flush_level),
            },
            flush_on_close: !self.no_flush_on_close,
            ring: self.ring,
            flush_on_failure: self.flush_on_failure,
        }
    }

    pub fn into_stage(self, diag: &Diag) -> Result<Stage, String> {
        let options = self.options();
        let stage = self.wrapped.into_handler("buffer")?.into_stage(diag)?;
        Ok(stage.wrap(|inner| Box::new(MemoryHandler::new(inner, options))))
    }
}
