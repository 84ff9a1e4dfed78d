//! `buffer`: which records come out, when, and which are forgotten.
//!
//! Not tested here: how a flush goes on that was blocked half way, and the
//! bound on memory (tests beside the code in `src/handler/buffer.rs`).

use std::sync::{Arc, Mutex};

use lh::batch::Frames;
use lh::diag::Diag;
use lh::filter::Filter;
use lh::handler::buffer::{BufferOptions, MemoryHandler};
use lh::handler::stage::{OnError, Rendering};
use lh::handler::{EmitError, Handler, Stage};
use lh::level::Level;
use lh::now::Now;
use lh::record::{Defaults, Record};
use nix::sys::signal::Signal;

use crate::support::{Folder, peer, until};

/// Twenty lines, an error, and five more.
fn incident() -> String {
    let mut lines: String = (1..=20).map(|n| format!("line {n}\n")).collect();
    lines.push_str("ERROR disk\n");
    lines.extend((22..=26).map(|n| format!("line {n}\n")));
    lines
}

fn last_lines(text: &str, from: usize, to: usize) -> String {
    let lines = text.split_inclusive('\n');
    lines.skip(from - 1).take(to + 1 - from).collect()
}

#[test]
fn everything_comes_out_in_the_end() {
    let folder = Folder::new();
    let all = incident();
    for options in [
        "",
        "--capacity 1",
        "--capacity 7",
        "--flush-level debug",
        "--flush-level 99",
    ] {
        let chain = format!("--detect-level buffer {options} file a.log");
        folder.lh(&chain).with(&all).ok();
        assert_eq!(folder.text("a.log"), all, "{options}");
        folder.rename("a.log", "old");
    }
}

#[test]
fn a_record_waits_until_the_buffer_is_full_or_an_error_comes() {
    let folder = Folder::new();
    let chain = "--detect-level file all.log + buffer --capacity 3 file a.log";
    let mut lh = folder.lh(chain).start();
    lh.send_to("one\ntwo\n", "all.log");
    assert_eq!(folder.text("a.log"), "");
    lh.send_to("three\nfour\n", "all.log");
    lh.wait_end("a.log", "three\n");
    assert_eq!(folder.text("a.log"), "one\ntwo\nthree\n");
    lh.send("ERROR five\nsix\n")
        .wait_end("a.log", "ERROR five\n");
    lh.wait_end("all.log", "six\n");
    assert_eq!(folder.text("a.log"), "one\ntwo\nthree\nfour\nERROR five\n");
    lh.end().ok();
    assert!(folder.text("a.log").ends_with("five\nsix\n"));
}

#[test]
fn a_ring_delivers_what_came_before_an_error() {
    let folder = Folder::new();
    let all = incident();
    let chain = "--detect-level file all.log + buffer --capacity 4 --ring --no-flush-on-close \
                 file incident.log";
    folder.lh(chain).with(&all).ok();
    assert_eq!(folder.text("all.log"), all);
    assert_eq!(folder.text("incident.log"), last_lines(&all, 17, 21));
    // Without an error there is no incident.
    folder.rename("incident.log", "old");
    folder.lh(chain).with("a\nb\n").ok();
    assert_eq!(folder.text("incident.log"), "");
    // Unless it is told otherwise, the end delivers as well.
    let chain = "--detect-level buffer --capacity 4 --ring file ring.log";
    folder.lh(chain).with(&all).ok();
    let (error, end) = (last_lines(&all, 17, 21), last_lines(&all, 23, 26));
    assert_eq!(folder.text("ring.log"), format!("{error}{end}"));
}

#[test]
fn what_a_handler_leaves_out_is_not_held() {
    let folder = Folder::new();
    let chain = "--detect-level buffer --capacity 2 --ring --no-flush-on-close \
                 file --exclude debug -f {levelname}:{message} a.log";
    let lines = "a\nb\ndebug 1\nc\ndebug 2\nERROR d\n";
    folder.lh(chain).with(lines).ok();
    assert_eq!(folder.text("a.log"), "INFO:b\nINFO:c\nERROR:ERROR d\n");
}

#[test]
fn levels_are_those_of_json_records_too() {
    let folder = Folder::new();
    let lines = "{\"msg\":\"a\"}\n{\"msg\":\"b\",\"level\":\"warning\"}\n{\"msg\":\"c\"}\n";
    let chain = "-i json buffer --no-flush-on-close --flush-level warning file a.log";
    folder.lh(chain).with(lines).ok();
    assert_eq!(folder.text("a.log"), last_lines(lines, 1, 2));
}

#[test]
fn the_end_of_a_command_decides() {
    let folder = Folder::new();
    let script = |code: u8| format!("seq 8; echo last >&2; exit {code}");
    let chain = "file all.log + buffer --flush-on-failure --capacity 4 file failed.log";
    let run = |code: u8| {
        let lh = folder.lh(chain).args(["--", "sh", "-c", &script(code)]);
        assert_eq!(lh.run().code(code.into()).stderr, "");
    };
    run(0);
    assert_eq!(folder.text("failed.log"), "");
    run(3);
    let failed = folder.text("failed.log");
    assert_eq!(failed.lines().count(), 4, "{failed}");
    assert!(
        failed.contains("last\n") && failed.contains("8\n"),
        "{failed}"
    );
    // In a wrapper of a wrapper, and in front of one.
    for wrappers in [
        "queue buffer --flush-on-failure",
        "buffer --flush-on-failure queue",
        "buffer --capacity 3 buffer --flush-on-failure",
    ] {
        for (code, lines) in [(0, 0), (9, 9)] {
            let folder = Folder::new();
            let lh = folder.lh(&format!("{wrappers} file a.log"));
            lh.args(["--", "sh", "-c", &script(code)])
                .run()
                .code(code.into());
            assert_eq!(folder.text("a.log").lines().count(), lines, "{wrappers}");
        }
    }
}

#[test]
fn a_command_that_can_not_be_run_has_failed() {
    let folder = Folder::new();
    let lh = folder.lh("buffer --flush-on-failure file a.log -- ./nonesuch");
    lh.run().code(127);
    assert!(folder.text("a.log").contains("cannot run ./nonesuch"));
}

/// It is heard of in silence, too; but nobody else gets a word that it has not said.
#[test]
fn a_command_that_fails_without_a_word_has_failed() {
    let chain = "file all.log + buffer --flush-on-failure \
        file -f {levelname}:{stream}:{message} failed.log";
    for (script, code, told) in [
        (
            "exit 3",
            3,
            "ERROR:stderr:sh ended with exit status: 3, and said nothing\n",
        ),
        (
            "kill -9 $$",
            137,
            "ERROR:stderr:sh ended with signal: 9 (SIGKILL), and said nothing\n",
        ),
        ("exit 0", 0, ""),
    ] {
        let folder = Folder::new();
        let lh = folder.lh(chain).args(["--", "sh", "-c", script]);
        assert_eq!(lh.run().code(code).stderr, "");
        assert_eq!(folder.text("failed.log"), told, "{script}");
        assert_eq!(folder.text("all.log"), "", "{script}");
    }
}

#[test]
fn a_flush_that_fails_loses_nothing() {
    let folder = Folder::new();
    folder.symlink("/dev/full", "target");
    // Blocked: nothing more is read, and it is told once.
    let chain = "file all.log + buffer --capacity 2 file --watch --follow target";
    let mut lh = folder.lh(chain).start();
    lh.send("1\n2\n").wait_said("No space left");
    assert_eq!(folder.text("all.log"), "1\n2\n");
    lh.signal(Signal::SIGTERM);
    let ran = lh
        .wait_exit()
        .code(1)
        .said("target: 2 records were not delivered");
    assert_eq!(
        ran.stderr.matches("No space left").count(),
        1,
        "{}",
        ran.stderr
    );
    // Dropped, and counted.
    let chain = "buffer --capacity 2 file --on-error drop --dead-letter dead --follow target";
    let ran = folder.lh(chain).with("1\n2\n3\n").code(1);
    ran.said("3 records were not delivered");
    assert_eq!(folder.text("dead").lines().count(), 3);
}

#[test]
fn signals_pass_through() {
    let folder = Folder::new();
    let chain = "buffer --capacity 2 rotate --backups 3 a.log";
    let mut lh = folder.lh(chain).start();
    lh.send_to("1\n2\n", "a.log").signal(Signal::SIGALRM);
    until("it is rolled over", || folder.has("a.log.1"));
    lh.send_to("3\n4\n", "a.log");
    folder.rename("a.log", "moved");
    lh.signal(Signal::SIGHUP);
    until("it is opened anew", || folder.has("a.log"));
    lh.send("5\n");
    lh.end().ok();
    assert_eq!(folder.text("a.log.1"), "1\n2\n");
    assert_eq!(folder.text("moved"), "3\n4\n");
    assert_eq!(folder.text("a.log"), "5\n");
}

#[test]
fn mistakes_say_what_is_missing_and_where_it_belongs() {
    let folder = Folder::new();
    for (arguments, said) in [
        ("buffer", "there is no handler behind buffer"),
        ("buffer --capacity 3", "there is no handler behind buffer"),
        ("buffer queue", "there is no handler behind queue"),
        ("buffer man", "there is no handler behind buffer"),
        ("buffer fiel a.log", "'fiel'"),
        ("buffer --capacity 0 file a.log", "0"),
        ("buffer --capacity many file a.log", "many"),
        ("buffer --flush-level loud file a.log", "loud"),
        ("buffer --min-level error file a.log", "HANDLER --min-level"),
        (
            "queue buffer --format text file a.log",
            "lh buffer [OPTIONS] HANDLER --format",
        ),
        ("buffer file --ring a.log", "--ring"),
        (
            "--level error buffer --level info file a.log",
            "--level is given twice",
        ),
        (
            "buffer --level error file --level info a.log",
            "--level is given twice",
        ),
        (
            "buffer --flush-on-failure file a.log",
            "--flush-on-failure is for a command",
        ),
        ("null + queue buffer --flush-on-failure null", "-- COMMAND"),
    ] {
        let ran = folder.lh(arguments).with("x\n").code(2).said(said);
        assert!(!ran.stderr.contains("similar argument"), "{}", ran.stderr);
        assert_eq!(folder.names(), [""; 0], "{arguments}");
    }
    let many = "buffer ".repeat(1000);
    folder.lh(&many).arg("null").run().code(2).said("wrappers");
}

#[test]
fn input_options_stand_behind_any_name() {
    let folder = Folder::new();
    let places = [
        "--name n buffer --field k=v queue stream -f {name}/{k} --level error",
        "buffer --name n --level error queue --field k=v stream -f {name}/{k}",
        "buffer --level error queue --field k=v stream -f {name}/{k} + null --name n",
    ];
    for arguments in places {
        let ran = folder.lh(arguments).with("x\n").ok();
        assert_eq!(ran.out(), "n/v\n", "{arguments}");
    }
    // Questions go to the handler inside.
    let plan = "buffer queue timed --when midnight --plan 2 a.log";
    assert_eq!(folder.lh(plan).run().ok().out().lines().count(), 2);
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn the_help_of_a_wrapper_is_complete_by_itself() {
    let folder = Folder::new();
    let root = folder.lh("--help").run().ok().out();
    for (wrapper, own) in [
        (
            "buffer",
            "--capacity --flush-level --no-flush-on-close --ring --flush-on-failure",
        ),
        ("queue", "--capacity --overflow"),
    ] {
        assert!(root.contains(&format!("\n  {wrapper} ")), "{wrapper}");
        for flag in ["--help", "-h"] {
            let help = folder.lh_args([wrapper, flag]).run().ok().out();
            let heading = format!("\n{}{}:\n", wrapper[..1].to_uppercase(), &wrapper[1..]);
            let usage = format!("Usage: lh {wrapper} [OPTIONS] HANDLER [OPTIONS]\n");
            for text in [
                &heading,
                &usage,
                "\nInput:\n",
                "\nExamples:\n",
                "--detect-level",
            ] {
                assert!(help.contains(text), "{text:?} is not in {help}");
            }
            for option in own.split(' ') {
                assert!(
                    help.contains(&format!("      {option}")),
                    "{option}: {help}"
                );
            }
            // Those stand behind the handler's name.
            assert!(
                !help.contains("--min-level") && !help.contains("Commands:"),
                "{help}"
            );
            let (_, examples) = help.split_once("Examples:").expect("examples");
            let examples = examples.lines().filter(|line| line.contains("lh "));
            assert!((2..=4).contains(&examples.count()), "examples of {wrapper}");
        }
    }
}

/// The first that is written stands in front.
#[test]
fn wrappers_keep_their_order() {
    let folder = Folder::new();
    let buffer = |capacity| format!("buffer --capacity {capacity} --no-flush-on-close");
    for (first, second, lines) in [(4, 3, 6), (3, 4, 8)] {
        let chain = format!("{} {} stream", buffer(first), buffer(second));
        let ran = folder.lh(&chain).with("x\n".repeat(9)).ok();
        assert_eq!(ran.out().lines().count(), lines, "{chain}");
    }
}

/// What a mistake in the handler behind it leaves untouched.
#[test]
fn a_handler_that_can_not_be_opened_is_found_at_the_start() {
    let folder = Folder::new();
    folder.write("keep.log", "old\n");
    for wrapper in ["buffer", "queue", "queue buffer"] {
        let chain = format!("file --mode truncate keep.log + {wrapper} file nodir/a.log");
        let ran = folder.lh(&chain).with("x\n").code(1);
        ran.said("lh: nodir/a.log: cannot open for append: there is no directory nodir; --mkdir makes it");
        assert_eq!(folder.text("keep.log"), "old\n");
        let own = format!("{wrapper} file keep.log");
        let input = std::fs::File::open(folder.path("keep.log")).expect("it is there");
        folder
            .lh(&own)
            .with_file(input)
            .code(1)
            .said("it is the input as well");
    }
}

/// Keeps what came together.
struct Recorder(Arc<Mutex<Vec<Vec<String>>>>);

impl Handler for Recorder {
    fn kind(&self) -> &'static str {
        "recorder"
    }

    fn target(&self) -> String {
        "memory".to_owned()
    }

    fn open(&mut self, _now: Now) -> std::io::Result<()> {
        Ok(())
    }

    fn emit(&mut self, frames: &Frames<'_>, from: usize, _now: Now) -> Result<(), EmitError> {
        let records = frames.iter_from(from).map(|(record, _)| record);
        let records = records.map(|record| String::from_utf8_lossy(record).trim().to_owned());
        self.0.lock().expect("no panic").push(records.collect());
        Ok(())
    }

    fn close(&mut self, _now: Now, _hurry: bool) -> Result<(), EmitError> {
        Ok(())
    }
}

/// Capacity, flush level, whether closing flushes, and the levels that come.
type Case = (usize, u32, bool, Vec<u32>);

/// What comes out together, and after which record; the last at the end.
fn ours((capacity, flush_level, flush_on_close, levels): &Case) -> String {
    let groups = Arc::new(Mutex::new(Vec::new()));
    let options = BufferOptions {
        capacity: *capacity,
        flush_level: Some(Level(*flush_level)),
        flush_on_close: *flush_on_close,
        ..BufferOptions::default()
    };
    let stage = Stage::new(
        Box::new(Recorder(Arc::clone(&groups))),
        Filter::default(),
        Rendering::default(),
        OnError::Block,
        None,
        Diag::silent(),
    );
    let mut stage = stage.wrap(|inner| Box::new(MemoryHandler::new(inner, options)));
    let (defaults, now) = (Defaults::default(), Now::read());
    let mut text = String::new();
    let mut tell = |what: String| {
        for group in groups.lock().expect("no panic").drain(..) {
            text.push_str(&format!("{what}: {}\n", group.join(" ")));
        }
    };
    for (n, level) in levels.iter().enumerate() {
        let mut record = Record::new(&defaults, now.wall);
        record.level = Level(*level);
        stage.push(format!("{n}\n").as_bytes(), &record, now);
        assert!(stage.deliver(&Frames::lines(b""), now));
        tell(n.to_string());
    }
    assert!(stage.close(now, false));
    tell("end".to_owned());
    text
}

const PYTHON: &str = r#"
import logging, logging.handlers, sys
for line in sys.stdin:
    capacity, level, on_close, *levels = map(int, line.split())
    out = []
    class Target(logging.Handler):
        def emit(self, record): out.append(record.getMessage())
    handler = logging.handlers.MemoryHandler(capacity, level, Target(), bool(on_close))
    def tell(what):
        if out: print(f"{what}: {' '.join(out)}")
        out.clear()
    for n, level in enumerate(levels):
        handler.handle(logging.LogRecord("root", level, "", 0, str(n), None, None))
        tell(n)
    handler.close()
    tell("end")
    print("--")
"#;

/// Python's `MemoryHandler` lets the same records out at the same moments.
#[test]
fn flushes_are_pythons() {
    if !peer("python3") {
        return;
    }
    let (info, warning, error) = (20, 30, 40);
    let mut cases: Vec<Case> = vec![
        (3, 40, true, vec![info; 7]),
        (3, 40, false, vec![info; 7]),
        (1, 40, true, vec![info, error, info]),
        (100, 40, true, vec![info, error, info, warning, 50, error]),
        (100, 30, false, vec![info, warning, 29, 31, info]),
        (
            4,
            40,
            true,
            vec![info, info, info, error, info, info, info, info],
        ),
        (5, 0, true, vec![info, 0, 1]),
        (2, 41, true, vec![error, error, error]),
        (9, 40, true, vec![]),
    ];
    // And many that nobody thought of.
    let mut seed = 7u32;
    let mut draw = |below: u32| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 16) % below
    };
    for _ in 0..200 {
        let count = draw(30);
        let levels = (0..count).map(|_| draw(7) * 10).collect();
        cases.push((1 + draw(8) as usize, draw(8) * 10, draw(2) == 0, levels));
    }
    let mut input = String::new();
    for (capacity, level, on_close, levels) in &cases {
        input.push_str(&format!("{capacity} {level} {}", u8::from(*on_close)));
        levels
            .iter()
            .for_each(|level| input.push_str(&format!(" {level}")));
        input.push('\n');
    }
    let folder = Folder::new();
    folder.write("flushes.py", PYTHON);
    let ran = folder
        .program("python3")
        .arg("flushes.py")
        .with(&input)
        .ok();
    let theirs = ran.out();
    let mut theirs = theirs.split("--\n");
    for case in &cases {
        assert_eq!(ours(case), theirs.next().expect("an answer"), "{case:?}");
    }
}
