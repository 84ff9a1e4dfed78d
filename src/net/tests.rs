//! Connections to listeners in the same process, on Linux, which alone tells what
//! has arrived.
//!
//! Not tested here: what the network itself does, but for a link that is down.

use std::io::{self, Read};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;
use std::time::{Duration, Instant};

use socket2::{Domain, SockRef, Socket, Type};

use super::*;
use crate::batch::Frames;

const LONG: Duration = Duration::from_secs(10);

fn to(address: SocketAddr, transport: Transport) -> Connector {
    let address = Address::parse(&address.to_string(), None).unwrap();
    Connector::new(address, transport, LONG)
}

fn at(path: &Path, transport: Transport) -> Connector {
    Connector::new(Address::Path(path.to_owned()), transport, LONG)
}

/// A connection and its other end, with a small buffer there.
fn pair() -> (Connection, TcpStream) {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    listener.set_recv_buffer_size(4096).unwrap();
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    listener.bind(&any.into()).unwrap();
    listener.listen(8).unwrap();
    let listener = TcpListener::from(listener);
    let address = listener.local_addr().unwrap();
    let connection = to(address, Transport::Tcp).connect().unwrap();
    (connection, listener.accept().unwrap().0)
}

/// Waits for something that happens in the system: an acknowledgement has no
/// event.
fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let started = Instant::now();
    while !happened() {
        assert!(started.elapsed() < LONG, "never: {what}");
        std::thread::yield_now();
    }
}

fn acknowledged(connection: &Connection) -> u64 {
    connection.progress().unwrap().acknowledged
}

/// Writes until there is no room.
fn fill(connection: &mut Connection) -> u64 {
    connection.set_patience(Duration::from_millis(50));
    let bytes = [b'x'; 65_536];
    loop {
        match connection.write(&bytes) {
            Ok(_) => {}
            Err(error) => {
                assert_eq!(error.kind(), io::ErrorKind::WouldBlock, "{error}");
                return connection.progress().unwrap().written;
            }
        }
    }
}

fn is_open(connection: &mut Connection) -> bool {
    matches!(connection.peer(), PeerState::Open { .. })
}

/// The end of a stream, once it is seen.
fn end_of(connection: &mut Connection) -> PeerState {
    connection.wait(true, false, LONG).unwrap();
    connection.peer()
}

#[test]
fn what_is_written_is_read_and_acknowledged() {
    let (mut connection, mut other) = pair();
    assert_eq!(connection.write(b"hello\n").unwrap(), 6);
    assert!(connection.flush().unwrap());
    until("acknowledged", || acknowledged(&connection) == 6);
    let mut read = [0; 6];
    other.read_exact(&mut read).unwrap();
    assert_eq!(&read, b"hello\n");
    assert_eq!(connection.max_datagram(), None);
    let nothing = connection.read(&mut read).unwrap_err();
    assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
    assert!(matches!(
        connection.peer(),
        PeerState::Open { readable: false }
    ));
    io::Write::write_all(&mut other, b"ack").unwrap();
    connection.wait(true, false, LONG).unwrap();
    assert!(matches!(
        connection.peer(),
        PeerState::Open { readable: true }
    ));
    assert_eq!(connection.read(&mut read).unwrap(), 3);
}

#[test]
fn a_receiver_that_closes_is_seen_before_anything_is_lost() {
    let (mut connection, mut other) = pair();
    connection.write(b"hello\n").unwrap();
    other.read_exact(&mut [0; 6]).unwrap();
    drop(other);
    assert!(matches!(end_of(&mut connection), PeerState::Closed));
    assert_eq!(acknowledged(&connection), 6);
    assert_eq!(connection.read(&mut [0; 9]).unwrap(), 0);
    // What is written now comes back as a reset, and is not acknowledged.
    connection.write(b"lost\n").unwrap();
    assert!(matches!(
        end_of(&mut connection),
        PeerState::Closed | PeerState::Reset(_)
    ));
    until("reset", || matches!(connection.peer(), PeerState::Reset(_)));
    let progress = connection.progress().unwrap();
    assert_eq!((progress.written, progress.acknowledged), (11, 6));
    assert!(connection.write(b"x").is_err());
    assert!(matches!(connection.peer(), PeerState::Reset(_)), "it stays");
}

#[test]
fn a_reset_leaves_the_count_of_what_arrived() {
    let (mut connection, other) = pair();
    let written = fill(&mut connection);
    let before = acknowledged(&connection);
    assert!(before > 0 && before < written, "{before} of {written}");
    SockRef::from(&other)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
    drop(other);
    assert!(matches!(end_of(&mut connection), PeerState::Reset(_)));
    let after = acknowledged(&connection);
    assert!(after >= before && after < written, "{after} of {written}");
    let error = connection.write(b"x").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
}

#[test]
fn our_own_end_is_no_byte() {
    let (mut connection, mut other) = pair();
    connection.write(b"hello\n").unwrap();
    connection.finish().unwrap();
    connection.finish().unwrap();
    until("acknowledged", || acknowledged(&connection) == 6);
    let mut all = String::new();
    other.read_to_string(&mut all).unwrap();
    assert_eq!(all, "hello\n");
    assert!(connection.write(b"x").is_err());
    assert!(is_open(&mut connection));
}

/// The case that TCP_USER_TIMEOUT gets wrong: the window stays closed.
#[test]
fn a_receiver_that_does_not_read_is_slow_and_not_gone() {
    let (mut connection, mut other) = pair();
    let written = fill(&mut connection);
    // Long enough for an answer of a busy machine, and shorter than what passes
    // between two probes of the window by the end.
    let most = Duration::from_secs(1);
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(4) {
        assert!(!connection.is_stuck(most), "{:?}", started.elapsed());
        connection
            .wait(true, false, Duration::from_millis(10))
            .unwrap();
    }
    assert!(is_open(&mut connection));
    // It reads at last.
    let reader = std::thread::spawn(move || {
        let mut all = Vec::new();
        other.read_to_end(&mut all).unwrap();
        all.len() as u64
    });
    connection.set_patience(Duration::MAX);
    connection.write(b"end\n").unwrap();
    connection.finish().unwrap();
    assert_eq!(reader.join().unwrap(), written + 4);
    assert_eq!(acknowledged(&connection), written + 4);
}

#[test]
fn a_write_waits_no_longer_than_it_may() {
    let (mut connection, _other) = pair();
    fill(&mut connection);
    connection.set_patience(Duration::ZERO);
    let error = connection.write(b"x").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    connection.set_patience(Duration::from_millis(80));
    let started = Instant::now();
    let error = connection.write(b"x").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    assert!(started.elapsed() >= Duration::from_millis(80));
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[test]
fn the_time_out_counts_over_all_writes() {
    let (mut listening, _other) = pair();
    drop(listening.finish());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut connector = to(listener.local_addr().unwrap(), Transport::Tcp);
    connector.timeout = Duration::from_millis(300);
    let mut connection = connector.connect().unwrap();
    connection.set_patience(Duration::from_millis(20));
    let mut refused = 0;
    let error = loop {
        match connection.write(&[b'x'; 65_536]) {
            Ok(_) => refused = 0,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => refused += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert!((2..=15).contains(&refused), "{refused}");
}

#[test]
fn a_port_where_nobody_listens_is_refused() {
    let unused = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = unused.local_addr().unwrap();
    drop(unused);
    let error = to(address, Transport::Tcp).connect().unwrap_err();
    assert!(!error.is_permanent() && !error.is_timeout());
    assert_eq!(
        error.to_string(),
        format!("can't connect to {address}: Connection refused")
    );
}

#[test]
fn a_transport_and_its_address_belong_together() {
    let path = Path::new("/tmp/lh.sock");
    let error = at(path, Transport::Tcp).connect().unwrap_err();
    assert_eq!(
        error.to_string(),
        "TCP can't reach /tmp/lh.sock: it needs HOST:PORT"
    );
    assert!(error.is_permanent());
    let here = SocketAddr::from(([127, 0, 0, 1], 9));
    let error = to(here, Transport::UnixStream).connect().unwrap_err();
    assert!(error.to_string().contains("path of a Unix socket"));
}

#[test]
fn the_program_behind_a_unix_stream_has_read_what_counts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sock");
    let listener = UnixListener::bind(&path).unwrap();
    let mut connection = at(&path, Transport::UnixStream).connect().unwrap();
    let mut other = listener.accept().unwrap().0;
    assert_eq!(connection.write(b"hello\n").unwrap(), 6);
    assert_eq!(acknowledged(&connection), 0);
    other.read_exact(&mut [0; 6]).unwrap();
    assert_eq!(acknowledged(&connection), 6);
    let written = fill(&mut connection);
    other.read_exact(&mut vec![0; 70_000]).unwrap();
    let read = acknowledged(&connection);
    assert!(read <= 70_006, "{read} of {written}");
    // It closes and has not read all: nothing more counts as read.
    drop(other);
    assert!(matches!(end_of(&mut connection), PeerState::Reset(_)));
    assert!(acknowledged(&connection) <= 70_006);
    assert!(connection.write(b"x").is_err());
    assert!(acknowledged(&connection) <= 70_006);
}

/// The order in which the reset is met must not matter.
#[test]
fn a_reset_unix_stream_never_counts_as_read() {
    type Look = fn(&mut Connection);
    let looks: [Look; 4] = [
        |_| {},
        |connection| drop(connection.write(b"x")),
        |connection| drop(connection.read(&mut [0])),
        |connection| drop(connection.finish()),
    ];
    for look in looks {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sock");
        let listener = UnixListener::bind(&path).unwrap();
        let mut connection = at(&path, Transport::UnixStream).connect().unwrap();
        let other = listener.accept().unwrap().0;
        connection.write(b"hello\n").unwrap();
        drop(other);
        look(&mut connection);
        assert_eq!(acknowledged(&connection), 0);
        assert!(matches!(connection.peer(), PeerState::Reset(_)));
        assert_eq!(acknowledged(&connection), 0);
    }
}

#[test]
fn a_unix_stream_that_was_read_and_closed_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sock");
    let listener = UnixListener::bind(&path).unwrap();
    let mut connection = at(&path, Transport::UnixStream).connect().unwrap();
    let mut other = listener.accept().unwrap().0;
    connection.write(b"hello\n").unwrap();
    other.read_exact(&mut [0; 6]).unwrap();
    drop(other);
    assert!(matches!(end_of(&mut connection), PeerState::Closed));
    assert_eq!(acknowledged(&connection), 6);
    assert!(connection.write(b"x").is_err());
    assert!(matches!(connection.peer(), PeerState::Closed));
    assert_eq!(acknowledged(&connection), 6);
}

#[test]
fn a_listener_whose_queue_is_full_costs_the_time_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sock");
    let listener = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
    let address = socket2::SockAddr::unix(&path).unwrap();
    listener.bind(&address).unwrap();
    listener.listen(0).unwrap();
    let mut connector = at(&path, Transport::UnixStream);
    connector.timeout = Duration::from_millis(50);
    let _waiting = connector.connect().unwrap();
    let started = Instant::now();
    let error = connector.connect().unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[test]
fn unix_sockets_of_the_other_type_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sock");
    let error = at(&path, Transport::UnixDatagram).connect().unwrap_err();
    let text = error.to_string();
    assert!(text.contains("sock: No such file"), "{text}");
    assert!(!error.is_permanent());
    let _listener = UnixListener::bind(&path).unwrap();
    let error = at(&path, Transport::UnixDatagram).connect().unwrap_err();
    assert!(error.is_other_type() && error.is_permanent(), "{error}");
    let long = folder.path().join("x".repeat(200));
    let error = at(&long, Transport::UnixStream).connect().unwrap_err();
    assert!(error.to_string().contains("too long"), "{error}");
}

#[test]
fn unix_datagrams_are_as_long_as_they_may_be() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sock");
    let receiver = UnixDatagram::bind(&path).unwrap();
    let mut connection = at(&path, Transport::UnixDatagram).connect().unwrap();
    let most = connection.max_datagram().unwrap();
    assert!(most > 200_000, "{most}");
    let mut buffer = vec![0; most + 1];
    connection.send(&buffer[..most]).unwrap();
    assert_eq!(acknowledged(&connection), 0);
    assert_eq!(receiver.recv(&mut buffer).unwrap(), most);
    assert_eq!(acknowledged(&connection), most as u64);
    let error = connection.send(&buffer).unwrap_err();
    assert!(is_too_long(&error), "{error}");
    // It is no reason to send nothing more.
    connection.send(b"next").unwrap();
    assert!(is_open(&mut connection));
    assert_eq!(receiver.recv(&mut buffer).unwrap(), 4);
}

#[test]
fn a_full_queue_of_datagrams_makes_wait() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sock");
    let receiver = UnixDatagram::bind(&path).unwrap();
    let mut connection = at(&path, Transport::UnixDatagram).connect().unwrap();
    connection.set_patience(Duration::ZERO);
    let lines = b"record\n".repeat(100_000);
    let frames = Frames::lines(&lines);
    let (sent, result) = connection.send_many(&frames, 0, Some(b'\n'));
    assert_eq!(result.unwrap_err().kind(), io::ErrorKind::WouldBlock);
    assert!(sent > 0 && sent < 100_000, "{sent}");
    let mut buffer = [0; 100];
    for _ in 0..sent {
        assert_eq!(receiver.recv(&mut buffer).unwrap(), 6);
    }
    receiver.set_nonblocking(true).unwrap();
    assert!(receiver.recv(&mut buffer).is_err(), "not one more was sent");
    // A reader makes room.
    receiver.set_nonblocking(false).unwrap();
    let reader = std::thread::spawn(move || {
        for _ in 0..1000 {
            receiver.recv(&mut [0; 100]).unwrap();
        }
        receiver
    });
    connection.set_patience(Duration::MAX);
    let some = Frames::lines(&lines[..7000]);
    let (sent, result) = connection.send_many(&some, 0, None);
    result.unwrap();
    assert_eq!(sent, 1000);
    drop(reader.join().unwrap());
}

#[test]
fn a_daemon_that_was_restarted_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sock");
    let first = UnixDatagram::bind(&path).unwrap();
    let connector = at(&path, Transport::UnixDatagram);
    let mut connection = connector.connect().unwrap();
    connection.send(b"unread").unwrap();
    assert!(connection.is_same_peer());
    drop(first);
    assert!(!connection.is_same_peer(), "nobody is behind the path");
    assert_eq!(acknowledged(&connection), 0, "it was thrown away");
    assert_eq!(
        connection.send(b"x").unwrap_err().kind(),
        io::ErrorKind::ConnectionRefused
    );
    std::fs::remove_file(&path).unwrap();
    let second = UnixDatagram::bind(&path).unwrap();
    assert!(!connection.is_same_peer(), "it is another one");
    assert_eq!(acknowledged(&connection), 0);
    let mut connection = connector.connect().unwrap();
    assert!(connection.is_same_peer());
    connection.send(b"again").unwrap();
    assert_eq!(second.recv(&mut [0; 9]).unwrap(), 5);
}

#[test]
fn abstract_sockets_have_a_name_and_no_file() {
    use std::os::linux::net::SocketAddrExt;
    let name = format!("lh-test-{}", std::process::id());
    let address = std::os::unix::net::SocketAddr::from_abstract_name(&name).unwrap();
    let receiver = UnixDatagram::bind_addr(&address).unwrap();
    let address = Address::parse(&format!("@{name}"), None).unwrap();
    let connector = Connector::new(address, Transport::UnixDatagram, LONG);
    let mut connection = connector.connect().unwrap();
    connection.send(b"hello").unwrap();
    assert_eq!(receiver.recv(&mut [0; 9]).unwrap(), 5);
    assert!(connection.is_same_peer());
    drop(receiver);
    assert!(!connection.is_same_peer());
}

#[test]
fn each_record_is_a_datagram() {
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    receiver.set_read_timeout(Some(LONG)).unwrap();
    let connector = to(receiver.local_addr().unwrap(), Transport::Udp);
    let mut connection = connector.connect().unwrap();
    assert_eq!(connection.max_datagram(), Some(65_507));
    let lines: String = (0..150).map(|n| format!("{n}\n")).collect();
    let frames = Frames::lines(lines.as_bytes());
    let (sent, result) = connection.send_many(&frames, 2, Some(b'\n'));
    result.unwrap();
    assert_eq!(sent, 149);
    let mut buffer = [0; 100];
    for n in 1..150 {
        let length = receiver.recv(&mut buffer).unwrap();
        assert_eq!(buffer[..length], *n.to_string().as_bytes());
    }
    let progress = connection.progress().unwrap();
    assert_eq!(progress.written, progress.acknowledged);
    let whole = Frames::lines(b"with its end\n");
    connection.send_many(&whole, 0, None).1.unwrap();
    assert_eq!(receiver.recv(&mut buffer).unwrap(), 13);
}

#[test]
fn a_datagram_that_is_too_long_stops_behind_those_before_it() {
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    receiver.set_read_timeout(Some(LONG)).unwrap();
    let connector = to(receiver.local_addr().unwrap(), Transport::Udp);
    let mut connection = connector.connect().unwrap();
    let most = connection.max_datagram().unwrap();
    let mut lines = b"one\ntwo\n".to_vec();
    lines.extend(b"x".repeat(most + 1));
    lines.extend(b"\nthree\n");
    let frames = Frames::lines(&lines);
    let (sent, result) = connection.send_many(&frames, 0, Some(b'\n'));
    assert!(is_too_long(&result.unwrap_err()));
    assert_eq!(sent, 2);
    let after = frames.next(8);
    let (sent, result) = connection.send_many(&frames, after, Some(b'\n'));
    result.unwrap();
    assert_eq!(sent, 1);
    let mut buffer = vec![0; most];
    for record in ["one", "two", "three"] {
        let length = receiver.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], record.as_bytes());
    }
    connection.send(&buffer).unwrap();
    assert_eq!(receiver.recv(&mut vec![0; most + 1]).unwrap(), most);
}

#[test]
fn a_refused_datagram_is_told_once() {
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = receiver.local_addr().unwrap();
    drop(receiver);
    let mut connection = to(address, Transport::Udp).connect().unwrap();
    connection.send(b"into nothing").unwrap();
    connection.wait(true, false, LONG).unwrap();
    let PeerState::Reset(error) = connection.peer() else {
        panic!("nothing was told");
    };
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    assert!(is_open(&mut connection));
    connection.send(b"into nothing").unwrap();
    connection.wait(true, false, LONG).unwrap();
    let (sent, result) = connection.send_many(&Frames::lines(b"a\nb\n"), 0, None);
    assert_eq!(sent, 0);
    let error = result.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
}

#[test]
fn localhost_is_tried_on_both_families_for_datagrams() {
    let receiver = UdpSocket::bind("[::1]:0").unwrap();
    let port = receiver.local_addr().unwrap().port();
    let address = Address::Inet {
        host: "localhost".to_owned(),
        port,
    };
    let connector = Connector::new(address, Transport::Udp, LONG);
    let arrived = (0..2).any(|_| {
        let mut connection = connector.connect().unwrap();
        connection.send(b"hello").unwrap();
        connection
            .wait(true, false, Duration::from_millis(100))
            .unwrap();
        is_open(&mut connection)
    });
    if !arrived {
        println!("skipped: localhost has no IPv6 address here");
    }
}

/// Runs itself again in a network of its own, where the link can be cut.
#[test]
fn a_network_that_swallows_everything_is_noticed() {
    const INSIDE: &str = "LH_TEST_OWN_NETWORK";
    if std::env::var_os(INSIDE).is_some() {
        run("ip link set lo up");
        cut_off("ip link set lo down", "ip link set lo up", false);
        // Packets longer than a byte are dropped, also those that ask whether
        // there is room again.
        let (cut, mend) = (
            "tc qdisc add dev lo root tbf rate 8bit burst 10 limit 10",
            "tc qdisc del dev lo root",
        );
        cut_off(cut, mend, false);
        cut_off(cut, mend, true);
        return;
    }
    let name = "net::tests::a_network_that_swallows_everything_is_noticed";
    let inside = std::process::Command::new("unshare")
        .args(["--net", "--map-root-user"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, "1")
        .output();
    let has = |program| {
        let asked = std::process::Command::new(program).arg("-V").output();
        asked.is_ok_and(|output| output.status.success())
    };
    let skipped = match &inside {
        Err(_) => Some("unshare is not installed"),
        Ok(output) if output.stdout.is_empty() => Some("a network of its own is not allowed"),
        Ok(_) if !has("ip") => Some("ip is not installed"),
        Ok(_) if !has("tc") => Some("tc is not installed"),
        Ok(_) => None,
    };
    if let Some(why) = skipped {
        assert!(std::env::var_os("LH_REQUIRE_PEERS").is_none(), "{why}");
        println!("skipped: {why}");
        return;
    }
    let output = inside.unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
}

fn run(command: &str) {
    let mut words = command.split(' ');
    let mut program = std::process::Command::new(words.next().unwrap());
    assert!(program.args(words).status().unwrap().success(), "{command}");
}

/// Cuts a connection, whose window may be closed, and waits until that is seen.
fn cut_off(cut: &str, mend: &str, window_closed: bool) {
    let most = Duration::from_secs(1);
    let (mut connection, mut other) = pair();
    connection.write(b"hello\n").unwrap();
    other.read_exact(&mut [0; 6]).unwrap();
    // To be idle for longer than that is not to be stuck, nor is the first write
    // after it.
    connection.wait(true, false, most * 5 / 4).unwrap();
    assert!(!connection.is_stuck(most));
    let mut written = 6;
    if window_closed {
        written = fill(&mut connection);
    }
    assert!(!connection.is_stuck(most));
    run(cut);
    let started = Instant::now();
    if !window_closed {
        connection.write(b"lost\n").unwrap();
        written += 5;
    }
    let before = acknowledged(&connection);
    assert!(!connection.is_stuck(most), "sent just now");
    until("stuck", || {
        connection
            .wait(false, false, Duration::from_millis(10))
            .unwrap();
        connection.is_stuck(most)
    });
    let after = started.elapsed();
    // Where the window was closed, the last answer came a little before the cut.
    let least = if window_closed { most / 2 } else { most };
    assert!(after >= least && after < most * 5, "{cut}: {after:?}");
    assert_eq!(acknowledged(&connection), before);
    run(mend);
    let reader = std::thread::spawn(move || {
        let rest = written - 6;
        io::copy(&mut other.take(rest), &mut io::sink()).unwrap();
    });
    until("acknowledged", || acknowledged(&connection) == written);
    reader.join().unwrap();
    assert!(!connection.is_stuck(most));
}
