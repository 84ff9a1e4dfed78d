//! Mails as bytes (RFC 5322, MIME), made by lettre. What is its own here: a
//! subject that is shown as it is, whatever stands in it, and an encoding of
//! texts that keeps every character.

use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lettre::message::header::{
    ContentTransferEncoding, ContentType, HeaderName, HeaderValue, MessageId,
};
use lettre::message::{Attachment, Body, Message, MultiPart, SinglePart};

use super::address::MailAddress;
use crate::now::Timestamp;

/// The longest line that is sent as it is, in bytes. RFC 5322 allows 998.
const LONGEST_LINE: usize = 990;

/// How many bytes of a subject one encoded word has: 60 as base64, of 75 that
/// RFC 2047 allows.
const WORD: usize = 45;

/// What a mail is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draft<'a> {
    pub from: &'a MailAddress,
    pub to: &'a [MailAddress],
    pub cc: &'a [MailAddress],
    pub subject: &'a str,
    /// One line or many.
    pub text: &'a str,
    /// Lines, as an attachment.
    pub attachment: Option<&'a str>,
    pub date: Timestamp,
    /// Without its brackets.
    pub id: &'a str,
}

impl Draft<'_> {
    /// The whole mail.
    pub fn build(self) -> io::Result<Vec<u8>> {
        let mut builder = Message::builder()
            .from(self.from.mailbox())
            .date(system_time(self.date))
            .header(MessageId::from(format!("<{}>", self.id)))
            .raw_header(HeaderValue::dangerous_new_pre_encoded(
                HeaderName::new_from_ascii_str("Subject"),
                self.subject.to_owned(),
                subject(self.subject),
            ))
            // No auto-responder should answer (RFC 3834, section 5).
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ));
        for to in self.to {
            builder = builder.to(to.mailbox());
        }
        for cc in self.cc {
            builder = builder.cc(cc.mailbox());
        }
        let text = SinglePart::builder()
            .header(ContentType::TEXT_PLAIN)
            .body(body(self.text));
        let message = match self.attachment {
            None => builder.singlepart(text),
            Some(lines) => {
                let lines = in_base64(lines.as_bytes().to_vec());
                let lines =
                    Attachment::new("records.log".to_owned()).body(lines, ContentType::TEXT_PLAIN);
                builder.multipart(MultiPart::mixed().singlepart(text).singlepart(lines))
            }
        };
        let message = message.map_err(io::Error::other)?;
        Ok(message.formatted())
    }
}

/// In the years that a header may show.
fn system_time(time: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(u64::try_from(time.secs()).unwrap_or(0))
}

/// A subject as a header has it (RFC 2047): as it is where that is plain, else
/// all of it in encoded words. What looks like an encoded word is encoded, so
/// that it is shown, and not decoded.
fn subject(text: &str) -> String {
    let plain = text.bytes().all(|byte| (b' '..0x7f).contains(&byte))
        && !text.contains("=?")
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && !text.contains("  ")
        && text.len() <= 60;
    if plain {
        return text.to_owned();
    }
    let mut header = String::new();
    let mut word = String::new();
    let mut end = |word: &mut String| {
        if !header.is_empty() {
            header.push_str("\r\n ");
        }
        header.push_str("=?utf-8?b?");
        STANDARD.encode_string(word.as_bytes(), &mut header);
        header.push_str("?=");
        word.clear();
    };
    for ch in text.chars() {
        // Whoever made the text has taken them out; no header may have them.
        let ch = if ch.is_control() { ' ' } else { ch };
        if word.len() + ch.len_utf8() > WORD {
            end(&mut word);
        }
        word.push(ch);
    }
    if !word.is_empty() {
        end(&mut word);
    }
    header
}

/// A text that any server may pass on, and that is the same when it is read: as
/// it is, quoted-printable, or base64, by what stands in it.
fn body(text: &str) -> Body {
    let mut lines = String::with_capacity(text.len() + text.len() / 32 + 2);
    let mut odd = 0;
    let mut longest = 0;
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let is_odd = |byte: &u8| !(b' '..0x7f).contains(byte) && *byte != b'\t';
        odd += line.bytes().filter(is_odd).count();
        longest = longest.max(line.len());
        lines.push_str(line);
        lines.push_str("\r\n");
    }
    if odd > lines.len() / 4 {
        return in_base64(lines.into_bytes());
    }
    // The end of the last line stands behind the part.
    lines.truncate(lines.len() - 2);
    if odd == 0 && longest <= LONGEST_LINE {
        let seven_bit = ContentTransferEncoding::SevenBit;
        return Body::dangerous_pre_encoded(lines.into_bytes(), seven_bit);
    }
    let encoding = ContentTransferEncoding::QuotedPrintable;
    Body::new_with_encoding(lines, encoding).unwrap_or_else(in_base64)
}

fn in_base64(bytes: Vec<u8>) -> Body {
    let mut encoded = Vec::with_capacity(bytes.len() / 57 * 78 + 80);
    for line in bytes.chunks(57) {
        encoded.extend_from_slice(STANDARD.encode(line).as_bytes());
        encoded.extend_from_slice(b"\r\n");
    }
    encoded.truncate(encoded.len().saturating_sub(2));
    Body::dangerous_pre_encoded(encoded, ContentTransferEncoding::Base64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mail(subject: &str, text: &str, attachment: Option<&str>) -> String {
        let address = |text| MailAddress::parse(text).unwrap();
        let bytes = Draft {
            from: &address("Köln <cron@x.example>"),
            to: &[address("a@x"), address("B <b@x>")],
            cc: &[address("c@x")],
            subject,
            text,
            attachment,
            date: Timestamp(1_057_682_985_896_123_000),
            id: "1.2@x.example",
        };
        String::from_utf8(bytes.build().unwrap()).unwrap()
    }

    #[test]
    fn a_plain_mail() {
        let mail = mail("ERROR: disk full", "disk full\nreally\n", None);
        for line in [
            "From: =?utf-8?b?S8O2bG4=?= <cron@x.example>\r\n",
            "To: a@x, B <b@x>\r\n",
            "Cc: c@x\r\n",
            "Subject: ERROR: disk full\r\n",
            "Date: Tue, 08 Jul 2003 16:49:45 +0000\r\n",
            "Message-ID: <1.2@x.example>\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "MIME-Version: 1.0\r\n",
            "Content-Type: text/plain; charset=utf-8\r\n",
            "Content-Transfer-Encoding: 7bit\r\n",
            "\r\n\r\ndisk full\r\nreally\r\n",
        ] {
            assert!(mail.contains(line), "{line}: {mail}");
        }
    }

    #[test]
    fn the_encoding_fits_the_text() {
        let long = "x".repeat(2000);
        for (text, encoding) in [
            ("plain\ttext", "7bit"),
            (&long[..], "quoted-printable"),
            ("a caf\u{e9} in the old town", "quoted-printable"),
            ("nul \0 in a longer line", "quoted-printable"),
            ("carriage\rreturn, alone", "quoted-printable"),
            ("日本語の文章", "base64"),
        ] {
            let mail = mail("s", text, None);
            let want = format!("Content-Transfer-Encoding: {encoding}\r\n");
            assert!(mail.contains(&want), "{text}: {mail}");
            assert!(mail.lines().all(|line| line.len() <= 998), "{mail}");
            assert!(mail.is_ascii());
        }
    }

    #[test]
    fn a_subject_is_no_second_header() {
        for text in [
            "a\r\nBcc: evil@x",
            "a\nb",
            "a\0b",
            "=?utf-8?q?x=0D=0ABcc:_y?=",
        ] {
            let header = subject(text);
            assert!(header.starts_with("=?utf-8?b?"), "{header}");
            assert!(!header.replace("\r\n ", "").contains(['\r', '\n', '\0']));
        }
    }

    proptest! {
        #[test]
        fn every_mail_is_well_formed(subject in "(?s).{0,200}", text in "(?s).{0,400}") {
            let mail = mail(&subject, &text, Some(&text));
            prop_assert!(mail.is_ascii() && !mail.contains('\0'));
            prop_assert!(!mail.replace("\r\n", "").contains(['\r', '\n']));
            prop_assert!(mail.split("\r\n").all(|line| line.len() <= 998));
            let (head, _) = mail.split_once("\r\n\r\n").unwrap();
            let names: Vec<_> = head.split("\r\n").filter(|line| !line.starts_with(' '))
                .map(|line| line.split(':').next().unwrap()).collect();
            prop_assert!(names.len() == 9, "{:?}", names);
        }
    }
}
