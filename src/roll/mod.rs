//! Rollover: when it happens, what the files are called, which ones are kept.
//!
//! Pure arithmetic on times, names and sizes; only [`compress`] reads and
//! writes, and only the two files that it is given, [`mark`] notes something with one,
//! and [`set`], [`listing`] and [`follow`] read what was written.

mod backup;
pub mod compress;
pub mod follow;
mod former;
pub mod keep;
pub mod lines;
pub mod listing;
pub mod mark;
pub mod moment;
pub mod names;
pub mod order;
mod pattern;
mod seen;
pub mod set;
pub mod when;
