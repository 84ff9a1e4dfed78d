//! Locks that keep writers of one file apart.

use std::fs::File;
use std::io;

use super::calls;

/// Locks a file against every other open of it, and waits for that. The lock
/// holds at a place that no file reaches (LockFileEx), so that readers are not
/// kept out by it.
pub fn lock(file: &File) -> io::Result<()> {
    calls::lock_file(file, true).map(|_| ())
}

/// The same without waiting: `false` if another open holds the lock.
pub fn try_lock(file: &File) -> io::Result<bool> {
    calls::lock_file(file, false)
}

/// Gives the lock up.
pub fn unlock(file: &File) -> io::Result<()> {
    calls::unlock_file(file)
}
