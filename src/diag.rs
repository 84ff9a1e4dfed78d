//! How the library tells its owner what happened, without a stderr of its own.

use std::fmt;
use std::io::ErrorKind;
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
/// that Rust adds, or that part of its own. A reason that Rust alone knows by its
/// kind is told in the words of the system as well.
pub fn plain(error: &std::io::Error) -> String {
    if error.raw_os_error().is_none()
        && error.get_ref().is_none()
        && let Some(words) = words_of(error.kind())
    {
        return words.to_owned();
    }
    let text = error.to_string();
    let text = text.strip_prefix(LOOK_UP).unwrap_or(&text);
    match text.find(" (os error ") {
        Some(at) => text[..at].to_owned(),
        None => text.to_owned(),
    }
}

/// What Rust puts before the reason why a name has no address.
const LOOK_UP: &str = "failed to lookup address information: ";

/// strerror(3) of a kind.
fn words_of(kind: ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::NotFound => "No such file or directory",
        ErrorKind::PermissionDenied => "Permission denied",
        ErrorKind::AlreadyExists => "File exists",
        ErrorKind::IsADirectory => "Is a directory",
        ErrorKind::NotADirectory => "Not a directory",
        ErrorKind::ConnectionRefused => "Connection refused",
        ErrorKind::ConnectionReset => "Connection reset by peer",
        ErrorKind::BrokenPipe => "Broken pipe",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Error;

    /// Whoever reads it can't tell where it was found.
    #[test]
    #[cfg(unix)]
    fn a_reason_is_told_in_the_words_of_the_system() {
        use nix::errno::Errno;
        for errno in [
            Errno::ENOENT,
            Errno::EACCES,
            Errno::EEXIST,
            Errno::EISDIR,
            Errno::ENOTDIR,
            Errno::ECONNREFUSED,
            Errno::ECONNRESET,
            Errno::EPIPE,
        ] {
            let own = Error::from(errno);
            assert_eq!(plain(&own), plain(&own.kind().into()), "{errno}");
        }
        assert_eq!(plain(&Error::other("it is planted")), "it is planted");
        let name = Error::other(format!("{LOOK_UP}Name or service not known"));
        assert_eq!(plain(&name), "Name or service not known");
    }
}
