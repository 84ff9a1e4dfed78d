//! The text that takes a secret's place.

use regex::bytes::{CaptureLocations, Regex};

/// A text with groups in it, by the rules of
/// [`Captures::expand`](regex::bytes::Captures::expand).
#[derive(Clone, Debug)]
pub(super) struct Replacement(Vec<Part>);

#[derive(Clone, Debug)]
enum Part {
    Text(Vec<u8>),
    Group(usize),
}

/// How long a group's name behind a `$` is, without braces.
pub(super) fn name_length(text: &str) -> usize {
    let other = text.find(|ch: char| !(ch.is_ascii_alphanumeric() || ch == '_'));
    other.unwrap_or(text.len())
}

impl Replacement {
    /// Compiles a text for a regex; the error is the name of a group that the
    /// regex has not. The regex crate would put nothing in its place.
    pub(super) fn parse(text: &str, regex: &Regex) -> Result<Replacement, String> {
        let mut parts = Vec::new();
        let mut plain = Vec::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('$') {
            plain.extend_from_slice(before.as_bytes());
            let braced = behind
                .strip_prefix('{')
                .and_then(|inner| inner.split_once('}'));
            let (name, next) = match braced {
                Some(parts) => parts,
                None => behind.split_at(name_length(behind)),
            };
            rest = next;
            if let Some(escaped) = behind.strip_prefix('$') {
                plain.push(b'$');
                rest = escaped;
            } else if name.is_empty() && braced.is_none() {
                plain.push(b'$');
            } else {
                let group = match name.parse::<usize>() {
                    Ok(number) => (number < regex.captures_len()).then_some(number),
                    Err(_) => regex.capture_names().position(|known| known == Some(name)),
                };
                parts.push(Part::Text(std::mem::take(&mut plain)));
                parts.push(Part::Group(group.ok_or_else(|| name.to_owned())?));
            }
        }
        plain.extend_from_slice(rest.as_bytes());
        parts.push(Part::Text(plain));
        Ok(Replacement(parts))
    }

    pub(super) fn has_groups(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Group(_)))
    }

    /// Appends the text for the match that begins at `start`.
    pub(super) fn write(
        &self,
        regex: &Regex,
        bytes: &[u8],
        start: usize,
        groups: &mut Option<CaptureLocations>,
        out: &mut Vec<u8>,
    ) {
        if let Some(groups) = groups {
            regex.captures_read_at(groups, bytes, start);
        }
        for part in &self.0 {
            match part {
                Part::Text(text) => out.extend_from_slice(text),
                Part::Group(number) => {
                    let place = groups.as_ref().and_then(|groups| groups.get(*number));
                    out.extend_from_slice(place.map_or(&[], |(from, to)| &bytes[from..to]));
                }
            }
        }
    }
}
