//! Any bytes through the stripper of escape sequences: no control is left, the
//! second time nothing changes, and no line is lost.
#![no_main]

use lh::batch::Frames;
use lh::clean::AnsiStripper;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (bool, u8, &[u8])| {
    let (json, piece, bytes) = (input.0, usize::from(input.1) + 1, input.2);
    let lines = [bytes, b"\n"].concat();
    let once = AnsiStripper::new(json)
        .strip(Frames::lines(&lines))
        .bytes()
        .to_vec();
    let again = AnsiStripper::new(json)
        .strip(Frames::lines(&once))
        .bytes()
        .to_vec();
    assert_eq!(once, again);
    let count = |bytes: &[u8]| Frames::lines(bytes).iter().count();
    assert_eq!(count(&once), count(&lines));
    assert!(!once.contains(&0x1b));
    for (before, after) in Frames::lines(&lines)
        .iter()
        .zip(Frames::lines(&once).iter())
    {
        assert!(after.len() <= before.len() * 3 + 512);
    }

    // A line in pieces.
    let line: Vec<u8> = bytes
        .iter()
        .copied()
        .filter(|&byte| byte != b'\n')
        .collect();
    let mut stripper = AnsiStripper::new(json);
    let mut out = Vec::new();
    for piece in line.chunks(piece) {
        let ends = [piece.len()];
        out.extend_from_slice(stripper.strip(Frames::listed(piece, &ends)).bytes());
    }
    out.extend_from_slice(stripper.strip(Frames::lines(b"\n")).bytes());
    assert!(!out.contains(&0x1b) && !out.contains(&0x08) && out.ends_with(b"\n"));
});
