//! Syslog messages to records.

use std::borrow::Cow;

use super::loose;
use super::stamp::Stamps;
use super::structured;
use super::tables::Facility;
use crate::level::Level;
use crate::now::Timestamp;
use crate::record::{Defaults, Record, Value};
use crate::text::time::parse_timestamp;
use crate::zone::{LocalZone, Zone};

/// Bytes that do not begin with a priority: they go on as a plain message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no priority at its start")]
pub struct NotSyslog;

/// What was understood of a message.
#[derive(Debug, Default)]
pub(super) struct Parts<'a> {
    pub(super) created: Option<Timestamp>,
    pub(super) host: Option<&'a [u8]>,
    /// The tag, or APP-NAME.
    pub(super) name: Option<&'a [u8]>,
    pub(super) proc_id: Option<&'a [u8]>,
    pub(super) msg_id: Option<&'a [u8]>,
    /// The number that Cisco's devices give to their messages.
    pub(super) sequence: Option<&'a [u8]>,
    /// All the rest.
    pub(super) message: &'a [u8],
}

/// Fills `record` from a message without its framing, in the form of RFC 5424
/// or any of those that were before it.
///
/// The level is that of the severity, the logger's name the APP-NAME or tag.
/// Extra attributes are `host`, `facility` (its name), `procid` and `msgid`,
/// then the structured data as `SDID.param`, but for those of the element
/// [`SD_ID`](super::SD_ID), which lose its name, and for one without
/// parameters, which is empty; a parameter that comes again is `SDID.param.2` and
/// so on. Cisco's number of a message is
/// `meta.sequenceId`, as RFC 5424 calls it in section 7.3.1. A time without a
/// year is in the year that brings it nearest to `received`, one without a
/// zone is local.
///
/// What can not be read stands in the message. An `#ooo` stays one: it may as
/// well be what was meant. At the end a line feed, also with a carriage return
/// before it, and NULs are left out.
///
/// # Errors
///
/// If there is no `<PRI>` of 0 to 191 at the start; `record` is not touched.
pub fn decode<'a>(
    frame: &'a [u8],
    defaults: &'a Defaults,
    received: Timestamp,
    record: &mut Record<'a>,
) -> Result<(), NotSyslog> {
    decode_with(&Stamps::default(), frame, defaults, received, record)
}

/// [`decode`] of one message of many, which mostly have the times of others.
///
/// # Errors
/// As for [`decode`].
pub fn decode_with<'a>(
    stamps: &Stamps,
    frame: &'a [u8],
    defaults: &'a Defaults,
    received: Timestamp,
    record: &mut Record<'a>,
) -> Result<(), NotSyslog> {
    decode_in(&LocalZone, stamps, frame, defaults, received, record)
}

/// [`decode`] where local time is that of a zone.
pub(super) fn decode_in<'a>(
    zone: &dyn Zone,
    stamps: &Stamps,
    frame: &'a [u8],
    defaults: &'a Defaults,
    received: Timestamp,
    record: &mut Record<'a>,
) -> Result<(), NotSyslog> {
    let (facility, level, rest) = priority(without_end(frame)).ok_or(NotSyslog)?;
    record.reset(defaults, received);
    record.level = level;
    let (parts, structured) = match rfc5424(rest, zone) {
        Some(parts) => (parts, true),
        None => (loose::read(rest, received, zone, stamps), false),
    };
    if let Some(created) = parts.created {
        record.created = created;
    }
    if let Some(name) = parts.name {
        record.name = String::from_utf8_lossy(name);
    }
    if defaults.attributes {
        let mut add = |key, text| record.extra.push((Cow::Borrowed(key), Value::Text(text)));
        if let Some(host) = parts.host {
            add("host", String::from_utf8_lossy(host));
        }
        add("facility", Cow::Borrowed(facility.name()));
        let others = [
            ("procid", parts.proc_id),
            ("msgid", parts.msg_id),
            ("meta.sequenceId", parts.sequence),
        ];
        for (key, value) in others {
            if let Some(value) = value {
                add(key, String::from_utf8_lossy(value));
            }
        }
    }
    record.message = Cow::Borrowed(parts.message);
    if structured && let Some(rest) = structured::read(parts.message, &mut record.extra) {
        let message = rest.strip_prefix(b" ").unwrap_or(rest);
        let message = message.strip_prefix(b"\xef\xbb\xbf").unwrap_or(message);
        record.message = Cow::Borrowed(message);
    }
    Ok(())
}

/// Without what ends a line or a C string.
fn without_end(frame: &[u8]) -> &[u8] {
    let without_nul = |mut frame: &'_ [u8]| {
        while let [rest @ .., 0] = frame {
            frame = rest;
        }
        frame.len()
    };
    let frame = &frame[..without_nul(frame)];
    let frame = match frame {
        [rest @ .., b'\r', b'\n'] | [rest @ .., b'\n'] => rest,
        frame => frame,
    };
    &frame[..without_nul(frame)]
}

/// `<PRI>`, and what is behind it.
fn priority(frame: &[u8]) -> Option<(Facility, Level, &[u8])> {
    let rest = frame.strip_prefix(b"<")?;
    let end = rest.iter().take(4).position(|&byte| byte == b'>')?;
    let digits = &rest[..end];
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = digits
        .iter()
        .fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    let facility = Facility::from_code(u8::try_from(number / 8).ok()?)?;
    Some((facility, Level::from_syslog(number % 8)?, &rest[end + 1..]))
}

/// The header of RFC 5424; the message is with its structured data. `None`
/// where it is not all there.
fn rfc5424<'a>(rest: &'a [u8], zone: &dyn Zone) -> Option<Parts<'a>> {
    let mut rest = rest.strip_prefix(b"1 ")?;
    let stamp = field(&mut rest)?;
    let created = match stamp {
        b"-" => None,
        stamp => Some(parse_timestamp(std::str::from_utf8(stamp).ok()?, zone)?),
    };
    let [host, name, proc_id, msg_id] = std::array::from_fn(|_| field(&mut rest));
    let given = |field: &'a [u8]| (field != b"-").then_some(field);
    Some(Parts {
        created,
        host: given(host?),
        name: given(name?),
        proc_id: given(proc_id?),
        msg_id: given(msg_id?),
        sequence: None,
        message: rest,
    })
}

/// A field of the header and the space behind it.
fn field<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = memchr::memchr(b' ', rest)?;
    let (field, behind) = rest.split_at(end);
    *rest = &behind[1..];
    let printable = field.iter().all(|byte| !byte.is_ascii_control());
    (!field.is_empty() && printable).then_some(field)
}
