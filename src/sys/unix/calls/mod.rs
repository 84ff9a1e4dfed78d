//! Calls that no safe crate has: the one module with unsafe code.

#![allow(unsafe_code)]

#[cfg(feature = "cli")]
pub mod code;
pub mod startup;
#[cfg(feature = "net")]
pub mod tcp_state;
