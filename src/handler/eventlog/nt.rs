//! Windows: the NT event log.

use std::io;
use std::path::PathBuf;
use std::time::Instant;

use super::EventLogOptions;
use crate::batch::Frames;
use crate::diag::{Diag, plain};
use crate::handler::{EmitError, Fault, Handler};
use crate::net::Backoff;
use crate::now::Now;
use crate::sys::event_log::{EventSource, register_source};
use crate::wire::nt_event::{SourceOptions, decode};

/// A program of every Windows whose texts of the numbers 1 to 1000 are the event's
/// own text and nothing else.
const TEXTS: &str = r"%SystemRoot%\System32\EventCreate.exe";

/// Errors, warnings and information.
const TYPES: u32 = 7;

/// The handler that reports to the event log; its records are
/// [events](crate::wire::nt_event). Nothing is opened yet.
///
/// # Errors
/// None; other systems have no such log.
pub fn event_log(options: EventLogOptions, diag: &Diag) -> Result<Box<dyn Handler>, String> {
    Ok(Box::new(NtEventLogHandler {
        options: options.source,
        backoff: Backoff::seeded(options.backoff),
        diag: diag.clone(),
        source: None,
    }))
}

/// Python's `NTEventLogHandler`.
struct NtEventLogHandler {
    options: SourceOptions,
    backoff: Backoff,
    diag: Diag,
    source: Option<EventSource>,
}

impl NtEventLogHandler {
    /// Makes the registry's entry of the source, so that the viewer shows its texts.
    /// Events are logged without it as well.
    fn register(&self) {
        let SourceOptions { app, log, dll, .. } = &self.options;
        let key = format!(r"SYSTEM\CurrentControlSet\Services\EventLog\{log}\{app}");
        let texts = dll.clone().unwrap_or_else(|| PathBuf::from(TEXTS));
        if let Err(error) = register_source(&key, &texts, TYPES) {
            self.diag.warn(format_args!(
                "{}: cannot make the registry's entry of the source: {}; its events go to the \
                 log Application, and the viewer shows them with a note; run it once as an \
                 administrator",
                self.target(),
                plain(&error)
            ));
        }
    }

    fn source(&mut self) -> io::Result<&EventSource> {
        match &mut self.source {
            Some(source) => Ok(source),
            none => Ok(none.insert(EventSource::register(&self.options.app)?)),
        }
    }

    fn report(&mut self, event: &[u8]) -> io::Result<()> {
        let Some((kind, text)) = decode(event) else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it is no event"));
        };
        let (category, id) = (self.options.category, self.options.event_id);
        self.source()?.report(kind, category, id, text)
    }
}

impl Handler for NtEventLogHandler {
    fn kind(&self) -> &'static str {
        "eventlog"
    }

    fn target(&self) -> String {
        format!(r"{}\{}", self.options.log, self.options.app)
    }

    fn probe(&self) -> Result<String, String> {
        EventSource::register(&self.options.app)
            .map(|_| "it takes events".to_owned())
            .map_err(|error| plain(&error).to_string())
    }

    fn open(&mut self, _now: Now) -> io::Result<()> {
        self.register();
        self.source().map(|_| ())
    }

    fn emit(&mut self, frames: &Frames<'_>, from: usize, now: Now) -> Result<(), EmitError> {
        let failed = |done, fault, source| EmitError {
            done,
            fault,
            doing: "cannot report an event",
            source,
        };
        if self.backoff.due().is_some_and(|due| due > now.mono) {
            let waiting = io::ErrorKind::WouldBlock.into();
            return Err(failed(from, Fault::Retry, waiting));
        }
        let mut done = from;
        while done < frames.len() {
            let end = frames.next(done);
            match self.report(&frames.bytes()[done..end]) {
                Ok(()) => self.backoff.succeeded(),
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    return Err(failed(done, Fault::Drop, error));
                }
                Err(error) => {
                    // The service may have been started anew: so is the handle.
                    self.source = None;
                    self.backoff.failed(Instant::now());
                    return Err(failed(done, Fault::Retry, error));
                }
            }
            done = end;
        }
        Ok(())
    }

    fn deadline(&self, _now: Now) -> Option<Instant> {
        self.backoff.due()
    }

    fn reopen(&mut self, _now: Now) {
        self.source = None;
        self.backoff.succeeded();
    }

    fn close(&mut self, _now: Now, _hurry: bool) -> Result<(), EmitError> {
        self.source = None;
        Ok(())
    }
}
