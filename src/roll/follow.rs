//! Reading a file while it grows and is rolled over: each line once.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use super::compress;
use super::former::{Current, Formers};
use super::lines::{At, CopyError, Last, Output, PIECE, Seam, copy, count_lines};
use super::listing::{Found, Listing, Remarks};
use super::mark::Mark;
use super::seen::{Ahead, Noted, Seen, pass};
use super::set::{LogSet, Part};
use crate::now::Now;
use crate::sys::{self, FileId, Meta};

/// Reads a set from its end on.
#[derive(Debug)]
pub struct Follower {
    set: LogSet,
    /// The file that is read now, or was last; kept open when its name is gone.
    current: Option<Current>,
    /// Those before it, to which somebody may still write.
    formers: Formers,
    /// Up to where files were read that a link has led to before.
    left: VecDeque<(FileId, u64)>,
    /// When it began, in nanoseconds since the epoch.
    started: i64,
    /// The same of the text before it, which tells more while there is none in it.
    before: Seen,
    /// The rolled-over files that were there when that one was opened.
    known: Vec<Known>,
    /// The newest of them, if it was not compressed, and how it ended.
    newest: Option<(FileId, PathBuf, Seen)>,
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

/// How often it is waited for a rollover that copies the file to be through. One that
/// was killed never is.
const COPIED: u32 = 100;

/// By so much at most the time of a file is behind the clock, in nanoseconds: systems
/// take it from their last tick.
const TICK: i64 = 20_000_000;

/// How many files a link has led to are remembered.
const LEFT: usize = 64;

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
    pub fn start(set: LogSet, lines: Lines, to: &mut dyn Output) -> Result<Follower, CopyError> {
        let mut listing = set.list().map_err(CopyError::Read)?;
        let mut follower = Follower {
            set,
            current: None,
            formers: Formers::default(),
            left: VecDeque::new(),
            started: Now::read().wall.0.saturating_sub(TICK),
            before: Seen::default(),
            known: Vec::new(),
            newest: None,
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
    pub fn step(&mut self, to: &mut dyn Output) -> Result<bool, CopyError> {
        let wrote = self.drain_all(to)?;
        let is_it = |meta: &Meta| {
            let current = self.current.as_ref();
            current.is_some_and(|own| own.part.id == meta.id)
        };
        if sys::stat(self.set.asked()).is_ok_and(|meta| is_it(&meta)) {
            return Ok(wrote);
        }
        if let Some(set) = self.set.moved() {
            return Ok(self.go_over_to(set, to)? || wrote);
        }
        let meta = match sys::stat(self.set.file()) {
            Ok(meta) => meta,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(wrote),
            Err(error) => return Err(CopyError::Read(error)),
        };
        if is_it(&meta) {
            return Ok(wrote);
        }
        if !meta.regular {
            // For a moment, maybe.
            let error = io::Error::other("it is no regular file");
            let path = self.set.file().to_owned();
            self.tell(meta.id, path, error);
            return Ok(wrote);
        }
        if self.told.contains(&meta.id) && File::open(self.set.file()).is_err() {
            // It is looked for again once it can be read, or another is there.
            return Ok(wrote);
        }
        // What was written before it lost its name.
        self.drain_all(to)?;
        let mut listing = self.set.list().map_err(CopyError::Read)?;
        let is_there = |id: &FileId| listing.files().iter().any(|file| file.id == *id);
        self.told.retain(is_there);
        let begin = self.place(&mut listing);
        // What was there before was read before, whatever place it has by now.
        let is_new = |at: &usize| !self.known.contains(&known(&listing.files()[*at]));
        let new: Vec<usize> = (begin..listing.len()).filter(is_new).collect();
        self.take_next(listing, new, Vec::new(), to)
    }

    /// Goes on with the set that a link leads to by now: with what was written there
    /// since the last of the one before.
    fn go_over_to(&mut self, set: LogSet, to: &mut dyn Output) -> Result<bool, CopyError> {
        let listing = match set.list() {
            Ok(listing) if !listing.is_empty() => listing,
            // It is looked at again.
            Ok(_) => return Ok(false),
            Err(error) => return Err(CopyError::Read(error)),
        };
        self.drain_all(to)?;
        let mut since = self.started;
        if let Some(own) = &self.current {
            let last = sys::fstat(&own.part.file).map_or(0, |meta| meta.written);
            since = since.max(last);
            self.left.truncate(LEFT - 1);
            self.left.push_front((own.part.id, own.seen.offset));
        }
        self.set = set;
        let files = listing.files().iter();
        files.clone().for_each(|file| self.formers.forget(file.id));
        let is_since = |file: &Found| file.is_current || file.written >= since;
        let begin = files.clone().position(is_since).unwrap_or(listing.len());
        let places = files.skip(begin).map(|file| {
            let mut left = self.left.iter();
            let read = left.find(|(id, offset)| *id == file.id && file.size >= *offset);
            let offset = read.map_or(0, |(_, offset)| *offset);
            // Of one that is another file by then, all.
            let (count, skip) = (u64::MAX, 0);
            let last = Last {
                count,
                skip,
                offset,
            };
            (Some(file.id), last)
        });
        let places = places.collect();
        let range = (begin..listing.len()).collect();
        self.take_next(listing, range, places, to)
    }

    /// Writes what has come in the current file, and before that what has come late in
    /// those before it. Who writes to one after the other is done with those once there
    /// is text in this one.
    fn drain_all(&mut self, to: &mut dyn Output) -> Result<bool, CopyError> {
        if self.formers.is_empty() {
            return self.drain(u64::MAX, to);
        }
        let current = self.current.as_ref();
        let end = current.and_then(|own| sys::fstat(&own.part.file).ok());
        let late = self.drain_formers(to)?;
        let wrote = self.drain(end.map_or(u64::MAX, |meta| meta.size), to)?;
        let current = self.current.as_ref();
        let has_text = current.is_some_and(|own| own.seen.offset > 0);
        self.formers.settle(has_text, Instant::now());
        Ok(late || wrote)
    }

    fn drain_formers(&mut self, to: &mut dyn Output) -> Result<bool, CopyError> {
        let late = self.formers.drain(to, &mut self.seam)?;
        if let Some(own) = self.current.as_ref().filter(|_| !late.is_empty()) {
            own.resume(&mut self.seam);
        }
        for (meta, offset) in &late {
            // It is as known as it was.
            let files = self.known.iter_mut().filter(|file| file.0 == meta.id);
            files.for_each(|file| *file = (meta.id, meta.size, meta.modified));
            let files = self.left.iter_mut().filter(|file| file.0 == meta.id);
            files.for_each(|file| file.1 = *offset);
        }
        Ok(!late.is_empty())
    }

    /// Writes what has come in the current file, up to a place in it.
    fn drain(&mut self, end: u64, to: &mut dyn Output) -> Result<bool, CopyError> {
        let current = self.current.as_ref();
        let Some(current) = current.filter(|current| current.part.method.is_none()) else {
            return Ok(false);
        };
        match current.seen.ahead(&current.part.file) {
            Ok(Ahead::Nothing) => return Ok(false),
            Ok(Ahead::Other) => return self.begin_anew(to),
            // That may not be the first text since it was looked at.
            Ok(Ahead::More) if current.seen.offset == 0 && self.may_be_copied() => {
                return self.begin_anew(to);
            }
            // What can't be read is told below.
            Ok(Ahead::More) | Err(_) => {}
        }
        let Some(current) = &mut self.current else {
            return Ok(false);
        };
        let (bytes, copied) = current.copy_more(end, to, &mut self.seam);
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

    /// Whether text may have come into the current file, which was empty, and gone into a
    /// copy of it: there is one, written since, that was not there before under another
    /// name, nor before it was compressed. A list is made for that, once for each time
    /// that the file is emptied.
    fn may_be_copied(&self) -> bool {
        let Some(own) = &self.current else {
            return false;
        };
        if mark_in_place(&self.set, &own.part).is_some() {
            return true;
        }
        // Who renames files does not copy them, and what comes late there is looked after.
        if !self.formers.is_empty() {
            return false;
        }
        self.set.list().is_ok_and(|listing| {
            let files = listing.files();
            let is_own = |file: &Found| file.is_current && file.id == own.part.id;
            let place = files.iter().rposition(is_own);
            let is_copy = |file: &Found| file.written >= self.started && !self.was_there(file);
            place.is_some_and(|at| {
                let behind = self.behind_known(&listing).min(at);
                files[behind..at].iter().any(is_copy)
            })
        })
    }

    /// Whether a file is one that was there before, which may have got more text since,
    /// or have been compressed: a copy may have been written over it as well.
    fn was_there(&self, file: &Found) -> bool {
        let is_known = self.known.iter().any(|(id, ..)| *id == file.id);
        let Some((id, path, seen)) = &self.newest else {
            return is_known;
        };
        let packed = file.method.is_some() && file.path.with_extension("") == *path;
        if file.id != *id && !packed {
            return is_known;
        }
        let Ok(open) = File::open(&file.path) else {
            return is_known;
        };
        let part = Part {
            path: file.path.clone(),
            file: Arc::new(open),
            id: file.id,
            method: file.method,
            is_current: false,
        };
        part.reader()
            .and_then(|mut reader| seen.is_in(&mut reader))
            .unwrap_or(is_known)
    }

    /// Goes on where somebody has emptied the file. If it was copied before, as by a
    /// `--rotator`, what was not read of it is in the first of the new backups.
    fn begin_anew(&mut self, to: &mut dyn Output) -> Result<bool, CopyError> {
        let Some(mut own) = self.current.take() else {
            return Ok(false);
        };
        let wrote = self.take_copies(&mut own, to);
        if own.seen.offset == 0 {
            self.seam.next_file();
        }
        self.current = Some(own);
        wrote
    }

    fn take_copies(&mut self, own: &mut Current, to: &mut dyn Output) -> Result<bool, CopyError> {
        // Before the listing: if there is no new copy then, this follows what was read.
        let mut piece = vec![0; PIECE];
        let read = sys::read_at(&own.part.file, &mut piece, 0).map_err(CopyError::Read)?;
        let mut listing = self.set.list().map_err(CopyError::Read)?;
        let is_own = |file: &Found| file.is_current && file.id == own.part.id;
        if own.seen.offset == 0 && !listing.files().iter().any(is_own) {
            // It was renamed since, and is itself one of those that look like copies.
            return Ok(false);
        }
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
        let files = listing.files();
        if let Some(at) = files.iter().position(|file| file.id == current.part.id) {
            return at + 1;
        }
        // Compressing keeps the time when a file was written, mostly to the nanosecond;
        // texts alone may be alike. Where times are, too, it is as far from the oldest
        // as it was, or nearer where those were deleted.
        let own = sys::fstat(&current.part.file).ok();
        let differs = |at: usize| match &own {
            Some(meta) if meta.written == files[at].written => 0,
            Some(meta) if meta.modified == files[at].modified => 1,
            _ => 2,
        };
        let (nearer, beyond) =
            (0..files.len()).partition::<Vec<_>, _>(|at| *at <= self.known.len());
        let mut places: Vec<usize> = nearer.into_iter().rev().chain(beyond).collect();
        places.sort_by_key(|at| differs(*at));
        places.retain(|at| files[*at].method.is_some());
        let stop = AtomicBool::new(false);
        let is_it = |part: &Part| {
            let (Ok(mut reader), Ok(mut own)) = (part.reader(), current.part.reader()) else {
                return false;
            };
            compress::same(&mut reader, &mut own, &stop).unwrap_or(false)
        };
        for at in places {
            if listing.open(&self.set, at).is_ok_and(|part| is_it(&part)) {
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
        listing: Listing,
        range: impl IntoIterator<Item = usize>,
        places: Vec<(Option<FileId>, Last)>,
        skip: u64,
        to: &mut dyn Output,
    ) -> Result<bool, CopyError> {
        let range = range.into_iter().collect();
        self.take_files(listing, range, places, skip, false, to)
    }

    /// The same behind the current file, which may still be written to.
    fn take_next(
        &mut self,
        listing: Listing,
        range: Vec<usize>,
        places: Vec<(Option<FileId>, Last)>,
        to: &mut dyn Output,
    ) -> Result<bool, CopyError> {
        self.take_files(listing, range, places, 0, true, to)
    }

    /// With `is_next`, what is left to come in the files before each is looked after.
    fn take_files(
        &mut self,
        mut listing: Listing,
        range: Vec<usize>,
        places: Vec<(Option<FileId>, Last)>,
        mut skip: u64,
        is_next: bool,
        to: &mut dyn Output,
    ) -> Result<bool, CopyError> {
        if let Some(current) = self.current.as_ref().filter(|own| own.seen.offset > 0) {
            self.before = current.seen.clone();
        }
        let rolled_over = listing.files().iter().filter(|file| !file.is_current);
        let newest = rolled_over.clone().next_back();
        self.newest = newest
            .filter(|file| file.method.is_none())
            .and_then(|file| {
                let open = File::open(&file.path).ok()?;
                let seen = Seen::before(&open, file.size);
                Some((file.id, file.path.clone(), seen))
            });
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
            let mut end = u64::MAX;
            if is_next {
                if let Some(own) = self.current.take() {
                    self.formers.push(own);
                }
                // As in all that comes later.
                if part.is_current && !self.formers.is_empty() {
                    end = sys::fstat(&part.file).map_or(end, |meta| meta.size);
                }
                self.formers.forget(part.id);
                self.drain_formers(to)?;
            }
            match last.offset {
                0 => self.seam.next_file(),
                _ => {
                    if let Ok(reader) = part.reader() {
                        self.seam.within_file(reader);
                    }
                    self.seam.behind_newline();
                }
            }
            skip += last.skip;
            let (copied, seen) = match text_from(&part, last.offset, end) {
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

/// What stands in a part, from one byte on, and of one that is not compressed up to
/// another.
fn text_from(part: &Part, offset: u64, end: u64) -> io::Result<Noted<Box<dyn Read + '_>>> {
    Ok(match part.method {
        None => Noted {
            from: Box::new(At::new(&part.file, offset).take(end.saturating_sub(offset))),
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
