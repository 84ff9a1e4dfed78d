//! The file `lock`: who has the spool, and whether the last one left it in
//! order.
//!
//! Its lock is the kernel's, which frees it however a process ends. Its text is
//! for those who find it locked, and for the next start.

use std::fs::File;
use std::io;

use crate::sys;

/// The most that is read of it.
const MOST: usize = 256;

/// What the last process has left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Left {
    /// Its number.
    pub(super) pid: Option<u32>,
    /// The number of the next record, where the spool was closed by it.
    pub(super) next: Option<u64>,
    /// The system was not started anew since.
    pub(super) same_boot: bool,
}

pub(super) fn read(lock: &File) -> Left {
    let mut bytes = [0; MOST];
    let read = sys::read_at(lock, &mut bytes, 0).unwrap_or(0);
    let text = String::from_utf8_lossy(&bytes[..read]);
    let mut lines = text.lines();
    let mut next = || lines.next().unwrap_or_default();
    let (pid, boot, closed) = (next(), next(), next());
    Left {
        pid: pid.parse().ok(),
        next: closed
            .strip_prefix("closed ")
            .and_then(|number| number.parse().ok()),
        same_boot: !boot.is_empty() && boot == sys::boot(),
    }
}

fn write(lock: &File, closed: &str) -> io::Result<()> {
    let text = format!("{}\n{}\n{closed}", std::process::id(), sys::boot());
    lock.set_len(0)?;
    sys::write_at(lock, text.as_bytes(), 0, &mut 0)
}

/// Notes who has it.
pub(super) fn enter(lock: &File) -> io::Result<()> {
    write(lock, "")
}

/// Notes that it is left in order.
pub(super) fn leave(lock: &File, next: u64) -> io::Result<()> {
    write(lock, &format!("closed {next}\n"))
}
