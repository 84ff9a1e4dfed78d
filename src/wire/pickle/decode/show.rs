//! What a value of a pickle is as text: JSON for plain data, as Python's `repr`
//! for everything else.

use std::borrow::Cow;
use std::io::Write as _;

use super::NotAPickle;
use super::known::{Pairs, View, is_builtin};
use super::number;
use super::objects::{Item, Made, Objects, Shape, Text};
use crate::record::Value;
use crate::wire::json::write_string;
use crate::wire::pickle::text::{into_string, readable, write_readable};

/// How deep lists and dictionaries are followed; what is deeper is left out. So
/// a list that holds itself has an end.
const DEPTH: usize = 64;

/// What stands for it.
const LEFT_OUT: &[u8] = b"...";

/// Writes values, as long as there is room: what is shared in a pickle is
/// written as often as it is used.
pub(super) struct Writer<'o, 'a> {
    pub(super) objects: &'o Objects<'a>,
    room: usize,
}

impl<'o, 'a> Writer<'o, 'a> {
    /// So many bytes in all, over all calls.
    pub(super) fn new(objects: &'o Objects<'a>, room: usize) -> Writer<'o, 'a> {
        Writer { objects, room }
    }

    #[inline]
    pub(super) fn pay(&mut self, length: usize) -> Result<(), NotAPickle> {
        self.room = self.room.checked_sub(length).ok_or(NotAPickle::TooLarge)?;
        Ok(())
    }

    /// As the value of an attribute.
    #[inline(always)]
    pub(super) fn value(&mut self, item: Item<'a>) -> Result<Value<'a>, NotAPickle> {
        if let Item::Int(number) = item {
            self.pay(8)?;
            return Ok(Value::Json(Cow::Owned(number.to_string())));
        }
        let word = match item {
            Item::Text(_) | Item::Unescaped(_) => return self.text(item).map(Value::Text),
            Item::None => "null",
            Item::Bool(true) => "true",
            Item::Bool(false) => "false",
            Item::Digits(digits) => digits,
            _ => return self.other_value(item),
        };
        self.pay(word.len())?;
        Ok(Value::Json(Cow::Borrowed(word)))
    }

    fn other_value(&mut self, item: Item<'a>) -> Result<Value<'a>, NotAPickle> {
        let is_json = match self.objects.view(item) {
            View::Plain(Item::Long(bytes)) => bytes.len() <= number::DECIMAL,
            View::Plain(Item::Float(number)) => number.is_finite(),
            View::Plain(_) | View::Sequence(..) | View::Dict(_) => true,
            _ => false,
        };
        if !is_json {
            return self.text(item).map(Value::Text);
        }
        let mut out = Vec::new();
        self.json(item, 0, &mut out)?;
        Ok(Value::Json(Cow::Owned(into_string(out))))
    }

    /// As text; a string as it stands in the pickle.
    #[inline]
    pub(super) fn text(&mut self, item: Item<'a>) -> Result<Cow<'a, str>, NotAPickle> {
        match item {
            Item::Text(text) => {
                self.pay(text.as_bytes().len())?;
                Ok(Cow::Borrowed(text.as_str()))
            }
            Item::Bytes(bytes) => {
                let text = readable(bytes);
                self.pay(text.len())?;
                Ok(text)
            }
            _ => {
                let mut out = Vec::new();
                self.plain(item, 0, &mut out)?;
                Ok(Cow::Owned(into_string(out)))
            }
        }
    }

    /// Text without quotes, bytes as what they say.
    fn plain(&mut self, item: Item<'a>, depth: usize, out: &mut Vec<u8>) -> Result<(), NotAPickle> {
        let start = out.len();
        match (self.objects.view(item), self.objects.text(item)) {
            (_, Some(text)) => out.extend_from_slice(text.as_bytes()),
            (View::Bytes(raw), _) => write_readable(&raw.bytes(), out),
            (View::Text(_, text), _) => out.extend_from_slice(&text),
            (View::Path(_, parts), _) => return self.path(parts, out),
            _ => return self.repr(item, depth, out),
        }
        self.pay(out.len() - start)
    }

    /// As Python's `str` has it.
    pub(super) fn str(&mut self, item: Item<'a>, out: &mut Vec<u8>) -> Result<(), NotAPickle> {
        let start = out.len();
        match (self.objects.view(item), self.objects.text(item)) {
            (_, Some(text)) => out.extend_from_slice(text.as_bytes()),
            (View::Text(class, text), _) => {
                out.extend_from_slice(&text);
                if class == b"datetime"
                    && let Some(at) = memchr::memchr(b'T', &out[start..])
                {
                    out[start + at] = b' ';
                }
            }
            (View::Path(_, parts), _) => return self.path(parts, out),
            (View::Exception(_, class, args), _) => return self.arguments(class, args, 0, out),
            _ => return self.repr(item, 0, out),
        }
        self.pay(out.len() - start)
    }

    /// As JSON.
    fn json(&mut self, item: Item<'a>, depth: usize, out: &mut Vec<u8>) -> Result<(), NotAPickle> {
        let start = out.len();
        match self.objects.view(item) {
            // Writing to a vector cannot fail.
            View::Plain(item) => match item {
                Item::None => out.extend_from_slice(b"null"),
                Item::Bool(value) => {
                    out.extend_from_slice(if value { b"true" } else { b"false" });
                }
                Item::Int(number) => drop(write!(out, "{number}")),
                Item::Digits(digits) => out.extend_from_slice(digits.as_bytes()),
                Item::Long(bytes) if bytes.len() <= number::DECIMAL => {
                    out.extend_from_slice(number::decimal(bytes).as_bytes());
                }
                // With a point, as Python has it, so that it stays one.
                Item::Float(number) if number.is_finite() => drop(write!(out, "{number:?}")),
                item => match self.objects.text(item) {
                    Some(text) => write_string(text.as_bytes(), out),
                    None => return self.quoted(item, depth, out),
                },
            },
            View::Sequence(..) | View::Dict(_) if depth == DEPTH => write_string(LEFT_OUT, out),
            View::Sequence(_, items) => {
                out.push(b'[');
                for (place, item) in items.iter().enumerate() {
                    if place > 0 {
                        out.push(b',');
                    }
                    self.pay(2)?;
                    self.json(*item, depth + 1, out)?;
                }
                out.push(b']');
                return self.pay(2);
            }
            View::Dict(pairs) => {
                out.push(b'{');
                for (place, (key, value)) in pairs.iter(self.objects).enumerate() {
                    if place > 0 {
                        out.push(b',');
                    }
                    self.key(key, depth, out)?;
                    out.push(b':');
                    self.pay(2)?;
                    self.json(value, depth + 1, out)?;
                }
                out.push(b'}');
                return self.pay(2);
            }
            _ => return self.quoted(item, depth, out),
        }
        self.pay(out.len() - start)
    }

    /// A key, as `json.dumps` has it; what that refuses, as its text.
    fn key(&mut self, item: Item<'a>, depth: usize, out: &mut Vec<u8>) -> Result<(), NotAPickle> {
        match item {
            Item::None | Item::Bool(_) | Item::Float(_) => {
                let start = out.len();
                self.json(item, depth + 1, out)?;
                if out.get(start) != Some(&b'"') {
                    out.insert(start, b'"');
                    out.push(b'"');
                }
                Ok(())
            }
            _ => self.quoted(item, depth, out),
        }
    }

    /// Its text as a string of JSON.
    fn quoted(
        &mut self,
        item: Item<'a>,
        depth: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), NotAPickle> {
        let start = out.len();
        match self.objects.text(item) {
            Some(text) => write_string(text.as_bytes(), out),
            None => {
                let mut text = Vec::new();
                self.plain(item, depth, &mut text)?;
                write_string(&text, out);
            }
        }
        self.pay(out.len() - start)
    }

    /// As Python's `repr` has it.
    pub(super) fn repr(
        &mut self,
        item: Item<'a>,
        depth: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), NotAPickle> {
        let start = out.len();
        match self.objects.view(item) {
            View::Plain(item) => match item {
                Item::None => out.extend_from_slice(b"None"),
                Item::Bool(value) => {
                    out.extend_from_slice(if value { b"True" } else { b"False" });
                }
                // Writing to a vector cannot fail.
                Item::Int(number) => drop(write!(out, "{number}")),
                Item::Digits(digits) => out.extend_from_slice(digits.as_bytes()),
                Item::Long(bytes) if bytes.len() <= number::DECIMAL => {
                    out.extend_from_slice(number::decimal(bytes).as_bytes());
                }
                Item::Long(bytes) => {
                    let (negative, digits) = number::hexadecimal(bytes);
                    let sign = if negative { "-" } else { "" };
                    let _ = write!(out, "{sign}0x{digits}");
                }
                Item::Float(number) => out.extend_from_slice(float(number).as_bytes()),
                item => {
                    let text = self.objects.text(item).map(Text::as_str);
                    write_quoted(text.unwrap_or_default(), out);
                }
            },
            View::Bytes(raw) => write_bytes(&raw.bytes(), out),
            View::Global(module, name) => write_name(module, name, out),
            View::Text(class, text) => {
                write_instance(class, &text, out);
            }
            View::Path(class, parts) => {
                let mut path = Vec::new();
                self.path(parts, &mut path)?;
                write_instance(class, &path, out);
            }
            _ if depth >= DEPTH => out.extend_from_slice(LEFT_OUT),
            View::Persistent(name) => {
                out.extend_from_slice(b"<persistent id ");
                self.repr(name, depth + 1, out)?;
                out.push(b'>');
                return self.pay(16);
            }
            View::Sequence(shape, items) => {
                let (open, close) = match (shape, items) {
                    (Shape::List, _) => ("[", "]"),
                    (Shape::Tuple, [_]) => ("(", ",)"),
                    (Shape::Tuple, _) => ("(", ")"),
                    (Shape::Set, []) => ("set(", ")"),
                    (Shape::Set, _) => ("{", "}"),
                    (Shape::FrozenSet, []) => ("frozenset(", ")"),
                    (Shape::FrozenSet, _) => ("frozenset({", "})"),
                };
                return self.list(open, items, close, depth, out);
            }
            View::Dict(pairs) => return self.dict(pairs, depth, out),
            View::Exception(module, class, args) => {
                write_name(module, class, out);
                if !args.is_empty() {
                    out.extend_from_slice(b": ");
                }
                self.pay(out.len() - start)?;
                return self.arguments(class, args, depth, out);
            }
            View::Call(made) => return self.call(made, depth, out),
        }
        self.pay(out.len() - start)
    }

    /// The text of a path. Its parts may be one text many times over, so each
    /// is paid for before it is written.
    fn path(&mut self, parts: &[Item<'a>], out: &mut Vec<u8>) -> Result<(), NotAPickle> {
        let start = out.len();
        let mut written = 0;
        for part in parts {
            self.pay(1)?;
            let Some(Text(part)) = self.objects.text(*part) else {
                continue;
            };
            self.pay(part.len())?;
            // A root ends with its own slash.
            let behind_root = written == 1 && matches!(out[start..], [.., b'/' | b'\\']);
            if written > 0 && !behind_root {
                out.push(b'/');
            }
            out.extend_from_slice(part);
            written += 1;
        }
        if written == 0 {
            out.push(b'.');
        }
        Ok(())
    }

    fn list(
        &mut self,
        open: &str,
        items: &[Item<'a>],
        close: &str,
        depth: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), NotAPickle> {
        out.extend_from_slice(open.as_bytes());
        for (place, item) in items.iter().enumerate() {
            if place > 0 {
                out.extend_from_slice(b", ");
            }
            self.pay(2)?;
            self.repr(*item, depth + 1, out)?;
        }
        out.extend_from_slice(close.as_bytes());
        self.pay(open.len() + close.len())
    }

    fn dict(
        &mut self,
        pairs: Pairs<'o, 'a>,
        depth: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), NotAPickle> {
        out.push(b'{');
        for (place, (key, value)) in pairs.iter(self.objects).enumerate() {
            if place > 0 {
                out.extend_from_slice(b", ");
            }
            self.repr(key, depth + 1, out)?;
            out.extend_from_slice(b": ");
            self.pay(4)?;
            self.repr(value, depth + 1, out)?;
        }
        out.push(b'}');
        self.pay(2)
    }

    /// The text of an exception without its class.
    fn arguments(
        &mut self,
        class: &[u8],
        args: &[Item<'a>],
        depth: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), NotAPickle> {
        match *args {
            [] => Ok(()),
            [only] if class != b"KeyError" => self.plain(only, depth + 1, out),
            [only] => self.repr(only, depth + 1, out),
            _ => self.list("(", args, ")", depth, out),
        }
    }

    /// What would have been called, and with what.
    fn call(
        &mut self,
        made: &'o Made<'a>,
        depth: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), NotAPickle> {
        self.repr(made.callable, depth + 1, out)?;
        let args = self.objects.items(made.args);
        self.list("(", args, "", depth, out)?;
        if let View::Dict(pairs) = self.objects.view(made.keywords) {
            for (place, (key, value)) in pairs.iter(self.objects).enumerate() {
                if place + args.len() > 0 {
                    out.extend_from_slice(b", ");
                }
                self.plain(key, depth + 1, out)?;
                out.push(b'=');
                self.pay(3)?;
                self.repr(value, depth + 1, out)?;
            }
        }
        out.push(b')');
        if !matches!(made.state, Item::None) {
            out.push(b' ');
            self.repr(made.state, depth + 1, out)?;
        }
        if !made.fill.is_empty() {
            out.push(b' ');
            match made.pairs {
                false => self.list("[", &made.fill, "]", depth, out)?,
                true => self.dict(Pairs::Flat(&made.fill), depth, out)?,
            }
        }
        self.pay(4)
    }
}

fn write_name(module: &[u8], name: &[u8], out: &mut Vec<u8>) {
    if !module.is_empty() && !is_builtin(module) {
        out.extend_from_slice(module);
        out.push(b'.');
    }
    out.extend_from_slice(name);
}

/// What makes an object of a class from this text.
fn write_instance(class: &[u8], text: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(class);
    out.push(b'(');
    write_quoted(&String::from_utf8_lossy(text), out);
    out.push(b')');
}

/// The quote that Python takes for a string.
fn quote(text: &[u8]) -> u8 {
    match memchr::memchr(b'\'', text).is_some() && memchr::memchr(b'"', text).is_none() {
        true => b'"',
        false => b'\'',
    }
}

/// A string in quotes, with Python's escapes for what a terminal would obey.
fn write_quoted(text: &str, out: &mut Vec<u8>) {
    let quote = quote(text.as_bytes());
    out.push(quote);
    for char in text.chars() {
        // Writing to a vector cannot fail.
        let _ = match char {
            '\n' => write!(out, "\\n"),
            '\r' => write!(out, "\\r"),
            '\t' => write!(out, "\\t"),
            '\\' => write!(out, "\\\\"),
            char if u32::from(char) == u32::from(quote) => write!(out, "\\{char}"),
            '\0'..='\x1f' | '\x7f'..='\u{a0}' | '\u{ad}' => {
                write!(out, "\\x{:02x}", u32::from(char))
            }
            _ => write!(out, "{char}"),
        };
    }
    out.push(quote);
}

fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    let quote = quote(bytes);
    out.extend_from_slice(&[b'b', quote]);
    for &byte in bytes {
        // Writing to a vector cannot fail.
        let _ = match byte {
            b'\n' => write!(out, "\\n"),
            b'\r' => write!(out, "\\r"),
            b'\t' => write!(out, "\\t"),
            b'\\' => write!(out, "\\\\"),
            byte if byte == quote => write!(out, "\\{}", char::from(byte)),
            b' '..=b'~' => out.write_all(&[byte]),
            _ => write!(out, "\\x{byte:02x}"),
        };
    }
    out.push(quote);
}

/// A number as Python's `repr` has it.
pub(super) fn float(number: f64) -> String {
    match number {
        _ if number.is_nan() => "nan".to_owned(),
        _ if number.is_infinite() => if number > 0.0 { "inf" } else { "-inf" }.to_owned(),
        _ => exponent(&format!("{number:?}")),
    }
}

/// `1.5e7` as Python has it: `1.5e+07`.
pub(super) fn exponent(text: &str) -> String {
    let Some((mantissa, power)) = text.split_once('e') else {
        return text.to_owned();
    };
    let (sign, digits) = match power.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', power),
    };
    format!("{mantissa}e{sign}{digits:0>2}")
}
