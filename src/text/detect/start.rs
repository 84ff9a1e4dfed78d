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
/// `E/Tag` of logcat, `error: …` of many.
pub(super) fn at_start(line: &[u8]) -> Option<Level> {
    if let [letter, digits @ ..] = line
        && let [b'0'..=b'1', b'0'..=b'9', b'0'..=b'3', b'0'..=b'9', b' ', ..] = digits
    {
        return letter_level(*letter);
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
    if rest.first() != Some(&b':') {
        return None;
    }
    // ASP.NET Core's console has four letters.
    match word {
        b"fail" => Some(Level::ERROR),
        b"dbug" => Some(Level::DEBUG),
        b"trce" => Some(Level::TRACE),
        _ => word_level(word),
    }
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
        Some(b':' | b'(') if len > 0 => letter_level(*letter),
        _ => None,
    }
}

/// logcat's `time` and `threadtime`: `01-02 15:04:05.000  123  456 E Tag: …`.
pub(super) fn logcat_after_time(line: &[u8]) -> Option<Level> {
    let date = line.iter().position(|&b| b == b' ').filter(|&n| n <= 10)?;
    if line.get(date.checked_sub(3)?) != Some(&b'-') || line.get(date + 3) != Some(&b':') {
        return None;
    }
    let time = line[date + 1..].iter().position(|&b| b == b' ')?;
    let mut rest = line[date + 1 + time..].trim_ascii_start();
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
