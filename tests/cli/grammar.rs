//! Chains, the places of options, help, and mistakes on the command line:
//! after one of those nothing is opened, made or emptied.
//!
//! Not tested here: what each option does.

use crate::support::{Folder, LH, peer};

const HANDLERS: [&str; 5] = ["stream", "null", "file", "rotate", "timed"];

#[test]
fn every_record_goes_to_every_handler_of_a_chain() {
    let folder = Folder::new();
    let chain =
        "file a.log + rotate --max-bytes 1M --backups 2 b.log + timed c.log + null + stream";
    let ran = folder.lh(chain).with("one\ntwo\n").ok();
    assert_eq!(ran.out(), "one\ntwo\n");
    for name in ["a.log", "b.log", "c.log"] {
        assert_eq!(folder.text(name), "one\ntwo\n", "{name}");
    }
    assert_eq!(folder.names(), ["a.log", "b.log", "c.log"]);
}

#[test]
fn a_handler_may_stand_twice_each_with_its_own_options() {
    let folder = Folder::new();
    let chain = "--detect-level file all.log + file --min-level error errors.log \
                 + stream -f {levelname} + stream --stderr --include two";
    let ran = folder.lh(chain).with("INFO one\nERROR two\n").code(0);
    assert_eq!(folder.text("all.log"), "INFO one\nERROR two\n");
    assert_eq!(folder.text("errors.log"), "ERROR two\n");
    assert_eq!(ran.out(), "INFO\nERROR\n");
    assert_eq!(ran.stderr, "ERROR two\n");
}

#[test]
fn only_a_lone_plus_separates() {
    let folder = Folder::new();
    folder.lh("file a+b + file ./+ + null").with("x\n").ok();
    assert_eq!(folder.names(), ["+", "a+b"]);
    let ran = folder.lh_args(["-m=+", "stream"]).run().ok();
    assert_eq!(ran.out(), "+\n");
}

#[test]
fn input_options_stand_before_or_after_any_handler() {
    let folder = Folder::new();
    let places = [
        "--name app --level error --field k=v stream -f {name}/{levelname}/{k}",
        "--name app stream --level error -f {name}/{levelname}/{k} --field k=v",
        "stream -f {name}/{levelname}/{k} --name app --level error --field k=v",
        "stream -f {name}/{levelname}/{k} --name app + null --level error --field k=v",
        "--name app stream -f {name}/{levelname}/{k} + --level error null --field k=v",
        "--name app null + --level error --field k=v stream -f {name}/{levelname}/{k}",
    ];
    for arguments in places {
        let ran = folder.lh(arguments).with("x\n").ok();
        assert_eq!(ran.out(), "app/ERROR/v\n", "{arguments}");
    }
    let fields = "--field a=1 stream --field b=2 -f {a}{b}{c} + null --field c=3";
    assert_eq!(folder.lh(fields).with("x\n").ok().out(), "123\n");
    assert!(folder.names().is_empty());
}

#[test]
fn a_message_takes_the_place_of_stdin() {
    let folder = Folder::new();
    // The pipe stays open, and is not waited for.
    folder
        .lh_args(["-m", "ready", "file", "a"])
        .start()
        .wait_exit()
        .ok();
    folder
        .lh_args(["file", "a", "--message", "second line"])
        .run()
        .ok();
    folder.lh_args(["-m", "-x", "file", "a"]).run().ok();
    folder.lh_args(["-m", "", "file", "a"]).run().ok();
    folder.lh_args(["-m", "ended\n", "file", "a"]).run().ok();
    assert_eq!(folder.text("a"), "ready\nsecond line\n-x\n\nended\n");
    let two = folder.lh_args(["-m", "two\nlines", "stream", "-f", "<{message}>"]);
    assert_eq!(two.run().ok().out(), "<two\nlines>\n");
    let json = [
        r#"{"msg":"hi","level":"error"}"#,
        "stream",
        "-i",
        "json",
        "-f",
    ];
    let json = folder.lh("-m").args(json).arg("{levelname} {message}");
    assert_eq!(json.run().ok().out(), "ERROR hi\n");
}

/// Options by the handlers that have them, and where a heading must stand.
#[test]
fn the_help_of_a_handler_is_complete_by_itself() {
    let input = "--input --message --level --detect-level --level-scale --name --field \
                 --max-record --oversize --tee --quiet";
    let common = "--min-level --include --exclude --format --datefmt --utc --terminator \
                  --on-error --dead-letter --help";
    let file =
        "--mode --delay --encoding --encoding-errors --watch --perm --mkdir --fsync --follow";
    let rolling = "--max-bytes --backups --when --interval --at-time --align --eager --plan \
                   --namer --compress --rotator --on-rotate --max-age --max-total --min-free \
                   --dry-run --link";
    let folder = Folder::new();
    for handler in HANDLERS {
        let own = match handler {
            "stream" => vec!["--stderr --flush"],
            "null" => vec![],
            "file" => vec![file],
            _ => vec![file, rolling],
        };
        let mut headings = vec![
            "Input:",
            "Records and their format:",
            "Errors:",
            "Examples:",
        ];
        match handler {
            "stream" => headings.push("Stream:"),
            "null" => {}
            "file" => headings.push("File:"),
            _ => headings.extend(["File:", "Rollover:", "Rolled-over files:", "Retention:"]),
        }
        for flag in ["--help", "-h"] {
            let ran = folder.lh_args([handler, flag]).run().ok();
            let help = ran.out();
            let options = own.iter().chain([&input, &common]);
            for option in options.flat_map(|list| list.split_whitespace()) {
                let stands = help.lines().any(|line| {
                    let mut words = line.split([' ', ',', '=']).filter(|word| !word.is_empty());
                    words.next() == Some(option) || words.next() == Some(option)
                });
                assert!(stands, "{option} is not in lh {handler} {flag}\n{help}");
            }
            for heading in &headings {
                let stands = help.lines().any(|line| line == *heading);
                assert!(stands, "{heading} is not in lh {handler} {flag}");
            }
            let (_, examples) = help.split_once("Examples:").expect("examples");
            let examples = examples.lines().filter(|line| line.contains("lh "));
            assert!((2..=4).contains(&examples.count()), "examples of {handler}");
        }
    }
    let ran = folder.lh("--help").run().ok();
    for handler in HANDLERS {
        assert!(ran.out().contains(&format!("\n  {handler} ")), "{handler}");
    }
    assert!(ran.out().contains("Exit status:"));
    assert!(ran.out().contains("\nExamples:"));
    assert!(folder.names().is_empty());
}

#[test]
fn the_version_is_that_of_the_package() {
    let ran = Folder::new().lh("--version").run().ok();
    assert_eq!(ran.out(), concat!("lh ", env!("CARGO_PKG_VERSION"), "\n"));
}

/// Mistakes that the command line alone shows: the arguments, and what the
/// message has to name.
const MISTAKES: &[(&str, &str)] = &[
    ("fiel x.log", "fiel"),
    ("", "Usage"),
    ("file", "<FILE>"),
    ("file x.log y.log", "y.log"),
    ("file x.log --nonsense", "--nonsense"),
    ("file --max-bytes 10 x.log", "--max-bytes"),
    ("stream --mode append", "--mode"),
    ("null --perm 600", "--perm"),
    ("--level loud file x.log", "loud"),
    ("file --min-level -3 x.log", "-3"),
    ("file --min-level loud x.log", "loud"),
    ("--level error --level info file x.log", "--level"),
    ("--level error file x.log + null --level info", "--level"),
    ("--level error file x.log --level info", "--level"),
    ("--input xml file x.log", "xml"),
    ("--oversize wrap file x.log", "wrap"),
    ("--max-record 0 file x.log", "0"),
    ("--max-record much file x.log", "much"),
    ("--level-scale html file x.log", "html"),
    ("--field novalue file x.log", "novalue"),
    ("--field =v file x.log", "=v"),
    ("file --include ( x.log", "("),
    ("file --exclude [a x.log", "[a"),
    ("file -f {message x.log", "{message"),
    ("file -f {message!z} x.log", "{message!z}"),
    ("file -f } x.log", "}"),
    ("file -f %(message x.log", "%(message"),
    ("file -f %(message)y x.log", "%(message)y"),
    ("file -f jsno x.log", "jsno"),
    ("file -f text --datefmt % x.log", "date format"),
    ("file --datefmt %H x.log", "--datefmt"),
    ("file --terminator \\q x.log", "\\q"),
    ("file --on-error ignore x.log", "ignore"),
    ("file --mode overwrite x.log", "overwrite"),
    ("file --perm 999 x.log", "999"),
    ("file --perm rw x.log", "rw"),
    ("file --fsync sometimes x.log", "sometimes"),
    (
        "file --fsync 10000000000000000000 x.log",
        "10000000000000000000\" is too long",
    ),
    (
        "queue --spool s --fsync 10000000000000000000 file x.log",
        "10000000000000000000\" is too long",
    ),
    (
        "--grace 10000000000000000000 file x.log -- true",
        "10000000000000000000\" is too long",
    ),
    ("--dedup=36526d file x.log", "36526d\" is too long"),
    ("file --encoding klingon x.log", "klingon"),
    ("file --encoding-errors replace x.log", "--encoding"),
    (
        "file --encoding ascii --encoding-errors guess x.log",
        "guess",
    ),
    ("stream --flush never", "never"),
    ("rotate --max-bytes 10X --backups 1 x.log", "10X"),
    ("rotate --max-bytes -1 --backups 1 x.log", "-1"),
    ("rotate --max-bytes 1.5M --backups 1 x.log", "1.5M"),
    ("rotate --max-bytes 1 --backups many x.log", "many"),
    ("rotate --max-bytes 1 --backups -1 x.log", "-1"),
    ("rotate --max-age 3parsecs x.log", "3parsecs"),
    ("rotate --max-total big x.log", "big"),
    ("rotate --min-free big x.log", "big"),
    ("rotate --compress lzma x.log", "lzma"),
    ("rotate --compress gzip:99 x.log", "gzip:99"),
    ("rotate --compress zstd:99 x.log", "zstd:99"),
    ("rotate --namer same x.log", "same"),
    ("rotate --namer {nope} x.log", "nope"),
    ("rotate --namer {n x.log", "{n"),
    ("rotate --namer {n}{n} x.log", "number"),
    ("rotate --namer {time:%Q} x.log", "%Q"),
    ("rotate --namer {n}/{base} x.log", "directory"),
    ("rotate --when fortnight x.log", "fortnight"),
    ("rotate --interval 2 x.log", "--when"),
    ("rotate --at-time 03:00 x.log", "--when"),
    ("rotate --eager x.log", "--when"),
    ("rotate --plan 3 x.log", "--when"),
    ("timed --when W7 x.log", "W7"),
    ("timed --interval 0 x.log", "0"),
    ("timed --interval x x.log", "x"),
    ("timed --when midnight --at-time 25:00 x.log", "25:00"),
    ("timed --when midnight --at-time noon x.log", "noon"),
    ("timed --when H --at-time 03:00 x.log", "time of day"),
    ("timed --plan some x.log", "some"),
    ("+ file x.log", "+"),
    ("file x.log +", "+"),
    ("file x.log + + null", "+"),
    ("file x.log + completions bash", "handlers"),
    ("file x.log + man", "handlers"),
    ("completions tcsh", "tcsh"),
    ("completions", "SHELL"),
];

#[test]
fn a_mistake_is_named_and_changes_nothing() {
    for (arguments, named) in MISTAKES {
        let folder = Folder::new();
        folder.write("keep.log", "old\n");
        let before = folder.everything();
        let alone = folder.lh(arguments).with("x\n").code(2).said(named);
        let clear = alone.stderr.starts_with("lh: ")
            || alone.stderr.starts_with("error: ")
            || arguments.is_empty();
        assert!(clear, "{arguments}: {}", alone.stderr);
        assert!(alone.stdout.is_empty(), "{arguments}");
        // The same behind a good handler that would empty a file at the start.
        if !arguments.is_empty() && !arguments.starts_with('+') {
            let chain = "file --mode truncate keep.log + rotate new.log + ";
            let behind = folder.lh(chain).args(arguments.split(' '));
            behind.with("x\n").code(2).said(named);
        }
        assert_eq!(folder.everything(), before, "{arguments}");
        assert_eq!(folder.names(), ["keep.log"], "{arguments}");
    }
}

#[test]
fn a_template_error_shows_the_place() {
    let folder = Folder::new();
    let bad = folder.lh_args(["file", "-f", "{message} {levelname:<x}", "x.log"]);
    let ran = bad.run().code(2).said("{message} {levelname:<x}");
    let caret = ran.stderr.lines().find_map(|line| line.find('^'));
    let line = ran.stderr.lines().find(|line| line.contains("{message}"));
    let start = line.and_then(|line| line.find("{message}")).expect("shown");
    let at = caret.expect("a caret") - start;
    assert!((22..=23).contains(&at), "caret at {at}\n{}", ran.stderr);
}

#[test]
fn a_path_that_can_not_be_is_named_and_changes_nothing() {
    let wrong = [
        "file nodir/x.log",
        "file keep.log/x.log",
        "file dir",
        "file dir/",
        "file new.log/",
        "file dir/.",
        "rotate --max-bytes 1K --backups 1 nodir/x.log",
        "rotate --max-bytes 1K --backups 1 dir",
        "timed nodir/x.log",
        "timed dir",
        "file --mkdir keep.log/sub/x.log",
        "file loop",
        "file dangling",
    ];
    for arguments in wrong {
        let folder = Folder::new();
        folder.write("keep.log", "old\n");
        folder.mkdir("dir");
        folder.symlink("loop", "loop");
        folder.symlink("nodir/x", "dangling");
        let (before, names) = (folder.everything(), folder.names());
        let path = arguments.split(' ').next_back().expect("a path");
        folder
            .lh(arguments)
            .with("x\n")
            .code(1)
            .said(&format!("lh: {path}: "));
        let chain = format!("file --mode truncate keep.log + file new.log + {arguments}");
        folder
            .lh(&chain)
            .with("x\n")
            .code(1)
            .said(&format!("lh: {path}: "));
        assert_eq!(folder.everything(), before, "{arguments}");
        assert_eq!(folder.names(), names, "{arguments}");
    }
}

/// What is refused only when it is opened must be found before another
/// handler of the chain has emptied its file.
#[test]
fn a_refused_link_leaves_the_files_of_the_others_as_they_were() {
    let folder = Folder::new();
    folder.write("keep.log", "old\n");
    folder.mkdir("open");
    folder.chmod("open", 0o1777);
    folder.write("victim", "secret\n");
    folder.symlink("../victim", "open/x.log");
    let chain = "file --mode truncate keep.log + file new.log + file open/x.log";
    folder
        .lh(chain)
        .with("x\n")
        .code(1)
        .said("lh: open/x.log: ")
        .said("--follow");
    assert_eq!(folder.text("victim"), "secret\n");
    assert_eq!(folder.text("keep.log"), "old\n");
    assert!(!folder.has("new.log"));
}

/// Whether a spool can be used is known only when it is opened.
#[test]
fn a_spool_that_can_not_be_leaves_the_files_of_the_others_as_they_were() {
    let folder = Folder::new();
    folder.write("keep.log", "old\n");
    for chain in [
        "file --mode truncate keep.log + queue --spool nodir/s null",
        "buffer rotate --mode truncate keep.log + queue --spool nodir/s null",
        "queue --spool nodir/s timed --mode truncate keep.log",
    ] {
        folder.lh(chain).with("x\n").code(1).said("nodir/s");
        assert_eq!(folder.text("keep.log"), "old\n", "{chain}");
    }
    let chain = "file --mode truncate keep.log + queue --spool s null";
    folder.lh(chain).with("x\n").ok();
    assert_eq!(folder.text("keep.log"), "x\n");
}

/// The file that is to keep what is given up is looked at while it can still
/// be mended.
#[test]
fn a_dead_letter_file_that_can_not_be_is_an_error_at_the_start() {
    for file in ["nodir/dead", "dir"] {
        let folder = Folder::new();
        folder.write("keep.log", "old\n");
        folder.mkdir("dir");
        let chain = format!("file --mode truncate keep.log --dead-letter {file}");
        let ran = folder.lh(&chain).with("x\n");
        assert_ne!(ran.status.code(), Some(0), "{file}");
        ran.said(file);
        assert_eq!(folder.text("keep.log"), "old\n", "{file}");
    }
}

#[test]
fn completions_name_the_handlers_for_every_shell() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let text = folder.lh_args(["completions", shell]).run().ok().out();
        for word in HANDLERS
            .iter()
            .chain(&["max-bytes", "detect-level", "completions"])
        {
            assert!(text.contains(word), "{word} for {shell}");
        }
    }
    for (shell, check) in [("bash", "-n"), ("zsh", "-n"), ("fish", "-n")] {
        if peer(shell) {
            let text = folder.lh_args(["completions", shell]).run().ok();
            folder.program(shell).arg(check).with(&text.stdout).ok();
        }
    }
}

#[test]
fn man_prints_one_page_and_writes_them_all() {
    let folder = Folder::new();
    let page = folder.lh("man").run().ok();
    assert!(page.out().contains(".TH LH 1"), "{}", page.out());
    assert!(page.out().contains("--detect\\-level") || page.out().contains("detect\\-level"));
    folder.mkdir("pages");
    folder.lh("man pages").run().ok();
    let pages = concat!(env!("CARGO_MANIFEST_DIR"), "/man");
    let mut names: Vec<String> = std::fs::read_dir(pages)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(folder.names_in("pages"), names);
    assert_eq!(folder.read("pages/lh.1"), page.stdout);
    folder.lh("man nodir").run().code(1).said("nodir");
    assert!(!folder.has("nodir"));
}

/// With a terminal on stdin and no message, it says what it waits for.
#[test]
fn a_terminal_is_told_what_is_waited_for() {
    if !peer("python3") {
        return;
    }
    let folder = Folder::new();
    let script = r#"
import os, pty, select, sys
lh, arguments = sys.argv[1], sys.argv[2:]
child, terminal = pty.fork()
if child == 0:
    os.execv(lh, [lh, *arguments])
said, sent = b"", False
while True:
    if not select.select([terminal], [], [], 20)[0]:
        break
    try:
        more = os.read(terminal, 4096)
    except OSError:
        break
    if not more:
        break
    said += more
    if not sent and (b"Ctrl-D" in said or b"--quiet" in sys.argv[2].encode()):
        os.write(terminal, b"typed\n\x04")
        sent = True
sys.stdout.write(said.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"#;
    folder.write("terminal.py", script);
    let ran = folder
        .program("python3")
        .args(["terminal.py", LH, "file", "a.log"]);
    let said = ran.run().ok().out();
    assert!(said.contains("lh: ") && said.contains("terminal"), "{said}");
    assert!(said.contains("Ctrl-D") && said.contains("-m"), "{said}");
    assert_eq!(folder.text("a.log"), "typed\n");
    // With a message the terminal is of no interest.
    let ran = folder
        .program("python3")
        .args(["terminal.py", LH, "-m", "x", "file", "b.log"]);
    assert_eq!(ran.run().ok().out(), "");
    assert_eq!(folder.text("b.log"), "x\n");
}

/// Another `--` than lh's is never advised, and what goes wrong is told behind
/// the program's name.
#[test]
fn a_wrong_command_line_is_explained() {
    for (arguments, hint) in [
        (
            "file --max-bytes 10 a",
            "--max-bytes is an option of rotate and timed",
        ),
        ("file a -1", "behind an =, as in --option=-1"),
        ("file a myapp --serve", "a command behind --"),
        ("-- myapp", "there is no handler before --: "),
        ("syslog text", "a record is given with -m TEXT"),
        ("listen 9020", "lh listen --tcp 9020"),
        ("listen :9020 file a", "lh listen --tcp :9020"),
        ("file --perm", "a value is required for '--perm <OCTAL>'"),
        ("rotat a", "a similar subcommand exists: 'rotate'"),
    ] {
        let folder = Folder::new();
        let ran = folder.lh(arguments).with("x\n").code(2).said(hint);
        assert!(ran.stderr.starts_with("lh: "), "{}", ran.stderr);
        assert!(!ran.stderr.contains("use '--"), "{}", ran.stderr);
        assert!(folder.names().is_empty());
    }
}

#[test]
fn help_is_a_word_as_well() {
    let folder = Folder::new();
    for (asked, same) in [("help", "--help"), ("help spool ls", "spool ls --help")] {
        let help = folder.lh(asked).run().ok().out();
        assert_eq!(help, folder.lh(same).run().ok().out());
    }
    folder.lh("help nonsuch").run().code(2).said("'nonsuch'");
}
