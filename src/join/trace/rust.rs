//! Rust: panics with and without a backtrace, and what anyhow prints when
//! `main` returns an error.

use memchr::memmem;

use super::shape::{has_position, indented, stands_alone};
use super::{Before, Begin, Step, Trace, end};

/// How many lines of a message are waited for the note or the backtrace.
const MESSAGE: u8 = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::join) enum Rust {
    /// Behind `thread … panicked at FILE:LINE:COLUMN:`; the message follows.
    Panicked,
    /// Behind the message's first line; so many more may follow. `held`: one
    /// is held.
    Message { left: u8, held: bool },
    /// Before Rust 1.73 the message is quoted and stands before the place: in
    /// it, and so many lines may follow.
    Quoted(u8),
    /// Behind all that is sure.
    Notes,
    /// Within a backtrace.
    Frames,
    /// Behind anyhow's `Caused by:`.
    Causes,
    /// Behind `thread … has overflowed its stack`.
    Overflowed,
}

pub(super) fn begin(line: &[u8]) -> Option<Begin> {
    let (state, _) = thread(line)?;
    Some(Begin::Sure(Trace::Rust(state), Before::Warning))
}

/// What follows the first line of a panic, and whether the line has a
/// thread's number.
fn thread(line: &[u8]) -> Option<(Rust, bool)> {
    let rest = line.strip_prefix(b"thread '")?;
    if let Some(name) = rest.strip_suffix(b" has overflowed its stack") {
        return is_name(name).map(|number| (Rust::Overflowed, number));
    }
    let at = memmem::find(rest, b" panicked at ")?;
    let number = is_name(&rest[..at])?;
    let state = match rest.strip_suffix(b":") {
        Some(place) if has_position(place) => Rust::Panicked,
        _ if has_position(rest) => Rust::Notes,
        _ => Rust::Quoted(MESSAGE),
    };
    Some((state, number))
}

/// Whether the name, which a quote ends, has a number behind it.
fn is_name(name: &[u8]) -> Option<bool> {
    match name {
        [.., b'\''] => Some(false),
        [.., b')'] => Some(true),
        _ => None,
    }
}

/// Since Rust 1.91, whose lines have the thread's number, and with a stack
/// that has overflowed, an empty line comes before.
pub(super) fn after_blank(line: &[u8]) -> Option<(Trace, Step)> {
    match thread(line)? {
        (state, true) | (state @ Rust::Overflowed, _) => Some((Trace::Rust(state), Step::Take)),
        _ => None,
    }
}

const FRAMES: &[u8] = b"stack backtrace:";

impl Rust {
    pub fn step(self, line: &[u8]) -> (Trace, Step) {
        let starts = |head: &[u8]| line.starts_with(head);
        let (indent, rest) = indented(line);
        let in_panic = !matches!(self, Rust::Causes | Rust::Panicked);
        let (state, step) = match self {
            // A panic has a message, though it may be an empty line.
            Rust::Panicked => {
                let (left, held) = (MESSAGE, false);
                (Rust::Message { left, held }, Step::Take)
            }
            _ if in_panic && line == FRAMES => (Rust::Frames, Step::Take),
            _ if in_panic && starts(b"note: ") => (Rust::Notes, Step::Take),
            _ if in_panic
                && (starts(b"thread caused non-unwinding panic.")
                    || starts(b"thread panicked while ")
                    || starts(b"fatal runtime error: ")) =>
            {
                (Rust::Notes, Step::Take)
            }
            Rust::Message { held, .. }
                if starts(b"  left: ")
                    || starts(b" right: ")
                    // What `{:#?}` shows goes on so, and ends.
                    || (!held && matches!(line, b"}" | b"]" | b")"))
                    || (indent > 0 && !held && !stands_alone(line)) =>
            {
                let (left, held) = (MESSAGE, false);
                (Rust::Message { left, held }, Step::Take)
            }
            Rust::Message { left: 1.., .. } if stands_alone(line) => return end(),
            Rust::Message {
                left: left @ 1.., ..
            } => {
                let (left, held) = (left - 1, true);
                (Rust::Message { left, held }, Step::Hold)
            }
            Rust::Quoted(_) if has_position(line) => (Rust::Notes, Step::Take),
            Rust::Quoted(left @ 1..) if !stands_alone(line) => (Rust::Quoted(left - 1), Step::Hold),
            Rust::Frames if indent > 0 && is_frame(rest) => (Rust::Frames, Step::Take),
            Rust::Causes if line == b"Stack backtrace:" => (Rust::Frames, Step::Take),
            Rust::Causes if indent > 0 => (Rust::Causes, Step::Take),
            Rust::Causes if line.is_empty() => (Rust::Causes, Step::Hold),
            _ => return end(),
        };
        (Trace::Rust(state), step)
    }
}

/// `12: name`, or `at FILE:LINE:COLUMN`.
fn is_frame(rest: &[u8]) -> bool {
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    rest.starts_with(b"at ") || (digits > 0 && rest[digits..].starts_with(b":"))
}
