//! A proxy on the way, as the environment says: the variables that curl has.

use std::io;
use std::net::IpAddr;
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Endpoint;
use super::verdict::shown;
use crate::net::{Connection, Network, NetworkError};

/// The longest answer to CONNECT.
const LONGEST: usize = 16 << 10;

/// A proxy that speaks HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    pub(super) host: String,
    pub(super) port: u16,
    /// `Basic …`, where its URL has credentials.
    pub(super) authorization: Option<String>,
}

impl Proxy {
    /// The proxy for an endpoint, with the environment's variables from `get`.
    ///
    /// `https_proxy` or `http_proxy`, else `all_proxy`, in small letters or
    /// capitals; none for the hosts of `no_proxy`. `HTTP_PROXY` in capitals is
    /// not believed under CGI, where a client could have set it.
    ///
    /// # Errors
    /// A proxy of another kind, or a URL that is none; without showing it.
    pub fn of(
        endpoint: &Endpoint,
        get: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Proxy>, String> {
        let names: &[&str] = match (endpoint.https, get("REQUEST_METHOD").is_some()) {
            (true, _) => &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
            (false, false) => &["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"],
            (false, true) => &["http_proxy", "all_proxy", "ALL_PROXY"],
        };
        let mut given = names.iter().filter_map(|name| Some((*name, get(name)?)));
        let Some((name, url)) = given.find(|(_, url)| !url.trim().is_empty()) else {
            return Ok(None);
        };
        let no_proxy = get("no_proxy")
            .or_else(|| get("NO_PROXY"))
            .unwrap_or_default();
        if is_excepted(&no_proxy, &endpoint.host, endpoint.port) {
            return Ok(None);
        }
        Proxy::parse(url.trim())
            .map(Some)
            .map_err(|why| format!("{name}: {why}"))
    }

    fn parse(url: &str) -> Result<Proxy, String> {
        let rest = match url.split_once("://") {
            None => url,
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
            Some((scheme, _)) => {
                let scheme: String = scheme.chars().take(10).collect();
                return Err(format!(
                    "a proxy of {scheme:?} can't be used: use http://HOST:PORT"
                ));
            }
        };
        let (credentials, place) = match rest.rsplit_once('@') {
            None => (None, rest),
            Some((credentials, place)) => (Some(credentials), place),
        };
        let place = Endpoint::parse(&format!("http://{place}"));
        let place = place.map_err(|_| "it is no proxy: write http://HOST:PORT".to_owned())?;
        Ok(Proxy {
            host: place.host,
            port: place.port,
            authorization: credentials.map(|pair| {
                let (user, password) = pair.split_once(':').unwrap_or((pair, ""));
                let pair = [decoded(user), b":".to_vec(), decoded(password)].concat();
                format!("Basic {}", STANDARD.encode(pair))
            }),
        })
    }

    /// Asks it for a connection to an endpoint. What follows is the endpoint's.
    pub(super) fn tunnel(
        &self,
        connection: &mut Connection,
        endpoint: &Endpoint,
        until: Instant,
    ) -> io::Result<()> {
        let (host, port) = endpoint.host();
        let place = match host.contains(':') {
            true => format!("[{host}]:{port}"),
            false => format!("{host}:{port}"),
        };
        let mut request = format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n");
        if let Some(authorization) = &self.authorization {
            request.push_str(&format!("Proxy-Authorization: {authorization}\r\n"));
        }
        request.push_str("\r\n");
        let mut rest = request.as_bytes();
        while !rest.is_empty() {
            let count = connection.write(rest)?;
            rest = &rest[count..];
        }
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            // One byte at a time, so that nothing of what follows is taken: it
            // is a few hundred of them, once a connection.
            let mut byte = [0];
            match connection.read(&mut byte) {
                Ok(0) => return Err(refused("it closed the connection")),
                Ok(_) => answer.push(byte[0]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let left = until.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Err(io::Error::new(
                            io::ErrorKind::TimedOut,
                            "the proxy does not answer",
                        ));
                    }
                    connection.wait(true, false, left)?;
                }
                Err(error) => return Err(error),
            }
            if answer.len() > LONGEST {
                return Err(refused("its answer has no end"));
            }
        }
        let line = answer
            .split(|&byte| byte == b'\r')
            .next()
            .unwrap_or_default();
        let code = line.get(9..12).unwrap_or_default();
        match line.starts_with(b"HTTP/1.") && code.first() == Some(&b'2') {
            true => Ok(()),
            false => Err(refused(&shown(line.get(9..).unwrap_or(line), &[]))),
        }
    }
}

fn refused(why: &str) -> io::Error {
    let text = format!("the proxy makes no connection: {why}");
    io::Error::new(io::ErrorKind::ConnectionRefused, text)
}

/// Whether `no_proxy` names a host: itself, a domain or a network that it is in, or
/// all.
fn is_excepted(list: &str, host: &str, port: u16) -> bool {
    let host = host.to_ascii_lowercase();
    let ip = host.parse().ok().map(|ip: IpAddr| ip.to_canonical());
    list.split([',', ' ']).map(str::trim).any(|entry| {
        let entry = entry.to_ascii_lowercase();
        if entry.contains('/') {
            return ip.is_some_and(|ip| network(&entry).is_some_and(|net| net.contains(ip)));
        }
        let (name, own_port) = match entry.rsplit_once(':') {
            Some((name, digits)) if !name.contains(':') || name.ends_with(']') => {
                (name, digits.parse().ok())
            }
            _ => (&*entry, None),
        };
        let name = name.trim_matches(['[', ']']);
        let name = name.trim_start_matches('*').trim_start_matches('.');
        let matches = host == name
            || host
                .strip_suffix(name)
                .is_some_and(|front| front.ends_with('.'));
        entry == "*" || (!name.is_empty() && matches && own_port.is_none_or(|own: u16| own == port))
    })
}

/// `10.0.0.0/8`; as in curl, `10.1.2.3/8` is the same.
fn network(text: &str) -> Option<Network> {
    match text.parse() {
        Ok(network) | Err(NetworkError::HostBits(_, _, network, _)) => Some(network),
        Err(_) => None,
    }
}

fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let digits = behind
            .get(..2)
            .and_then(|two| std::str::from_utf8(two).ok());
        let byte = digits.and_then(|two| u8::from_str_radix(two, 16).ok());
        let (byte, used) = match byte.filter(|_| *first == b'%') {
            Some(byte) => (byte, 2),
            None => (*first, 0),
        };
        bytes.push(byte);
        rest = &behind[used..];
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(url: &str, variables: &[(&str, &str)]) -> Result<Option<Proxy>, String> {
        let endpoint = Endpoint::parse(url).unwrap();
        Proxy::of(&endpoint, |name| {
            let found = variables.iter().find(|(other, _)| *other == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn which_proxy() {
        let host = |url: &str, variables: &[(&str, &str)]| {
            proxy(url, variables)
                .unwrap()
                .map(|proxy| (proxy.host, proxy.port))
        };
        let a = |port| Some(("a".to_owned(), port));
        assert_eq!(host("http://h", &[]), None);
        assert_eq!(host("http://h", &[("http_proxy", "a:1")]), a(1));
        assert_eq!(host("http://h", &[("HTTP_PROXY", "http://a:1/")]), a(1));
        assert_eq!(
            host(
                "http://h",
                &[("HTTP_PROXY", "a"), ("REQUEST_METHOD", "GET")]
            ),
            None
        );
        assert_eq!(host("https://h", &[("http_proxy", "a")]), None);
        assert_eq!(host("https://h", &[("all_proxy", "a")]), a(80));
        assert_eq!(
            host("http://h", &[("http_proxy", ""), ("ALL_PROXY", "a")]),
            a(80)
        );
        let but = |list: &str, url: &str| host(url, &[("all_proxy", "a"), ("no_proxy", list)]);
        for (list, url) in [
            ("*", "http://h"),
            ("x,h", "http://h"),
            ("x, h", "http://h:99"),
            (".example.com", "https://a.example.com"),
            ("example.com", "https://A.Example.com"),
            ("example.com", "https://example.com"),
            ("*.example.com", "https://a.example.com"),
            ("h:99", "http://h:99"),
            ("::1", "http://[::1]:99"),
            ("[::1]:99", "http://[::1]:99"),
            ("127.0.0.1", "http://127.0.0.1:1"),
            ("x,127.0.0.0/8", "http://127.0.0.1:1"),
            ("10.1.2.3/8", "http://10.9.9.9"),
            ("0.0.0.0/0", "http://10.9.9.9"),
            ("fd00::/8", "https://[fd12::1]"),
            ("[fd00::]/8", "https://[fd12::1]"),
        ] {
            assert_eq!(but(list, url), None, "{list} {url}");
        }
        for (list, url) in [
            ("", "http://h"),
            ("example.com", "https://notexample.com"),
            ("h:98", "http://h:99"),
            ("10.0.0.0/8", "http://11.0.0.1"),
            ("10.0.0.0/8", "http://[fd12::1]"),
            ("10.0.0.0/8", "http://10.example.com"),
            ("10.0.0.0/33", "http://10.0.0.1"),
            ("10.0.0.0/", "http://10.0.0.1"),
            ("/", "http://10.0.0.1"),
        ] {
            assert_eq!(but(list, url), a(80), "{list} {url}");
        }
    }

    #[test]
    fn credentials_and_mistakes() {
        let own = proxy("http://h", &[("http_proxy", "http://us%40er:p%3Aw@a:1")]).unwrap();
        let want = format!("Basic {}", STANDARD.encode("us@er:p:w"));
        assert_eq!(own.unwrap().authorization, Some(want));
        for url in [
            "socks5://u:s3cret@a:1",
            "https://u:s3cret@a",
            "http://u:s3cret@",
        ] {
            let error = proxy("http://h", &[("http_proxy", url)]).unwrap_err();
            assert!(
                error.contains("http_proxy") && !error.contains("s3cret"),
                "{error}"
            );
        }
    }
}
