//! Standard input, or any file of lines.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;

use super::Tee;
use crate::now::Now;
use crate::pipeline::{Pipeline, Wait};
use crate::sys;
use crate::wire::framing::{LineBuffer, OversizeCounts};

/// The process's standard input.
///
/// # Errors
/// When its descriptor can't be copied.
pub fn open() -> io::Result<File> {
    sys::stdin()
}

/// Reads lines from a file until it ends or the pipeline is to stop, and
/// hands them to the pipeline.
///
/// # Errors
/// Those of read(2); what was read before is delivered all the same.
pub fn run(
    mut input: File,
    mut buffer: LineBuffer,
    mut tee: Option<Tee>,
    pipeline: &mut Pipeline,
) -> io::Result<OversizeCounts> {
    sys::enlarge_pipe(input.as_fd());
    pipeline.set_writer_ends(sys::is_pipe(input.as_fd()));
    let result = loop {
        match pipeline.wait(Some(input.as_fd())) {
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
        pipeline.deliver(&buffer.frames(), Now::read());
        if let Some(tee) = &mut tee {
            let bytes = kept.as_deref().unwrap_or_else(|| buffer.last(count));
            tee.pass(bytes, || pipeline.may_wait());
        }
        buffer.consume();
    };
    buffer.cut(true);
    pipeline.deliver(&buffer.frames(), Now::read());
    result.map(|()| buffer.oversized())
}

fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock
    )
}
