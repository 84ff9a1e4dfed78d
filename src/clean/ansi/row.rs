//! One row of a terminal, where text is written over text.

/// A cell that was never written to, or erased.
const BLANK: u32 = u32::MAX;
/// Added to a byte that is no part of valid UTF-8.
const STRAY: u32 = 0x11_0000;

/// No terminal is wider. Neither a move nor an erasure goes further, except
/// over text that is longer itself: what they cost has a bound, whatever
/// number they carry.
pub(super) const WIDTH: usize = 512;

/// The room for cells that is kept from one line for the next.
const KEPT: usize = 64 << 10;

/// A cell has one code point, whatever its width on a screen would be: what
/// stands in a wide character's place is known to terminals alone.
#[derive(Debug, Default)]
pub(super) struct Row {
    /// Code points, stray bytes, and blanks.
    cells: Vec<u32>,
    /// Where the next character goes: at most the number of cells, or
    /// [`WIDTH`] if that is more.
    column: usize,
}

impl Row {
    /// Writes text at the cursor. It holds no control that moves it.
    pub(super) fn write(&mut self, text: &[u8]) {
        for chunk in text.utf8_chunks() {
            chunk.valid().chars().for_each(|ch| self.put(ch.into()));
            let stray = chunk.invalid().iter();
            stray.for_each(|&byte| self.put(STRAY + u32::from(byte)));
        }
    }

    fn put(&mut self, cell: u32) {
        match self.cells.get_mut(self.column) {
            Some(place) => *place = cell,
            None => {
                self.cells.resize(self.column, BLANK);
                self.cells.push(cell);
            }
        }
        self.column += 1;
    }

    pub(super) fn carriage_return(&mut self) {
        self.column = 0;
    }

    pub(super) fn backspace(&mut self) {
        self.column = self.column.saturating_sub(1);
    }

    /// Obeys a control sequence of ECMA-48, section 8.3, if it is one that
    /// acts within a row: CUF, CUB, CHA, HPR, HPA, EL, ED and ECH.
    ///
    /// ED acts on a row as EL does. What moves to another row is left out: what
    /// stands there is a record that has gone.
    pub(super) fn obey(&mut self, parameters: &[u8], last: u8) {
        let number = number(parameters);
        let times = number.max(1);
        match last {
            b'C' | b'a' => self.go(self.column.saturating_add(times)),
            b'D' => self.go(self.column.saturating_sub(times)),
            b'G' | b'`' => self.go(times - 1),
            b'K' | b'J' => match number {
                0 => self.cells.truncate(self.column),
                1 => {
                    let from = (self.column + 1).saturating_sub(WIDTH);
                    self.blank(from, self.column + 1);
                }
                2 => {
                    self.cells.clear();
                    self.go(self.column);
                }
                _ => {}
            },
            b'X' => self.blank(self.column, self.column.saturating_add(times.min(WIDTH))),
            _ => {}
        }
    }

    fn go(&mut self, column: usize) {
        self.column = column.min(self.cells.len().max(WIDTH));
    }

    fn blank(&mut self, from: usize, to: usize) {
        let to = to.min(self.cells.len());
        if let Some(cells) = self.cells.get_mut(from..to) {
            cells.fill(BLANK);
        }
    }

    /// Appends what stands in the row, and empties it. Blanks at the end are
    /// nothing; spaces that were written there are.
    pub(super) fn take(&mut self, out: &mut Vec<u8>) {
        let start = out.len();
        let end = self.cells.iter().rposition(|&cell| cell != BLANK);
        for &cell in &self.cells[..end.map_or(0, |last| last + 1)] {
            match char::from_u32(cell) {
                Some(ch) => out.extend_from_slice(ch.encode_utf8(&mut [0; 4]).as_bytes()),
                None if cell == BLANK => out.push(b' '),
                None => super::append(&[(cell - STRAY) as u8], start, out),
            }
        }
        self.cells.clear();
        self.cells.shrink_to(KEPT);
        self.column = 0;
    }
}

/// The first parameter; 0 if there is none, or if it is one of a private
/// function, which then does as little as an unknown one.
fn number(parameters: &[u8]) -> usize {
    let digits = parameters.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0_usize, |number, digit| {
        number
            .saturating_mul(10)
            .saturating_add(usize::from(digit - b'0'))
    })
}

/// Whether the function of these bytes is one of the standard's.
pub(super) fn is_standard(parameters: &[u8]) -> bool {
    !matches!(parameters.first(), Some(0x3c..=0x3f))
}
