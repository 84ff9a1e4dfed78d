//! Compression of rolled-over files: the methods, and their names' endings.

#[cfg(feature = "compress")]
#[path = "codec.rs"]
mod codec;
#[cfg(not(feature = "compress"))]
#[path = "none.rs"]
mod codec;

use std::fmt;
use std::io::{self, Read};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};

pub use codec::{compress, reader};

/// How a rolled-over file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// RFC 1952, level 0 to 9.
    Gzip(u32),
    /// RFC 8878, level 1 to 22.
    Zstd(i32),
}

/// The endings of compressed files, each with its dot.
pub const ENDINGS: [&str; 2] = [".gz", ".zst"];

impl Method {
    /// The ending of a file compressed so.
    pub fn ending(self) -> &'static str {
        match self {
            Method::Gzip(_) => ENDINGS[0],
            Method::Zstd(_) => ENDINGS[1],
        }
    }
}

/// A method was asked for that there is not.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MethodError {
    /// No method is called that.
    #[error("unknown compression {0:?}: use gzip, gzip:0 to gzip:9, zstd, or zstd:1 to zstd:22")]
    Unknown(String),
    /// The feature `compress` was left out.
    #[error("this build of lh can't compress")]
    LeftOut,
}

impl FromStr for Method {
    type Err = MethodError;

    fn from_str(text: &str) -> Result<Method, MethodError> {
        let error = || MethodError::Unknown(text.to_owned());
        if !codec::AVAILABLE {
            return Err(MethodError::LeftOut);
        }
        let (name, level) = match text.split_once(':') {
            Some((name, level)) => (name, Some(level.parse::<u8>().map_err(|_| error())?)),
            None => (text, None),
        };
        match (name, level) {
            ("gzip" | "gz", None) => Ok(Method::Gzip(6)),
            ("gzip" | "gz", Some(level @ 0..=9)) => Ok(Method::Gzip(level.into())),
            ("zstd" | "zst", None) => Ok(Method::Zstd(3)),
            ("zstd" | "zst", Some(level @ 1..=22)) => Ok(Method::Zstd(level.into())),
            _ => Err(error()),
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Method::Gzip(level) => write!(f, "gzip:{level}"),
            Method::Zstd(level) => write!(f, "zstd:{level}"),
        }
    }
}

/// Whether two readers give the same bytes up to their ends.
///
/// # Errors
/// Those of reading; a damaged compressed file is one of them.
pub fn same(one: &mut impl Read, other: &mut impl Read, stop: &AtomicBool) -> io::Result<bool> {
    let (mut ours, mut theirs) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let (count, same) = (fill(one, &mut ours)?, fill(other, &mut theirs)?);
        if count != same || ours[..count] != theirs[..same] {
            return Ok(false);
        }
        if count == 0 {
            return Ok(true);
        }
    }
}

fn fill(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
