//! The backups of one kind of names, as a reader finds them, and what their numbers
//! mean: no option tells it which handler wrote them.

use std::collections::HashSet;
use std::path::PathBuf;

use super::listing::{LeftOut, Why};
use super::names::{self, Variables};
use super::order::{Rank, Ranked};
use crate::sys::Meta;

#[derive(Debug)]
pub(super) struct Backup {
    pub variables: Variables,
    pub path: PathBuf,
    pub meta: Meta,
    pub rank: Rank,
    /// Compressed files of the same name.
    pub others: Vec<Backup>,
}

impl Ranked for Backup {
    fn rank(&self) -> Rank {
        self.rank
    }
}

/// Brings those together that are one file, plain and compressed.
pub(super) fn grouped(mut list: Vec<Backup>) -> Vec<Backup> {
    list.sort_by(|a, b| a.variables.cmp(&b.variables));
    let name = |backup: &Backup| (backup.variables.times.clone(), backup.variables.number);
    let mut groups: Vec<Backup> = Vec::new();
    for backup in list {
        match groups
            .last_mut()
            .filter(|first| name(first) == name(&backup))
        {
            Some(first) => {
                first.rank.sequence = first.rank.sequence.or(backup.rank.sequence);
                first.others.push(backup);
            }
            None => groups.push(backup),
        }
    }
    groups
}

/// Whether sequences were noted by handlers that saw one another's, so that they hold
/// for several kinds of names together.
pub(super) fn is_one_sequence(kinds: &[Vec<Backup>]) -> bool {
    let mut all = HashSet::new();
    kinds.iter().all(|list| {
        let own = list.iter().filter_map(|backup| backup.rank.sequence);
        let own: HashSet<u64> = own.collect();
        own.into_iter().all(|sequence| all.insert(sequence))
    })
}

/// Whether the numbers in names that may be those of `rotate` are those of `timed`, of
/// which the higher is the newer.
pub(super) fn counts_up(list: &[Backup]) -> bool {
    let mut sorted: Vec<&Backup> = list.iter().collect();
    sorted.sort_by_key(|backup| backup.variables.number);
    let is_noted = |backup: &&Backup| backup.rank.sequence.is_some();
    let noted = sorted.iter().filter(|backup| is_noted(backup)).count();
    // Only `timed` notes that. A file may have come to its name by hand.
    if 2 * noted > sorted.len() || sorted.last().is_some_and(is_noted) {
        return true;
    }
    if sorted
        .iter()
        .any(|backup| backup.variables.times.is_empty())
    {
        return false;
    }
    let start = |backup: &Backup| backup.rank.moment.map(|moment| moment.start);
    let pairs = || sorted.windows(2).map(|pair| (pair[0], pair[1]));
    // With each time it begins anew, whereas the place in the order is one file's.
    if pairs().any(|(a, b)| a.variables.number == b.variables.number) {
        return true;
    }
    // As far as times go, the higher number of `rotate` has the earlier one.
    let more_rise = |key: &dyn Fn(&Backup) -> Option<i64>| {
        let rise = pairs().filter(|(a, b)| key(a) < key(b)).count();
        let fall = pairs().filter(|(a, b)| key(a) > key(b)).count();
        (rise != fall).then_some(rise > fall)
    };
    more_rise(&start)
        .or_else(|| more_rise(&|backup| Some(backup.rank.written)))
        .unwrap_or(false)
}

/// A number from here on is read as one only behind the numbers before it: it is
/// rather a date, as other programs put one there.
const FAR: u64 = 1_000_000;

/// Whether a number is rather a year and a month.
fn is_month(number: u64) -> bool {
    (190_000..210_000).contains(&number) && (1..=12).contains(&(number % 100))
}

/// Numbered ones, the oldest first. Reading is not as careful as renaming and
/// deleting: where numbers are missing, the ones behind them count all the same.
pub(super) fn by_number(list: Vec<Backup>, left_out: &mut Vec<LeftOut>) -> Vec<Backup> {
    let all: Vec<Variables> = list.iter().map(|b| b.variables.clone()).collect();
    let chain = names::chain(&all);
    let is_near = |number| number < FAR && !is_month(number);
    let is_own =
        |backup: &Backup| is_near(backup.variables.number) || chain.contains(&&backup.variables);
    let (mut own, foreign): (Vec<_>, Vec<_>) = list.into_iter().partition(is_own);
    for backup in foreign {
        let paths = backup.others.into_iter().map(|other| other.path);
        let paths = std::iter::once(backup.path).chain(paths);
        left_out.extend(paths.map(|path| LeftOut {
            path,
            why: Why::Far,
        }));
    }
    own.sort_by_key(|backup| std::cmp::Reverse(backup.variables.number));
    own
}
