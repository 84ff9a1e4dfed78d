//! `lh socket`.

use std::path::PathBuf;

use clap::Args;

use super::queueing::QueueingArgs;
use super::remote::{Carrier, ConnectionArgs, DRAIN, Target, TlsArgs, WireArg};
use super::{CommonArgs, IntoStage, network};
use crate::diag::Diag;
use crate::handler::Stage;

/// Send over a stream: tcp, tls or a unix socket (SocketHandler).
///
/// What was sent and may not have been read is sent again after the connection
/// broke. A record counts as delivered when the other end's system has it; on
/// the wire lh, when `lh listen` and its handlers have accepted it, and that
/// exactly once.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  myapp 2>&1 | lh socket --wire lh --spool /var/spool/myapp loghost:9020
  myapp | lh -i json socket --wire pickle localhost:9020
  myapp | lh socket --wire gelf --tls --ca ca.pem graylog:12201")]
pub struct SocketArgs {
    /// HOST:PORT, or the path of a unix socket
    #[arg(value_name = "ADDRESS")]
    address: String,

    /// What is sent [default: json].
    ///
    /// json, lines and syslog end with a newline, gelf with a NUL; before a
    /// pickle stands its length.
    #[arg(long, value_enum, value_name = "WIRE", help_heading = "Socket")]
    wire: Option<WireArg>,

    /// Send over TLS.
    #[arg(long, help_heading = "TLS")]
    tls: bool,

    #[command(flatten)]
    tls_args: TlsArgs,

    /// Put an HMAC-SHA-256 before each record, with the key in this file.
    ///
    /// 32 bytes on the wires pickle and lh; on the others 64 hexadecimal digits
    /// and a space. The last newline of a text file is not part of the key; a
    /// file that is no text is the key as it is.
    #[arg(long, value_name = "FILE", help_heading = "Socket")]
    hmac_key_file: Option<PathBuf>,

    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    pub queueing: QueueingArgs,
    #[command(flatten)]
    common: CommonArgs,
}

impl IntoStage for SocketArgs {
    fn common(&mut self) -> &mut CommonArgs {
        &mut self.common
    }

    fn into_stage(self, diag: &Diag) -> Result<Stage, String> {
        if let Some(option) = self.tls_args.given().filter(|_| !self.tls) {
            return Err(format!("{option} has no effect without --tls"));
        }
        let wire = self.wire.unwrap_or(WireArg::Json);
        let target = Target {
            kind: "socket",
            address: self.address,
            default_port: None,
            carrier: match self.tls {
                true => Carrier::Tls(self.tls_args),
                false => Carrier::Stream,
            },
            numbered: wire == WireArg::Lh,
            chunked: None,
            hint: None,
        };
        let form = wire.form(true, self.hmac_key_file.is_some());
        let rendering = network::rendering(wire, true, self.hmac_key_file, &self.common)?;
        let handler = network::handler(target, &self.connection, diag)?;
        let queue = self.queueing.options(&form, Some(DRAIN))?;
        self.common.remote_stage(handler, rendering, queue, diag)
    }
}
