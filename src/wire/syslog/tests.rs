//! What is read of what devices send, and that what is written is read again.
//! The forms of `logger` itself are compared in `tests/syslog_forms.rs`.

use std::borrow::Cow;

use chrono_tz::{Europe, Tz};
use proptest::prelude::*;

use super::Stamps;
use super::decode::decode_in;
use super::*;
use crate::level::Level;
use crate::now::Timestamp;
use crate::record::{Defaults, Record, Value};
use crate::text::time::parse_timestamp;
use crate::wire::Encode as _;
use crate::zone::UtcZone;

static LONDON: Tz = Europe::London;

fn instant(text: &str) -> Timestamp {
    parse_timestamp(text, &UtcZone).expect(text)
}

/// When all of it is received: at summer time, an hour east of UTC.
fn received() -> Timestamp {
    instant("2024-07-20T12:00:00Z")
}

fn decoded<'a>(frame: &'a [u8], defaults: &'a Defaults) -> Option<Record<'a>> {
    let mut record = Record::new(defaults, Timestamp(7));
    decode_in(
        &LONDON,
        &Stamps::default(),
        frame,
        defaults,
        received(),
        &mut record,
    )
    .ok()?;
    Some(record)
}

/// `created name procid msgid host: message`, with `-` for what is not given.
fn summary(record: &Record<'_>) -> String {
    let extra = |key| match record.get(key) {
        Some(Value::Text(text)) => text.to_string(),
        _ => "-".to_owned(),
    };
    let micros = match record.created == received() {
        true => "now".to_owned(),
        false => {
            let mut out = Vec::new();
            let style = crate::text::time::TimeStyle::Rfc3339Micros;
            crate::text::time::TimeText::new(style, true).write(record.created, &mut out);
            out.truncate(23);
            String::from_utf8(out).unwrap()
        }
    };
    format!(
        "{micros} {} {} {} {}: {}",
        record.name,
        extra("procid"),
        extra("msgid"),
        extra("host"),
        String::from_utf8_lossy(&record.message)
    )
}

/// Frames behind `<13>`, and what is read of them.
#[rustfmt::skip]
const FORMS: &[(&str, &str)] = &[
    // RFC 5424, the examples of its section 6.5 among them.
    ("1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \u{feff}'su root' failed for lonvick on /dev/pts/8",
     "2003-10-11T22:14:15.003 su - ID47 mymachine.example.com: 'su root' failed for lonvick on /dev/pts/8"),
    ("1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the do-nuts.",
     "2003-08-24T12:14:15.000 myproc 8710 - 192.0.2.1: %% It's time to make the do-nuts."),
    ("1 2003-10-11T22:14:15.003Z h evntslog - ID47 [exampleSDID@32473 iut=\"3\"][examplePriority@32473 class=\"high\"]",
     "2003-10-11T22:14:15.003 evntslog - ID47 h: "),
    ("1 - - - - - -", "now root - - -: "),
    ("1 - - - - - - m", "now root - - -: m"),
    ("1 - - - - - -  m", "now root - - -:  m"),
    ("1 2003-10-11T22:14:15Z h a - - [x y=\"z\" m", "2003-10-11T22:14:15.000 a - - h: [x y=\"z\" m"),
    ("1 2003-10-11T22:14:15Z h a - - no data", "2003-10-11T22:14:15.000 a - - h: no data"),
    ("1 2003-10-11T22:14:15Z h a - -", "now root - - -: 1 2003-10-11T22:14:15Z h a - -"),
    ("1 yesterday h a - - - m", "now root - - -: 1 yesterday h a - - - m"),
    ("2 2003-10-11T22:14:15Z h a - - - m", "now root - - -: 2 2003-10-11T22:14:15Z h a - - - m"),
    ("1 2003-10-11T22:14:15Z h\u{1b} a - - - m", "now root - - -: 1 2003-10-11T22:14:15Z h\u{1b} a - - - m"),
    ("1 2003-10-11T22:14:15Z h  a - - - m", "now root - - -: 1 2003-10-11T22:14:15Z h  a - - - m"),
    ("1 apple a day", "now root - - -: 1 apple a day"),
    // RFC 3164, its examples and the form of local sockets.
    ("Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
     "2024-10-11T21:14:15.000 su - - mymachine: 'su root' failed for lonvick on /dev/pts/8"),
    ("Feb  5 17:32:18 10.0.0.99 Use the BFG!", "2024-02-05T17:32:18.000 root - - 10.0.0.99: Use the BFG!"),
    ("Oct 11 22:14:15 app: m", "2024-10-11T21:14:15.000 app - - -: m"),
    ("Oct 11 22:14:15 app[12]: m", "2024-10-11T21:14:15.000 app 12 - -: m"),
    ("Oct 11 22:14:15 app[12] m", "2024-10-11T21:14:15.000 app 12 - -: m"),
    ("Oct 11 22:14:15 h app[12]:m n", "2024-10-11T21:14:15.000 app 12 - h: m n"),
    ("Oct 11 22:14:15 h app[12]:", "2024-10-11T21:14:15.000 app 12 - h: "),
    ("Oct 11 22:14:15 h app:  m", "2024-10-11T21:14:15.000 app - - h:  m"),
    ("Oct 11 22:14:15 h app[]: m", "2024-10-11T21:14:15.000 app - - h: m"),
    ("Oct 11 22:14:15 h postfix/smtpd[12]: m", "2024-10-11T21:14:15.000 postfix/smtpd 12 - h: m"),
    ("Oct 11 22:14:15 h my::mod[a.b]: m", "2024-10-11T21:14:15.000 my::mod a.b - h: m"),
    ("Oct 11 22:14:15 fe80::1%eth0 app: m", "2024-10-11T21:14:15.000 app - - fe80::1%eth0: m"),
    ("Oct 11 22:14:15 2001:db8::1 sshd[12]: m", "2024-10-11T21:14:15.000 sshd 12 - 2001:db8::1: m"),
    ("Oct 11 22:14:15 h list[a] m", "2024-10-11T21:14:15.000 root - - h: list[a] m"),
    ("Oct 11 22:14:15 {\"a\": 1}", "2024-10-11T21:14:15.000 root - - -: {\"a\": 1}"),
    ("Oct 11 22:14:15 h {\"a\": 1}", "2024-10-11T21:14:15.000 root - - h: {\"a\": 1}"),
    ("Oct 11 22:14:15 word", "2024-10-11T21:14:15.000 root - - -: word"),
    ("Oct 11 22:14:15 ", "2024-10-11T21:14:15.000 root - - -: "),
    ("Oct 11 22:14:15", "2024-10-11T21:14:15.000 root - - -: "),
    ("Oct 11 22:14:1", "now root - - -: Oct 11 22:14:1"),
    // Other times in that place: rsyslog's RSYSLOG_ForwardFormat first.
    ("2003-10-11T22:14:15.003000+02:00 h app[12]: m", "2003-10-11T20:14:15.003 app 12 - h: m"),
    ("2003-10-11T22:14:15Z h app m", "2003-10-11T22:14:15.000 root - - h: app m"),
    ("2003-07-11 22:14:15,003 h app: m", "2003-07-11T21:14:15.003 app - - h: m"),
    ("Oct 11 2003 22:14:15 h app: m", "2003-10-11T21:14:15.000 app - - h: m"),
    ("Oct 11 22:14:15 2003 h app: m", "2003-10-11T21:14:15.000 app - - h: m"),
    // Cisco, and its relatives.
    ("123: *Mar  1 18:48:50.483 UTC: %SYS-5-CONFIG_I: Configured from console by vty2",
     "2024-03-01T18:48:50.483 %SYS-5-CONFIG_I - - -: Configured from console by vty2"),
    ("77: core-1: .Mar  1 18:48:50.483: %LINK-3-UPDOWN: down", "2024-03-01T18:48:50.483 %LINK-3-UPDOWN - - core-1: down"),
    ("45: %SYS-5-CONFIG_I: m", "now %SYS-5-CONFIG_I - - -: m"),
    (": 2013 Mar 20 18:28:50 UTC: %VSHD-5-VSHD: m", "2013-03-20T18:28:50.000 %VSHD-5-VSHD - - -: m"),
    ("Jul 21 2014 12:00:00 fw-1 : %ASA-6-302013: Built", "2014-07-21T11:00:00.000 %ASA-6-302013 - - fw-1: Built"),
    ("Jul 21 2014 12:00:00: %ASA-6-302013: Built", "2014-07-21T11:00:00.000 %ASA-6-302013 - - -: Built"),
    ("Jul 21 2014 12:00:00 fw-1: %ASA-6-302013: Built", "2014-07-21T11:00:00.000 %ASA-6-302013 - - fw-1: Built"),
    ("1 1563249630.774247467 MX60 events dhcp lease", "2019-07-16T04:00:30.774 root - - MX60: events dhcp lease"),
    // No time.
    ("app: m", "now app - - -: m"),
    ("app[12]: m", "now app 12 - -: m"),
    ("app[12] m", "now root - - -: app[12] m"),
    ("404: not found", "now root - - -: 404: not found"),
    ("it's: m", "now root - - -: it's: m"),
    ("just a text: with a colon", "now root - - -: just a text: with a colon"),
    (" leading", "now root - - -:  leading"),
    ("12: 34", "now root - - -: 12: 34"),
    (": ", "now root - - -: : "),
    ("", "now root - - -: "),
];

#[test]
fn what_devices_send() {
    let defaults = Defaults::default();
    for (text, want) in FORMS {
        for end in ["", "\n", "\r\n", "\0", "\n\0", "\0\n"] {
            let frame = format!("<13>{text}{end}");
            let record = decoded(frame.as_bytes(), &defaults).unwrap();
            assert_eq!(summary(&record), *want, "{frame:?}");
            assert_eq!(record.level, Level::NOTICE);
            assert_eq!(record.get("facility"), Some(&Value::Text("user".into())));
            assert!(matches!(record.message, Cow::Borrowed(_)));
            assert!(matches!(record.name, Cow::Borrowed(_)));
        }
    }
}

#[test]
fn priorities() {
    let defaults = Defaults::default();
    for priority in 0..=191u8 {
        let frame = format!("<{priority}>m");
        let record = decoded(frame.as_bytes(), &defaults).unwrap();
        let facility = Facility::from_code(priority / 8).unwrap().name();
        assert_eq!(record.get("facility"), Some(&Value::Text(facility.into())));
        assert_eq!(
            Some(record.level),
            Level::from_syslog(u32::from(priority % 8))
        );
        assert_eq!(&*record.message, b"m");
    }
    let none: [&[u8]; 12] = [
        b"", b"m", b"<", b"<>", b"<192>m", b"<1", b"<1000>m", b"<0013>m", b"< 1>m", b"<-1>m",
        b"<1m>", b" <13>m",
    ];
    let mut record = Record::new(&defaults, Timestamp(7));
    record.message = b"untouched".into();
    for frame in none {
        let result = decode(frame, &defaults, received(), &mut record);
        assert_eq!(result, Err(NotSyslog), "{frame:?}");
        assert_eq!(&*record.message, b"untouched");
    }
}

#[test]
fn attributes_in_their_order() {
    let defaults = Defaults {
        fields: vec![("site".to_owned(), Value::Text("here".into()))],
        ..Defaults::default()
    };
    let frame = b"<165>1 2003-10-11T22:14:15.003Z h app 12 ID [a@1 x=\"1\"][lh@32473 n=\"2\"] m";
    let record = decoded(frame, &defaults).unwrap();
    let extra = [
        ("site", "here"),
        ("host", "h"),
        ("facility", "local4"),
        ("procid", "12"),
        ("msgid", "ID"),
        ("a@1.x", "1"),
        ("n", "2"),
    ];
    let want = extra.map(|(key, value)| (key.into(), Value::Text(value.into())));
    assert_eq!(record.extra, want);

    let record = decoded(b"<189>000123: *Mar  1 18:48:50: %SYS-5-X: m", &defaults).unwrap();
    let sequence = record.get("meta.sequenceId");
    assert_eq!(sequence, Some(&Value::Text("000123".into())));
}

/// Lines of the form that files of Linux hosts have.
#[test]
fn lines_of_a_log_file() {
    let defaults = Defaults::default();
    let cases = [
        (
            "Dec 10 06:55:46 box sshd[24200]: Invalid user guest from 192.0.2.7",
            "2024-12-10T06:55:46.000 sshd 24200 - box: Invalid user guest from 192.0.2.7",
        ),
        (
            "Jun 15 02:04:59 combi sshd(pam_unix)[20882]: authentication failure; uid=0 rhost=a.example  user=root",
            "2024-06-15T01:04:59.000 sshd(pam_unix) 20882 - combi: authentication failure; uid=0 rhost=a.example  user=root",
        ),
        (
            "Jul  7 08:06:12 combi kernel: CPU 0 irqstacks, hard=0 soft=1",
            "2024-07-07T07:06:12.000 kernel - - combi: CPU 0 irqstacks, hard=0 soft=1",
        ),
        (
            "Jul  7 08:06:12 combi network: Bringing up interface:  succeeded",
            "2024-07-07T07:06:12.000 network - - combi: Bringing up interface:  succeeded",
        ),
        (
            "Jul  7 08:06:12 combi syslogd 1.4.1: restart.",
            "2024-07-07T07:06:12.000 root - - combi: syslogd 1.4.1: restart.",
        ),
        (
            "Jul  7 08:06:12 combi  -- root[77]: ROOT LOGIN ON tty2",
            "2024-07-07T07:06:12.000 root - - combi:  -- root[77]: ROOT LOGIN ON tty2",
        ),
    ];
    for (line, want) in cases {
        let frame = format!("<13>{line}\n");
        let record = decoded(frame.as_bytes(), &defaults).unwrap();
        assert_eq!(summary(&record), want);
    }
}

#[test]
fn hostile_messages() {
    let defaults = Defaults::default();
    // Linear: quadratic would take minutes.
    let many: [Vec<u8>; 6] = [
        b"<13>1 - - - - - "
            .iter()
            .copied()
            .chain(b"[a b=\"\\\"\"]".repeat(200_000))
            .collect(),
        [b"<13>1 - - - - - [a".to_vec(), b" b=\"\"".repeat(400_000)].concat(),
        [
            b"<13>1 - - - - - [a b=\"".to_vec(),
            b"\\\\".repeat(1_000_000),
        ]
        .concat(),
        [b"<13>".to_vec(), b"1: ".repeat(500_000)].concat(),
        [b"<13>Oct 11 22:14:15 ".to_vec(), b"a".repeat(1_000_000)].concat(),
        [b"<13>".to_vec(), b"\0".repeat(1_000_000)].concat(),
    ];
    for frame in &many {
        assert!(decoded(frame, &defaults).is_some());
    }
}

fn encoded(options: SyslogOptions, record: &Record<'_>) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    let _ = SyslogEncoder::new(options).encode(record, &mut Vec::new(), &mut |out| {
        messages.push(std::mem::take(out));
    });
    messages
}

fn levels() -> impl Strategy<Value = Level> {
    prop::sample::select(vec![10, 20, 25, 30, 40, 50, 60, 70]).prop_map(Level)
}

proptest! {
    #[test]
    fn rfc5424_is_read_again(
        message in "(?s).{0,80}",
        name in "[!-~]{1,48}",
        (level, facility) in (levels(), 0..24u8),
        host in prop::option::of("[!-~]{1,20}"),
        id in prop::option::of("[!-~]{1,20}"),
        micros in 0_i64..4_000_000_000_000_000,
        extra in prop::collection::btree_map("[a-zA-Z0-9_.@-]{1,32}", "(?s).{0,12}", 0..5),
        lines: bool,
    ) {
        let defaults = Defaults::default();
        let mut record = Record::new(&defaults, Timestamp(micros * 1000));
        record.message = message.as_bytes().into();
        record.name = name.as_str().into();
        record.level = level;
        record.extra = extra
            .iter()
            .map(|(key, value)| (key.into(), Value::Text(value.into())))
            .collect();
        let facility = Facility::from_code(facility).unwrap();
        let messages = encoded(
            SyslogOptions {
                facility: Some(facility),
                hostname: host.clone(),
                proc_id: id.clone(),
                msg_id: id.clone(),
                line_feeds: if lines { LineFeeds::Keep } else { LineFeeds::Escape },
                default_ident: "root".to_owned(),
                ..SyslogOptions::default()
            },
            &record,
        );
        prop_assert_eq!(messages.len(), 1);
        let control = |byte: &u8| byte.is_ascii_control() && *byte != b'\t';
        let is_bad = |byte: &u8| control(byte) && !(lines && *byte == b'\n');
        prop_assert!(!messages[0].iter().any(is_bad));
        let again = decoded(&messages[0], &defaults).unwrap();

        // Control characters stay what they were written as.
        let octal = |text: &str| -> String {
            let written = |ch: char| match ch {
                '\n' if lines => ch.to_string(),
                '\t' => ch.to_string(),
                ch if ch.is_ascii_control() => format!("#{:03o}", ch as u32),
                ch => ch.to_string(),
            };
            text.chars().map(written).collect()
        };
        let message = octal(&message);
        let message = message.strip_prefix('\u{feff}').unwrap_or(&message);
        let message = message.strip_suffix('\n').unwrap_or(message);
        prop_assert_eq!(String::from_utf8_lossy(&again.message), message);
        prop_assert_eq!(&again.name, if name == "-" { "root" } else { &name });
        prop_assert_eq!(again.level, record.level);
        prop_assert_eq!(again.created, record.created);
        let given = |field: Option<String>| field.filter(|field| field != "-");
        let header = [
            ("host", given(host)),
            ("facility", Some(facility.to_string())),
            ("procid", given(id.clone())),
            ("msgid", given(id.map(|id| id.chars().take(32).collect()))),
        ];
        let header = header
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value?)));
        let extra = extra.iter().map(|(key, value)| (key.clone(), octal(value)));
        let want: Vec<_> = header.chain(extra).collect();
        let got: Vec<_> = again
            .extra
            .iter()
            .map(|(key, value)| match value {
                Value::Text(text) | Value::Json(text) => (key.to_string(), text.to_string()),
            })
            .collect();
        prop_assert_eq!(got, want);
    }

    #[test]
    fn rfc3164_is_read_again(
        message in "(?s).{0,80}",
        name in "[a-zA-Z0-9_./@()+-]{1,48}",
        level in levels(),
        host in prop::option::of("[a-zA-Z0-9.-]{1,20}|[0-9a-f:]{2,20}0"),
        id in prop::option::of("[!-9;-Z^-~]{1,20}"),
        secs in -15_000_000_i64..15_000_000,
    ) {
        let defaults = Defaults::default();
        // Within half a year of when it is received.
        let created = Timestamp(received().0 + secs * 1_000_000_000);
        let mut record = Record::new(&defaults, created);
        record.message = message.as_bytes().into();
        record.name = name.as_str().into();
        record.level = level;
        let messages = encoded(
            SyslogOptions {
                rfc: Rfc::Rfc3164,
                hostname: host.clone(),
                proc_id: id.clone(),
                default_ident: "root".to_owned(),
                utc: true,
                ..SyslogOptions::default()
            },
            &record,
        );
        let mut again = Record::new(&defaults, Timestamp(7));
        decode_in(&UtcZone, &Stamps::default(), &messages[0], &defaults, received(), &mut again).unwrap();
        let message: String = message
            .chars()
            .map(|ch| match ch {
                '\t' => ch.to_string(),
                ch if ch.is_ascii_control() => format!("#{:03o}", ch as u32),
                ch => ch.to_string(),
            })
            .collect();
        // What looks like a Cisco's `HOST: %TAG: ` is read as one.
        prop_assume!(host.is_some() || id.is_some() || !message.starts_with('%'));
        prop_assert_eq!(String::from_utf8_lossy(&again.message), message);
        prop_assert_eq!(&again.name, &name);
        prop_assert_eq!(again.level, level);
        prop_assert_eq!(again.created, created);
        let text = |key| match again.get(key) {
            Some(Value::Text(text)) => Some(text.to_string()),
            _ => None,
        };
        prop_assert_eq!((text("host"), text("procid")), (host, id));
    }

    /// Nothing is lost or longer than it may be, however often it is split.
    #[test]
    fn parts_are_the_whole(
        message in prop::collection::vec(prop_oneof![any::<u8>(), Just(0u8), Just(b'#'), Just(b'1')], 0..300),
        room in 4usize..60,
        append_nul: bool,
    ) {
        let defaults = Defaults::default();
        let mut record = Record::new(&defaults, Timestamp(0));
        record.message = message.as_slice().into();
        let options = |max_message, append_nul| SyslogOptions {
            rfc: Rfc::Rfc3164,
            max_message,
            append_nul,
            ..SyslogOptions::default()
        };
        let whole = encoded(options(None, false), &record).concat();
        let head = "<14>Jan  1 00:00:00 lh: ".len();
        let most = head + room + usize::from(append_nul);
        let mut joined = whole[..head].to_vec();
        for part in encoded(options(Some(most), append_nul), &record) {
            prop_assert!(part.len() <= most);
            let part = match append_nul {
                true => part.strip_suffix(b"\0").unwrap(),
                false => &part,
            };
            joined.extend_from_slice(part.strip_prefix(&whole[..head]).unwrap());
        }
        prop_assert_eq!(joined, whole);
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let defaults = Defaults::default();
        decoded(&bytes, &defaults);
        let record_of = |start: &[u8]| decoded(&[start, &bytes].concat(), &defaults).is_some();
        prop_assert!(record_of(b"<13>"));
        prop_assert!(record_of(b"<13>1 - - - - - ["));
        prop_assert!(record_of(b"<13>Oct 11 22:14:15 "));
    }

    #[test]
    fn any_text(text in "[-<>0-9:. \\[\\]\"=%*a-cTZ]{0,60}|(1 |Oct 1|2024| |12:00:00|:|[*.%=\"\\[\\]]|-|h|UTC|\\+01:00){0,14}") {
        let defaults = Defaults::default();
        let frame = format!("<13>{text}");
        prop_assert!(decoded(frame.as_bytes(), &defaults).is_some());
    }
}
