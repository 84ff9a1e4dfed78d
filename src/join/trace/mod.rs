//! Stack traces, told by their lines: a small state machine for each family
//! of them.
//!
//! Formats: `traceback` and `faulthandler` of CPython 3.8 to 3.14;
//! `Throwable.printStackTrace` of OpenJDK, and Logback's; `printpanics` and
//! `traceback` of Go's runtime; `std::panicking` of Rust, and the reports of
//! anyhow; V8's `stack` with `util.inspect` of Node; `Exception.ToString` of
//! .NET.
//!
//! A line that has a prefix (of a container's log, say) is not recognized.

mod at;
mod go;
mod python;
mod rust;
mod shape;

use at::At;
use go::Go;
use python::Python;
use rust::Rust;

/// What a line is to the trace that is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A part of it, and so are the lines that were held.
    Take,
    /// A part of it if more of it follows.
    Hold,
    /// No part of it.
    End,
}

/// Which line before it a trace continues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// None.
    Nothing,
    /// One that says a level of WARNING or higher.
    Warning,
    /// Any that is not empty: it is the head.
    Anything,
    /// One that speaks of a panic, or says such a level.
    Panic,
}

/// A line that a trace may begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    /// It does if more of it follows; it continues [`Before::Warning`] then.
    Maybe(Trace),
    /// It does.
    Sure(Trace, Before),
}

/// How far a trace has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trace {
    /// Nothing but an empty line.
    Blank,
    Python(Python),
    At(At),
    Go(Go),
    Rust(Rust),
}

impl Trace {
    /// Whether the line that it may begin with looks like nothing else.
    fn is_telling(self) -> bool {
        match self {
            Trace::Blank | Trace::Go(_) | Trace::Rust(_) => false,
            Trace::Python(_) | Trace::At(At::Thread) => true,
            Trace::At(state) => state == at::TEXT,
        }
    }

    /// The next line, without its line end.
    pub fn step(&mut self, line: &[u8]) -> Step {
        let (next, step) = match *self {
            Trace::Blank => rust::after_blank(line).unwrap_or_else(|| at::after_blank(line)),
            Trace::Python(state) => state.step(line),
            Trace::At(state) => state.step(line),
            Trace::Go(state) => state.step(line),
            Trace::Rust(state) => state.step(line),
        };
        *self = next;
        step
    }
}

/// Where nothing follows any more.
fn end() -> (Trace, Step) {
    (Trace::Blank, Step::End)
}

/// Looks at a line, without its line end, that belongs to no trace before it.
///
/// Most lines are turned away by their first bytes, or by their first word
/// and their last byte.
pub(super) fn begin(line: &[u8]) -> Option<Begin> {
    let Some(&first) = line.first() else {
        return Some(Begin::Maybe(Trace::Blank));
    };
    match first {
        b' ' | b'\t' => python::begin_indented(line).or_else(|| at::begin_frame(line)),
        _ if line.ends_with(python::HEADER_END) => Some(python::begin(line)),
        b'-' => python::begin_other(line),
        b'A'..=b'Z' | b'a'..=b'z' | b'_' | b'/' | b'[' | b'"' | 0x80.. => rust::begin(line)
            .or_else(|| go::begin(line))
            .or_else(|| at::begin_head(line))
            .or_else(|| python::begin_other(line))
            .or_else(|| at::begin(line)),
        _ => None,
    }
}
