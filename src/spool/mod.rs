//! The disk queue: records that are kept until somebody has taken them.
