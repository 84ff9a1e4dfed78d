//! Mail addresses, as they are given and as a session wants them.

use std::fmt;

use lettre::Address;
use lettre::message::Mailbox;

/// `NAME@HOST`, or `Full Name <NAME@HOST>`. It comes from whoever starts lh, and
/// never from a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailAddress(Mailbox);

impl MailAddress {
    /// Reads an address.
    ///
    /// # Errors
    /// When it is none, or could be taken for more than an address in a header or
    /// in a command.
    pub fn parse(text: &str) -> Result<MailAddress, String> {
        let error =
            || format!("{text:?} is no mail address: write NAME@HOST or \"Name <NAME@HOST>\"");
        if text.chars().any(char::is_control) {
            return Err(error());
        }
        let text = text.trim();
        // The address alone first: it may have an IP address in brackets.
        let mailbox = match text.parse::<Address>() {
            Ok(address) => Mailbox::from(address),
            Err(_) => text.parse::<Mailbox>().map_err(|_| error())?,
        };
        let odd = |ch: char| ch.is_whitespace() || matches!(ch, '<' | '>' | '"' | '\\');
        match AsRef::<str>::as_ref(&mailbox.email).contains(odd) {
            true => Err(error()),
            false => Ok(MailAddress(mailbox)),
        }
    }

    /// As it stands in a header.
    pub(super) fn mailbox(&self) -> Mailbox {
        self.0.clone()
    }

    /// As MAIL and RCPT have it.
    pub(super) fn envelope(&self) -> String {
        self.0.email.to_string()
    }

    /// Whether a server must know of characters beyond ASCII.
    pub(super) fn is_utf8(&self) -> bool {
        !AsRef::<str>::as_ref(&self.0.email).is_ascii()
    }

    /// What stands behind the @, as far as it fits a Message-ID.
    pub(super) fn host(&self) -> String {
        let host = self.0.email.domain().chars();
        let host: String = host
            .filter(|ch| ch.is_ascii_alphanumeric() || matches!(ch, '.' | '-'))
            .collect();
        match host.is_empty() {
            true => "localhost".to_owned(),
            false => host,
        }
    }
}

impl fmt::Display for MailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.email.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (text, envelope) in [
            ("ops@example.com", "ops@example.com"),
            ("cron@x", "cron@x"),
            ("root@localhost", "root@localhost"),
            ("Ops Team <ops@example.com>", "ops@example.com"),
            ("\"Köln, Ops\" <ops+lh@example.com>", "ops+lh@example.com"),
            ("<ops@example.com>", "ops@example.com"),
            ("ops@[127.0.0.1]", "ops@[127.0.0.1]"),
            ("jörg@bücher.example", "jörg@bücher.example"),
        ] {
            let address = MailAddress::parse(text).unwrap();
            assert_eq!(address.envelope(), envelope, "{text}");
        }
        assert!(MailAddress::parse("jörg@x").unwrap().is_utf8());
        assert_eq!(MailAddress::parse("a@[::1]").unwrap().host(), "1");
    }

    #[test]
    fn what_could_be_more_than_an_address() {
        for text in [
            "",
            "ops",
            "@x",
            "a@x\r\nBcc: evil@x",
            "a@x\nRCPT TO:<b@x>",
            "a@x\0",
            "a b@x",
            "a@x> SIZE=1",
            "\"a b>\"@x",
            "a@x, b@x",
            "Name\r\nX: y <a@x>",
            "a@x y",
        ] {
            assert!(MailAddress::parse(text).is_err(), "{text:?}");
        }
    }
}
