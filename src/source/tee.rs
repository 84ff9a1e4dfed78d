//! `--tee`: the input, passed through as it came.

use std::fs::File;
use std::io;

use crate::diag::{Diag, plain};
use crate::sys;

/// A copy of a stream, to standard output or standard error.
#[derive(Debug)]
pub struct Tee {
    name: &'static str,
    /// `None` once it was closed.
    file: Option<File>,
    diag: Diag,
}

impl Tee {
    /// Copies to the process's standard output.
    ///
    /// # Errors
    /// When it is closed already.
    pub fn stdout(diag: Diag) -> io::Result<Tee> {
        Ok(Tee {
            name: "stdout",
            file: Some(sys::stdout()?),
            diag,
        })
    }

    /// Copies to the process's standard error.
    ///
    /// # Errors
    /// When it is closed already.
    pub fn stderr(diag: Diag) -> io::Result<Tee> {
        Ok(Tee {
            name: "stderr",
            file: Some(sys::stderr()?),
            diag,
        })
    }

    /// Whether it would copy into this open file.
    pub fn writes_to(&self, file: &File) -> bool {
        let own = self.file.as_ref();
        own.is_some_and(|own| sys::is_same_regular_file(own, file))
    }

    /// Passes bytes on. A reader that is slow is waited for as long as `wait`
    /// says so; one that went away is told once, and the logging goes on.
    pub fn pass(&mut self, bytes: &[u8], mut wait: impl FnMut() -> bool) {
        let Some(file) = &mut self.file else {
            return;
        };
        let mut at = 0;
        loop {
            match sys::write_some(file, bytes, &mut at, bytes.len()) {
                Ok(()) => return,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if !wait() {
                        self.diag.warn(format_args!(
                            "{}: its reader is slow, and lh is to end; nothing more is copied there",
                            self.name
                        ));
                        self.file = None;
                        return;
                    }
                }
                Err(error) => {
                    self.diag.warn(format_args!(
                        "{}: {}; nothing more is copied there, the logging goes on",
                        self.name,
                        plain(&error)
                    ));
                    self.file = None;
                    return;
                }
            }
        }
    }
}
