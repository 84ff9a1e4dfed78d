//! One run of one program: a fresh folder, a real pipe, the clock around both.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Runs both in turn, so that what else the machine does falls on both.
pub fn pairs<T>(
    runs: usize,
    mut ours: impl FnMut() -> Result<T, String>,
    mut theirs: impl FnMut() -> Result<T, String>,
) -> Result<Vec<(T, T)>, String> {
    (0..runs).map(|_| Ok((ours()?, theirs()?))).collect()
}

/// One side of a duel. Paths are relative: it runs inside a fresh folder.
#[derive(Clone)]
pub struct Side {
    pub program: PathBuf,
    pub args: Vec<OsString>,
    /// Files that must be there first.
    pub seeds: Vec<(&'static str, String)>,
    /// Where its stdout goes; None is /dev/null.
    pub stdout: Option<&'static str>,
    /// The status of a run that went well: cronolog ends with 3 at the end of its input.
    pub status: i32,
}

impl Side {
    pub fn new(program: impl Into<PathBuf>, args: &[&str]) -> Side {
        let args = args.iter().map(OsString::from).collect();
        Side {
            program: program.into(),
            args,
            seeds: Vec::new(),
            stdout: None,
            status: 0,
        }
    }

    pub fn seed(mut self, name: &'static str, text: &str) -> Side {
        self.seeds.push((name, text.to_owned()));
        self
    }

    pub fn stdout(mut self, name: &'static str) -> Side {
        self.stdout = Some(name);
        self
    }

    pub fn status(mut self, status: i32) -> Side {
        self.status = status;
        self
    }
}

/// A folder that goes when the value does.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(dir: &Path, name: &str) -> Result<Folder, String> {
        let path = dir.join(format!("lh-compare-{}-{name}", std::process::id()));
        fs::create_dir(&path).map_err(|why| format!("{}: {why}", path.display()))?;
        Ok(Folder(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
        // What is left of this run's writing must not be paid for by the next.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if let Some(parent) = self.0.parent().and_then(|parent| File::open(parent).ok()) {
            let _ = nix::unistd::syncfs(parent);
        }
    }
}

/// Runs `side` on `input` in a new folder under `dir`; `check` sees the folder afterwards, off the clock.
pub fn once(
    side: &Side,
    dir: &Path,
    input: &[u8],
    check: impl FnOnce(&Path) -> Result<(), String>,
) -> Result<Duration, String> {
    let folder = Folder::new(dir, "logs")?;
    let aside = Folder::new(dir, "aside")?;
    let at = folder.path();
    for (name, text) in &side.seeds {
        let path = at.join(name);
        fs::create_dir_all(path.parent().expect("a file in the folder"))
            .map_err(|why| why.to_string())?;
        fs::write(&path, text).map_err(|why| format!("{}: {why}", path.display()))?;
    }
    let create =
        |path: PathBuf| File::create(&path).map_err(|why| format!("{}: {why}", path.display()));
    let stdout = match side.stdout {
        Some(name) => Stdio::from(create(at.join(name))?),
        None => Stdio::null(),
    };
    let complaints = aside.path().join("stderr");
    let mut command = Command::new(&side.program);
    command.args(&side.args).current_dir(at).env("TZ", "UTC");
    command
        .stdin(Stdio::piped())
        .stdout(stdout)
        .stderr(create(complaints.clone())?);

    let name = side.program.display();
    let begin = Instant::now();
    let mut child = command.spawn().map_err(|why| format!("{name}: {why}"))?;
    let mut pipe = child.stdin.take().expect("piped");
    let fed = input
        .chunks(64 * 1024)
        .try_for_each(|block| pipe.write_all(block));
    drop(pipe);
    let status = child.wait().map_err(|why| format!("{name}: {why}"))?;
    let took = begin.elapsed();

    let said = fs::read(&complaints).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    let said = said
        .trim()
        .lines()
        .next_back()
        .unwrap_or("(nothing on stderr)");
    if status.code() != Some(side.status) {
        return Err(format!("{name}: {status}: {said}"));
    }
    fed.map_err(|why| format!("{name}: stopped reading: {why}: {said}"))?;
    check(at).map_err(|why| format!("{name}: wrong output: {why}"))?;
    Ok(took)
}

/// The middle one, or the mean of the two in the middle.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        sorted[half]
    } else {
        (sorted[half - 1] + sorted[half]) / 2.0
    }
}

/// Is there a program of that name on PATH?
pub fn installed(name: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(name).is_file()))
}
