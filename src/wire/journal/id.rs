//! MESSAGE_ID: which kind of message an entry is.

use std::str::FromStr;

/// A 128 bit number, as `journalctl --new-id128` or `uuidgen` makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageId([u8; 32]);

impl MessageId {
    /// Reads 32 hexadecimal digits in any case, also with hyphens where a UUID
    /// has them.
    pub fn read(text: &[u8]) -> Option<MessageId> {
        let has_hyphens = match text.len() {
            32 => false,
            36 => true,
            _ => return None,
        };
        let (mut digits, mut count) = ([0; 32], 0);
        for (at, byte) in text.iter().enumerate() {
            if has_hyphens && matches!(at, 8 | 13 | 18 | 23) {
                if *byte != b'-' {
                    return None;
                }
                continue;
            }
            if !byte.is_ascii_hexdigit() {
                return None;
            }
            digits[count] = byte.to_ascii_lowercase();
            count += 1;
        }
        Some(MessageId(digits))
    }

    /// Its 32 digits, in lower case, as journalctl looks for them.
    pub fn digits(&self) -> &[u8] {
        &self.0
    }
}

/// A message ID that is none.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "{given:?} is no message ID: write 32 hexadecimal digits, or a UUID (journalctl --new-id128 \
     makes one)"
)]
pub struct MessageIdError {
    given: String,
}

impl FromStr for MessageId {
    type Err = MessageIdError;

    fn from_str(text: &str) -> Result<MessageId, MessageIdError> {
        MessageId::read(text.trim().as_bytes()).ok_or_else(|| MessageIdError {
            given: text.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_with_hyphens_and_without() {
        let plain = "fc2e22bc6ee647b6b90729ab34a250b1";
        for text in [
            plain,
            " FC2E22BC6EE647B6B90729AB34A250B1\n",
            "fc2e22bc-6ee6-47b6-b907-29ab34a250b1",
        ] {
            let id: MessageId = text.parse().unwrap();
            assert_eq!(id.digits(), plain.as_bytes(), "{text}");
        }
        for text in [
            "",
            "fc2e22bc6ee647b6b90729ab34a250b",
            "gc2e22bc6ee647b6b90729ab34a250b1",
            "fc2e22bc06ee6047b60b907029ab34a250b1",
            "fc2e22b-c6ee6-47b6-b907-29ab34a250b1",
            "<20260101.1@example.org>",
        ] {
            assert!(text.parse::<MessageId>().is_err(), "{text}");
        }
    }
}
