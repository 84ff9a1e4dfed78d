//! What follows a rollover, on a thread of its own: compression and the
//! user's command. Nothing here is waited for while records come in.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::backups::Backups;
use crate::diag::{Diag, plain};
use crate::roll::compress::{self, ENDINGS, Method};
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
    /// Whether the user's command is run for it.
    pub(super) hook: bool,
}

/// The thread, which is started by the first job.
#[derive(Debug)]
pub(super) struct After {
    backups: Arc<Backups>,
    hook: Option<String>,
    diag: Diag,
    stop: Arc<AtomicBool>,
    running: Option<(Sender<Job>, JoinHandle<()>)>,
}

impl After {
    pub(super) fn new(backups: Arc<Backups>, hook: Option<String>, diag: Diag) -> After {
        After {
            backups,
            hook,
            diag,
            stop: Arc::new(AtomicBool::new(false)),
            running: None,
        }
    }

    /// Hands over a file, if there is anything to do after a rollover.
    pub(super) fn push(&mut self, job: Job) {
        if self.backups.method.is_none() && !(job.hook && self.hook.is_some()) {
            return;
        }
        if self.running.is_none() {
            let (sender, jobs) = channel();
            let worker = Worker {
                backups: Arc::clone(&self.backups),
                hook: self.hook.clone(),
                diag: self.diag.clone(),
                stop: Arc::clone(&self.stop),
                missed: AtomicBool::new(false),
            };
            let thread = std::thread::Builder::new().name("after-rollover".to_owned());
            match thread.spawn(move || worker.run(&jobs)) {
                Ok(thread) => self.running = Some((sender, thread)),
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
        if let Some((sender, _)) = &self.running {
            // The thread ends only when the sender is dropped.
            let _ = sender.send(job);
        }
    }

    /// Waits for what is to be done; in a hurry, leaves it to the next start.
    pub(super) fn finish(&mut self, hurry: bool) {
        self.stop.fetch_or(hurry, Ordering::Relaxed);
        if let Some((sender, thread)) = self.running.take() {
            drop(sender);
            let _ = thread.join();
        }
    }
}

impl Drop for After {
    fn drop(&mut self) {
        self.finish(true);
    }
}

struct Worker {
    backups: Arc<Backups>,
    hook: Option<String>,
    diag: Diag,
    stop: Arc<AtomicBool>,
    /// It was told that there was nothing to run the command for.
    missed: AtomicBool,
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
                    return;
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
        let list = self
            .backups
            .method
            .and_then(|_| self.backups.hold().list().ok());
        let plain = list.unwrap_or_default().into_iter().map(|backup| Job {
            id: Some(backup.id),
            path: backup.path,
            hook: false,
        });
        for job in failed.into_iter().chain(plain) {
            if let Err(error) = self.handle(&job) {
                self.tell(&error, &mut told);
                self.hook_for(&job);
            }
        }
    }

    /// Where another process was killed between the two steps of a
    /// replacement, its records stand twice. Only under the lock is it known
    /// that none is between them right now.
    fn finish_for_others(&self) {
        if let Ok(Some(_file)) = self.backups.lock_file() {
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
            Packed::At(path) if job.hook => self.run_hook(&path),
            Packed::At(_) => {}
            Packed::NotOurs => self.hook_for(job),
        }
        Ok(())
    }

    /// Runs the command for a file that was not compressed here. Not under a name
    /// that is another file's by now: retention may have been faster.
    fn hook_for(&self, job: &Job) {
        if !job.hook || self.hook.is_none() {
            return;
        }
        let path = match job.id {
            // The user's --rotator knows what it made of it.
            None => Some(job.path.clone()),
            Some(id) => self.locate(id).ok().flatten().or_else(|| self.packed(job)),
        };
        match path {
            Some(path) => self.run_hook(&path),
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
        let Some(mut packed) = claim(&self.backups, &temporary, meta.owner)? else {
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
                let _ = sys::set_sequence(&packed, sequence);
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
        let _file = self.backups.lock_file()?;
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

    fn run_hook(&self, dest: &Path) {
        let Some(command) = &self.hook else {
            return;
        };
        let mut shell = sys::shell(command);
        shell
            .env("LH_SOURCE", &self.backups.file)
            .env("LH_DEST", dest);
        shell.stdin(std::process::Stdio::null());
        let ended = shell.spawn().and_then(|mut child| {
            loop {
                match child.try_wait()? {
                    Some(status) => return Ok(Some(status)),
                    // The command goes on by itself.
                    None if self.stop.load(Ordering::Relaxed) => return Ok(None),
                    None => std::thread::sleep(Duration::from_millis(10)),
                }
            }
        });
        match ended {
            Ok(Some(status)) if !status.success() => self.diag.warn(format_args!(
                "{}: the --on-rotate command ended with {status}",
                dest.display()
            )),
            Ok(_) => {}
            Err(error) => self.diag.warn(format_args!(
                "{}: cannot run the --on-rotate command: {}",
                dest.display(),
                plain(&error)
            )),
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
