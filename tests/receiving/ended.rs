//! One handler of several has come to its end, and the others go on.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::listener::{Listener, listen_with};
use crate::support::{Folder, close_reader};

/// A chain of which the first handler writes to a pipe.
fn start(folder: &Folder) -> (Listener<'_>, std::io::PipeReader, std::io::PipeWriter) {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let options = "listen --tcp 127.0.0.1:0 --http 127.0.0.1:0";
    let lh = folder.lh(&format!(
        "{options} stream -f {{message}} + file -f {{message}} out"
    ));
    let listener = listen_with(
        lh.stdout(writer.try_clone().expect("a pipe")),
        folder,
        options,
    );
    (listener, reader, writer)
}

/// The status of the answer to a record.
fn post(stream: &mut TcpStream, message: &str) -> String {
    let length = message.len();
    let request = format!("POST / HTTP/1.1\r\nContent-Length: {length}\r\n\r\n{message}");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut buffer = [0; 1000];
    let mut answer = Vec::new();
    // The body of a failure, too.
    while !answer.ends_with(b"\r\n\r\n") && !answer.ends_with(b"\n") {
        let count = stream.read(&mut buffer).expect("an answer");
        assert!(count > 0, "it was closed");
        answer.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8_lossy(&answer)[9..12].to_owned()
}

#[test]
fn requests_are_answered_by_what_the_others_take() {
    let folder = Folder::new();
    let (listener, reader, writer) = start(&folder);
    let mut stream = TcpStream::connect(listener.address("http")).expect("a connection");
    let timeout = Some(Duration::from_secs(15));
    stream.set_read_timeout(timeout).expect("set");
    assert_eq!(post(&mut stream, "one"), "204");
    close_reader(reader, &writer);
    // One handler had to take it and can't.
    assert_eq!(post(&mut stream, "two"), "500");
    // It is known to be gone.
    assert_eq!(post(&mut stream, "three"), "204");
    assert_eq!(post(&mut stream, "four"), "204");
    assert_eq!(folder.text("out"), "one\ntwo\nthree\nfour\n");
    listener.end().code(1).said("3 records were not delivered");
}

#[test]
fn numbered_frames_go_on_to_the_others_once() {
    let folder = Folder::new();
    let (listener, reader, writer) = start(&folder);
    let address = listener.address("tcp");
    let mut sender = folder.lh(&format!("socket --wire lh {address}")).start();
    sender.send_to("one\n", "out");
    close_reader(reader, &writer);
    sender.send_to("two\n", "out");
    sender.send("three\n");
    sender.end().code(0);
    assert_eq!(folder.text("out"), "one\ntwo\nthree\n");
    listener
        .end()
        .code(1)
        .said_times("without acknowledging", 1);
}
