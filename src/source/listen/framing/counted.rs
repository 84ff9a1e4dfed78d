//! Messages with their length before them.

use super::{Broken, Kind, Message, Next};
use crate::source::listen::Accepted;
use crate::source::listen::detect::DIGITS;
use crate::wire::framing::OversizeCounts;

/// How far such a stream is.
#[derive(Debug)]
pub(in crate::source::listen) struct Counted {
    lengths: Lengths,
    /// So many bytes are still to come of a message that is too long: they are
    /// thrown away as they come.
    skipping: u64,
}

/// How a length is written, and what stands behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source::listen) enum Lengths {
    /// In decimal digits; syslog.
    Digits,
    /// In four bytes; pickles.
    Bytes,
}

impl Counted {
    pub(in crate::source::listen) fn new(lengths: Lengths) -> Counted {
        Counted {
            lengths,
            skipping: 0,
        }
    }

    #[cfg(test)]
    pub(in crate::source::listen) fn lengths(&self) -> Lengths {
        self.lengths
    }

    pub(super) fn next<'b>(
        &mut self,
        bytes: &'b [u8],
        accepted: &Accepted,
        counts: &mut OversizeCounts,
    ) -> Result<Next<'b>, Broken> {
        if self.skipping > 0 {
            let left = usize::try_from(self.skipping).unwrap_or(usize::MAX);
            let count = left.min(bytes.len());
            self.skipping -= count as u64;
            return Ok(match count {
                0 => Next::More,
                count => Next::Skip(count),
            });
        }
        let (kind, head) = match self.lengths {
            Lengths::Digits => {
                // Some end their messages besides.
                let blank = |byte: &&u8| matches!(byte, b'\n' | b'\r' | b' ' | 0);
                let skipped = bytes.iter().take_while(blank).count();
                if skipped > 0 {
                    return Ok(Next::Skip(skipped));
                }
                (Kind::Syslog, digits(bytes)?)
            }
            Lengths::Bytes => {
                let head = bytes.first_chunk::<4>();
                let head = head.map(|head| (u32::from_be_bytes(*head).into(), 4));
                (Kind::Pickle, head)
            }
        };
        let Some((length, head)) = head else {
            return Ok(Next::More);
        };
        let most = accepted.longest_counted();
        let count = match usize::try_from(length) {
            Ok(count) if count <= most => count,
            Ok(count) if count <= accepted.longest_skipped() => {
                counts.dropped += 1;
                self.skipping = length;
                return Ok(Next::TooLong(length, head));
            }
            _ => return Err(Broken::TooLong(length, most)),
        };
        let message = bytes.get(head..head + count);
        Ok(message.map_or(Next::More, |message| {
            Next::Message(Message::new(message, kind), head + count)
        }))
    }
}

/// The count of octets at the start, and how many bytes it takes with the space
/// behind it. `None`: not all of it has come.
fn digits(bytes: &[u8]) -> Result<Option<(u64, usize)>, Broken> {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit());
    let digits = digits.count();
    match bytes.get(digits) {
        None if digits <= DIGITS => return Ok(None),
        Some(b' ') if (1..=DIGITS).contains(&digits) && bytes[0] != b'0' => {}
        _ => return Err(Broken::NoCount),
    }
    let count = bytes[..digits].iter();
    let count = count.fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    Ok(Some((count, digits + 1)))
}
