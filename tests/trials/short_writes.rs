//! Trial 23: writes that end early, and a process killed in the middle of one.
//!
//! Not tested here: a record over several blocks torn by a power cut.

use crate::support::records::NOTHING;
use crate::support::{Lh, Report, able, folder, records, shim};

/// After `TORN_SHORT=n` each nth write to a regular file writes its first half
/// only; with `TORN_KILL=n` the nth does, and is the process's last.
const TORN: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
static long count;
static long number(const char *name) { const char *v = getenv(name); return v ? atol(v) : -1; }
static int regular(int fd) { struct stat s; return fd > 2 && !fstat(fd, &s) && S_ISREG(s.st_mode); }
ssize_t write(int fd, const void *bytes, size_t length) {
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = dlsym(RTLD_NEXT, "write");
    if (!regular(fd)) return real(fd, bytes, length);
    long each = number("TORN_SHORT");
    count++;
    if (count == number("TORN_KILL")) { real(fd, bytes, length / 2); raise(SIGKILL); }
    if (each > 0 && count % each == 0 && length > 1) return real(fd, bytes, length / 2);
    return real(fd, bytes, length);
}
ssize_t writev(int fd, const struct iovec *parts, int many) {
    static ssize_t (*real)(int, const struct iovec *, int);
    if (!real) real = dlsym(RTLD_NEXT, "writev");
    if (!regular(fd)) return real(fd, parts, many);
    count++;
    if (count == number("TORN_KILL")) { real(fd, parts, 1); raise(SIGKILL); }
    if (number("TORN_SHORT") > 0 && count % number("TORN_SHORT") == 0) return real(fd, parts, 1);
    return real(fd, parts, many);
}
"#;

const HANDLERS: [&str; 5] = [
    "file",
    "file --fsync batch",
    "rotate --max-bytes 2K --backups 500",
    "rotate --max-bytes 2K --backups 500 --compress gzip",
    "timed --when S --max-bytes 2K --compress zstd",
];

#[test]
fn short_writes_are_gone_on_with() {
    if !able(&["gcc"]) {
        return;
    }
    let folder = folder();
    let library = shim(folder.path(), TORN);
    for handler in HANDLERS {
        for each in ["1", "2", "3"] {
            let logs = folder
                .path()
                .join(format!("{each} {handler}").replace(' ', "_"));
            std::fs::create_dir(&logs).unwrap();
            let outcome = Lh::new(handler)
                .arg(logs.join("app.log"))
                .env("LD_PRELOAD", &library)
                .env("TORN_SHORT", each)
                .feed(records(1..=400))
                .expect(0);
            let report = Report::of(&logs, 1..=400);
            report.assert_perfect(&format!("{handler}, each {each}: {}", outcome.stderr));
        }
    }
}

#[test]
fn a_line_that_a_killed_process_left_is_ended_by_the_next() {
    if !able(&["gcc"]) {
        return;
    }
    let folder = folder();
    let library = shim(folder.path(), TORN);
    for handler in HANDLERS {
        for at in 1..=4 {
            let logs = folder
                .path()
                .join(format!("{at} {handler}").replace(' ', "_"));
            std::fs::create_dir(&logs).unwrap();
            let lh = || Lh::new(handler).arg(logs.join("app.log"));
            let killed = lh()
                .env("LD_PRELOAD", &library)
                .env("TORN_KILL", at.to_string())
                .feed(records(1..=200));
            let what = format!("{handler}, killed in write {at}");
            if killed.code() == 0 {
                continue;
            }
            assert_eq!(killed.code(), 137, "{what}: {}", killed.stderr);
            let left = Report::of(&logs, NOTHING);
            let packed = left.files.keys().any(|name| name.ends_with(".tmp"));
            assert!(left.torn.len() <= 1 || packed, "{what}: {left}");
            let second = lh().feed(records(301..=400)).expect(0);
            let wanted: Vec<u64> = left.found.keys().copied().collect();
            let mut report = Report::of(&logs, 301..=400);
            for number in wanted {
                assert!(
                    report.found.contains_key(&number),
                    "{what}: lost {number}; {report}"
                );
            }
            // The one line that was cut stands by itself, and nothing else is torn.
            assert!(report.torn.len() <= 1, "{what}: {report}");
            assert!(
                !report.torn.iter().any(|torn| torn.contains(" ends in ")),
                "{report}"
            );
            report.torn.clear();
            report.assert_perfect(&format!("{what}: {}", second.stderr));
        }
    }
}
