//! `lh cat` and `lh tail`: reading what rotate and timed have written.

use std::collections::HashSet;
use std::io::{self, BufWriter, ErrorKind, Read as _, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};

use super::args::{LogCatArgs, LogTailArgs};
use super::console;
use super::exit::{Failure, Status};
use super::pick::{Picker, QUIET};
use crate::diag::plain;
use crate::now::Now;
use crate::roll::follow::{Follower, Lines};
use crate::roll::lines::{CopyError, Output, Seam, copy};
use crate::roll::listing::{LeftOut, Remarks};
use crate::roll::set::{LogSet, Part};
use crate::sys::{self, FileId};
use crate::text::wide;

/// How often it is looked whether more was written, where nothing was.
const LOOK: Duration = Duration::from_millis(50);

/// After so long it is told again how many files were gone.
const AGAIN: Duration = Duration::from_secs(60);

/// Prints sets whole.
pub fn cat(args: &LogCatArgs) -> Result<Status, Failure> {
    let now = Now::read().wall;
    let wanted = args.picks.wanted(now).map_err(Failure::usage)?;
    let mut stdout = console::stdout()?;
    if wanted.is_all() {
        return print_all(args, &mut stdout);
    }
    let mut stdout = BufWriter::new(stdout);
    let mut picker = Picker::new(wanted, None, now, &mut stdout);
    let status = print_all(args, &mut picker)?;
    let ended = picker.finish().and_then(|()| picker.flush());
    if let Some(file) = args.files.last() {
        tell(file, &mut picker);
    }
    written(ended, status)
}

/// Where sets are printed to.
trait Printer: Output {
    /// What comes next goes on with nothing of the set of `before`.
    fn next_set(&mut self, before: &Path, seam: &mut Seam) -> io::Result<()>;
}

impl Printer for io::StdoutLock<'_> {
    fn next_set(&mut self, _before: &Path, _seam: &mut Seam) -> io::Result<()> {
        Ok(())
    }
}

impl Printer for Picker<'_> {
    fn next_set(&mut self, before: &Path, seam: &mut Seam) -> io::Result<()> {
        *seam = Seam::default();
        tell(before, self);
        Picker::next_set(self)
    }
}

/// Says what came up while a set was picked from.
fn tell(file: &Path, picker: &mut Picker<'_>) {
    for text in picker.remarks() {
        console::say(format_args!("{}: {text}", file.display()));
    }
}

/// Those of the files that are printed by themselves: the others are rolled-over files of
/// these. Where some are such files of each other, the first of them has the rest.
fn heads(args: &LogCatArgs) -> Result<Vec<&Path>, Failure> {
    let files: Vec<&Path> = args.files.iter().map(AsRef::as_ref).collect();
    if files.len() < 2 {
        return Ok(files);
    }
    let sets = files
        .iter()
        .map(|file| backups(file, args))
        .collect::<Result<Vec<_>, _>>()?;
    let ids: Vec<_> = files
        .iter()
        .map(|file| sys::stat(file).ok().map(|meta| meta.id))
        .collect();
    let is_in = |at: usize, set: usize| ids[at].is_some_and(|id| sets[set].contains(&id));
    let all = 0..files.len();
    let mut is_head: Vec<bool> = all
        .clone()
        .map(|at| !all.clone().any(|set| set != at && is_in(at, set)))
        .collect();
    for at in all.clone() {
        is_head[at] |= !all.clone().any(|set| is_head[set] && is_in(at, set));
    }
    let heads = files.into_iter().zip(is_head);
    Ok(heads.filter_map(|(file, is)| is.then_some(file)).collect())
}

/// The rolled-over files of a set.
fn backups(file: &Path, args: &LogCatArgs) -> Result<HashSet<FileId>, Failure> {
    let set = log_set(file, args.names.namer.as_deref())?;
    // What can't be read is told when its turn comes.
    let Ok(listing) = set.list() else {
        return Ok(HashSet::new());
    };
    let others = (0..listing.len()).map(|at| listing.path(at));
    let others = others.filter(|path| *path != set.file());
    let metas = others.filter_map(|path| sys::stat(path).ok());
    Ok(metas.map(|meta| meta.id).collect())
}

fn print_all(args: &LogCatArgs, stdout: &mut dyn Printer) -> Result<Status, Failure> {
    let (mut status, mut seam) = (Status::Delivered, Seam::default());
    // What is read there would be written to its end, for ever.
    let output = sys::stdout().context(console::NOT_PRINTED)?;
    let is_output = |part: &Part| sys::is_same_regular_file(&part.file, &output);
    let mut before = None;
    // `app.log*` names those that are printed with the first.
    for file in heads(args)? {
        if let Some(before) = before.replace(file)
            && let Err(error) = stdout.next_set(before, &mut seam)
        {
            return written(Err(error), status);
        }
        let set = log_set(file, args.names.namer.as_deref())?;
        let mut listing = match set.list() {
            Ok(listing) if !listing.is_empty() => listing,
            other => {
                let error = other.err().unwrap_or(ErrorKind::NotFound.into());
                complain(file, &error);
                status = Status::Incomplete;
                continue;
            }
        };
        remark(listing.remarks());
        for at in 0..listing.len() {
            let opened = listing.open(&set, at).map_err(CopyError::Read);
            let printed = opened.and_then(|part| match is_output(&part) {
                true => Err(CopyError::Read(io::Error::other(
                    "it is the output as well",
                ))),
                false => print(&part, stdout, &mut seam),
            });
            match printed {
                Ok(()) => {}
                Err(CopyError::Read(error)) => {
                    complain(listing.path(at), &error);
                    status = Status::Incomplete;
                }
                Err(CopyError::Write(error)) => return written(Err(error), status),
            }
        }
    }
    written(stdout.flush(), status)
}

fn print(part: &Part, stdout: &mut dyn Printer, seam: &mut Seam) -> Result<(), CopyError> {
    let mut reader = part.reader().map_err(CopyError::Read)?;
    seam.next_file();
    copy(&mut reader, stdout, &mut 0, seam)
}

/// Prints the last lines of a set, and what comes behind them.
pub fn tail(args: &LogTailArgs) -> Result<Status, Failure> {
    let set = log_set(&args.file, args.names.namer.as_deref())?;
    if !args.follow && set.list().is_ok_and(|listing| listing.is_empty()) {
        complain(&args.file, &ErrorKind::NotFound.into());
        return Ok(Status::Incomplete);
    }
    let now = Now::read().wall;
    let wanted = args.picks.wanted(now).map_err(Failure::usage)?;
    let mut stdout = BufWriter::new(console::stdout()?);
    let is_all = wanted.is_all();
    if is_all && !is_wide(&set) {
        let started = Follower::start(set, args.lines, &mut stdout);
        return follow(args, started, &mut stdout, |_, _| Ok(()));
    }
    // All of them are read, whichever are wanted of those that are picked.
    let picker = Picker::new(wanted, Some(args.lines), now, &mut stdout);
    let mut picker = match is_all {
        true => picker.by_lines(),
        false => picker,
    };
    let started = Follower::start(set, Lines::Last(u64::MAX), &mut picker);
    let kept = match args.follow {
        true => picker.settle(),
        false => picker.finish(),
    };
    if let Err(error) = kept.and_then(|()| picker.let_go()) {
        return written(Err(error), Status::Delivered);
    }
    tell(&args.file, &mut picker);
    follow(args, started, &mut picker, |picker, quiet| {
        if quiet < QUIET {
            return Ok(());
        }
        picker.settle()?;
        tell(&args.file, picker);
        Ok(())
    })
}

/// Whether the newest text of a set says at its start that its characters are wide: their
/// lines do not end where bytes of a newline stand.
fn is_wide(set: &LogSet) -> bool {
    let Ok(mut listing) = set.list() else {
        return false;
    };
    let starts = (0..listing.len()).rev().filter_map(|at| {
        let part = listing.open(set, at).ok()?;
        let (mut start, mut count) = ([0; 4], 0);
        let mut reader = part.reader().ok()?;
        while let Ok(read) = reader.read(&mut start[count..])
            && read > 0
        {
            count += read;
        }
        Some(start[..count].to_vec()).filter(|start| !start.is_empty())
    });
    starts.take(1).any(|start| wide::is_marked(&start))
}

/// Goes on with what is written from now on, if that is asked for. `idle` is told
/// for how long nothing was.
fn follow<W: Output>(
    args: &LogTailArgs,
    started: Result<Follower, CopyError>,
    to: &mut W,
    mut idle: impl FnMut(&mut W, Duration) -> io::Result<()>,
) -> Result<Status, Failure> {
    let mut follower = match started {
        Ok(follower) => follower,
        Err(error) => return ended(&args.file, error),
    };
    remark(follower.remarks());
    let mut status = Status::Delivered;
    let mut tell = |follower: &mut Follower| {
        for problem in follower.problems() {
            complain(&problem.path, &problem.error);
            status = Status::Incomplete;
        }
        status
    };
    tell(&mut follower);
    let flushed = to.flush();
    if flushed.is_err() || !args.follow {
        return written(flushed, tell(&mut follower));
    }
    if !follower.has_file() {
        let name = args.file.display();
        console::say(format_args!("{name}: is not there yet; waiting for it"));
    }
    // It may be long until there is something to write, which would tell that.
    let reader = sys::stdout().ok().filter(sys::is_pipe);
    let is_unread = |pause| match &reader {
        Some(pipe) => sys::wait_unread(pipe, pause),
        None => {
            std::thread::sleep(pause);
            false
        }
    };
    let (mut gaps, mut quiet) = (Gaps::default(), Duration::ZERO);
    let mut say = |count: u64, is_end: bool| {
        if let Some(text) = gaps.tell(count, Instant::now(), is_end) {
            console::say(format_args!("{}: {text}", args.file.display()));
        }
    };
    loop {
        let stepped = follower.step(to);
        let status = tell(&mut follower);
        say(follower.gaps(), false);
        let pause = match stepped {
            Ok(true) => Duration::ZERO,
            Ok(false) => LOOK,
            Err(error) => {
                say(follower.gaps(), true);
                return ended(&args.file, error);
            }
        };
        quiet = match pause.is_zero() {
            true => pause,
            false => quiet + pause,
        };
        let unread = is_unread(pause);
        let flushed = idle(to, quiet).and_then(|()| to.flush());
        if unread || flushed.is_err() {
            say(follower.gaps(), true);
            return written(flushed, status);
        }
    }
}

/// What is told of files that were gone: the first at once, as somebody may still
/// do something about it, and of the others only how many they are by now. That
/// also comes now and then, because a signal ends it without another word.
#[derive(Debug, Default)]
struct Gaps {
    told: u64,
    last: Option<Instant>,
}

impl Gaps {
    fn tell(&mut self, count: u64, now: Instant, is_end: bool) -> Option<String> {
        let is_due = |last: Instant| now.saturating_duration_since(last) >= AGAIN;
        if count == self.told || !(is_end || self.last.is_none_or(is_due)) {
            return None;
        }
        (self.told, self.last) = (count, Some(now));
        let times = match count {
            1 => String::new(),
            _ => format!(", {count} times by now"),
        };
        Some(format!(
            "a rolled-over file was gone before it was read{times}; lines may be missing"
        ))
    }
}

fn log_set(file: &Path, namer: Option<&str>) -> Result<LogSet, Failure> {
    LogSet::new(file, namer).map_err(|error| Failure::usage(format!("--namer: {error}")))
}

/// Says what may not be as it was meant, and is no failure.
fn remark(remarks: &Remarks) {
    let mut told = Vec::new();
    for LeftOut { path, why } in &remarks.left_out {
        if told.contains(why) {
            continue;
        }
        told.push(*why);
        let alike = remarks.left_out.iter().filter(|other| other.why == *why);
        let more = match alike.count() {
            1 => String::new(),
            count => format!(" ({} more like it)", count - 1),
        };
        console::say(format_args!("{}: left out, {why}{more}", path.display()));
    }
    for paths in &remarks.both {
        let paths: Vec<_> = paths.iter().map(|path| path.to_string_lossy()).collect();
        console::say(format_args!(
            "{}: different texts under one name; all are read, in this order",
            paths.join(", ")
        ));
    }
}

fn complain(file: &Path, error: &io::Error) {
    let reason = reason(error);
    console::say(format_args!("{}: cannot read: {reason}", file.display()));
}

/// A bare kind, which no system call has given, says it as the system would.
fn reason(error: &io::Error) -> String {
    let is_bare = error.raw_os_error().is_none() && error.get_ref().is_none();
    match is_bare && error.kind() == ErrorKind::NotFound {
        true => "No such file or directory".to_owned(),
        false => plain(error),
    }
}

fn ended(file: &Path, error: CopyError) -> Result<Status, Failure> {
    match error {
        CopyError::Read(error) => {
            Err(anyhow!("{}: cannot read: {}", file.display(), plain(&error)).into())
        }
        CopyError::Write(error) => written(Err(error), Status::Delivered),
    }
}

fn written(result: io::Result<()>, status: Status) -> Result<Status, Failure> {
    console::printed(result)?;
    Ok(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons() {
        let text = "it was deleted before it was read";
        let deleted = io::Error::new(ErrorKind::NotFound, text);
        assert_eq!(reason(&deleted), text);
        let bare = ErrorKind::NotFound.into();
        assert_eq!(reason(&bare), "No such file or directory");
    }

    #[test]
    fn gaps_are_counted_and_not_each_told() {
        let start = Instant::now();
        let mut gaps = Gaps::default();
        let mut told = |count, secs, is_end| {
            let text = gaps.tell(count, start + Duration::from_secs(secs), is_end);
            text.is_some_and(|text| count == 1 || text.contains(&format!(", {count} times")))
        };
        for (count, secs, is_end, want) in [
            (0, 0, false, false),
            (1, 1, false, true),
            (1, 1, false, false),
            (2, 2, false, false),
            (20, 60, false, false),
            (21, 61, false, true),
            (21, 999, false, false),
            (22, 1000, false, true),
            (24, 1001, false, false),
            (24, 1002, true, true),
            (24, 1003, true, false),
        ] {
            assert_eq!(told(count, secs, is_end), want, "{count} after {secs} s");
        }
    }
}
