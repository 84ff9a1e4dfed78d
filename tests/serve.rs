//! What a receiver is made of, without a loop: a socket that listens, who may
//! send, TLS, a line in and an answer out; and datagrams.
//!
//! Not tested here: many at once, and what becomes of the records.

#![cfg(feature = "tls")]

use std::io::{self, Read, Write};
use std::net::{IpAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lh::net::{
    Address, Allow, Batch, Bound, Connection, Connector, ListenAddress, ListenKind, ListenSocket,
    Sender, TlsClient, TlsOptions, TlsServer, TlsServerOptions, Transport, bind_path, bind_tcp,
    bind_udp, peer_credentials, receive_many,
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

const LONG: Duration = Duration::from_secs(10);

fn at(text: &str) -> ListenAddress {
    ListenAddress::parse(text).expect("an address")
}

/// Tries until it no longer would block: there is no loop that waits.
fn until<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let begun = Instant::now();
    loop {
        match attempt() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && begun.elapsed() < LONG => {
                std::thread::yield_now();
            }
            done => return done,
        }
    }
}

fn accept(bound: &Bound) -> (TcpStream, IpAddr) {
    let ListenSocket::Tcp(listener) = &bound.socket else {
        panic!("{bound:?}");
    };
    let (socket, from) = until(|| listener.accept()).expect("a client");
    socket.set_nonblocking(true).expect("no blocking");
    (socket, from.ip())
}

struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    /// `ca.pem`, and a certificate with its key for each name.
    fn new(names: &[&str]) -> Files {
        let folder = tempfile::tempdir().expect("a folder");
        let files = Files { folder };
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let ca = CertifiedIssuer::self_signed(params, key).expect("an authority");
        files.write("ca.pem", &ca.pem());
        for name in names {
            let params = CertificateParams::new(vec![(*name).to_owned()]).expect("a name");
            let key = KeyPair::generate().expect("a key");
            let certificate = params.signed_by(&key, &ca).expect("a certificate");
            files.write(&format!("{name}.pem"), &certificate.pem());
            files.write(&format!("{name}.key"), &key.serialize_pem());
        }
        files
    }

    fn write(&self, name: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt;
        std::fs::write(self.path(name), text).expect("a file");
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(self.path(name), private).expect("a mode");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn to(bound: &Bound, tls: Option<TlsOptions>) -> Connector {
    let address = Address::parse(&bound.name, None).expect("an address");
    let transport = match tls {
        None => Transport::Tcp,
        Some(options) => Transport::Tls(TlsClient::new(options, &address).expect("files")),
    };
    Connector::new(address, transport, LONG)
}

fn answer(connection: &mut Connection) -> Vec<u8> {
    let mut answer = Vec::new();
    let mut buffer = [0; 100];
    while !answer.ends_with(b"\n") {
        connection.wait(true, false, LONG).expect("an answer");
        match connection.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => answer.extend(&buffer[..count]),
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
        }
    }
    answer
}

#[test]
fn a_line_over_tls_is_answered() {
    let files = Files::new(&["127.0.0.1", "web.example"]);
    let server = TlsServer::new(TlsServerOptions {
        cert: files.path("127.0.0.1.pem"),
        key: files.path("127.0.0.1.key"),
        client_ca: Some(files.path("ca.pem")),
    })
    .expect("files");
    let bound = bind_tcp(ListenKind::Tcp, &at("127.0.0.1:0")).expect("a port");
    let connector = to(
        &bound[0],
        Some(TlsOptions {
            ca: Some(files.path("ca.pem")),
            cert: Some(files.path("web.example.pem")),
            key: Some(files.path("web.example.key")),
            server_name: None,
        }),
    );
    let sender = std::thread::spawn(move || {
        let mut connection = connector.connect().expect("a receiver");
        connection.write(b"one line\n").expect("room");
        let answer = answer(&mut connection);
        connection.finish().expect("a farewell");
        answer
    });

    let (mut socket, from) = accept(&bound[0]);
    let allow = Allow::new(vec!["127.0.0.0/8".parse().expect("a network")]);
    assert!(allow.permits(from));
    let mut session = server.session().expect("a session");
    let (mut plain, mut out) = (Vec::new(), Vec::new());
    let mut cipher = [0; 4096];
    let mut answered = false;
    loop {
        let count = until(|| socket.read(&mut cipher)).expect("bytes");
        let mut from = 0;
        let ended = loop {
            let fed = session.feed(&cipher[from..count], 5, &mut plain, &mut out);
            let fed = fed.expect("TLS");
            from += fed.used;
            if !fed.more && from == count {
                break fed.ended;
            }
        };
        if plain.ends_with(b"\n") && !answered {
            answered = true;
            assert_eq!(session.peer_name().as_deref(), Some("web.example"));
            session.write(&plain, &mut out).expect("room");
        }
        if ended || count == 0 {
            assert!(ended, "a proper end");
            break;
        }
        socket.write_all(&out).expect("room");
        out.clear();
    }
    assert_eq!(sender.join().expect("a sender"), b"one line\n");
}

/// In clear to a port of TLS: the sender is told nothing, the operator why.
#[test]
fn a_line_in_clear_is_no_tls() {
    let files = Files::new(&["127.0.0.1"]);
    let server = TlsServer::new(TlsServerOptions {
        cert: files.path("127.0.0.1.pem"),
        key: files.path("127.0.0.1.key"),
        client_ca: None,
    })
    .expect("files");
    let bound = bind_tcp(ListenKind::Tcp, &at(":0")).expect("a port");
    let mut connection = to(&bound[0], None).connect().expect("a receiver");
    connection.write(b"<14>hello\n").expect("room");
    let (mut socket, _) = accept(&bound[0]);
    let mut bytes = [0; 100];
    let count = until(|| socket.read(&mut bytes)).expect("bytes");
    let (mut plain, mut out) = (Vec::new(), Vec::new());
    let mut session = server.session().expect("a session");
    let error = session
        .feed(&bytes[..count], 100, &mut plain, &mut out)
        .expect_err("no TLS");
    assert_eq!(
        error.to_string(),
        "it speaks no TLS, and this address takes nothing else: it began with \"<14>hello\\n\""
    );
    assert!(plain.is_empty() && out.is_empty());
}

#[test]
fn datagrams_are_received_together() {
    let bound = bind_udp(&at("127.0.0.1:0"), Some(128 << 10)).expect("a port");
    let ListenSocket::Udp(socket) = &bound[0].socket else {
        panic!("{bound:?}");
    };
    let address = Address::parse(&bound[0].name, None).expect("an address");
    let sender = Connector::new(address, Transport::Udp, LONG);
    let mut sender = sender.connect().expect("a receiver");
    for line in ["one", "two", "three"] {
        sender.send(line.as_bytes()).expect("room");
    }
    let mut batch = Batch::udp();
    let mut received: Vec<Vec<u8>> = Vec::new();
    while received.len() < 3 {
        until(|| receive_many(socket, &mut batch)).expect("datagrams");
        for datagram in batch.iter() {
            let Sender::Inet(from) = datagram.sender else {
                panic!("{datagram:?}");
            };
            assert!(from.ip().is_loopback() && !datagram.is_truncated());
            received.push(datagram.bytes.to_vec());
        }
    }
    assert_eq!(received, [&b"one"[..], b"two", b"three"]);
    assert_eq!(batch.dropped(), None);
}

#[test]
fn a_path_tells_who_sends() {
    let folder = tempfile::tempdir().expect("a folder");
    let path: &Path = &folder.path().join("sock");
    let bound = bind_path(false, path, 0o600, None).expect("a socket");
    let ListenSocket::Unix(listener) = &bound.socket else {
        panic!("{bound:?}");
    };
    let mut client = UnixStream::connect(path).expect("a receiver");
    client.write_all(b"hello\n").expect("room");
    let (accepted, _) = until(|| listener.accept()).expect("a client");
    let peer = peer_credentials(&accepted).expect("its process");
    if let Some(pid) = peer.pid {
        assert_eq!(pid, std::process::id());
    }
    drop(bound);
    assert!(!path.exists());
}
