//! Text of a file in another encoding than UTF-8, with Python's error handlers.

use std::str::FromStr;

use encoding_rs::{EncoderResult, Encoding};

/// What becomes of a character that the encoding lacks, and of a byte that is
/// no UTF-8: the error handlers of Python's `codecs`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Errors {
    /// The record can't be written; it is counted and kept as a dead letter.
    #[default]
    Strict,
    /// A question mark.
    Replace,
    /// Nothing.
    Ignore,
    /// `\xNN`, `\uNNNN` or `\UNNNNNNNN`.
    Backslashreplace,
}

/// An encoding by its label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charset(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Utf8,
    /// One byte a character, up to this one.
    Latin(u32),
    Utf16 {
        big: bool,
        mark: bool,
    },
    Utf32 {
        big: bool,
        mark: bool,
    },
    Utf8Mark,
    /// One of the WHATWG's encodings that is none of those above.
    Other(&'static Encoding),
}

/// No encoding has that label.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "unknown encoding {0:?}: use utf-8, ascii, latin-1, utf-16, cp1252, shift_jis, gbk, …, a label of the WHATWG Encoding Standard"
)]
pub struct CharsetError(String);

impl FromStr for Charset {
    type Err = CharsetError;

    /// Python's names and those of the WHATWG Encoding Standard, in any case.
    fn from_str(label: &str) -> Result<Charset, CharsetError> {
        let name = label.trim().to_ascii_lowercase().replace(['_', ' '], "-");
        let wide = |big, mark| (Kind::Utf16 { big, mark }, Kind::Utf32 { big, mark });
        let kind = match name.as_str() {
            "utf-8" | "utf8" | "u8" => Kind::Utf8,
            "utf-8-sig" => Kind::Utf8Mark,
            // Where the two know one label, it is Python's: the WHATWG's browsers
            // take these for windows-1252. The first is what `locale charmap`
            // says of the locale C.
            "ansi-x3.4-1968" | "ansi-x3.4-1986" | "ascii" | "us-ascii" | "646" | "cp367"
            | "ibm367" | "csascii" | "iso-ir-6" | "iso646-us" => Kind::Latin(0x7f),
            "latin-1" | "latin1" | "latin" | "l1" | "iso-8859-1" | "iso8859-1" | "iso8859"
            | "iso88591" | "8859" | "cp819" | "ibm819" | "csisolatin1" | "iso-ir-100"
            | "iso-8859-1:1987" | "iso-8859-1-1987" => Kind::Latin(0xff),
            "utf-16" | "utf16" | "u16" => wide(cfg!(target_endian = "big"), true).0,
            "utf-16-le" | "utf-16le" => wide(false, false).0,
            "utf-16-be" | "utf-16be" => wide(true, false).0,
            "utf-32" | "utf32" | "u32" => wide(cfg!(target_endian = "big"), true).1,
            "utf-32-le" | "utf-32le" => wide(false, false).1,
            "utf-32-be" | "utf-32be" => wide(true, false).1,
            _ => {
                let windows = name
                    .strip_prefix("cp125")
                    .map(|digit| format!("windows-125{digit}"));
                let labels = [Some(name.clone()), windows, Some(name.replace('-', "_"))];
                let mut known = labels.iter().flatten();
                let found = known.find_map(|label| Encoding::for_label(label.as_bytes()));
                match found {
                    Some(encoding) if encoding.output_encoding() == encoding => {
                        Kind::Other(encoding)
                    }
                    _ => return Err(CharsetError(label.to_owned())),
                }
            }
        };
        Ok(Charset(kind))
    }
}

impl Charset {
    /// What stands at the beginning of each file: the byte order mark that
    /// Python writes.
    pub fn preamble(self) -> &'static [u8] {
        match self.0 {
            Kind::Utf8Mark => b"\xef\xbb\xbf",
            Kind::Utf16 { big, mark: true } => [b"\xff\xfe", b"\xfe\xff"][usize::from(big)],
            Kind::Utf32 { big, mark: true } => [b"\xff\xfe\0\0", b"\0\0\xfe\xff"][usize::from(big)],
            _ => b"",
        }
    }

    /// Appends `text` in this encoding.
    ///
    /// # Errors
    /// Under [`Errors::Strict`], the first character or byte that can't be
    /// encoded, as text.
    pub fn encode(self, text: &[u8], errors: Errors, out: &mut Vec<u8>) -> Result<(), String> {
        for chunk in text.utf8_chunks() {
            self.encode_str(chunk.valid(), errors, out)?;
            for &byte in chunk.invalid() {
                match errors {
                    Errors::Strict => return Err(format!("byte 0x{byte:02x} is no UTF-8")),
                    Errors::Ignore => {}
                    Errors::Replace if self.encode_char('\u{fffd}', out) => {}
                    Errors::Replace => self.encode_str("?", errors, out)?,
                    Errors::Backslashreplace => {
                        self.encode_str(&format!("\\x{byte:02x}"), errors, out)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn encode_str(self, text: &str, errors: Errors, out: &mut Vec<u8>) -> Result<(), String> {
        if let Kind::Utf8 | Kind::Utf8Mark = self.0 {
            out.extend_from_slice(text.as_bytes());
            return Ok(());
        }
        if let Kind::Other(encoding) = self.0 {
            return encode_other(encoding, text, errors, out);
        }
        for char in text.chars() {
            if !self.encode_char(char, out) {
                for byte in substitute(char, errors)?.chars() {
                    self.encode_char(byte, out);
                }
            }
        }
        Ok(())
    }

    /// Appends a character, unless the encoding lacks it.
    fn encode_char(self, char: char, out: &mut Vec<u8>) -> bool {
        let code = char as u32;
        match self.0 {
            Kind::Utf8 | Kind::Utf8Mark => {
                out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
            }
            Kind::Latin(last) if code <= last => out.push(code as u8),
            Kind::Latin(_) | Kind::Other(_) => return false,
            Kind::Utf16 { big, .. } => {
                for unit in char.encode_utf16(&mut [0; 2]) {
                    let bytes = if big {
                        unit.to_be_bytes()
                    } else {
                        unit.to_le_bytes()
                    };
                    out.extend_from_slice(&bytes);
                }
            }
            Kind::Utf32 { big, .. } => {
                let bytes = if big {
                    code.to_be_bytes()
                } else {
                    code.to_le_bytes()
                };
                out.extend_from_slice(&bytes);
            }
        }
        true
    }
}

fn encode_other(
    encoding: &'static Encoding,
    text: &str,
    errors: Errors,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    let mut encoder = encoding.new_encoder();
    let mut rest = text;
    loop {
        let most = encoder.max_buffer_length_from_utf8_without_replacement(rest.len());
        out.reserve(most.unwrap_or(rest.len() * 4));
        let (result, read) = encoder.encode_from_utf8_to_vec_without_replacement(rest, out, true);
        rest = &rest[read..];
        match result {
            EncoderResult::InputEmpty => return Ok(()),
            EncoderResult::OutputFull => {}
            EncoderResult::Unmappable(char) => {
                let substitute = substitute(char, errors)?;
                // ASCII, which every one of these encodings has.
                out.extend_from_slice(substitute.as_bytes());
            }
        }
    }
}

fn substitute(char: char, errors: Errors) -> Result<String, String> {
    let code = char as u32;
    Ok(match errors {
        Errors::Strict => return Err(format!("character {char:?} is not in the encoding")),
        Errors::Replace => "?".to_owned(),
        Errors::Ignore => String::new(),
        Errors::Backslashreplace if code <= 0xff => format!("\\x{code:02x}"),
        Errors::Backslashreplace if code <= 0xffff => format!("\\u{code:04x}"),
        Errors::Backslashreplace => format!("\\U{code:08x}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(label: &str, text: &[u8], errors: Errors) -> Result<Vec<u8>, String> {
        let mut out = Vec::new();
        let charset: Charset = label.parse().unwrap();
        charset.encode(text, errors, &mut out).map(|()| out)
    }

    #[test]
    fn python_says_the_same() {
        // Each line is what Python 3.11 gives for "aé€😀".encode(label, errors).
        let text = "aé€😀".as_bytes();
        let cases: &[(&str, Errors, &[u8])] = &[
            ("ascii", Errors::Replace, b"a???"),
            ("ascii", Errors::Ignore, b"a"),
            (
                "ascii",
                Errors::Backslashreplace,
                b"a\\xe9\\u20ac\\U0001f600",
            ),
            ("ANSI_X3.4-1968", Errors::Replace, b"a???"),
            ("latin-1", Errors::Replace, b"a\xe9??"),
            ("cp819", Errors::Replace, b"a\xe9??"),
            ("cp1252", Errors::Replace, b"a\xe9\x80?"),
            (
                "iso8859-15",
                Errors::Backslashreplace,
                b"a\xe9\xa4\\U0001f600",
            ),
            (
                "utf-16-le",
                Errors::Strict,
                b"a\0\xe9\0\xac\x20\x3d\xd8\x00\xde",
            ),
            ("UTF_8", Errors::Strict, text),
        ];
        for (label, errors, expected) in cases {
            assert_eq!(
                encode(label, text, *errors).as_deref(),
                Ok(*expected),
                "{label}"
            );
        }
        assert!(encode("latin-1", text, Errors::Strict).is_err());
        assert!(encode("cp1252", text, Errors::Strict).is_err());
        assert!(encode("utf-8", b"\xff", Errors::Strict).is_err());
        let kept = encode("utf-8", b"a\xffb", Errors::Backslashreplace);
        assert_eq!(kept.as_deref(), Ok(&b"a\\xffb"[..]));
    }

    #[test]
    fn labels() {
        for label in [
            "utf-8",
            "Latin-1",
            "shift_jis",
            "gbk",
            "koi8-r",
            "cp1251",
            "euc-jp",
            "big5",
        ] {
            assert!(label.parse::<Charset>().is_ok(), "{label}");
        }
        for label in ["", "utf-9", "klingon", "replacement"] {
            assert!(label.parse::<Charset>().is_err(), "{label}");
        }
        let marked: Charset = "utf-16".parse().unwrap();
        assert_eq!(marked.preamble().len(), 2);
    }
}
