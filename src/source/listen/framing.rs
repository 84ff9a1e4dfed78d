//! Where the messages of a stream begin and end.

use memchr::{memchr, memchr_iter, memchr2};

use super::Accepted;
use super::detect::{DIGITS, SEAL, begins_with_priority};
use crate::level::Level;
use crate::wire::envelope::TAG;
use crate::wire::framing::{Oversize, OversizeCounts, end_within};
use crate::wire::hmac::{Key, Verifying};
use crate::wire::http::HttpConversation;
use crate::wire::lh::{self, NotThisWire, SenderId};

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
    /// Until then: what the last message was taken to end with, and how it began.
    guess: Option<(u8, Start)>,
    /// Up to here there is no NUL in what has come, which is all of it or nothing.
    without_nul: usize,
    /// The rest of a message that is too long is thrown away.
    skipping: bool,
    /// The message has begun in another record.
    continued: bool,
    /// The level of the last record.
    pub(super) level: Level,
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
    skipping: Option<Box<Skipping>>,
}

#[derive(Debug)]
struct Skipping {
    left: usize,
    skipped: Skipped,
    /// Where there is a key: the code at its start, as far as it has come, and then
    /// what looks whether it is right.
    tag: Vec<u8>,
    verifying: Option<Verifying>,
}

impl Skipping {
    fn update(&mut self, key: &Key, bytes: &[u8]) {
        let missing = (TAG - self.tag.len()).min(bytes.len());
        let (tag, bytes) = bytes.split_at(missing);
        self.tag.extend_from_slice(tag);
        if self.tag.len() == TAG {
            let verifying = &mut self.verifying;
            let verifying = verifying.get_or_insert_with(|| key.begin(&self.tag));
            verifying.update(bytes);
        }
    }

    fn ends_right(self) -> bool {
        self.verifying.is_some_and(Verifying::ends_right)
    }
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
    /// It goes on with the one before, which had this level.
    pub(super) continues: Option<Level>,
    /// The next one goes on with it.
    pub(super) more: bool,
    /// Its number, where the stream has numbers.
    pub(super) number: Option<u64>,
}

impl<'b> Message<'b> {
    pub(super) fn new(bytes: &'b [u8], kind: Kind) -> Message<'b> {
        Message {
            bytes,
            kind,
            piece: false,
            continues: None,
            more: false,
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
    #[error("a message has no valid authentication code")]
    NoCode,
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
            text.without_nul = text.without_nul.min(rest);
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
            guess: None,
            without_nul: 0,
            skipping: false,
            continued: false,
            level: Level::NOTSET,
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
        let sealed = accepted.key.is_some();
        self.settle(bytes, sealed);
        let skipped = self.line_end_behind_nul(bytes);
        if skipped > 0 {
            return Next::Skip(skipped);
        }
        let from = std::mem::take(&mut self.searched).min(bytes.len());
        let mut end = self.end.or_else(|| self.find_end(bytes, from, sealed));
        let found = end.and_then(|end| memchr(end, &bytes[from..]));
        let mut found = found.map(|at| from + at);
        if end == Some(0) && has_lines(&bytes[..found.unwrap_or(bytes.len())], from, sealed) {
            // A NUL within a line hides nothing of what follows.
            end = Some(b'\n');
            (self.end, self.guess) = (end, None);
            found = memchr(b'\n', bytes);
        }
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
        // What stands around a message takes room too. If it is the message that is too
        // long, it is cut as a record.
        let begin = if sealed { SEAL } else { 0 };
        let most = match bytes.get(begin) {
            Some(b'{' | b'<') if !self.continued => accepted.longest_counted(),
            _ => accepted.max_record,
        };
        if length > most {
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
            continues: piece.then_some(self.level),
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
    fn find_end(&mut self, bytes: &[u8], from: usize, sealed: bool) -> Option<u8> {
        let at = from + memchr2(b'\n', 0, &bytes[from..])?;
        let (text, behind) = (&bytes[..at], &bytes[at + 1..]);
        let start = match Start::of(bytes, sealed) {
            Start::Object if bytes[at] == b'\n' && is_open_object(text) => Start::Other,
            start => start,
        };
        // What stands up to a NUL is a message, or several lines.
        let behind_nul = match bytes[at] {
            0 => Some(behind),
            _ => {
                let from = self.without_nul.max(at + 1).min(bytes.len());
                let nul = memchr(0, &bytes[from..]);
                if nul.is_none() {
                    self.without_nul = bytes.len();
                }
                nul.map(|nul| &bytes[from + nul + 1..])
            }
        };
        let end = match behind_nul.map(|behind| ends_with_nul(behind, sealed)) {
            _ if bytes[at] == b'\n' && start.is_next(Start::of(behind, sealed)) => b'\n',
            Some(Some(true)) => 0,
            Some(Some(false)) => b'\n',
            // What comes next will tell.
            Some(None) => {
                self.guess = Some((0, start));
                return Some(0);
            }
            // An object of several lines, and nothing else ends GELF.
            None if self.kind == Kind::Gelf && is_open_object(text) => 0,
            // The rest of a message may be on its way, and a NUL behind it.
            None => {
                self.guess = Some((b'\n', start));
                return Some(b'\n');
            }
        };
        self.end = Some(end);
        self.end
    }

    /// What ends messages is known once the next one begins as it should.
    fn settle(&mut self, bytes: &[u8], sealed: bool) {
        let Some((end, start)) = self.guess else {
            return;
        };
        let is_right = match (end, Start::of(bytes, sealed)) {
            (_, Start::Unknown) => return,
            (0, _) => ends_with_nul(bytes, sealed) == Some(true),
            (_, next) => start.is_next(next),
        };
        self.guess = None;
        if is_right {
            self.end = Some(end);
        }
    }

    fn too_long<'b>(
        &mut self,
        bytes: &'b [u8],
        accepted: &Accepted,
        counts: &mut OversizeCounts,
    ) -> Next<'b> {
        // It is longer, so that one more byte is there.
        let end = end_within(bytes, accepted.max_record);
        let split = accepted.oversize == Oversize::Split;
        let message = Message {
            piece: true,
            continues: self.continued.then_some(self.level),
            more: split,
            ..Message::new(&bytes[..end], self.kind)
        };
        self.skipping = !split;
        match accepted.oversize {
            Oversize::Split => {
                counts.split += u64::from(!std::mem::replace(&mut self.continued, true));
                Next::Message(message, end)
            }
            Oversize::Truncate => {
                counts.truncated += 1;
                Next::Message(message, end)
            }
            Oversize::Drop => {
                counts.dropped += 1;
                Next::Skip(end)
            }
        }
    }
}

/// How a message begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    /// With a priority.
    Priority,
    /// As an object.
    Object,
    Other,
    /// Too little of it has come.
    Unknown,
}

impl Start {
    /// Behind an authentication code, where those are asked for.
    fn of(bytes: &[u8], sealed: bool) -> Start {
        let body = match sealed {
            false => bytes,
            true => {
                let code = &bytes[..bytes.len().min(SEAL)];
                let digits = code.iter().take_while(|byte| byte.is_ascii_hexdigit());
                match digits.count() {
                    count if count == bytes.len() && count < SEAL => return Start::Unknown,
                    count if count + 1 == SEAL && code.last() == Some(&b' ') => &bytes[SEAL..],
                    _ => return Start::Other,
                }
            }
        };
        match (begins_with_priority(body), body.first()) {
            (None, _) => Start::Unknown,
            (Some(true), _) => Start::Priority,
            (_, Some(b'{')) => Start::Object,
            _ => Start::Other,
        }
    }

    /// Whether a message that begins so is likely to be the next of a stream.
    fn is_next(self, next: Start) -> bool {
        self == next && matches!(self, Start::Priority | Start::Object)
    }
}

/// Whether a NUL before these bytes ends a message: another one begins, or each is
/// a line besides. `None`: that is still to come.
fn ends_with_nul(behind: &[u8], sealed: bool) -> Option<bool> {
    match (behind.first(), Start::of(behind, sealed)) {
        (Some(b'\n' | b'\r'), _) => Some(true),
        (_, Start::Unknown) => None,
        (_, start) => Some(start != Start::Other),
    }
}

/// Whether what should be one message is several, each on a line. What stands before
/// `from` was looked at.
fn has_lines(text: &[u8], from: usize, sealed: bool) -> bool {
    let from = from.saturating_sub(2 * SEAL).min(text.len());
    memchr_iter(b'\n', &text[from..]).any(|at| {
        let (line, behind) = (&text[..from + at], &text[from + at + 1..]);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match Start::of(behind, sealed) {
            Start::Priority => true,
            Start::Object => line.ends_with(b"}"),
            Start::Other | Start::Unknown => false,
        }
    })
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
            if let Some(key) = &accepted.key {
                skipping.update(key, &bytes[..count]);
            }
            return match self.skipping.take_if(|skipping| skipping.left == 0) {
                None if count == 0 => Ok(Next::More),
                None => Ok(Next::Skip(count)),
                // What has no valid code must not pass for the number of another frame.
                Some(skipping) => {
                    let skipped = skipping.skipped;
                    match accepted.key.is_none() || skipping.ends_right() {
                        true => Ok(Next::Skipped(skipped, count)),
                        false => Err(Broken::NoCode),
                    }
                }
            };
        }
        // A record takes more room as an object.
        let most = accepted.longest_frame().saturating_mul(8);
        if let Some((number, length)) = lh::decode_head(bytes, self.last)?
            && length > most
            && length <= accepted.longest_skipped()
        {
            self.last = number;
            let skipped = Skipped {
                number,
                length,
                most,
            };
            self.skipping = Some(Box::new(Skipping {
                left: length,
                skipped,
                tag: Vec::new(),
                verifying: None,
            }));
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
mod tests;
