//! Any template, and any line through it.
#![no_main]

use lh::now::Timestamp;
use lh::record::{Defaults, Record};
use lh::text::Formatter;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str, &[u8])| {
    let (template, datefmt, line) = input;
    let datefmt = (!datefmt.is_empty()).then_some(datefmt);
    match Formatter::parse(template, datefmt, true) {
        Ok(mut formatter) => {
            let defaults = Defaults::default();
            let mut record = Record::new(&defaults, Timestamp(1_700_000_000_000_000_000));
            record.message = line.into();
            formatter.format(&record, &mut Vec::new());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
