//! The host that records are from, where a wire or a receiver wants to know it.

use std::net::IpAddr;

use crate::record::{Record, Value};

/// The host of records that name none: this machine, or behind `listen` whoever
/// has sent them.
#[derive(Clone, Debug)]
pub struct Host {
    name: String,
    is_peers: bool,
}

impl From<String> for Host {
    fn from(name: String) -> Host {
        Host {
            name,
            is_peers: false,
        }
    }
}

impl From<&str> for Host {
    fn from(name: &str) -> Host {
        Host::from(name.to_owned())
    }
}

impl Host {
    /// For records that `listen` has taken, whose attribute `peer` is its own word:
    /// they are from that address. A peer on this machine has this name.
    pub fn of_peers(name: String) -> Host {
        Host {
            name,
            is_peers: true,
        }
    }

    /// The name of this machine.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The host of a record, by its own word before all.
    pub fn of<'r>(&'r self, record: &'r Record<'_>) -> &'r str {
        match record.get("host") {
            Some(Value::Text(host)) if !host.is_empty() => host,
            _ => self.peer(record).unwrap_or(&self.name),
        }
    }

    /// The address that a record came from, without its port, if it is another
    /// machine's.
    pub(super) fn peer<'r>(&self, record: &'r Record<'_>) -> Option<&'r str> {
        if !self.is_peers {
            return None;
        }
        let Some(Value::Text(peer)) = record.get("peer") else {
            return None;
        };
        let (address, _) = peer.rsplit_once(':')?;
        let inner = address.strip_prefix('[').and_then(|a| a.strip_suffix(']'));
        let address = inner.unwrap_or(address);
        // Behind a percent sign is the interface of a local address.
        let (number, _) = address.split_once('%').unwrap_or((address, ""));
        let number: IpAddr = number.parse().ok()?;
        (!number.is_loopback()).then_some(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::now::Timestamp;
    use crate::record::Defaults;

    #[test]
    fn whose_a_record_is() {
        let defaults = Defaults::default();
        let of = |host: &Host, extra: &[(&'static str, &'static str)]| {
            let mut record = Record::new(&defaults, Timestamp(0));
            let extra = extra
                .iter()
                .map(|(key, text)| ((*key).into(), Value::Text((*text).into())));
            record.extra = extra.collect();
            host.of(&record).to_owned()
        };
        let (local, relay) = (Host::from("here"), Host::of_peers("here".to_owned()));
        for (peer, want) in [
            ("192.0.2.7:4711", "192.0.2.7"),
            ("[2001:db8::7]:4711", "2001:db8::7"),
            ("[fe80::1%3]:4711", "fe80::1%3"),
            // This machine.
            ("127.0.0.1:4711", "here"),
            ("[::1]:4711", "here"),
            ("pid=12 uid=0", "here"),
            ("./socket", "here"),
            // What a mask has left.
            ("***:4711", "here"),
            ("", "here"),
        ] {
            assert_eq!(of(&relay, &[("peer", peer)]), want, "{peer}");
            // Not behind listen, it is anybody's word.
            assert_eq!(of(&local, &[("peer", peer)]), "here", "{peer}");
            let named = [("host", "fw1"), ("peer", peer)];
            assert_eq!(of(&relay, &named), "fw1");
            let blank = [("host", ""), ("peer", peer)];
            assert_eq!(of(&relay, &blank), want);
        }
        assert_eq!(of(&relay, &[]), "here");
        assert_eq!(of(&local, &[("host", "fw1")]), "fw1");
    }
}
