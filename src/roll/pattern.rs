//! Which names a template makes, and what stands where in them.
//!
//! A regular expression would say the same; but compiling one touches 0.7 MiB of
//! code and tables at each start of a handler that rotates, which is a tenth of
//! all the memory that it has.

use std::ops::Range;

pub(super) const MONTHS: &[&str] = &[
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
pub(super) const WEEKDAYS: &[&str] = &["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// What stands in one place of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// These bytes.
    Literal(Vec<u8>),
    /// So many digits, with a value from one to another.
    Digits(usize, u32, u32),
    /// One of these words, none of which begins another.
    OneOf(&'static [&'static str]),
    /// A number from 1 to 999,999,999.
    Number,
    /// The same, or 0.
    NumberOrZero,
    /// Seconds since 1970, or before it: up to 12 digits.
    Epoch,
    /// A difference to UTC: a sign and four digits.
    Offset,
}

impl Part {
    /// How long what fits can be at the start of a text; empty if nothing does.
    fn lengths(&self, text: &[u8]) -> Range<usize> {
        let digits = |text: &[u8], most: usize| {
            let digits = text.iter().take(most).take_while(|b| b.is_ascii_digit());
            digits.count()
        };
        let exactly = |length: usize, fits: bool| match fits {
            true => length..length + 1,
            false => 0..0,
        };
        match self {
            Part::Literal(bytes) => exactly(bytes.len(), text.starts_with(bytes)),
            Part::Digits(width, low, high) => {
                let value = text.iter().take(*width).fold(0, |value, digit| {
                    value * 10 + u32::from(digit.wrapping_sub(b'0'))
                });
                let fits = digits(text, *width) == *width && (*low..=*high).contains(&value);
                exactly(*width, fits)
            }
            Part::OneOf(words) => {
                let mut words = words.iter();
                let word = words.find(|word| text.starts_with(word.as_bytes()));
                exactly(word.map_or(0, |word| word.len()), word.is_some())
            }
            Part::Number | Part::NumberOrZero => match text.first() {
                Some(b'1'..=b'9') => 1..digits(text, 9) + 1,
                Some(b'0') if *self == Part::NumberOrZero => 1..2,
                _ => 0..0,
            },
            Part::Epoch => {
                let sign = usize::from(text.first() == Some(&b'-'));
                sign + 1..sign + 1 + digits(&text[sign..], 12)
            }
            Part::Offset => {
                let fits = matches!(text.first(), Some(b'+' | b'-')) && digits(&text[1..], 4) == 4;
                exactly(5, fits)
            }
        }
    }
}

/// What a strftime format makes.
///
/// # Errors
/// A specifier whose text could not be told from other names, and a slash.
pub(super) fn time(format: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut chars = format.chars();
    while let Some(char) = chars.next() {
        if char == '/' {
            return Err("a time in a name can't hold a /".into());
        }
        if char != '%' {
            parts.push(Part::Literal(char.to_string().into_bytes()));
            continue;
        }
        parts.push(match chars.next() {
            Some('Y' | 'G') => Part::Digits(4, 0, 9999),
            Some('y' | 'g' | 'C') => Part::Digits(2, 0, 99),
            Some('m' | 'I') => Part::Digits(2, 1, 12),
            Some('d') => Part::Digits(2, 1, 31),
            Some('H') => Part::Digits(2, 0, 23),
            Some('M' | 'U' | 'W' | 'V') => Part::Digits(2, 0, 59),
            Some('S') => Part::Digits(2, 0, 60),
            Some('j') => Part::Digits(3, 0, 399),
            Some('u') => Part::Digits(1, 1, 7),
            Some('w') => Part::Digits(1, 0, 6),
            Some('b' | 'h') => Part::OneOf(MONTHS),
            Some('a') => Part::OneOf(WEEKDAYS),
            Some('p') => Part::OneOf(&["AM", "PM"]),
            Some('z') => Part::Offset,
            Some('s') => Part::Epoch,
            Some('%') => Part::Literal(b"%".to_vec()),
            Some(short @ ('F' | 'T' | 'R')) => {
                parts.extend(time(match short {
                    'F' => "%Y-%m-%d",
                    'T' => "%H:%M:%S",
                    _ => "%H:%M",
                })?);
                continue;
            }
            Some(other) => {
                return Err(format!(
                    "%{other} can't be used in a name; there are %Y %m %d %H %M %S %F %T %R %y %j \
                     %G %V %u %b %a %I %p %z %s"
                ));
            }
            None => return Err("a lone % at the end of the time; write %% for one".into()),
        });
    }
    Ok(parts)
}

/// Where each part of a text ends, if the parts make up the whole of it.
///
/// Takes time in proportion to the length of the text times the number of parts.
pub(super) fn ends(parts: &[Part], text: &[u8]) -> Option<Vec<usize>> {
    // Most names in a directory are those of others.
    if let Some(first @ Part::Literal(_)) = parts.first()
        && first.lengths(text).is_empty()
    {
        return None;
    }
    let mut search = Search {
        text,
        ends: Vec::with_capacity(parts.len()),
        dead: vec![false; (parts.len() + 1) * (text.len() + 1)],
    };
    search.fit(parts, 0).then_some(search.ends)
}

struct Search<'t> {
    text: &'t [u8],
    ends: Vec<usize>,
    /// By the number of parts that are left and the place: this was in vain.
    dead: Vec<bool>,
}

impl Search<'_> {
    fn fit(&mut self, parts: &[Part], at: usize) -> bool {
        let Some((part, rest)) = parts.split_first() else {
            return at == self.text.len();
        };
        let known = parts.len() * (self.text.len() + 1) + at;
        if self.dead[known] {
            return false;
        }
        for length in part.lengths(&self.text[at..]).rev() {
            self.ends.push(at + length);
            if self.fit(rest, at + length) {
                return true;
            }
            self.ends.pop();
        }
        self.dead[known] = true;
        false
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::bytes::Regex;

    use super::*;

    /// What each specifier has always meant.
    const FORMATS: &[(&str, &str)] = &[
        ("%Y", "[0-9]{4}"),
        ("%G", "[0-9]{4}"),
        ("%y", "[0-9]{2}"),
        ("%g", "[0-9]{2}"),
        ("%C", "[0-9]{2}"),
        ("%m", "(?:0[1-9]|1[0-2])"),
        ("%d", "(?:0[1-9]|[12][0-9]|3[01])"),
        ("%H", "(?:[01][0-9]|2[0-3])"),
        ("%I", "(?:0[1-9]|1[0-2])"),
        ("%M", "[0-5][0-9]"),
        ("%S", "(?:[0-5][0-9]|60)"),
        ("%j", "[0-3][0-9]{2}"),
        ("%U", "[0-5][0-9]"),
        ("%W", "[0-5][0-9]"),
        ("%V", "[0-5][0-9]"),
        ("%u", "[1-7]"),
        ("%w", "[0-6]"),
        (
            "%F",
            "[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])",
        ),
        ("%T", "(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)"),
        ("%R", "(?:[01][0-9]|2[0-3]):[0-5][0-9]"),
        ("%b", "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"),
        ("%h", "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"),
        ("%a", "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"),
        ("%p", "(?:AM|PM)"),
        ("%z", "[+-][0-9]{4}"),
        ("%s", "-?[0-9]{1,12}"),
        ("%%", "%"),
    ];

    #[test]
    fn formats_that_are_refused() {
        for format in ["%Q", "%", "%d/%m", "/", "%-d", "%c"] {
            assert!(time(format).is_err(), "{format}");
        }
    }

    #[test]
    fn what_a_specifier_takes_is_what_a_regular_expression_does() {
        let numbers = (0..1000).flat_map(|n: i32| {
            [
                format!("{n}"),
                format!("{n:02}"),
                format!("{n:03}"),
                format!("{n:+05}"),
                format!("{n:04}-{:02}-{:02}", n % 14, n % 33),
                format!("{:02}:{:02}", n % 27, n % 62),
                format!("{:02}:{:02}:{:02}", n % 26, n % 61, n % 62),
                format!("-{n}"),
            ]
        });
        let words = MONTHS.iter().chain(WEEKDAYS).map(|word| (*word).to_owned());
        let odd = [
            "",
            "-",
            "+",
            "AM",
            "PM",
            "JAN",
            "Ja",
            "%",
            "1234567890123",
            "-12345678901234",
        ];
        let texts: Vec<String> = numbers.chain(words).chain(odd.map(str::to_owned)).collect();
        for (format, pattern) in FORMATS {
            let pattern = Regex::new(&format!("(?s-u)^{pattern}$")).unwrap();
            let parts = time(format).unwrap();
            for text in &texts {
                let fits = ends(&parts, text.as_bytes()).is_some();
                assert_eq!(
                    fits,
                    pattern.is_match(text.as_bytes()),
                    "{format}: {text:?}"
                );
            }
        }
    }

    #[test]
    fn a_search_does_not_explode() {
        let parts = time(&"%s".repeat(40)).unwrap();
        assert_eq!(
            ends(&parts, &[b"1".repeat(250), b"x".to_vec()].concat()),
            None
        );
    }

    proptest! {
        /// Of several specifiers behind one another, too.
        #[test]
        fn parts_are_found_as_by_a_regular_expression(
            formats in proptest::collection::vec(0..FORMATS.len(), 1..4),
            text in "[0-9+:-]{0,9}|[0-9]{1,4}(Jan|Mon|AM)?[0-9]{0,4}",
        ) {
            let joined = |column: fn(&(&'static str, &'static str)) -> &'static str| {
                let chosen = formats.iter().map(|format| column(&FORMATS[*format]));
                chosen.collect::<String>()
            };
            let pattern = Regex::new(&format!("(?s-u)^{}$", joined(|row| row.1))).unwrap();
            let found = ends(&time(&joined(|row| row.0)).unwrap(), text.as_bytes());
            prop_assert_eq!(found.is_some(), pattern.is_match(text.as_bytes()));
            prop_assert_eq!(found.and_then(|ends| ends.last().copied()).unwrap_or(text.len()), text.len());
        }
    }
}
