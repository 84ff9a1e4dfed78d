//! ureq's requests over the connections of `net`: the same certificates, the
//! same errors, and time-outs that look at what the other end acknowledges.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ureq::Error;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector as Connect, LazyBuffers, NextTimeout, Transport,
};

use super::{Endpoint, Proxy};
use crate::net::{ConnectError, Connection, Connector, PeerState, TlsClient};

/// How long one wait is, before somebody looks whether anything has moved.
const LOOK: Duration = Duration::from_millis(100);

/// How long the rest of an answer is waited for that has said what counts.
pub(super) const REST: Duration = Duration::from_millis(500);

/// Room for an answer's headers, and for a piece of a request.
const BUFFERS: (usize, usize) = (80 << 10, 64 << 10);

/// Makes connections to an endpoint, by a proxy or without.
pub(super) struct Dialer {
    pub endpoint: Endpoint,
    pub proxy: Option<Proxy>,
    /// To the endpoint, or to the proxy.
    pub connector: Connector,
    /// For an endpoint of https.
    pub tls: Option<TlsClient>,
    /// What the connections and who makes requests over them know of each other.
    pub exchange: Arc<Exchange>,
}

/// See [`Dialer::exchange`].
#[derive(Debug, Default)]
pub(super) struct Exchange {
    /// How many connections were made.
    pub made: AtomicU64,
    /// What is read now is of no use but to keep the connection.
    pub hurries: AtomicBool,
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dialer")
    }
}

impl Dialer {
    fn dial(&self) -> io::Result<Wire> {
        let timeout = self.connector.timeout;
        let until = Instant::now() + timeout;
        let mut connection = self.connector.connect().map_err(in_short)?;
        let mut absolute = None;
        if let Some(proxy) = &self.proxy {
            match &self.tls {
                Some(tls) => {
                    proxy.tunnel(&mut connection, &self.endpoint, until)?;
                    connection = connection.secure(tls, until).map_err(io::Error::other)?;
                }
                None => {
                    absolute = Some((self.endpoint.origin.clone(), proxy.authorization.clone()))
                }
            }
        }
        self.exchange.made.fetch_add(1, Ordering::Relaxed);
        Ok(Wire {
            connection: Mutex::new(connection),
            buffers: LazyBuffers::new(BUFFERS.0, BUFFERS.1),
            timeout,
            secure: self.tls.is_some(),
            absolute,
            begins: true,
            cut: None,
            since: Instant::now(),
            acknowledged: 0,
            exchange: Arc::clone(&self.exchange),
        })
    }
}

/// The error without the address, which every message names.
fn in_short(error: ConnectError) -> io::Error {
    match error {
        ConnectError::Connect { source, .. } => source,
        other => io::Error::other(other),
    }
}

impl Connect<()> for Dialer {
    type Out = Wire;

    fn connect(&self, _: &ConnectionDetails, _: Option<()>) -> Result<Option<Wire>, Error> {
        self.dial().map(Some).map_err(Error::Io)
    }
}

/// `net` looks names up itself, anew for each connection.
#[derive(Debug)]
pub(super) struct NoResolver;

impl Resolver for NoResolver {
    fn resolve(
        &self,
        _: &ureq::http::Uri,
        _: &ureq::config::Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        Ok(self.empty())
    }
}

/// A connection as ureq wants it.
#[derive(Debug)]
pub(super) struct Wire {
    /// Nobody shares it; ureq wants to know that it could be.
    connection: Mutex<Connection>,
    buffers: LazyBuffers,
    /// How long the other end may take no byte, or not answer when it has all.
    timeout: Duration,
    secure: bool,
    /// Where a proxy has to be told the whole URL: how it begins, and our
    /// credentials there.
    absolute: Option<(String, Option<String>)>,
    /// What is written next is the start of a request.
    begins: bool,
    /// Why a request was not sent to its end: an answer may have come first.
    cut: Option<io::Error>,
    /// When something last moved towards the other end.
    since: Instant,
    acknowledged: u64,
    exchange: Arc<Exchange>,
}

impl Wire {
    fn write(&mut self, amount: usize) -> io::Result<()> {
        let bytes = &self.buffers.output()[..amount];
        let rewritten = match &self.absolute {
            Some(absolute) if self.begins => Some(in_absolute_form(bytes, absolute)),
            _ => None,
        };
        let connection = self
            .connection
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        let mut rest = rewritten.as_deref().unwrap_or(bytes);
        while !rest.is_empty() {
            // Whoever refuses a body may say so before it has come to its end,
            // and close.
            if !self.begins && is_answered(connection) {
                return Err(io::Error::new(
                    io::ErrorKind::ConnectionAborted,
                    "the connection broke while a request was sent",
                ));
            }
            let count = connection.write(rest)?;
            rest = &rest[count..];
        }
        self.begins = false;
        let begun = Instant::now();
        while !connection.flush()? {
            connection.wait(false, true, LOOK)?;
            if begun.elapsed() > self.timeout {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
        self.since = Instant::now();
        Ok(())
    }

    /// Reads what there is; waits for it as long as that may be.
    fn read(&mut self) -> io::Result<usize> {
        let hurries = self.exchange.hurries.load(Ordering::Relaxed);
        let timeout = if hurries {
            self.timeout.min(REST)
        } else {
            self.timeout
        };
        let begun = Instant::now();
        let connection = self
            .connection
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        loop {
            let buffer = self.buffers.input_append_buf();
            if buffer.is_empty() {
                let text = "its answer is too long";
                return Err(io::Error::new(io::ErrorKind::InvalidData, text));
            }
            match connection.read(buffer) {
                Ok(count) => {
                    self.buffers.input_appended(count);
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            let acknowledged = connection.progress()?.acknowledged;
            if acknowledged > self.acknowledged {
                self.acknowledged = acknowledged;
                self.since = Instant::now();
            }
            // The answer has begun where its rest is read.
            let since = if hurries { begun } else { self.since };
            let left = timeout.saturating_sub(since.elapsed());
            if left.is_zero() {
                let text = format!("no answer for {} s", self.timeout.as_secs_f64());
                return Err(io::Error::new(io::ErrorKind::TimedOut, text));
            }
            connection.wait(true, false, left.min(LOOK))?;
        }
    }
}

/// Whether the other end has said something, or ended.
fn is_answered(connection: &mut Connection) -> bool {
    !matches!(connection.peer(), PeerState::Open { readable: false })
}

/// The start of a request as a proxy wants it (RFC 9112, section 3.2.2).
fn in_absolute_form(bytes: &[u8], (origin, authorization): &(String, Option<String>)) -> Vec<u8> {
    let target = bytes
        .iter()
        .position(|&byte| byte == b' ')
        .map_or(0, |at| at + 1);
    let line = bytes
        .iter()
        .position(|&byte| byte == b'\n')
        .map_or(bytes.len(), |at| at + 1);
    let mut out = Vec::with_capacity(bytes.len() + origin.len() + 128);
    out.extend_from_slice(&bytes[..target]);
    out.extend_from_slice(origin.as_bytes());
    out.extend_from_slice(&bytes[target..line]);
    if let Some(authorization) = authorization {
        out.extend_from_slice(b"Proxy-Authorization: ");
        out.extend_from_slice(authorization.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(&bytes[line..]);
    out
}

impl Transport for Wire {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    /// An error is told when there is no answer either.
    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), Error> {
        if self.cut.is_none() {
            self.cut = self.write(amount).err();
        }
        Ok(())
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, Error> {
        match (self.read(), self.cut.take()) {
            (Ok(count), cut) if count > 0 => {
                self.cut = cut;
                Ok(true)
            }
            (_, Some(cut)) => Err(Error::Io(cut)),
            (Ok(_), None) => Ok(false),
            (Err(error), None) => Err(Error::Io(error)),
        }
    }

    fn is_open(&mut self) -> bool {
        self.begins = true;
        let connection = self
            .connection
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        self.cut.is_none() && !is_answered(connection)
    }

    fn is_tls(&self) -> bool {
        self.secure
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_told_the_whole_url() {
        let request = b"POST /a HTTP/1.1\r\nhost: h\r\n\r\nbody";
        let made = |authorization: Option<&str>| {
            let absolute = ("http://h:1".to_owned(), authorization.map(str::to_owned));
            String::from_utf8(in_absolute_form(request, &absolute)).unwrap()
        };
        assert_eq!(
            made(None),
            "POST http://h:1/a HTTP/1.1\r\nhost: h\r\n\r\nbody"
        );
        assert_eq!(
            made(Some("Basic x")),
            "POST http://h:1/a HTTP/1.1\r\nProxy-Authorization: Basic x\r\nhost: h\r\n\r\nbody"
        );
    }
}
