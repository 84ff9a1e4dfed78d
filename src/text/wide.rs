//! Text of UTF-16 and UTF-32 made UTF-8, as it comes in pieces.

/// Takes files as they are, and those of wide characters as UTF-8.
///
/// They are told by the byte order mark, or by the NULs of four bytes of ASCII.
#[derive(Debug, Default)]
pub struct Wide {
    form: Form,
    /// What is not decided yet, or not complete.
    held: Vec<u8>,
    /// The first half of a character beyond 16 bits.
    high: Option<u16>,
    /// A byte order mark may follow: another file's.
    at_line: bool,
    out: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Form {
    /// Nothing of the file has come.
    #[default]
    Unknown,
    /// One byte, or several as UTF-8 has them.
    Bytes,
    /// So many bytes a unit, the highest first or last.
    Units { size: usize, big: bool },
}

const MOST: usize = 4;

/// What the beginning of a file says.
fn form_by_mark(start: &[u8]) -> Option<Form> {
    let units = |size, big| Some(Form::Units { size, big });
    match start {
        [0xff, 0xfe, 0, 0, ..] => units(4, false),
        [0, 0, 0xfe, 0xff, ..] => units(4, true),
        [0xff, 0xfe, ..] => units(2, false),
        [0xfe, 0xff, ..] => units(2, true),
        _ => None,
    }
}

/// The same without a mark.
fn form_by_nuls(start: &[u8]) -> Form {
    let is_text = |byte: u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    let units = |size, big| Form::Units { size, big };
    match *start {
        [a, 0, b, 0, ..] if is_text(a) && is_text(b) => units(2, false),
        [0, a, 0, b, ..] if is_text(a) && is_text(b) => units(2, true),
        [a, 0, 0, 0, ..] if is_text(a) => units(4, false),
        [0, 0, 0, a, ..] if is_text(a) => units(4, true),
        _ => Form::Bytes,
    }
}

/// Whether what follows these bytes may still show that they are of wide characters.
fn may_be_wide(start: &[u8]) -> bool {
    let tells = |byte: &u8| matches!(byte, 0 | 0xfe | 0xff);
    start.len() < 2 || start[..2].iter().any(tells)
}

/// Whether a file that begins so says by a mark that its characters are wide.
pub fn is_marked(start: &[u8]) -> bool {
    form_by_mark(start).is_some()
}

impl Wide {
    /// What follows is another file's.
    pub fn next_file(&mut self) {
        *self = Wide {
            out: std::mem::take(&mut self.out),
            ..Wide::default()
        };
    }

    /// What follows stands within a file that begins so: where nothing is known of that,
    /// it is its beginning.
    pub fn resume(&mut self, start: &[u8]) {
        let by_nuls = || start.first_chunk::<MOST>().map(|start| form_by_nuls(start));
        if !start.is_empty() {
            self.form = form_by_mark(start).or_else(by_nuls).unwrap_or(Form::Bytes);
        }
    }

    /// Whether the characters of the file at hand are wide.
    pub fn is_wide(&self) -> bool {
        matches!(self.form, Form::Units { .. })
    }

    /// The text of a piece, or of what came before it and was not complete.
    pub fn pass<'a>(&'a mut self, piece: &'a [u8]) -> &'a [u8] {
        if self.form == Form::Bytes {
            return piece;
        }
        self.out.clear();
        self.held.extend_from_slice(piece);
        if self.form == Form::Unknown {
            if self.held.len() < MOST && may_be_wide(&self.held) {
                return b"";
            }
            self.form = form_by_mark(&self.held).unwrap_or_else(|| form_by_nuls(&self.held));
            self.at_line = true;
        }
        self.decode();
        &self.out
    }

    /// What is left where nothing follows.
    pub fn end(&mut self) -> &[u8] {
        self.out.clear();
        if self.form == Form::Unknown {
            self.form = form_by_mark(&self.held).unwrap_or(Form::Bytes);
            self.at_line = true;
        }
        self.decode();
        if self.high.take().is_some() || !self.held.is_empty() {
            self.held.clear();
            self.put(char::REPLACEMENT_CHARACTER);
        }
        &self.out
    }

    /// Takes what is held, up to a unit that is not complete.
    fn decode(&mut self) {
        let held = std::mem::take(&mut self.held);
        let mut rest = &held[..];
        while let Form::Units { size, big } = self.form
            && let Some((unit, behind)) = rest.split_at_checked(size)
        {
            let put = |number, &byte: &u8| number << 8 | u32::from(byte);
            let number = match big {
                true => unit.iter().fold(0, put),
                false => unit.iter().rev().fold(0, put),
            };
            self.take(number, size, big);
            rest = behind;
        }
        match self.form {
            Form::Units { .. } => {
                let done = held.len() - rest.len();
                self.held = held;
                self.held.drain(..done);
            }
            _ => self.out.extend_from_slice(rest),
        }
    }

    fn take(&mut self, unit: u32, size: usize, big: bool) {
        let is_first = std::mem::take(&mut self.at_line);
        match (unit, size) {
            (0xfeff, _) if is_first => return,
            // The mark of a file in the other order.
            (0xfffe, 2) | (0xfffe_0000, 4) if is_first => {
                self.form = Form::Units { size, big: !big };
                return;
            }
            _ => {}
        }
        match (self.high.take(), unit, size) {
            (None, 0xd800..0xdc00, 2) => self.high = Some(unit as u16),
            (Some(high), 0xdc00..0xe000, 2) => {
                let code = 0x1_0000 + ((u32::from(high) - 0xd800) << 10) + (unit - 0xdc00);
                self.put(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            (Some(_), _, _) => {
                self.put(char::REPLACEMENT_CHARACTER);
                self.take(unit, size, big);
            }
            (None, _, _) => self.put(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)),
        }
    }

    fn put(&mut self, char: char) {
        let mut bytes = [0; 4];
        self.out
            .extend_from_slice(char.encode_utf8(&mut bytes).as_bytes());
        self.at_line = char == '\n';
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::encoding::{Charset, Errors};
    use proptest::prelude::*;

    fn passed(files: &[&[u8]], piece: usize, marks: bool) -> Vec<u8> {
        let (mut wide, mut out) = (Wide::default(), Vec::new());
        for file in files {
            if marks {
                out.extend_from_slice(wide.end());
                wide.next_file();
            }
            for piece in file.chunks(piece) {
                out.extend_from_slice(wide.pass(piece));
            }
        }
        out.extend_from_slice(wide.end());
        out
    }

    fn encoded(label: &str, text: &str) -> Vec<u8> {
        let charset: Charset = label.parse().unwrap();
        let mut out = charset.preamble().to_vec();
        charset
            .encode(text.as_bytes(), Errors::Strict, &mut out)
            .unwrap();
        out
    }

    const WIDE: [&str; 6] = [
        "utf-16",
        "utf-32",
        "utf-16-le",
        "utf-16-be",
        "utf-32-le",
        "utf-32-be",
    ];

    #[test]
    fn what_is_written_is_read() {
        let text = "line ä€😀\nĊ and another\n";
        for label in WIDE {
            let file = encoded(label, text);
            for piece in [1, 2, 3, 5, 4096] {
                let out = passed(&[&file, &file], piece, true);
                assert_eq!(String::from_utf8(out).unwrap(), text.repeat(2), "{label}");
            }
        }
        // Where nobody says that another begins, its mark does.
        let swapped = |file: &[u8]| -> Vec<u8> {
            file.chunks(2).flat_map(|unit| [unit[1], unit[0]]).collect()
        };
        let file = encoded("utf-16", text);
        for piece in [1, 7, 4096] {
            let out = passed(&[&file, &swapped(&file), &file], piece, false);
            assert_eq!(String::from_utf8(out).unwrap(), text.repeat(3));
        }
    }

    #[test]
    fn other_text_is_left_alone() {
        for text in ["", "a", "ab\n", "\u{feff}ab\n", "ä€😀\n", "a\0bc\0", "\0\0"] {
            for piece in [1, 2, 4096] {
                assert_eq!(passed(&[text.as_bytes()], piece, true), text.as_bytes());
            }
        }
        assert_eq!(passed(&[b"a\xff\xfeb"], 1, true), b"a\xff\xfeb");
    }

    #[test]
    fn what_is_torn() {
        let bad = "\u{fffd}";
        for (bytes, want) in [
            (&b"\xff\xfe"[..], ""),
            (b"\xff\xfea", bad),
            (b"\xff\xfea\0\x3d\xd8", "a\u{fffd}"),
            (b"\xff\xfea\0\x3d\xd8b\0", "a\u{fffd}b"),
            (b"\xff\xfea\0\x00\xdeb\0", "a\u{fffd}b"),
            (b"\0\0\xfe\xff\0\x20\0\0", bad),
        ] {
            let out = passed(&[bytes], 1, true);
            assert_eq!(String::from_utf8(out).unwrap(), want);
        }
    }

    proptest! {
        #[test]
        fn any_bytes(
            start in prop::sample::select(vec![&b""[..], b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff"]),
            bytes in prop::collection::vec(any::<u8>(), 0..60),
            piece in 1usize..9,
        ) {
            let file = [start, &bytes].concat();
            let whole = passed(&[&file], 4096, true);
            prop_assert_eq!(passed(&[&file], piece, true), whole);
        }
    }
}
