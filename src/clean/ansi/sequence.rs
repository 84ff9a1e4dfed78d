//! Where a control begins and where it ends.
//!
//! The forms are those of ECMA-48 (5th edition): control sequences (section
//! 5.4), control strings (5.6), the C1 controls as `ESC` and a byte of `@` to
//! `_` or as one character (5.3), and of ECMA-35 (6th edition, section 13.2)
//! for the rest of what begins with `ESC`. How strings end, with BEL too, and
//! that an `ESC` or CAN ends them early, is xterm's ("XTerm Control
//! Sequences"); `ESC k` is the title of GNU screen, and an `ESC` that is
//! doubled within a device control string is what tmux passes through.

/// The escape character.
pub(super) const ESC: u8 = 0x1b;
/// The first byte of U+0080 to U+00BF in UTF-8.
pub(super) const LEAD: u8 = 0xc2;

const BEL: u8 = 0x07;
const CAN: u8 = 0x18;
const SUB: u8 = 0x1a;

/// What a control is to a line of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Control<'l> {
    /// It shows nothing and moves nothing, as far as one line goes.
    Nothing,
    /// To the first column.
    Return,
    /// One column to the left.
    Backspace,
    /// A control sequence: its parameter bytes, and its final byte.
    Sequence(&'l [u8], u8),
    /// The bytes end within it, after this.
    Torn(Torn),
}

/// A sequence that the end of a piece of a line has cut, by what was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Torn {
    /// `ESC`.
    Escape,
    /// `ESC` and intermediate bytes.
    Designation,
    /// A control sequence, up to its parameters.
    Parameters,
    /// A control sequence, up to its intermediate bytes.
    Intermediates,
    /// The first byte of what may be a C1 control.
    Lead,
    /// A carriage return, which a newline may follow.
    Return,
}

/// Whether a byte behind [`LEAD`] makes a C1 control of it.
pub(super) fn is_c1(byte: u8) -> bool {
    (0x80..0xa0).contains(&byte)
}

/// Reads the controls of one line.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// Up to here it is known that no doubled `ESC` belongs to a string that
    /// ends. Without it, each of many strings begun would look again.
    unpaired: usize,
}

impl Reader {
    /// The control at `at`, and where it ends. What stands there has to be
    /// an `ESC`, a C1 control in UTF-8, a carriage return or a backspace.
    pub(super) fn read<'l>(&mut self, line: &'l [u8], at: usize) -> (Control<'l>, usize) {
        match (line[at], line.get(at + 1)) {
            (ESC, _) => self.escape(line, at + 1),
            (LEAD, Some(&c1)) => self.c1(c1, line, at + 2),
            (b'\r', _) => (Control::Return, at + 1),
            (0x08, _) => (Control::Backspace, at + 1),
            _ => (Control::Nothing, at + 1),
        }
    }

    /// Goes on in the next piece of a line; tells where the sequence ends.
    pub(super) fn resume<'l>(&mut self, torn: Torn, line: &'l [u8]) -> (Control<'l>, usize) {
        match torn {
            Torn::Escape => self.escape(line, 0),
            Torn::Designation => designation(line, 0),
            Torn::Parameters => control_sequence(line, 0, true),
            Torn::Intermediates => control_sequence(line, 0, false),
            Torn::Lead => self.c1(line[0], line, 1),
            Torn::Return => (Control::Nothing, 0),
        }
    }

    /// What follows an `ESC`, from `at` on.
    fn escape<'l>(&mut self, line: &'l [u8], at: usize) -> (Control<'l>, usize) {
        match line.get(at) {
            None => (Control::Torn(Torn::Escape), at),
            Some(0x20..=0x2f) => designation(line, at + 1),
            Some(b'k') => self.string(line, at + 1, false),
            Some(&byte @ b'@'..=b'_') => self.c1(byte + 0x40, line, at + 1),
            Some(0x30..=0x7e) => (Control::Nothing, at + 1),
            // No escape sequence: the character is there for itself.
            Some(_) => (Control::Nothing, at),
        }
    }

    /// A C1 control and what belongs to it, from `at` on.
    fn c1<'l>(&mut self, control: u8, line: &'l [u8], at: usize) -> (Control<'l>, usize) {
        match control {
            0x9b => control_sequence(line, at, true),
            0x9d => self.string(line, at, true),
            0x90 | 0x98 | 0x9e | 0x9f => self.string(line, at, false),
            _ => (Control::Nothing, at),
        }
    }

    /// A control string from `at` on. One that does not end on the line was
    /// none: what is in it stays.
    fn string<'l>(&mut self, line: &'l [u8], at: usize, bell: bool) -> (Control<'l>, usize) {
        let mut end = at;
        let mut pairs = false;
        while let Some(&byte) = line.get(end) {
            let next = line.get(end + 1).copied();
            match (byte, next) {
                (BEL, _) if bell => return (Control::Nothing, end + 1),
                (ESC, Some(b'\\')) | (LEAD, Some(0x9c)) => return (Control::Nothing, end + 2),
                (ESC, Some(ESC)) if !bell && at >= self.unpaired => {
                    pairs = true;
                    end += 2;
                }
                (ESC | CAN | SUB, _) => break,
                (LEAD, Some(c1)) if is_c1(c1) => break,
                _ => end += 1,
            }
        }
        if pairs {
            self.unpaired = end;
        }
        (Control::Nothing, at)
    }
}

/// The rest of `ESC` and intermediate bytes, `ESC ( B` for example.
fn designation(line: &[u8], at: usize) -> (Control<'_>, usize) {
    let end = at + count(&line[at..], 0x20..=0x2f);
    match line.get(end) {
        None => (Control::Torn(Torn::Designation), end),
        Some(0x30..=0x7e) => (Control::Nothing, end + 1),
        Some(_) => (Control::Nothing, end),
    }
}

/// The rest of a control sequence. What can't be a part of it ends it.
fn control_sequence(line: &[u8], at: usize, parameters: bool) -> (Control<'_>, usize) {
    let behind = match parameters {
        true => at + count(&line[at..], 0x30..=0x3f),
        false => at,
    };
    let end = behind + count(&line[behind..], 0x20..=0x2f);
    match line.get(end) {
        None if parameters && end == behind => (Control::Torn(Torn::Parameters), end),
        None => (Control::Torn(Torn::Intermediates), end),
        // Intermediate bytes make another function of the final byte.
        Some(0x40..=0x7e) if end > behind || !parameters => (Control::Nothing, end + 1),
        Some(&last @ 0x40..=0x7e) => (Control::Sequence(&line[at..behind], last), end + 1),
        Some(_) => (Control::Nothing, end),
    }
}

fn count(bytes: &[u8], range: std::ops::RangeInclusive<u8>) -> usize {
    bytes.iter().take_while(|byte| range.contains(byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many bytes the control at the start takes.
    fn length(line: &[u8]) -> usize {
        Reader::default().read(line, 0).1
    }

    #[test]
    fn where_controls_end() {
        let cases: &[(&[u8], usize)] = &[
            (b"\x1b[mx", 3),
            (b"\x1b[1;38:5:12mx", 12),
            (b"\x1b[?25hx", 6),
            (b"\x1b[2 qx", 5),
            (b"\x1b[31", 4),
            // A digit behind an intermediate byte is no part of it.
            (b"\x1b[3 100", 4),
            (b"\x1b[3\xc3\xa9", 3),
            (b"\x1b[3\x1b[m", 3),
            (b"\x1b(Bx", 3),
            (b"\x1b#8x", 3),
            (b"\x1b%Gx", 3),
            (b"\x1b(", 2),
            (b"\x1b7x", 2),
            (b"\x1bcx", 2),
            (b"\x1b\\x", 2),
            (b"\x1b\xc3\xa9", 1),
            (b"\x1b\tx", 1),
            (b"\x1b", 1),
            (b"\x1b]0;title\x07x", 10),
            (b"\x1b]8;;http://h/\x1b\\x", 16),
            (b"\x1b]0;t\xc2\x9cx", 7),
            (b"\x1b]0;title", 2),
            (b"\x1b]0;title\x1b[mtext\x07", 2),
            (b"\x1b]0;title\x18\x07", 2),
            (b"\x1bP1$r0m\x1b\\x", 9),
            // BEL ends no other string.
            (b"\x1bPabc\x07x", 2),
            (b"\x1bPtmux;\x1b\x1b]0;t\x1b\x1b\\\x1b\\x", 18),
            (b"\x1bXa\x1b\\x", 5),
            (b"\x1b^a\x1b\\x", 5),
            (b"\x1b_a\x1b\\x", 5),
            (b"\x1bktitle\x1b\\x", 9),
            (b"\xc2\x9b31mx", 5),
            (b"\xc2\x9d0;t\x07x", 6),
            (b"\xc2\x90a\xc2\x9cx", 5),
            (b"\xc2\x85x", 2),
            (b"\rx", 1),
            (b"\x08x", 1),
        ];
        for &(line, want) in cases {
            assert_eq!(length(line), want, "{}", line.escape_ascii());
        }
    }
}
