//! `lh udp`.

use std::path::PathBuf;

use clap::Args;

use super::queueing::QueueingArgs;
use super::remote::{Carrier, CompressArg, ConnectionArgs, DRAIN, Target, WireArg};
use super::{CommonArgs, IntoStage, network};
use crate::diag::Diag;
use crate::handler::Stage;

/// Send each record as a datagram: udp or a unix datagram socket (DatagramHandler).
///
/// A udp datagram counts as delivered when it was sent and nobody has refused
/// it: where none may be lost, send with socket. A record that does not fit
/// into a datagram is an error that names its size; GELF is cut into chunks.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  myapp | lh udp --wire gelf --compress gzip graylog:12201
  myapp | lh -i json udp --wire pickle localhost:9021
  myapp | lh udp --wire lines /run/collector.sock")]
pub struct UdpArgs {
    /// HOST:PORT, or the path of a unix datagram socket
    #[arg(value_name = "ADDRESS")]
    address: String,

    /// What is sent [default: json].
    #[arg(long, value_enum, value_name = "WIRE", help_heading = "Datagrams")]
    wire: Option<WireArg>,

    /// How GELF is compressed [default: none].
    #[arg(long, value_enum, value_name = "METHOD", help_heading = "Datagrams")]
    compress: Option<CompressArg>,

    /// Put an HMAC-SHA-256 before each record, with the key in this file.
    ///
    /// 32 bytes before a pickle; on the other wires 64 hexadecimal digits and a
    /// space. The last newline of a text file is not part of the key; a file that
    /// is no text is the key as it is.
    #[arg(long, value_name = "FILE", help_heading = "Datagrams")]
    hmac_key_file: Option<PathBuf>,

    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    pub queueing: QueueingArgs,
    #[command(flatten)]
    common: CommonArgs,
}

impl IntoStage for UdpArgs {
    fn common(&mut self) -> &mut CommonArgs {
        &mut self.common
    }

    fn into_stage(self, diag: &Diag) -> Result<Stage, String> {
        let wire = self.wire.unwrap_or(WireArg::Json);
        if wire == WireArg::Lh {
            let text = "--wire lh needs a stream, to be acknowledged: use lh socket --wire lh";
            return Err(text.to_owned());
        }
        let gelf = wire == WireArg::Gelf;
        if self.compress.is_some() && !gelf {
            return Err("--compress is for --wire gelf".to_owned());
        }
        if gelf && self.hmac_key_file.is_some() {
            let text = "--hmac-key-file and --wire gelf: chunks can't carry a code; use lh socket";
            return Err(text.to_owned());
        }
        let target = Target {
            kind: "udp",
            address: self.address,
            default_port: None,
            carrier: Carrier::Datagram,
            numbered: false,
            chunked: gelf.then(|| self.compress.unwrap_or(CompressArg::None)),
            hint: None,
        };
        let form = wire.form(false, self.hmac_key_file.is_some());
        let rendering = network::rendering(wire, false, self.hmac_key_file, &self.common)?;
        let handler = network::handler(target, &self.connection, diag)?;
        let queue = self.queueing.options(&form, Some(DRAIN))?;
        self.common.remote_stage(handler, rendering, queue, diag)
    }
}
