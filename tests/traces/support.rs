//! The joiner as the pipeline uses it, on a text in memory.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use lh::batch::Frames;
use lh::join::{Join, Joiner};
use lh::now::Now;
use lh::wire::framing::Oversize;

fn joiner() -> Joiner {
    Joiner::new(
        Join::Trace,
        1 << 20,
        Oversize::Split,
        Duration::from_secs(1),
    )
}

/// The records of a text, and whether each is a trace. How it comes in
/// batches makes no difference.
#[track_caller]
pub fn grouped(text: &str) -> Vec<(String, bool)> {
    let all = in_batches(text, usize::MAX);
    assert_eq!(all, in_batches(text, 1), "line by line");
    assert_eq!(all, in_batches(text, 3), "three lines at a time");
    all
}

/// How many lines of a text were joined to others.
pub fn ungrouped(text: &str) -> u64 {
    let mut joiner = joiner();
    joiner.feed(&Frames::lines(text.as_bytes()), Now::read(), |_| ());
    joiner.finish(|_| ());
    joiner.joined()
}

fn in_batches(text: &str, lines: usize) -> Vec<(String, bool)> {
    let mut joiner = joiner();
    let mut records = Vec::new();
    let mut add = |record: lh::join::Joined<'_>| {
        assert!(!record.piece);
        let text = std::str::from_utf8(record.bytes).expect("UTF-8");
        records.push((text.to_owned(), record.trace));
    };
    let mut rest = text;
    while !rest.is_empty() {
        let ends = rest.match_indices('\n').map(|(at, _)| at + 1);
        let end = ends.take(lines).last().unwrap_or(rest.len());
        let (batch, more) = rest.split_at(end);
        joiner.feed(&Frames::lines(batch.as_bytes()), Now::read(), &mut add);
        rest = more;
    }
    joiner.finish(&mut add);
    records
}

/// Whether a program that a test needs is there. If not, the test is left
/// out; with LH_REQUIRE_PEERS=1 it fails.
pub fn peer(name: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths).any(|folder| {
        std::fs::metadata(folder.join(name))
            .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    });
    if !found {
        println!("skipped: {name} is not installed");
        let required = std::env::var("LH_REQUIRE_PEERS").is_ok_and(|value| value == "1");
        assert!(!required, "LH_REQUIRE_PEERS=1, and {name} is not installed");
    }
    found
}
