//! Mails: `lh smtp`, which keeps its connection, beside what opens a session for each record:
//! Python's `SMTPHandler`, and `curl`. The server is a thread of this program that answers at once,
//! so that what is measured is who sends.

use crate::args::Options;
use crate::report::{Ratio, Report, Row};
use crate::run::{self, Folder};
use std::io::{BufRead, BufReader, Write as _};
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

/// Whom lh is beside.
struct Peer {
    name: &'static str,
    what: &'static str,
    program: &'static str,
    script: &'static str,
    /// How many it sends: it is the time of one that counts.
    mails: usize,
    held: f64,
}

/// The rows of mails.
pub fn all(options: &Options, dir: &Path, place: &str, report: &mut Report) {
    let lh = options.lh.display().to_string();
    let ours = "smtp --host 127.0.0.1:PORT --from a@x.test --to b@x.test";
    let ours: Vec<&str> = ours.split(' ').collect();
    let mails = (options.size / LINE / 1000).clamp(500, 10_000);
    let rows = [
        Peer {
            name: "smtp/python",
            what: "Python's SMTPHandler",
            program: "python3",
            script: PYTHON,
            mails,
            held: 1.0 / 5.0,
        },
        Peer {
            name: "smtp/curl",
            what: "a curl for each",
            program: "sh",
            script: CURL,
            mails: mails / 20,
            held: 1.0 / 20.0,
        },
    ];
    for peer in rows {
        let Peer { name, program, .. } = peer;
        if !options.wants(name) {
            continue;
        }
        let what = format!("{name}: {}, {mails} mails, {place}", peer.what);
        let needs = if program == "sh" { "curl" } else { program };
        if !run::installed(needs) {
            report.add(Row::skipped(what, format!("{needs} is not installed")));
            continue;
        }
        let pairs: Result<Vec<(f64, f64)>, String> = (0..options.runs)
            .map(|_| {
                let one = once(&lh, &ours, mails, dir)?;
                Ok((one, once(program, &["-c", peer.script], peer.mails, dir)?))
            })
            .collect();
        match pairs {
            // Seconds for a mail.
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

/// How long a mail takes, of so many.
fn once(program: &str, arguments: &[&str], mails: usize, dir: &Path) -> Result<f64, String> {
    let folder = Folder::new(dir, "smtp")?;
    let text = |why: std::io::Error| format!("{program}: {why}");
    let input = folder.path().join("input");
    let line = [&[b'x'; LINE - 1][..], b"\n"].concat();
    std::fs::write(&input, line.repeat(mails)).map_err(text)?;
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
        taken if taken == mails => Ok(took / mails as f64),
        taken => Err(format!(
            "{program}: {taken} of {mails} came; {}",
            said.trim()
        )),
    }
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
