//! Python's pickle: what `SocketHandler` and `DatagramHandler` send.
//!
//! One record is one pickle of the dictionary of a `LogRecord`'s attributes.

mod decode;
mod encode;
mod nested;
mod text;

pub use decode::{NotAPickle, decode};
pub use encode::PickleEncoder;
