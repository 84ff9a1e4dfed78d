//! What the handler is told.

use std::time::Duration;

use super::{Credentials, MailAddress};
use crate::diag::Diag;
use crate::level::Level;
use crate::net::{Address, Backoff, TlsClient};
use crate::wire::lh::SenderId;

/// When TLS begins.
#[derive(Clone, Debug)]
pub enum Security {
    /// Never: everybody on the way can read all.
    None,
    /// By STARTTLS, before anything else is said. A server that does not offer
    /// it gets nothing.
    StartTls(TlsClient),
    /// With the connection.
    Implicit(TlsClient),
}

/// When many records go into one mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DigestRule {
    /// When they are so many.
    pub records: Option<u64>,
    /// When the first of them has waited so long.
    pub wait: Option<Duration>,
}

/// What the handler is told.
pub struct SmtpOptions {
    /// Where the server is.
    pub address: Address,
    /// When TLS begins.
    pub security: Security,
    /// Who logs in.
    pub credentials: Option<Credentials>,
    /// Our name, as EHLO says it.
    pub hello: String,
    /// Whom mails are from.
    pub from: MailAddress,
    /// Who gets them.
    pub to: Vec<MailAddress>,
    /// Who gets a copy.
    pub cc: Vec<MailAddress>,
    /// How long each phase of a session may take; four times as long the answer
    /// to a whole mail, and longer where that was too short.
    pub timeout: Duration,
    /// How long it waits after a mail that was not taken.
    pub backoff: Backoff,
    /// When many records go into one mail; `None`: each has its own.
    pub digest: Option<DigestRule>,
    /// The first record of this level or above it does not wait for the digest,
    /// after a time without mails of such records that is as long as one waits.
    pub first_now: Option<Level>,
    /// How many mails there may be in an hour. What comes beyond them goes into
    /// the next one.
    pub max_per_hour: Option<u32>,
    /// Records are attached, too.
    pub attach: bool,
    /// In a digest, records have their time and level before them.
    pub prefix: bool,
    /// Times in UTC.
    pub utc: bool,
    /// The machine that records are from, as a digest names it.
    pub host: String,
    /// Whose the records are, until it is [told](crate::handler::Handler::number) otherwise.
    pub sender: SenderId,
    /// Where it says what concerns mails, and not records.
    pub diag: Diag,
}
