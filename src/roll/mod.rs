//! Rollover: when it happens, what the files are called, which ones are kept.
//!
//! Pure arithmetic on times, names and sizes; only [`compress`] reads and
//! writes, and only the two files that it is given.

pub mod compress;
pub mod keep;
pub mod names;
pub mod when;
