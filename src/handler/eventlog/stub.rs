//! A system without an event log that lh knows.

use super::EventLogOptions;
use crate::diag::Diag;
use crate::handler::Handler;

/// There is none.
///
/// # Errors
/// Always.
pub fn event_log(_options: EventLogOptions, _diag: &Diag) -> Result<Box<dyn Handler>, String> {
    Err("this system has no event log of its own; lh syslog sends to its syslog daemon".to_owned())
}
