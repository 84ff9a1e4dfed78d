//! Java, Node and .NET: an exception's text, and then lines that say `at`.
//!
//! The text is known for an exception's only when a frame follows it; so it
//! is held until then. Any one line right before a frame is its head.

use super::python::{self, Python};
use super::rust::Rust;
use super::shape::{Named, before_number, exception, indented, is_frame, stands_alone};
use super::{Before, Begin, Step, Trace, end};

/// How many more lines of a message are waited for a frame.
const MESSAGE: u8 = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::join) enum At {
    /// Behind the first line of a text, and so many more may follow. `quoted`:
    /// behind the quotes that hold the trace of another process of Python.
    Text { left: u8, quoted: bool },
    /// Behind the first line of a thread in a dump of Java's.
    Thread,
    /// Behind a frame.
    Frames,
    /// Behind `Caused by: …`: the same as a text, in a trace.
    Cause { left: u8 },
    /// Between the braces that Node shows an error's attributes in.
    Object,
    /// Behind an empty line, where little can follow.
    Blank,
    /// Node: behind `FILE:LINE`, and then behind the source line. `blank`: an
    /// empty line comes before, as where no error was thrown but a value.
    Place { source: bool, blank: bool },
    /// Behind the caret, where an empty line came before.
    Caret,
    /// Node: behind the caret that shows the place. `error`: an error's text
    /// has begun, in which a brace opens nothing.
    Thrown { left: u8, error: bool },
}

/// How many lines of what was thrown are waited for more. An assertion shows
/// up to 50 lines that differ.
const THROWN_LINES: u8 = 60;
const THROWN: At = At::Thrown {
    left: THROWN_LINES,
    error: false,
};

pub(super) const TEXT: At = At::Text {
    left: MESSAGE,
    quoted: false,
};

/// Beginnings of lines after which there is nothing but a trace.
const HEADS: [&[u8]; 4] = [
    b"Exception in thread \"",
    b"Unhandled exception. ",
    b"Unhandled Exception: ",
    b"[ERROR] FATAL UNHANDLED EXCEPTION: ",
];

/// A line that leaves no doubt.
pub(super) fn begin_head(line: &[u8]) -> Option<Begin> {
    let may = matches!(line[0], b'E' | b'U' | b'[');
    let is = may && HEADS.iter().any(|head| line.starts_with(head));
    is.then_some(Begin::Sure(Trace::At(TEXT), Before::Warning))
}

/// A line that may be the first of an exception's text.
pub(super) fn begin(line: &[u8]) -> Option<Begin> {
    if line[0] == b'"' {
        let thread = memchr::memmem::find(line, b" tid=0x").is_some();
        return thread.then_some(Begin::Maybe(Trace::At(At::Thread)));
    }
    if is_place(line) {
        return Some(Begin::Maybe(Trace::At(place(false))));
    }
    let named = exception(line)?;
    // An error without a stack: `[Error: …] {`.
    if line[0] == b'[' {
        let object = named == Named::Surely && line.ends_with(b"] {");
        return object.then_some(Begin::Sure(Trace::At(At::Object), Before::Warning));
    }
    Some(maybe(match named {
        _ if line.starts_with(b"AssertionError [ERR_ASSERTION]: ") => THROWN_LINES,
        Named::Surely => MESSAGE,
        Named::Perhaps => 0,
    }))
}

/// A text, if a frame comes after so many more lines.
fn maybe(left: u8) -> Begin {
    Begin::Maybe(Trace::At(At::Text {
        left,
        quoted: false,
    }))
}

/// A frame where none is expected.
pub(super) fn begin_frame(line: &[u8]) -> Option<Begin> {
    is_frame(line).then(|| Begin::Sure(Trace::At(behind(line)), Before::Anything))
}

fn place(blank: bool) -> At {
    At::Place {
        source: false,
        blank,
    }
}

/// The line behind an empty one.
pub(super) fn after_blank(line: &[u8]) -> (Trace, Step) {
    match is_place(line) {
        true => hold(place(true)),
        false => end(),
    }
}

fn is_caret(line: &[u8]) -> bool {
    let (_, carets) = indented(line);
    !carets.is_empty() && carets.iter().all(|&b| b == b'^')
}

/// Where Node's report of what nobody caught begins: `FILE:LINE`.
fn is_place(line: &[u8]) -> bool {
    const STARTS: [&[u8]; 7] = [
        b"/",
        b"file://",
        b"node:",
        b"internal/",
        b"[eval]",
        b"[stdin]",
        b"evalmachine.",
    ];
    // Modules of Node's own had no path up to version 14.
    let module = |path: &[u8]| path.ends_with(b".js") && !path.contains(&b' ');
    line.last().is_some_and(u8::is_ascii_digit)
        && before_number(line).is_some_and(|path| {
            STARTS.iter().any(|start| line.starts_with(start))
                || matches!(line, [b'A'..=b'Z', b':', b'\\' | b'/', ..])
                || module(path)
        })
}

/// The state behind a frame: Node may open a brace there.
fn behind(frame: &[u8]) -> At {
    match frame.ends_with(b" {") {
        true => At::Object,
        false => At::Frames,
    }
}

fn take(state: At) -> (Trace, Step) {
    (Trace::At(state), Step::Take)
}

fn hold(state: At) -> (Trace, Step) {
    (Trace::At(state), Step::Hold)
}

impl At {
    pub fn step(self, line: &[u8]) -> (Trace, Step) {
        match self {
            At::Text { left, quoted } => text(line, left, quoted),
            At::Thread => match line.starts_with(b"   java.lang.Thread.State: ") {
                true => take(At::Frames),
                false => end(),
            },
            At::Frames => frames(line),
            At::Cause { left } => match frames(line) {
                (_, Step::End | Step::Hold) if left > 0 && !stands_alone(line) => {
                    hold(At::Cause { left: left - 1 })
                }
                (_, Step::Hold) => end(),
                known => known,
            },
            At::Object => match line.first() {
                None => hold(At::Object),
                Some(b' ' | b'\t') => take(At::Object),
                Some(b'}' | b']') => take(At::Frames),
                _ => end(),
            },
            At::Blank if line.starts_with(b"Node.js v") => take(At::Blank),
            // Between the causes of .NET's AggregateException.
            At::Blank if line.starts_with(b" ---> ") => take(At::Cause { left: MESSAGE }),
            At::Blank => end(),
            At::Place { source, blank } if !source => hold(At::Place {
                source: true,
                blank,
            }),
            At::Place { blank, .. } => match (is_caret(line), blank) {
                (true, true) => hold(At::Caret),
                (true, false) => take(THROWN),
                (false, _) => end(),
            },
            // It was an error, and the empty line before is not Node's.
            At::Caret if line.is_empty() => end(),
            At::Caret => match thrown(line, THROWN_LINES, false) {
                (trace, Step::Hold) => (trace, Step::Take),
                known => known,
            },
            At::Thrown { left, error } => thrown(line, left, error),
        }
    }
}

/// A line behind the first of a text.
fn text(line: &[u8], left: u8, quoted: bool) -> (Trace, Step) {
    if is_frame(line) {
        return take(behind(line));
    }
    match line {
        b"Caused by:" => return (Trace::Rust(Rust::Causes), Step::Take),
        b"Stack backtrace:" => return (Trace::Rust(Rust::Frames), Step::Take),
        b"Traceback (most recent call last):" if quoted => {
            return (Trace::Python(Python::Frames), Step::Take);
        }
        _ if python::is_chain(line) => return (Trace::Python(Python::Chain), Step::Take),
        _ if is_cause(line) => return take(At::Cause { left: MESSAGE }),
        _ => {}
    }
    if left == 0 || stands_alone(line) {
        return end();
    }
    hold(At::Text {
        left: left - 1,
        quoted: line == b"\"\"\"",
    })
}

/// `Caused by: …` and what Logback and .NET have in its place, where an
/// exception's text follows.
fn is_cause(line: &[u8]) -> bool {
    let (_, rest) = indented(line);
    rest.starts_with(b"Caused by: ")
        || rest.starts_with(b"Suppressed: ")
        || rest.starts_with(b"Wrapped by: ")
        || rest.starts_with(b"---> ")
}

/// A line behind a frame.
fn frames(line: &[u8]) -> (Trace, Step) {
    let (indent, rest) = indented(line);
    if rest.is_empty() && indent == 0 {
        return hold(At::Blank);
    }
    if is_cause(line) {
        return match memchr::memmem::find(rest, b"[CIRCULAR REFERENCE") {
            Some(_) => take(At::Frames),
            None => take(At::Cause { left: MESSAGE }),
        };
    }
    // The latter two are Node's: of an event's listener that is missing, and
    // of `--trace-uncaught`.
    let emitted = line.starts_with(b"Emitted 'error' event ") && line.ends_with(b"at:");
    if rest.starts_with(b"--- End of ") || emitted || line == b"Thrown at:" {
        return take(At::Frames);
    }
    const INDENTED: [&[u8]; 8] = [
        b"at ",
        b"... ",
        b"[... lines matching ",
        b"[CIRCULAR REFERENCE",
        // The locks in a dump of Java's threads.
        b"- locked ",
        b"- waiting ",
        b"- parking ",
        b"- eliminated ",
    ];
    if indent > 0 && INDENTED.iter().any(|start| rest.starts_with(start)) {
        return take(behind(line));
    }
    end()
}

/// A line behind the caret: the text of what was thrown, which may be any
/// value, and then the frames or the version of Node.
fn thrown(line: &[u8], left: u8, error: bool) -> (Trace, Step) {
    if is_frame(line) {
        return take(behind(line));
    }
    if line.starts_with(b"Node.js v") {
        return take(At::Blank);
    }
    let named = exception(line);
    // One without a stack stands in brackets, and a brace may follow.
    let error = error || (named.is_some() && line[0] != b'[');
    if !error && line.ends_with(b"{") {
        return take(At::Object);
    }
    let thrown = At::Thrown {
        left: left.saturating_sub(1),
        error,
    };
    if line.starts_with(b"(Use `node --trace-uncaught ") || named == Some(Named::Surely) {
        return take(thrown);
    }
    if left == 0 || stands_alone(line) {
        return end();
    }
    hold(thrown)
}
