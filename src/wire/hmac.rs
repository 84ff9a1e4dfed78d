//! HMAC-SHA-256 (RFC 2104, FIPS 180-4) of messages.

use std::fmt;

use ring::hmac;

use super::envelope::{Authenticate, TAG};

/// The least length of a key, in bytes. RFC 2104 section 3 discourages what is
/// shorter than the code itself; half of it is what NIST asks for at least.
const SHORTEST: usize = 16;

/// A key that both ends know.
pub struct Key(hmac::Key);

/// A key that is too short to protect anything.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the key is {0} bytes long, and at least {SHORTEST} are needed")]
pub struct TooShort(usize);

impl Key {
    /// The key that a file holds: of a text, without the line end behind it. What
    /// is no text is random bytes, the last of which may happen to be that of a
    /// line end, and the other end need not be lh.
    ///
    /// # Errors
    /// When it is shorter than 16 bytes.
    pub fn new(file: &[u8]) -> Result<Key, TooShort> {
        let key = match is_text(file) {
            true => {
                let line = file.strip_suffix(b"\n").unwrap_or(file);
                line.strip_suffix(b"\r").unwrap_or(line)
            }
            false => file,
        };
        match key.len() < SHORTEST {
            true => Err(TooShort(key.len())),
            false => Ok(Key(hmac::Key::new(hmac::HMAC_SHA256, key))),
        }
    }

    /// Begins to look whether a message that comes in pieces has that code.
    pub fn begin(&self, tag: &[u8]) -> Verifying {
        Verifying {
            key: self.0.clone(),
            tag: tag.to_vec(),
            message: hmac::Context::with_key(&self.0),
        }
    }

    /// Whether that is the message's code. Takes the same time for every wrong
    /// one.
    pub fn verify(&self, message: &[u8], tag: &[u8]) -> bool {
        hmac::verify(&self.0, message, tag).is_ok()
    }
}

/// A message that comes in pieces, and the code that it should have.
pub struct Verifying {
    key: hmac::Key,
    tag: Vec<u8>,
    message: hmac::Context,
}

impl Verifying {
    /// The next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.message.update(piece);
    }

    /// Whether all of it has that code. Takes the same time for every wrong one: the
    /// codes of both codes are compared.
    pub fn ends_right(self) -> bool {
        let found = self.message.sign();
        let wanted = hmac::sign(&self.key, &self.tag);
        hmac::verify(&self.key, found.as_ref(), wanted.as_ref()).is_ok()
    }
}

impl fmt::Debug for Verifying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifying")
    }
}

/// Lines that an editor or a program for text has written.
fn is_text(bytes: &[u8]) -> bool {
    let odd = |ch: char| ch.is_control() && !matches!(ch, '\n' | '\r' | '\t');
    std::str::from_utf8(bytes).is_ok_and(|text| !text.contains(odd))
}

impl Authenticate for Key {
    fn tag(&self, message: &[u8]) -> [u8; TAG] {
        let mut tag = [0; TAG];
        tag.copy_from_slice(hmac::sign(&self.0, message).as_ref());
        tag
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 6: a key longer than a block.
    #[test]
    fn the_code_is_that_of_the_rfc() {
        let key = Key::new(&[0xaa; 131]).unwrap();
        let message = b"Test Using Larger Than Block-Size Key - Hash Key First";
        let tag = key.tag(message);
        let hex: String = tag.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            hex,
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
        assert!(key.verify(message, &tag));
        assert!(!key.verify(b"another", &tag) && !key.verify(message, &tag[1..]));
        let in_pieces = |message: &[u8], tag: &[u8]| {
            let mut verifying = key.begin(tag);
            message.chunks(7).for_each(|piece| verifying.update(piece));
            verifying.ends_right()
        };
        assert!(in_pieces(message, &tag) && !in_pieces(&message[1..], &tag));
        assert!(!in_pieces(message, &tag[1..]) && !in_pieces(message, &[0; TAG]));
    }

    #[test]
    fn a_key_file_ends_with_its_line() {
        let (one, other) = (
            Key::new(b"0123456789abcdef"),
            Key::new(b"0123456789abcdef\r\n"),
        );
        assert_eq!(one.unwrap().tag(b"x"), other.unwrap().tag(b"x"));
        let lines = |end: &str| format!("0123456789abcdef\nfedcba9876543210{end}");
        let (one, other) = (
            Key::new(lines("").as_bytes()),
            Key::new(lines("\n").as_bytes()),
        );
        assert_eq!(one.unwrap().tag(b"x"), other.unwrap().tag(b"x"));
        assert_eq!(Key::new(b"secret\n").unwrap_err(), TooShort(6));
    }

    /// Every 256th random key ends with the byte of a newline.
    #[test]
    fn a_key_that_is_no_text_is_used_whole() {
        for start in [&b"0123456789abcde\xff"[..], b"0123456789abcde\0"] {
            let whole = [start, b"\n"].concat();
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &whole), b"x");
            assert_eq!(Key::new(&whole).unwrap().tag(b"x"), tag.as_ref());
        }
    }
}
