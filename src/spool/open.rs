//! Opening a spool, in whatever state it is.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cursor::{self, Cursor, Mark};
use super::format::Key;
use super::list::{self, Listed, Listing, Tail};
use super::owner::{self, Left};
use super::reader::Reader;
use super::recovery::Recovery;
use super::shared::{Segment, Shared, State};
use super::writer::{Active, Writer};
use super::{SENDER, SpoolError, SpoolOptions, aside};
use crate::fsync::Fsync;
use crate::now::Now;
use crate::sys::{self, Place, Private};

/// How many numbers are left out where the last ones may have been given to
/// records that a power cut took back: a receiver would take their successors
/// for what it has already. More than a spool can hold, and few beside what
/// there are.
const UNSURE: u64 = 1 << 32;

/// A number that is this far off is no number that was noted.
const FAR: u64 = 1 << 48;

/// The path without what makes a link at its end be followed.
pub(super) fn plain_path(directory: &Path) -> PathBuf {
    directory.components().collect()
}

/// Opens a spool and makes it where it is missing. No other process can, until
/// both halves are dropped.
///
/// Looks at the headers of all segments and at the whole of the last one.
///
/// # Errors
/// When it is in use, or can't be trusted, or the system does not let it be
/// read or written. Damage is no error: what is whole is kept.
pub fn open(options: SpoolOptions, _now: Now) -> Result<(Writer, Reader, Recovery), SpoolError> {
    let directory = plain_path(&options.directory);
    let place = prepare(&directory, options.fsync != Fsync::Never)?;
    open_at(place, &directory, &options)
}

/// The same of a directory that is there and can be trusted; what has its name is
/// only for errors.
pub(super) fn open_at(
    place: Place<'static>,
    directory: &Path,
    options: &SpoolOptions,
) -> Result<(Writer, Reader, Recovery), SpoolError> {
    let failed = |doing| SpoolError::failed(directory, doing);
    let durable = options.fsync != Fsync::Never;
    let (lock, left) = own(&place, directory, durable)?;
    let opened = Cursor::open(&place.join(cursor::NAME));
    let path = || directory.join(cursor::NAME);
    let file = opened.map_err(|error| SpoolError::failed(path(), "cannot open")(error))?;
    let listing = list::list(&place, cursor::read(&file)).map_err(failed("cannot be read"))?;

    let mut recovery = Recovery::default();
    tidy(&place, &listing, &mut recovery);
    let is_new = listing.sender.is_none();
    let sender = match listing.sender {
        Some(sender) => sender,
        None => random().map_err(failed("cannot make an identity for it"))?,
    };
    recovery.cursor_lost = listing.mark.is_none() && !listing.segments.is_empty();
    let mark = Mark::begin(sender, listing.mark);
    let key = Key::new(sender);
    let tail = listing
        .segments
        .last()
        .map(|last| list::tail(&place, key, last));
    let tail = tail.transpose().map_err(failed("cannot be read"))?;
    // Not known where the cursor may be older than the deletion of a segment.
    if !recovery.cursor_lost && (durable || left.same_boot) {
        recovery.lost = missing_before(&listing.segments, mark);
    }
    let state = collect(listing.segments, tail.as_ref(), mark);
    if !recovery.cursor_lost {
        let settled = mark.progress.acked.max(mark.progress.dropped);
        recovery.lost += state.missing_above(settled);
    }
    let known = last_number(&state, mark);

    let noted = left
        .closed
        .filter(|&(last, next)| last >= known && next - known < FAR);
    let (last, next) = match noted {
        // No number from that one on was given.
        Some((last, next)) if left.same_boot => (last, next),
        Some((last, next)) => (last, next.saturating_add(UNSURE)),
        None if is_new => (0, 1),
        None => (known, known.saturating_add(1).saturating_add(UNSURE)),
    };
    let sure = is_new || (noted.is_some() && left.same_boot);

    let mut cursor = Cursor::new(file, mark);
    // A hint only, and on a full disk there is none.
    let _ = cursor.set(mark.progress, true);
    let shared = Shared::new(
        place,
        sender,
        options.fsync,
        state,
        Some(cursor),
        Some(lock),
    );
    let intact = tail.map(|tail| mend(&shared, tail, &mut recovery));
    let active = match intact {
        Some(true) if sure => reuse(&shared, next),
        _ => None,
    };
    shared.lose(recovery.lost);
    recovery.waiting = sweep(&shared);
    let shared = Arc::new(shared);
    let writer = Writer::new(Arc::clone(&shared), options.max_bytes, active, next, last);
    Ok((writer, Reader::new(shared), recovery))
}

/// Makes the directory where it is missing, and holds on to it: somebody may move
/// it away, and let another lh begin a spool of its name.
fn prepare(directory: &Path, durable: bool) -> Result<Place<'static>, SpoolError> {
    let failed = |doing| SpoolError::failed(directory, doing);
    match sys::make_private_directory(directory) {
        Ok(()) if durable => {
            sys::sync_directory(sys::directory_of(directory))
                .map_err(failed("cannot be made durable"))?;
        }
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(failed("cannot make the spool's directory")(error)),
    }
    hold(directory)
}

/// Holds on to a spool's directory. One that others could have planted something
/// in is refused.
pub(super) fn hold(directory: &Path) -> Result<Place<'static>, SpoolError> {
    trust(directory, directory)?;
    let held = Place::hold(directory);
    let place = held.map_err(SpoolError::failed(directory, "cannot be opened"))?;
    // It may be another one by now.
    trust(&place.join("."), directory)?;
    Ok(place)
}

fn trust(path: &Path, directory: &Path) -> Result<(), SpoolError> {
    let distrusted = sys::distrusted_directory(path);
    match distrusted.map_err(SpoolError::failed(directory, "cannot be looked at"))? {
        None => Ok(()),
        Some(reason) => Err(SpoolError::Refused {
            directory: directory.to_owned(),
            reason,
        }),
    }
}

/// Takes the spool for this process.
fn own(place: &Path, directory: &Path, durable: bool) -> Result<(File, Left), SpoolError> {
    let path = directory.join(owner::NAME);
    let failed = |doing| SpoolError::failed(&path, doing);
    let lock = sys::open_private(&place.join(owner::NAME), Private::WriteOrMake);
    let lock = lock.map_err(failed("cannot open"))?;
    let ours = sys::try_lock(&lock).map_err(failed("cannot lock"))?;
    let left = owner::read(&lock);
    if !ours {
        return Err(SpoolError::Owned {
            directory: directory.to_owned(),
            pid: left.pid,
        });
    }
    // On a full disk the text is missing, which is one who did not close it.
    let entered = owner::enter(&lock);
    if durable && entered.and_then(|()| lock.sync_all()).is_ok() {
        let _ = sys::sync_directory(place);
    }
    Ok((lock, left))
}

fn random() -> io::Result<[u8; SENDER]> {
    let mut sender = [0; SENDER];
    getrandom::fill(&mut sender).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(sender)
}

/// Moves what is not to be read out of the way. What can't be moved is not
/// read all the same.
fn tidy(directory: &Path, listing: &Listing, recovery: &mut Recovery) {
    for found in &listing.empty {
        recovery.torn_bytes += found.length;
        let _ = std::fs::remove_file(directory.join(&found.name));
    }
    for found in &listing.bad {
        recovery.damaged += 1;
        recovery.damaged_bytes += found.length;
    }
    recovery.foreign += listing.foreign.len() as u64;
    recovery.damaged += listing.irregular.len() as u64;
    let files = listing.bad.iter().chain(&listing.foreign);
    let names = files.map(|found| &found.name);
    for name in names.chain(&listing.irregular) {
        let _ = aside::rename(directory, name);
    }
}

/// What is known of the segments: each ends where the next one says that it
/// began.
pub(super) fn collect(segments: Vec<Listed>, tail: Option<&Tail>, mark: Mark) -> State {
    let mut state = State::default();
    let mut segments = segments.into_iter().peekable();
    while let Some(found) = segments.next() {
        let last = match (segments.peek(), tail) {
            (Some(next), _) => next.header.map_or(next.first - 1, |header| header.after),
            (None, Some(tail)) => tail.last,
            (None, None) => found.first - 1,
        };
        let cuts = mark.progress.cuts.iter().copied();
        let last = cuts
            .filter(|&cut| found.first <= cut && cut < last)
            .fold(last, u64::min);
        let serial = state.next_serial();
        // What a copy of the segment or of a part of it may hold is not missing.
        let before = state.segments.back();
        let alone = before.is_none_or(|before| before.last < found.first);
        let tail = tail.filter(|_| alone && segments.peek().is_none());
        state.push(Segment {
            serial,
            name: found.name,
            first: found.first,
            last: last.max(found.first - 1),
            length: found.length,
            sealed: true,
            reported: 0,
            missing: tail.map_or_else(Vec::new, |tail| tail.missing.clone()),
            unreadable: false,
        });
    }
    state.begin(mark.progress);
    state
}

/// The greatest number that is known to have been given.
fn last_number(state: &State, mark: Mark) -> u64 {
    let lasts = state.segments.iter().map(|segment| segment.last);
    lasts.fold(mark.progress.acked.max(mark.progress.dropped), u64::max)
}

/// How many records there were before the first segment that were not
/// delivered.
fn missing_before(segments: &[Listed], mark: Mark) -> u64 {
    let header = segments.first().and_then(|first| first.header);
    let before = header.map_or(0, |header| header.after);
    before.saturating_sub(mark.progress.acked.max(mark.progress.dropped))
}

/// Cuts off what was not written whole at the end of the last segment, and
/// sets aside what is damaged in it. Answers whether it can be written on.
fn mend(shared: &Shared, tail: Tail, recovery: &mut Recovery) -> bool {
    let mut state = shared.state();
    let Some(segment) = state.segments.back_mut() else {
        return false;
    };
    let (serial, length) = (segment.serial, segment.length);
    let name = segment.name.clone();
    segment.length = tail.end;
    segment.unreadable = tail.unreadable;
    state.bytes -= length - tail.end;
    drop(state);
    for &(start, end) in &tail.damage {
        recovery.damaged += 1;
        recovery.damaged_bytes += end - start;
        shared.set_aside(serial, start, end);
    }
    if !tail.torn {
        return tail.damage.is_empty();
    }
    recovery.torn_bytes += length - tail.end;
    // Where it can't be cut, nothing is written behind it.
    let file = sys::open_private(&shared.path(&name), Private::Write);
    file.and_then(|file| file.set_len(tail.end)).is_ok() && tail.damage.is_empty()
}

/// The last segment, to be written on.
fn reuse(shared: &Shared, next: u64) -> Option<Active> {
    let mut state = shared.state();
    let segment = state
        .segments
        .back_mut()
        .filter(|segment| segment.last + 1 == next)?;
    let file = sys::open_private(&shared.path(&segment.name), Private::Write).ok()?;
    segment.sealed = false;
    Some(Active {
        file,
        serial: segment.serial,
        length: segment.length,
        synced: (segment.length, segment.last),
    })
}

/// Deletes what is delivered, and counts what waits.
fn sweep(shared: &Shared) -> u64 {
    let mut state = shared.state();
    let names = state.used_up();
    shared.publish(&state);
    let waiting = state.unread;
    drop(state);
    shared.delete(&names);
    waiting
}
