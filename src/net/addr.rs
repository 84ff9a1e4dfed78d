//! Addresses of receivers, as users write them.

use std::fmt;
use std::net::Ipv6Addr;
use std::path::PathBuf;

/// Where a receiver is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// A port of a host.
    Inet {
        /// A name, an IPv4 address, or an IPv6 address without brackets.
        host: String,
        /// 1 to 65,535.
        port: u16,
    },
    /// A Unix socket; one that begins with `@` is in Linux's abstract namespace.
    Path(PathBuf),
}

/// An address that can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Nothing is there.
    #[error("the address is empty: use {}", forms(*.0))]
    Empty(bool),
    /// The port is missing, and there is none to take instead.
    #[error("{0:?} has no port: use HOST:PORT, or ./{0} for a Unix socket of that name")]
    NoPort(String),
    /// What stands behind the last colon is no port.
    #[error("{1:?} in {0:?} is no port: use a number from 1 to 65535")]
    BadPort(String, String),
    /// An IPv6 address without brackets, whose port can't be told from it.
    #[error("{0:?} is an IPv6 address without brackets: use [{0}]:PORT")]
    Brackets(String),
    /// What stands between brackets is no IPv6 address.
    #[error("{0:?} is no address: use [IPV6]:PORT, such as [::1]:514")]
    NotIpv6(String),
    /// A URL.
    #[error("{0:?} is a URL: use HOST:PORT without {1}://")]
    Url(String, String),
    /// A host name with a character that none has.
    #[error("{0:?} is no address: use {forms}", forms = forms(*.1))]
    NoHost(String, bool),
}

/// The forms that are accepted, with a default port or without.
fn forms(default_port: bool) -> &'static str {
    match default_port {
        true => "HOST, HOST:PORT, [IPV6]:PORT, or the path of a Unix socket",
        false => "HOST:PORT, [IPV6]:PORT, or the path of a Unix socket",
    }
}

impl Address {
    /// Reads `HOST:PORT`, `[IPV6]:PORT`, `:PORT` of this machine, or a path: what
    /// has a slash in it, or begins with a dot or an `@`. Where there is a default
    /// port, `HOST`, `[IPV6]` and `IPV6` stand alone, too.
    ///
    /// # Errors
    /// What is wrong with it, and what is accepted.
    pub fn parse(text: &str, default_port: Option<u16>) -> Result<Address, AddressError> {
        let has_default = default_port.is_some();
        let given = || text.to_owned();
        if text.is_empty() {
            return Err(AddressError::Empty(has_default));
        }
        if let Some((scheme, _)) = text.split_once("://")
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric())
        {
            return Err(AddressError::Url(given(), scheme.to_owned()));
        }
        if text.contains('\0') {
            return Err(AddressError::NoHost(given(), has_default));
        }
        if text.contains('/') || (text.starts_with(['.', '@']) && text.len() > 1) {
            return Ok(Address::Path(PathBuf::from(text)));
        }
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            let Some((host, behind)) = rest.split_once(']') else {
                return Err(AddressError::NotIpv6(given()));
            };
            if !is_ipv6(host) || !(behind.is_empty() || behind.starts_with(':')) {
                return Err(AddressError::NotIpv6(given()));
            }
            (host, behind.strip_prefix(':'))
        } else if is_ipv6(text) {
            if !has_default {
                return Err(AddressError::Brackets(given()));
            }
            (text, None)
        } else {
            match text.rsplit_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            }
        };
        let port = match port {
            Some(port) => {
                read_port(port).ok_or_else(|| AddressError::BadPort(given(), port.to_owned()))?
            }
            None => default_port.ok_or_else(|| AddressError::NoPort(given()))?,
        };
        let host = match host {
            "" => "localhost",
            host => host,
        };
        if !is_ipv6(host) && !may_be_host(host) {
            return Err(AddressError::NoHost(given(), has_default));
        }
        Ok(Address::Inet {
            host: host.to_owned(),
            port,
        })
    }
}

/// Digits only: `+5` is no port.
fn read_port(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|&port| digits && port > 0)
}

/// An IPv6 address, perhaps with the name of an interface (RFC 4007).
pub(super) fn is_ipv6(text: &str) -> bool {
    let (address, zone) = text.split_once('%').unwrap_or((text, "0"));
    address.parse::<Ipv6Addr>().is_ok() && may_be_host(zone)
}

/// What a resolver can be asked for. Which names there are, it knows best.
pub(super) fn may_be_host(text: &str) -> bool {
    let odd = |ch: char| ch.is_whitespace() || ch.is_control() || ":@[]%?#\\\"'".contains(ch);
    !text.is_empty() && !text.starts_with('.') && !text.contains(odd)
}

impl fmt::Display for Address {
    /// As it is written on the command line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Inet { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Address::Inet { host, port } => write!(f, "{host}:{port}"),
            Address::Path(path) => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn inet(host: &str, port: u16) -> Address {
        Address::Inet {
            host: host.to_owned(),
            port,
        }
    }

    #[test]
    fn the_forms_that_are_accepted() {
        for (text, address) in [
            ("loghost:514", inet("loghost", 514)),
            (":514", inet("localhost", 514)),
            ("10.0.0.1:65535", inet("10.0.0.1", 65535)),
            ("[::1]:514", inet("::1", 514)),
            ("[fe80::1%eth0]:514", inet("fe80::1%eth0", 514)),
            ("/dev/log", Address::Path("/dev/log".into())),
            ("./a:b", Address::Path("./a:b".into())),
            (".sock", Address::Path(".sock".into())),
            ("run/log.sock", Address::Path("run/log.sock".into())),
            ("@lh", Address::Path("@lh".into())),
        ] {
            assert_eq!(Address::parse(text, None).as_ref(), Ok(&address), "{text}");
            assert_eq!(Address::parse(text, Some(1)).as_ref(), Ok(&address));
        }
        for (text, address) in [
            ("loghost", inet("loghost", 514)),
            ("::1", inet("::1", 514)),
            ("[::1]", inet("::1", 514)),
            ("2001:db8::5:514", inet("2001:db8::5:514", 514)),
        ] {
            assert_eq!(Address::parse(text, Some(514)), Ok(address), "{text}");
        }
    }

    #[test]
    fn errors_name_what_is_accepted() {
        for (text, part) in [
            ("", "HOST:PORT"),
            ("loghost", "HOST:PORT, or ./loghost"),
            ("::1", "[::1]:PORT"),
            ("loghost:0", "1 to 65535"),
            ("loghost:65536", "1 to 65535"),
            ("loghost:+5", "1 to 65535"),
            ("loghost:", "1 to 65535"),
            ("[loghost]:5", "[IPV6]:PORT"),
            ("[::1]5", "[IPV6]:PORT"),
            ("[::1", "[IPV6]:PORT"),
            ("tcp://loghost:514", "without tcp://"),
            ("a b:5", "HOST:PORT"),
            ("user@loghost:5", "HOST:PORT"),
            ("1:2:3", "HOST:PORT"),
            ("@", "has no port"),
            ("a/\0", "HOST:PORT"),
            ("[::1%a b]:5", "[IPV6]:PORT"),
            ("[::1%]:5", "[IPV6]:PORT"),
            (".", "has no port"),
        ] {
            let error = Address::parse(text, None).unwrap_err().to_string();
            assert!(error.contains(part), "{text:?}: {error}");
        }
    }

    proptest! {
        /// What is shown is read as the same, and nothing panics.
        #[test]
        fn shown_and_read_again(text in "[a-c0-9:.@%/\\[\\]]{0,12}", default in any::<bool>()) {
            let default = default.then_some(514);
            if let Ok(address) = Address::parse(&text, default) {
                let shown = address.to_string();
                prop_assert_eq!(Address::parse(&shown, None), Ok(address));
            }
        }
    }
}
