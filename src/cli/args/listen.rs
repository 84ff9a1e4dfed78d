//! `lh listen`: where records come from, if not from standard input.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::InputArgs;
use crate::text::guard::Escape;
use crate::units;

/// Receive records over a network and put them through handlers.
///
/// Each connection and each datagram shows what it speaks by its first bytes:
/// Python's pickles, syslog in all its forms, JSON lines, GELF, plain lines, or
/// the wire lh, whose frames are acknowledged once the handlers have accepted
/// them. Without a handler behind it, what comes is shown on stdout.
///
/// Records have the attributes {peer}, who has sent them, and {received}, when.
/// What they had under these names is {sent_peer} and {sent_received}, with one
/// more sent_ for each lh on the way. Where syslog, GELF or a preset of http says
/// what host a record is from, that is its {host}, or else the address of its peer;
/// for peers on this machine its name.
/// They are written as text (-f text) unless a handler is told otherwise.
#[derive(Debug, Args)]
#[command(
    override_usage = "lh [INPUT OPTIONS] listen [LISTEN OPTIONS] [HANDLER [OPTIONS] [+ HANDLER [OPTIONS]]...]",
    after_help = "\
An address is HOST:PORT, or :PORT for this machine alone; *:PORT is for everybody. Without any \
address, sockets are taken that systemd has opened.

Signals: SIGTERM and SIGINT take what has arrived, deliver it and end; SIGHUP opens files and \
certificates anew; SIGUSR1 prints the figures, with --stats.

Examples:
  lh listen --tcp 127.0.0.1:9020 rotate --max-bytes 50M --backups 9 all.log
  lh listen --udp '*:514' --tcp '*:514' --allow 10.0.0.0/8 timed \\
      --when midnight syslog.log
  lh listen --tcp '*:6514' --tls-cert cert.pem --tls-key key.pem \\
      --client-ca ca.pem file -f json all.jsonl"
)]
pub struct ListenArgs {
    /// Streams of tcp; several allowed
    #[arg(long, value_name = "ADDRESS", help_heading = "Where")]
    pub tcp: Vec<String>,

    /// Datagrams of udp; several allowed
    #[arg(long, value_name = "ADDRESS", help_heading = "Where")]
    pub udp: Vec<String>,

    /// Requests of HTTP: JSON, JSON lines, forms, text; several allowed
    #[arg(long, value_name = "ADDRESS", help_heading = "Where")]
    pub http: Vec<String>,

    /// A local socket for streams; several allowed
    #[arg(long, value_name = "PATH", help_heading = "Where")]
    pub unix: Vec<PathBuf>,

    /// A local socket for datagrams; several allowed
    #[arg(long, value_name = "PATH", help_heading = "Where")]
    pub unixgram: Vec<PathBuf>,

    /// The permissions of local sockets, in octal [default: 0600].
    #[arg(long, value_name = "OCTAL", value_parser = units::permissions, help_heading = "Where")]
    pub socket_mode: Option<u32>,

    /// What is spoken [default: auto].
    #[arg(long, value_enum, value_name = "WIRE", help_heading = "What")]
    pub wire: Option<WireArg>,

    /// What becomes of control characters in records that are written as text
    /// [default: lines].
    ///
    /// lines: each further line of a record is indented by a tab, all others
    /// are escaped, so that no record can look like another. controls: line
    /// feeds are escaped as well. none: they stay.
    #[arg(long, value_enum, value_name = "POLICY", help_heading = "What")]
    escape: Option<EscapeArg>,

    /// Where it is kept how far the senders of the wire lh are, so that records
    /// come once also where this lh is started anew.
    ///
    /// If it is killed, what was written and not yet safe comes again: with
    /// --fsync batch what was not yet synced, else what the last moment brought.
    #[arg(long, value_name = "FILE", help_heading = "What")]
    pub state: Option<PathBuf>,

    /// Only from these addresses or networks; several allowed.
    #[arg(long, value_name = "CIDR", help_heading = "Who")]
    pub allow: Vec<String>,

    /// Our certificate, with which streams of tcp are encrypted, a PEM file.
    #[arg(long, value_name = "FILE", requires = "tls_key", help_heading = "Who")]
    pub tls_cert: Option<PathBuf>,

    /// Its private key, a PEM file.
    #[arg(long, value_name = "FILE", requires = "tls_cert", help_heading = "Who")]
    pub tls_key: Option<PathBuf>,

    /// Let only those in whose certificate one of these has signed, a PEM file.
    #[arg(long, value_name = "FILE", requires = "tls_cert", help_heading = "Who")]
    pub client_ca: Option<PathBuf>,

    /// Take only messages with an HMAC-SHA-256 of the key in this file.
    ///
    /// The last newline of a text file is not part of the key; a file that is no
    /// text is the key as it is.
    #[arg(long, value_name = "FILE", help_heading = "Who")]
    pub hmac_key_file: Option<PathBuf>,

    /// How many connections are open at once, at most [default: 16384].
    #[arg(long, value_name = "COUNT", value_parser = units::at_least_one::<u64>, help_heading = "How much")]
    pub max_connections: Option<u64>,

    /// Close connections that say nothing for so long; 0 is never [default: never].
    #[arg(long, value_name = "DURATION", value_parser = units::duration, help_heading = "How much")]
    pub idle_timeout: Option<Duration>,

    /// Options of the input may stand behind its name, too.
    #[command(flatten)]
    pub input: InputArgs,
    #[command(subcommand)]
    rest: Option<Rest>,
}

#[derive(Debug, Subcommand)]
enum Rest {
    #[command(external_subcommand)]
    Words(Vec<OsString>),
}

/// What peers speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WireArg {
    /// Whatever it looks like
    Auto,
    /// Python's pickled LogRecord attributes, as of SocketHandler and DatagramHandler
    Pickle,
    /// JSON objects
    Json,
    /// Plain lines
    Lines,
    /// RFC 3164, RFC 5424, and what devices make of them
    Syslog,
    /// Graylog's format
    Gelf,
    /// Numbered frames that are acknowledged
    Lh,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum EscapeArg {
    None,
    Controls,
    Lines,
}

impl ListenArgs {
    /// The words of the first handler behind it, if there is one.
    pub fn take_rest(&mut self) -> Option<Vec<OsString>> {
        let Rest::Words(words) = self.rest.take()?;
        Some(words)
    }

    /// What becomes of control characters.
    pub fn escape(&self) -> Escape {
        match self.escape {
            None | Some(EscapeArg::Lines) => Escape::Lines,
            Some(EscapeArg::Controls) => Escape::Controls,
            Some(EscapeArg::None) => Escape::None,
        }
    }

    /// What peers speak.
    pub fn wire(&self) -> WireArg {
        self.wire.unwrap_or(WireArg::Auto)
    }

    /// How many connections are open at once, at most.
    pub fn max_connections(&self) -> usize {
        let most = self.max_connections.unwrap_or(16384);
        usize::try_from(most).unwrap_or(usize::MAX)
    }
}
