//! The values that a pickle makes.

/// What stands on the stack. It is small, and copied; whatever is larger it
/// only points to.
///
/// What it holds begins behind a whole word: a byte right behind the tag makes
/// every copy wait for two writes that overlap, which doubles the time.
#[derive(Clone, Copy, Debug)]
#[repr(u64)]
pub(super) enum Item<'a> {
    None,
    Bool(bool),
    Int(i64),
    /// In two's complement, the lowest byte first.
    Long(&'a [u8]),
    /// In decimal digits.
    Digits(&'a str),
    Float(f64),
    Text(Text<'a>),
    Bytes(&'a [u8]),
    /// A text that does not stand in the pickle as it is.
    Unescaped(u32),
    Node(u32),
}

/// The kinds of sequences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    List,
    Tuple,
    Set,
    FrozenSet,
}

/// What holds other values.
#[derive(Debug)]
pub(super) enum Node<'a> {
    Sequence(Shape, Vec<Item<'a>>),
    /// Keys and values in turn.
    Dict(Vec<Item<'a>>),
    /// The module and the name of something, which is not looked up.
    Global(Item<'a>, Item<'a>),
    Persistent(Item<'a>),
    Made(Box<Made<'a>>),
}

/// What a call would have given.
#[derive(Debug)]
pub(super) struct Made<'a> {
    pub(super) callable: Item<'a>,
    pub(super) args: Item<'a>,
    pub(super) keywords: Item<'a>,
    /// What it would have been built up with.
    pub(super) state: Item<'a>,
    /// What it would have been filled with as a list or, keys and values in
    /// turn, as a dictionary.
    pub(super) fill: Vec<Item<'a>>,
    pub(super) pairs: bool,
}

/// Text as it stands in the pickle. It is UTF-8, but most of it nobody ever reads:
/// that it is ASCII is found out faster, and without a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<'a>(pub(super) &'a [u8]);

impl<'a> Text<'a> {
    #[inline(always)]
    pub(super) fn ascii(bytes: &'a [u8]) -> Option<Text<'a>> {
        let (words, rest) = bytes.as_chunks::<8>();
        let all = words
            .iter()
            .fold(0, |all, word| all | u64::from_ne_bytes(*word));
        let rest = rest.iter().fold(0, |all, byte| all | byte);
        (all & 0x8080_8080_8080_8080 == 0 && rest.is_ascii()).then_some(Text(bytes))
    }

    pub(super) fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// Goes through it once more.
    pub(super) fn as_str(self) -> &'a str {
        // It never fails.
        std::str::from_utf8(self.0).unwrap_or_default()
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Text<'a> {
        Text(text.as_bytes())
    }
}

/// What the values point to.
#[derive(Debug, Default)]
pub(super) struct Objects<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) unescaped: Vec<String>,
}

impl<'a> Objects<'a> {
    pub(super) fn node(&self, item: Item<'a>) -> Option<&Node<'a>> {
        match item {
            Item::Node(place) => self.nodes.get(place as usize),
            _ => None,
        }
    }

    pub(super) fn text(&self, item: Item<'a>) -> Option<Text<'_>> {
        match item {
            Item::Text(text) => Some(text),
            Item::Unescaped(place) => {
                let text = self.unescaped.get(place as usize)?;
                Some(Text::from(text.as_str()))
            }
            _ => None,
        }
    }

    /// The values of a sequence of any kind; none of anything else.
    pub(super) fn items(&self, item: Item<'a>) -> &[Item<'a>] {
        match self.node(item) {
            Some(Node::Sequence(_, items)) => items,
            _ => &[],
        }
    }

    /// The module and the name of a global.
    pub(super) fn name(&self, item: Item<'a>) -> Option<(&[u8], &[u8])> {
        match self.node(item) {
            Some(Node::Global(module, name)) => {
                Some((self.text(*module)?.as_bytes(), self.text(*name)?.as_bytes()))
            }
            _ => None,
        }
    }
}
