//! The text exposition format of Prometheus, version 0.0.4
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>).
//!
//! Names follow its conventions: base units, and `_total` behind counters. No
//! sample has a time of its own: node_exporter refuses files with such.

use std::fmt::{self, Display, Write as _};

use crate::figures::{HandlerFigures, InputFigures, Report};
use crate::now::Timestamp;

/// What there is to tell of a run beside its figures.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The value of the label `run`. Several processes may leave their files in
    /// one directory, and to its collector a series that stands in two of them
    /// is an error; so each series bears the name of its file.
    pub name: &'a str,
    /// When it began.
    pub start: Timestamp,
    /// Whether it goes on: a file that is no longer replaced is that of a run
    /// that has ended, or of one that was killed.
    pub running: bool,
}

/// Where in a set of figures a number stands.
type Figure<F> = fn(&F) -> u64;

/// A family of metrics: its name, its type, what it means, and its figure.
type Family<F> = (&'static str, &'static str, &'static str, Figure<F>);

const INPUT: &[Family<InputFigures>] = &[
    (
        "lh_input_records_total",
        "counter",
        "Records made of the input.",
        |f| f.records,
    ),
    ("lh_input_bytes_total", "counter", "Bytes read.", |f| {
        f.bytes
    }),
    (
        "lh_input_malformed_lines_total",
        "counter",
        "Lines that were no JSON objects where all should be.",
        |f| f.malformed,
    ),
    (
        "lh_input_joined_lines_total",
        "counter",
        "Lines that became part of the record before.",
        |f| f.joined,
    ),
    (
        "lh_input_masked_total",
        "counter",
        "Places that were replaced by --mask.",
        |f| f.masked,
    ),
    (
        "lh_input_repeated_records_total",
        "counter",
        "Records that repeat the one before and were summed up.",
        |f| f.repeats,
    ),
    (
        "lh_listen_connections_total",
        "counter",
        "Connections that were let in.",
        |f| f.connections,
    ),
    (
        "lh_listen_refused_total",
        "counter",
        "Connections and messages that were refused.",
        |f| f.refused,
    ),
    (
        "lh_listen_duplicate_records_total",
        "counter",
        "Records that were sent again and had been accepted.",
        |f| f.duplicates,
    ),
    (
        "lh_listen_unread_datagrams_total",
        "counter",
        "Datagrams that the system had no room for.",
        |f| f.unread,
    ),
];

/// What becomes of lines that are too long, as values of a label.
const OVERSIZE: &[(&str, Figure<InputFigures>)] = &[
    ("split", |f| f.split),
    ("truncate", |f| f.truncated),
    ("drop", |f| f.dropped),
];

const HANDLER: &[Family<HandlerFigures>] = &[
    (
        "lh_handler_received_records_total",
        "counter",
        "Records that came to the handler, before its filter.",
        |f| f.received,
    ),
    (
        "lh_handler_filtered_records_total",
        "counter",
        "Records left out by the handler's level and filters.",
        |f| f.filtered,
    ),
    (
        "lh_handler_delivered_records_total",
        "counter",
        "Records that the handler has taken.",
        |f| f.delivered,
    ),
    (
        "lh_handler_delivered_bytes_total",
        "counter",
        "Bytes of the records that the handler has taken, as rendered.",
        |f| f.bytes,
    ),
    (
        "lh_handler_dropped_records_total",
        "counter",
        "Records given up: they are lost.",
        |f| f.dropped,
    ),
    (
        "lh_handler_forgotten_records_total",
        "counter",
        "Records that a buffer forgot, as it was asked to.",
        |f| f.forgotten,
    ),
    (
        "lh_handler_waiting_records",
        "gauge",
        "Records that wait in a buffer or a queue.",
        |f| f.waiting,
    ),
    (
        "lh_handler_spooled_records",
        "gauge",
        "Records that are on the disk and wait to be sent.",
        |f| f.spooled,
    ),
    (
        "lh_handler_rollovers_total",
        "counter",
        "Rollovers made.",
        |f| f.rollovers,
    ),
    (
        "lh_handler_errors_total",
        "counter",
        "Deliveries that failed, those that were tried again included.",
        |f| f.errors,
    ),
];

/// The whole text. `last_errors` has for each handler when it failed last, 0
/// where it never did.
pub fn exposition(report: &Report, run: &Run<'_>, last_errors: &[Timestamp]) -> String {
    let mut out = String::with_capacity(4096 + 1024 * report.handlers.len());
    let common = format!("run=\"{}\"", Escaped(run.name));
    let version = format!("{common},version=\"{}\"", env!("CARGO_PKG_VERSION"));
    family("lh_build_info", "gauge", "The version of lh.", &mut out);
    sample("lh_build_info", &version, 1, &mut out);
    let about = "When the run began, since the epoch.";
    family("lh_start_time_seconds", "gauge", about, &mut out);
    let start = Seconds(run.start);
    sample("lh_start_time_seconds", &common, start, &mut out);
    let about = "1 while the run goes on, 0 once it has ended.";
    family("lh_running", "gauge", about, &mut out);
    sample("lh_running", &common, u8::from(run.running), &mut out);

    for (name, kind, about, figure) in INPUT {
        family(name, kind, about, &mut out);
        sample(name, &common, figure(&report.input), &mut out);
    }
    let name = "lh_input_oversize_lines_total";
    let about = "Lines that were too long, by what became of them.";
    family(name, "counter", about, &mut out);
    for (policy, figure) in OVERSIZE {
        let labels = format!("{common},policy=\"{policy}\"");
        sample(name, &labels, figure(&report.input), &mut out);
    }

    if report.handlers.is_empty() {
        return out;
    }
    let labels = labels(&common, &report.handlers);
    for (name, kind, about, figure) in HANDLER {
        family(name, kind, about, &mut out);
        for (handler, labels) in report.handlers.iter().zip(&labels) {
            sample(name, labels, figure(handler), &mut out);
        }
    }
    let name = "lh_handler_last_error_timestamp_seconds";
    let about = "When a failed delivery was last seen, since the epoch; 0 for never.";
    family(name, "gauge", about, &mut out);
    for (time, labels) in last_errors.iter().zip(&labels) {
        sample(name, labels, Seconds(*time), &mut out);
    }
    // For people. As the value of a label, each new text would be a new series
    // that is kept for ever; in a comment it costs nothing.
    for (handler, labels) in report.handlers.iter().zip(&labels) {
        if let Some(reason) = &handler.last_error {
            let _ = writeln!(out, "# last error of {{{labels}}}: {}", Escaped(reason));
        }
    }
    out
}

/// The labels of each handler, no two alike: where handler and target are, the
/// place in the chain, from 1, tells them apart.
fn labels(common: &str, handlers: &[HandlerFigures]) -> Vec<String> {
    let same = |a: &HandlerFigures, b: &HandlerFigures| {
        a.handler == b.handler && Escaped(&a.target).to_string() == Escaped(&b.target).to_string()
    };
    let of = |(at, this): (usize, &HandlerFigures)| {
        let target = Escaped(&this.target);
        let mut labels = format!("{common},handler=\"{}\",target=\"{target}\"", this.handler);
        if handlers.iter().filter(|other| same(this, other)).count() > 1 {
            let _ = write!(labels, ",index=\"{}\"", at + 1);
        }
        labels
    };
    handlers.iter().enumerate().map(of).collect()
}

// Writing to a string cannot fail.

fn family(name: &str, kind: &str, about: &str, out: &mut String) {
    let _ = writeln!(out, "# HELP {name} {about}\n# TYPE {name} {kind}");
}

fn sample(name: &str, labels: &str, value: impl Display, out: &mut String) {
    let _ = writeln!(out, "{name}{{{labels}}} {value}");
}

/// A value of a label. The format escapes backslash, quote and newline, and
/// takes all else as it is; other control characters are shown as their
/// numbers, because readers differ in what ends a line, and terminals obey.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ch in self.0.chars() {
            match ch {
                '\\' => f.write_str("\\\\")?,
                '"' => f.write_str("\\\"")?,
                '\n' => f.write_str("\\n")?,
                // Python reads those two as line ends, too.
                ch if ch.is_control() || matches!(ch, '\u{2028}' | '\u{2029}') => {
                    write!(f, "\\\\u{:04x}", u32::from(ch))?;
                }
                ch => f.write_char(ch)?,
            }
        }
        Ok(())
    }
}

/// Seconds since the epoch, with milliseconds.
struct Seconds(Timestamp);

impl Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Seconds(time) = self;
        if time.0 < 0 {
            // A clock before 1970 is wrong anyway.
            return f.write_str("0.000");
        }
        write!(f, "{}.{:03}", time.secs(), time.subsec_nanos() / 1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::report;
    use super::*;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    const RUN: Run<'_> = Run {
        name: "web",
        start: Timestamp(1_763_877_568_123_456_789),
        running: true,
    };

    fn text(report: &Report) -> String {
        let times = vec![Timestamp(0); report.handlers.len()];
        exposition(report, &RUN, &times)
    }

    /// A reader of the format, written after its page and not after the writer:
    /// series to value. It panics at whatever the page does not allow.
    fn read(text: &str) -> BTreeMap<String, f64> {
        let mut series = BTreeMap::new();
        let mut types: BTreeMap<String, String> = BTreeMap::new();
        let mut done = BTreeSet::new();
        let mut current = String::new();
        assert!(text.ends_with('\n'), "the last line must be ended");
        for line in text.split_terminator('\n') {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, about) = rest.split_once(' ').expect("a help text");
                assert!(!about.is_empty() && !about.contains('\\'));
                assert!(done.insert(name.to_owned()), "{name} stands twice");
                current = name.to_owned();
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').expect("a type");
                assert!(["counter", "gauge"].contains(&kind));
                assert_eq!(name.ends_with("_total"), kind == "counter", "{name}");
                assert_eq!(name, current, "the help comes before the type");
                assert!(types.insert(name.to_owned(), kind.to_owned()).is_none());
            } else if line.starts_with('#') {
                assert!(line.starts_with("# last error of "), "{line}");
            } else {
                let end = line.find('{').expect("labels");
                assert_eq!(&line[..end], current, "samples stand with their family");
                let (labels, rest) = read_labels(&line[end + 1..]);
                let value = rest.strip_prefix(' ').expect("a space").parse();
                let key = format!("{} {labels:?}", &line[..end]);
                let before = series.insert(key.clone(), value.expect("a number"));
                assert!(before.is_none(), "{key} stands twice");
            }
        }
        assert_eq!(types.len(), done.len());
        series
    }

    fn read_labels(mut rest: &str) -> (BTreeMap<String, String>, &str) {
        let mut labels = BTreeMap::new();
        loop {
            let (name, behind) = rest.split_once("=\"").expect("a value");
            let mut value = String::new();
            let mut chars = behind.char_indices();
            let end = loop {
                match chars.next().expect("a closing quote") {
                    (at, '"') => break at,
                    (_, '\\') => value.push(match chars.next() {
                        Some((_, 'n')) => '\n',
                        Some((_, ch @ ('"' | '\\'))) => ch,
                        other => panic!("an escape that is none: {other:?}"),
                    }),
                    (_, ch) => value.push(ch),
                }
            };
            assert!(labels.insert(name.to_owned(), value).is_none(), "{name}");
            rest = &behind[end + 1..];
            match rest.strip_prefix(',') {
                Some(more) => rest = more,
                None => return (labels, rest.strip_prefix('}').expect("an end")),
            }
        }
    }

    /// The names and values that dashboards rely on.
    #[test]
    fn every_figure_has_its_series() {
        let mut report = report();
        report.handlers.truncate(1);
        let text = exposition(&report, &RUN, &[Timestamp(1_763_877_600_000_000_000)]);
        let samples: Vec<&str> = text.lines().filter(|l| !l.starts_with('#')).collect();
        let version = env!("CARGO_PKG_VERSION");
        let build = format!("lh_build_info{{run=\"web\",version=\"{version}\"}} 1");
        let handler = "run=\"web\",handler=\"file\",target=\"app.log\"";
        let of_handler =
            |name: &str, value: &str| format!("lh_handler_{name}{{{handler}}} {value}");
        let expected = [
            build,
            "lh_start_time_seconds{run=\"web\"} 1763877568.123".into(),
            "lh_running{run=\"web\"} 1".into(),
            "lh_input_records_total{run=\"web\"} 1234567".into(),
            "lh_input_bytes_total{run=\"web\"} 123456789".into(),
            "lh_input_malformed_lines_total{run=\"web\"} 11".into(),
            "lh_input_joined_lines_total{run=\"web\"} 15".into(),
            "lh_input_masked_total{run=\"web\"} 16".into(),
            "lh_input_repeated_records_total{run=\"web\"} 17".into(),
            "lh_listen_connections_total{run=\"web\"} 18".into(),
            "lh_listen_refused_total{run=\"web\"} 19".into(),
            "lh_listen_duplicate_records_total{run=\"web\"} 20".into(),
            "lh_listen_unread_datagrams_total{run=\"web\"} 21".into(),
            "lh_input_oversize_lines_total{run=\"web\",policy=\"split\"} 12".into(),
            "lh_input_oversize_lines_total{run=\"web\",policy=\"truncate\"} 13".into(),
            "lh_input_oversize_lines_total{run=\"web\",policy=\"drop\"} 14".into(),
            of_handler("received_records_total", "100"),
            of_handler("filtered_records_total", "101"),
            of_handler("delivered_records_total", "102"),
            of_handler("delivered_bytes_total", "103"),
            of_handler("dropped_records_total", "104"),
            of_handler("forgotten_records_total", "105"),
            of_handler("waiting_records", "106"),
            of_handler("spooled_records", "107"),
            of_handler("rollovers_total", "108"),
            of_handler("errors_total", "0"),
            of_handler("last_error_timestamp_seconds", "1763877600.000"),
        ];
        assert_eq!(samples, expected);
        assert_eq!(read(&text).len(), expected.len());
    }

    #[test]
    fn the_last_error_is_there_for_people_and_is_no_series() {
        let text = text(&report());
        let line = "# last error of {run=\"web\",handler=\"syslog\",target=\"logs.example:514\"}: \
                    cannot send: \\\"refused\\\"\\nlast line\n";
        assert!(text.contains(line), "{text}");
        read(&text);
    }

    #[test]
    fn equal_handlers_are_told_apart() {
        let mut report = report();
        let first = report.handlers[0].clone();
        report.handlers.push(first);
        let text = text(&report);
        let series = read(&text);
        let name = "lh_handler_delivered_records_total";
        for labels in [
            "handler=\"file\",target=\"app.log\",index=\"1\"",
            "handler=\"syslog\",target=\"logs.example:514\"",
            "handler=\"file\",target=\"app.log\",index=\"3\"",
        ] {
            assert!(
                text.contains(&format!("{name}{{run=\"web\",{labels}}} ")),
                "{text}"
            );
        }
        assert_eq!(series.keys().filter(|key| key.starts_with(name)).count(), 3);
    }

    #[test]
    fn a_chain_of_nothing_has_no_families_of_handlers() {
        let mut report = report();
        report.handlers.clear();
        assert!(!text(&report).contains("lh_handler"));
        read(&text(&report));
    }

    /// What Prometheus itself says of a text with everything awkward in it.
    #[test]
    fn promtool_finds_nothing_wrong() {
        let mut report = report();
        report.handlers[0].target = "a \"b\" \\ c\nd\r\u{1b}[31m\u{2028}é.log".to_owned();
        let twin = report.handlers[0].clone();
        report.handlers.push(twin);
        report.handlers[0].bytes = u64::MAX;
        let child = Command::new("promtool")
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let Ok(mut child) = child else {
            println!("skipped: promtool is not installed");
            let required = std::env::var("LH_REQUIRE_PEERS").is_ok_and(|value| value == "1");
            assert!(
                !required,
                "LH_REQUIRE_PEERS=1, and promtool is not installed"
            );
            return;
        };
        let mut pipe = child.stdin.take().unwrap();
        pipe.write_all(text(&report).as_bytes()).unwrap();
        drop(pipe);
        let ended = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&ended.stdout) + String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success() && said.is_empty(), "{said}");
    }

    proptest! {
        /// A target is a path, so any text; an error's text may quote a peer.
        #[test]
        fn any_text_is_kept_within_its_quotes(
            target in any::<String>(),
            other in "[\"\\\\\n{},= a]{0,12}",
            reason in any::<String>(),
        ) {
            let mut report = report();
            report.handlers[0].target.clone_from(&target);
            report.handlers[1].target.clone_from(&other);
            report.handlers[0].last_error = Some(reason);
            let text = text(&report);
            prop_assert!(!text.chars().any(|ch| ch.is_control() && ch != '\n'));
            let series = read(&text);
            prop_assert_eq!(series.len(), 38);
            if !target.chars().any(|ch| ch.is_control() || ch == '\u{2028}' || ch == '\u{2029}') {
                let quoted = format!("\"target\": {target:?}");
                prop_assert!(series.keys().any(|key| key.contains(&quoted)), "{}", quoted);
            }
        }
    }
}
