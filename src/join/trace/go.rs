//! Go: panics and fatal errors, with the stacks of the goroutines.

use super::shape::stands_alone;
use super::{Before, Begin, Step, Trace, end};

/// How many lines of a message are waited for the first stack, behind a sure
/// first line and behind one that others write as well.
const MESSAGE: u8 = 32;
const DOUBTFUL: u8 = 6;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::join) enum Go {
    /// Behind the first line of the message; so many more may follow.
    Message(u8),
    /// Within a stack.
    Stack,
    /// Behind an empty line.
    Blank,
}

pub(super) fn begin(line: &[u8]) -> Option<Begin> {
    let message = Trace::Go(Go::Message(MESSAGE));
    let doubtful = Begin::Maybe(Trace::Go(Go::Message(DOUBTFUL)));
    let starts = |head: &[u8]| line.starts_with(head);
    match line[0] {
        b'p' if starts(b"panic: ") => Some(Begin::Sure(message, Before::Warning)),
        b'g' if is_goroutine(line) => Some(Begin::Sure(Trace::Go(Go::Stack), Before::Panic)),
        // Others write these as well: the C compiler, for one.
        b'f' if starts(b"fatal error: ") => Some(doubtful),
        b'r' if starts(b"runtime: ") => Some(doubtful),
        b'u' if starts(b"unexpected fault address ") => Some(doubtful),
        b'S' if starts(b"SIG") && is_signal(line) => Some(doubtful),
        _ => None,
    }
}

/// `SIGQUIT: quit`
fn is_signal(line: &[u8]) -> bool {
    let name = line.iter().take(12).take_while(|b| b.is_ascii_uppercase());
    line[name.count()..].starts_with(b": ")
}

/// `goroutine 1 [running]:`
fn is_goroutine(line: &[u8]) -> bool {
    line.strip_prefix(b"goroutine ").is_some_and(|rest| {
        let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        digits > 0 && line.ends_with(b"]:") && memchr::memchr(b'[', rest).is_some()
    })
}

/// What a stack begins with.
fn is_stack(line: &[u8]) -> bool {
    is_goroutine(line) || line == b"runtime stack:"
}

/// `main.(*Server).serve(0x1, {0x2, 0x3})`
fn is_call(line: &[u8]) -> bool {
    let open = memchr::memchr(b'(', line);
    line.ends_with(b")") && open.is_some_and(|open| open > 0 && !line[..open].contains(&b' '))
}

/// `rip    0x45e2a1`
fn is_register(line: &[u8]) -> bool {
    let name = line.iter().take_while(|b| b.is_ascii_alphanumeric());
    let (name, rest) = line.split_at(name.count());
    (2..=6).contains(&name.len()) && rest.trim_ascii_start().starts_with(b"0x")
}

/// `/src/main.go:3 +0x1d` behind a tab.
fn is_position(line: &[u8]) -> bool {
    let digit = |at: usize| line.get(at + 1).is_some_and(u8::is_ascii_digit);
    line[0] == b'\t' && !line.starts_with(b"\tat ") && memchr::memchr_iter(b':', line).any(digit)
}

impl Go {
    pub fn step(self, line: &[u8]) -> (Trace, Step) {
        let starts = |head: &[u8]| line.starts_with(head);
        let (state, step) = match self {
            _ if is_stack(line) => (Go::Stack, Step::Take),
            Go::Message(left) => match line {
                _ if starts(b"[signal ") || starts(b"\tpanic: ") => (self, Step::Take),
                _ if left == 0 => return end(),
                _ if starts(b"fatal error: ") || starts(b"runtime: ") || starts(b"PC=0x") => {
                    (Go::Message(left - 1), Step::Hold)
                }
                _ if stands_alone(line) => return end(),
                _ => (Go::Message(left - 1), Step::Hold),
            },
            _ if line.is_empty() => (Go::Blank, Step::Hold),
            Go::Blank if is_register(line) => (Go::Stack, Step::Take),
            Go::Blank => return end(),
            Go::Stack if is_position(line) => (Go::Stack, Step::Take),
            Go::Stack
                if starts(b"created by ")
                    || starts(b"...additional frames elided")
                    || (starts(b"...") && line.ends_with(b"frames elided..."))
                    || starts(b"[originating from ")
                    || starts(b"goroutine running on other thread")
                    || is_register(line) =>
            {
                (Go::Stack, Step::Take)
            }
            Go::Stack if is_call(line) => (Go::Stack, Step::Hold),
            Go::Stack => return end(),
        };
        (Trace::Go(state), step)
    }
}
