//! The wire `lh`: numbered frames that the other end acknowledges once it has
//! accepted them.
//!
//! ```text
//! sender   -> HELLO    MAGIC, sender (16 bytes), number of its next frame (u64)
//! receiver -> WELCOME  MAGIC, the last number that it has accepted of that sender (u64)
//! sender   -> FRAME    length of the payload (u32), number (u64), payload
//! receiver -> ACK      every frame up to this number is accepted (u64)
//! ```
//!
//! All numbers have their highest byte first. Frames are numbered from 1, each
//! with a greater number than the one before; what the receiver has accepted
//! already, it leaves out and acknowledges. So a sender that sends everything
//! again that was not acknowledged, with the numbers that it had, is heard
//! exactly once, whichever end was interrupted in between.
//!
//! A payload is a JSON object (see [`json`](super::json)), with an
//! authentication code before it where both ends have a key.

use std::fmt;

/// What either end begins with: no text, no length of a pickle below 2 GiB, and
/// no TLS begins so. The last byte is the version.
pub const MAGIC: [u8; 4] = [0x93, b'l', b'h', 1];

/// The lengths of what is sent, in bytes; of a frame, what stands before the
/// payload.
pub const HELLO: usize = 4 + 16 + 8;
/// See [`HELLO`].
pub const WELCOME: usize = 4 + 8;
/// See [`HELLO`].
pub const HEAD: usize = 4 + 8;
/// See [`HELLO`].
pub const ACK: usize = 8;

/// Who sends: made at random with a run, or with the spool that outlives it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SenderId(pub [u8; 16]);

impl SenderId {
    /// A new one.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn random() -> std::io::Result<SenderId> {
        let mut id = SenderId::default();
        getrandom::fill(&mut id.0).map_err(std::io::Error::other)?;
        Ok(id)
    }
}

impl fmt::Display for SenderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What a sender begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello {
    /// Who it is.
    pub sender: SenderId,
    /// The number of the frame that it sends next.
    pub next: u64,
}

/// Bytes that no end of this wire sends.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NotThisWire {
    /// It speaks something else.
    #[error("it does not speak the wire lh")]
    Magic,
    /// It speaks a version that is not known here.
    #[error("it speaks version {0} of the wire lh, and only version 1 is known here")]
    Version(u8),
    /// A frame that is longer than what is taken.
    #[error("a frame of {0} bytes is longer than the {1} that are taken")]
    TooLong(u64, usize),
    /// Numbers do not rise.
    #[error("a frame has number {0} behind number {1}")]
    Order(u64, u64),
    /// Frames are acknowledged that were not sent.
    #[error("it acknowledges frame {0}, and the last one sent was {1}")]
    Unsent(u64, u64),
}

fn check_magic(bytes: &[u8]) -> Result<(), NotThisWire> {
    match (bytes.get(..3) == Some(&MAGIC[..3]), bytes.get(3)) {
        (true, Some(&version)) if version == MAGIC[3] => Ok(()),
        (true, Some(&version)) => Err(NotThisWire::Version(version)),
        _ => Err(NotThisWire::Magic),
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

impl Hello {
    /// Appends it.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&self.sender.0);
        out.extend_from_slice(&self.next.to_be_bytes());
    }

    /// Reads it.
    ///
    /// # Errors
    /// Another wire, or another version.
    pub fn decode(bytes: &[u8; HELLO]) -> Result<Hello, NotThisWire> {
        check_magic(bytes)?;
        let mut sender = SenderId::default();
        sender.0.copy_from_slice(&bytes[4..20]);
        Ok(Hello {
            sender,
            next: number(&bytes[20..]),
        })
    }
}

/// Appends what a receiver answers: the last number that it has accepted, 0 if
/// none.
pub fn encode_welcome(accepted: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&accepted.to_be_bytes());
}

/// Reads it.
///
/// # Errors
/// Another wire, or another version.
pub fn decode_welcome(bytes: &[u8; WELCOME]) -> Result<u64, NotThisWire> {
    check_magic(bytes)?;
    Ok(number(&bytes[4..]))
}

/// Appends a frame. `false`: its payload is longer than a length can say, and
/// nothing was appended.
pub fn encode_frame(frame: u64, payload: &[u8], out: &mut Vec<u8>) -> bool {
    let Ok(length) = u32::try_from(payload.len()) else {
        return false;
    };
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&frame.to_be_bytes());
    out.extend_from_slice(payload);
    true
}

/// What stands before the payload of a frame: its number, and the length of the
/// payload. `None`: it is not all there yet.
///
/// # Errors
/// A number that is not greater than `last`.
pub fn decode_head(bytes: &[u8], last: u64) -> Result<Option<(u64, usize)>, NotThisWire> {
    let Some(head) = bytes.get(..HEAD) else {
        return Ok(None);
    };
    let (length, frame) = (number(&head[..4]), number(&head[4..]));
    if frame <= last {
        return Err(NotThisWire::Order(frame, last));
    }
    Ok(Some((frame, usize::try_from(length).unwrap_or(usize::MAX))))
}

/// A frame at the start of `bytes`: its number, its payload, and its length
/// with what stands before the payload. `None`: it is not all there yet.
///
/// # Errors
/// A payload longer than `most`, which is known before it has come, or a
/// number that is not greater than `last`.
#[allow(clippy::type_complexity)]
pub fn decode_frame(
    bytes: &[u8],
    last: u64,
    most: usize,
) -> Result<Option<(u64, &[u8], usize)>, NotThisWire> {
    let Some((frame, length)) = decode_head(bytes, last)? else {
        return Ok(None);
    };
    if length > most {
        return Err(NotThisWire::TooLong(length as u64, most));
    }
    let payload = bytes.get(HEAD..HEAD + length);
    Ok(payload.map(|payload| (frame, payload, HEAD + length)))
}

/// Appends an acknowledgement of all frames up to a number.
pub fn encode_ack(frame: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(&frame.to_be_bytes());
}

/// The last of the acknowledgements in `bytes`, and how many bytes they are:
/// those behind it are the beginning of another.
///
/// # Errors
/// A number beyond `sent`, the last that was sent.
pub fn decode_acks(bytes: &[u8], sent: u64) -> Result<Option<(u64, usize)>, NotThisWire> {
    let mut greatest = None;
    for ack in bytes.chunks_exact(ACK) {
        greatest = greatest.max(Some(number(ack)));
    }
    match greatest {
        Some(frame) if frame > sent => Err(NotThisWire::Unsent(frame, sent)),
        Some(frame) => Ok(Some((frame, bytes.len() / ACK * ACK))),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_end_of_this_wire_is_told() {
        let mut out = Vec::new();
        encode_welcome(7, &mut out);
        let welcome: [u8; WELCOME] = out.as_slice().try_into().unwrap();
        assert_eq!(decode_welcome(&welcome), Ok(7));
        let mut other = welcome;
        other[3] = 2;
        assert_eq!(decode_welcome(&other), Err(NotThisWire::Version(2)));
        assert_eq!(decode_welcome(b"HTTP/1.1 400"), Err(NotThisWire::Magic));
        assert_eq!(
            decode_acks(&9u64.to_be_bytes(), 8),
            Err(NotThisWire::Unsent(9, 8))
        );
        let mut frame = Vec::new();
        assert!(encode_frame(3, b"four", &mut frame));
        assert_eq!(decode_frame(&frame, 3, 10), Err(NotThisWire::Order(3, 3)));
        // The length alone is enough to refuse it.
        assert_eq!(
            decode_frame(&frame[..HEAD], 0, 3),
            Err(NotThisWire::TooLong(4, 3))
        );
    }

    proptest! {
        #[test]
        fn what_is_sent_arrives(
            sender: [u8; 16],
            next: u64,
            frames in prop::collection::vec((1u64..1000, prop::collection::vec(any::<u8>(), 0..40)), 0..9),
            cut in 0usize..40,
        ) {
            let hello = Hello { sender: SenderId(sender), next };
            let mut out = Vec::new();
            hello.encode(&mut out);
            prop_assert_eq!(Hello::decode(out.as_slice().try_into().unwrap()), Ok(hello));
            out.clear();
            let mut last = 0;
            for (step, payload) in &frames {
                last += step;
                prop_assert!(encode_frame(last, payload, &mut out));
            }
            let (mut at, mut before) = (0, 0);
            for (step, payload) in &frames {
                // Before all of it has come, it is waited for.
                let part = &out[at..(at + cut).min(out.len())];
                if cut < HEAD + payload.len() {
                    prop_assert_eq!(decode_frame(part, before, 40), Ok(None));
                }
                let (frame, got, length) = decode_frame(&out[at..], before, 40).unwrap().unwrap();
                prop_assert_eq!((frame, got), (before + step, payload.as_slice()));
                (at, before) = (at + length, frame);
            }
            prop_assert_eq!(at, out.len());
            let mut acks = Vec::new();
            for frame in 1..=last.min(20) {
                encode_ack(frame, &mut acks);
            }
            let whole = acks.len();
            acks.extend_from_slice(&[0; 3]);
            let want = (last > 0).then_some((last.min(20), whole));
            prop_assert_eq!(decode_acks(&acks, last), Ok(want));
        }

        #[test]
        fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..60), last: u64, most in 0usize..50) {
            let _ = decode_frame(&bytes, last, most);
            let _ = decode_acks(&bytes, last);
        }
    }
}
