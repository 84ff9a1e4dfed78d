//! What a server may say to a mail, and what becomes of it.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::server::{Server, able, body, header};
use crate::trials::{Lh, folder, records::told};

fn letters(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let parse = |line: &str| serde_json::from_str(line).expect(line);
    text.lines().map(parse).collect()
}

/// What a record was, in a file of dead letters.
fn text_of(letter: &Value) -> String {
    let record: Value = serde_json::from_str(letter["record"].as_str().unwrap()).unwrap();
    record["text"].as_str().unwrap().to_owned()
}

#[test]
fn what_may_be_taken_later_is_sent_again() {
    if !able() {
        return;
    }
    let folder = folder();
    let server = Server::start(folder.path(), "--data 451_greylisted --data ok");
    let outcome = Lh::new(&format!("smtp {}", server.options())).feed("one\ntwo\n");
    let outcome = outcome.expect(0);
    assert!(
        outcome.stderr.contains("451 greylisted; "),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.contains("nothing was lost"),
        "{}",
        outcome.stderr
    );
    let mails = server.mails();
    let bodies: Vec<_> = mails
        .iter()
        .map(|mail| body(mail).trim().to_owned())
        .collect();
    assert_eq!(bodies, ["one", "one", "two"]);
    assert_eq!(
        header(&mails[0], "Message-ID"),
        header(&mails[1], "Message-ID")
    );
}

#[test]
fn what_is_refused_for_good_is_a_dead_letter_and_the_rest_goes() {
    if !able() {
        return;
    }
    let folder = folder();
    for (pipelining, spooled) in [("", false), ("--pipelining", true)] {
        let server = Server::start(
            folder.path(),
            &format!("{pipelining} --data ok --data 552_too_\u{1b}large --data ok"),
        );
        let dead = folder.path().join(format!("dead{}", pipelining.len()));
        let spool = match spooled {
            false => String::new(),
            true => format!("--spool {}", folder.path().join("spool").display()),
        };
        let options = format!(
            "smtp {} {spool} --dead-letter {}",
            server.options(),
            dead.display()
        );
        let outcome = Lh::new(&options).feed("one\ntwo\nthree\n").expect(1);
        let stderr = &outcome.stderr;
        assert!(stderr.contains("552 too \\u{1b}large"), "{stderr}");
        assert_eq!(told(stderr, "records were not delivered"), 1, "{stderr}");
        let accepted: Vec<_> = server.accepted().iter().map(body).collect();
        assert_eq!(accepted.len(), 2);
        let letters = letters(&dead);
        assert_eq!(letters.len(), 1);
        assert_eq!(text_of(&letters[0]), "two");
        assert!(letters[0]["reason"].as_str().unwrap().contains("552"));
    }
}

#[test]
fn a_sender_that_is_refused_costs_the_mail() {
    if !able() {
        return;
    }
    let folder = folder();
    for pipelining in ["", "--pipelining"] {
        let server = Server::start(folder.path(), &format!("{pipelining} --mail 550_who?"));
        let options = format!("smtp {} --digest 10", server.options());
        let outcome = Lh::new(&options).feed("one\ntwo\n").expect(1);
        let stderr = &outcome.stderr;
        assert!(
            stderr.contains("the sender is refused: 550 who?"),
            "{stderr}"
        );
        assert_eq!(told(stderr, "records were not delivered"), 2, "{stderr}");
        assert!(server.mails().is_empty());
    }
}

#[test]
fn a_refused_recipient_does_not_stop_the_others() {
    if !able() {
        return;
    }
    let folder = folder();
    for pipelining in ["", "--pipelining"] {
        let server = Server::start(
            folder.path(),
            &format!("{pipelining} --rcpt b@x.test=550_none"),
        );
        let options = format!("smtp {} --to b@x.test --to c@x.test", server.options());
        let outcome = Lh::new(&options).feed("one\ntwo\n").expect(0);
        let told: Vec<_> = outcome.stderr.lines().collect();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].contains("b@x.test is refused: 550 none; the others get"),
            "{told:?}"
        );
        for mail in server.accepted() {
            assert_eq!(mail["to"], json!(["ops@x.test", "c@x.test"]));
        }
        assert_eq!(server.accepted().len(), 2);
    }
}

/// A server that ends the connection at one recipient, always.
#[test]
fn a_recipient_at_whom_it_leaves_does_not_stop_the_others() {
    if !able() {
        return;
    }
    let folder = folder();
    let server = Server::start(folder.path(), "--rcpt b@x.test=421_too_busy");
    let options = format!(
        "smtp {} --to b@x.test --to c@x.test --retry-start 10ms",
        server.options()
    );
    let outcome = Lh::new(&options).feed("one\n").expect(0);
    let stderr = &outcome.stderr;
    assert!(
        stderr.contains("b@x.test did not get a mail that others have: 421 too busy"),
        "{stderr}"
    );
    let mails = server.accepted();
    assert_eq!(mails.len(), 1, "{stderr}");
    assert_eq!(mails[0]["to"], json!(["ops@x.test", "c@x.test"]));

    // Nor where both are tried again later.
    let rules = "--rcpt b@x.test=421_too_busy --rcpt c@x.test=450_later --rcpt c@x.test=450_later \
        --rcpt c@x.test=ok";
    let server = Server::start(folder.path(), rules);
    let options = format!(
        "smtp {} --to c@x.test --to b@x.test --retry-start 10ms",
        server.options()
    );
    let outcome = Lh::new(&options).feed("one\n").expect(0);
    let stderr = &outcome.stderr;
    assert_eq!(stderr.matches("did not get a mail").count(), 1, "{stderr}");
    assert!(stderr.contains(": b@x.test did not get a mail"), "{stderr}");
    let mails = server.accepted();
    let to: Vec<_> = mails.iter().map(|mail| mail["to"].clone()).collect();
    assert_eq!(to, [json!(["ops@x.test"]), json!(["c@x.test"])]);
}

/// The others have the record.
#[test]
fn a_recipient_that_is_owed_a_mail_at_the_end_is_no_record_in_doubt() {
    if !able() {
        return;
    }
    let folder = folder();
    let rules = "--rcpt b@x.test=450_later --rcpt b@x.test=ok --data ok --data hang";
    let server = Server::start(folder.path(), rules);
    let options = format!("smtp {} --to b@x.test --drain-timeout 1s", server.options());
    let outcome = Lh::new(&options).feed("one\n").expect(0);
    let stderr = &outcome.stderr;
    assert!(
        stderr.contains("b@x.test did not get a mail that others have: "),
        "{stderr}"
    );
    assert_eq!(server.accepted().len(), 1);
}

#[test]
fn where_nobody_is_accepted_the_mail_is_given_up() {
    if !able() {
        return;
    }
    let folder = folder();
    for pipelining in ["", "--pipelining"] {
        let rule = "--rcpt b@x.test=550_none --rcpt ops@x.test=553_no";
        let server = Server::start(folder.path(), &format!("{pipelining} {rule}"));
        let options = format!("smtp {} --to b@x.test", server.options());
        let outcome = Lh::new(&options).feed("one\ntwo\n").expect(1);
        assert_eq!(told(&outcome.stderr, "records were not delivered"), 2);
        assert!(server.mails().is_empty());
        assert_eq!(server.connections(), 1);
    }
}

/// It gets the mail later, and the others do not get it twice.
#[test]
fn a_recipient_that_is_accepted_later_does_not_stop_the_others() {
    if !able() {
        return;
    }
    let folder = folder();
    let rule = "--rcpt b@x.test=450_later --rcpt b@x.test=ok --pipelining";
    let server = Server::start(folder.path(), rule);
    let options = format!("smtp {} --to b@x.test", server.options());
    let outcome = Lh::new(&options).feed("one\ntwo\n").expect(0);
    assert!(
        outcome
            .stderr
            .contains("b@x.test is not accepted: 450 later"),
        "{}",
        outcome.stderr
    );
    let mails = server.accepted();
    let to: Vec<_> = mails
        .iter()
        .map(|mail| (body(mail).trim().to_owned(), &mail["to"]))
        .collect();
    assert_eq!(
        to,
        [
            ("one".to_owned(), &json!(["ops@x.test"])),
            ("two".to_owned(), &json!(["ops@x.test", "b@x.test"])),
            ("one".to_owned(), &json!(["b@x.test"])),
        ]
    );
    assert_eq!(
        header(&mails[0], "Message-ID"),
        header(&mails[2], "Message-ID")
    );
}

/// Those who wait are tried, and those who are refused are not.
#[test]
fn where_all_have_to_wait_the_mail_waits() {
    if !able() {
        return;
    }
    let folder = folder();
    let rule = "--rcpt ops@x.test=450_later --rcpt ops@x.test=ok --rcpt b@x.test=550_none";
    let server = Server::start(folder.path(), rule);
    let options = format!("smtp {} --to b@x.test", server.options());
    let outcome = Lh::new(&options).feed("one\n").expect(0);
    assert!(
        outcome
            .stderr
            .contains("ops@x.test is not accepted: 450 later"),
        "{}",
        outcome.stderr
    );
    let mails = server.accepted();
    assert_eq!((mails.len(), &mails[0]["to"]), (1, &json!(["ops@x.test"])));
    assert_eq!(server.events_of("refused").len(), 2);
}

#[test]
fn a_connection_lost_behind_the_dot_sends_the_same_mail_once_more() {
    if !able() {
        return;
    }
    let folder = folder();
    let server = Server::start(folder.path(), "--data ok --data drop --data ok");
    let outcome = Lh::new(&format!("smtp {}", server.options())).feed("one\ntwo\nthree\n");
    let outcome = outcome.expect(0);
    let stderr = &outcome.stderr;
    assert_eq!(stderr.matches("may be sent twice").count(), 1, "{stderr}");
    let mails = server.mails();
    let bodies: Vec<_> = mails
        .iter()
        .map(|mail| body(mail).trim().to_owned())
        .collect();
    assert_eq!(bodies, ["one", "two", "two", "three"]);
    assert_eq!(
        header(&mails[1], "Message-ID"),
        header(&mails[2], "Message-ID")
    );
    assert_ne!(
        header(&mails[2], "Message-ID"),
        header(&mails[3], "Message-ID")
    );
    assert_eq!(server.connections(), 2);
}

/// A server that takes each mail and says nothing does not get it for ever.
#[test]
fn a_server_that_never_says_so_gets_a_mail_twice() {
    if !able() {
        return;
    }
    let folder = folder();
    let server = Server::start(folder.path(), "--data drop");
    let dead = folder.path().join("dead");
    let options = format!(
        "smtp {} --drain-timeout 4s --dead-letter {}",
        server.options(),
        dead.display()
    );
    let outcome = Lh::new(&options).feed("one\n").expect(1);
    assert_eq!(told(&outcome.stderr, "records were not delivered"), 1);
    assert_eq!(server.mails().len(), 2, "{}", outcome.stderr);
    assert_eq!(letters(&dead).len(), 1);
}

#[test]
fn a_server_that_does_not_answer_is_given_up_in_time() {
    if !able() {
        return;
    }
    let folder = folder();
    let server = Server::start(folder.path(), "--data hang");
    let begun = Instant::now();
    let options = format!(
        "smtp {} --timeout 200ms --drain-timeout 3s",
        server.options()
    );
    let outcome = Lh::new(&options).feed("one\n").expect(1);
    assert!(
        begun.elapsed() < Duration::from_secs(6),
        "{:?}",
        begun.elapsed()
    );
    assert!(
        outcome.stderr.contains("does not answer in time"),
        "{}",
        outcome.stderr
    );
    assert_eq!(told(&outcome.stderr, "records were not delivered"), 1);
}

/// The time-outs of a session are longer than anybody waits at the end.
#[test]
fn the_end_does_not_wait_for_a_session() {
    if !able() {
        return;
    }
    let folder = folder();
    let server = Server::start(folder.path(), "--data hang");
    let spool = folder.path().join("spool");
    for (options, status) in [
        (String::new(), 1),
        (format!("--spool {}", spool.display()), 0),
    ] {
        let begun = Instant::now();
        let options = format!(
            "smtp {} {options} --timeout 60s --drain-timeout 1s",
            server.options()
        );
        let outcome = Lh::new(&options).feed("one\n").expect(status);
        assert!(
            begun.elapsed() < Duration::from_secs(4),
            "{:?}",
            begun.elapsed()
        );
        assert!(!outcome.stderr.contains("in doubt"), "{}", outcome.stderr);
    }
}

#[test]
fn a_mail_that_is_too_large_is_refused_before_it_is_sent() {
    if !able() {
        return;
    }
    let folder = folder();
    let server = Server::start(folder.path(), "--size 20000");
    let input = format!("{}\nsmall\n", "x".repeat(30_000));
    let outcome = Lh::new(&format!("smtp {}", server.options()))
        .feed(input)
        .expect(1);
    assert!(
        outcome.stderr.contains("and it takes 20000"),
        "{}",
        outcome.stderr
    );
    assert_eq!(server.mails().len(), 1);
}
