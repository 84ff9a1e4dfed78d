//! What users of `logger --journald` and `systemd-cat` are used to.

use crate::support::{Journald, able_journald};
use crate::trials::{able, folder};

/// The same fields make the same entry.
#[test]
fn like_logger() {
    if !able_journald() || !able(&["logger"]) {
        return;
    }
    let folder = folder();
    let journald = Journald::start(folder.path());
    let fields = "MESSAGE=it failed\\nPRIORITY=3\\nSYSLOG_FACILITY=1\\nSYSLOG_IDENTIFIER=shop\\n\
                  CODE_FILE=a.c\\nDEPLOY=7\\n";
    let sent = journald.sh(&format!("printf '{fields}' | logger --journald"));
    sent.expect("logger");
    journald
        .lh("-i json eventlog -t shop")
        .feed(r#"{"msg":"it failed","level":"error","code_file":"a.c","deploy":7}"#)
        .expect(0);
    let entries = journald.wait(&["SYSLOG_IDENTIFIER=shop"], 2);
    let (theirs, ours) = (&entries[0], &entries[1]);
    let mut names = theirs.names();
    for name in &names {
        assert_eq!(ours.text(name), theirs.text(name), "{name}");
    }
    names.push("SYSLOG_TIMESTAMP");
    names.sort_unstable();
    assert_eq!(ours.names(), names);
}

/// `systemd-cat -t NAME -p LEVEL COMMAND`, whose lines may begin with a level;
/// `lh` leaves that in the message.
#[test]
fn like_systemd_cat() {
    if !able_journald() || !able(&["systemd-cat"]) {
        return;
    }
    let folder = folder();
    let journald = Journald::start(folder.path());
    let script = "echo plain; echo '<3>bad'";
    let sent = journald.sh(&format!(
        "systemd-cat -t shop -p notice sh -c \"{script}\"; journalctl --sync"
    ));
    sent.expect("systemd-cat");
    journald
        .lh("--level notice --detect-level eventlog -t shop -- sh -c")
        .arg(script)
        .spawn()
        .end()
        .expect(0);
    let ours = journald.wait(&["SYSLOG_IDENTIFIER=shop"], 2);
    let theirs =
        journald.sh("journalctl -o cat _TRANSPORT=stdout -t shop --output-fields=PRIORITY,MESSAGE");
    let theirs = theirs.expect("journalctl");
    let lines = |entries: &[crate::support::Entry]| -> String {
        let mut lines = entries
            .iter()
            .map(|entry| format!("{} {}\n", entry.text("PRIORITY"), entry.text("MESSAGE")))
            .collect::<Vec<_>>();
        lines.sort();
        lines.concat()
    };
    assert_eq!(lines(&ours), "3 <3>bad\n5 plain\n", "beside {theirs}");
    for word in ["plain", "bad", "3", "5"] {
        assert!(theirs.contains(word), "{theirs}");
    }
}
