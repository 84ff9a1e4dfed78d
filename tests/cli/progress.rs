//! `--progress` on a real terminal.
//!
//! Not tested here: what the line says, and how it is drawn (in `src/cli/report`).

use std::fs::File;
use std::io::Read;
use std::process::{Command, Stdio};

use crate::support::{Folder, LH};

/// What begins each frame of a live line.
const CLEAR: &str = "\r\x1b[2K";

/// What a terminal gets that is stderr and, unless `alone`, stdout.
fn seen(arguments: &str, alone: bool) -> String {
    let folder = Folder::new();
    let pair = nix::pty::openpty(None, None).expect("a terminal");
    let slave = File::from(pair.slave);
    let stdout = match alone {
        true => Stdio::null(),
        false => slave.try_clone().expect("a descriptor").into(),
    };
    folder.write("input", "one\ntwo\n");
    let mut child = Command::new(LH)
        .args(arguments.split(' '))
        .current_dir(folder.path("."))
        .env("TERM", "xterm")
        .stdin(File::open(folder.path("input")).expect("input"))
        .stdout(stdout)
        .stderr(slave)
        .spawn()
        .expect("lh");
    let mut bytes = Vec::new();
    // After the last slave is closed, the master ends with an error.
    let _ = File::from(pair.master).read_to_end(&mut bytes);
    assert!(child.wait().expect("lh").success());
    String::from_utf8(bytes)
        .expect("ASCII")
        .replace("\r\n", "\n")
}

/// Records in the middle of a live line are torn for whoever reads them.
#[test]
fn a_live_line_does_not_stand_between_records() {
    for arguments in [
        "--progress stream",
        "--progress --tee file app.log",
        "--progress stream --stderr",
        "--progress buffer queue stream",
    ] {
        let text = seen(arguments, false);
        assert!(!text.contains(CLEAR), "{arguments}: {text:?}");
        assert!(
            text.starts_with("one\ntwo\nlh: 2 records, "),
            "{arguments}: {text:?}"
        );
    }
}

#[test]
fn a_live_line_is_drawn_where_it_is_alone() {
    for (arguments, alone) in [
        ("--progress file app.log", false),
        ("--progress --tee file app.log", true),
        ("--progress stream", true),
    ] {
        let text = seen(arguments, alone);
        assert!(text.starts_with(CLEAR), "{arguments}: {text:?}");
        assert!(
            text.contains("\x1b[2Klh: 2 records, "),
            "{arguments}: {text:?}"
        );
    }
}

#[test]
fn a_live_line_does_not_stand_between_what_a_command_writes() {
    let text = seen("--progress --tee null -- echo one", true);
    assert_eq!(text.find(CLEAR), None, "{text:?}");
    assert!(text.starts_with("lh: 1 record, "), "{text:?}");
}
