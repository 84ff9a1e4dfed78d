//! Sizes, durations and other small values as people write them: on a command
//! line, and in whatever configures a program that uses the library.
//!
//! An error is a sentence that quotes the text and says what is accepted.

use std::str::FromStr;
use std::time::Duration;

/// The longest duration: what nobody waits for, and what can be added to any
/// time without leaving the calendar.
const CENTURY: Duration = Duration::from_secs(36_525 * 86_400);

/// A size in bytes: digits, then nothing or a unit. As in coreutils, K, M, G, T
/// and KiB, MiB, … are powers of 1024; KB, MB, … powers of 1000.
///
/// # Errors
/// No digits, an unknown unit, or 2^64 and more.
pub fn size(text: &str) -> Result<u64, String> {
    let error = || format!("{text:?} is no size: write 4096, 64K, 10M, 1G, 500MB or 1GiB");
    let at = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(at);
    let number: u64 = digits.parse().map_err(|_| error())?;
    let factor = match unit.to_ascii_uppercase().as_str() {
        "" | "B" => 1,
        "K" | "KIB" => 1 << 10,
        "M" | "MIB" => 1 << 20,
        "G" | "GIB" => 1 << 30,
        "T" | "TIB" => 1 << 40,
        "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        _ => return Err(error()),
    };
    number
        .checked_mul(factor)
        .ok_or_else(|| format!("{text:?} is too large a size"))
}

/// A number of things, in digits.
///
/// # Errors
/// Anything else, and what the type has no room for.
pub fn count<T: FromStr>(text: &str) -> Result<T, String> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("{text:?} is no number: write it in digits, as 5"));
    }
    text.parse()
        .map_err(|_| format!("{text:?} is too large a number"))
}

/// The same, from 1 on.
///
/// # Errors
/// Those of [`count`], and 0.
pub fn at_least_one<T: FromStr + PartialEq + Default>(text: &str) -> Result<T, String> {
    match count(text)? {
        number if number == T::default() => {
            Err(format!("{text:?} is too small a number: it is 1 or more"))
        }
        number => Ok(number),
    }
}

/// The size of one record in bytes: at least one, and what fits into memory.
///
/// # Errors
/// Those of [`size`], and 0.
pub fn record_size(text: &str) -> Result<usize, String> {
    match usize::try_from(size(text)?) {
        Ok(0) | Err(_) => Err(format!(
            "{text:?} is no length for a record: it is 1 or more"
        )),
        Ok(size) => Ok(size),
    }
}

/// A duration: a number, which may have a fraction, and its unit, ms, s, m, h,
/// d or w; without a unit it is seconds.
///
/// # Errors
/// No number, a negative one, an unknown unit, or more than 100 years.
pub fn duration(text: &str) -> Result<Duration, String> {
    let error = || format!("{text:?} is no duration: write 500ms, 1s, 2.5s, 5m, 12h or 30d");
    let at = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(at);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(error());
    }
    let number: f64 = digits.parse().map_err(|_| error())?;
    let factor = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        "w" => 604_800.0,
        _ => return Err(error()),
    };
    let duration = Duration::try_from_secs_f64(number * factor).ok();
    duration
        .filter(|duration| *duration <= CENTURY)
        .ok_or_else(|| {
            format!("{text:?} is too long a duration: 36525d, 100 years, is the longest")
        })
}

/// Permission bits in octal, as chmod(1) takes them, or with `0o` in front.
///
/// # Errors
/// What is not octal, or above 7777.
pub fn permissions(text: &str) -> Result<u32, String> {
    let digits = text.strip_prefix("0o").unwrap_or(text);
    match u32::from_str_radix(digits, 8) {
        Ok(mode) if mode <= 0o7777 && !digits.starts_with('+') => Ok(mode),
        _ => Err(format!(
            "{text:?} is no file mode: write it in octal, as 640"
        )),
    }
}

/// The bytes of a text with the escapes `\n`, `\r`, `\t`, `\0`, `\\` and `\xNN`.
///
/// # Errors
/// A backslash before anything else.
pub fn escaped(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let escape = &rest[at + 1..];
        let (byte, length) = match escape.as_bytes() {
            [b'n', ..] => (b'\n', 1),
            [b'r', ..] => (b'\r', 1),
            [b't', ..] => (b'\t', 1),
            [b'0', ..] => (0, 1),
            [b'\\', ..] => (b'\\', 1),
            [b'x', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                // Two ASCII digits, so this is their character boundary.
                let byte = u8::from_str_radix(&escape[1..3], 16);
                (byte.unwrap_or_default(), 3)
            }
            _ => {
                return Err(format!(
                    "{text:?} has an unknown escape: there are \\n \\r \\t \\0 \\\\ and \\xNN"
                ));
            }
        };
        bytes.push(byte);
        rest = &escape[length..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    Ok(bytes)
}

/// `KEY=VALUE`, parted at the first `=`.
///
/// # Errors
/// No `=`, or nothing before it.
pub fn field(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("{text:?} is no field: write KEY=VALUE")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn counts() {
        assert_eq!(count("0"), Ok(0_usize));
        assert_eq!(at_least_one("65535"), Ok(u16::MAX));
        for text in ["", "x", "-1", "+1", "1.5", "5 "] {
            let error = count::<u64>(text).expect_err(text);
            assert_eq!(
                error,
                format!("{text:?} is no number: write it in digits, as 5")
            );
        }
        assert!(count::<u16>("65536").is_err_and(|text| text.contains("too large")));
        assert!(at_least_one::<u32>("0").is_err_and(|text| text.contains("1 or more")));
    }

    #[test]
    fn sizes() {
        let table: &[(&str, u64)] = &[
            ("0", 0),
            ("4096", 4096),
            ("1K", 1024),
            ("1k", 1024),
            ("10M", 10 << 20),
            ("10MiB", 10 << 20),
            ("10MB", 10_000_000),
            ("2G", 2 << 30),
            ("1T", 1 << 40),
            ("7B", 7),
        ];
        for (text, bytes) in table {
            assert_eq!(size(text), Ok(*bytes), "{text}");
        }
        for text in [
            "",
            "M",
            "-1",
            "1.5M",
            "10X",
            "10 M",
            "99999999999G",
            "+1",
            "1KK",
        ] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations() {
        let table: &[(&str, u64)] = &[
            ("500ms", 500),
            ("1s", 1_000),
            ("3", 3_000),
            ("0.1", 100),
            ("2.5s", 2_500),
            ("5m", 300_000),
            ("12h", 43_200_000),
            ("30d", 2_592_000_000),
            ("0", 0),
            ("36525d", 3_155_760_000_000),
        ];
        for (text, millis) in table {
            assert_eq!(duration(text), Ok(Duration::from_millis(*millis)), "{text}");
        }
        for text in [
            "",
            "s",
            "-1s",
            "1x",
            "1 s",
            ".5s",
            "1..2s",
            "inf",
            "1e3s",
            "36526d",
            "10000000000000000000",
            "9999999999999999999999d",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn modes_escapes_and_fields() {
        assert_eq!(permissions("640"), Ok(0o640));
        assert_eq!(permissions("0o600"), Ok(0o600));
        for text in ["", "8", "99999", "rw", "+640", "-1"] {
            assert!(permissions(text).is_err(), "{text}");
        }
        assert_eq!(
            escaped("a\\n\\0\\x1e\\\\é"),
            Ok("a\n\0\x1e\\é".as_bytes().to_vec())
        );
        for text in ["\\", "\\q", "\\x1", "\\xé"] {
            assert!(escaped(text).is_err(), "{text}");
        }
        assert_eq!(field("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert!(field("=b").is_err());
        assert!(field("a").is_err());
        assert_eq!(record_size("0").ok(), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\PC{0,12}") {
            let _ = (size(&text), duration(&text), permissions(&text), escaped(&text));
        }
    }
}
