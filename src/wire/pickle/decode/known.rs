//! What the objects of a pickle are for a reader: plain data, well-known
//! classes as what they stand for, and calls.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::objects::{Item, Made, Node, Objects, Shape, Text};

/// How a value is looked at.
///
/// To look costs the same however large the value is, for one that is shared is
/// looked at as often as it is used: what may be long is pointed to, and who
/// writes it pays for it.
pub(super) enum View<'o, 'a> {
    /// Numbers, words and text.
    Plain(Item<'a>),
    Bytes(Raw<'o>),
    Sequence(Shape, &'o [Item<'a>]),
    Dict(Pairs<'o, 'a>),
    Global(&'o [u8], &'o [u8]),
    Persistent(Item<'a>),
    /// A class, and the text that it takes its value from.
    Text(&'o [u8], Cow<'o, [u8]>),
    /// A class, and the parts of a path.
    Path(&'o [u8], &'o [Item<'a>]),
    /// The module and the name of its class, and its arguments.
    Exception(&'o [u8], &'o [u8], &'o [Item<'a>]),
    Call(&'o Made<'a>),
}

/// Bytes, in one of the ways that they are pickled.
#[derive(Clone, Copy)]
pub(super) enum Raw<'o> {
    Bytes(&'o [u8]),
    /// As protocols below 3 write them: as text, one byte a character.
    Latin1(Text<'o>),
}

impl<'o> Raw<'o> {
    pub(super) fn is_empty(self) -> bool {
        let (Raw::Bytes(bytes) | Raw::Latin1(Text(bytes))) = self;
        bytes.is_empty()
    }

    /// Takes time and memory in proportion to its length. A character that is no
    /// byte, for which Python has an error, stays what it is.
    pub(super) fn bytes(self) -> Cow<'o, [u8]> {
        let text = match self {
            Raw::Bytes(bytes) => return Cow::Borrowed(bytes),
            Raw::Latin1(text) if text.as_bytes().is_ascii() => {
                return Cow::Borrowed(text.as_bytes());
            }
            Raw::Latin1(text) => text.as_str(),
        };
        let mut bytes = Vec::with_capacity(text.len());
        for char in text.chars() {
            match u8::try_from(char) {
                Ok(byte) => bytes.push(byte),
                Err(_) => bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        Cow::Owned(bytes)
    }
}

/// The keys of a dictionary with their values.
#[derive(Clone, Copy)]
pub(super) enum Pairs<'o, 'a> {
    /// In turn.
    Flat(&'o [Item<'a>]),
    /// Each in a sequence of its own.
    Nested(&'o [Item<'a>]),
}

impl<'o, 'a> Pairs<'o, 'a> {
    pub(super) fn is_empty(self) -> bool {
        let (Pairs::Flat(items) | Pairs::Nested(items)) = self;
        items.is_empty()
    }

    pub(super) fn iter(
        self,
        objects: &'o Objects<'a>,
    ) -> impl Iterator<Item = (Item<'a>, Item<'a>)> + 'o {
        let (flat, nested): (&[_], &[_]) = match self {
            Pairs::Flat(items) => (items, &[]),
            Pairs::Nested(items) => (&[], items),
        };
        // What is no pair is not passed over: nobody would pay for that.
        let nested = nested.iter().map(|pair| match *objects.items(*pair) {
            [key, value] => (key, value),
            _ => (*pair, Item::None),
        });
        let flat = flat.chunks_exact(2).map(|pair| (pair[0], pair[1]));
        flat.chain(nested)
    }
}

const BUILTINS: [&[u8]; 3] = [b"builtins", b"__builtin__", b"exceptions"];

/// How the names of exceptions end, and those of Python's own that don't.
const EXCEPTIONS: [&[u8]; 3] = [b"Error", b"Exception", b"Warning"];
const OTHER_EXCEPTIONS: [&[u8]; 4] = [
    b"KeyboardInterrupt",
    b"SystemExit",
    b"StopIteration",
    b"GeneratorExit",
];

/// Whether names of this module are written without it.
pub(super) fn is_builtin(module: &[u8]) -> bool {
    BUILTINS.contains(&module)
}

impl<'a> Objects<'a> {
    pub(super) fn view<'o>(&'o self, item: Item<'a>) -> View<'o, 'a> {
        match (item, self.node(item)) {
            (Item::Bytes(bytes), _) => View::Bytes(Raw::Bytes(bytes)),
            (_, None) => View::Plain(item),
            (_, Some(Node::Sequence(shape, items))) => View::Sequence(*shape, items),
            (_, Some(Node::Dict(items))) => View::Dict(Pairs::Flat(items)),
            (_, Some(Node::Persistent(name))) => View::Persistent(*name),
            (_, Some(Node::Global(module, name))) => View::Global(
                self.text(*module).map(Text::as_bytes).unwrap_or_default(),
                self.text(*name).map(Text::as_bytes).unwrap_or_default(),
            ),
            (_, Some(Node::Made(made))) => self.known(made).unwrap_or(View::Call(made)),
        }
    }

    /// The attributes of a record: of a dictionary, or of an object that was
    /// pickled as a whole.
    pub(super) fn attributes(&self, item: Item<'a>) -> Option<Pairs<'_, 'a>> {
        match (self.view(item), self.node(item)) {
            (View::Dict(items), _) => Some(items),
            (_, Some(Node::Made(made))) => match self.node(made.state) {
                Some(Node::Dict(items)) => Some(Pairs::Flat(items)),
                _ => None,
            },
            _ => None,
        }
    }

    fn known<'o>(&'o self, made: &'o Made<'a>) -> Option<View<'o, 'a>> {
        let (module, name) = self.name(made.callable)?;
        let args = self.items(made.args);
        Some(match (module, name) {
            (b"collections", b"OrderedDict" | b"defaultdict" | b"Counter") | (_, b"dict")
                if module == b"collections" || is_builtin(module) =>
            {
                match args.first().and_then(|first| self.node(*first)) {
                    _ if !made.fill.is_empty() && !made.pairs => return None,
                    _ if !made.fill.is_empty() => View::Dict(Pairs::Flat(&made.fill)),
                    Some(Node::Dict(items)) => View::Dict(Pairs::Flat(items)),
                    // As Python 2 has it.
                    Some(Node::Sequence(_, items)) => View::Dict(Pairs::Nested(items)),
                    _ => View::Dict(Pairs::Flat(&[])),
                }
            }
            (b"collections", b"deque") => match args.first() {
                _ if made.pairs => return None,
                Some(first) if made.fill.is_empty() => {
                    View::Sequence(Shape::List, self.items(*first))
                }
                _ => View::Sequence(Shape::List, &made.fill),
            },
            (_, b"set" | b"frozenset" | b"list" | b"tuple") if is_builtin(module) => {
                let shape = match name {
                    b"set" => Shape::Set,
                    b"frozenset" => Shape::FrozenSet,
                    b"list" => Shape::List,
                    _ => Shape::Tuple,
                };
                match args.first().map(|first| self.node(*first)) {
                    None => View::Sequence(shape, &made.fill),
                    Some(Some(Node::Sequence(_, items))) => View::Sequence(shape, items),
                    Some(_) => return None,
                }
            }
            (b"_codecs", b"encode") => View::Bytes(self.latin_1(made)?),
            (_, b"bytes" | b"bytearray") if is_builtin(module) => match args.first() {
                None => View::Bytes(Raw::Bytes(b"")),
                Some(first) => View::Bytes(self.payload(*first).or_else(|| self.latin_1(made))?),
            },
            (b"datetime", _) => {
                let moment = self.moment(name, args)?;
                View::Text(name, Cow::Owned(moment.into_bytes()))
            }
            (b"decimal", b"Decimal") => {
                let digits = self.text(*args.first()?)?;
                View::Text(name, Cow::Borrowed(digits.as_bytes()))
            }
            (b"uuid", b"UUID") => {
                let uuid = self.uuid(made.state)?;
                View::Text(name, Cow::Owned(uuid.into_bytes()))
            }
            (module, kind) if module.starts_with(b"pathlib") && kind.ends_with(b"Path") => {
                View::Path(name, args)
            }
            (module, kind)
                if EXCEPTIONS.iter().any(|end| kind.ends_with(end))
                    || is_builtin(module) && OTHER_EXCEPTIONS.contains(&kind) =>
            {
                View::Exception(module, kind, args)
            }
            _ => return None,
        })
    }

    /// What makes bytes of a text.
    fn latin_1(&self, made: &Made<'a>) -> Option<Raw<'_>> {
        let &[text, coding] = self.items(made.args) else {
            return None;
        };
        match self.text(coding)?.as_bytes() {
            b"latin1" | b"latin-1" => self.text(text).map(Raw::Latin1),
            _ => None,
        }
    }

    /// The bytes that a class keeps its value in.
    fn payload(&self, item: Item<'a>) -> Option<Raw<'_>> {
        match (item, self.node(item)) {
            (Item::Bytes(bytes), _) => Some(Raw::Bytes(bytes)),
            // A string of Python 2 that happens to be text.
            (Item::Text(text), _) => Some(Raw::Bytes(text.as_bytes())),
            (_, Some(Node::Made(made))) => match self.name(made.callable)? {
                (b"_codecs", b"encode") => self.latin_1(made),
                _ => None,
            },
            _ => None,
        }
    }

    /// What the module `datetime` makes, in the forms of ISO 8601.
    fn moment(&self, class: &[u8], args: &[Item<'a>]) -> Option<String> {
        if class == b"timedelta" {
            let &[Item::Int(days), Item::Int(seconds), Item::Int(micros)] = args else {
                return None;
            };
            return Some(duration(days, seconds, micros));
        }
        if class == b"timezone" {
            return Some(format!("UTC{}", self.offset(args)?));
        }
        let payload = match self.payload(*args.first()?)? {
            // Ten characters, of two bytes at the most.
            Raw::Latin1(text) if text.as_bytes().len() > 20 => return None,
            payload => payload.bytes(),
        };
        let mut text = String::new();
        let mut time = &payload[..];
        if class != b"time" {
            let (date, behind) = time.split_first_chunk::<4>()?;
            let [high, low, month, day] = *date;
            let year = u16::from_be_bytes([high, low]);
            // The highest bit tells the second 02:30 of a night from the first.
            let month = month & 0x7f;
            let _ = write!(text, "{year:04}-{month:02}-{day:02}");
            time = behind;
        }
        match (class, time) {
            (b"date", []) => return Some(text),
            (b"datetime", _) => text.push('T'),
            (b"time", _) => {}
            _ => return None,
        }
        let &[hour, minute, second, m1, m2, m3] = time else {
            return None;
        };
        let hour = hour & 0x7f;
        let _ = write!(text, "{hour:02}:{minute:02}:{second:02}");
        let micros = u32::from_be_bytes([0, m1, m2, m3]);
        if micros > 0 {
            let _ = write!(text, ".{micros:06}");
        }
        // A zone with a name says nothing of its offset here.
        if let Some(zone) = args.get(1)
            && let Some(Node::Made(zone)) = self.node(*zone)
            && self.name(zone.callable) == Some((b"datetime", b"timezone"))
            && let Some(offset) = self.offset(self.items(zone.args))
        {
            text.push_str(&offset);
        }
        Some(text)
    }

    /// The offset of a `datetime.timezone`.
    fn offset(&self, args: &[Item<'a>]) -> Option<String> {
        let Some(Node::Made(delta)) = self.node(*args.first()?) else {
            return None;
        };
        if self.name(delta.callable)? != (b"datetime", b"timedelta") {
            return None;
        }
        let &[Item::Int(days), Item::Int(seconds), _] = self.items(delta.args) else {
            return None;
        };
        let seconds = days.checked_mul(86_400)?.checked_add(seconds)?;
        let (sign, size) = (if seconds < 0 { '-' } else { '+' }, seconds.unsigned_abs());
        Some(format!("{sign}{:02}:{:02}", size / 3600, size / 60 % 60))
    }

    fn uuid(&self, state: Item<'a>) -> Option<String> {
        // It has one more entry at the most, so a long search is no UUID's.
        let items = match self.node(state) {
            Some(Node::Dict(items)) if items.len() <= 8 => items,
            _ => return None,
        };
        let is_int = |item| {
            self.text(item)
                .is_some_and(|text| text.as_bytes() == b"int")
        };
        let mut pairs = items.chunks_exact(2);
        let number = pairs.find(|pair| is_int(pair[0]))?[1];
        let number: u128 = match number {
            Item::Int(number) => number.try_into().ok()?,
            Item::Digits(digits) => digits.parse().ok()?,
            Item::Long(bytes) => {
                let mut all = [0; 17];
                all.get_mut(..bytes.len())?.copy_from_slice(bytes);
                u128::from_le_bytes(*all.first_chunk()?)
            }
            _ => return None,
        };
        let hex = format!("{number:032x}");
        let ends = [0, 8, 12, 16, 20, 32];
        let parts: Vec<&str> = ends.windows(2).map(|ends| &hex[ends[0]..ends[1]]).collect();
        Some(parts.join("-"))
    }
}

/// As `str` of a `timedelta` has it: `1 day, 0:00:05.000010`.
fn duration(days: i64, seconds: i64, micros: i64) -> String {
    let mut text = match days {
        0 => String::new(),
        1 | -1 => format!("{days} day, "),
        _ => format!("{days} days, "),
    };
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let _ = write!(text, "{hours}:{minutes:02}:{:02}", seconds % 60);
    if micros != 0 {
        let _ = write!(text, ".{micros:06}");
    }
    text
}
