//! From the options of `listen` to what listens.

use std::io;
use std::net::SocketAddr;

use anyhow::{Context, anyhow};

use super::args::listen::WireArg;
use super::args::{InputArgs, ListenArgs};
use super::exit::Failure;
use super::feed::Fed;
use crate::diag::{Diag, plain};
use crate::net::{
    self, Allow, Bound, ListenAddress, ListenKind, Network, ServiceManager, TlsServer,
    TlsServerOptions,
};
use crate::pipeline::{Pipeline, Tally};
use crate::source::listen::{Listen, ListenOptions, Wire};
use crate::sys;
use crate::wire::hmac::Key;

/// Receives until the run is to end.
pub fn run(
    args: &ListenArgs,
    input: &InputArgs,
    mut pipeline: Pipeline,
    diag: &Diag,
) -> Result<(Fed, Tally), Failure> {
    sys::raise_descriptor_limit();
    let mut listen = open(args, input, diag)?;
    pipeline.open().map_err(|text| anyhow!(text))?;
    let manager = ServiceManager::from_env().context("cannot reach the service manager")?;
    listen.set_manager(manager);
    pipeline.serve(&mut listen);
    let fed = Fed {
        name: "listen",
        figures: listen.figures(),
        failed: false,
    };
    Ok((fed, pipeline.finish()))
}

/// Opens everything that was asked for.
fn open(args: &ListenArgs, input: &InputArgs, diag: &Diag) -> Result<Listen, Failure> {
    let passed = net::take_passed().context("cannot take the sockets of systemd over")?;
    let kinds: Vec<_> = passed.iter().map(|bound| bound.kind).collect();
    check(args, &kinds).map_err(Failure::usage)?;
    let allow = args.allow.iter().map(|text| text.parse::<Network>());
    let allow = allow
        .collect::<Result<Vec<_>, _>>()
        .map(Allow::new)
        .map_err(|error| Failure::usage(format!("--allow: {error}")))?;
    let tls = match (&args.tls_cert, &args.tls_key) {
        (Some(cert), Some(key)) => {
            let options = TlsServerOptions {
                cert: cert.clone(),
                key: key.clone(),
                client_ca: args.client_ca.clone(),
            };
            let tls = TlsServer::new(options).map_err(|error| anyhow!(error))?;
            for warning in tls.warnings() {
                diag.warn(format_args!("{warning}"));
            }
            Some(tls)
        }
        _ => None,
    };
    let key = match &args.hmac_key_file {
        None => None,
        Some(path) => {
            let name = path.display();
            let file = std::fs::read(path);
            let file =
                file.map_err(|error| anyhow!("{name}: cannot read the key: {}", plain(&error)))?;
            Some(Key::new(&file).map_err(|error| anyhow!("{name}: {error}"))?)
        }
    };
    let intake = input.intake();
    let bound = bind(passed, args, diag)?;
    // Whoever asks for encryption may well believe that all is encrypted.
    if tls.is_some() && bound.iter().any(|port| port.kind == ListenKind::Udp) {
        diag.warn(format_args!(
            "--tls-cert is for streams: datagrams of udp come in clear"
        ));
    }
    let options = ListenOptions {
        bound,
        wire: match args.wire() {
            WireArg::Auto => None,
            WireArg::Pickle => Some(Wire::Pickle),
            WireArg::Json => Some(Wire::Json),
            WireArg::Lines => Some(Wire::Lines),
            WireArg::Syslog => Some(Wire::Syslog),
            WireArg::Gelf => Some(Wire::Gelf),
            WireArg::Lh => Some(Wire::Lh),
        },
        defaults: intake.defaults,
        max_record: intake.max_record,
        oversize: intake.oversize,
        strip_ansi: intake.strip_ansi,
        masks: intake.masks,
        dedup: intake.dedup,
        key,
        tls,
        allow,
        max_connections: args.max_connections(),
        idle_timeout: args.idle_timeout.filter(|most| !most.is_zero()),
        state: args.state.clone(),
    };
    Ok(Listen::new(options, diag.clone()).map_err(|text| anyhow!(text))?)
}

/// Looks whether every option has something to act upon among what is
/// listened at: `passed` are the sockets of systemd, which no option names.
///
/// # Errors
/// The option that has no effect, and what it needs.
fn check(args: &ListenArgs, passed: &[ListenKind]) -> Result<(), String> {
    use ListenKind::{Http, Tcp, Udp, Unix, UnixDatagram};
    let asked = [
        (Tcp, args.tcp.len()),
        (Http, args.http.len()),
        (Udp, args.udp.len()),
        (Unix, args.unix.len()),
        (UnixDatagram, args.unixgram.len()),
    ];
    let asked = asked.into_iter().filter(|(_, count)| *count > 0);
    let kinds: Vec<_> = asked
        .map(|(kind, _)| kind)
        .chain(passed.iter().copied())
        .collect();
    if kinds.is_empty() {
        let text = "there is nothing to listen at: try lh listen --tcp 127.0.0.1:9020, or \
                    lh listen --help";
        return Err(text.to_owned());
    }
    // Nobody who asks for codes expects records that carry none.
    if args.hmac_key_file.is_some() && kinds.contains(&Http) {
        let http = match args.http.is_empty() {
            true => "a socket of systemd for HTTP",
            false => "--http",
        };
        return Err(format!(
            "--hmac-key-file and {http}: requests carry no code; use another lh for them"
        ));
    }
    let tls = &[Tcp, Http][..];
    let streams = &[Tcp, Http, Unix][..];
    let given = [
        ("--tls-cert", args.tls_cert.is_some(), tls),
        ("--allow", !args.allow.is_empty(), &[Tcp, Udp, Http]),
        ("--idle-timeout", args.idle_timeout.is_some(), streams),
        ("--max-connections", args.max_connections.is_some(), streams),
        (
            "--wire",
            args.wire.is_some(),
            &[Tcp, Udp, Unix, UnixDatagram],
        ),
        ("--wire lh", args.wire == Some(WireArg::Lh), &[Tcp, Unix]),
        ("--state", args.state.is_some(), &[Tcp, Unix]),
    ];
    for (option, given, needed) in given {
        if given && !kinds.iter().any(|kind| needed.contains(kind)) {
            return Err(without(option, needed));
        }
    }
    // Those of systemd have the permissions that it gave them.
    match args.socket_mode {
        Some(_) if args.unix.is_empty() && args.unixgram.is_empty() => {
            Err(without("--socket-mode", &[Unix, UnixDatagram]))
        }
        _ => Ok(()),
    }
}

fn without(option: &str, needed: &[ListenKind]) -> String {
    let names = needed.iter().map(|kind| format!("--{}", kind.name()));
    let names: Vec<_> = names.collect();
    let names = match names.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} or {last}", before.join(", ")),
        _ => names.concat(),
    };
    format!("{option} has no effect without {names}")
}

/// How much udp may have come in that was not read yet, as far as the system
/// allows it: a fifth of a second at 250,000 small datagrams in one.
const RECEIVE_BUFFER: usize = 32 << 20;

/// Whether a port that is in use is so by what was opened before.
fn is_in_the_way(own: &Bound, error: &net::BindError) -> bool {
    let is_udp = |kind| kind == ListenKind::Udp;
    let parsed = (own.name.parse(), error.target.parse());
    let (Ok::<SocketAddr, _>(own_at), Ok::<SocketAddr, _>(at)) = parsed else {
        return false;
    };
    let (own_ip, ip) = (own_at.ip(), at.ip());
    error.source.kind() == io::ErrorKind::AddrInUse
        && is_udp(own.kind) == is_udp(error.kind)
        && own_at.port() == at.port()
        && own_ip.is_ipv4() == ip.is_ipv4()
        && (own_ip == ip || own_ip.is_unspecified() || ip.is_unspecified())
}

/// Sockets that systemd has opened, and those that are asked for.
fn bind(passed: Vec<Bound>, args: &ListenArgs, diag: &Diag) -> Result<Vec<Bound>, Failure> {
    let mut bound = passed;
    let address = |text: &str| -> Result<ListenAddress, Failure> {
        ListenAddress::parse(text).map_err(|error| Failure::usage(error.to_string()))
    };
    let failed = |mut error: net::BindError, bound: &[Bound]| {
        if let Some(own) = bound.iter().find(|own| is_in_the_way(own, &error)) {
            let (kind, name) = (own.kind.name(), &own.name);
            error.hint = Some(format!("this lh listens at {kind} {name} already"));
        }
        anyhow!(error.to_string())
    };
    let tcp = args.tcp.iter().map(|text| (ListenKind::Tcp, text));
    let http = args.http.iter().map(|text| (ListenKind::Http, text));
    for (kind, text) in tcp.chain(http) {
        bound.extend(net::bind_tcp(kind, &address(text)?).map_err(|error| failed(error, &bound))?);
    }
    let buffer = Some(RECEIVE_BUFFER);
    for text in &args.udp {
        bound
            .extend(net::bind_udp(&address(text)?, buffer).map_err(|error| failed(error, &bound))?);
    }
    let mode = args.socket_mode.unwrap_or(0o600);
    for path in &args.unix {
        bound.push(net::bind_path(false, path, mode, None).map_err(|error| failed(error, &bound))?);
    }
    for path in &args.unixgram {
        bound
            .push(net::bind_path(true, path, mode, buffer).map_err(|error| failed(error, &bound))?);
    }
    for port in &bound {
        if let Some(warning) = &port.warning {
            diag.warn(format_args!("{}: {warning}", port.name));
        }
        diag.warn(format_args!(
            "listening at {} {}",
            port.kind.name(),
            port.name
        ));
    }
    Ok(bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_in_use_by_ourselves() {
        let address = |text: &str| ListenAddress::parse(text).unwrap();
        let own = net::bind_tcp(ListenKind::Tcp, &address("127.0.0.1:0")).unwrap();
        for (kind, at) in [
            (ListenKind::Tcp, "127.0.0.1"),
            (ListenKind::Http, "0.0.0.0"),
        ] {
            let port = own[0].name.rsplit(':').next().unwrap();
            let error = net::bind_tcp(kind, &address(&format!("{at}:{port}"))).unwrap_err();
            assert!(is_in_the_way(&own[0], &error), "{error}");
        }
        let other = net::bind_tcp(ListenKind::Tcp, &address("127.0.0.1:0")).unwrap();
        let error = net::bind_tcp(ListenKind::Tcp, &address(&other[0].name)).unwrap_err();
        assert!(!is_in_the_way(&own[0], &error), "{error}");
        let own = net::bind_udp(&address("127.0.0.1:0"), None).unwrap();
        let error = net::bind_udp(&address(&own[0].name), None).unwrap_err();
        assert!(is_in_the_way(&own[0], &error), "{error}");
    }
}
