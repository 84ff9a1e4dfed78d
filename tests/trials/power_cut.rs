//! Trial 38: the power goes off. What was synced is there afterwards, under its
//! name; a rotated chain is one.
//!
//! Not tested here: disks without a working flush, file systems but ext4.

use std::io::Write;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::records::parse;
use crate::support::{Lh, Namespace, Random, Report, able, folder, records, rounds, wait_for};

// EXT4_IOC_SHUTDOWN is made as one that reads, and is given a number.
nix::ioctl_write_ptr_bad!(shut_down, 0x8004_587d, u32);

/// Stops the file system without writing its journal.
fn cut(mounted: &Path) {
    let directory = std::fs::File::open(mounted).unwrap();
    let no_log_flush = 2;
    // SAFETY: the descriptor is open, and the number lives through the call.
    unsafe { shut_down(directory.as_raw_fd(), &no_log_flush) }.expect("shut down");
}

fn newest(stdout: &[u8]) -> u64 {
    let lines = stdout.split_inclusive(|byte| *byte == b'\n');
    let numbers = lines.filter_map(|line| parse(line.strip_suffix(b"\n")?));
    numbers.max().unwrap_or(0)
}

fn power_cuts(handler: &str, delay: Duration) {
    if !able(&["root", "unshare", "mkfs.ext4"]) {
        return;
    }
    let folder = folder();
    let space = Namespace::new(
        folder.path(),
        "truncate -s 48M image; mkfs.ext4 -q image; mkdir D; mount -o loop image D",
    );
    let mut random = Random::new(38);
    let mut first = 1;
    let mut total = 0;
    for round in 0..rounds(5, 200) {
        // A new folder each time, so that its name has to be made safe, too:
        // that is the user's.
        let name = format!("D/{round}");
        space.sh(&format!("mkdir {name}; sync -f D"));
        let mut running = Lh::new(handler)
            .arg(folder.path().join(&name).join("app.log"))
            .arg("+")
            .arg("stream")
            .under(space.enter())
            .read_stdout()
            .spawn();
        let begin = first;
        running.pour_by(move |stdin| {
            let mut at = begin;
            while at < begin + 50_000 && stdin.write_all(&records(at..=at + 4)).is_ok() {
                at += 5;
                std::thread::sleep(Duration::from_micros(500));
            }
        });
        assert!(wait_for(Duration::from_secs(5), || newest(
            &running.stdout()
        ) > first));
        std::thread::sleep(Duration::from_millis(50 + random.below(400)));
        // With `--fsync SECONDS`, what is older than that.
        let safe = newest(&running.stdout());
        let seen = Instant::now();
        while seen.elapsed() < delay {
            std::thread::sleep(Duration::from_millis(5));
        }
        cut(&space.path("D"));
        running.signal(nix::sys::signal::Signal::SIGKILL);
        let outcome = running.end();
        space.sh("umount D; mount -o loop image D");
        let what = format!("{handler}, round {round}, {safe} safe: {}", outcome.stderr);
        let report = Report::of(&space.path(&name), first..=safe);
        assert!(report.lost.is_empty(), "{what}\n{report}");
        // A compressed file may stand beside its source, which goes last; the
        // next start, below, takes the source away.
        if !handler.contains("--compress") {
            assert!(
                report.doubled.is_empty() && report.disordered.is_empty(),
                "{what}\n{report}"
            );
        }
        total += safe - first + 1;
        // The next start goes on with it.
        let next = safe + 100_000;
        Lh::new(handler)
            .arg(folder.path().join(&name).join("app.log"))
            .under(space.enter())
            .feed(records(next..=next + 99))
            .expect(0);
        let after = Report::of(&space.path(&name), next..=next + 99);
        assert!(after.lost.is_empty(), "{what}, after: {after}");
        let gone = (first..=safe).find(|number| !after.found.contains_key(number));
        assert_eq!(gone, None, "{what}, after: {after}");
        assert!(after.doubled.is_empty(), "{what}, after: {after}");
        if handler.starts_with("rotate") {
            after.assert_chain(&what);
        }
        space.sh(&format!("rm -r {name}"));
        first = next + 1000;
    }
    println!("{handler}: {total} records were safe, none of them lost");
    assert!(total > 100, "{handler}: only {total}");
}

/// The cut is real: what was written and not synced is gone.
#[test]
fn what_was_never_synced_does_not_survive() {
    if !able(&["root", "unshare", "mkfs.ext4"]) {
        return;
    }
    let folder = folder();
    let space = Namespace::new(
        folder.path(),
        "truncate -s 48M image; mkfs.ext4 -q image; mkdir D; mount -o loop image D",
    );
    Lh::new("file --fsync never")
        .arg(folder.path().join("D/app.log"))
        .under(space.enter())
        .feed(records(1..=100))
        .expect(0);
    Report::of(&space.path("D"), 1..=100).assert_perfect("before the cut");
    cut(&space.path("D"));
    space.sh("umount D; mount -o loop image D");
    let report = Report::of(&space.path("D"), 1..=100);
    assert_eq!(report.lost.len(), 100, "{report}");
}

#[test]
fn what_file_synced_survives() {
    power_cuts("file --fsync batch", Duration::ZERO);
}

#[test]
fn what_rotate_synced_survives() {
    power_cuts(
        "rotate --max-bytes 3K --backups 9000 --fsync batch",
        Duration::ZERO,
    );
}

#[test]
fn what_was_compressed_survives() {
    power_cuts(
        "rotate --max-bytes 6K --backups 9000 --fsync batch --compress gzip",
        Duration::ZERO,
    );
}

#[test]
fn what_is_older_than_the_seconds_survives() {
    power_cuts("timed --when S --fsync 0.1", Duration::from_millis(400));
}
