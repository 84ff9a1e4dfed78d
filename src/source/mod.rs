//! Where records come from.

mod decode;
mod tee;

pub use decode::{Decoder, InputFormat};
pub use tee::Tee;

/// The process's standard input.
///
/// # Errors
/// When its descriptor can't be copied.
pub fn stdin() -> std::io::Result<std::fs::File> {
    crate::sys::stdin()
}
