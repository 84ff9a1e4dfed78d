//! The native protocol of systemd's journal: an entry as fields with values.
//!
//! An entry is a datagram, or a file whose descriptor comes with an empty one.
//! Each field is `NAME=value` and a newline; one whose value has a newline in
//! it is `NAME`, a newline, the value's length in eight bytes, the lowest
//! first, the value, and a newline. So no value can end its field.
//!
//! Sources: <https://systemd.io/JOURNAL_NATIVE_PROTOCOL/>,
//! systemd.journal-fields(7), and `server_process_entry` of journald for what
//! it leaves out without a word.

mod decode;
mod encode;
mod id;
mod names;

pub use decode::{Field, NotAnEntry, decode};
pub use encode::{JournalEncoder, JournalOptions, MOST_BYTES, MOST_FIELDS};
pub use id::{MessageId, MessageIdError};

#[cfg(test)]
mod tests;
