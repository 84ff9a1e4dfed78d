//! From the text of a template to its parts, with errors that show the place.

use super::error::TemplateError;
use super::spec::{Align, Kind, Spec};
use super::template::{Attr, Field, Part, Type};

/// A field wider than this is a mistake, and would fill a disk with spaces.
const MAX_WIDTH: usize = 4096;

/// Both styles of template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Brace,
    Percent,
}

/// The style that a text is written in; `None` if it has no field at all.
pub(super) fn style_of(text: &str) -> Option<Style> {
    if text.contains("%(") {
        Some(Style::Percent)
    } else if text.contains(['{', '}']) {
        Some(Style::Brace)
    } else {
        None
    }
}

pub(super) fn parse(text: &str) -> Result<Vec<Part>, TemplateError> {
    let mut parser = Parser {
        text,
        at: 0,
        literal: String::new(),
        parts: Vec::new(),
    };
    match style_of(text) {
        Some(Style::Brace) => parser.brace()?,
        Some(Style::Percent) => parser.percent()?,
        None => {
            return Err(parser.error(
                0,
                "expected a field such as {message} or %(message)s, \
                 or a preset: raw, message, text, json, logfmt",
            ));
        }
    }
    parser.end_literal();
    Ok(parser.parts)
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    literal: String,
    parts: Vec<Part>,
}

impl<'t> Parser<'t> {
    fn error(&self, at: usize, problem: impl Into<String>) -> TemplateError {
        TemplateError {
            template: self.text.to_owned(),
            at,
            problem: problem.into(),
        }
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn eat(&mut self, wanted: impl Fn(char) -> bool) -> Option<char> {
        let ch = self.peek().filter(|&ch| wanted(ch))?;
        self.at += ch.len_utf8();
        Some(ch)
    }

    fn end_literal(&mut self) {
        if !self.literal.is_empty() {
            let literal = std::mem::take(&mut self.literal).into_bytes();
            self.parts.push(Part::Literal(literal));
        }
    }

    /// Takes literal text up to one of the `special` characters.
    fn literal_until(&mut self, special: &[char]) {
        let rest = self.rest();
        let len = rest.find(special).unwrap_or(rest.len());
        self.literal.push_str(&rest[..len]);
        self.at += len;
    }

    fn brace(&mut self) -> Result<(), TemplateError> {
        loop {
            self.literal_until(&['{', '}']);
            let start = self.at;
            let Some(ch) = self.eat(|_| true) else {
                return Ok(());
            };
            if self.eat(|next| next == ch).is_some() {
                self.literal.push(ch);
            } else if ch == '}' {
                return Err(self.error(start, "a lone `}`: expected `}}`, which stands for one"));
            } else {
                self.end_literal();
                self.brace_field(start)?;
            }
        }
    }

    /// The rest of a field, behind its brace.
    fn brace_field(&mut self, start: usize) -> Result<(), TemplateError> {
        let name_at = self.at;
        let rest = self.rest();
        let Some(len) = rest.find(['!', ':', '{', '}']) else {
            return Err(self.error(
                start,
                "this field is not closed: expected `}` at its end, or `{{` for a brace itself",
            ));
        };
        let attr = self.attr(name_at, &rest[..len], '}')?;
        self.at += len;
        let mut kind = attr.kind();
        let mut conversion = Kind::Any;
        if self.eat(|ch| ch == '!').is_some() {
            conversion = match self.eat(|ch| matches!(ch, 's' | 'r' | 'a')) {
                Some('s') => Kind::Text,
                Some('r') => Kind::Repr,
                Some(_) => Kind::Ascii,
                None => return Err(self.error(self.at, "expected the conversion s, r or a")),
            };
            kind = Type::Text;
        }
        let mut spec = Spec::default();
        if self.eat(|ch| ch == ':').is_some() {
            if self.peek() == Some('%') && matches!(attr, Attr::Asctime | Attr::Timestamp) {
                return Err(self.error(
                    self.at,
                    "expected a format spec: what a date looks like is for --datefmt to say",
                ));
            }
            spec = self.brace_spec(kind)?;
        }
        if self.eat(|ch| ch == '}').is_none() {
            return Err(match self.peek() {
                None => self.error(start, "this field is not closed: expected `}` at its end"),
                Some('{') => self.error(self.at, "a field in a field: expected a number or `}`"),
                Some(_) if self.text[..self.at].ends_with(|ch: char| ch.is_ascii_alphabetic()) => {
                    self.error(self.at, "expected `}`")
                }
                Some(_) => self.error(
                    self.at,
                    "expected `}`, or a format spec \
                     [[fill]<>^=][+- ][z][#][0][width][,_][.precision][type], \
                     type one of s d b o x X c n e E f F g G %",
                ),
            });
        }
        if conversion != Kind::Any {
            spec.kind = conversion;
        }
        self.field(attr, spec);
        Ok(())
    }

    fn field(&mut self, attr: Attr, spec: Spec) {
        // Without a spec a field is copied, the case worth being fast for.
        let plain = Spec {
            percent_style: spec.percent_style,
            ..Spec::default()
        };
        let as_text = Spec {
            kind: Kind::Text,
            ..plain.clone()
        };
        let spec = (spec != plain && spec != as_text).then(|| Box::new(spec));
        self.parts.push(Part::Field(Field { attr, spec }));
    }

    /// The attribute of a name, which stands at `at` and should be followed by `end`.
    fn attr(&self, at: usize, name: &str, end: char) -> Result<Attr, TemplateError> {
        if name.is_empty() || name.bytes().all(|b| b.is_ascii_digit()) {
            return Err(self.error(at, "expected the name of an attribute, such as message"));
        }
        if name != name.trim() {
            return Err(self.error(
                at,
                format!("expected a name without spaces around it, then `{end}`"),
            ));
        }
        if let Some(offset) = name.find('[') {
            return Err(self.error(
                at + offset,
                "expected a dot: members are named as in {http.status}",
            ));
        }
        Ok(Attr::from_name(name))
    }

    fn number(&mut self) -> Result<Option<usize>, TemplateError> {
        let start = self.at;
        while self.eat(|ch| ch.is_ascii_digit()).is_some() {}
        let digits = &self.text[start..self.at];
        if digits.is_empty() {
            return Ok(None);
        }
        match digits.parse() {
            Ok(number) if number <= MAX_WIDTH => Ok(Some(number)),
            _ => Err(self.error(start, format!("expected at most {MAX_WIDTH}"))),
        }
    }

    /// `[[fill]align][sign][z][#][0][width][,_][.precision][type]`.
    fn brace_spec(&mut self, value: Type) -> Result<Spec, TemplateError> {
        let start = self.at;
        let mut spec = Spec::default();
        let align_of = |ch| {
            Some(match ch {
                '<' => Align::Left,
                '>' => Align::Right,
                '^' => Align::Center,
                '=' => Align::AfterSign,
                _ => return None,
            })
        };
        let mut ahead = self.rest().chars();
        let (first, second) = (ahead.next(), ahead.next());
        let mut filled = false;
        if let (Some(fill), Some(align)) = (first, second.and_then(align_of)) {
            if matches!(fill, '{' | '}') {
                return Err(self.error(self.at, "a brace can not fill: expected another character"));
            }
            self.at += fill.len_utf8() + 1;
            (spec.fill, spec.align, filled) = (fill, Some(align), true);
        } else if let Some(align) = first.and_then(align_of) {
            self.at += 1;
            spec.align = Some(align);
        }
        let sign_at = self.at;
        let sign = self.eat(|ch| matches!(ch, '+' | '-' | ' '));
        spec.sign = sign.filter(|&ch| ch != '-').map(|ch| ch as u8);
        spec.no_negative_zero = self.eat(|ch| ch == 'z').is_some();
        let alternate_at = self.at;
        spec.alternate = self.eat(|ch| ch == '#').is_some();
        if !filled && self.eat(|ch| ch == '0').is_some() {
            (spec.fill, spec.zero) = ('0', true);
        }
        spec.width = self.number()?.unwrap_or(0);
        let grouping_at = self.at;
        spec.grouping = self.eat(|ch| matches!(ch, ',' | '_')).map(|ch| ch as u8);
        let precision_at = self.at;
        if self.eat(|ch| ch == '.').is_some() {
            spec.precision = self.number()?;
            if spec.precision.is_none() {
                return Err(self.error(self.at, "expected the digits of a precision"));
            }
        }
        let kind_at = self.at;
        spec.kind = match self.eat(|ch| "sdnboxXceEfFgG%".contains(ch)) {
            Some(letter) => kind_of(letter),
            None => Kind::Any,
        };

        // What Python refuses when it formats is refused here, before the
        // first record.
        let as_text = match spec.kind {
            Kind::Any => value == Type::Text,
            kind => kind == Kind::Text,
        };
        self.fits(kind_at, spec.kind, value, false)?;
        if as_text {
            if sign.is_some() || spec.no_negative_zero {
                return Err(self.error(sign_at, "a sign is for numbers, and this is text"));
            }
            if spec.alternate {
                return Err(self.error(alternate_at, "`#` is for numbers, and this is text"));
            }
            if spec.grouping.is_some() {
                return Err(self.error(grouping_at, "grouping is for numbers, and this is text"));
            }
            if spec.align == Some(Align::AfterSign) {
                return Err(self.error(start, "`=` is for numbers, and this is text"));
            }
        }
        let whole = spec.kind.is_integer() || (spec.kind == Kind::Any && value == Type::Int);
        if whole && spec.precision.is_some() {
            return Err(self.error(precision_at, "a precision is for text and floats"));
        }
        if spec.kind == Kind::Char && (sign.is_some() || spec.alternate) {
            return Err(self.error(sign_at, "a sign or `#` does not go with `c`"));
        }
        let groupable = match (spec.grouping, spec.kind) {
            (None, _) => true,
            (_, Kind::Char | Kind::Locale) => false,
            (Some(b','), kind) => !kind.is_integer() || kind == Kind::Decimal,
            _ => true,
        };
        if !groupable {
            return Err(self.error(grouping_at, "this grouping does not go with this type"));
        }
        Ok(spec)
    }

    /// Whether a conversion can be applied to the value of an attribute.
    fn fits(&self, at: usize, kind: Kind, value: Type, percent: bool) -> Result<(), TemplateError> {
        let expected = match value {
            Type::Text if kind.is_number() => "this attribute is text: expected s",
            Type::Int if kind == Kind::Text && !percent => {
                "this attribute is a whole number: expected d, or !s before the colon"
            }
            Type::Float if kind == Kind::Text && !percent => {
                "this attribute is a float: expected f, e or g, or !s before the colon"
            }
            Type::Float if kind.is_integer() && !(percent && kind == Kind::Decimal) => {
                "this attribute is a float: expected f, e or g"
            }
            _ => return Ok(()),
        };
        Err(self.error(at, expected))
    }

    fn percent(&mut self) -> Result<(), TemplateError> {
        loop {
            self.literal_until(&['%']);
            let start = self.at;
            if self.eat(|_| true).is_none() {
                return Ok(());
            }
            if self.eat(|ch| ch == '%').is_some() {
                self.literal.push('%');
            } else if self.eat(|ch| ch == '(').is_some() {
                self.end_literal();
                self.percent_field(start)?;
            } else {
                return Err(self.error(
                    start,
                    "expected `%(name)s`, or `%%`, which stands for one per cent sign",
                ));
            }
        }
    }

    /// The rest of a field, behind `%(`.
    fn percent_field(&mut self, start: usize) -> Result<(), TemplateError> {
        let name_at = self.at;
        let rest = self.rest();
        let Some(len) = rest.find(')') else {
            return Err(self.error(start, "expected `)` behind the name"));
        };
        let attr = self.attr(name_at, &rest[..len], ')')?;
        self.at += len + 1;
        let mut spec = Spec {
            percent_style: true,
            ..Spec::default()
        };
        while let Some(flag) = self.eat(|ch| "-0+ #".contains(ch)) {
            match flag {
                '-' => spec.align = Some(Align::Left),
                '0' => spec.zero = true,
                '+' => spec.sign = Some(b'+'),
                ' ' => spec.sign = spec.sign.or(Some(b' ')),
                _ => spec.alternate = true,
            }
        }
        // As in C, `-` overrides `0`.
        spec.zero &= spec.align.is_none();
        spec.width = self.number()?.unwrap_or(0);
        if self.eat(|ch| ch == '.').is_some() {
            // As in C, a precision without digits is 0.
            spec.precision = Some(self.number()?.unwrap_or(0));
        }
        // Length modifiers mean nothing in Python, which accepts one.
        let _ = self.eat(|ch| matches!(ch, 'h' | 'l' | 'L'));
        let kind_at = self.at;
        let Some(letter) = self.eat(|ch| "sradiuoxXeEfFgGc".contains(ch)) else {
            return Err(self.error(
                kind_at,
                "expected [-0+ #][width][.precision] \
                 and a type, one of s r a d i u o x X e E f F g G c",
            ));
        };
        spec.kind = kind_of(letter);
        self.fits(kind_at, spec.kind, attr.kind(), true)?;
        self.field(attr, spec);
        Ok(())
    }
}

fn kind_of(letter: char) -> Kind {
    match letter {
        's' => Kind::Text,
        'r' => Kind::Repr,
        'a' => Kind::Ascii,
        'b' => Kind::Binary,
        'o' => Kind::Octal,
        'x' => Kind::Hex,
        'X' => Kind::HexUpper,
        'c' => Kind::Char,
        'e' => Kind::Exponent { upper: false },
        'E' => Kind::Exponent { upper: true },
        'f' | 'F' => Kind::Fixed,
        'n' => Kind::Locale,
        'g' => Kind::General { upper: false },
        'G' => Kind::General { upper: true },
        '%' => Kind::Percent,
        // d i u
        _ => Kind::Decimal,
    }
}
