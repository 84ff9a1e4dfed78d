//! Any line to the level detector.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &[u8]| {
    let _ = lh::text::detect::level(line);
});
