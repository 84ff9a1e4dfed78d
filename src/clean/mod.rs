//! Clean-up before any handler: escape sequences and what was overwritten,
//! secrets, and repeats.

pub mod ansi;
mod dedup;
mod json;
pub mod mask;

pub use ansi::AnsiStripper;
pub use dedup::Dedup;
pub use mask::{Mask, MaskError, Masker};
