//! What differs between operating systems, and nothing else.
//!
//! Every call that only one family of systems has stands in a file below this
//! one, behind a function whose meaning is the same on all of them.

#[cfg(all(unix, feature = "cli"))]
pub mod signals;
#[cfg(unix)]
mod unix;

#[cfg(unix)]
pub use unix::*;
