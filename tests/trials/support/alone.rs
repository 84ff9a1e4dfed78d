//! A test that has namespaces of its own: it runs itself in them.

use std::process::Command;

/// Whether this is the run inside. If not, runs it there; the test has passed
/// then, and only has to return.
///
/// `flags` are those of unshare(1), such as `-mn`; `path` is the module's.
pub fn inside(flags: &str, path: &str, test: &str) -> bool {
    const INSIDE: &str = "LH_TRIAL_INSIDE";
    if std::env::var_os(INSIDE).is_some() {
        super::sh("/".as_ref(), "ip link set lo up");
        return true;
    }
    let module = path.split_once("::").map_or(path, |(_, module)| module);
    let output = Command::new("unshare")
        .arg(flags)
        .arg(std::env::current_exe().expect("this test"))
        .args(["--exact", &format!("{module}::{test}"), "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .expect("unshare");
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{errors}");
    assert!(text.contains("1 passed"), "there is no such test: {text}");
    for line in text.lines().filter(|line| line.starts_with("figures:")) {
        println!("{line}");
    }
    false
}
