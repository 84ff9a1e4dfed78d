//! Python's `msg % args`, for senders that leave the arguments out of the text.

use std::fmt::Write as _;

use super::NotAPickle;
use super::machine::{Id, Object, Objects};
use super::show::Writer;

/// The longest field, in characters: a width is not believed.
const WIDEST: usize = 1024;

/// Fills arguments in. `None`: they do not fit the message.
pub(super) fn fill(
    message: &str,
    args: Id,
    objects: &Objects<'_>,
    writer: &mut Writer<'_, '_>,
) -> Result<Option<String>, NotAPickle> {
    let given: &[Id] = match objects.get(args) {
        Object::List(items) => items,
        _ => &[],
    };
    let mut given = given.iter();
    let mut out = String::new();
    let mut rest = message;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let Some((field, behind)) = Field::parse(&rest[at + 1..]) else {
            return Ok(None);
        };
        rest = behind;
        if field.kind == '%' {
            out.push('%');
            continue;
        }
        let value = match (field.name, objects.get(args)) {
            (Some(name), Object::Dict(items)) => {
                let named = items.iter().rev();
                let mut named = named.filter(|(key, _)| objects.text(*key) == Some(name));
                named.next().map(|(_, value)| *value)
            }
            (None, Object::Dict(_)) => Some(args),
            (None, _) => given.next().copied(),
            (Some(_), _) => None,
        };
        let Some(value) = value else {
            return Ok(None);
        };
        match field.show(value, objects, writer)? {
            Some(text) => out.push_str(&text),
            None => return Ok(None),
        }
    }
    out.push_str(rest);
    Ok(given.next().is_none().then_some(out))
}

#[derive(Debug, Default)]
struct Field<'m> {
    name: Option<&'m str>,
    left: bool,
    zeros: bool,
    plus: bool,
    alternate: bool,
    width: usize,
    precision: Option<usize>,
    kind: char,
}

impl<'m> Field<'m> {
    fn parse(text: &'m str) -> Option<(Field<'m>, &'m str)> {
        let mut field = Field::default();
        let mut rest = text;
        if let Some(behind) = rest.strip_prefix('(') {
            let (name, behind) = behind.split_once(')')?;
            field.name = Some(name);
            rest = behind;
        }
        loop {
            match rest.chars().next()? {
                '-' => field.left = true,
                '0' => field.zeros = true,
                '+' => field.plus = true,
                '#' => field.alternate = true,
                ' ' => {}
                _ => break,
            }
            rest = &rest[1..];
        }
        let digits = |rest: &mut &'m str| {
            let end = rest
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(rest.len());
            let (number, behind) = rest.split_at(end);
            *rest = behind;
            number.parse().unwrap_or(0).min(WIDEST)
        };
        field.width = digits(&mut rest);
        if let Some(behind) = rest.strip_prefix('.') {
            rest = behind;
            field.precision = Some(digits(&mut rest));
        }
        rest = rest.trim_start_matches(['l', 'h', 'L']);
        field.kind = rest.chars().next()?;
        let behind = &rest[field.kind.len_utf8()..];
        Some((field, behind))
    }

    fn show(
        &self,
        value: Id,
        objects: &Objects<'_>,
        writer: &mut Writer<'_, '_>,
    ) -> Result<Option<String>, NotAPickle> {
        let object = objects.get(value);
        let text = match (self.kind, object) {
            ('s', _) => self.cut(writer.plain(value)?),
            ('r' | 'a', Object::Text(text)) => self.cut(format!("'{text}'")),
            ('r' | 'a', _) => self.cut(writer.plain(value)?),
            ('d' | 'i' | 'u', Object::Int(number)) => self.signed(number.to_string()),
            ('d' | 'i' | 'u', Object::Long(digits)) => self.signed(digits.clone()),
            ('d' | 'i' | 'u', Object::Bool(value)) => i32::from(*value).to_string(),
            ('d' | 'i' | 'u', Object::Float(number)) => {
                self.signed(format!("{:.0}", number.trunc()))
            }
            ('x' | 'X' | 'o', Object::Int(number)) => {
                let sign = if *number < 0 { "-" } else { "" };
                let size = number.unsigned_abs();
                let (prefix, digits) = match self.kind {
                    'x' => ("0x", format!("{size:x}")),
                    'X' => ("0X", format!("{size:X}")),
                    _ => ("0o", format!("{size:o}")),
                };
                let prefix = if self.alternate { prefix } else { "" };
                format!("{sign}{prefix}{digits}")
            }
            ('f' | 'F' | 'e' | 'E' | 'g' | 'G', Object::Float(_) | Object::Int(_)) => {
                let number = match object {
                    Object::Float(number) => *number,
                    Object::Int(number) => *number as f64,
                    _ => 0.0,
                };
                self.signed(self.float(number))
            }
            ('c', Object::Text(text)) => text.chars().take(1).collect(),
            _ => return Ok(None),
        };
        Ok(Some(self.pad(text)))
    }

    fn float(&self, number: f64) -> String {
        let precision = self.precision.unwrap_or(6);
        match self.kind.to_ascii_lowercase() {
            'f' => format!("{number:.precision$}"),
            'e' => exponent(&format!("{number:.precision$e}")),
            _ => {
                let digits = precision.max(1);
                let scientific = format!("{number:.*e}", digits - 1);
                let power = scientific.split_once('e').and_then(|(_, p)| p.parse().ok());
                let power: i32 = power.unwrap_or(0);
                let trim = |text: &str| match text.contains('.') {
                    true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
                    false => text.to_owned(),
                };
                if (-4..digits as i32).contains(&power) {
                    let places = (digits as i32 - 1 - power).max(0) as usize;
                    return trim(&format!("{number:.places$}"));
                }
                let (mantissa, power) = scientific.split_once('e').unwrap_or((&scientific, "0"));
                exponent(&format!("{}e{power}", trim(mantissa)))
            }
        }
    }

    fn signed(&self, text: String) -> String {
        match self.plus && !text.starts_with('-') {
            true => format!("+{text}"),
            false => text,
        }
    }

    fn cut(&self, text: String) -> String {
        match self.precision {
            Some(most) => text.chars().take(most).collect(),
            None => text,
        }
    }

    fn pad(&self, text: String) -> String {
        let missing = self.width.saturating_sub(text.chars().count());
        if missing == 0 {
            return text;
        }
        let mut out = String::new();
        let number = !"srac".contains(self.kind);
        if self.left {
            let _ = write!(out, "{text}{}", " ".repeat(missing));
        } else if self.zeros && number {
            let at = usize::from(text.starts_with(['-', '+']));
            let _ = write!(out, "{}{}{}", &text[..at], "0".repeat(missing), &text[at..]);
        } else {
            let _ = write!(out, "{}{text}", " ".repeat(missing));
        }
        out
    }
}

/// `1.5e7` as Python has it: `1.5e+07`.
fn exponent(text: &str) -> String {
    let Some((mantissa, power)) = text.split_once('e') else {
        return text.to_owned();
    };
    let (sign, digits) = match power.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', power),
    };
    format!("{mantissa}e{sign}{digits:0>2}")
}
