//! The files of a set as they were at one moment, each opened when its turn comes.
//!
//! A process may hold fewer files open than a set has, so only the next few are.
//! Which files they are is told by their identities: one that a rollover has
//! renamed meanwhile is found under its new name, and one that was compressed
//! meanwhile, which makes another file of it, by the files around it.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::compress::{self, Method};
use super::lines::PIECE;
use super::set::{LogSet, Part};
use crate::sys::{self, FileId, Meta};

/// How many files are open at once: the one that is read, and those behind it,
/// which neither compression nor deletion can take away any more.
const AHEAD: usize = 8;

/// How often the set is looked at anew when it was renamed meanwhile, and how
/// long is waited before that.
const TRIES: (u32, Duration) = (200, Duration::from_millis(2));

/// A file that was found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub path: PathBuf,
    pub id: FileId,
    pub size: u64,
    pub modified: i64,
    /// The same in nanoseconds.
    pub written: i64,
    pub born: Option<i64>,
    pub method: Option<Method>,
    /// It is the one that is written now.
    pub is_current: bool,
    /// Compressed ones of the same name: two for a moment, while one is made of the
    /// other, or the work of two programs.
    pub others: Vec<Found>,
}

/// What a user should hear about a set, although all went well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remarks {
    /// They are named as if they belonged to it, and are not read.
    pub left_out: Vec<LeftOut>,
    /// Compressed and not under one name, with texts that differ: both are read, in
    /// this order.
    pub both: Vec<Vec<PathBuf>>,
}

/// A file that is not read, although its name is like those of the set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Its name.
    pub path: PathBuf,
    /// The reason.
    pub why: Why,
}

/// Why a file is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Its number is rather a date.
    Far,
    /// It is a symbolic link.
    Link,
    /// What has compressed it is not known here.
    Packed,
    /// No handler makes that name.
    Name,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Why::Far => "because its number is far from the others",
            Why::Link => "because it is a link",
            Why::Packed => "because only gzip and zstd are unpacked",
            Why::Name => "because its name is not known; --namer tells how others are made",
        })
    }
}

impl Found {
    /// Whether an open file is this one. A number alone may be another's once the
    /// file is deleted.
    fn is(&self, meta: &Meta) -> bool {
        meta.id == self.id && meta.born == self.born && (self.is_current || meta.size >= self.size)
    }

    /// Whether it was this one in an earlier listing.
    fn was(&self, old: &Found) -> bool {
        let same = self.id == old.id && self.born == old.born && self.method == old.method;
        // What was rolled over once is never written again.
        same && (old.is_current || (!self.is_current && self.size >= old.size))
    }
}

/// See the [module](self).
#[derive(Debug)]
pub struct Listing {
    files: Vec<Found>,
    held: BTreeMap<usize, Arc<File>>,
    remarks: Remarks,
}

impl LogSet {
    /// Lists all that there is, the oldest first. The file that is written is open
    /// from then on, so that what comes later can be told from it.
    ///
    /// # Errors
    /// Those of reading the directory; nothing is no error.
    pub fn list(&self) -> io::Result<Listing> {
        for _ in 0..TRIES.0 {
            let (files, left_out) = self.find()?;
            let mut listing = Listing {
                files,
                held: BTreeMap::new(),
                remarks: Remarks {
                    left_out,
                    both: Vec::new(),
                },
            };
            let newest = listing.len().checked_sub(1);
            // What can't be opened is told when its turn comes.
            let is_there = newest.is_none_or(|at| listing.hold(at).unwrap_or(true));
            if is_there && same_files(&listing.files, &self.find()?.0) {
                listing.settle_others();
                return Ok(listing);
            }
            std::thread::sleep(TRIES.1);
        }
        let text = "its files are renamed faster than they can be listed";
        Err(io::Error::other(text))
    }
}

fn same_files(some: &[Found], others: &[Found]) -> bool {
    let same = |(a, b): (&Found, &Found)| {
        a.path == b.path && a.id == b.id && same_files(&a.others, &b.others)
    };
    some.len() == others.len() && some.iter().zip(others).all(same)
}

impl Listing {
    /// Of files of one name, leaves those of which each has a text that is not
    /// another's, in the order in which they were written last.
    fn settle_others(&mut self) {
        let newest = self.files.last().map(|file| file.id);
        let mut files = Vec::with_capacity(self.files.len());
        for mut file in std::mem::take(&mut self.files) {
            let others = std::mem::take(&mut file.others);
            let mut kept = vec![file];
            for other in others {
                let compared: Vec<_> = kept.iter().map(|own| compare(own, &other)).collect();
                if compared.contains(&Overlap::Covered) {
                    continue;
                }
                let mut compared = compared.into_iter();
                kept.retain(|_| compared.next() != Some(Overlap::Covers));
                kept.push(other);
            }
            // What is compressed is rather the older.
            kept.sort_by_key(|file| (file.modified, file.method.is_none()));
            if kept.len() > 1 {
                let paths = kept.iter().map(|file| file.path.clone());
                self.remarks.both.push(paths.collect());
            }
            files.append(&mut kept);
        }
        let held = std::mem::take(&mut self.held).into_values();
        let place = files.iter().rposition(|file| Some(file.id) == newest);
        self.held = place.into_iter().zip(held).collect();
        self.files = files;
    }

    /// What a user should hear about it.
    pub fn remarks(&self) -> &Remarks {
        &self.remarks
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The name of a file, as far as it is known: it may have another by now.
    pub fn path(&self, at: usize) -> &Path {
        &self.files[at].path
    }

    pub(super) fn files(&self) -> &[Found] {
        &self.files
    }

    /// Opens a file, under whichever name it has by now.
    ///
    /// # Errors
    /// Those of opening, and `NotFound` where it was deleted meanwhile.
    pub fn open(&mut self, set: &LogSet, at: usize) -> io::Result<Part> {
        let newest = self.len().saturating_sub(1);
        let is_next = |index: usize| (at..at.saturating_add(AHEAD)).contains(&index);
        self.held
            .retain(|&index, _| is_next(index) || index == newest);
        let mut tries = 0;
        while !self.hold(at)? {
            tries += 1;
            if tries > TRIES.0 || !self.find_again(set, at)? {
                let text = "it was deleted before it was read";
                return Err(io::Error::new(io::ErrorKind::NotFound, text));
            }
        }
        for next in (at + 1..self.len()).take_while(|&index| is_next(index)) {
            // What fails here is tried again when its turn comes.
            if !self.hold(next).unwrap_or(false) {
                break;
            }
        }
        let found = &self.files[at];
        let file = self.held.get(&at).ok_or(io::ErrorKind::NotFound)?;
        Ok(Part {
            path: found.path.clone(),
            file: Arc::clone(file),
            id: found.id,
            method: found.method,
            is_current: found.is_current,
        })
    }

    /// Opens a file and keeps it open; `false`: it is not under that name any more.
    fn hold(&mut self, at: usize) -> io::Result<bool> {
        if self.held.contains_key(&at) {
            return Ok(true);
        }
        let found = &self.files[at];
        let file = match File::open(&found.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => {
                // Another file may be there by now that nobody may read.
                let meta = sys::stat(&found.path);
                return match meta.is_ok_and(|meta| meta.id == found.id) {
                    true => Err(error),
                    false => Ok(false),
                };
            }
        };
        if !found.is(&sys::fstat(&file)?) {
            return Ok(false);
        }
        self.held.insert(at, Arc::new(file));
        Ok(true)
    }

    /// Lists the set anew and takes the names from there; `false`: the file is gone.
    fn find_again(&mut self, set: &LogSet, at: usize) -> io::Result<bool> {
        let new = set.list()?;
        let places = places(&self.files, new.files());
        for (index, (old, place)) in self.files.iter_mut().zip(&places).enumerate() {
            let Some(place) = *place else {
                continue;
            };
            let new = &new.files[place];
            // What is open stays what it is, although its text may stand elsewhere.
            if new.was(old) || !self.held.contains_key(&index) {
                // Nothing behind it is read, whatever there is by now.
                let is_current = old.is_current;
                *old = Found {
                    is_current,
                    ..new.clone()
                };
            }
        }
        Ok(places[at].is_some())
    }
}

/// What a file's text is to another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Overlap {
    /// All of it stands in the other.
    Covered,
    /// All of the other stands at its beginning.
    Covers,
    Differs,
}

/// What `other` is to `own`: one that is made just now has a part of the text.
fn compare(own: &Found, other: &Found) -> Overlap {
    match (File::open(&own.path), File::open(&other.path)) {
        (Ok(one), Ok(two)) => match (reader(one, own.method), reader(two, other.method)) {
            (Ok(one), Ok(two)) => compare_texts(one, two),
            _ => Overlap::Differs,
        },
        // One of them is gone meanwhile, which is what the one was made for.
        (Err(error), _) | (_, Err(error)) if error.kind() == io::ErrorKind::NotFound => {
            Overlap::Covered
        }
        _ => Overlap::Differs,
    }
}

fn reader(file: File, method: Option<Method>) -> io::Result<Box<dyn Read>> {
    match method {
        None => Ok(Box::new(file)),
        Some(method) => compress::reader(method, file),
    }
}

fn compare_texts(mut own: impl Read, mut other: impl Read) -> Overlap {
    let (mut one, mut two) = (vec![0; PIECE], vec![0; PIECE]);
    loop {
        let (ours, our_end) = fill(&mut own, &mut one);
        let (theirs, their_end) = fill(&mut other, &mut two);
        let both = ours.min(theirs);
        if one[..both] != two[..both] {
            return Overlap::Differs;
        }
        match (our_end, their_end) {
            (_, End::Here) if theirs <= ours => return Overlap::Covered,
            (End::Here, _) if ours <= theirs => return Overlap::Covers,
            (End::NotYet, End::NotYet) => {}
            _ => return Overlap::Differs,
        }
    }
}

#[derive(Clone, Copy)]
enum End {
    NotYet,
    /// Also of a compressed file that is not complete.
    Here,
    Damage,
}

/// Fills a buffer, as far as there is something.
fn fill(from: &mut impl Read, buffer: &mut [u8]) -> (usize, End) {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..]) {
            Ok(0) => return (filled, End::Here),
            Ok(count) => filled += count,
            Err(error) => match error.kind() {
                io::ErrorKind::Interrupted => {}
                io::ErrorKind::UnexpectedEof => return (filled, End::Here),
                _ => return (filled, End::Damage),
            },
        }
    }
    (filled, End::NotYet)
}

/// Where in a new listing the files of an old one are. Their order stays; of one
/// that was compressed only the place is left, which the others around it tell.
fn places(old: &[Found], new: &[Found]) -> Vec<Option<usize>> {
    let mut places = vec![None; old.len()];
    // The newest first: that one is open, so that its number is no other's.
    let mut end = new.len();
    let mut behind = None;
    for (index, file) in old.iter().enumerate().rev() {
        // Mostly as far from the end as the one behind it.
        let near = behind.map(|(at, place): (usize, usize)| (place + index).checked_sub(at));
        let near = near.flatten().filter(|&place| new[place].was(file));
        let place = near.or_else(|| new[..end].iter().rposition(|new| new.was(file)));
        if let Some(place) = place {
            places[index] = Some(place);
            (end, behind) = (place, Some((index, place)));
        }
    }
    let known = places.clone();
    let is_free = |place: usize| !known.contains(&Some(place));
    let mut before = None;
    for index in 0..old.len() {
        if let Some(place) = known[index] {
            before = Some((index, place));
            continue;
        }
        let behind = (index + 1..old.len()).find_map(|at| known[at].map(|place| (at, place)));
        let by_behind = behind.map(|(at, place)| (place + index).checked_sub(at));
        let by_before = before.map(|(at, place): (usize, usize)| Some(place + index - at));
        let place = match (by_behind, by_before) {
            (Some(one), Some(other)) if one != other => None,
            (Some(place), _) | (None, Some(place)) => place,
            (None, None) => None,
        };
        places[index] = place.filter(|&place| {
            let packed = |new: &Found| new.method.is_some() && !new.is_current;
            old[index].method.is_none() && new.get(place).is_some_and(packed) && is_free(place)
        });
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roll::compress::compress;

    fn read(listing: &mut Listing, set: &LogSet, at: usize) -> String {
        let part = listing.open(set, at).unwrap();
        let mut text = String::new();
        part.reader().unwrap().read_to_string(&mut text).unwrap();
        text
    }

    /// A set of so many backups, each with its number in it.
    fn backups(count: usize) -> (tempfile::TempDir, LogSet) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("app.log");
        for number in 1..=count {
            let path = folder.path().join(format!("app.log.{number}"));
            std::fs::write(path, format!("{number}\n")).unwrap();
        }
        std::fs::write(&file, "0\n").unwrap();
        (folder, LogSet::new(&file, None).unwrap())
    }

    fn shift(folder: &Path, count: usize) {
        for number in (1..=count).rev() {
            let name = |number| folder.join(format!("app.log.{number}"));
            std::fs::rename(name(number), name(number + 1)).unwrap();
        }
        std::fs::rename(folder.join("app.log"), folder.join("app.log.1")).unwrap();
        std::fs::write(folder.join("app.log"), "new\n").unwrap();
    }

    #[test]
    fn texts_of_one_name() {
        let table: [(&[u8], &[u8], Overlap); 7] = [
            (b"a\nb\n", b"a\nb\n", Overlap::Covered),
            (b"a\nb\n", b"a\n", Overlap::Covered),
            (b"a\nb\n", b"", Overlap::Covered),
            (b"a\n", b"a\nb\n", Overlap::Covers),
            (b"", b"a\nb\n", Overlap::Covers),
            (b"a\nb\n", b"a\nc\n", Overlap::Differs),
            (b"a\nb\n", b"b\n", Overlap::Differs),
        ];
        for (own, other, want) in table {
            assert_eq!(compare_texts(own, other), want);
            let fill = vec![b'x'; 2 * PIECE];
            let (own, other) = ([&fill[..], own].concat(), [&fill[..], other].concat());
            assert_eq!(compare_texts(&own[..], &other[..]), want);
        }
    }

    #[test]
    fn few_files_are_open_at_once() {
        let (_folder, set) = backups(100);
        let mut listing = set.list().unwrap();
        for at in 0..=100 {
            assert_eq!(read(&mut listing, &set, at), format!("{}\n", 100 - at));
            assert!(listing.held.len() <= AHEAD + 1, "{}", listing.held.len());
        }
    }

    /// A rollover between any two files: each is read once, and no other.
    #[test]
    fn files_that_are_renamed_meanwhile_are_found() {
        let (folder, set) = backups(30);
        let mut listing = set.list().unwrap();
        for at in 0..=30 {
            assert_eq!(read(&mut listing, &set, at), format!("{}\n", 30 - at));
            shift(folder.path(), 30 + at);
        }
    }

    #[test]
    fn files_that_are_deleted_or_compressed_meanwhile() {
        let (folder, set) = backups(30);
        let name = |number: usize| folder.path().join(format!("app.log.{number}"));
        let mut listing = set.list().unwrap();
        shift(folder.path(), 30);
        // The one that was the oldest, and all but the newest two.
        std::fs::remove_file(name(31)).unwrap();
        let text = listing.open(&set, 0).unwrap_err();
        assert!(text.to_string().contains("deleted"), "{text}");
        if cfg!(feature = "compress") {
            for number in 3..=30 {
                let mut packed = Vec::new();
                let from = std::fs::read(name(number)).unwrap();
                let stop = std::sync::atomic::AtomicBool::new(false);
                let gzip = Method::Gzip(6);
                compress(gzip, &mut &from[..], &mut packed, &stop).unwrap();
                std::fs::write(name(number).with_extension(format!("{number}.gz")), packed)
                    .unwrap();
                std::fs::remove_file(name(number)).unwrap();
            }
        }
        for at in 1..=30 {
            assert_eq!(read(&mut listing, &set, at), format!("{}\n", 30 - at));
        }
    }

    /// Open already, and under its name there is by now what was made of it.
    #[test]
    fn what_is_open_stays_what_it_is() {
        let (folder, set) = backups(5);
        let name = |name: &str| folder.path().join(name);
        let mut listing = set.list().unwrap();
        assert_eq!(read(&mut listing, &set, 3), "2\n");
        std::fs::write(name("app.log.1.gz"), "packed").unwrap();
        std::fs::remove_file(name("app.log.1")).unwrap();
        assert!(listing.find_again(&set, 3).unwrap());
        assert_eq!(read(&mut listing, &set, 4), "1\n");
    }
}
