//! `lh smtp` against real mail servers on loopback: aiosmtpd, told to behave in
//! one way or another, and Postfix's smtp-sink. What a mail is, Python's email
//! package says, which other people wrote.
//!
//! aiosmtpd comes from PyPI into an environment under the target folder, made
//! once. What a machine lacks is skipped with a word, or is a failure under
//! `LH_REQUIRE_PEERS=1`.
//!
//! Not tested here: the bytes of a session, which have tests beside the code,
//! and what a spam filter thinks of a mail.

#![cfg(all(target_os = "linux", feature = "smtp", feature = "tls"))]

#[path = "../trials/support/mod.rs"]
#[allow(dead_code, unused_imports)]
mod trials;

#[path = "../network/support/mod.rs"]
#[allow(dead_code, unused_imports)]
mod support;

mod away;
mod credentials;
mod digests;
mod mime;
mod refusals;
mod server;
mod sink;
mod tls;
