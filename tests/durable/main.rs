//! The wire lh between two of us: what is acknowledged is safe, and comes once.
//!
//! A program of its own, which no other runs beside: its receivers are killed in the
//! moment behind a write.

#[path = "../receiving/listener.rs"]
#[allow(dead_code, reason = "it serves other tests as well")]
mod listener;
#[path = "../trials/support/port.rs"]
mod port;
#[path = "../cli/support.rs"]
#[allow(dead_code, reason = "it serves other tests as well")]
mod support;

use nix::sys::signal::Signal;

use listener::{Listener, listen};
use port::free_address;
use support::{Folder, until};

fn lines(numbers: std::ops::Range<usize>) -> String {
    numbers.map(|number| format!("line {number}\n")).collect()
}

fn text(folder: &Folder, file: &str) -> String {
    match folder.has(file) {
        true => folder.text(file),
        false => String::new(),
    }
}

fn numbers_in(text: &str) -> Vec<usize> {
    let number = |line: &str| {
        line.strip_prefix("line ")
            .and_then(|rest| rest.parse().ok())
    };
    let numbers = text
        .lines()
        .map(|line| number(line).unwrap_or_else(|| panic!("{line:?}")));
    numbers.collect()
}

/// The numbers in a file, as they stand there.
fn numbers(folder: &Folder, file: &str) -> Vec<usize> {
    numbers_in(&text(folder, file))
}

/// The same of a file that is being written: who reads may see a part of a write.
fn numbers_so_far(folder: &Folder, file: &str) -> Vec<usize> {
    let text = text(folder, file);
    numbers_in(&text[..text.rfind('\n').map_or(0, |end| end + 1)])
}

/// A port that others will hardly be given meanwhile.
const CHAIN: &str = "file -f {message} out";

/// Here it is safe, and so acknowledged, only after a sync.
const SYNCED: &str = "file -f {message} --fsync batch out";

fn start<'f>(folder: &'f Folder, address: &str, state: bool) -> Listener<'f> {
    start_with(folder, address, state, CHAIN)
}

fn start_with<'f>(folder: &'f Folder, address: &str, state: bool, chain: &str) -> Listener<'f> {
    let state = if state { " --state state" } else { "" };
    listen(
        folder,
        &format!("listen --tcp {address} --wire lh{state}"),
        chain,
    )
}

/// What a receiver that was killed had done.
struct Killed {
    /// How many bytes of the file it had written.
    written: usize,
    /// How many records it had noted in its state.
    noted: usize,
}

impl Killed {
    fn look(folder: &Folder) -> Killed {
        let state = match folder.has("state") {
            true => std::fs::read(folder.path("state")).expect("its state"),
            false => Vec::new(),
        };
        // The one sender: who it is (16 bytes), how far it was heard, a checksum.
        let noted = state.get(16..24).map_or(0, |number| {
            let number = number.try_into().expect("eight bytes");
            usize::try_from(u64::from_be_bytes(number)).expect("a small number")
        });
        let written = text(folder, "out").len();
        Killed { written, noted }
    }
}

/// What kills did to a file.
#[derive(Debug, Default)]
struct Doubled {
    /// How many records came twice, by kill.
    by_kill: Vec<usize>,
    /// How many lines were cut by a kill.
    cut: usize,
}

impl Doubled {
    /// Reads a file that several receivers wrote, one after the other, with what the
    /// killed ones had done. Each of them has to have written every record behind
    /// those that the one before it had noted, in order, and no other.
    #[track_caller]
    fn read(text: &str, killed: &[Killed], count: usize) -> Doubled {
        let mut doubled = Doubled::default();
        let (mut begin, mut next, mut cut) = (0, 0, None);
        let ends = killed.iter().map(|killed| killed.written);
        for (turn, end) in ends.chain([text.len()]).enumerate() {
            let mut part = &text[begin..end];
            begin = end;
            // Whoever writes next ends what a kill has cut, so that it joins no line.
            if let Some((cut, number)) = cut.take_if(|_| !part.is_empty()) {
                part = part.strip_prefix('\n').expect("a cut line is ended");
                let whole = format!("line {number}\n");
                assert!(whole.starts_with(cut), "{cut:?} is no part of {whole:?}");
                doubled.cut += 1;
            }
            if let Some(killed) = turn.checked_sub(1).map(|turn| &killed[turn]) {
                assert!(killed.noted <= next, "what is noted is written");
                doubled.by_kill.push(next - killed.noted);
                next = killed.noted;
            }
            let complete = part.rfind('\n').map_or(0, |end| end + 1);
            let numbers = numbers_in(&part[..complete]);
            let end = next + numbers.len();
            assert!(
                numbers.iter().copied().eq(next..end),
                "behind {next} records: {:?}",
                numbers.iter().zip(next..).find(|(got, next)| *got != next)
            );
            next = end;
            if complete < part.len() {
                cut = Some((&part[complete..], next));
            }
        }
        assert_eq!((next, cut), (count, None));
        doubled
    }
}

/// Kills a receiver in the midst of its work, again and again.
#[track_caller]
fn doubled_by_kills(chain: &str) -> Doubled {
    let (folder, address) = (Folder::new(), free_address().to_string());
    let mut listener = start_with(&folder, &address, true, chain);
    let sender = format!("-q socket --wire lh --spool spool --retry-start 1ms {address}");
    let mut sender = folder.lh(&sender).start();
    let (rounds, each) = (12, 12_000);
    let mut killed: Vec<Killed> = Vec::new();
    for round in 0..rounds {
        sender.send(lines(round * each..(round + 1) * each));
        // In the midst of what is this one's to write.
        let before = killed.last().map_or(0, |killed| killed.written);
        let some = lines(0..each / 3).len();
        until("it has written some", || {
            let path = folder.path("out");
            std::fs::metadata(path).is_ok_and(|out| out.len() > (before + some) as u64)
        });
        listener.running.signal_now(Signal::SIGKILL);
        drop(listener);
        killed.push(Killed::look(&folder));
        listener = start_with(&folder, &address, true, chain);
    }
    sender.end().ok();
    let said = listener.end().code(0).stderr;
    let text = text(&folder, "out");
    // Where the last kill has cut a line, this one has ended it.
    let last = killed.last().map_or(0, |killed| killed.written);
    let want = match text[..last].ends_with('\n') || last == 0 {
        true => "",
        false => "lh: out: the last line was unfinished, so it was ended\n",
    };
    assert_eq!(said, want);
    let doubled = Doubled::read(&text, &killed, rounds * each);
    println!("{rounds} kills: {doubled:?}");
    doubled
}

#[test]
fn a_line_that_a_kill_has_cut_is_seen() {
    let killed = |(written, noted)| Killed { written, noted };
    let read = |text: &str, killed_at: &[(usize, usize)], count| {
        let killed: Vec<_> = killed_at.iter().copied().map(killed).collect();
        std::panic::catch_unwind(|| Doubled::read(text, &killed, count)).ok()
    };
    let cut = read("line 0\nline 1\nlin\nline 1\nline 2\n", &[(17, 1)], 3);
    let cut = cut.expect("as it should be");
    assert_eq!((cut.by_kill, cut.cut), (vec![1], 1));
    // One that was killed before it wrote.
    let again = read("line 0\nli\nline 1\n", &[(9, 1), (9, 1)], 2);
    assert_eq!(again.expect("as it should be").cut, 1);
    // Joined to the next, of another line, at the end, or behind what was noted.
    for (text, killed_at) in [
        ("line 0\nliline 1\n", &[(9, 1)][..]),
        ("line 0\nlx\nline 1\n", &[(9, 1)]),
        ("line 0\nline 1\nli", &[(7, 1)]),
        ("line 0\nline 0\nline 1\n", &[(7, 1)]),
        ("line 0\nline 1\n", &[(7, 0)]),
        ("line 1\n", &[(0, 1)]),
    ] {
        assert!(read(text, killed_at, 2).is_none(), "{text:?}");
    }
}

/// What was written a moment ago and not yet noted comes twice: records of one turn,
/// if a kill meets the moment.
#[test]
fn a_receiver_that_is_killed_again_and_again_has_all_once() {
    // A turn takes 1 MiB of frames, and each has more than 100 bytes here.
    let turn = (1 << 20) / 100;
    let by_kill = doubled_by_kills(CHAIN).by_kill;
    assert!(by_kill.iter().all(|&count| count <= turn), "{by_kill:?}");
    // It is noted at once, so not each of them meets it.
    assert!(by_kill.contains(&0), "{by_kill:?}");
}

/// What was written and not yet synced comes again, and no more than that.
#[test]
fn a_receiver_that_syncs_and_is_killed_again_and_again_loses_nothing() {
    doubled_by_kills(SYNCED);
}

/// One that is asked to end has said how far it came, whoever keeps it.
#[test]
fn a_receiver_that_is_started_anew_again_and_again_has_all_once() {
    // What is synced only as it ends is safe then as well.
    let late = "file -f {message} --fsync 1h out";
    for (state, chain) in [(true, CHAIN), (false, CHAIN), (true, late), (false, late)] {
        let (folder, address) = (Folder::new(), free_address().to_string());
        let mut listener = start_with(&folder, &address, state, chain);
        let sender = format!("-q socket --wire lh --retry-start 1ms {address}");
        let mut sender = folder.lh(&sender).start();
        let (rounds, each) = (8, 3_000);
        for round in 0..rounds {
            sender.send(lines(round * each..(round + 1) * each));
            until("some are there", || {
                numbers_so_far(&folder, "out").len() > round * each
            });
            listener.end().ok();
            listener = start_with(&folder, &address, state, chain);
        }
        sender.end().ok();
        listener.end().ok();
        assert_eq!(
            numbers(&folder, "out"),
            (0..rounds * each).collect::<Vec<_>>()
        );
    }
}

#[test]
fn a_sender_that_is_killed_again_and_again_is_heard_once() {
    let (folder, address) = (Folder::new(), free_address().to_string());
    let listener = start(&folder, &address, false);
    let arguments = format!("-q socket --wire lh --spool spool --retry-start 1ms {address}");
    let (rounds, each) = (12, 2_000);
    for round in 0..rounds {
        let mut sender = folder.lh(&arguments).start();
        sender.send(lines(round * each..(round + 1) * each));
        // What it has read is in its spool, or has arrived.
        let last = format!("line {}\"", (round + 1) * each - 1);
        until("it has read all", || {
            numbers_so_far(&folder, "out").last() == Some(&((round + 1) * each - 1))
                || segments(&folder)
                    .windows(last.len())
                    .any(|part| part == last.as_bytes())
        });
        sender.signal_now(Signal::SIGKILL);
    }
    folder.lh(&arguments).run().ok();
    listener.end().code(0);
    assert_eq!(
        numbers(&folder, "out"),
        (0..rounds * each).collect::<Vec<_>>()
    );
}

fn segments(folder: &Folder) -> Vec<u8> {
    if !folder.has("spool") {
        return Vec::new();
    }
    let names = folder.names_in("spool").into_iter();
    names
        .filter_map(|name| std::fs::read(folder.path(format!("spool/{name}"))).ok())
        .flatten()
        .collect()
}

/// A chain that holds records in memory has not accepted them.
#[test]
fn what_waits_in_memory_is_not_acknowledged() {
    let (folder, nobody) = (Folder::new(), free_address().to_string());
    let chain = format!("socket --retry-start 1h --drain-timeout 100ms {nobody}");
    let listener = listen(&folder, "listen --tcp 127.0.0.1:0 --wire lh", &chain);
    let address = listener.address("tcp");
    let ran = folder
        .lh(&format!(
            "socket --wire lh --drain-timeout 1s --dead-letter dead {address}"
        ))
        .with(lines(0..10));
    ran.code(1).said("10 records were not delivered");
    assert_eq!(folder.text("dead").lines().count(), 10);
    listener.end().code(1).said("10 records were not delivered");
}

/// A queue says of what is behind it what that says itself.
#[test]
fn what_waits_to_be_synced_behind_a_queue_is_not_acknowledged() {
    for chain in ["file --fsync 1h out", "queue file --fsync 1h out"] {
        let folder = Folder::new();
        let listener = listen(&folder, "listen --tcp 127.0.0.1:0 --wire lh", chain);
        let address = listener.address("tcp");
        let sender = format!("socket --wire lh --drain-timeout 300ms {address}");
        let ran = folder.lh(&sender).with(lines(0..10));
        ran.code(1).said("10 records were not delivered");
        listener.end().ok();
    }
}

#[test]
fn what_is_in_a_spool_is_acknowledged() {
    let (folder, nobody) = (Folder::new(), free_address().to_string());
    let chain = format!("socket --spool spool --retry-start 1h --drain-timeout 100ms {nobody}");
    let listener = listen(&folder, "listen --tcp 127.0.0.1:0 --wire lh", &chain);
    let address = listener.address("tcp");
    folder
        .lh(&format!("socket --wire lh {address}"))
        .with(lines(0..10))
        .ok();
    listener.end().code(0).said("10 records");
    let left = folder.lh("spool cat spool").run();
    assert_eq!(left.out().matches("line ").count(), 10, "{}", left.out());
}

/// Two chains: the slower one decides.
#[test]
fn all_of_the_chain_have_to_accept() {
    let (folder, nobody) = (Folder::new(), free_address().to_string());
    let chain = format!("{CHAIN} + socket --retry-start 1h --drain-timeout 100ms {nobody}");
    let listener = listen(&folder, "listen --tcp 127.0.0.1:0 --wire lh", &chain);
    let address = listener.address("tcp");
    let ran = folder
        .lh(&format!("socket --wire lh --drain-timeout 1s {address}"))
        .with(lines(0..10));
    ran.code(1).said("10 records were not delivered");
    assert_eq!(numbers(&folder, "out").len(), 10);
    listener.end().code(1);
}
