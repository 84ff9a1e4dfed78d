//! Names of rolled-over files: making them, and telling one's own from others.
//!
//! Only a name that the same template would make is ever renamed or deleted.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::compress::ENDINGS;
use super::moment::{Fields, Moment};
use super::pattern::{self, Part};
use crate::sys;

/// What `{suffix}` stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suffix {
    /// The number of the backup, 1 for the newest: `RotatingFileHandler`.
    Number,
    /// The start of the interval in this strftime format:
    /// `TimedRotatingFileHandler`.
    Time(&'static str),
}

impl Suffix {
    /// The times of `TimedRotatingFileHandler`, whichever its `when` is.
    pub const TIMES: [&str; 4] = [
        "%Y-%m-%d_%H-%M-%S",
        "%Y-%m-%d_%H-%M",
        "%Y-%m-%d_%H",
        "%Y-%m-%d",
    ];
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Literal(Vec<u8>),
    Number,
    Time(String),
}

/// Makes the names of one file's backups, and knows them again.
#[derive(Clone, Debug)]
pub struct Namer {
    directory: PathBuf,
    segments: Vec<Segment>,
    /// The one of them that is the suffix.
    suffix: Option<usize>,
    /// What the segments make, and for each its segment.
    parts: Vec<Part>,
    owners: Vec<usize>,
}

/// What varies in the name of a backup.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Variables {
    /// The times, in the order of the template.
    pub times: Vec<String>,
    /// `{n}`, where the template has it; else the counter behind the name, 0
    /// where there is none.
    pub number: u64,
    /// The ending of a compressed file, or nothing.
    pub ending: &'static str,
}

/// A template for names that can't be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("name template {template:?}, at byte {at}: {problem}")]
pub struct NamerError {
    template: String,
    at: usize,
    problem: String,
}

const FIELDS: &str = "{base} {dir} {stem} {ext} {n} {suffix} {time:%Y%m%d}";

impl Namer {
    /// Reads a template for the backups of `file`.
    ///
    /// A relative name stands in the file's own directory. `{ext}` has its
    /// dot; a dot before it in the template is not doubled. A name without
    /// `{n}` gets a counter behind it where it is taken already.
    ///
    /// # Errors
    /// An unknown field or time specifier, a template in which nothing varies,
    /// and one that varies in the directory.
    pub fn parse(template: &str, file: &Path, suffix: Suffix) -> Result<Namer, NamerError> {
        let error = |at: usize, problem: String| NamerError {
            template: template.to_owned(),
            at,
            problem,
        };
        let home = file.parent().unwrap_or(Path::new(""));
        let base = file.file_name().unwrap_or_default();
        let mut rest = template;
        let mut directory = home.to_owned();
        if let Some(tail) = template.strip_prefix("{dir}") {
            rest = tail.trim_start_matches('/');
        }
        let (mut segments, mut suffix_at) = (Vec::new(), None);
        let mut literal: Vec<u8> = Vec::new();
        while let Some(next) = rest.chars().next() {
            let at = template.len() - rest.len();
            let doubled = rest.starts_with("{{") || rest.starts_with("}}");
            if doubled || !matches!(next, '{' | '}') {
                literal.extend_from_slice(&rest.as_bytes()[..next.len_utf8()]);
                rest = &rest[next.len_utf8() * (1 + usize::from(doubled))..];
                continue;
            }
            let Some((field, tail)) = rest[1..].split_once('}').filter(|_| next == '{') else {
                return Err(error(
                    at,
                    format!("a lone {next}; write {next}{next} for one"),
                ));
            };
            rest = tail;
            let variable = match field {
                "base" => {
                    literal.extend_from_slice(sys::name_bytes(base));
                    continue;
                }
                "stem" => {
                    let stem = Path::new(base).file_stem().unwrap_or_default();
                    literal.extend_from_slice(sys::name_bytes(stem));
                    continue;
                }
                "ext" => {
                    let extension = Path::new(base).extension();
                    if literal.last() == Some(&b'.') {
                        literal.pop();
                    }
                    if let Some(extension) = extension {
                        literal.push(b'.');
                        literal.extend_from_slice(sys::name_bytes(extension));
                    }
                    continue;
                }
                "n" => Segment::Number,
                "suffix" => {
                    suffix_at = Some(segments.len() + 1);
                    match suffix {
                        Suffix::Number => Segment::Number,
                        Suffix::Time(format) => Segment::Time(format.to_owned()),
                    }
                }
                "dir" => return Err(error(at, "{dir} can only stand at the beginning".into())),
                _ => match field.strip_prefix("time:") {
                    Some(format) if !format.is_empty() => {
                        pattern::time(format).map_err(|problem| error(at, problem))?;
                        Segment::Time(format.to_owned())
                    }
                    _ => {
                        let problem = format!("unknown field {{{field}}}; there are {FIELDS}");
                        return Err(error(at, problem));
                    }
                },
            };
            segments.push(Segment::Literal(std::mem::take(&mut literal)));
            segments.push(variable);
        }
        segments.push(Segment::Literal(literal));

        let slash = segments.iter().rposition(
            |segment| matches!(segment, Segment::Literal(bytes) if bytes.contains(&b'/')),
        );
        match slash {
            None => {}
            Some(0) => {
                let Segment::Literal(bytes) = &mut segments[0] else {
                    unreachable!("rposition found a literal");
                };
                let at = bytes.iter().rposition(|&byte| byte == b'/').unwrap_or(0);
                let name = bytes.split_off(at + 1);
                directory = home.join(sys::path_from(bytes));
                segments[0] = Segment::Literal(name);
            }
            Some(_) => {
                let problem = "only the last part of the name may vary, not the directory";
                return Err(error(0, problem.into()));
            }
        }
        let numbers = segments
            .iter()
            .filter(|segment| **segment == Segment::Number)
            .count();
        if numbers > 1 {
            return Err(error(0, "the number can stand in it only once".into()));
        }
        if segments.len() == 1 {
            let problem = "every backup would have the same name; put {n}, {suffix} or \
                           {time:%Y%m%d-%H%M%S} into it";
            return Err(error(0, problem.into()));
        }
        Namer::of(directory, segments, suffix_at).map_err(|problem| error(0, problem))
    }

    fn of(
        directory: PathBuf,
        segments: Vec<Segment>,
        suffix: Option<usize>,
    ) -> Result<Namer, String> {
        let (mut parts, mut owners) = (Vec::new(), Vec::new());
        for (index, segment) in segments.iter().enumerate() {
            match segment {
                Segment::Literal(bytes) => parts.push(Part::Literal(bytes.clone())),
                Segment::Number => parts.push(Part::Number),
                Segment::Time(format) => parts.extend(pattern::time(format)?),
            }
            owners.resize(parts.len(), index);
        }
        Ok(Namer {
            directory,
            segments,
            suffix,
            parts,
            owners,
        })
    }

    /// The namers of the same template for the other times of
    /// `TimedRotatingFileHandler`, as it had them before its `when` was changed.
    pub fn of_other_times(&self) -> Vec<Namer> {
        let Some(at) = self.suffix else {
            return Vec::new();
        };
        let other = |format: &str| {
            let time = Segment::Time(format.to_owned());
            let mut segments = self.segments.clone();
            let own = std::mem::replace(segments.get_mut(at)?, time);
            let is_other = matches!(own, Segment::Time(own) if own != format);
            let namer = Namer::of(self.directory.clone(), segments, self.suffix);
            namer.ok().filter(|_| is_other)
        };
        Suffix::TIMES.into_iter().filter_map(other).collect()
    }

    /// The same for one who only reads, and to whom number 0 is the newest, as savelog
    /// and newsyslog have it.
    #[must_use]
    pub fn from_zero(mut self) -> Namer {
        for part in &mut self.parts {
            if *part == Part::Number {
                *part = Part::NumberOrZero;
            }
        }
        self
    }

    /// Where the backups are.
    pub fn directory(&self) -> &Path {
        match self.directory.as_os_str().is_empty() {
            true => Path::new("."),
            false => &self.directory,
        }
    }

    /// The path of a name in that directory, as the user would write it.
    pub fn beside(&self, name: &OsStr) -> PathBuf {
        self.directory.join(name)
    }

    /// Whether the names hold the backup's number.
    pub fn is_numbered(&self) -> bool {
        self.segments.contains(&Segment::Number)
    }

    /// Whether the names hold a time.
    pub fn is_timed(&self) -> bool {
        let mut segments = self.segments.iter();
        segments.any(|segment| matches!(segment, Segment::Time(_)))
    }

    /// The time that a name stands for; `None` where it does not tell a date.
    pub fn moment(&self, variables: &Variables) -> Option<Moment> {
        if !self.is_timed() {
            return Some(Moment::ANY);
        }
        let formats = self.segments.iter().filter_map(|segment| match segment {
            Segment::Time(format) => Some(format),
            _ => None,
        });
        let mut fields = Fields::default();
        for (format, text) in formats.zip(&variables.times) {
            fields.read(format, text)?;
        }
        fields.moment()
    }

    /// The texts of the template's times, each formatted by `format`.
    pub fn times(&self, mut format: impl FnMut(&str) -> String) -> Vec<String> {
        let times = self.segments.iter().filter_map(|segment| match segment {
            Segment::Time(text) => Some(format(text)),
            _ => None,
        });
        times.collect()
    }

    /// The path of a backup.
    pub fn path(&self, variables: &Variables) -> PathBuf {
        let mut name = Vec::new();
        let mut times = variables.times.iter();
        for segment in &self.segments {
            match segment {
                Segment::Literal(bytes) => name.extend_from_slice(bytes),
                Segment::Number => name.extend_from_slice(variables.number.to_string().as_bytes()),
                Segment::Time(_) => {
                    name.extend_from_slice(times.next().map_or(b"", |text| text.as_bytes()));
                }
            }
        }
        if !self.is_numbered() && variables.number > 0 {
            name.extend_from_slice(format!(".{}", variables.number).as_bytes());
        }
        name.extend_from_slice(variables.ending.as_bytes());
        self.directory.join(sys::path_from(&name))
    }

    /// What varies in a file's name, if it is one that this namer makes.
    pub fn parse_name(&self, name: &OsStr) -> Option<Variables> {
        let name = sys::name_bytes(name);
        let mut endings = ENDINGS.into_iter().chain([""]);
        endings.find_map(|ending| {
            let variables = self.parse_plain(name.strip_suffix(ending.as_bytes())?, ending)?;
            // Byte for byte, or it is somebody else's.
            let made = self.path(&variables);
            (made.file_name().map(sys::name_bytes) == Some(name)).then_some(variables)
        })
    }

    fn parse_plain(&self, plain: &[u8], ending: &'static str) -> Option<Variables> {
        let mut number = 0;
        let ends = pattern::ends(&self.parts, plain).or_else(|| {
            // The counter behind a name that was taken.
            let dot = plain.iter().rposition(|byte| *byte == b'.');
            let (start, counter) = plain.split_at(dot.filter(|_| !self.is_numbered())?);
            pattern::ends(&[Part::Number], &counter[1..])?;
            number = digits(&counter[1..])?;
            pattern::ends(&self.parts, start)
        })?;
        let mut times = Vec::new();
        let mut start = 0;
        for (index, segment) in self.segments.iter().enumerate() {
            let last = self.owners.partition_point(|owner| *owner <= index);
            let end = last.checked_sub(1).map_or(0, |last| ends[last]);
            let text = &plain[start..end];
            match segment {
                Segment::Literal(_) => {}
                Segment::Number => number = digits(text)?,
                Segment::Time(_) => times.push(std::str::from_utf8(text).ok()?.to_owned()),
            }
            start = end;
        }
        Some(Variables {
            number,
            times,
            ending,
        })
    }

    /// The name of the temporary file in which a backup is compressed; `id`
    /// sets it apart from every other.
    pub fn temporary(&self, file: &Path, id: u64, ending: &str) -> PathBuf {
        let mut name = file.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{id}{ending}.tmp"));
        self.directory.join(name)
    }
}

/// The value of decimal digits.
fn digits(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// One step of a rollover: a file gets another name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rename {
    /// The name that it has.
    pub from: PathBuf,
    /// The name that it gets, which must be free.
    pub to: PathBuf,
}

/// The numbered backups that belong together, by their numbers: 1, 2, 3, …
/// with at most one number missing in a row, as a rollover that was cut short
/// leaves it. A number far from the others (`app.log.20231101`) is not one of
/// them.
pub fn chain(backups: &[Variables]) -> Vec<&Variables> {
    let mut sorted: Vec<&Variables> = backups.iter().collect();
    sorted.sort_by_key(|backup| backup.number);
    let mut last = 0;
    sorted.retain(|backup| {
        let near = backup.number <= last + 2;
        if near {
            last = backup.number;
        }
        near
    });
    sorted
}

/// The steps that make number 1 free, the oldest backup first. Where a number
/// is missing, only what is newer moves: then a rollover that was cut short is
/// completed, and nothing is ever renamed onto another file.
pub fn shift(namer: &Namer, backups: &[Variables]) -> Vec<Rename> {
    let chain = chain(backups);
    let mut free = 1;
    for backup in &chain {
        if backup.number == free {
            free += 1;
        } else if backup.number > free {
            break;
        }
    }
    let moved = chain.iter().rev().filter(|backup| backup.number < free);
    moved
        .map(|backup| rename(namer, backup, backup.number + 1))
        .collect()
}

/// The steps that close the gaps a rollover left when it was cut short, the
/// newest backup first: the same as if it had never begun.
pub fn close_gaps(namer: &Namer, backups: &[Variables]) -> Vec<Rename> {
    let (mut last, mut number) = (0, 0);
    let mut steps = Vec::new();
    for backup in chain(backups) {
        if backup.number != last {
            last = backup.number;
            number += 1;
        }
        if backup.number != number {
            steps.push(rename(namer, backup, number));
        }
    }
    steps
}

fn rename(namer: &Namer, backup: &Variables, number: u64) -> Rename {
    let to = Variables {
        number,
        ..backup.clone()
    };
    Rename {
        from: namer.path(backup),
        to: namer.path(&to),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn namer(template: &str) -> Namer {
        Namer::parse(template, Path::new("logs/app.log"), Suffix::Number).unwrap()
    }

    fn numbered(number: u64) -> Variables {
        Variables {
            number,
            ..Variables::default()
        }
    }

    #[test]
    fn templates() {
        let table = [
            ("{base}.{n}", "logs/app.log.3"),
            ("{base}.{suffix}", "logs/app.log.3"),
            ("{stem}-{n}{ext}", "logs/app-3.log"),
            ("{stem}.{n}.{ext}", "logs/app.3.log"),
            ("{dir}/{base}.{n}", "logs/app.log.3"),
            ("{dir}/old/{base}.{n}", "logs/old/app.log.3"),
            ("old/{n}", "logs/old/3"),
            ("{base}.{n}.gz", "logs/app.log.3.gz"),
            ("/var/old/{n}.{{{base}}}", "/var/old/3.{app.log}"),
        ];
        for (template, path) in table {
            assert_eq!(
                namer(template).path(&numbered(3)),
                Path::new(path),
                "{template}"
            );
        }
        let plain = Namer::parse("{base}.{n}", Path::new("app.log"), Suffix::Number).unwrap();
        assert_eq!(plain.path(&numbered(1)), Path::new("app.log.1"));
        assert_eq!(plain.directory(), Path::new("."));
    }

    #[test]
    fn templates_that_are_refused() {
        let refused = [
            "",
            "{base}",
            "{base}.{n}.{n}",
            "{base}.{x}",
            "{base}.{n",
            "{base}.n}",
            "{time:%Y}/{base}",
            "{base}.{time:%Q}",
            "{base}.{time:%}",
            "{base}.{time:%d/%m}",
            "{base}.{time:}",
            "x{dir}.{n}",
        ];
        for template in refused {
            let parsed = Namer::parse(template, Path::new("app.log"), Suffix::Number);
            assert!(parsed.is_err(), "{template}");
        }
        let error = Namer::parse("ab{x}", Path::new("f"), Suffix::Number).unwrap_err();
        assert!(error.to_string().contains("at byte 2"), "{error}");
    }

    #[test]
    fn only_own_names_are_known() {
        let rotate = namer("{base}.{n}");
        let own = ["app.log.1", "app.log.12", "app.log.3.gz", "app.log.3.zst"];
        let foreign = [
            "app.log",
            "app.log.",
            "app.log.0",
            "app.log.01",
            "app.log.1.txt",
            "app.log.1.gz.tmp",
            "app.log.bak",
            "app.log.1 ",
            "app.log.1\n",
            "xapp.log.1",
            "app_log.1",
            "app.log2.1",
            "app.log.-1",
        ];
        for name in own {
            assert!(rotate.parse_name(OsStr::new(name)).is_some(), "{name}");
        }
        for name in foreign {
            assert_eq!(rotate.parse_name(OsStr::new(name)), None, "{name:?}");
        }
        let file = Path::new("app.log");
        let day = Suffix::Time("%Y-%m-%d");
        let timed = Namer::parse("{base}.{suffix}", file, day).unwrap();
        for name in [
            "app.log.2026-11-22",
            "app.log.2026-11-22.7",
            "app.log.2026-11-22.7.gz",
        ] {
            assert!(timed.parse_name(OsStr::new(name)).is_some(), "{name}");
        }
        for name in [
            "app.log.2026-13-22",
            "app.log.2026-11-22_10",
            "app.log.12026-11-22",
        ] {
            assert_eq!(timed.parse_name(OsStr::new(name)), None, "{name}");
        }
    }

    fn steps(make: fn(&Namer, &[Variables]) -> Vec<Rename>, numbers: &[u64]) -> Vec<String> {
        let backups: Vec<_> = numbers.iter().copied().map(numbered).collect();
        let name = |path: &Path| {
            path.extension()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned()
        };
        let steps = make(&namer("{base}.{n}"), &backups);
        steps
            .iter()
            .map(|step| format!("{}>{}", name(&step.from), name(&step.to)))
            .collect()
    }

    #[test]
    fn a_shift_never_lands_on_a_file() {
        assert_eq!(steps(shift, &[]), [""; 0]);
        assert_eq!(steps(shift, &[1, 2, 3]), ["3>4", "2>3", "1>2"]);
        // Cut short before: only what is newer than the gap moves.
        assert_eq!(steps(shift, &[1, 2, 4, 5]), ["2>3", "1>2"]);
        assert_eq!(steps(shift, &[2, 3]), [""; 0]);
        // A number far away is somebody else's.
        assert_eq!(steps(shift, &[1, 20231101]), ["1>2"]);
    }

    #[test]
    fn gaps_are_closed() {
        assert_eq!(steps(close_gaps, &[1, 2, 3]), [""; 0]);
        assert_eq!(steps(close_gaps, &[2, 3]), ["2>1", "3>2"]);
        assert_eq!(steps(close_gaps, &[1, 2, 4, 5]), ["4>3", "5>4"]);
        assert_eq!(steps(close_gaps, &[5, 6]), [""; 0]);
    }

    proptest! {
        /// Stopped between any two renames, and started again: every backup is
        /// still there, in the same order, and the numbers have no gap.
        #[test]
        fn a_cut_short_shift_is_taken_back(count in 0u64..9, stop in 0usize..10) {
            let namer = namer("{base}.{n}");
            // The value is the backup's identity: its number at the start.
            let mut files: Vec<(u64, u64)> = (1..=count).map(|n| (n, n)).collect();
            let apply = |files: &mut Vec<(u64, u64)>, steps: &[Rename]| {
                for step in steps {
                    let number = |path: &Path| {
                        let name = path.file_name().unwrap();
                        namer.parse_name(name).unwrap().number
                    };
                    let to = number(&step.to);
                    assert!(files.iter().all(|file| file.0 != to), "renamed onto a file");
                    let file = files.iter_mut().find(|file| file.0 == number(&step.from));
                    file.unwrap().0 = to;
                }
            };
            let variables = |files: &[(u64, u64)]| -> Vec<Variables> {
                files.iter().map(|file| numbered(file.0)).collect()
            };
            let steps = shift(&namer, &variables(&files));
            apply(&mut files, &steps[..stop.min(steps.len())]);
            let steps = close_gaps(&namer, &variables(&files));
            apply(&mut files, &steps);
            files.sort_unstable();
            prop_assert!(files.iter().all(|file| file.0 == file.1), "{:?}", files);
        }

        /// Every name that is made is known again, and gives the same variables.
        #[test]
        fn names_are_known_again(number in 1u64..999_999_999, packed in 0usize..3) {
            for template in ["{base}.{n}", "{stem}-{n}{ext}", "{n}.{base}", "{n}.gz"] {
                let namer = namer(template);
                let variables = Variables {
                    ending: ["", ".gz", ".zst"][packed],
                    ..numbered(number)
                };
                let path = namer.path(&variables);
                prop_assert_eq!(namer.parse_name(path.file_name().unwrap()), Some(variables));
            }
        }
    }
}
