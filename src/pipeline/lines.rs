//! Moving lines from a file, mostly standard input, to the stages.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;

use super::{Pipeline, Wait};
use crate::now::Now;
use crate::source::Tee;
use crate::sys;
use crate::wire::framing::{LineBuffer, OversizeCounts};

impl Pipeline {
    /// Looks whether one of the handlers would write into the file that is to
    /// be read, which would never end.
    ///
    /// # Errors
    /// The target that is the input as well.
    pub fn check_input(&mut self, input: &File) -> Result<(), String> {
        let mut handlers = self.stages.iter_mut().map(|stage| stage.handler());
        match handlers.find(|handler| handler.writes_to(input)) {
            Some(handler) => Err(format!("{}: it is the input as well", handler.target())),
            None => Ok(()),
        }
    }

    /// Reads lines until the input ends or the run is to end, and delivers
    /// them.
    ///
    /// # Errors
    /// Those of read(2); what was read before is delivered all the same.
    pub fn read_lines(
        &mut self,
        mut input: File,
        mut buffer: LineBuffer,
        mut tee: Option<Tee>,
    ) -> io::Result<OversizeCounts> {
        sys::enlarge_pipe(input.as_fd());
        self.writer_ends = sys::is_pipe(input.as_fd());
        let result = loop {
            match self.wait(Some(input.as_fd())) {
                Wait::Nothing => continue,
                Wait::Stop => break Ok(()),
                Wait::Input => {}
            }
            let count = match input.read(buffer.space()) {
                Ok(0) => break Ok(()),
                Ok(count) => count,
                Err(error) if is_passing(&error) => continue,
                Err(error) => break Err(error),
            };
            buffer.fill(count);
            // A copy is as it came, also where long lines are cut off below.
            let kept = (tee.is_some() && buffer.rewrites()).then(|| buffer.last(count).to_vec());
            buffer.cut(false);
            self.deliver(&buffer.frames(), Now::read());
            if let Some(tee) = &mut tee {
                let bytes = kept.as_deref().unwrap_or_else(|| buffer.last(count));
                tee.pass(bytes, || self.may_wait());
            }
            buffer.consume();
        };
        buffer.cut(true);
        self.deliver(&buffer.frames(), Now::read());
        result.map(|()| buffer.oversized())
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock
    )
}
