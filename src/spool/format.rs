//! What stands in the files of a spool, byte for byte.
//!
//! ```text
//! segment = header, record, record, …
//! header  = MAGIC, version (u32), sender (16 bytes), number of the first
//!           record (u64), number of the record before it (u64), CRC (u32)
//! record  = length of the payload (u32), number (u64), CRC of the payload
//!           (u32), CRC of these three (u32), payload
//! ```
//!
//! All numbers have their highest byte first, and the checksums are CRC32C.
//! The numbers of a segment's records follow one upon the other.
//!
//! The checksum of a record's head begins with the sender's identity. So a
//! head that stands within a payload, where somebody logs such bytes, is none;
//! and where bytes are damaged the next head is found in one pass.
//!
//! The header keeps its form in all versions, up to its checksum.

use super::SENDER;

/// What a segment begins with.
const MAGIC: [u8; 8] = *b"lhspool\n";

/// The version that is written, and the only one that is read.
pub(super) const VERSION: u32 = 1;

/// The length of a segment's header.
pub(super) const HEADER: usize = 8 + 4 + SENDER + 8 + 8 + 4;

/// What stands before a record's payload.
pub(super) const HEAD: usize = 4 + 8 + 4 + 4;

/// The longest payload.
pub(super) const MAX_PAYLOAD: usize = 1 << 30;

/// The bytes at the front, which are taken off.
pub(super) fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (front, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*front)
}

/// Appends the checksum of all that stands before it.
pub(super) fn seal(bytes: &mut Vec<u8>) {
    let crc = crc32c::crc32c(bytes);
    bytes.extend_from_slice(&crc.to_be_bytes());
}

/// The bytes before a checksum that is theirs.
pub(super) fn unseal(bytes: &[u8]) -> Option<&[u8]> {
    let (sealed, crc) = bytes.split_last_chunk::<4>()?;
    (crc32c::crc32c(sealed) == u32::from_be_bytes(*crc)).then_some(sealed)
}

/// What a segment begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) version: u32,
    pub(super) sender: [u8; SENDER],
    /// The number of its first record.
    pub(super) first: u64,
    /// The number of the last record before it. Those between were never given
    /// to a record.
    pub(super) after: u64,
}

impl Header {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&self.version.to_be_bytes());
        bytes.extend_from_slice(&self.sender);
        bytes.extend_from_slice(&self.first.to_be_bytes());
        bytes.extend_from_slice(&self.after.to_be_bytes());
        seal(&mut bytes);
        bytes
    }

    /// The header at the front of the bytes; `None` where that is none, or is
    /// damaged.
    pub(super) fn decode(bytes: &[u8]) -> Option<Header> {
        let mut rest = unseal(bytes.get(..HEADER)?)?;
        if take::<8>(&mut rest)? != MAGIC {
            return None;
        }
        let header = Header {
            version: u32::from_be_bytes(take(&mut rest)?),
            sender: take(&mut rest)?,
            first: u64::from_be_bytes(take(&mut rest)?),
            after: u64::from_be_bytes(take(&mut rest)?),
        };
        (header.after < header.first).then_some(header)
    }
}

/// What the checksums of a sender's records begin with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key(u32);

/// What stands before a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The length of the payload in bytes, 1 or more.
    pub(super) length: usize,
    pub(super) number: u64,
    /// The payload's checksum.
    pub(super) crc: u32,
}

impl Head {
    /// The length of the record.
    pub(super) fn record(&self) -> usize {
        HEAD + self.length
    }
}

impl Key {
    pub(super) fn new(sender: [u8; SENDER]) -> Key {
        Key(crc32c::crc32c(&sender))
    }

    /// Appends a record.
    pub(super) fn encode(self, number: u64, payload: &[u8], out: &mut Vec<u8>) {
        // The caller holds it to MAX_PAYLOAD.
        let length = payload.len() as u32;
        let mut head = [0; HEAD];
        head[..4].copy_from_slice(&length.to_be_bytes());
        head[4..12].copy_from_slice(&number.to_be_bytes());
        head[12..16].copy_from_slice(&crc32c::crc32c(payload).to_be_bytes());
        let crc = crc32c::crc32c_append(self.0, &head[..16]);
        head[16..].copy_from_slice(&crc.to_be_bytes());
        out.extend_from_slice(&head);
        out.extend_from_slice(payload);
    }

    /// The head at the front of the bytes, if there is one.
    #[inline]
    pub(super) fn decode(self, bytes: &[u8]) -> Option<Head> {
        let mut rest = bytes;
        let length = u32::from_be_bytes(take(&mut rest)?) as usize;
        // First of all, because it is what most places fail at that are none.
        if !(1..=MAX_PAYLOAD).contains(&length) {
            return None;
        }
        let head = Head {
            length,
            number: u64::from_be_bytes(take(&mut rest)?),
            crc: u32::from_be_bytes(take(&mut rest)?),
        };
        let crc = u32::from_be_bytes(take(&mut rest)?);
        let sound = (1..u64::MAX).contains(&head.number)
            && crc32c::crc32c_append(self.0, &bytes[..16]) == crc;
        sound.then_some(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_header_is_read_as_it_was_written() {
        let header = Header {
            version: 7,
            sender: [9; SENDER],
            first: u64::MAX,
            after: 3,
        };
        let bytes = header.encode();
        assert_eq!(bytes.len(), HEADER);
        assert_eq!(Header::decode(&bytes), Some(header));
        for at in 0..HEADER {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1;
            assert_eq!(Header::decode(&bytes), None, "{at}");
            assert_eq!(Header::decode(&bytes[..at]), None, "{at}");
        }
    }

    /// Nobody who writes into a log can make a record, not even with the bytes
    /// of one of another spool.
    #[test]
    fn a_head_is_good_for_one_sender_only() {
        let mut bytes = Vec::new();
        Key::new([1; SENDER]).encode(5, b"payload", &mut bytes);
        assert!(Key::new([1; SENDER]).decode(&bytes).is_some());
        assert!(Key::new([2; SENDER]).decode(&bytes).is_none());
    }

    proptest! {
        #[test]
        fn records_are_read_as_they_were_written(
            number in 1..u64::MAX, payload in prop::collection::vec(any::<u8>(), 1..99), bit in 0..HEAD * 8,
        ) {
            let key = Key::new([3; SENDER]);
            let mut bytes = Vec::new();
            key.encode(number, &payload, &mut bytes);
            let head = key.decode(&bytes).expect("a head");
            prop_assert_eq!((head.number, head.record()), (number, bytes.len()));
            prop_assert_eq!(head.crc, crc32c::crc32c(&payload));
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(key.decode(&bytes), None);
        }
    }
}
