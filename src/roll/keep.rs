//! Retention: how many of the oldest backups go.

use std::time::Duration;

/// What the backups of one file may amount to. `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Time since a backup was last written.
    pub age: Option<Duration>,
    /// Bytes of all backups and the current file together.
    pub total: Option<u64>,
    /// Bytes that have to stay free on the file system.
    pub min_free: Option<u64>,
}

/// What retention knows of one backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its size in bytes.
    pub size: u64,
    /// When it was last written, in seconds since the epoch.
    pub modified: i64,
}

/// Why a backup goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Beyond `--backups`.
    Backups,
    /// Older than `--max-age`.
    Age,
    /// Beyond `--max-total`.
    Total,
    /// To reach `--min-free`.
    MinFree,
}

impl Reason {
    /// The option that asks for it.
    pub fn option(self) -> &'static str {
        match self {
            Reason::Backups => "--backups",
            Reason::Age => "--max-age",
            Reason::Total => "--max-total",
            Reason::MinFree => "--min-free",
        }
    }
}

/// Which backups go: the answer's length says how many of the oldest, and each
/// entry why.
///
/// `backups` come in the order of their rollovers, oldest first. A backup goes
/// only after all that are older, so a clock that jumped can't single out a
/// young one. `current` are the bytes that the current file has or may come
/// to have; `free` is what the file system has left, where that is known.
pub fn surplus(
    backups: &[Held],
    limits: Limits,
    now: i64,
    current: u64,
    free: Option<u64>,
) -> Vec<Reason> {
    let mut total = backups
        .iter()
        .fold(current, |sum, held| sum.saturating_add(held.size));
    let mut free = free;
    let mut reasons = Vec::new();
    for held in backups {
        let age = now.saturating_sub(held.modified);
        let expired = limits
            .age
            .is_some_and(|limit| i64::try_from(limit.as_secs()).is_ok_and(|limit| age > limit));
        let reason = if expired {
            Reason::Age
        } else if limits.total.is_some_and(|limit| total > limit) {
            Reason::Total
        } else if limits
            .min_free
            .is_some_and(|limit| free.is_some_and(|free| free < limit))
        {
            Reason::MinFree
        } else {
            break;
        };
        reasons.push(reason);
        total = total.saturating_sub(held.size);
        free = free.map(|free| free.saturating_add(held.size));
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    fn held(pairs: &[(u64, i64)]) -> Vec<Held> {
        let days = |&(size, days)| Held {
            size,
            modified: days * DAY,
        };
        pairs.iter().map(days).collect()
    }

    #[test]
    fn no_limit_deletes_nothing() {
        let backups = held(&[(u64::MAX, 0), (u64::MAX, 1)]);
        assert_eq!(
            surplus(&backups, Limits::default(), i64::MAX, 5, Some(0)),
            []
        );
    }

    #[test]
    fn age_stops_at_the_first_young_one() {
        let limits = Limits {
            age: Some(Duration::from_secs(3 * 86_400)),
            ..Limits::default()
        };
        // The third looks old, but it was rolled over after a young one.
        let backups = held(&[(1, 1), (1, 9), (1, 2)]);
        assert_eq!(surplus(&backups, limits, 10 * DAY, 0, None), [Reason::Age]);
        // A clock that stands before all of them deletes nothing.
        assert_eq!(surplus(&backups, limits, 0, 0, None), []);
    }

    #[test]
    fn total_counts_the_current_file() {
        let limits = Limits {
            total: Some(25),
            ..Limits::default()
        };
        let backups = held(&[(10, 1), (10, 2), (10, 3)]);
        assert_eq!(surplus(&backups, limits, 0, 0, None).len(), 1);
        assert_eq!(surplus(&backups, limits, 0, 10, None).len(), 2);
        assert_eq!(surplus(&backups, limits, 0, 100, None).len(), 3);
    }

    #[test]
    fn free_space_grows_with_what_goes() {
        let limits = Limits {
            min_free: Some(100),
            ..Limits::default()
        };
        let backups = held(&[(30, 1), (30, 2), (30, 3)]);
        assert_eq!(surplus(&backups, limits, 0, 0, Some(50)).len(), 2);
        assert_eq!(surplus(&backups, limits, 0, 0, Some(100)).len(), 0);
        assert_eq!(surplus(&backups, limits, 0, 0, None).len(), 0);
    }
}
