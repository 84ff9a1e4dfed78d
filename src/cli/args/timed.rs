//! `lh timed`.

use std::path::Path;

use clap::Args;

use super::file::TargetArgs;
use super::rolling::RollingArgs;
use super::{CommonArgs, IntoStage, Question};
use crate::diag::Diag;
use crate::handler::{BaseRotatingHandler, Stage, TimedRotatingFileHandler};
use crate::roll::when::When;

/// Append to a file that is rolled over by the clock (TimedRotatingFileHandler).
///
/// Backups are named by the start of the interval that they cover, as
/// FILE.2026-11-22; a counter follows where that name is taken. The first
/// rollover is computed from when an existing file began. --backups 0 keeps
/// all of them; --max-bytes also rolls over a file that grows too large.
#[derive(Debug, Args)]
#[command(mut_arg("when", |arg| arg.help(
    "S, M, H, D, W0 (Monday) to W6, or midnight, in any case [default: H]").long_help(
    "Roll over by the clock: S, M, H, D, W0 (Monday) to W6, or midnight, in any case [default: H].\n\n\
    S, M, H and D count seconds, minutes, hours and days from when the file began; midnight and W0 \
    to W6 go by the calendar, as does --align. W0 to W6 are the end of that day, or --at-time on it.")))]
#[command(after_help = "\
Examples:
  myapp 2>&1 | lh timed --when midnight --backups 14 app.log
  myapp 2>&1 | lh timed --when H --align --eager --backups 48 \\
      --compress gzip app.log
  lh timed --when W6 --at-time 03:00 --plan 4 app.log")]
pub struct TimedArgs {
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    rolling: RollingArgs,
    #[command(flatten)]
    common: CommonArgs,
}

impl TimedArgs {
    /// The log.
    pub fn path(&self) -> &Path {
        &self.target.path
    }

    pub fn question(&self) -> Option<Question> {
        self.rolling.question()
    }

    pub fn handler(&self, diag: &Diag) -> Result<BaseRotatingHandler, String> {
        let mut rolling = self.rolling.clone();
        // Python's default.
        rolling.when.get_or_insert(When::Hour);
        let Some(schedule) = rolling.schedule()? else {
            return Err("--when is missing".to_owned());
        };
        let file = self.target.options(&self.common).behind_link();
        let template = rolling
            .namer
            .as_deref()
            .unwrap_or(TimedRotatingFileHandler::NAMER);
        let namer = TimedRotatingFileHandler::namer(template, &file.path, &schedule);
        let namer = namer.map_err(|error| format!("--namer: {error}"))?;
        let mut options = TimedRotatingFileHandler::options(file, schedule, 0)
            .map_err(|error| error.to_string())?;
        options.namer = namer;
        options.utc = self.common.utc;
        rolling.apply(&mut options);
        Ok(BaseRotatingHandler::new(options, diag.clone()))
    }
}

impl IntoStage for TimedArgs {
    fn common(&mut self) -> &mut CommonArgs {
        &mut self.common
    }

    fn into_stage(self, diag: &Diag) -> Result<Stage, String> {
        let handler = self.handler(diag)?;
        self.common
            .stage(Box::new(handler), self.target.charset(), diag)
    }
}
