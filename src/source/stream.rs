//! A stream of bytes that is read, and where a copy of it goes.

use std::fs::File;
use std::io;
use std::sync::{Arc, Weak};

use super::{Intake, Tee};
use crate::sys::{self, Input, Waitable};

/// Standard input, or an output of a command.
#[derive(Debug)]
pub struct Stream {
    name: &'static str,
    /// `None` once it has ended.
    input: Option<Arc<Input>>,
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

/// See [`Stream::watch`]. It does not keep the stream open.
#[derive(Debug)]
pub struct Watch(Weak<Input>);

impl Watch {
    /// Whether nobody can write more than is there already.
    pub fn is_complete(&self) -> bool {
        self.0.upgrade().is_none_or(|input| input.is_complete())
    }

    /// Gives the terminal that it is so many columns and rows. Where it has none any
    /// more, nobody looks.
    pub fn set_terminal_size(&self, columns: u16, rows: u16) {
        if let Some(input) = self.0.upgrade() {
            let _ = sys::set_terminal_size(input.file(), columns, rows);
        }
    }
}

impl Stream {
    /// Reads from an open file, which messages call so.
    pub fn new(name: &'static str, file: File, intake: Intake, tee: Option<Tee>) -> Stream {
        Stream {
            name,
            input: Some(Arc::new(Input::new(file))),
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
        self.input.as_ref().map(|input| input.waitable())
    }

    /// The file, as long as it has not ended.
    pub fn file(&self) -> Option<&File> {
        self.input.as_ref().map(|input| input.file())
    }

    /// Whether it ends when its writer does.
    pub fn writer_ends(&self) -> bool {
        self.file().is_some_and(sys::is_pipe)
    }

    /// What tells, while its records are being delivered, whether more can come.
    pub fn watch(&self) -> Watch {
        Watch(self.input.as_ref().map(Arc::downgrade).unwrap_or_default())
    }

    /// Reads once.
    ///
    /// # Errors
    /// Those of read(2); the stream has ended then.
    pub fn read(&mut self) -> io::Result<Taken> {
        let Some(input) = &self.input else {
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
