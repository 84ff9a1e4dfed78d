//! Trial 22, and of trial 43 quotas and file systems that turn read-only:
//! every system call fails, once or from then on for ever.
//!
//! Not tested here: several faults at once.

use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};

use crate::support::records::told;
use crate::support::strace::{inject, injected};
use crate::support::{Lh, Report, Running, able, folder, record, records, rounds, shim, wait_for};

const COUNT: u64 = 60;

const HANDLERS: [&str; 3] = [
    "rotate --max-bytes 700 --backups 90 --fsync batch",
    "rotate --max-bytes 700 --backups 90 --compress gzip",
    "file --watch --fsync batch",
];

/// Calls, and the errors that they may give.
const FAULTS: [(&str, &[&str]); 11] = [
    ("write", &["ENOSPC", "EIO", "EDQUOT", "EINTR"]),
    ("renameat2", &["EACCES", "EROFS", "EIO"]),
    ("openat", &["EMFILE", "ENOSPC", "EACCES", "EROFS", "ENFILE"]),
    ("fdatasync", &["EIO", "ENOSPC", "EDQUOT"]),
    ("fsync", &["EIO"]),
    ("unlink", &["EACCES", "EIO"]),
    ("ftruncate", &["EIO"]),
    ("fcntl", &["EINTR", "ENOLCK"]),
    ("statx", &["EIO", "EACCES"]),
    ("fsetxattr", &["ENOSPC", "EIO"]),
    ("getdents64", &["EIO"]),
];

/// Writes records by and by, so that there are many writes.
fn write_slowly(running: &mut Running) {
    running.pour_by(|stdin| {
        for number in 1..=COUNT {
            let _ = std::io::Write::write_all(stdin, &record(number));
            if number % 6 == 0 {
                std::thread::sleep(Duration::from_millis(3));
            }
        }
    });
}

/// The log's own paths: the loader's calls are left alone.
fn paths(logs: &Path) -> Vec<PathBuf> {
    let mut paths = vec![logs.to_owned(), logs.join("app.log")];
    paths.extend((1..=12).map(|number| logs.join(format!("app.log.{number}"))));
    paths.extend((1..=12).map(|number| logs.join(format!("app.log.{number}.gz"))));
    paths
}

fn one_fault(handler: &str, call: &str, error: &str, when: &str) -> bool {
    let folder = folder();
    let logs = folder.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    let trace = folder.path().join("trace");
    let paths = paths(&logs);
    let paths: Vec<&Path> = paths.iter().map(AsRef::as_ref).collect();
    let fault = format!("{call}:error={error}:when={when}");
    let mut running = Lh::new(handler)
        .arg(logs.join("app.log"))
        .under(inject(&trace, &paths, &[&fault]))
        .spawn();
    let what = format!("{handler}, {fault}");
    let inner = running.inner();
    write_slowly(&mut running);
    let patience = match when.ends_with('+') {
        true => Duration::from_millis(900),
        false => Duration::from_secs(10),
    };
    if !wait_for(patience, || running.has_ended()) {
        // It waits for the fault to end, which it never does.
        assert!(when.ends_with('+'), "{what}: hangs: {}", running.stderr());
        let _ = kill(inner, Signal::SIGTERM);
        std::thread::sleep(Duration::from_millis(30));
        let _ = kill(inner, Signal::SIGTERM);
    }
    let outcome = running.end_within(Duration::from_secs(10));
    let hit = injected(&trace) > 0;
    let code = outcome.code();
    let mut report = Report::of(&logs, 1..=COUNT);
    let what = format!("{what}: status {code}\n{}{report}", outcome.stderr);
    assert!(code == 0 || code == 1 || !hit, "{what}");
    // No loss is silent, and what is there is whole.
    assert!(code == 1 || report.lost.is_empty(), "{what}");
    assert!(code == 0 || !outcome.stderr.is_empty(), "{what}");
    if !report.lost.is_empty() {
        assert!(hit, "{what}");
    }
    // A temporary file that can't be removed stays until the next start.
    report.foreign.retain(|what| !what.contains(".tmp"));
    report.files.retain(|name, _| !name.ends_with(".tmp"));
    if call == "unlink" || call == "ftruncate" {
        // The packed file and its source may both be there until then, and
        // what can't be cut off stays.
        report.doubled.clear();
        report.disordered.clear();
        report.torn.truncate(0);
    }
    // A sync that failed writes anew what it can't know to be there.
    if ["fdatasync", "fsync"].contains(&call) && code == 1 {
        report.doubled.clear();
        report.disordered.clear();
    }
    report.assert_sound(&what);
    // Where nothing can be removed, a backup and its packed copy both stay.
    if code == 0 && handler.starts_with("rotate") && call != "unlink" {
        report.assert_chain(&what);
    }
    hit
}

fn every_call_fails(handler: &str) {
    if !able(&["strace"]) {
        return;
    }
    let (most, step) = (rounds(40, 100), rounds(9, 1));
    let mut faults = 0;
    for (index, (call, errors)) in FAULTS.into_iter().enumerate() {
        for (other, error) in errors.iter().enumerate() {
            let mut at = 1 + (index + other) as u64 % step.min(3);
            // Until it is past the last one.
            while at <= most && one_fault(handler, call, error, &at.to_string()) {
                faults += 1;
                at += step;
            }
        }
    }
    println!("{handler}: {faults} faults");
    // How many calls there are depends on how the lines come to lie in reads.
    assert!(faults >= rounds(8, 15), "{handler}: only {faults} faults");
}

#[test]
fn every_call_fails_once_under_rotate() {
    every_call_fails(HANDLERS[0]);
}

#[test]
fn every_call_fails_once_under_compression() {
    every_call_fails(HANDLERS[1]);
}

#[test]
fn every_call_fails_once_under_file() {
    every_call_fails(HANDLERS[2]);
}

#[test]
fn every_call_fails_for_ever() {
    if !able(&["strace"]) {
        return;
    }
    let handlers = rounds(2, 3) as usize;
    for handler in HANDLERS.into_iter().skip(1).take(handlers) {
        for (call, errors) in FAULTS {
            for error in errors.iter().take(rounds(1, 9) as usize) {
                // An EINTR for ever is no fault that a kernel has.
                if *error == "EINTR" {
                    continue;
                }
                for at in ["1+", "4+"].into_iter().take(rounds(1, 2) as usize + 1) {
                    one_fault(handler, call, error, at);
                }
            }
        }
    }
}

/// On a full disk the count that is told is exact for what was read.
#[test]
fn what_a_lasting_fault_costs_is_told() {
    if !able(&["strace"]) {
        return;
    }
    for (policy, error) in [("drop", "ENOSPC"), ("drop", "EROFS"), ("drop", "EDQUOT")] {
        let folder = folder();
        let file = folder.path().join("app.log");
        let fault = format!("write:error={error}:when=1+");
        let outcome = Lh::new("file --on-error")
            .arg(policy)
            .arg(&file)
            .under(inject(&folder.path().join("trace"), &[&file], &[&fault]))
            .feed(records(1..=COUNT))
            .expect(1);
        let report = Report::of(folder.path(), 1..=COUNT);
        let told = told(&outcome.stderr, "records were not delivered");
        assert_eq!(told, report.lost.len() as u64, "{}", outcome.stderr);
        assert_eq!(told, COUNT, "{report}");
    }
}

/// strace would skip the call, and with it the end of the file's lock.
const CLOSE: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <fcntl.h>
int close(int fd) {
    static int (*real)(int);
    static long count;
    struct stat s;
    if (!real) real = dlsym(RTLD_NEXT, "close");
    int log = fd > 2 && !fstat(fd, &s) && S_ISREG(s.st_mode) && (fcntl(fd, F_GETFL) & O_APPEND);
    int failed = log && s.st_size > 0 && ++count == atol(getenv("CLOSE_FAILS"));
    int result = real(fd);
    if (failed) { errno = EIO; return -1; }
    return result;
}
"#;

#[test]
fn a_close_that_fails_is_told_and_is_a_failure() {
    if !able(&["gcc"]) {
        return;
    }
    let folder = folder();
    let library = shim(folder.path(), CLOSE);
    for (handler, most) in [("file", 1), ("rotate --max-bytes 700 --backups 90", 3)] {
        for at in 1..=most {
            let logs = folder
                .path()
                .join(format!("{handler}{at}").replace(' ', "_"));
            std::fs::create_dir(&logs).unwrap();
            let outcome = Lh::new(handler)
                .arg(logs.join("app.log"))
                .env("LD_PRELOAD", &library)
                .env("CLOSE_FAILS", at.to_string())
                .feed(records(1..=COUNT));
            let what = format!("{handler}, close {at}: {}", outcome.stderr);
            Report::of(&logs, 1..=COUNT).assert_perfect(&what);
            assert!(outcome.stderr.contains("clos"), "{what}");
            assert_eq!(outcome.code(), 1, "{what}");
            assert!(outcome.lines() <= 2, "{what}");
        }
    }
}
