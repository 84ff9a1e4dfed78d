//! Slack's incoming webhooks: one message a request.
//!
//! After "Sending messages using incoming webhooks" and "Formatting message
//! text" (docs.slack.dev): `&`, `<` and `>` are written as entities, so that no
//! record can mention somebody or make a link, and a text longer than 40,000
//! characters would be cut off by Slack.

use crate::record::Record;
use crate::text::Formatter;
use crate::wire::{Encode, Refused, json};

/// The longest text, in characters.
const LONGEST: usize = 40_000;

/// Writes `{"text":"…"}` for each record.
#[derive(Debug)]
pub struct SlackEncoder {
    text: Formatter,
    scratch: Vec<u8>,
}

impl SlackEncoder {
    /// With a text in this format.
    pub fn new(text: Formatter) -> SlackEncoder {
        SlackEncoder {
            text,
            scratch: Vec::new(),
        }
    }
}

impl Encode for SlackEncoder {
    fn encode(
        &mut self,
        record: &Record<'_>,
        out: &mut Vec<u8>,
        end: &mut dyn FnMut(&mut Vec<u8>),
    ) -> Result<(), Refused> {
        self.scratch.clear();
        self.text.format(record, &mut self.scratch);
        let text = String::from_utf8_lossy(&self.scratch);
        let mut escaped = String::with_capacity(text.len());
        let mut room = LONGEST;
        for ch in text.trim_end_matches('\n').chars() {
            let (shown, length) = match ch {
                '&' => ("&amp;", 5),
                '<' => ("&lt;", 4),
                '>' => ("&gt;", 4),
                _ => ("", 1),
            };
            // Room for the mark of a cut.
            if length >= room {
                escaped.push('…');
                break;
            }
            room -= length;
            match shown {
                "" => escaped.push(ch),
                _ => escaped.push_str(shown),
            }
        }
        out.extend_from_slice(b"{\"text\":");
        json::write_string(escaped.as_bytes(), out);
        out.push(b'}');
        end(out);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::line;
    use super::*;
    use crate::now::Timestamp;
    use crate::record::Defaults;

    #[test]
    fn a_message() {
        let text = Formatter::parse("<{levelname}> {message}", None, true).unwrap();
        assert_eq!(
            line(&mut SlackEncoder::new(text)),
            r#"{"text":"&lt;ERROR&gt; a \"b\"\nc�\nTraceback"}"#
        );
    }

    #[test]
    fn a_long_one_is_cut_with_a_mark() {
        let defaults = Defaults::default();
        let mut record = Record::new(&defaults, Timestamp(0));
        record.message = vec![b'&'; 10_000].into();
        let mut out = Vec::new();
        let text = Formatter::parse("message", None, true).unwrap();
        SlackEncoder::new(text)
            .encode(&record, &mut out, &mut |_| {})
            .unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.ends_with("&amp;…\"}"), "{}", &text[text.len() - 20..]);
        assert!(text.chars().count() <= LONGEST + 12);
    }
}
