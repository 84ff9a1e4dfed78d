//! How the library tells its owner what happened, without a stderr of its own.

use std::fmt;
use std::sync::Arc;

/// How grave a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Something is not as asked, and no record is lost by it.
    Warning,
    /// Records are lost or in doubt.
    Error,
}

type Sink = dyn Fn(Severity, fmt::Arguments<'_>) + Send + Sync;

/// Where notices go. Cheap to clone, so that every handler and every
/// background thread has one.
#[derive(Clone)]
pub struct Diag {
    sink: Arc<Sink>,
    warns: bool,
}

impl Diag {
    /// Sends each notice to `sink`.
    pub fn new(sink: impl Fn(Severity, fmt::Arguments<'_>) + Send + Sync + 'static) -> Diag {
        Diag {
            sink: Arc::new(sink),
            warns: true,
        }
    }

    /// The same without warnings: an error has to say then what a warning before
    /// it would have said.
    pub fn without_warnings(self) -> Diag {
        Diag {
            warns: false,
            ..self
        }
    }

    /// Whether warnings are told.
    pub fn warns(&self) -> bool {
        self.warns
    }

    /// Throws notices away.
    pub fn silent() -> Diag {
        Diag::new(|_, _| {})
    }

    /// Says that something is not as asked.
    pub fn warn(&self, text: fmt::Arguments<'_>) {
        if self.warns {
            (self.sink)(Severity::Warning, text);
        }
    }

    /// Says that records are lost or in doubt.
    pub fn error(&self, text: fmt::Arguments<'_>) {
        (self.sink)(Severity::Error, text);
    }
}

impl fmt::Debug for Diag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Diag")
    }
}

/// An I/O error in the words that the system has for it, without the number
/// that Rust adds.
pub fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error ") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}
