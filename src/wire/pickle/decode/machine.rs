//! The machine that a pickle is a program for, without its dangerous half:
//! what would import, call or build something makes a note of it instead.
//!
//! After Lib/pickletools.py, protocols 0 to 5. What it takes of memory is
//! bounded by the length of the pickle: an operation makes at most one object,
//! and copies nothing that does not stand in the pickle where it stands.

use std::borrow::Cow;
use std::cell::Cell;

use super::NotAPickle;
use super::memo::Memo;
use super::objects::{Item, Made, Node, Objects, Shape, Text};
use crate::wire::pickle::text::{raw_unicode, readable, unquoted};

/// The most values, whatever the length: 6 MiB of them on the stack.
const MOST: usize = 1 << 18;

struct Machine<'a> {
    rest: &'a [u8],
    objects: Objects<'a>,
    stack: Vec<Item<'a>>,
    /// How high the stack was at each mark.
    marks: Vec<usize>,
    /// The last of the marks, or 0.
    floor: usize,
    memo: Memo<'a>,
    /// Room for the first that is filled.
    attributes: Vec<Item<'a>>,
    /// How many values and marks there were.
    made: usize,
}

/// The room that pickles take one after the other on this thread.
#[derive(Default)]
struct Room {
    stack: Vec<Item<'static>>,
    memo: Vec<Option<Item<'static>>>,
    attributes: Vec<Item<'static>>,
}

/// So much of each is kept, in values: 24 KiB.
const KEPT: usize = 1024;

thread_local! {
    static ROOM: Cell<Room> = Cell::default();
}

/// The same vector for values of another lifetime: what is collected from a
/// vector without an element takes that vector's room.
fn emptied<'b, T, U: 'b>(mut items: Vec<T>, none: fn() -> U) -> Vec<U> {
    items.clear();
    match items.capacity() <= KEPT {
        true => items.into_iter().map(|_| none()).collect(),
        false => Vec::new(),
    }
}

/// Runs a pickle and looks at its result.
pub(super) fn run<'a>(
    pickle: &'a [u8],
    look: impl FnOnce(&Objects<'a>, Item<'a>) -> Result<(), NotAPickle>,
) -> Result<(), NotAPickle> {
    let room = ROOM.take();
    let mut machine = Machine {
        rest: pickle,
        objects: Objects::default(),
        stack: emptied(room.stack, || Item::None),
        marks: Vec::new(),
        floor: 0,
        memo: Memo::new(emptied(room.memo, || None)),
        attributes: emptied(room.attributes, || Item::None),
        made: 0,
    };
    let done = machine
        .run()
        .and_then(|result| look(&machine.objects, result));
    // What was filled first is the dictionary around all, or never used.
    let filled = machine
        .objects
        .nodes
        .into_iter()
        .find_map(|node| match node {
            Node::Dict(items) => Some(items),
            _ => None,
        });
    ROOM.set(Room {
        stack: emptied(machine.stack, || Item::None),
        memo: emptied(machine.memo.into_room(), || None),
        attributes: emptied(filled.unwrap_or(machine.attributes), || Item::None),
    });
    done
}

impl<'a> Machine<'a> {
    fn run(&mut self) -> Result<Item<'a>, NotAPickle> {
        loop {
            // Most of a record are short texts, as protocols 1 to 3 or 4 and 5 have
            // them: those need no table of what else there is.
            match *self.rest {
                [b'X', a, b, c, d, ref rest @ ..] => {
                    self.rest = rest;
                    self.text(u64::from(u32::from_le_bytes([a, b, c, d])))?;
                }
                // Of Python 2; the same if it is UTF-8.
                [code @ (0x8c | b'U'), count, ref rest @ ..] => {
                    self.rest = rest;
                    match code {
                        0x8c => self.text(u64::from(count))?,
                        _ => self.string(u64::from(count))?,
                    }
                }
                _ => {
                    if self.step()? {
                        break;
                    }
                }
            }
        }
        let result = self.pop()?;
        match self.rest.is_empty() {
            true => Ok(result),
            false => Err(NotAPickle::Behind(self.rest.len())),
        }
    }

    #[inline]
    fn bytes(&mut self, count: u64) -> Result<&'a [u8], NotAPickle> {
        let count = usize::try_from(count).map_err(|_| NotAPickle::CutOff)?;
        let (bytes, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or(NotAPickle::CutOff)?;
        self.rest = rest;
        Ok(bytes)
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], NotAPickle> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(NotAPickle::CutOff)?;
        self.rest = rest;
        Ok(*bytes)
    }

    #[inline]
    fn u8(&mut self) -> Result<u64, NotAPickle> {
        self.array().map(|[byte]| u64::from(byte))
    }

    #[inline]
    fn u32(&mut self) -> Result<u64, NotAPickle> {
        self.array()
            .map(|bytes| u64::from(u32::from_le_bytes(bytes)))
    }

    fn u64(&mut self) -> Result<u64, NotAPickle> {
        self.array().map(u64::from_le_bytes)
    }

    fn line(&mut self) -> Result<&'a [u8], NotAPickle> {
        let end = memchr::memchr(b'\n', self.rest).ok_or(NotAPickle::CutOff)?;
        let line = &self.rest[..end];
        self.rest = &self.rest[end + 1..];
        Ok(line)
    }

    /// A line that holds a number.
    fn number_line(&mut self) -> Result<&'a str, NotAPickle> {
        let text = std::str::from_utf8(self.line()?).map_err(|_| NotAPickle::Number)?;
        Ok(text.trim_ascii())
    }

    fn key_line(&mut self) -> Result<u64, NotAPickle> {
        self.number_line()?.parse().map_err(|_| NotAPickle::Memo)
    }

    fn name_line(&mut self) -> Result<Item<'a>, NotAPickle> {
        let line = self.line()?;
        Ok(self.unescaped(readable(line.strip_suffix(b"\r").unwrap_or(line))))
    }

    #[inline]
    fn count(&mut self) -> Result<(), NotAPickle> {
        self.made += 1;
        match self.made <= MOST {
            true => Ok(()),
            false => Err(NotAPickle::TooLarge),
        }
    }

    #[inline(always)]
    fn push(&mut self, item: Item<'a>) -> Result<(), NotAPickle> {
        self.count()?;
        self.stack.push(item);
        Ok(())
    }

    fn node(&mut self, node: Node<'a>) -> Item<'a> {
        self.objects.nodes.push(node);
        // There are far fewer than 2^32: `push` counts them.
        Item::Node((self.objects.nodes.len() - 1) as u32)
    }

    fn push_node(&mut self, node: Node<'a>) -> Result<(), NotAPickle> {
        let item = self.node(node);
        self.push(item)
    }

    fn unescaped(&mut self, text: Cow<'a, str>) -> Item<'a> {
        match text {
            Cow::Borrowed(text) => Item::Text(text.into()),
            Cow::Owned(text) => {
                self.objects.unescaped.push(text);
                Item::Unescaped((self.objects.unescaped.len() - 1) as u32)
            }
        }
    }

    /// Text of so many bytes.
    #[inline(always)]
    fn text(&mut self, count: u64) -> Result<(), NotAPickle> {
        let bytes = self.bytes(count)?;
        if let Some(text) = Text::ascii(bytes) {
            return self.push_remembered(text);
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => self.push_remembered(text.into()),
            Err(_) => {
                let text = self.unescaped(readable(bytes));
                self.push(text)
            }
        }
    }

    /// A string of Python 2 of so many bytes, which may hold anything.
    fn string(&mut self, count: u64) -> Result<(), NotAPickle> {
        let bytes = self.bytes(count)?;
        match std::str::from_utf8(bytes) {
            Ok(text) => self.push_remembered(text.into()),
            Err(_) => self.push(Item::Bytes(bytes)),
        }
    }

    #[inline(always)]
    fn push_remembered(&mut self, text: Text<'a>) -> Result<(), NotAPickle> {
        // Nearly always it is remembered, so that is not left to the next step.
        match *self.rest {
            [b'q', key, ref rest @ ..] => {
                self.memo.put(u64::from(key), || Item::Text(text));
                self.rest = rest;
            }
            [0x94, ref rest @ ..] => {
                self.memo.put(self.memo.len(), || Item::Text(text));
                self.rest = rest;
            }
            _ => {}
        }
        self.push(Item::Text(text))
    }

    /// Takes the uppermost value, which has to be above the last mark.
    fn pop(&mut self) -> Result<Item<'a>, NotAPickle> {
        match self.stack.len() > self.floor {
            true => self.stack.pop().ok_or(NotAPickle::Stack),
            false => Err(NotAPickle::Stack),
        }
    }

    #[inline]
    fn top(&self) -> Result<Item<'a>, NotAPickle> {
        match self.stack.len() > self.floor {
            true => self.stack.last().copied().ok_or(NotAPickle::Stack),
            false => Err(NotAPickle::Stack),
        }
    }

    /// Remembers the uppermost value. Picklers remember each value once, so there
    /// are no more of them.
    fn remember(&mut self, key: u64) -> Result<(), NotAPickle> {
        let top = self.top()?;
        self.memo.put(key, || top);
        match self.memo.len() <= MOST as u64 {
            true => Ok(()),
            false => Err(NotAPickle::TooLarge),
        }
    }

    /// Takes the last mark: what is above it begins there.
    fn pop_mark(&mut self) -> Result<usize, NotAPickle> {
        let mark = self.marks.pop().ok_or(NotAPickle::Stack)?;
        self.floor = self.marks.last().copied().unwrap_or(0);
        Ok(mark.min(self.stack.len()))
    }

    /// Takes all above the last mark, and the mark.
    fn pop_items(&mut self) -> Result<Vec<Item<'a>>, NotAPickle> {
        let mark = self.pop_mark()?;
        let items = self.stack[mark..].to_vec();
        self.stack.truncate(mark);
        Ok(items)
    }

    /// Fills what lies below the last of the values, all from `mark` on.
    fn fill(&mut self, mark: usize, pairs: bool) -> Result<(), NotAPickle> {
        if mark <= self.floor || mark > self.stack.len() {
            return Err(NotAPickle::Stack);
        }
        let (below, items) = self.stack.split_at(mark);
        if pairs && !items.len().is_multiple_of(2) {
            return Err(NotAPickle::Stack);
        }
        let Some(Item::Node(place)) = below.last() else {
            return Err(NotAPickle::Kind);
        };
        let into = match (self.objects.nodes.get_mut(*place as usize), pairs) {
            (Some(Node::Sequence(Shape::List | Shape::Set, all)), false) => all,
            (Some(Node::Dict(all)), true) => all,
            // A class's own way to be filled.
            (Some(Node::Made(made)), _) => {
                // In both ways at once is in neither.
                if made.pairs != pairs {
                    made.fill.clear();
                }
                made.pairs = pairs;
                &mut made.fill
            }
            _ => return Err(NotAPickle::Kind),
        };
        if into.capacity() == 0 {
            *into = std::mem::take(&mut self.attributes);
        }
        into.extend_from_slice(items);
        self.stack.truncate(mark);
        Ok(())
    }

    fn call(
        &mut self,
        callable: Item<'a>,
        args: Item<'a>,
        keywords: Item<'a>,
    ) -> Result<(), NotAPickle> {
        let (mut callable, mut args) = (callable, args);
        // How protocols below 2 make an object: its class, the built-in class
        // below it and the value of that, if it is one.
        if let Some((b"copy_reg" | b"copyreg", b"_reconstructor")) = self.objects.name(callable)
            && let &[class, _, value] = self.objects.items(args)
        {
            callable = class;
            args = match value {
                Item::None => Item::None,
                value => self.node(Node::Sequence(Shape::Tuple, vec![value])),
            };
        }
        self.push_node(Node::Made(Box::new(Made {
            callable,
            args,
            keywords,
            state: Item::None,
            fill: Vec::new(),
            pairs: false,
        })))
    }

    /// One operation; `true` at the last.
    #[inline(never)]
    fn step(&mut self) -> Result<bool, NotAPickle> {
        let [code] = self.array()?;
        match code {
            b'q' => {
                let key = self.u8()?;
                self.remember(key)?;
            }
            0x94 => self.remember(self.memo.len())?,
            b'.' => return Ok(true),
            0x80 => match self.u8()? {
                0..=5 => {}
                version => return Err(NotAPickle::Protocol(version)),
            },
            // How much follows; it is there or it is not.
            0x95 => drop(self.u64()?),
            b'(' => {
                self.count()?;
                self.floor = self.stack.len();
                self.marks.push(self.floor);
            }
            b'0' => {
                // Of an empty stack above a mark, the mark itself.
                if self.pop().is_err() {
                    self.pop_mark()?;
                }
            }
            b'1' => {
                let mark = self.pop_mark()?;
                self.stack.truncate(mark);
            }
            b'2' => self.push(self.top()?)?,
            b'N' => self.push(Item::None)?,
            0x88 => self.push(Item::Bool(true))?,
            0x89 => self.push(Item::Bool(false))?,
            b'F' => {
                let number = self.number_line()?.parse();
                self.push(Item::Float(number.map_err(|_| NotAPickle::Number)?))?;
            }
            b'G' => {
                let number = self.array().map(f64::from_be_bytes)?;
                self.push(Item::Float(number))?;
            }
            b'I' | b'L' => {
                let number = match (self.number_line()?, code) {
                    ("01", b'I') => Item::Bool(true),
                    ("00", b'I') => Item::Bool(false),
                    (line, _) => decimal(line.strip_suffix('L').unwrap_or(line))?,
                };
                self.push(number)?;
            }
            b'J' => {
                let number = self.array().map(i32::from_le_bytes)?;
                self.push(Item::Int(number.into()))?;
            }
            b'K' => {
                let [number] = self.array()?;
                self.push(Item::Int(number.into()))?;
            }
            b'M' => {
                let number = self.array().map(u16::from_le_bytes)?;
                self.push(Item::Int(number.into()))?;
            }
            0x8a => {
                let count = self.u8()?;
                let bytes = self.bytes(count)?;
                self.push(two_complement(bytes))?;
            }
            0x8b => {
                let count = self.u32()?;
                let bytes = self.bytes(count)?;
                self.push(two_complement(bytes))?;
            }
            b'S' => {
                let line = self.line()?;
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                let text = self.unescaped(unquoted(line).ok_or(NotAPickle::Kind)?);
                self.push(text)?;
            }
            b'V' => {
                let line = self.line()?;
                let text = self.unescaped(raw_unicode(line));
                self.push(text)?;
            }
            b'T' => {
                let count = self.u32()?;
                self.string(count)?;
            }
            0x8d => {
                let count = self.u64()?;
                self.text(count)?;
            }
            // Cut off: whole ones don't come here.
            b'X' | b'U' | 0x8c => return Err(NotAPickle::CutOff),
            b'B' | b'C' | 0x8e | 0x96 => {
                let count = match code {
                    b'B' => self.u32()?,
                    b'C' => self.u8()?,
                    _ => self.u64()?,
                };
                let bytes = self.bytes(count)?;
                self.push(Item::Bytes(bytes))?;
            }
            b']' => self.push_node(Node::Sequence(Shape::List, Vec::new()))?,
            b')' => self.push_node(Node::Sequence(Shape::Tuple, Vec::new()))?,
            0x8f => self.push_node(Node::Sequence(Shape::Set, Vec::new()))?,
            b'}' => self.push_node(Node::Dict(Vec::new()))?,
            b'a' => self.fill(self.stack.len().saturating_sub(1), false)?,
            b's' => self.fill(self.stack.len().saturating_sub(2), true)?,
            b'e' | 0x90 => {
                let mark = self.pop_mark()?;
                self.fill(mark, false)?;
            }
            b'u' => {
                let mark = self.pop_mark()?;
                self.fill(mark, true)?;
            }
            b'l' | b't' | 0x91 => {
                let items = self.pop_items()?;
                let shape = match code {
                    b'l' => Shape::List,
                    b't' => Shape::Tuple,
                    _ => Shape::FrozenSet,
                };
                self.push_node(Node::Sequence(shape, items))?;
            }
            0x85..=0x87 => {
                let count = usize::from(code - 0x84);
                let start = self.stack.len().checked_sub(count);
                let start = start.filter(|start| *start >= self.floor);
                let start = start.ok_or(NotAPickle::Stack)?;
                let items = self.stack[start..].to_vec();
                self.stack.truncate(start);
                self.push_node(Node::Sequence(Shape::Tuple, items))?;
            }
            b'd' => {
                let items = self.pop_items()?;
                if !items.len().is_multiple_of(2) {
                    return Err(NotAPickle::Stack);
                }
                self.push_node(Node::Dict(items))?;
            }
            b'p' => {
                let key = self.key_line()?;
                self.remember(key)?;
            }
            b'r' => {
                let key = self.u32()?;
                self.remember(key)?;
            }
            b'g' => {
                let key = self.key_line()?;
                self.push(self.memo.get(key)?)?;
            }
            b'h' => {
                let key = self.u8()?;
                self.push(self.memo.get(key)?)?;
            }
            b'j' => {
                let key = self.u32()?;
                self.push(self.memo.get(key)?)?;
            }
            b'c' => {
                let (module, name) = (self.name_line()?, self.name_line()?);
                self.push_node(Node::Global(module, name))?;
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                if self.objects.text(module).is_none() || self.objects.text(name).is_none() {
                    return Err(NotAPickle::Kind);
                }
                self.push_node(Node::Global(module, name))?;
            }
            b'R' | 0x81 => {
                let (args, callable) = (self.pop()?, self.pop()?);
                self.call(callable, args, Item::None)?;
            }
            0x92 => {
                let (keywords, args, callable) = (self.pop()?, self.pop()?, self.pop()?);
                self.call(callable, args, keywords)?;
            }
            b'o' => {
                let items = self.pop_items()?;
                let (&callable, args) = items.split_first().ok_or(NotAPickle::Stack)?;
                let args = self.node(Node::Sequence(Shape::Tuple, args.to_vec()));
                self.call(callable, args, Item::None)?;
            }
            b'i' => {
                let (module, name) = (self.name_line()?, self.name_line()?);
                let items = self.pop_items()?;
                let callable = self.node(Node::Global(module, name));
                let args = self.node(Node::Sequence(Shape::Tuple, items));
                self.call(callable, args, Item::None)?;
            }
            b'b' => {
                let given = self.pop()?;
                let Item::Node(place) = self.top()? else {
                    return Err(NotAPickle::Kind);
                };
                match self.objects.nodes.get_mut(place as usize) {
                    Some(Node::Made(made)) => made.state = given,
                    _ => return Err(NotAPickle::Kind),
                }
            }
            b'P' => {
                let name = self.name_line()?;
                self.push_node(Node::Persistent(name))?;
            }
            b'Q' => {
                let name = self.pop()?;
                self.push_node(Node::Persistent(name))?;
            }
            // Numbers of a registry (EXT1, EXT2, EXT4), and memory that is not
            // in the pickle (NEXT_BUFFER, READONLY_BUFFER).
            other => return Err(NotAPickle::Operation(other)),
        }
        Ok(false)
    }
}

/// A whole number in decimal digits, without zeros before them.
fn decimal(text: &str) -> Result<Item<'_>, NotAPickle> {
    if let Ok(number) = text.parse() {
        return Ok(Item::Int(number));
    }
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let is_number = unsigned.bytes().all(|byte| byte.is_ascii_digit())
        && unsigned.bytes().next().is_some_and(|first| first != b'0');
    match is_number {
        true => Ok(Item::Digits(text)),
        false => Err(NotAPickle::Number),
    }
}

/// A whole number in two's complement, the lowest byte first.
fn two_complement(bytes: &[u8]) -> Item<'_> {
    // What only repeats the sign would be gone through for every use.
    let mut bytes = bytes;
    while let [rest @ .., below, last] = bytes
        && !rest.is_empty()
        && matches!((below, last), (..0x80, 0) | (0x80.., 0xff))
    {
        bytes = &bytes[..bytes.len() - 1];
    }
    if bytes.len() > 8 {
        return Item::Long(bytes);
    }
    let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
    let mut all = if negative { [0xff; 8] } else { [0; 8] };
    all[..bytes.len()].copy_from_slice(bytes);
    Item::Int(i64::from_le_bytes(all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_numbers() {
        let number = |bytes: &'static [u8]| match two_complement(bytes) {
            Item::Int(number) => Some(number),
            _ => None,
        };
        assert_eq!(number(b""), Some(0));
        assert_eq!(number(b"\xff"), Some(-1));
        assert_eq!(number(b"\x00\x80"), Some(-32768));
        assert_eq!(number(b"\0\0\0\0\0\0\0\x80"), Some(i64::MIN));
        assert_eq!(number(b"\0\0\0\0\0\0\0\x80\0"), None);
        assert_eq!(number(b"\0\0\0\0\0\0\0\x80\xff\xff"), Some(i64::MIN));
        assert_eq!(number(&[0; 100]), Some(0));
    }
}
