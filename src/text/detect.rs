//! The level of a plain line, found where real logs have it.
//!
//! The first level word that *stands as one* decides. An upper-case word
//! stands for itself (` ERROR `, `[main] INFO `, `WARNING:root:`); any other
//! spelling only in brackets (`[error]`, `[core:warn]`, `<info>`), as the
//! value of a key (`level=warn`, `"severity":"info"`) or at the start of the
//! line before a colon (`error: …`). So "an error occurred" is no level.
//!
//! Nor is one that does not stand in front of the message:
//!
//! - Where three words of running text stand in a row, the message has begun,
//!   and the search ends: `the peer said: ERROR`.
//! - What is in double quotes is not the line's own: `"GET /a ERROR"`.
//! - A key stands alone: not in `/?level=error`, not in `--log-level=error`.
//! - PostgreSQL's HINT, DETAIL, CONTEXT, QUERY and STATEMENT have no level of
//!   their own: they go on with the line before.
//! - Of several lines, the first alone is looked at.
//! - In an object of JSON, the outermost key of a level decides, wherever it
//!   stands; in no other string is there a level.
//!
//! What has no such word is known by its form: letters (glog, logcat), marks
//! (Redis), a column between tabs (zap), `FILE:LINE: error:` (compilers) and
//! PHP's words behind `PHP `.
//!
//! Most bytes of most lines are none of this. The search goes over eight of
//! them at a time and looks closer only where a bracket, an equals sign or a
//! second upper-case letter stands; it ends after 160 bytes, because a
//! level stands in front of the message (4096 in an object). What stands
//! before a level is looked at once one is found, eight bytes at a time again.

mod header;
mod object;
mod start;
mod word;

use super::bytes::{ONES, STRIDE, equal, is_dull, upper_case, word_of};
use crate::level::Level;
use header::{Before, before};
use object::{in_object, is_object};
use start::{after_time, at_start, behind_place, in_colour, letter_level, priority};
use word::{by_name, in_channel, word_level};

/// How far into a line a level is looked for.
const WINDOW: usize = 160;

/// Finds the level that a line says it has: the first of several, as the
/// rest of a joined record is its continuation.
pub fn level(text: &[u8]) -> Option<Level> {
    // A file that was written on Windows may begin with the mark of UTF-8.
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let line = &text[..text.len().min(WINDOW)];
    if line.first() == Some(&b'{') && is_object(line) {
        return in_object(text);
    }
    if let Some(level) = start(line) {
        let first = first_line(line);
        if first.len() == line.len() {
            return Some(level);
        }
        // Once more, as what was found may reach over the end of the line.
        return start(first).or_else(|| scan(first));
    }
    scan(line)
}

fn first_line(text: &[u8]) -> &[u8] {
    let end = memchr::memchr(b'\n', text);
    &text[..end.unwrap_or(text.len())]
}

/// A level that stands at the start of a line in the way of one program.
#[inline]
fn start(line: &[u8]) -> Option<Level> {
    match *line.first()? {
        b'<' => priority(line),
        // Tornado and Jupyter: `[I 240131 10:00:00 app:1]`.
        b'[' => match *line {
            [_, letter, b' ', b'0'..=b'9', ..] => letter_level(letter),
            _ => None,
        },
        b'0'..=b'9' => after_time(line),
        0x1b => in_colour(line),
        b'.' | b'/' => behind_place(line),
        first if first.is_ascii_alphabetic() => at_start(line),
        _ => None,
    }
}

/// Looks at every place of the line where a level word may stand.
fn scan(line: &[u8]) -> Option<Level> {
    // What the word before ended with.
    let mut carry_upper = 0;
    let mut carry_pair = 0;
    // Quoted values are no place for a level.
    let mut resume = 0;
    let mut base = 0;
    // Up to here it is known that there is something to look at.
    let mut lively = 0;
    while base < line.len() {
        let rest = &line[base..];
        if base >= lively {
            if is_dull(rest) {
                // Nor does a run of upper-case letters reach over its end.
                (carry_upper, carry_pair) = (0, 0);
                base += STRIDE;
                continue;
            }
            lively = base + STRIDE;
        }
        let word = word_of(rest);
        let upper = upper_case(word);
        // The second letter of each run of at least two.
        let pair = upper & (upper << 8 | carry_upper);
        let second = pair & !(pair << 8 | carry_pair);
        carry_upper = upper >> 56;
        carry_pair = pair >> 56;
        // `<` and `=` differ in their last bit alone.
        let mut found = second | equal(word, b'[') | equal(word & !ONES, b'<');
        while found != 0 {
            let at = base + found.trailing_zeros() as usize / 8;
            found &= found - 1;
            if at < resume {
                continue;
            }
            let decided = match line[at] {
                b'[' => in_brackets(line, at, b']').map(Some),
                b'<' => in_brackets(line, at, b'>').map(Some),
                b'=' => match value_of_key(line, at) {
                    Ok(level) => Some(level),
                    Err(end) => {
                        resume = end;
                        None
                    }
                },
                _ => upper_word(line, at - 1),
            };
            if let Some(level) = decided {
                match before(line, at) {
                    Before::Header => return level,
                    Before::Quote => {}
                    Before::Text => return None,
                }
            }
        }
        base += 8;
    }
    None
}

/// An upper-case word that begins at `start`, if it stands for itself.
///
/// The outer option is whether the word decides: it may also say that the line
/// has no level of its own.
fn upper_word(line: &[u8], start: usize) -> Option<Option<Level>> {
    let word = &line[start..];
    let len = word.iter().take_while(|b| b.is_ascii_uppercase()).count();
    let (word, rest) = word.split_at(len);
    // Quotes and `=` are not among these: what is quoted is not the line's own.
    let before = match start.checked_sub(1).map(|at| line[at]) {
        None => true,
        Some(b'm') => ends_with_colour(&line[..start]),
        Some(b'.') => rest.first() == Some(&b':') && in_channel(&line[..start]),
        Some(b) => matches!(
            b,
            b' ' | b'\t' | b'[' | b'(' | b'<' | b'|' | b':' | b',' | b';' | b'*' | b'#' | b'>'
        ),
    };
    if !before {
        return None;
    }
    if let decided @ Some(_) = by_name(word, rest) {
        return decided;
    }
    let after = match rest.first() {
        None => true,
        Some(b) => matches!(
            b,
            b' ' | b'\t'
                | b']'
                | b')'
                | b'>'
                | b'|'
                | b':'
                | b','
                | b';'
                | b'/'
                | b'!'
                | b'('
                | b'['
                | b'\r'
                | b'\n'
                | 0x1b
        ),
    };
    after.then(|| word_level(word)).flatten().map(Some)
}

/// Whether the text ends with an escape sequence for a colour, as in front
/// of the levels of tracing-subscriber.
fn ends_with_colour(text: &[u8]) -> bool {
    let Some((b'm', text)) = text.split_last() else {
        return false;
    };
    let codes = text.iter().rev().take(16);
    let codes = codes
        .take_while(|b| b.is_ascii_digit() || **b == b';')
        .count();
    text[..text.len() - codes].ends_with(b"\x1b[")
}

/// `[error]`, `[ info ]`, `<info> `, and the `[core:warn]` of Apache, at `open`.
fn in_brackets(line: &[u8], open: usize, close: u8) -> Option<Level> {
    let text = &line[open + 1..];
    // Mostly a number, a process's.
    if text.first()?.is_ascii_digit() {
        return None;
    }
    let before = open.checked_sub(1).map(|at| line[at]);
    if before.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !ends_with_colour(&line[..open])
    {
        return None;
    }
    let end = text.iter().take(32).position(|&b| b == close)?;
    if close == b'>' && text.get(end + 1) != Some(&b' ') {
        // An element of XML is no level.
        return None;
    }
    let inside = text[..end].trim_ascii();
    let is_word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':' | b'-');
    if !inside.iter().all(is_word) {
        return None;
    }
    let level = match inside {
        // MySQL's word for what is no fault, with the number that it has.
        b"System" if text[end..].starts_with(b"] [MY-") => Level::INFO,
        // Apache.
        [.., b':', b't', b'r', b'a', b'c', b'e', b'1'..=b'8'] => Level::TRACE,
        _ => word_level(inside.rsplit(|&b| b == b':').next()?)?,
    };
    // The line does not end in here.
    (!text[..end].contains(&b'\n')).then_some(level)
}

/// Whether a key is one that a level has.
fn is_level_key(key: &[u8]) -> bool {
    const KEYS: [&[u8]; 10] = [
        b"level",
        b"@level",
        b"lvl",
        b"severity",
        b"levelname",
        b"loglevel",
        b"log_level",
        b"log.level",
        b"severity_text",
        b"severityText",
    ];
    (3..=13).contains(&key.len()) && KEYS.iter().any(|name| key.eq_ignore_ascii_case(name))
}

/// The level behind the `=` at `at`; else where to go on, behind the value if
/// it is quoted.
fn value_of_key(line: &[u8], at: usize) -> Result<Option<Level>, usize> {
    let value = &line[at + 1..];
    let last = at.checked_sub(1).map_or(0, |at| line[at] | 0x20);
    // The last letters of the keys: most others end here.
    if !matches!(last, b'l' | b'y' | b'e' | b't') && value.first() != Some(&b'"') {
        return Err(at + 1);
    }
    let is_key = |&&b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.');
    let len = line[..at].iter().rev().take(16).take_while(is_key).count();
    let start = at - len;
    if is_level_key(&line[start..at]) && stands_alone(&line[..start]) {
        let level = leading_word(value.strip_prefix(b"\"").unwrap_or(value));
        if level.is_some() {
            return Ok(level);
        }
    }
    Err(match value.first() {
        Some(b'"') => at + 2 + end_of_string(&value[1..]),
        _ => at + 1,
    })
}

/// Whether a key behind this text is one, unlike those of `/?level=error` and
/// `--log-level=error`.
fn stands_alone(text: &[u8]) -> bool {
    text.last().is_none_or(|b| {
        matches!(
            b,
            b' ' | b'\t' | b'[' | b'(' | b'{' | b'|' | b':' | b',' | b';' | b'>'
        )
    })
}

/// The level that the first word of `text` is.
fn leading_word(text: &[u8]) -> Option<Level> {
    let len = text.iter().take(15).take_while(|b| b.is_ascii_alphabetic());
    let (word, rest) = text.split_at(len.count());
    match rest.first() {
        Some(b) if b.is_ascii_digit() || matches!(b, b'_' | b'-' | b'.') => None,
        _ => word_level(word),
    }
}

/// The length of a quoted string up to its closing quote, or to the end.
fn end_of_string(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(offset) = memchr::memchr2(b'"', b'\\', &text[at..]) {
        at += offset;
        if text[at] == b'"' {
            return at;
        }
        at = (at + 2).min(text.len());
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LINES: &[(&str, Option<Level>)] = &[
        // Behind the mark of UTF-8.
        ("\u{feff}ERROR x", Some(Level::ERROR)),
        ("\u{feff}<3>disk failed", Some(Level::ERROR)),
        ("\u{feff}{\"level\":\"error\"}", Some(Level::ERROR)),
        ("\u{feff}a line", None),
        // CockroachDB, apt.
        (
            "W240101 12:00:00.000000 1 server/a.go:12 \u{22ee} [-] 7  ERROR",
            Some(Level::WARNING),
        ),
        ("E: Unable to locate package x", Some(Level::ERROR)),
        (
            "W: http://deb.debian.org/x: Key is stored",
            Some(Level::WARNING),
        ),
        ("W: 1920 H: 1080", None),
        ("E:\\a", None),
        ("I: a", None),
        // The prefix of sd-daemon and of `logger --prio-prefix`.
        ("<3>disk failed", Some(Level::ERROR)),
        ("<0>x", Some(Level::EMERGENCY)),
        ("<191>ERROR", Some(Level::DEBUG)),
        ("<192>x", None),
        ("<>x", None),
        ("<1234>x", None),
        ("<14", None),
        // Upper-case words.
        ("ERROR disk failed", Some(Level::ERROR)),
        (
            "2015-07-29 17:41:44,747 - INFO  [QuorumPeer[myid=1]/0:0] - x",
            Some(Level::INFO),
        ),
        (
            "2003-07-08 16:49:45,896 WARNING app: x",
            Some(Level::WARNING),
        ),
        (
            "10:00:00.123 [main] INFO  com.example.App - started",
            Some(Level::INFO),
        ),
        ("WARNING:root:watch out", Some(Level::WARNING)),
        ("[2026-01-02T03:04:05Z WARN  x::y] z", Some(Level::WARNING)),
        (
            "2026-01-02T03:04:05.123456Z  INFO app: ready",
            Some(Level::INFO),
        ),
        (
            "2026-01-02T03:04:05Z \u{1b}[32m INFO\u{1b}[0m app",
            Some(Level::INFO),
        ),
        ("\u{1b}[1;31mERROR\u{1b}[0m app", Some(Level::ERROR)),
        (
            "[2024-01-01 10:00:00,000: WARNING/MainProcess] x",
            Some(Level::WARNING),
        ),
        ("2024-01-01,10:00:00,ERROR,x", Some(Level::ERROR)),
        ("[12:00:01 INF] Serilog", Some(Level::INFO)),
        ("12:00PM WRN zerolog", Some(Level::WARNING)),
        ("SEVERE: Tomcat", Some(Level::ERROR)),
        ("npm ERR! code E404", Some(Level::ERROR)),
        ("npm WARN deprecated", Some(Level::WARNING)),
        (
            "Jan  2 03:04:05 host app[12]: CRITICAL x",
            Some(Level::CRITICAL),
        ),
        // PostgreSQL, nginx, Apache, MySQL.
        (
            "2024-01-01 10:00:00.000 UTC [123] ERROR:  relation \"x\"",
            Some(Level::ERROR),
        ),
        (
            "2024-01-01 10:00:00.000 UTC [123] LOG:  checkpoint",
            Some(Level::INFO),
        ),
        ("2024-01-01 10:00:00 UTC FATAL:  no", Some(Level::CRITICAL)),
        ("2024-01-01 10:00:00 UTC DEBUG2:  x", Some(Level::DEBUG)),
        (
            "2024/01/01 10:00:00 [error] 12#12: *1 open() failed",
            Some(Level::ERROR),
        ),
        (
            "[Sun Dec 04 04:47:44 2005] [notice] workerEnv.init() ok",
            Some(Level::NOTICE),
        ),
        (
            "[Sun Dec 04 04:47:44 2005] [core:warn] [pid 1] x",
            Some(Level::WARNING),
        ),
        ("[Sun Dec 04 04:47:44 2005] [:error] x", Some(Level::ERROR)),
        ("2024-01-01T00:00:00 0 [Note] mysqld", Some(Level::INFO)),
        ("\u{1b}[2mx\u{1b}[0m[warn] y", Some(Level::WARNING)),
        ("[ warn ] spdlog", Some(Level::WARNING)),
        ("<info>  [1592] manager: NetworkManager", Some(Level::INFO)),
        ("<error>text</error>", None),
        // Keys.
        ("time=x level=warn msg=\"y\"", Some(Level::WARNING)),
        ("ts=1 lvl=eror msg=y", None),
        ("ts=1 lvl=DBUG level=debug", Some(Level::DEBUG)),
        ("severity=\"Critical\" x", Some(Level::CRITICAL)),
        ("msg=\"an ERROR here\" level=info", Some(Level::INFO)),
        ("msg=\"an \\\" ERROR here\" level=info", Some(Level::INFO)),
        ("level=30 msg=x", None),
        ("sublevel=error", None),
        ("{\"level\":\"warn\",\"msg\":\"x\"}", Some(Level::WARNING)),
        (
            "{ \"msg\" : \"ERROR \\\" level\", \"severity\" : \"INFO\"}",
            Some(Level::INFO),
        ),
        (
            "{\"a\":1,\"log\":{\"level\":\"error\"}}",
            Some(Level::ERROR),
        ),
        ("{\"level\":30,\"msg\":\"ERROR\"}", None),
        // hclog.
        (
            "{\"@level\":\"warn\",\"@message\":\"ERROR\"}",
            Some(Level::WARNING),
        ),
        ("{\"msg\":\"level\"", None),
        ("{main} ERROR x", Some(Level::ERROR)),
        // Letters.
        ("E/ActivityManager( 123): ANR", Some(Level::ERROR)),
        ("W/Tag: x", Some(Level::WARNING)),
        (
            "01-02 15:04:05.000  1234  5678 E AndroidRuntime: FATAL",
            Some(Level::ERROR),
        ),
        ("01-02 15:04:05.000 D/Tag( 1): x", Some(Level::DEBUG)),
        (
            "E0102 15:04:05.000000   123 file.go:12] x",
            Some(Level::ERROR),
        ),
        (
            "I0102 15:04:05.000000   123 file.go:12] ERROR",
            Some(Level::INFO),
        ),
        ("[W 240102 15:04:05 web:1] 404", Some(Level::WARNING)),
        // The start of the line.
        ("error: no such file", Some(Level::ERROR)),
        ("error[E0308]: mismatched types", Some(Level::ERROR)),
        ("warning: unused", Some(Level::WARNING)),
        ("Error: cannot find module", Some(Level::ERROR)),
        ("fail: Microsoft.Hosting[0]", Some(Level::ERROR)),
        ("panic: runtime error", Some(Level::EMERGENCY)),
        ("fatal: not a git repository", Some(Level::CRITICAL)),
        ("E20260102 15:04:05.000000 12 a.cc:1] x", Some(Level::ERROR)),
        ("F0123 is the number of a part", None),
        ("I/O: no such device", None),
        // Marks, columns, compilers, and words of single programs.
        ("1:M 23 Nov 2026 10:00:01.123 # x", Some(Level::WARNING)),
        ("1:M 23 Nov 2026 10:00:01.123 ? x", None),
        ("1.7e9\twarn\tx", Some(Level::WARNING)),
        ("1.7e9\twarn x\t", None),
        ("src/a.c:3:5: fatal error: x", Some(Level::CRITICAL)),
        ("/a.java:3: warning: x", Some(Level::WARNING)),
        ("a.c: error: x", None),
        ("Fatal error: Uncaught x", Some(Level::CRITICAL)),
        (
            "\u{1b}[1m\u{1b}[31merror\u{1b}[0m\u{1b}[1m: x",
            Some(Level::ERROR),
        ),
        ("\u{1b}[1merror\u{1b}[0m was said", None),
        ("[1-Nov-2026] PHP Fatal error:  x", Some(Level::CRITICAL)),
        ("PHP Warnings are off", None),
        ("[2026-11-23] app.ERROR: x", Some(Level::ERROR)),
        ("java.lang.ERROR: x", None),
        ("ERRO[0001] x", Some(Level::ERROR)),
        ("ERRO x", None),
        ("UTC [1] HINT:  FATAL: x", None),
        ("UTC [1] HINT: FATAL: x", Some(Level::CRITICAL)),
        ("0 [System] [MY-010116] [Server] mysqld", Some(Level::INFO)),
        ("0 [System] x", None),
        ("[x] [ssl:trace8] y", Some(Level::TRACE)),
        // In objects: the outermost key, wherever it is.
        (
            "{\"a\":{\"level\":\"error\"},\"level\":\"info\"}",
            Some(Level::INFO),
        ),
        // Of several lines, the first.
        ("x\nERROR y", None),
        ("INFO\nERROR y", Some(Level::INFO)),
        ("E/Tag\n: x", None),
        ("{\"a\":1}\n{\"level\":\"error\"}", None),
        // Behind the beginning of the message.
        ("10:00 the peer said: ERROR x", None),
        ("10:00 the peer said [error]", None),
        ("10:00 all done level=error", Some(Level::ERROR)),
        ("10:00 it was set to level=error", None),
        ("GET /?level=error", None),
        ("app --log-level=error", None),
        ("\"GET / ERROR x\" 200", None),
        ("\"GET /\" ERROR", Some(Level::ERROR)),
        // Running text.
        ("an error occurred", None),
        ("error in line 3", None),
        ("Error while reading", None),
        ("2024-01-01 INFO no error, ERROR=0", Some(Level::INFO)),
        ("2024-01-01 app ERROR_CODE 3, MYERROR, ERROR-5", None),
        ("HTTPError: TypeError: x", None),
        ("\"ERROR\" was said", None),
        ("array[error] and f(info)", None),
        ("check pass; user unknown", None),
        ("[error", None),
        ("", None),
        ("=", None),
        ("[", None),
        ("E", None),
        ("level=", None),
    ];

    #[test]
    fn lines_of_real_logs() {
        for &(line, want) in LINES {
            assert_eq!(level(line.as_bytes()), want, "{line}");
        }
    }

    #[test]
    fn found_at_any_offset_of_the_window_and_not_beyond() {
        for word in ["ERROR ", "[error] ", "level=error "] {
            for offset in 0..200 {
                let line = format!("{:offset$} {word}", ".");
                let want = (offset.max(1) + 1 + word.len() <= WINDOW).then_some(Level::ERROR);
                if want.is_some() || offset > WINDOW {
                    assert_eq!(level(line.as_bytes()), want, "{offset} {word}");
                }
            }
        }
    }

    #[test]
    fn found_behind_the_message_of_an_object() {
        for len in [0, 100, 200, 4000] {
            let line = format!("{{\"msg\":\"{:len$}\",\"level\":\"error\"}}", "");
            assert_eq!(level(line.as_bytes()), Some(Level::ERROR), "{len}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes(line in prop::collection::vec(any::<u8>(), 0..200)) {
            level(&line);
        }

        #[test]
        fn any_pieces(pieces in prop::collection::vec(
            prop::sample::select(vec!["ERROR", "[", "]", "=", "\"", "{", "level", "<", ">", ":", "warn", "1", " ", "\\", "E/", "\x1b[1m", "-"]), 0..30)
        ) {
            level(pieces.concat().as_bytes());
        }

        #[test]
        fn the_first_line_alone_decides(pieces in prop::collection::vec(
            prop::sample::select(vec!["ERROR", "[", "]", "=", "\"", "{", "}", "level", "log", "<3", ">", ":", "warn", "12", "1", " ", "\t", "E/Tag", "(", "a.c", "\x1b[1m", "-", "\n", "\n", ", ", "1:M 23 Nov 2026 10:00:00 ", "#"]), 0..12)
        ) {
            let text = pieces.concat();
            let first = text.split('\n').next().unwrap_or_default();
            prop_assert_eq!(level(text.as_bytes()), level(first.as_bytes()), "{:?}", text);
        }
    }
}
