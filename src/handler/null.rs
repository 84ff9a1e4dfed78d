//! `null`: accepts everything and writes nothing.

use std::io;

use super::{EmitError, Handler};
use crate::batch::Frames;
use crate::now::Now;

/// Python's `NullHandler`: for measuring, and for chains that only filter.
#[derive(Debug, Default)]
pub struct NullHandler;

impl Handler for NullHandler {
    fn kind(&self) -> &'static str {
        "null"
    }

    fn target(&self) -> String {
        "null".to_owned()
    }

    fn open(&mut self, _now: Now) -> io::Result<()> {
        Ok(())
    }

    fn emit(&mut self, _frames: &Frames<'_>, _from: usize, _now: Now) -> Result<(), EmitError> {
        Ok(())
    }

    fn close(&mut self, _now: Now, _hurry: bool) -> Result<(), EmitError> {
        Ok(())
    }
}
