//! Deleting what retention does not keep.

use std::io;
use std::path::PathBuf;

use super::BaseRotatingHandler;
use super::backups::Backup;
use crate::diag::plain;
use crate::now::Now;
use crate::roll::keep::{self, Held, Reason};
use crate::sys;

/// What `--backups` has to say when backups are chosen to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    /// Nothing: no rollover was made yet.
    Ignored,
    /// A rollover is still to come, and adds one.
    Before,
    /// A rollover was made.
    After,
}

impl BaseRotatingHandler {
    /// Which backups retention would delete after a rollover now, by which
    /// limit, and the file itself where not even what it holds is kept; nothing is
    /// changed.
    ///
    /// # Errors
    /// When the directory can't be read.
    pub fn surplus_at_next_rollover(&self, now: Now) -> io::Result<Vec<(PathBuf, Reason)>> {
        let list = self.backups.hold().list()?;
        Ok(self.choose(&list, now, Count::Before))
    }

    fn choose(&self, list: &[Backup], now: Now, count: Count) -> Vec<(PathBuf, Reason)> {
        let coming = usize::from(count == Count::Before);
        let keep = self.options.keep;
        let beyond = |at: usize, backup: &Backup| match (count, self.backups.numbered) {
            (Count::Ignored, _) => false,
            _ if keep == 0 => false,
            // The start closes gaps between the numbers.
            (Count::Before, true) => list.len() - at + coming > keep,
            (_, true) => backup.variables.number > keep as u64,
            (_, false) => list.len() - at + coming > keep,
        };
        let mut surplus = Vec::new();
        let mut rest = Vec::new();
        for (at, backup) in list.iter().enumerate() {
            if beyond(at, backup) {
                surplus.push((backup.path.clone(), Reason::Backups));
            } else {
                rest.push(backup);
            }
        }
        let mut held: Vec<_> = rest.iter().map(|backup| backup.held).collect();
        let mut paths: Vec<_> = rest.iter().map(|backup| backup.path.clone()).collect();
        let free = self
            .options
            .limits
            .min_free
            .and_then(|_| sys::free_space(&self.backups.directory()).ok());
        let file = self.file.path();
        let meta = sys::stat(&self.backups.at(file)).ok();
        let mut size = meta.as_ref().map_or(0, |meta| meta.size);
        let rolls = count == Count::Before && self.rolls();
        if let Some(meta) = meta.filter(|meta| rolls && meta.size > 0) {
            // It becomes a backup, the newest, and another one comes to be full.
            size = 0;
            held.push(Held {
                size: meta.size,
                modified: meta.modified,
            });
            paths.push(file.to_owned());
        }
        // With a size limit, the room that the current file may come to take.
        let current = size.max(self.options.max_bytes.unwrap_or(0));
        let reasons = keep::surplus(
            &held,
            self.options.limits,
            self.cautious(now),
            current,
            free,
        );
        surplus.extend(paths.into_iter().zip(reasons));
        surplus
    }

    /// The time by which ages are judged: a clock that jumps ahead while this
    /// runs makes no file old.
    fn cautious(&self, now: Now) -> i64 {
        let Some(started) = self.started else {
            return now.wall.secs();
        };
        let elapsed = now.mono.saturating_duration_since(started.mono).as_secs();
        let steady = started.wall.secs().saturating_add_unsigned(elapsed);
        now.wall.secs().min(steady)
    }

    pub(super) fn retain_if_due(&mut self, now: Now) {
        if std::mem::take(&mut self.retention_due) {
            self.retain(now, Count::After);
        }
    }

    /// Deletes what retention does not keep. Other processes are kept out by
    /// the lock on the current file, or a name might be another backup's by
    /// the time that it is deleted.
    pub(super) fn retain(&mut self, now: Now, count: Count) {
        let list = match self.backups.hold().list() {
            Ok(list) => list,
            Err(error) => {
                self.complain(format!("cannot look for old backups: {}", plain(&error)));
                return;
            }
        };
        for (path, _) in self.choose(&list, now, count) {
            let backup = list.iter().find(|backup| backup.path == path);
            if let Some(Err(error)) = backup.map(|backup| self.backups.delete(backup))
                && error.kind() != io::ErrorKind::NotFound
            {
                self.complain(format!("cannot delete an old backup: {}", plain(&error)));
                return;
            }
        }
    }
}
