//! Any bytes as lines that are joined, in any batches: every byte comes out again,
//! in order, and the batches change nothing.
#![no_main]

use std::sync::OnceLock;
use std::time::Duration;

use lh::batch::Frames;
use lh::join::{Join, Joiner};
use lh::now::Now;
use lh::wire::framing::Oversize;
use libfuzzer_sys::fuzz_target;
use regex::bytes::Regex;

/// The records of these batches.
fn joined(join: &Join, limit: usize, batches: &[&[u8]], now: Now) -> Vec<(Vec<u8>, bool)> {
    let mut joiner = Joiner::new(join.clone(), limit, Oversize::Split, Duration::MAX);
    let mut records = Vec::new();
    for batch in batches {
        joiner.feed(&Frames::lines(batch), now, |record| {
            records.push((record.bytes.to_vec(), record.trace));
        });
    }
    joiner.finish(|record| records.push((record.bytes.to_vec(), record.trace)));
    records
}

fuzz_target!(|input: (u8, u8, u8, &[u8])| {
    static PATTERN: OnceLock<Regex> = OnceLock::new();
    static NOW: OnceLock<Now> = OnceLock::new();
    let (way, limit, every, bytes) = input;
    let join = match way % 3 {
        0 => Join::Indent,
        1 => Join::Trace,
        _ => Join::Matching(
            PATTERN
                .get_or_init(|| Regex::new("^[+a]").expect("one"))
                .clone(),
        ),
    };
    let limit = if way < 128 {
        1 << 20
    } else {
        usize::from(limit) + 1
    };
    let now = *NOW.get_or_init(Now::read);
    let mut text = bytes.to_vec();
    text.push(b'\n');

    let whole = joined(&join, limit, &[&text], now);
    let every = usize::from(every % 8) + 1;
    let lines: Vec<&[u8]> = text.split_inclusive(|&byte| byte == b'\n').collect();
    let batches: Vec<Vec<u8>> = lines.chunks(every).map(<[_]>::concat).collect();
    let batches: Vec<&[u8]> = batches.iter().map(Vec::as_slice).collect();
    assert_eq!(whole, joined(&join, limit, &batches, now));
    let all: Vec<u8> = whole.into_iter().flat_map(|(bytes, _)| bytes).collect();
    assert_eq!(all, text);
});
