//! Trials 21 and 22 for the tool, which opens, reads and changes a spool as
//! the handlers do: each call to the system fails once, or is the last.
//!
//! Not tested here: close(2) of a directory, at the failure of which the
//! standard library panics.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::*;

const SIZE: u64 = 64 << 10;

fn strace_is_there() -> bool {
    if Command::new("strace").arg("-V").output().is_ok() {
        return true;
    }
    println!("skipped: strace is not installed");
    let required = std::env::var("LH_REQUIRE_PEERS").is_ok_and(|value| value == "1");
    assert!(!required, "LH_REQUIRE_PEERS=1, and strace is not installed");
    false
}

fn name(number: u64) -> Vec<u8> {
    record(number, 150)
}

/// Sixty records, the first ten delivered; left by a crash, with a torn tail.
fn sample(folder: &Path) -> PathBuf {
    let spool = folder.join("sample");
    let (mut writer, mut reader, _) = open(&spool, SIZE);
    for number in 1..=60 {
        append(&mut writer, &[name(number)]);
    }
    while read(&mut reader, 10_000).last().expect("records").0 < 60 {}
    reader.acknowledge(10).expect("noted");
    drop((writer, reader));
    let last = segments(&spool).pop().expect("a segment");
    let torn = [std::fs::read(&last).expect("it"), vec![0; 10]].concat();
    std::fs::write(&last, torn).expect("written");
    spool
}

/// Runs `lh spool drop --oldest 30` with one fault; whether it came to that.
fn drop_with(fault: &str, spool: &Path, trace: &Path) -> (bool, String) {
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o"]).arg(trace);
    // Not what starts the program. A path is taken by its letters, and of a
    // directory that is held, the number is in them.
    let held = (3..16).map(|number| PathBuf::from(format!("/proc/self/fd/{number}")));
    for directory in held.chain([spool.to_owned()]) {
        for entry in std::fs::read_dir(spool).expect("a spool") {
            let name = entry.expect("an entry").file_name();
            command.arg("-P").arg(directory.join(name));
        }
        command.arg("-P").arg(&directory);
        command.arg("-P").arg(directory.join("bad"));
    }
    let call = fault.split(':').next().expect("a call");
    command.args([
        "-e",
        &format!("trace={call}"),
        "-e",
        &format!("inject={fault}"),
    ]);
    let output = command
        .arg(env!("CARGO_BIN_EXE_lh"))
        .args(["spool", "drop", "--oldest", "30"])
        .arg(spool)
        .output()
        .expect("strace runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() != Some(101), "{fault}: {said}");
    let trace = std::fs::read_to_string(trace).unwrap_or_default();
    let came = trace.contains("INJECTED") || trace.contains("killed by SIGKILL");
    (came, said)
}

#[test]
fn every_call_fails_once_and_is_once_the_last() {
    if !strace_is_there() {
        return;
    }
    let folder = folder();
    let sample = sample(folder.path());
    let calls = [
        "openat",
        "pread64",
        "pwrite64",
        "ftruncate",
        "fdatasync",
        "fsync",
        "unlink",
        "mkdir",
        "renameat2",
        "getdents64",
        "fcntl",
    ];
    let mut tried = 0;
    for call in calls {
        for effect in ["error=EIO", "error=ENOSPC", "signal=KILL"] {
            for when in 1.. {
                let fault = format!("{call}:{effect}:when={when}");
                let spool = folder.path().join("spool");
                copy(&sample, &spool);
                let (came, said) = drop_with(&fault, &spool, &folder.path().join("trace"));
                let (_writer, mut reader, _) = open(&spool, SIZE);
                let found: Vec<u64> = drain(&mut reader)
                    .into_iter()
                    .map(|(number, _)| number)
                    .collect();
                // Dropped to some point, or not at all; the rest is whole. What
                // the disk could not read may be among the dropped ones, or is
                // kept aside.
                let first = found.first().copied().unwrap_or(61);
                let whole = found == (first..=60).collect::<Vec<_>>();
                let aside = spool.join("bad").is_dir();
                assert!(
                    (whole && first <= 41) || aside,
                    "{fault}: {found:?}\n{said}"
                );
                assert!(
                    !aside || fault.contains("pread64:error=EIO"),
                    "{fault}: {said}"
                );
                std::fs::remove_dir_all(&spool).expect("removed");
                if !came {
                    break;
                }
                tried += 1;
                assert!(when < 200, "{call}");
            }
        }
    }
    println!("{tried} faults");
    assert!(tried > 60, "{tried}");
}
