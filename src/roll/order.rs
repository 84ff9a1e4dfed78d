//! The order in which rolled-over files were written: one rule for those who delete
//! the oldest and for those who read all of them.
//!
//! Of files of one kind of names, as one handler makes them, the sequence that was
//! noted at their rollovers is certain. A file without one, because a copy of it has
//! taken its place or because another program has rolled it over, stands where its
//! name says: by the value of its time, and its number behind that. Files whose names
//! have different kinds of times, or none, are set by those times as far as these
//! differ, else by when they were written last.

use super::moment::Moment;

/// What is known of the place of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rank {
    /// The number of its rollover, where it was noted.
    pub sequence: Option<u64>,
    /// The time in its name; `None` where that does not tell a date.
    pub moment: Option<Moment>,
    /// The number in its name. Of those of the same time, it counts up.
    pub number: u64,
    /// When it was written last, in nanoseconds since the epoch.
    pub written: i64,
}

/// What has a place in the order.
pub trait Ranked {
    /// What is known of that.
    fn rank(&self) -> Rank;
}

/// Brings files of one kind of names into the order of their rollovers, the oldest
/// first. Where nothing tells two apart, they stay as they come.
pub fn by_rollover<T: Ranked>(list: Vec<T>) -> Vec<T> {
    let is_dated = list.iter().all(|one| one.rank().moment.is_some());
    let key = |one: &T| {
        let rank = one.rank();
        let time = rank.moment.filter(|_| is_dated).map(|moment| moment.start);
        (time.unwrap_or(rank.written), rank.number)
    };
    let is_sure = |one: &T| one.rank().sequence.is_some();
    let (mut sure, mut others): (Vec<T>, Vec<T>) = list.into_iter().partition(is_sure);
    sure.sort_by_key(|one| (one.rank().sequence, key(one)));
    others.sort_by_key(key);
    let keys: Vec<_> = sure.iter().map(key).collect();
    let is_rising = keys.is_sorted();
    // Places rise with the keys, so that what has none keeps its own order as well.
    let places = others.iter().map(|one| match is_rising {
        true => keys.partition_point(|other| *other <= key(one)),
        false => best_place(&keys, key(one)),
    });
    let places: Vec<usize> = places.collect();
    let mut others = places.into_iter().zip(others).peekable();
    let mut all = Vec::with_capacity(keys.len() + others.len());
    for (at, one) in sure.into_iter().enumerate() {
        while let Some((_, other)) = others.next_if(|(place, _)| *place <= at) {
            all.push(other);
        }
        all.push(one);
    }
    all.extend(others.map(|(_, other)| other));
    all
}

/// Where among keys that are not in order, as a clock that was set leaves them, the
/// fewest stand on the wrong side; of several such places the last one.
fn best_place<K: Ord>(keys: &[K], key: K) -> usize {
    let (mut wrong, mut least, mut best) = (0i64, 0, 0);
    for (at, other) in keys.iter().enumerate() {
        wrong += match (*other).cmp(&key) {
            std::cmp::Ordering::Less => -1,
            std::cmp::Ordering::Equal => 0,
            std::cmp::Ordering::Greater => 1,
        };
        if wrong <= least {
            (least, best) = (wrong, at + 1);
        }
    }
    best
}

/// Files of two kinds of names in one order, where each kind has its own already. With
/// `counted`, sequences hold for both together.
pub fn merge<T: Ranked>(one: Vec<T>, other: Vec<T>, counted: bool) -> Vec<T> {
    let (last_of_one, last_of_other) = (written_by(&one), written_by(&other));
    let mut all = Vec::with_capacity(one.len() + other.len());
    let mut one = one.into_iter().zip(last_of_one).peekable();
    let mut other = other.into_iter().zip(last_of_other).peekable();
    loop {
        let is_first = match (one.peek(), other.peek()) {
            (Some((a, a_written)), Some((b, b_written))) => {
                let (a, b) = (a.rank(), b.rank());
                is_before(&a, &b, counted).unwrap_or_else(|| {
                    let start = |rank: &Rank| rank.moment.map(|moment| moment.start);
                    (a_written, start(&a)) <= (b_written, start(&b))
                })
            }
            (Some(_), None) => true,
            (None, _) => false,
        };
        let next = match is_first {
            true => one.next(),
            false => other.next(),
        };
        match next {
            Some((next, _)) => all.push(next),
            None => return all,
        }
    }
}

/// Whether one stands before the other, as far as more is known than when they were
/// written last.
fn is_before(a: &Rank, b: &Rank, counted: bool) -> Option<bool> {
    if let (true, Some(a), Some(b)) = (counted, a.sequence, b.sequence) {
        return Some(a <= b);
    }
    let (a, b) = (a.moment?, b.moment?);
    match (a.end <= b.start, b.end <= a.start) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        // One has the day, and the other an hour of it.
        _ => None,
    }
}

/// By when each was written, as the ones behind it tell: whoever edits a file or makes
/// a copy of it moves its time on.
fn written_by<T: Ranked>(list: &[T]) -> Vec<i64> {
    let mut times: Vec<i64> = list.iter().map(|one| one.rank().written).collect();
    for at in (1..times.len()).rev() {
        times[at - 1] = times[at - 1].min(times[at]);
    }
    times
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A file, by its true place.
    #[derive(Clone, Debug, PartialEq, Eq)]
    struct File(usize, Rank);

    impl Ranked for File {
        fn rank(&self) -> Rank {
            self.1
        }
    }

    const BILLION: i64 = 1_000_000_000;

    fn span(start: i64, length: i64) -> Option<Moment> {
        let end = start + length;
        Some(Moment { start, end })
    }

    fn places(list: &[File]) -> Vec<usize> {
        list.iter().map(|file| file.0).collect()
    }

    #[test]
    fn a_file_without_a_number_stands_beside_its_neighbours() {
        // As of a clock that was set: each a day, and what was noted with it.
        type Days<'a> = &'a [(i64, Option<u64>)];
        let table: [(Days, &[usize]); 6] = [
            (&[(1, Some(1)), (2, None), (3, Some(3))], &[0, 1, 2]),
            (&[(3, Some(3)), (2, None), (1, Some(1))], &[2, 1, 0]),
            // Behind the clock's step back, and before it.
            (
                &[(9, Some(1)), (2, Some(2)), (4, Some(3)), (5, None)],
                &[0, 1, 2, 3],
            ),
            (
                &[(9, Some(1)), (2, Some(2)), (4, Some(3)), (3, None)],
                &[0, 1, 3, 2],
            ),
            // One from a clock that was not set yet.
            (
                &[
                    (7, Some(1)),
                    (8, Some(2)),
                    (0, Some(3)),
                    (9, Some(4)),
                    (8, None),
                ],
                &[0, 1, 2, 4, 3],
            ),
            (&[(2, None), (1, None), (3, None)], &[1, 0, 2]),
        ];
        for (files, want) in table {
            let files = files.iter().enumerate();
            let list = files.map(|(at, &(day, sequence))| {
                let rank = Rank {
                    sequence,
                    moment: span(day, 1),
                    number: 0,
                    written: 0,
                };
                File(at, rank)
            });
            assert_eq!(places(&by_rollover(list.collect())), want, "{want:?}");
        }
    }

    #[test]
    fn a_name_without_a_date_goes_by_when_it_was_written() {
        let list = [(3, 20), (2, 30), (1, 10)].into_iter().enumerate();
        let list = list.map(|(at, (number, written))| {
            File(
                at,
                Rank {
                    sequence: None,
                    moment: None,
                    number,
                    written,
                },
            )
        });
        assert_eq!(places(&by_rollover(list.collect())), [2, 0, 1]);
    }

    /// Edited or copied, it was written before the ones behind it all the same.
    #[test]
    fn a_file_that_was_touched_does_not_pass_the_next_of_its_kind() {
        let file = |at: usize, written| {
            let (sequence, moment) = (None, Some(Moment::ANY));
            let number = at as u64;
            File(
                at,
                Rank {
                    sequence,
                    moment,
                    number,
                    written,
                },
            )
        };
        let one = vec![file(0, 1), file(1, 99), file(3, 5)];
        let other = vec![file(2, 4), file(4, 7)];
        // Of those between which it lies, nothing tells more.
        assert_eq!(places(&merge(one, other, false)), [0, 2, 1, 3, 4]);
    }

    /// Rollovers as they happen: for each, how long the file was written, which kind of
    /// name it gets, and whether what was noted with it is lost.
    fn rollovers() -> impl Strategy<Value = Vec<(i64, usize, bool)>> {
        proptest::collection::vec((1i64..200_000, 0usize..4, any::<bool>()), 0..40)
    }

    const UNITS: [i64; 3] = [1, 3600, 86_400];

    /// The files of that, by kind: those of the last kind have no time in their names.
    fn files(rollovers: &[(i64, usize, bool)], together: bool) -> Vec<Vec<File>> {
        let mut kinds = vec![Vec::<File>::new(); 4];
        let (mut now, mut sequences) = (1_700_000_000, [0; 5]);
        for (at, &(length, kind, is_lost)) in rollovers.iter().enumerate() {
            let unit = UNITS.get(kind).copied();
            let moment = unit.map_or(Some(Moment::ANY), |unit| span(now - now % unit, unit));
            let number = kinds[kind]
                .iter()
                .filter(|file| file.1.moment == moment)
                .count();
            let count = &mut sequences[if together { 4 } else { kind }];
            *count += 1;
            let sequence = Some(*count).filter(|_| !is_lost && unit.is_some());
            now += length;
            let (number, written) = (number as u64, now * BILLION);
            kinds[kind].push(File(
                at,
                Rank {
                    sequence,
                    moment,
                    number,
                    written,
                },
            ));
        }
        kinds
    }

    proptest! {
        /// Whatever was lost of what was noted, and whoever has touched a file.
        #[test]
        fn one_kind_is_in_true_order(
            rollovers in rollovers(),
            touched in 0usize..40,
            turn in 0usize..40,
        ) {
            for mut list in files(&rollovers, false) {
                let want = places(&list);
                if let Some(file) = list.get_mut(touched) {
                    file.1.written = i64::MAX;
                }
                if !list.is_empty() {
                    let turn = turn % list.len();
                    list.rotate_left(turn);
                }
                prop_assert_eq!(places(&by_rollover(list)), want);
            }
        }

        /// Several kinds, whether their numbers go on or begin anew.
        #[test]
        fn all_kinds_together_are_in_true_order(rollovers in rollovers(), together: bool) {
            let mut all = Vec::new();
            for list in files(&rollovers, together) {
                all = merge(all, by_rollover(list), together);
            }
            prop_assert_eq!(places(&all), (0..rollovers.len()).collect::<Vec<_>>());
        }

        /// Of a copy without the times when the files were written: by name alone, as
        /// far as that tells.
        #[test]
        fn names_outweigh_when_files_were_written(rollovers in rollovers()) {
            let mut kinds = files(&rollovers, false);
            for file in kinds.iter_mut().flatten() {
                file.1.written = 0;
            }
            let mut all = Vec::new();
            for list in kinds.into_iter().take(3) {
                all = merge(all, by_rollover(list), false);
            }
            for pair in all.windows(2) {
                prop_assert_ne!(is_before(&pair[0].1, &pair[1].1, false), Some(false));
            }
        }

        /// What is certain stays so under any clock, and nothing is lost.
        #[test]
        fn sequences_win(
            ranks in proptest::collection::vec((0i64..9, 0u64..3, 0i64..9, any::<bool>()), 0..30),
        ) {
            let list: Vec<File> = ranks.iter().enumerate().map(|(at, &(day, number, written, sure))| {
                let sequence = sure.then_some(at as u64);
                File(at, Rank { sequence, moment: span(day, 1), number, written })
            }).collect();
            let count = list.len();
            let ordered = by_rollover(list);
            let sure = ordered.iter().filter(|file| file.1.sequence.is_some());
            prop_assert!(sure.is_sorted_by_key(|file| file.0));
            let others = ordered.iter().filter(|file| file.1.sequence.is_none());
            let key = |file: &&File| (file.1.moment.map(|moment| moment.start), file.1.number);
            prop_assert!(others.collect::<Vec<_>>().is_sorted_by_key(key));
            prop_assert_eq!(ordered.len(), count);
        }
    }
}
