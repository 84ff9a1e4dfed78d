//! A file that several processes may append to: opened with care, locked
//! around each batch, and left with whole records only.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::acquire::remove_for_all;
use super::durable::Durable;
use super::lock_wait::LockWait;
use crate::batch::Frames;
use crate::diag::{Diag, plain};
use crate::fsync::Fsync;
use crate::handler::{EmitError, Fault};
use crate::now::Now;
use crate::sys::{self, Directories, FileId, OpenRules, Owner, Place};

/// What a file handler is told about its file.
#[derive(Clone, Debug)]
pub struct FileOptions {
    /// The file.
    pub path: PathBuf,
    /// Empty the file when it is first opened.
    pub truncate: bool,
    /// Open it at the first record only.
    pub delay: bool,
    /// Follow the name: open it anew when another file, or none, stands there.
    pub watch: bool,
    /// Permission bits of a file that is made, in place of the umask's.
    pub perm: Option<u32>,
    /// Make missing directories.
    pub mkdir: bool,
    /// Take links and special files in directories that others can write.
    pub follow: bool,
    /// Lock the file around each batch against other writers.
    pub lock: bool,
    /// When what was written is made durable.
    pub fsync: Fsync,
    /// What stands at the beginning of each file: a byte order mark.
    pub preamble: &'static [u8],
    /// What a record ends with; it also ends a line that was cut short.
    pub terminator: Vec<u8>,
}

impl FileOptions {
    /// The defaults for a file.
    pub fn new(path: impl Into<PathBuf>) -> FileOptions {
        FileOptions {
            path: path.into(),
            truncate: false,
            delay: false,
            watch: false,
            perm: None,
            mkdir: false,
            follow: false,
            lock: true,
            fsync: Fsync::Never,
            preamble: b"",
            terminator: b"\n".to_vec(),
        }
    }
}

impl FileOptions {
    /// Puts the file that a symbolic link leads to in the link's place, for
    /// handlers that rename it: else the link would be renamed.
    #[must_use]
    pub fn behind_link(mut self) -> FileOptions {
        if let Some(path) = sys::behind_link(&self.path, self.follow) {
            self.path = path;
        }
        self
    }
}

/// The file that is open now.
#[derive(Debug)]
pub(super) struct Current {
    pub(super) file: std::fs::File,
    pub(super) id: FileId,
    pub(super) regular: bool,
    /// Its size when this process last looked or wrote; `None` before that,
    /// and for what is no regular file.
    pub(super) expected: Option<u64>,
    /// Its size when it was opened.
    pub(super) opened: u64,
    /// Whether its last byte has to be looked at before the next record.
    pub(super) check_tail: bool,
}

/// A file that is appended to, by this process and others.
#[derive(Debug)]
pub struct LogFile {
    pub(super) options: FileOptions,
    pub(super) directories: Arc<Directories>,
    /// The file in the directory where it was opened, once it was.
    place: Option<Place<'static>>,
    pub(super) diag: Diag,
    pub(super) current: Option<Current>,
    pub(super) durable: Durable,
    /// Mode and owner for the next file that is made.
    pub(super) inherit: Option<Owner>,
    pub(super) locked: bool,
    pub(super) lock_wait: Arc<LockWait>,
    pub(super) opened_before: bool,
    /// It was made, and it is not known that its name is on the disk.
    name_unsynced: bool,
    /// Bytes of the first undelivered record that are in the file already.
    pub(super) begun: usize,
    /// How many files were opened so far.
    pub(super) generation: u64,
    /// The name could not be followed, and the user was told.
    pub(super) told_lost: bool,
    /// A file that was left could not be closed without an error.
    close_failed: Option<io::Error>,
}

impl LogFile {
    /// Opens nothing yet.
    pub fn new(options: FileOptions, diag: Diag) -> LogFile {
        LogFile {
            lock_wait: LockWait::new(options.path.display().to_string(), diag.clone()),
            durable: Durable::new(options.fsync),
            directories: Arc::new(Directories::new(options.follow)),
            place: None,
            options,
            diag,
            current: None,
            inherit: None,
            locked: false,
            opened_before: false,
            name_unsynced: false,
            begun: 0,
            generation: 0,
            told_lost: false,
            close_failed: None,
        }
    }

    /// The file's name, for messages.
    pub fn name(&self) -> String {
        self.options.path.display().to_string()
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        &self.options.path
    }

    /// The directories of this file, and of what goes with it.
    pub fn directories(&self) -> &Arc<Directories> {
        &self.directories
    }

    /// A path to the file in the directory where it was opened.
    pub(super) fn place(&self) -> &Path {
        self.place.as_deref().unwrap_or(&self.options.path)
    }

    /// Whether opening it at the start empties it.
    pub fn empties_at_start(&self) -> bool {
        self.options.truncate && !self.options.delay
    }

    /// Whether missing directories are made.
    pub fn makes_directories(&self) -> bool {
        self.options.mkdir
    }

    /// Where notices go.
    pub fn diag(&self) -> &Diag {
        &self.diag
    }

    /// Changes whenever another file was opened under the name.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether the open file is a regular one, which alone can be rotated.
    pub fn is_regular(&self) -> bool {
        self.current.as_ref().is_some_and(|current| current.regular)
    }

    /// The size of the open file, as far as it is known.
    pub fn size(&self) -> u64 {
        let current = self.current.as_ref();
        current.map_or(0, |current| current.expected.unwrap_or(current.opened))
    }

    /// The same with what is written before the first record.
    pub fn size_with_preamble(&self) -> u64 {
        self.size().max(self.options.preamble.len() as u64)
    }

    /// Whether the open file holds no record yet.
    pub fn is_empty(&self) -> bool {
        self.size() <= self.options.preamble.len() as u64
    }

    /// The open file.
    pub fn open_file(&self) -> Option<&std::fs::File> {
        self.current.as_ref().map(|current| &current.file)
    }

    /// How its lock is waited for.
    pub(in crate::handler) fn lock_wait(&self) -> &Arc<LockWait> {
        &self.lock_wait
    }

    /// Looks whether the file can be opened, and changes nothing.
    ///
    /// # Errors
    /// The reason why it can't.
    pub fn check(&self) -> io::Result<()> {
        let options = &self.options;
        self.directories.hold(sys::directory_of(&options.path))?;
        sys::check_append(&options.path, options.follow, options.mkdir)
    }

    /// Whether an open file is the regular file that stands under the name.
    pub fn is_same(&self, file: &std::fs::File) -> bool {
        let (Ok(open), Ok(named)) = (sys::fstat(file), sys::stat(self.place())) else {
            return false;
        };
        open.regular && open.id == named.id
    }

    /// Opens the file before the first record, unless it is to wait for that.
    ///
    /// # Errors
    /// Those that will not pass by themselves; a full disk is left to the
    /// first record.
    pub fn open_at_start(&mut self) -> io::Result<()> {
        if self.options.delay || self.current.is_some() {
            return Ok(());
        }
        match self.open() {
            Err(error) if !sys::open_may_succeed_later(&error) => Err(error),
            _ => Ok(()),
        }
    }

    pub(super) fn rules(&self) -> OpenRules {
        OpenRules {
            follow: self.options.follow,
            perm: self.options.perm,
            inherit: self.inherit,
        }
    }

    /// Opens the file under its name, and makes it if need be.
    pub(super) fn open(&mut self) -> io::Result<()> {
        let directory = sys::directory_of(&self.options.path);
        if self.options.mkdir {
            self.directories.make(directory)?;
        }
        self.directories.hold(directory)?;
        let path = self.directories.at(&self.options.path).into_owned();
        let opened = sys::open_append(&path, self.rules())?;
        self.name_unsynced |= opened.created && self.durable.wanted();
        if self.name_unsynced {
            if let Err(error) = sys::sync_directory(sys::directory_of(&path)) {
                self.name_unsynced &= !(opened.created && self.withdraw_new(&opened, &path));
                return Err(error);
            }
            self.name_unsynced = false;
        }
        self.place = Some(path);
        let mut meta = opened.meta;
        if meta.regular {
            if self.options.truncate && !self.opened_before {
                opened.file.set_len(0)?;
                meta.size = 0;
            }
            // A file that was made has the mode already that it is to have.
            self.inherit = Some(sys::fstat(&opened.file)?.owner);
        }
        self.opened_before = true;
        self.generation += 1;
        self.begun = 0;
        self.current = Some(Current {
            file: opened.file,
            id: meta.id,
            regular: meta.regular,
            opened: if meta.regular { meta.size } else { 0 },
            expected: None,
            check_tail: false,
        });
        Ok(())
    }

    /// Deletes a file that was just made and whose name can't be made safe, unless
    /// somebody else has begun to use it.
    fn withdraw_new(&self, opened: &sys::Opened, path: &Path) -> bool {
        let ours = !self.options.lock || sys::try_lock(&opened.file).unwrap_or(false);
        let is_new = |meta: sys::Meta| meta.size == 0 && meta.id == opened.meta.id;
        if !(ours && sys::stat(path).is_ok_and(is_new)) {
            return false;
        }
        remove_for_all(&opened.file, path)
    }

    /// Appends the records from one record end to another. On an error the
    /// file is left with whole records, and the error says up to which.
    ///
    /// # Errors
    /// Those of write(2).
    pub fn append(
        &mut self,
        frames: &Frames<'_>,
        from: usize,
        to: usize,
        now: Now,
    ) -> Result<(), EmitError> {
        self.make_room_to_sync(to - from, from, now)?;
        let Some(current) = &mut self.current else {
            return Err(EmitError::retry(
                from,
                "cannot write",
                io::ErrorKind::NotFound.into(),
            ));
        };
        if current.regular && current.expected == Some(0) && !self.options.preamble.is_empty() {
            let mut at = 0;
            let preamble = self.options.preamble;
            if let Err(source) =
                sys::write_some(&mut current.file, preamble, &mut at, preamble.len())
            {
                let _ = current.file.set_len(0);
                return Err(EmitError::retry(from, "cannot write", source));
            }
            current.expected = Some(at as u64);
        }
        let begun = self.begun;
        let mut at = from + begun;
        let result = sys::write_some(&mut current.file, frames.bytes(), &mut at, to);
        let done = if at == to {
            to
        } else {
            frames.cut(from, (at - from) as u64)
        };
        self.begun = at - done;
        if let Some(size) = &mut current.expected {
            // Where the first of these records begins.
            let start = *size - begun as u64;
            *size = start + (at - from) as u64;
            if self.begun > 0 && current.regular {
                let whole = start + (done - from) as u64;
                if current.file.set_len(whole).is_ok() {
                    *size = whole;
                    self.begun = 0;
                }
            }
            self.durable.note(&frames.bytes()[from..done], start, now);
        }
        result.map_err(|source| {
            // The reader of a FIFO went away: the next open waits for another.
            if source.kind() == io::ErrorKind::BrokenPipe {
                self.current = None;
                self.begun = 0;
            }
            EmitError::retry(done, "cannot write", source)
        })
    }

    /// The record that is begun is given up: its line is ended before the next.
    pub fn abandon(&mut self) {
        if std::mem::take(&mut self.begun) > 0
            && let Some(current) = &mut self.current
        {
            current.check_tail = true;
        }
    }

    /// Opens the file anew under its name; if that fails, the open one is
    /// written on.
    pub fn reopen(&mut self, now: Now) {
        if self.current.is_none() {
            return;
        }
        let directory = sys::directory_of(&self.options.path);
        if self.directories.is_elsewhere(directory) {
            self.diag.warn(format_args!(
                "{}: there is another directory now than when it was opened, where others can \
                 exchange it, so it may be planted; going on in the one that was opened; \
                 --follow goes by the name",
                self.name()
            ));
        }
        // What fails here is owed still, and settled in the next file.
        let _ = self.sync(0, now);
        let old = self.current.take();
        if let Err(error) = self.open() {
            self.diag.warn(format_args!(
                "{}: cannot open anew: {}; going on in the file that is open",
                self.name(),
                plain(&error)
            ));
            self.current = old;
        } else if let Some(old) = old {
            self.leave(old);
        }
    }

    /// Goes on in a new file under the name, after the open one was renamed.
    /// Nothing is locked afterwards.
    ///
    /// # Errors
    /// When it can't be made; the old file stays open then, and locked.
    pub fn switch(&mut self) -> io::Result<()> {
        let old = self.current.take();
        if !self.options.delay
            && let Err(error) = self.open()
        {
            self.current = old;
            return Err(error);
        }
        self.locked = false;
        self.begun = 0;
        if let Some(old) = old {
            self.leave(old);
        }
        Ok(())
    }

    /// Leaves the open file, which has another name now, without one in its
    /// place; the next record opens that.
    pub fn let_go(&mut self) {
        self.locked = false;
        self.begun = 0;
        if let Some(old) = self.current.take() {
            self.leave(old);
        }
    }

    /// Closes a file that was left for another one.
    pub(super) fn leave(&mut self, old: Current) {
        // Closing alone would not do while there is a copy of the descriptor.
        let _ = sys::unlock(&old.file);
        self.durable.sync_left(&old.file);
        if let Err(error) = sys::close(old.file) {
            self.diag.error(format_args!(
                "{}: closing it failed: {}; its last records are in doubt",
                self.name(),
                plain(&error)
            ));
            self.close_failed = Some(error);
        }
    }

    /// Makes what was written as safe as was asked, and closes the file.
    ///
    /// # Errors
    /// Those of fsync(2) and close(2).
    pub fn close(&mut self, now: Now) -> Result<(), EmitError> {
        self.sync(0, now)?;
        let closed = match self.current.take() {
            Some(current) => sys::close(current.file),
            None => Ok(()),
        };
        // It is closed all the same, and can't be closed again; nor can one
        // that was left before.
        let failed = closed.err().or(self.close_failed.take());
        failed.map_or(Ok(()), |source| {
            Err(EmitError {
                done: 0,
                fault: Fault::Fatal,
                doing: "closing failed",
                source,
            })
        })
    }
}
