//! What the live line says, and the one at the end.

use std::time::Duration;

use indicatif::{BinaryBytes, FormattedDuration, HumanCount};

use crate::figures::{HandlerFigures, Report};

/// How long a rate remembers: after so many seconds, a change shows by half.
const MEMORY: f64 = 1.5;

/// Records and bytes per second, as they were lately.
#[derive(Debug, Default)]
pub struct Rates {
    before: (Duration, u64, u64),
    records: Smooth,
    bytes: Smooth,
}

impl Rates {
    /// Takes in the figures of another moment.
    pub fn follow(&mut self, report: &Report) {
        let input = &report.input;
        let (elapsed, records, bytes) = self.before;
        let over = report.elapsed.saturating_sub(elapsed).as_secs_f64();
        if over > 0.0 {
            let since = |new: u64, old: u64| new.saturating_sub(old) as f64 / over;
            self.records.take(since(input.records, records), over);
            self.bytes.take(since(input.bytes, bytes), over);
            self.before = (report.elapsed, input.records, input.bytes);
        }
    }
}

/// A mean in which what is past weighs less and less.
#[derive(Debug, Default)]
struct Smooth {
    sum: f64,
    /// What all values together weigh: below 1 at the beginning, when a mean
    /// with nothing before it would seem to rise from 0.
    weight: f64,
}

impl Smooth {
    fn take(&mut self, value: f64, seconds: f64) {
        let keep = MEMORY / (MEMORY + seconds);
        self.sum = self.sum * keep + value * (1.0 - keep);
        self.weight = self.weight * keep + (1.0 - keep);
    }

    fn value(&self) -> f64 {
        match self.weight > 0.0 {
            true => self.sum / self.weight,
            false => 0.0,
        }
    }
}

/// The live line, in ASCII and at most `room` characters: where it is short,
/// what matters less is left out, and no number is ever cut.
pub fn live(report: &Report, rates: &Rates, room: usize) -> String {
    // Each with its rank: the lowest stays longest.
    let mut parts = vec![
        (2, FormattedDuration(report.elapsed).to_string()),
        (0, counted(report.input.records, "record", "records")),
        (5, per_second(rates.records.value())),
        (7, BinaryBytes(report.input.bytes).to_string()),
        (8, bytes_per_second(rates.bytes.value())),
    ];
    let ranks = [6, 4, 4, 3, 1];
    parts.extend(
        ranks
            .into_iter()
            .zip(events(report))
            .filter_map(|(rank, text)| Some((rank, text?))),
    );
    loop {
        let texts: Vec<&str> = parts.iter().map(|(_, text)| text.as_str()).collect();
        let line = texts.join("  ");
        if line.len() <= room {
            return line;
        }
        let least = parts.iter().map(|(rank, _)| *rank).max();
        parts.retain(|(rank, _)| Some(*rank) != least);
    }
}

/// The line at the end.
pub fn summary(report: &Report) -> String {
    let input = &report.input;
    let seconds = report.elapsed.as_secs_f64();
    let elapsed = match report.elapsed < Duration::from_secs(60) {
        true => format!("{seconds:.1} s"),
        false => FormattedDuration(report.elapsed).to_string(),
    };
    let mut line = format!(
        "{}, {} in {elapsed}",
        counted(input.records, "record", "records"),
        BinaryBytes(input.bytes),
    );
    if seconds > 0.0 {
        let records = per_second(input.records as f64 / seconds);
        let bytes = bytes_per_second(input.bytes as f64 / seconds);
        line.push_str(&format!(" ({records}, {bytes})"));
    }
    for text in events(report).into_iter().flatten() {
        line.push_str(", ");
        line.push_str(&text);
    }
    line
}

/// What is told only where there is some of it: rollovers, waiting, spooled,
/// errors, dropped.
fn events(report: &Report) -> [Option<String>; 5] {
    let sum = |figure: fn(&HandlerFigures) -> u64| -> u64 {
        let all = report.handlers.iter().map(figure);
        all.fold(0, u64::saturating_add)
    };
    let dropped = sum(|f| f.dropped).saturating_add(report.input.dropped);
    [
        (sum(|f| f.rollovers), "rollover", "rollovers"),
        (sum(|f| f.waiting), "waiting", "waiting"),
        (sum(|f| f.spooled), "spooled", "spooled"),
        (sum(|f| f.errors), "error", "errors"),
        (dropped, "dropped", "dropped"),
    ]
    .map(|(count, one, many)| (count > 0).then(|| counted(count, one, many)))
}

fn counted(count: u64, one: &str, many: &str) -> String {
    let word = if count == 1 { one } else { many };
    format!("{} {word}", HumanCount(count))
}

fn per_second(rate: f64) -> String {
    match rate < 10.0 {
        true => format!("{rate:.1}/s"),
        false => format!("{}/s", HumanCount(rate.round() as u64)),
    }
}

fn bytes_per_second(rate: f64) -> String {
    format!("{}/s", BinaryBytes(rate.round() as u64))
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::report;
    use super::*;
    use proptest::prelude::*;

    /// Figures and rates of a run that reads 1,000 records of 100 bytes a
    /// second for `seconds`, ten looks a second.
    fn steady(seconds: u64) -> (Report, Rates) {
        let mut report = report();
        let mut rates = Rates::default();
        for tenth in 1..=seconds * 10 {
            report.elapsed = Duration::from_millis(tenth * 100);
            report.input.records = tenth * 100;
            report.input.bytes = tenth * 10_000;
            rates.follow(&report);
        }
        (report, rates)
    }

    #[test]
    fn all_that_is_asked_for_is_in_the_line() {
        let (report, rates) = steady(60);
        let line = live(&report, &rates, 200);
        let expected = "00:01:00  60,000 records  1,000/s  5.72 MiB  97.66 KiB/s  \
                        316 rollovers  312 waiting  314 spooled  209 errors  322 dropped";
        assert_eq!(line, expected);
    }

    #[test]
    fn what_there_is_none_of_is_not_told() {
        let (mut report, rates) = steady(1);
        report.handlers.clear();
        report.input.dropped = 0;
        let line = live(&report, &rates, 80);
        assert_eq!(
            line,
            "00:00:01  1,000 records  1,000/s  97.66 KiB  97.66 KiB/s"
        );
        assert_eq!(
            summary(&report),
            "1,000 records, 97.66 KiB in 1.0 s (1,000/s, 97.66 KiB/s)"
        );
        report.input.records = 1;
        report.elapsed = Duration::ZERO;
        assert_eq!(summary(&report), "1 record, 97.66 KiB in 0.0 s");
    }

    #[test]
    fn a_short_line_keeps_what_matters() {
        let (report, rates) = steady(60);
        let tail = "209 errors  322 dropped";
        let table = [
            (
                99,
                format!(
                    "00:01:00  60,000 records  1,000/s  316 rollovers  312 waiting  314 spooled  {tail}"
                ),
            ),
            (
                84,
                format!("00:01:00  60,000 records  1,000/s  312 waiting  314 spooled  {tail}"),
            ),
            (60, format!("00:01:00  60,000 records  {tail}")),
            (40, "00:01:00  60,000 records  322 dropped".to_owned()),
            (30, "60,000 records  322 dropped".to_owned()),
            (26, "60,000 records".to_owned()),
            (13, String::new()),
        ];
        for (room, line) in table {
            assert_eq!(live(&report, &rates, room), line, "{room}");
        }
    }

    #[test]
    fn the_last_line_has_it_all() {
        let line = summary(&report());
        let expected = "1,234,567 records, 117.74 MiB in 00:01:23 (14,793/s, 1.41 MiB/s), \
                        316 rollovers, 312 waiting, 314 spooled, 209 errors, 322 dropped";
        assert_eq!(line, expected);
    }

    #[test]
    fn rates_follow_within_seconds_and_start_true() {
        let (mut report, mut rates) = steady(1);
        assert!((rates.records.value() - 1000.0).abs() < 1.0, "{rates:?}");
        // Nothing comes any more.
        let mut after = |millis: u64| {
            report.elapsed += Duration::from_millis(millis);
            rates.follow(&report);
            rates.records.value()
        };
        assert!(after(100) > 500.0);
        for _ in 0..100 {
            after(100);
        }
        assert!(after(100) < 10.0);
        // The same moment twice is no division by nothing.
        assert!(after(0) < 10.0);
    }

    proptest! {
        #[test]
        fn it_always_fits(room in 0usize..200, records: u64, bytes: u64, millis in 0u64..u64::MAX / 2) {
            let mut report = report();
            let mut rates = Rates::default();
            rates.follow(&report);
            report.input.records = records;
            report.input.bytes = bytes;
            report.elapsed = Duration::from_millis(millis);
            report.handlers[0].waiting = u64::MAX;
            rates.follow(&report);
            let line = live(&report, &rates, room);
            prop_assert!(line.len() <= room && line.is_ascii(), "{}", line);
            prop_assert!(summary(&report).is_ascii());
        }
    }
}
