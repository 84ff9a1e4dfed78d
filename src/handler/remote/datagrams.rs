//! Delivery by datagrams: udp, or a unix datagram socket.
//!
//! Nobody acknowledges a udp datagram: it counts as delivered when it was sent
//! and nobody refused it. A unix socket tells what its reader has read, so
//! what it may not have read is sent again to a daemon that was restarted. To a
//! daemon that takes records as files in memory, those go so that are too long.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use super::chunker::Chunker;
use super::link::{Link, Missing};
use super::window::Window;
use super::{Halt, RemoteOptions};
use crate::batch::Frames;
use crate::handler::{EmitError, Fault, Handler};
use crate::net::{self, Connection, PeerState, Transport};
use crate::now::Now;

/// How many bytes may be sent that were not read yet.
const WINDOW: u64 = 1 << 20;

/// How soon somebody looks what was read: the first time, and at last, doubled
/// each time that nothing was.
const LOOKS: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(50));

/// Delivers each record as a datagram.
pub(super) struct DatagramDelivery {
    kind: &'static str,
    hint: Option<&'static str>,
    link: Link,
    chunker: Option<Chunker>,
    /// What is longer goes as a file.
    longest: Option<usize>,
    /// A reader's progress can be told.
    told: bool,
    /// What was sent and may not have been read, where that can be told.
    window: Window,
    /// What of it was sent on this connection.
    next: u64,
    /// Offsets in the connection, and what was sent up to there.
    marks: VecDeque<(u64, u64)>,
    look: Option<Instant>,
    pause: Duration,
    /// Records could not be sent.
    blocked: bool,
}

impl DatagramDelivery {
    pub(super) fn new(options: RemoteOptions) -> DatagramDelivery {
        DatagramDelivery {
            kind: options.kind,
            hint: options.hint,
            told: matches!(options.connector.transport, Transport::UnixDatagram),
            link: Link::new(options.connector, options.backoff),
            chunker: options.chunked.map(|(method, id)| Chunker::new(method, id)),
            longest: None,
            window: Window::default(),
            next: 0,
            marks: VecDeque::new(),
            look: None,
            pause: LOOKS.0,
            blocked: false,
        }
    }

    /// The receiver takes files in memory: what is longer than this goes as one.
    pub(super) fn with_files(self, longest: usize) -> DatagramDelivery {
        DatagramDelivery {
            longest: Some(longest),
            ..self
        }
    }

    /// Sees to it that there is a connection, and that what an earlier one may
    /// not have brought over was sent on it.
    fn prepare(&mut self, now: Now) -> Result<(), Halt> {
        match self.link.establish(now) {
            Ok(false) => {}
            Ok(true) => {
                self.next = self.window.proven();
                self.marks.clear();
                if let (Some(connection), Some(longest)) = (self.link.connection(), self.longest) {
                    connection.set_longest(longest);
                }
            }
            Err(Missing::Waiting) => return Err(Halt::Waiting),
            Err(Missing::Failed(error)) => {
                return Err(Halt::failed("cannot connect", error, self.hint));
            }
        }
        while let Some((frames, at, _)) = self.window.frames(self.next) {
            let Some(connection) = self.link.connection() else {
                return Err(Halt::Waiting);
            };
            let as_files = self.longest.is_some();
            let (end, result) = send(connection, self.chunker.as_mut(), as_files, &frames, at);
            self.next += (end - at) as u64;
            self.mark();
            result.map_err(|error| self.broke(error))?;
        }
        Ok(())
    }

    /// Remembers how far the connection is.
    fn mark(&mut self) {
        if let Some(connection) = self.link.connection()
            && let Ok(progress) = connection.progress()
        {
            self.marks.push_back((progress.written, self.next));
        }
    }

    /// Looks what was read.
    fn prove(&mut self, now: Now) -> Result<(), Halt> {
        self.look = None;
        let Some(connection) = self.link.connection().filter(|_| self.told) else {
            return Ok(());
        };
        let acknowledged = match connection.progress() {
            Ok(progress) => progress.acknowledged,
            Err(error) => return Err(self.broke(error)),
        };
        let read = self.marks.iter().take_while(|mark| mark.0 <= acknowledged);
        let read = read.last().copied();
        // What a daemon that ended had not read looks as if it was read, and one
        // that was started again will not read it.
        if self.window.unproven() > 0 && !connection.is_same_peer() {
            return Err(self.broke(io::ErrorKind::ConnectionReset.into()));
        }
        if let Some((_, offset)) = read {
            self.marks.retain(|mark| mark.0 > acknowledged);
            self.window.prove(offset);
            self.window.keep(0);
            self.link.note_proof();
            self.pause = LOOKS.0;
        }
        if self.window.unproven() > 0 {
            self.look = Some(now.mono + self.pause);
            self.pause = (self.pause * 2).min(LOOKS.1);
        }
        Ok(())
    }

    /// The connection is of no use any more.
    fn broke(&mut self, error: io::Error) -> Halt {
        if error.kind() == io::ErrorKind::WouldBlock {
            return Halt::Waiting;
        }
        if net::is_no_file(&error) {
            return Halt::failed("cannot send a long record", error, None);
        }
        // What it has not read is in its queue still, and would be there twice.
        if error.kind() == io::ErrorKind::TimedOut
            && self.told
            && self.link.connection().is_some_and(|c| c.is_same_peer())
        {
            return Halt::failed("cannot send", error, self.hint);
        }
        self.link.drop_connection();
        self.marks.clear();
        self.next = self.window.proven();
        self.look = None;
        Halt::failed("cannot send", error, self.hint)
    }

    /// Sends records, and gives the record end up to which they are out.
    fn deliver(&mut self, frames: &Frames<'_>, from: usize, now: Now) -> Result<(), EmitError> {
        let mut done = from;
        while done < frames.len() {
            if self.window.end() - self.window.proven() > WINDOW {
                self.prove(now).map_err(|halt| halt.at(done))?;
                if self.window.end() - self.window.proven() > WINDOW {
                    return Err(EmitError::slow(done));
                }
            }
            let Some(connection) = self.link.connection() else {
                return Err(EmitError::slow(done));
            };
            let as_files = self.longest.is_some();
            let (end, result) = send(connection, self.chunker.as_mut(), as_files, frames, done);
            let sent = (done, end);
            done = end;
            if let Err(error) = &result
                && !self.told
                && is_refusal(error)
            {
                done = before_last(frames, sent);
            }
            if self.told && done > sent.0 {
                self.window.push(frames, (sent.0, done), 1);
                self.next = self.window.end();
                self.mark();
                self.look.get_or_insert(now.mono + LOOKS.0);
                self.pause = LOOKS.0;
            }
            match result {
                Ok(()) => {}
                Err(error) if is_too_long(&error) => {
                    return Err(EmitError {
                        done,
                        fault: Fault::Drop,
                        doing: "cannot send a record",
                        source: self.too_long(frames.next(done) - done, &error),
                    });
                }
                Err(error) => return Err(self.broke(error).at(done)),
            }
        }
        // Nobody listens: that is known only after the datagram was sent.
        if let Some(connection) = self.link.connection().filter(|_| !self.told) {
            if let PeerState::Reset(error) = connection.peer() {
                let done = before_last(frames, (from, frames.len()));
                return Err(self.broke(error).at(done));
            }
            self.link.note_proof();
        }
        Ok(())
    }

    fn too_long(&mut self, length: usize, error: &io::Error) -> io::Error {
        let connection = self.link.connection();
        let most = connection.and_then(|connection| connection.max_datagram());
        let text = match (self.chunker.is_some(), most) {
            (true, _) => format!("it has {length} bytes: {error}"),
            (false, Some(most)) if most < length => {
                format!("it has {length} bytes, and a datagram holds {most}")
            }
            (false, _) => format!("it has {length} bytes, too many for a datagram"),
        };
        io::Error::new(io::ErrorKind::InvalidInput, text)
    }
}

/// Sends records, each as one datagram, as chunks or, `as_files`, as a file where
/// it is too long; gives the record end up to
/// which they are out.
fn send(
    connection: &mut Connection,
    chunker: Option<&mut Chunker>,
    as_files: bool,
    frames: &Frames<'_>,
    from: usize,
) -> (usize, io::Result<()>) {
    let mut done = from;
    let Some(chunker) = chunker else {
        loop {
            let (count, result) = connection.send_many(frames, done, None);
            (done, _) = frames.take(done, count as u64, u64::MAX);
            match result {
                Err(error) if as_files && net::is_too_long(&error) => {
                    let end = frames.next(done);
                    if let Err(why) = connection.send_as_file(&frames.bytes()[done..end]) {
                        return (done, Err(if never(&why) { error } else { why }));
                    }
                    done = end;
                }
                result => return (done, result),
            }
        }
    };
    for (record, _) in frames.iter_from(from) {
        let sent = chunker.each(record, |datagram| connection.send(datagram));
        if let Err(error) = sent {
            return (done, Err(error));
        }
        done += record.len();
    }
    (done, Ok(()))
}

/// Where the last record begins of those that were sent: its refusal is what
/// the error tells of.
fn before_last(frames: &Frames<'_>, (from, to): (usize, usize)) -> usize {
    match to.checked_sub(from + 1) {
        None => from,
        Some(room) => frames.cut(from, room as u64),
    }
}

/// Whether there will never be a file: the system has none, or none so long.
fn never(error: &io::Error) -> bool {
    let kinds = [io::ErrorKind::Unsupported, io::ErrorKind::FileTooLarge];
    net::is_no_file(error) && kinds.contains(&error.kind())
}

fn is_refusal(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ConnectionRefused
}

fn is_too_long(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::InvalidInput || net::is_too_long(error)
}

impl Handler for DatagramDelivery {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn target(&self) -> String {
        self.link.target()
    }

    fn probe(&self) -> Result<String, String> {
        self.link.probe()
    }

    /// A peer may come later.
    fn open(&mut self, _now: Now) -> io::Result<()> {
        Ok(())
    }

    fn emit(&mut self, frames: &Frames<'_>, from: usize, now: Now) -> Result<(), EmitError> {
        let prepared = self.prepare(now).map_err(|halt| halt.at(from));
        let sent = prepared.and_then(|()| self.deliver(frames, from, now));
        self.blocked = sent.is_err();
        sent
    }

    fn deadline(&self, now: Now) -> Option<Instant> {
        let waits = self.blocked || self.window.unproven() > 0;
        let due = self.link.due().filter(|_| waits);
        self.look.or(due).or_else(|| waits.then_some(now.mono))
    }

    /// Nobody comes again with them, so that nothing is due for them.
    fn abandon(&mut self) {
        self.blocked = false;
    }

    fn tick(&mut self, now: Now) -> Result<(), EmitError> {
        self.prepare(now).map_err(|halt| halt.at(0))?;
        self.prove(now).map_err(|halt| halt.at(0))
    }

    /// As for streams.
    fn reopen(&mut self, _now: Now) {
        if self.window.unproven() == 0 {
            self.look = None;
            self.link.renew();
        }
    }

    fn patience(&self, _hurry: bool) -> Option<Duration> {
        Some(super::PATIENCE)
    }

    fn unproven(&self) -> u64 {
        self.window.unproven()
    }

    fn surrender(&mut self, each: &mut dyn FnMut(&Frames<'_>)) {
        self.window.surrender(each);
        self.marks.clear();
        self.next = self.window.end();
    }

    fn close(&mut self, now: Now, _hurry: bool) -> Result<(), EmitError> {
        if self.window.unproven() > 0 {
            self.tick(now)?;
        }
        match self.window.unproven() {
            0 => Ok(()),
            _ => Err(EmitError::slow(0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_one_sent_is_the_one_that_was_refused() {
        let frames = Frames::lines(b"one\ntwo\nthree\n");
        assert_eq!(before_last(&frames, (0, 14)), 8);
        assert_eq!(before_last(&frames, (4, 8)), 4);
        assert_eq!(before_last(&frames, (4, 4)), 4);
    }
}
