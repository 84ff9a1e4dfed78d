//! How well levels are found in plain lines: measured for each format, and
//! held to the table in the README.
//!
//! `LH_BLESS=1` writes that table anew. The rows of the real logs are measured
//! where `LH_REAL_LOGS` names the folder that has them, and stay as they are
//! otherwise. `LH_SHOW_LEVELS=1` prints each line that went wrong.

mod corpus;
mod table;

use std::path::PathBuf;

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
