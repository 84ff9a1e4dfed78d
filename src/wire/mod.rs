//! Wire formats: encode and decode of one format in one file, with no I/O and
//! no clock.

pub mod body;
pub mod body_template;
pub mod envelope;
mod fields;
pub mod form;
pub mod framing;
#[cfg(feature = "net")]
pub mod gelf;
#[cfg(feature = "net")]
pub mod hmac;
pub mod host;
#[cfg(feature = "net")]
pub mod http;
pub mod journal;
pub mod json;
pub mod lh;
pub mod line_time;
pub mod logfmt;
pub mod mail;
pub mod nt_event;
pub mod pickle;
pub mod presets;
mod repeats;
mod repr;
#[cfg(feature = "net")]
pub mod smtp;
pub mod syslog;
mod tree;

use std::fmt;

use crate::record::Record;

/// Turns records into the messages of a wire format.
pub trait Encode: fmt::Debug + Send {
    /// Appends the messages of a record to `out`, without their framing, and
    /// calls `end` behind each of them: one, or several where the record has to
    /// be split, or none. Nothing but `end` looks at what stands in `out` before.
    ///
    /// # Errors
    /// A record that the format can't carry; nothing was ended then.
    fn encode(
        &mut self,
        record: &Record<'_>,
        out: &mut Vec<u8>,
        end: &mut dyn FnMut(&mut Vec<u8>),
    ) -> Result<(), Refused>;

    /// Whether extra attributes other than `stack_info` make a difference.
    fn uses_attributes(&self) -> bool {
        true
    }
}

/// Why a record can't be carried, in words.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct Refused(pub String);
