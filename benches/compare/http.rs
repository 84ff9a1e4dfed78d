//! Requests: `lh http`, which sends many records in one, beside what makes a request for each:
//! Python's `HTTPHandler`, and `curl`. The server is a thread of this program that answers at once,
//! so that what is measured is who sends.

use crate::args::Options;
use crate::report::{Ratio, Report, Row};
use crate::run::{self, Folder};
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

const LINE: usize = 100;

/// A line of input is a record, as for lh.
const PYTHON: &str = "\
import logging, logging.handlers, sys
handler = logging.handlers.HTTPHandler('127.0.0.1:PORT', '/', 'POST')
logger = logging.Logger('x')
logger.addHandler(handler)
for line in sys.stdin:
    logger.info(line[:-1])
";

/// The same with a process for each.
const CURL: &str = "\
while IFS= read -r line; do
    curl -sS -d \"msg=$line\" http://127.0.0.1:PORT/
done
";

/// Whom lh is beside.
struct Peer {
    name: &'static str,
    what: &'static str,
    program: &'static str,
    script: &'static str,
    /// How many it sends: it is the time of one that counts.
    records: usize,
    held: f64,
}

/// The rows of requests.
pub fn all(options: &Options, dir: &Path, place: &str, report: &mut Report) {
    let lh = options.lh.display().to_string();
    let ours = "http --body ndjson http://127.0.0.1:PORT/";
    let ours: Vec<&str> = ours.split(' ').collect();
    let records = (options.size / LINE / 10).clamp(10_000, 1_000_000);
    let rows = [
        Peer {
            name: "http/python",
            what: "Python's HTTPHandler",
            program: "python3",
            script: PYTHON,
            records: (records / 200).max(500),
            held: 1.0 / 10.0,
        },
        Peer {
            name: "http/curl",
            what: "a curl for each",
            program: "sh",
            script: CURL,
            records: (records / 2000).max(50),
            held: 1.0 / 20.0,
        },
    ];
    for peer in rows {
        let Peer { name, program, .. } = peer;
        if !options.wants(name) {
            continue;
        }
        let what = format!("{name}: {}, {records} records, {place}", peer.what);
        let needs = if program == "sh" { "curl" } else { program };
        if !run::installed(needs) {
            report.add(Row::skipped(what, format!("{needs} is not installed")));
            continue;
        }
        let pairs: Result<Vec<(f64, f64)>, String> = (0..options.runs)
            .map(|_| {
                let one = once(&lh, &ours, records, dir)?;
                Ok((one, once(program, &["-c", peer.script], peer.records, dir)?))
            })
            .collect();
        match pairs {
            // Seconds for a record.
            Ok(pairs) => {
                let (ours, theirs): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
                let rate = |times: &[f64]| format!("{:.0} /s", 1.0 / run::median(times));
                report.add(Row::measured(
                    what,
                    rate(&ours),
                    rate(&theirs),
                    Ratio::of(&ours, &theirs, Some(peer.held)),
                ));
            }
            Err(why) => report.add(Row::broken(what, why)),
        }
    }
}

/// How long a record takes, of so many.
fn once(program: &str, arguments: &[&str], records: usize, dir: &Path) -> Result<f64, String> {
    let folder = Folder::new(dir, "http")?;
    let text = |why: std::io::Error| format!("{program}: {why}");
    let input = folder.path().join("input");
    let line = [&[b'x'; LINE - 1][..], b"\n"].concat();
    std::fs::write(&input, line.repeat(records)).map_err(text)?;
    let listener = TcpListener::bind("127.0.0.1:0").map_err(text)?;
    let port = listener.local_addr().map_err(text)?.port().to_string();
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&taken);
    // It waits for a next connection until the program ends.
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let taken = Arc::clone(&counted);
            std::thread::spawn(move || serve(stream, &taken));
        }
    });
    let stdin = std::fs::File::open(&input).map_err(text)?;
    let begin = Instant::now();
    let ran = Command::new(program)
        .args(arguments.iter().map(|word| word.replace("PORT", &port)))
        .stdin(Stdio::from(stdin))
        .stdout(Stdio::null())
        .output()
        .map_err(text)?;
    let took = begin.elapsed().as_secs_f64();
    let said = String::from_utf8_lossy(&ran.stderr);
    if !ran.status.success() {
        return Err(format!("{program}: {}: {}", ran.status, said.trim()));
    }
    match taken.load(Ordering::Relaxed) {
        taken if taken == records => Ok(took / records as f64),
        taken => Err(format!(
            "{program}: {taken} of {records} came; {}",
            said.trim()
        )),
    }
}

/// One connection. Each record has a line's worth of one letter, whatever is around it.
fn serve(mut stream: TcpStream, taken: &AtomicUsize) -> Option<()> {
    let _ = stream.set_nodelay(true);
    let mut reader = BufReader::with_capacity(64 << 10, stream.try_clone().ok()?);
    let mut body = Vec::new();
    loop {
        let mut length = 0;
        let mut line = String::new();
        loop {
            line.clear();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let text = line.trim_end();
            if text.is_empty() {
                break;
            }
            if let Some((name, value)) = text.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().ok()?;
            }
        }
        body.resize(length, 0);
        reader.read_exact(&mut body).ok()?;
        let letters = body.iter().filter(|byte| **byte == b'x').count();
        taken.fetch_add(letters / (LINE - 1), Ordering::Relaxed);
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            .ok()?;
    }
}
