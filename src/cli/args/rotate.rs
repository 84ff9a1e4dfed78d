//! `lh rotate`.

use std::path::Path;

use clap::Args;

use super::file::TargetArgs;
use super::rolling::RollingArgs;
use super::{CommonArgs, IntoStage, Question};
use crate::diag::Diag;
use crate::handler::{BaseRotatingHandler, RotatingFileHandler, Stage};

/// Append to a file that is rolled over by size (RotatingFileHandler).
///
/// Before a record with which the file would reach --max-bytes, it is renamed
/// to FILE.1, FILE.1 to FILE.2, and so on up to --backups; what is older goes.
/// A record is never split over two files. Without --backups nothing is rolled
/// over, unless a --namer names by time alone; without --max-bytes and --when,
/// only at SIGALRM.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  myapp 2>&1 | lh rotate --max-bytes 10M --backups 5 app.log
  lh rotate --max-bytes 10M --backups 5 app.log -- myapp --serve
  myapp 2>&1 | lh rotate --max-bytes 50M --backups 9 --compress zstd app.log
  myapp 2>&1 | lh rotate --max-bytes 1M --backups 3 \\
      --namer '{stem}-{\u{1b}[mn}{ext}' app.log")]
pub struct RotateArgs {
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    rolling: RollingArgs,
    #[command(flatten)]
    common: CommonArgs,
}

impl RotateArgs {
    /// The log.
    pub fn path(&self) -> &Path {
        &self.target.path
    }

    pub fn question(&self) -> Option<Question> {
        self.rolling.question()
    }

    pub fn handler(&self, diag: &Diag) -> Result<BaseRotatingHandler, String> {
        let file = self.target.options(&self.common).behind_link();
        let template = self
            .rolling
            .namer
            .as_deref()
            .unwrap_or(RotatingFileHandler::NAMER);
        let namer = RotatingFileHandler::namer(template, &file.path);
        let namer = namer.map_err(|error| format!("--namer: {error}"))?;
        let mut options =
            RotatingFileHandler::options(file, 0, 0).map_err(|error| error.to_string())?;
        options.numbered = namer.is_numbered();
        options.namer = namer;
        options.schedule = self.rolling.schedule()?;
        options.utc = self.common.utc;
        self.rolling.apply(&mut options);
        Ok(BaseRotatingHandler::new(options, diag.clone()))
    }
}

impl IntoStage for RotateArgs {
    fn common(&mut self) -> &mut CommonArgs {
        &mut self.common
    }

    fn into_stage(self, diag: &Diag) -> Result<Stage, String> {
        let handler = self.handler(diag)?;
        let asked =
            self.rolling.max_bytes.is_some_and(|size| size > 0) || self.rolling.when.is_some();
        if asked && !handler.rolls() {
            let name = self.target.path.display();
            diag.warn(format_args!(
                "{name}: nothing will be rotated, because --backups is 0, as in Python"
            ));
        }
        self.common
            .stage(Box::new(handler), self.target.charset(), diag)
    }
}
