//! A mount namespace of the test's own: what is mounted in it goes with it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A shell that holds the namespace, until its input ends: when this is
/// dropped, or the test is killed.
pub struct Namespace {
    holder: Child,
    folder: PathBuf,
}

impl Namespace {
    /// Runs a script in a new namespace, in that folder.
    pub fn new(folder: &Path, script: &str) -> Namespace {
        let script = format!("{script}\necho ready\nexec cat >/dev/null");
        let mut holder = Command::new("unshare")
            .args(["-m", "sh", "-euc", &script])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare");
        let mut line = String::new();
        let stdout = holder.stdout.take().expect("a pipe");
        let read = BufReader::new(stdout).read_line(&mut line);
        let namespace = Namespace {
            holder,
            folder: folder.to_owned(),
        };
        assert!(read.is_ok() && line == "ready\n", "{script}: failed");
        namespace
    }

    /// What has to stand in front of a command to run it in there.
    /// Its paths have to be absolute.
    pub fn enter(&self) -> [String; 3] {
        let namespace = format!("--mount=/proc/{}/ns/mnt", self.holder.id());
        ["nsenter".into(), namespace, "--".into()]
    }

    /// Runs a script in there, in the folder; it has to succeed.
    pub fn sh(&self, script: &str) {
        let script = format!("cd {}\n{script}", self.folder.display());
        let enter = self.enter();
        let mut command = Command::new(&enter[0]);
        command.args(&enter[1..]).args(["sh", "-euc", &script]);
        let output = command.output().expect("nsenter");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script}: {stderr}");
    }

    /// Where a path of the folder is seen from outside.
    pub fn path(&self, name: &str) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.holder.id()));
        let inner = self.folder.join(name);
        root.join(inner.strip_prefix("/").expect("an absolute folder"))
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
