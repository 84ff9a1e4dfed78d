//! Reading a file while it grows and is rolled over: each line once.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::atomic::AtomicBool;

use super::compress;
use super::lines::{At, CopyError, Last, Seam, copy};
use super::listing::{Found, Listing, Remarks};
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
    seam: Seam,
    gaps: u64,
    remarks: Remarks,
    problems: Vec<Problem>,
    /// The files that such a problem was told of.
    told: Vec<FileId>,
}

/// A file that can't be read, or not from some place on. The others are.
#[derive(Debug)]
pub struct Problem {
    /// Its name.
    pub path: PathBuf,
    /// What is wrong with it.
    pub error: io::Error,
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

/// Which lines are written first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// So many, the last ones.
    Last(u64),
    /// All from the one with this number on, counted from 1 at the oldest.
    From(u64),
}

/// A text that says neither.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("write a number of lines, such as 10, or +10 for all from the tenth on")]
pub struct LinesError;

impl FromStr for Lines {
    type Err = LinesError;

    fn from_str(text: &str) -> Result<Lines, LinesError> {
        let number = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
            true => text.parse().map_err(|_| LinesError),
            false => Err(LinesError),
        };
        match text.strip_prefix('+') {
            Some(text) => number(text).map(Lines::From),
            None => number(text).map(Lines::Last),
        }
    }
}

impl Follower {
    /// Writes the lines that there are.
    ///
    /// # Errors
    /// Says which side failed. Nothing to be read is no error.
    pub fn start(set: LogSet, lines: Lines, to: &mut dyn Write) -> Result<Follower, CopyError> {
        let mut listing = set.list().map_err(CopyError::Read)?;
        let mut follower = Follower {
            set,
            current: None,
            known: Vec::new(),
            seam: Seam::default(),
            gaps: 0,
            remarks: listing.remarks().clone(),
            problems: Vec::new(),
            told: Vec::new(),
        };
        let most = match lines {
            Lines::Last(most) => most,
            Lines::From(first) => {
                let before = first.saturating_sub(1);
                follower.take(listing, 0, Vec::new(), before, to)?;
                return Ok(follower);
            }
        };
        let (mut wanted, mut begin, mut last) = (most, listing.len(), Vec::new());
        while begin > 0 && (wanted > 0 || begin == listing.len()) {
            begin -= 1;
            let (id, found) = match listing.open(&follower.set, begin) {
                Ok(part) => {
                    let (found, result) = part.last_lines(wanted);
                    follower.note(&listing, begin, result);
                    (Some(part.id), found)
                }
                Err(error) => {
                    follower.note(&listing, begin, Err(error));
                    (None, Last::default())
                }
            };
            wanted -= found.count;
            last.push((id, found));
        }
        last.reverse();
        follower.take(listing, begin, last, 0, to)?;
        Ok(follower)
    }

    /// Whether there is a file that can grow.
    pub fn has_file(&self) -> bool {
        sys::stat(self.set.file()).is_ok()
    }

    /// How often files were gone before they could be read, so that lines may be
    /// missing.
    pub fn gaps(&self) -> u64 {
        self.gaps
    }

    /// What a user should hear about the set, as it was at the start.
    pub fn remarks(&self) -> &Remarks {
        &self.remarks
    }

    /// What could not be read since this was asked last: each file once.
    pub fn problems(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.problems)
    }

    fn note(&mut self, listing: &Listing, at: usize, result: io::Result<()>) {
        if let Err(error) = result {
            let path = listing.path(at).to_owned();
            self.tell(listing.files()[at].id, path, error);
        }
    }

    fn tell(&mut self, id: FileId, path: PathBuf, error: io::Error) {
        if !self.told.contains(&id) {
            self.told.push(id);
            self.problems.push(Problem { path, error });
        }
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
        if self.told.contains(&meta.id) && File::open(self.set.file()).is_err() {
            // It is looked for again once it can be read, or another is there.
            return Ok(wrote);
        }
        // What was written before it lost its name.
        self.drain(to)?;
        let mut listing = self.set.list().map_err(CopyError::Read)?;
        let is_there = |id: &FileId| listing.files().iter().any(|file| file.id == *id);
        self.told.retain(is_there);
        let begin = self.place(&mut listing);
        self.take(listing, begin, Vec::new(), 0, to)
    }

    /// Writes what has come in the current file.
    fn drain(&mut self, to: &mut dyn Write) -> Result<bool, CopyError> {
        let current = self.current.as_mut();
        let Some(current) = current.filter(|current| current.part.method.is_none()) else {
            return Ok(false);
        };
        let mut at = At::new(&current.part.file, current.offset);
        let copied = copy(&mut at, to, &mut 0, &mut self.seam);
        let bytes = at.offset - std::mem::replace(&mut current.offset, at.offset);
        match copied {
            Ok(()) => {}
            Err(CopyError::Read(error)) => {
                let (id, path) = (current.part.id, current.part.path.clone());
                self.tell(id, path, error);
            }
            Err(error) => return Err(error),
        }
        Ok(bytes > 0)
    }

    /// Where in the set that goes on which is not read yet.
    fn place(&mut self, listing: &mut Listing) -> usize {
        let is_known = |file: &Found| self.known.contains(&known(file));
        let known = listing.files().iter().rposition(is_known);
        let behind_known = known.map_or(0, |at| at + 1);
        let Some(current) = &self.current else {
            return behind_known;
        };
        let mut files = listing.files().iter();
        if let Some(at) = files.position(|file| file.id == current.part.id) {
            return at + 1;
        }
        let stop = AtomicBool::new(false);
        let is_it = |part: &Part| {
            let (Ok(mut reader), Ok(mut own)) = (part.reader(), current.part.reader()) else {
                return false;
            };
            compress::same(&mut reader, &mut own, &stop).unwrap_or(false)
        };
        for at in (0..listing.len()).rev() {
            if listing.files()[at].method.is_some()
                && listing.open(&self.set, at).is_ok_and(|part| is_it(&part))
            {
                return at + 1;
            }
        }
        self.gaps += 1;
        behind_known
    }

    /// Writes the files from one on, each from its place and all without the first
    /// `skip` lines, and goes on in the
    /// last that can be read: also where that is none that is written, as for a
    /// moment within a rollover. `false`: there was none.
    fn take(
        &mut self,
        mut listing: Listing,
        begin: usize,
        places: Vec<(Option<FileId>, Last)>,
        mut skip: u64,
        to: &mut dyn Write,
    ) -> Result<bool, CopyError> {
        let rolled_over = listing.files().iter().filter(|file| !file.is_current);
        self.known = rolled_over.map(known).collect();
        let mut places = places.into_iter();
        let mut wrote = false;
        for at in begin..listing.len() {
            let place = places.next();
            let part = match listing.open(&self.set, at) {
                Ok(part) => part,
                Err(error) => {
                    self.note(&listing, at, Err(error));
                    continue;
                }
            };
            let last = match place {
                None => Last::default(),
                Some((id, last)) if id == Some(part.id) => last,
                // It was compressed since, which moves the place.
                Some((_, last)) => part.last_lines(last.count).0,
            };
            self.seam.next_file();
            if last.offset > 0 {
                self.seam.behind_newline();
            }
            skip += last.skip;
            let mut reader = At::new(&part.file, last.offset);
            let copied = match part.method {
                None => copy(&mut reader, to, &mut skip, &mut self.seam),
                Some(_) => match part.reader() {
                    Ok(mut reader) => copy(&mut reader, to, &mut skip, &mut self.seam),
                    Err(error) => Err(CopyError::Read(error)),
                },
            };
            let offset = reader.offset;
            match copied {
                Ok(()) => {}
                Err(CopyError::Read(error)) => self.note(&listing, at, Err(error)),
                Err(error) => return Err(error),
            }
            self.current = Some(Current { part, offset });
            wrote = true;
        }
        Ok(wrote)
    }
}

fn known(file: &Found) -> Known {
    (file.id, file.size, file.modified)
}
