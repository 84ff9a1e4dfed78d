//! `--tee`: the input, passed through to standard output as it came.

use std::fs::File;
use std::io;

use crate::diag::{Diag, plain};
use crate::sys;

/// A copy of the input to standard output.
#[derive(Debug)]
pub struct Tee {
    /// `None` once it was closed.
    stdout: Option<File>,
    diag: Diag,
}

impl Tee {
    /// Copies to the process's standard output.
    ///
    /// # Errors
    /// When it is closed already.
    pub fn stdout(diag: Diag) -> io::Result<Tee> {
        Ok(Tee {
            stdout: Some(sys::stdout()?),
            diag,
        })
    }

    /// Passes bytes on. A reader that is slow is waited for as long as `wait`
    /// says so; one that went away is told once, and the logging goes on.
    pub fn pass(&mut self, bytes: &[u8], mut wait: impl FnMut() -> bool) {
        let Some(stdout) = &mut self.stdout else {
            return;
        };
        let mut at = 0;
        loop {
            match sys::write_some(stdout, bytes, &mut at, bytes.len()) {
                Ok(()) => return,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if !wait() {
                        self.stdout = None;
                        return;
                    }
                }
                Err(error) => {
                    self.diag.warn(format_args!(
                        "stdout: {}; nothing more is copied there, the logging goes on",
                        plain(&error)
                    ));
                    self.stdout = None;
                    return;
                }
            }
        }
    }
}
