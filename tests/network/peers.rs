//! The peers themselves, tried with what they are made for.

use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::receiver::{data, message, python};
use crate::support::rsyslog::able_tls;
use crate::support::{Certificates, DEADLINE, Receiver, Rsyslog, text};
use crate::trials::{able, folder, record, sh};

#[test]
fn rsyslogd_takes_what_logger_sends() {
    if !able(&["rsyslogd", "logger"]) {
        return;
    }
    let folder = folder();
    let rsyslog = Rsyslog::start(folder.path());
    let port = |address: String| address.replace("127.0.0.1:", "");
    let (udp, tcp) = (port(rsyslog.udp()), port(rsyslog.tcp()));
    let socket = rsyslog.socket();
    let ways = [
        format!("-n 127.0.0.1 -P {udp} -d --rfc5424=notq"),
        format!("-n 127.0.0.1 -P {tcp} -T --rfc5424=notq"),
        format!("-n 127.0.0.1 -P {tcp} -T --rfc5424=notq --octet-count"),
        format!("-n 127.0.0.1 -P {tcp} -T --rfc3164"),
        format!("-u {}", socket.display()),
    ];
    for (number, way) in ways.iter().enumerate() {
        let script = format!("logger {way} -t tagged --id=77 -p local3.err 'way {number}'");
        sh(folder.path(), &script);
        let received = rsyslog.wait(number + 1);
        let got = &received[number];
        assert_eq!(text(got, "msg").trim_start(), format!("way {number}"));
        assert_eq!(text(got, "app"), "tagged", "{way}");
        assert_eq!(text(got, "procid"), "77", "{way}");
        assert_eq!(text(got, "pri"), "155", "{way}");
    }
}

#[test]
fn rsyslogd_takes_tls_and_comes_back_at_its_ports() {
    if !able_tls() || !able(&["openssl"]) {
        return;
    }
    let folder = folder();
    let certificates = Certificates::new(folder.path());
    let mut rsyslog = Rsyslog::start_tls(folder.path(), &certificates, "good");
    for (number, kill) in [(1, true), (2, false), (3, false)] {
        let mut client = Command::new("openssl")
            .args(["s_client", "-quiet", "-verify_return_error", "-connect"])
            .arg(rsyslog.tls())
            .arg("-CAfile")
            .arg(certificates.cert("ca"))
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let line = format!("<13>1 - host app - - - number {number}\n");
        let mut stdin = client.stdin.take().unwrap();
        stdin.write_all(line.as_bytes()).unwrap();
        let received = rsyslog.wait(number);
        let _ = client.kill();
        let _ = client.wait();
        assert_eq!(
            text(&received[number - 1], "msg"),
            format!("number {number}")
        );
        assert_eq!(text(&received[number - 1], "input"), "tls");
        match kill {
            true => rsyslog.kill(),
            false => rsyslog.stop(),
        }
        rsyslog.begin();
    }
}

/// Logs with one of Python's handlers.
fn log(handler: &str, calls: &str) {
    let script = format!(
        "import logging, logging.handlers as h\nl = logging.getLogger('app.x')\nl.addHandler(h.{handler})\n{calls}\nlogging.shutdown()"
    );
    let output = python(&[]).args(["-c", &script]).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && stderr.is_empty(), "{stderr}");
}

#[test]
fn the_receiver_takes_pickles_of_pythons_handlers() {
    if !able(&["python3"]) {
        return;
    }
    for (kind, handler) in [("tcp", "SocketHandler"), ("udp", "DatagramHandler")] {
        let folder = folder();
        let receiver = Receiver::start(folder.path(), &format!("{kind} pickle"));
        let handler = format!("{handler}('127.0.0.1', {})", receiver.port());
        log(
            &handler,
            "l.error('one %s', 'argument', extra={'user': 7})\nl.warning('two')",
        );
        let received = receiver.wait(2);
        assert_eq!(message(&received[0]), "one argument");
        assert_eq!(received[0]["record"]["levelno"], 40);
        assert_eq!(received[0]["record"]["user"], 7);
        assert_eq!(message(&received[1]), "two");
    }
}

fn send(receiver: &Receiver, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(receiver.address()).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.write_all(bytes).unwrap();
    stream
}

#[test]
fn the_receiver_cuts_each_framing_and_tells_what_is_not_ended() {
    if !able(&["python3"]) {
        return;
    }
    let cases: [(&str, &[u8], &[&str]); 5] = [
        ("lines", b"one\ntwo\nthr", &["one", "two", "thr(not ended)"]),
        ("nul", b"one\n\0two\0", &["one\n", "two"]),
        (
            "octet",
            b"3 one4 two\n9 x",
            &["one", "two\n", "(not ended)"],
        ),
        (
            "pickle",
            b"\0\0\0\x03one\0\0\0\x04tw",
            &["one", "(not ended)"],
        ),
        ("octet", b"<13>x\n", &["<(no count)"]),
    ];
    for (wire, sent, want) in cases {
        let folder = folder();
        let receiver = Receiver::start(folder.path(), &format!("tcp {wire}"));
        drop(send(&receiver, sent));
        let received = receiver.wait(want.len());
        let got: Vec<Vec<u8>> = received.iter().map(data).collect();
        let want: Vec<&[u8]> = want.iter().map(|text| text.as_bytes()).collect();
        assert_eq!(got, want, "{wire}");
    }
}

#[test]
fn the_receiver_ends_connections_as_it_is_told() {
    if !able(&["python3"]) {
        return;
    }
    for (then, error) in [
        ("fin", None),
        ("rst", Some(std::io::ErrorKind::ConnectionReset)),
    ] {
        let folder = folder();
        let arguments = format!("tcp lines --after 2 --then {then}");
        let receiver = Receiver::start(folder.path(), &arguments);
        let mut stream = send(&receiver, b"one\ntwo\n");
        receiver.wait(2);
        if error.is_some() {
            stream.write_all(b"never read\n").unwrap();
        }
        let read = stream.read(&mut [0; 9]);
        match error {
            None => assert_eq!(read.unwrap(), 0),
            Some(kind) => assert_eq!(read.unwrap_err().kind(), kind),
        }
        // The next connection is as good as any.
        drop(send(&receiver, b"three\n"));
        let received = receiver.wait(3);
        assert_eq!(data(&received[2]), b"three");
        assert_eq!(received[2]["conn"], 2);
    }
    let folder = folder();
    let mut receiver = Receiver::start(folder.path(), "tcp lines --hold --rcvbuf 4096");
    let mut stream = send(&receiver, b"held\n");
    assert!(receiver.received().is_empty());
    receiver.tell("read");
    receiver.wait(1);
    receiver.tell("rst");
    let kind = stream.read(&mut [0; 9]).unwrap_err().kind();
    assert_eq!(kind, std::io::ErrorKind::ConnectionReset);
    // And comes back at its port, with what it has.
    let port = receiver.port().to_owned();
    drop(receiver);
    let receiver = Receiver::start(folder.path(), &format!("tcp lines --port {port}"));
    drop(send(&receiver, b"again\n"));
    let received = receiver.wait(2);
    assert_eq!(data(received.last().unwrap()), b"again");
}

#[test]
fn the_receiver_puts_chunks_together_and_unpacks_them() {
    if !able(&["python3"]) {
        return;
    }
    let folder = folder();
    let receiver = Receiver::start(folder.path(), "udp gelf");
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let plain = br#"{"short_message":"packed"}"#;
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(plain).unwrap();
    let packed = packer.finish().unwrap();
    let (one, two) = packed.split_at(9);
    let chunk = |number: u8, part: &[u8]| [b"\x1e\x0fidentity", &[number, 2][..], part].concat();
    socket.send_to(&chunk(1, two), receiver.address()).unwrap();
    socket.send_to(&chunk(0, one), receiver.address()).unwrap();
    socket.send_to(plain, receiver.address()).unwrap();
    let received = receiver.wait(2);
    assert!(received.iter().all(|got| message(got) == "packed"));
}

#[test]
fn the_receiver_checks_codes() {
    if !able(&["python3", "openssl"]) {
        return;
    }
    let folder = folder();
    std::fs::write(folder.path().join("key"), "0123456789abcdef\n").unwrap();
    let key = folder.path().join("key");
    let receiver = Receiver::start(folder.path(), &format!("tcp lines --key {}", key.display()));
    let script = "printf hello | openssl dgst -sha256 -hmac 0123456789abcdef -r | cut -c1-64";
    let tag = sh(folder.path(), script);
    drop(send(
        &receiver,
        format!("{} hello\n{0} other\n", tag.trim()).as_bytes(),
    ));
    let received = receiver.wait(2);
    assert_eq!(message(&received[0]), "hello");
    assert!(text(&received[1], "error").contains("another key"));
}

#[test]
fn the_checker_reads_what_the_receiver_wrote() {
    if !able(&["python3"]) {
        return;
    }
    let folder = folder();
    let receiver = Receiver::start(folder.path(), "tcp lines");
    drop(send(&receiver, &[record(1), record(2), record(4)].concat()));
    receiver.wait(3);
    assert_eq!(receiver.report(1..=4).lost, [3]);
    drop(send(&receiver, &record(3)[..20]));
    receiver.wait(4);
    assert_eq!(receiver.report(1..=4).torn.len(), 1);
    assert!(Path::new(&folder.path().join("received")).exists());
}
