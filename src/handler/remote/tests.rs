//! Peers that close, reset, do not read, or are not there.

use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::time::{Duration, Instant};

use super::*;
use crate::batch::Frames;
use crate::net::{Address, BackoffOptions, Transport};
use crate::now::Now;
use crate::wire::envelope::Framing;

const LIMIT: Duration = Duration::from_secs(20);

fn handler(address: Address, transport: Transport) -> Box<dyn Handler> {
    retrying(address, transport, Duration::from_millis(5))
}

/// One that waits so long after a failure.
fn retrying(address: Address, transport: Transport, start: Duration) -> Box<dyn Handler> {
    let retry = BackoffOptions {
        start,
        factor: 1.0,
        max: start,
    };
    remote(RemoteOptions {
        kind: "socket",
        connector: Connector::new(address, transport, Duration::from_secs(5)),
        backoff: Backoff::new(retry, 1),
        numbered: None,
        chunked: None,
        hint: Some("hint"),
    })
}

fn tcp(address: SocketAddr) -> Box<dyn Handler> {
    let address = Address::parse(&address.to_string(), None).unwrap();
    handler(address, Transport::Tcp)
}

/// Hands records over until they are taken, as a queue does.
#[track_caller]
fn deliver(handler: &mut dyn Handler, lines: &[u8]) {
    let (frames, mut at) = (Frames::lines(lines), 0);
    let begun = Instant::now();
    while let Err(error) = handler.emit(&frames, at, Now::read()) {
        assert_ne!(error.fault, crate::handler::Fault::Drop, "{error}");
        assert!(begun.elapsed() < LIMIT, "{}: {error}", error.doing);
        at = error.done;
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Lets it do what is due until nothing is on its way.
#[track_caller]
fn settle(handler: &mut dyn Handler) {
    let begun = Instant::now();
    while handler.unproven() > 0 {
        assert!(begun.elapsed() < LIMIT, "{} on the way", handler.unproven());
        let _ = handler.tick(Now::read());
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[track_caller]
fn close(handler: &mut dyn Handler) {
    let begun = Instant::now();
    while let Err(error) = handler.close(Now::read(), false) {
        assert!(begun.elapsed() < LIMIT, "{error}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn all(mut connection: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = connection.read_to_end(&mut bytes);
    bytes
}

fn exactly(connection: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    connection.read_exact(&mut bytes).unwrap();
    bytes
}

#[test]
fn what_follows_an_orderly_end_goes_to_the_next_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut handler = tcp(listener.local_addr().unwrap());
    deliver(&mut *handler, b"one\ntwo\n");
    let (mut first, _) = listener.accept().unwrap();
    assert_eq!(exactly(&mut first, 8), b"one\ntwo\n");
    settle(&mut *handler);
    drop(first);
    deliver(&mut *handler, b"three\n");
    let (mut second, _) = listener.accept().unwrap();
    assert_eq!(exactly(&mut second, 6), b"three\n");
    settle(&mut *handler);
    let reader = std::thread::spawn(move || all(second));
    close(&mut *handler);
    assert_eq!(reader.join().unwrap(), b"", "nothing came twice");
}

/// The peer's kernel had them, and the peer never read them.
#[test]
fn what_a_reset_peer_had_not_read_is_sent_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut handler = tcp(listener.local_addr().unwrap());
    deliver(&mut *handler, b"one\ntwo\nthree\n");
    settle(&mut *handler);
    let (mut first, _) = listener.accept().unwrap();
    assert_eq!(exactly(&mut first, 4), b"one\n");
    // With bytes unread, this is a reset.
    drop(first);
    let reader = std::thread::spawn(move || {
        let (second, _) = listener.accept().unwrap();
        all(second)
    });
    // Nothing more is handed over: the clock alone finds it.
    let begun = Instant::now();
    while handler.unproven() == 0 {
        assert!(begun.elapsed() < LIMIT, "the reset was not noticed");
        if handler
            .deadline(Now::read())
            .is_some_and(|due| due <= Instant::now())
        {
            let _ = handler.tick(Now::read());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    settle(&mut *handler);
    close(&mut *handler);
    assert_eq!(reader.join().unwrap(), b"one\ntwo\nthree\n");
}

/// What came long before is not kept for it, and what has just arrived is.
#[test]
fn a_peer_that_is_reset_after_a_long_pause_gets_what_it_had_not_read() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut handler = tcp(listener.local_addr().unwrap());
    deliver(&mut *handler, b"one\n");
    settle(&mut *handler);
    let (mut first, _) = listener.accept().unwrap();
    assert_eq!(exactly(&mut first, 4), b"one\n");
    let later = || {
        let mut now = Now::read();
        now.mono += Duration::from_secs(1000);
        now
    };
    handler.emit(&Frames::lines(b"two\n"), 0, later()).unwrap();
    let begun = Instant::now();
    while handler.unproven() > 0 && begun.elapsed() < LIMIT {
        let _ = handler.tick(later());
    }
    drop(first);
    let reader = std::thread::spawn(move || {
        let (second, _) = listener.accept().unwrap();
        all(second)
    });
    let begun = Instant::now();
    while handler.unproven() == 0 {
        assert!(begun.elapsed() < LIMIT, "it is taken for delivered");
        let _ = handler.tick(later());
        std::thread::sleep(Duration::from_millis(1));
    }
    while handler.unproven() > 0 && begun.elapsed() < LIMIT {
        let _ = handler.tick(later());
    }
    close(&mut *handler);
    assert_eq!(reader.join().unwrap(), b"two\n");
}

#[test]
fn a_reset_at_the_end_is_noticed() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut handler = tcp(listener.local_addr().unwrap());
    deliver(&mut *handler, b"one\ntwo\n");
    settle(&mut *handler);
    let (mut first, _) = listener.accept().unwrap();
    let reader = std::thread::spawn(move || {
        assert_eq!(exactly(&mut first, 4), b"one\n");
        drop(first);
        let (second, _) = listener.accept().unwrap();
        all(second)
    });
    close(&mut *handler);
    assert_eq!(reader.join().unwrap(), b"one\ntwo\n");
}

#[test]
fn asked_to_reopen_it_connects_anew() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut handler = tcp(listener.local_addr().unwrap());
    deliver(&mut *handler, b"one\n");
    settle(&mut *handler);
    handler.reopen(Now::read());
    deliver(&mut *handler, b"two\n");
    settle(&mut *handler);
    let (first, _) = listener.accept().unwrap();
    assert_eq!(all(first), b"one\n");
    let (second, _) = listener.accept().unwrap();
    let reader = std::thread::spawn(move || all(second));
    close(&mut *handler);
    assert_eq!(reader.join().unwrap(), b"two\n");
}

#[test]
fn a_peer_that_never_reads_costs_no_more_than_the_window() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut handler = tcp(listener.local_addr().unwrap());
    let batch = [&[b'x'; 99][..], b"\n"].concat().repeat(10_000);
    let frames = Frames::lines(&batch);
    let (mut taken, mut slow) = (0, 0);
    while slow < 3 {
        match handler.emit(&frames, 0, Now::read()) {
            Ok(()) => (taken, slow) = (taken + batch.len(), 0),
            Err(error) => {
                assert!(error.is_slowness(), "{error}");
                (taken, slow) = (taken + error.done, slow + 1);
            }
        }
        // Whatever both kernels hold, and the window.
        assert!(taken < 200 << 20, "{taken} bytes were taken");
    }
    assert!(handler.unproven() > 0);
    let (connection, _) = listener.accept().unwrap();
    let reader = std::thread::spawn(move || all(connection));
    settle(&mut *handler);
    close(&mut *handler);
    let got = reader.join().unwrap();
    assert_eq!(got.len() % 100, 0);
    assert!(got.len() >= taken - batch.len());
}

#[test]
fn a_refused_datagram_is_sent_again() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    drop(socket);
    let named = Address::parse(&address.to_string(), None).unwrap();
    let mut handler = handler(named, Transport::Udp);
    let frames = Frames::lines(b"one\ntwo\n");
    let mut refused = 0;
    while refused < 3 {
        let error = handler.emit(&frames, 0, Now::read()).unwrap_err();
        assert_eq!(error.done, 0);
        refused += usize::from(!error.is_slowness());
        std::thread::sleep(Duration::from_millis(1));
    }
    let socket = UdpSocket::bind(address).unwrap();
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    deliver(&mut *handler, b"one\ntwo\n");
    let mut buffer = [0; 100];
    for want in ["one\n", "two\n"] {
        let count = socket.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..count], want.as_bytes());
    }
    close(&mut *handler);
}

/// Whoever looks at the clock would be called again and again, for nothing.
#[test]
fn where_records_are_dropped_nothing_is_due() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    drop(socket);
    for transport in [Transport::Udp, Transport::Tcp] {
        let named = Address::parse(&address.to_string(), None).unwrap();
        let mut handler = handler(named, transport);
        let begun = Instant::now();
        let refused = |handler: &mut dyn Handler| {
            let sent = handler.emit(&Frames::lines(b"one\n"), 0, Now::read());
            sent.is_err_and(|error| !error.is_slowness())
        };
        while !refused(&mut *handler) {
            assert!(begun.elapsed() < LIMIT);
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(handler.deadline(Now::read()).is_some());
        handler.abandon();
        assert_eq!(handler.deadline(Now::read()), None);
    }
}

#[test]
fn a_datagram_that_is_too_long_is_named_and_the_next_one_goes() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    let address = socket.local_addr().unwrap().to_string();
    let mut handler = handler(Address::parse(&address, None).unwrap(), Transport::Udp);
    let text = ["x".repeat(65_507), "y".repeat(65_508), "z".to_owned()].concat();
    let ends = [65_507, 131_015, 131_016];
    let frames = Frames::listed(text.as_bytes(), &ends);
    let mut error = handler.emit(&frames, 0, Now::read()).unwrap_err();
    let begun = Instant::now();
    while error.is_slowness() && begun.elapsed() < LIMIT {
        error = handler.emit(&frames, error.done, Now::read()).unwrap_err();
    }
    assert_eq!(
        (error.done, error.fault),
        (65_507, crate::handler::Fault::Drop)
    );
    let text = error.to_string();
    assert!(text.contains("65508") && text.contains("65507"), "{text}");
    handler.emit(&frames, 131_015, Now::read()).unwrap();
    let mut buffer = vec![0; 70_000];
    assert_eq!(socket.recv(&mut buffer).unwrap(), 65_507);
    assert_eq!(socket.recv(&mut buffer).unwrap(), 1);
}

fn local(path: &Path) -> Box<dyn Handler> {
    handler(Address::Path(path.to_owned()), Transport::UnixDatagram)
}

/// As syslog daemons do, which may come after the connection.
#[test]
fn new_permissions_are_no_new_daemon() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let daemon = UnixDatagram::bind(&path).unwrap();
    let mut handler = local(&path);
    deliver(&mut *handler, b"one\n");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
    let mut buffer = [0; 100];
    assert_eq!(daemon.recv(&mut buffer).unwrap(), 4);
    settle(&mut *handler);
    close(&mut *handler);
}

#[test]
fn a_restarted_daemon_gets_what_the_old_one_had_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let mut handler = local(&path);
    let frames = Frames::lines(b"one\n");
    let begun = Instant::now();
    let error = loop {
        let error = handler.emit(&frames, 0, Now::read()).unwrap_err();
        if !error.is_slowness() || begun.elapsed() > LIMIT {
            break error;
        }
    };
    assert!(error.to_string().contains("hint"), "{error}");

    let old = UnixDatagram::bind(&path).unwrap();
    deliver(&mut *handler, b"one\ntwo\nthree\n");
    let mut buffer = [0; 100];
    assert_eq!(old.recv(&mut buffer).unwrap(), 4);
    drop(old);
    std::fs::remove_file(&path).unwrap();
    let new = UnixDatagram::bind(&path).unwrap();
    new.set_read_timeout(Some(LIMIT)).unwrap();
    deliver(&mut *handler, b"four\n");
    let mut got = Vec::new();
    while !got.ends_with(b"four\n") {
        let count = new.recv(&mut buffer).unwrap();
        got.extend_from_slice(&buffer[..count]);
    }
    // What was read may come again; what was not read has to.
    let got = String::from_utf8(got).unwrap();
    assert!(got.ends_with("two\nthree\nfour\n"), "{got}");
    settle(&mut *handler);
    close(&mut *handler);
}

/// Its kernel acknowledges what it throws away. To come back at once would bring it
/// all of that again, many times a second.
#[test]
fn a_peer_that_takes_bytes_and_resets_is_left_alone_for_a_while() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let address = Address::parse(&address.to_string(), None).unwrap();
    let start = Duration::from_secs(60);
    let mut handler = retrying(address, Transport::Tcp, start);
    deliver(&mut *handler, b"one\ntwo\n");
    settle(&mut *handler);
    let (mut first, _) = listener.accept().unwrap();
    assert_eq!(exactly(&mut first, 4), b"one\n");
    // With bytes unread, this is a reset.
    drop(first);
    let begun = Instant::now();
    while handler.unproven() == 0 {
        assert!(begun.elapsed() < LIMIT, "the reset was not noticed");
        let _ = handler.tick(Now::read());
        std::thread::sleep(Duration::from_millis(1));
    }
    let now = Now::read();
    let due = handler.deadline(now).expect("a next attempt");
    assert!(due > now.mono + start / 2, "{:?}", now.until(due));
}

/// It was good until then, and is there again soon.
#[test]
fn a_peer_that_was_good_is_tried_again_at_once() {
    for orderly in [true, false] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let address = Address::parse(&address.to_string(), None).unwrap();
        let mut handler = retrying(address, Transport::Tcp, Duration::from_secs(60));
        deliver(&mut *handler, b"one\ntwo\n");
        settle(&mut *handler);
        let (mut first, _) = listener.accept().unwrap();
        assert_eq!(exactly(&mut first, 4), b"one\n");
        match orderly {
            // It need not stand long.
            true => assert_eq!(exactly(&mut first, 4), b"two\n"),
            false => {
                let begun = Instant::now();
                while !handler.has_recovered(Now::read()) {
                    assert!(begun.elapsed() < LIMIT);
                    std::thread::sleep(Duration::from_millis(10));
                }
                handler.tick(Now::read()).unwrap();
            }
        }
        drop(first);
        let begun = Instant::now();
        listener.set_nonblocking(true).unwrap();
        deliver(&mut *handler, b"three\n");
        while listener.accept().is_err() {
            assert!(begun.elapsed() < LIMIT, "it does not come back");
            let _ = handler.tick(Now::read());
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// One for a socket of either kind, which is given lines, and sends them with a NUL
/// behind each on a stream.
fn either(path: &Path) -> Box<dyn Handler> {
    let wait = Duration::from_millis(5);
    let retry = BackoffOptions {
        start: wait,
        factor: 1.0,
        max: wait,
    };
    super::local(LocalOptions {
        kind: "syslog",
        path: path.to_owned(),
        timeout: Duration::from_secs(5),
        backoff: Backoff::new(retry, 1),
        hint: Some("hint"),
        given: Framing::Terminator(b"\n".to_vec()),
        on_stream: Framing::Terminator(b"\0".to_vec()),
    })
}

/// Datagrams that came, one after the other.
fn datagrams(socket: &UnixDatagram, count: usize) -> Vec<u8> {
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    let (mut got, mut buffer) = (Vec::new(), [0; 100]);
    for _ in 0..count {
        let length = socket.recv(&mut buffer).unwrap();
        got.extend_from_slice(&buffer[..length]);
        got.push(b'|');
    }
    got
}

/// So much of what comes over the next connection, which is held.
fn stream(listener: &UnixListener, count: usize) -> (UnixStream, Vec<u8>) {
    let (mut connection, _) = listener.accept().unwrap();
    connection.set_read_timeout(Some(LIMIT)).unwrap();
    let mut bytes = vec![0; count];
    connection.read_exact(&mut bytes).unwrap();
    (connection, bytes)
}

#[test]
fn a_local_socket_is_what_it_is_by_then() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let mut handler = either(&path);
    let frames = Frames::lines(b"one\n");
    let error = handler.emit(&frames, 0, Now::read()).unwrap_err();
    assert!(error.is_slowness() || error.to_string().contains("hint"));

    let listener = UnixListener::bind(&path).unwrap();
    deliver(&mut *handler, b"one\ntwo\n");
    let (connection, bytes) = stream(&listener, 8);
    assert_eq!(bytes, b"one\0two\0");
    settle(&mut *handler);
    drop((connection, listener));
    std::fs::remove_file(&path).unwrap();

    let daemon = UnixDatagram::bind(&path).unwrap();
    deliver(&mut *handler, b"three\nfour\nfive\n");
    assert_eq!(datagrams(&daemon, 1), b"three|");
    // The others were not read, and are there for the next one.
    drop(daemon);
    std::fs::remove_file(&path).unwrap();
    let listener = UnixListener::bind(&path).unwrap();
    deliver(&mut *handler, b"six\n");
    let mut got = stream(&listener, 14).1;
    // What was read may come again.
    if got.starts_with(b"three\0") {
        got.drain(..6);
    }
    assert!(b"four\0five\0six\0".starts_with(&got), "{got:?}");
    drop(listener);
    std::fs::remove_file(&path).unwrap();
}

/// In the form in which it was given.
#[test]
fn what_a_local_socket_did_not_take_is_handed_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let daemon = UnixDatagram::bind(&path).unwrap();
    let mut handler = either(&path);
    deliver(&mut *handler, b"one\ntwo\n");
    let mut back = Vec::new();
    assert_eq!(handler.unproven(), 2);
    handler.surrender(&mut |frames| back.extend_from_slice(frames.bytes()));
    assert_eq!(back, b"one\ntwo\n");
    assert_eq!(handler.unproven(), 0);
    drop(daemon);
}
