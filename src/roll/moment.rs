//! The times in names, by value: as text, `01-Dec-2026` stands before `30-Nov-2026`.

use super::pattern::{MONTHS, WEEKDAYS};

/// The span of time that a name may stand for, in seconds of the calendar in which
/// it was written; which zone that was, no name tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Its first second.
    pub start: i64,
    /// The first second behind it.
    pub end: i64,
}

const DAY: i64 = 86_400;

impl Moment {
    /// What a name without a time stands for.
    pub const ANY: Moment = Moment {
        start: i64::MIN,
        end: i64::MAX,
    };
}

/// What the times of one name say together.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fields {
    epoch: Option<i64>,
    year: Option<i64>,
    century: Option<i64>,
    year_of_century: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    week_year: Option<i64>,
    /// Of the ISO year; those that begin on Sundays, and on Mondays.
    week: Option<i64>,
    sunday_week: Option<i64>,
    monday_week: Option<i64>,
    /// 0 is Monday.
    weekday: Option<i64>,
    hour: Option<i64>,
    half_hour: Option<i64>,
    afternoon: Option<bool>,
    minute: Option<i64>,
    second: Option<i64>,
    offset: Option<i64>,
}

impl Fields {
    /// Takes what a text says that was made by a format; `None`: it was not.
    pub(super) fn read(&mut self, format: &str, text: &str) -> Option<()> {
        self.take(format, &mut &*text)
    }

    fn take(&mut self, format: &str, text: &mut &str) -> Option<()> {
        let mut chars = format.chars();
        while let Some(char) = chars.next() {
            if char != '%' {
                *text = text.strip_prefix(char)?;
                continue;
            }
            let mut digits = |width| number(text, width).map(Some);
            match chars.next()? {
                'Y' => self.year = digits(4)?,
                'G' => self.week_year = digits(4)?,
                'C' => self.century = digits(2)?,
                'y' | 'g' => self.year_of_century = digits(2)?,
                'm' => self.month = digits(2)?,
                'd' => self.day = digits(2)?,
                'j' => self.day_of_year = digits(3)?,
                'V' => self.week = digits(2)?,
                'U' => self.sunday_week = digits(2)?,
                'W' => self.monday_week = digits(2)?,
                'u' => self.weekday = digits(1)?.map(|day| day - 1),
                'w' => self.weekday = digits(1)?.map(|day| (day + 6) % 7),
                'H' => self.hour = digits(2)?,
                'I' => self.half_hour = digits(2)?,
                'M' => self.minute = digits(2)?,
                'S' => self.second = digits(2)?,
                'b' | 'h' => self.month = Some(word(text, MONTHS)? + 1),
                'a' => self.weekday = Some(word(text, WEEKDAYS)?),
                'p' => self.afternoon = Some(word(text, &["AM", "PM"])? == 1),
                'z' => self.offset = Some(offset(text)?),
                's' => self.epoch = Some(epoch(text)?),
                '%' => *text = text.strip_prefix('%')?,
                'F' => self.take("%Y-%m-%d", text)?,
                'T' => self.take("%H:%M:%S", text)?,
                'R' => self.take("%H:%M", text)?,
                _ => return None,
            }
        }
        Some(())
    }

    /// The value of that; `None` where no year is told, or no day in it.
    pub(super) fn moment(&self) -> Option<Moment> {
        if let Some(start) = self.epoch {
            let end = start + 1;
            return Some(Moment { start, end });
        }
        let (mut start, mut length) = self.date()?;
        let half = self.half_hour.zip(self.afternoon);
        let hour = half.map(|(hour, afternoon)| hour % 12 + 12 * i64::from(afternoon));
        let hour = self.hour.or(hour);
        for (value, unit, whole) in [
            (hour, 3600, DAY),
            (self.minute, 60, 3600),
            (self.second, 1, 60),
        ] {
            // What stands below a gap, as minutes without an hour, tells nothing.
            if let Some(value) = value.filter(|_| length == whole) {
                start += value * unit;
                length = unit;
            }
        }
        start -= self.offset.unwrap_or(0);
        let end = start + length;
        Some(Moment { start, end })
    }

    /// The first second of the date, and the length of what it tells.
    fn date(&self) -> Option<(i64, i64)> {
        let short = self.year_of_century.map(|year| match self.century {
            Some(century) => 100 * century + year,
            // As POSIX has it for %y.
            None if year >= 69 => 1900 + year,
            None => 2000 + year,
        });
        let year = self.year.or(short);
        if let Some((year, week)) = self.week_year.or(year).zip(self.week) {
            // The first week is the one with January 4.
            let fourth = days(year, 1, 4);
            let monday = fourth - weekday(fourth) + 7 * (week - 1);
            return Some(self.in_week(monday, 0));
        }
        let year = year.or(self.week_year)?;
        let first = days(year, 1, 1);
        if let (Some(month), Some(day)) = (self.month, self.day) {
            return Some((days(year, month, day) * DAY, DAY));
        }
        if let Some(day) = self.day_of_year {
            return Some(((first + day - 1) * DAY, DAY));
        }
        if let Some(month) = self.month {
            let start = days(year, month, 1);
            let next = days(year + month / 12, month % 12 + 1, 1);
            return Some((start * DAY, (next - start) * DAY));
        }
        // The days before the first Monday, or Sunday, are in week 0.
        if let Some(week) = self.monday_week {
            let monday = first + (7 - weekday(first)) % 7 + 7 * (week - 1);
            return Some(self.in_week(monday, 0));
        }
        if let Some(week) = self.sunday_week {
            let sunday = first + (13 - weekday(first)) % 7 + 7 * (week - 1);
            return Some(self.in_week(sunday, 1));
        }
        if self.day.is_some() || self.weekday.is_some() || self.hour.is_some() {
            return None;
        }
        Some((first * DAY, (days(year + 1, 1, 1) - first) * DAY))
    }

    /// A week, or the day of it that is told. Its first day is so many days before
    /// Monday.
    fn in_week(&self, first: i64, before_monday: i64) -> (i64, i64) {
        match self.weekday {
            Some(day) => ((first + (day + before_monday) % 7) * DAY, DAY),
            None => (first * DAY, 7 * DAY),
        }
    }
}

fn number(text: &mut &str, width: usize) -> Option<i64> {
    let (digits, rest) = text.split_at_checked(width)?;
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    *text = rest;
    digits.parse().ok().filter(|_| is_number)
}

fn word(text: &mut &str, words: &[&str]) -> Option<i64> {
    let at = words.iter().position(|word| text.starts_with(word))?;
    *text = &text[words[at].len()..];
    i64::try_from(at).ok()
}

fn offset(text: &mut &str) -> Option<i64> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    *text = &text[1..];
    let hours = number(text, 2)?;
    Some(sign * (3600 * hours + 60 * number(text, 2)?))
}

fn epoch(text: &mut &str) -> Option<i64> {
    let sign = usize::from(text.starts_with('-'));
    let digits = text[sign..].bytes().take(12);
    let digits = digits.take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(sign + digits);
    *text = rest;
    number.parse().ok()
}

/// The days from 1970-01-01 to a date.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years that begin in March have their leap day at the end.
    let year = year - i64::from(month <= 2);
    let months = (month + 9) % 12;
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    365 * year + leaps + (153 * months + 2) / 5 + day - 719_469
}

/// The weekday of a day since 1970-01-01, which was a Thursday; 0 is Monday.
fn weekday(day: i64) -> i64 {
    (day + 3).rem_euclid(7)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, NaiveDateTime, TimeDelta};
    use proptest::prelude::*;

    fn value(format: &str, text: &str) -> Option<Moment> {
        let mut fields = Fields::default();
        fields.read(format, text)?;
        fields.moment()
    }

    fn civil(text: &str) -> i64 {
        let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S");
        time.unwrap().and_utc().timestamp()
    }

    #[test]
    fn what_names_say() {
        for (format, text, start, length) in [
            ("%Y-%m-%d", "2026-11-22", "2026-11-22 00:00:00", DAY),
            ("%d-%b-%Y", "01-Dec-2026", "2026-12-01 00:00:00", DAY),
            ("%Y%m", "202612", "2026-12-01 00:00:00", 31 * DAY),
            ("%Y", "2028", "2028-01-01 00:00:00", 366 * DAY),
            ("%y%m%d-%H%M", "261122-0708", "2026-11-22 07:08:00", 60),
            (
                "%Y-%m-%d_%I-%M%p",
                "2026-11-22_12-05AM",
                "2026-11-22 00:05:00",
                60,
            ),
            ("%F_%T", "2026-11-22_07:08:09", "2026-11-22 07:08:09", 1),
            ("%Y.%j", "2026.032", "2026-02-01 00:00:00", DAY),
            ("%G-W%V", "2026-W01", "2025-12-29 00:00:00", 7 * DAY),
            ("%G-W%V-%u", "2026-W01-7", "2026-01-04 00:00:00", DAY),
            // Minutes without an hour, and hours without a day.
            ("%F-%M", "2026-11-22-07", "2026-11-22 00:00:00", DAY),
            ("%Y-%m_%H", "2026-11_07", "2026-11-01 00:00:00", 30 * DAY),
            ("%F_%H%z", "2026-11-22_07+0200", "2026-11-22 05:00:00", 3600),
            ("%s", "1795305600", "2026-11-22 00:00:00", 1),
            ("%Y-%m-%d-%s", "2026-11-22-9", "1970-01-01 00:00:09", 1),
        ] {
            let start = civil(start);
            let end = start + length;
            let want = Moment { start, end };
            assert_eq!(value(format, text), Some(want), "{format} {text}");
        }
        for (format, text) in [
            ("%H%M", "0708"),
            ("%m-%d", "11-22"),
            ("%a", "Mon"),
            ("%Y-%d", "2026-22"),
        ] {
            assert_eq!(value(format, text), None, "{format}");
        }
    }

    proptest! {
        /// As chrono writes them.
        #[test]
        fn it_is_the_time_that_was_written(secs in 0i64..4_000_000_000, which in 0usize..12) {
            let time = DateTime::from_timestamp(secs, 0).unwrap().naive_utc();
            let (format, unit) = [
                ("%Y-%m-%d_%H-%M-%S", 1),
                ("%d-%b-%Y_%I%M%S%p", 1),
                ("%Y-%m-%d_%H-%M", 60),
                ("%Y-%m-%d_%H", 3600),
                ("%Y-%m-%d", DAY),
                ("%G%V%u", DAY),
                ("%G%V%a", DAY),
                ("%Y-%U-%w", DAY),
                ("%Y-%W-%u", DAY),
                ("%Y%j", DAY),
                ("%C%y%m%d", DAY),
                ("%s", 1),
            ][which];
            let text = time.format(format).to_string();
            let start = secs - secs % unit;
            let want = Moment { start, end: start + unit };
            prop_assert_eq!(value(format, &text), Some(want), "{}", text);
            let week = time.date() - TimeDelta::days(weekday(secs / DAY));
            let iso = value("%G%V", &time.format("%G%V").to_string()).unwrap();
            let monday = week.and_time(chrono::NaiveTime::MIN).and_utc().timestamp();
            prop_assert_eq!(iso, Moment { start: monday, end: monday + 7 * DAY });
        }

        /// What is no text of the format is no reason to fall over.
        #[test]
        fn any_text_is_read(format in "(%[YGCymdjVUWuwHIMSbapzsFTR%]|-){0,6}", text in "\\PC{0,30}") {
            let _ = value(&format, &text);
        }
    }
}
