//! The handler and its session, with a server that follows a script.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};

use super::*;
use crate::handler::delivery::{Delivery, OnError};
use crate::net::{Address, BackoffOptions};

/// What a server does at a command.
#[derive(Clone, Copy, Debug)]
enum Act {
    Say(&'static str),
    /// Says that and ends the connection.
    Farewell(&'static str),
    /// Ends the connection.
    Drop,
}

/// A server, what it was told, and for how many connections.
struct Fake {
    port: u16,
    heard: Receiver<String>,
}

impl Fake {
    /// Answers as `act` says, which is given the number of the connection and
    /// the command, or `.` for a whole mail.
    fn new(act: impl Fn(usize, &str) -> Act + Send + Sync + 'static) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tell, heard) = mpsc::channel();
        let act = Arc::new(act);
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().flatten().enumerate() {
                let (tell, act) = (tell.clone(), Arc::clone(&act));
                std::thread::spawn(move || serve(stream, number, &*act, &tell));
            }
        });
        Fake { port, heard }
    }

    /// Everything that it was told so far, one line for each.
    fn heard(&self) -> Vec<String> {
        self.heard.try_iter().collect()
    }

    fn handler(&self, change: impl FnOnce(&mut SmtpOptions)) -> (SmtpHandler, Notices) {
        let notices = Notices::default();
        let noted = Arc::clone(&notices.0);
        let address = |text| MailAddress::parse(text).unwrap();
        let mut options = SmtpOptions {
            address: Address::Inet {
                host: "127.0.0.1".to_owned(),
                port: self.port,
            },
            security: Security::None,
            credentials: None,
            hello: "here".to_owned(),
            from: address("a@x"),
            to: vec![address("b@x")],
            cc: Vec::new(),
            timeout: Duration::from_secs(5),
            backoff: Backoff::new(
                BackoffOptions {
                    start: Duration::from_millis(10),
                    ..BackoffOptions::default()
                },
                0,
            ),
            digest: None,
            first_now: None,
            max_per_hour: None,
            attach: false,
            prefix: true,
            utc: true,
            host: "here".to_owned(),
            sender: SenderId([1; 16]),
            diag: Diag::new(move |_, text| noted.lock().unwrap().push(text.to_string())),
        };
        change(&mut options);
        (smtp(options), notices)
    }
}

#[derive(Default)]
struct Notices(Arc<Mutex<Vec<String>>>);

fn serve(
    stream: TcpStream,
    number: usize,
    act: &dyn Fn(usize, &str) -> Act,
    tell: &Sender<String>,
) -> Option<()> {
    let mut out = stream.try_clone().ok()?;
    let mut lines = BufReader::new(stream).lines();
    let mut in_mail = false;
    let mut say = |command: &str| {
        let _ = tell.send(format!("{number} {command}"));
        match act(number, command) {
            Act::Say(reply) => {
                out.write_all(reply.as_bytes()).ok()?;
                out.write_all(b"\r\n").ok()?;
                Some(reply.starts_with("354"))
            }
            Act::Farewell(reply) => {
                out.write_all(reply.as_bytes()).ok()?;
                out.write_all(b"\r\n").ok()?;
                // What was asked meanwhile is not answered by a reset.
                out.shutdown(std::net::Shutdown::Write).ok()?;
                None
            }
            Act::Drop => None,
        }
    };
    say("")?;
    while let Some(Ok(line)) = lines.next() {
        if !in_mail {
            in_mail = say(&line)?;
        } else if line == "." {
            in_mail = false;
            say(".")?;
        } else if line.starts_with("Message-ID") {
            let _ = tell.send(line);
        }
    }
    Some(())
}

/// A server that takes all.
fn willing(command: &str) -> Act {
    Act::Say(match command {
        "" => "220 hello",
        command if command.starts_with("EHLO") => "250-x\r\n250 PIPELINING",
        "DATA" => "354 go",
        "QUIT" => "221 bye",
        _ => "250 ok",
    })
}

fn frames(texts: &[&str]) -> crate::batch::OwnedFrames {
    let mut frames = crate::batch::OwnedFrames::default();
    for text in texts {
        frames.buffer().extend_from_slice(text.as_bytes());
        frames.buffer().push(b'\n');
        frames.finish();
    }
    frames
}

fn emit(handler: &mut SmtpHandler, texts: &[&str]) {
    let frames = frames(texts);
    let frames = frames.frames();
    let mut at = 0;
    for _ in 0..100 {
        match handler.emit(&frames, at, Now::read()) {
            Ok(()) => return,
            Err(error) => at = error.done,
        }
    }
    panic!("it takes no more");
}

/// Until it has closed, or for so long.
fn close(handler: &mut SmtpHandler, most: Duration) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < most {
        if handler.close(Now::read(), false).is_ok() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    false
}

const LONG: Duration = Duration::from_secs(10);

#[test]
fn mails_of_one_connection() {
    let server = Fake::new(|_, command| willing(command));
    let (mut handler, _) = server.handler(|_| {});
    emit(&mut handler, &["one", "two"]);
    assert!(close(&mut handler, LONG));
    assert_eq!(handler.unproven(), 0);
    let id = |number| format!("Message-ID: <{}.{number}.1@x>", SenderId([1; 16]));
    let mail = ["0 MAIL FROM:<a@x>", "0 RCPT TO:<b@x>", "0 DATA"];
    let mut want: Vec<String> = vec!["0 ".to_owned(), "0 EHLO here".to_owned()];
    for number in [1, 2] {
        want.extend(mail.map(str::to_owned));
        want.extend([id(number), "0 .".to_owned()]);
    }
    want.push("0 QUIT".to_owned());
    assert_eq!(server.heard(), want);
}

#[test]
fn a_probe_sends_nothing() {
    let server = Fake::new(|_, command| match command {
        "EHLO here" => Act::Say("250-x\r\n250-SIZE 1000\r\n250 AUTH PLAIN"),
        command if command.starts_with("AUTH") => Act::Say("235 in"),
        command => willing(command),
    });
    let (handler, _) = server.handler(|options| {
        options.credentials = Some(Credentials {
            user: "ann".to_owned(),
            password: Password::Text("x".to_owned()),
        });
    });
    let want = SmtpProbe {
        secured: false,
        user: Some("ann".to_owned()),
        size: Some(1000),
    };
    assert_eq!(handler.probe(), Ok(want));
    assert_eq!(
        server.heard(),
        ["0 ", "0 EHLO here", "0 AUTH PLAIN AGFubgB4", "0 QUIT"]
    );
    drop(server);
    let server = Fake::new(|_, _| Act::Say("554 go away"));
    let (handler, _) = server.handler(|_| {});
    let said = handler.probe().unwrap_err();
    assert_eq!(said, "it does not want us: 554 go away");
}

/// A server that ends a connection between two mails costs nothing.
#[test]
fn a_kept_connection_may_end_between_two_mails() {
    let server = Fake::new(|number, command| match (number, command) {
        (0, ".") => Act::Say("250 ok\r\n421 idle for too long"),
        (1, command) if command.starts_with("MAIL") => Act::Drop,
        (_, command) => willing(command),
    });
    let (mut handler, notices) = server.handler(|_| {});
    emit(&mut handler, &["one"]);
    while handler.unproven() > 0 {
        let _ = handler.tick(Now::read());
    }
    emit(&mut handler, &["two"]);
    // The connection that was kept was no use, and nor was the next.
    assert!(close(&mut handler, LONG));
    let heard = server.heard();
    assert_eq!(
        heard.iter().filter(|line| line.ends_with(" .")).count(),
        2,
        "{heard:?}"
    );
    assert!(notices.0.lock().unwrap().is_empty());
}

/// What a server said before it went away counts, however much it was asked at once.
#[test]
fn a_farewell_is_an_answer() {
    // The offer, what is answered by a farewell, and what becomes of the mail.
    let refused = |what: &str| (Some(what.to_owned()), None);
    let later = |what: &str| (None, Some(what.to_owned()));
    for offer in ["250-x\r\n250 PIPELINING", "250 x"] {
        for (command, farewell, want) in [
            (
                "MAIL",
                "521 go away",
                refused("the sender is refused: 521 go away"),
            ),
            (
                "MAIL",
                "554 go away",
                refused("the sender is refused: 554 go away"),
            ),
            (
                "MAIL",
                "421 not now",
                later("the sender is refused: 421 not now"),
            ),
            (
                "RCPT TO:<b@x>",
                "421 not now",
                later("b@x is not accepted: 421 not now"),
            ),
            // The other one is still to be asked.
            (
                "RCPT TO:<b@x>",
                "521 go away",
                later("c@x is not accepted: 521 go away"),
            ),
            (
                "RCPT TO:<c@x>",
                "521 go away",
                later("b@x is not accepted: 521 go away"),
            ),
        ] {
            let server = Fake::new(move |_, heard| match heard {
                heard if heard.starts_with("EHLO") => Act::Say(offer),
                heard if heard.starts_with(command) => Act::Farewell(farewell),
                heard => willing(heard),
            });
            let (mut handler, _) = server.handler(|options| {
                options.to.push(MailAddress::parse("c@x").unwrap());
            });
            emit(&mut handler, &["one"]);
            let begun = Instant::now();
            let mut found = (None, None);
            while found == (None, None) {
                assert!(begun.elapsed() < LONG, "{command} {farewell}");
                if let Err(error) = handler.tick(Now::read())
                    && !error.is_slowness()
                {
                    found.1 = Some(error.source.to_string());
                }
                handler.refused(&mut |refusal| found.0 = Some(refusal.reason.to_owned()));
            }
            assert_eq!(found, want, "{offer} {command} {farewell}");
        }
    }
}

/// One that goes on after such a word gets the mail for those whom it accepted.
#[test]
fn a_farewell_that_is_none_costs_nobody_the_mail() {
    let server = Fake::new(|_, command| match command {
        "RCPT TO:<b@x>" => Act::Say("421 not now"),
        command => willing(command),
    });
    let (mut handler, _) = server.handler(|options| {
        options.to.push(MailAddress::parse("c@x").unwrap());
    });
    emit(&mut handler, &["one"]);
    let begun = Instant::now();
    while handler.unproven() > 0 {
        assert!(begun.elapsed() < LONG);
        let _ = handler.tick(Now::read());
    }
    assert_eq!(dots(&server.heard()), 1);
    assert_eq!(handler.owed[0].recipients, ["b@x"]);
}

/// It may be that its mails of one connection are over, and not its patience.
#[test]
fn a_farewell_on_a_kept_connection_costs_no_pause() {
    for offer in ["250-x\r\n250 PIPELINING", "250 x"] {
        let mails = AtomicUsize::new(0);
        let server = Fake::new(move |_, command| match command {
            command if command.starts_with("EHLO") => Act::Say(offer),
            command if command.starts_with("MAIL") && mails.fetch_add(1, Relaxed) == 1 => {
                Act::Farewell("421 enough")
            }
            command => willing(command),
        });
        let (mut handler, notices) = server.handler(|_| {});
        emit(&mut handler, &["one", "two"]);
        let begun = Instant::now();
        while handler.unproven() > 0 {
            assert!(begun.elapsed() < LONG);
            assert!(handler.tick(Now::read()).is_ok_and(|()| !handler.failed));
        }
        assert_eq!(dots(&server.heard()), 2);
        assert!(notices.0.lock().unwrap().is_empty());
    }
}

/// What was lost before its last dot was not taken: no word of a second one.
#[test]
fn before_the_dot_there_is_no_doubt() {
    let server = Fake::new(|number, command| match (number, command) {
        (0, "DATA") => Act::Drop,
        (1, ".") => Act::Drop,
        (_, command) => willing(command),
    });
    let (mut handler, notices) = server.handler(|_| {});
    emit(&mut handler, &["one"]);
    assert!(close(&mut handler, LONG));
    let heard = server.heard();
    let ids: Vec<_> = heard
        .iter()
        .filter(|line| line.starts_with("Message"))
        .collect();
    assert!(ids.len() == 2 && ids[0] == ids[1], "{heard:?}");
    let notices = notices.0.lock().unwrap();
    assert!(
        notices.len() == 1 && notices[0].contains("may be sent twice"),
        "{notices:?}"
    );
}

/// How many whole mails a server has got.
fn dots(heard: &[String]) -> usize {
    heard.iter().filter(|line| line.ends_with(" .")).count()
}

/// It gets the first mail twice, and no other.
#[test]
fn a_server_that_is_slow_to_answer_gets_more_time() {
    let server = Fake::new(|_, command| {
        if command == "." {
            std::thread::sleep(Duration::from_millis(800));
        }
        willing(command)
    });
    let (mut handler, _) = server.handler(|options| options.timeout = Duration::from_millis(100));
    emit(&mut handler, &["one", "two", "three"]);
    assert!(close(&mut handler, LONG));
    assert_eq!(dots(&server.heard()), 4);
}

/// What may arrive once more is one of the mails that there may be.
#[test]
fn a_mail_that_is_sent_again_counts_for_the_limit() {
    for most in [1, 2] {
        let server = Fake::new(|number, command| match (number, command) {
            (0, ".") => Act::Drop,
            (_, command) => willing(command),
        });
        let (mut handler, _) = server.handler(|options| options.max_per_hour = Some(most));
        emit(&mut handler, &["one"]);
        while handler.outbox.front().is_some_and(|mail| mail.doubts == 0) {
            let _ = handler.tick(Now::read());
        }
        let now = Now::read();
        let due = handler.deadline(now).map(|due| now.until(due));
        if most == 1 {
            assert!(due > Some(Duration::from_secs(3500)), "{due:?}");
            assert_eq!(dots(&server.heard()), 1);
        } else {
            while handler.unproven() > 0 {
                let _ = handler.tick(Now::read());
            }
            assert_eq!(dots(&server.heard()), 2);
            emit(&mut handler, &["two"]);
            assert_eq!((handler.outbox.len(), handler.unproven()), (0, 1));
        }
        // The end does not wait for it.
        assert!(close(&mut handler, LONG));
        assert_eq!(dots(&server.heard()), 1);
    }
}

/// A server that says 354 though it has accepted nobody gets no mail.
#[test]
fn nothing_is_sent_to_nobody() {
    let server = Fake::new(|_, command| match command {
        command if command.starts_with("RCPT") => Act::Say("550 none"),
        "." => Act::Say("554 no recipients"),
        command => willing(command),
    });
    let (mut handler, _) = server.handler(|_| {});
    emit(&mut handler, &["one"]);
    assert!(close(&mut handler, LONG));
    let heard = server.heard();
    assert!(
        !heard.iter().any(|line| line.starts_with("Message")),
        "{heard:?}"
    );
    assert!(heard.contains(&"0 .".to_owned()));
    let mut refused = Vec::new();
    handler.refused(&mut |refusal| refused.push(refusal.reason.to_owned()));
    assert_eq!(refused, ["b@x is refused: 550 none"]);
}

/// Whoever gives up gets every record back.
#[test]
fn what_is_held_is_handed_back() {
    let server = Fake::new(|_, _| Act::Say("421 not today"));
    for digest in [None, Some(DigestRule::default())] {
        let (mut handler, _) = server.handler(|options| options.digest = digest);
        let frames = frames(&["one", "two", "three"]);
        let frames = frames.frames();
        let mut taken = 0;
        for _ in 0..20 {
            match handler.emit(&frames, taken, Now::read()) {
                Ok(()) => break,
                Err(error) => taken = error.done,
            }
        }
        let unproven = handler.unproven();
        assert!(!close(&mut handler, Duration::from_millis(200)));
        let mut back = Vec::new();
        handler.surrender(&mut |frames| back.extend(frames.iter().map(<[u8]>::to_vec)));
        assert_eq!(back.len() as u64, unproven);
        assert_eq!(handler.unproven(), 0);
        let all: Vec<_> = frames.iter().map(<[u8]>::to_vec).collect();
        assert!(all.starts_with(&back) && !back.is_empty());
    }
}

/// However late that shows (`--on-error drop`).
#[test]
fn an_error_costs_the_mail_that_failed_and_no_other() {
    let dots = AtomicUsize::new(0);
    let server = Fake::new(move |_, command| match command {
        "." if dots.fetch_add(1, Relaxed) == 1 => Act::Say("451 not this"),
        command => willing(command),
    });
    let (handler, _) = server.handler(|options| {
        options.backoff = Backoff::new(
            BackoffOptions {
                start: Duration::from_millis(1),
                ..BackoffOptions::default()
            },
            1,
        );
    });
    let mut delivery = Delivery::new(Box::new(handler), OnError::Drop, None, Diag::silent());
    delivery.ledger().figures.count_all();
    let frames = frames(&["one", "two", "three", "four"]);
    let begun = Instant::now();
    while !delivery.deliver(&frames.frames(), Now::read()) {
        assert!(begun.elapsed() < LONG);
    }
    while !delivery.close(Now::read(), false) {
        assert!(begun.elapsed() < LONG);
    }
    let figures = &delivery.ledger().figures;
    assert_eq!((figures.delivered.get(), figures.dropped.get()), (3, 1));
    let heard = server.heard();
    assert_eq!(super::tests::dots(&heard), 4, "{heard:?}");
}

/// When a digest is due, by the clock that it is given.
#[test]
fn a_digest_waits_for_its_time_and_an_error_does_not() {
    let server = Fake::new(|_, command| willing(command));
    let (mut handler, _) = server.handler(|options| {
        options.digest = Some(DigestRule {
            records: None,
            wait: Some(Duration::from_secs(60)),
        });
        options.first_now = Some(Level::ERROR);
    });
    let start = Now::read();
    let at = |seconds| Now {
        mono: start.mono + Duration::from_secs(seconds),
        ..start
    };
    let error = "{\"levelno\":40,\"text\":\"x\"}";
    let mut made = Vec::new();
    for (second, text) in [
        (0, "info"),
        (10, error),
        (11, error),
        (12, error),
        (75, "info"),
        (140, error),
    ] {
        let frames = frames(&[text]);
        handler.make(at(second));
        handler.take(&frames.frames(), 0, at(second));
        made.push((handler.outbox.len(), handler.gathering.count()));
    }
    // The context goes with the first error; 11 and 12 go at 71; the last error
    // comes after a minute without one, however many others there were.
    assert_eq!(made, [(0, 1), (1, 0), (1, 1), (1, 2), (2, 1), (4, 0)]);
    let counts: Vec<_> = handler
        .outbox
        .iter()
        .map(|mail| mail.carried.count)
        .collect();
    assert_eq!(counts, [2, 2, 1, 1]);
}
