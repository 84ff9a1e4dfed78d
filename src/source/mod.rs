//! Where records come from.

mod backlog;
pub mod command;
mod decode;
mod intake;
#[cfg(feature = "net")]
pub mod listen;
mod stream;
mod tee;

pub use command::{Command, CommandOptions};
pub use decode::{Decoder, InputFormat, Unit};
pub use intake::{Intake, IntakeOptions, Sink};
pub use stream::{Stream, Taken, Watch};
pub use tee::Tee;

/// The process's standard input.
///
/// # Errors
/// When its descriptor can't be copied.
pub fn stdin() -> std::io::Result<std::fs::File> {
    crate::sys::stdin()
}
