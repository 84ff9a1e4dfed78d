//! The rolled-over files that are there, in the order of their rollovers.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::handler::file::LockWait;
use crate::roll::compress::{ENDINGS, Method};
use crate::roll::keep::Held;
use crate::roll::mark::Mark;
use crate::roll::names::{self, Namer, Variables};
use crate::roll::order::{Rank, Ranked, by_rollover};
use crate::sys::{self, Directories, FileId, Place};

/// Another process that rolls over leaves the file's name free for a moment: how often
/// it is looked whether it has come back.
const LOOK: Duration = Duration::from_millis(1);

/// How long that is waited for at the start, where there may be no file yet.
pub(super) const MOMENT: Duration = Duration::from_millis(20);

/// The same in the background: on a busy machine the other process may be halted just
/// then, and what is done without a lock would meet its renames.
pub(super) const LONG_MOMENT: Duration = Duration::from_millis(500);

/// One rolled-over file.
#[derive(Clone, Debug)]
pub(super) struct Backup {
    pub(super) variables: Variables,
    pub(super) path: PathBuf,
    pub(super) id: FileId,
    pub(super) held: Held,
    /// What is known of its place in the order of rollovers.
    rank: Rank,
}

impl Ranked for Backup {
    fn rank(&self) -> Rank {
        self.rank
    }
}

/// The backups of one file. Shared with the thread that compresses them.
#[derive(Debug)]
pub(super) struct Backups {
    /// The file that is rolled over.
    pub(super) file: PathBuf,
    /// Where it and its backups are.
    pub(super) directories: Arc<Directories>,
    pub(super) namer: Namer,
    /// The namers that it had while it rolled over by other intervals.
    before: Vec<Namer>,
    /// Whether the number in a name is its place in the order, and moves.
    pub(super) numbered: bool,
    /// How new backups are compressed.
    pub(super) method: Option<Method>,
    /// Whether other processes are kept out by a lock on the file.
    pub(super) lock: bool,
    /// How that is waited for.
    lock_wait: Arc<LockWait>,
    /// The file was waited for in vain: with `--delay`, there is none until the next
    /// record comes.
    missing: AtomicBool,
    /// Held while names change, so that the thread and the handler take turns.
    /// Keeps the order of this process's rollovers for file systems that can't
    /// note it with the file.
    order: Mutex<HashMap<PathBuf, u64>>,
}

impl Backups {
    pub(super) fn new(
        file: PathBuf,
        directories: Arc<Directories>,
        namer: Namer,
        numbered: bool,
        method: Option<Method>,
        lock: bool,
        lock_wait: Arc<LockWait>,
    ) -> Backups {
        let before = match numbered {
            true => Vec::new(),
            false => namer.of_other_times(),
        };
        Backups {
            file,
            directories,
            namer,
            before,
            numbered,
            method,
            lock,
            lock_wait,
            missing: AtomicBool::new(false),
            order: Mutex::new(HashMap::new()),
        }
    }

    /// A path to the same name, in the directory that is held for it.
    pub(super) fn at<'p>(&self, path: &'p Path) -> Place<'p> {
        self.directories.at(path)
    }

    /// A path to the directory of the backups.
    pub(super) fn directory(&self) -> Place<'_> {
        self.directories.directory(self.namer.directory())
    }

    /// Deletes a file.
    pub(super) fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(self.at(path))
    }

    /// Deletes a backup, and first what may be made of it just now: after a crash, nobody
    /// would know that for a leftover without the backup.
    pub(super) fn delete(&self, backup: &Backup) -> io::Result<()> {
        if let Some(method) = self.method {
            let id = backup.id.number();
            let temporary = self.namer.temporary(&self.file, id, method.ending());
            // Mostly there is none.
            let _ = self.remove(&temporary);
        }
        self.remove(&backup.path)
    }

    /// Renames a file, and replaces none.
    pub(super) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        sys::rename_new(&self.at(from), &self.at(to))
    }

    /// Keeps this process's other thread from changing names.
    pub(super) fn hold(&self) -> Names<'_> {
        Names {
            backups: self,
            order: self.order.lock().unwrap_or_else(PoisonError::into_inner),
            before: Vec::new(),
        }
    }

    /// Locks the file that is written now, if it is there or comes soon, against
    /// rollovers by other processes.
    pub(super) fn lock_file(&self, wait: Duration) -> io::Result<Option<File>> {
        if !self.lock {
            return Ok(None);
        }
        let wait = match self.missing.load(Ordering::Relaxed) {
            true => wait.min(MOMENT),
            false => wait,
        };
        let start = Instant::now();
        loop {
            let file = match sys::open_existing(&self.at(&self.file)) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    if start.elapsed() >= wait {
                        self.missing.fetch_or(wait > MOMENT, Ordering::Relaxed);
                        return Ok(None);
                    }
                    std::thread::sleep(LOOK);
                    continue;
                }
                Err(error) => return Err(error),
            };
            self.missing.store(false, Ordering::Relaxed);
            if self.lock_wait.lock(&file).is_err() {
                return Ok(None);
            }
            let id = sys::fstat(&file)?.id;
            match sys::stat(&self.at(&self.file)) {
                Ok(meta) if meta.id == id => return Ok(Some(file)),
                // Rolled over meanwhile: the lock was on a backup.
                _ => {}
            }
        }
    }

    /// Temporary files of compressions in the backups' directory: those of backups
    /// that are there. Any other is somebody else's.
    pub(super) fn temporaries(&self) -> io::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for backup in self.hold().list()? {
            for ending in ENDINGS {
                let id = backup.id.number();
                let path = self.namer.temporary(&self.file, id, ending);
                if sys::lstat(&self.at(&path)).is_ok() {
                    found.push(path);
                }
            }
        }
        Ok(found)
    }
}

/// Reading and changing names, while the other thread is kept out.
pub(super) struct Names<'a> {
    backups: &'a Backups,
    order: MutexGuard<'a, HashMap<PathBuf, u64>>,
    /// What was found when it was listed that this handler made by other intervals.
    before: Vec<PathBuf>,
}

impl Names<'_> {
    /// Every backup that this handler would make, the oldest first.
    ///
    /// Costs a reading of the directory and two system calls a backup.
    pub(super) fn list(&mut self) -> io::Result<Vec<Backup>> {
        let backups = self.backups;
        let mut list = Vec::new();
        self.before.clear();
        for entry in read_dir(&backups.directory())? {
            let name = entry?.file_name();
            let Some(variables) = backups.namer.parse_name(&name) else {
                let mut before = backups.before.iter();
                if before.any(|namer| namer.parse_name(&name).is_some()) {
                    self.before.push(backups.namer.beside(&name));
                }
                continue;
            };
            let path = backups.namer.beside(&name);
            let meta = match sys::lstat(&backups.at(&path)) {
                Ok(meta) => meta,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                // Taken for a gap, it would bring the numbers into disorder.
                Err(error) => return Err(error),
            };
            // A link or a directory is none of ours.
            if !meta.regular || path == backups.file {
                continue;
            }
            let plain = backups.plain(&variables);
            let sequence = match backups.numbered {
                true => None,
                false => {
                    sys::sequence_at(&backups.at(&path)).or_else(|| self.order.get(&plain).copied())
                }
            };
            list.push(Backup {
                id: meta.id,
                held: Held {
                    size: meta.size,
                    modified: meta.modified,
                },
                rank: Rank {
                    sequence,
                    moment: backups.namer.moment(&variables),
                    number: variables.number,
                    written: meta.written,
                },
                variables,
                path,
            });
        }
        if backups.numbered {
            let all: Vec<Variables> = list.iter().map(|b| b.variables.clone()).collect();
            let chain: Vec<Variables> = names::chain(&all).into_iter().cloned().collect();
            list.retain(|backup| chain.contains(&backup.variables));
            list.sort_by_key(|backup| std::cmp::Reverse(backup.variables.number));
        } else {
            list.sort_by(|a, b| a.variables.cmp(&b.variables));
            list = by_rollover(list);
            let there: Vec<PathBuf> = list.iter().map(|b| backups.plain(&b.variables)).collect();
            self.order.retain(|path, _| there.contains(path));
        }
        Ok(list)
    }

    /// Notes that the open file becomes the newest backup, under this name. The numbers
    /// go on when a handler comes to roll over by other intervals.
    pub(super) fn note_newest(&mut self, file: Option<&File>, path: &Path, list: &[Backup]) {
        let own = list.iter().filter_map(|backup| backup.rank.sequence);
        let before = self.before.iter();
        let before = before.filter_map(|path| sys::sequence_at(&self.backups.at(path)));
        let mut sequence = own.chain(before).max().unwrap_or(0);
        // What another clock or another zone has named later was there before, all the same.
        let behind = list
            .iter()
            .rposition(|backup| backup.rank.sequence.is_some());
        for backup in &list[behind.map_or(0, |at| at + 1)..] {
            sequence += 1;
            if let Ok(file) = sys::open_existing(&self.backups.at(&backup.path)) {
                let _ = sys::set_sequence(&file, Some(sequence));
            }
            let plain = self.backups.plain(&backup.variables);
            self.order.insert(plain, sequence);
        }
        sequence += 1;
        // Not every file system can: then the names and this process tell.
        if let Some(file) = file {
            let _ = sys::set_sequence(file, Some(sequence));
        }
        self.order.insert(path.to_owned(), sequence);
    }

    /// Where a disk is full, what is noted with backups may have taken the room that
    /// a file wants more. What is owed to one stays noted.
    pub(super) fn drop_marks(&mut self) {
        for backup in self.list().unwrap_or_default() {
            let file = sys::open_existing(&self.backups.at(&backup.path));
            if let Ok(file) = file
                && Mark::of(&file) == Some(Mark::Rolled)
            {
                Mark::note(None, &file);
            }
        }
    }

    /// It became none.
    pub(super) fn forget(&mut self, file: &File, path: &Path) {
        if !self.order.contains_key(path) {
            return;
        }
        let _ = sys::set_sequence(file, None);
        // A `--rotator` has made one of this name.
        if made_names(path).all(|made| sys::lstat(&self.backups.at(&made)).is_err()) {
            self.order.remove(path);
        }
    }

    /// Keeps that with what a `--rotator` has made in the file's place, itself or
    /// compressed, and notes that it is a backup.
    pub(super) fn note_made(&self, path: &Path, mark: Mark) {
        for name in made_names(path) {
            if let Ok(made) = sys::open_existing(&self.backups.at(&name)) {
                if let Some(&sequence) = self.order.get(path) {
                    let _ = sys::set_sequence(&made, Some(sequence));
                }
                Mark::note(Some(mark), &made);
            }
        }
    }
}

/// A backup's name, and those that it has when it is compressed.
pub(super) fn made_names(path: &Path) -> impl Iterator<Item = PathBuf> {
    let names = [""].into_iter().chain(ENDINGS).map(|ending| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    });
    names.collect::<Vec<_>>().into_iter()
}

impl Backups {
    /// The path that a backup has while it is not compressed.
    pub(super) fn plain(&self, variables: &Variables) -> PathBuf {
        self.namer.path(&Variables {
            ending: "",
            ..variables.clone()
        })
    }
}

/// A directory that is not there yet has no entries.
fn read_dir(path: &Path) -> io::Result<impl Iterator<Item = io::Result<std::fs::DirEntry>>> {
    match std::fs::read_dir(path) {
        Ok(entries) => Ok(Some(entries).into_iter().flatten()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None.into_iter().flatten()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Diag;
    use crate::handler::RotatingFileHandler;

    /// As another process leaves it that is halted within a rollover.
    #[test]
    fn a_file_that_is_gone_for_a_moment_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        let namer = RotatingFileHandler::namer("{base}.{n}", &file).unwrap();
        let directories = Arc::new(Directories::new(false));
        let backups = Backups::new(
            file.clone(),
            directories,
            namer,
            true,
            None,
            true,
            LockWait::new("a".to_owned(), Diag::silent()),
        );
        // Nothing comes: that is waited for once.
        let start = Instant::now();
        assert!(backups.lock_file(LONG_MOMENT).unwrap().is_none());
        assert!(start.elapsed() >= LONG_MOMENT);
        let start = Instant::now();
        for _ in 0..3 {
            assert!(backups.lock_file(LONG_MOMENT).unwrap().is_none());
        }
        assert!(start.elapsed() < 2 * LONG_MOMENT);
        std::fs::write(&file, "x").unwrap();
        assert!(backups.lock_file(MOMENT).unwrap().is_some());
        std::fs::remove_file(&file).unwrap();
        let maker = std::thread::spawn(move || {
            std::thread::sleep(5 * MOMENT);
            std::fs::write(&file, "y").unwrap();
        });
        assert!(backups.lock_file(LONG_MOMENT).unwrap().is_some());
        maker.join().unwrap();
    }
}
