//! `lh syslog`, `lh socket` and `lh udp` against what people have at the other
//! end: rsyslogd, the receivers of Python's logging cookbook, and a few that
//! misbehave. All on loopback, each in a folder of its own.
//!
//! The peers are tried first with what they are made for (`logger`, Python's
//! handlers, openssl), so that a test which fails means `lh`. What a machine
//! lacks is skipped with a word, or is a failure under `LH_REQUIRE_PEERS=1`.
//!
//! Not tested here: `listen`, name look-ups, power cuts, and the bytes of each wire format, which have tests of their own.

#![cfg(all(target_os = "linux", feature = "tls"))]

#[path = "../trials/support/mod.rs"]
#[allow(dead_code, unused_imports)]
mod trials;

#[allow(dead_code)]
mod support;

mod away;
mod black_hole;
mod bounds;
mod ends;
mod like_logger;
mod local;
mod peers;
mod socket;
mod spool;
mod storm;
mod syslog;
mod tls;
