//! Words that name a level.

use crate::level::Level;

/// A level word in any case: the spellings of [`Level`], and MySQL's `Note`.
pub(super) fn word_level(word: &[u8]) -> Option<Level> {
    // Nearly every word is turned away by its first letter and its length.
    if !(3..=13).contains(&word.len()) {
        return None;
    }
    match word[0] | 0x20 {
        b't' | b'd' | b'i' | b'n' | b'w' | b'e' | b'c' | b'a' | b'f' | b'p' | b'v' | b's' => {}
        _ => return None,
    }
    let note = || word.eq_ignore_ascii_case(b"note").then_some(Level::INFO);
    Level::from_name(word).or_else(note)
}

/// What an upper-case word decides that has a meaning in the logs of one
/// program; `rest` is what stands behind it. `Some(None)`: that the line has
/// no level of its own.
pub(super) fn by_name(word: &[u8], rest: &[u8]) -> Option<Option<Level>> {
    // By what stands behind, as nearly every word is turned away by it.
    match rest {
        [b' ', rest @ ..] if word == b"PHP" => php(rest).map(Some),
        [b':', b' ', b' ', ..] if is_continuation(word) => Some(None),
        [b':', ..] if word == b"LOG" => Some(Some(Level::INFO)),
        [b'1'..=b'5', b':', ..] if word == b"DEBUG" => Some(Some(Level::DEBUG)),
        [b'[' | 0x1b, ..] => logrus(word).map(Some),
        _ => None,
    }
}

/// Whether a word is in front of PostgreSQL's lines that go on with the one
/// before.
fn is_continuation(word: &[u8]) -> bool {
    matches!(
        word,
        b"HINT" | b"DETAIL" | b"CONTEXT" | b"QUERY" | b"STATEMENT"
    )
}

/// The words that logrus cuts off after four letters.
fn logrus(word: &[u8]) -> Option<Level> {
    Some(match word {
        b"TRAC" => Level::TRACE,
        b"DEBU" => Level::DEBUG,
        b"ERRO" => Level::ERROR,
        b"FATA" => Level::CRITICAL,
        b"PANI" => Level::EMERGENCY,
        _ => return None,
    })
}

/// The level of a word of PHP's, as PHP gives it to syslog; what is fatal is
/// critical, as elsewhere.
fn php(text: &[u8]) -> Option<Level> {
    const WORDS: [(&[u8], Level); 7] = [
        (b"Warning:", Level::WARNING),
        (b"Notice:", Level::NOTICE),
        (b"Deprecated:", Level::INFO),
        (b"Strict Standards:", Level::INFO),
        (b"Fatal error:", Level::CRITICAL),
        (b"Parse error:", Level::ERROR),
        (b"Recoverable fatal error:", Level::ERROR),
    ];
    let (_, level) = WORDS.iter().find(|(word, _)| text.starts_with(word))?;
    Some(*level)
}

/// Whether the text ends with the channel of Monolog's `] channel.LEVEL: `.
pub(super) fn in_channel(text: &[u8]) -> bool {
    let Some((b'.', text)) = text.split_last() else {
        return false;
    };
    let is_name = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    let len = text.iter().rev().take(32).take_while(is_name).count();
    len > 0 && text[..text.len() - len].ends_with(b"] ")
}
