//! Any masks on any records, plain or JSON: no panic, no line is lost, in pieces
//! of several lines as well, and of what a mask matches nothing is left.
#![no_main]

use std::cell::RefCell;

use lh::clean::{Mask, Masker};
use libfuzzer_sys::fuzz_target;

thread_local! {
    static DIGITS: RefCell<[Masker; 2]> = RefCell::new([false, true].map(|json| {
        let mask = Mask::parse("[0-9]{4}=***").expect("a mask");
        Masker::new(vec![mask], json)
    }));
}

fn has_digits(text: &[u8]) -> bool {
    text.windows(4)
        .any(|four| four.iter().all(u8::is_ascii_digit))
}

fn strings(value: &serde_json::Value, each: &mut dyn FnMut(&str)) {
    match value {
        serde_json::Value::String(text) => each(text),
        serde_json::Value::Array(items) => items.iter().for_each(|item| strings(item, each)),
        serde_json::Value::Object(members) => {
            for (key, value) in members {
                each(key);
                strings(value, each);
            }
        }
        _ => {}
    }
}

fn ends_as(before: &[u8], after: &[u8]) {
    for end in [&b"\n"[..], b"\r\n"] {
        assert!(!before.ends_with(end) || after.ends_with(end));
    }
}

fuzz_target!(|input: (&str, &[u8])| {
    let (spec, record) = input;
    DIGITS.with_borrow_mut(|[plain, json]| {
        let masked = plain.mask(record);
        assert!(!has_digits(masked));
        ends_as(record, masked);
        let masked = json.mask(record);
        ends_as(record, masked);
        assert!(!has_digits(masked));
        if let Ok(object) = serde_json::from_slice(masked) {
            strings(&object, &mut |text| {
                assert!(!has_digits(text.as_bytes()), "{text:?}");
            });
        }
    });
    // The regex crate's own limits hold for long ones; compiling takes most of the time.
    if spec.len() > 64 {
        return;
    }
    if let Ok(mask) = Mask::parse(spec) {
        for json in [false, true] {
            let mut masker = Masker::new(vec![mask.clone()], json);
            let masked = masker.mask(record);
            ends_as(record, masked);
            let same = masked == record;
            assert!(same || masker.masked() > 0);
        }
    }
});
