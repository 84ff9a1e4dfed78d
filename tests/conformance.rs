//! The same as Python's `logging.handlers`, byte for byte: files that are
//! rotated by size, moments and names by the clock, and formatted text.
//!
//! Python counts characters and lh bytes, so all text is ASCII here. Not
//! tested here, because lh differs on purpose: a record that is longer than
//! the limit and meets an empty file (Python 3.11 rolls the empty file over,
//! lh never does: asserted below), what stands beyond `--backups` (lh prunes
//! it), intervals of midnight and W (Python 3.11 ignores them), and changes of
//! the clock on the wall (Python's rollovers move by an hour there).

use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn missing(name: &str) -> bool {
    println!("skipped: {name} is not installed");
    let required = std::env::var("LH_REQUIRE_PEERS").is_ok_and(|value| value == "1");
    assert!(!required, "LH_REQUIRE_PEERS=1, and {name} is not installed");
    false
}

fn has_python() -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths).any(|folder| {
        std::fs::metadata(folder.join("python3"))
            .is_ok_and(|meta| meta.permissions().mode() & 0o111 != 0)
    });
    found || missing("python3")
}

fn faketime() -> Option<PathBuf> {
    let folders = [
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
        "/usr/lib",
    ];
    let paths = folders.map(|folder| Path::new(folder).join("faketime/libfaketime.so.1"));
    let found = paths.into_iter().find(|path| path.exists());
    if found.is_none() {
        missing("libfaketime");
    }
    found
}

/// Runs a program with this on its stdin, and gives what it printed.
#[track_caller]
fn run(command: &mut Command, stdin: &[u8]) -> Vec<u8> {
    command.env("LC_ALL", "C").env("TZ", "UTC");
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("it runs");
    let mut pipe = child.stdin.take().expect("a pipe");
    let output = std::thread::scope(|scope| {
        scope.spawn(move || pipe.write_all(stdin));
        child.wait_with_output()
    });
    let output = output.expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.is_empty(),
        "{command:?}: {said}"
    );
    output.stdout
}

fn lh() -> Command {
    Command::new(env!("CARGO_BIN_EXE_lh"))
}

fn python(script: &str) -> Command {
    let mut command = Command::new("python3");
    command.args(["-c", script]);
    command
}

/// Numbers that look random and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// One run of a rotating handler.
struct Case {
    max_bytes: u64,
    backups: u64,
    /// The files that are there before: the current one, then its backups.
    before: Vec<String>,
    lines: Vec<String>,
}

fn case(numbers: &mut Numbers) -> Case {
    let max_bytes = [0, 1, 2, 10, 11, 64, 100, 1000][numbers.below(8) as usize];
    let backups = [0, 1, 2, 3, 5, 12][numbers.below(6) as usize];
    let mut before = Vec::new();
    // Never an empty current file: what a long record does to it differs.
    for n in 0..numbers.below(backups + 2) {
        before.push(format!(
            "{}\n",
            "old".repeat(1 + (numbers.below(9) + n) as usize)
        ));
    }
    let longest = [3, 12, 90, 300][numbers.below(4) as usize];
    let mut lines: Vec<String> = (0..numbers.below(60))
        .map(|n| {
            let length = numbers.below(longest) as usize;
            format!("{n}{}", "x".repeat(length))
        })
        .collect();
    let fits = |line: &String| max_bytes == 0 || (line.len() as u64) + 1 < max_bytes;
    if before.is_empty() {
        let first = lines.iter().position(fits).unwrap_or(lines.len());
        lines.drain(..first);
    }
    Case {
        max_bytes,
        backups,
        before,
        lines,
    }
}

fn set_up(folder: &Path, case: &Case) {
    std::fs::create_dir(folder).expect("a folder");
    for (n, text) in case.before.iter().enumerate() {
        let name = match n {
            0 => "app.log".to_owned(),
            _ => format!("app.log.{n}"),
        };
        std::fs::write(folder.join(name), text).expect("a file");
    }
}

fn everything(folder: &Path) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut files: Vec<_> = entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            (name, std::fs::read_to_string(path).expect("a file"))
        })
        .collect();
    files.sort();
    files
}

/// Reads cases, one a line, and does what they say in their folders.
const ROTATE: &str = r#"
import sys, logging, logging.handlers
for line in sys.stdin:
    folder, size, backups = line.rstrip("\n").split("\t")
    handler = logging.handlers.RotatingFileHandler(
        folder + "/app.log", maxBytes=int(size), backupCount=int(backups))
    for text in open(folder + ".in"):
        handler.handle(logging.makeLogRecord({"msg": text.rstrip("\n")}))
    handler.close()
"#;

#[test]
fn rotated_folders_are_equal() {
    if !has_python() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut numbers = Numbers(20_261_123);
    let cases: Vec<Case> = (0..120).map(|_| case(&mut numbers)).collect();
    let mut tasks = String::new();
    for (n, case) in cases.iter().enumerate() {
        let theirs = folder.path().join(format!("python{n}"));
        set_up(&theirs, case);
        let mut input = case.lines.join("\n");
        input.push_str(if input.is_empty() { "" } else { "\n" });
        std::fs::write(theirs.with_extension("in"), &input).expect("the input");
        let (theirs, size, backups) = (theirs.display(), case.max_bytes, case.backups);
        writeln!(tasks, "{theirs}\t{size}\t{backups}").expect("memory");
    }
    run(&mut python(ROTATE), tasks.as_bytes());
    let mut rolled = 0;
    for (n, case) in cases.iter().enumerate() {
        let ours = folder.path().join(format!("lh{n}"));
        set_up(&ours, case);
        let theirs = folder.path().join(format!("python{n}"));
        let input = std::fs::read(theirs.with_extension("in")).expect("the input");
        let (size, backups) = (case.max_bytes.to_string(), case.backups.to_string());
        let mut lh = lh();
        lh.args([
            "-q",
            "rotate",
            "--max-bytes",
            &size,
            "--backups",
            &backups,
            "app.log",
        ]);
        run(lh.current_dir(&ours), &input);
        let (ours, theirs) = (everything(&ours), everything(&theirs));
        assert_eq!(
            ours, theirs,
            "--max-bytes {size} --backups {backups}, {:?}",
            case.lines
        );
        rolled += usize::from(theirs.len() > case.before.len().max(1));
    }
    assert!(
        rolled > 20,
        "only {rolled} of the cases rolled anything over"
    );
}

/// The difference that is kept on purpose.
#[test]
fn an_empty_file_is_rolled_over_by_python_3_11_and_never_by_lh() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut lh = lh();
    lh.args(["rotate", "--max-bytes", "5", "--backups", "3", "app.log"]);
    run(lh.current_dir(folder.path()), b"far too long\n");
    let want = [("app.log".to_owned(), "far too long\n".to_owned())];
    assert_eq!(everything(folder.path()), want);
}

/// Reads settings, one a line, and prints the rollovers to come.
const TIMED: &str = r#"
import sys, time, datetime, logging.handlers, os
for line in sys.stdin:
    folder, when, interval, at, now, count = line.rstrip("\n").split("\t")
    at = datetime.time.fromisoformat(at) if at else None
    handler = logging.handlers.TimedRotatingFileHandler(
        folder + "/app.log", when=when, interval=int(interval), utc=True, delay=True, atTime=at)
    now = int(now)
    for _ in range(int(count)):
        # As in doRollover.
        due = handler.computeRollover(now)
        while due <= now:
            due += handler.interval
        name = "app.log." + time.strftime(handler.suffix, time.gmtime(due - handler.interval))
        moment = datetime.datetime.fromtimestamp(due, datetime.timezone.utc)
        print(moment.isoformat() + "\t" + name)
        now = due
"#;

#[test]
fn moments_and_names_by_the_clock_are_equal() {
    if !has_python() {
        return;
    }
    let Some(library) = faketime() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let mut settings: Vec<(&str, u32, &str)> = Vec::new();
    for when in ["S", "M", "H", "D"] {
        for interval in [1, 2, 7, 90] {
            settings.push((when, interval, ""));
        }
    }
    for when in ["midnight", "W0", "W1", "W2", "W3", "W4", "W5", "W6"] {
        for at in ["", "00:00", "03:30:15", "10:20:30", "23:59:59"] {
            settings.push((when, 1, at));
        }
    }
    // The leap day, the turn of a year, a Monday and a Sunday, odd seconds.
    let times = [
        (1_709_159_696, "2024-02-28 22:34:56"),
        (1_735_689_599, "2024-12-31 23:59:59"),
        (1_795_429_230, "2026-11-23 10:20:30"),
        (1_795_910_400, "2026-11-29 00:00:00"),
    ];
    let mut tasks = String::new();
    let mut ours = String::new();
    for (number, (when, interval, at)) in settings.iter().enumerate() {
        let (now, text) = times[number % times.len()];
        let path = folder.path().display();
        writeln!(tasks, "{path}\t{when}\t{interval}\t{at}\t{now}\t4").expect("memory");
        let mut lh = lh();
        lh.args(["timed", "--utc", "--plan", "4", "--when", when]);
        lh.args(["--interval", &interval.to_string()]);
        if !at.is_empty() {
            lh.args(["--at-time", at]);
        }
        lh.arg("app.log").current_dir(folder.path());
        lh.env("LD_PRELOAD", &library).env("FAKETIME", text);
        ours.push_str(&String::from_utf8_lossy(&run(&mut lh, b"")));
    }
    let theirs = run(&mut python(TIMED), tasks.as_bytes());
    let theirs = String::from_utf8_lossy(&theirs);
    assert_eq!(ours.lines().count(), settings.len() * 4);
    for (number, (ours, theirs)) in ours.lines().zip(theirs.lines()).enumerate() {
        let (setting, (_, now)) = (settings[number / 4], times[number / 4 % times.len()]);
        assert_eq!(
            ours,
            theirs,
            "{setting:?}, {now}, rollover {}",
            number % 4 + 1
        );
    }
}

/// Prints records as JSON, or formatted by the format that is its argument.
const FORMAT: &str = r#"
import sys, json, logging, time
style, form = sys.argv[1:]
logging.Formatter.converter = time.gmtime
formatter = logging.Formatter(form, style=style) if style != "j" else None
keys = """name msg levelname levelno pathname filename module exc_text lineno funcName created
thread threadName processName process""".split()
for n in range(200):
    level = (10, 20, 30, 40, 50)[n % 5]
    record = logging.LogRecord("app.part%d" % (n % 3), level, "/srv/app/mod%d.py" % n, n * 3,
                               "message %d with \"quotes\" and \\ {braces} %%" % n + " x" * (n % 7), None, None, "run")
    record.process, record.thread = 4711, 4712
    record.created = 1057682985 + n * 86399.5 + (n * 7919 % 1000) / 1000 + 0.000123
    record.msecs = int((record.created - int(record.created)) * 1000) + 0.0
    if n % 4 == 0:
        record.exc_text = "Traceback (most recent call last):\n  File \"x.py\", line %d\nValueError: %d" % (n, n)
    if formatter:
        print(formatter.format(record))
    else:
        print(json.dumps({key: record.__dict__[key] for key in keys}))
"#;

#[test]
fn formatted_records_are_equal() {
    if !has_python() {
        return;
    }
    let script = |style: &str, form: &str| {
        let mut python = python(FORMAT);
        python.args([style, form]);
        run(&mut python, b"")
    };
    let json = script("j", "");
    for (style, form) in [
        ("%", "%(message)s"),
        ("%", "%(asctime)s %(levelname)-8s %(message)s"),
        (
            "%",
            "%(asctime)s.%(name)s.%(process)d|%(filename)s:%(lineno)d %(funcName)s() %(message)s",
        ),
        (
            "%",
            "%(levelno)05d %(levelname)10s %(lineno)5d%% %(msecs)03d %(module)s %(pathname)s",
        ),
        ("%", "[%(threadName)s/%(processName)s] %(message).12s|"),
        ("{", "{asctime} {levelname} {name}: {message}"),
        (
            "{",
            "{levelname:<8}|{levelname:>8}|{name:^12}|{lineno:04d}|{message:.5}",
        ),
        (
            "{",
            "{{{message}}} {filename}:{lineno} {msecs:03.0f} {created:.3f} {levelno:x}",
        ),
    ] {
        let theirs = script(style, form);
        let mut lh = lh();
        let ours = run(
            lh.args(["-i", "json", "stream", "--utc", "-f", form]),
            &json,
        );
        let (ours, theirs) = (
            String::from_utf8_lossy(&ours),
            String::from_utf8_lossy(&theirs),
        );
        for (ours, theirs) in ours.lines().zip(theirs.lines()) {
            assert_eq!(ours, theirs, "{form}");
        }
        assert_eq!(ours, theirs, "{form}");
    }
    // And the preset that is made after it.
    let theirs = script("%", "%(asctime)s %(levelname)s %(name)s: %(message)s");
    let ours = run(
        lh().args(["-i", "json", "stream", "--utc", "-f", "text"]),
        &json,
    );
    assert!(ours == theirs, "{}", String::from_utf8_lossy(&ours));
}
