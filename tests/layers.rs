//! The shape of the house: which module may import which, where `cfg` may
//! stand, and which module names which package.
//!
//! Sources are read as text, without their comments and tests. Not tested
//! here: names that a macro makes, and what is imported through a re-export.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The layers, from the ground up: an import goes down, or stays within one.
const LAYERS: &[&[&str]] = &[
    &[
        "decimal", "diag", "event", "figures", "fsync", "level", "now", "sys", "units", "zone",
    ],
    &["batch", "record"],
    &[
        "clean", "filter", "join", "net", "roll", "spool", "text", "wire",
    ],
    &["handler", "source"],
    &["pipeline"],
    &["cli"],
];

/// Imports that point up all the same, each with its reason. Fewer, please.
const UPWARD: &[(&str, &str)] = &[];

/// Each package, and the modules that may name it.
const PACKAGES: &[(&str, &[&str])] = &[
    ("anyhow", &["cli"]),
    (
        "base64",
        &["handler/dead_letter", "handler/http", "handler/smtp"],
    ),
    ("chrono", &["roll/when", "text/time", "zone"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli/manual"]),
    ("crc32c", &["source/listen/senders", "spool"]),
    ("encoding_rs", &["text/encoding"]),
    ("flate2", &["roll/compress", "wire/gelf", "wire/http"]),
    ("form_urlencoded", &["wire/http"]),
    ("getrandom", &["net", "spool", "sys/unix/listen", "wire/lh"]),
    ("httparse", &["wire/http"]),
    ("indicatif", &["cli/report/progress"]),
    ("lettre", &["handler/smtp"]),
    ("listenfd", &["sys/unix/activation"]),
    (
        "memchr",
        &["batch", "clean", "join", "source/listen", "text", "wire"],
    ),
    ("mio", &["source/listen", "sys"]),
    ("nix", &["sys"]),
    ("regex", &["clean/mask", "cli", "filter", "join"]),
    ("ring", &["wire/hmac"]),
    ("rustls", &["net/tls"]),
    ("rustls_native_certs", &["net/tls"]),
    ("serde", &["wire/json", "wire/pickle"]),
    ("serde_json", &["handler/dead_letter", "wire"]),
    ("signal_hook", &["sys/unix/signals"]),
    ("socket2", &["net", "sys"]),
    ("terminal_size", &["cli/feed", "cli/screen"]),
    (
        "thiserror",
        &[
            "clean/mask",
            "cli",
            "handler",
            "level",
            "net",
            "roll",
            "source",
            "text",
            "wire",
        ],
    ),
    ("ureq", &["handler/http"]),
    ("webpki", &["net/tls"]),
    ("windows_sys", &["sys/windows"]),
    ("xattr", &["sys"]),
    ("zstd", &["roll/compress"]),
];

/// One file of `src`: its path from there without `.rs`, and its code.
struct Source {
    name: String,
    code: String,
}

impl Source {
    /// The module at the top.
    fn top(&self) -> &str {
        self.name.split('/').next().unwrap_or_default()
    }

    fn is_within(&self, module: &str) -> bool {
        let rest = self.name.strip_prefix(module);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path: PathBuf = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path
                    .strip_prefix(&root)
                    .expect("below it")
                    .with_extension("");
                let name = name.to_string_lossy().trim_end_matches("/mod").to_owned();
                let code = without_tests(&std::fs::read_to_string(&path).expect("a source"));
                sources.push(Source { name, code });
            }
        }
    }
    assert!(sources.len() > 30, "the sources were not found");
    sources
}

/// Code without comments, and without items that are there for tests only.
fn without_tests(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    while let Some(line) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            code.push_str(line);
            code.push('\n');
            continue;
        }
        // To the line that ends the item: its indentation and a brace, or a
        // semicolon where it has no body.
        let indent = &line[..line.len() - line.trim_start().len()];
        let end = format!("{indent}}}");
        for line in lines.by_ref() {
            if line == end
                || (line.starts_with(indent)
                    && line.ends_with(';')
                    && !line[indent.len()..].starts_with(' '))
            {
                break;
            }
        }
    }
    code
}

fn is_word(ch: char) -> bool {
    ch.is_ascii_alphanumeric() || ch == '_'
}

/// The names that follow `crate::`, one level deep.
fn imports(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        if code[..at].ends_with(is_word) {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        let names: Vec<&str> = match rest.strip_prefix('{') {
            None => vec![rest],
            // One level of braces: the names before each comma of it.
            Some(list) => {
                let mut depth = 0usize;
                let end = list.find(|ch| {
                    depth += usize::from(ch == '{');
                    let ended = ch == '}' && depth == 0;
                    depth -= usize::from(ch == '}' && !ended);
                    ended
                });
                let mut depth = 0usize;
                let list = &list[..end.unwrap_or(list.len())];
                list.split(|ch| {
                    depth += usize::from(ch == '{');
                    depth -= usize::from(ch == '}');
                    ch == ',' && depth == 0
                })
                .collect()
            }
        };
        for name in names {
            let name = name.trim_start();
            let length = name.find(|ch| !is_word(ch)).unwrap_or(name.len());
            found.insert(name[..length].to_owned());
        }
    }
    found.remove("");
    found
}

fn layer_of(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

#[test]
fn every_module_has_a_layer() {
    for source in sources() {
        let top = source.top();
        let outside = ["lib", "main"].contains(&top);
        assert!(outside || layer_of(top).is_some(), "{top} is in no layer");
    }
}

#[test]
fn no_import_points_up() {
    let mut upward = BTreeMap::new();
    for source in sources() {
        let Some(layer) = layer_of(source.top()) else {
            continue;
        };
        for import in imports(&source.code) {
            // A name of the crate's own root, a macro for example, has no layer.
            let known = UPWARD.contains(&(source.top(), import.as_str()));
            if layer_of(&import).is_some_and(|other| other > layer) && !known {
                upward.insert((source.name.clone(), import), ());
            }
        }
    }
    let upward: Vec<_> = upward.keys().collect();
    assert!(upward.is_empty(), "these imports point up: {upward:?}");
}

/// An operating system or a feature shows in `sys`, and where a module is
/// declared or a stand-in for it chosen; nowhere else.
#[test]
fn cfg_stands_where_it_may() {
    for source in sources() {
        if source.is_within("sys") {
            continue;
        }
        let mut lines = source.code.lines().peekable();
        while let Some(line) = lines.next() {
            let byte_order = line.contains("cfg!(target_endian");
            if !(line.contains("cfg(") || line.contains("cfg!(") || line.contains("cfg_attr("))
                || byte_order
            {
                continue;
            }
            while lines
                .peek()
                .is_some_and(|next| next.trim_start().starts_with("#["))
            {
                lines.next();
            }
            let next = lines.peek().map_or("", |next| next.trim_start());
            let declares = ["mod ", "pub mod ", "pub(crate) mod ", "pub(super) mod "]
                .iter()
                .any(|start| next.starts_with(start));
            assert!(
                declares && next.ends_with(';'),
                "{}: {line} before {next}",
                source.name
            );
        }
    }
}

#[test]
fn each_package_is_named_in_few_modules() {
    let sources = sources();
    for source in &sources {
        for (package, modules) in PACKAGES {
            let names = format!("{package}::");
            let mut at = source.code.match_indices(&names);
            let named =
                at.any(|(at, _)| !source.code[..at].ends_with(|ch| is_word(ch) || ch == ':'));
            let allowed = modules.iter().any(|module| source.is_within(module));
            assert!(!named || allowed, "{} names {package}", source.name);
        }
    }
    // And no package is missing in the table.
    let manifest = include_str!("../Cargo.toml");
    let mut within = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            within = line.ends_with("dependencies]") && !line.contains("dev-");
            continue;
        }
        if let Some((name, _)) = line.split_once(" = ").filter(|_| within) {
            let name = name.replace('-', "_");
            assert!(
                PACKAGES.iter().any(|(package, _)| *package == name),
                "{name} is not listed"
            );
        }
    }
}

/// The reader of sources itself, so that the tests above can fail.
#[test]
fn imports_are_seen() {
    let code = "use crate::cli::run;\nuse crate::{batch::Frames, now::{Now, At}, sys};\n\
                let x = crate::wire::json::encode(); mycrate::no(); $crate::diag!();";
    let found: Vec<String> = imports(code).into_iter().collect();
    assert_eq!(found, ["batch", "cli", "diag", "now", "sys", "wire"]);
    let text = "a\n// crate::cli\n#[cfg(test)]\nmod tests {\n    b\n}\nc\n#[cfg(test)]\nuse d;\ne";
    assert_eq!(without_tests(text), "a\nc\ne\n");
}
