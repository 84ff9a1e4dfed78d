//! From a request to records.

use std::borrow::Cow;

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

impl Request {
    /// Hands each record of the body, or of the query, to `each`. Gives how many
    /// lines were no objects where all should be: those are plain messages.
    ///
    /// # Errors
    /// When the body as a whole can't be read; no record was handed out then.
    pub fn records(
        &self,
        most: usize,
        defaults: &Defaults,
        received: Timestamp,
        each: &mut Each<'_>,
    ) -> Result<u64, Unreadable> {
        if self.head.reads {
            form(self.head.query.as_bytes(), defaults, received, each);
            return Ok(0);
        }
        let body = match self.head.packed {
            // Nothing is a health check, whatever its head says.
            true if !self.body.is_empty() => {
                if method_of(&self.body) == Method::None {
                    return Err(Unreadable::NotPacked);
                }
                inflate(&self.body, most)?
            }
            _ => Cow::Borrowed(&self.body[..]),
        };
        if body.trim_ascii().is_empty() {
            form(self.head.query.as_bytes(), defaults, received, each);
            return Ok(0);
        }
        match self.media(&body)? {
            Media::Form => match json_in_a_form(&body) {
                Some(found) => Ok(values(&found, defaults, received, each)),
                None => {
                    form(&body, defaults, received, each);
                    Ok(0)
                }
            },
            Media::Lines => Ok(lines(&body, &self.head.media, defaults, received, each)),
            Media::Json => Ok(values(&parsed(&body)?, defaults, received, each)),
        }
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

fn form(text: &[u8], defaults: &Defaults, received: Timestamp, each: &mut Each<'_>) {
    let Some(form) = Form::read(text) else {
        return;
    };
    let mut record = Record::new(defaults, received);
    if !form.decode(defaults, received, &mut record) {
        record.reset(defaults, received);
        record.message = Cow::Borrowed(text);
    }
    each(text, &record);
}

/// One record a line; gives how many of them were no objects.
fn lines(
    body: &[u8],
    media: &str,
    defaults: &Defaults,
    received: Timestamp,
    each: &mut Each<'_>,
) -> u64 {
    let objects = media.starts_with("application/") && media != "application/octet-stream";
    let mut malformed = 0;
    let mut record = Record::new(defaults, received);
    let body = body.strip_suffix(b"\n").unwrap_or(body);
    for line in body.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() && objects {
            continue;
        }
        malformed += u64::from(!object(line, defaults, received, &mut record) && objects);
        each(line, &record);
    }
    malformed
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

/// What a body holds that is said to be a form and is JSON: that of `curl -d`, which
/// calls everything one. `None`: it is a form.
fn json_in_a_form(body: &[u8]) -> Option<Vec<&RawValue>> {
    match body.trim_ascii_start().first() {
        Some(b'{' | b'[') => parsed(body).ok(),
        _ => None,
    }
}

/// An object, the elements of an array, or several of them one behind the other.
fn parsed(body: &[u8]) -> Result<Vec<&RawValue>, serde_json::Error> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let mut found: Vec<&RawValue> = Vec::new();
    for value in serde_json::Deserializer::from_slice(body).into_iter::<&RawValue>() {
        let value = value?;
        match value.get().starts_with('[') {
            true => found.extend(serde_json::from_str::<Vec<&RawValue>>(value.get())?),
            false => found.push(value),
        }
    }
    Ok(found)
}

/// One record a value; gives how many of them were no objects.
fn values(
    found: &[&RawValue],
    defaults: &Defaults,
    received: Timestamp,
    each: &mut Each<'_>,
) -> u64 {
    let mut malformed = 0;
    let mut record = Record::new(defaults, received);
    for value in found {
        let text = value.get();
        // A string is a message by itself.
        let string = text
            .starts_with('"')
            .then(|| serde_json::from_str::<String>(text).ok())
            .flatten();
        if let Some(string) = string {
            record.reset(defaults, received);
            record.message = Cow::Owned(string.into_bytes());
        } else {
            malformed += u64::from(!object(text.as_bytes(), defaults, received, &mut record));
        }
        each(text.as_bytes(), &record);
    }
    malformed
}
