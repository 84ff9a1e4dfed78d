//! `http`: records as the bodies of requests (Python's `HTTPHandler`), one at a
//! time or many together.
//!
//! Records are taken over and held until a server has said that it has them.
//! What makes a body of them is in `wire::body`, what an answer means in
//! `verdict`. A batch that is refused is halved until the record stands alone
//! that the server does not want; everything else that a server may answer
//! keeps the records.

mod answers;
mod endpoint;
mod headers;
mod held;
mod options;
mod proxy;
mod transport;
mod verdict;
mod worker;

use std::io;
use std::time::{Duration, Instant};

pub use endpoint::Endpoint;
pub use headers::{Auth, AuthScheme, Header};
pub use options::{Batch, HttpOptions, Method, Reading};
pub use proxy::Proxy;

use held::{Front, Held};
use verdict::shown;
use worker::{Common, Job, Worker, dialer, look};

use super::{EmitError, Handler, Refusal};
use crate::batch::Frames;
use crate::diag::{Diag, plain};
use crate::net::{Backoff, TlsClient};
use crate::now::Now;
use crate::wire::body::Assembly;
use crate::wire::lh::SenderId;

/// How long the end waits for a server, where nobody says anything else.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long is waited for an answer before whoever hands records over, or asks
/// what is due, is told to come again.
const LOOK: Duration = Duration::from_millis(100);

/// The longest URL that is sent, in bytes: servers take 8,000 at least (RFC
/// 9110, section 4.1), and hardly more.
const LONGEST_URL: usize = 8000;

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
    diag: Diag,
    /// That an answer can't be understood was told once.
    told_unread: bool,
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
            accept: match options.reading {
                Reading::Partial => "application/json",
                Reading::Status | Reading::Items | Reading::Code => "*/*",
            },
            headers: options.headers,
            gzip: options.gzip,
            reads: matches!(options.reading, Reading::Items | Reading::Partial),
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
        diag: options.diag,
        told_unread: false,
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

    fn is_delivered(&self) -> bool {
        self.held.count() == 0
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
        if self.held.count() == 0 {
            return Ok(());
        }
        self.pump(now, LOOK / 2).map_err(|halt| halt.at(0))?;
        match self.held.count() {
            0 => Ok(()),
            _ => Err(EmitError::slow(0)),
        }
    }
}
