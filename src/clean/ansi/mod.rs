//! Escape sequences out of lines, and what a terminal would have overwritten.
//!
//! A line becomes what a terminal would show of it: colours, titles and links
//! leave no trace, a carriage return goes back to the first column, and what
//! follows is written over what is there, as progress bars do it. Each line is
//! a screen of its own; moves to other rows do nothing. Other bytes stay as
//! they are: tabs, NUL, BEL, invalid UTF-8.
//!
//! A sequence that does not end on its line swallows no text: of an unfinished
//! control sequence, its parameters and intermediate bytes go; of an
//! unfinished string, its introducer alone.

mod row;
mod sequence;

use memchr::{memchr_iter, memchr3_iter};

use super::json::{self, Tokens};
use crate::batch::{Frames, OwnedFrames};
use crate::text::bytes::first_control_or;
use row::Row;
use sequence::{Control, ESC, LEAD, Reader, Torn, is_c1};

/// Takes escape sequences and overwritten text out of lines (`--strip-ansi`).
#[derive(Debug)]
pub struct AnsiStripper {
    screen: Screen,
    /// Where the input is JSON.
    tokens: Option<Tokens>,
    /// The line so far ends within a sequence.
    torn: Option<Torn>,
    /// The last record was a piece of a line that goes on.
    continued: bool,
    out: OwnedFrames,
    /// A line that may be JSON when its escape sequences are out.
    scratch: Vec<u8>,
}

impl AnsiStripper {
    /// For plain lines, or for those that may be JSON objects as well: of
    /// these, the strings in them are cleaned, where an escape is `\u001b`,
    /// and every other byte stays.
    pub fn new(json: bool) -> AnsiStripper {
        AnsiStripper {
            screen: Screen::default(),
            tokens: json.then(Tokens::default),
            torn: None,
            continued: false,
            out: OwnedFrames::default(),
            scratch: Vec::new(),
        }
    }

    /// The lines without what does not show. Without a control in them they
    /// are given back as they are, which costs two searches over the bytes and
    /// no copy.
    ///
    /// A frame without a newline at its end is a piece of a line: a sequence
    /// may go on in the next one, and a carriage return goes back to where the
    /// piece began. There are as many records as before, but for a piece of
    /// which nothing is left. What it costs is linear in the bytes, and a line
    /// grows by at most 512 blanks, whatever moves are in it.
    pub fn strip<'a>(&'a mut self, frames: Frames<'a>) -> Frames<'a> {
        let bytes = frames.bytes();
        let escaped = self.tokens.is_some() && json::has_escaped_control(bytes);
        let waits = self.torn.is_some() || self.screen.ends_with_lead;
        if !waits && !escaped && !has_control(bytes) {
            self.continued = bytes.last().map_or(self.continued, |&last| last != b'\n');
            return frames;
        }
        self.out.clear();
        for record in frames.iter() {
            self.record(record);
            self.out.finish();
        }
        self.out.frames()
    }

    fn record(&mut self, record: &[u8]) {
        let piece = !record.ends_with(b"\n");
        let begun = std::mem::replace(&mut self.continued, piece);
        let out = self.out.buffer();
        let torn = self.torn.take();
        match &mut self.tokens {
            Some(tokens) if !piece && !begun => {
                let mut text = record;
                if has_control(record) && !tokens.is_object(record) {
                    self.scratch.clear();
                    self.screen.show(record, &mut self.scratch);
                    text = &self.scratch;
                }
                let screen = &mut self.screen;
                let rewritten = tokens.rewrite(text, false, out, |_, text, out| {
                    let dirty = has_control(text);
                    if dirty {
                        screen.show(text, out);
                    }
                    dirty
                });
                if !rewritten {
                    out.extend_from_slice(text);
                }
            }
            // A whole record may have several lines.
            None if !piece && !begun => self.screen.show(record, out),
            _ => self.torn = self.screen.show_frame(record, torn, out),
        }
    }
}

/// Whether anything in whole lines is to be taken out.
fn has_control(bytes: &[u8]) -> bool {
    // A search costs more to begin than a short string is worth.
    if bytes.len() < SHORT && !bytes.iter().any(|&byte| SPECIAL[usize::from(byte)]) {
        return false;
    }
    let mut controls = memchr3_iter(ESC, b'\r', 0x08, bytes);
    controls.any(|at| bytes[at] != b'\r' || bytes.get(at + 1) != Some(&b'\n'))
        || memchr_iter(LEAD, bytes).any(|at| bytes.get(at + 1).is_none_or(|&next| is_c1(next)))
}

/// Up to this length bytes are looked at one by one.
const SHORT: usize = 48;

/// What controls begin with.
static SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    special[ESC as usize] = true;
    special[LEAD as usize] = true;
    special[b'\r' as usize] = true;
    special[0x08] = true;
    special
};

/// The next control in a line, from `at` on; the line's length if there is none.
fn next_control(line: &[u8], mut at: usize) -> usize {
    while let Some(found) = first_control_or(&line[at..], [LEAD]) {
        at += found;
        let stray = line[at] == LEAD && !line.get(at + 1).is_some_and(|&next| is_c1(next));
        if SPECIAL[usize::from(line[at])] && !stray {
            return at;
        }
        at += 1;
    }
    line.len()
}

/// Appends text behind text, from `start` on, that did not stand before it.
/// Bytes that are stray in both are left out if together they would be a
/// control.
fn append(text: &[u8], start: usize, out: &mut Vec<u8>) {
    let stray = match out[start..].last() {
        Some(&LEAD) => text.iter().take_while(|&&byte| is_c1(byte)).count(),
        _ => 0,
    };
    out.extend_from_slice(&text[stray..]);
}

/// Shows one line after the other.
#[derive(Debug, Default)]
struct Screen {
    row: Row,
    /// What showed of the last piece of a line ends with a stray [`LEAD`].
    ends_with_lead: bool,
}

impl Screen {
    /// Appends what shows of whole lines, each with its end.
    fn show(&mut self, text: &[u8], out: &mut Vec<u8>) {
        for line in text.split_inclusive(|&byte| byte == b'\n') {
            let (line, end) = split_end(line);
            self.line(line, None, out);
            out.extend_from_slice(end);
        }
    }

    /// Appends what shows of a line, or of a piece of one; tells what goes on
    /// in the next piece.
    fn show_frame(&mut self, frame: &[u8], torn: Option<Torn>, out: &mut Vec<u8>) -> Option<Torn> {
        if frame.ends_with(b"\n") {
            let (line, end) = split_end(frame);
            if torn == Some(Torn::Return) && frame == b"\n" {
                out.push(b'\r');
            }
            self.line_after(line, torn, out);
            self.ends_with_lead = false;
            out.extend_from_slice(end);
            return None;
        }
        // What the next piece begins with decides what these are.
        let (line, last) = match frame.split_last() {
            Some((b'\r', line)) => (line, Some(Torn::Return)),
            Some((&LEAD, line)) => (line, Some(Torn::Lead)),
            _ => (frame, None),
        };
        let torn = self.line_after(line, torn, out);
        last.or(torn)
    }

    /// The same for a line that may go on from another piece: stray bytes of
    /// both, between which a sequence stood, make no control either.
    fn line_after(&mut self, line: &[u8], torn: Option<Torn>, out: &mut Vec<u8>) -> Option<Torn> {
        let start = out.len();
        let torn = self.line(line, torn, out);
        if self.ends_with_lead {
            let stray = out[start..].iter().take_while(|&&byte| is_c1(byte));
            out.drain(start..start + stray.count());
        }
        if let Some(&last) = out[start..].last() {
            self.ends_with_lead = last == LEAD;
        }
        torn
    }

    /// Appends what shows of a line without its end; tells in what sequence
    /// it ends.
    fn line(&mut self, line: &[u8], torn: Option<Torn>, out: &mut Vec<u8>) -> Option<Torn> {
        let start = out.len();
        let mut reader = Reader::default();
        let mut at = 0;
        // Text goes straight to `out` as long as nothing is written over.
        let mut in_row = false;
        let mut control = Control::Nothing;
        match torn {
            Some(Torn::Lead) if !line.first().is_some_and(|&byte| is_c1(byte)) => out.push(LEAD),
            Some(torn) => (control, at) = reader.resume(torn, line),
            None => {}
        }
        loop {
            if !in_row && acts(control, out.len() > start) {
                in_row = true;
                self.row.write(&out[start..]);
                out.truncate(start);
            }
            match control {
                Control::Return if in_row => self.row.carriage_return(),
                Control::Backspace if in_row => self.row.backspace(),
                Control::Sequence(parameters, last) if in_row && row::is_standard(parameters) => {
                    self.row.obey(parameters, last);
                }
                _ => {}
            }
            if at == line.len() {
                break;
            }
            let end = next_control(line, at);
            match in_row {
                true => self.row.write(&line[at..end]),
                false => append(&line[at..end], start, out),
            }
            (control, at) = match end < line.len() {
                true => reader.read(line, end),
                false => (Control::Nothing, end),
            };
        }
        if in_row {
            self.row.take(out);
        }
        match control {
            Control::Torn(torn) => Some(torn),
            _ => None,
        }
    }
}

/// Whether a control changes anything while the cursor stands behind all that
/// was written.
fn acts(control: Control<'_>, written: bool) -> bool {
    match control {
        Control::Nothing | Control::Torn(_) => false,
        Control::Return | Control::Backspace => written,
        Control::Sequence(parameters, last) => {
            row::is_standard(parameters)
                && match last {
                    b'C' | b'a' | b'G' | b'`' => true,
                    b'D' => written,
                    b'K' | b'J' => written && !matches!(parameters, b"" | b"0"),
                    _ => false,
                }
        }
    }
}

/// A line, and its newline with the carriage return before it.
fn split_end(line: &[u8]) -> (&[u8], &[u8]) {
    let body = line.strip_suffix(b"\n").unwrap_or(line);
    let body = match body.len() < line.len() {
        true => body.strip_suffix(b"\r").unwrap_or(body),
        false => body,
    };
    line.split_at(body.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stripped_as(json: bool, text: &[u8]) -> Vec<u8> {
        let mut stripper = AnsiStripper::new(json);
        stripper.strip(Frames::lines(text)).bytes().to_vec()
    }

    fn stripped(text: &[u8]) -> String {
        stripped_as(false, text).escape_ascii().to_string()
    }

    fn check(cases: &[(&[u8], &[u8])]) {
        for (text, want) in cases {
            let shown = text.escape_ascii();
            assert_eq!(stripped(text), want.escape_ascii().to_string(), "{shown}");
        }
    }

    #[test]
    fn sequences_go_and_text_stays() {
        check(&[
            (b"\x1b[1;31merror\x1b[0m: x\n", b"error: x\n"),
            (
                b"\x1b[01;31m\x1b[Kerror\x1b[m\x1b[K here\r\n",
                b"error here\r\n",
            ),
            (
                b"\x1b]0;title\x07\x1b]8;;http://h/\x1b\\link\x1b]8;;\x1b\\\n",
                b"link\n",
            ),
            (
                b"\x1bP+q\x1b\\a\x1b_b\x1b\\c\x1b^d\x1b\\e\x1bXf\x1b\\g\n",
                b"aceg\n",
            ),
            (b"\xc2\x9b31mred\xc2\x9bm\xc2\x85\n", b"red\n"),
            (b"\x1b(B\x1b)0\x1b7\x1b8\x1b=\x1b>x\x1bc\n", b"x\n"),
            (b"\x1b[?25l\x1b[?1049hx\x1b[?2K\x1b[6n\n", b"x\n"),
            // A line of which nothing is left is an empty line.
            (b"\x1b[m\nb\x1b[m", b"\nb"),
        ]);
    }

    /// As `--message` has it: each line is a screen of its own there too.
    #[test]
    fn a_record_of_several_lines() {
        let text = b"\x1b[1mone\x1b[m\r\n 10%\r100%\n\nab\x08c\x1b[31\nlast\n";
        let ends = [text.len()];
        for json in [false, true] {
            let mut stripper = AnsiStripper::new(json);
            let shown = stripper.strip(Frames::listed(text, &ends));
            assert_eq!(shown.bytes(), b"one\r\n100%\n\nac\nlast\n");
            assert_eq!(shown.iter().count(), 1);
        }
    }

    #[test]
    fn unfinished_sequences_swallow_no_text() {
        check(&[
            (b"a\x1b\nb\n", b"a\nb\n"),
            (b"a\x1b[\nb\n", b"a\nb\n"),
            (b"a\x1b[31\nb\n", b"a\nb\n"),
            (b"a\x1b[31\xe2\x82\xacb\n", b"a\xe2\x82\xacb\n"),
            (b"a\x1b]0;title and more\nb\n", b"a0;title and more\nb\n"),
            (b"a\x1b]0;title \x1b[1mbold\x1b[m\n", b"a0;title bold\n"),
            (b"a\x1bPtext\nb\x1b\\\n", b"atext\nb\n"),
            (b"a\x1b(\nb\n", b"a\nb\n"),
            (b"a\xc2\x9b\r\nb\n", b"a\r\nb\n"),
        ]);
    }

    #[test]
    fn what_was_overwritten_is_gone() {
        check(&[
            (b" 10%\r 50%\r100%\n", b"100%\n"),
            (b"100 percent\rdone\n", b"donepercent\n".as_slice()),
            (b"downloading 10%\r\x1b[Kdone\n", b"done\n"),
            (b"downloading 10%\r\x1b[2Kdone\r\n", b"done\r\n"),
            (b"downloading 10%\x1b[2K\rdone\n", b"done\n"),
            (b"downloading 10%\r\x1b[Jdone\n", b"done\n"),
            (b"abc\rx  \n", b"x  \n"),
            (b"a\rb\r\r\n", b"b\r\n"),
            (b"a\r\x1b[0m\r\n", b"a\r\n"),
            (
                "\u{2588}\u{2591}\u{2591}\r\u{2588}\u{2588}\n".as_bytes(),
                "\u{2588}\u{2588}\u{2591}\n".as_bytes(),
            ),
            (b"N\x08NA\x08AM\x08ME\x08E _\x08x\n", b"NAME x\n"),
            (b"\x08\x08ab\x08\x08\x08c\n", b"cb\n"),
            (b"abcdef\x1b[3D\x1b[K\n", b"abc\n"),
            (b"abcdef\x1b[2GX\x1b[1CY\n", b"aXcYef\n"),
            (b"abcdef\x1b[1K\n", b"\n"),
            (b"abcdef\x1b[4G\x1b[1K\n", b"    ef\n"),
            (b"abcdef\x1b[2G\x1b[2Xx\n", b"ax def\n"),
            (b"abcdef\x1b[3G\x1b[X\n", b"ab def\n"),
            (b"start\x1b[20G[ OK ]\n", b"start              [ OK ]\n"),
            (b"abc\x1b[9C\n", b"abc\n"),
            // Moves to other rows do nothing.
            (b"abc\x1b[1A\x1b[1Bdef\x1b[H\n", b"abcdef\n"),
            // Lines are screens of their own.
            (b"abc\nx\rd\n", b"abc\nd\n"),
        ]);
    }

    #[test]
    fn stray_bytes_never_become_a_control() {
        check(&[
            (b"\xc2\x1b[m\x9b\x9bx\n", b"\xc2x\n"),
            (b"\xc2ab\rx\x1b[2G\x9b\n", b"x\x9bb\n"),
            (b"ab\r\xc2\x1b[m\x9b\n", b"\xc2\n"),
            (b"\xe2\x82\rx\xff\xc2\xa9\x9b\n", b"x\xff\xc2\xa9\x9b\n"),
        ]);
    }

    #[test]
    fn lines_without_a_control_are_not_copied() {
        let text = "plain\ttext\r\n\0\x07 \u{e9}\u{a0}\u{3000} \u{c3}\n\r\nlast".as_bytes();
        let bytes = [text, b" \xff\xfe \x9b \xc2!\n"].concat();
        let mut stripper = AnsiStripper::new(false);
        assert_eq!(
            stripper.strip(Frames::lines(&bytes)).bytes().as_ptr(),
            bytes.as_ptr()
        );
        let json = br#"{"path":"C:\\build\n\u00e9","n":"\u0000"}"#;
        let mut stripper = AnsiStripper::new(true);
        assert_eq!(
            stripper.strip(Frames::lines(json)).bytes().as_ptr(),
            json.as_ptr()
        );
    }

    #[test]
    fn no_number_is_too_large() {
        check(&[
            (b"a\x1b[999999999999999999999Db\n", b"b\n"),
            (b"ab\r\x1b[4000000000X\n", b"\n"),
        ]);
        for forward in [&b"a\x1b[1000000000G"[..], b"a\x1b[1000000000C"] {
            let line = [forward, b"b"].concat().repeat(3);
            let out = stripped_as(false, &[&line[..], b"\n"].concat());
            assert!(out.len() < row::WIDTH + 10, "{}", out.len());
        }
    }

    /// Each of these takes minutes if anything in it is quadratic.
    #[test]
    fn hostile_lines_cost_what_their_length_costs() {
        let parts: &[&[u8]] = &[
            b"\x1b[",
            b"\x1b]",
            b"\x1bP",
            b"\xc2\x9d",
            b"\xc2\x90",
            b"\x1b",
            b"\x1bP\x1b\x1b",
            b"\x1bP\x1b\x1bP\x1b\x1b \x1b",
            b"\r",
            b"\x08",
            b"a\r",
            b"ab\x08",
            b"\x1b[1K",
            b"\x1b[2Ka",
            b"\x1b[999999G\x1b[1K\rx",
            b"\x1b[999999999X\x1b[D",
            b"\x1b[999999C\x1b[Kx",
            b"\x1b[G\x1b[999999X",
            b"\xc2",
            b"\x1b[9999999999999999999999999999999999999",
        ];
        let text = "x".repeat(200_000);
        for part in parts {
            let line = [text.as_bytes(), &part.repeat(400_000 / part.len()), b"\n"].concat();
            assert!(stripped_as(false, &line).len() <= line.len() + row::WIDTH);
        }
    }

    #[test]
    fn sequences_go_on_in_the_next_piece_of_a_line() {
        let whole = b"ab\x1b[31mred\x1b(Bx\xc2\x9bmy\xc2\xa9z\x1b[1 qw\x1bMv\r\n";
        for at in 1..whole.len() - 1 {
            for between in at + 1..whole.len() {
                let mut stripper = AnsiStripper::new(false);
                let mut out = Vec::new();
                for ends in [&[at, whole.len()][..], &[at, between, whole.len()]] {
                    out.clear();
                    let mut from = 0;
                    // Whether they come in one batch or in several.
                    for &end in ends {
                        let ends = [end - from];
                        let frames = Frames::listed(&whole[from..end], &ends);
                        out.extend_from_slice(stripper.strip(frames).bytes());
                        from = end;
                    }
                    assert_eq!(
                        out.escape_ascii().to_string(),
                        r"abredxy\xc2\xa9zwv\r\n",
                        "{ends:?}"
                    );
                    let together = stripper.strip(Frames::listed(whole, ends));
                    assert_eq!(together.bytes(), out, "{ends:?}");
                }
            }
        }
    }

    #[test]
    fn stray_bytes_of_two_pieces_never_become_a_control() {
        let line = b"a\xc2\x1b[m\x9bb\n";
        for cut in 2..6 {
            let ends = [cut, line.len()];
            let mut stripper = AnsiStripper::new(false);
            let together = stripper.strip(Frames::listed(line, &ends)).bytes().to_vec();
            assert_eq!(together, b"a\xc2b\n", "{cut}");
            let first = stripper
                .strip(Frames::listed(&line[..cut], &[cut]))
                .bytes()
                .to_vec();
            let second = stripper.strip(Frames::lines(&line[cut..])).bytes().to_vec();
            assert_eq!([first, second].concat(), b"a\xc2b\n", "{cut}");
        }
    }

    #[test]
    fn strings_in_json_are_cleaned_and_nothing_else() {
        let cases: &[(&[u8], &[u8])] = &[
            (
                br#" {"msg" : "\u001b[31mred\u001B[0m \u00e9", "n":1.50,"u":"\u00e9"}"#,
                "{\"msg\" : \"red \u{e9}\", \"n\":1.50,\"u\":\"\\u00e9\"}".as_bytes(),
            ),
            (
                br#"{"m":"10%\r20%","k\b":"a\r\nb\u009b1mc"}"#,
                br#"{"m":"20%","k":"a\r\nbc"}"#,
            ),
            (b"{\"m\":\"\xc2\x9b31mx\"}", b"{\"m\":\"x\"}"),
            // A carriage return between tokens is JSON's.
            (
                b"{\"m\":\"\\u001b[mx\",\r\"n\":1}",
                b"{\"m\":\"x\",\r\"n\":1}",
            ),
            (b"{\"m\":\"x\",\r\"n\":1}", b"{\"m\":\"x\",\r\"n\":1}"),
            // Coloured from outside, and again inside.
            (
                b"\x1b[1m{\"m\":\x1b[32m\"\\u001b[mx\"\x1b[m}",
                b"{\"m\":\"x\"}",
            ),
            // No JSON: as it is, or as any line.
            (br"{not \u001b[31m json", br"{not \u001b[31m json"),
            (b"{\x1b[31mnot json\rx", b"xnot json"),
            (br#"["\u001b[31m"]"#, br#"["\u001b[31m"]"#),
        ];
        for (text, want) in cases {
            for end in ["\n", "\r\n"] {
                let text = [text, end.as_bytes()].concat();
                let out = stripped_as(true, &text).escape_ascii().to_string();
                let want = [want, end.as_bytes()].concat().escape_ascii().to_string();
                assert_eq!(out.trim_start(), want, "{}", text.escape_ascii());
            }
        }
    }

    /// Bytes that make controls, and some that do not.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let part = prop_oneof![
            prop::sample::select(vec![
                &b"\x1b"[..],
                b"\x1b[",
                b"\x1b]",
                b"\x1bP",
                b"\x1b\\",
                b"\x07",
                b"\xc2",
                b"\x9b",
                b"\xc2\x9b",
                b"\xc2\x9d",
                b"\xc2\x9c",
                b"\x9c",
                b"\r",
                b"\n",
                b"\r\n",
                b"\x08",
                b"\x1b[K",
                b"\x1b[1K",
                b"\x1b[2K",
                b"\x1b[9C",
                b"\x1b[3G",
                b"\x1b[2D",
                b"\x1b[2X",
                b"\x1b[31m",
                b"\x1b(B",
                b"31",
                b"m",
                b"\xff",
                b"\xe2\x96\x88",
                b"\xe2",
                b"\x96",
                b"{\"",
                b"\":\"",
                b"\"}\n",
                b"\\u001b[m",
                b"\\r",
                b"\0",
                b" ",
            ])
            .prop_map(<[u8]>::to_vec),
            "[ -~\u{e9}\u{2588}]{0,6}".prop_map(String::into_bytes),
            prop::collection::vec(any::<u8>(), 0..3),
        ];
        prop::collection::vec(part, 0..24).prop_map(|parts| parts.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1024))]

        #[test]
        fn what_was_stripped_has_nothing_left(bytes in bytes()) {
            let bytes = [&bytes[..], b"\n"].concat();
            let once = stripped_as(false, &bytes);
            prop_assert!(!has_control(&once), "{}", once.escape_ascii());
            prop_assert_eq!(&stripped_as(false, &once), &once);
            let json = stripped_as(true, &bytes);
            prop_assert_eq!(&stripped_as(true, &json), &json);
            for out in [&once, &json] {
                prop_assert_eq!(Frames::lines(out).iter().count(), Frames::lines(&bytes).iter().count());
            }
        }

        #[test]
        fn text_is_left_alone(bytes in "(?s)[^\u{1b}\r\u{8}\u{80}-\u{9f}]{0,80}") {
            prop_assert_eq!(stripped_as(false, bytes.as_bytes()), bytes.as_bytes());
            // Among lines that are not, too.
            let dirty = [b"\x1b[m\n", bytes.as_bytes()].concat();
            prop_assert_eq!(&stripped_as(false, &dirty)[1..], bytes.as_bytes());
        }

        /// How lines come in batches makes no difference.
        #[test]
        fn batches_of_lines(bytes in bytes(), json in any::<bool>(), sizes in prop::collection::vec(1_usize..4, 1..5)) {
            let bytes = [&bytes[..], b"\n"].concat();
            let lines: Vec<&[u8]> = Frames::lines(&bytes).iter().collect();
            let (mut at, mut out) = (0, Vec::new());
            let mut stripper = AnsiStripper::new(json);
            for size in sizes.iter().cycle() {
                let batch = lines[at..].iter().take(*size).copied().collect::<Vec<_>>();
                if batch.is_empty() {
                    break;
                }
                at += batch.len();
                out.extend_from_slice(stripper.strip(Frames::lines(&batch.concat())).bytes());
            }
            prop_assert_eq!(out, stripped_as(json, &bytes));
        }

        /// A line in pieces: nothing that is a control is left, and without
        /// moves and strings the text is that of the whole line.
        #[test]
        fn pieces_of_a_line(
            parts in prop::collection::vec(
                prop::sample::select(vec![&b"\x1b[31m"[..], b"\xc2\x9b1;2m", b"\x1b(B", b"\x1b7", b"\x1b[2 q", b"a", b"bc", b"\xc2\xa9", b"\xc2"]),
                1..12,
            ),
            cuts in prop::collection::btree_set(1_usize..40, 0..6),
            any in bytes(),
        ) {
            let plain = [&parts.concat()[..], b"\n"].concat();
            let any: Vec<u8> = any.into_iter().filter(|&b| b != b'\n').chain([b'\n']).collect();
            for (line, equal) in [(plain, true), (any, false)] {
                let ends: Vec<usize> = cuts.iter().copied().filter(|&cut| cut < line.len()).chain([line.len()]).collect();
                let mut stripper = AnsiStripper::new(false);
                let out = stripper.strip(Frames::listed(&line, &ends)).bytes().to_vec();
                prop_assert!(!has_control(&out), "{}", out.escape_ascii());
                if equal {
                    prop_assert_eq!(out, stripped_as(false, &line));
                }
            }
        }
    }
}
