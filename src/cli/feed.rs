//! Where the records of a run come from: a message, standard input, a command.

use std::ffi::OsString;
use std::fs::File;
use std::io::IsTerminal;

use anyhow::{Context, anyhow};

use super::args::InputArgs;
use super::console;
use crate::diag::{Diag, plain};
use crate::figures::InputFigures;
use crate::pipeline::Pipeline;
use crate::source::command::{StartError, Started};
use crate::source::{self, CommandOptions, InputFormat, Intake, Stream, Tee};
use crate::sys::{self, END_KEY};

/// The size of a command's terminal where lh has none: columns and rows.
const TERMINAL: (u16, u16) = (80, 24);

/// What came of reading.
#[derive(Debug, Default)]
pub struct Fed {
    /// What was read, as messages call it.
    pub name: &'static str,
    /// How much of it.
    pub figures: InputFigures,
    /// Some could not be read.
    pub failed: bool,
}

/// Standard input, which neither a handler nor `--tee` may write to.
pub fn stdin(input: &InputArgs, pipeline: &mut Pipeline) -> anyhow::Result<File> {
    let stdin = source::stdin().context("stdin: cannot read")?;
    pipeline.check_input(&stdin).map_err(|text| anyhow!(text))?;
    if input.tee && Tee::stdout(Diag::silent()).is_ok_and(|tee| tee.writes_to(&stdin)) {
        return Err(anyhow!("--tee: stdout is the input as well"));
    }
    Ok(stdin)
}

/// Delivers what standard input brings.
pub fn from_stdin(stdin: File, input: &InputArgs, pipeline: &mut Pipeline, diag: &Diag) -> Fed {
    if std::io::stdin().is_terminal() {
        diag.warn(format_args!(
            "reading lines from this terminal; end with {END_KEY}, or give one with -m TEXT"
        ));
    }
    let intake = Intake::new(input.intake(), "stdin", diag.clone());
    let tee = tee(input, Tee::stdout, "stdout", diag);
    run(
        "stdin",
        &mut [Stream::new("stdin", stdin, intake, tee)],
        pipeline,
        diag,
    )
}

/// Delivers the text of `--message`.
pub fn from_message(input: &InputArgs, pipeline: &mut Pipeline, diag: &Diag) -> Fed {
    let mut intake = Intake::new(input.intake(), "--message", diag.clone());
    pipeline.one(
        &mut intake,
        &ended(sys::name_bytes(
            input.message.as_deref().unwrap_or_default(),
        )),
    );
    Fed::default()
}

/// Runs a command and delivers what it writes.
pub fn from_command(
    command: Vec<OsString>,
    input: &InputArgs,
    pipeline: &mut Pipeline,
    diag: &Diag,
) -> Fed {
    let mut words = command.into_iter();
    let program = words.next().unwrap_or_default();
    let name = program.to_string_lossy().into_owned();
    let options = CommandOptions {
        program,
        arguments: words.collect(),
        terminal: input.pty.then(terminal_size),
    };
    let Started {
        mut command,
        stdout,
        stderr,
    } = match options.start() {
        Ok(started) => started,
        Err(error) => return not_started(&error, input, pipeline, diag),
    };
    let [for_stdout, for_stderr] = input.command_intakes(Some(command.id()));
    let intake = |options, name| Intake::new(options, name, diag.clone());
    let streams = [
        Stream::new(
            "stdout",
            stdout,
            intake(for_stdout, "stdout"),
            tee(input, Tee::stdout, "stdout", diag),
        ),
        Stream::new(
            "stderr",
            stderr,
            intake(for_stderr, "stderr"),
            tee(input, Tee::stderr, "stderr", diag),
        ),
    ];
    if input.pty {
        command.set_terminals(streams.iter().map(Stream::watch).collect(), terminal_size);
    }
    pipeline.set_command(command, input.grace());
    let mut streams = match input.pty {
        true => streams.map(Stream::of_terminal),
        false => streams,
    };
    let fed = run("the command", &mut streams, pipeline, diag);
    if fed.figures.bytes == 0 {
        pipeline.silent_command(&mut failures(input, diag), &name);
    }
    fed
}

/// For what lh says in a command's place.
fn failures(input: &InputArgs, diag: &Diag) -> Intake {
    let [_, mut options] = input.command_intakes(None);
    options.format = InputFormat::Lines;
    options.defaults.detect_level = false;
    Intake::new(options, "the command", diag.clone())
}

/// A command that can't be run has failed: who waits for that is told, beside
/// stderr.
fn not_started(error: &StartError, input: &InputArgs, pipeline: &mut Pipeline, diag: &Diag) -> Fed {
    console::say(format_args!("{error}"));
    let mut intake = failures(input, diag);
    pipeline.failure(&mut intake, &ended(error.to_string().as_bytes()));
    pipeline.command_not_started(error.exit_code());
    Fed::default()
}

fn run(name: &'static str, streams: &mut [Stream], pipeline: &mut Pipeline, diag: &Diag) -> Fed {
    let result = pipeline.run(streams);
    if let Err((name, error)) = &result {
        diag.error(format_args!("{name}: cannot read: {}", plain(error)));
    }
    let mut figures = InputFigures::default();
    streams
        .iter()
        .for_each(|stream| figures.add(&stream.intake.figures()));
    Fed {
        name,
        figures,
        failed: result.is_err(),
    }
}

fn tee(
    input: &InputArgs,
    open: fn(Diag) -> std::io::Result<Tee>,
    name: &str,
    diag: &Diag,
) -> Option<Tee> {
    if !input.tee {
        return None;
    }
    let tee = open(diag.clone());
    let tee = tee.inspect_err(|error| {
        diag.warn(format_args!(
            "{name}: {}; nothing is copied there",
            plain(error)
        ));
    });
    tee.ok()
}

/// A text with a newline at its end.
fn ended(text: &[u8]) -> Vec<u8> {
    let mut bytes = text.to_vec();
    if bytes.last() != Some(&b'\n') {
        bytes.push(b'\n');
    }
    bytes
}

fn terminal_size() -> (u16, u16) {
    let size = terminal_size::terminal_size_of(std::io::stderr())
        .or_else(|| terminal_size::terminal_size_of(std::io::stdout()));
    size.map_or(TERMINAL, |(columns, rows)| (columns.0, rows.0))
}
