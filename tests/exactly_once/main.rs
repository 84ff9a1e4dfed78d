//! The wire `lh`: every record arrives exactly once, whatever is interrupted.
//!
//! Not tested here: `lh listen`, the other end that users have; what stands in
//! its place keeps to the same protocol.

mod receiver;
#[path = "../cli/support.rs"]
#[allow(dead_code, reason = "it serves other tests as well")]
mod support;

use nix::sys::signal::Signal;
use receiver::{Manner, Receiver};
use support::Folder;

fn lines(numbers: std::ops::Range<usize>) -> String {
    numbers.map(|number| format!("line {number}\n")).collect()
}

/// Numbers that look like chance, and are the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % limit
    }
}

#[track_caller]
fn assert_all(receiver: &Receiver, count: usize) {
    let got = receiver.messages();
    let want: Vec<String> = (0..count).map(|number| format!("line {number}")).collect();
    assert_eq!(got.len(), want.len());
    assert_eq!(got, want);
}

#[test]
fn a_peer_that_hangs_up_again_and_again_has_every_record_once() {
    let mut chance = Chance(1);
    let mut left = 60;
    let receiver = Receiver::new(move || {
        left -= 1;
        let after = 1 + chance.below(300) as usize;
        match chance.below(2) {
            _ if left < 0 => Manner::Patient,
            0 => Manner::Accepting(after),
            _ => Manner::Forgetting(after),
        }
    });
    let folder = Folder::new();
    let ran = folder
        .lh(&format!(
            "-q socket --wire lh --retry-start 1ms --drain-timeout 60s {}",
            receiver.address
        ))
        .with(lines(0..20_000));
    ran.ok();
    assert_all(&receiver, 20_000);
    assert!(receiver.connections() > 20, "{}", receiver.connections());
    assert_eq!(receiver.senders(), 1);
}

#[test]
fn without_an_answer_nothing_counts_as_delivered() {
    let receiver = Receiver::new(|| Manner::Accepting(5));
    let folder = Folder::new();
    let address = receiver.address;
    let ran = folder
        .lh(&format!(
            "--stats socket --wire lh --retry-start 1h --drain-timeout 200ms \
             --dead-letter dead {address}"
        ))
        .with(lines(0..8));
    let ran = ran.code(1).said("8 records were not delivered");
    ran.said("\"delivered\":0");
    assert_eq!(folder.text("dead").lines().count(), 8);
}

#[test]
fn a_peer_that_speaks_something_else_is_told_apart() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    let server = std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().expect("a connection");
        let _ = std::io::Write::write_all(&mut connection, b"HTTP/1.1 400 Bad Request\r\n\r\n");
        connection
    });
    let folder = Folder::new();
    let arguments = format!("socket --wire lh --retry-start 1h --drain-timeout 500ms {address}");
    let ran = folder.lh(&arguments).with("a\n");
    ran.code(1).said("does not speak the wire lh");
    drop(server.join());
}

/// What it had taken over is in the spool, and goes on from there.
#[test]
fn killed_again_and_again_it_sends_every_record_once() {
    let mut chance = Chance(2);
    let receiver = Receiver::new(|| Manner::Patient);
    let folder = Folder::new();
    let arguments = format!(
        "-q socket --wire lh --spool spool --retry-start 1ms {}",
        receiver.address
    );
    let (mut sent, rounds) = (0, 30);
    for _ in 0..rounds {
        let mut running = folder.lh(&arguments).start();
        for _ in 0..1 + chance.below(8) {
            let more = 1 + chance.below(200) as usize;
            running.send(lines(sent..sent + more));
            sent += more;
        }
        // What was read is in the spool: its end is there, or it has arrived.
        let last = format!("line {}\"", sent - 1);
        let spool = folder.path("spool");
        let arrived = || receiver.messages().last() == Some(&format!("line {}", sent - 1));
        support::until("the spool has it", || {
            arrived() || holds(&spool, last.as_bytes())
        });
        running.signal(Signal::SIGKILL);
        running.wait_exit();
    }
    folder.lh(&arguments).with("").ok();
    assert_all(&receiver, sent);
    assert_eq!(
        receiver.senders(),
        1,
        "the spool knows whose records they are"
    );
}

fn holds(folder: &std::path::Path, text: &[u8]) -> bool {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files
        .filter_map(|file| std::fs::read(file.path()).ok())
        .any(|bytes| memchr::memmem::find(&bytes, text).is_some())
}
