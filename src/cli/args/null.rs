//! `lh null`.

use clap::Args;

use super::{CommonArgs, IntoStage};
use crate::diag::Diag;
use crate::handler::{NullHandler, Stage};

/// Accept everything and write nothing (NullHandler).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  yes | head -n 1000000 | lh null
  myapp | lh --tee null")]
pub struct NullArgs {
    #[command(flatten)]
    common: CommonArgs,
}

impl IntoStage for NullArgs {
    fn common(&mut self) -> &mut CommonArgs {
        &mut self.common
    }

    fn into_stage(self, diag: &Diag) -> Result<Stage, String> {
        self.common.stage(Box::new(NullHandler), None, diag)
    }
}
