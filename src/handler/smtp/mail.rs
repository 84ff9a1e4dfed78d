//! Records on their way into a mail, and mails on their way out.

use std::sync::Arc;
use std::time::Instant;

use super::digest::{Digest, Form, Kind};
use crate::batch::{Frames, OwnedFrames};
use crate::wire::lh::SenderId;
use crate::wire::mail::MailRecord;

/// How many bytes of records are held that a mail is made of, so that they can
/// be handed back. Of what comes beyond that, only its kind is known.
const MOST_HELD: usize = 8 << 20;

/// How many records are handed back at once that stand for others.
const STAND_INS: u64 = 256;

/// The records that go into the next mail.
#[derive(Debug)]
pub(super) struct Gathering {
    pub digest: Digest,
    records: OwnedFrames,
    /// When the first of them came.
    pub since: Option<Instant>,
    /// Whose the first of them is, and its number.
    first: (SenderId, u64),
    /// One of them does not wait.
    pub urgent: bool,
    /// One of them is of the level that does not wait, if it is the first.
    pub has_grave: bool,
    /// They are due, and there were enough mails.
    pub held_back: bool,
}

impl Gathering {
    pub fn new(form: Form) -> Gathering {
        Gathering {
            digest: Digest::new(form),
            records: OwnedFrames::default(),
            since: None,
            first: (SenderId::default(), 0),
            urgent: false,
            has_grave: false,
            held_back: false,
        }
    }

    pub fn count(&self) -> u64 {
        self.digest.count()
    }

    /// Takes a record in.
    pub fn add(&mut self, frame: &[u8], record: &MailRecord, of: (SenderId, u64), now: Instant) {
        if self.count() == 0 {
            self.first = of;
        }
        self.since.get_or_insert(now);
        let fits = self.count() == 0 || self.records.end() + frame.len() <= MOST_HELD;
        if fits {
            self.records.buffer().extend_from_slice(frame);
            self.records.finish();
        }
        self.digest.add(record, !fits);
    }

    /// What names the mail: the same for the same records of the same sender.
    pub fn id(&self) -> String {
        let (sender, number) = self.first;
        format!("{sender}.{number}.{}", self.count())
    }

    /// Parts the records, which a mail has now, from what it says of them.
    pub fn take(self) -> (Digest, Carried) {
        let kinds = self.digest.kinds().iter();
        let carried = Carried {
            count: self.count(),
            records: self.records,
            kinds: kinds.filter(|kind| kind.thinned > 0).cloned().collect(),
        };
        (self.digest, carried)
    }
}

/// The records that a mail has.
#[derive(Debug, Default)]
pub(super) struct Carried {
    pub count: u64,
    records: OwnedFrames,
    /// Kinds of which some are not held.
    kinds: Vec<Kind>,
}

impl Carried {
    /// Hands them out; in place of those that are not held, as many that stand
    /// for them.
    pub fn hand_out(self, each: &mut dyn FnMut(&Frames<'_>)) {
        if self.records.end() > 0 {
            each(&self.records.frames());
        }
        for kind in self.kinds {
            let mut frame = Vec::new();
            kind.stand_in().write(&mut frame);
            let mut left = kind.thinned;
            while left > 0 {
                let count = left.min(STAND_INS);
                let mut frames = OwnedFrames::default();
                for _ in 0..count {
                    frames.buffer().extend_from_slice(&frame);
                    frames.finish();
                }
                each(&frames.frames());
                left -= count;
            }
        }
    }
}

/// A mail that is ready to be sent.
#[derive(Debug)]
pub(super) struct Mail {
    /// As it goes over the wire.
    pub bytes: Arc<Vec<u8>>,
    /// Who does not have it yet.
    pub recipients: Vec<String>,
    /// Those at whom the server has ended the connection: the others come first.
    pub aside: Vec<String>,
    pub carried: Carried,
    /// How often it was sent whole without a word from the server.
    pub doubts: u32,
}

/// A mail that some have and others may get later.
#[derive(Debug)]
pub(super) struct Owed {
    pub bytes: Arc<Vec<u8>>,
    pub recipients: Vec<String>,
    pub due: Instant,
    pub tries: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However many they are, as many are handed back.
    #[test]
    fn what_is_not_held_is_stood_in_for() {
        let form = Form {
            prefix: true,
            attach: false,
            utc: true,
            host: "x".to_owned(),
            max_per_hour: None,
        };
        let mut gathering = Gathering::new(form);
        let now = Instant::now();
        let frame = "x".repeat(1 << 17) + "\n";
        let record = MailRecord::read(frame.as_bytes());
        for number in 0..100 {
            let of = (SenderId([7; 16]), 41 + number);
            gathering.add(frame.as_bytes(), &record, of, now);
        }
        assert!(gathering.records.end() <= MOST_HELD);
        assert!(
            gathering.id().ends_with("0707.41.100"),
            "{}",
            gathering.id()
        );
        let (digest, carried) = gathering.take();
        assert_eq!((digest.count(), carried.count), (100, 100));
        let mut count = 0;
        carried.hand_out(&mut |frames| count += frames.count(0, frames.len()));
        assert_eq!(count, 100);
    }
}
