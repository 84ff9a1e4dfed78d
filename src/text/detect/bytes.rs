//! Many bytes of a line looked at as one.

/// How many bytes [`is_dull`] looks at.
pub(super) const STRIDE: usize = 32;

/// Whether the next [`STRIDE`] bytes have nothing to look at. Written so that
/// the compiler makes vector instructions of it: no branch, one byte each.
pub(super) fn is_dull(text: &[u8]) -> bool {
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

pub(super) const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = ONES * 0x80;

/// Sets the sign bit of each byte that is an upper-case ASCII letter.
pub(super) fn upper_case(word: u64) -> u64 {
    let low = word & !HIGH;
    // Neither sum can carry into the next byte.
    let from_a = low + ONES * (0x80 - b'A' as u64);
    let beyond_z = low + ONES * (0x7f - b'Z' as u64);
    from_a & !beyond_z & !word & HIGH
}

/// Sets the sign bit of each byte that is equal to `byte`.
pub(super) fn equal(word: u64, byte: u8) -> u64 {
    let differs = word ^ (ONES * u64::from(byte));
    !(((differs & !HIGH) + !HIGH) | differs) & HIGH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_eight() {
        for byte in 0..=255_u8 {
            let word = u64::from_le_bytes([b'a', byte, 0, 0xff, byte, b'[', 1, byte]);
            let at = 0x8000_0080_0000_8000;
            let upper = if byte.is_ascii_uppercase() { at } else { 0 };
            assert_eq!(upper_case(word), upper, "{byte}");
            let bracket = 0x80 << 40 | if byte == b'[' { at } else { 0 };
            assert_eq!(equal(word, b'['), bracket, "{byte}");
        }
    }
}
