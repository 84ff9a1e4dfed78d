//! The units in `dist/systemd` are ones that systemd accepts.
//!
//! Not tested here: what they do, which needs a systemd that runs.

use std::path::Path;
use std::process::{Command, Output};

const UNITS: [&str; 2] = ["lh-listen.service", "lh-listen.socket"];

/// systemd-analyze, or nothing where it is not there and need not be.
fn systemd_analyze() -> Option<Command> {
    let mut asked = Command::new("systemd-analyze");
    if asked.arg("--version").output().is_ok() {
        return Some(Command::new("systemd-analyze"));
    }
    let required = std::env::var("LH_REQUIRE_PEERS").is_ok_and(|value| value == "1");
    assert!(
        !required,
        "LH_REQUIRE_PEERS=1, and systemd-analyze is not installed"
    );
    println!("skipped: systemd-analyze is not installed");
    None
}

fn unit(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("dist/systemd")
        .join(name);
    std::fs::read_to_string(path).expect("a unit")
}

/// Copies that start the program that was built, changed by `change`.
fn copies(change: impl Fn(String) -> String) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for name in UNITS {
        let text = unit(name).replace("/usr/bin/lh", env!("CARGO_BIN_EXE_lh"));
        std::fs::write(folder.path().join(name), change(text)).expect("a file");
    }
    folder
}

fn verify(mut analyze: Command, folder: &Path) -> Output {
    analyze
        .args(["verify", "--man=no", "--recursive-errors=no"])
        .args(UNITS.map(|name| folder.join(name)))
        .env("LC_ALL", "C")
        .output()
        .expect("it runs")
}

fn said(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn systemd_has_nothing_to_say_of_them() {
    let Some(analyze) = systemd_analyze() else {
        return;
    };
    let folder = copies(|text| text);
    let output = verify(analyze, folder.path());
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(said(&output), "");
}

/// A misspelt line is found, so that the test above can fail.
#[test]
fn mistakes_would_be_found() {
    let Some(analyze) = systemd_analyze() else {
        return;
    };
    let folder = copies(|text| text.replace("NoNewPrivileges", "NoNewPrivilege"));
    let output = verify(analyze, folder.path());
    assert!(
        said(&output).contains("NoNewPrivilege"),
        "{}",
        said(&output)
    );
}

/// What a service may do beyond its task, as systemd rates it: 100 is anything.
#[test]
fn little_is_left_to_an_intruder() {
    let Some(mut analyze) = systemd_analyze() else {
        return;
    };
    let folder = copies(|text| text);
    let output = analyze
        .args(["security", "--offline=yes", "--no-pager", "--threshold=20"])
        .arg(folder.path().join(UNITS[0]))
        .env("LC_ALL", "C")
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{}", said(&output));
}

/// The units agree with each other and with what the program asks for.
#[test]
fn the_service_is_told_when_it_is_ready() {
    let service = unit(UNITS[0]);
    for line in [
        "Type=notify",
        "DynamicUser=yes",
        "LogsDirectory=lh",
        "StateDirectory=lh",
        "ExecReload=/bin/kill -HUP $MAINPID",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
    ] {
        assert!(service.lines().any(|given| given == line), "{line}");
    }
    let start = service.lines().find(|line| line.starts_with("ExecStart="));
    let start = start.expect("a command");
    assert!(start.starts_with("ExecStart=/usr/bin/lh listen --tcp 127.0.0.1:"));
    // What systemd opens, the service does not open again.
    let socket = unit(UNITS[1]);
    assert!(!socket.contains(":9020"));
    assert!(!socket.lines().any(|line| line == "Accept=yes"));
}
