use proptest::prelude::*;

use super::names::is_valid;
use super::*;
use crate::level::Level;
use crate::now::Timestamp;
use crate::record::{Defaults, Record, Value};
use crate::text::Formatter;
use crate::wire::syslog::{Facility, Severity};
use crate::wire::{Encode, Refused};

const AT: Timestamp = Timestamp(1_057_682_985_896_123_000);
const ID: &str = "fc2e22bc6ee647b6b90729ab34a250b1";

fn utc() -> JournalOptions {
    JournalOptions {
        utc: true,
        ..JournalOptions::default()
    }
}

fn encode(options: JournalOptions, record: &Record<'_>) -> Result<Vec<u8>, Refused> {
    // As a framing does it: what was there before is none of its business.
    let mut out = b"before\n".to_vec();
    let mut ends = 0;
    JournalEncoder::new(options).encode(record, &mut out, &mut |_| ends += 1)?;
    assert_eq!(ends, 1);
    Ok(out.split_off(7))
}

/// The entry as lines, with what a long value is in escapes.
fn shown(options: JournalOptions, record: &Record<'_>) -> String {
    let entry = encode(options, record).unwrap();
    let fields = decode(&entry).unwrap();
    let lines = fields.iter().map(|(name, value)| {
        let name = String::from_utf8_lossy(name);
        format!("{name}={}\n", value.escape_ascii())
    });
    lines.collect()
}

fn record<'a>(defaults: &'a Defaults, message: &'a str) -> Record<'a> {
    let mut record = Record::new(defaults, AT);
    record.message = message.as_bytes().into();
    record
}

#[test]
fn a_plain_record() {
    let defaults = Defaults::default();
    let record = record(&defaults, "hello");
    let entry = encode(utc(), &record).unwrap();
    assert_eq!(
        String::from_utf8(entry).unwrap(),
        "MESSAGE=hello\nPRIORITY=6\nSYSLOG_FACILITY=1\nSYSLOG_IDENTIFIER=lh\n\
         SYSLOG_TIMESTAMP=2003-07-08T16:49:45.896123+00:00\n"
    );
}

#[test]
fn all_that_a_record_can_have() {
    let defaults = Defaults {
        name: "my.app".to_owned(),
        ..Defaults::default()
    };
    let mut record = record(&defaults, "it failed");
    record.level = Level(35);
    record.exc_text = Some("Traceback:\n  E\n".into());
    record.extra = vec![
        ("pathname".into(), Value::Text("/srv/app.py".into())),
        ("lineno".into(), Value::Json("17".into())),
        ("funcName".into(), Value::Text("main".into())),
        ("n".into(), Value::Json("1.50".into())),
        ("o".into(), Value::Json("{\"a\": [1]}".into())),
        ("nothing".into(), Value::Json("null".into())),
        ("user.id".into(), Value::Json("7".into())),
        ("user_id".into(), Value::Text("x".into())),
    ];
    assert_eq!(
        shown(utc(), &record),
        "MESSAGE=it failed\\nTraceback:\\n  E\nPRIORITY=4\nSYSLOG_FACILITY=1\n\
         SYSLOG_IDENTIFIER=my.app\nSYSLOG_TIMESTAMP=2003-07-08T16:49:45.896123+00:00\n\
         LOGGER=my.app\nLEVELNAME=Level 35\nEXCEPTION_TEXT=Traceback:\\n  E\n\
         CODE_FILE=/srv/app.py\nCODE_LINE=17\nCODE_FUNC=main\nN=1.50\nO={\\\"a\\\": [1]}\n\
         USER_ID=7\nUSER_ID=x\n"
    );
    let options = JournalOptions {
        facility: Facility::Local0,
        severity: Some(Severity::Error),
        ident: Some("app\nMESSAGE=forged".to_owned()),
        message_id: ID.parse().ok(),
        message: Formatter::parse("{levelname} {message}", None, true).ok(),
        ..utc()
    };
    record.exc_text = None;
    record.extra.clear();
    assert_eq!(
        shown(options, &record),
        format!(
            "MESSAGE=Level 35 it failed\nPRIORITY=3\nSYSLOG_FACILITY=16\n\
             SYSLOG_IDENTIFIER=app\\nMESSAGE=forged\nMESSAGE_ID={ID}\n\
             SYSLOG_TIMESTAMP=2003-07-08T16:49:45.896123+00:00\nLOGGER=my.app\n"
        )
    );
}

#[test]
fn an_exception_alone_is_the_message() {
    let defaults = Defaults::default();
    for (message, want) in [("", "E"), ("m", "m\\nE"), ("m\n", "m\\nE")] {
        let mut record = record(&defaults, message);
        record.exc_text = Some("E\n".into());
        let text = shown(utc(), &record);
        assert!(text.starts_with(&format!("MESSAGE={want}\n")), "{text}");
    }
}

#[test]
fn levels() {
    let cases = [
        (Level::TRACE, None, "7", Some("TRACE")),
        (Level::DEBUG, None, "7", None),
        (Level::INFO, None, "6", None),
        (Level::NOTICE, None, "5", None),
        (Level::WARNING, None, "4", None),
        (Level::ERROR, None, "3", None),
        (Level::CRITICAL, None, "2", None),
        (Level::ALERT, None, "1", None),
        (Level::EMERGENCY, None, "0", None),
        (Level::CRITICAL, Some("CRITICAL"), "2", None),
        (Level(25), Some("SUCCESS"), "4", Some("SUCCESS")),
    ];
    let defaults = Defaults::default();
    for (level, name, priority, want) in cases {
        let mut record = record(&defaults, "m");
        record.level = level;
        record.level_name = name.map(Into::into);
        let text = shown(utc(), &record);
        assert!(text.contains(&format!("\nPRIORITY={priority}\n")), "{text}");
        let named = text
            .lines()
            .find_map(|line| line.strip_prefix("LEVELNAME="));
        assert_eq!(named, want, "{level} {name:?}");
    }
}

/// What a record says of itself is not what journalctl shows as this entry's.
#[test]
fn no_attribute_passes_for_a_field_of_the_entry() {
    let defaults = Defaults::default();
    for name in [
        "message",
        "_MESSAGE",
        "PRIORITY",
        "syslog.identifier",
        "SYSLOG_FACILITY",
        "logger",
        "object_pid",
        "message-id",
    ] {
        let mut record = record(&defaults, "m");
        record.extra = vec![(name.into(), Value::Text("forged\nPRIORITY=0".into()))];
        let text = shown(utc(), &record);
        let last = text.lines().last().unwrap_or_default();
        assert!(last.ends_with("_=forged\\nPRIORITY=0"), "{text}");
        assert_eq!(text.matches("\nPRIORITY=").count(), 1, "{text}");
    }
}

#[test]
fn a_record_may_have_a_message_id() {
    let defaults = Defaults::default();
    let mut record = record(&defaults, "m");
    let uuid = "FC2E22BC-6EE6-47B6-B907-29AB34A250B1";
    record.extra = vec![("message_id".into(), Value::Text(uuid.into()))];
    let text = shown(utc(), &record);
    assert!(text.ends_with(&format!("\nMESSAGE_ID={ID}\n")), "{text}");
    let other = "0123456789abcdef0123456789abcdef";
    let options = JournalOptions {
        message_id: other.parse().ok(),
        ..utc()
    };
    let text = shown(options, &record);
    assert!(text.contains(&format!("\nMESSAGE_ID={other}\n")), "{text}");
    assert!(text.ends_with(&format!("\nMESSAGE_ID_={uuid}\n")), "{text}");
}

/// journald leaves out what is beyond these without a word.
#[test]
fn what_journald_would_leave_out_is_refused() {
    let defaults = Defaults::default();
    let most = MOST_FIELDS - 9;
    let names: Vec<String> = (0..=most).map(|n| format!("n{n}")).collect();
    let mut record = record(&defaults, "m");
    let extra = |count: usize| -> Vec<_> {
        let names = names[..count].iter();
        names
            .map(|name| (name.as_str().into(), Value::Text("v".into())))
            .collect()
    };
    record.extra = extra(most);
    assert!(encode(utc(), &record).is_ok());
    record.extra = extra(most + 1);
    let Refused(why) = encode(utc(), &record).unwrap_err();
    assert_eq!(
        why,
        "it has 1016 attributes, and a journal entry has room for 1015"
    );
    record.extra.clear();
    let room = MOST_BYTES - encode(utc(), &record).unwrap().len() + 1;
    record.message = vec![b'x'; room].into();
    assert_eq!(encode(utc(), &record).unwrap().len(), MOST_BYTES);
    record.message = vec![b'x'; room + 1].into();
    let Refused(why) = encode(utc(), &record).unwrap_err();
    assert!(why.contains("33554433 bytes"), "{why}");
}

#[test]
fn what_is_no_entry() {
    let cases: [(&[u8], &str, usize); 9] = [
        (b"", "no field", 0),
        (b"A=b", "a field that is not ended", 0),
        (b"A=b\n\n", "a value without its length", 4),
        (b"A=b\nC\n\x01\0\0\0", "a value without its length", 4),
        (b"=b\n", "a field without a name", 0),
        (
            b"A\n\x02\0\0\0\0\0\0\0b\n",
            "a value with no newline behind it",
            0,
        ),
        (
            b"A\n\x03\0\0\0\0\0\0\0b\n",
            "a value that is longer than the entry",
            0,
        ),
        (
            b"A\n\xff\xff\xff\xff\xff\xff\xff\xffb\n",
            "a value that is longer than the entry",
            0,
        ),
        (
            b"A\n\x01\0\0\0\0\0\0\0bc",
            "a value with no newline behind it",
            0,
        ),
    ];
    for (entry, why, at) in cases {
        assert_eq!(decode(entry), Err(NotAnEntry { why, at }), "{entry:?}");
    }
    let fields = decode(b"A=\nB\n\x03\0\0\0\0\0\0\0b\n=\nC==\n").unwrap();
    let want: [(&[u8], &[u8]); 3] = [(b"A", b""), (b"B", b"b\n="), (b"C", b"=")];
    assert_eq!(fields, want);
}

proptest! {
    /// Whatever stands in a record, the entry has the fields that it should have,
    /// with valid names, and no more.
    #[test]
    fn what_goes_in_comes_out(
        message in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'\n'), Just(b'=')], 0..60),
        name in "[a-z\n=]{0,8}",
        exception in prop::option::of("[a-z\n=]{0,12}"),
        extra in prop::collection::btree_map("[A-Z_a-z=\n]{0,12}", "[a-z=\n]{0,20}", 0..6),
    ) {
        let defaults = Defaults::default();
        let mut record = Record::new(&defaults, AT);
        record.message = message.clone().into();
        record.name = name.as_str().into();
        record.exc_text = exception.as_deref().map(Into::into);
        for (key, value) in &extra {
            record.extra.push((key.as_str().into(), Value::Text(value.as_str().into())));
        }
        let entry = encode(utc(), &record).unwrap();
        let fields = decode(&entry).unwrap();
        for (name, _) in &fields {
            prop_assert!(is_valid(name), "{}", name.escape_ascii());
        }
        prop_assert_eq!(fields[0].0, b"MESSAGE");
        prop_assert!(fields[0].1.starts_with(&message));
        let count = |wanted: &[u8]| fields.iter().filter(|(name, _)| *name == wanted).count();
        for own in ["MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER", "SYSLOG_TIMESTAMP"] {
            prop_assert_eq!(count(own.as_bytes()), 1, "{}", own);
        }
        let values: Vec<&[u8]> = fields[fields.len() - extra.len()..].iter().map(|f| f.1).collect();
        let want: Vec<&[u8]> = extra.values().map(|value| value.as_bytes()).collect();
        prop_assert_eq!(values, want);
    }

    #[test]
    fn no_bytes_are_too_much(bytes in prop::collection::vec(prop_oneof![
        any::<u8>(), Just(b'\n'), Just(b'='), Just(0)
    ], 0..80)) {
        if let Ok(fields) = decode(&bytes) {
            let total: usize = fields.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
            prop_assert!(total <= bytes.len());
        }
    }
}
