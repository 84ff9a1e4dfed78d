//! Options that `rotate` and `timed` share.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::Question;
use crate::handler::rotating::RotatingOptions;
use crate::roll::compress::Method;
use crate::roll::keep::Limits;
use crate::roll::when::{Schedule, When, parse_time_of_day};
use crate::units;

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Rollover")]
pub struct RollingArgs {
    /// A file does not reach this size in bytes, unless one record alone is longer.
    ///
    /// 10M and 10MiB are 10,485,760 bytes, 10MB are 10,000,000. 0 is no limit.
    #[arg(long, value_name = "SIZE", value_parser = units::size)]
    pub max_bytes: Option<u64>,

    /// How many rolled-over files are kept [default: 0].
    ///
    /// 0 is all of them where their names have a time and no number: those of
    /// timed, and of rotate with such a --namer. Where they have a number, the
    /// file is not rolled over then.
    #[arg(long, value_name = "N", value_parser = units::count::<usize>)]
    pub backups: Option<usize>,

    /// Roll over by the clock: S, M, H, D, W0 (Monday) to W6, or midnight.
    ///
    /// S, M, H and D count seconds, minutes, hours and days from when the file
    /// began; midnight and W0 to W6 go by the calendar, as does --align. W0 to W6
    /// are the end of that day, or --at-time on it.
    #[arg(long, value_name = "WHEN")]
    pub when: Option<When>,

    /// Every so many seconds, hours, ..., weeks [default: 1].
    #[arg(long, value_name = "N", value_parser = units::at_least_one::<u32>)]
    pub interval: Option<u32>,

    /// Time of day for midnight and W0 to W6, HH:MM[:SS].
    #[arg(long, value_name = "TIME", value_parser = parse_time_of_day)]
    pub at_time: Option<u32>,

    /// S, M, H and D at round times: H at :00, M at :00 seconds, D at midnight.
    #[arg(long)]
    pub align: bool,

    /// Roll over at the moment, not at the first record after it.
    #[arg(long)]
    pub eager: bool,

    /// Print the next N rollovers, a moment and a name each, and end.
    #[arg(long, value_name = "N", value_parser = units::count::<usize>)]
    pub plan: Option<usize>,

    /// The names of rolled-over files
    #[arg(long, value_name = "TEMPLATE", help_heading = "Rolled-over files")]
    #[arg(long_help = NAMER_HELP)]
    pub namer: Option<String>,

    /// Compress them in the background: gzip or zstd, gzip:9, zstd:19.
    #[arg(long, value_name = "METHOD", help_heading = "Rolled-over files")]
    pub compress: Option<Method>,

    /// A shell command that takes the place of the rename.
    ///
    /// It has LH_SOURCE and LH_DEST in its environment, and has to take the
    /// source away or to empty it. Where it does neither, what it has made of
    /// LH_DEST is deleted, and it is tried again later.
    #[arg(long, value_name = "CMD", help_heading = "Rolled-over files")]
    pub rotator: Option<String>,

    /// A shell command for each, in the background, after the compression.
    ///
    /// It has LH_SOURCE, the file, and LH_DEST, the rolled-over one, in its
    /// environment. At the end of the input, lh waits until it has ended for all of
    /// them. Whoever asks lh to end waits a second for it; those that it was not run
    /// for have it at the next start (where the file system has extended attributes).
    #[arg(long, value_name = "CMD", help_heading = "Rolled-over files")]
    pub on_rotate: Option<String>,

    /// Delete those that were last written longer ago; 0 is no limit.
    ///
    /// 30d, 12h, 90m or 45s; a number alone is seconds.
    #[arg(long, value_name = "DURATION", value_parser = units::duration, help_heading = "Retention")]
    pub max_age: Option<Duration>,

    /// Delete the oldest so that all together, the current file included, stay
    /// within this size; 0 is no limit.
    #[arg(long, value_name = "SIZE", value_parser = units::size, help_heading = "Retention")]
    pub max_total: Option<u64>,

    /// Delete the oldest so that this much of the disk is free; 0 is no limit.
    #[arg(long, value_name = "SIZE", value_parser = units::size, help_heading = "Retention")]
    pub min_free: Option<u64>,

    /// List what the next rollover would delete, and by which option, and end.
    ///
    /// FILE itself is listed where not even what it holds now would be kept.
    #[arg(long, help_heading = "Retention")]
    pub dry_run: bool,

    /// Keep a symbolic link of this name on the current file.
    #[arg(long, value_name = "NAME", help_heading = "File")]
    pub link: Option<PathBuf>,
}

/// clap takes a plain `{n}` for a line break; the empty escape sequence in it
/// is not seen, and the manual pages are made without it.
const NAMER_HELP: &str = "The names of rolled-over files.

A template with {base} {dir} {stem} {ext} {\u{1b}[mn} {suffix} {time:%Y%m%d}: the file's name, its \
directory, its name without the extension, the extension with its dot; the number, 1 for the \
newest under rotate, and under timed what tells equal names apart; what the handler puts behind \
the name by itself; a time, under timed the start of the interval. A relative name stands beside \
the file.";

impl RollingArgs {
    /// What is asked in place of a run.
    pub fn question(&self) -> Option<Question> {
        match self.plan {
            Some(count) => Some(Question::Plan(count)),
            None => self.dry_run.then_some(Question::DryRun),
        }
    }

    /// The calendar, if there is one.
    ///
    /// # Errors
    /// Options that do not go together.
    pub fn schedule(&self) -> Result<Option<Schedule>, String> {
        let Some(when) = self.when else {
            let companions = [
                ("--interval", self.interval.is_some()),
                ("--at-time", self.at_time.is_some()),
                ("--align", self.align),
                ("--eager", self.eager),
                ("--plan", self.plan.is_some()),
            ];
            return match companions.iter().find(|(_, given)| *given) {
                Some((name, _)) => Err(format!("{name} needs --when")),
                None => Ok(None),
            };
        };
        let schedule = Schedule::new(when, self.interval.unwrap_or(1), self.at_time, self.align);
        schedule.map(Some).map_err(|error| error.to_string())
    }

    /// Puts what both handlers share into their options.
    pub fn apply(&self, options: &mut RotatingOptions) {
        options.max_bytes = self.max_bytes.filter(|size| *size > 0);
        options.backups = self.backups.unwrap_or(0);
        options.eager = self.eager;
        options.compress = self.compress;
        options.rotator = self.rotator.clone();
        options.on_rotate = self.on_rotate.clone();
        options.limits = Limits {
            age: self.max_age.filter(|age| !age.is_zero()),
            total: self.max_total.filter(|size| *size > 0),
            min_free: self.min_free.filter(|size| *size > 0),
        };
        options.link = self.link.clone();
    }
}
