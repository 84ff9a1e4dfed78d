//! Peers that mean harm: each is told apart by name, costs little, and takes
//! nothing from the others. Trials 44 to 46.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream, UdpSocket};
use std::time::Duration;

use crate::listener::{Listener, listen, python, text};
use crate::support::{Folder, peer, until};

/// The most memory that any of this may take, in KiB.
const PEAK: u64 = 64 << 10;

/// A connection that sends this, and is closed or reset by the other side, or
/// by its own end.
fn send(listener: &Listener<'_>, bytes: &[u8]) {
    let mut stream = listener.connect();
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    stream
        .set_read_timeout(Some(Duration::from_secs(15)))
        .expect("set");
    while stream.read(&mut [0; 1000]).is_ok_and(|count| count > 0) {}
}

fn framed(pickle: &[u8]) -> Vec<u8> {
    let length = u32::try_from(pickle.len()).expect("a length");
    [&length.to_be_bytes()[..], pickle].concat()
}

/// Trial 45.
#[test]
fn bombs_are_told_apart_by_their_peer_and_cost_little() {
    let deep = framed(&[b"\x80\x02", &b"(".repeat(1_000_000)[..], b"."].concat());
    let nested = framed(&[&b"]".repeat(300_000)[..], &b"a".repeat(299_999), b"."].concat());
    // A list of two that are the same list of two, and so on.
    let mut doubling = b"\x80\x02]q\0X\x01\0\0\0aa".to_vec();
    for key in 0..60u8 {
        doubling.extend([b']', b'q', key + 1, b'(', b'h', key, b'h', key, b'e']);
    }
    doubling.extend(b"}X\x03\0\0\0msgh\x3cs.");
    let doubling = framed(&doubling);
    // As long as one may be.
    let longest = framed(&[b"\x80\x02", &b"]".repeat(4 << 20)[..], b"."].concat());
    let bombs: [(&str, &[u8]); 9] = [
        ("a pickle can't be read", &longest),
        ("longer than the", b"\x7f\xff\xff\xff...."),
        ("longer than the", b"99999999 <13>x"),
        ("is none", b"5 <13>a77777777777777777777 <13>b"),
        ("a pickle can't be read", &deep),
        ("a pickle can't be read", &nested),
        ("a pickle can't be read", &doubling),
        ("ended within a message", b"\0\0\x01\0\x80\x02}"),
        (
            "a frame of 2021161080 bytes is longer",
            b"\x93lh\x01aaaaaaaaaaaaaaaa\0\0\0\0\0\0\0\x01xxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        ),
    ];
    let folder = Folder::new();
    let mut listener = listen(&folder, "listen --tcp 127.0.0.1:0", "");
    let mut sent = 0;
    for (said, bytes) in bombs {
        // One by one, as no more than ten are told in ten seconds.
        let before = listener.running.stderr().len();
        send(&listener, bytes);
        sent += bytes.len();
        until(said, || listener.running.stderr()[before..].contains(said));
        let lines = listener.running.stderr()[before..].to_owned();
        assert!(lines.starts_with("lh: 127.0.0.1:"), "{lines}");
    }
    // Text without an end, of which no record is refused: it is taken in parts.
    let endless = b"7".repeat(20 << 20);
    send(&listener, &endless);
    sent += endless.len();
    send(&listener, b"<13>honest\n");
    listener.running.wait_said("longer than");
    until("the honest one is there", || {
        folder.text("out").contains("\"message\":\"honest\"")
    });
    let (written, peak) = (folder.size("out"), listener.peak());
    println!("bombs: {sent} bytes were sent, {written} written, {peak} KiB at most");
    assert!(written as f64 <= 1.1 * sent as f64, "{written} of {sent}");
    assert!(peak < PEAK, "{peak} KiB");
    listener.end().code(0);
}

/// What is too long costs nothing but itself: if the connection ended, its sender
/// would send it again for ever, and with it what came before.
#[test]
fn what_is_too_long_is_skipped_and_the_connection_goes_on() {
    let folder = Folder::new();
    let mut listener = listen(&folder, "--stats listen --tcp 127.0.0.1:0", "");
    let message = b"\x80\x02}(X\x03\0\0\0msgX\x01\0\0\0au.";
    let long = vec![b'x'; 16 << 20];
    let pickles = [framed(message), framed(&long), framed(message)].concat();
    let count = format!("{} <13>", long.len() + 4);
    let syslog = [b"5 <13>b", count.as_bytes(), &long, b"5 <13>c"].concat();
    for (bytes, count) in [(pickles, 2), (syslog, 4)] {
        let mut stream = listener.connect();
        stream.write_all(&bytes).expect("sent");
        // It is still open.
        let timeout = Some(Duration::from_millis(100));
        stream.set_read_timeout(timeout).expect("set");
        assert!(stream.read(&mut [0]).is_err(), "it was closed");
        // Those of two connections come in any order.
        listener.records(count);
    }
    let records = listener.records(4);
    let messages: Vec<_> = records
        .iter()
        .map(|record| text(record, "message"))
        .collect();
    assert_eq!(messages, ["a", "a", "b", "c"]);
    let peak = listener.peak();
    println!("two messages of 16 MiB: {peak} KiB at most");
    assert!(peak < 32 << 10, "{peak} KiB");
    let ran = listener.end().code(1);
    let said = "a message of 16777216 bytes is longer than the";
    assert_eq!(ran.stderr.matches(said).count(), 1, "{}", ran.stderr);
    ran.said("\"dropped\":2")
        .said("2 messages were far longer than");
}

/// A frame, too: its sender would send it again, and nothing behind it.
#[test]
fn a_frame_that_is_too_long_holds_nobody_up() {
    for key in ["", "--hmac-key-file key"] {
        let folder = Folder::new();
        folder.write("key", "0123456789abcdef\n");
        let options = format!("listen --tcp 127.0.0.1:0 {key}");
        let listener = listen(&folder, &options, "file -f {message} out");
        let long = "z".repeat(10 << 20);
        folder
            .lh(&format!(
                "--max-record 20M socket --wire lh {key} {}",
                listener.address("tcp")
            ))
            .with(format!("before\n{long}\nafter\n"))
            .ok();
        assert_eq!(folder.text("out"), "before\nafter\n");
        let ran = listener.end().code(1);
        ran.said_times(
            "is longer than the 8912896 that are taken (--max-record)",
            1,
        );
    }
}

/// Of many that do the same, few are told, and the rest is counted.
#[test]
fn a_thousand_faults_are_few_lines() {
    let folder = Folder::new();
    let listener = listen(&folder, "listen --tcp 127.0.0.1:0", "");
    for _ in 0..1000 {
        send(&listener, b"\x7f\xff\xff\xff....");
    }
    let ran = listener.end().code(0);
    let lines = ran.stderr.lines().count();
    assert!((10..100).contains(&lines), "{}", ran.stderr);
    assert!(ran.stderr.contains("more"), "{}", ran.stderr);
}

/// Trial 45: what a pickle would call is never called.
#[test]
fn pickles_are_data() {
    if !peer("python3") {
        return;
    }
    let script = r"
import os, pickle, socket, struct, subprocess, sys
class Evil:
    def __reduce__(self): return (os.system, ('touch ' + sys.argv[2],))
class Eval:
    def __reduce__(self): return (eval, ('open(%r, \'w\')' % sys.argv[2],))
class Popen:
    def __reduce__(self): return (subprocess.Popen, (['touch', sys.argv[2]],))
s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
for protocol in range(6):
    for evil in (Evil(), Eval(), Popen()):
        for record in ({'msg': 'x', 'evil': evil}, {'msg': evil}, {'msg': '%s', 'args': (evil,)}, evil, [evil]):
            data = pickle.dumps(record, protocol)
            s.sendall(struct.pack('>L', len(data)) + data)
";
    let folder = Folder::new();
    let mut listener = listen(&folder, "listen --tcp 127.0.0.1:0", "");
    let target = folder.path("touched").display().to_string();
    python(script, &[&listener.port("tcp").to_string(), &target]);
    let records = listener.records(6 * 3 * 5);
    assert!(!folder.has("touched"));
    for record in &records {
        let line = record.to_string();
        let call = ["system('touch", "eval(", "Popen(['touch'"];
        assert!(call.iter().any(|call| line.contains(call)), "{line}");
    }
    assert_eq!(text(&records[0], "message"), "x");
    listener.end().ok();
}

#[test]
fn half_a_record_and_a_reset() {
    let folder = Folder::new();
    let mut listener = listen(&folder, "listen --tcp 127.0.0.1:0", "");
    for bytes in [
        &b"<13>whole\n<13>half"[..],
        b"\0\0\x01\0\x80",
        b"9 <13>whole20 <13>ha",
    ] {
        let mut stream = listener.connect();
        stream.write_all(bytes).expect("sent");
        // Read, so that a reset takes nothing of it away.
        std::thread::sleep(Duration::from_millis(50));
        let socket = socket2::SockRef::from(&stream);
        socket.set_linger(Some(Duration::ZERO)).expect("set");
        drop(stream);
    }
    listener.running.wait_said("the connection broke");
    send(&listener, b"<13>honest\n");
    until("the honest one", || folder.text("out").contains("honest"));
    let records = folder.text("out");
    assert_eq!(
        records.matches("\"message\":\"whole\"").count(),
        2,
        "{records}"
    );
    // Of a text, what came is worth keeping.
    assert_eq!(
        records.matches("\"message\":\"half\"").count(),
        1,
        "{records}"
    );
    listener.end().code(0);
}

/// Trial 45: GELF.
#[test]
fn datagrams_that_are_bombs_cost_little() {
    let folder = Folder::new();
    let mut listener = listen(&folder, "--stats listen --udp 127.0.0.1:0", "");
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let address = listener.address("udp");
    let send = |bytes: &[u8]| socket.send_to(bytes, &address).expect("sent");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&vec![b' '; 50 << 20]).expect("packed");
    let gzip = gzip.finish().expect("packed");
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    zlib.write_all(&vec![b' '; 50 << 20]).expect("packed");
    let zlib = zlib.finish().expect("packed");
    for bomb in [
        &gzip[..60_000.min(gzip.len())],
        &zlib[..60_000.min(zlib.len())],
    ] {
        send(bomb);
    }
    listener
        .running
        .wait_said("a compressed message can't be read");
    // The first of 128 chunks, of 20,000 messages.
    let mut chunk = vec![b'x'; 8000];
    for id in 0u64..20_000 {
        chunk[..2].copy_from_slice(b"\x1e\x0f");
        chunk[2..10].copy_from_slice(&id.to_le_bytes());
        chunk[10..12].copy_from_slice(&[0, 128]);
        send(&chunk);
    }
    for odd in [
        &b"\x1e\x0f"[..],
        b"\x1e\x0f01234567\xff\xff.",
        b"\x1e\x0f01234567\x05\x02.",
    ] {
        send(odd);
    }
    let mut number = 0;
    until("an honest one", || {
        number += 1;
        send(format!("<13>honest {number}").as_bytes());
        folder.has("out") && folder.text("out").contains("honest")
    });
    let peak = listener.peak();
    println!("bombs in datagrams: {peak} KiB at most");
    assert!(peak < PEAK + (16 << 10), "{peak} KiB");
    listener.end().code(0);
}

/// What begins like a chunk and is none, and messages of which a part is missing.
#[test]
fn chunks_that_make_no_message_are_counted_and_told() {
    let folder = Folder::new();
    let mut listener = listen(&folder, "--stats listen --udp 127.0.0.1:0", "");
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let address = listener.address("udp");
    let send = |bytes: &[u8]| socket.send_to(bytes, &address).expect("sent");
    for odd in [
        &b"\x1e\x0f0123456"[..],
        b"\x1e\x0f01234567\x05\x02.",
        b"\x1e\x0f01234567\0\0.",
    ] {
        send(odd);
    }
    let own = socket.local_addr().expect("an address");
    listener
        .running
        .wait_said(&format!("{own}: a chunk of GELF is too short"));
    // One whose time is over, and one that is not complete at the end.
    send(b"\x1e\x0fABCDEFGH\0\x02{");
    std::thread::sleep(Duration::from_millis(5200));
    send(b"\x1e\x0fabcdefgh\0\x02{");
    send(b"last");
    listener.records(1);
    listener
        .end()
        .code(0)
        .said_times("a chunk of GELF is too short", 3)
        .said("2 messages came in chunks of which some were missing")
        .said("\"refused\":5");
}

/// A request, and the status line of its answer.
fn request(listener: &Listener<'_>, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(listener.address("http")).expect("a connection");
    stream
        .set_read_timeout(Some(Duration::from_secs(15)))
        .expect("set");
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let mut buffer = [0; 1000];
    while !answer.contains(&b'\n')
        && let Ok(count @ 1..) = stream.read(&mut buffer)
    {
        answer.extend_from_slice(&buffer[..count]);
    }
    let text = String::from_utf8_lossy(&answer).into_owned();
    text.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn requests_that_mean_harm_are_refused() {
    let folder = Folder::new();
    let listener = listen(&folder, "listen --http 127.0.0.1:0", "");
    let post = |head: &str, body: &[u8]| {
        let head = format!("POST / HTTP/1.1\r\nHost: x\r\n{head}\r\n");
        request(&listener, &[head.as_bytes(), body].concat())
    };
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&vec![b' '; 200 << 20]).expect("packed");
    let bomb = gzip.finish().expect("packed");
    let packed = format!(
        "Content-Encoding: gzip\r\nContent-Length: {}\r\n",
        bomb.len()
    );
    let long = format!("X: {}\r\n", "x".repeat(1 << 20));
    let many = "X: y\r\n".repeat(1000);
    let deep = [&b"[".repeat(1 << 20)[..], &b"]".repeat(1 << 20)].concat();
    let nested = format!(
        "Content-Type: application/json\r\nContent-Length: {}\r\n",
        deep.len()
    );
    for (head, body, status) in [
        (packed.as_str(), &bomb[..], "413"),
        (&long, b"", "431"),
        (&many, b"", "431"),
        (
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            b"0\r\n\r\n",
            "400",
        ),
        (
            "Content-Length: 5\r\nContent-Length: 6\r\n",
            b"hello!",
            "400",
        ),
        ("Content-Length: -1\r\n", b"", "400"),
        ("Content-Length: 99999999999999999999999\r\n", b"", "413"),
        ("Content-Length: 99999999999\r\n", b"", "413"),
        (
            "Transfer-Encoding: chunked\r\n",
            b"ffffffffffffffff\r\n",
            "400",
        ),
        ("Transfer-Encoding: chunked\r\n", b"-1\r\n", "400"),
        ("Transfer-Encoding: gzip\r\n", b"", "501"),
    ] {
        let answer = post(head, body);
        let head: String = head.chars().take(60).collect();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{head}: {answer:?}"
        );
    }
    assert!(request(&listener, b"DELETE / HTTP/1.1\r\n\r\n").contains(" 405 "));
    assert!(request(&listener, b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03").contains(" 400 "));
    let answer = post("Content-Length: 6\r\n", b"honest");
    assert!(answer.contains(" 204 "), "{answer}");
    // It is no object, and so a text.
    let answer = post(&nested, &deep);
    assert!(answer.contains(" 204 "), "{answer}");
    let peak = listener.peak();
    println!("bombs in requests: {peak} KiB at most");
    assert!(peak < PEAK, "{peak} KiB");
    // The text is twice as long as a record may be.
    assert_eq!(folder.text("out").lines().count(), 3);
    listener.end().code(0);
}

/// What takes many times its room as records does not come into memory at once.
#[test]
fn many_small_things_take_bounded_memory() {
    let folder = Folder::new();
    let options = "--stats listen --tcp 127.0.0.1:0 --http 127.0.0.1:0";
    let listener = listen(&folder, options, "file --follow -f json /dev/null");
    let mut stream = listener.connect();
    let lines = [&b"x"[..], &b"\n".repeat(1 << 19)].concat();
    stream.write_all(&lines).expect("sent");
    stream.shutdown(Shutdown::Write).expect("shut");
    assert_eq!(stream.read(&mut [0]).expect("its end"), 0);
    let fields: Vec<_> = (0..500_000).map(|number| format!("{number:x}=")).collect();
    for form in ["a=&".repeat(2 << 20), fields.join("&")] {
        let head = "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
                    Content-Type: application/x-www-form-urlencoded\r\nContent-Length";
        let answer = request(
            &listener,
            format!("{head}: {}\r\n\r\n{form}", form.len()).as_bytes(),
        );
        assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    }
    let peak = listener.peak();
    println!("lines of no byte, and forms of many fields: {peak} KiB at most");
    assert!(peak < 80 << 10, "{peak} KiB");
    listener
        .end()
        .code(0)
        .said("\"records_in\":524298")
        .said("\"malformed\":2");
}
