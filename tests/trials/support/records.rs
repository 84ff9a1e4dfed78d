//! Numbered records with a checksum, and the checker that finds what became
//! of them.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::ops::RangeInclusive;
use std::path::Path;

/// One writer's numbers lie within this many.
pub const PER_WRITER: u64 = 1_000_000;

/// No number is expected.
#[allow(clippy::reversed_empty_ranges)]
pub const NOTHING: RangeInclusive<u64> = 1..=0;

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = !0u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}

/// The record of a number, 24 to 80 bytes with its newline.
pub fn record(number: u64) -> Vec<u8> {
    let length = 2 + ((number * 2_654_435_761) >> 7) as usize % 56;
    let letters = (0..length).map(|at| b'a' + ((number as usize + at * 7) % 26) as u8);
    let payload: Vec<u8> = letters.collect();
    let mut line = format!("rec {number:08} {:08x} ", checksum(number, &payload)).into_bytes();
    line.extend_from_slice(&payload);
    line.push(b'\n');
    line
}

fn checksum(number: u64, payload: &[u8]) -> u32 {
    let mut checked = number.to_be_bytes().to_vec();
    checked.extend_from_slice(payload);
    crc32(&checked)
}

/// The records of several numbers, one behind the other.
pub fn records(numbers: RangeInclusive<u64>) -> Vec<u8> {
    numbers.flat_map(record).collect()
}

/// The number of a line that is a whole record.
pub fn parse(line: &[u8]) -> Option<u64> {
    let rest = line.strip_prefix(b"rec ")?;
    let number = std::str::from_utf8(rest.get(..8)?).ok()?.parse().ok()?;
    let crc = std::str::from_utf8(rest.get(8..18)?).ok()?;
    let crc = crc.strip_prefix(' ')?.strip_suffix(' ')?;
    let crc = u32::from_str_radix(crc, 16).ok()?;
    (checksum(number, rest.get(18..)?) == crc).then_some(number)
}

/// What became of records.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Numbers that are there, and how often.
    pub found: BTreeMap<u64, u32>,
    /// Expected, and not there.
    pub lost: Vec<u64>,
    /// There more than once.
    pub doubled: Vec<u64>,
    /// Lines that are part of a record, or more than one.
    pub torn: Vec<String>,
    /// Records that stand behind a later one of the same writer.
    pub disordered: Vec<u64>,
    /// Lines that are nothing of ours, files that can't be read.
    pub foreign: Vec<String>,
    /// Numbers in each file, by its name.
    pub files: BTreeMap<String, Vec<u64>>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = |numbers: &[u64]| format!("{:?}", &numbers[..numbers.len().min(8)]);
        write!(
            f,
            "whole {} lost {} {} doubled {} {} torn {} {:?} out of order {} {} foreign {} {:?}; files {:?}",
            self.found.len(),
            self.lost.len(),
            head(&self.lost),
            self.doubled.len(),
            head(&self.doubled),
            self.torn.len(),
            self.torn.first(),
            self.disordered.len(),
            head(&self.disordered),
            self.foreign.len(),
            self.foreign.first(),
            self.files
                .iter()
                .take(12)
                .map(|(name, numbers)| format!("{name}:{:?}+{}", numbers.first(), numbers.len()))
                .collect::<Vec<_>>(),
        )
    }
}

impl Report {
    /// Looks through the files of a folder whose names begin with the log's.
    pub fn of(folder: &Path, expected: RangeInclusive<u64>) -> Report {
        Report::of_all(folder, [expected])
    }

    /// The same for several ranges of numbers.
    pub fn of_all(
        folder: &Path,
        expected: impl IntoIterator<Item = RangeInclusive<u64>>,
    ) -> Report {
        let mut report = Report::default();
        let mut names = super::names(folder);
        names.retain(|name| name.starts_with("app.log"));
        // Numbered backups are the older the higher their number; the current
        // file is the newest. What is set aside is not put in order.
        names.sort_by_key(|name| std::cmp::Reverse(number_of(name)));
        let mut newest = BTreeMap::new();
        for name in names {
            let path = folder.join(&name);
            if !std::fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_file()) {
                continue;
            }
            match contents(&path) {
                Ok(bytes) => report.take(&name, &bytes, &mut newest),
                Err(error) => report.foreign.push(format!("{name}: {error}")),
            }
        }
        report.expect(expected);
        report
    }

    /// Looks through one file's bytes.
    pub fn of_bytes(bytes: &[u8], expected: RangeInclusive<u64>) -> Report {
        let mut report = Report::default();
        report.take("bytes", bytes, &mut BTreeMap::new());
        report.expect([expected]);
        report
    }

    fn take(&mut self, name: &str, bytes: &[u8], newest: &mut BTreeMap<u64, u64>) {
        let mut own = BTreeMap::new();
        let newest = match number_of(name) {
            Some(_) => newest,
            None => &mut own,
        };
        let numbers = self.files.entry(name.to_owned()).or_default();
        let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        // What is behind the last newline is a line only if there is something.
        if lines.last().is_some_and(|line| line.is_empty()) {
            lines.pop();
        } else if let Some(last) = lines.pop() {
            let text = String::from_utf8_lossy(&last[..last.len().min(60)]);
            self.torn.push(format!("{name} ends in {text:?}"));
        }
        for line in lines {
            let Some(number) = parse(line) else {
                let text = String::from_utf8_lossy(&line[..line.len().min(60)]);
                match line.starts_with(b"re") || text.contains("rec ") || line == b"r" {
                    true => self.torn.push(format!("{name}: {text}")),
                    false => self.foreign.push(format!("{name}: {text:?}")),
                }
                continue;
            };
            numbers.push(number);
            *self.found.entry(number).or_default() += 1;
            let newest = newest.entry(number / PER_WRITER).or_default();
            if number <= *newest {
                self.disordered.push(number);
            }
            *newest = number.max(*newest);
        }
    }

    fn expect(&mut self, expected: impl IntoIterator<Item = RangeInclusive<u64>>) {
        let found = &self.found;
        let expected = expected.into_iter().flatten();
        self.lost = expected.filter(|n| !found.contains_key(n)).collect();
        let doubled = found.iter().filter(|(_, count)| **count > 1);
        self.doubled = doubled.map(|(number, _)| *number).collect();
    }

    /// Every record once, whole and in order, and nothing else.
    pub fn assert_perfect(&self, what: &str) {
        assert!(self.lost.is_empty(), "{what}: {self}");
        self.assert_sound(what);
    }

    /// Whether a record is there.
    pub fn found(&self, number: u64) -> bool {
        self.found.contains_key(&number)
    }

    /// What is there is there once, whole and in order.
    pub fn assert_sound(&self, what: &str) {
        let faults =
            self.doubled.len() + self.torn.len() + self.disordered.len() + self.foreign.len();
        assert!(faults == 0, "{what}: {self}");
    }

    /// The numbers of the backups, without gaps from 1.
    pub fn assert_chain(&self, what: &str) {
        let mut numbers: Vec<u64> = self
            .files
            .keys()
            .filter_map(|name| number_of(name))
            .collect();
        numbers.sort_unstable();
        numbers.retain(|number| *number > 0);
        let wanted: Vec<u64> = (1..=numbers.len() as u64).collect();
        assert_eq!(numbers, wanted, "{what}: {self}");
    }

    /// How many backups there are.
    pub fn backups(&self) -> usize {
        self.files.len() - usize::from(self.files.contains_key("app.log"))
    }
}

/// The place of a file in a numbered chain: `app.log` is 0, `app.log.3.gz` 3.
pub fn number_of(name: &str) -> Option<u64> {
    let rest = name.strip_prefix("app.log")?;
    let rest = rest.strip_suffix(".gz").unwrap_or(rest);
    let rest = rest.strip_suffix(".zst").unwrap_or(rest);
    match rest {
        "" => Some(0),
        rest => rest.strip_prefix('.')?.parse().ok(),
    }
}

/// A file's bytes, unpacked by its ending.
pub fn contents(path: &Path) -> std::io::Result<Vec<u8>> {
    let bytes = std::fs::read(path)?;
    let name = path.to_string_lossy();
    if name.ends_with(".gz") {
        let mut unpacked = Vec::new();
        flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut unpacked)?;
        return Ok(unpacked);
    }
    if name.ends_with(".zst") {
        return zstd::stream::decode_all(&bytes[..]);
    }
    Ok(bytes)
}

/// The number that a message gives before some words, added up over all lines.
pub fn told(stderr: &str, words: &str) -> u64 {
    let mut sum = 0;
    for line in stderr.lines() {
        if let Some(at) = line.find(words) {
            let before = line[..at].trim_end();
            let digits = before.rsplit(|c: char| !c.is_ascii_digit()).next();
            sum += digits
                .and_then(|text| text.parse::<u64>().ok())
                .unwrap_or(0);
        }
    }
    sum
}

#[test]
fn the_checker_sees_every_fault() {
    let lines: Vec<Vec<u8>> = (1..=6).map(record).collect();
    assert_eq!(parse(lines[0].strip_suffix(b"\n").unwrap()), Some(1));
    assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    let whole = Report::of_bytes(&lines.concat(), 1..=6);
    whole.assert_perfect("as written");
    assert_eq!(Report::of_bytes(&lines[1..].concat(), 1..=6).lost, [1]);
    let twice = [&lines[0][..], &lines[1], &lines[1]].concat();
    assert_eq!(Report::of_bytes(&twice, 1..=2).doubled, [2]);
    let torn = [&lines[0][..9], b"\n", &lines[1]].concat();
    let torn = Report::of_bytes(&torn, 1..=2);
    assert_eq!((torn.torn.len(), torn.lost.len()), (1, 1));
    let unended = Report::of_bytes(&lines[0][..30], 1..=1);
    assert_eq!((unended.torn.len(), unended.lost.len()), (1, 1));
    let mixed = [&lines[0][..20], &lines[1], &lines[0][20..]].concat();
    assert_eq!(Report::of_bytes(&mixed, 1..=2).lost.len(), 2);
    let swapped = [&lines[1][..], &lines[0]].concat();
    assert_eq!(Report::of_bytes(&swapped, 1..=2).disordered, [1]);
    assert_eq!(Report::of_bytes(b"\0\0\0\n", NOTHING).foreign.len(), 1);
    assert_eq!(
        told("lh: x: 12 records were not delivered\n", "records were not"),
        12
    );
    assert_eq!(number_of("app.log.12.gz"), Some(12));
    assert_eq!(number_of("app.log.2026-11-23"), None);
}
