//! Traces typed in from documentation and reports: languages that need not be
//! here, and other versions of those that are.
//!
//! A file holds one family; each `%%` line names a trace, which is one record.

use crate::support::{grouped, ungrouped};

const FILES: [(&str, &str); 6] = [
    ("dotnet", include_str!("samples/dotnet.txt")),
    ("go", include_str!("samples/go.txt")),
    ("java", include_str!("samples/java.txt")),
    ("node", include_str!("samples/node.txt")),
    ("python", include_str!("samples/python.txt")),
    ("rust", include_str!("samples/rust.txt")),
];

/// All samples, with their names.
fn samples() -> Vec<(String, String)> {
    let mut samples = Vec::new();
    for (file, text) in FILES {
        for section in text.split("%% ").filter(|section| !section.is_empty()) {
            let (name, trace) = section.split_once('\n').expect("a name");
            samples.push((format!("{file}: {name}"), trace.to_owned()));
        }
    }
    assert!(samples.len() > 50, "the samples were not found");
    samples
}

/// Lines that have nothing to do with the traces between them.
const ORDINARY: [&str; 8] = [
    "2024-03-05 10:11:12,345 INFO app: before\n",
    "10.0.0.1 - - [05/Mar/2024:10:11:12 +0000] \"GET /at HTTP/1.1\" 500 1\n",
    "Mar  5 10:11:12 host app[1]: Exception handling is done\n",
    "{\"level\":\"error\",\"msg\":\"an error\",\"stack\":\"Error: x\\n    at f\"}\n",
    "plain words without a level\n",
    "Note: plain words\n",
    "exit status 2\n",
    "done\n",
];

#[test]
fn each_is_one_record_and_lines_around_it_are_their_own() {
    for (name, trace) in samples() {
        for around in ORDINARY {
            let records = grouped(&format!("{around}{trace}{around}"));
            let want = [(around, false), (&*trace, true), (around, false)];
            let want = want.map(|(text, trace)| (text.to_owned(), trace));
            assert_eq!(records, want, "{name}");
        }
    }
}

/// Nothing of a trace leaks into the next, even without a line between them.
#[test]
fn one_after_the_other() {
    let samples = samples();
    for (first, one) in &samples {
        for (second, other) in &samples {
            let between = "2024-03-05 10:11:12 INFO between\n";
            let records = grouped(&format!("{one}{between}{other}"));
            let texts: Vec<&str> = records.iter().map(|(text, _)| &**text).collect();
            assert_eq!(texts, [one, between, other], "{first}, then {second}");
            // Indented lines continue a message of Python's.
            if first.starts_with("python") && second.ends_with("a syntax error") {
                continue;
            }
            let records = grouped(&format!("{one}{other}"));
            let texts: Vec<&str> = records.iter().map(|(text, _)| &**text).collect();
            assert_eq!(texts, [one, other], "{first}, and at once {second}");
        }
    }
}

#[test]
fn lines_of_windows_end_otherwise() {
    for (name, trace) in samples() {
        let trace = trace.replace('\n', "\r\n");
        let records = grouped(&format!("before\r\n{trace}after\r\n"));
        let texts: Vec<&str> = records.iter().map(|(text, _)| &**text).collect();
        assert_eq!(texts, ["before\r\n", &*trace, "after\r\n"], "{name}");
    }
}

/// A line of the log that says WARNING or more is the head of what follows;
/// any other is a record of its own.
#[test]
fn the_head_is_the_line_that_says_how_bad_it_is() {
    for (name, trace) in samples() {
        let first = trace.lines().next().expect("a line");
        // Where the sample brings its own head, there is no question.
        let own = [
            "ERROR",
            "WARN",
            "SEVERE",
            "panic serving",
            "error: ",
            "2024",
        ];
        if own.iter().any(|word| first.contains(word)) && !first.contains("PSQL") {
            continue;
        }
        for head in ["2024-03-05 10:11:12 ERROR app: failed\n", "WARN x\n"] {
            let text = format!("{head}{trace}");
            // A frame right behind it makes any line the head of its own.
            let alone = first.starts_with("\"main\"") || first.starts_with("(node:");
            if !alone && !first.contains("SocketException") {
                assert_eq!(grouped(&text), [(text.clone(), true)], "{name}");
            }
        }
        for head in ["2024-03-05 10:11:12 INFO app: failed\n", "failed\n"] {
            let want = [(head.to_owned(), false), (trace.clone(), true)];
            assert_eq!(grouped(&format!("{head}{trace}")), want, "{name}");
        }
    }
}

#[test]
fn ordinary_lines_are_never_joined() {
    let text = ORDINARY.concat() + include_str!("samples/ordinary.log");
    let lines: Vec<(String, bool)> = text
        .split_inclusive('\n')
        .map(|line| (line.to_owned(), false))
        .collect();
    assert_eq!(grouped(&text), lines);
    assert_eq!(ungrouped(&text), 0);
}
