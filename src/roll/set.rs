//! A file with its rolled-over files, in the order in which they were written.
//!
//! For readers: nothing here changes a file. The names are those that
//! `rotate` and `timed` make, or those of a template that the user gives.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::compress::{self, Method};
use super::lines::{At, Last, count_lines, last_lines};
use super::listing::Found;
use super::names::{self, Namer, NamerError, Suffix, Variables};
use crate::sys::{self, FileId, Meta};

/// The suffixes of `timed`, whichever `--when` it was told.
const TIMES: [&str; 4] = [
    "%Y-%m-%d_%H-%M-%S",
    "%Y-%m-%d_%H-%M",
    "%Y-%m-%d_%H",
    "%Y-%m-%d",
];

/// See the [module](self).
#[derive(Debug)]
pub struct LogSet {
    file: PathBuf,
    namers: Vec<(Namer, Suffix)>,
}

/// One file of a set, open for reading.
#[derive(Debug)]
pub struct Part {
    /// Its name when it was opened.
    pub path: PathBuf,
    /// The open file.
    pub file: Arc<File>,
    /// Which file it is.
    pub id: FileId,
    /// How it is compressed.
    pub method: Option<Method>,
    /// It is the one that is written now.
    pub is_current: bool,
}

#[derive(Debug)]
struct Backup {
    variables: Variables,
    path: PathBuf,
    meta: Meta,
    sequence: Option<u64>,
    /// Compressed files of the same name.
    others: Vec<Backup>,
}

impl LogSet {
    /// The set of a file, whose rolled-over files have such names: by default
    /// `{base}.{suffix}`.
    ///
    /// A suffix is a number or a time, as the handler was that wrote; the template
    /// need not fit both. `{suffix}-{n}` is one of times alone.
    ///
    /// # Errors
    /// As [`Namer::parse`], where neither fits.
    pub fn new(file: &Path, template: Option<&str>) -> Result<LogSet, NamerError> {
        let file = sys::behind_link(file, true).unwrap_or_else(|| file.to_owned());
        let template = template.unwrap_or("{base}.{suffix}");
        let times = TIMES.map(Suffix::Time).into_iter();
        let times = times.filter(|_| template.contains("{suffix}"));
        let (mut namers, mut refused) = (Vec::new(), None);
        for suffix in [Suffix::Number].into_iter().chain(times) {
            match Namer::parse(template, &file, suffix) {
                Ok(namer) => namers.push((namer, suffix)),
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        match refused.filter(|_| namers.is_empty()) {
            Some(error) => Err(error),
            None => Ok(LogSet { file, namers }),
        }
    }

    /// The file that is written now.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// All that there is, the oldest first, and what has a name of the set and is
    /// held to be somebody else's.
    pub(super) fn find(&self) -> io::Result<(Vec<Found>, Vec<PathBuf>)> {
        let (mut numbered, mut timed, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
        for (namer, suffix) in &self.namers {
            let mut list = self.backups(namer)?;
            let in_order = list.iter().any(|backup| backup.sequence.is_some());
            // Behind the time of an interval a number counts up.
            let counts_down = *suffix == Suffix::Number && namer.is_numbered();
            match counts_down && !in_order {
                true => numbered.append(&mut by_number(list, &mut left_out)),
                false => timed.append(&mut list),
            }
        }
        timed.sort_by(|a: &Backup, b: &Backup| {
            let key = |backup: &Backup| (backup.sequence.is_some(), backup.sequence);
            let name = |b: &Backup| (b.variables.times.clone(), b.variables.number);
            key(a).cmp(&key(b)).then_with(|| name(a).cmp(&name(b)))
        });
        // Whoever has changed from one handler to the other has both.
        let newest = |list: &[Backup]| list.last().map(|backup| backup.meta.modified);
        let mut all = match newest(&numbered) < newest(&timed) {
            true => [numbered, timed],
            false => [timed, numbered],
        }
        .into_iter()
        .flatten()
        .map(|backup| Found {
            others: backup.others.into_iter().map(backed_up).collect(),
            ..found(backup.path, &backup.meta, false)
        })
        .collect::<Vec<_>>();
        match sys::stat(&self.file) {
            Ok(meta) if !meta.regular => {
                let text = "it is no regular file";
                return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
            }
            Ok(meta) => all.push(found(self.file.clone(), &meta, true)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok((all, left_out))
    }

    /// The files of one kind of names. Of one that is being compressed there are
    /// two for a moment.
    fn backups(&self, namer: &Namer) -> io::Result<Vec<Backup>> {
        let entries = match std::fs::read_dir(namer.directory()) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut list = Vec::new();
        for entry in entries {
            let name = entry?.file_name();
            let Some(variables) = namer.parse_name(&name) else {
                continue;
            };
            let path = namer.beside(&name);
            let meta = match sys::lstat(&path) {
                Ok(meta) if meta.regular && path != self.file => meta,
                Ok(_) => continue,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            list.push(Backup {
                sequence: sys::sequence_at(&path),
                variables,
                path,
                meta,
                others: Vec::new(),
            });
        }
        let plain = |backup: &Backup| Variables {
            ending: "",
            ..backup.variables.clone()
        };
        list.sort_by(|a, b| {
            let key = |backup: &Backup| (backup.variables.times.clone(), backup.variables.number);
            let packed = |backup: &Backup| backup.variables.ending;
            key(a).cmp(&key(b)).then_with(|| packed(a).cmp(packed(b)))
        });
        let mut groups: Vec<Backup> = Vec::new();
        for backup in list {
            match groups
                .last_mut()
                .filter(|first| plain(first) == plain(&backup))
            {
                Some(first) => first.others.push(backup),
                None => groups.push(backup),
            }
        }
        Ok(groups)
    }
}

/// A number from here on is read as one only behind the numbers before it: it is
/// rather a date, as other programs put one there.
const FAR: u64 = 1_000_000;

/// Numbered ones, the oldest first. Reading is not as careful as renaming and
/// deleting: where numbers are missing, the ones behind them count all the same.
fn by_number(list: Vec<Backup>, left_out: &mut Vec<PathBuf>) -> Vec<Backup> {
    let all: Vec<Variables> = list.iter().map(|b| b.variables.clone()).collect();
    let chain = names::chain(&all);
    let is_own =
        |backup: &Backup| backup.variables.number < FAR || chain.contains(&&backup.variables);
    let (mut own, foreign): (Vec<_>, Vec<_>) = list.into_iter().partition(is_own);
    for backup in foreign {
        left_out.push(backup.path);
        left_out.extend(backup.others.into_iter().map(|other| other.path));
    }
    own.sort_by_key(|backup| std::cmp::Reverse(backup.variables.number));
    own
}

/// How a file of that name is compressed.
fn method_of(path: &Path) -> Option<Method> {
    let name = sys::name_bytes(path.as_os_str());
    // A reader does not ask for the level.
    [Method::Gzip(6), Method::Zstd(3)]
        .into_iter()
        .find(|method| name.ends_with(method.ending().as_bytes()))
}

fn backed_up(backup: Backup) -> Found {
    found(backup.path, &backup.meta, false)
}

fn found(path: PathBuf, meta: &Meta, is_current: bool) -> Found {
    Found {
        id: meta.id,
        size: meta.size,
        modified: meta.modified,
        born: meta.born,
        method: method_of(&path),
        path,
        is_current,
        others: Vec::new(),
    }
}

impl Part {
    /// What stands in it, unpacked.
    ///
    /// # Errors
    /// When the decoder can't be made.
    pub fn reader(&self) -> io::Result<Box<dyn Read + '_>> {
        let raw = At::new(&self.file, 0);
        match self.method {
            None => Ok(Box::new(raw)),
            Some(method) => compress::reader(method, raw),
        }
    }

    /// How many of its lines are among the last `most`, and how many lines stand
    /// before those. Costs a pass over what has to be unpacked, and of another
    /// file over those lines only, whose place is told then.
    ///
    /// Of one that is damaged, the lines before the damage count; what is wrong
    /// with it is told beside them.
    pub fn last_lines(&self, most: u64) -> (Last, io::Result<()>) {
        if self.method.is_some() {
            let (lines, result) = match self.reader() {
                Ok(mut reader) => count_lines(&mut reader),
                Err(error) => (0, Err(error)),
            };
            let count = lines.min(most);
            let last = Last {
                count,
                skip: lines - count,
                offset: 0,
            };
            return (last, result);
        }
        let size = sys::fstat(&self.file).map(|meta| meta.size);
        match size.and_then(|size| last_lines(&self.file, size, most)) {
            Ok((offset, count)) => {
                let skip = 0;
                let last = Last {
                    count,
                    skip,
                    offset,
                };
                (last, Ok(()))
            }
            Err(error) => (Last::default(), Err(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str], template: Option<&str>) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        let set = LogSet::new(&folder.path().join("app.log"), template).unwrap();
        let listing = set.list().unwrap();
        let name = |at| listing.path(at).file_name().unwrap().to_string_lossy();
        (0..listing.len()).map(|at| name(at).into_owned()).collect()
    }

    #[test]
    fn the_order_of_names() {
        let numbered = [
            "app.log",
            "app.log.1",
            "app.log.2.gz",
            "app.log.10",
            "app.log.3",
        ];
        assert_eq!(
            set(&numbered, None),
            [
                "app.log.10",
                "app.log.3",
                "app.log.2.gz",
                "app.log.1",
                "app.log"
            ]
        );
        let far = ["app.log", "app.log.999999", "app.log.20231101", "app.log.3"];
        assert_eq!(set(&far, None), ["app.log.999999", "app.log.3", "app.log"]);
        let timed = [
            "app.log",
            "app.log.2026-11-22",
            "app.log.2026-11-21.1",
            "app.log.2026-11-21.zst",
            "app.log.2026-11-21.10",
            "app.log.2026-11-20_23",
            "app.log.bak",
            "app.log2.2026-11-01",
        ];
        assert_eq!(
            set(&timed, None),
            [
                "app.log.2026-11-20_23",
                "app.log.2026-11-21.zst",
                "app.log.2026-11-21.1",
                "app.log.2026-11-21.10",
                "app.log.2026-11-22",
                "app.log"
            ]
        );
        let named = ["app.log", "app-1.log", "app-2.log.gz", "app.log.1"];
        assert_eq!(
            set(&named, Some("{stem}-{n}{ext}")),
            ["app-2.log.gz", "app-1.log", "app.log"]
        );
        let counted = [
            "app.log",
            "app-2026-11-21-2.log",
            "app-2026-11-21-10.log",
            "app-2026-11-21-1.log.gz",
            "app-2026-11-20-7.log",
        ];
        assert_eq!(
            set(&counted, Some("{stem}-{suffix}-{n}{ext}")),
            [
                "app-2026-11-20-7.log",
                "app-2026-11-21-1.log.gz",
                "app-2026-11-21-2.log",
                "app-2026-11-21-10.log",
                "app.log"
            ]
        );
        assert_eq!(set(&[], None), [""; 0]);
    }

    #[test]
    fn a_template_that_is_wrong() {
        for template in ["{nope}", "{suffix}{nope}", "{base}", "{n}{n}"] {
            assert!(LogSet::new(Path::new("app.log"), Some(template)).is_err());
        }
    }
}
