//! Who may send: addresses and networks.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// Networks in CIDR notation (RFC 4632 section 3.1, RFC 4291 section 2.3).
#[derive(Clone, Debug, Default)]
pub struct Allow(Vec<Network>);

/// One of them, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// What is no network.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NotANetwork {
    /// There is no address at the start.
    #[error(
        "{0:?} is no network: write an address, or one with the length of its prefix, as in 10.0.0.0/8"
    )]
    Address(String),
    /// The length of the prefix is none.
    #[error("{0:?} is no length of a prefix: write a number from 0 to {1}")]
    Bits(String, u8),
    /// There are bits behind the prefix.
    #[error("{0} has bits behind its prefix: did you mean {1}?")]
    Behind(String, Network),
}

impl FromIterator<Network> for Allow {
    fn from_iter<T: IntoIterator<Item = Network>>(networks: T) -> Allow {
        Allow(networks.into_iter().collect())
    }
}

impl Allow {
    /// Whether an address is in one of the networks; there being none, all are.
    /// An IPv4 address is one also where it came mapped into IPv6.
    pub fn permits(&self, address: IpAddr) -> bool {
        self.0.is_empty() || self.0.iter().any(|network| network.contains(address))
    }
}

impl Network {
    fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let shift = 32 - u32::from(self.bits);
                let differ = u32::from(own) ^ u32::from(other);
                differ.checked_shr(shift).unwrap_or(0) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let shift = 128 - u32::from(self.bits);
                let differ = u128::from(own) ^ u128::from(other);
                differ.checked_shr(shift).unwrap_or(0) == 0
            }
            _ => false,
        }
    }

    /// The network that the prefix alone makes.
    fn whole(self) -> Network {
        let bits = u32::from(self.bits);
        let address = match self.address {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
                IpAddr::V4((u32::from(address) & mask).into())
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
                IpAddr::V6((u128::from(address) & mask).into())
            }
        };
        Network { address, ..self }
    }
}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Network, NotANetwork> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address
            .parse()
            .map_err(|_| NotANetwork::Address(text.to_owned()))?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => most,
            Some(bits) => {
                let number = bits.parse().ok().filter(|bits| *bits <= most);
                number.ok_or_else(|| NotANetwork::Bits(bits.to_owned(), most))?
            }
        };
        let network = Network { address, bits };
        match network.whole() == network {
            true => Ok(network),
            false => Err(NotANetwork::Behind(text.to_owned(), network.whole())),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(networks: &[&str], address: &str) -> bool {
        let networks = networks.iter().map(|text| text.parse::<Network>().unwrap());
        let allow: Allow = networks.collect();
        allow.permits(address.parse().unwrap())
    }

    #[test]
    fn prefixes_are_compared() {
        assert!(permits(&[], "1.2.3.4"));
        assert!(permits(&["10.0.0.0/8"], "10.255.0.1"));
        assert!(!permits(&["10.0.0.0/8"], "11.0.0.1"));
        assert!(permits(&["10.0.0.0/8", "192.0.2.7"], "192.0.2.7"));
        assert!(!permits(&["192.0.2.7"], "192.0.2.6"));
        assert!(permits(&["10.0.0.0/8"], "::ffff:10.1.2.3"));
        assert!(permits(&["2001:db8::/32"], "2001:db8:1::1"));
        assert!(!permits(&["2001:db8::/32"], "2001:db9::1"));
        assert!(permits(&["0.0.0.0/0"], "8.8.8.8") && !permits(&["0.0.0.0/0"], "::1"));
        assert!(permits(&["::/0"], "::1"));
    }

    #[test]
    fn mistakes_are_explained() {
        let error = |text: &str| text.parse::<Network>().unwrap_err().to_string();
        assert!(error("localhost").contains("is no network"));
        assert!(error("10.0.0.0/33").contains("from 0 to 32"));
        assert!(error("10.1.0.0/8").contains("did you mean 10.0.0.0/8?"));
        assert!(error("::1/129").contains("from 0 to 128"));
    }
}
