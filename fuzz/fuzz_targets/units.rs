//! Sizes, durations, addresses and other values of the command line: what is
//! accepted is what a slow calculation makes of it.
#![no_main]

use lh::net::Address;
use lh::units;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    if let Ok(size) = units::size(text) {
        let power = "KMGT".find(unit.to_ascii_uppercase().chars().next().unwrap_or('?'));
        let base: u128 = match unit.len() {
            2 => 1000,
            _ => 1024,
        };
        let factor = power.map_or(1, |power| base.pow(power as u32 + 1));
        assert_eq!(
            u128::from(size),
            number.parse::<u128>().expect("a number") * factor
        );
    }
    if let Ok(duration) = units::duration(text) {
        assert!(text.starts_with(|c: char| c.is_ascii_digit()));
        if let (Ok(whole), "h") = (number.parse::<u32>(), unit) {
            assert_eq!(duration.as_secs(), u64::from(whole) * 3600);
        }
    }
    if let Ok(size) = units::record_size(text) {
        assert!(size > 0);
    }
    if let Ok(mode) = units::permissions(text) {
        assert!(mode <= 0o7777);
    }
    if let Ok(bytes) = units::escaped(text) {
        assert!(bytes.len() <= text.len());
    }
    if let Ok((key, value)) = units::field(text) {
        assert_eq!(format!("{key}={value}"), text);
    }
    for port in [None, Some(514)] {
        if let Ok(address) = Address::parse(text, port) {
            let shown = address.to_string();
            assert_eq!(Address::parse(&shown, None), Ok(address), "{shown:?}");
        }
    }
});
