//! What differs between operating systems, and nothing else.
//!
//! Every call that only one family of systems has stands in a file below this
//! one, behind a function whose meaning is the same on all of them.

#[cfg(not(target_os = "linux"))]
mod by_name;
mod files;
mod held;
#[cfg(feature = "net")]
pub mod receive;
#[cfg(feature = "net")]
pub mod sockets;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(not(target_os = "linux"))]
pub use by_name::{Held, hold_directory};
#[cfg(feature = "cli")]
pub use files::is_of_the_gone;
pub use files::{Meta, OpenRules, Opened, Private};
pub use files::{check_link, clear_links, directory_of, replace_link};
pub use held::{Directories, Place, Whereabouts};

/// How the reason begins where a directory is missing; its name follows.
pub const NO_DIRECTORY: &str = "there is no directory ";

/// Whether two open files are one file on a disk: what is written to the one is
/// read from the other.
pub fn is_same_regular_file(one: &std::fs::File, other: &std::fs::File) -> bool {
    matches!((fstat(one), fstat(other)),
        (Ok(one), Ok(other)) if one.regular && one.id == other.id)
}
/// Nothing: see that of Linux.
#[cfg(all(feature = "cli", not(target_os = "linux")))]
pub fn forget_code() {}

#[cfg(unix)]
pub use unix::*;
#[cfg(windows)]
pub use windows::*;

use files::{born, is_own_stream, own_stream};
