//! Decimal numbers as their text has them: a float would round the nanoseconds
//! of an epoch time away.

/// `digits * 10^exponent`, of a number's text.
#[derive(Clone, Copy, Debug)]
pub struct Decimal {
    negative: bool,
    digits: u128,
    /// How many digits there are, without leading zeros.
    count: i64,
    exponent: i64,
}

impl Decimal {
    /// As many digits as any `u128` has room for, twice those of an `i64`; the
    /// ones behind count as zeros.
    const DIGITS: i64 = 38;

    /// So many digits fit into a `u64`.
    const SHORT: usize = 19;

    /// Reads `-12.5e3`: a number in JSON's grammar (RFC 8259, section 6), with
    /// leading zeros if it must be. `None` for anything else.
    pub fn read(text: &[u8]) -> Option<Decimal> {
        let unsigned = text.strip_prefix(b"-");
        let mut decimal = Decimal {
            negative: unsigned.is_some(),
            digits: 0,
            count: 0,
            exponent: 0,
        };
        let mut rest = decimal.take_digits(unsigned.unwrap_or(text), 0)?;
        if let [b'.', behind @ ..] = rest {
            rest = decimal.take_digits(behind, 1)?;
        }
        match rest {
            [] => {}
            [b'e' | b'E', exponent @ ..] => {
                let (sign, digits) = match exponent {
                    [b'-', digits @ ..] => (-1, digits),
                    [b'+', digits @ ..] => (1, digits),
                    digits => (1, digits),
                };
                if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
                    return None;
                }
                // Kept far below what could overflow; past any use by then.
                let size = digits.iter().fold(0, |n: i64, b| {
                    (n * 10 + i64::from(b - b'0')).min(i64::MAX / 100)
                });
                decimal.exponent += sign * size;
            }
            _ => return None,
        }
        Some(decimal)
    }

    /// Takes the digits that `text` begins with, one or more; each moves the
    /// point by `behind`.
    fn take_digits<'a>(&mut self, text: &'a [u8], behind: i64) -> Option<&'a [u8]> {
        let end = text.iter().position(|b| !b.is_ascii_digit());
        let (digits, rest) = text.split_at(end.unwrap_or(text.len()));
        if digits.len() <= Decimal::SHORT && self.count < Decimal::DIGITS - Decimal::SHORT as i64 {
            // Nearly every number, at a tenth of what the loop below costs.
            let number = digits.iter().fold(0, |n, b| n * 10 + u64::from(b - b'0'));
            let power = 10_u64.pow(digits.len() as u32);
            self.digits = self.digits * u128::from(power) + u128::from(number);
            self.count += match self.count {
                0 => number
                    .checked_ilog10()
                    .map_or(0, |places| i64::from(places) + 1),
                _ => digits.len() as i64,
            };
            self.exponent -= behind * digits.len() as i64;
            return (!digits.is_empty()).then_some(rest);
        }
        for digit in digits {
            if self.count < Decimal::DIGITS {
                self.digits = self.digits * 10 + u128::from(digit - b'0');
                self.count += i64::from(self.digits != 0);
                self.exponent -= behind;
            } else {
                self.exponent += 1 - behind;
            }
        }
        (!digits.is_empty()).then_some(rest)
    }

    /// The places before the point: the value's size is below 10 to this power
    /// and, but for zero, not below a tenth of it.
    pub fn places(&self) -> i64 {
        self.count + self.exponent
    }

    /// The value times `10^places`, cut at the point; `None` if that is beyond
    /// an `i64`.
    pub fn scaled(&self, places: i64) -> Option<i64> {
        let size = match self.places() + places {
            _ if self.digits == 0 => 0,
            ..=0 => 0,
            // As long as an i64, so neither power is beyond a u128.
            1..=19 => {
                let shift = self.exponent + places;
                let power = 10_u128.pow(u32::try_from(shift.unsigned_abs()).ok()?);
                match shift {
                    0.. => self.digits * power,
                    _ => self.digits / power,
                }
            }
            _ => return None,
        };
        let size = i128::try_from(size).ok()?;
        i64::try_from(if self.negative { -size } else { size }).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_scale_exactly() {
        let cases = [
            ("0", 0, Some(0)),
            ("-12.5e3", 0, Some(-12_500)),
            ("12.5", 1, Some(125)),
            ("12.59", 1, Some(125)),
            ("-12.59", 1, Some(-125)),
            ("007", 2, Some(700)),
            ("0.00000000000000000001", 21, Some(10)),
            ("9223372036854775807", 0, Some(i64::MAX)),
            ("922337203685477580.7", 1, Some(i64::MAX)),
            ("922337203685477580.8", 1, None),
            ("-922337203685477580.8", 1, Some(i64::MIN)),
            ("1e18", 1, None),
            ("1e99999999999999999999", 0, None),
            ("1e-99999999999999999999", 9, Some(0)),
            ("0e99999999999999999999", 9, Some(0)),
        ];
        for (text, places, expected) in cases {
            let got = Decimal::read(text.as_bytes()).unwrap().scaled(places);
            assert_eq!(got, expected, "{text}");
        }
    }

    /// Few digits are read at once, many one by one.
    #[test]
    fn however_long_a_number_is_its_digits_are_those_of_its_text() {
        for length in 1..=38 {
            for point in 1..=length {
                let digits = &"12345678901234567890123456789012345678"[..length];
                let text = format!("00{}.{}0", &digits[..point], &digits[point..]);
                let decimal = Decimal::read(text.as_bytes()).unwrap();
                let value = decimal.digits.to_string();
                let exponent = usize::try_from(-decimal.exponent).unwrap_or(0);
                assert_eq!(
                    value.trim_end_matches('0'),
                    digits.trim_end_matches('0'),
                    "{text}"
                );
                assert_eq!(value.len() - exponent, point, "{text}");
                assert_eq!(decimal.places(), point as i64, "{text}");
            }
        }
    }

    #[test]
    fn places_are_counted_without_zeros() {
        for (text, places) in [("1", 1), ("0099.99", 2), ("1e10", 11), ("0.01", -1)] {
            assert_eq!(Decimal::read(text.as_bytes()).unwrap().places(), places);
        }
    }
}
