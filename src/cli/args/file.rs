//! `lh file`, and the options that all file handlers share.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::{CommonArgs, IntoStage};
use crate::diag::Diag;
use crate::handler::file::{FileOptions, Fsync};
use crate::handler::{FileHandler, Stage};
use crate::text::encoding::{Charset, Errors};
use crate::units;

/// Append to one file (FileHandler, WatchedFileHandler).
///
/// A line from a pipe is in the file as soon as it was read. Several lh may
/// append to one file: no line is torn or mixed with another.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  myapp 2>&1 | lh file app.log
  myapp 2>&1 | lh file --watch --perm 640 /var/log/myapp.log
  lh --join trace file -f json app.jsonl -- myapp --serve
  myapp 2>&1 | lh --tee file --fsync 1s -f '{timestamp} {message}' app.log")]
pub struct FileArgs {
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "File")]
pub struct TargetArgs {
    /// The file
    #[arg(value_name = "FILE", value_parser = clap::value_parser!(PathBuf))]
    pub path: PathBuf,

    /// Append to what is there, or empty it at the start [default: append].
    #[arg(long, value_enum, value_name = "MODE")]
    mode: Option<Mode>,

    /// Open the file at the first record.
    #[arg(long)]
    delay: bool,

    /// The file's encoding; of records, the bytes are taken as UTF-8.
    ///
    /// A label of the WHATWG Encoding Standard, whose tables these are (iso-8859-2,
    /// windows-1252, shift_jis, big5, gbk, ...), Python's name for such a one (cp1252),
    /// or utf-8, utf-8-sig, utf-16, utf-32, ascii, latin-1 as Python has them; not
    /// utf-7, and no code page of DOS. Without it, bytes are written as they are.
    #[arg(long, value_name = "LABEL")]
    encoding: Option<Charset>,

    /// What becomes of a character that the encoding lacks [default: strict].
    ///
    /// strict: the record is not written, and counted. The others keep it,
    /// without the character or with ? or an escape in its place.
    #[arg(long, value_enum, value_name = "HOW", requires = "encoding")]
    encoding_errors: Option<EncodingErrors>,

    /// Open the file anew when another, or none, stands under its name.
    #[arg(long)]
    watch: bool,

    /// Permission bits of files that are made, whatever the umask is.
    #[arg(long, value_name = "OCTAL", value_parser = units::permissions)]
    perm: Option<u32>,

    /// Make missing directories.
    #[arg(long)]
    mkdir: bool,

    /// When records are made durable: never, batch, close, or SECONDS [default: never].
    ///
    /// A record is safe from a crash of lh as soon as it is written, and from a
    /// power cut once it is durable. batch: before more input is read. close: at
    /// the end and at a rollover. SECONDS (0.5, 10s): so long after it was
    /// written at the latest. All but never also sync every MiB.
    #[arg(long, value_name = "WHEN", value_parser = fsync)]
    fsync: Option<Fsync>,

    /// Take a symbolic link, hard link, FIFO or device even in a directory that
    /// others can write, where it may have been planted.
    ///
    /// Without it, a link on the way to the file is refused, too, where others
    /// have made it and it leads to a directory that is not theirs. And on
    /// Linux, a directory that others can exchange is used for what it was when
    /// the file was opened: what has its name later is not gone into.
    #[arg(long)]
    follow: bool,

    /// Do not lock the file against other lh processes on it.
    #[arg(long)]
    no_lock: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Mode {
    Append,
    Truncate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum EncodingErrors {
    Strict,
    Replace,
    Ignore,
    Backslashreplace,
}

/// When what is written is made durable.
pub fn fsync(text: &str) -> Result<Fsync, String> {
    match text {
        "never" => Ok(Fsync::Never),
        "batch" => Ok(Fsync::Batch),
        "close" => Ok(Fsync::Close),
        _ => match units::duration(text) {
            Ok(Duration::ZERO) => Ok(Fsync::Batch),
            Ok(delay) => Ok(Fsync::After(delay)),
            Err(error) if text.starts_with(|c: char| c.is_ascii_digit()) => Err(error),
            Err(_) => Err(format!(
                "{text:?} is not never, batch, close or a number of seconds"
            )),
        },
    }
}

impl FileArgs {
    /// The log.
    pub fn path(&self) -> &Path {
        &self.target.path
    }
}

impl TargetArgs {
    /// The options of the file below a handler.
    pub fn options(&self, common: &CommonArgs) -> FileOptions {
        FileOptions {
            path: self.path.clone(),
            truncate: self.mode == Some(Mode::Truncate),
            delay: self.delay,
            watch: self.watch,
            perm: self.perm,
            mkdir: self.mkdir,
            follow: self.follow,
            lock: !self.no_lock,
            fsync: self.fsync.unwrap_or_default(),
            preamble: self.encoding.map_or(b"", Charset::preamble),
            terminator: self.terminator(common),
        }
    }

    fn terminator(&self, common: &CommonArgs) -> Vec<u8> {
        let plain = common.terminator();
        let Some(charset) = self.encoding else {
            return plain;
        };
        let mut encoded = Vec::new();
        match charset.encode(&plain, Errors::Replace, &mut encoded) {
            Ok(()) => encoded,
            Err(_) => plain,
        }
    }

    /// The encoding that was asked for.
    pub fn charset(&self) -> Option<(Charset, Errors)> {
        let errors = match self.encoding_errors {
            None | Some(EncodingErrors::Strict) => Errors::Strict,
            Some(EncodingErrors::Replace) => Errors::Replace,
            Some(EncodingErrors::Ignore) => Errors::Ignore,
            Some(EncodingErrors::Backslashreplace) => Errors::Backslashreplace,
        };
        self.encoding.map(|charset| (charset, errors))
    }
}

impl IntoStage for FileArgs {
    fn common(&mut self) -> &mut CommonArgs {
        &mut self.common
    }

    fn into_stage(self, diag: &Diag) -> Result<Stage, String> {
        let options = self.target.options(&self.common);
        let handler = FileHandler::new(options, diag.clone());
        self.common
            .stage(Box::new(handler), self.target.charset(), diag)
    }
}
