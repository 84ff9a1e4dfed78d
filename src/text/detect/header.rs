//! Whether a level word still stands in front of the message.

use super::end_of_string;
use crate::text::bytes::{ONES, equal, lower_case, word_of};

/// The fewest lower-case letters that make running text.
const FEWEST: u64 = 6;

/// What stands in front of a level word.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// The word may be the line's own.
    Header,
    /// The word is quoted.
    Quote,
    /// The message has begun, or the next line.
    Text,
}

/// Looks at what stands in front of `line[at]`.
///
/// Nearly every header is times, numbers and names: too few lower-case
/// letters for three words, which is seen without a look at single bytes.
// Not inlined: the loop of the caller is for lines that have no level.
#[inline(never)]
pub(super) fn before(line: &[u8], at: usize) -> Before {
    // A count in each byte: a line's window has no more than 20 words.
    let mut letters = 0;
    let mut marks = 0;
    let mut count = |word| {
        letters += lower_case(word) >> 7;
        // A quote, the end of a line, or two others that are rare.
        marks |= equal(word | (ONES * 0x28), b'"' | b'\n');
    };
    let (words, rest) = line[..at].as_chunks();
    for word in words {
        count(u64::from_le_bytes(*word));
    }
    // Of the next eight bytes, those that still stand in front.
    count(word_of(&line[at - rest.len()..]) & !(u64::MAX << (8 * rest.len())));
    if marks != 0 {
        if line[..at].contains(&b'\n') {
            return Before::Text;
        }
        if is_open(&line[..at]) {
            return Before::Quote;
        }
    }
    if letters.wrapping_mul(ONES) >> 56 >= FEWEST && is_text(&line[..at]) {
        return Before::Text;
    }
    Before::Header
}

/// Whether a quoted string has begun and not ended.
fn is_open(text: &[u8]) -> bool {
    let mut open = false;
    let mut bytes = text.iter();
    while let Some(b) = bytes.next() {
        match b {
            b'"' => open = !open,
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
    open
}

/// Whether three words in a row stand in the text. A number between them does
/// no harm; what is in quotes, a value, or in brackets, the name of a thread
/// say, is passed over.
fn is_text(text: &[u8]) -> bool {
    // Without the beginning of what the level stands in.
    let space = text.iter().rposition(|b| matches!(b, b' ' | b'\t'));
    let mut rest = &text[..space.unwrap_or(0)];
    let mut words = 0;
    loop {
        rest = rest.trim_ascii_start();
        match rest {
            [] => return false,
            [b'[', inside @ ..] => match inside.iter().position(|&b| b == b']') {
                Some(close) => {
                    rest = &inside[close + 1..];
                    words = 0;
                    continue;
                }
                None => return false,
            },
            _ => {}
        }
        let len = rest.iter().position(|b| matches!(b, b' ' | b'\t'));
        let (token, behind) = rest.split_at(len.unwrap_or(rest.len()));
        if let Some(open) = memchr::memchr(b'"', token) {
            let value = &rest[open + 1..];
            rest = value.get(end_of_string(value) + 1..).unwrap_or_default();
            words = 0;
            continue;
        }
        rest = behind;
        if is_word(token) {
            words += 1;
        } else if !token.iter().all(u8::is_ascii_digit) {
            words = 0;
        }
        if words == 3 {
            return true;
        }
    }
}

/// Letters, all but the first of them small, with a mark of punctuation
/// behind them or none, and perhaps the first or last in parentheses.
fn is_word(token: &[u8]) -> bool {
    let token = token.strip_prefix(b"(").unwrap_or(token);
    let token = token.strip_suffix(b")").unwrap_or(token);
    let token = match token {
        [word @ .., b'.' | b',' | b':' | b';' | b'!' | b'?'] => word,
        word => word,
    };
    match token {
        [first, rest @ ..] => {
            first.is_ascii_alphabetic() && rest.iter().all(u8::is_ascii_lowercase)
        }
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_quotes_and_text() {
        for (text, want) in [
            ("", Before::Header),
            ("2026-11-23 10:00:01 ", Before::Header),
            ("Mon Nov 23 10:00:01 2026 combo kernel: ", Before::Header),
            ("10:00:01 [pool of worker threads] ", Before::Header),
            ("10:00:01 [pool of worker threads ", Before::Header),
            ("request=done by=worker of=the pool ", Before::Header),
            ("a b c ", Before::Header),
            ("request done level", Before::Header),
            ("the peer said: ", Before::Text),
            ("10:00:01 a line\n", Before::Text),
            ("cron (replayed all of) ", Before::Text),
            ("2026-11-23 replayed 3 of the ", Before::Text),
            ("10:00:01 the peer said: 09:59:58 ", Before::Text),
            ("GET \"", Before::Quote),
            ("a=\"b\" c=\"it said ", Before::Quote),
            ("a=\"b \\\" c", Before::Quote),
            ("a=\"b\" ", Before::Header),
            ("a=\"many words in quotes\" ", Before::Header),
        ] {
            for tail in ["", "x", &"x".repeat(40)] {
                let line = format!("{text}{tail}");
                assert_eq!(before(line.as_bytes(), text.len()), want, "{line}");
            }
        }
    }
}
