//! `http`: records as the bodies of requests (Python's `HTTPHandler`), one at a
//! time or many together.
//!
//! Records are taken over and held until a server has said that it has them.
//! What makes a body of them is in `wire::body`, what an answer means in
//! `verdict`. A batch that is refused is halved until the record stands alone
//! that the server does not want; everything else that a server may answer
//! keeps the records.

mod endpoint;
mod headers;
mod held;
mod proxy;
#[cfg(test)]
mod tests;
mod transport;
mod verdict;
mod worker;

use std::io;
use std::time::{Duration, Instant};

pub use endpoint::Endpoint;
pub use headers::{Auth, AuthScheme, Header};
pub use proxy::Proxy;

use held::{Front, Held};
use verdict::{Answer, Verdict, hint, judge, shown};
use worker::{Common, Done, Job, Worker, dialer, look};

use super::{EmitError, Handler, Refusal};
use crate::batch::Frames;
use crate::diag::plain;
use crate::net::{Backoff, TlsClient};
use crate::now::Now;
use crate::wire::body::Assembly;
use crate::wire::lh::SenderId;
use crate::wire::presets::{elasticsearch, otlp, splunk};

/// How long the end waits for a server, where nobody says anything else.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long is waited for an answer before whoever hands records over, or asks
/// what is due, is told to come again.
const LOOK: Duration = Duration::from_millis(100);

/// The longest URL that is sent, in bytes: servers take 8,000 at least (RFC
/// 9110, section 4.1), and hardly more.
const LONGEST_URL: usize = 8000;

/// How a request is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// The record is a part of the URL.
    Get,
    /// The record is the body.
    #[default]
    Post,
}

/// Which answers tell more than their status does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reading {
    /// None.
    #[default]
    Status,
    /// Those of Elasticsearch: what became of each document.
    Items,
    /// Those of OTLP: how many records were not taken.
    Partial,
    /// Those of Splunk: whether it is a record that is wrong.
    Code,
}

/// When records are sent together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch {
    /// When they are so many.
    pub records: u64,
    /// When they have so many bytes; one record may have more.
    pub bytes: u64,
    /// When the first of them has waited so long.
    pub wait: Duration,
}

/// What the handler is told.
pub struct HttpOptions {
    /// Where requests go.
    pub endpoint: Endpoint,
    /// How they are made.
    pub method: Method,
    /// How a body is made of records.
    pub assembly: Assembly,
    /// What a body is, unless a header says it.
    pub content_type: &'static str,
    /// Which answers tell more.
    pub reading: Reading,
    /// Headers of every request.
    pub headers: Vec<Header>,
    /// Credentials.
    pub auth: Option<Auth>,
    /// For an endpoint of https.
    pub tls: Option<TlsClient>,
    /// A proxy on the way.
    pub proxy: Option<Proxy>,
    /// How long each phase of a request may take: the connection; a silence
    /// while it is sent; the answer.
    pub timeout: Duration,
    /// When records are sent together.
    pub batch: Batch,
    /// Bodies are compressed.
    pub gzip: bool,
    /// Whose the records are, until it is [told](Handler::number) otherwise.
    pub sender: SenderId,
    /// How long it waits after a request that has failed.
    pub backoff: Backoff,
    /// Records are tried again also where a server takes nothing of us (401, 403,
    /// 404 and the like), and not given up: they wait on the disk, until somebody
    /// has mended what is wrong.
    pub keeps: bool,
}

/// See the [module](self).
pub struct HttpHandler {
    endpoint: Endpoint,
    assembly: Assembly,
    reading: Reading,
    auth: Option<Auth>,
    /// The header of it that is sent, and what no message may show.
    credentials: Option<Header>,
    /// The one that the last request had.
    sent: Option<Header>,
    /// It was refused, so it is read anew before the next one.
    doubted: bool,
    secrets: Vec<String>,
    common: Common,
    tls: Option<TlsClient>,
    proxy: Option<Proxy>,
    timeout: Duration,
    batch: Batch,
    backoff: Backoff,
    held: Held,
    worker: Option<Worker>,
    /// What is on its way.
    flight: Option<Front>,
    /// Records that are sent together and without others, by their number: the
    /// parts of a batch that was refused, or a batch that is sent again. The first
    /// of them is the last.
    parts: Vec<u64>,
    /// Records that the server does not want, how many of them if not all, and
    /// why.
    refused: Vec<(crate::batch::OwnedFrames, Option<u64>, String)>,
    /// Nothing has succeeded since something failed.
    failed: bool,
    /// The records that failed last.
    failing: Option<Front>,
    /// Records outlive a server that takes nothing of us.
    keeps: bool,
    /// What is held is sent, however little it is.
    hastens: bool,
    /// Room for a body.
    room: Vec<u8>,
}

/// Python's `HTTPHandler`, and more.
///
/// # Errors
/// When the credentials can't be read.
pub fn http(options: HttpOptions) -> io::Result<HttpHandler> {
    let mut handler = HttpHandler {
        secrets: options.endpoint.secrets(),
        endpoint: options.endpoint,
        assembly: options.assembly,
        reading: options.reading,
        auth: options.auth,
        credentials: None,
        sent: None,
        doubted: false,
        common: Common {
            method: options.method,
            content_type: options.content_type,
            headers: options.headers,
            gzip: options.gzip,
        },
        tls: options.tls,
        proxy: options.proxy,
        timeout: options.timeout,
        batch: options.batch,
        backoff: options.backoff,
        held: Held::new(options.sender),
        worker: None,
        flight: None,
        parts: Vec::new(),
        refused: Vec::new(),
        failed: false,
        failing: None,
        keeps: options.keeps,
        hastens: false,
        room: Vec::new(),
    };
    let given = handler
        .common
        .headers
        .iter()
        .filter(|header| header.is_credential());
    handler.secrets.extend(given.map(Header::secret));
    handler.read_credentials()?;
    Ok(handler)
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

impl HttpHandler {
    fn read_credentials(&mut self) -> io::Result<()> {
        if let Some(auth) = &self.auth {
            let (header, secret) = auth.read()?;
            if !self.secrets.contains(&secret) {
                self.secrets.extend([secret, header.secret()]);
            }
            self.credentials = Some(header);
        }
        Ok(())
    }

    /// Hears what became of the request that is on its way, and sends the next
    /// one, where that is due.
    fn pump(&mut self, now: Now, most: Duration) -> Result<(), Halt> {
        if let (Some(front), Some(worker)) = (self.flight, &self.worker) {
            let Some(done) = worker.wait(most) else {
                return Ok(());
            };
            self.flight = None;
            self.hear(done, front, Now::read())?;
        }
        if self.backoff.due().is_some_and(|due| due > now.mono) {
            return Err(Halt::Waiting);
        }
        if self.flight.is_none() && self.is_ready(now) {
            self.send(now)?;
        }
        Ok(())
    }

    /// Whether what is held is to be sent now.
    fn is_ready(&self, now: Now) -> bool {
        let full = || {
            self.held.count() >= self.batch.records || self.held.bytes() as u64 >= self.batch.bytes
        };
        let old = || self.due().is_some_and(|due| due <= now.mono);
        let again = self.failed || !self.parts.is_empty();
        self.held.count() > 0 && (self.hastens || again || full() || old())
    }

    /// When the records that are held have waited long enough.
    fn due(&self) -> Option<Instant> {
        self.held.oldest().map(|since| since + self.batch.wait)
    }

    fn send(&mut self, now: Now) -> Result<(), Halt> {
        self.failing = None;
        if self.doubted {
            // Where that fails, the server may take the old ones again.
            let _ = self.read_credentials();
        }
        let most = self.parts.last().copied().unwrap_or(self.batch.records);
        let front = self.held.front(most, self.batch.bytes);
        let (sender, first) = self.held.first();
        let mut body = std::mem::take(&mut self.room);
        body.clear();
        let id = |index: usize| format!("{sender}-{}", first + index as u64);
        self.assembly
            .assemble(self.held.records(front), id, &mut body);
        let mut more = Vec::new();
        if self.common.method == Method::Get {
            std::mem::swap(&mut more, &mut body);
        }
        let url = self.endpoint.url(&more);
        if !more.is_empty() && url.len() > LONGEST_URL {
            let length = url.len();
            let why = format!("its URL would have {length} bytes, and {LONGEST_URL} may be sent");
            self.refuse(front, why);
            return Ok(());
        }
        let job = Job {
            url,
            // The same however often it is sent.
            key: format!("{sender}-{first}-{}", first + front.count - 1),
            auth: self.credentials.clone(),
            body,
        };
        self.sent.clone_from(&job.auth);
        let sent = self.worker().and_then(|worker| worker.send(job));
        if let Err(error) = sent {
            self.hold_together(front);
            return Err(self.fail(front, error, None, now));
        }
        self.flight = Some(front);
        Ok(())
    }

    fn worker(&mut self) -> io::Result<&Worker> {
        let worker = match self.worker.take() {
            Some(worker) => worker,
            None => {
                let (proxy, tls) = (self.proxy.as_ref(), self.tls.as_ref());
                let dialer = dialer(&self.endpoint, proxy, tls, self.timeout);
                Worker::start(self.common.clone(), dialer)?
            }
        };
        Ok(self.worker.insert(worker))
    }

    fn hear(&mut self, done: Done, front: Front, now: Now) -> Result<(), Halt> {
        self.room = done.room;
        let answer = match done.result {
            Ok(answer) => answer,
            Err(error) => {
                let error = io::Error::new(
                    error.kind(),
                    shown(error.to_string().as_bytes(), &self.secrets),
                );
                self.hold_together(front);
                return Err(self.fail(front, error, None, now));
            }
        };
        self.doubted = is_about_credentials(answer.status);
        match self.judge(&answer) {
            Verdict::Taken => self.took(&answer, front, now),
            Verdict::Refused => {
                self.halve(&answer, front);
                self.recovered();
                Ok(())
            }
            // The same goes out again, and nothing is wrong so far.
            Verdict::Unwelcome if self.rereads() => {
                self.hold_together(front);
                Ok(())
            }
            Verdict::Unwelcome if !self.keeps => {
                self.parts.clear();
                let reason = self.reason(&answer);
                self.refuse(front, reason);
                self.recovered();
                Ok(())
            }
            Verdict::Later | Verdict::Unwelcome => {
                self.hold_together(front);
                let error = io::Error::other(self.reason(&answer));
                Err(self.fail(front, error, answer.wait(now.wall), now))
            }
        }
    }

    /// By what the receiver says beside its status, too.
    fn judge(&self, answer: &Answer) -> Verdict {
        match judge(answer.status) {
            Verdict::Refused if self.hint(answer).is_some() => Verdict::Unwelcome,
            verdict => verdict,
        }
    }

    /// What to do where a receiver says that it is not a record that is wrong.
    fn hint(&self, answer: &Answer) -> Option<&'static str> {
        let says = self.reading == Reading::Code && answer.status == 400;
        says.then(|| splunk::read_hint(&answer.text)).flatten()
    }

    /// What the server says, in words.
    fn reason(&self, answer: &Answer) -> String {
        let reason = answer.reason(&self.secrets);
        match self.hint(answer) {
            Some(hint) => format!("{reason}; {hint}"),
            None => reason,
        }
    }

    /// What was sent is sent again as it was, and has the same key then; others
    /// that have come since wait.
    fn hold_together(&mut self, front: Front) {
        if self.parts.is_empty() {
            self.parts.push(front.count);
        }
    }

    /// Whether credentials that are refused have been replaced since they were
    /// sent; they are now.
    fn rereads(&mut self) -> bool {
        self.doubted && self.read_credentials().is_ok() && self.credentials != self.sent
    }

    /// The server has taken a batch, or parts of it.
    fn took(&mut self, answer: &Answer, front: Front, now: Now) -> Result<(), Halt> {
        match self.reading {
            Reading::Status | Reading::Code => {}
            Reading::Items => {
                if let Some(items) = elasticsearch::read_items(&answer.text) {
                    return self.took_items(&items, front, now);
                }
            }
            Reading::Partial => {
                if let Some((count, reason)) = otlp::read_rejected(&answer.text) {
                    let reason = shown(reason.as_bytes(), &self.secrets);
                    // Sent again, the others would be there twice, so that the
                    // protocol forbids it.
                    let all = front.count;
                    let (lost, why) = match count >= all {
                        true => (None, reason),
                        false => (
                            Some(count),
                            format!("{count} of these {all}, and it does not say which: {reason}"),
                        ),
                    };
                    self.parts.pop();
                    self.refused.push((self.held.copy(front), lost, why));
                    self.held.forget(front);
                    self.recovered();
                    return Ok(());
                }
            }
        }
        self.parts.pop();
        self.held.forget(front);
        self.recovered();
        Ok(())
    }

    /// What became of each document, from the first on.
    fn took_items(
        &mut self,
        items: &[elasticsearch::Item],
        front: Front,
        now: Now,
    ) -> Result<(), Halt> {
        self.parts.clear();
        let most = usize::try_from(front.count).unwrap_or(usize::MAX);
        // A proxy or a plugin may refuse credentials for each document, too.
        self.doubted = items.iter().any(|item| is_about_credentials(item.status));
        let renewed = self.rereads();
        for (index, item) in items.iter().take(most).enumerate() {
            let one = self.held.front(1, u64::MAX);
            let reason = || {
                let mut reason = format!("it answers {}", item.status);
                if !item.error.is_empty() {
                    let error = shown(item.error.as_bytes(), &self.secrets);
                    reason.push_str(&format!(": {error}"));
                }
                match hint(item.status) {
                    "" => reason,
                    hint => format!("{reason}; {hint}"),
                }
            };
            match judge(item.status) {
                Verdict::Taken => self.held.forget(one),
                // It is there already.
                _ if item.status == 409 => self.held.forget(one),
                // From here on it goes out again, and nothing is wrong so far.
                Verdict::Unwelcome if renewed => break,
                verdict if verdict.waits(self.keeps) => {
                    let error = io::Error::other(reason());
                    if index > 0 {
                        self.recovered();
                    }
                    return Err(self.fail(one, error, None, now));
                }
                _ => {
                    let reason = reason();
                    self.refuse(one, reason);
                }
            }
        }
        if items.is_empty() {
            self.hold_together(front);
            let text = "its answer does not say what became of the records";
            return Err(self.fail(front, io::Error::other(text), None, now));
        }
        // What the answer is too long to tell of is sent again.
        self.recovered();
        Ok(())
    }

    fn halve(&mut self, answer: &Answer, front: Front) {
        self.parts.pop();
        if front.count > 1 {
            let half = front.count / 2;
            self.parts.extend([front.count - half, half]);
            return;
        }
        let reason = answer.reason(&self.secrets);
        self.refuse(front, reason);
    }

    fn refuse(&mut self, front: Front, reason: String) {
        self.refused.push((self.held.copy(front), None, reason));
        self.held.forget(front);
    }

    /// The server answers, and that is what was waited for.
    fn recovered(&mut self) {
        self.failed = false;
        self.backoff.succeeded();
    }

    fn fail(&mut self, front: Front, error: io::Error, wait: Option<Duration>, now: Now) -> Halt {
        self.failed = true;
        self.failing = Some(front);
        self.backoff.failed_for(now.mono, wait.unwrap_or_default());
        Halt::Failed(error)
    }

    /// Takes records over, as many as there is room for.
    fn take(&mut self, frames: &Frames<'_>, from: usize, now: Now) -> usize {
        // One batch is on its way while the next one is gathered.
        let records = self
            .batch
            .records
            .saturating_mul(2)
            .saturating_sub(self.held.count());
        let bytes = self
            .batch
            .bytes
            .saturating_mul(2)
            .saturating_sub(self.held.bytes() as u64);
        let (mut end, _) = frames.take(from, records, bytes);
        if end == from && records > 0 && (bytes > 0 || self.held.count() == 0) {
            end = frames.next(from);
        }
        if end > from {
            self.held.push(frames, (from, end), now.mono);
        }
        end
    }
}

/// Whether a status may be due to credentials.
fn is_about_credentials(status: u16) -> bool {
    matches!(status, 401 | 403)
}

impl Handler for HttpHandler {
    fn kind(&self) -> &'static str {
        "http"
    }

    fn target(&self) -> String {
        self.endpoint.shown()
    }

    /// Asks for the head of what is at the URL, with the credentials.
    fn probe(&self) -> Result<String, String> {
        let (proxy, tls) = (self.proxy.as_ref(), self.tls.as_ref());
        let dialer = dialer(&self.endpoint, proxy, tls, self.timeout);
        let asked = look(
            &self.common,
            dialer,
            self.endpoint.url(b""),
            self.credentials.clone(),
        );
        let answer = asked.map_err(|error| shown(plain(&error).as_bytes(), &self.secrets))?;
        let secured = match tls.is_some() {
            true => ", its certificate is good",
            false => "",
        };
        match answer.status {
            401 | 403 | 407 | 500.. => Err(answer.reason(&self.secrets)),
            200..300 => Ok(format!("it answers{secured}")),
            // Many take nothing but POST.
            status => Ok(format!("it answers{secured} ({status} to HEAD)")),
        }
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
                if self.flight.is_none() {
                    let pumped = self.pump(now, Duration::ZERO);
                    pumped.map_err(|halt| halt.at(done))?;
                }
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
        if self.held.count() == 0 {
            return None;
        }
        match self.failed {
            true => Some(self.backoff.due().unwrap_or(now.mono)),
            false if self.is_ready(now) => Some(self.backoff.due().unwrap_or(now.mono)),
            false => self.due(),
        }
    }

    fn tick(&mut self, now: Now) -> Result<(), EmitError> {
        self.pump(now, LOOK / 2).map_err(|halt| halt.at(0))?;
        match self.failed {
            true => Err(EmitError::slow(0)),
            false => Ok(()),
        }
    }

    /// A server that was away is tried at once, with credentials as they are
    /// now.
    fn reopen(&mut self, _now: Now) {
        let _ = self.read_credentials();
        self.backoff.succeeded();
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
        self.held.count()
    }

    fn refused(&mut self, each: &mut dyn FnMut(Refusal<'_>)) {
        for (frames, lost, reason) in self.refused.drain(..) {
            each(Refusal {
                frames: frames.frames(),
                lost,
                doing: "cannot deliver a record",
                reason: &reason,
            });
        }
    }

    /// The pause stays as it is, so that a server in trouble is not stormed.
    fn drop_failed(&mut self, each: &mut dyn FnMut(&Frames<'_>)) -> bool {
        let Some(front) = self.failing.take() else {
            return false;
        };
        self.parts.pop();
        each(&self.held.copy(front).frames());
        self.held.forget(front);
        self.failed = false;
        true
    }

    fn has_recovered(&self, _now: Now) -> bool {
        !self.failed && self.backoff.due().is_none()
    }

    fn surrender(&mut self, each: &mut dyn FnMut(&Frames<'_>)) {
        self.failing = None;
        self.held.surrender(each);
        self.parts.clear();
        self.flight = None;
        // A late answer would be taken for that of the next request.
        self.worker = None;
    }

    fn number(&mut self, sender: SenderId, next: u64) {
        self.held.number(sender, next);
    }

    fn close(&mut self, now: Now, _hurry: bool) -> Result<(), EmitError> {
        self.hastens = true;
        self.pump(now, LOOK / 2).map_err(|halt| halt.at(0))?;
        match self.held.count() {
            0 => Ok(()),
            _ => Err(EmitError::slow(0)),
        }
    }
}
