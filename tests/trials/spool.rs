//! Trials 20, 21, 38 and 41 for records that wait on the disk: `lh socket
//! --spool`.
//!
//! Not tested here: damage to the files of a spool (`tests/spool`), the wire
//! `lh`, which takes out what comes twice (`tests/exactly_once`).

use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::support::records::parse;
use crate::support::strace::inject;
use crate::support::{Lh, Random, able, folder, records, rounds, sh, wait_for};

/// Nobody listens there.
const NOBODY: &str = "127.0.0.1:1";

/// A receiver that notes what it reads, connection after connection.
struct Receiver {
    address: SocketAddr,
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl Receiver {
    fn new() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let receiver = Receiver {
            address: listener.local_addr().unwrap(),
            bytes: Arc::default(),
        };
        let bytes = Arc::clone(&receiver.bytes);
        std::thread::spawn(move || {
            for mut connection in listener.incoming().flatten() {
                let mut buffer = vec![0; 64 << 10];
                let mut kept = Vec::new();
                while let Ok(count) = connection.read(&mut buffer) {
                    if count == 0 {
                        break;
                    }
                    kept.extend_from_slice(&buffer[..count]);
                    // A record of which a killed sender left a part comes again.
                    let whole = kept.iter().rposition(|byte| *byte == b'\n');
                    let whole = whole.map_or(0, |at| at + 1);
                    bytes.lock().unwrap().extend(kept.drain(..whole));
                }
            }
        });
        receiver
    }

    /// The numbers of the records, in the order in which they came.
    fn numbers(&self) -> Vec<u64> {
        let bytes = self.bytes.lock().unwrap();
        let lines = bytes.split_inclusive(|byte| *byte == b'\n');
        lines
            .map(|line| {
                let text = String::from_utf8_lossy(line).into_owned();
                parse(line.trim_ascii_end()).unwrap_or_else(|| panic!("torn: {text}"))
            })
            .collect()
    }
}

fn socket(address: &str, spool: &Path) -> Lh {
    Lh::new(&format!(
        "-q socket {address} --wire lines --retry-start 5ms --drain-timeout 100ms --spool"
    ))
    .arg(spool)
}

/// Sends all that is in the spool.
#[track_caller]
fn drain(receiver: &Receiver, spool: &Path) {
    let address = receiver.address.to_string();
    Lh::new(&format!(
        "-q socket {address} --wire lines --retry-start 5ms --drain-timeout 60s --spool"
    ))
    .arg(spool)
    .feed("")
    .expect(0);
}

/// The records that a spool holds.
fn held(spool: &Path) -> Vec<u64> {
    let output = Command::new(env!("CARGO_BIN_EXE_lh"))
        .args(["spool", "cat"])
        .arg(spool)
        .output()
        .unwrap();
    let lines = output.stdout.split_inclusive(|byte| *byte == b'\n');
    lines
        .map(|line| parse(line.trim_ascii_end()).expect("a whole record"))
        .collect()
}

/// How many numbers came before, and whether those that are new come in order.
#[track_caller]
fn check(numbers: &[u64], what: &str) -> (u64, u64) {
    let (mut highest, mut again) = (0, 0);
    for &number in numbers {
        if number <= highest {
            again += 1;
        } else {
            assert_eq!(number, highest + 1, "{what}: lost or out of order");
            highest = number;
        }
    }
    (highest, again)
}

#[test]
fn killed_at_random_it_goes_on_where_it_was() {
    let folder = folder();
    let spool = folder.path().join("spool");
    let receiver = Receiver::new();
    let mut random = Random::new(20);
    let count = rounds(20, 200);
    let (mut next, mut kills, mut windows) = (1, 0, 0);
    for _ in 0..count {
        // Now and then nobody is there.
        let away = random.below(3) == 0;
        let address = match away {
            true => NOBODY.to_owned(),
            false => receiver.address.to_string(),
        };
        let mut running = socket(&address, &spool).spawn();
        let begun = Instant::now();
        let pause = Duration::from_micros(2_000 + random.below(40_000));
        let mut written = next;
        while begun.elapsed() < pause {
            let more = 1 + random.below(50);
            if !running.write(&records(written..=written + more - 1)) {
                break;
            }
            written += more;
            std::thread::sleep(Duration::from_micros(random.below(1_000)));
        }
        running.signal(Signal::SIGKILL);
        running.end();
        kills += 1;
        // Where the next one begins: behind what arrived, and what waits.
        let waits = held(&spool);
        assert!(
            waits.windows(2).all(|two| two[1] == two[0] + 1),
            "{waits:?}"
        );
        let last = || receiver.numbers().iter().copied().max().unwrap_or(0);
        // What is not in the spool any more is with the receiver's system.
        let first = waits.first().copied();
        let all = wait_for(Duration::from_secs(20), || {
            first.is_none_or(|first| first <= last() + 1)
        });
        assert!(all, "between {} and {first:?} some are lost", last());
        if first.is_none() {
            // Or all of it is.
            let mut before = last();
            wait_for(Duration::from_millis(300), || {
                std::thread::sleep(Duration::from_millis(50));
                before == std::mem::replace(&mut before, last())
            });
        }
        let taken = waits.last().copied().unwrap_or(0).max(last());
        windows += written - 1 - taken;
        next = taken + 1;
    }
    drain(&receiver, &spool);
    let (highest, again) = check(&receiver.numbers(), "killed");
    assert_eq!(highest, next - 1);
    println!(
        "{kills} kills: {highest} records accepted, 0 lost, {again} twice; {windows} were written \
         to the pipe and not accepted"
    );
    // At most what one connection had under way and nobody had acknowledged.
    assert!(again <= kills * 2_000, "{again}");
}

/// The calls that change a spool, one after the other, are its last.
#[test]
fn killed_at_every_step_it_goes_on_where_it_was() {
    if !able(&["strace"]) {
        return;
    }
    let calls: &[&str] = &[
        "mkdir",
        "openat",
        "write",
        "pwrite64",
        "pwritev",
        "ftruncate",
        "fdatasync",
        "fsync",
        "rename",
        "unlink",
    ];
    let step = if rounds(1, 2) == 1 { 5 } else { 1 };
    let mut points = 0;
    for call in calls {
        let mut at = 1;
        loop {
            let folder = folder();
            let spool = folder.path().join("spool");
            let trace = folder.path().join("trace");
            let receiver = Receiver::new();
            socket(NOBODY, &spool)
                .arg("--fsync=batch")
                .feed(records(1..=20))
                .expect(0);
            let mut names = crate::support::names(&spool);
            names.extend(["target.tmp".to_owned(), format!("{:020}.seg", 21)]);
            let mut paths = vec![spool.clone()];
            paths.extend(names.iter().map(|name| spool.join(name)));
            paths.extend(crate::support::strace::in_held(&names));
            let paths: Vec<&Path> = paths.iter().map(AsRef::as_ref).collect();
            let fault = format!("{call}:signal=KILL:when={at}");
            let address = receiver.address.to_string();
            let mut running = socket(&address, &spool)
                .arg("--fsync=batch")
                .under(inject(&trace, &paths, &[&fault]))
                .spawn();
            running.pour_by(|stdin| {
                for number in 21..=40 {
                    let record = crate::support::record(number);
                    let _ = std::io::Write::write_all(stdin, &record);
                    std::thread::sleep(Duration::from_millis(1));
                }
            });
            let outcome = running.end();
            // strace ends as what it runs did.
            let hit = outcome.status.code().is_none_or(|code| code == 137);
            let fault = format!("{fault}\n{}", outcome.stderr);
            drain(&receiver, &spool);
            let (highest, again) = check(&receiver.numbers(), &fault);
            assert!(highest >= 20, "{fault}: {highest}");
            assert!(hit || highest == 40, "{fault}: {highest}");
            assert!(again <= 40, "{fault}: {again}");
            if !hit {
                break;
            }
            points += 1;
            at += step;
        }
    }
    println!("{points} points, nothing lost");
    assert!(points >= 6, "{points}");
}

#[test]
fn what_was_synced_outlives_a_power_cut() {
    if !able(&["root", "mkfs.ext4", "python3"]) {
        return;
    }
    let folder = folder();
    let receiver = Receiver::new();
    let mut random = Random::new(38);
    for round in 0..rounds(3, 60) {
        let disk = folder.path().join("disk");
        std::fs::create_dir_all(&disk).unwrap();
        let at = folder.path();
        sh(
            at,
            "truncate -s 32M image && mkfs.ext4 -q -F image && mount -o loop image disk",
        );
        let spool = disk.join("spool");
        let mut running = socket(NOBODY, &spool).arg("--fsync=batch").spawn();
        let count = 200 + random.below(2000);
        running.pour(records(1..=count));
        // What is taken from the pipe is synced before more is.
        wait_for(Duration::from_millis(random.below(30)), || false);
        let before = held(&spool).last().copied().unwrap_or(0);
        // A batch may be written and not synced yet.
        wait_for(Duration::from_millis(20), || false);
        sh(
            at,
            "python3 -c 'import os,fcntl,struct;fcntl.ioctl(os.open(\"disk\",0),0x8004587d,struct.pack(\"I\",2))'",
        );
        running.signal(Signal::SIGKILL);
        running.end();
        sh(at, "umount disk && mount -o loop image disk");
        let after = held(&spool);
        let expected: Vec<u64> = (1..=after.last().copied().unwrap_or(0)).collect();
        assert_eq!(after, expected, "round {round}");
        // All that could be seen, and had time to be synced.
        assert!(
            after.len() as u64 >= before,
            "round {round}: {} of {before}",
            after.len()
        );
        receiver.bytes.lock().unwrap().clear();
        if !after.is_empty() {
            drain(&receiver, &spool);
            let (highest, again) = check(&receiver.numbers(), "power cut");
            assert_eq!((highest, again), (after.len() as u64, 0));
        }
        sh(at, "umount disk && rm image");
    }
}

/// With nobody to deliver to, what waits is on the disk and not in memory.
#[test]
fn a_backlog_is_not_in_memory() {
    let folder = folder();
    let spool = folder.path().join("spool");
    let count = rounds(300_000, 10_000_000);
    let mut running = socket(NOBODY, &spool).arg("--spool-max=4G").spawn();
    running.pour_by(move |stdin| {
        let batch = crate::support::records(1..=1000);
        for _ in 0..count / 1000 {
            let _ = std::io::Write::write_all(stdin, &batch);
        }
    });
    let mut peak = 0;
    wait_for(Duration::from_secs(120), || {
        peak = peak.max(running.peak_memory());
        running.has_ended()
    });
    println!("{count} records wait; the peak of memory was {peak} KiB");
    assert!(peak > 0 && peak < 40 << 10, "{peak} KiB");
    running.end().expect(0);
    // And it is there at once when somebody is.
    let receiver = Receiver::new();
    let address = receiver.address.to_string();
    let begun = Instant::now();
    let running = socket(&address, &spool).spawn();
    let first = || !receiver.bytes.lock().unwrap().is_empty();
    assert!(wait_for(Duration::from_secs(10), first));
    let took = begun.elapsed();
    println!("the first of them after {took:?}");
    assert!(took < Duration::from_secs(2), "{took:?}");
    running.signal(Signal::SIGTERM);
    running.end();
}
