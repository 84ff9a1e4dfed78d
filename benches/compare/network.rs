//! Delivery over the loopback: `lh syslog` beside `logger`, and beside a loop that does nothing but
//! send.

use crate::args::Options;
use crate::report::{Report, Row, per_second};
use crate::run::{self, Folder};
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, sendmmsg};
use std::io::{IoSlice, Read as _};
use std::net::{TcpListener, UdpSocket};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const LINE: usize = 100;
const SEND: &str = "--send-many";

/// How many datagrams a bare loop hands over at once.
const BATCH: usize = 64;

/// A receiver that reads and counts, on a thread of its own.
struct Receiver {
    port: u16,
    messages: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Receiver {
    fn tcp() -> std::io::Result<Receiver> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        Ok(Receiver::run(port, move |messages, _| {
            let Ok((mut connection, _)) = listener.accept() else {
                return;
            };
            let mut buffer = vec![0; 256 << 10];
            while let Ok(count) = connection.read(&mut buffer) {
                if count == 0 {
                    return;
                }
                let lines = buffer[..count].iter().filter(|byte| **byte == b'\n');
                messages.fetch_add(lines.count(), Ordering::Relaxed);
            }
        }))
    }

    fn udp() -> std::io::Result<Receiver> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.set_read_timeout(Some(Duration::from_millis(50)))?;
        let port = socket.local_addr()?.port();
        Ok(Receiver::run(port, move |messages, stop| {
            let mut buffer = vec![0; 64 << 10];
            loop {
                match socket.recv(&mut buffer) {
                    Ok(_) => {
                        messages.fetch_add(1, Ordering::Relaxed);
                    }
                    Err(_) if stop.load(Ordering::Relaxed) => return,
                    Err(_) => {}
                }
            }
        }))
    }

    fn run(port: u16, read: impl FnOnce(&AtomicUsize, &AtomicBool) + Send + 'static) -> Receiver {
        let (messages, stop) = (
            Arc::new(AtomicUsize::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let (counted, stopped) = (Arc::clone(&messages), Arc::clone(&stop));
        Receiver {
            port,
            messages,
            stop,
            thread: Some(std::thread::spawn(move || read(&counted, &stopped))),
        }
    }

    /// How many messages came, once nothing more comes.
    fn end(mut self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        self.messages.load(Ordering::Relaxed)
    }
}

/// One side: what it is called with, a port to be put in.
type Arguments = fn(&str) -> Vec<String>;

fn words(text: &str, port: &str) -> Vec<String> {
    let words = text.split(' ').map(|word| word.replace("PORT", port));
    words.collect()
}

/// The rows of delivery.
pub fn all(options: &Options, dir: &Path, place: &str, report: &mut Report) {
    let lh = options.lh.display().to_string();
    let own = std::env::current_exe().unwrap_or_default();
    let own = own.display().to_string();
    let tcp: Arguments = |port| words("syslog -t x --address 127.0.0.1:PORT --transport tcp", port);
    let spool: Arguments = |port| {
        words(
            "syslog -t x --address 127.0.0.1:PORT --transport tcp --spool spool",
            port,
        )
    };
    let udp: Arguments = |port| words("syslog -t x --address 127.0.0.1:PORT", port);
    let logger_tcp: Arguments = |port| words("-T -n 127.0.0.1 -P PORT --rfc5424=notq -t x", port);
    let logger_udp: Arguments = |port| words("-d -n 127.0.0.1 -P PORT --rfc5424=notq -t x", port);
    let bare: Arguments = |port| words(&format!("{SEND} PORT"), port);
    let rows: [(&str, &str, bool, Arguments, &str, Arguments, f64); 4] = [
        (
            "syslog/tcp",
            "logger",
            true,
            tcp,
            "logger",
            logger_tcp,
            1.0 / 3.0,
        ),
        (
            "syslog/spool",
            "logger",
            true,
            spool,
            "logger",
            logger_tcp,
            1.0,
        ),
        (
            "syslog/udp",
            "logger",
            false,
            udp,
            "logger",
            logger_udp,
            0.8,
        ),
        (
            "syslog/send",
            "a bare sendmmsg loop",
            false,
            udp,
            &own,
            bare,
            1.0 / 0.9,
        ),
    ];
    let lines = (options.size / LINE / 10).clamp(10_000, 2_000_000);
    for (name, peer, stream, ours, program, theirs, held) in rows {
        if !options.wants(name) {
            continue;
        }
        let what = format!("{name}: {peer}, {lines} lines, {place}");
        if program == "logger" && !run::installed("logger") {
            let why = "logger is not installed (Debian: bsdutils)".to_owned();
            report.add(Row::skipped(what, why));
            continue;
        }
        let pairs = run::pairs(
            options.runs,
            || once(&lh, ours, stream, lines, dir),
            || once(program, theirs, stream, lines, dir),
        );
        report.pairs(what, Some(held), pairs, |seconds| {
            per_second(lines, seconds)
        });
    }
}

fn once(
    program: &str,
    arguments: Arguments,
    stream: bool,
    lines: usize,
    dir: &Path,
) -> Result<f64, String> {
    let folder = Folder::new(dir, "network")?;
    let input = folder.path().join("input");
    let line = [&[b'x'; LINE - 1][..], b"\n"].concat();
    let text = |why: std::io::Error| format!("{program}: {why}");
    std::fs::write(&input, line.repeat(lines)).map_err(text)?;
    let receiver = match stream {
        true => Receiver::tcp(),
        false => Receiver::udp(),
    };
    let receiver = receiver.map_err(text)?;
    let stdin = std::fs::File::open(&input).map_err(text)?;
    let begin = Instant::now();
    let ran = Command::new(program)
        .args(arguments(&receiver.port.to_string()))
        .current_dir(folder.path())
        .stdin(Stdio::from(stdin))
        .stdout(Stdio::null())
        .output()
        .map_err(text)?;
    let took = begin.elapsed().as_secs_f64();
    if !ran.status.success() {
        let said = String::from_utf8_lossy(&ran.stderr);
        return Err(format!("{program}: {}: {}", ran.status, said.trim()));
    }
    let came = receiver.end();
    // A datagram that finds its receiver's buffer full is gone, whoever sent it.
    match (stream, came) {
        (true, came) if came != lines => Err(format!("{program}: {came} of {lines} came")),
        (false, 0) => Err(format!("{program}: nothing came")),
        _ => Ok(took),
    }
}

/// Under `--send-many PORT` this program sends each line of its input as a datagram, and does
/// nothing else.
pub fn sender() -> Option<ExitCode> {
    let mut args = std::env::args().skip(1);
    if args.next()? != SEND {
        return None;
    }
    let port: u16 = args.next()?.parse().ok()?;
    match send_all(port) {
        Ok(()) => Some(ExitCode::SUCCESS),
        Err(why) => {
            eprintln!("{why}");
            Some(ExitCode::FAILURE)
        }
    }
}

fn send_all(port: u16) -> std::io::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(("127.0.0.1", port))?;
    // As long as the message that the others make of it.
    let header = b"<13>1 2026-01-01T00:00:00.000000+00:00 localhost x - - - ";
    let mut stdin = std::io::stdin().lock();
    let mut buffer = vec![0; 512 << 10];
    let mut filled = 0;
    let mut headers = MultiHeaders::<SockaddrStorage>::preallocate(BATCH, None);
    let addresses = [None; BATCH];
    loop {
        let count = stdin.read(&mut buffer[filled..])?;
        if count == 0 {
            return Ok(());
        }
        filled += count;
        let mut at = 0;
        let mut slices = Vec::with_capacity(BATCH);
        let mut flush = |slices: &mut Vec<[IoSlice<'_>; 2]>| {
            let sent = sendmmsg(
                socket.as_raw_fd(),
                &mut headers,
                slices.iter(),
                &addresses[..slices.len()],
                [],
                MsgFlags::empty(),
            );
            sent.map(|sent| sent.count())?;
            slices.clear();
            Ok::<_, std::io::Error>(())
        };
        while let Some(end) = buffer[at..filled].iter().position(|byte| *byte == b'\n') {
            slices.push([IoSlice::new(header), IoSlice::new(&buffer[at..at + end])]);
            at += end + 1;
            if slices.len() == BATCH {
                flush(&mut slices)?;
            }
        }
        flush(&mut slices)?;
        drop(slices);
        buffer.copy_within(at..filled, 0);
        filled -= at;
    }
}
