//! Which of the standard streams were closed when the process began.
//!
//! Rust's start-up opens /dev/null in their place before `main` runs. A program that
//! asks later writes there without an error, and takes records for delivered.

use std::sync::atomic::{AtomicU8, Ordering};

use nix::libc;

/// A bit for each.
static CLOSED: AtomicU8 = AtomicU8::new(0);

/// Whether the stream of this number, 0 to 2, was closed.
pub fn was_closed(stream: u8) -> bool {
    CLOSED.load(Ordering::Relaxed) & (1 << stream) != 0
}

extern "C" fn look() {
    for stream in 0..3 {
        // SAFETY: F_GETFD asks about a number, whatever it stands for.
        if unsafe { libc::fcntl(stream, libc::F_GETFD) } == -1 {
            CLOSED.fetch_or(1 << stream, Ordering::Relaxed);
        }
    }
}

// SAFETY: the C library calls what this section points to, once and before `main`.
// `look` needs nothing that Rust's start-up sets up.
#[used]
#[unsafe(link_section = ".init_array")]
static LOOK: extern "C" fn() = look;
