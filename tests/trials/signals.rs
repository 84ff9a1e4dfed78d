//! Trials 2 and 37: signals while data is in the pipe, and a process that is
//! stopped and continued.
//!
//! Not tested here: signals under `-- COMMAND`, a machine that really sleeps.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::support::{Lh, Random, Report, Running, folder, record, records, rounds, wait_for};

/// Writes records until told to stop, and counts those that the pipe took.
struct Writer {
    accepted: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
}

fn write_on(running: &mut Running, seed: u64) -> Writer {
    let writer = Writer {
        accepted: Arc::default(),
        stop: Arc::default(),
    };
    let (accepted, stop) = (Arc::clone(&writer.accepted), Arc::clone(&writer.stop));
    running.pour_by(move |stdin| {
        let mut random = Random::new(seed);
        let mut number = 0;
        while !stop.load(Ordering::SeqCst) {
            let count = 1 + random.below(40);
            if stdin
                .write_all(&records(number + 1..=number + count))
                .is_err()
            {
                return;
            }
            number += count;
            accepted.store(number, Ordering::SeqCst);
            if random.below(4) == 0 {
                std::thread::sleep(Duration::from_micros(random.below(3000)));
            }
        }
    });
    writer
}

const HANDLERS: [&str; 4] = [
    "rotate --max-bytes 30K --backups 1000",
    "file --fsync 0.1",
    "timed --when S",
    "rotate --max-bytes 20K --backups 1000 --compress gzip",
];

#[test]
fn sigterm_takes_what_is_in_the_pipe() {
    for round in 0..rounds(30, 100) {
        let folder = folder();
        let handler = HANDLERS[round as usize % HANDLERS.len()];
        let mut running = Lh::new(handler).arg(folder.path().join("app.log")).spawn();
        let writer = write_on(&mut running, round);
        wait_for(Duration::from_secs(5), || {
            writer.accepted.load(Ordering::SeqCst) > 0
        });
        std::thread::sleep(Duration::from_millis(Random::new(round).below(60)));
        // Before signals are caught, one is the end of any program.
        wait_for(Duration::from_secs(5), || {
            folder.path().join("app.log").exists()
        });
        if round % 2 == 0 {
            // So that there surely is something in the pipe. It may have been
            // nearly full: then the writer stands still.
            running.signal(Signal::SIGSTOP);
            let accepted = || writer.accepted.load(Ordering::SeqCst);
            let before = accepted();
            let filled = wait_for(Duration::from_secs(5), || {
                let now = accepted();
                let still = !wait_for(Duration::from_millis(200), || accepted() > now);
                still || accepted() > before + 300
            });
            assert!(filled);
        }
        let accepted = writer.accepted.load(Ordering::SeqCst);
        running.signal(Signal::SIGTERM);
        running.signal(Signal::SIGCONT);
        let outcome = running.end_within(Duration::from_secs(3)).expect(0);
        writer.stop.store(true, Ordering::SeqCst);
        let mut report = Report::of(folder.path(), 1..=accepted);
        // The writer may be cut in the middle of a line that lh then ends.
        assert!(report.torn.len() <= 1, "{report}");
        report.torn.clear();
        report.assert_perfect(&format!("{handler}, round {round}: {}", outcome.stderr));
    }
}

/// More than is read at once.
#[test]
fn sigterm_takes_all_of_a_full_pipe() {
    const COUNT: u64 = 14_000;
    let folder = folder();
    let mut running = Lh::new("file").arg(folder.path().join("app.log")).spawn();
    let accepted = Arc::new(AtomicBool::new(false));
    let done = Arc::clone(&accepted);
    assert!(wait_for(Duration::from_secs(5), || {
        folder.path().join("app.log").exists()
    }));
    // Until it has made the pipe large.
    running.write(&records(1..=1));
    assert!(wait_for(Duration::from_secs(5), || {
        Report::of(folder.path(), 1..=1).lost.is_empty()
    }));
    running.signal(Signal::SIGSTOP);
    let input = records(2..=COUNT);
    assert!(input.len() > 600 << 10 && input.len() < 1 << 20);
    running.pour_by(move |stdin| {
        let _ = stdin.write_all(&input);
        done.store(true, Ordering::SeqCst);
        // The pipe stays open: it is the signal that ends the run.
        std::thread::sleep(Duration::from_millis(800));
    });
    let taken = wait_for(Duration::from_secs(5), || accepted.load(Ordering::SeqCst));
    assert!(taken, "the pipe holds less than it should");
    running.signal(Signal::SIGTERM);
    running.signal(Signal::SIGCONT);
    running.end_within(Duration::from_secs(3)).expect(0);
    Report::of(folder.path(), 1..=COUNT).assert_perfect("a full pipe");
}

#[test]
fn a_writer_that_never_pauses_can_not_hold_up_the_end() {
    let folder = folder();
    let mut running = Lh::new("file").arg(folder.path().join("app.log")).spawn();
    let stop = Arc::new(AtomicBool::new(false));
    let over = Arc::clone(&stop);
    running.pour_by(move |stdin| {
        let block = records(1..=1000);
        while !over.load(Ordering::SeqCst) && stdin.write_all(&block).is_ok() {}
    });
    wait_for(Duration::from_secs(5), || {
        folder.path().join("app.log").exists()
    });
    running.signal(Signal::SIGTERM);
    let begin = Instant::now();
    while !running.has_ended() && begin.elapsed() < Duration::from_secs(4) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let took = begin.elapsed();
    stop.store(true, Ordering::SeqCst);
    assert!(took <= Duration::from_secs(3), "{took:?}");
    running.end().expect(0);
}

#[test]
fn sighup_sigalrm_and_a_first_sigint_lose_nothing() {
    for round in 0..rounds(24, 100) {
        let folder = folder();
        let handler = HANDLERS[round as usize % HANDLERS.len()];
        let mut running = Lh::new(handler).arg(folder.path().join("app.log")).spawn();
        let writer = write_on(&mut running, round + 1000);
        wait_for(Duration::from_secs(5), || {
            folder.path().join("app.log").exists()
        });
        wait_for(Duration::from_secs(5), || {
            writer.accepted.load(Ordering::SeqCst) > 0
        });
        let mut random = Random::new(round);
        let choice = [Signal::SIGHUP, Signal::SIGALRM];
        for _ in 0..6 {
            std::thread::sleep(Duration::from_millis(random.below(6)));
            running.signal(choice[random.below(2) as usize]);
        }
        running.signal(Signal::SIGINT);
        std::thread::sleep(Duration::from_millis(random.below(6)));
        writer.stop.store(true, Ordering::SeqCst);
        let outcome = running.end_within(Duration::from_secs(10)).expect(0);
        let accepted = writer.accepted.load(Ordering::SeqCst);
        let report = Report::of(folder.path(), 1..=accepted);
        let what = format!("{handler}, round {round}: {}", outcome.stderr);
        report.assert_perfect(&what);
        if handler.starts_with("rotate") {
            report.assert_chain(&what);
        }
    }
}

#[test]
fn a_second_sigint_stops_at_once_with_what_was_read() {
    let folder = folder();
    let file = folder.path().join("app.log");
    let mut running = Lh::new("file").arg(&file).spawn();
    running.write(&records(1..=500));
    let size = records(1..=500).len() as u64;
    let written = wait_for(Duration::from_secs(5), || {
        std::fs::metadata(&file).is_ok_and(|meta| meta.len() == size)
    });
    assert!(written);
    running.signal(Signal::SIGINT);
    std::thread::sleep(Duration::from_millis(100));
    assert!(!running.has_ended(), "the first one ended it");
    running.write(&records(501..=600));
    let more = records(1..=600).len() as u64;
    assert!(wait_for(Duration::from_secs(5), || {
        std::fs::metadata(&file).is_ok_and(|meta| meta.len() == more)
    }));
    running.signal(Signal::SIGINT);
    let ended = wait_for(Duration::from_secs(1), || running.has_ended());
    assert!(ended, "the second one did not end it");
    running.end().expect(0);
    Report::of(folder.path(), 1..=600).assert_perfect("two SIGINT");
}

#[test]
fn a_line_that_is_begun_when_sigterm_comes_is_finished() {
    let folder = folder();
    let file = folder.path().join("app.log");
    let mut running = Lh::new("file").arg(&file).spawn();
    running.write(&records(1..=10));
    running.write(b"begun");
    wait_for(Duration::from_secs(5), || {
        std::fs::metadata(&file).is_ok_and(|meta| meta.len() > 0)
    });
    running.signal(Signal::SIGTERM);
    assert!(wait_for(Duration::from_secs(3), || running.has_ended()));
    running.end().expect(0);
    let bytes = std::fs::read(&file).unwrap();
    assert_eq!(bytes, [&records(1..=10)[..], b"begun\n"].concat());
}

#[test]
fn a_stopped_process_goes_on_where_it_was() {
    let folder = folder();
    let mut running = Lh::new("rotate --max-bytes 10K --backups 1000")
        .arg(folder.path().join("app.log"))
        .spawn();
    running.pour_by(|stdin| {
        for first in (1..=6000).step_by(20) {
            let _ = stdin.write_all(&records(first..=first + 19));
            std::thread::sleep(Duration::from_millis(1));
        }
        let _ = stdin.write_all(&record(6020));
    });
    for _ in 0..5 {
        std::thread::sleep(Duration::from_millis(40));
        running.signal(Signal::SIGSTOP);
        std::thread::sleep(Duration::from_millis(60));
        running.signal(Signal::SIGCONT);
    }
    let outcome = running.end().expect(0);
    let report = Report::of_all(folder.path(), [1..=6000, 6020..=6020]);
    report.assert_perfect("stopped and continued");
    assert_eq!(outcome.stderr, "");
}
