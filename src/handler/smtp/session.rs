//! One session with a mail server (RFC 5321): greeting, EHLO, STARTTLS (RFC
//! 3207), AUTH (RFC 4954), and as many mails as there are, with PIPELINING (RFC
//! 2920) where it is offered.
//!
//! Every wait has an end, and every answer a bound.

use std::io;
use std::time::{Duration, Instant};

use super::credentials::{Credentials, Mechanism, Secret};
use super::trouble::{Sent, Trouble};
use crate::net::{Connection, Connector, PeerState, TlsClient};
use crate::wire::smtp::{Offers, Reply, ReplyReader};

/// How a session is made: as often as it has to be made.
#[derive(Debug)]
pub(super) struct Route {
    /// Makes the connection, over TLS where that begins before SMTP does.
    pub connector: Connector,
    /// TLS that begins within SMTP.
    pub starttls: Option<TlsClient>,
    pub credentials: Option<Credentials>,
    /// Our name, as EHLO says it.
    pub hello: String,
    /// How long each phase may take.
    pub timeout: Duration,
}

/// A mail as a session wants it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Letter<'a> {
    pub from: &'a str,
    pub recipients: &'a [String],
    /// As it goes over the wire: see [`wire_form`](crate::wire::smtp::wire_form).
    pub bytes: &'a [u8],
    /// An address has characters beyond ASCII.
    pub utf8: bool,
    /// How long the answer to the whole mail may take.
    pub patience: Duration,
}

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Session {
    /// Nothing, after it broke.
    connection: Option<Connection>,
    reader: ReplyReader,
    pub offers: Offers,
    timeout: Duration,
    secrets: Vec<String>,
    /// Whether TLS is agreed on, and as whom it is logged in: for a probe.
    pub secured: bool,
    pub user: Option<String>,
}

impl Route {
    /// Connects, agrees on TLS and logs in.
    pub fn open(&self) -> Result<Session, Trouble> {
        // Before a server is bothered.
        let secret = self.credentials.as_ref().map(Credentials::read);
        let secret = secret.transpose().map_err(Trouble::Broken)?;
        let connection = self
            .connector
            .connect()
            .map_err(|error| Trouble::Later(error.to_string()))?;
        let mut session = Session {
            connection: Some(connection),
            reader: ReplyReader::default(),
            offers: Offers::default(),
            timeout: self.timeout,
            secrets: secret.as_ref().map(Secret::hidden).unwrap_or_default(),
            secured: matches!(self.connector.transport, crate::net::Transport::Tls(_)),
            user: None,
        };
        let greeting = session.read_reply(self.timeout)?;
        session.expect("it does not want us", greeting, &[220])?;
        session.greet(&self.hello, self.starttls.is_some() || secret.is_some())?;
        if let Some(client) = &self.starttls {
            session.start_tls(client)?;
            // What it offered in clear, anybody may have written.
            session.greet(&self.hello, secret.is_some())?;
        }
        if let (Some(secret), Some(credentials)) = (&secret, &self.credentials) {
            session.log_in(secret)?;
            session.user = Some(credentials.user.clone());
        }
        Ok(session)
    }
}

impl Session {
    /// Whether it can be used still, as far as is known.
    pub fn is_usable(&mut self) -> bool {
        let peer = self.connection.as_mut().map(Connection::peer);
        // What a server says unasked is its farewell.
        matches!(peer, Some(PeerState::Open { readable: false }))
    }

    /// Takes leave, and waits a moment for the answer.
    pub fn quit(mut self, most: Duration) {
        if self.is_usable() && self.write(b"QUIT\r\n").is_ok() {
            let _ = self.read_reply(most);
        }
    }

    /// Sends a mail.
    pub fn send(&mut self, letter: Letter<'_>) -> Result<Sent, Trouble> {
        if let Some(most) = self.offers.size.filter(|size| *size > 0)
            && letter.bytes.len() as u64 > most
        {
            let length = letter.bytes.len();
            let text = format!("the mail has {length} bytes, and it takes {most}");
            return Err(Trouble::Refused(text));
        }
        let mut parameters = String::new();
        if self.offers.size.is_some() {
            parameters.push_str(&format!(" SIZE={}", letter.bytes.len()));
        }
        if letter.utf8 {
            if !self.offers.smtputf8 {
                let text = "it takes no addresses with characters beyond ASCII (SMTPUTF8)";
                return Err(Trouble::Refused(text.to_owned()));
            }
            parameters.push_str(" SMTPUTF8");
        }
        let mut commands = vec![format!("MAIL FROM:<{}>{parameters}\r\n", letter.from)];
        let recipients = letter.recipients.iter();
        commands.extend(recipients.map(|to| format!("RCPT TO:<{to}>\r\n")));
        commands.push("DATA\r\n".to_owned());
        let (replies, end) = self.talk(&commands);
        self.judge(letter, replies, end)
    }

    /// Says commands and hears the answers, up to where either ends, and how. A
    /// server that goes away has said why before that, more often than not.
    fn talk(&mut self, commands: &[String]) -> (Vec<Reply>, Option<Trouble>) {
        let mut replies = Vec::with_capacity(commands.len());
        if !self.offers.pipelining {
            let last = commands.len() - 1;
            for (index, command) in commands.iter().enumerate() {
                let accepted = replies.iter().skip(1).any(Reply::is_positive);
                let refused = replies.first().is_some_and(|mail| !mail.is_positive());
                if refused || (index == last && !accepted) {
                    break;
                }
                match self.ask(command.as_bytes()) {
                    Ok(reply) => replies.push(reply),
                    Err(end) => return (replies, Some(end)),
                }
            }
            return (replies, None);
        }
        let written = write_all(self.connection.as_mut(), commands.concat().as_bytes());
        // What it said before it went is there to be read all the same.
        if let Err(error) = &written
            && error.kind() == io::ErrorKind::TimedOut
        {
            return (replies, written.err().map(|error| self.broken(error)));
        }
        while replies.len() < commands.len() {
            match self.read_reply(self.timeout) {
                Ok(reply) => replies.push(reply),
                Err(end) => return (replies, Some(end)),
            }
        }
        (replies, written.err().map(|error| self.broken(error)))
    }

    /// Goes on after the answers to MAIL, RCPT and DATA, as far as those were
    /// asked for and came before the connection's `end`.
    fn judge(
        &mut self,
        letter: Letter<'_>,
        replies: Vec<Reply>,
        end: Option<Trouble>,
    ) -> Result<Sent, Trouble> {
        let asked = letter.recipients.len();
        let mut replies = replies.into_iter();
        let mail = replies.next().filter(|reply| !reply.is_positive());
        let mut sent = Sent::default();
        let mut accepted = Vec::new();
        let mut farewell = None;
        let mut answered = 0;
        for (index, reply) in replies.by_ref().take(asked).enumerate() {
            answered += 1;
            let refusals = match reply.code {
                200..400 => {
                    accepted.push(index);
                    continue;
                }
                code if code >= 500 && !is_about_us(code) => &mut sent.refused,
                _ => &mut sent.deferred,
            };
            let shown = reply.shown(&self.secrets);
            if is_farewell(reply.code) && farewell.is_none() {
                farewell = Some(shown.clone());
                sent.left_at = Some(index);
            }
            refusals.push((index, shown));
        }
        let data = replies.next();
        let begun = data.as_ref().is_some_and(|data| data.code == 354) && end.is_none();
        // One that asks for the mail stays, whatever it said before.
        let leaves = farewell.is_some() && !begun;
        if leaves || mail.as_ref().is_some_and(|mail| is_farewell(mail.code)) {
            self.connection = None;
        }
        if begun && self.connection.is_some() && (mail.is_some() || accepted.is_empty()) {
            // It waits for a mail all the same: it gets none (RFC 2920, 3.1).
            self.write(b".\r\n")?;
            self.read_reply(self.timeout)?;
        }
        if let Some(mail) = mail {
            self.reset();
            return Err(self.refusal(&mail, "the sender is refused: "));
        }
        match (end, farewell) {
            // Nobody has the mail; nobody was left to be asked, either.
            (Some(_), _) if accepted.is_empty() && answered == asked => return Ok(sent),
            (Some(_), Some(farewell)) if data.is_none() => {
                let others = accepted.into_iter().chain(answered..asked);
                sent.deferred
                    .extend(others.map(|index| (index, farewell.clone())));
                return Ok(sent);
            }
            (Some(end), _) if data.as_ref().is_none_or(Reply::is_positive) => return Err(end),
            _ => {}
        }
        sent.accepted = accepted.len();
        if sent.accepted == 0 {
            self.reset();
            return Ok(sent);
        }
        match data {
            Some(_) if begun => {}
            Some(data) => {
                self.reset();
                return Err(self.refusal(&data, ""));
            }
            None => return Err(Trouble::Later("it did not answer DATA".to_owned())),
        }
        self.write(letter.bytes)?;
        let answer = self
            .read_reply(letter.patience)
            .map_err(Trouble::after_the_dot)?;
        match answer.code {
            200..300 => Ok(sent),
            _ => Err(self.refusal(&answer, "")),
        }
    }

    fn refusal(&mut self, reply: &Reply, what: &str) -> Trouble {
        let text = format!("{what}{}", reply.shown(&self.secrets));
        if is_farewell(reply.code) {
            self.connection = None;
        }
        match reply.code >= 500 && !is_about_us(reply.code) {
            true => Trouble::Refused(text),
            false => Trouble::Later(format!("{text}{}", hint(reply.code))),
        }
    }

    /// Ends a transaction that came to nothing. Where that fails, so does the
    /// next one, on another connection.
    fn reset(&mut self) {
        if self.connection.is_some() && self.write(b"RSET\r\n").is_ok() {
            let _ = self.read_reply(self.timeout);
        }
    }

    fn greet(&mut self, hello: &str, extended: bool) -> Result<(), Trouble> {
        let reply = self.ask(format!("EHLO {hello}\r\n").as_bytes())?;
        if reply.is_positive() {
            self.offers = Offers::read(&reply.lines);
            return Ok(());
        }
        // A server of before 1995 knows HELO alone.
        if extended || !matches!(reply.code, 500..=504) {
            return self.expect("it does not want us", reply, &[250]);
        }
        self.offers = Offers::default();
        let reply = self.ask(format!("HELO {hello}\r\n").as_bytes())?;
        self.expect("it does not want us", reply, &[250])
    }

    fn start_tls(&mut self, client: &TlsClient) -> Result<(), Trouble> {
        if !self.offers.starttls {
            let text = "it offers no STARTTLS, and nothing is sent in clear: if TLS begins at \
                        once there, it is --tls implicit";
            return Err(Trouble::Later(text.to_owned()));
        }
        let reply = self.ask(b"STARTTLS\r\n")?;
        self.expect("it refuses STARTTLS", reply, &[220])?;
        // What came in clear behind that, anybody may have written: it is not
        // taken for an answer to what is asked over TLS.
        self.reader.clear();
        let deadline = Instant::now() + self.timeout.min(Duration::from_secs(365 * 24 * 3600));
        let Some(connection) = self.connection.take() else {
            return Err(Trouble::Broken(io::ErrorKind::NotConnected.into()));
        };
        let secured = connection.secure(client, deadline);
        let connection = secured.map_err(|error| Trouble::Later(format!("no TLS: {error}")))?;
        self.connection = Some(connection);
        self.secured = true;
        self.offers = Offers::default();
        Ok(())
    }

    fn log_in(&mut self, secret: &Secret) -> Result<(), Trouble> {
        let Some(mechanism) = Mechanism::choose(&self.offers.auth) else {
            let text = match self.offers.auth.is_empty() {
                true => "it offers no log-in here; is --tls right?".to_owned(),
                false => {
                    let offered: Vec<_> = self.offers.auth.iter().take(8).collect();
                    format!("it offers neither PLAIN nor LOGIN, but {offered:?}")
                }
            };
            return Err(Trouble::Later(text));
        };
        let what = "the log-in is refused";
        match mechanism {
            Mechanism::Plain => {
                let command = format!("AUTH PLAIN {}\r\n", secret.plain());
                let reply = self.ask(command.as_bytes())?;
                self.expect(what, reply, &[235])
            }
            Mechanism::Login => {
                let reply = self.ask(b"AUTH LOGIN\r\n")?;
                self.expect(what, reply, &[334])?;
                let [user, password] = secret.login();
                let reply = self.ask(format!("{user}\r\n").as_bytes())?;
                self.expect(what, reply, &[334])?;
                let reply = self.ask(format!("{password}\r\n").as_bytes())?;
                self.expect(what, reply, &[235])
            }
        }
    }

    /// Nothing of what comes before a mail costs one, whatever the answer is.
    fn expect(&mut self, what: &str, reply: Reply, codes: &[u16]) -> Result<(), Trouble> {
        if codes.contains(&reply.code) {
            return Ok(());
        }
        let shown = reply.shown(&self.secrets);
        self.connection = None;
        let hint = hint(reply.code);
        Err(Trouble::Later(format!("{what}: {shown}{hint}")))
    }

    fn ask(&mut self, command: &[u8]) -> Result<Reply, Trouble> {
        self.write(command)?;
        self.read_reply(self.timeout)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        let written = write_all(self.connection.as_mut(), bytes);
        written.map_err(|error| self.broken(error))
    }

    fn read_reply(&mut self, most: Duration) -> Result<Reply, Trouble> {
        let deadline = Instant::now() + most.min(Duration::from_secs(365 * 24 * 3600));
        loop {
            match self.reader.read() {
                Ok(Some(reply)) => return Ok(reply),
                Ok(None) => {}
                Err(error) => return Err(self.broken(error)),
            }
            let read = read_some(self.connection.as_mut(), &mut self.reader, deadline);
            if let Err(error) = read {
                return Err(self.broken(error));
            }
        }
    }

    fn broken(&mut self, error: io::Error) -> Trouble {
        self.connection = None;
        Trouble::Broken(error)
    }
}

/// Whether a 5xx is about who we are, and not about a mail: somebody has to
/// change something, and then it is taken.
fn is_about_us(code: u16) -> bool {
    matches!(code, 530 | 534 | 535 | 538)
}

/// Whether the server ends the connection behind it: RFC 5321, section 3.8, and
/// RFC 7504.
fn is_farewell(code: u16) -> bool {
    matches!(code, 421 | 521)
}

fn hint(code: u16) -> &'static str {
    match code {
        535 => "; is the password right?",
        530 => "; it wants --user, or --tls starttls",
        538 => "; it wants --tls starttls",
        _ => "",
    }
}

fn write_all(connection: Option<&mut Connection>, mut bytes: &[u8]) -> io::Result<()> {
    let connection = connection.ok_or(io::ErrorKind::NotConnected)?;
    while !bytes.is_empty() {
        let count = connection.write(bytes)?;
        bytes = &bytes[count..];
    }
    // Under TLS there may be some left, for which there was no room.
    while !connection.flush()? {
        connection.wait(false, true, Duration::from_millis(100))?;
        if let PeerState::Reset(error) = connection.peer() {
            return Err(error);
        }
    }
    Ok(())
}

fn read_some(
    connection: Option<&mut Connection>,
    reader: &mut ReplyReader,
    deadline: Instant,
) -> io::Result<()> {
    let connection = connection.ok_or(io::ErrorKind::NotConnected)?;
    let mut buffer = [0; 4096];
    loop {
        match connection.read(&mut buffer) {
            Ok(0) => {
                let text = "it has closed the connection without an answer";
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
            }
            Ok(count) => {
                reader.feed(&buffer[..count]);
                return Ok(());
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let text = "it does not answer in time (--timeout)";
            return Err(io::Error::new(io::ErrorKind::TimedOut, text));
        }
        connection.wait(true, false, left)?;
    }
}
