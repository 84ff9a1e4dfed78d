//! The body of a request as the user writes it: a template whose fields are
//! escaped for JSON, if it is JSON.
//!
//! In a template that begins as an object or an array does, braces are JSON's
//! own: a field is a name in braces (`{message}`, `{levelname:<8}`) or percent
//! style. Within quotes a field is written as the text of a string; elsewhere as
//! a value: a number or an object as it is, everything else as a string, and
//! `null` where the record has none. Any other template is plain text.

use crate::record::{Record, Value};
use crate::text::Formatter;
use crate::wire::{Encode, Refused, json};

/// A template for bodies.
#[derive(Debug)]
pub struct BodyTemplate {
    parts: Vec<Part>,
    is_json: bool,
    scratch: Vec<u8>,
}

#[derive(Debug)]
enum Part {
    Literal(String),
    Field(Box<Field>),
}

#[derive(Debug)]
struct Field {
    name: String,
    format: Formatter,
    /// It stands between quotes.
    quoted: bool,
}

/// Attributes that are numbers without being asked.
const NUMBERS: [&str; 4] = ["levelno", "created", "msecs", "relativeCreated"];

impl BodyTemplate {
    /// Compiles a template; `datefmt` says what `asctime` looks like, and its times are
    /// in UTC if `utc`.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str, datefmt: Option<&str>, utc: bool) -> Result<BodyTemplate, String> {
        let is_json = begins_as_json(text.trim());
        if !is_json {
            let format = Formatter::parse(text, datefmt, utc);
            let format = format.map_err(|error| error.to_string())?;
            let field = Field {
                name: String::new(),
                format,
                quoted: false,
            };
            return Ok(BodyTemplate {
                parts: vec![Part::Field(Box::new(field))],
                is_json,
                scratch: Vec::new(),
            });
        }
        let mut template = BodyTemplate {
            parts: split(text, datefmt, utc)?,
            is_json,
            scratch: Vec::new(),
        };
        template.check()?;
        Ok(template)
    }

    /// Whether bodies are JSON.
    pub fn is_json(&self) -> bool {
        self.is_json
    }

    /// Whether a `datefmt` has any effect.
    pub fn shows_asctime(&self) -> bool {
        let mut parts = self.parts.iter();
        parts.any(|part| matches!(part, Part::Field(field) if field.format.shows_asctime()))
    }

    /// Whether a record makes JSON of it.
    fn check(&mut self) -> Result<(), String> {
        if !self.parts.iter().any(|part| matches!(part, Part::Field(_))) {
            return Err("there is no field in it, such as {message}".to_owned());
        }
        let defaults = crate::record::Defaults::default();
        let record = Record::new(&defaults, crate::now::Timestamp(0));
        let mut out = Vec::new();
        self.render(&record, &mut out);
        let checked = serde_json::from_slice::<serde_json::Value>(&out);
        checked.map_err(|error| {
            format!("it begins as JSON does, and what it makes is none: {error}")
        })?;
        Ok(())
    }

    fn render(&mut self, record: &Record<'_>, out: &mut Vec<u8>) {
        for part in &mut self.parts {
            let field = match part {
                Part::Literal(text) => {
                    out.extend_from_slice(text.as_bytes());
                    continue;
                }
                Part::Field(field) => field,
            };
            if !self.is_json {
                field.format.format(record, out);
                continue;
            }
            self.scratch.clear();
            field.format.format(record, &mut self.scratch);
            match field.quoted {
                true => json::write_text(&self.scratch, out),
                false => write_bare(&field.name, record, &self.scratch, out),
            }
        }
    }
}

/// A field as a JSON value.
fn write_bare(name: &str, record: &Record<'_>, text: &[u8], out: &mut Vec<u8>) {
    let is_json = NUMBERS.contains(&name) || matches!(record.get(name), Some(Value::Json(_)));
    match text {
        b"" => out.extend_from_slice(b"null"),
        _ if is_json && serde_json::from_slice::<&serde_json::value::RawValue>(text).is_ok() => {
            out.extend_from_slice(text);
        }
        _ => json::write_string(text, out),
    }
}

impl Encode for BodyTemplate {
    fn encode(
        &mut self,
        record: &Record<'_>,
        out: &mut Vec<u8>,
        end: &mut dyn FnMut(&mut Vec<u8>),
    ) -> Result<(), Refused> {
        self.render(record, out);
        end(out);
        Ok(())
    }
}

/// A field at the start of a text.
struct Found<'t> {
    name: &'t str,
    length: usize,
}

/// Whether a template is meant to be JSON.
fn begins_as_json(text: &str) -> bool {
    match text.as_bytes() {
        // Braces of `str.format`.
        [b'{', b'{', ..] => false,
        [b'{', ..] => field_at(text).is_none(),
        // `[{levelname}] {message}` is none.
        [b'[', .., last] => *last == b']',
        _ => false,
    }
}

/// The field with which a text begins: `{name}`, `{name:spec}`, or `%(name)s`.
fn field_at(text: &str) -> Option<Found<'_>> {
    if let Some(rest) = text.strip_prefix("%(") {
        let name = &rest[..rest.find(')')?];
        let behind = &rest[name.len() + 1..];
        let letter = behind.find(|ch: char| ch.is_ascii_alphabetic())?;
        let flags = &behind[..letter];
        let fits = flags
            .bytes()
            .all(|byte| b"-+ #0123456789.*".contains(&byte));
        return fits.then_some(Found {
            name,
            length: 2 + name.len() + 1 + letter + 1,
        });
    }
    let rest = text.strip_prefix('{')?;
    let end = rest.find(['}', '{', '"', '\n'])?;
    if rest.as_bytes()[end] != b'}' {
        return None;
    }
    let name = rest[..end].split([':', '!']).next()?;
    let starts = name.starts_with(|ch: char| ch.is_alphabetic() || ch == '_' || ch == '@');
    starts.then_some(Found {
        name,
        length: end + 2,
    })
}

fn split(text: &str, datefmt: Option<&str>, utc: bool) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let (mut rest, mut quoted, percent) = (text, false, text.contains("%("));
    let names_exception = ["{exc_text", "%(exc_text)"]
        .iter()
        .any(|name| text.contains(name));
    while let Some(ch) = rest.chars().next() {
        if let Some(Found { name, length }) = field_at(rest) {
            let (field, behind) = rest.split_at(length);
            let format = Formatter::parse(field, datefmt, utc);
            let mut format = format.map_err(|error| format!("{field}: {error}"))?;
            // Where the exception has no place of its own, it belongs to the message.
            format.set_append_exception(name == "message" && !names_exception);
            parts.push(Part::Literal(std::mem::take(&mut literal)));
            parts.push(Part::Field(Box::new(Field {
                name: name.to_owned(),
                format,
                quoted,
            })));
            rest = behind;
            continue;
        }
        let length = match ch {
            // A character behind a backslash ends no string.
            '\\' if quoted => rest.chars().take(2).map(char::len_utf8).sum(),
            '%' if percent && rest.starts_with("%%") => {
                rest = &rest[1..];
                1
            }
            _ => ch.len_utf8(),
        };
        quoted ^= ch == '"';
        literal.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    parts.push(Part::Literal(literal));
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::now::Timestamp;
    use crate::record::Defaults;

    fn body(template: &str, message: &[u8]) -> String {
        let defaults = Defaults::default();
        let mut record = Record::new(&defaults, Timestamp(0));
        record.message = message.into();
        record.extra = vec![
            ("n".into(), Value::Json("1.50".into())),
            ("o".into(), Value::Json(r#"{"k":"v"}"#.into())),
            ("s".into(), Value::Text("12".into())),
        ];
        let mut template = BodyTemplate::parse(template, Some("%H"), true).unwrap();
        let mut out = Vec::new();
        template.encode(&record, &mut out, &mut |_| {}).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn fields_are_escaped_where_they_stand() {
        let cases = [
            (
                r#"{"text":"{levelname:<6}|{message}"}"#,
                r#"{"text":"INFO  |a\"\n"}"#,
            ),
            (
                r#"{"text": "%(message)s 100%%"}"#,
                r#"{"text": "a\"\n 100%"}"#,
            ),
            (r#"{"a":{"m":{message}}}"#, r#"{"a":{"m":"a\"\n"}}"#),
            (
                r#"[{n}, {o}, {s}, {missing}, {levelno}]"#,
                r#"[1.50, {"k":"v"}, "12", null, 20]"#,
            ),
            (r#"{"o":"{o}\"{n}"}"#, r#"{"o":"{\"k\":\"v\"}\"1.50"}"#),
            ("{levelname}: {message}", "INFO: a\"\n"),
            ("{message}", "a\"\n"),
            (r#"{"t":"{asctime}"}"#, r#"{"t":"00"}"#),
            ("%(asctime)s", "00"),
            ("[{levelname}] {message}", "[INFO] a\"\n"),
            ("<m>%(message)s</m>", "<m>a\"\n</m>"),
            (r#"{{"text":"{name}"}}"#, r#"{"text":"root"}"#),
        ];
        for (template, want) in cases {
            assert_eq!(body(template, b"a\"\n"), want, "{template}");
        }
    }

    #[test]
    fn mistakes_are_found_at_the_start() {
        for (template, why) in [
            (r#"{"text":"{message}""#, "what it makes is none"),
            (r#"{"text":"x"}"#, "no field"),
            (r#"{"text":"{message:q}"}"#, "{message:q}"),
            ("{message", ""),
        ] {
            let error = BodyTemplate::parse(template, None, true).unwrap_err();
            assert!(error.contains(why), "{template}: {error}");
        }
    }

    proptest! {
        /// Whatever a record holds, the body is JSON.
        #[test]
        fn no_record_breaks_out(message in proptest::collection::vec(any::<u8>(), 0..40)) {
            let made = body(r#"{"a":"{message:.7}","b":{message:>9},"c":"%(message)s"}"#, &message);
            let read: serde_json::Value = serde_json::from_str(&made).unwrap();
            let text = String::from_utf8_lossy(&message);
            prop_assert_eq!(read["c"].as_str(), Some(&*text));
        }
    }
}
