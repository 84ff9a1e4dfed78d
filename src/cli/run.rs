//! From parsed arguments to a run, and from its tally to a status.

use std::ffi::OsString;
use std::io::Write as _;

use anyhow::{Context, anyhow};

use super::args::{HandlerCommand, InputArgs, ListenArgs, Question, Source};
use super::console;
use super::exit::{Failure, Status};
use super::feed::{self, Fed};
use super::own_files;
use super::report::{self, Asked};
use crate::diag::Diag;
use crate::now::Now;
use crate::pipeline::{Pipeline, Tally};
use crate::roll::when::{LocalZone, format_local};
use crate::sys::{self, signals::Signals};
use crate::wire::framing::Oversize;

/// Runs a chain.
pub fn chain(
    input: InputArgs,
    chain: Vec<HandlerCommand>,
    command: Option<Vec<OsString>>,
) -> Result<Status, Failure> {
    let diag = console::diag(input.quiet);
    if chain.is_empty() {
        let text = "no handler is given: try lh rotate --max-bytes 10M --backups 5 app.log, \
                    or lh --help";
        return Err(Failure::usage(text.to_owned()));
    }
    let source = match command {
        Some(_) => Source::Command,
        None => Source::Stdin,
    };
    input.check(source).map_err(Failure::usage)?;
    if command.is_none()
        && let Some(option) = chain.iter().find_map(HandlerCommand::needs_command)
    {
        return Err(Failure::usage(format!(
            "{option} is for a command: lh [OPTIONS] HANDLER [OPTIONS] -- COMMAND"
        )));
    }
    if let Some(answer) = questions(&chain, &diag) {
        return answer;
    }
    let is_long = input.message.is_none();
    if is_long {
        // With what makes the handlers, it would be the peak of the run.
        sys::forget_code();
    }
    let mut pipeline = pipeline(&input, chain, command.is_some(), &diag)?;
    let stdin = match (&command, &input.message) {
        (None, None) => Some(feed::stdin(&input, &mut pipeline)?),
        _ => None,
    };
    pipeline.open().map_err(|text| anyhow!(text))?;
    if is_long {
        sys::forget_code();
    }

    let fed = match (command, stdin) {
        (Some(command), _) => feed::from_command(command, &input, &mut pipeline, &diag),
        (None, Some(stdin)) => feed::from_stdin(stdin, &input, &mut pipeline, &diag),
        (None, None) => feed::from_message(&input, &mut pipeline, &diag),
    };
    let dropped = report_input(&fed, &input, &diag);
    Ok(status(&pipeline.finish(), dropped))
}

/// Tries the targets of a chain, and sends nothing.
pub fn check(input: &InputArgs, mut chain: Vec<HandlerCommand>) -> Result<Status, Failure> {
    let diag = console::diag(input.quiet);
    let metrics = input.reports().metrics_file;
    own_files::check(metrics.as_deref(), &mut chain).map_err(Failure::usage)?;
    let stages = chain.into_iter().map(|handler| handler.into_stage(&diag));
    let stages: Vec<_> = stages
        .collect::<Result<_, String>>()
        .map_err(Failure::usage)?;
    let mut stdout = console::stdout()?;
    let mut status = Status::Delivered;
    for stage in &stages {
        let handler = stage.look();
        let (kind, target) = (handler.kind(), handler.target());
        let found = stage.probe().unwrap_or_else(|reason| {
            status = Status::Incomplete;
            let reason = reason
                .strip_prefix(&format!("{target}: "))
                .unwrap_or(&reason);
            format!("FAILED: {reason}")
        });
        console::printed(writeln!(stdout, "{kind} {target}: {found}"))?;
    }
    Ok(status)
}

/// Runs a chain on what peers send.
pub fn listen(
    input: InputArgs,
    args: &ListenArgs,
    chain: Vec<HandlerCommand>,
) -> Result<Status, Failure> {
    let diag = console::diag(input.quiet);
    input.check(Source::Network).map_err(Failure::usage)?;
    if let Some(option) = chain.iter().find_map(HandlerCommand::needs_command) {
        return Err(Failure::usage(format!(
            "{option} is for a command, and has no effect with listen"
        )));
    }
    if let Some(answer) = questions(&chain, &diag) {
        return answer;
    }
    let pipeline = pipeline(&input, chain, false, &diag)?;
    let (fed, tally) = super::listen::run(args, &input, pipeline, &diag)?;
    let dropped = report_input(&fed, &input, &diag);
    Ok(status(&tally, dropped))
}

fn status(tally: &Tally, dropped: bool) -> Status {
    match tally.command {
        Some(code) if code != 0 => Status::Command(code),
        _ if tally.lost > 0 || tally.failed || dropped => Status::Incomplete,
        _ => Status::Delivered,
    }
}

/// The chain as a pipeline that has opened nothing yet.
fn pipeline(
    input: &InputArgs,
    mut chain: Vec<HandlerCommand>,
    with_command: bool,
    diag: &Diag,
) -> Result<Pipeline, Failure> {
    let reports = Asked {
        beside_records: input.tees_to_terminal(with_command)
            || chain.iter().any(HandlerCommand::is_on_terminal),
        ..input.reports()
    };
    own_files::check(reports.metrics_file.as_deref(), &mut chain).map_err(Failure::usage)?;
    let stages = chain.into_iter().map(|handler| handler.into_stage(diag));
    let stages = stages
        .collect::<Result<Vec<_>, String>>()
        .map_err(Failure::usage)?;
    let signals = Signals::catch(with_command).context("cannot catch signals")?;
    let mut pipeline = Pipeline::new(stages, Box::new(signals), diag.clone());
    let observer = report::observer(&reports, diag, Now::read());
    if let Some(observer) = observer.map_err(|text| anyhow!(text))? {
        pipeline.set_observer(observer);
    }
    Ok(pipeline)
}

/// Answers what is asked of the handlers in place of a run, if something is.
fn questions(chain: &[HandlerCommand], diag: &Diag) -> Option<Result<Status, Failure>> {
    let asked = chain
        .iter()
        .filter_map(|handler| Some((handler, handler.question()?)));
    let asked: Vec<_> = asked.collect();
    (!asked.is_empty()).then(|| answer(&asked, diag))
}

/// Says what became of the input beside its delivery. `true`: some is lost.
fn report_input(fed: &Fed, input: &InputArgs, diag: &Diag) -> bool {
    let (count, what) = match input.oversize() {
        Oversize::Split => (fed.figures.split, "split into several records"),
        Oversize::Truncate => (fed.figures.truncated, "cut off"),
        Oversize::Drop => (fed.figures.dropped, "dropped"),
    };
    if count > 0 {
        let name = fed.name;
        let text = format_args!(
            "{name}: {count} lines were longer than {} bytes and {what} (--max-record, --oversize)",
            input.max_record()
        );
        match input.oversize() {
            Oversize::Drop => diag.error(text),
            _ => diag.warn(text),
        }
    }
    // Behind a length that is told, what is far too long is not even cut.
    let lost = fed.figures.dropped;
    if lost > 0 && input.oversize() != Oversize::Drop {
        diag.error(format_args!(
            "{}: {lost} messages were far longer than {} bytes and are lost (--max-record)",
            fed.name,
            input.max_record()
        ));
    }
    fed.failed || fed.figures.dropped > 0
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
    console::print(text.as_bytes())?;
    Ok(Status::Delivered)
}
