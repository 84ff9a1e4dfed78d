//! GELF 1.1, the Graylog Extended Log Format: one JSON object, one record.
//!
//! After Graylog's "GELF Payload Specification", and where that is silent after
//! what its server does: of what it would refuse or leave out without a word,
//! nothing is sent. On a stream a NUL stands behind each object, uncompressed;
//! in datagrams an object may be [compressed](compress) and, where it is too
//! long for one, goes as [chunks](chunk).

pub mod assembly;
pub mod chunk;
pub mod compress;
mod decode;
mod encode;

pub use decode::{NotGelf, decode, looks_like};
pub use encode::{GelfEncoder, GelfOptions};

use crate::level::Level;

/// The syslog severity of a level, 0 (emergency) to 7 (debug): of a number that
/// has no name, that of the next level below it.
fn severity(level: Level) -> u32 {
    let reaches = |number: &u32| Level::from_syslog(*number).is_some_and(|named| level >= named);
    (0..7).find(reaches).unwrap_or(7)
}

/// The level that a severity stands for, with that of a name beside it: a name
/// of the same severity tells it finer.
fn level_of(number: u32, named: Option<Level>) -> Option<Level> {
    match named.filter(|&level| severity(level) == number) {
        Some(level) => Some(level),
        None => Level::from_syslog(number),
    }
}
