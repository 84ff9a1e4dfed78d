//! `stream`: standard output or standard error.

use std::fs::File;
use std::io;

use super::{EmitError, Fault, Handler};
use crate::batch::Frames;
use crate::now::Now;
use crate::sys;

/// How often what a stream has taken is handed to the system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flush {
    /// A write for each record, as Python's `StreamHandler` does.
    Record,
    /// A write for each batch.
    #[default]
    Batch,
}

/// Python's `StreamHandler`.
#[derive(Debug)]
pub struct StreamHandler {
    /// How it is had, and what was had: nothing where it is closed.
    open: fn() -> io::Result<File>,
    stream: Option<File>,
    name: &'static str,
    flush: Flush,
    /// Bytes of the first undelivered record that are out already.
    begun: usize,
    /// A record was given up half way: its line has to be ended first.
    torn: bool,
}

impl StreamHandler {
    /// Writes to the process's standard output. One that is closed can't be opened.
    pub fn stdout(flush: Flush) -> StreamHandler {
        StreamHandler::new(sys::stdout, "stdout", flush)
    }

    /// Writes to the process's standard error, likewise.
    pub fn stderr(flush: Flush) -> StreamHandler {
        StreamHandler::new(sys::stderr, "stderr", flush)
    }

    fn new(open: fn() -> io::Result<File>, name: &'static str, flush: Flush) -> StreamHandler {
        StreamHandler {
            open,
            stream: open().ok(),
            name,
            flush,
            begun: 0,
            torn: false,
        }
    }
}

impl Handler for StreamHandler {
    fn kind(&self) -> &'static str {
        "stream"
    }

    fn target(&self) -> String {
        self.name.to_owned()
    }

    fn writes_to(&self, file: &File) -> bool {
        let own = self.stream.as_ref();
        own.is_some_and(|own| sys::is_same_regular_file(own, file))
    }

    fn check(&self) -> io::Result<()> {
        match &self.stream {
            Some(_) => Ok(()),
            None => (self.open)().map(|_| ()),
        }
    }

    fn open(&mut self, _now: Now) -> io::Result<()> {
        if self.stream.is_none() {
            self.stream = Some((self.open)()?);
        }
        Ok(())
    }

    fn emit(&mut self, frames: &Frames<'_>, from: usize, _now: Now) -> Result<(), EmitError> {
        let Some(stream) = &mut self.stream else {
            return Err(failure(from, io::ErrorKind::NotConnected.into()));
        };
        if self.torn {
            let mut at = 0;
            sys::write_some(stream, b"\n", &mut at, 1).map_err(|e| failure(from, e))?;
            self.torn = false;
        }
        let mut done = from;
        while done < frames.len() {
            let end = match self.flush {
                Flush::Record => frames.next(done),
                Flush::Batch => frames.len(),
            };
            let mut at = done + self.begun;
            let result = sys::write_some(stream, frames.bytes(), &mut at, end);
            // A stream can't take back what it has: the rest of a record that
            // is half out goes first when it is tried again.
            let whole = if at == end {
                end
            } else {
                frames.cut(done, (at - done) as u64)
            };
            self.begun = at - whole;
            done = whole;
            result.map_err(|e| failure(done, e))?;
        }
        Ok(())
    }

    fn abandon(&mut self) {
        self.torn |= std::mem::take(&mut self.begun) > 0;
    }

    fn close(&mut self, _now: Now, _hurry: bool) -> Result<(), EmitError> {
        Ok(())
    }
}

fn failure(done: usize, source: io::Error) -> EmitError {
    EmitError {
        done,
        fault: match source.kind() {
            io::ErrorKind::BrokenPipe => Fault::Fatal,
            _ => Fault::Retry,
        },
        doing: "cannot write",
        source,
    }
}
