//! Any line as logfmt.
#![no_main]

use lh::now::Timestamp;
use lh::record::{Defaults, Record};
use lh::text::time::{TimeStyle, TimeText};
use lh::wire::logfmt;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &[u8]| {
    let defaults = Defaults::default();
    let mut record = Record::new(&defaults, Timestamp(0));
    if logfmt::decode(line, &defaults, Timestamp(0), &mut record).is_ok() {
        let mut time = TimeText::new(TimeStyle::Rfc3339Micros, true);
        let mut text = Vec::new();
        logfmt::encode(&record, &mut time, &mut text);
        assert!(!text.contains(&b'\n'));
    }
});
