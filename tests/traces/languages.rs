//! Traces as the languages that are here print them.
//!
//! A program marks where each trace begins; what stands between two marks is
//! one record.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{grouped, peer};

/// What a command writes to its standard error.
#[track_caller]
fn stderr(command: &mut Command) -> String {
    let output = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .output()
        .expect("the program runs");
    String::from_utf8(output.stderr).expect("UTF-8")
}

/// Checks that each part between two marks is one record, with ordinary lines
/// before and behind all of it.
#[track_caller]
fn check(what: &str, stderr: &str, parts: usize) {
    assert!(stderr.starts_with("== "), "{what}: {stderr}");
    let mut want = vec![("before\n".to_owned(), false)];
    for line in stderr.split_inclusive('\n') {
        let mark = line.starts_with("== ");
        match want.last_mut() {
            Some((trace, true)) if !mark => trace.push_str(line),
            _ => want.push((line.to_owned(), !mark)),
        }
    }
    want.push(("after\n".to_owned(), false));
    assert_eq!(want.len(), 2 * parts + 2, "{what}: {stderr}");
    let records = grouped(&format!("before\n{stderr}after\n"));
    for (record, want) in records.iter().zip(&want) {
        assert_eq!(record, want, "{what}");
    }
    assert_eq!(records.len(), want.len(), "{what}");
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).expect(name);
}

#[test]
fn python() {
    if !peer("python3") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    write(
        folder.path(),
        "traces.py",
        include_str!("programs/traces.py"),
    );
    for arguments in [&["traces.py"][..], &["traces.py", "crash"]] {
        let mut command = Command::new("python3");
        let text = stderr(command.current_dir(&folder).args(arguments));
        // Groups are there since 3.11.
        let groups = 3 * usize::from(text.contains("== groups"));
        check("python3", &text, 11 + groups);
    }
}

#[test]
fn node() {
    if !peer("node") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    write(
        folder.path(),
        "traces.js",
        include_str!("programs/traces.js"),
    );
    write(folder.path(), "bad.js", "const = 3;\n");
    let run = |which: &str, parts| {
        let mut command = Command::new("node");
        let text = stderr(command.current_dir(&folder).args(["traces.js", which]));
        check(which, &text, parts);
    };
    run("all", 8);
    let uncaught = [
        "throw",
        "cause",
        "value",
        "reject",
        "reject-value",
        "missing",
        "event",
        "socket",
        "assertion",
        "braces",
    ];
    for which in uncaught.into_iter().chain(["syntax"]) {
        run(which, 1);
    }
}

#[test]
fn java() {
    if !peer("java") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    write(
        folder.path(),
        "Traces.java",
        include_str!("programs/Traces.java"),
    );
    let mut command = Command::new("java");
    let text = stderr(command.current_dir(&folder).arg("Traces.java"));
    check("java", &text, 8);
}

#[test]
fn rust() {
    if !peer("rustc") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    write(
        folder.path(),
        "traces.rs",
        include_str!("programs/traces.rs"),
    );
    let mut compiler = Command::new("rustc");
    let said = stderr(compiler.current_dir(&folder).args(["-g", "traces.rs"]));
    let program = folder.path().join("traces");
    assert!(program.exists(), "{said}");
    for backtrace in ["0", "1", "full"] {
        for (argument, parts) in [("", 5), ("overflow", 5), ("twice", 6)] {
            let mut command = Command::new(&program);
            let command = command.current_dir(&folder).arg(argument);
            let text = stderr(command.env("RUST_BACKTRACE", backtrace));
            check(&format!("{argument} {backtrace}"), &text, parts);
        }
    }
}
