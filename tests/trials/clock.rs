//! Trials 35, 36 and 37: clocks that jump while `lh` runs and between runs,
//! days on which the hours are not 24, a process that slept.
//!
//! Not tested here: `--plan` and the arithmetic of calendars (unit tests), a
//! machine that really sleeps.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, NaiveDate, TimeZone};
use chrono_tz::Tz;
use nix::sys::signal::Signal;

use crate::support::{Lh, Report, Running, able, faketime, folder, record, wait_for};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// A clock that is told how far it is from the true one.
struct Clock {
    folder: PathBuf,
}

impl Clock {
    fn new(folder: &Path) -> Clock {
        let clock = Clock {
            folder: folder.to_owned(),
        };
        clock.set(0);
        clock
    }

    fn set(&self, seconds: i64) {
        let next = self.folder.join("clock.next");
        std::fs::write(&next, format!("{seconds:+}\n")).unwrap();
        std::fs::rename(next, self.folder.join("clock")).unwrap();
    }

    /// Sets it to a moment.
    fn set_to(&self, moment: i64) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        self.set(moment - now.as_secs() as i64);
    }

    fn start(&self, arguments: &str, zone: &str) -> Running {
        Lh::new(arguments)
            .arg(self.logs().join("app.log"))
            .env("LD_PRELOAD", faketime().unwrap())
            .env("FAKETIME_TIMESTAMP_FILE", self.folder.join("clock"))
            .env("FAKETIME_NO_CACHE", "1")
            .env("DONT_FAKE_MONOTONIC", "1")
            .env("TZ", zone)
            .spawn()
    }

    fn logs(&self) -> PathBuf {
        let logs = self.folder.join("logs");
        let _ = std::fs::create_dir(&logs);
        logs
    }

    fn report(&self, last: u64) -> Report {
        Report::of(&self.logs(), 1..=last)
    }
}

/// Writes a record, and waits until it stands at the end of a file: of the
/// current one, or under `--eager` of one that was rolled over since.
fn write(running: &mut Running, clock: &Clock, number: u64) {
    let line = record(number);
    assert!(running.write(&line), "{}", running.stderr());
    let ends = |entry: std::io::Result<std::fs::DirEntry>| {
        let bytes = entry.and_then(|entry| std::fs::read(entry.path()));
        bytes.is_ok_and(|bytes| bytes.ends_with(&line))
    };
    let there = wait_for(Duration::from_secs(5), || {
        clock.logs().read_dir().unwrap().any(ends)
    });
    assert!(
        there,
        "record {number} is at the end of no file: {}",
        running.stderr()
    );
}

/// What is kept is the newest, without a gap.
fn assert_newest_kept(report: &Report, last: u64, what: &str) {
    let first = *report.found.keys().next().unwrap();
    assert!(
        report.found.keys().copied().eq(first..=last),
        "{what}: {report}"
    );
    assert!(
        report.doubled.is_empty() && report.torn.is_empty(),
        "{what}: {report}"
    );
    assert!(report.foreign.is_empty(), "{what}: {report}");
}

fn assert_idle(running: &Running, what: &str) {
    let before = running.processor_ticks();
    std::thread::sleep(Duration::from_millis(300));
    let spent = running.processor_ticks() - before;
    assert!(
        spent <= 5,
        "{what}: {spent} ticks of processor time in 300 ms"
    );
}

/// What is due and never done would be looked at again and again.
#[test]
fn what_is_never_rolled_over_is_not_due() {
    let folder = folder();
    let log = folder.path().join("log");
    let mut running = Lh::new("rotate --when S --eager --backups 0")
        .arg(&log)
        .spawn();
    assert!(running.write(b"a\n"));
    let begun = std::time::Instant::now();
    let past = Duration::from_millis(1100);
    let written = || std::fs::read(&log).is_ok_and(|text| text == b"a\n");
    let limit = Duration::from_secs(20);
    assert!(wait_for(limit, || written() && begun.elapsed() > past));
    assert_idle(&running, "no backups");
    running.end().expect(0);
}

/// Steps of one period and a bit, then a jump, again and again.
const JUMPS: [i64; 5] = [-HOUR, -DAY, 2 * 365 * DAY, -DAY, -HOUR];
const STEPS: u64 = 5;

/// The clock jumps while one process runs. Gives back how often it jumped or
/// went a period on.
fn jump_while_running(clock: &Clock, arguments: &str, period: i64) -> (u64, u64) {
    let mut running = clock.start(arguments, "UTC");
    let (mut offset, mut number, mut periods) = (0, 0, 0);
    for (round, jump) in [0].into_iter().chain(JUMPS).enumerate() {
        offset += jump;
        clock.set(offset);
        for _ in 0..STEPS {
            for _ in 0..3 {
                number += 1;
                write(&mut running, clock, number);
            }
            offset += period + 2;
            clock.set(offset);
            periods += 1;
        }
        if round % 3 == 1 {
            assert_idle(&running, arguments);
        }
    }
    let outcome = running.end().expect(0);
    assert_eq!(outcome.stderr, "", "{arguments}");
    (number, periods)
}

const PERIODS: [(&str, i64); 4] = [("S", 1), ("M", 60), ("H", HOUR), ("midnight", DAY)];

#[test]
fn the_newest_records_are_kept_whatever_the_clock_does() {
    if !able(&["faketime"]) {
        return;
    }
    for (when, period) in PERIODS {
        for more in ["", " --eager", " --compress gzip"] {
            if when != "S" && !more.is_empty() && when != "midnight" {
                continue;
            }
            let folder = folder();
            let clock = Clock::new(folder.path());
            let arguments = format!("timed --when {when} --backups 4{more}");
            let (last, _) = jump_while_running(&clock, &arguments, period);
            let report = clock.report(last);
            assert_newest_kept(&report, last, &arguments);
            assert_eq!(report.backups(), 4, "{arguments}: {report}");
            // Four backups and the current file, of a period or more each.
            assert!(report.found.len() >= 12, "{arguments}: {report}");
        }
    }
}

#[test]
fn a_jump_is_at_most_one_rollover_and_overwrites_nothing() {
    if !able(&["faketime"]) {
        return;
    }
    for (when, period) in PERIODS {
        let folder = folder();
        let clock = Clock::new(folder.path());
        let arguments = format!("timed --when {when}");
        let (last, periods) = jump_while_running(&clock, &arguments, period);
        let report = clock.report(last);
        assert_newest_kept(&report, last, &arguments);
        assert!(report.lost.is_empty(), "{arguments}: {report}");
        let rollovers = report.backups() as u64;
        // Backwards, a period may be cut short or be longer, never more.
        assert!(
            rollovers <= periods + 1,
            "{arguments}: {rollovers} in {periods} periods"
        );
        assert!(
            rollovers + 8 >= periods,
            "{arguments}: {rollovers} in {periods} periods"
        );
    }
}

#[test]
fn the_newest_records_are_kept_when_the_clock_jumps_between_runs() {
    if !able(&["faketime"]) {
        return;
    }
    for (when, period) in PERIODS {
        let folder = folder();
        let clock = Clock::new(folder.path());
        let arguments = format!("timed --when {when} --backups 4");
        let (mut offset, mut number) = (0, 0);
        for jump in [0].into_iter().chain(JUMPS) {
            offset += jump;
            clock.set(offset);
            let mut running = clock.start(&arguments, "UTC");
            for _ in 0..STEPS {
                for _ in 0..3 {
                    number += 1;
                    write(&mut running, &clock, number);
                }
                offset += period + 2;
                clock.set(offset);
            }
            running.end().expect(0);
            let report = clock.report(number);
            assert_newest_kept(&report, number, &arguments);
        }
        let report = clock.report(number);
        assert_eq!(report.backups(), 4, "{arguments}: {report}");
        assert!(report.found.len() >= 12, "{arguments}: {report}");
    }
}

#[test]
fn sizes_and_ages_do_not_go_by_a_clock_that_jumps() {
    if !able(&["faketime"]) {
        return;
    }
    let folder = folder();
    let clock = Clock::new(folder.path());
    let mut running = clock.start("rotate --max-bytes 300 --backups 400 --max-age 1h", "UTC");
    let mut number = 0;
    for jump in [0, -DAY, 2 * 365 * DAY, -HOUR, 0] {
        clock.set(jump);
        for _ in 0..20 {
            number += 1;
            write(&mut running, &clock, number);
        }
    }
    running.end().expect(0);
    let report = clock.report(number);
    report.assert_perfect("rotate --max-age");
    report.assert_chain("rotate --max-age");
}

#[test]
fn after_a_sleep_there_is_one_late_rollover() {
    if !able(&["faketime"]) {
        return;
    }
    for more in ["", " --eager"] {
        let folder = folder();
        let clock = Clock::new(folder.path());
        let mut running = clock.start(&format!("timed --when H{more}"), "UTC");
        for number in 1..=5 {
            write(&mut running, &clock, number);
        }
        running.signal(Signal::SIGSTOP);
        clock.set(8 * HOUR);
        std::thread::sleep(Duration::from_millis(100));
        running.signal(Signal::SIGCONT);
        for number in 6..=10 {
            write(&mut running, &clock, number);
        }
        running.end().expect(0);
        let report = clock.report(10);
        assert!(report.lost.is_empty(), "{report}");
        let mut files: Vec<_> = report.files.values().cloned().collect();
        files.sort();
        assert_eq!(files, [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]], "{report}");
    }
}

/// Days on which a clock is put forward or back, by whole hours, by half an
/// hour, at midnight, or over a whole day.
const DAYS: [(&str, i32, u32, u32); 6] = [
    ("Europe/London", 2026, 3, 29),
    ("Europe/London", 2026, 10, 25),
    ("America/Sao_Paulo", 2018, 11, 4),
    ("Australia/Lord_Howe", 2026, 4, 5),
    ("Australia/Lord_Howe", 2026, 10, 4),
    ("Pacific/Apia", 2011, 12, 30),
];

/// Writes a record each step from the day before to the day after, and gives
/// back when each was written, and the numbers in each file.
fn through_the_day(
    arguments: &str,
    (zone, year, month, day): (&str, i32, u32, u32),
    step: i64,
) -> (Vec<DateTime<Tz>>, Vec<Vec<u64>>, String) {
    let folder = folder();
    let clock = Clock::new(folder.path());
    let tz: Tz = zone.parse().unwrap();
    let middle = NaiveDate::from_ymd_opt(year, month, day).unwrap();
    let noon = middle.and_hms_opt(12, 7, 0).unwrap().and_utc().timestamp();
    let moments = (noon - 2 * DAY..noon + 2 * DAY).step_by(step as usize);
    let mut written = Vec::new();
    let mut moments = moments.peekable();
    clock.set_to(*moments.peek().unwrap());
    let mut running = clock.start(arguments, zone);
    for moment in moments {
        clock.set_to(moment);
        written.push(tz.timestamp_opt(moment, 0).unwrap());
        write(&mut running, &clock, written.len() as u64);
    }
    let outcome = running.end().expect(0);
    assert_eq!(outcome.stderr, "");
    let report = clock.report(written.len() as u64);
    assert!(
        report.lost.is_empty() && report.doubled.is_empty(),
        "{arguments}: {report}"
    );
    let mut files: Vec<_> = report.files.values().cloned().collect();
    files.sort();
    let what = format!("{arguments}, {zone} {middle}: {:?}", report.files);
    (written, files, what)
}

/// The numbers of consecutive records for which something is the same.
fn groups<K: PartialEq>(keys: impl IntoIterator<Item = K>) -> Vec<Vec<u64>> {
    let mut groups: Vec<Vec<u64>> = Vec::new();
    let mut last = None;
    for (key, number) in keys.into_iter().zip(1..) {
        if last.as_ref() != Some(&key) {
            groups.push(Vec::new());
        }
        groups.last_mut().unwrap().push(number);
        last = Some(key);
    }
    groups
}

#[test]
fn midnight_is_once_a_day_on_odd_days_too() {
    if !able(&["faketime"]) {
        return;
    }
    for day in DAYS {
        let (written, files, what) = through_the_day("timed --when midnight", day, 30 * 60);
        let expected = groups(written.iter().map(DateTime::date_naive));
        assert_eq!(files, expected, "{what}");
    }
}

#[test]
fn hours_are_elapsed_hours_on_odd_days_too() {
    if !able(&["faketime"]) {
        return;
    }
    for day in DAYS {
        let (written, files, what) = through_the_day("timed --when H", day, 50 * 60);
        let mut due = written[0].timestamp() + HOUR;
        let mut period = 0;
        let expected = groups(written.iter().map(|moment| {
            if moment.timestamp() >= due {
                due = moment.timestamp() + HOUR;
                period += 1;
            }
            period
        }));
        assert_eq!(files, expected, "{what}");
    }
}

#[test]
fn a_time_of_day_is_reached_once_a_day() {
    if !able(&["faketime"]) {
        return;
    }
    for day in DAYS {
        let arguments = "timed --when midnight --at-time 01:30";
        let (written, files, what) = through_the_day(arguments, day, 30 * 60);
        // From one 01:30 to the next; on the day itself it may be skipped, or
        // be there twice, and is one boundary all the same.
        let days = groups(written.iter().map(|moment| {
            let shifted = moment.naive_local() - chrono::TimeDelta::minutes(90);
            shifted.date()
        }));
        let dates: std::collections::BTreeSet<_> = written
            .iter()
            .map(|moment| (moment.naive_local() - chrono::TimeDelta::minutes(90)).date())
            .collect();
        assert_eq!(files.len(), dates.len(), "{what}, by the clock {days:?}");
    }
}
