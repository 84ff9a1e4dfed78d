//! Delivery over a stream: tcp, tls, or a unix stream.

use std::io;
use std::time::{Duration, Instant};

use super::link::{Broken, Link, Missing};
use super::numbered::Numbered;
use super::talk::{Plain, Talk};
use super::window::Window;
use super::{Halt, RemoteOptions};
use crate::batch::Frames;
use crate::handler::{EmitError, Handler};
use crate::net::{Connection, PeerState};
use crate::now::Now;
use crate::wire::lh::SenderId;

/// How many bytes are taken that are not known to have arrived; one record may
/// be longer.
const WINDOW: u64 = 8 << 20;

/// How many bytes are taken at once.
const STEP: u64 = 64 << 10;

/// How soon somebody looks after what is on its way, and after a peer that may
/// be cut off before it has read what it has.
const LOOKS: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// At the end, how long the peer has to say that it has read everything, by
/// closing its end.
const LAST_WORD: (Duration, Duration) = (Duration::from_millis(500), Duration::from_millis(100));

/// How long what has arrived is kept for a peer that is cut off before it has
/// read it. A connection that somebody between cuts off after hours without a
/// record would bring all of it twice.
const KEPT_FOR: Duration = Duration::from_secs(60);

/// A peer that has ended its stream may still read, or be about to close with
/// bytes unread, as Python's socketserver does, which its system tells a little
/// later. It is waited for that long, or while something is on its way, for that
/// long after the last of it was acknowledged.
const PARTING: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

/// A peer's kernel acknowledges what the peer then refuses: a receiver under TLS
/// 1.3 that wants a certificate, or a proxy that has nobody behind it. Where
/// nothing else proves that records were heard, a connection has to stand that
/// long with some of them before what was wrong is over.
const STANDS: Duration = Duration::from_secs(1);

/// Delivers records over a stream, and again what a peer may not have heard.
pub(super) struct StreamDelivery {
    kind: &'static str,
    hint: Option<&'static str>,
    link: Link,
    window: Window,
    talk: Box<dyn Talk>,
    /// How long a peer may be silent that has something to acknowledge.
    timeout: Duration,
    /// The number of the next record.
    number: u64,
    /// Records could not be taken over.
    blocked: bool,
    look: Option<Instant>,
    /// Since when there is a connection.
    since: Instant,
    /// When something was last found to have arrived.
    proven: Instant,
    /// Something has arrived since the last connection broke; from when on that
    /// is believed.
    good: Option<Instant>,
    /// Something has arrived over this connection; from when on it counts as one that
    /// stands.
    stands: Option<Instant>,
    /// The peer has ended its stream; since when, and what it had acknowledged
    /// then.
    parting: Option<(Instant, u64)>,
    /// Our end is closed; until when the peer may close its own.
    finished: Option<Instant>,
}

impl StreamDelivery {
    pub(super) fn new(options: RemoteOptions) -> StreamDelivery {
        let talk: Box<dyn Talk> = match options.numbered {
            Some(sender) => Box::new(Numbered::new(sender)),
            None => Box::new(Plain::default()),
        };
        StreamDelivery {
            kind: options.kind,
            hint: options.hint,
            timeout: options.connector.timeout,
            link: Link::new(options.connector, options.backoff),
            window: Window::default(),
            talk,
            number: 1,
            blocked: false,
            look: None,
            since: Instant::now(),
            proven: Instant::now(),
            good: None,
            stands: None,
            parting: None,
            finished: None,
        }
    }

    /// Sends what there is, as far as the peer takes it, and looks what has
    /// arrived.
    fn pump(&mut self, now: Now) -> Result<(), Halt> {
        // A peer that has closed an idle connection is no fault; one that does
        // nothing else is.
        for _ in 0..2 {
            match self.link.establish(now) {
                Ok(false) => {}
                Ok(true) => {
                    self.talk.begin(&self.window, self.number);
                    self.since = now.mono;
                    self.stands = None;
                    self.parting = None;
                    self.finished = None;
                }
                Err(Missing::Waiting) => return Err(Halt::Waiting),
                Err(Missing::Failed(error)) => {
                    self.good = None;
                    return Err(Halt::failed("cannot connect", error, self.hint));
                }
            }
            let Err(broken) = self.exchange(now) else {
                self.plan(now);
                return match self.parting {
                    Some(_) => Err(Halt::Waiting),
                    None => Ok(()),
                };
            };
            self.talk.broken(&broken, &mut self.window);
            let idle = matches!(broken, Broken::Closed) && self.window.unproven() == 0;
            // Who has closed in order has read what there was.
            if idle && self.stands.is_some() {
                self.link.note_proof();
            }
            self.link.drop_connection();
            self.look = None;
            self.good = self.good.filter(|_| idle).map(|_| now.mono);
            if !idle {
                return Err(Halt::failed(
                    "the connection broke",
                    broken.into_error(),
                    None,
                ));
            }
            if self.talk.unsent(&self.window) == 0 {
                return Ok(());
            }
        }
        Err(Halt::Waiting)
    }

    fn exchange(&mut self, now: Now) -> Result<(), Broken> {
        let Some(connection) = self.link.connection() else {
            return Ok(());
        };
        let (talk, window) = (&mut *self.talk, &mut self.window);
        // Not what is found to have arrived only now.
        if now.mono.saturating_duration_since(self.proven) > KEPT_FOR {
            window.keep(0);
        }
        let proven = window.proven();
        let result = converse(connection, talk, window);
        let result = result.and_then(|ended| {
            if ended {
                let at_once = talk.ends_at_once() || window.start() == window.end();
                return part(connection, &mut self.parting, at_once, now);
            }
            let since = now.mono.saturating_duration_since(self.since);
            let silent = !talk.is_greeted() && since > self.timeout;
            let stuck = window.unproven() > 0 && connection.is_stuck(self.timeout);
            match silent || stuck {
                true => Err(Broken::Reset(io::ErrorKind::TimedOut.into())),
                false => Ok(()),
            }
        });
        if self.window.proven() > proven {
            self.proven = now.mono;
            let doubted = match self.talk.proves_all() {
                true => Duration::ZERO,
                false => STANDS,
            };
            self.good.get_or_insert(now.mono + doubted);
            self.stands.get_or_insert(now.mono + doubted);
        }
        // One that breaks now has not stood, however late that is noticed.
        let proves_all = self.talk.proves_all();
        if (result.is_ok() || proves_all) && self.stands.is_some_and(|at| at <= now.mono) {
            self.link.note_proof();
        }
        result
    }

    /// Decides when to look again.
    fn plan(&mut self, now: Now) {
        let soon = self.window.unproven() > 0 || self.talk.unsent(&self.window) > 0;
        let soon = soon || self.parting.is_some();
        let later = self.window.start() < self.window.end();
        self.look = match (soon, later) {
            (true, _) => Some(now.mono + LOOKS.0),
            (false, true) => Some(now.mono + LOOKS.1),
            (false, false) => None,
        };
        let doubted = self.good.into_iter().chain(self.stands);
        let doubted = doubted.filter(|until| *until > now.mono);
        self.look = self.look.into_iter().chain(doubted).min();
    }

    /// Takes records over and sends them, as far as that goes.
    fn send(&mut self, frames: &Frames<'_>, from: usize, now: Now) -> Result<(), EmitError> {
        let mut done = from;
        let mut waited = false;
        loop {
            self.pump(now).map_err(|halt| halt.at(done))?;
            if done == frames.len() {
                return Ok(());
            }
            let taken = self.take(frames, done);
            if taken == done {
                // What the peer says makes room.
                let listens = self.talk.listens(&self.window);
                match self.link.connection() {
                    Some(connection) if listens && !waited => {
                        waited = true;
                        let waited = connection.wait(true, false, LOOKS.0);
                        waited.map_err(|error| EmitError::retry(done, "cannot wait", error))?;
                    }
                    _ => return Err(EmitError::slow(done)),
                }
            } else {
                waited = false;
            }
            done = taken;
        }
    }

    /// Takes records over, as many as there is room for.
    fn take(&mut self, frames: &Frames<'_>, from: usize) -> usize {
        if self.talk.unsent(&self.window) >= STEP {
            return from;
        }
        let on_the_way = self.window.end() - self.window.proven();
        let room = WINDOW.saturating_sub(on_the_way).min(STEP);
        let mut end = frames.cut(from, room);
        if end == from {
            let next = frames.next(from);
            // One that is longer than a step goes alone.
            let fits = on_the_way + (next - from) as u64 <= WINDOW;
            if fits || self.window.unproven() == 0 {
                end = next;
            }
        }
        if end > from {
            self.number += self.window.push(frames, (from, end), self.number);
            self.talk.took(&mut self.window);
        }
        end
    }
}

/// Whether a peer that has ended its stream is done: an error, if it is.
fn part(
    connection: &Connection,
    parting: &mut Option<(Instant, u64)>,
    at_once: bool,
    now: Now,
) -> Result<(), Broken> {
    let progress = connection.progress().map_err(Broken::Reset)?;
    let acknowledged = progress.acknowledged;
    let (since, then) = *parting.get_or_insert((now.mono, acknowledged));
    if acknowledged > then {
        *parting = Some((now.mono, acknowledged));
    }
    let most = match acknowledged < progress.written {
        true => PARTING.1,
        false => PARTING.0,
    };
    let waited = now.mono.saturating_duration_since(since);
    match at_once || (acknowledged == then && waited >= most) {
        true => Err(Broken::Closed),
        false => Ok(()),
    }
}

/// Sends and hears what there is to send and to hear. Tells whether the peer has
/// ended its stream; nothing is sent then.
fn converse(
    connection: &mut Connection,
    talk: &mut dyn Talk,
    window: &mut Window,
) -> Result<bool, Broken> {
    let reset = Broken::Reset;
    loop {
        // Whoever sends to a peer that has gone learns it too late.
        let state = connection.peer();
        let listens = matches!(
            state,
            PeerState::Closed | PeerState::Open { readable: true }
        );
        if listens {
            listen(connection, talk, window)?;
        }
        match state {
            PeerState::Open { .. } => {}
            PeerState::Closed => {
                let progress = connection.progress().map_err(reset)?;
                talk.acknowledged(progress.acknowledged, window);
                return Ok(true);
            }
            PeerState::Reset(error) => return Err(Broken::Reset(error)),
        }
        let bytes = talk.bytes(window);
        let result = match bytes.is_empty() {
            true => break,
            false => connection.write(bytes),
        };
        match result {
            Ok(count) => talk.wrote(count),
            Err(error) if takes_no_more(&error) => break,
            Err(error) => return Err(Broken::Reset(error)),
        }
        if connection.flush().map_err(reset)? {
            talk.flushed(connection.progress().map_err(reset)?.written);
        }
    }
    if connection.flush().map_err(reset)? {
        let progress = connection.progress().map_err(reset)?;
        talk.flushed(progress.written);
        talk.acknowledged(progress.acknowledged, window);
    }
    Ok(false)
}

/// Whether there is only no room at the moment. A peer that takes nothing for
/// the whole time-out is waited for all the same, unless it is
/// [stuck](Connection::is_stuck): it would have to be sent everything again.
fn takes_no_more(error: &io::Error) -> bool {
    [io::ErrorKind::WouldBlock, io::ErrorKind::TimedOut].contains(&error.kind())
}

/// Hears all that the peer has said.
fn listen(
    connection: &mut Connection,
    talk: &mut dyn Talk,
    window: &mut Window,
) -> Result<(), Broken> {
    let mut buffer = [0; 4096];
    loop {
        match connection.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => talk.heard(&buffer[..count], window)?,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(Broken::Reset(error)),
        }
    }
}

impl Handler for StreamDelivery {
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
        let sent = self.send(frames, from, now);
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
        self.pump(now).map_err(|halt| halt.at(0))
    }

    /// Where nothing is on its way, the next record goes over a new connection;
    /// a peer that was away is tried at once.
    fn reopen(&mut self, _now: Now) {
        if self.window.unproven() == 0 {
            self.talk.broken(&Broken::Closed, &mut self.window);
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

    fn is_delivered(&self) -> bool {
        self.window.unproven() == 0
    }

    fn has_recovered(&self, now: Now) -> bool {
        self.good.is_some_and(|good| good <= now.mono)
    }

    fn surrender(&mut self, each: &mut dyn FnMut(&Frames<'_>)) {
        self.window.surrender(each);
        self.talk.broken(&Broken::Closed, &mut self.window);
        self.link.drop_connection();
    }

    fn number(&mut self, sender: SenderId, next: u64) {
        self.talk.set_sender(sender);
        self.number = next;
    }

    fn close(&mut self, now: Now, hurry: bool) -> Result<(), EmitError> {
        if self.window.unproven() == 0 && self.link.connection().is_none() {
            return Ok(());
        }
        if self.finished.is_none() {
            self.pump(now).map_err(|halt| halt.at(0))?;
        }
        let (unproven, look) = (self.window.unproven(), LOOKS.0);
        let listens = self.talk.listens(&self.window);
        let Some(connection) = self.link.connection() else {
            return Ok(());
        };
        if unproven > 0 {
            let _ = connection.wait(listens, false, look);
            return Err(EmitError::slow(0));
        }
        // What the peer's kernel has is delivered; that the peer closes its end
        // tells besides that it has read all of it.
        let until = match self.finished {
            Some(until) => until,
            None => {
                let _ = connection.finish();
                now.mono + if hurry { LAST_WORD.1 } else { LAST_WORD.0 }
            }
        };
        self.finished = Some(until);
        let _ = connection.wait(true, false, look.min(now.until(until)));
        match connection.peer() {
            PeerState::Open { readable: true } => {
                let _ = listen(connection, &mut *self.talk, &mut self.window);
            }
            PeerState::Open { .. } => {}
            PeerState::Closed => return Ok(()),
            PeerState::Reset(error) => {
                let broken = Broken::Reset(error);
                self.talk.broken(&broken, &mut self.window);
                self.link.drop_connection();
                self.good = None;
                self.finished = None;
                let halt = Halt::failed("the connection broke", broken.into_error(), None);
                return Err(halt.at(0));
            }
        }
        match until <= now.mono {
            true => Ok(()),
            false => Err(EmitError::slow(0)),
        }
    }
}
