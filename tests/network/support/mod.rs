//! What the tests of the network share: the peers, and how to wait for them.

pub mod certificates;
pub mod process;
pub mod receiver;
pub mod rsyslog;

use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::trials::port::free_address;
use crate::trials::{Report, wait_for};

pub use certificates::Certificates;
pub use process::Process;
pub use receiver::Receiver;
pub use rsyslog::Rsyslog;

/// What is waited for comes at once or within this; it is long because the
/// machine may be busy.
pub const DEADLINE: Duration = Duration::from_secs(15);

/// Looks again and again until it is true; the test fails when it takes too
/// long, with what is known then.
#[track_caller]
pub fn until(what: &str, mut holds: impl FnMut() -> bool, known: impl Fn() -> String) {
    let held = wait_for(DEADLINE, &mut holds);
    assert!(held, "waited in vain until {what}: {}", known());
}

/// A port on loopback that is [this test's own](free_address).
pub fn free_port() -> u16 {
    free_address().port()
}

/// What became of numbered records, from the messages that arrived.
pub fn report<B: AsRef<[u8]>>(
    messages: impl IntoIterator<Item = B>,
    expected: RangeInclusive<u64>,
) -> Report {
    let mut lines = Vec::new();
    for message in messages {
        lines.extend_from_slice(message.as_ref());
        lines.push(b'\n');
    }
    Report::of_bytes(&lines, expected)
}

fn count_lines(path: &Path) -> usize {
    let bytes = std::fs::read(path).unwrap_or_default();
    memchr::memchr_iter(b'\n', &bytes).count()
}

/// The lines of JSON in a file that is still written.
fn json_lines(path: &Path) -> Vec<Value> {
    let bytes = std::fs::read(path).unwrap_or_default();
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
    let text = String::from_utf8_lossy(&bytes[..whole]);
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"));
    text.lines().map(parse).collect()
}

/// A string in an object; empty where there is none.
pub fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

/// The name of this machine.
pub fn hostname() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").expect("a name");
    name.trim().to_owned()
}
