//! Messages that are longer than a datagram, in chunks of GELF.
//!
//! ```text
//! 0x1e 0x0f, id of the message (8 bytes), number of the chunk (from 0), count of chunks
//! ```
//!
//! A message has 128 chunks at most, and all of them arrive within 5 seconds,
//! or none counts: see [`assembly`](super::assembly). Whatever they hold together, compressed or not, is split.

use std::slice;

/// What a chunk begins with.
pub const MAGIC: [u8; 2] = [0x1e, 0x0f];

/// The length of what stands before the part of a message, in bytes.
pub const HEAD: usize = 12;

/// The most chunks of one message.
pub const MOST: usize = 128;

/// A message that does not go into as many chunks as there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a message of {size} bytes does not go into {MOST} chunks of {limit} bytes, which hold {room}"
)]
pub struct TooLong {
    /// The message's length in bytes, compressed if it is.
    pub size: usize,
    /// The length of a datagram, in bytes.
    pub limit: usize,
    /// The longest message for that, in bytes.
    pub room: usize,
}

/// The datagrams of a message, none of them longer than `limit` bytes: itself
/// if it is short enough, or else its chunks. `id` tells it from all others
/// that its sender has on the way. Nothing is copied or allocated.
///
/// # Errors
/// If there were more than 128.
pub fn chunks(payload: &[u8], limit: usize, id: [u8; 8]) -> Result<Chunks<'_>, TooLong> {
    if payload.len() <= limit {
        return Ok(Chunks {
            parts: Parts::Whole(Some(payload)),
        });
    }
    let part = limit.saturating_sub(HEAD);
    if payload.len() > part.saturating_mul(MOST) {
        return Err(TooLong {
            size: payload.len(),
            limit,
            room: part.saturating_mul(MOST).max(limit),
        });
    }
    let mut head = [0; HEAD];
    head[..2].copy_from_slice(&MAGIC);
    head[2..10].copy_from_slice(&id);
    // 128 at most.
    head[11] = payload.len().div_ceil(part) as u8;
    Ok(Chunks {
        parts: Parts::Split(head, payload.chunks(part)),
    })
}

/// The datagrams of a message, in their order: what [`chunks`] gives.
#[derive(Clone, Debug)]
pub struct Chunks<'a> {
    parts: Parts<'a>,
}

#[derive(Clone, Debug)]
enum Parts<'a> {
    Whole(Option<&'a [u8]>),
    /// With what stands before the next one.
    Split([u8; HEAD], slice::Chunks<'a, u8>),
}

/// A datagram in its two parts, for a call that takes several, or for a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk<'a> {
    head: Option<[u8; HEAD]>,
    body: &'a [u8],
}

impl<'a> Chunk<'a> {
    /// What stands before the message's part; nothing before one that is whole.
    pub fn head(&self) -> &[u8] {
        self.head.as_ref().map_or(&[], |head| head)
    }

    /// The part of the message.
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    /// Writes the datagram in place of what is in `out`.
    pub fn fill(&self, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(self.head());
        out.extend_from_slice(self.body);
    }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Chunk<'a>;

    fn next(&mut self) -> Option<Chunk<'a>> {
        match &mut self.parts {
            Parts::Whole(payload) => payload.take().map(|body| Chunk { head: None, body }),
            Parts::Split(next, parts) => {
                let body = parts.next()?;
                let head = Some(*next);
                next[10] += 1;
                Some(Chunk { head, body })
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let count = match &self.parts {
            Parts::Whole(payload) => usize::from(payload.is_some()),
            Parts::Split(_, parts) => parts.len(),
        };
        (count, Some(count))
    }
}

impl ExactSizeIterator for Chunks<'_> {}

/// Whether a datagram is a chunk.
pub fn is_chunk(datagram: &[u8]) -> bool {
    datagram.starts_with(&MAGIC)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn datagrams(payload: &[u8], limit: usize) -> Vec<Vec<u8>> {
        let chunks = chunks(payload, limit, *b"01234567").unwrap();
        let count = chunks.len();
        let all: Vec<Vec<u8>> = chunks
            .map(|chunk| {
                let mut datagram = b"old".to_vec();
                chunk.fill(&mut datagram);
                assert!(datagram.len() <= limit);
                datagram
            })
            .collect();
        assert_eq!(all.len(), count);
        all
    }

    #[test]
    fn what_fits_is_not_split() {
        assert_eq!(datagrams(b"", 0), [b""]);
        assert_eq!(datagrams(b"{}", 2), [b"{}"]);
        assert_eq!(datagrams(&[7; 1420], 1420), [[7; 1420]]);
    }

    #[test]
    fn chunks_are_those_of_the_specification() {
        let all = datagrams(b"abcdefghijklmno", 14);
        assert_eq!(all.len(), 8);
        assert_eq!(all[0], b"\x1e\x0f01234567\x00\x08ab");
        assert_eq!(all[1], b"\x1e\x0f01234567\x01\x08cd");
        assert_eq!(all[7], b"\x1e\x0f01234567\x07\x08o");
        assert!(all.iter().all(|datagram| is_chunk(datagram)));
    }

    #[test]
    fn no_more_than_128() {
        assert_eq!(datagrams(&[1; 128 * 8], 20).len(), 128);
        let size = 128 * 8 + 1;
        let error = chunks(&[1; 1025], 20, [0; 8]).unwrap_err();
        let (limit, room) = (20, 1024);
        assert_eq!(error, TooLong { size, limit, room });
        assert_eq!(
            error.to_string(),
            "a message of 1025 bytes does not go into 128 chunks of 20 bytes, which hold 1024"
        );
        for limit in 0..=HEAD {
            let error = chunks(&[1; 13], limit, [0; 8]).unwrap_err();
            assert_eq!(error.room, limit);
        }
        assert_eq!(datagrams(&[1; 128], 13).len(), 128);
        assert!(chunks(&[1; 129], 13, [0; 8]).is_err());
    }
}
