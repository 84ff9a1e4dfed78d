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
pub struct Diag(Arc<Sink>);

impl Diag {
    /// Sends each notice to `sink`.
    pub fn new(sink: impl Fn(Severity, fmt::Arguments<'_>) + Send + Sync + 'static) -> Diag {
        Diag(Arc::new(sink))
    }

    /// Throws notices away.
    pub fn silent() -> Diag {
        Diag::new(|_, _| {})
    }

    /// Says that something is not as asked.
    pub fn warn(&self, text: fmt::Arguments<'_>) {
        (self.0)(Severity::Warning, text);
    }

    /// Says that records are lost or in doubt.
    pub fn error(&self, text: fmt::Arguments<'_>) {
        (self.0)(Severity::Error, text);
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
