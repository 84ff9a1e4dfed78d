//! Runs every command of the README as a user would paste it: in a folder of
//! its own, with `lh` and a small `myapp` on the path. What the commands are
//! meant to show is looked at in the tests of each subject; here they work.
//!
//! Not tested here: building. `.ci/run` runs the first two blocks as they are.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

#[cfg(feature = "tls")]
#[path = "network/support/certificates.rs"]
#[allow(dead_code, reason = "it serves other tests as well")]
mod certificates;

const MYAPP: &str = "#!/bin/sh
i=0
while [ $i -lt 20000 ]; do
    echo \"2026-11-23 10:00:00 INFO request $i served in 12 ms\"
    i=$((i + 1))
done
echo '2026-11-23 10:00:01 ERROR cannot reach the database'
echo 'a line on stderr' >&2
";

fn blocks_of(text: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    for part in text.split("```sh\n").skip(1) {
        let block = part.split("```").next().unwrap();
        blocks.push(block.trim_end().to_owned());
    }
    blocks
}

fn blocks() -> Vec<String> {
    blocks_of(include_str!("../README.md"))
}

/// Those of the pages in docs/.
fn blocks_of_book() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let mut pages: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "md"))
        .collect();
    pages.sort();
    let texts = pages
        .iter()
        .map(|page| std::fs::read_to_string(page).unwrap());
    texts.flat_map(|text| blocks_of(&text)).collect()
}

/// The block with this text.
fn find(text: &str) -> String {
    let mut found = blocks().into_iter().filter(|block| block.contains(text));
    found
        .next()
        .unwrap_or_else(|| panic!("no recipe has {text}"))
}

/// What stands for `loghost` and for the local syslog daemon in a recipe.
struct LogHost {
    command: String,
    bytes: Arc<AtomicUsize>,
}

impl LogHost {
    /// The command with receivers of this test in their place, if it has any.
    fn of(command: &str, folder: &Path) -> LogHost {
        let bytes = Arc::new(AtomicUsize::new(0));
        let mut command = command.to_owned();
        let note = |bytes: &Arc<AtomicUsize>| {
            let bytes = Arc::clone(bytes);
            move |count| bytes.fetch_add(count, Ordering::Relaxed)
        };
        for local in ["/dev/log", "/run/systemd/journal/socket"] {
            if !command.contains(local) {
                continue;
            }
            let path = folder.join("log");
            let _ = std::fs::remove_file(&path);
            let socket = UnixDatagram::bind(&path).unwrap();
            command = command.replace(local, path.to_str().unwrap());
            let note = note(&bytes);
            std::thread::spawn(move || {
                let mut buffer = [0; 4096];
                while let Ok(count) = socket.recv(&mut buffer) {
                    note(count);
                }
            });
        }
        for port in ["514", "9020"] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let own = listener.local_addr().unwrap().to_string();
            command = command.replace(&format!("loghost:{port}"), &own);
            let note = note(&bytes);
            std::thread::spawn(move || {
                for mut connection in listener.incoming().flatten() {
                    let mut buffer = [0; 4096];
                    while let Ok(count) = connection.read(&mut buffer) {
                        if count == 0 {
                            break;
                        }
                        note(count);
                    }
                }
            });
        }
        for (name, serve) in [
            (
                "http://loghost:3100",
                serve_http as fn(TcpStream) -> Option<usize>,
            ),
            ("https://loghost:8443", serve_http),
            ("http://loghost:4318", serve_http),
            ("http://loghost:9200", serve_http),
            ("mailhost", serve_mail),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let own = listener.local_addr().unwrap().to_string();
            let own = match name {
                "mailhost" => own,
                _ => format!("http://{own}"),
            };
            command = command.replace(name, &own);
            let note = note(&bytes);
            std::thread::spawn(move || {
                for connection in listener.incoming().flatten() {
                    note(serve(connection).unwrap_or(0));
                }
            });
        }
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let own = socket.local_addr().unwrap().to_string();
        command = command.replace("loghost:12201", &own);
        let note = note(&bytes);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count) = socket.recv(&mut buffer) {
                note(count);
            }
        });
        LogHost { command, bytes }
    }

    /// Waits until so many bytes have come.
    #[track_caller]
    fn until(&self, count: usize) {
        let begun = Instant::now();
        while self.bytes.load(Ordering::Relaxed) < count {
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "{}",
                self.command
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Answers requests, and counts what came of the bodies.
fn serve_http(mut stream: TcpStream) -> Option<usize> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut all = 0;
    loop {
        let (mut length, mut answer) = (0, "HTTP/1.1 204 Fine\r\n\r\n");
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return Some(all);
            }
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            // Elasticsearch says of each record what became of it.
            if line.contains("/_bulk") {
                answer = "HTTP/1.1 200 Fine\r\nContent-Length: 27\r\n\r\n{\"errors\":false,\"items\":[]}";
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        all += length;
        stream.write_all(answer.as_bytes()).ok()?;
    }
}

/// Takes mails, and counts what came of them.
fn serve_mail(mut stream: TcpStream) -> Option<usize> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let (mut all, mut in_mail) = (0, false);
    stream.write_all(b"220 mail.test\r\n").ok()?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return Some(all);
        }
        all += line.len();
        let answer: &[u8] = match (in_mail, line.as_str()) {
            (true, ".\r\n") => b"250 taken\r\n",
            (true, _) => continue,
            (false, "DATA\r\n") => {
                in_mail = true;
                stream.write_all(b"354 go\r\n").ok()?;
                continue;
            }
            (false, "QUIT\r\n") => {
                let _ = stream.write_all(b"221 bye\r\n");
                return Some(all);
            }
            (false, _) => b"250 mail.test\r\n",
        };
        in_mail = false;
        stream.write_all(answer).ok()?;
    }
}

fn run(command: &str, folder: &Path) -> (String, String) {
    let bin = folder.join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    let app = bin.join("myapp");
    std::fs::write(&app, MYAPP).unwrap();
    std::fs::set_permissions(&app, std::fs::Permissions::from_mode(0o755)).unwrap();
    if !bin.join("lh").exists() {
        symlink(env!("CARGO_BIN_EXE_lh"), bin.join("lh")).unwrap();
    }
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let work = folder.join("work");
    std::fs::create_dir_all(&work).unwrap();
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", command])
        .current_dir(&work)
        .env("PATH", path)
        .env("TZ", "UTC")
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command}\n{stderr}");
    (stdout, stderr)
}

#[test]
fn every_recipe_works_when_pasted() {
    let blocks = blocks();
    assert!(
        blocks.len() > 10,
        "the README has its recipes in ```sh blocks"
    );
    // Those that go on until they are ended are below.
    let ends = |block: &&String| !block.starts_with("lh listen") && !block.contains("--tls");
    for block in blocks.iter().skip(2).filter(ends) {
        works(block);
    }
}

#[test]
fn every_command_of_the_book_works_when_pasted() {
    let blocks = blocks_of_book();
    assert!(blocks.len() > 20, "docs/ has its commands in ```sh blocks");
    // Of the listener there is a recipe in the README.
    for block in blocks
        .iter()
        .filter(|block| !block.starts_with("lh listen"))
    {
        match block.contains("--wire lh") {
            true => reaches_another_lh(block),
            false => works(block),
        }
    }
}

fn reaches_another_lh(block: &str) {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path().join("work");
    run("true", folder.path());
    let command = "lh listen --tcp 127.0.0.1:9020 --wire lh --state senders file all.log";
    let listener = Listener::run(command.to_owned(), &work);
    let own = format!("127.0.0.1:{}", listener.ports[0]);
    let (_, stderr) = run(&block.replace("loghost:9020", &own), folder.path());
    assert_eq!(stderr, "");
    listener.end();
    let text = std::fs::read_to_string(work.join("all.log")).unwrap();
    assert_eq!(text.lines().count(), 20_002);
}

#[track_caller]
fn works(block: &str) {
    let folder = tempfile::tempdir().unwrap();
    let host = LogHost::of(block, folder.path());
    let (_, stderr) = run(&host.command, folder.path());
    // What the program says there is passed on.
    let passed = block.contains("--tee") && block.ends_with("-- myapp");
    let said = if passed { "a line on stderr\n" } else { "" };
    assert_eq!(stderr, said, "{block}");
    if host.command == *block {
        return;
    }
    // One record at least; of udp, all that the system has kept. A mail has the
    // end of it, and what is compressed is short.
    let short = ["buffer", "--gzip", "--min-level"];
    let short = short.iter().any(|word| block.contains(word));
    let least = match (block.contains("myapp"), short) {
        _ if block.starts_with("lh check") => 0,
        // Nothing has failed, so nobody hears of it.
        _ if block.contains("--flush-on-failure") => 0,
        (true, true) => 300,
        (true, false) => 100_000,
        (false, _) => 20,
    };
    host.until(least);
}

#[test]
fn the_first_command_makes_the_files_that_it_shows() {
    let blocks = blocks();
    let main_job = blocks[0].strip_prefix("cargo build --release && ").unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // The sources, and this build in the place of the release build.
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path().join("work");
    std::fs::create_dir_all(work.join("target/release")).unwrap();
    symlink(root.join("src"), work.join("src")).unwrap();
    symlink(env!("CARGO_BIN_EXE_lh"), work.join("target/release/lh")).unwrap();
    let (stdout, _) = run(main_job, folder.path());
    for name in ["app.log", "app.log.1", "app.log.2", "app.log.3"] {
        assert!(stdout.lines().any(|line| line.ends_with(name)), "{stdout}");
    }
    let ci = std::fs::read_to_string(root.join(".ci/run")).unwrap();
    assert!(
        ci.contains("$(block 1)") && ci.contains("$(block 2)"),
        ".ci/run runs both"
    );
    assert_eq!(blocks[1], "cargo test");
}

#[test]
fn recipes_do_what_they_say() {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path().join("work");

    let (stdout, _) = run(&find("slow query"), folder.path());
    assert_eq!(
        stdout,
        "2023-11-14 22:13:20,000 WARNING  db: slow query (812 ms)\n"
    );

    run(&find("errors.log"), folder.path());
    let errors = std::fs::read_to_string(work.join("errors.log")).unwrap();
    assert_eq!(
        errors,
        "2026-11-23 10:00:01 ERROR cannot reach the database\n"
    );

    run(&find("shipped"), folder.path());
    let shipped = std::fs::read_to_string(work.join("shipped")).unwrap();
    assert!(
        shipped.lines().all(|line| line.ends_with(".gz")),
        "{shipped}"
    );
    assert!(!shipped.is_empty());

    let (stdout, _) = run(&find("--plan 3"), folder.path());
    assert_eq!(stdout.lines().count(), 3, "{stdout}");
    assert!(
        stdout
            .lines()
            .all(|line| line.contains("T03:00:00+00:00\tapp.log.20")),
        "{stdout}"
    );
}

#[test]
fn recipes_for_commands_do_what_they_say() {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path().join("work");
    let read = |name: &str| std::fs::read_to_string(work.join(name)).unwrap();

    // The service: its errors are what it says on stderr, and its status is kept.
    let service = find("lh --join trace rotate");
    run(&service, folder.path());
    assert_eq!(read("errors.log"), "a line on stderr\n");
    assert!(read("app.log").contains(" INFO 2026-11-23 10:00:00 INFO request 0"));
    assert!(read("app.log").contains(" ERROR a line on stderr\n"));
    let fails = |block: &str| {
        assert!(block.ends_with("-- myapp"), "{block}");
        let block = block.replace("-- myapp", "-- sh -c 'myapp; exit 3'");
        format!("{block} || [ $? = 3 ]")
    };
    run(&fails(&service), folder.path());

    // The job: its log is kept in any case, and sent on when it has failed.
    let job = find("--flush-on-failure");
    run(&job, folder.path());
    let kept = read("job.log");
    assert_eq!(kept.lines().count(), 20_002);
    assert!(!work.join("failed.log").exists());
    run(&fails(&job), folder.path());
    assert_eq!(read("job.log").lines().count(), 2 * 20_002);
    let sent = read("failed.log");
    assert_eq!(sent.lines().count(), 500);
    assert!(sent.contains("request 19999 served"), "the last of them");

    // The recorder: the error, and 200 records before it.
    run(&find("--ring"), folder.path());
    let incident = read("incidents.log");
    let lines: Vec<&str> = incident.lines().collect();
    assert_eq!(lines.len(), 201);
    assert!(lines[0].contains("request 19800 "), "{}", lines[0]);
    assert!(lines[200].contains("ERROR"), "{}", lines[200]);
}

/// A listener of the README, with ports of the system's choice.
struct Listener {
    child: std::process::Child,
    ports: Vec<u16>,
}

impl Listener {
    fn start(text: &str, work: &Path) -> Listener {
        Listener::run(find(text), work)
    }

    fn run(mut command: String, work: &Path) -> Listener {
        for port in ["127.0.0.1:9020", "127.0.0.1:8080", ":5514", "'*:6514'"] {
            command = command.replace(port, "127.0.0.1:0");
        }
        let bin = work.parent().unwrap().join("bin");
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let count = command.matches(":0").count();
        let mut child = Command::new("bash")
            .args(["-c", &format!("exec {command}")])
            .current_dir(work)
            .env("PATH", path)
            .env("TZ", "UTC")
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let ports = (0..count).map(|_| {
            let mut line = String::new();
            said.read_line(&mut line).unwrap();
            let port = line.trim_end().rsplit(':').next().unwrap().parse();
            port.unwrap_or_else(|_| panic!("{command}: {line}"))
        });
        let ports = ports.collect();
        Listener { child, ports }
    }

    /// Ends it; gives what it wrote to stdout.
    fn end(mut self) -> String {
        let id = i32::try_from(self.child.id()).unwrap();
        let id = nix::unistd::Pid::from_raw(id);
        nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGTERM).unwrap();
        let mut stdout = String::new();
        let mut pipe = self.child.stdout.take().unwrap();
        pipe.read_to_string(&mut stdout).unwrap();
        assert!(self.child.wait().unwrap().success());
        stdout
    }
}

#[test]
fn listeners_take_what_they_are_sent() {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path().join("work");
    run("true", folder.path());
    let read = |name: &str| std::fs::read_to_string(work.join(name)).unwrap();

    let listener = Listener::start("lh listen --tcp 127.0.0.1:9020", &work);
    let to = format!("myapp 2>&1 | lh socket 127.0.0.1:{}", listener.ports[0]);
    run(&to, folder.path());
    let to = format!("lh -m datagram udp 127.0.0.1:{}", listener.ports[1]);
    run(&to, folder.path());
    listener.end();
    assert_eq!(read("all.log").lines().count(), 20_003);

    let listener = Listener::start("lh listen --tcp :5514", &work);
    let port = listener.ports[0];
    run(
        &format!("lh -m hello syslog --transport tcp --address 127.0.0.1:{port} -t x"),
        folder.path(),
    );
    assert!(listener.end().ends_with("INFO x: hello\n"));

    let listener = Listener::start("lh listen --http", &work);
    let mut stream = TcpStream::connect(("127.0.0.1", listener.ports[0])).unwrap();
    let request = "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
        Content-Length: 19\r\nConnection: close\r\n\r\n{\"message\":\"hello\"}";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    assert!(read("all.jsonl").contains("\"message\":\"hello\""));
    listener.end();
}

#[cfg(feature = "tls")]
#[test]
fn records_go_from_machine_to_machine_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path().join("work");
    run("true", folder.path());
    let certificates = certificates::Certificates::new(folder.path());
    for (name, own) in [("good", "cert"), ("client", "own"), ("ca", "ca")] {
        let pem = work.join(format!("{own}.pem"));
        std::fs::copy(certificates.cert(name), pem).unwrap();
        let file = if own == "own" { "own.key" } else { "key.pem" };
        if name != "ca" {
            let key = work.join(file);
            std::fs::copy(certificates.key(name), &key).unwrap();
            std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
    let listener = Listener::start("--client-ca", &work);
    let send = find("--cert own.pem");
    let send = send.replace("loghost:6514", &format!("127.0.0.1:{}", listener.ports[0]));
    let (_, stderr) = run(&send, folder.path());
    assert_eq!(stderr, "");
    listener.end();
    let text = std::fs::read_to_string(work.join("all.jsonl")).unwrap();
    assert_eq!(text.lines().count(), 20_002);
}
