//! When what is written is made durable.

use std::time::Duration;

/// When written records are made durable by fdatasync(2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fsync {
    /// When the kernel sees fit.
    #[default]
    Never,
    /// After each batch, before more input is read.
    Batch,
    /// When the file is closed or rolled over, and at least every 1 MiB.
    Close,
    /// So long after the first record that is not yet durable, and at least
    /// every 1 MiB.
    After(Duration),
}
