//! Any datagram as GELF: as a chunk, compressed or plain. What is decoded can
//! be encoded and decoded again.
#![no_main]

use std::time::Instant;

use lh::now::Timestamp;
use lh::record::{Defaults, Record};
use lh::wire::Encode;
use lh::wire::gelf::assembly::{Assembly, Limits, Taken};
use lh::wire::gelf::{GelfEncoder, GelfOptions, chunk, compress, decode, looks_like};
use libfuzzer_sys::fuzz_target;

const LIMIT: usize = 1 << 20;

fuzz_target!(|datagram: &[u8]| {
    let mut assembly = Assembly::new(Limits::default());
    let (now, mut payload) = (Instant::now(), Vec::new());
    // The bytes as chunks of different lengths, which may complete each other.
    for part in datagram.split(|&byte| byte == b'|') {
        if chunk::is_chunk(part) {
            let _ = assembly.add(0, part, now, &mut payload);
        }
    }
    // And the bytes in chunks of their own.
    if let Ok(chunks) = chunk::chunks(datagram, 40, [7; 8]) {
        let (mut whole, mut one) = (Vec::new(), Vec::new());
        for chunk in chunks {
            chunk.fill(&mut one);
            match chunk.head().is_empty() {
                true => whole.clone_from(&one),
                false => {
                    let taken = assembly.add(1, &one, now, &mut whole);
                    assert!(matches!(taken, Taken::Complete | Taken::Waiting));
                }
            }
        }
        assert_eq!(whole, datagram);
    }
    let Ok(frame) = compress::inflate(datagram, LIMIT) else {
        return;
    };
    assert!(frame.len() <= LIMIT.max(datagram.len()));
    let _ = looks_like(&frame);
    let defaults = Defaults::default();
    let mut record = Record::new(&defaults, Timestamp(0));
    if decode(&frame, &defaults, Timestamp(0), &mut record).is_err() {
        return;
    }
    let mut encoder = GelfEncoder::new(GelfOptions {
        host: "h".into(),
    });
    let mut text = Vec::new();
    encoder
        .encode(&record, &mut text, &mut |_| {})
        .expect("it takes every record");
    assert!(looks_like(&text) && !text.contains(&0));
    let mut again = Record::new(&defaults, Timestamp(1));
    assert!(decode(&text, &defaults, Timestamp(1), &mut again).is_ok());
    assert_eq!(record.level, again.level);
});
