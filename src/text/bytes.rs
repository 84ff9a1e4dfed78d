//! Many bytes of a line looked at as one.

/// How many bytes [`is_dull`] looks at.
pub(crate) const STRIDE: usize = 32;

/// Whether the next [`STRIDE`] bytes have nothing to look at. Written so that
/// the compiler makes vector instructions of it: no branch, one byte each.
pub(crate) fn is_dull(text: &[u8]) -> bool {
    let (Some(bytes), Some(next)) = (
        text.first_chunk::<STRIDE>(),
        text.get(1..).and_then(|text| text.first_chunk::<STRIDE>()),
    ) else {
        return false;
    };
    let mut found = 0;
    for (&b, &next) in bytes.iter().zip(next) {
        let special = u8::from(b == b'[') | u8::from(b & !1 == b'<');
        let pair = u8::from(b.is_ascii_uppercase()) & u8::from(next.is_ascii_uppercase());
        found |= special | pair;
    }
    found == 0
}

pub(crate) const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = ONES * 0x80;

/// The next eight bytes, the first of them the lowest; zeros behind the end.
pub(crate) fn word_of(text: &[u8]) -> u64 {
    match text.first_chunk() {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => text
            .iter()
            .rev()
            .fold(0, |word, &b| word << 8 | u64::from(b)),
    }
}

/// Sets the sign bit of each byte that is an upper-case ASCII letter.
pub(crate) fn upper_case(word: u64) -> u64 {
    letters_from(word, b'A')
}

/// Sets the sign bit of each byte that is a lower-case ASCII letter.
pub(crate) fn lower_case(word: u64) -> u64 {
    letters_from(word, b'a')
}

/// Sets the sign bit of each byte that is one of the 26 from `first` on.
fn letters_from(word: u64, first: u8) -> u64 {
    let low = word & !HIGH;
    // Neither sum can carry into the next byte.
    let from_first = low + ONES * (0x80 - u64::from(first));
    let beyond_last = low + ONES * (0x80 - 26 - u64::from(first));
    from_first & !beyond_last & !word & HIGH
}

/// Sets the sign bit of each byte that is equal to `byte`.
pub(crate) fn equal(word: u64, byte: u8) -> u64 {
    let differs = word ^ (ONES * u64::from(byte));
    !(((differs & !HIGH) + !HIGH) | differs) & HIGH
}

/// Where the first byte stands that is a control of ASCII but DEL, or one of `others`.
#[inline]
pub(crate) fn first_control_or<const N: usize>(text: &[u8], others: [u8; N]) -> Option<usize> {
    // Right up to the first that is found: what is above it may be one too many.
    let below = |word: u64, least: u8| word.wrapping_sub(ONES * u64::from(least)) & !word & HIGH;
    let found = |word: u64| {
        let others = others.map(|byte| below(word ^ (ONES * u64::from(byte)), 1));
        others
            .into_iter()
            .fold(below(word, b' '), |all, one| all | one)
    };
    let (words, rest) = text.as_chunks();
    for (index, word) in words.iter().enumerate() {
        let found = found(u64::from_le_bytes(*word));
        if found != 0 {
            return Some(index * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let matches = |byte: &u8| *byte < b' ' || others.contains(byte);
    let at = rest.iter().position(matches)?;
    Some(text.len() - rest.len() + at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_first_that_is_special(text in "[a-z\"\\\\ \x00-\x1f\x7f\u{80}-\u{ff}]{0,40}") {
            let others = [b'"', b'\\', 0xc2];
            let is_special = |byte: u8| byte < b' ' || others.contains(&byte);
            prop_assert_eq!(first_control_or(text.as_bytes(), others), text.bytes().position(is_special));
        }
    }

    #[test]
    fn words_of_eight() {
        for byte in 0..=255_u8 {
            let word = u64::from_le_bytes([b'a', byte, 0, 0xff, byte, b'[', 1, byte]);
            let at = 0x8000_0080_0000_8000;
            let upper = if byte.is_ascii_uppercase() { at } else { 0 };
            assert_eq!(upper_case(word), upper, "{byte}");
            let lower = if byte.is_ascii_lowercase() { at } else { 0 };
            assert_eq!(lower_case(word), 0x80 | lower, "{byte}");
            let bracket = 0x80 << 40 | if byte == b'[' { at } else { 0 };
            assert_eq!(equal(word, b'['), bracket, "{byte}");
        }
    }
}
