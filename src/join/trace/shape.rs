//! What lines look like that several languages have alike.

use super::{Begin, begin};
use crate::level::Level;
use crate::text::detect;

/// The longest name of an exception that is looked for.
const LONGEST_NAME: usize = 256;

/// A line that may be the first of an exception's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// By its name it is one: `java.io.IOException: …`, `TypeError`.
    Surely,
    /// A capitalized word: `Failure: …`, `E`.
    Perhaps,
}

/// The indentation's length, and the rest.
pub(super) fn indented(line: &[u8]) -> (usize, &[u8]) {
    let rest = line.trim_ascii_start();
    (line.len() - rest.len(), rest)
}

/// The text before a number at the end, and a colon before that.
pub(super) fn before_number(text: &[u8]) -> Option<&[u8]> {
    let digits = text.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    match text.split_at(text.len() - digits) {
        ([rest @ .., b':'], [_, ..]) => Some(rest),
        _ => None,
    }
}

/// Whether the text ends with `:LINE:COLUMN`.
pub(super) fn has_position(text: &[u8]) -> bool {
    before_number(text).and_then(before_number).is_some()
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'$' | b'<' | b'>' | b'`' | 0x80..)
}

/// Whether the line is `NAME` or `NAME: message`, with a code
/// behind the name in Node and .NET.
pub(super) fn exception(line: &[u8]) -> Option<Named> {
    let line = line.strip_prefix(b"Uncaught ").unwrap_or(line);
    let line = line.strip_prefix(b"[").unwrap_or(line);
    let name = line.iter().take(LONGEST_NAME);
    let length = name.take_while(|&&byte| is_name_byte(byte)).count();
    let (name, rest) = line.split_at(length);
    match rest {
        [] | [b':'] | [b':', b' ' | b'\t', ..] | [b' ', b'[' | b'(', ..] => {}
        _ => return None,
    }
    let last = name.rsplit(|&b| b == b'.' || b == b'$').next()?;
    let before = name[..name.len() - last.len()].last();
    let dotted = before.is_some();
    // Python's `concurrent.futures.process._RemoteTraceback`.
    let word = last.strip_prefix(b"_").filter(|_| dotted).unwrap_or(last);
    // Anonymous classes of Java have numbers: `Main$1`.
    let numbered = before == Some(&b'$');
    let capital = |b: &u8| b.is_ascii_uppercase() || (numbered && b.is_ascii_digit());
    if !word.first().is_some_and(capital) || !name[0].is_ascii_alphabetic() {
        return None;
    }
    let telling = last.ends_with(b"Error") || last.ends_with(b"Exception");
    // Node's `[CODE]`, or .NET's `(111)`: only a name that tells has one.
    let code = rest.starts_with(b" ");
    if telling || (dotted && !code) {
        return Some(Named::Surely);
    }
    (!code && Level::from_name(name).is_none()).then_some(Named::Perhaps)
}

/// Whether the line is the name of an exception of Python, with its message.
/// It is asked for where there must be one, so any word will do.
pub(super) fn python_exception(line: &[u8]) -> bool {
    let length = line.iter().take_while(|&&byte| is_name_byte(byte)).count();
    length > 0 && matches!(line[length..], [] | [b':', ..])
}

/// Whether the line begins with a date or a time, as those of logs do.
fn has_date(line: &[u8]) -> bool {
    let digits = line.iter().take(5).take_while(|b| b.is_ascii_digit());
    let digits = digits.count();
    let next = (line.get(digits), line.get(digits + 1));
    matches!(
        (digits, next),
        (2 | 4, (Some(b'-' | b'/' | b':' | b'.'), Some(b'0'..=b'9')))
    )
}

/// Whether a line within a message looks like a record of its own.
pub(super) fn stands_alone(line: &[u8]) -> bool {
    has_date(line)
        || detect::level(line).is_some()
        || match begin(line) {
            Some(Begin::Sure(..)) => true,
            Some(Begin::Maybe(trace)) => trace.is_telling(),
            None => false,
        }
}

/// Whether the line is a frame as Java, V8 and .NET write it: `at`, a name,
/// and a place in brackets or behind it.
pub(super) fn is_frame(line: &[u8]) -> bool {
    let (indent, rest) = indented(line);
    let Some(frame) = rest.strip_prefix(b"at ").filter(|_| indent > 0) else {
        return false;
    };
    let frame = frame.trim_ascii_end();
    let frame = frame.strip_suffix(b" {").unwrap_or(frame);
    let frame = frame.strip_suffix(b",").unwrap_or(frame);
    if let Some(inside) = frame.strip_suffix(b")")
        && before_number(inside).is_some()
    {
        // `(Main.java:3)`, `(/app/main.js:3:15)`.
        return true;
    }
    let path = |b: &u8| matches!(b, b'/' | b'\\' | b'.' | b':' | b']');
    if has_position(frame) && frame.iter().any(path) {
        return true;
    }
    let Some(open) = memchr::memchr(b'(', frame) else {
        return false;
    };
    let (name, place) = frame.split_at(open);
    let name = name.strip_prefix(b"async ").unwrap_or(name);
    let name = name.strip_prefix(b"new ").unwrap_or(name);
    if [&b"(<anonymous>)"[..], b"(native)", b"(index "]
        .iter()
        .any(|start| place.starts_with(start))
    {
        return true;
    }
    let name = match name.strip_suffix(b" ") {
        // Mono has a blank before the bracket, and an address behind it.
        Some(name) if memchr::memmem::find(place, b") [0x").is_some() => name,
        _ => name,
    };
    let qualified = name.contains(&b'.');
    qualified && !name.contains(&b' ') && memchr::memchr(b')', place).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_and_what_is_none() {
        for line in [
            "\tat Main.main(Main.java:3)",
            "\tat java.base/java.lang.reflect.Method.invoke(Method.java:569)",
            "\tat A$B.<init>(Unknown Source) ~[?:?]",
            "\tat a.B.c(Native Method)",
            "    at /app/x.js:1:2",
            "    at async Promise.all (index 0)",
            "    at new Promise (<anonymous>)",
            "    at f (file:///app/x.mjs:1:2) {",
            "        at [eval]:1:2,",
            "   at A.B(String s, Int32 n) in C:\\a b\\x.cs:line 3",
            "  at A.B (System.String s) [0x00006] in <5e1e1c2a>:0 ",
        ] {
            assert!(is_frame(line.as_bytes()), "{line}");
        }
        for line in [
            "at Main.main(Main.java:3)",
            "\tat",
            "\tat ",
            "\tat home (see above)",
            "\tat home. (see above)",
            "  at 10:30 (or so)",
            "  at 12:30:45 it began",
            "  at: noon",
            "  attach(x.y)",
            "  at the end. Then f(x) was called",
        ] {
            assert!(!is_frame(line.as_bytes()), "{line}");
        }
    }

    #[test]
    fn names_of_exceptions() {
        for line in [
            "java.lang.Error",
            "java.io.IOException: x",
            "concurrent.futures.process._RemoteTraceback: ",
            "a.B$C: x",
            "Main$1",
            "TypeError: x",
            "AssertionError [ERR_ASSERTION]: x",
            "Uncaught RangeError: x",
            "System.Net.Sockets.SocketException (111): x",
        ] {
            let named = exception(line.as_bytes());
            assert_eq!(named, Some(Named::Surely), "{line}");
        }
        for line in ["E", "Failure: x", "\u{c9}: x"] {
            let want = line.is_ascii().then_some(Named::Perhaps);
            assert_eq!(exception(line.as_bytes()), want, "{line}");
        }
        for line in [
            "",
            "ERROR: x",
            "WARN",
            "an error: x",
            "Exception in",
            "x.y: z",
            "_E: x",
            "x._y: z",
            "10.0.0.1",
            "v1.2",
            ".X: y",
            "Jun 14 15:16:01",
            "2024-03-05",
        ] {
            assert_eq!(exception(line.as_bytes()), None, "{line}");
        }
    }
}
