//! What stands behind a priority where RFC 5424 is not kept: the form of RFC
//! 3164, and those of devices that never read it.

use super::decode::Parts;
use super::stamp::{self, Stamps};
use crate::now::Timestamp;
use crate::text::time::epoch_by_magnitude;
use crate::zone::Zone;

/// Takes apart what is understood. Nothing fails: the rest is the message.
pub(super) fn read<'a>(
    bytes: &'a [u8],
    received: Timestamp,
    zone: &dyn Zone,
    stamps: &Stamps,
) -> Parts<'a> {
    let timed = |bytes: &'a [u8]| stamp::read(trimmed(bytes), received, zone, stamps);
    if let Some((created, rest)) = timed(bytes).or_else(|| epoch(bytes)) {
        return with_host(created, rest);
    }
    if let Some(parts) = numbered(bytes, timed) {
        return parts;
    }
    let mut parts = Parts {
        message: bytes,
        ..Parts::default()
    };
    // Without a time before it, running text is much like a tag.
    if let Some(tag) = Tag::read(trimmed(bytes)).filter(Tag::is_plain) {
        tag.put(&mut parts);
    }
    parts
}

/// Without a space before it.
fn trimmed(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b" ").unwrap_or(bytes)
}

/// What is before the first space, and what behind it.
fn token(bytes: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b' ', bytes) {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (bytes, b""),
    }
}

/// The time of Cisco's Meraki: a version, and seconds since the epoch.
fn epoch(bytes: &[u8]) -> Option<(Timestamp, &[u8])> {
    let rest = bytes.strip_prefix(b"1 ")?;
    let end = rest.iter().position(|&byte| byte == b' ')?;
    let (secs, behind) = rest.split_at(end);
    let is_time = secs.get(10) == Some(&b'.') && secs[..10].iter().all(u8::is_ascii_digit);
    let secs = std::str::from_utf8(secs).ok().filter(|_| is_time)?;
    Some((epoch_by_magnitude(secs)?, behind))
}

/// Cisco's `NUMBER: [HOST: ]TIME: ` and `: TIME: `, where the time may be
/// absent before a `%`.
fn numbered<'a>(
    bytes: &'a [u8],
    timed: impl Fn(&'a [u8]) -> Option<(Timestamp, &'a [u8])>,
) -> Option<Parts<'a>> {
    let is_digit = |byte: &&u8| byte.is_ascii_digit();
    let (number, rest) = bytes.split_at(bytes.iter().take_while(is_digit).count());
    let rest = rest.strip_prefix(b": ")?;
    let sequence = (!number.is_empty()).then_some(number);
    if let Some((created, rest)) = timed(rest) {
        return Some(Parts {
            sequence,
            ..with_host(created, rest)
        });
    }
    let (host, behind) = token(rest);
    let host = host.strip_suffix(b":").filter(|host| is_host(host));
    let parts = match (host, timed(behind)) {
        (Some(host), Some((created, rest))) => Parts {
            host: Some(host),
            ..with_tag(created, trimmed(rest))
        },
        _ if rest.starts_with(b"%") => {
            let mut parts = Parts {
                message: rest,
                ..Parts::default()
            };
            Tag::read(rest)?.put(&mut parts);
            parts
        }
        _ => return None,
    };
    Some(Parts { sequence, ..parts })
}

/// What is behind a time: `[HOST ]TAG: MSG`, or `HOST MSG`, or `MSG`.
fn with_host(created: Timestamp, rest: &[u8]) -> Parts<'_> {
    let rest = trimmed(rest);
    let (first, behind) = token(rest);
    if let Some(tag) = Tag::read(rest) {
        // Only Cisco's devices write `HOST: %TAG: `.
        let cisco = tag.proc_id.is_none() && tag.colon && tag.message.starts_with(b"%");
        if cisco && is_host(tag.name) {
            return Parts {
                host: Some(tag.name),
                ..with_tag(created, tag.message)
            };
        }
        return with_tag(created, rest);
    }
    if behind.is_empty() || !is_host(first) {
        return Parts {
            created: Some(created),
            message: rest,
            ..Parts::default()
        };
    }
    // Cisco's firewalls: `HOST : %TAG: `.
    let behind = behind.strip_prefix(b": ").unwrap_or(behind);
    Parts {
        host: Some(first),
        ..with_tag(created, behind)
    }
}

fn with_tag(created: Timestamp, rest: &[u8]) -> Parts<'_> {
    let mut parts = Parts {
        created: Some(created),
        message: rest,
        ..Parts::default()
    };
    if let Some(tag) = Tag::read(rest) {
        tag.put(&mut parts);
    }
    parts
}

/// A name, or an address of IPv4 or IPv6, possibly with a port or a zone.
fn is_host(bytes: &[u8]) -> bool {
    let of_host = |&byte: &u8| byte.is_ascii_alphanumeric() || b".-_:/@%[]+~".contains(&byte);
    !bytes.is_empty() && bytes.iter().all(of_host)
}

/// `TAG: `, `TAG[PID]: ` or `TAG[PID] `.
struct Tag<'a> {
    name: &'a [u8],
    proc_id: Option<&'a [u8]>,
    colon: bool,
    message: &'a [u8],
}

impl<'a> Tag<'a> {
    fn read(bytes: &'a [u8]) -> Option<Tag<'a>> {
        let (first, behind) = token(bytes);
        let of_name = |&byte: &u8| match byte {
            b'"' | b'\'' | b',' | b';' | b'<' | b'>' | b'{' | b'}' | b'[' | b']' | 0x7f => false,
            byte => byte > b' ',
        };
        let name = first.iter().take_while(|byte| of_name(byte)).count();
        let (name, rest) = first.split_at(name);
        let tag = match rest {
            [] => Tag {
                name: name.strip_suffix(b":")?,
                proc_id: None,
                colon: true,
                message: behind,
            },
            [b'[', rest @ ..] => {
                let end = rest.iter().position(|&byte| byte == b']')?;
                let (proc_id, rest) = (&rest[..end], &rest[end + 1..]);
                let colon = rest.starts_with(b":");
                // Without a colon, `list[0]` would be one, but for its number.
                let is_number = !proc_id.is_empty() && proc_id.iter().all(u8::is_ascii_digit);
                let message = match rest {
                    [] if is_number => behind,
                    b":" => behind,
                    // The message follows at once.
                    [b':', ..] => &bytes[first.len() - rest.len() + 1..],
                    _ => return None,
                };
                Tag {
                    name,
                    proc_id: (!proc_id.is_empty()).then_some(proc_id),
                    colon,
                    message,
                }
            }
            _ => return None,
        };
        (!tag.name.is_empty()).then_some(tag)
    }

    /// Whether it is one for certain: a short name, and a colon behind it.
    fn is_plain(&self) -> bool {
        let of_name = |&byte: &u8| byte.is_ascii_alphanumeric() || b"_./-%()@+:".contains(&byte);
        let is_name = self.name.iter().all(of_name) && self.name.len() <= 48;
        is_name && self.colon && self.name.iter().any(u8::is_ascii_alphabetic)
    }

    fn put(self, parts: &mut Parts<'a>) {
        parts.name = Some(self.name);
        parts.proc_id = self.proc_id;
        parts.message = self.message;
    }
}
