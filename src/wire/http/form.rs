//! Forms: what Python's `HTTPHandler` sends.

use std::borrow::Cow;

use crate::now::Timestamp;
use crate::record::{Defaults, Record};
use crate::wire::{json, pickle, repeats};

/// The attributes of a `LogRecord` that are numbers.
const NUMBERS: &[&str] = &[
    "levelno",
    "lineno",
    "created",
    "msecs",
    "relativeCreated",
    "thread",
    "process",
];

/// So many fields a form has at most. In memory, each takes many times the room that it
/// takes in a form.
const MOST_FIELDS: usize = 10_000;

/// What `exc_info` is, as text, where there is no exception.
const NO_EXCEPTION: &[&str] = &["False", "0", "()", "[]", "{}"];

/// A form as the bytes of another format that says the same: the dictionary of
/// a `LogRecord` as it is pickled, whose arguments are filled into its message
/// then, or else an object of JSON. `None`: there is no field in it.
pub(super) enum Form {
    Pickle(Vec<u8>),
    Json(Vec<u8>),
}

impl Form {
    /// Whether it has more fields than any form. That is a text then, and no record of
    /// so many attributes.
    pub(super) fn is_too_much(text: &[u8]) -> bool {
        memchr::memchr_iter(b'&', text).count() >= MOST_FIELDS
    }

    pub(super) fn read(text: &[u8]) -> Option<Form> {
        let fields = fields(text);
        let has = |name| fields.iter().any(|(key, _)| key == name);
        if fields.is_empty() {
            return None;
        }
        if !(has("msg") && has("levelno")) {
            return Form::object(text);
        }
        // Protocol 2: an empty dictionary, a mark, keys and values, and what
        // puts them into it.
        let mut out = b"\x80\x02}(".to_vec();
        for (key, value) in &fields {
            write_text(key, &mut out);
            write_value(key, value, &mut out);
        }
        out.extend_from_slice(b"u.");
        Some(Form::Pickle(out))
    }

    /// The same with all fields as they are, where more can't be made of them.
    pub(super) fn object(text: &[u8]) -> Option<Form> {
        let object: serde_json::Map<_, _> = fields(text)
            .into_iter()
            .map(|(key, value)| (key.into_owned(), value.into_owned().into()))
            .collect();
        serde_json::to_vec(&object).ok().map(Form::Json)
    }

    /// Fills a record.
    pub(super) fn decode<'a>(
        &'a self,
        defaults: &'a Defaults,
        received: Timestamp,
        record: &mut Record<'a>,
    ) -> bool {
        match self {
            Form::Pickle(bytes) => pickle::decode(bytes, defaults, received, record).is_ok(),
            Form::Json(bytes) => json::decode(bytes, defaults, received, record).is_ok(),
        }
    }
}

/// The fields of a form. One that comes again gets a number behind its name.
fn fields(text: &[u8]) -> Vec<(Cow<'_, str>, Cow<'_, str>)> {
    let fields = form_urlencoded::parse(text);
    let mut fields: Vec<_> = fields.filter(|(key, _)| !key.is_empty()).collect();
    repeats::number(&mut fields);
    fields
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    // A form is far shorter.
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    out.push(b'X');
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// A value is the text that Python's `str` makes of it.
fn write_value(key: &str, value: &str, out: &mut Vec<u8>) {
    // A message of that word may have been None, which is logged as the word.
    if value == "None" && key != "msg" || key == "exc_info" && NO_EXCEPTION.contains(&value) {
        out.push(b'N');
        return;
    }
    if NUMBERS.contains(&key) && write_number(value, out) {
        return;
    }
    if key == "args" {
        let before = out.len();
        let mut rest = Literal(value);
        if rest.write(out, 0) && rest.0.is_empty() {
            return;
        }
        out.truncate(before);
        // Nothing of it is lost: the whole text is the one argument.
        out.push(b'(');
        write_text(value, out);
        out.push(b't');
        return;
    }
    write_text(value, out);
}

fn write_number(text: &str, out: &mut Vec<u8>) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if let Ok(number) = text.parse::<i64>() {
        out.extend_from_slice(format!("I{number}\n").as_bytes());
    } else if digits.starts_with(|first| matches!(first, '1'..='9'))
        && digits.bytes().all(|byte| byte.is_ascii_digit())
    {
        out.extend_from_slice(format!("L{text}L\n").as_bytes());
    } else if let Ok(number) = text.parse::<f64>() {
        out.push(b'G');
        out.extend_from_slice(&number.to_be_bytes());
    } else {
        return false;
    }
    true
}

/// What `repr` makes of tuples, lists, dictionaries and sets of texts and numbers,
/// as far as it is not written yet.
struct Literal<'t>(&'t str);

impl Literal<'_> {
    /// Writes the value at the start as a pickle. `false`: it is something else.
    fn write(&mut self, out: &mut Vec<u8>, depth: usize) -> bool {
        if depth > 16 {
            return false;
        }
        match self.0.as_bytes().first() {
            Some(b'(') => self.items(b')', (b"(", b't'), out, depth),
            Some(b'[') => self.items(b']', (b"](", b'e'), out, depth),
            Some(b'{') => self.braces(out, depth),
            Some(b'\'' | b'"') => match self.text() {
                Some(text) => {
                    write_text(&text, out);
                    true
                }
                None => false,
            },
            _ => self.word(out),
        }
    }

    /// What stands before the values of a pickle, and what behind them.
    fn items(
        &mut self,
        end: u8,
        (before, behind): (&[u8], u8),
        out: &mut Vec<u8>,
        depth: usize,
    ) -> bool {
        self.skip(1);
        out.extend_from_slice(before);
        while !self.take(end) {
            if !(self.write(out, depth + 1) && self.is_parted(end)) {
                return false;
            }
        }
        out.push(behind);
        true
    }

    /// A dictionary, or a set: the first value shows which.
    fn braces(&mut self, out: &mut Vec<u8>, depth: usize) -> bool {
        self.skip(1);
        let before = out.len();
        out.extend_from_slice(b"}(");
        let mut is_set = false;
        let mut is_first = true;
        while !self.take(b'}') {
            if !self.write(out, depth + 1) {
                return false;
            }
            let has_value = self.take(b':');
            is_set |= is_first && !has_value;
            is_first = false;
            if is_set == has_value
                || has_value && !self.write(out, depth + 1)
                || !self.is_parted(b'}')
            {
                return false;
            }
        }
        if is_set {
            out[before] = 0x8f;
        }
        out.push(if is_set { 0x90 } else { b'u' });
        true
    }

    /// Goes on behind a byte, if it is next.
    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.0.as_bytes().first() == Some(&byte);
        if is_next {
            self.skip(1);
        }
        is_next
    }

    /// Whether a comma, which it takes, or the end follows a value.
    fn is_parted(&mut self, end: u8) -> bool {
        self.take(b',') || self.0.as_bytes().first() == Some(&end)
    }

    fn skip(&mut self, count: usize) {
        self.0 = self
            .0
            .get(count..)
            .unwrap_or_default()
            .trim_start_matches(' ');
    }

    fn text(&mut self) -> Option<Cow<'static, str>> {
        let quote = self.0.chars().next()?;
        let mut text = String::new();
        let mut chars = self.0.char_indices().skip(1);
        while let Some((at, ch)) = chars.next() {
            match ch {
                ch if ch == quote => {
                    self.skip(at + 1);
                    return Some(text.into());
                }
                '\\' => {
                    let code = |digits: usize, chars: &mut dyn Iterator<Item = (usize, char)>| {
                        let mut code = 0;
                        for _ in 0..digits {
                            code = code * 16 + chars.next()?.1.to_digit(16)?;
                        }
                        char::from_u32(code)
                    };
                    text.push(match chars.next()?.1 {
                        'n' => '\n',
                        't' => '\t',
                        'r' => '\r',
                        'x' => code(2, &mut chars)?,
                        'u' => code(4, &mut chars)?,
                        'U' => code(8, &mut chars)?,
                        other => other,
                    });
                }
                other => text.push(other),
            }
        }
        None
    }

    fn word(&mut self, out: &mut Vec<u8>) -> bool {
        if let Some(rest) = self.0.strip_prefix("set()") {
            self.0 = rest;
            self.skip(0);
            out.extend_from_slice(b"\x8f");
            return true;
        }
        let end = self.0.find([',', ')', ']', '}', ':', ' ']);
        let (word, _) = self.0.split_at(end.unwrap_or(self.0.len()));
        let length = word.len();
        match word {
            "None" => out.push(b'N'),
            "True" => out.push(0x88),
            "False" => out.push(0x89),
            word => {
                let numeric = word.starts_with(|ch: char| ch.is_ascii_digit() || ch == '-');
                let numeric = numeric || matches!(word, "inf" | "nan");
                if !(numeric && write_number(word, out)) {
                    return false;
                }
            }
        }
        self.skip(length);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Value;

    #[test]
    fn what_comes_again_has_a_number() {
        let defaults = Defaults::default();
        for start in ["message=m", "msg=m&levelno=20"] {
            let text = format!("{start}&tag=a&tag=b&tag=c");
            let form = Form::read(text.as_bytes()).unwrap();
            let mut record = Record::new(&defaults, Timestamp(7));
            assert!(form.decode(&defaults, Timestamp(7), &mut record));
            for (key, want) in [("tag", "a"), ("tag.2", "b"), ("tag.3", "c")] {
                assert_eq!(record.get(key), Some(&Value::Text(want.into())), "{key}");
            }
        }
    }

    /// What a record says, of the message and the arguments as `HTTPHandler` sends
    /// them.
    fn said(msg: &str, args: &str) -> String {
        let text = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("msg", msg), ("args", args), ("levelno", "40")])
            .finish();
        let form = Form::read(text.as_bytes()).unwrap();
        let defaults = Defaults::default();
        let mut record = Record::new(&defaults, Timestamp(7));
        assert!(form.decode(&defaults, Timestamp(7), &mut record), "{args}");
        String::from_utf8(record.message.to_vec()).unwrap()
    }

    #[test]
    fn arguments_are_what_they_were() {
        for (msg, args, want) in [
            ("%d", "(18446744073709551615,)", "18446744073709551615"),
            ("%s", "(9223372036854775808,)", "9223372036854775808"),
            ("%d", "(-9223372036854775809,)", "-9223372036854775809"),
            ("%x", "(18446744073709551615,)", "ffffffffffffffff"),
            ("%s", "(1.5e+300,)", "1.5e+300"),
            ("%s %s", "(inf, -inf)", "inf -inf"),
            ("%s", "(nan,)", "nan"),
            ("%s", "({'a'},)", "{'a'}"),
            ("%s", "({'a', 'b'},)", "{'a', 'b'}"),
            ("%s", "({1, 2, 3},)", "{1, 2, 3}"),
            ("%s", "(set(),)", "set()"),
            ("%s %s", "(set(), {})", "set() {}"),
            ("%s", "({'a': {'b', 'c'}},)", "{'a': {'b', 'c'}}"),
            ("%(a)s %(b)d", "{'a': 'x', 'b': 2}", "x 2"),
            ("%s", "([[1, 2], ('x',)],)", "[[1, 2], ('x',)]"),
            ("None", "()", "None"),
            // No dictionary, no list, no set: a text.
            ("%s", "({'a': 'b', 'c'},)", "({'a': 'b', 'c'},)"),
            ("%s", "({'a', 'b': 'c'},)", "({'a', 'b': 'c'},)"),
            ("%s", "({'a':},)", "({'a':},)"),
            ("%s", "([1: 2],)", "([1: 2],)"),
            ("%s", "(1: 2)", "(1: 2)"),
        ] {
            assert_eq!(said(msg, args), want, "{msg} {args}");
        }
    }

    #[test]
    fn what_is_no_exception() {
        let defaults = Defaults::default();
        for (value, want) in [
            ("", None),
            ("None", None),
            ("False", None),
            ("0", None),
            ("()", None),
            ("Falsehood", Some("Falsehood")),
        ] {
            let text = format!("msg=m&levelno=20&exc_info={value}");
            let form = Form::read(text.as_bytes()).unwrap();
            let mut record = Record::new(&defaults, Timestamp(7));
            assert!(form.decode(&defaults, Timestamp(7), &mut record));
            assert_eq!(record.exc_text.as_deref(), want, "{value}");
        }
    }
}
