//! The rows that are no duel on a large input: the time to start, the peak of memory, and the rates
//! of what no peer does.

use crate::args::Options;
use crate::duels::{self, Inputs};
use crate::input::{self, Made};
use crate::peers::LH_OUTPUT;
use crate::report::{Report, Row};
use crate::run::{self, Folder, Side};
use crate::verify::{self, Output};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

const GROUPS: usize = 20;
const GROUP: usize = 100;

/// One record from the command line: both write it once, lh to a file, logger to stderr. `--no-act`
/// and `--socket-errors=off` let logger run to its end where there is no syslog daemon.
pub fn start(options: &Options, dir: &Path, place: &str, report: &mut Report) {
    if !options.wants("start/logger") {
        return;
    }
    let what = format!("start: `logger`, {GROUPS} × {GROUP} spawns, {place}");
    if !run::installed("logger") {
        return report.add(Row::skipped(
            what,
            "logger is not installed (Debian: bsdutils)".to_owned(),
        ));
    }
    let each = |group: f64| format!("{:.3} ms", group / GROUP as f64 * 1e3);
    report.pairs(what, Some(2.0), spawns(options, dir), each);
}

fn spawns(options: &Options, dir: &Path) -> Result<Vec<(f64, f64)>, String> {
    let folder = Folder::new(dir, "start")?;
    let file = folder.path().join("app.log");
    let mut lh = Command::new(&options.lh);
    lh.args(["-m", "x", "file"]).arg(&file);
    let mut logger = Command::new("logger");
    logger.args(["--no-act", "--socket-errors=off", "-s", "x"]);
    for command in [&mut lh, &mut logger] {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
    }
    let group = |command: &mut Command| {
        let begin = Instant::now();
        for _ in 0..GROUP {
            match command.status() {
                Ok(status) if status.success() => {}
                Ok(status) => return Err(format!("{}: {status}", command.get_program().display())),
                Err(why) => return Err(format!("{}: {why}", command.get_program().display())),
            }
        }
        Ok(begin.elapsed().as_secs_f64())
    };
    let pairs = run::pairs(GROUPS, || group(&mut lh), || group(&mut logger))?;
    let written = std::fs::read(&file).map_err(|why| format!("{}: {why}", file.display()))?;
    if written != b"x\n".repeat(GROUPS * GROUP) {
        return Err(format!(
            "wrong output: {} bytes, {} expected",
            written.len(),
            2 * GROUPS * GROUP
        ));
    }
    Ok(pairs)
}

/// The largest resident set of lh in the raw row.
pub fn memory(options: &Options, inputs: &Inputs, dir: &Path, place: &str, report: &mut Report) {
    const HELD: u64 = 6144;
    if !options.wants("memory/peak") {
        return;
    }
    let what = format!("memory: peak of `lh rotate`, {place}");
    let input = inputs.plain(options);
    let args = [&duels::ROTATE[..], &["app.log"]].concat();
    let peaks: Result<Vec<u64>, String> = (0..options.runs.min(3))
        .map(|_| {
            let check = |at: &Path| verify::check(LH_OUTPUT, at, input, false);
            Ok(used(options, dir, &args, input, check)?.peak)
        })
        .collect();
    match peaks {
        Ok(peaks) => report.add(Row::bound(
            what,
            peaks.into_iter().max().unwrap_or(0),
            HELD,
            "KiB",
        )),
        Err(why) => report.add(Row::broken(what, why)),
    }
}

const LAUNCH: &str = "--used-by";

/// What the kernel counted of one run.
struct Used {
    /// The largest resident set in KiB.
    peak: u64,
    /// Time on a processor, in microseconds: of all its threads, in user space and in the kernel.
    busy: u64,
}

/// The kernel counts what a process held before its exec, and this one holds the whole input. So a
/// fresh copy of it, which holds nothing yet, starts lh and asks.
fn used(
    options: &Options,
    dir: &Path,
    args: &[&str],
    input: &[u8],
    check: impl FnOnce(&Path) -> Result<(), String>,
) -> Result<Used, String> {
    let own = std::env::current_exe().map_err(|why| why.to_string())?;
    let lh = options.lh.to_str().ok_or("the path of lh is not UTF-8")?;
    let args = [&[LAUNCH, "used", lh], args].concat();
    let mut used = Err("nothing was noted".to_owned());
    run::once(&Side::new(own, &args), dir, input, |at| {
        let note = at.join("used");
        let text = std::fs::read_to_string(&note).map_err(|why| format!("used: {why}"))?;
        std::fs::remove_file(&note).map_err(|why| format!("used: {why}"))?;
        let mut numbers = text.split(' ').filter_map(|number| number.parse().ok());
        used = match (numbers.next(), numbers.next()) {
            (Some(peak), Some(busy)) => Ok(Used { peak, busy }),
            _ => Err(format!("used: {text:?}")),
        };
        check(at)
    })?;
    used
}

/// How much lh gets through in a second of processor time, where no peer does the same.
pub fn rates(options: &Options, dir: &Path, place: &str, report: &mut Report) {
    let made = |make: fn(usize) -> Made| make(options.size / 4);
    for (name, make, args) in [
        (
            "--join trace",
            input::traces as fn(usize) -> Made,
            &["--join", "trace", "file", "app.log"][..],
        ),
        (
            "--strip-ansi --mask",
            input::coloured,
            &["--strip-ansi", "--mask", r"password=\S+", "file", "app.log"],
        ),
    ] {
        if !options.wants(&format!("rate/{name}")) {
            continue;
        }
        let what = format!("rate: `{name}`, {place}");
        let Made { input, expected } = made(make);
        let rates: Result<Vec<f64>, String> = (0..options.runs)
            .map(|_| {
                let check =
                    |at: &Path| verify::check(Output::Whole("app.log"), at, &expected, false);
                let busy = used(options, dir, args, &input, check)?.busy;
                Ok(input.len() as f64 / f64::from(1 << 20) / (busy as f64 / 1e6))
            })
            .collect();
        match rates {
            Ok(rates) => report.add(Row::rate(what, &rates, 150.0)),
            Err(why) => report.add(Row::broken(what, why)),
        }
    }
}

/// Under `--used-by FILE PROGRAM ARG...` this program only runs PROGRAM and notes its peak in KiB and
/// its processor time.
pub fn launcher() -> Option<ExitCode> {
    let mut args = std::env::args_os().skip(1);
    if args.next()? != LAUNCH {
        return None;
    }
    let (file, program) = (args.next()?, args.next()?);
    let status = match Command::new(&program).args(args).status() {
        Ok(status) => status,
        Err(why) => {
            eprintln!("{}: {why}", program.display());
            return Some(ExitCode::FAILURE);
        }
    };
    let Ok(usage) = getrusage(UsageWho::RUSAGE_CHILDREN) else {
        return Some(ExitCode::FAILURE);
    };
    let rss = usage.max_rss();
    let busy = usage.user_time() + usage.system_time();
    // Bytes there, KiB everywhere else.
    let rss = if cfg!(target_vendor = "apple") {
        rss / 1024
    } else {
        rss
    };
    if std::fs::write(file, format!("{rss} {}", busy.num_microseconds())).is_err()
        || !status.success()
    {
        return Some(ExitCode::FAILURE);
    }
    Some(ExitCode::SUCCESS)
}
