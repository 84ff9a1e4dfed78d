//! Who is compared, and how each is asked for the same job: files of 10 MiB, five of them kept.

use crate::run::Side;
use crate::verify::Output;

const FILE: usize = 10 << 20;

pub struct Peer {
    pub name: &'static str,
    /// The Debian package, for the line with the versions.
    pub package: &'static str,
    pub side: Side,
    pub output: Output,
    /// The ratio of wall clocks that lh is held to; None is for information.
    pub held: Option<f64>,
}

/// What `lh rotate --max-bytes 10M --backups 5 app.log` leaves: never a file of 10 MiB or more.
pub const LH_OUTPUT: Output = Output::Rotated {
    folder: "",
    names: &[],
    least: 5 * (FILE - 1024),
    limit: FILE - 1,
    count: 6,
};

pub const PACKAGES: [&str; 11] = [
    "apache2-utils",
    "coreutils",
    "s6",
    "runit",
    "daemontools",
    "cronolog",
    "jq",
    "bsdutils",
    "rsyslog",
    "curl",
    "python3",
];

/// Plain lines to rotated files. multilog takes `s` up to 16777215 and s6-log up to 268435455, so
/// 10 MiB needs no adjusting. What they do beside it, and lh is not asked for: multilog, svlogd and
/// s6-log fsync each file that is full; rotatelogs splits lines; tee and cronolog never rotate.
pub fn raw() -> Vec<Peer> {
    vec![
        Peer {
            name: "rotatelogs",
            package: "apache2-utils",
            side: Side::new("rotatelogs", &["-n", "5", "app.log", "10M"]),
            // Looks at the size before each write of up to 64 KiB, and counts the current file as one of five.
            output: Output::Rotated {
                folder: "",
                names: &["app.log"],
                least: 4 * FILE,
                limit: FILE + (64 << 10),
                count: 5,
            },
            held: Some(1.05),
        },
        Peer {
            name: "tee",
            package: "coreutils",
            side: Side::new("tee", &["app.log"]),
            output: Output::Whole("app.log"),
            held: Some(1.05),
        },
        Peer {
            name: "s6-log",
            package: "s6",
            side: Side::new("s6-log", &["-b", "n5", "s10485760", "./logs"]),
            output: S6,
            held: Some(0.2),
        },
        Peer {
            name: "svlogd",
            package: "runit",
            side: Side::new("svlogd", &["./logs"]).seed("logs/config", "s10485760\nn5\n"),
            output: DIRECTORY,
            held: Some(0.1),
        },
        Peer {
            name: "multilog",
            package: "daemontools",
            side: Side::new("multilog", &["s10485760", "n5", "./logs"]),
            output: DIRECTORY,
            held: Some(0.1),
        },
        Peer {
            name: "cronolog",
            package: "cronolog",
            // It rotates by time only; a constant template is one file.
            side: Side::new("cronolog", &["app.log"]).status(3),
            output: Output::Whole("app.log"),
            held: None,
        },
    ]
}

/// A timestamp in front of each line.
pub fn timestamp() -> Vec<Peer> {
    vec![Peer {
        name: "s6-log T",
        package: "s6",
        side: Side::new("s6-log", &["-b", "n5", "s10485760", "T", "./logs"]),
        output: S6,
        held: Some(0.33),
    }]
}

/// Only WARNING and worse: deselect all, then select what matches (extended regular expressions).
pub fn filter() -> Vec<Peer> {
    vec![Peer {
        name: "s6-log -.* +RE",
        package: "s6",
        side: Side::new(
            "s6-log",
            &[
                "-b",
                "n5",
                "s10485760",
                "-.*",
                "+ (WARNING|ERROR) ",
                "./logs",
            ],
        ),
        output: S6,
        held: Some(0.2),
    }]
}

/// JSON lines to `asctime levelname name: message`.
pub fn json() -> Vec<Peer> {
    vec![
        Peer {
            name: "python3 logging",
            package: "python3",
            side: Side::new(python(), &["-c", PYTHON, "app.log"]),
            output: Output::Whole("app.log"),
            held: Some(0.1),
        },
        Peer {
            name: "jq -r",
            package: "jq",
            side: Side::new("jq", &["-r", JQ]).stdout("app.log"),
            output: Output::Whole("app.log"),
            held: Some(0.125),
        },
    ]
}

/// s6-log looks at the size after a buffer was written, not before a line: it goes over by up to one.
const S6: Output = Output::Rotated {
    folder: "logs",
    names: &["@", "current"],
    least: 5 * (FILE - 4096),
    limit: FILE + (64 << 10),
    count: 6,
};

/// multilog's and svlogd's n5 may or may not count the file that is being written.
const DIRECTORY: Output = Output::Rotated {
    folder: "logs",
    names: &["@", "current"],
    least: 4 * (FILE - 4096),
    limit: FILE,
    count: 6,
};

/// As short as such a script gets: no handler, no flush a record. `msg` and `msecs` are what
/// makeLogRecord would not set from `message` and `created`.
const PYTHON: &str = "\
import json, logging, sys
text = logging.Formatter('%(asctime)s %(levelname)s %(name)s: %(message)s')
with open(sys.argv[1], 'w') as out:
    for line in sys.stdin:
        record = logging.makeLogRecord(json.loads(line))
        record.msg = record.message
        record.msecs = record.created % 1 * 1000
        out.write(text.format(record) + '\\n')
";

/// In UTC, which spares it the time zone; the milliseconds are what the `text` preset shows.
const JQ: &str = r#""\(.created | floor | strftime("%Y-%m-%d %H:%M:%S")),\(.created * 1000 % 1000 | tostring | "00" + . | .[-3:]) \(.levelname) \(.name): \(.message)""#;

/// The interpreter itself, not a wrapper in front of it.
fn python() -> String {
    let found = std::process::Command::new("python3")
        .args(["-c", "import sys; print(sys.executable)"])
        .output();
    let found = found
        .ok()
        .filter(|out| out.status.success())
        .map(|out| String::from_utf8_lossy(&out.stdout).trim().to_owned());
    found
        .filter(|path| !path.is_empty())
        .unwrap_or_else(|| "python3".to_owned())
}
