//! gzip by flate2, zstd by the reference implementation.

use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use super::Method;

/// Whether this build can compress.
pub(super) const AVAILABLE: bool = true;

/// Copies until the end; `Interrupted` once `stop` is set.
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
pub fn reader<'a>(method: Method, from: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    Ok(match method {
        Method::Gzip(_) => Box::new(flate2::read::MultiGzDecoder::new(from)),
        Method::Zstd(_) => Box::new(zstd::stream::read::Decoder::new(from)?),
    })
}

#[cfg(test)]
mod tests {
    use super::super::same;
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
