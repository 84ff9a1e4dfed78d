//! Records to entries of the journal.

use super::id::MessageId;
use super::names::{is_taken, write_name};
use crate::level::Level;
use crate::record::{Record, Value};
use crate::text::Formatter;
use crate::text::time::{TimeStyle, TimeText};
use crate::wire::syslog::{Facility, Severity};
use crate::wire::{Encode, Refused, fields};

/// The longest entry, in bytes: what journald takes of those that are not root
/// (its `ENTRY_SIZE_UNPRIV_MAX`). Of a longer one it says nothing.
pub const MOST_BYTES: usize = 32 << 20;

/// The most fields of an entry (journald's `ENTRY_FIELD_COUNT_MAX`). One that
/// has more it leaves out without a word.
pub const MOST_FIELDS: usize = 1024;

/// What entries have in common.
#[derive(Debug)]
pub struct JournalOptions {
    /// SYSLOG_FACILITY.
    pub facility: Facility,
    /// PRIORITY of every entry; `None`: that of its record's level.
    pub severity: Option<Severity>,
    /// SYSLOG_IDENTIFIER. `None`: the record's logger name unless that is
    /// `root`, then `default_ident`.
    pub ident: Option<String>,
    /// For records of the root logger.
    pub default_ident: String,
    /// MESSAGE_ID of every entry.
    pub message_id: Option<MessageId>,
    /// What MESSAGE is made with; `None`: the record's message, and an
    /// exception's text on a new line.
    pub message: Option<Formatter>,
    /// Times in UTC, not in local time.
    pub utc: bool,
}

impl Default for JournalOptions {
    fn default() -> Self {
        JournalOptions {
            facility: Facility::default(),
            severity: None,
            ident: None,
            default_ident: "lh".to_owned(),
            message_id: None,
            message: None,
            utc: false,
        }
    }
}

/// Turns records into entries of the journal.
///
/// The fields are, in this order: MESSAGE with an exception's text behind it,
/// on a new line, as journalctl shows it; PRIORITY, SYSLOG_FACILITY,
/// SYSLOG_IDENTIFIER and MESSAGE_ID; SYSLOG_TIMESTAMP, the record's own time in
/// RFC 3339 (journald stamps an entry when it is sent, which may be days later
/// where there is a spool); LOGGER, unless that is `root`; LEVELNAME, where
/// PRIORITY does not tell the level; EXCEPTION_TEXT; and the extra attributes.
/// LOGGER, EXCEPTION_TEXT, CODE_FILE, CODE_LINE, CODE_FUNC, THREAD_NAME and
/// PROCESS_NAME are named as systemd-python's `JournalHandler` names them.
///
/// Names of attributes become upper case, with `_` for what no field's name may
/// have. Two that become one are two values of one field, which the journal
/// knows. One that an entry has of its own gets an underscore behind it. A
/// `MESSAGE_ID` is taken as that where it is one, and none is given for all.
/// Text and other JSON go as their text; `null` does not go at all.
#[derive(Debug)]
pub struct JournalEncoder {
    severity: Option<Severity>,
    /// PRIORITY and what all have in common, by severity.
    common: [Vec<u8>; 8],
    /// The identifier of those that have none of their own.
    default_ident: Option<Vec<u8>>,
    has_id: bool,
    message: Option<Formatter>,
    time: TimeText,
    name: Vec<u8>,
}

impl JournalEncoder {
    /// Prepares what all entries have in common.
    pub fn new(options: JournalOptions) -> JournalEncoder {
        let mut rest = Vec::new();
        let facility = options.facility.code().to_string();
        put(b"SYSLOG_FACILITY", facility.as_bytes(), &mut rest);
        if let Some(ident) = &options.ident {
            put(b"SYSLOG_IDENTIFIER", ident.as_bytes(), &mut rest);
        }
        if let Some(id) = &options.message_id {
            put(b"MESSAGE_ID", id.digits(), &mut rest);
        }
        JournalEncoder {
            severity: options.severity,
            common: std::array::from_fn(|severity| {
                let mut common = Vec::new();
                put(b"PRIORITY", severity.to_string().as_bytes(), &mut common);
                common.extend_from_slice(&rest);
                common
            }),
            default_ident: match options.ident {
                Some(_) => None,
                None => Some(options.default_ident.into_bytes()),
            },
            has_id: options.message_id.is_some(),
            message: options.message,
            time: TimeText::new(TimeStyle::Rfc3339Micros, options.utc),
            name: Vec::new(),
        }
    }

    fn write_message(&mut self, record: &Record<'_>, out: &mut Vec<u8>) {
        let start = begin(b"MESSAGE", out);
        match &mut self.message {
            Some(formatter) => formatter.format(record, out),
            None => {
                out.extend_from_slice(&record.message);
                if let Some(text) = exception(record) {
                    if !record.message.is_empty() && !record.message.ends_with(b"\n") {
                        out.push(b'\n');
                    }
                    out.extend_from_slice(text);
                }
            }
        }
        end(start, out);
    }

    /// Appends the extra attributes, and tells how many there were.
    fn write_extra(&mut self, record: &Record<'_>, out: &mut Vec<u8>) -> usize {
        let (name, has_id) = (&mut self.name, self.has_id);
        let mut count = 0;
        fields::each_extra(
            record,
            |_, _| false,
            |key, _, value| {
                if fields::is_null(value) {
                    return;
                }
                count += 1;
                let (Value::Text(text) | Value::Json(text)) = value;
                name.clear();
                write_name(key, name);
                if is_taken(name) {
                    let id = MessageId::read(text.as_bytes());
                    if let Some(id) = id.filter(|_| name.as_slice() == b"MESSAGE_ID" && !has_id) {
                        return put(name, id.digits(), out);
                    }
                    name.push(b'_');
                }
                put(name, text.as_bytes(), out);
            },
        );
        count
    }
}

impl Encode for JournalEncoder {
    fn encode(
        &mut self,
        record: &Record<'_>,
        out: &mut Vec<u8>,
        end: &mut dyn FnMut(&mut Vec<u8>),
    ) -> Result<(), Refused> {
        let start = out.len();
        self.write_message(record, out);
        let severity = self.severity.unwrap_or_else(|| Severity::of(record));
        out.extend_from_slice(&self.common[usize::from(severity.code())]);
        let named = !matches!(&*record.name, "root" | "");
        if let Some(ident) = &self.default_ident {
            let ident = match named {
                true => record.name.as_bytes(),
                false => ident,
            };
            put(b"SYSLOG_IDENTIFIER", ident, out);
        }
        out.extend_from_slice(b"SYSLOG_TIMESTAMP=");
        self.time.write(record.created, out);
        out.push(b'\n');
        if named {
            put(b"LOGGER", record.name.as_bytes(), out);
        }
        if self.severity.is_none() {
            write_level(record, severity, out);
        }
        if let Some(text) = exception(record) {
            put(b"EXCEPTION_TEXT", text, out);
        }
        // The most there are before them: every one of those above.
        let count = 9 + self.write_extra(record, out);
        if count > MOST_FIELDS {
            return Err(Refused(format!(
                "it has {} attributes, and a journal entry has room for {}",
                count - 9,
                MOST_FIELDS - 9
            )));
        }
        let length = out.len() - start;
        if length > MOST_BYTES {
            return Err(Refused(format!(
                "its journal entry has {length} bytes, and journald takes {MOST_BYTES}"
            )));
        }
        end(out);
        Ok(())
    }
}

/// The text of an exception, without the newline that may end it.
fn exception<'r>(record: &'r Record<'_>) -> Option<&'r [u8]> {
    let text = record.exc_text.as_deref()?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    (!text.is_empty()).then_some(text.as_bytes())
}

/// The level's name, where the priority does not tell it.
fn write_level(record: &Record<'_>, severity: Severity, out: &mut Vec<u8>) {
    let told = Level::from_syslog(severity.code().into()) == Some(record.level);
    match &record.level_name {
        Some(name) if !told || record.level.name() != Some(name) => {
            put(b"LEVELNAME", name.as_bytes(), out);
        }
        None if !told => put(b"LEVELNAME", record.level.to_string().as_bytes(), out),
        _ => {}
    }
}

/// Appends a field.
fn put(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    let start = begin(name, out);
    out.extend_from_slice(value);
    end(start, out);
}

/// Begins a field, and gives the place where its value begins.
fn begin(name: &[u8], out: &mut Vec<u8>) -> usize {
    out.extend_from_slice(name);
    out.push(b'=');
    out.len()
}

/// Ends the field whose value began there. Costs a move of the value where there
/// is a newline in it.
fn end(start: usize, out: &mut Vec<u8>) {
    if memchr::memchr(b'\n', &out[start..]).is_some() {
        let length = (out.len() - start) as u64;
        out[start - 1] = b'\n';
        out.splice(start..start, length.to_le_bytes());
    }
    out.push(b'\n');
}
