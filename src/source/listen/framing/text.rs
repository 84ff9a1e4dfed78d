//! Messages that end with a byte: a newline, or a NUL where that is what ends them.

use memchr::{memchr, memchr_iter, memchr2};

use super::{Kind, Message, Next};
use crate::level::Level;
use crate::source::listen::Accepted;
use crate::source::listen::detect::{SEAL, begins_with_priority};
use crate::wire::framing::{Oversize, OversizeCounts, end_within};

/// How far such a stream is.
#[derive(Debug)]
pub(in crate::source::listen) struct Text {
    kind: Kind,
    /// What ends a message, once that is known.
    end: Option<u8>,
    /// Until then: what the last message was taken to end with, and how it began.
    guess: Option<(u8, Start)>,
    /// Up to here there is no NUL in what has come, which is all of it or nothing.
    without_nul: usize,
    /// Whether it is waited for what ends the message at hand.
    wait: Wait,
    /// The rest of a message that is too long is thrown away.
    skipping: bool,
    /// The message has begun in another record.
    continued: bool,
    /// The level of the last record.
    pub(in crate::source::listen) level: Level,
    /// Up to here there is no end in what has come.
    searched: usize,
}

impl Text {
    pub(in crate::source::listen) fn new(kind: Kind) -> Text {
        Text {
            kind,
            end: None,
            guess: None,
            without_nul: 0,
            wait: Wait::No,
            skipping: false,
            continued: false,
            level: Level::NOTSET,
            searched: 0,
        }
    }

    pub(in crate::source::listen) fn ended_by(kind: Kind, end: u8) -> Text {
        Text {
            end: Some(end),
            ..Text::new(kind)
        }
    }

    /// Whether lines are held back because they may be those of one message, whose
    /// NUL is on its way.
    pub(in crate::source::listen) fn is_waiting(&self) -> bool {
        matches!(self.wait, Wait::For(_))
    }

    /// What was held is handed out.
    fn end_wait(&mut self) {
        if self.is_waiting() {
            self.wait = Wait::No;
        }
    }

    /// Does not wait for that any longer, nor again: they are lines.
    pub(in crate::source::listen) fn wait_no_more(&mut self) {
        self.wait = Wait::NoMore;
    }

    /// What was handed out is gone from the start of the bytes.
    pub(super) fn consumed(&mut self, rest: usize) {
        self.searched = self.searched.min(rest);
        self.without_nul = self.without_nul.min(rest);
    }

    pub(super) fn next<'b>(
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
        // What stands around a message takes room too. If it is the message that is too
        // long, it is cut as a record.
        let begin = if sealed { SEAL } else { 0 };
        let most = match bytes.get(begin) {
            Some(b'{' | b'<') if !self.continued => accepted.longest_counted(),
            _ => accepted.max_record,
        };
        let goes_on = self.skipping || self.continued;
        let may_wait = !at_end && !goes_on && self.wait != Wait::NoMore && bytes.len() <= most;
        let mut end = self.end;
        if end.is_none() {
            end = self.find_end(bytes, from, sealed, may_wait);
        }
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
        if length > most {
            return self.too_long(bytes, accepted, counts);
        }
        if found.is_none() && !(at_end && length > 0) {
            self.searched = match self.wait {
                Wait::For(held) => held.at,
                Wait::No | Wait::NoMore => length,
            };
            return Next::More;
        }
        let text = &bytes[..length];
        let text = match end {
            Some(b'\n') if found.is_some() => text.strip_suffix(b"\r").unwrap_or(text),
            _ => text,
        };
        self.end_wait();
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
    /// line feeds in them. `None`: neither has come, or a line feed that may be one
    /// in the message.
    fn find_end(&mut self, bytes: &[u8], from: usize, sealed: bool, may_wait: bool) -> Option<u8> {
        let held = match self.wait {
            Wait::For(held) => Some(held),
            Wait::No | Wait::NoMore => None,
        };
        let at = match held.filter(|held| held.at < bytes.len()) {
            Some(held) => held.at,
            None => from + memchr2(b'\n', 0, &bytes[from..])?,
        };
        let (text, behind) = (&bytes[..at], &bytes[at + 1..]);
        let start = match (held, Start::of(bytes, sealed)) {
            (Some(held), _) => held.start,
            (_, Start::Object) if bytes[at] == b'\n' && is_open_object(text) => Start::Other,
            (_, start) => start,
        };
        // Of a message before this one it is only known that there is no NUL.
        let looked_at = held.map_or(0, |_| self.without_nul);
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
            // The rest of a message is on its way, and a NUL behind it: what stands on
            // the next line begins as no message does.
            None if may_wait
                && (held.is_some() || begins_message(bytes, text, sealed))
                && !behind.is_empty()
                && Start::of(behind, sealed) == Start::Other
                && !has_lines(bytes, looked_at, sealed)
                && self.holds(
                    bytes,
                    looked_at,
                    Held {
                        at,
                        start,
                        lines: 0,
                    },
                ) =>
            {
                return None;
            }
            None => {
                self.guess = Some((b'\n', start));
                return Some(b'\n');
            }
        };
        self.end = Some(end);
        self.end
    }

    /// Holds lines back, unless they are so short that they would be very many records
    /// once nobody waits for a NUL any more. What stands before `from` was counted.
    fn holds(&mut self, bytes: &[u8], from: usize, new: Held) -> bool {
        let mut held = match self.wait {
            Wait::For(held) => held,
            Wait::No | Wait::NoMore => new,
        };
        held.lines += memchr_iter(b'\n', &bytes[from.max(held.at)..]).count();
        let holds = held.lines <= FEW + bytes.len() / SHORT;
        self.wait = if holds { Wait::For(held) } else { Wait::NoMore };
        holds
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
        // What is noted of it holds for its beginning alone.
        self.end_wait();
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

/// Lines that are held back may be so many, and one for each so many bytes.
const FEW: usize = 64;
const SHORT: usize = 16;

/// Lines that are held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    /// Where the first of them ends.
    at: usize,
    /// How it begins, as far as that tells of the next message.
    start: Start,
    lines: usize,
}

/// Whether it is waited for a NUL behind several lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    No,
    For(Held),
    /// It was, and none has come: it is not done again.
    NoMore,
}

/// Whether a message of several lines may begin so: `line` is the first of them.
fn begins_message(bytes: &[u8], line: &[u8], sealed: bool) -> bool {
    match Start::of(bytes, sealed) {
        Start::Priority => true,
        Start::Object => is_open_object(line),
        Start::Other | Start::Unknown => false,
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
