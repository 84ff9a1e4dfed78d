//! What may become of a mail.

use std::io;

use crate::diag::plain;

/// Recipients, by their place in a list, and what the server said of each.
pub(super) type Refusals = Vec<(usize, String)>;

/// What a server said of a mail's recipients. It has the mail where it accepted
/// one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sent {
    /// How many it accepted.
    pub accepted: usize,
    /// Those it refuses for good.
    pub refused: Refusals,
    /// Those it may accept later.
    pub deferred: Refusals,
    /// At which of them it has ended the connection.
    pub left_at: Option<usize>,
}

/// Why a server does not have a mail.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It does not want this one, however often it is sent.
    Refused(String),
    /// It may take it later, or when somebody has changed something.
    Later(String),
    /// The connection broke.
    Broken(io::Error),
    /// It broke when the server had the whole mail and had not said so: it may
    /// have taken it.
    Doubtful(io::Error),
}

impl Trouble {
    /// The same where the whole mail was sent already.
    pub fn after_the_dot(self) -> Trouble {
        match self {
            Trouble::Broken(error) => Trouble::Doubtful(error),
            other => other,
        }
    }

    /// It in words.
    pub fn text(&self) -> String {
        match self {
            Trouble::Refused(text) | Trouble::Later(text) => text.clone(),
            Trouble::Broken(error) | Trouble::Doubtful(error) => plain(error),
        }
    }
}
