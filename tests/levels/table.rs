//! What was found beside what is true, and the table of it in the README.

use std::fmt;
use std::path::PathBuf;

use lh::text::detect;

use crate::corpus::{Format, Line};

/// The figures of one format.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    pub name: String,
    pub lines: usize,
    /// Lines that have a level.
    pub levels: usize,
    /// The level was found.
    pub right: usize,
    /// Another level was found.
    pub wrong: usize,
    /// The line has a level, and none was found.
    pub missed: usize,
    /// The line has none, and one was found.
    pub false_: usize,
}

impl Row {
    pub fn of(format: &Format) -> Row {
        let mut row = Row {
            name: format.name.clone(),
            lines: format.lines.len(),
            ..Row::default()
        };
        for Line { text, truth } in &format.lines {
            row.levels += usize::from(truth.is_some());
            let found = detect::level(text);
            match (truth, found) {
                (None, None) => {}
                (None, Some(_)) => row.false_ += 1,
                (Some(_), None) => row.missed += 1,
                (Some(truth), Some(found)) if *truth == found => row.right += 1,
                (Some(_), Some(_)) => row.wrong += 1,
            }
        }
        row
    }

    /// Of the levels that were found, those that are right, in percent; says
    /// nothing where no line has a level.
    pub fn precision(&self) -> Option<f64> {
        if self.levels == 0 {
            return None;
        }
        percent(self.right, self.right + self.wrong + self.false_)
    }

    /// Of the lines that have a level, those where it was found, in percent.
    pub fn recall(&self) -> Option<f64> {
        percent(self.right, self.levels)
    }

    /// Reads a row as [`Display`](fmt::Display) writes it.
    pub fn parse(line: &str) -> Option<Row> {
        let mut cells = line.trim_matches('|').split('|').map(str::trim);
        let name = cells.next()?.to_owned();
        let mut number = || cells.next()?.parse().ok();
        Some(Row {
            name,
            lines: number()?,
            levels: number()?,
            right: number()?,
            wrong: number()?,
            missed: number()?,
            false_: number()?,
        })
    }
}

fn percent(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| 100.0 * part as f64 / whole as f64)
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Row {
            name,
            lines,
            levels,
            right,
            wrong,
            missed,
            false_,
        } = self;
        write!(
            f,
            "| {name} | {lines} | {levels} | {right} | {wrong} | {missed} | {false_} |"
        )?;
        for figure in [self.precision(), self.recall()] {
            match figure {
                // Rounded down: 100.0 is all of them.
                Some(figure) => write!(f, " {:.1} |", (figure * 10.0).floor() / 10.0)?,
                None => write!(f, " – |")?,
            }
        }
        Ok(())
    }
}

const BEGIN: &str = "<!-- levels: LH_BLESS=1 cargo test --test levels writes this -->\n";
const END: &str = "<!-- levels end -->";
const HEAD: &str = "\
| format | lines | with a level | right | wrong | missed | false | precision % | recall % |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
";

/// The README around its table.
pub struct Readme {
    path: PathBuf,
    before: String,
    table: String,
    after: String,
}

impl Readme {
    pub fn read() -> Readme {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("README.md");
        let text = std::fs::read_to_string(&path).unwrap();
        let (before, rest) = text.split_once(BEGIN).expect("the table's first comment");
        let (table, after) = rest.split_once(END).expect("the table's last comment");
        Readme {
            path,
            before: before.to_owned(),
            table: table.to_owned(),
            after: after.to_owned(),
        }
    }

    pub fn rows(&self) -> Vec<Row> {
        self.table.lines().skip(2).filter_map(Row::parse).collect()
    }

    /// Whether these rows are what the README has.
    pub fn has(&self, rows: &[Row]) -> bool {
        self.table == table(rows)
    }

    pub fn write(self, rows: &[Row]) {
        let Readme {
            path,
            before,
            after,
            ..
        } = self;
        let table = table(rows);
        std::fs::write(path, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
    }
}

fn table(rows: &[Row]) -> String {
    let rows = rows.iter().map(|row| format!("{row}\n"));
    HEAD.to_owned() + &rows.collect::<String>()
}
