//! Where the messages of a stream begin and end.

mod counted;
mod numbered;
mod text;

pub(super) use self::counted::{Counted, Lengths};
pub(super) use self::numbered::Numbered;
pub(super) use self::text::Text;
use super::Accepted;
use crate::level::Level;
use crate::wire::framing::OversizeCounts;
use crate::wire::http::HttpConversation;
use crate::wire::lh::{NotThisWire, SenderId};

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
            text.consumed(rest);
        }
    }

    /// Whether lines are held back that may be those of one message.
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self, Protocol::Text(text) if text.is_waiting())
    }

    /// Whether it is text, of which what has come is worth keeping.
    pub(super) fn is_text(&self) -> bool {
        matches!(self, Protocol::Text(_))
    }
}

#[cfg(test)]
mod tests;
