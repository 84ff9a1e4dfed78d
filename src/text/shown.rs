//! What somebody else said, in a message of lh's own.

/// So much is kept of a text.
const SHOWN: usize = 200;

/// A secret shorter than that stands in too many words to be looked for.
const SHORT: usize = 3;

/// The start of a text from outside, on one line, without what a terminal would
/// obey, and without secrets.
pub fn shown(text: &str, secrets: &[String]) -> String {
    let mut text = text.trim().to_owned();
    for secret in secrets.iter().filter(|secret| secret.len() > SHORT) {
        text = text.replace(secret.as_str(), "***");
    }
    let mut shown = String::new();
    for (index, ch) in text.chars().enumerate() {
        if index == SHOWN {
            shown.push('…');
            break;
        }
        // Controls, and what turns the direction of a line.
        let hidden = ch.is_control()
            || matches!(ch, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        match ch {
            '\n' | '\r' | '\t' => shown.push(' '),
            _ if hidden => shown.extend(ch.escape_unicode()),
            _ => shown.push(ch),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_shown_without_harm() {
        for (text, want) in [
            (" no\r\nroom\there ", "no  room here"),
            ("\x1b[31m\u{202e}red", "\\u{1b}[31m\\u{202e}red"),
            ("password s3cret, s3cret", "password ***, ***"),
            ("the key is abc", "the key is abc"),
        ] {
            let secrets = ["s3cret".to_owned(), "abc".to_owned()];
            assert_eq!(shown(text, &secrets), want);
        }
        let long = shown(&"\u{e4}".repeat(500), &[]);
        assert!(long.chars().count() == 201 && long.ends_with('…'));
    }
}
