//! What becomes of records by what a server answers.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::port::free_address;
use crate::server::{Answer, Request, Server, lines, status};
use crate::support::{Folder, Running, until};

fn messages(requests: &[Request]) -> Vec<String> {
    let all = requests.iter().flat_map(Request::lines);
    all.map(|record| record["message"].as_str().expect("a text").to_owned())
        .collect()
}

fn numbered(numbers: std::ops::Range<usize>) -> Vec<String> {
    lines(numbers).lines().map(str::to_owned).collect()
}

#[test]
fn batches_go_over_one_connection() {
    let server = Server::new(|_, _| status(204));
    let folder = Folder::new();
    let words = format!("http --body ndjson --batch 1000 {}", server.url("/in?x=1"));
    folder.lh(&words).with(lines(0..10_000)).ok();
    let seen = server.seen();
    assert_eq!(messages(&seen), numbered(0..10_000));
    assert!(seen.len() >= 10 && seen.len() < 30, "{}", seen.len());
    for request in &seen {
        assert_eq!(
            (request.method.as_str(), request.target.as_str()),
            ("POST", "/in?x=1")
        );
        assert_eq!(request.header("content-type"), Some("application/x-ndjson"));
        assert_eq!(request.connection, 0);
    }
}

/// Trial 15: a server in trouble is left alone for as long as it asks, and gets
/// everything, in order, once.
#[test]
fn what_a_server_can_not_take_now_it_gets_later() {
    for trouble in [429, 500, 502, 503, 504, 408, 421, 425, 307] {
        let server = Server::new(move |_, before| match before {
            0 => Answer::Status(
                trouble,
                "Retry-After: 1\r\nLocation: /other\r\n",
                String::new(),
            ),
            _ => status(200),
        });
        let folder = Folder::new();
        let words = format!("http --body ndjson --retry-start 10ms {}", server.url("/"));
        let begun = Instant::now();
        let ran = folder.lh(&words).with(lines(0..10));
        let took = begun.elapsed();
        ran.code(0).said(&format!("it answers {trouble}"));
        let seen = server.seen();
        assert_eq!(seen.len(), 2, "{trouble}");
        assert_eq!(seen[0].body, seen[1].body);
        let key = |request: &Request| request.header("idempotency-key").map(str::to_owned);
        assert!(key(&seen[0]).is_some() && key(&seen[0]) == key(&seen[1]));
        assert!(took >= Duration::from_secs(1), "{trouble}: {took:?}");
    }
}

#[test]
fn a_server_that_says_nothing_or_hangs_up_is_asked_again() {
    for hangs in [false, true] {
        let server = Server::new(move |_, before| match (before, hangs) {
            (0, true) => Answer::Stall,
            (0, false) => Answer::Close,
            _ => status(200),
        });
        let folder = Folder::new();
        let words = format!(
            "http --body ndjson --timeout 500ms --retry-start 10ms {}",
            server.url("/")
        );
        folder.lh(&words).with(lines(0..10)).code(0);
        let seen = server.seen();
        assert_eq!(seen.len(), 2, "{hangs}");
        assert_eq!(messages(&seen[1..]), numbered(0..10));
    }
}

/// One bad record costs itself, and nothing else.
/// Its status has said that it has the records, whatever else it has to say.
#[test]
fn a_good_status_counts_though_its_body_never_comes() {
    let server = Server::new(|_, _| Answer::Head(200));
    let folder = Folder::new();
    let begun = Instant::now();
    let words = format!("http --body ndjson --batch 1 {}", server.url("/"));
    let ran = folder.lh(&words).with(lines(0..3));
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "{:?}",
        begun.elapsed()
    );
    ran.ok();
    assert_eq!(messages(&server.seen()), numbered(0..3));
}

#[test]
fn a_batch_that_is_refused_is_halved() {
    for refusal in [400, 413, 422] {
        let server = Server::new(move |request, _| {
            let bad = request.text().contains("line 37\"") || request.text().contains("line 77\"");
            match bad {
                true => Answer::Status(refusal, "", "no such thing".to_owned()),
                false => status(200),
            }
        });
        let folder = Folder::new();
        let words = format!("http --body ndjson --dead-letter dead {}", server.url("/"));
        let ran = folder.lh(&words).with(lines(0..100));
        ran.code(1)
            .said("no such thing")
            .said("2 records were not delivered");
        let mut good = server.seen();
        good.retain(|request| {
            !messages(std::slice::from_ref(request))
                .iter()
                .any(|m| m == "line 37" || m == "line 77")
        });
        let mut want = numbered(0..100);
        want.retain(|line| line != "line 37" && line != "line 77");
        assert_eq!(messages(&good), want);
        assert_eq!(folder.text("dead").lines().count(), 2);
        assert!(server.seen().len() < 40, "{}", server.seen().len());
    }
}

/// What is wrong with all requests is an error and not waited for, unless the
/// records outlive it.
#[test]
fn a_wrong_address_is_an_error_and_costs_nothing_that_is_on_the_disk() {
    for wrong in [401, 403, 404, 405, 409, 423] {
        let server = Server::new(move |_, _| status(wrong));
        let folder = Folder::new();
        let words = format!("http --body ndjson --dead-letter dead {}", server.url("/"));
        let ran = folder.lh(&words).with(lines(0..10));
        ran.code(1)
            .said(&format!("it answers {wrong}"))
            .said("10 records were not delivered");
        assert_eq!(server.seen().len(), 1, "{wrong}");
        assert_eq!(folder.text("dead").lines().count(), 10);

        let words = format!(
            "http --body ndjson --spool spool --retry-start 10ms --drain-timeout 200ms {}",
            server.url("/")
        );
        folder.lh(&words).with(lines(0..10)).code(0);
        let mended = Server::new(|_, _| status(200));
        let words = format!("http --body ndjson --spool spool {}", mended.url("/"));
        folder.lh(&words).run().code(0);
        assert_eq!(messages(&mended.seen()), numbered(0..10));
    }
}

/// A token is replaced in its file before or after the server wants the new one.
#[test]
fn a_token_that_was_replaced_costs_no_record() {
    let folder = Folder::new();
    let wanted = Arc::new(Mutex::new("Bearer one"));
    let want = Arc::clone(&wanted);
    let server = Server::new(move |request, _| {
        let right = request.header("authorization") == Some(*want.lock().expect("a lock"));
        status(if right { 200 } else { 401 })
    });
    let words = format!(
        "http --body ndjson --batch 1 --bearer-file token --insecure-auth --retry-start 1h {}",
        server.url("/")
    );
    folder.write("token", "one\n");
    let mut running = folder.lh(&words).start();
    let mut next = 0;
    let mut send = |running: &mut Running| {
        running.send(lines(next..next + 1));
        next += 1;
    };
    let asked = |count: usize| until("it was asked", || server.seen().len() >= count);
    send(&mut running);
    asked(1);
    folder.write("token", "two\n");
    *wanted.lock().expect("a lock") = "Bearer two";
    // Refused, and sent again at once.
    send(&mut running);
    asked(3);
    // What nobody can know costs a record, and the next one goes by the file.
    *wanted.lock().expect("a lock") = "Bearer three";
    send(&mut running);
    asked(4);
    running.wait_said("401");
    folder.write("token", "three\n");
    send(&mut running);
    asked(5);
    let ran = running.end().code(1);
    ran.said("1 records were not delivered");
    let seen = server.seen();
    let tokens: Vec<_> = seen
        .iter()
        .map(|request| request.header("authorization").unwrap_or_default())
        .collect();
    let (one, two, three) = ("Bearer one", "Bearer two", "Bearer three");
    assert_eq!(tokens, [one, one, two, two, three]);
    assert_eq!(seen[1].body, seen[2].body);
}

/// What has come since does not go with it: a key names what was sent.
#[test]
fn a_batch_that_is_sent_again_is_the_same() {
    let server = Server::new(|_, before| match before {
        0 => Answer::Stall,
        _ => status(200),
    });
    let folder = Folder::new();
    let words = format!(
        "http --body ndjson --batch 100,10ms --timeout 1s --retry-start 10ms {}",
        server.url("/")
    );
    let mut running = folder.lh(&words).start();
    running.send(lines(0..1));
    until("it is asked", || !server.seen().is_empty());
    running.send(lines(1..6));
    until("it is asked again", || server.seen().len() >= 2);
    running.end().code(0);
    let seen = server.seen();
    let key = |request: &Request| request.header("idempotency-key").map(str::to_owned);
    assert_eq!(key(&seen[0]), key(&seen[1]));
    assert_eq!(messages(&seen[..1]), numbered(0..1));
    assert_eq!(messages(&seen[1..]), numbered(0..6));
}

#[test]
fn a_server_that_is_away_for_the_run() {
    let address = free_address().to_string();
    let folder = Folder::new();
    let words = format!("http --body ndjson --drain-timeout 500ms http://{address}/");
    let begun = Instant::now();
    let ran = folder.lh(&words).with(lines(0..10));
    ran.code(1)
        .said("refused")
        .said("10 records were not delivered");
    assert!(begun.elapsed() < Duration::from_secs(5));
    let words = format!("http --body ndjson --spool spool --drain-timeout 300ms http://{address}/");
    folder
        .lh(&words)
        .with(lines(0..10))
        .code(0)
        .said("10 records");
    let server = Server::at(&address, |_, _| status(200));
    folder.lh(&words).with(lines(10..20)).ok();
    assert_eq!(messages(&server.seen()), numbered(0..20));
}

/// The end of a run does not wait for a server that says nothing.
#[test]
fn a_signal_ends_it_in_time() {
    let server = Server::new(|_, _| Answer::Stall);
    let folder = Folder::new();
    let words = format!(
        "http --body ndjson --batch 1 --timeout 1h --drain-timeout 1h {}",
        server.url("/")
    );
    let mut running = folder.lh(&words).start();
    running.send(lines(0..1));
    until("it is asked", || !server.seen().is_empty());
    let begun = Instant::now();
    running.signal(Signal::SIGTERM);
    std::thread::sleep(Duration::from_millis(100));
    running.signal_now(Signal::SIGTERM);
    running
        .wait_exit()
        .code(1)
        .said("1 records were not delivered");
    assert!(
        begun.elapsed() < Duration::from_secs(8),
        "{:?}",
        begun.elapsed()
    );
}

/// What the first one lets it wait for, the second one does not.
#[test]
fn a_second_signal_ends_it_at_once() {
    for spool in ["", "--spool spool"] {
        let server = Server::new(|_, _| Answer::Stall);
        let folder = Folder::new();
        let words = format!(
            "http --body ndjson --batch 1 --timeout 1h --drain-timeout 1h {spool} {}",
            server.url("/")
        );
        let mut running = folder.lh(&words).start();
        // So many that none is waited for room for.
        running.send(lines(0..2));
        until("it is asked", || !server.seen().is_empty());
        // It reads a copy of its input, and lets go of that when it is done.
        let open = format!("/proc/{}/fd", running.id());
        let input = std::fs::read_link(format!("{open}/0")).expect("its input");
        let copies = || {
            let links = std::fs::read_dir(&open).expect("it runs").flatten();
            let links = links.filter_map(|link| std::fs::read_link(link.path()).ok());
            links.filter(|to| *to == input).count()
        };
        assert_eq!(copies(), 2);
        running.signal(Signal::SIGTERM);
        until("it reads no more", || copies() == 1);
        let begun = Instant::now();
        running.signal_now(Signal::SIGTERM);
        let ran = running.wait_exit();
        assert!(
            begun.elapsed() < Duration::from_millis(1500),
            "{:?}",
            begun.elapsed()
        );
        match spool {
            "" => ran.code(1).said("2 records were not delivered"),
            _ => ran.code(0).said("2 records stay in the spool"),
        };
    }
}

/// One handler's end is none of another's fault: what that one has is delivered.
#[test]
fn a_handler_that_ends_the_run_costs_no_other_its_records() {
    let server = Server::new(|_, _| {
        // Longer than anything that gets on takes.
        std::thread::sleep(Duration::from_millis(700));
        status(204)
    });
    let folder = Folder::new();
    let words = format!(
        "http --body ndjson --batch 3 {} + file --on-error exit /dev/full",
        server.url("/")
    );
    let ran = folder.lh(&words).with(lines(0..3));
    ran.code(1)
        .said_times("records were not delivered", 1)
        .said("/dev/full: 3 records were not delivered");
    assert_eq!(server.seen().len(), 1);
    assert_eq!(server.seen()[0].lines().len(), 3);
}

/// A connection that is refused leaves nothing in doubt, and whoever asked for the
/// end learns why it came: at the end of the input, and before it.
#[test]
fn on_error_exit_says_why() {
    let (free, folder) = (free_address(), Folder::new());
    for handler in [
        format!("http --body ndjson --batch 10ms http://{free}/"),
        format!("smtp --host {free} --from a@x --to b@x"),
    ] {
        let words = format!("{handler} --on-error exit");
        let at_the_end = folder.lh(&words).with(lines(0..1));
        let mut running = folder.lh(&words).start();
        running.send(lines(0..1));
        for ran in [at_the_end, running.wait_exit()] {
            let ran = ran
                .code(1)
                .said_times("Connection refused", 1)
                .said("1 records were not delivered");
            assert!(!ran.stderr.contains("in doubt"), "{}", ran.stderr);
        }
    }
}

/// However long an answer is, little of it is read.
#[test]
fn an_answer_of_a_hundred_megabytes() {
    let server = Server::new(|_, _| Answer::Status(500, "", "x".repeat(100 << 20)));
    let folder = Folder::new();
    let words = format!(
        "http --retry-start 1h --drain-timeout 1s {}",
        server.url("/")
    );
    let mut running = folder.lh(&words).start();
    running.send(lines(0..1));
    running.wait_said("it answers 500");
    let text = std::fs::read_to_string(format!("/proc/{}/status", running.id())).expect("it runs");
    let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|peak| peak.trim().split(' ').next()?.parse::<u64>().ok());
    assert!(peak.expect("a number") < 40 << 10, "{peak:?}");
    running.end().code(1);
}

/// Also where it shows only after the record was taken, and nothing more comes.
#[test]
fn an_error_ends_a_run_that_waits_for_input() {
    let server = Server::new(|_, _| status(503));
    let folder = Folder::new();
    let words = format!("http --body json --on-error exit {}", server.url("/"));
    let mut lh = folder.lh(&words).start();
    lh.send("one\n");
    // Its input is still open.
    let ran = lh.wait_exit().code(1);
    ran.said("it answers 503")
        .said("1 records were not delivered");
    assert_eq!(server.seen().len(), 1);
}

/// However late it shows that a record is not taken: what came meanwhile is not to
/// blame.
#[test]
fn an_error_drops_what_was_refused_and_nothing_else() {
    let server = Server::new(|request, _| match request.text().contains("line 3\"") {
        true => status(503),
        false => status(200),
    });
    for batch in ["1", "4"] {
        let folder = Folder::new();
        let words = format!(
            "--stats http --body ndjson --batch {batch} --on-error drop --retry-start 10ms \
             --dead-letter dead {}",
            server.url("/")
        );
        let before = server.seen().len();
        let mut lh = folder.lh(&words).start();
        for number in 0..8 {
            lh.send(lines(number..number + 1));
        }
        let ran = lh.end().code(1);
        let dead = folder.text("dead");
        let dropped = dead.lines().count();
        let most = batch.parse().expect("a number");
        assert!(
            dead.contains("line 3") && (1..=most).contains(&dropped),
            "{dead}"
        );
        ran.said("dropping records until that is over")
            .said(&format!("\"delivered\":{},", 8 - dropped))
            .said(&format!("{dropped} records were not delivered"));
        let mut got = messages(&server.seen()[before..]);
        got.retain(|line| !dead.contains(line));
        let mut want = numbered(0..8);
        want.retain(|line| !dead.contains(line));
        assert_eq!(got, want, "{batch}");
    }
}
