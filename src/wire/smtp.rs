//! What goes over the wire to a mail server and back (RFC 5321): its answers,
//! read within bounds, what it offers, and a mail between DATA and its end.

use std::io;

use crate::text;

/// The longest line of a reply, in bytes: RFC 5321 allows 512, and servers say
/// more.
const LONGEST_LINE: usize = 4096;

/// How many lines a reply may have.
const MOST_LINES: usize = 200;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// 200 to 599.
    pub code: u16,
    /// Its lines, without the code.
    pub lines: Vec<String>,
}

impl Reply {
    /// Whether it is no refusal.
    pub fn is_positive(&self) -> bool {
        (200..400).contains(&self.code)
    }

    /// What it says, on one line, without what a terminal would obey, and
    /// without secrets.
    pub fn shown(&self, secrets: &[String]) -> String {
        let text = text::shown(&self.lines.join(" "), secrets);
        match text.is_empty() {
            true => self.code.to_string(),
            false => format!("{} {text}", self.code),
        }
    }
}

/// Bytes that came, and of which a reply is made.
#[derive(Debug, Default)]
pub struct ReplyReader {
    bytes: Vec<u8>,
}

impl ReplyReader {
    /// Takes bytes that came.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Forgets what came and is not read yet.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// The next reply, once it is whole.
    ///
    /// # Errors
    /// What is none, or is longer than any.
    pub fn read(&mut self) -> io::Result<Option<Reply>> {
        let mut lines: Vec<String> = Vec::new();
        let mut first = None;
        let mut at = 0;
        while let Some(length) = memchr_line(&self.bytes[at..]) {
            let line = &self.bytes[at..at + length];
            at += length + 1;
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let (code, last, text) = read_line(line).ok_or_else(|| not_smtp(line))?;
            if *first.get_or_insert(code) != code
                || lines.len() >= MOST_LINES
                || length > LONGEST_LINE
            {
                return Err(not_smtp(line));
            }
            lines.push(String::from_utf8_lossy(text).into_owned());
            if last {
                self.bytes.drain(..at);
                return Ok(Some(Reply { code, lines }));
            }
        }
        if self.bytes.len() - at > LONGEST_LINE || lines.len() >= MOST_LINES {
            return Err(not_smtp(&self.bytes[at..]));
        }
        Ok(None)
    }
}

fn memchr_line(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| *byte == b'\n')
}

/// The code of a line, whether it is the last one, and its text.
fn read_line(line: &[u8]) -> Option<(u16, bool, &[u8])> {
    let (code, rest) = line.split_at_checked(3)?;
    if !code.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let code = code
        .iter()
        .fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    if !(200..600).contains(&code) {
        return None;
    }
    match rest {
        [] => Some((code, true, rest)),
        [b' ', text @ ..] => Some((code, true, text)),
        [b'-', text @ ..] => Some((code, false, text)),
        _ => None,
    }
}

fn not_smtp(line: &[u8]) -> io::Error {
    let start = &line[..line.len().min(40)];
    let text = format!(
        "what it says is no SMTP: \"{}\"; is it a mail server, and is --tls right?",
        start.escape_ascii()
    );
    io::Error::new(io::ErrorKind::InvalidData, text)
}

/// What a server offers (RFC 5321, section 4.1.1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offers {
    /// Commands may be sent without waiting for answers (RFC 2920).
    pub pipelining: bool,
    /// TLS may begin within SMTP (RFC 3207).
    pub starttls: bool,
    /// Addresses may have characters beyond ASCII (RFC 6531).
    pub smtputf8: bool,
    /// The longest mail, in bytes (RFC 1870); 0 where it does not say.
    pub size: Option<u64>,
    /// Mechanisms of AUTH.
    pub auth: Vec<String>,
}

impl Offers {
    /// What the answer to EHLO offers, in all its lines but the first.
    pub fn read(lines: &[String]) -> Offers {
        let mut offers = Offers::default();
        for line in lines.iter().skip(1) {
            let mut words = line.split([' ', '=']).map(str::to_owned);
            let word = words.next().unwrap_or_default().to_ascii_uppercase();
            match word.as_str() {
                "PIPELINING" => offers.pipelining = true,
                "STARTTLS" => offers.starttls = true,
                "SMTPUTF8" => offers.smtputf8 = true,
                "SIZE" => {
                    let size = words.next().and_then(|size| size.parse().ok());
                    offers.size = Some(size.unwrap_or(0));
                }
                "AUTH" => offers.auth.extend(words.filter(|word| !word.is_empty())),
                _ => {}
            }
        }
        offers
    }
}

/// A mail as it goes over the wire: every line ends with CR LF, one that begins
/// with a dot has another before it, and a dot alone is the end. A CR or LF that
/// stands alone would let a record end its own mail and begin another at servers
/// that are lax about it (SMTP smuggling).
pub fn wire_form(mail: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(mail.len() + mail.len() / 64 + 8);
    let mut start = true;
    let mut bytes = mail.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' | b'\n' => {
                if byte == b'\r' {
                    bytes.next_if_eq(&b'\n');
                }
                out.extend_from_slice(b"\r\n");
                start = true;
                continue;
            }
            b'.' if start => out.extend_from_slice(b".."),
            // It has no place in a mail (RFC 5322, section 3.5).
            0 => continue,
            byte => out.push(byte),
        }
        start = false;
    }
    if !start {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) -> io::Result<Vec<Reply>> {
        let mut reader = ReplyReader::default();
        reader.feed(bytes);
        let mut replies = Vec::new();
        while let Some(reply) = reader.read()? {
            replies.push(reply);
        }
        Ok(replies)
    }

    #[test]
    fn replies_of_one_line_and_of_many() {
        let replies =
            read(b"250-mail\r\n250-PIPELINING\r\n250 SIZE 100\r\n354\r\n550 no\n25").unwrap();
        let codes: Vec<_> = replies
            .iter()
            .map(|reply| (reply.code, reply.lines.len()))
            .collect();
        assert_eq!(codes, [(250, 3), (354, 1), (550, 1)]);
        assert_eq!(replies[0].lines[1], "PIPELINING");
    }

    #[test]
    fn what_is_no_reply_is_refused_within_bounds() {
        for bytes in [
            &b"HTTP/1.1 400 Bad Request\r\n"[..],
            b"25\r\n",
            b"250-a\r\n251 b\r\n",
            b"999 x\r\n",
            b"250_x\r\n",
            b"\x16\x03\x01\x02\r\n",
        ] {
            assert!(read(bytes).is_err(), "{}", bytes.escape_ascii());
        }
        assert!(read(&[b'2'; 5000]).is_err());
        assert!(read(&b"250-x\r\n".repeat(300)).is_err());
        assert!(read(&b"250-x\r\n".repeat(100)).unwrap().is_empty());
    }

    #[test]
    fn a_reply_is_shown_without_harm() {
        let reply = Reply {
            code: 535,
            lines: vec![
                "no \x1b[31m".to_owned(),
                format!("s3cret {}", "x".repeat(500)),
            ],
        };
        let shown = reply.shown(&["s3cret".to_owned()]);
        assert!(shown.starts_with("535 no \\u{1b}[31m *** xx"), "{shown}");
        assert!(shown.chars().count() < 230 && shown.ends_with('…'));
    }

    #[test]
    fn what_a_server_offers() {
        let lines = [
            "mail.example greets you",
            "PIPELINING",
            "size 10240000",
            "AUTH PLAIN LOGIN",
            "AUTH=LOGIN",
            "starttls",
            "X-ODD",
        ];
        let offers = Offers::read(&lines.map(str::to_owned));
        assert!(offers.pipelining && offers.starttls && !offers.smtputf8);
        assert_eq!(offers.size, Some(10_240_000));
        assert_eq!(offers.auth, ["PLAIN", "LOGIN", "LOGIN"]);
        assert_eq!(Offers::read(&["STARTTLS".to_owned()]), Offers::default());
    }

    #[test]
    fn what_goes_over_the_wire() {
        for (mail, wire) in [
            ("", ".\r\n"),
            ("a", "a\r\n.\r\n"),
            ("a\r\n.\r\nb\r\n", "a\r\n..\r\nb\r\n.\r\n"),
            ("a\n.\nQUIT\n", "a\r\n..\r\nQUIT\r\n.\r\n"),
            ("a\r.\r", "a\r\n..\r\n.\r\n"),
            ("a\n.\r\n", "a\r\n..\r\n.\r\n"),
            (".\0.", "...\r\n.\r\n"),
            ("\0.\r\n", "..\r\n.\r\n"),
        ] {
            let out = wire_form(mail.as_bytes());
            assert_eq!(String::from_utf8(out).unwrap(), wire, "{mail:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }

        /// However the bytes are cut on their way.
        #[test]
        fn pieces_do_not_matter(cut in 0usize..40) {
            let bytes = b"250-a\r\n250 b\r\n550 5.1.1 no such user\r\n";
            let mut reader = ReplyReader::default();
            let (start, end) = bytes.split_at(cut.min(bytes.len()));
            reader.feed(start);
            let mut replies = Vec::new();
            while let Some(reply) = reader.read().unwrap() {
                replies.push(reply);
            }
            reader.feed(end);
            while let Some(reply) = reader.read().unwrap() {
                replies.push(reply);
            }
            prop_assert_eq!(replies, read(bytes).unwrap());
        }

        /// There is one end, and it is at the end, whatever a server takes for one.
        #[test]
        fn no_mail_ends_early(mail in "[a.\\r\\n\\x00]{0,40}") {
            let wire = String::from_utf8(wire_form(mail.as_bytes())).unwrap();
            let inner = wire.strip_suffix(".\r\n").unwrap();
            prop_assert!(!inner.replace("\r\n", "").contains(['\r', '\n', '\0']));
            prop_assert!(!inner.split("\r\n").any(|line| line == "."));
        }
    }
}
