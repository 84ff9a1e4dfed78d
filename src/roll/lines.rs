//! Lines of files: the last ones, and copies of the rest.

use std::fs::File;
use std::io::{self, Read, Write};

use crate::sys;

/// How much is read at a time, in bytes.
pub(super) const PIECE: usize = 64 << 10;

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

/// The lines to a reader's end, or to where it can't be read any more, and why;
/// what follows the last newline is one, too.
pub(super) fn count_lines(from: &mut impl Read) -> (u64, io::Result<()>) {
    let mut buffer = vec![0; PIECE];
    let (mut lines, mut open) = (0, false);
    loop {
        let count = match read(from, &mut buffer) {
            Ok(0) => return (lines + u64::from(open), Ok(())),
            Ok(count) => count,
            Err(error) => return (lines + u64::from(open), Err(error)),
        };
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

/// What texts of files are written to.
pub trait Output: Write {
    /// What is written next is another file's, or one's that was written before: within
    /// it then, and `start` are its first bytes, as many as tell how it is encoded.
    ///
    /// # Errors
    /// Those of writing.
    fn next_file(&mut self, start: &[u8]) -> io::Result<()> {
        let _ = start;
        Ok(())
    }
}

impl Output for Vec<u8> {}
impl Output for io::StdoutLock<'_> {}
impl<W: Write> Output for io::BufWriter<W> {}

/// How many bytes of a file tell how it is encoded.
const START: usize = 4;

/// What stands between a file and the one behind it.
///
/// Bytes come out as they are. Only a last line that was never ended is ended
/// where another file follows, and only in text whose lines a newline ends: one
/// was seen, and no NUL. With a NUL there are records that end with it, or
/// characters of two and four bytes, of which a single one would move the rest.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seam {
    /// Another file has begun, of which nothing was written so far.
    is_next: bool,
    /// How that one begins, if what is written next stands within it, and how many
    /// bytes that are.
    start: ([u8; START], usize),
    /// What was written ends within a line.
    is_open: bool,
    /// The file at hand has lines that end otherwise.
    is_foreign: bool,
    /// A newline ended a line of this file, or of one before it.
    has_newlines: bool,
}

/// How text of UTF-16 and UTF-32 may begin; no UTF-8 has such bytes.
const WIDE: [&[u8]; 3] = [b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff"];

fn is_foreign(piece: &[u8]) -> bool {
    WIDE.iter().any(|mark| piece.starts_with(mark)) || piece.contains(&0)
}

impl Seam {
    /// What is written next is another file's.
    pub fn next_file(&mut self) {
        (self.is_next, self.start.1) = (true, 0);
    }

    /// The same where that stands within the file, of which this reads the beginning.
    ///
    /// Where it can't be read, the file is taken as one that begins.
    pub(super) fn within_file(&mut self, mut file: impl Read) {
        self.next_file();
        let (bytes, count) = &mut self.start;
        while *count < START
            && let Ok(more @ 1..) = read(&mut file, &mut bytes[*count..])
        {
            *count += more;
        }
    }

    /// What is written next stands behind a newline of its file.
    pub fn behind_newline(&mut self) {
        self.has_newlines = true;
    }

    /// Takes what was read, and `written`, the end of it that is about to be.
    fn pass<W: Output + ?Sized>(
        &mut self,
        read: &[u8],
        written: &[u8],
        to: &mut W,
    ) -> io::Result<()> {
        let is_text = !is_foreign(read);
        let has_newlines = is_text && read.contains(&b'\n');
        let was_text = !self.is_foreign && (self.has_newlines || has_newlines);
        if let Some(last) = written.last() {
            if std::mem::take(&mut self.is_next) {
                self.is_foreign = false;
                if self.is_open && was_text {
                    to.write_all(b"\n")?;
                }
                let (start, count) = &self.start;
                to.next_file(&start[..*count])?;
            }
            self.is_open = *last != b'\n';
        }
        self.is_foreign |= !is_text;
        self.has_newlines |= has_newlines;
        Ok(())
    }
}

/// A failure of one of both sides.
#[derive(Debug)]
pub enum CopyError {
    /// What was read from.
    Read(io::Error),
    /// What was written to.
    Write(io::Error),
}

/// Copies to the end, without the next `skip` lines; what is left of that number is
/// for another file.
///
/// # Errors
/// Says which side failed.
pub fn copy<W: Output + ?Sized>(
    from: &mut impl Read,
    to: &mut W,
    skip: &mut u64,
    seam: &mut Seam,
) -> Result<(), CopyError> {
    let mut buffer = vec![0; PIECE];
    let mut in_skipped = false;
    loop {
        let count = match read(from, &mut buffer) {
            Ok(count) if count > 0 => count,
            ended => {
                *skip -= u64::from(in_skipped);
                return ended.map(|_| ()).map_err(CopyError::Read);
            }
        };
        let mut piece = &buffer[..count];
        while *skip > 0 && !piece.is_empty() {
            let line = piece.iter().position(|byte| *byte == b'\n');
            *skip -= u64::from(line.is_some());
            in_skipped = line.is_none();
            piece = &piece[line.map_or(piece.len(), |at| at + 1)..];
        }
        let passed = seam.pass(&buffer[..count], piece, to);
        passed
            .and_then(|()| to.write_all(piece))
            .map_err(CopyError::Write)?;
    }
}

fn read(from: &mut (impl Read + ?Sized), buffer: &mut [u8]) -> io::Result<usize> {
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

    #[test]
    fn a_newline_between_files_only_where_lines_end_so() {
        let table: [(&[&[u8]], &[u8]); 12] = [
            (&[b"a\nb", b"c\n"], b"a\nb\nc\n"),
            (&[b"a\nb", b"", b"c"], b"a\nb\nc"),
            (&[b"a\n", b"b", b"c"], b"a\nb\nc"),
            (&[b"b", b"c\n"], b"b\nc\n"),
            (&[b"a\n", b"b"], b"a\nb"),
            // Nothing tells how lines end.
            (&[b"a|b|", b"c|"], b"a|b|c|"),
            (&[b"a\0", b"b\0"], b"a\0b\0"),
            (&[b"a\nx\0b", b"c\nx\0"], b"a\nx\0bc\nx\0"),
            (&[b"a\0\n\0", b"b\0\n\0"], b"a\0\n\0b\0\n\0"),
            (&[b"\0a\0\n\0b", b"\0c"], b"\0a\0\n\0b\0c"),
            (
                &[b"\xff\xfe\x01\x4e\x02\x4e", b"c\n"],
                b"\xff\xfe\x01\x4e\x02\x4ec\n",
            ),
            // Each file by itself.
            (&[b"a\n", b"\0", b"b", b"c"], b"a\n\0b\nc"),
        ];
        for (files, want) in table {
            let (mut out, mut seam) = (Vec::new(), Seam::default());
            for file in files {
                seam.next_file();
                copy(&mut &file[..], &mut out, &mut 0, &mut seam).unwrap();
            }
            assert_eq!(
                out.escape_ascii().to_string(),
                want.escape_ascii().to_string()
            );
        }
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
            prop_assert_eq!(count_lines(&mut &text[..]).0, total);
            let (offset, count) = last_lines(&file(&text), text.len() as u64, most).unwrap();
            prop_assert_eq!(count, total.min(most));
            let mut want = Vec::new();
            let (mut skip, mut seam) = (total - count, Seam::default());
            let copied = copy(&mut &text[..], &mut want, &mut skip, &mut seam);
            copied.map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
            prop_assert_eq!(&text[offset as usize..], &want[..]);
            prop_assert_eq!(skip, 0);
            let (mut skip, mut seam) = (total + most, Seam::default());
            let copied = copy(&mut &text[..], &mut want, &mut skip, &mut seam);
            prop_assert!(copied.is_ok());
            prop_assert_eq!(skip, most);
        }
    }
}
