//! What follows a rollover, on a thread of its own: compression and the
//! user's command. Nothing here is waited for while records come in.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::backups::{Backup, Backups, LONG_MOMENT};
use crate::diag::{Diag, plain};
use crate::roll::compress::{self, ENDINGS, Method};
use crate::roll::mark::Mark;
use crate::sys::{self, FileId, Owner};

/// How often a name that others want too is tried.
const CLAIMS: u32 = 8;

/// A file that was rolled over. It goes by its identity, because the next
/// rollover may give it another name.
#[derive(Debug)]
pub(super) struct Job {
    /// `None`: nothing is where the user's command was told to put it.
    pub(super) id: Option<FileId>,
    /// Its name when it was rolled over.
    pub(super) path: PathBuf,
    /// What is noted with it where the user's command is to be run for it.
    pub(super) owed: Option<Mark>,
}

/// The thread, which is started by the first job.
#[derive(Debug)]
pub(super) struct After {
    backups: Arc<Backups>,
    hook: Option<String>,
    diag: Diag,
    stop: Arc<AtomicBool>,
    /// Nor is the user's command run any more.
    leave: Arc<AtomicBool>,
    /// The user's command runs now.
    at_hook: Arc<AtomicBool>,
    /// Since when the end is waited for.
    since: Option<Instant>,
    /// How long that is not told.
    silent: Duration,
    /// It was told.
    told: bool,
    /// How many backups were made that the command is to be run for.
    owed: u64,
    running: Option<Running>,
}

/// The thread while it runs.
#[derive(Debug)]
struct Running {
    /// Where jobs go to; none comes any more once it is dropped.
    jobs: Option<Sender<Job>>,
    /// Closed when it has ended.
    ended: Receiver<()>,
    thread: JoinHandle<()>,
}

/// How long the user's command is run for what is left when a run is asked to end.
const GRACE: Duration = Duration::from_secs(1);

/// How long the end of the thread is waited for before signals are looked at.
const PATIENCE: Duration = Duration::from_millis(100);

/// How long the user's command is waited for at the end before that is told.
const SILENT: Duration = Duration::from_secs(5);

impl After {
    pub(super) fn new(backups: Arc<Backups>, hook: Option<String>, diag: Diag) -> After {
        After {
            backups,
            hook,
            diag,
            stop: Arc::new(AtomicBool::new(false)),
            leave: Arc::new(AtomicBool::new(false)),
            at_hook: Arc::new(AtomicBool::new(false)),
            since: None,
            silent: SILENT,
            told: false,
            owed: 0,
            running: None,
        }
    }

    /// What is to be noted with a file that is rolled over now.
    pub(super) fn mark(&mut self) -> Mark {
        if self.hook.is_none() {
            return Mark::Rolled;
        }
        self.owed += 1;
        Mark::Owed {
            by: std::process::id(),
            number: self.owed,
        }
    }

    /// Whether there is a command to be run after a rollover.
    pub(super) fn has_hook(&self) -> bool {
        self.hook.is_some()
    }

    /// What is noted with a backup that an earlier process was to run the user's
    /// command for, where that one came to its end before it did.
    pub(super) fn left_owed(&self, path: &Path) -> Option<Mark> {
        let mark = self.hook.as_ref().and_then(|_| Mark::at(path));
        mark.filter(|mark| match mark {
            Mark::Owed { by, .. } => *by == std::process::id() || !sys::is_process(*by),
            Mark::Rolled | Mark::Emptied(_) => false,
        })
    }

    /// Hands over a file, if there is anything to do after a rollover.
    pub(super) fn push(&mut self, job: Job) {
        if self.backups.method.is_none() && (job.owed.is_none() || self.hook.is_none()) {
            return;
        }
        if self.running.is_none() {
            let (sender, jobs) = channel();
            let (ending, ended) = channel();
            let worker = Worker {
                backups: Arc::clone(&self.backups),
                hook: self.hook.clone(),
                diag: self.diag.clone(),
                stop: Arc::clone(&self.stop),
                leave: Arc::clone(&self.leave),
                at_hook: Arc::clone(&self.at_hook),
                missed: AtomicBool::new(false),
                failures: AtomicU64::new(0),
            };
            let thread = std::thread::Builder::new().name("after-rollover".to_owned());
            let run = move || {
                worker.run(&jobs);
                worker.sum_up();
                drop::<Sender<()>>(ending);
            };
            match thread.spawn(run) {
                Ok(thread) => {
                    self.running = Some(Running {
                        jobs: Some(sender),
                        ended,
                        thread,
                    });
                }
                Err(error) => {
                    self.diag.warn(format_args!(
                        "{}: cannot start a thread: {}; backups stay as they are",
                        self.backups.file.display(),
                        plain(&error)
                    ));
                    return;
                }
            }
        }
        if let Some(sender) = self.running.as_ref().and_then(|run| run.jobs.as_ref()) {
            // The thread ends only when the sender is dropped.
            let _ = sender.send(job);
        }
    }

    /// Waits for what is to be done, for a moment; `false`: it is not done yet. In a
    /// hurry, what is not done soon is left to the next start.
    pub(super) fn finish(&mut self, hurry: bool) -> bool {
        self.stop.fetch_or(hurry, Ordering::Relaxed);
        let Some(running) = &mut self.running else {
            return true;
        };
        running.jobs = None;
        let most = if hurry { GRACE } else { PATIENCE };
        let slow = running.ended.recv_timeout(most) == Err(RecvTimeoutError::Timeout);
        if slow && !hurry {
            self.tell_of_hook();
            return false;
        }
        self.leave.store(true, Ordering::Relaxed);
        if let Some(running) = self.running.take() {
            let _ = running.thread.join();
        }
        true
    }
}

impl After {
    /// A command that hangs would keep lh for ever, and nobody knew why.
    fn tell_of_hook(&mut self) {
        let since = *self.since.get_or_insert_with(Instant::now);
        if self.told || since.elapsed() < self.silent || !self.at_hook.load(Ordering::Relaxed) {
            return;
        }
        self.told = true;
        self.diag.warn(format_args!(
            "{}: all is written, and lh waits for the --on-rotate command, which has not ended; \
             SIGTERM ends lh and lets the command go on",
            self.backups.file.display()
        ));
    }
}

impl Drop for After {
    fn drop(&mut self) {
        self.leave.store(true, Ordering::Relaxed);
        self.finish(true);
    }
}

struct Worker {
    backups: Arc<Backups>,
    hook: Option<String>,
    diag: Diag,
    stop: Arc<AtomicBool>,
    leave: Arc<AtomicBool>,
    at_hook: Arc<AtomicBool>,
    /// It was told that there was nothing to run the command for.
    missed: AtomicBool,
    /// How often the command failed.
    failures: AtomicU64,
}

/// What came of a compression.
enum Packed {
    /// The file is under this name now.
    At(PathBuf),
    /// It was deleted meanwhile, or another process is at it.
    NotOurs,
}

impl Worker {
    fn run(&self, jobs: &Receiver<Job>) {
        // What could not be compressed, as on a full disk: tried again after
        // each that could, and at the end.
        let mut failed: Vec<Job> = Vec::new();
        let mut told = false;
        for job in jobs {
            let mut todo = vec![job];
            while let Some(job) = todo.pop() {
                if self.stop.load(Ordering::Relaxed) {
                    let rest = failed.into_iter().chain(todo).chain([job]).chain(jobs);
                    return self.leave(rest);
                }
                match self.handle(&job) {
                    Ok(()) => todo.append(&mut failed),
                    Err(error) => {
                        self.tell(&error, &mut told);
                        failed.push(job);
                    }
                }
            }
        }
        // What another process was at may be left, if that was stopped.
        if self.backups.method.is_some() {
            self.finish_for_others();
        }
        let plain = self.plain_ones().unwrap_or_default();
        let mut rest = failed.into_iter().chain(plain);
        while let Some(job) = rest.next() {
            if self.stop.load(Ordering::Relaxed) {
                return self.leave(std::iter::once(job).chain(rest));
            }
            if let Err(error) = self.handle(&job) {
                self.tell(&error, &mut told);
                self.hook_for(&job);
            }
        }
    }

    /// The backups that are to be compressed and are not. Not those that are: a look at
    /// each costs a reading of the directory, which takes minutes where they are thousands.
    fn plain_ones(&self) -> io::Result<Vec<Job>> {
        if self.backups.method.is_none() {
            return Ok(Vec::new());
        }
        let list = self.backups.hold().list()?.into_iter();
        let plain = list.filter(|backup| backup.variables.ending.is_empty());
        let job = |backup: Backup| Job {
            id: Some(backup.id),
            path: backup.path,
            owed: None,
        };
        Ok(plain.map(job).collect())
    }

    /// What is left when the run is asked to end: the next start compresses, and runs
    /// the command for what it is not run for soon.
    fn leave<'j>(&self, jobs: impl Iterator<Item = Job> + 'j) {
        let mut left = 0;
        for job in jobs.filter(|job| job.owed.is_some() && self.hook.is_some()) {
            match self.leave.load(Ordering::Relaxed) {
                true => left += 1,
                false => self.hook_for(&job),
            }
        }
        if left > 0 {
            self.diag.warn(format_args!(
                "{}: ended before --on-rotate was run for {left} backups; the next start with \
                 it does that",
                self.backups.file.display()
            ));
        }
    }

    /// Where another process was killed between the two steps of a
    /// replacement, its records stand twice. Only under the lock is it known
    /// that none is between them right now.
    fn finish_for_others(&self) {
        if let Ok(Some(_file)) = self.backups.lock_file(LONG_MOMENT) {
            // What fails here is done by the next start.
            let _ = finish_packed(&self.backups, &self.stop);
        }
    }

    fn tell(&self, error: &io::Error, told: &mut bool) {
        if !self.stop.load(Ordering::Relaxed) && !std::mem::replace(told, true) {
            self.diag.warn(format_args!(
                "{}: cannot compress a backup: {}; trying again later, or at the next start",
                self.backups.file.display(),
                plain(error)
            ));
        }
    }

    /// Compresses the file, if that is asked for, and runs the command.
    fn handle(&self, job: &Job) -> io::Result<()> {
        let packed = match (self.backups.method, job.id) {
            (Some(method), Some(id)) => self.pack(id, method)?,
            _ => Packed::NotOurs,
        };
        match packed {
            Packed::At(path) => self.run_hook(&path, job),
            Packed::NotOurs => self.hook_for(job),
        }
        Ok(())
    }

    /// Runs the command for a file that was not compressed here. Not under a name
    /// that is another file's by now: retention may have been faster.
    fn hook_for(&self, job: &Job) {
        if job.owed.is_none() || self.hook.is_none() {
            return;
        }
        let path = match job.id {
            // The user's --rotator knows what it made of it.
            None => Some(job.path.clone()),
            Some(id) => self.locate(id).ok().flatten().or_else(|| self.packed(job)),
        };
        match path {
            Some(path) => self.run_hook(&path, job),
            None if !self.missed.swap(true, Ordering::Relaxed) => self.diag.warn(format_args!(
                "{}: a backup was gone before --on-rotate could be run for it; --backups keeps \
                 more of them",
                self.backups.file.display()
            )),
            None => {}
        }
    }

    /// What another process has compressed, where the name tells that.
    fn packed(&self, job: &Job) -> Option<PathBuf> {
        let mut endings = ENDINGS.iter().filter(|_| !self.backups.numbered);
        endings.find_map(|ending| {
            let mut name = job.path.clone().into_os_string();
            name.push(ending);
            let path = PathBuf::from(name);
            sys::lstat(&self.backups.at(&path)).is_ok().then_some(path)
        })
    }

    /// Where rollovers have moved the file to.
    fn locate(&self, id: FileId) -> io::Result<Option<PathBuf>> {
        let list = self.backups.hold().list()?;
        Ok(list
            .into_iter()
            .find(|backup| backup.id == id)
            .map(|backup| backup.path))
    }

    /// Compresses a file under a temporary name, makes that durable, and puts
    /// it in the file's place, wherever rollovers have moved it meanwhile.
    fn pack(&self, id: FileId, method: Method) -> io::Result<Packed> {
        let list = self.backups.hold().list()?;
        let path = match list.into_iter().find(|backup| backup.id == id) {
            Some(backup) if backup.variables.ending.is_empty() => backup.path,
            _ => return Ok(Packed::NotOurs),
        };
        let mut source = match File::open(self.backups.at(&path)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return self.pack(id, method),
            Err(error) => return Err(error),
        };
        let meta = sys::fstat(&source)?;
        if meta.id != id {
            // It was moved between the look and the opening.
            return self.pack(id, method);
        }
        let ending = method.ending();
        let temporary = self
            .backups
            .namer
            .temporary(&self.backups.file, id.number(), ending);
        let claimed = claim(&self.backups, &temporary, meta.owner).or_else(|error| {
            if !sys::is_full(&error) {
                return Err(error);
            }
            self.backups.hold().drop_marks();
            claim(&self.backups, &temporary, meta.owner)
        });
        let Some(mut packed) = claimed? else {
            return Ok(Packed::NotOurs);
        };
        let result = (|| {
            compress::compress(method, &mut source, &mut packed, &self.stop)?;
            packed.flush()?;
            if let Ok(modified) = source.metadata().and_then(|meta| meta.modified()) {
                // The age of what is in it, not of the compression.
                let _ = packed.set_modified(modified);
            }
            if let Some(sequence) = sys::sequence(&source) {
                let _ = sys::set_sequence(&packed, Some(sequence));
            }
            // Nobody has it open, so nobody has to see that it is a backup.
            if let Some(owed @ Mark::Owed { .. }) = Mark::of(&source) {
                Mark::note(Some(owed), &packed);
            }
            // Before the source goes, this has to be on the disk.
            packed.sync_all()?;
            self.replace(id, &temporary, ending)
        })();
        if !matches!(result, Ok(Packed::At(_))) {
            let _ = self.backups.remove(&temporary);
        }
        result
    }

    fn replace(
        &self,
        source: FileId,
        temporary: &Path,
        ending: &'static str,
    ) -> io::Result<Packed> {
        let _file = self.backups.lock_file(LONG_MOMENT)?;
        let mut names = self.backups.hold();
        let list = names.list()?;
        let Some(backup) = list.iter().find(|backup| backup.id == source) else {
            return Ok(Packed::NotOurs);
        };
        let mut variables = backup.variables.clone();
        variables.ending = ending;
        let packed = self.backups.namer.path(&variables);
        self.backups.rename(temporary, &packed)?;
        let replaced = sys::sync_directory(&self.backups.directory()).and_then(|()| {
            // Where no lock is to be had, it may be another backup by now.
            match sys::lstat(&self.backups.at(&backup.path))?.id == source {
                true => self.backups.remove(&backup.path),
                false => Err(io::ErrorKind::NotFound.into()),
            }
        });
        if let Err(error) = replaced {
            // Or its records would stand twice.
            let _ = self.backups.remove(&packed);
            return Err(error);
        }
        Ok(Packed::At(packed))
    }

    fn run_hook(&self, dest: &Path, job: &Job) {
        let (Some(command), Some(owed)) = (&self.hook, job.owed) else {
            return;
        };
        // The number of a file that is gone may be another's by now.
        if Mark::at(&self.backups.at(dest)).is_some_and(|mark| mark != owed) {
            return;
        }
        let mut shell = sys::shell(command);
        shell
            .env("LH_SOURCE", &self.backups.file)
            .env("LH_DEST", dest);
        shell.stdin(std::process::Stdio::null());
        self.at_hook.store(true, Ordering::Relaxed);
        let ended = shell.spawn().and_then(|mut child| {
            loop {
                match child.try_wait()? {
                    Some(status) => return Ok(Some(status)),
                    // The command goes on by itself.
                    None if self.leave.load(Ordering::Relaxed) => return Ok(None),
                    None => std::thread::sleep(Duration::from_millis(10)),
                }
            }
        });
        self.at_hook.store(false, Ordering::Relaxed);
        if ended.is_ok() {
            self.settle(dest, owed);
        }
        let failed = match ended {
            Ok(Some(status)) if !status.success() => {
                format!("the --on-rotate command ended with {status}")
            }
            Ok(_) => return,
            Err(error) => format!("cannot run the --on-rotate command: {}", plain(&error)),
        };
        // Once; after that they are counted.
        if self.failures.fetch_add(1, Ordering::Relaxed) == 0 {
            self.diag.warn(format_args!("{}: {failed}", dest.display()));
        }
    }

    /// Notes that nothing is owed any more to the backup that had this name: rollovers
    /// may have given it another one meanwhile.
    fn settle(&self, dest: &Path, owed: Mark) {
        let note = |path: &Path| {
            let file = sys::open_existing(&self.backups.at(path));
            let file = file.ok().filter(|file| Mark::of(file) == Some(owed));
            file.map(|file| Mark::note(Some(Mark::Rolled), &file))
        };
        let list = || self.backups.hold().list().unwrap_or_default();
        if note(dest).is_none() {
            let _ = list().iter().find_map(|backup| note(&backup.path));
        }
    }

    /// Says how often more the command failed than it was told.
    fn sum_up(&self) {
        let failures = self.failures.load(Ordering::Relaxed);
        if failures > 1 {
            self.diag.warn(format_args!(
                "{}: the --on-rotate command failed {failures} times",
                self.backups.file.display()
            ));
        }
    }
}

/// Makes a temporary file and locks it. `None`: another process has it.
fn claim(backups: &Backups, temporary: &Path, owner: Owner) -> io::Result<Option<File>> {
    let place = backups.at(temporary);
    for _ in 0..CLAIMS {
        if !clear(backups, temporary)? {
            return Ok(None);
        }
        let file = match sys::create_new(&place, owner) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            other => other?,
        };
        // Before the lock is held, others may take the file for a leftover.
        let ours = sys::try_lock(&file).unwrap_or(true)
            && sys::lstat(&place)
                .is_ok_and(|meta| sys::fstat(&file).is_ok_and(|own| own.id == meta.id));
        if ours {
            return Ok(Some(file));
        }
    }
    Ok(None)
}

/// Removes a temporary file that a crash left. `false`: it is in use.
pub(super) fn clear(backups: &Backups, temporary: &Path) -> io::Result<bool> {
    let file = match sys::open_existing(&backups.at(temporary)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    };
    if !sys::try_lock(&file)? {
        return Ok(false);
    }
    match backups.remove(temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(true),
    }
}

/// Finishes what a crash left between a compressed file and its source: where
/// both are there and hold the same, the source goes.
pub(super) fn finish_packed(backups: &Backups, stop: &AtomicBool) -> io::Result<()> {
    let list = backups.hold().list()?;
    for plain in list
        .iter()
        .filter(|backup| backup.variables.ending.is_empty())
    {
        for (ending, method) in ENDINGS.into_iter().zip([Method::Gzip(6), Method::Zstd(3)]) {
            let mut variables = plain.variables.clone();
            variables.ending = ending;
            let Ok(packed) = File::open(backups.at(&backups.namer.path(&variables))) else {
                continue;
            };
            let mut ours = io::BufReader::new(File::open(backups.at(&plain.path))?);
            let mut theirs = compress::reader(method, packed)?;
            if compress::same(&mut ours, &mut theirs, stop).unwrap_or(false) {
                backups.remove(&plain.path)?;
                break;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handler::RotatingFileHandler;
    use crate::handler::file::LockWait;
    use crate::sys::Directories;
    use std::sync::Mutex;

    #[test]
    fn a_command_that_does_not_end_is_told_of_once() {
        let folder = tempfile::tempdir().unwrap();
        let (file, path) = (folder.path().join("a"), folder.path().join("a.1"));
        std::fs::write(&path, "x").unwrap();
        let namer = RotatingFileHandler::namer("{base}.{n}", &file).unwrap();
        let lock_wait = LockWait::new("a".to_owned(), Diag::silent());
        let directories = Arc::new(Directories::new(false));
        let backups = Backups::new(file, directories, namer, true, None, false, lock_wait);
        let said = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&said);
        let diag = Diag::new(move |_, text| sink.lock().unwrap().push(text.to_string()));
        let hook = "while [ -e \"$LH_DEST\" ] && ! [ -e \"$LH_SOURCE.go\" ]; do sleep 0.01; done";
        let mut after = After::new(Arc::new(backups), Some(hook.to_owned()), diag);
        let owed = Some(after.mark());
        let id = Some(sys::lstat(&path).unwrap().id);
        after.push(Job { id, path, owed });
        // Mostly it ends soon.
        for _ in 0..3 {
            assert!(!after.finish(false));
        }
        assert_eq!(*said.lock().unwrap(), [""; 0]);
        after.silent = Duration::ZERO;
        let deadline = Instant::now() + Duration::from_secs(15);
        while said.lock().unwrap().is_empty() {
            assert!(!after.finish(false) && Instant::now() < deadline);
        }
        assert!(!after.finish(false));
        std::fs::write(folder.path().join("a.go"), "").unwrap();
        while !after.finish(false) {}
        let said = said.lock().unwrap();
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(
            said[0].contains("waits for the --on-rotate command"),
            "{said:?}"
        );
    }
}
