//! The segments that are in a directory, in the order of their records.

use std::fs::File;
use std::io;
use std::path::Path;

use super::cursor::{self, Mark};
use super::format::{HEAD, HEADER, Header, Key, VERSION};
use super::scan::{Found, Scan};
use super::{SENDER, aside, parse_name};
use crate::sys::{self, Private};

/// A file with a segment's name.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) name: String,
    /// What its name says.
    named: (u64, u32),
    pub(super) length: u64,
    /// None where it is damaged.
    pub(super) header: Option<Header>,
    /// The number of its first record, as far as can be told.
    pub(super) first: u64,
}

/// What is in a directory.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) sender: Option<[u8; SENDER]>,
    pub(super) mark: Option<Mark>,
    /// Those that hold records, or will.
    pub(super) segments: Vec<Listed>,
    /// Those that have no record and never had.
    pub(super) empty: Vec<Listed>,
    /// Those that are damaged from end to end.
    pub(super) bad: Vec<Listed>,
    /// Those of a newer version or another spool.
    pub(super) foreign: Vec<Listed>,
    /// What has a segment's name and is no file.
    pub(super) irregular: Vec<String>,
}

/// Reads the header of every segment, and more only of those that are damaged.
///
/// # Errors
/// When the directory can't be read, or a segment can't be opened.
pub(super) fn list(directory: &Path, marks: [Option<Mark>; 2]) -> io::Result<Listing> {
    let mut all = Vec::new();
    let mut irregular = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let name = entry?.file_name();
        let Some((name, named)) = name
            .to_str()
            .and_then(|name| Some((name, parse_name(name)?)))
        else {
            continue;
        };
        match front(&directory.join(name)) {
            Ok((length, header)) => all.push(Listed {
                name: name.to_owned(),
                named,
                length,
                header,
                first: header.map_or(0, |header| header.first),
            }),
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                irregular.push(name.to_owned());
            }
            // Deleted meanwhile, where the spool is only looked at.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    let sender = identity(&all, marks);
    let mut listing = Listing {
        sender,
        mark: cursor::latest(marks, sender),
        segments: Vec::new(),
        empty: Vec::new(),
        bad: Vec::new(),
        foreign: Vec::new(),
        irregular,
    };
    for mut found in all {
        match found.header {
            Some(header) if header.version != VERSION || Some(header.sender) != sender => {
                listing.foreign.push(found);
            }
            Some(_) => listing.segments.push(found),
            None => {
                let file = sys::open_private(&directory.join(&found.name), Private::Read)?;
                match sender.map(|sender| first_record(&file, Key::new(sender), found.length)) {
                    Some(Ok(Some(first))) => {
                        found.first = first;
                        listing.segments.push(found);
                    }
                    // A crash came before its first record.
                    _ if found.length < (HEADER + HEAD) as u64 || aside::is_blank(&file, 0)? => {
                        listing.empty.push(found);
                    }
                    _ => listing.bad.push(found),
                }
            }
        }
    }
    listing
        .segments
        .sort_by_key(|found| (found.first, found.named));
    Ok(listing)
}

fn front(path: &Path) -> io::Result<(u64, Option<Header>)> {
    let file = sys::open_private(path, Private::Read)?;
    let mut front = [0; HEADER];
    let read = match sys::read_at(&file, &mut front, 0) {
        // Looked at more closely, as one that is damaged.
        Err(error) if sys::is_unreadable(&error) => 0,
        other => other?,
    };
    Ok((sys::fstat(&file)?.size, Header::decode(&front[..read])))
}

/// The number of the first record that is whole.
fn first_record(file: &File, key: Key, length: u64) -> io::Result<Option<u64>> {
    let mut scan = Scan::new(file.try_clone()?, key)?;
    loop {
        match scan.next(length, 0)? {
            Found::Record(head) => return Ok(Some(head.number)),
            Found::Damage(..) => {}
            Found::End => return Ok(None),
        }
    }
}

/// How the last segment ends.
#[derive(Debug, Default)]
pub(super) struct Tail {
    /// The number of its last record.
    pub(super) last: u64,
    /// Where that ends.
    pub(super) end: u64,
    /// What is behind that was not written whole.
    pub(super) torn: bool,
    /// Places before the end, and behind it where it is not torn.
    pub(super) damage: Vec<(u64, u64)>,
    /// The numbers of records that are damaged, from one to another; not of those
    /// of which that is not known.
    pub(super) missing: Vec<(u64, u64)>,
    /// The disk could not read all of it.
    pub(super) unreadable: bool,
}

/// Goes through the last segment.
pub(super) fn tail(directory: &Path, key: Key, segment: &Listed) -> io::Result<Tail> {
    let file = sys::open_private(&directory.join(&segment.name), Private::Read)?;
    let mut scan = Scan::new(file.try_clone()?, key)?;
    let mut tail = Tail {
        last: scan.floor(),
        end: scan.offset(),
        ..Tail::default()
    };
    // Within a segment, each record has the number behind that of the one before.
    let mut next = scan.first();
    loop {
        match scan.next(segment.length, 0)? {
            Found::Record(_) => {
                if let Some(batch) = scan.batch(segment.length, u64::MAX, usize::MAX) {
                    tail.end = batch.end;
                    tail.last = batch.first + batch.count - 1;
                    if let Some(next) = next.filter(|next| *next < batch.first) {
                        tail.missing.push((next, batch.first - 1));
                    }
                    next = Some(tail.last.saturating_add(1));
                    scan.take(batch, |_| {});
                }
            }
            Found::Damage(start, end) => tail.damage.push((start, end)),
            Found::End => break,
        }
    }
    tail.unreadable = scan.is_unreadable();
    if tail.end < segment.length && !tail.unreadable {
        tail.torn = is_torn(&file, key, tail.end, segment.length)?;
    }
    if let Some(next) = next.filter(|next| *next <= scan.floor() && !tail.torn) {
        tail.missing.push((next, scan.floor()));
    }
    if tail.torn {
        tail.damage.retain(|(start, _)| *start < tail.end);
    }
    Ok(tail)
}

/// Whether the bytes from a record end on are what a crash leaves: a part of a
/// record, or zeros in its place.
fn is_torn(file: &File, key: Key, at: u64, length: u64) -> io::Result<bool> {
    let mut head = [0; HEAD];
    let read = match sys::read_at(file, &mut head, at) {
        Err(error) if sys::is_unreadable(&error) => return Ok(false),
        other => other?,
    };
    if let Some(head) = key.decode(&head[..read]) {
        return Ok(at + head.record() as u64 > length);
    }
    Ok(length - at < HEAD as u64 || aside::is_blank(file, at)?)
}

/// Whose spool it is: what most of its files say.
fn identity(all: &[Listed], marks: [Option<Mark>; 2]) -> Option<[u8; SENDER]> {
    let headers = all.iter().filter_map(|found| found.header);
    let headers = headers.map(|header| header.sender);
    let marks = marks.into_iter().flatten().map(|mark| mark.sender);
    let mut votes: Vec<([u8; SENDER], u64)> = Vec::new();
    for sender in marks.chain(headers) {
        match votes.iter().position(|(other, _)| *other == sender) {
            Some(at) => votes[at].1 += 1,
            // More would be a directory of other people's segments.
            None if votes.len() < 64 => votes.push((sender, 1)),
            None => {}
        }
    }
    // The first of equals, which the cursor says.
    let most = votes.iter().map(|(_, count)| *count).max();
    let winner = votes.iter().find(|(_, count)| Some(*count) == most);
    winner.map(|(sender, _)| *sender)
}
