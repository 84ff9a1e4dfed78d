//! Addresses to listen at, as users write them.

use std::fmt;

use super::addr::{is_ipv6, may_be_host};

/// A port to listen at, and for whom.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ListenAddress {
    /// For whom.
    pub hosts: Hosts,
    /// The port; 0 for one that the system chooses.
    pub port: u16,
}

/// Which addresses of this machine a port is opened at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Hosts {
    /// Those that only programs on this machine reach: 127.0.0.1, and ::1 where
    /// there is IPv6.
    Loopback,
    /// All, of IPv4 and, where there is IPv6, of that.
    Any,
    /// This one: an IPv4 address, an IPv6 address without brackets, or a name with
    /// all that it stands for.
    One(String),
}

/// An address to listen at that can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListenAddressError {
    /// Nothing is there.
    #[error("the address is empty: use {FORMS}")]
    Empty,
    /// The port is missing.
    #[error("{0:?} has no port: use {FORMS}")]
    NoPort(String),
    /// What stands behind the last colon is no port.
    #[error("{0:?} in {1:?} is no port: use a number from 0 to 65535")]
    BadPort(String, String),
    /// An IPv6 address without brackets.
    #[error("{0:?} is an IPv6 address without brackets: use [{0}]:PORT")]
    Brackets(String),
    /// What stands between brackets is no IPv6 address.
    #[error("{0:?} is no address: use [IPV6]:PORT, such as [::1]:9020")]
    NotIpv6(String),
    /// A URL.
    #[error("{0:?} is a URL: use HOST:PORT without {1}://")]
    Url(String, String),
    /// A path.
    #[error("{0:?} is a path: use {FORMS}, or --unix or --unixgram for a path")]
    Path(String),
    /// A host name with a character that none has.
    #[error("{0:?} is no address: use {FORMS}")]
    NoHost(String),
}

/// What is accepted.
const FORMS: &str = "PORT (this machine only), HOST:PORT, [IPV6]:PORT or *:PORT (everybody)";

impl ListenAddress {
    /// Reads `PORT` or `:PORT` or `localhost:PORT`, which are for this machine only;
    /// `*:PORT`, which is for everybody; or `HOST:PORT` and `[IPV6]:PORT`, for that
    /// address alone, `0.0.0.0` and `[::]` included.
    ///
    /// # Errors
    /// What is wrong with it, and what is accepted.
    pub fn parse(text: &str) -> Result<ListenAddress, ListenAddressError> {
        let given = || text.to_owned();
        if text.is_empty() {
            return Err(ListenAddressError::Empty);
        }
        if let Some((scheme, _)) = text.split_once("://")
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric())
        {
            return Err(ListenAddressError::Url(given(), scheme.to_owned()));
        }
        if text.contains('/') || text.starts_with(['.', '@']) {
            return Err(ListenAddressError::Path(given()));
        }
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            match rest.split_once(']') {
                Some((host, "")) if is_ipv6(host) => {
                    return Err(ListenAddressError::NoPort(given()));
                }
                Some((host, behind)) if is_ipv6(host) && behind.starts_with(':') => {
                    (host, &behind[1..])
                }
                _ => return Err(ListenAddressError::NotIpv6(given())),
            }
        } else if is_ipv6(text) {
            return Err(ListenAddressError::Brackets(given()));
        } else if let Some(parts) = text.rsplit_once(':') {
            parts
        } else if text.bytes().all(|byte| byte.is_ascii_digit()) {
            ("", text)
        } else {
            return Err(ListenAddressError::NoPort(given()));
        };
        // Digits only: `+5` is no port.
        let digits = port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port
            .parse()
            .ok()
            .filter(|_| digits)
            .ok_or_else(|| ListenAddressError::BadPort(port.to_owned(), given()))?;
        let hosts = match host {
            "" => Hosts::Loopback,
            "*" => Hosts::Any,
            host if host.eq_ignore_ascii_case("localhost") => Hosts::Loopback,
            host if is_ipv6(host) || (may_be_host(host) && !host.contains('*')) => {
                Hosts::One(host.to_owned())
            }
            _ => return Err(ListenAddressError::NoHost(given())),
        };
        Ok(ListenAddress { hosts, port })
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self.port;
        match &self.hosts {
            Hosts::Loopback => write!(f, "localhost:{port}"),
            Hosts::Any => write!(f, "*:{port}"),
            Hosts::One(host) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Hosts::One(host) => write!(f, "{host}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn never_wider_than_what_was_written() {
        let one = |host: &str| Hosts::One(host.to_owned());
        for (text, hosts, port) in [
            ("9020", Hosts::Loopback, 9020),
            (":9020", Hosts::Loopback, 9020),
            ("localhost:9020", Hosts::Loopback, 9020),
            ("LOCALHOST:0", Hosts::Loopback, 0),
            ("0", Hosts::Loopback, 0),
            ("127.0.0.1:9020", one("127.0.0.1"), 9020),
            ("[::1]:9020", one("::1"), 9020),
            ("*:514", Hosts::Any, 514),
            ("0.0.0.0:514", one("0.0.0.0"), 514),
            ("[::]:514", one("::"), 514),
            ("loghost.example:6514", one("loghost.example"), 6514),
            ("[fe80::1%eth0]:65535", one("fe80::1%eth0"), 65535),
        ] {
            let address = ListenAddress { hosts, port };
            assert_eq!(ListenAddress::parse(text), Ok(address), "{text}");
        }
    }

    #[test]
    fn errors_name_what_is_accepted() {
        for (text, part) in [
            ("", "HOST:PORT"),
            ("loghost", "\"loghost\" has no port: use PORT"),
            ("*", "\"*\" has no port"),
            ("[::]", "has no port"),
            (
                ":",
                "\"\" in \":\" is no port: use a number from 0 to 65535",
            ),
            (":65536", "0 to 65535"),
            ("99999", "0 to 65535"),
            (":+5", "0 to 65535"),
            ("::", "use [::]:PORT"),
            ("::1", "use [::1]:PORT"),
            ("[localhost]:5", "[IPV6]:PORT"),
            ("[::1]5", "[IPV6]:PORT"),
            ("[::1", "[IPV6]:PORT"),
            ("tcp://*:514", "without tcp://"),
            ("/run/lh.sock", "--unix or --unixgram"),
            ("./lh.sock", "--unix"),
            ("@lh", "--unix"),
            ("a b:5", "is no address"),
            ("**:5", "is no address"),
            ("1:2:3", "is no address"),
            ("*.example:5", "is no address"),
        ] {
            let error = ListenAddress::parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text:?}: {error}");
        }
    }

    proptest! {
        /// What is shown is read as the same, and nothing panics.
        #[test]
        fn shown_and_read_again(text in "[a-c0-9:.@%/\\[\\]*]{0,12}") {
            if let Ok(address) = ListenAddress::parse(&text) {
                let shown = address.to_string();
                prop_assert_eq!(ListenAddress::parse(&shown), Ok(address));
            }
        }
    }
}
