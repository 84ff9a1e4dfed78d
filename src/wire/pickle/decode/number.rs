//! Whole numbers of any length, as text.

/// The longest number, in bytes, that is written in decimal: 2,466 digits. It
/// costs the square of the length, so a longer one is written in hexadecimal.
pub(super) const DECIMAL: usize = 1024;

/// A number in two's complement, the lowest byte first, apart in its sign and
/// its digits of 32 bits, the lowest first.
fn magnitude(bytes: &[u8]) -> (bool, Vec<u32>) {
    let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
    let fill = if negative { 0xff } else { 0 };
    let mut digits: Vec<u32> = bytes
        .chunks(4)
        .map(|chunk| {
            let mut all = [fill; 4];
            all[..chunk.len()].copy_from_slice(chunk);
            u32::from_le_bytes(all)
        })
        .collect();
    if negative {
        let mut carry = true;
        for digit in &mut digits {
            (*digit, carry) = (!*digit).overflowing_add(u32::from(carry));
        }
        if carry {
            digits.push(1);
        }
    }
    (negative, digits)
}

/// In decimal, of at most [`DECIMAL`] bytes.
pub(super) fn decimal(bytes: &[u8]) -> String {
    const GROUP: u64 = 1_000_000_000;
    let (negative, digits) = magnitude(bytes);
    // Nine decimal digits each, the lowest first.
    let mut groups: Vec<u32> = vec![0];
    for digit in digits.iter().rev() {
        let mut carry = u64::from(*digit);
        for group in &mut groups {
            let value = u64::from(*group) << 32 | carry;
            *group = (value % GROUP) as u32;
            carry = value / GROUP;
        }
        while carry > 0 {
            groups.push((carry % GROUP) as u32);
            carry /= GROUP;
        }
    }
    let mut text = if negative { "-" } else { "" }.to_owned();
    for (place, group) in groups.iter().rev().enumerate() {
        text.push_str(&match place {
            0 => group.to_string(),
            _ => format!("{group:09}"),
        });
    }
    text
}

/// Its digits to the base of 16, and whether it is below zero.
pub(super) fn hexadecimal(bytes: &[u8]) -> (bool, String) {
    let (negative, digits) = magnitude(bytes);
    let text: String = digits
        .iter()
        .rev()
        .map(|digit| format!("{digit:08x}"))
        .collect();
    let text = text.trim_start_matches('0');
    (
        negative,
        if text.is_empty() { "0" } else { text }.to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn edges() {
        assert_eq!(decimal(b"\0\0\0\0\0\0\0\0\x01"), "18446744073709551616");
        assert_eq!(decimal(b"\0\0\0\0\0\0\0\0\xff"), "-18446744073709551616");
        assert_eq!(decimal(b"\0\0\0\x80"), "-2147483648");
        let large = [[0xff; DECIMAL - 1].as_slice(), b"\x7f"].concat();
        assert_eq!(decimal(&large).len(), 2466);
        assert_eq!(hexadecimal(b"\0\x80"), (true, "8000".into()));
        assert_eq!(hexadecimal(b""), (false, "0".into()));
    }

    proptest! {
        #[test]
        fn as_the_language_has_it(number: i128) {
            let bytes = number.to_le_bytes();
            prop_assert_eq!(decimal(&bytes), number.to_string());
            let hex = (number < 0, format!("{:x}", number.unsigned_abs()));
            prop_assert_eq!(hexadecimal(&bytes), hex);
        }
    }
}
