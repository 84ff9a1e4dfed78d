//! TLS of connections that are accepted: against rustls in memory, our own
//! client over TCP, and the clients of OpenSSL and Python.
//!
//! Not tested here: who waits how long for a handshake.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ClientConnection, SupportedProtocolVersion};

use super::tests::{Authority, Issued};
use super::*;
use crate::net::{Address, Connector, Transport};

const LONG: Duration = Duration::from_secs(10);

fn server(authority: &Authority) -> TlsServer {
    TlsServer::new(authority.server("127.0.0.1")).unwrap()
}

fn asking(authority: &Authority) -> TlsServer {
    let mut options = authority.server("127.0.0.1");
    options.client_ca = Some(authority.ca());
    TlsServer::new(options).unwrap()
}

/// A client in memory.
fn client(
    authority: &Authority,
    shown: Option<&Issued>,
    versions: &[&'static SupportedProtocolVersion],
) -> ClientConnection {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(authority.roots());
    let config = match shown {
        None => builder.with_no_client_auth(),
        Some(issued) => {
            let chain = CertificateDer::from_pem_slice(issued.pem.as_bytes()).unwrap();
            let key = issued.key.serialize_pem();
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
            builder.with_client_auth_cert(vec![chain], key).unwrap()
        }
    };
    let name = "127.0.0.1".try_into().unwrap();
    ClientConnection::new(Arc::new(config), name).unwrap()
}

const BOTH: &[&SupportedProtocolVersion] = rustls::ALL_VERSIONS;

fn said(client: &mut ClientConnection) -> Vec<u8> {
    let mut bytes = Vec::new();
    while client.wants_write() {
        client.write_tls(&mut bytes).unwrap();
    }
    bytes
}

fn hear(client: &mut ClientConnection, mut bytes: &[u8]) -> Result<(), rustls::Error> {
    while !bytes.is_empty() {
        client.read_tls(&mut bytes).unwrap();
        client.process_new_packets()?;
    }
    Ok(())
}

/// Until neither has anything to say; what the server said last.
fn shake(client: &mut ClientConnection, session: &mut TlsServerSession) -> io::Result<Vec<u8>> {
    let mut last = Vec::new();
    loop {
        let from = said(client);
        if from.is_empty() {
            return Ok(last);
        }
        let mut out = Vec::new();
        let fed = session.feed(&from, 1000, &mut Vec::new(), &mut out);
        let heard = hear(client, &out);
        assert_eq!(fed?.used, from.len());
        heard.unwrap();
        last = out;
    }
}

#[test]
fn bytes_go_both_ways_under_both_versions() {
    let authority = Authority::new();
    let server = server(&authority);
    assert!(server.warnings().is_empty() && !server.wants_certificates());
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut client = client(&authority, None, &[version]);
        let mut session = server.session().unwrap();
        assert!(session.is_handshaking());
        shake(&mut client, &mut session).unwrap();
        assert!(!session.is_handshaking());
        assert_eq!(session.peer_name(), None);
        client.writer().write_all(b"hello\n").unwrap();
        let (mut plain, mut out) = (b"before ".to_vec(), Vec::new());
        let cipher = said(&mut client);
        let fed = session.feed(&cipher, 100, &mut plain, &mut out).unwrap();
        assert_eq!(plain, b"before hello\n");
        assert_eq!(fed.used, cipher.len());
        assert!(out.is_empty() && !fed.ended && !fed.more);
        // More than rustls holds for a writer.
        let much = vec![b'y'; 300_000];
        session.write(&much, &mut out).unwrap();
        session.close(&mut out);
        let (mut rest, mut heard) = (out.as_slice(), Vec::new());
        while !rest.is_empty() {
            client.read_tls(&mut rest).unwrap();
            let state = client.process_new_packets().unwrap();
            let room = heard.len() + state.plaintext_bytes_to_read();
            let mut part = vec![0; room - heard.len()];
            client.reader().read_exact(&mut part).unwrap();
            heard.extend(part);
        }
        assert!(heard == much);
        assert_eq!(client.reader().read(&mut [0]).unwrap(), 0, "a farewell");
    }
}

/// A sender that never reads would reset its connection by closing it.
#[test]
fn nothing_is_sent_behind_the_handshake() {
    let authority = Authority::new();
    let mut client = client(&authority, None, BOTH);
    let mut session = server(&authority).session().unwrap();
    let last = shake(&mut client, &mut session).unwrap();
    assert!(!session.is_handshaking());
    assert!(last.is_empty(), "{} bytes", last.len());
}

#[test]
fn a_proper_end_is_told_apart_from_none() {
    let authority = Authority::new();
    let server = server(&authority);
    let mut client = client(&authority, None, BOTH);
    let mut session = server.session().unwrap();
    shake(&mut client, &mut session).unwrap();
    client.writer().write_all(b"last").unwrap();
    client.send_close_notify();
    let mut cipher = said(&mut client);
    cipher.extend_from_slice(b"nobody's");
    let (mut plain, mut out) = (Vec::new(), Vec::new());
    // Not before all was read.
    let fed = session.feed(&cipher, 3, &mut plain, &mut out).unwrap();
    assert!(fed.more && !fed.ended);
    let rest = &cipher[fed.used..];
    let fed = session.feed(rest, 3, &mut plain, &mut out).unwrap();
    assert!(fed.ended && !fed.more);
    assert_eq!((plain.as_slice(), fed.used), (&b"last"[..], rest.len()));
    let fed = session.feed(b"more", 3, &mut plain, &mut out).unwrap();
    assert!(fed.ended && fed.used == 4);
}

/// What was decrypted before a connection went bad is not lost.
#[test]
fn what_came_before_an_error_is_read() {
    let authority = Authority::new();
    let mut client = client(&authority, None, BOTH);
    let mut session = server(&authority).session().unwrap();
    shake(&mut client, &mut session).unwrap();
    client.writer().write_all(b"whole\n").unwrap();
    let mut cipher = said(&mut client);
    client.writer().write_all(b"damaged\n").unwrap();
    let mut damaged = said(&mut client);
    *damaged.last_mut().unwrap() ^= 1;
    cipher.extend(damaged);
    let (mut plain, mut out) = (Vec::new(), Vec::new());
    let fed = session.feed(&cipher, 2, &mut plain, &mut out).unwrap();
    assert!(fed.more);
    let rest = &cipher[fed.used..];
    let error = session.feed(rest, 100, &mut plain, &mut out).unwrap_err();
    assert_eq!(plain, b"whole\n");
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    assert!(error.to_string().contains("changed on its way"), "{error}");
    assert!(!out.is_empty(), "the client is told");
    let again = session.feed(b"", 100, &mut plain, &mut out).unwrap_err();
    assert_eq!(again.to_string(), error.to_string());
}

#[test]
fn a_sender_shows_who_it_is() {
    let authority = Authority::new();
    let server = asking(&authority);
    assert!(server.wants_certificates());
    let ours = authority.issue("web.example", |_| {});
    let foreign = Authority::named("two").issue("web.example", |_| {});
    let again = Authority::new().issue("web.example", |_| {});
    let expired = authority.issue("web.example", |params| {
        params.not_before = rcgen::date_time_ymd(2019, 1, 1);
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    });
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut known = client(&authority, Some(&ours), &[version]);
        let mut session = server.session().unwrap();
        shake(&mut known, &mut session).unwrap();
        assert_eq!(session.peer_name().as_deref(), Some("web.example"));
        for (shown, reason) in [
            (None, "it shows none"),
            (Some(&foreign), "none that is trusted here has signed it"),
            (Some(&again), "has not signed it"),
            (Some(&expired), "expired"),
        ] {
            let mut client = client(&authority, shown, &[version]);
            let mut session = server.session().unwrap();
            let (mut plain, mut out) = (Vec::new(), Vec::new());
            let error = loop {
                let cipher = said(&mut client);
                assert!(!cipher.is_empty(), "it was let in");
                match session.feed(&cipher, 100, &mut plain, &mut out) {
                    Ok(_) => hear(&mut client, &std::mem::take(&mut out)).unwrap(),
                    Err(error) => break error,
                }
                // It may send at once, and none of it is believed.
                let _ = client.writer().write(b"secret");
            };
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
            let text = error.to_string();
            assert!(text.starts_with("its certificate is refused: "), "{text}");
            assert!(text.contains(reason), "{reason}: {text}");
            assert!(plain.is_empty());
            let told = hear(&mut client, &out).unwrap_err();
            assert!(matches!(told, rustls::Error::AlertReceived(_)), "{told}");
        }
    }
}

fn refusal(bytes: &[u8]) -> Option<String> {
    let authority = Authority::new();
    let mut session = server(&authority).session().unwrap();
    let (mut plain, mut out) = (Vec::new(), Vec::new());
    let fed = session.feed(bytes, 100, &mut plain, &mut out);
    assert!(plain.is_empty());
    match fed {
        Ok(_) => {
            assert!(session.is_handshaking());
            None
        }
        Err(error) => {
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
            Some(error.to_string())
        }
    }
}

#[test]
fn what_is_no_tls_is_told_in_clear_words() {
    let text = refusal(b"<34>1 - web su - - - 'su root' failed\n").unwrap();
    assert!(text.contains("speaks no TLS"), "{text}");
    assert!(
        text.ends_with("began with \"<34>1 - web su - - - \\'su\""),
        "{text}"
    );
    // Too short for rustls to say anything.
    let text = refusal(b"\x1b\n").unwrap();
    assert!(text.ends_with("\"\\x1b\\n\""), "{text}");
    let text = refusal(b"\x16hello hello hello").unwrap();
    assert!(text.contains("no well-formed TLS"), "{text}");
    let text = refusal(b"\x16\x03\x01\x00\x05hello").unwrap();
    assert!(!text.is_empty());
    assert_eq!(refusal(b""), None);
    assert_eq!(refusal(b"\x16\x03\x01"), None);
}

/// A client hello of TLS 1.0 with one cipher, as it was in 1999 (RFC 2246).
#[test]
fn what_is_too_old_is_refused() {
    let mut hello = b"\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x01".to_vec();
    hello.extend([7; 32]);
    hello.extend(b"\x00\x00\x04\x00\x2f\x00\x35\x01\x00");
    let text = refusal(&hello).unwrap();
    assert_eq!(text, "it has neither TLS 1.2 nor 1.3");
}

/// Certificates that were renewed; the old ones where the new can't be read.
#[test]
fn certificates_are_read_again() {
    let (old, new) = (Authority::named("old"), Authority::named("new"));
    let options = old.server("127.0.0.1");
    let mut server = TlsServer::new(options.clone()).unwrap();
    let before = server.clone();
    let shows = |server: &TlsServer| -> Vec<&'static str> {
        let believe = |authority: &Authority| {
            let mut client = client(authority, None, BOTH);
            let mut session = server.session().unwrap();
            let hello = said(&mut client);
            let mut out = Vec::new();
            session.feed(&hello, 9, &mut Vec::new(), &mut out).unwrap();
            hear(&mut client, &out).is_ok()
        };
        let mut shown = Vec::new();
        shown.extend(believe(&old).then_some("old"));
        shown.extend(believe(&new).then_some("new"));
        shown
    };
    assert_eq!(shows(&server), ["old"]);
    let renewed = new.server("127.0.0.1");
    std::fs::copy(&renewed.cert, &options.cert).unwrap();
    let error = server.reload().unwrap_err().to_string();
    assert!(error.contains("it is not the key of"), "{error}");
    assert_eq!(shows(&server), ["old"]);
    std::fs::copy(&renewed.key, &options.key).unwrap();
    server.reload().unwrap();
    assert_eq!(shows(&server), ["new"]);
    assert_eq!(shows(&before), ["old"]);
}

#[test]
fn files_that_can_not_be_used_are_named() {
    let authority = Authority::new();
    let good = authority.server("127.0.0.1");
    let empty = authority.write("empty.pem", "");
    let damaged = authority.write(
        "damaged.pem",
        "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n",
    );
    let change = |change: fn(&mut TlsServerOptions, &Path), path: &Path| {
        let mut options = good.clone();
        change(&mut options, path);
        TlsServer::new(options).unwrap_err().to_string()
    };
    let cert = |options: &mut TlsServerOptions, path: &Path| options.cert = path.to_owned();
    let key = |options: &mut TlsServerOptions, path: &Path| options.key = path.to_owned();
    let ca = |options: &mut TlsServerOptions, path: &Path| {
        options.client_ca = Some(path.to_owned());
    };
    let missing = Path::new("/nowhere/x.pem");
    for (text, name, reason) in [
        (change(cert, missing), "/nowhere/x.pem", "No such file"),
        (change(cert, &empty), "empty.pem", "no PEM certificate"),
        (change(cert, &damaged), "damaged.pem", "can't be used"),
        (change(key, missing), "/nowhere/x.pem", "No such file"),
        (change(key, &empty), "empty.pem", "no PEM private key"),
        (change(ca, missing), "/nowhere/x.pem", "No such file"),
        (change(ca, &empty), "empty.pem", "no PEM certificate"),
        (change(ca, &damaged), "damaged.pem", "can be read"),
    ] {
        assert!(text.contains(name) && text.contains(reason), "{text}");
    }
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(&good.key, open).unwrap();
    let server = TlsServer::new(good).unwrap();
    let warning = &server.warnings()[0];
    assert!(warning.ends_with("others can read this key: chmod go= would keep it"));
    assert!(!format!("{server:?}").contains("PRIVATE"));
}

/// What became of a connection that was accepted.
struct Served {
    plain: Vec<u8>,
    peer: Option<String>,
    /// Whether it ended properly, or why it did not.
    end: io::Result<bool>,
}

/// Reads one connection to its end, and answers with `answer`.
fn pump(mut session: TlsServerSession, mut socket: TcpStream, answer: &[u8]) -> Served {
    socket.set_read_timeout(Some(LONG)).unwrap();
    let (mut plain, mut out) = (Vec::new(), Vec::new());
    let mut buffer = [0; 3000];
    let mut answered = false;
    let end = loop {
        let count = match socket.read(&mut buffer) {
            Ok(0) => break Ok(false),
            Ok(count) => count,
            Err(error) => break Err(error),
        };
        let mut from = 0;
        let result = loop {
            match session.feed(&buffer[from..count], 1000, &mut plain, &mut out) {
                Ok(fed) => {
                    from += fed.used;
                    if !fed.more && from == count {
                        break Ok(fed.ended);
                    }
                }
                Err(error) => break Err(error),
            }
        };
        if !session.is_handshaking() && !answered {
            session.write(answer, &mut out).unwrap();
            answered = true;
        }
        let written = socket.write_all(&std::mem::take(&mut out));
        match result {
            Ok(false) => written.unwrap(),
            // The client may be gone by now.
            ended => break ended,
        }
    };
    session.close(&mut out);
    let _ = socket.write_all(&out);
    let _ = socket.shutdown(Shutdown::Write);
    Served {
        plain,
        peer: session.peer_name(),
        end,
    }
}

/// A receiver of one connection, and the port where it listens.
fn accept(server: &TlsServer, answer: &'static [u8]) -> (u16, std::thread::JoinHandle<Served>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let session = server.session().unwrap();
    let thread = std::thread::spawn(move || pump(session, listener.accept().unwrap().0, answer));
    (port, thread)
}

#[test]
fn our_own_client_is_understood() {
    let authority = Authority::new();
    let server = asking(&authority);
    let issued = authority.issue("sender.example", |_| {});
    let options = TlsOptions {
        ca: Some(authority.ca()),
        cert: Some(authority.write("client.pem", &issued.pem)),
        key: Some(authority.write("client.key", &issued.key.serialize_pem())),
        server_name: None,
    };
    let (port, served) = accept(&server, b"");
    let address = Address::Inet {
        host: "127.0.0.1".to_owned(),
        port,
    };
    let tls = TlsClient::new(options, &address).unwrap();
    let mut connection = Connector::new(address, Transport::Tls(tls), LONG)
        .connect()
        .unwrap();
    let much: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
    let mut rest = much.as_slice();
    while !rest.is_empty() {
        let count = connection.write(rest).unwrap();
        rest = &rest[count..];
    }
    connection.finish().unwrap();
    let served = served.join().unwrap();
    assert!(served.plain == much);
    assert_eq!(served.peer.as_deref(), Some("sender.example"));
    assert!(served.end.unwrap(), "it took its leave");
}

/// A reset and an end in the middle of a handshake: an error or an end, and
/// nothing that was read.
#[test]
fn a_client_that_is_gone_is_no_harm() {
    let authority = Authority::new();
    let server = server(&authority);
    let mut client = client(&authority, None, BOTH);
    let hello = said(&mut client);
    for reset in [true, false] {
        let (port, served) = accept(&server, b"");
        let mut socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
        socket.write_all(&hello[..hello.len() / 2]).unwrap();
        if reset {
            let socket = socket2::SockRef::from(&socket);
            socket.set_linger(Some(Duration::ZERO)).unwrap();
        }
        drop(socket);
        let served = served.join().unwrap();
        assert_eq!(served.end.is_err(), reset);
        assert!(!served.end.unwrap_or(false) && served.plain.is_empty());
    }
}

/// The program, unless it is not there and need not be.
fn peer(program: &str) -> Option<Command> {
    let mut asked = Command::new(program);
    asked.arg(if program == "openssl" {
        "version"
    } else {
        "-V"
    });
    if asked.output().is_ok_and(|output| output.status.success()) {
        return Some(Command::new(program));
    }
    let required = std::env::var("LH_REQUIRE_PEERS").is_ok_and(|value| value == "1");
    assert!(
        !required,
        "LH_REQUIRE_PEERS=1, and {program} is not installed"
    );
    println!("skipped: {program} is not installed");
    None
}

/// Runs openssl s_client with these options and this input.
fn s_client(authority: &Authority, port: u16, options: &[&str], input: &[u8]) -> String {
    let mut child = Command::new("openssl")
        .args(["s_client", "-quiet", "-no_ign_eof", "-connect"])
        .arg(format!("127.0.0.1:{port}"))
        .arg("-CAfile")
        .arg(authority.ca())
        .args(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may have ended already.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[test]
fn openssl_is_understood() {
    if peer("openssl").is_none() {
        return;
    }
    let authority = Authority::new();
    let server = asking(&authority);
    let issued = authority.issue("openssl.example", |_| {});
    let cert = authority.write("client.pem", &issued.pem);
    let key = authority.write("client.key", &issued.key.serialize_pem());
    let pair = [
        "-cert",
        cert.to_str().unwrap(),
        "-key",
        key.to_str().unwrap(),
    ];
    for version in ["-tls1_2", "-tls1_3"] {
        let (port, served) = accept(&server, b"welcome\n");
        let options = [&pair[..], &[version]].concat();
        let output = s_client(&authority, port, &options, b"from openssl\n");
        let served = served.join().unwrap();
        assert_eq!(served.plain, b"from openssl\n", "{version}: {output}");
        assert_eq!(served.peer.as_deref(), Some("openssl.example"));
        served.end.unwrap();
        // No certificate: nothing is taken.
        let (port, served) = accept(&server, b"welcome\n");
        s_client(&authority, port, &[version], b"from openssl\n");
        let served = served.join().unwrap();
        let text = served.end.unwrap_err().to_string();
        assert!(text.contains("it shows none"), "{text}");
        assert_eq!(served.plain, b"");
    }
    for version in ["-tls1", "-tls1_1"] {
        let (port, served) = accept(&server, b"");
        let options = [&pair[..], &[version, "-cipher", "ALL:@SECLEVEL=0"]].concat();
        let output = s_client(&authority, port, &options, b"from openssl\n");
        let served = served.join().unwrap();
        assert_eq!(served.plain, b"", "{version}: {output}");
        match served.end {
            Err(error) => assert_eq!(error.to_string(), "it has neither TLS 1.2 nor 1.3"),
            // It has no such version itself, and closed at once.
            Ok(ended) => assert!(!ended && output.contains("protocol"), "{output}"),
        }
    }
}

/// As Python's SocketHandler would: it writes, never reads, and closes.
const PYTHON: &str = "
import socket, ssl, sys
port, ca = int(sys.argv[1]), sys.argv[2]
context = ssl.create_default_context(cafile=ca)
with socket.create_connection(('127.0.0.1', port), 10) as raw:
    with context.wrap_socket(raw, server_hostname='127.0.0.1') as tls:
        for n in range(10000):
            tls.sendall(b'record %d\\n' % n)
";

#[test]
fn python_that_never_reads_loses_nothing() {
    let Some(mut python) = peer("python3") else {
        return;
    };
    let authority = Authority::new();
    let (port, served) = accept(&server(&authority), b"");
    let status = python
        .args(["-c", PYTHON, &port.to_string()])
        .arg(authority.ca())
        .status()
        .unwrap();
    assert!(status.success());
    let served = served.join().unwrap();
    let lines: Vec<&[u8]> = served.plain.split(|byte| *byte == b'\n').collect();
    assert_eq!(lines.len(), 10_001);
    assert_eq!(lines[9999], b"record 9999");
    // It sends no farewell, as most of Python's programs.
    assert!(!served.end.unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    /// However the bytes are cut up, and however few are asked for.
    #[test]
    fn pieces_make_no_difference(
        lengths in prop::collection::vec(1usize..40_000, 1..6),
        pieces in prop::collection::vec(1usize..20_000, 1..20),
        limits in prop::collection::vec(1usize..9000, 1..20),
    ) {
        let authority = Authority::new();
        let mut client = client(&authority, None, BOTH);
        let mut session = server(&authority).session().unwrap();
        shake(&mut client, &mut session).unwrap();
        let (mut cipher, mut sent) = (Vec::new(), Vec::new());
        for (n, length) in lengths.iter().enumerate() {
            let text = vec![n as u8; *length];
            client.writer().write_all(&text).unwrap();
            cipher.extend(said(&mut client));
            sent.extend(text);
        }
        client.send_close_notify();
        cipher.extend(said(&mut client));
        let (mut plain, mut out) = (Vec::new(), Vec::new());
        let mut pieces = pieces.iter().cycle();
        let mut limits = limits.iter().cycle();
        let (mut at, mut ended) = (0, false);
        while !ended {
            let end = cipher.len().min(at + pieces.next().unwrap());
            loop {
                let (before, limit) = (plain.len(), *limits.next().unwrap());
                let fed = session.feed(&cipher[at..end], limit, &mut plain, &mut out).unwrap();
                at += fed.used;
                prop_assert!(plain.len() - before <= limit);
                prop_assert!(!fed.more || plain.len() - before == limit);
                ended = fed.ended;
                if !fed.more && at == end {
                    break;
                }
            }
            prop_assert!(ended || end < cipher.len());
        }
        prop_assert!(plain == sent && out.is_empty());
    }
}
