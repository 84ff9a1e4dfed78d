//! Python's `text % args`: what `LogRecord.getMessage` does.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::known::{Pairs, View};
use super::objects::{Item, Shape, Text};
use super::show::{Writer, exponent};
use super::{NotAPickle, number};
use crate::wire::pickle::text::into_string;

/// The widest field, and the most digits: a sender could ask for any number.
const WIDEST: usize = 1024;

/// What the fields are filled with.
struct Args<'v, 'o, 'a> {
    /// In this order.
    values: &'v [Item<'a>],
    /// By these names, in pairs with their values.
    named: Option<Pairs<'o, 'a>>,
    /// The same to look up, from the first field with a name on.
    by_name: Option<HashMap<&'o [u8], Item<'a>>>,
}

impl<'v, 'o, 'a> Args<'v, 'o, 'a> {
    fn new(values: &'v [Item<'a>], named: Option<Pairs<'o, 'a>>) -> Args<'v, 'o, 'a> {
        Args {
            values,
            named,
            by_name: None,
        }
    }

    fn next(&mut self) -> Option<Item<'a>> {
        let (first, rest) = self.values.split_first()?;
        self.values = rest;
        Some(*first)
    }

    /// The value of this name.
    fn get(
        &mut self,
        name: &str,
        writer: &mut Writer<'o, 'a>,
    ) -> Result<Option<Item<'a>>, NotAPickle> {
        let Some(pairs) = self.named else {
            return Ok(None);
        };
        if self.by_name.is_none() {
            let mut by_name = HashMap::new();
            for (key, value) in pairs.iter(writer.objects) {
                // All keys may be the same long text, and each is gone through.
                if let Some(Text(key)) = writer.objects.text(key) {
                    writer.pay(key.len())?;
                    // The last of several is the one that counts.
                    by_name.insert(key, value);
                }
            }
            self.by_name = Some(by_name);
        }
        let by_name = self.by_name.as_ref();
        Ok(by_name.and_then(|all| all.get(name.as_bytes()).copied()))
    }
}

/// Whether Python would fill anything in.
pub(super) fn is_true<'a>(args: Item<'a>, writer: &Writer<'_, 'a>) -> bool {
    match writer.objects.view(args) {
        View::Sequence(_, items) => !items.is_empty(),
        View::Dict(pairs) => !pairs.is_empty(),
        View::Plain(Item::None | Item::Bool(false) | Item::Int(0)) => false,
        View::Plain(Item::Float(number)) => number != 0.0,
        View::Plain(item) => {
            let text = writer.objects.text(item);
            text.is_none_or(|text| !text.as_bytes().is_empty())
        }
        View::Bytes(bytes) => !bytes.is_empty(),
        _ => true,
    }
}

/// `template` with the arguments in it; `None` where Python raises an
/// exception, or a width is absurd.
pub(super) fn fill<'a>(
    template: &str,
    args: Item<'a>,
    writer: &mut Writer<'_, 'a>,
) -> Result<Option<String>, NotAPickle> {
    let objects = writer.objects;
    let whole = [args];
    let (values, named): (&[Item<'a>], _) = match objects.view(args) {
        View::Sequence(Shape::Tuple, items) => (items, None),
        View::Dict(items) => (&whole, Some(items)),
        View::Sequence(Shape::List, items) => {
            // A list is one value for Python, but for senders that have no
            // tuples it is what they fill in.
            let as_tuple = fill_all(template, Args::new(items, None), writer)?;
            if as_tuple.is_some() && items.len() != 1 {
                return Ok(as_tuple);
            }
            (&whole, None)
        }
        _ => (&whole, None),
    };
    fill_all(template, Args::new(values, named), writer)
}

fn fill_all<'o, 'a>(
    template: &str,
    mut args: Args<'_, 'o, 'a>,
    writer: &mut Writer<'o, 'a>,
) -> Result<Option<String>, NotAPickle> {
    let mut out = Vec::with_capacity(template.len() + 16);
    let mut rest = template;
    while let Some(at) = memchr::memchr(b'%', rest.as_bytes()) {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        writer.pay(at)?;
        let Some((field, behind)) = Field::parse(&rest[at + 1..], &mut args, writer) else {
            return Ok(None);
        };
        rest = behind;
        if field.kind == '%' {
            out.push(b'%');
            continue;
        }
        let value = match field.name {
            Some(name) => args.get(name, writer)?,
            None => args.next(),
        };
        let shown = match value {
            Some(value) => field.show(value, writer)?,
            None => None,
        };
        match shown {
            Some(text) => {
                writer.pay(text.len())?;
                out.extend_from_slice(text.as_bytes());
            }
            None => return Ok(None),
        }
    }
    out.extend_from_slice(rest.as_bytes());
    writer.pay(rest.len())?;
    let all_used = args.values.is_empty() || args.named.is_some();
    Ok(all_used.then(|| into_string(out)))
}

#[derive(Debug, Default)]
struct Field<'m> {
    name: Option<&'m str>,
    left: bool,
    zeros: bool,
    plus: bool,
    space: bool,
    alternate: bool,
    width: usize,
    precision: Option<usize>,
    kind: char,
}

impl<'m> Field<'m> {
    /// What stands behind a `%`, and what is behind that.
    fn parse<'a>(
        text: &'m str,
        args: &mut Args<'_, '_, 'a>,
        writer: &Writer<'_, 'a>,
    ) -> Option<(Field<'m>, &'m str)> {
        let mut field = Field::default();
        let mut rest = text;
        if let Some(behind) = rest.strip_prefix('(') {
            let (name, behind) = behind.split_once(')')?;
            field.name = Some(name);
            rest = behind;
        }
        loop {
            match rest.as_bytes().first()? {
                b'-' => field.left = true,
                b'0' => field.zeros = true,
                b'+' => field.plus = true,
                b' ' => field.space = true,
                b'#' => field.alternate = true,
                _ => break,
            }
            rest = &rest[1..];
        }
        let mut count = |rest: &mut &'m str| {
            if let Some(behind) = rest.strip_prefix('*') {
                *rest = behind;
                return match writer.objects.view(args.next()?) {
                    View::Plain(Item::Int(number)) => Some(number),
                    _ => None,
                };
            }
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (number, behind) = rest.split_at(digits);
            *rest = behind;
            match number {
                "" => Some(0),
                _ => number.parse().ok(),
            }
        };
        let width = count(&mut rest)?;
        field.left |= width < 0;
        field.width = usize::try_from(width.unsigned_abs()).ok()?;
        if let Some(behind) = rest.strip_prefix('.') {
            rest = behind;
            field.precision = Some(usize::try_from(count(&mut rest)?.max(0)).ok()?);
        }
        rest = rest.strip_prefix(['l', 'h', 'L']).unwrap_or(rest);
        field.kind = rest.chars().next()?;
        let behind = &rest[field.kind.len_utf8()..];
        Some((field, behind))
    }

    fn show<'a>(
        &self,
        value: Item<'a>,
        writer: &mut Writer<'_, 'a>,
    ) -> Result<Option<String>, NotAPickle> {
        if self.width > WIDEST {
            return Ok(None);
        }
        let (prefix, text) = match self.kind {
            's' | 'r' | 'a' => {
                let mut out = Vec::new();
                match self.kind {
                    's' => writer.str(value, &mut out)?,
                    _ => writer.repr(value, 0, &mut out)?,
                }
                let mut text = into_string(out);
                if self.kind == 'a' {
                    text = ascii(&text);
                }
                ("", self.cut(text))
            }
            'c' => match (value, writer.objects.text(value).map(Text::as_str)) {
                (_, Some(text)) if text.chars().count() == 1 => ("", text.to_owned()),
                (Item::Int(_) | Item::Bool(_), _) => {
                    let number = match value {
                        Item::Int(number) => number,
                        value => i64::from(matches!(value, Item::Bool(true))),
                    };
                    let char = u32::try_from(number).ok().and_then(char::from_u32);
                    match char {
                        Some(char) => ("", char.to_string()),
                        None => return Ok(None),
                    }
                }
                _ => return Ok(None),
            },
            _ if self.precision.is_some_and(|precision| precision > WIDEST) => return Ok(None),
            'd' | 'i' | 'u' => match digits(value) {
                Some(digits) => ("", self.signed(self.lengthened(&digits))),
                None => return Ok(None),
            },
            'x' | 'X' | 'o' => match self.other_base(value) {
                Some((prefix, digits)) => (prefix, self.signed(self.lengthened(&digits))),
                None => return Ok(None),
            },
            'f' | 'F' | 'e' | 'E' | 'g' | 'G' => {
                let number = match value {
                    Item::Float(number) => number,
                    // One that is too large for it is an error for Python, too.
                    value => match digits(value).map(|digits| (digits.len(), digits.parse())) {
                        Some((length, Ok(number))) if f64::is_finite(number) => {
                            writer.pay(length)?;
                            number
                        }
                        _ => return Ok(None),
                    },
                };
                if matches!(self.kind, 'g' | 'G') {
                    // Digits that are made, and cut off if they are zeros.
                    writer.pay(self.precision.unwrap_or_default())?;
                }
                let text = self.float(number);
                let upper = self.kind.is_ascii_uppercase();
                let text = if upper { text.to_uppercase() } else { text };
                ("", self.signed(text))
            }
            _ => return Ok(None),
        };
        Ok(Some(self.pad(prefix, text)))
    }

    /// Digits to another base, with what says which.
    fn other_base(&self, value: Item<'_>) -> Option<(&'static str, String)> {
        let (negative, digits) = match value {
            Item::Int(number) => (number < 0, format!("{:x}", number.unsigned_abs())),
            Item::Bool(value) => (false, u8::from(value).to_string()),
            Item::Long(bytes) => number::hexadecimal(bytes),
            Item::Digits(digits) => {
                let number: i128 = digits.parse().ok()?;
                (number < 0, format!("{:x}", number.unsigned_abs()))
            }
            _ => return None,
        };
        let (prefix, digits) = match self.kind {
            'x' => ("0x", digits),
            'X' => ("0X", digits.to_uppercase()),
            _ => {
                let number = u128::from_str_radix(&digits, 16).ok()?;
                ("0o", format!("{number:o}"))
            }
        };
        let sign = if negative { "-" } else { "" };
        let prefix = if self.alternate { prefix } else { "" };
        Some((prefix, format!("{sign}{digits}")))
    }

    fn float(&self, number: f64) -> String {
        let precision = self.precision.unwrap_or(6);
        let point = if self.alternate { "." } else { "" };
        if !number.is_finite() {
            return super::show::float(number);
        }
        match self.kind.to_ascii_lowercase() {
            'f' if precision == 0 => format!("{number:.0}{point}"),
            'f' => format!("{number:.precision$}"),
            'e' => {
                let text = exponent(&format!("{number:.precision$e}"));
                match precision {
                    0 => text.replacen('e', &format!("{point}e"), 1),
                    _ => text,
                }
            }
            _ => {
                let digits = precision.max(1);
                let scientific = format!("{number:.*e}", digits - 1);
                let (mantissa, power) = scientific.split_once('e').unwrap_or((&scientific, "0"));
                let places = power
                    .parse()
                    .map_or(0, |power: i64| digits as i64 - 1 - power);
                let trim = |text: &str| match (self.alternate, text.contains('.')) {
                    (false, true) => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
                    (true, false) => format!("{text}."),
                    _ => text.to_owned(),
                };
                // From 1e-4 on, and below what the digits can hold.
                match (0..digits as i64 + 4).contains(&places) {
                    true => trim(&format!("{number:.*}", places as usize)),
                    false => exponent(&format!("{}e{power}", trim(mantissa))),
                }
            }
        }
    }

    fn signed(&self, text: String) -> String {
        match (text.starts_with('-'), self.plus, self.space) {
            (false, true, _) => format!("+{text}"),
            (false, false, true) => format!(" {text}"),
            _ => text,
        }
    }

    /// As many digits as the precision asks for.
    fn lengthened(&self, digits: &str) -> String {
        let (sign, digits) = match digits.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", digits),
        };
        format!(
            "{sign}{digits:0>width$}",
            width = self.precision.unwrap_or(0)
        )
    }

    fn cut(&self, text: String) -> String {
        match self.precision {
            Some(most) => text.chars().take(most).collect(),
            None => text,
        }
    }

    fn pad(&self, prefix: &str, text: String) -> String {
        let (sign, text) = match text.strip_prefix(['-', '+', ' ']) {
            Some(behind) if !"srac".contains(self.kind) => text.split_at(text.len() - behind.len()),
            _ => ("", &text[..]),
        };
        let used = prefix.len() + sign.len() + text.chars().count();
        let missing = self.width.saturating_sub(used);
        let mut out = String::with_capacity(prefix.len() + sign.len() + text.len() + missing);
        // Writing to a string cannot fail.
        let _ = if self.left {
            write!(out, "{sign}{prefix}{text}{:missing$}", "")
        } else if self.zeros && !"srac".contains(self.kind) {
            write!(out, "{sign}{prefix}{:0>missing$}{text}", "")
        } else {
            write!(out, "{:missing$}{sign}{prefix}{text}", "")
        };
        out
    }
}

/// A whole number in decimal; a fraction is cut off.
fn digits(value: Item<'_>) -> Option<String> {
    Some(match value {
        Item::Int(number) => number.to_string(),
        Item::Bool(value) => u8::from(value).to_string(),
        Item::Digits(digits) => digits.to_owned(),
        Item::Long(bytes) if bytes.len() <= number::DECIMAL => number::decimal(bytes),
        // Adding zero makes -0.0 the 0 that Python has.
        Item::Float(number) if number.is_finite() => format!("{:.0}", number.trunc() + 0.0),
        _ => return None,
    })
}

/// What `ascii` makes of a text.
fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        // Writing to a string cannot fail.
        let _ = match u32::from(char) {
            0..=0x7f => out.write_char(char),
            code @ 0x80..=0xff => write!(out, "\\x{code:02x}"),
            code @ 0x100..=0xffff => write!(out, "\\u{code:04x}"),
            code => write!(out, "\\U{code:08x}"),
        };
    }
    out
}
