//! A stream of bytes that is read, and where a copy of it goes.

use std::fs::File;
use std::io;

use super::{Intake, Tee};
use crate::sys::{self, Input, Waitable};

/// Standard input, or an output of a command.
#[derive(Debug)]
pub struct Stream {
    name: &'static str,
    /// `None` once it has ended.
    input: Option<Input>,
    /// It is a terminal's end, which fails to be read when nobody has the
    /// other one open.
    terminal: bool,
    /// What becomes of its bytes.
    pub intake: Intake,
    /// Where a copy goes (`--tee`).
    pub tee: Option<Tee>,
}

/// What a read came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// So many bytes.
    Bytes(usize),
    /// Nothing at the moment.
    Nothing,
    /// The end.
    End,
}

impl Stream {
    /// Reads from an open file, which messages call so.
    pub fn new(name: &'static str, file: File, intake: Intake, tee: Option<Tee>) -> Stream {
        Stream {
            name,
            input: Some(Input::new(file)),
            terminal: false,
            intake,
            tee,
        }
    }

    /// Says that it is the reading end of a command's terminal.
    pub fn of_terminal(mut self) -> Stream {
        self.terminal = true;
        self
    }

    /// What messages call it.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What can be waited for, as long as it has not ended.
    pub fn waitable(&self) -> Option<Waitable<'_>> {
        self.input.as_ref().map(Input::waitable)
    }

    /// The file, as long as it has not ended.
    pub fn file(&self) -> Option<&File> {
        self.input.as_ref().map(Input::file)
    }

    /// Whether it ends when its writer does.
    pub fn writer_ends(&self) -> bool {
        self.file().is_some_and(sys::is_pipe)
    }

    /// Reads once.
    ///
    /// # Errors
    /// Those of read(2); the stream has ended then.
    pub fn read(&mut self) -> io::Result<Taken> {
        let Some(input) = &mut self.input else {
            return Ok(Taken::End);
        };
        let result = match input.read(self.intake.space()) {
            Ok(0) => Ok(Taken::End),
            Ok(count) => {
                self.intake.fill(count);
                return Ok(Taken::Bytes(count));
            }
            Err(error) => match error.kind() {
                io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock => {
                    return Ok(Taken::Nothing);
                }
                _ if self.terminal && sys::is_hangup(&error) => Ok(Taken::End),
                _ => Err(error),
            },
        };
        self.close();
        result
    }

    /// Reads no more; a writer that goes on is told so by the system.
    pub fn close(&mut self) {
        self.input = None;
    }
}
