//! The operating system's own event log (`NTEventLogHandler`): on Linux the
//! journal of systemd, on Windows the NT event log.

#[cfg(target_os = "linux")]
#[path = "journal.rs"]
mod system;
#[cfg(windows)]
#[path = "nt.rs"]
mod system;
#[cfg(not(any(target_os = "linux", windows)))]
#[path = "stub.rs"]
mod system;

use std::path::PathBuf;
use std::time::Duration;

use crate::net::BackoffOptions;
use crate::wire::nt_event::SourceOptions;

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
    /// What only Windows knows.
    pub source: SourceOptions,
}
