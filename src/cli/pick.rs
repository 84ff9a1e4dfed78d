//! Records out of lines that were written: by their time, their level, their text.
//!
//! A record is a line, and the lines that continue it: those that begin with a
//! space or a tab, and behind a line that begins with a time, those that do not.
//! Wide characters come out as UTF-8, so that a line is one.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::time::Duration;

use regex::bytes::Regex;

use crate::clean::mask::foreign::any_matches;
use crate::level::Level;
use crate::now::Timestamp;
use crate::record::{Defaults, Record};
use crate::roll::follow::Lines;
use crate::roll::lines::Output;
use crate::roll::when::parse_time_of_day;
use crate::text::detect;
use crate::text::time::parse_timestamp;
use crate::text::wide::Wide;
use crate::units;
use crate::wire::line_time::LineTimes;
use crate::wire::{json, logfmt};
use crate::zone::{self, DAY, LocalZone};

/// A record that has become so long, in bytes, is judged by what there is.
const LONG: usize = 1 << 20;

/// So much of a record is kept until it is known to be one of the last, in bytes.
const LONGEST_KEPT: usize = 64 << 20;

/// No record has this time.
const NEVER: Timestamp = Timestamp(i64::MIN);

/// Which records are wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Not those before this time. What has none stands before all times.
    pub since: Option<Timestamp>,
    /// Only those before this time.
    pub until: Option<Timestamp>,
    /// None below this level; what has none is INFO.
    pub min_level: Option<Level>,
    /// One of them has to match, where there are any.
    pub grep: Vec<Regex>,
}

impl Wanted {
    /// Whether all are.
    pub fn is_all(&self) -> bool {
        let Wanted {
            since,
            until,
            min_level,
            grep,
        } = self;
        since.is_none() && until.is_none() && min_level.is_none() && grep.is_empty()
    }
}

/// Reads a time of `--since` and `--until`: RFC 3339, a day, a time of today, or a
/// duration that was so long ago.
///
/// # Errors
/// Says which forms there are.
pub fn parse_when(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let local = |text: &str| parse_timestamp(text, &LocalZone);
    let ago = |text: &str| {
        let has_unit = text.ends_with(|c: char| c.is_ascii_alphabetic());
        let duration = units::duration(text).ok().filter(|_| has_unit)?;
        Some(Timestamp(
            now.0
                .checked_sub(i64::try_from(duration.as_nanos()).ok()?)?,
        ))
    };
    let today = |text: &str| {
        let of_day = parse_time_of_day(text).ok()?;
        let wall = zone::wall(&LocalZone, now.secs());
        let wall = wall - wall.rem_euclid(DAY) + i64::from(of_day);
        Timestamp::from_parts(zone::resolve(&LocalZone, wall), 0)
    };
    local(text)
        .or_else(|| local(&format!("{text} 00:00:00")))
        .or_else(|| local(&format!("{text}:00")))
        .or_else(|| today(text))
        .or_else(|| ago(text))
        .ok_or_else(|| {
            format!(
                "{text:?} is no time: write 2026-11-23T10:00:00Z, '2026-11-23 10:00', 2026-11-23, \
                 10:30, or 2h for two hours ago"
            )
        })
}

/// Where picked records go.
enum Mode {
    /// On.
    Pass,
    /// On, without so many of the next ones.
    Skip(u64),
    /// Into here, so many at most: the last ones.
    Keep(u64, VecDeque<Vec<u8>>),
}

/// What a user may have to hear.
#[derive(Debug, Default)]
struct Signs {
    /// There was a line, and one with a time: of the set at hand.
    lines: bool,
    times: bool,
    is_told: bool,
    zone_is_told: bool,
    /// A record was not searched to its end.
    cut: bool,
    cut_is_told: bool,
    /// One of the last records is not shown to its end.
    kept_cut: bool,
    kept_cut_is_told: bool,
}

/// Takes lines in any pieces and writes those of the records that are wanted.
pub struct Picker<'t> {
    wanted: Wanted,
    times: LineTimes,
    defaults: Defaults,
    mode: Mode,
    /// Each line is a record.
    by_lines: bool,
    wide: Wide,
    signs: Signs,
    /// The start of a line whose end has not come.
    partial: Vec<u8>,
    /// A line goes on that was too long to wait for its end.
    in_line: bool,
    /// The record at hand, as far as it is not judged.
    record: Vec<u8>,
    /// The time of its first line.
    time: Option<Timestamp>,
    /// It was judged before its end, and this is what came of it.
    verdict: Option<bool>,
    /// The rest of the record at hand is left out.
    is_cut: bool,
    to: &'t mut dyn Write,
}

impl<'t> Picker<'t> {
    /// Writes to `to`: all, or those that `lines` says, of which the last ones come
    /// once [`let_go`](Picker::let_go) is called.
    pub fn new(
        wanted: Wanted,
        lines: Option<Lines>,
        now: Timestamp,
        to: &'t mut dyn Write,
    ) -> Picker<'t> {
        Picker {
            wanted,
            times: LineTimes::new(now),
            defaults: Defaults::default(),
            mode: match lines {
                None => Mode::Pass,
                Some(Lines::Last(most)) => Mode::Keep(most, VecDeque::new()),
                Some(Lines::From(first)) => Mode::Skip(first.saturating_sub(1)),
            },
            by_lines: false,
            wide: Wide::default(),
            signs: Signs::default(),
            partial: Vec::new(),
            in_line: false,
            record: Vec::new(),
            time: None,
            verdict: None,
            is_cut: false,
            to,
        }
    }

    /// The same with each line as a record, whatever it begins with.
    pub fn by_lines(self) -> Picker<'t> {
        Picker {
            by_lines: true,
            ..self
        }
    }

    /// What comes next is another set's: the last line of the one at hand ends, and
    /// what was to be told of it was.
    ///
    /// # Errors
    /// Those of writing.
    pub fn next_set(&mut self) -> io::Result<()> {
        self.end_line()?;
        self.finish()?;
        self.wide.next_file();
        let signs = &mut self.signs;
        (signs.lines, signs.times, signs.is_told) = (false, false, false);
        Ok(())
    }

    /// What should be said now, each thing once.
    pub fn remarks(&mut self) -> Vec<String> {
        let Wanted { since, until, .. } = &self.wanted;
        let (signs, mut remarks) = (&mut self.signs, Vec::new());
        let by_time = since.is_some() || until.is_some();
        if by_time && signs.lines && !signs.times && !signs.is_told {
            signs.is_told = true;
            remarks.push(
                "no line begins with a time that lh knows (lh cat --help lists them), so that \
                 --since leaves all of them out and --until none"
                    .to_owned(),
            );
        }
        if let Some(zone) = self.times.odd_zone().filter(|_| by_time)
            && !signs.zone_is_told
        {
            signs.zone_is_told = true;
            remarks.push(format!(
                "which time zone {zone} is meant is not known; its times are read as local ones"
            ));
        }
        if signs.kept_cut && !signs.kept_cut_is_told {
            signs.kept_cut_is_told = true;
            remarks.push("a record is longer than 64 MiB; the rest of it is left out".to_owned());
        }
        if signs.cut && !signs.cut_is_told {
            signs.cut_is_told = true;
            remarks.push(
                "a record is longer than 1 MiB; --grep has looked at its first MiB only".to_owned(),
            );
        }
        remarks
    }

    /// Judges the record at hand, because nothing came for a while. Lines that
    /// continue it go where it went.
    ///
    /// # Errors
    /// Those of writing.
    pub fn settle(&mut self) -> io::Result<()> {
        if self.record.is_empty() {
            return Ok(());
        }
        let verdict = match self.verdict {
            Some(verdict) => verdict,
            None => self.judge() && !self.skips(),
        };
        let goes_on = self.verdict.replace(verdict).is_some();
        let record = std::mem::take(&mut self.record);
        if verdict {
            self.emit(&record, goes_on)?;
        }
        self.record = record;
        self.record.clear();
        Ok(())
    }

    /// Ends the input: a last line without a newline is one.
    ///
    /// # Errors
    /// Those of writing.
    pub fn finish(&mut self) -> io::Result<()> {
        self.drain()?;
        let partial = std::mem::take(&mut self.partial);
        if !partial.is_empty() {
            self.line(&partial)?;
        }
        self.settle()?;
        (self.verdict, self.time) = (None, None);
        Ok(())
    }

    /// Ends the line at hand, if it has no end.
    ///
    /// # Errors
    /// Those of writing.
    fn end_line(&mut self) -> io::Result<()> {
        self.drain()?;
        match (self.partial.is_empty(), self.in_line) {
            (false, _) => {
                let mut partial = std::mem::take(&mut self.partial);
                partial.push(b'\n');
                self.line(&partial)?;
            }
            (true, true) => self.line(b"\n")?,
            (true, false) => {}
        }
        Ok(())
    }

    /// Writes the records that were kept; from now on all are passed on.
    ///
    /// # Errors
    /// Those of writing.
    pub fn let_go(&mut self) -> io::Result<()> {
        if let Mode::Keep(_, kept) = std::mem::replace(&mut self.mode, Mode::Pass) {
            for record in kept {
                self.to.write_all(&record)?;
            }
        }
        Ok(())
    }

    /// Whether a record that is wanted is one of those that are skipped.
    fn skips(&mut self) -> bool {
        match &mut self.mode {
            Mode::Skip(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        }
    }

    /// Writes a record, or more of the one before.
    fn emit(&mut self, record: &[u8], goes_on: bool) -> io::Result<()> {
        if self.is_cut && goes_on {
            return Ok(());
        }
        self.is_cut = false;
        match &mut self.mode {
            Mode::Pass | Mode::Skip(_) => self.to.write_all(record),
            Mode::Keep(_, kept) if goes_on => {
                if let Some(begun) = kept.back_mut() {
                    begun.extend_from_slice(record);
                    if begun.len() > LONGEST_KEPT {
                        begun.truncate(LONGEST_KEPT);
                        begun.push(b'\n');
                        (self.signs.kept_cut, self.is_cut) = (true, true);
                    }
                }
                Ok(())
            }
            Mode::Keep(most, kept) => {
                kept.push_back(record.to_vec());
                if kept.len() as u64 > *most {
                    kept.pop_front();
                }
                Ok(())
            }
        }
    }

    /// Takes what the decoder has held, which is all that there is.
    fn drain(&mut self) -> io::Result<()> {
        let mut wide = std::mem::take(&mut self.wide);
        let taken = self.take(wide.end());
        self.wide = wide;
        taken
    }

    /// Takes text, in any pieces.
    fn take(&mut self, text: &[u8]) -> io::Result<()> {
        for line in text.split_inclusive(|&byte| byte == b'\n') {
            let is_whole = line.ends_with(b"\n");
            if is_whole && self.partial.is_empty() {
                self.line(line)?;
                continue;
            }
            self.partial.extend_from_slice(line);
            if is_whole || self.partial.len() > LONG {
                let mut line = std::mem::take(&mut self.partial);
                self.line(&line)?;
                line.clear();
                self.partial = line;
            }
        }
        Ok(())
    }

    /// Takes a line, with its newline if it has one.
    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        let in_line = std::mem::replace(&mut self.in_line, !line.ends_with(b"\n"));
        if !in_line {
            let is_indented = !self.by_lines && matches!(line.first(), Some(b' ' | b'\t'));
            let time = match is_indented || self.by_lines {
                true => None,
                false => self.time_of(line),
            };
            self.signs.lines = true;
            self.signs.times |= time.is_some();
            let continues = is_indented || (time.is_none() && self.time.is_some());
            let has_begun = !self.record.is_empty() || self.verdict.is_some();
            if !(continues && has_begun) {
                self.settle()?;
                (self.verdict, self.time) = (None, time);
            }
        }
        self.record.extend_from_slice(line);
        match self.record.len() > LONG || self.verdict.is_some() {
            true => self.settle(),
            false => Ok(()),
        }
    }

    /// The time that a line begins with, or that its object has.
    fn time_of(&mut self, line: &[u8]) -> Option<Timestamp> {
        let created = self.object(line).map(|record| record.created);
        match created.filter(|time| *time != NEVER) {
            None => self.times.read(line),
            time => time,
        }
    }

    /// What a line is that has all of a record in it.
    fn object<'a>(&'a self, line: &'a [u8]) -> Option<Record<'a>> {
        let line = line.trim_ascii_end();
        let mut record = Record::new(&self.defaults, NEVER);
        let read = match line.first()? {
            b'{' => json::decode(line, &self.defaults, NEVER, &mut record),
            byte if byte.is_ascii_alphabetic() => {
                logfmt::decode(line, &self.defaults, NEVER, &mut record)
            }
            _ => return None,
        };
        read.ok().map(|()| record)
    }

    fn judge(&mut self) -> bool {
        if !self.is_of_time_and_level() {
            return false;
        }
        let grep = &self.wanted.grep;
        let record = self.record.strip_suffix(b"\n").unwrap_or(&self.record);
        let is_found = grep.is_empty() || any_matches(grep, record);
        self.signs.cut |= !is_found && record.len() > LONG;
        is_found
    }

    fn is_of_time_and_level(&self) -> bool {
        let Wanted {
            since,
            until,
            min_level,
            grep: _,
        } = &self.wanted;
        let time = self.time.unwrap_or(NEVER);
        if since.is_some_and(|since| time < since) || until.is_some_and(|until| time >= until) {
            return false;
        }
        let mut lines = self.record.split(|&byte| byte == b'\n');
        let first = lines.next().unwrap_or_default();
        min_level.is_none_or(|least| {
            let level = match self.object(first) {
                Some(record) => record.level,
                None => detect::level(first).unwrap_or(Level::INFO),
            };
            let is_least = |line| level_at_start(line).is_some_and(|level| level >= least);
            level >= least || lines.any(is_least)
        })
    }
}

/// The level that a line says with its first word, in capitals: such a line may be of
/// somebody who writes no time, and java.util.logging has it behind the line of the time.
fn level_at_start(line: &[u8]) -> Option<Level> {
    let line = line.strip_prefix(b"[").unwrap_or(line);
    let is_letter = |byte: &&u8| byte.is_ascii_uppercase();
    let (word, rest) = line.split_at(line.iter().take(14).take_while(is_letter).count());
    let is_word = rest
        .first()
        .is_none_or(|byte| byte.is_ascii_whitespace() || b":]|([".contains(byte));
    is_word.then(|| Level::from_name(word)).flatten()
}

impl Output for Picker<'_> {
    fn next_file(&mut self, start: &[u8]) -> io::Result<()> {
        // The newline between files, which ends a line that never was, is one byte.
        match self.wide.is_wide() {
            true => self.end_line()?,
            false => self.drain()?,
        }
        self.wide.next_file();
        self.wide.resume(start);
        Ok(())
    }
}

impl Write for Picker<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut wide = std::mem::take(&mut self.wide);
        let taken = self.take(wide.pass(bytes));
        self.wide = wide;
        taken.map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// After so long without a line a record is held to be complete.
pub const QUIET: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        parse_timestamp(text, &LocalZone).unwrap()
    }

    fn picked(wanted: &Wanted, last: Option<Lines>, text: &str) -> String {
        let now = at("2026-11-23T12:00:00Z");
        let mut whole = None;
        for piece in [1, 7, 4096] {
            let mut out = Vec::new();
            let mut picker = Picker::new(wanted.clone(), last, now, &mut out);
            for piece in text.as_bytes().chunks(piece) {
                picker.write_all(piece).unwrap();
            }
            picker.finish().unwrap();
            picker.let_go().unwrap();
            let out = String::from_utf8(out).unwrap();
            assert_eq!(
                whole.get_or_insert(out.clone()),
                &out,
                "in pieces of {piece}"
            );
        }
        whole.unwrap()
    }

    const LOG: &str = "before all times
2026-11-23 10:00:00,123 INFO one
2026-11-23 10:00:01,000 ERROR two
Traceback (most recent call last):
  File \"a.py\"
ValueError: no
2026-11-23 10:00:02,000 WARNING three
";

    #[test]
    fn by_time() {
        let mut wanted = Wanted {
            since: Some(at("2026-11-23 10:00:01")),
            ..Wanted::default()
        };
        let behind = LOG.find("2026-11-23 10:00:01").unwrap();
        assert_eq!(picked(&wanted, None, LOG), &LOG[behind..]);
        wanted.until = Some(at("2026-11-23 10:00:02"));
        let end = LOG.find("2026-11-23 10:00:02").unwrap();
        assert_eq!(picked(&wanted, None, LOG), &LOG[behind..end]);
        wanted.since = None;
        assert_eq!(picked(&wanted, None, LOG), &LOG[..end]);
    }

    #[test]
    fn by_level_and_text() {
        let by_level = |level| Wanted {
            min_level: Some(level),
            ..Wanted::default()
        };
        let error = LOG.find("2026-11-23 10:00:01").unwrap();
        let warning = LOG.find("2026-11-23 10:00:02").unwrap();
        assert_eq!(
            picked(&by_level(Level::ERROR), None, LOG),
            &LOG[error..warning]
        );
        assert_eq!(
            picked(&by_level(Level::WARNING), Some(Lines::Last(1)), LOG),
            &LOG[warning..]
        );
        for (first, begin) in [(1, error), (2, warning), (3, LOG.len())] {
            let lines = Some(Lines::From(first));
            assert_eq!(
                picked(&by_level(Level::WARNING), lines, LOG),
                &LOG[begin..],
                "from {first} on"
            );
        }
        let by_text = |patterns: &[&str]| Wanted {
            grep: patterns
                .iter()
                .map(|text| Regex::new(text).unwrap())
                .collect(),
            ..Wanted::default()
        };
        assert_eq!(
            picked(&by_text(&["ValueError"]), None, LOG),
            &LOG[error..warning]
        );
        assert_eq!(
            picked(&by_text(&["three$", "^before"]), None, LOG)
                .lines()
                .count(),
            2
        );
        assert_eq!(
            picked(&by_text(&["nothing"]), Some(Lines::Last(5)), LOG),
            ""
        );
    }

    #[test]
    fn a_line_that_begins_with_its_level_counts() {
        let jul = "Nov 23, 2026 10:00:00 AM com.example.Main main
SEVERE: no
\tat com.example.Main.main(Main.java:1)
";
        let mixed = "2026-11-23 10:00:00 INFO one\nWARN [lib] two\n";
        let quiet = "2026-11-23 10:00:02 INFO three\n the ERROR\nERRORS: 0\n";
        let text = [jul, mixed, quiet].concat();
        let wanted = |level| Wanted {
            min_level: Some(level),
            ..Wanted::default()
        };
        let picked = |level| picked(&wanted(level), None, &text);
        assert_eq!(picked(Level::ERROR), jul);
        assert_eq!(picked(Level::WARNING), [jul, mixed].concat());
        assert_eq!(picked(Level::INFO), text);
        for (line, want) in [
            ("WARN [lib] x", Some(Level::WARNING)),
            ("SEVERE: x", Some(Level::ERROR)),
            ("[ERROR] x", Some(Level::ERROR)),
            ("FATAL", Some(Level::CRITICAL)),
            ("Error: x", None),
            ("ERROR_CODE 3", None),
            ("ERRORS", None),
            ("", None),
        ] {
            assert_eq!(level_at_start(line.as_bytes()), want, "{line}");
        }
    }

    #[test]
    fn times_in_the_ways_of_logs() {
        let wanted = Wanted {
            since: Some(at("2026-11-23T10:00:00Z")),
            until: Some(at("2026-11-23T10:00:01Z")),
            ..Wanted::default()
        };
        for line in [
            "2026-11-23T10:00:00Z x\n",
            "2026-11-23T10:00:00.5+00:00 x\n",
            "[2026-11-23T10:00:00.5Z] x\n",
            "<13>1 2026-11-23T10:00:00Z host app - - - x\n",
            "{\"time\":\"2026-11-23T10:00:00Z\",\"msg\":\"x\"}\n",
            "{\"ts\":1795428000.25,\"msg\":\"x\"}\n",
            "timestamp=2026-11-23T10:00:00.123456+00:00 level=info msg=x\n",
            "2026-11-23T10:00:00Z",
        ] {
            assert_eq!(picked(&wanted, None, line), line);
            assert_eq!(
                picked(
                    &wanted,
                    None,
                    &line.replace("T10", "T11").replace("8000", "9000")
                ),
                ""
            );
        }
        let local = Wanted {
            since: Some(at("2026-11-23 10:00:00")),
            until: Some(at("2026-11-23 10:00:01")),
            ..Wanted::default()
        };
        for line in [
            "Nov 23 10:00:00 host app: x\n",
            "<13>Nov 23 10:00:00 host app: x\n",
            "2026/11/23 10:00:00 x\n",
            "2026-11-23 10:00:00,5 x\n",
        ] {
            assert_eq!(picked(&local, None, line), line);
        }
    }

    #[test]
    fn a_record_that_was_judged_early_goes_on_as_it_began() {
        let wanted = Wanted {
            grep: vec![Regex::new("^keep").unwrap()],
            ..Wanted::default()
        };
        let mut out = Vec::new();
        let mut picker = Picker::new(wanted.clone(), None, Timestamp(0), &mut out);
        picker.write_all(b"keep 1\n").unwrap();
        picker.settle().unwrap();
        picker.write_all(b" and this\nnot\n").unwrap();
        picker.settle().unwrap();
        picker.write_all(b" nor this\nkeep 2").unwrap();
        picker.finish().unwrap();
        drop(picker);
        assert_eq!(out, b"keep 1\n and this\nkeep 2");

        let long = format!("keep {}\nnot\n", "x".repeat(3 * LONG));
        assert_eq!(picked(&wanted, None, &long).len(), long.len() - 4);
    }

    /// However long a record is, so much of it is held, and that is told.
    #[test]
    fn what_is_kept_of_a_record_is_bounded() {
        let mut out = Vec::new();
        let wanted = Wanted::default();
        let mut picker = Picker::new(wanted, Some(Lines::Last(1)), Timestamp(0), &mut out);
        picker.write_all(b"one\ntwo ").unwrap();
        let piece = vec![b'x'; 1 << 20];
        for _ in 0..LONGEST_KEPT / piece.len() + 3 {
            picker.write_all(&piece).unwrap();
        }
        picker.write_all(b"\n").unwrap();
        picker.finish().unwrap();
        assert_eq!(picker.remarks().len(), 1);
        assert!(picker.remarks().is_empty());
        picker.let_go().unwrap();
        drop(picker);
        assert_eq!(out.len(), LONGEST_KEPT + 1);
        assert!(out.starts_with(b"two x") && out.ends_with(b"x\n"));
    }

    #[test]
    fn times_of_the_command_line() {
        let now = at("2026-11-23 12:00:00");
        let same = |text: &str, want: &str| {
            assert_eq!(parse_when(text, now).unwrap(), at(want), "{text}");
        };
        same("2026-11-23T10:00:00Z", "2026-11-23T10:00:00Z");
        same("2026-11-22 10:30", "2026-11-22 10:30:00");
        same("2026-11-22", "2026-11-22 00:00:00");
        same("10:30", "2026-11-23 10:30:00");
        same("10:30:15", "2026-11-23 10:30:15");
        same("90m", "2026-11-23 10:30:00");
        for text in ["", "x", "5", "25:00", "2026-13-01", "-1h"] {
            assert!(parse_when(text, now).is_err(), "{text}");
        }
    }
}
