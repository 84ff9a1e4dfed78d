//! Trials 11 and 12: a local daemon that is not there, that is restarted with
//! datagrams unread, or that does not read for a while.
//!
//! Not tested here: real daemons (tests/network has rsyslogd).

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::support::alone::inside;
use crate::support::records::record;
use crate::support::{Lh, Report, able, folder, records, rounds, sh, wait_for};

const LONG: Duration = Duration::from_secs(30);
const QUICK: &str = "--retry-start 20ms --retry-max 100ms";

/// What a test of a handler is given: words before the path of the socket.
const HANDLERS: [&str; 2] = ["syslog --address", "udp --wire lines"];

/// A daemon that reads datagrams.
struct Daemon {
    path: PathBuf,
    got: Arc<Mutex<Vec<u8>>>,
    reads: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Daemon {
    /// Whoever was there before is replaced by a new socket.
    fn start(path: &Path, got: &Arc<Mutex<Vec<u8>>>) -> Daemon {
        let _ = std::fs::remove_file(path);
        let socket = UnixDatagram::bind(path).expect("a socket");
        let tick = Some(Duration::from_millis(20));
        socket.set_read_timeout(tick).expect("an option");
        let (reads, over) = (
            Arc::new(AtomicBool::new(true)),
            Arc::<AtomicBool>::default(),
        );
        let own = (Arc::clone(got), Arc::clone(&reads), Arc::clone(&over));
        let thread = std::thread::spawn(move || {
            let (got, reads, over) = own;
            let mut buffer = [0; 4096];
            while !over.load(Ordering::SeqCst) {
                if !reads.load(Ordering::SeqCst) {
                    std::thread::sleep(Duration::from_millis(1));
                    continue;
                }
                let Ok(count) = socket.recv(&mut buffer) else {
                    continue;
                };
                let text = String::from_utf8_lossy(&buffer[..count]);
                let at = text.find("rec ").expect("a record");
                let mut got = got.lock().unwrap();
                got.extend_from_slice(text[at..].trim_end().as_bytes());
                got.push(b'\n');
            }
        });
        Daemon {
            path: path.to_owned(),
            got: Arc::clone(got),
            reads,
            over,
            thread: Some(thread),
        }
    }

    fn read(&self, does: bool) {
        self.reads.store(does, Ordering::SeqCst);
    }

    fn report(&self, last: u64) -> Report {
        Report::of_bytes(&self.got.lock().unwrap(), 1..=last)
    }

    fn wait_for_all(&self, last: u64, what: &str) -> Report {
        let has = |got: &Mutex<Vec<u8>>| {
            let got = got.lock().unwrap();
            memchr::memmem::find(&got, &record(last)).is_some()
        };
        wait_for(LONG, || has(&self.got));
        let report = self.report(last);
        assert!(report.lost.is_empty(), "{what}: {report}");
        report
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Trial 11.
#[test]
fn where_no_daemon_is_the_status_tells_and_the_message_helps() {
    const SELF: &str = "where_no_daemon_is_the_status_tells_and_the_message_helps";
    if !able(&["root", "unshare", "ip"]) || !inside("-mn", module_path!(), SELF) {
        return;
    }
    let folder = folder();
    let script = "mount --make-rprivate /
        mkdir dev
        mount -t tmpfs tmpfs dev
        mknod dev/null c 1 3
        mknod dev/urandom c 1 9
        mount --bind dev /dev";
    sh(folder.path(), script);
    let begun = Instant::now();
    let outcome = Lh::new("syslog --drain-timeout 300ms")
        .feed("hello\n")
        .expect(1);
    let (stderr, took) = (&outcome.stderr, begun.elapsed());
    println!(
        "figures: no /dev/log: status 1 after {took:?}: {}",
        stderr.trim_end()
    );
    for words in ["/dev/log", "1 records were not delivered", "--address"] {
        assert!(stderr.contains(words), "no {words:?}: {stderr}");
    }
    assert!(took < Duration::from_secs(2), "{took:?}");
    // With a spool it is safe, and sent when there is one.
    let spool = folder.path().join("spool");
    let lh = Lh::new("syslog --drain-timeout 300ms --spool").arg(&spool);
    let outcome = lh.feed(records(1..=100)).expect(0);
    assert!(
        outcome.stderr.contains("100 records stay"),
        "{}",
        outcome.stderr
    );
    let daemon = Daemon::start("/dev/log".as_ref(), &Arc::default());
    let outcome = Lh::new("spool retry").arg(&spool).feed("").expect(0);
    let report = daemon.wait_for_all(100, &outcome.stderr);
    report.assert_perfect(&outcome.stderr);
}

/// Trial 12: what it had not read when it ended is sent to the next one.
#[test]
fn a_daemon_that_is_restarted_with_unread_datagrams_loses_nothing() {
    for handler in HANDLERS {
        for spool in [false, true] {
            let folder = folder();
            let path = folder.path().join("log");
            let got = Arc::default();
            let mut lh = Lh::new(handler).arg(&path);
            for word in QUICK.split(' ') {
                lh = lh.arg(word);
            }
            if spool {
                lh = lh.arg("--spool").arg(folder.path().join("spool"));
            }
            let mut running = lh.spawn();
            let restarts = rounds(5, 100);
            for restart in 0..restarts {
                let daemon = Daemon::start(&path, &got);
                let first = restart * 100 + 1;
                running.write(&records(first..=first + 49));
                daemon.wait_for_all(first + 49, &running.stderr());
                daemon.read(false);
                std::thread::sleep(Duration::from_millis(25));
                running.write(&records(first + 50..=first + 99));
                std::thread::sleep(Duration::from_millis(60));
                drop(daemon);
            }
            let last = restarts * 100;
            let daemon = Daemon::start(&path, &got);
            let outcome = running.end().expect(0);
            let what = format!("{handler}, spool {spool}: {}", outcome.stderr);
            let report = daemon.wait_for_all(last, &what);
            println!(
                "figures: {handler}, spool {spool}: {restarts} restarts with unread datagrams: 0 \
                 of {last} lost, {} twice",
                report.doubled.len()
            );
            assert!(
                report.torn.is_empty() && report.foreign.is_empty(),
                "{what}"
            );
        }
    }
}

/// Trial 12: the application goes on as long as there is room in the queue.
#[test]
fn a_daemon_that_does_not_read_does_not_hold_up_the_application() {
    let pause = Duration::from_secs(rounds(3, 10));
    for handler in HANDLERS {
        let folder = folder();
        let daemon = Daemon::start(&folder.path().join("log"), &Arc::default());
        let mut running = Lh::new(handler).arg(&daemon.path).spawn();
        running.write(&records(1..=100));
        daemon.wait_for_all(100, handler);
        daemon.read(false);
        let begun = Instant::now();
        let mut longest = Duration::ZERO;
        for number in 101..=5000 {
            let begun = Instant::now();
            running.write(&record(number));
            longest = longest.max(begun.elapsed());
        }
        std::thread::sleep(pause.saturating_sub(begun.elapsed()));
        assert_eq!(running.stderr(), "", "{handler}");
        daemon.read(true);
        let outcome = running.end().expect(0);
        let report = daemon.wait_for_all(5000, &outcome.stderr);
        report.assert_perfect(handler);
        println!("figures: {handler}: does not read for {pause:?}: longest write {longest:?}");
        assert!(
            longest < Duration::from_millis(100),
            "{handler}: {longest:?}"
        );
        assert_eq!(outcome.stderr, "", "{handler}");
    }
}
