use std::io;

use super::*;
use crate::handler::fake::{Mood, Remote};

/// Takes everything but what begins with a `!`, and learns later what has
/// arrived.
struct Slow {
    taken: Vec<String>,
    arrived: Arc<Mutex<u64>>,
    /// All that has not arrived by the time that is due by the clock can't.
    fails: bool,
    /// It is closed only when its peer says so.
    waits: bool,
}

impl Handler for Slow {
    fn kind(&self) -> &'static str {
        "slow"
    }

    fn target(&self) -> String {
        "target".to_owned()
    }

    fn open(&mut self, _now: Now) -> io::Result<()> {
        Ok(())
    }

    fn emit(&mut self, frames: &Frames<'_>, from: usize, _now: Now) -> Result<(), EmitError> {
        let mut done = from;
        for (record, _) in frames.iter_from(from) {
            if record.starts_with(b"!") {
                return Err(EmitError {
                    done,
                    fault: Fault::Drop,
                    doing: "cannot send",
                    source: io::ErrorKind::InvalidData.into(),
                });
            }
            done += record.len();
            self.taken
                .push(String::from_utf8_lossy(record).into_owned());
        }
        Ok(())
    }

    fn deadline(&self, now: Now) -> Option<Instant> {
        (self.unproven() > 0).then_some(now.mono)
    }

    fn tick(&mut self, _now: Now) -> Result<(), EmitError> {
        let kind = match self.fails {
            true => io::ErrorKind::ConnectionReset,
            false => io::ErrorKind::WouldBlock,
        };
        Err(EmitError::retry(0, "cannot deliver", kind.into()))
    }

    fn is_delivered(&self) -> bool {
        self.waits && self.unproven() == 0
    }

    fn unproven(&self) -> u64 {
        self.taken.len() as u64 - *self.arrived.lock().unwrap()
    }

    fn surrender(&mut self, each: &mut dyn FnMut(&Frames<'_>)) {
        let arrived = *self.arrived.lock().unwrap() as usize;
        each(&Frames::lines(self.taken[arrived..].concat().as_bytes()));
        self.taken.truncate(arrived);
    }

    fn close(&mut self, _now: Now, _hurry: bool) -> Result<(), EmitError> {
        match self.unproven() {
            0 if !self.waits => Ok(()),
            _ => Err(EmitError::slow(0)),
        }
    }
}

fn slow() -> (Arc<Mutex<u64>>, Delivery) {
    slow_with(false, false, OnError::Block, Diag::silent())
}

fn slow_with(
    fails: bool,
    waits: bool,
    on_error: OnError,
    diag: Diag,
) -> (Arc<Mutex<u64>>, Delivery) {
    let arrived = Arc::default();
    let handler = Slow {
        taken: Vec::new(),
        arrived: Arc::clone(&arrived),
        fails,
        waits,
    };
    let delivery = Delivery::new(Box::new(handler), on_error, None, diag);
    delivery.ledger().figures.count_all();
    (arrived, delivery)
}

#[test]
fn a_record_is_settled_behind_those_before_it() {
    let (arrived, mut delivery) = slow();
    delivery.track();
    let now = Now::read();
    assert!(delivery.deliver(&Frames::lines(b"!0\na\n!1\n!2\nb\nc\n"), now));
    // What is given up need not be sent again, but what is before it has to.
    assert_eq!(delivery.settled(), 1);
    for (count, settled) in [(1, 4), (2, 5), (3, 6)] {
        *arrived.lock().unwrap() = count;
        assert_eq!(delivery.settled(), settled);
    }
    assert_eq!(delivery.ledger().figures.dropped.get(), 3);
}

/// What is said, as it is said.
fn listener() -> (Arc<Mutex<Vec<String>>>, Diag) {
    let said = Arc::<Mutex<Vec<String>>>::default();
    let heard = Arc::clone(&said);
    let diag = Diag::new(move |_, text| heard.lock().unwrap().push(text.to_string()));
    (said, diag)
}

#[test]
fn what_fails_by_the_clock_ends_the_run_where_an_error_does() {
    for (on_error, end) in [(OnError::Exit, Some(End::Exit)), (OnError::Block, None)] {
        let (arrived, mut delivery) = slow_with(true, false, on_error, Diag::silent());
        let now = Now::read();
        assert!(delivery.deliver(&Frames::lines(b"a\nb\nc\n"), now));
        *arrived.lock().unwrap() = 1;
        delivery.tick(now);
        assert_eq!(delivery.ended(), end, "{on_error:?}");
        let closed = delivery.close(now, false);
        assert_eq!(closed, end.is_some());
        let dropped = delivery.ledger().figures.dropped.get();
        assert_eq!(dropped, if end.is_some() { 2 } else { 0 });
    }
}

#[test]
fn what_is_delivered_is_not_in_doubt_because_a_last_word_is_missing() {
    for waits in [true, false] {
        let (said, diag) = listener();
        let (arrived, mut delivery) = slow_with(false, waits, OnError::Block, diag);
        let now = Now::read();
        assert!(delivery.deliver(&Frames::lines(b"a\n"), now));
        assert!(!delivery.close(now, false));
        *arrived.lock().unwrap() = 1;
        delivery.doubt(now);
        let said = said.lock().unwrap();
        match waits {
            true => assert_eq!((delivery.ended(), said.len()), (None, 0), "{said:?}"),
            // Another one that was slow to close had a reason for it.
            false => assert_eq!(
                *said,
                ["target: its last records are in doubt: it took too long"]
            ),
        }
    }
}

#[test]
fn what_is_given_up_is_given_up_for_what_went_wrong() {
    let folder = tempfile::tempdir().unwrap();
    for (mood, want) in [
        (Mood::Failing, "cannot write: no storage space"),
        (Mood::Slow, "given up: it took too long"),
    ] {
        let path = folder.path().join(want);
        let (_, fake) = Remote::new(mood);
        let letters = DeadLetters::new(path.clone(), Diag::silent());
        let mut delivery = Delivery::new(fake, OnError::Block, Some(letters), Diag::silent());
        let (frames, now) = (Frames::lines(b"a\n"), Now::read());
        assert!(!delivery.deliver(&frames, now));
        delivery.give_up(&frames, now);
        drop(delivery);
        let kept = std::fs::read_to_string(&path).unwrap();
        assert!(kept.contains(want), "{kept}");
    }
}

#[test]
fn what_never_arrives_is_lost_unless_it_is_kept_elsewhere() {
    for kept in [false, true] {
        let (arrived, mut delivery) = slow();
        let now = Now::read();
        assert!(delivery.deliver(&Frames::lines(b"a\nb\nc\n"), now));
        *arrived.lock().unwrap() = 1;
        assert!(!delivery.close(now, false));
        let figures = Arc::clone(&delivery.ledger().figures);
        let read = || crate::figures::HandlerFigures::read("slow", String::new(), &figures);
        assert_eq!((read().delivered, read().waiting), (1, 2));
        match kept {
            true => delivery.leave(now),
            false => delivery.doubt(now),
        }
        let lost = if kept { 0 } else { 2 };
        assert_eq!((read().delivered, read().waiting), (1, 0));
        assert_eq!((read().dropped, delivery.ended()), (lost, None));
    }
}

#[test]
fn what_is_kept_elsewhere_is_not_lost_when_the_target_is() {
    let (_, fake) = Remote::new(Mood::Broken);
    let mut delivery = Delivery::new(fake, OnError::Block, None, Diag::silent());
    delivery.track();
    assert!(delivery.deliver(&Frames::lines(b"a\nb\n"), Now::read()));
    assert_eq!(delivery.ended(), Some(End::Fatal));
    let dropped = delivery.ledger().figures.dropped.get();
    assert_eq!((delivery.settled(), dropped), (0, 0));
}

#[test]
fn what_comes_after_the_end_is_kept_as_dead_letters_once() {
    let folder = tempfile::tempdir().unwrap();
    let (now, path) = (Now::read(), folder.path().join("dead"));
    for (mood, on_error, end) in [
        (Mood::Broken, OnError::Block, End::Fatal),
        (Mood::Failing, OnError::Exit, End::Exit),
    ] {
        let (_, fake) = Remote::new(mood);
        let letters = DeadLetters::new(path.clone(), Diag::silent());
        let mut delivery = Delivery::new(fake, on_error, Some(letters), Diag::silent());
        for batch in ["a\nb\n", "c\n"] {
            assert!(delivery.deliver(&Frames::lines(batch.as_bytes()), now));
        }
        assert_eq!(delivery.ended(), Some(end));
        assert_eq!(delivery.ledger().figures.dropped.get(), 3);
        drop(delivery);
        let kept = std::fs::read_to_string(&path).unwrap();
        assert_eq!(kept.lines().count(), 3, "{kept}");
        for (line, record) in kept.lines().zip(["a", "b", "c"]) {
            let record = format!("\"record\":\"{record}\"");
            assert!(line.contains(&record), "{line}");
            assert!(line.contains("\"reason\":\"cannot write: "), "{line}");
        }
        std::fs::remove_file(&path).unwrap();
    }
}
