//! The level of a line of JSON: by its key, as any word may stand in the
//! strings.

use super::{end_of_string, first_line, is_level_key, leading_word};
use crate::level::Level;

/// How far into an object a level is looked for: it may stand behind the
/// message.
const WINDOW: usize = 4096;

/// Whether a line that begins with `{` goes on as an object does.
pub(super) fn is_object(line: &[u8]) -> bool {
    line[1..].trim_ascii_start().first() == Some(&b'"')
}

/// The level that an object says it has; else the first that an object
/// within it has, as in ECS's `"log":{"level":…}`. A number is left alone:
/// its scale depends on what stands beside it.
pub(super) fn in_object(line: &[u8]) -> Option<Level> {
    let line = first_line(&line[..line.len().min(WINDOW)]);
    let mut within = None;
    let mut depth = 0_usize;
    let mut rest = line;
    while let Some(open) = memchr::memchr(b'"', rest) {
        for byte in &rest[..open] {
            match byte {
                b'{' => depth += 1,
                b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        let string = &rest[open + 1..];
        let len = end_of_string(string);
        let key = &string[..len];
        rest = string.get(len + 1..).unwrap_or_default();
        let Some((b':', value)) = rest.trim_ascii_start().split_first() else {
            continue;
        };
        let Some((b'"', value)) = value.trim_ascii_start().split_first() else {
            continue;
        };
        if is_level_key(key)
            && let Some(level) = leading_word(value)
        {
            if depth <= 1 {
                return Some(level);
            }
            within = within.or(Some(level));
        }
        rest = value.get(end_of_string(value) + 1..).unwrap_or_default();
    }
    within
}
