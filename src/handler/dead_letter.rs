//! What a handler gave up on, kept as JSON lines with the reason.

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Handler;
use super::file::{FileHandler, FileOptions};
use crate::batch::{Frames, OwnedFrames};
use crate::diag::{Diag, plain};
use crate::now::Now;
use crate::text::time::{TimeStyle, TimeText};

/// A file of dead letters. It is opened at the first one.
#[derive(Debug)]
pub struct DeadLetters {
    file: FileHandler,
    lines: OwnedFrames,
    time: TimeText,
    diag: Diag,
    told: bool,
}

impl DeadLetters {
    /// Dead letters are appended to the file at `path`.
    pub fn new(path: PathBuf, diag: Diag) -> DeadLetters {
        let mut options = FileOptions::new(path);
        options.delay = true;
        DeadLetters {
            file: FileHandler::new(options, diag.clone()),
            lines: OwnedFrames::default(),
            time: TimeText::new(TimeStyle::Rfc3339Micros, false),
            diag,
            told: false,
        }
    }

    /// The handler of the file.
    pub fn handler(&self) -> &dyn Handler {
        &self.file
    }

    /// Opens the file anew under its name, where it is open (SIGHUP).
    pub fn reopen(&mut self, now: Now) {
        self.file.reopen(now);
        self.told = false;
    }

    /// Keeps the records of `frames` between two record ends. Each becomes an object with `timestamp`,
    /// `handler`, `reason` and `record`, the text as it would have been
    /// delivered; where that is no UTF-8, `record_base64` has its bytes.
    pub fn keep(
        &mut self,
        frames: &Frames<'_>,
        (from, to): (usize, usize),
        target: &str,
        reason: &str,
        now: Now,
    ) {
        self.lines.clear();
        let (target, reason) = (quoted(target), quoted(reason));
        let mut at = from;
        while at < to {
            let frame = &frames.bytes()[at..frames.next(at)];
            at += frame.len();
            let record = frame.strip_suffix(b"\n").unwrap_or(frame);
            let line = self.lines.buffer();
            line.extend_from_slice(b"{\"timestamp\":\"");
            self.time.write(now.wall, line);
            let text = String::from_utf8_lossy(record);
            line.extend_from_slice(
                format!(
                    "\",\"handler\":{target},\"reason\":{reason},\"record\":{}",
                    quoted(&text)
                )
                .as_bytes(),
            );
            if std::str::from_utf8(record).is_err() {
                let bytes = STANDARD.encode(record);
                line.extend_from_slice(format!(",\"record_base64\":\"{bytes}\"").as_bytes());
            }
            line.extend_from_slice(b"}\n");
            self.lines.finish();
        }
        let kept = self.file.emit(&self.lines.frames(), 0, now);
        if let Err(error) = kept
            && !std::mem::replace(&mut self.told, true)
        {
            let name = self.file.target();
            self.diag.error(format_args!(
                "{name}: cannot keep dead letters: {}",
                plain(&error.source)
            ));
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
