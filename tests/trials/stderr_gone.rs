//! Trial 4: a stderr that is closed or full, or that nobody reads, changes no exit
//! status, and nothing ever panics.
//!
//! Not tested here: the errors of handlers that are not there yet.

use std::io::{ErrorKind, Write};
use std::os::fd::AsFd;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use crate::support::{folder, records, wait_for};

/// Twenty ways to make `lh` say something, and the statuses that they have.
const PATHS: [(&str, i32); 20] = [
    ("file", 2),
    ("file no/such/folder/app.log", 1),
    ("file /", 1),
    ("file --no-such-option app.log", 2),
    ("file --fsync sometimes app.log", 2),
    ("file --on-error exit /dev/full", 1),
    ("file --on-error drop /dev/full", 1),
    ("rotate --max-bytes many app.log", 2),
    ("rotate --max-bytes 100 app.log", 0),
    (
        "rotate --max-bytes 100 --backups 3 --on-error exit /dev/full",
        1,
    ),
    ("rotate --max-bytes 100 --backups 3 blocked/app.log", 0),
    ("timed --when sometimes app.log", 2),
    ("timed --interval 0 --when S app.log", 2),
    ("file -f {message", 2),
    ("file --include ( app.log", 2),
    ("--max-record 20 --oversize drop file app.log", 1),
    ("--max-record 20 file app.log", 0),
    ("--help", 0),
    ("file --help", 0),
    ("", 2),
];

#[test]
fn a_stderr_that_takes_nothing_changes_nothing() {
    for (arguments, status) in PATHS {
        for redirection in [
            "2>/dev/null",
            "2>&-",
            "2>/dev/full",
            "2>&- >&-",
            "2>/dev/full >/dev/full",
        ] {
            let folder = folder();
            std::fs::create_dir_all(folder.path().join("blocked/app.log.1")).unwrap();
            std::fs::write(folder.path().join("blocked/app.log.1/x"), "x").unwrap();
            std::fs::write(folder.path().join("input"), records(1..=50)).unwrap();
            let quoted: Vec<String> = arguments
                .split_whitespace()
                .map(|word| format!("'{word}'"))
                .collect();
            let lh = env!("CARGO_BIN_EXE_lh");
            let command = format!("'{lh}' {} < input {redirection}", quoted.join(" "));
            let ended = Command::new("sh")
                .args(["-c", &command])
                .current_dir(folder.path())
                .stdout(std::process::Stdio::null())
                .status()
                .unwrap();
            // A help text that can't be printed is the one thing that may fail.
            let may_fail = arguments.ends_with("--help") && redirection.contains(">&-")
                || arguments.ends_with("--help") && redirection.contains(" >/dev/full");
            let code = ended.code().unwrap_or(-1);
            assert!(
                code == status || may_fail && code == 1,
                "{command}: {ended}, not {status}"
            );
        }
    }
}

/// A pipe that takes nothing more, for as long as its reader is kept.
fn full_pipe() -> (std::io::PipeReader, std::io::PipeWriter) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let set = |flags| fcntl(writer.as_fd(), FcntlArg::F_SETFL(flags)).unwrap();
    set(OFlag::O_NONBLOCK);
    loop {
        match writer.write(&[b'.'; 4096]) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => panic!("{error}"),
        }
    }
    fcntl(writer.as_fd(), FcntlArg::F_SETFL(OFlag::empty())).unwrap();
    (reader, writer)
}

#[test]
fn a_stderr_that_nobody_reads_holds_up_nothing() {
    for (arguments, status, written) in [
        ("-i json file app.log", 0, 50),
        ("--stats file app.log", 0, 50),
        ("--max-record 20 file app.log", 0, 50),
        ("rotate --max-bytes 100 app.log", 0, 50),
        ("file --on-error drop /dev/full", 1, 0),
        ("file no/such/folder/app.log", 1, 0),
    ] {
        let folder = folder();
        let (_reader, writer) = full_pipe();
        std::fs::write(folder.path().join("input"), records(1..=50)).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_lh"))
            .args(arguments.split_whitespace())
            .current_dir(folder.path())
            .stdin(std::fs::File::open(folder.path().join("input")).unwrap())
            .stderr(Stdio::from(writer))
            .spawn()
            .unwrap();
        let mut ended = None;
        let over = wait_for(Duration::from_secs(20), || {
            ended = child.try_wait().unwrap();
            ended.is_some()
        });
        let _ = child.kill();
        assert!(over, "{arguments}: it waits for its stderr");
        assert_eq!(
            ended.and_then(|status| status.code()),
            Some(status),
            "{arguments}"
        );
        let log = std::fs::read_to_string(folder.path().join("app.log")).unwrap_or_default();
        assert!(log.lines().count() >= written, "{arguments}: {log}");
    }
}
