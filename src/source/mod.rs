//! Where records come from.

mod decode;
pub mod stdin;
mod tee;

pub use decode::{Decoder, InputFormat};
pub use tee::Tee;
