//! The wire `lh` from the sender's side.

use std::io;

use super::link::Broken;
use super::talk::Talk;
use super::window::Window;
use crate::wire::lh::{self, Hello, NotThisWire, SenderId, WELCOME};

/// How many bytes of frames are made at once; one record may be longer.
const BATCH: usize = 64 << 10;

/// Numbered frames that the other end acknowledges.
#[derive(Debug, Default)]
pub(super) struct Numbered {
    sender: SenderId,
    /// The other end has answered.
    greeted: bool,
    /// What is being sent.
    out: Vec<u8>,
    at: usize,
    /// The offset in the window of what comes after that.
    next: u64,
    /// What the other end said and what is not all there yet.
    heard: Vec<u8>,
    /// The other end has accepted all up to this number.
    accepted: u64,
    /// The number of the last frame that was sent on this connection.
    last: u64,
}

impl Numbered {
    /// The records that come are this sender's.
    pub(super) fn new(sender: SenderId) -> Numbered {
        Numbered {
            sender,
            ..Numbered::default()
        }
    }

    fn accept(&mut self, number: u64, window: &mut Window) {
        self.accepted = self.accepted.max(number);
        window.prove_number(number);
        window.keep(0);
    }

    /// Frames whose records have arrived on an earlier connection are not sent.
    fn skip_proven(&mut self, window: &Window) {
        self.next = self.next.max(window.proven());
    }
}

impl Talk for Numbered {
    fn set_sender(&mut self, sender: SenderId) {
        self.sender = sender;
    }

    fn begin(&mut self, window: &Window, number: u64) {
        let first = window.frames(window.proven());
        let hello = Hello {
            sender: self.sender,
            next: first.map_or(number, |(_, _, first)| first),
        };
        self.greeted = false;
        self.heard.clear();
        self.out.clear();
        self.at = 0;
        hello.encode(&mut self.out);
    }

    fn bytes<'a>(&'a mut self, window: &'a Window) -> &'a [u8] {
        if self.at == self.out.len() && self.greeted {
            self.out.clear();
            self.at = 0;
            if let Some((frames, from, first)) = window.frames(self.next) {
                for (number, (record, _)) in (first..).zip(frames.iter_from(from)) {
                    if self.out.len() >= BATCH {
                        break;
                    }
                    // What is longer than a length can say does not come here:
                    // a record is in memory as a whole.
                    lh::encode_frame(number, record, &mut self.out);
                    self.next += record.len() as u64;
                    self.last = number;
                }
            }
        }
        &self.out[self.at..]
    }

    fn wrote(&mut self, count: usize) {
        self.at += count;
    }

    fn flushed(&mut self, _total: u64) {}

    fn acknowledged(&mut self, _total: u64, _window: &mut Window) {}

    fn heard(&mut self, bytes: &[u8], window: &mut Window) -> Result<(), Broken> {
        self.heard.extend_from_slice(bytes);
        if !self.greeted {
            let Some(welcome) = self.heard.first_chunk::<WELCOME>() else {
                return Ok(());
            };
            let accepted = lh::decode_welcome(welcome).map_err(refused)?;
            self.heard.drain(..WELCOME);
            self.greeted = true;
            self.last = accepted;
            self.accept(accepted, window);
            self.skip_proven(window);
        }
        if let Some((number, length)) = lh::decode_acks(&self.heard, self.last).map_err(refused)? {
            self.heard.drain(..length);
            self.accept(number, window);
        }
        Ok(())
    }

    /// What a restarted sender reads from its spool may have been accepted
    /// already.
    fn took(&mut self, window: &mut Window) {
        if self.accepted > 0 {
            window.prove_number(self.accepted);
            window.keep(0);
            self.skip_proven(window);
        }
    }

    fn broken(&mut self, _why: &Broken, window: &mut Window) {
        self.greeted = false;
        self.next = window.proven();
    }

    fn proves_all(&self) -> bool {
        true
    }

    fn is_greeted(&self) -> bool {
        self.greeted
    }

    /// What it has accepted, it has said.
    fn ends_at_once(&self) -> bool {
        true
    }

    fn listens(&self, window: &Window) -> bool {
        !self.greeted || window.unproven() > 0
    }

    fn unsent(&self, window: &Window) -> u64 {
        window.end() - self.next + (self.out.len() - self.at) as u64
    }
}

fn refused(reason: NotThisWire) -> Broken {
    Broken::Reset(io::Error::new(io::ErrorKind::InvalidData, reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Frames;
    use crate::wire::lh::{HELLO, decode_frame, encode_ack, encode_welcome};

    fn take(talk: &mut Numbered, window: &Window) -> Vec<u8> {
        let bytes = talk.bytes(window).to_vec();
        talk.wrote(bytes.len());
        bytes
    }

    fn welcome(talk: &mut Numbered, accepted: u64, window: &mut Window) {
        let mut bytes = Vec::new();
        encode_welcome(accepted, &mut bytes);
        // In two pieces.
        talk.heard(&bytes[..3], window).unwrap();
        talk.heard(&bytes[3..], window).unwrap();
    }

    fn numbers(mut bytes: &[u8]) -> Vec<u64> {
        let mut numbers = Vec::new();
        while let Some((number, _, length)) = decode_frame(bytes, 0, 100).unwrap() {
            numbers.push(number);
            bytes = &bytes[length..];
        }
        numbers
    }

    #[test]
    fn what_was_not_acknowledged_is_sent_again_with_its_number() {
        let mut talk = Numbered::new(SenderId([7; 16]));
        let mut window = Window::default();
        let lines = Frames::lines(b"one\ntwo\nthree\n");
        talk.begin(&window, 1);
        window.push(&lines, (0, 14), 1);
        talk.took(&mut window);
        let hello = take(&mut talk, &window);
        let hello = Hello::decode(hello.as_slice().try_into().unwrap()).unwrap();
        assert_eq!((hello.sender.0[0], hello.next, HELLO), (7, 1, 28));
        assert_eq!(take(&mut talk, &window), b"", "the other end has the word");
        assert!(talk.listens(&window));
        welcome(&mut talk, 0, &mut window);
        assert_eq!(numbers(&take(&mut talk, &window)), [1, 2, 3]);
        let mut ack = Vec::new();
        encode_ack(1, &mut ack);
        talk.heard(&ack, &mut window).unwrap();
        assert_eq!(window.unproven(), 2);

        talk.broken(&Broken::Closed, &mut window);
        talk.begin(&window, 4);
        assert_eq!(take(&mut talk, &window).len(), HELLO);
        // The acknowledgement of the second was lost on the way.
        welcome(&mut talk, 2, &mut window);
        assert_eq!(numbers(&take(&mut talk, &window)), [3]);
        ack.clear();
        encode_ack(9, &mut ack);
        assert!(
            talk.heard(&ack, &mut window).is_err(),
            "that was never sent"
        );
    }

    /// As a run does that was killed, and reads its spool again.
    #[test]
    fn what_was_accepted_from_an_earlier_run_is_not_sent() {
        let mut talk = Numbered::new(SenderId::default());
        let mut window = Window::default();
        let lines = Frames::lines(b"one\ntwo\nthree\n");
        talk.begin(&window, 5);
        take(&mut talk, &window);
        welcome(&mut talk, 6, &mut window);
        window.push(&lines, (0, 14), 5);
        talk.took(&mut window);
        assert_eq!(window.unproven(), 1);
        assert_eq!(numbers(&take(&mut talk, &window)), [7]);
    }
}
