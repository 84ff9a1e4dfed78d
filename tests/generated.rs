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
        if let Some(said) = said_by(shell, plain, &root, script) {
            assert!(said.contains("rotate"), "{shell}: {said}");
        }
    }
}

/// What a shell prints that runs a script, if it is installed.
fn said_by(shell: &str, plain: &str, folder: &Path, script: &str) -> Option<String> {
    if !installed(shell) {
        return None;
    }
    let home = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(shell);
    let command = command.args([plain, "-c", script]).current_dir(folder);
    let output = command.env("HOME", home.path()).output().expect(shell);
    assert!(output.stderr.is_empty(), "{shell}: {output:?}");
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Lines before the cursor, and what is completed there with what.
const PIECES: &[(&str, &str)] = &[
    ("lh file a + rot", "rotate"),
    ("lh file a + rotate --max-b", "--max-bytes"),
    ("lh buffer --ri", "--ring"),
    ("lh buffer --ring --capacity 5 fi", "file"),
    ("lh buffer --ring file --mk", "--mkdir"),
    ("lh check queue buffer soc", "socket"),
    ("lh listen --tcp 9020 --tee rot", "rotate"),
    ("lh listen rotate a + timed --whe", "--when"),
    ("lh file a -- mkdir --nonsuch", ""),
];

/// Where an option, or a tool, has few values, no file is one.
#[test]
fn fish_completes_values() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions");
    for (line, want) in [
        ("lh --input ", "auto json lines"),
        ("lh --tee -i ", "auto json lines"),
        ("lh file a + file b --input ", "auto json lines"),
        ("lh completions ", "bash elvish fish powershell zsh"),
        ("lh --tee rot", "rotate"),
    ] {
        let fish = format!("source lh.fish; complete -C '{line}' | string match -r '^[^ \\t]+'");
        if let Some(said) = said_by("fish", "--no-config", &root, &fish) {
            let mut said: Vec<_> = said.lines().collect();
            said.sort_unstable();
            assert_eq!(said.join(" "), want, "{line}");
        }
    }
}

/// Each piece of a chain is completed as if it stood alone.
#[test]
fn shells_complete_the_pieces_of_a_chain() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions");
    for (line, want) in PIECES {
        let words = line.split(' ').count();
        let last = line.split(' ').next_back().expect("a word");
        let bash = format!(
            "source lh.bash; COMP_WORDS=({line}); COMP_CWORD={}; _lh lh {last} x; \
             echo ${{COMPREPLY[@]}}",
            words - 1
        );
        if let Some(said) = said_by("bash", "--norc", &root, &bash) {
            assert_eq!(said.trim_end(), *want, "bash: {line}");
        }
        let fish = format!("source lh.fish; complete -C '{line}' | string match -r '^[a-z-]+'");
        if let Some(said) = said_by("fish", "--no-config", &root, &fish) {
            let completes = said.lines().eq(want.split_whitespace());
            assert!(completes, "fish: {line}: {said}");
        }
        // What is given to the function for one piece; that itself needs a terminal.
        let zsh = format!(
            "autoload -U compinit; compinit -u -D; source ./_lh; _normal() {{}}; \
             _lh_piece() {{ print -r -- $words[2,CURRENT] }}; \
             words=({line}); CURRENT={words}; _lh"
        );
        if let Some(said) = said_by("zsh", "-f", &root, &zsh) {
            let piece = said.trim_end();
            let found = match *want {
                "" => piece.is_empty(),
                option if option.starts_with('-') => piece.ends_with(last) && piece != last,
                _ => piece == last,
            };
            assert!(found && !piece.contains('+'), "zsh: {line}: {piece}");
        }
    }
}
