use std::sync::Mutex;

use proptest::prelude::*;

use super::*;
use crate::batch::OwnedFrames;
use crate::diag::Diag;
use crate::handler::fake::{Mood, Remote};
use crate::handler::stage::OnError;
use crate::level::Level;

type Said = Arc<Mutex<Vec<String>>>;

struct Bench {
    remote: Remote,
    outer: Delivery,
    said: Said,
}

/// A queue around a fake, with a delivery around both as in a stage.
fn bench(capacity: u64, overflow: Overflow, mood: Mood, on_error: OnError) -> Bench {
    let said = Said::default();
    let heard = Arc::clone(&said);
    let diag = Diag::new(move |_, text| heard.lock().unwrap().push(text.to_string()));
    let (remote, fake) = Remote::new(mood);
    let inner = Delivery::new(fake, on_error, None, diag);
    let options = QueueOptions {
        capacity,
        overflow,
        ..QueueOptions::default()
    };
    let mut outer = inner.wrap(|inner| Box::new(QueueHandler::new(inner, options)));
    outer.ledger().figures.count_all();
    outer.open(Now::read()).unwrap();
    Bench {
        remote,
        outer,
        said,
    }
}

/// One record of each number.
fn records(numbers: std::ops::Range<usize>) -> OwnedFrames {
    let mut frames = OwnedFrames::default();
    for n in numbers {
        frames
            .buffer()
            .extend_from_slice(format!("{n} ").as_bytes());
        frames.finish();
    }
    frames
}

impl Bench {
    fn send(&mut self, numbers: std::ops::Range<usize>) -> bool {
        self.outer.deliver(&records(numbers).frames(), Now::read())
    }

    /// What the pipeline does at the end, where it waits.
    #[track_caller]
    fn close(&mut self) {
        let begun = Instant::now();
        while !self.outer.close(Now::read(), false) {
            assert!(begun.elapsed() < Duration::from_secs(20));
        }
    }

    /// And where it does not.
    fn give_up(&mut self) {
        if !self.outer.close(Now::read(), true) {
            self.outer.doubt(Now::read());
        }
    }

    fn dropped(&self) -> u64 {
        self.outer.ledger().figures.dropped.get()
    }

    fn waiting(&self) -> u64 {
        self.outer.ledger().figures.waiting.get()
    }
}

fn numbers(text: &str) -> Vec<usize> {
    text.split_whitespace()
        .map(|n| n.parse().unwrap())
        .collect()
}

#[test]
fn everything_comes_out_in_order() {
    let mut bench = bench(64, Overflow::Block, Mood::Willing, OnError::Block);
    for n in 0..50 {
        while !bench.send(n * 40..(n + 1) * 40) {}
    }
    bench.close();
    assert_eq!(numbers(&bench.remote.all()), Vec::from_iter(0..2000));
    assert_eq!((bench.dropped(), bench.waiting()), (0, 0));
    assert_eq!(bench.outer.ledger().figures.delivered.get(), 2000);
    assert_eq!(bench.remote.seen().calls, ["open", "close"]);
    assert!(bench.said.lock().unwrap().is_empty());
}

#[test]
fn a_full_queue_blocks_and_goes_on_where_it_was() {
    let mut bench = bench(16, Overflow::Block, Mood::Slow, OnError::Block);
    assert!(bench.send(0..2));
    bench.remote.until("it was tried", |seen| seen.tries > 0);
    // Two are being delivered.
    assert!(bench.send(2..18));
    assert!(!bench.send(18..30));
    assert_eq!(bench.waiting(), 18);
    bench.remote.set(Mood::Takes(1));
    while !bench.send(18..30) {}
    bench.close();
    assert_eq!(numbers(&bench.remote.all()), Vec::from_iter(0..30));
}

/// It tells the caller soon that it is blocked, and does not make it wait for
/// the handler.
#[test]
fn nobody_waits_long_for_a_handler_that_hangs() {
    for overflow in [Overflow::Block, Overflow::DropNew, Overflow::DropOld] {
        let mut bench = bench(8, overflow, Mood::Hanging, OnError::Block);
        let begun = Instant::now();
        let taken = bench.send(0..1000);
        assert_eq!(taken, overflow != Overflow::Block);
        assert!(begun.elapsed() < Duration::from_secs(10));
        bench.remote.set(Mood::Willing);
    }
}

#[test]
fn what_does_not_fit_is_dropped_and_told_once() {
    let mut bench = bench(10, Overflow::DropNew, Mood::Slow, OnError::Block);
    assert!(bench.send(0..1));
    bench.remote.until("it was tried", |seen| seen.tries > 0);
    for n in 0..10 {
        assert!(bench.send(n * 10 + 1..n * 10 + 11));
    }
    assert_eq!((bench.dropped(), bench.waiting()), (90, 11));
    bench.remote.set(Mood::Willing);
    bench
        .remote
        .until("all is out", |seen| seen.emits.concat().ends_with("10 "));
    assert!(bench.send(200..201));
    bench.close();
    let mut expected = Vec::from_iter(0..11);
    expected.push(200);
    assert_eq!(numbers(&bench.remote.all()), expected);
    let said = bench.said.lock().unwrap();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].contains("target: the queue is full; dropping new records"));
    assert!(said[1].contains("90 records were dropped"));
}

/// Under a steady overload, there is room again and again.
#[test]
fn dropping_that_comes_again_is_told_once() {
    for overflow in [Overflow::DropNew, Overflow::DropOld] {
        let mut bench = bench(10, overflow, Mood::Willing, OnError::Block);
        let mut dropped = 0;
        for round in 0..5 {
            bench.remote.set(Mood::Slow);
            while bench.dropped() == dropped {
                assert!(bench.send(0..10));
            }
            bench.remote.set(Mood::Willing);
            let begun = Instant::now();
            while bench.waiting() > 0 {
                assert!(begun.elapsed() < Duration::from_secs(20), "{round}");
                std::thread::sleep(Duration::from_millis(1));
            }
            dropped = bench.dropped();
            assert!(bench.send(0..1));
        }
        assert_eq!(bench.said.lock().unwrap().len(), 1);
        let now = Now::read();
        let due = bench.outer.deadline(now).unwrap();
        assert!(due > now.mono, "nothing was dropped for too short a time");
        let mut later = now;
        later.mono += CALM;
        bench.outer.tick(later);
        let said = bench.said.lock().unwrap().clone();
        assert_eq!(said.len(), 2, "{said:?}");
        let sum = format!("target: {dropped} records were dropped within");
        assert!(said[1].starts_with(&sum), "{said:?}");
        bench.close();
        assert_eq!(bench.said.lock().unwrap().len(), 2);
    }
}

#[test]
fn the_oldest_make_room_but_for_those_that_are_being_delivered() {
    let mut bench = bench(10, Overflow::DropOld, Mood::Slow, OnError::Block);
    assert!(bench.send(0..1));
    bench.remote.until("it was tried", |seen| seen.tries > 0);
    for n in 0..10 {
        assert!(bench.send(n * 10 + 1..n * 10 + 11));
    }
    assert_eq!((bench.dropped(), bench.waiting()), (90, 11));
    bench.remote.set(Mood::Willing);
    bench.close();
    let mut expected = vec![0];
    expected.extend(91..101);
    assert_eq!(numbers(&bench.remote.all()), expected);
    let said = bench.said.lock().unwrap();
    assert!(said[0].contains("dropping the oldest records"), "{said:?}");
    assert!(said[1].contains("90 records were dropped"), "{said:?}");
}

/// A record that is longer than a piece, and one among short ones.
#[test]
fn long_records_are_never_split() {
    for overflow in [Overflow::Block, Overflow::DropNew, Overflow::DropOld] {
        let mut bench = bench(1000, overflow, Mood::Willing, OnError::Block);
        let mut bytes = b"a\n".to_vec();
        bytes.resize(300_000, b'x');
        bytes.extend_from_slice(b"\nb\n");
        assert!(bench.outer.deliver(&Frames::lines(&bytes), Now::read()));
        bench.close();
        assert_eq!(bench.remote.all().as_bytes(), bytes);
        let whole = bench
            .remote
            .seen()
            .emits
            .iter()
            .all(|emit| emit.ends_with('\n'));
        assert!(whole);
    }
}

#[test]
fn memory_is_bounded_in_bytes() {
    for overflow in [Overflow::DropNew, Overflow::DropOld] {
        memory_is_bounded(overflow);
    }
}

fn memory_is_bounded(overflow: Overflow) {
    let mut bench = bench(1000, overflow, Mood::Hanging, OnError::Block);
    let mut line = vec![b'x'; (20 << 20) - 1];
    line.push(b'\n');
    assert!(bench.send(0..1));
    bench.remote.until("it hangs", |seen| seen.tries > 0);
    for _ in 0..6 {
        assert!(bench.outer.deliver(&Frames::lines(&line), Now::read()));
    }
    assert_eq!(bench.dropped(), 3);
    bench.remote.set(Mood::Willing);
    bench.close();
}

#[test]
fn orders_keep_their_place_among_the_records() {
    let mut bench = bench(100, Overflow::Block, Mood::Hanging, OnError::Block);
    assert!(bench.send(0..3));
    for _ in 0..3 {
        bench.outer.handler().reopen(Now::read());
        bench.outer.handler().roll_over(Now::read());
    }
    assert!(bench.send(3..4));
    bench.outer.handler().flush(Now::read());
    bench.outer.handler().command_ended(true, Now::read());
    bench.remote.set(Mood::Willing);
    bench.close();
    let seen = bench.remote.seen();
    assert_eq!(seen.emits.concat(), "0 1 2 3 ");
    let calls = ["open", "reopen", "roll_over", "flush", "failed", "close"];
    assert_eq!(seen.calls, calls, "equal ones at one place are one");
}

/// SIGHUP may be what helps a handler that is blocked: it does not wait for the
/// records that are.
#[test]
fn what_may_help_a_blocked_handler_comes_at_once() {
    let mut bench = bench(100, Overflow::Block, Mood::Failing, OnError::Block);
    assert!(bench.send(0..50));
    bench.outer.handler().reopen(Now::read());
    bench.remote.until("it was opened anew", |seen| {
        seen.calls.iter().any(|call| call == "reopen")
    });
    assert_eq!(bench.remote.all(), "");
    bench.remote.set(Mood::Willing);
    bench.close();
    assert_eq!(
        bench.remote.all(),
        String::from_iter((0..50).map(|n| format!("{n} ")))
    );
    let said = bench.said.lock().unwrap();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].contains("waiting until that is over"));
}

#[test]
fn the_policy_acts_on_the_thread() {
    let mut dropping = bench(100, Overflow::Block, Mood::Failing, OnError::Drop);
    assert!(dropping.send(0..50));
    dropping.close();
    assert_eq!((dropping.dropped(), dropping.waiting()), (50, 0));
    for (mood, on_error, end) in [
        (Mood::Failing, OnError::Exit, End::Exit),
        (Mood::Broken, OnError::Block, End::Fatal),
    ] {
        let mut bench = bench(100, Overflow::Block, mood, on_error);
        assert!(bench.send(0..50));
        bench.close();
        assert_eq!(bench.outer.ended(), Some(end));
        assert!(bench.send(50..60));
        assert_eq!((bench.dropped(), bench.waiting()), (60, 0));
    }
}

#[test]
fn what_is_given_up_is_counted() {
    let mut bench = bench(100, Overflow::Block, Mood::Failing, OnError::Block);
    assert!(bench.send(0..50));
    bench.remote.until("it was tried", |seen| seen.tries > 0);
    bench.give_up();
    assert_eq!((bench.dropped(), bench.waiting()), (50, 0));
    assert_eq!(bench.remote.seen().calls, ["open", "close"]);
}

#[test]
fn what_can_not_be_made_safe_is_in_doubt() {
    let mut bench = bench(100, Overflow::Block, Mood::Open, OnError::Block);
    assert!(bench.send(0..50));
    bench.give_up();
    assert_eq!(bench.outer.ended(), Some(End::Fatal));
    let said = bench.said.lock().unwrap();
    assert!(
        said.concat()
            .contains("target: its last records are in doubt"),
        "{said:?}"
    );
    assert_eq!(bench.dropped(), 0);
}

#[test]
fn a_thread_that_does_not_come_back_is_left_alone() {
    let mut bench = bench(100, Overflow::Block, Mood::Hanging, OnError::Block);
    assert!(bench.send(0..1));
    bench.remote.until("it hangs", |seen| seen.tries > 0);
    assert!(bench.send(1..51));
    let begun = Instant::now();
    bench.give_up();
    assert!(begun.elapsed() < Duration::from_secs(15));
    assert_eq!(bench.outer.ended(), Some(End::Fatal));
    assert_eq!((bench.dropped(), bench.waiting()), (50, 0));
    let said = bench.said.lock().unwrap();
    assert!(
        said[0].contains("target: 1 records are in doubt"),
        "{said:?}"
    );
    bench.remote.set(Mood::Willing);
}

#[test]
fn without_records_no_thread_is_needed() {
    let (remote, fake) = Remote::new(Mood::Willing);
    let inner = Delivery::new(fake, OnError::Block, None, Diag::silent());
    let mut queue = QueueHandler::new(inner, QueueOptions::default());
    queue.reopen(Now::read());
    queue.close(Now::read(), false).unwrap();
    assert_eq!(remote.seen().calls, ["reopen", "close"]);
}

/// The levels of records go with them, for a buffer that stands behind.
#[test]
fn levels_pass_through() {
    use crate::handler::buffer::{BufferOptions, MemoryHandler};
    let (remote, fake) = Remote::new(Mood::Willing);
    let inner = Delivery::new(fake, OnError::Block, None, Diag::silent());
    let inner = inner.wrap(|inner| Box::new(MemoryHandler::new(inner, BufferOptions::default())));
    let options = QueueOptions::default();
    let mut outer = inner.wrap(|inner| Box::new(QueueHandler::new(inner, options)));
    assert!(outer.look().wants_levels());
    outer.open(Now::read()).unwrap();
    let frames = Frames::listed(b"a b c ", &[2, 4, 6]);
    let frames = frames.with_levels(&[Level::INFO, Level::ERROR, Level::INFO]);
    assert!(outer.deliver(&frames, Now::read()));
    remote.until("the error is out", |seen| seen.emits == ["a b "]);
    while !outer.close(Now::read(), false) {}
    assert_eq!(remote.seen().emits, ["a b ", "c "]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the policy and the timing: what comes out is in order, nothing
    /// twice, and with what was counted as dropped it is all.
    #[test]
    fn nothing_is_doubled_or_uncounted(
        batches in proptest::collection::vec(1usize..40, 1..30),
        takes in proptest::collection::vec(0u64..30, 1..10),
        capacity in 1u64..50,
        policy in 0usize..3,
    ) {
        let overflow = [Overflow::Block, Overflow::DropNew, Overflow::DropOld][policy];
        let mut bench = bench(capacity, overflow, Mood::Willing, OnError::Block);
        let mut moods = takes.iter().cycle();
        let mut sent = 0;
        for count in batches {
            bench.remote.set(match *moods.next().unwrap() {
                0 => Mood::Slow,
                most => Mood::Takes(most),
            });
            while !bench.send(sent..sent + count) {
                bench.remote.set(Mood::Willing);
            }
            prop_assert!(bench.waiting() <= capacity + (capacity / 8).max(1));
            sent += count;
        }
        bench.remote.set(Mood::Willing);
        bench.close();
        let out = numbers(&bench.remote.all());
        prop_assert!(out.windows(2).all(|pair| pair[0] < pair[1]), "{out:?}");
        prop_assert_eq!(out.len() as u64 + bench.dropped(), sent as u64);
        prop_assert_eq!(bench.outer.ledger().figures.delivered.get(), out.len() as u64);
        prop_assert_eq!(bench.waiting(), 0);
        if overflow == Overflow::Block {
            prop_assert_eq!(out.len(), sent);
        }
        if overflow == Overflow::DropOld {
            // The last that fit are never among those that are dropped.
            let last = (capacity as usize).min(sent);
            prop_assert!(out.ends_with(&Vec::from_iter(sent - last..sent)), "{out:?}");
        }
    }
}
