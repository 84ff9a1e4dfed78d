//! Syslog: RFC 5424, and what was there before it, of which RFC 3164 tells.
//!
//! What is sent has the forms of util-linux `logger`, byte for byte. What is
//! read is whatever real devices send: a message that begins with a priority
//! is never refused, and what is not understood of it stays its text.

mod decode;
mod encode;
mod escape;
mod loose;
mod own;
mod reframe;
pub(super) mod stamp;
mod structured;
mod tables;

pub use decode::{NotSyslog, decode, decode_with};
pub use encode::{LineFeeds, Rfc, SyslogEncoder, SyslogOptions, TooLong};
pub use reframe::Reframer;
pub use stamp::Stamps;
pub use tables::{Facility, FacilityError, Priority, PriorityError, Severity, SeverityError};

/// The element of structured data that holds a record's extra attributes
/// unless the user names another: 32473 is the number that RFC 5612 keeps for
/// those that have none of their own.
pub const SD_ID: &str = "lh@32473";

#[cfg(test)]
mod tests;
