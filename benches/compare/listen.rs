//! The receiving end: `lh listen` beside rsyslogd and beside a server of Python's `socketserver`;
//! what it holds and spends while many are connected; and what it loses of datagrams.

use crate::args::Options;
use crate::report::{Report, Row, per_second};
use crate::run::{self, Folder};
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, sendmmsg};
use nix::unistd::Pid;
use std::fs::File;
use std::io::{BufRead as _, BufReader, IoSlice, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Whatever is waited for comes within this.
const LONG: Duration = Duration::from_secs(120);

/// The receiver of Python's logging cookbook, which reads a length and then a pickle, without
/// anything done with the records. (The cookbook's own takes a length that comes in two parts for
/// the end.)
const PYTHON: &str = r"
import logging, pickle, socketserver, struct, sys
class Handler(socketserver.StreamRequestHandler):
    def take(self, size):
        chunk = self.connection.recv(size)
        while chunk and len(chunk) < size:
            chunk = chunk + self.connection.recv(size - len(chunk))
        return chunk
    def handle(self):
        while True:
            chunk = self.take(4)
            if len(chunk) < 4: break
            chunk = self.take(struct.unpack('>L', chunk)[0])
            logging.makeLogRecord(pickle.loads(chunk))
with socketserver.ThreadingTCPServer(('127.0.0.1', int(sys.argv[1])), Handler) as server:
    print('ready', flush=True)
    server.handle_request()
";

/// Pickles as Python's SocketHandler makes them.
const PICKLES: &str = r"
import logging, logging.handlers, sys
handler = logging.handlers.SocketHandler('127.0.0.1', 0)
with open(sys.argv[1], 'wb') as out:
    for number in range(int(sys.argv[2])):
        record = logging.LogRecord('app.db', 20, '/srv/app/db.py', 17, 'query %d took %d ms', (number, 7), None, 'query')
        out.write(handler.makePickle(record))
";

/// A program that goes when the value does.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Server {
    fn start(command: &mut Command) -> Result<Server, String> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.spawn().map_err(|why| format!("{name}: {why}"))?;
        Ok(Server(child))
    }

    /// One of ours, and where it listens.
    fn lh(options: &Options, folder: &Path, words: &str) -> Result<(Server, SocketAddr), String> {
        let mut command = Command::new(&options.lh);
        command.args(words.split(' ')).current_dir(folder);
        command.stdin(Stdio::null()).stderr(Stdio::piped());
        let mut server = Server::start(&mut command)?;
        let mut said = String::new();
        let pipe = server.0.stderr.take().ok_or("no pipe")?;
        let mut lines = BufReader::new(pipe);
        lines.read_line(&mut said).map_err(|why| why.to_string())?;
        let address = said.rsplit(' ').next().unwrap_or_default().trim();
        let address = address.parse().map_err(|_| format!("lh: {said}"))?;
        // What it has to say later is of no use here, and must not hold it up.
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        Ok((server, address))
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.0.id()).unwrap_or(0))
    }

    fn end(&mut self) -> Result<(), String> {
        kill(self.pid(), Signal::SIGTERM).map_err(|why| why.to_string())?;
        let status = self.0.wait().map_err(|why| why.to_string())?;
        status.success().then_some(()).ok_or(status.to_string())
    }

    /// A line of /proc/PID/status in KiB.
    fn memory(&self, what: &str) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()));
        let text = text.unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(what));
        let number = line.and_then(|line| line.split_ascii_whitespace().nth(1)?.parse().ok());
        number.unwrap_or(0)
    }

    /// Its processor time so far, in hundredths of a second.
    fn busy(&self) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id()));
        let text = text.unwrap_or_default();
        let behind = text.rsplit(')').next().unwrap_or_default();
        let numbers = behind.split_ascii_whitespace().skip(11).take(2);
        numbers
            .filter_map(|number| number.parse::<u64>().ok())
            .sum()
    }
}

/// Waits until a file has so many lines; only what is new of it is read.
struct Lines {
    path: PathBuf,
    file: Option<File>,
    count: usize,
    buffer: Vec<u8>,
}

impl Lines {
    fn of(path: PathBuf) -> Lines {
        Lines {
            path,
            file: None,
            count: 0,
            buffer: vec![0; 1 << 20],
        }
    }

    fn look(&mut self) -> usize {
        if self.file.is_none() {
            self.file = File::open(&self.path).ok();
        }
        while let Some(file) = &mut self.file
            && let Ok(count @ 1..) = file.read(&mut self.buffer)
        {
            let lines = self.buffer[..count].iter().filter(|byte| **byte == b'\n');
            self.count += lines.count();
        }
        self.count
    }

    fn wait(&mut self, count: usize, patience: Duration) -> Result<(), String> {
        let begun = Instant::now();
        while self.look() < count {
            if begun.elapsed() > patience {
                return Err(format!("{} of {count} records came", self.count));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }
}

/// The rows of the receiving end.
pub fn all(options: &Options, dir: &Path, place: &str, report: &mut Report) {
    syslog(options, dir, place, report);
    pickles(options, dir, place, report);
    datagrams(options, dir, place, report);
    idle(options, dir, place, report);
    busy(options, dir, place, report);
}

fn text(why: impl std::fmt::Display) -> String {
    why.to_string()
}

fn free_port() -> Result<u16, String> {
    let socket = TcpListener::bind("127.0.0.1:0").map_err(text)?;
    Ok(socket.local_addr().map_err(text)?.port())
}

fn connect(address: SocketAddr) -> Result<TcpStream, String> {
    let begun = Instant::now();
    loop {
        match TcpStream::connect(address) {
            Ok(stream) => return Ok(stream),
            Err(why) if begun.elapsed() > LONG => return Err(why.to_string()),
            Err(_) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// How long it takes until a file that is sent has become so many lines.
fn timed(address: SocketAddr, input: &Path, out: PathBuf, count: usize) -> Result<f64, String> {
    let mut stream = connect(address)?;
    let mut input = File::open(input).map_err(text)?;
    let begun = Instant::now();
    let mut lines = Lines::of(out);
    std::thread::scope(|scope| {
        let sender = scope.spawn(move || {
            std::io::copy(&mut input, &mut stream)
                .and_then(|_| stream.shutdown(std::net::Shutdown::Write))?;
            Ok::<_, std::io::Error>(stream)
        });
        lines.wait(count, LONG)?;
        let took = begun.elapsed().as_secs_f64();
        sender.join().map_err(|_| "the sender")?.map_err(text)?;
        Ok(took)
    })
}

fn syslog(options: &Options, dir: &Path, place: &str, report: &mut Report) {
    if !options.wants("listen/syslog") {
        return;
    }
    let count = (options.size / 1000).clamp(20_000, 1_000_000);
    let what = format!("listen/syslog: rsyslogd (imptcp, omfile), {count} messages, {place}");
    if !run::installed("rsyslogd") {
        return report.add(Row::skipped(what, "rsyslogd is not installed".to_owned()));
    }
    let pairs: Result<Vec<_>, String> = (0..options.runs)
        .map(|_| {
            let folder = Folder::new(dir, "listen")?;
            let input = folder.path().join("input");
            let mut file = std::io::BufWriter::new(File::create(&input).map_err(text)?);
            for number in 0..count {
                let filler = "the quick brown fox jumps over";
                writeln!(
                    file,
                    "<30>Oct 11 22:14:15 host app[4711]: request {number} done: {filler}"
                )
                .map_err(text)?;
            }
            file.into_inner().map_err(text)?;
            let (mut server, address) =
                Server::lh(options, folder.path(), "listen --tcp 127.0.0.1:0 file out")?;
            let ours = timed(address, &input, folder.path().join("out"), count)?;
            server.end()?;
            Ok((ours, rsyslog(folder.path(), &input, count)?))
        })
        .collect();
    report.pairs(what, Some(1.0), pairs, |seconds| per_second(count, seconds));
}

fn rsyslog(folder: &Path, input: &Path, count: usize) -> Result<f64, String> {
    let port = free_port()?;
    let path = |name: &str| folder.join(name).display().to_string();
    let config = format!(
        "global(workDirectory=\"{}\")\n\
         module(load=\"imptcp\")\n\
         input(type=\"imptcp\" address=\"127.0.0.1\" port=\"{port}\")\n\
         main_queue(queue.size=\"100000\")\n\
         *.* action(type=\"omfile\" file=\"{}\")\n",
        folder.display(),
        path("theirs")
    );
    std::fs::write(folder.join("conf"), config).map_err(text)?;
    let mut command = Command::new("rsyslogd");
    command.args(["-n", "-f", &path("conf"), "-i", &path("pid")]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut server = Server::start(&mut command)?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let took = timed(address, input, folder.join("theirs"), count);
    let _ = server.end();
    took
}

fn pickles(options: &Options, dir: &Path, place: &str, report: &mut Report) {
    if !options.wants("listen/pickle") {
        return;
    }
    let count = (options.size / 3000).clamp(20_000, 300_000);
    let what = format!("listen/pickle: ThreadingTCPServer of Python, {count} records, {place}");
    if !run::installed("python3") {
        return report.add(Row::skipped(what, "python3 is not installed".to_owned()));
    }
    let pairs: Result<Vec<_>, String> = (0..options.runs)
        .map(|_| {
            let folder = Folder::new(dir, "listen")?;
            let input = folder.path().join("input");
            let made = Command::new("python3")
                .args([
                    "-c",
                    PICKLES,
                    &input.display().to_string(),
                    &count.to_string(),
                ])
                .status();
            let made = made.map_err(text)?;
            if !made.success() {
                return Err(format!("python3: {made}"));
            }
            let (mut server, address) =
                Server::lh(options, folder.path(), "listen --tcp 127.0.0.1:0 file out")?;
            let ours = timed(address, &input, folder.path().join("out"), count)?;
            server.end()?;
            Ok((ours, python(&input)?))
        })
        .collect();
    report.pairs(what, Some(1.0 / 8.0), pairs, |seconds| {
        per_second(count, seconds)
    });
}

fn python(input: &Path) -> Result<f64, String> {
    let port = free_port()?;
    let mut command = Command::new("python3");
    command.args(["-c", PYTHON, &port.to_string()]);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut server = Server::start(&mut command)?;
    let mut ready = String::new();
    let pipe = server.0.stdout.take().ok_or("no pipe")?;
    BufReader::new(pipe).read_line(&mut ready).map_err(text)?;
    let mut stream = connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    let mut input = File::open(input).map_err(text)?;
    let begun = Instant::now();
    std::io::copy(&mut input, &mut stream).map_err(text)?;
    drop(stream);
    // It ends when it has read all that one connection brings.
    let status = server.0.wait().map_err(text)?;
    let took = begun.elapsed().as_secs_f64();
    status.success().then_some(took).ok_or(status.to_string())
}

/// Datagrams at a pace that a busy network has, of which none may be lost.
fn datagrams(options: &Options, dir: &Path, place: &str, report: &mut Report) {
    const COUNT: usize = 200_000;
    const PACE: f64 = 250_000.0;
    const BURST: usize = 50;
    if !options.wants("listen/udp") {
        return;
    }
    let lost = || {
        let folder = Folder::new(dir, "listen")?;
        let (mut server, address) =
            Server::lh(options, folder.path(), "listen --udp 127.0.0.1:0 file out")?;
        let socket = UdpSocket::bind("127.0.0.1:0").map_err(text)?;
        socket.connect(address).map_err(text)?;
        let mut headers = MultiHeaders::<SockaddrStorage>::preallocate(BURST, None);
        let datagrams: Vec<String> = (0..COUNT)
            .map(|number| format!("<30>Oct 11 22:14:15 host app[4711]: request {number} done"))
            .collect();
        let begun = Instant::now();
        for (burst, datagrams) in datagrams.chunks(BURST).enumerate() {
            let number = burst * BURST;
            let slices: Vec<_> = datagrams
                .iter()
                .map(|datagram| [IoSlice::new(datagram.as_bytes())])
                .collect();
            let due = Duration::from_secs_f64(number as f64 / PACE);
            while begun.elapsed() < due {
                std::hint::spin_loop();
            }
            let (none, flags) = ([None; BURST], MsgFlags::empty());
            let socket = socket.as_raw_fd();
            let sent = sendmmsg(socket, &mut headers, slices.iter(), none, [], flags);
            let sent = sent.map_err(text)?.count();
            if sent < BURST {
                return Err(format!("{sent} of {BURST} were sent"));
            }
        }
        let pace = COUNT as f64 / begun.elapsed().as_secs_f64();
        let mut lines = Lines::of(folder.path().join("out"));
        let _ = lines.wait(COUNT, Duration::from_secs(2));
        server.end()?;
        Ok::<_, String>((COUNT - lines.look(), pace))
    };
    let runs: Result<Vec<_>, String> = (0..options.runs).map(|_| lost()).collect();
    report.add(match runs {
        Ok(runs) => {
            let (lost, paces): (Vec<_>, Vec<_>) = runs.into_iter().unzip();
            let pace = run::median(&paces) / 1e3;
            let what = format!(
                "listen/udp: lost of {COUNT} datagrams at {pace:.0} k/s, the worst of {} runs, {place}",
                options.runs
            );
            let worst = lost.into_iter().max().unwrap_or(0);
            Row::bound(what, worst as u64, 1, "datagrams")
        }
        Err(why) => Row::broken(format!("listen/udp, {place}"), why),
    });
}

/// 10,000 that are connected and say nothing: 9,000 have sent a record before.
fn idle(options: &Options, dir: &Path, place: &str, report: &mut Report) {
    const COUNT: usize = 10_000;
    const WATCHED: Duration = Duration::from_secs(5);
    if !options.wants("listen/idle") {
        return;
    }
    let watched = || {
        let folder = Folder::new(dir, "listen")?;
        let (server, address) =
            Server::lh(options, folder.path(), "listen --tcp 127.0.0.1:0 file out")?;
        let mut all = Vec::new();
        for number in 0..COUNT {
            let mut stream = connect(address)?;
            if number % 10 > 0 {
                stream.write_all(b"<13>hello\n").map_err(text)?;
            }
            all.push(stream);
        }
        let mut lines = Lines::of(folder.path().join("out"));
        lines.wait(COUNT - COUNT / 10, LONG)?;
        let before = server.busy();
        std::thread::sleep(WATCHED);
        Ok::<_, String>((server.memory("VmRSS"), server.busy() - before))
    };
    match watched() {
        Ok((memory, busy)) => {
            let what = format!("listen/idle: memory with {COUNT} connections, {place}");
            report.add(Row::bound(what, memory, 64 << 10, "KiB"));
            let what = format!("listen/idle: hundredths of a second of a core in 5 s, {place}");
            report.add(Row::bound(what, busy, 5, ""));
        }
        Err(why) => report.add(Row::broken(format!("listen/idle, {place}"), why)),
    }
}

/// 1,000 that have all sent before the first is heard: how far the last is when one is through.
fn busy(options: &Options, dir: &Path, place: &str, report: &mut Report) {
    const SENDERS: usize = 1000;
    const EACH: usize = 1000;
    if !options.wants("listen/busy") {
        return;
    }
    let far = || {
        let folder = Folder::new(dir, "listen")?;
        let words = "listen --tcp 127.0.0.1:0 file -f {message} out";
        let (mut server, address) = Server::lh(options, folder.path(), words)?;
        let senders: Result<Vec<_>, String> = (0..SENDERS)
            .map(|sender| {
                let stream = connect(address)?;
                stream.set_nonblocking(true).map_err(text)?;
                let line = |number| format!("{sender:03} {number} {:64}\n", "x");
                let lines: String = (0..EACH).map(line).collect();
                Ok((stream, lines.into_bytes(), 0))
            })
            .collect();
        let mut senders = senders?;
        kill(server.pid(), Signal::SIGSTOP).map_err(text)?;
        let mut left = SENDERS;
        let begun = Instant::now();
        while left > 0 {
            for (stream, bytes, at) in &mut senders {
                if *at == bytes.len() {
                    continue;
                }
                match stream.write(&bytes[*at..]) {
                    Ok(count) => *at += count,
                    Err(why) if why.kind() == std::io::ErrorKind::WouldBlock => {}
                    Err(why) => return Err(why.to_string()),
                }
                left -= usize::from(*at == bytes.len());
            }
            // What the system has no more room for comes later.
            if begun.elapsed() > Duration::from_secs(2) {
                let _ = kill(server.pid(), Signal::SIGCONT);
            }
        }
        kill(server.pid(), Signal::SIGCONT).map_err(text)?;
        let mut lines = Lines::of(folder.path().join("out"));
        lines.wait(SENDERS * EACH, LONG)?;
        server.end()?;
        let text = std::fs::read_to_string(folder.path().join("out")).map_err(text)?;
        let mut counts = vec![0usize; SENDERS];
        for line in text.lines() {
            let sender = line
                .split(' ')
                .next()
                .and_then(|word| word.parse::<usize>().ok());
            let sender = sender.filter(|sender| *sender < SENDERS);
            let count = &mut counts[sender.ok_or_else(|| format!("{line:?}"))?];
            *count += 1;
            if *count == EACH {
                break;
            }
        }
        counts.sort_unstable();
        Ok((counts[0], counts[SENDERS / 2]))
    };
    report.add(match far() {
        Ok((least, middle)) => {
            let behind = 100 - 100 * least / middle.max(1);
            let what = format!(
                "listen/busy: of {SENDERS} senders, how far the last is behind the median \
                 ({least} and {middle} of {EACH} records) when the first is done, {place}"
            );
            Row::bound(what, behind as u64, 75, "%")
        }
        Err(why) => Row::broken(format!("listen/busy, {place}"), why),
    });
}
