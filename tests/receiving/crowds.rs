//! More peers than there is room for, and peers that do nothing.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::listener::{Listener, listen};
use crate::support::{Folder, LH, until};

/// An honest record from a connection of its own; how long it took to be in
/// the file.
fn honest(listener: &Listener<'_>, folder: &Folder, number: usize) -> Duration {
    let begun = Instant::now();
    let record = format!("honest {number}\n");
    let mut stream = listener.connect();
    stream.write_all(record.as_bytes()).expect("sent");
    until("it is there", || {
        folder.has("out") && folder.text("out").contains(&record)
    });
    begun.elapsed()
}

/// Trial 44: as many as would use up all room.
#[test]
fn those_who_send_nothing_of_use_make_room() {
    let folder = Folder::new();
    let options = "listen --tcp 127.0.0.1:0 --max-connections 128 --idle-timeout 60s";
    let listener = listen(&folder, options, "file -f {message} out");
    let mut slow = Vec::new();
    let mut longest = Duration::ZERO;
    for round in 0..10 {
        for number in 0..80 {
            let mut stream = listener.connect();
            if number % 2 == 0 {
                // One byte, and another one later.
                stream.write_all(b"<").expect("sent");
            }
            slow.push(stream);
        }
        longest = longest.max(honest(&listener, &folder, round));
        for stream in &mut slow {
            let _ = stream.write_all(b"1");
        }
    }
    let peak = listener.peak();
    println!("800 slow connections: an honest one took {longest:?} at most, {peak} KiB");
    assert!(longest < Duration::from_secs(5), "{longest:?}");
    assert!(peak < 32 << 10, "{peak} KiB");
    let ran = listener.end().code(0);
    assert!(ran.stderr.lines().count() < 60, "{}", ran.stderr);
}

/// A request on a connection, which stays open.
fn request(stream: &mut TcpStream, number: usize) {
    let head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 2";
    write!(stream, "{head}\r\n\r\n{number}\n").expect("sent");
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("an answer");
        answer.push(byte[0]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 204"));
}

fn post(listener: &Listener<'_>, number: usize) -> TcpStream {
    let mut stream = TcpStream::connect(listener.address("http")).expect("a connection");
    request(&mut stream, number);
    stream
}

/// Those who send nothing go before those who rest, however many they are.
#[test]
fn a_flood_of_silent_ones_pushes_nobody_out_who_rests() {
    let folder = Folder::new();
    let options = "listen --http 127.0.0.1:0 --max-connections 4";
    let listener = listen(&folder, options, "file -f {message} out");
    let mut resting = [post(&listener, 0), post(&listener, 1)];
    std::thread::sleep(Duration::from_millis(2100));
    let address = listener.address("http");
    let silent = || TcpStream::connect(&address).expect("a connection");
    let silent: Vec<_> = (0..12).map(|_| silent()).collect();
    post(&listener, 2);
    for stream in &mut resting {
        request(stream, 3);
    }
    drop(silent);
    assert_eq!(folder.text("out"), "0\n1\n2\n3\n3\n");
    listener.end().code(0);
}

/// Clients keep their connections for the next request; those who rest longest go.
#[test]
fn those_who_rest_between_two_requests_make_room() {
    let folder = Folder::new();
    let options = "listen --http 127.0.0.1:0 --max-connections 3";
    let listener = listen(&folder, options, "file -f {message} out");
    let mut resting: Vec<_> = (0..8).map(|number| post(&listener, number)).collect();
    // The first had to go for the others; the last are there.
    let mut rest = Vec::new();
    resting[0].read_to_end(&mut rest).expect("its end");
    let last = resting.last_mut().expect("the last");
    last.set_read_timeout(Some(Duration::from_millis(50)))
        .expect("set");
    let mut byte = [0];
    while last.read(&mut byte).is_ok_and(|count| {
        assert_eq!(count, 1, "it was closed");
        true
    }) {}
    drop(resting);
    assert_eq!(folder.text("out"), "0\n1\n2\n3\n4\n5\n6\n7\n");
    listener.end().code(0);
}

/// As long as there are as many as there may be, that is said once, and leaves
/// room for what else is wrong.
#[test]
fn that_there_is_no_room_is_said_once() {
    let folder = Folder::new();
    let options = "listen --tcp 127.0.0.1:0 --max-connections 2";
    let mut listener = listen(&folder, options, "file -f {message} out");
    let mut useful: Vec<_> = (0..2)
        .map(|number| {
            let mut stream = listener.connect();
            stream.write_all(b"hello\n").expect("sent");
            until("it is useful", || {
                folder.has("out") && folder.text("out").lines().count() > number
            });
            stream
        })
        .collect();
    let _waiting: Vec<_> = (0..3).map(|_| listener.connect()).collect();
    listener.running.wait_said("others have to wait");
    std::thread::sleep(Duration::from_millis(1500));
    // One goes, another comes, and there is none again.
    useful.truncate(1);
    std::thread::sleep(Duration::from_millis(500));
    let ran = listener.end().code(0);
    let count = ran.stderr.matches("others have to wait").count();
    assert_eq!(count, 1, "{}", ran.stderr);
    assert!(!ran.stderr.contains("more complaints"), "{}", ran.stderr);
}

/// Trial 44: no descriptor is left to accept another with.
#[test]
fn without_descriptors_it_waits_and_does_not_spin() {
    let folder = Folder::new();
    let script =
        format!("ulimit -n 40; exec {LH} listen --tcp 127.0.0.1:0 file -f {{message}} out");
    let mut running = folder.sh(&script).start();
    running.wait_said("listening at tcp ");
    let said = running.stderr();
    let address = said
        .trim_end()
        .rsplit(' ')
        .next()
        .expect("an address")
        .to_owned();
    let connect = || TcpStream::connect(&address).expect("a connection");
    let mut all: Vec<TcpStream> = (0..100).map(|_| connect()).collect();
    running.wait_said("cannot take a connection");
    let listener = Listener::of(running, &folder);
    let before = listener.busy();
    std::thread::sleep(Duration::from_secs(1));
    let busy = listener.busy() - before;
    println!("out of descriptors: {busy} hundredths of a second of a core in 1 s");
    assert!(busy < 20, "{busy} %");
    // Those who have gone make room.
    all.truncate(1);
    let mut stream = connect();
    stream.write_all(b"hello\n").expect("sent");
    until("it is there", || {
        folder.has("out") && folder.text("out") == "hello\n"
    });
    let ran = listener.end().code(0);
    ran.said_times("cannot take a connection", 1);
}

/// What many hold back of a message is bounded, and an honest one is served.
#[test]
fn beginnings_of_messages_do_not_fill_the_memory() {
    let folder = Folder::new();
    let options = "listen --tcp 127.0.0.1:0 --wire pickle";
    let listener = listen(&folder, options, "file -f {message} out");
    let half = [&[0, 0x0f, 0, 0][..], &vec![b'x'; 900 << 10]].concat();
    let mut all = Vec::new();
    for _ in 0..150 {
        let mut stream = listener.connect();
        stream
            .set_write_timeout(Some(Duration::from_millis(300)))
            .expect("set");
        let _ = stream.write_all(&half);
        all.push(stream);
    }
    until("some are cut off", || {
        listener.running.stderr().contains("take too much memory")
    });
    let peak = listener.peak();
    println!("150 connections with 900 KiB of a message each: {peak} KiB");
    assert!(peak < 160 << 10, "{peak} KiB");
    // Whoever was cut off sees it.
    let closed = all.iter_mut().any(|stream| {
        stream
            .set_read_timeout(Some(Duration::from_millis(1)))
            .expect("set");
        match stream.read(&mut [0]) {
            Ok(count) => count == 0,
            // Whose end had not read all that was sent.
            Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
        }
    });
    assert!(closed);
    let pickle = b"\0\0\0\x14\x80\x02}(X\x03\0\0\0msgX\x01\0\0\0au.";
    let length = u8::try_from(pickle.len() - 4).expect("short");
    let mut pickle = pickle.to_vec();
    pickle[3] = length;
    listener.connect().write_all(&pickle).expect("sent");
    until("the honest one is there", || {
        folder.has("out") && folder.text("out") == "a\n"
    });
    listener.end().code(0);
}
