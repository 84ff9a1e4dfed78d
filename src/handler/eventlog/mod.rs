//! The operating system's own event log (`NTEventLogHandler`): on Linux the
//! journal of systemd.

#[cfg(target_os = "linux")]
#[path = "journal.rs"]
mod system;
#[cfg(not(target_os = "linux"))]
#[path = "stub.rs"]
mod system;

use std::path::PathBuf;
use std::time::Duration;

use crate::net::BackoffOptions;

pub use system::event_log;

/// What the handler is told.
#[derive(Debug)]
pub struct EventLogOptions {
    /// The journal's socket; `None` is where systemd has it.
    pub socket: Option<PathBuf>,
    /// How long it waits between attempts to connect.
    pub backoff: BackoffOptions,
    /// How long a connection may take to be made, and take nothing.
    pub timeout: Duration,
}
