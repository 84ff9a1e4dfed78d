//! `completions/` and `man/` hold what the program yields now. LH_BLESS=1
//! rewrites them.
//!
//! Not tested here: what the pages say, beyond what mandoc finds wrong.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

const SHELLS: [(&str, &str); 5] = [
    ("bash", "lh.bash"),
    ("zsh", "_lh"),
    ("fish", "lh.fish"),
    ("powershell", "_lh.ps1"),
    ("elvish", "lh.elv"),
];

fn lh(arguments: &[&str]) -> Vec<u8> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lh"));
    let output = command
        .args(arguments)
        .env("LC_ALL", "C")
        .output()
        .expect("lh runs");
    assert!(output.status.success(), "lh {arguments:?}: {output:?}");
    output.stdout
}

/// The files of a folder by their names; none where it is not there.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let file = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        (name, std::fs::read(path).expect("a file"))
    };
    entries.map(file).collect()
}

fn pages() -> BTreeMap<String, Vec<u8>> {
    let folder = tempfile::tempdir().expect("a folder");
    lh(&["man", folder.path().to_str().expect("a name in UTF-8")]);
    files(folder.path())
}

#[track_caller]
fn compare(folder: &str, want: &BTreeMap<String, Vec<u8>>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    if std::env::var("LH_BLESS").is_ok_and(|value| value == "1") {
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect(folder);
        for (name, bytes) in want {
            std::fs::write(path.join(name), bytes).expect(name);
        }
    }
    let have = files(&path);
    let names = |map: &BTreeMap<String, Vec<u8>>| map.keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        names(&have),
        names(want),
        "{folder}/: LH_BLESS=1 cargo test --test generated"
    );
    for (name, bytes) in want {
        assert!(
            have[name] == *bytes,
            "{folder}/{name} is not what lh yields: LH_BLESS=1 cargo test --test generated"
        );
    }
}

#[test]
fn completions_are_up_to_date() {
    let file = |(shell, name): (&str, &str)| (name.to_owned(), lh(&["completions", shell]));
    compare("completions", &SHELLS.map(file).into());
}

#[test]
fn manual_pages_are_up_to_date() {
    compare("man", &pages());
}

#[test]
fn manual_pages_are_sound() {
    if Command::new("mandoc").arg("-V").output().is_err() {
        println!("skipped: mandoc is not installed");
        let required = std::env::var("LH_REQUIRE_PEERS").is_ok_and(|value| value == "1");
        assert!(!required, "LH_REQUIRE_PEERS=1, and mandoc is not installed");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    for (name, page) in pages() {
        let path = folder.path().join(&name);
        std::fs::write(&path, &page).expect("a page");
        let mut lint = Command::new("mandoc");
        let lint = lint.args(["-T", "lint"]).arg(&path);
        let output = lint.output().expect("mandoc runs");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.is_empty(), "{name}: {said}");
        let text = String::from_utf8_lossy(&page);
        for section in [".SH NAME", ".SH SYNOPSIS", ".SH DESCRIPTION", ".SH OPTIONS"] {
            assert!(text.contains(section), "{name} has no {section}");
        }
    }
}

/// Says that a program is missing, and fails where it must not be.
fn installed(name: &str) -> bool {
    if Command::new(name).arg("--version").output().is_ok() {
        return true;
    }
    println!("skipped: {name} is not installed");
    let required = std::env::var("LH_REQUIRE_PEERS").is_ok_and(|value| value == "1");
    assert!(!required, "LH_REQUIRE_PEERS=1, and {name} is not installed");
    false
}

/// The shells themselves read their completions, and complete with them.
#[test]
fn shells_complete_with_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions");
    let cases = [
        (
            "bash",
            "--norc",
            "source lh.bash; COMP_WORDS=(lh rot); COMP_CWORD=1; _lh lh rot lh; echo ${COMPREPLY[@]}",
        ),
        (
            "fish",
            "--no-config",
            "source lh.fish; complete -C 'lh rot'",
        ),
        (
            "zsh",
            "-f",
            "autoload -U compinit; compinit -u -D; source ./_lh; whence -w _lh_commands && \
             echo rotate",
        ),
    ];
    for (shell, plain, script) in cases {
        if !installed(shell) {
            continue;
        }
        let home = tempfile::tempdir().expect("a folder");
        let mut command = Command::new(shell);
        let command = command.args([plain, "-c", script]).current_dir(&root);
        let output = command.env("HOME", home.path()).output().expect(shell);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("rotate"), "{shell}: {output:?}");
    }
}
