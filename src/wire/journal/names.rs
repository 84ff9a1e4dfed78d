//! From the names of attributes to those of fields.
//!
//! A field has a name of `A` to `Z`, `0` to `9` and `_`, at most 64 bytes, that
//! begins with a letter: journald leaves out all others, and keeps those with
//! an underscore before them to itself.

/// The longest name of a field, in bytes.
const LONGEST: usize = 64;

/// Attributes that have a field under another name: those of Python's
/// LogRecord as systemd-python's `JournalHandler` has them, and those of
/// OpenTelemetry, by its old and its new convention.
const KNOWN: [(&str, &str); 12] = [
    ("pathname", "CODE_FILE"),
    ("lineno", "CODE_LINE"),
    ("funcName", "CODE_FUNC"),
    ("threadName", "THREAD_NAME"),
    ("processName", "PROCESS_NAME"),
    ("taskName", "TASK_NAME"),
    ("code.filepath", "CODE_FILE"),
    ("code.lineno", "CODE_LINE"),
    ("code.function", "CODE_FUNC"),
    ("code.file.path", "CODE_FILE"),
    ("code.line.number", "CODE_LINE"),
    ("code.function.name", "CODE_FUNC"),
];

/// What an entry has of its own, and what journald acts upon: no attribute can
/// pass for it.
pub(super) fn is_taken(name: &[u8]) -> bool {
    matches!(
        name,
        b"MESSAGE"
            | b"PRIORITY"
            | b"SYSLOG_FACILITY"
            | b"SYSLOG_IDENTIFIER"
            | b"SYSLOG_TIMESTAMP"
            | b"MESSAGE_ID"
            | b"LOGGER"
            | b"LEVELNAME"
            | b"EXCEPTION_TEXT"
            | b"OBJECT_PID"
    )
}

/// Appends the name of the field for an attribute: in upper case, `_` for every
/// other character, without underscores at its start; `F_` stands before a
/// digit, and `F` for no name at all. What is beyond 64 bytes is left out.
pub(super) fn write_name(key: &str, out: &mut Vec<u8>) {
    if let Some((_, name)) = KNOWN.iter().find(|(known, _)| *known == key) {
        out.extend_from_slice(name.as_bytes());
        return;
    }
    let start = out.len();
    for ch in key.chars() {
        let byte = match u8::try_from(ch) {
            Ok(byte) if byte.is_ascii_alphanumeric() => byte.to_ascii_uppercase(),
            _ => b'_',
        };
        if out.len() == start {
            match byte {
                b'_' => continue,
                b'0'..=b'9' => out.extend_from_slice(b"F_"),
                _ => {}
            }
        }
        if out.len() - start == LONGEST {
            return;
        }
        out.push(byte);
    }
    if out.len() == start {
        out.push(b'F');
    }
}

/// Whether journald takes a field of that name from a client:
/// `journal_field_valid` of systemd.
#[cfg(test)]
pub(super) fn is_valid(name: &[u8]) -> bool {
    let byte = |byte: &u8| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_');
    (1..=LONGEST).contains(&name.len()) && name[0].is_ascii_uppercase() && name.iter().all(byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(key: &str) -> String {
        let mut out = Vec::new();
        write_name(key, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn names() {
        let cases = [
            ("user", "USER"),
            ("request_id", "REQUEST_ID"),
            ("http.status-code", "HTTP_STATUS_CODE"),
            ("userId", "USERID"),
            ("_PID", "PID"),
            ("__REALTIME_TIMESTAMP", "REALTIME_TIMESTAMP"),
            ("404", "F_404"),
            ("_4", "F_4"),
            ("", "F"),
            ("__", "F"),
            ("gr\u{f6}\u{df}e", "GR__E"),
            ("a=b\nc", "A_B_C"),
            ("pathname", "CODE_FILE"),
            ("CODE_FILE", "CODE_FILE"),
            ("lineno", "CODE_LINE"),
            ("funcName", "CODE_FUNC"),
            ("threadName", "THREAD_NAME"),
            ("code.function.name", "CODE_FUNC"),
            ("filename", "FILENAME"),
        ];
        for (key, want) in cases {
            assert_eq!(name(key), want, "{key:?}");
        }
        assert_eq!(name(&"x".repeat(64)), "X".repeat(64));
        assert_eq!(name(&"x".repeat(65)), "X".repeat(64));
        assert_eq!(name(&"1".repeat(65)).len(), 64);
    }

    #[test]
    fn known_names_are_valid() {
        for (key, name) in KNOWN {
            assert!(is_valid(name.as_bytes()), "{key}");
            assert!(!is_taken(name.as_bytes()), "{key}");
        }
    }

    proptest! {
        #[test]
        fn every_name_is_taken_by_journald(key in ".*") {
            let name = name(&key);
            prop_assert!(is_valid(name.as_bytes()), "{}", name);
        }
    }
}
