//! Requests: `lh http`, which sends many records in one, beside what makes a request for each:
//! Python's `HTTPHandler`, and `curl`.

use crate::args::Options;
use crate::report::Report;
use crate::sending::{LINE, Peer, Sending};
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

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

/// The rows of requests.
pub fn all(options: &Options, dir: &Path, place: &str, report: &mut Report) {
    let records = (options.size / LINE / 10).clamp(10_000, 1_000_000);
    let peers = [
        Peer {
            name: "http/python",
            what: "Python's HTTPHandler",
            program: "python3",
            script: PYTHON,
            count: (records / 200).max(500),
            held: 1.0 / 10.0,
        },
        Peer {
            name: "http/curl",
            what: "a curl for each",
            program: "sh",
            script: CURL,
            count: (records / 2000).max(50),
            held: 1.0 / 20.0,
        },
    ];
    let sending = Sending {
        ours: "http --body ndjson http://127.0.0.1:PORT/",
        unit: "records",
        count: records,
        serve,
    };
    sending.beside(&peers, options, dir, place, report);
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
