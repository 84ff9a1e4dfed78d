//! Trials 11 and 12: the local syslog socket is missing, its daemon restarts,
//! or does not read.

use std::io::Read;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::time::{Duration, Instant};

use crate::away::QUICK;
use crate::support::{Rsyslog, report, until};
use crate::trials::{Lh, able, folder, records, records::told};

/// Nothing is lost. What the daemon read right before it ended, before anybody
/// had looked, may be there twice.
#[track_caller]
fn assert_arrived(rsyslog: &Rsyslog, last: u64, what: &str) {
    let mut report = rsyslog.report(1..=last);
    report.doubled.clear();
    report.disordered.clear();
    report.assert_perfect(what);
}

#[test]
fn no_socket_is_told_with_what_to_do() {
    let folder = folder();
    let missing = folder.path().join("nothing");
    let given = format!(
        "syslog --address {} {QUICK} --drain-timeout 300ms",
        missing.display()
    );
    let mut running = Lh::new(&given).spawn();
    running.pour(records(1..=10));
    let outcome = running.end_within(Duration::from_secs(5)).expect(1);
    let stderr = &outcome.stderr;
    assert!(stderr.contains(&missing.display().to_string()), "{stderr}");
    assert!(stderr.contains("--address"), "no hint: {stderr}");
    assert_eq!(told(stderr, "records were not delivered"), 10, "{stderr}");
    assert!(outcome.lines() <= 4, "{stderr}");
}

#[test]
fn with_a_spool_it_is_safe_until_there_is_one() {
    if !able(&["rsyslogd"]) {
        return;
    }
    let folder = folder();
    let mut rsyslog = Rsyslog::start(folder.path());
    rsyslog.stop();
    let spool = folder.path().join("spool");
    let given = format!("syslog --address {} {QUICK}", rsyslog.socket().display());
    Lh::new(&format!("{given} --drain-timeout 200ms --spool"))
        .arg(&spool)
        .feed(records(1..=100))
        .expect(0);
    rsyslog.begin();
    Lh::new(&format!("{given} --spool"))
        .arg(&spool)
        .feed("")
        .expect(0);
    rsyslog.wait(100);
    rsyslog.report(1..=100).assert_perfect("from the spool");
}

#[test]
fn a_daemon_that_restarts_gets_the_next_record() {
    if !able(&["rsyslogd"]) {
        return;
    }
    let folder = folder();
    let mut rsyslog = Rsyslog::start(folder.path());
    let given = format!("syslog --address {} {QUICK}", rsyslog.socket().display());
    let mut running = Lh::new(&given).spawn();
    for (from, kill) in [(1, false), (101, true), (201, false)] {
        running.write(&records(from..=from + 99));
        rsyslog.wait(from as usize + 99);
        match kill {
            true => rsyslog.kill(),
            false => rsyslog.stop(),
        }
        rsyslog.begin();
    }
    running.write(&records(301..=400));
    running.end_within(Duration::from_secs(10)).expect(0);
    rsyslog.wait(400);
    assert_arrived(&rsyslog, 400, "restarts");
}

#[test]
fn a_daemon_that_is_down_for_a_while_is_waited_for() {
    if !able(&["rsyslogd"]) {
        return;
    }
    let folder = folder();
    let mut rsyslog = Rsyslog::start(folder.path());
    let given = format!("syslog --address {} {QUICK}", rsyslog.socket().display());
    let mut running = Lh::new(&given).spawn();
    running.write(&records(1..=50));
    rsyslog.wait(50);
    // Nothing is on its way any more, of which it would be told first.
    crate::trials::wait_for(Duration::from_millis(300), || false);
    rsyslog.stop();
    running.write(&records(51..=150));
    running.expect_stderr("nothing is lost");
    rsyslog.begin();
    running.end_within(Duration::from_secs(10)).expect(0);
    rsyslog.wait(150);
    assert_arrived(&rsyslog, 150, "down for a while");
}

/// What it had not read went with it.
#[test]
fn a_daemon_that_is_killed_with_unread_messages_gets_them_again() {
    if !able(&["rsyslogd"]) {
        return;
    }
    let folder = folder();
    let mut rsyslog = Rsyslog::start(folder.path());
    let given = format!("syslog --address {} {QUICK}", rsyslog.socket().display());
    let mut running = Lh::new(&given).spawn();
    running.write(&records(1..=10));
    rsyslog.wait(10);
    rsyslog.freeze();
    running.write(&records(11..=40));
    // Some of them are in its queue by then.
    crate::trials::wait_for(Duration::from_millis(300), || false);
    rsyslog.kill();
    rsyslog.begin();
    until(
        "it was sent again",
        || rsyslog.report(1..=40).lost.is_empty(),
        || format!("{}; {}", rsyslog.report(1..=40), running.stderr()),
    );
    let outcome = running.end_within(Duration::from_secs(10)).expect(0);
    assert_arrived(&rsyslog, 40, &outcome.stderr);
}

/// Its queue takes ten datagrams while it does not read.
#[test]
fn a_daemon_that_stands_still_delays_and_costs_nothing() {
    if !able(&["rsyslogd"]) {
        return;
    }
    let folder = folder();
    let rsyslog = Rsyslog::start(folder.path());
    let given = format!("syslog --address {} {QUICK}", rsyslog.socket().display());
    let mut running = Lh::new(&given).spawn();
    running.write(&records(1..=10));
    rsyslog.wait(10);
    rsyslog.freeze();
    let begun = Instant::now();
    running.write(&records(11..=500));
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    rsyslog.thaw();
    running.end_within(Duration::from_secs(10)).expect(0);
    rsyslog.wait(500);
    rsyslog.report(1..=500).assert_perfect("thawed");
}

#[test]
fn a_daemon_that_never_reads_is_not_waited_for_for_ever() {
    if !able(&["rsyslogd"]) {
        return;
    }
    let folder = folder();
    let rsyslog = Rsyslog::start(folder.path());
    rsyslog.freeze();
    let given = format!(
        "syslog --address {} {QUICK} --drain-timeout 300ms",
        rsyslog.socket().display()
    );
    let mut running = Lh::new(&given).spawn();
    running.pour(records(1..=500));
    let outcome = running.end_within(Duration::from_secs(5)).expect(1);
    let lost = told(&outcome.stderr, "records were not delivered");
    rsyslog.thaw();
    rsyslog.wait(500 - lost as usize);
    let report = rsyslog.report(1..=500);
    report.assert_sound("never read");
    // Those in its queue may have been counted, for nobody had read them.
    assert!(report.found.len() as u64 + lost >= 500, "{lost}: {report}");
    assert!(lost >= 400, "{lost}: {report}");
}

/// Who reads why records are missing, reads how long they were waited for, and by what.
#[test]
fn how_long_a_reader_had_is_told() {
    let folder = folder();
    let path = folder.path().join("log");
    let _never_read = UnixDatagram::bind(&path).expect("a socket");
    let given = format!(
        "syslog --address {} --drain-timeout 300ms {QUICK}",
        path.display()
    );
    let mut running = Lh::new(&given).spawn();
    running.pour(records(1..=500));
    let outcome = running.end_within(Duration::from_secs(10)).expect(1);
    let reason = "it had not taken them within 0.3 s (--drain-timeout)";
    assert!(outcome.stderr.contains(reason), "{}", outcome.stderr);
}

/// What comes over the next connection, to its end.
fn over_a_stream(listener: &UnixListener) -> Vec<u8> {
    let (mut connection, _) = listener.accept().expect("a connection");
    let mut bytes = Vec::new();
    connection.read_to_end(&mut bytes).expect("its bytes");
    bytes
}

/// Where nobody was there at the start, nothing is taken for granted of whoever comes.
#[test]
fn a_stream_that_comes_after_the_start_gets_everything() {
    for (options, end) in [("", b'\n'), ("--framing nul", b'\0')] {
        let folder = folder();
        let path = folder.path().join("log");
        let given = format!("syslog --address {} {options} {QUICK}", path.display());
        let mut running = Lh::new(&given).spawn();
        running.write(&records(1..=10));
        running.expect_stderr("No such file");
        let listener = UnixListener::bind(&path).expect("a socket");
        let reader = std::thread::spawn(move || over_a_stream(&listener));
        running.write(&records(11..=100));
        running.end_within(Duration::from_secs(10)).expect(0);
        let got = reader.join().expect("it reads");
        let messages = got.split(|byte| *byte == end);
        let messages = messages.map(|message| String::from_utf8_lossy(message).into_owned());
        let bodies = messages.filter_map(|message| Some(message.split_once(": ")?.1.to_owned()));
        report(bodies, 1..=100).assert_perfect(options);
    }
}

/// What waits for a socket of one kind is sent to one of the other, in the form that
/// this one has, by the next run as by a retry.
#[test]
fn a_spool_waits_for_a_socket_of_either_kind() {
    for (was_stream, retries) in [(false, false), (false, true), (true, false), (true, true)] {
        let folder = folder();
        let (path, spool) = (folder.path().join("log"), folder.path().join("spool"));
        let listener = was_stream.then(|| UnixListener::bind(&path).expect("a socket"));
        let given = format!("syslog -t x --address {} {QUICK}", path.display());
        let leaving = format!("{given} --drain-timeout 100ms --spool");
        let mut running = Lh::new(&leaving).arg(&spool).spawn();
        // It has looked what the socket is by then.
        crate::trials::wait_for(Duration::from_secs(10), || spool.join("lock").exists());
        if listener.is_some() {
            drop(listener);
            std::fs::remove_file(&path).expect("it is there");
        }
        running.write(b"one\ntwo\n");
        let outcome = running.end_within(Duration::from_secs(10)).expect(0);
        assert!(
            outcome.stderr.contains("2 records stay"),
            "{}",
            outcome.stderr
        );
        let reader = match was_stream {
            true => {
                let socket = UnixDatagram::bind(&path).expect("a socket");
                std::thread::spawn(move || {
                    let mut buffer = [0; 200];
                    let mut next = || {
                        let length = socket.recv(&mut buffer).expect("a datagram");
                        [&buffer[..length], b"|"].concat()
                    };
                    let got = [next(), next()].concat();
                    // One that is gone may not have read what it had.
                    (got, Some(socket))
                })
            }
            false => {
                let listener = UnixListener::bind(&path).expect("a socket");
                std::thread::spawn(move || (over_a_stream(&listener), None))
            }
        };
        match retries {
            true => Lh::new("spool retry").arg(&spool).feed("").expect(0),
            false => Lh::new(&format!("{given} --spool"))
                .arg(&spool)
                .feed("")
                .expect(0),
        };
        let (got, _socket) = reader.join().expect("it reads");
        let got = String::from_utf8_lossy(&got).into_owned();
        let ends = if was_stream {
            ["x: one|", "x: two|"]
        } else {
            ["x: one\n", "x: two\n"]
        };
        assert!(got.contains(ends[0]) && got.ends_with(ends[1]), "{got:?}");
    }
}

/// Each datagram is a message, and a framing there would be a part of it.
#[test]
fn a_framing_is_for_a_socket_that_may_be_a_stream() {
    let folder = folder();
    let path = folder.path().join("log");
    let _datagrams = UnixDatagram::bind(&path).expect("a socket");
    let given = format!("syslog --framing nul --address {}", path.display());
    let outcome = Lh::new(&given).feed("x").expect(2);
    assert!(
        outcome.stderr.contains("each datagram"),
        "{}",
        outcome.stderr
    );
}
