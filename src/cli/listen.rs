//! From the options of `listen` to what listens.

use anyhow::{Context, anyhow};

use super::args::listen::WireArg;
use super::args::{InputArgs, ListenArgs};
use super::exit::Failure;
use super::feed::Fed;
use crate::diag::{Diag, plain};
use crate::net::allow::{Allow, Network};
use crate::net::tls::{TlsServer, TlsServerOptions};
use crate::pipeline::{Pipeline, Tally};
use crate::source::listen::{Bound, BoundSocket, Listen, ListenOptions, Wire};
use crate::wire::hmac::Key;

/// Receives until the run is to end.
pub fn run(
    args: &ListenArgs,
    input: &InputArgs,
    mut pipeline: Pipeline,
    diag: &Diag,
) -> Result<(Fed, Tally), Failure> {
    let mut listen = open(args, input, diag)?;
    pipeline.open().map_err(|text| anyhow!(text))?;
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
    let allow = args.allow.iter().map(|text| text.parse::<Network>());
    let allow = allow
        .collect::<Result<Allow, _>>()
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
    let options = ListenOptions {
        bound: bind(args)?,
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
        idle_timeout: args.idle_timeout,
        state: args.state.clone(),
    };
    Ok(Listen::new(options, diag.clone()).map_err(|text| anyhow!(text))?)
}

fn bind(args: &ListenArgs) -> Result<Vec<Bound>, Failure> {
    let mut bound = Vec::new();
    for text in &args.tcp {
        let socket = std::net::TcpListener::bind(text).with_context(|| text.clone())?;
        bound.push(Bound {
            name: socket.local_addr().map_err(|e| anyhow!(e))?.to_string(),
            socket: BoundSocket::Tcp(socket),
            http: false,
        });
    }
    for text in &args.udp {
        let socket = std::net::UdpSocket::bind(text).with_context(|| text.clone())?;
        bound.push(Bound {
            name: socket.local_addr().map_err(|e| anyhow!(e))?.to_string(),
            socket: BoundSocket::Udp(socket),
            http: false,
        });
    }
    Ok(bound)
}
