//! The disk queue, and the tool that looks into it.
//!
//! Not tested here: its bytes (`src/spool/format.rs`), the handlers that keep
//! their records in it, and what a power cut or failing storage leaves of them
//! (`tests/trials`).

#![cfg(target_os = "linux")]

mod support;

mod damage;
mod full;
mod inject;
mod model;
mod ownership;
#[path = "../trials/support/port.rs"]
mod port;
mod size;
mod threads;
mod tool;
