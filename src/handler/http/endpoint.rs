//! Where requests go: a URL, taken apart.

use ureq::http::Uri;

/// An `http` or `https` URL. What is shown of it never has its query, and no
/// path where that is a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub(super) https: bool,
    /// Without the brackets of an IPv6 address.
    pub(super) host: String,
    pub(super) port: u16,
    /// Scheme, host and port, as a URL begins.
    pub(super) origin: String,
    path: String,
    query: Option<String>,
    secret: bool,
}

impl Endpoint {
    /// Takes a URL apart.
    ///
    /// # Errors
    /// What is wrong with it, without showing what may be a secret.
    pub fn parse(url: &str) -> Result<Endpoint, String> {
        let url = url.trim();
        let scheme = url.split_once("://").map(|(scheme, _)| scheme);
        let https = match scheme.map(str::to_ascii_lowercase).as_deref() {
            Some("http") => false,
            Some("https") => true,
            Some(other) if other.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                return Err(format!(
                    "a URL of {other} can't be sent to: use http:// or https://"
                ));
            }
            _ => return Err("the URL begins with http:// or https://".to_owned()),
        };
        let wrong = |_| "the URL is malformed: write http://HOST[:PORT]/PATH".to_owned();
        let uri: Uri = url.parse().map_err(wrong)?;
        let authority = uri.authority().ok_or("the URL names no host")?;
        if authority.as_str().contains('@') {
            let text = "the URL holds credentials, which everybody can see who lists processes: \
                        use --user and --password-file";
            return Err(text.to_owned());
        }
        let host = authority.host();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if bare.is_empty() {
            return Err("the URL names no host".to_owned());
        }
        // What is no number would be the usual port, and somebody else's server.
        let port = match authority.as_str().strip_prefix(host).unwrap_or_default() {
            "" | ":" => None,
            text => match text[1..].parse() {
                Ok(port @ 1..) => Some(port),
                _ => {
                    let text = "the port of the URL is no number from 1 to 65535";
                    return Err(text.to_owned());
                }
            },
        };
        let scheme = if https { "https" } else { "http" };
        // The zone of a link-local address is for this machine alone, and for no header
        // (RFC 6874, section 4).
        let (outer, inner) = match bare.split_once("%25") {
            Some((address, zone)) if host.starts_with('[') => {
                (format!("[{address}]"), format!("{address}%{zone}"))
            }
            _ => (host.to_owned(), bare.to_owned()),
        };
        let place = port.map_or(outer.clone(), |port: u16| format!("{outer}:{port}"));
        Ok(Endpoint {
            https,
            host: inner,
            port: port.unwrap_or(if https { 443 } else { 80 }),
            origin: format!("{scheme}://{}", place.to_ascii_lowercase()),
            path: uri.path().to_owned(),
            query: uri.query().map(str::to_owned),
            secret: false,
        })
    }

    /// With this path, if the URL has none.
    #[must_use]
    pub fn or_path(mut self, path: &str) -> Endpoint {
        if matches!(self.path.as_str(), "" | "/") {
            path.clone_into(&mut self.path);
        }
        self
    }

    /// With this behind the path, if it is not there.
    #[must_use]
    pub fn with_last(mut self, last: &str) -> Endpoint {
        if !self.path.ends_with(last) {
            let path = self.path.trim_end_matches('/');
            self.path = format!("{path}{last}");
        }
        self
    }

    /// With this in the query, unless something of that name is there.
    #[must_use]
    pub fn with_query(mut self, pair: &str) -> Endpoint {
        let name = pair.split('=').next().unwrap_or(pair);
        let query = self.query.unwrap_or_default();
        let given = query
            .split('&')
            .any(|own| own.split('=').next() == Some(name));
        self.query = Some(match (query.is_empty(), given) {
            (_, true) => query,
            (true, _) => pair.to_owned(),
            (false, _) => format!("{query}&{pair}"),
        });
        self
    }

    /// Whoever knows the path may write there: it is not shown.
    #[must_use]
    pub fn secret(mut self) -> Endpoint {
        self.secret = true;
        self
    }

    /// Whether what is sent is encrypted.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// The host, and the port that is connected to.
    pub fn host(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    /// The whole URL, with more of a query behind it: for GET, as Python has it.
    pub(super) fn url(&self, more: &[u8]) -> String {
        let mut url = format!("{}{}", self.origin, self.path);
        if let Some(query) = &self.query {
            url.push('?');
            url.push_str(query);
        }
        if !more.is_empty() {
            url.push(if self.query.is_some() { '&' } else { '?' });
            url.push_str(&String::from_utf8_lossy(more));
        }
        url
    }

    /// The path and the query, that may be secrets.
    pub(super) fn secrets(&self) -> Vec<String> {
        let path = self.secret.then(|| self.path.clone());
        path.into_iter().chain(self.query.clone()).collect()
    }

    /// As messages show it.
    pub(super) fn shown(&self) -> String {
        match self.secret {
            true => self.origin.clone(),
            false => format!("{}{}", self.origin, self.path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let url = |text: &str| Endpoint::parse(text).unwrap();
        let own = url("https://[::1]:8443/a/b?token=x");
        assert_eq!(own.host(), ("::1", 8443));
        assert_eq!(own.shown(), "https://[::1]:8443/a/b");
        assert_eq!(own.url(b""), "https://[::1]:8443/a/b?token=x");
        assert_eq!(own.url(b"n=1"), "https://[::1]:8443/a/b?token=x&n=1");
        assert_eq!(own.clone().or_path("/x").path, "/a/b");
        assert_eq!(own.secret().shown(), "https://[::1]:8443");
        let bare = url("HTTP://Host");
        assert_eq!((bare.host(), bare.https), (("Host", 80), false));
        assert_eq!(bare.url(b"n=1"), "http://host/?n=1");
        assert_eq!(
            bare.clone().or_path("/x").with_last("/_bulk").path,
            "/x/_bulk"
        );
        assert_eq!(bare.clone().with_last("/_bulk").path, "/_bulk");
        let zoned = url("http://[fe80::1%25eth0]:8080/x");
        assert_eq!(zoned.host(), ("fe80::1%eth0", 8080));
        assert_eq!(zoned.url(b""), "http://[fe80::1]:8080/x");
        assert_eq!((url("http://h:").port, url("https://h:1/").port), (80, 1));
        let query = |text: &str| url(text).with_query("a=1").url(b"");
        assert_eq!(query("http://h"), "http://h/?a=1");
        assert_eq!(query("http://h/?b"), "http://h/?b&a=1");
        assert_eq!(query("http://h/?a=2"), "http://h/?a=2");
    }

    #[test]
    fn what_is_no_url_is_told_without_its_secrets() {
        for (text, why) in [
            ("localhost:9000", "begins with http"),
            ("ftp://h/s3cret", "a URL of ftp"),
            ("http://u:s3cret@h/", "--password-file"),
            ("http://h/a s3cret", "malformed"),
            ("http:///s3cret", ""),
            ("file:///etc/s3cret", "a URL of file"),
            ("http://h:99999/s3cret", "no number from 1 to 65535"),
            ("http://h:0/s3cret", "no number from 1 to 65535"),
            ("https://h:http/s3cret", "no number from 1 to 65535"),
            ("http://[::1]:99999", "no number from 1 to 65535"),
        ] {
            let error = Endpoint::parse(text).unwrap_err();
            assert!(error.contains(why) && !error.contains("s3cret"), "{error}");
        }
    }
}
