//! How well levels are found in plain lines: measured for each format, and
//! held to the table in the README.
//!
//! `LH_BLESS=1` writes that table anew. The rows of the real logs are measured
//! where `LH_REAL_LOGS` names the folder that has them, and stay as they are
//! otherwise. `LH_SHOW_LEVELS=1` prints each line that went wrong.

mod corpus;
mod table;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use corpus::{Format, Line};
use lh::level::Level;
use lh::text::detect;
use table::{Readme, Row};

fn real_logs() -> Option<Vec<Format>> {
    let Some(folder) = std::env::var_os("LH_REAL_LOGS") else {
        println!("skipped: LH_REAL_LOGS does not name a folder with the real logs");
        return None;
    };
    Some(corpus::real(&PathBuf::from(folder)))
}

/// What went wrong in a format, a line each.
fn faults(format: &Format) -> String {
    let mut text = String::new();
    for Line { text: line, truth } in &format.lines {
        let found = detect::level(line);
        if found != *truth {
            let name = |level: Option<Level>| level.map_or("-".into(), |level| level.to_string());
            let line = String::from_utf8_lossy(line);
            text += &format!("{} not {}: {line:?}\n", name(found), name(*truth));
        }
    }
    text
}

#[test]
fn the_readme_has_the_figures() {
    let readme = Readme::read();
    let made = corpus::made();
    let real = real_logs();
    let mut rows: Vec<Row> = made.iter().map(Row::of).collect();
    match &real {
        Some(real) => rows.extend(real.iter().map(Row::of)),
        None => rows.extend(
            readme
                .rows()
                .into_iter()
                .filter(|r| corpus::is_real(&r.name)),
        ),
    }
    if std::env::var_os("LH_SHOW_LEVELS").is_some() {
        for format in made.iter().chain(real.iter().flatten()) {
            print!("{}\n{}", Row::of(format), faults(format));
        }
    }
    if std::env::var_os("LH_BLESS").is_some() {
        readme.write(&rows);
        return;
    }
    let written = readme.rows();
    for format in made.iter().chain(real.iter().flatten()) {
        let row = Row::of(format);
        let faults = faults(format);
        assert!(
            written.contains(&row),
            "the README has other figures than\n{row}\n{faults}"
        );
    }
    assert!(readme.has(&rows), "LH_BLESS=1 writes the table anew");
}

/// What every format is held to, whatever the README says: nearly all levels
/// are found, nearly none where there is none.
#[test]
fn every_format_is_found_well() {
    for format in corpus::made() {
        let row = Row::of(&format);
        let faults = faults(&format);
        assert!(row.lines >= 40, "{row}");
        // A number means nothing without what stands beside it.
        let by_number = row.name.starts_with("pino");
        assert!(
            row.recall().is_none_or(|r| r >= 99.0) || by_number,
            "{row}\n{faults}"
        );
        assert!(row.precision().is_none_or(|p| p >= 98.0), "{row}\n{faults}");
        assert!(row.false_ * 20 <= row.lines, "{row}\n{faults}");
    }
}

/// The levels that the program gives to lines, by name; `Level 1` is none.
fn levels_of(format: &Format, options: &[&str]) -> Vec<String> {
    let mut lh = Command::new(env!("CARGO_BIN_EXE_lh"))
        .args(["--detect-level", "--level", "1"])
        .args(options)
        .args(["stream", "-f", "{levelname}"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = lh.stdin.take().unwrap();
    let lines: Vec<_> = format.lines.iter().map(|line| &line.text[..]).collect();
    let text = lines.join(&b'\n');
    let feed = std::thread::spawn(move || stdin.write_all(&text).unwrap());
    let output = lh.wait_with_output().unwrap();
    feed.join().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn name(level: Option<Level>) -> String {
    level.unwrap_or(Level(1)).to_string()
}

#[test]
fn the_program_finds_what_the_library_finds() {
    for format in corpus::made() {
        let lines = format.lines.iter();
        let want: Vec<_> = lines.map(|line| name(detect::level(&line.text))).collect();
        assert_eq!(levels_of(&format, &[]), want, "{}", format.name);
    }
}

#[test]
fn records_of_json_have_their_levels_numbers_too() {
    let mut formats = 0;
    for format in corpus::made() {
        if !format.lines.iter().all(|line| line.text.starts_with(b"{")) {
            continue;
        }
        formats += 1;
        let lines = format.lines.iter();
        let want: Vec<_> = lines.map(|line| name(line.truth)).collect();
        let found = levels_of(&format, &["--input", "auto"]);
        for ((line, want), found) in format.lines.iter().zip(want).zip(found) {
            assert_eq!(found, want, "{}", String::from_utf8_lossy(&line.text));
        }
    }
    assert_eq!(formats, 2);
}
