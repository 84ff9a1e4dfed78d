//! Delivery to the socket of a daemon on this machine, which takes datagrams or
//! a stream, as the daemon likes.
//!
//! That can't be known before the socket is there, and one that comes back may
//! be of the other kind: it is looked at whenever something fails. What the peer
//! before may not have read goes to the next one, in the form that this one has.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::RemoteOptions;
use super::datagrams::DatagramDelivery;
use super::streams::StreamDelivery;
use crate::batch::{Frames, OwnedFrames};
use crate::diag::plain;
use crate::handler::{EmitError, Fault, Handler, Refusal};
use crate::net::{Address, Backoff, Connector, Transport};
use crate::now::Now;
use crate::sys;
use crate::wire::envelope::Framing;
use crate::wire::syslog::Reframer;

/// How many bytes are put into another form at once.
const STEP: u64 = 64 << 10;

/// What the handler is told.
pub struct LocalOptions {
    /// Its name on the command line.
    pub kind: &'static str,
    /// The socket.
    pub path: PathBuf,
    /// How long an attempt to connect may take, and a silence while something is
    /// on its way.
    pub timeout: Duration,
    /// How long it waits between attempts to connect.
    pub backoff: Backoff,
    /// What may help where nobody listens.
    pub hint: Option<&'static str>,
    /// How the messages that come are told apart.
    pub given: Framing,
    /// How they are on a stream. Each datagram is one.
    pub on_stream: Framing,
}

/// See the [module](self).
pub(super) struct LocalDelivery {
    options: LocalOptions,
    /// The socket is one that takes a stream.
    stream: bool,
    inner: Box<dyn Handler>,
    /// What was taken and is not with the inner one yet, as it was given.
    behind: OwnedFrames,
    /// Of that, what can't be sent.
    refused: Vec<(OwnedFrames, &'static str, String)>,
    room: OwnedFrames,
}

impl LocalDelivery {
    pub(super) fn new(options: LocalOptions) -> LocalDelivery {
        let stream = sys::is_stream_socket(&options.path) == Some(true);
        LocalDelivery {
            inner: inner(&options, stream),
            options,
            stream,
            behind: OwnedFrames::default(),
            refused: Vec::new(),
            room: OwnedFrames::default(),
        }
    }

    /// How messages are told apart on their way.
    fn wire(&self) -> &Framing {
        match self.stream {
            true => &self.options.on_stream,
            false => &Framing::Bare,
        }
    }

    /// Does something, and again where it fails because the socket is not what it
    /// was.
    fn with_a_look(
        &mut self,
        mut attempt: impl FnMut(&mut LocalDelivery) -> Result<(), EmitError>,
    ) -> Result<(), EmitError> {
        match attempt(self) {
            Err(error) if error.fault == Fault::Retry && !error.is_slowness() && self.changes() => {
                attempt(self)
            }
            result => result,
        }
    }

    /// Looks whether the socket is of the other kind now, and goes by that.
    fn changes(&mut self) -> bool {
        let found = sys::is_stream_socket(&self.options.path);
        let Some(stream) = found.filter(|stream| *stream != self.stream) else {
            return false;
        };
        let mut behind = OwnedFrames::default();
        self.surrender_inner(&mut |frames| {
            behind.append(frames, 0, frames.len());
        });
        let rest = std::mem::replace(&mut self.behind, behind);
        self.behind.append(&rest.frames(), 0, rest.end());
        self.stream = stream;
        self.inner = inner(&self.options, stream);
        true
    }

    /// Hands out what the inner one has, as it was given.
    fn surrender_inner(&mut self, each: &mut dyn FnMut(&Frames<'_>)) {
        let back = Reframer::new(self.wire().clone(), self.options.given.clone());
        self.inner.surrender(&mut |frames| {
            let mut given = OwnedFrames::default();
            back.append(frames, (0, frames.len()), &mut given);
            each(&given.frames());
        });
    }

    /// Delivers what was taken before.
    fn catch_up(&mut self, now: Now) -> Result<(), EmitError> {
        while self.behind.end() > 0 {
            let behind = std::mem::take(&mut self.behind);
            let frames = behind.frames();
            let result = self.pass(&frames, 0, now);
            let mut done = result
                .as_ref()
                .map_or_else(|error| error.done, |()| frames.len());
            let mut refused = None;
            if let Err(error) = &result
                && error.fault == Fault::Drop
            {
                let mut record = OwnedFrames::default();
                let end = frames.next(done);
                record.append(&frames, done, end);
                refused = Some((record, error.doing, plain(&error.source)));
                done = end;
            }
            self.behind = behind;
            self.behind.forget_before(done);
            match (result, refused) {
                (_, Some(refused)) => self.refused.push(refused),
                (Ok(()), _) => {}
                (Err(error), _) => return Err(EmitError { done: 0, ..error }),
            }
        }
        Ok(())
    }

    /// Delivers records in the form that the socket asks for.
    fn pass(&mut self, frames: &Frames<'_>, from: usize, now: Now) -> Result<(), EmitError> {
        if *self.wire() == self.options.given {
            return self.inner.emit(frames, from, now);
        }
        let forth = Reframer::new(self.options.given.clone(), self.wire().clone());
        let mut at = from;
        loop {
            let end = frames.cut(at, STEP).max(frames.next(at));
            self.room.clear();
            forth.append(frames, (at, end), &mut self.room);
            let room = self.room.frames();
            if let Err(error) = self.inner.emit(&room, 0, now) {
                let (done, _) = frames.take(at, room.count(0, error.done), u64::MAX);
                return Err(EmitError { done, ..error });
            }
            at = end;
            if at == frames.len() {
                return Ok(());
            }
        }
    }
}

fn inner(options: &LocalOptions, stream: bool) -> Box<dyn Handler> {
    let transport = match stream {
        true => Transport::UnixStream,
        false => Transport::UnixDatagram,
    };
    let address = Address::Path(options.path.clone());
    let options = RemoteOptions {
        kind: options.kind,
        connector: Connector::new(address, transport, options.timeout),
        backoff: options.backoff.clone(),
        numbered: None,
        chunked: None,
        hint: options.hint,
    };
    match stream {
        true => Box::new(StreamDelivery::new(options)),
        false => Box::new(DatagramDelivery::new(options)),
    }
}

impl Handler for LocalDelivery {
    fn kind(&self) -> &'static str {
        self.inner.kind()
    }

    fn target(&self) -> String {
        self.inner.target()
    }

    fn probe(&self) -> Result<String, String> {
        self.inner.probe()
    }

    /// A peer may come later.
    fn open(&mut self, now: Now) -> io::Result<()> {
        self.inner.open(now)
    }

    fn emit(&mut self, frames: &Frames<'_>, from: usize, now: Now) -> Result<(), EmitError> {
        let mut at = from;
        self.with_a_look(|this| {
            let caught_up = this.catch_up(now);
            caught_up.map_err(|error| EmitError { done: at, ..error })?;
            let passed = this.pass(frames, at, now);
            passed.inspect_err(|error| at = error.done)
        })
    }

    fn deadline(&self, now: Now) -> Option<Instant> {
        let due = self.inner.deadline(now);
        due.or_else(|| (self.behind.end() > 0).then_some(now.mono))
    }

    fn abandon(&mut self) {
        self.inner.abandon();
    }

    fn tick(&mut self, now: Now) -> Result<(), EmitError> {
        self.with_a_look(|this| {
            this.catch_up(now)?;
            this.inner.tick(now)
        })
    }

    fn reopen(&mut self, now: Now) {
        self.inner.reopen(now);
    }

    fn patience(&self, hurry: bool) -> Option<Duration> {
        self.inner.patience(hurry)
    }

    fn unproven(&self) -> u64 {
        self.inner.unproven() + self.behind.frames().count(0, self.behind.end())
    }

    fn is_delivered(&self) -> bool {
        self.behind.end() == 0 && self.inner.is_delivered()
    }

    fn has_recovered(&self, now: Now) -> bool {
        self.behind.end() == 0 && self.inner.has_recovered(now)
    }

    fn refused(&mut self, each: &mut dyn FnMut(Refusal<'_>)) {
        for (frames, doing, reason) in self.refused.drain(..) {
            each(Refusal {
                frames: frames.frames(),
                lost: None,
                doing,
                reason: &reason,
            });
        }
    }

    fn surrender(&mut self, each: &mut dyn FnMut(&Frames<'_>)) {
        self.surrender_inner(each);
        let behind = std::mem::take(&mut self.behind);
        if behind.end() > 0 {
            each(&behind.frames());
        }
    }

    fn close(&mut self, now: Now, hurry: bool) -> Result<(), EmitError> {
        self.with_a_look(|this| {
            this.catch_up(now)?;
            this.inner.close(now, hurry)
        })
    }
}
