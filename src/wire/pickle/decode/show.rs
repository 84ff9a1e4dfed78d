//! What an object of a pickle is as text: JSON for plain data, and something
//! readable for everything else.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::NotAPickle;
use super::machine::{Id, Object, Objects};
use crate::wire::json::write_string;

/// How deep lists and dictionaries are followed.
const DEPTH: usize = 64;

/// Writes objects, as long as there is room: what is shared in a pickle is
/// written as often as it is used.
pub(super) struct Writer<'o, 'a> {
    objects: &'o Objects<'a>,
    room: usize,
}

impl<'o, 'a> Writer<'o, 'a> {
    /// So many bytes in all, over all calls.
    pub(super) fn new(objects: &'o Objects<'a>, room: usize) -> Writer<'o, 'a> {
        Writer { objects, room }
    }

    /// As one JSON value.
    pub(super) fn json(&mut self, id: Id) -> Result<String, NotAPickle> {
        let mut out = Vec::new();
        self.value(id, 0, &mut out)?;
        // All that is written is text.
        Ok(String::from_utf8_lossy(&out).into_owned())
    }

    /// As text; a string as it stands in the pickle.
    pub(super) fn text(&mut self, id: Id) -> Result<Cow<'a, str>, NotAPickle> {
        match self.objects.get(id) {
            Object::Text(Cow::Borrowed(text)) => Ok(Cow::Borrowed(text)),
            _ => self.plain(id).map(Cow::Owned),
        }
    }

    /// As Python's `str` has it, or nearly.
    pub(super) fn plain(&mut self, id: Id) -> Result<String, NotAPickle> {
        let text = match self.objects.get(id) {
            Object::Text(text) => {
                self.pay(text.len())?;
                return Ok(text.clone().into_owned());
            }
            Object::None => "None".to_owned(),
            Object::Bool(true) => "True".to_owned(),
            Object::Bool(false) => "False".to_owned(),
            Object::Made { .. } => match self.known(id, 0)? {
                Some(text) => text,
                None => self.call(id, 0)?,
            },
            Object::Bytes(bytes) => {
                self.pay(bytes.len())?;
                escaped(bytes)
            }
            Object::Global(..) => self.name(id)?,
            _ => return self.json(id),
        };
        self.pay(text.len())?;
        Ok(text)
    }

    fn pay(&mut self, length: usize) -> Result<(), NotAPickle> {
        self.room = self.room.checked_sub(length).ok_or(NotAPickle::TooLarge)?;
        Ok(())
    }

    fn value(&mut self, id: Id, depth: usize, out: &mut Vec<u8>) -> Result<(), NotAPickle> {
        if depth > DEPTH {
            return Err(NotAPickle::Deep);
        }
        self.pay(8)?;
        match self.objects.get(id) {
            Object::None => out.extend_from_slice(b"null"),
            Object::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
            Object::Int(number) => drop(std::io::Write::write_fmt(out, format_args!("{number}"))),
            Object::Long(digits) => {
                self.pay(digits.len())?;
                out.extend_from_slice(digits.as_bytes());
            }
            Object::Float(number) => out.extend_from_slice(float(*number).as_bytes()),
            Object::Text(text) => {
                self.pay(text.len())?;
                write_string(text.as_bytes(), out);
            }
            Object::Bytes(bytes) => {
                self.pay(bytes.len())?;
                match std::str::from_utf8(bytes) {
                    Ok(text) => write_string(text.as_bytes(), out),
                    Err(_) => write_string(escaped(bytes).as_bytes(), out),
                }
            }
            Object::List(items) => {
                out.push(b'[');
                for (place, item) in items.iter().enumerate() {
                    if place > 0 {
                        out.push(b',');
                    }
                    self.value(*item, depth + 1, out)?;
                }
                out.push(b']');
            }
            Object::Dict(items) => {
                out.push(b'{');
                for (place, (key, value)) in items.iter().enumerate() {
                    if place > 0 {
                        out.push(b',');
                    }
                    match self.objects.text(*key) {
                        Some(key) => {
                            self.pay(key.len())?;
                            write_string(key.as_bytes(), out);
                        }
                        None => {
                            let mut text = Vec::new();
                            self.value(*key, depth + 1, &mut text)?;
                            write_string(&text, out);
                        }
                    }
                    out.push(b':');
                    self.value(*value, depth + 1, out)?;
                }
                out.push(b'}');
            }
            Object::Global(..) => {
                let text = self.name(id)?;
                write_string(text.as_bytes(), out);
            }
            Object::Made { args, .. } => {
                if self.objects.is_collection(id)
                    && let Some(first) = self.items(*args).first()
                {
                    return self.value(*first, depth + 1, out);
                }
                let text = match self.known(id, depth)? {
                    Some(text) => text,
                    None => self.call(id, depth)?,
                };
                self.pay(text.len())?;
                write_string(text.as_bytes(), out);
            }
        }
        Ok(())
    }

    fn items(&self, id: Id) -> &'o [Id] {
        match self.objects.get(id) {
            Object::List(items) => items,
            _ => &[],
        }
    }

    fn name(&mut self, id: Id) -> Result<String, NotAPickle> {
        let (module, name) = self.objects.name(id).unwrap_or(("?", "?"));
        self.pay(module.len() + name.len() + 1)?;
        Ok(match module {
            "builtins" | "__builtin__" | "exceptions" => name.to_owned(),
            _ => format!("{module}.{name}"),
        })
    }

    /// The text of a well-known kind of object.
    fn known(&mut self, id: Id, depth: usize) -> Result<Option<String>, NotAPickle> {
        let Object::Made {
            callable,
            args,
            state,
        } = self.objects.get(id)
        else {
            return Ok(None);
        };
        let Some((module, name)) = self.objects.name(*callable) else {
            return Ok(None);
        };
        let args = self.items(*args);
        let first = args.first().map(|id| self.objects.get(*id));
        let bytes = match first {
            Some(Object::Bytes(bytes)) => bytes.to_vec(),
            // As protocols below 3 write them.
            Some(Object::Made { args, .. }) => {
                let inner = self.items(*args).first();
                let text = inner.and_then(|id| self.objects.text(*id)).unwrap_or("");
                let short = text.chars().take(16);
                short.filter_map(|c| u8::try_from(c).ok()).collect()
            }
            Some(Object::Text(text)) if module == "datetime" => {
                let short = text.chars().take(16);
                short.filter_map(|c| u8::try_from(c).ok()).collect()
            }
            _ => Vec::new(),
        };
        Ok(match (module, name, &bytes[..]) {
            ("datetime", "datetime", [y1, y2, month, day, hour, minute, second, m1, m2, m3]) => {
                let year = u16::from_be_bytes([*y1, *y2]);
                let micros = u32::from_be_bytes([0, *m1, *m2, *m3]);
                let month = month & 0x7f;
                let mut text =
                    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
                if micros > 0 {
                    let _ = write!(text, ".{micros:06}");
                }
                // An offset is an object of its own, which says little.
                Some(text)
            }
            ("datetime", "date", [y1, y2, month, day]) => {
                let year = u16::from_be_bytes([*y1, *y2]);
                Some(format!("{year:04}-{month:02}-{day:02}"))
            }
            ("decimal", "Decimal", _) | ("_codecs", "encode", _) => {
                let text = args.first().and_then(|id| self.objects.text(*id));
                self.pay(text.map_or(0, str::len))?;
                text.map(str::to_owned)
            }
            ("uuid", "UUID", _) => {
                let int = state.and_then(|state| match self.objects.get(state) {
                    Object::Dict(items) => items
                        .iter()
                        .find(|(key, _)| self.objects.text(*key) == Some("int"))
                        .map(|(_, value)| self.objects.get(*value)),
                    _ => None,
                });
                let number: Option<u128> = match int {
                    Some(Object::Int(number)) => u128::try_from(*number).ok(),
                    Some(Object::Long(digits)) => digits.parse().ok(),
                    _ => None,
                };
                number.map(|number| {
                    let hex = format!("{number:032x}");
                    let parts = [
                        &hex[..8],
                        &hex[8..12],
                        &hex[12..16],
                        &hex[16..20],
                        &hex[20..],
                    ];
                    parts.join("-")
                })
            }
            (module, kind, _) if module.starts_with("pathlib") && kind.ends_with("Path") => {
                let parts = args.iter().filter_map(|id| self.objects.text(*id));
                let parts: Vec<&str> = parts.collect();
                let text = parts.join("/").replacen("//", "/", 1);
                self.pay(text.len())?;
                Some(text)
            }
            ("builtins" | "__builtin__" | "exceptions", kind, _)
                if kind.ends_with("Error")
                    || kind.ends_with("Exception")
                    || ["KeyboardInterrupt", "SystemExit", "StopIteration"].contains(&kind) =>
            {
                let kind = kind.to_owned();
                self.pay(kind.len())?;
                let mut text = kind;
                for (place, arg) in args.iter().enumerate() {
                    text.push_str(if place == 0 { ": " } else { ", " });
                    text.push_str(&self.within(*arg, depth)?);
                }
                Some(text)
            }
            _ => None,
        })
    }

    fn within(&mut self, id: Id, depth: usize) -> Result<String, NotAPickle> {
        if let Some(text) = self.objects.text(id) {
            self.pay(text.len())?;
            return Ok(text.to_owned());
        }
        let mut out = Vec::new();
        self.value(id, depth + 1, &mut out)?;
        Ok(String::from_utf8_lossy(&out).into_owned())
    }

    /// What would have been called, and with what.
    fn call(&mut self, id: Id, depth: usize) -> Result<String, NotAPickle> {
        let Object::Made {
            callable,
            args,
            state,
        } = self.objects.get(id)
        else {
            return Ok(String::new());
        };
        let mut text = match self.objects.get(*callable) {
            Object::Global(..) => self.name(*callable)?,
            _ => self.within(*callable, depth)?,
        };
        text.push('(');
        for (place, arg) in self.items(*args).iter().enumerate() {
            if place > 0 {
                text.push_str(", ");
            }
            let mut out = Vec::new();
            self.value(*arg, depth + 1, &mut out)?;
            text.push_str(&String::from_utf8_lossy(&out));
        }
        text.push(')');
        if let Some(state) = state {
            text.push(' ');
            text.push_str(&self.within(*state, depth)?);
        }
        Ok(text)
    }
}

/// A number as JSON has it; Python's others as text.
pub(super) fn float(number: f64) -> String {
    match number {
        _ if number.is_nan() => "\"nan\"".to_owned(),
        _ if number == f64::INFINITY => "\"inf\"".to_owned(),
        _ if number == f64::NEG_INFINITY => "\"-inf\"".to_owned(),
        // With a point, as Python has it, so that it stays one.
        _ => format!("{number:?}"),
    }
}

fn escaped(bytes: &[u8]) -> String {
    let mut text = String::new();
    for part in bytes.utf8_chunks() {
        text.push_str(part.valid());
        for byte in part.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}
