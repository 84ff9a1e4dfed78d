//! What a service manager wants to know of us: Windows has one that asks in a way
//! of its own, which lh does not speak.

use std::io;
use std::time::Duration;

/// Nobody who wants to hear of this process.
#[derive(Debug, Default)]
pub struct ServiceManager;

impl ServiceManager {
    /// The one that the environment names: none.
    ///
    /// # Errors
    /// None.
    pub fn from_env() -> io::Result<ServiceManager> {
        Ok(ServiceManager)
    }

    /// Tells nobody.
    ///
    /// # Errors
    /// None.
    pub fn notify(&self, _state: &str) -> io::Result<()> {
        Ok(())
    }

    /// It does not watch.
    pub fn watchdog_interval(&self) -> Option<Duration> {
        None
    }
}
