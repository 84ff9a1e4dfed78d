//! Is what a program left behind what it was given?

use crate::input::NUMBER;
use std::fs;
use std::path::Path;

/// How a program's files are to be read.
#[derive(Clone, Copy)]
pub enum Output {
    /// One file holds everything.
    Whole(&'static str),
    /// The files in this folder whose names begin with one of these hold the end of the input,
    /// `least` bytes of it (or all), none longer than `limit`, at most `count` of them. An empty
    /// list means lh's own rule: `app.log` is the newest, then `.1`, `.2`..., and nothing else is there.
    Rotated {
        folder: &'static str,
        names: &'static [&'static str],
        least: usize,
        limit: usize,
        count: usize,
    },
}

/// Compares what is in `at` with `expected`. `stamped`: each line has a timestamp in front.
pub fn check(output: Output, at: &Path, expected: &[u8], stamped: bool) -> Result<(), String> {
    match output {
        Output::Whole(name) => whole(&at.join(name), expected),
        Output::Rotated {
            folder,
            names,
            least,
            limit,
            count,
        } => {
            let mut files = read(&at.join(folder), names)?;
            let ordered = names.is_empty();
            if files.len() > count {
                return Err(format!("{} files, {count} allowed", files.len()));
            }
            if let Some(long) = files.iter().map(Vec::len).find(|len| *len > limit) {
                return Err(format!("a file of {long} bytes, {limit} allowed"));
            }
            let kept: usize = files.iter().map(Vec::len).sum();
            if stamped {
                files = files
                    .iter()
                    .map(|file| unstamp(file))
                    .collect::<Result<_, _>>()?;
            }
            tail(&files, expected, ordered)?;
            if kept < least.min(expected.len()) {
                return Err(format!("only {kept} bytes kept, {least} expected"));
            }
            Ok(())
        }
    }
}

fn whole(path: &Path, expected: &[u8]) -> Result<(), String> {
    let found = fs::read(path).map_err(|why| format!("{}: {why}", path.display()))?;
    if found == expected {
        return Ok(());
    }
    let same = found
        .iter()
        .zip(expected)
        .take_while(|(a, b)| a == b)
        .count();
    let line = |text: &[u8]| {
        let begin = text[..same]
            .iter()
            .rposition(|&b| b == b'\n')
            .map_or(0, |at| at + 1);
        let line = text[begin..]
            .split(|&b| b == b'\n')
            .next()
            .unwrap_or_default();
        String::from_utf8_lossy(line).into_owned()
    };
    Err(format!(
        "{} bytes, {} expected; {:?} is not {:?}",
        found.len(),
        expected.len(),
        line(&found),
        line(expected)
    ))
}

/// Oldest first where the names say so.
fn read(folder: &Path, names: &[&str]) -> Result<Vec<Vec<u8>>, String> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|why| format!("{}: {why}", folder.display()))? {
        let entry = entry.map_err(|why| why.to_string())?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let age = if names.is_empty() {
            age(&name).ok_or_else(|| format!("{name} is a stray file"))?
        } else if names.iter().any(|begin| name.starts_with(begin)) {
            0
        } else {
            continue;
        };
        let text = fs::read(entry.path()).map_err(|why| format!("{name}: {why}"))?;
        files.push((age, text));
    }
    files.sort_by_key(|(age, _)| std::cmp::Reverse(*age));
    Ok(files.into_iter().map(|(_, text)| text).collect())
}

fn age(name: &str) -> Option<usize> {
    match name.strip_prefix("app.log")? {
        "" => Some(0),
        end => end.strip_prefix('.')?.parse().ok(),
    }
}

/// The files are the end of `expected` without a gap: as they come if `ordered`, else put in order by
/// where their text stands in it.
fn tail(files: &[Vec<u8>], expected: &[u8], ordered: bool) -> Result<(), String> {
    let mut spans = Vec::new();
    for file in files.iter().filter(|file| !file.is_empty()) {
        let begin = find(file, expected).ok_or("a line that was not in the input")?;
        if expected.get(begin..begin + file.len()) != Some(file.as_slice()) {
            return Err(format!(
                "the file with byte {begin} of the input differs from it"
            ));
        }
        spans.push(begin..begin + file.len());
    }
    if !ordered {
        spans.sort_by_key(|span| span.start);
    }
    if let Some(pair) = spans.windows(2).find(|pair| pair[0].end != pair[1].start) {
        return Err(format!(
            "a gap or a repeat between bytes {} and {}",
            pair[0].end, pair[1].start
        ));
    }
    match spans.last() {
        Some(last) if last.end == expected.len() => Ok(()),
        Some(last) => Err(format!("ends at byte {} of {}", last.end, expected.len())),
        None => Err("nothing was written".to_owned()),
    }
}

/// Where in `expected` a file begins that may begin in mid-line (rotatelogs): by the number of its
/// first whole line, or from the end where it holds none.
fn find(file: &[u8], expected: &[u8]) -> Option<usize> {
    let first = file.iter().position(|&b| b == b'\n')? + 1;
    let Some(number) = file.get(first..).and_then(|line| line.get(NUMBER)) else {
        return expected.len().checked_sub(file.len());
    };
    let (mut low, mut high) = (0, expected.len());
    while low < high {
        let middle = (low + high) / 2;
        let begin = expected[..middle]
            .iter()
            .rposition(|&b| b == b'\n')
            .map_or(0, |at| at + 1);
        let end = begin + expected[begin..].iter().position(|&b| b == b'\n')? + 1;
        match expected.get(begin..end)?.get(NUMBER)?.cmp(number) {
            std::cmp::Ordering::Less => low = end,
            std::cmp::Ordering::Greater => high = begin,
            std::cmp::Ordering::Equal => return begin.checked_sub(first),
        }
    }
    None
}

/// Takes off what stands before each line: the number is in brackets, which no timestamp has.
fn unstamp(file: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(file.len());
    for line in file.split_inclusive(|&b| b == b'\n') {
        let shown = || String::from_utf8_lossy(line).trim_end().to_owned();
        let bracket = line
            .iter()
            .position(|&b| b == b'[')
            .ok_or_else(|| format!("{:?}: no such line", shown()))?;
        let begin = (bracket + 1)
            .checked_sub(NUMBER.start)
            .filter(|at| (20..40).contains(at));
        let begin = begin.ok_or_else(|| format!("{:?}: no timestamp in front", shown()))?;
        if !line.starts_with(b"20") || !line[..begin].ends_with(b" ") {
            return Err(format!("{:?}: no timestamp in front", shown()));
        }
        out.extend_from_slice(&line[begin..]);
    }
    Ok(out)
}
