//! gzip by flate2, zstd by the reference implementation.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use flate2::bufread::GzDecoder;

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

/// The members of a gzip file (RFC 1952, section 2.2). Zeros behind one of them
/// are padding, as gzip(1) and Python's `gzip` have it: blocks that were taken
/// for a file and never written.
struct Members<R> {
    /// None at the end.
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Members<R> {
    fn new(from: R) -> Self {
        let member = Some(GzDecoder::new(from));
        Self { member }
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let count = member.read(into)?;
            if count > 0 || into.is_empty() {
                return Ok(count);
            }
            let from = member.get_mut();
            let is_end = loop {
                let bytes = from.fill_buf()?;
                let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
                if zeros == 0 {
                    break bytes.is_empty();
                }
                from.consume(zeros);
            };
            let member = self.member.take().filter(|_| !is_end);
            self.member = member.map(|member| GzDecoder::new(member.into_inner()));
        }
        Ok(0)
    }
}

/// A reader of what was compressed.
///
/// # Errors
/// When the decoder can't be made.
pub fn reader<'a>(method: Method, from: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    Ok(match method {
        Method::Gzip(_) => Box::new(Members::new(BufReader::with_capacity(32 << 10, from))),
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
    fn padding_is_no_member() {
        let stop = AtomicBool::new(false);
        let mut first = Vec::new();
        compress(Method::Gzip(6), &mut &b"first\n"[..], &mut first, &stop).unwrap();
        let mut second = Vec::new();
        compress(Method::Gzip(6), &mut &b"second\n"[..], &mut second, &stop).unwrap();
        let read = |parts: &[&[u8]]| {
            let packed = parts.concat();
            let mut text = String::new();
            let read = reader(Method::Gzip(6), &packed[..])
                .unwrap()
                .read_to_string(&mut text);
            (text, read.is_ok())
        };
        let both = ("first\nsecond\n".to_owned(), true);
        assert_eq!(read(&[&first, &second]), both);
        assert_eq!(read(&[&first, &second, &[0; 70_000]]), both);
        assert_eq!(read(&[&first, &[0], &second, &[0; 511]]), both);
        assert_eq!(
            read(&[&first, &[0; 9], b"x"]),
            ("first\n".to_owned(), false)
        );
        assert_eq!(
            read(&[&first, &second[..second.len() - 1]]),
            ("first\nsecond\n".to_owned(), false)
        );
        assert_eq!(read(&[&[0; 9], &first]), (String::new(), false));
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
