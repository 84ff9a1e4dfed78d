//! The command line: what is refused, and with which words.

use crate::trials::{Lh, folder};

#[test]
fn mistakes_are_told_before_anything_is_read() {
    let cases = [
        (
            "eventlog --log Application",
            "--log is for the event log of Windows",
        ),
        (
            "eventlog --dll x.dll",
            "--dll is for the event log of Windows",
        ),
        (
            "eventlog --event-id 7",
            "--event-id is for the event log of Windows",
        ),
        (
            "eventlog --category 7",
            "--category is for the event log of Windows",
        ),
        ("eventlog --message-id abc", "no message ID"),
        ("eventlog -p nobody.err", "unknown facility"),
        ("eventlog --facility user -p user", "cannot be used with"),
        ("eventlog -f raw", "--format: raw is not possible here"),
        ("eventlog --terminator x", "--terminator has no effect"),
        ("eventlog --on-error prune", "--on-error prune"),
        ("eventlog --datefmt %Y", "--datefmt has no effect"),
    ];
    for (args, words) in cases {
        let outcome = Lh::new(args).feed("x\n").expect(2);
        assert!(outcome.stderr.contains(words), "{args}: {}", outcome.stderr);
    }
}

/// Trial 11: there is none, as in a container.
#[test]
fn a_missing_socket_is_told_with_what_to_do() {
    let folder = folder();
    let missing = folder.path().join("nothing");
    let given = format!(
        "eventlog --drain-timeout 200ms --socket {}",
        missing.display()
    );
    let outcome = Lh::new(&given).feed("x\n").expect(1);
    for words in [
        &*missing.display().to_string(),
        "No such file or directory",
        "is systemd-journald running here?",
        "lh syslog",
        "lh stream",
        "1 records were not delivered",
    ] {
        assert!(
            outcome.stderr.contains(words),
            "{words}: {}",
            outcome.stderr
        );
    }
    assert!(outcome.lines() <= 3, "{}", outcome.stderr);
}

#[test]
fn help_has_the_mapping() {
    let outcome = Lh::new("eventlog --help").read_stdout().feed("").expect(0);
    let help = String::from_utf8_lossy(&outcome.stdout).into_owned();
    for word in [
        "SYSLOG_IDENTIFIER",
        "CODE_FILE",
        "HTTP_STATUS",
        "Examples:",
        "--socket",
    ] {
        assert!(help.contains(word), "{word}: {help}");
    }
    assert!(!help.contains("--event-id"), "{help}");
}
