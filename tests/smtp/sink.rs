//! Postfix's smtp-sink: another implementation, and one that is fast.

use std::process::Stdio;

use crate::support::{Process, free_port, until};
use crate::trials::{Lh, able, folder, records, records::told};

/// smtp-sink with these options; the mails that it gets are appended to a file
/// of the folder.
fn sink(folder: &std::path::Path, options: &str) -> (Process, u16) {
    let port = free_port();
    let mut command = Process::command("/usr/sbin/smtp-sink");
    // Without this, it wants to change who it is.
    command.args(["-u", "root"]);
    let child = command
        .args(options.split_whitespace())
        .args(["-D", "mails"])
        .arg(format!("127.0.0.1:{port}"))
        .arg("100")
        .current_dir(folder)
        .stdout(Stdio::null())
        .spawn()
        .expect("smtp-sink");
    let process = Process(child);
    until("it listens", || process.has_port("tcp", port), String::new);
    (process, port)
}

fn options(port: u16) -> String {
    format!("smtp --host 127.0.0.1:{port} --from cron@x.test --to ops@x.test --drain-timeout 3s")
}

fn mails(folder: &std::path::Path) -> String {
    std::fs::read_to_string(folder.join("mails")).unwrap_or_default()
}

#[test]
fn every_record_is_a_mail_on_one_connection() {
    if !able(&["smtp-sink", "root"]) {
        return;
    }
    for pipelining in ["", "-p"] {
        let folder = folder();
        let (_process, port) = sink(folder.path(), pipelining);
        Lh::new(&options(port)).feed(records(1..=500)).expect(0);
        let all = mails(folder.path());
        for number in 1..=500 {
            let record = String::from_utf8(records(number..=number)).unwrap();
            assert!(all.contains(&format!("\n{record}")), "{record}");
        }
        assert_eq!(all.matches("\nMessage-ID: <").count(), 500);
    }
}

#[test]
fn what_it_refuses_is_lost_and_what_it_delays_is_not() {
    if !able(&["smtp-sink", "root"]) {
        return;
    }
    // -f: 5xx; -r: 4xx; -q: the connection ends; each for that command.
    for (behaviour, reason, lost) in [
        ("-f MAIL", "Error: command failed", 3),
        ("-f RCPT", "Error: command failed", 3),
        ("-f DATA", "Error: command failed", 3),
        ("-f .", "Error: command failed", 3),
        ("-r MAIL", "Error: command failed", 3),
        ("-r .", "Error: command failed", 3),
        ("-q RCPT", "closed the connection without an answer", 3),
        ("-Q DATA", "421", 3),
    ] {
        let folder = folder();
        let (_process, port) = sink(folder.path(), behaviour);
        let outcome = Lh::new(&options(port)).feed("one\ntwo\nthree\n").expect(1);
        let stderr = &outcome.stderr;
        assert!(stderr.contains(reason), "{behaviour}: {stderr}");
        assert_eq!(
            told(stderr, "records were not delivered"),
            lost,
            "{behaviour}: {stderr}"
        );
        // What is refused for good is dropped at once; the rest stays in a spool.
        let spool = folder.path().join("spool");
        let options = format!("{} --spool {}", options(port), spool.display());
        let status = if behaviour.starts_with("-f") { 1 } else { 0 };
        Lh::new(&options).feed("one\n").expect(status);
    }
}
