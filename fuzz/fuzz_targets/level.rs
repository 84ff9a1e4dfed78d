//! Any line to what looks for a level and for a time in it; and as text of wide
//! characters, in any pieces.
#![no_main]

use lh::now::Timestamp;
use lh::text::wide::Wide;
use lh::wire::line_time::LineTimes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &[u8]| {
    let _ = lh::text::detect::level(line);
    let _ = LineTimes::new(Timestamp(1_800_000_000_000_000_000)).read(line);
    let decoded = |size: usize| {
        let (mut wide, mut out) = (Wide::default(), Vec::new());
        for piece in line.chunks(size) {
            out.extend_from_slice(wide.pass(piece));
        }
        out.extend_from_slice(wide.end());
        out
    };
    let size = line.first().map_or(1, |byte| usize::from(byte % 7) + 1);
    assert_eq!(decoded(size), decoded(usize::MAX));
});
