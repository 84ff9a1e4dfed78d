//! Entries for the journal: `lh eventlog` beside `logger`, which sends a line to a local socket,
//! and beside a loop that does nothing but send. A socket of this program stands in journald's
//! place: journald itself takes longer over an entry than anybody who sends one.

use crate::args::Options;
use crate::report::{Report, Row, per_second};
use crate::run::{self, Folder};
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, sendmmsg};
use std::io::{IoSlice, Read as _};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const LINE: usize = 100;
const SEND: &str = "--send-entries";

/// How many datagrams a bare loop hands over at once.
const BATCH: usize = 64;

/// The rows of the event log.
pub fn all(options: &Options, dir: &Path, place: &str, report: &mut Report) {
    let lh = options.lh.display().to_string();
    let own = std::env::current_exe().unwrap_or_default();
    let own = own.display().to_string();
    let ours = ["eventlog", "-t", "x", "--socket", "SOCKET"];
    let rows: [(&str, &str, &str, &[&str], f64); 2] = [
        (
            "eventlog/send",
            "a bare sendmmsg loop",
            &own,
            &[SEND, "SOCKET"],
            1.0 / 0.9,
        ),
        (
            "eventlog/logger",
            "logger to a local socket",
            "logger",
            &["-t", "x", "-u", "SOCKET"],
            1.0,
        ),
    ];
    let lines = (options.size / LINE / 10).clamp(10_000, 2_000_000);
    for (name, peer, program, theirs, held) in rows {
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
            || once(&lh, &ours, lines, dir),
            || once(program, theirs, lines, dir),
        );
        report.pairs(what, Some(held), pairs, |seconds| {
            per_second(lines, seconds)
        });
    }
}

fn once(program: &str, arguments: &[&str], lines: usize, dir: &Path) -> Result<f64, String> {
    let folder = Folder::new(dir, "eventlog")?;
    let text = |why: std::io::Error| format!("{program}: {why}");
    let input = folder.path().join("input");
    let line = [&[b'x'; LINE - 1][..], b"\n"].concat();
    std::fs::write(&input, line.repeat(lines)).map_err(text)?;
    let path = folder.path().join("socket");
    let socket = UnixDatagram::bind(&path).map_err(text)?;
    let wait = Some(Duration::from_millis(50));
    socket.set_read_timeout(wait).map_err(text)?;
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let counter = std::thread::spawn(move || {
        let mut buffer = vec![0; 64 << 10];
        let mut count = 0;
        loop {
            match socket.recv(&mut buffer) {
                Ok(_) => count += 1,
                Err(_) if stopped.load(Ordering::Relaxed) => return count,
                Err(_) => {}
            }
        }
    });
    let stdin = std::fs::File::open(&input).map_err(text)?;
    let socket = path.display().to_string();
    let begin = Instant::now();
    let ran = Command::new(program)
        .args(arguments.iter().map(|word| word.replace("SOCKET", &socket)))
        .stdin(Stdio::from(stdin))
        .stdout(Stdio::null())
        .output()
        .map_err(text);
    let took = begin.elapsed().as_secs_f64();
    stop.store(true, Ordering::Relaxed);
    let came = counter.join().unwrap_or(0);
    let ran = ran?;
    if !ran.status.success() {
        let said = String::from_utf8_lossy(&ran.stderr);
        return Err(format!("{program}: {}: {}", ran.status, said.trim()));
    }
    match came == lines {
        true => Ok(took),
        false => Err(format!("{program}: {came} of {lines} came")),
    }
}

/// Under `--send-entries SOCKET` this program sends each line of its input as an entry, and does
/// nothing else.
pub fn sender() -> Option<ExitCode> {
    let mut args = std::env::args().skip(1);
    if args.next()? != SEND {
        return None;
    }
    match send_all(Path::new(&args.next()?)) {
        Ok(()) => Some(ExitCode::SUCCESS),
        Err(why) => {
            eprintln!("{why}");
            Some(ExitCode::FAILURE)
        }
    }
}

fn send_all(path: &Path) -> std::io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    socket.connect(path)?;
    // The fields that the other one writes.
    let rest = b"\nPRIORITY=6\nSYSLOG_FACILITY=1\nSYSLOG_IDENTIFIER=x\n\
                 SYSLOG_TIMESTAMP=2026-01-01T00:00:00.000000+00:00\n";
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
        let mut slices: Vec<[IoSlice<'_>; 3]> = Vec::with_capacity(BATCH);
        while let Some(end) = buffer[at..filled].iter().position(|byte| *byte == b'\n') {
            slices.push([
                IoSlice::new(b"MESSAGE="),
                IoSlice::new(&buffer[at..at + end]),
                IoSlice::new(rest),
            ]);
            at += end + 1;
            if slices.len() == BATCH {
                send_many(&socket, &mut headers, &mut slices, &addresses)?;
            }
        }
        while !slices.is_empty() {
            send_many(&socket, &mut headers, &mut slices, &addresses)?;
        }
        drop(slices);
        buffer.copy_within(at..filled, 0);
        filled -= at;
    }
}

/// Sends some, and leaves the others.
fn send_many(
    socket: &UnixDatagram,
    headers: &mut MultiHeaders<SockaddrStorage>,
    slices: &mut Vec<[IoSlice<'_>; 3]>,
    addresses: &[Option<SockaddrStorage>],
) -> std::io::Result<()> {
    let sent = sendmmsg(
        socket.as_raw_fd(),
        headers,
        slices.iter(),
        &addresses[..slices.len()],
        [],
        MsgFlags::empty(),
    )?;
    let sent = sent.count();
    slices.drain(..sent);
    Ok(())
}
