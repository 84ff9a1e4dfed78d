//! A server that is not there.

use std::time::{Duration, Instant};

use crate::server::{Server, able, body};
use crate::support::free_port;
use crate::trials::{Lh, folder, records, records::told};

fn options(port: u16) -> String {
    format!("smtp --host 127.0.0.1:{port} --from cron@x.test --to ops@x.test --drain-timeout 1s")
}

#[test]
fn a_server_that_is_down_for_the_run_is_told_in_time() {
    let folder = folder();
    let dead = folder.path().join("dead");
    for digest in ["", "--digest 1m"] {
        let begun = Instant::now();
        let options = format!(
            "{} {digest} --dead-letter {}",
            options(free_port()),
            dead.display()
        );
        let outcome = Lh::new(&options).feed("one\ntwo\nthree\n").expect(1);
        assert!(
            begun.elapsed() < Duration::from_secs(4),
            "{:?}",
            begun.elapsed()
        );
        let stderr = &outcome.stderr;
        assert!(stderr.contains("Connection refused"), "{stderr}");
        assert_eq!(told(stderr, "records were not delivered"), 3, "{stderr}");
        assert!(outcome.lines() <= 3, "{stderr}");
        let letters = std::fs::read_to_string(&dead).expect("dead letters");
        assert_eq!(letters.lines().count(), 3, "{letters}");
        assert!(letters.contains("Connection refused"), "{letters}");
        std::fs::remove_file(&dead).expect("a file");
    }
}

#[test]
fn what_is_spooled_is_sent_by_the_next_run() {
    if !able() {
        return;
    }
    for digest in ["", "--digest 1m"] {
        let folder = folder();
        let (port, spool) = (free_port(), folder.path().join("spool"));
        let options = format!("{} {digest} --spool {}", options(port), spool.display());
        Lh::new(&options).feed(records(1..=20)).expect(0);
        Lh::new(&options).feed(records(21..=30)).expect(0);
        let server = Server::start_at(folder.path(), "", port);
        Lh::new(&options).feed(records(31..=31)).expect(0);
        let texts: Vec<String> = server.accepted().iter().map(body).collect();
        let all = texts.concat();
        let at: Vec<_> = (1..=31)
            .map(|number| {
                let record = String::from_utf8(records(number..=number)).unwrap();
                let found = all.matches(record.trim()).count();
                assert_eq!(found, 1, "{record} in {all}");
                all.find(record.trim())
            })
            .collect();
        assert!(at.is_sorted(), "in order");
        // Everything is settled.
        Lh::new(&options).feed("").expect(0);
        assert_eq!(server.accepted().len(), texts.len());
    }
}

#[test]
fn a_server_that_comes_back_gets_all_within_the_run() {
    if !able() {
        return;
    }
    let folder = folder();
    let server = Server::start(folder.path(), "");
    let port = server.port;
    let mut running = Lh::new(&options(port)).spawn();
    running.write(b"one\n");
    server.wait(1);
    server.kill();
    running.write(b"two\n");
    let told = |running: &crate::trials::Running| running.stderr().contains("cannot deliver");
    crate::support::until("it is told", || told(&running), || running.stderr());
    let server = Server::start_at(folder.path(), "", port);
    running.write(b"three\n");
    let mails = server.wait(2);
    let bodies: Vec<_> = mails
        .iter()
        .map(|mail| body(mail).trim().to_owned())
        .collect();
    assert_eq!(bodies, ["two", "three"]);
    running.end().expect(0);
}
