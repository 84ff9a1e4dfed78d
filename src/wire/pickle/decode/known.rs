//! What the objects of a pickle are for a reader: plain data, well-known
//! classes as what they stand for, and calls.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::machine::{Item, Made, Node, Objects, Shape};

/// How a value is looked at.
pub(super) enum View<'o, 'a> {
    /// Numbers, words and text.
    Plain(Item<'a>),
    Bytes(Cow<'o, [u8]>),
    Sequence(Shape, &'o [Item<'a>]),
    Dict(Pairs<'o, 'a>),
    Global(&'o str, &'o str),
    Persistent(Item<'a>),
    /// A class, and the text that it takes its value from.
    Text(&'o str, String),
    /// The module and the name of its class, and its arguments.
    Exception(&'o str, &'o str, &'o [Item<'a>]),
    Call(&'o Made<'a>),
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
    ) -> impl DoubleEndedIterator<Item = (Item<'a>, Item<'a>)> + 'o {
        let (flat, nested): (&[_], &[_]) = match self {
            Pairs::Flat(items) => (items, &[]),
            Pairs::Nested(items) => (&[], items),
        };
        let nested = nested.iter().map(|pair| objects.items(*pair));
        flat.chunks_exact(2)
            .chain(nested)
            .filter_map(|pair| Some((*pair.first()?, *pair.get(1)?)))
    }
}

const BUILTINS: [&str; 3] = ["builtins", "__builtin__", "exceptions"];

/// Whether names of this module are written without it.
pub(super) fn is_builtin(module: &str) -> bool {
    BUILTINS.contains(&module)
}

impl<'a> Objects<'a> {
    pub(super) fn view<'o>(&'o self, item: Item<'a>) -> View<'o, 'a> {
        match (item, self.node(item)) {
            (Item::Bytes(bytes), _) => View::Bytes(Cow::Borrowed(bytes)),
            (_, None) => View::Plain(item),
            (_, Some(Node::Sequence(shape, items))) => View::Sequence(*shape, items),
            (_, Some(Node::Dict(items))) => View::Dict(Pairs::Flat(items)),
            (_, Some(Node::Persistent(name))) => View::Persistent(*name),
            (_, Some(Node::Global(module, name))) => View::Global(
                self.text(*module).unwrap_or_default(),
                self.text(*name).unwrap_or_default(),
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
        let text = |place: usize| self.text(*args.get(place)?);
        Some(match (module, name) {
            ("collections", "OrderedDict" | "defaultdict" | "Counter") | (_, "dict")
                if module == "collections" || is_builtin(module) =>
            {
                match args.first().and_then(|first| self.node(*first)) {
                    _ if !made.fill.is_empty() && !made.pairs => return None,
                    _ if !made.fill.is_empty() => View::Dict(Pairs::Flat(&made.fill)),
                    Some(Node::Dict(items)) => View::Dict(Pairs::Flat(items)),
                    // As Python 2 has it.
                    Some(Node::Sequence(_, items))
                        if items.iter().all(|pair| self.items(*pair).len() == 2) =>
                    {
                        View::Dict(Pairs::Nested(items))
                    }
                    _ => View::Dict(Pairs::Flat(&[])),
                }
            }
            ("collections", "deque") => match args.first() {
                _ if made.pairs => return None,
                Some(first) if made.fill.is_empty() => {
                    View::Sequence(Shape::List, self.items(*first))
                }
                _ => View::Sequence(Shape::List, &made.fill),
            },
            (_, "set" | "frozenset" | "list" | "tuple") if is_builtin(module) => {
                let shape = match name {
                    "set" => Shape::Set,
                    "frozenset" => Shape::FrozenSet,
                    "list" => Shape::List,
                    _ => Shape::Tuple,
                };
                match args.first().map(|first| self.node(*first)) {
                    None => View::Sequence(shape, &made.fill),
                    Some(Some(Node::Sequence(_, items))) => View::Sequence(shape, items),
                    Some(_) => return None,
                }
            }
            ("_codecs", "encode") => View::Bytes(self.latin_1(made)?),
            (_, "bytes" | "bytearray") if is_builtin(module) => match args.first() {
                None => View::Bytes(Cow::Borrowed(b"")),
                Some(first) => View::Bytes(self.payload(*first).or_else(|| self.latin_1(made))?),
            },
            ("datetime", _) => View::Text(name, self.moment(name, args)?),
            ("decimal", "Decimal") => View::Text(name, text(0)?.to_owned()),
            ("uuid", "UUID") => View::Text(name, self.uuid(made.state)?),
            (module, kind) if module.starts_with("pathlib") && kind.ends_with("Path") => {
                let parts: Vec<&str> = args.iter().filter_map(|arg| self.text(*arg)).collect();
                let path = match parts.split_first() {
                    // The root, which ends with its own slash.
                    Some((root, rest)) if root.ends_with(['/', '\\']) => {
                        format!("{root}{}", rest.join("/"))
                    }
                    None => ".".to_owned(),
                    _ => parts.join("/"),
                };
                View::Text(name, path)
            }
            (module, kind)
                if ["Error", "Exception", "Warning"]
                    .iter()
                    .any(|end| kind.ends_with(end))
                    || is_builtin(module)
                        && matches!(
                            kind,
                            "KeyboardInterrupt" | "SystemExit" | "StopIteration" | "GeneratorExit"
                        ) =>
            {
                View::Exception(module, kind, args)
            }
            _ => return None,
        })
    }

    /// Bytes as protocols below 3 write them: as text, one byte a character.
    fn latin_1<'o>(&'o self, made: &Made<'a>) -> Option<Cow<'o, [u8]>> {
        let &[text, coding] = self.items(made.args) else {
            return None;
        };
        if !matches!(self.text(coding)?, "latin1" | "latin-1") {
            return None;
        }
        let text = self.text(text)?;
        match text.is_ascii() {
            true => Some(Cow::Borrowed(text.as_bytes())),
            false => {
                let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c).ok()).collect();
                bytes.map(Cow::Owned)
            }
        }
    }

    /// The bytes that a class keeps its value in.
    fn payload<'o>(&'o self, item: Item<'a>) -> Option<Cow<'o, [u8]>> {
        match (item, self.node(item)) {
            (Item::Bytes(bytes), _) => Some(Cow::Borrowed(bytes)),
            // A string of Python 2 that happens to be text.
            (Item::Text(text), _) => Some(Cow::Borrowed(text.as_bytes())),
            (_, Some(Node::Made(made))) => match self.name(made.callable)? {
                ("_codecs", "encode") => self.latin_1(made),
                _ => None,
            },
            _ => None,
        }
    }

    /// What the module `datetime` makes, in the forms of ISO 8601.
    fn moment(&self, class: &str, args: &[Item<'a>]) -> Option<String> {
        let numbers = || {
            let numbers = args.iter().map(|arg| match arg {
                Item::Int(number) => Some(*number),
                _ => None,
            });
            numbers.collect::<Option<Vec<i64>>>()
        };
        if class == "timedelta" {
            let &[days, seconds, micros] = &numbers()?[..] else {
                return None;
            };
            return Some(duration(days, seconds, micros));
        }
        if class == "timezone" {
            return Some(format!("UTC{}", self.offset(args)?));
        }
        let payload = self.payload(*args.first()?)?;
        let mut text = String::new();
        let mut time = &payload[..];
        if class != "time" {
            let (date, behind) = time.split_first_chunk::<4>()?;
            let [high, low, month, day] = *date;
            let year = u16::from_be_bytes([high, low]);
            // The highest bit tells the second 02:30 of a night from the first.
            let month = month & 0x7f;
            let _ = write!(text, "{year:04}-{month:02}-{day:02}");
            time = behind;
        }
        match (class, time) {
            ("date", []) => return Some(text),
            ("datetime", _) => text.push('T'),
            ("time", _) => {}
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
            && self.name(zone.callable) == Some(("datetime", "timezone"))
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
        if self.name(delta.callable)? != ("datetime", "timedelta") {
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
        let Some(Node::Dict(items)) = self.node(state) else {
            return None;
        };
        let mut pairs = items.chunks_exact(2);
        let number = pairs.find(|pair| self.text(pair[0]) == Some("int"))?[1];
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
