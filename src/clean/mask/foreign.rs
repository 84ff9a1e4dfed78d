//! Bytes that are no UTF-8, as characters for a while.
//!
//! `\S`, `.` and `[^&]` of a regex are characters, and none of them fits such a
//! byte: of `password=p\xe4ss` in Latin-1, `password=\S+` would replace the
//! beginning and show the rest.

use regex::bytes::Regex;

/// The characters that stand for bytes, from 0x80 on, are the last ones of
/// Unicode: nobody has given them a meaning, and they are no white space.
const FIRST: char = '\u{10ff80}';

/// Replaces each byte that is no part of a character by a character that stands
/// for it; and each byte of a character that would be taken for one of these.
pub(crate) fn stand_in(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(2 * bytes.len());
    let push = |out: &mut Vec<u8>, bytes: &[u8]| {
        for byte in bytes {
            // 0x80 to 0xbf, 0xc0 to 0xff.
            let last = [0xbe + (byte >> 6 & 1), 0x80 | byte & 0x3f];
            out.extend_from_slice(&[0xf4, 0x8f, last[0], last[1]]);
        }
    };
    for chunk in bytes.utf8_chunks() {
        let mut rest = chunk.valid();
        while let Some(at) = rest.find(|ch| ch >= FIRST) {
            let (plain, taken) = rest.split_at(at);
            // All of them take four bytes.
            let (taken, behind) = taken.split_at(4);
            out.extend_from_slice(plain.as_bytes());
            push(&mut out, taken.as_bytes());
            rest = behind;
        }
        out.extend_from_slice(rest.as_bytes());
        push(&mut out, chunk.invalid());
    }
    out
}

/// Whether one of these matches a text, of which a byte that is no UTF-8 is a character,
/// too. A text that none matches is looked through once more, for such bytes.
pub(crate) fn any_matches(patterns: &[Regex], text: &[u8]) -> bool {
    let any = |text: &[u8]| patterns.iter().any(|pattern| pattern.is_match(text));
    any(text) || !patterns.is_empty() && std::str::from_utf8(text).is_err() && any(&stand_in(text))
}

/// Puts the bytes back.
pub(super) fn restore(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = match rest {
            [0xf4, 0x8f, high @ (0xbe | 0xbf), low, behind @ ..] => {
                out.push(0x80 | (high & 1) << 6 | low & 0x3f);
                behind
            }
            _ => {
                out.push(byte);
                behind
            }
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_byte_comes_back() {
        for byte in 0..=255u8 {
            let text = stand_in(&[b'a', byte, b'b']);
            assert!(std::str::from_utf8(&text).is_ok(), "{byte}");
            assert_eq!(restore(&text), [b'a', byte, b'b'], "{byte}");
        }
    }

    proptest! {
        #[test]
        fn what_is_restored_is_what_was(
            bytes in proptest::collection::vec(
                prop_oneof![any::<u8>(), Just(0xf4), Just(0x8f), Just(0xbe), Just(0x80)], 0..40)
        ) {
            let text = stand_in(&bytes);
            prop_assert!(std::str::from_utf8(&text).is_ok());
            prop_assert_eq!(restore(&text), bytes);
        }
    }
}
