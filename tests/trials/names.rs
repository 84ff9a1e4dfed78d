//! Trial 28: names that can't be looked up, or slowly, or that mean another
//! address now.
//!
//! Each test runs itself in a network of its own, with a resolver's
//! configuration, a hosts file and a name server of its own.
//!
//! Not tested here: resolvers other than the system's C library, DNS over TCP,
//! names of more than a few addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::peers_gone::QUICK;
use crate::support::alone::inside;
use crate::support::{Lh, Manner, Peer, Running, able, folder, records, rounds, sh, wait_for};

const LONG: Duration = Duration::from_secs(30);
const PORT: u16 = 5514;
const NAME: &str = "loghost.test";

fn ready(test: &str) -> bool {
    able(&["root", "unshare", "ip"]) && inside("-mn", module_path!(), test)
}

/// Files in the place of the system's own.
struct Resolver {
    folder: tempfile::TempDir,
}

impl Resolver {
    fn new() -> Resolver {
        let folder = folder();
        let resolver = Resolver { folder };
        resolver.set(
            "resolv.conf",
            "nameserver 127.0.0.1\noptions timeout:1 attempts:2\n",
        );
        resolver.set("hosts", "127.0.0.1 localhost\n");
        resolver.set("nsswitch.conf", "hosts: files dns\n");
        let script = "mount --make-rprivate /
            for name in resolv.conf hosts nsswitch.conf; do
                touch /etc/$name
                mount --bind $name /etc/$name
            done";
        sh(resolver.folder.path(), script);
        resolver
    }

    /// Written in place: it is the file that is mounted.
    fn set(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).expect("a file");
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// What the name server says.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Answer {
    Nothing,
    NoSuchName,
    Failure,
    Late(Duration, Ipv4Addr),
    Address(Ipv4Addr),
}

/// A name server on loopback.
struct NameServer {
    says: Arc<Mutex<Answer>>,
    asked: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl NameServer {
    fn new(says: Answer) -> NameServer {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 53)).expect("port 53");
        let tick = Some(Duration::from_millis(20));
        socket.set_read_timeout(tick).expect("an option");
        let says = Arc::new(Mutex::new(says));
        let (asked, over) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let own = (Arc::clone(&says), Arc::clone(&asked), Arc::clone(&over));
        let thread = std::thread::spawn(move || {
            let (says, asked, over) = own;
            let mut query = [0; 512];
            while !over.load(Ordering::SeqCst) {
                let Ok((length, from)) = socket.recv_from(&mut query) else {
                    continue;
                };
                asked.fetch_add(1, Ordering::SeqCst);
                let says = *says.lock().unwrap();
                if let Answer::Late(by, _) = says {
                    std::thread::sleep(by);
                }
                if let Some(reply) = reply(&query[..length], says) {
                    let _ = socket.send_to(&reply, from);
                }
            }
        });
        NameServer {
            says,
            asked,
            over,
            thread: Some(thread),
        }
    }

    fn say(&self, answer: Answer) {
        *self.says.lock().unwrap() = answer;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// RFC 1035, 4: the header, the question, and an address where it is asked for.
fn reply(query: &[u8], says: Answer) -> Option<Vec<u8>> {
    let name = query.get(12..)?.iter().position(|byte| *byte == 0)?;
    let question = query.get(12..12 + name + 5)?;
    let asks_for_ipv4 = question[name + 1..name + 3] == [0, 1];
    let (code, address) = match says {
        Answer::Nothing => return None,
        Answer::NoSuchName => (3, None),
        Answer::Failure => (2, None),
        Answer::Late(_, address) | Answer::Address(address) => (0, Some(address)),
    };
    let address = address.filter(|_| asks_for_ipv4);
    let mut reply = query[..2].to_vec();
    reply.extend([
        0x81,
        0x80 | code,
        0,
        1,
        0,
        u8::from(address.is_some()),
        0,
        0,
        0,
        0,
    ]);
    reply.extend(question);
    if let Some(address) = address {
        reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
        reply.extend(address.octets());
    }
    Some(reply)
}

fn peer_at(address: impl Into<IpAddr>) -> Peer {
    Peer::at(SocketAddr::new(address.into(), PORT))
}

fn to(name: &str, options: &str) -> Running {
    Lh::new(&format!("socket {name}:{PORT} {QUICK} {options}")).spawn()
}

/// What the resolver says first does not stay: it is asked anew at every
/// attempt, and what waits is there soon after the name is.
#[test]
fn a_name_that_comes_back_is_found_soon() {
    if !ready("a_name_that_comes_back_is_found_soon") {
        return;
    }
    let _resolver = Resolver::new();
    // Nobody at port 53; who says that there is no such name; who can't say;
    // who says nothing.
    for before in [
        None,
        Some(Answer::NoSuchName),
        Some(Answer::Failure),
        Some(Answer::Nothing),
    ] {
        let peer = peer_at(Ipv4Addr::LOCALHOST);
        let server = before.map(NameServer::new);
        let spool = folder();
        // With the pauses that it has by itself.
        let mut running = Lh::new(&format!("socket {NAME}:{PORT} --wire lines --spool"))
            .arg(spool.path().join("spool"))
            .spawn();
        let begun = Instant::now();
        running.write(&records(1..=20_000));
        let taken = begun.elapsed();
        running.expect_stderr("cannot connect");
        let seen = running.stderr();
        let server = server.unwrap_or_else(|| NameServer::new(Answer::Nothing));
        server.say(Answer::Address(Ipv4Addr::LOCALHOST));
        let begun = Instant::now();
        assert!(peer.has(20_000, LONG), "{before:?}: {}", running.stderr());
        let took = begun.elapsed();
        let outcome = running.end().expect(0);
        let report = peer.wait_for_all(1..=20_000, LONG, &outcome.stderr);
        report.assert_perfect(&outcome.stderr);
        println!(
            "figures: {before:?}: 20000 records taken in {taken:.1?}; delivered {took:.1?} after \
             the name was there; {}",
            seen.trim_end()
        );
        assert!(taken < Duration::from_secs(1), "{before:?}: {taken:?}");
        assert!(took < Duration::from_secs(5), "{before:?}: {took:?}");
        assert!(seen.contains(NAME), "{before:?}: {seen}");
    }
}

/// A resolver that hangs holds nothing up: `lh` reads on, is asked to end, and
/// ends.
#[test]
fn a_look_up_that_hangs_holds_nothing_up() {
    if !ready("a_look_up_that_hangs_holds_nothing_up") {
        return;
    }
    let resolver = Resolver::new();
    // Far longer than anybody waits.
    let slow = "nameserver 127.0.0.1\noptions timeout:30 attempts:5\n";
    resolver.set("resolv.conf", slow);
    let server = NameServer::new(Answer::Nothing);
    for spool in [false, true] {
        let spools = folder();
        let mut options = "--drain-timeout=500ms --capacity=100000".to_owned();
        if spool {
            options.push_str(&format!(
                " --spool {}",
                spools.path().join("spool").display()
            ));
        }
        let mut running = to(NAME, &options);
        let asked = server.asked();
        running.write(&records(1..=1));
        assert!(wait_for(LONG, || server.asked() > asked));
        let begun = Instant::now();
        running.write(&records(2..=20_000));
        let taken = begun.elapsed();
        running.close_input();
        let begun = Instant::now();
        let outcome = running.end().expect(i32::from(!spool));
        let ended = begun.elapsed();
        println!(
            "figures: a look-up hangs, spool {spool}: 20000 records taken in {taken:.1?}, end \
             after {ended:.1?}"
        );
        assert!(taken < Duration::from_secs(1), "{taken:?}");
        assert!(ended < Duration::from_millis(2500), "{ended:?}");
        let words = match spool {
            true => "20000 records stay in the spool",
            false => "20000 records were not delivered",
        };
        assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
    }
}

/// Later than a time-out of a second, each time.
#[test]
fn a_resolver_that_is_slower_than_the_time_out_is_heard() {
    if !ready("a_resolver_that_is_slower_than_the_time_out_is_heard") {
        return;
    }
    let resolver = Resolver::new();
    let patient = "nameserver 127.0.0.1\noptions timeout:10 attempts:1\n";
    resolver.set("resolv.conf", patient);
    let late = Duration::from_millis(800);
    let _server = NameServer::new(Answer::Late(late, Ipv4Addr::LOCALHOST));
    let peer = peer_at(Ipv4Addr::LOCALHOST);
    let mut running = to(NAME, "--timeout=500ms --drain-timeout=20s");
    running.write(&records(1..=100));
    let outcome = running.end().expect(0);
    let report = peer.wait_for_all(1..=100, LONG, &outcome.stderr);
    report.assert_perfect(&outcome.stderr);
}

/// The host moves while it is connected to, and while it is not; by DNS and by
/// the hosts file.
#[test]
fn a_host_that_moves_is_followed() {
    if !ready("a_host_that_moves_is_followed") {
        return;
    }
    let resolver = Resolver::new();
    let server = NameServer::new(Answer::Nothing);
    for by_file in [false, true] {
        let moves = |to: Ipv4Addr| match by_file {
            true => resolver.set("hosts", &format!("127.0.0.1 localhost\n{to} {NAME}\n")),
            false => server.say(Answer::Address(to)),
        };
        let hosts = rounds(4, 40);
        let mut running = to(NAME, "");
        for host in 1..=hosts {
            let address = Ipv4Addr::new(127, 0, 1, host as u8);
            moves(address);
            let at = SocketAddr::from((address, PORT));
            let peer = Peer::bound_to(at, move |_| Manner::Close(100));
            let first = host * 100 - 99;
            let begun = Instant::now();
            running.write(&records(first..=first + 99));
            let what = format!("{address}, by file {by_file}: {}", running.stderr());
            let report = peer.wait_for_all(first..=first + 99, LONG, &what);
            report.assert_perfect(&what);
            assert!(begun.elapsed() < Duration::from_secs(5), "{what}");
            assert!(wait_for(LONG, || peer.ended() == 1), "{what}");
        }
        running.end().expect(0);
    }
}

/// `localhost` is ::1 first, and only 127.0.0.1 is listened at; or the other
/// way round.
#[test]
fn the_other_address_of_localhost_is_tried() {
    if !ready("the_other_address_of_localhost_is_tried") {
        return;
    }
    let resolver = Resolver::new();
    let (four, six) = (
        IpAddr::from(Ipv4Addr::LOCALHOST),
        IpAddr::from(Ipv6Addr::LOCALHOST),
    );
    for (listens, hosts) in [
        (four, "::1 localhost\n127.0.0.1 localhost\n"),
        (six, "127.0.0.1 localhost\n::1 localhost\n"),
    ] {
        resolver.set("hosts", hosts);
        let peer = peer_at(listens);
        let mut running = to("localhost", "");
        let begun = Instant::now();
        running.write(&records(1..=10));
        assert!(peer.has(10, LONG), "{listens}: {}", running.stderr());
        let took = begun.elapsed();
        let outcome = running.end().expect(0);
        println!("figures: localhost, and only {listens} listens: {took:.1?}");
        assert!(took < Duration::from_secs(1), "{listens}: {took:?}");
        assert_eq!(outcome.stderr, "", "{listens}");
    }
}
