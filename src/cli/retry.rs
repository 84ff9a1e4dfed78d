//! `lh spool retry`: sends what an earlier lh has left in its spool.

use std::ffi::OsString;
use std::path::Path;

use anyhow::{Context, anyhow};

use super::args::{self, Command};
use super::console;
use super::exit::{Failure, Status};
use crate::pipeline::Pipeline;
use crate::spool::{self, Target};
use crate::sys::signals::Signals;

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
    let elsewhere = || {
        format!(
            "{name}: its records were to be sent from {}",
            here.display()
        )
    };
    std::env::set_current_dir(&here).with_context(elsewhere)?;
    let piece = args::parse(words.clone()).map_err(|_| malformed(&directory, &words))?;
    let Command::Handler(mut handler) = piece.command else {
        return Err(malformed(&directory, &words));
    };
    handler.set_words(&words);
    handler.set_spool(&directory);
    let diag = console::diag(false);
    let stage = handler.into_stage(&diag).map_err(|text| anyhow!(text))?;
    let signals = Signals::catch(false).context("cannot catch signals")?;
    let mut pipeline = Pipeline::new(vec![stage], Box::new(signals), diag);
    pipeline.open().map_err(|text| anyhow!(text))?;
    let tally = pipeline.finish();
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
