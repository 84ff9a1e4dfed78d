//! `lh eventlog` against a real systemd-journald, started by the test in mounts
//! of its own, and against a receiver in this process that sees what comes
//! over the socket.
//!
//! What a machine lacks is skipped with a word, or is a failure under
//! `LH_REQUIRE_PEERS=1`.
//!
//! Not tested here: the bytes of entries and the names of their fields, which
//! have tests of their own beside the codec, and other systems than Linux.

#![cfg(all(target_os = "linux", feature = "net"))]

#[path = "../trials/support/mod.rs"]
#[allow(dead_code, unused_imports)]
mod trials;

mod support;

mod entries;
mod faults;
mod files;
mod like_others;
mod usage;
