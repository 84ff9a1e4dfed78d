//! Headers that the user gives, and credentials from files.

use std::io;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ureq::http::{HeaderName, HeaderValue};

/// Headers that the request itself decides on.
const OWN: [&str; 9] = [
    "connection",
    "content-encoding",
    "content-length",
    "expect",
    "host",
    "proxy-authorization",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// A header of each request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub(super) name: HeaderName,
    pub(super) value: HeaderValue,
}

impl Header {
    /// A header from `NAME: VALUE`.
    ///
    /// # Errors
    /// What is wrong with it, without showing its value.
    pub fn parse(text: &str) -> Result<Header, String> {
        let Some((name, value)) = text.split_once(':') else {
            return Err("a header is NAME: VALUE".to_owned());
        };
        let name = HeaderName::from_bytes(name.trim().as_bytes())
            .map_err(|_| format!("{:?} is no name of a header", name.trim()))?;
        if OWN.contains(&name.as_str()) {
            return Err(format!("{name}: the request itself decides on this header"));
        }
        // A line break would begin another header.
        let value = HeaderValue::from_bytes(value.trim_matches([' ', '\t']).as_bytes())
            .map_err(|_| format!("{name}: its value has a control character"))?;
        Ok(Header { name, value })
    }

    /// Whether the header proves who sends it, going by its name.
    pub fn is_credential(&self) -> bool {
        let name = self.name.as_str();
        let known = ["authorization", "cookie"];
        let parts = ["api-key", "apikey", "auth-token", "access-token", "secret"];
        known.contains(&name) || parts.iter().any(|part| name.contains(part))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    pub(super) fn secret(&self) -> String {
        String::from_utf8_lossy(self.value.as_bytes()).into_owned()
    }
}

/// How a secret is shown to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthScheme {
    /// With a user's name (RFC 7617).
    Basic(String),
    /// As a token (RFC 6750).
    Bearer,
    /// As Splunk's collector wants it.
    Splunk,
    /// In a header of its own.
    Header(&'static str),
}

/// Credentials whose secret is in a file, which is read anew when they are
/// refused.
#[derive(Clone, Debug)]
pub struct Auth {
    scheme: AuthScheme,
    file: PathBuf,
}

impl Auth {
    /// Credentials with the secret that is in a file.
    pub fn new(scheme: AuthScheme, file: PathBuf) -> Auth {
        Auth { scheme, file }
    }

    /// Reads the secret: the header, and what may be shown nowhere.
    ///
    /// # Errors
    /// Those of reading the file, and a secret that no header can hold.
    pub fn read(&self) -> io::Result<(Header, String)> {
        let invalid = |text: &str| io::Error::new(io::ErrorKind::InvalidData, text);
        let text = std::fs::read_to_string(&self.file)?;
        let secret = text.trim_end_matches(['\n', '\r']);
        if secret.is_empty() {
            return Err(invalid("there is nothing in it"));
        }
        if secret.contains(|ch: char| ch.is_control()) {
            return Err(invalid("it has more than one line, or a control character"));
        }
        let (name, value) = match &self.scheme {
            AuthScheme::Basic(user) => {
                let pair = STANDARD.encode(format!("{user}:{secret}"));
                ("authorization", format!("Basic {pair}"))
            }
            AuthScheme::Bearer => ("authorization", format!("Bearer {secret}")),
            AuthScheme::Splunk => ("authorization", format!("Splunk {secret}")),
            AuthScheme::Header(name) => (*name, secret.to_owned()),
        };
        let value = HeaderValue::from_str(&value);
        let mut value = value.map_err(|_| invalid("no header can hold what is in it"))?;
        value.set_sensitive(true);
        let name = HeaderName::from_static(name);
        Ok((Header { name, value }, secret.to_owned()))
    }

    /// The file.
    pub fn file(&self) -> &std::path::Path {
        &self.file
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers() {
        let header = Header::parse("X-Scope-OrgID:  tenant 1 ").unwrap();
        assert_eq!(
            (header.name(), header.value.as_bytes()),
            ("x-scope-orgid", &b"tenant 1"[..])
        );
        assert!(!header.is_credential());
        for name in [
            "Authorization",
            "cookie",
            "X-Api-Key",
            "DD-API-KEY",
            "x-auth-token",
        ] {
            assert!(
                Header::parse(&format!("{name}: x"))
                    .unwrap()
                    .is_credential(),
                "{name}"
            );
        }
        for (text, why) in [
            ("no colon s3cret", "NAME: VALUE"),
            ("a b: s3cret", "no name"),
            (": s3cret", "no name"),
            ("X: s3cret\r\nEvil: 1", "control"),
            ("X: s3cret\nEvil: 1", "control"),
            ("X: s3cret\0", "control"),
            ("Content-Length: s3cret", "itself decides"),
            ("Transfer-Encoding: s3cret", "itself decides"),
            ("Host: s3cret", "itself decides"),
        ] {
            let error = Header::parse(text).unwrap_err();
            assert!(error.contains(why) && !error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn credentials() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        let read = |scheme, text: &str| {
            std::fs::write(&file, text).unwrap();
            let read = Auth::new(scheme, file.clone()).read();
            read.map(|(header, _)| format!("{}: {}", header.name(), header.secret()))
        };
        let basic = AuthScheme::Basic("Aladdin".to_owned());
        assert_eq!(
            read(basic, "open sesame\n").unwrap(),
            "authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
        );
        assert_eq!(
            read(AuthScheme::Bearer, "t\r\n").unwrap(),
            "authorization: Bearer t"
        );
        assert_eq!(
            read(AuthScheme::Splunk, "t").unwrap(),
            "authorization: Splunk t"
        );
        assert_eq!(
            read(AuthScheme::Header("dd-api-key"), "t").unwrap(),
            "dd-api-key: t"
        );
        for text in ["", "\n", "a\nb", "a\0"] {
            assert!(read(AuthScheme::Bearer, text).is_err(), "{text:?}");
        }
    }
}
