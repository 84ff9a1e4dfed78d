//! From which addresses records are taken.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Addresses that share their first bits, such as `10.0.0.0/8`. A single address
/// is one of all its bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// A network that can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// What stands before the slash is no address.
    #[error("{0:?} in {1:?} is no IP address: use 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32")]
    NoAddress(String, String),
    /// What stands behind it is no number of bits.
    #[error("{0:?} in {1:?} is no number of bits: use 0 to {2}")]
    BadBits(String, String, u8),
    /// Bits that the network does not have are set, so that one of the two may be
    /// a slip.
    #[error("{0:?} has bits set behind the first {1}: use {2}, or {3} for that address alone")]
    HostBits(String, u8, Network, IpAddr),
}

impl Network {
    /// Whether the address is one of these.
    pub fn contains(&self, ip: IpAddr) -> bool {
        match (self.address, ip) {
            (IpAddr::V4(own), IpAddr::V4(ip)) => {
                (own.to_bits() ^ ip.to_bits()) & mask4(self.bits) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(ip)) => {
                (own.to_bits() ^ ip.to_bits()) & mask6(self.bits) == 0
            }
            _ => false,
        }
    }
}

/// The first bits of an address.
fn mask4(bits: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0)
}

fn mask6(bits: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0)
}

impl FromStr for Network {
    type Err = NetworkError;

    /// Reads `ADDRESS` or `ADDRESS/BITS`; brackets around an IPv6 address may stand.
    /// An IPv4 address within an IPv6 one is the IPv4 address.
    fn from_str(text: &str) -> Result<Network, NetworkError> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let bare = address
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(address);
        let ip: IpAddr = bare
            .parse()
            .map_err(|_| NetworkError::NoAddress(address.to_owned(), text.to_owned()))?;
        let most: u8 = if ip.is_ipv4() { 32 } else { 128 };
        let mut count = match bits {
            None => most,
            Some(bits) => {
                // Digits only: `+8` is no number of bits.
                let digits = bits.bytes().all(|byte| byte.is_ascii_digit());
                let number = bits.parse().ok().filter(|bits| digits && *bits <= most);
                number
                    .ok_or_else(|| NetworkError::BadBits(bits.to_owned(), text.to_owned(), most))?
            }
        };
        let mut address = match ip {
            IpAddr::V4(ip) => IpAddr::V4(Ipv4Addr::from_bits(ip.to_bits() & mask4(count))),
            IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & mask6(count))),
        };
        if address != ip {
            let network = Network {
                address,
                bits: count,
            };
            return Err(NetworkError::HostBits(text.to_owned(), count, network, ip));
        }
        if count >= 96 && ip.to_canonical().is_ipv4() {
            (address, count) = (ip.to_canonical(), count - if ip.is_ipv6() { 96 } else { 0 });
        }
        Ok(Network {
            address,
            bits: count,
        })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

/// The networks that records are taken from; all, where none is listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allow {
    networks: Vec<Network>,
}

impl Allow {
    /// Takes records from these networks.
    pub fn new(networks: Vec<Network>) -> Allow {
        Allow { networks }
    }

    /// Whether records are taken from an address. An IPv4 address as a socket of
    /// both families shows it (`::ffff:10.0.0.1`) is that IPv4 address. Goes through
    /// the list.
    pub fn permits(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.networks.is_empty() || self.networks.iter().any(|network| network.contains(ip))
    }

    /// Whether nobody is kept out.
    pub fn is_everybody(&self) -> bool {
        self.networks.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn allow(list: &[&str]) -> Allow {
        Allow::new(list.iter().map(|text| text.parse().unwrap()).collect())
    }

    #[track_caller]
    fn check(list: &[&str], inside: &[&str], outside: &[&str]) {
        let allow = allow(list);
        for ip in inside {
            assert!(allow.permits(ip.parse().unwrap()), "{list:?} and {ip}");
        }
        for ip in outside {
            assert!(!allow.permits(ip.parse().unwrap()), "{list:?} and {ip}");
        }
    }

    #[test]
    fn networks_and_what_is_in_them() {
        check(&[], &["10.0.0.1", "::1", "203.0.113.9"], &[]);
        check(
            &["10.0.0.0/8"],
            &["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"],
            &["11.0.0.0", "9.255.255.255", "::1", "::10.1.2.3"],
        );
        check(
            &["192.0.2.7"],
            &["192.0.2.7", "::ffff:192.0.2.7"],
            &["192.0.2.6"],
        );
        check(
            &["192.0.2.6/31"],
            &["192.0.2.6", "192.0.2.7"],
            &["192.0.2.8"],
        );
        check(
            &["0.0.0.0/0"],
            &["1.2.3.4", "::ffff:1.2.3.4"],
            &["::1", "2001:db8::1"],
        );
        check(
            &["::/0"],
            &["::1", "2001:db8::1"],
            &["1.2.3.4", "::ffff:1.2.3.4"],
        );
        check(
            &["2001:db8::/32", "::1"],
            &["2001:db8:ffff::", "::1"],
            &["2001:db9::", "::2"],
        );
        check(&["[fe80::]/10"], &["fe80::1", "febf::1"], &["fec0::1"]);
        // Written as IPv6, and meant as IPv4.
        check(
            &["::ffff:10.0.0.0/104"],
            &["10.255.0.1", "::ffff:10.0.0.1"],
            &["11.0.0.1"],
        );
        check(&["::ffff:10.0.0.1"], &["10.0.0.1"], &["10.0.0.2"]);
    }

    #[test]
    fn errors_name_the_place() {
        for (text, part) in [
            ("", "\"\" in \"\" is no IP address"),
            ("localhost", "\"localhost\" in"),
            ("10.0.0/8", "\"10.0.0\" in \"10.0.0/8\" is no IP address"),
            (
                "10.0.0.0/33",
                "\"33\" in \"10.0.0.0/33\" is no number of bits: use 0 to 32",
            ),
            ("10.0.0.0/", "\"\" in"),
            ("10.0.0.0/+8", "\"+8\" in"),
            ("10.0.0.0/-1", "\"-1\" in"),
            ("10.0.0.0/255.0.0.0", "\"255.0.0.0\" in"),
            ("10.0.0.0/8/8", "\"8/8\" in"),
            ("::/129", "use 0 to 128"),
            ("fe80::1%eth0", "no IP address"),
            (
                "10.0.0.1/8",
                "use 10.0.0.0/8, or 10.0.0.1 for that address alone",
            ),
            ("2001:db8::1/32", "use 2001:db8::/32, or 2001:db8::1 for"),
        ] {
            let error = text.parse::<Network>().unwrap_err().to_string();
            assert!(error.contains(part), "{text:?}: {error}");
        }
    }

    proptest! {
        /// Compared with the same bit by bit, and shown and read again.
        #[test]
        fn as_counted_bit_by_bit(own: u32, flip in 0u32..33, bits in 0u8..=32) {
            let own = Ipv4Addr::from_bits(own & mask4(bits));
            let text = format!("{own}/{bits}");
            let network: Network = text.parse().unwrap();
            prop_assert_eq!(network.to_string(), text);
            let other = own.to_bits() ^ (1u32 << 31).checked_shr(flip).unwrap_or(0);
            let inside = flip >= u32::from(bits);
            prop_assert_eq!(network.contains(Ipv4Addr::from_bits(other).into()), inside);
            let mapped = Ipv4Addr::from_bits(other).to_ipv6_mapped();
            prop_assert_eq!(Allow::new(vec![network]).permits(mapped.into()), inside);
        }
    }
}
