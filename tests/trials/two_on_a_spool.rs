//! Trial 31: two runs on one spool, and one that a killed run has left.
//!
//! Not tested here: what a crash leaves in the files (tests/spool), and spools
//! on file systems without locks.

use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::peers_gone::{sender, size};
use crate::support::port::free_address;
use crate::support::{Lh, Peer, Random, Running, folder, records, rounds, wait_for};

const LONG: Duration = Duration::from_secs(30);

/// Waits until the spool has grown by so much.
fn takes(running: &Running, spool: &Path, before: u64, bytes: usize) {
    let grown = || size(spool) >= before + bytes as u64;
    assert!(wait_for(LONG, grown), "{}", running.stderr());
}

#[test]
fn the_second_of_two_names_the_first_which_goes_on() {
    let folder = folder();
    let spool = folder.path().join("spool");
    let peer = Peer::new();
    let mut first = sender(peer.address, Some(folder.path())).spawn();
    first.write(&records(1..=100));
    assert!(peer.has(100, LONG));
    let pid = format!("process {}", first.pid());
    let second = sender(peer.address, Some(folder.path()));
    let others = [second, Lh::new("spool retry").arg(&spool)];
    for (number, other) in others.into_iter().enumerate() {
        let begun = Instant::now();
        let outcome = other.feed(records(500..=600)).expect(1);
        let (stderr, took) = (&outcome.stderr, begun.elapsed());
        assert!(stderr.contains(&pid), "{number}: {stderr}");
        assert!(stderr.contains(&spool.display().to_string()), "{stderr}");
        assert!(took < Duration::from_secs(2), "{number}: {took:?}");
    }
    first.write(&records(101..=200));
    let outcome = first.end().expect(0);
    let report = peer.wait_for_all(1..=200, LONG, &outcome.stderr);
    report.assert_perfect("nothing of the others");
}

#[test]
fn of_many_at_once_one_has_it() {
    let folder = folder();
    let address = free_address();
    for _ in 0..rounds(5, 100) {
        let all: Vec<Running> = (0..4)
            .map(|_| {
                let lh = sender(address, Some(folder.path())).arg("--drain-timeout=1ms");
                lh.spawn()
            })
            .collect();
        // Those that were refused end by themselves.
        let mut all = all;
        let refused = wait_for(LONG, || {
            let ended = all.iter_mut().map(Running::has_ended);
            ended.filter(|ended| *ended).count() >= 3
        });
        assert!(refused);
        let codes: Vec<i32> = all
            .into_iter()
            .map(|running| running.end().code())
            .collect();
        let had_it = codes.iter().filter(|code| **code == 0).count();
        assert_eq!(had_it, 1, "{codes:?}");
    }
}

/// No lock is left, and nothing that was taken is missing.
#[test]
fn after_a_kill_the_next_opens_it_at_once() {
    let folder = folder();
    let spool = folder.path().join("spool");
    let address = free_address();
    let mut random = Random::new(31);
    let (mut longest, kills) = (Duration::ZERO, rounds(100, 1000));
    for kill in 0..kills {
        let before = if kill == 0 { 0 } else { size(&spool) };
        let mut running = sender(address, Some(folder.path())).spawn();
        let begun = Instant::now();
        let batch = records(kill * 10 + 1..=kill * 10 + 10);
        running.write(&batch);
        takes(&running, &spool, before, batch.len());
        longest = longest.max(begun.elapsed());
        std::thread::sleep(Duration::from_micros(random.below(5000)));
        assert!(!running.has_ended(), "{}", running.stderr());
        running.signal(Signal::SIGKILL);
        let outcome = running.end().expect(137);
        assert!(!outcome.stderr.contains("in use"), "{}", outcome.stderr);
    }
    let peer = Peer::at(address);
    let outcome = Lh::new("spool retry").arg(&spool).feed("").expect(0);
    let report = peer.wait_for_all(1..=kills * 10, LONG, &outcome.stderr);
    report.assert_perfect(&outcome.stderr);
    println!("figures: {kills} times killed: it was always open, at the latest after {longest:?}");
    assert!(longest < Duration::from_secs(2), "{longest:?}");
}
