//! Reading a file while it grows and is rolled over: each line once.

use std::io::{self, Write};
use std::sync::atomic::AtomicBool;

use super::compress;
use super::lines::{At, CopyError, copy};
use super::set::{LogSet, Part};
use crate::sys::{self, FileId};

/// Reads a set from its end on.
#[derive(Debug)]
pub struct Follower {
    set: LogSet,
    /// The file that is read now, or was last; kept open when its name is gone.
    current: Option<Current>,
    /// The rolled-over files that were there when that one was opened.
    known: Vec<Known>,
    /// What was written last ended within a line.
    open: bool,
    gaps: u64,
}

/// A file that nobody writes to any more: its number alone may be another's once
/// it is deleted.
type Known = (FileId, u64, i64);

#[derive(Debug)]
struct Current {
    part: Part,
    /// Up to where it was read, where it is not compressed.
    offset: u64,
}

impl Follower {
    /// Writes the last `most` lines.
    ///
    /// # Errors
    /// Says which side failed. Nothing to be read is no error.
    pub fn start(set: LogSet, most: u64, to: &mut dyn Write) -> Result<Follower, CopyError> {
        let parts = set.open().map_err(CopyError::Read)?;
        let mut follower = Follower {
            set,
            current: None,
            known: Vec::new(),
            open: false,
            gaps: 0,
        };
        let (mut wanted, mut begin, mut last) = (most, parts.len(), Vec::new());
        while begin > 0 && (wanted > 0 || begin == parts.len()) {
            begin -= 1;
            let found = parts[begin].last_lines(wanted).map_err(CopyError::Read)?;
            wanted -= found.count;
            last.push(found);
        }
        last.reverse();
        let places = last.iter().map(|last| (last.offset, last.skip));
        follower.take(parts, begin, places, to)?;
        Ok(follower)
    }

    /// Whether there is a file that can grow.
    pub fn has_file(&self) -> bool {
        let current = self.current.as_ref();
        current.is_some_and(|current| current.part.is_current)
    }

    /// How often files were gone before they could be read, so that lines may be
    /// missing.
    pub fn gaps(&self) -> u64 {
        self.gaps
    }

    /// Writes what has come since; `false`: nothing has.
    ///
    /// Costs a read and a stat(2) where nothing has. After a rollover that was
    /// followed by a compression, the file that was read is looked for by what
    /// stands in it.
    ///
    /// # Errors
    /// Says which side failed.
    pub fn step(&mut self, to: &mut dyn Write) -> Result<bool, CopyError> {
        let wrote = self.drain(to)?;
        let meta = match sys::stat(self.set.file()) {
            Ok(meta) => meta,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(wrote),
            Err(error) => return Err(CopyError::Read(error)),
        };
        if let Some(current) = self.current.as_mut().filter(|own| own.part.id == meta.id) {
            if meta.size < current.offset {
                // Somebody has emptied it.
                current.offset = 0;
                return self.drain(to);
            }
            return Ok(wrote);
        }
        // What was written before it lost its name.
        self.drain(to)?;
        let parts = self.set.open().map_err(CopyError::Read)?;
        let begin = self.place(&parts);
        let wrote = begin < parts.len();
        self.take(parts, begin, std::iter::empty(), to)?;
        Ok(wrote)
    }

    /// Writes what has come in the current file.
    fn drain(&mut self, to: &mut dyn Write) -> Result<bool, CopyError> {
        let current = self.current.as_mut();
        let Some(current) = current.filter(|current| current.part.method.is_none()) else {
            return Ok(false);
        };
        let mut at = At::new(&current.part.file, current.offset);
        let copied = copy(&mut at, to, 0)?;
        current.offset += copied.bytes;
        if copied.bytes > 0 {
            self.open = copied.open;
        }
        Ok(copied.bytes > 0)
    }

    /// Where in the set that goes on which is not read yet.
    fn place(&mut self, parts: &[Part]) -> usize {
        let is_known = |part: &Part| known(part).is_some_and(|part| self.known.contains(&part));
        let known = parts.iter().rposition(is_known);
        let behind_known = known.map_or(0, |at| at + 1);
        let Some(current) = &self.current else {
            return behind_known;
        };
        if let Some(at) = parts.iter().position(|part| part.id == current.part.id) {
            return at + 1;
        }
        let stop = AtomicBool::new(false);
        let is_it = |part: &Part| {
            let (Some(_), Ok(mut reader), Ok(mut own)) =
                (part.method, part.reader(), current.part.reader())
            else {
                return false;
            };
            compress::same(&mut reader, &mut own, &stop).unwrap_or(false)
        };
        if let Some(at) = parts.iter().rposition(is_it) {
            return at + 1;
        }
        self.gaps += 1;
        behind_known
    }

    /// Writes the parts from one on, each from its place, and goes on in the
    /// last: also where that is none that is written, as for a moment within a
    /// rollover.
    fn take(
        &mut self,
        parts: Vec<Part>,
        begin: usize,
        places: impl IntoIterator<Item = (u64, u64)>,
        to: &mut dyn Write,
    ) -> Result<(), CopyError> {
        let rolled_over = parts.iter().filter(|part| !part.is_current);
        self.known = rolled_over.filter_map(known).collect();
        let mut places = places.into_iter();
        let mut read = 0;
        for part in &parts[begin..] {
            let (offset, skip) = places.next().unwrap_or((0, 0));
            let copied = {
                let mut to = EndLine {
                    to: &mut *to,
                    open: &mut self.open,
                };
                match part.method {
                    None => copy(&mut At::new(&part.file, offset), &mut to, skip)?,
                    Some(_) => {
                        let mut reader = part.reader().map_err(CopyError::Read)?;
                        copy(&mut reader, &mut to, skip)?
                    }
                }
            };
            self.open |= copied.open;
            read = offset + copied.bytes;
        }
        if begin < parts.len() {
            let last = parts.into_iter().next_back();
            self.current = last.map(|part| Current { part, offset: read });
        }
        Ok(())
    }
}

fn known(part: &Part) -> Option<Known> {
    let meta = sys::fstat(&part.file).ok()?;
    Some((part.id, meta.size, meta.modified))
}

/// Ends the line that another file has left open before it writes.
pub struct EndLine<'a> {
    /// Where to.
    pub to: &'a mut dyn Write,
    /// There is such a line.
    pub open: &'a mut bool,
}

impl Write for EndLine<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if std::mem::take(self.open) {
            self.to.write_all(b"\n")?;
        }
        self.to.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
