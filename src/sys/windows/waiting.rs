//! Waiting for several things at once.
//!
//! A pipe or a console can't be waited for together with others on Windows. So
//! each thing that lh waits for has a thread that does nothing else; what it has
//! it puts where it is found, and then rings one bell that the main loop hears.

use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What can be waited for.
pub type Waitable<'a> = &'a dyn Ready;

/// Something that has input at times.
pub trait Ready {
    /// Whether it has some now, an end or an error.
    fn is_ready(&self) -> bool;
}

static LOCK: Mutex<()> = Mutex::new(());
static BELL: Condvar = Condvar::new();

/// Wakes whoever waits. To be called after the thing is there.
pub(super) fn ring() {
    drop(locked(&LOCK));
    BELL.notify_all();
}

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for input on any of them, at most so long; tells which have some, an
/// end or an error.
///
/// # Errors
/// None; other systems have some.
pub fn wait_readable<const N: usize>(
    things: [Waitable<'_>; N],
    limit: Option<Duration>,
) -> io::Result<[bool; N]> {
    let until = limit.and_then(|limit| Instant::now().checked_add(limit));
    let mut turn = locked(&LOCK);
    loop {
        let ready = things.map(|thing| thing.is_ready());
        if ready.contains(&true) {
            return Ok(ready);
        }
        turn = match until {
            None => BELL.wait(turn).unwrap_or_else(PoisonError::into_inner),
            Some(until) => {
                let left = until.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Ok(ready);
                }
                let woken = BELL.wait_timeout(turn, left);
                woken.unwrap_or_else(PoisonError::into_inner).0
            }
        };
    }
}
