//! Whether a file still holds what was read of it.
//!
//! A `--rotator` may copy the file and empty it, as logrotate's `copytruncate` does:
//! it has its name and its identity still, and other text. Its size alone does not tell,
//! once as much was written again.

use std::fs::File;
use std::io::{self, Read};

use crate::sys;

/// How much is remembered, in bytes: several lines, which differ by their times at least.
const MOST: usize = 512;

/// Up to where a text was read, and the last bytes before that.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// How many bytes of the text were read, or passed over.
    pub offset: u64,
    last: Vec<u8>,
}

/// What a file has behind the place up to which it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ahead {
    Nothing,
    More,
    /// What was read is not there any more.
    Other,
}

impl Seen {
    /// A place in a text that nothing was read of.
    pub(super) fn at(offset: u64) -> Seen {
        let last = Vec::new();
        Seen { offset, last }
    }

    /// A place in a file, as if it had been read up to there.
    pub(super) fn before(file: &File, offset: u64) -> Seen {
        let count = offset.min(MOST as u64);
        let mut last = vec![0; count as usize];
        match sys::read_at(file, &mut last, offset - count) {
            Ok(read) if read == last.len() => Seen { offset, last },
            _ => Seen::at(offset),
        }
    }

    fn note(&mut self, bytes: &[u8]) {
        self.offset += bytes.len() as u64;
        let kept = MOST.saturating_sub(bytes.len()).min(self.last.len());
        self.last.drain(..self.last.len() - kept);
        let last = bytes.len().saturating_sub(MOST);
        self.last.extend_from_slice(&bytes[last..]);
    }

    fn start(&self) -> u64 {
        self.offset - self.last.len() as u64
    }

    /// Looks at the file that was read. Costs a read.
    pub(super) fn ahead(&self, file: &File) -> io::Result<Ahead> {
        let mut bytes = [0; MOST + 1];
        let most = &mut bytes[..=self.last.len()];
        let read = sys::read_at(file, most, self.start())?;
        Ok(match bytes[..read].strip_prefix(&self.last[..]) {
            None => Ahead::Other,
            Some([]) => Ahead::Nothing,
            Some(_) => Ahead::More,
        })
    }

    /// Whether a text begins with what was read. The reader stands behind that then.
    pub(super) fn is_in(&self, text: &mut dyn Read) -> io::Result<bool> {
        pass(text, self.start())?;
        let mut bytes = vec![0; self.last.len()];
        match text.read_exact(&mut bytes) {
            Ok(()) => Ok(bytes == self.last),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// A reader of which is kept what it has read.
pub(super) struct Noted<R> {
    pub from: R,
    pub seen: Seen,
}

impl<R: Read> Read for Noted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        self.seen.note(&buffer[..count]);
        Ok(count)
    }
}

/// Reads so many bytes for nothing, or to the end.
pub(super) fn pass(text: &mut dyn Read, count: u64) -> io::Result<()> {
    io::copy(&mut text.take(count), &mut io::sink()).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_file_that_was_read_to_some_place() {
        let text = |count: usize| (0..count).map(|at| (at % 251) as u8).collect::<Vec<_>>();
        for size in [0, 1, 100, MOST - 1, MOST, MOST + 1, 5000] {
            let mut file = tempfile::tempfile().unwrap();
            let bytes = text(size);
            file.write_all(&bytes).unwrap();
            let mut seen = Seen::default();
            for piece in bytes.chunks(77) {
                seen.note(piece);
            }
            let before = Seen::before(&file, size as u64);
            assert_eq!(
                (before.offset, before.last),
                (seen.offset, seen.last.clone())
            );
            let ahead = |file: &File| seen.ahead(file).unwrap();
            assert_eq!(ahead(&file), Ahead::Nothing, "{size}");
            file.write_all(b"more").unwrap();
            assert_eq!(ahead(&file), Ahead::More, "{size}");
            let mut whole = &[&bytes[..], b"more"].concat()[..];
            assert!(seen.is_in(&mut whole).unwrap());
            assert_eq!(whole, b"more");
            if size == 0 {
                continue;
            }
            assert!(!seen.is_in(&mut &bytes[1..]).unwrap(), "{size}");
            file.set_len(seen.offset - 1).unwrap();
            assert_eq!(ahead(&file), Ahead::Other, "{size}");
            // As long again, and longer.
            file.set_len(0).unwrap();
            sys::write_at(&file, &vec![b'x'; size + 9], 0, &mut 0).unwrap();
            assert_eq!(ahead(&file), Ahead::Other, "{size}");
        }
    }
}
