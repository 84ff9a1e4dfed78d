//! Rollover by size, and what `rotate` and `timed` do with backups: names,
//! retention, compression, commands, failures.
//!
//! Not tested here: equality with Python over many sequences
//! (`conformance.rs`), crashes between steps, full disks, speed.

use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::support::{Folder, faketime, peer, until};

/// The contents of some files.
#[track_caller]
fn expect(folder: &Folder, files: &[(&str, &str)]) {
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    for (name, text) in files {
        assert_eq!(folder.text(name), *text, "{name}");
    }
    assert_eq!(folder.names(), names);
}

#[test]
fn a_file_does_not_reach_the_limit() {
    // Records of five bytes: two of them are ten.
    for (limit, files) in [
        (
            5,
            &[("a", "cccc\n"), ("a.1", "bbbb\n"), ("a.2", "aaaa\n")][..],
        ),
        (
            10,
            &[("a", "cccc\n"), ("a.1", "bbbb\n"), ("a.2", "aaaa\n")][..],
        ),
        (11, &[("a", "cccc\n"), ("a.1", "aaaa\nbbbb\n")][..]),
        (15, &[("a", "cccc\n"), ("a.1", "aaaa\nbbbb\n")][..]),
        (16, &[("a", "aaaa\nbbbb\ncccc\n")][..]),
    ] {
        let folder = Folder::new();
        let lh = folder.lh(&format!("rotate --max-bytes {limit} --backups 9 a"));
        lh.with("aaaa\nbbbb\ncccc\n").ok();
        expect(&folder, files);
        // The same when records come one by one, with a start for each.
        let folder = Folder::new();
        for line in ["aaaa\n", "bbbb\n", "cccc\n"] {
            folder
                .lh(&format!("rotate --max-bytes {limit} --backups 9 a"))
                .with(line)
                .ok();
        }
        expect(&folder, files);
    }
}

#[test]
fn a_record_longer_than_the_limit_has_a_file_for_itself() {
    let folder = Folder::new();
    let lh = folder.lh("rotate --max-bytes 8 --backups 9 a");
    lh.with("loooooooooong\nb\nloooooooooong\nloooooooooong\nc\n")
        .ok();
    let long = "loooooooooong\n";
    expect(
        &folder,
        &[
            ("a", "c\n"),
            ("a.1", long),
            ("a.2", long),
            ("a.3", "b\n"),
            ("a.4", long),
        ],
    );
}

#[test]
fn an_empty_file_is_never_rolled_over() {
    let folder = Folder::new();
    folder.write("a", "");
    folder
        .lh("rotate --max-bytes 1 --backups 3 a")
        .with("long enough\n")
        .ok();
    expect(&folder, &[("a", "long enough\n")]);
    // Of two files the one that holds something shows when the alarm was heard.
    folder.write("c", "x\n");
    let mut lh = folder
        .lh("rotate --backups 3 b + rotate --backups 3 c")
        .start();
    until("it is there", || folder.has("b"));
    lh.signal(Signal::SIGALRM);
    until("it is rolled over", || folder.has("c.1"));
    lh.send_to("y\n", "c");
    lh.end().ok();
    assert_eq!(folder.names(), ["a", "b", "c", "c.1"]);
}

#[test]
fn without_a_limit_or_backups_nothing_is_rolled_over() {
    for (arguments, warned) in [
        ("--max-bytes 5", true),
        ("--max-bytes 5 --backups 0", true),
        ("--max-bytes 0 --backups 3", false),
        ("--backups 3", false),
        ("", false),
    ] {
        let folder = Folder::new();
        let ran = folder
            .lh(&format!("rotate {arguments} a"))
            .with("aaaa\nbbbb\n")
            .code(0);
        ran.said_times("nothing will be rotated", usize::from(warned))
            .said_times("lh:", usize::from(warned));
        expect(&folder, &[("a", "aaaa\nbbbb\n")]);
        folder.lh(&format!("-q rotate {arguments} a")).run().ok();
    }
}

#[test]
fn what_a_larger_number_left_goes_at_the_first_rollover() {
    let folder = Folder::new();
    for n in 1..=5 {
        folder.write(&format!("a.{n}"), format!("old {n}\n"));
    }
    folder.write("a", "now\n");
    folder
        .lh("rotate --max-bytes 100 --backups 2 a")
        .with("x\n")
        .ok();
    assert_eq!(folder.names().len(), 6, "no rollover yet");
    folder
        .lh("rotate --max-bytes 8 --backups 2 a")
        .with("y\n")
        .ok();
    expect(
        &folder,
        &[("a", "y\n"), ("a.1", "now\nx\n"), ("a.2", "old 1\n")],
    );
}

#[test]
fn names_of_others_are_untouched() {
    let others = [
        "a.log.bak",
        "a.log.1.txt",
        "a.log.20231101",
        "a.log.01",
        "a.log.1~",
        "a.log.0",
        "a.log.-1",
        "a.log.1.bz2",
        "a.log.1.gz.old",
        "a.log2.1",
        "a.log.2026-01-01",
        "xa.log.1",
        "a.log.lock",
        "a.log.tmp",
        "A.LOG.1",
    ];
    for handler in [
        "rotate --max-bytes 8 --backups 2",
        "rotate --max-bytes 8 --backups 2 --max-total 1 --max-age 1ms",
        "rotate --max-bytes 8 --backups 2 --compress gzip",
    ] {
        let folder = Folder::new();
        for name in others {
            folder.write(name, name);
        }
        let lines = "aaaaaa\nbbbbbb\ncccccc\ndddddd\neeeeee\n";
        folder.lh(handler).arg("a.log").with(lines).ok();
        for name in others {
            assert_eq!(folder.text(name), name, "{handler}");
        }
        assert_eq!(folder.text("a.log"), "eeeeee\n");
    }
}

#[test]
fn what_stands_beyond_the_last_number_is_of_no_interest() {
    let folder = Folder::new();
    folder.mkdir("a.3/full");
    let lh = folder.lh("rotate --max-bytes 8 --backups 2 a");
    lh.with("aaaaaa\nbbbbbb\ncccccc\ndddddd\n").ok();
    let texts = ["a", "a.1", "a.2"].map(|name| folder.text(name));
    assert_eq!(texts, ["dddddd\n", "cccccc\n", "bbbbbb\n"]);
    assert!(folder.path("a.3/full").is_dir());
}

#[test]
fn a_directory_in_the_way_stops_no_logging() {
    let folder = Folder::new();
    folder.mkdir("a.1/full");
    folder.write("a.2", "old\n");
    let lh = folder.lh("rotate --max-bytes 8 --backups 3 a");
    let ran = lh.with("aaaaaa\nbbbbbb\ncccccc\n").code(0);
    ran.said_times("cannot roll over", 1).said_times("lh:", 1);
    assert_eq!(folder.text("a"), "aaaaaa\nbbbbbb\ncccccc\n");
    assert_eq!(folder.text("a.2"), "old\n");
    assert_eq!(folder.names(), ["a", "a.1", "a.2"]);
}

#[test]
fn after_a_failure_it_is_tried_again() {
    let folder = Folder::new();
    folder.mkdir("a.1");
    let mut lh = folder.lh("rotate --max-bytes 8 --backups 90 a").start();
    lh.send_to("aaaaaa\n", "a")
        .send_to("bbbbbb\n", "a")
        .wait_said("cannot roll over");
    std::fs::remove_dir(folder.path("a.1")).expect("a.1");
    until("it rolls over", || {
        lh.send("c\n");
        folder.has("a.1")
    });
    let ran = lh.end().code(0);
    ran.said_times("rolled over again", 1);
    assert!(folder.chain("a").starts_with(b"aaaaaa\nbbbbbb\nc\n"));
}

#[test]
fn names_by_a_template() {
    for (namer, names) in [
        ("{stem}-{n}{ext}", ["app-1.log", "app-2.log"]),
        ("{stem}.{n}.{ext}", ["app.1.log", "app.2.log"]),
        ("{base}.old{n}", ["app.log.old1", "app.log.old2"]),
        ("{n}", ["1", "2"]),
        ("{base}.{suffix}", ["app.log.1", "app.log.2"]),
        ("{dir}/{base}_{n}", ["app.log_1", "app.log_2"]),
        ("[{{{n}}}] {base}*", ["[{1}] app.log*", "[{2}] app.log*"]),
    ] {
        let folder = Folder::new();
        folder.write("app.log.7", "of others");
        let rotate = [
            "rotate",
            "--max-bytes",
            "8",
            "--backups",
            "2",
            "--namer",
            namer,
            "app.log",
        ];
        let lh = folder.lh_args(rotate);
        lh.with("aaaaaa\nbbbbbb\ncccccc\ndddddd\n").ok();
        assert_eq!(folder.text("app.log"), "dddddd\n", "{namer}");
        assert_eq!(folder.text(names[0]), "cccccc\n", "{namer}");
        assert_eq!(folder.text(names[1]), "bbbbbb\n", "{namer}");
        assert_eq!(folder.names().len(), 4, "{namer}: {:?}", folder.names());
    }
}

#[test]
fn names_with_times_and_in_another_directory() {
    let folder = Folder::new();
    folder.mkdir("old");
    let namer = ["--namer", "old/{stem}-{time:%Y}{ext}", "app.log"];
    let lh = folder.lh("rotate --max-bytes 8 --backups 2").args(namer);
    lh.with("aaaaaa\nbbbbbb\ncccccc\ndddddd\n").ok();
    let names = folder.names_in("old");
    assert_eq!(names.len(), 2, "{names:?}");
    // The year is the same, so a counter tells them apart; the newest stay.
    let mut texts: Vec<String> = names
        .iter()
        .map(|name| folder.text(&format!("old/{name}")))
        .collect();
    texts.sort();
    assert_eq!(texts, ["bbbbbb\n", "cccccc\n"]);
    assert_eq!(folder.text("app.log"), "dddddd\n");
}

#[track_caller]
fn unpacked(folder: &Folder, name: &str) -> String {
    let command = match name.ends_with(".gz") {
        true => "import gzip,sys; sys.stdout.write(gzip.open(sys.argv[1], 'rt').read())",
        false => return folder.program("zstd").args(["-dcq", name]).run().ok().out(),
    };
    folder
        .program("python3")
        .args(["-c", command, name])
        .run()
        .ok()
        .out()
}

#[test]
fn backups_are_compressed() {
    for (method, ending, reader) in [
        ("gzip", "gz", "python3"),
        ("gzip:1", "gz", "python3"),
        ("zstd", "zst", "zstd"),
        ("zstd:19", "zst", "zstd"),
    ] {
        let folder = Folder::new();
        let lh = folder
            .lh("rotate --max-bytes 8 --backups 2 --compress")
            .args([method, "a"]);
        lh.with("aaaaaa\nbbbbbb\ncccccc\ndddddd\n").ok();
        let names = [format!("a.1.{ending}"), format!("a.2.{ending}")];
        assert_eq!(folder.names(), ["a", &names[0], &names[1]], "{method}");
        if peer(reader) {
            assert_eq!(unpacked(&folder, &names[0]), "cccccc\n");
            assert_eq!(unpacked(&folder, &names[1]), "bbbbbb\n");
        }
    }
}

/// They were looked at one by one, with a reading of the directory for each.
#[test]
fn many_compressed_backups_do_not_keep_lh_from_ending() {
    let folder = Folder::new();
    for number in 1..=1500 {
        folder.write(&format!("a.{number}.gz"), "packed");
    }
    let started = Instant::now();
    folder
        .lh("rotate --max-bytes 8 --backups 9999 --compress gzip a")
        .with("aaaaaa\nbbbbbb\n")
        .ok();
    let took = started.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!(folder.has("a.1.gz") && folder.has("a.1501.gz"));
}

#[test]
fn compressed_and_plain_backups_are_one_chain() {
    if !peer("gzip") || !peer("python3") {
        return;
    }
    let folder = Folder::new();
    for (n, text) in [
        (1, "old 1\n"),
        (2, "old 2\n"),
        (3, "old 3\n"),
        (4, "old 4\n"),
    ] {
        folder.write(&format!("a.{n}"), text);
    }
    folder.sh("gzip a.2 a.4").run().ok();
    folder.write("a", "now\n");
    folder
        .lh("rotate --max-bytes 6 --backups 4 a")
        .with("new\n")
        .ok();
    assert_eq!(folder.names(), ["a", "a.1", "a.2", "a.3.gz", "a.4"]);
    assert_eq!(unpacked(&folder, "a.3.gz"), "old 2\n");
    // With --compress, what is plain still is made good at the next start.
    folder
        .lh("rotate --max-bytes 99 --backups 4 --compress gzip a")
        .run()
        .ok();
    assert_eq!(
        folder.names(),
        ["a", "a.1.gz", "a.2.gz", "a.3.gz", "a.4.gz"]
    );
    assert_eq!(unpacked(&folder, "a.1.gz"), "now\n");
    assert_eq!(unpacked(&folder, "a.4.gz"), "old 3\n");
}

/// Once the backup is gone, nobody would know that it is a leftover.
#[test]
fn a_backup_is_deleted_with_what_is_made_of_it() {
    let folder = Folder::new();
    folder.write("a.1.gz", "packed");
    let inode = std::fs::metadata(folder.path("a.1.gz")).unwrap().ino();
    let mut lh = folder
        .lh("rotate --max-bytes 8 --backups 1 --compress gzip a")
        .start();
    lh.send_to("aaaaaa\n", "a");
    folder.write(&format!("a.{inode}.gz.tmp"), "half");
    folder.write("a.0.gz.tmp", "somebody else's");
    lh.send_to("bbbbbb\n", "a");
    lh.end().ok();
    assert_eq!(folder.names(), ["a", "a.0.gz.tmp", "a.1.gz"]);
}

#[test]
fn what_a_crash_left_of_a_compression_is_cleaned() {
    if !peer("gzip") {
        return;
    }
    let folder = Folder::new();
    // Both are there: the crash came before the plain one was deleted.
    folder.write("a.1", "same\n");
    folder.sh("gzip -k a.1").run().ok();
    // A temporary file of a compression has its backup's inode in its name; files
    // of others have what they like.
    let inode = std::fs::metadata(folder.path("a.1")).expect("a.1").ino();
    folder.write(&format!("a.{inode}.gz.tmp"), "half");
    folder.write("a.1.gz.tmp", "of others");
    folder.write("a.notes.gz.tmp", "of others");
    folder.write("a", "now\n");
    folder
        .lh("rotate --max-bytes 99 --backups 4 --compress gzip a")
        .run()
        .ok();
    let names = ["a", "a.1.gz", "a.1.gz.tmp", "a.notes.gz.tmp"];
    assert_eq!(folder.names(), names);
}

/// What has the name of a backup that is gone is another one by now.
#[test]
fn the_command_is_told_of_each_backup_once_or_not_at_all() {
    let folder = Folder::new();
    let hook = "cat \"$LH_DEST\" >>seen; until test -e go; do sleep 0.01; done";
    let lh = folder
        .lh("rotate --max-bytes 8 --backups 1 --on-rotate")
        .args([hook, "a"]);
    let mut lh = lh.start();
    lh.send_to("aaaaaa\n", "a");
    lh.send_to("bbbbbb\n", "a").wait_end("seen", "aaaaaa\n");
    for line in ["cccccc\n", "dddddd\n", "eeeeee\n"] {
        lh.send_to(line, "a");
    }
    folder.write("go", "");
    lh.end()
        .code(0)
        .said_times("was gone before --on-rotate", 1);
    assert_eq!(folder.text("seen"), "aaaaaa\ndddddd\n");
}

/// Its place in the order goes over to what the command made of it.
#[test]
fn what_a_rotator_makes_is_kept_in_the_order_of_rollovers() {
    let folder = Folder::new();
    for (rotator, ending) in [
        ("cp \"$LH_SOURCE\" \"$LH_DEST\" && rm \"$LH_SOURCE\"", ""),
        (
            "gzip -c \"$LH_SOURCE\" >\"$LH_DEST.gz\" && rm \"$LH_SOURCE\"",
            ".gz",
        ),
    ] {
        if !peer("gzip") {
            return;
        }
        for (day, date) in [
            ("30", "10-30"),
            ("31", "10-31"),
            ("01", "11-01"),
            ("02", "11-02"),
        ] {
            // Days first, so that names do not tell their order.
            folder.write("a", day);
            let lh = folder.lh("timed --when midnight --utc --backups 2 --namer a-{time:%d}");
            let lh = lh.args(["--rotator", rotator, "a"]);
            let Some(library) = faketime() else {
                return;
            };
            let lh = lh
                .env("LD_PRELOAD", library)
                .env("FAKETIME", format!("@2026-{date} 12:00:00"));
            let mut lh = lh.env("DONT_FAKE_MONOTONIC", "1").start();
            lh.signal(Signal::SIGALRM);
            until("it rolls over", || folder.has(&format!("a-{day}{ending}")));
            lh.end().code(0);
        }
        let names: Vec<String> = ["a", "a-01", "a-02"]
            .iter()
            .map(|name| format!("{name}{}", if *name == "a" { "" } else { ending }))
            .collect();
        assert_eq!(folder.names(), names, "{rotator}");
        for name in names {
            std::fs::remove_file(folder.path(name)).expect("it is there");
        }
    }
}

/// At every rollover, and told once.
#[test]
fn a_rotator_that_fails_afterwards_is_told_of_once() {
    let folder = Folder::new();
    let chain = "rotate --max-bytes 1 --backups 9 --rotator";
    let rotator = "mv \"$LH_SOURCE\" \"$LH_DEST\"; exit 3";
    let ran = folder.lh(chain).args([rotator, "a"]).with("1\n2\n3\n4\n");
    let said = ran.code(0).stderr;
    let count = |words: &str| said.matches(words).count();
    assert_eq!(count("the --rotator command: ended with"), 1, "{said}");
    assert_eq!(folder.text("a.3"), "1\n");
}

#[test]
fn a_rotator_takes_the_place_of_the_rename() {
    let folder = Folder::new();
    let rotator = "echo \"$LH_SOURCE $LH_DEST\" >>seen; mv \"$LH_SOURCE\" \"$LH_DEST\"";
    let lh = folder
        .lh("rotate --max-bytes 8 --backups 2 --rotator")
        .args([rotator, "a"]);
    lh.with("aaaaaa\nbbbbbb\ncccccc\ndddddd\n").ok();
    let seen = "a a.1\na a.1\na a.1\n";
    expect(
        &folder,
        &[
            ("a", "dddddd\n"),
            ("a.1", "cccccc\n"),
            ("a.2", "bbbbbb\n"),
            ("seen", seen),
        ],
    );
    // Copying and emptying does as well.
    let folder = Folder::new();
    let rotator = "cp \"$LH_SOURCE\" \"$LH_DEST\" && : >\"$LH_SOURCE\"";
    let lh = folder
        .lh("rotate --max-bytes 8 --backups 2 --rotator")
        .args([rotator, "a"]);
    lh.with("aaaaaa\nbbbbbb\n").ok();
    expect(&folder, &[("a", "bbbbbb\n"), ("a.1", "aaaaaa\n")]);
}

#[test]
fn a_rotator_that_fails_or_leaves_the_file_loses_nothing() {
    for rotator in [
        "exit 3",
        "true",
        "kill -9 $$",
        "cp \"$LH_SOURCE\" \"$LH_DEST\"",
    ] {
        let folder = Folder::new();
        folder.write("a.1", "old\n");
        let lh = folder
            .lh("rotate --max-bytes 8 --backups 2 --rotator")
            .args([rotator, "a"]);
        let ran = lh.with("aaaaaa\nbbbbbb\ncccccc\n").code(0);
        ran.said_times("--rotator", 1);
        assert_eq!(folder.text("a"), "aaaaaa\nbbbbbb\ncccccc\n", "{rotator}");
        // What it has made of it is a copy.
        expect(
            &folder,
            &[("a", "aaaaaa\nbbbbbb\ncccccc\n"), ("a.1", "old\n")],
        );
    }
}

/// However often: a rotator that fails has not pushed out a backup.
#[test]
fn a_rotator_that_fails_again_and_again_pushes_out_no_backup() {
    for rotator in [
        "cp \"$LH_SOURCE\" \"$LH_DEST\"; false",
        "gzip -c \"$LH_SOURCE\" >\"$LH_DEST.gz\"; false",
    ] {
        for handler in [
            "rotate --max-bytes 8 --backups 2",
            "timed --when D --max-bytes 8 --backups 2",
        ] {
            let folder = Folder::new();
            let lh = folder.lh(handler).args(["a"]);
            lh.with("aaaaaa\nbbbbbb\ncccccc\n").ok();
            let before = folder.names();
            assert_eq!(before.len(), 3);
            for _ in 0..3 {
                let lh = folder.lh(handler).args(["--rotator", rotator, "a"]);
                lh.with("dddddd\n").code(0).said_times("--rotator", 1);
                assert_eq!(folder.names(), before, "{rotator}");
            }
        }
    }
}

/// What it has taken away is rolled over, whatever it says.
#[test]
fn a_rotator_that_fails_after_its_work_is_complained_about() {
    let folder = Folder::new();
    let rotator = "mv \"$LH_SOURCE\" \"$LH_DEST\"; exit 3";
    let lh = folder.lh("rotate --max-bytes 8 --backups 2 --rotator");
    let ran = lh.args([rotator, "a"]).with("aaaaaa\nbbbbbb\ncccccc\n");
    ran.code(0).said("--rotator");
    expect(
        &folder,
        &[("a", "cccccc\n"), ("a.1", "bbbbbb\n"), ("a.2", "aaaaaa\n")],
    );
}

/// A handler that only appends to a file that another one rolls over.
#[test]
fn a_file_that_is_rolled_over_by_another_handler_is_followed() {
    for compress in ["", "--compress gzip"] {
        let folder = Folder::new();
        let mut appends = folder.lh("file a").start();
        appends.send_to("B1\n", "a");
        let rotate = format!("rotate --max-bytes 6 --backups 9 {compress} a");
        folder.lh(&rotate).with("A1\nA2\n").ok();
        appends.send("B2\nB3\n");
        appends.end().ok();
        let all = folder.lh("cat a").run();
        assert_eq!(all.out(), "B1\nA1\nA2\nB2\nB3\n", "{compress}");
        assert_eq!(folder.text("a"), "A2\nB2\nB3\n");
    }
    // Whoever else renames it is not.
    let folder = Folder::new();
    let mut appends = folder.lh("file a").start();
    appends.send_to("B1\n", "a");
    folder.rename("a", "b");
    folder.write("a", "new\n");
    appends.send("B2\n");
    appends.end().ok();
    assert_eq!(folder.text("b"), "B1\nB2\n");
}

/// A command that is slow has a second when lh is asked to end; what it was not run
/// for by then, the next start makes up for.
#[test]
fn a_command_that_was_not_run_is_run_at_the_next_start() {
    let folder = Folder::new();
    let command = "until [ -e go ]; do sleep 0.01; done; echo \"$LH_DEST\" >>seen";
    let arguments = "rotate --max-bytes 8 --backups 9 --on-rotate";
    let mut lh = folder.lh(arguments).args([command, "a"]).start();
    lh.send("aaaaaa\nbbbbbb\ncccccc\ndddddd\n");
    lh.wait_end("a", "dddddd\n").signal(Signal::SIGTERM);
    let ran = lh.wait_exit().code(0);
    ran.said("before --on-rotate was run for 2 backups");
    assert!(!folder.has("seen"));
    folder.write("go", "");
    until("the one that was running is through", || folder.has("seen"));
    folder.lh(arguments).args([command, "a"]).run().ok();
    let seen = folder.text("seen");
    let mut seen: Vec<_> = seen.lines().collect();
    // The first line is of the one that was running, by the name that it had then.
    seen[1..].sort_unstable();
    assert_eq!(seen[1..], ["a.1", "a.2"]);
    // Nothing is owed any more.
    folder.lh(arguments).args([command, "a"]).run().ok();
    assert_eq!(folder.text("seen").lines().count(), 3);
}

/// Its end is waited for behind the last record, but not by who asks lh to end.
#[test]
fn a_command_that_hangs_does_not_keep_lh_from_ending() {
    let folder = Folder::new();
    let command = "touch begun; exec sleep 60";
    let arguments = "rotate --max-bytes 8 --backups 9 --on-rotate";
    let mut lh = folder.lh(arguments).args([command, "a"]).start();
    lh.send("aaaaaa\nbbbbbb\n").close();
    until("it has begun", || folder.has("begun"));
    lh.signal(Signal::SIGTERM);
    lh.wait_exit().code(0);
    assert_eq!(folder.text("a"), "bbbbbb\n");
}

/// A number of a file that is deleted is given to the next one.
#[test]
fn a_command_is_not_run_for_a_file_that_has_the_number_of_another() {
    let folder = Folder::new();
    let command = "cat \"$LH_DEST\" >>seen; until test -e go; do sleep 0.01; done";
    let lh = folder.lh("rotate --max-bytes 8 --backups 1 --on-rotate");
    let mut lh = lh.args([command, "a"]).start();
    lh.send_to("rec 10\n", "a");
    lh.send_to("rec 11\n", "a").wait_end("seen", "rec 10\n");
    for number in 12..30 {
        lh.send_to(&format!("rec {number}\n"), "a");
    }
    folder.write("go", "");
    lh.end().code(0);
    assert_eq!(folder.text("seen"), "rec 10\nrec 28\n");
}

/// What is listed is what the next rollover deletes, and nothing else.
#[test]
fn a_dry_run_reckons_with_the_file_that_comes() {
    let folder = Folder::new();
    for name in ["a.1", "a.2", "a.3"] {
        folder.write(name, "x".repeat(1024));
    }
    folder.write("a", "y".repeat(999) + "\n");
    let options = "rotate --max-bytes 1K --backups 9 --max-total 4K";
    let listed = folder.lh(&format!("{options} --dry-run a")).run();
    assert_eq!(listed.out(), "a.3\t--max-total\n");
    folder
        .lh(&format!("{options} a"))
        .with("z".repeat(40) + "\n")
        .ok();
    assert_eq!(folder.names(), ["a", "a.1", "a.2", "a.3"]);
    assert_eq!(folder.size("a.1"), 1000);
    // A gap is closed before anything goes.
    let folder = Folder::new();
    for name in ["a", "a.1", "a.3"] {
        folder.write(name, "0123456\n");
    }
    let options = "rotate --max-bytes 9 --backups 3";
    let listed = folder.lh(&format!("{options} --dry-run a")).run();
    assert_eq!(listed.out(), "");
    folder.lh(&format!("{options} a")).with("new\n").ok();
    assert_eq!(folder.names(), ["a", "a.1", "a.2", "a.3"]);
}

/// A limit that leaves no room for backups takes what the file holds as well.
#[test]
fn a_dry_run_lists_the_file_where_nothing_of_it_would_be_kept() {
    let options = "rotate --max-bytes 10 --backups 9 --max-total 10";
    for (files, listed, left) in [
        (&["a"][..], "a\t--max-total\n", &["a"][..]),
        (&["a.1", "a"], "a.1\t--max-total\na\t--max-total\n", &["a"]),
    ] {
        let folder = Folder::new();
        for name in files {
            folder.write(name, "0123456\n");
        }
        let ran = folder.lh(&format!("{options} --dry-run a")).run();
        assert_eq!(ran.out(), listed);
        folder.lh(&format!("{options} a")).with("new\n").ok();
        assert_eq!(folder.names(), left);
        // Without backups there is no rollover.
        let never = options.replace("--backups 9", "-q");
        let ran = folder.lh(&format!("{never} --dry-run a")).run();
        assert_eq!(ran.out(), "");
    }
}

/// What stands before the first record counts as well.
#[test]
fn a_byte_order_mark_is_counted() {
    let folder = Folder::new();
    let lh = folder.lh("rotate --max-bytes 10 --backups 3 --encoding utf-8-sig a");
    lh.with("aaaa\nbbb\n").ok();
    assert_eq!((folder.size("a.1"), folder.size("a")), (8, 7));
}

/// What a rollover that failed had noted is taken back: it was none.
#[test]
fn what_a_failed_rollover_has_noted_is_taken_back() {
    let folder = Folder::new();
    folder.mkdir("old");
    let timed = "timed --when D --max-bytes 4 --namer old/{base}.{suffix} --rotator false a";
    folder.lh(timed).with("r1\nr2\nr3\n").code(0);
    assert_eq!(folder.text("a"), "r1\nr2\nr3\n");
    let rotate = "rotate --max-bytes 6 --backups 20 a";
    folder.lh(rotate).with("r4\nr5\nr6\nr7\nr8\nr9\n").ok();
    let all = folder.lh("cat a").run();
    assert_eq!(
        all.out(),
        (1..10).map(|n| format!("r{n}\n")).collect::<String>()
    );
}

/// A link to what is not there yet.
#[test]
fn behind_a_link_to_nothing_the_files_are_beside_its_end() {
    let folder = Folder::new();
    folder.mkdir("data");
    folder.symlink("data/app.log", "a");
    let lh = folder.lh("rotate --max-bytes 8 --backups 3 --max-age 1d a");
    lh.with("aaaaaa\nbbbbbb\n").ok();
    assert_eq!(folder.names_in("data"), ["app.log", "app.log.1"]);
    assert_eq!(folder.text("data/app.log.1"), "aaaaaa\n");
    assert_eq!(folder.lh("cat a").run().out(), "aaaaaa\nbbbbbb\n");
}

#[test]
fn a_command_runs_after_each_rollover() {
    let folder = Folder::new();
    let command = "echo \"$LH_SOURCE $LH_DEST $(cat \"$LH_DEST\" | wc -c)\" >>seen";
    let lh = folder
        .lh("rotate --max-bytes 8 --backups 9 --on-rotate")
        .args([command, "a"]);
    let mut lh = lh.start();
    for (number, line) in ["aaaaaa\n", "bbbbbb\n", "cccccc\n"].iter().enumerate() {
        lh.send_to(line, "a");
        until("it has run", || {
            let seen = std::fs::read_to_string(folder.path("seen")).unwrap_or_default();
            seen.lines().count() == number
        });
    }
    lh.end().ok();
    assert_eq!(folder.text("seen"), "a a.1 7\na a.1 7\n");
    // It fails, and only a word is said of it.
    let lh = folder
        .lh("rotate --max-bytes 8 --backups 9 --on-rotate")
        .args(["exit 3", "b"]);
    lh.with("aaaaaa\nbbbbbb\n").code(0).said("--on-rotate");
    assert_eq!(folder.text("b.1"), "aaaaaa\n");
    // With compression it gets the compressed file.
    let command = "echo \"$LH_DEST\" >packed; test -e \"$LH_DEST\"";
    let lh = folder.lh("rotate --max-bytes 8 --backups 9 --compress gzip --on-rotate");
    lh.args([command, "c"]).with("aaaaaa\nbbbbbb\n").ok();
    assert_eq!(folder.text("packed"), "c.1.gz\n");
}

#[test]
fn retention_by_age_size_and_free_space() {
    let set_up = || {
        let folder = Folder::new();
        for n in 1..=4 {
            folder.write(&format!("a.{n}"), "0123456789");
            folder.age(&format!("a.{n}"), n * 3_600);
        }
        folder.write("a", "now\n");
        folder
    };
    let left = |arguments: &str| {
        let folder = set_up();
        folder
            .lh(&format!("rotate --backups 9 {arguments} a"))
            .run()
            .ok();
        folder.names().join(" ")
    };
    // Applied at the start.
    assert_eq!(left("--max-bytes 99 --max-age 150m"), "a a.1 a.2");
    assert_eq!(left("--max-bytes 99 --max-age 30d"), "a a.1 a.2 a.3 a.4");
    assert_eq!(left("--max-age 1ms"), "a");
    assert_eq!(left("--max-total 24"), "a a.1 a.2");
    assert_eq!(left("--max-total 23"), "a a.1");
    assert_eq!(
        left("--max-total 1"),
        "a",
        "the current file is never deleted"
    );
    // Nothing and 0 are no limit.
    assert_eq!(
        left("--max-age 0 --max-total 0 --min-free 0"),
        "a a.1 a.2 a.3 a.4"
    );
    assert_eq!(left("--min-free 1"), "a a.1 a.2 a.3 a.4");
    assert_eq!(left("--min-free 1000000T"), "a");
    // And after each rollover.
    let folder = Folder::new();
    let lh = folder.lh("rotate --max-bytes 8 --backups 9 --max-total 24 a");
    lh.with("aaaaaa\nbbbbbb\ncccccc\ndddddd\neeeeee\n").ok();
    expect(
        &folder,
        &[("a", "eeeeee\n"), ("a.1", "dddddd\n"), ("a.2", "cccccc\n")],
    );
}

#[test]
fn a_dry_run_lists_what_would_go_and_deletes_nothing() {
    let folder = Folder::new();
    for n in 1..=4 {
        folder.write(&format!("a.{n}"), "0123456789");
        folder.age(&format!("a.{n}"), n * 3_600);
    }
    folder.write("a", "now\n");
    let before = folder.everything();
    for (arguments, want) in [
        ("--backups 9", ""),
        (
            "--backups 2 --max-bytes 9",
            "a.2\t--backups\na.3\t--backups\na.4\t--backups\n",
        ),
        (
            "--backups 9 --max-age 150m",
            "a.3\t--max-age\na.4\t--max-age\n",
        ),
        (
            "--backups 9 --max-total 23",
            "a.2\t--max-total\na.3\t--max-total\na.4\t--max-total\n",
        ),
    ] {
        let ran = folder
            .lh(&format!("rotate --dry-run {arguments} a"))
            .with("x\n")
            .ok();
        let mut lines: Vec<&str> = ran
            .stdout
            .split_inclusive(|&byte| byte == b'\n')
            .map(|line| std::str::from_utf8(line).expect("text"))
            .collect();
        lines.sort_unstable();
        assert_eq!(lines.concat(), want, "{arguments}");
        assert_eq!(folder.everything(), before, "{arguments}");
    }
}

#[test]
fn a_link_is_kept_on_the_current_file() {
    let folder = Folder::new();
    folder.mkdir("links");
    let chain = "rotate --max-bytes 8 --backups 2 --link current a + \
                 rotate --max-bytes 8 --backups 2 --link links/b b";
    folder.lh(chain).with("aaaaaa\nbbbbbb\n").ok();
    assert_eq!(folder.text("current"), "bbbbbb\n");
    assert_eq!(folder.text("links/b"), "bbbbbb\n");
    assert!(std::fs::read_link(folder.path("current")).is_ok());
    // What is no link stays.
    folder.write("mine", "precious\n");
    folder
        .lh("rotate --max-bytes 8 --backups 2 --link mine a")
        .with("x\n")
        .said("mine");
    assert_eq!(folder.text("mine"), "precious\n");
}

#[test]
fn an_alarm_rolls_over_at_once() {
    let folder = Folder::new();
    let chain = "rotate --backups 3 a + rotate --backups 0 b + timed --when D c + file d";
    let mut lh = folder.lh(chain).start();
    lh.send("one\n")
        .wait_end("a", "one\n")
        .wait_end("c", "one\n")
        .wait_end("d", "one\n");
    lh.signal(Signal::SIGALRM);
    until("it is rolled over", || {
        folder.has("a.1") && folder.size("c") == 0 && folder.has("c")
    });
    lh.send("two\n")
        .wait_end("c", "two\n")
        .wait_end("d", "two\n");
    lh.signal(Signal::SIGALRM);
    until("it is rolled over again", || folder.has("a.2"));
    lh.end().ok();
    assert_eq!(
        (folder.text("a.2"), folder.text("a.1")),
        ("one\n".into(), "two\n".into())
    );
    assert_eq!(folder.text("b"), "one\ntwo\n", "no backups, no rollover");
    assert_eq!(folder.text("d"), "one\ntwo\n");
}

#[test]
fn by_the_clock_as_well() {
    let folder = Folder::new();
    let mut lh = folder
        .lh("rotate --max-bytes 12 --backups 5 --when S a")
        .start();
    lh.send_to("one\n", "a");
    until("the clock has rolled it over", || {
        lh.send("x\n");
        folder.has("a.1")
    });
    lh.end().ok();
    let all = String::from_utf8(folder.chain("a")).expect("text");
    assert!(
        all.starts_with("one\nx\n") || all.starts_with("x\n"),
        "{all}"
    );
    let folder = Folder::new();
    folder.write("a", "old\n");
    folder.age("a", 7_200);
    // Its hour is over: it rolls at the first record, and then by size.
    let lh = folder.lh("rotate --max-bytes 12 --backups 5 --when H a");
    lh.with("aaaaaa\nbbbbbb\n").ok();
    expect(
        &folder,
        &[("a", "bbbbbb\n"), ("a.1", "aaaaaa\n"), ("a.2", "old\n")],
    );
}

/// Files are cut between records only, however the bytes come.
#[test]
fn records_are_never_split_over_two_files() {
    let folder = Folder::new();
    let mut all = Vec::new();
    let mut seed = 12_345u32;
    for n in 0..3_000 {
        seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        let length = (seed >> 16) % 90;
        writeln!(all, "{n:05} {}", "x".repeat(length as usize)).expect("memory");
    }
    let mut lh = folder.lh("rotate --max-bytes 1000 --backups 999 a").start();
    for piece in all.chunks(777) {
        lh.send(piece);
    }
    lh.end().ok();
    assert!(folder.chain("a") == all, "the chain is not what came");
    for name in folder.names() {
        let bytes = folder.read(&name);
        assert!(
            bytes.len() < 1000 && bytes.ends_with(b"\n"),
            "{name}: {}",
            bytes.len()
        );
        let start = std::str::from_utf8(&bytes[..5]).expect("a number");
        assert!(start.parse::<u32>().is_ok(), "{name}");
    }
}

/// A rollover that was cut short between two renames is completed.
#[test]
fn a_gap_in_the_chain_is_closed() {
    let folder = Folder::new();
    for n in [2, 3] {
        folder.write(&format!("a.{n}"), format!("old {n}\n"));
    }
    folder.write("a", "now\n");
    folder
        .lh("rotate --max-bytes 6 --backups 5 a")
        .with("new\n")
        .ok();
    expect(
        &folder,
        &[
            ("a", "new\n"),
            ("a.1", "now\n"),
            ("a.2", "old 2\n"),
            ("a.3", "old 3\n"),
        ],
    );
}

/// The thread that compresses takes a lock that nobody may still hold.
#[test]
fn compression_and_fsync_do_not_wait_for_each_other() {
    for fsync in ["never", "batch", "close", "0.01"] {
        let folder = Folder::new();
        let lines: String = (0..40)
            .map(|n| format!("line number {n} of a test\n"))
            .collect();
        let lh = folder.lh("rotate --max-bytes 60 --backups 30 --compress gzip a --fsync");
        lh.arg(fsync).with(&lines).ok();
        let names = folder.names();
        let packed = names.iter().filter(|name| name.ends_with(".gz"));
        assert_eq!(packed.count(), names.len() - 1, "{fsync}: {names:?}");
    }
}

/// Files that were left at a rollover are closed: their number does not grow.
#[test]
fn no_descriptor_is_kept_for_a_file_that_was_left() {
    for fsync in ["never", "batch", "close"] {
        let folder = Folder::new();
        let script =
            format!("ulimit -n 32; \"$LH\" rotate --max-bytes 8 --backups 99 --fsync {fsync} a");
        folder.sh(&script).with("aaaaaa\n".repeat(80)).ok();
        assert_eq!(folder.names().len(), 80, "{fsync}");
    }
}
