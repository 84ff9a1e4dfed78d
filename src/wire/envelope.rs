//! What stands around a message on its way: where it begins and ends, and a
//! code that proves who made it.

use std::fmt;
use std::io::Write as _;

/// How the messages of one format are told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Framing {
    /// By nothing: each is a datagram of its own, or a number stands before it.
    Bare,
    /// By these bytes behind each: a newline, a NUL, or what the user says.
    Terminator(Vec<u8>),
    /// By its length before each, in four bytes, the highest first, as Python's
    /// `SocketHandler` has it.
    Length,
    /// By its length in decimal digits and a space (RFC 6587 section 3.4.1,
    /// RFC 5425 section 4.3).
    OctetCount,
}

/// The length of an authentication code, as bytes.
pub const TAG: usize = 32;

/// Makes the authentication code of a message.
pub trait Authenticate: fmt::Debug + Send + Sync {
    /// The code of these bytes.
    fn tag(&self, message: &[u8]) -> [u8; TAG];
}

/// How an authentication code is written before its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagForm {
    /// Its bytes: for formats that are no text.
    Bytes,
    /// 64 hexadecimal digits and a space.
    Hex,
}

/// A framing, with an authentication code or without.
#[derive(Debug)]
pub struct Envelope {
    framing: Framing,
    seal: Option<(Box<dyn Authenticate>, TagForm)>,
}

impl Envelope {
    /// Messages told apart so.
    pub fn new(framing: Framing) -> Envelope {
        Envelope {
            framing,
            seal: None,
        }
    }

    /// Each message with its code before it.
    #[must_use]
    pub fn sealed(self, key: Box<dyn Authenticate>, form: TagForm) -> Envelope {
        Envelope {
            seal: Some((key, form)),
            ..self
        }
    }

    /// What ends a message, where that is all there is around it.
    pub fn terminator(&self) -> Option<&[u8]> {
        match &self.framing {
            Framing::Terminator(end) if self.seal.is_none() => Some(end),
            _ => None,
        }
    }

    /// Leaves room for what stands before a message of a known place.
    pub fn begin(&self, out: &mut Vec<u8>) {
        if self.framing == Framing::Length {
            out.extend_from_slice(&[0; 4]);
        }
        match &self.seal {
            None => {}
            Some((_, TagForm::Bytes)) => out.extend_from_slice(&[0; TAG]),
            Some((_, TagForm::Hex)) => out.extend_from_slice(&[b' '; 2 * TAG + 1]),
        }
    }

    /// Ends the message that was begun at `start`. Costs a move of its bytes
    /// under [`Framing::OctetCount`].
    pub fn end(&self, out: &mut Vec<u8>, start: usize) {
        let head = match self.framing {
            Framing::Length => 4,
            _ => 0,
        };
        if let Some((key, form)) = &self.seal {
            let at = start + head;
            match form {
                TagForm::Bytes => {
                    let tag = key.tag(&out[at + TAG..]);
                    out[at..at + TAG].copy_from_slice(&tag);
                }
                TagForm::Hex => {
                    let tag = key.tag(&out[at + 2 * TAG + 1..]);
                    for (place, byte) in out[at..].chunks_exact_mut(2).zip(tag) {
                        let digit = |half: u8| b"0123456789abcdef"[usize::from(half)];
                        place.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
                    }
                }
            }
        }
        match &self.framing {
            // A datagram without a byte would be none.
            Framing::Bare if out.len() == start => out.push(b'\n'),
            Framing::Bare => {}
            Framing::Terminator(end) => out.extend_from_slice(end),
            Framing::Length => {
                // A record is far below this: `--max-record` is kept in memory.
                let length = u32::try_from(out.len() - start - head).unwrap_or(u32::MAX);
                out[start..start + head].copy_from_slice(&length.to_be_bytes());
            }
            Framing::OctetCount => {
                let end = out.len();
                let _ = write!(out, "{} ", end - start);
                let digits = out.len() - end;
                out[start..].rotate_right(digits);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(envelope: &Envelope, messages: &[&str]) -> Vec<u8> {
        let mut out = b"before".to_vec();
        for message in messages {
            let start = out.len();
            envelope.begin(&mut out);
            out.extend_from_slice(message.as_bytes());
            envelope.end(&mut out, start);
        }
        out.split_off(6)
    }

    #[test]
    fn framings() {
        let cases: &[(Framing, &[u8])] = &[
            (Framing::Bare, b"onetwelve bytes\n"),
            (
                Framing::Terminator(b"\0".to_vec()),
                b"one\0twelve bytes\0\0",
            ),
            (
                Framing::Length,
                b"\0\0\0\x03one\0\0\0\x0ctwelve bytes\0\0\0\0",
            ),
            (Framing::OctetCount, b"3 one12 twelve bytes0 "),
        ];
        for (framing, want) in cases {
            let envelope = Envelope::new(framing.clone());
            assert_eq!(
                framed(&envelope, &["one", "twelve bytes", ""]),
                *want,
                "{framing:?}"
            );
        }
    }

    #[derive(Debug)]
    struct Sum;

    impl Authenticate for Sum {
        fn tag(&self, message: &[u8]) -> [u8; TAG] {
            [message.iter().sum(); TAG]
        }
    }

    #[test]
    fn a_code_stands_before_what_it_is_for() {
        let sealed = |framing, form| Envelope::new(framing).sealed(Box::new(Sum), form);
        let out = framed(&sealed(Framing::Length, TagForm::Bytes), &["\x01\x02"]);
        assert_eq!(out, [&b"\0\0\0\x22"[..], &[3; TAG], b"\x01\x02"].concat());
        let newline = Framing::Terminator(b"\n".to_vec());
        let sealed = sealed(newline, TagForm::Hex);
        assert_eq!(sealed.terminator(), None);
        let out = framed(&sealed, &["\x0a\x10"]);
        assert_eq!(
            out,
            ["1a".repeat(TAG).as_str(), " \n\x10\n"].concat().as_bytes()
        );
    }
}
