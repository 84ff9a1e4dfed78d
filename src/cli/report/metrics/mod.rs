//! `--metrics-file`: the figures as a file that Prometheus can take over, by
//! the textfile collector of node_exporter for example.

mod text;

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::diag::{Diag, plain};
use crate::figures::Report;
use crate::now::{Now, Timestamp};
use crate::sys;

use text::Run;

/// How often the file is replaced: as often as Prometheus is commonly told to
/// look.
const EVERY: Duration = Duration::from_secs(15);

/// How many names are tried for the temporary file: what somebody has planted
/// under one is left alone.
const NAMES: u32 = 100;

/// What such a name begins with, and how it ends.
const TEMPORARY: (&str, &str) = (".lh-metrics.", ".tmp");

/// The file, replaced again and again.
///
/// A write is one small file made and renamed in the thread that calls, a
/// fraction of a millisecond on a local disk. Nothing is synced: a reader sees
/// the old text or the new one in any case, and after a power cut nobody wants
/// the figures of a process that is gone.
#[derive(Debug)]
pub struct MetricsFile {
    path: PathBuf,
    /// What the run is called in the file.
    name: String,
    start: Timestamp,
    due: Instant,
    errors: Vec<Noticed>,
    /// The last write failed, and the user knows.
    told: bool,
    diag: Diag,
}

/// How often a handler had failed when that was looked at, and when it was
/// seen to have risen.
#[derive(Clone, Copy, Debug, Default)]
struct Noticed {
    count: u64,
    last: Timestamp,
}

impl MetricsFile {
    /// Looks whether the file can be written, and leaves everything as it was but
    /// for what others have left that were killed. The first write is due at once.
    ///
    /// # Errors
    /// Why it can't be written, with its name.
    pub fn new(path: PathBuf, now: Now, diag: Diag) -> Result<MetricsFile, String> {
        check(&path)
            .map_err(|reason| format!("{}: cannot write metrics: {reason}", shown(&path)))?;
        // A directory may be writable and not readable; nothing depends on it.
        let _ = clear_up(sys::directory_of(&path));
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        Ok(MetricsFile {
            name: name.into_owned(),
            path,
            start: now.wall,
            due: now.mono,
            errors: Vec::new(),
            told: false,
            diag,
        })
    }

    /// When [`tick`](MetricsFile::tick) has to be called at the latest.
    pub fn deadline(&self) -> Instant {
        self.due
    }

    /// Writes the file if the time has come.
    pub fn tick(&mut self, report: &Report, now: Now) {
        self.notice(report, now);
        if self.due <= now.mono {
            self.due = now.mono + EVERY;
            self.write(report, now);
        }
    }

    /// Writes the file.
    pub fn write(&mut self, report: &Report, now: Now) {
        self.replace(report, now, true);
    }

    /// Writes the file for the last time.
    pub fn finish(&mut self, report: &Report, now: Now) {
        self.replace(report, now, false);
    }

    fn replace(&mut self, report: &Report, now: Now, running: bool) {
        self.notice(report, now);
        let run = Run {
            name: &self.name,
            start: self.start,
            running,
        };
        let last_errors: Vec<Timestamp> = self.errors.iter().map(|seen| seen.last).collect();
        let text = text::exposition(report, &run, &last_errors);
        let failed = replace(&self.path, text.as_bytes()).err();
        if let Some(error) = &failed
            && !self.told
        {
            self.diag.warn(format_args!(
                "{}: cannot write metrics: {}; tried again every {} s, the logging goes on",
                shown(&self.path),
                plain(error),
                EVERY.as_secs()
            ));
        }
        self.told = failed.is_some();
    }

    /// Notes which handlers have failed since the last look. The figures count
    /// failures and do not date them, so this is their time, late by the
    /// interval between two looks at most.
    fn notice(&mut self, report: &Report, now: Now) {
        self.errors
            .resize(report.handlers.len(), Noticed::default());
        for (seen, handler) in self.errors.iter_mut().zip(&report.handlers) {
            if handler.errors > seen.count {
                *seen = Noticed {
                    count: handler.errors,
                    last: now.wall,
                };
            }
        }
    }
}

fn shown(path: &Path) -> std::path::Display<'_> {
    path.display()
}

/// Looks whether [`replace`] would succeed.
fn check(path: &Path) -> Result<(), String> {
    match sys::lstat(path) {
        Ok(meta) if !meta.regular => {
            // A rename would put a file in the place of /dev/stdout.
            return Err("it is no regular file, and would be replaced by one".to_owned());
        }
        _ => {}
    }
    let directory = sys::directory_of(path);
    if path.file_name().is_none() || !directory.is_dir() {
        return Err(format!("there is no directory {}", shown(directory)));
    }
    // Tried, not only asked for: a file system may be full or read-only.
    let tried = temporary(directory).and_then(|(_, name)| std::fs::remove_file(name));
    tried.map_err(|error| {
        let reason = plain(&error);
        format!("cannot make a file in {}: {reason}", shown(directory))
    })
}

/// Puts a file with this text in the place of the one that is there: readers
/// see one or the other, and never a part.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let (mut file, temporary) = temporary(sys::directory_of(path))?;
    let replaced = file
        .write_all(text)
        // Some file systems report only here that they have no space.
        .and_then(|()| sys::close(file))
        .and_then(|()| std::fs::rename(&temporary, path));
    replaced.inspect_err(|_| {
        let _ = std::fs::remove_file(&temporary);
    })
}

/// Makes a file of a new name. What is there, planted or left behind, is
/// neither written nor removed. The name does not end in `.prom`, as all do
/// that a collector reads.
fn temporary(directory: &Path) -> io::Result<(File, PathBuf)> {
    let mut number = 0;
    loop {
        let name = directory.join(temporary_name(number));
        match OpenOptions::new().write(true).create_new(true).open(&name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < NAMES => {
                number += 1;
            }
            other => return other.map(|file| (file, name)),
        }
    }
}

/// Not made of the file's own name, which may be as long as names can be.
fn temporary_name(number: u32) -> String {
    let (begin, end) = TEMPORARY;
    format!("{begin}{}.{number}{end}", std::process::id())
}

/// Removes the temporary files of processes that were killed before they could
/// rename them. What is no such file, in name or kind, is not ours.
fn clear_up(directory: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let path = entry.path();
        if is_left_behind(&entry.file_name().to_string_lossy())
            && sys::lstat(&path).is_ok_and(|meta| meta.regular && meta.links == 1)
        {
            // One of another user's may stand beside some of ours.
            let _ = std::fs::remove_file(&path);
        }
    }
    Ok(())
}

fn is_left_behind(name: &str) -> bool {
    let (begin, end) = TEMPORARY;
    let name = name
        .strip_prefix(begin)
        .and_then(|name| name.strip_suffix(end));
    name.and_then(|name| name.split_once('.'))
        .is_some_and(|(id, number)| {
            let ours = number
                .parse::<u32>()
                .is_ok_and(|n| n <= NAMES && n.to_string() == number);
            ours && sys::is_of_the_gone(id.as_bytes())
        })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{kept, report};
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let name = |entry: io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<_> = entries.map(name).collect();
        names.sort();
        let name = |name: std::ffi::OsString| name.to_string_lossy().into_owned();
        names.into_iter().map(name).collect()
    }

    fn later(now: Now, seconds: u64) -> Now {
        let nanos = i64::try_from(seconds * 1_000_000_000).unwrap();
        Now {
            wall: Timestamp(now.wall.0 + nanos),
            mono: now.mono + Duration::from_secs(seconds),
        }
    }

    #[test]
    fn it_is_written_at_the_start_every_15_seconds_and_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lh.prom");
        let now = Now::read();
        let mut metrics = MetricsFile::new(path.clone(), now, Diag::silent()).unwrap();
        assert!(names(folder.path()).is_empty(), "the check leaves nothing");
        let mut report = report();
        let mut at = |seconds, records| {
            report.input.records = records;
            metrics.tick(&report, later(now, seconds));
            let text = std::fs::read_to_string(&path).unwrap();
            let line = text
                .lines()
                .find(|l| l.starts_with("lh_input_records_total{"));
            line.unwrap().rsplit(' ').next().unwrap().to_owned()
        };
        assert_eq!(at(0, 1), "1");
        assert_eq!(at(14, 2), "1");
        assert_eq!(at(15, 3), "3");
        assert_eq!(at(29, 4), "3");
        // It was held up for a while: once, and not for each time missed.
        assert_eq!(at(100, 5), "5");
        assert_eq!(at(101, 6), "5");
        assert_eq!(metrics.deadline(), later(now, 115).mono);
        metrics.finish(&report, later(now, 102));
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("lh_running{run=\"lh\"} 0\n"), "{text}");
        assert!(text.contains("lh_input_records_total{run=\"lh\"} 6\n"));
        assert_eq!(names(folder.path()), ["lh.prom"]);
    }

    /// A collector may read at any moment.
    #[test]
    fn readers_see_a_whole_file_at_any_moment() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lh.prom");
        let done = AtomicBool::new(false);
        replace(&path, &text_of(0)).unwrap();
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut seen = 0;
                while !done.load(Ordering::Relaxed) {
                    let text = std::fs::read(&path).expect("it is always there");
                    assert_eq!(text, text_of(text[0]), "a part of it");
                    let visible = names(folder.path()).into_iter();
                    let visible = visible.filter(|name| name.ends_with(".prom"));
                    assert_eq!(visible.count(), 1);
                    seen += 1;
                }
                seen
            });
            for number in 0..2000u32 {
                replace(&path, &text_of((number % 200) as u8)).unwrap();
            }
            done.store(true, Ordering::Relaxed);
            assert!(reader.join().expect("a whole file each time") > 0);
        });
    }

    fn text_of(byte: u8) -> Vec<u8> {
        vec![byte; 10_000 + usize::from(byte)]
    }

    #[test]
    fn what_is_planted_under_a_temporary_name_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("victim"), "precious").unwrap();
        std::os::unix::fs::symlink(at("victim"), at(&temporary_name(0))).unwrap();
        std::fs::hard_link(at("victim"), at(&temporary_name(1))).unwrap();
        std::os::unix::fs::symlink(at("nowhere"), at(&temporary_name(2))).unwrap();
        let before = names(folder.path());
        let mut metrics = MetricsFile::new(at("lh.prom"), Now::read(), Diag::silent()).unwrap();
        assert_eq!(names(folder.path()), before);
        metrics.finish(&report(), Now::read());
        assert!(
            std::fs::read_to_string(at("lh.prom"))
                .unwrap()
                .contains("lh_")
        );
        assert_eq!(std::fs::read_to_string(at("victim")).unwrap(), "precious");
        assert_eq!(names(folder.path()).len(), before.len() + 1);
    }

    #[test]
    fn what_cannot_be_replaced_is_refused_at_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("directory")).unwrap();
        std::fs::write(at("file"), "").unwrap();
        std::os::unix::fs::symlink(at("file"), at("link")).unwrap();
        let refused = |path: &Path| {
            let made = MetricsFile::new(path.to_owned(), Now::read(), Diag::silent());
            made.err()
                .unwrap_or_else(|| panic!("{} is taken", path.display()))
        };
        for name in ["directory", "link"] {
            let error = refused(&at(name));
            assert!(error.contains("no regular file"), "{error}");
            assert!(error.contains(name), "{error}");
        }
        assert!(refused(Path::new("/dev/stdout")).contains("no regular file"));
        for name in ["no/lh.prom", "file/lh.prom", "..", ""] {
            let error = match name {
                "" => refused(Path::new("")),
                name => refused(&at(name)),
            };
            assert!(error.contains("cannot write metrics: "), "{error}");
        }
        assert!(MetricsFile::new(at("file"), Now::read(), Diag::silent()).is_ok());
        assert_eq!(names(folder.path()), ["directory", "file", "link"]);
    }

    /// One warning when it begins to fail, and again after it has worked.
    #[test]
    fn a_failed_write_is_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("textfiles");
        let path = directory.join("lh.prom");
        std::fs::create_dir(&directory).unwrap();
        let (diag, told) = kept();
        let now = Now::read();
        let mut metrics = MetricsFile::new(path.clone(), now, diag).unwrap();
        let mut tick = |seconds, warnings: usize| {
            metrics.tick(&report(), later(now, seconds));
            let told = told.lock().unwrap();
            assert_eq!(told.len(), warnings, "after {seconds} s: {told:?}");
        };
        tick(0, 0);
        std::fs::remove_dir_all(&directory).unwrap();
        tick(15, 1);
        tick(30, 1);
        std::fs::create_dir(&directory).unwrap();
        tick(45, 1);
        assert!(path.exists());
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        tick(60, 2);
        assert_eq!(names(&directory), ["lh.prom"], "no temporary file is left");
        let told = told.lock().unwrap();
        assert!(told[0].contains("No such file or directory"), "{told:?}");
        assert!(told[0].contains("the logging goes on"), "{told:?}");
    }

    #[test]
    fn the_last_error_is_dated_when_it_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lh.prom");
        let now = Now {
            wall: Timestamp(1_000_000_000_000_000_000),
            mono: Instant::now(),
        };
        let mut metrics = MetricsFile::new(path.clone(), now, Diag::silent()).unwrap();
        let mut report = report();
        report.handlers[1].errors = 0;
        let mut at = |seconds, errors| {
            report.handlers[0].errors = errors;
            metrics.tick(&report, later(now, seconds));
            let text = std::fs::read_to_string(&path).unwrap();
            let value = |handler: &str| {
                let start = "lh_handler_last_error_timestamp_seconds{";
                let found = text
                    .lines()
                    .find(|line| line.starts_with(start) && line.contains(handler));
                found.unwrap().rsplit(' ').next().unwrap().to_owned()
            };
            assert_eq!(value("\"syslog\""), "0.000");
            value("\"file\"")
        };
        assert_eq!(at(0, 0), "0.000");
        assert_eq!(at(15, 0), "0.000");
        // Seen between two writes: that is its time.
        assert_eq!(at(20, 3), "0.000");
        assert_eq!(at(30, 3), "1000000020.000");
        assert_eq!(at(45, 3), "1000000020.000");
        assert_eq!(at(60, 4), "1000000060.000");
    }
}
