//! Looking at a spool without touching it, even while another process has it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::aside::{self, BAD};
use super::cursor::{self, Mark, Progress};
use super::format::Key;
use super::open::{collect, hold, plain_path};
use super::reader::Reader;
use super::shared::{Shared, State};
use super::{SENDER, SpoolError, list, owner};
use crate::fsync::Fsync;
use crate::sys::{self, Place, Private};

/// What a spool holds.
#[derive(Debug)]
pub struct Inspection {
    /// Its directory.
    pub directory: PathBuf,
    /// Its identity; `None` where it holds nothing that says so.
    pub sender: Option<[u8; SENDER]>,
    /// Records that are not acknowledged, unless damage is among them.
    pub waiting: u64,
    /// The number of its segments.
    pub segments: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When the oldest segment with such a record was begun, in seconds since
    /// the epoch.
    pub oldest: Option<i64>,
    /// Whether a process has it, and the number of that one, if it is known.
    pub owner: Option<Option<u32>>,
    /// Bytes at the end that were not written whole.
    pub torn_bytes: u64,
    /// Files that are not segments of this spool, by their names: damaged from
    /// end to end, or of another spool or version.
    pub strange: Vec<String>,
    /// Files in `bad/`.
    pub set_aside: u64,
    /// Damaged places of the last segment that are not in `bad/` yet.
    pub damaged: u64,
    mark: Mark,
    place: Place<'static>,
}

/// Looks at a spool: at the headers of all segments and at the whole of the
/// last one.
///
/// # Errors
/// When it can't be trusted, or can't be read.
pub fn inspect(directory: &Path) -> Result<Inspection, SpoolError> {
    let directory = plain_path(directory);
    let looked = look(hold(&directory)?, &directory);
    looked.map_err(SpoolError::failed(directory, "cannot be read"))
}

fn open(path: PathBuf) -> io::Result<Option<File>> {
    match sys::open_private(&path, Private::Read) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}

fn look(place: Place<'static>, directory: &Path) -> io::Result<Inspection> {
    let owner = match open(place.join(owner::NAME))? {
        Some(lock) if sys::is_locked(&lock)? => Some(owner::read(&lock).pid),
        _ => None,
    };
    let Looked {
        listing,
        state,
        torn_bytes,
        damage,
    } = read(&place, owner.is_some())?;
    let last = state.segments.back().map(|last| last.name.as_str());
    let aside = |start: &u64| {
        let name = last.unwrap_or_default();
        place.join(BAD).join(aside::name(name, *start)).exists()
    };
    let damaged = damage.iter().filter(|start| !aside(start)).count() as u64;
    let mark = Mark::begin(listing.sender.unwrap_or_default(), listing.mark);
    let waits = state
        .segments
        .iter()
        .find(|segment| segment.last > mark.progress.acked);
    let oldest = waits.and_then(|segment| sys::lstat(&place.join(&segment.name)).ok());
    let strange = listing.bad.iter().chain(&listing.foreign);
    let strange = strange.map(|found| &found.name).chain(&listing.irregular);
    Ok(Inspection {
        directory: directory.to_owned(),
        sender: listing.sender,
        waiting: state.unread,
        segments: state.segments.len() as u64,
        bytes: state.bytes,
        oldest: oldest.map(|meta| meta.began()),
        owner,
        torn_bytes,
        strange: strange.cloned().collect(),
        damaged,
        set_aside: std::fs::read_dir(place.join(BAD)).map_or(0, Iterator::count) as u64,
        mark,
        place,
    })
}

/// How often segments are looked at that go away meanwhile.
const LOOKS: u32 = 100;

/// The segments as they are now.
struct Looked {
    listing: list::Listing,
    state: State,
    /// How much is torn at their end.
    torn_bytes: u64,
    /// Where damage begins in the last of them.
    damage: Vec<u64>,
}

/// Of a spool that is in use, a segment may be gone between the look at its name and
/// the look into it: the others are looked at anew then.
fn read(directory: &Path, owned: bool) -> io::Result<Looked> {
    for _ in 1..LOOKS {
        match read_once(directory, owned) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => return other,
        }
    }
    read_once(directory, owned)
}

fn read_once(directory: &Path, owned: bool) -> io::Result<Looked> {
    let marks = match open(directory.join(cursor::NAME)) {
        Ok(Some(file)) => cursor::read(&file),
        _ => [None; 2],
    };
    let mut listing = list::list(directory, marks)?;
    let sender = listing.sender.unwrap_or_default();
    let key = Key::new(sender);
    let tail = listing
        .segments
        .last()
        .map(|last| list::tail(directory, key, last));
    let tail = tail.transpose()?;
    let segments = std::mem::take(&mut listing.segments);
    let mark = Mark::begin(sender, listing.mark);
    let mut state = collect(segments, tail.as_ref(), mark);
    let mut torn = 0;
    // The owner may be writing it just now.
    if let (Some(last), Some(tail)) = (state.segments.back_mut(), &tail)
        && (tail.torn || owned)
    {
        torn = last.length - tail.end;
        last.length = tail.end;
        state.bytes -= torn;
    }
    let damage = tail.filter(|_| !owned).map_or_else(Vec::new, |tail| {
        tail.damage.iter().map(|(start, _)| *start).collect()
    });
    Ok(Looked {
        listing,
        state,
        torn_bytes: if owned { 0 } else { torn },
        damage,
    })
}

impl Inspection {
    /// Reads what it holds: the records that wait, or those too that are
    /// delivered and still there. Nothing is acknowledged by that.
    ///
    /// # Errors
    /// When the directory can't be read.
    pub fn reader(&self, all: bool) -> io::Result<Reader> {
        let looked = read(&self.place, self.owner.is_some())?;
        let (listing, mut state) = (looked.listing, looked.state);
        if all {
            // Of what was before the first of them there is nothing to tell.
            let first = state.segments.front().map_or(1, |segment| segment.first);
            state.begin(Progress {
                acked: first.saturating_sub(1),
                ..self.mark.progress
            });
        } else {
            state.begin(self.mark.progress);
        }
        let sender = listing.sender.unwrap_or_default();
        let missing = state.missing_above(state.progress.acked);
        let shared = Shared::new(self.place.clone(), sender, Fsync::Never, state, None, None);
        shared.lose(missing);
        Ok(Reader::new(Arc::new(shared)))
    }
}
