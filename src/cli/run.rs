//! From parsed arguments to a run, and from its tally to a status.

use std::io::IsTerminal;

use anyhow::{Context, anyhow};

use super::args::{HandlerCommand, InputArgs, Question};
use super::console;
use super::exit::{Failure, Status};
use crate::batch::Frames;
use crate::diag::{Diag, plain};
use crate::now::Now;
use crate::pipeline::Pipeline;
use crate::roll::when::{LocalZone, format_local};
use crate::source::{self, Decoder, Tee};
use crate::sys::signals::Signals;
use crate::wire::framing::{LineBuffer, Oversize, OversizeCounts};

/// Runs a chain.
pub fn chain(input: InputArgs, chain: Vec<HandlerCommand>) -> Result<Status, Failure> {
    let diag = console::diag(input.quiet);
    if chain.is_empty() {
        let text = "no handler is given: try lh rotate --max-bytes 10M --backups 5 app.log, \
                    or lh --help";
        return Err(Failure::usage(text.to_owned()));
    }
    let asked = chain
        .iter()
        .filter_map(|handler| Some((handler, handler.question()?)));
    let asked: Vec<_> = asked.collect();
    if !asked.is_empty() {
        return answer(&asked, &diag);
    }
    let tee = match input.tee {
        true => Tee::stdout(diag.clone()).map_err(|error| {
            diag.warn(format_args!(
                "stdout: {}; nothing is copied there",
                plain(&error)
            ));
        }),
        false => Err(()),
    };
    let stages = chain.into_iter().map(|handler| handler.into_stage(&diag));
    let stages = stages
        .collect::<Result<Vec<_>, String>>()
        .map_err(Failure::usage)?;
    let decoder = Decoder::new(input.format(), input.defaults(), diag.clone());
    let signals = Signals::catch().context("cannot catch signals")?;
    let mut pipeline = Pipeline::new(stages, decoder, Box::new(signals), diag.clone());
    let stdin = match input.message {
        None => Some(source::stdin().context("stdin: cannot read")?),
        Some(_) => None,
    };
    if let Some(stdin) = &stdin {
        pipeline.check_input(stdin).map_err(|text| anyhow!(text))?;
    }
    pipeline.open().map_err(|text| anyhow!(text))?;

    let oversized = match (&input.message, stdin) {
        (None, Some(stdin)) => {
            if std::io::stdin().is_terminal() {
                diag.warn(format_args!(
                    "reading lines from this terminal; end with Ctrl-D, or give one with -m TEXT"
                ));
            }
            let buffer = LineBuffer::new(input.max_record(), input.oversize());
            pipeline.read_lines(stdin, buffer, tee.ok())
        }
        (message, _) => {
            one_message(message.as_deref().unwrap_or_default(), &mut pipeline);
            Ok(OversizeCounts::default())
        }
    };
    let tally = pipeline.finish();
    let dropped = report_input(&oversized, &input, &diag);
    Ok(match tally.lost > 0 || tally.failed || dropped {
        true => Status::Incomplete,
        false => Status::Delivered,
    })
}

fn one_message(message: &str, pipeline: &mut Pipeline) {
    let mut frame = message.as_bytes().to_vec();
    if frame.last() != Some(&b'\n') {
        frame.push(b'\n');
    }
    let ends = [frame.len()];
    pipeline.deliver(&Frames::listed(&frame, &ends), Now::read());
}

/// Says what became of the input beside its delivery. `true`: some is lost.
fn report_input(
    oversized: &std::io::Result<OversizeCounts>,
    input: &InputArgs,
    diag: &Diag,
) -> bool {
    let counts = match oversized {
        Ok(counts) => counts,
        Err(error) => {
            diag.error(format_args!("stdin: cannot read: {}", plain(error)));
            return true;
        }
    };
    let (count, what) = match input.oversize() {
        Oversize::Split => (counts.split, "split into several records"),
        Oversize::Truncate => (counts.truncated, "cut off"),
        Oversize::Drop => (counts.dropped, "dropped"),
    };
    if count > 0 {
        let text = format_args!(
            "stdin: {count} lines were longer than {} bytes and {what} (--max-record, --oversize)",
            input.max_record()
        );
        match input.oversize() {
            Oversize::Drop => diag.error(text),
            _ => diag.warn(text),
        }
    }
    counts.dropped > 0
}

/// Answers `--plan` and `--dry-run`, and reads no input.
fn answer(asked: &[(&HandlerCommand, Question)], diag: &Diag) -> Result<Status, Failure> {
    let now = Now::read();
    let mut text = String::new();
    for (handler, question) in asked {
        let Some(rotating) = handler.rotating(diag).map_err(Failure::usage)? else {
            continue;
        };
        match question {
            Question::Plan(count) => {
                for (moment, path) in rotating.plan(*count, now) {
                    let moment = format_local(&LocalZone, moment, "%Y-%m-%dT%H:%M:%S%:z");
                    text.push_str(&format!("{moment}\t{}\n", path.display()));
                }
            }
            Question::DryRun => {
                let surplus = rotating.surplus_at_next_rollover(now);
                for (path, reason) in surplus.context("cannot look for old backups")? {
                    text.push_str(&format!("{}\t{}\n", path.display(), reason.option()));
                }
            }
        }
    }
    console::print(&text).context("cannot write to stdout")?;
    Ok(Status::Delivered)
}
