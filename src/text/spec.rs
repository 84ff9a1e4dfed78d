//! Format specs: `<8` of `{levelname:<8}`, `-8s` of `%(levelname)-8s`.
//!
//! The mini-language is Python's, so that a format string of a Python program
//! gives the same bytes here; `std::fmt` has neither its `g`, its grouping nor
//! its exponents, which is why numbers are put together by hand below.

use std::io::Write as _;

use super::digits::{general, group_digits, pythonic_exponent, whole_part, write_float};

/// Where the value stands in a field that is wider than it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
    Center,
    /// Fill between the sign and the digits (`=`).
    AfterSign,
}

/// What a conversion makes of a value, by the letter that stands for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// No letter: by the value's own type.
    Any,
    Text,
    Repr,
    Ascii,
    Char,
    /// `d`, and `i`, `u` of percent style.
    Decimal,
    /// `n`: `d` or `g`, by the number, as no locale has a say here.
    Locale,
    Binary,
    Octal,
    Hex,
    HexUpper,
    /// `f`, `e` and `g`, in the case of the letter.
    Fixed,
    Exponent {
        upper: bool,
    },
    General {
        upper: bool,
    },
    /// `%` of brace style.
    Percent,
}

impl Kind {
    /// A conversion of whole numbers only.
    pub(super) fn is_integer(self) -> bool {
        use Kind::*;
        matches!(self, Char | Decimal | Binary | Octal | Hex | HexUpper)
    }

    /// A conversion of numbers only.
    pub(super) fn is_number(self) -> bool {
        !matches!(self, Kind::Any | Kind::Text | Kind::Repr | Kind::Ascii)
    }
}

/// A compiled format spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spec {
    pub(super) fill: char,
    /// `None`: numbers right, everything else left.
    pub(super) align: Option<Align>,
    /// `+` or a space in front of what is not negative.
    pub(super) sign: Option<u8>,
    /// `z`: no minus in front of what was rounded to zero.
    pub(super) no_negative_zero: bool,
    /// `#`.
    pub(super) alternate: bool,
    /// `0` in front of the width: numbers are filled after the sign.
    pub(super) zero: bool,
    pub(super) width: usize,
    /// `,` or `_`.
    pub(super) grouping: Option<u8>,
    pub(super) precision: Option<usize>,
    pub(super) kind: Kind,
    /// Percent style: `d` cuts a float off, and has a precision of digits.
    pub(super) percent_style: bool,
}

impl Default for Spec {
    fn default() -> Self {
        Spec {
            fill: ' ',
            align: None,
            sign: None,
            no_negative_zero: false,
            alternate: false,
            zero: false,
            width: 0,
            grouping: None,
            precision: None,
            kind: Kind::Any,
            percent_style: false,
        }
    }
}

/// A number as a record holds it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Int(i128),
    Float(f64),
}

impl Number {
    /// Reads a number's JSON text; `None` if it is beyond either type.
    pub(super) fn from_json(text: &str) -> Option<Number> {
        if text.bytes().any(|b| matches!(b, b'.' | b'e' | b'E')) {
            let float = text.parse::<f64>().ok().filter(|n| n.is_finite())?;
            return Some(Number::Float(float));
        }
        text.parse().ok().map(Number::Int)
    }
}

/// Counts characters, each run of invalid bytes as the one U+FFFD that it
/// would be shown as.
pub(super) fn width_of(text: &[u8]) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    let chunks = text.utf8_chunks();
    chunks
        .map(|chunk| chunk.valid().chars().count() + usize::from(!chunk.invalid().is_empty()))
        .sum()
}

/// The length in bytes of the first `count` characters.
fn prefix_len(text: &[u8], count: usize) -> usize {
    let (mut left, mut len) = (count, 0);
    for chunk in text.utf8_chunks() {
        for ch in chunk.valid().chars() {
            if left == 0 {
                return len;
            }
            left -= 1;
            len += ch.len_utf8();
        }
        if !chunk.invalid().is_empty() {
            if left == 0 {
                return len;
            }
            left -= 1;
            len += chunk.invalid().len();
        }
    }
    len
}

fn push_fill(fill: char, count: usize, out: &mut Vec<u8>) {
    if fill.is_ascii() {
        out.resize(out.len() + count, fill as u8);
        return;
    }
    let mut utf8 = [0; 4];
    let utf8 = fill.encode_utf8(&mut utf8).as_bytes();
    for _ in 0..count {
        out.extend_from_slice(utf8);
    }
}

impl Spec {
    /// Writes `text`, cut to the precision and padded to the width.
    pub(super) fn write_text(&self, text: &[u8], out: &mut Vec<u8>) {
        let cut = self.precision.map_or(text.len(), |n| prefix_len(text, n));
        self.pad(&text[..cut], out);
    }

    /// Writes `text` as it is, padded to the width: what becomes of a value
    /// that the conversion does not fit.
    pub(super) fn write_unconverted(&self, text: &[u8], out: &mut Vec<u8>) {
        let align = match self.kind.is_number() || self.percent_style {
            true => Align::Right,
            false => Align::Left,
        };
        let fill = if self.zero { ' ' } else { self.fill };
        self.pad_with(fill, text, align, out);
    }

    fn pad(&self, text: &[u8], out: &mut Vec<u8>) {
        let default = match self.percent_style {
            true => Align::Right,
            false => Align::Left,
        };
        self.pad_with(self.fill, text, default, out);
    }

    fn pad_with(&self, fill: char, text: &[u8], default: Align, out: &mut Vec<u8>) {
        if self.width == 0 {
            out.extend_from_slice(text);
            return;
        }
        let room = self.width.saturating_sub(width_of(text));
        let before = match self.align.unwrap_or(default) {
            Align::Left => 0,
            Align::Right | Align::AfterSign => room,
            Align::Center => room / 2,
        };
        push_fill(fill, before, out);
        out.extend_from_slice(text);
        push_fill(fill, room - before, out);
    }

    /// Writes a number, or answers false where the conversion does not fit it.
    /// `scratch` is room to work in, kept by the caller from record to record.
    #[must_use]
    pub(super) fn write_number(
        &self,
        number: Number,
        scratch: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> bool {
        use Kind::*;
        scratch.clear();
        match (number, self.kind) {
            (Number::Int(n), Char) => {
                let Some(ch) = u32::try_from(n).ok().and_then(char::from_u32) else {
                    return false;
                };
                self.pad_with(
                    self.fill,
                    ch.encode_utf8(&mut [0; 4]).as_bytes(),
                    Align::Right,
                    out,
                );
                true
            }
            (Number::Int(n), Any | Decimal | Locale | Binary | Octal | Hex | HexUpper) => {
                self.write_int(n, scratch, out);
                true
            }
            (Number::Float(n), Decimal) if self.percent_style && n.abs() < 1e38 => {
                self.write_int(n.trunc() as i128, scratch, out);
                true
            }
            (Number::Int(n), Fixed | Exponent { .. } | General { .. } | Percent) => {
                self.write_float(n as f64, scratch, out);
                true
            }
            (
                Number::Float(n),
                Any | Locale | Fixed | Exponent { .. } | General { .. } | Percent,
            ) => {
                self.write_float(n, scratch, out);
                true
            }
            _ => false,
        }
    }

    fn write_int(&self, n: i128, digits: &mut Vec<u8>, out: &mut Vec<u8>) {
        let magnitude = n.unsigned_abs();
        // Writing to a vector cannot fail.
        let _ = match self.kind {
            Kind::Binary => write!(digits, "{magnitude:b}"),
            Kind::Octal => write!(digits, "{magnitude:o}"),
            Kind::Hex => write!(digits, "{magnitude:x}"),
            Kind::HexUpper => write!(digits, "{magnitude:X}"),
            _ => write!(digits, "{magnitude}"),
        };
        if self.percent_style
            && let Some(least) = self.precision
        {
            let missing = least.saturating_sub(digits.len());
            digits.splice(0..0, std::iter::repeat_n(b'0', missing));
        }
        let prefix: &[u8] = match self.kind {
            Kind::Binary if self.alternate => b"0b",
            Kind::Octal if self.alternate => b"0o",
            Kind::Hex if self.alternate => b"0x",
            Kind::HexUpper if self.alternate => b"0X",
            _ => b"",
        };
        let group = match self.kind {
            Kind::Any | Kind::Decimal | Kind::Locale => 3,
            _ => 4,
        };
        let whole = digits.len();
        self.place(n < 0, prefix, digits, whole, group, out);
    }

    fn write_float(&self, n: f64, digits: &mut Vec<u8>, out: &mut Vec<u8>) {
        let magnitude = n.abs();
        // Python's default precision is 6, and no precision at all in `str`.
        let precision = self.precision.unwrap_or(6);
        // Writing to a vector cannot fail.
        let _ = match self.kind {
            Kind::Fixed => write!(digits, "{magnitude:.precision$}"),
            Kind::Percent => {
                let hundredfold = magnitude * 100.0;
                write!(digits, "{hundredfold:.precision$}%")
            }
            Kind::Exponent { .. } => {
                let _ = write!(digits, "{magnitude:.precision$e}");
                pythonic_exponent(digits);
                Ok(())
            }
            Kind::General { .. } | Kind::Locale => {
                general(magnitude, precision, false, self.alternate, digits);
                Ok(())
            }
            _ => {
                match self.precision {
                    Some(precision) => general(magnitude, precision, true, self.alternate, digits),
                    None => write_float(magnitude, digits),
                }
                Ok(())
            }
        };
        if self.alternate && !digits.contains(&b'.') {
            let at = whole_part(digits);
            digits.insert(at, b'.');
        }
        if let Kind::Exponent { upper: true } | Kind::General { upper: true } = self.kind {
            digits.make_ascii_uppercase();
        }
        let rounded_to_zero = || digits.iter().all(|b| !matches!(b, b'1'..=b'9'));
        let negative = n.is_sign_negative() && !(self.no_negative_zero && rounded_to_zero());
        let whole = whole_part(digits);
        self.place(negative, b"", digits, whole, 3, out);
    }

    /// Puts sign, prefix, grouped digits and fill together. `whole` is how
    /// many of `digits` stand before the point.
    fn place(
        &self,
        negative: bool,
        prefix: &[u8],
        digits: &mut Vec<u8>,
        whole: usize,
        group: usize,
        out: &mut Vec<u8>,
    ) {
        let sign = match negative {
            true => Some(b'-'),
            false => self.sign,
        };
        let affixes = usize::from(sign.is_some()) + prefix.len();
        let align = match (self.align, self.zero) {
            (Some(align), _) => align,
            (None, true) => Align::AfterSign,
            (None, false) => Align::Right,
        };
        let fill = if self.zero { '0' } else { self.fill };
        if let Some(separator) = self.grouping {
            // Zeros that fill are grouped like digits.
            let least = match fill == '0' && align == Align::AfterSign {
                true => self.width.saturating_sub(affixes + digits.len() - whole),
                false => 0,
            };
            group_digits(digits, whole, group, separator, least);
        }
        let room = self.width.saturating_sub(affixes + digits.len());
        let (before, between) = match align {
            Align::Left => (0, 0),
            Align::Right => (room, 0),
            Align::Center => (room / 2, 0),
            Align::AfterSign => (0, room),
        };
        push_fill(fill, before, out);
        out.extend(sign);
        out.extend_from_slice(prefix);
        push_fill(fill, between, out);
        out.extend_from_slice(digits);
        push_fill(fill, room - before - between, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_count_characters() {
        assert_eq!(width_of(b"abc"), 3);
        assert_eq!(width_of("gr\u{f6}\u{df}e".as_bytes()), 5);
        assert_eq!(width_of(b"a\xffb\xf0\x9f\x92"), 4);
        assert_eq!(prefix_len(b"a\xffb", 2), 2);
        assert_eq!(prefix_len("\u{f6}b".as_bytes(), 1), 2);
    }
}
