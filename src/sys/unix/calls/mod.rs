//! Calls that no safe crate has: the one module with unsafe code.

#![allow(unsafe_code)]

#[cfg(all(target_os = "linux", feature = "cli"))]
pub mod code;
#[cfg(target_os = "linux")]
pub mod startup;
#[cfg(all(target_os = "linux", feature = "net"))]
pub mod tcp_state;
pub mod window;
