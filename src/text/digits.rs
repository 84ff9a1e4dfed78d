//! The text of floats and of quoted strings as Python has it, where
//! `std::fmt` has it in another way.

use std::io::Write as _;

/// Appends a number, with zeros before it until it is at least `least` digits long.
/// For what every record has: a tenth of the time of `std::fmt`.
pub(crate) fn write_number(number: u64, least: usize, out: &mut Vec<u8>) {
    // No u64 has more digits.
    let mut digits = [b'0'; 20];
    let (mut rest, mut at) = (number, digits.len());
    while rest > 0 {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    let at = at.min(digits.len().saturating_sub(least));
    out.extend_from_slice(&digits[at..]);
}

/// How many digits stand before the point, the exponent or the per cent sign.
pub(super) fn whole_part(digits: &[u8]) -> usize {
    let end = digits.iter().position(|b| !b.is_ascii_digit());
    end.unwrap_or(digits.len())
}

/// Puts separators into the whole part, and zeros before it until it is at
/// least `least` characters long.
pub(super) fn group_digits(
    digits: &mut Vec<u8>,
    whole: usize,
    group: usize,
    separator: u8,
    least: usize,
) {
    let mut count = whole;
    while count + count.saturating_sub(1) / group < least {
        count += 1;
    }
    digits.splice(0..0, std::iter::repeat_n(b'0', count - whole));
    let mut at = count;
    while at > group {
        at -= group;
        digits.insert(at, separator);
    }
}

/// Writes what Python's `str` makes of a float: the fewest digits that read
/// back as the same number.
pub(super) fn write_float(n: f64, out: &mut Vec<u8>) {
    let start = out.len();
    // Debug has Python's limits for exponents (1e16 and 1e-4), but not its
    // way to write them.
    let _ = write!(out, "{n:?}");
    if out[start..].contains(&b'e') {
        let mut text = out.split_off(start);
        pythonic_exponent(&mut text);
        out.append(&mut text);
    }
}

/// Turns Rust's `1e5` into Python's `1e+05`.
pub(super) fn pythonic_exponent(digits: &mut Vec<u8>) {
    let Some(e) = digits.iter().rposition(|&b| b == b'e') else {
        return;
    };
    let mut at = e + 1;
    match digits.get(at) {
        Some(b'-') => {}
        _ => digits.insert(at, b'+'),
    }
    at += 1;
    if digits.len() - at < 2 {
        digits.insert(at, b'0');
    }
}

/// `g`, or a float without a letter but with a precision (`pointed`), which
/// keeps at least one digit behind the point.
pub(super) fn general(
    n: f64,
    precision: usize,
    pointed: bool,
    keep_zeros: bool,
    out: &mut Vec<u8>,
) {
    let precision = precision.max(1);
    let after_point = precision - 1;
    let _ = write!(out, "{n:.after_point$e}");
    let e = out.iter().rposition(|&b| b == b'e').unwrap_or(out.len());
    let exponent = std::str::from_utf8(&out[(e + 1).min(out.len())..])
        .ok()
        .and_then(|text| text.parse::<i64>().ok())
        .unwrap_or(0);
    // CPython's format_float_short: with a point to add, one digit is its.
    let limit = precision as i64 - i64::from(pointed);
    if exponent < -4 || exponent >= limit {
        if !keep_zeros {
            let kept = without_zeros(&out[..e]);
            out.drain(kept..e);
        }
        pythonic_exponent(out);
        return;
    }
    out.clear();
    let after_point = usize::try_from(after_point as i64 - exponent).unwrap_or(0);
    let _ = write!(out, "{n:.after_point$}");
    if !keep_zeros && out.contains(&b'.') {
        out.truncate(without_zeros(out));
    }
    if pointed && !out.contains(&b'.') {
        out.extend_from_slice(b".0");
    }
}

/// The length of `digits` without zeros at its end, and without a point there.
fn without_zeros(digits: &[u8]) -> usize {
    if !digits.contains(&b'.') {
        return digits.len();
    }
    let zeros = digits.iter().rev().take_while(|&&b| b == b'0').count();
    let kept = digits.len() - zeros;
    kept - usize::from(digits[..kept].ends_with(b"."))
}

/// Writes what Python's `repr` makes of a string; with `ascii`, its `ascii`.
pub(super) fn write_repr(text: &[u8], ascii: bool, out: &mut Vec<u8>) {
    let quote = match text.contains(&b'\'') && !text.contains(&b'"') {
        true => '"',
        false => '\'',
    };
    out.push(quote as u8);
    let chars = text.utf8_chunks().flat_map(|chunk| {
        let broken = (!chunk.invalid().is_empty()).then_some(char::REPLACEMENT_CHARACTER);
        chunk.valid().chars().chain(broken)
    });
    for ch in chars {
        // Writing to a vector cannot fail.
        let _ = match ch {
            '\n' => write!(out, "\\n"),
            '\r' => write!(out, "\\r"),
            '\t' => write!(out, "\\t"),
            '\\' => write!(out, "\\\\"),
            _ if ch == quote => write!(out, "\\{ch}"),
            _ if (!ascii || ch.is_ascii()) && is_printable(ch) => write!(out, "{ch}"),
            _ => match u32::from(ch) {
                n @ ..0x100 => write!(out, "\\x{n:02x}"),
                n @ ..0x10000 => write!(out, "\\u{n:04x}"),
                n => write!(out, "\\U{n:08x}"),
            },
        };
    }
    out.push(quote as u8);
}

/// Whether Python's `str.isprintable` would say so: neither a control nor
/// another character that does not show, and no space but the one of ASCII.
fn is_printable(ch: char) -> bool {
    if ch.is_ascii() {
        return !ch.is_control();
    }
    // Rust escapes the same ones, and marks that stand alone: not behind a letter.
    let mut pair = [b'a'; 5];
    let end = 1 + ch.encode_utf8(&mut pair[1..]).len();
    std::str::from_utf8(&pair[..end]).is_ok_and(|pair| pair.escape_debug().count() == 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_pythons() {
        let cases = [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5e300, "1.5e+300"),
            (1700000000.123456, "1700000000.123456"),
        ];
        for (number, text) in cases {
            let mut out = Vec::new();
            write_float(number, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }

    #[test]
    fn repr_is_pythons() {
        let cases: [(&[u8], bool, &str); 8] = [
            (b"plain", false, "'plain'"),
            (b"it's", false, "\"it's\""),
            (b"it's \"so\"", false, r#"'it\'s "so"'"#),
            (b"a\tb\n\x1b\\", false, r"'a\tb\n\x1b\\'"),
            ("\u{f6}".as_bytes(), false, "'\u{f6}'"),
            (
                "e\u{301}\u{4e2d}\u{1f600}".as_bytes(),
                false,
                "'e\u{301}\u{4e2d}\u{1f600}'",
            ),
            (
                "\u{85}\u{a0}\u{ad}\u{200b}\u{202e}\u{2028}\u{e000}\u{e0001}".as_bytes(),
                false,
                r"'\x85\xa0\xad\u200b\u202e\u2028\ue000\U000e0001'",
            ),
            ("\u{f6}\u{1f600}".as_bytes(), true, r"'\xf6\U0001f600'"),
        ];
        for (text, ascii, want) in cases {
            let mut out = Vec::new();
            write_repr(text, ascii, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), want);
        }
    }
}
