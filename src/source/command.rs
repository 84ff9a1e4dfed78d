//! A command as the source: its two outputs, its signals and its status.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::process::{Child, ExitStatus, Stdio};

use super::Watch;
use crate::diag::plain;
use crate::sys;

/// What is run, and how.
#[derive(Clone, Debug)]
pub struct CommandOptions {
    /// The program.
    pub program: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// `--pty`: a terminal for each output, of so many columns and rows.
    pub terminal: Option<(u16, u16)>,
}

/// A command that runs, or has ended.
#[derive(Debug)]
pub struct Command {
    child: Child,
    status: Option<ExitStatus>,
    terminals: Option<Terminals>,
}

/// The terminals of a command.
#[derive(Debug)]
struct Terminals {
    ends: Vec<Watch>,
    /// How large they are to be: columns and rows.
    size: fn() -> (u16, u16),
}

/// A command that was just started, and what it writes to.
#[derive(Debug)]
pub struct Started {
    /// The command.
    pub command: Command,
    /// The other end of its standard output.
    pub stdout: File,
    /// The other end of its standard error.
    pub stderr: File,
}

/// A command that can't be started.
#[derive(Debug, thiserror::Error)]
#[error("cannot run {}: {}", program.display(), plain(source))]
pub struct StartError {
    /// The program.
    pub program: OsString,
    /// The reason.
    pub source: io::Error,
}

impl StartError {
    /// The exit status that a shell has for it: 127 for a program that is not
    /// there, 126 for one that can't be run.
    pub fn exit_code(&self) -> u8 {
        match self.source.kind() {
            io::ErrorKind::NotFound => 127,
            _ => 126,
        }
    }
}

impl CommandOptions {
    /// Starts the command. It has lh's own standard input.
    ///
    /// # Errors
    /// Those of pipe(2), fork(2) and execve(2).
    pub fn start(&self) -> Result<Started, StartError> {
        self.try_start().map_err(|source| StartError {
            program: self.program.clone(),
            source,
        })
    }

    fn try_start(&self) -> io::Result<Started> {
        let (stdout, for_stdout) = self.output()?;
        let (stderr, for_stderr) = self.output()?;
        // The value is dropped at the end of the statement, and with it the
        // command's ends: else there would be no end of file.
        let child = sys::spawn(
            std::process::Command::new(&self.program)
                .args(&self.arguments)
                .stdin(Stdio::inherit())
                .stdout(for_stdout)
                .stderr(for_stderr),
        )?;
        sys::watch_child(&child)?;
        let command = Command {
            child,
            status: None,
            terminals: None,
        };
        Ok(Started {
            command,
            stdout,
            stderr,
        })
    }

    fn output(&self) -> io::Result<(File, Stdio)> {
        match self.terminal {
            None => {
                let (read, write) = io::pipe()?;
                Ok((sys::file_of(read), write.into()))
            }
            Some((columns, rows)) => {
                let (read, write) = sys::terminal(columns, rows)?;
                Ok((read, write.into()))
            }
        }
    }
}

impl Command {
    /// Its process number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs, as far as is known.
    pub fn runs(&self) -> bool {
        self.status.is_none()
    }

    /// Looks whether it has ended. Never waits.
    pub fn look(&mut self) {
        if self.status.is_none() {
            // An error would mean that it is no child any more.
            self.status = self.child.try_wait().ok().flatten();
        }
    }

    /// Sends it a signal, by its number. One that it can't get any more is
    /// nothing to tell.
    pub fn signal(&self, signal: i32) {
        if self.runs() {
            let _ = sys::signal_child(&self.child, signal);
        }
    }

    /// Says what its terminals are read from, and how large they are to be.
    pub fn set_terminals(&mut self, ends: Vec<Watch>, size: fn() -> (u16, u16)) {
        self.terminals = Some(Terminals { ends, size });
    }

    /// Makes its terminals as large as they are to be now; `false`: it has none.
    pub fn fit_terminals(&self) -> bool {
        let Some(terminals) = &self.terminals else {
            return false;
        };
        let (columns, rows) = (terminals.size)();
        for end in &terminals.ends {
            end.set_terminal_size(columns, rows);
        }
        true
    }

    /// Asks it to end.
    pub fn terminate(&self) {
        self.signal(sys::TERMINATE);
    }

    /// Whether it ended of just the signal that asks for it.
    pub fn ended_as_asked(&self) -> bool {
        self.exit_code().map(i32::from) == Some(128 + sys::TERMINATE)
    }

    /// Its status as a shell gives it, once it has ended: 128 and the number
    /// of the signal that ended it, where one did.
    pub fn exit_code(&self) -> Option<u8> {
        self.status.map(sys::exit_code)
    }

    /// What it has ended with, in words, if that was no success.
    pub fn failure(&self) -> Option<String> {
        let status = self.status.filter(|status| !status.success());
        status.map(|status| status.to_string())
    }
}
