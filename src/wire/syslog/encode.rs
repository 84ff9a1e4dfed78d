//! Records to syslog messages.

use super::SD_ID;
use super::escape::{cut, write_field, write_text};
use super::own::{HOST, MSG_ID, Open, Own, PROC_ID};
use super::structured::Element;
use super::tables::{Facility, Severity};
use crate::record::Record;
use crate::text::Formatter;
use crate::text::digits::write_number;
use crate::text::time::{Strftime, TimeStyle, TimeText};
use crate::wire::host::Host;
use crate::wire::{Encode, Refused};

/// The form of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rfc {
    /// `<PRI>Mmm dd hh:mm:ss [HOST ]TAG[PID]: MSG`, in local time.
    Rfc3164,
    /// `<PRI>1 TIME HOST APP PROCID MSGID SD MSG`.
    #[default]
    Rfc5424,
}

/// What becomes of line feeds. All other control characters but TAB are
/// written as `#ooo` in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineFeeds {
    /// They stay: for datagrams, and where the length or a NUL ends a message.
    Keep,
    /// They become `#012`: where a line feed ends a message.
    #[default]
    Escape,
}

/// What becomes of a message longer than the limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TooLong {
    /// Several messages with the same header, none of which is longer. One
    /// that can not be split (see [`SyslogOptions::max_message`]) is written
    /// whole.
    #[default]
    Split,
    /// The record is refused.
    Refuse,
}

/// How messages are made.
///
/// Fields of the header are made of printable ASCII: what is not becomes `_`,
/// and what is beyond 255 (host), 48 (ident, 200 under RFC 3164 as in
/// `logger`), 128 (process) or 32 bytes (message ID) is left out, as RFC 5424
/// has it in section 6.
///
/// What a record says of itself in the attributes `host`, `facility`, `procid`
/// and `msgid`, as [`decode`](super::decode()) gives them, stands in those fields
/// where the options leave them open: a message that is passed on stays one of
/// who has sent it. It does not stand among the parameters then, unless it had
/// to be changed. An attribute without an ASCII letter or digit says nothing, nor
/// does a facility that there is not.
#[derive(Debug)]
pub struct SyslogOptions {
    /// The form.
    pub rfc: Rfc,
    /// The facility of every message. `None`: the record's own, else user.
    pub facility: Option<Facility>,
    /// The severity of every message; `None`: that of its record's level.
    pub severity: Option<Severity>,
    /// The tag or APP-NAME. `None`: the record's logger name unless that is
    /// `root`, then `default_ident`. Under RFC 3164 it holds no `:` nor `[`.
    pub ident: Option<String>,
    /// For records of the root logger.
    pub default_ident: String,
    /// The number behind the tag, or PROCID. `None`: the record's own, if any.
    pub proc_id: Option<String>,
    /// MSGID, under RFC 5424 alone. `None`: the record's own, if any.
    pub msg_id: Option<String>,
    /// The element of the record's extra attributes, under RFC 5424 alone.
    pub sd_id: String,
    /// What stands in that element before them.
    pub sd_params: Vec<(String, String)>,
    /// As it is sent. `None`: the record's own, else `default_hostname`.
    pub hostname: Option<String>,
    /// For records that name no host. `None`: `-` under RFC 5424; under RFC 3164
    /// no message has a host then, as on a local socket.
    pub default_hostname: Option<Host>,
    /// What the text of a message is made with, never with an exception behind
    /// it; `None`: the record's message alone.
    pub message: Option<Formatter>,
    /// What becomes of line feeds.
    pub line_feeds: LineFeeds,
    /// A NUL behind each message, as `SysLogHandler.append_nul`.
    pub append_nul: bool,
    /// The greatest length of a message in bytes, with its header and its NUL,
    /// without its framing.
    ///
    /// A message is split only where its header (in which the extra attributes
    /// are) leaves an eighth of this to the text, so that the parts are never
    /// more than eight times as long as what they are made of; else its record
    /// is refused.
    pub max_message: Option<usize>,
    /// What becomes of a longer one.
    pub too_long: TooLong,
    /// Times in UTC, not in local time.
    pub utc: bool,
}

impl Default for SyslogOptions {
    fn default() -> Self {
        SyslogOptions {
            rfc: Rfc::default(),
            facility: None,
            severity: None,
            ident: None,
            default_ident: "lh".to_owned(),
            proc_id: None,
            msg_id: None,
            sd_id: SD_ID.to_owned(),
            sd_params: Vec::new(),
            hostname: None,
            default_hostname: None,
            message: None,
            line_feeds: LineFeeds::default(),
            append_nul: false,
            max_message: None,
            too_long: TooLong::default(),
            utc: false,
        }
    }
}

/// The longest tag of RFC 3164 that `logger` writes, and what would end it.
const TAG: (usize, &[u8]) = (200, b":[");
/// APP-NAME.
const APP_NAME: (usize, &[u8]) = (48, b"");

/// Turns records into syslog messages.
///
/// All that does not depend on the record is written once, so for most records
/// a message is four copies and the look for control characters. Nothing is
/// allocated once its buffers are large enough, but for records of more than
/// 24 extra attributes.
#[derive(Debug)]
pub struct SyslogEncoder {
    rfc: Rfc,
    /// What records can say of themselves.
    open: Open,
    /// `<PRI>`, and the version under RFC 5424, by severity.
    starts: [Vec<u8>; 8],
    severity: Option<Severity>,
    time: TimeText,
    /// What stands between time and ident.
    host: Vec<u8>,
    ident: Option<Vec<u8>>,
    default_ident: Vec<u8>,
    ident_rule: (usize, &'static [u8]),
    /// What stands between ident and structured data or message.
    process: Vec<u8>,
    proc_id: Option<String>,
    msg_id: Option<String>,
    /// For records that name no host.
    peers: Option<Host>,
    element: Option<Element>,
    message: Option<Formatter>,
    keep_lf: bool,
    append_nul: bool,
    /// The longest message, and whether a longer one is refused.
    longest: Option<usize>,
    refuses: bool,
    /// What the formatter made, or a message that is to be split.
    text: Vec<u8>,
}

impl SyslogEncoder {
    /// Prepares what all messages have in common.
    pub fn new(options: SyslogOptions) -> SyslogEncoder {
        let is_5424 = options.rfc == Rfc::Rfc5424;
        let ident_rule = if is_5424 { APP_NAME } else { TAG };
        let ident = |text: &str| {
            let mut out = Vec::new();
            write_field(text, ident_rule.0, ident_rule.1, &mut out);
            out
        };
        let hostname = options.hostname.as_deref();
        let default_host = options.default_hostname.as_ref().map(Host::name);
        let (proc_id, msg_id) = (options.proc_id.as_deref(), options.msg_id.as_deref());
        let keep_lf = options.line_feeds == LineFeeds::Keep;
        let mut message = options.message;
        if let Some(formatter) = &mut message {
            formatter.set_append_exception(false);
        }
        SyslogEncoder {
            rfc: options.rfc,
            open: Open {
                facility: options.facility.is_none(),
                host: hostname.is_none() && (is_5424 || default_host.is_some()),
                proc_id: proc_id.is_none(),
                msg_id: msg_id.is_none() && is_5424,
            },
            starts: std::array::from_fn(|severity| {
                let mut start = Vec::new();
                let facility = options.facility.unwrap_or_default();
                write_start(options.rfc, facility, severity as u64, &mut start);
                start
            }),
            severity: options.severity,
            time: TimeText::new(time_style(options.rfc), options.utc),
            host: host(options.rfc, hostname.or(default_host)),
            ident: options.ident.as_deref().map(ident),
            default_ident: ident(&options.default_ident),
            ident_rule,
            process: {
                let mut process = Vec::new();
                write_process(options.rfc, proc_id, msg_id, &mut process);
                process
            },
            element: is_5424.then(|| Element::new(&options.sd_id, &options.sd_params, keep_lf)),
            proc_id: options.proc_id,
            msg_id: options.msg_id,
            peers: options
                .default_hostname
                .filter(|_| options.hostname.is_none()),
            message,
            keep_lf,
            append_nul: options.append_nul,
            longest: options.max_message,
            refuses: options.too_long == TooLong::Refuse,
            text: Vec::new(),
        }
    }

    /// Appends all that stands before the text.
    fn header(&mut self, record: &Record<'_>, out: &mut Vec<u8>) {
        let own = Own::of(record, &self.open);
        let severity = self.severity.unwrap_or_else(|| Severity::of(record));
        match own.facility {
            None => out.extend_from_slice(&self.starts[usize::from(severity.code())]),
            Some(facility) => write_start(self.rfc, facility, severity.code().into(), out),
        }
        self.time.write(record.created, out);
        let peer = || self.peers.as_ref()?.peer(record);
        match own.host.or_else(peer) {
            None => out.extend_from_slice(&self.host),
            Some(host) => write_host(self.rfc, host, out),
        }
        match (&self.ident, &*record.name) {
            (Some(ident), _) => out.extend_from_slice(ident),
            (None, "root" | "") => out.extend_from_slice(&self.default_ident),
            (None, name) => write_field(name, self.ident_rule.0, self.ident_rule.1, out),
        }
        match (own.proc_id, own.msg_id) {
            (None, None) => out.extend_from_slice(&self.process),
            (proc_id, msg_id) => {
                let proc_id = proc_id.or(self.proc_id.as_deref());
                let msg_id = msg_id.or(self.msg_id.as_deref());
                write_process(self.rfc, proc_id, msg_id, out);
            }
        }
        if let Some(element) = &self.element {
            element.write(record, |name| own.is_written(name), out);
            out.push(b' ');
        }
    }

    /// Takes the message that was begun at `start` apart. `header` is the
    /// length of what each part begins with, `most` that of a part.
    fn split(
        &mut self,
        (start, header, most): (usize, usize, usize),
        out: &mut Vec<u8>,
        end: &mut dyn FnMut(&mut Vec<u8>),
    ) {
        self.text.clear();
        self.text.extend_from_slice(&out[start..]);
        out.truncate(start);
        let room = most - header - usize::from(self.append_nul);
        let (header, mut rest) = self.text.split_at(header);
        loop {
            let (part, behind) = match rest.len() > room {
                true => rest.split_at(cut(rest, room)),
                false => (rest, &[][..]),
            };
            out.extend_from_slice(header);
            out.extend_from_slice(part);
            if self.append_nul {
                out.push(0);
            }
            end(out);
            rest = behind;
            if rest.is_empty() {
                return;
            }
        }
    }
}

impl Encode for SyslogEncoder {
    fn encode(
        &mut self,
        record: &Record<'_>,
        out: &mut Vec<u8>,
        end: &mut dyn FnMut(&mut Vec<u8>),
    ) -> Result<(), Refused> {
        let start = out.len();
        self.header(record, out);
        let header = out.len() - start;
        match &mut self.message {
            None => write_text(&record.message, self.keep_lf, out),
            Some(formatter) => {
                self.text.clear();
                formatter.format(record, &mut self.text);
                write_text(&self.text, self.keep_lf, out);
            }
        }
        let length = out.len() - start + usize::from(self.append_nul);
        if let Some(most) = self.longest.filter(|most| length > *most) {
            let room = most.saturating_sub(header + usize::from(self.append_nul));
            if self.refuses || room < (most / 8).max(4) {
                return Err(Refused(format!(
                    "its message has {length} bytes, {header} of them before its text, and \
                     {most} are the most"
                )));
            }
            self.split((start, header, most), out, end);
            return Ok(());
        }
        if self.append_nul {
            out.push(0);
        }
        end(out);
        Ok(())
    }
}

fn time_style(rfc: Rfc) -> TimeStyle {
    match rfc {
        Rfc::Rfc5424 => TimeStyle::Rfc3339Micros,
        // Known to compile; a test would show it if not.
        Rfc::Rfc3164 => {
            Strftime::compile("%b %e %H:%M:%S").map_or(TimeStyle::Asctime, TimeStyle::Strftime)
        }
    }
}

fn write_start(rfc: Rfc, facility: Facility, severity: u64, out: &mut Vec<u8>) {
    out.push(b'<');
    write_number(u64::from(facility.code()) * 8 + severity, 1, out);
    out.extend_from_slice(match rfc {
        Rfc::Rfc3164 => b">",
        Rfc::Rfc5424 => b">1 ",
    });
}

fn host(rfc: Rfc, hostname: Option<&str>) -> Vec<u8> {
    let mut out = Vec::new();
    match (rfc, hostname) {
        (Rfc::Rfc3164, None) => out.push(b' '),
        (_, hostname) => write_host(rfc, hostname.unwrap_or_default(), &mut out),
    }
    out
}

fn write_host(rfc: Rfc, host: &str, out: &mut Vec<u8>) {
    out.push(b' ');
    write_field(host, HOST, b"", out);
    // With a colon behind it, it would be the tag.
    if rfc == Rfc::Rfc3164
        && let Some(last @ b':') = out.last_mut()
    {
        *last = b'_';
    }
    out.push(b' ');
}

fn write_process(rfc: Rfc, proc_id: Option<&str>, msg_id: Option<&str>, out: &mut Vec<u8>) {
    match (rfc, proc_id) {
        (Rfc::Rfc3164, None) => out.extend_from_slice(b": "),
        (Rfc::Rfc3164, Some(id)) => {
            out.push(b'[');
            write_field(id, PROC_ID, b"[]:", out);
            out.extend_from_slice(b"]: ");
        }
        (Rfc::Rfc5424, id) => {
            out.push(b' ');
            write_field(id.unwrap_or_default(), PROC_ID, b"", out);
            out.push(b' ');
            write_field(msg_id.unwrap_or_default(), MSG_ID, b"", out);
            out.push(b' ');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::now::Timestamp;
    use crate::record::{Defaults, Value};

    const AT: Timestamp = Timestamp(1_057_682_985_896_123_000);

    fn utc() -> SyslogOptions {
        SyslogOptions {
            utc: true,
            ..SyslogOptions::default()
        }
    }

    fn old() -> SyslogOptions {
        SyslogOptions {
            rfc: Rfc::Rfc3164,
            ..utc()
        }
    }

    fn encoded(options: SyslogOptions, record: &Record<'_>) -> Vec<String> {
        let mut messages = Vec::new();
        // As a framing does it: what was there before is none of its business.
        let mut out = b"before".to_vec();
        let done = SyslogEncoder::new(options).encode(record, &mut out, &mut |out| {
            messages.push(String::from_utf8_lossy(&out[6..]).into_owned());
            out.truncate(6);
        });
        match done {
            Ok(()) => assert_eq!(out, b"before"),
            Err(_) => assert_eq!(messages, [""; 0]),
        }
        messages
    }

    fn record<'a>(defaults: &'a Defaults, message: &'a str) -> Record<'a> {
        let mut record = Record::new(defaults, AT);
        record.message = message.as_bytes().into();
        record
    }

    #[test]
    fn the_forms() {
        let defaults = Defaults::default();
        let mut record = record(&defaults, "hello");
        record.exc_text = Some("Traceback".into());
        let full = |options| SyslogOptions {
            facility: Some(Facility::Local0),
            severity: Some(Severity::Error),
            ident: Some("app".to_owned()),
            proc_id: Some("77".to_owned()),
            msg_id: Some("MID".to_owned()),
            sd_params: vec![("k".to_owned(), "v".to_owned())],
            hostname: Some("host.example".to_owned()),
            append_nul: true,
            ..options
        };
        let cases = [
            (old(), "<14>Jul  8 16:49:45 lh: hello"),
            (
                full(old()),
                "<131>Jul  8 16:49:45 host.example app[77]: hello\0",
            ),
            (
                utc(),
                "<14>1 2003-07-08T16:49:45.896123+00:00 - lh - - - hello",
            ),
            (
                full(utc()),
                "<131>1 2003-07-08T16:49:45.896123+00:00 host.example app 77 MID \
                 [lh@32473 k=\"v\"] hello\0",
            ),
            (
                SyslogOptions {
                    message: Formatter::parse("{levelname} {message}", None, true).ok(),
                    ..old()
                },
                "<14>Jul  8 16:49:45 lh: INFO hello",
            ),
        ];
        for (options, want) in cases {
            assert_eq!(encoded(options, &record), [want]);
        }
        record.name = "my.app:x".into();
        assert_eq!(
            encoded(old(), &record),
            ["<14>Jul  8 16:49:45 my.app_x: hello"]
        );
        let long = encoded(
            SyslogOptions {
                ident: Some("t".repeat(300)),
                ..old()
            },
            &record,
        );
        assert_eq!(long[0].matches('t').count(), 200);
    }

    #[test]
    fn extra_attributes_are_parameters() {
        let defaults = Defaults::default();
        let mut record = record(&defaults, "m");
        let extra = [
            ("user", Value::Text("a\"b]\n\0".into())),
            ("n", Value::Json("1.50".into())),
            ("twice", Value::Json("1".into())),
            ("o p", Value::Json("{\"a\":[1]}".into())),
            ("twice", Value::Json("2".into())),
        ];
        record.extra = extra.map(|(key, value)| (key.into(), value)).to_vec();
        let options = SyslogOptions {
            sd_id: "a b@1".to_owned(),
            sd_params: vec![("k=".to_owned(), "v\"".to_owned())],
            ..utc()
        };
        assert_eq!(
            encoded(options, &record),
            ["<14>1 2003-07-08T16:49:45.896123+00:00 - lh - - \
              [a_b@1 k_=\"v\\\"\" user=\"a\\\"b\\]#012#000\" n=\"1.50\" \
              o_p=\"{\\\"a\\\":[1\\]}\" twice=\"2\"] m"]
        );
        assert_eq!(encoded(old(), &record), ["<14>Jul  8 16:49:45 lh: m"]);
    }

    #[test]
    fn what_is_passed_on_stays_its_senders() {
        let defaults = Defaults::default();
        let texts = |all: &[(&'static str, &'static str)]| -> Vec<_> {
            let text = |(key, text): &(&'static str, &'static str)| {
                ((*key).into(), Value::Text((*text).into()))
            };
            all.iter().map(text).collect()
        };
        let relay = |options| SyslogOptions {
            default_hostname: Some("relay".into()),
            ..options
        };
        let time = "2003-07-08T16:49:45.896123+00:00";
        let all = [
            ("host", "fw1"),
            ("facility", "auth"),
            ("procid", "42"),
            ("msgid", "ID"),
        ];
        let one_more = [&all[..], &[("k", "v")]].concat();
        let given = SyslogOptions {
            facility: Some(Facility::Local0),
            hostname: Some("h".to_owned()),
            proc_id: Some("7".to_owned()),
            msg_id: Some("M".to_owned()),
            ..relay(utc())
        };
        let cases = [
            (
                relay(utc()),
                &[][..],
                format!("<14>1 {time} relay lh - - - m"),
            ),
            (
                relay(old()),
                &[],
                "<14>Jul  8 16:49:45 relay lh: m".to_owned(),
            ),
            (relay(utc()), &all, format!("<38>1 {time} fw1 lh 42 ID - m")),
            (
                relay(utc()),
                &one_more,
                format!("<38>1 {time} fw1 lh 42 ID [lh@32473 k=\"v\"] m"),
            ),
            (
                relay(old()),
                &all,
                "<38>Jul  8 16:49:45 fw1 lh[42]: m".to_owned(),
            ),
            // A local daemon would take a host for the tag.
            (old(), &all, "<38>Jul  8 16:49:45 lh[42]: m".to_owned()),
            (utc(), &all, format!("<38>1 {time} fw1 lh 42 ID - m")),
            (
                given,
                &all,
                format!(
                    "<134>1 {time} h lh 7 M [lh@32473 host=\"fw1\" facility=\"auth\" \
                     procid=\"42\" msgid=\"ID\"] m"
                ),
            ),
            // One of them alone, and a number for a name.
            (
                relay(utc()),
                &[("facility", "4"), ("msgid", "ID")],
                format!("<38>1 {time} relay lh - ID - m"),
            ),
            // What says nothing is none.
            (
                relay(utc()),
                &[("host", "-"), ("facility", "GELF"), ("procid", "")],
                format!(
                    "<14>1 {time} relay lh - - [lh@32473 host=\"-\" facility=\"GELF\" \
                     procid=\"\"] m"
                ),
            ),
            // What has to be changed is there as it was, too.
            (
                relay(utc()),
                &[("host", "my pc")],
                format!("<14>1 {time} my_pc lh - - [lh@32473 host=\"my pc\"] m"),
            ),
            (
                relay(old()),
                &[("host", "su:\n<0>"), ("procid", "1]: x")],
                "<14>Jul  8 16:49:45 su:_<0> lh[1___x]: m".to_owned(),
            ),
            (
                relay(old()),
                &[("host", "su:")],
                "<14>Jul  8 16:49:45 su_ lh: m".to_owned(),
            ),
        ];
        for (options, extra, want) in cases {
            let mut record = record(&defaults, "m");
            record.extra = texts(extra);
            assert_eq!(encoded(options, &record), [want], "{extra:?}");
        }
        // Of a record that names no host, its sender is known.
        let mut sent = record(&defaults, "m");
        sent.extra = texts(&[("peer", "192.0.2.7:9")]);
        let behind_listen = SyslogOptions {
            default_hostname: Some(Host::of_peers("relay".to_owned())),
            ..old()
        };
        assert_eq!(
            encoded(behind_listen, &sent),
            ["<14>Jul  8 16:49:45 192.0.2.7 lh: m"]
        );
        // Only a number has the form of one.
        for (json, want) in [("42", "42 - -"), ("true", "- - [lh@32473 procid=\"true\"]")] {
            let mut record = record(&defaults, "m");
            record.extra = vec![("procid".into(), Value::Json(json.into()))];
            let want = format!("<14>1 {time} relay lh {want} m");
            assert_eq!(encoded(relay(utc()), &record), [want]);
        }
    }

    #[test]
    fn no_message_forges_another() {
        let defaults = Defaults::default();
        let mut record = record(&defaults, "a\n<0>b\r\0\x1b\tc");
        record.name = "x\n<0>".into();
        let options = || SyslogOptions {
            hostname: Some("h\ni".to_owned()),
            proc_id: Some("1]: \n".to_owned()),
            ..old()
        };
        assert_eq!(
            encoded(options(), &record),
            ["<14>Jul  8 16:49:45 h_i x_<0>[1____]: a#012<0>b#015#000#033\tc"]
        );
        let kept = SyslogOptions {
            line_feeds: LineFeeds::Keep,
            ..options()
        };
        assert_eq!(
            encoded(kept, &record),
            ["<14>Jul  8 16:49:45 h_i x_<0>[1____]: a\n<0>b#015#000#033\tc"]
        );
    }

    #[test]
    fn long_messages_are_split() {
        let defaults = Defaults::default();
        let header = "<14>Jul  8 16:49:45 lh: ";
        let options = |room: usize| SyslogOptions {
            max_message: Some(header.len() + room),
            ..old()
        };
        let cases: [(&str, usize, &[&str]); 7] = [
            ("123456789", 9, &["123456789"]),
            ("1234567890", 9, &["123456789", "0"]),
            (
                "123\u{e9}\u{1f600}\n!",
                7,
                &["123\u{e9}", "\u{1f600}", "#012!"],
            ),
            ("\0\0", 7, &["#000", "#000"]),
            ("", 7, &[""]),
            // A character, or an `#ooo`, has to have room.
            ("1234567890", 4, &["1234", "5678", "90"]),
            ("1234567890", 3, &[]),
        ];
        for (message, room, parts) in cases {
            let record = record(&defaults, message);
            let want: Vec<_> = parts.iter().map(|part| format!("{header}{part}")).collect();
            assert_eq!(encoded(options(room), &record), want, "{message:?}");
        }
        let record = record(&defaults, "1234567890");
        let with_nul = SyslogOptions {
            append_nul: true,
            ..options(6)
        };
        let want = ["12345\0", "67890\0"].map(|part| format!("{header}{part}"));
        assert_eq!(encoded(with_nul, &record), want);
        // An eighth of the limit has to be left.
        let long = "1".repeat(50);
        for (room, parts) in [(45, 2), (44, 2), (30, 0)] {
            let host = SyslogOptions {
                hostname: Some("h".repeat(255)),
                ..options(255 + 1 + room)
            };
            let record = self::record(&defaults, &long);
            assert_eq!(encoded(host, &record).len(), parts, "{room}");
        }
        let refused = SyslogOptions {
            too_long: TooLong::Refuse,
            ..options(4)
        };
        assert_eq!(encoded(refused, &record), [""; 0]);
    }
}
