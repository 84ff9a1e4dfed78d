//! Trials 8, 9 and 10: a peer on TCP that closes, aborts, is late, is restarted
//! or is not there; and the end of a run that has none.
//!
//! Not tested here: the wires and formats (tests/network has them all), the wire
//! `lh` (tests/exactly_once), TLS, and what a peer read and then lost itself.

use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::support::port::free_address;
use crate::support::records::{record, told};
use crate::support::{Lh, Manner, Peer, Report, Running, folder, names, records, rounds, wait_for};

pub const QUICK: &str = "--wire lines --retry-start 50ms --retry-max 200ms";

const LONG: Duration = Duration::from_secs(30);

/// How many records, and whether with a spool.
fn counts() -> [(u64, bool); 4] {
    let many = rounds(20_000, 100_000);
    [(300, false), (300, true), (many, false), (many, true)]
}

/// A run that sends to a peer, with a spool in the folder or without one.
pub fn sender(address: impl std::fmt::Display, spool: Option<&Path>) -> Lh {
    let lh = Lh::new(&format!("socket {address} {QUICK}"));
    match spool {
        Some(folder) => lh.arg("--spool").arg(folder.join("spool")),
        None => lh,
    }
}

/// Writes records as an application does: one after the other, not in blocks.
pub fn write_one_by_one(running: &mut Running, numbers: std::ops::RangeInclusive<u64>) {
    running.pour_by(move |stdin| {
        for number in numbers {
            if std::io::Write::write_all(stdin, &record(number)).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    });
}

/// Trial 8: a peer that closes in order while nothing is sent, and is away for
/// a while.
#[test]
fn a_peer_that_closes_while_it_is_idle_gets_every_record_once() {
    let away = Duration::from_millis(rounds(300, 2000));
    for (count, spool) in counts() {
        let folder = folder();
        let half = count / 3;
        let peer = Peer::that(away, move |number| match number {
            0 => Manner::Close(half as usize),
            _ => Manner::Read,
        });
        let mut running = sender(peer.address, spool.then_some(folder.path())).spawn();
        assert!(running.write(&records(1..=half)));
        assert!(wait_for(LONG, || peer.ended() == 1), "{}", running.stderr());
        running.pour(records(half + 1..=count));
        let outcome = running.end().expect(0);
        let what = format!("{count}, spool {spool}: {}", outcome.stderr);
        peer.wait_for_all(1..=count, LONG, &what)
            .assert_perfect(&what);
    }
}

/// Trial 8: a peer that has closed does not get the next record first, which
/// would be lost without an error.
#[test]
fn a_peer_that_closes_again_and_again_gets_every_record_once() {
    const EACH: u64 = 20;
    let count = rounds(20, 500);
    let peer = Peer::that(Duration::ZERO, |_| Manner::Close(EACH as usize));
    let mut running = sender(peer.address, None).spawn();
    for round in 0..count {
        let first = round * EACH + 1;
        assert!(running.write(&records(first..=first + EACH - 1)));
        let ended = wait_for(LONG, || peer.ended() as u64 == round + 1);
        assert!(ended, "round {round}: {}", running.stderr());
    }
    let outcome = running.end().expect(0);
    let what = format!("{count} times: {}", outcome.stderr);
    let report = peer.wait_for_all(1..=count * EACH, LONG, &what);
    report.assert_perfect(&what);
}

/// One run against a peer that does something in the middle. Gives the doubled
/// records, of how many.
fn in_the_middle(manner: fn(usize) -> Manner, count: u64, spool: bool) -> Report {
    let folder = folder();
    let away = Duration::from_millis(rounds(200, 2000));
    let after = count as usize / 3;
    let peer = Peer::that(away, move |number| match number {
        0 => manner(after),
        _ => Manner::Read,
    });
    let mut running = sender(peer.address, spool.then_some(folder.path())).spawn();
    match count {
        ..1000 => write_one_by_one(&mut running, 1..=count),
        _ => running.pour(records(1..=count)),
    }
    let outcome = running.end().expect(0);
    assert_eq!(peer.ended(), 1, "{}", outcome.stderr);
    let what = format!("{count}, spool {spool}: {}", outcome.stderr);
    let report = peer.wait_for_all(1..=count, LONG, &what);
    println!(
        "figures: {:?}, {count} records, spool {spool}: 0 lost, {} twice",
        manner(after),
        report.doubled.len(),
    );
    report
}

/// Trial 8, in the middle of a stream: what the peer still takes is not sent
/// to the next one again.
#[test]
fn a_peer_that_has_enough_in_the_middle_gets_every_record_once() {
    for (count, spool) in counts() {
        let report = in_the_middle(Manner::Enough, count, spool);
        report.assert_perfect(&format!("{count}, spool {spool}"));
    }
}

/// Trial 9: none is lost; again is sent at most what the peer's system had and
/// the peer had not proven to have read.
#[test]
fn a_peer_that_aborts_with_unread_data_loses_nothing() {
    for (count, spool) in counts() {
        let report = in_the_middle(Manner::Abort, count, spool);
        // What it had read before it aborted, it alone knows: that comes again,
        // with what was on its way.
        let most = count as usize / 3 + 1000;
        assert!(report.doubled.len() < most, "{report}");
    }
}

/// Trial 9: the end in order that comes first does not say that all was read.
#[test]
fn a_peer_that_hangs_up_with_unread_data_loses_nothing() {
    for (count, spool) in counts() {
        in_the_middle(Manner::HangUp, count, spool);
    }
}

/// Trial 9: whatever is unread each time.
#[test]
fn a_peer_that_aborts_again_and_again_loses_nothing() {
    for spool in [false, true] {
        let folder = folder();
        let count = rounds(6, 100) as usize;
        let peer = Peer::that(Duration::ZERO, move |number| match number < count {
            true => Manner::Abort(50 * (number + 1)),
            false => Manner::Read,
        });
        let last = 100 * count as u64;
        let mut running = sender(peer.address, spool.then_some(folder.path()))
            .arg("--drain-timeout=10m")
            .spawn();
        running.pour(records(1..=last));
        let outcome = running.end_within(LONG * 4).expect(0);
        peer.wait_for_all(1..=last, LONG, &outcome.stderr);
    }
}

/// Trial 10: it is down at the start, and nobody waits for it.
#[test]
fn what_nobody_takes_stays_in_the_spool_and_is_sent_later_in_order() {
    let count = rounds(20_000, 100_000);
    let folder = folder();
    let address = free_address();
    let input = records(1..=count);
    let begun = Instant::now();
    let mut running = sender(address, Some(folder.path()))
        .arg("--drain-timeout=100ms")
        .spawn();
    let first = records(1..=10).len();
    running.write(&input[..first]);
    let spool = folder.path().join("spool");
    assert!(wait_for(LONG, || size(&spool) >= first as u64));
    let delay = begun.elapsed();
    running.pour(&input[first..]);
    let outcome = running.end().expect(0);
    let all = begun.elapsed();
    println!("figures: peer down, first records safe after {delay:?}, end after {all:?}");
    assert!(delay < Duration::from_millis(500), "{delay:?}");
    let stderr = &outcome.stderr;
    assert!(
        stderr.contains(&format!("{count} records stay in the spool")),
        "{stderr}"
    );
    assert!(outcome.lines() <= 3, "{stderr}");
    // Nobody there yet: it is said so, and nothing is lost by asking.
    let retry = || Lh::new("spool retry").arg(&spool);
    let outcome = retry().spawn();
    let outcome = outcome.end().expect(1);
    assert!(
        outcome.stderr.contains(&count.to_string()),
        "{}",
        outcome.stderr
    );

    let peer = Peer::at(address);
    let outcome = retry().feed("").expect(0);
    let report = peer.wait_for_all(1..=count, LONG, &outcome.stderr);
    report.assert_perfect(&outcome.stderr);
    // Once is enough.
    retry().feed("").expect(0);
    peer.report(1..=count).assert_perfect("asked again");
}

/// The same with another run on that spool, which has records of its own.
#[test]
fn what_is_left_is_sent_before_what_is_new() {
    let folder = folder();
    let address = free_address();
    for first in [1, 101] {
        let lh = sender(address, Some(folder.path())).arg("--drain-timeout=1ms");
        let outcome = lh.feed(records(first..=first + 99)).expect(0);
        let left = format!("{} records stay in the spool", first + 99);
        assert!(outcome.stderr.contains(&left), "{}", outcome.stderr);
    }
    let peer = Peer::at(address);
    let lh = sender(address, Some(folder.path()));
    let outcome = lh.feed(records(201..=300)).expect(0);
    let report = peer.wait_for_all(1..=300, LONG, &outcome.stderr);
    report.assert_perfect(&outcome.stderr);
}

/// Trial 9, and the run ends before the peer is back: what the peer's kernel had was
/// out of the spool, and goes back into it, as the peer had not read it.
#[test]
fn what_a_peer_died_with_unread_goes_back_into_the_spool() {
    let folder = folder();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    let spool = folder.path().join("spool");
    let mut running = sender(address, Some(folder.path()))
        .arg("--drain-timeout=200ms")
        .spawn();
    assert!(running.write(&records(1..=300)));
    let (peer, _) = listener.accept().expect("a connection");
    let in_it = |words: &str| {
        let ls = Lh::new("spool ls").arg(&spool).read_stdout().feed("");
        String::from_utf8_lossy(&ls.stdout).contains(words)
    };
    let emptied = wait_for(LONG, || in_it("spool: 0 records"));
    assert!(emptied, "{}", running.stderr());
    // With bytes unread, this is a reset.
    drop((listener, peer));
    running.expect_stderr("the connection broke");
    assert!(running.write(&records(301..=310)));
    let outcome = running.end().expect(0);
    let stderr = &outcome.stderr;
    assert!(
        stderr.contains("310 records stay in the spool") && stderr.contains("and 0 were"),
        "{stderr}"
    );
    let peer = Peer::at(address);
    let outcome = Lh::new("spool retry").arg(&spool).feed("").expect(0);
    let report = peer.wait_for_all(1..=310, LONG, &outcome.stderr);
    assert!(report.doubled.is_empty(), "{report}");
}

/// `--on-error exit` ends a run at the first error, and takes nothing out of the spool
/// that has not arrived.
#[test]
fn a_run_that_ends_at_the_first_error_leaves_all_in_the_spool() {
    let address = free_address();
    for chain in [
        format!("socket {address} --wire lines"),
        format!("socket {address} --wire lh"),
        format!("http http://{address}/ --body ndjson --batch 1000"),
        format!("http http://{address}/ --body ndjson"),
        format!("smtp --host {address} --from a@x.test --to b@x.test"),
        format!("smtp --host {address} --from a@x.test --to b@x.test --digest 1h"),
    ] {
        let folder = folder();
        let spool = folder.path().join("spool");
        let outcome = Lh::new(&format!("{chain} --on-error exit --spool"))
            .arg(&spool)
            .feed(records(1..=100))
            .expect(1);
        let said = &outcome.stderr;
        assert!(said.contains("100 records stay in"), "{chain}: {said}");
        for _ in 0..2 {
            let outcome = Lh::new("spool retry").arg(&spool).feed("").expect(1);
            let said = &outcome.stderr;
            assert!(said.contains("100 records stay in"), "{chain}: {said}");
        }
    }
}

/// It is passed over and counted, and the end does not wait for it.
#[test]
fn a_record_that_is_damaged_at_the_end_of_the_spool_holds_up_no_end() {
    let folder = folder();
    let address = free_address();
    let spool = folder.path().join("spool");
    let mut running = sender(address, Some(folder.path())).spawn();
    // So many that the last are not read before there is a peer.
    let input = records(1..=20_000);
    assert!(running.write(&input));
    let there = wait_for(LONG, || size(&spool) > (input.len() + 20_000 * 20) as u64);
    assert!(there, "{}", running.stderr());
    let mut segments = names(&spool);
    segments.retain(|name| name.ends_with(".seg"));
    let segment = spool.join(segments.last().expect("a segment"));
    let mut bytes = std::fs::read(&segment).expect("read");
    *bytes.last_mut().expect("a byte") ^= 1;
    std::fs::write(&segment, bytes).expect("written");
    let peer = Peer::at(address);
    let outcome = running.end_within(LONG).expect(1);
    peer.wait_for_all(1..=19_999, LONG, &outcome.stderr);
    let said = &outcome.stderr;
    assert!(said.contains("1 records were not delivered"), "{said}");
    assert!(!said.contains("stay in the spool"), "{said}");
}

/// One handler has ended, with records in its spool, and another goes on.
#[test]
fn a_reader_that_goes_away_holds_up_no_end() {
    let folder = folder();
    let log = folder.path().join("log");
    let outcome = Lh::new("queue --spool")
        .arg(folder.path().join("spool"))
        .arg("stream")
        .arg("+")
        .arg("file")
        .arg(&log)
        .under(["sh", "-c", "\"$@\" | head -c 10 >/dev/null", "sh"])
        .spawn();
    let mut outcome = outcome;
    outcome.pour(records(1..=20_000));
    outcome.end_within(LONG).expect(0);
    let log = std::fs::read(log).expect("the log");
    Report::of_bytes(&log, 1..=20_000).assert_perfect("the other one");
}

/// The bytes of records in a spool, with what stands before each.
pub fn size(folder: &Path) -> u64 {
    if !folder.exists() {
        return 0;
    }
    let lengths = names(folder)
        .into_iter()
        .filter(|name| name.ends_with(".seg"))
        .filter_map(|name| std::fs::metadata(folder.join(name)).ok())
        .map(|meta| meta.len());
    lengths.sum()
}

/// With the pauses that it has by itself.
#[test]
fn a_peer_that_is_late_gets_everything() {
    for spool in [false, true] {
        let folder = folder();
        let address = free_address();
        let mut lh = Lh::new(&format!("socket {address} --wire lines"));
        if spool {
            lh = lh.arg("--spool").arg(folder.path().join("spool"));
        }
        let mut running = lh.spawn();
        running.write(&records(1..=300));
        std::thread::sleep(Duration::from_millis(rounds(1200, 3000)));
        let listening = Instant::now();
        let peer = Peer::at(address);
        peer.has(300, LONG);
        let took = listening.elapsed();
        let outcome = running.end().expect(0);
        let report = peer.wait_for_all(1..=300, LONG, &outcome.stderr);
        report.assert_perfect(&outcome.stderr);
        println!("figures: a late peer has all after {took:?}, spool {spool}");
        assert!(took < Duration::from_secs(5), "{took:?}");
        assert!(outcome.lines() <= 2, "{}", outcome.stderr);
    }
}

#[test]
fn a_peer_that_is_restarted_in_the_middle_again_and_again_gets_everything() {
    for spool in [false, true] {
        let folder = folder();
        let restarts = rounds(5, 60) as usize;
        let peer = Peer::that(Duration::from_millis(80), move |number| {
            match (number < restarts, number % 3) {
                (false, _) => Manner::Read,
                (true, 0) => Manner::Close(100),
                (true, 1) => Manner::Enough(100),
                (true, _) => Manner::Abort(100),
            }
        });
        let last = 300 * restarts as u64;
        let mut running = sender(peer.address, spool.then_some(folder.path())).spawn();
        write_one_by_one(&mut running, 1..=last);
        let outcome = running.end().expect(0);
        let report = peer.wait_for_all(1..=last, LONG, &outcome.stderr);
        println!(
            "figures: {} restarts, spool {spool}: 0 of {last} lost, {} twice",
            peer.ended(),
            report.doubled.len()
        );
    }
}

#[test]
fn sigterm_ends_a_run_that_nobody_hears_in_the_time_that_it_has() {
    for spool in [false, true] {
        let folder = folder();
        let mut running = sender(free_address(), spool.then_some(folder.path()))
            .arg("--drain-timeout=700ms")
            .spawn();
        running.write(&records(1..=1000));
        running.expect_stderr("127.0.0.1");
        let (begun, outcome) = (Instant::now(), end_by(running, 1, LONG));
        let took = begun.elapsed();
        println!("figures: SIGTERM without a peer, spool {spool}: ends after {took:?}");
        assert!(took > Duration::from_millis(600), "{took:?}");
        assert!(took < Duration::from_millis(2500), "{took:?}");
        assert_counted(&outcome, spool);
    }
}

#[test]
fn a_second_sigterm_ends_it_at_once() {
    for spool in [false, true] {
        let folder = folder();
        let mut running = sender(free_address(), spool.then_some(folder.path()))
            .arg("--drain-timeout=1h")
            .spawn();
        running.write(&records(1..=1000));
        running.expect_stderr("127.0.0.1");
        running.signal(Signal::SIGTERM);
        std::thread::sleep(Duration::from_millis(300));
        assert!(!running.has_ended(), "the first one ended it");
        let begun = Instant::now();
        let outcome = end_by(running, 1, Duration::from_secs(5));
        let took = begun.elapsed();
        println!("figures: second SIGTERM, spool {spool}: ends after {took:?}");
        assert!(took < Duration::from_secs(3), "{took:?}");
        assert_counted(&outcome, spool);
    }
}

fn end_by(running: Running, count: usize, limit: Duration) -> crate::support::launch::Outcome {
    for _ in 0..count {
        running.signal(Signal::SIGTERM);
    }
    let mut running = running;
    let ended = wait_for(limit, || running.has_ended());
    assert!(ended, "still runs: {}", running.stderr());
    running.end()
}

/// Of a thousand records, none was delivered.
fn assert_counted(outcome: &crate::support::launch::Outcome, spool: bool) {
    let stderr = &outcome.stderr;
    assert_eq!(outcome.code(), i32::from(!spool), "{stderr}");
    let lost = told(stderr, "records were not delivered");
    let kept = told(stderr, "records stay in the spool");
    let wanted = if spool { (0, 1000) } else { (1000, 0) };
    assert_eq!((lost, kept), wanted, "{stderr}");
}
