//! `lh cat` and `lh tail`: reading what rotate and timed have written.

use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow};

use super::args::{LogCatArgs, LogTailArgs};
use super::console;
use super::exit::{Failure, Status};
use super::pick::{Picker, QUIET};
use crate::diag::plain;
use crate::now::Now;
use crate::roll::follow::{Follower, Lines};
use crate::roll::lines::{CopyError, Seam, copy};
use crate::roll::listing::Remarks;
use crate::roll::set::{LogSet, Part};

/// How often it is looked whether more was written, where nothing was.
const LOOK: Duration = Duration::from_millis(50);

/// Prints sets whole.
pub fn cat(args: &LogCatArgs) -> Result<Status, Failure> {
    let now = Now::read().wall;
    let wanted = args.picks.wanted(now).map_err(Failure::usage)?;
    let mut stdout = std::io::stdout().lock();
    if wanted.is_all() {
        return print_all(args, &mut stdout);
    }
    let mut stdout = BufWriter::new(stdout);
    let mut picker = Picker::new(wanted, None, now, &mut stdout);
    let status = print_all(args, &mut picker)?;
    let ended = picker.finish().and_then(|()| picker.flush());
    written(ended, status)
}

fn print_all(args: &LogCatArgs, stdout: &mut dyn Write) -> Result<Status, Failure> {
    let (mut status, mut seam) = (Status::Delivered, Seam::default());
    for file in &args.files {
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
            match opened.and_then(|part| print(&part, stdout, &mut seam)) {
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

fn print(part: &Part, stdout: &mut dyn Write, seam: &mut Seam) -> Result<(), CopyError> {
    let mut reader = part.reader().map_err(CopyError::Read)?;
    seam.next_file();
    copy(&mut reader, stdout, &mut 0, seam)?;
    Ok(())
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
    let mut stdout = BufWriter::new(std::io::stdout().lock());
    if wanted.is_all() {
        let started = Follower::start(set, args.lines, &mut stdout);
        return follow(args, started, &mut stdout, |_, _| Ok(()));
    }
    // All of them are read, whichever are wanted of those that are picked.
    let mut picker = Picker::new(wanted, Some(args.lines), now, &mut stdout);
    let started = Follower::start(set, Lines::Last(u64::MAX), &mut picker);
    let kept = match args.follow {
        true => picker.settle(),
        false => picker.finish(),
    };
    if let Err(error) = kept.and_then(|()| picker.let_go()) {
        return written(Err(error), Status::Delivered);
    }
    follow(args, started, &mut picker, |picker, quiet| {
        match quiet >= QUIET {
            true => picker.settle(),
            false => Ok(()),
        }
    })
}

/// Goes on with what is written from now on, if that is asked for. `idle` is told
/// for how long nothing was.
fn follow<W: Write>(
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
    let (mut gaps, mut quiet) = (0, Duration::ZERO);
    loop {
        let stepped = follower.step(to);
        let status = tell(&mut follower);
        if follower.gaps() > std::mem::replace(&mut gaps, follower.gaps()) {
            let name = args.file.display();
            console::say(format_args!(
                "{name}: a rolled-over file was gone before it was read; lines may be missing"
            ));
        }
        match stepped {
            Ok(true) => quiet = Duration::ZERO,
            Ok(false) => {
                std::thread::sleep(LOOK);
                quiet += LOOK;
            }
            Err(error) => return ended(&args.file, error),
        }
        let flushed = idle(to, quiet).and_then(|()| to.flush());
        if flushed.is_err() {
            return written(flushed, status);
        }
    }
}

fn log_set(file: &Path, namer: Option<&str>) -> Result<LogSet, Failure> {
    LogSet::new(file, namer).map_err(|error| Failure::usage(format!("--namer: {error}")))
}

/// Says what may not be as it was meant, and is no failure.
fn remark(remarks: &Remarks) {
    for path in &remarks.left_out {
        console::say(format_args!(
            "{}: left out, because its number is far from the others",
            path.display()
        ));
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
    let reason = match error.raw_os_error() {
        None if error.kind() == ErrorKind::NotFound => "No such file or directory".to_owned(),
        _ => plain(error),
    };
    console::say(format_args!("{}: cannot read: {reason}", file.display()));
}

fn ended(file: &Path, error: CopyError) -> Result<Status, Failure> {
    match error {
        CopyError::Read(error) => {
            Err(anyhow!("{}: cannot read: {}", file.display(), plain(&error)).into())
        }
        CopyError::Write(error) => written(Err(error), Status::Delivered),
    }
}

/// Whoever reads it may have seen enough.
fn written(result: io::Result<()>, status: Status) -> Result<Status, Failure> {
    match result {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(status),
        other => {
            other.context("cannot write to stdout")?;
            Ok(status)
        }
    }
}
