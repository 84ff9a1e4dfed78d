//! Any template for names: what it makes, it knows again.
#![no_main]

use std::path::Path;

use lh::roll::names::{Namer, Suffix, Variables};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str, u32)| {
    let (template, name, number) = input;
    let Ok(namer) = Namer::parse(template, Path::new("logs/app.log"), Suffix::Number) else {
        return;
    };
    let _ = namer.parse_name(name.as_ref());
    let variables = Variables {
        number: u64::from(number % 999_999_999) + 1,
        times: namer.times(|_| "x".to_owned()),
        ending: "",
    };
    let path = namer.path(&variables);
    if let (true, Some(name)) = (variables.times.is_empty(), path.file_name()) {
        assert_eq!(namer.parse_name(name), Some(variables));
    }
});
