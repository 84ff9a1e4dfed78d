//! Any bytes as a syslog message; what is decoded can be encoded in both
//! forms, and decoded again.
#![no_main]

use lh::now::Timestamp;
use lh::record::{Defaults, Record};
use lh::wire::Encode as _;
use lh::wire::syslog::{self, Rfc, SyslogEncoder, SyslogOptions};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (most, frame) = (usize::from(input.0) * 4, input.1);
    let received = Timestamp(1_700_000_000_000_000_000);
    let defaults = Defaults::default();
    let mut record = Record::new(&defaults, received);
    let decoded = syslog::decode(frame, &defaults, received, &mut record);
    // Without a priority it is a plain message, which is sent as well.
    if decoded.is_err() {
        record.message = frame.into();
    }
    for rfc in [Rfc::Rfc3164, Rfc::Rfc5424] {
        for max_message in [None, Some(most)] {
            let mut encoder = SyslogEncoder::new(SyslogOptions {
                rfc,
                hostname: Some("host".to_owned()),
                max_message,
                ..SyslogOptions::default()
            });
            let (mut out, mut ends) = (Vec::new(), vec![0]);
            let _ = encoder.encode(&record, &mut out, &mut |out| ends.push(out.len()));
            assert!(
                !out.iter()
                    .any(|byte| byte.is_ascii_control() && *byte != b'\t')
            );
            let several = ends.len() > 2;
            for message in ends.windows(2).map(|ends| &out[ends[0]..ends[1]]) {
                assert!(!several || message.len() <= most);
                let mut again = Record::new(&defaults, Timestamp(0));
                let decoded = syslog::decode(message, &defaults, received, &mut again);
                assert!(decoded.is_ok());
            }
        }
    }
});
