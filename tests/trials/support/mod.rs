//! What the trials share.

#[allow(dead_code, reason = "not every test needs a machine of its own")]
pub mod alone;
pub mod launch;
pub mod namespace;
#[allow(dead_code, reason = "each crate of tests needs some of it")]
pub mod peer;
pub mod port;
pub mod records;
pub mod strace;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

pub use launch::{Lh, Running};
pub use namespace::Namespace;
pub use peer::{Manner, Peer};
pub use records::{Report, record, records};

/// A folder of the test's own, removed at its end. On the disk, not in memory.
pub fn folder() -> tempfile::TempDir {
    tempfile::Builder::new()
        .prefix("lh-trial-")
        .tempdir()
        .expect("a temporary folder")
}

/// The full count of a campaign under `LH_TRIALS=long`, else the short one.
pub fn rounds(short: u64, long: u64) -> u64 {
    match std::env::var("LH_TRIALS").as_deref() {
        Ok("long") => long,
        _ => short,
    }
}

/// Whether everything that the test needs is there. `root` is one of the
/// names; the others are programs.
pub fn able(needs: &[&str]) -> bool {
    for need in needs {
        let (there, text) = match *need {
            "root" => (
                nix::unistd::geteuid().is_root(),
                "skipped: not root".to_owned(),
            ),
            "faketime" => (
                faketime().is_some(),
                "skipped: faketime is not installed".to_owned(),
            ),
            name => (installed(name), format!("skipped: {name} is not installed")),
        };
        if !there {
            println!("{text}");
            let required = std::env::var("LH_REQUIRE_PEERS").is_ok_and(|value| value == "1");
            assert!(!required, "{text}, and LH_REQUIRE_PEERS=1");
            return false;
        }
    }
    true
}

fn installed(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let extra = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path)
        .chain(extra)
        .any(|folder| folder.join(name).is_file())
}

/// The library that fakes the clock.
pub fn faketime() -> Option<PathBuf> {
    let machine = std::env::consts::ARCH;
    let folders = [
        format!("/usr/lib/{machine}-linux-gnu/faketime"),
        "/usr/lib/faketime".to_owned(),
        "/usr/lib64/faketime".to_owned(),
    ];
    let mut names = folders
        .iter()
        .map(|folder| Path::new(folder).join("libfaketime.so.1"));
    names.find(|name| name.is_file())
}

/// Waits until something holds; `false` if it does not in that time.
pub fn wait_for(limit: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + limit;
    loop {
        if holds() {
            return true;
        }
        if Instant::now() > end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Runs a shell script in a folder; it has to succeed.
pub fn sh(folder: &Path, script: &str) -> String {
    let output = Command::new("sh")
        .args(["-euc", script])
        .current_dir(folder)
        .output()
        .expect("sh");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {stderr}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Compiles a C source of this folder into a library for `LD_PRELOAD`.
pub fn shim(folder: &Path, source: &str) -> PathBuf {
    let (file, library) = (folder.join("shim.c"), folder.join("shim.so"));
    std::fs::write(&file, source).expect("the shim's source");
    let status = Command::new("gcc")
        .args(["-shared", "-fPIC", "-O2", "-o"])
        .arg(&library)
        .arg(&file)
        .arg("-ldl")
        .status()
        .expect("gcc");
    assert!(status.success(), "gcc failed");
    library
}

/// The names in a folder, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> = entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    names
}

/// A small generator of numbers: the same each time for the same seed.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed ^ 0x9e37_79b9_7f4a_7c15)
    }

    /// A number below the limit.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}
