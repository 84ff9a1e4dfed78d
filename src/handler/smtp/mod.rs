//! `smtp`: records as mails (Python's `SMTPHandler`), one in each or many.
//!
//! Records are taken over and held until the server has said that it has their
//! mail. A mail is made once, and stays the same, with the same Message-ID,
//! however often it has to be sent. The session is written here, and not taken
//! from lettre with the mails: the connection is kept, each phase has its
//! time-out, the end of the run does not wait for any, and it is known whether a
//! mail was lost before or after its last dot.

mod address;
mod answers;
mod credentials;
mod digest;
mod doubt;
mod limit;
mod mail;
mod message;
mod options;
mod session;
mod shape;
#[cfg(test)]
mod tests;
mod trouble;
mod worker;

use std::collections::{HashSet, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use address::MailAddress;
pub use credentials::{Credentials, Password};
pub use options::{DigestRule, Security, SmtpOptions};

use digest::Form;
use doubt::Patience;
use limit::Limit;
use mail::{Carried, Gathering, Mail, Owed};
use message::Draft;
use session::Route;
use worker::{Job, Worker};

use super::{EmitError, Handler, Refusal};
use crate::batch::Frames;
use crate::diag::Diag;
use crate::level::Level;
use crate::net::{Backoff, Connector, Transport};
use crate::now::Now;
use crate::wire::lh::SenderId;
use crate::wire::mail::MailRecord;
use crate::wire::smtp::wire_form;

/// How long the end waits for a server, where nobody says anything else.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long is waited for an answer before whoever hands records over, or asks
/// what is due, is told to come again.
const LOOK: Duration = Duration::from_millis(100);

/// How many mails wait to be sent while more are made.
const WINDOW: usize = 16;

/// Where a quiet time ends that nobody has said the length of.
const QUIET: Duration = Duration::from_secs(300);

/// What [`SmtpHandler::probe`] has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmtpProbe {
    /// TLS is agreed on, and the server's certificate is right.
    pub secured: bool,
    /// Who has logged in.
    pub user: Option<String>,
    /// The longest mail that it takes, in bytes, if it says so.
    pub size: Option<u64>,
}

/// See the [module](self).
pub struct SmtpHandler {
    route: Arc<Route>,
    /// The sender and all recipients, as a session wants them.
    sender: Arc<str>,
    recipients: Vec<String>,
    utf8: bool,
    from: MailAddress,
    to: Vec<MailAddress>,
    cc: Vec<MailAddress>,
    digest: Option<DigestRule>,
    first_now: Option<Level>,
    form: Form,
    limit: Limit,
    patience: Patience,
    backoff: Backoff,
    diag: Diag,
    gathering: Gathering,
    outbox: VecDeque<Mail>,
    owed: VecDeque<Owed>,
    /// Records that nobody takes, and why.
    refused: Vec<(Carried, String)>,
    worker: Option<Worker>,
    flight: Option<Flight>,
    /// Whose the next record is, and its number.
    next: (SenderId, u64),
    /// When the last mail was made that had a record of the level that does not
    /// wait.
    last: Option<Instant>,
    /// Nothing has succeeded since something failed.
    failed: bool,
    /// What is gathered does not wait any more; nor do later ones.
    hastens: bool,
    closing: bool,
    /// Recipients of which it was told that they are refused.
    told: HashSet<String>,
}

/// What is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flight {
    /// The first mail of the outbox.
    Mail,
    /// The first one that is owed.
    Owed,
}

/// Why nothing goes on.
enum Halt {
    /// It takes time.
    Waiting,
    Failed(io::Error),
}

impl Halt {
    fn at(self, done: usize) -> EmitError {
        match self {
            Halt::Waiting => EmitError::slow(done),
            Halt::Failed(error) => EmitError::retry(done, "cannot deliver", error),
        }
    }
}

/// Python's `SMTPHandler`, and more. Nothing is opened yet.
pub fn smtp(options: SmtpOptions) -> SmtpHandler {
    let (transport, starttls) = match options.security {
        Security::None => (Transport::Tcp, None),
        Security::StartTls(client) => (Transport::Tcp, Some(client)),
        Security::Implicit(client) => (Transport::Tls(client), None),
    };
    let route = Route {
        connector: Connector::new(options.address, transport, options.timeout),
        starttls,
        credentials: options.credentials,
        hello: options.hello,
        timeout: options.timeout,
    };
    let form = Form {
        prefix: options.prefix,
        attach: options.attach,
        utc: options.utc,
        host: options.host,
        max_per_hour: options.max_per_hour,
    };
    let everybody = || options.to.iter().chain(&options.cc);
    SmtpHandler {
        route: Arc::new(route),
        sender: options.from.envelope().into(),
        recipients: everybody().map(MailAddress::envelope).collect(),
        utf8: options.from.is_utf8() || everybody().any(MailAddress::is_utf8),
        from: options.from,
        digest: options.digest,
        first_now: options.first_now,
        gathering: Gathering::new(form.clone()),
        form,
        limit: Limit::new(options.max_per_hour),
        patience: Patience::new(options.timeout),
        backoff: options.backoff,
        diag: options.diag,
        outbox: VecDeque::new(),
        owed: VecDeque::new(),
        refused: Vec::new(),
        worker: None,
        flight: None,
        next: (options.sender, 1),
        last: None,
        failed: false,
        hastens: false,
        closing: false,
        told: HashSet::new(),
        to: options.to,
        cc: options.cc,
    }
}

impl SmtpHandler {
    /// Tries the server: connects, agrees on TLS, logs in and takes leave. Sends
    /// nothing.
    ///
    /// # Errors
    /// What a mail would fail of, in words.
    pub fn probe(&self) -> Result<SmtpProbe, String> {
        let session = self.route.open().map_err(|trouble| trouble.text())?;
        let probe = SmtpProbe {
            secured: session.secured,
            user: session.user.clone(),
            size: session.offers.size.filter(|size| *size > 0),
        };
        session.quit(self.route.timeout);
        Ok(probe)
    }

    /// Hears what became of the mail that is on its way, and sends the next one,
    /// where that is due.
    fn pump(&mut self, now: Now, most: Duration) -> Result<(), Halt> {
        let mut now = now;
        if let (Some(flight), Some(worker)) = (self.flight, &self.worker) {
            let Some(result) = worker.wait(most) else {
                return Ok(());
            };
            self.flight = None;
            now = Now::read();
            match flight {
                Flight::Mail => self.hear(result, now)?,
                Flight::Owed => self.hear_of_owed(result, now),
            }
        }
        if self.backoff.due().is_some_and(|due| due > now.mono) {
            return Err(Halt::Waiting);
        }
        self.make(now);
        self.post(now)
    }

    /// Makes mails of what is gathered, where that is due.
    fn make(&mut self, now: Now) {
        if self.gathering.count() == 0 || self.outbox.len() >= WINDOW || !self.is_ready(now) {
            return;
        }
        let gathering = std::mem::replace(&mut self.gathering, Gathering::new(self.form.clone()));
        let id = format!("{}@{}", gathering.id(), self.from.host());
        let (held_back, has_grave) = (gathering.held_back, gathering.has_grave);
        let (digest, carried) = gathering.take();
        let contents = digest.finish(held_back);
        let draft = Draft {
            from: &self.from,
            to: &self.to,
            cc: &self.cc,
            subject: &contents.subject,
            text: &contents.text,
            attachment: contents.attachment.as_deref(),
            date: now.wall,
            id: &id,
        };
        if has_grave {
            self.last = Some(now.mono);
        }
        match draft.build() {
            Ok(bytes) => {
                self.limit.note(now.mono);
                self.outbox.push_back(Mail {
                    bytes: Arc::new(wire_form(&bytes)),
                    recipients: self.recipients.clone(),
                    aside: Vec::new(),
                    carried,
                    doubts: 0,
                });
            }
            Err(error) => self.refused.push((carried, error.to_string())),
        }
    }

    /// Whether what is gathered becomes a mail now.
    fn is_ready(&self, now: Now) -> bool {
        self.closing || (self.is_due(now) && self.limit.wait(now.mono).is_none())
    }

    /// The same where there may be any number of mails.
    fn is_due(&self, now: Now) -> bool {
        let Some(rule) = self.digest else {
            return true;
        };
        let full = rule
            .records
            .is_some_and(|most| self.gathering.count() >= most);
        let old = self.waited().is_some_and(|due| due <= now.mono);
        self.hastens || self.gathering.urgent || full || old
    }

    /// When the records that are gathered have waited long enough.
    fn waited(&self) -> Option<Instant> {
        Some(self.gathering.since? + self.digest?.wait?)
    }

    /// Sends the next mail, if none is on its way.
    fn post(&mut self, now: Now) -> Result<(), Halt> {
        if self.flight.is_some() {
            return Ok(());
        }
        // Who is due first stands in front.
        if let Some(first) = (0..self.owed.len()).min_by_key(|at| self.owed[*at].due) {
            self.owed.swap(0, first);
        }
        let (flight, bytes, recipients) = match (self.outbox.front(), self.owed.front()) {
            (Some(mail), _) => (Flight::Mail, &mail.bytes, &mail.recipients),
            (None, Some(owed)) if self.closing || owed.due <= now.mono => {
                (Flight::Owed, &owed.bytes, &owed.recipients)
            }
            _ => return Ok(()),
        };
        let job = Job {
            from: Arc::clone(&self.sender),
            recipients: recipients.clone(),
            bytes: Arc::clone(bytes),
            utf8: self.utf8,
            patience: self.patience.get(),
        };
        let worker = match self.worker.take() {
            Some(worker) => Ok(worker),
            None => Worker::start(Arc::clone(&self.route)),
        };
        let sent = worker.and_then(|worker| {
            let sent = worker.send(job);
            self.worker = Some(worker);
            sent
        });
        match sent {
            Ok(()) => self.flight = Some(flight),
            Err(error) => {
                self.worker = None;
                return Err(self.fail(error, now));
            }
        }
        Ok(())
    }

    /// Takes records over, as far as mails can be made of them.
    fn take(&mut self, frames: &Frames<'_>, from: usize, now: Now) -> usize {
        let mut at = from;
        for (frame, _) in frames.iter_from(from) {
            self.make(now);
            if self.outbox.len() >= WINDOW && self.gathering.count() > 0 && self.is_ready(now) {
                break;
            }
            at += frame.len();
            let record = MailRecord::read(frame);
            self.gathering.add(frame, &record, self.next, now.mono);
            self.next.1 += 1;
            if let (Some(level), Some(rule)) = (self.first_now, self.digest)
                && record.level >= level
            {
                let quiet = rule.wait.unwrap_or(QUIET);
                let since = self
                    .last
                    .map(|last| now.mono.saturating_duration_since(last));
                self.gathering.urgent |= since.is_none_or(|since| since >= quiet);
                self.gathering.has_grave = true;
            }
            if self.limit.wait(now.mono).is_some() && self.is_due(now) {
                self.gathering.held_back = true;
            }
        }
        self.make(now);
        at
    }
}

impl Handler for SmtpHandler {
    fn kind(&self) -> &'static str {
        "smtp"
    }

    fn target(&self) -> String {
        self.route.connector.target()
    }

    fn probe(&self) -> Result<String, String> {
        let found = SmtpHandler::probe(self)?;
        let secured = match found.secured {
            true => ", its certificate is good",
            false => ", without TLS",
        };
        let user = found
            .user
            .map_or_else(String::new, |user| format!(", it lets {user} in"));
        Ok(format!("it answers{secured}{user}"))
    }

    /// A server may come later.
    fn open(&mut self, _now: Now) -> io::Result<()> {
        Ok(())
    }

    fn emit(&mut self, frames: &Frames<'_>, from: usize, now: Now) -> Result<(), EmitError> {
        let mut done = from;
        let mut now = now;
        let until = now.mono + LOOK;
        let mut wait = Duration::ZERO;
        loop {
            self.pump(now, wait).map_err(|halt| halt.at(done))?;
            // While the server is in trouble, it is tried with what is held.
            if !self.failed {
                done = self.take(frames, done, now);
                self.post(now).map_err(|halt| halt.at(done))?;
                if done == frames.len() {
                    return Ok(());
                }
            }
            wait = now.until(until);
            if wait.is_zero() {
                return Err(EmitError::slow(done));
            }
            now = Now::read();
        }
    }

    fn deadline(&self, now: Now) -> Option<Instant> {
        if self.flight.is_some() {
            return Some(now.mono);
        }
        let owed = self.owed.iter().map(|owed| owed.due).min();
        if self.failed {
            return Some(self.backoff.due().unwrap_or(now.mono));
        }
        let rest = |due: Instant| self.backoff.due().map_or(due, |until| due.max(until));
        if !self.outbox.is_empty() {
            return Some(rest(now.mono));
        }
        let gathered = match self.gathering.count() {
            0 => None,
            _ if self.is_ready(now) => Some(now.mono),
            _ => {
                let due = match self.is_due(now) {
                    true => Some(now.mono),
                    false => self.waited(),
                };
                due.map(|due| due.max(self.limit.wait(now.mono).unwrap_or(due)))
            }
        };
        gathered.into_iter().chain(owed).min().map(rest)
    }

    fn tick(&mut self, now: Now) -> Result<(), EmitError> {
        self.pump(now, LOOK / 2).map_err(|halt| halt.at(0))?;
        match self.failed {
            true => Err(EmitError::slow(0)),
            false => Ok(()),
        }
    }

    /// A server that was away is tried at once, on a new connection.
    fn reopen(&mut self, _now: Now) {
        self.backoff.succeeded();
        if self.flight.is_none() {
            self.worker = None;
        }
    }

    fn flush(&mut self, now: Now) {
        let hastens = std::mem::replace(&mut self.hastens, true);
        // An error comes again, and is told then.
        let _ = self.pump(now, Duration::ZERO);
        self.hastens = hastens;
    }

    fn patience(&self, _hurry: bool) -> Option<Duration> {
        Some(PATIENCE)
    }

    fn unproven(&self) -> u64 {
        let mails = self.outbox.iter().map(|mail| mail.carried.count);
        mails.sum::<u64>() + self.gathering.count()
    }

    fn refused(&mut self, each: &mut dyn FnMut(Refusal<'_>)) {
        for (carried, reason) in self.refused.drain(..) {
            carried.hand_out(&mut |frames| {
                each(Refusal {
                    frames: *frames,
                    lost: None,
                    doing: "cannot deliver a mail",
                    reason: &reason,
                });
            });
        }
    }

    /// The pause stays as it is, so that a server in trouble is not stormed.
    fn drop_failed(&mut self, each: &mut dyn FnMut(&Frames<'_>)) -> bool {
        if let Some(mail) = self.outbox.pop_front() {
            mail.carried.hand_out(each);
        }
        self.failed = false;
        true
    }

    fn has_recovered(&self, _now: Now) -> bool {
        !self.failed && self.backoff.due().is_none()
    }

    fn is_delivered(&self) -> bool {
        self.unproven() == 0 && self.owed.is_empty()
    }

    fn surrender(&mut self, each: &mut dyn FnMut(&Frames<'_>)) {
        // A late answer would be taken for that of the next mail.
        self.worker = None;
        self.flight = None;
        for mail in self.outbox.drain(..) {
            mail.carried.hand_out(each);
        }
        let gathering = std::mem::replace(&mut self.gathering, Gathering::new(self.form.clone()));
        let (_, carried) = gathering.take();
        carried.hand_out(each);
        // Their mails have arrived, and no record is in doubt for them.
        while !self.owed.is_empty() {
            self.give_up_owed("it did not accept them before the end");
        }
    }

    fn number(&mut self, sender: SenderId, next: u64) {
        self.next = (sender, next);
    }

    fn close(&mut self, now: Now, _hurry: bool) -> Result<(), EmitError> {
        let begins = !std::mem::replace(&mut self.closing, true);
        if begins && self.outbox.front().is_some_and(|mail| mail.doubts == 1) {
            // It rests for the limit only.
            self.backoff.succeeded();
        }
        if !self.is_delivered() {
            self.pump(now, LOOK / 2).map_err(|halt| halt.at(0))?;
        }
        if !self.is_delivered() {
            return Err(EmitError::slow(0));
        }
        if let Some(worker) = self.worker.take() {
            worker.quit();
        }
        Ok(())
    }
}
