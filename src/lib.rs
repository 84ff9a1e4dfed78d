//! Log handlers that lose nothing: the engine of the `lh` program.
//!
//! The handlers of Python's `logging.handlers`, for bytes and records that
//! come through a pipe. A [`Handler`](handler::Handler) delivers batches of
//! framed bytes; a [`Stage`](handler::Stage) filters and renders records for
//! it and acts on its errors; a [`Pipeline`](pipeline::Pipeline) moves batches
//! from a source to its stages.
//!
//! ```
//! use lh::batch::Frames;
//! use lh::diag::Diag;
//! use lh::handler::file::FileOptions;
//! use lh::handler::{BaseRotatingHandler, Handler, RotatingFileHandler};
//! use lh::now::Now;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("app.log");
//! let options = RotatingFileHandler::options(FileOptions::new(&path), 16, 3)?;
//! let mut handler = BaseRotatingHandler::new(options, Diag::silent());
//! handler.open(Now::read())?;
//! handler.emit(&Frames::lines(b"first line\nsecond line\n"), 0, Now::read())?;
//! handler.close(Now::read(), false)?;
//! assert_eq!(std::fs::read(&path)?, b"second line\n");
//! assert_eq!(std::fs::read(path.with_extension("log.1"))?, b"first line\n");
//! # Ok(())
//! # }
//! ```

// Not `forbid`: sys/unix/calls and sys/windows/calls.rs are what no safe crate has.
#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod batch;
pub mod clean;
#[cfg(feature = "cli")]
pub mod cli;
mod decimal;
pub mod diag;
pub mod event;
pub mod figures;
pub mod filter;
pub mod fsync;
pub mod handler;
pub mod join;
pub mod level;
#[cfg(feature = "net")]
pub mod net;
pub mod now;
pub mod pipeline;
pub mod record;
pub mod roll;
pub mod source;
pub mod spool;
mod sys;
pub mod text;
pub mod units;
pub mod wire;
pub mod zone;
