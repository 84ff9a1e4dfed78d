//! Clean-up of records before any handler gets them.

mod dedup;

pub use dedup::Dedup;
