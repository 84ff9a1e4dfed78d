//! Many records in one mail.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::server::{Server, able, body};
use crate::trials::{Lh, folder};

/// How many records a mail says that it has.
fn count(mail: &Value) -> u64 {
    let body = body(mail);
    let first = body.split(' ').next().unwrap_or_default();
    match body.contains(" records") {
        true => first.parse().expect("a count"),
        false => 1,
    }
}

/// The example of the help.
#[test]
fn a_buffer_in_front_gives_one_mail_with_the_context() {
    if !able() {
        return;
    }
    let folder = folder();
    let server = Server::start(folder.path(), "");
    let options = format!(
        "--detect-level buffer --ring --capacity 200 --flush-level error smtp --digest 1m {}",
        server.options()
    );
    let mut input: String = (1..=1000)
        .map(|n| format!("INFO copied file {n}\n"))
        .collect();
    input.push_str("ERROR no space left on /backup\n");
    Lh::new(&options).feed(input).expect(0);
    let mails = server.accepted();
    assert_eq!(mails.len(), 1);
    assert_eq!(
        mails[0]["subject"],
        "ERROR no space left on /backup (and 200 more)"
    );
    let body = body(&mails[0]);
    assert!(body.starts_with("201 records of 2 kinds from "), "{body}");
    assert!(
        !body.contains("copied file 800\n") && body.contains("copied file 801\n"),
        "{body}"
    );
    assert_eq!(
        body.matches("copied file").count(),
        201,
        "200, and the line of their kind"
    );
    assert!(body.ends_with("ERROR no space left on /backup\n"), "{body}");
    assert!(
        body.contains("\n  1 x ERROR no space left on /backup\n"),
        "{body}"
    );
}

#[test]
fn a_storm_gives_one_mail_at_once_and_digests_after() {
    if !able() {
        return;
    }
    let folder = folder();
    let server = Server::start(folder.path(), "");
    let options = format!(
        "--level error smtp --first-now --digest 1m {}",
        server.options()
    );
    let begun = Instant::now();
    let mut running = Lh::new(&options).spawn();
    running.write(b"job 0 failed\n");
    server.wait(1);
    assert!(begun.elapsed() < Duration::from_secs(10));
    for n in 1..10_000 {
        let kind = if n % 4 == 0 { "db" } else { "job" };
        running.write(format!("{kind} {n} failed\n").as_bytes());
    }
    running.end().expect(0);
    let mails = server.accepted();
    let counts: Vec<u64> = mails.iter().map(count).collect();
    assert_eq!(counts, [1, 9_999]);
    assert_eq!(mails[0]["subject"], "ERROR: job 0 failed");
    let text = body(&mails[1]);
    assert!(text.starts_with("9999 records of 2 kinds from "), "{text}");
    assert!(text.contains("\n7500 x ERROR    job 1 failed\n"), "{text}");
    assert!(text.contains("\n2499 x ERROR    db 4 failed\n"), "{text}");
    assert!(text.ends_with("job 9999 failed\n"), "{text}");
}

#[test]
fn a_digest_comes_when_its_time_has_come() {
    if !able() {
        return;
    }
    let folder = folder();
    let server = Server::start(folder.path(), "");
    let options = format!("smtp --digest 300ms,5 {}", server.options());
    let mut running = Lh::new(&options).spawn();
    running.write(b"one\ntwo\n");
    assert_eq!(server.wait(1).iter().map(count).collect::<Vec<_>>(), [2]);
    // As many as one may have do not wait.
    running.write(b"1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n");
    running.end().expect(0);
    let counts: Vec<u64> = server.accepted().iter().map(count).collect();
    assert_eq!(counts.iter().sum::<u64>(), 13);
    assert!(
        counts.len() >= 4 && counts.iter().all(|count| *count <= 5),
        "{counts:?}"
    );
}

#[test]
fn what_exceeds_the_limit_is_folded_and_counted() {
    if !able() {
        return;
    }
    let folder = folder();
    for (digest, limit) in [("", 5), ("", 2), ("--digest 10", 3), ("--digest 60s", 10)] {
        let server = Server::start(folder.path(), "");
        let options = format!("smtp {digest} --max-per-hour {limit} {}", server.options());
        let input: String = (0..50_000).map(|n| format!("error {n}\n")).collect();
        Lh::new(&options).feed(input).expect(0);
        let mails = server.accepted();
        let counts: Vec<u64> = mails.iter().map(count).collect();
        assert!(mails.len() <= limit, "{counts:?}");
        assert_eq!(counts.iter().sum::<u64>(), 50_000, "{counts:?}");
        if mails.len() == limit {
            let last = body(mails.last().expect("a mail"));
            let told = format!("No more than {limit} mails an hour are sent: these");
            assert!(last.contains(&told), "{last}");
        }
    }
}

#[test]
fn records_can_be_attached() {
    if !able() {
        return;
    }
    let folder = folder();
    let server = Server::start(folder.path(), "");
    let options = format!(
        "smtp --attach --digest 1m -f {{message}} {}",
        server.options()
    );
    let lines: String = (0..3000).map(|n| format!("zeile {n} \u{e4}\n")).collect();
    Lh::new(&options).feed(lines.clone()).expect(0);
    let mails = server.accepted();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0]["defects"], serde_json::json!([]));
    let attachments = mails[0]["attachments"].as_array().expect("attachments");
    assert_eq!(attachments.len(), 1);
    assert_eq!(attachments[0]["name"], "records.log");
    assert_eq!(attachments[0]["text"].as_str(), Some(&lines[..]));
    assert!(body(&mails[0]).contains("\nAll of them are attached.\n"));
}

#[test]
fn a_subject_has_attributes_and_counts() {
    if !able() {
        return;
    }
    let folder = folder();
    let server = Server::start(folder.path(), "");
    let options = format!("-i json smtp --digest 1m {} --subject", server.options());
    let input = "{\"message\":\"a\",\"level\":\"info\",\"job\":\"x\"}\n\
                 {\"message\":\"b\",\"level\":\"critical\",\"job\":\"y\"}\n\
                 {\"message\":\"c\",\"level\":\"error\",\"job\":\"z\"}\n";
    let lh =
        Lh::new(&options).arg("[{job}] {levelname}: {message} ({count} records, {kinds} kinds)");
    lh.feed(input).expect(0);
    let mails = server.accepted();
    assert_eq!(mails[0]["subject"], "[y] CRITICAL: b (3 records, 3 kinds)");
}
