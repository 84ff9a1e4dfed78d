//! Lines of files: the last ones, and copies of the rest.

use std::fs::File;
use std::io::{self, Read, Write};

use crate::sys;

/// How much is read at a time, in bytes.
const PIECE: usize = 64 << 10;

/// A reader at a place of an open file that others may read, too.
#[derive(Debug)]
pub struct At<'f> {
    file: &'f File,
    /// Where it reads next.
    pub offset: u64,
}

impl<'f> At<'f> {
    /// Reads from there on.
    pub fn new(file: &'f File, offset: u64) -> At<'f> {
        At { file, offset }
    }
}

impl Read for At<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = sys::read_at(self.file, buffer, self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}

/// The last lines of a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Last {
    /// How many they are.
    pub count: u64,
    /// The lines behind `offset` that stand before them.
    pub skip: u64,
    /// Where to begin to read, in bytes.
    pub offset: u64,
}

/// The lines to a reader's end; what follows the last newline is one, too.
pub(super) fn count_lines(from: &mut impl Read) -> io::Result<u64> {
    let mut buffer = vec![0; PIECE];
    let (mut lines, mut open) = (0, false);
    loop {
        let count = read(from, &mut buffer)?;
        if count == 0 {
            return Ok(lines + u64::from(open));
        }
        let piece = &buffer[..count];
        lines += piece.iter().filter(|byte| **byte == b'\n').count() as u64;
        open = piece.last() != Some(&b'\n');
    }
}

/// Where the last `most` lines of a file of that size begin, and how many there
/// are: read from its end.
pub(super) fn last_lines(file: &File, size: u64, most: u64) -> io::Result<(u64, u64)> {
    let mut buffer = vec![0; PIECE];
    let (mut end, mut count) = (size, 0);
    if most == 0 {
        return Ok((size, 0));
    }
    while end > 0 {
        let start = end.saturating_sub(PIECE as u64);
        let piece = &mut buffer[..(end - start) as usize];
        if sys::read_at(file, piece, start)? < piece.len() {
            // It was made shorter meanwhile.
            return Ok((start, count));
        }
        for (at, byte) in piece.iter().enumerate().rev() {
            // The newline that ends the last line begins none.
            if *byte == b'\n' && start + at as u64 + 1 < size {
                count += 1;
                if count == most {
                    return Ok((start + at as u64 + 1, count));
                }
            }
        }
        end = start;
    }
    Ok((0, if size > 0 { count + 1 } else { 0 }))
}

/// What was written, as far as somebody who goes on has to know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// How many bytes were read.
    pub bytes: u64,
    /// They end within a line.
    pub open: bool,
}

/// A failure of one of both sides.
#[derive(Debug)]
pub enum CopyError {
    /// What was read from.
    Read(io::Error),
    /// What was written to.
    Write(io::Error),
}

/// Copies to the end, without the first `skip` lines.
///
/// # Errors
/// Says which side failed.
pub fn copy<W: Write + ?Sized>(
    from: &mut impl Read,
    to: &mut W,
    skip: u64,
) -> Result<Copied, CopyError> {
    let mut buffer = vec![0; PIECE];
    let (mut skip, mut copied) = (skip, Copied::default());
    loop {
        let count = read(from, &mut buffer).map_err(CopyError::Read)?;
        if count == 0 {
            return Ok(copied);
        }
        copied.bytes += count as u64;
        let mut piece = &buffer[..count];
        while skip > 0 && !piece.is_empty() {
            let line = piece.iter().position(|byte| *byte == b'\n');
            skip -= u64::from(line.is_some());
            piece = &piece[line.map_or(piece.len(), |at| at + 1)..];
        }
        if let Some(last) = piece.last() {
            to.write_all(piece).map_err(CopyError::Write)?;
            copied.open = *last != b'\n';
        }
    }
}

fn read(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match from.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    proptest! {
        /// Read from the end or from the start, they are the same lines.
        #[test]
        fn last_lines_are_the_last(
            lengths in prop::collection::vec(0usize..60_000, 0..6),
            open in 0usize..3,
            most in 0u64..8,
        ) {
            let mut text: Vec<u8> = Vec::new();
            for length in &lengths {
                text.resize(text.len() + length, b'x');
                text.push(b'\n');
            }
            text.resize(text.len() + open, b'y');
            let total = lengths.len() as u64 + u64::from(open > 0);
            prop_assert_eq!(count_lines(&mut &text[..]).unwrap(), total);
            let (offset, count) = last_lines(&file(&text), text.len() as u64, most).unwrap();
            prop_assert_eq!(count, total.min(most));
            let mut want = Vec::new();
            let copied = copy(&mut &text[..], &mut want, total - count);
            let copied = copied.map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
            prop_assert_eq!(copied.bytes, text.len() as u64);
            prop_assert_eq!(&text[offset as usize..], &want[..]);
        }
    }
}
