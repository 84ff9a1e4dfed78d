//! The labelled lines: each template of `formats.txt` with each message of
//! `messages.txt`, and the real logs, whose truth is a strict pattern of the
//! format and nothing of the detector's.

use std::path::Path;

use lh::level::Level;
use regex::bytes::Regex;

/// One line and the level that it truly has.
pub struct Line {
    pub text: Vec<u8>,
    pub truth: Option<Level>,
}

/// The lines of one format.
pub struct Format {
    pub name: String,
    pub lines: Vec<Line>,
}

/// The sections of a file: `# HEAD` and the lines below it.
fn sections(text: &'static str) -> Vec<(&'static str, Vec<&'static str>)> {
    let mut sections: Vec<(_, Vec<_>)> = Vec::new();
    for line in text.lines() {
        match line.strip_prefix("# ") {
            Some(head) => sections.push((head, Vec::new())),
            None => sections.last_mut().unwrap().1.push(line),
        }
    }
    sections
}

/// The formats that the project makes itself.
pub fn made() -> Vec<Format> {
    let messages = sections(include_str!("messages.txt"));
    let format = |(head, templates): (&str, Vec<&str>)| {
        let (name, set) = head.split_once(" < ").unwrap();
        let (_, messages) = messages.iter().find(|(name, _)| *name == set).unwrap();
        let mut lines = Vec::new();
        for template in templates {
            let (truth, template) = template.split_once(" | ").unwrap();
            let truth = (truth != "-").then(|| truth.parse().unwrap());
            let template = template.replace("\\e", "\u{1b}").replace("\\t", "\t");
            for message in messages {
                let quoted = message.replace('\\', "\\\\").replace('"', "\\\"");
                let text = template.replace("{quoted}", &quoted);
                let text = text.replace("{}", message).into_bytes();
                lines.push(Line { text, truth });
            }
        }
        let name = name.to_owned();
        Format { name, lines }
    };
    let formats = sections(include_str!("formats.txt"));
    formats.into_iter().map(format).collect()
}

/// The real logs: the file, and the pattern of a line whose first group is
/// the level, where the format has one.
const REAL: [(&str, Option<&str>); 4] = [
    (
        "Apache_2k.log",
        Some(r"^\[\w{3} \w{3} \d\d \d\d:\d\d:\d\d \d{4}\] \[(error|notice)\] "),
    ),
    (
        "Zookeeper_2k.log",
        Some(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - (INFO|WARN|ERROR) +\["),
    ),
    ("Linux_2k.log", None),
    ("OpenSSH_2k.log", None),
];

/// The name that a real log has in the table.
fn title(file: &str) -> String {
    format!("`{file}`")
}

/// Whether a row of the table is that of a real log.
pub fn is_real(name: &str) -> bool {
    REAL.iter().any(|(file, _)| title(file) == name)
}

/// The real logs in `folder`.
pub fn real(folder: &Path) -> Vec<Format> {
    let format = |(file, pattern): (&str, Option<&str>)| {
        let text = std::fs::read(folder.join(file)).unwrap();
        let pattern = pattern.map(|pattern| Regex::new(pattern).unwrap());
        let mut lines = Vec::new();
        for line in text.split_inclusive(|&b| b == b'\n') {
            let line = line.trim_ascii_end();
            let truth = pattern.as_ref().map(|pattern| {
                let groups = pattern.captures(line).expect("a line of this format");
                Level::from_name(&groups[1]).unwrap()
            });
            let text = line.to_vec();
            lines.push(Line { text, truth });
        }
        let name = title(file);
        Format { name, lines }
    };
    REAL.into_iter().map(format).collect()
}
