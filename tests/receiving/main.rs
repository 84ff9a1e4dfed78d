//! `lh listen` as its users have it: real senders on one side, a file on the
//! other.
//!
//! Not tested here: how fast it is, and thousands at once (benches).

mod blocked;
mod crowds;
mod ended;
mod forms;
mod hostile;
mod http;
mod lasting;
mod listener;
mod numbered;
mod relays;
mod senders;
#[path = "../cli/support.rs"]
#[allow(dead_code, reason = "it serves other tests as well")]
mod support;
mod tls;
