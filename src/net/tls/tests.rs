//! TLS with listeners in the same process, and certificates made for it.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use socket2::SockRef;

use super::*;
use crate::net::{Address, ConnectError, Connection, Connector, PeerState, Transport};

const LONG: Duration = Duration::from_secs(10);

/// An authority, with its files and its certificates in a folder of their own.
pub(super) struct Authority {
    folder: tempfile::TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(super) fn new() -> Authority {
        Authority::named("one")
    }

    pub(super) fn named(name: &str) -> Authority {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let authority = Authority {
            folder: tempfile::tempdir().unwrap(),
            issuer: CertifiedIssuer::self_signed(params, key).unwrap(),
        };
        authority.write("ca.pem", &authority.issuer.pem());
        authority
    }

    pub(super) fn write(&self, name: &str, text: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&path, private).unwrap();
        path
    }

    pub(super) fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    pub(super) fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        roots
    }

    /// What a receiver with a certificate of this authority needs.
    pub(super) fn server(&self, name: &str) -> TlsServerOptions {
        let issued = self.issue(name, |_| {});
        TlsServerOptions {
            cert: self.write("server.pem", &issued.pem),
            key: self.write("server.key", &issued.key.serialize_pem()),
            client_ca: None,
        }
    }

    /// A certificate for a name.
    pub(super) fn issue(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Issued {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Issued {
            pem: certificate.pem(),
            der: certificate.der().clone(),
            key,
        }
    }
}

pub(super) struct Issued {
    pub(super) pem: String,
    der: rustls::pki_types::CertificateDer<'static>,
    pub(super) key: KeyPair,
}

impl Issued {
    /// A receiver with this certificate that asks for none.
    fn server(&self) -> ServerConfig {
        self.server_for(None)
    }

    fn server_for(&self, clients: Option<&Authority>) -> ServerConfig {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let roots = Arc::new(authority.roots());
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let key = PrivatePkcs8KeyDer::from(self.key.serialize_der());
        builder
            .with_single_cert(vec![self.der.clone()], PrivateKeyDer::Pkcs8(key))
            .unwrap()
    }
}

type Tls = StreamOwned<ServerConnection, TcpStream>;

/// A receiver of one connection, and the port where it listens.
fn serve<T: Send + 'static>(
    config: ServerConfig,
    act: impl FnOnce(Tls) -> T + Send + 'static,
) -> (u16, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        let (socket, _) = listener.accept().unwrap();
        let session = ServerConnection::new(Arc::new(config)).unwrap();
        act(StreamOwned::new(session, socket))
    });
    (port, thread)
}

fn connect(port: u16, options: TlsOptions) -> Result<Connection, ConnectError> {
    connect_within(port, options, LONG)
}

fn connect_within(
    port: u16,
    options: TlsOptions,
    timeout: Duration,
) -> Result<Connection, ConnectError> {
    let address = Address::Inet {
        host: "127.0.0.1".to_owned(),
        port,
    };
    let client = TlsClient::new(options, &address).unwrap();
    Connector::new(address, Transport::Tls(client), timeout).connect()
}

fn trusting(authority: &Authority) -> TlsOptions {
    TlsOptions {
        ca: Some(authority.ca()),
        ..TlsOptions::default()
    }
}

fn read_all(mut tls: Tls) -> (Vec<u8>, io::Result<()>) {
    let mut all = Vec::new();
    let result = tls.read_to_end(&mut all).map(|_| ());
    (all, result)
}

fn acknowledged(connection: &Connection) -> u64 {
    connection.progress().unwrap().acknowledged
}

fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let started = Instant::now();
    while !happened() {
        assert!(started.elapsed() < LONG, "never: {what}");
        std::thread::yield_now();
    }
}

fn write_all(connection: &mut Connection, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let count = connection.write(bytes).unwrap();
        bytes = &bytes[count..];
    }
}

/// What became of a receiver that is heard of sooner or later.
fn end_of(connection: &mut Connection) -> PeerState {
    loop {
        connection.wait(true, false, LONG).unwrap();
        match connection.peer() {
            PeerState::Open { readable: false } => {}
            other => return other,
        }
    }
}

#[test]
fn what_is_written_arrives_and_is_counted() {
    let authority = Authority::new();
    for versions in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let issued = authority.issue("127.0.0.1", |_| {});
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivatePkcs8KeyDer::from(issued.key.serialize_der());
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[versions])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![issued.der.clone()], PrivateKeyDer::Pkcs8(key))
            .unwrap();
        let (port, server) = serve(config, |mut tls| {
            let mut first = [0; 6];
            tls.read_exact(&mut first).unwrap();
            tls.write_all(b"hello yourself").unwrap();
            let (mut all, end) = read_all(tls);
            all.splice(..0, first);
            (all, end)
        });
        let mut connection = connect(port, trusting(&authority)).unwrap();
        write_all(&mut connection, b"hello\n");
        assert!(matches!(
            end_of(&mut connection),
            PeerState::Open { readable: true }
        ));
        let mut buffer = [0; 5];
        let mut answer: Vec<u8> = Vec::new();
        while answer.len() < 14 {
            connection.wait(true, false, LONG).unwrap();
            match connection.read(&mut buffer) {
                Ok(count) => answer.extend(&buffer[..count]),
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
        }
        assert_eq!(answer, b"hello yourself");
        let nothing = connection.read(&mut buffer).unwrap_err();
        assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
        until("acknowledged", || acknowledged(&connection) == 6);
        let much: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
        write_all(&mut connection, &much);
        until("flushed", || connection.flush().unwrap());
        until("acknowledged", || acknowledged(&connection) == 3_000_006);
        connection.finish().unwrap();
        let (all, end) = server.join().unwrap();
        end.expect("we took our leave");
        assert!(all[6..] == much);
    }
}

/// Small records, so that places are put together and forgotten.
#[test]
fn counts_are_never_too_high() {
    let authority = Authority::new();
    let issued = authority.issue("127.0.0.1", |_| {});
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let (port, server) = serve(issued.server(), move |mut tls| {
        // The handshake, and then not a byte until asked.
        tls.conn.complete_io(&mut tls.sock).unwrap();
        let _ = wait.recv();
        read_all(tls).0.len() as u64
    });
    let mut connection = connect(port, trusting(&authority)).unwrap();
    connection.set_patience(Duration::ZERO);
    let mut last = 0;
    loop {
        match connection.write(b"a record of some length\n") {
            Ok(count) => assert_eq!(count, 24),
            Err(error) => {
                assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
                break;
            }
        }
        let progress = connection.progress().unwrap();
        assert!(progress.acknowledged >= last && progress.acknowledged <= progress.written);
        last = progress.acknowledged;
    }
    assert!(!connection.flush().unwrap());
    let written = connection.progress().unwrap().written;
    assert!(acknowledged(&connection) < written);
    go.send(()).unwrap();
    connection.set_patience(Duration::MAX);
    connection.finish().unwrap();
    assert_eq!(server.join().unwrap(), written);
    until("acknowledged", || acknowledged(&connection) == written);
}

/// Bad certificates: each is refused, by its reason, and for good.
#[test]
fn bad_certificates_are_refused() {
    let authority = Authority::new();
    let other = Authority::named("two");
    let again = Authority::new();
    let good = authority.issue("127.0.0.1", |_| {});
    let wrong_name = authority.issue("loghost.test", |_| {});
    let expired = authority.issue("127.0.0.1", |params| {
        params.not_before = rcgen::date_time_ymd(2019, 1, 1);
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    });
    let early = authority.issue("127.0.0.1", |params| {
        params.not_before = rcgen::date_time_ymd(4000, 1, 1);
        params.not_after = rcgen::date_time_ymd(4001, 1, 1);
    });
    let own = authority.issue("127.0.0.1", |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    });
    for (issued, trusted, reason) in [
        (&wrong_name, &authority, "not valid for name \"127.0.0.1\""),
        (&expired, &authority, "expired"),
        (&early, &authority, "not in force yet"),
        (&good, &other, "none that is trusted here has signed it"),
        (&good, &again, "that it names has not signed it"),
        (&own, &authority, "a CA's own"),
    ] {
        let (port, server) = serve(issued.server(), read_all);
        let error = connect(port, trusting(trusted)).unwrap_err();
        assert!(error.is_permanent() && !error.is_timeout());
        let text = error.to_string();
        let start = format!("no TLS with 127.0.0.1:{port}: its certificate is refused: ");
        assert!(text.starts_with(&start), "{text}");
        assert!(text.contains(reason), "{reason}: {text}");
        // The receiver is told, and gets not a byte.
        let (all, end) = server.join().unwrap();
        assert_eq!(all, b"");
        assert!(end.unwrap_err().to_string().contains("alert"));
    }
}

#[test]
fn another_name_can_be_expected_and_is_checked() {
    let authority = Authority::new();
    for (expected, accepted) in [("loghost.test", true), ("other.test", false)] {
        let issued = authority.issue("loghost.test", |_| {});
        let (port, server) = serve(issued.server(), read_all);
        let options = TlsOptions {
            server_name: Some(expected.to_owned()),
            ..trusting(&authority)
        };
        let connection = connect(port, options);
        assert_eq!(connection.is_ok(), accepted, "{expected}");
        drop(connection);
        let _ = server.join().unwrap();
    }
}

/// In TLS 1.3 the receiver refuses behind the handshake.
#[test]
fn a_certificate_of_ours_is_shown_where_it_is_wanted() {
    let authority = Authority::new();
    let issued = authority.issue("127.0.0.1", |_| {});
    let ours = authority.issue("sender", |_| {});
    let foreign = Authority::new().issue("sender", |_| {});
    for (client, reason) in [
        (Some(&ours), None),
        (None, Some("it wants a certificate of ours")),
        (Some(&foreign), Some("it refuses: ")),
    ] {
        let (port, server) = serve(issued.server_for(Some(&authority)), read_all);
        let mut options = trusting(&authority);
        if let Some(client) = client {
            options.cert = Some(authority.write("cert.pem", &client.pem));
            options.key = Some(authority.write("key.pem", &client.key.serialize_pem()));
        }
        let mut connection = connect(port, options).unwrap();
        match reason {
            None => {
                write_all(&mut connection, b"hello\n");
                connection.finish().unwrap();
                assert_eq!(server.join().unwrap().0, b"hello\n");
            }
            Some(reason) => {
                let PeerState::Reset(error) = end_of(&mut connection) else {
                    panic!("{reason}");
                };
                assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
                assert!(error.to_string().contains(reason), "{error}");
                let again = connection.write(b"x").unwrap_err();
                assert!(!again.to_string().is_empty());
                assert!(server.join().unwrap().1.is_err());
            }
        }
    }
}

/// The same where the refusal is met by a write.
#[test]
fn a_write_that_fails_tells_why() {
    let authority = Authority::new();
    let issued = authority.issue("127.0.0.1", |_| {});
    let (port, server) = serve(issued.server_for(Some(&authority)), read_all);
    let mut connection = connect(port, trusting(&authority)).unwrap();
    server.join().unwrap().1.unwrap_err();
    let error = loop {
        if let Err(error) = connection.write(b"x") {
            break error;
        }
    };
    assert!(error.to_string().contains("certificate of ours"), "{error}");
}

#[test]
fn silence_costs_the_time_out() {
    let authority = Authority::new();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let started = Instant::now();
    let most = Duration::from_millis(200);
    let error = connect_within(port, trusting(&authority), most).unwrap_err();
    assert!(error.is_timeout() && !error.is_permanent(), "{error}");
    assert!(started.elapsed() >= most && started.elapsed() < most * 10);
}

#[test]
fn what_is_no_tls_is_told() {
    let authority = Authority::new();
    type Act = fn(TcpStream);
    let reset: Act = |socket| {
        SockRef::from(&socket)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
    };
    let cases: [(Act, &str, bool); 3] = [
        (
            |mut socket| {
                socket.write_all(b"220 mail.test ESMTP\r\n").unwrap();
                let _ = socket.read_to_end(&mut Vec::new());
            },
            "no TLS",
            true,
        ),
        (
            |mut socket| drop(socket.read(&mut [0; 4096])),
            "it closed the connection",
            false,
        ),
        (reset, "onnection reset", false),
    ];
    for (act, reason, permanent) in cases {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || act(listener.accept().unwrap().0));
        let error = connect(port, trusting(&authority)).unwrap_err();
        assert!(error.to_string().contains(reason), "{reason}: {error}");
        assert_eq!(error.is_permanent(), permanent, "{reason}");
        server.join().unwrap();
    }
}

#[test]
fn an_end_without_farewell_matters_if_something_may_be_lost() {
    let authority = Authority::new();
    let issued = authority.issue("127.0.0.1", |_| {});
    // All was acknowledged: it is an end like any other.
    let (port, server) = serve(issued.server(), |mut tls| {
        tls.read_exact(&mut [0; 6]).unwrap();
    });
    let mut connection = connect(port, trusting(&authority)).unwrap();
    write_all(&mut connection, b"hello\n");
    server.join().unwrap();
    assert!(matches!(end_of(&mut connection), PeerState::Closed));
    assert_eq!(connection.read(&mut [0; 9]).unwrap(), 0);

    // It takes its leave.
    let (port, server) = serve(issued.server(), |mut tls| {
        tls.read_exact(&mut [0; 6]).unwrap();
        tls.conn.send_close_notify();
        tls.conn.complete_io(&mut tls.sock).unwrap();
    });
    let mut connection = connect(port, trusting(&authority)).unwrap();
    write_all(&mut connection, b"hello\n");
    assert!(matches!(end_of(&mut connection), PeerState::Closed));
    server.join().unwrap();

    // It has ended its stream, and does not take what is written.
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let (port, server) = serve(issued.server(), move |mut tls| {
        tls.conn.complete_io(&mut tls.sock).unwrap();
        wait.recv().unwrap();
        tls.sock.shutdown(std::net::Shutdown::Write).unwrap();
        let _ = wait.recv();
    });
    let mut connection = connect(port, trusting(&authority)).unwrap();
    connection.set_patience(Duration::ZERO);
    while connection.write(&[b'x'; 4096]).is_ok() {}
    go.send(()).unwrap();
    let PeerState::Reset(error) = end_of(&mut connection) else {
        panic!("it may have lost something");
    };
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    drop(go);
    server.join().unwrap();
}

fn setup_error(options: TlsOptions) -> String {
    let address = Address::parse("loghost.test:6514", None).unwrap();
    TlsClient::new(options, &address).unwrap_err().to_string()
}

#[test]
fn files_that_can_not_be_used_are_named() {
    let authority = Authority::new();
    let issued = authority.issue("sender", |_| {});
    let other = authority.issue("sender", |_| {});
    let missing = authority.folder.path().join("missing.pem");
    let key_pem = issued.key.serialize_pem();
    let cert = authority.write("cert.pem", &issued.pem);
    let key = authority.write("key.pem", &key_pem);
    let other_key = authority.write("other.pem", &other.key.serialize_pem());
    let broken = authority.write("broken.pem", &key_pem.replace('M', "!"));
    let encrypted = key_pem.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let encrypted = authority.write("encrypted.pem", &encrypted);
    let empty = authority.write("empty.pem", "");
    let der = authority.folder.path().join("ca.der");
    std::fs::write(&der, authority.issuer.der()).unwrap();

    let ca = |path: &Path| TlsOptions {
        ca: Some(path.to_owned()),
        ..TlsOptions::default()
    };
    let pair = |cert: &Path, key: &Path| TlsOptions {
        cert: Some(cert.to_owned()),
        key: Some(key.to_owned()),
        ..trusting(&authority)
    };
    for (options, name, reason) in [
        (ca(&missing), "missing.pem", "No such file"),
        (ca(&empty), "empty.pem", "no PEM certificate"),
        (ca(&der), "ca.der", "it is DER"),
        (ca(&key), "key.pem", "no PEM certificate"),
        (pair(&missing, &key), "missing.pem", "No such file"),
        (pair(&cert, &missing), "missing.pem", "No such file"),
        (pair(&cert, &cert), "cert.pem", "no PEM private key"),
        (pair(&cert, &broken), "broken.pem", "well-formed"),
        (pair(&cert, &encrypted), "encrypted.pem", "encrypted"),
        (pair(&cert, &other_key), "other.pem", "not the key of"),
    ] {
        let text = setup_error(options);
        assert!(text.contains(name) && text.contains(reason), "{text}");
    }
    let mut half = pair(&cert, &key);
    half.key = None;
    assert!(setup_error(half).contains("its key is not"));
    let mut half = pair(&cert, &key);
    half.cert = None;
    assert!(setup_error(half).contains("its certificate is not"));
    let mut name = trusting(&authority);
    name.server_name = Some("no name".to_owned());
    assert!(setup_error(name).contains("no name of a server"));
    let path = Address::parse("/dev/log", None).unwrap();
    let error = TlsClient::new(trusting(&authority), &path).unwrap_err();
    assert!(error.to_string().contains("/dev/log is a path"));
}

#[test]
fn a_key_that_others_can_read_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let authority = Authority::new();
    let issued = authority.issue("sender", |_| {});
    let options = TlsOptions {
        cert: Some(authority.write("cert.pem", &issued.pem)),
        key: Some(authority.write("key.pem", &issued.key.serialize_pem())),
        ..trusting(&authority)
    };
    let address = Address::parse("[::1]:6514", None).unwrap();
    let client = TlsClient::new(options.clone(), &address).unwrap();
    assert!(client.warnings().is_empty());
    assert_eq!(client.server_name(), "::1");
    let key = options.key.clone().unwrap();
    std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let client = TlsClient::new(options, &address).unwrap();
    assert!(client.warnings()[0].contains("key.pem: others can read"));
}
