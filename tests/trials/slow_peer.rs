//! Trials 26 and 29: a peer that accepts and never reads; a spool that is full.
//!
//! Not tested here: a spool on a full disk (tests/spool), and the queue of other
//! handlers (tests/cli).

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::peers_gone::{sender, size};
use crate::support::port::free_address;
use crate::support::records::{record, told};
use crate::support::{Lh, Peer, Running, folder, records, rounds, wait_for};

const LONG: Duration = Duration::from_secs(30);

/// Of a spool, what is beside the records, in bytes.
const SMALL: u64 = 16 << 10;

/// How long writes of a line took.
#[derive(Default)]
struct Times {
    all: Vec<Duration>,
    /// Since when one has been going on.
    current: Option<Instant>,
}

impl Times {
    fn at(&self, share: f64) -> Duration {
        let mut sorted = self.all.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        sorted[(last as f64 * share) as usize]
    }
}

/// An application that logs lines of a KiB, with a little to do in between.
fn application(running: &mut Running, lines: u64, pause: Duration) -> Arc<Mutex<Times>> {
    let times = Arc::new(Mutex::new(Times::default()));
    let own = Arc::clone(&times);
    running.pour_by(move |stdin| {
        for number in 1..=lines {
            let line = long_line(number);
            let begun = Instant::now();
            own.lock().unwrap().current = Some(begun);
            if stdin.write_all(&line).is_err() {
                return;
            }
            let mut times = own.lock().unwrap();
            times.all.push(begun.elapsed());
            times.current = None;
            drop(times);
            if !pause.is_zero() && number % 16 == 0 {
                std::thread::sleep(pause);
            }
        }
    });
    times
}

fn long_line(number: u64) -> Vec<u8> {
    let mut line = format!("{number:08} ").into_bytes();
    line.resize(1023, b'x');
    line.push(b'\n');
    line
}

/// The numbers of the lines that a peer has.
fn numbers(peer: &Peer) -> Vec<u64> {
    let bytes = peer.bytes();
    let lines = bytes.split(|byte| *byte == b'\n');
    let lines = lines.filter(|line| !line.is_empty());
    let number = |line: &[u8]| {
        assert_eq!(line.len(), 1023, "torn");
        std::str::from_utf8(&line[..8]).unwrap().parse().unwrap()
    };
    lines.map(number).collect()
}

/// Trial 26: up to the spool's limit the application is not held up; then it
/// waits, and nothing is lost.
#[test]
fn a_peer_that_never_reads_does_not_hold_up_an_application_before_the_spool_is_full() {
    let mib = rounds(12, 64);
    let lines = mib * 1024 * 5 / 4;
    let folder = folder();
    let peer = Peer::holding();
    let mut running = sender(peer.address, Some(folder.path()))
        .arg(format!("--spool-max={mib}M"))
        .spawn();
    let times = application(&mut running, lines, Duration::from_millis(1));
    let stalled = || {
        let since = times.lock().unwrap().current;
        since.is_some_and(|since| since.elapsed() > Duration::from_secs(1))
    };
    assert!(wait_for(LONG, stalled), "it was never full");
    let spool = folder.path().join("spool");
    let on_disk = size(&spool);
    let (taken, middle, most) = {
        let times = times.lock().unwrap();
        (times.all.len() as u64, times.at(0.5), times.at(0.99))
    };
    println!(
        "figures: a peer that never reads, spool {mib} MiB: {taken} writes of 1 KiB taken, \
         p50 {middle:?}, p99 {most:?}; {on_disk} bytes on the disk; {} KiB of memory",
        running.peak_memory()
    );
    assert!(taken * 1024 > (mib << 20) * 9 / 10, "{taken} lines");
    assert!(on_disk <= (mib << 20) + SMALL, "{on_disk} bytes");
    assert!(most < Duration::from_millis(10), "{most:?}");
    assert!(
        running.peak_memory() < 40 << 10,
        "{} KiB",
        running.peak_memory()
    );
    peer.release();
    let outcome = running.end().expect(0);
    wait_for(LONG, || peer.figures().1 as u64 >= lines * 1024);
    assert!(
        numbers(&peer).into_iter().eq(1..=lines),
        "{}",
        outcome.stderr
    );
    assert_eq!(peer.figures().0, 1, "it was cut off: {}", outcome.stderr);
}

/// Trials 26 and 29: what does not fit is dropped as asked, and counted.
#[test]
fn what_a_full_spool_drops_is_counted_and_the_application_goes_on() {
    for policy in ["drop-new", "drop-old"] {
        // More than what is on its way at most, which is not dropped.
        let lines = 20 * 1024;
        let folder = folder();
        let peer = Peer::holding();
        let mut running = sender(peer.address, Some(folder.path()))
            .arg("--spool-max=12M")
            .arg(format!("--overflow={policy}"))
            .spawn();
        // So that the peer's system is full before the rest comes.
        let times = application(&mut running, lines, Duration::from_millis(1));
        let taken = || times.lock().unwrap().all.len() as u64 == lines;
        assert!(wait_for(LONG, taken), "{}", running.stderr());
        let most = times.lock().unwrap().at(1.0);
        peer.release();
        let outcome = running.end().expect(1);
        let stderr = &outcome.stderr;
        let lost = told(stderr, "records were not delivered");
        wait_for(LONG, || peer.figures().1 as u64 >= (lines - lost) * 1024);
        let numbers = numbers(&peer);
        println!(
            "figures: a peer that never reads, spool of 12 MiB, {policy}: {lost} of {lines} dropped, longest write {most:?}"
        );
        assert!(lost > 100, "{policy}: {stderr}");
        assert_eq!(lines - numbers.len() as u64, lost, "{policy}: {stderr}");
        assert!(numbers.is_sorted(), "{policy}: the oldest come first");
        let kept = if policy == "drop-new" { 1 } else { lines };
        assert!(numbers.contains(&kept), "{policy}: {kept} is not there");
        assert!(most < Duration::from_millis(500), "{policy}: {most:?}");
    }
}

/// What a peer has been sent and has not acknowledged when the time is over
/// stays in the spool.
#[test]
fn what_is_on_its_way_at_the_end_stays_in_the_spool() {
    let folder = folder();
    let peer = Peer::holding();
    let mut running = sender(peer.address, Some(folder.path()))
        .arg("--drain-timeout=500ms")
        .spawn();
    running.pour(records(1..=2000));
    let outcome = running.end().expect(0);
    let address = peer.address;
    drop(peer);
    let left = told(&outcome.stderr, "records stay in the spool");
    assert!(left > 1000, "{left} stay: {}", outcome.stderr);
    let peer = Peer::at(address);
    let spool = folder.path().join("spool");
    Lh::new("spool retry").arg(&spool).feed("").expect(0);
    let report = peer.report(1..=2000);
    assert!(report.found.len() as u64 >= left, "{report}");
    assert!(report.found.contains_key(&2000), "{report}");
}

/// Trial 26: also where all that the spool holds is on its way.
#[test]
fn a_small_spool_that_drops_the_oldest_does_not_hold_up_the_application() {
    let lines = 12 * 1024;
    let folder = folder();
    let peer = Peer::holding();
    let mut running = sender(peer.address, Some(folder.path()))
        .arg("--spool-max=1M")
        .arg("--overflow=drop-old")
        .arg("--drain-timeout=500ms")
        .spawn();
    let times = application(&mut running, lines, Duration::from_millis(1));
    let taken = || times.lock().unwrap().all.len() as u64 == lines;
    assert!(wait_for(LONG, taken), "{}", running.stderr());
    running.end();
}

/// Trial 29: one message when it begins, one when it ends.
#[test]
fn a_full_spool_is_told_of_once() {
    let folder = folder();
    let mut running = sender(free_address(), Some(folder.path()))
        .arg("--spool-max=1M")
        .arg("--overflow=drop-old")
        .arg("--drain-timeout=100ms")
        .spawn();
    running.pour_by(|stdin| {
        for number in 1..=200_000 {
            let _ = stdin.write_all(&record(number));
        }
    });
    let outcome = running.end().expect(1);
    assert!(
        outcome.lines() <= 6,
        "{} lines: {}",
        outcome.lines(),
        outcome.stderr
    );
}

/// Trial 29, with nobody there: what is kept is to the record what is reported,
/// and comes oldest first.
#[test]
fn a_full_spool_keeps_what_it_says() {
    let count = rounds(20_000, 100_000);
    for policy in ["block", "drop-new", "drop-old"] {
        let folder = folder();
        let address = free_address();
        let mut running = sender(address, Some(folder.path()))
            .arg("--spool-max=256K")
            .arg(format!("--overflow={policy}"))
            .arg("--drain-timeout=100ms")
            .spawn();
        running.pour(records(1..=count));
        let spool = folder.path().join("spool");
        if policy == "block" {
            // It waits for room; there is some when somebody listens.
            running.expect_stderr("127.0.0.1");
            assert!(wait_for(LONG, || size(&spool) > 200 << 10));
            std::thread::sleep(Duration::from_millis(300));
            assert!(!running.has_ended(), "{}", running.stderr());
            assert!(
                size(&spool) <= (256 << 10) + SMALL,
                "{} bytes",
                size(&spool)
            );
            let peer = Peer::at(address);
            // The end of the input may come late.
            let outcome = running.end().expect(0);
            let left = told(&outcome.stderr, "records stay in the spool");
            Lh::new("spool retry").arg(&spool).feed("").expect(0);
            let report = peer.wait_for_all(1..=count, LONG, &outcome.stderr);
            report.assert_perfect(&format!("{policy}, {left} left"));
            continue;
        }
        let outcome = running.end().expect(1);
        let stderr = &outcome.stderr;
        let lost = told(stderr, "records were not delivered");
        let kept = told(stderr, "records stay in the spool");
        assert_eq!(lost + kept, count, "{policy}: {stderr}");
        assert!(lost > 0 && kept > 1000, "{policy}: {stderr}");
        assert!(
            size(&spool) <= (256 << 10) + SMALL,
            "{} bytes",
            size(&spool)
        );
        let peer = Peer::at(address);
        Lh::new("spool retry").arg(&spool).feed("").expect(0);
        // Those that are being sent at the moment are not dropped: they come first.
        let report = peer.wait_for_all(kept_for_sure(policy, kept, count), LONG, stderr);
        println!("figures: spool of 256 KiB, {policy}: {kept} kept, {lost} dropped");
        assert_eq!(report.found.len() as u64, kept, "{policy}: {report}");
        report.assert_perfect(policy);
    }
}

/// The numbers that a full spool has kept for sure: the oldest, or the newest.
fn kept_for_sure(policy: &str, kept: u64, count: u64) -> std::ops::RangeInclusive<u64> {
    const SENDING: u64 = (64 << 10) / 24;
    match policy {
        // Where a long one had no room, a short one may have had.
        "drop-new" => 1..=kept - 50,
        _ => count - kept.saturating_sub(SENDING) + 1..=count,
    }
}

/// Without a spool, what waits in memory is bounded, also by its bytes.
#[test]
fn a_peer_that_never_reads_does_not_cost_all_memory() {
    // By bytes: 64 MiB wait, 8 MiB are on their way.
    let line = vec![b'x'; 100 << 10];
    let peer = Peer::holding();
    let mut running = sender(peer.address, None)
        .arg("--drain-timeout=100ms")
        .spawn();
    let written = Arc::new(Mutex::new(0));
    let own = Arc::clone(&written);
    running.pour_by(move |stdin| {
        let line = [&line[..], b"\n"].concat();
        for _ in 0..3000 {
            if stdin.write_all(&line).is_err() {
                return;
            }
            *own.lock().unwrap() += line.len();
        }
    });
    let mut before = 0;
    let full = wait_for(LONG, || {
        std::thread::sleep(Duration::from_millis(700));
        let now = *written.lock().unwrap();
        now > 0 && std::mem::replace(&mut before, now) == now
    });
    assert!(full, "{before} bytes and more");
    let memory = running.peak_memory();
    println!(
        "figures: a peer that never reads, no spool: {before} bytes taken, {memory} KiB of memory"
    );
    assert!(before > 64 << 20, "{before} bytes");
    assert!(before < 90 << 20, "{before} bytes");
    assert!(memory < 100 << 10, "{memory} KiB");
    drop(running);

    // By records: no more than the capacity.
    let mut running = sender(free_address(), None)
        .arg("--capacity=1000")
        .arg("--drain-timeout=100ms")
        .arg("--overflow=drop-new")
        .spawn();
    for first in (1..=100_000).step_by(1000) {
        running.write(&records(first..=first + 999));
    }
    running.write(&record(100_001));
    let memory = running.peak_memory();
    let outcome = running.end().expect(1);
    let lost = told(&outcome.stderr, "records were not delivered");
    assert_eq!(lost, 100_001, "{}", outcome.stderr);
    assert!(memory < 24 << 10, "{memory} KiB");
}
