//! `lh http` against servers on loopback: one of the tests' own that answers as
//! it is told, Python's `HTTPHandler` and `http.server` for comparison, nginx,
//! and OpenTelemetry's own protocol buffers.
//!
//! Not tested here: the parts of a body (beside the code), and how fast it is
//! (benches).

#![cfg(all(target_os = "linux", feature = "http", feature = "tls"))]

mod answers;
mod bodies;
mod nginx;
#[path = "../trials/support/port.rs"]
mod port;
mod presets;
mod python;
mod server;
mod spool;
#[path = "../cli/support.rs"]
#[allow(dead_code, reason = "it serves other tests as well")]
mod support;
