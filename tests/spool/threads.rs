//! The two halves in two threads.

use std::sync::atomic::{AtomicBool, Ordering};

use lh::batch::{Frames, OwnedFrames};
use lh::now::Now;

use crate::support::*;

/// One thread puts records in and forgets some when it is full, the other
/// takes them out: each comes out once, on one side or the other, in order.
#[test]
fn records_go_from_thread_to_thread() {
    const COUNT: u64 = 60_000;
    for drops in [false, true] {
        let folder = folder();
        let (mut writer, mut reader, _) = open(&folder.path().join("spool"), 200 << 10);
        let done = AtomicBool::new(false);
        let mut dropped: Vec<u64> = Vec::new();
        let number = |record: &[u8]| -> u64 {
            let text = std::str::from_utf8(record).expect("text");
            text.split(' ')
                .nth(1)
                .expect("a number")
                .parse()
                .expect("it")
        };
        let taken = std::thread::scope(|scope| {
            let done = &done;
            let taker = scope.spawn(move || {
                let mut taken: Vec<u64> = Vec::new();
                let mut out = OwnedFrames::default();
                loop {
                    let over = done.load(Ordering::Acquire);
                    let most = taken.len() % 3000 + 1;
                    match reader.read(&mut out, most).expect("read") {
                        None if over => return taken,
                        None => {
                            // Else there may never be room.
                            reader.acknowledge(u64::MAX).expect("noted");
                            std::thread::yield_now();
                        }
                        Some(run) => {
                            for (want, record) in (run.first..).zip(out.frames().iter()) {
                                assert_eq!(number(record), want);
                                taken.push(want);
                            }
                            out.clear();
                            if !taken.len().is_multiple_of(3) {
                                reader.acknowledge(run.count / 2 + 1).expect("noted");
                            }
                            if taken.len().is_multiple_of(50) {
                                reader.acknowledge(u64::MAX).expect("noted");
                            }
                        }
                    }
                }
            });
            let mut next = 1;
            while next <= COUNT {
                let mut bytes = Vec::new();
                for _ in 0..(next % 50 + 1) {
                    bytes.extend_from_slice(&record(next, (next % 90) as usize));
                    next += 1;
                }
                let frames = Frames::lines(&bytes);
                let mut at = 0;
                while let Err(error) = writer.append(&frames, at, Now::read()) {
                    assert!(error.full, "{error:?}");
                    at = error.done;
                    if drops {
                        writer.drop_oldest(20_000, &mut |frames| {
                            dropped.extend(frames.iter().map(number));
                        });
                    } else {
                        std::thread::yield_now();
                    }
                }
            }
            done.store(true, Ordering::Release);
            taker.join().expect("it takes all")
        });
        assert!(drops || dropped.is_empty());
        assert!(taken.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(dropped.windows(2).all(|pair| pair[0] < pair[1]));
        let mut all = [taken, dropped].concat();
        all.sort_unstable();
        let total = all.len() as u64;
        let missing: Vec<u64> = (1..=COUNT)
            .filter(|number| all.binary_search(number).is_err())
            .collect();
        assert!(missing.is_empty(), "drops: {drops}, missing: {missing:?}");
        assert_eq!(all, (1..=total).collect::<Vec<_>>());
    }
}

/// What is delivered, or forgotten to make room, is gone while somebody looks.
#[test]
fn a_look_does_not_fail_where_segments_come_and_go() {
    let folder = folder();
    let spool = folder.path().join("spool");
    let (mut writer, mut reader, _) = open(&spool, 64 << 10);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 1..30_000 {
                append(&mut writer, &[record(number, 400)]);
                read(&mut reader, 10_000);
                reader.acknowledge(u64::MAX).expect("noted");
            }
            done.store(true, Ordering::Release);
        });
        let mut looks = 0;
        while !done.load(Ordering::Acquire) {
            let looked = lh::spool::inspect(&spool).expect("a look");
            looked.reader(false).expect("a reader");
            looks += 1;
        }
        assert!(looks > 0);
    });
}
