//! Encrypted streams.

use std::io::{Read as _, Write as _};

#[path = "../network/support/certificates.rs"]
pub mod certificates;

use crate::listener::{listen, text};
use crate::support::Folder;
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
