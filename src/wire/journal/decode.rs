//! Entries read as journald reads them, but strictly: whoever sends one can be
//! tested by that.

/// Bytes that are no entry, or one that journald would leave something out of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no journal entry: {why} at byte {at}")]
pub struct NotAnEntry {
    /// What is wrong.
    pub why: &'static str,
    /// Where, counted from the start.
    pub at: usize,
}

/// The name and the value of a field.
pub type Field<'a> = (&'a [u8], &'a [u8]);

/// The names and values of an entry's fields, in order. Names are not looked
/// at, but for the bytes that end them.
///
/// # Errors
///
/// If a field is not ended, or has no name.
pub fn decode(entry: &[u8]) -> Result<Vec<Field<'_>>, NotAnEntry> {
    let mut fields = Vec::new();
    let mut at = 0;
    while at < entry.len() {
        let wrong = |why| Err(NotAnEntry { why, at });
        let rest = &entry[at..];
        let Some(line) = memchr::memchr(b'\n', rest) else {
            return wrong("a field that is not ended");
        };
        let (name, value, length) = match memchr::memchr(b'=', &rest[..line]) {
            Some(sign) => (&rest[..sign], &rest[sign + 1..line], line + 1),
            None => {
                let Some((length, behind)) = rest[line + 1..].split_first_chunk() else {
                    return wrong("a value without its length");
                };
                let value = usize::try_from(u64::from_le_bytes(*length));
                let value = value.ok().and_then(|length| behind.get(..length));
                let Some(value) = value else {
                    return wrong("a value that is longer than the entry");
                };
                if behind.get(value.len()) != Some(&b'\n') {
                    return wrong("a value with no newline behind it");
                }
                (&rest[..line], value, line + 1 + 8 + value.len() + 1)
            }
        };
        if name.is_empty() {
            return wrong("a field without a name");
        }
        fields.push((name, value));
        at += length;
    }
    match fields.is_empty() {
        true => Err(NotAnEntry {
            why: "no field",
            at,
        }),
        false => Ok(fields),
    }
}
