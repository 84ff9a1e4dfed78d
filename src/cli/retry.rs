//! `lh spool retry`: sends what an earlier lh has left in its spool.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow};

use super::args::{self, Command};
use super::console;
use super::exit::{Failure, Status};
use crate::diag::plain;
use crate::pipeline::Pipeline;
use crate::spool::{self, Target};
use crate::sys::signals::Signals;

/// How long at least it goes on without anything that gets through: what was left
/// has waited long already, and may have been left by a run that had no time.
const LEAST: Duration = Duration::from_secs(10);

/// Handlers that write to a file, whose name may hold in one directory only.
const FILES: [&str; 3] = ["file", "rotate", "timed"];

/// Runs the handler that the spool is for, with nothing but what is in it.
pub fn retry(directory: &Path) -> Result<Status, Failure> {
    let name = directory.display();
    let target = spool::target(directory).map_err(|error| anyhow!("{error}"))?;
    let Some(Target {
        words,
        directory: here,
        ..
    }) = target
    else {
        return Err(anyhow!(
            "{name}: it does not say whose records these are; run the handler that they are for, \
             with --spool {name} and nothing on its stdin"
        )
        .into());
    };
    // The spool may have been moved since.
    let directory = std::path::absolute(directory).context("cannot tell where lh runs")?;
    let moved = std::env::set_current_dir(&here);
    let piece = args::parse(words.clone()).map_err(|_| malformed(&directory, &words))?;
    let Command::Handler(mut handler) = piece.command else {
        return Err(malformed(&directory, &words));
    };
    handler.set_words(&words);
    handler.set_spool(&directory);
    let diag = console::diag(false);
    let stage = handler.into_stage(&diag).map_err(|text| anyhow!(text))?;
    if let Err(error) = moved {
        let (name, here, handler) = (directory.display(), here.display(), stage.look());
        let text = format!(
            "{name}: its records were to be sent from {here}: {}",
            plain(&error)
        );
        if FILES.contains(&handler.kind()) && Path::new(&handler.target()).is_relative() {
            return Err(anyhow!("{text}; run it where {} is to be", handler.target()).into());
        }
        diag.warn(format_args!("{text}; they are sent from here"));
    }
    let signals = Signals::catch(false).context("cannot catch signals")?;
    let mut pipeline = Pipeline::new(vec![stage], Box::new(signals), diag);
    pipeline.open().map_err(|text| anyhow!(text))?;
    let tally = pipeline.finish_in_its_time(LEAST);
    Ok(match tally.lost > 0 || tally.failed || tally.spooled > 0 {
        true => Status::Incomplete,
        false => Status::Delivered,
    })
}

fn malformed(directory: &Path, words: &[OsString]) -> Failure {
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    anyhow!(
        "{}: this lh does not understand whose records these are: {}",
        directory.display(),
        words.join(" ")
    )
    .into()
}
