//! Making single system calls of a process fail, or be its last.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What stands in front of a command so that strace does this to its calls:
/// `write:error=ENOSPC:when=3`, on these paths alone if there are any.
pub fn inject(trace: &Path, paths: &[&Path], what: &[&str]) -> Vec<OsString> {
    let mut words: Vec<OsString> = ["strace", "-f", "-qq", "-o"].map(OsString::from).into();
    words.push(trace.into());
    for path in paths {
        words.extend(["-P".into(), path.as_os_str().to_owned()]);
    }
    let calls: Vec<&str> = what
        .iter()
        .filter_map(|what| what.split(':').next())
        .collect();
    words.extend(["-e".into(), format!("trace={}", calls.join(",")).into()]);
    for what in what {
        words.extend(["-e".into(), format!("inject={what}").into()]);
    }
    words
}

/// What lh may call the files of a directory that it holds. Strace takes a path by
/// its letters, whatever it leads to.
pub fn in_held(names: &[String]) -> impl Iterator<Item = PathBuf> {
    (3..32).flat_map(|descriptor| {
        let held = PathBuf::from(format!("/proc/self/fd/{descriptor}"));
        let within = names.iter().map(|name| held.join(name));
        within.chain([held.clone()]).collect::<Vec<_>>()
    })
}

/// How often a trace says that something was done to a call.
pub fn injected(trace: &Path) -> usize {
    let text = std::fs::read(trace).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.lines()
        .filter(|line| line.contains("INJECTED"))
        .count()
}
