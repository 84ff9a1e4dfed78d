//! The NT event log, to which events are reported under the name of a source.

pub use super::calls::{EventSource, register_source};
