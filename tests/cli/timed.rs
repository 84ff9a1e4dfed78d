//! Rollover by the clock: names, the first rollover of a file that is there,
//! retention in the order of rollovers, plans across changes of the clock.
//!
//! Not tested here: agreement with Python (`conformance.rs`), every rule of
//! the calendar (tables beside `roll/when.rs`), clocks that jump during a run.

use nix::sys::signal::Signal;

use crate::support::{Folder, faketime, until};

/// `lh` at a time that does not move, in a zone.
fn at(folder: &Folder, time: &str, zone: &str, arguments: &str, stdin: &str) -> Option<String> {
    let library = faketime()?;
    let lh = folder
        .lh(arguments)
        .env("LD_PRELOAD", library)
        .env("TZ", zone);
    let ran = lh
        .env("FAKETIME", time)
        .env("NO_FAKE_STAT", "1")
        .with(stdin)
        .code(0);
    assert_eq!(ran.stderr, "", "{arguments}");
    Some(ran.out())
}

#[test]
fn suffixes_are_pythons() {
    for (when, suffix) in [
        ("S", "2026-11-23_10-20-30"),
        ("s", "2026-11-23_10-20-30"),
        ("M", "2026-11-23_10-20"),
        ("H", "2026-11-23_10"),
        ("h", "2026-11-23_10"),
        ("D", "2026-11-23"),
        ("midnight", "2026-11-23"),
        ("MIDNIGHT", "2026-11-23"),
        ("W0", "2026-11-17"),
        ("w6", "2026-11-23"),
    ] {
        let folder = Folder::new();
        let arguments = format!("timed --when {when} --plan 1 app.log");
        let Some(plan) = at(&folder, "2026-11-23 10:20:30", "UTC", &arguments, "") else {
            return;
        };
        let name = plan.trim_end().split('\t').nth(1);
        assert_eq!(name, Some(format!("app.log.{suffix}").as_str()), "{when}");
        assert!(folder.names().is_empty(), "a plan makes nothing");
    }
}

/// One run over several days; the clock is a file.
#[test]
fn files_are_named_by_the_start_of_their_interval() {
    let Some(library) = faketime() else { return };
    let folder = Folder::new();
    folder.mkdir("logs");
    folder.write("clock", "2026-11-23 10:20:30\n");
    let lh = folder.lh("timed --when midnight --backups 9 logs/a");
    let lh = lh
        .env("LD_PRELOAD", library)
        .env("DONT_FAKE_MONOTONIC", "1");
    let lh = lh.env("FAKETIME_TIMESTAMP_FILE", folder.path("clock"));
    let mut lh = lh.env("FAKETIME_NO_CACHE", "1").start();
    for (time, line) in [
        ("2026-11-23 10:20:30", "a\n"),
        ("2026-11-23 23:59:59", "b\n"),
        ("2026-11-24 00:00:00", "c\n"),
        ("2026-11-27 12:00:00", "d\n"),
        // The clock steps back: nothing is lost or overwritten.
        ("2026-11-24 12:00:00", "e\n"),
        ("2026-11-25 12:00:00", "f\n"),
        ("2026-11-28 12:00:00", "g\n"),
    ] {
        folder.write("next", format!("{time}\n"));
        folder.rename("next", "clock");
        lh.send_to(line, "logs/a");
    }
    lh.end().ok();
    let mut all = Vec::new();
    for name in folder.names_in("logs") {
        all.push((name.clone(), folder.text(&format!("logs/{name}"))));
    }
    let files: Vec<(&str, &str)> = all.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(
        files[..3],
        [
            ("a", "g\n"),
            ("a.2026-11-23", "a\nb\n"),
            ("a.2026-11-24", "c\n")
        ]
    );
    let mut lines: Vec<&str> = files[3..]
        .iter()
        .flat_map(|(_, text)| text.lines())
        .collect();
    lines.sort_unstable();
    assert_eq!(lines, ["d", "e", "f"], "{files:?}");
}

#[test]
fn an_old_file_is_rolled_over_at_the_first_record() {
    let folder = Folder::new();
    folder.write("a", "old\n");
    folder
        .program("touch")
        .args(["-d", "2020-01-01 10:20:30 UTC", "a"])
        .run()
        .ok();
    folder.lh("timed --when H a").run().ok();
    assert_eq!(folder.names(), ["a"], "not before");
    folder.lh("timed --when H a").with("new\n").ok();
    assert_eq!(folder.names(), ["a", "a.2020-01-01_10"]);
    assert_eq!(folder.text("a"), "new\n");
    // A file of now is written on.
    folder.lh("timed --when H a").with("newer\n").ok();
    assert_eq!(folder.text("a"), "new\nnewer\n");
    // An empty one is not rolled over, however old.
    folder.write("b", "");
    folder
        .program("touch")
        .args(["-d", "2020-01-01", "b"])
        .run()
        .ok();
    folder.lh("timed --when H b").with("x\n").ok();
    assert_eq!(folder.text("b"), "x\n");
    assert_eq!(folder.names(), ["a", "a.2020-01-01_10", "b"]);
}

#[test]
fn a_counter_follows_where_the_name_is_taken() {
    let folder = Folder::new();
    for (round, name) in ["a.2020-01-01", "a.2020-01-01.1", "a.2020-01-01.2"]
        .iter()
        .enumerate()
    {
        folder.write("a", format!("round {round}\n"));
        folder
            .program("touch")
            .args(["-d", "2020-01-01 10:20:30 UTC", "a"])
            .run()
            .ok();
        folder.lh("timed --when D a").with("x\n").ok();
        assert_eq!(
            folder.text(name),
            format!("round {round}\n"),
            "{:?}",
            folder.names()
        );
    }
    // Something else of that name is not replaced either.
    folder.mkdir("b.2020-01-01");
    folder.write("b", "old\n");
    folder
        .program("touch")
        .args(["-d", "2020-01-01", "b"])
        .run()
        .ok();
    folder.lh("timed --when D b").with("x\n").ok();
    assert_eq!(folder.text("b.2020-01-01.1"), "old\n");
}

#[test]
fn the_oldest_go_by_the_order_of_rollovers_not_by_their_names() {
    let folder = Folder::new();
    // The clock goes back with every rollover.
    for year in [2024, 2023, 2022, 2021, 2020] {
        folder.write("a", format!("{year}\n"));
        folder
            .program("touch")
            .args(["-d", &format!("{year}-05-05 UTC"), "a"])
            .run()
            .ok();
        folder.lh("timed --when D --backups 3 a").with("x\n").ok();
        std::fs::remove_file(folder.path("a")).expect("a");
    }
    assert_eq!(
        folder.names(),
        ["a.2020-05-05", "a.2021-05-05", "a.2022-05-05"]
    );
    for n in [2020, 2021, 2022] {
        assert_eq!(folder.text(&format!("a.{n}-05-05")), format!("{n}\n"));
    }
}

/// A file `a` of that year, which is rolled over, and an empty one after it.
fn rolled_over(folder: &Folder, year: u32, options: &str) {
    folder.write("a", format!("{year}\n"));
    folder
        .program("touch")
        .args(["-d", &format!("{year}-05-05 UTC"), "a"])
        .run()
        .ok();
    folder.lh(&format!("timed {options} a")).with("x\n").ok();
    std::fs::remove_file(folder.path("a")).expect("a");
}

/// As a clock that was ahead names them, or another program in another zone: they were
/// there first.
#[test]
fn files_with_later_names_do_not_cost_the_newest_backups() {
    let folder = Folder::new();
    folder.write("app.log.2999-01-01", "ahead 1\n");
    folder.write("app.log.2999-01-02", "ahead 2\n");
    for number in 1..=4 {
        let lh = folder.lh("timed --when midnight --max-bytes 6 --backups 2 app.log");
        lh.with(format!("rec {number}\n")).ok();
        if number == 2 {
            let ran = folder.lh("cat app.log").run().ok();
            assert_eq!(ran.out(), "ahead 2\nrec 1\nrec 2\n");
        }
    }
    assert_eq!(
        folder.lh("cat app.log").run().ok().out(),
        "rec 2\nrec 3\nrec 4\n"
    );
}

/// An editor makes another file of it, of which nothing is noted.
#[test]
fn a_backup_that_was_edited_keeps_its_place() {
    let folder = Folder::new();
    for year in [2019, 2020, 2021, 2022] {
        rolled_over(&folder, year, "--when D");
    }
    folder.write("edited", "2021, edited\n");
    let edited = (folder.path("edited"), folder.path("a.2021-05-05"));
    std::fs::rename(edited.0, edited.1).expect("edited");
    let read = folder.lh("cat a").run().ok().out();
    assert_eq!(read, "2019\n2020\n2021, edited\n2022\n");
    rolled_over(&folder, 2023, "--when D --backups 3");
    assert_eq!(
        folder.names(),
        ["a.2021-05-05", "a.2022-05-05", "a.2023-05-05"]
    );
}

/// As after a copy that has brought nothing but names and texts.
#[test]
fn times_in_names_go_by_value_and_not_as_text() {
    let folder = Folder::new();
    let namer = "--namer {base}.{time:%d-%b-%Y}";
    for name in ["a.02-Dec-2019", "a.30-Nov-2019", "a.01-Dec-2019"] {
        folder.write(name, format!("{name}\n"));
    }
    let read = folder.lh(&format!("cat {namer} a")).run().ok().out();
    assert_eq!(read, "a.30-Nov-2019\na.01-Dec-2019\na.02-Dec-2019\n");
    folder.write("a", "now\n");
    let options = format!("timed --when D --max-bytes 2 --backups 3 {namer}");
    let listed = folder
        .lh(&format!("{options} --dry-run a"))
        .run()
        .ok()
        .out();
    assert!(
        listed.lines().count() == 1 && listed.contains("30-Nov"),
        "{listed}"
    );
}

/// Numbers of rollovers hold for all of its names, whatever the clock says.
#[test]
fn the_order_holds_across_a_change_of_when() {
    let folder = Folder::new();
    folder.write("a", "");
    if lh_notes_nothing(&folder) {
        return;
    }
    for (year, when) in [(2024, "H"), (2023, "D"), (2022, "S"), (2021, "W0")] {
        rolled_over(&folder, year, &format!("--when {when}"));
    }
    let read = folder.lh("cat a").run().ok().out();
    assert_eq!(read, "2024\n2023\n2022\n2021\n");
}

#[test]
fn without_a_number_all_backups_stay_and_names_of_others_always_do() {
    let others = [
        "a.2020-01-01x",
        "a.2020-13-01",
        "a.20200101",
        "a.bak",
        "a.1",
        "b.2020-01-01",
        "a.2020-01-01_10",
    ];
    for (arguments, left) in [
        ("", 3),
        ("--backups 0", 3),
        ("--backups 2", 2),
        ("--backups 1", 1),
    ] {
        let folder = Folder::new();
        for name in others {
            folder.write(name, name);
        }
        for day in 1..=2 {
            folder.write(&format!("a.2019-01-0{day}"), "old\n");
        }
        folder.write("a", "now\n");
        folder
            .program("touch")
            .args(["-d", "2020-01-05", "a"])
            .run()
            .ok();
        folder
            .lh(&format!("timed --when D {arguments} a"))
            .with("x\n")
            .ok();
        for name in others {
            assert_eq!(folder.text(name), name);
        }
        let names = folder.names();
        let ours = names
            .iter()
            .filter(|name| !others.contains(&name.as_str()) && *name != "a");
        assert_eq!(ours.count(), left, "{arguments}: {names:?}");
        assert_eq!(folder.text("a.2020-01-05"), "now\n");
    }
}

#[test]
fn by_size_as_well() {
    let folder = Folder::new();
    let lines = "aaaaaa\nbbbbbb\ncccccc\ndddddd\n";
    let arguments = "timed --when D --max-bytes 8 --backups 2 a";
    if at(&folder, "2026-11-23 10:20:30", "UTC", arguments, lines).is_none() {
        return;
    }
    assert_eq!(folder.names(), ["a", "a.2026-11-23.1", "a.2026-11-23.2"]);
    assert_eq!(folder.text("a.2026-11-23.1"), "bbbbbb\n");
    assert_eq!(folder.text("a.2026-11-23.2"), "cccccc\n");
    assert_eq!(folder.text("a"), "dddddd\n");
}

/// Nor does it need one of this run, or of the time since the file was opened anew.
#[test]
fn eager_rolls_over_what_was_there_before() {
    let folder = Folder::new();
    folder.write("a", "old\n");
    let lh = folder.lh("timed --when S --eager a").start();
    until("it is rolled over", || folder.names().len() == 2);
    lh.end().ok();
    let folder = Folder::new();
    let mut lh = folder.lh("timed --when S --interval 2 --eager a").start();
    lh.send_to("one\n", "a").signal(Signal::SIGHUP);
    until("it is rolled over", || folder.names().len() == 2);
    lh.end().ok();
}

/// Its birth tells nothing of a file that was emptied.
#[test]
fn a_file_that_a_rotator_has_emptied_begins_anew() {
    let folder = Folder::new();
    let rotator = "cp \"$LH_SOURCE\" \"$LH_DEST\" && : >\"$LH_SOURCE\"";
    let lh = || folder.lh("timed --when S --interval 4 --backups 9 --rotator");
    let run = |line: &str| lh().args([rotator, "a"]).with(line).ok();
    run("r1\n");
    if lh_notes_nothing(&folder) {
        return;
    }
    let begun = std::time::SystemTime::now();
    until("its time is over", || {
        begun.elapsed().is_ok_and(|for_| for_.as_secs() >= 4)
    });
    for line in ["r2\n", "r3\n", "r4\n"] {
        run(line);
    }
    assert_eq!(folder.names().len(), 2, "{:?}", folder.names());
    assert_eq!(folder.text("a"), "r2\nr3\nr4\n");
}

/// Whether the file system has no extended attributes.
fn lh_notes_nothing(folder: &Folder) -> bool {
    xattr::set(folder.path("a"), "user.lh.test", b"x").is_err()
}

#[test]
fn eager_rolls_over_without_another_record() {
    let folder = Folder::new();
    let mut lh = folder.lh("timed --when S --eager a").start();
    lh.send("one\n");
    until("it is rolled over", || {
        folder.names().len() == 2 && folder.size("a") == 0
    });
    assert_eq!(folder.text(&folder.names()[1]), "one\n");
    // And an empty file is left alone.
    lh.send_to("two\n", "a");
    lh.end().ok();
    assert!(folder.names().len() <= 3, "{:?}", folder.names());
}

#[test]
fn names_by_a_template() {
    for (namer, name) in [
        ("{stem}-{suffix}{ext}", "app-2020-01-01_10.log"),
        ("{time:%Y%m%d-%H%M%S}_{base}", "20200101-102030_app.log"),
        ("old/{base}.{time:%F}", "old/app.log.2020-01-01"),
    ] {
        let folder = Folder::new();
        folder.mkdir("old");
        folder.write("app.log", "old\n");
        folder
            .program("touch")
            .args(["-d", "2020-01-01 10:20:30 UTC", "app.log"])
            .run()
            .ok();
        let lh = folder.lh_args(["timed", "--when", "H", "--namer", namer, "app.log"]);
        lh.with("new\n").ok();
        assert_eq!(folder.text("app.log"), "new\n", "{namer}");
        assert_eq!(folder.text(name), "old\n", "{namer}");
    }
}

/// A plan: the time in a zone, the options, and what is printed.
#[track_caller]
fn plan(time: &str, zone: &str, options: &str, want: &[(&str, &str)]) {
    let folder = Folder::new();
    let arguments = format!("timed {options} --plan {} a", want.len());
    let Some(plan) = at(&folder, time, zone, &arguments, "") else {
        return;
    };
    let want: String = want
        .iter()
        .map(|(at, name)| format!("{at}\ta.{name}\n"))
        .collect();
    assert_eq!(plan, want, "{zone} {options}");
}

#[test]
fn midnight_holds_across_the_changes_of_the_clock() {
    plan(
        "2026-03-28 12:00:00",
        "Europe/London",
        "--when midnight",
        &[
            ("2026-03-29T00:00:00+00:00", "2026-03-28"),
            ("2026-03-30T00:00:00+01:00", "2026-03-29"),
            ("2026-03-31T00:00:00+01:00", "2026-03-30"),
        ],
    );
    plan(
        "2026-10-24 12:00:00",
        "Europe/London",
        "--when midnight",
        &[
            ("2026-10-25T00:00:00+01:00", "2026-10-24"),
            ("2026-10-26T00:00:00+00:00", "2026-10-25"),
            ("2026-10-27T00:00:00+00:00", "2026-10-26"),
        ],
    );
    // There is no midnight on that day: the clock goes from 23:59:59 to 01:00.
    plan(
        "2018-11-02 12:00:00",
        "America/Sao_Paulo",
        "--when midnight",
        &[
            ("2018-11-03T00:00:00-03:00", "2018-11-02"),
            ("2018-11-04T01:00:00-02:00", "2018-11-03"),
            ("2018-11-05T00:00:00-02:00", "2018-11-04"),
        ],
    );
    // By half an hour.
    plan(
        "2026-04-04 12:00:00",
        "Australia/Lord_Howe",
        "--when midnight",
        &[
            ("2026-04-05T00:00:00+11:00", "2026-04-04"),
            ("2026-04-06T00:00:00+10:30", "2026-04-05"),
        ],
    );
    plan(
        "2026-10-03 12:00:00",
        "Australia/Lord_Howe",
        "--when W6",
        &[
            ("2026-10-05T00:00:00+11:00", "2026-09-28"),
            ("2026-10-12T00:00:00+11:00", "2026-10-05"),
        ],
    );
}

#[test]
fn a_time_of_day_holds_across_the_changes_of_the_clock() {
    plan(
        "2026-03-28 12:00:00",
        "Europe/London",
        "--when midnight --at-time 03:00",
        &[
            ("2026-03-29T03:00:00+01:00", "2026-03-28"),
            ("2026-03-30T03:00:00+01:00", "2026-03-29"),
        ],
    );
    plan(
        "2026-10-24 12:00:00",
        "Europe/London",
        "--when midnight --at-time 03:00:30",
        &[
            ("2026-10-25T03:00:30+00:00", "2026-10-24"),
            ("2026-10-26T03:00:30+00:00", "2026-10-25"),
        ],
    );
}

#[test]
fn elapsed_units_count_on_and_utc_knows_no_change() {
    // S, M, H and D count elapsed time: an hour is an hour.
    plan(
        "2026-03-29 00:30:00",
        "Europe/London",
        "--when H",
        &[
            ("2026-03-29T02:30:00+01:00", "2026-03-29_00"),
            ("2026-03-29T03:30:00+01:00", "2026-03-29_02"),
        ],
    );
    plan(
        "2026-03-29 00:30:00",
        "Europe/London",
        "--when midnight --utc",
        &[
            ("2026-03-30T01:00:00+01:00", "2026-03-29"),
            ("2026-03-31T01:00:00+01:00", "2026-03-30"),
        ],
    );
    plan(
        "2026-11-23 10:20:30",
        "UTC",
        "--when H --interval 6",
        &[
            ("2026-11-23T16:20:30+00:00", "2026-11-23_10"),
            ("2026-11-23T22:20:30+00:00", "2026-11-23_16"),
        ],
    );
}

#[test]
fn aligned_units_end_at_round_times() {
    plan(
        "2026-11-23 10:20:30",
        "UTC",
        "--when H --align",
        &[
            ("2026-11-23T11:00:00+00:00", "2026-11-23_10"),
            ("2026-11-23T12:00:00+00:00", "2026-11-23_11"),
        ],
    );
    plan(
        "2026-11-23 10:20:30",
        "UTC",
        "--when M --interval 15 --align",
        &[
            ("2026-11-23T10:30:00+00:00", "2026-11-23_10-15"),
            ("2026-11-23T10:45:00+00:00", "2026-11-23_10-30"),
        ],
    );
    plan(
        "2026-11-23 10:20:30",
        "Asia/Kolkata",
        "--when H --align",
        &[
            ("2026-11-23T11:00:00+05:30", "2026-11-23_10"),
            ("2026-11-23T12:00:00+05:30", "2026-11-23_11"),
        ],
    );
}

#[test]
fn calendars_honour_the_interval() {
    plan(
        "2026-11-23 10:20:30",
        "UTC",
        "--when midnight --interval 3",
        &[
            ("2026-11-26T00:00:00+00:00", "2026-11-23"),
            ("2026-11-29T00:00:00+00:00", "2026-11-26"),
        ],
    );
    plan(
        "2026-11-23 10:20:30",
        "UTC",
        "--when W0 --interval 2",
        &[
            ("2026-12-01T00:00:00+00:00", "2026-11-17"),
            ("2026-12-15T00:00:00+00:00", "2026-12-01"),
        ],
    );
}
