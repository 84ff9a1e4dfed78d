//! Making a file ready for one process: locked, under its name, and with a
//! whole last line.

use std::io;

use super::log_file::LogFile;
use crate::diag::plain;
use crate::handler::{EmitError, Fault};
use crate::roll::mark::Mark;
use crate::sys;

/// Whether another process has rolled a file over.
fn is_backup(file: &std::fs::File) -> bool {
    Mark::of(file).is_some_and(Mark::is_backup)
}

/// Deletes a file, of which whoever waits for it goes on to the next one of that name.
/// Where that can't be noted with it, it stays.
pub(super) fn remove_for_all(file: &std::fs::File, path: &std::path::Path) -> bool {
    Mark::note(Some(Mark::Rolled), file);
    if is_backup(file) && std::fs::remove_file(path).is_ok() {
        return true;
    }
    Mark::note(None, file);
    false
}

impl LogFile {
    /// Makes the open file ready to be written by this process alone: opens
    /// it, locks it, makes sure that it still stands under its name where that
    /// is followed, settles what a failed sync left owing, and ends a line that
    /// another writer left unfinished.
    ///
    /// Costs a lock, a stat and, with [`release`](Self::release), an unlock.
    ///
    /// # Errors
    /// With `from` as what is done.
    pub fn acquire(&mut self, from: usize) -> Result<(), EmitError> {
        if let Err(source) = self.attach() {
            self.release();
            let fatal = !self.opened_before && !sys::open_may_succeed_later(&source);
            return Err(EmitError {
                done: from,
                fault: if fatal { Fault::Fatal } else { Fault::Retry },
                doing: "cannot open for append",
                source,
            });
        }
        let ready = self.settle().and_then(|()| {
            let ended = self.end_torn_line();
            ended.map_err(|source| EmitError::retry(from, "cannot write", source))
        });
        ready.map_err(|error| {
            self.release();
            EmitError {
                done: from,
                ..error
            }
        })
    }

    /// Lets other writers at the file again.
    pub fn release(&mut self) {
        if std::mem::take(&mut self.locked)
            && let Some(current) = &self.current
        {
            // Closing would give the lock up as well: there is no error to act on.
            let _ = sys::unlock(&current.file);
        }
    }

    fn attach(&mut self) -> io::Result<()> {
        loop {
            if self.current.is_none() {
                self.open()?;
            }
            self.lock();
            let Some(current) = &self.current else {
                continue;
            };
            if !current.regular {
                return Ok(());
            }
            let looks = self.options.watch || self.locked;
            let named = looks.then(|| sys::stat(self.place()));
            let gone = match &named {
                Some(Ok(meta)) => meta.id != current.id,
                Some(Err(error)) => error.kind() == io::ErrorKind::NotFound,
                None => false,
            };
            // Whoever else renames it is followed only where that is asked for.
            let follows = self.options.watch || (gone && is_backup(&current.file));
            let size = match named {
                Some(Ok(meta)) if !gone => meta.size,
                _ if gone && follows && self.follow_name()? => continue,
                // Not watched, or the name can't be looked at or followed: the
                // open file is as good as ever.
                _ => self.open_size()?,
            };
            if let Some(current) = &mut self.current
                && current.expected != Some(size)
            {
                // Somebody else wrote, or this is the first look.
                current.expected = Some(size);
                current.check_tail = true;
                self.begun = 0;
            }
            return Ok(());
        }
    }

    /// The size of the open file, in bytes; 0 where none is open.
    pub(super) fn open_size(&self) -> io::Result<u64> {
        match &self.current {
            Some(current) => Ok(sys::fstat(&current.file)?.size),
            None => Ok(0),
        }
    }

    pub(super) fn lock(&mut self) {
        let Some(current) = &self.current else {
            return;
        };
        if !self.options.lock || !current.regular {
            return;
        }
        match self.lock_wait.lock(&current.file) {
            Ok(()) => self.locked = true,
            Err(error) => {
                self.options.lock = false;
                self.diag.warn(format_args!(
                    "{}: cannot lock: {}; other lh processes on this file are not kept apart",
                    self.name(),
                    plain(&error)
                ));
            }
        }
    }

    /// Opens what stands under the name in place of the open file. `false`: that
    /// failed, and the open file, which still has a name, is written on.
    fn follow_name(&mut self) -> io::Result<bool> {
        let old = self.current.take();
        match self.open() {
            Ok(()) => {
                self.told_lost = false;
                self.locked = false;
                if let Some(old) = old {
                    self.leave(old);
                }
                Ok(true)
            }
            Err(error) => {
                let named = old.as_ref().and_then(|old| sys::fstat(&old.file).ok());
                self.current = old;
                if named.is_none_or(|meta| meta.links == 0) {
                    return Err(error);
                }
                if !std::mem::replace(&mut self.told_lost, true) {
                    self.diag.warn(format_args!(
                        "{}: cannot open the file that now has this name: {}; \
                         going on in the one that had it",
                        self.name(),
                        plain(&error)
                    ));
                }
                Ok(false)
            }
        }
    }

    /// Ends the last line where another writer was stopped in the middle of it.
    fn end_torn_line(&mut self) -> io::Result<()> {
        let Some(current) = &mut self.current else {
            return Ok(());
        };
        let size = current.expected.unwrap_or(0);
        if !std::mem::take(&mut current.check_tail) || size <= self.options.preamble.len() as u64 {
            return Ok(());
        }
        let Some(&end) = self.options.terminator.last() else {
            return Ok(());
        };
        if sys::last_byte(&current.file, size).is_none_or(|byte| byte == end) {
            return Ok(());
        }
        let mut at = 0;
        let written = sys::write_some(
            &mut current.file,
            &self.options.terminator,
            &mut at,
            self.options.terminator.len(),
        );
        current.expected = Some(size + at as u64);
        current.check_tail = written.is_err();
        if written.is_ok() {
            self.diag.warn(format_args!(
                "{}: the last line was unfinished, so it was ended",
                self.name()
            ));
        }
        written
    }
}
