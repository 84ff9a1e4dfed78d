//! Options of the handlers that deliver over a network or a local socket.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::units;
use crate::wire::envelope::Framing;

/// How long the end waits for a peer, unless the user says.
pub const DRAIN: Duration = Duration::from_secs(10);

/// When a peer that was not there, or did not take what it was sent, is tried
/// again.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Connection")]
pub struct RetryArgs {
    /// After a failed attempt, how long until the next [default: 1s].
    #[arg(long, value_name = "DURATION", value_parser = units::duration)]
    retry_start: Option<Duration>,

    /// By how much that grows with each attempt that fails [default: 2].
    #[arg(long, value_name = "FACTOR", value_parser = factor)]
    retry_factor: Option<f64>,

    /// The longest that it becomes [default: 30s].
    #[arg(long, value_name = "DURATION", value_parser = units::duration)]
    retry_max: Option<Duration>,
}

impl RetryArgs {
    /// The wait after the first failure, by how much it grows, and the longest.
    pub fn waits(&self) -> (Duration, f64, Duration) {
        (
            self.retry_start.unwrap_or(Duration::from_secs(1)),
            self.retry_factor.unwrap_or(2.0),
            self.retry_max.unwrap_or(Duration::from_secs(30)),
        )
    }
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Connection")]
pub struct ConnectionArgs {
    #[command(flatten)]
    retry: RetryArgs,

    /// How long an attempt to connect may take, and a silence while something is
    /// on its way [default: 10s].
    #[arg(long, value_name = "DURATION", value_parser = units::duration)]
    timeout: Option<Duration>,
}

impl ConnectionArgs {
    pub fn retry(&self) -> (Duration, f64, Duration) {
        self.retry.waits()
    }

    pub fn timeout(&self) -> Duration {
        self.timeout.unwrap_or(Duration::from_secs(10))
    }
}

fn factor(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(factor) if (1.0..=100.0).contains(&factor) => Ok(factor),
        _ => Err(format!(
            "{text:?} is no factor: write a number from 1 to 100"
        )),
    }
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "TLS")]
pub struct TlsArgs {
    /// The certificates to trust, a PEM file [default: the system's].
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,

    /// The certificate to show to the other end, a PEM file.
    #[arg(long, value_name = "FILE", requires = "key")]
    pub cert: Option<PathBuf>,

    /// Its private key, a PEM file.
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,

    /// The name that the other end's certificate has to have [default: that of
    /// the address].
    #[arg(long, value_name = "NAME")]
    pub server_name: Option<String>,
}

impl TlsArgs {
    /// The option that is given, if one is.
    pub fn given(&self) -> Option<&'static str> {
        [
            ("--ca", self.ca.is_some()),
            ("--cert", self.cert.is_some()),
            ("--key", self.key.is_some()),
            ("--server-name", self.server_name.is_some()),
        ]
        .into_iter()
        .find_map(|(name, given)| given.then_some(name))
    }
}

/// What the bytes of a record are on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WireArg {
    /// Python's pickled LogRecord attributes, as of SocketHandler and DatagramHandler
    Pickle,
    /// JSON objects
    Json,
    /// Text, as -f says
    Lines,
    /// RFC 5424
    Syslog,
    /// Graylog's format
    Gelf,
    /// Numbered frames that `lh listen` acknowledges
    Lh,
}

impl WireArg {
    /// What its records are as bytes, in words.
    pub fn form(self, stream: bool, sealed: bool) -> String {
        let name = self
            .to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned());
        // A datagram of this one is as it is in a stream.
        let framed = stream || self == WireArg::Pickle;
        let framing = if framed { "" } else { " datagrams" };
        let seal = if sealed { " with HMAC" } else { "" };
        format!("{name}{framing}{seal}")
    }
}

/// Where a handler delivers to, in the user's words.
#[derive(Clone, Debug)]
pub struct Target {
    pub kind: &'static str,
    pub address: String,
    pub default_port: Option<u16>,
    pub carrier: Carrier,
    /// The frames are numbered and acknowledged.
    pub numbered: bool,
    /// GELF datagrams are cut into chunks, and compressed so.
    pub chunked: Option<CompressArg>,
    /// What may help where nobody listens.
    pub hint: Option<&'static str>,
}

/// How it delivers.
#[derive(Clone, Debug)]
pub enum Carrier {
    Stream,
    Tls(TlsArgs),
    Datagram,
    /// A local socket of either kind: how messages are told apart that come, and on a
    /// stream.
    Either {
        given: Framing,
        on_stream: Framing,
    },
}

/// How GELF datagrams are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CompressArg {
    None,
    Gzip,
    Zlib,
}
