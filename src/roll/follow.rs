//! Reading a file while it grows and is rolled over: each line once.

use std::fs::File;
use std::io::{self, Read, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::atomic::AtomicBool;

use super::compress;
use super::lines::{At, CopyError, Last, PIECE, Seam, copy, count_lines};
use super::listing::{Found, Listing, Remarks};
use super::mark::Mark;
use super::seen::{Ahead, Noted, Seen, pass};
use super::set::{LogSet, Part};
use crate::sys::{self, FileId};

/// Reads a set from its end on.
#[derive(Debug)]
pub struct Follower {
    set: LogSet,
    /// The file that is read now, or was last; kept open when its name is gone.
    current: Option<Current>,
    /// The same of the text before it, which tells more while there is none in it.
    before: Seen,
    /// The rolled-over files that were there when that one was opened.
    known: Vec<Known>,
    seam: Seam,
    gaps: u64,
    remarks: Remarks,
    problems: Vec<Problem>,
    /// The files that such a problem was told of.
    told: Vec<FileId>,
    /// How often the end of a rollover was waited for.
    waited: u32,
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
    /// Up to where it was read.
    seen: Seen,
}

/// How often it is waited for a rollover that copies the file to be through. One that
/// was killed never is.
const COPIED: u32 = 100;

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
            before: Seen::default(),
            known: Vec::new(),
            seam: Seam::default(),
            gaps: 0,
            remarks: listing.remarks().clone(),
            problems: Vec::new(),
            told: Vec::new(),
            waited: 0,
        };
        let most = match lines {
            Lines::Last(most) => most,
            Lines::From(first) => {
                let before = first.saturating_sub(1);
                let all = 0..listing.len();
                follower.take(listing, all, Vec::new(), before, to)?;
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
        let range = begin..listing.len();
        follower.take(listing, range, last, 0, to)?;
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
        let is_it = |own: &Current| own.part.id == meta.id;
        if self.current.as_ref().is_some_and(is_it) {
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
        let range = begin..listing.len();
        self.take(listing, range, Vec::new(), 0, to)
    }

    /// Writes what has come in the current file.
    fn drain(&mut self, to: &mut dyn Write) -> Result<bool, CopyError> {
        let current = self.current.as_mut();
        let Some(current) = current.filter(|current| current.part.method.is_none()) else {
            return Ok(false);
        };
        let file = &current.part.file;
        match current.seen.ahead(file) {
            Ok(Ahead::Nothing) => return Ok(false),
            Ok(Ahead::Other) => return self.begin_anew(to),
            // That may not be the first text since it was looked at.
            Ok(Ahead::More)
                if current.seen.offset == 0
                    && mark_in_place(&self.set, &current.part).is_some() =>
            {
                return self.begin_anew(to);
            }
            // What can't be read is told below.
            Ok(Ahead::More) | Err(_) => {}
        }
        let before = current.seen.offset;
        let mut reader = Noted {
            from: At::new(file, before),
            seen: std::mem::take(&mut current.seen),
        };
        let copied = copy(&mut reader, to, &mut 0, &mut self.seam);
        current.seen = reader.seen;
        let bytes = current.seen.offset - before;
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

    /// Goes on where somebody has emptied the file. If it was copied before, as by a
    /// `--rotator`, what was not read of it is in the first of the new backups.
    fn begin_anew(&mut self, to: &mut dyn Write) -> Result<bool, CopyError> {
        let Some(mut own) = self.current.take() else {
            return Ok(false);
        };
        let wrote = self.take_copies(&mut own, to);
        self.current = Some(own);
        wrote
    }

    fn take_copies(&mut self, own: &mut Current, to: &mut dyn Write) -> Result<bool, CopyError> {
        // Before the listing: if there is no new copy then, this follows what was read.
        let mut piece = vec![0; PIECE];
        let read = sys::read_at(&own.part.file, &mut piece, 0).map_err(CopyError::Read)?;
        let mut listing = self.set.list().map_err(CopyError::Read)?;
        let mark = mark_in_place(&self.set, &own.part);
        let is_under_way = mark.is_some_and(Mark::is_backup);
        if is_under_way && self.waited < COPIED {
            // Its text stands twice, or one and a half times, until it is emptied again.
            self.waited += 1;
            return Ok(false);
        }
        self.waited = 0;
        let end = listing.files().iter().rposition(|file| file.is_current);
        let end = end.unwrap_or(listing.len());
        let before = std::mem::take(&mut self.before);
        let last = Some(std::mem::take(&mut own.seen)).filter(|seen| seen.offset > 0);
        let last = last.unwrap_or(before);
        let known = self.behind_known(&listing);
        let mut copies = (known.saturating_sub(1)..end).rev();
        let copy_of = copies.find_map(|at| Some((at, self.rest_in(&mut listing, at, &last)?)));
        let is_next = match copy_of {
            Some((at, rest)) => {
                let is_next = at + 1 == end && rest.1.count == 0;
                self.before = last;
                self.take(listing, at..end, vec![rest], 0, to)?;
                is_next
            }
            None => {
                let begin = self.behind_time(&listing, known).min(end);
                self.gaps += u64::from(begin < end && last.offset > 0);
                self.take(listing, begin..end, Vec::new(), 0, to)?;
                begin == end
            }
        };
        if is_next {
            let (from, seen) = (&piece[..read], Seen::default());
            let mut text = Noted { from, seen };
            self.seam.next_file();
            copy(&mut text, to, &mut 0, &mut self.seam)?;
            own.seen = text.seen;
        }
        Ok(!is_next || read > 0)
    }

    /// What is not read yet of a copy of what was read up to there, if it is one.
    fn rest_in(
        &self,
        listing: &mut Listing,
        at: usize,
        last: &Seen,
    ) -> Option<(Option<FileId>, Last)> {
        if last.offset == 0 || listing.files().get(at)?.is_current {
            return None;
        }
        let part = listing.open(&self.set, at).ok()?;
        let mut reader = part.reader().ok()?;
        if !last.is_in(&mut reader).ok()? {
            return None;
        }
        let rest = Last {
            count: count_lines(&mut reader).0,
            skip: 0,
            offset: last.offset,
        };
        Some((Some(part.id), rest))
    }

    /// The first place from one on with what was written after all that was there before:
    /// what was compressed since is another file.
    fn behind_time(&self, listing: &Listing, begin: usize) -> usize {
        let newest = self.known.iter().map(|(_, _, modified)| *modified).max();
        let is_new = |file: &Found| file.is_current || Some(file.modified) > newest;
        let new = listing.files()[begin..].iter().position(is_new);
        new.map_or(listing.len(), |at| begin + at)
    }

    /// The place behind the last rolled-over file that was there before.
    fn behind_known(&self, listing: &Listing) -> usize {
        let is_known = |file: &Found| self.known.contains(&known(file));
        let known = listing.files().iter().rposition(is_known);
        known.map_or(0, |at| at + 1)
    }

    /// Where in the set that goes on which is not read yet.
    fn place(&mut self, listing: &mut Listing) -> usize {
        let behind_known = self.behind_known(listing);
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

    /// Writes some of the files, each from its place and all without the first
    /// `skip` lines, and goes on in the
    /// last that can be read: also where that is none that is written, as for a
    /// moment within a rollover. `false`: there was none.
    fn take(
        &mut self,
        mut listing: Listing,
        range: Range<usize>,
        places: Vec<(Option<FileId>, Last)>,
        mut skip: u64,
        to: &mut dyn Write,
    ) -> Result<bool, CopyError> {
        if let Some(current) = self.current.as_ref().filter(|own| own.seen.offset > 0) {
            self.before = current.seen.clone();
        }
        let rolled_over = listing.files().iter().filter(|file| !file.is_current);
        self.known = rolled_over.map(known).collect();
        let mut places = places.into_iter();
        let mut wrote = false;
        for at in range {
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
            let (copied, seen) = match text_from(&part, last.offset) {
                Ok(mut text) => {
                    let copied = copy(&mut text, to, &mut skip, &mut self.seam);
                    (copied, text.seen)
                }
                Err(error) => (Err(CopyError::Read(error)), Seen::default()),
            };
            if seen.offset > 0 {
                self.before = seen.clone();
            }
            match copied {
                Ok(()) => {}
                Err(CopyError::Read(error)) => self.note(&listing, at, Err(error)),
                Err(error) => return Err(error),
            }
            self.current = Some(Current { part, seen });
            wrote = true;
        }
        Ok(wrote)
    }
}

/// What stands in a part, from one byte on.
fn text_from(part: &Part, offset: u64) -> io::Result<Noted<Box<dyn Read + '_>>> {
    Ok(match part.method {
        None => Noted {
            from: Box::new(At::new(&part.file, offset)),
            seen: Seen::before(&part.file, offset),
        },
        Some(_) => {
            let mut from = part.reader()?;
            pass(&mut from, offset)?;
            let seen = Seen::at(offset);
            Noted { from, seen }
        }
    })
}

/// What is noted with a part that has the name of the file that is written: one that is
/// emptied by rollovers, or has its last moments under that name.
fn mark_in_place(set: &LogSet, part: &Part) -> Option<Mark> {
    let mark = Mark::of(&part.file)?;
    let named = sys::stat(set.file()).ok()?;
    (named.id == part.id).then_some(mark)
}

fn known(file: &Found) -> Known {
    (file.id, file.size, file.modified)
}
