//! What was found when a spool was opened.

/// What was found when a spool was opened, as far as was looked: at the
/// segments' headers and at the whole of the last one. The
/// [`Status`](super::Status) counts what is met later.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Records that are not acknowledged.
    pub waiting: u64,
    /// Bytes of a record at the end that was not written whole; they are cut
    /// off.
    pub torn_bytes: u64,
    /// Places that were damaged, and set aside in `bad/`.
    pub damaged: u64,
    /// Their bytes.
    pub damaged_bytes: u64,
    /// Segments that a newer version of this program made, or that belong to
    /// another spool: set aside in `bad/` as a whole.
    pub foreign: u64,
    /// Records that are known to have been there and to be gone.
    pub lost: u64,
    /// There were records, and the note of how far they are delivered is
    /// missing or damaged: some may be sent twice.
    pub cursor_lost: bool,
}

impl Recovery {
    /// What the user should know, a sentence each.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.torn_bytes > 0 {
            notes.push(format!(
                "the last record was not written whole; its {} bytes were cut off",
                self.torn_bytes
            ));
        }
        if self.damaged > 0 {
            notes.push(format!(
                "{} places are damaged; their {} bytes were set aside in bad/",
                self.damaged, self.damaged_bytes
            ));
        }
        if self.foreign > 0 {
            notes.push(format!(
                "{} segments are of another spool or of a newer version of lh; they were set \
                 aside in bad/",
                self.foreign
            ));
        }
        if self.lost > 0 {
            notes.push(format!("{} records are missing", self.lost));
        }
        if self.cursor_lost {
            notes.push(
                "it is not known how far its records were delivered; some may be sent twice"
                    .to_owned(),
            );
        }
        notes
    }
}
