//! The machine that a pickle is a program for, without its dangerous half:
//! what would import, call or build something makes a note of it instead.
//!
//! After Lib/pickletools.py, protocols 0 to 5. What it takes of memory is
//! bounded by the length of the pickle: an operation makes at most one object,
//! and copies nothing that is not in the pickle.

use std::borrow::Cow;
use std::collections::HashMap;

use super::NotAPickle;

/// A place among the objects.
pub(super) type Id = u32;

pub(super) const NONE: Id = 0;
const TRUE: Id = 1;
const FALSE: Id = 2;

/// The most objects, whatever the length.
const MOST: usize = 1 << 20;

/// The longest line of protocol 0, in bytes: its numbers and names.
const LINE: usize = 64 << 10;

/// The longest whole number, in bytes, that becomes one: 2,466 digits. A longer
/// one becomes a text that says so.
const NUMBER: usize = 1024;

/// What a pickle makes.
#[derive(Debug)]
pub(super) enum Object<'a> {
    None,
    Bool(bool),
    Int(i64),
    /// In decimal digits.
    Long(String),
    Float(f64),
    Text(Cow<'a, str>),
    Bytes(Cow<'a, [u8]>),
    /// A list, a tuple or a set.
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    /// The module and the name of something, which is not looked up.
    Global(Id, Id),
    /// What a call would have given, with the state that it would have got.
    Made {
        callable: Id,
        args: Id,
        state: Option<Id>,
    },
}

/// The objects of a pickle.
#[derive(Debug)]
pub(super) struct Objects<'a>(pub(super) Vec<Object<'a>>);

impl<'a> Objects<'a> {
    pub(super) fn get(&self, id: Id) -> &Object<'a> {
        self.0.get(id as usize).unwrap_or(&Object::None)
    }

    pub(super) fn text(&self, id: Id) -> Option<&str> {
        match self.get(id) {
            Object::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it would be a set or a list, made of another.
    pub(super) fn is_collection(&self, id: Id) -> bool {
        let Object::Made { callable, .. } = self.get(id) else {
            return false;
        };
        matches!(
            self.name(*callable),
            Some((
                "builtins" | "__builtin__",
                "set" | "frozenset" | "list" | "tuple"
            ))
        )
    }

    /// The module and the name of a global.
    pub(super) fn name(&self, id: Id) -> Option<(&str, &str)> {
        match self.get(id) {
            Object::Global(module, name) => Some((self.text(*module)?, self.text(*name)?)),
            _ => None,
        }
    }
}

struct Machine<'a> {
    rest: &'a [u8],
    objects: Objects<'a>,
    stack: Vec<Id>,
    /// How high the stack was at each mark.
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
}

/// Runs a pickle: its objects, and which of them is the result.
pub(super) fn run(pickle: &[u8]) -> Result<(Objects<'_>, Id), NotAPickle> {
    let mut machine = Machine {
        rest: pickle,
        objects: Objects(vec![Object::None, Object::Bool(true), Object::Bool(false)]),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
    };
    while !machine.step()? {}
    let result = machine.pop()?;
    match machine.rest.is_empty() {
        true => Ok((machine.objects, result)),
        false => Err(NotAPickle::Behind(machine.rest.len())),
    }
}

impl<'a> Machine<'a> {
    fn bytes(&mut self, count: u64) -> Result<&'a [u8], NotAPickle> {
        let count = usize::try_from(count).map_err(|_| NotAPickle::CutOff)?;
        let (bytes, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or(NotAPickle::CutOff)?;
        self.rest = rest;
        Ok(bytes)
    }

    /// A number of so many bytes, the lowest first.
    fn number(&mut self, count: u64) -> Result<u64, NotAPickle> {
        let bytes = self.bytes(count)?;
        Ok(bytes
            .iter()
            .rev()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }

    /// Bytes behind their length, which has so many bytes itself.
    fn counted(&mut self, width: u64) -> Result<&'a [u8], NotAPickle> {
        let count = self.number(width)?;
        self.bytes(count)
    }

    fn line(&mut self) -> Result<&'a [u8], NotAPickle> {
        let end = memchr::memchr(b'\n', self.rest).ok_or(NotAPickle::CutOff)?;
        if end > LINE {
            return Err(NotAPickle::TooLarge);
        }
        let line = self.bytes(end as u64)?;
        self.bytes(1)?;
        Ok(line.strip_suffix(b"\r").unwrap_or(line))
    }

    fn text_line(&mut self) -> Result<Cow<'a, str>, NotAPickle> {
        self.line().map(String::from_utf8_lossy)
    }

    fn make(&mut self, object: Object<'a>) -> Result<Id, NotAPickle> {
        let objects = &mut self.objects.0;
        if objects.len() >= MOST {
            return Err(NotAPickle::TooLarge);
        }
        objects.push(object);
        Ok((objects.len() - 1) as Id)
    }

    fn push(&mut self, object: Object<'a>) -> Result<(), NotAPickle> {
        let id = self.make(object)?;
        self.stack.push(id);
        Ok(())
    }

    /// Takes the uppermost object, which has to be above the last mark.
    fn pop(&mut self) -> Result<Id, NotAPickle> {
        let floor = self.marks.last().copied().unwrap_or(0);
        match self.stack.len() > floor {
            true => self.stack.pop().ok_or(NotAPickle::Stack),
            false => Err(NotAPickle::Stack),
        }
    }

    fn top(&self) -> Result<Id, NotAPickle> {
        let floor = self.marks.last().copied().unwrap_or(0);
        let top = self.stack.get(floor..).and_then(<[Id]>::last);
        top.copied().ok_or(NotAPickle::Stack)
    }

    /// Takes all above the last mark, and the mark.
    fn pop_mark(&mut self) -> Result<Vec<Id>, NotAPickle> {
        let mark = self.marks.pop().ok_or(NotAPickle::Stack)?;
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }

    fn remember(&mut self, key: u64) -> Result<(), NotAPickle> {
        let key = u32::try_from(key).map_err(|_| NotAPickle::Memo)?;
        let top = self.top()?;
        self.memo.insert(key, top);
        Ok(())
    }

    fn recall(&mut self, key: u64) -> Result<(), NotAPickle> {
        let key = u32::try_from(key).map_err(|_| NotAPickle::Memo)?;
        let found = *self.memo.get(&key).ok_or(NotAPickle::Memo)?;
        self.stack.push(found);
        Ok(())
    }

    fn key_line(&mut self) -> Result<u64, NotAPickle> {
        let line = self.line()?;
        let text = std::str::from_utf8(line).ok();
        text.and_then(|text| text.trim().parse().ok())
            .ok_or(NotAPickle::Memo)
    }

    fn append(&mut self, list: Id, items: Vec<Id>) -> Result<(), NotAPickle> {
        match self.objects.0.get_mut(list as usize) {
            Some(Object::List(all)) => all.extend(items),
            // A class's own way to be filled; what it is filled with is left
            // out of its text.
            Some(Object::Made { .. }) => {}
            _ => return Err(NotAPickle::Kind),
        }
        Ok(())
    }

    fn set_items(&mut self, dict: Id, items: &[Id]) -> Result<(), NotAPickle> {
        if !items.len().is_multiple_of(2) {
            return Err(NotAPickle::Stack);
        }
        match self.objects.0.get_mut(dict as usize) {
            Some(Object::Dict(all)) => all.extend(items.chunks_exact(2).map(|p| (p[0], p[1]))),
            Some(Object::Made { .. }) => {}
            _ => return Err(NotAPickle::Kind),
        }
        Ok(())
    }

    /// Notes a call. Only a dictionary that keeps its order is one.
    fn call(&mut self, mut callable: Id, mut args: Id) -> Result<(), NotAPickle> {
        // How protocols below 2 make an object: its class stands first.
        if let Some(("copy_reg" | "copyreg", "_reconstructor" | "__newobj__")) =
            self.objects.name(callable)
            && let Object::List(given) = self.objects.get(args)
            && let Some(class) = given.first()
        {
            callable = *class;
            args = self.make(Object::List(Vec::new()))?;
        }
        let is_dict = matches!(
            self.objects.name(callable),
            Some(("collections", "OrderedDict" | "defaultdict"))
        );
        self.push(match is_dict {
            true => Object::Dict(Vec::new()),
            false => Object::Made {
                callable,
                args,
                state: None,
            },
        })
    }

    fn global(&mut self, module: Cow<'a, str>, name: Cow<'a, str>) -> Result<Id, NotAPickle> {
        let module = self.make(Object::Text(module))?;
        let name = self.make(Object::Text(name))?;
        self.make(Object::Global(module, name))
    }

    fn step(&mut self) -> Result<bool, NotAPickle> {
        let Some((&code, rest)) = self.rest.split_first() else {
            return Err(NotAPickle::CutOff);
        };
        self.rest = rest;
        match code {
            b'.' => return Ok(true),
            0x80 => match self.number(1)? {
                0..=5 => {}
                version => return Err(NotAPickle::Protocol(version)),
            },
            // How much follows; it is there or it is not.
            0x95 => drop(self.number(8)?),
            b'(' => self.marks.push(self.stack.len()),
            b'0' => {
                // Of an empty stack above a mark, the mark itself.
                if self.pop().is_err() {
                    self.pop_mark()?;
                }
            }
            b'1' => drop(self.pop_mark()?),
            b'2' => self.stack.push(self.top()?),
            b'N' => self.stack.push(NONE),
            0x88 => self.stack.push(TRUE),
            0x89 => self.stack.push(FALSE),
            b'F' => {
                let line = self.text_line()?;
                let number = line.trim().parse().map_err(|_| NotAPickle::Number)?;
                self.push(Object::Float(number))?;
            }
            b'G' => {
                let bytes = self.bytes(8)?;
                let bits = bytes
                    .iter()
                    .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
                self.push(Object::Float(f64::from_bits(bits)))?;
            }
            b'I' | b'L' => {
                let line = self.text_line()?;
                match &*line {
                    "01" if code == b'I' => self.stack.push(TRUE),
                    "00" if code == b'I' => self.stack.push(FALSE),
                    line => {
                        let digits = line.strip_suffix('L').unwrap_or(line);
                        let number = decimal(digits.trim())?;
                        self.push(number)?;
                    }
                }
            }
            b'J' => {
                let number = self.number(4)? as u32 as i32;
                self.push(Object::Int(i64::from(number)))?;
            }
            b'K' | b'M' => {
                let number = self.number(if code == b'K' { 1 } else { 2 })?;
                self.push(Object::Int(number as i64))?;
            }
            0x8a | 0x8b => {
                let bytes = self.counted(if code == 0x8a { 1 } else { 4 })?;
                self.push(little_endian(bytes))?;
            }
            b'S' => {
                let line = self.line()?;
                let text = unquoted(line).ok_or(NotAPickle::Kind)?;
                self.push(text)?;
            }
            b'T' | b'U' => {
                let bytes = self.counted(if code == b'T' { 4 } else { 1 })?;
                // A string of Python 2.
                self.push(Object::Text(String::from_utf8_lossy(bytes)))?;
            }
            b'V' => {
                let line = self.line()?;
                self.push(Object::Text(raw_unicode(line)))?;
            }
            b'X' | 0x8c | 0x8d => {
                let bytes = self.counted(match code {
                    b'X' => 4,
                    0x8c => 1,
                    _ => 8,
                })?;
                self.push(Object::Text(String::from_utf8_lossy(bytes)))?;
            }
            b'B' | b'C' | 0x8e | 0x96 => {
                let bytes = self.counted(match code {
                    b'B' => 4,
                    b'C' => 1,
                    _ => 8,
                })?;
                self.push(Object::Bytes(Cow::Borrowed(bytes)))?;
            }
            b']' | b')' | 0x8f => self.push(Object::List(Vec::new()))?,
            b'}' => self.push(Object::Dict(Vec::new()))?,
            b'a' => {
                let item = self.pop()?;
                self.append(self.top()?, vec![item])?;
            }
            b'e' | 0x90 => {
                let items = self.pop_mark()?;
                self.append(self.top()?, items)?;
            }
            b'l' | b't' | 0x91 => {
                let items = self.pop_mark()?;
                self.push(Object::List(items))?;
            }
            0x85..=0x87 => {
                let mut items = Vec::new();
                for _ in 0x85..=code {
                    items.push(self.pop()?);
                }
                items.reverse();
                self.push(Object::List(items))?;
            }
            b'd' => {
                let items = self.pop_mark()?;
                let id = self.make(Object::Dict(Vec::new()))?;
                self.set_items(id, &items)?;
                self.stack.push(id);
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set_items(self.top()?, &[key, value])?;
            }
            b'u' => {
                let items = self.pop_mark()?;
                self.set_items(self.top()?, &items)?;
            }
            b'p' => {
                let key = self.key_line()?;
                self.remember(key)?;
            }
            b'q' | b'r' => {
                let key = self.number(if code == b'q' { 1 } else { 4 })?;
                self.remember(key)?;
            }
            0x94 => self.remember(self.memo.len() as u64)?,
            b'g' => {
                let key = self.key_line()?;
                self.recall(key)?;
            }
            b'h' | b'j' => {
                let key = self.number(if code == b'h' { 1 } else { 4 })?;
                self.recall(key)?;
            }
            b'c' => {
                let (module, name) = (self.text_line()?, self.text_line()?);
                let id = self.global(module, name)?;
                self.stack.push(id);
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                for id in [module, name] {
                    if !matches!(self.objects.get(id), Object::Text(_)) {
                        return Err(NotAPickle::Kind);
                    }
                }
                self.push(Object::Global(module, name))?;
            }
            b'R' | 0x81 => {
                let (args, callable) = (self.pop()?, self.pop()?);
                self.call(callable, args)?;
            }
            0x92 => {
                let (_keywords, args, callable) = (self.pop()?, self.pop()?, self.pop()?);
                self.call(callable, args)?;
            }
            b'o' => {
                let mut args = self.pop_mark()?;
                if args.is_empty() {
                    return Err(NotAPickle::Stack);
                }
                let callable = args.remove(0);
                let args = self.make(Object::List(args))?;
                self.call(callable, args)?;
            }
            b'i' => {
                let (module, name) = (self.text_line()?, self.text_line()?);
                let args = self.pop_mark()?;
                let callable = self.global(module, name)?;
                let args = self.make(Object::List(args))?;
                self.call(callable, args)?;
            }
            b'b' => {
                let given = self.pop()?;
                let top = self.top()?;
                match self.objects.0.get_mut(top as usize) {
                    Some(Object::Made { state, .. }) => *state = Some(given),
                    // A class that is a dictionary or a list, and more.
                    Some(Object::Dict(_) | Object::List(_)) => {}
                    _ => return Err(NotAPickle::Kind),
                }
            }
            b'P' | b'Q' => {
                let name = match code {
                    b'P' => self.text_line()?,
                    _ => {
                        self.pop()?;
                        Cow::Borrowed("object")
                    }
                };
                let id = self.global(Cow::Borrowed("persistent"), name)?;
                self.stack.push(id);
            }
            // Numbers of a registry, and memory that is not in the pickle.
            other => return Err(NotAPickle::Operation(other)),
        }
        Ok(false)
    }
}

/// A whole number in decimal digits.
fn decimal<'a>(digits: &str) -> Result<Object<'a>, NotAPickle> {
    if let Ok(number) = digits.parse() {
        return Ok(Object::Int(number));
    }
    let unsigned = digits.strip_prefix('-').unwrap_or(digits);
    match !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(Object::Long(digits.to_owned())),
        false => Err(NotAPickle::Number),
    }
}

/// A whole number in two's complement, the lowest byte first. Costs the square
/// of its length, which is bounded.
fn little_endian<'a>(bytes: &[u8]) -> Object<'a> {
    let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
    let fill = if negative { 0xff } else { 0 };
    if bytes.len() <= 8 {
        let mut all = [fill; 8];
        all[..bytes.len()].copy_from_slice(bytes);
        return Object::Int(i64::from_le_bytes(all));
    }
    if bytes.len() > NUMBER {
        return Object::Text(format!("a number of {} bytes", bytes.len()).into());
    }
    let mut carry = negative;
    let mut magnitude: Vec<u8> = bytes.to_vec();
    if negative {
        for byte in &mut magnitude {
            let (value, over) = (!*byte).overflowing_add(u8::from(carry));
            (*byte, carry) = (value, over);
        }
    }
    // Groups of nine decimal digits, the lowest first.
    let mut groups: Vec<u32> = vec![0];
    for byte in magnitude.iter().rev() {
        let mut carry = u64::from(*byte);
        for group in &mut groups {
            let value = u64::from(*group) * 256 + carry;
            *group = (value % 1_000_000_000) as u32;
            carry = value / 1_000_000_000;
        }
        if carry > 0 {
            groups.push(carry as u32);
        }
    }
    let mut text = if negative { "-" } else { "" }.to_owned();
    for (place, group) in groups.iter().rev().enumerate() {
        text.push_str(&match place {
            0 => group.to_string(),
            _ => format!("{group:09}"),
        });
    }
    Object::Long(text)
}

/// A string in quotes, with Python 2's escapes.
fn unquoted<'a>(line: &'a [u8]) -> Option<Object<'a>> {
    let quote = line.first().filter(|byte| [b'\'', b'"'].contains(byte))?;
    let inner = line.get(1..)?.strip_suffix(&[*quote])?;
    if memchr::memchr(b'\\', inner).is_none() {
        return Some(Object::Text(String::from_utf8_lossy(inner)));
    }
    let mut out = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match bytes.next()? {
            b'n' => out.push(b'\n'),
            b't' => out.push(b'\t'),
            b'r' => out.push(b'\r'),
            b'x' => {
                let digits = [bytes.next()?, bytes.next()?];
                let text = std::str::from_utf8(&digits).ok()?;
                out.push(u8::from_str_radix(text, 16).ok()?);
            }
            other => out.push(other),
        }
    }
    Some(Object::Text(
        String::from_utf8_lossy(&out).into_owned().into(),
    ))
}

/// Latin-1 with `\uXXXX` and `\UXXXXXXXX`, as protocol 0 writes text.
fn raw_unicode(line: &[u8]) -> Cow<'_, str> {
    if line.is_ascii()
        && memchr::memchr(b'\\', line).is_none()
        && let Ok(text) = std::str::from_utf8(line)
    {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(line.len());
    let mut at = 0;
    while let Some(&byte) = line.get(at) {
        let width = match line.get(at..at + 2) {
            Some(b"\\u") => 4,
            Some(b"\\U") => 8,
            _ => 0,
        };
        let digits = line.get(at + 2..at + 2 + width).filter(|_| width > 0);
        let code = digits
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u32::from_str_radix(digits, 16).ok());
        match code {
            Some(code) => {
                out.push(char::from_u32(code).unwrap_or('\u{fffd}'));
                at += 2 + width;
            }
            None => {
                out.push(char::from(byte));
                at += 1;
            }
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_length() {
        let number = |bytes: &[u8]| match little_endian(bytes) {
            Object::Int(number) => number.to_string(),
            Object::Long(text) => text,
            other => format!("{other:?}"),
        };
        assert_eq!(number(b""), "0");
        assert_eq!(number(b"\xff"), "-1");
        assert_eq!(number(b"\x00\x80"), "-32768");
        assert_eq!(
            number(b"\x00\x00\x00\x00\x00\x00\x00\x00\x01"),
            "18446744073709551616"
        );
        assert_eq!(
            number(b"\x00\x00\x00\x00\x00\x00\x00\x00\xff"),
            "-18446744073709551616"
        );
        let wide = 2u128.pow(100) + 12345;
        assert_eq!(number(&wide.to_le_bytes()), wide.to_string());
        assert_eq!(number(&(-(wide as i128)).to_le_bytes()), format!("-{wide}"));
    }
}
