//! Where the regex of `REGEX=TEXT` ends. The rule is told at
//! [`Mask::parse`](super::Mask::parse).

use super::MaskError;
use super::text::name_length;

/// What follows an `=` is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Text,
    /// It could be both.
    Either,
    Regex,
}

/// The regex, and the text if there is one.
pub(super) fn split(mask: &str) -> Result<(&str, Option<&str>), MaskError> {
    let mut text = None;
    let mut doubtful = false;
    for at in ends(mask) {
        match kind(&mask[at + 1..]) {
            Kind::Text if text.is_some() => return Err(MaskError::Ambiguous(mask.to_owned())),
            Kind::Text => text = Some(at),
            Kind::Either => doubtful = true,
            Kind::Regex => {}
        }
    }
    match text {
        Some(at) => Ok((&mask[..at], Some(&mask[at + 1..]))),
        None if doubtful => Err(MaskError::Ambiguous(mask.to_owned())),
        None => Ok((mask, None)),
    }
}

/// Each `=` that could end a regex: outside parentheses and brackets, not
/// behind a backslash. Behind `$1` there is no regex any more.
fn ends(mask: &str) -> Vec<usize> {
    let bytes = mask.as_bytes();
    let mut ends = Vec::new();
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            b'[' => match class_end(bytes, at) {
                Some(end) => at = end,
                // Not a class: no regex, but a text may have it.
                None => break,
            },
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b'$' if depth == 0 && is_group(&mask[at + 1..]) => break,
            b'=' if depth == 0 => ends.push(at),
            _ => {}
        }
        at += 1;
    }
    ends
}

/// Whether a group's name or number follows a `$`.
fn is_group(behind: &str) -> bool {
    behind.starts_with('{') || name_length(behind) > 0
}

/// Where the class ends that begins at `at`: its closing bracket.
fn class_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut depth = 0;
    let mut at = at;
    loop {
        match bytes.get(at)? {
            b'\\' => at += 1,
            b'[' => {
                depth += 1;
                at += usize::from(bytes.get(at + 1) == Some(&b'^'));
                // The first character of a class may be the bracket itself.
                at += usize::from(bytes.get(at + 1) == Some(&b']'));
            }
            b']' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
        at += 1;
    }
}

/// What a part behind an `=` is.
fn kind(part: &str) -> Kind {
    let bytes = part.as_bytes();
    let mut kind = Kind::Text;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        // What a quantifier would repeat: an `=` is before the part.
        let before = at.checked_sub(1).map_or(b'=', |before| bytes[before]);
        let behind = &bytes[at + 1..];
        let here = match byte {
            b'\\' => Kind::Regex,
            b'(' if behind.starts_with(b"?") => Kind::Regex,
            b'[' => match class_end(bytes, at) {
                Some(end) => class_kind(&bytes[at + 1..end]),
                None => Kind::Either,
            },
            b'{' if before == b'$' => Kind::Text,
            b'{' if is_count(behind) => Kind::Regex,
            b'*' | b'+' | b'?' if matches!(before, b'.' | b']' | b')') => {
                // Three stars are never a quantifier, but a text.
                match behind.first() {
                    Some(b'*') => Kind::Either,
                    _ => Kind::Regex,
                }
            }
            b'*' if before == b'*' || behind.first() == Some(&b'*') => Kind::Text,
            b'*' | b'+' | b'?' | b'|' | b'^' => Kind::Either,
            b'$' if behind.first() == Some(&b'$') => {
                at += 1;
                Kind::Text
            }
            b'$' if !is_group(&part[at + 1..]) => Kind::Either,
            b'.' if is_pattern_of_dots(bytes) => Kind::Either,
            _ => Kind::Text,
        };
        kind = kind.max(here);
        at += 1;
    }
    kind
}

/// Whether dots and what groups or parts them are all there is. `cvv=...` and
/// `pin=(....)` mean any characters: taken for texts, they would show these.
fn is_pattern_of_dots(part: &[u8]) -> bool {
    part.iter().all(|byte| b".()-/:,; ".contains(byte))
}

/// Whether it is the rest of `{2}`, `{2,}` or `{2,4}`.
fn is_count(behind: &[u8]) -> bool {
    let end = behind.iter().position(|&byte| byte == b'}');
    let inner = &behind[..end.unwrap_or(0)];
    let digits_and_commas = |byte: &u8| byte.is_ascii_digit() || *byte == b',';
    inner.first().is_some_and(u8::is_ascii_digit) && inner.iter().all(digits_and_commas)
}

/// What is in brackets: words are a text, `a-z` and `^"` are not.
fn class_kind(inner: &[u8]) -> Kind {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || !byte.is_ascii();
    let plain = |byte: &u8| is_word(byte) || b" -*.:#/".contains(byte);
    let range = |at: usize| {
        let before = inner[..at]
            .iter()
            .rev()
            .take_while(|byte| is_word(byte))
            .count();
        let behind = inner[at + 1..]
            .iter()
            .take_while(|byte| is_word(byte))
            .count();
        before < 2 || behind < 2
    };
    let ranges = || (0..inner.len()).any(|at| inner[at] == b'-' && range(at));
    match !inner.is_empty() && inner.iter().all(plain) && !ranges() {
        true => Kind::Text,
        false => Kind::Either,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_text_begins() {
        let cases = [
            (r"password", r"password", None),
            (r"password=\S+", r"password=\S+", None),
            (r"password=\S+=***", r"password=\S+", Some("***")),
            (r"password=\S+=", r"password=\S+", Some("")),
            (r"(token=)\S+=$1***", r"(token=)\S+", Some("$1***")),
            (r"(token)=\S+=$1=***", r"(token)=\S+", Some("$1=***")),
            (
                r"(?P<k>token)=\S+=${k}=x",
                r"(?P<k>token)=\S+",
                Some("${k}=x"),
            ),
            (r"(token=)\S+", r"(token=)\S+", None),
            (r"(?:a=b|c=d)", r"(?:a=b|c=d)", None),
            (r"key=[^&]*", r"key=[^&]*", None),
            (r"key=.*", r"key=.*", None),
            (r"key=.+?;", r"key=.+?;", None),
            (r"key=(\w+)", r"key=(\w+)", None),
            (r"key=[0-9a-f]{32}", r"key=[0-9a-f]{32}", None),
            (
                r"key=[0-9a-f]{32}=<key>",
                r"key=[0-9a-f]{32}",
                Some("<key>"),
            ),
            (r"key=(?i)a", r"key=(?i)a", None),
            (r"key=x{3}", r"key=x{3}", None),
            (r#""password":"[^"]*""#, r#""password":"[^"]*""#, None),
            (r#"password="[^"]*""#, r#"password="[^"]*""#, None),
            (r"[A-Za-z0-9+/=]{40}", r"[A-Za-z0-9+/=]{40}", None),
            (r"[A-Za-z0-9+/]{40}={0,2}", r"[A-Za-z0-9+/]{40}={0,2}", None),
            (r"[]=]+", r"[]=]+", None),
            (r"[^]=]+=x", r"[^]=]+", Some("x")),
            (r"[[:alpha:]=]+", r"[[:alpha:]=]+", None),
            (r"a\=b", r"a\=b", None),
            (r"a\x3db", r"a\x3db", None),
            (r"\d{16}=CARD", r"\d{16}", Some("CARD")),
            (r"\d{16}=[card number]", r"\d{16}", Some("[card number]")),
            (r"\d{16}=[CARD-NO]", r"\d{16}", Some("[CARD-NO]")),
            (r"\d+=(number)", r"\d+", Some("(number)")),
            (r"\d+=x.x.x.x", r"\d+", Some("x.x.x.x")),
            (r"\d+=US$$", r"\d+", Some("US$$")),
            (r"\d+=[...]", r"\d+", Some("[...]")),
            (r"\d+=<...>", r"\d+", Some("<...>")),
            ("hunter2=\u{2026}", "hunter2", Some("\u{2026}")),
            (r"pin=1234", r"pin", Some("1234")),
            (r"", r"", None),
        ];
        for (mask, regex, text) in cases {
            assert_eq!(split(mask), Ok((regex, text)), "{mask}");
        }
    }

    #[test]
    fn what_could_be_both_is_refused() {
        let masks = [
            "a=b=***",
            r"password=\S+=password=***",
            "key=a+",
            "key=a*",
            "key=a|b",
            "key=a$",
            "key=^a",
            "key=.",
            "cvv=...",
            "pin=(....)",
            "date=....-..-..",
            "card=.... .... .... ....",
            "key=[0-9]",
            "key=[a-z]",
            "key=[abc",
            "x{22}==",
            "x+=*",
            "x+=?",
            "key=.***",
            r"\w+: key=abc=***",
        ];
        for mask in masks {
            assert_eq!(
                split(mask),
                Err(MaskError::Ambiguous(mask.to_owned())),
                "{mask}"
            );
        }
    }
}
