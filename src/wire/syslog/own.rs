//! What a record says of itself that has a field in the header of a message.

use super::tables::Facility;
use crate::record::{Record, Value};

/// How many bytes a field has at most (RFC 5424, section 6).
pub(super) const HOST: usize = 255;
pub(super) const PROC_ID: usize = 128;
pub(super) const MSG_ID: usize = 32;

/// Which fields may be a record's own.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) facility: bool,
    pub(super) host: bool,
    pub(super) proc_id: bool,
    pub(super) msg_id: bool,
}

/// The fields that are.
#[derive(Debug, Default)]
pub(super) struct Own<'r> {
    pub(super) facility: Option<Facility>,
    pub(super) host: Option<&'r str>,
    pub(super) proc_id: Option<&'r str>,
    pub(super) msg_id: Option<&'r str>,
}

impl<'r> Own<'r> {
    pub(super) fn of(record: &'r Record<'_>, open: &Open) -> Own<'r> {
        if record.extra.is_empty() {
            return Own::default();
        }
        let text = |open: bool, name| open.then(|| record.get(name)).flatten().and_then(text);
        Own {
            facility: text(open.facility, "facility").and_then(Facility::of_word),
            host: text(open.host, "host"),
            proc_id: text(open.proc_id, "procid"),
            msg_id: text(open.msg_id, "msgid"),
        }
    }

    /// Whether all that an attribute says stands in the header.
    pub(super) fn is_written(&self, name: &str) -> bool {
        let (field, most) = match name {
            "facility" => return self.facility.is_some(),
            "host" => (self.host, HOST),
            "procid" => (self.proc_id, PROC_ID),
            "msgid" => (self.msg_id, MSG_ID),
            _ => return false,
        };
        field.is_some_and(|text| {
            text.len() <= most && text.bytes().all(|byte| byte.is_ascii_graphic())
        })
    }
}

/// A word, or a number: `-` and the like are what stands for neither.
fn text<'r>(value: &'r Value<'_>) -> Option<&'r str> {
    let text = match value {
        Value::Text(text) => text,
        Value::Json(json) if json.starts_with(|ch: char| ch.is_ascii_digit()) => json,
        Value::Json(_) => return None,
    };
    let says = text.bytes().any(|byte| byte.is_ascii_alphanumeric());
    says.then_some(text)
}
