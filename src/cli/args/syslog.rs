//! `lh syslog`.

use std::path::Path;

use clap::{Args, ValueEnum};

use super::queueing::QueueingArgs;
use super::remote::{Carrier, ConnectionArgs, DRAIN, Target, TlsArgs};
use super::{CommonArgs, IntoStage, network};
use crate::diag::Diag;
use crate::handler::Stage;
use crate::handler::stage::Rendering;
use crate::sys;
use crate::units;
use crate::wire::envelope::{Envelope, Framing};
use crate::wire::syslog::{
    Facility, LineFeeds, Priority, Rfc, SyslogEncoder, SyslogOptions, TooLong,
};

/// The largest message that a udp datagram holds, over IPv4: 65,535 bytes less
/// the headers.
const UDP: usize = 65_507;

/// The same of a local datagram socket, with the buffers that Linux gives it.
const LOCAL: usize = 200 << 10;

const HINT: &str =
    "is a syslog daemon running here? --address HOST[:PORT] sends to another machine";

/// Send to a syslog daemon, on this machine or another (SysLogHandler).
///
/// The level of a record becomes the severity, and its logger's name, unless
/// that is root, the tag. Control characters in a message are written as #ooo,
/// so that none can pass for another message. Over tcp and tls, what was sent
/// and may not have been read is sent again after the connection broke.
///
/// What a record says of itself in its attributes {host}, {facility}, {procid}
/// and {msgid} stands in these fields of its message where no option says
/// otherwise: behind listen, and with -i json, a message stays one of who has
/// sent it. In the older form to a local socket there is no host.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  backup.sh 2>&1 | lh --detect-level syslog -t backup
  myapp | lh syslog -t myapp -p local0 --address loghost --transport tcp \\
      --spool /var/spool/myapp
  myapp | lh -i json syslog --address loghost:6514 --transport tls --ca ca.pem
  lh -m 'backup done' syslog -t backup -p cron.notice")]
pub struct SyslogArgs {
    /// HOST[:PORT], or the path of a local socket [default: /dev/log].
    ///
    /// The port is 514, over tls 6514. Where there is no local socket for
    /// syslog, as on Windows, the default is localhost.
    #[arg(long, value_name = "ADDRESS", help_heading = "Syslog")]
    address: Option<String>,

    /// How it is reached [default: udp for a host, unix for a path].
    ///
    /// unix: by datagrams, or by a stream where the socket is one, which may change
    /// when its daemon is restarted.
    #[arg(long, value_enum, value_name = "TRANSPORT", help_heading = "Syslog")]
    transport: Option<TransportArg>,

    /// The form of messages [default: 5424; 3164 on a local socket].
    #[arg(long, value_enum, value_name = "RFC", help_heading = "Syslog")]
    rfc: Option<RfcArg>,

    /// What tells messages apart on a stream [default: lf; octet over tls].
    ///
    /// octet: the message's length before it (RFC 6587). lf, nul: a newline or
    /// a NUL behind it.
    #[arg(long, value_enum, value_name = "FRAMING", help_heading = "Syslog")]
    framing: Option<FramingArg>,

    /// End each message with a NUL, as Python's append_nul.
    #[arg(long, help_heading = "Syslog")]
    append_nul: bool,

    /// What messages come from [default: the logger's name, or the user's].
    #[arg(short = 't', long, value_name = "TAG", help_heading = "Syslog")]
    ident: Option<String>,

    /// The facility, and a level for every record [default: the record's
    /// {facility}, or user].
    ///
    /// As in logger: with a level, whatever level a record has.
    #[arg(
        short = 'p',
        long,
        value_name = "FACILITY[.LEVEL]",
        help_heading = "Syslog"
    )]
    priority: Option<Priority>,

    /// The facility: kern, user, mail, daemon, auth, cron, local0 to local7, ...
    #[arg(long, value_name = "FACILITY", help_heading = "Syslog")]
    #[arg(conflicts_with = "priority")]
    facility: Option<Facility>,

    /// Give the process's number, lh's own or this one [default: the record's
    /// {procid}].
    #[arg(
        long,
        value_name = "PID",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "",
        help_heading = "Syslog"
    )]
    id: Option<String>,

    /// The type of the message (RFC 5424) [default: the record's {msgid}].
    #[arg(long, value_name = "ID", help_heading = "Syslog")]
    msgid: Option<String>,

    /// The structured data element of the record's attributes [default: lh@32473].
    #[arg(long, value_name = "ID", help_heading = "Syslog")]
    sd_id: Option<String>,

    /// A parameter for that element, in every message.
    #[arg(long, value_name = "KEY=VALUE", value_parser = units::field, help_heading = "Syslog")]
    sd_param: Vec<(String, String)>,

    /// The host that messages are from [default: the record's {host}, or this
    /// machine].
    #[arg(long, value_name = "NAME", help_heading = "Syslog")]
    hostname: Option<String>,

    /// The longest message, its header included [default: what a datagram
    /// holds; none on a stream].
    #[arg(long, value_name = "SIZE", value_parser = units::record_size, help_heading = "Syslog")]
    max_message: Option<usize>,

    /// What becomes of a record that makes a longer one [default: split].
    ///
    /// split: several messages. refuse: it is not sent, and counted.
    #[arg(long, value_enum, value_name = "HOW", help_heading = "Syslog")]
    too_long: Option<TooLongArg>,

    #[command(flatten)]
    tls: TlsArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    pub queueing: QueueingArgs,
    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TransportArg {
    Udp,
    Tcp,
    Tls,
    Unix,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum RfcArg {
    #[value(name = "3164")]
    Rfc3164,
    #[value(name = "5424")]
    Rfc5424,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FramingArg {
    Octet,
    Lf,
    Nul,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TooLongArg {
    Split,
    Refuse,
}

/// What is asked for, with what that means where nothing was said.
struct Plan {
    address: String,
    local: bool,
    transport: TransportArg,
    /// Messages follow each other on a stream, as far as that is known.
    stream: bool,
    /// What tells them apart, in a spool as well.
    framing: Framing,
    /// The same on a stream, where a local socket may turn out to be one.
    on_stream: Framing,
}

/// The forms of records in a spool.
const FORMS: [&str; 4] = [
    "syslog datagrams",
    "syslog lines",
    "syslog messages with their length",
    "syslog messages that end with a NUL",
];

fn form(framing: &Framing) -> &'static str {
    match framing {
        Framing::Bare | Framing::Length => FORMS[0],
        Framing::OctetCount => FORMS[2],
        Framing::Terminator(end) if end == b"\0" => FORMS[3],
        Framing::Terminator(_) => FORMS[1],
    }
}

/// What tells the messages apart that wait in a spool, left there by an lh that
/// found the local socket to be of one kind, or of the other.
fn waiting(spool: &Path) -> Option<Framing> {
    // What is wrong with it is told when it is opened.
    let noted = crate::spool::target(spool).ok()??;
    let framing = match FORMS.iter().position(|form| *form == noted.form)? {
        0 => Framing::Bare,
        1 => Framing::Terminator(b"\n".to_vec()),
        2 => Framing::OctetCount,
        _ => Framing::Terminator(b"\0".to_vec()),
    };
    let found = crate::spool::inspect(spool).ok()?;
    (found.waiting > 0).then_some(framing)
}

impl SyslogArgs {
    fn plan(&self) -> Result<Plan, String> {
        let address = match &self.address {
            Some(address) => address.clone(),
            None if self.transport.is_none_or(|t| t == TransportArg::Unix) => {
                sys::SYSLOG_SOCKET.unwrap_or("localhost").to_owned()
            }
            None => "localhost".to_owned(),
        };
        let local = network::is_path(&address);
        let transport = match (self.transport, local) {
            (None, true) => TransportArg::Unix,
            (None, false) => TransportArg::Udp,
            (Some(TransportArg::Unix), false) => {
                return Err(format!(
                    "{address}: --transport unix is for the path of a socket"
                ));
            }
            (Some(transport), true) if transport != TransportArg::Unix => {
                return Err(format!(
                    "{address}: a local socket is reached by --transport unix"
                ));
            }
            (Some(transport), _) => transport,
        };
        if let Some(option) = self.tls.given().filter(|_| transport != TransportArg::Tls) {
            return Err(format!("{option} has no effect without --transport tls"));
        }
        // A local socket may be there later only, and then be of either kind.
        let stream = match transport {
            TransportArg::Tcp | TransportArg::Tls => Some(true),
            TransportArg::Udp => Some(false),
            TransportArg::Unix => sys::is_stream_socket(address.as_ref()),
        };
        if self.framing.is_some() && stream == Some(false) {
            return Err("--framing is for streams: each datagram is a message".to_owned());
        }
        let stream = stream == Some(true);
        let on_stream = match self.framing {
            Some(FramingArg::Octet) => Framing::OctetCount,
            Some(FramingArg::Nul) => Framing::Terminator(b"\0".to_vec()),
            Some(FramingArg::Lf) => Framing::Terminator(b"\n".to_vec()),
            None if transport == TransportArg::Tls => Framing::OctetCount,
            None => Framing::Terminator(b"\n".to_vec()),
        };
        let spool = self.queueing.spool();
        let spool = spool.filter(|_| transport == TransportArg::Unix);
        let framing = match (spool.and_then(waiting), stream) {
            (Some(framing), _) => framing,
            (None, true) => on_stream.clone(),
            (None, false) => Framing::Bare,
        };
        Ok(Plan {
            address,
            local,
            transport,
            stream,
            framing,
            on_stream,
        })
    }

    fn encoder(&self, plan: &Plan) -> Result<SyslogEncoder, String> {
        let rfc = match (self.rfc, plan.local) {
            (Some(RfcArg::Rfc3164), _) | (None, true) => Rfc::Rfc3164,
            (Some(RfcArg::Rfc5424), _) | (None, false) => Rfc::Rfc5424,
        };
        if rfc == Rfc::Rfc3164 {
            let given = [
                ("--msgid", self.msgid.is_some()),
                ("--sd-id", self.sd_id.is_some()),
                ("--sd-param", !self.sd_param.is_empty()),
                // A daemon would take it for the tag.
                ("--hostname", self.hostname.is_some() && plan.local),
            ];
            if let Some((option, _)) = given.iter().find(|(_, given)| *given) {
                let where_ = if plan.local { " on a local socket" } else { "" };
                return Err(format!("{option} needs --rfc 5424{where_}"));
            }
        }
        let lf = plan.framing == Framing::Terminator(b"\n".to_vec());
        let longest = match plan.transport {
            TransportArg::Udp => Some(UDP),
            TransportArg::Unix if !plan.stream => Some(LOCAL),
            _ => None,
        };
        let priority = self.priority.unwrap_or(Priority {
            facility: self.facility,
            severity: None,
        });
        let defaults = SyslogOptions::default();
        Ok(SyslogEncoder::new(SyslogOptions {
            rfc,
            facility: priority.facility,
            severity: priority.severity,
            ident: self.ident.clone(),
            default_ident: sys::user_name(),
            proc_id: match self.id.as_deref() {
                Some("") => Some(std::process::id().to_string()),
                other => other.map(str::to_owned),
            },
            msg_id: self.msgid.clone(),
            sd_id: self.sd_id.clone().unwrap_or(defaults.sd_id),
            sd_params: self.sd_param.clone(),
            hostname: self.hostname.clone(),
            // Nobody but this machine is at a local socket.
            default_hostname: (!plan.local).then(|| self.common.host(host_name(rfc))),
            message: self.common.message_formatter()?,
            line_feeds: match lf {
                true => LineFeeds::Escape,
                false => LineFeeds::Keep,
            },
            append_nul: self.append_nul,
            max_message: self.max_message.or(longest),
            too_long: match self.too_long {
                Some(TooLongArg::Refuse) => TooLong::Refuse,
                None | Some(TooLongArg::Split) => TooLong::Split,
            },
            utc: self.common.utc,
        }))
    }
}

/// RFC 3164 section 4.1.2 has no domain in it, and logger leaves it out.
fn host_name(rfc: Rfc) -> String {
    let name = sys::host_name();
    match (rfc, name.split_once('.')) {
        (Rfc::Rfc3164, Some((host, _))) => host.to_owned(),
        _ => name,
    }
}

impl IntoStage for SyslogArgs {
    fn common(&mut self) -> &mut CommonArgs {
        &mut self.common
    }

    fn into_stage(self, diag: &Diag) -> Result<Stage, String> {
        let plan = self.plan()?;
        let encoder = self.encoder(&plan)?;
        let form = form(&plan.framing);
        let target = Target {
            kind: "syslog",
            address: plan.address,
            default_port: Some(if plan.transport == TransportArg::Tls {
                6514
            } else {
                514
            }),
            carrier: match (plan.transport, plan.stream) {
                (TransportArg::Tls, _) => Carrier::Tls(self.tls),
                (TransportArg::Unix, _) => Carrier::Either {
                    given: plan.framing.clone(),
                    on_stream: plan.on_stream,
                },
                (_, true) => Carrier::Stream,
                (_, false) => Carrier::Datagram,
            },
            numbered: false,
            chunked: None,
            hint: plan.local.then_some(HINT),
        };
        let rendering = Rendering {
            encoder: Some(Box::new(encoder)),
            envelope: Some(Envelope::new(plan.framing)),
            ..Rendering::default()
        };
        let handler = network::handler(target, &self.connection, diag)?;
        let queue = self.queueing.options(form, Some(DRAIN))?;
        self.common.remote_stage(handler, rendering, queue, diag)
    }
}
