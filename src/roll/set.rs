//! A file with its rolled-over files, in the order in which they were written.
//!
//! For readers: nothing here changes a file. The names are those that
//! `rotate` and `timed` make, or those of a template that the user gives.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::backup::{Backup, by_number, counts_up, grouped, is_one_sequence};
use super::compress::{self, ENDINGS, Method};
use super::lines::{At, Last, count_lines, last_lines};
use super::listing::{Found, LeftOut, Why};
use super::moment::Moment;
use super::names::{Namer, NamerError, Suffix, Variables};
use super::order::{Rank, by_rollover, merge};
use crate::sys::{self, FileId, Meta};

/// The names of the files that others roll over, where nothing else is asked for: those
/// of logrotate's `dateext`, and of rotatelogs.
const OTHERS: [&str; 4] = [
    "{base}-{time:%Y%m%d}",
    "{base}-{time:%Y%m%d%H}",
    "{base}-{time:%Y%m%d-%s}",
    "{base}.{time:%s}",
];

/// See the [module](self).
#[derive(Debug)]
pub struct LogSet {
    /// What was asked for: the file, or a link to it.
    asked: PathBuf,
    file: PathBuf,
    /// The directory that it was in.
    directory: Option<FileId>,
    template: Option<String>,
    kinds: Vec<Kind>,
}

/// One kind of names.
#[derive(Debug)]
struct Kind {
    namer: Namer,
    /// Its number may be the place in the order, which moves.
    may_count_down: bool,
    /// It is another program's, whose times are of this century. Nothing else tells
    /// them from numbers.
    is_others: bool,
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

impl LogSet {
    /// The set of a file, whose rolled-over files have such names: by default
    /// `{base}.{suffix}`, and those that logrotate and rotatelogs give.
    ///
    /// A suffix is a number or a time, as the handler was that wrote; the template
    /// need not fit both. `{suffix}-{n}` is one of times alone.
    ///
    /// # Errors
    /// As [`Namer::parse`], where neither fits.
    pub fn new(asked: &Path, template: Option<&str>) -> Result<LogSet, NamerError> {
        let set = LogSet::of_any(asked, template)?;
        let kinds = match set.is_backup() {
            true => Vec::new(),
            false => set.kinds,
        };
        Ok(LogSet { kinds, ..set })
    }

    /// Whether the file is itself one that was rolled over, by its name and by what is
    /// noted with it: what looks like its own backups was written beside it then, such as
    /// the second of a day.
    fn is_backup(&self) -> bool {
        let Some(name) = self.file.file_name().filter(|_| self.template.is_none()) else {
            return false;
        };
        if sys::sequence_at(&self.file).is_none() {
            return false;
        }
        let bytes = sys::name_bytes(name);
        let ends = (1..bytes.len()).filter(|at| b".-".contains(&bytes[*at]));
        ends.into_iter().any(|at| {
            let base = self.file.with_file_name(sys::path_from(&bytes[..at]));
            LogSet::of_any(&base, None).is_ok_and(|set| set.parse(name).is_some())
        })
    }

    /// The set of a file, whatever it is itself.
    fn of_any(asked: &Path, template: Option<&str>) -> Result<LogSet, NamerError> {
        let file = sys::behind_link(asked, true).unwrap_or_else(|| asked.to_owned());
        let given = template.map(str::to_owned);
        let is_usual = template.is_none();
        let template = template.unwrap_or("{base}.{suffix}");
        let times = Suffix::TIMES.map(Suffix::Time).into_iter();
        let times = times.filter(|_| template.contains("{suffix}"));
        let suffixes = [Suffix::Number].into_iter().chain(times);
        let own = suffixes.map(|suffix| (template, suffix));
        let others = OTHERS.into_iter().filter(|_| is_usual);
        let others = others.map(|template| (template, Suffix::Number));
        let (mut kinds, mut refused) = (Vec::new(), None);
        for (template, suffix) in own.chain(others) {
            match Namer::parse(template, &file, suffix) {
                Ok(namer) => kinds.push(Kind {
                    may_count_down: suffix == Suffix::Number && namer.is_numbered(),
                    namer: namer.from_zero(),
                    is_others: is_usual && OTHERS.contains(&template),
                }),
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        match refused.filter(|_| kinds.is_empty()) {
            Some(error) => Err(error),
            None => Ok(LogSet {
                asked: asked.to_owned(),
                directory: directory_of(&file),
                file,
                template: given,
                kinds,
            }),
        }
    }

    /// The set that the link leads to by now, where that is another file's: a link was
    /// made or turned since, or a file has taken its place. The same is true of the
    /// directory, which may be a link, or was moved away.
    pub(super) fn moved(&self) -> Option<LogSet> {
        let now = match sys::behind_link(&self.asked, true) {
            Some(file) => file,
            None => {
                let meta = sys::lstat(&self.asked).ok();
                meta.filter(|meta| meta.regular)?;
                self.asked.clone()
            }
        };
        let directory = directory_of(&now);
        let is_other = now != self.file || (directory.is_some() && directory != self.directory);
        let set = is_other.then(|| LogSet::new(&self.asked, self.template.as_deref()));
        set?.ok()
    }

    /// What was asked for: the file, or a link to it.
    pub(super) fn asked(&self) -> &Path {
        &self.asked
    }

    /// The file that is written now.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// All that there is, the oldest first, and what has a name of the set and is
    /// not read.
    pub(super) fn find(&self) -> io::Result<(Vec<Found>, Vec<LeftOut>)> {
        let (kinds, mut left_out) = self.backups()?;
        let (mut numbered, mut timed) = (Vec::new(), Vec::new());
        for (kind, list) in self.kinds.iter().zip(kinds) {
            match kind.may_count_down && !counts_up(&list) {
                true => numbered = by_number(list, &mut left_out),
                false => timed.push(list),
            }
        }
        let counted = is_one_sequence(&timed);
        let timed = timed.into_iter().fold(Vec::new(), |all, list| {
            merge(all, by_rollover(list), counted)
        });
        // Whoever has changed from one handler to the other has both.
        let backups = merge(numbered, timed, false).into_iter();
        let current = match sys::stat(&self.file) {
            Ok(meta) if !meta.regular => {
                let text = "it is no regular file";
                return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
            }
            Ok(meta) => Some(meta),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        // rotatelogs -L keeps a second name on what it writes.
        let is_current = |backup: &Backup| {
            let id = |meta: &Meta| meta.id;
            backup.meta.links > 1 && current.as_ref().map(id) == Some(backup.meta.id)
        };
        let mut all = backups
            .filter(|backup| !is_current(backup))
            .map(|backup| Found {
                others: backup.others.into_iter().map(backed_up).collect(),
                ..found(backup.path, &backup.meta, false)
            })
            .collect::<Vec<_>>();
        all.extend(current.map(|meta| found(self.file.clone(), &meta, true)));
        Ok((all, left_out))
    }

    /// The files of each kind of names. Of one that is being compressed there are
    /// two for a moment.
    fn backups(&self) -> io::Result<(Vec<Vec<Backup>>, Vec<LeftOut>)> {
        let mut kinds: Vec<Vec<Backup>> = self.kinds.iter().map(|_| Vec::new()).collect();
        let mut left_out = Vec::new();
        // They have one template, or one directory.
        let Some(Kind { namer, .. }) = self.kinds.first() else {
            return Ok((kinds, left_out));
        };
        let entries = match std::fs::read_dir(namer.directory()) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((kinds, left_out)),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let name = entry?.file_name();
            let path = namer.beside(&name);
            let Some((at, variables)) = self.parse(&name) else {
                let why = self.why_left_out(&name);
                let why = why.filter(|_| sys::lstat(&path).is_ok_and(|meta| meta.regular));
                left_out.extend(why.map(|why| LeftOut { path, why }));
                continue;
            };
            let meta = match sys::lstat(&path) {
                Ok(meta) if meta.regular && path != self.file => meta,
                Ok(_) => {
                    if path.is_symlink() && path != self.file {
                        let why = Why::Link;
                        left_out.push(LeftOut { path, why });
                    }
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            kinds[at].push(Backup {
                rank: Rank {
                    sequence: sys::sequence_at(&path),
                    moment: self.kinds[at].namer.moment(&variables),
                    number: variables.number,
                    written: meta.written,
                },
                variables,
                path,
                meta,
                others: Vec::new(),
            });
        }
        // As a directory has them in any order.
        left_out.sort_by(|a, b| a.path.cmp(&b.path));
        Ok((kinds.into_iter().map(grouped).collect(), left_out))
    }

    /// Which kind of names it is, and what varies in it.
    fn parse(&self, name: &OsStr) -> Option<(usize, Variables)> {
        let mut kinds = self.kinds.iter().enumerate();
        let (at, variables) = kinds.find_map(|(at, kind)| {
            let variables = kind.namer.parse_name(name)?;
            Some((at, variables))
        })?;
        let kind = &self.kinds[at];
        let is_late = |moment: Moment| moment.start >= BILLION;
        let fits = !kind.is_others || kind.namer.moment(&variables).is_some_and(is_late);
        fits.then_some((at, variables))
    }

    /// Why a file is not read that has the look of one of the set.
    fn why_left_out(&self, name: &OsStr) -> Option<Why> {
        let name = sys::name_bytes(name);
        let packed = PACKED.iter();
        let plain = packed.filter_map(|ending| name.strip_suffix(ending.as_bytes()));
        let is_of_set = |plain: &[u8]| self.parse(sys::path_from(plain).as_os_str()).is_some();
        if let Some(plain) = plain.clone().next()
            && is_of_set(plain)
        {
            return Some(Why::Packed);
        }
        if self.template.is_some() {
            return None;
        }
        let base = sys::name_bytes(self.file.file_name()?);
        let mut endings = ENDINGS.into_iter();
        let read = endings.find_map(|ending| name.strip_suffix(ending.as_bytes()));
        let name = plain.chain(read).next().unwrap_or(name);
        let rest = name.strip_prefix(base)?;
        let [b'.' | b'-', rest @ ..] = rest else {
            return None;
        };
        let is_digit = rest.first().is_some_and(u8::is_ascii_digit);
        let fits = |byte: &u8| byte.is_ascii_digit() || b"-_.:+T".contains(byte);
        (is_digit && rest.iter().all(fits)).then_some(Why::Name)
    }
}

/// Which directory a file is in.
fn directory_of(file: &Path) -> Option<FileId> {
    let directory = file.parent()?;
    let directory = match directory.as_os_str().is_empty() {
        true => Path::new("."),
        false => directory,
    };
    Some(sys::stat(directory).ok()?.id)
}

/// The endings of files that others have compressed, and that are not unpacked here.
const PACKED: [&str; 9] = [
    ".xz", ".bz2", ".lzma", ".lz4", ".lzo", ".Z", ".7z", ".br", ".zip",
];

/// Seconds since the epoch in 2001, from which on they have ten digits.
const BILLION: i64 = 1_000_000_000;

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
        written: meta.written,
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

    /// A set of such files, each with its sequence and when it was written.
    fn set_of(files: &[(&str, Option<u64>, u64)], template: Option<&str>) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, sequence, written) in files {
            let file = File::create(folder.path().join(name)).unwrap();
            let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(*written);
            file.set_modified(time).unwrap();
            if sequence.is_some() {
                sys::set_sequence(&file, *sequence).unwrap();
            }
        }
        let set = LogSet::new(&folder.path().join("app.log"), template).unwrap();
        let files = set.find().unwrap().0;
        let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
        files.iter().map(|found| name(&found.path)).collect()
    }

    /// The order is that of the names in each list.
    #[test]
    fn times_in_names_go_by_value() {
        let lists: [(&[&str], &str); 4] = [
            (
                &["app.29-Nov-2026", "app.30-Nov-2026", "app.01-Dec-2026"],
                "{stem}.{time:%d-%b-%Y}",
            ),
            (
                &["31-12-2025.app", "05-01-2026.app", "04-02-2026.app.gz"],
                "{time:%d-%m-%Y}.{stem}",
            ),
            // As timed makes them, copied without what was noted with them.
            (
                &["app.20261130.1", "app.20261130.2", "app.20261201.1"],
                "{stem}.{time:%Y%m%d}.{n}",
            ),
            // As rotate does.
            (
                &["app.20261130.3", "app.20261130.2", "app.20261201.1"],
                "{stem}.{time:%Y%m%d}.{n}",
            ),
        ];
        for (want, template) in lists {
            let files = [want, &["app.log"]].concat();
            let mut turned = files.clone();
            turned.rotate_left(2);
            assert_eq!(set(&turned, Some(template)), files);
        }
        // Of one day, when they were written tells.
        let template = Some("{stem}.{time:%Y%m%d}.{n}");
        for times in [[1, 2, 3], [3, 2, 1]] {
            let [one, two, three] = times;
            let files = [
                ("app.20261130.1", None, one),
                ("app.20261130.2", None, two),
                ("app.20261130.3", None, three),
            ];
            let mut want = files.map(|file| file.0);
            want.sort_by_key(|name| files.iter().find(|file| file.0 == *name).map(|f| f.2));
            assert_eq!(set_of(&files, template), want);
        }
    }

    #[cfg(unix)]
    #[test]
    fn handlers_that_followed_one_another() {
        // By seconds, then by hours and by days, with numbers that began anew.
        let files = [
            ("app.log.2026-11-22_10-00-01", Some(1), 10),
            ("app.log.2026-11-22_10-00-02", Some(2), 20),
            ("app.log.2026-11-22_10", Some(1), 30),
            ("app.log.2026-11-22_10.1", Some(2), 40),
            ("app.log.2026-11-22", Some(1), 50),
            ("app.log.2026-11-23", Some(2), 60),
        ];
        assert_eq!(set_of(&files, None), files.map(|file| file.0));
        // With numbers that went on, a week that ended later is later.
        let files = [
            ("app.log.2026-11-18_10", Some(1), 10),
            ("app.log.2026-11-16", Some(2), 20),
        ];
        assert_eq!(set_of(&files, None), files.map(|file| file.0));
        // rotate, then timed, then rotate again, then logrotate.
        let files = [
            ("app.log.3", None, 10),
            ("app.log.2", None, 20),
            ("app.log.2026-11-22_10", Some(1), 30),
            ("app.log.2026-11-22_11", Some(2), 40),
            ("app.log.1", None, 50),
            ("app.log-20261123", None, 60),
            ("app.log", None, 70),
        ];
        assert_eq!(set_of(&files, None), files.map(|file| file.0));
        // A copy has taken the place of one of them, and Python has gone on.
        let files = [
            ("app.log.2026-11-22_10", Some(1), 30),
            ("app.log.2026-11-22_11", None, 99),
            ("app.log.2026-11-22_12", Some(3), 50),
            ("app.log.2026-11-22_13", None, 60),
        ];
        assert_eq!(set_of(&files, None), files.map(|file| file.0));
    }

    #[test]
    fn names_of_other_programs() {
        let others = [
            "app.log.2.gz",
            "app.log.1",
            "app.log.0",
            "app.log.1795302000",
            "app.log.1795305600",
            "app.log-20261123",
            "app.log-20261123-1795471200",
            "app.log-2026112407",
            "app.log",
        ];
        assert_eq!(set(&others, None), others);

        let folder = tempfile::tempdir().unwrap();
        let left_out = [
            ("app.log-1", Why::Name),
            ("app.log-2026-11-22", Why::Name),
            ("app.log.01", Why::Name),
            ("app.log.01.xz", Why::Name),
            ("app.log.2.bz2", Why::Packed),
            ("app.log.2026-11-22.xz", Why::Packed),
            ("app.log.2026-11-22T10.gz", Why::Name),
            ("app.log.202609", Why::Far),
            ("app.log.202610.gz", Why::Far),
        ];
        let own = ["app.log", "app.log.7"];
        let foreign = ["app.log.bak", "app.log.x.xz", "app.log2", "app.log.1.txt"];
        let names = left_out.iter().map(|(name, _)| *name);
        for name in names.chain(own).chain(foreign) {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        std::fs::create_dir(folder.path().join("app.log.6")).unwrap();
        let set = LogSet::new(&folder.path().join("app.log"), None).unwrap();
        let (files, mut left) = set.find().unwrap();
        assert_eq!(files.len(), own.len());
        left.sort_by(|a, b| a.path.cmp(&b.path));
        let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
        let left: Vec<_> = left.iter().map(|out| (name(&out.path), out.why)).collect();
        assert_eq!(left, left_out.map(|(name, why)| (name.to_owned(), why)));
    }

    #[cfg(unix)]
    #[test]
    fn links_and_second_names() {
        let folder = tempfile::tempdir().unwrap();
        let name = |name: &str| folder.path().join(name);
        std::fs::write(name("app.log"), "").unwrap();
        std::fs::write(name("elsewhere"), "").unwrap();
        sys::symlink(&name("elsewhere"), &name("app.log.2")).unwrap();
        std::fs::hard_link(name("app.log"), name("app.log.1795302000")).unwrap();
        let set = LogSet::new(&name("app.log"), None).unwrap();
        let (files, left) = set.find().unwrap();
        assert_eq!(files.len(), 1);
        let (path, why) = (name("app.log.2"), Why::Link);
        assert_eq!(left, [LeftOut { path, why }]);
    }

    #[test]
    fn a_template_that_is_wrong() {
        for template in ["{nope}", "{suffix}{nope}", "{base}", "{n}{n}"] {
            assert!(LogSet::new(Path::new("app.log"), Some(template)).is_err());
        }
    }
}
