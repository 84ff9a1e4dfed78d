//! Runs every command of the README as a user would paste it: in a folder of
//! its own, with `lh` and a small `myapp` on the path. What the commands are
//! meant to show is looked at in the tests of each subject; here they work.
//!
//! Not tested here: building. `.ci/run` runs the first two blocks as they are.

use std::io::Read;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const MYAPP: &str = "#!/bin/sh
i=0
while [ $i -lt 20000 ]; do
    echo \"2026-11-23 10:00:00 INFO request $i served in 12 ms\"
    i=$((i + 1))
done
echo '2026-11-23 10:00:01 ERROR cannot reach the database'
echo 'a line on stderr' >&2
";

fn blocks() -> Vec<String> {
    let readme = include_str!("../README.md");
    let mut blocks = Vec::new();
    for part in readme.split("```sh\n").skip(1) {
        let block = part.split("```").next().unwrap();
        blocks.push(block.trim_end().to_owned());
    }
    blocks
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
        if command.contains("/dev/log") {
            let path = folder.join("log");
            let _ = std::fs::remove_file(&path);
            let socket = UnixDatagram::bind(&path).unwrap();
            command = command.replace("/dev/log", path.to_str().unwrap());
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
    for block in blocks.iter().skip(2) {
        let folder = tempfile::tempdir().unwrap();
        let host = LogHost::of(block, folder.path());
        let (_, stderr) = run(&host.command, folder.path());
        assert_eq!(stderr, "", "{block}");
        if host.command != *block {
            // One record at least; of udp, all that the system has kept.
            host.until(if block.contains("myapp") { 100_000 } else { 20 });
        }
    }
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
