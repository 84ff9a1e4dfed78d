//! What these tests share: journald, a receiver in its place, and how to wait.

pub mod journald;
pub mod receiver;

use std::time::Duration;

use crate::trials::wait_for;

pub use journald::{Entry, Journald, able_journald};
pub use receiver::{Got, Receiver};

/// So that a journald that comes back is found at once.
pub const QUICK: &str = "--retry-start 50ms --retry-max 200ms";

/// Looks again and again until it is true; the test fails when it takes too
/// long, with what is known then.
#[track_caller]
pub fn until(what: &str, mut holds: impl FnMut() -> bool, known: impl Fn() -> String) {
    let held = wait_for(Duration::from_secs(20), &mut holds);
    assert!(held, "waited in vain until {what}: {}", known());
}
