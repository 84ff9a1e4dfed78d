//! What `rotate` and `timed` share: Python's `BaseRotatingHandler`.

mod after;
mod backups;
mod retain;
mod roll;

use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use after::{After, Job};
use backups::{Backups, MOMENT};
use retain::Count;

use super::file::{FileOptions, LogFile};
use super::{EmitError, Handler};
use crate::batch::Frames;
use crate::diag::{Diag, plain};
use crate::now::Now;
use crate::roll::compress::Method;
use crate::roll::keep::Limits;
use crate::roll::mark::Mark;
use crate::roll::names::Namer;
use crate::roll::when::{LocalZone, Schedule, UtcZone, Zone};
use crate::sys::{self, FileId, Meta};

/// How long a clock that jumps can keep an eager rollover waiting.
const CLOCK_CHECK: Duration = Duration::from_secs(5);

/// What a rotating handler is told.
#[derive(Debug)]
pub struct RotatingOptions {
    /// The handler's name on the command line.
    pub kind: &'static str,
    /// The file, and how it is written.
    pub file: FileOptions,
    /// A file does not reach this size in bytes, unless one record alone is
    /// longer. `None`: any size.
    pub max_bytes: Option<u64>,
    /// When a file is rolled over by the clock.
    pub schedule: Option<Schedule>,
    /// The calendar of the schedule and of times in names is UTC's.
    pub utc: bool,
    /// Roll over at the moment, not at the first record after it.
    pub eager: bool,
    /// How many backups are kept; 0 is all of them where they have times for
    /// names, and no rollover at all where they have numbers.
    pub backups: usize,
    /// The names of the backups.
    pub namer: Namer,
    /// Whether the number in a name counts from the newest, and moves.
    pub numbered: bool,
    /// Compress backups.
    pub compress: Option<Method>,
    /// A command that takes the place of the rename.
    pub rotator: Option<String>,
    /// A command that is run after a rollover.
    pub on_rotate: Option<String>,
    /// Retention beside the number of backups.
    pub limits: Limits,
    /// A symbolic link that is kept on the file.
    pub link: Option<PathBuf>,
}

impl RotatingOptions {
    /// Options by which a file is only ever rolled over on request.
    pub fn new(file: FileOptions, namer: Namer) -> RotatingOptions {
        RotatingOptions {
            kind: "rotate",
            file,
            max_bytes: None,
            schedule: None,
            utc: false,
            eager: false,
            backups: 0,
            namer,
            numbered: false,
            compress: None,
            rotator: None,
            on_rotate: None,
            limits: Limits::default(),
            link: None,
        }
    }
}

/// A file that is rolled over by size, by the clock, or on request.
#[derive(Debug)]
pub struct BaseRotatingHandler {
    kind: &'static str,
    file: LogFile,
    backups: Arc<Backups>,
    after: After,
    options: Rules,
    zone: Box<dyn Zone>,
    /// When the open file is due, in seconds since the epoch.
    roll_at: Option<i64>,
    /// The file that `roll_at` was computed for.
    scheduled: u64,
    /// When this was last looked at, to see a clock that steps back.
    looked_at: i64,
    /// Where the clocks stood at the start.
    started: Option<Now>,
    failure: Option<Failure>,
    /// Rollovers made.
    rollovers: u64,
    /// A rollover was made, and what it made superfluous is still there.
    retention_due: bool,
    /// What was said last of what it does beside its records.
    complained: RefCell<Option<String>>,
}

/// What is left of the options once the file and the names are built.
#[derive(Debug)]
struct Rules {
    max_bytes: Option<u64>,
    schedule: Option<Schedule>,
    eager: bool,
    keep: usize,
    rotator: Option<String>,
    limits: Limits,
    link: Option<PathBuf>,
}

/// A rollover that failed, and when it is tried again.
#[derive(Debug)]
struct Failure {
    count: u64,
    pause: Duration,
    again: Instant,
}

impl BaseRotatingHandler {
    /// A handler that has opened nothing yet.
    pub fn new(options: RotatingOptions, diag: Diag) -> BaseRotatingHandler {
        let mut file = options.file;
        // Another process may roll it over, or logrotate rename it.
        file.watch = true;
        let lock = file.lock;
        let file = LogFile::new(file, diag.clone());
        let backups = Arc::new(Backups::new(
            file.path().to_owned(),
            Arc::clone(file.directories()),
            options.namer,
            options.numbered,
            options.compress,
            lock,
            Arc::clone(file.lock_wait()),
        ));
        BaseRotatingHandler {
            kind: options.kind,
            file,
            after: After::new(Arc::clone(&backups), options.on_rotate, diag),
            backups,
            options: Rules {
                max_bytes: options.max_bytes,
                schedule: options.schedule,
                eager: options.eager,
                keep: options.backups,
                rotator: options.rotator,
                limits: options.limits,
                link: options.link,
            },
            zone: match options.utc {
                true => Box::new(UtcZone),
                false => Box::new(LocalZone),
            },
            roll_at: None,
            scheduled: 0,
            looked_at: i64::MIN,
            started: None,
            failure: None,
            rollovers: 0,
            retention_due: false,
            complained: RefCell::default(),
        }
    }

    /// Whether the file is a regular one, or is not there yet.
    fn is_plain(&self) -> bool {
        sys::stat(self.file.path()).map_or(true, |meta| meta.regular)
    }

    /// Whether this handler ever rolls over.
    pub fn rolls(&self) -> bool {
        !(self.backups.numbered && self.options.keep == 0)
    }

    /// Whether it would give this name to a file that is rolled over.
    pub fn makes(&self, path: &Path) -> bool {
        let namer = &self.backups.namer;
        let name = path.file_name();
        name.is_some_and(|name| namer.parse_name(name).is_some())
            && lie_together(sys::directory_of(path), namer.directory())
    }

    /// The link that it keeps on the current file.
    pub fn link(&self) -> Option<&Path> {
        self.options.link.as_deref()
    }

    /// Python's `shouldRollover` for the clock.
    fn is_due(&mut self, now: Now) -> bool {
        self.reschedule(now);
        let due = self.roll_at.is_some_and(|at| at <= now.wall.secs());
        due && self.rolls() && self.file.is_regular() && !self.is_held_back(now)
    }

    fn is_held_back(&self, now: Now) -> bool {
        self.failure
            .as_ref()
            .is_some_and(|failure| now.mono < failure.again)
    }

    /// Computes when the open file is due, if it is another one than before,
    /// or the clock stepped back.
    fn reschedule(&mut self, now: Now) {
        let Some(schedule) = &self.options.schedule else {
            return;
        };
        let wall = now.wall.secs();
        let stepped_back = wall < self.looked_at;
        self.looked_at = wall;
        if self.scheduled != self.file.generation() || self.roll_at.is_none() {
            self.scheduled = self.file.generation();
            let meta = self.file.open_file().and_then(|file| sys::fstat(file).ok());
            let began = match meta {
                Some(meta) if !self.file.is_empty() => {
                    began(&meta, self.file.open_file().and_then(Mark::of)).min(wall)
                }
                _ => wall,
            };
            self.roll_at = Some(schedule.next(&*self.zone, began));
        } else if stepped_back {
            // Never further away than it would be for a file that begins now.
            let next = schedule.next(&*self.zone, wall);
            self.roll_at = self.roll_at.map(|at| at.min(next));
        } else if self.file.is_empty() && self.roll_at.is_some_and(|at| at <= wall) {
            // An empty file is never rolled over: its interval begins anew.
            self.roll_at = Some(schedule.next(&*self.zone, wall));
        }
    }

    /// How many more bytes the open file may take.
    fn room(&self, now: Now) -> u64 {
        match self.options.max_bytes {
            Some(max) if self.rolls() && self.file.is_regular() && !self.is_held_back(now) => {
                (max - 1).saturating_sub(self.file.size_with_preamble())
            }
            _ => u64::MAX,
        }
    }

    /// Writes from one record end to the last, with the file locked. `false`:
    /// it was rolled over, and the next file has to be acquired.
    fn emit_locked(
        &mut self,
        frames: &Frames<'_>,
        at: &mut usize,
        now: Now,
    ) -> Result<bool, EmitError> {
        self.retain_if_due(now);
        if self.is_due(now) && !self.file.is_empty() && self.do_rollover(*at, now)? {
            return Ok(false);
        }
        while *at < frames.len() {
            let mut end = frames.cut(*at, self.room(now));
            if end == *at {
                if self.file.is_empty() {
                    end = frames.next(*at);
                } else if self.do_rollover(*at, now)? {
                    return Ok(false);
                } else {
                    // Held back now, so there is room for everything.
                    continue;
                }
            }
            self.file.append(frames, *at, end, now)?;
            *at = end;
        }
        self.file.sync_if_due(*at, now)?;
        Ok(true)
    }

    /// Runs something with the file locked, if it is there or can be made.
    fn with_file(
        &mut self,
        now: Now,
        act: impl FnOnce(&mut Self, Now) -> Result<(), EmitError>,
    ) -> Result<(), EmitError> {
        self.file.acquire(0)?;
        let result = act(self, now);
        self.file.release();
        if self.retention_due && self.file.open_file().is_some() {
            self.file.acquire(0)?;
            self.retain_if_due(now);
            self.file.release();
        }
        result
    }

    /// Finishes what a crash left half done.
    fn recover(&mut self) -> io::Result<()> {
        let _file = self.backups.lock_file(MOMENT)?;
        for temporary in self.backups.temporaries()? {
            after::clear(&self.backups, &temporary)?;
        }
        after::finish_packed(&self.backups, &AtomicBool::new(false))?;
        if self.backups.numbered {
            self.close_gaps()?;
        }
        Ok(())
    }

    /// What an earlier process had no time for.
    fn finish_leftovers(&mut self) -> io::Result<()> {
        if self.backups.method.is_none() && !self.after.has_hook() {
            return Ok(());
        }
        let list = self.backups.hold().list()?;
        for backup in list {
            let owed = self.after.left_owed(&self.backups.at(&backup.path));
            if backup.variables.ending.is_empty() || owed.is_some() {
                self.after.push(Job {
                    id: Some(backup.id),
                    path: backup.path,
                    owed,
                });
            }
        }
        Ok(())
    }

    /// The same, and makes the one for backups where that is asked for.
    fn make_directories(&self) -> io::Result<()> {
        if self.file.makes_directories() {
            let directory = self.backups.namer.directory();
            self.backups.directories.make(directory)?;
        }
        self.hold_directories()
    }

    /// Backups and the link may be in other directories than the file.
    fn hold_directories(&self) -> io::Result<()> {
        let directories = self.file.directories();
        directories.hold(self.backups.namer.directory())?;
        match &self.options.link {
            Some(link) => directories.hold(sys::directory_of(link)),
            None => Ok(()),
        }
    }

    /// Says it, unless that was what was said last.
    fn complain(&self, text: String) {
        if self.complained.borrow().as_ref() != Some(&text) {
            let name = self.file.name();
            self.file.diag().warn(format_args!("{name}: {text}"));
            self.complained.replace(Some(text));
        }
    }

    /// Takes away what a process that was killed has left of the link.
    fn clear_links(&self) {
        if let Some(link) = &self.options.link {
            let target = link_target(self.file.path(), link);
            if let Err(error) = sys::clear_links(&target, &self.backups.at(link)) {
                let name = link.display();
                let reason = plain(&error);
                self.complain(format!("cannot clear up beside the link {name}: {reason}"));
            }
        }
    }

    fn keep_link(&self) {
        if let Some(link) = &self.options.link {
            let target = link_target(self.file.path(), link);
            if let Err(error) = sys::replace_link(&target, &self.backups.at(link)) {
                let name = link.display();
                self.complain(format!("cannot keep the link {name}: {}", plain(&error)));
            }
        }
    }
}

impl Handler for BaseRotatingHandler {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn target(&self) -> String {
        self.file.name()
    }

    fn empties(&self) -> bool {
        self.file.empties_at_start()
    }

    fn lacks_mkdir(&self) -> bool {
        !self.file.makes_directories()
    }

    fn check(&self) -> io::Result<()> {
        self.file.check()?;
        let directory = self.backups.namer.directory();
        self.hold_directories()?;
        if !directory.is_dir() && !self.file.makes_directories() {
            let text = format!(
                "{}{} for its backups",
                sys::NO_DIRECTORY,
                directory.display()
            );
            return Err(io::Error::new(io::ErrorKind::NotFound, text));
        }
        match &self.options.link {
            Some(link) => sys::check_link(link).map_err(|error| {
                let text = format!("--link {}: {}", link.display(), plain(&error));
                io::Error::new(error.kind(), text)
            }),
            None => Ok(()),
        }
    }

    fn probe(&self) -> Result<String, String> {
        let asked = self.options.max_bytes.is_some() || self.options.schedule.is_some();
        // A command in the place of the rename may need no right of ours.
        if asked && self.rolls() && self.options.rotator.is_none() && self.is_plain() {
            let own = sys::directory_of(self.file.path());
            for directory in [own, self.backups.namer.directory()] {
                sys::check_directory(directory).map_err(|error| {
                    let (directory, error) = (directory.display(), plain(&error));
                    format!("it can be written, and not rolled over: {directory}: {error}")
                })?;
            }
        }
        Ok("it can be written".to_owned())
    }

    fn writes_to(&self, file: &std::fs::File) -> bool {
        self.file.is_same(file)
    }

    fn unsettled(&self) -> u64 {
        self.file.unsynced_records()
    }

    fn open(&mut self, now: Now) -> io::Result<()> {
        self.started = Some(now);
        self.file.open_at_start()?;
        self.make_directories()?;
        // What is no regular file has no backups.
        let opened = self.file.open_file().is_some();
        if opened && !self.file.is_regular()
            || sys::stat(&self.backups.at(self.file.path())).is_ok_and(|meta| !meta.regular)
        {
            return Ok(());
        }
        if let Err(error) = self.recover().and_then(|()| self.finish_leftovers()) {
            self.complain(format!(
                "cannot look through its backups: {}",
                plain(&error)
            ));
        }
        if self.options.limits != Limits::default() {
            let _file = self.backups.lock_file(MOMENT)?;
            self.retain(now, Count::Ignored);
        }
        self.clear_links();
        self.keep_link();
        self.reschedule(now);
        Ok(())
    }

    fn emit(&mut self, frames: &Frames<'_>, from: usize, now: Now) -> Result<(), EmitError> {
        if from == frames.len() && !self.file.owes() {
            return Ok(());
        }
        let mut at = from;
        loop {
            self.file.acquire(at)?;
            let result = self.emit_locked(frames, &mut at, now);
            self.file.release();
            if result? {
                return Ok(());
            }
        }
    }

    fn deadline(&self, now: Now) -> Option<Instant> {
        let eager = self
            .roll_at
            .filter(|_| self.options.eager && self.rolls() && !self.file.is_empty());
        let roll = eager.map(|at| {
            let left = u64::try_from(at.saturating_sub(now.wall.secs())).unwrap_or(0);
            let within = Duration::from_nanos(now.wall.subsec_nanos().into());
            let left = Duration::from_secs(left)
                .saturating_sub(within)
                .min(CLOCK_CHECK);
            let held_back = self
                .failure
                .as_ref()
                .map_or(now.mono, |failure| failure.again);
            (now.mono + left).max(held_back)
        });
        [roll, self.file.sync_deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    fn tick(&mut self, now: Now) -> Result<(), EmitError> {
        self.file.tick(now)?;
        if self.options.eager && self.is_due(now) && !self.file.is_empty() {
            self.with_file(now, |handler, now| {
                if handler.is_due(now) && !handler.file.is_empty() {
                    handler.do_rollover(0, now)?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    fn reopen(&mut self, now: Now) {
        self.file.reopen(now);
        self.reschedule(now);
    }

    fn roll_over(&mut self, now: Now) {
        if !self.rolls() {
            return;
        }
        self.failure = None;
        let rolled = self.with_file(now, |handler, now| {
            handler.reschedule(now);
            if handler.file.is_regular() && !handler.file.is_empty() {
                handler.do_rollover(0, now)?;
            }
            Ok(())
        });
        // Where it could not even be opened, nothing was to be rolled over, and the
        // next record says why.
        if let Err(error) = rolled
            && self.file.open_file().is_some()
        {
            self.complain(format!("cannot roll over: {}", plain(&error.source)));
        }
    }

    fn rollovers(&self) -> u64 {
        self.rollovers
    }

    fn abandon(&mut self) {
        self.file.abandon();
    }

    fn prunes(&self) -> bool {
        true
    }

    fn prune(&mut self) -> bool {
        let Ok(_file) = self.backups.lock_file(MOMENT) else {
            return false;
        };
        let list = self.backups.hold().list().unwrap_or_default();
        let open = self.file.open_file().and_then(|file| sys::fstat(file).ok());
        // On another file system it takes no room from this one.
        let here = |id: FileId| open.as_ref().is_none_or(|open| open.id.is_near(id));
        let oldest = list.first().filter(|oldest| here(oldest.id));
        oldest.is_some_and(|oldest| {
            let gone = self.backups.delete(oldest).is_ok();
            if gone {
                let (name, oldest) = (self.file.name(), oldest.path.display());
                let diag = self.file.diag();
                diag.warn(format_args!("{name}: the disk is full: deleted {oldest}"));
            }
            gone
        })
    }

    fn doubtful(&self) -> Option<String> {
        self.file.doubtful()
    }

    fn close(&mut self, now: Now, hurry: bool) -> Result<(), EmitError> {
        self.retain_if_due(now);
        let closed = self.file.close(now);
        // Of what fails or hangs here nothing is lost.
        match self.after.finish(hurry) {
            false => closed.and(Err(EmitError::slow(0))),
            true => closed,
        }
    }
}

/// When a file began: where a `--rotator` has emptied it, then.
fn began(meta: &Meta, mark: Option<Mark>) -> i64 {
    match mark {
        Some(Mark::Emptied(at)) => at.max(meta.began()),
        _ => meta.began(),
    }
}

/// Whether two directories are one, or would be.
fn lie_together(one: &Path, other: &Path) -> bool {
    // One that is to be made can only be told by its name.
    let real = |path| std::fs::canonicalize(path).ok();
    let found = real(one);
    one == other || found.is_some() && found == real(other)
}

/// What a link has to hold to lead to the file.
fn link_target(file: &Path, link: &Path) -> PathBuf {
    if sys::directory_of(file) == sys::directory_of(link) {
        return file
            .file_name()
            .map_or_else(|| file.to_owned(), PathBuf::from);
    }
    std::path::absolute(file).unwrap_or_else(|_| file.to_owned())
}
