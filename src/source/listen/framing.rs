//! Where the messages of a stream begin and end.

use memchr::{memchr, memchr2};

use super::Accepted;
use super::detect::DIGITS;
use crate::wire::framing::{Oversize, OversizeCounts};
use crate::wire::http::HttpConversation;
use crate::wire::lh::{self, NotThisWire, SenderId};

/// So many lines may pass before it is settled that a stream is made of lines.
const UNSURE: u8 = 8;

/// What is understood of a message's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Whatever it looks like.
    Auto,
    Plain,
    Json,
    Gelf,
    Syslog,
    Pickle,
}

/// What a stream speaks, and how far it is.
#[derive(Debug)]
pub(super) enum Protocol {
    /// Messages that end with a byte.
    Text(Text),
    /// Messages with their length before them.
    Counted(Counted),
    /// Numbered frames, which are acknowledged.
    Numbered(Numbered),
    /// Requests, which are answered.
    Http(Box<HttpConversation>),
}

/// See [`Protocol`].
#[derive(Debug)]
pub(super) struct Text {
    kind: Kind,
    /// What ends a message, once that is known.
    end: Option<u8>,
    /// So often it was not told by what stood behind a line.
    unsure: u8,
    /// The rest of a message that is too long is thrown away.
    skipping: bool,
    /// The message has begun in another record.
    continued: bool,
    /// Up to here there is no end in what has come.
    searched: usize,
}

/// See [`Protocol`].
#[derive(Debug)]
pub(super) struct Counted {
    lengths: Lengths,
    /// So many bytes are still to come of a message that is too long: they are
    /// thrown away as they come.
    skipping: u64,
}

/// How a length is written, and what stands behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lengths {
    /// In decimal digits; syslog.
    Digits,
    /// In four bytes; pickles.
    Bytes,
}

/// See [`Protocol`].
#[derive(Debug, Default)]
pub(super) struct Numbered {
    /// Who it is, once that was said.
    pub(super) sender: Option<SenderId>,
    /// The number of the last frame.
    pub(super) last: u64,
    /// A frame that is too long: it is thrown away as it comes.
    skipping: Option<Skipping>,
}

#[derive(Debug)]
struct Skipping {
    left: usize,
    skipped: Skipped,
}

/// A frame that is too long, of which all has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Skipped {
    pub(super) number: u64,
    pub(super) length: usize,
    /// The longest that is taken.
    pub(super) most: usize,
}

/// What stands next in a stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next<'b> {
    /// Not all of a message has come.
    More,
    /// A message, and how many bytes it takes with its framing.
    Message(Message<'b>, usize),
    /// Bytes that are no part of a message.
    Skip(usize),
    /// A message that is too long begins, of so many bytes: it is thrown away as
    /// it comes. Behind it, how many bytes its length takes.
    TooLong(u64, usize),
    /// The end of a numbered frame that was too long, and how many bytes of it
    /// these are: only behind it can it be acknowledged.
    Skipped(Skipped, usize),
    /// The sender of numbered frames has said who it is.
    Hello(SenderId, usize),
}

/// A message without its framing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Message<'b> {
    pub(super) bytes: &'b [u8],
    pub(super) kind: Kind,
    /// It is a part of a longer one.
    pub(super) piece: bool,
    /// Its number, where the stream has numbers.
    pub(super) number: Option<u64>,
}

impl<'b> Message<'b> {
    pub(super) fn new(bytes: &'b [u8], kind: Kind) -> Message<'b> {
        Message {
            bytes,
            kind,
            piece: false,
            number: None,
        }
    }
}

/// A stream that can't be understood any further.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum Broken {
    #[error("a message of {0} bytes is longer than the {1} that are taken (--max-record)")]
    TooLong(u64, usize),
    #[error("what should be the length of a message is none")]
    NoCount,
    #[error("it ended within a message")]
    CutOff,
    #[error(transparent)]
    Numbered(#[from] NotThisWire),
}

impl Protocol {
    /// What stands at the start of `bytes`. `at_end`: nothing more will come.
    ///
    /// # Errors
    /// When what follows can't be told apart any more.
    pub(super) fn next<'b>(
        &mut self,
        bytes: &'b [u8],
        accepted: &Accepted,
        counts: &mut OversizeCounts,
        at_end: bool,
    ) -> Result<Next<'b>, Broken> {
        let next = match self {
            Protocol::Text(text) => return Ok(text.next(bytes, accepted, counts, at_end)),
            Protocol::Counted(counted) => counted.next(bytes, accepted, counts)?,
            Protocol::Numbered(numbered) => numbered.next(bytes, accepted)?,
            // Its requests are no messages: see `requests`.
            Protocol::Http(_) => Next::More,
        };
        match next == Next::More && at_end && !bytes.is_empty() {
            true => Err(Broken::CutOff),
            false => Ok(next),
        }
    }

    /// What was handed out is gone from the start of the bytes.
    pub(super) fn consumed(&mut self, rest: usize) {
        if let Protocol::Text(text) = self {
            text.searched = text.searched.min(rest);
        }
    }

    /// Whether it is text, of which what has come is worth keeping.
    pub(super) fn is_text(&self) -> bool {
        matches!(self, Protocol::Text(_))
    }
}

impl Text {
    pub(super) fn new(kind: Kind) -> Text {
        Text {
            kind,
            end: None,
            unsure: 0,
            skipping: false,
            continued: false,
            searched: 0,
        }
    }

    pub(super) fn ended_by(kind: Kind, end: u8) -> Text {
        Text {
            end: Some(end),
            ..Text::new(kind)
        }
    }

    fn next<'b>(
        &mut self,
        bytes: &'b [u8],
        accepted: &Accepted,
        counts: &mut OversizeCounts,
        at_end: bool,
    ) -> Next<'b> {
        let skipped = self.line_end_behind_nul(bytes);
        if skipped > 0 {
            return Next::Skip(skipped);
        }
        let from = std::mem::take(&mut self.searched).min(bytes.len());
        let end = self.end.or_else(|| self.find_end(bytes, from));
        let found = end.and_then(|end| memchr(end, &bytes[from..]));
        let found = found.map(|at| from + at);
        let (length, used) = match found {
            Some(at) => (at, at + 1),
            None => (bytes.len(), bytes.len()),
        };
        if self.skipping {
            self.skipping = found.is_none();
            return match used {
                0 => Next::More,
                used => Next::Skip(used),
            };
        }
        if length > accepted.max_record {
            return self.too_long(bytes, accepted, counts);
        }
        if found.is_none() && !(at_end && length > 0) {
            self.searched = length;
            return Next::More;
        }
        let text = &bytes[..length];
        let text = match end {
            Some(b'\n') if found.is_some() => text.strip_suffix(b"\r").unwrap_or(text),
            _ => text,
        };
        let piece = std::mem::take(&mut self.continued);
        // A line without anything in it is one only where lines are meant.
        let lines = end == Some(b'\n') && matches!(self.kind, Kind::Auto | Kind::Plain);
        if text.is_empty() && !lines {
            return Next::Skip(used);
        }
        let message = Message {
            piece,
            ..Message::new(text, self.kind)
        };
        Next::Message(message, used)
    }

    /// Whoever ends messages with a NUL may send each as a line besides: how many
    /// bytes of that stand before the next one.
    fn line_end_behind_nul(&self, bytes: &[u8]) -> usize {
        if self.end != Some(0) || self.skipping || self.continued {
            return 0;
        }
        let mut rest = bytes;
        while let [b'\n', behind @ ..] | [b'\r', b'\n', behind @ ..] = rest {
            rest = behind;
        }
        bytes.len() - rest.len()
    }

    /// What ends the message at hand: a NUL, where it ends messages that have
    /// line feeds in them. `None`: neither has come.
    fn find_end(&mut self, bytes: &[u8], from: usize) -> Option<u8> {
        let at = from + memchr2(b'\n', 0, &bytes[from..])?;
        let begins = |at: usize| match bytes.get(at) {
            None => true,
            Some(byte) => matches!(byte, b'<' | b'{' | b'\n' | b'\r') || byte.is_ascii_hexdigit(),
        };
        let next = bytes.get(at + 1);
        let end = match bytes[at] {
            0 if begins(at + 1) => 0,
            0 => b'\n',
            _ => match memchr(0, &bytes[at..]) {
                Some(nul) if !matches!(next, None | Some(b'<')) && begins(at + nul + 1) => 0,
                // An object of several lines, and nothing else ends GELF.
                None if self.kind == Kind::Gelf && is_open_object(&bytes[..at]) => 0,
                // The rest of a message may be on its way, and a NUL behind it.
                _ if next != Some(&b'<') && self.unsure < UNSURE => {
                    self.unsure += 1;
                    return Some(b'\n');
                }
                _ => b'\n',
            },
        };
        self.end = Some(end);
        self.end
    }

    fn too_long<'b>(
        &mut self,
        bytes: &'b [u8],
        accepted: &Accepted,
        counts: &mut OversizeCounts,
    ) -> Next<'b> {
        let max = accepted.max_record;
        let kind = if self.continued {
            Kind::Plain
        } else {
            self.kind
        };
        let message = Message {
            piece: true,
            ..Message::new(&bytes[..max], kind)
        };
        match accepted.oversize {
            Oversize::Split => {
                counts.split += u64::from(!std::mem::replace(&mut self.continued, true));
                Next::Message(message, max)
            }
            Oversize::Truncate => {
                counts.truncated += 1;
                self.skipping = true;
                Next::Message(message, max)
            }
            Oversize::Drop => {
                counts.dropped += 1;
                self.skipping = true;
                Next::Skip(max)
            }
        }
    }
}

/// Whether that is the beginning of an object and not all of it.
fn is_open_object(line: &[u8]) -> bool {
    if !line.trim_ascii_start().starts_with(b"{") {
        return false;
    }
    let (mut depth, mut quoted, mut escaped) = (0u32, false, false);
    for byte in line {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    depth > 0
}

impl Counted {
    pub(super) fn new(lengths: Lengths) -> Counted {
        Counted {
            lengths,
            skipping: 0,
        }
    }

    #[cfg(test)]
    pub(super) fn lengths(&self) -> Lengths {
        self.lengths
    }

    fn next<'b>(
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

impl Numbered {
    fn next<'b>(&mut self, bytes: &'b [u8], accepted: &Accepted) -> Result<Next<'b>, Broken> {
        if self.sender.is_none() {
            return Ok(match bytes.first_chunk::<{ lh::HELLO }>() {
                Some(hello) => Next::Hello(lh::Hello::decode(hello)?.sender, lh::HELLO),
                None => Next::More,
            });
        }
        if let Some(skipping) = &mut self.skipping {
            let count = skipping.left.min(bytes.len());
            skipping.left -= count;
            return Ok(match (skipping.left, count) {
                (0, count) => {
                    let skipped = skipping.skipped;
                    self.skipping = None;
                    Next::Skipped(skipped, count)
                }
                (_, 0) => Next::More,
                (_, count) => Next::Skip(count),
            });
        }
        // A record takes more room as an object.
        let most = accepted.longest_frame().saturating_mul(8);
        if let Some((number, length)) = lh::decode_head(bytes, self.last)?
            && length > most
            && length <= accepted.longest_skipped()
            // What has no valid code must not pass for the number of another frame.
            && !accepted.sealed
        {
            self.last = number;
            let skipped = Skipped {
                number,
                length,
                most,
            };
            self.skipping = Some(Skipping {
                left: length,
                skipped,
            });
            return Ok(Next::Skip(lh::HEAD));
        }
        let frame = lh::decode_frame(bytes, self.last, most)?;
        Ok(frame.map_or(Next::More, |(number, payload, used)| {
            self.last = number;
            let message = Message {
                number: Some(number),
                ..Message::new(payload, Kind::Json)
            };
            Next::Message(message, used)
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{AROUND, Wire, detect};
    use super::*;
    use proptest::prelude::*;

    fn accepted(max_record: usize, oversize: Oversize) -> Accepted {
        Accepted {
            wire: None,
            max_record,
            oversize,
            sealed: false,
        }
    }

    /// The messages of a stream that comes in pieces.
    fn messages(
        input: &[u8],
        sizes: &[usize],
        accepted: &Accepted,
    ) -> (Vec<Vec<u8>>, Option<Broken>) {
        let mut protocol: Option<Protocol> = None;
        let (mut buffer, mut found) = (Vec::new(), Vec::new());
        let mut sizes = sizes.iter().copied().cycle();
        let mut rest = input;
        let mut counts = OversizeCounts::default();
        loop {
            let size = sizes.next().unwrap_or(1).clamp(1, rest.len().max(1));
            let (piece, behind) = rest.split_at(size.min(rest.len()));
            buffer.extend_from_slice(piece);
            rest = behind;
            let at_end = rest.is_empty();
            if protocol.is_none() {
                protocol = detect::stream(&buffer, accepted, at_end);
            }
            let mut at = 0;
            while let Some(protocol) = &mut protocol {
                match protocol.next(&buffer[at..], accepted, &mut counts, at_end) {
                    Ok(Next::More) => break,
                    Ok(Next::Message(message, used)) => {
                        found.push(message.bytes.to_vec());
                        at += used;
                    }
                    Ok(
                        Next::Skip(used)
                        | Next::TooLong(_, used)
                        | Next::Skipped(_, used)
                        | Next::Hello(_, used),
                    ) => {
                        at += used;
                    }
                    Err(error) => return (found, Some(error)),
                }
                protocol.consumed(buffer.len() - at);
            }
            buffer.drain(..at);
            if at_end {
                return (found, None);
            }
        }
    }

    fn texts(input: &[u8], sizes: &[usize]) -> Vec<String> {
        let (found, broken) = messages(input, sizes, &accepted(64, Oversize::Split));
        assert_eq!(broken, None);
        let texts = found.iter().map(|text| String::from_utf8_lossy(text));
        texts.map(std::borrow::Cow::into_owned).collect()
    }

    #[test]
    fn each_framing_is_understood() {
        for sizes in [&[1000][..], &[1], &[3, 7]] {
            assert_eq!(
                texts(b"<13>a\n<13>b\r\n<13>c", sizes),
                ["<13>a", "<13>b", "<13>c"]
            );
            assert_eq!(texts(b"<13>a\0<13>b\0", sizes), ["<13>a", "<13>b"]);
            // As lh's own --append-nul has it.
            for end in ["\0\n", "\0\r\n"] {
                let input = format!("<13>a{end}<13>b{end}<13>c{end}");
                assert_eq!(texts(input.as_bytes(), sizes), ["<13>a", "<13>b", "<13>c"]);
            }
            assert_eq!(texts(b"5 <13>a7 <13>b\nc", sizes), ["<13>a", "<13>b\nc"]);
            assert_eq!(texts(b"6 <13>a\n\n5 <13>b\n", sizes), ["<13>a\n", "<13>b"]);
            assert_eq!(texts(b"\0\0\0\x02ab\0\0\0\x01c", sizes), ["ab", "c"]);
            assert_eq!(texts(b"{\"a\":1}\n{}\n", sizes), ["{\"a\":1}", "{}"]);
            assert_eq!(texts(b"{\"a\":1}\0{}\0", sizes), ["{\"a\":1}", "{}"]);
            assert_eq!(texts(b"one\n\ntwo", sizes), ["one", "", "two"]);
            // A carriage return belongs to a line's end only where there is one.
            let many = [&b"a\r\n".repeat(9)[..], b"b\r"].concat();
            assert_eq!(
                texts(&many, sizes),
                ["a", "a", "a", "a", "a", "a", "a", "a", "a", "b\r"]
            );
        }
        // A number and a tag are no length and no priority.
        for sizes in [&[1000][..], &[1], &[5], &[3, 7]] {
            assert_eq!(
                texts(b"404 <none> missing\n12 <b>bold</b>\n5 <13", sizes),
                ["404 <none> missing", "12 <b>bold</b>", "5 <13"]
            );
        }
        // Messages with line feeds in them, ended by a NUL.
        assert_eq!(
            texts(b"<13>a\n b\0<13>c\0", &[1000]),
            ["<13>a\n b", "<13>c"]
        );
        // What comes in pieces costs the message that is cut, and no other.
        assert_eq!(
            texts(b"<13>a\n b\0<13>c\n d\0<13>e\0", &[6, 10, 100]),
            ["<13>a", " b", "<13>c\n d", "<13>e"]
        );
        // A NUL within a line ends nothing.
        assert_eq!(
            texts(b"<13>a\0, b\n<13>c\n", &[1000]),
            ["<13>a\0, b", "<13>c"]
        );
    }

    #[test]
    fn an_object_of_several_lines_is_one_where_gelf_is_meant() {
        let accepted = Accepted {
            wire: Some(Wire::Gelf),
            ..accepted(64, Oversize::Split)
        };
        let objects = ["{\n  \"a\": \"}\"\n}", "{\"b\":{\n}}"];
        let whole = format!("{}\0{}\0", objects[0], objects[1]);
        let lines = "{\"a\":1}\n{\"b\":2}\n";
        for sizes in [&[1000][..], &[1], &[3, 7]] {
            let found = |input: &str| {
                let (found, broken) = messages(input.as_bytes(), sizes, &accepted);
                assert_eq!(broken, None);
                found
            };
            assert_eq!(found(&whole), objects.map(|text| text.as_bytes().to_vec()));
            assert_eq!(found(lines), [b"{\"a\":1}", b"{\"b\":2}"]);
            // Nothing ends the last one but the end.
            assert_eq!(found(objects[0]), [objects[0].as_bytes()]);
        }
    }

    #[test]
    fn a_frame_that_is_too_long_is_skipped_and_its_number_noted() {
        let accepted = accepted(0, Oversize::Split);
        let frame = |number: u64, length: usize| {
            let mut out = Vec::new();
            lh::encode_frame(number, &vec![b'x'; length], &mut out);
            out
        };
        let (most, skipped) = (8 * AROUND, accepted.longest_skipped());
        let mut protocol = Protocol::Numbered(Numbered {
            sender: Some(SenderId([1; 16])),
            ..Numbered::default()
        });
        let mut next = |bytes: &[u8], accepted: &Accepted| {
            let mut counts = OversizeCounts::default();
            let next = protocol.next(bytes, accepted, &mut counts, false);
            next.map(|next| format!("{next:?}"))
        };
        let long = frame(7, most + 1);
        assert_eq!(next(&long[..20], &accepted).unwrap(), "Skip(12)");
        assert_eq!(next(&long[12..20], &accepted).unwrap(), "Skip(8)");
        assert_eq!(next(&[], &accepted).unwrap(), "More");
        let rest = [&long[20..], &frame(8, 1)].concat();
        let end = next(&rest, &accepted).unwrap();
        let want = format!(
            "Skipped(Skipped {{ number: 7, length: {}, most: {most} }}, {})",
            most + 1,
            most - 7
        );
        assert_eq!(end, want);
        assert!(
            next(&frame(8, 1), &accepted)
                .unwrap()
                .starts_with("Message")
        );
        // What is no length, and what nobody has vouched for.
        let broken = next(&frame(9, skipped + 1), &accepted).unwrap_err();
        assert!(broken.to_string().contains("is longer"), "{broken}");
        let sealed = Accepted {
            sealed: true,
            ..accepted
        };
        assert!(next(&frame(9, most + 1), &sealed).is_err());
    }

    #[test]
    fn a_long_line_is_split_cut_or_dropped() {
        let input = b"abcdefgh\nij\n";
        for (oversize, want) in [
            (Oversize::Split, &["abc", "def", "gh", "ij"][..]),
            (Oversize::Truncate, &["abc", "ij"]),
            (Oversize::Drop, &["ij"]),
        ] {
            for sizes in [&[100][..], &[1], &[2, 5]] {
                let (found, broken) = messages(input, sizes, &accepted(3, oversize));
                assert_eq!(
                    (found, broken),
                    (want.iter().map(|t| t.as_bytes().to_vec()).collect(), None)
                );
            }
        }
    }

    #[test]
    fn what_can_not_be_framed_is_told() {
        let broken = |input: &[u8]| messages(input, &[2], &accepted(64, Oversize::Split)).1;
        assert_eq!(
            broken(b"\x7f\xff\xff\xff...."),
            Some(Broken::TooLong(0x7fff_ffff, 65792))
        );
        assert_eq!(
            broken(b"99999999 <13>"),
            Some(Broken::TooLong(99_999_999, 65792))
        );
        assert_eq!(broken(b"5 <13>axx"), Some(Broken::NoCount));
        assert_eq!(broken(b"5 <13>a12345678901"), Some(Broken::NoCount));
        assert_eq!(broken(b"9 <13>a"), Some(Broken::CutOff));
        assert_eq!(broken(b"\0\0\0\x09a"), Some(Broken::CutOff));
        assert_eq!(broken(b"\0\0"), Some(Broken::CutOff));
    }

    #[test]
    fn a_counted_message_that_is_too_long_is_skipped() {
        let long = "x".repeat(70_000);
        let most = 16 * (64 + (64 << 10));
        for sizes in [&[1_000_000][..], &[999], &[60_000, 1]] {
            let syslog = format!("5 <13>a{} <13>{long}5 <13>b", long.len() + 4);
            assert_eq!(texts(syslog.as_bytes(), sizes), ["<13>a", "<13>b"]);
            let length = u32::try_from(long.len()).unwrap().to_be_bytes();
            let pickles = [b"\0\0\0\x01a", &length[..], long.as_bytes(), b"\0\0\0\x01b"];
            assert_eq!(texts(&pickles.concat(), sizes), ["a", "b"]);
        }
        let mut counts = OversizeCounts::default();
        let mut protocol = Protocol::Counted(Counted::new(Lengths::Digits));
        let mut next = |text: String| {
            let next = protocol.next(
                text.as_bytes(),
                &accepted(64, Oversize::Split),
                &mut counts,
                false,
            );
            match next {
                Ok(Next::TooLong(length, used)) => Ok((length, used)),
                Ok(Next::Skip(count)) => Ok((0, count)),
                other => Err(format!("{other:?}")),
            }
        };
        assert_eq!(next(format!("{most} <13>")), Ok((most as u64, 8)));
        assert_eq!(next("x".repeat(most - 1)), Ok((0, most - 1)));
        assert_eq!(next("xx".to_owned()), Ok((0, 1)));
        let broken = next(format!("{} <13>", most + 1)).unwrap_err();
        assert!(broken.contains("TooLong"), "{broken}");
        assert_eq!(counts.dropped, 1);
    }

    proptest! {
        /// However a stream comes in pieces, its messages are the same.
        #[test]
        fn pieces_change_nothing(
            lines in prop::collection::vec("[a-c<{]{1,9}", 1..20),
            framing in 0usize..3,
            sizes in prop::collection::vec(1usize..9, 1..5),
        ) {
            let mut input = Vec::new();
            for line in &lines {
                match framing {
                    0 => input.extend_from_slice(format!("a{line}\n").as_bytes()),
                    1 => input.extend_from_slice(format!("{} <13>{line}", line.len() + 4).as_bytes()),
                    _ => {
                        input.extend_from_slice(&(line.len() as u32).to_be_bytes());
                        input.extend_from_slice(line.as_bytes());
                    }
                }
            }
            let mark = ["a", "<13>", ""][framing];
            let want: Vec<_> = lines.iter().map(|line| format!("{mark}{line}")).collect();
            prop_assert_eq!(texts(&input, &sizes), want);
        }

        /// Nor where it only looks as if lengths stood before its messages.
        #[test]
        fn pieces_change_nothing_of_what_looks_counted(
            lines in prop::collection::vec("[1-9]{1,2} ?<?[0-9]{0,4}>?[a-c<]{0,3}", 1..6),
            wire in prop::option::of(Just(Wire::Syslog)),
            sizes in prop::collection::vec(1usize..9, 1..5),
        ) {
            let input = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
            let accepted = Accepted { wire, ..accepted(64, Oversize::Split) };
            let whole = messages(input.as_bytes(), &[usize::MAX], &accepted);
            prop_assert_eq!(messages(input.as_bytes(), &sizes, &accepted), whole);
        }

        #[test]
        fn nothing_panics(input: Vec<u8>, sizes in prop::collection::vec(1usize..40, 1..5)) {
            messages(&input, &sizes, &accepted(16, Oversize::Split));
        }
    }
}
