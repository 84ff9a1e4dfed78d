//! JSON text, looked into one level at a time, in the order that it has.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::json;
use crate::record::Value;

/// How deep lists and objects are looked into by whoever writes them in another
/// form; what is deeper stays its JSON text.
pub(super) const DEPTH: usize = 64;

/// What a piece of JSON is.
pub(super) enum Node<'j> {
    /// null, true, false or a number, as its text; also what can't be read.
    Word(&'j str),
    /// A string, without its quotes.
    Text(Cow<'j, str>),
    List(Vec<Value<'j>>),
    Object(Vec<(Cow<'j, str>, Value<'j>)>),
}

/// Looks into a value.
pub(super) fn node<'j>(value: &'j Value<'_>) -> Node<'j> {
    let json = match value {
        Value::Text(text) => return Node::Text(Cow::Borrowed(text)),
        Value::Json(json) => &**json,
    };
    match json.as_bytes().first() {
        Some(b'{') => {
            let mut members = Vec::new();
            match json::read_object(json.as_bytes(), &mut members) {
                Ok(()) => Node::Object(members),
                Err(_) => Node::Word(json),
            }
        }
        Some(b'[') => match serde_json::from_str::<Vec<&RawValue>>(json) {
            Ok(items) => Node::List(items.into_iter().map(|raw| item(raw.get())).collect()),
            Err(_) => Node::Word(json),
        },
        _ => Node::Word(json),
    }
}

fn item(json: &str) -> Value<'_> {
    match json.starts_with('"') {
        true => match serde_json::from_str(json) {
            Ok(text) => Value::Text(Cow::Owned(text)),
            // Half of a surrogate pair.
            Err(_) => Value::Json(Cow::Borrowed(json)),
        },
        false => Value::Json(Cow::Borrowed(json)),
    }
}
