//! Secrets out of records: what a regex matches is replaced.

pub(crate) mod foreign;
mod parse;
mod text;

use std::ops::Range;

use regex::bytes::{CaptureLocations, Match, Regex, RegexBuilder};

use super::json::{Tokens, begins_object};
use text::Replacement;

/// What stands in place of a secret if the user does not say.
pub const DEFAULT_TEXT: &str = "***";

/// The most memory that a compiled regex may take.
const SIZE_LIMIT: usize = 4 << 20;

/// After this many places in one record, the next one is looked for within
/// [`WINDOW`] bytes first. A search costs time by the bytes that it looks at,
/// and there are regexes that look at all the rest for each character that
/// they replace: with the window, a record of a million bytes costs
/// seconds at most, where it would cost hours.
const MANY: u64 = 100;
const WINDOW: usize = 1 << 10;

/// So far before the end of a window nothing can depend on what is behind it:
/// the length of a character.
const MARGIN: usize = 4;

/// A regex, and the text that replaces what it matches.
#[derive(Clone, Debug)]
pub struct Mask {
    regex: Regex,
    text: Replacement,
    /// The regex is about bytes, in a part of it at least.
    of_bytes: bool,
}

/// A mask that can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MaskError {
    /// The regex is malformed.
    #[error("{0}")]
    Malformed(String),
    /// The regex takes too much memory when compiled.
    #[error("the regex {0:?} is too large: compiled, it takes more than {size} MiB", size = SIZE_LIMIT >> 20)]
    TooLarge(String),
    /// The regex matches where there is nothing.
    #[error(
        "the regex {0:?} matches an empty text, and so everywhere; has it a * that should be a +?"
    )]
    MatchesEmpty(String),
    /// The text names a group that the regex has not.
    #[error(
        "the regex {regex:?} has no group {group:?}; a digit or letter behind a group's number wants ${{1}}"
    )]
    NoSuchGroup {
        /// The regex.
        regex: String,
        /// What follows the `$`.
        group: String,
    },
    /// It can't be told where the regex ends.
    #[error(
        "it is not clear which = in {0:?} ends the regex: write each = that belongs to the regex as \\x3d, \
         or within parentheses, and $1 for what the TEXT repeats, as in (key=)\\S+=$1***"
    )]
    Ambiguous(String),
}

impl Mask {
    /// A mask by its two parts. In `text`, `$1`, `${1}`, `$name` and `${name}`
    /// are what a group has matched, and `$$` is a dollar sign.
    ///
    /// The regex is one of the [regex crate](regex::bytes). A byte that is no
    /// part of valid UTF-8 is a character of its own, which `\S`, `.` and the
    /// like match; to one with `(?-u)` in it, all are bytes.
    ///
    /// # Errors
    ///
    /// If the regex is malformed, too large, or matches an empty text, or the
    /// text names a group that is not there.
    pub fn new(regex: &str, text: &str) -> Result<Mask, MaskError> {
        let compiled = RegexBuilder::new(regex).size_limit(SIZE_LIMIT).build();
        let compiled = compiled.map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => MaskError::TooLarge(regex.to_owned()),
            other => MaskError::Malformed(other.to_string()),
        })?;
        if matches_empty(&compiled) {
            return Err(MaskError::MatchesEmpty(regex.to_owned()));
        }
        let text = Replacement::parse(text, &compiled).map_err(|group| MaskError::NoSuchGroup {
            regex: regex.to_owned(),
            group,
        })?;
        Ok(Mask {
            regex: compiled,
            text,
            of_bytes: is_of_bytes(regex),
        })
    }

    /// A mask as the user writes it: `REGEX`, or `REGEX=TEXT`.
    ///
    /// A regex may have an `=` itself, so it is the TEXT that has to be
    /// recognised. **It begins behind the `=` that nothing but plain text
    /// follows.** An `=` within parentheses or brackets, or written `\x3d`, never
    /// ends the regex, and neither does one that a backslash, a `.*`, a `]+`
    /// or the like follows: that is regex still. Where this
    /// leaves no `=`, it is all regex, and the text is `***`.
    ///
    /// | written | regex | text |
    /// | --- | --- | --- |
    /// | `password=\S+` | `password=\S+` | `***` |
    /// | `password=\S+=***` | `password=\S+` | `***` |
    /// | `(token=)\S+=$1***` | `(token=)\S+` | `$1***` |
    /// | `key=[^&]*` | `key=[^&]*` | `***` |
    /// | `\d{16}=[card number]` | `\d{16}` | `[card number]` |
    /// | `hunter2=` | `hunter2` | nothing |
    /// | `pin\x3d1234` | `pin\x3d1234` | `***` |
    /// | `pin=1234` | `pin` | `1234` |
    /// | `a=b=***` | refused | |
    /// | `key=a+` | refused | |
    /// | `cvv=...` | refused | |
    ///
    /// What could be read in two ways is refused, because the wrong one would
    /// let a secret pass: where plain text follows two such `=`, or where what
    /// follows is neither surely text nor surely regex.
    ///
    /// # Errors
    ///
    /// As [`new`](Mask::new), and if it is not clear where the regex ends.
    pub fn parse(text: &str) -> Result<Mask, MaskError> {
        let (regex, text) = parse::split(text)?;
        Mask::new(regex, text.unwrap_or(DEFAULT_TEXT))
    }

    /// Appends `bytes` to `out` with each match replaced, and tells how many
    /// were. Matches that begin within one of the ranges are left alone.
    fn replace(
        &self,
        bytes: &[u8],
        done: &[Range<usize>],
        groups: &mut Option<CaptureLocations>,
        out: &mut Vec<u8>,
    ) -> u64 {
        let (mut places, mut from, mut copied) = (0, 0, 0);
        let mut done = done.iter().peekable();
        while let Some((found, seen)) = self.find(bytes, from, places) {
            while done.next_if(|range| range.end <= found.start()).is_some() {}
            match done.peek() {
                Some(range) if range.start <= found.start() => {
                    from = range.end;
                    continue;
                }
                _ => {}
            }
            // What matches an empty text here and there was not refused.
            if found.is_empty() {
                from = found.end() + 1;
                if from > bytes.len() {
                    break;
                }
                continue;
            }
            out.extend_from_slice(&bytes[copied..found.start()]);
            self.text
                .write(&self.regex, seen, found.start(), groups, out);
            places += 1;
            (from, copied) = (found.end(), found.end());
        }
        if places > 0 {
            out.extend_from_slice(&bytes[copied..]);
        }
        places
    }

    /// Where a match ends that begins within a key of an object and goes on
    /// behind it; `past` is where the one before ended, and stays if there is
    /// no other. Costs a search over the key and [`WINDOW`] bytes for each
    /// match in the key, and for up to [`MANY`] of them.
    fn end_past(&self, record: &[u8], key: &Range<usize>, past: usize) -> usize {
        let seen = &record[..record.len().min(key.end + WINDOW)];
        let mut from = key.start;
        for _ in 0..MANY {
            if from >= key.end || past > key.end {
                break;
            }
            let found = match self.regex.find_at(seen, from) {
                // It may end where it does because there was no more to see.
                Some(found) if found.start() < key.end && found.end() + MARGIN > seen.len() => {
                    self.regex.find_at(record, found.start())
                }
                found => found,
            };
            match found {
                Some(found) if found.start() < key.end && found.end() > key.end => {
                    return found.end();
                }
                Some(found) => from = found.end().max(from + 1),
                None => break,
            }
        }
        past
    }

    /// The next match, and the bytes in which it was looked for.
    fn find<'b>(&self, bytes: &'b [u8], from: usize, places: u64) -> Option<(Match<'b>, &'b [u8])> {
        let window = from.saturating_add(WINDOW);
        if places >= MANY && window < bytes.len() {
            let seen = &bytes[..window];
            let found = self.regex.find_at(seen, from);
            if let Some(found) = found.filter(|found| found.end() + MARGIN <= window) {
                return Some((found, seen));
            }
        }
        self.regex.find_at(bytes, from).map(|found| (found, bytes))
    }
}

/// Whether a regex has a flag that switches characters off, `(?-u)` or
/// `(?i-u:…)` for example.
fn is_of_bytes(regex: &str) -> bool {
    regex.split("(?").skip(1).any(|group| {
        let flags = group.split([':', ')']).next().unwrap_or_default();
        let are_flags = |byte: u8| byte.is_ascii_alphabetic() || byte == b'-';
        flags.bytes().all(are_flags)
            && flags
                .split_once('-')
                .is_some_and(|(_, off)| off.contains('u'))
    })
}

/// Whether a string of an object is the name of a member.
fn is_key(object: &[u8], string: &Range<usize>) -> bool {
    let behind = object.get(string.end + 1..).unwrap_or_default();
    behind.trim_ascii_start().first() == Some(&b':')
}

/// Whether a regex matches an empty text at one of the places that differ for
/// an assertion: between two of line end, word and other, and at the ends.
fn matches_empty(regex: &Regex) -> bool {
    let parts = ["", "a", "1", " ", "-", "\n", "\r\n", "\u{e9}"];
    parts.iter().any(|one| {
        parts.iter().any(|other| {
            let sample = [*one, *other].concat();
            regex
                .find_iter(sample.as_bytes())
                .any(|found| found.is_empty())
        })
    })
}

/// Replaces secrets in records (`--mask`).
#[derive(Debug)]
pub struct Masker {
    /// Each with the room for its groups.
    masks: Vec<(Mask, Option<CaptureLocations>)>,
    /// Where the input is JSON.
    tokens: Option<Tokens>,
    masked: u64,
    /// The record as the masks so far have left it.
    now: Vec<u8>,
    next: Vec<u8>,
}

impl Masker {
    /// With several masks, each sees what the one before has left. With
    /// `json`, records may be JSON objects.
    pub fn new(masks: Vec<Mask>, json: bool) -> Masker {
        let with_room = |mask: Mask| {
            let room = mask
                .text
                .has_groups()
                .then(|| mask.regex.capture_locations());
            (mask, room)
        };
        Masker {
            masks: masks.into_iter().map(with_room).collect(),
            tokens: json.then(Tokens::default),
            masked: 0,
            now: Vec::new(),
            next: Vec::new(),
        }
    }

    /// The record without the secrets: as it is where there are none.
    ///
    /// It may be of several lines. Its newline at the end, or `\r\n`, is no
    /// part of what the regex sees.
    ///
    /// Of a JSON object, each string is looked at by itself, keys too, without
    /// its escapes, and each number, which becomes a string; then the object as
    /// it is written, for what goes beyond one of them. In a string that was
    /// changed there is no second search, or
    /// `\S+` would take the quote behind it as well. But a match that begins
    /// in a key and goes on behind it is left to that search: of
    /// `"token":"x"`, `token.*` is not to replace the key and show the value.
    /// What a mask replaces beyond strings is its own affair: with
    /// `"password":"[^"]*"` and a text that is none, it is no JSON any more.
    ///
    /// One search costs time by the length of the record and the size of the
    /// regex. In a record with more than a hundred places, a match is looked
    /// for in the next KiB first; what only matches beyond that is found all
    /// the same, but a shorter match may be preferred to it.
    pub fn mask<'a>(&'a mut self, record: &'a [u8]) -> &'a [u8] {
        let body = record
            .strip_suffix(b"\n")
            .map_or(record, |line| line.strip_suffix(b"\r").unwrap_or(line));
        let mut changed = false;
        // Most are ASCII, which is seen faster.
        let foreign = !body.is_ascii() && std::str::from_utf8(body).is_err();
        if foreign {
            self.now = foreign::stand_in(body);
        }
        for (mask, groups) in &mut self.masks {
            let mut places = 0;
            let restored = foreign && mask.of_bytes;
            if restored {
                self.now = foreign::restore(&self.now);
            }
            if let Some(tokens) = &mut self.tokens
                && begins_object(body)
            {
                let bytes = if changed || foreign { &self.now } else { body };
                self.next.clear();
                let (mut found, mut past) = (0, 0);
                let rewritten = tokens.rewrite(bytes, true, &mut self.next, |string, text, out| {
                    let count = mask.replace(text, &[], groups, out);
                    if count > 0 && is_key(bytes, &string) {
                        past = mask.end_past(bytes, &string, past);
                        if past > string.end {
                            return false;
                        }
                    }
                    found += count;
                    count > 0
                });
                if rewritten {
                    places = found;
                    changed = true;
                    std::mem::swap(&mut self.now, &mut self.next);
                }
            }
            let done = match &self.tokens {
                Some(tokens) if places > 0 => tokens.changed(),
                _ => &[],
            };
            let bytes = if changed || foreign { &self.now } else { body };
            self.next.clear();
            let found = mask.replace(bytes, done, groups, &mut self.next);
            if found > 0 {
                changed = true;
                std::mem::swap(&mut self.now, &mut self.next);
            }
            self.masked += places + found;
            if restored {
                self.now = foreign::stand_in(&self.now);
            }
        }
        if !changed {
            return record;
        }
        if foreign {
            self.now = foreign::restore(&self.now);
        }
        self.now.extend_from_slice(&record[body.len()..]);
        &self.now
    }

    /// How many places were replaced so far.
    pub fn masked(&self) -> u64 {
        self.masked
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn masker(masks: &[&str], json: bool) -> Masker {
        let masks = masks.iter().map(|mask| Mask::parse(mask).unwrap());
        Masker::new(masks.collect(), json)
    }

    fn masked(masks: &[&str], json: bool, record: &[u8]) -> (String, u64) {
        let mut masker = masker(masks, json);
        let text = masker.mask(record).escape_ascii().to_string();
        (text, masker.masked())
    }

    fn shown(bytes: &[u8]) -> String {
        bytes.escape_ascii().to_string()
    }

    /// Masks, a record, what becomes of it, and the places.
    type Case<T> = (&'static [&'static str], &'static T, &'static T, u64);

    #[test]
    fn secrets_are_replaced() {
        let cases: &[Case<[u8]>] = &[
            (
                &[r"password=\S+"],
                b"a password=x b password=y\n",
                b"a *** b ***\n",
                2,
            ),
            (
                &[r"(token=)\S+=$1***"],
                b"token=x&y\r\n",
                b"token=***\r\n",
                1,
            ),
            (&[r"(?<k>\w+):(\d+)=$2${1}-$k$$"], b"a:12", b"12a-a$", 1),
            (&[r"(a)|(b)=<$2>"], b"ab\n", b"<><b>\n", 2),
            (&["x=", "y=z", "zz=end"], b"xyxy\n", b"end\n", 5),
            // The end of a record is not the regex's.
            (&[r"\s+$"], b"a \n", b"a***\n", 1),
            (&[r"\s+$"], b"a\r\n", b"a\r\n", 0),
            (&[r"\s+"], b"a\nb\n", b"a***b\n", 1),
            (&["^b$"], b"a\nb\n", b"a\nb\n", 0),
            (&["(?m)^b$"], b"a\nb\n", b"a\n***\n", 1),
        ];
        for &(masks, record, want, places) in cases {
            assert_eq!(
                masked(masks, false, record),
                (shown(want), places),
                "{masks:?}"
            );
        }
        // Latin-1.
        let latin = b"password=p\xe4ssw\xf6rd next \xfc\n";
        for (regex, want) in [
            (r"password=\S+", &b"x next \xfc\n"[..]),
            (r"password=[^ ]*", b"x next \xfc\n"),
            (r"password=.*", b"x\n"),
            (r"(?-u)\xe4ss", b"password=pxw\xf6rd next \xfc\n"),
            (r"none", latin),
        ] {
            let mask = Mask::new(regex, "x").unwrap();
            let mut masker = Masker::new(vec![mask], true);
            assert_eq!(shown(masker.mask(latin)), shown(want), "{regex}");
        }
        let mask = Mask::new(r"(?-u)\xff+", "x").unwrap();
        assert_eq!(
            Masker::new(vec![mask], false).mask(b"a\xff\xffb\n"),
            b"axb\n"
        );
    }

    #[test]
    fn regexes_of_bytes_are_told_from_others() {
        for regex in [r"(?-u)\xff", r"a(?i-u:\xff)", r"(?-su)x"] {
            assert!(is_of_bytes(regex), "{regex}");
        }
        for regex in ["user-uuid", "(?u-i)x", "(?<n>a-u)", "(?:x-u)", "(?i)-u"] {
            assert!(!is_of_bytes(regex), "{regex}");
        }
    }

    #[test]
    fn nothing_is_copied_where_nothing_matches() {
        let record = br#"{"msg":"a \u001b b"}"#;
        for json in [false, true] {
            let mut masker = masker(&["x+", "secret"], json);
            assert_eq!(masker.mask(record).as_ptr(), record.as_ptr());
            assert_eq!(masker.masked(), 0);
        }
    }

    #[test]
    fn strings_of_json_and_the_whole_of_it() {
        let cases: &[Case<str>] = &[
            (
                &[r"password=\S+"],
                r#"{"msg":"password=x"}"#,
                r#"{"msg":"***"}"#,
                1,
            ),
            // The second look does not take the quote and the brace.
            (
                &[r"(password=)\S+=$1***"],
                r#"{"msg":"password=x"}"#,
                r#"{"msg":"password=***"}"#,
                1,
            ),
            (
                &["hunter2"],
                r#"{"msg":"h\u0075nter2 \u00e9","a":"\u00e9"}"#,
                "{\"msg\":\"*** \u{e9}\",\"a\":\"\\u00e9\"}",
                1,
            ),
            (
                &["^secret$"],
                r#"{"secret":["secret","no secret"]}"#,
                r#"{"***":["***","no secret"]}"#,
                2,
            ),
            (
                &[r#""a":"[^"]*"="a":"***""#],
                r#"{"a":"x","b":"y"}"#,
                r#"{"a":"***","b":"y"}"#,
                1,
            ),
            (
                &[r#""a":"[^"]*""#],
                r#"{"a":"x","b":"y"}"#,
                r#"{***,"b":"y"}"#,
                1,
            ),
            (
                &[r#""pin":\d+="pin":0"#],
                r#"{"pin":1234}"#,
                r#"{"pin":0}"#,
                1,
            ),
            // A match that goes on behind a key is one of the line.
            (
                &[r"password.*"],
                r#"{"password":"hunter2","n":1}"#,
                r#"{"***"#,
                1,
            ),
            (
                &[r"(?i)(token)[^,]*=$1"],
                r#"{"n":"token 1","Token" : ["x","token"],"m":2}"#,
                r#"{"n":"token","Token,"token"],"m":2}"#,
                3,
            ),
            (
                &[r"a|pin\b.*|b"],
                r#"{"a pin b":{"pin":"1"}}"#,
                r#"{"*** ***"#,
                2,
            ),
            (
                &[r"pin(\W+\d+)?"],
                r#"{"pin":1,"pins":2,"pi":"pin"}"#,
                r#"{"***,"***s":2,"pi":"***"}"#,
                3,
            ),
            (&["x=\"\n"], r#"{"a":"x"}"#, r#"{"a":"\"\n"}"#, 1),
            // A number is a secret, too, and what is left is an object.
            (
                &[r"\b\d{16}\b"],
                r#"{"card":4111111111111111,"n":[-1.5e3,4111111111111111]}"#,
                r#"{"card":"***","n":[-1.5e3,"***"]}"#,
                2,
            ),
            (&[r"\d{3}$=000"], r#"{"n":1234}"#, r#"{"n":1000}"#, 1),
            (&["^0"], r#"{"n":0.5}"#, r#"{"n":"***.5"}"#, 1),
            // Not an object: as it stands.
            (&["x"], r#"{"a":"x", b}"#, r#"{"a":"***", b}"#, 1),
            (&["x"], r#"["x"]"#, r#"["***"]"#, 1),
        ];
        for &(masks, record, want, places) in cases {
            let record = format!("{record}\n");
            let want = (shown(format!("{want}\n").as_bytes()), places);
            assert_eq!(
                masked(masks, true, record.as_bytes()),
                want,
                "{masks:?} {record}"
            );
        }
    }

    #[test]
    fn masks_that_can_not_be_used() {
        let empty = [
            "", "a*", r"\s*", "^", "$", r"\b", r"\B", "a|", r"\b\d*", r"(?m)$", r"\b{end}", "a??",
        ];
        for regex in empty {
            let error = Mask::new(regex, "x").unwrap_err();
            assert_eq!(error, MaskError::MatchesEmpty(regex.to_owned()), "{regex}");
        }
        for regex in ["(", "a{2,1}", r"\q", "[z-a]"] {
            assert!(
                matches!(Mask::new(regex, "x"), Err(MaskError::Malformed(_))),
                "{regex}"
            );
        }
        for regex in [
            r"(?:\w{100}){100}",
            "((a{100}){100}){100}",
            "((((x{99}){99}){99}){99}){99}",
        ] {
            assert_eq!(
                Mask::new(regex, "x").unwrap_err(),
                MaskError::TooLarge(regex.to_owned())
            );
        }
        for (text, group) in [("$1", "1"), ("${a}", "a"), ("$0x", "0x"), ("${}", "")] {
            let error = Mask::new("x", text).unwrap_err();
            assert!(
                matches!(error, MaskError::NoSuchGroup { group: name, .. } if name == group),
                "{text}"
            );
        }
        for text in ["$0", "${0}x", "$", "$$1", "$-", "${"] {
            assert!(Mask::new("x", text).is_ok(), "{text}");
        }
        assert!(Mask::new(r"\b\w{20,64}\b", "x").is_ok());
    }

    /// The last two take minutes if they are quadratic in the record.
    #[test]
    fn regexes_that_are_slow_on_purpose() {
        let record = "A".repeat(30_000);
        let (twice, none) = ("(A+)+$=x", "(A|AA)+b=x");
        assert_eq!(
            masked(&[twice], false, record.as_bytes()),
            ("x".to_owned(), 1)
        );
        assert_eq!(
            masked(&[none], false, record.as_bytes()),
            (record.clone(), 0)
        );
        for mask in [".*[^A-Z]|[A-Z]", "(.*[^A-Z])|([A-Z])"] {
            let mut masker = Masker::new(vec![Mask::new(mask, "x$0").unwrap()], false);
            assert_eq!(
                masker.mask(record.as_bytes()),
                "xA".repeat(record.len()).as_bytes()
            );
        }
    }

    /// Each of these takes minutes if it is quadratic in the record.
    #[test]
    fn many_keys() {
        let keys = r#""password":1,"#.repeat(10_000);
        let long = format!(r#""{}":1,"#, "password ".repeat(10_000));
        for members in [keys, long] {
            let record = format!("{{{members}\"z\":2}}\n");
            for (mask, want) in [
                ("password.*", "{\"***\n".to_owned()),
                ("password|zz", record.replace("password", "***")),
                ("password(.*zz)?", record.replace("password", "***")),
            ] {
                let mut masker = masker(&[mask], true);
                assert!(masker.mask(record.as_bytes()) == want.as_bytes(), "{mask}");
            }
            let mut masker = masker(&["^password$|zz"], true);
            assert!(masker.mask(record.as_bytes()).starts_with(b"{\""));
        }
    }

    /// A match that is longer than the window, behind many, is found whole.
    #[test]
    fn nothing_hides_behind_many_places() {
        let long = format!("password={}", "y".repeat(3 * WINDOW));
        for gap in [1, WINDOW - 12, WINDOW - 9, WINDOW, 3 * WINDOW] {
            let record = format!("{}{} {long} {long}", "x1".repeat(300), " ".repeat(gap));
            let (text, places) = masked(&[r"password=\w+|\d"], false, record.as_bytes());
            assert_eq!(
                text,
                format!("{}{} *** ***", "x***".repeat(300), " ".repeat(gap))
            );
            assert_eq!(places, 302);
            let (text, _) = masked(&[r"password=\w+\s*$|\d=_"], false, record.as_bytes());
            assert!(text.ends_with("y _"), "{gap}");
        }
    }

    proptest! {
        /// No literal secret is left, wherever it stands, and the count is right.
        #[test]
        fn no_secret_is_left(
            parts in prop::collection::vec(prop::sample::select(vec!["s3cret", "s3", "cret", " ", "\"", "\\", "\n", "\u{e9}"]), 0..20),
            json in any::<bool>(),
            key in any::<bool>(),
        ) {
            let message = parts.concat();
            let text = serde_json::to_string(&message).unwrap();
            let record = match (json, key) {
                (true, true) => format!("{{{text}:1}}\r\n"),
                (true, false) => format!("{{\"a\":1,\"m\":{text}}}\n"),
                (false, _) => format!("{message}\n"),
            };
            let mut masker = masker(&["s3cret=#"], json);
            let out = String::from_utf8(masker.mask(record.as_bytes()).to_vec()).unwrap();
            prop_assert!(!out.contains("s3cret"), "{}", out);
            prop_assert_eq!(masker.masked(), message.matches("s3cret").count() as u64);
            let want = message.replace("s3cret", "#");
            if json {
                let value: serde_json::Value = serde_json::from_str(&out).unwrap();
                let found = match key {
                    true => value.as_object().unwrap().keys().next().cloned(),
                    false => value["m"].as_str().map(str::to_owned),
                };
                prop_assert_eq!(found, Some(want));
            } else {
                prop_assert_eq!(out, want + "\n");
            }
        }

        /// With windows and without, the places are the same.
        #[test]
        fn as_the_regex_crate_does_it(
            parts in prop::collection::vec("[a-c ]{1,9}", 0..600),
            mask in prop::sample::select(vec!["a", "ab+", r"(a)\b", "b|ca", r"\bc+\b", "c$", "a.{0,9}c"]),
        ) {
            let record = parts.concat();
            let want = Regex::new(mask).unwrap().replace_all(record.as_bytes(), &b"<$0>"[..]).into_owned();
            let mut masker = Masker::new(vec![Mask::new(mask, "<$0>").unwrap()], false);
            prop_assert_eq!(masker.mask(record.as_bytes()), &want[..]);
        }

        #[test]
        fn any_mask(mask in "[a-c=\\\\(){}\\[\\]*+?$1.|^-]{0,12}", record in "(?s).{0,20}") {
            if let Ok(mask) = Mask::parse(&mask) {
                Masker::new(vec![mask], true).mask(record.as_bytes());
            }
        }
    }
}
