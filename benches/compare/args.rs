//! The few options of the benchmark itself.

use std::path::{Path, PathBuf};

pub const HELP: &str = "\
cargo bench --bench compare -- [OPTIONS]
  --size SIZE      input of each run (default 1G)
  --runs N         measured pairs of each row (default 5)
  --dir DIR        where the logs go; several allowed (default: /dev/shm and the target directory)
  --only NAME      rows whose name begins so, such as raw, raw/tee, lock, rate; several allowed
  --markdown FILE  write the table there, too
  --strict         exit 1 when a row misses what it is held to
The program under test is the lh of this package, or else what LH_BIN names.
";

pub struct Options {
    pub lh: PathBuf,
    pub size: usize,
    pub runs: usize,
    pub dirs: Vec<PathBuf>,
    pub only: Vec<String>,
    pub markdown: Option<PathBuf>,
    pub strict: bool,
}

pub enum Ask {
    Run(Options),
    Help,
}

impl Options {
    pub fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| name.starts_with(only.as_str()))
    }
}

pub fn parse(args: impl Iterator<Item = String>) -> Result<Ask, String> {
    let mut args = args.peekable();
    let (mut size, mut runs, mut strict) = (1 << 30, 5, false);
    let (mut dirs, mut only, mut markdown) = (Vec::new(), Vec::new(), None);
    while let Some(arg) = args.next() {
        let (name, inline) = match arg.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (arg, None),
        };
        let mut value = || {
            inline
                .clone()
                .or_else(|| args.next())
                .ok_or(format!("{name} needs a value"))
        };
        match name.as_str() {
            // Cargo adds it to whatever the user gave.
            "--bench" => {}
            "-h" | "--help" => return Ok(Ask::Help),
            "--strict" => strict = true,
            "--size" => size = bytes(&value()?)?,
            "--runs" => {
                let given = value()?;
                runs = given
                    .parse()
                    .ok()
                    .filter(|n| *n > 0)
                    .ok_or(format!("--runs {given}: not a count"))?;
            }
            "--dir" => dirs.push(PathBuf::from(value()?)),
            "--only" => only.push(value()?),
            "--markdown" => markdown = Some(PathBuf::from(value()?)),
            _ => return Err(format!("{name}: no such option")),
        }
    }
    if dirs.is_empty() {
        dirs = default_dirs();
    }
    let dirs = dirs
        .iter()
        .map(|dir| {
            dir.canonicalize()
                .map_err(|why| format!("{}: {why}", dir.display()))
        })
        .collect::<Result<_, _>>()?;
    Ok(Ask::Run(Options {
        lh: program()?,
        size,
        runs,
        dirs,
        only,
        markdown,
        strict,
    }))
}

fn program() -> Result<PathBuf, String> {
    let path = option_env!("CARGO_BIN_EXE_lh")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("LH_BIN").map(PathBuf::from))
        .ok_or("no lh to measure: set LH_BIN to its path")?;
    path.canonicalize()
        .map_err(|why| format!("{}: {why}", path.display()))
}

fn default_dirs() -> Vec<PathBuf> {
    let target = option_env!("CARGO_TARGET_TMPDIR")
        .map(PathBuf::from)
        .unwrap_or_else(std::env::temp_dir);
    let memory = Path::new("/dev/shm");
    let memory = memory.is_dir().then(|| memory.to_owned());
    memory.into_iter().chain([target]).collect()
}

/// `64M`, `1G`, `4096`: powers of 1024.
fn bytes(text: &str) -> Result<usize, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let shift = match &text[digits.len()..] {
        "" => 0,
        "K" | "k" | "KiB" => 10,
        "M" | "m" | "MiB" => 20,
        "G" | "g" | "GiB" => 30,
        _ => return Err(format!("{text}: not a size such as 64M or 1G")),
    };
    let number: usize = digits
        .parse()
        .map_err(|_| format!("{text}: not a size such as 64M or 1G"))?;
    match number
        .checked_shl(shift)
        .filter(|n| n >> shift == number && *n >= 1 << 20)
    {
        Some(size) => Ok(size),
        None => Err(format!("{text}: give at least 1M")),
    }
}
