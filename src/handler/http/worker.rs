//! The thread that makes requests, one after the other.
//!
//! A request may take as long as its time-outs. The end of a run does not wait
//! for that: whoever gives a request up leaves the thread alone, which ends
//! then by itself.

use std::io;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::header::{CONTENT_ENCODING, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use ureq::http::{HeaderName, HeaderValue, Request, Response};
use ureq::{Agent, Body, BodyReader};

use super::headers::Header;
use super::transport::{Dialer, Exchange, NoResolver, REST};
use super::verdict::{Answer, LONGEST, Verdict, judge};
use super::{Method, Proxy};
use crate::net::{Connector, TlsClient, Transport};
use crate::wire::gelf::compress::{Compressor, Method as Compression};

/// How long a connection is kept without a request: less than servers do.
const KEPT: Duration = Duration::from_secs(30);

/// What names a request, so that one that is sent again can be told.
const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A request.
#[derive(Debug)]
pub(super) struct Job {
    pub url: String,
    pub key: String,
    pub auth: Option<Header>,
    pub body: Vec<u8>,
}

/// What became of it, and its body's room.
#[derive(Debug)]
pub(super) struct Done {
    pub result: io::Result<Answer>,
    pub room: Vec<u8>,
}

/// What every request has.
#[derive(Clone, Debug)]
pub(super) struct Common {
    pub method: Method,
    pub content_type: &'static str,
    /// In what form answers are read.
    pub accept: &'static str,
    /// What an answer says beside its status counts as well, also where that is a
    /// good one.
    pub reads: bool,
    pub headers: Vec<Header>,
    pub gzip: bool,
}

/// The thread, from outside.
pub(super) struct Worker {
    jobs: SyncSender<Job>,
    done: Receiver<Done>,
}

impl Worker {
    /// Starts a thread.
    pub fn start(common: Common, dialer: Dialer) -> io::Result<Worker> {
        let (jobs, take) = mpsc::sync_channel::<Job>(1);
        let (give, done) = mpsc::sync_channel(1);
        let thread = std::thread::Builder::new().name("http".to_owned());
        thread.spawn(move || {
            let mut client = Client::new(common, dialer);
            for job in take {
                let (done, rest) = client.carry_out(job);
                if give.send(done).is_err() {
                    break;
                }
                if let Some(rest) = rest {
                    client.pass(rest);
                }
            }
        })?;
        Ok(Worker { jobs, done })
    }

    /// Hands a request over; there must be none under way.
    pub fn send(&self, job: Job) -> io::Result<()> {
        self.jobs
            .try_send(job)
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// Waits for what becomes of the request, so long at most.
    pub fn wait(&self, most: Duration) -> Option<Done> {
        match self.done.recv_timeout(most) {
            Ok(done) => Some(done),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Done {
                result: Err(io::Error::other("the thread of the requests has ended")),
                room: Vec::new(),
            }),
        }
    }
}

/// Asks for the head of what is there, and nothing more.
pub(super) fn look(
    common: &Common,
    dialer: Dialer,
    url: String,
    auth: Option<Header>,
) -> io::Result<Answer> {
    let client = Client::new(common.clone(), dialer);
    let mut request = Request::builder().method("HEAD").uri(&url);
    for header in common.headers.iter().chain(&auth) {
        request = request.header(&header.name, &header.value);
    }
    let request = request.body(()).map_err(io::Error::other)?;
    let response = client.agent.run(request).map_err(in_words)?;
    let (mut answer, body) = parts(response);
    // The status has said what counts. What is longer ends the connection.
    let _ = body.take(LONGEST as u64).read_to_end(&mut answer.text);
    Ok(answer)
}

/// Makes the connections of a thread.
pub(super) fn dialer(
    endpoint: &super::Endpoint,
    proxy: Option<&Proxy>,
    tls: Option<&TlsClient>,
    timeout: Duration,
) -> Dialer {
    let inet = |host: &str, port: u16| crate::net::Address::Inet {
        host: host.to_owned(),
        port,
    };
    let (address, transport) = match (proxy, tls) {
        (Some(proxy), _) => (inet(&proxy.host, proxy.port), Transport::Tcp),
        (None, Some(tls)) => (
            inet(&endpoint.host, endpoint.port),
            Transport::Tls(tls.clone()),
        ),
        (None, None) => (inet(&endpoint.host, endpoint.port), Transport::Tcp),
    };
    Dialer {
        endpoint: endpoint.clone(),
        proxy: proxy.cloned(),
        connector: Connector::new(address, transport, timeout),
        tls: tls.cloned(),
        exchange: Arc::default(),
    }
}

/// ureq's agent, told to do nothing that was not asked for.
struct Client {
    common: Common,
    agent: Agent,
    exchange: Arc<Exchange>,
    compressor: Compressor,
    compressed: Vec<u8>,
}

impl Client {
    fn new(common: Common, dialer: Dialer) -> Client {
        let exchange = Arc::clone(&dialer.exchange);
        let config = Config::builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            // The dialer has it.
            .proxy(None)
            .user_agent(concat!("lh/", env!("CARGO_PKG_VERSION")))
            .accept(common.accept)
            // Some compress what is not asked for, unless that is said. A header of
            // the user's own takes the place of either.
            .accept_encoding("identity")
            .max_response_header_size(LONGEST)
            .max_idle_connections(1)
            .max_idle_connections_per_host(1)
            .max_idle_age(KEPT)
            .build();
        let compression = match common.gzip {
            true => Compression::Gzip,
            false => Compression::None,
        };
        Client {
            common,
            agent: Agent::with_parts(config, dialer, NoResolver),
            exchange,
            compressor: Compressor::new(compression),
            compressed: Vec::new(),
        }
    }

    /// Makes a request; the rest of an answer that has said what counts is left to be
    /// passed over.
    fn carry_out(&mut self, mut job: Job) -> (Done, Option<BodyReader<'static>>) {
        if self.common.gzip {
            self.compressed.clear();
            if let Err(error) = self.compressor.compress(&job.body, &mut self.compressed) {
                let result = Err(error);
                let room = job.body;
                return (Done { result, room }, None);
            }
            std::mem::swap(&mut job.body, &mut self.compressed);
        }
        let made = self.exchange.made.load(Ordering::Relaxed);
        let mut result = self.request(&job);
        // A server that closes an idle connection may do so at the moment that a
        // request goes out on it. That is no fault, and costs no pause.
        let was_kept = self.exchange.made.load(Ordering::Relaxed) == made;
        if was_kept && result.as_ref().is_err_and(is_broken) {
            result = self.request(&job);
        }
        let (result, rest) = match result {
            Ok((mut answer, mut body)) => {
                let counts = self.common.reads || judge(answer.status) != Verdict::Taken;
                if counts {
                    // What is longer ends the connection.
                    let _ = (&mut body)
                        .take(LONGEST as u64)
                        .read_to_end(&mut answer.text);
                }
                (Ok(answer), (!counts).then_some(body))
            }
            Err(error) => (Err(error), None),
        };
        let room = job.body;
        (Done { result, room }, rest)
    }

    /// Reads the rest of an answer, so that its connection can be kept: of one that is
    /// long or slow in coming, another one is made.
    fn pass(&self, body: BodyReader<'_>) {
        let begun = Instant::now();
        self.exchange.hurries.store(true, Ordering::Relaxed);
        let (mut body, mut piece) = (body.take(LONGEST as u64), [0; 4096]);
        while begun.elapsed() < REST && body.read(&mut piece).is_ok_and(|count| count > 0) {}
        self.exchange.hurries.store(false, Ordering::Relaxed);
    }

    fn request(&self, job: &Job) -> io::Result<(Answer, BodyReader<'static>)> {
        let common = &self.common;
        let mut request = Request::builder().uri(&job.url);
        let mut given = false;
        for header in common.headers.iter().chain(&job.auth) {
            given |= header.name == CONTENT_TYPE;
            request = request.header(&header.name, &header.value);
        }
        let key = HeaderValue::from_str(&job.key).map_err(io::Error::other)?;
        request = request.header(KEY, key);
        let response = match common.method {
            Method::Get => self.agent.run(request.body(()).map_err(io::Error::other)?),
            Method::Post => {
                if !given {
                    request = request.header(CONTENT_TYPE, common.content_type);
                }
                if common.gzip {
                    request = request.header(CONTENT_ENCODING, "gzip");
                }
                let request = request.method("POST").body(&job.body[..]);
                self.agent.run(request.map_err(io::Error::other)?)
            }
        };
        response.map_err(in_words).map(parts)
    }
}

/// The head of an answer, and its body.
fn parts(response: Response<Body>) -> (Answer, BodyReader<'static>) {
    let header = |name: HeaderName| {
        let value = response.headers().get(name)?.to_str().ok()?;
        Some(value.to_owned())
    };
    let answer = Answer {
        status: response.status().as_u16(),
        retry_after: header(RETRY_AFTER),
        location: header(LOCATION),
        text: Vec::new(),
    };
    (answer, response.into_body().into_reader())
}

/// Whether a connection that was kept may have been closed before the request
/// came.
fn is_broken(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    [
        BrokenPipe,
        ConnectionAborted,
        ConnectionReset,
        UnexpectedEof,
    ]
    .contains(&error.kind())
}

fn in_words(error: ureq::Error) -> io::Error {
    match error {
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            let text = "the server has closed the connection without an answer";
            io::Error::new(io::ErrorKind::UnexpectedEof, text)
        }
        ureq::Error::Io(error) => error,
        ureq::Error::LargeResponseHeader(..) => io::Error::new(
            io::ErrorKind::InvalidData,
            "the headers of its answer are too long",
        ),
        other => {
            let text = format!("what it answers can't be understood: {other}");
            io::Error::new(io::ErrorKind::InvalidData, text)
        }
    }
}
