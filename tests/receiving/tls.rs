//! Encrypted streams.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

#[path = "../network/support/certificates.rs"]
pub mod certificates;

use crate::listener::{listen, text};
use crate::support::{Folder, peer};
use certificates::Certificates;

#[test]
fn streams_are_encrypted_and_clients_known() {
    let folder = Folder::new();
    let certificates = Certificates::new(&folder.path("."));
    let file = |path: std::path::PathBuf| path.display().to_string();
    let (cert, key) = (
        file(certificates.cert("good")),
        file(certificates.key("good")),
    );
    let ca = file(certificates.cert("ca"));
    let options =
        format!("listen --tcp 127.0.0.1:0 --tls-cert {cert} --tls-key {key} --client-ca {ca}");
    let mut listener = listen(&folder, &options, "");
    let address = listener.address("tcp");
    let (own, own_key) = (
        file(certificates.cert("client")),
        file(certificates.key("client")),
    );
    let client = format!("--tls --ca {ca} --server-name localhost --cert {own} --key {own_key}");
    for wire in ["lh", "json"] {
        let arguments = format!("socket --wire {wire} {client} {address}");
        let lines: String = (0..5000)
            .map(|number| format!("{wire} {number}\n"))
            .collect();
        folder.lh(&arguments).with(lines).ok();
    }
    let records = listener.records(10_000);
    assert_eq!(text(&records[9_999], "message"), "json 4999");
    // Without a certificate, and without TLS.
    let arguments = format!(
        "socket --tls --ca {ca} --server-name localhost --drain-timeout 1s --retry-start 1h {address}"
    );
    folder
        .lh(&arguments)
        .with("no\n")
        .code(1)
        .said("certificate");
    let mut plain = listener.connect();
    plain.write_all(b"plain text\n").expect("sent");
    let _ = plain.read(&mut [0; 100]);
    listener.running.wait_said("TLS");
    listener.records(10_000);
    listener.end().code(0).said_times("the connection broke", 2);
}

/// Whoever speaks it where it is not expected is told what is missing.
#[test]
fn a_port_without_certificates_says_so() {
    let folder = Folder::new();
    let mut listener = listen(&folder, "listen --tcp 127.0.0.1:0 --http 127.0.0.1:0", "");
    let greeting = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        &[7; 505][..],
    ]
    .concat();
    for kind in ["tcp", "http"] {
        let mut stream = TcpStream::connect(listener.address(kind)).expect("a connection");
        stream.write_all(&greeting).expect("sent");
        let own = stream.local_addr().expect("an address");
        let said = format!("{own}: it speaks TLS, for which --tls-cert and --tls-key are");
        listener.running.wait_said(&said);
    }
    listener.end().code(0);
    assert!(!folder.has("out") || folder.text("out").is_empty());
}

/// Whoever asks for encryption is told what has none.
#[test]
fn datagrams_beside_encrypted_streams_are_told_to_be_in_clear() {
    let folder = Folder::new();
    let certificates = Certificates::new(&folder.path("."));
    let (cert, key) = (certificates.cert("good"), certificates.key("good"));
    let tls = format!("--tls-cert {} --tls-key {}", cert.display(), key.display());
    for (ports, count) in [
        ("--tcp 127.0.0.1:0 --udp 127.0.0.1:0 --udp 127.0.0.1:0", 1),
        ("--http 127.0.0.1:0 --unix s", 0),
    ] {
        let listener = listen(&folder, &format!("listen {ports} {tls}"), "");
        listener.end().code(0).said_times("come in clear", count);
    }
}

/// Trial 49. What they do holds nobody up.
#[test]
fn handshakes_that_fail_are_told_and_cost_nobody_else_anything() {
    let folder = Folder::new();
    let certificates = Certificates::new(&folder.path("."));
    let file = |path: std::path::PathBuf| path.display().to_string();
    let (cert, key) = (
        file(certificates.cert("good")),
        file(certificates.key("good")),
    );
    let ca = file(certificates.cert("ca"));
    let tls = format!("--tls-cert {cert} --tls-key {key} --client-ca {ca}");
    let mut listener = listen(&folder, &format!("listen --tcp 127.0.0.1:0 {tls}"), "");
    let address = listener.address("tcp");
    let mut silent = listener.connect();
    let begun = std::time::Instant::now();
    // One that goes within its first message.
    let mut gone = listener.connect();
    gone.write_all(b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03")
        .expect("sent");
    let socket = socket2::SockRef::from(&gone);
    socket
        .set_linger(Some(std::time::Duration::ZERO))
        .expect("set");
    drop(gone);
    let send = |name: &str| {
        let (own, own_key) = (file(certificates.cert(name)), file(certificates.key(name)));
        let client =
            format!("--tls --ca {ca} --server-name localhost --cert {own} --key {own_key}");
        let patience = "--retry-start 1h --drain-timeout 2s";
        let words = format!("socket --wire lh {patience} {client} {address}");
        folder.lh(&words).with(format!("from {name}\n"))
    };
    send("client").ok();
    for name in ["old", "stranger"] {
        send(name).code(1);
        listener.running.wait_said("certificate is refused");
    }
    let said = listener.running.stderr();
    assert!(said.contains("expired"), "{said}");
    if peer("openssl") {
        for version in ["-tls1", "-tls1_1"] {
            let ran = folder
                .program("openssl")
                .args(["s_client", "-connect", &address, version])
                .args(["-cipher", "DEFAULT:@SECLEVEL=0"])
                .run();
            assert!(!ran.status.success(), "{version}: {}", ran.out());
        }
    }
    listener
        .running
        .wait_said("the TLS handshake took too long");
    let _ = silent.read_to_end(&mut Vec::new());
    let waited = begun.elapsed().as_secs();
    assert!((9..20).contains(&waited), "{waited} s");
    let records = listener.records(1);
    assert_eq!(text(&records[0], "message"), "from client");
    listener.end().code(0);
}
