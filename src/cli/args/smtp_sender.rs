//! From the options of `lh smtp` to its handler.

use std::time::Duration;

use super::remote::{DRAIN, TlsArgs};
use super::smtp::{DigestArg, SmtpArgs, TlsArg};
use crate::diag::Diag;
use crate::handler::Stage;
use crate::handler::smtp::{
    Credentials, DigestRule, MailAddress, Password, Security, SmtpHandler, SmtpOptions, smtp,
};
use crate::handler::stage::Rendering;
use crate::level::Level;
use crate::net::tls::{TlsClient, TlsOptions};
use crate::net::{Address, Backoff, BackoffOptions};
use crate::sys;
use crate::text::Formatter;
use crate::wire::envelope::{Envelope, Framing};
use crate::wire::lh::SenderId;
use crate::wire::mail::{MailEncoder, SubjectTemplate};

/// Where a password may be that is in no file.
const PASSWORD: &str = "LH_SMTP_PASSWORD";

/// How long a digest waits where only `--first-now` asks for one.
const USUAL_WAIT: Duration = Duration::from_secs(300);

/// The stage with its handler; nothing is opened yet.
pub fn stage(args: SmtpArgs, diag: &Diag) -> Result<Stage, String> {
    let text = text(&args)?;
    let prefix = text.is_none();
    let usual = || Formatter::parse("message", None, args.common.utc);
    let text = text.map_or_else(usual, Ok);
    let text = text.map_err(|error| format!("--format: {error}"))?;
    let utc = args.common.utc;
    let subject = match &args.subject {
        Some(template) => SubjectTemplate::parse(template, utc),
        None => SubjectTemplate::usual(utc),
    };
    let subject = subject.map_err(|error| format!("--subject: {error}"))?;
    let rendering = Rendering {
        encoder: Some(Box::new(MailEncoder::new(
            subject,
            text,
            args.common.escape(),
        ))),
        // Each is an object on a line of its own.
        envelope: Some(Envelope::new(Framing::Bare)),
        ..Rendering::default()
    };
    let handler = handler(&args, prefix, diag)?;
    let queue = args.queueing.options("mails", Some(DRAIN))?;
    args.common
        .remote_stage(Box::new(handler), rendering, queue, diag)
}

fn text(args: &SmtpArgs) -> Result<Option<Formatter>, String> {
    let mut text = args.common.message_formatter()?;
    if let Some(text) = &mut text {
        // It is a part of what a mail says.
        text.set_append_exception(true);
    }
    Ok(text)
}

/// The handler alone, which can be [probed](SmtpHandler::probe).
fn handler(args: &SmtpArgs, prefix: bool, diag: &Diag) -> Result<SmtpHandler, String> {
    let tls = args.tls.unwrap_or(match args.user {
        Some(_) => TlsArg::Starttls,
        None => TlsArg::None,
    });
    let port = match (tls, &args.user) {
        (TlsArg::Implicit, _) => 465,
        (_, Some(_)) => 587,
        (_, None) => 25,
    };
    let address = Address::parse(&args.host, Some(port));
    let address = address.map_err(|error| format!("--host: {error}"))?;
    if matches!(address, Address::Path(_)) {
        return Err(format!(
            "--host: {address} is a path: use HOST or HOST:PORT"
        ));
    }
    let security = match tls {
        TlsArg::None => match args.tls_args.given() {
            Some(option) => {
                return Err(format!(
                    "{option} has no effect without --tls starttls or implicit"
                ));
            }
            None => Security::None,
        },
        TlsArg::Starttls => Security::StartTls(client(&args.tls_args, &address, diag)?),
        TlsArg::Implicit => Security::Implicit(client(&args.tls_args, &address, diag)?),
    };
    if tls == TlsArg::None && args.user.is_some() && !args.insecure_auth {
        let text = "the password would be sent in clear: use --tls starttls, or --insecure-auth \
                    if everybody on the way may read it";
        return Err(text.to_owned());
    }
    let sender = SenderId::random();
    let host = sys::host_name();
    let (start, factor, max) = args.retry.waits();
    Ok(smtp(SmtpOptions {
        address,
        security,
        credentials: credentials(args, diag)?,
        hello: hello(&host),
        from: parse("--from", &args.from)?,
        to: parse_all("--to", &args.to)?,
        cc: parse_all("--cc", &args.cc)?,
        timeout: args.timeout.unwrap_or(Duration::from_secs(5)),
        backoff: Backoff::seeded(BackoffOptions { start, factor, max }),
        digest: digest(args),
        first_now: args
            .first_now
            .then(|| args.common.min_level.unwrap_or(Level::ERROR)),
        max_per_hour: args.max_per_hour,
        attach: args.attach,
        prefix,
        utc: args.common.utc,
        host,
        sender: sender.map_err(|error| format!("the system gives no random numbers: {error}"))?,
        diag: diag.clone(),
    }))
}

fn parse(option: &str, text: &str) -> Result<MailAddress, String> {
    MailAddress::parse(text).map_err(|error| format!("{option}: {error}"))
}

fn parse_all(option: &str, texts: &[String]) -> Result<Vec<MailAddress>, String> {
    texts.iter().map(|text| parse(option, text)).collect()
}

fn digest(args: &SmtpArgs) -> Option<DigestRule> {
    if args.digest.is_empty() && !args.first_now {
        return None;
    }
    let mut rule = DigestRule::default();
    for bound in &args.digest {
        match bound {
            DigestArg::Count(count) => rule.records = Some(*count),
            DigestArg::Wait(wait) => rule.wait = Some(*wait),
        }
    }
    if args.first_now {
        rule.wait.get_or_insert(USUAL_WAIT);
    }
    Some(rule)
}

fn client(args: &TlsArgs, address: &Address, diag: &Diag) -> Result<TlsClient, String> {
    let TlsArgs {
        ca,
        cert,
        key,
        server_name,
    } = args.clone();
    let options = TlsOptions {
        ca,
        cert,
        key,
        server_name,
    };
    let client = TlsClient::new(options, address).map_err(|error| error.to_string())?;
    for warning in client.warnings() {
        diag.warn(format_args!("{warning}"));
    }
    Ok(client)
}

fn credentials(args: &SmtpArgs, diag: &Diag) -> Result<Option<Credentials>, String> {
    let Some(user) = &args.user else {
        return Ok(None);
    };
    if user.chars().any(char::is_control) {
        return Err("--user: a name has no control characters".to_owned());
    }
    let password = match (&args.password_file, std::env::var(PASSWORD)) {
        (Some(path), _) => {
            if sys::socket::is_world_readable(path) {
                let path = path.display();
                diag.warn(format_args!(
                    "{path}: others can read this secret: chmod go= would keep it"
                ));
            }
            Password::File(path.clone())
        }
        (None, Ok(password)) => Password::Text(password),
        (None, Err(_)) => {
            return Err(format!(
                "--user needs --password-file FILE, or the password in {PASSWORD}"
            ));
        }
    };
    let credentials = Credentials {
        user: user.clone(),
        password,
    };
    credentials.check().map_err(|error| error.to_string())?;
    Ok(Some(credentials))
}

/// What EHLO may say of our name (RFC 5321, section 4.1.2).
fn hello(host: &str) -> String {
    let fits = |ch: &char| ch.is_ascii_alphanumeric() || matches!(ch, '.' | '-');
    let name: String = host.chars().filter(fits).collect();
    match name.trim_matches(['.', '-']) {
        "" => "localhost".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_name_is_one() {
        assert_eq!(hello("web1.example"), "web1.example");
        assert_eq!(hello("web 1\r\nMAIL"), "web1MAIL");
        assert_eq!(hello(""), "localhost");
    }
}
