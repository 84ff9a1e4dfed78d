//! Whatever comes as a pickle: no panic, and no more text than it may become.
#![no_main]

use lh::now::Timestamp;
use lh::record::{Defaults, Record, Value};
use lh::wire::pickle::decode;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|frame: &[u8]| {
    let defaults = Defaults::default();
    let mut record = Record::new(&defaults, Timestamp(0));
    if decode(frame, &defaults, Timestamp(0), &mut record).is_ok() {
        let extra = record.extra.iter().map(|(key, value)| {
            key.len()
                + match value {
                    Value::Text(text) | Value::Json(text) => text.len(),
                }
        });
        let size = record.message.len() + record.name.len() + extra.sum::<usize>();
        assert!(size <= 32 * frame.len() + (256 << 10), "{size}");
    }
});
