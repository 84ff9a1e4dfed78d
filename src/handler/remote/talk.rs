//! What is said over a stream, and what proves that it was heard.

use std::collections::VecDeque;

use super::link::Broken;
use super::window::Window;
use crate::wire::lh::SenderId;

/// How many bytes that have arrived are kept, because the peer may be cut off
/// before it has read them: as much as a Linux peer takes into its buffer
/// without reading, by default.
pub(super) const KEPT: u64 = 8 << 20;

/// One way to send the records of a window over a stream.
pub(super) trait Talk: Send {
    /// The records that come are this sender's.
    fn set_sender(&mut self, sender: SenderId) {
        let _ = sender;
    }

    /// A new connection is there; the next record that comes has this number.
    fn begin(&mut self, window: &Window, number: u64);

    /// What is to be written next; nothing, if there is nothing at the moment.
    fn bytes<'a>(&'a mut self, window: &'a Window) -> &'a [u8];

    /// So many of these bytes were taken.
    fn wrote(&mut self, count: usize);

    /// All that was taken is with the kernel: that many bytes of the connection.
    fn flushed(&mut self, total: u64);

    /// That many bytes of the connection are with the peer's kernel.
    fn acknowledged(&mut self, total: u64, window: &mut Window);

    /// The peer says something.
    ///
    /// # Errors
    /// When that makes no sense.
    fn heard(&mut self, bytes: &[u8], window: &mut Window) -> Result<(), Broken>;

    /// The window has more records.
    fn took(&mut self, window: &mut Window);

    /// The connection is over: what is sent next is what may not have been
    /// heard.
    fn broken(&mut self, why: &Broken, window: &mut Window);

    /// Whether the peer has said what it says first, if there is such a thing.
    fn is_greeted(&self) -> bool {
        true
    }

    /// Whether what is proven was heard by the peer itself, not by its kernel
    /// alone.
    fn proves_all(&self) -> bool {
        false
    }

    /// Whether nothing more is to be learned from a peer that has ended its
    /// stream.
    fn ends_at_once(&self) -> bool {
        false
    }

    /// Whether the peer will say something.
    fn listens(&self, window: &Window) -> bool;

    /// How many bytes of the window are not sent.
    fn unsent(&self, window: &Window) -> u64;
}

/// The records as they are, which nobody acknowledges but the peer's kernel.
#[derive(Debug, Default)]
pub(super) struct Plain {
    /// The offset in the window of what is sent next.
    next: u64,
    /// Offsets in the connection, and what was sent up to there.
    marks: VecDeque<(u64, u64)>,
}

/// How many marks there are at most: beyond that, only the last one moves.
const MARKS: usize = 4096;

impl Talk for Plain {
    fn begin(&mut self, _window: &Window, _number: u64) {}

    fn bytes<'a>(&'a mut self, window: &'a Window) -> &'a [u8] {
        window.bytes(self.next)
    }

    fn wrote(&mut self, count: usize) {
        self.next += count as u64;
    }

    fn flushed(&mut self, total: u64) {
        if self.marks.len() == MARKS {
            self.marks.pop_back();
        }
        self.marks.push_back((total, self.next));
    }

    fn acknowledged(&mut self, total: u64, window: &mut Window) {
        let mut proven = None;
        while let Some((mark, offset)) = self.marks.front()
            && *mark <= total
        {
            proven = Some(*offset);
            self.marks.pop_front();
        }
        if let Some(offset) = proven {
            window.prove(offset);
            window.keep(KEPT);
        }
    }

    fn heard(&mut self, _bytes: &[u8], _window: &mut Window) -> Result<(), Broken> {
        Ok(())
    }

    fn took(&mut self, _window: &mut Window) {}

    fn broken(&mut self, why: &Broken, window: &mut Window) {
        self.marks.clear();
        match why {
            Broken::Closed => window.keep(0),
            Broken::Reset(_) => window.doubt(),
        }
        self.next = window.proven();
    }

    fn listens(&self, _window: &Window) -> bool {
        false
    }

    fn unsent(&self, window: &Window) -> u64 {
        window.end() - self.next
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::batch::Frames;

    /// Sends all there is, and says what that was.
    fn send(talk: &mut dyn Talk, window: &Window) -> Vec<u8> {
        let mut sent = Vec::new();
        loop {
            let bytes = talk.bytes(window).to_vec();
            if bytes.is_empty() {
                return sent;
            }
            talk.wrote(bytes.len());
            sent.extend_from_slice(&bytes);
        }
    }

    #[test]
    fn a_reset_peer_gets_what_it_may_not_have_read() {
        let (mut talk, mut window) = (Plain::default(), Window::default());
        let lines = Frames::lines(b"one\ntwo\nthree\n");
        window.push(&lines, (0, 8), 1);
        assert_eq!(send(&mut talk, &window), b"one\ntwo\n");
        talk.flushed(8);
        talk.acknowledged(7, &mut window);
        assert_eq!(window.unproven(), 2);
        talk.acknowledged(8, &mut window);
        assert_eq!(window.unproven(), 0);
        window.push(&lines, (8, 14), 3);
        assert_eq!(talk.unsent(&window), 6);
        talk.broken(
            &Broken::Reset(io::ErrorKind::ConnectionReset.into()),
            &mut window,
        );
        assert_eq!(window.unproven(), 3);
        assert_eq!(send(&mut talk, &window), b"one\ntwo\nthree\n");
    }

    #[test]
    fn a_peer_that_has_closed_has_read_what_it_acknowledged() {
        let (mut talk, mut window) = (Plain::default(), Window::default());
        let lines = Frames::lines(b"one\ntwo\nthree\n");
        window.push(&lines, (0, 4), 1);
        send(&mut talk, &window);
        talk.flushed(4);
        window.push(&lines, (4, 14), 2);
        // A part of it is out.
        talk.wrote(6);
        talk.flushed(10);
        talk.acknowledged(10, &mut window);
        assert_eq!(window.unproven(), 1);
        talk.broken(&Broken::Closed, &mut window);
        assert_eq!(send(&mut talk, &window), b"three\n");
    }
}
