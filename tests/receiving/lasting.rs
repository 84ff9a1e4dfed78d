//! A run from its start to its end: who starts it, what it takes of a signal,
//! and what it does when it can't keep up.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::listener::{listen, listen_with};
use crate::support::{Folder, until};

fn lines(numbers: std::ops::Range<usize>) -> String {
    numbers.map(|number| format!("line {number}\n")).collect()
}

/// What the kernel has taken for us before the signal is ours to deliver.
#[test]
fn what_has_arrived_is_delivered_after_a_signal() {
    let folder = Folder::new();
    let ports = "listen --tcp 127.0.0.1:0 --udp 127.0.0.1:0 --unix ./stream --unixgram ./gram";
    let mut listener = listen(&folder, ports, "file -f {message} out");
    let mut streams: Vec<TcpStream> = (0..20).map(|_| listener.connect()).collect();
    let udp = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let gram = UnixDatagram::unbound().expect("a socket");
    let mut local =
        std::os::unix::net::UnixStream::connect(folder.path("stream")).expect("a stream");
    listener.running.freeze();
    for (number, stream) in streams.iter_mut().enumerate() {
        let lines = lines(number * 100..(number + 1) * 100);
        stream.write_all(lines.as_bytes()).expect("sent");
    }
    local.write_all(lines(2000..2100).as_bytes()).expect("sent");
    for number in 2100..2150 {
        let line = format!("line {number}");
        udp.send_to(line.as_bytes(), listener.address("udp"))
            .expect("sent");
    }
    for number in 2150..2155 {
        let line = format!("line {number}");
        gram.send_to(line.as_bytes(), folder.path("gram"))
            .expect("sent");
    }
    // One that nobody has accepted yet.
    let mut late = listener.connect();
    late.write_all(lines(2155..2200).as_bytes()).expect("sent");
    listener.running.signal_now(Signal::SIGTERM);
    listener.running.thaw();
    listener.running.wait_exit().code(0);
    let text = folder.text("out");
    let number = |line: &str| line[5..].parse().expect("a number");
    let mut got: Vec<usize> = text.lines().map(number).collect();
    got.sort_unstable();
    assert_eq!(got, (0..2200).collect::<Vec<_>>());
    assert!(!folder.has("stream") && !folder.has("gram"));
}

/// However many have come, and with little room.
#[test]
fn all_who_have_come_are_heard_after_a_signal() {
    for most in [16_384, 40] {
        let folder = Folder::new();
        let options = format!("listen --tcp 127.0.0.1:0 --max-connections {most}");
        let mut listener = listen(&folder, &options, "file -f {message} out");
        listener.running.freeze();
        let mut kept = Vec::new();
        for number in 0..600 {
            let mut stream = listener.connect();
            stream
                .write_all(lines(number..number + 1).as_bytes())
                .expect("sent");
            // Some stay, and say nothing more.
            if number % 10 == 0 {
                kept.push(stream);
            }
        }
        listener.running.signal_now(Signal::SIGTERM);
        listener.running.thaw();
        listener.running.wait_exit().code(0);
        assert_eq!(folder.text("out").lines().count(), 600, "{most}");
    }
}

#[test]
fn files_are_opened_anew() {
    let folder = Folder::new();
    let mut listener = listen(
        &folder,
        "--stats listen --tcp 127.0.0.1:0",
        "file -f {message} out",
    );
    let mut stream = listener.connect();
    stream.write_all(b"one\n").expect("sent");
    listener.running.wait_end("out", "one\n");
    folder.rename("out", "old");
    listener.running.signal(Signal::SIGHUP);
    until("it is there", || folder.has("out"));
    stream.write_all(b"two\n").expect("sent");
    listener.running.wait_end("out", "two\n");
    assert_eq!(folder.text("old"), "one\n");
    listener.running.signal(Signal::SIGUSR1);
    listener.running.wait_said("\"records_in\":2");
    listener.running.wait_said("\"connections\":1");
    listener.end().code(0);
}

#[test]
fn no_more_connections_than_asked_for() {
    let folder = Folder::new();
    let options = "listen --tcp 127.0.0.1:0 --max-connections 2";
    let mut listener = listen(&folder, options, "file -f {message} out");
    let mut both = [listener.connect(), listener.connect()];
    for (number, stream) in both.iter_mut().enumerate() {
        stream
            .write_all(format!("{number}\n").as_bytes())
            .expect("sent");
        listener.running.wait_end("out", &format!("{number}\n"));
    }
    // It waits, and loses nothing.
    let mut third = listener.connect();
    third.write_all(b"third\n").expect("sent");
    listener
        .running
        .wait_said("2 connections are open (--max-connections)");
    both[0].write_all(b"again\n").expect("sent");
    listener.running.wait_end("out", "again\n");
    assert!(!folder.text("out").contains("third"));
    let [first, _second] = both;
    drop(first);
    listener.running.wait_end("out", "third\n");
    listener.end().code(0);
}

#[test]
fn who_says_nothing_is_closed() {
    let folder = Folder::new();
    let options = "listen --tcp 127.0.0.1:0 --idle-timeout 300ms";
    let listener = listen(&folder, options, "file -f {message} out");
    let mut stream = listener.connect();
    stream
        .set_read_timeout(Some(Duration::from_secs(15)))
        .expect("set");
    // The line that it has begun is all that there will be.
    stream.write_all(b"whole\nhalf").expect("sent");
    assert_eq!(stream.read(&mut [0; 10]).expect("the end"), 0);
    listener.end().ok();
    assert_eq!(folder.text("out"), "whole\nhalf\n");
}

#[test]
fn nobody_is_closed_where_the_time_is_zero() {
    let folder = Folder::new();
    let options = "listen --tcp 127.0.0.1:0 --idle-timeout 0";
    let mut listener = listen(&folder, options, "file -f {message} out");
    let mut stream = listener.connect();
    // Longer than from one look at all connections to the next.
    stream
        .set_read_timeout(Some(Duration::from_millis(2200)))
        .expect("set");
    let nothing = stream.read(&mut [0; 10]).expect_err("still open");
    assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock);
    stream.write_all(b"late\n").expect("sent");
    listener.running.wait_end("out", "late\n");
    listener.end().ok();
}

/// A sender is held up by the kernel, and so little is in memory.
#[test]
fn a_chain_that_is_slow_makes_senders_slow() {
    let folder = Folder::new();
    folder.mkfifo("slow");
    let both = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(folder.path("slow"));
    let mut both = both.expect("a pipe");
    let mut running = folder
        .lh("listen --unix ./stream stream -f {message}")
        .stdout(both.try_clone().expect("a pipe"))
        .start();
    running.wait_said("listening at");
    let mut stream =
        std::os::unix::net::UnixStream::connect(folder.path("stream")).expect("a stream");
    stream
        .set_write_timeout(Some(Duration::from_millis(500)))
        .expect("set");
    let line = [&[b'x'; 999][..], b"\n"].concat();
    let mut sent = 0;
    let most = 64 << 20;
    // Until it takes no more.
    while sent < most {
        match stream.write(&line[sent % line.len()..]) {
            Ok(count) => sent += count,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(sent < 16 << 20, "{sent} bytes were taken");
    let reader = std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        let mut all = 0;
        while all < sent / 1000 * 1000 {
            all += both.read(&mut buffer).expect("read");
        }
        all
    });
    assert_eq!(reader.join().expect("read"), sent / 1000 * 1000);
    drop(stream);
    running.signal(Signal::SIGTERM);
    running.wait_exit().code(0);
}

#[cfg(feature = "tls")]
#[test]
fn certificates_are_read_anew() {
    use crate::tls::certificates::Certificates;
    let folder = Folder::new();
    let certificates = Certificates::new(&folder.path("."));
    let take = |name: &str| {
        std::fs::copy(certificates.cert(name), folder.path("cert")).expect("copied");
        std::fs::copy(certificates.key(name), folder.path("key")).expect("copied");
        folder.chmod("key", 0o600);
    };
    take("good");
    let options = "listen --tcp 127.0.0.1:0 --tls-cert cert --tls-key key";
    let mut listener = listen(&folder, options, "file -f {message} out");
    let address = listener.address("tcp");
    let send = |name: &str| {
        let ca = certificates.cert("ca").display().to_string();
        let own =
            format!("--tls --ca {ca} --server-name {name} --retry-start 1h --drain-timeout 2s");
        folder
            .lh(&format!("socket {own} {address}"))
            .with(format!("{name}\n"))
    };
    send("localhost").ok();
    send("elsewhere.example").code(1);
    take("elsewhere");
    listener.running.signal(Signal::SIGHUP);
    until("the other one is shown", || {
        send("elsewhere.example").status.success()
    });
    // What can't be used is told, and the one before serves on.
    folder.write("cert", "no certificate");
    listener.running.signal(Signal::SIGHUP);
    listener.running.wait_said("certificate");
    send("elsewhere.example").ok();
    listener.end().code(0);
}

/// Sockets of a service manager, and what it is told.
#[test]
fn a_service_manager_opens_the_ports_and_hears_of_us() {
    let folder = Folder::new();
    let manager = UnixDatagram::bind(folder.path("manager")).expect("a socket");
    manager
        .set_read_timeout(Some(Duration::from_secs(15)))
        .expect("set");
    let port = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = port.local_addr().expect("an address");
    // It waits already when we come.
    let mut early = TcpStream::connect(address).expect("a connection");
    early.write_all(b"early\n").expect("sent");
    let script = "export LISTEN_PID=$$ LISTEN_FDS=1; \
        exec \"$LH\" listen file -f '{message}' out 3<&0 </dev/null 2>said";
    let mut child = std::process::Command::new("sh")
        .args(["-c", script])
        .current_dir(folder.path("."))
        .env("LH", crate::support::LH)
        .env("NOTIFY_SOCKET", folder.path("manager"))
        .env("WATCHDOG_USEC", "200000")
        .stdin(OwnedFd::from(port))
        .spawn()
        .expect("sh");
    let mut heard = String::new();
    let mut hear = |what: &str| {
        let mut buffer = [0; 1000];
        while !heard.contains(what) {
            let count = manager.recv(&mut buffer).expect(what);
            heard += &String::from_utf8_lossy(&buffer[..count]);
            heard.push('\n');
        }
    };
    hear("READY=1");
    hear("WATCHDOG=1");
    until("the early one is there", || {
        folder.has("out") && folder.text("out") == "early\n"
    });
    let id = nix::unistd::Pid::from_raw(i32::try_from(child.id()).expect("a process"));
    nix::sys::signal::kill(id, Signal::SIGTERM).expect("it is there");
    hear("STOPPING=1");
    assert!(
        child.wait().expect("it ends").success(),
        "{}",
        folder.text("said")
    );
}

/// Whoever watches and can't be told is complained about once, and again after it
/// was there meanwhile.
#[test]
fn a_service_manager_that_is_away_is_told_of_once() {
    let folder = Folder::new();
    let bind = || UnixDatagram::bind(folder.path("manager")).expect("a socket");
    let hear = |manager: &UnixDatagram| {
        manager
            .set_read_timeout(Some(Duration::from_secs(15)))
            .expect("set");
        let mut buffer = [0; 1000];
        let count = manager.recv(&mut buffer).expect("a message");
        String::from_utf8_lossy(&buffer[..count]).into_owned()
    };
    let failed = "the service manager can't be told";
    let address = folder.path("manager");
    let lh = folder
        .lh("listen --tcp 127.0.0.1:0 null")
        .env("NOTIFY_SOCKET", &address)
        .env("WATCHDOG_USEC", "20000");
    let mut listener = listen_with(lh, &folder, "--tcp");
    listener.running.wait_said(failed);
    let mut watched = Vec::new();
    for round in 1..=2 {
        // That nothing is said can't be waited for: it has time for 20 more.
        std::thread::sleep(Duration::from_millis(200));
        let manager = bind();
        watched.push(hear(&manager));
        assert_eq!(listener.running.stderr().matches(failed).count(), round);
        drop(manager);
        std::fs::remove_file(&address).expect("removed");
        until("that it is gone is told", || {
            listener.running.stderr().matches(failed).count() > round
        });
    }
    assert_eq!(watched, ["WATCHDOG=1"; 2]);
    listener.end().said_times(failed, 3);
}

/// A socket of a service manager is held to what is asked for like any other.
#[test]
fn a_key_is_not_taken_where_requests_come_in() {
    let folder = Folder::new();
    folder.write("key", "0123456789abcdef0123456789abcdef");
    folder.chmod("key", 0o600);
    let port = TcpListener::bind("127.0.0.1:0").expect("a port");
    let script = "export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=http; \
        exec \"$LH\" listen --hmac-key-file key null 3<&0 </dev/null";
    let mut command = std::process::Command::new("sh");
    let ran = command
        .args(["-c", script])
        .current_dir(folder.path("."))
        .env("LH", crate::support::LH)
        .stdin(OwnedFd::from(port))
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("sh");
    // One that listens does not end.
    let (sender, receiver) = std::sync::mpsc::channel();
    let id = nix::unistd::Pid::from_raw(i32::try_from(ran.id()).expect("a process"));
    std::thread::spawn(move || sender.send(ran.wait_with_output()));
    let Ok(ran) = receiver.recv_timeout(crate::support::DEADLINE) else {
        nix::sys::signal::kill(id, Signal::SIGKILL).expect("it is there");
        panic!("it listens");
    };
    let ran = ran.expect("its output");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(2), "{said}");
    assert!(
        said.contains("--hmac-key-file and a socket of systemd for HTTP"),
        "{said}"
    );
    folder
        .lh("listen --http 127.0.0.1:0 --hmac-key-file key null")
        .run()
        .code(2)
        .said("--hmac-key-file and --http");
}
