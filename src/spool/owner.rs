//! The file `lock`: who has the spool, and whether the last one left it in
//! order.
//!
//! Its lock is the kernel's, which frees it however a process ends. Its text is
//! for those who find it locked, and for the next start.

use std::fs::File;
use std::io;

use crate::sys;

/// Its name.
pub(super) const NAME: &str = "lock";

/// How long its text is, filled up with spaces.
const LENGTH: usize = 120;

/// What the last process has left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Left {
    /// Its number.
    pub(super) pid: Option<u32>,
    /// The number of the last record and of the next one, where the spool was
    /// closed by it.
    pub(super) closed: Option<(u64, u64)>,
    /// The system was not started anew since.
    pub(super) same_boot: bool,
}

pub(super) fn read(lock: &File) -> Left {
    let mut bytes = [0; LENGTH + 1];
    let read = sys::read_at(lock, &mut bytes, 0).unwrap_or(0);
    let text = String::from_utf8_lossy(&bytes[..read]);
    let mut lines = text.lines();
    let mut next = || lines.next().unwrap_or_default().trim_end();
    let (pid, boot, closed) = (next(), next(), next());
    let numbers = closed.strip_prefix("closed ");
    let numbers = numbers.and_then(|numbers| numbers.split_once(' '));
    Left {
        pid: pid.parse().ok(),
        closed: numbers
            .and_then(|(last, next)| Some((last.parse().ok()?, next.parse().ok()?)))
            .filter(|(last, next)| last < next),
        same_boot: !boot.is_empty() && boot == sys::boot(),
    }
}

/// Over what is there, in one write: a crash leaves the one or the other.
fn write(lock: &File, closed: &str) -> io::Result<()> {
    let text = format!("{}\n{}\n{closed}", std::process::id(), sys::boot());
    let text = format!("{text:LENGTH$}\n");
    sys::write_at(lock, text.as_bytes(), 0, &mut 0)
}

/// Notes who has it.
pub(super) fn enter(lock: &File) -> io::Result<()> {
    write(lock, "")
}

/// Notes that it is left in order.
pub(super) fn leave(lock: &File, last: u64, next: u64) -> io::Result<()> {
    write(lock, &format!("closed {last} {next}"))
}
