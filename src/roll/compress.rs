//! Compression of rolled-over files: the methods, and their names' endings.

use std::fmt;
#[cfg(feature = "compress")]
use std::io::Write;
use std::io::{self, Read};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};

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
#[error("unknown compression {0:?}: use gzip, gzip:0 to gzip:9, zstd, or zstd:1 to zstd:22")]
pub struct MethodError(String);

impl FromStr for Method {
    type Err = MethodError;

    fn from_str(text: &str) -> Result<Method, MethodError> {
        let error = || MethodError(text.to_owned());
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

/// Copies until the end; `Interrupted` once `stop` is set.
#[cfg(feature = "compress")]
fn copy(from: &mut impl Read, to: &mut impl Write, stop: &AtomicBool) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => to.write_all(&buffer[..count])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Compresses a whole file into another one.
///
/// # Errors
/// Those of reading and writing; `Interrupted` once `stop` is set.
#[cfg(feature = "compress")]
pub fn compress(
    method: Method,
    from: &mut impl Read,
    to: &mut impl Write,
    stop: &AtomicBool,
) -> io::Result<()> {
    match method {
        Method::Gzip(level) => {
            let level = flate2::Compression::new(level);
            let mut encoder = flate2::write::GzEncoder::new(to, level);
            copy(from, &mut encoder, stop)?;
            encoder.finish().map(|_| ())
        }
        Method::Zstd(level) => {
            let mut encoder = zstd::stream::write::Encoder::new(to, level)?;
            encoder.include_checksum(true)?;
            copy(from, &mut encoder, stop)?;
            encoder.finish().map(|_| ())
        }
    }
}

/// A reader of what was compressed.
///
/// # Errors
/// When the decoder can't be made.
#[cfg(feature = "compress")]
pub fn reader<'a>(method: Method, from: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    Ok(match method {
        Method::Gzip(_) => Box::new(flate2::read::MultiGzDecoder::new(from)),
        Method::Zstd(_) => Box::new(zstd::stream::read::Decoder::new(from)?),
    })
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

#[cfg(all(test, feature = "compress"))]
mod tests {
    use super::*;

    #[test]
    fn methods_are_read_and_written() {
        for text in ["gzip:6", "gzip:0", "zstd:3", "zstd:22"] {
            assert_eq!(
                text.parse::<Method>().map(|m| m.to_string()),
                Ok(text.to_owned())
            );
        }
        assert_eq!("gzip".parse(), Ok(Method::Gzip(6)));
        for text in [
            "", "bzip2", "gzip:10", "zstd:0", "zstd:23", "gzip:", "gzip:x",
        ] {
            assert!(text.parse::<Method>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_goes_in_comes_out() {
        let text: Vec<u8> = (0..200_000u32)
            .flat_map(|n| (n % 1000).to_le_bytes())
            .collect();
        let stop = AtomicBool::new(false);
        for method in [Method::Gzip(1), Method::Zstd(3)] {
            let mut packed = Vec::new();
            compress(method, &mut &text[..], &mut packed, &stop).unwrap();
            assert!(packed.len() < text.len() / 2);
            let mut back = reader(method, &packed[..]).unwrap();
            assert!(same(&mut back, &mut &text[..], &stop).unwrap());
            let mut cut = reader(method, &packed[..packed.len() - 3]).unwrap();
            assert!(same(&mut cut, &mut &text[..], &stop).is_err());
            let mut back = reader(method, &packed[..]).unwrap();
            assert!(!same(&mut back, &mut &text[1..], &stop).unwrap());
        }
        stop.store(true, Ordering::Relaxed);
        assert!(compress(Method::Gzip(1), &mut &text[..], &mut Vec::new(), &stop).is_err());
    }
}
