//! For a build without the feature `compress`.

use std::io::{self, Read, Write};
use std::sync::atomic::AtomicBool;

use super::Method;

/// Whether this build can compress.
pub(super) const AVAILABLE: bool = false;

/// Fails: this build can't compress.
///
/// # Errors
/// Always `Unsupported`.
pub fn compress(
    _method: Method,
    _from: &mut impl Read,
    _to: &mut impl Write,
    _stop: &AtomicBool,
) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Fails: this build can't decompress.
///
/// # Errors
/// Always `Unsupported`.
pub fn reader<'a>(_method: Method, _from: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    Err(io::ErrorKind::Unsupported.into())
}
