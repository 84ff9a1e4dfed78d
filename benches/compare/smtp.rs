//! Mails: `lh smtp`, which keeps its connection, beside what opens a session for each record:
//! Python's `SMTPHandler`, and `curl`.

use crate::args::Options;
use crate::report::Report;
use crate::sending::{LINE, Peer, Sending};
use std::io::{BufRead, BufReader, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A line of input is a record, as for lh.
const PYTHON: &str = "\
import logging, logging.handlers, sys
handler = logging.handlers.SMTPHandler(('127.0.0.1', PORT), 'a@x.test', ['b@x.test'], 'INFO: x')
logger = logging.Logger('x')
logger.addHandler(handler)
for line in sys.stdin:
    logger.info(line[:-1])
";

/// The same with a process for each.
const CURL: &str = "\
while IFS= read -r line; do
    printf 'Subject: INFO: x\\r\\n\\r\\n%s\\r\\n' \"$line\" |
        curl -sS --mail-from a@x.test --mail-rcpt b@x.test -T - smtp://127.0.0.1:PORT
done
";

/// The rows of mails.
pub fn all(options: &Options, dir: &Path, place: &str, report: &mut Report) {
    let mails = (options.size / LINE / 1000).clamp(500, 10_000);
    let peers = [
        Peer {
            name: "smtp/python",
            what: "Python's SMTPHandler",
            program: "python3",
            script: PYTHON,
            count: mails,
            held: 1.0 / 5.0,
        },
        Peer {
            name: "smtp/curl",
            what: "a curl for each",
            program: "sh",
            script: CURL,
            count: mails / 20,
            held: 1.0 / 20.0,
        },
    ];
    let sending = Sending {
        ours: "smtp --host 127.0.0.1:PORT --from a@x.test --to b@x.test",
        unit: "mails",
        count: mails,
        serve,
    };
    sending.beside(&peers, options, dir, place, report);
}

/// One session. What it reads before it has to answer is answered at once.
fn serve(mut stream: TcpStream, taken: &AtomicUsize) -> Option<()> {
    let _ = stream.set_nodelay(true);
    let mut lines = BufReader::with_capacity(64 << 10, stream.try_clone().ok()?);
    let mut line = Vec::new();
    let mut answer = b"220 mail.test\r\n".to_vec();
    let mut in_mail = false;
    let mut text = 0;
    loop {
        if lines.buffer().is_empty() && !answer.is_empty() {
            stream.write_all(&answer).ok()?;
            answer.clear();
        }
        line.clear();
        if lines.read_until(b'\n', &mut line).ok()? == 0 {
            return None;
        }
        if in_mail {
            // Python folds it.
            if line.starts_with(b"xxx") {
                text += line.iter().filter(|byte| **byte == b'x').count();
            }
            if line == b".\r\n" {
                in_mail = false;
                // One without the whole record is none.
                taken.fetch_add(usize::from(text == LINE - 1), Ordering::Relaxed);
                answer.extend_from_slice(b"250 taken\r\n");
            }
            continue;
        }
        let reply: &[u8] = match line.get(..4)? {
            b"EHLO" | b"ehlo" => b"250-mail.test\r\n250-SIZE 10000000\r\n250 PIPELINING\r\n",
            b"DATA" | b"data" => {
                (in_mail, text) = (true, 0);
                b"354 go\r\n"
            }
            b"QUIT" | b"quit" => {
                let _ = stream.write_all(b"221 bye\r\n");
                return None;
            }
            _ => b"250 ok\r\n",
        };
        answer.extend_from_slice(reply);
    }
}
