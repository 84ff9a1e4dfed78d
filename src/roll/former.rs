//! Files that were written before the current one, by programs that may not have
//! noticed it yet: logrotate renames a file and makes another one at once, and tells
//! the program only then.

use std::io::Read;
use std::time::{Duration, Instant};

use super::lines::{At, CopyError, Output, Seam, copy};
use super::mark::Mark;
use super::seen::{Ahead, Noted, Seen};
use super::set::Part;
use crate::sys::{self, FileId, Meta};

/// How long a file that was deleted is looked after once there is text in the one behind
/// it: as long as it is open, it takes room on the disk.
const LATE: Duration = Duration::from_secs(10);

/// How many are, at most. Each is held open.
const MOST: usize = 4;

/// A file, and up to where it was read.
#[derive(Debug)]
pub(super) struct Current {
    pub part: Part,
    pub seen: Seen,
}

impl Current {
    /// What is written next is of this file, from where it was read to.
    pub(super) fn resume(&self, seam: &mut Seam) {
        match self.seen.offset {
            0 => seam.next_file(),
            _ => seam.within_file(At::new(&self.part.file, 0)),
        }
    }

    /// Copies what has come, up to a place in the file; tells how many bytes that was.
    pub(super) fn copy_more(
        &mut self,
        end: u64,
        to: &mut dyn Output,
        seam: &mut Seam,
    ) -> (u64, Result<(), CopyError>) {
        let before = self.seen.offset;
        let from = At::new(&self.part.file, before).take(end.saturating_sub(before));
        let seen = std::mem::take(&mut self.seen);
        let mut reader = Noted { from, seen };
        let copied = copy(&mut reader, to, &mut 0, seam);
        self.seen = reader.seen;
        (self.seen.offset - before, copied)
    }
}

/// See the [module](self).
#[derive(Debug, Default)]
pub(super) struct Formers {
    /// The oldest first, and each until when.
    files: Vec<(Current, Option<Instant>)>,
}

impl Formers {
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Looks after a file from now on, unless nobody writes to it any more, as this
    /// program has noted with those that it has rolled over.
    pub(super) fn push(&mut self, own: Current) {
        let is_done = || Mark::of(&own.part.file).is_some_and(Mark::is_backup);
        if own.part.method.is_some() || is_done() {
            return;
        }
        if self.files.len() == MOST {
            self.files.remove(0);
        }
        self.files.push((own, None));
    }

    /// Leaves a file that is the current one again.
    pub(super) fn forget(&mut self, id: FileId) {
        self.files.retain(|(own, _)| own.part.id != id);
    }

    /// Copies what has come late, and tells in which files that was, and up to where
    /// they were read.
    ///
    /// # Errors
    /// Those of writing. One that can't be read is left.
    pub(super) fn drain(
        &mut self,
        to: &mut dyn Output,
        seam: &mut Seam,
    ) -> Result<Vec<(Meta, u64)>, CopyError> {
        let mut late = Vec::new();
        for (own, _) in &mut self.files {
            // One that was emptied is another program's from then on.
            if !matches!(own.seen.ahead(&own.part.file), Ok(Ahead::More)) {
                continue;
            }
            let before = *seam;
            own.resume(seam);
            match own.copy_more(u64::MAX, to, seam) {
                (_, Err(error @ CopyError::Write(_))) => return Err(error),
                (0, _) => *seam = before,
                _ => {
                    let meta = sys::fstat(&own.part.file).ok();
                    late.extend(meta.map(|meta| (meta, own.seen.offset)));
                }
            }
        }
        Ok(late)
    }

    /// Lets those go that were deleted and were looked after long enough, counted from
    /// when there is text in the current file.
    pub(super) fn settle(&mut self, has_text: bool, now: Instant) {
        if !has_text {
            return;
        }
        self.files.retain_mut(|(own, until)| {
            let until = until.get_or_insert(now + LATE);
            now < *until || sys::fstat(&own.part.file).is_ok_and(|meta| meta.links > 0)
        });
    }
}
