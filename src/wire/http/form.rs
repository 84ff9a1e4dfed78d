//! Forms: what Python's `HTTPHandler` sends.

use std::borrow::Cow;

use crate::now::Timestamp;
use crate::record::{Defaults, Record};
use crate::wire::{json, pickle};

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
        let fields: Vec<_> = form_urlencoded::parse(text).collect();
        let fields: Vec<_> = fields.iter().filter(|(key, _)| !key.is_empty()).collect();
        let has = |name| fields.iter().any(|(key, _)| key == name);
        if fields.is_empty() {
            return None;
        }
        if !(has("msg") && has("levelno")) {
            let object: serde_json::Map<_, _> = fields
                .iter()
                .map(|(key, value)| (key.to_string(), value.to_string().into()))
                .collect();
            return Some(Form::Json(serde_json::to_vec(&object).ok()?));
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

fn write_text(text: &str, out: &mut Vec<u8>) {
    // A form is far shorter.
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    out.push(b'X');
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// A value is the text that Python's `str` makes of it.
fn write_value(key: &str, value: &str, out: &mut Vec<u8>) {
    if value == "None" || key == "exc_info" && NO_EXCEPTION.contains(&value) {
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
    if let Ok(number) = text.parse::<i64>() {
        out.extend_from_slice(format!("I{number}\n").as_bytes());
    } else if let Ok(number) = text.parse::<f64>() {
        out.push(b'G');
        out.extend_from_slice(&number.to_be_bytes());
    } else {
        return false;
    }
    true
}

/// What `repr` makes of tuples, dictionaries and lists of texts and numbers, as
/// far as it is not written yet.
struct Literal<'t>(&'t str);

impl Literal<'_> {
    /// Writes the value at the start as a pickle. `false`: it is something else.
    fn write(&mut self, out: &mut Vec<u8>, depth: usize) -> bool {
        if depth > 16 {
            return false;
        }
        match self.0.as_bytes().first() {
            Some(b'(') => self.items(b")", &b"("[..], &b"t"[..], out, depth),
            Some(b'[') => self.items(b"]", &b"]("[..], &b"e"[..], out, depth),
            Some(b'{') => self.items(b"}", &b"}("[..], &b"u"[..], out, depth),
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

    fn items(
        &mut self,
        end: &[u8],
        before: &[u8],
        behind: &[u8],
        out: &mut Vec<u8>,
        depth: usize,
    ) -> bool {
        self.skip(1);
        out.extend_from_slice(before);
        loop {
            if self.0.as_bytes().starts_with(end) {
                self.skip(1);
                out.extend_from_slice(behind);
                return true;
            }
            if !self.write(out, depth + 1) {
                return false;
            }
            // The colon of a dictionary is as good as a comma: both part values.
            match self.0.as_bytes().first() {
                Some(b',' | b':') => self.skip(1),
                Some(byte) if end.contains(byte) => {}
                _ => return false,
            }
        }
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
        let end = self.0.find([',', ')', ']', '}', ':', ' ']);
        let (word, _) = self.0.split_at(end.unwrap_or(self.0.len()));
        let length = word.len();
        match word {
            "None" => out.push(b'N'),
            "True" => out.push(0x88),
            "False" => out.push(0x89),
            word => {
                let numeric = word.starts_with(|ch: char| ch.is_ascii_digit() || ch == '-');
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
