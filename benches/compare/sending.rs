//! How long a record takes to a server, which is a thread of this program that answers at once, so
//! that what is measured is who sends.

use crate::args::Options;
use crate::report::{Report, Row};
use crate::run::{self, Folder};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// With its newline. All of it is one letter, by which it is known again, whatever is around it.
pub const LINE: usize = 100;

/// Serves one connection to its end, and counts what it takes.
pub type Serve = fn(TcpStream, &AtomicUsize) -> Option<()>;

/// What `lh` sends, beside its peers. `PORT` stands for the port of the server.
pub struct Sending {
    /// Its words, with a space between them.
    pub ours: &'static str,
    /// What a line of input becomes.
    pub unit: &'static str,
    pub count: usize,
    pub serve: Serve,
}

/// Whom lh is beside.
pub struct Peer {
    pub name: &'static str,
    pub what: &'static str,
    pub program: &'static str,
    pub script: &'static str,
    /// How many it sends: it is the time of one that counts.
    pub count: usize,
    pub held: f64,
}

impl Sending {
    /// A row for each peer.
    pub fn beside(
        &self,
        peers: &[Peer],
        options: &Options,
        dir: &Path,
        place: &str,
        report: &mut Report,
    ) {
        let lh = options.lh.display().to_string();
        let ours: Vec<&str> = self.ours.split(' ').collect();
        for peer in peers {
            let Peer { name, program, .. } = peer;
            if !options.wants(name) {
                continue;
            }
            let (count, unit) = (self.count, self.unit);
            let what = format!("{name}: {}, {count} {unit}, {place}", peer.what);
            let needs = if *program == "sh" { "curl" } else { program };
            if !run::installed(needs) {
                report.add(Row::skipped(what, format!("{needs} is not installed")));
                continue;
            }
            let theirs = ["-c", peer.script];
            let pairs = run::pairs(
                options.runs,
                || self.once(&lh, &ours, count, dir),
                || self.once(program, &theirs, peer.count, dir),
            );
            let rate = |seconds: f64| format!("{:.0} /s", 1.0 / seconds);
            report.pairs(what, Some(peer.held), pairs, rate);
        }
    }

    /// How many seconds each takes, of so many.
    fn once(
        &self,
        program: &str,
        arguments: &[&str],
        count: usize,
        dir: &Path,
    ) -> Result<f64, String> {
        let folder = Folder::new(dir, "sending")?;
        let text = |why: std::io::Error| format!("{program}: {why}");
        let input = folder.path().join("input");
        let line = [&[b'x'; LINE - 1][..], b"\n"].concat();
        std::fs::write(&input, line.repeat(count)).map_err(text)?;
        let listener = TcpListener::bind("127.0.0.1:0").map_err(text)?;
        let port = listener.local_addr().map_err(text)?.port().to_string();
        let taken = Arc::new(AtomicUsize::new(0));
        let (counted, serve) = (Arc::clone(&taken), self.serve);
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
        let said = said.trim();
        if !ran.status.success() {
            return Err(format!("{program}: {}: {said}", ran.status));
        }
        match taken.load(Ordering::Relaxed) {
            taken if taken == count => Ok(took / count as f64),
            taken => Err(format!("{program}: {taken} of {count} came; {said}")),
        }
    }
}
