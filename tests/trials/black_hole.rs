//! Trial 27: a network that swallows packets, under a connection and before it;
//! and a peer that is alive with a closed window, which is none.
//!
//! Each test runs itself in a network of its own, so that nothing else is cut.
//!
//! Not tested here: networks that lose some packets and bring others late, which
//! is TCP's own affair.

use std::time::{Duration, Instant};

use crate::peers_gone::{QUICK, sender, write_one_by_one};
use crate::support::alone::inside;
use crate::support::{Lh, Peer, Running, able, folder, records, rounds, sh, wait_for};

const LONG: Duration = Duration::from_secs(60);

/// A way to make packets vanish.
#[derive(Clone, Copy, Debug)]
enum Hole {
    /// There is no way to anybody.
    Down,
    /// Everything is longer than what is let through.
    All,
    /// Those to the peer.
    To,
    /// Those from the peer: it gets what is sent, and nobody knows.
    From,
}

impl Hole {
    fn open(self, port: u16) {
        let nft = |what: &str| {
            format!(
                "nft add table inet t
                nft 'add chain inet t in {{ type filter hook input priority 0; }}'
                nft add rule inet t in tcp {what} {port} drop"
            )
        };
        run(&match self {
            Hole::Down => "ip link set lo down".to_owned(),
            Hole::All => "tc qdisc add dev lo root tbf rate 8bit burst 10 limit 10".to_owned(),
            Hole::To => nft("dport"),
            Hole::From => nft("sport"),
        });
    }

    fn mend(self) {
        run(match self {
            Hole::Down => "ip link set lo up",
            Hole::All => "tc qdisc del dev lo root",
            Hole::To | Hole::From => "nft delete table inet t",
        });
    }
}

fn run(script: &str) {
    sh("/".as_ref(), script);
}

/// The time-out and what it is given as: the default, where there is time.
fn timeout() -> (Duration, &'static str) {
    match rounds(0, 1) {
        0 => (Duration::from_secs(1), "--timeout=1s"),
        _ => (Duration::from_secs(10), "--timeout=10s"),
    }
}

/// Waits until it has given a connection up, and tells how long that took.
fn notices(running: &Running, since: Instant) -> Duration {
    let broke = || running.stderr().contains("the connection broke");
    assert!(wait_for(LONG, broke), "never: {}", running.stderr());
    since.elapsed()
}

fn under_a_connection(hole: Hole, spool: bool) {
    let folder = folder();
    let (timeout, option) = timeout();
    let peer = Peer::new();
    let port = peer.address.port();
    let mut running = sender(peer.address, spool.then_some(folder.path()))
        .arg(option)
        .arg("--drain-timeout=10m")
        .spawn();
    running.write(&records(1..=1000));
    assert!(peer.has(1000, LONG));
    // As long as it is idle, there is nothing to notice.
    hole.open(port);
    let begun = Instant::now();
    write_one_by_one(&mut running, 1001..=1500);
    let noticed = notices(&running, begun);
    // Where the own machine drops them, its TCP gives up by itself after 7.5 s.
    let own = matches!(hole, Hole::All);
    assert!(own || noticed >= timeout, "{hole:?}: {noticed:?}");
    assert!(noticed < timeout * 3, "{hole:?}: {noticed:?}");
    std::thread::sleep(Duration::from_millis(200));
    hole.mend();
    let begun = Instant::now();
    let outcome = running.end_within(LONG).expect(0);
    let all = begun.elapsed();
    let what = format!("{hole:?}, spool {spool}: {}", outcome.stderr);
    let report = peer.wait_for_all(1..=1500, LONG, &what);
    println!(
        "figures: {hole:?}, spool {spool}, time-out {timeout:?}: noticed after {noticed:.1?}, \
         all there {all:.1?} after it was over, 0 of 1500 lost, {} twice",
        report.doubled.len()
    );
    assert!(outcome.lines() <= 4, "{what}");
}

#[test]
fn what_a_dead_link_swallows_is_sent_again() {
    if !able(&["root", "unshare", "ip", "tc"]) {
        return;
    }
    if inside(
        "-n",
        module_path!(),
        "what_a_dead_link_swallows_is_sent_again",
    ) {
        for spool in [false, true] {
            under_a_connection(Hole::Down, spool);
            under_a_connection(Hole::All, spool);
        }
    }
}

#[test]
fn what_a_filter_swallows_in_one_direction_is_sent_again() {
    const SELF: &str = "what_a_filter_swallows_in_one_direction_is_sent_again";
    if !able(&["root", "unshare", "ip", "nft"]) {
        return;
    }
    if inside("-n", module_path!(), SELF) {
        for spool in [false, true] {
            under_a_connection(Hole::To, spool);
            under_a_connection(Hole::From, spool);
        }
    }
}

/// The application goes on meanwhile, with a spool.
#[test]
fn a_connection_that_is_never_answered_is_tried_again() {
    const SELF: &str = "a_connection_that_is_never_answered_is_tried_again";
    if !able(&["root", "unshare", "ip", "tc"]) {
        return;
    }
    if !inside("-n", module_path!(), SELF) {
        return;
    }
    for hole in [Hole::Down, Hole::All] {
        let (_, option) = timeout();
        let folder = folder();
        let peer = Peer::new();
        hole.open(peer.address.port());
        let lh = sender(peer.address, Some(folder.path())).arg(option);
        let mut running = lh.arg("--drain-timeout=10m").spawn();
        let begun = Instant::now();
        running.write(&records(1..=20_000));
        let taken = begun.elapsed();
        let failed = || running.stderr().contains("cannot connect");
        assert!(wait_for(LONG, failed), "{}", running.stderr());
        let noticed = begun.elapsed();
        hole.mend();
        let begun = Instant::now();
        let outcome = running.end_within(LONG).expect(0);
        let all = begun.elapsed();
        let report = peer.wait_for_all(1..=20_000, LONG, &outcome.stderr);
        report.assert_perfect(&outcome.stderr);
        println!(
            "figures: {hole:?} before the connection: 20000 records taken in {taken:.1?}, noticed \
             after {noticed:.1?}, all there {all:.1?} after it was over"
        );
        assert!(taken < Duration::from_secs(1), "{hole:?}: {taken:?}");
    }
}

/// Longer than the time-out that everything has by default.
#[test]
fn a_peer_that_is_alive_with_a_closed_window_is_not_cut_off() {
    let patience = Duration::from_secs(rounds(15, 60));
    let peer = Peer::holding();
    let options = "--drain-timeout=10m";
    let mut running = Lh::new(&format!("socket {} {QUICK} {options}", peer.address)).spawn();
    // More than all buffers on the way hold.
    let mut line = vec![b'x'; 1023];
    line.push(b'\n');
    running.pour_by(move |stdin| {
        for _ in 0..12 * 1024 {
            if std::io::Write::write_all(stdin, &line).is_err() {
                return;
            }
        }
    });
    std::thread::sleep(patience);
    assert_eq!(running.stderr(), "", "after {patience:?}");
    peer.release();
    let outcome = running.end_within(LONG).expect(0);
    assert_eq!(outcome.stderr, "");
    wait_for(LONG, || peer.figures().1 >= 12 << 20);
    assert_eq!(
        peer.figures(),
        (1, 12 << 20),
        "one connection, each byte once"
    );
    println!("figures: window closed for {patience:?}: not cut off");
}

/// Where the window was closed first, only the system's probes of it tell, and
/// those become rare.
#[test]
fn a_black_hole_behind_a_closed_window_loses_nothing() {
    const SELF: &str = "a_black_hole_behind_a_closed_window_loses_nothing";
    if !able(&["root", "unshare", "ip", "tc"]) {
        return;
    }
    if !inside("-n", module_path!(), SELF) {
        return;
    }
    let (timeout, option) = timeout();
    let closed = Duration::from_secs(rounds(1, 30));
    let peer = Peer::holding();
    let mut running = sender(peer.address, None)
        .arg(option)
        .arg("--drain-timeout=10m")
        .spawn();
    let count = 100_000;
    running.pour(records(1..=count));
    std::thread::sleep(closed);
    Hole::All.open(peer.address.port());
    let begun = Instant::now();
    let broke = || running.stderr().contains("the connection broke");
    let noticed = wait_for(Duration::from_secs(120), broke).then(|| begun.elapsed());
    println!(
        "figures: window closed for {closed:?}, then nothing, time-out {timeout:?}: noticed after \
         {noticed:.1?}"
    );
    Hole::All.mend();
    peer.release();
    let outcome = running.end_within(LONG).expect(0);
    peer.wait_for_all(1..=count, LONG, &outcome.stderr);
    assert!(noticed.is_some(), "never");
}

/// Nobody is cut off because the line is slow to say so.
#[test]
fn an_idle_connection_that_was_cut_loses_nothing() {
    const SELF: &str = "an_idle_connection_that_was_cut_loses_nothing";
    if !able(&["root", "unshare", "ip", "ss"]) {
        return;
    }
    if !inside("-n", module_path!(), SELF) {
        return;
    }
    let peer = Peer::new();
    let mut running = sender(peer.address, None).spawn();
    let cuts = rounds(10, 100);
    for cut in 0..cuts {
        let first = cut * 10 + 1;
        running.write(&records(first..=first + 9));
        assert!(peer.has(first + 9, LONG), "{}", running.stderr());
        // As a firewall does that forgets it: both ends are told nothing good.
        run(&format!("ss -K dport = {}", peer.address.port()));
    }
    let outcome = running.end_within(LONG).expect(0);
    let report = peer.wait_for_all(1..=cuts * 10, LONG, &outcome.stderr);
    println!(
        "figures: cut {cuts} times while idle: 0 of {} lost, {} twice",
        cuts * 10,
        report.doubled.len()
    );
    assert!(peer.figures().0 > 1, "ss has cut nothing");
}
