//! One rollover: its steps, and the way back when one of them fails.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::after::Job;
use super::backups::{Backup, Backups, Names, made_names};
use super::{BaseRotatingHandler, Failure, began};
use crate::diag::plain;
use crate::handler::EmitError;
use crate::now::Now;
use crate::roll::mark::Mark;
use crate::roll::names::{self, Rename, Variables};
use crate::roll::when::{NEVER, format_local};
use crate::sys::{self, FileId};

/// After a failed rollover, how long until the next attempt: doubled each
/// time, from the first of these to the second.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// A step of a rollover that failed.
#[derive(Debug, thiserror::Error)]
#[error("{doing}: {reason}")]
struct RollError {
    doing: String,
    reason: String,
}

impl RollError {
    fn new(doing: String, source: &io::Error) -> RollError {
        RollError {
            doing,
            reason: plain(source),
        }
    }
}

impl BaseRotatingHandler {
    /// Python's `doRollover`, with the file locked: `true`, and another file is to be
    /// acquired. `false`: it failed, the old files are as they were, and the current one
    /// is written on for a while.
    ///
    /// # Errors
    /// Only when what the file holds could not be made durable first.
    pub(super) fn do_rollover(&mut self, done: usize, now: Now) -> Result<bool, EmitError> {
        self.file.sync(done, now)?;
        match self.roll(now) {
            Ok(job) => {
                self.rollovers += 1;
                if let Some(failure) = self.failure.take() {
                    let (name, count) = (self.file.name(), failure.count);
                    let diag = self.file.diag();
                    diag.warn(format_args!(
                        "{name}: rolled over again after {count} failed attempts"
                    ));
                }
                if let Some(schedule) = &self.options.schedule {
                    let wall = now.wall.secs();
                    let due = self.roll_at.is_none_or(|at| at <= wall);
                    if due {
                        self.roll_at = Some(schedule.next(&*self.zone, wall));
                    }
                    // It holds for the file that was just opened, too.
                    self.scheduled = self.file.generation();
                }
                self.after.push(job);
                self.keep_link();
                // Only with the new file locked: others may roll over by now.
                self.retention_due = true;
                Ok(true)
            }
            // Somebody else has renamed it meanwhile: that is as good.
            Err(_) if self.lost_its_name() && self.file.switch().is_ok() => Ok(true),
            Err(error) => {
                self.note_failure(&error, now);
                Ok(false)
            }
        }
    }

    /// Whether the name of the open file is another file's now, or nobody's.
    fn lost_its_name(&self) -> bool {
        let open = self.file.open_file().and_then(|file| sys::fstat(file).ok());
        match (sys::lstat(&self.backups.at(self.file.path())), open) {
            (Ok(named), Some(open)) => named.regular && named.id != open.id,
            (Err(error), Some(_)) => error.kind() == io::ErrorKind::NotFound,
            (_, None) => false,
        }
    }

    fn note_failure(&mut self, error: &RollError, now: Now) {
        let (count, pause) = match &self.failure {
            None => (1, PAUSES.0),
            Some(failure) => (failure.count + 1, (failure.pause * 2).min(PAUSES.1)),
        };
        if count == 1 {
            self.file.diag().warn(format_args!(
                "{}: cannot roll over: {error}; going on in this file, and trying again",
                self.file.name()
            ));
        }
        self.failure = Some(Failure {
            count,
            pause,
            again: now.mono + pause,
        });
    }

    fn roll(&mut self, now: Now) -> Result<Job, RollError> {
        let backups = std::sync::Arc::clone(&self.backups);
        let mut names = backups.hold();
        let list = self.make_directories().and_then(|()| names.list());
        let mut list = list.map_err(|error| {
            let directory = backups.namer.directory().display();
            RollError::new(format!("cannot read the directory {directory}"), &error)
        })?;
        let steps = match backups.numbered {
            true => {
                // As another handler may have noted it.
                if let Some(file) = self.file.open_file() {
                    let _ = sys::set_sequence(file, None);
                }
                self.steps(&mut list)?
            }
            false => Vec::new(),
        };
        let mut taken: Vec<Rename> = Vec::new();
        let result = steps
            .into_iter()
            .try_for_each(|step| {
                rename(&backups, &step.from, &step.to)?;
                taken.push(step);
                Ok(())
            })
            .and_then(|()| self.leave_file(&mut names, &list, now));
        if result.is_err() {
            for step in taken.iter().rev() {
                // What can't be taken back is put in order at the next start.
                let _ = backups.rename(&step.to, &step.from);
            }
        } else if self.file.wants_sync() {
            let _ = sys::sync_directory(&backups.directory());
        }
        result
    }

    /// The renames that make number 1 free. The oldest backup moves beyond
    /// `--backups` and is deleted once the rollover is made; only where
    /// somebody else's file is in its way there, it goes before.
    fn steps(&self, list: &mut Vec<Backup>) -> Result<Vec<Rename>, RollError> {
        loop {
            let steps = names::shift(&self.backups.namer, &variables(list));
            let Some(oldest) = steps.first() else {
                return Ok(steps);
            };
            let Some(at) = list.iter().position(|backup| backup.path == oldest.from) else {
                return Ok(steps);
            };
            let last = list[at].variables.number >= self.options.keep as u64;
            if !last || sys::lstat(&self.backups.at(&oldest.to)).is_err() {
                return Ok(steps);
            }
            self.backups.delete(&list[at]).map_err(|error| {
                RollError::new(format!("cannot delete {}", oldest.from.display()), &error)
            })?;
            list.remove(at);
        }
    }

    /// The last two steps: the file gets its backup's name, and a new one is
    /// opened in its place.
    fn leave_file(
        &mut self,
        names: &mut Names<'_>,
        list: &[Backup],
        now: Now,
    ) -> Result<Job, RollError> {
        let file = self.file.path().to_owned();
        let dest = if self.backups.numbered {
            self.numbered_name(now.wall.secs())
        } else {
            let start = match (&self.options.schedule, self.roll_at) {
                (Some(schedule), Some(at)) => schedule.start(&*self.zone, at),
                _ => now.wall.secs(),
            };
            let dest = self.fresh_name(start, &variables(list), &HashSet::new());
            names.note_newest(self.file.open_file(), &dest, list);
            dest
        };
        let noted = self.file.open_file().and_then(Mark::of);
        // Before its name goes: other processes that have it open follow the name by
        // that, and must not write on in it.
        let mark = self.after.mark();
        self.note(Some(mark));
        let left = match &self.options.rotator {
            None => self.rename_away(&file, &dest),
            Some(command) => self.run_rotator(command, &file, &dest).map(|complaint| {
                names.note_made(&dest, mark);
                if let Some(error) = complaint {
                    self.complain(error.to_string());
                }
                sys::lstat(&self.backups.at(&dest)).ok().map(|meta| meta.id)
            }),
        };
        let id = left.inspect_err(|_| self.unmark(names, &dest, noted))?;
        if self.keeps_its_name(&file) {
            self.unmark(names, &dest, Some(Mark::Emptied(now.wall.secs())));
        }
        let mut switched = self.file.switch();
        if switched.as_ref().is_err_and(sys::is_full) {
            names.drop_marks();
            switched = self.file.switch();
        }
        if let Err(error) = switched {
            // Without a new file there is no rollover, unless another process
            // has made one already.
            if self.backups.rename(&dest, &file).is_ok() {
                self.unmark(names, &dest, noted);
                let doing = format!("cannot open a new {}", file.display());
                return Err(RollError::new(doing, &error));
            }
            self.file.let_go();
        }
        Ok(Job {
            id,
            path: dest,
            owed: Some(mark),
        })
    }

    /// Renames the file that is open, and no other that may have its name by now.
    fn rename_away(&self, file: &Path, dest: &Path) -> Result<Option<FileId>, RollError> {
        let open = self.file.open_file().and_then(|file| sys::fstat(file).ok());
        let named = sys::lstat(&self.backups.at(file)).ok();
        if let (Some(open), Some(named)) = (&open, &named)
            && open.id != named.id
        {
            return Err(RollError {
                doing: format!("cannot rename {}", file.display()),
                reason: "its name is another file's or a link's now".to_owned(),
            });
        }
        rename(&self.backups, file, dest)?;
        Ok(open.map(|meta| meta.id))
    }

    /// Runs the user's command in place of the rename. It has to take the file
    /// away, or to empty it: else its records would stand twice, so what it has made is
    /// deleted. One that did so and failed afterwards is complained about. It has the
    /// file locked, also where this process is killed before it ends: it would empty what
    /// the next one writes.
    fn run_rotator(
        &self,
        command: &str,
        file: &Path,
        dest: &Path,
    ) -> Result<Option<RollError>, RollError> {
        let backups = &self.backups;
        let fail = |reason: String| RollError {
            doing: "the --rotator command".to_owned(),
            reason,
        };
        let before = sys::stat(&backups.at(file)).map_err(|error| fail(plain(&error)))?;
        let open = self.file.open_file();
        let open = open.ok_or_else(|| fail("there is no open file".to_owned()))?;
        let mut shell = sys::shell_with_lock(command, open).map_err(|error| fail(plain(&error)))?;
        shell.env("LH_SOURCE", file).env("LH_DEST", dest);
        let free = made_names(dest);
        let is_there = |path: &PathBuf| sys::lstat(&backups.at(path)).is_ok();
        let free: Vec<PathBuf> = free.filter(|path| !is_there(path)).collect();
        let status = shell.status().map_err(|error| fail(plain(&error)))?;
        let failed = (!status.success()).then(|| format!("ended with {status}"));
        match sys::stat(&backups.at(file)) {
            Ok(after) if after.id == before.id && after.size >= before.size => {
                for copy in free {
                    let _ = backups.remove(&copy);
                }
                let left = || format!("left {} as it was", file.display());
                Err(fail(failed.unwrap_or_else(left)))
            }
            _ => Ok(failed.map(fail)),
        }
    }

    fn note(&self, mark: Option<Mark>) {
        if let Some(file) = self.file.open_file() {
            Mark::note(mark, file);
        }
    }

    /// Takes back what was noted with the open file, which has its name still.
    fn unmark(&self, names: &mut Names<'_>, dest: &Path, mark: Option<Mark>) {
        self.note(mark);
        if let Some(file) = self.file.open_file().filter(|_| !self.backups.numbered) {
            names.forget(file, dest);
        }
    }

    /// A `--rotator` may leave the file where it was, and empty it.
    fn keeps_its_name(&self, file: &Path) -> bool {
        let open = self.file.open_file().and_then(|file| sys::fstat(file).ok());
        let named = sys::lstat(&self.backups.at(file)).ok();
        matches!((open, named), (Some(open), Some(named)) if open.id == named.id)
    }

    fn numbered_name(&self, wall: i64) -> PathBuf {
        self.backups.namer.path(&Variables {
            number: 1,
            times: self
                .backups
                .namer
                .times(|format| format_local(&*self.zone, wall, format)),
            ending: "",
        })
    }

    /// A name for a file that began at `start`, different from every backup
    /// that is there, and from those `taken`.
    fn fresh_name(&self, start: i64, list: &[Variables], taken: &HashSet<PathBuf>) -> PathBuf {
        let namer = &self.backups.namer;
        let times = namer.times(|format| format_local(&*self.zone, start, format));
        let same = list.iter().filter(|backup| backup.times == times);
        let last = same.map(|backup| backup.number).max();
        let mut next = Variables {
            number: last.map_or(u64::from(namer.is_numbered()), |last| last + 1),
            times,
            ending: "",
        };
        loop {
            let path = namer.path(&next);
            // What is no backup, a directory for example, is not replaced either.
            if !taken.contains(&path) && sys::lstat(&self.backups.at(&path)).is_err() {
                return path;
            }
            next.number += 1;
        }
    }

    /// The rollovers to come: `count` pairs of a moment, in seconds since the
    /// epoch, and the name of the file that is made then.
    pub fn plan(&self, count: usize, now: Now) -> Vec<(i64, PathBuf)> {
        let Some(schedule) = &self.options.schedule else {
            return Vec::new();
        };
        let wall = now.wall.secs();
        let meta = sys::stat(&self.backups.at(self.file.path()))
            .ok()
            .filter(|meta| meta.size > 0);
        let began = meta.map_or(wall, |meta| {
            began(&meta, Mark::at(&self.backups.at(self.file.path()))).min(wall)
        });
        let list = variables(&self.backups.hold().list().unwrap_or_default());
        let mut taken = HashSet::new();
        let mut plan = Vec::new();
        let mut at = schedule.next(&*self.zone, began);
        while plan.len() < count && at != NEVER {
            let moment = at.max(wall);
            let start = schedule.start(&*self.zone, at);
            let path = match self.backups.numbered {
                // All that are there move on: each rollover makes number 1.
                true => self.numbered_name(moment),
                false => self.fresh_name(start, &list, &taken),
            };
            taken.insert(path.clone());
            plan.push((moment, path));
            at = schedule.next(&*self.zone, moment);
        }
        plan
    }

    /// Closes the gap that a rollover left when it was cut short.
    pub(super) fn close_gaps(&self) -> io::Result<()> {
        let mut names = self.backups.hold();
        let list = names.list()?;
        for step in names::close_gaps(&self.backups.namer, &variables(&list)) {
            match self.backups.rename(&step.from, &step.to) {
                // Somebody else's file is no gap.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => break,
                other => other?,
            }
        }
        Ok(())
    }
}

fn variables(list: &[Backup]) -> Vec<Variables> {
    list.iter().map(|backup| backup.variables.clone()).collect()
}

fn rename(backups: &Backups, from: &Path, to: &Path) -> Result<(), RollError> {
    backups.rename(from, to).map_err(|error| {
        let doing = format!("cannot rename {} to {}", from.display(), to.display());
        RollError::new(doing, &error)
    })
}
