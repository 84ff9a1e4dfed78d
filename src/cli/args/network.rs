//! From the options of network handlers to handlers.

use std::path::PathBuf;

use super::CommonArgs;
use super::remote::{Carrier, CompressArg, ConnectionArgs, Target, TlsArgs, WireArg};
use crate::diag::{Diag, plain};
use crate::handler::Handler;
use crate::handler::eventlog::{self, EventLogOptions};
use crate::handler::remote::{LocalOptions, RemoteOptions, local, remote};
use crate::handler::stage::Rendering;
use crate::net::tls::{TlsClient, TlsOptions};
use crate::net::{Address, Backoff, BackoffOptions, Connector, Transport};
use crate::now::Now;
use crate::sys;
use crate::sys::local::HAS_UNIX_SOCKETS;
use crate::text::Formatter;
use crate::text::guard::Escape;
use crate::wire::Encode;
use crate::wire::envelope::{Envelope, Framing, TagForm};
use crate::wire::gelf::compress::Method;
use crate::wire::gelf::{GelfEncoder, GelfOptions};
use crate::wire::hmac::Key;
use crate::wire::lh::SenderId;
use crate::wire::nt_event::SourceOptions;
use crate::wire::pickle::PickleEncoder;
use crate::wire::syslog::{LineFeeds, SyslogEncoder, SyslogOptions};

/// A handler that delivers to a target; nothing is opened yet.
pub fn handler(
    target: Target,
    connection: &ConnectionArgs,
    diag: &Diag,
) -> Result<Box<dyn Handler>, String> {
    let address = Address::parse(&target.address, target.default_port);
    let address = address.map_err(|error| error.to_string())?;
    let either = match (&target.carrier, &address) {
        (Carrier::Either { given, on_stream }, Address::Path(path)) => {
            Some((path.clone(), given.clone(), on_stream.clone()))
        }
        _ => None,
    };
    let transport = match (target.carrier, &address) {
        (Carrier::Stream, Address::Inet { .. }) => Transport::Tcp,
        (Carrier::Stream, Address::Path(_)) => Transport::UnixStream,
        (Carrier::Datagram | Carrier::Either { .. }, Address::Inet { .. }) => Transport::Udp,
        (Carrier::Datagram | Carrier::Either { .. }, Address::Path(_)) => Transport::UnixDatagram,
        (Carrier::Tls(args), address) => Transport::Tls(tls(args, address, diag)?),
    };
    let is_local = matches!(transport, Transport::UnixStream | Transport::UnixDatagram);
    if is_local && !HAS_UNIX_SOCKETS {
        return Err(format!(
            "{}: this system has no Unix sockets; give HOST:PORT",
            target.address
        ));
    }
    let (start, factor, max) = connection.retry();
    let options = BackoffOptions { start, factor, max };
    let id = random()?;
    let (seed, _) = id.0.split_at(8);
    let seed = seed.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    if let Some((path, given, on_stream)) = either {
        return Ok(local(LocalOptions {
            kind: target.kind,
            path,
            timeout: connection.timeout(),
            backoff: Backoff::new(options, seed),
            hint: target.hint,
            given,
            on_stream,
        }));
    }
    Ok(remote(RemoteOptions {
        kind: target.kind,
        connector: Connector::new(address, transport, connection.timeout()),
        backoff: Backoff::new(options, seed),
        numbered: target.numbered.then_some(id),
        chunked: target.chunked.map(|method| {
            let method = match method {
                CompressArg::None => Method::None,
                CompressArg::Gzip => Method::Gzip,
                CompressArg::Zlib => Method::Zlib,
            };
            (method, seed)
        }),
        hint: target.hint,
    }))
}

/// The handler for the system's own event log; nothing is opened yet.
pub fn event_log(
    socket: Option<PathBuf>,
    source: SourceOptions,
    connection: &ConnectionArgs,
    diag: &Diag,
) -> Result<Box<dyn Handler>, String> {
    let (start, factor, max) = connection.retry();
    let options = EventLogOptions {
        socket,
        backoff: BackoffOptions { start, factor, max },
        timeout: connection.timeout(),
        source,
    };
    eventlog::event_log(options, diag)
}

/// Whether an address is that of a local socket.
pub fn is_path(address: &str) -> bool {
    matches!(Address::parse(address, Some(0)), Ok(Address::Path(_)))
}

fn random() -> Result<SenderId, String> {
    SenderId::random().map_err(|error| format!("the system gives no random numbers: {error}"))
}

fn tls(args: TlsArgs, address: &Address, diag: &Diag) -> Result<TlsClient, String> {
    let options = TlsOptions {
        ca: args.ca,
        cert: args.cert,
        key: args.key,
        server_name: args.server_name,
    };
    let client = TlsClient::new(options, address).map_err(|error| error.to_string())?;
    for warning in client.warnings() {
        diag.warn(format_args!("{warning}"));
    }
    Ok(client)
}

/// How records become the messages of a wire.
pub fn rendering(
    wire: WireArg,
    stream: bool,
    key_file: Option<PathBuf>,
    common: &CommonArgs,
) -> Result<Rendering, String> {
    let now = Now::read();
    let encoder: Option<Box<dyn Encode>> = match wire {
        WireArg::Lines => common
            .formatter()?
            .map(|text| Box::new(text) as Box<dyn Encode>),
        WireArg::Syslog => {
            let options = SyslogOptions {
                default_ident: sys::user_name(),
                default_hostname: Some(common.host(sys::host_name())),
                message: common.message_formatter()?,
                line_feeds: match stream {
                    true => LineFeeds::Escape,
                    false => LineFeeds::Keep,
                },
                utc: common.utc,
                ..SyslogOptions::default()
            };
            Some(Box::new(SyslogEncoder::new(options)))
        }
        WireArg::Json | WireArg::Lh => {
            common.refuse_format("this wire carries whole records")?;
            let json = Formatter::parse("json", None, common.utc);
            Some(Box::new(json.map_err(|error| error.to_string())?))
        }
        WireArg::Gelf => {
            common.refuse_format("this wire carries whole records")?;
            let options = GelfOptions {
                host: common.host(sys::host_name()),
            };
            Some(Box::new(GelfEncoder::new(options)))
        }
        WireArg::Pickle => {
            common.refuse_format("this wire carries whole records")?;
            Some(Box::new(PickleEncoder::new(now.wall)))
        }
    };
    let framing = match (wire, stream) {
        // In a datagram, too, as of Python's DatagramHandler.
        (WireArg::Pickle, _) => Framing::Length,
        (WireArg::Lh, _) | (_, false) => Framing::Bare,
        (WireArg::Gelf, true) => Framing::Terminator(b"\0".to_vec()),
        (WireArg::Json | WireArg::Lines | WireArg::Syslog, true) => {
            Framing::Terminator(b"\n".to_vec())
        }
    };
    let form = match wire {
        WireArg::Pickle | WireArg::Lh => TagForm::Bytes,
        _ => TagForm::Hex,
    };
    // Lines as they came have their newline.
    let as_they_came = encoder.is_none() && stream && key_file.is_none();
    let mut envelope = Envelope::new(framing);
    if let Some(path) = key_file {
        let name = path.display();
        let file = std::fs::read(&path);
        let file =
            file.map_err(|error| format!("{name}: cannot read the key: {}", plain(&error)))?;
        let key = Key::new(&file).map_err(|error| format!("{name}: {error}"))?;
        envelope = envelope.sealed(Box::new(key), form);
    }
    Ok(Rendering {
        encoder,
        envelope: (!as_they_came).then_some(envelope),
        escape: match wire {
            WireArg::Lines => common.escape(),
            _ => Escape::None,
        },
        ..Rendering::default()
    })
}
