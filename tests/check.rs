//! `lh check`: what a chain would meet, without a record.

#![cfg(all(target_os = "linux", feature = "tls"))]

#[path = "network/support/certificates.rs"]
#[allow(dead_code, reason = "it serves other tests as well")]
mod certificates;
#[path = "trials/support/port.rs"]
mod port;
#[path = "cli/support.rs"]
#[allow(dead_code, reason = "it serves other tests as well")]
mod support;

use std::io::Read as _;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::UnixDatagram;

use port::free_address;
use support::{Folder, until};

#[test]
fn files_are_looked_at_and_not_made() {
    let folder = Folder::new();
    folder.mkdir("there");
    let ran = folder
        .lh("check file there/a + rotate --max-bytes 1M there/b + timed none/c + null")
        .run()
        .code(1);
    let out = ran.out();
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 4, "{out}");
    assert_eq!(lines[0], "file there/a: it can be written");
    assert_eq!(lines[1], "rotate there/b: it can be written");
    assert!(lines[2].starts_with("timed none/c: FAILED: "), "{out}");
    assert!(
        lines[2].ends_with("there is no directory none; --mkdir makes it"),
        "{out}"
    );
    assert!(folder.names_in("there").is_empty());
    // Dead letters have no such option.
    let ran = folder
        .lh("check file --dead-letter none/d there/a")
        .run()
        .code(1);
    assert!(
        ran.out().ends_with("there is no directory none\n"),
        "{}",
        ran.out()
    );
    let ran = folder
        .lh("check buffer --capacity 5 file there/a")
        .run()
        .ok();
    assert_eq!(ran.out().lines().count(), 1);
}

#[test]
fn receivers_are_connected_to_and_hear_nothing() {
    let folder = Folder::new();
    let certificates = certificates::Certificates::new(&folder.path("."));
    let tcp = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = tcp.local_addr().expect("an address").to_string();
    let heard = std::thread::spawn(move || {
        let (mut stream, _) = tcp.accept().expect("a connection");
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
        all
    });
    let gram = UnixDatagram::bind(folder.path("gram")).expect("a socket");
    let udp = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let port = udp.local_addr().expect("an address");
    let words =
        format!("check socket --spool spool {address} + syslog --address ./gram -t x + udp {port}");
    let ran = folder.lh(&words).run().ok();
    let out = ran.out();
    assert!(
        out.contains(&format!(
            "socket {address}: it listens; the spool spool would be made\n"
        )),
        "{out}"
    );
    assert!(out.contains("gram: it is there\n"), "{out}");
    assert!(
        out.contains("whether somebody listens there is not"),
        "{out}"
    );
    assert!(heard.join().expect("it ends").is_empty());
    gram.set_nonblocking(true).expect("set");
    udp.set_nonblocking(true).expect("set");
    assert!(gram.recv(&mut [0; 9]).is_err() && udp.recv(&mut [0; 9]).is_err());
    assert!(!folder.has("spool"));

    // TLS, as it is right and wrong.
    let cert = certificates.cert("good").display().to_string();
    let key = certificates.key("good").display().to_string();
    let ca = certificates.cert("ca").display().to_string();
    let words = format!("listen --tcp 127.0.0.1:0 --tls-cert {cert} --tls-key {key} file out");
    let mut listener = folder.lh(&words).start();
    listener.wait_said("listening at tcp ");
    let said = listener.stderr();
    let address = said
        .trim_end()
        .rsplit(' ')
        .next()
        .expect("an address")
        .to_owned();
    let check = |options: &str| {
        folder
            .lh(&format!("check socket --tls {options} {address}"))
            .run()
    };
    let ran = check(&format!("--ca {ca} --server-name localhost")).ok();
    assert!(
        ran.out().contains("its certificate is good"),
        "{}",
        ran.out()
    );
    let ran = check("--server-name localhost").code(1);
    assert!(ran.out().contains("FAILED"), "{}", ran.out());
    let ran = check(&format!("--ca {ca} --server-name elsewhere.example")).code(1);
    assert!(ran.out().contains("certificate"), "{}", ran.out());
    listener.signal(nix::sys::signal::Signal::SIGTERM);
    listener.wait_exit().code(0);
    assert_eq!(folder.text("out"), "");

    // Under TLS 1.3, a receiver says behind the handshake that we lack something.
    let words = words.replace(" file", &format!(" --client-ca {ca} file"));
    let mut listener = folder.lh(&words).start();
    listener.wait_said("listening at tcp ");
    let said = listener.stderr();
    let address = said.trim_end().rsplit(' ').next().expect("an address");
    let check = |options: &str| {
        folder
            .lh(&format!("check socket --tls --ca {ca} {options} {address}"))
            .run()
    };
    let ran = check("").code(1);
    assert!(
        ran.out().contains("it wants a certificate of ours"),
        "{}",
        ran.out()
    );
    let (cert, key) = (certificates.cert("client"), certificates.key("client"));
    check(&format!(
        "--cert {} --key {}",
        cert.display(),
        key.display()
    ))
    .ok();
    listener.signal(nix::sys::signal::Signal::SIGTERM);
    listener.wait_exit().code(0);
}

#[test]
fn who_is_not_there_is_told() {
    let folder = Folder::new();
    let nobody = free_address();
    for words in [
        format!("socket {nobody}"),
        format!("syslog --transport tcp --address {nobody}"),
        format!("http http://{nobody}/"),
        format!("smtp --tls none --host {nobody} --from a@x.org --to b@x.org"),
        "syslog --address ./none".to_owned(),
        "eventlog --socket ./none".to_owned(),
    ] {
        let ran = folder.lh(&format!("check {words}")).run().code(1);
        let out = ran.out();
        assert!(
            out.contains(": FAILED: ") && out.lines().count() == 1,
            "{out}"
        );
    }
}

#[cfg(feature = "http")]
#[test]
fn a_server_of_http_is_asked_for_a_head() {
    let folder = Folder::new();
    let mut listener = folder
        .lh("listen --http 127.0.0.1:0 file -f json out")
        .start();
    listener.wait_said("listening at http ");
    let said = listener.stderr();
    let address = said
        .trim_end()
        .rsplit(' ')
        .next()
        .expect("an address")
        .to_owned();
    let ran = folder
        .lh(&format!("check http http://{address}/"))
        .run()
        .ok();
    assert_eq!(ran.out(), format!("http http://{address}/: it answers\n"));
    listener.signal(nix::sys::signal::Signal::SIGTERM);
    listener.wait_exit().code(0);
    assert_eq!(folder.text("out"), "");
}

#[test]
fn a_spool_that_waits_is_told_of() {
    let folder = Folder::new();
    let server = TcpListener::bind("127.0.0.1:0").expect("a port");
    let nobody = free_address();
    let words = format!("socket --spool spool --retry-start 1h --drain-timeout 100ms {nobody}");
    folder.lh(&words).with("a\nb\n").code(0);
    let there = server.local_addr().expect("an address");
    let ran = folder
        .lh(&format!("check socket --spool spool {there}"))
        .run()
        .ok();
    assert!(
        ran.out().contains("2 records wait in the spool spool"),
        "{}",
        ran.out()
    );
    let mut running = folder.lh(&words).start();
    until("it has the spool", || {
        folder.lh("spool ls spool").run().out().contains("process")
    });
    running.wait_ready();
    let ran = folder
        .lh(&format!("check socket --spool spool {there}"))
        .run()
        .code(1);
    assert!(ran.out().contains("process"), "{}", ran.out());
    running.end().code(0);
}

#[test]
fn what_can_not_be_checked_is_refused() {
    let folder = Folder::new();
    for (words, said) in [
        ("check", "check stands before a chain"),
        ("null + check null", "check stands before a chain"),
        ("check null -- true", "check is for handlers"),
        ("check listen --tcp :0", "check is for handlers"),
        ("check nobody", "nobody"),
    ] {
        folder.lh(words).run().code(2).said(said);
    }
}
