//! The table, and on what machine it was made.

use crate::args::Options;
use crate::{peers, run};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

struct Ratio {
    middle: f64,
    least: f64,
    most: f64,
    held: Option<f64>,
}

impl Ratio {
    /// Of pairs, each taken one after the other.
    fn of(ours: &[f64], theirs: &[f64], held: Option<f64>) -> Ratio {
        let each: Vec<f64> = ours
            .iter()
            .zip(theirs)
            .map(|(ours, theirs)| ours / theirs)
            .collect();
        let least = each.iter().copied().fold(f64::INFINITY, f64::min);
        let most = each.iter().copied().fold(0.0, f64::max);
        Ratio {
            middle: run::median(&each),
            least,
            most,
            held,
        }
    }
}

pub struct Row {
    cells: [String; 6],
    state: State,
}

#[derive(PartialEq)]
enum State {
    Met,
    Missed,
    Skipped,
    Broken,
}

impl Row {
    fn measured(what: String, lh: String, peer: String, ratio: Ratio) -> Row {
        let Ratio {
            middle,
            least,
            most,
            held,
        } = ratio;
        let met = held.is_none_or(|held| middle <= held);
        let (bound, answer) = match held {
            Some(held) => {
                let held = format!("{held:.3}");
                let held = held.trim_end_matches('0').trim_end_matches('.');
                (format!("<= {held}"), answer(met))
            }
            None => ("-".to_owned(), "-"),
        };
        let ratio = format!("{middle:.3} ({least:.3}–{most:.3})");
        Row::new(
            [what, lh, peer, ratio, bound, answer.to_owned()],
            if met { State::Met } else { State::Missed },
        )
    }

    pub fn bound(what: String, found: u64, held: u64, unit: &str) -> Row {
        let met = found < held;
        let none = || "-".to_owned();
        let cells = [
            what,
            format!("{found} {unit}"),
            none(),
            none(),
            format!("< {held} {unit}"),
            answer(met).to_owned(),
        ];
        Row::new(cells, if met { State::Met } else { State::Missed })
    }

    /// MiB in a second of processor time, of several runs.
    pub fn rate(what: String, rates: &[f64], held: f64) -> Row {
        let least = rates.iter().copied().fold(f64::INFINITY, f64::min);
        let most = rates.iter().copied().fold(0.0, f64::max);
        let middle = run::median(rates);
        let met = middle >= held;
        let cells = [
            what,
            format!("{middle:.0} MiB/s ({least:.0}–{most:.0})"),
            "-".to_owned(),
            "-".to_owned(),
            format!(">= {held} MiB/s"),
            answer(met).to_owned(),
        ];
        Row::new(cells, if met { State::Met } else { State::Missed })
    }

    pub fn skipped(what: String, why: String) -> Row {
        Row::note(what, format!("skipped: {why}"), State::Skipped)
    }

    pub fn broken(what: String, why: String) -> Row {
        Row::note(
            what,
            format!("BROKEN: {}", why.replace('|', "\\|").replace('\n', " ")),
            State::Broken,
        )
    }

    fn note(what: String, note: String, state: State) -> Row {
        let none = || "-".to_owned();
        Row::new([what, none(), none(), none(), none(), note], state)
    }

    fn new(cells: [String; 6], state: State) -> Row {
        Row { cells, state }
    }

    fn line(&self) -> String {
        format!("| {} |", self.cells.join(" | "))
    }
}

/// Thousands a second, of so many in so many seconds.
pub fn per_second(count: usize, seconds: f64) -> String {
    format!("{:.0} k/s", count as f64 / seconds / 1e3)
}

fn answer(met: bool) -> &'static str {
    if met { "yes" } else { "**no**" }
}

#[derive(Default)]
pub struct Report(Vec<Row>);

impl Report {
    pub fn add(&mut self, row: Row) {
        eprintln!("{}", row.line());
        self.0.push(row);
    }

    /// A row of what pairs took, each side told by its median.
    pub fn pairs(
        &mut self,
        what: String,
        held: Option<f64>,
        pairs: Result<Vec<(f64, f64)>, String>,
        told: impl Fn(f64) -> String,
    ) {
        self.add(match pairs {
            Ok(pairs) => {
                let (ours, theirs): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
                let ratio = Ratio::of(&ours, &theirs, held);
                let told = |times: &[f64]| told(run::median(times));
                Row::measured(what, told(&ours), told(&theirs), ratio)
            }
            Err(why) => Row::broken(what, why),
        });
    }

    pub fn broken(&self) -> bool {
        self.0.iter().any(|row| row.state == State::Broken)
    }

    pub fn missed(&self) -> bool {
        self.0.iter().any(|row| row.state == State::Missed)
    }

    pub fn markdown(&self, options: &Options) -> String {
        let mut out =
            String::from("| what | lh median | peer median | ratio (min–max) | held to | met? |\n");
        out.push_str("| --- | --- | --- | --- | --- | --- |\n");
        for row in &self.0 {
            let _ = writeln!(out, "{}", row.line());
        }
        let _ = writeln!(out, "\n{}", machine(options));
        out
    }
}

fn machine(options: &Options) -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cpu = cpu.map_or("unknown processor", |(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    let kernel = said("uname", &["-sr"]).unwrap_or_default();
    let date = said("date", &["-u", "+%Y-%m-%d %H:%M UTC"]).unwrap_or_default();
    let lh = options.lh.to_string_lossy();
    let mut versions =
        vec![said(&lh, &["--version"]).unwrap_or("lh of no known version".to_owned())];
    for package in peers::PACKAGES {
        let version = said("dpkg-query", &["-W", "-f", "${Version}", package])
            .filter(|text| !text.is_empty());
        let version = match package {
            // The one that was run, which need not be Debian's.
            "python3" => said(
                "python3",
                &["-c", "import platform; print(platform.python_version())"],
            ),
            _ => version,
        };
        versions.extend(version.map(|version| format!("{package} {version}")));
    }
    format!(
        "{cpu}, {cores} cores, {kernel}, {date}; {} MiB a run (JSON {}), {} pairs; {}",
        options.size >> 20,
        options.size >> 23,
        options.runs,
        versions.join(", ")
    )
}

/// The first line that a program says, if it is there and content.
fn said(program: &str, args: &[&str]) -> Option<String> {
    let out = Command::new(program)
        .args(args)
        .output()
        .ok()
        .filter(|out| out.status.success())?;
    Some(
        String::from_utf8_lossy(&out.stdout)
            .lines()
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned(),
    )
}

/// The type of file system that `dir` is on, by the longest mount point in front of it.
pub fn filesystem(dir: &Path) -> String {
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
    let mut fields = mounts.lines().map(|line| line.split(' '));
    let best = fields
        .by_ref()
        .filter_map(|mut line| Some((line.nth(1)?, line.next()?)))
        .filter(|(point, _)| dir.starts_with(point))
        .max_by_key(|(point, _)| point.len());
    best.map_or("unknown file system".to_owned(), |(_, kind)| {
        kind.to_owned()
    })
}
