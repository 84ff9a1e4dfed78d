//! Options of a queue: those of `queue`, and of every handler that has one of
//! its own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::file::fsync;
use crate::fsync::Fsync;
use crate::handler::queue::{Overflow, QueueOptions, SpoolIn};
use crate::spool::Target;
use crate::units;

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Queue")]
pub struct QueueingArgs {
    /// How many records wait in memory [default: 10000].
    ///
    /// 64 MiB wait at most; then the queue is full. Those that are just being
    /// delivered, an eighth of it at most, do not count. With a spool, nothing
    /// waits in memory.
    #[arg(long, value_name = "N")]
    #[arg(value_parser = units::at_least_one::<u64>)]
    capacity: Option<u64>,

    /// What becomes of records when the queue, or the spool, is full [default: block].
    ///
    /// block: lh reads no more until there is room, and nothing is lost.
    /// drop-new: they are dropped. drop-old: the oldest that wait are dropped
    /// in their place. What is dropped is counted, and the exit status is 1.
    #[arg(long, value_enum, value_name = "POLICY")]
    overflow: Option<OverflowArg>,

    /// Keep records in this directory until they are delivered.
    ///
    /// A record is accepted when it is there: it survives the end of lh, a kill
    /// and, with --fsync, a power cut. The next lh with this spool, or `lh spool
    /// retry DIR`, sends what is left, first of all. One lh at a time has it.
    #[arg(long, value_name = "DIR")]
    spool: Option<PathBuf>,

    /// How large the spool may grow [default: 1G].
    #[arg(long, value_name = "SIZE", value_parser = units::size, requires = "spool")]
    spool_max: Option<u64>,

    /// When spooled records are made durable: never, batch, close, or SECONDS [default: never].
    ///
    /// batch: before more input is read. close: at the end. SECONDS (0.5, 10s):
    /// so long after they were read at the latest. All but never also sync
    /// every MiB.
    #[arg(long = "fsync", value_name = "WHEN", value_parser = fsync, requires = "spool")]
    fsync: Option<Fsync>,

    /// How long the end waits until what is in the queue is delivered.
    ///
    /// 10s where the handler sends over a network, else as long as it takes.
    /// What is left stays in the spool, or is lost and counted.
    #[arg(long, value_name = "DURATION", value_parser = units::duration)]
    drain_timeout: Option<Duration>,

    /// The words of the command line that it stands in.
    #[arg(skip)]
    words: Vec<OsString>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OverflowArg {
    Block,
    DropNew,
    DropOld,
}

impl QueueingArgs {
    /// What the queue is told, of records in this form; without
    /// `--drain-timeout`, its end takes so long at most.
    ///
    /// # Errors
    /// When it is not known where lh runs.
    pub fn options(self, form: &str, drain: Option<Duration>) -> Result<QueueOptions, String> {
        let defaults = QueueOptions::default();
        let spool = match self.spool {
            None => None,
            Some(directory) => {
                let here = std::env::current_dir();
                let here = here.map_err(|error| format!("where lh runs can't be told: {error}"))?;
                Some(SpoolIn {
                    directory,
                    max_bytes: self.spool_max.unwrap_or(1 << 30),
                    fsync: self.fsync.unwrap_or_default(),
                    target: Target {
                        words: self.words,
                        directory: here,
                        form: form.to_owned(),
                    },
                })
            }
        };
        Ok(QueueOptions {
            capacity: self.capacity.unwrap_or(defaults.capacity),
            overflow: match self.overflow {
                None | Some(OverflowArg::Block) => Overflow::Block,
                Some(OverflowArg::DropNew) => Overflow::DropNew,
                Some(OverflowArg::DropOld) => Overflow::DropOld,
            },
            drain: self.drain_timeout.or(drain),
            spool,
        })
    }

    /// Notes the words that it was parsed from, for whoever finds the spool.
    pub fn set_words(&mut self, words: &[OsString]) {
        self.words = words.to_vec();
    }

    /// Puts another directory in the place of the spool, if there is one.
    pub fn set_spool(&mut self, directory: &Path) {
        if let Some(spool) = &mut self.spool {
            *spool = directory.to_owned();
        }
    }

    /// The directory of the spool, if there is to be one.
    pub fn spool(&self) -> Option<&Path> {
        self.spool.as_deref()
    }

    /// Whether there is to be a spool.
    pub fn has_spool(&self) -> bool {
        self.spool.is_some()
    }

    /// Puts the options of a queue around one into it.
    ///
    /// # Errors
    /// The option that both have.
    pub fn merge(&mut self, outer: QueueingArgs) -> Result<(), String> {
        fn put<T>(name: &str, own: &mut Option<T>, outer: Option<T>) -> Result<(), String> {
            match (own.is_some(), outer) {
                (_, None) => Ok(()),
                (true, Some(_)) => Err(format!(
                    "--{name} stands behind queue and behind its handler"
                )),
                (false, outer) => {
                    *own = outer;
                    Ok(())
                }
            }
        }
        put("capacity", &mut self.capacity, outer.capacity)?;
        put("overflow", &mut self.overflow, outer.overflow)?;
        put("spool", &mut self.spool, outer.spool)?;
        put("spool-max", &mut self.spool_max, outer.spool_max)?;
        put("fsync", &mut self.fsync, outer.fsync)?;
        put(
            "drain-timeout",
            &mut self.drain_timeout,
            outer.drain_timeout,
        )
    }
}
