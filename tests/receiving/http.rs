//! Requests of HTTP.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::listener::{listen, text};
use crate::support::Folder;

fn ask(stream: &mut TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"\r\n\r\n") && stream.read(&mut byte).expect("an answer") > 0 {
        answer.push(byte[0]);
    }
    let head = String::from_utf8(answer).expect("text");
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "))
        .map_or(0, |length| length.parse().expect("a number"));
    let mut body = vec![0; length];
    stream.read_exact(&mut body).expect("a body");
    head.lines().next().unwrap_or_default().to_owned()
}

fn post(body: &str) -> String {
    format!(
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn a_connection_is_kept_and_pipelined_requests_are_answered_in_order() {
    let folder = Folder::new();
    let mut listener = listen(&folder, "listen --http 127.0.0.1:0", "");
    let mut stream = TcpStream::connect(listener.address("http")).expect("a connection");
    let done = "HTTP/1.1 204 No Content";
    assert_eq!(ask(&mut stream, &post(r#"{"message":"one"}"#)), done);
    assert_eq!(ask(&mut stream, "GET / HTTP/1.1\r\n\r\n"), done);
    assert_eq!(ask(&mut stream, &post("{")), "HTTP/1.1 400 Bad Request");
    let both = post(r#"[{"message":"two"},{"message":"three"}]"#) + &post(r#""four""#);
    assert_eq!(ask(&mut stream, &both), done);
    assert_eq!(ask(&mut stream, ""), done);
    let records = listener.records(4);
    let messages: Vec<_> = records
        .iter()
        .map(|record| text(record, "message"))
        .collect();
    assert_eq!(messages, ["one", "two", "three", "four"]);
    listener.end().code(0).said_times("a request is refused", 1);
}

/// Whoever has said all that it has to say still waits for the answers.
#[test]
fn requests_before_the_end_of_a_stream_are_all_taken() {
    let folder = Folder::new();
    let mut listener = listen(&folder, "listen --http 127.0.0.1:0", "");
    let mut stream = TcpStream::connect(listener.address("http")).expect("a connection");
    let messages = ["one", "two", "three", "four", "five"];
    let requests = messages.map(|message| post(&format!("{{\"message\":\"{message}\"}}")));
    let all = requests.concat() + "POST / HTTP/1.1\r\n";
    stream.write_all(all.as_bytes()).expect("sent");
    stream.shutdown(Shutdown::Write).expect("ended");
    let mut answers = String::new();
    stream.read_to_string(&mut answers).expect("the answers");
    assert_eq!(answers.matches("HTTP/1.1 204 ").count(), 5, "{answers}");
    let records = listener.records(5);
    let got: Vec<_> = records.iter().map(|one| text(one, "message")).collect();
    assert_eq!(got, messages);
    listener.end().code(0);
}

/// Bodies on their way are bounded all together, not only one by one.
#[test]
fn bodies_that_are_not_complete_take_bounded_memory() {
    const MIB: usize = 1 << 20;
    let folder = Folder::new();
    let mut listener = listen(&folder, "listen --http 127.0.0.1:0", "");
    let head = format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n", 16 * MIB);
    let piece = vec![b'x'; MIB];
    let mut streams = Vec::new();
    for _ in 0..12 {
        let mut stream = TcpStream::connect(listener.address("http")).expect("a connection");
        stream.write_all(head.as_bytes()).expect("sent");
        // One that is closed meanwhile has done its part.
        let _ = (0..15).try_for_each(|_| stream.write_all(&piece));
        streams.push(stream);
    }
    let said = "the messages that are not complete take too much memory";
    listener.running.wait_said(said);
    // Whoever is closed for it learns why.
    crate::support::until("one of them is told to come again", || {
        streams.iter_mut().any(|stream| {
            let patience = Some(Duration::from_millis(20));
            stream.set_read_timeout(patience).expect("set");
            let mut answer = [0; 12];
            stream.read_exact(&mut answer).is_ok() && answer == *b"HTTP/1.1 503"
        })
    });
    let mut stream = TcpStream::connect(listener.address("http")).expect("a connection");
    let done = "HTTP/1.1 204 No Content";
    assert_eq!(ask(&mut stream, &post(r#"{"message":"small"}"#)), done);
    listener.records(1);
    let peak = listener.peak();
    println!("twelve bodies of 15 MiB: {peak} KiB at most");
    assert!(peak < 120 << 10, "{peak} KiB");
    drop(streams);
    listener.end().code(0);
}

/// Many send all that they have before they read: a connection that is reset
/// meanwhile looks to them like a fault of the network.
#[test]
fn the_answer_to_what_is_refused_arrives() {
    const MIB: usize = 1 << 20;
    let folder = Folder::new();
    let listener = listen(&folder, "listen --http 127.0.0.1:0", "");
    let post = "POST / HTTP/1.1\r\n";
    for (head, length, status) in [
        (post.to_owned(), 20 * MIB, "413 Content Too Large"),
        (
            "PATCH / HTTP/1.1\r\n".to_owned(),
            MIB,
            "405 Method Not Allowed",
        ),
        (
            format!("{post}Content-Encoding: zstd\r\n"),
            MIB,
            "415 Unsupported Media Type",
        ),
    ] {
        let mut stream = TcpStream::connect(listener.address("http")).expect("a connection");
        let head = format!("{head}Content-Length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).expect("sent");
        stream.write_all(&vec![b'x'; length]).expect("sent");
        assert_eq!(ask(&mut stream, ""), format!("HTTP/1.1 {status}"));
        assert_eq!(stream.read(&mut [0]).expect("the end"), 0);
    }
    // But nobody is heard for ever.
    let mut stream = TcpStream::connect(listener.address("http")).expect("a connection");
    assert_eq!(
        ask(&mut stream, "PATCH / HTTP/1.1\r\n\r\n"),
        "HTTP/1.1 405 Method Not Allowed"
    );
    let piece = vec![b'x'; MIB];
    assert!((0..100).any(|_| stream.write_all(&piece).is_err()));
    listener.end().code(0);
}

/// It takes as long as a message may take.
#[test]
fn a_request_that_does_not_become_complete_is_answered() {
    let folder = Folder::new();
    let listener = listen(&folder, "listen --http 127.0.0.1:0", "");
    let begin = |bytes: &[u8]| {
        let mut stream = TcpStream::connect(listener.address("http")).expect("a connection");
        let patience = Some(Duration::from_secs(60));
        stream.set_read_timeout(patience).expect("set");
        stream.write_all(bytes).expect("sent");
        stream
    };
    let head = b"POST / HTTP/1.1\r\nContent-Length: 9\r\n";
    let body = [&head[..], b"\r\nbody"].concat();
    for mut stream in [begin(head), begin(&body)] {
        assert_eq!(ask(&mut stream, ""), "HTTP/1.1 408 Request Timeout");
        assert_eq!(stream.read(&mut [0]).expect("the end"), 0);
    }
    let said = "did not become complete in time";
    listener.end().code(0).said_times(said, 2);
}

/// Whether a request is told to come again. One that was taken together with what
/// blocks the chain has no answer.
fn is_busy(address: &str) -> bool {
    let mut stream = TcpStream::connect(address).expect("a connection");
    let patience = Some(Duration::from_millis(200));
    stream.set_read_timeout(patience).expect("set");
    let request = post(r#"{"message":"small"}"#);
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).is_ok() && answer == *b"HTTP/1.1 503"
}

fn post_text(body: &str) -> String {
    let length = body.len();
    format!("POST / HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{body}")
}

/// A line without anything in it becomes a record that is far longer.
#[test]
fn many_records_of_one_request_take_bounded_memory() {
    const COUNT: usize = 400_000;
    let folder = Folder::new();
    let listener = listen(&folder, "listen --http 127.0.0.1:0", "");
    let mut stream = TcpStream::connect(listener.address("http")).expect("a connection");
    let body = "\n".repeat(COUNT - 1) + "last";
    let answer = ask(&mut stream, &post_text(&body));
    assert_eq!(answer, "HTTP/1.1 204 No Content");
    // All of them are there by then.
    let written = folder.text("out");
    assert_eq!(written.lines().count(), COUNT);
    assert!(
        written
            .lines()
            .last()
            .is_some_and(|line| line.contains("\"last\""))
    );
    let peak = listener.peak();
    println!("{COUNT} records of one request: {peak} KiB at most");
    assert!(peak < 32 << 10, "{peak} KiB");
    listener.end().code(0);
}

/// What was not all handed on when the end came is not accepted.
#[test]
fn a_request_in_whose_middle_the_end_comes_is_to_be_sent_again() {
    let folder = Folder::new();
    folder.mkfifo("slow");
    let pipe = std::fs::OpenOptions::new();
    let pipe = pipe
        .clone()
        .read(true)
        .write(true)
        .open(folder.path("slow"));
    let mut running = folder
        .lh("listen --http 127.0.0.1:0 stream -f {message}")
        .stdout(pipe.expect("a pipe"))
        .start();
    running.wait_said("listening at http ");
    let said = running.stderr();
    let address = said.trim().rsplit(' ').next().expect("an address");
    let mut stream = TcpStream::connect(address).expect("a connection");
    // More than a pipe holds, and more than one portion.
    let body = format!("{}\n", "x".repeat(999)).repeat(4000);
    stream.write_all(post_text(&body).as_bytes()).expect("sent");
    let busy = "HTTP/1.1 503 Service Unavailable";
    crate::support::until("it is busy", || is_busy(address));
    let patience = Some(Duration::from_secs(20));
    stream.set_read_timeout(patience).expect("set");
    running.signal(Signal::SIGINT);
    assert_eq!(ask(&mut stream, ""), busy);
    running.wait_exit().code(1);
}

/// As long as the disk is full, nobody is told that a record is safe.
#[test]
fn a_chain_that_takes_nothing_is_no_success() {
    let folder = Folder::new();
    folder.mkfifo("slow");
    let mut running = folder
        .lh("listen --http 127.0.0.1:0 stream -f {message}")
        .stdout(
            std::fs::OpenOptions::new()
                .read(true)
                .write(true)
                .open(folder.path("slow"))
                .expect("a pipe"),
        )
        .start();
    running.wait_said("listening at http ");
    let said = running.stderr();
    let address = said
        .split("listening at http ")
        .nth(1)
        .and_then(|rest| rest.lines().next());
    let address = address.expect("an address").to_owned();
    // More than a pipe holds.
    let long = format!("{{\"message\":\"{}\"}}", "x".repeat(200_000));
    let mut first = TcpStream::connect(&address).expect("a connection");
    first.write_all(post(&long).as_bytes()).expect("sent");
    first
        .set_read_timeout(Some(Duration::from_secs(20)))
        .expect("set");
    crate::support::until("it is busy", || is_busy(&address));
    let mut second = TcpStream::connect(&address).expect("a connection");
    let busy = "HTTP/1.1 503 Service Unavailable";
    assert_eq!(ask(&mut second, &post(r#"{"message":"small"}"#)), busy);
    // Now it is read.
    let mut pipe = std::fs::File::open(folder.path("slow")).expect("a pipe");
    let reader = std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        let mut all = Vec::new();
        while !all.ends_with(b"again\n") {
            let count = pipe.read(&mut buffer).expect("read");
            all.extend_from_slice(&buffer[..count]);
        }
        all
    });
    assert_eq!(ask(&mut first, ""), "HTTP/1.1 204 No Content");
    crate::support::until("it is taken", || {
        ask(&mut second, &post(r#"{"message":"again"}"#)) == "HTTP/1.1 204 No Content"
    });
    let all = reader.join().expect("read");
    let all = String::from_utf8_lossy(&all);
    assert!(all.contains(&format!("{}\n", "x".repeat(200_000))));
    running.signal(Signal::SIGTERM);
    running.wait_exit().code(0);
}
