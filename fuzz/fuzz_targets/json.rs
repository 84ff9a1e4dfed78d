//! Any line as a JSON record; what is decoded can be encoded and decoded again.
#![no_main]

use lh::now::Timestamp;
use lh::record::{Defaults, Record};
use lh::text::time::{TimeStyle, TimeText};
use lh::wire::json;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &[u8]| {
    let defaults = Defaults::default();
    let mut record = Record::new(&defaults, Timestamp(0));
    if json::decode(line, &defaults, Timestamp(0), &mut record).is_err() {
        return;
    }
    let mut time = TimeText::new(TimeStyle::Rfc3339Micros, true);
    let mut text = Vec::new();
    json::encode(&record, &mut time, &mut text);
    assert!(!text.contains(&b'\n'));
    let mut again = Record::new(&defaults, Timestamp(1));
    assert!(json::decode(&text, &defaults, Timestamp(1), &mut again).is_ok());
    assert_eq!(record.level, again.level);
});
