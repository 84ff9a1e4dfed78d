//! Any bytes in any pieces as lines: nothing is lost, nothing is too long.
#![no_main]

use lh::wire::framing::{LineBuffer, Oversize};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (max, piece, bytes) = (usize::from(input.0) + 1, usize::from(input.1) + 1, input.2);
    for oversize in [Oversize::Split, Oversize::Truncate, Oversize::Drop] {
        let mut buffer = LineBuffer::new(max, oversize);
        let mut out = Vec::new();
        for chunk in bytes.chunks(piece) {
            buffer.space()[..chunk.len()].copy_from_slice(chunk);
            buffer.fill(chunk.len());
            buffer.cut(false);
            for record in buffer.frames().iter() {
                assert!(record.strip_suffix(b"\n").unwrap_or(record).len() <= max);
                out.extend_from_slice(record);
            }
            buffer.consume();
        }
        buffer.cut(true);
        out.extend_from_slice(buffer.frames().bytes());
        if oversize == Oversize::Split {
            let ended = bytes.is_empty() || bytes.ends_with(b"\n");
            let end: &[u8] = if ended { b"" } else { b"\n" };
            assert_eq!(out, [bytes, end].concat());
        }
    }
});
