//! What the hot paths allocate: nothing, once they have the room that they need.
//!
//! The same input is read once and twice as long; what the longer run allocates
//! more is what its lines cost. Rollovers and the threads of queues are not in it.

#![cfg(unix)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fs::{File, Permissions};
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;

use lh::diag::Diag;
use lh::event::{Events, Notice};
use lh::filter::Filter;
use lh::handler::file::FileOptions;
use lh::handler::stage::{OnError, Rendering};
use lh::handler::{
    BaseRotatingHandler, FileHandler, Handler, NullHandler, RotatingFileHandler, Stage,
};
use lh::level::Level;
use lh::now::{Now, Timestamp};
use lh::pipeline::Pipeline;
use lh::record::{Defaults, Record};
use lh::source::{InputFormat, Intake, IntakeOptions, Stream};
use lh::text::Formatter;
use lh::wire::framing::Oversize;
use lh::wire::{pickle, syslog};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

fn count() {
    ALLOCATIONS.with(|count| count.set(count.get() + 1));
}

// SAFETY: everything is the system's allocator; counting does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: as the caller promises.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(run: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    run();
    ALLOCATIONS.get() - before
}

/// Nothing comes from outside.
struct Quiet(
    UnixStream,
    #[allow(dead_code, reason = "it keeps the other open")] UnixStream,
);

impl Quiet {
    fn new() -> Box<Quiet> {
        let (one, other) = UnixStream::pair().unwrap();
        Box::new(Quiet(one, other))
    }
}

impl Events for Quiet {
    fn waitable(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    fn take(&mut self) -> Vec<Notice> {
        Vec::new()
    }
}

fn options(format: InputFormat) -> IntakeOptions {
    IntakeOptions {
        format,
        defaults: Defaults::default(),
        max_record: 1 << 20,
        oversize: Oversize::Split,
        strip_ansi: false,
        join: None,
        masks: Vec::new(),
        dedup: None,
        stream: 0,
    }
}

/// What a chain of one handler allocates for 4 MiB more of these lines.
fn of_a_chain(
    line: &str,
    intake: &IntakeOptions,
    format: Option<&str>,
    filter: &Filter,
    handler: &dyn Fn(&Path) -> Box<dyn Handler>,
) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let run = |mebibytes: usize| {
        let input = folder.path().join(format!("input{mebibytes}"));
        let chunk = line.repeat((1 << 20) / line.len());
        let mut file = File::create(&input).unwrap();
        for _ in 0..mebibytes {
            file.write_all(chunk.as_bytes()).unwrap();
        }
        let file = File::open(&input).unwrap();
        let rendering = Rendering {
            encoder: format
                .map(|format| Box::new(Formatter::parse(format, None, true).unwrap()) as _),
            ..Rendering::default()
        };
        let output = folder.path().join(format!("output{mebibytes}"));
        let diag = Diag::silent();
        let handler = handler(&output);
        let stage = Stage::new(
            handler,
            filter.clone(),
            rendering,
            OnError::Block,
            None,
            diag,
        );
        let mut pipeline = Pipeline::new(vec![stage], Quiet::new(), Diag::silent());
        pipeline.open().unwrap();
        let intake = Intake::new(intake.clone(), "stdin", Diag::silent());
        let mut streams = [Stream::new("stdin", file, intake, None)];
        let count = allocations(|| pipeline.run(&mut streams).unwrap());
        let tally = pipeline.finish();
        assert!(!tally.failed && tally.lost == 0);
        count
    };
    let (once, twice) = (run(4), run(8));
    twice.saturating_sub(once)
}

fn file(path: &Path) -> Box<dyn Handler> {
    Box::new(FileHandler::new(FileOptions::new(path), Diag::silent()))
}

fn rotated(path: &Path) -> Box<dyn Handler> {
    let options = FileOptions::new(path);
    let options = RotatingFileHandler::options(options, 1 << 40, 5).unwrap();
    Box::new(BaseRotatingHandler::new(options, Diag::silent()))
}

/// In a directory that others can exchange, which is held on to.
fn exchangeable(path: &Path) -> Box<dyn Handler> {
    let directory = path.with_extension("open");
    std::fs::create_dir(&directory).unwrap();
    std::fs::set_permissions(&directory, Permissions::from_mode(0o777)).unwrap();
    rotated(&directory.join("app.log"))
}

fn null(_: &Path) -> Box<dyn Handler> {
    Box::new(NullHandler)
}

const LINE: &str =
    "2026-11-23 10:00:00,123 ERROR shop.orders: order 4711 of web1 is not paid for yet\n";
const JSON: &str = "{\"time\":1700000000.5,\"level\":\"warn\",\"logger\":\"db\",\"msg\":\"slow query\",\"ms\":812}\n";

#[test]
fn lines_as_they_are_cost_no_allocation() {
    let (lines, open) = (options(InputFormat::Lines), Filter::default());
    assert_eq!(of_a_chain(LINE, &lines, None, &open, &file), 0);
    assert_eq!(of_a_chain(LINE, &lines, None, &open, &rotated), 0);
    assert_eq!(of_a_chain(LINE, &lines, None, &open, &exchangeable), 0);
    assert_eq!(of_a_chain(LINE, &lines, None, &open, &null), 0);
}

#[test]
fn formats_and_filters_cost_no_allocation() {
    let (mut lines, open) = (options(InputFormat::Lines), Filter::default());
    for format in [
        "{timestamp} {message}",
        "text",
        "json",
        "logfmt",
        "%(asctime)s %(message)s",
    ] {
        assert_eq!(
            of_a_chain(LINE, &lines, Some(format), &open, &rotated),
            0,
            "{format}"
        );
    }
    lines.defaults.detect_level = true;
    let warnings = Filter {
        min_level: Some(Level::WARNING),
        ..Filter::default()
    };
    assert_eq!(of_a_chain(LINE, &lines, None, &warnings, &file), 0);
    lines.strip_ansi = true;
    assert_eq!(of_a_chain(LINE, &lines, None, &open, &file), 0);
}

#[test]
fn objects_cost_no_allocation() {
    let (json, open) = (options(InputFormat::Json), Filter::default());
    for format in ["text", "json", "logfmt", "{asctime} {ms} {message}"] {
        assert_eq!(
            of_a_chain(JSON, &json, Some(format), &open, &file),
            0,
            "{format}"
        );
    }
}

#[test]
fn decoders_cost_no_allocation_for_what_is_plain() {
    let defaults = Defaults::default();
    let stamps = syslog::Stamps::default();
    let mut record = Record::new(&defaults, Timestamp(0));
    let messages: [&[u8]; 2] = [
        b"<34>Oct 11 22:14:15 host su[12]: 'su root' failed",
        b"<165>1 2003-10-11T22:14:15.003Z host app 1 ID47 - an event",
    ];
    let received = Now::read().wall;
    for message in messages {
        let mut decode = || {
            syslog::decode_with(&stamps, message, &defaults, received, &mut record).unwrap();
        };
        decode();
        assert_eq!(allocations(decode), 0);
    }
    // What Python's SocketHandler sends.
    let pickled =
        b"\x80\x04\x95\x2a\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x03msg\x94\x8c\x05hello\x94\
        \x8c\x07levelno\x94K\x28\x8c\x04name\x94\x8c\x02db\x94u.";
    let mut decode = || pickle::decode(pickled, &defaults, received, &mut record).unwrap();
    decode();
    assert!(allocations(decode) <= 8);
}
