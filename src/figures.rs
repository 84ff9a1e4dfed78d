//! What became of the records, in numbers: counted where it happens, read by
//! whoever reports it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::now::Now;

/// A number that any thread may change or read.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Adds to it.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// Takes from it what was added before.
    pub fn sub(&self, less: u64) {
        self.0.fetch_sub(less, Ordering::Relaxed);
    }

    /// Replaces it.
    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// What it is now.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The figures of one handler of a chain, with whatever wraps it. Shared
/// between the threads that deliver to it.
#[derive(Debug, Default)]
pub struct Figures {
    /// Records that came to it, before its filter. Counted only if
    /// [asked](Self::count_all).
    pub received: Count,
    /// Records left out by its filter.
    pub filtered: Count,
    /// Records that the handler has taken. Counted only if asked, likewise.
    pub delivered: Count,
    /// Their bytes, as rendered.
    pub bytes: Count,
    /// Records given up, for whatever reason: they are lost.
    pub dropped: Count,
    /// Records that a wrapper was asked to forget (`buffer --ring`).
    pub forgotten: Count,
    /// Records that wait in a buffer or a queue, now.
    pub waiting: Count,
    /// Records that are on the disk and wait to be sent, now.
    pub spooled: Count,
    /// Records that the handler has taken and that are not known to have
    /// arrived, now. They are among the delivered ones here, and among those
    /// that wait in what is [read](HandlerFigures::read).
    pub unproven: Count,
    /// Rollovers made.
    pub rollovers: Count,
    /// Deliveries that failed, those that were tried again included.
    pub errors: Count,
    last_error: Mutex<Option<String>>,
    counts_all: AtomicBool,
}

impl Figures {
    /// From now on, counts as well what costs a pass over the bytes of lines
    /// that nobody looks at.
    pub fn count_all(&self) {
        self.counts_all.store(true, Ordering::Relaxed);
    }

    /// Whether that is counted.
    pub fn counts_all(&self) -> bool {
        self.counts_all.load(Ordering::Relaxed)
    }

    /// Counts a failed delivery, and keeps its reason.
    pub fn note_error(&self, reason: String) {
        self.errors.add(1);
        *self
            .last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(reason);
    }

    /// Why the last failed delivery failed.
    pub fn last_error(&self) -> Option<String> {
        self.last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// The figures of what is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InputFigures {
    /// Records made of it.
    pub records: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Lines that were no JSON objects where all should be.
    pub malformed: u64,
    /// Lines cut into several records, because they were too long.
    pub split: u64,
    /// Lines cut off, likewise.
    pub truncated: u64,
    /// Lines thrown away, likewise.
    pub dropped: u64,
    /// Lines that became part of the record before (`--join`).
    pub joined: u64,
    /// Places that were replaced (`--mask`).
    pub masked: u64,
    /// Records that repeat the one before and were summed up (`--dedup`).
    pub repeats: u64,
    /// Connections that were let in (`listen`).
    pub connections: u64,
    /// Connections and messages that were refused.
    pub refused: u64,
    /// Records that a sender has sent again and that had been accepted.
    pub duplicates: u64,
    /// Datagrams that the system had no room for.
    pub unread: u64,
}

impl InputFigures {
    /// Adds those of another stream.
    pub fn add(&mut self, more: &InputFigures) {
        self.records += more.records;
        self.bytes += more.bytes;
        self.malformed += more.malformed;
        self.split += more.split;
        self.truncated += more.truncated;
        self.dropped += more.dropped;
        self.joined += more.joined;
        self.masked += more.masked;
        self.repeats += more.repeats;
        self.connections += more.connections;
        self.refused += more.refused;
        self.duplicates += more.duplicates;
        self.unread += more.unread;
    }
}

/// The figures of one handler at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandlerFigures {
    /// The handler's name on the command line.
    pub handler: &'static str,
    /// What it writes to.
    pub target: String,
    /// See [`Figures`], for this and all that follow; 0 unless it was
    /// [asked](crate::handler::Stage::count_all) to be counted.
    pub received: u64,
    /// See [`Figures`].
    pub filtered: u64,
    /// See [`Figures`]; 0 unless it was asked to be counted, likewise.
    pub delivered: u64,
    /// See [`Figures`].
    pub bytes: u64,
    /// See [`Figures`].
    pub dropped: u64,
    /// See [`Figures`].
    pub forgotten: u64,
    /// See [`Figures`].
    pub waiting: u64,
    /// See [`Figures`].
    pub spooled: u64,
    /// See [`Figures`].
    pub rollovers: u64,
    /// See [`Figures`].
    pub errors: u64,
    /// See [`Figures`].
    pub last_error: Option<String>,
}

impl HandlerFigures {
    /// Reads the figures of a handler.
    pub fn read(handler: &'static str, target: String, figures: &Figures) -> HandlerFigures {
        let unproven = figures.unproven.get();
        HandlerFigures {
            handler,
            target,
            received: figures.received.get(),
            filtered: figures.filtered.get(),
            delivered: figures.delivered.get().saturating_sub(unproven),
            bytes: figures.bytes.get(),
            dropped: figures.dropped.get(),
            forgotten: figures.forgotten.get(),
            waiting: figures.waiting.get() + unproven,
            spooled: figures.spooled.get(),
            rollovers: figures.rollovers.get(),
            errors: figures.errors.get(),
            last_error: figures.last_error(),
        }
    }
}

/// All figures of a run at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Since the run began.
    pub elapsed: Duration,
    /// What was read, over all streams.
    pub input: InputFigures,
    /// The handlers, in the order of the chain.
    pub handlers: Vec<HandlerFigures>,
}

/// Somebody who is told the figures while a pipeline runs.
pub trait Observer {
    /// When [`tick`](Observer::tick) has to be called at the latest.
    fn deadline(&self) -> Option<Instant>;

    /// The time has come.
    fn tick(&mut self, report: &Report, now: Now);

    /// The user asks for the figures (SIGUSR1).
    fn asked(&mut self, report: &Report);

    /// The run is over; these are the last figures.
    fn finish(&mut self, report: &Report);
}
