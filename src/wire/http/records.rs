//! From a request to records.

use std::borrow::Cow;

use memchr::memchr;
use serde_json::value::RawValue;

use super::Request;
use super::form::Form;
use crate::now::Timestamp;
use crate::record::{Defaults, Record};
use crate::text::detect;
use crate::wire::gelf::compress::{InflateError, Method, inflate, method_of};
use crate::wire::{gelf, json};

/// A body of which nothing is taken.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It can't be unpacked.
    #[error("{0}")]
    Packed(#[from] InflateError),
    /// It is said to be packed, and is not.
    #[error("the body is neither gzip nor zlib, as its Content-Encoding says")]
    NotPacked,
    /// It is no JSON.
    #[error("the body is no JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// It is something else than what is taken.
    #[error("bodies of this type are not taken: send JSON, JSON lines, a form or text")]
    Media,
}

impl Unreadable {
    pub(super) fn status(&self) -> u16 {
        match self {
            Unreadable::Packed(InflateError::TooLong(_) | InflateError::Bomb) => 413,
            Unreadable::Packed(_) | Unreadable::NotPacked | Unreadable::Json(_) => 400,
            Unreadable::Media => 415,
        }
    }
}

/// What some put before a text to tell its encoding.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// What a body is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Media {
    Json,
    /// One object a line; with it, plain text.
    Lines,
    Form,
}

/// Takes records: the bytes of each as they came.
pub type Each<'e> = dyn FnMut(&[u8], &Record<'_>) + 'e;

/// What a record counts at least in a [`Portion`]: about what is written of one
/// in whose message nothing stands.
const LEAST: usize = 128;

/// The records of a request, handed out in portions. Whoever takes them keeps them
/// until they are delivered, and a body of some kilobytes unpacks to millions.
#[derive(Debug)]
pub struct Records {
    text: Vec<u8>,
    /// So far they have been handed out.
    at: usize,
    kind: Kind,
}

/// How records stand in a text.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// All fields are one.
    Form,
    /// One a line. With it, whether all should be objects.
    Lines(bool),
    /// Values of JSON, those of arrays one by one. With it, whether the next stands
    /// in an array.
    Values(bool),
}

/// What was handed out at once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Portion {
    /// So many were no objects where all should be: those are plain messages.
    pub malformed: u64,
    /// Their length, where a record counts 128 bytes at least.
    pub weight: usize,
}

impl Request {
    /// Takes the records out of the body, or the query. Checks all of it: what can
    /// be read only in part has none.
    ///
    /// # Errors
    /// When the body as a whole can't be read.
    pub fn take_records(&mut self, most: usize) -> Result<Records, Unreadable> {
        let mut body = std::mem::take(&mut self.body);
        // Nothing is a health check, whatever the head says.
        if self.head.packed && !self.head.reads && !body.is_empty() {
            if method_of(&body) == Method::None {
                return Err(Unreadable::NotPacked);
            }
            body = inflate(&body, most)?.into_owned();
        }
        if self.head.reads || body.trim_ascii().is_empty() {
            let query = std::mem::take(&mut self.head.query);
            return Ok(Records::new(query.into_bytes(), Kind::Form));
        }
        let kind = match self.media(&body)? {
            Media::Form if is_json(&body) => Kind::Values(false),
            // Nor is a text a form that has no field with a value.
            Media::Form if !body.contains(&b'=') => Kind::Lines(false),
            Media::Form => Kind::Form,
            Media::Lines => {
                let media = self.head.media.as_str();
                let plain = media == "application/octet-stream";
                Kind::Lines(media.starts_with("application/") && !plain)
            }
            Media::Json => {
                check(&body)?;
                Kind::Values(false)
            }
        };
        Ok(Records::new(body, kind))
    }

    fn media(&self, body: &[u8]) -> Result<Media, Unreadable> {
        let media = self.head.media.as_str();
        Ok(match media {
            "application/x-www-form-urlencoded" => Media::Form,
            "application/x-ndjson"
            | "application/ndjson"
            | "application/jsonl"
            | "application/json-lines"
            | "application/x-jsonlines"
            | "application/stream+json"
            | "application/logplex-1" => Media::Lines,
            "application/json" | "text/json" => Media::Json,
            "" | "application/octet-stream" => match body.trim_ascii_start().first() {
                Some(b'[') => Media::Json,
                _ => Media::Lines,
            },
            media if media.starts_with("text/") => Media::Lines,
            media if media.ends_with("+json") => Media::Json,
            _ => return Err(Unreadable::Media),
        })
    }
}

impl Records {
    fn new(text: Vec<u8>, kind: Kind) -> Records {
        // It has been checked with the mark before it.
        let marked = matches!(kind, Kind::Values(_)) && text.starts_with(MARK);
        let at = if marked { MARK.len() } else { 0 };
        Records { text, at, kind }
    }

    /// Whether all have been handed out.
    pub fn is_done(&self) -> bool {
        self.at >= self.text.len()
    }

    /// How many bytes they take, those that have been handed out included.
    pub fn held(&self) -> usize {
        self.text.len()
    }

    /// Hands the next records to `each`, until they [weigh](Portion::weight) `most`
    /// or somewhat more.
    pub fn hand_out(
        &mut self,
        most: usize,
        defaults: &Defaults,
        received: Timestamp,
        each: &mut Each<'_>,
    ) -> Portion {
        let mut portion = Portion::default();
        let mut record = Record::new(defaults, received);
        while portion.weight < most
            && let Some(bytes) = next(&self.text, &mut self.at, &mut self.kind)
        {
            portion.weight += bytes.len().max(LEAST);
            let understood = match self.kind {
                Kind::Form => {
                    let understood = form(bytes, defaults, received, each);
                    portion.malformed += u64::from(!understood);
                    continue;
                }
                Kind::Lines(objects) => object(bytes, defaults, received, &mut record) || !objects,
                Kind::Values(_) => value(bytes, defaults, received, &mut record),
            };
            portion.malformed += u64::from(!understood);
            each(bytes, &record);
        }
        portion
    }
}

/// The bytes of the next record. `None`: there is none, and all of it is done.
fn next<'t>(text: &'t [u8], at: &mut usize, kind: &mut Kind) -> Option<&'t [u8]> {
    let rest = text.get(*at..).filter(|rest| !rest.is_empty())?;
    match kind {
        Kind::Form => {
            *at = text.len();
            Some(rest)
        }
        Kind::Lines(objects) => {
            let (line, length) = next_line(rest, *objects);
            *at += length;
            line
        }
        Kind::Values(inside) => {
            let (value, length) = next_value(rest, inside);
            *at += length;
            value
        }
    }
}

/// The first line, and how many bytes are done with. Between objects, a line in
/// which nothing stands is none.
fn next_line(text: &[u8], objects: bool) -> (Option<&[u8]>, usize) {
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let end = memchr(b'\n', rest);
        let line = &rest[..end.unwrap_or(rest.len())];
        at += end.map_or(rest.len(), |end| end + 1);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if !(line.is_empty() && objects) {
            return (Some(line), at);
        }
    }
    (None, at)
}

/// The first value of what has been checked, and how many bytes are done with.
fn next_value<'t>(text: &'t [u8], inside: &mut bool) -> (Option<&'t [u8]>, usize) {
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' | b',' => {}
            b'[' if !*inside => *inside = true,
            b']' if *inside => *inside = false,
            _ => {
                let rest = &text[at..];
                let values = &mut serde_json::Deserializer::from_slice(rest).into_iter();
                return match values.next() {
                    Some(Ok(value)) => {
                        let value: &RawValue = value;
                        (Some(value.get().as_bytes()), at + values.byte_offset())
                    }
                    _ => (None, text.len()),
                };
            }
        }
    }
    (None, text.len())
}

/// Whether the form was read as one.
fn form(text: &[u8], defaults: &Defaults, received: Timestamp, each: &mut Each<'_>) -> bool {
    let form = match Form::is_too_much(text) {
        true => None,
        false => match Form::read(text) {
            None => return true,
            form => form,
        },
    };
    // One that has too many values to be filled in still has its fields.
    let plain;
    let mut record = Record::new(defaults, received);
    let understood = match &form {
        Some(form) if form.decode(defaults, received, &mut record) => true,
        Some(Form::Pickle(_)) => {
            plain = Form::object(text);
            let plain = plain.as_ref();
            plain.is_some_and(|form| form.decode(defaults, received, &mut record))
        }
        _ => false,
    };
    if !understood {
        record.reset(defaults, received);
        record.message = Cow::Borrowed(text);
    }
    each(text, &record);
    understood
}

/// Fills the record with an object, or else with the line as it is. Whether it
/// was an object.
fn object<'a>(
    line: &'a [u8],
    defaults: &'a Defaults,
    received: Timestamp,
    record: &mut Record<'a>,
) -> bool {
    if gelf::looks_like(line) && gelf::decode(line, defaults, received, record).is_ok()
        || json::decode(line, defaults, received, record).is_ok()
    {
        return true;
    }
    record.reset(defaults, received);
    record.message = Cow::Borrowed(line);
    if defaults.detect_level {
        record.level = detect::level(line).unwrap_or(defaults.level);
    }
    false
}

/// Whether a body that is said to be a form is JSON: `curl -d` calls everything a
/// form.
fn is_json(body: &[u8]) -> bool {
    matches!(body.trim_ascii_start().first(), Some(b'{' | b'[')) && check(body).is_ok()
}

/// Looks whether a body is a value, or several one behind the other.
fn check(body: &[u8]) -> Result<(), serde_json::Error> {
    let body = body.strip_prefix(MARK).unwrap_or(body);
    let values = serde_json::Deserializer::from_slice(body).into_iter::<&RawValue>();
    for value in values {
        value?;
    }
    Ok(())
}

/// Fills the record with a value: a string is a message by itself. Whether it is
/// one that should be there.
fn value<'a>(
    bytes: &'a [u8],
    defaults: &'a Defaults,
    received: Timestamp,
    record: &mut Record<'a>,
) -> bool {
    let string = bytes.starts_with(b"\"");
    match string.then(|| serde_json::from_slice::<String>(bytes)) {
        Some(Ok(string)) => {
            record.reset(defaults, received);
            record.message = Cow::Owned(string.into_bytes());
            true
        }
        _ => object(bytes, defaults, received, record),
    }
}
