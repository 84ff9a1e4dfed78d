//! `lh spool`: looking into a spool, and mending it.

use std::ffi::OsString;
use std::io::{ErrorKind, Write};
use std::path::Path;

use anyhow::{Context, anyhow};

use super::args::{CatArgs, CheckArgs, DropArgs, LsArgs, SpoolCommand};
use super::console;
use super::exit::{Failure, Status};
use super::veil::veiled;
use crate::batch::OwnedFrames;
use crate::fsync::Fsync;
use crate::now::Now;
use crate::roll::when::{LocalZone, format_local};
use crate::spool::{self, Inspection, Reader, SpoolOptions};

/// How much is read at a time, in bytes.
const PIECE: usize = 256 << 10;

/// Does what is asked.
pub fn run(command: SpoolCommand) -> Result<Status, Failure> {
    match command {
        SpoolCommand::Ls(args) => ls(&args),
        SpoolCommand::Cat(args) => cat(&args),
        SpoolCommand::Check(args) => check(&args),
        SpoolCommand::Retry(args) => super::retry::retry(&args.directory),
        SpoolCommand::Drop(args) => forget(&args),
    }
}

/// Looks at a spool, and takes no other directory for one.
fn inspect(directory: &Path) -> Result<Inspection, Failure> {
    let inspection = spool::inspect(directory).map_err(|error| anyhow!("{error}"))?;
    if inspection.sender.is_none() && !directory.join("lock").exists() {
        let text = anyhow!(
            "{}: is no spool: nothing in it was made by lh",
            directory.display()
        );
        return Err(text.into());
    }
    Ok(inspection)
}

fn read_all(inspection: &Inspection, all: bool) -> Result<Reader, Failure> {
    let reader = inspection.reader(all);
    Ok(reader.with_context(|| format!("{}: cannot be read", inspection.directory.display()))?)
}

/// The next records, into a buffer that is emptied before.
fn read(reader: &mut Reader, directory: &Path, out: &mut OwnedFrames) -> Result<u64, Failure> {
    out.clear();
    let run = reader.read(out, PIECE);
    let run = run.with_context(|| format!("{}: cannot be read", directory.display()))?;
    Ok(run.map_or(0, |run| run.count))
}

/// A number and what it is a number of.
fn counted(count: u64, one: &str, many: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {many}"),
    }
}

fn owner(inspection: &Inspection) -> Option<String> {
    inspection.owner.map(|pid| match pid {
        Some(pid) => format!("in use by process {pid}"),
        None => "in use".to_owned(),
    })
}

/// Words as a shell would read them, but for control characters, which are
/// made visible: no word can forge a line.
fn quoted(words: &[OsString]) -> String {
    let plain = |ch: char| ch.is_alphanumeric() || "-_=+,.:/@%^".contains(ch);
    let visible = |ch: char| match ch.is_control() {
        true => ch.escape_default().to_string(),
        false => ch.to_string(),
    };
    let words = words.iter().map(|word| {
        let word = word.to_string_lossy();
        if !word.is_empty() && word.chars().all(plain) {
            return word.into_owned();
        }
        let word = word.replace('\'', "'\\''");
        format!("'{}'", word.chars().map(visible).collect::<String>())
    });
    words.collect::<Vec<_>>().join(" ")
}

fn ls(args: &LsArgs) -> Result<Status, Failure> {
    let inspection = inspect(&args.directory)?;
    let damaged = inspection.set_aside + inspection.damaged + inspection.strange.len() as u64;
    let mut parts = vec![
        counted(inspection.waiting, "record", "records"),
        counted(inspection.bytes, "byte", "bytes"),
        counted(inspection.segments, "segment", "segments"),
    ];
    if let Some(oldest) = inspection.oldest {
        let text = format_local(&LocalZone, oldest, "%Y-%m-%dT%H:%M:%S%:z");
        parts.push(format!("oldest from {text}"));
    }
    // Older segments are not looked into, which may take long.
    parts.push(format!("{damaged} known to be damaged"));
    parts.extend(owner(&inspection));
    let target = spool::target(&inspection.directory).unwrap_or_default();
    if let Some(target) = target {
        parts.push(format!("for {}", quoted(&veiled(&target.words))));
    }
    let text = format!("{}: {}\n", args.directory.display(), parts.join(", "));
    console::print(text.as_bytes())?;
    Ok(Status::Delivered)
}

fn cat(args: &CatArgs) -> Result<Status, Failure> {
    let inspection = inspect(&args.directory)?;
    let mut reader = read_all(&inspection, args.all)?;
    let mut out = OwnedFrames::default();
    let mut stdout = console::stdout()?;
    while read(&mut reader, &args.directory, &mut out)? > 0 {
        match stdout.write_all(out.frames().bytes()) {
            // Whoever reads it has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(Status::Delivered),
            other => console::printed(other)?,
        }
    }
    console::printed(stdout.flush())?;
    let damaged = reader.status().damaged() + inspection.strange.len() as u64;
    if damaged == 0 {
        return Ok(Status::Delivered);
    }
    let name = args.directory.display();
    console::say(format_args!(
        "{name}: {} left out; lh spool check {name} says where",
        counted(damaged, "damaged place was", "damaged places were")
    ));
    Ok(Status::Incomplete)
}

fn check(args: &CheckArgs) -> Result<Status, Failure> {
    let inspection = inspect(&args.directory)?;
    let mut reader = read_all(&inspection, true)?;
    let mut out = OwnedFrames::default();
    let mut records = 0;
    loop {
        match read(&mut reader, &args.directory, &mut out)? {
            0 => break,
            count => records += count,
        }
    }
    let status = reader.status();
    let listed = reader.damage();
    let mut text = String::new();
    let mut line = |words: &str| {
        text.push_str(words);
        text.push('\n');
    };
    for damage in &listed {
        let (segment, start, end) = (&damage.segment, damage.start, damage.end);
        line(&format!(
            "{segment}: the bytes {start} to {end} are damaged"
        ));
    }
    for name in &inspection.strange {
        let words = "holds no record of this spool that this version of lh can read";
        line(&format!("{name}: {words}"));
    }
    let more = status.damaged() - listed.len() as u64;
    if more > 0 {
        line(&format!("and {more} more places"));
    }
    // A process that has it deletes what is delivered, which then is missing.
    let lost = match inspection.owner {
        None => status.lost(),
        Some(_) => 0,
    };
    let damaged = status.damaged() + inspection.strange.len() as u64;
    let name = args.directory.display();
    let mut parts = vec![format!(
        "{} whole",
        counted(records, "record is", "records are")
    )];
    if lost > 0 {
        parts.push(format!("{} missing", counted(lost, "is", "are")));
    }
    if damaged > 0 {
        parts.push(counted(damaged, "place is damaged", "places are damaged"));
    }
    if inspection.torn_bytes > 0 {
        let words = "were not written whole and will be cut off";
        parts.push(format!("the last {} bytes {words}", inspection.torn_bytes));
    }
    if inspection.set_aside > 0 {
        let files = counted(inspection.set_aside, "file is", "files are");
        parts.push(format!("{files} in bad/ from before"));
    }
    parts.extend(owner(&inspection));
    line(&format!("{name}: {}", parts.join(", ")));
    console::print(text.as_bytes())?;
    Ok(match damaged + lost {
        0 => Status::Delivered,
        _ => Status::Incomplete,
    })
}

fn forget(args: &DropArgs) -> Result<Status, Failure> {
    inspect(&args.directory)?;
    let now = Now::read();
    let options = SpoolOptions {
        max_bytes: u64::MAX,
        fsync: Fsync::Close,
        ..SpoolOptions::new(&args.directory)
    };
    let (mut writer, mut reader, recovery) =
        spool::open(options, now).map_err(|error| anyhow!("{error}"))?;
    let name = args.directory.display();
    for note in recovery.notes() {
        console::say(format_args!("{name}: {note}"));
    }
    let most = args.oldest.unwrap_or(u64::MAX);
    let mut out = OwnedFrames::default();
    let mut dropped = 0;
    while dropped < most {
        let count = read(&mut reader, &args.directory, &mut out)?;
        if count == 0 {
            break;
        }
        // What is read beyond that is not acknowledged, and so stays.
        let count = count.min(most - dropped);
        reader
            .acknowledge(count)
            .with_context(|| format!("{name}: cannot note that records are dropped"))?;
        dropped += count;
    }
    let left = reader.waiting();
    let closed = reader.close().and_then(|()| writer.close(now));
    closed.with_context(|| format!("{name}: cannot be closed"))?;
    let dropped = counted(dropped, "record", "records");
    let text = format!("{name}: {dropped} dropped, {left} left\n");
    console::print(text.as_bytes())?;
    Ok(Status::Delivered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_as_a_shell_reads_them() {
        let words = ["lh", "socket", "a b", "it's", "", "x\ny"].map(OsString::from);
        assert_eq!(quoted(&words), "lh socket 'a b' 'it'\\''s' '' 'x\\ny'");
    }
}
