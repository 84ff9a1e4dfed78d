//! lh's own words, on stderr. A closed or full stderr changes nothing else.

use std::fmt;
use std::io::Write;

use crate::diag::{Diag, Severity};

/// Writes one line, begun with the program's name.
pub fn say(text: fmt::Arguments<'_>) {
    // One write, so that lines of several processes do not mix.
    let line = format!("lh: {text}\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// Writes to standard output, for what was asked to be printed there.
pub fn print(text: &str) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Notices of the library, on stderr; of warnings, none if `quiet`.
pub fn diag(quiet: bool) -> Diag {
    Diag::new(move |severity, text| {
        if severity == Severity::Error || !quiet {
            say(text);
        }
    })
}
