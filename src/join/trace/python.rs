//! Python: `traceback`, with its chains, groups and notes, and `faulthandler`.
//!
//! Where a message of many lines ends can't be seen: nothing marks it. The
//! lines that follow an exception's last line are part of the trace if they
//! are indented, or if a chain goes on behind them ("During handling of…"), and
//! of two libraries that many programs use: SQLAlchemy's statements and pydantic's
//! fields.

use super::shape::{python_exception, stands_alone};
use super::{Before, Begin, Step, Trace, end};

/// How many lines of a message are waited for the next trace of the chain.
const MESSAGE: u8 = 24;

/// What the first lines of all stacks end with.
pub(super) const HEADER_END: &[u8] = b"(most recent call last):";
const GROUP: &[u8] = b"  + Exception Group Traceback (most recent call last):";
const DUMP_END: &[u8] = b"(most recent call first):";

const CHAINS: [&[u8]; 2] = [
    b"During handling of the above exception, another exception occurred:",
    b"The above exception was the direct cause of the following exception:",
];

/// What SQLAlchemy writes below an exception's line.
const STATEMENT: &[u8] = b"[SQL: ";
const BELOW_STATEMENT: [&[u8]; 3] = [
    b"[parameters: ",
    b"(Background on this error at: ",
    b"[SQL parameters hidden due to hide_parameters=True]",
];

/// How many lines a statement has at most.
const STATEMENT_LINES: u8 = 200;

/// Beginnings of lines that say where nobody caught an exception.
const ANNOUNCEMENTS: [&[u8]; 5] = [
    b"--- Logging error ---",
    b"Exception in thread ",
    b"Exception ignored in",
    b"Task exception was never retrieved",
    b"Future exception was never retrieved",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::join) enum Python {
    /// Frames, until the exception's line.
    Frames,
    /// Frames that no exception's line follows: `logging`'s `stack_info`.
    Stack,
    /// An exception group, which has a margin.
    Group,
    /// Behind the line that closes a group.
    GroupEnd,
    /// Lines are held that may be of a message in a group, at most so many:
    /// up to Python 3.12, the interpreter gives the margin to the first alone.
    GroupMessage(u8),
    /// Behind the exception's line.
    Raised,
    /// Lines are held that may be of its message, at most so many.
    Message(u8),
    /// Lines are held that may be of a statement, so many at most.
    Statement(u8),
    /// Behind what pydantic found wrong with a field.
    Fields,
    /// A line is held that may be the name of one.
    Field,
    /// Behind a line that announces a trace.
    Announced,
    /// Behind the line that says how two exceptions are chained.
    Chain,
    /// What `logging` adds to the trace of a record that it can't write.
    Logging,
    /// What `faulthandler` writes.
    Dump,
}

/// A line that ends as the first line of a stack does.
pub(super) fn begin(line: &[u8]) -> Begin {
    // With a prefix (`ERROR:root:Traceback …`) it is a log's line itself.
    let (state, whole) = header(line).unwrap_or((Python::Frames, false));
    let before = match whole {
        true => Before::Warning,
        false => Before::Nothing,
    };
    Begin::Sure(Trace::Python(state), before)
}

/// What follows the first line of a stack, and whether that is all of it.
fn header(line: &[u8]) -> Option<(Python, bool)> {
    let kind = line.strip_suffix(HEADER_END)?;
    Some(match kind {
        b"Traceback " => (Python::Frames, true),
        b"Stack " => (Python::Stack, true),
        kind if kind.ends_with(b"Traceback ") => (Python::Frames, false),
        _ => (Python::Stack, false),
    })
}

/// A group's first line, or the place of a syntax error that has no trace.
pub(super) fn begin_indented(line: &[u8]) -> Option<Begin> {
    let state = match line {
        _ if is_file(line) => Python::Frames,
        GROUP => Python::Group,
        _ => return None,
    };
    Some(Begin::Sure(Trace::Python(state), Before::Warning))
}

/// `  File "…", line N`
fn is_file(line: &[u8]) -> bool {
    line.strip_prefix(b"  File \"").is_some_and(|rest| {
        let place = memchr::memmem::find(rest, b"\", line ");
        place.is_some_and(|at| rest.get(at + 8).is_some_and(u8::is_ascii_digit))
    })
}

/// A line that a trace or a dump comes after.
pub(super) fn begin_other(line: &[u8]) -> Option<Begin> {
    if matches!(line[0], b'E' | b'T' | b'F' | b'-')
        && ANNOUNCEMENTS.iter().any(|start| line.starts_with(start))
    {
        return Some(Begin::Maybe(Trace::Python(Python::Announced)));
    }
    let dump = line.starts_with(b"Fatal Python error: ") || line.ends_with(DUMP_END);
    dump.then_some(Begin::Sure(Trace::Python(Python::Dump), Before::Warning))
}

/// Whether the line says how two exceptions are chained.
pub(super) fn is_chain(line: &[u8]) -> bool {
    CHAINS.contains(&line)
}

impl Python {
    pub fn step(self, line: &[u8]) -> (Trace, Step) {
        let (state, step) = match self {
            Python::Chain if line == GROUP => (Python::Group, Step::Take),
            _ if line == GROUP => return end(),
            Python::Frames | Python::Stack if line.starts_with(b"  ") => (self, Step::Take),
            Python::Frames if python_exception(line) => (raised(line), Step::Take),
            Python::Group | Python::GroupEnd | Python::GroupMessage(_) if is_group(line) => {
                (behind_margin(line), Step::Take)
            }
            Python::GroupEnd if line.is_empty() => (Python::Message(MESSAGE), Step::Hold),
            Python::Group if !stands_alone(line) => (Python::GroupMessage(MESSAGE), Step::Hold),
            Python::GroupMessage(_) if is_chain(line) => (Python::Chain, Step::Take),
            Python::GroupMessage(left @ 1..) if !stands_alone(line) => {
                (Python::GroupMessage(left - 1), Step::Hold)
            }
            Python::Raised if matches!(line.first(), Some(b' ' | b'\t')) => (self, Step::Take),
            Python::Raised | Python::Message(_)
                if line.starts_with(STATEMENT) && !line.ends_with(b"]") =>
            {
                (Python::Statement(STATEMENT_LINES), Step::Take)
            }
            // Also behind what a database says in several lines, and behind a line of the
            // statement that ends as its last one does.
            Python::Raised | Python::Message(_) if is_statement(line) => {
                (Python::Raised, Step::Take)
            }
            Python::Statement(_) if line.ends_with(b"]") => (Python::Raised, Step::Take),
            Python::Statement(left @ 1..) if !stands_alone(line) => {
                (Python::Statement(left - 1), Step::Hold)
            }
            Python::Fields | Python::Field if matches!(line.first(), Some(b' ' | b'\t')) => {
                (Python::Fields, Step::Take)
            }
            Python::Fields if is_field(line) && !stands_alone(line) => (Python::Field, Step::Hold),
            Python::Fields | Python::Field => return Python::Raised.step(line),
            Python::Raised if line == b"Stack (most recent call last):" => {
                (Python::Stack, Step::Take)
            }
            Python::Raised if line == b"Call stack:" => (Python::Logging, Step::Take),
            Python::Logging if is_logging(line) => (Python::Logging, Step::Take),
            Python::Raised | Python::Message(_) if is_chain(line) => (Python::Chain, Step::Take),
            Python::Raised if !stands_alone(line) => (Python::Message(MESSAGE), Step::Hold),
            Python::Message(left @ 1..) if !stands_alone(line) => {
                (Python::Message(left - 1), Step::Hold)
            }
            Python::Chain if line.is_empty() => (Python::Chain, Step::Take),
            Python::Chain => match header(line) {
                Some((state, true)) => (state, Step::Take),
                _ if python_exception(line) => (raised(line), Step::Take),
                _ => return end(),
            },
            Python::Announced if line == b"Traceback (most recent call last):" => {
                (Python::Frames, Step::Take)
            }
            Python::Announced if line.starts_with(b"future: <") => (self, Step::Hold),
            Python::Dump if is_dump(line) => (Python::Dump, Step::Take),
            Python::Dump if line.is_empty() => (Python::Dump, Step::Hold),
            _ => return end(),
        };
        (Trace::Python(state), step)
    }
}

/// The state behind an exception's line.
fn raised(line: &[u8]) -> Python {
    // pydantic says a number and, of more than one, "errors".
    match memchr::memmem::find(line, b" validation error").is_some() {
        true => Python::Fields,
        false => Python::Raised,
    }
}

/// A path of names and indices.
fn is_field(line: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-[],".contains(byte);
    !line.is_empty() && line.iter().all(is_part)
}

fn is_statement(line: &[u8]) -> bool {
    line.starts_with(STATEMENT) || BELOW_STATEMENT.iter().any(|start| line.starts_with(start))
}

/// A line with the margin of a group.
fn is_group(line: &[u8]) -> bool {
    let (indent, rest) = super::shape::indented(line);
    indent >= 2 && matches!(rest.first(), Some(b'|' | b'+'))
}

/// The state behind such a line. No message goes on behind the one that closes
/// a group, and has no number.
fn behind_margin(line: &[u8]) -> Python {
    match super::shape::indented(line).1 {
        [b'+', dashes @ ..] if dashes.iter().all(|&byte| byte == b'-') => Python::GroupEnd,
        _ => Python::Group,
    }
}

/// A line behind `Call stack:`.
fn is_logging(line: &[u8]) -> bool {
    let starts: [&[u8]; 3] = [b"  ", b"Message: ", b"Arguments: "];
    starts.iter().any(|start| line.starts_with(start))
}

fn is_dump(line: &[u8]) -> bool {
    is_file(line)
        || line.ends_with(DUMP_END)
        || line.starts_with(b"  <")
        || line.starts_with(b"  ...")
        || line.starts_with(b"Python runtime state: ")
        || line.starts_with(b"Extension modules: ")
}
