//! What messages have in common that differ only in numbers, names and the like.

/// How much of a message is looked at, in bytes.
const MOST: usize = 256;

/// The kind of a message: its first line, with what varies from one to the next
/// taken out: numbers, identifiers in hexadecimal digits, and what stands in
/// quotes.
pub(super) fn shape(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let mut line = line;
    if line.len() > MOST {
        let mut end = MOST;
        while !line.is_char_boundary(end) {
            end -= 1;
        }
        line = &line[..end];
    }
    let mut shape = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(ch) = rest.chars().next() {
        if matches!(ch, '"' | '\'' | '`')
            && let Some(length) = quoted(rest, ch)
            && !shape.ends_with(char::is_alphanumeric)
        {
            shape.push(ch);
            shape.push('*');
            shape.push(ch);
            rest = &rest[length..];
        } else if let Some(length) = identifier(rest) {
            shape.push('#');
            rest = &rest[length..];
        } else if is_word(ch) {
            let end = rest.find(|ch| !is_word(ch)).unwrap_or(rest.len());
            push_word(&rest[..end], &mut shape);
            rest = &rest[end..];
        } else {
            shape.push(ch);
            rest = &rest[ch.len_utf8()..];
        }
    }
    shape
}

fn is_word(ch: char) -> bool {
    ch.is_alphanumeric() || ch == '_'
}

/// The length of what stands in quotes, these included.
fn quoted(text: &str, quote: char) -> Option<usize> {
    text[1..].find(quote).map(|at| at + 2)
}

/// The length of a long identifier, such as a UUID, at the start.
fn identifier(text: &str) -> Option<usize> {
    let odd = |ch: char| !(ch.is_ascii_hexdigit() || ch == '-');
    let end = text.find(odd).unwrap_or(text.len());
    let digits = text[..end].bytes().any(|byte| byte.is_ascii_digit());
    let ends = text[end..].chars().next().is_none_or(|ch| !is_word(ch));
    (end >= 16 && digits && ends).then_some(end)
}

/// A word that has digits, without them: each run becomes one sign. One that is
/// all hexadecimal is an identifier.
fn push_word(word: &str, shape: &mut String) {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    if digits == 0 {
        return shape.push_str(word);
    }
    let hexadecimal = word.strip_prefix("0x").unwrap_or(word);
    if hexadecimal.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return shape.push('#');
    }
    let mut in_digits = false;
    for ch in word.chars() {
        if !ch.is_ascii_digit() {
            shape.push(ch);
        } else if !in_digits {
            shape.push('#');
        }
        in_digits = ch.is_ascii_digit();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_of_one_kind() {
        for (one, other) in [
            ("job 17 failed", "job 4711 failed"),
            ("user 'ada' unknown", "user 'grace hopper' unknown"),
            ("no route to 10.0.0.1:25", "no route to 192.168.7.44:587"),
            (
                "request 9b2e1c44-0d6f-4a55-8d1c-1f2a3b4c5d6e timed out",
                "request 00112233-4455-6677-8899-aabbccddeeff timed out",
            ),
            ("at 0x7ffd12 in f", "at 0xdeadbeef00 in f"),
            ("worker3: 12ms", "worker14: 7ms"),
            ("2026-11-23 14:00:01,123 x", "2027-01-02 03:04:05,006 x"),
            ("one\nline 1", "one\nand more"),
        ] {
            assert_eq!(shape(one), shape(other));
        }
        for (one, other) in [
            ("job 17 failed", "job 17 done"),
            ("can't open it, don't", "can't read it, don't"),
            ("disk full", "disk fuller"),
            ("INFO a", "ERROR a"),
        ] {
            assert_ne!(shape(one), shape(other));
        }
        assert_eq!(shape("worker3: 12ms by \"x\""), "worker#: #ms by \"*\"");
    }

    proptest! {
        #[test]
        fn a_kind_is_one_short_line(text in "(?s).{0,600}") {
            let shape = shape(&text);
            prop_assert!(shape.len() <= 2 * MOST && !shape.contains('\n'));
        }
    }
}
