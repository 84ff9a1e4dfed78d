//! Clean-up before any handler: escape sequences and what was overwritten,
//! and secrets.

pub mod ansi;
mod json;
pub mod mask;

pub use ansi::AnsiStripper;
pub use mask::{Mask, MaskError, Masker};
