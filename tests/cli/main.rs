//! The program as its users run it: one module for each subject, and
//! `support`, which gives every test its own folder and a clean environment.
//!
//! Not tested here: the arithmetic of sizes, calendars and names (tables stand
//! beside it in `src`), agreement with Python (`conformance.rs`), faults of
//! storage (full disks, failing fsync, power cuts), and speed (`benches`).

mod support;

mod buffer;
mod cleaning;
mod command;
mod file;
mod filters;
mod formats;
mod grammar;
mod input;
mod long_lines;
mod many;
mod printing;
mod progress;
mod queue;
mod real_logs;
mod rotate;
mod signals;
mod terminal;
mod timed;
