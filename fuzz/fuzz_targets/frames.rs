//! The wire `lh`, as either end reads it: no panic, and nothing is read twice
//! or passed over.
#![no_main]

use lh::wire::lh::{
    HEAD, HELLO, Hello, WELCOME, decode_acks, decode_frame, decode_welcome, encode_frame,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(hello) = bytes.first_chunk::<HELLO>() {
        let _ = Hello::decode(hello);
    }
    if let Some(welcome) = bytes.first_chunk::<WELCOME>() {
        let _ = decode_welcome(welcome);
    }
    let _ = decode_acks(bytes, 1000);
    let (mut rest, mut last) = (bytes, 0);
    while let Ok(Some((number, payload, length))) = decode_frame(rest, last, 4096) {
        assert!(number > last && length == HEAD + payload.len());
        let mut again = Vec::new();
        assert!(encode_frame(number, payload, &mut again));
        assert_eq!(again, rest[..length]);
        (rest, last) = (&rest[length..], number);
    }
});
