//! Wire formats: encode and decode of one format in one file, with no I/O and
//! no clock.

mod fields;
pub mod framing;
pub mod json;
pub mod logfmt;
