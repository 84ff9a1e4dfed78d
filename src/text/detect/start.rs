//! Levels that stand at the start of a line, in the ways of single programs.

use super::word_level;
use crate::level::Level;

/// `<N>`, the prefix of sd-daemon and `logger --prio-prefix`: facility times
/// eight plus severity.
pub(super) fn priority(line: &[u8]) -> Option<Level> {
    let digits = line[1..].iter().take_while(|b| b.is_ascii_digit()).count();
    if !(1..=3).contains(&digits) || line.get(digits + 1) != Some(&b'>') {
        return None;
    }
    let number = number(&line[1..=digits]);
    (number <= 191).then(|| Level::from_syslog(number & 7))?
}

fn number(digits: &[u8]) -> u32 {
    let add = |sum: u32, digit: &u8| sum * 10 + u32::from(digit - b'0');
    digits.iter().fold(0, add)
}

/// The one-letter levels of glog, logcat and Tornado.
pub(super) fn letter_level(letter: u8) -> Option<Level> {
    Some(match letter {
        b'V' => Level::TRACE,
        b'D' => Level::DEBUG,
        b'I' => Level::INFO,
        b'W' => Level::WARNING,
        b'E' => Level::ERROR,
        b'C' | b'F' => Level::CRITICAL,
        _ => return None,
    })
}

/// What stands at the start of a line: `E0102 15:04:05` of glog and klog,
/// `E/Tag` of logcat, `error: …` of many, `main.c:3:5: error: …` of compilers.
pub(super) fn at_start(line: &[u8]) -> Option<Level> {
    if line.get(1).is_some_and(u8::is_ascii_digit) {
        return glog(line);
    }
    if let Some(level) = logcat_tag(line) {
        return Some(level);
    }
    let len = line.iter().take(15).take_while(|b| b.is_ascii_alphabetic());
    let (word, rest) = line.split_at(len.count());
    let rest = match rest {
        // The compiler's `error[E0308]: …`.
        [b'[', rest @ ..] => {
            let close = rest.iter().take(16).position(|&b| b == b']')?;
            &rest[close + 1..]
        }
        rest => rest,
    };
    match rest.first() {
        // Of apt: `E: Unable to locate package x`.
        Some(b':') => match (word, rest) {
            ([letter @ (b'E' | b'W')], [_, b' ', first, ..]) if first.is_ascii_alphabetic() => {
                return letter_level(*letter);
            }
            _ => {}
        },
        // `fatal error: …` of compilers and of PHP.
        Some(b' ') => {
            let fatal = word.eq_ignore_ascii_case(b"fatal") && rest.starts_with(b" error:");
            return fatal.then_some(Level::CRITICAL);
        }
        _ => return behind_place(line),
    }
    console_level(word)
}

/// A word, or the four letters of ASP.NET Core's console.
fn console_level(word: &[u8]) -> Option<Level> {
    match word {
        b"fail" => Some(Level::ERROR),
        b"dbug" => Some(Level::DEBUG),
        b"trce" => Some(Level::TRACE),
        _ => word_level(word),
    }
}

/// `E0102 15:04:05` of klog, `E20260102 15:04:05` of glog, `E260102 15:04:05` of
/// CockroachDB.
fn glog(line: &[u8]) -> Option<Level> {
    let (letter, rest) = line.split_first()?;
    let digits = rest.iter().take(9).take_while(|b| b.is_ascii_digit());
    match (digits.count(), rest) {
        (len @ (4 | 6 | 8), rest) => match rest[len..] {
            [b' ', b'0'..=b'2', b'0'..=b'9', b':', ..] => letter_level(*letter),
            _ => None,
        },
        _ => None,
    }
}

/// A level and a colon behind the `FILE:LINE:` or `FILE:LINE:COLUMN:` of
/// compilers.
pub(super) fn behind_place(line: &[u8]) -> Option<Level> {
    let space = memchr::memchr(b' ', line)?;
    let (place, rest) = (&line[..space], &line[space + 1..]);
    match place {
        [.., b'0'..=b'9', b':'] => {}
        _ => return None,
    }
    if rest.starts_with(b"fatal error:") {
        return Some(Level::CRITICAL);
    }
    let len = rest.iter().take(15).take_while(|b| b.is_ascii_alphabetic());
    let (word, rest) = rest.split_at(len.count());
    if rest.first() == Some(&b':') {
        word_level(word)
    } else {
        None
    }
}

/// The text behind the escape sequences for colours at its start.
fn without_colours(mut text: &[u8]) -> &[u8] {
    while let [0x1b, b'[', rest @ ..] = text {
        let codes = rest.iter().take(16);
        let codes = codes.take_while(|b| b.is_ascii_digit() || **b == b';');
        match &rest[codes.count()..] {
            [b'm', rest @ ..] => text = rest,
            _ => return text,
        }
    }
    text
}

/// A coloured word in front of a colon: `error: …` as compilers, ASP.NET Core
/// and winston write it on a terminal.
pub(super) fn in_colour(line: &[u8]) -> Option<Level> {
    let line = without_colours(line);
    let len = line.iter().take(15).take_while(|b| b.is_ascii_alphabetic());
    let (word, rest) = line.split_at(len.count());
    if word.is_empty() || without_colours(rest).first() != Some(&b':') {
        return None;
    }
    console_level(word)
}

/// `E/Tag: …` or `E/Tag( 1234): …`.
fn logcat_tag(text: &[u8]) -> Option<Level> {
    let [letter, b'/', tag @ ..] = text else {
        return None;
    };
    let is_tag = |&&b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'$');
    let len = tag.iter().take_while(is_tag).count();
    let rest = tag[len..].trim_ascii_start();
    match rest.first() {
        // `I/O:` has no tag.
        Some(b':' | b'(') if len > 1 => letter_level(*letter),
        _ => None,
    }
}

/// What stands behind a time, or what looks like one, at the start of a line.
pub(super) fn after_time(line: &[u8]) -> Option<Level> {
    // The commonest first, as nothing has to be searched for.
    match line {
        [_, _, _, _, _, _, _, b'-', _, _, b' ', rest @ ..]
        | [_, _, b'-', _, _, b' ', rest @ ..] => return logcat_after_date(rest),
        _ => {}
    }
    let ends = |b: &u8| matches!(b, b' ' | b'\t');
    let end = line.iter().take(40).position(ends)?;
    let (first, rest) = (&line[..end], &line[end + 1..]);
    match first {
        _ if line[end] == b'\t' => column(rest),
        [.., b':', b'M' | b'S' | b'C' | b'X'] => redis(rest),
        _ => None,
    }
}

/// A level that is a column, as on zap's console: the tab before it is gone.
fn column(text: &[u8]) -> Option<Level> {
    let len = text.iter().take(15).take_while(|b| b.is_ascii_alphabetic());
    let (word, rest) = text.split_at(len.count());
    if rest.first() == Some(&b'\t') {
        word_level(word)
    } else {
        None
    }
}

/// The mark of Redis behind its date, `23 Nov 2026 10:00:01.123 * …`.
fn redis(text: &[u8]) -> Option<Level> {
    let mut parts = text.splitn(6, |&b| b == b' ');
    let [_, _, b':', ..] = parts.nth(3)? else {
        return None;
    };
    let ([mark] | [mark, b'\n', ..]) = parts.next()? else {
        return None;
    };
    Some(match mark {
        b'.' => Level::DEBUG,
        b'-' => Level::TRACE,
        b'*' => Level::NOTICE,
        b'#' => Level::WARNING,
        _ => return None,
    })
}

/// logcat's `time` and `threadtime`: `15:04:05.000  123  456 E Tag: …`.
fn logcat_after_date(line: &[u8]) -> Option<Level> {
    // Always with a fraction of the second.
    if line.get(2) != Some(&b':') || line.get(8) != Some(&b'.') {
        return None;
    }
    let time = line.iter().position(|&b| b == b' ')?;
    let mut rest = line[time..].trim_ascii_start();
    if let Some(level) = logcat_tag(rest) {
        return Some(level);
    }
    let mut numbers = 0;
    while rest.first().is_some_and(u8::is_ascii_digit) {
        let len = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        if rest.get(len) != Some(&b' ') {
            return None;
        }
        rest = rest[len..].trim_ascii_start();
        numbers += 1;
    }
    match *rest {
        [letter, b' ', ..] if numbers == 2 => letter_level(letter),
        _ => None,
    }
}
