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
//!
//! # Records
//!
//! A program that makes records, as Python's `logging` does, gives them to stages:
//!
//! ```
//! use lh::batch::Frames;
//! use lh::diag::Diag;
//! use lh::filter::Filter;
//! use lh::handler::buffer::BufferOptions;
//! use lh::handler::file::FileOptions;
//! use lh::handler::stage::{OnError, Rendering};
//! use lh::handler::{FileHandler, MemoryHandler, Stage};
//! use lh::level::Level;
//! use lh::now::Now;
//! use lh::record::{Defaults, Record};
//! use lh::text::Formatter;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("app.log");
//! let diag = Diag::new(|severity, text| eprintln!("{severity:?}: {text}"));
//! let handler = FileHandler::new(FileOptions::new(&path), diag.clone());
//! let filter = Filter { min_level: Some(Level::INFO), ..Filter::default() };
//! let format = Formatter::parse("{levelname:<8} {message}", None, true)?;
//! let rendering = Rendering { encoder: Some(Box::new(format)), ..Rendering::default() };
//! let stage = Stage::new(Box::new(handler), filter, rendering, OnError::Block, None, diag);
//! // A wrapper: an error comes to the file with the records before it. Without this
//! // line, each record is written at once.
//! let mut stage =
//!     stage.wrap(|delivery| Box::new(MemoryHandler::new(delivery, BufferOptions::default())));
//! stage.open(Now::read())?;
//!
//! let defaults = Defaults::default();
//! for (level, text) in [(Level::DEBUG, "left out"), (Level::ERROR, "disk is full")] {
//!     let now = Now::read();
//!     let mut record = Record::new(&defaults, now.wall);
//!     record.level = level;
//!     record.message = text.as_bytes().into();
//!     stage.push(text.as_bytes(), &record, now);
//!     // What was pushed goes out; the frames are for a stage that copies what it gets.
//!     while !stage.deliver(&Frames::lines(b""), now) {
//!         std::thread::sleep(std::time::Duration::from_millis(100));
//!     }
//! }
//! // What can't be delivered in that time is counted, and told to `diag`.
//! let figures = stage.finish(std::time::Duration::from_secs(10));
//! assert_eq!(figures.dropped, 0);
//! assert_eq!(std::fs::read(&path)?, b"ERROR    disk is full\n");
//! # Ok(())
//! # }
//! ```
//!
//! Handlers do some things by the clock: [`deadline`](handler::Stage::deadline) says when
//! [`tick`](handler::Stage::tick) has to be called at the latest. A program has to do that
//! where it uses `eager`, `Fsync::After`, a buffer or a queue; a
//! [`Pipeline`](pipeline::Pipeline), which is for what comes from streams, does it itself.
//! `examples/handlers.rs` has a logger with a handler of its own and two queues,
//! `examples/network.rs` one that sends to `lh listen` and to a syslog daemon.
//!
//! # What is where
//!
//! | Python | here |
//! | --- | --- |
//! | `FileHandler`, `WatchedFileHandler` | [`FileHandler`](handler::FileHandler), with [`FileOptions`](handler::file::FileOptions) |
//! | `RotatingFileHandler`, `TimedRotatingFileHandler` | both make [`RotatingOptions`](handler::rotating::RotatingOptions) for a [`BaseRotatingHandler`](handler::BaseRotatingHandler) |
//! | `MemoryHandler`, `QueueHandler` with a `QueueListener` | [`MemoryHandler`](handler::MemoryHandler), [`QueueHandler`](handler::QueueHandler), by [`Stage::wrap`](handler::Stage::wrap); several handlers are several stages |
//! | `SocketHandler`, `DatagramHandler`, `SysLogHandler` | `handler::remote`, with an encoder of [`wire`] (feature `net`) |
//! | `SMTPHandler`, `HTTPHandler` | `handler::smtp`, `handler::http` (features of these names) |
//! | `NTEventLogHandler` | `handler::eventlog` (feature `net`) |
//! | a handler of one's own | [`Handler`](handler::Handler): five methods, the others have defaults |
//! | `Formatter`, `Filter`, `LogRecord` | [`Formatter`](text::Formatter), [`Filter`](filter::Filter), [`Record`](record::Record) |
//! | `handleError` | [`OnError`](handler::stage::OnError), and a [`Diag`](diag::Diag) that is told |
//!
//! # Features
//!
//! `cli` (the program; needs all of clap), `compress` (gzip and zstd of rotated files),
//! `net`, `smtp`, `http` and `tls` are on by default; with `default-features = false`
//! none is, and files, streams, buffers, queues and spools are there all the same.

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
