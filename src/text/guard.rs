//! Text of others made safe: what a sender put into a record can't look like
//! a record of its own, nor steer a terminal.

/// What becomes of control characters in a record's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Escape {
    /// They stay.
    #[default]
    None,
    /// They are escaped, line feeds included: one record is one line.
    Controls,
    /// Each further line is indented by a tab; all others are escaped.
    Lines,
}

/// Makes what stands in `out` from `start` on safe. `scratch` is room that is
/// used again.
///
/// Escaped are the C0 and C1 controls and DEL but for the tab, the line and
/// paragraph separators of Unicode, and what changes the direction of text
/// (UAX #9 section 2). They become `\xNN` or `\uNNNN`, and so do bytes that are
/// no UTF-8. A backslash is left as it is: what is shown is for the eye, not to
/// be read back.
///
/// Costs a look at each byte, and a copy only where there is something to do.
#[inline]
pub fn guard(escape: Escape, start: usize, out: &mut Vec<u8>, scratch: &mut Vec<u8>) {
    if escape != Escape::None && !are_plain(&out[start..]) {
        rewrite(escape, start, out, scratch);
    }
}

fn rewrite(escape: Escape, start: usize, out: &mut Vec<u8>, scratch: &mut Vec<u8>) {
    scratch.clear();
    scratch.extend_from_slice(&out[start..]);
    out.truncate(start);
    for chunk in scratch.utf8_chunks() {
        write_text(escape, chunk.valid(), out);
        for byte in chunk.invalid() {
            write_byte(*byte, out);
        }
    }
}

/// In pieces without a way out of them, which the compiler makes vectors of. The
/// last of them overlaps with the one before.
fn are_plain(bytes: &[u8]) -> bool {
    let piece = |bytes: &[u8]| bytes.iter().fold(true, |all, byte| all & is_plain(*byte));
    let (pieces, rest) = bytes.as_chunks::<32>();
    let last = match bytes.last_chunk::<32>() {
        Some(last) => piece(last),
        None => piece(rest),
    };
    last && pieces.iter().all(|bytes| piece(bytes))
}

/// ASCII that is no control but the tab.
fn is_plain(byte: u8) -> bool {
    (b' '..0x7f).contains(&byte) || byte == b'\t'
}

fn write_text(escape: Escape, text: &str, out: &mut Vec<u8>) {
    let mut plain = 0;
    for (at, ch) in text.char_indices() {
        if !is_unsafe(ch) {
            continue;
        }
        let behind = at + ch.len_utf8();
        out.extend_from_slice(&text.as_bytes()[plain..at]);
        plain = behind;
        match (ch, escape) {
            ('\n', Escape::Lines) => out.extend_from_slice(b"\n\t"),
            // With the line feed it is one line end.
            ('\r', Escape::Lines) if text.as_bytes().get(behind) == Some(&b'\n') => {}
            ('\n', _) => out.extend_from_slice(b"\\n"),
            ('\r', _) => out.extend_from_slice(b"\\r"),
            (ch, _) => match u8::try_from(ch) {
                Ok(byte) if byte.is_ascii() => write_byte(byte, out),
                _ => {
                    out.extend_from_slice(b"\\u");
                    let code = u32::from(ch);
                    for shift in [12, 8, 4, 0] {
                        out.push(digit(code >> shift));
                    }
                }
            },
        }
    }
    out.extend_from_slice(&text.as_bytes()[plain..]);
}

/// All of them are below U+10000.
fn is_unsafe(ch: char) -> bool {
    match ch {
        '\t' => false,
        ch if ch < '\u{7f}' => ch < ' ',
        '\u{7f}'..='\u{9f}' | '\u{61c}' | '\u{200e}' | '\u{200f}' => true,
        '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => true,
        _ => false,
    }
}

fn write_byte(byte: u8, out: &mut Vec<u8>) {
    let digits = [digit(u32::from(byte >> 4)), digit(u32::from(byte))];
    out.extend_from_slice(b"\\x");
    out.extend_from_slice(&digits);
}

fn digit(value: u32) -> u8 {
    b"0123456789abcdef"[(value & 15) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn guarded(escape: Escape, text: &[u8]) -> String {
        let mut out = b"\n\x1b".to_vec();
        guard(escape, 2, &mut out, &mut Vec::new());
        out.extend_from_slice(text);
        guard(escape, 2, &mut out, &mut Vec::new());
        assert_eq!(&out[..2], b"\n\x1b");
        String::from_utf8(out[2..].to_vec()).unwrap()
    }

    #[test]
    fn further_lines_are_indented_and_controls_escaped() {
        let text = "a\tb\r\nc\n\rd\x1b[31m\0\u{85}\u{2028}\u{202e}ä€".as_bytes();
        assert_eq!(
            guarded(Escape::Lines, text),
            "a\tb\n\tc\n\t\\rd\\x1b[31m\\x00\\u0085\\u2028\\u202eä€"
        );
        assert_eq!(
            guarded(Escape::Controls, text),
            "a\tb\\r\\nc\\n\\rd\\x1b[31m\\x00\\u0085\\u2028\\u202eä€"
        );
        assert_eq!(guarded(Escape::None, text).as_bytes(), text);
        assert_eq!(guarded(Escape::Lines, b"a\xffb\xc3"), "a\\xffb\\xc3");
    }

    proptest! {
        #[test]
        fn nothing_unsafe_is_left(text: Vec<u8>) {
            let lines = guarded(Escape::Lines, &text);
            prop_assert!(lines.split("\n\t").all(|line| !line.chars().any(is_unsafe)));
            let line = guarded(Escape::Controls, &text);
            prop_assert!(!line.chars().any(is_unsafe));
        }
    }
}
