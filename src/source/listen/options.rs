//! What a listener is told.

use std::path::PathBuf;
use std::time::Duration;

use crate::clean::Mask;
use crate::net::{Allow, Bound, TlsServer};
use crate::record::Defaults;
use crate::wire::framing::Oversize;
use crate::wire::hmac::Key;

/// What stands around a record's text: its attributes, and the wire's own.
pub(super) const AROUND: usize = 64 << 10;

/// A message of up to so many times the longest is skipped as it comes: at the
/// default those are 17 MiB, more than any logger makes of a record, and soon
/// over; lengths that are none at all are greater as a rule.
const SKIPPED: usize = 16;

/// What peers speak (`--wire`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// Pickles of Python's `LogRecord`.
    Pickle,
    /// JSON objects.
    Json,
    /// Plain lines.
    Lines,
    /// Syslog in all its forms.
    Syslog,
    /// Graylog's format.
    Gelf,
    /// Numbered frames.
    Lh,
}

/// What a listener is told.
pub struct ListenOptions {
    /// Where it listens.
    pub bound: Vec<Bound>,
    /// What peers speak; `None`: each shows it by what it sends first.
    pub wire: Option<Wire>,
    /// What records get that do not say it themselves.
    pub defaults: Defaults,
    /// The longest record in bytes.
    pub max_record: usize,
    /// What becomes of a longer one.
    pub oversize: Oversize,
    /// Take escape sequences out.
    pub strip_ansi: bool,
    /// What is replaced.
    pub masks: Vec<Mask>,
    /// Sum repeats up, after so long at the latest.
    pub dedup: Option<Duration>,
    /// Every message has to be authenticated with this key.
    pub key: Option<Key>,
    /// Streams of tcp are encrypted.
    pub tls: Option<TlsServer>,
    /// Who may send.
    pub allow: Allow,
    /// So many connections are open at once, at most.
    pub max_connections: usize,
    /// One that says nothing for so long is closed.
    pub idle_timeout: Option<Duration>,
    /// Where it is remembered how far senders of numbered frames are.
    pub state: Option<PathBuf>,
}

/// How messages are to be.
pub(super) struct Accepted {
    pub(super) wire: Option<Wire>,
    pub(super) max_record: usize,
    pub(super) oversize: Oversize,
    /// Every message has to be authenticated with it.
    pub(super) key: Option<Key>,
}

impl Accepted {
    /// The longest message: a record with what stands around it.
    pub(super) fn longest_frame(&self) -> usize {
        self.max_record.saturating_add(AROUND)
    }

    /// The same of a stream that tells lengths: escapes take a character up to
    /// four times the room, and what is too long then is cut as a record.
    pub(super) fn longest_counted(&self) -> usize {
        self.max_record.saturating_mul(4).saturating_add(AROUND)
    }

    /// The longest message that is waited for although it is not taken. A sender
    /// whose connection is closed sends it again, for ever, and with it what came
    /// before; but behind what says that it is longer than this, no sensible
    /// message will come.
    pub(super) fn longest_skipped(&self) -> usize {
        let most = self.longest_frame().saturating_mul(SKIPPED);
        most.max(self.longest_counted())
    }
}
