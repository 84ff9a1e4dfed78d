//! Messages compressed for a datagram: gzip (RFC 1952) or zlib (RFC 1950),
//! which a receiver tells by their first bytes.

use std::borrow::Cow;
use std::io::{self, Read};

use flate2::bufread::{GzDecoder, ZlibDecoder};
use flate2::{Compress, Compression, Crc, FlushCompress, Status};

/// How a message is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// Not at all: the message as it is.
    #[default]
    None,
    /// As gzip does.
    Gzip,
    /// As zlib does: 12 bytes shorter than gzip.
    Zlib,
}

/// Compresses message after message in the same room.
#[derive(Debug)]
pub struct Compressor {
    method: Method,
    state: Option<Compress>,
}

impl Compressor {
    /// One of this method. Costs about 300 KB, unless it is none.
    pub fn new(method: Method) -> Compressor {
        let state = (method != Method::None)
            .then(|| Compress::new(Compression::default(), method == Method::Zlib));
        Compressor { method, state }
    }

    /// Appends the compressed message to `out`.
    ///
    /// # Errors
    /// When the library refuses to go on, which it has no reason to.
    pub fn compress(&mut self, payload: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        let Some(state) = &mut self.state else {
            out.extend_from_slice(payload);
            return Ok(());
        };
        state.reset();
        if self.method == Method::Gzip {
            // No name, no time, an unknown system.
            out.extend_from_slice(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
        }
        // Where nothing can be saved, a few bytes a block are added.
        out.reserve(payload.len() + payload.len() / 1000 + 64);
        let mut rest = payload;
        loop {
            let (taken, written) = (state.total_in(), out.len());
            let status = state.compress_vec(rest, out, FlushCompress::Finish)?;
            let taken = usize::try_from(state.total_in() - taken).unwrap_or(usize::MAX);
            rest = rest.get(taken..).unwrap_or_default();
            match status {
                Status::StreamEnd => break,
                _ if taken == 0 && out.len() == written && out.len() < out.capacity() => {
                    return Err(io::Error::other("the compressor makes no progress"));
                }
                _ => out.reserve(1024),
            }
        }
        if self.method == Method::Gzip {
            let mut crc = Crc::new();
            crc.update(payload);
            out.extend_from_slice(&crc.sum().to_le_bytes());
            out.extend_from_slice(&crc.amount().to_le_bytes());
        }
        Ok(())
    }
}

/// Why a compressed message is not taken.
#[derive(Debug, thiserror::Error)]
pub enum InflateError {
    /// It is damaged, cut off, or something stands behind it.
    #[error("it cannot be decompressed: {0}")]
    Broken(#[from] io::Error),
    /// It is longer than what is taken; so many bytes are.
    #[error("decompressed, it is longer than {0} bytes")]
    TooLong(usize),
    /// It grows more than any log does.
    #[error("it grows to more than {RATIO} times its length")]
    Bomb,
}

/// How many times longer a message may get. Logs that repeat themselves all
/// the time get to 100; the most that there is, of nothing but zeros, is 1032.
const RATIO: usize = 250;

/// What is never too much growth: as long as the longest datagram.
const HARMLESS: usize = 64 << 10;

/// So many members of gzip there may be, and one more for so many bytes: each takes
/// microseconds, and an empty one has 20 bytes.
const MEMBERS: usize = 4096;
const MEMBER: usize = 256;

/// The method of a frame, by its first bytes.
pub fn method_of(frame: &[u8]) -> Method {
    match frame {
        [0x1f, 0x8b, ..] => Method::Gzip,
        // The two bytes as a number are a multiple of 31.
        [0x78, flags, ..] if (0x7800 + u32::from(*flags)).is_multiple_of(31) => Method::Zlib,
        _ => Method::None,
    }
}

/// The message in a frame, decompressed if need be.
///
/// What comes out is never more than `limit` bytes, nor more than 250 times the
/// frame's length or 64 KiB, whichever is more; at most twice that is taken for
/// it, and about 50 KB to work with.
///
/// # Errors
/// If it is broken, longer than `limit` or grows beyond measure. A frame that
/// is not compressed is given as it is, of any length.
pub fn inflate(frame: &[u8], limit: usize) -> Result<Cow<'_, [u8]>, InflateError> {
    let most = limit.min(frame.len().saturating_mul(RATIO).max(HARMLESS));
    let (out, rest) = match method_of(frame) {
        Method::None => return Ok(Cow::Borrowed(frame)),
        Method::Gzip => members(frame, most)?,
        Method::Zlib => {
            let mut decoder = ZlibDecoder::new(frame);
            (read(&mut decoder, frame.len(), most)?, decoder.into_inner())
        }
    };
    if out.len() > most {
        return Err(match most == limit {
            true => InflateError::TooLong(limit),
            false => InflateError::Bomb,
        });
    }
    // A NUL ends a message on a stream.
    if rest.iter().any(|&byte| byte != 0) {
        let behind = io::Error::new(io::ErrorKind::InvalidData, "something stands behind it");
        return Err(InflateError::Broken(behind));
    }
    Ok(Cow::Owned(out))
}

/// All members of gzip (RFC 1952, section 2.2), one behind the other, and what is
/// behind them.
fn members(frame: &[u8], most: usize) -> io::Result<(Vec<u8>, &[u8])> {
    let mut decoder = GzDecoder::new(frame);
    let mut out = read(&mut decoder, frame.len(), most)?;
    let mut rest = decoder.into_inner();
    let mut spare = MEMBERS + frame.len() / MEMBER;
    while out.len() <= most && method_of(rest) == Method::Gzip {
        spare = spare
            .checked_sub(1)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "too many members in it"))?;
        let mut decoder = GzDecoder::new(rest);
        let left = u64::try_from(most - out.len()).unwrap_or(u64::MAX);
        (&mut decoder)
            .take(left.saturating_add(1))
            .read_to_end(&mut out)?;
        rest = decoder.into_inner();
    }
    Ok((out, rest))
}

/// Up to `most` bytes, and one more if there are more.
fn read(from: &mut impl Read, length: usize, most: usize) -> io::Result<Vec<u8>> {
    let most = most.saturating_add(1);
    let mut out = Vec::with_capacity(length.saturating_mul(4).min(most));
    let limit = u64::try_from(most).unwrap_or(u64::MAX);
    from.take(limit).read_to_end(&mut out)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT: usize = 1 << 20;

    fn compressed(payload: &[u8], method: Method) -> Vec<u8> {
        let mut out = Vec::new();
        Compressor::new(method).compress(payload, &mut out).unwrap();
        out
    }

    #[test]
    fn the_method_shows_in_the_first_bytes() {
        for flags in [0x01, 0x5e, 0x9c, 0xda] {
            assert_eq!(method_of(&[0x78, flags]), Method::Zlib);
        }
        assert_eq!(method_of(b"\x1f\x8b"), Method::Gzip);
        for plain in [&b""[..], b"x", b"xy", b"x\x9d", b"{}", b"\x1f", b"\x1e\x0f"] {
            assert_eq!(method_of(plain), Method::None, "{plain:?}");
            assert!(matches!(inflate(plain, 0), Ok(Cow::Borrowed(same)) if same == plain));
        }
    }

    #[test]
    fn what_is_broken_is_told() {
        for method in [Method::Gzip, Method::Zlib] {
            let whole = compressed(b"hello hello hello", method);
            for end in 2..whole.len() {
                assert!(inflate(&whole[..end], LIMIT).is_err(), "{method:?} {end}");
            }
            // Checksums are looked at.
            let mut other = whole.clone();
            let last = other.len() - 5;
            other[last] ^= 1;
            if method == Method::Gzip {
                assert!(matches!(
                    inflate(&other, LIMIT),
                    Err(InflateError::Broken(_))
                ));
            }
            let last = other.len() - 1;
            other.clone_from(&whole);
            other[last] ^= 1;
            assert!(inflate(&other, LIMIT).is_err(), "{method:?}");
            other.clone_from(&whole);
            other.push(0);
            assert_eq!(&*inflate(&other, LIMIT).unwrap(), b"hello hello hello");
            other.push(1);
            assert!(inflate(&other, LIMIT).is_err(), "{method:?}");
        }
    }

    #[test]
    fn members_of_gzip_are_one_message() {
        let member = |text: &[u8]| compressed(text, Method::Gzip);
        let two = [member(b"one\n"), member(b"two\n")].concat();
        assert_eq!(&*inflate(&two, LIMIT).unwrap(), b"one\ntwo\n");
        let many = [member(b""), two.clone(), member(b"")].concat();
        assert_eq!(&*inflate(&many, LIMIT).unwrap(), b"one\ntwo\n");
        let ended = [&two[..], b"\0"].concat();
        assert_eq!(&*inflate(&ended, LIMIT).unwrap(), b"one\ntwo\n");
        for broken in [
            &two[..two.len() - 1],
            &[&two[..], b"x"].concat(),
            &[&two[..], b"\x1f\x8b"].concat(),
        ] {
            let broken = inflate(broken, LIMIT);
            assert!(matches!(broken, Err(InflateError::Broken(_))), "{broken:?}");
        }
        let empty = member(b"");
        assert!(inflate(&empty.repeat(1000), LIMIT).unwrap().is_empty());
        let many = inflate(&empty.repeat(6000), LIMIT).unwrap_err();
        assert!(many.to_string().contains("too many members"), "{many}");
        // Bounded together.
        assert_eq!(inflate(&two, 8).unwrap().len(), 8);
        assert!(matches!(inflate(&two, 7), Err(InflateError::TooLong(7))));
        let bomb = member(&vec![0; 1 << 20]).repeat(8);
        assert!(matches!(inflate(&bomb, 16 << 20), Err(InflateError::Bomb)));
        let zlib = compressed(b"one", Method::Zlib).repeat(2);
        assert!(inflate(&zlib, LIMIT).is_err());
    }

    #[test]
    fn a_bomb_is_stopped() {
        for method in [Method::Gzip, Method::Zlib] {
            // 64 MiB in 64 KiB.
            let bomb = compressed(&vec![0; 64 << 20], method);
            assert!(bomb.len() < 70_000);
            assert!(matches!(
                inflate(&bomb, LIMIT),
                Err(InflateError::TooLong(LIMIT))
            ));
            assert!(matches!(inflate(&bomb, 64 << 20), Err(InflateError::Bomb)));
            // Where one stops, it has taken no more than that.
            let mut decoder = ZlibDecoder::new(&*bomb);
            if method == Method::Zlib {
                let out = read(&mut decoder, bomb.len(), 1000).unwrap();
                assert!(out.len() == 1001 && out.capacity() < 4096);
            }
            // A repetition of the length of a datagram is none.
            let line = compressed(&[b'x'; HARMLESS], method);
            assert_eq!(inflate(&line, LIMIT).unwrap().len(), HARMLESS);
            let line = compressed(&[b'x'; HARMLESS + 1], method);
            assert!(matches!(inflate(&line, LIMIT), Err(InflateError::Bomb)));
            let exact = compressed(&[b'x'; 1000], method);
            assert_eq!(inflate(&exact, 1000).unwrap().len(), 1000);
            assert!(matches!(
                inflate(&exact, 999),
                Err(InflateError::TooLong(999))
            ));
        }
    }

    proptest! {
        #[test]
        fn compressed_is_decompressed(
            payloads in prop::collection::vec(prop_oneof![
                prop::collection::vec(any::<u8>(), 0..3000),
                "[ab ]{0,3000}".prop_map(String::into_bytes),
            ], 1..4),
        ) {
            for method in [Method::None, Method::Gzip, Method::Zlib] {
                // One after the other in the same room.
                let mut compressor = Compressor::new(method);
                for payload in &payloads {
                    let mut out = b"before".to_vec();
                    compressor.compress(payload, &mut out).unwrap();
                    let frame = &out[6..];
                    if method != Method::None {
                        prop_assert_eq!(method_of(frame), method);
                        prop_assert_eq!(&*inflate(frame, LIMIT).unwrap(), payload);
                    }
                }
            }
        }

        #[test]
        fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..60), limit in 0usize..100) {
            for start in [&b""[..], b"\x1f\x8b\x08", b"\x78\x9c", b"\x1f\x8b\x08\xff"] {
                let frame = [start, &bytes].concat();
                if let Ok(Cow::Owned(out)) = inflate(&frame, limit) {
                    prop_assert!(out.len() <= limit);
                }
            }
        }
    }
}
